"""The chapters of a replay: one a sheet, with what it was for, what it does, its rows in and out, and a few of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sheetline.formulas.parts import joined
from sheetline.functions.columns import Table

if TYPE_CHECKING:
    from sheetline.workbook.model.base import SheetBase
    from sheetline.workbook.record.compare import SheetComparison
    from sheetline.workbook.record.recorder import Recorder
    from sheetline.workbook.report import SheetReport


@dataclass(frozen=True, slots=True)
class Chapter:
    """One step of a replay.

    Attributes:
        number: its number, from 1.
        sheet, kind, description: of the workbook.
        does: the sheet's keys but for its formulas, as text by key.
        formulas: what it computes, by column.
        rows_in: the sheets that it reads, with their numbers of rows.
        rows_out: its number of rows.
        head: its first rows.
        comparison: against the record; None where nothing was compared.
        from_record: whether the sheet was taken from the record, not computed.
    """

    number: int
    sheet: str
    kind: str
    description: str | None
    does: Mapping[str, str]
    formulas: Mapping[str, str]
    rows_in: Mapping[str, int]
    rows_out: int
    head: Table
    comparison: SheetComparison | None = None
    from_record: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return plain values; the rows are objects by column."""
        from sheetline.workbook.cli.cells import plain_values

        values = {name: plain_values(column) for name, column in self.head.columns.items()}
        return {
            "number": self.number,
            "sheet": self.sheet,
            "kind": self.kind,
            "description": self.description,
            "does": dict(self.does),
            "formulas": dict(self.formulas),
            "rowsIn": dict(self.rows_in),
            "rowsOut": self.rows_out,
            "fromRecord": self.from_record,
            "head": [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)],
            "comparison": None if self.comparison is None else self.comparison.to_json(),
        }


def does(sheet: SheetBase) -> dict[str, str]:
    """Return what a sheet does beside its formulas, as text by key of the workbook file."""
    from sheetline.workbook.record.definitions import keys_of

    keys = keys_of(sheet)
    place = keys.pop("from", None)
    if sheet.kind == "formulas":
        del keys["columns"]
    found = {key: _text(value) for key, value in keys.items()}
    if isinstance(place, Mapping):
        where = getattr(getattr(sheet, "from_", None), "location", None)
        options = [f"{key} {_text(value)}" for key, value in place.items() if key != "type"]
        words = ", ".join([str(place.get("type")), *options])
        found = {"from": words if where is None else f"{where} ({words})", **found}
    return found


def _text(value: Any) -> str:
    """Return a value of the workbook file as text; lists of named things by their names.

    >>> _text([{"name": "at", "type": "date", "pattern": "epoch-s"}, {"name": "x"}])
    'at (type date, pattern epoch-s), x'
    """
    import json

    if isinstance(value, list) and value and all(isinstance(one, Mapping) and "name" in one for one in value):
        return ", ".join(map(_named, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _named(value: Mapping[str, Any]) -> str:
    rest = ", ".join(f"{key} {_text(item)}" for key, item in value.items() if key != "name")
    return f"{value['name']} ({rest})" if rest else str(value["name"])


@dataclass(slots=True)
class Heads:
    """Sees a run, as a recorder does, and keeps copies of the first rows of each sheet."""

    most: int
    recorder: Recorder
    found: dict[str, Table] = field(default_factory=dict)
    _parts: dict[str, dict[int, Table]] = field(default_factory=dict)  #: the first rows of each part

    def part(self, sheet: str, table: Table) -> None:
        """See all rows of a sheet."""
        self.found[sheet] = self._first(table)
        self.recorder.part(sheet, table)

    def part_in_turn(self, sheet: str, table: Table, number: int) -> None:
        """See some rows of a sheet, in the thread that made them."""
        self._parts.setdefault(sheet, {})[number] = self._first(table)
        self.recorder.part_in_turn(sheet, table, number)

    def stop(self, sheet: str, number: int) -> None:
        """See that a part can't be made."""
        self.recorder.stop(sheet, number)

    def done(self, report: SheetReport) -> None:
        """See that a sheet is complete."""
        parts = sorted(self._parts.pop(report.name, {}).items())
        if parts:
            first = joined([part for _, part in parts], list(parts[0][1].columns))
            self.found[report.name] = self._first(first)
        self.recorder.done(report)

    def _first(self, table: Table) -> Table:
        return table.take(np.arange(min(self.most, table.rows)))
