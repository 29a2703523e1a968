"""Coded text whose words are of one length, which is quicker to write out than Arrow does it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa

from sheetline.functions.buffers import arrow_array, fixed_values
from sheetline.functions.columns import Array, Column
from sheetline.functions.errors import Mask
from sheetline.functions.ordering import run_starts
from sheetline.functions.types import STRING

#: A run of fewer rows is not worth a step of Python.
_RUN: Final = 128


class Words:
    """The words of some rows, as codes.

    Attributes:
        length: of every word, in bytes.
        words: the words, as an Arrow array of that many bytes each.
        codes: a word for each row, anything where a null is.
        starts: where runs of equal codes start, or None where runs are short.
    """

    __slots__ = ("codes", "length", "starts", "words")

    def __init__(self, length: int, words: Any, codes: Array, starts: Array | None) -> None:
        self.length = length
        self.words = words
        self.codes = codes
        self.starts = starts

    @classmethod
    def of(cls, column: Column) -> Words | None:
        """Return the words of a coded column, or None where they differ in length."""
        if column.type != STRING or not isinstance(column.data, pa.DictionaryArray):
            return None
        words: Any = column.data.dictionary
        if not len(words) or words.null_count:
            return None
        _, places, content = words.buffers()
        offsets = np.frombuffer(places, np.int64, len(words) + words.offset + 1)[words.offset :]
        lengths = np.diff(offsets)
        length = int(lengths[0])
        if length == 0 or (lengths != length).any():
            return None
        plain = content.slice(int(offsets[0]), length * len(words))
        fixed = pa.Array.from_buffers(pa.binary(length), len(words), [None, plain])
        codes = fixed_values(column.data.indices, np.int32)
        return cls(length, fixed, codes, None if column.data.null_count else _runs(codes))

    def __len__(self) -> int:
        return len(self.codes)

    def slice(self, start: int, stop: int) -> Words:
        """Return the words of some of the rows."""
        starts = self.starts
        if starts is not None:
            first, last = np.searchsorted(starts, [start, stop], "left").tolist()
            inside = starts[first:last]
            starts = inside - start if len(inside) and inside[0] == start else np.append(0, inside - start)
        return Words(self.length, self.words, self.codes[start:stop], starts)

    def put(self, stream: Any, missing: Mask | None) -> None:
        """Give a stream the bytes of all words one after the other, without those of rows that are missing."""
        codes, starts = self.codes, self.starts
        if missing is not None:
            codes = codes[~missing]
            starts = _runs(codes)
        if starts is None:
            stream.update(self._picked(codes))
            return
        length = self.length
        picked = bytes(self._picked(codes[starts]))
        for number, count in enumerate(np.diff(starts, append=len(codes)).tolist()):
            stream.update(picked[number * length : (number + 1) * length] * count)

    def _picked(self, codes: Array) -> Any:
        """Return the bytes of the words of some codes."""
        import pyarrow.compute as pc

        if not len(codes):
            return b""
        words = pc.take(self.words, arrow_array(codes), boundscheck=False)
        return memoryview(words.buffers()[1])[: len(codes) * self.length]


def _runs(codes: Array) -> Array | None:
    starts = run_starts(codes)
    return starts if starts is not None and _RUN * len(starts) <= len(codes) else None
