"""Grouping keys: the functions that make the groups of a formula sheet.

A key kernel gets the groups made by the keys before it (None for the first) and its arguments; it gives
the refined groups and the key's value on every row of the sheet underneath.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions import errors as err
from sheetline.functions.buffers import arrow_array
from sheetline.functions.columns import Column
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Form, function
from sheetline.functions.errors import Ints
from sheetline.functions.groups import Groups, GroupValues
from sheetline.functions.ordering import STRETCH, PackedRows, comparable, packed_rows, stable_order
from sheetline.functions.types import DATE, INTEGER, STRING, Kind, Type

CATEGORY = "grouping keys"
_USERS: dict[str, list[Any]] = {"User": ["Ajay", "Mary", "Ajay"], "Time": [1, 2, 30]}
_ONE_GROUP = "Nulls make one group."
_ERROR_GROUPS = "Errors make one group a code."


def _divide(groups: Groups | None, key: Column, threads: int) -> Groups:
    return Groups.of([key], threads) if groups is None else groups.refine(key)


@function(
    "GROUPBY(v:any) -> T",
    category=CATEGORY,
    form=Form.KEY,
    summary="One group for each distinct value.",
    examples=[
        Example("GROUPBY(#User)", ["Ajay", "Mary"], rows=_USERS),
        Example("GROUPBY(#v)", [None, 1], rows={"v": [None, 1, None]}),
    ],
    big=True,
    nulls="own",
    errors="own",
    null_note=_ONE_GROUP,
    error_note=_ERROR_GROUPS,
    notes="A constant puts all rows in one group. Groups come in the order in which their keys first appear.",
)
def group_by(groups: Groups | None, v: Column, ctx: Call) -> tuple[Groups, Column]:
    return _divide(groups, v, ctx.threads), v


def gap(maxgap: Any) -> Any:
    """Return a gap as it is; a negative one is refused before the run."""
    if not maxgap >= 0:
        raise ValueError(f"a gap is not negative, but this one is {maxgap}")
    return maxgap


def _runs(groups: Groups | None, v: Column, maxgap: Any) -> tuple[Ints, Ints, Any]:
    """Return ``(rows, begins, dead)``: rows in order of ``v`` inside groups, and the places where runs begin.

    Null and error rows, which ``dead`` marks, make one last run of their group.
    """
    codes = np.zeros(len(v), np.int64) if groups is None else groups.codes
    if maxgap is not None and len(v) and v.type.kind is not Kind.FLOAT and v.nulls() is None:
        packed = packed_rows([codes, v.data], len(v))
        if packed is not None and packed.ranges[1] is not None:
            begins = _packed_begins(packed, maxgap * 1000 if v.type.kind is Kind.DATE else maxgap)
            return packed.into_rows(), begins, None
    dead = v.nulls() if maxgap is not None else np.ones(len(v), np.bool_)
    keys = v.data if v.type.kind is not Kind.FLOAT else np.where(np.isnan(v.data), 0.0, v.data)
    order_keys = [codes] if dead is None else [codes, dead.astype(np.int64)]
    rows = stable_order([*order_keys, comparable(Column(v.type, keys))[0]], len(v))
    widest = maxgap * 1000 if v.type.kind is Kind.DATE and maxgap is not None else maxgap
    starts = np.ones(len(v), np.bool_)
    for first in range(0, len(v) - 1, STRETCH):
        some = rows[first : first + STRETCH + 1]
        group = codes[some]
        wide = _wide(keys[some], widest)
        if dead is not None:
            gone = dead[some]
            wide = np.where(gone[1:], ~gone[:-1], wide)
        starts[first + 1 : first + len(some)] = wide | (group[1:] != group[:-1])
    return rows, np.flatnonzero(starts), dead


def _packed_begins(packed: PackedRows, widest: Any) -> Ints:
    """Return the places where a run begins, from the groups and values in the packed numbers alone."""
    assert packed.ranges[1] is not None
    _, step, bits = packed.ranges[1]
    most = min(math.floor(widest) // step, 2**62)
    numbers = packed.numbers
    found = [np.zeros(1, np.int64)]
    for first in range(0, len(numbers) - 1, STRETCH):
        some = numbers[first : first + STRETCH + 1] >> packed.row_bits
        begins = some[1:] - some[:-1] > most
        begins |= (some[1:] ^ some[:-1]) >> bits != 0
        found.append(np.flatnonzero(begins) + (first + 1))
    return np.concatenate(found)


def _wide(values: Any, maxgap: Any) -> Any:
    """Tell where the step to the next of ascending values is greater than the gap."""
    if maxgap is None:
        return np.zeros(max(len(values) - 1, 0), np.bool_)
    if values.dtype == np.float64:
        return values[1:] - values[:-1] > maxgap
    bits = values.view(np.uint64)  # the step between two int64 may be any uint64
    return bits[1:] - bits[:-1] > np.uint64(min(math.floor(maxgap), 2**64 - 1))


@function(
    "GROUPBYGAP(v:num|date; maxgap:num const) -> T",
    category=CATEGORY,
    form=Form.KEY,
    summary="One group for each run of values without a gap greater than the given one; the key is the first value.",
    examples=[
        Example("GROUPBYGAP(#Time;7)", [1, 30], rows={"Time": [1, 8, 30]}),
        Example("GROUPBYGAP(#Time;7)", [1, None, 21], rows={"Time": [1, None, 21]}),
    ],
    prepare={"maxgap": gap},
    nulls="own",
    errors="own",
    ordered=True,
    error_note="An error row has a null key.",
    null_note="Null and error rows make one last run with a null key.",
    notes="Works inside the groups of the keys before it; values are ordered for finding the runs. A step equal "
    "to the gap stays in the run. For dates the gap is in milliseconds, or a duration such as 30m.",
)
def group_by_gap(groups: Groups | None, v: Column, maxgap: Any) -> tuple[Groups, GroupValues]:
    rows, begins, dead = _runs(groups, v, maxgap)
    made, firsts = _number(rows, begins, v if dead is None else None)
    first_values = Column(v.type, v.data, None if v.type.kind is Kind.FLOAT else dead).take(firsts)
    if maxgap is None:
        first_values = Column.nulls_of(v.type, len(firsts))
    return made, GroupValues(first_values, made)


def _number(rows: Ints, begins: Ints, sorted_by: Column | None) -> tuple[Groups, Ints]:
    """Return the runs as groups, numbered by first appearance, and the row of the smallest value of each.

    ``rows`` stand in order of ``sorted_by`` inside the groups, which is kept for a sheet that orders by it.
    """
    if len(begins) == 0:
        return Groups(np.zeros(0, np.int64), 0), begins
    first = np.minimum.reduceat(rows, begins)
    order = np.argsort(first, kind="stable")
    number = np.empty(len(order), np.int64)
    number[order] = np.arange(len(order))
    lengths = np.diff(begins, append=len(rows))
    made = Groups.of_runs(rows, number, lengths)
    made.known(first=first[order], sizes=lengths[order])
    if sorted_by is not None:
        made.hint(sorted_by.data, _segments(rows, begins, order))
    return made, rows[begins[order]]


def _segments(rows: Ints, begins: Ints, order: Ints) -> Ints:
    """Return the segments of ``rows`` that start at ``begins``, put in another order."""
    sizes = np.diff(begins, append=len(rows))[order]
    ends = np.cumsum(sizes)
    shift = begins[order] - (ends - sizes)
    out = np.empty_like(rows)
    first = 0
    while first < len(ends):  # some segments at a time: temporary arrays of all rows cost more than the work
        start = ends[first] - sizes[first]
        last = max(int(np.searchsorted(ends, start + STRETCH, side="right")), first + 1)
        place = np.arange(start, ends[last - 1])
        place += np.repeat(shift[first:last], sizes[first:last])
        np.take(rows, place, out=out[start : ends[last - 1]])
        first = last
    return out


@function(
    "GROUPSESSIONS(v:num|date; maxgap:num const) -> int",
    category=CATEGORY,
    form=Form.KEY,
    summary="Like GROUPBYGAP, but the key is the session's number inside its group, from 1.",
    examples=[
        Example("GROUPSESSIONS(#Time;7)", [1, 2], rows={"Time": [1, 8, 30]}),
        Example("GROUPSESSIONS(#Time;7)", [1, 2, None], rows={"Time": [1, 30, None]}),
    ],
    prepare={"maxgap": gap},
    nulls="own",
    errors="own",
    ordered=True,
    error_note="An error row has a null number.",
    null_note="Null and error rows make one last session with a null number.",
)
def group_sessions(groups: Groups | None, v: Column, maxgap: Any) -> tuple[Groups, Column]:
    rows, begins, dead = _runs(groups, v, maxgap)
    made, _ = _number(rows, begins, v if dead is None else None)
    place = np.arange(len(begins))
    group = np.zeros(len(begins), np.int64) if groups is None else groups.codes[rows[begins]]
    opens = np.ones(len(begins), np.bool_)  # runs stand by group, so the first of a group is where it changes
    opens[1:] = group[1:] != group[:-1]
    inside = place - np.maximum.accumulate(np.where(opens, place, 0)) + 1
    number = np.empty(len(v), np.int64)
    number[rows] = np.repeat(inside, np.diff(begins, append=len(rows)))
    return made, Column(INTEGER, number, dead)


def _keyed(groups: Groups | None, key: Column, v: Column, ctx: Call) -> tuple[Groups, Column]:
    """Return the groups of a computed key; rows with an error in ``v``, or a failure of the call, keep it."""
    null = v.nulls()
    failed = err.first(ctx.failures)
    if null is not None:
        key = key.masked(null)
        failed = None if failed is None else failed.where(~null)
    errors = err.first((v.errors, failed))
    if errors is not None:
        key = key.with_errors(errors)
    return _divide(groups, key, ctx.threads), key


def bin_size(size: Any) -> Any:
    """Return a bin's size as it is; one that is not positive is refused before the run."""
    if not size > 0:
        raise ValueError(f"the size of a bin is positive, but this one is {size}")
    return size


