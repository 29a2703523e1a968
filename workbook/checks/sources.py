"""What a source holds now, and what a workbook expects of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sheetline.functions.columns import Column
from sheetline.functions.types import NULL, STRING, Kind, Type, accepts
from sheetline.workbook.io import SourceError, read_source, source_names
from sheetline.workbook.io.columns import type_named
from sheetline.workbook.sheets.source import SourceColumn, SourceSheet
from sheetline.workbook.sources import Reader, Sources, SourceStep
from sheetline.workbook.steps import BindContext, Schema, Step

if TYPE_CHECKING:
    from sheetline.workbook.record.model import RunRecord


@dataclass(frozen=True, slots=True)
class Expected:
    """A column that a source is expected to have.

    Attributes:
        name: its name in the sheet.
        source: its name in the file.
        type: its type, as the workbook declares it or else as it was on record; None where nobody says.
        listed: what the workbook says of it, if it lists it.
    """

    name: str
    source: str
    type: Type | None
    listed: SourceColumn | None = None

    @property
    def words(self) -> str | None:
        """The expected type in words, with the pattern that dates are written in."""
        pattern = None if self.listed is None else self.listed.pattern
        return None if self.type is None else f"{self.type}{f' {pattern}' if pattern else ''}"

    @property
    def declared(self) -> bool:
        """Whether the workbook says the type: the file is read as that type then."""
        return self.listed is not None and self.listed.type is not None


@dataclass(slots=True)
class Look:
    """A source as it is now, beside what is expected of it; columns of the file by their names there."""

    sheet: SourceSheet
    reader: Reader
    expected: list[Expected]
    names: list[str]
    recorded: Mapping[str, Type] | None
    types: dict[str, Type] = field(default_factory=dict)
    values: dict[str, int] = field(default_factory=dict)

    @property
    def missing(self) -> list[Expected]:
        """Expected columns that the file has not."""
        return [one for one in self.expected if one.source not in self.names]

    @property
    def unclaimed(self) -> list[str]:
        """Columns of the file that nobody expects."""
        claimed = {one.source for one in self.expected}
        return [name for name in self.names if name not in claimed]

    def type_of(self, one: Expected) -> Type:
        """Return the type of an expected column as far as it is known."""
        return one.type or self.types.get(one.source) or NULL

    def schema(self, likely: Mapping[str, str]) -> Schema:
        """Return the sheet as it is expected; ``likely`` are columns of the file that missing ones may be now."""
        found = {one.name: self.type_of(one) for one in self.expected}
        for name, source in likely.items():
            if found[name] == NULL:
                found[name] = self.types.get(source, NULL)
        if not self.sheet.only:
            new = [name for name in self.unclaimed if name not in likely.values()]
            found |= {name: self.types[name] for name in new if name not in found}
        return found

    def read(self) -> None:
        """Find the types of all columns that matter."""
        there = [one for one in self.expected if one.source in self.names]
        names = [one.source for one in there]
        if self.missing or not self.sheet.only:
            names += self.unclaimed
        specs = {one.source: SourceColumn(name=one.source, nulls=_nulls(one)) for one in there}
        asked = [specs.get(name) or SourceColumn(name=name) for name in dict.fromkeys(names)]
        for name, column in _columns(self.reader, asked).items():
            self.types[name] = column.type
            self.values[name] = int(column.valid().sum()) + (0 if column.errors is None else len(column.errors))

    def other_type(self, one: Expected) -> Type | None:
        """Return the type that a column has now, if it is not the expected one.

        Where the workbook declares a type, single values that it can't hold are errors in the data, as ever; another
        type is one that most values have, or that all have and the declared one does not hold.
        """
        now, then = self.types.get(one.source), one.type
        if then is None or now is None or now == NULL:
            return None
        if not one.declared:
            return None if accepts(then, now) else now
        assert one.listed is not None
        if then == STRING or (one.listed.pattern is None and accepts(then, now)):
            return None
        bad = self.unreadable(one, one.source)
        other = now.kind is not Kind.STRING and not accepts(then, now)
        return now if bad and (other or 2 * bad > self.values[one.source]) else None

    def fits(self, one: Expected, source: str) -> bool:
        """Tell whether a column of the file may be an expected one, by its type."""
        now = self.types.get(source)
        if one.type is None or now is None or now == NULL or accepts(one.type, now):
            return True
        return one.declared and 2 * self.unreadable(one, source) <= self.values[source]

    def unreadable(self, one: Expected, source: str) -> int:
        """Return how many values of a column of the file can't be read as an expected one."""
        assert one.listed is not None
        spec = one.listed.model_copy(update={"name": source, "source": source})
        try:
            errors = _columns(self.reader, [spec])[source].errors
        except SourceError:  # numbers that are to be dates, and nothing says what they count
            return self.values[source]
        return 0 if errors is None else len(errors)


