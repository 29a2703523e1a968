"""Aggregates: spread, shape and the other means of each group, from deviations in two passes."""

from __future__ import annotations

from typing import Any

import numpy as np

from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, Form, function
from sheetline.functions.grouped import Grouped
from sheetline.functions.settling import settle

CATEGORY = "aggregates"
_ROWS: dict[str, list[Any]] = {"g": ["a", "a", "b", "a"], "v": [4, 1, None, 1]}
_KEY = {"g": "GROUPBY(#g)"}
_SKIPPED = "Nulls are skipped; a group without values gives null."
_SAMPLE = "Nulls are skipped; a group with fewer than two values gives null."
_ERRORS = "A group that holds an error gives its first error; a result beyond the range of floats gives OVERFLOW."


@function(
    "GROUPSTDEVS(v:num) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The sample standard deviation of the group (n-1).",
    examples=[
        Example("GROUPSTDEVS(#Sheet!v)", [1.7320508, None], rows=_ROWS, formulas=_KEY, digits=7),
        Example("GROUPSTDEVS(#v)", [0.0], rows={"v": [0.1, 0.1, None, 0.1]}),
    ],
    big=True,
    cost=4,
    null_note=_SAMPLE,
    error_note=_ERRORS,
    source="OpenFormula STDEV.",
)
def group_stdev_s(v: Grouped, ctx: Call) -> Any:
    return settle(ctx, np.sqrt(v.squares / (v.sizes - 1)), v.sizes >= 2)


@function(
    "GROUPSTDEVP(v:num) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The population standard deviation of the group (n).",
    examples=[
        Example("GROUPSTDEVP(#Sheet!v)", [1.4142136, None], rows=_ROWS, formulas=_KEY, digits=7),
        Example("GROUPSTDEVP(#v)", [0.0], rows={"v": [7, None]}),
    ],
    big=True,
    cost=4,
    null_note=_SKIPPED,
    error_note=_ERRORS,
    source="OpenFormula STDEVP.",
)
def group_stdev_p(v: Grouped, ctx: Call) -> Any:
    return settle(ctx, np.sqrt(v.squares / v.sizes), v.sizes >= 1)


@function(
    "GROUPVARS(v:num) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The sample variance of the group (n-1).",
    examples=[
        Example("GROUPVARS(#Sheet!v)", [3.0, None], rows=_ROWS, formulas=_KEY, digits=12),
        Example("GROUPVARS(#v)", [None], rows={"v": [7, None]}),
    ],
    big=True,
    cost=4,
    null_note=_SAMPLE,
    error_note=_ERRORS,
    source="OpenFormula VAR.",
)
def group_var_s(v: Grouped, ctx: Call) -> Any:
    return settle(ctx, v.squares / (v.sizes - 1), v.sizes >= 2)


@function(
    "GROUPVARP(v:num) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The population variance of the group (n).",
    examples=[
        Example("GROUPVARP(#Sheet!v)", [2.0, None], rows=_ROWS, formulas=_KEY, digits=12),
        Example("GROUPVARP(#v)", [0.0], rows={"v": [7, None]}),
    ],
    big=True,
    cost=4,
    null_note=_SKIPPED,
    error_note=_ERRORS,
    source="OpenFormula VARP.",
)
def group_var_p(v: Grouped, ctx: Call) -> Any:
    return settle(ctx, v.squares / v.sizes, v.sizes >= 1)


@function(
    "GROUPSKEW(v:num) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The sample skewness of the group.",
    examples=[
        Example("GROUPSKEW(#Sheet!v)", [1.7320508, None], rows=_ROWS, formulas=_KEY, digits=7),
        Example("GROUPSKEW(#v)", [Failure("DIV0")], rows={"v": [2, 2, 2, None]}),
    ],
    big=True,
    null_note="Nulls are skipped; a group with fewer than three values gives null.",
    error_note=f"{_ERRORS} Equal values give DIV0.",
    notes="n / ((n-1)(n-2)) · Σ((v - mean) / s)³ with the sample standard deviation s.",
    source="OpenFormula SKEW.",
)
def group_skew(v: Grouped, ctx: Call) -> Any:
    n, spread = v.sizes.astype(np.float64), np.sqrt(v.squares / (v.sizes - 1))
    third = v.sum((v.deviations / spread[v.codes]) ** 3)
    return settle(ctx, n / ((n - 1) * (n - 2)) * third, n >= 3, spread)


