"""The clock, dates from their parts, and the parts of dates: NOW, DATE, YEAR, WEEKDAY and their like."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sheetline.functions.buffers import arrow_array
from sheetline.functions.context import Call
from sheetline.functions.date_support import (
    CATEGORY,
    LOCAL,
    YEARS,
    home,
    instants,
    local,
    map_choice,
    one_of,
    rows_of,
    within,
)
from sheetline.functions.dates import arithmetic, calendar
from sheetline.functions.dates.calendar import DAY, I64, MAX_US, MIN_US, MS, SECOND
from sheetline.functions.dates.patterns import MONTHS, WEEKDAYS
from sheetline.functions.declare import Example, Failure, Function, function
from sheetline.functions.types import INT64_MAX, INT64_MIN

ISO_8601 = "ISO 8601"
OPEN_FORMULA = "OASIS OpenFormula 1.3, 6.10 Date and Time Functions"


# ---------------------------------------------------------------- the clock


@function(
    "NOW() -> date",
    category=CATEGORY,
    summary="The moment at which the run began; the same for all rows of a run.",
    examples=[
        Example("NOW()", "2012-10-09T22:30:00", date=True, now="2012-10-10T00:30:00+02:00"),
        Example("NOW() - 90m", "2012-10-09T21:00:00", date=True, now="2012-10-10T00:30:00+02:00"),
    ],
    source=OPEN_FORMULA,
    volatile={"now"},
)
def now(ctx: Call) -> Any:
    return np.int64(ctx.env.now)


@function(
    "TODAY() -> date",
    category=CATEGORY,
    summary="Midnight, in the workbook's time zone, of the day on which the run began.",
    examples=[
        Example("TODAY()", "2012-10-10T00:00:00", date=True, now="2012-10-10T14:30:00"),
        Example("TODAY() - 5h", "2012-10-09T19:00:00", date=True, now="2012-10-10T14:30:00"),
        Example("TODAY()", "2012-10-09T22:00:00", date=True, now="2012-10-09T22:30:00", timezone="Europe/Berlin"),
    ],
    notes="The same for all rows of a run. Where clocks skip midnight, the day begins behind the gap.",
    source="Datameer documentation",
    volatile={"now", *LOCAL},
)
def today(ctx: Call) -> Any:
    return arithmetic.start_of(np.array([ctx.env.now], np.int64), "day", home(ctx)).repeat(ctx.rows)


@function(
    "TIMESTAMP() -> int",
    category=CATEGORY,
    summary="The moment at which the run began, as milliseconds since 1970-01-01T00:00 UTC.",
    examples=[
        Example("TIMESTAMP()", 1_349_820_000_000, now="2012-10-10T00:00:00+02:00"),
        Example("TIMESTAMP() + 2d", 1_349_992_800_000, now="2012-10-10T00:00:00+02:00"),
    ],
    notes="The same for all rows of a run.",
    source="Datameer documentation",
    volatile={"now"},
)
def timestamp(ctx: Call) -> Any:
    return np.int64(ctx.env.now // MS)


@function(
    "UNIXTIME(d:date) -> int",
    category=CATEGORY,
    summary="Whole seconds since 1970-01-01T00:00 UTC, rounded down.",
    examples=[
        Example("UNIXTIME(DATETIME(2001;9;9;1;46;40))", 1_000_000_000),
        Example("UNIXTIME(DATETIME(1969;12;31;23;59;59;500))", -1),
        Example("UNIXTIME(null)", None),
    ],
    notes="DATETOMS gives milliseconds, UNIXTODATE goes back.",
)
def unixtime(d: Any) -> Any:
    return np.floor_divide(d, SECOND)


# ---------------------------------------------------------------- dates from parts


@function(
    "DATE(year:whole; month:whole; day:whole) -> date",
    category=CATEGORY,
    summary="The midnight with which a day begins in the workbook's time zone.",
    examples=[
        Example("DATE(2024;2;29)", "2024-02-29T00:00:00", date=True),
        Example("DATE(2024;13;0)", "2024-12-31T00:00:00", date=True),
        Example("DATE(2024;2;30)", "2024-03-01T00:00:00", date=True),
        Example("DATE(10000;1;1)", Failure("RANGE")),
        Example("DATE(2024;null;1)", None),
    ],
    notes="Months and days beyond their limits roll over, as in spreadsheets: month 13 is January of the next "
    "year, day 0 the last of the month before. The year is taken as it is: 24 is the year 24.",
    error_note=f"RANGE where the result is {YEARS}.",
    source=OPEN_FORMULA,
    volatile=LOCAL,
)
def date(year: Any, month: Any, day: Any, ctx: Call) -> Any:
    return _assembled((year, month, day), (), ctx)


@function(
    "DATETIME(year:int; month:int; day:int; hour:int; minute:int; [second:int=0]; [ms:int=0]) -> date",
    category=CATEGORY,
    summary="The instant at which the clocks of the workbook's time zone show a date and time.",
    examples=[
        Example("DATETIME(2024;2;29;8;30)", "2024-02-29T08:30:00", date=True),
        Example("DATETIME(2024;2;29;8;30;15;250)", "2024-02-29T08:30:15.250", date=True),
        Example("DATETIME(2024;2;29;24;-1)", "2024-02-29T23:59:00", date=True),
        Example("DATETIME(2024;3;31;2;30)", "2024-03-31T01:30:00", date=True, timezone="Europe/Berlin"),
        Example("DATETIME(2024;2;29;8;null)", None),
    ],
    notes="All parts roll over as in DATE. A reading that clocks skip moves forward by the gap; of two instants "
    "with the same reading it is the first.",
    error_note=f"RANGE where the result is {YEARS}.",
    volatile=LOCAL,
)
def datetime(year: Any, month: Any, day: Any, hour: Any, minute: Any, second: Any, ms: Any, ctx: Call) -> Any:
    return _assembled((year, month, day), (hour, minute, second, ms), ctx)


#: How far a part may lie outside its own limits; together they stay inside 64 bits of milliseconds.
_LIMITS = (10**6, 10**7, 10**9, 10**9, 10**11, 10**12, 10**15)
_CLOCK = (3_600_000, 60_000, 1000, 1)


def _assembled(day: Sequence[Any], clock: Sequence[Any], ctx: Call) -> I64:
    """Return the instants of parts that roll over."""
    far = np.zeros(1, np.bool_)
    parts = []
    for part, limit in zip((*day, *clock), _LIMITS, strict=False):
        near = within(part, limit)
        far = far | (near != part)
        parts.append(near)
    reading = calendar.days_from_civil(parts[0], parts[1], parts[2]) * (DAY // MS)
    for part, width in zip(parts[3:], _CLOCK, strict=False):
        reading = reading + part * width
    far = far | (reading < MIN_US // MS - DAY // MS) | (reading > MAX_US // MS + DAY // MS)
    # a reading that is refused whatever the zone
    us = np.where(far, MAX_US + 2 * DAY, reading * MS)
    return instants(us if len(us) == ctx.rows else rows_of(us[0], ctx), ctx)


@function(
    "TIME(hour:int; minute:int; [second:int=0]; [ms:int=0]) -> int",
    category=CATEGORY,
    summary="A time of day as a duration: milliseconds since midnight, to be added to a date.",
    examples=[
        Example("TIME(8;30)", 30_600_000),
        Example("DATE(2024;2;29) + TIME(8;30;15)", "2024-02-29T08:30:15", date=True),
        Example("TIME(8;null)", None),
    ],
    notes="Spreadsheets give a fraction of a day here. Parts beyond their limits count on: TIME(25;0) is 25 "
    "hours. On a day on which clocks change, DATETIME finds the reading, the sum only an hour beside it.",
    error_note="OVERFLOW beyond 64 bits.",
    bounds=lambda h, m, s, ms: (
        h[0] * 3_600_000 + m[0] * 60_000 + s[0] * 1000 + ms[0],
        h[1] * 3_600_000 + m[1] * 60_000 + s[1] * 1000 + ms[1],
    ),
)
def time(hour: Any, minute: Any, second: Any, ms: Any, ctx: Call) -> Any:
    parts = zip((hour, minute, second, ms), _CLOCK, strict=True)
    arrays = [(np.atleast_1d(np.asarray(part, np.int64)), width) for part, width in parts]
    if ctx.checked:
        exact = sum(array.astype(object) * width for array, width in arrays)
        far = np.asarray((exact < INT64_MIN) | (exact > INT64_MAX), np.bool_)
        ctx.fail(far, "OVERFLOW")
        return np.where(far, 0, exact).astype(np.int64)
    return sum(array * width for array, width in arrays)


# ---------------------------------------------------------------- parts of dates


def _part(
    signature: str,
    summary: str,
    take: Callable[[I64, I64 | None], npt.NDArray[Any]],
    examples: Iterable[Example],
    **policies: Any,
) -> Function:
    """Declare a function of what the workbook's wall clock shows."""

    def run(d: Any, ctx: Call) -> Any:
        return take(local(d, ctx), ctx.out)

    declare = function(
        signature, category=CATEGORY, summary=summary, examples=list(examples), volatile=LOCAL, **policies
    )
    return declare(run)


