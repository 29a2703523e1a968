"""Lists of numbers: sums, means and other statistics of the elements of each list, and ranges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sheetline.functions.columns import Column
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.errors import Ints, Mask
from sheetline.functions.grouped import Grouped
from sheetline.functions.groups import Groups
from sheetline.functions.list_columns import Lists, edges, item_of, its_item, lists, taken_apart
from sheetline.functions.memory import empty
from sheetline.functions.segments import segment_sums, sort_segments
from sheetline.functions.settling import settle
from sheetline.functions.types import BOOLEAN, INTEGER, Kind, Type

CATEGORY = "lists"
_NULL = "Null elements are skipped; a list without values gives null."

#: No list that is made from numbers may have more elements, nor all lists of one call together.
MAX_ELEMENTS = 1_000_000
MAX_TOTAL = 100_000_000
#: Differences of numbers nearer to 0 than this fit into 64 bits.
_FAR = 1 << 62


def _values(ctx: Call) -> tuple[Column, Ints]:
    """Return the elements that are not null as one column, and the offsets of the lists among them."""
    found: Lists = taken_apart(ctx, 0)
    values = found.values()
    if values.type.kind is Kind.NULL:
        return Column(INTEGER, np.zeros(0, np.int64)), np.zeros(len(found.offsets), np.int64)
    null = values.nulls()
    if null is None:
        return values, found.offsets
    return values.filter(~null), edges(~null)[found.offsets]


def _grouped(values: Column, offsets: Ints) -> Grouped:
    """Return the elements as those of groups, one for each list."""
    count = len(offsets) - 1
    return Grouped(Groups(np.repeat(np.arange(count), np.diff(offsets)), count), values, None)


def _reduced(ufunc: np.ufunc, values: Any, offsets: Ints) -> Any:
    """Return a ufunc reduced over each list; 0 for an empty one."""
    starts, sizes = offsets[:-1], np.diff(offsets)
    if len(values) and sizes.all():
        return ufunc.reduceat(values, starts)
    out = np.zeros(len(starts), values.dtype)
    some = np.flatnonzero(sizes)
    if len(some):
        out[some] = ufunc.reduceat(values, starts[some])
    return out


def _fits(values: Any, offsets: Ints, bits: int) -> bool:
    """Whether no sum of whole numbers of a list can leave so many bits."""
    if len(values) == 0:
        return True
    reach = max(abs(int(values.min())), abs(int(values.max())))
    return bool(reach * int(np.diff(offsets).max()) < 2**bits)


def _sum_type(types: Sequence[Type], _: Sequence[Any]) -> Type:
    item = item_of(types[0])
    return INTEGER if item.kind is Kind.NULL else item


@function(
    "LISTSUM(l:list<num>) -> num",
    category=CATEGORY,
    summary="The sum of the elements of a list.",
    examples=[
        Example("LISTSUM([1;2;3])", 6),
        Example("LISTSUM([0.5;null])", 0.5),
        Example("LISTSUM([])", None),
        Example("LISTSUM([9223372036854775807;1])", Failure("OVERFLOW")),
    ],
    returns=_sum_type,
    null_note=_NULL,
    error_note="A sum beyond the range of its type is an error OVERFLOW.",
)
def list_sum(l: Any, ctx: Call) -> Any:  # noqa: E741 - the catalogue's name of the parameter
    values, offsets = _values(ctx)
    ctx.nullify(np.diff(offsets) == 0)
    if values.type.kind is Kind.FLOAT:
        sums = segment_sums(values.data, offsets)
        ctx.fail(~np.isfinite(sums), "OVERFLOW")
        return sums
    if values.type.kind is Kind.INTEGER and _fits(values.data, offsets, 63):
        return _reduced(np.add, values.data, offsets)
    total, bad = _grouped(values, offsets).total()
    ctx.fail(bad, "OVERFLOW")
    return total


@function(
    "LISTAVERAGE(l:list<num>) -> float",
    category=CATEGORY,
    summary="The mean of the elements of a list.",
    examples=[
        Example("LISTAVERAGE([1;2;6])", 3.0),
        Example("LISTAVERAGE([1;null])", 1.0),
        Example("LISTAVERAGE([])", None),
    ],
    aliases=["LISTMEAN"],
    null_note=_NULL,
    error_note="A sum beyond the range of floats is an error OVERFLOW.",
)
def list_average(l: Any, ctx: Call) -> Any:  # noqa: E741
    values, offsets = _values(ctx)
    sizes = np.diff(offsets)
    fixed = values.type.kind is Kind.INTEGER and _fits(values.data, offsets, 53)  # then every sum is exact as a float
    with np.errstate(all="ignore"):
        if values.type.kind is Kind.FLOAT:
            mean = segment_sums(values.data, offsets) / sizes
        elif fixed:
            mean = _reduced(np.add, values.data, offsets) / sizes
        else:
            mean = _grouped(values, offsets).mean()
    return settle(ctx, mean, sizes > 0)


def _extreme(name: str, word: str, ufunc: np.ufunc, shown: int, text: str) -> None:
    """Declare LISTMIN or LISTMAX."""

    @function(
        f"{name}(l:list<any>) -> T",
        category=CATEGORY,
        summary=f"The {word} element of a list.",
        examples=[
            Example(f"{name}([3;1;null;2])", shown),
            Example(f'{name}(["b";"a"])', text),
            Example(f"{name}([])", None),
        ],
        returns=its_item,
        null_note=_NULL,
        notes="Numbers, dates, truth values (false before true) and text (by code point).",
    )
    def kernel(l: Any, ctx: Call) -> Any:  # noqa: E741
        item = item_of(ctx.types[0])
        if item.kind is Kind.NULL:
            return Column.nulls_of(item, ctx.rows)
        values, offsets = _values(ctx)
        if item.kind in (Kind.INTEGER, Kind.FLOAT, Kind.DATE, Kind.BOOLEAN):
            ctx.nullify(np.diff(offsets) == 0)
            return _reduced(ufunc, values.data, offsets).astype(np.bool_ if item == BOOLEAN else values.data.dtype)
        by_list = _grouped(values, offsets)
        found = by_list.min() if ufunc is np.minimum else by_list.max()
        return by_list.restore(found, np.diff(offsets) == 0)


_extreme("LISTMIN", "smallest", np.minimum, 1, "a")
_extreme("LISTMAX", "largest", np.maximum, 3, "b")


@function(
    "LISTMEDIAN(l:list<num>) -> float",
    category=CATEGORY,
    summary="The median of the elements of a list; of an even number the mean of the two in the middle.",
    examples=[
        Example("LISTMEDIAN([5;1;3])", 3.0),
        Example("LISTMEDIAN([1;2;null])", 1.5),
        Example("LISTMEDIAN([])", None),
    ],
    null_note=_NULL,
)
def list_median(l: Any, ctx: Call) -> Any:  # noqa: E741
    values, offsets = _values(ctx)
    sizes = np.diff(offsets)
    if len(values) == 0 or values.type.is_big:
        with np.errstate(all="ignore"):
            return settle(ctx, _grouped(values, offsets).percentile(50), sizes > 0)
    ascending = values.data.copy()
    sort_segments(ascending, offsets)
    last = len(ascending) - 1
    low = ascending[np.minimum(offsets[:-1] + np.maximum(sizes - 1, 0) // 2, last)]
    high = ascending[np.minimum(offsets[:-1] + sizes // 2, last)]
    return settle(ctx, _middle(low, high), sizes > 0)


def _middle(low: Any, high: Any) -> Any:
    """Return the means of two numbers each, whose sums may leave the range of their type."""
    if low.dtype == np.int64:
        return ((low >> 1) + (high >> 1)) + ((low & 1) + (high & 1)) / 2
    wide = np.maximum(np.abs(low), np.abs(high)) > 8e307
    if wide.any():
        return np.where(wide, low / 2 + high / 2, (np.where(wide, 0, low) + np.where(wide, 0, high)) / 2)
    return (low + high) / 2


@function(
    "LISTSTDEV(l:list<num>) -> float",
    category=CATEGORY,
    summary="The sample standard deviation (n-1) of the elements of a list.",
    examples=[
        Example("LISTSTDEV([2;4;6])", 2.0),
        Example("LISTSTDEV([0.1;0.1;null])", 0.0),
        Example("LISTSTDEV([1])", None),
    ],
    null_note="Null elements are skipped; a list of fewer than two values gives null.",
    error_note="Squares beyond the range of floats are an error OVERFLOW.",
    source="OpenFormula STDEV.",
)
def list_stdev(l: Any, ctx: Call) -> Any:  # noqa: E741
    values, offsets = _values(ctx)
    sizes = np.diff(offsets)
    with np.errstate(all="ignore"):
        squares = _grouped(values, offsets).squares
        return settle(ctx, np.sqrt(squares / (sizes - 1)), sizes >= 2)


@function(
    "LISTRANGE(from:int; to:int; [step:int=1]) -> list<int>",
    category=CATEGORY,
    summary="The list of the whole numbers of a range, both ends included.",
    examples=[
        Example("LISTRANGE(1;4)", [1, 2, 3, 4]),
        Example("LISTRANGE(5;0;-2)", [5, 3, 1]),
        Example("LISTRANGE(2;1)", []),
        Example("LISTRANGE(1;2;0)", Failure("VALUE")),
        Example("LISTRANGE(1;null)", None),
    ],
    error_note=f"A step of 0 is an error VALUE; more than {MAX_ELEMENTS:,} elements are an error LIMIT.",
    notes="A step below 0 counts down. A range whose end lies the other way is empty.",
)
def list_range(start: Any, stop: Any, step: Any, ctx: Call) -> Any:
    start, stop, step = (np.broadcast_to(np.asarray(part, np.int64), (ctx.rows,)) for part in (start, stop, step))
    gone = np.zeros(ctx.rows, np.bool_)  # what stands under nulls makes no elements
    for arg in ctx.args:
        null = arg.nulls() if isinstance(arg, Column) else None
        gone = gone if null is None else gone | null
    plain = _counted(start, stop, gone) if (step == 1).all() else None
    if plain is not None:
        return plain
    ctx.fail(step == 0, "VALUE", "LISTRANGE: a step of 0 never arrives")
    up = step > 0
    ahead = np.where(up, stop >= start, stop <= start) & (step != 0) & ~gone
    with np.errstate(over="ignore"):  # distances and steps as unsigned numbers: the widest need all 64 bits
        distance = np.where(up, stop - start, start - stop).view(np.uint64)
        width = np.where(step == 0, np.int64(1), np.where(up, step, -step)).view(np.uint64)
    steps = np.where(ahead, distance // width, 0)
    many = ahead & (steps >= MAX_ELEMENTS)
    sizes = np.where(ahead & ~many, steps.astype(np.int64) + 1, 0)
    many |= np.cumsum(sizes) > MAX_TOTAL
    ctx.fail(many, "LIMIT", f"LISTRANGE({{0}};{{1}};{{2}}): more than {MAX_ELEMENTS:,} elements")
    sizes[many] = 0
    offsets = edges(sizes)
    number = np.arange(offsets[-1]) - np.repeat(offsets[:-1], sizes)
    values = np.repeat(start, sizes) + number * np.repeat(step, sizes)
    return lists(Column(INTEGER, values), offsets)


def _counted(start: Ints, stop: Ints, gone: Mask) -> Column | None:
    """Return the ranges with steps of 1 where none is too long, nor its ends too far away; else None."""
    if not len(start) or max(-int(start.min()), int(start.max()), -int(stop.min()), int(stop.max())) >= _FAR:
        return None
    sizes = stop - start
    sizes += 1
    np.maximum(sizes, 0, out=sizes)
    sizes[gone] = 0
    if int(sizes.max()) > MAX_ELEMENTS:
        return None
    offsets = edges(sizes)
    if int(offsets[-1]) > MAX_TOTAL:
        return None
    some = np.flatnonzero(sizes)
    first = start[some]
    values = empty(int(offsets[-1]), np.int64)
    values.fill(1)  # each 1 more than the one before, but at the beginning of a list
    if len(some):
        values[offsets[some]] = np.append(first[:1], first[1:] - first[:-1] - sizes[some[:-1]] + 1)
    return lists(Column(INTEGER, np.cumsum(values, out=values)), offsets)