@function(
    "GROUPKURT(v:num) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The sample excess kurtosis of the group: 0 for a normal distribution.",
    examples=[
        Example("GROUPKURT(#v)", [-1.2], rows={"v": [1, 2, 3, 4]}, digits=10),
        Example("GROUPKURT(#v)", [None], rows={"v": [1, 2, 3, None]}),
    ],
    big=True,
    null_note="Nulls are skipped; a group with fewer than four values gives null.",
    error_note=f"{_ERRORS} Equal values give DIV0.",
    notes="n(n+1) / ((n-1)(n-2)(n-3)) · Σ((v - mean) / s)⁴ - 3(n-1)² / ((n-2)(n-3)).",
    source="OpenFormula KURT.",
)
def group_kurt(v: Grouped, ctx: Call) -> Any:
    n, spread = v.sizes.astype(np.float64), np.sqrt(v.squares / (v.sizes - 1))
    fourth = v.sum((v.deviations / spread[v.codes]) ** 4)
    out = n * (n + 1) / ((n - 1) * (n - 2) * (n - 3)) * fourth - 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))
    return settle(ctx, out, n >= 4, spread)


@function(
    "GROUPGEOMEAN(v:num) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The geometric mean of the group: the n-th root of the product.",
    examples=[
        Example("GROUPGEOMEAN(#Sheet!v)", [1.587401, None], rows=_ROWS, formulas=_KEY, digits=6),
        Example("GROUPGEOMEAN(#v)", [Failure("NUM")], rows={"v": [4, -1]}),
    ],
    big=True,
    null_note=_SKIPPED,
    error_note=f"{_ERRORS} A negative value gives NUM.",
    notes="A zero among the values gives 0. Computed from logarithms, so that no product overflows.",
    source="OpenFormula GEOMEAN.",
)
def group_geomean(v: Grouped, ctx: Call) -> Any:
    ctx.fail(v.sum(v.floats < 0) > 0, "NUM", "GROUPGEOMEAN: a negative value has no geometric mean")
    zero = v.sum(v.floats == 0) > 0
    logs = np.log(np.where(v.floats > 0, v.floats, 1.0))
    return settle(ctx, np.where(zero, 0.0, np.exp(v.sum(logs) / v.sizes)), v.sizes > 0)


@function(
    "GROUPHARMEAN(v:num) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The harmonic mean of the group: n divided by the sum of the reciprocals.",
    examples=[
        Example("GROUPHARMEAN(#Sheet!v)", [1.3333333, None], rows=_ROWS, formulas=_KEY, digits=7),
        Example("GROUPHARMEAN(#v)", [Failure("NUM")], rows={"v": [4, 0]}),
    ],
    big=True,
    null_note=_SKIPPED,
    error_note=f"{_ERRORS} A value that is not positive gives NUM.",
    source="OpenFormula HARMEAN.",
)
def group_harmean(v: Grouped, ctx: Call) -> Any:
    ctx.fail(v.sum(v.floats <= 0) > 0, "NUM", "GROUPHARMEAN: only positive values have a harmonic mean")
    reciprocals = v.sum(1.0 / np.where(v.floats > 0, v.floats, 1.0))
    return settle(ctx, v.sizes / reciprocals, v.sizes > 0, reciprocals)


@function(
    "GROUPMAD(v:num) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The median absolute deviation of the group: the median distance from the median.",
    examples=[
        Example("GROUPMAD(#Sheet!v)", [0.0, None], rows=_ROWS, formulas=_KEY),
        Example("GROUPMAD(#v)", [1.0], rows={"v": [1, None, 2, 9]}),
    ],
    big=True,
    null_note=_SKIPPED,
    error_note=_ERRORS,
)
def group_mad(v: Grouped, ctx: Call) -> Any:
    distances = np.abs(v.floats - v.percentile(50)[v.codes])
    return settle(ctx, v.derived(distances).percentile(50), v.sizes > 0)


@function(
    "GROUPSUMSQ(v:num) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The sum of the squares of the group's values.",
    examples=[
        Example("GROUPSUMSQ(#Sheet!v)", [18.0, None], rows=_ROWS, formulas=_KEY),
        Example("GROUPSUMSQ(#v)", [Failure("OVERFLOW")], rows={"v": [1e200, None]}),
    ],
    big=True,
    null_note=_SKIPPED,
    error_note=_ERRORS,
)
def group_sumsq(v: Grouped, ctx: Call) -> Any:
    return settle(ctx, v.sum(v.floats * v.floats), v.sizes > 0)


@function(
    "GROUPRMS(v:num) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The root mean square of the group's values.",
    examples=[
        Example("GROUPRMS(#Sheet!v)", [2.4494897, None], rows=_ROWS, formulas=_KEY, digits=7),
        Example("GROUPRMS(#v)", [5.0], rows={"v": [7, None, -1]}),
    ],
    big=True,
    null_note=_SKIPPED,
    error_note=_ERRORS,
)
def group_rms(v: Grouped, ctx: Call) -> Any:
    return settle(ctx, np.sqrt(v.sum(v.floats * v.floats) / v.sizes), v.sizes > 0)
