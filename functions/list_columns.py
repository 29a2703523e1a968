"""List columns and the values of their elements: taking lists apart, putting them together, comparing elements.

A list argument is taken apart into :class:`Lists`: the elements of all rows below one another, and where each
row's elements start. Null lists have no elements there; that they are null is the executor's business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sheetline.functions import ordering
from sheetline.functions.buffers import arrow_array, filled
from sheetline.functions.choosing import as_column
from sheetline.functions.columns import Column, Constant, arrow_type, concat
from sheetline.functions.context import Call
from sheetline.functions.errors import Ints, Mask
from sheetline.functions.expanding import items_column
from sheetline.functions.resolve import Mismatch
from sheetline.functions.text_keys import text_keys
from sheetline.functions.text_support import kernels, numbers
from sheetline.functions.text_view import rank
from sheetline.functions.types import NULL, Kind, Type, list_of, widen

_DECIMALS = 20  # digits behind the point of bigdecimal elements
_WHOLE_DIGITS = 56  # digits before the point that are left for them

Array = npt.NDArray[Any]


def elements(column: Column) -> Any:
    """Return the column as an Arrow array of the type that list elements of its type have; null where null."""
    if not isinstance(column.data, np.ndarray):
        return column.plain().data
    null = column.nulls()
    if column.type.kind is Kind.NULL:
        return pa.nulls(len(column))
    if column.type.is_big:
        from decimal import ROUND_HALF_EVEN, Context, Decimal

        context, unit = Context(prec=100, rounding=ROUND_HALF_EVEN), Decimal(1).scaleb(-_DECIMALS)
        values = [None if v is None else Decimal(v).quantize(unit, context=context) for v in column.to_list()]
        item = arrow_type(list_of(column.type)).value_type
        if column.type.kind is Kind.BIGINTEGER:
            values = column.to_list()
        return pa.array(values, item)
    array = arrow_array(column.data, null)
    return array.view(pa.timestamp("us", tz="UTC")) if column.type.kind is Kind.DATE else array


def lists(values: Column, offsets: Ints, null: Mask | None = None) -> Column:
    """Return a column of lists: list i holds ``values`` from ``offsets[i]`` up to ``offsets[i + 1]``."""
    return listed(elements(values), offsets, list_of(values.type), null)


def listed(items: Any, offsets: Ints, type_: Type, null: Mask | None = None) -> Column:
    """Return a column of lists of type ``type_``: list i holds ``items`` between two offsets (see :func:`lists`)."""
    mask = None if null is None else arrow_array(null)
    data = pa.LargeListArray.from_arrays(arrow_array(np.asarray(offsets, np.int64)), items, mask=mask)
    wanted = arrow_type(type_)
    return Column(type_, data if data.type == wanted else data.cast(wanted))


def edges(sizes: Array) -> Ints:
    """Return the n+1 offsets of lists of these sizes."""
    out = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=out[1:])
    return out


def item_of(type_: Type) -> Type:
    """Return the type of a list's elements; of a null it is null."""
    return type_.item or NULL


def common_type(types: Sequence[Type], listing: Callable[[int], bool] = lambda place: True) -> Type:
    """Return the type that all elements widen to.

    Args:
        types: the types of the arguments.
        listing: whether the argument at a place is a list; of others the type itself counts.

    Raises:
        Mismatch: there is none. It names the first argument that does not fit.
    """
    common = NULL
    for place, type_ in enumerate(types):
        got = item_of(type_) if listing(place) else type_
        wider = widen(common, got)
        if wider is None:
            raise Mismatch("mixed", place, str(list_of(common) if listing(place) else common), str(type_))
        common = wider
    return common


def all_lists(types: Sequence[Type], _: Sequence[Any]) -> Type:
    """Return the result type of a function of lists that gives a list of what all elements widen to."""
    return list_of(common_type(types))


def list_and_value(types: Sequence[Type], _: Sequence[Any]) -> Type:
    """Return the result type of a function of a list and a further element that gives a list."""
    return list_of(common_type(types, lambda place: place == 0))


def same_list(types: Sequence[Type], _: Sequence[Any]) -> Type:
    """Return the type of the first argument, which is a list."""
    return types[0] if types[0].kind in (Kind.LIST, Kind.PAIR) else list_of(NULL)


def its_item(types: Sequence[Type], _: Sequence[Any]) -> Type:
    """Return the type of the elements of the first argument."""
    return item_of(types[0])


@dataclass(frozen=True, slots=True, eq=False)
class Lists:
    """The elements of list rows.

    Attributes:
        items: the elements of all rows below one another, an Arrow array.
        offsets: where each row's elements start; n+1 numbers, from 0.
        item: the type of the elements.
    """

    items: Any
    offsets: Ints
    item: Type

    @property
    def sizes(self) -> Ints:
        """The number of elements of each row."""
        return np.diff(self.offsets)

    @property
    def starts(self) -> Ints:
        """Where each row's elements start."""
        return self.offsets[:-1]

    @property
    def rows(self) -> Ints:
        """The row of each element."""
        return np.repeat(np.arange(len(self.offsets) - 1), self.sizes)

    def values(self) -> Column:
        """Return the elements as a column."""
        return items_column(self.items, self.item)

    def column(self) -> Column:
        """Return the lists as a column again."""
        return listed(self.items, self.offsets, list_of(self.item))

    def take(self, places: Ints, offsets: Ints) -> Column:
        """Return lists of the elements at ``places``; the offsets are those of the new lists."""
        return listed(self.items.take(arrow_array(places)), offsets, list_of(self.item))

    def keep(self, mask: Mask) -> Column:
        """Return the lists with only those elements for which ``mask`` is true."""
        return listed(self.items.filter(arrow_array(mask)), rank(mask, self.offsets), list_of(self.item))


