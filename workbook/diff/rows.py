"""Rows of two tables matched by key: which were added, removed and changed, and in which cells."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from sheetline.functions.buffers import filled
from sheetline.functions.columns import Column, Table
from sheetline.functions.errors import Ints, Mask
from sheetline.functions.ordering import dense_codes, stable_order
from sheetline.functions.types import INTEGER, Kind, widen
from sheetline.workbook.diff.model import Cell, RowExample, RowsDiff
from sheetline.workbook.matching import Matching
from sheetline.workbook.relational import below

POSITION: Final = "row position"
#: Rows that are compared at a time: what they need stays small.
_STRETCH: Final = 1 << 18

Pair = tuple[str, str]  #: a column's old and new name


def compare_rows(
    old: Table, new: Table, columns: Sequence[Pair], keys: Sequence[Pair], found: str, examples: int
) -> RowsDiff:
    """Return which rows differ.

    Nulls and errors in a key are equal to their like. Where a key repeats, rows of that key are matched in order.

    >>> from sheetline.functions.columns import Column
    >>> one = Table.of({"k": Column.of(["a", "b"]), "x": Column.of([1, 2])})
    >>> other = Table.of({"k": Column.of(["b", "c"]), "x": Column.of([3, 4])})
    >>> both = [("k", "k"), ("x", "x")]
    >>> found = compare_rows(one, other, both, both[:1], "given", 5)
    >>> found.added, found.removed, found.changed, found.examples[0].key, found.examples[0].cells
    (1, 1, 1, {'k': 'b'}, (Cell(column='x', old=2, new=3),))

    Args:
        old, new: the rows.
        columns: columns of both tables, by their old and new name.
        keys: those of them by which rows are matched; none: by position.
        found: how the keys were found, for the report.
        examples: how many rows of each kind are shown.
    """
    left, right, gone, came, repeated = _matched(old, new, keys)
    changed = np.zeros(len(left), np.bool_)
    by_column: dict[str, int] = {}
    rest = [pair for pair in columns if pair not in keys]
    for before, after in rest:
        mask = _differing(old.columns[before], new.columns[after], left, right)
        count = int(np.count_nonzero(mask))
        if count:
            by_column[after] = count
            changed |= mask
    many = int(np.count_nonzero(changed))
    some = np.flatnonzero(changed)[:examples]
    told = [
        *_changed(old, new, rest, keys, left[some], right[some]),
        *_alone("added", new, [after for _, after in columns], [after for _, after in keys], came[:examples], columns),
        *_alone("removed", old, [one for one, _ in columns], [one for one, _ in keys], gone[:examples], columns),
    ]
    return RowsDiff(
        tuple(after for _, after in keys),
        found,
        len(came),
        len(gone),
        many,
        len(left) - many,
        bool((np.diff(right) < 0).any()),
        by_column,
        repeated,
        tuple(told),
    )


def can_match(old: Table, new: Table, keys: Sequence[Pair]) -> bool:
    """Whether the keys of two tables have types that can be equal."""
    return all(widen(old.columns[one].type, new.columns[other].type) is not None for one, other in keys)


def _matched(old: Table, new: Table, keys: Sequence[Pair]) -> tuple[Ints, Ints, Ints, Ints, int]:
    """Return matching rows of both, rows of the old table alone, of the new one alone, and how many keys repeat."""
    if not keys or not old.rows or not new.rows:
        both = min(old.rows, new.rows) if not keys else 0
        rows = np.arange(both)
        return rows, rows, np.arange(both, old.rows), np.arange(both, new.rows), 0
    codes = [dense_codes(below(old.columns[one], new.columns[other]))[0] for one, other in keys]
    parts = [(Column(INTEGER, one[: old.rows]), Column(INTEGER, one[old.rows :])) for one in codes]
    matching = Matching.of([one for one, _ in parts], [other for _, other in parts])
    repeated = sum(
        int(np.count_nonzero(sizes[rows] > 1))
        for rows, sizes in ((matching.left, matching.left_sizes), (matching.right, matching.right_sizes))
    )
    if repeated:
        pairs = [(matching.left, matching.right), (_occurrence(matching.left), _occurrence(matching.right))]
        matching = Matching.of(
            [Column(INTEGER, one) for one, _ in pairs], [Column(INTEGER, other) for _, other in pairs]
        )
    left, right = matching.pairs(keep_left=True)
    there = right >= 0
    return left[there], right[there], left[~there], matching.lonely_right(), repeated


def _occurrence(codes: Ints) -> Ints:
    """Return for each row how many rows of its code stand before it."""
    order = stable_order([codes], len(codes))
    in_order = codes[order]
    starts = np.flatnonzero(np.append(True, in_order[1:] != in_order[:-1]))
    lengths = np.diff(np.append(starts, len(codes)))
    made = np.empty(len(codes), np.int64)
    made[order] = np.arange(len(codes)) - np.repeat(starts, lengths)
    return made


def _differing(old: Column, new: Column, left: Ints, right: Ints) -> Mask:
    """Return where two columns differ at matching rows."""
    type_ = widen(old.type, new.type)
    if type_ is None:  # of other types: no two values are equal, but nulls and errors may be
        keep = ~old.valid()[left] & ~new.valid()[right] & (_codes(old)[left] == _codes(new)[right])
        return np.asarray(~keep)
    mask = np.zeros(len(left), np.bool_)
    one, other = old.cast(type_), new.cast(type_)
    for start in range(0, len(left), _STRETCH):
        part = slice(start, start + _STRETCH)
        mask[part] = _differ(one.take(left[part]), other.take(right[part]))
    return mask


def _differ(old: Column, new: Column) -> Mask:
    gone, none = ~old.valid(), ~new.valid()
    mask = (gone != none) | (_codes(old) != _codes(new))
    both = ~(gone | none)
    if old.type.kind is Kind.STRING:
        import pyarrow.compute as pc

        other = np.asarray(filled(pc.not_equal(old.plain().data, new.plain().data), False))
    elif isinstance(old.data, np.ndarray):
        other = np.asarray(old.data != new.data)
    else:  # lists and pairs: Arrow can't compare them
        codes, _ = dense_codes(replace(below(old, new), errors=None))
        other = codes[: len(old)] != codes[len(old) :]
    return np.asarray(mask | (both & other))


def _codes(column: Column) -> Any:
    """Return the code of each row's error, -1 where there is none."""
    codes = np.full(len(column), -1, np.int16)
    if column.errors is not None:
        codes[column.errors.rows] = column.errors.codes
    return codes


