"""Aggregates of two columns, and tests: correlation, regression, weighted means, diversity, distance."""

from __future__ import annotations

from typing import Any

import numpy as np

from sheetline.functions import ordering
from sheetline.functions.columns import Column
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, Form, function
from sheetline.functions.grouped import Grouped, grouped
from sheetline.functions.settling import settle
from sheetline.functions.types import INTEGER

CATEGORY = "aggregates"
_ROWS: dict[str, list[Any]] = {"x": [1, 2, 3, None], "y": [2.0, 4.0, 9.0, 1.0]}
_PAIRS = "Pairs with a null are skipped; a group with fewer than two pairs gives null."
_ANY_PAIRS = "Pairs with a null are skipped; a group without pairs gives null."
_ERRORS = "A group that holds an error gives its first error"
_FLAT = f"{_ERRORS}; where all values of a column are equal the result is DIV0."

#: The radius of HAVERSINE's sphere, whose arc minute is 1.852 km, in miles of 1.609344 km.
EARTH_RADIUS_MILES = 6366.70702 / 1.609344


def _products(x: Grouped, y: Grouped) -> Any:
    """Return the sum of the products of both columns' deviations in each group."""
    return x.sum(x.deviations * y.deviations)


def _scale(a: Any, b: Any) -> Any:
    """Return the square root of a product; by its factors where the product leaves the range of floats."""
    product = a * b
    return np.where(np.isfinite(product) & (product > 1e-290), np.sqrt(product), np.sqrt(a) * np.sqrt(b))


def _correlation(x: Grouped, y: Grouped, ctx: Call) -> Any:
    scale = _scale(x.squares, y.squares)
    return settle(ctx, np.clip(_products(x, y) / scale, -1.0, 1.0), x.sizes >= 2, scale)


@function(
    "GROUPCORREL(x:num; y:num) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="Pearson's correlation of two columns in the group.",
    examples=[
        Example("GROUPCORREL(#x;#y)", [0.9707253], rows=_ROWS, digits=7),
        Example("GROUPCORREL(#x;#y)", [Failure("DIV0")], rows={"x": [1, 1], "y": [2, 3]}),
    ],
    big=True,
    null_note=_PAIRS,
    error_note=_FLAT,
    source="OpenFormula CORREL.",
)
def group_correl(x: Grouped, y: Grouped, ctx: Call) -> Any:
    return _correlation(x, y, ctx)


@function(
    "GROUPSPEARMAN(x:num; y:num) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="Spearman's rank correlation of two columns in the group; equal values share their mean rank.",
    examples=[
        Example("GROUPSPEARMAN(#x;#y)", [1.0], rows=_ROWS),
        Example("GROUPSPEARMAN(#x;#y)", [Failure("DIV0")], rows={"x": [1, 1], "y": [2, 3]}),
    ],
    big=True,
    null_note=_PAIRS,
    error_note=_FLAT,
    source="Pearson's correlation of the ranks.",
)
def group_spearman(x: Grouped, y: Grouped, ctx: Call) -> Any:
    return _correlation(x.derived(x.average_ranks()), y.derived(y.average_ranks()), ctx)


@function(
    "GROUPCOVARS(x:num; y:num) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The sample covariance of two columns in the group (n-1).",
    examples=[
        Example("GROUPCOVARS(#x;#y)", [3.5], rows=_ROWS, digits=12),
        Example("GROUPCOVARS(#x;#y)", [None], rows={"x": [1, None], "y": [2, 3]}),
    ],
    big=True,
    null_note=_PAIRS,
    error_note=f"{_ERRORS}.",
    source="OpenFormula COVARIANCE.S.",
)
def group_covar_s(x: Grouped, y: Grouped, ctx: Call) -> Any:
    return settle(ctx, _products(x, y) / (x.sizes - 1), x.sizes >= 2)


@function(
    "GROUPCOVARP(x:num; y:num) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The population covariance of two columns in the group (n).",
    examples=[
        Example("GROUPCOVARP(#x;#y)", [2.333333333], rows=_ROWS, digits=9),
        Example("GROUPCOVARP(#x;#y)", [0.0], rows={"x": [1, None], "y": [2, 3]}),
    ],
    big=True,
    null_note=_ANY_PAIRS,
    error_note=f"{_ERRORS}.",
    source="OpenFormula COVAR.",
)
def group_covar_p(x: Grouped, y: Grouped, ctx: Call) -> Any:
    return settle(ctx, _products(x, y) / x.sizes, x.sizes >= 1)


@function(
    "GROUPSLOPE(y:num; x:num) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The slope of the line that fits y over x in the group (least squares).",
    examples=[
        Example("GROUPSLOPE(#y;#x)", [3.5], rows=_ROWS, digits=12),
        Example("GROUPSLOPE(#y;#x)", [Failure("DIV0")], rows={"x": [1, 1], "y": [2, 3]}),
    ],
    big=True,
    null_note=_PAIRS,
    error_note=f"{_ERRORS}; equal x give DIV0.",
    source="OpenFormula SLOPE.",
)
def group_slope(y: Grouped, x: Grouped, ctx: Call) -> Any:
    return settle(ctx, _products(x, y) / x.squares, x.sizes >= 2, x.squares)