def widened_items(items: Any, got: Type, wanted: Type, ctx: Call, rows: Callable[[Mask], Mask]) -> Any:
    """Return elements as those of a wider type; ``rows`` turns a mask of elements into one of rows."""
    if got == wanted:
        return items
    target = arrow_type(list_of(wanted)).value_type
    pc = kernels()
    if got.kind is Kind.BIGINTEGER and wanted.kind is Kind.BIGDECIMAL:
        limit = pa.scalar(10**_WHOLE_DIGITS, items.type)
        long = filled(pc.greater_equal(pc.abs(items), limit), False)
        ctx.fail(
            rows(np.asarray(long)), "LIMIT", f"{ctx.function}: {_WHOLE_DIGITS} digits before the point at the most"
        )
        items = pc.if_else(long, pa.scalar(None, items.type), items)
    return pc.cast(items, target, safe=wanted.kind is not Kind.FLOAT)  # beyond 2**53 to the nearest float


def taken_apart(ctx: Call, place: int, item: Type | None = None, *, spread: bool = True) -> Lists:
    """Return a list argument taken apart.

    Args:
        ctx: the call.
        place: the place of the argument.
        item: the type that the elements are widened to; without it their own.
        spread: False leaves a constant one list, not one for each row.
    """
    arg = ctx.args[place]
    one = isinstance(arg, Constant) and not spread
    column = as_column(arg, 1 if one else ctx.rows)
    own = item_of(column.type)
    if column.type.kind is Kind.NULL:
        column = column.cast(list_of(NULL))
    data = column.data
    sizes = data.value_lengths()
    offsets = edges(np.asarray(filled(sizes, 0) if sizes.null_count else sizes))
    items = data.flatten()
    if item is not None and item != own:

        def failing(long: Mask) -> Mask:
            found = counts(long, offsets) > 0
            return np.broadcast_to(found, (ctx.rows,))

        items = widened_items(items, own, item, ctx, failing)
    return Lists(items, offsets, item or own)


def value_column(ctx: Call, place: int, wanted: Type, *, spread: bool = True) -> Column:
    """Return an argument that stands beside the elements of a list, widened; a constant is repeated if ``spread``."""
    arg = ctx.args[place]
    column = as_column(arg, ctx.rows if spread or isinstance(arg, Column) else 1)
    return column.plain().cast(wanted)


def counts(mask: Mask, offsets: Ints) -> Ints:
    """Return how many elements of each list the mask is true for."""
    return np.diff(rank(mask, offsets))


def joined(parts: Sequence[Lists]) -> Lists:
    """Return lists of one type joined row by row: the elements of the first, then those of the second …"""
    if len(parts) == 1:
        return parts[0]
    sizes = np.stack([part.sizes for part in parts])
    ahead = np.cumsum([0, *(len(part.items) for part in parts[:-1])])  # each part stands behind all of those before
    begins = np.stack([part.starts + far for part, far in zip(parts, ahead, strict=True)]).T.ravel()
    lengths = sizes.T.ravel()
    ends = np.cumsum(lengths)
    places = np.repeat(begins - (ends - lengths), lengths) + np.arange(ends[-1] if len(ends) else 0)
    items = pa.concat_arrays([part.items for part in parts]).take(arrow_array(places))
    return Lists(items, edges(sizes.sum(axis=0)), parts[0].item)


def codes_of(columns: Sequence[Column]) -> list[Ints]:
    """Return numbers for the values of several columns of one type: equal values, nulls too, have one number."""
    whole = concat([column.plain() for column in columns])
    if whole.type.kind is Kind.STRING:  # without putting the distinct texts in order
        codes = numbers(whole.data.dictionary_encode("encode").indices)
    else:
        codes, _ = ordering.dense_codes(whole)
    return np.split(codes, np.cumsum([len(column) for column in columns])[:-1])


def keys_of(columns: Sequence[Column]) -> list[Ints]:
    """Return what :func:`codes_of` does, but numbers of any size from 0 on, which texts have sooner."""
    if columns[0].type.kind is not Kind.STRING:
        return codes_of(columns)
    keys = text_keys(concat([column.plain() for column in columns]).data)
    return np.split(keys, np.cumsum([len(column) for column in columns])[:-1])


def equal_elements(found: Lists, value: Column) -> Mask:
    """Return for each element whether it equals its row's value; null equals nothing.

    Args:
        found: the lists.
        value: the values to look for, of the elements' type: one for each row, or one for all.
    """
    one = len(value) == 1
    if found.item.kind is Kind.STRING:
        other = value.data[0] if one else value.data.take(arrow_array(found.rows))
        return np.asarray(kernels().equal(found.items, other).fill_null(False))
    column = found.values()
    if isinstance(column.data, np.ndarray):
        same = np.asarray(column.data == (value.data if one else np.repeat(value.data, found.sizes)), np.bool_)
    else:
        inside, outside = codes_of([column, value])
        same = inside == (outside if one else np.repeat(outside, found.sizes))
    null = column.nulls()
    return same if null is None else same & ~null
