"""Group series: a value for every record of a group, from its neighbours in the sheet's order.

A series kernel gets its row arguments as columns that stand in order already, and ``ctx.order`` with the
groups' offsets; it gives a column of the same rows, or ``Rows`` where it does not keep them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sheetline.functions.columns import Column
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Form, function

CATEGORY = "group series"
_ROWS = {"g": ["a", "b", "a", "a"], "v": [4, 9, None, 6]}
_KEY = {"g": "GROUPBY(#g)"}


def neighbour(v: Column, ctx: Call, step: int) -> Column:
    """Return the value ``step`` records further (negative: earlier) in the same group, null where there is none."""
    order = ctx.order
    assert order is not None
    place = np.arange(len(v), dtype=np.int64) + step
    outside = (place < order.start) | (place >= order.start + order.sizes[order.group])
    return v.take(np.where(outside, -1, place), missing=True)


@function(
    "GROUP_PREVIOUS(v:any; [k:int const=1]) -> T",
    category=CATEGORY,
    form=Form.SERIES,
    summary="The value k records earlier in the group; null for the first k.",
    examples=[
        Example("GROUP_PREVIOUS(#Sheet!v)", [None, 4, None, None], rows=_ROWS, formulas=_KEY),
        Example("GROUP_PREVIOUS(#Sheet!v;2)", [None, None, 4, None], rows=_ROWS, formulas=_KEY),
    ],
    big=True,
    extra="continue",
    nulls="own",
    errors="own",
    ordered=True,
    null_note="A null value is passed on.",
    error_note="An error is passed on to the record that takes it.",
)
def group_previous(v: Column, k: Any, ctx: Call) -> Column:
    return neighbour(v, ctx, -int(k))
