"""Patterns with wildcards: ``* ? ~`` of spreadsheets and ``% _ \\`` of LIKE, matched in linear steps."""

from __future__ import annotations

import re


class Wildcard:
    """A wildcard pattern, cut at its ``*`` into pieces of fixed length.

    Pieces are looked for one behind the other, each at its first place; since a piece that is found early
    leaves most room for the next, nothing has to be tried twice.
    """

    def __init__(self, pattern: str, run: str, one: str, escape: str, *, ignore_case: bool) -> None:
        flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
        pieces: list[list[str]] = [[]]
        escaped = False
        for place, char in enumerate(pattern):
            if escaped:
                pieces[-1].append(re.escape(char))
                escaped = False
            elif char == escape and pattern[place + 1 : place + 2] in (run, one, escape):
                escaped = True
            elif char == run:
                pieces.append([])
            else:
                pieces[-1].append("." if char == one else re.escape(char))
        self._lengths = [len(piece) for piece in pieces]
        self._pieces = [re.compile("".join(piece), flags) for piece in pieces]

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
