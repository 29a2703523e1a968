"""Keys of groups: by value, runs and sessions, with nulls and errors.

Sheets are generated from a seed and compared with plain loops over their rows.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from calling import values
from comparing import plain
from drawing import column, drawn, is_error
from evaluating import sheet

from sheetline.formulas.blocks import Workers
from sheetline.functions.columns import Column
from sheetline.functions.declare import Failure
from sheetline.functions.types import DATE, FLOAT, INTEGER, STRING, Type


def code_of(value: Any) -> Any:
    return value.code if is_error(value) else value


def runs(v: list[Any], groups: list[Any], gap: int, *, numbers: bool) -> list[Any]:
    """The key of each row: the run's first value or number; null for nulls and errors."""
    out: list[Any] = [None] * len(v)
    for group in dict.fromkeys(groups):
        some = [r for r, code in enumerate(groups) if code == group and v[r] is not None and not is_error(v[r])]
        some.sort(key=lambda r: v[r])
        last, name, number = None, None, 0
        for r in some:
            if last is None or v[r] - last > gap:
                name, number = v[r], number + 1
            last = v[r]
            out[r] = number if numbers else name
    return out


def keep(run: Callable[[Any], Any]) -> Callable[[list[Any]], list[Any]]:
    return lambda v: [x if x is None or is_error(x) else run(x) for x in v]


def quantiles(v: list[Any]) -> list[Any]:
    some = [x for x in v if x is not None and not is_error(x)]
    return keep(lambda x: sum(o < x for o in some) * 3 // len(some) + 1)(v)


def custom(x: Any) -> str:
    return "<0" if x < 0 else "0-5" if x < 5 else ">=5"


KEYS: dict[str, Callable[[list[Any]], list[Any]]] = {
    "GROUPBY(#Base!v)": lambda v: v,
    "GROUPBY(ABS(#Base!v))": keep(abs),
    "GROUPBYBIN(#Base!v;4)": keep(lambda x: x // 4 * 4),
    "GROUPBYCUSTOMBIN(#Base!v;0;5)": keep(custom),
    "GROUPBYQUANTILE(#Base!v;3)": quantiles,
}


def check_keys(formulas: dict[str, str], base: dict[str, Column], keys: list[list[Any]], v: list[Any]) -> None:
    """Groups in order of first appearance, each with its keys and the number of its rows."""
    with Workers(2, block_rows=4) as workers:
        got = {
            n: values(c)
            for n, c in sheet({**formulas, "n": "GROUPCOUNT()"}, base, name="Base", workers=workers).items()
        }
        listed = sheet({**formulas, "row": "GROUPROWNUMBER()", "id": "#Base!id"}, base, name="Base", workers=workers)
    groups: dict[Any, list[int]] = {}
    for row, key in enumerate(zip(*keys, strict=True)):
        groups.setdefault(tuple(map(repr, key)), []).append(row)
    assert got["n"] == [len(part) for part in groups.values()]
    for name, made in zip(formulas, keys, strict=True):
        assert got[name] == [made[part[0]] for part in groups.values()], (formulas, v)
        assert values(listed[name]) == [made[row] for part in groups.values() for row in part]
    assert values(listed["id"]) == [row for part in groups.values() for row in part]


@pytest.mark.parametrize("formula", KEYS)
@pytest.mark.parametrize("seed", range(4))
def test_keys_with_nulls_and_errors(formula: str, seed: int) -> None:
    random = Random(seed * 13 + len(formula))
    rows = random.choice([0, 1, 30])
    v = drawn(random, rows, lambda: random.randint(-9, 9), errors=0.2)
    g = drawn(random, rows, lambda: random.choice("xy"), errors=0.1)
    base = {"v": column(v, INTEGER), "g": column(g, STRING), "id": column(list(range(rows)), INTEGER)}
    check_keys({"k": formula}, base, [KEYS[formula](v)], v)
    check_keys({"g": "GROUPBY(#Base!g)", "k": formula}, base, [g, KEYS[formula](v)], v)


@pytest.mark.parametrize("type_", [INTEGER, FLOAT, DATE])
@pytest.mark.parametrize("seed", range(5))
def test_runs_and_sessions_inside_groups(seed: int, type_: Type) -> None:
    random = Random(seed)
    rows = random.choice([1, 30])
    unit = {INTEGER: 1, FLOAT: 0.5, DATE: 1000}[type_]
    v = drawn(random, rows, lambda: random.randint(0, 60) * unit, errors=0.1)
    g = drawn(random, rows, lambda: random.choice("xy"), errors=0.1)
    base = {"v": column(v, type_), "g": column(g, STRING), "id": column(list(range(rows)), INTEGER)}
    gap = 3 * 1000 if type_ == DATE else 3
    firsts, numbers = (
        runs(v, [repr(x) for x in g], gap, numbers=False),
        runs(v, [repr(x) for x in g], gap, numbers=True),
    )
    check_keys({"g": "GROUPBY(#Base!g)", "k": "GROUPBYGAP(#Base!v;3)"}, base, [g, firsts], v)
    check_keys({"g": "GROUPBY(#Base!g)", "k": "GROUPSESSIONS(#Base!v;3)"}, base, [g, numbers], v)
    check_keys({"k": "GROUPSESSIONS(#Base!v;3)"}, base, [runs(v, [0] * rows, gap, numbers=True)], v)


def test_dates_of_a_key_are_starts() -> None:
    day = 86_400_000_000
    v: list[Any] = [3 * day + 5, None, 3 * day, Failure("NUM"), 9 * day, None, Failure("NUM"), Failure("PARSE")]
    base = {"v": column(v, DATE), "id": column(list(range(len(v))), INTEGER)}
    starts = [x if x is None or is_error(x) else x // day * day for x in v]
    check_keys({"k": 'GROUPBYDATE(#Base!v;"day")'}, base, [starts], v)
    assert plain(values(sheet({"k": 'GROUPBYDATE(#Base!v;"day")'}, base, name="Base")["k"])) == [
        3 * day,
        None,
        Failure("NUM"),
        9 * day,
        Failure("PARSE"),
    ]
