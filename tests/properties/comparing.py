"""Comparing columns bit by bit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from sheetline.functions.columns import Column


def bits(column: Column) -> tuple[Any, ...]:
    """What makes two columns the same: values bit by bit, nulls, errors with their messages."""
    null = column.nulls()
    gone = np.zeros(len(column), bool) if null is None else null
    if isinstance(column.data, np.ndarray) and column.data.dtype != object:
        data: Any = np.where(gone, np.zeros(1, column.data.dtype), column.data).tobytes()
    else:
        data = repr(column.to_list())
    errors: tuple[Any, ...] = ()
    if column.errors is not None:
        errors = tuple(zip(column.errors.rows.tolist(), column.errors.messages(), strict=True))
    return str(column.type), data, gone.tobytes(), errors


def plain(value: Any) -> Any:
    """Dates as whole microseconds, exact integers as such, also in lists and pairs."""
    from decimal import Decimal

    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return [plain(item) for item in value.values()]
    if isinstance(value, datetime):
        return (value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return int(value) if isinstance(value, Decimal) and value == int(value) else value
