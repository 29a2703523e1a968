"""``sheetline drift``: how sources differ from what a workbook expects, and what that would hit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sheetline.workbook.cli.faults import print_json, session_of
from sheetline.workbook.cli.options import (
    AsFormat,
    Format,
    Map,
    Set,
    Source,
    WorkbookFile,
    assignments,
    mappings_of,
    sources_of,
)
from sheetline.workbook.cli.streams import DATA


def drift(
    ctx: typer.Context,
    workbook: WorkbookFile,
    source: Source = None,
    mapping: Map = None,
    parameter: Set = None,
    record: Annotated[
        Path | None, typer.Option("--record", metavar="DIR", help="Expect also what this run record tells of.")
    ] = None,
    format_: AsFormat = Format.TEXT,
) -> None:
    """Tell how sources differ from what a workbook expects.

    Each difference names the columns and outputs that it would hit. Columns that the workbook lists are expected, with
    their types; with --record also those that the sources had when the record was made. Exit code 1: a column is
    missing, renamed or of another type. New columns harm nothing.
    """
    session_of(ctx, json=format_ is Format.JSON)
    from sheetline.workbook.model.workbook import Workbook

    book = Workbook.load(workbook)
    found = book.drift(
        sources=sources_of(book, source),
        mappings=mappings_of(book, mapping),
        parameters=assignments(parameter, "--set", "P=V"),
        record=record,
    )
    if format_ is Format.JSON:
        print_json(found.to_dict())
    else:
        print(found.to_text())
    if not found.ok:
        raise typer.Exit(DATA)
