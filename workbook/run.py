"""Running a plan: step by step, freeing what nobody needs any more, and reporting what happened."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from sheetline.formulas.blocks import Workers
from sheetline.formulas.diagnostics import SheetlineError, WorkbookError
from sheetline.formulas.parts import joined
from sheetline.functions.columns import Column, Table
from sheetline.functions.errors import Mask
from sheetline.workbook.planning import Plan, unknown_sheets
from sheetline.workbook.regions import Region, RegionRun, guarded
from sheetline.workbook.regions import regions as planned_regions
from sheetline.workbook.report import RunReport, SheetReport, Written, columns_report, examples
from sheetline.workbook.steps import Notice, RunContext, Step, StepResult

if TYPE_CHECKING:
    import pandas as pd

    from sheetline.workbook.cache.session import Session
    from sheetline.workbook.cache.store import Store
    from sheetline.workbook.checks.checking import Checking
    from sheetline.workbook.record.model import RunRecord
    from sheetline.workbook.trace.explain import Explanation
    from sheetline.workbook.trace.model import Trace
    from sheetline.workbook.trace.tracing import Tracer

Progress = Callable[[str, int, int], None]
"""Called before each sheet with its name, its number from 0, and how many there are."""


class Observer(Protocol):
    """Sees every sheet that a run makes, as it is made. It must not keep or change what it is shown."""

    def part(self, sheet: str, table: Table) -> None:
        """See the next rows of a sheet, in the order of the sheet; between them may be parts of other sheets."""

    def done(self, report: SheetReport) -> None:
        """See that a sheet is complete."""


class DataError(SheetlineError):
    """The data broke a rule that the workbook sets: mode "fail", or an expectation of a join. ``report`` says where."""

    def __init__(self, message: str, report: RunReport) -> None:
        super().__init__(message)
        self.report = report


@dataclass(frozen=True, slots=True, eq=False)
class SheetResult:
    """One sheet of a run."""

    name: str
    table: Table
    report: SheetReport
    max_logged: int = 1000

    def __len__(self) -> int:
        return self.table.rows

    def to_pandas(self) -> pd.DataFrame:
        """Return the sheet as a new frame with a fresh index; errors are null there (see ``errors``)."""
        from sheetline.functions.interop import table_to_pandas

        return table_to_pandas(self.table)

    def to_arrow(self) -> Any:
        """Return the sheet as a ``pyarrow.Table``; errors are null there."""
        import pyarrow as pa

        from sheetline.functions.arrow import column_to_arrow

        return pa.table({name: column_to_arrow(column) for name, column in self.table.columns.items()})

    @property
    def errors(self) -> pd.DataFrame:
        """All error values: column, row (from 0), code, message."""
        import pandas as pd

        rows: list[tuple[str, int, str, str]] = []
        for name, column in self.table.columns.items():
            if column.errors is not None:
                found = column.errors
                rows += [(name, int(found.rows[i]), found.code(i), found.message(i)) for i in range(len(found))]
        return pd.DataFrame(rows, columns=["column", "row", "code", "message"])


@dataclass(slots=True, eq=False)
class Run:
    """A finished run: its report, its sheets, and any other sheet of the workbook when asked for.

    ``run["Trips"]`` gives a sheet that the run kept; another one is computed then, from the same sources.
    """

    plan: Plan
    report: RunReport
    results: dict[str, SheetResult]
    options: Options
    recorded: RunRecord | None = None
    tracer: Tracer | None = field(default=None, repr=False)

    @property
    def record(self) -> RunRecord:
        """The record of the run, if it was asked for: ``run(record=True)``.

        Raises:
            RecordError: it was not.
        """
        if self.recorded is None:
            from sheetline.workbook.record.faults import RecordError

            raise RecordError("this run kept no record", "", "ask for it: run(record=True)")
        return self.recorded

    def __getitem__(self, name: str) -> SheetResult:
        if name not in self.results:
            problems = unknown_sheets(self.plan.workbook, [name])
            if problems:
                raise WorkbookError(problems)
            unchecked = replace(self.plan, checks={})  # the run has made its checks
            self.results.update(execute(unchecked, replace(self.options, sheets=(name,))).results)
        return self.results[name]

    def trace(self, sheet: str, row: int, column: str | None = None) -> Trace:
        """Return the rows of every sheet, down to the sources, that one row or cell is made of.

        The sheets on the way are made again, from the same sources, and kept for the next question.

        Args:
            sheet: the sheet.
            row: the row's number, from 0; negative numbers count from the end.
            column: one of its columns: only what this one needs is followed. None: the whole row.

        Raises:
            WorkbookError: there is no such sheet or column.
            IndexError: there is no such row.
            SourceError: a source can't be read any more.

        >>> import sheetline as sl
        >>> book = sl.Workbook("W").source("E", type="frame").filter("F", of="E", where="#x > 1")
        >>> trace = book.run(sources={"E": {"x": [1, 2, 3]}}).trace("F", row=1)
        >>> trace["E"].rows.tolist()
        [2]
        >>> print(trace)
        F, row 2
        <BLANKLINE>
        F (filter): row 2
            row  x
              2  3
        <BLANKLINE>
        E (source from a frame): row 3
            row  x
              3  3
        """
        from sheetline.workbook.trace.runs import trace_run

        return trace_run(self, sheet, row, column)

    def explain(self, sheet: str, column: str, row: int) -> Explanation:
        """Return how a cell came to its value: each part of the formula with its value for that row.

        Args:
            sheet: the sheet.
            column: the column.
            row: the row's number, from 0; negative numbers count from the end.

        Raises:
            WorkbookError: there is no such sheet or column.
            IndexError: there is no such row.
            SourceError: a source can't be read any more.

        >>> import sheetline as sl
        >>> book = sl.Workbook("W").source("E", type="frame")
        >>> book = book.formulas("F", of="E", columns={"y": "ROUND(#x / 3;1)"})
        >>> print(book.run(sources={"E": {"x": [1, 2]}}).explain("F", "y", row=1))
        F!y, row 2 = 0.7
        ROUND(#x / 3;1) = 0.7
        ├─ #x / 3 = 0.6666666666666666
        │  ├─ #x = 2  (E, row 2)
        │  └─ 3
        └─ 1
        """
        from sheetline.workbook.trace.explain import explain_cell

        return explain_cell(self, sheet, column, row)

    def __contains__(self, name: object) -> bool:
        return name in self.plan.steps

    def __iter__(self) -> Iterator[str]:
        return iter(self.results)


@dataclass(frozen=True, slots=True)
class Options:
    """How a plan is run.

    Attributes:
        sheets: the sheets wanted; None for outputs and kept sheets.
        threads: number of threads; None for one a core.
        progress: told before each sheet.
        observer: shown each sheet.
        cache: where results are kept between runs; None for nowhere. In the error modes "drop" and "fail" it is not
            used: there each column decides about the rows of all others.
        fuse: whether sheets are made together, part by part, where that gives the same (see ``regions``).
    """

    sheets: tuple[str, ...] | None = None
    threads: int | None = None
    block_rows: int | None = None
    progress: Progress | None = None
    observer: Observer | None = None
    cache: Store | None = None
    fuse: bool = True


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
    todo: dict[str, list[str]] = field(default_factory=dict)  #: by sheet that must run, the columns it makes

    def run(self) -> Run:
        started = time.perf_counter()
        plan = self.plan
        mode = plan.workbook.errors.mode
        wanted = plan.wanted(self.options.sheets)
        if self.options.cache is not None and mode == "keep":
            from sheetline.workbook.cache.session import Session

            self.session = Session(self.options.cache, plan)
            needed = self.session.needed(plan.with_checked(wanted), all_sheets=self.options.observer is not None)
            self.todo = self.session.todo
        else:
            needed = plan.needed(wanted, everything=mode != "keep")
            self.todo = dict(needed)
        self.remaining = self._consumers(needed)
        if plan.checks:
            from sheetline.workbook.checks.checking import Checking

            wanted = {name: columns for name, columns in wanted.items() if columns or name not in plan.checks}
            self.checking = Checking.of(plan, needed)
            for sheets in self.checking.needs():
                for name in sheets:
                    self.remaining[name] += 1
        for name in wanted:
            self.remaining[name] += 1  # it stays with the run
        report = RunReport(plan.workbook.name)
        results: dict[str, SheetResult] = {}
        most = plan.workbook.errors.max_logged
        together = planned_regions(plan, self._whole(needed)) if mode == "keep" and self.options.fuse else {}
        done: dict[str, SheetReport] = {}
        numbers = {name: number for number, name in enumerate(needed)}
        for name in needed if self.session is None else self.session.full:
            if self.session is not None and name not in needed:
                report.sheets.append(self.session.unseen(name))
                continue
            number, columns = numbers[name], needed[name]
            if self.options.progress is not None:
                self.options.progress(name, number, len(needed))
            region = together.get(name)
            if region is not None and self.tables[region.base].rows > self.workers.block_rows:
                done.update(self._region(region, needed, wanted, most))
            if name in done:
                sheet_report = done[name]
                report.sheets.append(sheet_report)
            else:
                sheet_report = self._sheet(name, columns, report)
            if self.session is not None:
                self.session.done(sheet_report)
            released = [] if self.checking is None else self.checking.done(sheet_report, self.tables, self.workers)
            if self.options.observer is not None:
                self.options.observer.done(sheet_report)
            if name in wanted:
                results[name] = self._result(name, wanted[name], columns, sheet_report)
            self._free(name, released)
        if self.session is not None:
            self.session.close()
        report.seconds = time.perf_counter() - started
        return Run(plan, report, results, self.options)

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
            self._judge(mode, found, report, table)
            if mode == "drop":
                table = _drop_errors(table, found, most)
            if self.session is not None:
                self.session.part(name, table)
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
        if self.options.observer is not None:
            self.options.observer.part(name, table)
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
        observer, session = self.options.observer, self.session
        outside = self._outside(region, needed, wanted)
        everything = observer is not None or session is not None
        shown = {name: needed[name] for name in region.sheets} if everything else outside
        base = self.tables[region.base]
        if self.remaining[region.base] == sum(self._base_of(name, needed) == region.base for name in region.sheets):
            self.tables[region.base] = Table({}, base.rows)  # nobody else needs it: it goes with the region
        work = RegionRun(region, self.plan, needed, shown, most)
        parts: dict[str, list[Table]] = {name: [] for name in outside}
        run = work.run(base, self.workers)
        del base
        for part in run:
            for name, table in part.items():
                if observer is not None:
                    observer.part(name, table)
                if session is not None:
                    session.part(name, table)
                if name in parts:
                    parts[name].append(table)
        for name in list(parts):
            self.tables[name] = joined(parts.pop(name), outside[name])
        book = self.plan.workbook
        return {name: work.report(name, book.sheet(name).kind) for name in region.sheets}

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
        ctx = RunContext(env, self.workers, lambda sheet, column: inputs[sheet].columns[column], last, known=known)
        for sheet in last:  # the step gets the only reference, and may empty the table as it goes
            inputs[sheet] = Table(dict(inputs[sheet].columns), inputs[sheet].rows)
            self.tables[sheet] = Table({}, inputs[sheet].rows)
        result = guarded(step, lambda: step.run(inputs, columns, ctx))
        seconds = time.perf_counter() - started
        return self._report(step, columns, result, seconds, most), result.table

    def _report(self, step: Step, columns: Sequence[str], result: StepResult, seconds: float, most: int) -> SheetReport:
        kind = self.plan.workbook.sheet(step.name).kind
        removed = result.row_errors
        return SheetReport(
            step.name,
            kind,
            result.table.rows,
            seconds,
            columns_report(result.table, most),
            [name for name in step.schema if name not in columns],
            0 if removed is None else len(removed),
            list(examples(removed, most)),
            list(result.notices),
        )

    def _judge(self, mode: str, sheet: SheetReport, report: RunReport, table: Table) -> None:
        """Stop in mode "fail" at a sheet with an error."""
        if mode != "fail" or sheet.errors == 0:
            return
        first = next((c for c in sheet.columns if c.errors), None)
        if first is not None:
            rows = _rows_of(table.columns[first.name])
            said = first.examples[0].message if first.examples else ""
            many = f"{first.errors:,} errors, in rows" if first.errors > 1 else "an error in row"
            message = f"sheet '{sheet.name}', column '{first.name}': {many} {rows}: {said}"
        else:
            said = sheet.removed_examples[0].message if sheet.removed_examples else ""
            rows = ", ".join(str(one.row) for one in sheet.removed_examples[:10])
            rows += ", …" if sheet.removed > 10 else ""
            many = f"{sheet.removed:,} rows underneath ({rows})" if sheet.removed > 1 else f"row {rows} underneath"
            message = f"sheet '{sheet.name}': the condition is an error in {many}: {said}"
        raise DataError(message + '; errors.mode is "fail"', report)


def _rows_of(column: Column) -> str:
    assert column.errors is not None
    rows = [str(row + 1) for row in column.errors.rows[:10].tolist()]
    return ", ".join(rows) + (", …" if len(column.errors) > 10 else "")


def _drop_errors(table: Table, report: SheetReport, most: int) -> Table:
    """Return the table without rows that hold an error; the report counts them and shows the first."""
    bad: Mask | None = None
    for column in table.columns.values():
        if column.errors is not None:
            mask = column.errors.mask(table.rows)
            bad = mask if bad is None else bad | mask
    if bad is None:
        return table
    kept = table.take(np.flatnonzero(~bad))
    report.rows = kept.rows
    after = columns_report(kept, 0)  # nulls of the rows that are left; errors and examples of those that are not
    report.columns = [replace(old, nulls=new.nulls) for old, new in zip(report.columns, after, strict=True)]
    count = int(bad.sum())
    words = f"{count:,} rows with an error were dropped" if count > 1 else "1 row with an error was dropped"
    report.notices.append(Notice("info", words, count))
    return kept


def broken_expectations(report: RunReport) -> str | None:
    """Return a sentence for the expectations that the data broke, or None."""
    broken = report.broken
    if not broken:
        return None
    return "; ".join(f"sheet '{name}': {notice.message}" for name, notice in broken)


__all__ = ["DataError", "Options", "Progress", "Run", "SheetResult", "Written", "broken_expectations", "execute"]
