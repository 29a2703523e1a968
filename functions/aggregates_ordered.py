"""Aggregates that give one of the group's values, or all of them: by an order, a frequency, as lists and text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions import ordering
from sheetline.functions.buffers import arrow_array, fixed_values, null_mask, text_scalar
from sheetline.functions.columns import Column, concat
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Form, function
from sheetline.functions.errors import Ints
from sheetline.functions.grouped import Grouped
from sheetline.functions.groups import Groups
from sheetline.functions.list_columns import lists
from sheetline.functions.types import Type, list_of, widen

CATEGORY = "aggregates"
_ROWS: dict[str, list[Any]] = {"g": ["a", "a", "b", "a"], "v": ["x", None, "y", "z"], "t": [3, 1, 7, 2]}
_KEY = {"g": "GROUPBY(#g)"}
_ERRORS = "A group that holds an error, in the values or the order, gives its first error."
_SKIPPED = "Nulls are skipped; a group without values gives null."


def _in_order(groups: Groups, order: Column | None) -> Ints:
    """Return the rows by group, inside each ascending by ``order``: null orders last, ties in row order."""
    keys = [] if order is None else [ordering.sort_key(order)]
    return groups.ordered_by(keys).rows


def _outermost(groups: Groups, order: Column, *, last: bool) -> Ints:
    """Return the row that comes first or last by ``order`` in each group; of equal ones the first or last row."""
    key = ordering.sort_key(order)
    if not len(key):
        return np.full(groups.count, -1, np.int64)
    if ordering.ascending([key]):
        return np.where(groups.sizes > 0, groups.last if last else groups.first, -1)
    best = key[groups.first]
    (np.maximum if last else np.minimum).at(best, groups.codes, key)
    found = np.flatnonzero(key == best[groups.codes])
    if not last:
        found = found[::-1]  # the last write counts
    out = np.full(groups.count, -1, np.int64)
    out[groups.codes[found]] = found
    return out


def _pick(groups: Groups, v: Column, order: Column, *, last: bool) -> Column:
    """Return the value of each group's outermost row; null without rows."""
    return v.take(_outermost(groups, order, last=last), missing=True)


@function(
    "GROUPFIRST(v:any; order:any) -> T",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The value of the record that comes first in ascending order.",
    examples=[
        Example("GROUPFIRST(#Sheet!v;#Sheet!t)", [None, "y"], rows=_ROWS, formulas=_KEY),
        Example("GROUPFIRST(#v;#t)", ["b"], rows={"v": ["a", "b", "c"], "t": [None, 1, 1]}),
    ],
    returns=lambda types, _: types[0],
    big=True,
    nulls="own",
    null_note="The value may be null. A null order comes after all others.",
    error_note=_ERRORS,
    notes="Text is ordered by code point. Of records with equal orders the first row counts.",
)
def group_first(v: Column, order: Column, ctx: Call) -> Column:
    assert ctx.groups is not None
    return _pick(ctx.groups, v, order, last=False)


@function(
    "GROUPLAST(v:any; order:any) -> T",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The value of the record that comes last in ascending order.",
    examples=[
        Example("GROUPLAST(#Sheet!v;#Sheet!t)", ["x", "y"], rows=_ROWS, formulas=_KEY),
        Example("GROUPLAST(#v;#t)", ["a"], rows={"v": ["a", "b", "c"], "t": [None, 1, 1]}),
    ],
    returns=lambda types, _: types[0],
    big=True,
    nulls="own",
    null_note="The value may be null. A null order comes after all others, so its record is the last.",
    error_note=_ERRORS,
    notes="Text is ordered by code point. Of records with equal orders the last row counts.",
)
def group_last(v: Column, order: Column, ctx: Call) -> Column:
    assert ctx.groups is not None
    return _pick(ctx.groups, v, order, last=True)


