"""The bytes of text columns, edited all at once: found, dropped, padded row by row, and read as text again.

Rows are the bytes of all rows behind one another and the n+1 offsets that cut them (see ``raw_bytes``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sheetline.functions.buffers import arrow_array, text_scalar
from sheetline.functions.context import Call
from sheetline.functions.text_filling import bounded
from sheetline.functions.text_support import TEXT, kernels
from sheetline.functions.text_view import rank, text_of_bytes

U8 = npt.NDArray[np.uint8]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Marks:
    """Ascending places of bytes of one kind, asked for the first or last one of a span; the spans ascend as well.

    Example:
        ``Marks(np.array([3, 9])).first(np.array([4]), np.array([20]))`` is ``[9]``.
    """

    __slots__ = ("_edged", "places")

    def __init__(self, places: npt.NDArray[Any]) -> None:
        self.places: I64 = places.astype(np.int64, copy=False)
        self._edged: I64 = np.concatenate((np.array([-1]), self.places, np.array([np.iinfo(np.int64).max])))

    @classmethod
    def of(cls, data: U8, sign: str) -> Marks:
        """Return the places of an ASCII sign."""
        return cls(np.flatnonzero(data == ord(sign)))

    def _one_each(self, low: I64, high: I64) -> bool:
        """Whether there is one place a span, each in its own: @ in addresses, # in many a column of URLs."""
        return len(self.places) == len(low) and bool(((low <= self.places) & (self.places < high)).all())

    def first(self, low: I64, high: I64) -> I64:
        """Return the first place in ``low`` … ``high``-1 of each span; ``high`` where there is none."""
        if not len(self.places):
            return high
        if self._one_each(low, high) and (self.places[:-1] < low[1:]).all():
            return self.places
        return np.minimum(self._edged[np.searchsorted(self.places, low) + 1], high)

    def last(self, low: I64, high: I64) -> I64:
        """Return the last place in ``low`` … ``high``-1 of each span; ``low``-1 where there is none."""
        if not len(self.places):
            return low - 1
        if self._one_each(low, high) and (self.places[1:] >= high[:-1]).all():
            return self.places
        return np.maximum(self._edged[np.searchsorted(self.places, high)], low - 1)

    def count(self, low: I64, high: I64) -> I64:
        """Return the number of places in ``low`` … ``high``-1 of each span."""
        return np.asarray(np.searchsorted(self.places, high) - np.searchsorted(self.places, low), np.int64)

    def rows(self, offsets: I64) -> I64:
        """Return the row of each place."""
        return rows_of(self.places, offsets)


def rows_of(places: I64, offsets: I64) -> I64:
    """Return the rows of ascending places of bytes."""
    if len(places) == len(offsets) - 1 and ((offsets[:-1] <= places) & (places < offsets[1:])).all():
        return np.arange(len(places))  # one in every row
    return np.asarray(np.searchsorted(offsets, places, side="right") - 1, np.int64)


def rows_with(data_mask: Bools, offsets: I64) -> Bools:
    """Return which rows have a byte for which ``data_mask`` is true."""
    rows = np.zeros(len(offsets) - 1, np.bool_)
    if data_mask.any():
        rows[Marks(np.flatnonzero(data_mask)).rows(offsets)] = True
    return rows


def without(data: U8, offsets: I64, drop: npt.NDArray[Any]) -> tuple[U8, I64]:
    """Return the rows without the bytes at the places ``drop`` (ascending)."""
    if not len(drop):
        return data, offsets
    keep = np.ones(len(data), np.bool_)
    keep[drop] = False
    return kept(data, offsets, keep)


def kept(data: U8, offsets: I64, keep: Bools) -> tuple[U8, I64]:
    """Return the rows' bytes for which ``keep`` is true."""
    return np.compress(keep, data), rank(keep, offsets)


def without_last(data: U8, offsets: I64, count: I64) -> tuple[U8, I64]:
    """Return the rows without their last ``count`` bytes (few)."""
    most = int(count.max(initial=0))
    if not most:
        return data, offsets
    keep = np.ones(len(data), np.bool_)
    for step in range(1, most + 1):
        keep[offsets[1:][count >= step] - step] = False
    return data[keep], _edges(np.diff(offsets) - count)


def emptied(data: U8, offsets: I64, rows: Bools) -> tuple[U8, I64]:
    """Return the rows with those of the mask ``rows`` empty."""
    if not rows.any():
        return data, offsets
    lengths = np.diff(offsets)
    kept = data[np.repeat(~rows, lengths)]
    return kept, _edges(np.where(rows, 0, lengths))


def aligned(data: U8, offsets: I64, unit: int, fill: int = 0) -> tuple[U8, I64]:
    """Return the rows padded at their ends with the byte ``fill`` to multiples of ``unit`` bytes."""
    lengths = np.diff(offsets)
    missing = -lengths % unit
    edges = _edges(lengths + missing)
    out = np.full(int(edges[-1]), fill, np.uint8)
    given = np.ones(len(out), np.bool_)
    for step in range(1, unit):
        given[edges[1:][missing >= step] - step] = False
    out[given] = data
    return out, edges


def _edges(lengths: I64) -> I64:
    edges = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=edges[1:])
    return edges


def regular_text(rows: npt.NDArray[np.uint8]) -> Any:
    """Return Arrow text of a table of ASCII bytes, one row of it a text."""
    count, width = rows.shape
    return text_of_bytes(np.arange(0, count * width + 1, max(width, 1), dtype=np.int64)[: count + 1], rows.reshape(-1))


def read_utf8(data: U8, offsets: I64, ctx: Call) -> Any:
    """Return bytes as Arrow text; rows that are no UTF-8 become errors PARSE."""
    if not len(data) or int(data.max()) < 128:
        return text_of_bytes(offsets, data)
    raw = text_of_bytes(offsets, data).view(pa.large_binary())  # looked at as text only when it is known to be some
    try:
        return raw.cast(TEXT)
    except pa.ArrowInvalid:
        bad = np.zeros(len(raw), np.bool_)
        for row in np.flatnonzero(rows_with(data > 127, offsets)).tolist():
            bad[row] = not _is_utf8(raw[row].as_py())
        ctx.fail(bad, "PARSE", f"{ctx.function}: what {{0}} stands for is no UTF-8 text")
        data, offsets = emptied(data, offsets, bad)
        return text_of_bytes(offsets, data)


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def fitting(text: Any, factor: float, ctx: Call) -> Any:
    """Return texts that may grow by ``factor``; those that would get too long are errors LIMIT and empty here."""
    sizes = np.diff(np.frombuffer(text.buffers()[1], np.int64)[text.offset : text.offset + len(text) + 1]) * factor
    if not len(text) or (float(sizes.max()) <= 1000 and len(text) <= 1_000_000):
        return text
    fits = bounded(sizes, ctx)
    return text if fits.all() else kernels().if_else(arrow_array(fits), text, text_scalar(""))


def each_distinct(function: Any, text: Any) -> Any:
    """Return Arrow text of ``function``, which gives a str or None, called once for each distinct text."""
    coded = text.dictionary_encode()
    made = pa.array([function(word) for word in coded.dictionary.to_pylist()], TEXT)
    return made.take(coded.indices)
