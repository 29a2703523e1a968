"""Why a row is there, and what became of a row: from sheet to sheet, each with what decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sheetline.formulas.diagnostics import WorkbookError
from sheetline.functions.errors import Ints
from sheetline.workbook.problems import diagnostic, listed, quoted
from sheetline.workbook.sheets.join import JoinStep
from sheetline.workbook.trace.lines import lines_of, place_of
from sheetline.workbook.trace.reasons import Reason, Reasons
from sheetline.workbook.trace.runs import changed_since, placed, tracer_of
from sheetline.workbook.trace.tracing import Made, Tracer

if TYPE_CHECKING:
    from sheetline.workbook.run import Run

#: Of so many rows that one row became in a sheet the reasons are told; the others are counted.
TOLD = 3


@dataclass(frozen=True, slots=True, eq=False)
class Presence:
    """Why a row is in a sheet; or what became of a row of a sheet before it.

    Attributes:
        sheet: the sheet that was asked about.
        of: the sheet that ``row`` is a row of: the sheet itself, or one before it.
        row: the row's number, from 0.
        rows: the rows of ``sheet`` that it is, or that are made of it; none where it was left out on the way.
        reasons: from sheet to sheet what decided: downwards for a row of the sheet itself, else upwards.
        changed: what is other than it was when the run was made.
        timezone: the zone in which dates are shown.
    """

    sheet: str
    of: str
    row: int
    rows: tuple[int, ...]
    reasons: tuple[Reason, ...]
    changed: tuple[str, ...] = ()
    timezone: str = "UTC"

    @property
    def there(self) -> bool:
        """Whether the row is in the sheet, or any row of the sheet is made of it."""
        return bool(self.rows)

    def to_text(self) -> str:
        """Return the explanation for people; rows count from 1 there."""
        from sheetline.workbook.trace.tree import presence_text

        return presence_text(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as JSON values; rows count from 1 there."""
        from sheetline.workbook.trace.tree import presence_dict

        return presence_dict(self)

    def __str__(self) -> str:
        return self.to_text()


def explain_row(run: Run, sheet: str, row: int, of: str | None = None) -> Presence:
    """Return why a row is there, or what became of a row of the sheet ``of``; see :meth:`Run.explain_row`."""
    tracer = tracer_of(run)
    timezone = run.plan.env.timezone
    if of is None or of == sheet:
        made, place = placed(tracer, sheet, row, None)
        reasons = tuple(_downwards(tracer, made, sheet, place))
        return Presence(sheet, sheet, place, (place,), reasons, changed_since(run, sheet, made), timezone)
    made = tracer.made(sheet, tracer.columns(sheet, None))
    _expect_before(tracer, made, sheet, of)
    count = made.tables[of].rows
    if not -count <= row < count:
        has = f"{count:,} row{'' if count == 1 else 's'}"
        raise IndexError(f"sheet '{of}' has no row {row}: it has {has}, counted from 0")
    place = row % count
    reached = {of: np.array([place], np.int64)}
    reasons = tuple(_upwards(tracer, made, reached, of))
    rows = tuple(reached.get(sheet, np.zeros(0, np.int64)).tolist())
    return Presence(sheet, of, place, rows, reasons, changed_since(run, sheet, made), timezone)


def _expect_before(tracer: Tracer, made: Made, sheet: str, of: str) -> None:
    """Refuse a sheet that the other one is not made of.

    Raises:
        WorkbookError: there is no such sheet, or it stands elsewhere.
    """
    tracer.columns(of, None)
    before = _taken(tracer, made, sheet)
    if of not in before:
        names = listed([quoted(one) for one in before][:8])
        advice = f"{quoted(sheet)} takes its rows from {names}" if before else f"{quoted(sheet)} takes no other sheet"
        raise WorkbookError([diagnostic("W203", {"name": f"{quoted(of)} before {quoted(sheet)}", "advice": advice})])


def _taken(tracer: Tracer, made: Made, sheet: str) -> list[str]:
    """Return the sheets that a sheet takes rows from, itself or through others."""
    found = {sheet}
    for name in reversed(list(made.needed)):
        if name in found:
            found |= {one.sheet for one in made.maps[name]}
    return [name for name in made.needed if name in found and name != sheet]


def _downwards(tracer: Tracer, made: Made, sheet: str, row: int) -> Iterator[Reason]:
    """Yield the reasons of a row and of those that it is made of, as far as each is made of a single one."""
    reasons = Reasons(tracer, made)
    at: tuple[str, int] | None = (sheet, row)
    while at is not None:
        name, place = at
        step = tracer.plan.steps[name]
        if not made.maps[name]:
            yield Reason(name, (place,), words=_source_words(tracer, name, place))
            return
        found = reasons.there(name, place)
        yield found
        matched = isinstance(step, JoinStep) and step.how not in ("semi", "anti")
        at = None if found.row is None or matched else (found.of, found.row)


def _source_words(tracer: Tracer, sheet: str, row: int) -> str:
    step = tracer.plan.steps[sheet]
    where = place_of(step)
    if not where:
        return "taken from the record"
    line = lines_of(step, [row]).get(row)
    return f"read from {where}" if line is None else f"line {line:,} of {where}"


def _upwards(tracer: Tracer, made: Made, reached: dict[str, Ints], of: str) -> Iterator[Reason]:
    """Yield what became of a row in each sheet that is made of rows of it; ``reached`` takes them."""
    reasons = Reasons(tracer, made)
    passed = False
    for name in made.needed:
        passed = passed or name == of
        bases = {one.sheet for one in made.maps[name] if one.sheet in reached}
        if not passed or name == of or not bases:
            continue
        found = np.zeros(0, np.int64)
        for one in made.maps[name]:
            if one.sheet in reached and not one.context and one.columns is None:
                found = np.union1d(found, one.above(reached[one.sheet]))
        if len(found):
            reached[name] = found.astype(np.int64)
            for row in found[:TOLD].tolist():
                yield reasons.there(name, row)
        for base in sorted(bases):
            left = [row for row in reached[base][:TOLD].tolist() if not _has_row(made, name, base, row)]
            yield from (reasons.gone(name, base, row) for row in left)


def _has_row(made: Made, name: str, base: str, row: int) -> bool:
    some = np.array([row], np.int64)
    maps = (one for one in made.maps[name] if one.sheet == base and not one.context and one.columns is None)
    return any(len(one.above(some)) for one in maps)
