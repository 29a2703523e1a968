"""Lists: making them, taking elements and parts of them, and changing them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions.arrow_items import to_items
from sheetline.functions.buffers import arrow_array, filled
from sheetline.functions.choosing import as_column
from sheetline.functions.columns import Column, Constant, arrow_type
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.errors import Ints
from sheetline.functions.expanding import items_column
from sheetline.functions.list_columns import (
    Lists,
    all_lists,
    common_type,
    edges,
    item_of,
    joined,
    list_and_value,
    listed,
    same_list,
    taken_apart,
    value_column,
)
from sheetline.functions.resolve import Mismatch
from sheetline.functions.types import NULL, Kind, Type, list_of, pair_of, widen

CATEGORY = "lists"


def _list_type(types: Sequence[Type], constants: Sequence[Any]) -> Type:
    return list_of(types[0] if types else NULL)


@function(
    "LIST([v:T...]) -> list",
    category=CATEGORY,
    summary="A list of its arguments, which have one type; [a;b] means the same.",
    examples=[
        Example("LIST(1;2;3)", [1, 2, 3]),
        Example("[#a;0]", [[1, 0], [None, 0]], rows={"a": [1, None]}),
        Example("LIST(1;1 / 0)", Failure("DIV0")),
    ],
    returns=_list_type,
    nulls="own",
    null_note="A null is an element like any other.",
)
def list_(*v: Any, ctx: Call) -> Any:
    item = ctx.types[0] if v else NULL
    type_ = list_of(item)
    parts = []
    for arg in v:
        items, long = to_items(as_column(arg, ctx.rows))
        if long is not None:
            ctx.fail(long, "LIMIT", "LIST: an exact number of a list has at most 76 digits")
        parts.append(items)
    offsets = np.arange(ctx.rows + 1, dtype=np.int64) * len(parts)
    starts: Any = arrow_array(offsets)
    if not parts:
        values = pa.nulls(0, arrow_type(type_).value_type)
    elif len(parts) == 1:
        values = parts[0]
    else:  # row by row: the elements of row i stand at i, i + rows, i + 2 rows … of the parts joined
        order = np.arange(ctx.rows * len(parts), dtype=np.int64).reshape(len(parts), ctx.rows)
        values = pa.concat_arrays(parts).take(arrow_array(order.T.reshape(-1)))
    return Column(type_, pa.LargeListArray.from_arrays(starts, values).cast(arrow_type(type_)))


# Elements and parts.


@function(
    "LISTSIZE(l:list) -> int",
    category=CATEGORY,
    summary="The number of elements of a list.",
    examples=[
        Example('LISTSIZE(["a";"b"])', 2),
        Example("LISTSIZE([1;null])", 2),
        Example("LISTSIZE([])", 0),
        Example("LISTSIZE(null)", None),
    ],
    null_note="A null list gives null; null elements count.",
)
def list_size(l: Any, ctx: Call) -> Any:  # noqa: E741 - the catalogue's name of the parameter
    if ctx.types[0].kind is Kind.PAIR:
        return len(ctx.types[0].items)
    return taken_apart(ctx, 0).sizes


_OUTSIDE = "Null also where the list has no such element."


def _element_type(types: Sequence[Type], constants: Sequence[Any]) -> Type:
    """Return the type of an element; the values of a mixed pair have types of their own."""
    if types[0].kind is not Kind.PAIR:
        return item_of(types[0])
    if constants[1] is None:
        raise Mismatch("const", 1)
    place = int(constants[1])
    count = len(types[0].items)
    if not -count <= place < count:
        raise Mismatch("value", 1, detail=f"a pair of {count} has no such element")
    return types[0].items[place]


def _at(found: Lists, places: Any, ctx: Call) -> Column:
    """Return the elements at places from 0, or before 0 from the end; null where there is none."""
    sizes = found.sizes
    index = np.where(np.less(places, 0), places + sizes, places)
    outside = (index < 0) | (index >= sizes)
    taken = arrow_array(np.where(outside, 0, found.starts + index), np.broadcast_to(outside, (ctx.rows,)))
    return items_column(found.items.take(taken), found.item)


def _of_pair(ctx: Call, place: int) -> Column:
    """Return one field of a mixed pair."""
    type_ = ctx.types[0].items[place]
    return items_column(as_column(ctx.args[0], ctx.rows).data.flatten()[place], type_)


@function(
    "ELEMENT(l:list; index:int) -> T",
    category=CATEGORY,
    summary="The element of a list at a place, counted from 0.",
    examples=[
        Example('ELEMENT(["a";"b";"c"];1)', "b"),
        Example('ELEMENT(["a";"b";"c"];-1)', "c"),
        Example("ELEMENT([1;2];2)", None),
        Example("ELEMENT(null;0)", None),
    ],
    returns=_element_type,
    null_note=_OUTSIDE,
    notes="A place below 0 counts from the end: -1 is the last element. Of a mixed pair the place must be constant.",
)
def element(l: Any, index: Any, ctx: Call) -> Any:  # noqa: E741
    if ctx.types[0].kind is Kind.PAIR:
        place = ctx.args[1].value if isinstance(ctx.args[1], Constant) else int(index[0]) if len(index) else 0
        return _of_pair(ctx, place)
    return _at(taken_apart(ctx, 0, spread=False), index, ctx)


def _end_of_list(name: str, word: str, place: int, shown: Any) -> None:
    """Declare FIRST or LAST."""

    def end_type(types: Sequence[Type], constants: Sequence[Any]) -> Type:
        return types[0].items[place] if types[0].kind is Kind.PAIR else item_of(types[0])

    @function(
        f"{name}(l:list) -> T",
        category=CATEGORY,
        summary=f"The {word} element of a list.",
        examples=[
            Example(f'{name}(["a";"b";"c"])', shown),
            Example(f"{name}([])", None),
            Example(f"{name}(#l)", [7 if place else None, None], rows={"l": [[None, 7], None]}),
        ],
        returns=end_type,
        null_note="Null also for an empty list, and where that element is null.",
    )
    def kernel(l: Any, ctx: Call) -> Any:  # noqa: E741
        if ctx.types[0].kind is Kind.PAIR:
            return _of_pair(ctx, place)
        return _at(taken_apart(ctx, 0), np.int64(place), ctx)


_end_of_list("FIRST", "first", 0, "a")
_end_of_list("LAST", "last", -1, "c")


def _cut(found: Lists, start: Any, stop: Any) -> Column:
    """Return the elements of each list from ``start`` up to ``stop``, both from 0 and inside the list."""
    sizes = np.maximum(stop - start, 0)
    ends = np.cumsum(sizes)
    places = np.repeat(found.starts + start - (ends - sizes), sizes) + np.arange(ends[-1] if len(ends) else 0)
    return found.take(places, edges(sizes))


@function(
    "SUBLIST(l:list<any>; from:int; to:int) -> T",
    category=CATEGORY,
    summary="The elements of a list from a place, counted from 0, up to but without the place to.",
    examples=[
        Example("SUBLIST([1;2;3;4];1;3)", [2, 3]),
        Example("SUBLIST([1;2;3;4];2)", [3, 4]),
        Example("SUBLIST([1;2];1;99)", [2]),
        Example("SUBLIST([1;2];-1;1)", Failure("VALUE")),
        Example("SUBLIST([1;2];2;1)", Failure("VALUE")),
        Example("SUBLIST(null;0;1)", None),
    ],
    returns=same_list,
    error_note="A place below 0, or an end before the start, is an error VALUE.",
    notes="What lies beyond the end of the list is left out, as in SUBSTR. LISTSLICE counts from the end too.",
)
def sublist(l: Any, start: Any, stop: Any, ctx: Call) -> Any:  # noqa: E741
    ctx.fail(np.less(start, 0), "VALUE", "SUBLIST: the place {1} is below 0")
    ctx.fail(np.less(stop, start), "VALUE", "SUBLIST: the end {2} lies before the start {1}")
    found = taken_apart(ctx, 0)
    sizes = found.sizes
    return _cut(found, np.clip(start, 0, sizes), np.clip(stop, 0, sizes))


@sublist.overload("SUBLIST(l:list<any>; from:int) -> T", returns=same_list)
def _sublist_to_end(l: Any, start: Any, ctx: Call) -> Any:  # noqa: E741
    ctx.fail(np.less(start, 0), "VALUE", "SUBLIST: the place {1} is below 0")
    found = taken_apart(ctx, 0)
    return _cut(found, np.clip(start, 0, found.sizes), found.sizes)


def _slice(found: Lists, start: Any, stop: Any, step: Any) -> Column:
    """Return Python's ``l[start:stop:step]`` of each list; ``None`` is the end that the step comes from or goes to."""
    sizes = found.sizes
    step = np.clip(step, -(2**40), 2**40)  # longer than any list, and its negative is a number too
    down = np.less(step, 0)
    low, high = np.where(down, -1, 0), np.where(down, sizes - 1, sizes)

    def inside(place: Any) -> Ints:
        counted = np.where(np.less(place, 0), np.maximum(place, -(2**62)) + sizes, place)
        return np.asarray(np.clip(counted, low, high), np.int64)

    begin = np.where(down, high, low) if start is None else inside(start)
    end = np.where(down, low, high) if stop is None else inside(stop)
    width = np.where(down, -step, np.maximum(step, 1))
    lengths = np.maximum((np.where(down, begin - end, end - begin) + width - 1) // width, 0)
    ends = np.cumsum(lengths)
    number = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - lengths, lengths)
    steps = np.repeat(np.broadcast_to(step, lengths.shape), lengths)
    return found.take(np.repeat(found.starts + begin, lengths) + number * steps, edges(lengths))


