"""``sheetline trace`` and ``sheetline explain``: the rows behind a row, and how a cell came to its value."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sheetline.workbook.cli.faults import print_json, session_of
from sheetline.workbook.cli.options import (
    AsFormat,
    Format,
    Head,
    Map,
    Now,
    Quiet,
    Sample,
    Set,
    Source,
    Threads,
    assignments,
    checked_now,
    mappings_of,
    sources_of,
)
from sheetline.workbook.cli.streams import DATA, REACH

if TYPE_CHECKING:
    from sheetline.workbook.run import Run
    from sheetline.workbook.trace.explain import Explanation
    from sheetline.workbook.trace.presence import Presence
    from sheetline.workbook.trace.records import RecordedExplanation, RecordedTrace

Place = Annotated[Path, typer.Argument(metavar="WORKBOOK|RECORD", help="A workbook, or the folder of a run record.")]
SheetName = Annotated[str, typer.Argument(metavar="SHEET", help="The name of a sheet.")]
RowNumber = Annotated[int, typer.Argument(metavar="ROW", min=1, help="The row's number, from 1.")]


def trace(
    ctx: typer.Context,
    place: Place,
    sheet: SheetName,
    row: RowNumber,
    column: Annotated[
        str | None, typer.Option("--column", metavar="C", help="Only what this column of the row needs.")
    ] = None,
    head: Head = 5,
    parameter: Set = None,
    source: Source = None,
    mapping: Map = None,
    sample: Sample = None,
    threads: Threads = None,
    now: Now = None,
    format_: AsFormat = Format.TEXT,
    quiet: Quiet = False,
) -> None:
    """Show the rows of all sheets that a row is made of.

    They go down to the sources. Rows count from 1. With a record the run is made again as it was: where its sources
    have changed since, that is said, and the exit code is 1.
    """
    as_json = format_ is Format.JSON
    session_of(ctx, json=as_json)
    if _is_record(place):
        _refuse({"--set": parameter, "--map": mapping, "--sample": sample, "--now": now})
        found = _recorded(place, sheet, row, column, source, threads, quiet=quiet or as_json)
        traced, changed, missing = found.trace, found.changed, found.missing
    else:
        run = _run(place, parameter, source, mapping, sample, threads, now)
        with _rows_from_one(row):
            traced = run.trace(sheet, row - 1, column)
        changed, missing = traced.changed, False
    if as_json:
        print_json({"changed": list(changed)} if traced is None else traced.to_dict(head))
    else:
        print("\n".join(f"changed: {words}" for words in changed) if traced is None else traced.to_text(head))
    if missing or changed:
        raise typer.Exit(REACH if missing else DATA)


def explain(
    ctx: typer.Context,
    place: Place,
    sheet: SheetName,
    cell: Annotated[
        list[str],
        typer.Argument(metavar="[COLUMN] ROW", help="A column and a row, from 1; a row alone: why is it there?"),
    ],
    of: Annotated[
        str | None,
        typer.Option("--of", metavar="S", help="ROW is a row of this sheet, before SHEET: what became of it?"),
    ] = None,
    parameter: Set = None,
    source: Source = None,
    mapping: Map = None,
    sample: Sample = None,
    threads: Threads = None,
    now: Now = None,
    format_: AsFormat = Format.TEXT,
    quiet: Quiet = False,
) -> None:
    """Show how a cell came to its value, or why a row is there.

    Of a cell each part of its formula is shown with its value for that row. Of a row alone, what decided that it is
    there: conditions, keys, its group; with --of why a row of another sheet was left out, or where it went. Rows count
    from 1. With a record the run is made again as it was: where its sources have changed since, that is said, and the
    exit code is 1.
    """
    as_json = format_ is Format.JSON
    session_of(ctx, json=as_json)
    column, row = _cell(cell, of)
    found: Explanation | Presence | None
    if _is_record(place):
        _refuse({"--set": parameter, "--map": mapping, "--sample": sample, "--now": now})
        recorded = _explained(place, sheet, column, row, of, source, threads, quiet=quiet or as_json)
        found, changed, missing = recorded.found, recorded.changed, recorded.missing
    else:
        run = _run(place, parameter, source, mapping, sample, threads, now)
        with _rows_from_one(row):
            found = run.explain_row(sheet, row - 1, of=of) if column is None else run.explain(sheet, column, row - 1)
        changed, missing = found.changed, False
    if as_json:
        print_json({"changed": list(changed)} if found is None else found.to_dict())
    else:
        print("\n".join(f"changed: {words}" for words in changed) if found is None else found.to_text())
    if missing or changed:
        raise typer.Exit(REACH if missing else DATA)


def _cell(words: list[str], of: str | None) -> tuple[str | None, int]:
    """Read ``[COLUMN] ROW``.

    Raises:
        typer.BadParameter: it is something else.
    """
    if len(words) > 2:
        raise typer.BadParameter("one column and one row, or a row alone", param_hint="[COLUMN] ROW")
    if len(words) == 2 and of is not None:
        raise typer.BadParameter("it asks about a row: leave the column out", param_hint="--of")
    if not words[-1].isdecimal() or int(words[-1]) < 1:
        raise typer.BadParameter(f"'{words[-1]}' is no row number: rows count from 1", param_hint="ROW")
    return (words[0] if len(words) == 2 else None), int(words[-1])


@contextmanager
def _rows_from_one(row: int) -> Iterator[None]:
    """Turn the complaint about a row that is not there into one about the call; people count from 1.

    Raises:
        typer.BadParameter: there is no such row.
    """
    try:
        yield
    except IndexError as fault:
        said = str(fault).replace(f"no row {row - 1}:", f"no row {row}:").replace("from 0", "from 1")
        raise typer.BadParameter(said, param_hint="ROW") from None


def _is_record(place: Path) -> bool:
    return place.is_dir() or place.name == "record.json"


def _refuse(options: dict[str, object]) -> None:
    for name, value in options.items():
        if value:
            raise typer.BadParameter("a recorded run has its own: name the workbook to change it", param_hint=name)


def _recorded(
    place: Path, sheet: str, row: int, column: str | None, source: list[str] | None, threads: int | None, *, quiet: bool
) -> RecordedTrace:
    from sheetline.workbook.cli.progress import progress
    from sheetline.workbook.record.model import RunRecord
    from sheetline.workbook.trace.records import trace_record

    record = RunRecord.load(place)
    given = sources_of(record.book(), source)
    with progress(quiet=quiet) as step, _rows_from_one(row):
        return trace_record(record, sheet, row - 1, column, sources=given, threads=threads, progress=step)


def _explained(
    place: Path,
    sheet: str,
    column: str | None,
    row: int,
    of: str | None,
    source: list[str] | None,
    threads: int | None,
    *,
    quiet: bool,
) -> RecordedExplanation:
    from sheetline.workbook.cli.progress import progress
    from sheetline.workbook.record.model import RunRecord
    from sheetline.workbook.trace.records import explain_record

    record = RunRecord.load(place)
    given = sources_of(record.book(), source)
    with progress(quiet=quiet) as step, _rows_from_one(row):
        return explain_record(record, sheet, column, row - 1, of=of, sources=given, threads=threads, progress=step)


def _run(
    path: Path,
    parameter: list[str] | None,
    source: list[str] | None,
    mapping: list[str] | None,
    sample: int | None,
    threads: int | None,
    now: str | None,
) -> Run:
    """Return a run of the workbook that has computed nothing yet: the sheets are made when they are traced."""
    from sheetline.workbook.model.workbook import Workbook
    from sheetline.workbook.report import RunReport
    from sheetline.workbook.run import Options, Run

    book = Workbook.load(path)
    plan = book.plan(
        sources=sources_of(book, source),
        mappings=mappings_of(book, mapping),
        parameters=assignments(parameter, "--set", "P=V"),
        sample=sample,
        now=checked_now(now, book.timezone),
    )
    return Run(plan, RunReport(book.name), {}, Options(threads=threads))
