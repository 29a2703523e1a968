"""Which rows of the sheets underneath a row was made of."""

from __future__ import annotations

from dataclasses import dataclass

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
    """

    sheet: str
    rows: Ints
    offsets: Ints | None = None
    index: Ints | None = None
    context: str = ""

    def of(self, row: int) -> Ints:
        """Return the rows underneath of one row, ascending."""
        entry = row if self.index is None else int(self.index[row])
        if entry < 0:
            return np.zeros(0, np.int64)
        if self.offsets is None:
            found = self.rows[entry : entry + 1]
            return found[found >= 0]
        return np.sort(self.rows[self.offsets[entry] : self.offsets[entry + 1]])

    def through(self, picked: Ints) -> RowMap:
        """Return the map of a sheet that holds the rows ``picked`` of this one's sheet."""
        if self.index is None and self.offsets is None:
            return RowMap(self.sheet, self.rows[picked], None, None, self.context)
        return RowMap(
            self.sheet, self.rows, self.offsets, picked if self.index is None else self.index[picked], self.context
        )


def grouped(sheet: str, codes: Ints, count: int, index: Ints | None = None, context: str = "") -> RowMap:
    """Return the map in which each row was made of all rows with a code; ``index`` gives the code of each row."""
    rows = np.argsort(codes, kind="stable").astype(np.int64)
    offsets = np.concatenate(([0], np.cumsum(np.bincount(codes, minlength=count)))).astype(np.int64)
    return RowMap(sheet, rows, offsets, index, context)
