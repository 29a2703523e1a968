"""One run with a cache: what is taken from it, what is made, why, and what is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sheetline.functions.columns import Column, Table
from sheetline.workbook.cache.keys import ROWS, Key, Keys, named
from sheetline.workbook.cache.store import ColumnWriter, Store
from sheetline.workbook.io.faults import SourceError
from sheetline.workbook.model.endpoints import FrameSource, ParquetSource
from sheetline.workbook.planning import Plan
from sheetline.workbook.record.definitions import hash_json
from sheetline.workbook.report import ErrorExample, SheetReport, columns_report
from sheetline.workbook.sources import SourceStep
from sheetline.workbook.steps import Notice, merged


@dataclass(frozen=True, slots=True)
class Taken:
    """What of a sheet comes from the cache: some of its columns, and what is known of it as a whole."""

    columns: Mapping[str, Column]
    facts: Mapping[str, Any]

    @property
    def rows(self) -> int:
        """The number of rows of the sheet."""
        return int(self.facts["rows"])


@dataclass(slots=True)
class Session:
    """A run's use of the cache.

    Attributes:
        taken: by sheet, what comes from the cache.
        todo: by sheet that must run, the columns that it must make.
        reads: by sheet that must run, the columns of other sheets that it needs.
        why: by sheet, a sentence on what is made and why, or that all is taken.
    """

    store: Store
    plan: Plan
    keys: Keys = field(init=False)
    taken: dict[str, Taken] = field(default_factory=dict)
    todo: dict[str, list[str]] = field(default_factory=dict)
    reads: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    _writers: dict[str, dict[str, ColumnWriter]] = field(default_factory=dict)
    _before: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.keys = Keys(self.plan)
        self._before = self.store.facts(self._manifest) or {}

    # --- planning

    def needed(self, wanted: Mapping[str, Sequence[str]], *, all_sheets: bool) -> dict[str, list[str]]:
        """Return what each sheet must have, in the order of the steps; :attr:`taken` and :attr:`todo` say from where.

        Sheets that only lead to what the cache has are left out, unless ``all_sheets``.
        """
        columns: dict[str, set[str]] = {name: set(names) for name, names in wanted.items()}
        for name in reversed(list(self.plan.steps)):
            if name not in columns:
                continue
            step = self.plan.steps[name]
            ordered = [column for column in step.schema if column in columns[name]]
            missing = self._look(name, ordered)
            if missing is not None:
                self.todo[name] = missing
            follow = step.needs(ordered) if all_sheets else {}
            if missing is not None:
                self.reads[name] = step.needs_beside(missing, self.taken[name].columns if name in self.taken else ())
                follow = merged(follow, self.reads[name])
            for sheet, names in follow.items():
                columns.setdefault(sheet, set()).update(names)
        found = {
            name: [column for column in step.schema if column in columns[name]]
            for name, step in self.plan.steps.items()
            if name in columns
        }
        self.todo = {name: self.todo[name] for name in found if name in self.todo}
        return found

    def _look(self, name: str, columns: list[str]) -> list[str] | None:
        """Take what there is of a sheet; return the columns that must be made, or None where nothing must."""
        place = self._facts_key(name, columns)
        facts = None if place is None else self.store.facts(place)
        if facts is None:
            self.why[name] = self._reason(name, columns)
            return columns
        there: dict[str, Column] = {}
        for column in columns:
            key = self.keys.of(name, column)
            stored = None if key is None else self.store.column(key.hash)
            if (
                stored is not None
                and len(stored) == facts["rows"]
                and stored.type == self.plan.steps[name].schema[column]
            ):
                there[column] = stored
        missing = [column for column in columns if column not in there]
        if missing and self._whole_only(name):
            there, missing = {}, columns
        self.why[name] = self._reason(name, missing) if missing else "taken from the cache"
        if there or not missing:
            self.taken[name] = Taken(there, facts)
        return missing or None

    def _whole_only(self, name: str) -> bool:
        """Sources are taken whole: what is reported of them depends on the columns that were read."""
        return isinstance(self.plan.steps[name], SourceStep)

    def _facts_key(self, name: str, columns: Sequence[str]) -> str | None:
        key = self.keys.of(name) if self._stored(name) else None
        if key is None:
            return None
        return hash_json([key.hash, sorted(columns)]) if self._whole_only(name) else key.hash

    def _stored(self, name: str) -> bool:
        """Whether a sheet is worth storing: what is in memory, or read at once, is not."""
        step = self.plan.steps[name]
        if isinstance(step, SourceStep):
            return not isinstance(step.reader.endpoint, ParquetSource | FrameSource)
        return True

    # --- why

    def _reason(self, name: str, columns: Sequence[str]) -> str:
        """Return why columns are made, by what is known of the run before."""
        if not self._stored(name):
            return "read again: this kind of source is not stored"
        known: Mapping[str, Any] = self._before.get(name, {})
        places = [*columns] or [ROWS]
        reasons: dict[str, list[str]] = {}
        changed: dict[str, None] = {}
        for place in places:
            reason, inputs = _why(self.keys.of(name, place), known.get(place))
            reasons.setdefault(reason, []).append(place)
            changed.update(dict.fromkeys(inputs))
        said = []
        for reason, listed in reasons.items():
            words = reason.format(inputs=named(changed))
            said.append(words if len(listed) == len(places) else f"{named(listed)}: {words}")
        return "; ".join(said)

    @property
    def _manifest(self) -> str:
        book = self.plan.workbook
        return hash_json(["manifest", str(book.path) if book.path is not None else book.name])

    # --- storing

    def part(self, name: str, table: Table) -> None:
        """Store the next rows of the columns that a sheet has made."""
        if name not in self._writers:
            self._writers[name] = self._start(name)
        for column, writer in self._writers[name].items():
            writer.add(table.columns[column])

    def _start(self, name: str) -> dict[str, ColumnWriter]:
        if not self._stored(name) or self.keys.of(name) is None:
            return {}
        made = {}
        for column in self.todo.get(name, ()):
            key = self.keys.of(name, column)
            if key is not None and column in self.plan.steps[name].schema:
                made[column] = self.store.writer(key.hash, self.plan.steps[name].schema[column])
        return made

    def done(self, report: SheetReport) -> None:
        """Store what is known of a sheet as a whole, after all its rows."""
        name = report.name
        if name not in self.todo:
            return
        writers = self._writers.pop(name, None)
        if writers is None:  # a sheet without rows may have had no part
            writers = self._start(name)
        for writer in writers.values():
            writer.finish()
        place = self._facts_key(name, [column.name for column in report.columns])
        if place is None:
            return
        facts = {
            "rows": report.rows,
            "removed": report.removed,
            "removed_examples": [asdict(one) for one in report.removed_examples],
            "notices": [asdict(one) for one in report.notices],
        }
        try:
            self.store.put_facts(place, facts)
        except SourceError:
            pass  # the cache is a help, no part of the result

    def report(self, name: str, table: Table, most: int, seconds: float) -> SheetReport:
        """Return the report of a sheet that is taken as a whole."""
        step, facts = self.plan.steps[name], self.taken[name].facts
        return SheetReport(
            name,
            self.plan.workbook.sheet(name).kind,
            table.rows,
            seconds,
            columns_report(table, most),
            [column for column in step.schema if column not in table.columns],
            facts["removed"],
            [ErrorExample(**one) for one in facts["removed_examples"]],
            [Notice(one["severity"], one["message"], one["count"], tuple(one["examples"])) for one in facts["notices"]],
        )

    def close(self, needed: Mapping[str, Sequence[str]]) -> None:
        """Remember what this run was made of, drop what was not finished, and keep the cache within its size."""
        for writers in self._writers.values():
            for writer in writers.values():
                writer.give_up()
        manifest = dict(self._before)
        for name, columns in needed.items():
            keys = {column: self.keys.of(name, column) for column in (ROWS, *columns)}
            known = {column: [key.own, dict(key.inputs), key.hash] for column, key in keys.items() if key is not None}
            manifest[name] = {**manifest.get(name, {}), **known}
        try:
            self.store.put_facts(self._manifest, manifest)
            self.store.tidy()
        except SourceError:
            pass


def _why(key: Key | None, old: Any) -> tuple[str, list[str]]:
    """Return why something is made, and which inputs changed, for ``{inputs}`` in the sentence."""
    if key is None:
        return "nothing tells beforehand whether it has changed", []
    if old is None:
        return "new", []
    own, inputs, hash_ = old
    if hash_ == key.hash:
        return "no longer in the cache", []
    if own != key.own:
        return "its definition changed", []
    changed = [name for name, found in key.inputs.items() if inputs.get(name) != found]
    columns = [name for name in changed if "." in name]
    return ("{inputs} changed" if changed else "another version of a library"), columns or changed
