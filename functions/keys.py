"""Grouping keys: the functions that make the groups of a formula sheet.

A key kernel gets the groups made by the keys before it (None for the first) and its arguments; it gives
the refined groups and the key's value on every row of the sheet underneath.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sheetline.functions.columns import Column
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Form, function
from sheetline.functions.errors import Ints
from sheetline.functions.groups import Groups
from sheetline.functions.ordering import stable_order
from sheetline.functions.types import INTEGER, Kind

CATEGORY = "grouping keys"
_USERS = {"User": ["Ajay", "Mary", "Ajay"], "Time": [1, 2, 30]}


def _divide(groups: Groups | None, key: Column) -> Groups:
    return Groups.of([key]) if groups is None else groups.refine(key)


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
    null_note="Nulls make one group.",
    error_note="Errors make one group a code.",
    notes="A constant puts all rows in one group. Groups come in the order in which their keys first appear.",
)
def group_by(groups: Groups | None, v: Column) -> tuple[Groups, Column]:
    return _divide(groups, v), v


def _runs(groups: Groups | None, v: Column, maxgap: Any) -> tuple[Ints, Ints, Ints, Any]:
    """Return ``(rows, starts, run, dead)``: rows in order of ``v`` inside groups, and which run each is in.

    ``starts`` marks the places where a run starts; null and error rows make one last run of their group.
    """
    codes = np.zeros(len(v), np.int64) if groups is None else groups.codes
    dead = v.nulls()
    keys = v.data if v.type.kind is not Kind.FLOAT else np.where(np.isnan(v.data), 0.0, v.data)
    order_keys = [codes] if dead is None else [codes, dead.astype(np.int64)]
    from sheetline.functions.ordering import comparable

    rows = stable_order([*order_keys, comparable(Column(v.type, keys))[0]], len(v))
    values, group = keys[rows], codes[rows]
    gap = maxgap * 1000 if v.type.kind is Kind.DATE else maxgap
    starts = np.ones(len(v), np.bool_)
    wide = values[1:] - values[:-1] > gap
    if dead is not None:
        gone = dead[rows]
        wide = np.where(gone[1:], ~gone[:-1], wide)
    starts[1:] = wide | (group[1:] != group[:-1])
    return rows, starts, np.cumsum(starts) - 1, dead


@function(
    "GROUPBYGAP(v:num|date; maxgap:num const) -> T",
    category=CATEGORY,
    form=Form.KEY,
    summary="One group for each run of values without a gap greater than the given one; the key is the first value.",
    examples=[
        Example("GROUPBYGAP(#Time;7)", [1, 30], rows={"Time": [1, 8, 30]}),
        Example("GROUPBYGAP(#Time;7)", [1, 21, None], rows={"Time": [1, None, 21]}),
    ],
    nulls="own",
    errors="own",
    ordered=True,
    null_note="Null and error rows make one last run with a null key.",
    notes="Works inside the groups of the keys before it; values are ordered for finding the runs. A step equal "
    "to the gap stays in the run. For dates the gap is in milliseconds, or a duration such as 30m.",
)
def group_by_gap(groups: Groups | None, v: Column, maxgap: Any) -> tuple[Groups, Column]:
    rows, starts, run, dead = _runs(groups, v, maxgap)
    codes = np.empty(len(v), np.int64)
    codes[rows] = run
    first = np.empty(len(v), np.int64)
    first[rows] = rows[np.flatnonzero(starts)[run]] if len(v) else rows
    key = Column(v.type, v.data, dead if v.type.kind is not Kind.FLOAT else None).take(first)
    return _number(groups, codes, int(run[-1]) + 1 if len(v) else 0), key


def _number(groups: Groups | None, codes: Ints, count: int) -> Groups:
    base = Groups.single(len(codes)) if groups is None else groups
    return base.refine_codes(codes, max(count, 1))


@function(
    "GROUPSESSIONS(v:num|date; maxgap:num const) -> int",
    category=CATEGORY,
    form=Form.KEY,
    summary="Like GROUPBYGAP, but the key is the session's number inside its group, from 1.",
    examples=[
        Example("GROUPSESSIONS(#Time;7)", [1, 2], rows={"Time": [1, 8, 30]}),
        Example("GROUPSESSIONS(#Time;7)", [1, 2, None], rows={"Time": [1, 30, None]}),
    ],
    nulls="own",
    errors="own",
    ordered=True,
    null_note="Null and error rows make one last session with a null number.",
)
def group_sessions(groups: Groups | None, v: Column, maxgap: Any, ctx: Call) -> tuple[Groups, Column]:
    rows, _, run, dead = _runs(groups, v, maxgap)
    codes = np.empty(len(v), np.int64)
    codes[rows] = run
    group = np.zeros(len(v), np.int64) if groups is None else groups.codes[rows]
    first_run = np.zeros(1 if groups is None else groups.count, np.int64)
    first_run[group[::-1]] = run[::-1]  # the last write is the first row of the group
    number = np.empty(len(v), np.int64)
    number[rows] = run - first_run[group] + 1
    return _number(groups, codes, int(run[-1]) + 1 if len(v) else 0), Column(INTEGER, number, dead)
