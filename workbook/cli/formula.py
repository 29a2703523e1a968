"""One formula and its answer: what ``sheetline eval`` computes and prints.

Without a table nothing but the formula language is loaded, neither pandas nor the workbook's model nor the parser of
options: a formula answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sheetline.workbook.cli.faults import print_json
from sheetline.workbook.cli.streams import DATA

if TYPE_CHECKING:
    from sheetline.formulas.api import Formula
    from sheetline.functions.columns import Column, Table


def answer(
    formula: str,
    *,
    table: Table | None = None,
    name: str = "Result",
    head: int = 10,
    parameters: Mapping[str, Any] | None = None,
    timezone: str = "UTC",
    now: str | None = None,
    as_json: bool = False,
) -> None:
    """Evaluate a formula and print its value, or the first rows of ``table`` with it as a new column.

    Args:
        formula: the formula.
        table: what it may name columns of.
        name: the new column's name; a column of that name is replaced.
        head: how many rows to print.
        parameters: values of ``$name``.
        timezone: IANA name of the zone.
        now: the clock as ISO text.
        as_json: print JSON.

    Raises:
        FormulaError: the formula is wrong.
        SystemExit: its one value is an error value.
    """
    from sheetline.formulas.api import compile as compile_formula
    from sheetline.formulas.bound import Shape
    from sheetline.formulas.diagnostics import FormulaError, render

    types = {} if table is None else table.types
    try:
        made = compile_formula(formula, types, timezone=timezone, now=now, parameters=parameters)
    except FormulaError as error:  # the formula stands alone: it belongs to no column of a sheet
        raise FormulaError([replace(one, column=None) for one in error.diagnostics]) from None
    if made.warnings:
        print(render([replace(one, column=None) for one in made.warnings]), file=sys.stderr)
    column = _computed(made, table)
    if table is None or made.bound.shape is Shape.AGGREGATE:
        _print_scalar(column, timezone, as_json)
    else:
        _print_table(table, column, name, head, timezone, as_json)


def _computed(made: Formula, table: Table | None) -> Column:
    from sheetline.formulas.blocks import Workers
    from sheetline.formulas.evaluate import evaluate as evaluate_bound
    from sheetline.functions.columns import Table as Columns

    with Workers() as workers:
        whole = Columns({}, 1) if table is None else table
        return evaluate_bound(made.bound, whole, made.env, workers).table.columns["Result"]


def _print_scalar(column: Column, timezone: str, as_json: bool) -> None:
    """Print the one value of a column; an error value goes to stderr.

    Raises:
        SystemExit: it is an error value.
    """
    from sheetline.workbook.cli import cells

    if column.errors is not None:
        code, message = column.errors.code(0), column.errors.message(0)
        if as_json:
            print_json({"value": None, "type": str(column.type), "error": {"code": code, "message": message}})
        else:
            print(f"error {code}: {message}", file=sys.stderr)
        raise SystemExit(DATA)
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
