"""Group series over moving windows: the last few records of the group, this one included.

A window holds the last ``window`` records, fewer at the start of a group; nulls inside it are skipped and
a null record gives null. Sums of integers are exact. Sums of floats run from left to right in windows of
up to ``SHORT`` records; longer ones are put together of two running sums of blocks as long as the window
(van Herk's method), so nothing is ever subtracted and no digits are lost.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sheetline.functions.columns import Column
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Form, function
from sheetline.functions.errors import Errors, Ints, Mask
from sheetline.functions.groups import Order
from sheetline.functions.ordering import comparable, restore
from sheetline.functions.series_support import (
    Array,
    Floats,
    carry,
    cumulate,
    finish,
    floats,
    order_of,
    users,
    with_zeros,
    within,
)
from sheetline.functions.types import FLOAT, Kind

CATEGORY = "group series"
_ALL = {"g": "GROUPBY(1)"}
_NULLS = "Nulls in the window are skipped; a null record gives null."
_ERRORS = "An error is carried into every window that holds it."
_NOTES = "The window is the last records of the group, this one included; it is shorter at the group's start."
_ROWS = {"v": [4, 2, None, 9]}
#: Windows of up to this many records are computed by shifting; longer ones by blocks.
SHORT = 64


def _window(value: Any) -> int:
    if int(value) < 1:
        raise ValueError("a window holds at least one record")
    return int(value)


def _starts(order: Order, window: int) -> Ints:
    """For each row, the first row of its window."""
    return np.maximum(np.arange(len(order.rows)) - (window - 1), order.start)


def _errors(v: Column, order: Order, window: int) -> Errors | None:
    if v.errors is None:
        return None
    return carry(v.errors, _starts(order, window), np.arange(len(v)), users(v))


def _fold(values: Array, order: Order, window: int, ufunc: np.ufunc, nothing: Any) -> Array:
    """Return ``ufunc`` over each row's window; ``nothing`` is its neutral element."""
    longest = int(order.sizes.max(initial=0))
    window = min(window, max(longest, 1))
    if window <= SHORT:
        return _shifted(values, order, window, ufunc, nothing)
    number = within(order)
    block_starts = np.flatnonzero(number % window == 0)
    offsets = np.append(block_starts, len(values))
    before = cumulate(ufunc, values, offsets)
    mirrored = len(values) - offsets[::-1]
    after = cumulate(ufunc, values[::-1], mirrored)[::-1]
    rows = np.flatnonzero((number >= window) & (number % window != window - 1))
    out = before.copy()
    out[rows] = ufunc(after[rows - (window - 1)], before[rows])
    return out


def _shifted(values: Array, order: Order, window: int, ufunc: np.ufunc, nothing: Any) -> Array:
    number = within(order)
    out = np.full(len(values), nothing, values.dtype)
    for lag in range(window - 1, 0, -1):
        inside = np.where(number[lag:] >= lag, values[:-lag], values.dtype.type(nothing))
        out[lag:] = ufunc(out[lag:], inside)
    return np.asarray(ufunc(out, values))


def _count(v: Column, order: Order, window: int) -> Ints:
    """Return the number of values in each row's window."""
    total = np.concatenate(([0], np.cumsum(v.valid())))
    return np.asarray(total[1:] - total[_starts(order, window)])


def _integer_sum(values: Ints, order: Order, window: int) -> tuple[Ints, Mask | None]:
    """Return exact sums of integers, and a mask of those that leave 64 bits."""
    starts = _starts(order, window)

    def sums(part: Ints) -> Ints:
        total = np.concatenate((np.zeros(1, np.int64), np.cumsum(part)))
        return np.asarray(total[1:] - total[starts])

    reach = max(abs(int(values.min())), abs(int(values.max()))) if len(values) else 0
    if reach * min(window, len(values)) < 2**63:
        return sums(values), None
    low = sums(values & 0xFFFF_FFFF)
    high = sums(values >> 32) + (low >> 32)
    return (high << 32) | (low & 0xFFFF_FFFF), (high < -(2**31)) | (high >= 2**31)


def _sum(v: Column, order: Order, window: int) -> tuple[Array, Mask | None]:
    values = with_zeros(v)
    if v.type.kind is Kind.INTEGER:
        return _integer_sum(values, order, window)
    return _fold(values, order, window, np.add, 0.0) + 0.0, None


