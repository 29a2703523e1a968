"""Lists and their values: what occurs in them, where and how often; order, sets, and lists as text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions import ordering
from sheetline.functions.buffers import arrow_array, text_scalar
from sheetline.functions.columns import Column, Constant
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, function
from sheetline.functions.errors import Ints, Mask
from sheetline.functions.list_columns import (
    Lists,
    all_lists,
    codes_of,
    common_type,
    counts,
    edges,
    equal_elements,
    joined,
    keys_of,
    list_and_value,
    lists,
    same_list,
    taken_apart,
    value_column,
)
from sheetline.functions.segments import order_segments, sort_segments
from sheetline.functions.text_support import MAX_CELL, as_rows, checked, kernels, numbers, raw_bytes, to_text
from sheetline.functions.types import BOOLEAN, INTEGER, Kind, Type

CATEGORY = "lists"
_NULL = "A null list or value gives null; null elements equal no value."

# Looking for a value.


def _checked_types(types: Any, result: Type) -> Type:
    list_and_value(types, ())  # refuses a value that no element can equal
    return result


def _hits(ctx: Call) -> tuple[Lists, Mask]:
    """Return the lists and for each element whether it is the value that is looked for."""
    item = common_type(ctx.types, lambda place: place == 0)
    found = taken_apart(ctx, 0, item)
    return found, equal_elements(found, value_column(ctx, 1, item, spread=False))


@function(
    "LISTCONTAINS(l:list<T>; v:T) -> bool",
    category=CATEGORY,
    summary="Whether a value is an element of a list.",
    examples=[
        Example("LISTCONTAINS([1;2;3];2)", True),
        Example('LISTCONTAINS(["a"];"A")', False),
        Example("LISTCONTAINS([1;null];2)", False),
        Example("LISTCONTAINS(null;1)", None),
    ],
    returns=lambda types, _: _checked_types(types, BOOLEAN),
    null_note=_NULL,
)
def list_contains(l: Any, v: Any, ctx: Call) -> Any:  # noqa: E741 - the catalogue's name of the parameter
    if isinstance(ctx.args[0], Constant):
        return _in_constant(ctx) >= 0
    found, same = _hits(ctx)
    return counts(same, found.offsets) > 0


def _in_constant(ctx: Call) -> Ints:
    """Return for each value its place in a constant list, or -1: each distinct value is looked for once."""
    item = common_type(ctx.types, lambda place: place == 0)
    inside = taken_apart(ctx, 0, item, spread=False).values()
    value = value_column(ctx, 1, item)
    options, wanted = codes_of([inside, value])
    first: dict[int, int] = {}
    for place, (code, valid) in enumerate(zip(options.tolist(), inside.valid().tolist(), strict=True)):
        if valid:
            first.setdefault(code, place)
    table = np.full(int(wanted.max(initial=-1)) + 2, -1, np.int64)
    for code, place in first.items():
        if code < len(table):
            table[code] = place
    return table[wanted]


@function(
    "LISTINDEXOF(l:list<T>; v:T) -> int",
    category=CATEGORY,
    summary="The place of the first element that equals a value, counted from 0; -1 where there is none.",
    examples=[
        Example('LISTINDEXOF(["a";"b";"b"];"b")', 1),
        Example("LISTINDEXOF([1;2];3)", -1),
        Example("LISTINDEXOF([1;2];null)", None),
    ],
    returns=lambda types, _: _checked_types(types, INTEGER),
    null_note=_NULL,
)
def list_index_of(l: Any, v: Any, ctx: Call) -> Any:  # noqa: E741
    if isinstance(ctx.args[0], Constant):
        return _in_constant(ctx)
    found, same = _hits(ctx)
    places = np.flatnonzero(same)[::-1]
    rows = np.searchsorted(found.offsets, places, side="right") - 1
    out = np.full(ctx.rows, -1, np.int64)
    out[rows] = places - found.starts[rows]  # the last write is the first place
    return out


@function(
    "LISTCOUNT(l:list<T>; v:T) -> int",
    category=CATEGORY,
    summary="How many elements equal a value; without a value, how many are not null.",
    examples=[
        Example("LISTCOUNT([1;2;1];1)", 2),
        Example("LISTCOUNT([1;null;1])", 2),
        Example("LISTCOUNT([];1)", 0),
        Example("LISTCOUNT(null;1)", None),
    ],
    returns=lambda types, _: _checked_types(types, INTEGER),
    null_note=_NULL,
    notes="LISTSIZE counts null elements too.",
)
def list_count(l: Any, v: Any, ctx: Call) -> Any:  # noqa: E741
    found, same = _hits(ctx)
    return counts(same, found.offsets)


@list_count.overload("LISTCOUNT(l:list<any>) -> int")
def _count_values(l: Any, ctx: Call) -> Any:  # noqa: E741
    found = taken_apart(ctx, 0)
    null = found.values().nulls()
    return found.sizes if null is None else counts(~null, found.offsets)


@function(
    "LISTREMOVE(l:list<T>; v:T) -> list<T>",
    category=CATEGORY,
    summary="The list without the elements that equal a value.",
    examples=[
        Example("LISTREMOVE([1;2;1;3];1)", [2, 3]),
        Example('LISTREMOVE(["a";null];"b")', ["a", None]),
        Example("LISTREMOVE([1];null)", None),
    ],
    returns=list_and_value,
    null_note="A null list or value gives null; null elements stay.",
)
def list_remove(l: Any, v: Any, ctx: Call) -> Any:  # noqa: E741
    found, same = _hits(ctx)
    return found.keep(~same)


# Order.

#: Elements that are sorted as numbers, and turned back; of others the places are put in order.
_SORTABLE = (Kind.INTEGER, Kind.FLOAT, Kind.DATE, Kind.BOOLEAN, Kind.STRING)
_LAST = np.iinfo(np.int64).max


def _direction(order: Any) -> bool:
    word = str(order).strip().lower()
    if word not in ("asc", "desc"):
        raise ValueError('the order is "asc" or "desc"')
    return word == "desc"


@function(
    'LISTSORT(l:list<any>; [order:str const="asc"]) -> T',
    category=CATEGORY,
    summary="The elements of a list in ascending or descending order.",
    examples=[
        Example("LISTSORT([3;1;2])", [1, 2, 3]),
        Example('LISTSORT(["b";"a";null;"B"];"desc")', ["b", "a", "B", None]),
        Example("LISTSORT(null)", None),
    ],
    returns=same_list,
    prepare={"order": _direction},
    null_note="A null list gives null; null elements stand last in either order.",
    notes="Text is ordered by code point. Equal elements keep their order.",
)
def list_sort(l: Any, order: Any, ctx: Call) -> Any:  # noqa: E741
    found = taken_apart(ctx, 0)
    values = found.values()
    null = values.nulls()
    if values.type.kind not in _SORTABLE:
        ranks = ordering.sort_key(values, descending=order)
        return found.take(order_segments(ranks, found.offsets), found.offsets)
    keys, back = ordering.comparable(values)
    keys = ~keys if order else keys.copy()  # ~x descends as x ascends, also at the ends of 64 bits
    if null is not None:
        if int(keys.max(initial=0)) == _LAST:
            keys = np.unique(keys, return_inverse=True)[1].astype(np.int64)
            return found.take(order_segments(np.where(null, _LAST, keys), found.offsets), found.offsets)
        keys[null] = _LAST
    sort_segments(keys, found.offsets)
    gone = None if null is None else keys == _LAST
    keys = ~keys if order else keys
    if gone is not None:
        keys[gone] = 0
    return lists(ordering.restore(values, keys, back, gone), found.offsets)


# Lists as sets.


#: Where a slot for each code would be too many, codes share so many slots a list; what meets there is sorted.
_SLOTS = 32


def _slots(codes: Ints, lists_: int, width: int) -> tuple[Ints, int]:
    """Return the slot of each code, and how many slots a list has: enough for all codes, or a few shared ones."""
    if width <= _SLOTS or width * lists_ <= 16 * len(codes):
        return codes, width
    return codes & (_SLOTS - 1), _SLOTS


#: In lists up to this size every element is compared with those before it.
_PAIRWISE = 12
#: In lists up to this size every element is looked for, one after the other.
_ONE_BY_ONE = 8


def _codes(parts: list[Lists]) -> list[Ints]:
    """Return numbers of the elements, equal for equal ones: without gaps where slots are to be found for them."""
    first, *others = (int(part.sizes.max(initial=0)) for part in parts)
    compared = first <= _PAIRWISE and max(others, default=0) <= _ONE_BY_ONE
    return (keys_of if compared else codes_of)([part.values() for part in parts])


def _first_ones(codes: Ints, offsets: Ints) -> Mask:
    """Return which elements are the first of their list with their code."""
    sizes = np.diff(offsets)
    if int(sizes.max(initial=0)) <= _PAIRWISE:
        return _first_of_short(codes, offsets, sizes)
    return _first_by_slots(codes, offsets)


def _first_of_short(codes: Ints, offsets: Ints, sizes: Ints) -> Mask:
    first: Mask = np.ones(len(codes), np.bool_)
    for size in np.flatnonzero(np.bincount(sizes)).tolist():
        starts = offsets[:-1][sizes == size]
        element = [codes[starts + place] for place in range(size)]
        for place in range(1, size):
            known = element[place] == element[0]
            for before in element[1:place]:
                known |= element[place] == before
            first[starts[known] + place] = False
    return first


def _first_by_slots(codes: Ints, offsets: Ints) -> Mask:
    count = len(offsets) - 1
    rows, places = np.repeat(np.arange(count), np.diff(offsets)), np.arange(len(codes), dtype=np.int32)
    slots, width = _slots(codes, count, int(codes.max(initial=-1)) + 1)
    keys = rows * width + slots
    table = np.empty(count * width, np.int32)  # half the memory of a block, which has far fewer elements than 2**31
    table[keys[::-1]] = places[::-1]  # the last write is the first element
    found = table[keys]
    first: Mask = np.asarray(found == places)
    clash = codes[found] != codes if slots is not codes else np.zeros(0, np.bool_)
    if clash.any():
        again = np.zeros(count, np.bool_)
        again[rows[clash]] = True
        open_ = places[again[rows]]
        order = open_[ordering.stable_order([rows[open_], codes[open_]], len(open_))]
        new = np.ones(len(order), np.bool_)
        new[1:] = (rows[order[1:]] != rows[order[:-1]]) | (codes[order[1:]] != codes[order[:-1]])
        first[order] = new
    return first


def _distinct(found: Lists) -> Column:
    (codes,) = _codes([found])
    return found.keep(_first_ones(codes, found.offsets))


@function(
    "LISTDISTINCT(l:list<any>) -> T",
    category=CATEGORY,
    summary="The distinct elements of a list, in the order in which they first appear.",
    examples=[
        Example("LISTDISTINCT([2;1;2;3;1])", [2, 1, 3]),
        Example("LISTDISTINCT([1;null;null])", [1, None]),
        Example("LISTDISTINCT(null)", None),
    ],
    returns=same_list,
    null_note="A null list gives null; null is an element like any other, and equals null.",
)
def list_distinct(l: Any, ctx: Call) -> Any:  # noqa: E741
    return _distinct(taken_apart(ctx, 0))


_SETS = "A null list gives null; null is an element like any other, and equals null."


@function(
    "LISTUNION(l:list<T>...) -> list<T>",
    category=CATEGORY,
    summary="The distinct elements of all lists, in the order in which they first appear.",
    examples=[
        Example("LISTUNION([2;1];[3;2])", [2, 1, 3]),
        Example("LISTUNION([1;null];[null];[4])", [1, None, 4]),
        Example("LISTUNION([1];null)", None),
    ],
    returns=all_lists,
    null_note=_SETS,
)
def list_union(*l: Any, ctx: Call) -> Any:  # noqa: E741
    item = common_type(ctx.types)
    return _distinct(joined([taken_apart(ctx, place, item) for place in range(len(l))]))


def _inside(codes: Ints, offsets: Ints, others: Ints, other_offsets: Ints) -> Mask:
    """Return which elements occur, by their codes, in the other list of the same row."""
    if int(np.diff(other_offsets).max(initial=0)) <= _ONE_BY_ONE:
        return _inside_short(codes, np.diff(offsets), others, other_offsets)
    count = len(offsets) - 1
    rows, other_rows = (np.repeat(np.arange(count), np.diff(edge)) for edge in (offsets, other_offsets))
    codes_end = max(int(codes.max(initial=-1)), int(others.max(initial=-1))) + 1
    slots, width = _slots(np.concatenate((codes, others)), count, codes_end)
    keys, other_keys = rows * width + slots[: len(codes)], other_rows * width + slots[len(codes) :]
    table = np.empty(count * width, np.int32)
    table[keys] = -1
    table[other_keys] = np.arange(len(others), dtype=np.int32)
    found = table[keys]
    inside: Mask = np.asarray(found >= 0)
    some = np.flatnonzero(inside)
    clash = some[others[found[some]] != codes[some]]
    if len(clash):
        again = np.zeros(count, np.bool_)
        again[rows[clash]] = True
        open_ = again[other_rows]
        known = np.sort(other_rows[open_] * codes_end + others[open_])
        wanted = rows[clash] * codes_end + codes[clash]
        inside[clash] = known[np.minimum(np.searchsorted(known, wanted), len(known) - 1)] == wanted
    return inside


def _inside_short(codes: Ints, sizes: Ints, others: Ints, other_offsets: Ints) -> Mask:
    inside: Mask = np.zeros(len(codes), np.bool_)
    other_sizes = np.diff(other_offsets)
    starts, there = np.repeat(other_offsets[:-1], sizes), np.repeat(other_sizes, sizes)
    for place in range(int(other_sizes.max(initial=0))):
        same = others[np.minimum(starts + place, len(others) - 1)] == codes
        inside |= same & (there > place)
    return inside


def _sets(ctx: Call) -> tuple[list[Lists], list[Ints]]:
    """Return all list arguments taken apart, and the codes of their elements."""
    item = common_type(ctx.types)
    parts = [taken_apart(ctx, place, item) for place in range(len(ctx.args))]
    return parts, _codes(parts)


@function(
    "LISTINTERSECTION(l:list<T>...) -> list<T>",
    category=CATEGORY,
    summary="The distinct elements that all lists have, in the order of the first list.",
    examples=[
        Example("LISTINTERSECTION([3;1;2;3];[2;3;4])", [3, 2]),
        Example("LISTINTERSECTION([1;null];[null])", [None]),
        Example("LISTINTERSECTION([1];null)", None),
    ],
    returns=all_lists,
    null_note=_SETS,
)
def list_intersection(*l: Any, ctx: Call) -> Any:  # noqa: E741
    (first, *rest), (codes, *others) = _sets(ctx)
    keep = _first_ones(codes, first.offsets)
    for part, more in zip(rest, others, strict=True):
        keep &= _inside(codes, first.offsets, more, part.offsets)
    return first.keep(keep)


@function(
    "LISTDIFFERENCE(l:list<T>...) -> list<T>",
    category=CATEGORY,
    summary="The distinct elements of the first list that no other list has, in their order.",
    examples=[
        Example("LISTDIFFERENCE([3;1;2;3];[2])", [3, 1]),
        Example('LISTDIFFERENCE(["a";null];[null];["b"])', ["a"]),
        Example("LISTDIFFERENCE(null;[1])", None),
    ],
    returns=all_lists,
    null_note=_SETS,
)
def list_difference(*l: Any, ctx: Call) -> Any:  # noqa: E741
    (first, *rest), (codes, *others) = _sets(ctx)
    keep = _first_ones(codes, first.offsets)
    for part, more in zip(rest, others, strict=True):
        keep &= ~_inside(codes, first.offsets, more, part.offsets)
    return first.keep(keep)


def _subset_type(types: Any, _: Any) -> Type:
    common_type(types)
    return BOOLEAN


@function(
    "LISTISSUBSET(a:list<T>; b:list<T>) -> bool",
    category=CATEGORY,
    summary="Whether every element of the first list is one of the second.",
    examples=[
        Example("LISTISSUBSET([2;2];[1;2])", True),
        Example("LISTISSUBSET([1;3];[1;2])", False),
        Example("LISTISSUBSET([];[1])", True),
        Example("LISTISSUBSET([1];null)", None),
    ],
    returns=_subset_type,
    null_note=_SETS,
)
def list_is_subset(a: Any, b: Any, ctx: Call) -> Any:
    (first, other), (codes, others) = _sets(ctx)
    missing = ~_inside(codes, first.offsets, others, other.offsets)
    return counts(missing, first.offsets) == 0


# Lists as text.


@function(
    'LISTJOIN(l:list<any>; [sep:str=","]) -> str',
    category=CATEGORY,
    summary="The elements of a list as one text, with a separator between them.",
    examples=[
        Example('LISTJOIN(["a";"b"];"-")', "a-b"),
        Example("LISTJOIN([1;null;2.5])", "1,2.5"),
        Example('LISTJOIN([];",")', ""),
        Example('LISTJOIN(null;",")', None),
    ],
    null_note="A null list or separator gives null; null elements are left out.",
    error_note="A text longer than 10 MB is an error LIMIT.",
    notes="Elements are shown as T shows them.",
)
def list_join(l: Any, sep: Any, ctx: Call) -> Any:  # noqa: E741
    sep = checked(sep, ctx)
    found = taken_apart(ctx, 0)
    values = found.values()
    offsets, shown = found.offsets, to_text(values, ctx)
    null = values.nulls()
    if null is not None:
        shown, offsets = shown.drop_null(), edges(~null)[offsets]
    if isinstance(sep, str):
        between: Any = text_scalar(sep)
        width: Any = len(sep.encode())
    else:
        between = as_rows(sep, ctx)
        width = numbers(kernels().binary_length(between))
    parts = np.diff(offsets)
    bytes_ = np.diff(raw_bytes(shown)[1][offsets]) + width * np.maximum(parts - 1, 0).astype(np.float64)
    long = bytes_ > MAX_CELL
    if long.any():
        ctx.fail(long, "LIMIT", "LISTJOIN: the text is longer than 10 MB")
        keep = np.repeat(~long, parts)
        shown, offsets = shown.filter(arrow_array(keep)), edges(np.where(long, 0, parts))
    return kernels().binary_join(
        pa.LargeListArray.from_arrays(arrow_array(np.asarray(offsets, np.int64)), shown), between
    )
