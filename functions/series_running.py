"""Group series that run along a group: running sums, extremes, counts and means, and moving windows.

Sums of floats are the plain left-to-right sums, bit for bit; sums of integers are exact.
"""

from __future__ import annotations

import numpy as np

from sheetline.functions import errors as err
from sheetline.functions.columns import Column
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, Form, function
from sheetline.functions.errors import Ints, Mask
from sheetline.functions.groups import Order
from sheetline.functions.ordering import comparable, restore, sort_key
from sheetline.functions.segments import order_segments
from sheetline.functions.series_support import (
    Array,
    carry_running,
    cumulate,
    cumulate_integers,
    finish,
    order_of,
    with_zeros,
    within,
)
from sheetline.functions.types import FLOAT, INTEGER, Kind

CATEGORY = "group series"
ALL = {"g": "GROUPBY(1)"}
SKIPS = "Nulls are skipped; a null record gives null."
CARRIES = "An error is carried into every value after it in the group."


def running_sum(v: Column, order: Order, ctx: Call) -> tuple[Array, Mask | None]:
    """Return the running sums of a number column, nulls counting as 0, and a mask of overflowing ones."""
    values = with_zeros(v)
    if v.type.kind is Kind.INTEGER:
        return cumulate_integers(values, order.offsets)
    if v.type.kind is Kind.FLOAT:
        return cumulate(np.add, values, order.offsets) + 0.0, None  # a sum that starts from 0 is never -0.0
    return cumulate(np.add, values, order.offsets), None


def _cumulative_sum(v: Column, order: Order, ctx: Call) -> Column:
    out, bad = running_sum(v, order, ctx)
    null = v.nulls()
    if bad is not None:
        ctx.fail(bad if null is None else bad & ~null, "OVERFLOW")
    return finish(ctx, v.type, out, null, carry_running(v, order))


@function(
    "GROUP_CUMSUM(v:num) -> num",
    category=CATEGORY,
    form=Form.SERIES,
    summary="The sum of the group's values from its first record to this one.",
    examples=[
        Example("GROUP_CUMSUM(#v)", [4, None, 6, 9], rows={"v": [4, None, 2, 3]}, formulas=ALL),
        Example(
            "GROUP_CUMSUM(#v)",
            [9_223_372_036_854_775_807, Failure("OVERFLOW"), 9_223_372_036_854_775_806],
            rows={"v": [9_223_372_036_854_775_807, 1, -2]},
            formulas=ALL,
        ),
    ],
    big=True,
    nulls="own",
    errors="own",
    ordered=True,
    null_note=SKIPS,
    error_note=CARRIES,
    notes="A sum of floats is added from left to right; a sum of integers is exact.",
)
def group_cumsum(v: Column, ctx: Call) -> Column:
    return _cumulative_sum(v, order_of(ctx), ctx)


@function(
    "GROUPACCUMULATE(order:any; v:num) -> num",
    category=CATEGORY,
    form=Form.SERIES,
    summary="The running sum of the values in the order of another column, including the record's own value.",
    examples=[
        Example("GROUPACCUMULATE(#t;#v)", [9, 4, 6], rows={"t": [3, 1, 2], "v": [3, 4, 2]}, formulas=ALL),
        Example("GROUPACCUMULATE(#t;#v)", [7, 4, None], rows={"t": [3, 1, None], "v": [3, 4, 2]}, formulas=ALL),
    ],
    big=True,
    nulls="own",
    errors="own",
    ordered=True,
    null_note="A null value is skipped and gives null; so is a record whose order is null.",
    error_note="An error value is carried into every sum behind it in the order; an error as the order stays in "
    "its record.",
    notes="The rows keep their places; records of equal order are added as they stand.",
)
def group_accumulate(order: Column, v: Column, ctx: Call) -> Column:
    rows = order_of(ctx)
    places = order_segments(sort_key(order), rows.offsets)
    if order.nulls() is None and np.array_equal(places, np.arange(len(v))):  # the sheet has this order already
        return _cumulative_sum(v, rows, ctx)
    unplaced = order.nulls()
    taken = v.take(places)
    if unplaced is not None:
        gone = unplaced[places]
        taken = taken.masked(gone)
        if taken.errors is not None:
            taken = taken.with_errors(taken.errors.where(~gone))
    ctx.args = [order.take(places), v.take(places)]
    sums = _cumulative_sum(taken, rows, ctx)
    back = np.empty(len(v), np.int64)
    back[places] = np.arange(len(v))
    sums = sums.with_errors(err.first((sums.errors, *ctx.failures)))
    ctx.failures.clear()
    out = sums.take(back)
    return out if order.errors is None else out.with_errors(err.first((out.errors, order.errors)))


