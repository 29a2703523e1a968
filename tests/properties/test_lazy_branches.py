"""What a formula does not look at: branches not taken, columns of the same name.

Sheets are generated from a seed and compared with plain loops over their rows.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from calling import values
from comparing import bits
from drawing import column, drawn, is_error
from evaluating import sheet

from sheetline.formulas.blocks import Workers
from sheetline.functions.declare import Failure
from sheetline.functions.types import FLOAT

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
