"""Running a record again, step by step, and saying where and why it gives something else."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sheetline.formulas.diagnostics import WorkbookError
from sheetline.functions.columns import Table
from sheetline.functions.context import Environment
from sheetline.workbook.execution import execute
from sheetline.workbook.planning import Plan, plan, unknown_sheets
from sheetline.workbook.record import causes as why
from sheetline.workbook.record.causes import Cause
from sheetline.workbook.record.chapters import Chapter, Heads, does
from sheetline.workbook.record.compare import (
    DIFFERS,
    INCOMPARABLE,
    Place,
    RowDifference,
    SheetComparison,
    compare_rows,
    compare_sheets,
    place_json,
)
from sheetline.workbook.record.files import check_objects
from sheetline.workbook.record.model import RunRecord, SheetRecord, SourceRecord
from sheetline.workbook.record.recorder import Recorder
from sheetline.workbook.record.rowsets import RowSet
from sheetline.workbook.record.stand_ins import (
    KeptStep,
    MissingStep,
    PlanOfReplay,
    SourcesOfReplay,
    kept_step,
    recorded_schema,
)
from sheetline.workbook.run import Options, Run, SheetResult
from sheetline.workbook.running import parameter_values
from sheetline.workbook.steps import Step

if TYPE_CHECKING:
    from sheetline.workbook.model.workbook import Workbook
    from sheetline.workbook.run import Progress


@dataclass(slots=True, eq=False)
class Replay:
    """What a replay gave.

    Attributes:
        record: the record that was replayed.
        chapters: the steps, in order.
        comparisons: each computed sheet against the record, in order; empty without a check.
        causes: everything that is other than it was, whether it has an effect or not.
        cause: why the first difference is there, or None.
        place: where the first difference is, or None.
        altered: whether other sources, mappings, parameters or another workbook were given: differences are then
            what was asked for, and no failure.
        run: the run itself; None where a source is missing.
        now: the record of the replay; None where a source is missing.
    """

    record: RunRecord
    altered: bool
    chapters: list[Chapter] = field(default_factory=list)
    comparisons: dict[str, SheetComparison] = field(default_factory=dict)
    causes: list[Cause] = field(default_factory=list)
    cause: Cause | None = None
    place: Place | None = None
    run: Run | None = None
    now: RunRecord | None = None

    @property
    def identical(self) -> bool:
        """Whether all that was computed is as the record says."""
        return self.place is None

    @property
    def failed(self) -> bool:
        """Whether the replay contradicts its record: something differs though nothing else was asked for."""
        return not self.identical and (not self.altered or self.missing)

    @property
    def missing(self) -> bool:
        """Whether a source can't be read any more, so that nothing was computed."""
        return self.cause is not None and self.cause.kind == why.MISSING

    @property
    def witness(self) -> SheetComparison | None:
        """The first sheet that differs and was kept, so that the very cells are known."""
        return next((one for one in self.comparisons.values() if one.examples), None)

    @property
    def examples(self) -> tuple[RowDifference, ...]:
        """Cells that differ, of the first kept sheet that has some."""
        return () if self.witness is None else self.witness.examples

    def __getitem__(self, sheet: str) -> SheetResult:
        """Return a sheet of the replay; one that was not computed is computed now."""
        if self.run is None:
            raise KeyError(sheet)
        return self.run[sheet]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "record": self.record.id,
            "identical": self.identical,
            "altered": self.altered,
            "failed": self.failed,
            "place": None if self.place is None else place_json(self.place),
            "cause": None if self.cause is None else self.cause.to_json(),
            "causes": [one.to_json() for one in self.causes],
            "chapters": [one.to_json() for one in self.chapters],
            "sheets": {name: one.to_json() for name, one in self.comparisons.items()},
        }


