"""What stands in for sheets that a replay does not compute: their recorded rows, or the news that they are gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sheetline.formulas.bound import Reference
from sheetline.functions.columns import Table
from sheetline.workbook.planning import Plan
from sheetline.workbook.record.faults import RecordError
from sheetline.workbook.record.model import SheetRecord
from sheetline.workbook.record.objects import Objects, read_kept, type_of
from sheetline.workbook.sheets.source import SourceSheet
from sheetline.workbook.sources import Sources
from sheetline.workbook.steps import BindContext, Notice, Rows, RunContext, Schema, Step, StepResult

if TYPE_CHECKING:
    from sheetline.workbook.record.model import RunRecord


@dataclass(frozen=True, slots=True)
class KeptStep(Step):
    """A sheet that is taken from the record."""

    name: str
    schema: Schema
    sheet: SheetRecord
    objects: Objects

    def needs(self, columns: Sequence[str]) -> dict[str, set[str]]:
        """Nothing: it is there."""
        return {}

    def run(self, tables: Mapping[str, Table], columns: Sequence[str], ctx: RunContext) -> StepResult:
        """Read the kept rows."""
        table = read_kept(self.sheet, self.objects)
        chosen = {name: table.columns[name] for name in columns}
        return StepResult(Table(chosen, table.rows), (Notice("info", "taken from the record"),))

    def rows_from(self, inputs: Mapping[str, Rows]) -> Rows:
        """As many as the record has."""
        return Rows(self.sheet.rows, sure=True)

    def references(self, column: str) -> list[Reference]:
        """It is made of nothing."""
        return []


@dataclass(frozen=True, slots=True)
class MissingStep(Step):
    """A source that can't be read any more. It has the recorded schema, so that other sheets can be bound."""

    name: str
    schema: Schema

    def needs(self, columns: Sequence[str]) -> dict[str, set[str]]:
        """Nothing."""
        return {}

    def run(self, tables: Mapping[str, Table], columns: Sequence[str], ctx: RunContext) -> StepResult:
        """Refuse: a replay looks for missing sources before it begins.

        Raises:
            RecordError: always.
        """
        raise RecordError(f"source '{self.name}' can't be read any more")

    def references(self, column: str) -> list[Reference]:
        """It is made of nothing."""
        return []


def recorded_schema(sheet: SheetRecord) -> Schema:
    """Return the types of all columns of a sheet, also of those that were not computed."""
    found = {one.name: type_of(one.type) for one in sheet.columns}
    return found | {name: type_of(kind) for name, kind in sheet.not_read.items()}


def kept_step(record: RunRecord, name: str) -> KeptStep:
    """Return the step that takes a kept sheet from a record."""
    sheet = record.sheet(name)
    return KeptStep(name, {one.name: type_of(one.type) for one in sheet.columns}, sheet, record.objects)


@dataclass(frozen=True, slots=True)
class SourcesOfReplay(Sources):
    """The sources of a replay: some of them are stood in for."""

    stand_ins: Mapping[str, Step] = field(default_factory=dict)

    def bind(self, sheet: SourceSheet, ctx: BindContext) -> Step | None:
        """Return what stands in for a source, or look at it."""
        found = self.stand_ins.get(sheet.name)
        return found if found is not None else Sources.bind(self, sheet, ctx)


@dataclass(frozen=True, slots=True)
class PlanOfReplay(Plan):
    """A plan that is run for what its record has; ``targets`` are the sheets and columns."""

    targets: Mapping[str, list[str]] = field(default_factory=dict)

    def wanted(self, sheets: Sequence[str] | None) -> dict[str, list[str]]:
        """Return the sheets and columns that are asked for."""
        if sheets is not None:
            return Plan.wanted(self, sheets)
        return {name: list(columns) for name, columns in self.targets.items()}