@function(
    "GROUPINTERCEPT(y:num; x:num) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="Where the line that fits y over x in the group crosses x = 0 (least squares).",
    examples=[
        Example("GROUPINTERCEPT(#y;#x)", [-2.0], rows=_ROWS, digits=12),
        Example("GROUPINTERCEPT(#y;#x)", [None], rows={"x": [1, None], "y": [2, 3]}),
    ],
    big=True,
    null_note=_PAIRS,
    error_note=f"{_ERRORS}; equal x give DIV0.",
    source="OpenFormula INTERCEPT.",
)
def group_intercept(y: Grouped, x: Grouped, ctx: Call) -> Any:
    slope = _products(x, y) / x.squares
    return settle(ctx, y.center() - slope * x.center(), x.sizes >= 2, x.squares)


@function(
    "GROUPRSQ(y:num; x:num) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The square of Pearson's correlation: the part of y's variance that the fitted line explains.",
    examples=[
        Example("GROUPRSQ(#y;#x)", [0.9423077], rows=_ROWS, digits=7),
        Example("GROUPRSQ(#y;#x)", [Failure("DIV0")], rows={"x": [1, 2], "y": [3, 3]}),
    ],
    big=True,
    null_note=_PAIRS,
    error_note=_FLAT,
    source="OpenFormula RSQ.",
)
def group_rsq(y: Grouped, x: Grouped, ctx: Call) -> Any:
    return _correlation(x, y, ctx) ** 2


@function(
    "GROUPWEIGHTEDAVERAGE(v:num; w:num) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The mean of the group's values weighted by a second column.",
    examples=[
        Example("GROUPWEIGHTEDAVERAGE(#v;#w)", [2.5], rows={"v": [1, 3, None], "w": [1, 3, 9]}),
        Example("GROUPWEIGHTEDAVERAGE(#v;#w)", [Failure("DIV0")], rows={"v": [1, 3], "w": [0, 0]}),
    ],
    big=True,
    null_note=_ANY_PAIRS,
    error_note=f"{_ERRORS}; weights that add up to 0 give DIV0.",
)
def group_weighted_average(v: Grouped, w: Grouped, ctx: Call) -> Any:
    weight = w.sum()
    return settle(ctx, v.sum(v.floats * w.floats) / weight, v.sizes > 0, weight)


@function(
    "GROUPCOSINE(x:num; y:num) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The cosine similarity of two columns, taken as vectors over the group's rows.",
    examples=[
        Example("GROUPCOSINE(#x;#y)", [0.6], rows={"x": [1, 0, None], "y": [3, 4, 5]}, digits=12),
        Example("GROUPCOSINE(#x;#y)", [Failure("DIV0")], rows={"x": [0, 0], "y": [3, 4]}),
    ],
    big=True,
    null_note=_ANY_PAIRS,
    error_note=f"{_ERRORS}; a vector of zeros gives DIV0.",
)
def group_cosine(x: Grouped, y: Grouped, ctx: Call) -> Any:
    length = _scale(x.sum(x.floats * x.floats), x.sum(y.floats * y.floats))
    return settle(ctx, np.clip(x.sum(x.floats * y.floats) / length, -1.0, 1.0), x.sizes > 0, length)


@function(
    "GROUPENTROPY(v:any) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The Shannon entropy of the group's values, in bits.",
    examples=[
        Example("GROUPENTROPY(#v)", [1.0], rows={"v": ["a", "b", "a", "b", None]}),
        Example("GROUPENTROPY(#v)", [0.0], rows={"v": [None, 7, 7]}),
    ],
    big=True,
    null_note="Nulls are skipped; a group without values gives null.",
    error_note=f"{_ERRORS}.",
    notes="-Σ p·log2(p) over the distinct values, p being the share of the value.",
)
def group_entropy(v: Grouped) -> Any:
    share = v.distinct.counts / v.sizes[v.distinct.codes]
    return v.distinct.sum(share * -np.log2(share)) + 0.0


@function(
    "GROUPGINI(v:any) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The Gini impurity of the group: how likely two values drawn with replacement differ.",
    examples=[
        Example("GROUPGINI(#v)", [0.5], rows={"v": ["a", "b", "a", "b", None]}),
        Example("GROUPGINI(#v)", [0.0], rows={"v": [None, 7, 7]}),
    ],
    big=True,
    null_note="Nulls are skipped; a group without values gives null.",
    error_note=f"{_ERRORS}.",
    notes="1 - Σ p² over the distinct values, p being the share of the value.",
)
def group_gini(v: Grouped) -> Any:
    share = v.distinct.counts / v.sizes[v.distinct.codes]
    return 1.0 - v.distinct.sum(share * share)