_part(
    "YEAR(d:date) -> int",
    "The year.",
    calendar.year,
    [
        Example("YEAR(DATE(2024;2;29))", 2024),
        Example("YEAR(DATETIME(2023;12;31;23;30))", 2023, timezone="Europe/Berlin"),
        Example("YEAR(null)", None),
    ],
)
_part(
    "QUARTER(d:date) -> int",
    "The quarter of the year, 1 to 4.",
    calendar.quarter,
    [Example("QUARTER(DATE(2024;5;1))", 2), Example("QUARTER(null)", None)],
)
_part(
    "MONTH(d:date) -> int",
    "The month, 1 to 12.",
    calendar.month,
    [Example("MONTH(DATE(2024;2;29))", 2), Example("MONTH(null)", None)],
)
_part(
    "ISOWEEK(d:date) -> int",
    "The week of the year by ISO 8601, 1 to 53: weeks begin on Monday, week 1 holds the first Thursday.",
    lambda us, _: calendar.iso_year_week(us)[1],
    [
        Example("ISOWEEK(DATE(2021;1;3))", 53),
        Example("ISOWEEK(DATE(2021;1;4))", 1),
        Example("ISOWEEK(null)", None),
    ],
    aliases=("ISOWEEKNUM",),
    source=ISO_8601,
    notes="The year that this week belongs to is ISOYEAR.",
)
_part(
    "ISOYEAR(d:date) -> int",
    "The year to which the week belongs by ISO 8601: the year of its Thursday.",
    lambda us, _: calendar.iso_year_week(us)[0],
    [
        Example("ISOYEAR(DATE(2021;1;3))", 2020),
        Example("ISOYEAR(DATE(2018;12;31))", 2019),
        Example("ISOYEAR(null)", None),
    ],
    source=ISO_8601,
)
_part(
    "DAY(d:date) -> int",
    "The day of the month, 1 to 31.",
    calendar.day,
    [Example("DAY(DATE(2024;2;29))", 29), Example("DAY(null)", None)],
    aliases=("DAYOFMONTH",),
)
_part(
    "DAYOFYEAR(d:date) -> int",
    "The day of the year, 1 to 366.",
    calendar.day_of_year,
    [Example("DAYOFYEAR(DATE(2024;12;31))", 366), Example("DAYOFYEAR(null)", None)],
)
_DAY_TYPES = (1, 2, 3, *range(11, 18))
_day_type = one_of(_DAY_TYPES, "a weekday's type")


