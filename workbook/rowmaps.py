"""Which rows of the sheets underneath a row was made of."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sheetline.functions.errors import Ints


@dataclass(frozen=True, slots=True, eq=False)
class RowMap:
    """For each row of a sheet, the rows of one sheet underneath that it was made of.

    Attributes:
        sheet: the sheet underneath.
        rows: row numbers; -1 stands for none.
        offsets: where the rows of each entry start, n+1 numbers; None where each entry is one row.
        index: the entry of each row; None where entry i is that of row i.
        context: why the rows matter where they give the row no value of their own: they stand in its group, or
            repeat it. Empty for rows that give values.
        columns: the columns that the map is for, where it is closer than another of the same sheets; None for all.
    """

    sheet: str
    rows: Ints
    offsets: Ints | None = None
    index: Ints | None = None
    context: str = ""
    columns: frozenset[str] | None = None

    def of(self, row: int) -> Ints:
        """Return the rows underneath of one row, ascending."""
        return self.under(np.array([row], np.int64))

    def under(self, some: Ints) -> Ints:
        """Return the rows underneath of some rows together: ascending, each once."""
        entries = some if self.index is None else np.unique(self.index[some])
        entries = entries[entries >= 0]
        if self.offsets is None:
            found = self.rows[entries]
            return np.unique(found[found >= 0])
        starts, sizes = self.offsets[entries], self.offsets[entries + 1] - self.offsets[entries]
        within = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return np.unique(self.rows[np.repeat(starts, sizes) + within])

    def above(self, some: Ints) -> Ints:
        """Return the rows that are made of any of some rows underneath: ascending, each once.

        >>> RowMap("E", np.array([4, -1, 2, 4])).above(np.array([4])).tolist()
        [0, 3]
        """
        places = np.flatnonzero(np.isin(self.rows, some))
        if self.offsets is not None:
            places = np.unique(np.searchsorted(self.offsets, places, side="right") - 1)
        return places if self.index is None else np.flatnonzero(np.isin(self.index, places))

    def through(self, picked: Ints) -> RowMap:
        """Return the map of a sheet that holds the rows ``picked`` of this one's sheet."""
        if self.index is None and self.offsets is None:
            return replace(self, rows=self.rows[picked])
        return replace(self, index=picked if self.index is None else self.index[picked])


def grouped(sheet: str, codes: Ints, count: int, index: Ints | None = None, context: str = "") -> RowMap:
    """Return the map in which each row was made of all rows with a code; ``index`` gives the code of each row."""
    rows = np.argsort(codes, kind="stable").astype(np.int64)
    offsets = np.concatenate(([0], np.cumsum(np.bincount(codes, minlength=count)))).astype(np.int64)
    return RowMap(sheet, rows, offsets, index, context)
