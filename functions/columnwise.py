"""Whole-column functions: row functions that look at a whole column first.

They have two halves: ``fit`` sees the whole column and gives facts, the kernel gets the facts and works
row by row on the arguments named in ``apply_on``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sheetline.functions.columns import Column
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Form, function

CATEGORY = "whole column"


def fit_sorted(ctx: Call, column: Column) -> Any:
    """Fit: the column's non-null values as floats, ascending."""
    values = column.data[column.valid()].astype(np.float64)
    values.sort()
    return values


@function(
    "BOUNDCOLPERCENTILE(bound:num; column:num) -> float",
    category=CATEGORY,
    form=Form.FITTED,
    summary="The percentile (0 to 100) at which a bound lands in the distribution of a column.",
    examples=[
        Example("BOUNDCOLPERCENTILE(#v;#v)", [25.0, 100.0, 75.0, 75.0], rows={"v": [1, 9, 5, 5]}),
        Example("BOUNDCOLPERCENTILE(null;#v)", [None], rows={"v": [1]}),
    ],
    fit=fit_sorted,
    fit_on=("column",),
    apply_on=("bound",),
    notes="100 × (non-null values at or below the bound) / (non-null values).",
    null_note="Nulls of the column are skipped; a null bound, and a column without values, give null.",
    error_note="A column that holds an error gives its first error on every row.",
)
def bound_col_percentile(facts: Any, bound: Any, ctx: Call) -> Any:
    if len(facts) == 0:
        ctx.nullify(np.ones(ctx.rows, np.bool_))
        return np.zeros(ctx.rows)
    return 100.0 * np.searchsorted(facts, bound, side="right") / len(facts)
