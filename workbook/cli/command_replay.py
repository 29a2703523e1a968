"""``sheetline replay``: run a record again, chapter by chapter, and compare it with what was recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sheetline.workbook.cli.faults import print_json, session_of
from sheetline.workbook.cli.options import (
    AsFormat,
    Format,
    Head,
    Map,
    Quiet,
    Set,
    Source,
    Threads,
    assignments,
    mappings_of,
    sources_of,
)
from sheetline.workbook.cli.streams import DATA, REACH


def replay(
    ctx: typer.Context,
    record: Annotated[Path, typer.Argument(metavar="RECORD", help="The folder of a run record.")],
    sheet: Annotated[
        str | None, typer.Option("--sheet", metavar="S", help="Only this sheet and what it is made of.")
    ] = None,
    from_sheet: Annotated[
        str | None, typer.Option("--from", metavar="S", help="Begin at this sheet, over the recorded ones before it.")
    ] = None,
    check: Annotated[bool, typer.Option("--check/--no-check", help="Compare every column with the record.")] = True,
    workbook: Annotated[
        Path | None, typer.Option("--workbook", metavar="W", help="Run this workbook, not the recorded one.")
    ] = None,
    source: Source = None,
    mapping: Map = None,
    parameter: Set = None,
    head: Head = 5,
    threads: Threads = None,
    verify: Annotated[
        bool, typer.Option("--verify/--no-verify", help="Refuse a record.json that was changed by hand.")
    ] = True,
    format_: AsFormat = Format.TEXT,
    quiet: Quiet = False,
) -> None:
    """Replay a run from its record, and compare every column.

    Each sheet is a chapter: what it does, its formulas, rows in and out, the first rows, and whether it is identical.
    Where something differs, the first sheet, column and rows are named, and why. Exit code 1: it differs from the
    record; with other sources, mappings, parameters or another workbook differences are reported and the exit code
    is 0. Exit code 3: the record is damaged, or a source is not there any more.
    """
    as_json = format_ is Format.JSON
    session_of(ctx, json=as_json)
    from sheetline.workbook.cli.progress import progress
    from sheetline.workbook.model.workbook import Workbook
    from sheetline.workbook.record.model import RunRecord
    from sheetline.workbook.record.replay import replay as replayed

    found = RunRecord.load(record, verify=verify)
    book = found.book() if workbook is None else Workbook.load(workbook)
    with progress(quiet=quiet or as_json) as step:
        done = replayed(
            found,
            check=check,
            sheet=sheet,
            from_sheet=from_sheet,
            sources=sources_of(book, source),
            mappings=mappings_of(book, mapping),
            parameters=assignments(parameter, "--set", "P=V"),
            workbook=None if workbook is None else book,
            threads=threads,
            head=head,
            progress=step,
        )
    if as_json:
        print_json(done.to_json())
    else:
        from sheetline.workbook.cli import show
        from sheetline.workbook.cli.replay_report import print_replay

        print_replay(show.console(), done, book.timezone, check=check)
    if done.failed:
        raise typer.Exit(REACH if done.missing else DATA)
