"""The ranks of texts of which most differ, found by their bytes, eight at a time.

Where a text stands seldom more than once, finding the distinct ones first costs more than sorting all. UTF-8 keeps
the order of code points in its bytes, so eight bytes of each text make one whole number, numbers are sorted many
times faster than texts, and only those that are tied need their next eight bytes: a radix sort from the left.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sheetline.functions.buffers import arrow_array, fixed_values
from sheetline.functions.errors import Ints
from sheetline.functions.segments import order_segments

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]

#: Fewer texts are ranked by their distinct values.
_MANY = 1 << 14
#: So many texts show whether most differ, which they do if so large a share of these does.
_SAMPLE = 1 << 13
_SHARE = 0.95
#: So many times eight bytes are looked at; texts that are tied then are ranked by their distinct values.
_DEPTH = 8
_WIDTH = 8
#: What is kept of a word of which so many bytes, the first ones, belong to the text.
_KEPT: Words = np.array([(2**64 - 1) ^ (2 ** (64 - 8 * n) - 1) for n in range(_WIDTH + 1)], np.uint64)
_SIGN = np.uint64(1 << 63)


def text_ranks(data: Any) -> Ints | None:
    """Return numbers in the order of the texts, equal for equal ones, or None where few differ.

    Args:
        data: an Arrow ``large_string`` array; the numbers of its nulls are arbitrary.
    """
    if len(data) < _MANY or not _mostly_differ(data):
        return None
    return ranks_by_bytes(data)


def ranks_by_bytes(data: Any) -> Ints:
    """Return numbers in the order of the texts of a ``large_string`` array; those of its nulls are arbitrary."""
    ranks = np.zeros(len(data), np.int64)
    rows = np.flatnonzero(np.asarray(data.is_valid())) if data.null_count else np.arange(len(data))
    texts = _Texts(data)
    group = np.zeros(len(rows), np.int64)  # how many texts are smaller, as far as is known
    starts = np.zeros(min(len(rows), 1), np.int64)  # where texts that are tied so far begin
    depth = 0
    while len(rows):
        keys, last = texts.keys(rows, depth)
        places = order_segments(keys, np.append(starts, len(rows)), stable=False) if depth else np.argsort(keys)
        rows, keys = rows[places], keys[places]
        new = np.empty(len(rows), np.bool_)
        new[0] = True
        np.not_equal(keys[1:], keys[:-1], out=new[1:])
        new[starts] = True
        begins = np.flatnonzero(new)
        sizes = np.diff(begins, append=len(rows))
        # within a tie, the texts before it are those of the tie that it is divided from, and what it holds before
        tie = starts[np.searchsorted(starts, begins, side="right") - 1]
        group = np.repeat(group[begins] + begins - tie, sizes)
        ranks[rows] = group
        if last or len(begins) == len(rows):
            break
        tied = np.repeat(sizes > 1, sizes)
        rows, group = rows[tied], group[tied]
        sizes = sizes[sizes > 1]
        starts = np.cumsum(sizes) - sizes
        depth += 1
    return ranks


def _mostly_differ(data: Any) -> bool:

    sample = data.take(arrow_array(np.arange(0, len(data), max(len(data) // _SAMPLE, 1))))
    return len(sample.dictionary_encode().dictionary) >= _SHARE * len(sample)


class _Texts:
    """The bytes of texts."""

    def __init__(self, data: Any) -> None:
        self.data = data
        _, offsets, values = data.buffers()
        bounds = np.frombuffer(offsets, np.int64, len(data) + 1, data.offset * 8)
        self.low, self.high = bounds[:-1], bounds[1:]
        found: Bytes = np.frombuffer(values or b"", np.uint8)
        self.bytes = found if len(found) >= _WIDTH else np.append(found, np.zeros(_WIDTH, np.uint8))

    def keys(self, rows: Ints, depth: int) -> tuple[Ints, bool]:
        """Return whole numbers in the order of texts whose first ``8·depth`` bytes are equal, as far as eight more
        tell; and whether these tell all."""
        low, high = self.low[rows], self.high[rows]
        left = high - low - depth * _WIDTH
        if depth and left.max() <= 0:  # all bytes are equal: one is the other and zero bytes behind, or it is equal
            return left, True
        if depth == _DEPTH:
            return self._ranks_of_distinct(rows), True
        words = self._words(low + depth * _WIDTH, np.clip(left, 0, _WIDTH))
        return (words ^ _SIGN).view(np.int64), False

    def _words(self, at: Ints, count: Ints) -> Words:
        """Return ``count`` bytes from ``at`` on as whole numbers in their order, zero bytes behind the last one."""
        end = len(self.bytes) - _WIDTH
        words: Words = np.ndarray((end + 1,), "<u8", self.bytes, strides=(1,))[np.minimum(at, end)]
        if len(at) and int(at.max()) > end:  # the last bytes of all: what stands before the text is shifted out
            words >>= (8 * np.clip(at - end, 0, _WIDTH - 1)).astype(np.uint64)
        words = words.byteswap()
        words &= _KEPT[count]
        return words

    def _ranks_of_distinct(self, rows: Ints) -> Ints:
        import pyarrow.compute as pc

        coded = self.data.take(arrow_array(rows)).dictionary_encode()
        order = fixed_values(pc.sort_indices(coded.dictionary), np.uint64)
        ranks = np.empty(len(order), np.int64)
        ranks[order] = np.arange(len(order))
        found: Ints = ranks[fixed_values(coded.indices, np.int32)]
        return found
