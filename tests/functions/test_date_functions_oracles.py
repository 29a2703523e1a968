"""Every date function against datetime and zoneinfo, row by row, in zones whose clocks change."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from calling import apply, values
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles_date import EPOCH, FORMATS, ORACLES, TICK

from sheetline.functions.columns import Column, Constant, concat
from sheetline.functions.context import Environment
from sheetline.functions.registry import REGISTRY
from sheetline.functions.types import DATE, Type, list_of

# an ordinary zone; clocks that pass midnight twice; half an hour of saving; no midnight when clocks go forward
ZONES = ("UTC", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Africa/Cairo")
DAY = 86_400_000_000


def _changes() -> list[int]:
    """Hours at which some zone's clocks change, from 2015 to 2030."""
    found = []
    for name in ZONES[1:]:
        zone = ZoneInfo(name)
        days = [datetime(2015, 1, 1, tzinfo=UTC) + timedelta(n) for n in range(16 * 366)]
        for day, next_day in itertools.pairwise(days):
            before = day.astimezone(zone).utcoffset()
            if next_day.astimezone(zone).utcoffset() != before:
                steps = (day + timedelta(minutes=30 * n) for n in range(49))
                change = next(step for step in steps if step.astimezone(zone).utcoffset() != before)
                found.append((change - EPOCH) // TICK)
    return found


def _us(*fields: int) -> int:
    return (datetime(*fields, tzinfo=UTC) - EPOCH) // TICK  # type: ignore[arg-type]


FIRST, LAST = _us(2, 1, 1), _us(9998, 12, 31)
CHANGES = _changes()
SPECIAL = [
    *(_us(year, 2, 29) for year in (4, 1600, 2000, 2024)),
    *(_us(year, 12, 31, 23, 59, 59, 999_999) for year in (1899, 1969, 2020, 2400)),
    *(_us(year, 3, 1) for year in (1900, 2023, 2100)),
]
NEAR = st.builds(lambda at, by: at + by, st.sampled_from(CHANGES), st.integers(-3 * 3_600_000_000, 3 * 3_600_000_000))
MODERN = st.integers(_us(1950, 1, 1), _us(2080, 1, 1))
DATES = st.one_of(st.integers(FIRST, LAST), MODERN, NEAR, NEAR, st.sampled_from(SPECIAL))
CLOSE = st.one_of(st.integers(_us(2020, 1, 1), _us(2025, 1, 1)), st.sampled_from([_us(2024, 2, 29), _us(2023, 2, 28)]))
SMALL = st.integers(-40, 40)
STEPS = st.one_of(
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["", "-", "+"]),
        st.integers(0, 400),
        st.sampled_from(["y", "q", "M", "w", "d", "h", "m", "s", "ms"]),
    ),
    st.sampled_from(["1y2M", "-1y2M", "-1q+36h", "12M-1d", "1d24h", "9000y", "soon", "3", "M"]),
)
NAMES = ["year", "quarter", "month", "week", "day", "hour", "minute", "second", "fortnight"]
UNITS = st.sampled_from(["y", "q", "M", "w", "d", "h", "m", "s", "ms", *NAMES])
WIDTHS = st.one_of(
    st.builds("{}{}".format, st.integers(1, 90), st.sampled_from("dhms")), st.sampled_from(["7d", "0m", "1M", ""])
)
HOLIDAYS = st.lists(CLOSE, max_size=6)