@function(
    "GROUPBYBIN(v:num; size:num const) -> num",
    category=CATEGORY,
    form=Form.KEY,
    summary="One group for each bin of the given width, counted from 0; the key is the bin's lower bound.",
    examples=[
        Example("GROUPBYBIN(#v;10)", [0, 10, -10], rows={"v": [3, 10, 9, -1]}),
        Example("GROUPBYBIN(#v;0.5)", [1.5, None], rows={"v": [1.75, None, 1.5]}),
    ],
    prepare={"size": bin_size},
    nulls="own",
    errors="own",
    null_note=_ONE_GROUP,
    error_note=f"{_ERROR_GROUPS} A bound beyond the range of numbers is an error OVERFLOW.",
    notes="floor(v/size)*size.",
)
def group_by_bin(groups: Groups | None, v: Column, size: Any, ctx: Call) -> tuple[Groups, Column]:
    if size is None:
        return _keyed(groups, Column.nulls_of(v.type, len(v)), v, ctx)
    if v.type.kind is Kind.FLOAT:
        low = np.floor(v.data / size) * size + 0.0  # + 0.0: no negative zero
        ctx.fail(np.isinf(low) | (np.isnan(low) & ~np.isnan(v.data)), "OVERFLOW")
        return _keyed(groups, Column(v.type, np.where(np.isinf(low), np.nan, low)), v, ctx)
    rest = v.data % size
    ctx.fail(v.data < np.iinfo(np.int64).min + rest, "OVERFLOW")
    return _keyed(groups, Column(v.type, v.data - rest, v.null), v, ctx)


