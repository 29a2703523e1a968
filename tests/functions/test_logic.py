"""Logic: lazy and three-valued functions against scalar oracles, over nulls, errors, constants and all layouts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from calling import apply
from hypothesis import given
from hypothesis import strategies as st
from oracles_logic import ORACLES, Err

from sheetline.functions import errors as err
from sheetline.functions.columns import Column
from sheetline.functions.declare import Failure
from sheetline.functions.errors import Origin
from sheetline.functions.resolve import Mismatch
from sheetline.functions.types import BOOLEAN, FLOAT, INTEGER, STRING, Type, list_of

CODES = ("DIV0", "NUM", "PARSE")


def column(values: Sequence[Any], type_: Type) -> Column:
    """A column of Python values, where an Err is an error value."""
    made = Column.of([None if isinstance(value, Err) else value for value in values], type_)
    parts = []
    for code in CODES:
        rows = [row for row, value in enumerate(values) if isinstance(value, Err) and value.code == code]
        parts.append(err.make(np.array(rows, np.int64), code, Origin("TEST", f"made {code}")))
    return made.with_errors(err.first(parts))


def plain(results: Sequence[Any]) -> list[Any]:
    return [Err(value.code) if isinstance(value, Failure) else value for value in results]


def cells(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(values, values, st.none(), st.sampled_from(CODES).map(Err))


KINDS: dict[Type, st.SearchStrategy[Any]] = {
    INTEGER: st.integers(-3, 3),
    FLOAT: st.sampled_from([-1.5, 0.0, 2.0, 7.25]),
    STRING: st.sampled_from(["", " ", "a", "ab", "é", "𝄞"]),
    BOOLEAN: st.booleans(),
    list_of(INTEGER): st.lists(st.integers(0, 2), max_size=2),
}


@st.composite
def rows_of(draw: st.DrawFn, *parts: Type | None) -> tuple[Type, list[list[Any]]]:
    """Columns of equal length: a type stands for itself, None for a type that all such columns share."""
    shared = draw(st.sampled_from(list(KINDS)))
    count = draw(st.integers(0, 12))
    made = [
        draw(st.lists(cells(KINDS[shared if part is None else part]), min_size=count, max_size=count)) for part in parts
    ]
    return shared, made


def check(name: str, columns: list[list[Any]], types: list[Type]) -> None:
    """Compare with the oracle, on the whole columns and on two slices of them."""
    made = [column(values, type_) for values, type_ in zip(columns, types, strict=True)]
    wanted = [ORACLES[name](*row) for row in zip(*columns, strict=True)]
    assert plain(apply(name, *made)) == wanted
    half = len(wanted) // 2
    for start, stop in ((0, half), (half, len(wanted))):
        part = plain(apply(name, *(c.slice(start, stop) for c in made)))
        assert part == wanted[start:stop]


@pytest.mark.parametrize("name", ["AND", "OR", "NAND", "NOR", "XOR"])
@given(data=st.data())
def test_connectives(name: str, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 4))
    _, columns = data.draw(rows_of(*[BOOLEAN] * count))
    check(name, columns, [BOOLEAN] * count)


@given(rows_of(BOOLEAN, None, None))
def test_if(made: tuple[Type, list[list[Any]]]) -> None:
    check("IF", made[1], [BOOLEAN, made[0], made[0]])


@given(rows_of(BOOLEAN, None, BOOLEAN, None, BOOLEAN, None))
def test_ifs(made: tuple[Type, list[list[Any]]]) -> None:
    check("IFS", made[1], [BOOLEAN, made[0]] * 3)


@pytest.mark.parametrize("default", [False, True])
@given(data=st.data())
def test_switch(default: bool, data: st.DataObject) -> None:
    parts = [INTEGER, INTEGER, None, INTEGER, None, *([None] if default else [])]
    shared, columns = data.draw(rows_of(*parts))
    check("SWITCH", columns, [part or shared for part in parts])


@given(rows_of(INTEGER, None, None, None, None, None))
def test_choose(made: tuple[Type, list[list[Any]]]) -> None:
    check("CHOOSE", made[1], [INTEGER] + [made[0]] * 5)


@pytest.mark.parametrize("name", ["GREATEST", "LEAST", "IN", "COMPARE", "BETWEEN"])
@given(data=st.data())
def test_comparing(name: str, data: st.DataObject) -> None:
    count = 2 if name == "COMPARE" else 3
    shared, columns = data.draw(rows_of(*[None] * count))
    check(name, columns, [shared] * count)


@given(st.text(max_size=6), st.text(max_size=6))
def test_compare_of_texts_is_by_code_point(a: str, b: str) -> None:
    assert apply("COMPARE", [a], [b]) == [ORACLES["COMPARE"](a, b)]


def test_constants_among_the_branches() -> None:
    assert apply("IF", [True, False, None], "a", ["x", "y", "z"]) == ["a", "y", "z"]
    assert apply("IF", [True, False], 1, 2.5) == [1.0, 2.5]
    assert apply("IF", True, ["x", None], "b") == ["x", None]
    assert apply("IF", [True, False], [[1], [2]], None) == [[1], None]
    assert apply("CHOOSE", [1, 2, 3, 4, 5, None], "a", "b", "c", "d", ["v", "w", "x", "y", "z", "-"]) == [
        *"abcdz",
        None,
    ]
    assert apply("SWITCH", ["a", "b", None], "a", 1, None, 2, 9) == [1, 9, 2]
    assert apply("IN", ["a", None, "c"], "a", "b", None) == [True, True, False]
    assert apply("IN", [1.0, 2.5, None], 1, 2) == [True, False, False]


def test_branches_that_can_not_be_compared_are_refused() -> None:
    with pytest.raises(Mismatch) as found:
        apply("SWITCH", [1], "a", 1)
    assert (found.value.reason, found.value.place) == ("mixed", 1)


def test_an_error_beyond_what_decides_does_not_exist() -> None:
    broken = apply("DIVIDE", [6.0, 6.0], [2.0, 0.0], raw=True)
    assert apply("IF", [True, False], broken, [0.0, -1.0]) == [3.0, -1.0]
    less = apply("LESS", broken, 1.0, raw=True)
    assert apply("AND", [True, False], less) == [False, False]
    assert apply("AND", less, [True, False]) == [False, Failure("DIV0")]
