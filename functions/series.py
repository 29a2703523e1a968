"""Group series: neighbours of a record, the order of records, row numbers and ranks.

A series kernel gets its row arguments as columns that stand in order already, and ``ctx.order`` with the
groups' offsets; it gives a column of the same rows, or ``Rows`` where it does not keep them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import localcontext
from typing import Any

import numpy as np

from sheetline.functions import errors as err
from sheetline.functions.columns import Column, Constant
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, Form, function
from sheetline.functions.errors import Ints
from sheetline.functions.execute import cast_constant
from sheetline.functions.geography import LATITUDE, LONGITUDE, haversine, kilometres
from sheetline.functions.groups import Order, row_numbers
from sheetline.functions.integer_math import subtract
from sheetline.functions.ordering import sort_key
from sheetline.functions.segments import order_segments
from sheetline.functions.series_support import carry_group, finish, order_of, within
from sheetline.functions.types import FLOAT, INTEGER, Kind

CATEGORY = "group series"
_ROWS: Mapping[str, Sequence[Any]] = {"g": ["a", "b", "a", "a"], "v": [4, 9, None, 6]}
_KEY = {"g": "GROUPBY(#g)"}
_MS = 1000
#: Up to this distance neighbours are found by moving whole arrays.
_NEAR = 8
#: The radius of the sphere, in kilometres: HAVERSINE's default.
RADIUS = 6366.70702


def neighbour(v: Column, ctx: Call, step: int) -> Column:
    """Return the value ``step`` records further (negative: earlier) in the same group, null where there is none."""
    order = order_of(ctx)
    step = max(min(step, len(v)), -len(v))
    if isinstance(v.data, np.ndarray) and 0 < abs(step) <= _NEAR:
        return _near(v, order, step)
    place = np.arange(len(v), dtype=np.int64) + step
    outside = place < order.start if step <= 0 else place >= order.start + order.sizes[order.group]
    return v.take(np.where(outside, -1, place), missing=True)


def _near(v: Column, order: Order, step: int) -> Column:
    """Return close neighbours by moving whole arrays; only the ends of groups are looked at one by one."""
    rows, low, high = len(v), order.offsets[:-1], order.offsets[1:]
    target, origin = (
        (slice(-step, rows), slice(0, rows + step)) if step < 0 else (slice(0, rows - step), slice(step, rows))
    )
    edges = [low + k if step < 0 else high - 1 - k for k in range(abs(step))]
    outside = np.concatenate([at[(at >= low) & (at < high)] for at in edges])
    data = np.empty_like(v.data)
    data[target] = v.data[origin]
    data[outside] = np.nan if v.type.kind is Kind.FLOAT else 0
    null = None
    if v.type.kind is not Kind.FLOAT:
        null = np.zeros(rows, np.bool_)
        if v.null is not None:
            null[target] = v.null[origin]
        null[outside] = True
    errors = None
    if v.errors is not None:
        moved = v.errors.rows - step
        inside = (moved >= 0) & (moved < rows)
        inside[inside] = order.group[moved[inside]] == order.group[v.errors.rows[inside]]
        errors = v.errors.pick(np.flatnonzero(inside), moved[inside])
    return Column(v.type, data, null, errors, v.bounds)


def _distance(value: Any) -> int:
    if int(value) < 0:
        raise ValueError("the distance of two records is not negative")
    return int(value)


@function(
    "GROUP_SORT_ASC(v:any) -> T",
    category=CATEGORY,
    form=Form.SERIES,
    summary="Puts the records of each group in ascending order, for the whole sheet.",
    examples=[
        Example("GROUP_SORT_ASC(#Sheet!v)", [4, 6, None, 9], rows=_ROWS, formulas=_KEY),
        Example("GROUP_SORT_ASC(#t)", ["B", "a", None], rows={"t": ["a", None, "B"]}, formulas={"g": "GROUPBY(1)"}),
    ],
    big=True,
    extra="repeat",
    nulls="own",
    errors="own",
    ordered=True,
    null_note="Nulls stand last.",
    error_note="Errors stand last, behind the nulls.",
    notes="Of several in a sheet the first column is the primary key; records with equal keys keep their order. "
    "Must be a column's whole formula.",
)
def group_sort_asc(v: Column) -> Column:
    return v


@function(
    "GROUP_SORT_DESC(v:any) -> T",
    category=CATEGORY,
    form=Form.SERIES,
    summary="Puts the records of each group in descending order, for the whole sheet.",
    examples=[
        Example("GROUP_SORT_DESC(#Sheet!v)", [6, 4, None, 9], rows=_ROWS, formulas=_KEY),
        Example("GROUP_SORT_DESC(#t)", ["a", "B", None], rows={"t": ["B", None, "a"]}, formulas={"g": "GROUPBY(1)"}),
    ],
    big=True,
    extra="repeat",
    nulls="own",
    errors="own",
    ordered=True,
    null_note="Nulls stand last.",
    error_note="Errors stand last, behind the nulls.",
    notes="Of several in a sheet the first column is the primary key; records with equal keys keep their order. "
    "Must be a column's whole formula.",
)
def group_sort_desc(v: Column) -> Column:
    return v


@function(
    "GROUP_PREVIOUS(v:any; [k:int const=1]) -> T",
    category=CATEGORY,
    form=Form.SERIES,
    summary="The value k records earlier in the group; null for the first k.",
    examples=[
        Example("GROUP_PREVIOUS(#Sheet!v)", [None, 4, None, None], rows=_ROWS, formulas=_KEY),
        Example("GROUP_PREVIOUS(#Sheet!v;2)", [None, None, 4, None], rows=_ROWS, formulas=_KEY),
    ],
    big=True,
    extra="continue",
    nulls="own",
    errors="own",
    ordered=True,
    prepare={"k": _distance},
    null_note="A null value is passed on.",
    error_note="An error is passed on to the record that takes it.",
)
def group_previous(v: Column, k: Any, ctx: Call) -> Column:
    return neighbour(v, ctx, -int(k))


@function(
    "GROUP_NEXT(v:any; [k:int const=1]) -> T",
    category=CATEGORY,
    form=Form.SERIES,
    summary="The value k records later in the group; null for the last k.",
    examples=[
        Example("GROUP_NEXT(#Sheet!v)", [None, 6, None, None], rows=_ROWS, formulas=_KEY),
        Example("GROUP_NEXT(#Sheet!v;2)", [6, None, None, None], rows=_ROWS, formulas=_KEY),
    ],
    big=True,
    nulls="own",
    errors="own",
    ordered=True,
    prepare={"k": _distance},
    null_note="A null value is passed on.",
    error_note="An error is passed on to the record that takes it.",
)
def group_next(v: Column, k: Any, ctx: Call) -> Column:
    return neighbour(v, ctx, int(k))


@function(
    "GROUP_DIFF(v:num; [initial:num const=null]) -> num",
    category=CATEGORY,
    form=Form.SERIES,
    summary="The value less that of the record before it; the first record of a group gives the initial value.",
    examples=[
        Example("GROUP_DIFF(#v)", [None, -3, 5], rows={"v": [4, 1, 6]}, formulas={"g": "GROUPBY(1)"}),
        Example("GROUP_DIFF(#v;0)", [0, None, None, 2], rows={"v": [4, None, 1, 3]}, formulas={"g": "GROUPBY(1)"}),
        Example(
            "GROUP_DIFF(ASDATE(#t))",
            [None, 90_500],
            rows={"t": ["2024-01-01T00:00:00", "2024-01-01T00:01:30.500"]},
            formulas={"g": "GROUPBY(1)"},
        ),
        Example(
            "GROUP_DIFF(#v)",
            [None, Failure("OVERFLOW")],
            rows={"v": [-9_223_372_036_854_775_807, 2]},
            formulas={"g": "GROUPBY(1)"},
        ),
    ],
    big=True,
    nulls="own",
    errors="own",
    ordered=True,
    null_note="Null where the value, or the one before it, is null.",
    error_note="An error of the value, or of the one before it, is passed on.",
    notes="The difference of dates is in whole milliseconds.",
)
def group_diff(v: Column, initial: Any, ctx: Call) -> Column:
    before = neighbour(v, ctx, -1)
    null = before.nulls()
    own = v.nulls()
    if own is not None:
        null = own if null is None else null | own
    column = _differences(v, before, null, ctx)
    first = order_of(ctx).offsets[:-1][order_of(ctx).sizes > 0]
    errors = err.first((v.errors, before.errors))
    is_first = np.zeros(len(v), np.bool_)
    is_first[first] = True
    if errors is not None:
        errors = errors.where(~is_first)
    if initial is not None:  # without one the first record is null already, as what was before it is
        column = _put_initial(column, first, initial)
    return column if errors is None else column.with_errors(errors)


def _differences(v: Column, before: Column, null: Any, ctx: Call) -> Column:
    kind = v.type.kind
    if kind is Kind.DATE:
        out = v.data - before.data  # instants lie within the years 1 to 9999, or are null
        return Column(INTEGER, np.floor_divide(out, _MS, out=out), null)
    if kind is Kind.INTEGER:
        if len(v) and int(v.data.max()) - int(v.data.min()) < 2**62:
            return Column(INTEGER, v.data - before.data, null)
        out, bad = subtract(v.data, before.data)
        ctx.fail(bad if null is None else bad & ~null, "OVERFLOW")
        return Column(INTEGER, out, null)
    if kind is Kind.FLOAT:
        return finish(ctx, FLOAT, v.data - before.data, null)
    with localcontext(prec=100):
        return Column(v.type, v.data - before.data, null)


def _put_initial(column: Column, first: Ints, initial: Any) -> Column:
    """Return the differences with the initial value on the first record of each group."""
    data = column.data.copy()
    data[first] = cast_constant(Constant.of(initial), column.type).value
    if column.null is None:
        return Column(column.type, data)
    null = column.null.copy()
    null[first] = False
    return Column(column.type, data, null if null.any() else None)


@group_diff.overload("GROUP_DIFF(v:date; [initial:int const=null]) -> int")
def group_diff_dates(v: Column, initial: Any, ctx: Call) -> Column:
    run: Any = group_diff.kernels[0].run
    column: Column = run(v, initial, ctx)
    return column


@function(
    "GROUPROWNUMBER() -> int",
    category=CATEGORY,
    form=Form.SERIES,
    summary="The record's number inside its group, from 1.",
    examples=[
        Example("GROUPROWNUMBER()", [1, 2, 3, 1], rows=_ROWS, formulas=_KEY),
        Example("GROUPROWNUMBER()", [1, 1], rows={"v": [None, 3]}, formulas={"v": "GROUPBY(#v)"}),
    ],
    nulls="own",
    errors="own",
    ordered=True,
    null_note="Every record has a number.",
    error_note="Every record has a number.",
)
def group_row_number(ctx: Call) -> Column:
    return row_numbers(order_of(ctx))


@function(
    'GROUPDISTANCESTEP(lat:float; lon:float; [unit:str const="mi"]) -> float',
    category=CATEGORY,
    form=Form.SERIES,
    summary="The great-circle distance from the record before it in the group, as HAVERSINE has it.",
    examples=[
        Example(
            'GROUPDISTANCESTEP(#lat;#lon;"nmi")',
            [None, 60.0, None, None],
            rows={"lat": [0.0, 1.0, None, 1.0], "lon": [0, 0, 0, 0]},
            formulas={"g": "GROUPBY(1)"},
            digits=4,
        ),
        Example(
            "GROUPDISTANCESTEP(#lat;#lon)",
            [None, 0.0, Failure("RANGE"), Failure("RANGE")],
            rows={"lat": [48, 48, 91, 48], "lon": [16, 16, 16, 16]},
            formulas={"g": "GROUPBY(1)"},
        ),
    ],
    nulls="own",
    errors="own",
    ordered=True,
    prepare={"unit": kilometres},
    null_note="Null for a group's first record, and where this or the previous position holds a null.",
    error_note="An error of this or the previous position is passed on; an impossible position is an error RANGE.",
    notes='Units: "km", "mi", "m", "ft", "nmi", on the sphere of HAVERSINE\'s default radius.',
)
def group_distance_step(lat: Column, lon: Column, unit: Any, ctx: Call) -> Column:
    before = [neighbour(side, ctx, -1) for side in (lat, lon)]
    sides = [*before, lat, lon]
    null = np.logical_or.reduce([~side.valid() for side in sides])
    bad = np.zeros(len(lat), np.bool_)
    for side, (low, high) in zip(sides, (LATITUDE, LONGITUDE) * 2, strict=True):
        bad |= (side.data < low) | (side.data > high)
    ctx.fail(bad & ~null, "RANGE", "GROUPDISTANCESTEP: a latitude is within ±90, a longitude within ±180")
    values = [np.where(null | bad, 0.0, side.data) for side in sides]
    distance: Any = haversine.kernels[0].run
    out = distance(*values, unit, RADIUS)
    errors = err.first((lat.errors, lon.errors, before[0].errors, before[1].errors))
    return finish(ctx, FLOAT, np.asarray(out), null, errors)


# --- ranks -----------------------------------------------------------------------------------------------


def _ranked(v: Column, ctx: Call, *, descending: bool = False) -> tuple[Ints, Ints, Ints, Ints]:
    """Return the records by value inside their groups: ``(places, tie, dense, valid)``.

    ``places`` are the records in that order (nulls and errors last); ``tie`` is the number, from 0, of the
    first record with the same value, ``dense`` the number of smaller distinct values, ``valid`` the
    number of values of the group, all three in that order.
    """
    order = order_of(ctx)
    key = sort_key(v, descending=descending)
    places = order_segments(key, order.offsets)
    ordered = key[places]
    number = within(order)
    new = np.ones(len(v), np.bool_)
    new[1:] = (ordered[1:] != ordered[:-1]) | (number[1:] == 0)
    tie: Ints = np.maximum.accumulate(np.where(new, np.arange(len(v)), 0)) - order.start
    distinct: Ints = np.cumsum(new).astype(np.int64)
    valid: Ints = np.bincount(order.group[v.valid()], minlength=order.count)
    return places, tie, distinct - distinct[order.start] if len(v) else distinct, valid[order.group]


def _rank_column(v: Column, ctx: Call, places: Ints, ranks: Any) -> Column:
    out = np.empty(len(v), ranks.dtype)
    out[places] = ranks
    type_ = FLOAT if out.dtype == np.float64 else INTEGER
    return finish(ctx, type_, out, v.nulls(), carry_group(v, order_of(ctx)))


def _direction(value: Any) -> bool:
    """Return whether a word means descending."""
    if str(value).lower() not in ("asc", "desc"):
        raise ValueError('the order is "asc" or "desc"')
    return str(value).lower() == "desc"


_RANKED = {"v": [5, 9, None, 9, 1]}
_ALL = {"g": "GROUPBY(1)"}


@function(
    'GROUP_RANK(v:any; [order:str const="desc"]) -> int',
    category=CATEGORY,
    form=Form.SERIES,
    summary="The rank of the value in its group, from 1 for the largest; equal values share the better rank.",
    examples=[
        Example("GROUP_RANK(#v)", [3, 1, None, 1, 4], rows=_RANKED, formulas=_ALL),
        Example('GROUP_RANK(#v;"asc")', [2, 3, None, 3, 1], rows=_RANKED, formulas=_ALL),
    ],
    big=True,
    nulls="own",
    errors="own",
    prepare={"order": _direction},
    null_note="Nulls have no rank.",
    error_note="An error in the group is every rank's error.",
)
def group_rank(v: Column, order: Any, ctx: Call) -> Column:
    places, tie, _, _ = _ranked(v, ctx, descending=order)
    return _rank_column(v, ctx, places, tie + 1)


@function(
    'GROUP_DENSE_RANK(v:any; [order:str const="desc"]) -> int',
    category=CATEGORY,
    form=Form.SERIES,
    summary="The rank of the value among the distinct values of its group, from 1 for the largest.",
    examples=[
        Example("GROUP_DENSE_RANK(#v)", [2, 1, None, 1, 3], rows=_RANKED, formulas=_ALL),
        Example('GROUP_DENSE_RANK(#v;"asc")', [2, 3, None, 3, 1], rows=_RANKED, formulas=_ALL),
    ],
    big=True,
    nulls="own",
    errors="own",
    prepare={"order": _direction},
    null_note="Nulls have no rank.",
    error_note="An error in the group is every rank's error.",
)
def group_dense_rank(v: Column, order: Any, ctx: Call) -> Column:
    places, _, dense, _ = _ranked(v, ctx, descending=order)
    return _rank_column(v, ctx, places, dense + 1)


@function(
    "GROUP_PERCENT_RANK(v:any) -> float",
    category=CATEGORY,
    form=Form.SERIES,
    summary="The share of the group's other values that are smaller, from 0 to 1.",
    examples=[
        Example("GROUP_PERCENT_RANK(#v)", [0.25, 0.5, 1.0, 0.0, 0.5], rows={"v": [2, 3, 4, 1, 3]}, formulas=_ALL),
        Example("GROUP_PERCENT_RANK(#v)", [0.0, None], rows={"v": [7, None]}, formulas=_ALL),
    ],
    big=True,
    nulls="own",
    errors="own",
    null_note="Nulls have no rank and are not counted.",
    error_note="An error in the group is every rank's error.",
    notes="(rank - 1) / (number of values - 1), ranks ascending; 0 for a single value.",
)
def group_percent_rank(v: Column, ctx: Call) -> Column:
    places, tie, _, valid = _ranked(v, ctx)
    return _rank_column(v, ctx, places, tie / np.maximum(valid - 1, 1))


def _parts(value: Any) -> int:
    if int(value) < 1:
        raise ValueError("a group is divided into at least one part")
    return int(value)


@function(
    "GROUP_NTILE(v:any; n:int const) -> int",
    category=CATEGORY,
    form=Form.SERIES,
    summary="Divides the group's values, ascending, into n parts of equal count and gives the number of the part.",
    examples=[
        Example("GROUP_NTILE(#v;2)", [2, 1, 1, 2, 1], rows={"v": [8, 1, 3, 9, 5]}, formulas=_ALL),
        Example("GROUP_NTILE(#v;3)", [1, None, 2], rows={"v": [4, None, 4]}, formulas=_ALL),
    ],
    nulls="own",
    errors="own",
    ordered=True,
    prepare={"n": _parts},
    big=True,
    null_note="Nulls are in no part.",
    error_note="An error in the group is every record's error.",
    notes="Where the count does not divide evenly the first parts have one value more, as in SQL. Equal values "
    "are divided in the order of the records.",
)
def group_ntile(v: Column, n: Any, ctx: Call) -> Column:
    places, _, _, valid = _ranked(v, ctx)
    number = within(order_of(ctx))
    size, larger = valid // n, valid % n
    edge = larger * (size + 1)
    part = np.where(number < edge, number // (size + 1), larger + (number - edge) // np.maximum(size, 1))
    return _rank_column(v, ctx, places, part + 1)
