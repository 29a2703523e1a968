"""``sheetline eval``: one formula, alone or over the columns of a file.

Without ``--data`` neither pandas nor the workbook's model is loaded: a formula answers at once.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sheetline.workbook.cli.faults import print_json, session_of
from sheetline.workbook.cli.options import AsFormat, Format, Head, Now, assignments, checked_now, checked_zone
from sheetline.workbook.cli.streams import DATA

if TYPE_CHECKING:
    from sheetline.formulas.api import Formula
    from sheetline.functions.columns import Column, Table


def evaluate(
    ctx: typer.Context,
    formula: Annotated[str, typer.Argument(metavar="FORMULA", help="The formula, such as 'ROUND(#Price * 1.19;2)'.")],
    data: Annotated[
        Path | None, typer.Option("--data", metavar="FILE", help="CSV, JSON lines or Parquet whose columns it uses.")
    ] = None,
    name: Annotated[str, typer.Option("--name", metavar="COL", help="The name of the new column.")] = "Result",
    head: Head = 10,
    parameter: Annotated[
        list[str] | None, typer.Option("--param", metavar="P=V", help="The value of $P; repeatable.")
    ] = None,
    timezone: Annotated[str, typer.Option("--timezone", metavar="ZONE", help="IANA name of the time zone.")] = "UTC",
    now: Now = None,
    format_: AsFormat = Format.TEXT,
) -> None:
    """Evaluate a formula.

    With --data it sees the columns of the file as #Column, and the first rows are shown with the new column; an
    aggregate gives its one value. Parameters are numbers, true or false where they look like it, and text otherwise.
    """
    as_json = format_ is Format.JSON
    session_of(ctx, json=as_json)
    checked_zone(timezone)
    checked_now(now, timezone)
    from sheetline.formulas.api import compile as compile_formula
    from sheetline.formulas.diagnostics import FormulaError

    given = {key: _constant(text) for key, text in assignments(parameter, "--param", "P=V").items()}
    table = None if data is None else _read(data, timezone)
    types = {} if table is None else table.types
    try:
        made = compile_formula(formula, types, timezone=timezone, now=now, parameters=given)
    except FormulaError as error:  # the formula stands alone: it belongs to no column of a sheet
        raise FormulaError([replace(one, column=None) for one in error.diagnostics]) from None
    column = _computed(made, table)
    from sheetline.formulas.bound import Shape

    if table is None or made.bound.shape is Shape.AGGREGATE:
        _print_scalar(column, timezone, as_json)
        return
    _print_table(table, column, name, head, timezone, as_json)


def _read(path: Path, timezone: str) -> Table:
    """Read a whole file as a source would, and say on stderr what was found.

    Raises:
        SourceError: it can't be read.
    """
    from sheetline.workbook.io import endpoint_for_path, read_source

    result = read_source(endpoint_for_path(str(path)), base_folder=Path(), timezone=timezone)
    for line in result.notes.lines():
        print(f"{path}: {line}", file=sys.stderr)
    return result.table


def _computed(made: Formula, table: Table | None) -> Column:
    from sheetline.formulas.blocks import Workers
    from sheetline.formulas.evaluate import evaluate as evaluate_bound
    from sheetline.functions.columns import Table as Columns

    with Workers() as workers:
        whole = Columns({}, 1) if table is None else table
        return evaluate_bound(made.bound, whole, made.env, workers).table.columns["Result"]


def _constant(text: str) -> Any:
    """Read a parameter: a number, true or false, or the text itself.

    >>> [_constant(text) for text in ("7", "0.5", "true", "7 days")]
    [7, 0.5, True, '7 days']
    """
    import re

    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"[+-]?[0-9]+", text):
        return int(text)
    if re.fullmatch(r"[+-]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][+-]?[0-9]+)?", text):
        return float(text)
    return text


def _print_scalar(column: Column, timezone: str, as_json: bool) -> None:
    """Print the one value of a column; an error value goes to stderr.

    Raises:
        typer.Exit: it is an error value.
    """
    from sheetline.workbook.cli import cells

    if column.errors is not None:
        code, message = column.errors.code(0), column.errors.message(0)
        if as_json:
            print_json({"value": None, "type": str(column.type), "error": {"code": code, "message": message}})
        else:
            print(f"error {code}: {message}", file=sys.stderr)
        raise typer.Exit(DATA)
    value = column.to_list()[0]
    if as_json:
        print_json({"value": cells.plain(value, column.type), "type": str(column.type)})
    else:
        print(cells.text(value, column.type, timezone))


def _print_table(table: Table, column: Column, name: str, head: int, timezone: str, as_json: bool) -> None:
    from sheetline.functions.columns import Table as Columns
    from sheetline.workbook.cli import show
    from sheetline.workbook.cli.report import print_examples
    from sheetline.workbook.report import column_report

    whole = Columns({**table.columns, name: column}, table.rows)
    if as_json:
        print_json(show.head_json(whole, head))
        return
    out = show.console()
    show.print_head(out, whole, head, timezone)
    report = column_report(name, column, 10)
    if report.errors:
        show.print_line(out)
        show.print_line(out, f"column '{name}' has {show.counted(report.errors, 'error')}", "yellow")
        print_examples(out, report.examples, report.errors, "  ")
