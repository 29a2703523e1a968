"""What series share: operations along each group's records, carried errors, and first-order recurrences.

Two rules of the catalogue are kept here, once. *Running and moving series carry an error into every value
that uses it*: :func:`carry` gives each record the first error of the records that it uses. *They skip nulls
and give null there*: :func:`finish` makes the results of null records null.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import localcontext
from typing import Any

import numpy as np
import numpy.typing as npt

from sheetline.functions import errors as err
from sheetline.functions.columns import Column
from sheetline.functions.context import Call
from sheetline.functions.errors import Errors, Ints, Mask
from sheetline.functions.groups import Order
from sheetline.functions.types import FLOAT, Kind, Type

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

#: Groups of at least this many records are worked on one by one; smaller ones together, by equal size.
LARGE = 512
#: A bound on the cells of one block, so that blocks stay in the processor's caches.
_CELLS = 1 << 18
#: No group may make more rows than this (combinations, windows): beyond it the group gives one error LIMIT.
MAX_ROWS = 10_000_000


def order_of(ctx: Call) -> Order:
    """Return the order of a series' call."""
    assert ctx.order is not None, f"{ctx.function} is a series"
    return ctx.order


def ends(order: Order) -> Ints:
    """For each row, the place of its group's last row."""
    return np.repeat(order.offsets[1:] - 1, order.sizes)


def within(order: Order) -> Ints:
    """For each row, its number inside its group, from 0."""
    return np.arange(len(order.rows), dtype=np.int64) - order.start


