"""A number for the rows of a sheet that is the same in any order of the rows.

It says, at little cost, that two sheets hold the same rows in another order: every row is mixed to 64 bits, and the
mixed numbers are added up, in two ways. It is evidence and no proof of safety: hashes of columns are that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from sheetline.formulas.blocks import Workers
from sheetline.functions.buffers import fixed_values
from sheetline.functions.columns import Array, Column, Table
from sheetline.functions.types import Kind, Type
from sheetline.workbook.record.hashing import hash_bytes

#: Few enough rows for all that is at hand to stay in the cache.
_BLOCK: Final = 32_768
_ODD: Final = tuple(np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xD6E8FEB86659FD93))
_SHIFT: Final = np.uint64(32)
_NULL: Final = np.uint64(0x5851F42D4C957F2D)
#: So many bytes of a text are mixed in, beside its length and its last eight bytes.
_LONGEST: Final = 256
Numbers = Callable[[int, int], Array]


@dataclass(slots=True)
class RowSet:
    """Adds up the rows of a sheet that arrives in parts."""

    workers: Workers | None = None
    rows: int = 0
    first: int = 0
    second: int = 0

    def update(self, table: Table) -> None:
        """Take the next rows."""
        salts = [np.uint64(int(hash_bytes(name.encode())[:16], 16) | 1) for name in table.columns]
        columns = list(zip(map(_by_block, table.columns.values()), salts, strict=True))
        blocks = [(start, min(start + _BLOCK, table.rows)) for start in range(0, table.rows, _BLOCK)]

        def added(block: tuple[int, int]) -> tuple[int, int]:
            return _sums(columns, *block)

        sums = [added(block) for block in blocks] if self.workers is None else self.workers.map(added, blocks)
        self.first = (self.first + sum(first for first, _ in sums)) % 2**64
        self.second = (self.second + sum(second for _, second in sums)) % 2**64
        self.rows += table.rows

    def finish(self) -> str:
        """Return the number, as text."""
        return f"{self.first:016x}{self.second:016x}"


def _sums(columns: Sequence[tuple[Numbers, np.uint64]], start: int, stop: int) -> tuple[int, int]:
    total = np.zeros(stop - start, np.uint64)
    work = np.empty(stop - start, np.uint64)
    for place, (numbers, salt) in enumerate(columns):
        np.multiply(numbers(start, stop), salt, out=work if place else total)
        if place:
            total += work
    np.right_shift(total, _SHIFT, out=work)
    total ^= work
    return int(total.sum()), int(total.dot(total))  # squares tell which values stand in one row


def _by_block(column: Column) -> Numbers:
    """Return what gives the numbers of a range of rows; for plain layouts without looking at the column again."""
    kind = column.type.kind
    if column.errors is None:
        if kind is Kind.FLOAT or (kind in (Kind.INTEGER, Kind.DATE) and column.null is None):
            whole = _numbers(column.type, column.data)
            return lambda start, stop: whole[start:stop]
        if isinstance(column.data, pa.DictionaryArray) and column.data.null_count == 0 and len(column.data.dictionary):
            words = _texts(column.data.dictionary.cast(pa.large_string()))
            codes = fixed_values(column.data.indices, np.int32)
            return lambda start, stop: words.take(codes[start:stop], mode="clip")
    return lambda start, stop: column_numbers(column.slice(start, stop))


def column_numbers(column: Column) -> Array:
    """Return an array with a number for each value, equal for equal values. It may be the column's own."""
    values = _numbers(column.type, column.data)
    # In floats a null is NaN, which has bits of its own.
    null = None if column.type.kind is Kind.FLOAT and column.errors is None else column.nulls()
    if null is not None:
        values = values.copy()
        values[null] = _NULL
        if column.errors is not None:
            values[column.errors.rows] = _NULL + np.uint64(1) + column.errors.codes
    return values


def _numbers(type_: Type, data: Any) -> Array:
    kind = type_.kind
    if kind is Kind.FLOAT:
        return np.ascontiguousarray(data).view(np.uint64)  # -0 would be told from 0, which is no harm here
    if kind in (Kind.INTEGER, Kind.DATE):
        return np.ascontiguousarray(data, np.int64).view(np.uint64)
    if kind is Kind.STRING:
        return _texts(data)
    if kind in (Kind.BOOLEAN, Kind.NULL):
        return np.array(data).astype(np.uint64) if isinstance(data, np.ndarray) else np.zeros(len(data), np.uint64)
    if kind is Kind.LIST and type_.item is not None and not type_.item.is_big and not type_.item.is_arrow:
        return _lists(type_.item, data)
    plain = data.tolist() if isinstance(data, np.ndarray) else data.to_pylist()
    return np.array([int(hash_bytes(repr(value).encode())[:16], 16) for value in plain], np.uint64)


def _texts(data: Any) -> Array:
    if isinstance(data, pa.DictionaryArray):
        words = _texts(data.dictionary.cast(pa.large_string()))
        codes = fixed_values(data.indices, np.int32)
        return words.take(codes, mode="clip") if len(words) else np.full(len(codes), _NULL)
    count = len(data)
    offsets = np.frombuffer(data.buffers()[1], np.int64, count + 1 + data.offset)[data.offset :] if count else None
    if offsets is None:
        return np.zeros(0, np.uint64)
    lengths = np.diff(offsets)
    buffer = data.buffers()[2]
    raw = np.frombuffer(buffer, np.uint8, int(offsets[-1])) if buffer is not None else np.zeros(0, np.uint8)
    raw = np.concatenate([raw[int(offsets[0]) :], np.zeros(8, np.uint8)])
    words = np.lib.stride_tricks.as_strided(raw[:8].view(np.uint64), (len(raw) - 7,), (1,))
    start = offsets[:-1] - offsets[0]
    total = lengths.astype(np.uint64) * _ODD[1]
    longest = min(int(lengths.max()), _LONGEST)
    for place in range(0, longest, 8):
        here = np.flatnonzero(lengths > place)
        _mix(total, here, words[start[here] + place], lengths[here] - place)
    if int(lengths.max()) > _LONGEST:
        here = np.flatnonzero(lengths > _LONGEST)
        _mix(total, here, words[start[here] + lengths[here] - 8], lengths[here])
    return total


def _mix(total: Array, here: Array, words: Array, left: Array) -> None:
    """Mix eight bytes into the numbers of some rows; of the last ones only those that belong to the text."""
    bits = (8 * np.minimum(left, 8)).astype(np.uint64)
    words = words & (~np.uint64(0) >> (np.uint64(64) - bits))
    mixed = (total[here] ^ words) * _ODD[0]
    total[here] = mixed ^ (mixed >> _SHIFT)


def _lists(item: Type, data: Any) -> Array:
    """Return a number for each list: its elements, mixed with their places."""
    lengths = np.diff(np.asarray(data.offsets))
    if data.null_count:
        lengths[np.asarray(data.is_null())] = 0
    inner = data.flatten()
    from sheetline.functions.arrow import column_from_arrow

    values = column_numbers(column_from_arrow(inner)[0].cast(item)) if len(inner) else np.zeros(0, np.uint64)
    starts = np.cumsum(lengths) - lengths
    place = np.arange(len(values)) - np.repeat(starts, lengths)
    values = values ^ place.astype(np.uint64) * _ODD[2]
    values *= _ODD[0]
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(values, dtype=np.uint64)])
    return np.asarray(sums[starts + lengths] - sums[starts] + lengths.astype(np.uint64) * _ODD[1])
