"""Group series that smooth, fill and standardise: exponential smoothing, forecasts, fills, z-scores, shares."""

from __future__ import annotations

from typing import Any

import numpy as np

from sheetline.functions import errors as err
from sheetline.functions.columns import Column
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, Form, function
from sheetline.functions.errors import Errors, Ints, Mask
from sheetline.functions.execute_groups import Rows
from sheetline.functions.groups import Order
from sheetline.functions.series_support import (
    Floats,
    carry,
    carry_group,
    carry_running,
    compact,
    ends,
    finish,
    floats,
    order_of,
    recur,
)
from sheetline.functions.types import FLOAT

CATEGORY = "group series"
_ALL = {"g": "GROUPBY(1)"}
_SKIPS = "Nulls are skipped; a null record gives null."
_CARRIES = "An error is carried into every value after it in the group."
#: No group may be forecast by more rows than this.
MAX_FORECAST = 100_000


def _share(value: Any) -> float:
    if not 0 <= float(value) <= 1:
        raise ValueError("a smoothing factor is between 0 and 1")
    return float(value)


def _horizon(value: Any) -> int:
    if not 0 <= int(value) <= MAX_FORECAST:
        raise ValueError(f"the number of forecast rows is between 0 and {MAX_FORECAST:,}")
    return int(value)


@function(
    "GROUP_EXP_SMOOTH(v:num; alpha:num const) -> float",
    category=CATEGORY,
    form=Form.SERIES,
    summary="Exponential smoothing: alpha times the value plus (1 - alpha) times the smoothed value before it.",
    examples=[
        Example("GROUP_EXP_SMOOTH(#v;0.5)", [4.0, 3.0, None, 6.0], rows={"v": [4, 2, None, 9]}, formulas=_ALL),
        Example("GROUP_EXP_SMOOTH(#v;1)", [None, 2.0, 5.0], rows={"v": [None, 2, 5]}, formulas=_ALL),
    ],
    nulls="own",
    errors="own",
    ordered=True,
    prepare={"alpha": _share},
    null_note=_SKIPS,
    error_note=_CARRIES,
    notes="The first value stands for itself.",
)
def group_exp_smooth(v: Column, alpha: Any, ctx: Call) -> Column:
    order = order_of(ctx)
    values, places, offsets = compact(v, order)
    rest = 1.0 - alpha
    (smooth,) = recur([values], offsets, lambda x: (x,), lambda state, x: (alpha * x + rest * state[0],))
    out = np.full(len(v), np.nan)
    out[places] = smooth
    return finish(ctx, FLOAT, out, v.nulls(), carry_running(v, order))


@function(
    "GROUP_HOLT_WINTERS(v:num; alpha:num const; beta:num const; [h:int const=1]) -> float",
    category=CATEGORY,
    form=Form.SERIES,
    summary="Double exponential smoothing of the group's values, followed by h forecast rows.",
    examples=[
        Example(
            "GROUP_HOLT_WINTERS(#v;0.5;0.5;2)",
            [1.0, 2.0, 3.0, 4.0, 5.0],
            rows={"v": [1, 2, 3]},
            formulas=_ALL,
        ),
        Example("GROUP_HOLT_WINTERS(#v;0.5;0.5)", [4.0, None, 2.0, 0.0], rows={"v": [4, None, 2]}, formulas=_ALL),
        Example("GROUP_HOLT_WINTERS(#v;0.5;0.5;0)", [2.0, 3.0, 3.5], rows={"v": [2, 3, 3]}, formulas=_ALL),
    ],
    nulls="own",
    errors="own",
    ordered=True,
    rows="expand",
    prepare={"alpha": _share, "beta": _share, "h": _horizon},
    null_note=_SKIPS + " A group without values forecasts null.",
    error_note="An error is carried into every value after it in the group, and into the forecasts.",
    notes="alpha smooths the level and beta the trend. The first level is the first value, the first trend the "
    "second value less the first; a single value has no trend. Forecast k is the last level plus k trends.",
    source="C. C. Holt, Forecasting seasonals and trends by exponentially weighted averages (1957), without seasons.",
)
def group_holt_winters(v: Column, alpha: Any, beta: Any, h: Any, ctx: Call) -> Rows:
    order = order_of(ctx)
    values, places, offsets = compact(v, order)
    level, trend = _holt(values, offsets, float(alpha), float(beta))
    sizes = order.sizes + h
    new_offsets = np.concatenate(([0], np.cumsum(sizes)))
    shift = new_offsets[:-1] - order.offsets[:-1]
    out = np.full(int(new_offsets[-1]), np.nan)
    out[places + shift[order.group[places]]] = level
    record = np.arange(len(v)) + shift[order.group]
    extra = np.ones(len(out), np.bool_)
    extra[record] = False
    source = np.repeat(order.offsets[1:] - 1, sizes)
    source[record] = np.arange(len(v))
    some = np.flatnonzero(np.diff(offsets))
    last = offsets[1:][some] - 1
    ahead = new_offsets[1:][some, None] - h + np.arange(h)
    out[ahead] = level[last, None] + trend[last, None] * np.arange(1, h + 1)
    errors = _holt_errors(v, order, new_offsets, shift)
    null = np.isnan(out)
    used = np.zeros(len(out), np.bool_)
    used[places + shift[order.group[places]]] = True
    used[ahead] = True
    column = Column(FLOAT, out)
    bad = used & (null | np.isinf(out))
    overflow = err.make(np.flatnonzero(bad), "OVERFLOW", err.Origin("GROUP_HOLT_WINTERS", "the level is too large"))
    merged = err.first((errors, overflow))
    return Rows(column if merged is None else column.with_errors(merged), source, new_offsets, extra)


