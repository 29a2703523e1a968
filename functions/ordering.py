"""Putting rows in order: sortable keys, stable orders, and dense codes of equal values.

Every order here is stable: rows with equal keys keep their order. Row numbers are packed into the low
bits of the keys where everything fits into 63 bits, because one ``np.sort`` of packed integers is many
times faster than a stable argsort.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sheetline.functions.buffers import arrow_array, filled, fixed_values
from sheetline.functions.columns import Column
from sheetline.functions.errors import Ints
from sheetline.functions.helpers import side_by_side
from sheetline.functions.segments import order_segments
from sheetline.functions.types import Kind

_NULL_KEY = np.iinfo(np.int64).max - 1
_ERROR_KEY = np.iinfo(np.int64).max
#: Rows that are worked on at a time where temporary arrays of all rows would cost more than they are worth.
STRETCH = 1 << 18


def text_codes(column: Column) -> tuple[Ints, Any]:
    """Return ``(codes, dictionary)`` of a text column; nulls have code -1.

    The dictionary is in order of first appearance for plain text, as stored for coded text, where
    it may hold values that no row has, but no value twice.
    """
    data = column.data
    if not isinstance(data, pa.DictionaryArray):
        data = data.dictionary_encode()
    indices = data.indices
    if indices.null_count:
        indices = filled(indices, -1)
    codes = fixed_values(indices, indices.type.to_pandas_dtype()).astype(np.int64)
    return codes, data.dictionary


def comparable(column: Column) -> tuple[Ints, Any]:
    """Return int64 keys in the order of the column's values, and what turns keys back into values.

    Equal values have equal keys (``-0.0`` equals ``0.0``). Keys of null rows are arbitrary. The second
    result is for :func:`restore`.
    """
    kind = column.type.kind
    if kind is Kind.FLOAT:
        bits = (column.data + 0.0).view(np.int64)  # -0.0 + 0.0 is 0.0
        return bits ^ ((bits >> 63) & np.int64(0x7FFF_FFFF_FFFF_FFFF)), None
    if kind in (Kind.INTEGER, Kind.DATE):
        return column.data, None
    if kind in (Kind.BOOLEAN, Kind.NULL):
        return column.data.astype(np.int64), None
    if kind is Kind.STRING:
        codes, dictionary = text_codes(column)
        import pyarrow.compute as pc

        order = pc.sort_indices(dictionary)
        ranks = np.empty(len(dictionary), np.int64)
        ranks[fixed_values(order, np.uint64)] = np.arange(len(dictionary))
        return (ranks[codes] if len(ranks) else codes), dictionary.take(order)
    return _compound_keys(column)


def _compound_keys(column: Column) -> tuple[Ints, Ints]:
    """Return ranks of exact numbers, lists and pairs, and for each rank a row that holds the value."""
    null = column.nulls()
    gone = [False] * len(column) if null is None else null.tolist()
    values = [None if skip else _hashable(v) for v, skip in zip(column.to_list(), gone, strict=True)]
    row_of: dict[Any, int] = {}
    for row, (value, skip) in enumerate(zip(values, gone, strict=True)):
        if not skip:
            row_of.setdefault(value, row)
    rank = {value: number for number, value in enumerate(sorted(row_of))}
    keys = np.array([0 if skip else rank[value] for value, skip in zip(values, gone, strict=True)], np.int64)
    return keys, np.array([row_of[value] for value in rank], np.int64)


def _hashable(value: Any) -> Any:
    """Return lists and pairs as tuples that can be compared: a null element is the smallest."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return tuple((item is not None, 0 if item is None else _hashable(item)) for item in value)
    return value


def restore(column: Column, keys: Ints, back: Any, null: npt.NDArray[np.bool_] | None = None) -> Column:
    """Return a column of the type of ``column`` from keys made by :func:`comparable`."""
    kind = column.type.kind
    if kind is Kind.FLOAT:
        bits = keys ^ ((keys >> 63) & np.int64(0x7FFF_FFFF_FFFF_FFFF))
        data = bits.view(np.float64)
        return Column(column.type, data if null is None else np.where(null, np.nan, data))
    if kind in (Kind.INTEGER, Kind.DATE):
        return Column(column.type, keys, null)
    if kind in (Kind.BOOLEAN, Kind.NULL):
        return Column(column.type, keys.astype(np.bool_), null)
    if kind is Kind.STRING:
        return Column(column.type, back.take(arrow_array(keys if null is None else np.where(null, 0, keys), null)))
    gone = np.zeros(len(keys), np.bool_) if null is None else null
    rows = np.full(len(keys), -1, np.int64)
    rows[~gone] = back[keys[~gone]]
    return replace(column, errors=None).take(rows, missing=True)


