"""Date functions: documented results, the edges of the years, days of 23 and 25 hours, and refused constants."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from calling import apply
from evaluating import sheet

from sheetline.functions.columns import Column, Constant
from sheetline.functions.context import Environment
from sheetline.functions.declare import Failure
from sheetline.functions.resolve import Mismatch
from sheetline.functions.types import DATE, STRING

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RANGE = Failure("RANGE")


def at(text: str, zone: str = "UTC", fold: int = 0) -> int:
    """Microseconds of a reading in a zone."""
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return (moment.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


def dates(*texts: str | None, zone: str = "UTC") -> Column:
    return Column.of([None if text is None else at(text, zone) for text in texts], DATE)


def test_documented_addtodate() -> None:
    given = dates(*["2002-10-15T04:36:34"] * 4)
    got = apply("ADDTODATE", given, ["5y", "3M", "50000s", "-50000s"])
    wanted = ["2007-10-15T04:36:34", "2003-01-15T04:36:34", "2002-10-15T18:29:54", "2002-10-14T14:43:14"]
    assert got == [at(text) for text in wanted]


def test_documented_clock() -> None:
    env = Environment("Europe/Berlin", at("2012-10-10", "Europe/Berlin"))
    table = {"A": "TODAY()", "B": "TODAY()-5h", "C": "TODAY()+8h+5m", "D": "TIMESTAMP()", "E": "TIMESTAMP()+2d"}
    columns = sheet({**table, "F": "TIMESTAMP()+45d+12h"}, env=env)
    assert [column.to_list() for column in columns.values()] == [
        [at("2012-10-10", "Europe/Berlin")],
        [at("2012-10-09T19:00", "Europe/Berlin")],
        [at("2012-10-10T08:05", "Europe/Berlin")],
        [1_349_820_000_000],
        [1_349_992_800_000],
        [1_353_751_200_000],
    ]


def test_documented_weekday_and_year() -> None:
    days = ["2014-01-05", "2014-01-06", "2014-01-10", "2014-01-11", "2014-03-09", None]
    column = sheet({"Weekday": "IF(WEEKDAY(#Series)<6;1;0)"}, {"Series": dates(*days[:-1])})["Weekday"]
    assert column.to_list() == [0, 1, 1, 0, 0]
    assert apply("WEEKDAY", dates(*days)) == [7, 1, 5, 6, 7, None]
    key = sheet({"Year": "GROUPBY(YEAR(#Date))"}, {"Date": dates("2011-12-01", "2012-01-01", "2011-02-01")})["Year"]
    assert key.to_list() == [2011, 2012]


def test_clock_is_one_value_for_all_rows() -> None:
    env = Environment("Europe/Berlin", at("2024-03-01T12:00"))
    rows = {"d": dates("2024-03-01", None, "2024-02-29")}
    columns = sheet({"N": "NOW()", "A": 'DATEDIFF(#d;NOW();"h")'}, rows, env=env)
    assert columns["N"].to_list() == [env.now] * 3
    assert columns["A"].to_list() == [12, None, 36]


def test_edges_of_the_years() -> None:
    first, last = "0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"
    edges = dates(first, last)
    assert apply("YEAR", edges) == [1, 9999]
    assert apply("ISOWEEK", edges) == [1, 52]
    assert apply("DAYNAME", edges) == ["Monday", "Friday"]
    assert apply("STARTOFWEEK", edges) == [at(first), at("9999-12-27")]
    assert apply("ENDOFWEEK", edges) == [at("0001-01-07T23:59:59.999"), RANGE]
    assert apply("ENDOFYEAR", edges) == [at("0001-12-31T23:59:59.999"), at("9999-12-31T23:59:59.999")]
    assert apply("ADDTODATE", edges, "1ms") == [at(first) + 1000, RANGE]
    assert apply("ADDTODATE", edges, ["-1ms", "-9998y"]) == [RANGE, at("0001-12-31T23:59:59.999999")]
    assert apply("EDATE", edges, [-1, 2**62]) == [RANGE, RANGE]
    assert apply("WORKDAY", edges, [-1, 1]) == [RANGE, RANGE]
    hours = (datetime(9999, 12, 31, 23) - datetime(1, 1, 1)) // timedelta(hours=1) // 10_000 * 10_000
    assert apply("ROUNDTIME", edges, ["900000000d", "10000h"]) == [at(first), at(first) + hours * 3_600_000_000]
    assert apply("DATE", [1, 9999, 0, 2**63 - 1, 2_000_000], [1, 12, 12, 1, 1], [1, 31, 31, 1, -730_000_000]) == [
        at(first),
        at("9999-12-31"),
        *[RANGE] * 3,
    ]


def test_edges_of_the_years_elsewhere() -> None:
    edges = dates("0001-01-01T00:00:00", "9999-12-31T23:59:59.999999")
    assert apply("STARTOFDAY", edges, env=Environment("Asia/Tokyo"))[0] == RANGE
    assert apply("ENDOFDAY", edges, env=Environment("America/New_York"))[1] == RANGE
    assert apply("DATE", 1, 1, [1, 2], env=Environment("+02:00")) == [RANGE, at("0001-01-01T22:00")]


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/Havana", "2024-11-03"),  # back from 01:00 to 00:00: midnight twice
        ("America/Havana", "2024-03-10"),  # from 00:00 to 01:00: no midnight
        ("America/Sao_Paulo", "2018-02-17"),  # back from 24:00 to 23:00: the last hour twice
        ("Africa/Cairo", "2024-04-26"),
        ("Europe/Berlin", "2024-10-27"),
        ("Australia/Lord_Howe", "2024-04-07"),
    ],
)
def test_a_day_has_one_start_and_one_end(zone: str, day: str) -> None:
    env = Environment(zone)
    noon = at(f"{day}T12:00", zone)
    around = np.arange(noon - 20 * 3_600_000_000, noon + 20 * 3_600_000_000, 300_000_000)
    moments = [(EPOCH + timedelta(microseconds=int(us))).astimezone(ZoneInfo(zone)) for us in around]
    mine = np.array([moment.date().isoformat() == day for moment in moments])
    inside = Column(DATE, around[mine])
    starts, ends = (set(apply(name, inside, env=env)) for name in ("STARTOFDAY", "ENDOFDAY"))
    assert len(starts) == len(ends) == 1
    assert starts == set(apply("ROUNDTIME", inside, "1d", env=env)) == set(apply("TRUNCDATE", inside, "day", env=env))
    assert starts.pop() == around[mine][0]
    assert ends.pop() == around[mine][-1] + 300_000_000 - 1000


def test_repeated_hour_is_two_hours() -> None:
    passes = [at("2024-10-27T02:30", "Europe/Berlin", fold) for fold in (0, 1)]
    env = Environment("Europe/Berlin")
    starts = apply("STARTOFHOUR", Column.of(passes, DATE), env=env)
    assert starts == [us - 1_800_000_000 for us in passes]
    assert apply("ROUNDTIME", Column.of(passes, DATE), "1h", env=env) == starts


def test_days_keep_the_reading_hours_do_not() -> None:
    given = dates("2024-03-30T12:00", zone="Europe/Berlin")
    env = Environment("Europe/Berlin")
    assert apply("ADDTODATE", given, "1d", env=env) == [at("2024-03-31T12:00", "Europe/Berlin")]
    assert apply("ADDTODATE", given, "24h", env=env) == [at("2024-03-31T13:00", "Europe/Berlin")]
    assert apply("DATEDIFF", given, dates("2024-03-31T12:00", zone="Europe/Berlin"), "h", env=env) == [23]


def test_microseconds_are_kept() -> None:
    given = dates("2024-02-29T08:30:15.250999")
    assert apply("ADDTODATE", given, "1M") == [at("2024-03-29T08:30:15.250999")]
    assert apply("MILLISECOND", given) == [250]
    assert apply("FORMATDATE", given, "SSSSSS") == ["250999"]
    assert apply("TRUNCDATE", given, "ms") == [at("2024-02-29T08:30:15.250")]


def test_other_names() -> None:
    assert apply("ISOWEEKNUM", dates("2021-01-03")) == [53]
    assert apply("DAYOFMONTH", dates("2021-01-03")) == [3]
    assert apply("EASTERSUNDAY", [2025]) == [at("2025-04-20")]


@pytest.mark.parametrize(
    ("name", "constants"),
    [
        ("ADDTODATE", ["3 moons"]),
        ("ADDTODATE", [""]),
        ("ROUNDTIME", ["1M"]),
        ("ROUNDTIME", ["-1d"]),
        ("TIMEBUCKET", [0]),
        ("TIMEBUCKET", [-5]),
        ("TRUNCDATE", ["fortnight"]),
        ("FORMATDATE", ["yyyy 'open"]),
        ("SHIFTTIMEZONE", ["Europe/Berlin", "Europe/Berlim"]),
        ("ISDAYLIGHTSAVING", ["Atlantis"]),
        ("WEEKNUM", [5]),
        ("SEASON", ["east"]),
    ],
)
def test_constants_that_cannot_be_right_are_refused(name: str, constants: list[Any]) -> None:
    with pytest.raises(Mismatch) as caught:
        apply(name, dates("2024-02-29"), *constants)
    assert caught.value.reason == "value"
    assert len(caught.value.detail.split()) > 3


@pytest.mark.parametrize(("name", "constant"), [("DATEDIF", "w"), ("DATEDIFF", "eon"), ("YEARFRAC", 7)])
def test_refused_between_two_dates(name: str, constant: Any) -> None:
    with pytest.raises(Mismatch) as caught:
        apply(name, dates("2024-02-29"), dates("2024-02-29"), constant)
    assert repr(constant) in caught.value.detail


def test_messages_quote_the_input() -> None:
    column = apply("ADDTODATE", dates("2024-02-29", "9999-12-31"), ["soon", "1d"], raw=True)
    unread, outside = column.errors.messages()
    assert unread == 'ADDTODATE: "soon" is no step through time such as 3M, 10d or -5000s'
    assert outside.startswith("ADDTODATE: 9999-12-31")
    assert outside.endswith('00:00:00 plus "1d" is outside the years 1 to 9999')


def test_null_constants_and_no_rows() -> None:
    given = dates("2024-02-29")
    null = Constant(STRING, None)
    for name in ("ADDTODATE", "FORMATDATE", "TRUNCDATE", "ROUNDTIME"):
        assert apply(name, given, null) == [None]
        none: list[Any] = apply(name, Column.of([], DATE), Column.of([], STRING))
        assert none == []
    for name in ("YEAR", "STARTOFMONTH", "MONTHNAME", "ISWORKDAY", "SEASON", "AGE"):
        assert apply(name, Column.of([], DATE), env=Environment("Europe/Berlin")) == []


def test_lists_of_holidays_come_from_formulas() -> None:
    formulas = {
        "Next": "WORKDAY(#d;1;[DATE(2024;3;29);DATE(2024;4;1)])",
        "Count": "NETWORKDAYS(#d;DATE(2024;4;5);[DATE(2024;3;29);null])",
        "Off": "ISWORKDAY(#d;[DATE(2024;3;28)])",
        "None": "ISWORKDAY(#d;[])",
    }
    env = Environment("Pacific/Auckland")
    columns = sheet(formulas, {"d": dates("2024-03-28T09:00", zone="Pacific/Auckland")}, env=env)
    assert columns["Next"].to_list() == [at("2024-04-02", "Pacific/Auckland")]
    assert [columns[name].to_list() for name in ("Count", "Off", "None")] == [[6], [False], [True]]


def test_time_overflows_exactly() -> None:
    assert apply("TIME", [2**62, 1], [0, 1]) == [Failure("OVERFLOW"), 3_660_000]
    assert apply("TIME", [0], [0], [0], [2**63 - 1]) == [2**63 - 1]


def test_types_of_results() -> None:
    wanted: dict[str, type] = {"YEAR": int, "ISWEEKEND": bool, "MONTHNAME": str, "STARTOFDAY": int}
    for name, kind in wanted.items():
        assert type(apply(name, dates("2024-02-29"))[0]) is kind
