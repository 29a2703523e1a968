"""Did you mean: the known names nearest to a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

MAX_WORD = 80
MAX_CANDIDATES = 5_000


def closest(word: str, candidates: Iterable[str], limit: int = 3) -> list[str]:
    """Give up to ``limit`` of the candidates that ``word`` may have been meant to be, the likeliest first.

    A candidate that differs in letter case or in ``_``, ``.`` and spaces only comes first, then those within an
    edit distance of a third of the word's length (at least 1), then those that the word is the beginning of.
    Equal ones keep the order of the candidates. At most 5,000 candidates are looked at.

    >>> closest("HAVERSIN", ["HYPOT", "HAVERSINE"])
    ['HAVERSINE']
    """
    if not word or len(word) > MAX_WORD:
        return []
    folded, plain = word.casefold(), _plain(word)
    allowed = max(1, len(word) // 3)
    found: list[tuple[float, int, str]] = []
    for index, candidate in enumerate(islice(dict.fromkeys(candidates), MAX_CANDIDATES)):
        other = candidate.casefold()
        if other == folded:
            found.append((-1.0, index, candidate))
        elif _plain(candidate) == plain:
            found.append((-0.5, index, candidate))
        elif (far := distance(folded, other, allowed)) <= allowed and far < len(folded):
            found.append((float(far), index, candidate))
        elif len(folded) >= 3 and other.startswith(folded):
            found.append((float(allowed + 1), index, candidate))
    found.sort()
    if found and found[0][0] < 0:  # the same name in other letters leaves no doubt
        found = [entry for entry in found if entry[0] == found[0][0]]
    return [candidate for _, _, candidate in found[:limit]]


def _plain(word: str) -> str:
    """The word without what people forget: letter case and the signs between its parts."""
    return "".join(letter for letter in word.casefold() if letter not in "_. -") or word


def distance(a: str, b: str, most: int) -> int:
    """Count the edits between two words: insert, delete, replace, swap neighbours; ``most + 1`` means more.

    The optimal string alignment form of the Damerau-Levenshtein distance, row by row, given up as soon as a
    whole row is beyond ``most``.

    >>> distance("lenght", "length", 2)
    1
    """
    if abs(len(a) - len(b)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, start=1):
        older, before, row = before, row, [i]
        for j, other in enumerate(b, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and other == a[i - 2]:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)