def sort_key(column: Column, *, descending: bool = False) -> Ints:
    """Return int64 keys whose ascending order is the column's order: nulls, then errors, last in either."""
    keys = _text_keys(column) if column.type.kind is Kind.STRING else comparable(column)[0]
    null = column.nulls()
    top = int(keys.max(initial=0)) if null is None else int(keys.max(initial=0, where=~null))
    low = int(keys.min(initial=0)) if null is None else int(keys.min(initial=0, where=~null))
    if top >= _NULL_KEY or low <= -_NULL_KEY:  # the extremes of int64 stand for null and error: use ranks
        _, keys = np.unique(keys, return_inverse=True)
        keys = keys.astype(np.int64)
    if descending:
        keys = -keys
    if null is None:
        return keys
    keys = np.where(null, _NULL_KEY, keys)
    if column.errors is not None:
        keys[column.errors.rows] = _ERROR_KEY
    return keys


def _text_keys(column: Column) -> Ints:
    """Return numbers in the order of texts: by their bytes where most differ, else by their distinct values."""
    from sheetline.functions.text_ranks import text_ranks

    ranks = None if column.is_coded else text_ranks(column.data)
    return comparable(column)[0] if ranks is None else ranks


def stable_order(keys: Sequence[Ints], rows: int, *, packed: bool = True) -> Ints:
    """Return the row numbers in ascending order of ``keys`` (the first is the primary one), stably.

    ``packed``: whether keys may be packed into one number with the row's; numpy's own order of several keys is the
    same, and slower.
    """
    if not packed and keys:
        return np.lexsort(keys[::-1])
    together = packed_order(keys, rows)
    if together is not None:
        return together
    order: Ints | None = None
    for key in reversed(keys):  # from the last key to the first: each order keeps that of the keys behind it
        part = _order_of(key if order is None else key[order])
        order = part if order is None else order[part]
    assert order is not None
    return order


def _order_of(key: Ints) -> Ints:
    packed = packed_order([key], len(key))
    return order_segments(key, np.array([0, len(key)])) if packed is None else packed


def packed_order(keys: Sequence[Ints], rows: int) -> Ints | None:
    """Return what :func:`stable_order` gives where keys and row number fit into 63 bits, else None."""
    if rows == 0 or not keys:
        return np.arange(rows, dtype=np.int64)
    packed = packed_rows(keys, rows)
    return None if packed is None else packed.into_rows()


@dataclass(slots=True)
class PackedRows:
    """Rows in order: each as one number of its keys and, in the low bits, the row.

    Attributes:
        numbers: the numbers, ascending.
        row_bits: how many low bits are the row.
        ranges: for each key the smallest, the step that divides all differences, and how many bits it takes; None
            where the extremes, which stand for nulls and errors, were moved next to the values.
    """

    numbers: Ints
    row_bits: int
    ranges: list[tuple[int, int, int] | None]

    def into_rows(self) -> Ints:
        """Return the rows, in the memory of the numbers, which are gone then."""
        self.numbers &= (1 << self.row_bits) - 1
        return self.numbers


def packed_rows(keys: Sequence[Ints], rows: int) -> PackedRows | None:
    """Return the rows in ascending order of ``keys``, stably; None where keys and row don't fit into 63 bits."""
    found = _pack(keys, rows)
    if found is None:
        return None
    packed, ranges = found
    row_bits = max(rows - 1, 1).bit_length()
    packed <<= row_bits
    for start in range(0, rows, STRETCH):
        packed[start : start + STRETCH] |= np.arange(start, min(start + STRETCH, rows))
    packed.sort()
    return PackedRows(packed, row_bits, ranges)


_STEPS = (86_400_000_000, 3_600_000_000, 60_000_000, 1_000_000, 1_000)


