"""Reading a workbook file: from bytes to a checked workbook, or to all that is wrong with it."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping
from dataclasses import replace

from sheetline.formulas.diagnostics import Diagnostic, WorkbookError
from sheetline.workbook.collecting import collection_paused
from sheetline.workbook.jsonpos import ListMarks, Positions, read_json
from sheetline.workbook.model.reading import read_workbook
from sheetline.workbook.model.workbook import Workbook
from sheetline.workbook.problems import diagnostic

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def load_workbook(path: str | os.PathLike[str]) -> Workbook:
    """Read a workbook file.

    Args:
        path: the JSON file; paths inside it are relative to it.

    Raises:
        WorkbookError: the file can't be read, or something in it is wrong; every problem at once, with line
            and column of the file.
    """
    place = pathlib.Path(path)
    try:
        data = place.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        problem = diagnostic("W001", {"reason": reason[:1].lower() + reason[1:]}, file=str(place))
        raise WorkbookError([problem]) from error
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WorkbookError([_not_utf8(data, error, place)]) from None
    return parse_workbook(text, path=place)


def parse_workbook(text: str, *, path: str | os.PathLike[str] | None = None) -> Workbook:
    """Read the text of a workbook file.

    >>> parse_workbook('{"format": "sheetline/1", "name": "Empty", "sheets": []}').name
    'Empty'

    Args:
        text: the JSON text.
        path: the file that it comes from, for messages and for the relative paths inside.

    Raises:
        WorkbookError: something in it is wrong; every problem at once, with line and column (from 1).
    """
    with collection_paused():
        return _parsed(text, None if path is None else pathlib.Path(path))


def _parsed(text: str, place: pathlib.Path | None) -> Workbook:
    document = read_json(text, known=_know_short_forms)
    problems = [replace(item, file=None if place is None else str(place)) for item in document.problems]
    workbook = None
    if document.complete:
        workbook, found = read_workbook(document.value, positions=document.positions, path=place)
        problems += found
    if problems or workbook is None:
        raise WorkbookError(_in_order(problems))
    return workbook


def _in_order(problems: list[Diagnostic]) -> list[Diagnostic]:
    return sorted(problems, key=lambda d: (d.line or 0, d.col or 0))


def _not_utf8(data: bytes, error: UnicodeDecodeError, place: pathlib.Path) -> Diagnostic:
    before = data[: error.start].decode("utf-8")
    line, col = Positions(before).line_col(len(before))
    advice = "save the file as UTF-8"
    if data.startswith(_UTF16):
        advice = "it is UTF-16: save the file as UTF-8"
    reason = f"byte 0x{data[error.start]:02x} is no UTF-8"
    return diagnostic("W001", {"reason": reason, "advice": advice}, file=str(place), line=line, col=col)


def _know_short_forms(raw: object, positions: Positions) -> None:
    """Let the columns of {name: formula} be found by their index, as the list that they are read as."""
    sheets = raw.get("sheets") if isinstance(raw, Mapping) else None
    for index, sheet in enumerate(sheets if isinstance(sheets, list) else ()):
        if not isinstance(sheet, Mapping) or sheet.get("kind") != "formulas":
            continue
        marks = positions.marks(("sheets", index, "columns"))
        if isinstance(sheet.get("columns"), Mapping) and isinstance(marks, dict):
            items: ListMarks = [
                (key, key, {"name": (key, key, None), "formula": (key, value, inner)})
                for key, value, inner in marks.values()
            ]
            positions.alias(("sheets", index, "columns"), items)
