"""Aggregates: counts, sums, means, extremes and percentiles of each group."""

from __future__ import annotations

from typing import Any

import numpy as np

from sheetline.functions import integer_math
from sheetline.functions.columns import Column
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, Form, function
from sheetline.functions.grouped import Grouped, grouped, selected
from sheetline.functions.settling import settle
from sheetline.functions.sketch import HyperLogLog
from sheetline.functions.types import Kind

CATEGORY = "aggregates"
_ROWS: dict[str, list[Any]] = {"g": ["a", "a", "b", "a"], "v": [4, 1, None, 1]}
_BOOLS: dict[str, list[Any]] = {"g": ["a", "a", "b", "a"], "v": [4, 1, 7, 2], "c": [True, None, False, True]}
_KEY = {"g": "GROUPBY(#g)"}
_SKIPPED = "Nulls are skipped; a group without values gives null."
_ERRORS = "A group that holds an error gives its first error"
_FLOAT_ERRORS = f"{_ERRORS}; a result beyond the range of floats gives OVERFLOW."


@function(
    ["GROUPCOUNT() -> int", "GROUPCOUNT(v:any) -> int"],
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The number of rows of the group; with an argument, of its non-null values.",
    examples=[
        Example("GROUPCOUNT()", [3, 1], rows=_ROWS, formulas=_KEY),
        Example("GROUPCOUNT(#Sheet!v)", [3, 0], rows=_ROWS, formulas=_KEY),
    ],
    big=True,
    empty="zero",
    null_note="Nulls of the argument are not counted.",
    error_note=f"{_ERRORS} of the argument.",
)
def group_count(*v: Grouped, ctx: Call) -> Any:
    return v[0].sizes if v else ctx.groups.sizes  # type: ignore[union-attr]


@function(
    "GROUPCOUNTDISTINCT(v:any) -> int",
    aliases=["GROUPCOUNTSDISTINCT"],
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The number of distinct non-null values of the group.",
    examples=[
        Example("GROUPCOUNTDISTINCT(#Sheet!v)", [2, 0], rows=_ROWS, formulas=_KEY),
        Example("GROUPCOUNTDISTINCT(#v)", [2], rows={"v": ["x", None, "X", "x"]}),
    ],
    big=True,
    empty="zero",
    null_note="Nulls are not counted.",
    error_note=f"{_ERRORS}.",
)
def group_count_distinct(v: Grouped) -> Any:
    return v.distinct.sizes


@function(
    "GROUPAPPROXCOUNTDISTINCT(v:any) -> int",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="About how many distinct non-null values the group has: exact below 10,000, else within 2 %.",
    examples=[
        Example("GROUPAPPROXCOUNTDISTINCT(#Sheet!v)", [2, 0], rows=_ROWS, formulas=_KEY),
        Example("GROUPAPPROXCOUNTDISTINCT(#v)", [1], rows={"v": ["x", None, "x"]}),
    ],
    big=True,
    empty="zero",
    null_note="Nulls are not counted.",
    error_note=f"{_ERRORS}.",
    notes="Groups of fewer than 10,000 values are counted, larger ones estimated from a sketch of 64 KiB, and "
    "counted after all where the estimate is small.",
    source="Flajolet et al., HyperLogLog (2007), with the estimator of Ertl, New cardinality estimation "
    "algorithms for HyperLogLog sketches (2017).",
)
def group_approx_count_distinct(v: Grouped) -> Any:
    large = np.flatnonzero(v.sizes >= 10_000)
    if len(large) == 0:
        return v.distinct.sizes
    counts = np.empty(v.count, np.int64)
    for group in large:  # few: each has ten thousand rows or more
        counts[group] = HyperLogLog.of(v.segment(int(group)) + 0).estimate()
    doubtful = np.ones(v.count, np.bool_)
    doubtful[large] = counts[large] < 10_500
    if doubtful.any():
        some = np.flatnonzero(doubtful[v.codes])
        part = Grouped(v.groups, v.column, _only(v, some))
        counts[doubtful] = part.distinct.sizes[doubtful]
    return counts


def _only(v: Grouped, places: Any) -> Any:
    keep = np.zeros(len(v.column), np.bool_)
    keep[v.rows[places]] = True
    return keep


@function(
    "GROUPCOUNTIF(cond:bool) -> int",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The number of rows of the group for which the condition is true.",
    examples=[
        Example("GROUPCOUNTIF(#Sheet!c)", [2, 0], rows=_BOOLS, formulas=_KEY),
        Example("GROUPCOUNTIF(#v>1)", [1], rows={"v": [1, None, 2]}),
    ],
    empty="zero",
    null_note="A null condition is not true.",
    error_note=f"{_ERRORS}.",
)
def group_count_if(cond: Grouped) -> Any:
    return cond.sum()


def _sum(v: Grouped, ctx: Call) -> Any:
    """Return the sum in the argument's own type, and report integer sums beyond 64 bits."""
    if v.column.type.kind is Kind.FLOAT:
        return v.sum()
    total, bad = v.total()
    ctx.fail(bad, "OVERFLOW")
    return total


