"""Running a plan: step by step, freeing what nobody needs any more, and reporting what happened."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sheetline.formulas.blocks import Workers
from sheetline.formulas.parts import joined
from sheetline.functions.columns import Table
from sheetline.workbook.judging import drop_errors, judge
from sheetline.workbook.optimisations import as_run
from sheetline.workbook.planning import Plan
from sheetline.workbook.regions import Region, RegionRun, guarded
from sheetline.workbook.regions import regions as planned_regions
from sheetline.workbook.report import RunReport, SheetReport, columns_report, examples
from sheetline.workbook.room import Guard
from sheetline.workbook.run import Observer, Options, Run, SheetResult
from sheetline.workbook.steps import Rows, RunContext, Step, StepResult

if TYPE_CHECKING:
    from sheetline.workbook.cache.session import Session
    from sheetline.workbook.checks.checking import Checking


def execute(plan: Plan, options: Options) -> Run:
    """Run what is needed for the wanted sheets and return it. Writes nothing.

    Raises:
        DataError: in mode "fail" at the first sheet with an error.
        SourceError: a source can't be read.
    """
    with _workers(options) as workers:
        execution = _Execution(plan, options, workers)
        try:
            return execution.run()
        finally:
            if execution.session is not None:
                execution.session.give_up()  # what a run that failed has begun


@contextmanager
def _workers(options: Options) -> Iterator[Workers]:
    sizes = {} if options.block_rows is None else {"block_rows": options.block_rows}
    with Workers(options.threads, **sizes) as workers:
        yield workers


@dataclass(slots=True)
class _Execution:
    plan: Plan
    options: Options
    workers: Workers
    tables: dict[str, Table] = field(default_factory=dict)
    remaining: dict[str, int] = field(default_factory=dict)
    checking: Checking | None = None
    session: Session | None = None
    observer: Observer | None = None
    guard: Guard = field(default_factory=Guard)
    todo: dict[str, list[str]] = field(default_factory=dict)  #: by sheet that must run, the columns it makes

    def run(self) -> Run:
        started = time.perf_counter()
        plan = self.plan
        self.guard = Guard(self.options.memory)
        mode = plan.workbook.errors.mode
        wanted, off = plan.wanted(self.options.sheets), self.options.off
        everything = mode != "keep" or "projection" in off
        if self.options.cache is not None and mode == "keep":
            from sheetline.workbook.cache.session import Session

            asked = plan.needed(wanted, everything=True) if everything else wanted
            self.session = Session(self.options.cache, plan, plan.with_checked(asked))
            for early in self.session.early():
                self._early(self.session, early)
            needed = self.session.needed(all_sheets=self.options.observer is not None)
            self.todo = self.session.todo
        else:
            needed = plan.needed(wanted, everything=everything)
            self.todo = dict(needed)
        self.plan = as_run(plan, needed, wanted, off)
        self.observer = self.options.observer
        self.remaining = self._consumers(needed)
        if plan.checks:
            from sheetline.workbook.checks.checking import Checking

            wanted = {name: columns for name, columns in wanted.items() if columns or name not in plan.checks}
            self.checking = Checking.of(plan, needed)
            for sheets in self.checking.needs():
                for name in sheets:
                    self.remaining[name] += 1
        for name in needed if "free" in off else wanted:
            self.remaining[name] += 1  # it stays with the run
        report = RunReport(plan.workbook.name)
        results: dict[str, SheetResult] = {}
        made = self._made(needed, wanted, report)
        for name in needed if self.session is None else self.session.full:
            if self.session is not None and name not in needed:
                report.sheets.append(self.session.unseen(name))
                continue
            columns, sheet_report = needed[name], next(made)
            if self.session is not None:
                self.session.done(sheet_report)
            released = [] if self.checking is None else self.checking.done(sheet_report, self.tables, self.workers)
            if self.observer is not None:
                self.observer.done(sheet_report)
            if name in wanted:
                results[name] = self._result(name, wanted[name], columns, sheet_report)
            self._free(name, released)
        if self.session is not None:
            self.session.close()
        report.seconds = time.perf_counter() - started
        return Run(plan, report, results, self.options)

    def _early(self, session: Session, columns: Mapping[str, Sequence[str]]) -> None:
        """Make some columns before the rest is planned, which depends on how they come out."""
        needed = session.planned_early()
        self.todo = session.todo
        self.plan = as_run(self.plan, needed, columns, self.options.off)
        self.remaining = self._consumers(needed)
        for name in session.held:
            self.remaining[name] += 1
        for found in self._made(needed, columns, RunReport(self.plan.workbook.name)):
            session.made_early(found)
            self._free(found.name)
        session.hold(self.tables)
        self.tables.clear()

    def _made(
        self, needed: Mapping[str, Sequence[str]], wanted: Mapping[str, Sequence[str]], report: RunReport
    ) -> Iterator[SheetReport]:
        """Make or take sheet after sheet, and put it among the tables."""
        book = self.plan.workbook
        fused = book.errors.mode == "keep" and "fuse" not in self.options.off
        together = planned_regions(self.plan, self._whole(needed)) if fused else {}
        done: dict[str, SheetReport] = {}
        for number, (name, columns) in enumerate(needed.items()):
            if self.options.progress is not None:
                self.options.progress(name, number, len(needed))
            region = together.get(name)
            if region is not None and self.tables[region.base].rows > self.workers.block_rows:
                done.update(self._region(region, needed, wanted, book.errors.max_logged))
            if name in done:
                report.sheets.append(done[name])
                yield done[name]
            else:
                yield self._sheet(name, columns, report)

    def _whole(self, needed: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Return the sheets of which nothing comes from the cache."""
        taken = {} if self.session is None else self.session.taken
        return {name: list(columns) for name, columns in needed.items() if name in self.todo and name not in taken}

    def _sheet(self, name: str, columns: Sequence[str], report: RunReport) -> SheetReport:
        """Make or take one sheet, put it among the tables and report it."""
        book, step = self.plan.workbook, self.plan.steps[name]
        mode, most = book.errors.mode, book.errors.max_logged
        started = time.perf_counter()
        if name in self.todo:
            found, table = self._step(step, self.todo[name], most)
            report.sheets.append(found)
            if mode == "fail":
                judge(found, report, table)
            if mode == "drop":
                table = drop_errors(table, found, most)
            if self.session is not None:
                self.session.whole(name, table)
        taken = None if self.session is None else self.session.taken.get(name)
        if self.session is not None and taken is not None:
            made = dict(taken.columns) if name not in self.todo else {**taken.columns, **table.columns}
            table = Table({column: made[column] for column in columns}, taken.rows)
            if name in self.todo:
                found.columns = columns_report(table, most)
                found.not_read = [column for column in step.schema if column not in table.columns]
            else:
                found = self.session.report(name, table, most, time.perf_counter() - started)
                report.sheets.append(found)
        self.tables[name] = table
        found.bytes = table.nbytes
        if self.observer is not None:
            self.observer.part(name, table)
        return found

    def _result(self, name: str, wanted: Sequence[str], columns: Sequence[str], report: SheetReport) -> SheetResult:
        table, step = self.tables[name], self.plan.steps[name]
        kept = columns if self.plan.workbook.sheet(name).kept or self.options.sheets else wanted
        chosen = {column: table.columns[column] for column in table.columns if column in kept or step.open_schema}
        return SheetResult(name, Table(chosen, table.rows), report, self.plan.workbook.errors.max_logged)

    def _region(
        self,
        region: Region,
        needed: Mapping[str, Sequence[str]],
        wanted: Mapping[str, Sequence[str]],
        most: int,
    ) -> dict[str, SheetReport]:
        """Make the sheets of a region together; what is needed outside goes to the tables."""
        observer, session = self.observer, self.session
        outside = self._outside(region, needed, wanted)
        shown = outside if session is None else {name: needed[name] for name in region.sheets}
        base = self.tables[region.base]
        if self.remaining[region.base] == sum(self._base_of(name, needed) == region.base for name in region.sheets):
            self.tables[region.base] = Table({}, base.rows)  # nobody else needs it: it goes with the region
        work = RegionRun(region, self.plan, needed, shown, observer, most)
        parts: dict[str, list[Table]] = {name: [] for name in outside}
        run = work.run(base, self.workers)
        del base
        for part in run:
            for name, table in part.items():
                if session is not None:
                    session.part(name, table)
                if name in parts:
                    parts[name].append(table)
        for name in list(parts):
            self.tables[name] = joined(parts.pop(name), outside[name])
        book = self.plan.workbook
        reports = {name: work.report(name, book.sheet(name).kind) for name in region.sheets}
        for name in outside:
            reports[name].bytes = self.tables[name].nbytes
        return reports

    def _base_of(self, name: str, needed: Mapping[str, Sequence[str]]) -> str:
        return next(iter(self.plan.steps[name].needs(list(needed[name]))))

    def _outside(
        self, region: Region, needed: Mapping[str, Sequence[str]], wanted: Mapping[str, Sequence[str]]
    ) -> dict[str, list[str]]:
        """Return the columns of a region's sheets that are needed outside it."""
        found: dict[str, set[str]] = {name: set(needed[name]) for name in region.sheets if name in wanted}
        for name in self.todo:
            if name not in region.sheets:
                for sheet, names in self._needs(name).items():
                    if sheet in region.sheets:
                        found.setdefault(sheet, set()).update(names)
        for looked_at in [] if self.checking is None else self.checking.needs():
            for sheet, some in looked_at.items():
                if sheet in region.sheets:
                    found.setdefault(sheet, set()).update(some)
        return {name: [column for column in needed[name] if column in found[name]] for name in found}

    def _consumers(self, needed: Mapping[str, Sequence[str]]) -> dict[str, int]:
        """Return how many steps still need each sheet."""
        count = dict.fromkeys(needed, 0)
        for name in self.todo:
            for sheet in self._needs(name):
                count[sheet] += 1
        return count

    def _needs(self, name: str) -> dict[str, set[str]]:
        """Return what a sheet needs for the columns that it must make; nothing where it does not run."""
        if self.session is not None:
            return self.session.reads.get(name, {})
        return self.plan.steps[name].needs(self.todo[name]) if name in self.todo else {}

    def _free(self, name: str, released: Sequence[str] = ()) -> None:
        """Let go of the sheets that nobody needs behind the step ``name``, nor behind the checks made with it."""
        for sheet in (*self._needs(name), *released):
            self.remaining[sheet] -= 1
            if self.remaining[sheet] == 0:
                self.tables.pop(sheet, None)
        if self.remaining[name] == 0:
            self.tables.pop(name, None)

    def _step(self, step: Step, columns: Sequence[str], most: int) -> tuple[SheetReport, Table]:
        started = time.perf_counter()
        env = replace(self.plan.env, sheet=step.name)
        inputs = {sheet: self.tables[sheet] for sheet in self._needs(step.name)}
        last = frozenset(sheet for sheet in inputs if self.remaining[sheet] == 1)
        known = (
            {} if self.session is None or step.name not in self.session.taken else self.session.taken[step.name].columns
        )
        self._expect(step, columns, inputs)
        ctx = RunContext(
            env,
            self.workers,
            lambda sheet, column: inputs[sheet].columns[column],
            last,
            guard=self.guard,
            known=known,
        )
        for sheet in last:  # the step gets the only reference, and may empty the table as it goes
            inputs[sheet] = Table(dict(inputs[sheet].columns), inputs[sheet].rows)
            self.tables[sheet] = Table({}, inputs[sheet].rows)
        result = guarded(step, lambda: step.run(inputs, columns, ctx))
        seconds = time.perf_counter() - started
        return self._report(step, columns, result, seconds, most), result.table

    def _expect(self, step: Step, columns: Sequence[str], inputs: Mapping[str, Table]) -> None:
        """Stop before a step for which there is no memory, as far as its rows are known."""
        rows, sure = step.rows_from({name: Rows(table.rows, sure=True) for name, table in inputs.items()})
        if sure:
            own = [step.schema[name] for name in columns if name in step.schema and step.passes_on(name) is None]
            self.guard.expect(step.name, rows, own)

    def _report(self, step: Step, columns: Sequence[str], result: StepResult, seconds: float, most: int) -> SheetReport:
        kind = self.plan.workbook.sheet(step.name).kind
        removed, unread = result.row_errors, result.unread
        return SheetReport(
            step.name,
            kind,
            result.table.rows + (0 if unread is None else unread.rows),
            seconds,
            columns_report(result.table, most, {} if unread is None else unread.nulls),
            [name for name in step.schema if name not in columns],
            0 if removed is None else len(removed),
            list(examples(removed, most)),
            list(result.notices),
        )
