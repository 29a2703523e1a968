"""The parts of a run record: plain values that can be compared, and written as JSON."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self

from sheetline.workbook.record.definitions import hash_json
from sheetline.workbook.record.faults import RecordError
from sheetline.workbook.record.hashing import ColumnHash
from sheetline.workbook.record.tables import hash_sheet

if TYPE_CHECKING:
    from sheetline.functions.columns import Table
    from sheetline.workbook.model.workbook import Workbook
    from sheetline.workbook.record.objects import Objects

FORMAT: Final = "sheetline-record/2"
Json = Any


@dataclass(frozen=True, slots=True)
class ColumnRecord:
    """A column of a sheet: name, type, nulls and errors (counted apart), its hash and those of its leaves."""

    name: str
    type: str
    nulls: int
    errors: int
    hash: str
    leaves: tuple[str, ...]

    def to_json(self) -> Json:
        """Return plain values."""
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        return {**found, "leaves": " ".join(self.leaves)}

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read plain values."""
        return cls(**{**value, "leaves": tuple(value["leaves"].split())})


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """Where a kept sheet is: the hash of its Parquet file, and of the one with its errors if it has some."""

    values: str
    errors: str | None = None


@dataclass(frozen=True, slots=True)
class SheetRecord:
    """What a sheet was made of, and what it gave.

    Attributes:
        definition: what its content depends on beside its inputs; see ``definitions.definition``.
        formulas: what it computes, by column.
        description: what the workbook says that it is for.
        inputs: the sheets that it reads.
        columns: those that were computed, in order.
        removed: rows that a filter removed because their condition is an error.
        not_read: columns that nobody needed, with their types.
        rowset: of a source, what is equal for the same rows in another order.
        kept: where its rows are, if the workbook keeps them.
        checks: what came out of its checks, as the report of the run says it.
        seconds: how long it took; no part of the record's content.
    """

    name: str
    kind: str
    definition: Mapping[str, Any]
    formulas: Mapping[str, str]
    description: str | None
    inputs: tuple[str, ...]
    rows: int
    columns: tuple[ColumnRecord, ...]
    removed: int = 0
    not_read: Mapping[str, str] = field(default_factory=dict)
    rowset: str | None = None
    kept: KeptRecord | None = None
    checks: tuple[Mapping[str, Any], ...] = ()
    seconds: float = field(default=0.0, compare=False)

    @property
    def definition_hash(self) -> str:
        """The hash of the definition."""
        return hash_json(self.definition)

    @property
    def hash(self) -> str:
        """One hash for all that the sheet holds: names and order of columns, rows, values, errors."""
        found = {one.name: ColumnHash(one.type, self.rows, one.hash, one.leaves) for one in self.columns}
        return hash_sheet(found, self.rows)

    @property
    def errors(self) -> int:
        """Error values in the sheet, and rows removed for one."""
        return sum(one.errors for one in self.columns) + self.removed

    def column(self, name: str) -> ColumnRecord | None:
        """Return the column of a name, or None."""
        return next((one for one in self.columns if one.name == name), None)

    def to_json(self) -> Json:
        """Return plain values."""
        kept = None if self.kept is None else {"values": self.kept.values, "errors": self.kept.errors}
        return {
            "name": self.name,
            "kind": self.kind,
            "description": self.description,
            "definition": dict(self.definition),
            "definitionHash": self.definition_hash,
            "formulas": dict(self.formulas),
            "inputs": list(self.inputs),
            "rows": self.rows,
            "removed": self.removed,
            "hash": self.hash,
            "columns": [one.to_json() for one in self.columns],
            "notRead": dict(self.not_read),
            "rowset": self.rowset,
            "kept": kept,
            "checks": [dict(one) for one in self.checks],
        }

    @classmethod
    def from_json(cls, value: Json, seconds: float) -> Self:
        """Read plain values."""
        kept = value["kept"]
        return cls(
            value["name"],
            value["kind"],
            value["definition"],
            value["formulas"],
            value["description"],
            tuple(value["inputs"]),
            value["rows"],
            tuple(map(ColumnRecord.from_json, value["columns"])),
            value["removed"],
            value["notRead"],
            value["rowset"],
            None if kept is None else KeptRecord(kept["values"], kept["errors"]),
            tuple(value["checks"]),
            seconds,
        )


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """Where a source sheet read from.

    Attributes:
        type: "csv", "jsonl", "parquet" or "frame".
        path: as the workbook says, or as it was given; None for a frame.
        given: whether the path or frame was given to the run in place of what the workbook says.
        options: how it was read: all keys of its place but the path, listed columns, ``only``.
        mapping: column → name in the file (None: it has no such column), as given to the run.
        sample: how many rows were read at most, or None for all.
        size: bytes of the file, or None.
        hash: hash of the file's bytes, or None where there is no file.
        place: the whole path of the file on the machine of the run; no part of the record's content.
    """

    sheet: str
    type: str
    path: str | None
    given: bool
    options: Mapping[str, Any]
    mapping: Mapping[str, str | None]
    sample: int | None
    size: int | None
    hash: str | None
    place: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class OutputRecord:
    """A file that the run wrote; ``place`` is its whole path, no part of the record's content."""

    sheet: str
    path: str
    rows: int
    errors: int
    size: int
    hash: str
    place: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """How and where a run went; nothing of it is part of the record's content, since results never depend on it."""

    started: str
    seconds: float
    hashing: float = 0.0  #: seconds that went into hashes, of all threads together
    threads: int | None = None
    workbook: str | None = None  #: the whole path of the workbook's file
    folder: str = "."  #: what relative paths of the workbook were relative to


