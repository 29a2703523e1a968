"""What is wrong, where, and what to do: diagnostics, their rendering, and the exceptions that carry them.

The words stand in `sheetline.formulas.wordings`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from string import Formatter
from typing import Any

from sheetline.formulas.ast import Span
from sheetline.formulas.wordings import BINDING, CATALOGUE, SYNTAX, Severity, Wording

__all__ = [
    "BINDING",
    "CATALOGUE",
    "SYNTAX",
    "Diagnostic",
    "FormulaError",
    "Severity",
    "SheetlineError",
    "Wording",
    "WorkbookError",
    "make",
    "render",
]

LONGEST_WORD = 60
LONGEST_WRITE = 200
WIDEST_LINE = 160
AROUND = 60
MOST_LINES = 12
TAB = "    "


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake: its code, the words, and its place in the formula (``text``) and in the workbook.

    ``span`` counts code points in ``text``; ``line``, ``col`` and ``end_line`` count from 1 in the workbook's
    JSON ``file``. Any of them may be unknown.
    """

    code: str
    message: str
    span: Span | None = None
    text: str | None = None
    sheet: str | None = None
    column: str | None = None
    hint: str | None = None
    severity: Severity = "error"
    file: str | None = None
    line: int | None = None
    col: int | None = None
    end_line: int | None = None
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give what is known of it as plain JSON values; the span as ``start`` and ``end``."""
        found: dict[str, Any] = {"code": self.code, "severity": self.severity, "message": self.message}
        known = {
            "hint": self.hint,
            "sheet": self.sheet,
            "column": self.column,
            "formula": self.text,
            "start": None if self.span is None else self.span.start,
            "end": None if self.span is None else self.span.end,
            "file": self.file,
            "line": self.line,
            "col": self.col,
            "end_line": self.end_line,
            "notes": list(self.notes) or None,
        }
        found.update((key, value) for key, value in known.items() if value is not None)
        return found

    def with_place(
        self,
        *,
        sheet: str | None = None,
        column: str | None = None,
        file: str | None = None,
        line: int | None = None,
        col: int | None = None,
        end_line: int | None = None,
    ) -> Diagnostic:
        """Give the same with its place in a workbook; what is not named stays as it is."""
        given = {"sheet": sheet, "column": column, "file": file, "line": line, "col": col, "end_line": end_line}
        changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        return replace(self, **changes)


class SheetlineError(Exception):
    """The base of all errors that are the caller's to mend; ``diagnostics`` tells them one by one."""

    def __init__(self, diagnostics: Iterable[Diagnostic] | str) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = () if isinstance(diagnostics, str) else tuple(diagnostics)
        super().__init__(diagnostics if isinstance(diagnostics, str) else self.diagnostics)

    def __str__(self) -> str:
        return render(self.diagnostics) if self.diagnostics else str(self.args[0])


class FormulaError(SheetlineError, ValueError):
    """A formula is wrong."""


class WorkbookError(SheetlineError, ValueError):
    """A workbook, or a formula in it, is wrong."""


# --- making them ---------------------------------------------------------------------------------------------


class _Words(tuple[str, ...]):
    """Several names, as "a, b or c"; with the format ``q`` each in quotes, with ``a`` joined by "and".

    A last name "…" says that there are more.
    """

    def __format__(self, spec: str) -> str:
        names = [f"'{name}'" if "q" in spec and name != "…" else name for name in self]
        if names[-1] == "…":
            return ", ".join(names)
        return names[0] if len(names) == 1 else ", ".join(names[:-1]) + (" and " if "a" in spec else " or ") + names[-1]


def make(
    code: str,
    span: Span | None = None,
    text: str | None = None,
    hint: str | None = None,
    **words: str | int | Sequence[str] | None,
) -> Diagnostic:
    """Make a diagnostic from the catalogue's wording for ``code``.

    ``words`` fill the wording's templates; None and empty lists count as not given. ``hint`` replaces the
    wording's own. Raises KeyError for an unknown code, TypeError for a word that the wording does not know or
    when none of its messages has all its words.

    >>> make("F101", Span(0, 3), "AB(1)", name="AB", near=["ABS"]).message
    "unknown function 'AB'"
    """
    wording = CATALOGUE[code]
    given = {name: _word(name, word) for name, word in words.items() if word is not None and word != []}
    known = {name for template in (*wording.messages, *wording.hints) for name in fields(template)}
    if unknown := set(words) - known:
        raise TypeError(f"{code} has no words {sorted(unknown)}")
    message = _first(wording.messages, given)
    if message is None:
        raise TypeError(f"{code} needs more words than {sorted(given)}")
    return Diagnostic(
        code=code,
        message=message,
        span=span,
        text=text,
        hint=hint if hint is not None else _first(wording.hints, given),
        severity=wording.severity,
    )


def fields(template: str) -> set[str]:
    """Give the names of the words that a template needs."""
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def _first(templates: Sequence[str], words: dict[str, object]) -> str | None:
    for template in templates:
        if fields(template) <= words.keys():
            return template.format_map(words)
    return None


