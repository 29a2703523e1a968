"""What the relational sheets share: gathering rows, joining columns, sampling, showing values.

Everything here works on whole columns; nothing runs once a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sheetline.formulas import ast
from sheetline.formulas.blocks import Workers
from sheetline.formulas.diagnostics import SheetlineError
from sheetline.formulas.printer import print_formula
from sheetline.formulas.uses import KEPT_IN_RUNS
from sheetline.functions import memory
from sheetline.functions.columns import Column, Constant, Table, concat
from sheetline.functions.context import Call, Environment
from sheetline.functions.errors import Ints
from sheetline.functions.execute import cast_constant
from sheetline.functions.groups import Groups
from sheetline.functions.ordering import stable_order
from sheetline.functions.types import DATE, Kind, Type, accepts, of_python, widen
from sheetline.workbook.problems import Path, quoted
from sheetline.workbook.steps import BindContext, Schema

#: A join gives no more rows than this, or than twice the rows that go in, whichever is more.
MOST_ROWS = 100_000_000
#: So many numbers are gathered at a time.
_PART = 1 << 18
#: How many examples a notice gives.
EXAMPLES = 5

# --- gathering


def gather(
    table: Table,
    columns: Iterable[str],
    rows: Ints | None,
    workers: Workers,
    *,
    missing: bool = False,
    consume: bool = False,
) -> dict[str, Column]:
    """Return ``columns`` of the table at ``rows``; a gather of every row in order gives the columns themselves.

    ``rows`` may be None where they are known to be all in order.

    With ``consume`` the table's columns are given away: each is let go when it was gathered.
    """
    names = list(columns)
    if rows is None or in_place(rows, table.rows):
        return {name: table.columns[name] for name in names}
    held = dict(table.columns) if not consume else cast(dict[str, Column], table.columns)
    taken: dict[str, Column] = {}
    step = workers.threads if consume else max(len(names), 1)
    for start in range(0, len(names), step):
        some = names[start : start + step]
        taken.update(zip(some, _taken([held[name] for name in some], rows, workers, missing=missing), strict=True))
        for name in some:
            held.pop(name)
        if consume:
            memory.trim(KEPT_IN_RUNS)
    return taken


def _taken(columns: Sequence[Column], rows: Ints, workers: Workers, *, missing: bool) -> list[Column]:
    """Return columns at ``rows``: text and lists each at once, numbers some rows at a time, as there are threads."""
    if workers.threads == 1 or len(rows) < _PART // 2:
        return workers.map(lambda column: column.take(rows, missing=missing), columns)
    firsts = range(0, len(rows), _PART)
    gone = missing and any(workers.map(lambda first: bool(rows[first : first + _PART].min() < 0), firsts))
    gathers = {place: _Gather.of(column, rows, gone=gone) for place, column in enumerate(columns) if _is_plain(column)}
    whole = [place for place in range(len(columns)) if place not in gathers]
    parts = [(place, first) for place in gathers for first in firsts]

    def work(item: tuple[int, int]) -> Column | None:
        place, first = item
        if first < 0:
            return columns[place].take(rows, missing=missing)
        gathers[place].part(slice(first, first + _PART))
        return None

    made = workers.map(work, [*((place, -1) for place in whole), *parts])
    wholes = dict(zip(whole, cast(list[Column], made), strict=False))
    return [wholes[place] if place in wholes else gathers[place].column() for place in range(len(columns))]


def _is_plain(column: Column) -> bool:
    """Whether a column is a numpy array of numbers, without errors and not empty."""
    data = column.data
    return isinstance(data, np.ndarray) and not data.dtype.hasobject and column.errors is None and len(data) > 0


@dataclass(frozen=True, slots=True, eq=False)
class _Gather:
    """What :meth:`Column.take` does, some rows at a time; ``gone``: some row is -1, which gives null."""

    source: Column
    rows: Ints
    gone: bool
    data: npt.NDArray[Any]
    null: npt.NDArray[np.bool_] | None

    @classmethod
    def of(cls, column: Column, rows: Ints, *, gone: bool) -> _Gather:
        masked = column.null is not None or (gone and column.type.kind is not Kind.FLOAT)
        data = memory.empty(len(rows), column.data.dtype)
        return cls(column, rows, gone, data, np.empty(len(rows), np.bool_) if masked else None)

    def part(self, part: slice) -> None:
        rows, data = self.rows[part], self.data[part]
        np.take(self.source.data, rows, out=data, mode="clip")
        gone = rows < 0 if self.gone else None
        if self.null is None:
            if gone is not None:
                data[gone] = np.nan
            return
        if self.source.null is None:
            self.null[part] = gone
            return
        np.take(self.source.null, rows, out=self.null[part], mode="clip")
        if gone is not None:
            self.null[part] |= gone

    def column(self) -> Column:
        return Column(self.source.type, self.data, self.null, None, self.source.bounds)


def in_place(rows: Ints, count: int) -> bool:
    """Tell whether ``rows`` are all rows 0 … count-1 in order."""
    if len(rows) != count or (count and (rows[0] != 0 or rows[-1] != count - 1)):
        return False
    return bool((rows == np.arange(count)).all())


def passed(table: Table, columns: Sequence[str], schema: Schema, *, open_schema: bool) -> list[str]:
    """Return the columns that a sheet of the same columns as its base gives.

    Over a pivot whose columns are known only after a run these are also all that the table has beyond the schema.
    """
    if not open_schema:
        return list(columns)
    return [*columns, *(name for name in table.columns if name not in schema and name not in columns)]


def refuse_open(ctx: BindContext, path: Path, sheet: str) -> bool:
    """Report a sheet whose columns are known only after a run, where they must be known; tell whether it is one."""
    if sheet in ctx.open_sheets:
        ctx.complain(path, "W236", name=quoted(sheet))
        return True
    return False


def reference_text(column: str, sheet: str) -> str:
    """Return the reference to a column as it stands in a formula.

    >>> reference_text("Trip length (km)", "Trips")
    '#Trips![Trip length (km)]'
    """
    return print_formula(ast.ColumnRef(column, sheet))


# --- values of the workbook file, and values shown in messages


def fitting(value: object, type_: Type, env: Environment) -> Constant | None:
    """Return a plain value of the workbook file as a constant of a column's type, or None where it is of another.

    Dates are given as ISO 8601 text, read in the workbook's time zone where it names none; a number with a
    fraction also fits a bigdecimal column. Null fits every type.

    >>> from sheetline.functions.types import FLOAT
    >>> fitting(2, FLOAT, Environment()).value, fitting("2", FLOAT, Environment())
    (2.0, None)
    """
    if value is None:
        return Constant(type_, None)
    if type_ == DATE:
        return instant(value, env)
    if type_.kind is Kind.BIGDECIMAL and isinstance(value, float):
        from decimal import Decimal

        return Constant(type_, Decimal(repr(value)))
    constant = Constant.of(value)
    return cast_constant(constant, type_) if accepts(type_, constant.type) else None


def instant(value: object, env: Environment) -> Constant | None:
    """Return the date that ISO 8601 text stands for, or None where it is no such text."""
    from sheetline.functions.dates.parse import parse_dates

    if not isinstance(value, str):
        return None
    parsed = parse_dates(pa.array([value], pa.large_string()), None, env.timezone)
    return None if parsed.bad[0] else Constant(DATE, int(parsed.us[0]))


def value_word(value: object) -> str:
    """Name a plain value of the file with its type: ``'x' (string)``."""
    return f"{quoted(value)} ({of_python(value)})"


def texts(column: Column, env: Environment) -> list[str]:
    """Return the text of every value as CONCAT writes it; null as ``null``, an error as ``#`` and its code."""
    from sheetline.functions.text_support import to_text

    call = Call("TEXT", (), (), len(column), env)
    shown = ["null" if text is None else text for text in to_text(replace(column, errors=None), call).to_pylist()]
    if column.errors is not None:
        for position, row in enumerate(column.errors.rows.tolist()):
            shown[row] = f"#{column.errors.code(position)}"
    return shown


