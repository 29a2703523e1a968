"""How far texts are apart: the comparison that gives a number, over the bytes of whole columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sheetline.functions.errors import Ints
from sheetline.functions.text_support import kernels, numbers, raw_bytes

Bytes = npt.NDArray[np.uint8]


#: So many bytes of all rows are compared together.
_STEPS = 256


def text_difference(a: Any, b: Any) -> Ints:
    """Return, row by row, the difference of the first code points that differ, else of the lengths.

    Args:
        a: a ``large_string`` array.
        b: another of the same length.

    Returns:
        Differences; arbitrary where a text is null.

    Example:
        ``"abc"`` and ``"abf"`` give -3, ``"abcd"`` and ``"ab"`` give 2.
    """
    pc = kernels()

    out = numbers(pc.utf8_length(a)) - numbers(pc.utf8_length(b))
    left, left_at = raw_bytes(a)
    right, right_at = raw_bytes(b)
    common = np.minimum(np.diff(left_at), np.diff(right_at))
    open_ = np.flatnonzero(common > 0)
    place = 0
    while len(open_) and place < _STEPS:  # one step a byte, on the rows that are equal so far
        x, y = left[left_at[open_] + place], right[right_at[open_] + place]
        differ = x != y
        if differ.any():
            rows = open_[differ]
            at = _char_start(left, left_at[rows], place)
            out[rows] = _code_points(left, left_at[rows] + at) - _code_points(right, right_at[rows] + at)
            open_ = open_[~differ]
        place += 1
        open_ = open_[common[open_] > place]
    for row in open_.tolist():  # long texts that begin alike: one row at a time, all its bytes together
        size, begin, other = common[row], left_at[row], right_at[row]
        differ = left[begin : begin + size] != right[other : other + size]
        place = int(differ.argmax())
        if differ[place]:
            rows = np.array([row])
            at = _char_start(left, left_at[rows], place)
            out[rows] = _code_points(left, left_at[rows] + at) - _code_points(right, right_at[rows] + at)
    return out


def _char_start(data: Bytes, starts: Ints, place: int) -> Ints:
    """Return the offset in its text of the character that the byte at ``place`` belongs to."""
    at = np.full(len(starts), place, np.int64)
    for _ in range(3):
        at -= (at > 0) & ((data[starts + at] & 0xC0) == 0x80)
    return at


def _code_points(data: Bytes, at: Ints) -> Ints:
    """Return the code points of the UTF-8 characters that start at ``at``."""
    first = data[at].astype(np.int64)
    more = (first >= 0xC0).astype(np.int64) + (first >= 0xE0) + (first >= 0xF0)
    out: Ints = first & np.array([0x7F, 0x1F, 0x0F, 0x07])[more]
    for step in range(1, 4):
        going = more >= step
        follow = data[np.where(going, at + step, at)].astype(np.int64) & 0x3F
        out = np.where(going, (out << 6) | follow, out)
    return out
