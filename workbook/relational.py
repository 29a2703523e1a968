"""What the relational sheets share: gathering rows, matching keys of two tables, sampling, showing values.

Everything here works on whole columns; nothing runs once a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

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
from sheetline.functions.ordering import dense_codes, stable_order, text_codes
from sheetline.functions.types import DATE, INTEGER, Kind, Type, accepts, of_python, widen
from sheetline.workbook.problems import Path, quoted
from sheetline.workbook.steps import BindContext, Schema

#: A join gives no more rows than this, or than twice the rows that go in, whichever is more.
MOST_ROWS = 100_000_000
#: How many examples a notice gives.
EXAMPLES = 5

# --- gathering


def gather(
    table: Table,
    columns: Iterable[str],
    rows: Ints,
    workers: Workers,
    *,
    missing: bool = False,
    consume: bool = False,
) -> dict[str, Column]:
    """Return ``columns`` of the table at ``rows``; a gather of every row in order gives the columns themselves.

    With ``consume`` the table's columns are given away: each is let go when it was gathered.
    """
    names = list(columns)
    if in_place(rows, table.rows):
        return {name: table.columns[name] for name in names}
    held = dict(table.columns) if not consume else cast(dict[str, Column], table.columns)
    taken: dict[str, Column] = {}
    step = workers.threads if consume else max(len(names), 1)
    for start in range(0, len(names), step):
        some = names[start : start + step]
        made = workers.map(lambda name: held[name].take(rows, missing=missing), some)
        taken.update(zip(some, made, strict=True))
        for name in some:
            held.pop(name)
        if consume:
            memory.trim(KEPT_IN_RUNS)
    return taken


def in_place(rows: Ints, count: int) -> bool:
    """Tell whether ``rows`` are all rows 0 … count-1 in order."""
    return len(rows) == count and bool((rows == np.arange(count)).all())


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


# --- matching the keys of two tables


@dataclass(frozen=True, eq=False)
class Matching:
    """The keys of two tables as codes 0 … count-1, equal where the keys are equal; -1 matches nothing."""

    left: Ints
    right: Ints
    count: int

    @classmethod
    def of(cls, left: Sequence[Column], right: Sequence[Column]) -> Matching:
        """Return the matching of key columns, pair by pair; a null or an error in any of them matches nothing.

        Each pair must have a type that both widen to.
        """
        rows = len(left[0])
        dead = np.zeros(rows + len(right[0]), np.bool_)
        keys: list[tuple[Ints, int]] = []
        for one, two in zip(left, right, strict=True):
            for part, column in ((dead[:rows], one), (dead[rows:], two)):
                null = column.nulls()
                if null is not None:
                    part |= null  # a view: it is marked in ``dead``
            keys.append(_joint_codes(one, two))
        if len(keys) == 1:
            codes, count = keys[0]
        else:
            groups = Groups.of([Column(INTEGER, codes) for codes, _ in keys])
            codes, count = groups.codes, groups.count
        if dead.any():
            codes = np.where(dead, -1, codes)
        return cls(codes[:rows], codes[rows:], count)

    @cached_property
    def left_sizes(self) -> Ints:
        """How often each key stands in the left table; the last slot, for code -1, is 0."""
        return self._sizes(self.left)

    @cached_property
    def right_sizes(self) -> Ints:
        """How often each key stands in the right table; the last slot, for code -1, is 0."""
        return self._sizes(self.right)

    def _sizes(self, codes: Ints) -> Ints:
        return np.append(np.bincount(codes[codes >= 0], minlength=self.count), 0)

    @cached_property
    def hits(self) -> Ints:
        """How many rows of the right table each row of the left one matches."""
        return self.right_sizes[self.left]

    def lonely_right(self) -> Ints:
        """Return the rows of the right table that match nothing."""
        return np.flatnonzero(self.left_sizes[self.right] == 0)

    def pairs(self, *, keep_left: bool) -> tuple[Ints, Ints]:
        """Return the rows of both tables that match, by left row, then by right row.

        With ``keep_left`` a row of the left table that matches nothing stands once, with right row -1.
        """
        if self.right_sizes.max() <= 1:
            return self._single(keep_left=keep_left)
        hits = self.hits
        shown = np.maximum(hits, 1) if keep_left else hits
        left = np.repeat(np.arange(len(self.left)), shown)
        # rows of the right table by key; those without one stand before all others
        by_key = stable_order([self.right], len(self.right))
        first = np.cumsum(self.right_sizes) - self.right_sizes + np.count_nonzero(self.right < 0)
        start = np.where(hits > 0, first[self.left], 0)
        before = np.cumsum(shown) - shown
        right = by_key[np.repeat(start - before, shown) + np.arange(len(left))]
        if keep_left:
            right[np.repeat(hits == 0, shown)] = -1
        return left, right

    def _single(self, *, keep_left: bool) -> tuple[Ints, Ints]:
        """Return the pairs where no key of the right table repeats: one look-up a row."""
        place = np.full(self.count + 1, -1, np.int64)
        known = np.flatnonzero(self.right >= 0)
        place[self.right[known]] = known
        partner = place[self.left]
        if keep_left:
            return np.arange(len(self.left)), partner
        left = np.flatnonzero(partner >= 0)
        return left, partner[left]

    def repeated(self, codes: Ints, sizes: Ints) -> Ints:
        """Return for each key that stands more than once the first of its rows, in row order."""
        many = np.flatnonzero(sizes[codes] > 1)
        _, first = np.unique(codes[many], return_index=True)
        rows: Ints = np.sort(many[first])
        return rows


def _joint_codes(one: Column, two: Column) -> tuple[Ints, int]:
    """Return codes 0 … n-1 of the values of two columns together, equal where they are, and n; null rows have any."""
    if one.type.kind is not Kind.STRING or two.type.kind is not Kind.STRING:
        return dense_codes(replace(below(one, two), errors=None))
    import pyarrow.compute as pc

    (codes_one, values_one), (codes_two, values_two) = text_codes(one), text_codes(two)
    # the values of one get the codes that they have in two, those that two has not stand behind
    place = pc.index_in(values_one, value_set=values_two.cast(values_one.type))
    known = np.asarray(place.fill_null(-1)).astype(np.int64)
    new = known < 0
    count = len(values_two) + int(new.sum())
    known[new] = np.arange(len(values_two), count)
    return np.concatenate((np.append(known, -1)[codes_one], codes_two)), count


def below(one: Column, two: Column) -> Column:
    """Return two columns one below the other, in the type that both widen to."""
    type_ = widen(one.type, two.type)
    assert type_ is not None, f"{one.type} and {two.type} have no common type"
    return concat([one.cast(type_), two.cast(type_)])


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
