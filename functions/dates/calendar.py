"""The proleptic Gregorian calendar on int64 arrays: parts, truncation, counting of days and workdays.

All functions read *local µs* (the wall clock's reading as microseconds since 1970-01-01T00:00) and ignore
time zones; :mod:`sheetline.functions.dates.zones` converts. They are exact for the whole int64 range and
never raise for odd values, since null slots hold arbitrary ones. Results are int64 unless said otherwise.
Years 1 to 9999 are the engine's dates; ``in_range`` tells whether an instant is one of them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from sheetline.functions.dates.civil import FEW, I32, civil32, packed

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MS: Final = 1_000
SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
WEEK: Final = 7 * DAY
INAT: Final = int(np.iinfo(np.int64).min)
MIN_DAY: Final = -719_162  # 0001-01-01, a Monday
MAX_DAY: Final = 2_932_896  # 9999-12-31
MIN_US: Final = MIN_DAY * DAY
MAX_US: Final = (MAX_DAY + 1) * DAY - 1

CLOCK_UNITS: Final = {"hour": HOUR, "minute": MINUTE, "second": SECOND, "millisecond": MS}
UNITS: Final = ("year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond")


class Parts(NamedTuple):
    """The wall clock's reading, one int64 array a part."""

    year: I64
    month: I64
    day: I64
    hour: I64
    minute: I64
    second: I64
    microsecond: I64


def in_range(us: I64) -> Bools:
    """Tell which instants lie in the years 1 to 9999."""
    return np.asarray((us >= MIN_US) & (us <= MAX_US))


def all_in_range(us: I64) -> bool:
    """Tell whether all instants lie in the years 1 to 9999."""
    return not us.size or (int(us.min()) >= MIN_US and int(us.max()) <= MAX_US)


# ---------------------------------------------------------------- days and dates


def civil_from_days(days: npt.NDArray[Any]) -> tuple[I64, I64, I64]:
    """Split days since the epoch into year, month (1-12) and day (1-31)."""
    year, month, day = civil32(days)
    return year.astype(np.int64), month.astype(np.int64), day.astype(np.int64)


def days_from_civil(year: npt.NDArray[Any], month: npt.NDArray[Any] | int, day: npt.NDArray[Any] | int) -> I64:
    """Count the days from 1970-01-01 to a date; months outside 1-12 and any day roll over (unchecked).

    Source: Howard Hinnant, "chrono-compatible low-level date algorithms".
    """
    months = np.asarray(year, dtype=np.int64) * 12 + (np.asarray(month, dtype=np.int64) - 3)
    y = months // 12  # a year that begins in March
    m = months - y * 12
    century = y // 100
    return np.asarray(
        y * 365 + (y >> 2) - century + (century >> 2) + (153 * m + 2) // 5 + (day - 719_469), dtype=np.int64
    )


@lru_cache(maxsize=1)
def month_starts() -> I32:
    """Return the day number of each first of a month, years 0 to 10000, at ``year*12 + month-1``."""
    years = np.repeat(np.arange(0, 10_001, dtype=np.int64), 12)
    starts = days_from_civil(years, np.tile(np.arange(1, 13, dtype=np.int64), 10_001), 1).astype(np.int32)
    starts.setflags(write=False)
    return starts


def valid_date(year: npt.NDArray[Any], month: npt.NDArray[Any], day: npt.NDArray[Any]) -> Bools:
    """Tell which year, month and day are a real date of the years 1 to 9999."""
    fits = (year >= 1) & (year <= 9999) & (month >= 1) & (month <= 12) & (day >= 1)
    safe_year, safe_month = np.where(fits, year, 2000), np.where(fits, month, 1)
    return np.asarray(fits & (day <= days_in_month_of(safe_year, safe_month)))


def is_leap_year(year: npt.NDArray[Any]) -> Bools:
    """Tell which years have a February 29."""
    return np.asarray(((year & 3) == 0) & ((year % 25 != 0) | ((year & 15) == 0)))


def days_in_month_of(year: npt.NDArray[Any], month: npt.NDArray[Any]) -> I64:
    """Return the length in days of a year's month (1-12)."""
    y, m = np.asarray(year, dtype=np.int64), np.asarray(month, dtype=np.int64)
    return np.where(m == 2, np.where(is_leap_year(y), 29, 28), 30 + ((m + (m >> 3)) & 1))


