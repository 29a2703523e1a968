"""What holds across functions: lazy branches, own columns, whole columns, expansions, paths and keys.

Sheets are generated from a seed and compared with plain loops over their rows.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import pytest
from calling import values
from comparing import bits, plain
from evaluating import sheet

from sheetline.formulas.bind import bind_formula, require
from sheetline.formulas.blocks import Workers
from sheetline.formulas.bound import Scope
from sheetline.formulas.evaluate import evaluate
from sheetline.functions import errors as err
from sheetline.functions.columns import Column, Table
from sheetline.functions.context import Environment
from sheetline.functions.declare import Failure
from sheetline.functions.errors import Origin
from sheetline.functions.types import DATE, FLOAT, INTEGER, STRING, Type

CODES = ("NUM", "PARSE")


def is_error(value: Any) -> bool:
    return isinstance(value, Failure)


def column(listed: list[Any], type_: Type) -> Column:
    """A column of Python values, :class:`Failure` for error values."""
    made = Column.of([None if is_error(v) else v for v in listed], type_)
    found = []
    for code in CODES:
        rows = [row for row, v in enumerate(listed) if v == Failure(code)]
        found.append(err.make(np.array(rows, np.int64), code, Origin("TEST", "made")))
    return made.with_errors(err.first(found))


def drawn(
    random: Random, rows: int, value: Callable[[], Any], *, errors: float = 0.06, nulls: float = 0.12
) -> list[Any]:
    def one() -> Any:
        chance = random.random()
        return Failure(random.choice(CODES)) if chance < errors else None if chance < errors + nulls else value()

    return [one() for _ in range(rows)]


# ---------------------------------------------------------------- lazy formulas over own columns in any order

Number = Callable[[dict[str, Any]], Any]


def strict(run: Callable[..., Any], *parts: Number) -> Number:
    """The general rule: the first error, null for a null, else the value."""

    def value(row: dict[str, Any]) -> Any:
        found = [part(row) for part in parts]
        broken = next((v for v in found if is_error(v)), None)
        return broken or (None if None in found else run(*found))

    return value


def divide(a: float, b: float) -> Any:
    return Failure("DIV0") if b == 0 else a / b


class Formulas:
    """Makes formulas of numbers and conditions, each as text and as what it gives for a row."""

    def __init__(self, random: Random, names: list[str]) -> None:
        self.random = random
        self.own: dict[str, Number] = {}
        self.names = names

    def number(self, depth: int) -> tuple[str, Number]:
        kind = self.random.randrange(11 if depth else 3)
        if kind == 0:
            number = float(self.random.randint(-2, 3))
            return f"FLOAT({number})", lambda row: number
        if kind == 1 and self.own:
            name = self.random.choice(sorted(self.own))
            return f"#{name}", self.own[name]
        if kind <= 2:
            name = self.random.choice(self.names)
            return f"#{name}", lambda row: row[name]
        if kind <= 5:
            sign, run = self.random.choice(
                [("+", lambda a, b: a + b), ("-", lambda a, b: a - b), ("/", divide), ("/", divide)]
            )
            (a, left), (b, right) = self.number(depth - 1), self.number(depth - 1)
            return f"({a} {sign} {b})", strict(run, left, right)
        if kind == 6:
            (c, test), (a, left), (b, right) = self.test(depth - 1), self.number(depth - 1), self.number(depth - 1)
            return (
                f"IF({c};{a};{b})",
                lambda row: found if is_error(found := test(row)) else left(row) if found is True else right(row),
            )
        if kind == 7:
            (a, left), (b, right) = self.number(depth - 1), self.number(depth - 1)
            return f"COALESCE({a};{b})", lambda row: right(row) if (found := left(row)) is None else found
        if kind == 8:
            (a, left), (b, right) = self.number(depth - 1), self.number(depth - 1)
            return f"IFERROR({a};{b})", lambda row: right(row) if is_error(found := left(row)) else found
        if kind == 9:
            (c, test), (a, left) = self.test(depth - 1), self.number(depth - 1)
            (d, other), (b, right) = self.test(depth - 1), self.number(depth - 1)
            return f"IFS({c};{a};{d};{b})", self.ifs([(test, left), (other, right)])
        (a, value), (b, left), (c, right) = (self.number(depth - 1) for _ in range(3))
        return f"SWITCH({a};1.0;{b};FLOAT(2);{c})", self.switch(value, left, right)

    @staticmethod
    def ifs(pairs: list[tuple[Number, Number]]) -> Number:
        def value(row: dict[str, Any]) -> Any:
            for test, then in pairs:
                found = test(row)
                if is_error(found):
                    return found
                if found is True:
                    return then(row)
            return None

        return value

    @staticmethod
    def switch(value: Number, left: Number, right: Number) -> Number:
        def chosen(row: dict[str, Any]) -> Any:
            found = value(row)
            if is_error(found):
                return found
            return left(row) if found == 1.0 else right(row) if found == 2.0 else None

        return chosen

    def test(self, depth: int) -> tuple[str, Number]:
        kind = self.random.randrange(5 if depth else 2)
        (a, left), (b, right) = self.number(max(depth - 1, 0)), self.number(max(depth - 1, 0))
        if kind <= 1:
            return f"({a} < {b})", strict(lambda x, y: x < y, left, right)
        if kind == 2:
            return f"ISERROR({a})", lambda row: is_error(left(row))
        (c, one), (d, other) = self.test(depth - 1), self.test(depth - 1)
        stop = kind == 3
        sign = self.random.choice(["||", "OR"] if stop else ["&&", "AND"])
        text = f"{sign}({c};{d})" if sign.isalpha() else f"({c} {sign} {d})"
        return text, self.until(one, other, stop)

    @staticmethod
    def until(one: Number, other: Number, stop: bool) -> Number:
        def value(row: dict[str, Any]) -> Any:
            found = one(row)
            if is_error(found) or found is stop:
                return found
            second = other(row)
            if is_error(second) or second is stop:
                return second
            return None if None in (found, second) else not stop

        return value


@pytest.mark.parametrize("seed", range(60))
def test_an_error_in_a_branch_not_taken_does_not_exist(seed: int) -> None:
    random = Random(seed)
    rows = random.choice([1, 7, 30])
    base = {n: drawn(random, rows, lambda: random.choice([0.0, 1.0, 2.0, -1.5, 4.0])) for n in ("a", "b")}
    made = Formulas(random, ["a", "b"])
    texts: dict[str, str] = {}
    for number in range(5):
        texts[f"x{number}"], made.own[f"x{number}"] = made.number(3)
    names = random.sample(list(texts), len(texts))  # a column may stand before those that it names
    columns = {name: column(listed, FLOAT) for name, listed in base.items()}
    with Workers(1) as workers:
        whole = sheet({n: texts[n] for n in names}, columns, workers=workers)
    with Workers(2, block_rows=4) as workers:
        blocks = sheet({n: texts[n] for n in names}, columns, workers=workers)
    for name in names:
        wanted = [made.own[name]({n: listed[row] for n, listed in base.items()}) for row in range(rows)]
        assert values(whole[name]) == wanted, (name, texts)
        assert bits(whole[name]) == bits(blocks[name]), (name, texts)


def test_shared_parts_fail_only_where_they_are_used() -> None:
    rows: dict[str, list[Any]] = {"v": [2.0, 0.0, None, 5.0], "t": ["1", "x", "3", None]}
    formulas = {
        "safe": "IF(#v != 0;#q;-1.0)",
        "q": "10 / #v",
        "again": "IF(#v != 0;10 / #v;0.0) + IF(#v == 0;0.0;10 / #v)",
        "either": "#v == 0 || 10 / #v > 3",
        "read": 'IF(REGEXMATCH(#t;"[0-9]+");INT(#t);0)',
        "caught": "IFERROR(INT(#t);-INT(#v))",
    }
    got = {name: values(made) for name, made in sheet(formulas, rows).items()}
    assert got["q"] == [5.0, Failure("DIV0"), None, 2.0]
    assert got["safe"] == [5.0, -1.0, None, 2.0]
    assert got["again"] == [10.0, 0.0, None, 4.0]
    assert got["either"] == [True, True, None, False]
    assert got["read"] == [1, 0, 3, 0]
    assert got["caught"] == [1, 0, 3, None]


def test_constant_errors_keep_their_codes() -> None:
    formulas = {"a": "1 / 0", "b": "SQRT(-1)", "c": 'ERROR("one")', "d": 'ERROR("two")', "e": "IFERROR(SQRT(-1);7.0)"}
    got = sheet(formulas, {"v": [1]})
    assert [values(got[name])[0] for name in "abcd"] == [Failure(c) for c in ("DIV0", "NUM", "USER", "USER")]
    assert [got[name].errors.message(0) for name in "cd"] == ["one", "two"]  # type: ignore[union-attr]
    assert values(got["e"]) == [7.0]


# ---------------------------------------------------------------- names


def test_own_columns_and_those_underneath() -> None:
    formulas = {"w": "#v * 2", "v": "#v + 1", "u": "#Base!v * 2", "same": "#Base!other"}
    got = {n: values(c) for n, c in sheet(formulas, {"v": [1, 2], "other": [5, 6]}, name="Base").items()}
    assert got == {"w": [4, 6], "v": [2, 3], "u": [2, 4], "same": [5, 6]}


def test_own_columns_in_aggregate_and_series_sheets() -> None:
    rows: dict[str, list[Any]] = {"v": [1, 2, 3], "g": ["a", "b", "a"]}
    formulas = {
        "part": "#v / #n",
        "g": "GROUPBY(#g)",
        "v": "GROUPSUM(#v)",
        "n": "GROUPCOUNT()",
        "m": "GROUPMAX(#Base!v)",
    }
    got = {n: values(c) for n, c in sheet(formulas, rows, name="Base").items()}
    assert got == {"part": [2.0, 2.0], "g": ["a", "b"], "v": [4, 2], "n": [2, 1], "m": [3, 2]}
    formulas = {"sum": "GROUP_CUMSUM(#v)", "g": "GROUPBY(#g)", "v": "#v * 10", "base": "GROUP_CUMSUM(#Base!v)"}
    got = {n: values(c) for n, c in sheet(formulas, rows, name="Base").items()}
    assert got == {"sum": [10, 40, 20], "g": ["a", "a", "b"], "v": [10, 30, 20], "base": [1, 4, 2]}


# ---------------------------------------------------------------- whole columns


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


# ---------------------------------------------------------------- expansions


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


# ---------------------------------------------------------------- paths beside other series


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


# ---------------------------------------------------------------- keys


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
