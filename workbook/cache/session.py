"""One run with a cache: what is taken from it, what is made, why, and what is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from sheetline.functions.columns import Column, Table
from sheetline.workbook.cache.keys import Key, Keys
from sheetline.workbook.cache.reasons import EVERYTHING_THERE, Manifest
from sheetline.workbook.cache.store import ColumnWriter, Store
from sheetline.workbook.io.faults import SourceError
from sheetline.workbook.model.endpoints import FrameSource, ParquetSource
from sheetline.workbook.planning import Plan
from sheetline.workbook.record.definitions import hash_json
from sheetline.workbook.report import ColumnReport, ErrorExample, SheetReport, columns_report
from sheetline.workbook.sources import SourceStep
from sheetline.workbook.steps import Notice

#: How many reports of its columns are kept for each column of a sheet: as they are, and as they were.
_REPORTS: Final = 8


@dataclass(frozen=True, slots=True)
class Taken:
    """What of a sheet comes from the cache: some of its columns, and what is known of it as a whole."""

    columns: Mapping[str, Column]
    facts: Mapping[str, Any]

    @property
    def rows(self) -> int:
        """The number of rows of the sheet."""
        return int(self.facts["rows"])


@dataclass(frozen=True, slots=True)
class Told:
    """What the cache tells of a sheet without its values: facts of the sheet, and reports of some columns."""

    facts: Mapping[str, Any]
    columns: Mapping[str, ColumnReport]


@dataclass(slots=True)
class Session:
    """A run's use of the cache.

    Attributes:
        full: by sheet of the run, the columns that a run without a cache makes: what is reported.
        taken: by sheet, what comes from the cache.
        told: by sheet, what is only reported, since what is made of it is there.
        todo: by sheet that must run, the columns that it must make.
        reads: by sheet that must run, the columns of other sheets that it needs.
        why: by sheet, a sentence on what is made and why, or that all is taken.
    """

    store: Store
    plan: Plan
    keys: Keys = field(init=False)
    full: dict[str, list[str]] = field(default_factory=dict)
    taken: dict[str, Taken] = field(default_factory=dict)
    told: dict[str, Told] = field(default_factory=dict)
    todo: dict[str, list[str]] = field(default_factory=dict)
    reads: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    _manifest: Manifest = field(init=False)
    _writers: dict[str, dict[str, ColumnWriter]] = field(default_factory=dict)
    _spoiled: bool = False  #: a source changed while the run went on: nothing more is stored

    def __post_init__(self) -> None:
        self.keys = Keys(self.plan)
        self._manifest = Manifest(self.store, self.plan, self.keys)

    @property
    def _most(self) -> int:
        return int(self.plan.workbook.errors.max_logged)

    # --- planning

    def needed(self, wanted: Mapping[str, Sequence[str]], *, all_sheets: bool) -> dict[str, list[str]]:
        """Return what each sheet must have, in the order of the steps; :attr:`taken` and :attr:`todo` say from where.

        Sheets that only lead to what the cache has are left out, where it can report them, unless ``all_sheets``.
        """
        self.full = self.plan.needed(wanted, everything=False)
        columns = {name: set(names) for name, names in (self.full if all_sheets else wanted).items()}
        for name in self.full:
            for check in self.plan.checks.get(name, ()):
                for sheet, names in check.needs.items():
                    columns.setdefault(sheet, set()).update(names)
        for name in reversed(list(self.full)):
            self._settle(name, columns)
        found = {name: self._ordered(name, columns[name]) for name in self.full if name in columns}
        self.todo = {name: self.todo[name] for name in found if name in self.todo}
        return found

    def _ordered(self, name: str, columns: set[str]) -> list[str]:
        return [column for column in self.plan.steps[name].schema if column in columns]

    def _settle(self, name: str, columns: dict[str, set[str]]) -> None:
        """Decide about one sheet, after all that are made of it."""
        step, full = self.plan.steps[name], self.full[name]
        seen = columns.get(name, set())
        told = self._tell(name, [column for column in full if column not in seen])
        if told is None:
            columns[name] = seen = set(full)
        else:
            self.told[name] = told
            if name not in columns:
                self.why[name] = EVERYTHING_THERE
                return
        missing = self._look(name, self._ordered(name, seen))
        if missing is None:
            return
        self.todo[name] = missing
        self.reads[name] = step.needs_beside(missing, self.taken[name].columns if name in self.taken else ())
        for sheet, names in self.reads[name].items():
            columns.setdefault(sheet, set()).update(names)

    def _tell(self, name: str, columns: Sequence[str]) -> Told | None:
        """Return what is reported of a sheet and some of its columns, or None where the cache does not know it."""
        place = self._facts_key(name)
        facts = None if place is None else self.store.facts(place)
        if facts is None:
            return None
        found = {}
        for column in columns:
            key = self.keys.of(name, column)
            stored = None if key is None else facts["columns"].get(key.hash)
            if stored is None:
                return None
            examples = tuple(ErrorExample(**one) for one in stored["examples"])
            found[column] = ColumnReport(column, stored["type"], stored["nulls"], stored["errors"], examples)
        return Told(facts, found)

    def _look(self, name: str, columns: list[str]) -> list[str] | None:
        """Take what there is of a sheet; return the columns that must be made, or None where nothing must."""
        told = self.told.get(name)
        if told is None or not self._stored(name):
            self.why[name] = self._reason(name, columns)
            return columns
        there: dict[str, Column] = {}
        for column in columns:
            key = self.keys.of(name, column)
            stored = None if key is None else self.store.column(key.hash)
            fits = stored is not None and len(stored) == told.facts["rows"]
            if stored is not None and fits and stored.type == self.plan.steps[name].schema[column]:
                there[column] = stored
        missing = [column for column in columns if column not in there]
        if missing and isinstance(self.plan.steps[name], SourceStep):  # what is reported depends on what was read
            there, missing = {}, columns
        self.why[name] = self._reason(name, missing) if missing else EVERYTHING_THERE
        if there or not missing:
            self.taken[name] = Taken(there, told.facts)
        return missing or None

    def _reason(self, name: str, columns: Sequence[str]) -> str:
        if not self._stored(name):
            return "read again: this kind of source is not stored"
        return self._manifest.reason(name, columns)

    # --- keys

    def _facts_key(self, name: str) -> str | None:
        """Return the key of what is known of a sheet as a whole; of a source that depends on the columns read."""
        key = self.keys.of(name)
        if key is None:
            return None
        step = self.plan.steps[name]
        read = [self.full[name], step.reader.endpoint.location] if isinstance(step, SourceStep) else []
        return hash_json(["facts", key.hash, self._most, read])

    def _stored(self, name: str) -> bool:
        """Whether the values of a sheet are worth storing: what is in memory, or read at once, is not."""
        step = self.plan.steps[name]
        if isinstance(step, SourceStep):
            return not isinstance(step.reader.endpoint, ParquetSource | FrameSource)
        return True

    # --- storing

    def part(self, name: str, table: Table) -> None:
        """Store the next rows of the columns that a sheet has made."""
        if name not in self._writers:
            self._writers[name] = self._start(name)
        for column, writer in self._writers[name].items():
            writer.add(table.columns[column])

    def _start(self, name: str) -> dict[str, ColumnWriter]:
        if self._spoiled or not self._stored(name) or self.keys.of(name) is None:
            return {}
        types = self.plan.steps[name].schema
        keys: dict[str, Key | None] = {column: self.keys.of(name, column) for column in self.todo.get(name, ())}
        return {column: self.store.writer(key.hash, types[column]) for column, key in keys.items() if key is not None}

    def done(self, report: SheetReport) -> None:
        """See that a sheet is complete: store what is known of it, and make its report that of an uncached run."""
        name = report.name
        if name in self.todo:
            self._finish(name)
        self._complete(report)
        made = self.todo.get(name, ())
        report.cached = [column for column in self.full[name] if column not in made]
        report.why = self.why.get(name, "")
        if not self._spoiled:
            self._put(report)

    def _finish(self, name: str) -> None:
        """Put the columns of a sheet in their places; a source that has changed meanwhile is not trusted."""
        if not self.keys.unchanged(name):
            self._spoiled = True
        if self._spoiled:
            self.give_up()
            return
        writers = self._writers.pop(name, None)
        for writer in (self._start(name) if writers is None else writers).values():  # without rows there is no part
            writer.finish()

    def _complete(self, report: SheetReport) -> None:
        """Add to a report what was not looked at, since what is made of it is there."""
        name = report.name
        told, step = self.told.get(name), self.plan.steps[name]
        if told is None or step.open_schema:
            return
        known = {**told.columns, **{column.name: column for column in report.columns}}
        report.columns = [known[column] for column in self.full[name]]
        report.not_read = [column for column in step.schema if column not in self.full[name]]
        report.removed = told.facts["removed"]
        report.removed_examples = [ErrorExample(**one) for one in told.facts["removed_examples"]]
        report.notices = [
            Notice(one["severity"], one["message"], one["count"], tuple(one["examples"]))
            for one in told.facts["notices"]
        ]

    def _put(self, report: SheetReport) -> None:
        """Store the report of a sheet, and with it those of its columns, also as they were made a few changes ago."""
        name = report.name
        place, told = self._facts_key(name), self.told.get(name)
        if place is None:
            return
        schema, known = self.plan.steps[name].schema, {} if told is None else told.facts["columns"]
        keys = {column.name: self.keys.of(name, column.name) for column in report.columns if column.name in schema}
        new = {
            key.hash: asdict(column)
            for column in report.columns
            if (key := keys.get(column.name)) is not None and key.hash not in known
        }
        if told is not None and not new:
            return
        facts = {
            "rows": report.rows,
            "removed": report.removed,
            "removed_examples": [asdict(one) for one in report.removed_examples],
            "notices": [asdict(one) for one in report.notices],
            "columns": dict([*new.items(), *known.items()][: _REPORTS * len(schema)]),
        }
        with suppress(SourceError):  # the cache is a help, no part of the result
            self.store.put_facts(place, facts)

    # --- reports

    def report(self, name: str, table: Table, most: int, seconds: float) -> SheetReport:
        """Return the report of a sheet that is taken as a whole."""
        kind, columns = self.plan.workbook.sheet(name).kind, columns_report(table, most)
        return SheetReport(name, kind, table.rows, seconds, columns, [])

    def unseen(self, name: str) -> SheetReport:
        """Return the report of a sheet that the run does without, as everything made of it is there."""
        rows = int(self.told[name].facts["rows"])
        report = SheetReport(name, self.plan.workbook.sheet(name).kind, rows, 0.0, [], [])
        self.done(report)
        return report

    # --- the end

    def give_up(self) -> None:
        """Leave nothing of what was begun."""
        for writers in self._writers.values():
            for writer in writers.values():
                writer.give_up()
        self._writers.clear()

    def close(self) -> None:
        """Remember what this run was made of, and keep the cache within its size."""
        self.give_up()
        if not self._spoiled:
            self._manifest.write(self.full)
        self.store.tidy()
