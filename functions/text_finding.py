"""A constant part looked for in all texts of a column at once, by comparing bytes.

The bytes of the column are compared with a few bytes of the part, each shifted to its place: that runs at the speed of
memory. Where too much is found that way, or the part is long, Arrow's own search is the quicker one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sheetline.functions.text_bytes import I64, U8, Bools, rows_of
from sheetline.functions.text_support import kernels, numbers, raw_bytes, truths

#: Longer parts are left to Arrow.
_LONGEST = 64
#: As many bytes of a part are compared over all data; the others only where these were found.
_COMPARED = 2
#: More than one hit in so many bytes is left to Arrow.
_SPARSE = 6


class Hits:
    """Where a part stands in the texts of a column, overlaps and all.

    Attributes:
        size: the length of the part in bytes.
        places: where it stands in the bytes of all rows, ascending.
        row: for each of them its row.
        begin: where rows begin.
        each: whether it stands once in every row, as @ does in addresses.
    """

    __slots__ = ("begin", "each", "places", "row", "size")

    def __init__(self, places: I64, row: npt.NDArray[np.int64], begin: I64, size: int, *, each: bool = False) -> None:
        self.places, self.row, self.begin, self.size, self.each = places, row, begin, size, each

    def rows(self) -> Bools:
        """Return which rows hold the part."""
        if self.each:
            return np.ones(len(self.begin), np.bool_)
        out = np.zeros(len(self.begin), np.bool_)
        out[self.row] = True
        return out

    def counts(self) -> I64:
        """Return how often it stands in each row."""
        if self.each:
            return np.ones(len(self.begin), np.int64)
        return np.bincount(self.row, minlength=len(self.begin)).astype(np.int64, copy=False)

    def first(self) -> I64:
        """Return how many bytes stand before it in each row, -1 where it does not stand."""
        if self.each:
            return self.places - self.begin
        out = np.full(len(self.begin), -1, np.int64)
        row, places = self.row, self.places
        if len(row) > 1:
            ahead = np.append(True, row[1:] != row[:-1])
            row, places = row[ahead], places[ahead]
        out[row] = places - self.begin[row]
        return out


def hits(text: Any, part: str) -> Hits | None:
    """Return where a part stands in Arrow text, or None where another way is better."""
    wanted = part.encode()
    if not 0 < len(wanted) <= _LONGEST or not len(text):
        return None
    data, offsets = raw_bytes(text)
    places = _places(data, wanted)
    if places is None:
        return None
    begin, end = offsets[:-1], offsets[1:]
    if len(places) == len(begin) and (begin <= places).all() and (places + len(wanted) <= end).all():
        return Hits(places, np.arange(len(places)), begin, len(wanted), each=True)
    row = rows_of(places, offsets)
    if len(wanted) > 1:
        inside = places + len(wanted) <= end[row]
        if not inside.all():
            places, row = places[inside], row[inside]
    return Hits(places, row, begin, len(wanted))


def _places(data: U8, wanted: bytes) -> I64 | None:
    size = len(data) - len(wanted) + 1
    if size <= 0:
        return np.zeros(0, np.int64)
    order = _rarest_first(data, wanted)
    found = data[order[0] : order[0] + size] == wanted[order[0]]
    for place in order[1:_COMPARED]:
        found &= data[place : place + size] == wanted[place]
    if np.count_nonzero(found) > len(data) // _SPARSE:
        return None
    places = np.flatnonzero(found)
    for place in order[_COMPARED:]:
        places = places[data[places + place] == wanted[place]]
    return places


def _rarest_first(data: U8, wanted: bytes) -> list[int]:
    """Return the places in the part in the order in which its bytes are rare in a sample of the data."""
    if len(wanted) <= _COMPARED:
        return list(range(len(wanted)))
    often = np.bincount(data[:: max(len(data) // 4096, 1)], minlength=256)
    return sorted(range(len(wanted)), key=lambda place: int(often[wanted[place]]))


def contains(text: Any, part: str) -> Bools:
    """Return which texts hold a part; false for nulls."""
    found = hits(text, part)
    if found is None:
        return truths(kernels().match_substring(text, pattern=part))
    return found.rows()


def first_byte(text: Any, part: str) -> I64:
    """Return how many bytes stand before the first place of a part in each text; -1 where it does not stand."""
    found = hits(text, part)
    if found is None:
        return numbers(kernels().find_substring(text, pattern=part), -1)
    return found.first()


def count(text: Any, part: str) -> I64:
    """Return how often a part stands in each text, without overlaps."""
    overlapping = any(part[:size] == part[-size:] for size in range(1, min(len(part), _LONGEST)))
    found = None if overlapping else hits(text, part)
    if found is None:
        return numbers(kernels().count_substring(text, pattern=part))
    return found.counts()