def _extreme(v: Column, ctx: Call, ufunc: np.ufunc) -> Column:
    order = order_of(ctx)
    keys, back = comparable(v)
    null = v.nulls()
    if null is not None:
        limits = np.iinfo(np.int64)
        keys = np.where(null, limits.min if ufunc is np.maximum else limits.max, keys)
    out = cumulate(ufunc, keys, order.offsets)
    if null is not None:
        out = np.where(null, 0, out)
    column = restore(v, out, back, null)
    errors = carry_running(v, order)
    return column if errors is None else column.with_errors(errors)


_MIXED = {"v": [4, None, 2, 9]}


@function(
    "GROUP_CUMMAX(v:any) -> T",
    category=CATEGORY,
    form=Form.SERIES,
    summary="The largest of the group's values from its first record to this one.",
    examples=[
        Example("GROUP_CUMMAX(#v)", [4, None, 4, 9], rows=_MIXED, formulas=ALL),
        Example("GROUP_CUMMAX(#t)", ["b", "b", None], rows={"t": ["b", "a", None]}, formulas=ALL),
    ],
    big=True,
    nulls="own",
    errors="own",
    ordered=True,
    null_note=SKIPS,
    error_note=CARRIES,
)
def group_cummax(v: Column, ctx: Call) -> Column:
    return _extreme(v, ctx, np.maximum)


@function(
    "GROUP_CUMMIN(v:any) -> T",
    category=CATEGORY,
    form=Form.SERIES,
    summary="The smallest of the group's values from its first record to this one.",
    examples=[
        Example("GROUP_CUMMIN(#v)", [4, None, 2, 2], rows=_MIXED, formulas=ALL),
        Example("GROUP_CUMMIN(#t)", ["b", "a", None], rows={"t": ["b", "a", None]}, formulas=ALL),
    ],
    big=True,
    nulls="own",
    errors="own",
    ordered=True,
    null_note=SKIPS,
    error_note=CARRIES,
)
def group_cummin(v: Column, ctx: Call) -> Column:
    return _extreme(v, ctx, np.minimum)


def running_count(v: Column, order: Order) -> Ints:
    """Return for each row how many values its group has from its first row to this one."""
    if v.nulls() is None:
        return within(order) + 1
    return cumulate_integers(v.valid().astype(np.int64), order.offsets)[0]


@function(
    "GROUP_CUMCOUNT() -> int",
    category=CATEGORY,
    form=Form.SERIES,
    summary="The number of the group's records, or values, from its first record to this one.",
    examples=[
        Example("GROUP_CUMCOUNT()", [1, 2, 3, 4], rows=_MIXED, formulas=ALL),
        Example("GROUP_CUMCOUNT(#v)", [1, None, 2, 3], rows=_MIXED, formulas=ALL),
    ],
    big=True,
    nulls="own",
    errors="own",
    ordered=True,
    null_note="Without an argument every record counts; null values are not counted and give null.",
    error_note=CARRIES,
)
def group_cumcount(ctx: Call) -> Column:
    return Column(INTEGER, within(order_of(ctx)) + 1)


@group_cumcount.overload("GROUP_CUMCOUNT(v:any) -> int")
def group_cumcount_values(v: Column, ctx: Call) -> Column:
    order = order_of(ctx)
    return finish(ctx, INTEGER, running_count(v, order), v.nulls(), carry_running(v, order))


@function(
    "GROUP_CUMAVERAGE(v:num) -> float",
    category=CATEGORY,
    form=Form.SERIES,
    summary="The mean of the group's values from its first record to this one.",
    examples=[
        Example("GROUP_CUMAVERAGE(#v)", [4.0, None, 3.0, 5.0], rows=_MIXED, formulas=ALL),
        Example("GROUP_CUMAVERAGE(#v)", [1.5, 1.0], rows={"v": [1.5, 0.5]}, formulas=ALL),
    ],
    nulls="own",
    errors="own",
    ordered=True,
    null_note=SKIPS,
    error_note=CARRIES,
)
def group_cumaverage(v: Column, ctx: Call) -> Column:
    order = order_of(ctx)
    total, bad = running_sum(v, order, ctx)
    if bad is not None and bad.any():  # beyond 64 bits the mean itself is still a float
        total = np.where(bad, running_sum(v.cast(FLOAT), order, ctx)[0], total)
    count = np.maximum(running_count(v, order), 1)
    return finish(ctx, FLOAT, total / count, v.nulls(), carry_running(v, order))
