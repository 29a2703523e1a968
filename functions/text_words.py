"""Words of whole columns: runs of certain bytes, found at once for all texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sheetline.functions.errors import Ints
from sheetline.functions.text_support import is_ascii, kernels, raw_bytes
from sheetline.functions.text_view import text_of_bytes

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
SOLID_BYTES = ~_table(_ASCII_BLANKS)


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


def runs(text: Any, wanted: Bytes) -> Runs:
    """Return the runs of ``wanted`` bytes in each text of an Arrow array."""
    data, offsets = raw_bytes(text)
    inside = np.zeros(len(data) + 2, np.bool_)
    np.take(wanted, data, out=inside[1:-1])
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
    if not is_ascii(text):
        text = kernels().replace_substring_regex(text, pattern=_WIDE_BLANKS, replacement=" ")
    return runs(text, SOLID_BYTES)


def lists(offsets: Ints, texts: Any) -> Any:
    """Return Arrow lists of texts."""
    starts: Any = pa.array(offsets)
    return pa.LargeListArray.from_arrays(starts, texts)


def kept(offsets: Ints, keep: Bytes) -> Ints:
    """Return the offsets of lists of which only some elements are kept."""
    before = np.zeros(len(keep) + 1, np.int64)
    np.cumsum(keep, out=before[1:])
    return before[offsets]
