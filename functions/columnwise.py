"""Whole-column functions: row functions that look at a whole column first.

They have two halves: ``fit`` sees the whole column and gives facts, the kernel gets the facts and works
row by row on the arguments named in ``apply_on``. Facts are small arrays, or the one value of every row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sheetline.functions import errors as err
from sheetline.functions.columns import Column, Constant
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, Form, function
from sheetline.functions.distinct import Distinct, whole
from sheetline.functions.errors import Origin
from sheetline.functions.ordering import comparable
from sheetline.functions.types import FLOAT, INT64_MAX, INT64_MIN, INTEGER, Kind, Type

CATEGORY = "whole column"
_NULLS = "Nulls of the column are skipped; a column without values gives null."
_ERRORS = "A column that holds an error gives its first error on every row."
_V = {"v": [1, 5, None, 3]}


def fit_sorted(ctx: Call, column: Any) -> Any:
    """Fit: the column's non-null values as floats, ascending."""
    column = whole(column, ctx.types[0])
    values = column.data[column.valid()].astype(np.float64)
    values.sort()
    return values


@function(
    "BOUNDCOLPERCENTILE(bound:num; column:num) -> float",
    category=CATEGORY,
    form=Form.FITTED,
    summary="The percentile (0 to 100) at which a bound lands in the distribution of a column.",
    examples=[
        Example("BOUNDCOLPERCENTILE(#v;#v)", [25.0, 100.0, 75.0, 75.0], rows={"v": [1, 9, 5, 5]}),
        Example("BOUNDCOLPERCENTILE(null;#v)", [None], rows={"v": [1]}),
    ],
    fit=fit_sorted,
    fit_on=("column",),
    apply_on=("bound",),
    notes="100 × (non-null values at or below the bound) / (non-null values).",
    null_note="Nulls of the column are skipped; a null bound, and a column without values, give null.",
    error_note=_ERRORS,
)
def bound_col_percentile(facts: Any, bound: Any, ctx: Call) -> Any:
    if len(facts) == 0:
        ctx.nullify(np.ones(ctx.rows, np.bool_))
        return np.zeros(ctx.rows)
    return 100.0 * np.searchsorted(facts, bound, side="right") / len(facts)


# One value for every row.


def percentile(values: Any, share: float) -> float:
    """Return the value at a share (0 to 1) of ascending values, linearly interpolated."""
    position = share * (len(values) - 1)
    low = int(position)
    part = position - low
    if part == 0:
        return float(values[low])
    return float(values[low] * (1 - part) + values[low + 1] * part)


def share_of(p: float) -> float:
    """Return a percentile as a share; what lies outside 0 to 100 is refused before the run."""
    if not 0 <= p <= 100:
        raise ValueError(f"a percentile lies between 0 and 100, not at {p}")
    return p / 100


def one(type_: Type, value: Any) -> Column:
    """Return facts that are one value, or null."""
    return Constant(type_, value).column(1)


def every_row(facts: Column, ctx: Call) -> Column:
    """Kernel: the facts' only value on every row."""
    return facts.take(np.zeros(ctx.rows, np.int64))


def _declare_constant(
    signature: str, summary: str, examples: list[Example], fit: Callable[..., Column], **policies: Any
) -> None:
    """Declare a function that gives one value of the column on every row."""

    @function(
        signature,
        category=CATEGORY,
        form=Form.FITTED,
        summary=summary,
        examples=examples,
        fit=fit,
        fit_on=policies.pop("fit_on", ("v",)),
        error_note=_ERRORS,
        **{"null_note": _NULLS, **policies},
    )
    def kernel(facts: Column, ctx: Call) -> Column:
        return every_row(facts, ctx)


def _fit_percentile(ctx: Call, v: Any, p: float | None) -> Column:
    values = fit_sorted(ctx, v)
    return one(FLOAT, None if p is None or len(values) == 0 else percentile(values, p))


_declare_constant(
    "COLPERCENTILE(v:float; p:float const) -> float",
    "The value at a percentile (0 to 100) of the column, linearly interpolated.",
    [
        Example("COLPERCENTILE(#v;50)", [3.0, 3.0, 3.0, 3.0], rows=_V),
        Example("COLPERCENTILE(#v;25)", [2.0, 2.0, 2.0, 2.0], rows=_V),
    ],
    _fit_percentile,
    fit_on=("v", "p"),
    prepare={"p": share_of},
    notes="The 1-based position among the ascending values is (p/100)*(n-1)+1.",
)
_declare_constant(
    "COLMEDIAN(v:float) -> float",
    "The median of the column.",
    [
        Example("COLMEDIAN(#v)", [3.0, 3.0, 3.0, 3.0], rows=_V),
        Example("COLMEDIAN(#v)", [1.5, 1.5], rows={"v": [1, 2]}),
    ],
    lambda ctx, v: _fit_percentile(ctx, v, 0.5),
)


