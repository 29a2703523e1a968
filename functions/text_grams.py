"""n-grams of characters of whole columns as numbers, and how many of them two columns share."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sheetline.functions.text_support import raw_bytes

Ints = npt.NDArray[np.int64]

#: Row and n-gram are packed into one number below this.
_MOST = 2**63


def code_points(text: Any) -> tuple[npt.NDArray[Any], Ints]:
    """Return the code points of all texts of an Arrow array in one array, and the n+1 offsets into it."""
    data, offsets = raw_bytes(text)
    if not len(data) or int(data.max()) < 128:
        return data, offsets
    points = np.frombuffer(data.tobytes().decode().encode("utf-32-le"), np.uint32)
    begins = np.cumsum((data & 0xC0) != 0x80)  # every byte that is no continuation begins a code point
    return points, np.concatenate((np.zeros(1, np.int64), begins))[offsets]


def _ranked(values: Ints) -> tuple[Ints, int]:
    """Return numbers in the same order without gaps, from 1, and how many of them and 0 there are."""
    unique, ranks = np.unique(values, return_inverse=True)
    return ranks.astype(np.int64) + 1, len(unique) + 1


class _Grams:
    """Numbers of the n-grams that begin at each character; equal numbers for equal n-grams of both columns.

    An n-gram ends with its text, so that those at the end of a text are shorter, and differ from longer ones.
    """

    def __init__(self, points: npt.NDArray[Any], ends: Ints, most: int) -> None:
        self._ends = ends  # for each character the place behind the last one of its text
        self._most = most
        table = np.zeros(int(points.max(initial=0)) + 1, np.int64)
        table[points] = 1
        self._letters = np.cumsum(table)[points]
        self._alphabet = int(table.sum()) + 1

    def of(self, n: int) -> tuple[Ints, int]:
        """Return the numbers of the n-grams, from 1, and a bound that they stay below.

        They are made of pairs of shorter ones: those of 2, 4, 8 … characters, and at last two that may overlap.
        """
        grams, bound, size = self._letters, self._alphabet, 1
        while 2 * size <= n:
            grams, bound = self._paired(grams, bound, size)
            size *= 2
        return (grams, bound) if size == n else self._paired(grams, bound, n - size)

    def _paired(self, grams: Ints, bound: int, by: int) -> tuple[Ints, int]:
        """Return numbers of the pairs of each n-gram and the one that begins ``by`` characters behind it."""
        if bound * bound > self._most:
            grams, bound = _ranked(grams)
        at = np.arange(by, by + len(grams))
        follow = np.where(at < self._ends, grams[np.minimum(at, len(grams) - 1)], 0)
        pairs, bound = grams * bound + follow, bound * bound
        return (pairs, bound) if bound <= self._most else _ranked(pairs)


def jaccard(a: Any, b: Any, n: int) -> npt.NDArray[np.float64]:
    """Return the Jaccard similarity of the sets of n-grams of two columns of text, row by row."""
    rows = len(a)
    (points_a, offsets_a), (points_b, offsets_b) = code_points(a), code_points(b)
    sizes = np.concatenate((np.diff(offsets_a), np.diff(offsets_b)))
    if not sizes.any():
        return np.ones(rows)
    n = min(n, int(sizes.max()))  # with a longer one every text is its own only n-gram, as with this
    ends = np.repeat(np.cumsum(sizes), sizes)
    points = np.concatenate((points_a, points_b))
    # a number of an n-gram times another one, or times the number of rows, must stay a whole number of 64 bits
    grams, bound = _Grams(points, ends, max(_MOST // (rows + 1) // 2, 4)).of(n)
    begins = np.repeat(np.cumsum(sizes) - sizes, sizes)
    at = np.arange(len(points))
    whole = (at + n <= ends) | (at == begins)
    row = np.repeat(np.concatenate((np.arange(rows), np.arange(rows))), sizes)
    if bound > _MOST // (rows + 1):
        grams, bound = _ranked(grams)
    keys = row * bound + grams
    half = len(points_a)
    sets = [_distinct(keys[:half][whole[:half]]), _distinct(keys[half:][whole[half:]])]
    both = np.sort(np.concatenate(sets))
    common = np.bincount(both[1:][both[1:] == both[:-1]] // bound, minlength=rows)
    counts = [np.bincount(keys_ // bound, minlength=rows) for keys_ in sets]
    union = counts[0] + counts[1] - common
    similar: npt.NDArray[np.float64] = np.where(union == 0, 1.0, common / np.maximum(union, 1))
    return similar


def _distinct(keys: Ints) -> Ints:
    keys = np.sort(keys)
    first: Ints = keys[np.concatenate((np.ones(min(len(keys), 1), np.bool_), keys[1:] != keys[:-1]))]
    return first
