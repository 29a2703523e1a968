"""Adding to dates, rounding them, differences and durations, all aware of time zones.

Years, quarters, months, weeks and days are moves of the wall clock in a zone; hours and finer units are exact
lengths of time. So a day added before a change of clocks keeps the reading, 24 hours do not. A reading that
has two instants keeps the offset that it came from; but a day and longer units have one start and one end, also
where clocks are put back at midnight. Results outside the years 1 to 9999 are marked bad.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sheetline.functions.dates import calendar
from sheetline.functions.dates.calendar import DAY, HOUR, I64, MIN_US, MINUTE, MS, SECOND, WEEK, Bools
from sheetline.functions.dates.format import digit_planes, join_blocks, literal_planes
from sheetline.functions.dates.zones import UTC_ZONE, Zone, load_zone, offset, to_local, to_utc

_MONTHS: Final = {"y": 12, "q": 3, "M": 1}
_DAYS: Final = {"w": 7, "d": 1}
_EXACT: Final = {"h": HOUR, "m": MINUTE, "s": SECOND, "ms": MS}
_LENGTHS: Final = {"w": WEEK, "d": DAY, **_EXACT}
_PART = re.compile(r"\s*([+-]?)(\d{1,18})\s*(ms|[yqMwdhms])", re.ASCII)
_DURATION_PART = re.compile(r"\s*(\d{1,18}(?:\.\d{1,9})?)\s*(ms|[wdhms])", re.ASCII)
SEASONS: Final = ("spring", "summer", "autumn", "winter")


class DurationError(ValueError):
    """Text that is no duration."""


class Step(NamedTuple):
    """A move through time: calendar months, calendar days, and an exact length in µs."""

    months: int
    days: int
    us: int


@lru_cache(maxsize=4096)
def parse_step(text: str) -> Step:
    """Read a step such as ``3M``, ``-5000s`` or ``1y2M-3d``; units y q M w d h m s ms, in this case.

    A part without a sign has the sign of the part before it, so ``-1y2M`` is 14 months back. Raises
    DurationError. Steps beyond the years 1 to 9999 are cut to a size that certainly leaves them.
    """
    months = days = us = at = 0
    negative = False
    while at < len(text.rstrip()):
        match = _PART.match(text, at)
        if match is None:
            break
        negative = match[1] == "-" if match[1] else negative
        amount = -int(match[2]) if negative else int(match[2])
        months += amount * _MONTHS.get(match[3], 0)
        days += amount * _DAYS.get(match[3], 0)
        us += amount * _EXACT.get(match[3], 0)
        at = match.end()
    if not at or at < len(text.rstrip()):
        raise DurationError(f"{text!r} is no step through time: write a number and a unit such as 3M, 10d or -5000s")
    return Step(_cap(months, 200_000), _cap(days, 8_000_000), _cap(us, 4 * 10**17))


def _cap(value: int, limit: int) -> int:
    return max(-limit, min(limit, value))


def add(us: I64, spec: str | Step | pa.Array[Any], zone: Zone | str = UTC_ZONE) -> tuple[I64, Bools]:
    """Add steps to instants (ADDTODATE): months first (clamped to the month's end), then days, then the rest.

    Args:
        us: instants in µs.
        spec: one step for all rows (text, or read by :func:`parse_step`), or an Arrow string array with one a
            row (a null adds nothing).
        zone: where the wall clock hangs.

    Returns:
        Instants, and the rows that are bad: no step, or a result outside the years 1 to 9999.

    Raises:
        DurationError: ``spec`` is one string and no step.

    Example:
        ``add(us, "1M")`` moves 2024-01-31 to 2024-02-29.
    """
    if isinstance(spec, str | Step):
        step = parse_step(spec) if isinstance(spec, str) else spec
        months, days, exact = (np.full(len(us), amount, dtype=np.int64) for amount in step)
        bad = np.zeros(len(us), dtype=np.bool_)
    else:
        (months, days, exact), bad = read_steps(spec)
    moved, outside = add_steps(us, months, days, exact, zone)
    return moved, bad | outside


def read_steps(text: pa.Array[Any]) -> tuple[tuple[I64, I64, I64], Bools]:
    """Read steps, each distinct text once: months, days and µs a row, and the rows that are no step."""
    steps, bad = _distinct(text, parse_step, Step(0, 0, 0))
    months, days, exact = (np.ascontiguousarray(part) for part in steps.T)
    return (months, days, exact), bad


def add_steps(us: I64, months: I64, days: I64, exact: I64, zone: Zone | str) -> tuple[I64, Bools]:
    """Add calendar months, calendar days and µs, one each a row; also return the results out of range."""
    calendric = (months != 0) | (days != 0)
    moved = us
    if calendric.any():
        moved = us.copy()
        rows = calendar.in_range(us) & calendric
        start = slice(None) if rows.all() else rows
        before = offset(us[start], zone)
        local = us[start] + before
        if months.any():
            local = calendar.add_months(local, months[start])
        moved[start] = to_utc(local + days[start] * DAY, zone, before)
    moved = moved + exact
    return moved, ~calendar.in_range(moved) | ~calendar.in_range(us)


def _distinct(text: pa.Array[Any], read: Callable[[str], Any], missing: Any) -> tuple[npt.NDArray[Any], Bools]:
    """Read each distinct string once; return a value a row, and the rows that could not be read."""
    coded = text if isinstance(text, pa.DictionaryArray) else text.dictionary_encode()
    values, wrong = [missing], [False]
    for item in coded.dictionary.to_pylist():
        try:
            values.append(missing if item is None else read(item))
            wrong.append(False)
        except DurationError:
            values.append(missing)
            wrong.append(True)
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64) + 1
    return np.array(values, dtype=np.int64)[codes], np.array(wrong, dtype=np.bool_)[codes]


# ---------------------------------------------------------------- rounding


def start_of(us: I64, unit: str, zone: Zone | str = UTC_ZONE, out: I64 | None = None) -> I64:
    """Return the first instant of the wall clock's year, quarter, month, week, day, hour, minute or second.

    It may be written into ``out``.

    All instants of a local day have one start, also where its midnight is passed twice; an hour that clocks
    repeat is two hours, each with a start of its own.
    """
    return _by_wall_clock(us, zone, lambda local: calendar.start_of(local, unit, out), unit in calendar.CLOCK_UNITS)


def end_of(us: I64, unit: str, zone: Zone | str = UTC_ZONE) -> I64:
    """Return the last whole millisecond of the unit in the zone (…23:59:59.999)."""
    if unit in calendar.CLOCK_UNITS:
        return _by_wall_clock(us, zone, lambda local: calendar.end_of(local, unit), True)
    return _by_wall_clock(us, zone, lambda local: calendar.next_start(local, unit), False) - MS


def _by_wall_clock(us: I64, zone: Zone | str, move: Callable[[I64], I64], keep: bool) -> I64:
    """Move the reading of clocks; of two instants with the new one take the first, or ``keep`` the offset."""
    zone = load_zone(zone) if isinstance(zone, str) else zone
    if zone.fixed is not None:
        return to_utc(move(to_local(us, zone)), zone)
    before = offset(us, zone)
    return to_utc(move(us + before), zone, before if keep else None)


@lru_cache(maxsize=4096)
def parse_width(text: str) -> int:
    """Read a width to round to, such as ``10m``, ``1h`` or ``7d``, as µs. Raises DurationError."""
    match = _PART.fullmatch(text.strip())
    if match is None or match[1] or match[3] not in ("d", "h", "m", "s") or not 0 < int(match[2]) < 10**9:
        raise DurationError(f"{text!r} is no width to round to: write a number and d, h, m or s such as 10m")
    # wider than all years there are, every width gives the first of them; more would not fit 64 bits
    return min(int(match[2]) * _LENGTHS[match[3]], 4_700_000 * DAY)


def read_widths(text: pa.Array[Any]) -> tuple[I64, Bools]:
    """Read widths, each distinct text once; also return the rows that are none (1 µs there)."""
    return _distinct(text, parse_width, 1)


def round_time(us: I64, spec: str, zone: Zone | str = UTC_ZONE) -> I64:
    """Round down to a whole number of days, hours, minutes or seconds of the wall clock (ROUNDTIME).

    ``spec`` is such as ``10m``, ``1h`` or ``7d``. All widths are counted from Monday 0001-01-01T00:00, so
    ``7d`` gives Mondays and every divisor of a day starts at midnight. Raises DurationError.
    """
    return floor_to(us, parse_width(spec), zone)


def time_bucket(us: I64, ms: int, zone: Zone | str = UTC_ZONE) -> I64:
    """Return the start of the bucket of ``ms`` milliseconds that holds each instant (TIMEBUCKET).

    Buckets are those of :func:`round_time`. Raises DurationError unless ``ms`` is positive.
    """
    if not 0 < ms <= 10**15:
        raise DurationError(f"a bucket must be longer than 0 and shorter than 10000 years, not {ms} ms")
    return floor_to(us, ms * MS, zone)


def floor_to(us: I64, width: int | I64, zone: Zone | str = UTC_ZONE, out: I64 | None = None) -> I64:
    """Round the wall clock down to multiples of ``width`` µs (one, or one a row) since Monday 0001-01-01T00:00.

    The result may be written into ``out`` where there is one width.
    """
    anchor = MIN_US % width

    def down(local: I64) -> I64:
        return (local - anchor) // width * width + anchor

    def down_by_one(local: I64) -> I64:
        start = calendar.floored(local - anchor if anchor else local, int(width), out)
        start *= width
        if anchor:
            start += anchor
        return start

    if isinstance(width, int):
        return _by_wall_clock(us, zone, down_by_one, width % DAY != 0)
    whole_days = width % DAY == 0
    return np.where(whole_days, _by_wall_clock(us, zone, down, False), _by_wall_clock(us, zone, down, True))


def shift_timezone(us: I64, target: Zone | str, source: Zone | str, zone: Zone | str = UTC_ZONE) -> I64:
    """Correct dates that were read in the wrong zone and show them elsewhere (SHIFTTIMEZONE).

    The reading in ``zone`` (the workbook's) is taken as one of ``source``; the result reads in ``zone`` what
    clocks in ``target`` showed at that instant.

    Example: 12:00 from Los Angeles, read in a workbook in Berlin, becomes 21:00 with target Europe/Berlin.
    """
    instant = to_utc(to_local(us, zone), source)
    return to_utc(to_local(instant, target), zone)


# ---------------------------------------------------------------- differences


def complete_units(a: I64, b: I64, unit: str, zone: Zone | str = UTC_ZONE) -> I64:
    """Count the complete units from ``a`` to ``b``, signed (DATEDIFF).

    ``unit`` is one of y q M w d h m s ms, in this case: years to days by the wall clock in ``zone``, finer
    ones exact. Raises DurationError for another.
    """
    if unit in _EXACT:
        return _toward_zero(b - a, _EXACT[unit])
    if unit not in _MONTHS and unit not in _DAYS:
        raise DurationError(f"{unit!r} is no unit of time: use y, q, M, w, d, h, m, s or ms")
    first, last = to_local(a, zone), to_local(b, zone)
    if unit in _DAYS:
        return _toward_zero(last - first, _DAYS[unit] * DAY)
    return _toward_zero(calendar.complete_months(first, last), _MONTHS[unit])


def _toward_zero(value: I64, width: int) -> I64:
    return np.where(value < 0, -(-value // width), value // width)


def age(birth: I64, at: I64, zone: Zone | str = UTC_ZONE) -> I64:
    """Return complete years of life on the local date of ``at``; who is born on February 29 waits for March 1.

    Negative before birth.
    """
    midnight = [calendar.day_number(to_local(us, zone)) * DAY for us in (birth, at)]
    return _toward_zero(calendar.complete_months(*midnight), 12)


def season(us: I64, southern: bool = False, zone: Zone | str = UTC_ZONE) -> I64:
    """Return the meteorological season as an index into ``SEASONS``: spring is March to May in the north."""
    months = calendar.month(to_local(us, zone))
    return ((months + (9 + 6 * southern)) % 12) // 3


# ---------------------------------------------------------------- durations


@lru_cache(maxsize=4096)
def parse_duration(text: str) -> int:
    """Read a duration such as ``1h30m``, ``1h 05m 03.250s`` or ``-2d`` as whole milliseconds, rounded down.

    Units w d h m s ms; a sign in front holds for all parts. Raises DurationError, also beyond 64 bits.
    """
    body = text.strip()
    negative = body.startswith("-")
    body = body[1:] if body[:1] in ("-", "+") else body
    total, at = Fraction(0), 0
    while at < len(body):
        match = _DURATION_PART.match(body, at)
        if match is None:
            break
        total += Fraction(match[1]) * _LENGTHS[match[2]]
        at = match.end()
    if not at or at < len(body):
        raise DurationError(f"{text!r} is no duration: write numbers with units such as 1h30m or 250ms")
    ms = (-total if negative else total) // MS
    if abs(ms) >= 2**63:
        raise DurationError(f"{text!r} is longer than 64-bit milliseconds can tell")
    return ms


def parse_durations(text: pa.Array[Any]) -> tuple[I64, Bools]:
    """Read durations as milliseconds, each distinct text once; also return the rows that are none."""
    return _distinct(text, parse_duration, 0)


def duration_text(ms: I64) -> pa.LargeStringArray:
    """Write milliseconds as ``1h 05m 03s``.

    The first unit (d, h, m or s) is the greatest that is not 0, finer ones have two digits and are all there;
    milliseconds follow as ``03.250s`` where there are any; ``0s`` for 0 and a ``-`` in front of negative ones.
    """
    blocks = [_duration_planes(ms[low : low + 16_384]) for low in range(0, len(ms), 16_384)]
    return join_blocks(blocks)


def _duration_planes(ms: I64) -> npt.NDArray[np.uint8]:
    size = np.abs(ms).view(np.uint64)  # the least int64 has no positive of its own
    seconds = (size // np.uint64(1000)).astype(np.int64)
    millis = (size % np.uint64(1000)).astype(np.int64)
    none = np.zeros((1, len(ms)), dtype=np.uint8)
    planes = [np.where(ms < 0, ord("-"), none).astype(np.uint8)]
    shown = np.zeros(len(ms), dtype=np.bool_)
    for unit, width, cycle in (("d", 86_400, 0), ("h", 3600, 24), ("m", 60, 60), ("s", 1, 60)):
        value = seconds // width % cycle if cycle else seconds // width
        digits = digit_planes(value, 2 if cycle else 12, 1)
        digits[-2] = np.where(shown & (digits[-2] == 0), ord("0"), digits[-2])
        shown = shown | (value != 0) | (unit == "s")
        fraction = np.concatenate((literal_planes(b".", len(ms)), digit_planes(millis, 3)))
        tail = [fraction * (millis != 0)] if unit == "s" else []
        end = literal_planes(unit.encode() if unit == "s" else unit.encode() + b" ", len(ms))
        planes += [part * shown for part in (digits, *tail, end)]
    return np.concatenate(planes).astype(np.uint8)
