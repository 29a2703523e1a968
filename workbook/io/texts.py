"""Columns as the text that CSV and JSON lines hold: whole arrays, never a Python call a row."""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as arrow_compute

from sheetline.functions.arrow import column_to_arrow
from sheetline.functions.buffers import arrow_array, filled, text_array, text_scalar, truths
from sheetline.functions.columns import Column
from sheetline.functions.dates.format import format_dates
from sheetline.functions.dates.zones import Zone, clamp, offset
from sheetline.functions.types import Kind

pc: Any = arrow_compute  # its stubs know fewer overloads than it has
TEXT: Final = pa.large_string()


def cell_texts(column: Column, zone: Zone, pattern: str | None = None) -> Any:
    """Return a column's values as text that reads back as the same values; nulls and errors are null.

    Floats have the fewest digits that give the same number back, and always a point or an exponent, so that a
    column of them is not taken for integers. Dates are ISO 8601 in ``zone``, with an offset where it is not UTC.
    """
    kind = column.type.kind
    if kind is Kind.STRING:
        return column.plain().data
    if kind is Kind.FLOAT:
        return float_texts(column)
    if kind is Kind.DATE:
        return _without(_dates(column.data, pattern, zone), column)
    if kind in (Kind.LIST, Kind.PAIR):
        return list_texts(column)
    if column.type.is_big:
        return pa.array([None if value is None else str(value) for value in column.to_list()], TEXT)
    return column_to_arrow(column).cast(TEXT)


def _dates(us: Any, pattern: str | None, zone: Zone) -> Any:
    if pattern is not None or zone.name == "UTC":
        return format_dates(us, pattern, zone)
    text = format_dates(us, None, zone, suffix=True)
    # Before there were time zones, clocks differed by seconds, which an ISO offset cannot say: those in UTC.
    odd = offset(clamp(us), zone) % 60_000_000 != 0
    return pc.if_else(arrow_array(odd), format_dates(us, None, suffix=True), text) if odd.any() else text


def float_texts(column: Column) -> Any:
    """Return floats as text with a point or an exponent."""
    text = column_to_arrow(column).cast(TEXT)
    whole = np.flatnonzero(column.data == np.floor(column.data))  # only of these may both be missing
    if not len(whole):
        return text
    bare = np.zeros(len(text), np.bool_)
    bare[whole] = ~truths(pc.match_substring_regex(text.take(arrow_array(whole)), "[.e]"))
    if not bare.any():
        return text
    return pc.if_else(arrow_array(bare), join([text, text_scalar(".0")]), text)


def list_texts(column: Column) -> Any:
    """Return lists as JSON; dates in them are ISO 8601."""
    return pa.array(
        [None if v is None else json.dumps(v, ensure_ascii=False, default=_other) for v in column.to_list()], TEXT
    )


def _other(value: Any) -> str:
    iso = getattr(value, "isoformat", None)
    return str(value) if iso is None else str(iso())


def _without(text: Any, column: Column) -> Any:
    null = column.nulls()
    return text if null is None else pc.if_else(arrow_array(null), text_scalar(None), text)


def json_texts(column: Column) -> Any:
    """Return a column's values as JSON; nulls and errors are ``null``, exact decimals are strings."""
    kind = column.type.kind
    if kind is Kind.STRING:
        text = _quoted_json(column)
    elif kind in (Kind.LIST, Kind.PAIR):
        text = list_texts(column)
    elif kind is Kind.FLOAT:
        text = float_texts(column)
    elif kind in (Kind.DATE, Kind.BIGDECIMAL):
        if kind is Kind.DATE:
            text = _without(format_dates(column.data, suffix=True), column)
        else:
            text = pa.array([None if value is None else str(value) for value in column.to_list()], TEXT)
        text = join([text_scalar('"'), text, text_scalar('"')])
    elif column.type.is_big:
        text = pa.array([None if value is None else str(value) for value in column.to_list()], TEXT)
    else:
        text = column_to_arrow(column).cast(TEXT)
    return filled(text, "null")


def _quoted_json(column: Column) -> Any:
    """Return text in JSON's quotes; only what has something to escape goes through Python, once a word."""
    text = column.plain().data
    special = pc.match_substring_regex(text, r'[\x00-\x1f"\\\x7f]')
    plain = join([text_scalar('"'), text, text_scalar('"')])
    if not pc.any(special).as_py():
        return plain
    words = text.filter(filled(special, False)).dictionary_encode()
    escaped = text_array([json.dumps(word, ensure_ascii=False) for word in words.dictionary.to_pylist()])
    return pc.replace_with_mask(plain, filled(special, False), escaped.take(words.indices))


def join(parts: list[Any], separator: str = "") -> Any:
    """Join texts of the same rows; a null makes a null."""
    return pc.binary_join_element_wise(*parts, text_scalar(separator))


def raw(lines: Any) -> memoryview:
    """Return the bytes of a text array without nulls, one row behind the other."""
    _, offsets, data = lines.buffers()
    if data is None or not len(lines):
        return memoryview(b"")
    starts = memoryview(offsets).cast("q")
    return memoryview(data)[starts[lines.offset] : starts[lines.offset + len(lines)]]
