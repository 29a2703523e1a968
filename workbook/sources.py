"""Where the source sheets of one run read from: the workbook's files, other files, or frames given in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from sheetline.formulas.bound import Reference
from sheetline.functions.columns import Table
from sheetline.workbook.io import Reader, open_source
from sheetline.workbook.sheets.source import SourceColumn, SourceSheet
from sheetline.workbook.steps import BindContext, Notice, RunContext, Schema, Step, StepResult


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of a run.

    Attributes:
        folder: what relative paths of the workbook are relative to.
        given: sheet → a path or a frame that stands for what the workbook says.
        mappings: sheet → column → its name in the file, in place of what the workbook says.
        timezone: the zone of text without one.
        sample: read only this many rows of each source.
    """

    folder: FilePath
    given: Mapping[str, Any] = field(default_factory=dict)
    mappings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    timezone: str = "UTC"
    sample: int | None = None

    def bind(self, sheet: SourceSheet, ctx: BindContext) -> Step | None:
        """Look at a source and return the step that reads it, or None after reporting what is wrong."""
        columns = self._columns(sheet, ctx)
        reader = open_source(
            sheet.from_,
            base_folder=self.folder,
            given=self.given.get(sheet.name),
            columns=columns,
            only=sheet.only,
            timezone=self.timezone,
            sheet=sheet.name,
        )
        for name, advice in reader.missing():
            number = next((n for n, column in enumerate(sheet.columns) if column.name == name), None)
            path = ("columns", number) if number is not None else ("from",)
            ctx.complain(path, "W217", sheet=repr(sheet.name), name=repr(name), advice=advice)
        if ctx.found:
            return None
        return SourceStep(sheet.name, reader.schema(), reader, self.sample)

    def _columns(self, sheet: SourceSheet, ctx: BindContext) -> tuple[SourceColumn, ...]:
        """Return the sheet's columns with the run's mappings put in."""
        mapping = dict(self.mappings.get(sheet.name, {}))
        columns = []
        for column in sheet.columns:
            source = mapping.pop(column.name, None)
            columns.append(column if source is None else column.model_copy(update={"source": source}))
        columns += [SourceColumn(name=name, source=source) for name, source in mapping.items()]
        return tuple(columns)


@dataclass(frozen=True, slots=True)
class SourceStep(Step):
    """A source sheet: reads the columns that are needed."""

    name: str
    schema: Schema
    reader: Reader
    sample: int | None = None

    def needs(self, columns: Sequence[str]) -> dict[str, set[str]]:
        """A source needs no other sheet."""
        return {}

    def run(self, tables: Mapping[str, Table], columns: Sequence[str], ctx: RunContext) -> StepResult:
        """Read."""
        read = self.reader.read(columns)
        table = read.table
        notices = tuple(read.notices)
        if self.sample is not None and self.sample < table.rows:
            notices = (*notices, Notice("info", f"a sample: the first {self.sample} of {table.rows} rows", self.sample))
            table = table.slice(0, self.sample)
        return StepResult(table, notices)

    def references(self, column: str) -> list[Reference]:
        """A source column comes from outside."""
        return []
