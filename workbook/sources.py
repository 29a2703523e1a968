"""Where the source sheets of one run read from: the workbook's files, other files, or frames given in memory."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import Any

from sheetline.formulas.bound import Reference
from sheetline.functions.columns import Column, Table
from sheetline.functions.types import NULL, Type
from sheetline.workbook.io import ReadNotes, ReadResult, endpoint_for_path, left_out, look_at, read_source
from sheetline.workbook.io.reach import existing
from sheetline.workbook.io.rowgroups import Comparison, Unread, state_of
from sheetline.workbook.io.sizes import SourceSize, source_size
from sheetline.workbook.model.endpoints import Endpoint, FrameSource, ParquetSource
from sheetline.workbook.problems import listed, quoted
from sheetline.workbook.sheets.source import SourceColumn, SourceSheet
from sheetline.workbook.steps import BindContext, Notice, Rows, RunContext, Schema, Step, StepResult


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of a run.

    Attributes:
        folder: what relative paths of the workbook are relative to.
        given: sheet → a path or a frame that stands for what the workbook says. A relative path is relative
            to the current folder.
        mappings: sheet → column → its name in the file, in place of what the workbook says; None where the file has
            no such column, which is null then.
        timezone: the zone of text without one.
        sample: read only this many rows of each source.
    """

    folder: FilePath
    given: Mapping[str, Any] = field(default_factory=dict)
    mappings: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    timezone: str = "UTC"
    sample: int | None = None

    def bind(self, sheet: SourceSheet, ctx: BindContext) -> Step | None:
        """Look at a source and return the step that reads it.

        Raises:
            SourceError: the source can't be reached, or lacks a listed column.
        """
        reader = self.reader(sheet)
        return SourceStep(sheet.name, reader.schema(), reader, self.sample)

    def reader(self, sheet: SourceSheet) -> Reader:
        """Return what reads a source, before anybody looks at it."""
        given = self.given.get(sheet.name)
        endpoint: Endpoint = sheet.from_
        frame, folder = None, self.folder
        if isinstance(given, str | os.PathLike):
            endpoint, folder = endpoint_for_path(os.fspath(given), endpoint), FilePath()
        elif given is not None:
            endpoint, frame = FrameSource(type="frame"), given
        renames = dict(self.mappings.get(sheet.name, {}))
        return Reader(endpoint, folder, sheet.columns, sheet.only, renames, self.timezone, frame)


@dataclass(frozen=True, slots=True)
class Reader:
    """One source, as it is to be read.

    What had to be read for the types of its columns waits in ``looked``, for the first who reads.
    """

    endpoint: Endpoint
    folder: FilePath
    columns: Sequence[SourceColumn]
    only: bool
    renames: Mapping[str, str | None]
    timezone: str
    frame: Any = None
    looked: list[ReadResult] = field(default_factory=list, compare=False, repr=False)

    @property
    def absent(self) -> dict[str, Type]:
        """The columns that the file is known not to have, with their types."""
        from sheetline.formulas.api import type_of_name

        listed = {column.name: column.type for column in self.columns}
        gone = [name for name, source in self.renames.items() if source is None]
        return {name: NULL if (kind := listed.get(name)) is None else type_of_name(kind) for name in gone}

    def _there(self) -> tuple[list[SourceColumn], dict[str, str]]:
        """Return the listed columns that the file may have, and their other names."""
        renames = {name: source for name, source in self.renames.items() if source is not None}
        return [column for column in self.columns if self.renames.get(column.name, "") is not None], renames

    def schema(self) -> Schema:
        """Return the columns and their types; the source is looked at only as far as that needs."""
        listed = {column.name: column.type for column in self.columns}
        if self.only and None not in listed.values():
            from sheetline.formulas.api import type_of_name

            return {name: type_of_name(type_) for name, type_ in listed.items() if type_ is not None}
        columns, renames = self._there()
        found, result = look_at(
            self.endpoint,
            base_folder=self.folder,
            columns_spec=columns,
            only=self.only,
            timezone=self.timezone,
            frame=self.frame,
            renames=renames,
        )
        self.looked[:] = [] if result is None else [result]
        return {**found, **self.absent}

    def size(self) -> SourceSize:
        """Return how large the source is; text by the names of the sheet's columns."""
        found = source_size(self.endpoint, self.folder, self.frame)
        listed = {column.name: column.source or column.name for column in self.columns}
        names = {**listed, **{name: source for name, source in self.renames.items() if source is not None}}
        back = {source: name for name, source in names.items()}
        return replace(found, text={back.get(name, name): width for name, width in found.text.items()})

    def unread(self, columns: Sequence[str], where: Sequence[Comparison]) -> Unread | None:
        """Return the row groups of a Parquet file that reading some columns can leave out where rows must fulfil this.

        None where all must be read.
        """
        if not isinstance(self.endpoint, ParquetSource) or self.absent.keys() & set(columns):
            return None
        there, renames = self._there()
        return left_out(
            self.endpoint,
            where,
            base_folder=self.folder,
            columns_spec=there,
            only=self.only,
            needed=set(columns),
            renames=renames,
        )

    def unchanged(self, unread: Unread) -> bool:
        """Whether a file is the one whose row groups were looked at."""
        assert isinstance(self.endpoint, ParquetSource)
        path = existing(self.endpoint.path, self.folder)
        return state_of(path) == unread.state

    def read(self, columns: Sequence[str], groups: Sequence[int] | None = None) -> tuple[Table, ReadNotes]:
        """Read some columns, in this order; of a Parquet file all row groups, or only some."""
        there, renames = self._there()
        absent = {name: type_ for name, type_ in self.absent.items() if name in columns}
        result = self._result(there, renames, set(columns) - absent.keys(), groups)
        found = result.table
        result.notes.warnings += [f"the file has no column '{name}': it is null" for name in absent]
        made = {name: Column.nulls_of(type_, found.rows) for name, type_ in absent.items()} | dict(found.columns)
        return Table({name: made[name] for name in columns}, found.rows), result.notes

    def _result(
        self,
        there: Sequence[SourceColumn],
        renames: Mapping[str, str],
        needed: set[str],
        groups: Sequence[int] | None = None,
    ) -> ReadResult:
        """Read the needed columns, but for those that were read already."""
        known = self.looked.pop() if self.looked else None
        rest = needed if known is None else needed - known.table.columns.keys()
        if known is not None and not rest:
            return _only(known, needed)
        result = read_source(
            self.endpoint,
            base_folder=self.folder,
            columns_spec=there,
            only=self.only,
            needed=rest,
            timezone=self.timezone,
            frame=self.frame,
            renames=renames,
            groups=groups,
        )
        import pyarrow as pa

        pa.default_memory_pool().release_unused()  # decoding leaves buffers that nobody needs any more
        if known is None or known.table.rows != result.table.rows:  # the file has changed meanwhile
            return result if known is None else self._result(there, renames, needed)
        before = _only(known, needed)
        result.notes.columns = {**before.notes.columns, **result.notes.columns}
        result.notes.inferred += before.notes.inferred
        return replace(result, table=replace(result.table, columns={**before.table.columns, **result.table.columns}))


