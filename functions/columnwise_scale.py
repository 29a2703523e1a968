"""Whole-column functions that place each value in its column: ranks, bins, scales, frequencies, encodings."""

from __future__ import annotations

from typing import Any

import numpy as np

from sheetline.functions.choosing import as_column
from sheetline.functions.columns import Column
from sheetline.functions.columnwise import CATEGORY, deviation, fit_sorted, percentile, share_of
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, Form, function
from sheetline.functions.distinct import Distinct, whole
from sheetline.functions.errors import Ints
from sheetline.functions.types import FLOAT, INTEGER

_NULLS = "Nulls of the column are skipped; a null value gives null."
_ERRORS = "A column that holds an error gives its first error on every row."
_SCALED: dict[str, Any] = {
    "category": CATEGORY,
    "form": Form.FITTED,
    "fit_on": ("v",),
    "apply_on": ("v",),
    "null_note": _NULLS,
    "error_note": _ERRORS,
}


def _none(ctx: Call) -> Any:
    """Make every row null; return values for them."""
    ctx.nullify(np.ones(ctx.rows, np.bool_))
    return np.zeros(ctx.rows)


def _distinct(ctx: Call, v: Any) -> Distinct:
    return Distinct.of(whole(v, ctx.types[0]))


def _direction(order: str) -> bool:
    """Return whether an order is descending; a word that is none is refused before the run."""
    if order.lower() not in ("asc", "desc"):
        raise ValueError(f'an order is "asc" or "desc", not "{order}"')
    return order.lower() == "desc"


def _at(known: Distinct, v: Any, results: Ints | Any, ctx: Call, type_: Any) -> Column:
    """Return the result of each row's distinct value; null for nulls."""
    column = as_column(v, ctx.rows)
    place = known.place(column)
    return Column(type_, results, None).take(place, missing=True)


# Ranks and frequencies.


def _fit_rank(ctx: Call, v: Any, descending: bool | None) -> tuple[Distinct, Ints] | None:
    if descending is None:
        return None
    known = _distinct(ctx, v)
    below = np.cumsum(known.counts) - known.counts
    return known, (known.counts.sum() - below - known.counts if descending else below) + 1


@function(
    'COLRANK(v:any; [order:str const="desc"]) -> int',
    summary="The rank of the value in its column, 1 for the greatest (or, with asc, the least); equal values share it.",
    examples=[
        Example("COLRANK(#v)", [3, 1, 1, None], rows={"v": [2, 7, 7, None]}),
        Example('COLRANK(#v;"asc")', [1, 2, 2, None], rows={"v": [2, 7, 7, None]}),
    ],
    fit=_fit_rank,
    nulls="own",
    prepare={"order": _direction},
    **{**_SCALED, "fit_on": ("v", "order")},
)
def col_rank(facts: Any, v: Any, ctx: Call) -> Any:
    if facts is None:
        return Column.nulls_of(INTEGER, ctx.rows)
    return _at(facts[0], v, facts[1], ctx, INTEGER)


@function(
    "COLPERCENTRANK(v:num|date) -> float",
    summary="The part of the column's other values that are smaller, from 0 to 1.",
    examples=[
        Example("COLPERCENTRANK(#v)", [0.0, 0.5, 1.0, None], rows={"v": [1, 5, 9, None]}),
        Example("COLPERCENTRANK(#v)", [1.0], rows={"v": [4]}),
    ],
    fit=_distinct,
    nulls="own",
    source="OASIS OpenFormula 1.3, PERCENTRANK",
    notes="The only value of a column has rank 1.",
    **_SCALED,
)
def col_percent_rank(facts: Distinct, v: Any, ctx: Call) -> Any:
    count = int(facts.counts.sum())
    below = np.cumsum(facts.counts) - facts.counts
    return _at(facts, v, below / (count - 1) if count > 1 else np.ones(len(facts)), ctx, FLOAT)


