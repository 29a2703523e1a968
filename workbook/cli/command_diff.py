"""``sheetline diff``: what differs between two workbooks or two run records."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import typer

from sheetline.workbook.cli.faults import print_json, session_of
from sheetline.workbook.cli.streams import DATA


class DiffFormat(StrEnum):
    """For whom the output is."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


_COLUMN = re.compile(r"\s*(?:\[((?:[^\]]|\]\])*)\]|([^,]+?))\s*(?:,|$)")


def diff(
    ctx: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD", help="A workbook, or the folder of a run record.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="What it is compared with.")],
    key: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="SHEET=COL,COL", help="Columns that tell a sheet's rows apart; repeatable."),
    ] = None,
    examples: Annotated[int, typer.Option(min=0, metavar="N", help="How many rows of each kind are shown.")] = 5,
    format_: Annotated[
        DiffFormat, typer.Option("--format", help="text for people, json for programs, markdown for a pull request.")
    ] = DiffFormat.TEXT,
) -> None:
    """Tell what differs between two workbooks or run records.

    Exit code 0: nothing differs. 1: something does. 2: the call or a workbook is wrong. 3: one can't be read.
    """
    session_of(ctx, json=format_ is DiffFormat.JSON)
    from sheetline.workbook.diff.compare import diff as compared
    from sheetline.workbook.diff.records import UnknownKeyError

    try:
        found = compared(old, new, keys=keys_of(key), examples=examples)
    except UnknownKeyError as fault:
        raise typer.BadParameter(str(fault), param_hint="--key") from None
    if format_ is DiffFormat.JSON:
        print_json(found.to_dict())
    elif format_ is DiffFormat.MARKDOWN:
        print(found.to_markdown(), end="")
    else:
        from sheetline.workbook.cli.show import console, print_line
        from sheetline.workbook.cli.streams import takes_unicode
        from sheetline.workbook.diff.text import lines

        out = console()
        unicode = takes_unicode(sys.stdout)
        for line in lines(found):
            print_line(out, line.words if unicode else line.words.replace("→", "->"), line.style)
    if found:
        raise typer.Exit(DATA)


def keys_of(texts: Iterable[str] | None) -> dict[str, list[str]]:
    """Read ``--key SHEET=COL,COL``; names that hold a comma stand in brackets.

    >>> keys_of(["Trips=Sensor,[Start, local]"])
    {'Trips': ['Sensor', 'Start, local']}

    Raises:
        typer.BadParameter: a text has another form, or a sheet stands twice.
    """
    found: dict[str, list[str]] = {}
    for text in texts or ():
        sheet, _, names = text.partition("=")
        columns = [one.replace("]]", "]") if one else two for one, two in _COLUMN.findall(names)]
        if not sheet.strip() or not columns or _COLUMN.sub("", names).strip():
            raise typer.BadParameter(f"'{text}' is not of the form SHEET=COL,COL", param_hint="--key")
        if sheet in found:
            raise typer.BadParameter(f"'{sheet}' is given twice", param_hint="--key")
        found[sheet] = columns
    return found
