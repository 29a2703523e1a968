"""Look-ups: values of another sheet by key. The other sheet's columns are looked at once, as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sheetline.functions.choosing import as_column
from sheetline.functions.columns import Column, Constant
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Form, function
from sheetline.functions.distinct import Distinct, whole
from sheetline.functions.types import INTEGER, Type

CATEGORY = "lookup"
_NULLS = "A null key finds nothing, and null keys are not found."
_ERRORS = "An error as key finds nothing, and errors among the keys are not found."
_ROWS: dict[str, list[Any]] = {"k": ["a", "b", None], "id": ["b", "a", "b"], "name": ["Ben", "Ann", "Bob"]}


def _value_type(types: Sequence[Type], constants: Sequence[Any]) -> Type:
    return types[2]


def _fit_lookup(ctx: Call, keys: Any, values: Any) -> tuple[Distinct, Column]:
    rows = 1 if not isinstance(keys, Column) and not isinstance(values, Column) else ctx.rows

    def column(value: Any, type_: Type) -> Column:  # a constant beside a column stands on each of its rows
        return value if isinstance(value, Column) else Constant(type_, value).column(rows)

    known = Distinct.of(column(keys, ctx.types[0]))
    return known, column(values, ctx.types[2]).plain().take(known.first)


@function(
    "LOOKUP(key:T; keys:T; values:any) -> any",
    category=CATEGORY,
    form=Form.FITTED,
    summary="The value in the first row, mostly of another sheet, whose key equals the given one.",
    examples=[
        Example("LOOKUP(#k;#id;#name)", ["Ann", "Ben", None], rows=_ROWS),
        Example('LOOKUP("z";#id;#name)', [None, None, None], rows=_ROWS),
    ],
    fit=_fit_lookup,
    fit_on=("keys", "values"),
    apply_on=("key",),
    returns=_value_type,
    nulls="own",
    errors="own",
    null_note=_NULLS + " A null value is found as null.",
    error_note=_ERRORS + " An error value is found as that error.",
    notes="Null where no key is equal.",
)
def lookup(facts: tuple[Distinct, Column], key: Any, ctx: Call) -> Any:
    known, values = facts
    return values.take(known.place(as_column(key, ctx.rows)), missing=True)


def _fit_keys(ctx: Call, keys: Any) -> Distinct:
    return Distinct.of(whole(keys, ctx.types[0]))


@function(
    "LOOKUPCOUNT(key:T; keys:T) -> int",
    category=CATEGORY,
    form=Form.FITTED,
    summary="The number of rows, mostly of another sheet, whose key equals the given one.",
    examples=[
        Example("LOOKUPCOUNT(#k;#id)", [1, 2, 0], rows=_ROWS),
        Example('LOOKUPCOUNT("z";#id)', [0, 0, 0], rows=_ROWS),
    ],
    fit=_fit_keys,
    fit_on=("keys",),
    apply_on=("key",),
    nulls="own",
    errors="own",
    null_note=_NULLS,
    error_note=_ERRORS,
)
def lookup_count(facts: Distinct, key: Any, ctx: Call) -> Any:
    place = facts.place(as_column(key, ctx.rows))
    return Column(INTEGER, np.append(facts.counts, 0)[place])  # place -1 is the 0 behind the counts


@function(
    "EXISTS(key:T; keys:T) -> bool",
    category=CATEGORY,
    form=Form.FITTED,
    summary="Whether a row, mostly of another sheet, has a key that equals the given one.",
    examples=[
        Example("EXISTS(#k;#id)", [True, True, False], rows=_ROWS),
        Example('EXISTS("z";#id)', [False, False, False], rows=_ROWS),
    ],
    fit=_fit_keys,
    fit_on=("keys",),
    apply_on=("key",),
    nulls="own",
    errors="own",
    null_note=_NULLS,
    error_note=_ERRORS,
)
def exists(facts: Distinct, key: Any, ctx: Call) -> Any:
    return facts.place(as_column(key, ctx.rows)) >= 0
