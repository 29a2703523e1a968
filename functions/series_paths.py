"""Group series that make other rows than the records: paths, pairs and combinations, windows, and selections.

A function that adds or drops records says so by ``rows=``, and gives ``Rows``: for each row the record that
it belongs to, so that the other columns of the sheet can follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions import errors as err
from sheetline.functions.arrow_items import to_items
from sheetline.functions.buffers import arrow_array, text_array
from sheetline.functions.columns import Column, arrow_type
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Form, function
from sheetline.functions.errors import Errors, Ints, Mask
from sheetline.functions.execute_groups import Rows
from sheetline.functions.groups import Order
from sheetline.functions.ordering import dense_codes, sort_key
from sheetline.functions.segments import order_segments
from sheetline.functions.series_support import MAX_ROWS, order_of, within
from sheetline.functions.text_support import TEXT, to_text
from sheetline.functions.types import STRING, Type, list_of

CATEGORY = "group series"
_ALL = {"g": "GROUPBY(1)"}
_URLS = {"url": ["a", "a", "b"]}
#: What stands before the first and behind the last element of a path.
OUTSIDE = "external"


# --- paths -----------------------------------------------------------------------------------------------


def _two(items: Any, left: Ints, right: Ints, type_: Type) -> Column:
    """Return lists of two of the items."""
    places = np.column_stack((left, right)).ravel()
    offsets = arrow_array(2 * np.arange(len(left) + 1))
    lists = pa.LargeListArray.from_arrays(offsets, items.take(arrow_array(places)))
    return Column(type_, lists if lists.type == arrow_type(type_) else lists.cast(arrow_type(type_)))


def _step_errors(errors: Errors | None, left: Ints, right: Ints, rows: int) -> Errors | None:
    """Return the errors of steps between records, the left one's first; -1 is no record."""
    if errors is None:
        return None
    return err.first((errors.take(left, rows), errors.take(right, rows)))


def _steps(v: Column, ctx: Call, keep: Mask | None) -> Rows:
    """Return the steps of each group from outside, record by record, to outside; ``keep`` chooses among records."""
    order = order_of(ctx)
    rows = len(v)
    some = order.sizes > 0
    sizes = order.sizes + some
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    record = np.arange(rows) + (offsets[:-1] - order.offsets[:-1])[order.group]
    right = np.full(int(offsets[-1]), -1, np.int64)
    right[record] = np.arange(rows)
    extra = right < 0
    last = (order.offsets[1:] - 1)[some]
    source = right.copy()
    source[extra] = last
    left = np.where(extra, source, source - 1)
    left[record[within(order) == 0]] = -1
    if keep is not None:
        kept = extra.copy()
        kept[record] = keep
        left, right, source, extra = left[kept], right[kept], source[kept], extra[kept]
        offsets = np.concatenate(([0], np.cumsum(kept)))[offsets]
    texts = pa.concat_arrays([_plain_text(v, ctx), text_array([OUTSIDE])])
    one, other = (np.where(side < 0, rows, side) for side in (left, right))
    column = _two(texts, one, other, list_of(STRING))
    errors = _step_errors(v.errors, left, right, rows)
    return Rows(column if errors is None else column.with_errors(errors), source, offsets, extra)


def _plain_text(v: Column, ctx: Call) -> Any:
    text = to_text(v, ctx)
    return text.cast(TEXT)


@function(
    "GROUP_PATH(v:any) -> list<str>",
    category=CATEGORY,
    form=Form.SERIES,
    summary="The steps [from; to] of each group's path, from outside to its first record and from its last to outside.",
    examples=[
        Example(
            "GROUP_PATH(#url)",
            [["external", "a"], ["a", "a"], ["a", "b"], ["b", "external"]],
            rows=_URLS,
            formulas=_ALL,
        ),
        Example(
            "GROUP_PATH(#v)", [["external", "1"], ["1", None], [None, "external"]], rows={"v": [1, None]}, formulas=_ALL
        ),
    ],
    big=True,
    nulls="own",
    errors="own",
    ordered=True,
    rows="expand",
    null_note="A null is a null element of its steps.",
    error_note="An error is the error of the steps to it and from it.",
    notes='A group of n records gives n + 1 rows. The elements are text; "external" stands for outside. On the last '
    "row, which has no record, keys and sort columns repeat, GROUP_PREVIOUS gives the last record's value, and the "
    "rest is null.",
)
def group_path(v: Column, ctx: Call) -> Rows:
    return _steps(v, ctx, None)