@dataclass(frozen=True)
class RunRecord:
    """The record of a run: what it was made of, and what it gave.

    ``id`` is the hash of all that is content: two runs of one workbook over the same data, under the same versions,
    with the same clock, have the same one. Timings and places on disk are no content.

    >>> import sheetline as sl
    >>> book = sl.Workbook("W").source("E", type="frame").formulas("F", of="E", columns={"y": "#x * 2"})
    >>> record = book.run(sources={"E": {"x": [1, 2]}}, record=True, now="2024-03-01").record
    >>> record.sheet("F").rows, [column.name for column in record.sheet("F").columns]
    (2, ['y'])
    >>> record.id == book.run(sources={"E": {"x": [1, 2]}}, record=True, now="2024-03-01").record.id
    True

    Attributes:
        workbook: the workbook as it was, as the text of its file.
        parameters: name → type and value (dates in microseconds since 1970).
        given: the parameters that were given to the run, as they were given (dates as ISO text).
        timezone: the workbook's time zone.
        now: the run's clock, microseconds since 1970 (UTC).
        seed: the run's seed.
        sample: how many rows of each source were read at most.
        wanted: the sheets that the run was asked for, or None.
        versions: sheetline, python, numpy, pandas, pyarrow.
        features: what the libraries found the processor to be able to.
        platform: system and machine.
        sources, sheets, outputs: what was read, computed (in this order) and written.
        objects: where the kept sheets are.
    """

    workbook: str
    parameters: Mapping[str, Mapping[str, Any]]
    given: Mapping[str, Any]
    timezone: str
    now: int
    seed: int
    sample: int | None
    wanted: tuple[str, ...] | None
    versions: Mapping[str, str]
    features: Mapping[str, str]
    platform: str
    sources: tuple[SourceRecord, ...]
    sheets: tuple[SheetRecord, ...]
    outputs: tuple[OutputRecord, ...]
    circumstances: Circumstances = field(compare=False)
    objects: Objects = field(compare=False, repr=False)

    @cached_property
    def id(self) -> str:
        """The hash of the content."""
        from sheetline.workbook.record.files import sections

        return hash_json({name: value for name, value in sections(self).items() if name != "circumstances"})

    @property
    def name(self) -> str:
        """The name of the workbook."""
        return self.book().name

    def book(self) -> Workbook:
        """Return the workbook as it was; its relative paths are relative to where it was."""
        from sheetline.workbook.load import parse_workbook

        return parse_workbook(self.workbook, path=self.circumstances.workbook)

    def sheet(self, name: str) -> SheetRecord:
        """Return what is recorded of a sheet.

        Raises:
            KeyError: the run did not compute it.
        """
        for sheet in self.sheets:
            if sheet.name == name:
                return sheet
        raise KeyError(name)

    def source(self, sheet: str) -> SourceRecord | None:
        """Return what is recorded of a source, or None."""
        return next((one for one in self.sources if one.sheet == sheet), None)

    def table(self, name: str) -> Table:
        """Return the rows of a kept sheet.

        Raises:
            KeyError: the run did not compute the sheet.
            RecordError: the sheet was not kept, or its file is missing or damaged.
        """
        from sheetline.workbook.record.objects import read_kept

        sheet = self.sheet(name)
        if sheet.kept is None:
            advice = 'a sheet with "keep": true is part of the record'
            raise RecordError(f"the record has no rows of sheet '{name}'", "", advice)
        return read_kept(sheet, self.objects)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write the record into a folder: ``record.json`` and ``objects/``.

        The folder holds the whole record or, after an interruption, what it held before. A record that it holds
        already is replaced.

        Raises:
            SourceError: the folder can't be written.
        """
        from sheetline.workbook.record.files import save

        save(self, folder)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, verify: bool = True) -> RunRecord:
        """Read a record.

        Args:
            path: its folder, or the ``record.json`` in it.
            verify: refuse a record whose ``record.json`` is not as it was written. Without it a record that was
                changed by hand can be looked at and replayed; what was changed shows up as a difference.

        Raises:
            RecordError: there is none, it is damaged, or of a format that this version does not know.
        """
        from sheetline.workbook.record.files import load

        return load(path, verify=verify)

    def to_json(self) -> dict[str, Any]:
        """Return everything but the kept rows as plain values, as ``record.json`` holds them."""
        from sheetline.workbook.record.files import document

        return document(self)