@function(
    "COLORDINAL(v:any) -> int",
    summary="The place of the value among the distinct values of its column, ascending from 0.",
    examples=[
        Example("COLORDINAL(#v)", [1, 0, 1, None], rows={"v": ["b", "a", "b", None]}),
        Example("COLORDINAL(#v)", [0, 2, 1], rows={"v": [1, 30, 2]}),
    ],
    fit=_distinct,
    nulls="own",
    **_SCALED,
)
def col_ordinal(facts: Distinct, v: Any, ctx: Call) -> Any:
    return _at(facts, v, np.arange(len(facts), dtype=np.int64), ctx, INTEGER)


@function(
    "COLFREQUENCY(v:any) -> int",
    summary="How many rows of the column hold the same value.",
    examples=[
        Example("COLFREQUENCY(#v)", [2, 1, 2, None], rows={"v": ["b", "a", "b", None]}),
        Example("COLFREQUENCY(#v)", [1, 1], rows={"v": [1, 2]}),
    ],
    fit=_distinct,
    nulls="own",
    **_SCALED,
)
def col_frequency(facts: Distinct, v: Any, ctx: Call) -> Any:
    return _at(facts, v, facts.counts, ctx, INTEGER)


@function(
    "COLCOUNTIF(v:T; value:T) -> int",
    summary="How many rows of the column equal the given value.",
    examples=[
        Example('COLCOUNTIF(#v;"b")', [2, 2, 2, 2], rows={"v": ["b", "a", "b", None]}),
        Example("COLCOUNTIF(#v;#w)", [2, 0, None], rows={"v": [1, 1, 2], "w": [1, 5, None]}),
    ],
    fit=_distinct,
    nulls="own",
    **{**_SCALED, "apply_on": ("value",), "null_note": "Nulls are not counted; a null value gives null."},
)
def col_count_if(facts: Distinct, value: Any, ctx: Call) -> Any:
    column = as_column(value, ctx.rows)
    place = facts.place(column)
    null = column.nulls()
    return Column(INTEGER, np.append(facts.counts, 0)[place], null)  # place -1 is the 0 behind the counts


@function(
    "COLONEHOT(v:T; value:T const) -> int",
    summary="1 where the column equals the given value, else 0.",
    examples=[
        Example('COLONEHOT(#v;"b")', [1, 0, None], rows={"v": ["b", "a", None]}),
        Example("COLONEHOT(#v;2)", [0, 1], rows={"v": [1, 2]}),
    ],
    fit=lambda ctx, v, value: Distinct.of(whole(value, ctx.types[1])),
    nulls="own",
    **{**_SCALED, "fit_on": ("v", "value")},
)
def col_one_hot(facts: Distinct, v: Any, ctx: Call) -> Any:
    column = as_column(v, ctx.rows)
    null = column.nulls()
    none = np.ones(ctx.rows, np.bool_) if len(facts) == 0 else null
    return Column(INTEGER, (facts.place(column) >= 0).astype(np.int64), none)


def _fit_target(ctx: Call, v: Any, target: Any, smoothing: float | None) -> tuple[Distinct, Any] | None:
    if smoothing is None:
        return None
    column, goal = whole(v, ctx.types[0]), whole(target, ctx.types[1])
    known = Distinct.of(column)
    place = known.place(column)
    rows = np.flatnonzero((place >= 0) & goal.valid())
    sums = np.bincount(place[rows], goal.data[rows], minlength=len(known))
    counts = np.bincount(place[rows], minlength=len(known)) + smoothing
    every = goal.data[goal.valid()]
    overall = float(np.cumsum(every)[-1]) / len(every) if len(every) else np.nan
    prior = smoothing * overall if smoothing else 0.0
    return known, np.where(counts > 0, (sums + prior) / np.where(counts > 0, counts, 1), np.nan)


def _smoothing(value: float) -> float:
    if value < 0:
        raise ValueError(f"the smoothing is at least 0, not {value}")
    return value


@function(
    "COLTARGETMEAN(v:any; target:float; [smoothing:float const=0]) -> float",
    summary="The mean of the target over all rows that hold the same value: target encoding.",
    examples=[
        Example("COLTARGETMEAN(#v;#t)", [2.0, 9.0, 2.0, None], rows={"v": ["a", "b", "a", None], "t": [1, 9, 3, 7]}),
        Example("COLTARGETMEAN(#v;#t;3)", [3.6, 3.6, 4.5], rows={"v": ["a", "a", "b"], "t": [2, 4, 6]}),
    ],
    fit=_fit_target,
    nulls="own",
    prepare={"smoothing": _smoothing},
    notes="With a smoothing m the mean counts m further rows that have the mean of the whole target column.",
    **{**_SCALED, "fit_on": ("v", "target", "smoothing")},
)
def col_target_mean(facts: Any, v: Any, ctx: Call) -> Any:
    if facts is None:
        return Column.nulls_of(FLOAT, ctx.rows)
    return _at(facts[0], v, facts[1], ctx, FLOAT)


