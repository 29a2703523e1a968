"""Dates to text, vectorised: a matrix of bytes, one row a date, whose zero bytes are left out at the end.

The canonical text of a date is its wall-clock reading ``yyyy-MM-dd'T'HH:mm:ss``, with a fraction of three
digits where there are milliseconds and of six where there are microseconds, and without a zone: it is ISO 8601,
sorts as text, and is read back in the same zone as the same instant (but for the second pass of an hour that
clocks repeat; ``suffix=True`` adds ``Z`` or the offset where that matters).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sheetline.functions.dates.calendar import (
    I64,
    SECOND,
    day_number,
    days_from_civil,
    iso_year_week,
    weekday_of_days,
)
from sheetline.functions.dates.civil import civil32
from sheetline.functions.dates.patterns import MONTHS, WEEKDAYS, Pattern, Token, compile_pattern
from sheetline.functions.dates.zones import UTC_ZONE, Zone, abbreviation_codes, clamp, load_zone, offset

U8 = npt.NDArray[np.uint8]
Values = npt.NDArray[Any]
_BLOCK: Final = 16_384


def format_dates(
    us: I64, pattern: Pattern | str | None = None, zone: Zone | str = UTC_ZONE, *, suffix: bool = False
) -> pa.LargeStringArray:
    """Write dates as text.

    Args:
        us: instants in µs; values outside the years 1 to 9999 (null slots) give some text of those years.
        pattern: Joda's letters; None for the canonical text.
        zone: where the wall clock hangs.
        suffix: end the canonical text with ``Z`` or ``±hh:mm``.

    Returns:
        One string a row, none null.

    Raises:
        PatternError: the pattern cannot be read.
        ZoneError: there is no such zone.

    Example:
        ``format_dates(np.array([0]), "d. MMMM yyyy")`` is ``["1. January 1970"]``.
    """
    compiled = compile_pattern(pattern) if isinstance(pattern, str) else pattern
    home = load_zone(zone) if isinstance(zone, str) else zone
    blocks = []
    for low in range(0, len(us), _BLOCK):
        block = clamp(us[low : low + _BLOCK])
        if compiled is None:
            blocks.append(_canonical(_Clock(block, home), suffix))
        elif compiled.epoch:
            blocks.append(_epoch(block, compiled.epoch))
        else:
            clock = _Clock(block, home)
            blocks.append(np.concatenate([_columns(clock, token) for token in compiled.tokens]))
    return join_blocks(blocks)


def join_blocks(blocks: list[U8]) -> pa.LargeStringArray:
    """Make strings of byte planes (one a column, one list entry a block of rows), without zero bytes."""
    chunks, lengths = [], []
    for planes in blocks:
        matrix = np.ascontiguousarray(planes.T)
        present = planes != 0
        lengths.append(present.sum(axis=0, dtype=np.int64))
        whole = bool(present.all())
        chunks.append(matrix.ravel() if whole else matrix[matrix != 0])
    count = sum(len(length) for length in lengths)
    ends = np.zeros(count + 1, dtype=np.int64)
    if lengths:
        np.cumsum(np.concatenate(lengths), out=ends[1:])
    data = np.concatenate(chunks) if chunks else np.zeros(0, dtype=np.uint8)
    made = pa.Array.from_buffers(pa.large_string(), count, [None, pa.py_buffer(ends.data), pa.py_buffer(data.data)])
    assert isinstance(made, pa.LargeStringArray)
    return made


def digit_planes(values: Values, width: int, least: int | None = None) -> U8:
    """Write non-negative numbers as ``width`` digits; leading zeros beyond ``least`` digits are left out."""
    planes = np.empty((width, len(values)), dtype=np.uint8)
    rest = values
    for column in range(width - 1, -1, -1):
        tens = rest // 10
        planes[column] = rest - tens * 10 + 48
        if least is not None and column < width - least:
            planes[column] *= rest != 0
        rest = tens
    return planes


def text_planes(names: tuple[str, ...], codes: Values) -> U8:
    """Write the names of codes that count from 0."""
    encoded = [name.encode() for name in names]
    table = np.zeros((max(1, *map(len, encoded)), len(names)), dtype=np.uint8)
    for code, name in enumerate(encoded):
        table[: len(name), code] = np.frombuffer(name, dtype=np.uint8)
    return np.stack([letters.take(codes) for letters in table])


def literal_planes(text: bytes, count: int) -> U8:
    """Write the same bytes in every row."""
    return np.repeat(np.frombuffer(text, dtype=np.uint8)[:, None], count, axis=1)


class _Clock:
    """The parts of a block of wall-clock readings, each made when first asked for."""

    def __init__(self, us: I64, zone: Zone) -> None:
        self.us, self.zone = us, zone
        self.offset = offset(us, zone)
        local = clamp(us + self.offset) if zone.fixed != 0 else us
        self.days = day_number(local)
        seconds = local // SECOND
        self.micro = local - seconds * SECOND
        self.clock = (seconds - self.days * 86_400).astype(np.int32)
        self.year, self.month, self.day = civil32(self.days)

    def number(self, token: Token) -> Values:
        """Return the value of a numeric token."""
        kind = token.kind
        if kind in ("hour24", "clock24", "hour12", "clock12"):
            hour = self.clock // np.int32(3600)
            if kind in ("hour24", "hour12"):
                return np.asarray(hour if kind == "hour24" else hour % 12)
            cycle = 24 if kind == "clock24" else 12
            return np.asarray((hour - 1) % cycle + 1)
        if kind in ("weekyear", "weekyear2", "week"):
            year, week = iso_year_week(self.days * (86_400 * SECOND))
            return week if kind == "week" else year % 100 if kind == "weekyear2" else year
        if kind in ("year", "year2"):
            return self.year if kind == "year" else np.asarray(self.year % 100)
        if kind in ("minute", "second"):
            return np.asarray(self.clock // np.int32(60 if kind == "minute" else 1) % np.int32(60))
        if kind == "quarter":
            return np.asarray((self.month + 2) // 3)
        if kind == "weekday":
            return weekday_of_days(self.days)
        if kind == "day_of_year":
            return self.days - days_from_civil(self.year, 1, 1) + 1
        return self.month if kind == "month" else self.day


def _columns(clock: _Clock, token: Token) -> U8:
    """Write one token of a pattern."""
    count = len(clock.us)
    if token.kind == "literal":
        return literal_planes(token.text, count)
    if token.kind == "fraction":
        digits = digit_planes(clock.micro, 6)[: token.count]
        return np.concatenate((digits, literal_planes(b"0" * (token.count - len(digits)), count)))
    if token.numeric:
        width = max(token.count, {"year": 4, "weekyear": 4, "day_of_year": 3, "weekday": 1}.get(token.kind, 2))
        width = token.count if token.letter == "Q" else width
        fixed = width == token.count or token.kind in ("year2", "weekyear2")
        return digit_planes(clock.number(token), token.count if fixed else width, None if fixed else token.count)
    if token.kind == "month_name":
        return text_planes(_names(MONTHS, token), clock.month - 1)
    if token.kind == "weekday_name":
        return text_planes(_names(WEEKDAYS, token), weekday_of_days(clock.days) - 1)
    if token.kind == "halfday":
        return text_planes(("AM", "PM"), (clock.clock >= 43_200).astype(np.int64))
    if token.kind == "era":
        return literal_planes(b"AD", count)
    if token.kind == "quarter_name":
        return text_planes(("Q1", "Q2", "Q3", "Q4"), (clock.month - 1) // 3)
    return _zone_columns(clock, token)


def _names(names: tuple[str, ...], token: Token) -> tuple[str, ...]:
    return names if token.count >= 4 else tuple(name[:3] for name in names)


def _zone_columns(clock: _Clock, token: Token) -> U8:
    if token.letter == "z":
        codes, names = abbreviation_codes(clock.us, clock.zone)
        return text_planes(names, codes)
    if token.kind == "zone":
        return literal_planes(clock.zone.name.encode(), len(clock.us))
    colon = token.count == (2 if token.letter == "Z" else 3)
    return offset_planes(clock.offset, colon, zulu=token.letter == "X", short=token.letter == "X" and token.count == 1)


def offset_planes(offsets: I64, colon: bool, *, zulu: bool = False, short: bool = False) -> U8:
    """Write offsets (µs) as ``±hhmm`` or ``±hh:mm``; ``zulu`` writes 0 as ``Z``, ``short`` drops ``00``."""
    minutes = np.abs(offsets) // (60 * SECOND)
    sign = np.where(offsets < 0, ord("-"), ord("+")).astype(np.uint8)[None]
    low = digit_planes(minutes % 60, 2)
    between = literal_planes(b":", len(offsets)) if colon else np.zeros((0, len(offsets)), np.uint8)
    planes = np.concatenate((sign, digit_planes(minutes // 60, 2), between, low))
    if short:
        planes[3:] *= minutes % 60 != 0
    if zulu:
        planes *= offsets != 0
        planes[0] += np.where(offsets == 0, ord("Z"), 0).astype(np.uint8)
    return planes


def _canonical(clock: _Clock, suffix: bool) -> U8:
    count = len(clock.us)
    planes = [
        digit_planes(clock.year, 4),
        literal_planes(b"-", count),
        digit_planes(clock.month, 2),
        literal_planes(b"-", count),
        digit_planes(clock.day, 2),
        literal_planes(b"T", count),
        digit_planes(clock.clock // np.int32(3600), 2),
        literal_planes(b":", count),
        digit_planes(clock.clock // np.int32(60) % np.int32(60), 2),
        literal_planes(b":", count),
        digit_planes(clock.clock % np.int32(60), 2),
    ]
    if clock.micro.any():
        fraction = np.concatenate((literal_planes(b".", count), digit_planes(clock.micro, 6)))
        fraction *= clock.micro != 0
        fraction[4:] *= clock.micro % 1000 != 0
        planes.append(fraction)
    if suffix:
        planes.append(offset_planes(clock.offset, colon=True, zulu=True))
    return np.concatenate(planes)


def _epoch(us: I64, unit: str) -> U8:
    """Write whole seconds or milliseconds since the epoch, rounded down."""
    values = us // (1000 if unit == "ms" else SECOND)
    sign = np.where(values < 0, ord("-"), 0).astype(np.uint8)[None]
    return np.concatenate((sign, digit_planes(np.abs(values), 15, 1)))