OF_ONE_DATE = [
    *("YEAR", "QUARTER", "MONTH", "ISOWEEK", "ISOYEAR", "DAY", "DAYOFYEAR", "HOUR", "MINUTE", "SECOND"),
    *("MILLISECOND", "DAYSINMONTH", "MONTHNAME", "DAYNAME", "ISLEAPYEAR", "ISWEEKEND", "ISWORKDAY", "UNIXTIME", "AGE"),
    *(f"STARTOF{unit}" for unit in ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE")),
    *(f"ENDOF{unit}" for unit in ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY")),
]
#: name → for each argument its strategy; (strategy,) where it is a constant for all rows
CASES: dict[str, list[Any]] = {
    **{name: [DATES] for name in OF_ONE_DATE},
    "WEEKDAY": [DATES, st.sampled_from([1, 2, 3, 11, 12, 13, 14, 15, 16, 17, 0, 4, 18])],
    "WEEKNUM": [DATES, st.sampled_from([1, 2, 11, 12, 13, 14, 15, 16, 17, 21, 3, 0])],
    "DATE": [st.integers(-5, 10_020), st.one_of(SMALL, st.integers(-(10**6), 10**6)), st.integers(-500, 500)],
    "DATETIME": [st.integers(1500, 2600), SMALL, SMALL, SMALL, st.integers(-100, 100), SMALL, st.integers(-5000, 5000)],
    "TIME": [SMALL, SMALL, SMALL, st.integers(-(10**9), 10**9)],
    "ADDTODATE": [DATES, STEPS],
    "EDATE": [DATES, st.one_of(SMALL, st.integers(-120_000, 120_000))],
    "EOMONTH": [DATES, st.one_of(SMALL, st.integers(-120_000, 120_000))],
    "TRUNCDATE": [DATES, UNITS],
    "ROUNDTIME": [DATES, WIDTHS],
    "TIMEBUCKET": [DATES, (st.sampled_from([1, 250, 900_000, 3_600_000, 7 * 86_400_000, 10**10]),)],
    "SHIFTTIMEZONE": [DATES, *[st.sampled_from(["UTC", "Europe/Berlin", "America/Los_Angeles", "Atlantis"])] * 2],
    "ISDAYLIGHTSAVING": [DATES, st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])],
    "FORMATDATE": [DATES, st.sampled_from([*FORMATS, "b"])],
    "ISDATETEXT": [
        st.one_of(st.dates().map(str), st.sampled_from(["20240229", "20230229", "2024-02-30", "2024-2-1", "x", ""])),
        st.sampled_from(["yyyy-MM-dd", "yyyyMMdd", "b"]),
    ],
    "DATEDIFF": [DATES, DATES, UNITS.filter(lambda unit: unit != "millisecond")],
    "DATEDIF": [CLOSE, CLOSE, st.sampled_from(["y", "m", "d", "md", "ym", "yd", "YD", "w"])],
    "DAYS": [DATES, DATES],
    "DAYS360": [CLOSE, CLOSE, st.booleans()],
    "YEARFRAC": [CLOSE, CLOSE, st.sampled_from([0, 1, 2, 3, 4, 5])],
    "WORKDAY": [CLOSE, SMALL],
    "NETWORKDAYS": [CLOSE, CLOSE],
    "EASTER": [st.one_of(st.integers(1583, 9998), st.sampled_from([0, 1582, 10_000, 2**62]))],
    "SEASON": [DATES, st.sampled_from(["north", "south", "east"])],
    "DURATIONTEXT": [st.one_of(st.integers(-(10**9), 10**9), st.integers(-(2**63), 2**63 - 1))],
    "PARSEDURATION": [
        st.one_of(
            st.builds("{}{}h{}m".format, st.sampled_from(["", "-"]), st.integers(0, 10**6), st.integers(0, 99)),
            st.sampled_from(["1w2d", "250ms", "1h30", "", "h"]),
        )
    ],
}


def column(drawn: list[Any], strategy: Any) -> Column:
    """A column of the drawn values, None null; null slots of dates and numbers hold any bits."""
    type_: Type | None = DATE if strategy in (DATES, CLOSE) else None
    made = Column.of(drawn, type_)
    if made.type.is_arrow or made.null is None or made.data.dtype != np.int64:
        return made
    garbage = np.resize(np.array([-(2**63), 2**63 - 1, 10**17, -5]), len(drawn))
    return Column(made.type, np.where(made.null, garbage, made.data), made.null)


