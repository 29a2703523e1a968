"""AND and OR of columns in three-valued logic."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sheetline.functions import errors as err
from sheetline.functions.choosing import Branch, Decision, as_column, errors_of, null_rows
from sheetline.functions.columns import Array, Column, Constant
from sheetline.functions.errors import Mask
from sheetline.functions.types import BOOLEAN


def connected(args: Sequence[Branch], rows: int, *, decisive: bool, place: Array | None = None) -> Column:
    """Return AND (``decisive`` is False) or OR (True), three-valued, decided from the left."""
    if not any(arg.errors is not None and len(arg.errors) for arg in args):
        return _kleene(args, rows, decisive=decisive, place=place)
    decision = Decision(rows)
    unknown = np.zeros(rows, np.bool_)
    for arg in args:
        null = null_rows(arg, rows)
        value = np.full(rows, bool(arg.value)) if isinstance(arg, Constant) else arg.data
        decision.step((value if decisive else ~value) & ~null, errors_of(arg, rows))
        unknown |= null
    unknown &= decision.open
    decided = np.logical_or.reduce(decision.masks)
    column = Column(BOOLEAN, decided if decisive else ~decided, unknown if unknown.any() else None)
    met = err.first(decision.errors)
    return column if met is None else column.with_errors(met)


def _kleene(args: Sequence[Branch], rows: int, *, decisive: bool, place: Array | None) -> Column:
    """Return AND or OR of arguments without errors, where the order of the arguments does not matter."""
    out: Mask | None = None
    unknown: Mask | None = None
    for arg in args:
        column = as_column(arg, rows)
        value, null = column.data, column.nulls()
        if null is not None:  # unknown decides nothing: false for OR, true for AND
            value = value & ~null if decisive else value | null
            unknown = null if unknown is None else unknown | null
        if out is None:
            out = value
        else:
            out = place = np.bitwise_or(out, value, out=place) if decisive else np.bitwise_and(out, value, out=place)
    assert out is not None
    if unknown is not None:
        unknown = unknown & ~out if decisive else unknown & out
    return Column(BOOLEAN, out, unknown if unknown is not None and unknown.any() else None)


def opposite(column: Column) -> Column:
    """Return NOT; null and error stay."""
    return Column(BOOLEAN, ~column.data, column.null, column.errors)
