"""Contiguous segments of an array: sorting each, and working on those of equal size together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from sheetline.functions import sparse
from sheetline.functions.errors import Ints
from sheetline.functions.helpers import side_by_side
from sheetline.functions.memory import empty

Array = npt.NDArray[Any]
#: From so many values on a sparse product is worth loading its library.
_MANY = 8192
_MANY_MADE = 1 << 15
#: From so many rows, and for so few groups, rows are counted out by group instead of sorted.
_MANY_ROWS = 1 << 17
_FEW_GROUPS = 1 << 17
#: Of so few codes stretches of rows are counted out one by one.
_FEW_CODES = 1 << 9
_STRETCH = 1 << 20
#: From this size on a segment is sorted by itself.
_LARGE = 48
#: So many segments of one size are sorted together.
_TOGETHER = 32
#: Values that are worked on together.
_CELLS = 262_144
_ZEROS = np.zeros(1 << 18, np.int32)


def segment_sums(values: npt.NDArray[np.float64], offsets: Ints) -> npt.NDArray[np.float64]:
    """Return the sum of each segment, left to right from 0.0: the bits that a plain loop gives.

    A matrix in compressed rows, each row a segment, times a column of ones adds up in just that way, in a
    register, and lets other threads run: a quarter of the time of ``bincount``, whose sums go through memory.
    """
    count = len(offsets) - 1
    if len(values) < _MANY or len(values) >= 2**31:
        sums: Any = np.bincount(np.repeat(np.arange(count), np.diff(offsets)), values, count)
        return np.asarray(sums, np.float64)
    column = _ZEROS[: len(values)] if len(values) <= len(_ZEROS) else np.zeros(len(values), np.int32)
    return sparse.row_sums(values, column, offsets.astype(np.int32))


def repeat_places(counts: Ints, first: int, out: Ints) -> None:
    """Write ``first``, ``first + 1`` … into ``out``, each as often as its count tells."""
    if len(out) < _MANY_MADE:
        out[:] = np.repeat(np.arange(first, first + len(counts)), counts)
        return
    starts = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=starts[1:])
    sparse.repeat_places(starts, out)  # unlike numpy's own it lets other threads run
    out += first


def take_segments(segments: Ints, offsets: Ints, values: Ints, out: Ints) -> None:
    """Write the values of some segments into ``out``, one segment after the other."""
    if len(out) < _MANY_MADE:
        sizes = offsets[segments + 1] - offsets[segments]
        begins = offsets[segments] - (np.cumsum(sizes) - sizes)
        out[:] = values[np.repeat(begins, sizes) + np.arange(len(out))]
        return
    sparse.take_lines(segments, offsets, values, out)


def is_countable(count: int, rows: int) -> bool:
    """Whether :func:`by_code` is quicker than sorting: many rows, and so few groups that their ends stay in a cache."""
    return _MANY_ROWS <= rows < 2**31 and count <= _FEW_GROUPS


def by_code(
    codes: Ints, count: int, values: Array | None = None, threads: int = 1, *, shift: int = 0
) -> tuple[npt.NDArray[np.int32], Array]:
    """Return the rows by code, in row order inside each, and the values (default: ones) in that order.

    It is a stable counting sort. Of few codes each thread sorts some rows, which are put together then. ``shift``: how
    many low bits of the codes don't count.
    """
    data = np.ones(len(codes), np.int8) if values is None else values
    stretch = _STRETCH if count <= _FEW_CODES else max(len(codes), 1)
    starts = range(0, max(len(codes), 1), stretch)

    def sort(start: int) -> tuple[Array, npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        part = slice(start, start + stretch)
        its_codes = codes[part] >> shift if shift else codes[part]
        return sparse.counted_out(its_codes.astype(np.int32), count, data[part])

    pieces = side_by_side(sort, starts, threads)
    if len(pieces) == 1:
        return pieces[0][1], pieces[0][0]
    sizes = np.diff([ends for _, _, ends in pieces], axis=1).astype(np.int64)  # a line a stretch, a column a code
    ends = np.cumsum(sizes.T.ravel()).reshape(count, len(pieces)).T
    in_order, rows = empty(len(codes), data.dtype), empty(len(codes), np.int32)

    def put(piece: int) -> None:
        its_values, its_rows, own = pieces[piece]
        its_rows += np.int32(starts[piece])
        for low, high, stop in zip(own[:-1].tolist(), own[1:].tolist(), ends[piece].tolist(), strict=True):
            in_order[stop - (high - low) : stop] = its_values[low:high]
            rows[stop - (high - low) : stop] = its_rows[low:high]

    side_by_side(put, range(len(pieces)), threads)
    return rows, in_order


def sort_segments(values: Array, offsets: Ints) -> None:
    """Sort each segment in place: small ones of equal size together where there are many, others one by one."""
    sizes = np.diff(offsets)
    alone = sizes >= _LARGE
    small = np.where(alone, 0, sizes)
    counts = np.bincount(small)
    for size in np.flatnonzero(counts[2:] >= _TOGETHER) + 2:
        starts = offsets[:-1][small == size]
        per_block = max(_CELLS // int(size), 1)
        for first in range(0, len(starts), per_block):
            index = starts[first : first + per_block, None] + np.arange(size)
            block = values[index]
            block.sort(axis=1)
            values[index] = block
    rare = counts < _TOGETHER
    rare[:2] = False  # nothing to sort
    alone |= rare[small]
    for start, stop in zip(offsets[:-1][alone].tolist(), offsets[1:][alone].tolist(), strict=True):
        values[start:stop].sort()


def order_segments(values: Array, offsets: Ints, *, stable: bool = True) -> Ints:
    """Return the places of the values, ascending inside each segment; equal ones in their order, if ``stable``."""
    if len(values) >= _MANY and values.dtype == np.int64:
        places = _by_prefix(values, offsets)
        if places is not None:
            return places
    kind: Any = "stable" if stable else None
    out = np.arange(len(values))
    sizes = np.diff(offsets)
    for group in np.flatnonzero(sizes >= 48):
        start, stop = offsets[group], offsets[group + 1]
        out[start:stop] = np.argsort(values[start:stop], kind=kind)
        out[start:stop] += start
    small = np.where(sizes < 48, sizes, 0)
    for size in np.flatnonzero(np.bincount(small)):
        if size >= 2:
            starts = offsets[:-1][small == size]
            for part in np.array_split(starts, max(len(starts) * int(size) // 262_144, 1)):
                index = part[:, None] + np.arange(size)
                out[index] = np.argsort(values[index], axis=1, kind=kind) + part[:, None]
    return out


def _by_prefix(values: Ints, offsets: Ints) -> Ints | None:
    """Return what :func:`order_segments` gives, stably, or None where many values differ in their low bits alone.

    The low bits of each value give way to its place in the segment: sorting such numbers is several times as fast as
    sorting places. Where all the value's bits don't fit, runs of equal high bits that came out wrong are sorted again.
    """
    sizes = np.diff(offsets)
    bits = max(int(sizes.max(initial=0)) - 1, 1).bit_length()
    start = np.repeat(offsets[:-1], sizes)
    packed = np.arange(len(values))
    packed -= start
    low = int(values.min())
    exact = (int(values.max()) - low).bit_length() + bits <= 63
    mask = np.int64((1 << bits) - 1)
    packed |= (values - low) << bits if exact else values & ~mask
    sort_segments(packed, offsets)
    places = (packed & mask) + start
    if exact:
        return places
    in_order = values[places]
    wrong = np.flatnonzero(in_order[1:] < in_order[:-1])
    wrong = wrong[start[wrong] == start[wrong + 1]]
    if len(wrong):
        packed >>= bits
        begins = np.flatnonzero(np.append(True, (packed[1:] != packed[:-1]) | (start[1:] != start[:-1])))
        runs = np.unique(np.searchsorted(begins, wrong, side="right")) - 1
        lengths = np.append(begins[1:], len(values))[runs] - begins[runs]
        total = int(lengths.sum())
        if total > len(values) // 8:
            return None
        within = np.arange(total) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        again = np.repeat(begins[runs], lengths) + within
        places[again] = places[again][np.lexsort((in_order[again], np.repeat(runs, lengths)))]
    return places


def equal_sizes(offsets: Ints, cells: int = 1 << 20) -> Iterator[tuple[Ints, Ints]]:
    """Yield ``(groups, index)`` for groups of one size together: ``index`` has a row for each group.

    Lets a kernel work on a 2-D block, along its rows, instead of once a group. Blocks have about
    ``cells`` cells at the most; groups without rows are left out.
    """
    sizes = np.diff(offsets)
    for size in np.unique(sizes):
        if size == 0:
            continue
        groups = np.flatnonzero(sizes == size)
        for part in np.array_split(groups, max(len(groups) * int(size) // cells, 1)):
            yield part, offsets[part][:, None] + np.arange(size)


def along_rows(values: Array, offsets: Ints, operation: Callable[[Array], Array]) -> Array:
    """Apply ``operation`` (2-D array → 2-D array of the same shape, along rows) to each segment."""
    out: Array | None = None
    for _, index in equal_sizes(offsets):
        done = operation(values[index])
        if out is None:
            out = np.empty(len(values), done.dtype)
        out[index] = done
    return np.empty(0, values.dtype) if out is None else out