@function(
    "GROUPCHISQTEST(a:any; b:any) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The p-value of Pearson's chi-squared test that two columns are independent in the group.",
    examples=[
        Example(
            "GROUPCHISQTEST(#a;#b)",
            [0.0455003],
            rows={"a": ["x", "x", "y", "y"], "b": [1, 1, 2, 2]},
            digits=7,
        ),
        Example("GROUPCHISQTEST(#a;#b)", [1.0], rows={"a": ["x", "x", "x"], "b": [1, 2, None]}),
    ],
    big=True,
    null_note=_ANY_PAIRS,
    error_note=f"{_ERRORS}.",
    notes="Counts of the pairs of values make the table; no continuity correction. With one value in either "
    "column nothing can depend on it: the result is 1.",
    source="Pearson's test of independence with (rows-1)(columns-1) degrees of freedom.",
)
def group_chisq_test(a: Grouped, b: Grouped, ctx: Call) -> Any:
    from scipy.special import chdtrc

    rows, columns = a.distinct, b.distinct
    of_row = a.regroup(a.entry, len(rows.counts)).groups
    number = b.entry - columns.offsets[a.codes]  # of the column's value among those of the group
    cells = grouped(of_row, [Column(INTEGER, number)], remember=False)[0].distinct  # a cell is a pair of entries
    group = rows.codes[cells.codes]
    marginal = rows.counts[cells.codes].astype(np.float64) * columns.counts[cells.values + columns.offsets[group]]
    share = np.bincount(group, cells.counts * (cells.counts / marginal), a.count)
    statistic = np.maximum(a.sizes * (share - 1.0), 0.0)
    freedom = (rows.sizes - 1) * (columns.sizes - 1)
    p = np.ones(a.count)
    some = np.flatnonzero(freedom > 0)
    if len(some):
        # small groups have few different tables, and the distribution costs more than finding them
        table = np.empty(len(some), np.complex128)
        table.real, table.imag = freedom[some], statistic[some]
        distinct, place = np.unique(table, return_inverse=True)
        p[some] = chdtrc(distinct.real, distinct.imag)[place]
    return settle(ctx, p, a.sizes > 0)


def _leg(lat1: Any, lon1: Any, lat2: Any, lon2: Any) -> Any:
    """Return the central angle between points in radians, accurate for near and antipodal points alike.

    Source: the special case of Vincenty's formula for a sphere; the difference of two nearly equal products
    in it is written with sin(φ2-φ1) and sin²(Δλ/2), which lose no digits for near points.
    """
    lat1, lon1, lat2, lon2 = (np.radians(value) for value in (lat1, lon1, lat2, lon2))
    turn = lon2 - lon1
    east = np.cos(lat2) * np.sin(turn)
    north = np.sin(lat2 - lat1) + 2.0 * np.sin(lat1) * np.cos(lat2) * np.sin(turn / 2) ** 2
    up = np.sin(lat1) * np.sin(lat2) + np.cos(lat1) * np.cos(lat2) * np.cos(turn)
    return np.arctan2(np.hypot(east, north), up)


@function(
    "GROUPDISTANCE(lat:num; lon:num; order:any) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The length of the group's path in miles: great-circle distances from point to point along an order.",
    examples=[
        Example(
            "GROUPDISTANCE(#lat;#lon;#t)",
            [138.0935],
            rows={"lat": [0.0, 0.0, None, 1.0], "lon": [1.0, 0.0, 5.0, 1.0], "t": [2, 1, 3, 4]},
            digits=4,
        ),
        Example("GROUPDISTANCE(#lat;#lon;#t)", [Failure("RANGE")], rows={"lat": [91.0], "lon": [0.0], "t": [1]}),
    ],
    nulls="own",
    null_note="Points with a null are skipped, a null order comes after all others; without points: null.",
    error_note=f"{_ERRORS}; a latitude outside ±90 or a longitude outside ±180 gives RANGE.",
    notes="One point gives 0. The sphere is HAVERSINE's, with a radius of 6366.70702 km.",
)
def group_distance(lat: Column, lon: Column, order: Column, ctx: Call) -> Any:
    groups = ctx.groups
    assert groups is not None
    keep = lat.valid() & lon.valid()
    rows = groups.ordered_by([ordering.sort_key(order)]).rows
    rows = rows[keep[rows]]
    phi, lam = lat.data[rows].astype(np.float64), lon.data[rows].astype(np.float64)
    codes = groups.codes[rows]
    outside = np.bincount(codes, (np.abs(phi) > 90) | (np.abs(lam) > 180), groups.count)
    ctx.fail(outside > 0, "RANGE", "GROUPDISTANCE: a latitude is outside ±90 or a longitude outside ±180")
    same = codes[1:] == codes[:-1]
    legs = np.where(same, _leg(phi[:-1], lam[:-1], phi[1:], lam[1:]), 0.0)
    angle = np.bincount(codes[1:], legs, groups.count)
    points = np.bincount(codes, minlength=groups.count)
    return settle(ctx, angle * EARTH_RADIUS_MILES, points > 0)
