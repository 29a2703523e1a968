"""``sheetline eval``: one formula, alone or over the columns of a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sheetline.workbook.cli.faults import session_of
from sheetline.workbook.cli.formula import answer
from sheetline.workbook.cli.options import AsFormat, Format, Head, Now, assignments, checked_now, checked_zone

if TYPE_CHECKING:
    from sheetline.functions.columns import Table


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
    given = {key: _constant(text) for key, text in assignments(parameter, "--param", "P=V").items()}
    table = None if data is None else _read(data, timezone)
    answer(
        formula,
        table=table,
        name=name,
        head=head,
        parameters=given,
        timezone=timezone,
        now=now,
        as_json=as_json,
    )


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
