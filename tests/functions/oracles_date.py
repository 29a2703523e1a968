"""The date functions once more, for single values, in plain Python on datetime and zoneinfo.

``ORACLES[name](*args, zone="UTC", now=0)`` takes dates as microseconds since the epoch, everything else as Python
values, and gives the same: dates as int µs, :class:`Failure` for error values. No argument may be null.
"""

from __future__ import annotations

import re
from calendar import isleap, monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.easter import easter

from sheetline.functions.declare import Failure

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
RANGE, VALUE, PARSE = Failure("RANGE"), Failure("VALUE"), Failure("PARSE")
ORACLES: dict[str, Callable[..., Any]] = {}


def oracle(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register an oracle; one that leaves the years of datetime answers RANGE."""

    def add(run: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*args: Any, zone: str = "UTC", now: int = 0) -> Any:
            try:
                return run(*args, ZoneInfo(zone), now)
            except OverflowError:
                return RANGE

        for name in names:
            ORACLES[name] = guarded
        return run

    return add


def clock(us: int, zone: tzinfo) -> datetime:
    """The wall clock at an instant, aware."""
    return (EPOCH + us * TICK).astimezone(zone)


def reading(us: int, zone: tzinfo) -> datetime:
    """The wall clock at an instant, naive."""
    return clock(us, zone).replace(tzinfo=None, fold=0)


def instant(naive: datetime, zone: tzinfo, keep: timedelta | None = None) -> int:
    """The instant of a reading: the first of two, or the one with the offset to ``keep``."""
    for fold in (0, 1):
        aware = naive.replace(tzinfo=zone, fold=fold)
        exists = aware.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == naive
        if keep is not None and exists and aware.utcoffset() == keep:
            return (aware - EPOCH) // TICK
    return (naive.replace(tzinfo=zone, fold=0).astimezone(UTC) - EPOCH) // TICK


def toward_zero(value: int, width: int) -> int:
    return abs(value) // width * (1 if value >= 0 else -1)


# ---------------------------------------------------------------- parts


def part(name: str, take: Callable[[datetime], Any]) -> None:
    oracle(name)(lambda d, zone, _now: take(reading(d, zone)))


part("YEAR", lambda at: at.year)
part("QUARTER", lambda at: (at.month - 1) // 3 + 1)
part("MONTH", lambda at: at.month)
part("ISOWEEK", lambda at: at.isocalendar()[1])
part("ISOYEAR", lambda at: at.isocalendar()[0])
part("DAY", lambda at: at.day)
part("DAYOFYEAR", lambda at: at.timetuple().tm_yday)
part("HOUR", lambda at: at.hour)
part("MINUTE", lambda at: at.minute)
part("SECOND", lambda at: at.second)
part("MILLISECOND", lambda at: at.microsecond // 1000)
part("DAYSINMONTH", lambda at: monthrange(at.year, at.month)[1])
part("MONTHNAME", lambda at: at.strftime("%B"))
part("DAYNAME", lambda at: at.strftime("%A"))
part("ISLEAPYEAR", lambda at: isleap(at.year))
part("ISWEEKEND", lambda at: at.strftime("%a") in ("Sat", "Sun"))


@oracle("WEEKDAY")
def weekday(d: int, kind: int, zone: tzinfo, _now: int) -> Any:
    starts = {1: 7, 2: 1, 3: 1, 11: 1, 12: 2, 13: 3, 14: 4, 15: 5, 16: 6, 17: 7}
    if kind not in starts:
        return Failure("NUM")
    days = reading(d, zone).isoweekday() - starts[kind]
    return days % 7 + (kind != 3)


@oracle("WEEKNUM")
def weeknum(d: int, kind: int, zone: tzinfo, _now: int) -> Any:
    day = reading(d, zone).date()
    if kind == 21:
        return day.isocalendar()[1]
    starts = {1: 7, 2: 1, 11: 1, 12: 2, 13: 3, 14: 4, 15: 5, 16: 6, 17: 7}
    if kind not in starts:
        return VALUE
    week, walk = 1, date(day.year, 1, 1)
    while walk < day:
        walk += timedelta(1)
        week += walk.isoweekday() == starts[kind]
    return week


# ---------------------------------------------------------------- the clock and dates from parts


oracle("NOW")(lambda _zone, now: now)
oracle("TIMESTAMP")(lambda _zone, now: now // 1000)
oracle("UNIXTIME")(lambda d, _zone, _now: (EPOCH + d * TICK - EPOCH) // timedelta(seconds=1))
oracle("TODAY")(lambda zone, now: instant(datetime.combine(reading(now, zone), time()), zone))


@oracle("TIME")
def time_of_day(h: int, m: int, s: int, ms: int, _zone: tzinfo, _now: int) -> Any:
    made = ((h * 60 + m) * 60 + s) * 1000 + ms
    return made if -(2**63) <= made < 2**63 else Failure("OVERFLOW")


@oracle("DATE", "DATETIME")
def assembled(year: int, month: int, day: int, *rest: Any) -> Any:
    *parts, zone, _now = rest
    hour, minute, second, ms = [*parts, 0, 0, 0, 0][:4]
    years, months = divmod(month - 1, 12)
    if not -100_000 < year + years < 100_000:
        return RANGE
    # datetime has 9999 years: count in a like year of the 400-year cycle, then whole cycles
    cycles, like = divmod(year + years - 2000, 400)
    length = timedelta(days=day - 1, hours=hour, minutes=minute, seconds=second, milliseconds=ms)
    naive = datetime(2000 + like, months + 1, 1) + length + timedelta(days=146_097) * cycles
    return instant(naive, zone)


# ---------------------------------------------------------------- changes


def add_months(at: datetime, months: int) -> datetime:
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))


@oracle("ADDTODATE")
def addtodate(d: int, step: str, zone: tzinfo, _now: int) -> Any:
    parts = re.findall(r"([+-]?)([0-9]+)(ms|[yqMwdhms])", step)
    if not parts or "".join(map("".join, parts)) != step:
        return PARSE
    months, days, exact, sign = 0, 0, timedelta(), 1
    for mark, digits, unit in parts:
        sign = -1 if mark == "-" else 1 if mark == "+" else sign
        amount = sign * int(digits)
        months += amount * {"y": 12, "q": 3, "M": 1}.get(unit, 0)
        days += amount * {"w": 7, "d": 1}.get(unit, 0)
        word = {"h": "hours", "m": "minutes", "s": "seconds", "ms": "milliseconds"}.get(unit)
        exact += timedelta(**{word: amount}) if word else timedelta()
    if months or days:
        before = clock(d, zone)
        moved = add_months(before.replace(tzinfo=None, fold=0), months) + timedelta(days)
        d = instant(moved, zone, before.utcoffset())
    return (EPOCH + d * TICK + exact - EPOCH) // TICK


@oracle("EDATE")
def edate(d: int, months: int, zone: tzinfo, _now: int) -> Any:
    return instant(datetime.combine(add_months(reading(d, zone), months), time()), zone)


@oracle("EOMONTH")
def eomonth(d: int, months: int, zone: tzinfo, _now: int) -> Any:
    moved = add_months(reading(d, zone), months)
    return instant(datetime(moved.year, moved.month, monthrange(moved.year, moved.month)[1]), zone)


def first_reading(at: datetime, unit: str) -> datetime:
    if unit == "week":
        return datetime.combine(at.date() - timedelta(at.weekday()), time())
    order = ("year", "month", "day", "hour", "minute", "second")
    if unit in order:
        return datetime(*[*at.timetuple()[: order.index(unit) + 1], 1, 1][: max(order.index(unit) + 1, 3)])
    if unit == "quarter":
        return datetime(at.year, (at.month - 1) // 3 * 3 + 1, 1)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def start(d: int, unit: str, zone: tzinfo) -> int:
    at = clock(d, zone)
    keep = at.utcoffset() if unit in ("hour", "minute", "second", "millisecond") else None
    return instant(first_reading(at.replace(tzinfo=None, fold=0), unit), zone, keep)


def last_reading(at: datetime, unit: str) -> datetime:
    day = at.date()
    if unit == "week":
        day += timedelta(6 - day.weekday())
    elif unit != "day":
        month = {"year": 12, "quarter": (day.month + 2) // 3 * 3, "month": day.month}[unit]
        day = date(day.year, month, monthrange(day.year, month)[1])
    return datetime.combine(day, time(23, 59, 59, 999_000))


for _unit in ("year", "quarter", "month", "week", "day", "hour", "minute"):
    oracle(f"STARTOF{_unit.upper()}")(lambda d, zone, _now, unit=_unit: start(d, unit, zone))
for _unit in ("year", "quarter", "month", "week", "day"):
    # the last of two instants: the day is over when its last reading has passed for the last time
    oracle(f"ENDOF{_unit.upper()}")(
        lambda d, zone, _now, unit=_unit: (
            (last_reading(reading(d, zone), unit).replace(tzinfo=zone, fold=1).astimezone(UTC) - EPOCH) // TICK
        )
    )

UNIT = {"y": "year", "q": "quarter", "M": "month", "w": "week", "d": "day", "h": "hour", "m": "minute"}
UNIT |= {"s": "second", "ms": "millisecond"}
WIDTH = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000}


@oracle("TRUNCDATE")
def truncdate(d: int, unit: str, zone: tzinfo, _now: int) -> Any:
    name = UNIT.get(unit, unit)
    return start(d, name, zone) if name in UNIT.values() else VALUE


@oracle("TIMEBUCKET")
def timebucket(d: int, ms: int, zone: tzinfo, _now: int) -> Any:
    at = clock(d, zone)
    since = at.replace(tzinfo=None, fold=0) - datetime(1, 1, 1)
    down = datetime(1, 1, 1) + since // timedelta(milliseconds=ms) * timedelta(milliseconds=ms)
    return instant(down, zone, at.utcoffset() if ms % 86_400_000 else None)


@oracle("ROUNDTIME")
def roundtime(d: int, width: str, zone: tzinfo, now: int) -> Any:
    match = re.fullmatch("([0-9]+)([dhms])", width)
    return PARSE if match is None or not int(match[1]) else timebucket(d, int(match[1]) * WIDTH[match[2]], zone, now)


@oracle("SHIFTTIMEZONE")
def shifttimezone(d: int, target: str, source: str, zone: tzinfo, _now: int) -> Any:
    known = ("UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata")
    if target not in known or source not in known:
        return VALUE
    return instant(reading(instant(reading(d, zone), ZoneInfo(source)), ZoneInfo(target)), zone)


@oracle("ISDAYLIGHTSAVING")
def isdaylightsaving(d: int, where: str, _zone: tzinfo, _now: int) -> Any:
    try:
        return bool(clock(d, ZoneInfo(where)).dst())
    except (ZoneInfoNotFoundError, OSError, ValueError):
        return VALUE


FORMATS: dict[str, Callable[[datetime], str]] = {
    "yyyy-MM-dd'T'HH:mm:ss.SSSSSS": lambda at: at.replace(tzinfo=None).isoformat(timespec="microseconds"),
    "d.M.yyyy": lambda at: f"{at.day}.{at.month}.{at.year:04d}",
    "EEE, dd MMM yyyy hh:mm a": lambda at: f"{at:%a, %d %b} {at.year:04d} {at:%I:%M %p}",
    "EEEE d MMMM": lambda at: f"{at:%A} {at.day} {at:%B}",
    "xxxx-'W'ww-e": lambda at: "{:04d}-W{:02d}-{}".format(*at.isocalendar()),
    "DDD k": lambda at: f"{at:%j} {at.hour or 24}",
}


@oracle("FORMATDATE")
def formatdate(d: int, pattern: str, zone: tzinfo, _now: int) -> Any:
    return FORMATS[pattern](clock(d, zone)) if pattern in FORMATS else PARSE


@oracle("ISDATETEXT")
def isdatetext(text: str, pattern: str, _zone: tzinfo, _now: int) -> Any:
    if pattern not in ("yyyy-MM-dd", "yyyyMMdd"):
        return PARSE
    form = r"(\d{4})-(\d{1,2})-(\d{1,2})" if "-" in pattern else r"(\d{4})(\d\d)(\d\d)"
    match = re.fullmatch(form, text)
    if match is None:
        return False
    try:
        date(*map(int, match.groups()))
    except ValueError:
        return False
    return True


# ---------------------------------------------------------------- differences


def complete_months(a: datetime, b: datetime) -> int:
    if b < a:
        return -complete_months(b, a)
    return (b.year - a.year) * 12 + b.month - a.month - ((b.day, b.time()) < (a.day, a.time()))


@oracle("DATEDIFF")
def datediff(a: int, b: int, unit: str, zone: tzinfo, _now: int) -> Any:
    letter = next((letter for letter, name in UNIT.items() if unit in (letter, name)), "")
    if letter in ("y", "q", "M"):
        return toward_zero(complete_months(reading(a, zone), reading(b, zone)), {"y": 12, "q": 3, "M": 1}[letter])
    if letter in ("w", "d"):
        passed = (reading(b, zone) - reading(a, zone)) // TICK
        return toward_zero(passed, 86_400_000_000 * (7 if letter == "w" else 1))
    return toward_zero(b - a, {**WIDTH, "ms": 1}[letter] * 1000) if letter else VALUE


def midnights(a: int, b: int, zone: tzinfo) -> tuple[datetime, datetime]:
    return datetime.combine(reading(a, zone), time()), datetime.combine(reading(b, zone), time())


@oracle("DATEDIF")
def datedif(a: int, b: int, unit: str, zone: tzinfo, _now: int) -> Any:
    first, last = midnights(a, b, zone)
    if first > last:
        return Failure("NUM")
    months = complete_months(first, last)
    simple = {"y": months // 12, "m": months, "ym": months % 12, "d": (last - first).days}
    if unit.lower() in simple:
        return simple[unit.lower()]
    if unit.lower() not in ("md", "yd"):
        return VALUE
    if unit.lower() == "md":  # counted from the month before where its day is not yet reached
        begun = last.replace(day=1) if first.day <= last.day else (last.replace(day=1) - timedelta(1)).replace(day=1)
    else:
        begun = datetime(last.year - ((first.month, first.day) > (last.month, last.day)), first.month, 1)
    return (last.replace(tzinfo=None) - begun.replace(tzinfo=None)).days - (first.day - 1)


@oracle("DAYS")
def days(end: int, begin: int, zone: tzinfo, _now: int) -> Any:
    first, last = midnights(begin, end, zone)
    return (last - first).days


def february_end(at: date) -> bool:
    return at.month == 2 and (at + timedelta(1)).month == 3


@oracle("DAYS360")
def days360(a: int, b: int, european: bool, zone: tzinfo, _now: int) -> Any:
    first, last = midnights(a, b, zone)
    d1, d2 = first.day, last.day
    if european:
        d1, d2 = min(d1, 30), min(d2, 30)
    else:
        d1 = 30 if d1 == 31 or february_end(first) else d1
        d2 = 30 if d2 == 31 and d1 == 30 else d2
    return (last.year - first.year) * 360 + (last.month - first.month) * 30 + d2 - d1


@oracle("YEARFRAC")
def yearfrac(a: int, b: int, basis: int, zone: tzinfo, now: int) -> Any:
    (first, last), utc = sorted(midnights(a, b, zone)), ZoneInfo("UTC")
    start_us, end_us = instant(first, utc), instant(last, utc)
    passed = (last - first).days
    if basis == 0:
        both = february_end(first) and february_end(last)
        return (days360(start_us, end_us, False, utc, now) + (30 - last.day if both else 0)) / 360
    if basis == 1:
        return passed / year_length(first, last)
    if basis == 4:
        return days360(start_us, end_us, True, utc, now) / 360
    return passed / {2: 360, 3: 365}[basis] if basis in (2, 3) else VALUE


def year_length(first: datetime, last: datetime) -> float:
    within_one = (last.year - first.year) * 372 + (last.month - first.month) * 31 + last.day - first.day <= 372
    if not within_one:
        years = range(first.year, last.year + 1)
        return sum(365 + isleap(year) for year in years) / len(years)
    if first.year == last.year:
        return 365 + isleap(first.year)
    leap_days = [date(year, 2, 29) for year in (first.year, last.year) if isleap(year)]
    return 365 + any(first.date() <= day <= last.date() for day in leap_days)


@oracle("AGE")
def age(birth: int, *rest: Any) -> Any:
    *at, zone, now = rest
    born, today = midnights(birth, at[0] if at else now, zone)
    whole = today.year - born.year
    if today >= born:
        return whole - ((today.month, today.day) < (born.month, born.day))
    return whole + ((today.month, today.day) > (born.month, born.day))


# ---------------------------------------------------------------- working days, seasons, durations


def works(day: date, free: set[date]) -> bool:
    return day.isoweekday() < 6 and day not in free


def free_days(rest: tuple[Any, ...]) -> tuple[set[date], tzinfo]:
    *holidays, zone, _now = rest
    return {reading(us, zone).date() for us in (holidays[0] if holidays else []) if us is not None}, zone


@oracle("WORKDAY")
def workday(d: int, count: int, *rest: Any) -> Any:
    free, zone = free_days(rest)
    day, step = reading(d, zone).date(), timedelta(1 if count > 0 else -1)
    left = abs(count)
    while left:
        day += step
        left -= works(day, free)
    return instant(datetime.combine(day, time()), zone)


@oracle("NETWORKDAYS")
def networkdays(a: int, b: int, *rest: Any) -> Any:
    free, zone = free_days(rest)
    first, last = reading(a, zone).date(), reading(b, zone).date()
    if first > last:
        return -networkdays(b, a, *rest)
    return sum(works(first + timedelta(n), free) for n in range((last - first).days + 1))


@oracle("ISWORKDAY")
def isworkday(d: int, *rest: Any) -> Any:
    free, zone = free_days(rest)
    return works(reading(d, zone).date(), free)


@oracle("EASTER")
def easter_sunday(year: int, zone: tzinfo, _now: int) -> Any:
    return instant(datetime.combine(easter(year), time()), zone) if 1583 <= year <= 9999 else RANGE


@oracle("SEASON")
def season(d: int, hemisphere: str, zone: tzinfo, _now: int) -> Any:
    if hemisphere not in ("north", "south"):
        return VALUE
    month = (reading(d, zone).month + (6 if hemisphere == "south" else 0)) % 12
    return ("winter", "spring", "summer", "autumn")[month // 3]


@oracle("DURATIONTEXT")
def durationtext(ms: int, _zone: tzinfo, _now: int) -> Any:
    seconds, rest = divmod(abs(ms), 1000)
    parts = [(seconds // 86_400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s")]
    while len(parts) > 1 and not parts[0][0]:
        del parts[0]
    texts = [f"{value:02d}" if place else str(value) for place, (value, _) in enumerate(parts)]
    texts[-1] += f".{rest:03d}" if rest else ""
    return ("-" if ms < 0 else "") + " ".join(text + unit for text, (_, unit) in zip(texts, parts, strict=True))


@oracle("PARSEDURATION")
def parseduration(text: str, _zone: tzinfo, _now: int) -> Any:
    parts = re.findall("([0-9]+)(ms|[wdhms])", text)
    sign = "-" if text.startswith("-") else ""
    if not parts or sign + "".join(map("".join, parts)) != text:
        return PARSE
    total = sum(int(digits) * {**WIDTH, "w": 604_800_000, "ms": 1}[unit] for digits, unit in parts)
    return -total if sign else total