def day_number(us: I64) -> I64:
    """Return the whole days since the epoch, rounded down."""
    return floored(us, DAY)


def floored(us: I64, width: int, out: I64 | None = None) -> I64:
    """Return ``us // width``; where nothing lies before 1970 without signs, which is quicker."""
    us = np.asarray(us, dtype=np.int64)
    if not us.size or int(us.min()) < 0:
        return np.asarray(np.floor_divide(us, width, out=out))
    plain = None if out is None else out.view(np.uint64)
    return np.asarray(np.floor_divide(us.view(np.uint64), np.uint64(width), out=plain)).view(np.int64)


def parts(us: I64) -> Parts:
    """Split local µs into all parts.

    Example: ``parts(np.array([1_000_000]))`` gives 1970, 1, 1, 0, 0, 1, 0 as arrays of one element.
    """
    days = day_number(us)
    rest = us - days * DAY
    seconds = (rest // SECOND).astype(np.int32)
    minutes = seconds // np.int32(60)
    hours = minutes // np.int32(60)
    clock = (hours, minutes - hours * np.int32(60), seconds - minutes * np.int32(60))
    hour, minute, second = (part.astype(np.int64) for part in clock)
    return Parts(*civil_from_days(days), hour, minute, second, rest - seconds.astype(np.int64) * SECOND)


def year(us: I64, out: I64 | None = None) -> I64:
    """Return the year; this and the other parts may be written into ``out``."""
    return np.right_shift(packed(day_number(us)), 9, out=out, dtype=np.int64)


def month(us: I64, out: I64 | None = None) -> I64:
    """Return the month, 1 to 12."""
    months = packed(day_number(us))
    months >>= 5
    return np.bitwise_and(months, 15, out=out, dtype=np.int64)


def day(us: I64, out: I64 | None = None) -> I64:
    """Return the day of the month, 1 to 31."""
    return np.bitwise_and(packed(day_number(us)), 31, out=out, dtype=np.int64)


def quarter(us: I64, out: I64 | None = None) -> I64:
    """Return the quarter, 1 to 4."""
    months = packed(day_number(us))
    months >>= 5
    months &= 15
    months -= 1
    months //= 3
    return np.add(months, 1, out=out, dtype=np.int64)


def _within(us: I64, width: int, whole: int, out: I64 | None) -> I64:
    """Return how many times ``width`` fits into what ``us`` is beyond the last multiple of ``whole``."""
    if width < MINUTE or not us.size or int(us.min()) < 0:
        count = floored(us, width, out)
        before = floored(us, whole)
        before *= whole // width
        count -= before
        return count
    plain = np.floor_divide(us.view(np.uint64), np.uint64(width), out=None if out is None else out.view(np.uint64))
    small = plain.astype(np.uint32)  # the minutes up to the year 9999 fit, and half the memory is quicker
    per = np.uint32(whole // width)
    rest = small // per
    rest *= per
    np.subtract(small, rest, out=plain)
    return np.asarray(plain.view(np.int64))


def hour(us: I64, out: I64 | None = None) -> I64:
    """Return the hour, 0 to 23."""
    return _within(us, HOUR, DAY, out)


def minute(us: I64, out: I64 | None = None) -> I64:
    """Return the minute, 0 to 59."""
    return _within(us, MINUTE, HOUR, out)


def second(us: I64, out: I64 | None = None) -> I64:
    """Return the second, 0 to 59."""
    return _within(us, SECOND, MINUTE, out)


def millisecond(us: I64, out: I64 | None = None) -> I64:
    """Return the millisecond within the second, 0 to 999, rounded down."""
    return _within(us, MS, SECOND, out)


#: Added to days since 1970-01-01, a Thursday: whole weeks, so that none is negative, and the days since Monday.
_MONDAY: Final = np.uint32(7 * 16_000_000 + 3)


def weekday_of_days(days: npt.NDArray[Any], out: I64 | None = None) -> I64:
    """Return Monday=1 to Sunday=7 for days since the epoch."""
    found: I64 = np.add(days, 3, out=out, dtype=np.int64)  # 1970-01-01 was a Thursday
    weeks = found // 7
    weeks *= 7
    found -= weeks
    found += 1
    return found


def weekday(us: I64, out: I64 | None = None) -> I64:
    """Return Monday=1 to Sunday=7."""
    return np.add(weekday_from_monday(us), 1, out=out, dtype=np.int64)


def weekday_from_monday(us: I64) -> npt.NDArray[np.uint32]:
    """Return Monday=0 to Sunday=6."""
    found = day_number(us).astype(np.uint32)  # no int64 µs is more than 107 million days away
    found += _MONDAY
    weeks = found // np.uint32(7)
    weeks *= np.uint32(7)
    found -= weeks
    return found


def day_of_year(us: I64, out: I64 | None = None) -> I64:
    """Return the day of the year, 1 to 366."""
    days = day_number(us)
    years = packed(days) >> np.int32(9)
    known = years.size and int(years.min()) >= 0 and int(years.max()) <= 10_000  # null slots may hold any
    found: I64 = np.subtract(days, _year_begins().take(years) if known else days_from_civil(years, 1, 1), out=out)
    found += 1
    return found


@lru_cache(maxsize=1)
def _year_begins() -> I64:
    """Return the day number of each January 1, years 0 to 10000."""
    return month_starts()[::12].astype(np.int64)


def days_in_month(us: I64) -> I64:
    """Return the length of the date's month, 28 to 31."""
    y, m, _ = civil32(day_number(us))
    return days_in_month_of(y, m)


def iso_year_week(us: I64) -> tuple[I64, I64]:
    """Return ISO 8601's week-numbering year and week (1-53): the year and week of the week's Thursday."""
    days = day_number(us)
    thursday = days - weekday_of_days(days) + 4
    iso_year = civil32(thursday)[0].astype(np.int64)
    return iso_year, (thursday - days_from_civil(iso_year, 1, 1)) // 7 + 1


def days_from_iso_week(iso_year: npt.NDArray[Any], week: npt.NDArray[Any], weekday: npt.NDArray[Any]) -> I64:
    """Count the days from the epoch to a weekday (Monday=1) of an ISO week (unchecked)."""
    fourth = days_from_civil(iso_year, 1, 4)
    return np.asarray(fourth - weekday_of_days(fourth) + 7 * (np.asarray(week, dtype=np.int64) - 1) + weekday)


def week_number(us: I64, kind: int = 1) -> I64:
    """Return the week of the year as WEEKNUM's types count it in OpenFormula.

    ``kind``: 1 or 17 weeks begin on Sunday, 2 or 11 on Monday, 12 Tuesday … 16 Saturday, and week 1 holds
    January 1; 21 is ISO 8601. Another kind raises ValueError.
    """
    if kind == 21:
        return iso_year_week(us)[1]
    starts = {1: 7, 2: 1, 11: 1, 12: 2, 13: 3, 14: 4, 15: 5, 16: 6, 17: 7}
    if kind not in starts:
        raise ValueError(f"a week number's type is 1, 2, 11 to 17 or 21, not {kind}")
    days = day_number(us)
    first = days_from_civil(civil32(days)[0], 1, 1)
    before = (weekday_of_days(first) - starts[kind]) % 7
    return (days - first + before) // 7 + 1


def easter(year: npt.NDArray[Any]) -> I64:
    """Return Easter Sunday of a year as days since the epoch (Meeus/Jones/Butcher, Gregorian)."""
    y = np.asarray(year, dtype=np.int64)
    golden, century, rest = y % 19, y // 100, y % 100
    corrected = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - century // 4 - corrected + 15) % 30
    to_sunday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * to_sunday) // 451
    code = epact + to_sunday - 7 * late + 114
    return days_from_civil(y, code // 31, code % 31 + 1)


# ---------------------------------------------------------------- beginnings and ends


def start_of(us: I64, unit: str, out: I64 | None = None) -> I64:
    """Round local µs down to the start of a unit of ``UNITS``, maybe into ``out``; weeks start on Monday.

    Raises ValueError for another unit.
    """
    if unit in CLOCK_UNITS or unit == "day":
        width = CLOCK_UNITS.get(unit, DAY)
        start = floored(us, width, out)
        start *= width
        return start
    return np.multiply(_unit_start(day_number(us), unit, 0), DAY, out=out)


def next_start(us: I64, unit: str) -> I64:
    """Return the start of the unit after the one that holds the local µs."""
    if unit in CLOCK_UNITS:
        width = CLOCK_UNITS[unit]
        return us // width * width + width
    return _unit_start(day_number(us), unit, 1) * DAY


def end_of(us: I64, unit: str) -> I64:
    """Return the last whole millisecond of the unit (…23:59:59.999 for a month)."""
    return next_start(us, unit) - MS


def _unit_start(days: I64, unit: str, ahead: int) -> I64:
    if unit == "day":
        return days + ahead if ahead else days
    if unit == "month" and not ahead:
        return days - (packed(days) & np.int32(31)) + 1
    if unit == "week":
        return days - weekday_of_days(days) + (1 + 7 * ahead)
    y, m, _ = civil_from_days(days)
    if unit == "month":
        return days_from_civil(y, m + ahead, 1)
    if unit == "quarter":
        return days_from_civil(y, (m - 1) // 3 * 3 + (1 + 3 * ahead), 1)
    if unit == "year":
        return days_from_civil(y + ahead, 1, 1)
    raise ValueError(f"a calendar unit is one of {', '.join(UNITS)}, not {unit!r}")


# ---------------------------------------------------------------- months


def add_months(us: I64, months: I64 | int) -> I64:
    """Move local µs by calendar months, the day clamped to the month's end, the clock unchanged."""
    days = day_number(us)
    return us + (add_months_days(days, months) - days) * DAY


def add_months_days(days: I64, months: I64 | int) -> npt.NDArray[Any]:
    """Move dates (days since the epoch) by calendar months, clamped to the month's end."""
    found = packed(days)
    moved, after = _month_away(found, months)
    moved += found & np.int32(31)
    np.minimum(moved, after, out=moved)  # both one day too late
    moved -= 1
    return moved


def _month_away(found: I32, months: I64 | int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the first days of the months so many months from packed dates, and those of the months behind them."""
    total = (found >> np.int32(9)) * np.int32(12)
    total += (found >> np.int32(5)) & np.int32(15)
    total = total + (np.asarray(months, np.int64) - 1)
    if len(total) >= FEW and int(total.min()) >= 0 and int(total.max()) < 12 * 10_000:
        return month_starts().take(total), month_starts().take(total + 1)
    years = total // 12
    month = total - years * 12 + 1
    return days_from_civil(years, month, 1), days_from_civil(years, month + 1, 1)


def edate(us: I64, months: I64 | int, out: I64 | None = None) -> I64:
    """Return EDATE: midnight of the date so many months away."""
    midnight: I64 = np.multiply(add_months_days(day_number(us), months), DAY, out=out, dtype=np.int64)
    return midnight


def eomonth(us: I64, months: I64 | int = 0, out: I64 | None = None) -> I64:
    """Return EOMONTH: midnight of the last day of the month so many months away."""
    after = _month_away(packed(day_number(us)), months)[1]
    after -= 1
    midnight: I64 = np.multiply(after, DAY, out=out, dtype=np.int64)
    return midnight


def complete_months(a: I64, b: I64) -> I64:
    """Count the complete calendar months from ``a`` to ``b`` (local µs), signed, the clock included.

    The count is the largest n (toward zero) with ``a`` moved by n months not beyond ``b``, where a day that
    the month lacks is *not* clamped: January 31 to February 28 is no complete month (as DATEDIF has it).
    """
    (ya, ma, da), (yb, mb, db) = civil_from_days(day_number(a)), civil_from_days(day_number(b))
    months = (yb - ya) * 12 + (mb - ma)
    in_month = (db - da) * DAY + ((b - day_number(b) * DAY) - (a - day_number(a) * DAY))
    return months - ((months > 0) & (in_month < 0)) + ((months < 0) & (in_month > 0))


def datedif(a: I64, b: I64, unit: str) -> tuple[I64, Bools]:
    """Return DATEDIF of two local dates and the rows where ``a`` is after ``b`` (an error by the standard).

    ``unit``, any case: ``y`` and ``m`` complete years and months, ``d`` days, ``md`` days beyond the complete
    months, ``ym`` months beyond the complete years, ``yd`` days beyond the complete years. As in spreadsheets a
    month that lacks the day goes on in the next one: ``md`` from January 31 to March 1 is -2, for it counts from
    February 31, which is March 3.
    """
    start, end = day_number(a), day_number(b)
    bad = start > end
    months = complete_months(start * DAY, end * DAY)
    key = unit.lower()
    if key == "d":
        return end - start, bad
    if key in ("y", "m", "ym"):
        return (months // 12 if key == "y" else months if key == "m" else months % 12), bad
    if key in ("md", "yd"):
        return _days_beyond(start, end, years=key == "yd"), bad
    raise ValueError(f"DATEDIF's unit is one of y, m, d, md, ym, yd, not {unit!r}")


def _days_beyond(start: I64, end: I64, *, years: bool) -> I64:
    """Count the days since the start's day of the month, or of the year, last came round."""
    (_, m1, d1), (y2, m2, d2) = civil_from_days(start), civil_from_days(end)
    if years:
        return end - days_from_civil(y2 - ((m1 > m2) | ((m1 == m2) & (d1 > d2))), m1, d1)
    return end - days_from_civil(y2, m2 - (d1 > d2), d1)


# ---------------------------------------------------------------- day counts of finance


def days360(a: I64, b: I64, european: bool = False) -> I64:
    """Count days between local dates in a year of twelve 30-day months, signed.

    US (NASD) method: the last day of February and the 31st count as the 30th in ``a``; the 31st counts as
    the 30th in ``b`` only where ``a`` stands on the 30th. European: each 31st is the 30th.
    """
    (y1, m1, d1), (y2, m2, d2) = civil_from_days(day_number(a)), civil_from_days(day_number(b))
    if european:
        d1, d2 = np.minimum(d1, 30), np.minimum(d2, 30)
    else:
        d1 = np.where(_february_end(y1, m1, d1) | (d1 == 31), 30, d1)
        d2 = np.where((d2 == 31) & (d1 == 30), 30, d2)
    return np.asarray((y2 - y1) * 360 + (m2 - m1) * 30 + (d2 - d1))


def _february_end(y: I64, m: I64, d: I64) -> Bools:
    return np.asarray((m == 2) & (d == days_in_month_of(y, m)))


def yearfrac(a: I64, b: I64, basis: int = 0) -> npt.NDArray[np.float64]:
    """Return the years between two local dates, never negative, by day-count basis.

    ``basis``, as in OpenFormula: 0 US 30/360, 1 actual/actual, 2 actual/360, 3 actual/365, 4 European
    30/360. Another basis raises ValueError.
    """
    if basis not in (0, 1, 2, 3, 4):
        raise ValueError(f"a day-count basis is 0, 1, 2, 3 or 4, not {basis}")
    start, end = np.minimum(a, b), np.maximum(a, b)
    days = day_number(end) - day_number(start)
    if basis == 0:
        return _us_360(start, end) / 360.0
    if basis == 4:
        return days360(start, end, european=True) / 360.0
    return np.asarray(days / (_year_length(start, end) if basis == 1 else 360.0 if basis == 2 else 365.0))


def _us_360(start: I64, end: I64) -> I64:
    """Count NASD days where two ends of February are a whole number of years apart."""
    (y1, m1, d1), (y2, m2, d2) = civil_from_days(day_number(start)), civil_from_days(day_number(end))
    both = _february_end(y1, m1, d1) & _february_end(y2, m2, d2)
    return days360(start, end) + np.where(both, 30 - d2, 0)


def _year_length(start: I64, end: I64) -> npt.NDArray[np.float64]:
    """Return the length of a year for actual/actual: up to one year 365 or 366, else the years' average."""
    first, last = day_number(start), day_number(end)
    (y1, m1, d1), (y2, m2, d2) = civil_from_days(first), civil_from_days(last)
    short = (y1 == y2) | ((y2 == y1 + 1) & ((m1 > m2) | ((m1 == m2) & (d1 >= d2))))
    leap1, leap2 = is_leap_year(y1), is_leap_year(y2)
    holds = (leap1 & (first < days_from_civil(y1, 3, 1))) | (leap2 & (last >= days_from_civil(y2, 3, 1) - 1))
    within = np.where(np.where(y1 == y2, leap1, holds), 366.0, 365.0)
    whole = days_from_civil(y2 + 1, 1, 1) - days_from_civil(y1, 1, 1)
    return np.where(short, within, whole / np.maximum(y2 - y1 + 1, 1))
