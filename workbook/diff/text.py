"""Differences as lines for a terminal, each with its style."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from sheetline.workbook.diff.wording import (
    SIGNS,
    counts,
    example,
    facts,
    grouped,
    reached,
    rest,
    rows_summary,
    side,
    summary,
    title,
)

if TYPE_CHECKING:
    from sheetline.workbook.diff.model import Change, Diff, SheetData

_STYLES: Final = {"+": "green", "-": "red", "~": "yellow"}
_BOTH: Final = 60  #: two values that together are longer stand on lines of their own


class Line(NamedTuple):
    """A line and its style (of rich)."""

    words: str
    style: str = ""


def lines(diff: Diff) -> Iterator[Line]:
    """Yield the differences: the workbook's, then sheet by sheet, then what the runs gave, then notes."""
    yield Line(title(diff), "bold")
    yield Line(summary(diff), "green" if diff.same else "")
    for sheet, changes in grouped(diff).items():
        yield Line("")
        yield Line("workbook" if sheet is None else sheet, "bold")
        for change in changes:
            yield from _change(change)
    if any(one.differs or one.rows_old is None or one.rows_new is None for one in diff.data):
        yield from _data(diff)
    if diff.notes:
        yield Line("")
        for note in diff.notes:
            yield Line(f"note: {note}", "dim")


def _change(change: Change) -> Iterator[Line]:
    sign = SIGNS[change.kind]
    old, new = side(change, "old"), side(change, "new")
    words, below = change.words, False
    if change.kind == "renamed" or change.what == "version":
        pass
    elif change.kind in ("added", "removed"):
        given = new if change.kind == "added" else old
        words += f": {given}" if given else ""
    elif change.what in ("formula", "description") or len(old or "") + len(new or "") > _BOTH:
        below = True
    else:
        words += f": {'not given' if old is None else old} → {'not given' if new is None else new}"
    yield Line(f"  {sign} {words}", _STYLES[sign])
    if below:
        if old is not None:
            yield Line(f"    - {old}", "red")
        if new is not None:
            yield Line(f"    + {new}", "green")
    told = reached(change)
    if told:
        yield Line(f"    {told}", "dim")


def _data(diff: Diff) -> Iterator[Line]:
    yield Line("")
    yield Line("data", "bold")
    same = [one.sheet for one in diff.data if not one.differs and None not in (one.rows_old, one.rows_new)]
    for one in diff.data:
        if one.sheet not in same:
            yield from _sheet(one)
    if same:
        yield Line(f"  identical: {', '.join(same)}", "green")


def _sheet(one: SheetData) -> Iterator[Line]:
    yield Line(f"  {one.sheet}", "bold")
    for fact in facts(one):
        yield Line(f"    {fact}")
    rows = one.rows
    if rows is None:
        return
    yield Line(f"    {rows_summary(rows)}")
    for row in rows.examples:
        sign = SIGNS[row.kind]
        yield Line(f"      {sign} {example(row)}", _STYLES[sign])
    more = rest(counts(rows), rows.examples)
    if more:
        yield Line(f"      and {more}", "dim")