@function(
    "LISTSLICE(l:list<any>; from:int; to:int; [step:int=1]) -> T",
    category=CATEGORY,
    summary="The elements of a list between two places, counted from 0 or, below 0, from the end.",
    examples=[
        Example("LISTSLICE([1;2;3;4];1;-1)", [2, 3]),
        Example("LISTSLICE([1;2;3;4];-2)", [3, 4]),
        Example("LISTSLICE([1;2;3;4];0;4;2)", [1, 3]),
        Example("LISTSLICE([1;2;3;4];-1;-5;-1)", [4, 3, 2, 1]),
        Example("LISTSLICE([1;2];5;9)", []),
        Example("LISTSLICE([1;2];0;2;0)", Failure("VALUE")),
        Example("LISTSLICE(null;0;1)", None),
    ],
    returns=same_list,
    error_note="A step of 0 is an error VALUE.",
    notes="The element at the place to is not part of the result. A step of 2 takes every second element, one below 0 "
    "goes backwards.",
    source="Slices as in Python.",
)
def list_slice(l: Any, start: Any, stop: Any, step: Any, ctx: Call) -> Any:  # noqa: E741
    ctx.fail(np.equal(step, 0), "VALUE", "LISTSLICE: a step of 0 never arrives")
    return _slice(taken_apart(ctx, 0), start, stop, step)


