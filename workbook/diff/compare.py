"""Comparing two workbooks or two run records."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sheetline.workbook.diff.definitions import definition_changes
from sheetline.workbook.diff.matching import match
from sheetline.workbook.diff.model import Diff, SheetData
from sheetline.workbook.diff.records import checked_keys, run_changes, sheets_data
from sheetline.workbook.diff.sides import Side

if TYPE_CHECKING:
    from sheetline.workbook.model.workbook import Workbook
    from sheetline.workbook.record.model import RunRecord

    Given = str | os.PathLike[str] | Workbook | RunRecord


def diff(a: Given, b: Given, *, keys: Mapping[str, str | Sequence[str]] | None = None, examples: int = 5) -> Diff:
    """Return what differs between two workbooks, or between two run records. Nothing is run.

    Formulas are compared by what they mean: blanks, letter case and other spellings are no difference, and neither
    is a reference to something that was renamed. Of two records also what the runs were made of and what they gave
    is compared, and the rows of sheets that both kept.

    >>> import sheetline as sl
    >>> old = sl.Workbook("W").source("E", "e.csv", columns={"x": "integer"}, only=True)
    >>> new = old.formulas("F", of="E", columns={"a": "#x + 1", "b": "#a * 2", "c": "#b"})
    >>> old = old.formulas("F", of="E", columns={"first": "#x+1", "b": "#first * 3", "c": "#b"})
    >>> print(sl.diff(old, new))
    W → W
    2 changes
    <BLANKLINE>
    F
      ~ column first of F renamed to a
        reaches 2 columns and 0 outputs: F!b, F!c
      ~ formula of F.b changed
        - #first * 3
        + #a * 2
        reaches 1 column and 0 outputs: F!c

    Args:
        a: the old one: a workbook, a run record, or the path of one (a record's folder or its ``record.json``).
        b: the new one. Of a workbook and a record only the workbooks are compared.
        keys: sheet → column or columns that tell its rows apart. Without them the grouping keys of an aggregate
            sheet are taken, the rows of a pivot, the columns of a distinct sheet, else the position of the row.
        examples: how many rows of each kind are shown for each sheet.

    Raises:
        WorkbookError: a workbook is wrong or can't be read.
        RecordError: a record is damaged or not there.
        UnknownKeyError: (a ``ValueError``) a key names a sheet or a column that is not there.
    """
    if examples < 0:
        raise ValueError(f"examples is a number of rows, not {examples}")
    old, new = Side.of(a), Side.of(b)
    matches = match(old, new)
    notes: list[str] = []
    given = checked_keys(keys, matches, new)
    changes = list(definition_changes(old, new, matches))
    data: list[SheetData] = []
    if old.record is not None and new.record is not None:
        changes += run_changes(old, new, matches, changes)
        data = list(sheets_data(old, new, matches, given, examples))
        notes += _not_kept(given, data)
    elif old.record is not None or new.record is not None:
        notes.append("a workbook and a record: only the workbooks are compared")
    if given and not data:
        notes.append("keys are for the rows of two records: they are not used")
    place = {sheet.name: number for number, sheet in enumerate(new.book.sheets)}
    changes.sort(key=lambda one: -1 if one.sheet is None else place.get(one.sheet, len(place)))
    told = tuple(dict.fromkeys([*old.notes, *new.notes, *notes]))
    return Diff(old.compared, new.compared, tuple(changes), tuple(data), told)


def _not_kept(given: Mapping[str, object], data: Sequence[SheetData]) -> list[str]:
    """Return notes about keys of sheets whose rows were not kept."""
    found = []
    for one in data:
        if one.sheet not in given or not one.differs or one.rows is not None:
            continue
        found.append(f"the records have no rows of sheet '{one.sheet}' to compare by key: it must be kept in both")
    return found
