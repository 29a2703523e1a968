"""Group series that choose records: windows around events, the largest and smallest values, distinct ones.

A function that adds or drops records says so by ``rows=``, and gives ``Rows``: for each row the record that
it belongs to, so that the other columns of the sheet can follow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions import errors as err
from sheetline.functions.arrow_items import to_items
from sheetline.functions.buffers import arrow_array, filled, text_scalar
from sheetline.functions.columns import Column, arrow_type
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Form, function
from sheetline.functions.errors import Errors, Ints, Mask
from sheetline.functions.execute_groups import Rows
from sheetline.functions.groups import Order
from sheetline.functions.ordering import dense_codes, sort_key, stable_order
from sheetline.functions.segments import order_segments
from sheetline.functions.series_paths import too_many, with_long
from sheetline.functions.series_support import MAX_ROWS, order_of, within
from sheetline.functions.types import DATE, STRING, Type, pair_of

CATEGORY = "group series"
_ALL = {"g": "GROUPBY(1)"}


# --- windows around events -------------------------------------------------------------------------------


def _time_and_id(types: Sequence[Type], _: Sequence[Any]) -> Type:
    return pair_of(DATE, types[2])


def _size(value: Any) -> int:
    if int(value) < 0:
        raise ValueError("the size of a window is not negative")
    return int(value)


_EVENTS: Mapping[str, Sequence[Any]] = {
    "event": ["view", "buy", "view", "view"],
    "id": ["a", "b", "c", "d"],
    "t": [0, 60_000, 90_000, 500_000],
}


@function(
    "GROUPPREDICTIVEWINDOWS(event:T; centre:T const; id:any; time:date; size:int const) -> list",
    category=CATEGORY,
    form=Form.SERIES,
    summary="For each event in a window around a centre event of the group: the event's time and the centre's id.",
    examples=[
        Example(
            'T(GROUPPREDICTIVEWINDOWS(#event;"buy";#id;MSTODATE(#t);2m))',
            ["[1970-01-01T00:00:00;b]", "[1970-01-01T00:01:00;b]", "[1970-01-01T00:01:30;b]"],
            rows=_EVENTS,
            formulas=_ALL,
        ),
        Example('GROUPPREDICTIVEWINDOWS(#event;"none";#id;MSTODATE(#t);2m)', [], rows=_EVENTS, formulas=_ALL),
    ],
    returns=_time_and_id,
    big=True,
    nulls="own",
    errors="own",
    ordered=True,
    rows="expand",
    prepare={"size": _size},
    null_note="A record whose event or time is null is in no window and opens none.",
    error_note="An error as event or time is its record's row; an error as the centre's id is that of every pair "
    f"with it. A group that would give more than {MAX_ROWS:,} rows gives one error LIMIT.",
    notes="The window reaches size/2 milliseconds to either side, its ends included; the centre event is in its own "
    "window. An event in several windows gives a row for each, in the order of the centres' times. Events outside "
    "every window give no row.",
)
def group_predictive_windows(event: Column, centre: Any, id: Column, time: Column, size: Any, ctx: Call) -> Rows:
    order = order_of(ctx)
    usable = event.valid() & time.valid()
    is_centre = usable & _equal_to(event, centre)
    half = int(size) * 500  # half the size, in microseconds
    centres = np.flatnonzero(is_centre)
    centres = centres[stable_order([order.group[centres], time.data[centres]], len(centres))]
    low = _reached(order, centres, time.data, -half, before=True)
    high = _reached(order, centres, time.data, half, before=False)
    counts = np.where(usable, high - low, 0)
    own = err.first((event.errors, time.errors))
    if own is not None:
        counts[own.rows] = 1
    by_group = np.bincount(order.group, counts, order.count)
    limit = by_group > MAX_ROWS
    if limit.any():
        counts[limit[order.group]] = 0
        counts[order.offsets[:-1][limit]] = 1
    source = np.repeat(np.arange(len(counts)), counts)
    starts = np.concatenate(([0], np.cumsum(counts)))
    centre_at = low[source] + np.arange(len(source)) - starts[source]
    paired = usable[source] & ~limit[order.group[source]]
    partner = np.full(len(source), -1, np.int64)
    partner[paired] = centres[centre_at[paired]]
    column, id_errors = _time_and_ids(time, id, source, partner)
    offsets = starts[order.offsets]
    row_errors = None if own is None else own.pick(np.arange(len(own)), starts[own.rows])
    if row_errors is not None:
        row_errors = row_errors.where(~limit[order.group[source]])
    merged = err.first((too_many(limit, offsets, ctx), row_errors, id_errors))
    return Rows(column if merged is None else column.with_errors(merged), source, offsets)


def _equal_to(event: Column, centre: Any) -> Mask:
    if event.type == STRING:
        import pyarrow.compute as pc

        return np.asarray(filled(pc.equal(event.plain().data, text_scalar(centre)), False))
    if event.type.is_arrow:
        return np.array([value == centre for value in event.to_list()], np.bool_)
    return np.asarray(event.data == centre, np.bool_) & event.valid()


def _reached(order: Order, centres: Ints, time: Ints, shift: int, *, before: bool) -> Ints:
    """For each row, how many of ``centres`` stand before its own time moved by ``shift``, or at it too.

    Counts run over all groups: a centre of an earlier group stands before.
    """
    groups = np.concatenate((order.group[centres], order.group))
    edge = np.iinfo(np.int64)
    moved = np.clip(time, edge.min // 2, edge.max // 2) + shift
    times = np.concatenate((time[centres], moved))
    # rows stand before equal centres where those shall not be counted
    kind = np.concatenate((np.ones(len(centres), np.int64), np.full(len(time), 0 if before else 2, np.int64)))
    places = stable_order([groups, times, kind], len(groups))
    count = np.empty(len(groups), np.int64)
    count[places] = np.cumsum(places < len(centres))
    return count[len(centres) :]


def _time_and_ids(time: Column, id: Column, rows: Ints, partner: Ints) -> tuple[Column, Errors | None]:
    type_ = pair_of(DATE, id.type)
    wanted = arrow_type(type_)
    items, long = to_items(id)
    first = to_items(time.take(rows))[0]
    second = items.take(arrow_array(partner, partner < 0))
    pairs = pa.StructArray.from_arrays(
        [first.cast(wanted.field(0).type), second.cast(wanted.field(1).type)], ["0", "1"]
    )
    errors = with_long(id, long)
    return Column(type_, pairs), None if errors is None else errors.take(partner, len(id))


# --- selections ------------------------------------------------------------------------------------------


def _number(value: Any) -> int:
    if int(value) < 0:
        raise ValueError("the number of rows is not negative")
    return int(value)


def _selected(v: Column, order: Order, keep: Mask) -> Rows:
    source = np.flatnonzero(keep)
    offsets = np.concatenate(([0], np.cumsum(keep)))[order.offsets]
    return Rows(v.take(source), source, offsets)


def _best(v: Column, n: int, ctx: Call, *, descending: bool) -> Rows:
    order = order_of(ctx)
    places = order_segments(sort_key(v, descending=descending), order.offsets)
    keep = np.zeros(len(v), np.bool_)
    keep[places[within(order) < n]] = True
    return _selected(v, order, keep)


_SCORES = {"v": [5, 9, None, 9, 1]}
_LAST = "Nulls rank last: they stay only where there are fewer values than rows."
_ERRORS_LAST = "Errors rank last, behind the nulls."


@function(
    "GROUPTOPN(v:any; n:int const) -> T",
    category=CATEGORY,
    form=Form.SERIES,
    summary="Keeps only the n records of each group with the largest values in the sheet.",
    examples=[
        Example("GROUPTOPN(#v;3)", [5, 9, 9], rows=_SCORES, formulas=_ALL),
        Example("GROUPTOPN(#v;5)", [5, 9, None, 9, 1], rows=_SCORES, formulas=_ALL),
    ],
    big=True,
    nulls="own",
    errors="own",
    ordered=True,
    rows="subset",
    prepare={"n": _number},
    null_note=_LAST,
    error_note=_ERRORS_LAST,
    notes="The records stay in the sheet's order; of equal values the earlier one stays.",
)
def group_top_n(v: Column, n: Any, ctx: Call) -> Rows:
    return _best(v, int(n), ctx, descending=True)


@function(
    "GROUPBOTTOMN(v:any; n:int const) -> T",
    category=CATEGORY,
    form=Form.SERIES,
    summary="Keeps only the n records of each group with the smallest values in the sheet.",
    examples=[
        Example("GROUPBOTTOMN(#v;2)", [5, 1], rows=_SCORES, formulas=_ALL),
        Example("GROUPBOTTOMN(#v;2)", [7, None], rows={"v": [7, None]}, formulas=_ALL),
    ],
    big=True,
    nulls="own",
    errors="own",
    ordered=True,
    rows="subset",
    prepare={"n": _number},
    null_note=_LAST,
    error_note=_ERRORS_LAST,
    notes="The records stay in the sheet's order; of equal values the earlier one stays.",
)
def group_bottom_n(v: Column, n: Any, ctx: Call) -> Rows:
    return _best(v, int(n), ctx, descending=False)


@function(
    "GROUPUNIQUES(v:any) -> T",
    category=CATEGORY,
    form=Form.SERIES,
    summary="Keeps only the first record with each distinct value of the group in the sheet.",
    examples=[
        Example("GROUPUNIQUES(#v)", [5, 9, None, 1], rows=_SCORES, formulas=_ALL),
        Example("GROUPUNIQUES(#v)", ["a", "b"], rows={"v": ["a", "b", "a"]}, formulas=_ALL),
    ],
    big=True,
    nulls="own",
    errors="own",
    ordered=True,
    rows="subset",
    null_note="Nulls are one value.",
    error_note="Errors are one value a code.",
)
def group_uniques(v: Column, ctx: Call) -> Rows:
    order = order_of(ctx)
    codes, _ = dense_codes(v)
    places = order_segments(codes, order.offsets)
    group, ordered = order.group[places], codes[places]
    new = np.ones(len(v), np.bool_)
    new[1:] = (ordered[1:] != ordered[:-1]) | (group[1:] != group[:-1])
    keep = np.zeros(len(v), np.bool_)
    keep[places[new]] = True
    return _selected(v, order, keep)