def _weekday(us: I64, type: int) -> I64:
    """Return the number of the day of the week: from 1 on the first day, in the type 3 from 0."""
    if type in (2, 11):
        return calendar.weekday(us)
    first = {1: 7, 3: 1}.get(type, type - 10)  # Monday is 1
    return np.mod(calendar.weekday(us) - first, 7) + (type != 3)


@function(
    "WEEKDAY(d:date; [type:whole=2]) -> int",
    category=CATEGORY,
    summary="The day of the week: Monday is 1, Sunday is 7.",
    examples=[
        Example("WEEKDAY(DATE(2014;1;5))", 7),
        Example("IF(WEEKDAY(DATE(2014;1;6)) < 6; 1; 0)", 1),
        Example("WEEKDAY(DATE(2014;1;5);1)", 1),
        Example("WEEKDAY(DATE(2014;1;6);#t)", [0, Failure("NUM"), None], rows={"t": [3, 4, None]}),
        Example("WEEKDAY(null)", None),
    ],
    notes="Spreadsheets count from Sunday unless told otherwise; here the week begins on Monday. With a second "
    "argument it is as there: 1 or 17 from Sunday, 2 or 11 from Monday, 12 from Tuesday … 16 from Saturday; 3 "
    "counts from 0 on Monday.",
    error_note="NUM for another type.",
    source="Datameer documentation; OASIS OpenFormula 1.3, WEEKDAY",
    prepare={"type": _day_type},
    volatile=LOCAL,
)
def weekday(d: Any, type: Any, ctx: Call) -> Any:
    if isinstance(type, int) and type in (2, 11):
        return calendar.weekday(local(d, ctx), ctx.out)
    note = "{1} is no type of weekdays"
    return map_choice(type, _day_type, _weekday, [local(d, ctx)], ctx, note, "NUM")


