"""Words of whole columns: runs of certain bytes, found at once for all texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sheetline.functions.buffers import arrow_array
from sheetline.functions.errors import Ints
from sheetline.functions.text_bytes import kept
from sheetline.functions.text_support import kernels, raw_bytes
from sheetline.functions.text_view import rank, text_of_bytes

Bytes = npt.NDArray[np.bool_]

_ASCII_BLANKS = b"\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f "
_WIDE_BLANKS = r"[\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]"


def _table(chars: bytes) -> Bytes:
    table = np.zeros(256, np.bool_)
    table[np.frombuffer(chars, np.uint8)] = True
    return table


#: The bytes of words as ``\w`` has them, ASCII only; letters and digits; and the bytes that are no blank.
WORD_BYTES = _table(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
ALNUM_BYTES = WORD_BYTES & ~_table(b"_")
BLANK_BYTES = _table(_ASCII_BLANKS)
SOLID_BYTES = ~BLANK_BYTES
#: U+0020 alone, as TRIM has it.
BLANK_BYTE = _table(b" ")
#: The first bytes of white space beyond ASCII.
_BLANK_LEADS = _table(b"\xc2\xe1\xe2\xe3")
_FIRST_BLANK = 0xC2


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of bytes, row after row.

    Attributes:
        data: the bytes of all rows.
        inside: which of them belong to a run.
        begin, end: where each run begins and ends in ``data``.
        offsets: for each row the number of its first run; one more entry for the end.
    """

    data: npt.NDArray[np.uint8]
    inside: Bytes
    begin: Ints
    end: Ints
    offsets: Ints

    def texts(self) -> Any:
        """Return the runs as Arrow text."""
        offsets = np.zeros(len(self.begin) + 1, np.int64)
        np.cumsum(self.end - self.begin, out=offsets[1:])
        return text_of_bytes(offsets, self.data[self.inside])


#: Up to so many ranges of bytes are compared; a class of more is looked up, byte by byte.
_FEW_RANGES = 6


def marked(data: npt.NDArray[np.uint8], wanted: Bytes) -> Bytes:
    """Return which bytes are wanted ones, by the table ``wanted`` of all 256."""
    ranges, others = _ranges(wanted), _ranges(~wanted)
    turned = len(others) < len(ranges)
    if turned:
        ranges = others
    if len(ranges) > _FEW_RANGES:
        out: Bytes = np.frombuffer(data.tobytes().translate(wanted.tobytes()), np.bool_)
        return out
    out = np.zeros(len(data), np.bool_)
    for low, high in ranges:
        if low == high:
            out |= data == low
        elif high == 255:
            out |= data >= low
        else:
            out |= (data - np.uint8(low)) <= high - low  # bytes below wrap around
    return np.logical_not(out, out=out) if turned else out


def _ranges(wanted: Bytes) -> list[tuple[int, int]]:
    edged = np.zeros(258, np.bool_)
    edged[1:-1] = wanted
    edges = np.flatnonzero(edged[1:] != edged[:-1]).tolist()
    return [(low, high - 1) for low, high in zip(edges[::2], edges[1::2], strict=True)]


def run_starts(inside: Bytes, offsets: Ints) -> Bytes:
    """Return at which bytes a run of ``inside`` bytes begins; a text's first byte may begin one."""
    starts = inside.copy()
    starts[1:] &= ~inside[:-1]
    begins = offsets[:-1][offsets[1:] > offsets[:-1]]
    starts[begins] = inside[begins]
    return starts


def run_counts(text: Any, wanted: Bytes) -> Ints:
    """Return the number of runs of ``wanted`` bytes in each text of an Arrow array."""
    data, offsets = raw_bytes(text)
    return np.diff(rank(run_starts(marked(data, wanted), offsets), offsets))


def with_plain_blanks(text: Any) -> Any:
    """Return text in which white space beyond ASCII has become blanks."""
    data, _ = raw_bytes(text)
    if not len(data) or int(data.max()) < _FIRST_BLANK or not marked(data, _BLANK_LEADS).any():
        return text
    return kernels().replace_substring_regex(text, pattern=_WIDE_BLANKS, replacement=" ")


def squeezed(text: Any, blank: Bytes) -> Any:
    """Return text without ``blank`` bytes at its ends, inner runs of them becoming one blank (U+0020)."""
    data, offsets = raw_bytes(text)
    inside = marked(data, blank)
    begins, ends = offsets[:-1][offsets[1:] > offsets[:-1]], offsets[1:][offsets[1:] > offsets[:-1]]
    last = inside.copy()  # a blank that another one follows, or nothing, goes
    last[:-1] &= inside[1:]
    last[ends - 1] = inside[ends - 1]
    leading = bool(inside[begins].any())
    if np.count_nonzero(blank) > 1:
        data = np.where(inside, np.uint8(32), data)
    if last.any():
        data, offsets = kept(data, offsets, ~last)
    out = text_of_bytes(offsets, data)
    return kernels().ascii_ltrim(out, characters=" ") if leading else out


def runs(text: Any, wanted: Bytes) -> Runs:
    """Return the runs of ``wanted`` bytes in each text of an Arrow array."""
    data, offsets = raw_bytes(text)
    inside = np.zeros(len(data) + 2, np.bool_)
    inside[1:-1] = marked(data, wanted)
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    begin, end = edges[::2], edges[1::2]
    # a run goes over the end of a text where the next one begins with such a byte, too
    inner = offsets[:-1][offsets[1:] > offsets[:-1]]  # empty texts apart, where texts begin
    inner = inner[inside[inner] & inside[inner + 1]]
    if len(inner):
        begin, end = np.sort(np.concatenate((begin, inner))), np.sort(np.concatenate((end, inner)))
    return Runs(data, inside[1:-1], begin, end, np.searchsorted(begin, offsets).astype(np.int64))


def words(text: Any) -> Runs:
    """Return the runs without white space (as Python's ``str.split`` has it) in each text of an Arrow array."""
    return runs(with_plain_blanks(text), SOLID_BYTES)


def lists(offsets: Ints, texts: Any) -> Any:
    """Return Arrow lists of texts."""
    starts: Any = arrow_array(offsets)
    return pa.LargeListArray.from_arrays(starts, texts)


def kept_items(offsets: Ints, keep: Bytes) -> Ints:
    """Return the offsets of lists of which only some elements are kept."""
    before = np.zeros(len(keep) + 1, np.int64)
    np.cumsum(keep, out=before[1:])
    return before[offsets]
