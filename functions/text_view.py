"""Text by positions, vectorised: where each row's code points stand in the bytes, and cutting by them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sheetline.functions.context import Call
from sheetline.functions.text_support import checked, raw_bytes

I64 = npt.NDArray[np.int64]


class View:
    """A text argument, a constant or an array, seen as bytes and code points.

    Attributes:
        data: the bytes of UTF-8 of all rows.
        begin, end: where each row's bytes begin and end (one item for a constant: it broadcasts).
        first: for each row the number of its first code point among all.
        chars: for each row the number of its code points.
    """

    __slots__ = ("_starts", "begin", "chars", "data", "end", "first", "rows")

    def __init__(self, text: Any, ctx: Call) -> None:
        text = checked(text, ctx)
        if isinstance(text, str):
            self.data = np.frombuffer(text.encode(), np.uint8)
            offsets = np.array([0, len(self.data)], np.int64)
        else:
            self.data, offsets = raw_bytes(text)
        self.rows = ctx.rows
        self.begin, self.end = offsets[:-1], offsets[1:]
        self._starts: I64 | None = None
        if len(self.data) and int(self.data.max()) >= 128:
            # every byte that is no continuation begins a code point; one more start marks the end
            starts = np.flatnonzero((self.data & 0xC0) != 0x80)
            self._starts = np.append(starts, len(self.data)).astype(np.int64)
            numbered = np.searchsorted(self._starts, offsets)
            self.first = numbered[:-1].astype(np.int64)
            self.chars = np.diff(numbered).astype(np.int64)
        else:
            self.first, self.chars = self.begin, self.end - self.begin

    def byte_at(self, char: Any) -> I64:
        """Return the place in ``data`` of each row's code point ``char`` (0-based, at most ``chars``)."""
        number: I64 = np.asarray(self.first + char, np.int64)
        return number if self._starts is None else self._starts[number]

    def char_at(self, byte: Any) -> I64:
        """Return the number of the code point that begins ``byte`` bytes behind each row's beginning."""
        if self._starts is None:
            return np.asarray(byte, np.int64)
        return np.asarray(np.searchsorted(self._starts, self.begin + byte) - self.first, np.int64)

    def cut(self, low: Any, high: Any) -> Any:
        """Return the code points ``low`` … ``high``-1 of each row, as Arrow text; bounds are clipped."""
        low = np.clip(low, 0, self.chars)
        high = np.maximum(np.clip(high, 0, self.chars), low)
        return spans(self.data, self.byte_at(low), self.byte_at(high), self.rows)


def spans(data: npt.NDArray[np.uint8], low: Any, high: Any, rows: int) -> Any:
    """Return the bytes ``low`` … ``high``-1 of ``data`` for each row as Arrow text.

    The cuts must fall between code points.
    """
    low = np.broadcast_to(np.asarray(low, np.int64), (rows,))
    high = np.broadcast_to(np.asarray(high, np.int64), (rows,))
    lengths = high - low
    offsets = np.zeros(rows + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    total = int(offsets[-1])
    if total > 64 * rows:  # long texts: copying slices beats gathering bytes
        source = np.ascontiguousarray(data).data
        joined: Any = b"".join([source[a:b] for a, b in zip(low.tolist(), high.tolist(), strict=True)])
    else:
        joined = data[np.repeat(low - offsets[:-1], lengths) + np.arange(total)]
    return text_of_bytes(offsets, joined)


def text_of_bytes(offsets: I64, data: Any) -> Any:
    """Return Arrow text of n+1 offsets and the bytes of UTF-8 that they cut."""
    edges: Any = np.ascontiguousarray(offsets)
    return pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(edges), pa.py_buffer(data))
