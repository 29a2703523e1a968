"""Date arithmetic: documented examples, clock changes, and plain-Python oracles."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetline.functions.dates import arithmetic as ar
from sheetline.functions.dates import calendar as cal
from sheetline.functions.dates import zones

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def at(*fields: int, zone: str = "UTC", fold: int = 0) -> int:
    when = datetime(*fields, tzinfo=ZoneInfo(zone), fold=fold)
    return (when.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


def us(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def test_documented_additions() -> None:
    start = us(*[at(2002, 10, 15, 4, 36, 34)] * 4)
    moved, bad = ar.add(start, pa.array(["5y", "3M", "5000s", "-5000s"], pa.large_string()))
    assert moved.tolist() == [
        at(2007, 10, 15, 4, 36, 34),
        at(2003, 1, 15, 4, 36, 34),
        at(2002, 10, 15, 5, 59, 54),
        at(2002, 10, 15, 3, 13, 14),
    ]
    assert not bad.any()


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("1M", (2024, 2, 29, 12)), ("13M", (2025, 2, 28, 12)), ("-2M", (2023, 11, 30, 12)), ("1q", (2024, 4, 30, 12)),
        ("1y1M", (2025, 2, 28, 12)), ("-1y2M", (2022, 11, 30, 12)), ("-1y+2M", (2023, 3, 31, 12)),
        ("2w", (2024, 2, 14, 12)),
        ("1d 12h", (2024, 2, 2)), ("30m", (2024, 1, 31, 12, 30)), ("250ms", (2024, 1, 31, 12, 0, 0, 250_000)),
    ],
)  # fmt: skip
def test_steps(spec: str, expected: tuple[int, ...]) -> None:
    moved, bad = ar.add(us(at(2024, 1, 31, 12)), spec)
    assert moved.tolist() == [at(*expected)]
    assert not bad.any()


def test_documented_today_and_weekday() -> None:
    today = us(at(2012, 10, 10, zone="Europe/Berlin"))
    assert ar.start_of(today + 5, "day", "Europe/Berlin").tolist() == today.tolist()
    assert (today - 5 * cal.HOUR).tolist() == [at(2012, 10, 9, 19, zone="Europe/Berlin")]
    series = us(*[at(2014, 1, 5 + n) for n in range(5)], at(2014, 2, 4), *[at(2014, 3, 3 + n) for n in range(9)])
    assert (cal.weekday(series) < 6).astype(int).tolist() == [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1]


def test_days_keep_the_clock_and_hours_do_not() -> None:
    before = us(at(2024, 3, 30, 12, zone="Europe/Berlin"))
    assert ar.add(before, "1d", "Europe/Berlin")[0].tolist() == [at(2024, 3, 31, 12, zone="Europe/Berlin")]
    assert ar.add(before, "24h", "Europe/Berlin")[0].tolist() == [at(2024, 3, 31, 13, zone="Europe/Berlin")]
    gap = us(at(2024, 3, 30, 2, 30, zone="Europe/Berlin"))
    assert ar.add(gap, "1d", "Europe/Berlin")[0].tolist() == [at(2024, 3, 31, 3, 30, zone="Europe/Berlin")]
    winter = us(at(2024, 11, 27, 2, 30, zone="Europe/Berlin"))
    second = at(2024, 10, 27, 2, 30, zone="Europe/Berlin", fold=1)
    assert ar.add(winter, "-1M", "Europe/Berlin")[0].tolist() == [second]  # keeps winter time's offset
    assert ar.add(us(second), "0d", "Europe/Berlin")[0].tolist() == [second]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(at(1900, 1, 1), at(2100, 1, 1)),
    st.integers(-2000, 2000),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
)
def test_days_against_datetime(start: int, count: int, zone: str) -> None:
    info = ZoneInfo(zone)
    aware = (EPOCH + timedelta(microseconds=start)).astimezone(info)
    wall = (aware.replace(tzinfo=None) + timedelta(days=count)).replace(tzinfo=info)
    choices = {(w.astimezone(UTC) - EPOCH) // timedelta(microseconds=1) for w in (wall, wall.replace(fold=1))}
    moved, bad = ar.add(us(start), f"{count}d", zone)
    assert not bad.any()
    assert moved[0] in choices
    kept = start + count * cal.DAY
    if kept in choices:  # the offset stays where it may
        assert moved[0] == kept


def test_bad_steps_and_range() -> None:
    dates = us(at(2024, 1, 1), at(2024, 1, 1), at(9999, 12, 31), at(1, 1, 1), cal.INAT, at(2024, 1, 1))
    specs = pa.array(["1x", None, "1d", "-1s", "1M", "999999999999999999y"], pa.large_string())
    for zone in ("UTC", "Europe/Berlin"):
        moved, bad = ar.add(dates, specs, zone)
        assert bad.tolist() == [True, False, True, True, True, True]
        assert moved[1] == dates[1]
    for wrong in ("", "M", "3", "3 M x", "1.5d", "3µ"):
        with pytest.raises(ar.DurationError):
            ar.parse_step(wrong)


def test_round_time() -> None:
    when = us(at(2024, 5, 16, 13, 47, 38, 5))  # a Thursday
    for spec, expected in {
        "10m": (2024, 5, 16, 13, 40),
        "1h": (2024, 5, 16, 13),
        "6h": (2024, 5, 16, 12),
        "15s": (2024, 5, 16, 13, 47, 30),
        "1d": (2024, 5, 16),
        "7d": (2024, 5, 13),
    }.items():
        assert ar.round_time(when, spec).tolist() == [at(*expected)], spec
    for days in (1, 2, 7, 10, 14, 30):
        ordinal = (date(2024, 5, 16).toordinal() - 1) // days * days + 1  # 0001-01-01 is day 1, a Monday
        expected = at(*date.fromordinal(ordinal).timetuple()[:3])
        assert ar.round_time(when, f"{days}d").tolist() == [expected]
    assert ar.round_time(us(-1), "1s").tolist() == [-cal.SECOND]
    assert ar.time_bucket(when, 600_000).tolist() == ar.round_time(when, "10m").tolist()
    berlin = us(at(2024, 10, 27, 2, 50, zone="Europe/Berlin", fold=1))
    assert ar.round_time(berlin, "1h", "Europe/Berlin").tolist() == [at(2024, 10, 27, 2, zone="Europe/Berlin", fold=1)]
    assert ar.round_time(berlin, "1d", "Europe/Berlin").tolist() == [at(2024, 10, 27, zone="Europe/Berlin")]
    for wrong in ("0m", "-5m", "1M", "10", "5m3s"):
        with pytest.raises(ar.DurationError):
            ar.round_time(when, wrong)
    with pytest.raises(ar.DurationError):
        ar.time_bucket(when, 0)


def test_rounding_never_goes_up() -> None:
    rng = np.random.default_rng(4)
    for zone in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo"):
        dates = rng.integers(at(1950, 1, 1), at(2050, 1, 1), 20_000)
        for spec in ("10m", "1h", "2h", "1d", "7d"):
            assert (ar.round_time(dates, spec, zone) <= dates).all()


def test_starts_and_ends_in_a_zone() -> None:
    when = us(at(2024, 3, 31, 12, zone="Europe/Berlin"))
    assert ar.start_of(when, "day", "Europe/Berlin").tolist() == [at(2024, 3, 31, zone="Europe/Berlin")]
    assert ar.start_of(when, "month", "Europe/Berlin").tolist() == [at(2024, 3, 1, zone="Europe/Berlin")]
    end = at(2024, 3, 31, 23, 59, 59, 999_000, zone="Europe/Berlin")
    assert ar.end_of(when, "month", "Europe/Berlin").tolist() == [end]


def test_shift_timezone() -> None:
    los_angeles_reading = us(at(2024, 7, 1, 12, zone="Europe/Berlin"))
    got = ar.shift_timezone(los_angeles_reading, "Europe/Berlin", "America/Los_Angeles", "Europe/Berlin")
    assert got.tolist() == [at(2024, 7, 1, 21, zone="Europe/Berlin")]
    assert ar.shift_timezone(us(at(2024, 7, 1, 12)), "CET", "UTC").tolist() == [at(2024, 7, 1, 14)]


def test_complete_units() -> None:
    a, b = us(at(2024, 1, 31, 12)), us(at(2025, 3, 31, 11, 59))
    for unit, expected in {
        "y": 1,
        "q": 4,
        "M": 13,
        "w": 60,
        "d": 424,
        "h": 424 * 24 + 23,
        "ms": 36_719_940_000,
    }.items():
        assert ar.complete_units(a, b, unit).tolist() == [expected], unit
        assert ar.complete_units(b, a, unit).tolist() == [-expected], unit
    spring = us(at(2024, 3, 30, 12, zone="Europe/Berlin")), us(at(2024, 3, 31, 12, zone="Europe/Berlin"))
    assert ar.complete_units(*spring, "d", "Europe/Berlin").tolist() == [1]
    assert ar.complete_units(*spring, "h", "Europe/Berlin").tolist() == [23]
    with pytest.raises(ar.DurationError):
        ar.complete_units(a, b, "fortnight")


def test_age_and_season() -> None:
    births = us(at(2000, 2, 29), at(2000, 2, 29), at(2000, 5, 10), at(2030, 1, 1))
    when = us(at(2023, 2, 28, 23), at(2023, 3, 1), at(2024, 5, 10), at(2024, 5, 10))
    assert ar.age(births, when).tolist() == [22, 23, 24, -5]
    months = us(*[at(2024, month, 15) for month in range(1, 13)])
    north = [ar.SEASONS[code] for code in ar.season(months)]
    assert north == ["winter"] * 2 + ["spring"] * 3 + ["summer"] * 3 + ["autumn"] * 3 + ["winter"]
    assert ar.SEASONS[ar.season(months, southern=True)[0]] == "summer"


def test_durations() -> None:
    known = {
        0: "0s", 1: "0.001s", 59_000: "59s", 3_903_000: "1h 05m 03s", -3_903_000: "-1h 05m 03s", 60_000: "1m 00s",
        90_000_250: "1d 01h 00m 00.250s", 2**63 - 1: "106751991167d 07h 12m 55.807s",
    }  # fmt: skip
    assert ar.duration_text(us(*known)).to_pylist() == list(known.values())
    assert ar.parse_duration("1h30m") == 5_400_000
    assert ar.parse_duration("-1.5h") == -5_400_000
    assert ar.parse_duration("1w 250ms") == 604_800_250
    values, bad = ar.parse_durations(pa.array(["1m", "x", None, "1m"], pa.large_string()))
    assert values.tolist() == [60_000, 0, 0, 60_000]
    assert bad.tolist() == [False, True, False, False]
    for wrong in ("", "-", "5", "1M", "1y", "h", "9" * 18 + "w"):
        with pytest.raises(ar.DurationError):
            ar.parse_duration(wrong)


@settings(max_examples=60, deadline=None)
@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_durations_come_back(ms: int) -> None:
    assert ar.parse_duration(ar.duration_text(us(ms)).to_pylist()[0]) == ms


def test_empty_arrays() -> None:
    none = us()
    for zone in ("UTC", "Europe/Berlin"):
        assert len(ar.add(none, "1M", zone)[0]) == 0
        assert len(ar.round_time(none, "1d", zone)) == 0
        assert len(ar.start_of(none, "year", zone)) == 0
        assert len(zones.offset(none, zone)) == 0
    assert ar.duration_text(none).to_pylist() == []
