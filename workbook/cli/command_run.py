"""``sheetline run``: compute a workbook and write its outputs."""

from __future__ import annotations

import time
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sheetline.workbook.cli.faults import print_json, session_of
from sheetline.workbook.cli.options import (
    AsFormat,
    Format,
    Map,
    Memory,
    Now,
    Quiet,
    Sample,
    Set,
    Source,
    Threads,
    Without,
    WorkbookFile,
    assignments,
    checked_now,
    checked_size,
    checked_without,
    mappings_of,
    sources_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sheetline.workbook.cli.progress import Step
    from sheetline.workbook.model.workbook import Workbook
    from sheetline.workbook.run import Run


class DriftMode(StrEnum):
    """What a run does where sources are not as the workbook expects."""

    STOP = "stop"
    MAP = "map"
    CONTINUE = "continue"


#: How many rows of a sheet are shown that goes into no file.
HEAD = 5


def run(
    ctx: typer.Context,
    workbook: WorkbookFile,
    sheet: Annotated[
        list[str] | None, typer.Option("--sheet", metavar="S", help="Compute only this sheet; repeatable.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="The folder that outputs are written below.")
    ] = None,
    parameter: Set = None,
    source: Source = None,
    mapping: Map = None,
    sample: Sample = None,
    threads: Threads = None,
    memory: Memory = None,
    without: Without = None,
    now: Now = None,
    record: Annotated[
        Path | None, typer.Option("--record", metavar="DIR", help="Write a record of the run into this folder.")
    ] = None,
    cache: Annotated[
        bool, typer.Option("--cache/--no-cache", help="Keep columns on disk, and take those that have not changed.")
    ] = False,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Tell of each sheet what was expected, what was made, and with --cache why."),
    ] = False,
    drift: Annotated[
        DriftMode | None, typer.Option("--drift", help="What to do where sources are not as expected.")
    ] = None,
    format_: AsFormat = Format.TEXT,
    quiet: Quiet = False,
) -> None:
    """Run a workbook and write its outputs.

    Its sheets are computed, its outputs written, and what happened is reported.

    With --sheet only those sheets are computed, and only their outputs are written; sheets without outputs show their
    first rows. --out takes the place of the workbook's folder for relative paths of outputs. --record writes down what
    the run was made of and what it gave, for "sheetline replay".

    A run for which there is not enough memory, or that needs more than --memory, is refused with numbers. --explain
    shows for each sheet the rows and bytes that were expected beside those that there were.

    --without turns off one of fuse, projection, pushdown, share, free, packed_keys. Results never depend on them.

    With --drift sources are compared first with what the workbook lists, and with the record that stands in the folder
    of --record: stop at any column that is missing, renamed or of another type; map: read columns under their likely
    new names, and stop at what is left; continue: go on, missing columns are null. Without it nobody looks, and a
    missing column is an error.
    """
    as_json = format_ is Format.JSON
    session_of(ctx, json=as_json)
    from sheetline.workbook.cli.progress import progress
    from sheetline.workbook.model.workbook import Workbook
    from sheetline.workbook.run import DataError

    started = time.perf_counter()
    book = Workbook.load(workbook)
    asked: dict[str, Any] = {
        "sources": sources_of(book, source),
        "mappings": mappings_of(book, mapping),
        "parameters": assignments(parameter, "--set", "P=V"),
        "now": checked_now(now, book.timezone),
        "sample": sample,
        "threads": threads,
        "memory": None if memory is None else checked_size(memory),
        "without": checked_without(without),
        "cache": cache,
        "drift": None if drift is None else drift.value,
        "drift_record": record,
        "sheets": list(dict.fromkeys(sheet)) if sheet else None,
    }
    try:
        with progress(quiet=quiet or as_json) as step:
            done = compute(book, asked, out, step, record)
    except DataError as error:
        if error.report.checks and not as_json:  # a program gets the report with the error
            from sheetline.workbook.cli import show
            from sheetline.workbook.cli.report import print_report

            print_report(show.console(), error.report, time.perf_counter() - started)
        raise
    seconds = time.perf_counter() - started
    unwritten = shown_sheets(done, asked["sheets"])
    if as_json:
        _print_json(done, unwritten, seconds)
        return
    from sheetline.workbook.cli import show
    from sheetline.workbook.cli.report import print_plan, print_reasons, print_report

    console = show.console()
    print_report(console, done.report, seconds)
    if explain:
        print_plan(console, done)
        if cache:
            print_reasons(console, done.report)
    if record is not None:
        show.print_line(console, f"record {done.record.id[:12]} in {record}")
    for name in unwritten:
        show.print_line(console)
        show.print_head(console, done[name].table, HEAD, book.timezone, title=name)


def compute(
    book: Workbook, asked: dict[str, Any], out: Path | None, step: Step | None, record: Path | None = None
) -> Run:
    """Run a workbook and write the outputs of the sheets asked for; all of them, if none was named; then the record.

    A run whose checks are broken writes its record alone.

    Raises:
        SheetlineError: as the workbook's own ``run``.
    """
    from sheetline.workbook.outputs import write_outputs
    from sheetline.workbook.run import DataError

    if record is not None:
        from sheetline.workbook.record.files import prepare

        prepare(record)  # a record that can't be written is told before the run, not behind it
    try:
        done = book.run(**asked, progress=step, record=record is not None)
    except DataError as error:
        if error.record is not None and record is not None:
            error.record.save(record)
        raise
    wanted = book
    if asked["sheets"] is not None:
        outputs = tuple(output for output in book.outputs if output.sheet in asked["sheets"])
        wanted = book.model_copy(update={"outputs": outputs})
    writing = replace(done, plan=replace(done.plan, workbook=wanted))
    write_outputs(writing, book.folder if out is None else out)
    if record is not None:
        from sheetline.workbook.record.recorder import with_outputs

        done.recorded = with_outputs(done.record, wanted.outputs, done.report.outputs)
        done.recorded.save(record)
    return done


def shown_sheets(done: Run, sheets: Sequence[str] | None) -> list[str]:
    """Return the sheets whose rows would be lost: named ones, or all results where the workbook writes nothing."""
    written = {one.sheet for one in done.report.outputs}
    if sheets is not None:
        return [name for name in sheets if name not in written]
    return [] if done.plan.workbook.outputs else list(done)


def _print_json(done: Run, unwritten: Sequence[str], seconds: float) -> None:
    found = {**done.report.to_dict(), "seconds": seconds}
    if done.estimate is not None:
        found["estimate"] = done.estimate.to_dict()
    if done.recorded is not None:
        found["record"] = done.recorded.id
    if unwritten:
        from sheetline.workbook.cli.show import head_json

        found["tables"] = {name: head_json(done[name].table, HEAD) for name in unwritten}
    print_json(found)
