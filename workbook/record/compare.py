"""Comparing what a replay gives with its record: by hashes, and row by row where the rows were kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from sheetline.functions.columns import Column, Table
from sheetline.functions.errors import Mask
from sheetline.functions.types import Kind
from sheetline.workbook.record.hashing import LEAF_ROWS
from sheetline.workbook.record.model import ColumnRecord, SheetRecord

IDENTICAL: Final = "identical"
CLOSE: Final = "close"
DIFFERS: Final = "differs"
RETYPED: Final = "retyped"
MISSING: Final = "missing"
NEW: Final = "new"
INCOMPARABLE: Final = "not comparable"
#: What is no failure: nothing that the record says is contradicted.
HARMLESS: Final = frozenset({IDENTICAL, CLOSE, NEW, INCOMPARABLE})
#: How far floats may be apart on machines whose processors round otherwise.
TOLERANCE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Place:
    """Where a difference shows first.

    Attributes:
        sheet: the sheet.
        column: the column, or None where only the number of rows differs.
        leaf: the leaf, from 0; None where the column as a whole differs (its type, or that it is there).
        first_row, last_row: the rows of the leaf, from 1.
    """

    sheet: str
    column: str | None = None
    leaf: int | None = None
    first_row: int | None = None
    last_row: int | None = None

    def __str__(self) -> str:
        words = f"sheet '{self.sheet}'"
        if self.column is not None:
            words += f", column '{self.column}'"
        if self.leaf is not None:
            words += f", rows {self.first_row:,} to {self.last_row:,} (leaf {self.leaf})"
        return words


@dataclass(frozen=True, slots=True)
class RowDifference:
    """A cell that differs: its row in the sheet (from 1), and what it was and is (errors as "error CODE")."""

    column: str
    row: int
    then: Any
    now: Any


@dataclass(frozen=True, slots=True)
class ColumnComparison:
    """A column: its status, and the first leaf that differs."""

    name: str
    status: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class SheetComparison:
    """A sheet against the record.

    Attributes:
        columns: every column of the record, then those that the record lacks.
        rows_then, rows_now: numbers of rows.
        moved: whether the same columns stand in another order.
        examples: cells that differ, of a sheet that was kept.
    """

    name: str
    columns: tuple[ColumnComparison, ...]
    rows_then: int
    rows_now: int
    moved: bool = False
    examples: tuple[RowDifference, ...] = ()

    @property
    def identical(self) -> bool:
        """Whether nothing differs that the record says."""
        return self.place is None

    @property
    def place(self) -> Place | None:
        """Where the first difference is, or None."""
        for one in self.columns:
            if one.status not in HARMLESS:
                return one.place or Place(self.name, one.name)
        if self.rows_then != self.rows_now or self.moved:
            return Place(self.name)
        return None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        place = self.place
        return {
            "identical": self.identical,
            "place": None if place is None else place_json(place),
            "rowsThen": self.rows_then,
            "rowsNow": self.rows_now,
            "columnsMoved": self.moved,
            "columns": {one.name: one.status for one in self.columns},
            "examples": [
                {"column": one.column, "row": one.row, "then": one.then, "now": one.now} for one in self.examples
            ],
        }


def place_json(place: Place) -> dict[str, Any]:
    """Return plain values."""
    return {
        "sheet": place.sheet,
        "column": place.column,
        "leaf": place.leaf,
        "firstRow": place.first_row,
        "lastRow": place.last_row,
    }


def compare_sheets(then: SheetRecord, now: SheetRecord, *, same_machine: bool) -> SheetComparison:
    """Compare hashes. Without ``same_machine`` a column of other bits is "not comparable": its rows may be close."""
    columns = []
    for one in then.columns:
        other = now.column(one.name)
        if other is None and one.name in now.not_read:
            continue  # a part of the workbook was replayed that does not need it
        if other is None:
            status = MISSING
        elif other.type != one.type:
            status = RETYPED
        elif other.hash == one.hash:
            status = IDENTICAL
        else:
            status = DIFFERS if same_machine or then.rows != now.rows else INCOMPARABLE
        place = _leaf(then, now, one, other) if status == DIFFERS and other is not None else None
        columns.append(ColumnComparison(one.name, status, place))
    new = [one.name for one in now.columns if then.column(one.name) is None]
    columns += [ColumnComparison(name, NEW) for name in new]
    order_then = [one.name for one in then.columns if now.column(one.name) is not None]
    order_now = [one.name for one in now.columns if then.column(one.name) is not None]
    return SheetComparison(now.name, tuple(columns), then.rows, now.rows, order_then != order_now)


def _leaf(then: SheetRecord, now: SheetRecord, old: ColumnRecord, new: ColumnRecord) -> Place:
    pairs = list(zip(old.leaves, new.leaves, strict=False))
    number = next((place for place, (one, other) in enumerate(pairs) if one != other), len(pairs))
    most = max(then.rows, now.rows)
    return Place(now.name, old.name, number, number * LEAF_ROWS + 1, min((number + 1) * LEAF_ROWS, most))


def compare_rows(
    found: SheetComparison, then: Table, now: Table, *, same_machine: bool, most: int = 10
) -> SheetComparison:
    """Look at the rows of a sheet that was kept: which cells differ, and whether floats are close enough."""
    columns: list[ColumnComparison] = []
    examples: list[RowDifference] = []
    for one in found.columns:
        if one.status not in (DIFFERS, INCOMPARABLE):
            columns.append(one)
            continue
        old, new = then.columns[one.name], now.columns[one.name]
        tolerance = 0.0 if same_machine or old.type.kind is not Kind.FLOAT else TOLERANCE
        rows = differing_rows(old, new, tolerance)
        if not len(rows):
            columns.append(ColumnComparison(one.name, CLOSE if len(old) == len(new) else DIFFERS, None))
            continue
        leaf = int(rows[0]) // LEAF_ROWS
        last = min((leaf + 1) * LEAF_ROWS, max(len(old), len(new)))
        columns.append(
            ColumnComparison(one.name, DIFFERS, Place(found.name, one.name, leaf, leaf * LEAF_ROWS + 1, last))
        )
        examples += _examples(one.name, old, new, rows[:most].tolist())
    return SheetComparison(
        found.name, tuple(columns), found.rows_then, found.rows_now, found.moved, tuple(examples[: 3 * most])
    )


def differing_rows(then: Column, now: Column, tolerance: float = 0.0) -> Any:
    """Return the rows (from 0) at which two columns of one type differ; rows that one of them lacks are among them."""
    rows = min(len(then), len(now))
    mask = np.zeros(rows, np.bool_)
    for start in range(0, rows, LEAF_ROWS):
        stop = min(start + LEAF_ROWS, rows)
        mask[start:stop] = _differ(then.slice(start, stop), now.slice(start, stop), tolerance)
    return np.concatenate([np.flatnonzero(mask), np.arange(rows, max(len(then), len(now)))])


def _differ(then: Column, now: Column, tolerance: float) -> Mask:
    rows = len(then)
    null_then, null_now = ~then.valid(), ~now.valid()
    differ = (null_then != null_now) | (_codes(then, rows) != _codes(now, rows))
    both = ~(null_then | null_now)
    if isinstance(then.data, np.ndarray) and then.data.dtype != np.object_:
        other = then.data != now.data
        if tolerance:
            with np.errstate(all="ignore"):
                size = np.maximum(np.maximum(np.abs(then.data), np.abs(now.data)), 1.0)
                other = ~(np.abs(then.data - now.data) <= tolerance * size)
    else:
        pairs = zip(then.to_list(), now.to_list(), strict=True)
        other = np.fromiter((one != another for one, another in pairs), np.bool_, rows)
    return np.asarray(differ | (both & other))


def _codes(column: Column, rows: int) -> Any:
    codes = np.full(rows, -1, np.int16)
    if column.errors is not None:
        codes[column.errors.rows] = column.errors.codes
    return codes


def _examples(name: str, then: Column, now: Column, rows: Sequence[int]) -> Iterator[RowDifference]:
    for row in rows:
        yield RowDifference(name, row + 1, _cell(then, row), _cell(now, row))


def _cell(column: Column, row: int) -> Any:
    from sheetline.workbook.cli.cells import plain

    if row >= len(column):
        return "no row"
    one = column.slice(row, row + 1)
    if one.errors is not None:
        return f"error {one.errors.code(0)}"
    return plain(one.to_list()[0], one.type)