@list_slice.overload("LISTSLICE(l:list<any>; from:int) -> T", returns=same_list)
def _slice_to_end(l: Any, start: Any, ctx: Call) -> Any:  # noqa: E741
    return _slice(taken_apart(ctx, 0), start, None, 1)


# Joining and rearranging.


@function(
    "LISTCONCAT(l:list<T>...) -> list<T>",
    category=CATEGORY,
    summary="One list of the elements of all lists, one after the other; the operator + does the same with two.",
    examples=[
        Example("LISTCONCAT([1;2];[3];[])", [1, 2, 3]),
        Example("LISTCONCAT([1];[2.5])", [1.0, 2.5]),
        Example("LISTCONCAT([1];null)", None),
    ],
    returns=all_lists,
)
def list_concat(*l: Any, ctx: Call) -> Any:  # noqa: E741
    item = common_type(ctx.types)
    return joined([taken_apart(ctx, place, item) for place in range(len(l))]).column()


def _single(values: Column, ctx: Call) -> Lists:
    """Return values as lists of one element each."""
    items, long = to_items(values)
    if long is not None:
        ctx.fail(long, "LIMIT", f"{ctx.function}: an exact number of a list has at most 76 digits")
    return Lists(items, np.arange(len(values) + 1), values.type)


def _with_value(ctx: Call, *, ahead: bool) -> Column:
    item = common_type(ctx.types, lambda place: place == 0)
    parts = [taken_apart(ctx, 0, item), _single(value_column(ctx, 1, item), ctx)]
    return joined(parts[::-1] if ahead else parts).column()


@function(
    "LISTAPPEND(l:list<T>; v:T) -> list<T>",
    category=CATEGORY,
    summary="The list with one more element at its end.",
    examples=[
        Example("LISTAPPEND([1;2];3)", [1, 2, 3]),
        Example('LISTAPPEND([];"a")', ["a"]),
        Example("LISTAPPEND([1];null)", None),
    ],
    returns=list_and_value,
    notes="LISTCONCAT(l;[v]) appends a null too.",
)
def list_append(l: Any, v: Any, ctx: Call) -> Any:  # noqa: E741
    return _with_value(ctx, ahead=False)