def _holt(values: Floats, offsets: Ints, alpha: float, beta: float) -> tuple[Floats, Floats]:
    """Return level and trend after each value."""
    counts = np.diff(offsets)
    opening = np.zeros(len(values))  # for each first value the second one less it
    several = offsets[:-1][counts > 1]
    opening[several] = values[several + 1] - values[several]

    def step(state: Any, x: Any, _: Any) -> Any:
        before, slope = state
        now = alpha * x + (1.0 - alpha) * (before + slope)
        return now, beta * (now - before) + (1.0 - beta) * slope

    level, trend = recur((values, opening), offsets, lambda x, b: (x, b), step)
    return level, trend


def _holt_errors(v: Column, order: Order, offsets: Ints, shift: Ints) -> Errors | None:
    """Return the errors on the rows made: carried along the records, and on every forecast of their group."""
    carried = carry_running(v, order)
    if carried is None or v.errors is None:
        return None
    moved = carried.pick(np.arange(len(carried)), carried.rows + shift[order.group[carried.rows]])
    group, first = np.unique(order.group[v.errors.rows], return_index=True)
    low = (order.offsets[1:] + shift)[group]
    high = offsets[1:][group]
    rows = np.concatenate([np.arange(a, b) for a, b in zip(low, high, strict=True)])
    ahead = v.errors.pick(np.repeat(first, high - low), rows)
    return err.first((moved, ahead))


# --- fills -----------------------------------------------------------------------------------------------


def _before(known: Mask, order: Order) -> Ints:
    """For each row the last known row at or before it in its group, -1 where there is none."""
    place = np.maximum.accumulate(np.where(known, np.arange(len(known)), -1))
    return np.where(place < order.start, -1, place)


def _behind(known: Mask, order: Order) -> Ints:
    """For each row the first known row at or behind it in its group, -1 where there is none."""
    rows = len(known)
    place = np.minimum.accumulate(np.where(known, np.arange(rows), rows)[::-1])[::-1]
    return np.where(place > ends(order), -1, place)


def _known(v: Column) -> Mask:
    """Return the rows that hold a value or an error."""
    known = v.valid()
    if v.errors is not None:
        known[v.errors.rows] = True
    return known


_GAPS = {"v": [None, 1, None, None, 4]}


@function(
    "GROUP_FORWARD_FILL(v:any) -> T",
    category=CATEGORY,
    form=Form.SERIES,
    summary="Fills nulls with the last value before them in the group.",
    examples=[
        Example("GROUP_FORWARD_FILL(#v)", [None, 1, 1, 1, 4], rows=_GAPS, formulas=_ALL),
        Example("GROUP_FORWARD_FILL(#t)", ["a", "a", "b"], rows={"t": ["a", None, "b"]}, formulas=_ALL),
    ],
    big=True,
    nulls="own",
    errors="own",
    ordered=True,
    null_note="Nulls before the first value of a group stay null.",
    error_note="An error fills the nulls behind it.",
)
def group_forward_fill(v: Column, ctx: Call) -> Column:
    return v.take(_before(_known(v), order_of(ctx)), missing=True)


@function(
    "GROUP_BACKWARD_FILL(v:any) -> T",
    category=CATEGORY,
    form=Form.SERIES,
    summary="Fills nulls with the first value behind them in the group.",
    examples=[
        Example("GROUP_BACKWARD_FILL(#v)", [1, 1, 4, 4, 4], rows=_GAPS, formulas=_ALL),
        Example("GROUP_BACKWARD_FILL(#t)", ["a", "b", "b", None], rows={"t": ["a", None, "b", None]}, formulas=_ALL),
    ],
    big=True,
    nulls="own",
    errors="own",
    ordered=True,
    null_note="Nulls behind the last value of a group stay null.",
    error_note="An error fills the nulls before it.",
)
def group_backward_fill(v: Column, ctx: Call) -> Column:
    return v.take(_behind(_known(v), order_of(ctx)), missing=True)


