"""The options that several commands share, and how their texts are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sheetline.workbook.model.workbook import Workbook


class Format(StrEnum):
    """For whom the output is."""

    TEXT = "text"
    JSON = "json"


WorkbookFile = Annotated[Path, typer.Argument(metavar="WORKBOOK", help="The workbook, a JSON file.")]
AsFormat = Annotated[Format, typer.Option("--format", help="text for people, json for programs.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="P=V", help="Set a parameter; repeatable.")]
Source = Annotated[
    list[str] | None,
    typer.Option("--source", metavar="SHEET=PATH", help="Read a source from another file; repeatable."),
]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="SHEET.COLUMN=NAME", help="The name of a column in the file; repeatable."),
]
Sample = Annotated[int | None, typer.Option(min=0, metavar="N", help="Read only the first N rows of each source.")]
Threads = Annotated[int | None, typer.Option(min=1, metavar="N", help="Threads; one a core without it.")]
Memory = Annotated[
    str | None,
    typer.Option(metavar="SIZE", help="Memory that the run may take, as 6GB; what is free without it."),
]
Without = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="NAME", help="Turn off an optimisation, to find a fault; repeatable."),
]
Now = Annotated[str | None, typer.Option(metavar="ISO", help="The clock, such as 2024-03-01T12:00:00Z.")]
Head = Annotated[int, typer.Option(min=0, metavar="N", help="How many rows to show.")]


def assignments(texts: Iterable[str] | None, option: str, form: str) -> dict[str, str]:
    """Read texts ``name=value``.

    >>> assignments(["gap=600000", "note=a=b"], "--set", "P=V")
    {'gap': '600000', 'note': 'a=b'}

    Raises:
        typer.BadParameter: one has another form, or a name stands twice.
    """
    found: dict[str, str] = {}
    for text in texts or ():
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise typer.BadParameter(f"'{text}' is not of the form {form}", param_hint=option)
        if name in found:
            raise typer.BadParameter(f"'{name}' is given twice", param_hint=option)
        found[name] = value
    return found


def sources_of(book: Workbook, texts: Iterable[str] | None) -> dict[str, str]:
    """Read ``--source SHEET=PATH``; the sheet must be a source of the workbook.

    Raises:
        typer.BadParameter: the form is wrong, or there is no such source.
    """
    found = assignments(texts, "--source", "SHEET=PATH")
    for name, path in found.items():
        _expect_source(book, name, "--source")
        if not path:
            raise typer.BadParameter(f"'{name}=' names no file", param_hint="--source")
    return found


def mappings_of(book: Workbook, texts: Iterable[str] | None) -> dict[str, dict[str, str]]:
    """Read ``--map SHEET.COLUMN=NAME``. Where names hold points, the longest name of a sheet that fits counts.

    Raises:
        typer.BadParameter: the form is wrong, or there is no such source.
    """
    found: dict[str, dict[str, str]] = {}
    for target, name in assignments(texts, "--map", "SHEET.COLUMN=NAME").items():
        sheets = {sheet.name for sheet in book.sheets}
        cuts = [place for place, sign in enumerate(target) if sign in ".!" and target[:place] and target[place + 1 :]]
        if not cuts or not name:
            raise typer.BadParameter(f"'{target}={name}' is not of the form SHEET.COLUMN=NAME", param_hint="--map")
        cut = next((place for place in reversed(cuts) if target[:place] in sheets), cuts[0])
        _expect_source(book, target[:cut], "--map")
        found.setdefault(target[:cut], {})[target[cut + 1 :]] = name
    return found


def _expect_source(book: Workbook, name: str, option: str) -> None:
    from sheetline.formulas.suggest import closest

    kinds = {sheet.name: sheet.kind for sheet in book.sheets}
    if kinds.get(name) == "source":
        return
    sources = [sheet for sheet, kind in kinds.items() if kind == "source"]
    near = closest(name, sources)
    known = f"did you mean '{near[0]}'?" if near else f"its sources: {', '.join(map(repr, sources)) or 'none'}"
    said = f"sheet '{name}' is a {kinds[name]} sheet, no source" if name in kinds else f"there is no source '{name}'"
    raise typer.BadParameter(f"{said}: {known}", param_hint=option)


def checked_zone(name: str) -> str:
    """Return the name of a time zone.

    Raises:
        typer.BadParameter: there is none of that name.
    """
    from sheetline.functions.dates.zones import load_zone

    _checked(lambda: load_zone(name), "--timezone")
    return name


def checked_now(now: str | None, timezone: str) -> str | None:
    """Return the text of a clock that can be read.

    Raises:
        typer.BadParameter: it can't.
    """
    from sheetline.formulas.api import environment

    if now is not None:
        form = f"'{now}' is no date in ISO 8601, such as 2024-03-01T12:00:00Z"
        _checked(lambda: environment(timezone, now), "--now", form)
    return now


def checked_size(text: str) -> str:
    """Return the text of a size of memory that can be read.

    Raises:
        typer.BadParameter: it can't.
    """
    from sheetline.workbook.room import parse_size

    _checked(lambda: parse_size(text), "--memory")
    return text


def checked_without(names: Iterable[str] | None) -> list[str]:
    """Return names of optimisations that there are.

    Raises:
        typer.BadParameter: there is none of a name.
    """
    from sheetline.workbook.optimisations import checked

    found = list(names or ())
    _checked(lambda: checked(found), "--without")
    return found


def _checked(read: Callable[[], object], option: str, form: str | None = None) -> None:
    try:
        read()
    except (ValueError, OverflowError) as fault:
        raise typer.BadParameter(form or str(fault), param_hint=option) from None