def _pack(keys: Sequence[Ints], rows: int) -> tuple[Ints, list[tuple[int, int, int] | None]] | None:
    """Return all keys in one non-negative int64 that leaves room for the row number, and their ranges, or None."""
    room = 63 - max(rows - 1, 1).bit_length()
    parts: list[tuple[Ints, int]] = []
    ranges: list[tuple[int, int, int] | None] = []
    for key in keys:
        low, high = int(key.min()), int(key.max())
        moved = high >= _NULL_KEY and low < high
        if moved:  # squeeze the keys of nulls and errors behind the values
            values = key[key < _NULL_KEY]
            high = (int(values.max()) if len(values) else low - 1) + 2
            key = np.minimum(key, high - 1) + (key == _ERROR_KEY)
        if high - low >= 2**63:  # differences would leave 64 bits
            return None
        part, step = _in_steps(key - low, high - low)
        bits = ((high - low) // step).bit_length()
        parts.append((part, bits))
        ranges.append(None if moved else (low, step, bits))
        if sum(bits for _, bits in parts) > room:
            return None
    (out, _), *others = parts
    for part, bits in others:
        out <<= bits
        out |= part
    return out, ranges


def _in_steps(part: Ints, widest: int) -> tuple[Ints, int]:
    """Return numbers divided by a divisor of all, and it: instants are mostly whole seconds or milliseconds."""
    if widest.bit_length() <= 24:
        return part, 1
    probe = part[:: max(len(part) // 64, 1)]
    for step in _STEPS:
        if not (probe % step).any():
            steps = np.empty_like(part)
            for start in range(0, len(part), STRETCH):
                some = part[start : start + STRETCH]
                found = np.floor_divide(some, step, out=steps[start : start + STRETCH])
                if not np.array_equal(found * step, some):
                    break
            else:
                return steps, step
    return part, 1


def dense_codes(column: Column, threads: int = 1) -> tuple[Ints, int]:
    """Return codes 0…n-1 of equal values and n; nulls have one code, errors one code for each error code."""
    rows = len(column)
    if column.type.kind is Kind.STRING:
        codes, dictionary = text_codes(column)
        count = len(dictionary)
        codes = np.where(codes < 0, count, codes) if column.data.null_count else codes
    else:
        codes, _ = comparable(column)
        null = column.nulls()
        low, high = span(codes, threads)
        if high - low <= 2 * rows + 1024:
            codes, count = codes - low if low else codes, high - low + 1
        else:
            codes, count = first_appearance(codes)
        if null is not None:
            codes = np.where(null, count, codes)
    count += 1
    if column.errors is not None:
        codes = codes.copy()
        codes[column.errors.rows] = count + column.errors.codes
        count += 256
    return codes, count


def span(keys: Ints, threads: int = 1) -> tuple[int, int]:
    """Return the smallest and the largest key; zeros where there is none."""
    if not len(keys):
        return 0, 0
    starts = range(0, len(keys), STRETCH)
    parts = [keys[start : start + STRETCH] for start in starts]
    spans = side_by_side(lambda part: (int(part.min()), int(part.max())), parts, threads)
    return min(low for low, _ in spans), max(high for _, high in spans)


#: Rows that are looked at first, where all may have to be.
GLANCE = 1 << 16


def run_starts(keys: Any) -> Ints | None:
    """Return where runs of equal neighbours start, or None where runs are too short for that to help."""
    rows = len(keys)
    if rows < 1024:
        return None
    found, parts = 0, [np.zeros(1, np.int64)]
    for start in range(1, rows, GLANCE):  # where runs are short, the first rows tell
        stop = min(start + GLANCE, rows)
        new = keys[start:stop] != keys[start - 1 : stop - 1]
        found += int(np.count_nonzero(new))
        if found > rows // 8 or (start == 1 and found * 8 > 7 * GLANCE):
            return None
        parts.append(np.flatnonzero(new) + start)
    return np.concatenate(parts)


def value_runs(column: Column) -> Ints | None:
    """Return where runs of equal values start in a column without nulls, or None (see :func:`run_starts`)."""
    if column.type.kind is Kind.STRING:
        if not column.is_coded or column.data.null_count:
            return None
        indices = column.data.indices
        return run_starts(fixed_values(indices, indices.type.to_pandas_dtype()))
    if column.type.is_arrow or column.type.is_big or column.nulls() is not None:
        return None
    return run_starts(column.data)


def first_appearance(keys: Ints) -> tuple[Ints, int]:
    """Return codes 0…n-1 of equal keys in order of first appearance, and n."""
    starts = run_starts(keys)
    if starts is not None:  # rows stand together already: number the runs
        codes, count = _numbered(keys[starts])
        return np.repeat(codes, np.diff(starts, append=len(keys))), count
    return _numbered(keys)


def _numbered(keys: Ints) -> tuple[Ints, int]:
    encoded = arrow_array(keys).dictionary_encode()
    return fixed_values(encoded.indices, np.int32).astype(np.int64), len(encoded.dictionary)


def ascending(keys: Sequence[Ints]) -> bool:
    """Whether rows stand in ascending order of ``keys`` already (the first is the primary one)."""
    if keys and len(keys[0]) > 2 * GLANCE and not ascending([key[:GLANCE] for key in keys]):
        return False
    tied: Any = None
    for key in keys:
        if len(key) < 2:
            return True
        down = key[1:] < key[:-1]
        if (down if tied is None else down & tied).any():
            return False
        same = key[1:] == key[:-1]
        tied = same if tied is None else tied & same
    return True