def replay(
    record: RunRecord | str | os.PathLike[str],
    *,
    check: bool = True,
    sheet: str | None = None,
    from_sheet: str | None = None,
    sources: Mapping[str, Any] | None = None,
    mappings: Mapping[str, Mapping[str, str]] | None = None,
    parameters: Mapping[str, Any] | None = None,
    workbook: Workbook | str | os.PathLike[str] | None = None,
    threads: int | None = None,
    block_rows: int | None = None,
    head: int = 5,
    progress: Progress | None = None,
) -> Replay:
    """Run a record again from its sources, with its clock and seed, and compare every column with it.

    Args:
        record: a record, or its folder.
        check: whether to compare.
        sheet: replay only this sheet and what it is made of.
        from_sheet: begin at this sheet: what it is made of is taken from the record where it was kept (and else
            computed, without chapters); what depends on it is replayed.
        sources: other files or frames by sheet. Sources that were frames must be given again, unless they were kept.
        mappings: sheet → column → its name in the file, beside the recorded ones.
        parameters: other values, beside the recorded ones.
        workbook: another workbook to run in place of the recorded one, such as the file as it is now.
        threads, block_rows: as in :meth:`Workbook.run`; nothing depends on them.
        head: how many rows of each sheet its chapter has.
        progress: called before each sheet.

    Raises:
        RecordError: the record is missing or damaged.
        WorkbookError: an unknown sheet or parameter, or a workbook with mistakes.
        SourceError: a given source can't be read. (A recorded one that can't is told as a cause, not raised.)
        DataError: the data broke a rule, as in a run.

    >>> import sheetline as sl
    >>> book = sl.Workbook("W").source("E", type="frame").formulas("F", of="E", columns={"y": "#x * 2"})
    >>> record = book.run(sources={"E": {"x": [1, 2]}}, record=True).record
    >>> sl.replay(record, sources={"E": {"x": [1, 2]}}).identical
    True
    >>> other = sl.replay(record, sources={"E": {"x": [1, 3]}})
    >>> print(other.place, "-", other.cause.kind)
    sheet 'E', column 'x', rows 1 to 2 (leaf 0) - source bytes
    """
    found = record if isinstance(record, RunRecord) else RunRecord.load(record)
    if check:
        check_objects(found)
    asked = _Asked(found, sources or {}, mappings or {}, parameters or {}, _book(workbook, found), workbook is not None)
    return _Replaying(asked, check, head).replayed(sheet, from_sheet, threads, block_rows, progress)


def _book(workbook: Workbook | str | os.PathLike[str] | None, record: RunRecord) -> Workbook:
    from sheetline.workbook.model.workbook import Workbook

    if workbook is None:
        return record.book()
    return workbook if isinstance(workbook, Workbook) else Workbook.load(workbook)


@dataclass(frozen=True, slots=True)
class _Asked:
    record: RunRecord
    sources: Mapping[str, Any]
    mappings: Mapping[str, Mapping[str, str]]
    parameters: Mapping[str, Any]
    book: Workbook
    other_book: bool

    @property
    def altered(self) -> bool:
        """Whether something was given that is not what the record was made with."""
        frames = {one.sheet for one in self.record.sources if one.type == "frame"}
        others = set(self.sources) - frames  # a frame must be given again, so it is no wish for something else
        return bool(others or self.mappings or self.parameters or self.other_book)


