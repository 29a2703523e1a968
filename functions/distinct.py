"""The distinct values of a whole column, ascending: the facts behind ranks, frequencies and look-ups.

They are arrays only, so that they can be stored and sent, and they answer for any block of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sheetline.functions.columns import Column
from sheetline.functions.errors import Ints
from sheetline.functions.ordering import comparable
from sheetline.functions.text_support import kernels
from sheetline.functions.types import Kind


@dataclass(frozen=True, slots=True, eq=False)
class Distinct:
    """Distinct values of a column.

    Attributes:
        values: the values, ascending, without nulls.
        counts: how many rows of the column hold each.
        first: the first row of each.
    """

    values: Column
    counts: Ints
    first: Ints

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
        return cls(column.take(first).plain(), counts, first)

    def __len__(self) -> int:
        return len(self.values)

    def place(self, column: Column) -> Ints:
        """Return the place of each row's value among the distinct ones; -1 for others and for nulls."""
        if len(self) == 0:
            return np.full(len(column), -1, np.int64)
        kind = column.type.kind
        if kind is Kind.STRING:
            pc = kernels()

            found = pc.index_in(column.plain().data, value_set=self.values.data)
            place = np.asarray(found.fill_null(-1)).astype(np.int64)
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

    def _place_of_objects(self, column: Column) -> Ints:
        known = {_key(value): number for number, value in enumerate(self.values.to_list())}
        return np.array([known.get(_key(value), -1) for value in column.to_list()], np.int64)


def _key(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_key(item) for item in value)
    return tuple(_key(item) for item in value.values()) if isinstance(value, dict) else value


def whole(value: Any, type_: Any) -> Column:
    """Return what a fit was given as a column; a constant is a column of one row."""
    from sheetline.functions.columns import Constant

    return value if isinstance(value, Column) else Constant(type_, value).column(1)