def check(
    name: str, rows: list[tuple[Any, ...]], strategies: list[Any], constants: list[Any], env: Environment
) -> None:
    columns = [column([row[place] for row in rows], s) for place, s in enumerate(strategies)]
    got = values(apply(name, *columns, *constants, env=env, raw=True))
    assert len(got) == len(rows)
    plain = [c.value if isinstance(c, Constant) else c for c in constants]
    for row, one in zip(rows, got, strict=True):
        wanted = None if None in row else ORACLES[name](*row, *plain, zone=env.timezone, now=env.now)
        wanted = pytest.approx(wanted, rel=1e-13) if isinstance(wanted, float) else wanted
        assert one == wanted, (name, row, plain, env.timezone)
        assert isinstance(one, bool) == isinstance(wanted, bool)
    cut = len(rows) // 3
    parts = [
        apply(name, *(c.slice(low, high) for c in columns), *constants, env=env, raw=True)
        for low, high in ((0, cut), (cut, cut), (cut, len(rows)))
    ]
    assert values(concat(parts)) == got


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=10)
@given(data=st.data())
def test_like_datetime(name: str, data: st.DataObject) -> None:
    strategies = [s for s in CASES[name] if not isinstance(s, tuple)]
    constants = [data.draw(s[0]) for s in CASES[name] if isinstance(s, tuple)]
    row = st.tuples(*[st.one_of(s, s, s, s, s, s, s, st.none()) for s in strategies])
    rows = data.draw(st.lists(row, min_size=1, max_size=30))
    env = Environment(timezone=data.draw(st.sampled_from(ZONES)), now=data.draw(DATES))
    check(name, rows, strategies, constants, env)


@pytest.mark.parametrize(
    ("name", "arguments"), [("WORKDAY", [CLOSE, SMALL]), ("NETWORKDAYS", [CLOSE, CLOSE]), ("ISWORKDAY", [CLOSE])]
)
@settings(max_examples=10)
@given(data=st.data())
def test_holidays(name: str, arguments: list[Any], data: st.DataObject) -> None:
    holidays = Constant(list_of(DATE), [*data.draw(HOLIDAYS), None])
    rows = data.draw(st.lists(st.tuples(*arguments), min_size=1, max_size=8))
    check(name, rows, arguments, [holidays], Environment(timezone=data.draw(st.sampled_from(ZONES))))


@pytest.mark.parametrize("name", ["NOW", "TODAY", "TIMESTAMP"])
@settings(max_examples=10)
@given(now=DATES, zone=st.sampled_from(ZONES))
def test_clock(name: str, now: int, zone: str) -> None:
    assert apply(name, env=Environment(timezone=zone, now=now)) == [ORACLES[name](zone=zone, now=now)]


@pytest.mark.parametrize(
    "name", ["ADDTODATE", "TRUNCDATE", "ROUNDTIME", "DATEDIFF", "FORMATDATE", "WEEKNUM", "YEARFRAC"]
)
@settings(max_examples=10)
@given(data=st.data())
def test_constant_or_column(name: str, data: st.DataObject) -> None:
    """A choice that is constant and prepared gives what a column of it gives; a constant date as well."""
    bad = {"soon", "3", "M", "fortnight", "0m", "1M", "", "b", 0, 5} | ({3} if name == "WEEKNUM" else set())
    *_, last = CASES[name]
    choice = data.draw(last.filter(lambda value: value not in bad))
    count = len(CASES[name]) - 1
    rows = data.draw(st.lists(st.tuples(*[DATES] * count), min_size=1, max_size=6))
    env = Environment(timezone=data.draw(st.sampled_from(ZONES)))
    columns = [column([row[place] for row in rows], DATES) for place in range(count)]
    choices = Column.of([choice] * len(rows))
    as_column = apply(name, *columns, choices, env=env)
    assert apply(name, *columns, choice, env=env) == as_column
    fixed = Constant(DATE, rows[0][0])
    repeated = Column.of([rows[0][0]] * len(rows), DATE)
    assert apply(name, fixed, *columns[1:], choices, env=env) == apply(name, repeated, *columns[1:], choices, env=env)


def test_every_date_function_has_an_oracle() -> None:
    names = {function.name for function in REGISTRY if function.category == "dates"}
    elsewhere = {"ASDATE", "MSTODATE", "DATETOMS", "UNIXTODATE"}
    assert names - elsewhere == set(ORACLES)