def _extreme(largest: bool) -> Callable[[Call, Any], Column]:
    def fit(ctx: Call, v: Any) -> Column:
        column = whole(v, ctx.types[0])
        rows = np.flatnonzero(column.valid())
        if len(rows) == 0:
            return Column.nulls_of(column.type, 1)
        keys = comparable(column)[0][rows]
        best = rows[keys.argmax() if largest else keys.argmin()]
        return column.plain().take(np.array([best]))

    return fit


_declare_constant(
    "COLMIN(v:any) -> T",
    "The least value of the column: numbers, dates, text by code point.",
    [
        Example("COLMIN(#v)", [1, 1, 1, 1], rows=_V),
        Example("COLMIN(#v)", ["a", "a", "a"], rows={"v": ["b", None, "a"]}),
    ],
    _extreme(False),
)
_declare_constant(
    "COLMAX(v:any) -> T",
    "The greatest value of the column: numbers, dates, text by code point.",
    [Example("COLMAX(#v)", [5, 5, 5, 5], rows=_V), Example("COLMAX(#v)", ["b", "b"], rows={"v": ["b", None]})],
    _extreme(True),
)


def exact_sum(data: Any) -> int:
    """Return the sum of 64-bit integers as a Python integer, whatever its size."""
    return (int((data >> 32).sum()) << 32) + int((data & 0xFFFF_FFFF).sum())


def total(column: Column) -> Any:
    """Return the sum of a column's values: exact for integers and exact numbers, from row to row for floats."""
    values = column.data[column.valid()]
    if column.type.kind is Kind.FLOAT:
        return float(np.cumsum(values)[-1]) if len(values) else 0.0
    return sum(values.tolist()) if column.type.is_big else exact_sum(values)


def _fit_sum(ctx: Call, v: Any) -> Column:
    column = whole(v, ctx.types[0])
    if not column.valid().any():
        return Column.nulls_of(column.type, 1)
    result = total(column)
    beyond = column.type.kind is Kind.INTEGER and not INT64_MIN <= result <= INT64_MAX
    if beyond or (isinstance(result, float) and not np.isfinite(result)):
        origin = Origin("COLSUM", "COLSUM: the sum of the column is too large for its type")
        return Column.nulls_of(column.type, 1, err.make(np.array([0]), "OVERFLOW", origin))
    return one(column.type, result)


_declare_constant(
    "COLSUM(v:num) -> num",
    "The sum of the column.",
    [
        Example("COLSUM(#v)", [9, 9, 9, 9], rows=_V),
        Example("COLSUM(#v)", [Failure("OVERFLOW")] * 2, rows={"v": [9223372036854775807, 1]}),
    ],
    _fit_sum,
    big=True,
    notes="Integers are summed exactly.",
)


def mean(column: Column) -> float | None:
    """Return the mean of a column's values, or None without any."""
    count = int(column.valid().sum())
    return float(total(column) / count) if count else None


_declare_constant(
    "COLAVERAGE(v:num) -> float",
    "The mean of the column.",
    [
        Example("COLAVERAGE(#v)", [3.0, 3.0, 3.0, 3.0], rows=_V),
        Example("COLAVERAGE(#v)", [1.5, 1.5], rows={"v": [1, 2]}),
    ],
    lambda ctx, v: one(FLOAT, mean(whole(v, ctx.types[0]))),
)


def deviation(values: Any, freedom: int) -> tuple[float, float, float]:
    """Return ``(origin, mean - origin, standard deviation)`` of floats, in two passes.

    The first value is taken off first, so that equal values deviate by exactly 0. ``freedom`` is 1 for
    samples, 0 for populations; there must be more values than that.
    """
    origin = float(values[0])
    off = values - origin
    middle = float(np.cumsum(off)[-1]) / len(off)
    squares = float(np.cumsum((off - middle) ** 2)[-1])
    return origin, middle, float(np.sqrt(squares / (len(off) - freedom)))


def _fit_deviation(freedom: int) -> Callable[[Call, Any], Column]:
    def fit(ctx: Call, v: Any) -> Column:
        column = whole(v, ctx.types[0])
        values = column.data[column.valid()]
        return one(FLOAT, deviation(values, freedom)[2] if len(values) > freedom else None)

    return fit


