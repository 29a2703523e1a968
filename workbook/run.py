"""What a run is asked for and what it gives: the options, the sheets, and the questions one may ask a finished run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from sheetline.formulas.diagnostics import SheetlineError, WorkbookError
from sheetline.functions.columns import Table
from sheetline.workbook.optimisations import Optimisation, ruled_out
from sheetline.workbook.planning import Plan, unknown_sheets
from sheetline.workbook.report import RunReport, SheetReport

if TYPE_CHECKING:
    import pandas as pd

    from sheetline.workbook.cache.store import Store
    from sheetline.workbook.estimate import Estimate
    from sheetline.workbook.record.model import RunRecord
    from sheetline.workbook.trace.explain import Explanation
    from sheetline.workbook.trace.model import Trace
    from sheetline.workbook.trace.presence import Presence
    from sheetline.workbook.trace.tracing import Tracer

Progress = Callable[[str, int, int], None]
"""Called before each sheet with its name, its number from 0, and how many there are."""


class Observer(Protocol):
    """Sees every sheet that a run makes, as it is made. It must not keep or change what it is shown."""

    def part(self, sheet: str, table: Table) -> None:
        """See all rows of a sheet."""

    def part_in_turn(self, sheet: str, table: Table, number: int) -> None:
        """See some rows of a sheet whose parts are made by several threads, from 0; called by these, side by side."""

    def stop(self, sheet: str, number: int) -> None:
        """See that the part of a number, or of a smaller one, can't be made; those behind it are of no use."""

    def done(self, report: SheetReport) -> None:
        """See that a sheet is complete."""


class DataError(SheetlineError):
    """The data broke a rule that the workbook sets: mode "fail", or an expectation of a join. ``report`` says where.

    ``record`` is the record of the run, if one was asked for and the run came to its end.
    """

    def __init__(self, message: str, report: RunReport) -> None:
        super().__init__(message)
        self.report = report
        self.record: RunRecord | None = None


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

    ``estimate`` is what was thought, before it began, that the run would need (see ``Workbook.estimate``).
    ``run["Trips"]`` gives a sheet that the run kept; another one is computed then, from the same sources.
    """

    plan: Plan
    report: RunReport
    results: dict[str, SheetResult]
    options: Options
    estimate: Estimate | None = None
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
            from sheetline.workbook.execution import execute

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

    def explain_row(self, sheet: str, row: int, *, of: str | None = None) -> Presence:
        """Return why a row is in a sheet: the condition that it passed, the keys that it matched, its group.

        Args:
            sheet: the sheet.
            row: the row's number, from 0; negative numbers count from the end.
            of: a sheet that ``sheet`` is made of: ``row`` is one of its rows, and what became of it is told, or why
                it was left out.

        Raises:
            WorkbookError: there is no such sheet, or the one is not made of the other.
            IndexError: there is no such row.
            SourceError: a source can't be read any more.

        >>> import sheetline as sl
        >>> book = sl.Workbook("W").source("E", type="frame").filter("F", of="E", where="#x > 1")
        >>> print(book.run(sources={"E": {"x": [1, 2]}}).explain_row("F", 0, of="E"))
        E, row 1: not in F
        <BLANKLINE>
        not in F: row 1 of E, where the condition is false:
        #x > 1 = false
        ├─ #x = 1  (E, row 1)
        └─ 1
        """
        from sheetline.workbook.trace.presence import explain_row

        return explain_row(self, sheet, row, of)

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
        memory: bytes that the run may take; None for what is free. It is refused before it begins, or before a step,
            that needs more for certain.
        without: the optimisations that are turned off (see ``optimisations``).
    """

    sheets: tuple[str, ...] | None = None
    threads: int | None = None
    block_rows: int | None = None
    progress: Progress | None = None
    observer: Observer | None = None
    cache: Store | None = None
    without: frozenset[Optimisation] = frozenset()
    memory: int | None = None

    @property
    def off(self) -> frozenset[Optimisation]:
        """The optimisations that the run does without: those turned off, and those that it rules out itself."""
        return ruled_out(self.without, cached=self.cache is not None, observed=self.observer is not None)