def _nulls(one: Expected) -> tuple[str, ...] | None:
    return None if one.listed is None else one.listed.nulls


def _columns(reader: Reader, specs: list[SourceColumn]) -> Mapping[str, Column]:
    if not specs:
        return {}
    found = read_source(
        reader.endpoint,
        base_folder=reader.folder,
        columns_spec=specs,
        only=True,
        timezone=reader.timezone,
        frame=reader.frame,
    )
    return found.table.columns


def look(sheet: SourceSheet, sources: Sources, record: RunRecord | None) -> Look:
    """Look at a source.

    Args:
        sheet: the source sheet.
        sources: where sources are read from now.
        record: the record of an earlier run, which tells of columns that the workbook does not list.

    Raises:
        SourceError: the source can't be read.
    """
    reader = sources.reader(sheet)
    recorded = None if record is None else _recorded(record, sheet.name)
    expected: dict[str, Expected] = {}
    for column in sheet.columns:
        source = reader.renames.get(column.name, column.source_name)
        if source is not None:
            type_ = type_named(column.type) if column.type is not None else (recorded or {}).get(column.name)
            expected[column.name] = Expected(column.name, source, type_, column)
    if not sheet.only:
        for name, type_ in (recorded or {}).items():
            source = reader.renames.get(name, name)
            if source is not None:
                expected.setdefault(name, Expected(name, source, type_))
    for name, source in reader.renames.items():
        if source is not None:
            expected.setdefault(name, Expected(name, source, None))
    names = source_names(reader.endpoint, base_folder=reader.folder, frame=reader.frame)
    found = Look(sheet, reader, list(expected.values()), names, recorded)
    found.read()
    return found


def _recorded(record: RunRecord, name: str) -> dict[str, Type] | None:
    from sheetline.workbook.record.objects import type_of

    try:
        sheet = record.sheet(name)
    except KeyError:
        return None
    found = {one.name: one.type for one in sheet.columns} | dict(sheet.not_read)
    return {column: type_of(kind) for column, kind in found.items()} if sheet.kind == "source" else None


@dataclass(frozen=True, slots=True)
class ExpectedSources(Sources):
    """Sources as they are expected, for a plan that is never run: it tells what a column is for."""

    schemas: Mapping[str, Schema] = field(default_factory=dict)

    @classmethod
    def of(cls, sources: Sources, schemas: Mapping[str, Schema]) -> ExpectedSources:
        """Return some sources with expected columns."""
        return cls(sources.folder, sources.given, sources.mappings, sources.timezone, sources.sample, schemas)

    def bind(self, sheet: SourceSheet, ctx: BindContext) -> Step | None:
        """Return a step of the expected columns."""
        return SourceStep(sheet.name, self.schemas[sheet.name], self.reader(sheet), self.sample)


def source_sheets(sheets: Iterable[Any]) -> list[SourceSheet]:
    """Return the sources among some sheets."""
    return [sheet for sheet in sheets if isinstance(sheet, SourceSheet)]


__all__ = ["Expected", "ExpectedSources", "Look", "look", "source_sheets"]