def _interval_names(bounds: Sequence[Any]) -> list[str]:
    shown = [str(int(b)) if float(b).is_integer() and abs(b) < 1e15 else repr(b) for b in bounds]
    middle = [f"{low}-{high}" for low, high in pairwise(shown)]
    return [f"<{shown[0]}", *middle, f">={shown[-1]}"]


def _ascending(_: Sequence[Type], constants: Sequence[Any]) -> Type:
    """Return the type of the key; bounds that do not ascend are refused before the run."""
    from sheetline.functions.resolve import Mismatch

    bounds = constants[1:]
    for place, (low, high) in enumerate(pairwise(bounds)):
        if low is not None and high is not None and not low < high:
            raise Mismatch("value", place + 2, detail=f"bounds ascend, but {high} follows {low}")
    return STRING


def bound(value: Any) -> Any:
    """Return a bound as it is written, so that 10 names an interval ``<10`` also beside floats."""
    return value


@function(
    "GROUPBYCUSTOMBIN(v:num; bound:num const...) -> str",
    category=CATEGORY,
    form=Form.KEY,
    summary="One group for each interval between ascending bounds; the key names the interval.",
    examples=[
        Example("GROUPBYCUSTOMBIN(#v;10;20)", ["<10", "10-20", ">=20"], rows={"v": [3, 10, 19, 20]}),
        Example("GROUPBYCUSTOMBIN(#v;0.5)", [">=0.5", None], rows={"v": [1.75, None]}),
    ],
    returns=_ascending,
    prepare={"bound": bound},
    nulls="own",
    errors="own",
    null_note=f"{_ONE_GROUP} A null bound makes every key null.",
    error_note=_ERROR_GROUPS,
    notes="An interval holds its lower bound and not its upper one. Names: <b1, b1-b2, …, >=bn.",
)
def group_by_custom_bin(groups: Groups | None, v: Column, *bounds: Any, ctx: Call) -> tuple[Groups, Column]:
    if any(b is None for b in bounds):
        return _keyed(groups, Column.nulls_of(STRING, len(v)), v, ctx)
    exact = np.array(bounds, v.data.dtype)
    place = np.searchsorted(exact, v.data, side="right")
    names = pa.array(_interval_names(bounds), pa.large_string())
    return _keyed(groups, Column(STRING, names.take(arrow_array(place))), v, ctx)


