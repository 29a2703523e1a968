"""Functions that make rows: expansions that advance together, paths beside other series.

Sheets are generated from a seed and compared with plain loops over their rows.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import Any

import pytest
from calling import values
from drawing import column, drawn, is_error
from evaluating import sheet

from sheetline.formulas.blocks import Workers
from sheetline.functions.types import INTEGER, STRING


def parts_of(text: Any) -> list[Any]:
    return [text] if text is None or is_error(text) else text.split(",")


def numbers_to(top: Any) -> list[Any]:
    return [top] if top is None or is_error(top) else list(range(1, top + 1)) or [None]


@pytest.mark.parametrize("keyed", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_expansions_advance_together(seed: int, keyed: bool) -> None:
    random = Random(seed)
    rows = random.choice([1, 12, 20])
    t = drawn(random, rows, lambda: ",".join(random.choices("abc", k=random.randint(1, 4))))
    n = drawn(random, rows, lambda: random.randint(0, 4))
    g = drawn(random, rows, lambda: random.choice("xyz"))
    base = {"t": column(t, STRING), "n": column(n, INTEGER), "g": column(g, STRING)}
    formulas = {"part": 'EXPAND_SPLIT(#Base!t;",")', "number": "EXPAND_RANGE(1;#Base!n)", "n": "#Base!n"}
    formulas |= {"both": "#part & #number", "row": "#n + 1"}
    if keyed:
        formulas = {"g": "GROUPBY(#Base!g)", **formulas}
    with Workers(2, block_rows=3) as workers:
        got = {name: values(c) for name, c in sheet(formulas, base, name="Base", workers=workers).items()}
    order = list(range(rows))
    if keyed:
        first = {code: row for row, code in reversed(list(enumerate(g)))}
        order.sort(key=lambda row: first[g[row]])
    wanted: dict[str, list[Any]] = {name: [] for name in formulas}
    for row in order:
        words, numbers = parts_of(t[row]), numbers_to(n[row])
        for place in range(max(len(words), len(numbers))):
            word = words[place] if place < len(words) else None
            number = numbers[place] if place < len(numbers) else None
            broken = next((v for v in (word, number) if is_error(v)), None)
            joined = broken or "".join("" if v is None else str(v) for v in (word, number))
            one = {"part": word, "number": number, "both": joined, "n": n[row], "g": g[row]}
            one["row"] = n[row] + 1 if isinstance(n[row], int) else n[row]
            for name in formulas:
                wanted[name].append(one[name])
    assert got == wanted


def added(records: list[Any], extra: Any) -> list[Any]:
    return [*records, extra]


@pytest.mark.parametrize("seed", range(8))
def test_a_path_adds_one_row_to_each_group(seed: int) -> None:
    random = Random(seed)
    rows = random.choice([0, 1, 15, 25])
    g = drawn(random, rows, lambda: random.choice("xyz"), errors=0.0)
    t = [random.randrange(6) for _ in range(rows)]
    u = drawn(random, rows, lambda: random.choice(["p", "q"]), errors=0.03)
    base = {"g": column(g, STRING), "t": column(t, INTEGER), "u": column(u, STRING)}
    formulas = {
        "k": "GROUPBY(#Base!g)",
        "t": "GROUP_SORT_ASC(#Base!t)",
        "path": "GROUP_PATH(#Base!u)",
        "number": "GROUPROWNUMBER()",
        "before": "GROUP_PREVIOUS(#Base!t)",
        "next": "GROUP_NEXT(#Base!t)",
        "sum": "GROUP_CUMSUM(#Base!t)",
        "u": "#Base!u",
        "later": "#sum * 2",
    }
    got = {name: values(c) for name, c in sheet(formulas, base, name="Base").items()}
    wanted: dict[str, list[Any]] = {name: [] for name in formulas}
    for key in dict.fromkeys(g):
        order = sorted((row for row in range(rows) if g[row] == key), key=lambda row: t[row])
        times, urls = [t[row] for row in order], [u[row] for row in order]
        sums = [sum(times[: place + 1]) for place in range(len(times))]
        places = ["external", *urls, "external"]
        steps = [next((v for v in (a, b) if is_error(v)), [a, b]) for a, b in pairwise(places)]
        wanted["k"] += [key] * (len(order) + 1)
        wanted["t"] += added(times, times[-1])
        wanted["path"] += steps
        wanted["number"] += added(list(range(1, len(order) + 1)), None)
        wanted["before"] += [None, *times]
        wanted["next"] += added([*times[1:], None], None)
        wanted["sum"] += added(sums, None)
        wanted["u"] += added(urls, None)
        wanted["later"] += added([2 * s for s in sums], None)
    assert got == wanted
