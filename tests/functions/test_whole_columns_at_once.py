"""Quick ways over whole columns against plain Python: what they leave to the slow way included."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from calling import Failure, apply
from hypothesis import given, settings
from hypothesis import strategies as st

import sheetline as sl
from sheetline.functions.arrow_parts import InParts
from sheetline.functions.dates import calendar, workdays
from sheetline.functions.dates.civil import COUNT, FIRST, civil32
from sheetline.functions.text_keys import text_keys
from sheetline.functions.types import STRING

MANY = 5_000  # rows from which on dates are looked up
EPOCH = date(1970, 1, 1)

# ---------------------------------------------------------------- texts


@given(st.lists(st.none() | st.text("ab\0é€🙂", max_size=9), max_size=60))
def test_keys_are_equal_where_texts_are(texts: list[str | None]) -> None:
    keys = text_keys(pa.array(texts, pa.large_string())).tolist()
    assert all((keys[i] == keys[j]) == (texts[i] == texts[j]) for i in range(len(texts)) for j in range(len(texts)))
    assert min(keys, default=0) >= 0


@pytest.mark.parametrize(("name", "python"), [("UPPER", str.upper), ("LOWER", str.lower), ("SWAPCASE", str.swapcase)])
def test_letters_of_all_scripts_in_one_column(name: str, python: object) -> None:
    texts = [f"x{chr(code)}y" for code in range(0x80, 0x2C00)] + [chr(code) for code in range(0x1F000, 0x1F100)]
    texts += ["ΟΔΟΣ", "straße", None, "plain"]
    assert callable(python)
    assert apply(name, texts) == [None if text is None else python(text) for text in texts]
    assert apply(name, texts) == apply(name, texts)  # the second time what was learnt serves


def test_a_letter_that_only_python_knows_in_a_column_of_others() -> None:
    texts = ["Zürich"] * 5000 + ["Gießen", None, "Łódź"]
    assert apply("UPPER", texts) == [None if text is None else text.upper() for text in texts]


@pytest.mark.parametrize("separator", [", ", "", "é"])
def test_parts_with_one_separator_are_joined_as_others(separator: str) -> None:
    a, b, c = ["x", None, "", "ü"], ["1", "2", None, ""], [None, None, "q", "r"]
    shown = [[part or "" for part in row] for row in zip(a, b, c, strict=True)]
    assert apply("CONCAT", a, separator, b, separator, c) == [separator.join(row) for row in shown]
    assert apply("CONCAT", a, separator, b, "!", c) == [f"{x}{separator}{y}!{z}" for x, y, z in shown]


@given(st.lists(st.text("ab é€", max_size=6), min_size=1), st.sampled_from("ab "), st.sampled_from("ab-"))
def test_one_sign_for_another(texts: list[str], old: str, new: str) -> None:
    assert apply("SUBSTITUTE", texts, old, new) == [text.replace(old, new) for text in texts]


# ---------------------------------------------------------------- numbers from text


@pytest.mark.parametrize("odd", ["0x1F", "nan", "inf", "-", ".", "1.2.3", "1,5", "--1", "1 2", ""])
def test_what_arrow_may_read_is_no_number_for_that(odd: str) -> None:
    assert apply("INT", [odd]) == [Failure("PARSE")]
    assert apply("FLOAT", ["1", odd, "2"]) == [1.0, Failure("PARSE"), 2.0]


def test_numbers_of_all_shapes() -> None:
    texts = ["1", "-2", "007", "+5", " 6 ", "1.5", ".5", "-.5", "5.", None]
    assert apply("FLOAT", texts) == [None if text is None else float(text) for text in texts]
    assert apply("INT", texts) == [None if text is None else int(float(text)) for text in texts]
    assert apply("INT", ["9223372036854775807", "-9223372036854775808"]) == [2**63 - 1, -(2**63)]
    assert apply("INT", ["9223372036854775808"]) == [Failure("OVERFLOW")]
    assert apply("FLOAT", ["9" * 400]) == [Failure("OVERFLOW")]


# ---------------------------------------------------------------- dates


@settings(max_examples=20)
@given(st.integers(-719_162, 2_932_896 - MANY))
def test_days_that_are_looked_up_and_days_that_are_calculated(first: int) -> None:
    for begin in (first, FIRST - 1, FIRST, FIRST + COUNT - MANY, FIRST + COUNT - MANY + 1):
        days = np.arange(begin, begin + MANY)
        dates = [EPOCH + timedelta(int(day)) for day in days[::50]]
        year, month, day = (part[::50].tolist() for part in civil32(days))
        assert list(zip(year, month, day, strict=True)) == [(d.year, d.month, d.day) for d in dates]
        us = days * calendar.DAY + 86_399_999_999
        assert calendar.day_of_year(us)[::50].tolist() == [d.timetuple().tm_yday for d in dates]
        starts = calendar.start_of(us, "month")[::50] // calendar.DAY
        assert starts.tolist() == [(d.replace(day=1) - EPOCH).days for d in dates]


def test_parts_are_written_where_they_are_wanted() -> None:
    us = np.array([-1, 0, 86_399_999_999, 1_700_000_123_456_789])
    for part in (calendar.year, calendar.month, calendar.day, calendar.quarter, calendar.hour, calendar.minute,
                 calendar.second, calendar.millisecond, calendar.weekday, calendar.day_of_year):  # fmt: skip
        room = np.full(4, -7, np.int64)
        assert part(us, room) is room
        assert room.tolist() == part(us).tolist()


@given(st.lists(st.tuples(st.integers(-40_000, 40_000), st.integers(-40_000, 40_000)), min_size=1))
def test_working_days_without_holidays(pairs: list[tuple[int, int]]) -> None:
    first, last = (np.array(side) * calendar.DAY + 5 for side in zip(*pairs, strict=True))
    expected = []
    for a, b in pairs:
        low, high = min(a, b), max(a, b)
        count = int(np.busday_count(np.datetime64(low, "D"), np.datetime64(high + 1, "D")))
        expected.append(count if a <= b else -count)
    assert workdays.networkdays(first, last).tolist() == expected


def test_dates_of_frames_with_and_without_holes() -> None:
    days = pd.to_datetime(["2024-02-29", None, "1999-12-31"])
    assert sl.evaluate("YEAR(#d)", pd.DataFrame({"d": days})).tolist() == [2024, pd.NA, 1999]
    assert sl.evaluate("YEAR(#d)", pd.DataFrame({"d": days[[0, 2]]})).tolist() == [2024, 1999]
    assert sl.evaluate("YEAR(#d)", pd.DataFrame({"d": days[:0]})).tolist() == []


# ---------------------------------------------------------------- lists


@given(
    st.lists(st.tuples(st.none() | st.integers(-9, 9), st.none() | st.integers(-9, 9)), min_size=1),
    st.sampled_from([1, 2, -1]),
)
def test_ranges(ends: list[tuple[int | None, int | None]], step: int) -> None:
    starts, stops = (list(side) for side in zip(*ends, strict=True))
    expected = [None if a is None or b is None else list(range(a, b + (1 if step > 0 else -1), step)) for a, b in ends]
    assert apply("LISTRANGE", [*starts, 0], [*stops, 0], step) == [*expected, [0]]


# ---------------------------------------------------------------- results in parts


def test_texts_of_many_blocks_stay_in_parts() -> None:
    rows = 300_000
    frame = pd.DataFrame({"n": np.arange(rows).astype(str)})
    made = sl.evaluate('LPAD(#n;8;"0")', frame)
    assert made.iloc[[0, 131_072, rows - 1]].tolist() == ["00000000", "00131072", "00299999"]
    assert pa.array(made.array).num_chunks > 1
    sheet = sl.evaluate_sheet({"t": "STRIP(#n)", "u": '#t & "!"', "l": "LEN(#u)"}, frame)
    assert sheet["u"].iloc[-1] == "299999!"
    assert int(sheet["l"].sum()) == sum(len(str(n)) + 1 for n in range(rows))


def test_errors_in_several_blocks_keep_their_rows() -> None:
    texts = np.full(300_000, "ab", object)
    counts = np.ones(len(texts), np.int64)
    counts[[5, 140_000, 299_999]] = -1
    made = sl.evaluate("LEFT(#t;#n)", pd.DataFrame({"t": texts, "n": counts}), errors="coerce")
    assert np.flatnonzero(made.isna()).tolist() == [5, 140_000, 299_999]


def test_parts_are_joined_once() -> None:
    column = InParts(STRING, pa.chunked_array([pa.array(["a", None], pa.large_string())] * 2))
    assert column.data is column.data
    assert column.take(np.array([3, 0])).to_list() == [None, "a"]
    assert column.slice(1, 3).to_list() == [None, "a"]
    assert column.with_errors(None) is column
