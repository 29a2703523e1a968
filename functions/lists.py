"""Lists: making them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions.arrow_items import to_items
from sheetline.functions.choosing import as_column
from sheetline.functions.columns import Column, arrow_type
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.types import NULL, Type, list_of

CATEGORY = "lists"


def _list_type(types: Sequence[Type], constants: Sequence[Any]) -> Type:
    return list_of(types[0] if types else NULL)


@function(
    "LIST([v:T...]) -> list",
    category=CATEGORY,
    summary="A list of its arguments, which have one type; [a;b] means the same.",
    examples=[
        Example("LIST(1;2;3)", [1, 2, 3]),
        Example("[#a;0]", [[1, 0], [None, 0]], rows={"a": [1, None]}),
        Example("LIST(1;1 / 0)", Failure("DIV0")),
    ],
    returns=_list_type,
    nulls="own",
    null_note="A null is an element like any other.",
)
def list_(*v: Any, ctx: Call) -> Any:
    item = ctx.types[0] if v else NULL
    type_ = list_of(item)
    parts = []
    for arg in v:
        items, long = to_items(as_column(arg, ctx.rows))
        if long is not None:
            ctx.fail(long, "LIMIT", "LIST: an exact number of a list has at most 76 digits")
        parts.append(items)
    offsets = np.arange(ctx.rows + 1, dtype=np.int64) * len(parts)
    starts: Any = pa.array(offsets)
    if not parts:
        values = pa.nulls(0, arrow_type(type_).value_type)
    elif len(parts) == 1:
        values = parts[0]
    else:  # row by row: the elements of row i stand at i, i + rows, i + 2 rows … of the parts joined
        order = np.arange(ctx.rows * len(parts), dtype=np.int64).reshape(len(parts), ctx.rows)
        values = pa.concat_arrays(parts).take(pa.array(order.T.reshape(-1)))
    return Column(type_, pa.LargeListArray.from_arrays(starts, values).cast(arrow_type(type_)))
