"""The distinct values of a whole column, ascending: the facts behind ranks, frequencies and look-ups.

They are arrays only, so that they can be stored and sent, and they answer for any block of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sheetline.functions.buffers import arrow_array, filled
from sheetline.functions.columns import Column
from sheetline.functions.errors import Ints
from sheetline.functions.ordering import comparable
from sheetline.functions.text_support import kernels, raw_bytes
from sheetline.functions.types import Kind

#: From so many distinct texts on, they are found by stored hashes; fewer by a hash table made for each block.
_MANY = 4096
_HASHED_AT_ONCE = 65_536


@dataclass(frozen=True, slots=True, eq=False)
class Distinct:
    """Distinct values of a column.

    Attributes:
        values: the values, ascending, without nulls.
        counts: how many rows of the column hold each.
        first: the first row of each.
        hashes: for many texts, their hashes ascending, and the places of the values that have them.
    """

    values: Column
    counts: Ints
    first: Ints
    hashes: tuple[npt.NDArray[np.uint64], Ints] | None = None

    @classmethod
    def of(cls, column: Column) -> Distinct:
        """Return the distinct values of a column; nulls and errors are left out."""
        null = column.nulls()
        rows = np.arange(len(column)) if null is None else np.flatnonzero(~null)
        keys, _ = comparable(column)
        keys = keys[rows]
        low, high = (int(keys.min()), int(keys.max())) if len(keys) else (0, -1)
        if high - low <= 2 * len(keys) + 1024:  # few possible keys: counted without sorting
            counts = np.bincount(keys - low, minlength=0)
            first = np.zeros(len(counts), np.int64)
            first[keys[::-1] - low] = rows[::-1]
            used = np.flatnonzero(counts)
            counts, first = counts[used].astype(np.int64), first[used]
        else:
            _, index, counts = np.unique(keys, return_index=True, return_counts=True)
            first, counts = rows[index], counts.astype(np.int64)
        values = column.take(first).plain()
        return cls(values, counts, first, _sorted_hashes(values))

    def __len__(self) -> int:
        return len(self.values)

    def place(self, column: Column) -> Ints:
        """Return the place of each row's value among the distinct ones; -1 for others and for nulls."""
        if len(self) == 0:
            return np.full(len(column), -1, np.int64)
        kind = column.type.kind
        if kind is Kind.STRING:
            place = self._place_of_texts(column.plain().data)
        elif column.type.is_arrow or column.type.is_big:
            place = self._place_of_objects(column)
        else:
            known, keys = comparable(self.values)[0], comparable(column)[0]
            place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
            place[known[place] != keys] = -1
        null = column.nulls()
        if null is not None:
            place[null] = -1
        return place

    def _place_of_texts(self, texts: Any) -> Ints:
        pc = kernels()
        if self.hashes is None:
            found = pc.index_in(texts, value_set=self.values.data)
            return np.asarray(filled(found, -1)).astype(np.int64)
        hashes, places = self.hashes
        wanted = _text_hashes(texts)
        at = np.minimum(np.searchsorted(hashes, wanted), len(hashes) - 1)
        place = np.where(hashes[at] == wanted, places[at], -1)
        hit = np.flatnonzero(place >= 0)  # hashes say where to look, the texts themselves decide
        same = pc.equal(self.values.data.take(arrow_array(place[hit])), texts.take(arrow_array(hit)))
        place[hit[~np.asarray(filled(same, False))]] = -1
        return place

    def _place_of_objects(self, column: Column) -> Ints:
        known = {_key(value): number for number, value in enumerate(self.values.to_list())}
        return np.array([known.get(_key(value), -1) for value in column.to_list()], np.int64)


def _sorted_hashes(values: Column) -> tuple[npt.NDArray[np.uint64], Ints] | None:
    """Return the hashes of many distinct texts in order; None for few, or where two texts share a hash."""
    if values.type.kind is not Kind.STRING or len(values) < _MANY:
        return None
    hashes = _text_hashes(values.data)
    order = np.argsort(hashes)
    hashes = hashes[order]
    return None if (hashes[1:] == hashes[:-1]).any() else (hashes, order.astype(np.int64))


def _text_hashes(texts: Any) -> npt.NDArray[np.uint64]:
    """Return 64-bit hashes of texts: sums of their bytes, each times a mixed number of its position."""
    out = np.empty(len(texts), np.uint64)
    for start in range(0, len(texts), _HASHED_AT_ONCE):
        data, at = raw_bytes(texts.slice(start, _HASHED_AT_ONCE))
        lengths = np.diff(at)
        mixed = (np.arange(len(data)) - np.repeat(at[:-1], lengths) + 1).astype(np.uint64)
        for factor, shift in ((0x9E37_79B9_7F4A_7C15, 29), (0xBF58_476D_1CE4_E5B9, 32)):
            mixed *= np.uint64(factor)
            mixed ^= mixed >> np.uint64(shift)
        mixed *= data.astype(np.uint64) + np.uint64(1)
        sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(mixed, dtype=np.uint64)))
        out[start : start + _HASHED_AT_ONCE] = sums[at[1:]] - sums[at[:-1]]
    return out


def _key(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_key(item) for item in value)
    return tuple(_key(item) for item in value.values()) if isinstance(value, dict) else value


def whole(value: Any, type_: Any) -> Column:
    """Return what a fit was given as a column; a constant is a column of one row."""
    from sheetline.functions.columns import Constant

    return value if isinstance(value, Column) else Constant(type_, value).column(1)