def parts(n: int) -> int:
    """Return a number of bins as it is; less than one is refused before the run."""
    if n < 1:
        raise ValueError(f"the number of bins is at least 1, not {n}")
    return n


@function(
    "GROUPBYQUANTILE(v:num; n:int const) -> int",
    category=CATEGORY,
    form=Form.KEY,
    summary="One group for each of n bins of equal count over the whole column; the key is the bin's number, from 1.",
    examples=[
        Example("GROUPBYQUANTILE(#v;2)", [2, 1], rows={"v": [40, 10, 20, 30]}),
        Example("GROUPBYQUANTILE(#v;2)", [1, None, 2], rows={"v": [1, None, 1, 5, 5]}),
    ],
    prepare={"n": parts},
    nulls="own",
    errors="own",
    null_note="Nulls are not counted and make one group.",
    error_note="Errors are not counted and make one group a code.",
    notes="A value that k of m values are smaller than is in bin floor(k·n/m)+1, so equal values share a bin.",
)
def group_by_quantile(groups: Groups | None, v: Column, n: int | None, ctx: Call) -> tuple[Groups, Column]:
    if n is None:
        return _keyed(groups, Column.nulls_of(INTEGER, len(v)), v, ctx)
    values = np.sort(v.data[v.valid()])
    smaller = np.searchsorted(values, v.data, side="left")
    return _keyed(groups, Column(INTEGER, smaller * n // max(len(values), 1) + 1), v, ctx)


_UNITS = ("year", "quarter", "month", "week", "day", "hour", "minute", "second")


def date_unit(unit: str) -> str:
    """Return the name of a unit in lower case; another one is refused before the run."""
    if unit.lower() not in _UNITS:
        raise ValueError(f"a unit is one of {', '.join(_UNITS)}, not {unit!r}")
    return unit.lower()


@function(
    "GROUPBYDATE(v:date; unit:str const) -> date",
    category=CATEGORY,
    form=Form.KEY,
    summary="One group for each year, quarter, month, week, day, hour or minute; the key is its start.",
    examples=[
        Example(
            'GROUPBYDATE(ASDATE(#v);"month")',
            ["2024-02-01T00:00:00", "2024-03-01T00:00:00"],
            rows={"v": ["2024-02-29", "2024-03-01", "2024-02-01"]},
            date=True,
        ),
        Example(
            'GROUPBYDATE(ASDATE(#v);"week")',
            ["2024-02-26T00:00:00", None],
            rows={"v": ["2024-02-29", None]},
            date=True,
        ),
    ],
    volatile=["timezone"],
    prepare={"unit": date_unit},
    nulls="own",
    errors="own",
    null_note=_ONE_GROUP,
    error_note=_ERROR_GROUPS,
    notes="Units begin by the wall clock of the workbook's time zone; weeks begin on Monday.",
)
def group_by_date(groups: Groups | None, v: Column, unit: str | None, ctx: Call) -> tuple[Groups, Column]:
    from sheetline.functions.dates import calendar, zones

    if unit is None:
        return _keyed(groups, Column.nulls_of(DATE, len(v)), v, ctx)
    us = np.where(v.valid(), v.data, 0)
    zone = zones.load_zone(ctx.env.timezone)
    start = zones.to_utc(calendar.start_of(zones.to_local(us, zone), unit), zone, zones.offset(us, zone))
    return _keyed(groups, Column(DATE, start), v, ctx)
