"""Columns as Arrow arrays of list elements: what LIST and JSON are made of."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions.columns import Column, arrow_type
from sheetline.functions.errors import Mask
from sheetline.functions.types import Kind, list_of

#: Exact numbers inside lists: digits altogether, and behind the point.
_DIGITS, _SCALE = 76, 20


def to_items(column: Column) -> tuple[Any, Mask | None]:
    """Return a column's values as an Arrow array of the type that elements of a list have.

    Returns:
        The array, and the mask of exact numbers that are too long to be an element (null there), or None.
    """
    wanted = arrow_type(list_of(column.type)).value_type
    if column.type.is_arrow:
        return column.plain().data, None
    null = column.nulls()
    if column.type.kind is Kind.NULL:
        return pa.nulls(len(column)), None
    if column.type.is_big:
        return _exact_items(column, wanted)
    return pa.array(column.data, mask=null).cast(wanted), None


def _exact_items(column: Column, wanted: Any) -> tuple[Any, Mask | None]:
    scale = 0 if column.type.kind is Kind.BIGINTEGER else _SCALE
    long = np.zeros(len(column), np.bool_)
    items: list[Decimal | None] = []
    with localcontext() as context:
        context.prec = 2 * _DIGITS
        for row, value in enumerate(column.to_list()):
            exact = None if value is None else Decimal(value)
            if exact and exact.adjusted() >= _DIGITS - scale:
                long[row], exact = True, None
            items.append(None if exact is None else exact.quantize(Decimal(1).scaleb(-scale)))
    return pa.array(items, wanted), long if long.any() else None
