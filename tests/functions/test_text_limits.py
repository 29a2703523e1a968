"""Text functions at their limits: long texts, absurd sizes, half surrogate pairs, text of any value, patterns."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from calling import ENV, apply
from oracles_text import ORACLES, text_form

from sheetline.functions import text_filling
from sheetline.functions.columns import Column, Constant
from sheetline.functions.context import Call, Environment
from sheetline.functions.declare import Failure, declared
from sheetline.functions.registry import REGISTRY
from sheetline.functions.resolve import Mismatch
from sheetline.functions.text_support import by_ascii, to_text
from sheetline.functions.types import DATE, FLOAT, STRING, pair_of

LONG = "ä\x00b" * 350_000  # above a megabyte
ONE_TEXT = ["UPPER", "LOWER", "SWAPCASE", "CAPITALIZE", "PROPER", "INITCAP", "LEN", "LENB", "REVERSE", "TRIM", "STRIP"]
MORE = ["NORMALIZEWHITESPACE", "CLEAN", "REMOVEACCENTS", "SLUG", "COUNTWORDS", "UNICODE"]


@pytest.mark.parametrize("name", [*ONE_TEXT, *MORE])
def test_long_texts_with_nul(name: str) -> None:
    assert apply(name, [LONG, None, "a"]) == [ORACLES[name](LONG), None, ORACLES[name]("a")]


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("LEFT", [400_000]),
        ("RIGHT", [400_000]),
        ("MID", [3, 10**6]),
        ("SUBSTR", [500_000, 600_000]),
        ("CONTAINS", ["b\x00"]),
        ("INDEXOF", ["bä"]),
        ("SUBSTITUTE", ["\x00", ""]),
        ("SPLITPART", ["\x00", -1]),
        ("REPLACE", [2, 10**6, "x"]),
        ("LIKE", ["%\x00b%b%"]),
        ("TRANSLATE", ["ä\x00", "a0"]),
        ("LPAD", [1_050_004, "<>"]),
        ("SUBSTRINGAFTER", ["\x00"]),
    ],
)
def test_long_texts_with_arguments(name: str, more: list[object]) -> None:
    assert apply(name, [LONG, None], *more) == [ORACLES[name](LONG, *more), None]


def test_absurd_sizes_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = Failure("LIMIT")
    assert apply("REPEAT", "x", [10**7, 10**7 + 1, 10**18, 2**63 - 1])[1:] == [limit, limit, limit]
    assert apply("LPAD", ["a", "b" * 5], [2**63 - 1, 4]) == [limit, "bbbbb"]
    assert apply("RPAD", ["a"], 10**12, ["€"]) == [limit]
    assert apply("SUBSTITUTE", ["a" * 10_000], "a", "b" * 10_000) == [limit]
    # the texts of one call have a bound together, so that no sensible machine runs out of memory
    monkeypatch.setattr(text_filling, "MAX_BLOCK", 10**6)
    many = apply("REPEAT", "x", [10**5] * 30, raw=True)
    assert many.errors.rows.tolist() == list(range(10, 30))
    assert apply("LEFT", ["abc"], 2**63 - 1) == ["abc"]
    assert apply("MID", ["abc"], 2**63 - 1, 2**63 - 1) == [""]
    assert apply("SUBSTR", ["abc"], 1, [2**63 - 1]) == ["bc"]


HALF = "a\ud800"


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("CONTAINS", 1),
        ("STARTSWITH", 1),
        ("FIND", 0),
        ("INDEXOF", 1),
        ("SUBSTITUTE", 1),
        ("TRANSLATE", 1),
        ("EXACT", 1),
    ],
)
def test_half_a_surrogate_pair_is_an_error(name: str, before: int) -> None:
    arguments: list[object] = [["ab", None]] if before else []
    arguments.append(HALF)
    arguments += [["ab", None]] if not before else []
    arguments += ["x"] if name in ("SUBSTITUTE", "TRANSLATE") else []
    assert apply(name, *arguments) == [Failure("VALUE"), None]


def test_half_a_surrogate_pair_elsewhere() -> None:
    assert apply("CONCAT", ["a", "b"], HALF) == [Failure("VALUE")] * 2
    assert apply("LPAD", ["a"], 4, HALF) == [Failure("VALUE")]
    assert apply("LEFT", HALF, [1, 2]) == [Failure("VALUE")] * 2
    for name in ("SPLIT", "LIKE"):
        with pytest.raises(Mismatch):
            apply(name, ["a"], HALF)


def call(column: Column | Constant, timezone: str = "UTC") -> Call:
    rows = len(column) if isinstance(column, Column) else 3
    return Call("T", [column], [column.type], rows, Environment(timezone=timezone))


def shown(values: list[object], timezone: str = "UTC") -> list[str | None]:
    column = Column.of([values[0], *values, values[0]])
    part = column.slice(1, len(values) + 1)
    return to_text(part, call(part, timezone)).to_pylist()


def test_text_of_numbers() -> None:
    assert shown([1, -(2**63), None, 2**63 - 1]) == ["1", "-9223372036854775808", None, "9223372036854775807"]
    floats = [3.0, -0.0, 0.1 + 0.2, 12345678901.0, 12345678901.25, -99999999999999.5, None, 1e15, 1e-6, 9e-7, 1e300]
    assert shown(floats) == [
        *("3", "0", "0.30000000000000004", "12345678901", "12345678901.25", "-99999999999999.5"),
        *(None, "1e+15", "0.000001", "9e-7", "1e+300"),
    ]
    assert shown([Decimal("1.50"), None, Decimal("1E+30")]) == ["1.50", None, "1" + "0" * 30]
    assert shown([2**70, None]) == [str(2**70), None]
    assert shown([True, None, False]) == ["true", None, "false"]


def test_text_of_random_floats_reads_back() -> None:
    random = np.random.default_rng(7)
    values = random.choice([-1.0, 1.0], 4000) * 10 ** random.uniform(-20, 20, 4000)
    texts = shown(values.tolist())
    assert [float(one or "") for one in texts] == values.tolist()
    assert texts == [text_form(value) for value in values.tolist()]


def test_text_of_dates() -> None:
    moments = [datetime(2024, 2, 29, 8, tzinfo=UTC), datetime(2024, 2, 29, 8, 0, 0, 250_000, tzinfo=UTC), None]
    assert shown(moments) == ["2024-02-29T08:00:00", "2024-02-29T08:00:00.250", None]
    assert shown(moments, "Europe/Berlin")[0] == "2024-02-29T09:00:00"


def test_text_of_lists() -> None:
    assert shown([[1, 2], [], None, [None, 3]]) == ["[1;2]", "[]", None, "[null;3]"]
    assert shown([["a", "b;c"], None]) == ["[a;b;c]", None]
    assert shown([[1.0, 12345678901.0], [None]]) == ["[1;12345678901]", "[null]"]
    assert shown([[[1], [2, 3]], [[]]]) == ["[[1];[2;3]]", "[[]]"]
    assert shown([[True]]) == ["[true]"]
    pairs = Column(
        pair_of(DATE, STRING),
        pa.StructArray.from_arrays(
            [pa.array([0, None, 1], pa.timestamp("us", tz="UTC")), pa.array(["a", "b", None], pa.large_string())],
            ["0", "1"],
            mask=pa.array([False, False, True]),
        ),
    )
    assert to_text(pairs, call(pairs)).to_pylist() == ["[1970-01-01T00:00:00;a]", "[null;b]", None]


def test_text_of_constants_is_a_scalar() -> None:
    for value, wanted in ((1.0, "1"), ("x", "x"), (None, None), ([1, 2], "[1;2]"), (True, "true")):
        made = to_text(Constant.of(value), call(Constant.of(value)))
        assert isinstance(made, pa.Scalar)
        assert made.as_py() == wanted


def test_null_floats_and_constants_in_concat() -> None:
    assert apply("CONCAT", Column.of([1.5, None], FLOAT), "-") == ["1.5-", "-"]
    assert apply("CONCAT", 1, None, "x") == ["1x"]
    assert apply("CONCAT_WS", [None, ","], "a", "b") == [None, "a,b"]
    assert apply("CONCAT_WS", ",", ["a", None, "b"], ["x", None, None]) == ["a,x", "", "b"]
    assert apply("CONCAT_WS", [",", None, ";"], None, [None, None, 1]) == ["", None, "1"]


@pytest.mark.parametrize(
    ("pattern", "x", "shown_as"),
    [
        ("#,##0.00", 1234567.891, "1,234,567.89"),
        ("#,##0.00", -0.001, "0.00"),
        ("#.##", 0.5, "0.5"),
        (".00", 0.5, ".50"),
        ("0.0#", 1.25, "1.25"),
        ("0.0#", 1.0, "1.0"),
        ("000", 7.0, "007"),
        ("0,000", 7.0, "0,007"),
        ("0%", 0.125, "13%"),
        ("0.0‰", 0.0125, "12.5‰"),
        ('0 "km/h"', 12.0, "12 km/h"),
        ("'#'0", 12.0, "#12"),
        ('0"%"', 12.0, "12%"),
        ("0.00E+00", 0.00012345, "1.23E-04"),
        ("0.0E0", 99.96, "1.0E2"),
        ("$#,##0;($#,##0)", -1234.0, "($1,234)"),
        ("0", 2.5, "3"),
        ("0", -2.5, "-3"),
        ("0.00", 1.005, "1.01"),
    ],
)
def test_number_patterns(pattern: str, x: float, shown_as: str) -> None:
    assert apply("FORMATNUMBER", [x, None], pattern) == [shown_as, None]
    assert apply("FORMATNUMBER", [x, None], [pattern, None]) == [shown_as, None]


@pytest.mark.parametrize("pattern", ["", "abc", "0.0.0", "0#.0", "0.#0", "#" * 200])
def test_malformed_number_patterns(pattern: str) -> None:
    with pytest.raises(Mismatch):
        apply("FORMATNUMBER", [1.0], pattern)
    assert apply("FORMATNUMBER", [1.0], [pattern]) == [Failure("VALUE")]


def test_ascii_kernels_on_mixed_blocks() -> None:
    mixed = pa.array(["a", "é", None, "b", "ß"], pa.large_string())
    for part in (mixed, mixed.slice(1), mixed.slice(0, 1), mixed.slice(2, 1), mixed.slice(0, 0)):
        assert by_ascii(part, pc.ascii_upper, str.upper).to_pylist() == [
            None if value is None else value.upper() for value in part.to_pylist()
        ]


def test_every_text_function_has_an_oracle() -> None:
    assert REGISTRY.get("UPPER") is not None
    assert ENV.timezone == "UTC"
    modules = ("text", "text_search", "text_change", "text_numbers", "regular")
    names = {f.name for f in declared() if f.kernels[0].run.__module__.rsplit(".", 1)[-1] in modules}
    assert names - set(ORACLES) == {"FORMATNUMBER"}
    assert len(names) > 60