_part(
    "HOUR(d:date) -> int",
    "The hour of the day, 0 to 23.",
    calendar.hour,
    [
        Example("HOUR(DATETIME(2024;2;29;8;30))", 8),
        Example("HOUR(DATETIME(2024;3;31;2;30))", 3, timezone="Europe/Berlin"),
        Example("HOUR(null)", None),
    ],
)
_part(
    "MINUTE(d:date) -> int",
    "The minute of the hour, 0 to 59.",
    calendar.minute,
    [Example("MINUTE(DATETIME(2024;2;29;8;30))", 30), Example("MINUTE(null)", None)],
)
_part(
    "SECOND(d:date) -> int",
    "The whole second of the minute, 0 to 59.",
    calendar.second,
    [Example("SECOND(DATETIME(2024;2;29;8;30;15;999))", 15), Example("SECOND(null)", None)],
    notes="Not rounded, unlike in some spreadsheets.",
)
_part(
    "MILLISECOND(d:date) -> int",
    "The whole millisecond of the second, 0 to 999.",
    calendar.millisecond,
    [Example("MILLISECOND(DATETIME(2024;2;29;8;30;15;250))", 250), Example("MILLISECOND(null)", None)],
)
_part(
    "DAYSINMONTH(d:date) -> int",
    "The number of days of the date's month, 28 to 31.",
    lambda us, _: calendar.days_in_month(us),
    [Example("DAYSINMONTH(DATE(2024;2;1))", 29), Example("DAYSINMONTH(null)", None)],
)


def _names(names: tuple[str, ...], numbers: npt.NDArray[Any]) -> Any:
    return pa.array(names, pa.large_string()).take(arrow_array(numbers))


_part(
    "MONTHNAME(d:date) -> str",
    "The English name of the month, January to December.",
    lambda us, _: _names(MONTHS, calendar.month(us) - 1),
    [Example("MONTHNAME(DATE(2024;2;29))", "February"), Example("MONTHNAME(null)", None)],
    notes='FORMATDATE with the pattern "MMM" gives the short name.',
)
_part(
    "DAYNAME(d:date) -> str",
    "The English name of the day of the week, Monday to Sunday.",
    lambda us, _: _names(WEEKDAYS, calendar.weekday_from_monday(us)),
    [Example("DAYNAME(DATE(2024;2;29))", "Thursday"), Example("DAYNAME(null)", None)],
    notes='FORMATDATE with the pattern "EEE" gives the short name.',
)