@function(
    "LISTPREPEND(l:list<T>; v:T) -> list<T>",
    category=CATEGORY,
    summary="The list with one more element before its first.",
    examples=[
        Example("LISTPREPEND([1;2];0)", [0, 1, 2]),
        Example("LISTPREPEND(null;0)", None),
    ],
    returns=list_and_value,
    notes="LISTCONCAT([v];l) puts a null first too.",
)
def list_prepend(l: Any, v: Any, ctx: Call) -> Any:  # noqa: E741
    return _with_value(ctx, ahead=True)


@function(
    "LISTREVERSE(l:list<any>) -> T",
    category=CATEGORY,
    summary="The elements of a list in the opposite order.",
    examples=[Example("LISTREVERSE([1;2;3])", [3, 2, 1]), Example("LISTREVERSE(null)", None)],
    returns=same_list,
)
def list_reverse(l: Any, ctx: Call) -> Any:  # noqa: E741
    found = taken_apart(ctx, 0)
    places = np.repeat(found.offsets[:-1] + found.offsets[1:] - 1, found.sizes) - np.arange(len(found.items))
    return found.take(places, found.offsets)


def _flat_type(types: Sequence[Type], _: Sequence[Any]) -> Type:
    return list_of(item_of(item_of(types[0])))


@function(
    "LISTFLATTEN(l:list<list<any>>) -> list<any>",
    category=CATEGORY,
    summary="One list of the elements of the lists in a list.",
    examples=[
        Example("LISTFLATTEN([[1;2];[];[3]])", [1, 2, 3]),
        Example("LISTFLATTEN([[1];null;[null]])", [1, None]),
        Example("LISTFLATTEN(null)", None),
    ],
    returns=_flat_type,
    null_note="A null among the lists has no elements.",
    notes="One level is taken away; lists of lists of lists give lists of lists.",
)
def list_flatten(l: Any, ctx: Call) -> Any:  # noqa: E741
    found = taken_apart(ctx, 0)
    if found.item.kind is Kind.NULL:
        return listed(found.items.slice(0, 0), np.zeros(ctx.rows + 1, np.int64), list_of(NULL))
    sizes = found.items.value_lengths()
    inner = edges(np.asarray(filled(sizes, 0) if sizes.null_count else sizes))
    return listed(found.items.flatten(), inner[found.offsets], found.item)


def _zip_type(types: Sequence[Type], _: Sequence[Any]) -> Type:
    """Return lists of pairs: of two elements of one type lists, else mixed pairs."""
    left, right = item_of(types[0]), item_of(types[1])
    common = widen(left, right)
    return list_of(pair_of(left, right) if common is None else list_of(common))


@function(
    "LISTZIP(a:list<any>; b:list<any>) -> list<any>",
    category=CATEGORY,
    summary="The list of pairs of the first elements of two lists, the second ones, and so on.",
    examples=[
        Example("LISTZIP([1;2];[3;4])", [[1, 3], [2, 4]]),
        Example("LISTZIP([1;2];[3])", [[1, 3], [2, None]]),
        Example('ELEMENT(LAST(LISTZIP([1;2];["a";"b"]));1)', "b"),
        Example("LISTZIP([1];null)", None),
    ],
    returns=_zip_type,
    null_note="A null list gives null. Where one list is shorter, its elements are taken for null.",
    notes="Elements of one type make lists of two; elements of different types mixed pairs.",
)
def list_zip(a: Any, b: Any, ctx: Call) -> Any:
    type_ = _zip_type(ctx.types, ())
    inner = item_of(type_)
    common = None if inner.kind is Kind.PAIR else inner.item
    parts = [taken_apart(ctx, place, common) for place in (0, 1)]
    sizes = np.maximum(parts[0].sizes, parts[1].sizes)
    offsets = edges(sizes)
    number = np.arange(offsets[-1]) - np.repeat(offsets[:-1], sizes)
    fields = []
    for part in parts:
        gone = number >= np.repeat(part.sizes, sizes)
        places = np.where(gone, 0, np.repeat(part.starts, sizes) + number)
        fields.append(part.items.take(arrow_array(places, gone)))
    if inner.kind is Kind.PAIR:
        pairs: Any = pa.StructArray.from_arrays(fields, fields=list(arrow_type(inner)))
        return listed(pairs, offsets, type_)
    count = len(number)
    woven = pa.concat_arrays(fields).take(arrow_array(np.stack([np.arange(count), np.arange(count) + count]).T.ravel()))
    pairs = pa.LargeListArray.from_arrays(arrow_array(np.arange(count + 1) * 2), woven)
    return listed(pairs, offsets, type_)
