"""Aggregates: counts, sums, means, extremes and order statistics of each group."""

from __future__ import annotations

from typing import Any


from sheetline.functions.columns import Column
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, Form, function
from sheetline.functions.groups import Grouped
from sheetline.functions.types import Kind

CATEGORY = "aggregates"
_ROWS = {"g": ["a", "a", "b", "a"], "v": [4, 1, None, 1]}
_KEY = {"g": "GROUPBY(#g)"}


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
)
def group_count(*v: Grouped, ctx: Call) -> Any:
    return v[0].sizes if v else ctx.groups.sizes  # type: ignore[union-attr]


@function(
    "GROUPSUM(v:num) -> num",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The sum of the group's values. Floats are added left to right in row order.",
    examples=[
        Example("GROUPSUM(#Sheet!v)", [6, None], rows=_ROWS, formulas=_KEY),
        Example("GROUPSUM(#Sheet!v)", [Failure("OVERFLOW")], rows={"v": [2**63 - 1, 1]}),
    ],
    null_note="Nulls are skipped; a group without values gives null.",
    error_note="A group that holds an error gives its first error; integers beyond 64 bits give OVERFLOW.",
)
def group_sum(v: Grouped, ctx: Call) -> Any:
    if v.column.type.kind is Kind.FLOAT:
        return v.sum()
    total, bad = v.integer_sum()
    ctx.fail(bad, "OVERFLOW")
    return total


@function(
    "GROUPMIN(v:any) -> T",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The smallest value of the group; text by code point.",
    examples=[Example("GROUPMIN(#Sheet!v)", [1, None], rows=_ROWS, formulas=_KEY)],
    big=True,
    null_note="Nulls are skipped; a group without values gives null.",
)
def group_min(v: Grouped) -> Column:
    return v.restore(v.min(), v.sizes == 0)


@function(
    "GROUPPERCENTILE(v:num; [p:num const=50]) -> float",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The value at a percentile (0 to 100) of the group, linearly interpolated.",
    examples=[
        Example("GROUPPERCENTILE(#Sheet!v;80)", [2.8, None], rows=_ROWS, formulas=_KEY, digits=12),
        Example("GROUPPERCENTILE(#Sheet!v)", [1.0, None], rows=_ROWS, formulas=_KEY),
    ],
    prepare={"p": lambda p: _share(p)},
    null_note="Nulls are skipped; a group without values gives null.",
    notes="The 1-based position among the ascending values is (p/100)*(n-1)+1.",
)
def group_percentile(v: Grouped, p: float) -> Any:
    return v.quantile(p)


def _share(p: float) -> float:
    """Return a percentile as a share; what lies outside 0 to 100 is refused before the run."""
    if not 0 <= p <= 100:
        raise ValueError(f"a percentile lies between 0 and 100, not at {p}")
    return p / 100
