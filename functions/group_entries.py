"""The distinct values of groups, and what is asked of them: how frequent they are, sums over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sheetline.functions import ordering
from sheetline.functions.errors import Ints

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Distinct:
    """The distinct values of each group, ascending: entries, those of one group standing together.

    Attributes:
        values: the value of each entry, as in ``Grouped.values``.
        codes: the group of each entry.
        counts: how many rows have the value.
        offsets: where each group's entries start; n+1 numbers.
    """

    values: Array
    codes: Ints
    counts: Ints
    offsets: Ints

    @property
    def sizes(self) -> Ints:
        """The number of distinct values of each group."""
        return np.diff(self.offsets)

    def sum(self, values: Array) -> Floats:
        """Return the sum, in each group, of one number an entry."""
        sums: Any = np.bincount(self.codes, values.astype(np.float64, copy=False), len(self.offsets) - 1)
        return np.asarray(sums, np.float64)

    def largest(self, values: Array) -> Ints:
        """Return the place of each group's first entry with the largest of ``values``; -1 without entries."""
        best = np.full(len(self.offsets) - 1, -1, np.int64)
        if len(values):
            some = np.flatnonzero(self.sizes)
            top = np.zeros(len(best), values.dtype)
            top[some] = np.maximum.reduceat(values, self.offsets[some])
            places = np.flatnonzero(values == top[self.codes])[::-1]
            best[self.codes[places]] = places  # the last write is the first entry
        return best

    def by_count(self) -> Ints:
        """Return the places of the entries by group, the most frequent first; equal counts by value."""
        return ordering.stable_order([self.codes, -self.counts], len(self.codes))
