"""Making list columns from the values of their elements."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions.columns import Column, arrow_type
from sheetline.functions.errors import Ints, Mask
from sheetline.functions.types import Kind, list_of

_DECIMALS = 20  # digits behind the point of bigdecimal elements


def elements(column: Column) -> Any:
    """Return the column as an Arrow array of the type that list elements of its type have; null where null."""
    if not isinstance(column.data, np.ndarray):
        return column.plain().data
    null = column.nulls()
    if column.type.kind is Kind.NULL:
        return pa.nulls(len(column))
    if column.type.is_big:
        from decimal import ROUND_HALF_EVEN, Context, Decimal

        context, unit = Context(prec=100, rounding=ROUND_HALF_EVEN), Decimal(1).scaleb(-_DECIMALS)
        values = [None if v is None else Decimal(v).quantize(unit, context=context) for v in column.to_list()]
        item = arrow_type(list_of(column.type)).value_type
        if column.type.kind is Kind.BIGINTEGER:
            values = column.to_list()
        return pa.array(values, item)
    array = pa.array(column.data, mask=null)
    return array.view(pa.timestamp("us", tz="UTC")) if column.type.kind is Kind.DATE else array


def lists(values: Column, offsets: Ints, null: Mask | None = None) -> Column:
    """Return a column of lists: list i holds ``values`` from ``offsets[i]`` up to ``offsets[i + 1]``."""
    mask = None if null is None else pa.array(null)
    type_ = list_of(values.type)
    data = pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), elements(values), mask=mask)
    return Column(type_, data.cast(arrow_type(type_)))
