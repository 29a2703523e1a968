"""Cells of a table for people and for programs. Only the rows that are shown come here."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from sheetline.functions.columns import Column
from sheetline.functions.types import INTEGER, Kind, Type

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Cells are cut to this many characters; JSON has the whole of them.
WIDEST = 200


def plain_values(column: Column) -> list[Any]:
    """Return a column as JSON values: dates as ISO 8601 in UTC, exact decimals as text, errors and nulls as None."""
    return [plain(value, column.type) for value in column.to_list()]


def plain(value: Any, type_: Type) -> Any:
    """Return one value of :meth:`Column.to_list` as a JSON value.

    >>> from sheetline.functions.types import DATE
    >>> plain(0, DATE)
    '1970-01-01T00:00:00Z'
    """
    if value is None:
        return None
    if type_.kind is Kind.DATE:
        return _date(value, "UTC", suffix=True)
    if type_.kind is Kind.BIGDECIMAL:
        return str(value)
    if type_.kind is Kind.BIGINTEGER:
        return int(value)
    if type_.kind is Kind.LIST:
        return [plain(item, type_.item or INTEGER) for item in value]
    if type_.kind is Kind.PAIR:
        items = value.values() if isinstance(value, dict) else value
        return [plain(item, kind) for item, kind in zip(items, type_.items, strict=True)]
    return value


def texts(column: Column, timezone: str) -> list[str]:
    """Return a column's cells as a table shows them: dates by the wall clock, floats to about six digits."""
    shown = [text(value, column.type, timezone, short=True) for value in column.to_list()]
    if column.errors is not None:
        for place, row in enumerate(column.errors.rows.tolist()):
            shown[row] = f"error {column.errors.code(place)}"
    return shown


def text(value: Any, type_: Type, timezone: str, *, short: bool = False) -> str:
    """Return one value as text; ``short``: on one line, floats rounded."""
    if value is None:
        return "null"
    if type_.kind is Kind.BOOLEAN:
        return "true" if value else "false"
    if type_.kind is Kind.DATE:
        return _date(value, timezone).replace("T", " ")
    if type_.kind is Kind.FLOAT:
        return short_float(value) if short else repr(float(value))
    if type_.kind in (Kind.LIST, Kind.PAIR):
        return _cut(json.dumps(plain(value, type_), ensure_ascii=False)) if short else _json(value, type_)
    return _cut(str(value)) if short else str(value)


def short_float(value: float) -> str:
    """Return a float to six significant digits, but never fewer than all before the point and one behind it.

    >>> [short_float(x) for x in (1234567.5, 0.1 + 0.2, 2.0, 1e-9, 3e300)]
    ['1234567.5', '0.3', '2.0', '1e-09', '3e+300']
    """
    if value == 0:
        return "0.0"
    size = abs(value)
    if size >= 1e15 or size < 1e-4:
        return f"{value:.6g}"
    digits = max(1, 5 - math.floor(math.log10(size)))
    return repr(round(value, digits) + 0.0)


def is_right(type_: Type) -> bool:
    """Whether cells of a type stand to the right, as numbers do."""
    return type_.is_number


def _json(value: Any, type_: Type) -> str:
    return json.dumps(plain(value, type_), ensure_ascii=False)


def _cut(words: str) -> str:
    from sheetline.formulas.diagnostics import shorten

    return shorten(words, WIDEST)


def _date(value: Any, timezone: str, *, suffix: bool = False) -> str:
    from sheetline.functions.dates.format import format_dates

    if isinstance(value, datetime):  # inside lists
        value = (value - _EPOCH) // timedelta(microseconds=1)
    return str(format_dates(np.array([value], np.int64), None, timezone, suffix=suffix)[0].as_py())