@function(
    "GROUPSUM(v:num) -> num",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The sum of the group's values. Floats are added left to right in row order.",
    examples=[
        Example("GROUPSUM(#Sheet!v)", [6, None], rows=_ROWS, formulas=_KEY),
        Example("GROUPSUM(#v)", [Failure("OVERFLOW")], rows={"v": [2**63 - 1, 1]}),
    ],
    big=True,
    null_note=_SKIPPED,
    error_note=f"{_ERRORS}; integers beyond 64 bits and floats beyond their range give OVERFLOW.",
)
def group_sum(v: Grouped, ctx: Call) -> Any:
    return _sum(v, ctx)


@function(
    "GROUPSUMIF(v:num; cond:bool) -> num",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The sum of the group's values in the rows where the condition is true.",
    examples=[
        Example("GROUPSUMIF(#Sheet!v;#Sheet!c)", [6, None], rows=_BOOLS, formulas=_KEY),
        Example("GROUPSUMIF(#v;#v>1)", [5], rows={"v": [1, None, 5]}),
    ],
    big=True,
    nulls="own",
    null_note="Nulls are skipped, a null condition is not true; a group without a value to add gives null.",
    error_note=f"{_ERRORS}, whatever the condition says; integers beyond 64 bits give OVERFLOW.",
    notes="The same as GROUPSUM(IF(cond; v)).",
)
def group_sum_if(v: Column, cond: Column, ctx: Call) -> Any:
    assert ctx.groups is not None
    some = selected(ctx.groups, v, cond)
    ctx.nullify(some.sizes == 0)
    return _sum(some, ctx)


@function(
    "GROUPAVERAGEIF(v:num; cond:bool) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The mean of the group's values in the rows where the condition is true.",
    examples=[
        Example("GROUPAVERAGEIF(#Sheet!v;#Sheet!c)", [3.0, None], rows=_BOOLS, formulas=_KEY),
        Example("GROUPAVERAGEIF(#v;#v>1)", [5.0], rows={"v": [1, None, 5]}),
    ],
    big=True,
    nulls="own",
    null_note="Nulls are skipped, a null condition is not true; a group without a value gives null.",
    error_note=f"{_ERRORS}, whatever the condition says.",
)
def group_average_if(v: Column, cond: Column, ctx: Call) -> Any:
    assert ctx.groups is not None
    some = selected(ctx.groups, v, cond)
    return settle(ctx, some.mean(), some.sizes > 0)


@function(
    "GROUPAVERAGE(v:num) -> float",
    aliases=["GROUPMEAN"],
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The mean of the group's values: their sum divided by their number.",
    examples=[
        Example("GROUPAVERAGE(#Sheet!v)", [2.0, None], rows=_ROWS, formulas=_KEY),
        Example("GROUPAVERAGE(#v)", [1.5], rows={"v": [1.0, None, 2.0]}),
    ],
    big=True,
    null_note=_SKIPPED,
    error_note=_FLOAT_ERRORS,
)
def group_average(v: Grouped, ctx: Call) -> Any:
    return settle(ctx, v.mean(), v.sizes > 0)


@function(
    "GROUPMIN(v:any) -> T",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The smallest value of the group; text by code point, false before true.",
    examples=[
        Example("GROUPMIN(#Sheet!v)", [1, None], rows=_ROWS, formulas=_KEY),
        Example("GROUPMIN(#v)", ["B"], rows={"v": ["b", None, "B"]}),
    ],
    big=True,
    null_note=_SKIPPED,
    error_note=f"{_ERRORS}.",
)
def group_min(v: Grouped) -> Column:
    return v.restore(v.min(), v.sizes == 0)


@function(
    "GROUPMAX(v:any) -> T",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The largest value of the group; text by code point, false before true.",
    examples=[
        Example("GROUPMAX(#Sheet!v)", [4, None], rows=_ROWS, formulas=_KEY),
        Example("GROUPMAX(#v)", ["b"], rows={"v": ["b", None, "B"]}),
    ],
    big=True,
    null_note=_SKIPPED,
    error_note=f"{_ERRORS}.",
)
def group_max(v: Grouped) -> Column:
    return v.restore(v.max(), v.sizes == 0)


@function(
    "GROUPRANGE(v:num) -> num",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The largest value of the group less the smallest.",
    examples=[
        Example("GROUPRANGE(#Sheet!v)", [3, None], rows=_ROWS, formulas=_KEY),
        Example("GROUPRANGE(#v)", [0.0], rows={"v": [2.5, None]}),
    ],
    big=True,
    null_note=_SKIPPED,
    error_note=f"{_ERRORS}; a range beyond the type's own gives OVERFLOW.",
)
def group_range(v: Grouped, ctx: Call) -> Any:
    if v.column.type.is_big:
        return v.exact_reduce(np.maximum) - v.exact_reduce(np.minimum)
    low, high = v.min(), v.max()
    if v.column.type.kind is Kind.FLOAT:
        return high - low + 0.0  # one zero
    out, bad = integer_math.subtract(high, low)
    ctx.fail(bad, "OVERFLOW")
    return out


