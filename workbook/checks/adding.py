"""Adding checks to a sheet of a workbook that is made in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from sheetline.formulas.diagnostics import WorkbookError
from sheetline.workbook.model.reading import raise_problems, read_sheet
from sheetline.workbook.planning import unknown_sheets

if TYPE_CHECKING:
    from sheetline.workbook.model.workbook import Workbook

W = TypeVar("W", bound="Workbook")


def with_checks(book: W, name: str, checks: Sequence[Mapping[str, object]]) -> W:
    """Return a workbook whose sheet ``name`` has some checks more.

    Raises:
        WorkbookError: there is no such sheet, or something is wrong with a check.
    """
    unknown = unknown_sheets(book, [name])
    if unknown:
        raise WorkbookError(unknown)
    place = next(place for place, sheet in enumerate(book.sheets) if sheet.name == name)
    sheet = book.sheets[place]
    raw = {**sheet.written(), "checks": [*(one.written() for one in sheet.checks), *checks]}
    read, problems = read_sheet(raw, ("sheets", place))
    raise_problems(problems, {"sheets": [{"name": one.name} for one in book.sheets]})
    assert read is not None, "what has no problem was read"
    return book.model_copy(update={"sheets": (*book.sheets[:place], read, *book.sheets[place + 1 :])})
