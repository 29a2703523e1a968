"""Differences as plain values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

FORMAT: Final = "sheetline-diff/1"
Kind = Literal["added", "removed", "renamed", "changed", "moved"]


@dataclass(frozen=True, slots=True)
class Reach:
    """What depends on a change: columns as ``Sheet!Column``, outputs by their path."""

    columns: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    def __str__(self) -> str:
        def some(number: int, word: str) -> str:
            return f"{number:,} {word}{'' if number == 1 else 's'}"

        if not self.columns and not self.outputs:
            return "reaches nothing"
        return f"reaches {some(len(self.columns), 'column')} and {some(len(self.outputs), 'output')}"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        kind: "added", "removed", "renamed", "changed", or "moved" (another order).
        what: what of it: "sheet", "column", "formula", "key", "source", "read option", "parameter", "timezone",
            "errors", "output", "description", "version" ….
        sheet: the sheet's name (in the new one, where it is there), or None for the whole workbook or run.
        name: the column, key, parameter, path of an output or library.
        old, new: the two values; formulas in canonical spelling. None: it is not there.
        words: the difference as a sentence without the values.
        reach: the columns and outputs that it reaches; None where that has no meaning or is not known.
        sure: of something renamed, how sure that is: 1 for the same definition, less for one that is nearly the same.
    """

    kind: Kind
    what: str
    sheet: str | None
    name: str | None
    old: Any
    new: Any
    words: str
    reach: Reach | None = None
    sure: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        reach = self.reach
        return {
            "kind": self.kind,
            "what": self.what,
            "sheet": self.sheet,
            "name": self.name,
            "old": self.old,
            "new": self.new,
            "words": self.words,
            "reaches": None if reach is None else {"columns": list(reach.columns), "outputs": list(reach.outputs)},
            "sure": None if self.sure is None else round(self.sure, 3),
        }


Status = Literal["identical", "differs", "retyped", "added", "removed", "not computed"]


@dataclass(frozen=True, slots=True)
class ColumnData:
    """A column of two recorded sheets, by their hashes; "not computed": in one of the runs nobody needed it."""

    name: str
    old_name: str
    status: Status
    type_old: str | None
    type_new: str | None
    errors_old: int
    errors_new: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "name": self.name,
            "oldName": self.old_name,
            "status": self.status,
            "type": [self.type_old, self.type_new],
            "errors": [self.errors_old, self.errors_new],
        }


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that changed; an error is "error CODE"."""

    column: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class RowExample:
    """A row that was added, removed or changed: its key (or its row number), and its cells, changed ones only."""

    kind: Literal["added", "removed", "changed"]
    key: Mapping[str, Any]
    cells: tuple[Cell, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        cells = [{"column": one.column, "old": one.old, "new": one.new} for one in self.cells]
        return {"kind": self.kind, "key": dict(self.key), "cells": cells}


@dataclass(frozen=True, slots=True)
class RowsDiff:
    """The rows of a kept sheet.

    Attributes:
        keys: the columns by which rows were matched; empty for the position of the row.
        found: how the keys were found: "given", "grouping keys", "rows of a pivot", "distinct columns", "row position".
        added, removed, changed, same: numbers of rows.
        reordered: whether rows that are in both stand in another order.
        columns: how many rows changed in each column, those without a change left out.
        repeated: rows whose key another row has too; such rows are matched in order.
        examples: the first rows of each kind.
    """

    keys: tuple[str, ...]
    found: str
    added: int
    removed: int
    changed: int
    same: int
    reordered: bool
    columns: Mapping[str, int]
    repeated: int
    examples: tuple[RowExample, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "keys": list(self.keys),
            "found": self.found,
            "added": self.added,
            "removed": self.removed,
            "changed": self.changed,
            "same": self.same,
            "reordered": self.reordered,
            "columns": dict(self.columns),
            "repeated": self.repeated,
            "examples": [one.to_dict() for one in self.examples],
        }


@dataclass(frozen=True, slots=True)
class SheetData:
    """What two runs gave for one sheet.

    Attributes:
        sheet, old_name: its names in the new run and in the old one.
        rows_old, rows_new: numbers of rows; None where that run did not compute it.
        removed_old, removed_new: rows that a filter removed because their condition is an error.
        columns: the columns of both.
        moved: whether the same columns stand in another order.
        rows: the rows by key, of a sheet that both runs kept and that differs.
    """

    sheet: str
    old_name: str
    rows_old: int | None
    rows_new: int | None
    removed_old: int
    removed_new: int
    columns: tuple[ColumnData, ...]
    moved: bool = False
    rows: RowsDiff | None = None

    @property
    def differs(self) -> bool:
        """Whether anything differs that both runs computed."""
        if self.rows_old is None or self.rows_new is None:
            return False
        counts = (self.rows_old, self.removed_old) != (self.rows_new, self.removed_new)
        return counts or self.moved or any(one.status not in ("identical", "not computed") for one in self.columns)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "sheet": self.sheet,
            "oldName": self.old_name,
            "differs": self.differs,
            "rows": [self.rows_old, self.rows_new],
            "removed": [self.removed_old, self.removed_new],
            "columnsMoved": self.moved,
            "columns": [one.to_dict() for one in self.columns],
            "rowsByKey": None if self.rows is None else self.rows.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class Compared:
    """One of the two: "workbook" or "record", the workbook's name, where it is from, and a record's id."""

    kind: Literal["workbook", "record"]
    name: str
    label: str
    id: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"kind": self.kind, "name": self.name, "label": self.label, "id": self.id}


@dataclass(frozen=True, slots=True)
class Diff:
    """What differs between two workbooks or two run records; true where anything does.

    >>> import sheetline as sl
    >>> old = sl.Workbook("W").source("E", "e.csv", columns={"x": "float"}, only=True)
    >>> new = old.formulas("F", of="E", columns={"y": "ROUND(#x;2)"})
    >>> old = old.formulas("F", of="E", columns={"y": "round( #x; 1 )"})
    >>> found = sl.diff(old, new)
    >>> bool(found), found.changes[0].words, found.changes[0].new
    (True, 'formula of F.y changed', 'ROUND(#x;2)')
    >>> sl.diff(new, new).same
    True

    Attributes:
        old, new: the two that were compared.
        changes: differences of the workbooks, and of what two runs were made of, in the order of the sheets.
        data: for each sheet of two records what the runs gave, also where it is identical.
        notes: what could not be told, and why.
    """

    old: Compared
    new: Compared
    changes: tuple[Change, ...]
    data: tuple[SheetData, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.changes and not any(one.differs for one in self.data)

    def __bool__(self) -> bool:
        return not self.same

    def __str__(self) -> str:
        return self.to_text()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, of the format ``sheetline-diff/1``."""
        return {
            "format": FORMAT,
            "same": self.same,
            "old": self.old.to_dict(),
            "new": self.new.to_dict(),
            "changes": [one.to_dict() for one in self.changes],
            "data": [one.to_dict() for one in self.data],
            "notes": list(self.notes),
        }

    def to_json(self, *, indent: int | None = 2) -> str:
        """Return :meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False, indent=indent)

    def to_text(self) -> str:
        """Return the differences as a terminal shows them, without colours."""
        from sheetline.workbook.diff.text import lines

        return "\n".join(line.words for line in lines(self))

    def to_markdown(self) -> str:
        """Return the differences for a pull request: a table a sheet, with folded details."""
        from sheetline.workbook.diff.markdown import markdown

        return markdown(self)