# Scales.


def _fit_zscore(ctx: Call, v: Any) -> tuple[float, float, float] | None:
    column = whole(v, ctx.types[0])
    values = column.data[column.valid()]
    return deviation(values, 0) if len(values) else None


def _divide(difference: Any, by: float, ctx: Call, words: str) -> Any:
    """Return a quotient; a divisor of 0 is an error on every row."""
    if by == 0:
        ctx.fail(np.ones(ctx.rows, np.bool_), "DIV0", f"{ctx.function}: {words}")
        return difference
    return difference / by


@function(
    "COLZSCORE(v:float) -> float",
    summary="How many standard deviations of its column the value lies above the column's mean.",
    examples=[
        Example("COLZSCORE(#v)", [-1.0, 1.0, None], rows={"v": [2, 4, None]}),
        Example("COLZSCORE(#v)", [Failure("DIV0"), Failure("DIV0")], rows={"v": [3, 3]}),
    ],
    fit=_fit_zscore,
    notes="The standard deviation is that of the population.",
    **_SCALED,
)
def col_zscore(facts: Any, v: Any, ctx: Call) -> Any:
    if facts is None:
        return _none(ctx)
    origin, middle, spread = facts
    return _divide((v - origin) - middle, spread, ctx, "all values of the column are equal")


def _fit_min_max(ctx: Call, v: Any, lo: float | None, hi: float | None) -> tuple[float, ...] | None:
    values = fit_sorted(ctx, v)
    if len(values) == 0 or lo is None or hi is None:
        return None
    return float(values[0]), float(values[-1]), lo, hi


@function(
    "COLMINMAX(v:float; [lo:float const=0]; [hi:float const=1]) -> float",
    summary="The value scaled so that the column's least is lo and its greatest hi.",
    examples=[
        Example("COLMINMAX(#v)", [0.0, 0.25, 1.0, None], rows={"v": [2, 4, 10, None]}),
        Example("COLMINMAX(#v;-1;1)", [-1.0, 1.0], rows={"v": [2, 4]}),
        Example("COLMINMAX(#v)", [Failure("DIV0")], rows={"v": [3]}),
    ],
    fit=_fit_min_max,
    **{**_SCALED, "fit_on": ("v", "lo", "hi")},
)
def col_min_max(facts: Any, v: Any, ctx: Call) -> Any:
    if facts is None:
        return _none(ctx)
    least, greatest, lo, hi = facts
    part = _divide(v - least, greatest - least, ctx, "all values of the column are equal")
    return lo + part * (hi - lo)


def _fit_robust(ctx: Call, v: Any) -> tuple[float, float] | None:
    values = fit_sorted(ctx, v)
    if len(values) == 0:
        return None
    return percentile(values, 0.5), percentile(values, 0.75) - percentile(values, 0.25)


@function(
    "COLROBUST(v:float) -> float",
    summary="The value's distance from the column's median, in interquartile ranges.",
    examples=[
        Example("COLROBUST(#v)", [-1.0, -0.5, 0.0, 0.5, 48.5], rows={"v": [1, 2, 3, 4, 100]}),
        Example("COLROBUST(#v)", [Failure("DIV0"), None], rows={"v": [1, None]}),
    ],
    fit=_fit_robust,
    **_SCALED,
)
def col_robust(facts: Any, v: Any, ctx: Call) -> Any:
    if facts is None:
        return _none(ctx)
    return _divide(v - facts[0], facts[1], ctx, "the interquartile range of the column is 0")


def _fit_clip(ctx: Call, v: Any, plo: float | None, phi: float | None) -> tuple[float, float] | None:
    values = fit_sorted(ctx, v)
    if len(values) == 0 or plo is None or phi is None:
        return None
    return percentile(values, plo), percentile(values, phi)