@function(
    "GROUPPRODUCT(v:num) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The product of the group's values, multiplied left to right in row order.",
    examples=[
        Example("GROUPPRODUCT(#Sheet!v)", [4.0, None], rows=_ROWS, formulas=_KEY),
        Example("GROUPPRODUCT(#v)", [Failure("OVERFLOW")], rows={"v": [1e200, 1e200]}),
    ],
    big=True,
    null_note=_SKIPPED,
    error_note=_FLOAT_ERRORS,
)
def group_product(v: Grouped, ctx: Call) -> Any:
    return settle(ctx, v.product(), v.sizes > 0)


def percent(p: float) -> float:
    """Return a percentile as it is; what lies outside 0 to 100 is refused before the run."""
    if not 0 <= p <= 100:
        raise ValueError(f"a percentile lies between 0 and 100, not at {p}")
    return p


@function(
    "GROUPPERCENTILE(v:num; [p:num const=50]) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The value at a percentile (0 to 100) of the group, linearly interpolated.",
    examples=[
        Example("GROUPPERCENTILE(#Sheet!v;80)", [2.8, None], rows=_ROWS, formulas=_KEY, digits=12),
        Example("GROUPPERCENTILE(#Sheet!v)", [1.0, None], rows=_ROWS, formulas=_KEY),
    ],
    big=True,
    prepare={"p": percent},
    null_note=_SKIPPED,
    error_note=_FLOAT_ERRORS,
    notes="The 1-based position among the ascending values is (p/100)*(n-1)+1.",
)
def group_percentile(v: Grouped, p: Any, ctx: Call) -> Any:
    return settle(ctx, v.percentile(p), v.sizes > 0)


@function(
    "GROUPMEDIAN(v:num) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The median of the group: the middle value, or the mean of the two middle ones.",
    examples=[
        Example("GROUPMEDIAN(#Sheet!v)", [1.0, None], rows=_ROWS, formulas=_KEY),
        Example("GROUPMEDIAN(#v)", [2.5], rows={"v": [4, None, 1]}),
    ],
    big=True,
    null_note=_SKIPPED,
    error_note=_FLOAT_ERRORS,
)
def group_median(v: Grouped, ctx: Call) -> Any:
    return settle(ctx, v.percentile(50), v.sizes > 0)


@function(
    "GROUPAND(v:bool) -> bool",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="Whether all values of the group are true.",
    examples=[
        Example("GROUPAND(#Sheet!c)", [True, False], rows=_BOOLS, formulas=_KEY),
        Example("GROUPAND(#v)", [True], rows={"v": [None, True]}),
    ],
    null_note=_SKIPPED,
    error_note=f"{_ERRORS}.",
)
def group_and(v: Grouped) -> Any:
    return v.sum() == v.sizes


@function(
    "GROUPOR(v:bool) -> bool",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="Whether any value of the group is true.",
    examples=[
        Example("GROUPOR(#Sheet!c)", [True, False], rows=_BOOLS, formulas=_KEY),
        Example("GROUPOR(#v)", [False], rows={"v": [None, False]}),
    ],
    null_note=_SKIPPED,
    error_note=f"{_ERRORS}.",
)
def group_or(v: Grouped) -> Any:
    return v.sum() > 0


@function(
    "GROUPXOR(v:bool) -> bool",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="Whether an odd number of the group's values is true.",
    examples=[
        Example("GROUPXOR(#Sheet!c)", [False, False], rows=_BOOLS, formulas=_KEY),
        Example("GROUPXOR(#v)", [True], rows={"v": [None, True, False]}),
    ],
    null_note=_SKIPPED,
    error_note=f"{_ERRORS}.",
)
def group_xor(v: Grouped) -> Any:
    return v.sum() % 2 == 1


@function(
    "GROUP_JACCARD_DIST(a:T; b:T) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The Jaccard distance of two columns' value sets in the group: 1 - |A∩B| / |A∪B|.",
    examples=[
        Example(
            "GROUP_JACCARD_DIST(#a;#b)", [0.333333333333], rows={"a": ["x", "y", "z"], "b": ["z", "z", "x"]}, digits=12
        ),
        Example("GROUP_JACCARD_DIST(#a;#b)", [1.0], rows={"a": ["x", None], "b": [None, None]}),
    ],
    big=True,
    nulls="own",
    null_note="Nulls belong to no set; two empty sets give null.",
    error_note=f"{_ERRORS}.",
)
def group_jaccard_dist(a: Column, b: Column, ctx: Call) -> Any:
    from sheetline.functions.columns import concat
    from sheetline.functions.groups import Groups

    groups = ctx.groups
    assert groups is not None
    twice = Groups(np.concatenate((groups.codes, groups.codes)), groups.count)
    both = grouped(twice, [concat([a.plain(), b.plain()])], remember=False)[0].distinct.sizes
    single = [grouped(groups, [column], remember=False)[0].distinct.sizes for column in (a, b)]
    return settle(ctx, 1.0 - (single[0] + single[1] - both) / both, both > 0)