# ---------------------------------------------------------------- examples


def _changed(
    old: Table, new: Table, columns: Sequence[Pair], keys: Sequence[Pair], left: Ints, right: Ints
) -> Iterator[RowExample]:
    key_values = {after: cells(new.columns[after], right) for _, after in keys}
    before = {after: cells(old.columns[one], left) for one, after in columns}
    now = {after: cells(new.columns[after], right) for _, after in columns}
    differ = {after: _differing(old.columns[one], new.columns[after], left, right) for one, after in columns}
    for place in range(len(left)):
        key = {name: values[place] for name, values in key_values.items()} or {"row": int(right[place]) + 1}
        made = [Cell(name, before[name][place], now[name][place]) for name in before if differ[name][place]]
        yield RowExample("changed", key, tuple(made))


def _alone(
    kind: Any, table: Table, names: Sequence[str], keys: Sequence[str], rows: Ints, columns: Sequence[Pair]
) -> Iterator[RowExample]:
    """Yield rows that only one of the tables has; their columns by their new names."""
    call = dict(columns) if kind == "removed" else {name: name for name in names}
    values = {name: cells(table.columns[name], rows) for name in names}
    for place, row in enumerate(rows.tolist()):
        key: Mapping[str, Any] = {call[name]: values[name][place] for name in keys} or {"row": row + 1}
        made = [(call[name], values[name][place]) for name in names if name not in keys]
        yield RowExample(kind, key, tuple(Cell(n, None, v) if kind == "added" else Cell(n, v, None) for n, v in made))


def cells(column: Column, rows: Ints) -> list[Any]:
    """Return some cells as plain JSON values: dates as ISO 8601 in UTC, errors as "error CODE".

    >>> cells(Column.of([1.5, None]), np.array([1, 0]))
    [None, 1.5]
    """
    from sheetline.workbook.cli.cells import plain_values

    taken = column.take(rows)
    values = [_finite(value) for value in plain_values(taken)]
    if taken.errors is not None:
        for place, row in enumerate(taken.errors.rows.tolist()):
            values[row] = f"error {taken.errors.code(place)}"
    return values


def _finite(value: Any) -> Any:
    """Return a value that JSON has a form for."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
