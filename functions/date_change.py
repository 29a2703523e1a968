"""Dates moved, rounded and shown: ADDTODATE, ROUNDTIME, STARTOF…, ENDOF…, SHIFTTIMEZONE, FORMATDATE."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions.buffers import arrow_array, text_array, text_scalar
from sheetline.functions.context import Call
from sheetline.functions.date_support import (
    CATEGORY,
    LOCAL,
    YEARS,
    by_choice,
    home,
    in_years,
    instants,
    local,
    map_choice,
    rounded_down,
    rows_of,
    unit_name,
    within,
)
from sheetline.functions.dates import arithmetic, calendar, zones
from sheetline.functions.dates.calendar import I64, MS
from sheetline.functions.dates.format import format_dates
from sheetline.functions.dates.parse import parse_dates
from sheetline.functions.dates.patterns import MAX_LENGTH, Pattern, compile_pattern
from sheetline.functions.dates.zones import Zone, load_zone
from sheetline.functions.declare import Example, Failure, Function, function

DATAMEER = "Datameer documentation"
OPEN_FORMULA = "OASIS OpenFormula 1.3, 6.10 Date and Time Functions"
RANGE_NOTE = f"RANGE where the result is {YEARS}."
_MONTHS_AWAY = 200_000  # leads out of all years

# ---------------------------------------------------------------- adding


@function(
    "ADDTODATE(d:date; step:str) -> date",
    category=CATEGORY,
    summary="Adds a step through time such as 3M or -10d to a date.",
    examples=[
        Example('ADDTODATE(DATETIME(2002;10;15;4;36;34);"5y")', "2007-10-15T04:36:34", date=True),
        Example('ADDTODATE(DATETIME(2002;10;15;4;36;34);"-5000s")', "2002-10-15T03:13:14", date=True),
        Example('ADDTODATE(DATE(2024;1;31);"1M")', "2024-02-29T00:00:00", date=True),
        Example('ADDTODATE(DATE(2024;1;31);"1y2M-3d")', "2025-03-28T00:00:00", date=True),
        Example('ADDTODATE(DATETIME(2024;3;30;12;0);"1d")', "2024-03-31T10:00:00", date=True, timezone="Europe/Berlin"),
        Example(
            'ADDTODATE(DATETIME(2024;3;30;12;0);"24h")', "2024-03-31T11:00:00", date=True, timezone="Europe/Berlin"
        ),
        Example(
            "ADDTODATE(DATE(2024;1;31);#Step)",
            ["2024-04-30T00:00:00", Failure("PARSE"), None, Failure("RANGE")],
            rows={"Step": ["1q", "soon", None, "8000y"]},
            date=True,
        ),
    ],
    notes="Units: y q M w d h m s ms, in this case; several may follow one another, and a part without a sign "
    "has the sign of the part before it. Years to days move the wall clock of the workbook's time zone: the "
    "month's end where a month lacks the day, forward where clocks skip the reading. Hours and finer units are "
    "exact lengths. Months come first, then days, then the rest.",
    error_note=f"PARSE for text that is no step. {RANGE_NOTE}",
    source=DATAMEER,
    prepare={"step": arithmetic.parse_step},
    volatile=LOCAL,
)
def addtodate(d: Any, step: Any, ctx: Call) -> Any:
    us = rows_of(d, ctx)
    if isinstance(step, pa.Array):
        steps, unread = arithmetic.read_steps(step)
        ctx.fail(unread, "PARSE", f"{ctx.function}: {{1}} is no step through time such as 3M, 10d or -5000s")
        moved, outside = arithmetic.add_steps(us, *steps, home(ctx))
    else:
        moved, outside = arithmetic.add(us, step, home(ctx))
    ctx.fail(outside, "RANGE", f"{ctx.function}: {{0}} plus {{1}} is {YEARS}")
    return moved


@function(
    "EDATE(d:date; months:whole) -> date",
    category=CATEGORY,
    summary="Midnight of the day so many months away, or of the month's last day where it lacks that day.",
    examples=[
        Example("EDATE(DATE(2024;1;31);1)", "2024-02-29T00:00:00", date=True),
        Example("EDATE(DATETIME(2024;3;31;18;0);-1)", "2024-02-29T00:00:00", date=True),
        Example("EDATE(DATE(2024;1;31);100000)", Failure("RANGE")),
        Example("EDATE(null;1)", None),
    ],
    notes="The time of day is dropped; ADDTODATE keeps it.",
    error_note=RANGE_NOTE,
    source=OPEN_FORMULA,
    volatile=LOCAL,
)
def edate(d: Any, months: Any, ctx: Call) -> Any:
    return instants(calendar.edate(local(d, ctx), within(months, _MONTHS_AWAY), ctx.out), ctx)


@function(
    "EOMONTH(d:date; [months:whole=0]) -> date",
    category=CATEGORY,
    summary="Midnight of the last day of the month so many months away.",
    examples=[
        Example("EOMONTH(DATE(2024;1;15);1)", "2024-02-29T00:00:00", date=True),
        Example("EOMONTH(DATE(2024;1;15))", "2024-01-31T00:00:00", date=True),
        Example("EOMONTH(DATE(2024;1;15);-100000)", Failure("RANGE")),
        Example("EOMONTH(null;1)", None),
    ],
    notes="ENDOFMONTH gives the last millisecond of the month.",
    error_note=RANGE_NOTE,
    source=OPEN_FORMULA,
    volatile=LOCAL,
)
def eomonth(d: Any, months: Any, ctx: Call) -> Any:
    return instants(calendar.eomonth(local(d, ctx), within(months, _MONTHS_AWAY), ctx.out), ctx)


# ---------------------------------------------------------------- beginnings and ends


def _start(unit: str, summary: str, examples: list[Example], notes: str = "") -> Function:
    def run(d: Any, ctx: Call) -> Any:
        return rounded_down(arithmetic.start_of(rows_of(d, ctx), unit, home(ctx), ctx.out), ctx)

    return function(
        f"STARTOF{unit.upper()}(d:date) -> date",
        category=CATEGORY,
        summary=summary,
        examples=[*examples, Example(f"STARTOF{unit.upper()}(null)", None)],
        notes=notes or "On the wall clock of the workbook's time zone.",
        error_note=RANGE_NOTE,
        volatile=LOCAL,
    )(run)


def _end(unit: str, summary: str, examples: list[Example]) -> Function:
    def run(d: Any, ctx: Call) -> Any:
        return in_years(arithmetic.end_of(rows_of(d, ctx), unit, home(ctx)), ctx)

    return function(
        f"ENDOF{unit.upper()}(d:date) -> date",
        category=CATEGORY,
        summary=summary,
        examples=[*examples, Example(f"ENDOF{unit.upper()}(null)", None)],
        notes="On the wall clock of the workbook's time zone.",
        error_note=RANGE_NOTE,
        source=DATAMEER if unit == "month" else "",
        volatile=LOCAL,
    )(run)


_MOMENT = "DATETIME(2024;2;29;8;30;15;250)"  # a Thursday

_start(
    "year",
    "The first instant of the date's year.",
    [
        Example(f"STARTOFYEAR({_MOMENT})", "2024-01-01T00:00:00", date=True),
        Example(f"STARTOFYEAR({_MOMENT})", "2023-12-31T23:00:00", date=True, timezone="Europe/Berlin"),
    ],
)
_start(
    "quarter",
    "The first instant of the date's quarter.",
    [Example(f"STARTOFQUARTER({_MOMENT})", "2024-01-01T00:00:00", date=True)],
)
_start(
    "month",
    "The first instant of the date's month.",
    [Example(f"STARTOFMONTH({_MOMENT})", "2024-02-01T00:00:00", date=True)],
)
_start(
    "week",
    "The first instant of the Monday on or before the date.",
    [
        Example(f"STARTOFWEEK({_MOMENT})", "2024-02-26T00:00:00", date=True),
        Example("STARTOFWEEK(DATE(2024;3;3))", "2024-02-26T00:00:00", date=True),
    ],
)
_start(
    "day",
    "The first instant of the date's day.",
    [
        Example(f"STARTOFDAY({_MOMENT})", "2024-02-29T00:00:00", date=True),
        Example("STARTOFDAY(DATETIME(2024;4;26;12;0))", "2024-04-25T22:00:00", date=True, timezone="Africa/Cairo"),
    ],
    "Where clocks skip midnight, the day begins behind the gap; where they pass it twice, at the first.",
)
_start(
    "hour",
    "The beginning of the date's hour.",
    [Example(f"STARTOFHOUR({_MOMENT})", "2024-02-29T08:00:00", date=True)],
    "On the wall clock of the workbook's time zone; an hour that clocks repeat is two hours.",
)
_start(
    "minute",
    "The beginning of the date's minute.",
    [Example(f"STARTOFMINUTE({_MOMENT})", "2024-02-29T08:30:00", date=True)],
)
_end(
    "month",
    "The last millisecond of the date's month.",
    [Example(f"ENDOFMONTH({_MOMENT})", "2024-02-29T23:59:59.999", date=True)],
)
_end(
    "year",
    "The last millisecond of the date's year.",
    [Example(f"ENDOFYEAR({_MOMENT})", "2024-12-31T23:59:59.999", date=True)],
)
_end(
    "quarter",
    "The last millisecond of the date's quarter.",
    [Example(f"ENDOFQUARTER({_MOMENT})", "2024-03-31T23:59:59.999", date=True)],
)
_end(
    "week",
    "The last millisecond of the Sunday on or after the date.",
    [Example(f"ENDOFWEEK({_MOMENT})", "2024-03-03T23:59:59.999", date=True)],
)
_end(
    "day",
    "The last millisecond of the date's day.",
    [Example(f"ENDOFDAY({_MOMENT})", "2024-02-29T23:59:59.999", date=True)],
)


@function(
    "TRUNCDATE(d:date; unit:str) -> date",
    category=CATEGORY,
    summary="Rounds a date down to the beginning of its year, quarter, month, week, day, hour, minute or second.",
    examples=[
        Example(f'TRUNCDATE({_MOMENT};"month")', "2024-02-01T00:00:00", date=True),
        Example(f'TRUNCDATE({_MOMENT};"h")', "2024-02-29T08:00:00", date=True),
        Example(
            f"TRUNCDATE({_MOMENT};#Unit)",
            ["2024-01-01T00:00:00", Failure("VALUE"), None],
            rows={"Unit": ["quarter", "fortnight", None]},
            date=True,
        ),
    ],
    notes="Units: year quarter month week day hour minute second millisecond, or their letters y q M w d h m s "
    "ms. Weeks begin on Monday. On the wall clock of the workbook's time zone.",
    error_note=f"VALUE for another unit. {RANGE_NOTE}",
    prepare={"unit": unit_name},
    volatile=LOCAL,
)
def truncdate(d: Any, unit: Any, ctx: Call) -> Any:
    def start(us: I64, name: str) -> I64:
        return arithmetic.start_of(us, name, home(ctx))

    starts = map_choice(unit, unit_name, start, [rows_of(d, ctx)], ctx, "{1} is no unit of time", "VALUE")
    return in_years(starts, ctx)


# ---------------------------------------------------------------- rounding


@function(
    "ROUNDTIME(d:date; width:str) -> date",
    category=CATEGORY,
    summary="Rounds a date down to a whole number of days, hours, minutes or seconds.",
    examples=[
        Example(f'ROUNDTIME({_MOMENT};"10m")', "2024-02-29T08:30:00", date=True),
        Example(f'ROUNDTIME({_MOMENT};"7d")', "2024-02-26T00:00:00", date=True),
        Example(
            f"ROUNDTIME({_MOMENT};#Width)",
            ["2024-02-29T06:00:00", Failure("PARSE"), None],
            rows={"Width": ["6h", "1M", None]},
            date=True,
        ),
    ],
    notes="Always down. Units: d h m s. All widths are counted from Monday 0001-01-01T00:00 on the wall clock of "
    'the workbook\'s time zone, so "7d" gives Mondays, and each divisor of a day begins at midnight.',
    error_note=f"PARSE for text that is no width. {RANGE_NOTE}",
    source=DATAMEER,
    prepare={"width": arithmetic.parse_width},
    volatile=LOCAL,
)
def roundtime(d: Any, width: Any, ctx: Call) -> Any:
    if isinstance(width, pa.Array):
        width, unread = arithmetic.read_widths(width)
        ctx.fail(unread, "PARSE", f"{ctx.function}: {{1}} is no width such as 10m or 7d")
    return in_years(arithmetic.floor_to(rows_of(d, ctx), width, home(ctx)), ctx)


def _bucket_width(ms: int) -> int:
    if not 0 < ms <= 10**15:
        raise ValueError(f"a bucket is longer than 0 and at most 10^15 ms, not {ms}")
    return ms


@function(
    "TIMEBUCKET(d:date; width:duration const) -> date",
    category=CATEGORY,
    summary="The start of the time bucket that holds the date; buckets are of one width, side by side.",
    examples=[
        Example(f"TIMEBUCKET({_MOMENT};15m)", "2024-02-29T08:30:00", date=True),
        Example(f"TIMEBUCKET({_MOMENT};250ms)", "2024-02-29T08:30:15.250", date=True),
        Example(f"TIMEBUCKET({_MOMENT};7d)", "2024-02-26T00:00:00", date=True),
        Example("TIMEBUCKET(null;15m)", None),
    ],
    notes="Counted as by ROUNDTIME; any width of whole milliseconds goes.",
    error_note=RANGE_NOTE,
    prepare={"width": _bucket_width},
    volatile=LOCAL,
)
def timebucket(d: Any, width: int, ctx: Call) -> Any:
    return rounded_down(arithmetic.floor_to(rows_of(d, ctx), width * MS, home(ctx), ctx.out), ctx)


# ---------------------------------------------------------------- zones


@function(
    "SHIFTTIMEZONE(d:date; target:str; source:str) -> date",
    category=CATEGORY,
    summary="Turns a reading of clocks in one time zone into that of clocks in another at the same instant.",
    examples=[
        Example(
            'SHIFTTIMEZONE(DATETIME(2024;7;1;12;0);"Europe/Berlin";"America/Los_Angeles")',
            "2024-07-01T21:00:00",
            date=True,
        ),
        Example('SHIFTTIMEZONE(DATETIME(2024;7;1;12;0);"UTC";"+05:30")', "2024-07-01T06:30:00", date=True),
        Example(
            'SHIFTTIMEZONE(DATETIME(2024;7;1;12;0);#Zone;"UTC")',
            ["2024-07-01T21:00:00", Failure("VALUE"), None],
            rows={"Zone": ["Asia/Tokyo", "Atlantis", None]},
            date=True,
        ),
    ],
    notes="For dates that were read in the workbook's zone and are of another: what the date shows in the "
    "workbook is taken as shown by clocks in `source`; the result shows what clocks in `target` did. Zones are "
    "IANA names, offsets such as +02:00 or UTC-5, and common abbreviations.",
    error_note=f"VALUE for an unknown zone. {RANGE_NOTE}",
    source=DATAMEER,
    prepare={"target": load_zone, "source": load_zone},
    volatile=LOCAL,
)
def shifttimezone(d: Any, target: Any, source: Any, ctx: Call) -> Any:
    def read(reading: I64, zone: Zone) -> I64:
        return zones.to_utc(reading, zone)

    def show(us: I64, zone: Zone) -> I64:
        return zones.to_local(us, zone)

    us = map_choice(source, load_zone, read, [local(d, ctx)], ctx, "unknown time zone {2}", "VALUE")
    reading = map_choice(target, load_zone, show, [us], ctx, "unknown time zone {1}", "VALUE")
    return instants(reading, ctx)


@function(
    "ISDAYLIGHTSAVING(d:date; zone:str) -> bool",
    category=CATEGORY,
    summary="Whether daylight-saving time is in force in a time zone at the date's instant.",
    examples=[
        Example('ISDAYLIGHTSAVING(DATE(2024;7;1);"Europe/Berlin")', True),
        Example('ISDAYLIGHTSAVING(DATE(2024;7;1);"Australia/Sydney")', False),
        Example(
            "ISDAYLIGHTSAVING(DATE(2024;7;1);#Zone)",
            [False, Failure("VALUE"), None],
            rows={"Zone": ["UTC", "Atlantis", None]},
        ),
    ],
    notes="Summer time is the time ahead of the rest of the year, in Ireland and Morocco too.",
    error_note="VALUE for an unknown zone.",
    source="IANA time zone database",
    prepare={"zone": load_zone},
)
def isdaylightsaving(d: Any, zone: Any, ctx: Call) -> Any:
    note = "unknown time zone {1}"
    return map_choice(zone, load_zone, zones.is_dst, [rows_of(d, ctx)], ctx, note, "VALUE", np.bool_)


# ---------------------------------------------------------------- text


_NO_PATTERN = (
    f"PARSE for text that is no pattern, or one of more than {MAX_LENGTH:,} characters; a constant one is refused "
    "before the run."
)


@function(
    "FORMATDATE(d:date; pattern:str) -> str",
    category=CATEGORY,
    summary="Writes a date as text by a pattern of letters.",
    examples=[
        Example(f'FORMATDATE({_MOMENT};"dd.MM.yyyy HH:mm")', "29.02.2024 08:30"),
        Example(f'FORMATDATE({_MOMENT};"EEEE, d MMMM yyyy")', "Thursday, 29 February 2024"),
        Example(f'FORMATDATE({_MOMENT};"HH:mm:ss.SSS Z")', "08:30:15.250 +0100", timezone="Europe/Berlin"),
        Example(
            f"FORMATDATE({_MOMENT};#Pattern)",
            ["2024-W09", Failure("PARSE"), None],
            rows={"Pattern": ["xxxx-'W'ww", "yyyy b", None]},
        ),
    ],
    notes="Joda's letters: y year, M month (MMM Feb, MMMM February), d day, E day name, H hour (h of 12 with a "
    "AM/PM), m minute, s second, S fraction, x and w year and week of ISO 8601, e day of the week, D day of the "
    "year, Z and X offset, z and ZZZ zone; text in 'single quotes' as it is. Names are English. The wall clock "
    "is that of the workbook's time zone.",
    error_note=_NO_PATTERN,
    source="Datameer documentation; Joda-Time DateTimeFormat",
    prepare={"pattern": compile_pattern},
    volatile=LOCAL,
)
def formatdate(d: Any, pattern: Any, ctx: Call) -> Any:
    us, zone = rows_of(d, ctx), home(ctx)
    texts: list[Any] = [text_array([""])]
    place = np.zeros(ctx.rows, np.int64)  # rows without a pattern that can be read stay at the empty text
    count = 1
    for rows, compiled in by_choice(pattern, compile_pattern, ctx, "{1} is no date pattern"):
        if isinstance(rows, slice):
            return format_dates(us, compiled, zone)
        texts.append(format_dates(us[rows], compiled, zone))
        place[rows] = np.arange(count, count + len(rows))
        count += len(rows)
    return pa.concat_arrays(texts).take(arrow_array(np.asarray(place, np.int64)))


@function(
    "ISDATETEXT(text:str; pattern:str) -> bool",
    category=CATEGORY,
    summary="Whether a text is a date written by a pattern of letters.",
    examples=[
        Example('ISDATETEXT("29.02.2024";"dd.MM.yyyy")', True),
        Example('ISDATETEXT("29.02.2023";"dd.MM.yyyy")', False),
        Example('ISDATETEXT(#Text;"HH:mm")', [True, False, None], rows={"Text": ["08:30", "8.30 am", None]}),
        Example('ISDATETEXT("1";#Pattern)', [True, Failure("PARSE")], rows={"Pattern": ["d", "b"]}),
    ],
    notes="The letters are those of FORMATDATE; a date that does not exist is none.",
    error_note=_NO_PATTERN,
    prepare={"pattern": compile_pattern},
    volatile=LOCAL,
)
def isdatetext(text: Any, pattern: Any, ctx: Call) -> Any:
    texts = text if isinstance(text, pa.Array) else pa.repeat(text_scalar(text), ctx.rows)
    out = np.zeros(ctx.rows, np.bool_)
    for rows, compiled in by_choice(pattern, compile_pattern, ctx, "{1} is no date pattern"):
        some = texts if isinstance(rows, slice) else texts.take(arrow_array(np.asarray(rows, np.int64)))
        out[rows] = ~_unread(some, compiled, home(ctx))
    return out


def _unread(texts: Any, pattern: Pattern, zone: Zone) -> Any:
    return parse_dates(texts, pattern, zone).bad
