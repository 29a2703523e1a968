"""Nulls and errors: tests by type and value, replacing, catching, and the messages of errors."""

from __future__ import annotations

from typing import Any

import pytest
from calling import apply
from hypothesis import given
from hypothesis import strategies as st
from test_logic import check, rows_of

from sheetline.functions.declare import Failure
from sheetline.functions.types import BOOLEAN, Type


@pytest.mark.parametrize("name", ["ISNULL", "ISNOTNULL", "ISBLANK", "ISEMPTY", "ISERROR"])
@given(data=st.data())
def test_tests_of_one_value(name: str, data: st.DataObject) -> None:
    shared, columns = data.draw(rows_of(None))
    check(name, columns, [shared])


@pytest.mark.parametrize("name", ["COALESCE", "NULLIFY", "IFERROR", "IFBLANK"])
@given(data=st.data())
def test_replacing(name: str, data: st.DataObject) -> None:
    count = 3 if name == "COALESCE" else 2
    shared, columns = data.draw(rows_of(*[None] * count))
    check(name, columns, [shared] * count)


@given(rows_of(BOOLEAN, None))
def test_assert(made: tuple[Type, list[list[Any]]]) -> None:
    check("ASSERT", made[1], [BOOLEAN, made[0]])


def test_types_decide() -> None:
    assert apply("ISNUMBER", [1, None]) == [True, False]
    assert apply("ISNUMBER", ["1", None]) == [False, False]
    assert apply("ISTEXT", ["1", None]) == [True, False]
    assert apply("ISLIST", [[1], None]) == [True, False]
    assert apply("ISBOOLEAN", [False, None]) == [True, False]


def test_whole_even_and_odd_numbers() -> None:
    numbers = [-3.0, -2.5, 0.0, 2.0, 2.9, 1e300, None]
    assert apply("ISINTEGER", numbers) == [True, False, True, True, False, True, False]
    assert apply("ISEVEN", numbers) == [False, True, True, True, True, True, False]
    assert apply("ISODD", numbers) == [True, False, False, False, False, False, False]
    assert apply("ISODD", [-3, 4, None]) == [True, False, False]
    assert apply("ISEVEN", [2**70, 2**70 + 1, None]) == [True, False, False]


def test_denullify_by_type() -> None:
    assert apply("DENULLIFY", [1.5, None]) == [1.5, 0.0]
    assert apply("DENULLIFY", ["a", None]) == ["a", ""]
    assert apply("DENULLIFY", [True, None]) == [True, False]
    assert apply("DENULLIFY", [[1], None]) == [[1], []]
    assert apply("DENULLIFY", [1, None], [5, 6]) == [1, 6]


def test_messages_of_users_are_shown_as_they_are() -> None:
    made = apply("ERROR", ['say "{0}"', None], raw=True)
    assert apply("ERRORMESSAGE", made) == ['say "{0}"', "an error without a message"]
    made = apply("ASSERT", [True, False, None], [1, 2, 3], ["m", "{1} is bad", None], raw=True)
    assert apply("ERRORMESSAGE", made) == [None, "{1} is bad", "ASSERT: the condition does not hold"]


def test_messages_quote_the_input() -> None:
    made = apply("INT", ["12", "a b", None], raw=True)
    assert apply("ERRORMESSAGE", made) == [None, 'INT: "a b" is no number', None]
    assert apply("IFERROR", made, -1) == [12, -1, None]


def test_an_error_fits_every_type() -> None:
    wrong = apply("ERROR", ["x", "y"], raw=True)
    assert apply("IF", [True, False], wrong, ["a", "b"]) == [Failure("USER"), "b"]
    assert apply("IF", [True, False], wrong, [[1], [2]]) == [Failure("USER"), [2]]
