"""The two that are compared: a workbook or a record each, with its plan and its graph where they can be had."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sheetline.formulas.diagnostics import WorkbookError
from sheetline.functions.types import Type
from sheetline.workbook.diff.model import Compared
from sheetline.workbook.diff.unseen import named_columns
from sheetline.workbook.io.faults import SourceError
from sheetline.workbook.model.workbook import Workbook
from sheetline.workbook.record.files import NAME
from sheetline.workbook.record.model import RunRecord
from sheetline.workbook.record.stand_ins import MissingStep, recorded_schema
from sheetline.workbook.sources import Sources

if TYPE_CHECKING:
    from sheetline.workbook.lineage.graph import LineageGraph
    from sheetline.workbook.planning import Plan
    from sheetline.workbook.sheets.source import SourceSheet
    from sheetline.workbook.steps import BindContext, Step

_RECORD: Final = b'"sheetline-record/'


@dataclass(eq=False)
class Side:
    """One of the two."""

    book: Workbook
    record: RunRecord | None
    label: str
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, given: Any) -> Side:
        """Return what is to be compared: a workbook, a record, or the path of one.

        Raises:
            WorkbookError: a workbook is wrong or can't be read.
            RecordError: a record is damaged or not there.
            TypeError: it is something else.
        """
        if isinstance(given, str | os.PathLike):
            path = Path(given)
            if path.is_dir() or path.name == NAME or _holds_record(path):
                record = RunRecord.load(path)
                return cls(record.book(), record, str(given))
            return cls(Workbook.load(path), None, str(given))
        if isinstance(given, RunRecord):
            return cls(given.book(), given, given.id[:12])
        if isinstance(given, Workbook):
            return cls(given, None, given.name if given.path is None else str(given.path))
        raise TypeError(f"a workbook, a run record or the path of one is compared, not {type(given).__name__}")

    @property
    def compared(self) -> Compared:
        """What is said about it."""
        if self.record is None:
            return Compared("workbook", self.book.name, self.label)
        return Compared("record", self.book.name, self.label, self.record.id)

    @cached_property
    def plan(self) -> Plan | None:
        """The bound workbook; sources of a record are as they were, those out of reach are known by what is named."""
        from sheetline.formulas.api import environment
        from sheetline.workbook.planning import plan
        from sheetline.workbook.running import parameter_values

        record, book = self.record, self.book
        known = {}
        if record is not None:
            known = {one.name: dict(recorded_schema(one)) for one in record.sheets if one.kind == "source"}
        sources = _SourcesOfDiff(book.folder, timezone=book.timezone, known=known, named=named_columns(book))
        found: Plan | None
        try:
            found = plan(book, sources, parameter_values(book, {})[0], environment(book.timezone))
        except WorkbookError as error:
            mistakes = sum(one.severity == "error" for one in error.diagnostics)
            told = f"{mistakes} mistake{'' if mistakes == 1 else 's'}, such as: {error.diagnostics[0].message}"
            why = f"without {_listed(sources.unseen)} it has " if sources.unseen else "it has "
            self.notes.append(f"{self.label}: what changes reach is not known, since {why}{told}")
            return None
        if sources.unseen:
            what = "source" if len(sources.unseen) == 1 else "sources"
            names = _listed(sources.unseen)
            self.notes.append(
                f"{self.label}: {what} {names} can't be looked at; what changes reach counts columns that are named"
            )
        return found

    @cached_property
    def graph(self) -> LineageGraph | None:
        """The graph of columns."""
        from sheetline.workbook.lineage.build import graph_of

        return None if self.plan is None else graph_of(self.plan)

    def columns_of(self, sheet: str) -> Mapping[str, Type]:
        """Return the columns of a sheet, as far as they are known."""
        if self.plan is None or sheet not in self.plan.steps:
            return {}
        return self.plan.steps[sheet].schema


@dataclass(frozen=True, slots=True)
class _SourcesOfDiff(Sources):
    """Sources that need not be there. ``unseen`` are those that were known only by the columns that are named."""

    known: Mapping[str, Mapping[str, Type]] = field(default_factory=dict)
    named: Mapping[str, Mapping[str, Type]] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)

    def bind(self, sheet: SourceSheet, ctx: BindContext) -> Step | None:
        """Return a step with the columns of a source, which nobody will run."""
        from sheetline.formulas.api import type_of_name

        if sheet.name in self.known:
            return MissingStep(sheet.name, self.known[sheet.name])
        listed = {one.name: one.type for one in sheet.columns}
        whole = sheet.only and None not in listed.values()
        try:
            if sheet.from_.location is not None:
                return Sources.bind(self, sheet, ctx)
        except SourceError:
            pass
        if not whole:
            self.unseen.append(sheet.name)
        types = {name: type_of_name(type_) for name, type_ in listed.items() if type_ is not None}
        return MissingStep(sheet.name, {**self.named[sheet.name], **types})


def _holds_record(path: Path) -> bool:
    """Whether a file is the ``record.json`` of a record under another name."""
    try:
        with path.open("rb") as file:
            return _RECORD in file.read(200)
    except OSError:
        return False  # whoever reads it says why it can't be read


def _listed(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
