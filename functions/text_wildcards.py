"""Patterns with wildcards: ``* ? ~`` of spreadsheets and ``% _ \\`` of LIKE, matched in linear steps."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a piece was found; speaks like a match of ``re``."""

    first: int
    behind: int

    def start(self) -> int:
        """Return where it begins."""
        return self.first

    def end(self) -> int:
        """Return the place behind it."""
        return self.behind


@dataclass(frozen=True, slots=True)
class _Plain:
    """A piece that is plain text; speaks like a compiled pattern, which takes seconds to make of a megabyte."""

    piece: str

    def search(self, text: str, start: int = 0, stop: int = sys.maxsize) -> _Place | None:
        """Return the first place of the piece, or None."""
        at = text.find(self.piece, start, stop)
        return None if at < 0 else _Place(at, at + len(self.piece))

    def match(self, text: str, start: int = 0) -> _Place | None:
        """Return the place ``start`` if the piece stands there, or None."""
        return _Place(start, start + len(self.piece)) if text.startswith(self.piece, start) else None

    def fullmatch(self, text: str) -> _Place | None:
        """Return the whole text's place if it is the piece, or None."""
        return _Place(0, len(text)) if text == self.piece else None


#: A pattern may have so many characters: engines take milliseconds for a thousand.
MAX_LENGTH = 10_000


def too_long(pattern: str) -> str:
    """Return why a pattern can't be used, or an empty text."""
    return f"a pattern has at most {MAX_LENGTH:,} characters" if len(pattern) > MAX_LENGTH else ""


class Wildcard:
    """A wildcard pattern, cut at its ``*`` into pieces of fixed length.

    It has at most :data:`MAX_LENGTH` characters; callers look at that. Pieces are looked for one behind the other,
    each at its first place; since a piece that is found early leaves most room for the next, nothing has to be
    tried twice.
    """

    def __init__(self, pattern: str, run: str, one: str, escape: str, *, ignore_case: bool) -> None:
        flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
        pieces: list[list[str]] = [[]]  # a character each; the empty text stands for any one
        escaped = False
        for place, char in enumerate(pattern):
            if escaped:
                pieces[-1].append(char)
                escaped = False
            elif char == escape and pattern[place + 1 : place + 2] in (run, one, escape):
                escaped = True
            elif char == run:
                pieces.append([])
            else:
                pieces[-1].append("" if char == one else char)
        self._lengths = [len(piece) for piece in pieces]
        self._pieces: list[Any] = [
            _Plain("".join(piece))
            if all(piece) and not ignore_case
            else re.compile("".join(re.escape(char) or "." for char in piece), flags)
            for piece in pieces
        ]

    def find(self, text: str, start: int = 0) -> int:
        """Return where the first match at or behind ``start`` begins, or -1."""
        position, found = start, -1
        for piece in self._pieces:
            match = piece.search(text, position)
            if match is None:
                return -1
            found = match.start() if found < 0 else found
            position = match.end()
        return found

    def matches(self, text: str) -> bool:
        """Whether the pattern matches the whole text."""
        if len(self._pieces) == 1:
            return self._pieces[0].fullmatch(text) is not None
        stop = len(text) - self._lengths[-1]
        first = self._pieces[0].match(text)
        if first is None or stop < first.end() or self._pieces[-1].match(text, stop) is None:
            return False
        position = first.end()
        for piece in self._pieces[1:-1]:
            match = piece.search(text, position, stop)
            if match is None:
                return False
            position = match.end()
        return True


def spreadsheet(pattern: str) -> Wildcard:
    """Return the pattern of SEARCH: ``*`` any run, ``?`` any character, ``~`` before them themselves."""
    return Wildcard(pattern, "*", "?", "~", ignore_case=True)


def like(pattern: str) -> Wildcard:
    r"""Return the pattern of LIKE: ``%`` any run, ``_`` any character, ``\`` before them themselves."""
    return Wildcard(pattern, "%", "_", "\\", ignore_case=False)