@function(
    "GROUP_MOVING_SUM(v:num; window:int const) -> num",
    category=CATEGORY,
    form=Form.SERIES,
    summary="The sum of the last records' values.",
    examples=[
        Example("GROUP_MOVING_SUM(#v;2)", [4, 6, None, 9], rows=_ROWS, formulas=_ALL),
        Example("GROUP_MOVING_SUM(#v;2)", [0.5, 2.0, 3.5], rows={"v": [0.5, 1.5, 2.0]}, formulas=_ALL),
    ],
    nulls="own",
    errors="own",
    ordered=True,
    prepare={"window": _window},
    null_note=_NULLS,
    error_note=_ERRORS,
    notes=_NOTES,
)
def group_moving_sum(v: Column, window: Any, ctx: Call) -> Column:
    order = order_of(ctx)
    out, bad = _sum(v, order, window)
    null = v.nulls()
    if bad is not None:
        ctx.fail(bad if null is None else bad & ~null, "OVERFLOW")
    return finish(ctx, v.type, out, null, _errors(v, order, window))


@function(
    "GROUP_MOVING_AVERAGE(v:num; window:int const) -> float",
    category=CATEGORY,
    form=Form.SERIES,
    summary="The mean of the last records' values.",
    examples=[
        Example("GROUP_MOVING_AVERAGE(#v;2)", [4.0, 3.0, None, 9.0], rows=_ROWS, formulas=_ALL),
        Example("GROUP_MOVING_AVERAGE(#v;9)", [4.0, 3.0, None, 5.0], rows=_ROWS, formulas=_ALL),
    ],
    nulls="own",
    errors="own",
    ordered=True,
    prepare={"window": _window},
    null_note=_NULLS,
    error_note=_ERRORS,
    notes=_NOTES,
)
def group_moving_average(v: Column, window: Any, ctx: Call) -> Column:
    order = order_of(ctx)
    out, bad = _sum(v, order, window)
    if bad is not None and bad.any():
        out = np.where(bad, _sum(v.cast(FLOAT), order, window)[0], out)
    count = np.maximum(_count(v, order, window), 1)
    return finish(ctx, FLOAT, out / count, v.nulls(), _errors(v, order, window))


def _extreme(v: Column, window: int, ctx: Call, ufunc: np.ufunc) -> Column:
    order = order_of(ctx)
    keys, back = comparable(v)
    limits = np.iinfo(np.int64)
    nothing = limits.min if ufunc is np.maximum else limits.max
    null = v.nulls()
    if null is not None:
        keys = np.where(null, nothing, keys)
    out = _fold(keys, order, window, ufunc, nothing)
    if null is not None:
        out = np.where(null, 0, out)
    column = restore(v, out, back, null)
    errors = _errors(v, order, window)
    return column if errors is None else column.with_errors(errors)


@function(
    "GROUP_MOVING_MIN(v:any; window:int const) -> T",
    category=CATEGORY,
    form=Form.SERIES,
    summary="The smallest of the last records' values.",
    examples=[
        Example("GROUP_MOVING_MIN(#v;2)", [4, 2, None, 9], rows=_ROWS, formulas=_ALL),
        Example("GROUP_MOVING_MIN(#v;4)", [4, 2, None, 2], rows=_ROWS, formulas=_ALL),
    ],
    big=True,
    nulls="own",
    errors="own",
    ordered=True,
    prepare={"window": _window},
    null_note=_NULLS,
    error_note=_ERRORS,
    notes=_NOTES,
)
def group_moving_min(v: Column, window: Any, ctx: Call) -> Column:
    return _extreme(v, window, ctx, np.minimum)


@function(
    "GROUP_MOVING_MAX(v:any; window:int const) -> T",
    category=CATEGORY,
    form=Form.SERIES,
    summary="The largest of the last records' values.",
    examples=[
        Example("GROUP_MOVING_MAX(#v;2)", [4, 4, None, 9], rows=_ROWS, formulas=_ALL),
        Example("GROUP_MOVING_MAX(#v;2)", [3, 3, 1], rows={"v": [3, 1, 0]}, formulas=_ALL),
    ],
    big=True,
    nulls="own",
    errors="own",
    ordered=True,
    prepare={"window": _window},
    null_note=_NULLS,
    error_note=_ERRORS,
    notes=_NOTES,
)
def group_moving_max(v: Column, window: Any, ctx: Call) -> Column:
    return _extreme(v, window, ctx, np.maximum)