@dataclass(slots=True)
class _Replaying:
    asked: _Asked
    check: bool
    head: int
    unread: dict[str, Cause] = field(default_factory=dict)

    def replayed(
        self,
        sheet: str | None,
        from_sheet: str | None,
        threads: int | None,
        block_rows: int | None,
        progress: Progress | None,
    ) -> Replay:
        asked = self.asked
        named = [name for name in (sheet, from_sheet) if name is not None]
        problems = unknown_sheets(asked.book, [*named, *asked.sources, *asked.mappings])
        if problems:
            raise WorkbookError(problems)
        done = Replay(asked.record, asked.altered)
        whole = self._plan()
        aimed = self._aimed(whole, sheet, from_sheet)
        targets, shown = aimed.targets, self._later(whole, from_sheet)
        needed = aimed.needed(targets, everything=asked.book.errors.mode != "keep")
        gone = next((self.unread[name] for name in needed if name in self.unread), None)
        if gone is not None:
            assert gone.sheet is not None
            done.causes, done.cause, done.place = [gone], gone, Place(gone.sheet)
            return done
        recorder = Recorder(aimed, {**asked.record.given, **asked.parameters}, asked.record.wanted, threads)
        try:
            heads = Heads(self.head, recorder)
            done.run = execute(aimed, Options(None, threads, block_rows, progress, heads))
            done.now = recorder.record(done.run)
        finally:
            recorder.close()
        if self.check:
            self._compare(done)
        done.chapters = self._chapters(done, aimed, heads, shown)
        return done

    # --- what is run

    def _plan(self) -> Plan:
        asked, record = self.asked, self.asked.record
        values, wrong = parameter_values(asked.book, self._parameters())
        if wrong:
            raise WorkbookError(wrong)
        given: dict[str, Any] = {}
        stand_ins: dict[str, Step] = {}
        for source in record.sources:
            self._place(source, given, stand_ins)
        mappings = {one.sheet: dict(one.mapping) for one in record.sources if one.mapping}
        for name, mapping in asked.mappings.items():
            mappings[name] = {**mappings.get(name, {}), **mapping}
        given.update(asked.sources)
        folder = asked.book.folder if asked.other_book else Path(record.circumstances.folder)
        zone = self._zone()
        sources = SourcesOfReplay(folder, given, mappings, zone, record.sample, stand_ins)
        return plan(asked.book, sources, values, Environment(zone, record.now, record.seed))

    def _parameters(self) -> dict[str, Any]:
        """Return the values given for the recorded run, and those given now."""
        record, known = self.asked.record, self.asked.book.parameters
        recorded = {name: value for name, value in record.given.items() if name in known}
        if not self.asked.other_book:
            # A value that is not the one that the sheets were made with was changed by hand: it shall show.
            for name, one in record.parameters.items():
                used = [sheet.definition.get("parameters", {}).get(name) for sheet in record.sheets]
                if name in known and any(value is not None and value != one for value in used):
                    recorded[name] = _as_given(one)
        return {**recorded, **self.asked.parameters}

    def _zone(self) -> str:
        record, zone = self.asked.record, self.asked.book.timezone
        used = {sheet.definition.get("timezone") for sheet in record.sheets} - {None}
        changed = used and record.timezone not in used
        return record.timezone if changed and not self.asked.other_book else zone

    def _place(self, source: SourceRecord, given: dict[str, Any], stand_ins: dict[str, Step]) -> None:
        """Say where a recorded source is read from now; one that is gone is stood in for."""
        name = source.sheet
        sheet = next((one for one in self.asked.book.sheets if one.name == name), None)
        if name in self.asked.sources or sheet is None or sheet.kind != "source":
            return
        words = self._gone(source)
        if words is None:
            if source.given:
                given[name] = source.place or source.path
            return
        if not source.given and self.asked.other_book:
            return  # the other workbook says where to read
        recorded = self.asked.record.sheet(name)
        if recorded.kept is not None:
            stand_ins[name] = kept_step(self.asked.record, name)
            return
        stand_ins[name] = MissingStep(name, recorded_schema(recorded))
        self.unread[name] = why.missing_cause(source, words)

    def _gone(self, source: SourceRecord) -> str | None:
        """Say why a source can't be read from where it was, or return None."""
        if source.type == "frame":
            return f"it was a frame, which no record holds: give it again, as sources={{'{source.sheet}': frame}}"
        if source.place is None:  # behind a URL
            return None
        if not Path(source.place).is_file():
            return f"there is no file {source.place} any more: say where it is, as {source.sheet}=PATH"
        return None

    def _aimed(self, whole: Plan, sheet: str | None, from_sheet: str | None) -> PlanOfReplay:
        """Return the plan with the sheets and columns to compute, and what is taken from the record."""
        record = self.asked.record
        steps = dict(whole.steps)
        later = self._later(whole, from_sheet)
        if from_sheet is not None:
            kept = {one.name for one in record.sheets if one.kept is not None and one.name not in later}
            # What the chosen sheet is made of is as it was, whatever it would be made of now.
            steps.update({name: kept_step(record, name) for name in kept if name in steps})
        targets = self._targets(whole, sheet, later)
        parts = {one.name: getattr(whole, one.name) for one in fields(Plan)}
        aimed = PlanOfReplay(**{**parts, "steps": steps}, targets=targets)
        everything = whole.workbook.errors.mode != "keep"
        needed = aimed.needed(targets, everything=everything)
        for one in record.sheets:  # kept sheets on the way are held, so that their rows can be compared
            if one.kept is not None and one.name in needed and not isinstance(steps[one.name], KeptStep):
                targets.setdefault(one.name, needed[one.name])
        return aimed

    def _targets(self, whole: Plan, sheet: str | None, later: set[str]) -> dict[str, list[str]]:
        record = self.asked.record
        if sheet is not None:
            return {sheet: self._columns(whole, sheet)}
        wanted = record.wanted
        if wanted is not None:
            wanted = tuple(name for name in wanted if name in whole.steps)
        targets = whole.wanted(wanted)
        on_way = {name: columns for name, columns in targets.items() if name in later}
        if on_way:
            return on_way
        last = next(reversed([name for name in whole.steps if name in later]))
        return {last: self._columns(whole, last)}

    def _columns(self, whole: Plan, name: str) -> list[str]:
        """Return the recorded columns of a sheet that it still has; all of a sheet that was not recorded."""
        schema = whole.steps[name].schema
        recorded = next((one for one in self.asked.record.sheets if one.name == name), None)
        known = [] if recorded is None else [one.name for one in recorded.columns if one.name in schema]
        return known or list(schema)

    @staticmethod
    def _later(whole: Plan, from_sheet: str | None) -> set[str]:
        """Return the sheet to begin at and all that depend on it; all sheets if none is named."""
        if from_sheet is None:
            return set(whole.steps)
        later = {from_sheet}
        for name, step in whole.steps.items():  # each stands behind those it needs
            if later.intersection(step.needs(list(step.schema))):
                later.add(name)
        return later

    # --- what came out

    def _compare(self, done: Replay) -> None:
        assert done.now is not None
        assert done.run is not None
        record, now = done.record, done.now
        done.causes = why.causes_of(record, now)
        before = {one.name: one for one in record.sheets}
        other_machine = dict(record.features) != dict(now.features)
        doubtful: set[str] = set()  # sheets that may differ for another reason than the machine
        for sheet in now.sheets:
            then = before.get(sheet.name)
            if then is None or isinstance(done.run.plan.steps[sheet.name], KeptStep):
                continue
            own = any(one.sheet == sheet.name for one in done.causes)
            lenient = other_machine and sheet.kind != "source" and not own and not doubtful.intersection(sheet.inputs)
            found = compare_sheets(then, sheet, same_machine=not lenient)
            found = self._rows(done, then, found, same_machine=not lenient)
            done.comparisons[sheet.name] = found
            if own or not found.identical or doubtful.intersection(sheet.inputs):
                doubtful.add(sheet.name)
            if done.place is None and found.place is not None:
                done.place = found.place
                done.cause = self._cause(done, then, sheet)
        if done.cause is not None and done.cause not in done.causes:
            done.causes = [done.cause, *(one for one in done.causes if not _replaced(one, done.cause))]

    def _rows(self, done: Replay, then: SheetRecord, found: SheetComparison, *, same_machine: bool) -> SheetComparison:
        assert done.run is not None
        differ = any(one.status in (DIFFERS, INCOMPARABLE) for one in found.columns)
        result = done.run.results.get(then.name)
        if not differ or then.kept is None or result is None:
            return found
        return compare_rows(found, done.record.table(then.name), result.table, same_machine=same_machine)

    def _cause(self, done: Replay, then: SheetRecord, sheet: SheetRecord) -> Cause:
        """Return why the first sheet that differs does so: what it is made of is as it was, so it is its own doing."""
        assert done.now is not None
        own = [one for one in done.causes if one.sheet == sheet.name]
        if sheet.kind == "source":
            frame = all(one is not None and one.type == "frame" for one in self._both(done, sheet.name))
            moved = sheet.rowset is not None and sheet.rowset == then.rowset and sheet.rows == then.rows
            if moved and (frame or any(one.kind == why.BYTES for one in own)):
                return why.order_cause(sheet.name, sheet.kind)
            if frame and not own:
                return why.frame_cause(sheet.name)
        if own:
            return own[0]
        whole_run = [one for one in done.causes if one.kind == why.VERSION]
        if whole_run:
            return whole_run[0]
        if self._moved(done, then):
            return why.order_cause(sheet.name, sheet.kind)
        return why.unknown_cause(sheet.name)

    @staticmethod
    def _both(done: Replay, name: str) -> Sequence[SourceRecord | None]:
        assert done.now is not None
        return (done.record.source(name), done.now.source(name))

    @staticmethod
    def _moved(done: Replay, then: SheetRecord) -> bool:
        """Whether a kept sheet holds the same rows in another order."""
        assert done.run is not None
        result = done.run.results.get(then.name)
        if then.kept is None or result is None:
            return False
        return _rowset(done.record.table(then.name)) == _rowset(result.table)

    def _chapters(self, done: Replay, aimed: PlanOfReplay, heads: Heads, shown: set[str]) -> list[Chapter]:
        assert done.now is not None
        rows = {sheet.name: sheet.rows for sheet in done.now.sheets}
        chapters: list[Chapter] = []
        for sheet in done.now.sheets:
            if sheet.name not in shown:
                continue
            model = aimed.workbook.sheet(sheet.name)
            chapters.append(
                Chapter(
                    number=len(chapters) + 1,
                    sheet=sheet.name,
                    kind=sheet.kind,
                    description=sheet.description,
                    does=does(model),
                    formulas=sheet.formulas,
                    rows_in={name: rows[name] for name in sheet.inputs},
                    rows_out=sheet.rows,
                    head=heads.found.get(sheet.name, Table({}, 0)),
                    comparison=done.comparisons.get(sheet.name),
                    from_record=isinstance(aimed.steps[sheet.name], KeptStep),
                )
            )
        return chapters


def _replaced(one: Cause, by: Cause) -> bool:
    """Whether a cause is told better by another: other bytes of the same rows in another order."""
    return by.kind == why.ORDER and one.kind == why.BYTES and one.sheet == by.sheet


def _as_given(parameter: Mapping[str, Any]) -> Any:
    """Return a recorded parameter as one gives it to a run: dates as ISO text."""
    value = parameter["value"]
    if parameter["type"] != "date" or not isinstance(value, int):
        return value
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value)).isoformat()


def _rowset(table: Table) -> str:
    rows = RowSet()
    rows.update(table)
    return rows.finish()


__all__ = ["Cause", "Chapter", "Place", "Replay", "replay"]
