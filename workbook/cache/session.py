"""One run with a cache: what is taken from it, what is made, why, and what is stored.

A column whose formula changed may come out as it was: a count of nulls, a flag, a rounded number. So columns that the
cache does not know, and that other sheets read, are made *early*, and compared with what the cache has of them; only
then the sheets behind them are planned. One that came out as it was stands in for the other one in their keys, and all
that is made from it is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from sheetline.functions.columns import Column, Table
from sheetline.workbook.cache.keys import Keys, named
from sheetline.workbook.cache.packs import PackWriter, Place, equal
from sheetline.workbook.cache.reasons import EVERYTHING_THERE, Manifest
from sheetline.workbook.cache.store import Store
from sheetline.workbook.io.faults import SourceError
from sheetline.workbook.model.endpoints import FrameSource, ParquetSource
from sheetline.workbook.planning import Plan
from sheetline.workbook.record.definitions import hash_json
from sheetline.workbook.report import ColumnReport, ErrorExample, SheetReport, columns_report
from sheetline.workbook.sheets.formulas import FormulasStep
from sheetline.workbook.sources import SourceStep
from sheetline.workbook.steps import Notice

#: How many reports of a column are kept: as it is, and as it was.
_REPORTS: Final = 8
#: How many for all columns that sheets of the same rows ever had.
_MOST_REPORTS: Final = 20_000


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

    @property
    def rows(self) -> int:
        """The number of rows of the sheet."""
        return int(self.facts["rows"])


@dataclass(slots=True)
class _Made:
    """What the run has made of a sheet so far: columns, those that came out as they were, seconds, bytes, and why."""

    columns: dict[str, None] = field(default_factory=dict)
    same: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: float = 0.0
    bytes: int = 0
    why: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class Session:
    """A run's use of the cache.

    Attributes:
        wanted: the columns that the run is for, by sheet.
        full: by sheet of the run, the columns that a run without a cache makes: what is reported.
        taken: by sheet, what comes from the cache.
        told: by sheet, what is only reported, since what is made of it is there.
        todo: by sheet that must run, the columns that it must make.
        reads: by sheet that must run, the columns of other sheets that it needs.
        why: by sheet, a sentence on what is made and why, or that all is taken.
    """

    store: Store
    plan: Plan
    wanted: Mapping[str, Sequence[str]]
    keys: Keys = field(init=False)
    full: dict[str, list[str]] = field(init=False)
    taken: dict[str, Taken] = field(default_factory=dict)
    told: dict[str, Told] = field(default_factory=dict)
    todo: dict[str, list[str]] = field(default_factory=dict)
    reads: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    _manifest: Manifest = field(init=False)
    _early: dict[str, list[str]] = field(default_factory=dict)  #: what is made now, before the rest is planned
    _later: dict[str, dict[str, set[str]]] = field(default_factory=dict)  #: sheets not planned yet, and what they read
    _held: dict[str, Mapping[str, Column]] = field(default_factory=dict)  #: what was made early, for those
    _made: dict[str, _Made] = field(default_factory=dict)
    _facts: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    _places: dict[str, str | None] = field(default_factory=dict)  #: the keys of facts
    _writers: dict[str, PackWriter] = field(default_factory=dict)
    _spoiled: bool = False  #: a source changed while the run went on: nothing more is stored

    def __post_init__(self) -> None:
        self.keys = Keys(self.plan)
        self.full = self.plan.needed(self.wanted, everything=False)
        self._manifest = Manifest(self.store, self.plan, self.keys)

    @property
    def _most(self) -> int:
        return int(self.plan.workbook.errors.max_logged)

    # --- what is made first

    def early(self) -> Iterator[dict[str, list[str]]]:
        """Give, by sheet, the columns to be made before the rest is planned, until all can be.

        These are the columns that are unknown of sheets that the cache knows, where others of them read them. Whoever
        asks for the next ones has made the last ones.
        """
        undecided = {name: self.plan.steps[name].needs(columns) for name, columns in self.full.items()}
        while True:
            unknown: dict[str, list[str]] = {}
            self._later = {}
            for name, reads in undecided.items():
                if any(sheet in self._later or columns & {*unknown.get(sheet, ())} for sheet, columns in reads.items()):
                    self._later[name] = reads
                else:
                    unknown[name] = self._unknown(name)
            waited_for = {sheet for reads in self._later.values() for sheet in reads}
            self._early = {name: columns for name, columns in unknown.items() if columns and name in waited_for}
            if not self._early:
                break
            yield self._early
            if self._spoiled or not all(self._is_kept(name, columns) for name, columns in self._early.items()):
                break  # what can't be stored would be made again and again
            undecided = self._later
        self._early, self._later = {}, {}

    def _unknown(self, name: str) -> list[str]:
        """Return the columns of a sheet that the cache does not know, if it knows the sheet, and can know them."""
        facts, step = self._known(name), self.plan.steps[name]
        if facts is None or isinstance(step, SourceStep):
            return []
        found, sure = [], True
        for column in self.full[name]:
            key = self.keys.of(name, column)
            stored = None if key is None else facts["columns"].get(key.hash)
            if key is None:
                sure = False
            elif stored is None:
                found.append(column)
            elif "as" in stored:
                self.keys.same[key.hash] = stored["as"]
        return found if sure else []

    def _is_kept(self, name: str, columns: Sequence[str]) -> bool:
        return all("at" in (self._entry(name, column) or ()) for column in columns)

    def planned_early(self) -> dict[str, list[str]]:
        """Return what each sheet must have for what is made early, as :meth:`needed` does for all."""
        return self._planned({name: set(columns) for name, columns in self._early.items()}, partly=True)

    def made_early(self, report: SheetReport) -> None:
        """See that a sheet is complete as far as it is made early."""
        self.done(report)
        made = self._made[report.name]
        made.seconds, made.bytes = report.seconds, report.bytes

    def hold(self, tables: Mapping[str, Table]) -> None:
        """Hold what sheets need that are planned later."""
        found = {name: {**self._held.get(name, {}), **table.columns} for name, table in tables.items()}
        reads = {sheet for some in self._later.values() for sheet in some}
        self._held = {name: columns for name, columns in {**self._held, **found}.items() if name in reads}

    @property
    def held(self) -> list[str]:
        """The sheets of which :meth:`hold` wants the tables: those made early, and those read again otherwise."""
        reads = {sheet for some in self._later.values() for sheet in some}
        return [*self._early, *(name for name in reads if name in self.todo and not self._stored(name))]

    # --- planning

    def needed(self, *, all_sheets: bool) -> dict[str, list[str]]:
        """Return what each sheet must have, in the order of the steps; :attr:`taken` and :attr:`todo` say from where.

        Sheets that only lead to what the cache has are left out, where it can report them, unless ``all_sheets``.
        """
        columns = {name: set(names) for name, names in (self.full if all_sheets else self.wanted).items()}
        for name in self.full:
            for check in self.plan.checks.get(name, ()):
                for sheet, names in check.needs.items():
                    columns.setdefault(sheet, set()).update(names)
        found = self._planned(columns)
        self._held.clear()
        return found

    def _planned(self, columns: dict[str, set[str]], *, partly: bool = False) -> dict[str, list[str]]:
        self.taken, self.told, self.todo, self.reads = {}, {}, {}, {}
        for name in reversed(list(self.full)):
            if name in columns or not partly:
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
        facts = self._known(name)
        if facts is None:
            return None
        found = {}
        for column in columns:
            stored = self._entry(name, column)
            if stored is None:
                return None
            examples = tuple(ErrorExample(**one) for one in stored["examples"])
            found[column] = ColumnReport(column, stored["type"], stored["nulls"], stored["errors"], examples)
        return Told(facts, found)

    def _look(self, name: str, columns: list[str]) -> list[str] | None:
        """Take what there is of a sheet; return the columns that must be made, or None where nothing must."""
        told = self.told.get(name)
        there: dict[str, Column] = {}
        if told is not None:
            held = self._held.get(name, {})
            there = {column: held[column] for column in columns if column in held}
            there |= self._load(name, [column for column in columns if column not in there], told.rows)
        missing = [column for column in columns if column not in there]
        if missing and isinstance(self.plan.steps[name], SourceStep):  # what is reported depends on what was read
            there, missing = {}, columns
        if told is not None and missing:
            there |= self._load(name, [one for one in self._used(name, missing) if one not in there], told.rows)
        everything = told is not None and not missing
        self.why[name] = EVERYTHING_THERE if everything else self._reason(name, missing)
        if told is not None and (there or not missing):
            self.taken[name] = Taken(there, told.facts)
        return None if everything else missing

    def _used(self, name: str, columns: Sequence[str]) -> list[str]:
        """Return the other columns of a sheet that the formulas of some columns name: they need not be made again."""
        step = self.plan.steps[name]
        uses = step.bound.uses if isinstance(step, FormulasStep) else {}
        found = dict.fromkeys(one for column in columns for one in uses.get(column, ()))
        return [column for column in found if column not in columns]

    def _load(self, name: str, columns: Sequence[str], rows: int) -> dict[str, Column]:
        """Return those columns of a sheet that the cache has the values of."""
        places: dict[str, Place] = {}
        for column in columns:
            place = (self._entry(name, column) or {}).get("at")
            type_ = str(self.plan.steps[name].schema[column])
            if place is not None and (place["type"], place["rows"]) == (type_, rows):
                places[column] = place
        return self.store.columns(places)

    def _reason(self, name: str, columns: Sequence[str]) -> str:
        if not self._stored(name):
            return "read again: this kind of source is not stored"
        return self._manifest.reason(name, columns)

    # --- keys

    def _facts_key(self, name: str) -> str | None:
        """Return the key of what is known of a sheet as a whole; of a source that depends on the columns read."""
        if name not in self._places:
            key, step = self.keys.of(name), self.plan.steps[name]
            read = [self.full[name], step.reader.endpoint.location] if isinstance(step, SourceStep) else []
            self._places[name] = None if key is None else hash_json(["facts", key.hash, self._most, read])
        return self._places[name]

    def _known(self, name: str) -> dict[str, Any] | None:
        """Return what is known of a sheet as a whole, or None."""
        place = self._facts_key(name)
        if place is not None and place not in self._facts:
            self._facts[place] = self.store.facts(place)
        return None if place is None else self._facts[place]

    def _entry(self, name: str, column: str) -> dict[str, Any] | None:
        """Return what is known of a column: its report, where its values lie ("at"), and which it stands for ("as")."""
        facts, key = self._known(name), self.keys.of(name, column)
        found: dict[str, Any] | None = None if facts is None or key is None else facts["columns"].get(key.hash)
        return found

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
        self._writers[name].add(table.columns)

    def whole(self, name: str, table: Table) -> None:
        """Store all rows of the columns that a sheet has made, but for columns that came out as they were."""
        early = self._early.get(name, ())
        self._compare(name, {column: table.columns[column] for column in self.todo[name] if column in early})
        self.part(name, table)

    def _compare(self, name: str, columns: Mapping[str, Column]) -> None:
        """Look which columns are as the cache has them from another formula, or made from other columns."""
        facts = self._known(name)
        if facts is None or not columns:
            return
        before: dict[str, tuple[str, dict[str, Any]]] = {}
        for hash_, entry in facts["columns"].items():  # the newest ones stand first
            if entry["name"] in columns and "at" in entry and entry["name"] not in before:
                before[entry["name"]] = hash_, entry
        stored = self.store.columns({column: entry["at"] for column, (_, entry) in before.items()})
        made = self._made.setdefault(name, _Made())
        for column, old in stored.items():
            key, (hash_, entry) = self.keys.of(name, column), before[column]
            if key is not None and key.hash != hash_ and equal(columns[column], old):
                self.keys.same[key.hash] = same = entry.get("as", hash_)
                made.same[column] = {"at": entry["at"], "as": same}

    def _start(self, name: str) -> PackWriter:
        schema = self.plan.steps[name].schema
        same = self._made[name].same if name in self._made else {}
        stores = not self._spoiled and self._stored(name) and self.keys.of(name) is not None
        columns = [column for column in self.todo.get(name, ()) if stores and column not in same]
        return self.store.writer({name_: schema[name_] for name_ in columns if self.keys.of(name, name_) is not None})

    def done(self, report: SheetReport) -> None:
        """See that a sheet is complete: store what is known of it, and make its report that of an uncached run."""
        name = report.name
        places = self._finish(name) if name in self.todo else {}
        self._complete(report)
        made = self._made.setdefault(name, _Made())
        made.columns.update(dict.fromkeys(self.todo.get(name, ())))
        if name in self.todo:
            made.why[self._said(name)] = None
        report.cached = [column for column in self.full[name] if column not in made.columns]
        report.why = "; ".join(made.why) or self._said(name)
        report.seconds += made.seconds
        report.bytes = max(report.bytes, made.bytes)
        if not self._spoiled:
            self._put(report, places)

    def _said(self, name: str) -> str:
        """Return why a sheet was made or taken; also where that is only because of what came out as it was."""
        why = self.why.get(name, "")
        if name in self.todo:
            same = self._made[name].same
            return f"{why}; {named(same)} came out as before" if same else why
        came_out = {sheet: made.same for sheet, made in self._made.items() if made.same}
        keys = [self.keys.of(name, column) for column in self.full[name]] if came_out else []
        read = dict.fromkeys(place for key in keys if key is not None for place in key.inputs)
        inputs = [f"{sheet}.{column}" for sheet, column in read if column in came_out.get(sheet, ())]
        return f"{why}: {named(inputs)} came out as before" if inputs else why

    def _finish(self, name: str) -> Mapping[str, Place]:
        """Put the columns of a sheet in their place; a source that has changed meanwhile is not trusted."""
        if not self.keys.unchanged(name):
            self._spoiled = True
        if self._spoiled:
            self.give_up()
            return {}
        writer = self._writers.pop(name, None)
        return (self._start(name) if writer is None else writer).finish()  # without rows there is no part

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

    def _put(self, report: SheetReport, places: Mapping[str, Place]) -> None:
        """Store the report of a sheet, and with it those of its columns, also as they were made a few changes ago."""
        name = report.name
        place, told, before = self._facts_key(name), self.told.get(name), self._known(name)
        if place is None:
            return
        known = {} if before is None else before["columns"]  # also of other sheets that have the same rows
        schema, made, same = self.plan.steps[name].schema, self.todo.get(name, ()), self._made[name].same
        new, used = {}, {}
        for column in report.columns:
            key = self.keys.of(name, column.name) if column.name in schema else None
            if key is None:
                continue
            old = known.get(key.hash)
            if old is not None and column.name not in made:
                used[key.hash] = old
                continue
            new[key.hash] = _entry(column) | {word: old[word] for word in ("as",) if old is not None and word in old}
            new[key.hash] |= same.get(column.name) or ({"at": places[column.name]} if column.name in places else {})
        if told is not None and not new:
            return
        facts = {
            "rows": report.rows,
            "removed": report.removed,
            "removed_examples": [asdict(one) for one in report.removed_examples],
            "notices": [asdict(one) for one in report.notices],
            "columns": _newest([*new.items(), *used.items(), *known.items()]),
        }
        self._facts[place] = facts
        with suppress(SourceError):  # the cache is a help, no part of the result
            self.store.put_facts(place, facts)

    # --- reports

    def report(self, name: str, table: Table, most: int, seconds: float) -> SheetReport:
        """Return the report of a sheet that is taken as a whole."""
        kind, columns = self.plan.workbook.sheet(name).kind, columns_report(table, most)
        return SheetReport(name, kind, table.rows, seconds, columns, [])

    def unseen(self, name: str) -> SheetReport:
        """Return the report of a sheet that the run does without, as everything made of it is there."""
        rows = self.told[name].rows
        report = SheetReport(name, self.plan.workbook.sheet(name).kind, rows, 0.0, [], [])
        self.done(report)
        return report

    # --- the end

    def give_up(self) -> None:
        """Leave nothing of what was begun."""
        for writer in self._writers.values():
            writer.give_up()
        self._writers.clear()

    def close(self) -> None:
        """Remember what this run was made of, and keep the cache within its size."""
        self.give_up()
        if not self._spoiled:
            self._manifest.write(self.full)
        self.store.tidy()


def _newest(entries: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Return the first of some entries, which are the newest: a few for each column's name."""
    found: dict[str, dict[str, Any]] = {}
    counts: Counter[str] = Counter()
    for hash_, entry in entries:
        if hash_ not in found and counts[entry["name"]] < _REPORTS and len(found) < _MOST_REPORTS:
            found[hash_] = entry
            counts[entry["name"]] += 1
    return found


def _entry(column: ColumnReport) -> dict[str, Any]:
    """Return the report of a column as plain values."""
    examples = [asdict(one) for one in column.examples]
    return {
        "name": column.name,
        "type": column.type,
        "nulls": column.nulls,
        "errors": column.errors,
        "examples": examples,
    }
