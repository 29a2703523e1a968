"""Joining texts: CONCAT, CONCAT_WS, TEXTJOIN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions.buffers import arrow_array, filled, text_scalar
from sheetline.functions.choosing import as_column
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, function
from sheetline.functions.text_support import TEXT, kernels, to_text
from sheetline.functions.types import Kind

CATEGORY = "text"


@function(
    "CONCAT(v:any...) -> str",
    category=CATEGORY,
    summary='Joins the texts of its arguments; the operator &. A null counts as "".',
    examples=[
        Example('CONCAT("a";null;"b")', "ab"),
        Example('"Trip " & 7', "Trip 7"),
        Example('CONCAT(3.0;" ";0.5;" ";true)', "3 0.5 TRUE"),
        Example("CONCAT(null)", ""),
    ],
    aliases=["CONCATENATE"],
    nulls="own",
    big=True,
    null_note='A null counts as "".',
    notes="Numbers, dates and lists are joined by their text form, the one that T gives; booleans as TRUE and FALSE.",
)
def concat(*values: Any, ctx: Call) -> Any:
    parts = [_written(value, ctx) for value in values]
    if not any(isinstance(part, pa.Array) for part in parts):
        parts[0] = pa.repeat(parts[0], ctx.rows)
    parts, between = _with_separator(parts)
    return kernels().binary_join_element_wise(*parts, between, null_handling="replace", null_replacement="")


def _with_separator(parts: list[Any]) -> tuple[list[Any], Any]:
    """Return the parts of a join and what stands between them: of a, ", ", b that is ", ", which Arrow joins faster."""
    between = parts[1::2]
    constant = len(parts) % 2 and all(isinstance(part, pa.Scalar) and part.is_valid for part in between)
    if constant and len({part.as_py() for part in between}) == 1:
        return parts[::2], between[0]
    return parts, text_scalar("")


def _written(value: Any, ctx: Call) -> Any:
    """Return the text of a value as a spreadsheet joins it: booleans are TRUE and FALSE."""
    texts = to_text(value, ctx)
    return kernels().ascii_upper(texts) if value.type.kind is Kind.BOOLEAN else texts


@function(
    "CONCAT_WS(separator:str; v:any...) -> str",
    category=CATEGORY,
    summary="Joins the texts of its arguments with a separator between them; nulls are left out.",
    examples=[
        Example('CONCAT_WS(", ";"a";null;"b")', "a, b"),
        Example('CONCAT_WS("-";2024;"";1)', "2024--1"),
        Example('CONCAT_WS(null;"a";"b")', None),
    ],
    nulls="own",
    big=True,
    null_note="Null values are left out; a null separator gives null.",
)
def concat_with(separator: Any, *values: Any, ctx: Call) -> Any:
    return _joined(separator, values, ctx)


def _joined(separator: Any, values: Sequence[Any], ctx: Call) -> Any:
    """Return the texts of the values that are not null, with the separator between them."""
    between = to_text(separator, ctx)
    if isinstance(between, pa.Scalar):
        if not between.is_valid:
            return pa.nulls(ctx.rows, TEXT)
    else:
        ctx.nullify(np.asarray(between.is_null()))
        between = filled(between, "")
    parts = [_written(value, ctx) for value in values]
    if not any(isinstance(part, pa.Array) for part in parts):
        parts[0] = pa.repeat(parts[0], ctx.rows)
    # Arrow's join drops a row, instead of giving "", where it skips all values of it: such a row gets one
    gone = np.logical_and.reduce([_null_mask(part, ctx.rows) for part in parts])
    if gone.any():
        parts[0] = kernels().if_else(arrow_array(gone), text_scalar(""), parts[0])
    return kernels().binary_join_element_wise(*parts, between, null_handling="skip")


@function(
    "TEXTJOIN(separator:str; ignore_empty:bool; v:any...) -> str",
    category=CATEGORY,
    summary="Joins the texts of its arguments with a separator between them, leaving out empty ones or not.",
    examples=[
        Example('TEXTJOIN(", ";true;"a";"";"b")', "a, b"),
        Example('TEXTJOIN("-";false;"a";"";1)', "a--1"),
        Example('TEXTJOIN(", ";"a";null;"b")', "a, b"),
        Example('TEXTJOIN(null;true;"a")', None),
    ],
    nulls="own",
    big=True,
    null_note="Null values are left out; a null separator gives null; a null for true or false counts as false.",
    notes="Without true or false in the second place it is CONCAT_WS.",
)
def textjoin(separator: Any, ignore_empty: Any, *values: Any, ctx: Call) -> Any:
    ignore = as_column(ignore_empty, ctx.rows)
    ignored = ignore.data & ignore.valid()
    parts: list[Any] = [as_column(value, ctx.rows) for value in values]
    if ignored.any():
        pc = kernels()
        for place, part in enumerate(parts):
            if part.type.kind is Kind.STRING:
                texts = part.plain().data
                gone = np.asarray(filled(pc.equal(texts, ""), False)) & ignored
                if gone.any():
                    parts[place] = part.masked(gone)
    return _joined(separator, parts, ctx)


@textjoin.overload("TEXTJOIN(separator:str; v:any...) -> str")
def _textjoin_all(separator: Any, *values: Any, ctx: Call) -> Any:
    return _joined(separator, values, ctx)


def _null_mask(part: Any, rows: int) -> Any:
    return np.full(rows, not part.is_valid) if isinstance(part, pa.Scalar) else np.asarray(part.is_null())