_declare_constant(
    "COLSTDEVS(v:float) -> float",
    "The standard deviation of the column as a sample.",
    [
        Example("COLSTDEVS(#v)", [2.0, 2.0, 2.0, 2.0], rows=_V),
        Example("COLSTDEVS(#v)", [None], rows={"v": [1]}),
    ],
    _fit_deviation(1),
    null_note="Nulls of the column are skipped; fewer than two values give null.",
)
_declare_constant(
    "COLSTDEVP(v:float) -> float",
    "The standard deviation of the column as a population.",
    [
        Example("COLSTDEVP(#v)", [1.0, 1.0, 1.0], rows={"v": [2, None, 4]}),
        Example("COLSTDEVP(#v)", [0.0], rows={"v": [1]}),
    ],
    _fit_deviation(0),
)
_declare_constant(
    "COLCOUNT(v:any) -> int",
    "The number of the column's values that are not null.",
    [Example("COLCOUNT(#v)", [3, 3, 3, 3], rows=_V), Example("COLCOUNT(#v)", [0], rows={"v": [None]})],
    lambda ctx, v: one(INTEGER, int(whole(v, ctx.types[0]).valid().sum())),
    null_note="Nulls are not counted.",
)
_declare_constant(
    "COLCOUNTDISTINCT(v:any) -> int",
    "The number of distinct values of the column.",
    [
        Example("COLCOUNTDISTINCT(#v)", [2, 2, 2, 2], rows={"v": ["a", "b", None, "a"]}),
        Example("COLCOUNTDISTINCT(#v)", [0], rows={"v": [None]}),
    ],
    lambda ctx, v: one(INTEGER, len(Distinct.of(whole(v, ctx.types[0])))),
    null_note="Nulls are not counted.",
)


def _fit_mode(ctx: Call, v: Any) -> Column:
    found = Distinct.of(whole(v, ctx.types[0]))
    if len(found) == 0:
        return Column.nulls_of(ctx.types[0], 1)
    return found.values.take(np.array([found.counts.argmax()]))


_declare_constant(
    "COLMODE(v:any) -> T",
    "The most frequent value of the column, of several the least.",
    [
        Example("COLMODE(#v)", [2, 2, 2, 2], rows={"v": [2, 1, None, 2]}),
        Example("COLMODE(#v)", ["a", "a"], rows={"v": ["b", "a"]}),
    ],
    _fit_mode,
)


# The sheet's order.


@function(
    "ROWNUMBER() -> int",
    category=CATEGORY,
    summary="The number of the row, from 1, in the sheet's order.",
    examples=[
        Example("ROWNUMBER()", [1, 2, 3], rows={"v": ["a", None, "c"]}),
        Example("ROWNUMBER() * 10 + #v", [12, None], rows={"v": [2, None]}),
    ],
    volatile=["position"],
    ordered=True,
)
def row_number(ctx: Call) -> Any:
    return np.arange(ctx.first_row + 1, ctx.first_row + ctx.rows + 1, dtype=np.int64)


def _shift(step: int) -> Callable[[Call, Any, int | None], Column]:
    def fit(ctx: Call, v: Any, k: int | None) -> Column:
        column = whole(v, ctx.types[0]).plain()
        rows = len(column)
        if k is None:
            return Column.nulls_of(column.type, rows)
        place = np.arange(rows, dtype=np.int64) + step * max(-rows, min(k, rows))
        return column.take(np.where((place >= 0) & (place < rows), place, -1), missing=True)

    return fit


def _declare_shift(name: str, words: str, step: int, results: list[list[Any]]) -> None:
    @function(
        f"{name}(v:any; [k:int const=1]) -> T",
        category=CATEGORY,
        form=Form.FITTED,
        summary=f"The value k rows {words} in the sheet's order; null where there is no such row.",
        examples=[
            Example(f"{name}(#v)", results[0], rows={"v": [4, None, 6]}),
            Example(f"{name}(#v;2)", results[1], rows={"v": [4, None, 6]}),
        ],
        fit=_shift(step),
        fit_on=("v", "k"),
        apply_on=("v",),
        nulls="own",
        volatile=["position"],
        ordered=True,
        null_note="A null value is passed on.",
        error_note=_ERRORS,
    )
    def shifted(facts: Column, v: Any, ctx: Call) -> Column:
        return facts.slice(ctx.first_row, ctx.first_row + ctx.rows)


_declare_shift("COLPREVIOUS", "earlier", -1, [[None, 4, None], [None, None, 4]])
_declare_shift("COLNEXT", "later", 1, [[None, 6, None], [6, None, None]])
