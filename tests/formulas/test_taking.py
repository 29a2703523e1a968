"""Constants that are taken as another type, with a warning."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import sheetline as sl
from sheetline.workbook.cli.app import app

#: Formulas with their value by the conversions that Excel documents.
CONVERTED = [
    ("LEN(1234)", 4),
    ("LEN(12.5)", 4),
    ("LEN(TRUE)", 4),
    ("LEFT(12345;2)", "12"),
    ('LEFT("abc";"2")', "ab"),
    ('"3"+1', 4),
    ('1+"3"', 4),
    ('"3"*"4"', 12),
    ('"10%"*2', 0.2),
    ('-"3"', -3),
    ("TRUE+TRUE", 2),
    ("AND(1;0)", False),
    ("OR(0;5)", True),
    ("NOT(0)", True),
    ("IF(1;2;3)", 2),
    ("IF(0;2;3)", 3),
    ('SQRT("4")', 2.0),
    ('ROUND("2.567";1)', 2.6),
    ("ABS(TRUE)", 1),
    ('YEAR("2024-01-05")', 2024),
    ('SUM("3";4)', 7),
    ('MOD("7";"4")', 3),
]


@pytest.mark.parametrize(("text", "value"), CONVERTED)
def test_constants_are_taken_as_spreadsheets_take_them(text: str, value: Any) -> None:
    made = sl.compile(text)
    assert made() == value
    assert made.warnings
    assert {one.code for one in made.warnings} == {"F133"}


@pytest.mark.parametrize(
    "text",
    [
        '"a"+1',  # no number
        'ABS("x")',
        'YEAR("soon")',
        '"10" > 9',  # comparisons take nothing as something else
        '1 = "1"',
        "#text + 1",  # columns never
        "LEN(#number)",
        "IF(#number;1;2)",
        "#text > 3",
        'IF(TRUE;1;"a")',
        "TDIST(1;5;2)",  # a number is no flag
        'SQRT("1e999")',
    ],
)
def test_what_is_refused_all_the_same(text: str) -> None:
    with pytest.raises(sl.FormulaError):
        sl.compile(text, {"text": "string", "number": "integer"})


def test_the_warning_says_as_what() -> None:
    (one,) = sl.compile('IF(#ok;"1" + 2;0)', {"ok": "boolean"}).warnings
    assert one.message == 'the string "1" is taken as the integer 1'
    assert one.hint == "write 1"
    assert one.severity == "warning"
    assert not sl.compile("1 + 2").warnings


@given(st.integers(-(10**12), 10**12), st.floats(-1e6, 1e6, allow_nan=False))
def test_texts_of_numbers_count_as_the_numbers(whole: int, number: float) -> None:
    assert sl.evaluate(f'"{whole}" * 1') == whole
    assert sl.evaluate(f'"{number!r}" * 1') == number


def test_workbooks_and_the_command_tell_it() -> None:
    book = sl.Workbook("W").source("E", type="frame").formulas("F", of="E", columns={"y": 'IF(1;#x;"2" + 1)'})
    frame = pd.DataFrame({"x": [5]})
    assert (
        sorted((one.code, one.severity) for one in book.plan(sources={"E": frame}).warnings)
        == [("F133", "warning")] * 2
    )
    assert book.run(sources={"E": frame}, sheets=["F"])["F"].to_pandas()["y"].tolist() == [5]
    shown = CliRunner().invoke(app, ["eval", "LEN(12)"])
    assert (shown.exit_code, shown.stdout) == (0, "2\n")
    assert 'warning F133 the integer 12 is taken as the string "12"' in shown.stderr
