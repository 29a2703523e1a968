"""Parsing and formatting against datetime, and both against each other."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetline.functions.dates import calendar as cal
from sheetline.functions.dates.format import format_dates
from sheetline.functions.dates.parse import infer_patterns, is_iso_column, parse_dates
from sheetline.functions.dates.patterns import PatternError, compile_pattern

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
instant = st.integers(cal.MIN_US + 2 * cal.DAY, cal.MAX_US - 2 * cal.DAY)


def micros(*fields: int) -> int:
    return (datetime(*fields, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


def text(*values: str | None) -> pa.Array:
    return pa.array(values, pa.large_string())


def read(values: list[str | None], pattern: str | None = None, zone: str = "UTC") -> list[int | None]:
    parsed = parse_dates(text(*values), pattern, zone)
    one_by_one = [parse_dates(text(value), pattern, zone) for value in values]
    assert parsed.us.tolist() == [each.us[0] for each in one_by_one]  # rows do not depend on each other
    assert parsed.bad.tolist() == [each.bad[0] for each in one_by_one]
    return [None if bad else us for us, bad in zip(parsed.us.tolist(), parsed.bad.tolist(), strict=True)]


def test_documented_patterns() -> None:
    cases = [
        ("12/27/08", "MM/dd/yy", (2008, 12, 27)),
        ("15 Oct 2002", "dd MMM yyyy", (2002, 10, 15)),
        ("25.09.05 12:23:05", "dd.MM.yy HH:mm:ss", (2005, 9, 25, 12, 23, 5)),
        ("Monday, January 3, 2011", "E, MMM d, yyyy", (2011, 1, 3)),
        ("14.01.2003 T 15:33:15", "dd.MM.yyyy 'T' HH:mm:ss", (2003, 1, 14, 15, 33, 15)),
        ("01.01.2001 CET 01:01:01", "dd.MM.yyyy ZZZ HH:mm:ss", (2001, 1, 1, 0, 1, 1)),
        ("2009-06-30T18:30:00.001", "yyyy-MM-dd'T'HH:mm:ss.SSS", (2009, 6, 30, 18, 30, 0, 1000)),
    ]
    for value, pattern, expected in cases:
        assert read([value], pattern) == [micros(*expected)]


ISO_GOOD = {
    "2024-02-29": (2024, 2, 29),
    "20240229": (2024, 2, 29),
    "2024-03-01T12:00": (2024, 3, 1, 12),
    "2024-03-01 12:34:56": (2024, 3, 1, 12, 34, 56),
    "2024-03-01t12:34:56z": (2024, 3, 1, 12, 34, 56),
    "2024-03-01T12:34:56,5": (2024, 3, 1, 12, 34, 56, 500_000),
    "2024-03-01T12:00:00.123456789+02:00": (2024, 3, 1, 10, 0, 0, 123_456),
    "2024-03-01T12:00:00+0230": (2024, 3, 1, 9, 30),
    "2024-03-01T12:00-05": (2024, 3, 1, 17),
    "20240301T120000.25Z": (2024, 3, 1, 12, 0, 0, 250_000),
    "9999-12-31T23:59:59.999999": (9999, 12, 31, 23, 59, 59, 999_999),
}
ISO_BAD = [
    "2024-02-30", "2023-02-29", "2024-13-01", "2024-00-10", "2024-01-00", "0000-01-01", "2024-03-01T24:00",
    "2024-03-01T23:60", "2024-03-01T12:00:60", "2024-3-1", "24-03-01", "2024-03-01T", "2024-03-01X12:00",
    "2024-03-01T12:00:00.", "2024-03-01T12:00:00+19:00", "2024-03-01T12:00:00+02:60", " 2024-03-01",
    "2024-03-01 ", "2024-03-01Z", "", "x", "2024/03/01", "٢٠٢٤-03-01", "2024-03-01T12:00:00.1234567890",
    "0001-01-01T00:00:00+02:00", "9999-12-31T23:00:00-02:00", "2024-03-01T12:00:00.123456789+02:00x", "1" * 500,
]  # fmt: skip


def test_iso() -> None:
    values: list[str | None] = [*ISO_GOOD, *ISO_BAD, None]
    random.Random(5).shuffle(values)
    assert read(values) == [
        micros(*ISO_GOOD[v]) if v in ISO_GOOD else (cal.INAT if v is None else None) for v in values
    ]
    assert parse_dates(text("2024-03-01T12:00:00.1234567", "2024-03-01T12:00:00.1234560")).cut == 1


def test_slices_empty_and_null_columns() -> None:
    column = text("x", None, "2024-01-01", "2024-01-02", None)
    parsed = parse_dates(column[1:4])
    assert parsed.us.tolist() == [cal.INAT, micros(2024, 1, 1), micros(2024, 1, 2)]
    assert parsed.bad.tolist() == [False, False, False]
    assert len(parse_dates(text()).us) == 0
    assert not parse_dates(text(None, None), "d.M.yy").bad.any()
    assert parse_dates(pa.array(["2024-01-01"])).us.tolist() == [micros(2024, 1, 1)]


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("d/M/yyyy", "1/2/2024", (2024, 2, 1)),
        ("d/M/yyyy", "31/12/2024", (2024, 12, 31)),
        ("dd/MM/yyyy", "1/2/2024", (2024, 2, 1)),
        ("d/M/yyyy", "30/2/2024", None),
        ("d/M/yyyy", "1/2/24", None),
        ("yyyyMMdd", "20240201", (2024, 2, 1)),
        ("yyyyMMdd", "2024021", None),
        ("MM/dd/yy", "12/31/69", (2069, 12, 31)),
        ("MM/dd/yy", "12/31/70", (1970, 12, 31)),
        ("MM/dd/yy", "12/31/2008", (2008, 12, 31)),
        ("MM/dd/yy", "12/31/208", None),
        ("MMMM d, yyyy", "sept 3, 2024", None),
        ("MMMM d, yyyy", "SEPTEMBER 3, 2024", (2024, 9, 3)),
        ("MMM d, yyyy", "mAy 3, 2024", (2024, 5, 3)),
        ("E, d MMM yyyy", "Sun, 3 Mar 2024", (2024, 3, 3)),
        ("E, d MMM yyyy", "Mon, 3 Mar 2024", None),
        ("h:mm a", "12:30 AM", (1970, 1, 1, 0, 30)),
        ("h:mm a", "12:30 pm", (1970, 1, 1, 12, 30)),
        ("h:mm a", "13:30 pm", None),
        ("hh:mma", "01:30PM", (1970, 1, 1, 13, 30)),
        ("K:mm a", "0:30 PM", (1970, 1, 1, 12, 30)),
        ("kk:mm", "24:30", (1970, 1, 1, 0, 30)),
        ("HH:mm", "24:30", None),
        ("MM-dd", "02-29", (2000, 2, 29)),
        ("yyyy-DDD", "2024-060", (2024, 2, 29)),
        ("yyyy-DDD", "2023-366", None),
        ("xxxx-'W'ww-e", "2020-W53-7", (2021, 1, 3)),
        ("xxxx-'W'ww-e", "2021-W53-1", None),
        ("yyyy QQQ", "2024 Q3", (2024, 7, 1)),
        ("yyyy-MM-dd HH:mm:ss.SSS", "2024-01-01 10:00:00.5", (2024, 1, 1, 10, 0, 0, 500_000)),
        ("yyyy-MM-dd HH:mm:ss.SSS", "2024-01-01 10:00:00.1234", None),
        ("[dd/MMM/yyyy:HH:mm:ss Z]", "[15/Oct/2002:12:00:00 +0200]", (2002, 10, 15, 10)),
        ("yyyy-MM-dd'T'HH:mmX", "2024-01-01T10:00Z", (2024, 1, 1, 10)),
        ("yyyy-MM-dd'T'HH:mmZZ", "2024-01-01T10:00-05:30", (2024, 1, 1, 15, 30)),
        ("yyyy-MM-dd HH:mm ZZZ", "2024-07-01 10:00 America/New_York", (2024, 7, 1, 14)),
        ("yyyy-MM-dd HH:mm z", "2024-07-01 10:00 PST", (2024, 7, 1, 18)),
        ("yyyy-MM-dd HH:mm ZZZ", "2024-07-01 10:00 Nowhere", None),
        ("yyyy年M月d日", "2024年3月1日", (2024, 3, 1)),
        ("d MMM yyyy G", "3 May 2024 AD", (2024, 5, 3)),
        ("'o''clock' HH", "O'Clock 11", (1970, 1, 1, 11)),
        ("dd.MM.yyyy dd", "01.02.2024 01", (2024, 2, 1)),
        ("dd.MM.yyyy dd", "01.02.2024 02", None),
        ("epoch-s", "1700000000", (2023, 11, 14, 22, 13, 20)),
        ("epoch-s", "-1.5", (1969, 12, 31, 23, 59, 58, 500_000)),
        ("epoch-ms", "1700000000123", (2023, 11, 14, 22, 13, 20, 123_000)),
        ("epoch-ms", "1e3", None),
        ("epoch-s", "99999999999999999999", None),
    ],
)  # fmt: skip
def test_patterns(pattern: str, value: str, expected: tuple[int, ...] | None) -> None:
    wanted = None if expected is None else micros(*expected)
    # followed by rows that could lend it digits or letters
    assert read([value, value + "1", None, "1" + value, "", "11111uary", value], pattern)[::6] == [wanted, wanted]


def test_time_zone_of_the_workbook() -> None:
    got = read(["2024-07-01 12:00", "2024-03-31 02:30", "2024-10-27 02:30"], "yyyy-MM-dd HH:mm", "Europe/Berlin")
    assert got == [micros(2024, 7, 1, 10), micros(2024, 3, 31, 1, 30), micros(2024, 10, 27, 0, 30)]
    assert read(["2024-07-01T12:00", "2024-07-01T12:00Z"], None, "Europe/Berlin") == [
        micros(2024, 7, 1, 10),
        micros(2024, 7, 1, 12),
    ]


@pytest.mark.parametrize(
    ("pattern", "position"),
    [
        ("", 0),
        ("yyyy-MM-ddTHH:mm", 10),
        ("dd 'x", 3),
        ("yyyyyyy", 0),
        ("--", 0),
        ("dd '\0'", 3),
        ("dd\ud800", 2),
        ("dd b", 3),
        ("HH:mm:ss SSSSSSSSSS", 9),
    ],
)
def test_malformed_patterns(pattern: str, position: int) -> None:
    with pytest.raises(PatternError) as caught:
        compile_pattern(pattern)
    assert caught.value.position == position


ROUND_TRIP = [
    None, "yyyy-MM-dd HH:mm:ss.SSSSSS", "d/M/yyyy H:m:s.SSSSSS", "EEEE, MMMM d, yyyy h:mm:ss.SSSSSS a",
    "E dd MMM yyyy kk:mm:ss SSSSSS Z", "yyyyMMddHHmmssSSSSSS", "xxxx-'W'ww-e'T'HH:mm:ss.SSSSSSSSS",
    "y-D HH:mm:ss.SSSSSSXXX", "yyyy.MM.dd K:mm:ss.SSSSSS a ZZ",
]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(instant, min_size=1, max_size=20), st.sampled_from(ROUND_TRIP))
def test_round_trip(instants: list[int], pattern: str | None) -> None:
    us = np.array(instants)
    parsed = parse_dates(format_dates(us, pattern), pattern)
    assert parsed.us.tolist() == instants
    assert parsed.cut == 0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(micros(1950, 1, 1), micros(2090, 1, 1)), min_size=1, max_size=20))
def test_round_trip_with_offset_in_a_zone(instants: list[int]) -> None:
    us = np.array(instants)
    for zone in ("Europe/Berlin", "Australia/Lord_Howe"):
        assert parse_dates(format_dates(us, None, zone, suffix=True), None, "UTC").us.tolist() == instants


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(ISO_GOOD)),
    st.integers(0, 40),
    st.sampled_from([*"0123456789-:T .,+Z", ""]),
    st.integers(0, 1),
)
def test_damaged_iso_against_fromisoformat(value: str, position: int, put: str, over: int) -> None:
    """Whatever is read from text with a character changed, the standard library reads the same."""
    damaged = value[:position] + put + value[position + over :]
    parsed = parse_dates(text(damaged))
    if not parsed.bad[0]:
        oracle = datetime.fromisoformat(damaged.upper())
        oracle = oracle if oracle.tzinfo else oracle.replace(tzinfo=UTC)
        assert parsed.us[0] == (oracle - EPOCH) // timedelta(microseconds=1)


def test_format_against_strftime() -> None:
    rng = np.random.default_rng(2)
    us = rng.integers(micros(1900, 1, 1), micros(2099, 1, 1), 2000)
    zone = ZoneInfo("America/New_York")
    local = [(EPOCH + timedelta(microseconds=each)).astimezone(zone) for each in us.tolist()]
    for pattern, directive in {
        "yyyy-MM-dd HH:mm:ss.SSSSSS": "%Y-%m-%d %H:%M:%S.%f",
        "E, dd MMM yy hh:mm a": "%a, %d %b %y %I:%M %p",
        "EEEE MMMM DDD z": "%A %B %j %Z",
        "xxxx ww e": "%G %V %u",
    }.items():
        got = format_dates(us, pattern, "America/New_York").to_pylist()
        assert got == [each.strftime(directive) for each in local], pattern
    seconds = us // 10**6 * 10**6
    assert format_dates(seconds).to_pylist() == [
        (EPOCH + timedelta(microseconds=each)).strftime("%Y-%m-%dT%H:%M:%S") for each in seconds.tolist()
    ]


def test_canonical_text() -> None:
    odd = np.array([0, 1, 1000, cal.INAT, np.iinfo(np.int64).max])
    assert format_dates(odd).to_pylist()[:3] == [
        "1970-01-01T00:00:00", "1970-01-01T00:00:00.000001", "1970-01-01T00:00:00.001",
    ]  # fmt: skip
    assert format_dates(odd[:1], None, "Asia/Kolkata", suffix=True).to_pylist() == ["1970-01-01T05:30:00+05:30"]
    assert format_dates(odd[:1], None, suffix=True).to_pylist() == ["1970-01-01T00:00:00Z"]
    assert format_dates(odd[:0], "d.M.yy").to_pylist() == []
    assert format_dates(np.array([-1]), "epoch-s").to_pylist() == ["-1"]
    assert format_dates(np.array([0]), "d/M/y h 'o''clock' X ZZ QQQ G").to_pylist() == [
        "1/1/1970 12 o'clock Z +00:00 Q1 AD"
    ]


def test_inference() -> None:
    assert is_iso_column(text("2024-01-01", None, "2024-01-01T10:00Z"))
    assert not is_iso_column(text("2024-01-01", "x"))
    assert not is_iso_column(text(None, None))
    assert not is_iso_column(text(*["2024-01-01"] * 1500, "x"))
    both = infer_patterns(text("03/04/2024", "05/06/2023"))
    assert {"MM/dd/yyyy", "dd/MM/yyyy"} <= set(both)
    assert "MM/dd/yyyy" not in infer_patterns(text("13/04/2024", None))
    assert infer_patterns(text("hello")) == []


def test_speed_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    us = np.random.default_rng(0).integers(0, 2**51, 200_000) // 10**6 * 10**6
    iso = format_dates(us)
    with capsys.disabled():
        for name, pattern in (("ISO", None), ("fixed pattern", "yyyy-MM-dd'T'HH:mm:ss")):
            start = time.perf_counter()
            assert (parse_dates(iso, pattern).us == us).all()
            print(f"\n{name}: {(time.perf_counter() - start) * 25:.2f} s for 5 M", end="")
