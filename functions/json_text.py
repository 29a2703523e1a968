"""JSON text of columns, nested lists included, made by whole-column text kernels."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions.buffers import arrow_array, filled, text_scalar
from sheetline.functions.columns import Column
from sheetline.functions.context import Call
from sheetline.functions.text_support import TEXT, kernels, raw_bytes, to_text
from sheetline.functions.types import BIGDECIMAL, DATE, FLOAT, STRING


def quoted(texts: Any) -> Any:
    """Return texts as JSON strings; nulls stay null."""
    pc = kernels()
    shown = pc.replace_substring(texts, pattern="\\", replacement="\\\\")
    shown = pc.replace_substring(shown, pattern='"', replacement='\\"')
    mark = text_scalar('"')
    shown = pc.binary_join_element_wise(mark, shown, mark, text_scalar(""))
    data, _ = raw_bytes(texts)
    if len(data) and int(data.min()) < 32:  # control characters are rare: Python writes those texts
        odd = filled(pc.match_substring_regex(texts, pattern="[\\x00-\\x1f]"), False)
        written = [json.dumps(value, ensure_ascii=False) for value in texts.filter(odd).to_pylist()]
        shown = pc.replace_with_mask(shown, odd, pa.array(written, TEXT))
    return shown


def json_items(items: Any, ctx: Call) -> Any:
    """Return the JSON text of an Arrow array of values; ``null`` for nulls."""
    pc = kernels()
    kind = items.type
    if pa.types.is_null(kind):
        shown = pa.nulls(len(items), TEXT)
    elif pa.types.is_large_string(kind) or pa.types.is_string(kind):
        shown = quoted(items.cast(TEXT))
    elif pa.types.is_large_list(kind):
        joined = pc.binary_join(_like(items, json_items(items.values, ctx)), text_scalar(","))
        shown = _around(joined)
    elif pa.types.is_struct(kind):
        fields = [json_items(field, ctx) for field in items.flatten()]
        joined = pc.binary_join_element_wise(*fields, text_scalar(","))
        shown = _around(pc.if_else(items.is_valid(), joined, text_scalar(None)))
    else:
        shown = _scalar_text(items, ctx)
    return filled(shown, "null")


def _like(items: Any, values: Any) -> Any:
    """Return lists of other values with the lengths and nulls of ``items``."""
    mask = items.is_null() if items.null_count else None
    offsets = items.offsets
    if mask is not None:
        offsets = arrow_array(np.asarray(offsets), np.append(np.asarray(mask), False))
    return pa.LargeListArray.from_arrays(offsets, values)


def _around(joined: Any) -> Any:
    left, right, none = (text_scalar(sign) for sign in ("[", "]", ""))
    return kernels().binary_join_element_wise(left, joined, right, none)


def _scalar_text(items: Any, ctx: Call) -> Any:
    null = np.asarray(items.is_null())
    if pa.types.is_timestamp(items.type):
        micros = np.asarray(filled(items.cast(pa.int64()), 0))
        return quoted(to_text(Column(DATE, micros, null), ctx))
    if pa.types.is_floating(items.type):
        return to_text(Column(FLOAT, np.asarray(filled(items, np.nan))), ctx)
    if pa.types.is_decimal(items.type):
        plain = [None if value is None else f"{value.normalize():f}" for value in items.to_pylist()]
        return pa.array(plain, TEXT)
    return items.cast(TEXT)


def json_text(column: Column, ctx: Call) -> Any:
    """Return the JSON text of each value of a column; nulls stay null.

    Numbers and truth values as they are, text quoted, dates as quoted ISO 8601, lists as arrays.
    """
    if column.type == STRING:
        return quoted(column.plain().data)
    if column.type == DATE:
        return quoted(to_text(column, ctx))
    if column.type.is_arrow:
        shown = json_items(column.data, ctx)
        return kernels().if_else(column.data.is_valid(), shown, text_scalar(None))
    if column.type == BIGDECIMAL:  # the value's own digits, not those of an element of a list
        return pa.array([None if value is None else f"{value:f}" for value in column.to_list()], TEXT)
    return to_text(column, ctx)
