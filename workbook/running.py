"""The workbook's own methods to check and run it; mixed into the workbook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sheetline.formulas.diagnostics import Diagnostic, WorkbookError

if TYPE_CHECKING:
    from sheetline.functions.columns import Constant
    from sheetline.workbook.lineage.view import Lineage
    from sheetline.workbook.model.workbook import Workbook
    from sheetline.workbook.planning import Plan
    from sheetline.workbook.run import Progress, Run

Sources = Mapping[str, Any]
Mappings = Mapping[str, Mapping[str, str]]


class WorkbookRunning:
    """Checking and running."""

    __slots__ = ()

    def check(
        self,
        *,
        sources: Sources | None = None,
        mappings: Mappings | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> list[Diagnostic]:
        """Return everything that is wrong with the formulas and sheets, without computing anything.

        Sources whose columns are not all listed are looked at, since their columns are not known otherwise.

        Args:
            sources, mappings, parameters: as in :meth:`run`.

        Raises:
            SourceError: a source can't be looked at.

        >>> from sheetline import Workbook
        >>> book = Workbook("W").source("E", "e.csv", columns={"x": "integer"}, only=True)
        >>> [d.code for d in book.formulas("F", of="E", columns={"y": "#x + #z"}).check()]
        ['F102']
        """
        try:
            return list(self.plan(sources=sources, mappings=mappings, parameters=parameters).warnings)
        except WorkbookError as error:
            return list(error.diagnostics)

    def plan(
        self: Any,
        *,
        sources: Sources | None = None,
        mappings: Mappings | None = None,
        parameters: Mapping[str, Any] | None = None,
        sample: int | None = None,
        now: datetime | str | None = None,
        seed: int = 0,
    ) -> Plan:
        """Bind every sheet and return the plan that runs and lineage read.

        Raises:
            WorkbookError: with all that is wrong.
            SourceError: a source can't be looked at.
        """
        from sheetline.formulas.api import environment
        from sheetline.workbook.planning import plan, unknown_sheets
        from sheetline.workbook.sources import Sources as SourcesOfRun

        book: Workbook = self
        problems = unknown_sheets(book, [*(sources or {}), *(mappings or {})])
        values, wrong = parameter_values(book, parameters or {})
        if problems or wrong:
            raise WorkbookError([*problems, *wrong])
        found = SourcesOfRun(book.folder, sources or {}, mappings or {}, book.timezone, sample)
        return plan(book, found, values, environment(book.timezone, now, seed))

    def run(
        self: Any,
        *,
        sources: Sources | None = None,
        mappings: Mappings | None = None,
        parameters: Mapping[str, Any] | None = None,
        sheets: Sequence[str] | None = None,
        sample: int | None = None,
        threads: int | None = None,
        block_rows: int | None = None,
        fuse: bool = True,
        now: datetime | str | None = None,
        seed: int = 0,
        out: str | FilePath | None = None,
        write: bool = False,
        progress: Progress | None = None,
        record: bool | str | FilePath = False,
    ) -> Run:
        """Run the workbook and return the run; with ``write`` its outputs are written too.

        Args:
            sources: sheet → a frame, or the path of another file, in place of what the workbook says.
            mappings: sheet → column → its name in the file.
            parameters: other values for parameters.
            sheets: the sheets wanted; default the outputs and the sheets with ``keep``.
            sample: read only so many rows of each source.
            threads: number of threads; default one a core. Results never depend on it.
            block_rows: rows of a block; results never depend on it.
            fuse: whether sheets that can be are made together, part by part; results never depend on it.
            now: the clock; default the computer's.
            seed: the seed of random functions and samples without one of their own.
            out: a folder that takes the place of the workbook's for relative paths of outputs.
            write: whether to write the outputs.
            progress: called before each sheet with its name, its number and how many there are.
            record: whether to keep a record of the run (``run.record``); a folder: write it there too.

        Raises:
            WorkbookError: something is wrong with the workbook; nothing was computed.
            DataError: the data broke a rule (mode "fail", an expectation); ``report`` tells where.
            SourceError: a source can't be read, or an output can't be written.

        >>> import sheetline as sl
        >>> book = sl.Workbook("W").source("E", type="frame").formulas("F", of="E", columns={"y": "#x * 2"})
        >>> book.run(sources={"E": {"x": [1, 2]}})["F"].to_pandas()["y"].tolist()
        [2, 4]
        """
        from sheetline.workbook.outputs import write_outputs
        from sheetline.workbook.planning import unknown_sheets
        from sheetline.workbook.record.watching import recording
        from sheetline.workbook.run import DataError, Options, broken_expectations, execute

        book: Workbook = self
        problems = unknown_sheets(book, sheets or ())
        if problems:
            raise WorkbookError(problems)
        plan = book.plan(sources=sources, mappings=mappings, parameters=parameters, sample=sample, now=now, seed=seed)
        chosen = None if sheets is None else tuple(sheets)
        with recording(plan, record, parameters or {}, chosen, threads) as recorder:
            run = execute(plan, Options(chosen, threads, block_rows, progress, recorder))
            broken = broken_expectations(run.report)
            if broken is not None:
                raise DataError(broken, run.report)
            if write:
                write_outputs(run, FilePath(out) if out is not None else book.folder)
            if recorder is not None:
                run.recorded = recorder.record(run)
                if record is not True:
                    run.recorded.save(str(record))
        return run

    def lineage(
        self: Any,
        of: str | None = None,
        column: str | None = None,
        direction: Literal["up", "down"] = "up",
        depth: int | None = None,
        level: Literal["column", "sheet"] = "column",
        *,
        sources: Sources | None = None,
        mappings: Mappings | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Lineage:
        """Return where a sheet or a column comes from, or what depends on it. Nothing is run.

        Args:
            of: the sheet; without it the whole workbook.
            column: one of its columns; without it all of them.
            direction: "up" to its inputs, their inputs, up to the columns of files; "down" to what is made from it,
                up to the outputs: what breaks if it changes.
            depth: how many steps to follow; all without it.
            level: "column", or "sheet" for sheets alone.
            sources, mappings, parameters: as in :meth:`run`.

        Raises:
            WorkbookError: something is wrong with the workbook, or there is no such sheet or column.
            SourceError: a source can't be looked at.

        >>> from sheetline import Workbook
        >>> book = Workbook("W").source("E", "e.csv", columns={"x": "integer", "y": "integer"}, only=True)
        >>> book = book.filter("F", of="E", where="#y > 0").formulas("G", of="F", columns={"z": "#x * 2"})
        >>> print(book.lineage("G", "z"))
        G!z (integer) = #x * 2
        └─ value: F!x (integer)
           ├─ value: E!x (integer)
           │  └─ value: e.csv x
           └─ filter: rows of F: where #y > 0
              └─ filter: E!y (integer)
                 └─ value: e.csv y
        """
        from sheetline.workbook.lineage.build import graph_of
        from sheetline.workbook.lineage.view import lineage_of

        book: Workbook = self
        graph = graph_of(book.plan(sources=sources, mappings=mappings, parameters=parameters))
        return lineage_of(graph, of, column, direction=direction, depth=depth, level=level)


def parameter_values(book: Workbook, given: Mapping[str, Any]) -> tuple[dict[str, Constant], list[Diagnostic]]:
    """Return the parameters' values for a run, and what is wrong with the values given for it.

    Dates are ISO text, without a zone in the workbook's; a text given for another type is read as that type,
    as a command line needs it.
    """
    from sheetline.formulas.suggest import closest
    from sheetline.functions.columns import Constant
    from sheetline.workbook.model.settings import parameter_fault
    from sheetline.workbook.problems import diagnostic, quoted

    values: dict[str, Constant] = {}
    wrong: list[Diagnostic] = []
    for name in given:
        if name not in book.parameters:
            near = closest(name, list(book.parameters))
            known = ", ".join(map(quoted, book.parameters)) or "none"
            advice = f"did you mean {quoted(near[0])}?" if near else f"its parameters: {known}"
            wrong.append(diagnostic("W218", {"name": quoted(name), "advice": advice}))
    for name, parameter in book.parameters.items():
        value: Any = parameter.value
        if name in given:
            value = _read(given[name], parameter.type)
            fault = parameter_fault(parameter.type, value)
            if fault is not None:
                words = {"key": f"parameter {quoted(name)}", "expected": fault, "got": quoted(given[name])}
                wrong.append(diagnostic("W107", words))
                continue
        if parameter.type == "date":
            value = _instant(value, book.timezone)
        elif parameter.type == "float":
            value = float(value)
        values[name] = Constant.of(value)
    return values, wrong


def _read(value: Any, kind: str) -> Any:
    """Read a text of the command line as a parameter's type; what can't be read stays text, and is refused."""
    if isinstance(value, date):  # a datetime is one
        return value.isoformat()
    if isinstance(value, np.generic):
        return value.item()
    if not isinstance(value, str) or kind in ("string", "date"):
        return value
    if kind == "boolean":
        return {"true": True, "false": False}.get(value.strip().lower(), value)
    try:
        return int(value) if kind == "integer" else float(value)
    except ValueError:
        return value


def _instant(text: str, timezone: str) -> datetime:
    from zoneinfo import ZoneInfo

    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=ZoneInfo(timezone)) if moment.tzinfo is None else moment
