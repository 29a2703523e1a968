"""The codes that rows have from their keys, and an arrangement of many rows in which equal codes are near one another.

Groups are numbered in order of first appearance. What is added up or compared by group need not know these numbers:
it goes by the codes that the keys gave, and only its results, one a code, are put in the order of the groups.

A table of many codes is larger than the processor's cache, and rows in any order meet it at any place. Such rows are
arranged by ranges of codes first, in row order inside each, so that results are the same to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sheetline.functions.errors import Ints, Mask
from sheetline.functions.helpers import side_by_side
from sheetline.functions.memory import empty
from sheetline.functions.segments import by_code

Array = npt.NDArray[Any]

#: From so many codes on, and so many rows, rows are arranged.
_MANY_CODES = 1 << 17
_MANY_ROWS = 1 << 19
#: A range has codes of so many bits, of which tables of several numbers stay in the cache; there are not more ranges.
_RANGE_BITS = 14
_MOST_RANGES_BITS = 9
#: Rows that are arranged at a time.
_STRETCH = 1 << 20
#: Rows whose intermediate values stay in the processor's cache.
_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """The codes of rows: each group has one.

    Attributes:
        codes: the code of the row at each place, 0…width-1.
        width: how many codes there are; some may have no group.
        places: the row at each place, ascending among those of one code; None where rows stand as they are.
        of_group: the code of each group; None where it is the group's number.
    """

    codes: Ints
    width: int
    places: npt.NDArray[np.int32] | None = None
    of_group: Ints | None = None

    @classmethod
    def of(cls, codes: Ints, width: int, threads: int) -> Labels:
        """Return the labels of rows with these codes, arranged where that pays."""
        if width < _MANY_CODES or not _MANY_ROWS <= len(codes) < 2**31:
            return cls(codes, width)
        bits = (width - 1).bit_length()
        shift = max(_RANGE_BITS, bits - _MOST_RANGES_BITS)
        places, arranged = by_code(codes, ((width - 1) >> shift) + 1, codes, threads, shift=shift)
        return cls(arranged, width, places)

    def kept(self, keep: Mask) -> Labels:
        """Return the labels of the rows that are kept, which are numbered anew."""
        if self.places is None:
            return replace(self, codes=self.codes[keep])
        some = keep.take(self.places)
        number = np.cumsum(keep, dtype=np.int32)
        number -= 1
        return replace(self, codes=self.codes[some], places=number[self.places[some]])

    def arranged(self, values: Array, threads: int = 1) -> Array:
        """Return values, one a row, at their places."""
        places = self.places
        if places is None:
            return values
        out = empty(len(values), values.dtype)

        def some(start: int) -> None:
            for first in range(start, min(start + _STRETCH, len(out)), _BLOCK):
                part = slice(first, first + _BLOCK)
                np.take(values, places[part], out=out[part], mode="clip")

        side_by_side(some, range(0, len(out), _STRETCH), threads)
        return out

    def by_group(self, numbers: Array) -> Array:
        """Return one number a group from one a code."""
        taken: Array = numbers if self.of_group is None else numbers[self.of_group]
        return taken

    def by_code(self, numbers: Array) -> Array:
        """Return one number a code, 0 where it has no group, from one a group."""
        if self.of_group is None:
            return numbers
        out = np.zeros(self.width, numbers.dtype)
        out[self.of_group] = numbers
        return out

    def sizes(self, threads: int = 1) -> Ints:
        """Return the number of rows of each code."""
        threads = threads if self.width * threads * 16 <= len(self.codes) else 1
        edges = [len(self.codes) * part // threads for part in range(threads + 1)]
        parts = [self.codes[edges[part] : edges[part + 1]] for part in range(threads)]
        counts = side_by_side(lambda part: np.bincount(part, minlength=self.width), parts, threads)
        return counts[0] if threads == 1 else np.add.reduce(counts)

    def first(self, occurring: int) -> Ints:
        """Return the first row of each code, of which some number occurs; the number of rows where it does not."""
        if self.places is None:
            return first_rows(self.codes, self.width, occurring)
        first = np.full(self.width, len(self.codes), np.int64)
        for stop in range(len(self.codes), 0, -_BLOCK):  # the last write counts
            part = slice(max(stop - _BLOCK, 0), stop)
            first[self.codes[part][::-1]] = self.places[part][::-1]
        return first


def first_rows(codes: Ints, count: int, occurring: int | None = None) -> Ints:
    """Return the first row of each code 0…count-1; the number of rows where it does not occur.

    ``occurring``: how many codes occur, default all. Few of them are mostly met in the first of many rows.
    """
    rows = len(codes)
    first = np.full(count, rows, np.int64)
    wanted = count if occurring is None else occurring
    start, stop = 0, rows if wanted * 16 > rows else min(1 << 16, rows)
    while start < stop:
        if start == 0:
            first[codes[:stop][::-1]] = np.arange(stop - 1, -1, -1)
        else:
            more = np.full(count, rows, np.int64)
            more[codes[start:stop][::-1]] = np.arange(stop - 1, start - 1, -1)
            np.minimum(first, more, out=first)
        if stop == rows or np.count_nonzero(first < rows) == wanted:
            break
        start, stop = stop, min(4 * stop, rows)
    return first
