"""Whole columns in every kind of sheet.

Sheets are generated from a seed and compared with plain loops over their rows.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from calling import values
from drawing import column, drawn, is_error
from evaluating import sheet

from sheetline.formulas.bind import bind_formula, require
from sheetline.formulas.blocks import Workers
from sheetline.formulas.bound import Scope
from sheetline.formulas.evaluate import evaluate
from sheetline.functions.columns import Table
from sheetline.functions.context import Environment
from sheetline.functions.declare import Failure
from sheetline.functions.types import INTEGER


def known(listed: list[Any]) -> list[Any]:
    return [v for v in listed if v is not None]


def each(listed: list[Any], run: Callable[[Any, list[Any]], Any]) -> list[Any]:
    return [None if v is None else run(v, known(listed)) for v in listed]


def constant(listed: list[Any], run: Callable[[list[Any]], Any]) -> list[Any]:
    return [run(known(listed)) if known(listed) else None] * len(listed)


#: Formula of a whole column ``{0}`` → what a loop gives.
WHOLE: dict[str, Callable[[list[Any]], list[Any]]] = {
    "COLSUM({0})": lambda c: constant(c, sum),
    "COLMAX({0})": lambda c: constant(c, max),
    "COLMIN({0})": lambda c: constant(c, min),
    "COLMEDIAN({0})": lambda c: constant(c, lambda some: float(statistics.median(some))),
    "COLCOUNT({0})": lambda c: [len(known(c))] * len(c),
    "COLCOUNTDISTINCT({0})": lambda c: [len(set(known(c)))] * len(c),
    "COLRANK({0})": lambda c: each(c, lambda v, some: 1 + sum(o > v for o in some)),
    'COLRANK({0};"asc")': lambda c: each(c, lambda v, some: 1 + sum(o < v for o in some)),
    "COLORDINAL({0})": lambda c: each(c, lambda v, some: sorted(set(some)).index(v)),
    "COLFREQUENCY({0})": lambda c: each(c, lambda v, some: some.count(v)),
    "{0} - COLMIN({0})": lambda c: each(c, lambda v, some: v - min(some)),
    "IF({0} == COLMAX({0});1;0)": lambda c: [
        0 if v is None and known(c) else 1 if v == max(known(c), default=None) else 0 for v in c
    ],
    "BOUNDCOLPERCENTILE({0};{0})": lambda c: each(c, lambda v, some: 100.0 * sum(o <= v for o in some) / len(some)),
}


def first_error(listed: list[Any], made: list[Any]) -> list[Any]:
    """A whole column with an error gives the first one everywhere."""
    broken = next((v for v in listed if is_error(v)), None)
    return made if broken is None else [broken] * len(listed)


def whole_column(formula: str, listed: list[Any]) -> list[Any]:
    return first_error(listed, WHOLE[formula]([None if is_error(v) else v for v in listed]))


def largest(listed: list[Any]) -> Any:
    """The largest value of a group, its first error, or null."""
    broken = next((v for v in listed if is_error(v)), None)
    return broken or max(known(listed), default=None)


def close(got: list[Any], wanted: list[Any]) -> bool:
    return len(got) == len(wanted) and all(
        math.isclose(a, b, rel_tol=1e-12) if isinstance(a, float) and isinstance(b, float) else a == b
        for a, b in zip(got, wanted, strict=True)
    )


@pytest.mark.parametrize("formula", WHOLE)
@pytest.mark.parametrize("seed", range(4))
def test_whole_columns_in_every_kind_of_sheet(formula: str, seed: int) -> None:
    random = Random(seed * 101 + len(formula))
    rows = random.choice([1, 20, 33])
    v = drawn(random, rows, lambda: random.randint(-3, 9), errors=0.0 if seed else 0.05)
    v = [Failure("NUM") if is_error(x) else x for x in v]  # of two errors in a formula the first counts
    g = drawn(random, rows, lambda: random.randint(1, 4), errors=0.0)
    base = {"v": column(v, INTEGER), "g": column(g, INTEGER)}
    with Workers(2, block_rows=5) as workers:
        row_sheet = sheet({"r": formula.format("#v")}, base, workers=workers)
        keyed = {"k": "GROUPBY(#Base!g)", "s": "GROUPMAX(#Base!v)", "r": formula.format("#s")}
        grouped = sheet(keyed, base, name="Base", workers=workers)
        inside = {"k": "GROUPBY(#Base!g)", "r": f"GROUPLIST({formula.format('#Base!v')})"}
        within = sheet(inside, base, name="Base", workers=workers)
        serial = {"k": "GROUPBY(#Base!g)", "n": "GROUPROWNUMBER()", "r": formula.format("#Base!v")}
        records = sheet(serial, base, name="Base", workers=workers)
    wanted = whole_column(formula, v)
    assert close(values(row_sheet["r"]), wanted)
    groups: dict[Any, list[int]] = {}
    for row, code in enumerate(g):
        groups.setdefault(code, []).append(row)
    highest = [largest([v[r] for r in part]) for part in groups.values()]
    assert values(grouped["s"]) == highest
    assert close(values(grouped["r"]), whole_column(formula, highest))
    assert close(values(records["r"]), [wanted[r] for part in groups.values() for r in part])
    lists = [[wanted[r] for r in part] for part in groups.values()]
    plain_lists = [next((x for x in part if is_error(x)), [x for x in part if x is not None] or None) for part in lists]
    got = values(within["r"])
    assert all(
        close(a, b) if isinstance(a, list) and isinstance(b, list) else a == b
        for a, b in zip(got, plain_lists, strict=True)
    )


@pytest.mark.parametrize("seed", range(6))
def test_whole_columns_in_a_filter_look_at_the_rows_before_it(seed: int) -> None:
    random = Random(seed)
    v = drawn(random, 25, lambda: random.randint(-3, 9), errors=0.0)
    table = Table.of({"v": column(v, INTEGER)})
    scope = Scope("Kept", "Base", {"Base": table.types})
    env = Environment()
    bound = require(bind_formula("#v > COLMEDIAN(#v) || COLRANK(#v) == 1", scope, env, place="a filter"))
    with Workers(2, block_rows=4) as workers:
        got = values(evaluate(bound, table, env, workers).table.columns["Result"])
    middle, top = statistics.median(known(v)), max(known(v))
    assert got == [None if x is None else x > middle or x == top for x in v]


def test_neighbours_of_a_column_cross_the_blocks() -> None:
    v = list(range(20))
    with Workers(2, block_rows=3) as workers:
        got = sheet({"p": "COLPREVIOUS(#v;2)", "n": "COLNEXT(#v)"}, {"v": v}, workers=workers)
    assert values(got["p"]) == [None, None, *v[:-2]]
    assert values(got["n"]) == [*v[1:], None]