@function(
    "GROUPANY(v:any) -> T",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The group's first value that is not null, in row order.",
    examples=[
        Example("GROUPANY(#Sheet!v)", ["x", "y"], rows=_ROWS, formulas=_KEY),
        Example("GROUPANY(#v)", [5], rows={"v": [None, 5, 4]}),
    ],
    big=True,
    null_note=_SKIPPED,
    error_note="A group that holds an error gives its first error.",
)
def group_any(v: Grouped) -> Column:
    place = v.first_place()
    chosen = np.full(v.count, -1, np.int64)
    chosen[place >= 0] = v.rows[place[place >= 0]]
    return _without_errors(v.column).take(chosen, missing=True)


def _without_errors(column: Column) -> Column:
    return Column(column.type, column.data, column.null)


@function(
    "GROUPMODE(v:any) -> T",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The most frequent value of the group; of equally frequent ones the smallest.",
    examples=[
        Example("GROUPMODE(#Sheet!v)", ["x", "y"], rows=_ROWS, formulas=_KEY),
        Example("GROUPMODE(#v)", [2], rows={"v": [None, 3, 2, 3, 2, None, None]}),
    ],
    big=True,
    null_note=_SKIPPED,
    error_note="A group that holds an error gives its first error.",
)
def group_mode(v: Grouped) -> Column:
    found = v.distinct
    best = found.largest(found.counts)
    values = np.zeros(v.count, found.values.dtype)
    values[best >= 0] = found.values[best[best >= 0]]
    return v.restore(values, best < 0)


@function(
    "GROUPSELECT(v:any; pick:T; on:T) -> any",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The value of v in the first row where on equals pick.",
    examples=[
        Example('GROUPSELECT(#Sheet!t;"z";#Sheet!v)', [2, None], rows=_ROWS, formulas=_KEY),
        Example("GROUPSELECT(#v;null;#t)", [None], rows={"v": ["a"], "t": [None]}),
    ],
    returns=lambda types, _: types[0],
    big=True,
    nulls="own",
    null_note="The value may be null. A null pick equals nothing; a group without such a row gives null.",
    error_note="A group that holds an error in any argument gives its first error.",
    notes="The result has the type of v.",
)
def group_select(v: Column, pick: Column, on: Column, ctx: Call) -> Column:
    assert ctx.groups is not None
    common = widen(pick.type, on.type) or pick.type
    both = concat([column.cast(common).plain() for column in (pick, on)])
    keys = ordering.comparable(_without_errors(both))[0]
    equal = (keys[: len(v)] == keys[len(v) :]) & pick.valid() & on.valid()
    return _without_errors(v).take(ctx.groups.first_where(equal), missing=True)


def _list_type(types: Sequence[Type], _: Sequence[Any]) -> Type:
    return list_of(types[0])


def _collect(groups: Groups, v: Column, order: Column | None) -> Column:
    """Return the non-null values of each group as a list; null for groups without values."""
    rows = _in_order(groups, order)
    keep = v.valid()
    rows = rows[keep[rows]]
    sizes = np.bincount(groups.codes[rows], minlength=groups.count)
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    return lists(_without_errors(v).take(rows), offsets, sizes == 0)


@function(
    "GROUPLIST(v:any) -> list",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The group's values as a list, in row order or in the ascending order of a second argument.",
    examples=[
        Example("GROUPLIST(#Sheet!v)", [["x", "z"], ["y"]], rows=_ROWS, formulas=_KEY),
        Example("GROUPLIST(#Sheet!v;#Sheet!t)", [["z", "x"], ["y"]], rows=_ROWS, formulas=_KEY),
    ],
    returns=_list_type,
    big=True,
    nulls="own",
    null_note=f"{_SKIPPED} A null order comes after all others.",
    error_note=_ERRORS,
)
def group_list(v: Column, ctx: Call) -> Column:
    assert ctx.groups is not None
    return _collect(ctx.groups, v, None)


@group_list.overload("GROUPLIST(v:any; order:any) -> list", returns=_list_type)
def group_list_by(v: Column, order: Column, ctx: Call) -> Column:
    assert ctx.groups is not None
    return _collect(ctx.groups, v, order)