def _rolling(values: Floats, order: Order, window: int) -> Any:
    """Return pandas' moving windows over all groups at once; NaN is skipped."""
    import pandas as pd
    from pandas.api.indexers import BaseIndexer

    lows = _starts(order, window)

    class Windows(BaseIndexer):
        def get_window_bounds(
            self, num_values: Any = 0, min_periods: Any = None, center: Any = None, closed: Any = None, step: Any = None
        ) -> tuple[Ints, Ints]:
            return lows, np.arange(1, len(lows) + 1)

    return pd.Series(values).rolling(Windows(window_size=window), min_periods=1)


@function(
    "GROUP_MOVING_MEDIAN(v:num; window:int const) -> float",
    category=CATEGORY,
    form=Form.SERIES,
    summary="The median of the last records' values.",
    examples=[
        Example("GROUP_MOVING_MEDIAN(#v;3)", [4.0, 3.0, None, 5.5], rows=_ROWS, formulas=_ALL),
        Example("GROUP_MOVING_MEDIAN(#v;3)", [1.0, 2.0, 3.0], rows={"v": [1, 3, 7]}, formulas=_ALL),
    ],
    nulls="own",
    errors="own",
    ordered=True,
    prepare={"window": _window},
    null_note=_NULLS,
    error_note=_ERRORS,
    notes=_NOTES,
)
def group_moving_median(v: Column, window: Any, ctx: Call) -> Column:
    order = order_of(ctx)
    window = min(window, max(int(order.sizes.max(initial=0)), 1))
    out = _rolling(floats(v), order, window).median().to_numpy() if len(v) else np.empty(0)
    return finish(ctx, FLOAT, out, v.nulls(), _errors(v, order, window))


@function(
    "GROUP_MOVING_STDEV(v:num; window:int const) -> float",
    category=CATEGORY,
    form=Form.SERIES,
    summary="The sample standard deviation of the last records' values.",
    examples=[
        Example("GROUP_MOVING_STDEV(#v;3)", [None, 8**0.5, 2.0], rows={"v": [1, 5, 3]}, formulas=_ALL),
        Example("GROUP_MOVING_STDEV(#v;2)", [None, 2**0.5 / 2, None], rows={"v": [1, 2, None]}, formulas=_ALL),
    ],
    nulls="own",
    errors="own",
    ordered=True,
    prepare={"window": _window},
    null_note=_NULLS + " A window with a single value gives null.",
    error_note=_ERRORS,
    notes=_NOTES,
)
def group_moving_stdev(v: Column, window: Any, ctx: Call) -> Column:
    order = order_of(ctx)
    window = min(window, max(int(order.sizes.max(initial=0)), 1))
    count = _count(v, order, window)
    values = floats(v)
    if window <= SHORT:
        squares = _squares(values, order, window, count)
        out = np.sqrt(squares / np.maximum(count - 1, 1))
    else:
        out = _rolling(values, order, window).std().to_numpy()
    errors = _errors(v, order, window)
    return finish(ctx, FLOAT, out, ~v.valid() | (count < 2), errors)


def _squares(values: Floats, order: Order, window: int, count: Ints) -> Floats:
    """Return the squared deviations in each window from its mean, summed; exactly 0 for equal values."""
    gone = np.isnan(values)
    number = within(order)
    # deviations are taken from the record's own value first: far from 0 nothing is lost
    own = np.where(gone, 0.0, values)
    lags = range(min(window, len(values)) - 1, 0, -1)

    def differences(lag: int) -> tuple[Floats, Mask]:
        skip = (number[lag:] < lag) | gone[:-lag]
        return np.where(skip, 0.0, own[:-lag] - own[lag:]), skip

    total = np.zeros(len(values))
    for lag in lags:
        total[lag:] += differences(lag)[0]
    mean = total / np.maximum(count, 1)
    squares = mean * mean  # the record's own deviation
    for lag in lags:
        step, skip = differences(lag)
        off = step - mean[lag:]
        squares[lag:] += np.where(skip, 0.0, off * off)
    return squares
