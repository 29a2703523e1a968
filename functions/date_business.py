"""Between dates, on working days, and lengths of time: DATEDIF, YEARFRAC, WORKDAY, AGE, DURATIONTEXT."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np

from sheetline.functions.buffers import arrow_array, text_array
from sheetline.functions.columns import Constant
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
    unit_letter,
    within,
)
from sheetline.functions.dates import arithmetic, calendar, workdays, zones
from sheetline.functions.dates.arithmetic import SEASONS
from sheetline.functions.dates.calendar import I64
from sheetline.functions.declare import Example, Failure, function

OPEN_FORMULA = "OASIS OpenFormula 1.3, 6.10 Date and Time Functions"
_DAYS_AWAY = 10**9

# ---------------------------------------------------------------- differences


@function(
    'DATEDIFF(a:date; b:date; [unit:str="d"]) -> int',
    category=CATEGORY,
    summary="The number of complete units of time from one date to another, negative where the second is earlier.",
    examples=[
        Example("DATEDIFF(DATE(2024;1;1);DATE(2024;3;1))", 60),
        Example('DATEDIFF(DATETIME(2024;1;1;12;0);DATETIME(2024;1;3;11;0);"d")', 1),
        Example('DATEDIFF(DATE(2024;3;1);DATE(2023;12;31);"month")', -2),
        Example('DATEDIFF(DATE(2024;3;31);DATE(2024;4;1);"h")', 23, timezone="Europe/Berlin"),
        Example(
            "DATEDIFF(DATE(2024;1;1);DATE(2024;3;1);#Unit)",
            [8, Failure("VALUE"), None],
            rows={"Unit": ["w", "moon", None]},
        ),
    ],
    notes="Units: y q M w d h m s ms, or year quarter month week day hour minute second millisecond. Years to "
    "days are counted on the wall clock of the workbook's time zone, finer units exactly. January 31 to "
    "February 28 is no complete month.",
    error_note="VALUE for another unit.",
    prepare={"unit": unit_letter},
    volatile=LOCAL,
)
def datediff(a: Any, b: Any, unit: Any, ctx: Call) -> Any:
    def count(start: I64, end: I64, letter: str) -> I64:
        return arithmetic.complete_units(start, end, letter, home(ctx))

    dates = [rows_of(a, ctx), rows_of(b, ctx)]
    return map_choice(unit, unit_letter, count, dates, ctx, "{2} is no unit of time", "VALUE")


def _datedif_unit(text: str) -> str:
    unit = text.strip().lower()
    if unit not in ("y", "m", "d", "md", "ym", "yd"):
        raise ValueError(f"DATEDIF's unit is one of y, m, d, md, ym, yd, not {text!r}")
    return unit


@function(
    "DATEDIF(start:date; end:date; unit:str) -> int",
    category=CATEGORY,
    summary="Complete years, months or days between two dates, or what is left of them, as in spreadsheets.",
    examples=[
        Example('DATEDIF(DATE(2001;1;1);DATE(2003;1;1);"y")', 2),
        Example('DATEDIF(DATE(2001;6;1);DATE(2002;8;15);"d")', 440),
        Example('DATEDIF(DATE(2001;6;1);DATE(2002;8;15);"ym")', 2),
        Example('DATEDIF(DATE(2024;2;1);DATE(2024;1;1);"d")', Failure("NUM")),
        Example(
            "DATEDIF(DATE(2001;6;1);DATE(2002;8;15);#Unit)",
            [75, Failure("VALUE"), None],
            rows={"Unit": ["YD", "w", None]},
        ),
    ],
    notes='Units, in any case: "y" "m" "d" complete years, months, days; "ym" months beyond the years, "md" days '
    'beyond the months, "yd" days beyond the years. The time of day does not count. As in spreadsheets a month that '
    'lacks the day goes on in the next one, so that "md" may be negative: from January 31 to March 1 it counts from '
    "February 31, which is March 3.",
    error_note="NUM where the start is after the end; VALUE for another unit.",
    source=OPEN_FORMULA,
    prepare={"unit": _datedif_unit},
    volatile=LOCAL,
)
def datedif(start: Any, end: Any, unit: Any, ctx: Call) -> Any:
    def count(first: I64, last: I64, name: str) -> I64:
        return calendar.datedif(first, last, name)[0]

    dates = [local(start, ctx), local(end, ctx)]
    ctx.fail(
        calendar.day_number(dates[0]) > calendar.day_number(dates[1]),
        "NUM",
        f"{ctx.function}: {{0}} is after {{1}}",
    )
    return map_choice(unit, _datedif_unit, count, dates, ctx, "{2} is not one of y, m, d, md, ym, yd", "VALUE")


@function(
    "DAYS(end:date; start:date) -> int",
    category=CATEGORY,
    summary="The number of days from the second date to the first; the time of day does not count.",
    examples=[
        Example("DAYS(DATE(2024;3;1);DATE(2024;2;1))", 29),
        Example("DAYS(DATETIME(2024;2;1;0;0);DATETIME(2024;2;2;23;0))", -1),
        Example("DAYS(null;DATE(2024;2;1))", None),
    ],
    notes="The end comes first, as in spreadsheets.",
    source=OPEN_FORMULA,
    volatile=LOCAL,
)
def days(end: Any, start: Any, ctx: Call) -> Any:
    days = calendar.floored(local(end, ctx), calendar.DAY, ctx.out)
    days -= calendar.day_number(local(start, ctx))
    return days


@function(
    "DAYS360(start:date; end:date; [european:bool=false]) -> int",
    category=CATEGORY,
    summary="The number of days between two dates in a year of twelve months of 30 days.",
    examples=[
        Example("DAYS360(DATE(2024;1;31);DATE(2024;3;31))", 60),
        Example("DAYS360(DATE(2024;2;29);DATE(2024;3;31))", 30),
        Example("DAYS360(DATE(2024;2;29);DATE(2024;3;31);true)", 31),
        Example("DAYS360(DATE(2024;1;31);null)", None),
    ],
    notes="US (NASD) method: the 31st and the last day of February count as the 30th in the start, the 31st in "
    "the end where the start stands on the 30th. European: each 31st is the 30th.",
    source=OPEN_FORMULA,
    volatile=LOCAL,
)
def days360(start: Any, end: Any, european: Any, ctx: Call) -> Any:
    a, b = local(start, ctx), local(end, ctx)
    if isinstance(european, np.ndarray):
        return np.where(european, calendar.days360(a, b, True), calendar.days360(a, b, False))
    return calendar.days360(a, b, bool(european))


_basis = one_of((0, 1, 2, 3, 4), "a day-count basis")


@function(
    "YEARFRAC(start:date; end:date; [basis:whole=0]) -> float",
    category=CATEGORY,
    summary="The years between two dates as a fraction, by a day-count basis of finance.",
    examples=[
        Example("YEARFRAC(DATE(2024;1;1);DATE(2024;7;1))", 0.5),
        Example("YEARFRAC(DATE(2024;1;1);DATE(2025;1;1);2)", 1.0166666666666666),
        Example("YEARFRAC(DATE(2023;1;1);DATE(2023;2;1);3)", 31 / 365),
        Example("YEARFRAC(DATE(2024;1;1);DATE(2024;7;1);#Basis)", [Failure("VALUE"), None], rows={"Basis": [5, None]}),
    ],
    notes="Basis: 0 US 30/360, 1 actual/actual, 2 actual/360, 3 actual/365, 4 European 30/360. Never negative: "
    "the order of the dates does not matter.",
    error_note="VALUE for another basis.",
    source=OPEN_FORMULA + "; 4.11.7 Basis",
    prepare={"basis": _basis},
    volatile=LOCAL,
)
def yearfrac(start: Any, end: Any, basis: Any, ctx: Call) -> Any:
    dates = [local(start, ctx), local(end, ctx)]
    note = "{2} is no day-count basis"
    return map_choice(basis, _basis, calendar.yearfrac, dates, ctx, note, "VALUE", np.float64)


@function(
    "AGE(birth:date; at:date) -> int",
    category=CATEGORY,
    summary="Complete years of life on a day, by default on the day of the run.",
    examples=[
        Example("AGE(DATE(2000;3;1);DATE(2024;2;29))", 23),
        Example("AGE(DATE(2000;2;29);DATE(2023;2;28))", 22),
        Example("AGE(DATE(2000;3;1))", 24, now="2024-03-01T00:00:00"),
        Example("AGE(null)", None),
    ],
    notes="Who is born on February 29 is a year older on March 1 of a common year. Negative before birth.",
    volatile={"now", *LOCAL},
)
def age(birth: Any, at: Any, ctx: Call) -> Any:
    return arithmetic.age(rows_of(birth, ctx), rows_of(at, ctx), home(ctx))


@age.overload("AGE(birth:date) -> int")
def _age_today(birth: Any, ctx: Call) -> Any:
    return arithmetic.age(rows_of(birth, ctx), rows_of(ctx.env.now, ctx), home(ctx))


# ---------------------------------------------------------------- working days


def _instants(holidays: Iterable[Any]) -> I64:
    """Return a constant list of dates as µs; nulls in it are no holidays."""
    found = [Constant.of(day).value if isinstance(day, date) else day for day in holidays]
    return np.array([day for day in found if day is not None], np.int64)


def _free(holidays: I64, ctx: Call) -> I64:
    return zones.to_local(holidays, home(ctx))


_WORKING = "Working days are Monday to Friday without the holidays, by the calendar of the workbook's time zone."


@function(
    "WORKDAY(d:date; days:whole) -> date",
    category=CATEGORY,
    summary="Midnight of the working day so many working days after a date, or before it where negative.",
    examples=[
        Example("WORKDAY(DATE(2024;3;1);1)", "2024-03-04T00:00:00", date=True),
        Example("WORKDAY(DATE(2024;3;4);-1)", "2024-03-01T00:00:00", date=True),
        Example("WORKDAY(DATE(2024;3;28);1;[DATE(2024;3;29);DATE(2024;4;1)])", "2024-04-02T00:00:00", date=True),
        Example("WORKDAY(DATE(2024;3;1);10000000)", Failure("RANGE")),
        Example("WORKDAY(null;1)", None),
    ],
    notes=f"{_WORKING} 0 gives the date itself, whatever day it is.",
    error_note=f"RANGE where the result is {YEARS}.",
    source=OPEN_FORMULA,
    prepare={"holidays": _instants},
    volatile=LOCAL,
)
def workday(d: Any, days: Any, ctx: Call) -> Any:
    return _workday(d, days, None, ctx)


@workday.overload("WORKDAY(d:date; days:whole; holidays:list<date> const) -> date")
def _workday_holidays(d: Any, days: Any, holidays: I64, ctx: Call) -> Any:
    return _workday(d, days, _free(holidays, ctx), ctx)


def _workday(d: Any, days: Any, free: I64 | None, ctx: Call) -> Any:
    reading, outside = workdays.workday(local(d, ctx), within(days, _DAYS_AWAY), free)
    ctx.fail(outside, "RANGE", f"{ctx.function}: the result is {YEARS}")
    return instants(reading, ctx)


@function(
    "NETWORKDAYS(start:date; end:date) -> int",
    category=CATEGORY,
    summary="The number of working days from one date to another, both included.",
    examples=[
        Example("NETWORKDAYS(DATE(2024;3;1);DATE(2024;3;31))", 21),
        Example("NETWORKDAYS(DATE(2024;3;31);DATE(2024;3;1))", -21),
        Example("NETWORKDAYS(DATE(2024;3;1);DATE(2024;3;31);[DATE(2024;3;29)])", 20),
        Example("NETWORKDAYS(DATE(2024;3;1);null)", None),
    ],
    notes=f"{_WORKING} Negative where the end is before the start.",
    source=OPEN_FORMULA,
    prepare={"holidays": _instants},
    volatile=LOCAL,
)
def networkdays(start: Any, end: Any, ctx: Call) -> Any:
    return workdays.networkdays(local(start, ctx), local(end, ctx))


@networkdays.overload("NETWORKDAYS(start:date; end:date; holidays:list<date> const) -> int")
def _networkdays_holidays(start: Any, end: Any, holidays: I64, ctx: Call) -> Any:
    return workdays.networkdays(local(start, ctx), local(end, ctx), _free(holidays, ctx))


@function(
    "ISWORKDAY(d:date) -> bool",
    category=CATEGORY,
    summary="Whether the day is a working day.",
    examples=[
        Example("ISWORKDAY(DATE(2024;3;1))", True),
        Example("ISWORKDAY(DATE(2024;3;2))", False),
        Example("ISWORKDAY(DATE(2024;3;29);[DATE(2024;3;29)])", False),
        Example("ISWORKDAY(null)", None),
    ],
    notes=_WORKING,
    prepare={"holidays": _instants},
    volatile=LOCAL,
)
def isworkday(d: Any, ctx: Call) -> Any:
    return workdays.is_workday(local(d, ctx))


@isworkday.overload("ISWORKDAY(d:date; holidays:list<date> const) -> bool")
def _isworkday_holidays(d: Any, holidays: I64, ctx: Call) -> Any:
    return workdays.is_workday(local(d, ctx), _free(holidays, ctx))


# ---------------------------------------------------------------- seasons and durations


def _southern(text: str) -> bool:
    side = text.strip().lower()
    if side not in ("north", "south"):
        raise ValueError(f'a hemisphere is "north" or "south", not {text!r}')
    return side == "south"


@function(
    'SEASON(d:date; [hemisphere:str="north"]) -> str',
    category=CATEGORY,
    summary="The season of the year: spring, summer, autumn or winter.",
    examples=[
        Example("SEASON(DATE(2024;3;1))", "spring"),
        Example('SEASON(DATE(2024;3;1);"south")', "autumn"),
        Example(
            "SEASON(DATE(2024;1;1);#Side)", ["winter", Failure("VALUE"), None], rows={"Side": ["north", "east", None]}
        ),
    ],
    notes="Meteorological seasons of three whole months; in the north spring is March to May.",
    error_note="VALUE for another hemisphere.",
    source="World Meteorological Organization, seasons of climatology",
    prepare={"hemisphere": _southern},
    volatile=LOCAL,
)
def season(d: Any, hemisphere: Any, ctx: Call) -> Any:
    def codes(us: I64, southern: bool) -> I64:
        return arithmetic.season(us, southern, home(ctx))

    note = "{1} is neither north nor south"
    found = map_choice(hemisphere, _southern, codes, [rows_of(d, ctx)], ctx, note, "VALUE")
    return text_array(SEASONS).take(arrow_array(np.asarray(found, np.int64)))


@function(
    "DURATIONTEXT(ms:duration) -> str",
    category=CATEGORY,
    summary="Writes a number of milliseconds as days, hours, minutes and seconds.",
    examples=[
        Example("DURATIONTEXT(3903000)", "1h 05m 03s"),
        Example("DURATIONTEXT(2d + 250ms)", "2d 00h 00m 00.250s"),
        Example("DURATIONTEXT(-90s)", "-1m 30s"),
        Example("DURATIONTEXT(null)", None),
    ],
    notes="The greatest unit that is not 0 comes first, finer ones with two digits follow, milliseconds where "
    "there are any. PARSEDURATION reads it back.",
)
def durationtext(ms: Any) -> Any:
    return arithmetic.duration_text(ms)


@function(
    "PARSEDURATION(text:str) -> int",
    category=CATEGORY,
    summary="Reads a duration such as 1h30m as milliseconds.",
    examples=[
        Example('PARSEDURATION("1h30m")', 5_400_000),
        Example('PARSEDURATION("1h 05m 03.250s")', 3_903_250),
        Example('PARSEDURATION("-2d")', -172_800_000),
        Example('PARSEDURATION("tomorrow")', Failure("PARSE")),
        Example("PARSEDURATION(null)", None),
    ],
    notes="Units: w d h m s ms; a sign in front holds for all parts; parts of a millisecond are rounded down.",
    error_note="PARSE for text that is no duration, or one beyond 64 bits.",
)
def parseduration(text: Any, ctx: Call) -> Any:
    ms, unread = arithmetic.parse_durations(text)
    ctx.fail(unread, "PARSE", f"{ctx.function}: {{0}} is no duration such as 1h30m or 250ms")
    return ms
