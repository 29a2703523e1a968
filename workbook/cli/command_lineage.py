"""``sheetline lineage``: where a column comes from, and what breaks if it changes."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sheetline.workbook.cli.faults import session_of
from sheetline.workbook.cli.options import Map, Set, Source, WorkbookFile, assignments, mappings_of, sources_of
from sheetline.workbook.cli.streams import takes_unicode

if TYPE_CHECKING:
    from sheetline.workbook.lineage.view import Lineage
    from sheetline.workbook.model.workbook import Workbook


class View(StrEnum):
    """What the lineage is shown as."""

    TEXT = "text"
    JSON = "json"
    MERMAID = "mermaid"
    DOT = "dot"
    SVG = "svg"
    HTML = "html"
    OPENLINEAGE = "openlineage"


class Level(StrEnum):
    """What is told: sheets alone, or their columns."""

    SHEET = "sheet"
    COLUMN = "column"


FOR_PROGRAMS = (View.JSON, View.OPENLINEAGE)
WITH_COLUMNS = (View.JSON, View.HTML, View.OPENLINEAGE)


def lineage(
    ctx: typer.Context,
    workbook: WorkbookFile,
    of: Annotated[
        str | None,
        typer.Argument(metavar="SHEET[!COLUMN]|$PARAMETER", help="A sheet, a column or a parameter; all without."),
    ] = None,
    down: Annotated[bool, typer.Option("--down", help="What depends on it, instead of what it comes from.")] = False,
    depth: Annotated[int | None, typer.Option(min=0, metavar="N", help="Follow only N steps.")] = None,
    level: Annotated[
        Level | None,
        typer.Option(help="Columns, or sheets alone (drawings and text of the whole workbook show these by default)."),
    ] = None,
    format_: Annotated[View, typer.Option("--format", help="What it is shown as.")] = View.TEXT,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write to a file.")] = None,
    parameter: Set = None,
    source: Source = None,
    mapping: Map = None,
) -> None:
    """Tell where a column comes from, or what breaks if it changes.

    The same for sheets and parameters ($name). Nothing is run.
    """
    session_of(ctx, json=format_ in FOR_PROGRAMS)
    from sheetline.workbook.model.workbook import Workbook, write_atomic

    if format_ is View.OPENLINEAGE and level is Level.SHEET:
        raise typer.BadParameter("events of OpenLineage hold columns", param_hint="--level")
    book = Workbook.load(workbook)
    sheet, column = target(book, of)
    columns = of is not None or format_ in WITH_COLUMNS
    found = book.lineage(
        sheet,
        column,
        direction="down" if down else "up",
        depth=depth,
        level="column" if (columns if level is None else level is Level.COLUMN) else "sheet",
        sources=sources_of(book, source),
        mappings=mappings_of(book, mapping),
        parameters=assignments(parameter, "--set", "P=V"),
    )
    text = shown(found, format_, book)
    if out is None:
        print(text)
    else:
        try:
            write_atomic(out, f"{text}\n")
        except OSError as fault:  # it names the temporary file
            raise OSError(fault.errno, fault.strerror, str(out)) from fault
        print(f"wrote {out}", file=sys.stderr)


def target(book: Workbook, text: str | None) -> tuple[str | None, str | None]:
    """Read ``SHEET``, ``SHEET!COLUMN`` or ``[SHEET]![COLUMN]``; where names hold ``!``, the longest sheet counts."""
    from sheetline.workbook.sheets.join import split_reference

    if text is None:
        return None, None
    sheets = {sheet.name for sheet in book.sheets}
    if text in sheets:
        return text, None
    parts = split_reference(text)
    if parts is not None and parts[0] in sheets:
        return parts
    cuts = [place for place, sign in enumerate(text) if sign == "!" and text[:place] in sheets and text[place + 1 :]]
    if cuts:
        return text[: cuts[-1]], text[cuts[-1] + 1 :]
    bare = text[1:-1].replace("]]", "]") if text.startswith("[") and text.endswith("]") and parts is None else text
    return (bare, None) if parts is None else parts


def shown(found: Lineage, view: View, book: Workbook) -> str:
    """Return the lineage in one of its forms, without a line end.

    Raises:
        typer.BadParameter: a package that the form needs is not installed.
    """
    from sheetline.functions.extras import MissingExtraError

    if view is View.JSON:
        ascii_only = not takes_unicode(sys.stdout)
        return json.dumps(found.to_dict(), ensure_ascii=ascii_only, indent=2)
    if view is View.OPENLINEAGE:
        try:
            events = found.to_openlineage(folder=book.folder.resolve())
        except MissingExtraError as missing:
            raise typer.BadParameter(str(missing), param_hint="--format") from None
        return "\n".join(json.dumps(event, sort_keys=True) for event in events)
    text = {
        View.TEXT: found.to_text,
        View.MERMAID: found.to_mermaid,
        View.DOT: found.to_dot,
        View.SVG: found.to_svg,
        View.HTML: found.to_html,
    }[view]()
    return text.rstrip("\n")
