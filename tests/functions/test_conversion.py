"""Conversion: numbers from text against Python's own reading, number formats against Decimal, JSON, dates."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

import pytest
from calling import apply
from hypothesis import given
from hypothesis import strategies as st
from oracles_logic import ORACLES
from test_logic import plain

from sheetline.functions.context import Environment
from sheetline.functions.declare import Failure
from sheetline.functions.number_text import compile_format

NUMBER_LIKE = st.one_of(
    st.text("0123456789+-.eE ", max_size=8),
    st.integers(-(2**70), 2**70).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(-1000, 1000, places=3).map(str),
    st.sampled_from(["", " ", "nan", "inf", "0x1F", "1_000", "1,5", "٣", "12 ", "\t7\n", "+", "1e400", "1e-400"]),
    st.none(),
)


@pytest.mark.parametrize("name", ["INT", "FLOAT"])
@given(texts=st.lists(NUMBER_LIKE, max_size=20))
def test_numbers_from_text(name: str, texts: list[str | None]) -> None:
    from sheetline.functions.columns import Column
    from sheetline.functions.types import STRING

    made = Column.of(texts, STRING)
    assert plain(apply(name, made)) == [ORACLES[name](text) for text in texts]
    assert plain(apply(name, made.slice(len(texts) // 2, len(texts)))) == [
        ORACLES[name](text) for text in texts[len(texts) // 2 :]
    ]


@given(st.lists(NUMBER_LIKE.filter(lambda text: text is None or "e" not in text.lower()), max_size=20))
def test_exact_numbers_from_text(texts: list[str | None]) -> None:
    from sheetline.functions.columns import Column
    from sheetline.functions.types import STRING

    made = Column.of(texts, STRING)
    for text, found, whole in zip(texts, apply("BIGDECIMAL", made), apply("BIGINTEGER", made), strict=True):
        if text is None:
            assert found is None
        elif isinstance(ORACLES["FLOAT"](text), float):
            assert found == Decimal(text.strip())
            assert whole == int(Decimal(text.strip()))
        else:
            assert found == Failure("PARSE")


def test_numbers_from_other_types() -> None:
    day = datetime(1970, 1, 2, tzinfo=UTC)
    assert apply("INT", [2.9, -2.9, 1e19, -(2.0**63), None]) == [2, -2, Failure("OVERFLOW"), -(2**63), None]
    assert apply("INT", [True, False, None]) == [1, 0, None]
    assert apply("INT", [day, None]) == [86_400_000, None]
    assert apply("INT", [Decimal("1e30"), Decimal("-2.5")]) == [Failure("OVERFLOW"), -2]
    assert apply("FLOAT", [day, None]) == [86_400_000.0, None]
    assert apply("FLOAT", [Decimal("0.5"), Decimal("1e400")]) == [0.5, Failure("OVERFLOW")]
    assert apply("BIGDECIMAL", [0.1, None]) == [Decimal("0.1"), None]
    assert apply("BIGDECIMAL", [2.345, -2.345], 2) == [Decimal("2.35"), Decimal("-2.35")]
    assert apply("BIGDECIMAL", ["1e5000"]) == [Failure("LIMIT")]


@given(st.lists(st.sampled_from(["true", "YES", "1", " no", "0", "False", "2", "", "ja", None]), max_size=8))
def test_truth_values(texts: list[str | None]) -> None:
    from sheetline.functions.columns import Column
    from sheetline.functions.types import STRING

    assert plain(apply("BOOLEAN", Column.of(texts, STRING))) == [ORACLES["BOOLEAN"](text) for text in texts]


def test_value_and_numbervalue() -> None:
    shown = ["1,234.5", "12%", "-1e3", "1,23", "5 km", "", "1,234,567", " 7 ", None]
    assert apply("VALUE", shown) == [
        1234.5,
        0.12,
        -1000.0,
        Failure("PARSE"),
        Failure("PARSE"),
        Failure("PARSE"),
        1234567.0,
        7.0,
        None,
    ]
    german = ["1.234,5", "2 500", "3,5%%", "1,2.3", "1.5,", None]
    assert apply("NUMBERVALUE", german, ",", ".") == [1234.5, 2500.0, 0.00035, Failure("PARSE"), 15.0, None]


def _formatted(value: float, places: int, *, grouped: bool, percent: bool) -> str:
    exact = Decimal(repr(value)) * (100 if percent else 1)
    digits = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, Context(prec=100))
    sign = "-" if value < 0 and digits else ""  # no minus before zero
    return f"{sign}{abs(digits):{',' if grouped else ''}.{places}f}" + ("%" if percent else "")


FLOATS = st.one_of(
    st.floats(-1e12, 1e12, allow_subnormal=False),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e60, max_value=1e60),
    st.integers(-(10**6), 10**6).map(lambda n: n / 1000),  # many halves at two places
)


@given(st.lists(FLOATS, min_size=1, max_size=20), st.integers(0, 4), st.booleans(), st.booleans())
def test_number_formats(values: list[float], places: int, grouped: bool, percent: bool) -> None:
    source = ("#,##0" if grouped else "0") + ("." + "0" * places if places else "") + ("%" if percent else "")
    wanted = [_formatted(value, places, grouped=grouped, percent=percent) for value in values]
    assert apply("TEXT", values, source) == wanted
    assert apply("TEXT", values, [source] * len(values)) == wanted


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=10))
def test_formats_of_integers(values: list[int]) -> None:
    assert apply("TEXT", values, "#,##0") == [f"{value:,}" for value in values]
    assert apply("TEXT", values, "0.00") == [f"{value}.00" for value in values]


@pytest.mark.parametrize(
    ("value", "source", "shown"),
    [
        (5.0, "0.0;(0.0);nil", "5.0"),
        (-5.0, "0.0;(0.0);nil", "(5.0)"),
        (0.0, '0.0;(0.0);"nil"', "nil"),
        (12345.678, "0.00E+00", "1.23E+04"),
        (9.999, "0.00E+00", "1.00E+01"),
        (0.00012, "0.0E-0", "1.2E-4"),
        (5.25, "0.0#", "5.25"),
        (5.5, "0.0##", "5.5"),
        (0.25, "#.00", ".25"),
        (7, "000", "007"),
        (1234, "00,000", "01,234"),
        (1234567.0, "0.0,,", "1.2"),
        (12.0, '"€ "0.00', "€ 12.00"),
        (12.0, "0 \\k\\m", "12 km"),
        (2.675, "0.00", "2.68"),
        (1.5, "General", "1.5"),
        ("a", "0;-0;0;<@>", "<a>"),
        (True, "0.00", "TRUE"),
        (datetime(2024, 2, 9, 15, 4, 5, 678_000), "yyyy-mm-dd hh:mm:ss", "2024-02-09 15:04:05"),
        (datetime(2024, 2, 9, 15, 4, 5, 678_000), "hh:mm:ss.000", "15:04:05.678"),
        (datetime(2024, 2, 9, 15, 4, 5), "dddd, d. mmmm yy, h:mm AM/PM", "Friday, 9. February 24, 3:04 PM"),
        (datetime(2024, 2, 9, 15, 4, 5), '"it\'s" ddd', "it's Fri"),
        (datetime(2024, 2, 9), "0.00", Failure("VALUE")),
        (1.0, "yyyy", "1899"),
        (-1.0, "yyyy", Failure("VALUE")),
        (1.0, None, None),
    ],
)
def test_spreadsheet_formats(value: Any, source: str | None, shown: Any) -> None:
    assert apply("TEXT", [value, None], source) == [shown, None]


@pytest.mark.parametrize("source", ["0;0;0;0;0", "0.0.0", "0 0E+0", "0E+0?", "yyyy;0"])
def test_formats_that_can_not_be_right(source: str) -> None:
    with pytest.raises(ValueError, match="format"):
        compile_format(source)
    assert apply("TEXT", [1, 2], [source, "0"]) == [Failure("VALUE"), "2"]


JSON = st.one_of(
    st.lists(st.none() | st.integers(-5, 5), max_size=3),
    st.lists(st.none() | st.text(max_size=4), max_size=3),
    st.lists(st.lists(st.none() | st.booleans(), max_size=2), max_size=3),
)


@given(st.data())
def test_json(data: st.DataObject) -> None:
    one = data.draw(st.sampled_from([st.text(max_size=5), st.integers(-9, 9), st.booleans(), JSON]))
    values = [data.draw(one), None]
    (shown, none) = apply("TOJSON", values)
    assert none is None
    assert json.loads(shown) == values[0]
    assert " " not in shown or " " in json.dumps(values[0], separators=(",", ":"), ensure_ascii=False)


def test_dates() -> None:
    berlin = Environment(timezone="Europe/Berlin")
    noon = int(datetime(2024, 7, 1, 12, tzinfo=UTC).timestamp()) * 1_000_000
    texts = ["2024-07-01T14:00:00", "2024-07-01T12:00:00Z", "2024-02-30", None]
    assert apply("ASDATE", texts, env=berlin) == [noon, noon, Failure("PARSE"), None]
    patterns = ["dd.MM.yyyy HH:mm", "MM/dd/yy", "q)(", None]
    shown = ["01.07.2024 14:00", "07/01/24", "x", "y"]
    assert apply("ASDATE", shown, patterns, env=berlin) == [noon, noon - 14 * 3_600_000_000, Failure("VALUE"), None]
    assert apply("ASDATE", [86_400_000, 10**18]) == [86_400_000_000, Failure("RANGE")]
    assert apply("UNIXTODATE", [1.5, 1e300, None]) == [1_500_000, Failure("RANGE"), None]
    assert apply("DATETOMS", apply("MSTODATE", [-1, None], raw=True)) == [-1, None]


def test_lists_are_made_row_by_row() -> None:
    import sheetline.functions.lists  # noqa: F401 - declares LIST

    assert apply("LIST", [1, None], 2.5) == [[1.0, 2.5], [None, 2.5]]
    assert apply("LIST", ["a", "b"], "c", [None, "d"]) == [["a", "c", None], ["b", "c", "d"]]
    assert apply("LIST", [[1], [2]], [[3], []]) == [[[1], [3]], [[2], []]]
    assert apply("LIST", [Decimal(10) ** 60], [Decimal(1)]) == [Failure("LIMIT")]
    assert apply("TYPEOF", apply("LIST", [1], [2.5], raw=True)) == ["list<float>"]