def examples(columns: Sequence[Column], rows: Ints, env: Environment) -> tuple[str, ...]:
    """Return the values of some columns at the first few of ``rows``, one text a row."""
    few = rows[:EXAMPLES]
    parts = [texts(column.take(few), env) for column in columns]
    return tuple("; ".join(values) for values in zip(*parts, strict=True))


# --- two tables


def below(one: Column, two: Column) -> Column:
    """Return two columns one below the other, in the type that both widen to."""
    type_ = wider(one, two)
    return concat([one.cast(type_), two.cast(type_)])


def wider(one: Column, two: Column) -> Type:
    """Return the type that two columns widen to."""
    type_ = widen(one.type, two.type)
    assert type_ is not None, f"{one.type} and {two.type} have no common type"
    return type_


def check_rows(sheet: str, rows: int, inputs: Mapping[str, int], *, why: str, advice: str) -> None:
    """Refuse a join that would give too many rows, before anything of that size is allocated.

    Raises:
        SheetlineError: ``rows`` are more than :data:`MOST_ROWS` and than twice the rows that go in.
    """
    if rows <= max(MOST_ROWS, 2 * sum(inputs.values())):
        return
    sizes = " and ".join(f"{quoted(name)} ({count:,} rows)" for name, count in inputs.items())
    raise SheetlineError(
        f"sheet {quoted(sheet)} would have {rows:,} rows: {why} {sizes}. "
        f"A join gives at most {MOST_ROWS:,} rows, or twice the rows of its two sheets. {advice}"
    )


# --- sampling

_GOLDEN = 0x9E37_79B9_7F4A_7C15


def scrambled(rows: int, seed: int, first_row: int = 0) -> npt.NDArray[np.uint64]:
    """Return a pseudo-random number for each of ``rows`` row numbers, no two of them equal.

    A number depends on the seed and the row number alone, so any part of a sheet can be computed by itself.
    The seed chooses the start of a SplitMix64 sequence (Steele, Lea, Flood: Fast Splittable Pseudorandom
    Number Generators, OOPSLA 2014); the row number is the counter.
    """
    from hashlib import blake2b

    start = int.from_bytes(blake2b(str(seed).encode(), digest_size=8).digest(), "little")
    counter = np.arange(first_row + 1, first_row + rows + 1, dtype=np.uint64)
    state = counter * np.uint64(_GOLDEN) + np.uint64(start)  # wraps, as it should
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58_476D_1CE4_E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
    return state ^ (state >> np.uint64(31))


def lowest_in_groups(numbers: npt.NDArray[np.uint64], groups: Groups, wanted: Callable[[Ints], Ints]) -> Ints:
    """Return the rows with the lowest numbers of each group, ascending; ``wanted`` turns group sizes into counts."""
    by_number = np.argsort(numbers)
    order = by_number[stable_order([groups.codes[by_number]], len(by_number))]
    group = groups.codes[order]
    rank = np.arange(len(order)) - groups.offsets[:-1][group]
    rows: Ints = np.sort(order[rank < wanted(groups.sizes)[group]])
    return rows
