"""``sheetline check``: everything that is wrong with a workbook, without computing anything."""

from __future__ import annotations

import sys

import typer

from sheetline.workbook.cli.faults import print_json, session_of
from sheetline.workbook.cli.options import AsFormat, Format, Map, Set, Source, WorkbookFile, mappings_of, sources_of
from sheetline.workbook.cli.streams import CALL


def check(
    ctx: typer.Context,
    workbook: WorkbookFile,
    source: Source = None,
    mapping: Map = None,
    parameter: Set = None,
    format_: AsFormat = Format.TEXT,
) -> None:
    """Tell all that is wrong with a workbook.

    Sources are looked at only where the workbook does not list all their columns with types.
    """
    session_of(ctx, json=format_ is Format.JSON)
    from sheetline.formulas.diagnostics import Diagnostic, WorkbookError, render
    from sheetline.workbook.cli.options import assignments
    from sheetline.workbook.model.workbook import Workbook

    found: list[Diagnostic]
    book = None
    try:
        book = Workbook.load(workbook)
        sources, mappings = sources_of(book, source), mappings_of(book, mapping)
        parameters = assignments(parameter, "--set", "P=V")
        found = book.check(sources=sources, mappings=mappings, parameters=parameters)
    except WorkbookError as error:
        if isinstance(error.__cause__, OSError):
            raise
        found = list(error.diagnostics)
    mistakes = sum(one.severity == "error" for one in found)
    if format_ is Format.JSON:
        print_json({"workbook": str(workbook), "ok": not mistakes, "diagnostics": [one.to_dict() for one in found]})
    else:
        if found:
            print(render(found), file=sys.stderr)
        if mistakes:
            print(f"{workbook}: {mistakes} mistake{'s' * (mistakes > 1)}", file=sys.stderr)
        elif book is not None:
            sheets, outputs = len(book.sheets), len(book.outputs)
            warned = f", {len(found)} warning{'s' * (len(found) > 1)}" if found else ""
            print(
                f"{workbook}: no mistakes in {sheets} sheet{'s' * (sheets != 1)} "
                f"and {outputs} output{'s' * (outputs != 1)}{warned}"
            )
    if mistakes:
        raise typer.Exit(CALL)