@function(
    "GROUP_PATH_CHANGES(v:any) -> list<str>",
    category=CATEGORY,
    form=Form.SERIES,
    summary="Like GROUP_PATH, without the steps between equal values.",
    examples=[
        Example(
            "GROUP_PATH_CHANGES(#url)", [["external", "a"], ["a", "b"], ["b", "external"]], rows=_URLS, formulas=_ALL
        ),
        Example(
            "GROUP_PATH_CHANGES(#v)",
            [["external", None], [None, "1"], ["1", "external"]],
            rows={"v": [None, None, 1]},
            formulas=_ALL,
        ),
    ],
    big=True,
    nulls="own",
    errors="own",
    ordered=True,
    rows="expand",
    null_note="A null is a null element of its steps; two nulls are equal.",
    error_note="An error is the error of the steps to it and from it.",
    notes='The elements are text; "external" stands for outside. The records of steps that are left out have no row.',
)
def group_path_changes(v: Column, ctx: Call) -> Rows:
    order = order_of(ctx)
    codes, _ = dense_codes(v)
    changes = np.ones(len(v), np.bool_)
    changes[1:] = (codes[1:] != codes[:-1]) | (within(order)[1:] == 0)
    if v.errors is not None:  # what an error differs from is not known
        changes[v.errors.rows] = True
    return _steps(v, ctx, changes)


def _listed(types: Sequence[Type], _: Sequence[Any]) -> Type:
    return list_of(types[0])


@function(
    "GROUP_PAIR(v:any) -> list",
    category=CATEGORY,
    form=Form.SERIES,
    summary="The pairs [v; next v] of neighbouring records, a row less than the group has records.",
    examples=[
        Example("GROUP_PAIR(#v)", [[3, 1], [1, 4]], rows={"v": [3, 1, 4]}, formulas=_ALL),
        Example("GROUP_PAIR(#v)", [[3, None]], rows={"v": [3, None]}, formulas=_ALL),
    ],
    returns=_listed,
    big=True,
    nulls="own",
    errors="own",
    ordered=True,
    rows="expand",
    null_note="A null is a null element of its pairs.",
    error_note="An error is the error of the pairs that it is in.",
    notes="A pair stands on the row of its second record. A group of one record has no row.",
)
def group_pair(v: Column, ctx: Call) -> Rows:
    order = order_of(ctx)
    right = np.flatnonzero(within(order) > 0)
    items, long = to_items(v)
    column = _two(items, right - 1, right, list_of(v.type))
    errors = _step_errors(with_long(v, long), right - 1, right, len(v))
    offsets = np.concatenate(([0], np.cumsum(np.maximum(order.sizes - 1, 0))))
    return Rows(column if errors is None else column.with_errors(errors), right, offsets)


def with_long(v: Column, long: Mask | None) -> Errors | None:
    """Return a column's errors with those of exact numbers that are too long for an element of a list."""
    if long is None:
        return v.errors
    rows = np.flatnonzero(long)
    origin = err.Origin("", "{0} has too many digits for an element of a list", (v.data[rows],))
    return err.first((v.errors, err.make(rows, "OVERFLOW", origin)))


# --- combinations ----------------------------------------------------------------------------------------


def _width(value: Any) -> int:
    if int(value) < 1:
        raise ValueError("a combination holds at least one value")
    return int(value)


