"""Date and time formats of spreadsheets, for dates and for numbers that count days since 30 December 1899.

A format becomes Joda's letters where they have what it asks for. The first letter of a month (``mmmmm``), one
letter for the half of the day (``A/P``) and elapsed time (``[h]:mm``) are written beside them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sheetline.functions.buffers import arrow_array, text_scalar
from sheetline.functions.dates.calendar import in_range
from sheetline.functions.dates.format import format_dates
from sheetline.functions.dates.patterns import Pattern, compile_pattern
from sheetline.functions.dates.zones import to_local
from sheetline.functions.errors import Ints, Mask
from sheetline.functions.number_sections import literal
from sheetline.functions.text_support import TEXT, kernels

_DAY_US = 86_400_000_000
#: Days from 30 December 1899, where spreadsheets count from, to 1 January 1970.
_EPOCH = 25_569
_JODA = {"y": ("yy", "yyyy"), "d": ("d", "dd", "EEE", "EEEE"), "h": ("H", "HH"), "s": ("s", "ss")}
_MONTHS = ("M", "MM", "MMM", "MMMM")
_ELAPSED = re.compile(r"[hH]+|[mM]+|[sS]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a time format: a pattern of Joda's letters, cut to its first letter or not, elapsed time, or text.

    Attributes:
        pattern: the letters; None for elapsed time and text.
        first: only the first letter of what the pattern gives is shown; ``lower`` in lower case.
        elapsed: ``h m s`` for the hours, minutes or seconds since the start, with at least ``width`` digits.
    """

    pattern: Pattern | None = None
    first: bool = False
    lower: bool = False
    elapsed: str = ""
    width: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """A compiled format for dates and times."""

    pieces: tuple[Piece, ...]
    fine: bool = False  #: parts of seconds are shown

    @property
    def counts(self) -> bool:
        """Whether the format shows elapsed time, so that its numbers may be negative."""
        return any(piece.elapsed for piece in self.pieces)

    @property
    def endless(self) -> bool:
        """Whether nothing but elapsed time is shown, which no calendar ends."""
        return all(piece.pattern is None for piece in self.pieces)

    def write(self, us: Ints, timezone: str) -> Any:
        """Return the texts of instants."""
        pc = kernels()
        parts: list[Any] = []
        for piece in self.pieces:
            if piece.text:
                parts.append(pa.repeat(text_scalar(piece.text), len(us)))
                continue
            if piece.pattern is None:
                since = to_local(us, timezone) + _EPOCH * _DAY_US
                width = {"h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000}[piece.elapsed]
                parts.append(pc.utf8_lpad(arrow_array(since // width).cast(TEXT), piece.width, "0"))
                continue
            shown: Any = format_dates(us, piece.pattern, timezone)
            if piece.first:
                shown = pc.utf8_slice_codeunits(shown, 0, 1)
            parts.append(pc.utf8_lower(shown) if piece.lower else shown)
        if len(parts) == 1:
            return parts[0]
        return pc.binary_join_element_wise(*parts, text_scalar(""))

    def write_serial(self, days: npt.NDArray[Any]) -> tuple[Any, Mask]:
        """Return the texts of numbers of days, and the mask of those that are no such number."""
        values = np.asarray(days, np.float64)
        near = np.isfinite(values) & (np.abs(values) < 50_000_000)
        us = np.rint(np.where(near, values, 0.0) * _DAY_US).astype(np.int64)
        if self.counts and not self.fine:  # elapsed time is rounded to the second
            us = np.rint(us / 1e6).astype(np.int64) * 1_000_000
        negative = us < 0
        bad = ~near | (negative if not self.counts else False)
        instants = np.abs(us) - _EPOCH * _DAY_US
        if not self.endless:
            bad = bad | ~in_range(instants)
        shown = self.write(np.where(bad, 0, instants), "UTC")
        if self.counts and negative.any():
            pc = kernels()
            signed = pc.binary_join_element_wise(text_scalar("-"), shown, text_scalar(""))
            shown = pc.if_else(arrow_array(negative), signed, shown)
        return shown, bad


def is_elapsed(item: re.Match[str]) -> bool:
    """Whether an item of a format is elapsed time, as ``[h]``."""
    return bool(item["bracket"]) and _ELAPSED.fullmatch(item["bracket"]) is not None


def read_times(items: Sequence[re.Match[str]], source: str) -> TimeFormat:
    """Read a date or time format. ``m`` is a minute behind an hour or before a second."""
    return _Reader(items, source).read()


class _Reader:
    def __init__(self, items: Sequence[re.Match[str]], source: str) -> None:
        self.items = items
        self.source = source
        self.halves = any(item["ampm"] for item in items)
        named = [(at, (item["date"] or item["bracket"])[0].lower()) for at, item in enumerate(items) if _names(item)]
        self.named = named
        self.letters = dict(named)
        self.pieces: list[Piece] = []
        self.out = ""  # Joda's letters that are not yet a piece
        self.text = ""

    def read(self) -> TimeFormat:
        fraction = fine = False
        for at, item in enumerate(self.items):
            if fraction and item["char"] == "0":
                self.letter("S")
                fine = True
                continue
            fraction = False
            if item["date"]:
                self.date(item["date"], at)
            elif is_elapsed(item):
                self.flush()
                self.pieces.append(Piece(elapsed=item["bracket"][0].lower(), width=len(item["bracket"])))
            elif item["ampm"]:
                self.half(item["ampm"])
            else:
                shown = literal(item)
                self.text += (item["char"] or item[0]) if shown is None else shown
                zero = at + 1 < len(self.items) and self.items[at + 1]["char"] == "0"
                fraction = item["char"] == "." and self.letters.get(at - 1) == "s" and zero
        self.flush()
        return TimeFormat(tuple(self.pieces), fine)

    def letter(self, letters: str) -> None:
        self.quote()
        self.out += letters

    def quote(self) -> None:
        if self.text:
            self.out += "'" + self.text.replace("'", "''") + "'"
            self.text = ""

    def flush(self) -> None:
        if not self.out:
            if self.text:
                self.pieces.append(Piece(text=self.text))
            self.text = ""
            return
        self.quote()
        self.pieces.append(Piece(compile_pattern(self.out)))
        self.out = ""

    def half(self, given: str) -> None:
        if given.upper() != "A/P":
            self.letter("a")
            return
        self.flush()
        self.pieces.append(Piece(compile_pattern("a"), first=True, lower=given == "a/p"))

    def date(self, given: str, at: int) -> None:
        letter, count = given[0].lower(), len(given)
        if letter == "m":
            place = next(i for i, (where, _) in enumerate(self.named) if where == at)
            behind = place > 0 and self.named[place - 1][1] == "h"
            before = place + 1 < len(self.named) and self.named[place + 1][1] == "s"
            if (behind or before) and count <= 2:
                self.letter("m" * count)
            elif count == 5:
                self.flush()
                self.pieces.append(Piece(compile_pattern("MMM"), first=True))
            else:
                self.letter(_MONTHS[min(count, 4) - 1])
        elif letter == "y":
            self.letter(_JODA["y"][count > 2])
        else:
            forms = _JODA[letter]
            made = forms[min(count, len(forms)) - 1]
            self.letter(made.lower() if letter == "h" and self.halves else made)


def _names(item: re.Match[str]) -> bool:
    return bool(item["date"]) or is_elapsed(item)
