"""Every aggregate against a plain Python loop, on random groups with nulls, ties, empty and single-row groups."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from calling import apply
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles_aggregates import ORACLES

from sheetline.functions.columns import Column
from sheetline.functions.declare import Failure, Form
from sheetline.functions.registry import REGISTRY
from sheetline.functions.types import BIGINTEGER, BOOLEAN, DATE, FLOAT, INTEGER, STRING, Type

_VALUES: dict[str, tuple[Type, st.SearchStrategy[Any]]] = {
    "int": (INTEGER, st.one_of(st.integers(-3, 4), st.integers(-(10**9), 10**9))),
    "wide": (INTEGER, st.one_of(st.integers(-3, 4), st.sampled_from([2**63 - 1, -(2**63), 2**62]))),
    "float": (
        FLOAT,
        st.one_of(st.integers(-4, 4).map(lambda k: k / 2), st.floats(-1e6, 1e6).map(lambda x: round(x, 3))),
    ),
    "positive": (FLOAT, st.one_of(st.integers(0, 9).map(float), st.floats(0.01, 1e3))),
    "bigint": (BIGINTEGER, st.integers(-(10**20), 10**20)),
    "str": (STRING, st.sampled_from(["", "a", "b", "é", "\U0001f600", "ab", 'q"\\'])),
    "bool": (BOOLEAN, st.booleans()),
    "date": (DATE, st.integers(0, 5).map(lambda d: d * 86_400_000_000)),
    "json": (STRING, st.sampled_from(["{}", '{"a":1}', '{"b":[null,1.5],"a":"x"}', '{"a":{"c":2}}'])),
    "anyjson": (STRING, st.sampled_from(['{"a":1}', "[1]", "{", "7"])),
    "lat": (FLOAT, st.floats(-90, 90)),
    "lon": (FLOAT, st.floats(-180, 180)),
}

#: The cases of each aggregate: kinds of row arguments as texts, constants as ``("=", value)``.
_NUM = [["int"], ["float"]]
_BIG = [*_NUM, ["bigint"]]
_ANY = [["int"], ["float"], ["str"], ["bool"], ["date"], ["bigint"], ["wide"]]
_TWO = [["int", "float"], ["float", "float"], ["int", "int"]]
_ORDERED = [["str", "int"], ["int", "str"], ["float", "float"], ["date", "bool"], ["bigint", "date"], ["int", "wide"]]
_CASES: dict[str, list[list[Any]]] = {
    **dict.fromkeys(["GROUPCOUNT", "GROUPCOUNTDISTINCT", "GROUPAPPROXCOUNTDISTINCT", "GROUPMIN", "GROUPMAX"], _ANY),
    **dict.fromkeys(["GROUPANY", "GROUPMODE", "GROUPENTROPY", "GROUPGINI", "GROUPSET"], _ANY),
    **dict.fromkeys(["GROUPAVERAGE", "GROUPMEDIAN", "GROUPSTDEVS", "GROUPSTDEVP", "GROUPVARS", "GROUPVARP"], _BIG),
    **dict.fromkeys(["GROUPSKEW", "GROUPKURT", "GROUPMAD", "GROUPSUMSQ", "GROUPRMS", "GROUPPRODUCT"], _NUM),
    **{key: [["bool"]] for key in ["GROUPCOUNTIF", "GROUPAND", "GROUPOR", "GROUPXOR"]},
    **dict.fromkeys(["GROUPCORREL", "GROUPSPEARMAN", "GROUPCOVARS", "GROUPCOVARP", "GROUPSLOPE"], _TWO),
    **dict.fromkeys(["GROUPINTERCEPT", "GROUPRSQ", "GROUPWEIGHTEDAVERAGE", "GROUPCOSINE"], _TWO),
    **dict.fromkeys(["GROUPFIRST", "GROUPLAST"], _ORDERED),
    **{key: [["int", "bool"], ["float", "bool"]] for key in ["GROUPSUMIF", "GROUPAVERAGEIF"]},
    **{key: [["positive"], ["int"]] for key in ["GROUPGEOMEAN", "GROUPHARMEAN"]},
    "GROUPSUM": [*_NUM, ["wide"]],
    "GROUPRANGE": _BIG,
    "GROUPPERCENTILE": [
        ["int", ("=", 80)],
        ["float", ("=", 12.5)],
        ["float"],
        ["int", ("=", 0)],
        ["bigint", ("=", 100)],
    ],
    "GROUP_JACCARD_DIST": [["int", "int"], ["str", "str"], ["float", "int"], ["bool", "bool"]],
    "GROUPSELECT": [["int", "str", "str"], ["str", "int", "float"], ["float", ("=", "a"), "str"]],
    "GROUPLIST": [*_ANY, *_ORDERED],
    "GROUPCONCAT": [["str"], ["str", ("=", "--")], ["str", ("=", ""), "int"], ["str", ("=", ","), "float"]],
    "GROUPCONCATDISTINCT": [["str"], ["str", ("=", "|é")]],
    "GROUPMAP": [["str", "int"], ["str", "bool"], ["str", "str"]],
    "GROUPJSONOBJECTMERGE": [["json"], ["anyjson"]],
    "GROUPCHISQTEST": [["bool", "str"], ["str", "date"]],
    "GROUPTTEST": [["bool3", "float"], ["str", "int"], ["bool3", "float", ("=", 0.5)]],
    "GROUPANOVA": [["bool", "float"], ["str", "int"], ["date", "float", ("=", 0.5)]],
    "GROUPHISTOGRAM": [["int", ("=", 3)], ["float", ("=", 7)], ["positive", ("=", 1)]],
    "GROUPTOPVALUES": [["int", ("=", 2)], ["str", ("=", 3)], ["bool", ("=", 1)], ["float", ("=", 9)]],
    "GROUPDISTANCE": [["lat", "lon", "int"], ["lat", "lon", "str"]],
}
_VALUES["bool3"] = (INTEGER, st.integers(0, 1))
_ORDER_MATTERS = {"GROUPDISTANCE", "GROUPFIRST", "GROUPLAST", "GROUPANY", "GROUPSELECT", "GROUPLIST", "GROUPCONCAT"} | {
    "GROUPMAP",
    "GROUPJSONOBJECTMERGE",
}


def test_every_aggregate_has_an_oracle() -> None:
    names = {function.name for function in REGISTRY if function.form is Form.REDUCE}
    assert names <= set(ORACLES)
    assert set(_CASES) == set(ORACLES)


def _plain(value: Any) -> Any:
    """Dates in lists come as datetimes, exact integers in lists as decimals."""
    from datetime import UTC, datetime, timedelta
    from decimal import Decimal

    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return (value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return int(value) if isinstance(value, Decimal) else value


def _same(got: Any, wanted: Any, scale: float = 1.0) -> bool:
    if isinstance(wanted, float) and isinstance(got, float | int):
        return math.isclose(got, wanted, rel_tol=1e-9, abs_tol=1e-9 * scale)
    if isinstance(wanted, str) and wanted[:1] in "[{" and got != wanted and isinstance(got, str):
        return _same_json(json.loads(got), json.loads(wanted))
    return type(got) is type(wanted) and bool(got == wanted)


def _same_json(got: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return list(got) == list(wanted) and all(_same_json(got[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        return len(got) == len(wanted) and all(map(_same_json, got, wanted))
    if isinstance(wanted, float):
        return math.isclose(got, wanted, rel_tol=1e-6, abs_tol=1e-9)
    return type(got) is type(wanted) and bool(got == wanted)


def _draw(data: st.DataObject, case: list[Any]) -> tuple[list[Any], list[list[Any]], list[int]]:
    sizes = st.one_of(st.lists(st.integers(0, 3), max_size=24), st.lists(st.integers(0, 1), min_size=14, max_size=24))
    groups = data.draw(sizes, "groups")
    columns, plain = [], []
    for kind in case:
        if isinstance(kind, tuple):
            columns.append(kind[1])
            continue
        type_, values = _VALUES[kind]
        cells = data.draw(st.lists(st.one_of(st.none(), values, values), min_size=len(groups), max_size=len(groups)))
        columns.append(Column.of(cells, type_))
        plain.append(cells)
    return columns, plain, groups


def _check(name: str, case: list[Any], data: st.DataObject) -> None:
    arguments, plain, groups = _draw(data, case)
    got = [_plain(value) for value in apply(name, *arguments, groups=groups)]
    constants = [kind[1] for kind in case if isinstance(kind, tuple)]
    if name == "GROUPSELECT" and constants:  # a constant where a row argument may stand too
        plain.insert(1, constants * len(groups))
        constants = []
    assert len(got) == max(groups, default=-1) + 1
    for group, value in enumerate(got):
        rows = [row for row, of in zip(zip(*plain, strict=True), groups, strict=True) if of == group]
        wanted = ORACLES[name](rows, *constants)
        scale = max((abs(float(v)) for row in rows for v in row if isinstance(v, int | float)), default=1.0)
        if name in ("GROUPVARS", "GROUPVARP", "GROUPCOVARS", "GROUPCOVARP", "GROUPSUMSQ"):
            scale *= scale
        elif name in ("GROUPCORREL", "GROUPSPEARMAN", "GROUPRSQ", "GROUPSKEW", "GROUPKURT"):
            scale = 1e3
        elif name == "GROUPDISTANCE":
            scale = 1e2
        elif name in ("GROUPINTERCEPT", "GROUPWEIGHTEDAVERAGE"):
            scale *= 1e3
        assert _same(value, wanted, max(scale, 1.0)), (name, rows, value, wanted)


_ALL = [(name, place) for name, cases in _CASES.items() for place in range(len(cases))]


@pytest.mark.parametrize(("name", "place"), _ALL, ids=lambda value: str(value))
@settings(max_examples=10)
@given(data=st.data())
def test_aggregate_is_its_oracle(name: str, place: int, data: st.DataObject) -> None:
    _check(name, _CASES[name][place], data)


@pytest.mark.parametrize("name", sorted(_CASES))
def test_no_rows(name: str) -> None:
    for case in _CASES[name]:
        arguments = [kind[1] if isinstance(kind, tuple) else Column.of([], _VALUES[kind][0]) for kind in case]
        assert apply(name, *arguments, groups=[]) == []
        alone = apply(name, *arguments)  # without keys a sheet of no rows has one group
        assert alone == [0 if "COUNT" in name else None]


@pytest.mark.parametrize("name", sorted(set(_CASES) - _ORDER_MATTERS))
@settings(max_examples=8)
@given(data=st.data())
def test_order_of_rows_does_not_matter(name: str, data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(_CASES[name]))
    arguments, plain, groups = _draw(data, case)
    order = data.draw(st.permutations(range(len(groups))))
    moved = [
        Column.of([argument.to_list()[i] for i in order], argument.type) if isinstance(argument, Column) else argument
        for argument in arguments
    ]
    count = max(groups, default=-1) + 1
    got = apply(name, *arguments, groups=groups)
    again = apply(name, *moved, groups=[groups[i] for i in order])
    size = sum(abs(float(v)) for column in plain for v in column if isinstance(v, int | float)) + 1.0
    assert len(got) == len(again) == count
    exact = name in ("GROUPMIN", "GROUPMAX", "GROUPMODE", "GROUPMEDIAN", "GROUPPERCENTILE", "GROUPSET", "GROUPRANGE")
    for a, b in zip(got, again, strict=True):
        if isinstance(a, float) and isinstance(b, float) and not exact:
            assert abs(a - b) <= 1e-12 * max(size * size, 1e3, abs(a)), (a, b)
        elif name in ("GROUPTTEST", "GROUPANOVA") and isinstance(a, str):
            assert _same_json(json.loads(a), json.loads(b))
        else:
            assert repr(a) == repr(b)


def test_a_group_with_an_error_gives_its_first_error() -> None:
    bad = apply("GROUPBYBIN", [1, -(2**63), -(2**63), 4, None], 10, raw=True)[1]
    assert apply("GROUPSUM", bad, groups=[0, 0, 1, 2, 2]) == [Failure("OVERFLOW"), Failure("OVERFLOW"), 0]
    assert apply("GROUPFIRST", [1, 2, 3, 4, 5], bad, groups=[0, 0, 1, 2, 2])[:2] == [Failure("OVERFLOW")] * 2
    assert apply("GROUPPERCENTILE", bad, None, groups=[0, 0, 1, 2, 2]) == [Failure("OVERFLOW")] * 2 + [None]