def _only(result: ReadResult, names: set[str]) -> ReadResult:
    """Return some columns of what was read."""
    columns = {name: column for name, column in result.table.columns.items() if name in names}
    counts = {name: found for name, found in result.notes.columns.items() if name in names}
    inferred = [name for name in result.notes.inferred if name in names]
    notes = replace(result.notes, columns=counts, inferred=inferred)
    return ReadResult(Table(columns, result.table.rows), notes)


@dataclass(frozen=True, slots=True)
class SourceStep(Step):
    """A source sheet: reads the columns that are needed.

    ``unread``: row groups that are left out, since no row of them can be in the sheet ``reason``.
    """

    name: str
    schema: Schema
    reader: Reader
    sample: int | None = None
    unread: Unread | None = None
    reason: str = ""

    def needs(self, columns: Sequence[str]) -> dict[str, set[str]]:
        """A source needs no other sheet."""
        return {}

    def run(self, tables: Mapping[str, Table], columns: Sequence[str], ctx: RunContext) -> StepResult:
        """Read."""
        if self.unread is not None and (some := self._some(columns, self.unread)) is not None:
            return some
        table, notes = self.reader.read(columns)
        notices = tuple(Notice("warning", line) for line in notes.lines())
        if self.sample is not None and self.sample < table.rows:
            words = f"a sample: the first {self.sample:,} of {table.rows:,} rows"
            notices = (*notices, Notice("info", words, self.sample))
            table = table.slice(0, self.sample)
        return StepResult(table, notices)

    def _some(self, columns: Sequence[str], unread: Unread) -> StepResult | None:
        """Read what is not left out; None where all must be read: for the rows of errors, or since the file changed."""
        if not self.reader.unchanged(unread):
            return None
        table, notes = self.reader.read(columns, unread.kept)
        if any(column.errors is not None for column in table.columns.values()):
            return None
        words = (
            f"{unread.groups - len(unread.kept):,} of {unread.groups:,} row groups ({unread.rows:,} of "
            f"{unread.rows + table.rows:,} rows) were not read: as the file says of them, none is in '{self.reason}'"
        )
        unknown = [quoted(name) for name in columns if unread.nulls[name] is None]
        words += f"; the nulls of {listed(unknown, 'and')} are those of the rows read" if unknown else ""
        notices = (*(Notice("warning", line) for line in notes.lines()), Notice("info", words, unread.rows))
        return StepResult(table, notices, unread=unread)

    def size(self) -> SourceSize:
        """Return how large the source is, as far as that can be told without reading it."""
        found = self.reader.size()
        if self.unread is None or not found.rows:
            return found
        kept = self.unread.kept_rows
        return replace(found, rows=kept, reading=int(found.reading * kept / found.rows))

    def rows_from(self, inputs: Mapping[str, Rows]) -> Rows:
        """As many as the file has, or as a sample takes; without rows that are left out."""
        size = self.size()
        if size.rows is None:
            return Rows(0, sure=False)
        return Rows(size.rows if self.sample is None else min(size.rows, self.sample), size.sure)

    def references(self, column: str) -> list[Reference]:
        """A source column comes from outside."""
        return []
