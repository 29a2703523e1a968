"""``sheetline show``: the first rows of one sheet."""

from __future__ import annotations

from typing import Annotated

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
    WorkbookFile,
    assignments,
    checked_now,
    mappings_of,
    sources_of,
)


def show(
    ctx: typer.Context,
    workbook: WorkbookFile,
    sheet: Annotated[str, typer.Argument(metavar="SHEET", help="The name of a sheet.")],
    head: Head = 10,
    parameter: Set = None,
    source: Source = None,
    mapping: Map = None,
    sample: Sample = None,
    threads: Threads = None,
    now: Now = None,
    format_: AsFormat = Format.TEXT,
    quiet: Quiet = False,
) -> None:
    """Show the first rows of a sheet. Nothing is written."""
    as_json = format_ is Format.JSON
    session_of(ctx, json=as_json)
    from sheetline.workbook.cli import show as tables
    from sheetline.workbook.cli.progress import progress
    from sheetline.workbook.cli.report import print_examples
    from sheetline.workbook.model.workbook import Workbook

    book = Workbook.load(workbook)
    with progress(quiet=quiet or as_json) as step:
        done = book.run(
            sources=sources_of(book, source),
            mappings=mappings_of(book, mapping),
            parameters=assignments(parameter, "--set", "P=V"),
            sheets=[sheet],
            sample=sample,
            threads=threads,
            now=checked_now(now, book.timezone),
            progress=step,
        )
    result = done[sheet]
    if as_json:
        print_json({"sheet": sheet, "kind": result.report.kind, **tables.head_json(result.table, head)})
        return
    out = tables.console()
    shape = f"{tables.counted(result.table.rows, 'row')}, {tables.counted(len(result.table.columns), 'column')}"
    tables.print_line(out, f"{sheet} ({result.report.kind}): {shape}", "bold")
    tables.print_line(out)
    tables.print_head(out, result.table, head, book.timezone)
    for column in result.report.columns:
        if column.errors:
            tables.print_line(out)
            tables.print_line(out, f"column '{column.name}' has {tables.counted(column.errors, 'error')}", "yellow")
            print_examples(out, column.examples, column.errors, "  ")
