"""Choosing between columns row by row: what the lazy functions (IF, SWITCH, COALESCE …) are made of.

Every branch is there for all rows; a row takes value, null and error of its own branch alone, so an error
in a branch that is not taken does not exist. Constants are never spread over the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions import errors as err
from sheetline.functions.blend import blend
from sheetline.functions.buffers import arrow_array, text_scalar
from sheetline.functions.columns import Array, Column, Constant, arrow_type, numpy_dtype
from sheetline.functions.context import Call
from sheetline.functions.errors import Errors, Ints, Mask
from sheetline.functions.execute import cast_constant
from sheetline.functions.text_support import kernels
from sheetline.functions.types import Kind, Type

Branch = Column | Constant

#: From so many branches of text on, one pass over an index beats a pass for each branch.
_INDEXED = 4
#: So many constants, less one, are told apart by numbers of a byte.
_MOST_NUMBERS = 250
#: So many conditions make a code of bits, of which two stand for an entry in a table that the cache holds.
_MOST_BITS = 6


def truth(condition: Branch, rows: int) -> Mask:
    """Return the mask of rows where a boolean column or constant is true; null and error are not."""
    if isinstance(condition, Constant):
        return np.full(rows, condition.value is True)
    null = condition.nulls()
    data: Mask = condition.data
    return data if null is None else data & ~null


def null_rows(value: Branch, rows: int) -> Mask:
    """Return the mask of rows that hold no value (errors among them)."""
    if isinstance(value, Constant):
        return np.full(rows, value.value is None)
    null = value.nulls()
    return np.zeros(rows, np.bool_) if null is None else null


def errors_of(value: Branch, rows: int) -> Errors | None:
    """Return the errors of a column, or of a constant for every row."""
    if isinstance(value, Column) or value.errors is None:
        return value.errors
    return value.errors.take(np.zeros(rows, np.int64), 1)


def widened(value: Branch, type_: Type) -> Branch:
    """Return a column or constant of a type that it widens to."""
    if value.type == type_:
        return value
    return cast_constant(value, type_) if isinstance(value, Constant) else value.plain().cast(type_)


def as_column(value: Branch, rows: int) -> Column:
    """Return a column; a constant is repeated."""
    return value.column(rows) if isinstance(value, Constant) else value


def choose(
    masks: Sequence[Mask],
    branches: Sequence[Branch],
    type_: Type,
    rows: int,
    other: Branch,
    place: Array | None = None,
) -> Column:
    """Return the column that takes, for each row, the branch whose mask is true, else ``other``.

    Args:
        masks: one for each branch; no two are true on the same row.
        branches: columns or constants of ``type_`` (or of type null).
        type_: the type of the result.
        rows: the number of rows.
        other: what the remaining rows take.
        place: memory that values may be written into.

    Returns:
        The values, nulls and errors of the branches taken.
    """
    ready = [widened(branch, type_) for branch in branches]
    rest = widened(other, type_)
    if not ready:
        return as_column(rest, rows)
    errors = _chosen_errors(masks, ready, rest, rows)
    if type_.is_arrow:
        return Column(type_, _choose_arrow(masks, ready, type_, rest), None, errors)
    dtype = numpy_dtype(type_)
    if 2 <= len(ready) <= _MOST_NUMBERS and all(_is_number(branch, type_) for branch in (rest, *ready)):
        table = np.array([_fixed(branch, dtype) for branch in (rest, *ready)], dtype)
        return Column(type_, _looked_up(masks, table, place), None, errors)
    data = blend(masks[-1], _fixed(ready[-1], dtype), _fixed(rest, dtype), dtype, place)
    for mask, branch in zip(masks[:-1], ready[:-1], strict=True):
        data = blend(mask, _fixed(branch, dtype), data, dtype, data)
    null = None if type_.kind is Kind.FLOAT else _chosen_nulls(masks, ready, rest)
    return Column(type_, data, null, errors)


def put(value: Column, rows: Ints, replacement: Branch, type_: Type, place: Array | None = None) -> Column:
    """Return a column of numbers, dates or booleans with a replacement at ``rows``, the rows of all its errors.

    Args:
        value: a column of ``type_``.
        rows: the places, ascending.
        replacement: what stands there then; a column has its value of the same row. It has no errors.
        type_: the type of both.
        place: memory that values may be written into.
    """
    other = widened(replacement, type_)
    data = np.empty_like(value.data) if place is None else place
    np.copyto(data, value.data)
    data[rows] = other.data[rows] if isinstance(other, Column) else _fixed(other, data.dtype.type)
    if type_.kind is Kind.FLOAT or value.null is None:
        return Column(type_, data)
    null = value.null.copy()
    more = _null_part(other)
    null[rows] = more[rows] if isinstance(more, np.ndarray) else more is not None
    return Column(type_, data, null if null.any() else None)


def _is_number(branch: Branch, type_: Type) -> bool:
    """Whether a branch is one number for all rows, which may stand in a table; a null is one among floats alone."""
    if not isinstance(branch, Constant) or type_.kind not in (Kind.FLOAT, Kind.INTEGER, Kind.DATE):
        return False
    return branch.value is not None or type_.kind is Kind.FLOAT


def _looked_up(masks: Sequence[Mask], table: Array, place: Array | None) -> Array:
    """Return the entry of ``table`` whose number, from 1, is that of the true mask; the first where none is true."""
    numbers = masks[0].astype(np.uint8)
    one = np.empty_like(numbers)
    for number, mask in enumerate(masks[1:], 2):
        np.multiply(mask.view(np.uint8), np.uint8(number), out=one)
        np.bitwise_or(numbers, one, out=numbers)
    return table.take(numbers, out=place, mode="clip")


def in_turn(*args: Branch, ctx: Call) -> Column:
    """Return IF in IF, written as conditions and values in turn, and the last value for what is left."""
    conditions, values, type_ = args[:-1:2], [*args[1::2], args[-1]], ctx.types[-1]
    is_plain = all(isinstance(condition, Column) and condition.errors is None for condition in conditions)
    if is_plain and len(conditions) <= _MOST_BITS and all(_is_number(value, type_) for value in values):
        constants = np.array([_fixed(value, numpy_dtype(type_)) for value in values])
        masks = [truth(condition, ctx.rows) for condition in conditions]
        return Column(type_, _first_taken(masks, constants, ctx.rows, ctx.out))
    decision = Decision(ctx.rows)
    for condition in conditions:
        decision.step(truth(condition, ctx.rows), errors_of(condition, ctx.rows))
    return decision.result(values[:-1], type_, values[-1], ctx.out)


def _first_taken(masks: Sequence[Mask], values: Array, rows: int, place: Array | None) -> Array:
    """Return for each row the value of the first mask that is true there, else the last value.

    The masks are the bits of a code, the first one highest. Rows are looked up in pairs, the codes of two making one
    number: half as many look-ups.
    """
    codes = np.zeros(rows + rows % 2, np.uint8)
    for mask in masks:
        np.add(codes, codes, out=codes)
        np.bitwise_or(codes[:rows], mask.view(np.uint8), out=codes[:rows])
    table = np.repeat(values[::-1], [1, *(1 << bit for bit in range(len(masks)))])
    pairs = np.empty((len(table), 256, 2), values.dtype)
    pairs[:, : len(table), 0], pairs[:, : len(table), 1] = table, table[:, np.newaxis]
    out = place if place is not None and not rows % 2 else np.empty(len(codes), values.dtype)
    looked_up = pairs.view(np.complex128).reshape(-1)  # complex only as the name of two numbers side by side
    looked_up.take(codes.view("<u2"), out=out.view(np.complex128), mode="clip")
    return out[:rows]


def _fixed(branch: Branch, dtype: Any) -> Any:
    if isinstance(branch, Column):
        return branch.data
    if branch.value is None:
        return np.asarray(np.nan if dtype is np.float64 else 0, dtype)
    return np.asarray(branch.value, dtype)


def _chosen_nulls(masks: Sequence[Mask], branches: Sequence[Branch], rest: Branch) -> Mask | None:
    parts = [_null_part(branch) for branch in (*branches, rest)]
    if all(part is None for part in parts):
        return None
    *of_branches, of_rest = (np.False_ if part is None else part for part in parts)
    null = np.where(masks[-1], of_branches[-1], of_rest)
    for mask, part in zip(masks[:-1], of_branches[:-1], strict=True):
        np.copyto(null, part, where=mask)
    return null if null.any() else None


def _null_part(branch: Branch) -> Any:
    if isinstance(branch, Constant):
        return np.True_ if branch.value is None else None
    return branch.nulls()


def _chosen_errors(masks: Sequence[Mask], branches: Sequence[Branch], rest: Branch, rows: int) -> Errors | None:
    parts: list[Errors | None] = []
    for mask, branch in zip(masks, branches, strict=True):
        errors = errors_of(branch, rows)
        if errors is not None:
            parts.append(errors.where(mask))
    errors = errors_of(rest, rows)
    if errors is not None:
        taken = np.logical_or.reduce(masks)
        parts.append(errors.where(~taken))
    return err.first(parts)


def _choose_arrow(masks: Sequence[Mask], branches: Sequence[Branch], type_: Type, rest: Branch) -> Any:
    pc = kernels()

    values = [_operand(branch, type_) for branch in branches]
    out = _operand(rest, type_)
    if len(values) >= _INDEXED and type_.kind is Kind.STRING:
        index = np.zeros(len(masks[0]), np.int64)
        for place, mask in enumerate(masks):
            index[mask] = place + 1
        return pc.choose(arrow_array(index), out, *values)
    for mask, value in zip(reversed(masks), reversed(values), strict=True):
        out = pc.if_else(arrow_array(mask), value, out)
    return out


def _operand(branch: Branch, type_: Type) -> Any:
    """Return an Arrow array, or a scalar for a constant."""
    if isinstance(branch, Column):
        return branch.plain().data
    if type_.kind is Kind.STRING:
        return text_scalar(branch.value)
    return pa.array([branch.value], arrow_type(type_))[0]


class Decision:
    """Rows decided step by step, from the left: each row by the first step that is true, or fails, there.

    Attributes:
        open: rows that no step has decided yet.
        masks: for each step the rows that it decided.
        errors: errors met on the way, at rows that were still open.
    """

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.open: Mask = np.ones(rows, np.bool_)
        self.masks: list[Mask] = []
        self.errors: list[Errors | None] = []

    def step(self, decides: Mask, errors: Errors | None = None) -> Mask:
        """Let open rows be decided where ``decides`` is true, after errors at open rows; return those rows."""
        if errors is not None:
            met = errors.where(self.open)
            if met is not None:
                self.errors.append(met)
                self.open = self.open & ~met.mask(self.rows)
        taken = decides & self.open
        self.masks.append(taken)
        self.open = self.open ^ taken
        return taken

    def result(self, branches: Sequence[Branch], type_: Type, other: Branch, place: Array | None = None) -> Column:
        """Return the column of the branches taken; rows where a step failed hold its error."""
        column = choose(self.masks, branches, type_, self.rows, other, place)
        met = err.first(self.errors)
        return column if met is None else column.with_errors(err.first((met, column.errors)))
