"""The workbook's own methods to check and run it; mixed into the workbook."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sheetline.formulas.diagnostics import Diagnostic, WorkbookError

if TYPE_CHECKING:
    from sheetline.functions.columns import Constant
    from sheetline.workbook.checks.drift import Drift
    from sheetline.workbook.checks.gate import Mode, Notices
    from sheetline.workbook.estimate import Estimate
    from sheetline.workbook.lineage.view import Lineage
    from sheetline.workbook.model.workbook import Workbook
    from sheetline.workbook.optimisations import Optimisation
    from sheetline.workbook.planning import Plan
    from sheetline.workbook.record.model import RunRecord
    from sheetline.workbook.run import Progress, Run
    from sheetline.workbook.sources import Sources as SourcesOfRun

Sources = Mapping[str, Any]
Mappings = Mapping[str, Mapping[str, str | None]]


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
        from sheetline.workbook.planning import plan

        book: Workbook = self
        found, values = given_to(book, sources, mappings, parameters, sample)
        return plan(book, found, values, environment(book.timezone, now, seed))

    def drift(
        self: Any,
        *,
        sources: Sources | None = None,
        mappings: Mappings | None = None,
        parameters: Mapping[str, Any] | None = None,
        record: RunRecord | str | FilePath | None = None,
    ) -> Drift:
        """Return how the sources differ from what the workbook expects of them, and what that would reach.

        Columns that the workbook lists are expected, with their types; and with a record also those that the source
        had then. Nothing is run; of text files the columns are read, since their types are in their values.

        Args:
            sources, mappings, parameters: as in :meth:`run`.
            record: the record of an earlier run, or its folder.

        Raises:
            WorkbookError: the workbook is wrong even over sources as expected.
            SourceError: a source can't be read.
            RecordError: there is no such record.

        >>> from sheetline import Workbook
        >>> book = Workbook("W").source("E", type="frame", columns={"speed": "float", "id": "integer"})
        >>> book = book.formulas("F", of="E", columns={"fast": "#speed > 100"})
        >>> print(book.drift(sources={"E": {"Speed": [1.5], "id": ["x"]}}))
        E: column 'speed' is missing; it is most likely 'Speed' now; it reaches F!fast
        E: column 'id' is string, not integer; nothing uses it
        """
        from sheetline.formulas.api import environment
        from sheetline.workbook.checks.drift import find_drift
        from sheetline.workbook.record.model import RunRecord

        book: Workbook = self
        found, values = given_to(book, sources, mappings, parameters)
        then = record if record is None or isinstance(record, RunRecord) else RunRecord.load(record)
        return find_drift(book, found, values, environment(book.timezone, None, 0), then)

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
        cache: bool | str | FilePath = False,
        without: Collection[Optimisation] = (),
        memory: int | str | None = None,
        now: datetime | str | None = None,
        seed: int = 0,
        out: str | FilePath | None = None,
        write: bool = False,
        progress: Progress | None = None,
        record: bool | str | FilePath = False,
        drift: Mode | None = None,
        drift_record: RunRecord | str | FilePath | None = None,
    ) -> Run:
        """Run the workbook and return the run; with ``write`` its outputs are written too.

        Args:
            sources: sheet → a frame, or the path of another file, in place of what the workbook says.
            mappings: sheet → column → its name in the file; None: the file has no such column, so it is null.
            parameters: other values for parameters.
            sheets: the sheets wanted; default the outputs and the sheets with ``keep``.
            sample: read only so many rows of each source.
            threads: number of threads; default one a core. Results never depend on it.
            block_rows: rows of a block; results never depend on it.
            cache: whether columns are kept on disk and taken from there where nothing that decides about them has
                changed: True for the user's own cache folder, or a folder. Results never depend on it.
            memory: how much the run may take, in bytes or as "6GB"; default what is free. A run that needs more for
                certain is refused before it begins, or before the sheet that needs it (see :meth:`estimate`).
            without: optimisations to turn off, of "fuse", "projection", "pushdown", "share", "free", "packed_keys" (see
                ``workbook/optimisations.py``); results never depend on them.
            now: the clock; default the computer's.
            seed: the seed of random functions and samples without one of their own.
            out: a folder that takes the place of the workbook's for relative paths of outputs.
            write: whether to write the outputs.
            progress: called before each sheet with its name, its number and how many there are.
            record: whether to keep a record of the run (``run.record``); a folder: write it there too.
            drift: what happens where sources are not as the workbook expects (see :meth:`drift`): "stop"; "map" reads
                columns under their likely new names, and stops at what is left; "continue" makes missing columns null.
                Without it nobody looks, and a missing column is a SourceError.
            drift_record: an earlier run's record, or its folder, that tells what sources had; a folder that holds none
                yet is passed over. Without it the record that stands in the folder of ``record``, if one does.

        Raises:
            WorkbookError: something is wrong with the workbook; nothing was computed.
            DataError: the data broke a rule (mode "fail", an expectation, a check, a source that is not as expected);
                ``report`` tells where.
            SourceError: a source can't be read, or an output can't be written.
            MemoryLimitError: the run would need more memory than it may take.
            ValueError: an optimisation or a size of memory is none.

        >>> import sheetline as sl
        >>> book = sl.Workbook("W").source("E", type="frame").formulas("F", of="E", columns={"y": "#x * 2"})
        >>> book.run(sources={"E": {"x": [1, 2]}})["F"].to_pandas()["y"].tolist()
        [2, 4]
        """
        from sheetline.workbook.cache import opened
        from sheetline.workbook.estimate import estimate
        from sheetline.workbook.execution import execute
        from sheetline.workbook.judging import broken_expectations
        from sheetline.workbook.optimisations import checked, ruled_out
        from sheetline.workbook.outputs import write_outputs
        from sheetline.workbook.planning import unknown_sheets
        from sheetline.workbook.record.watching import recording
        from sheetline.workbook.room import Guard, parse_size
        from sheetline.workbook.run import DataError, Options

        book: Workbook = self
        problems = unknown_sheets(book, sheets or ())
        if problems:
            raise WorkbookError(problems)
        turned_off = checked(without)
        notices: Notices = {}
        if drift is not None:
            from sheetline.workbook.checks.gate import passed, record_at

            then = record_at(record if drift_record is None else drift_record)
            differences = book.drift(sources=sources, mappings=mappings, parameters=parameters, record=then)
            mappings, notices = passed(differences, drift, mappings or {})
        plan = book.plan(sources=sources, mappings=mappings, parameters=parameters, sample=sample, now=now, seed=seed)
        chosen = None if sheets is None else tuple(sheets)
        room = parse_size(memory) if isinstance(memory, str) else memory
        off = ruled_out(turned_off, cached=cache is not False, observed=record is not False)
        foreseen = estimate(plan, chosen, off)
        foreseen.expect(Guard(room))
        with recording(plan, record, parameters or {}, chosen, threads) as recorder:
            options = Options(chosen, threads, block_rows, progress, recorder, opened(cache), turned_off, room)
            run = execute(plan, options)
            run.estimate = foreseen
            for told in run.report.sheets:
                told.notices += notices.get(told.name, [])
            broken = broken_expectations(run.report)
            if write and broken is None:
                write_outputs(run, FilePath(out) if out is not None else book.folder)
            if recorder is not None:
                run.recorded = recorder.record(run)
                if record is not True:
                    run.recorded.save(str(record))
            if broken is not None:
                fault = DataError(broken, run.report)
                fault.record = run.recorded
                raise fault
        return run

    def estimate(
        self: Any,
        *,
        sources: Sources | None = None,
        mappings: Mappings | None = None,
        parameters: Mapping[str, Any] | None = None,
        sheets: Sequence[str] | None = None,
        sample: int | None = None,
        without: Collection[Optimisation] = (),
    ) -> Estimate:
        """Return what a run would need: rows, columns and bytes of each sheet, and the most at one time.

        Nothing is run; of files only footers and first lines are read, beside what planning needs.

        Args:
            sources, mappings, parameters, sheets, sample, without: as in :meth:`run`.

        Raises:
            WorkbookError: something is wrong with the workbook, or there is no such sheet.
            SourceError: a source can't be looked at.

        >>> from sheetline import Workbook
        >>> book = Workbook("W").source("E", type="frame").filter("F", of="E", where="#x > 1")
        >>> found = book.estimate(sources={"E": {"x": [1.5] * 1000}})
        >>> [(step.sheet, step.rows_text, step.bytes) for step in found.steps]
        [('E', '1,000', 8000), ('F', '≤ 1,000', 8000)]
        """
        from sheetline.workbook.estimate import estimate
        from sheetline.workbook.optimisations import checked
        from sheetline.workbook.planning import unknown_sheets

        book: Workbook = self
        problems = unknown_sheets(book, sheets or ())
        if problems:
            raise WorkbookError(problems)
        plan = book.plan(sources=sources, mappings=mappings, parameters=parameters, sample=sample)
        return estimate(plan, sheets, checked(without))

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
            of: the sheet, or a parameter with its "$"; without it the whole workbook.
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


def given_to(
    book: Workbook,
    sources: Sources | None,
    mappings: Mappings | None,
    parameters: Mapping[str, Any] | None,
    sample: int | None = None,
) -> tuple[SourcesOfRun, dict[str, Constant]]:
    """Return the sources and the parameters' values of a run.

    Raises:
        WorkbookError: a sheet or a parameter is unknown, or a value is of the wrong type.
    """
    from sheetline.workbook.planning import unknown_sheets
    from sheetline.workbook.sources import Sources as SourcesOfRun

    problems = unknown_sheets(book, [*(sources or {}), *(mappings or {})])
    values, wrong = parameter_values(book, parameters or {})
    if problems or wrong:
        raise WorkbookError([*problems, *wrong])
    return SourcesOfRun(book.folder, sources or {}, mappings or {}, book.timezone, sample), values


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
