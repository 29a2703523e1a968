"""``sheetline fmt`` and ``sheetline schema``: the workbook file itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sheetline.workbook.cli.streams import DATA

if TYPE_CHECKING:
    from sheetline.workbook.model.workbook import Workbook


def fmt(
    workbooks: Annotated[list[Path], typer.Argument(metavar="WORKBOOK...", help="Workbooks, JSON files.")],
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 if a file is not in the canonical form.")
    ] = False,
    write: Annotated[bool, typer.Option("--write", "-w", help="Put the canonical form into the file.")] = False,
) -> None:
    """Write workbooks in the canonical form.

    It goes to stdout unless --write or --check is given. The meaning stays. Formulas get their canonical spelling
    too; those with comments stay as typed.
    """
    if check and write:
        raise typer.BadParameter("give --check or --write, not both", param_hint="--check")
    if len(workbooks) > 1 and not (check or write):
        raise typer.BadParameter("several files need --check or --write", param_hint="WORKBOOK...")
    from sheetline.workbook.model.workbook import Workbook, write_atomic

    different = 0
    for path in workbooks:
        text = canonical(Workbook.load(path))
        if not (check or write):
            sys.stdout.write(text)
            continue
        if path.read_bytes() == text.encode():
            continue
        different += 1
        if write:
            write_atomic(path, text)
        print(f"{path}: {'written' if write else 'not in the canonical form'}", file=sys.stderr)
    if check and different:
        raise typer.Exit(DATA)


def canonical(book: Workbook) -> str:
    """Return the canonical text of a workbook's file.

    Raises:
        WorkbookError: formulas can't be read; all of them, with line and column.
    """
    from sheetline.formulas.diagnostics import Diagnostic, FormulaError, WorkbookError
    from sheetline.formulas.parser import parse
    from sheetline.formulas.printer import print_formula
    from sheetline.workbook.fmt import format_workbook

    problems: list[Diagnostic] = []
    for number, sheet in enumerate(book.sheets):
        for path, text in sheet.formula_texts():
            try:
                parse(text)
            except FormulaError as error:
                for one in error.diagnostics:
                    start = 0 if one.span is None else one.span.start
                    line, col = book.position_inside(("sheets", number, *path), start) or (None, None)
                    file = None if book.path is None else str(book.path)
                    problems.append(one.with_place(sheet=sheet.name, file=file, line=line, col=col))
    if problems:
        raise WorkbookError(problems)

    def spelled(text: str) -> str:
        # The printer knows no comments, and they are worth more than even spaces.
        return text if "/*" in text or "//" in text else print_formula(parse(text))

    return format_workbook(book, canonical_formulas=spelled)


def schema() -> None:
    """Print the JSON Schema of workbook files.

    Editors complete and check workbooks by it."""
    from sheetline.workbook.schema import shipped_schema

    sys.stdout.write(shipped_schema())