@function(
    "GROUPCOMBIN(v:any; [k:int const=2]) -> list",
    category=CATEGORY,
    form=Form.SERIES,
    summary="All combinations of k distinct values of the group, the values ascending.",
    examples=[
        Example("GROUPCOMBIN(#v)", [[1, 3], [1, 4], [3, 4]], rows={"v": [3, 1, 4, 1]}, formulas=_ALL),
        Example("GROUPCOMBIN(#v;1)", [["a"], ["b"]], rows={"v": ["b", None, "a"]}, formulas=_ALL),
    ],
    returns=_listed,
    big=True,
    nulls="own",
    errors="own",
    rows="expand",
    prepare={"k": _width},
    null_note="Nulls are skipped.",
    error_note=f"An error in the group is its only row, and so is LIMIT where it has more than {MAX_ROWS:,} "
    "combinations.",
    notes="The rows belong to no record: keys and sort columns repeat, the rest is null. A group with fewer "
    "distinct values has no row.",
)
def group_combin(v: Column, k: Any, ctx: Call) -> Rows:
    order = order_of(ctx)
    places, sizes = _distinct(v, order)
    bad, errors = _first_errors(v, order)
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    counts = _counts(sizes, int(k))
    limit = (counts > MAX_ROWS) & ~bad
    counts[bad | limit] = 1
    new_offsets = np.concatenate(([0], np.cumsum(counts)))
    chosen = np.zeros((int(new_offsets[-1]), int(k)), np.int64)
    for size in np.unique(sizes[(counts > 0) & ~bad & ~limit]).tolist():
        groups = np.flatnonzero((sizes == size) & ~bad & ~limit)
        pattern = _pattern(size, int(k))
        at = new_offsets[groups][:, None] + np.arange(len(pattern))
        chosen[at] = places[offsets[groups][:, None, None] + pattern[None]]
    items, _ = to_items(v)
    flat = items.take(arrow_array(chosen.ravel())) if len(items) else items
    bounds = np.arange(0, len(flat) + 1, int(k))
    lists = pa.LargeListArray.from_arrays(arrow_array(np.asarray(bounds, np.int64)), flat)
    column = Column(list_of(v.type), lists.cast(arrow_type(list_of(v.type))))
    source = np.repeat(order.offsets[1:] - 1, counts)
    merged = err.first((_at_groups(errors, new_offsets), too_many(limit, new_offsets, ctx)))
    column = column if merged is None else column.with_errors(merged)
    return Rows(column, source, new_offsets, np.ones(len(source), np.bool_))


def _distinct(v: Column, order: Order) -> tuple[Ints, Ints]:
    """Return places of each group's distinct values, ascending, and how many each group has."""
    key = sort_key(v)
    places = order_segments(key, order.offsets)
    places = places[v.valid()[places]]
    group, ordered = order.group[places], key[places]
    new = np.ones(len(places), np.bool_)
    new[1:] = (ordered[1:] != ordered[:-1]) | (group[1:] != group[:-1])
    return places[new], np.bincount(group[new], minlength=order.count)


def _counts(sizes: Ints, k: int) -> Ints:
    """Return how many combinations each group has, cut above the limit."""
    different, place = np.unique(sizes, return_inverse=True)
    counts = [min(comb(size, k), MAX_ROWS + 1) for size in different.tolist()]
    return np.array(counts, np.int64)[place] if len(sizes) else np.zeros(0, np.int64)


def _pattern(size: int, k: int) -> Ints:
    """Return the combinations of 0 … size-1, one a row, in order."""
    if k == 2:
        return np.column_stack(np.triu_indices(size, 1)).astype(np.int64)
    return np.array(list(combinations(range(size), k)), np.int64).reshape(-1, k)


def _first_errors(v: Column, order: Order) -> tuple[Mask, Errors | None]:
    """Return which groups hold an error, and the first error of each, by group."""
    bad = np.zeros(order.count, np.bool_)
    if v.errors is None:
        return bad, None
    group, first = np.unique(order.group[v.errors.rows], return_index=True)
    bad[group] = True
    return bad, v.errors.pick(first, group)


def _at_groups(errors: Errors | None, offsets: Ints) -> Errors | None:
    return None if errors is None else errors.pick(np.arange(len(errors)), offsets[errors.rows])


def too_many(limit: Mask, offsets: Ints, ctx: Call) -> Errors | None:
    note = f"{ctx.function}: the group would give more than {MAX_ROWS:,} rows"
    return err.make(offsets[:-1][limit], "LIMIT", err.Origin(ctx.function, note))