@function(
    "GROUPSET(v:any) -> list",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The group's distinct values as a list, ascending.",
    examples=[
        Example("GROUPSET(#v)", [[1, 2]], rows={"v": [2, None, 1, 2]}),
        Example("GROUPSET(#Sheet!v)", [["x", "z"], ["y"]], rows=_ROWS, formulas=_KEY),
    ],
    returns=_list_type,
    big=True,
    null_note=_SKIPPED,
    error_note="A group that holds an error gives its first error.",
)
def group_set(v: Grouped) -> Column:
    found = v.distinct
    return lists(v.restore(found.values), found.offsets, found.sizes == 0)


def _joined(collected: Column, sep: str | None) -> Any:
    """Return lists of text joined by ``sep``; null lists stay null, and a null separator makes all null."""
    import pyarrow.compute as pc

    if sep is None:
        return pa.nulls(len(collected), pa.large_string())
    data = collected.data
    sizes = np.diff(fixed_values(data.offsets, np.int64))
    if len(data.values) == 0:
        return pa.nulls(len(data), pa.large_string())
    # a separator before each text but the first of its list, then all texts of a list are one stretch of bytes
    between = np.ones(len(data.values), np.bool_)
    between[fixed_values(data.offsets, np.int64)[:-1][sizes > 0]] = False
    scalar = text_scalar(sep)
    empty = text_scalar("")
    prefix = pc.if_else(arrow_array(between), scalar, empty)
    pieces = pc.binary_join_element_wise(prefix, data.values, empty)
    ends = np.frombuffer(pieces.buffers()[1], np.int64)[pieces.offset : pieces.offset + len(pieces) + 1]
    offsets = ends[fixed_values(data.offsets, np.int64)]
    null = null_mask(data)
    bits = None if null is None else pa.py_buffer(np.packbits(~null, bitorder="little").tobytes())
    offset_buffer = pa.py_buffer(np.ascontiguousarray(offsets).tobytes())
    return pa.LargeStringArray.from_buffers(len(data), offset_buffer, pieces.buffers()[2], bits, data.null_count)


@function(
    'GROUPCONCAT(v:str; [sep:str const=","]) -> str',
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The group's texts joined by a separator, in row order or in the ascending order of a third argument.",
    examples=[
        Example("GROUPCONCAT(#Sheet!v)", ["x,z", "y"], rows=_ROWS, formulas=_KEY),
        Example('GROUPCONCAT(#Sheet!v;"";#Sheet!t)', ["zx", "y"], rows=_ROWS, formulas=_KEY),
    ],
    nulls="own",
    null_note=f"{_SKIPPED} A null order comes after all others.",
    error_note=_ERRORS,
)
def group_concat(v: Column, sep: str | None, ctx: Call) -> Any:
    assert ctx.groups is not None
    return _joined(_collect(ctx.groups, v.plain(), None), sep)


@group_concat.overload("GROUPCONCAT(v:str; sep:str const; order:any) -> str")
def group_concat_by(v: Column, sep: str | None, order: Column, ctx: Call) -> Any:
    assert ctx.groups is not None
    return _joined(_collect(ctx.groups, v.plain(), order), sep)


@function(
    'GROUPCONCATDISTINCT(v:str; [sep:str const=","]) -> str',
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The group's distinct texts, ascending, joined by a separator.",
    examples=[
        Example("GROUPCONCATDISTINCT(#Sheet!v)", ["x,z", "y"], rows=_ROWS, formulas=_KEY),
        Example('GROUPCONCATDISTINCT(#v;"|")', ["a|b"], rows={"v": ["b", None, "a", "b"]}),
    ],
    null_note=_SKIPPED,
    error_note="A group that holds an error gives its first error.",
)
def group_concat_distinct(v: Grouped, sep: str) -> Any:
    found = v.distinct
    return _joined(lists(v.restore(found.values), found.offsets, found.sizes == 0), sep)