def _word(name: str, word: str | int | Sequence[str] | None) -> object:
    longest = LONGEST_WRITE if name in ("write", "signature", "path", "why") else LONGEST_WORD
    if isinstance(word, str):
        return _Words((shorten(word, longest),))
    if isinstance(word, Sequence):
        return _Words(shorten(one, longest) for one in word)
    return word


def shorten(text: str, longest: int = LONGEST_WORD) -> str:
    """Make a text fit for a message: on one line, with nothing invisible, and not longer than ``longest``."""
    shown = "".join(sign if sign.isprintable() else " " if sign in "\n\t\r" else "�" for sign in text[: longest + 1])
    return shown if len(text) <= longest else shown[: longest - 1] + "…"


# --- showing them --------------------------------------------------------------------------------------------


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """Show diagnostics as text for a terminal: each formula once, with a caret under each mistake.

    Neighbours of the same formula are shown together; the order is that of the diagnostics.
    """
    return "\n".join(
        line for place, group in groupby(diagnostics, _place) for line in _render_place(place, list(group))
    )


def _place(diagnostic: Diagnostic) -> tuple[str | None, ...]:
    line = None if diagnostic.line is None else str(diagnostic.line)
    return (diagnostic.file, line, diagnostic.sheet, diagnostic.column, diagnostic.text)


def _render_place(place: tuple[str | None, ...], group: list[Diagnostic]) -> list[str]:
    file, line, sheet, column, text = place
    where = [] if file is None else [":".join(part for part in (file, line) if part is not None)]
    inside = [f"{kind} {name}" for kind, name in (("sheet", _quoted(sheet)), ("column", _quoted(column))) if name]
    where += [", ".join(inside)] if inside else []
    shown = [": ".join(where) + ":"] if where else []
    indent = "  " if where else ""
    if text is None:
        for one in group:
            shown += _said(one, indent)
        return shown
    return shown + [(indent + each).rstrip() for each in _render_formula(text, group)]


def _quoted(name: str | None) -> str | None:
    return None if name is None else f"'{shorten(name)}'"


def _said(diagnostic: Diagnostic, before: str) -> list[str]:
    """Code, message and hint behind ``before``; notes on lines of their own."""
    warning = "warning " if diagnostic.severity == "warning" else ""
    hint = f": {diagnostic.hint}" if diagnostic.hint else ""
    first, *more = f"{warning}{diagnostic.code} {diagnostic.message}{hint}".split("\n")
    gap = " " * len(before)
    return [before + first, *(gap + line for line in more), *(f"{gap}note: {note}" for note in diagnostic.notes)]


def _render_formula(text: str, group: list[Diagnostic]) -> list[str]:
    """The lines of a formula; under each the mistakes that start there, then those without a place."""
    lines = text.replace("\r\n", " \n").split("\n")  # a space for the \r keeps the offsets
    shown: list[str] = []
    start = 0
    for line in lines:
        last = start + len(line) == len(text)
        here = [
            d
            for d in group
            if d.span and (start <= d.span.start <= start + len(line) or (last and d.span.start > len(text)))
        ]
        if len(line) <= WIDEST_LINE:
            if here or len(lines) <= MOST_LINES:
                shown.append(_visible(line))
            for one in here:
                shown += _underlined(line, start, one)
        else:
            shown += [] if here else [_visible(line[: WIDEST_LINE - 1]) + "…"] * (len(lines) <= MOST_LINES)
            for one in here:
                shown += _excerpt(line, start, one)
        start += len(line) + 1
    for one in group:
        if one.span is None:
            shown += _said(one, "")
    return shown


def _underlined(line: str, start: int, diagnostic: Diagnostic) -> list[str]:
    assert diagnostic.span is not None
    first = min(diagnostic.span.start - start, len(line))
    stop = min(max(diagnostic.span.end - start, first), len(line))
    carets = "^" * max(_width(line[first:stop]), 1)
    return _said(diagnostic, " " * _width(line[:first]) + carets + " ")


def _excerpt(line: str, start: int, diagnostic: Diagnostic) -> list[str]:
    """The part of a very long line around a mistake, with the mistake under it."""
    assert diagnostic.span is not None
    first = min(diagnostic.span.start - start, len(line))
    left, right = max(first - AROUND, 0), min(first + AROUND, len(line))
    part = ("…" if left else "") + line[left:right] + ("…" if right < len(line) else "")
    moved = start + left - (1 if left else 0)
    span = Span(diagnostic.span.start, min(diagnostic.span.end, start + right))
    return [_visible(part), *_underlined(part, moved, replace(diagnostic, span=span))]


def _visible(line: str) -> str:
    return "".join(TAB if sign == "\t" else sign if sign.isprintable() or _cells(sign) == 0 else " " for sign in line)


def _width(text: str) -> int:
    return len(text) if text.isascii() and "\t" not in text else sum(_cells(sign) for sign in text)


def _cells(sign: str) -> int:
    """How many cells of a terminal a sign takes."""
    if sign == "\t":
        return len(TAB)
    if unicodedata.category(sign) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1
