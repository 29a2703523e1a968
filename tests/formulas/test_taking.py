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
    ("YEAR(39448)", 2008),
    ("HOUR(0.75)", 18),
    ("SECOND(0.604282407407407)", 10),
    ('DAY("1")', 31),
    ('HOUR("4 PM")', 16),
    ('MINUTE("16:48:10")', 48),
    ('YEAR("15-Apr-11")', 2011),
    ('MONTH("12/31/2011")', 12),
    ('DAY("2011/02/23")', 23),
    ("DAYS(2;1)", 1),
    ('YEAR(ADDTODATE("15-Jan-2011";"24M"))', 2013),
    ("NETWORKDAYS(DATE(2013;12;4);DATE(2014;1;4);DATE(2014;1;1))", 22),
    ('NETWORKDAYS("2013-12-04";"2014-01-04";["2014-01-01";"2014-01-02"])', 21),
    ("NORMDIST(0;0;1;1)", 0.5),
    ("FIXED(1234;0;1)", "1234"),
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
        'IF(#number > 1;1;"a")',  # a column has one type
        'IFERROR(1 / #number;"none")',
        "YEAR(#number)",
        'YEAR("1/2/2020")',  # which is the month, nobody knows
        'ADDTODATE(5;"3M")',  # a number is a day in spreadsheets' own functions alone
        "YEAR(3000000)",
        "TDIST(1;5;1)",  # spreadsheets have the number of tails there
        "NORMDIST(1;0;1;2)",  # no flag
        'SQRT("1e999")',
    ],
)
def test_what_is_refused_all_the_same(text: str) -> None:
    with pytest.raises(sl.FormulaError):
        sl.compile(text, {"text": "string", "number": "integer"})


#: Choices among constants of several types: the one that counts has the result's type.
CHOSEN = [
    ('IFERROR(1/0;"none")', "none"),
    ('IFERROR(5;"none")', 5),
    ('IFERROR("";1)', ""),
    ('IF(2 > 1;"x";1/0)', "x"),
    ('IF(FALSE;"x";0.5)', 0.5),
    ('CHOOSE(3;"Wide";115;"world";8)', "world"),
    ('CHOOSE(2.9;"Wide";115)', 115),
    ('IFS(FALSE;1;TRUE;"x")', "x"),
    ('IFS(FALSE;1;FALSE;"x")', None),
    ('SWITCH(2;1;"a";2;5;"x")', 5),
    ('SWITCH(7;1;"a";2;5;TRUE)', True),
    ('SWITCH(7;1;"a";2;5)', None),
]


@pytest.mark.parametrize(("text", "value"), CHOSEN)
def test_a_choice_among_constants_may_have_several_types(text: str, value: Any) -> None:
    made = sl.compile(text)
    assert made() == value
    assert type(made()) is type(value)
    assert not made.warnings


@pytest.mark.parametrize("text", ['CHOOSE(3;1;"a")', 'IF(TRUE;1/0;"x")', 'IFS(1/0 > 1;1;TRUE;"x")'])
def test_errors_of_what_is_chosen_count(text: str) -> None:
    with pytest.raises(sl.CellErrors if "IFS" not in text else sl.FormulaError):
        sl.evaluate(text)


def test_days_are_those_of_the_run_s_time_zone() -> None:
    assert sl.evaluate("HOUR(39448.25)", timezone="Asia/Tokyo") == 6
    assert sl.evaluate('UNIXTIME(ADDTODATE("15-Jan-2011";"0d"))', timezone="Asia/Tokyo") == 1295017200


def test_the_warning_says_as_what() -> None:
    (one,) = sl.compile('IF(#ok;"1" + 2;0)', {"ok": "boolean"}).warnings
    assert one.message == 'the string "1" is taken as the integer 1'
    assert one.hint == "write 1"
    assert one.severity == "warning"
    (one,) = sl.compile("YEAR(39448)").warnings
    assert one.hint == 'write ASDATE("2008-01-01T00:00:00Z")'
    (one,) = sl.compile("NORMDIST(0;0;1;1)").warnings
    assert one.message == "the integer 1 is taken as the boolean true"
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