@function(
    "GROUP_LINEAR_FILL(v:num) -> float",
    category=CATEGORY,
    form=Form.SERIES,
    summary="Fills nulls on the straight line between the values before and behind them, record by record.",
    examples=[
        Example("GROUP_LINEAR_FILL(#v)", [None, 1.0, 2.0, 3.0, 4.0], rows=_GAPS, formulas=_ALL),
        Example("GROUP_LINEAR_FILL(#v)", [1.0, 1.5, 2.0, None], rows={"v": [1, None, 2, None]}, formulas=_ALL),
    ],
    nulls="own",
    errors="own",
    ordered=True,
    null_note="Nulls before the first and behind the last value of a group stay null.",
    error_note="An error at either end of a gap fills the gap.",
)
def group_linear_fill(v: Column, ctx: Call) -> Column:
    order = order_of(ctx)
    known = _known(v)
    low, high = _before(known, order), _behind(known, order)
    gap = ~known & (low >= 0) & (high >= 0)
    values = floats(v)
    out = values.copy()
    at = np.flatnonzero(gap)
    a, b = values[low[at]], values[high[at]]
    part = (at - low[at]) / (high[at] - low[at])
    span = b - a
    out[at] = np.where(np.isfinite(span), a + span * part, a * (1 - part) + b * part)
    here = np.arange(len(v))
    sides = [np.where(gap, side, here) for side in (low, high)]
    return finish(ctx, FLOAT, out, ~known & ~gap, *(carry(v.errors, side, side) for side in sides))


# --- standing in the group -------------------------------------------------------------------------------


def _by_group(values: Floats, order: Order) -> Floats:
    """Return the left-to-right sum of each group."""
    return np.bincount(order.group, values, order.count).astype(np.float64, copy=False)


@function(
    "GROUP_ZSCORE(v:num) -> float",
    category=CATEGORY,
    form=Form.SERIES,
    summary="How many standard deviations of its group the value lies above the group's mean.",
    examples=[
        Example("GROUP_ZSCORE(#v)", [-1.0, 1.0, None], rows={"v": [2, 4, None]}, formulas=_ALL),
        Example("GROUP_ZSCORE(#v)", [Failure("DIV0"), Failure("DIV0")], rows={"v": [3, 3]}, formulas=_ALL),
    ],
    nulls="own",
    errors="own",
    null_note="Nulls are skipped and give null.",
    error_note="An error in the group is every value's error; a group whose values are all equal has no deviation: "
    "an error DIV0.",
    notes="The standard deviation is that of the population.",
)
def group_zscore(v: Column, ctx: Call) -> Column:
    order = order_of(ctx)
    values = floats(v)
    valid = ~np.isnan(values)
    count = np.maximum(_by_group(valid.astype(np.float64), order), 1)
    origin = np.zeros(order.count)  # each group's first value: equal values have deviations of exactly 0
    rows = np.flatnonzero(valid)[::-1]
    origin[order.group[rows]] = values[rows]
    from_origin = np.where(valid, values - origin[order.group], 0.0)
    off = np.where(valid, from_origin - (_by_group(from_origin, order) / count)[order.group], 0.0)
    spread = np.sqrt(_by_group(off * off, order) / count)[order.group]
    errors = carry_group(v, order)
    ctx.fail(valid & (spread == 0), "DIV0", "GROUP_ZSCORE: all values of the group are equal")
    return finish(ctx, FLOAT, off / np.where(spread == 0, 1.0, spread), ~valid, errors)


@function(
    "GROUP_SHARE(v:num) -> float",
    category=CATEGORY,
    form=Form.SERIES,
    summary="The value's part of its group's sum.",
    examples=[
        Example("GROUP_SHARE(#v)", [0.25, None, 0.75], rows={"v": [1, None, 3]}, formulas=_ALL),
        Example("GROUP_SHARE(#v)", [Failure("DIV0"), Failure("DIV0")], rows={"v": [1, -1]}, formulas=_ALL),
    ],
    nulls="own",
    errors="own",
    null_note="Nulls are skipped and give null.",
    error_note="An error in the group is every value's error; a sum of 0 is an error DIV0.",
)
def group_share(v: Column, ctx: Call) -> Column:
    order = order_of(ctx)
    values = floats(v)
    valid = ~np.isnan(values)
    total = _by_group(np.where(valid, values, 0.0), order)[order.group]
    ctx.fail(valid & (total == 0), "DIV0", "GROUP_SHARE: the group's sum is 0")
    return finish(ctx, FLOAT, values / np.where(total == 0, 1.0, total), ~valid, carry_group(v, order))