def segmented(values: Array, offsets: Ints, operation: Callable[[Array], Array]) -> Array:
    """Apply ``operation`` (2-D → 2-D of the same shape, along rows) to each segment of ``values``.

    Segments of one size stand together in a block; long ones are worked on where they stand, without copies.
    """
    sizes = np.diff(offsets)
    out = operation(values[None, :0])[0]
    out = np.empty(len(values), out.dtype)
    for group in np.flatnonzero(sizes >= LARGE):
        piece = slice(int(offsets[group]), int(offsets[group + 1]))
        out[piece] = operation(values[None, piece])[0]
    small = np.flatnonzero(sizes < LARGE)
    by_size = small[np.argsort(sizes[small], kind="stable")]
    ascending = sizes[by_size]
    for size in np.flatnonzero(np.bincount(ascending)) if len(ascending) else ():
        if size == 0:
            continue
        first, last = np.searchsorted(ascending, (size, size + 1))
        starts = offsets[by_size[first:last]]
        for part in np.array_split(starts, max(len(starts) * int(size) // _CELLS, 1)):
            index = part[:, None] + np.arange(size)
            out[index] = operation(values[index])
    return out


def cumulate(ufunc: np.ufunc, values: Array, offsets: Ints) -> Array:
    """Return ``ufunc`` accumulated along each segment, left to right."""
    with localcontext(prec=100):  # for exact numbers
        return segmented(values, offsets, lambda block: np.asarray(ufunc.accumulate(block, axis=1)))


def cumulate_integers(values: Ints, offsets: Ints) -> tuple[Ints, Mask | None]:
    """Return exact running sums of integers, and a mask of those that leave 64 bits (None: there are none).

    A sum over everything less the sum before the segment is exact modulo 2**64, so no blocks are needed.
    """
    if len(values) == 0:
        return values, None
    reach = max(abs(int(values.min())), abs(int(values.max())))
    if reach * int(np.diff(offsets).max()) < 2**63:
        return _differences(np.cumsum(values), offsets), None
    low = _differences(np.cumsum(values & 0xFFFF_FFFF), offsets)
    high = _differences(np.cumsum(values >> 32), offsets) + (low >> 32)
    return (high << 32) | (low & 0xFFFF_FFFF), (high < -(2**31)) | (high >= 2**31)


def _differences(total: Ints, offsets: Ints) -> Ints:
    before = np.concatenate(([0], total))[offsets[:-1]]
    return np.asarray(total - np.repeat(before, np.diff(offsets)))


def carry(errors: Errors | None, low: Ints, high: Ints, keep: Mask | None = None) -> Errors | None:
    """Return for each row the first error of the rows ``low[i]`` … ``high[i]`` that it uses.

    Args:
        errors: the errors of the argument.
        low: for each row the first row that it uses.
        high: for each row the last row that it uses.
        keep: rows that use anything at all (rows that hold a value, and rows with errors of their own).
    """
    if errors is None:
        return None
    at = np.searchsorted(errors.rows, low)
    found = at < len(errors)
    found[found] = errors.rows[at[found]] <= high[found]
    if keep is not None:
        found &= keep
    rows = np.flatnonzero(found)
    return errors.pick(at[rows], rows)


def users(v: Column) -> Mask | None:
    """Return the rows that use values: those with a value or an error of their own; None for all."""
    null = v.nulls()
    if null is None:
        return None
    used = ~null
    if v.errors is not None:
        used[v.errors.rows] = True
    return used


def carry_running(v: Column, order: Order) -> Errors | None:
    """Return the errors of a running series: from a group's first error on, on rows that are not null."""
    if v.errors is None:
        return None
    return carry(v.errors, order.start, np.arange(len(v), dtype=np.int64), users(v))


def carry_group(v: Column, order: Order) -> Errors | None:
    """Return the errors of a series whose values use the whole group: its first error, on rows not null."""
    return None if v.errors is None else carry(v.errors, order.start, ends(order), users(v))


def finish(ctx: Call, type_: Type, data: Any, null: Mask | None, *errors: Errors | None) -> Column:
    """Return a series' column: null where ``null``; a float that is no number elsewhere is an OVERFLOW."""
    if type_.kind is Kind.FLOAT:
        bad = ~np.isfinite(data)
        if null is not None:
            bad &= ~null
        for part in errors:
            if part is not None:
                bad[part.rows] = False
        if bad.any():
            ctx.fail(bad, "OVERFLOW")
        column = Column(type_, data if null is None else np.where(null, np.nan, data))
    else:
        column = Column(type_, data, null)
    merged = err.first(errors)
    return column if merged is None else column.with_errors(merged)


def with_zeros(v: Column) -> Array:
    """Return a number column's values with 0 in place of nulls."""
    null = v.nulls()
    if null is None:
        values: Array = v.data
        return values
    return np.where(null, v.data.dtype.type(0) if v.data.dtype != object else 0, v.data)


def floats(v: Column) -> Floats:
    """Return the numbers as floats, NaN where null."""
    return np.asarray(v.cast(FLOAT).data, np.float64)


State = tuple[Any, ...]


def recur(
    inputs: Sequence[Floats],
    offsets: Ints,
    first: Callable[..., State],
    step: Callable[..., State],
) -> tuple[Floats, ...]:
    """Run a recurrence along each segment and return every part of its state, record by record.

    Record t of all segments is worked on at once; the last few long segments run number by number.

    Args:
        inputs: one or several arrays, without NaN.
        offsets: where the segments start.
        first: ``first(*inputs)`` gives the state of a segment's first record.
        step: ``step(state, *inputs)`` gives the next state; works on arrays and on single floats alike.
    """
    sizes = np.diff(offsets)
    longest = np.argsort(-sizes, kind="stable")
    falling = -sizes[longest]
    starts = offsets[:-1][longest]
    active = int(np.searchsorted(falling, 0))
    at = starts[:active]
    state = first(*(values[at] for values in inputs))
    out = tuple(np.empty(len(inputs[0])) for _ in state)
    now = 1
    while True:
        for part, values in zip(out, state, strict=True):
            part[at] = values
        active = int(np.searchsorted(falling, -now))
        if active <= 16:
            break
        at = starts[:active] + now
        state = step(tuple(part[:active] for part in state), *(values[at] for values in inputs))
        now += 1
    for place in range(active):
        piece = slice(int(starts[place]) + now, int(starts[place] - falling[place]))
        _recur_alone(inputs, piece, tuple(float(part[place]) for part in state), step, out)
    return out


def _recur_alone(inputs: Sequence[Floats], piece: slice, state: State, step: Callable[..., State], out: State) -> None:
    made: list[State] = []
    for row in zip(*(values[piece].tolist() for values in inputs), strict=True):
        state = step(state, *row)
        made.append(state)
    for part, values in zip(out, zip(*made, strict=True), strict=False):
        part[piece] = values


def compact(v: Column, order: Order) -> tuple[Floats, Ints, Ints]:
    """Return the values without nulls as floats, where they stand, and the segments' offsets among them."""
    values = floats(v)
    keep = ~np.isnan(values)
    places = np.flatnonzero(keep)
    before = np.concatenate(([0], np.cumsum(keep)))
    return values[places], places, before[order.offsets]