@function(
    "COLCLIP(v:float; plo:float const; phi:float const) -> float",
    summary="The value, moved to the column's percentiles plo and phi (0 to 100) where it lies beyond them.",
    examples=[
        Example("COLCLIP(#v;25;75)", [2.0, 2.0, 3.0, 4.0, 4.0], rows={"v": [1, 2, 3, 4, 100]}),
        Example("COLCLIP(#v;0;50)", [1.0, 2.0, None], rows={"v": [1, 3, None]}),
    ],
    fit=_fit_clip,
    prepare={"plo": share_of, "phi": share_of},
    **{**_SCALED, "fit_on": ("v", "plo", "phi")},
)
def col_clip(facts: Any, v: Any, ctx: Call) -> Any:
    if facts is None:
        return _none(ctx)
    return np.minimum(np.maximum(v, facts[0]), facts[1])


def _fit_share(ctx: Call, v: Any) -> float:
    column = whole(v, ctx.types[0])
    values = column.data[column.valid()]
    return float(np.cumsum(values)[-1]) if len(values) else 0.0


@function(
    "COLSHARE(v:float) -> float",
    summary="The value's part of its column's sum.",
    examples=[
        Example("COLSHARE(#v)", [0.25, None, 0.75], rows={"v": [1, None, 3]}),
        Example("COLSHARE(#v)", [Failure("DIV0"), Failure("DIV0")], rows={"v": [1, -1]}),
    ],
    fit=_fit_share,
    **_SCALED,
)
def col_share(facts: float, v: Any, ctx: Call) -> Any:
    return _divide(v, facts, ctx, "the sum of the column is 0")


# Bins.


def _bins(n: int) -> int:
    if n < 1:
        raise ValueError(f"there is at least 1 bin, not {n}")
    return n


def _fit_bin(ctx: Call, v: Any, n: int | None) -> tuple[float, float, int] | None:
    values = fit_sorted(ctx, v)
    return None if n is None or len(values) == 0 else (float(values[0]), float(values[-1]), n)


@function(
    "COLBIN(v:float; n:int const) -> int",
    summary="The number, from 1, of the value's bin among n bins of equal width between the column's extremes.",
    examples=[
        Example("COLBIN(#v;2)", [1, 1, 2, 2, None], rows={"v": [0, 4, 5, 10, None]}),
        Example("COLBIN(#v;3)", [1, 1], rows={"v": [7, 7]}),
    ],
    fit=_fit_bin,
    prepare={"n": _bins},
    notes="A value on a boundary belongs to the upper bin, the greatest value to the last.",
    **{**_SCALED, "fit_on": ("v", "n")},
)
def col_bin(facts: Any, v: Any, ctx: Call) -> Any:
    if facts is None:
        return _none(ctx)
    least, greatest, n = facts
    width = greatest - least
    if width == 0:
        return np.ones(ctx.rows, np.int64)
    part = np.where(np.isnan(v), 0.0, (v - least) / width * n)
    return np.clip(np.floor(part), 0, n - 1).astype(np.int64) + 1


def _fit_quantile(ctx: Call, v: Any, n: int | None) -> tuple[Any, int] | None:
    return None if n is None else (fit_sorted(ctx, v), n)


@function(
    "COLQBIN(v:float; n:int const) -> int",
    summary="The number, from 1, of the value's bin among n bins of equal count.",
    examples=[
        Example("COLQBIN(#v;2)", [2, 1, 1, 2, None], rows={"v": [30, 10, 20, 40, None]}),
        Example("COLQBIN(#v;2)", [1, 1, 2, 2], rows={"v": [1, 1, 5, 5]}),
    ],
    fit=_fit_quantile,
    prepare={"n": _bins},
    notes="A value that k of m values are smaller than is in bin floor(k·n/m)+1, so equal values share a bin.",
    **{**_SCALED, "fit_on": ("v", "n")},
)
def col_quantile_bin(facts: Any, v: Any, ctx: Call) -> Any:
    if facts is None:
        return _none(ctx)
    values, n = facts
    smaller = np.searchsorted(values, v, side="left")
    return smaller * n // max(len(values), 1) + 1