_WEEK_TYPES = (1, 2, *range(11, 18), 21)
_week_type = one_of(_WEEK_TYPES, "a week number's type")


@function(
    "WEEKNUM(d:date; [type:whole=1]) -> int",
    category=CATEGORY,
    summary="The week of the year, as spreadsheets count it: week 1 holds January 1.",
    examples=[
        Example("WEEKNUM(DATE(2024;1;7))", 2),
        Example("WEEKNUM(DATE(2024;1;7);2)", 1),
        Example("WEEKNUM(DATE(2021;1;3);21)", 53),
        Example("WEEKNUM(DATE(2024;1;7);#t)", [1, Failure("VALUE"), None], rows={"t": [2, 3, None]}),
    ],
    notes="The type says when weeks begin: 1 or 17 Sunday, 2 or 11 Monday, 12 Tuesday … 16 Saturday; 21 is ISO "
    "8601, as ISOWEEK.",
    error_note="VALUE for another type.",
    source=OPEN_FORMULA,
    prepare={"type": _week_type},
    volatile=LOCAL,
)
def weeknum(d: Any, type: Any, ctx: Call) -> Any:
    note = "{1} is no type of week numbers"
    return map_choice(type, _week_type, calendar.week_number, [local(d, ctx)], ctx, note, "VALUE")


@function(
    "ISLEAPYEAR(d:date) -> bool",
    category=CATEGORY,
    summary="Whether a year, given as a date in it or as a number, has a February 29.",
    examples=[
        Example("ISLEAPYEAR(DATE(2024;7;1))", True),
        Example("ISLEAPYEAR(1900)", False),
        Example("ISLEAPYEAR(2000)", True),
        Example("ISLEAPYEAR(null)", None),
    ],
    notes="By the Gregorian calendar, also before it was introduced.",
    volatile=LOCAL,
)
def isleapyear(d: Any, ctx: Call) -> Any:
    return calendar.is_leap_year(calendar.year(local(d, ctx)))


@isleapyear.overload("ISLEAPYEAR(year:int) -> bool")
def _is_leap_number(year: Any) -> Any:
    return calendar.is_leap_year(year)


@function(
    "ISWEEKEND(d:date) -> bool",
    category=CATEGORY,
    summary="Whether the day is a Saturday or a Sunday.",
    examples=[
        Example("ISWEEKEND(DATE(2024;3;2))", True),
        Example("ISWEEKEND(DATE(2024;3;1))", False),
        Example("ISWEEKEND(null)", None),
    ],
    volatile=LOCAL,
)
def isweekend(d: Any, ctx: Call) -> Any:
    return np.greater_equal(calendar.weekday_from_monday(local(d, ctx)), 5, out=ctx.out)


@function(
    "EASTER(year:int) -> date",
    category=CATEGORY,
    summary="Easter Sunday of a year by the Gregorian calendar, at midnight in the workbook's time zone.",
    examples=[
        Example("EASTER(2024)", "2024-03-31T00:00:00", date=True),
        Example("EASTER(1818)", "1818-03-22T00:00:00", date=True),
        Example("EASTER(1500)", Failure("RANGE")),
        Example("EASTER(null)", None),
    ],
    aliases=("EASTERSUNDAY",),
    error_note="RANGE outside the years 1583 to 9999.",
    source="Meeus, Astronomical Algorithms (1991), chapter 8 (Butcher's rule)",
    domain={"year": (1583, 9999)},
    volatile=LOCAL,
)
def easter(year: Any, ctx: Call) -> Any:
    days = calendar.easter(np.clip(rows_of(year, ctx), 1583, 9999))
    return instants(days * DAY, ctx)
