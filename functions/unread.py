"""Floats of a user's frame that nobody has looked at yet.

Infinity is an error value in a column, and NaN a null: to know of them costs a pass over memory. Row formulas look at
their inputs block by block instead, when a block is in the processor's cache anyway.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sheetline.functions.columns import Column
from sheetline.functions.types import FLOAT


class UnreadFloats(Column):
    """Floats among which infinities may stand: not a column yet for anything but :meth:`read` and :meth:`slice`."""

    __slots__ = ()

    def read(self) -> Column:
        """Return the whole column: infinities are errors."""
        return looked_at(self.data)

    def slice(self, start: int, stop: int) -> Column:
        """Return the column of rows ``start`` … ``stop``-1."""
        return looked_at(self.data[start:stop])

    def unlooked(self, start: int, stop: int) -> Column:
        """Return the column of rows ``start`` … ``stop``-1 as if each held a number; the caller knows, or finds out."""
        return Column(FLOAT, self.data[start:stop]).without_nan()


def looked_at(data: npt.NDArray[np.float64]) -> Column:
    """Return the column of floats; it knows where it is null.

    >>> looked_at(np.array([1.5, np.nan, np.inf])).to_list()
    [1.5, None, None]
    """
    fine = np.isfinite(data)
    if fine.all():
        return Column(FLOAT, data).without_nan()
    missing = np.isnan(data)
    if np.count_nonzero(fine) + np.count_nonzero(missing) == len(data):
        return Column(FLOAT, data).with_nan(missing)
    from sheetline.functions.arrow import ColumnNotes, finite

    values, errors = finite(data, None, ColumnNotes())
    return Column(FLOAT, values, None, errors)
