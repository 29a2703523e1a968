"""Text by positions, vectorised: where each row's code points stand in the bytes, and cutting by them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sheetline.functions.buffers import arrow_array, text_scalar
from sheetline.functions.context import Call
from sheetline.functions.text_support import TEXT, checked, is_ascii, kernels, raw_bytes

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
            # one more start marks the end
            first = begins(self.data)
            self._starts = np.append(np.flatnonzero(first), len(self.data)).astype(np.int64)
            numbered = rank(first, offsets)
            self.first = numbered[:-1]
            self.chars = np.diff(numbered)
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

    @property
    def is_ascii(self) -> bool:
        """Whether every code point is one byte."""
        return self._starts is None

    def cut(self, low: Any, high: Any) -> Any:
        """Return the code points ``low`` … ``high``-1 of each row, as Arrow text; bounds are clipped."""
        low = np.clip(low, 0, self.chars)
        high = np.maximum(np.clip(high, 0, self.chars), low)
        return spans(self.data, self.byte_at(low), self.byte_at(high), self.rows)


#: A place that Arrow's slicing takes: no text is that long.
_FAR = 2**31 - 1


def sliced(text: Any, low: int, high: int | None) -> Any:
    """Return the code points ``low`` … ``high``-1 of each text of a column; ``low`` < 0 counts from the end (ASCII).

    A negative ``high`` is 0; so is a negative ``low`` where ``high`` is given.
    """
    pc = kernels()
    stop = None if high is None else min(max(high, 0), _FAR)
    start = max(low, -_FAR) if high is None else min(max(low, 0), _FAR)
    if is_ascii(text):
        return pc.binary_slice(text.view(pa.large_binary()), start, stop).view(TEXT)
    return pc.utf8_slice_codeunits(text, start, stop)


def replaced(text: Any, low: int, high: int, new: str) -> Any:
    """Return each text of a column with the code points ``low`` … ``high``-1 (from 0) replaced."""
    low, high = min(low, _FAR), min(high, _FAR)
    if is_ascii(text):
        raw = text.view(pa.large_binary())
        return kernels().binary_replace_slice(raw, start=low, stop=high, replacement=new.encode()).view(TEXT)
    return kernels().utf8_replace_slice(text, start=low, stop=high, replacement=new)


def spans(data: npt.NDArray[np.uint8], low: Any, high: Any, rows: int, there: Any = None) -> Any:
    """Return the bytes ``low`` … ``high``-1 of ``data`` for each row as Arrow text, null where not ``there``.

    The cuts must fall between code points. Spans that follow one another, as the parts of the texts of a column do,
    are cut out by Arrow, whatever their length: of each row one text, then what lies before the next row's.
    """
    low = np.broadcast_to(np.asarray(low, np.int64), (rows,))
    high = np.broadcast_to(np.asarray(high, np.int64), (rows,))
    if rows == 0:
        return text_of_bytes(np.zeros(1, np.int64), b"")
    if not (low[1:] >= high[:-1]).all():
        return _gathered(data, low, high, there)
    offsets = np.empty(2 * rows + 1, np.int64)
    offsets[:-1:2], offsets[1::2], offsets[-1] = low, high, high[-1]
    texts = text_of_bytes(offsets, data)
    gone = None if there is None or there.all() else ~there
    return texts.take(arrow_array(np.arange(0, 2 * rows, 2), gone))


def _gathered(data: npt.NDArray[np.uint8], low: I64, high: I64, there: Any) -> Any:
    """Return spans in any order, byte by byte."""
    lengths = high - low
    offsets = np.zeros(len(low) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    total = int(offsets[-1])
    if total > 64 * len(low):  # long texts: copying slices beats gathering bytes
        source = np.ascontiguousarray(data).data
        joined: Any = b"".join([source[a:b] for a, b in zip(low.tolist(), high.tolist(), strict=True)])
    else:
        joined = data[np.repeat(low - offsets[:-1], lengths) + np.arange(total)]
    made = text_of_bytes(offsets, joined)
    if there is None or there.all():
        return made
    return kernels().if_else(arrow_array(there), made, text_scalar(None))


def text_of_bytes(offsets: I64, data: Any) -> Any:
    """Return Arrow text of n+1 offsets and the bytes of UTF-8 that they cut."""
    edges: Any = np.ascontiguousarray(offsets)
    return pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(edges), pa.py_buffer(data))


def characters(text: Any, out: I64 | None = None) -> I64:
    """Return the number of code points of each text of an array, maybe in ``out``."""
    data, offsets = raw_bytes(text)
    numbered = _counted(begins(data), offsets)
    found = np.empty(len(text), np.int64) if out is None else out
    found[:] = numbered[1:] - numbered[:-1]
    return found


def begins(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Return which bytes of UTF-8 begin a code point: those that are no continuation, 0x80 to 0xBF."""
    return data.view(np.int8) >= -64


def rank(mask: npt.NDArray[np.bool_], places: I64) -> I64:
    """Return how many entries of ``mask`` before each place are true.

    >>> rank(np.array([True, False, True]), np.array([0, 1, 3])).tolist()
    [0, 1, 2]
    """
    return _counted(mask, places).astype(np.int64)


def _counted(mask: npt.NDArray[np.bool_], places: I64) -> npt.NDArray[Any]:
    """Do what :func:`rank` does, in 32 bits where they do: a word's bits before the place are moved up, and counted."""
    kind: Any = np.uint32 if len(mask) < 1 << 32 else np.uint64
    shift, last = (5, 31) if kind is np.uint32 else (6, 63)
    packed = np.packbits(mask, bitorder="little")
    words = np.zeros((len(mask) >> shift) + 1, np.dtype(kind).newbyteorder("<"))
    words.view(np.uint8)[: len(packed)] = packed
    before = np.zeros(len(words), kind)
    np.cumsum(np.bitwise_count(words[:-1]), dtype=kind, out=before[1:])
    words <<= kind(1)  # so that none of a word's bits stands before its first place
    at = places >> shift
    behind = places.astype(kind)
    behind &= kind(last)
    behind ^= kind(last)
    bits = words.take(at)
    bits <<= behind
    count = before.take(at)
    count += np.bitwise_count(bits)
    return count
