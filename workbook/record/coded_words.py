"""Texts as whole numbers, and coded texts whose words are written out quicker than Arrow does it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa

from sheetline.functions.buffers import fixed_values
from sheetline.functions.columns import Array, Column
from sheetline.functions.errors import Mask
from sheetline.functions.types import STRING

#: A text of so many bytes is a number: its bytes, and in the lowest three bits how many they are. Part of the format.
SHORT: Final = 7
_KEPT: Final = np.array([(1 << 8 * size) - 1 for size in range(SHORT + 1)], "<u8")


def offsets_of(texts: Any) -> Array:
    """Return where each text of a ``large_string`` array begins in its bytes, and where the last one ends."""
    buffer = texts.buffers()[1]
    if buffer is None or not len(texts):
        return np.zeros(len(texts) + 1, np.int64)
    return np.frombuffer(buffer, np.int64, len(texts) + texts.offset + 1)[texts.offset :]


def numbers_of(texts: Any, offsets: Array, lengths: Array) -> Array:
    """Return the numbers of short texts, given where they are and how long; where nothing counts the length is 0.

    >>> texts = pa.array(["", "a", "ab"], pa.large_string())
    >>> [hex(number) for number in numbers_of(texts, offsets_of(texts), np.array([0, 1, 2]))]
    ['0x0', '0x309', '0x3130a']
    """
    first, last = int(offsets[0]), int(offsets[-1])
    if first == last:
        return np.zeros(len(lengths), np.uint64)
    buffer = texts.buffers()[2]
    raw = np.frombuffer(buffer, np.uint8, min(buffer.size, last + 8) - first, first)
    if len(raw) < last - first + 8:  # room for the last text's eight bytes
        raw = np.concatenate([raw[: last - first], np.zeros(8, np.uint8)])
    length = int(lengths[0])
    found: Array
    if bool((lengths == length).all()) and length * len(lengths) == last - first:
        found = np.ndarray((len(lengths),), "<u8", raw, strides=(length,)) & _KEPT[length]
        found <<= np.uint64(3)
        found |= np.uint64(length)
        return found
    words: Array = np.ndarray((last - first + 1,), "<u8", raw, strides=(1,))
    found = words[offsets[:-1] - first]
    found &= _KEPT.take(lengths)
    found <<= np.uint64(3)
    found |= lengths.view(np.uint64)
    return found


class Words:
    """The words of some rows, as codes.

    Attributes:
        lengths: of every word, in bytes.
        numbers: the words as numbers and behind them 0, or None where one of them is longer than that.
        fixed: the bytes of the words, where all are of one length.
        codes: a word for each row, anything where a null is.
    """

    __slots__ = ("codes", "fixed", "lengths", "numbers")

    def __init__(self, lengths: Array, numbers: Array | None, fixed: Array | None, codes: Array) -> None:
        self.lengths = lengths
        self.numbers = numbers
        self.fixed = fixed
        self.codes = codes

    @classmethod
    def of(cls, column: Column) -> Words | None:
        """Return the words of a coded column that has any."""
        if not isinstance(column.data, pa.DictionaryArray) or column.type != STRING:
            return None
        words: Any = column.data.dictionary
        if not len(words) or words.null_count:
            return None
        codes = fixed_values(column.data.indices, np.int32)
        offsets = offsets_of(words)
        lengths = np.diff(offsets)
        if int(lengths.max()) <= SHORT:
            return cls(lengths, np.append(numbers_of(words, offsets, lengths), np.uint64(0)), None, codes)
        length, fixed = int(lengths[0]), None
        if length and bool((lengths == length).all()):
            raw = np.frombuffer(words.buffers()[2], np.uint8, length * len(words), int(offsets[0]))
            fixed = raw.view("<u8" if length == 8 else f"V{length}")
        return cls(lengths, None, fixed, codes)

    def __len__(self) -> int:
        return len(self.codes)

    def slice(self, start: int, stop: int) -> Words:
        """Return the words of some of the rows."""
        return Words(self.lengths, self.numbers, self.fixed, self.codes[start:stop])

    @property
    def length(self) -> int:
        """The bytes of every word, where all are of one length."""
        return int(self.lengths[0])

    def written(self, missing: Mask | None, scratch: Array) -> Array:
        """Return the numbers of all rows, 0 where one is missing, or else the bytes of those that are not missing."""
        codes, words = self.codes, self.fixed if self.numbers is None else self.numbers
        assert words is not None
        if missing is not None:
            codes = codes[~missing] if self.numbers is None else np.where(missing, np.int32(len(self.lengths)), codes)
        size = len(codes) * words.itemsize
        out = scratch.view(np.uint8)[:size].view(words.dtype) if size <= scratch.nbytes else None
        return words.take(codes, out=out, mode="clip").view(np.uint8)
