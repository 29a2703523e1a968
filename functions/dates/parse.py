"""Text to dates, vectorised over the bytes of an Arrow string array.

Texts of equal length share a *layout*: each part of the date stands at known bytes, so a block of them is
turned into one plane of bytes a character and read by whole-array arithmetic. Texts that no layout fits
(``d/M/yyyy`` with names, other widths) go through a cursor that moves along all rows at once, token by token.
A date that does not exist (2024-02-30, hour 24, second 60) is bad, never rolled over to another.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sheetline.functions.dates.calendar import I64, INAT, MAX_US, MIN_US, Bools
from sheetline.functions.dates.patterns import (
    COMMON_PATTERNS,
    Fields,
    Layout,
    Pattern,
    Slot,
    Token,
    compile_pattern,
    iso_layouts,
    name_codes,
    name_tables,
    resolve,
)
from sheetline.functions.dates.zones import UTC_ZONE, Zone, ZoneError, load_zone

U8 = npt.NDArray[np.uint8]
_BLOCK: Final = 32_768
_CURSOR_BLOCK: Final = 8_192
_SAMPLE: Final = 1_000
_LONGEST_ZONE: Final = 40


class ParsedDates(NamedTuple):
    """Instants, iNaT where bad or null; the rows that are no such date; and how many rows lost digits."""

    us: I64
    bad: Bools
    cut: int  # rows whose digits beyond microseconds were not all zero


@dataclass(frozen=True, slots=True)
class _Text:
    """The rows of a string array as bytes."""

    starts: I64  # n + 1 offsets into data
    data: U8
    valid: Bools | None  # None: no nulls

    @property
    def count(self) -> int:
        return len(self.starts) - 1


def parse_dates(text: pa.Array[Any], pattern: Pattern | str | None = None, zone: Zone | str = UTC_ZONE) -> ParsedDates:
    """Read dates from text.

    Args:
        text: strings (``large_string``; ``string`` is cast). Nulls are not bad.
        pattern: a pattern in Joda's letters, or None for ISO 8601: a date, or a date, ``T`` or a blank and
            a time of at least hours and minutes, up to nine digits of a second, and ``Z`` or an offset; also
            the basic forms ``20240301`` and ``20240301T120000``.
        zone: where text without a zone of its own was written.

    Raises:
        PatternError: the pattern cannot be read.
        ZoneError: there is no such zone.

    Example:
        ``parse_dates(pa.array(["12/27/08"], pa.large_string()), "MM/dd/yy").us`` is 2008-12-27 in µs.
    """
    compiled = compile_pattern(pattern) if isinstance(pattern, str) else pattern
    home = load_zone(zone) if isinstance(zone, str) else zone
    rows = _text_rows(text)
    us = np.full(rows.count, INAT, dtype=np.int64)
    cut = 0
    for low in range(0, rows.count, _BLOCK):
        cut += _parse_block(rows, low, min(low + _BLOCK, rows.count), compiled, home, us)
    bad = us == INAT
    if rows.valid is not None:
        bad &= rows.valid
    return ParsedDates(us, bad, cut)


def is_iso_column(text: pa.Array[Any]) -> bool:
    """Tell whether all strings that are not null are ISO 8601 dates or timestamps, and at least one is."""
    if text.null_count == len(text):
        return False
    return all(not parse_dates(part).bad.any() for part in (text[:_SAMPLE], text[_SAMPLE:]) if len(part))


def infer_patterns(text: pa.Array[Any], patterns: tuple[str, ...] = COMMON_PATTERNS) -> list[str]:
    """Return the patterns that read every string that is not null, in the order given.

    More than one answer means that the text is ambiguous: ``03/04/2024`` fits ``MM/dd/yyyy`` and
    ``dd/MM/yyyy``. Give a sample for a proposal, the whole column for certainty.
    """
    if text.null_count == len(text):
        return []
    fits = [source for source in patterns if not parse_dates(text[:_SAMPLE], source).bad.any()]
    rest = text[_SAMPLE:]
    return [source for source in fits if not len(rest) or not parse_dates(rest, source).bad.any()]


# ---------------------------------------------------------------- blocks


def _text_rows(text: pa.Array[Any]) -> _Text:
    if text.type != pa.large_string():
        text = text.cast(pa.large_string())
    validity, offsets, data = text.buffers()
    count, skip = len(text), text.offset
    if offsets is None or not count:
        return _Text(np.zeros(1, np.int64), np.zeros(1, np.uint8), None)
    starts = _bytes(offsets)[: 8 * (count + skip + 1)].view(np.int64)[skip:]
    valid = None
    if validity is not None and text.null_count:
        bits = np.unpackbits(_bytes(validity), bitorder="little", count=skip + count)
        valid = bits[skip:].astype(np.bool_)
    empty = data is None or not data.size
    return _Text(starts, np.zeros(1, np.uint8) if empty else _bytes(data), valid)


def _bytes(buffer: Any) -> U8:
    return np.frombuffer(buffer, dtype=np.uint8)


def _parse_block(rows: _Text, low: int, high: int, pattern: Pattern | None, zone: Zone, us: I64) -> int:
    """Fill ``us[low:high]`` and return the number of rows with digits cut."""
    starts = rows.starts[low : high + 1]
    lengths = np.diff(starts)
    width = int(lengths[0])
    if rows.valid is None and (lengths == width).all():
        planes = rows.data[starts[0] : starts[-1]].reshape(high - low, width).T if width else None
        left = np.arange(low, high)
        if planes is None or not (layouts := _layouts(pattern, width)):
            return _read_rest(rows, left, pattern, zone, us)
        left, cut = _read_planes(np.ascontiguousarray(planes), layouts, zone, us, left)
        return cut + _read_rest(rows, left, pattern, zone, us)
    if rows.valid is not None:
        lengths = np.where(rows.valid[low:high], lengths, 0)
    if pattern is not None and not pattern.layouts:
        return _read_rest(rows, np.flatnonzero(lengths) + low, pattern, zone, us)
    cut, rest, longest = 0, [], _longest(pattern)
    for width in np.flatnonzero(np.bincount(np.minimum(lengths, longest + 1))).tolist():
        if width in (0, longest + 1):
            continue  # null, empty (bad, so it stays iNaT) or too long
        left = np.flatnonzero(lengths == width) + low
        if layouts := _layouts(pattern, width):
            planes = np.empty((width, len(left)), dtype=np.uint8)
            begin = rows.starts[left]
            for column in range(width):
                np.take(rows.data, begin + column, out=planes[column])
            left, dropped = _read_planes(planes, layouts, zone, us, left)
            cut += dropped
        rest.append(left)
    return cut + (_read_rest(rows, np.sort(np.concatenate(rest)), pattern, zone, us) if rest else 0)


def _longest(pattern: Pattern | None) -> int:
    """Return the most bytes that a text can have; anything longer is bad unread."""
    if pattern is None:
        return 35  # 2024-03-01T12:00:00.123456789+02:00
    return 24 + sum(max(len(token.text), 12, token.high) for token in pattern.tokens)


def _layouts(pattern: Pattern | None, width: int) -> tuple[Layout, ...]:
    return iso_layouts(width) if pattern is None else pattern.layouts.get(width, ())


def _read_planes(planes: U8, layouts: tuple[Layout, ...], zone: Zone, us: I64, rows: I64) -> tuple[I64, int]:
    """Read rows of one length by the layouts in turn; return the rows that none fits and the rows cut."""
    cut = 0
    for layout in layouts:
        plan = _plan(layout)
        match = ((planes[plan.literal_at] | plan.fold) == plan.literal).all(axis=0)
        whole = bool(match.all())
        fields = _read_layout(planes if whole else planes[:, match], plan)
        if not fields.ok.any():
            continue
        fitting = rows if whole else rows[match]
        instants, good = resolve(fields, zone)
        cut += _store(us, fitting, instants, good, fields)
        if whole and good.all():
            return rows[:0], cut
        left = ~match
        left[match] = ~good
        rows, planes = rows[left], planes[:, left]
    return rows, cut


def _read_rest(rows: _Text, left: I64, pattern: Pattern | None, zone: Zone, us: I64) -> int:
    """Read the rows that no layout fits by the cursor, which decides what is bad."""
    if pattern is None:
        return 0  # ISO text of another form is bad
    cut, longest = 0, _longest(pattern)
    left = left[np.diff(rows.starts)[left] <= longest] if len(left) else left
    for low in range(0, len(left), _CURSOR_BLOCK):
        chosen = left[low : low + _CURSOR_BLOCK]
        cursor = _Cursor(rows, chosen, longest)
        if pattern.epoch:
            instants, good, lost = _read_epochs(cursor, pattern.epoch)
            us[chosen[good]] = instants[good]
            cut += int((good & lost).sum())
            continue
        fields = _read_rows(cursor, pattern.tokens)
        instants, good = resolve(fields, zone)
        cut += _store(us, chosen, instants, good, fields)
    return cut


def _store(us: I64, rows: I64, instants: I64, good: Bools, fields: Fields) -> int:
    good &= (instants >= MIN_US) & (instants <= MAX_US)
    if good.all() and rows[-1] - rows[0] == len(rows) - 1:
        us[rows[0] : rows[-1] + 1] = instants
    else:
        us[rows[good]] = instants[good]
    return 0 if fields.cut is None else int((fields.cut & good).sum())


# ---------------------------------------------------------------- layouts


@dataclass(frozen=True, slots=True)
class _Plan:
    """A layout in the form that whole planes are read with."""

    digits: npt.NDArray[np.intp]  # planes that hold digits
    numbers: tuple[tuple[Token, int, int], ...]  # (token, first of its digits, end)
    literal_at: npt.NDArray[np.intp]
    literal: U8  # the byte wanted, letters in lower case, as a column
    fold: U8  # 32 where the byte is a letter: either case will do
    others: tuple[Slot, ...]


@lru_cache(maxsize=1024)
def _plan(layout: Layout) -> _Plan:
    digits: list[int] = []
    places: list[int] = []
    numbers, others, wanted = [], [], bytearray()
    for slot in layout:
        if slot.token.numeric:
            numbers.append((slot.token, len(digits), len(digits) + slot.width))
            digits += range(slot.at, slot.at + slot.width)
        elif slot.token.kind == "literal":
            places += range(slot.at, slot.at + slot.width)
            wanted += slot.token.text.lower()
        else:
            others.append(slot)
    literal = np.frombuffer(bytes(wanted), dtype=np.uint8)[:, None]
    fold = np.where((literal >= 97) & (literal <= 122), 32, 0).astype(np.uint8)
    at = np.array(places, dtype=np.intp)
    return _Plan(np.array(digits, dtype=np.intp), tuple(numbers), at, literal, fold, tuple(others))


def _read_layout(planes: U8, plan: _Plan) -> Fields:
    """Read what varies in rows whose literals are known to match."""
    digits = planes[plan.digits]
    digits -= np.uint8(48)  # anything below "0" wraps to more than 9
    ok = digits.max(axis=0) <= 9 if len(digits) else np.ones(planes.shape[1], dtype=np.bool_)
    fields = Fields(ok)
    for token, start, end in plan.numbers:
        if token.kind == "fraction":
            _read_fraction(digits[start:end], fields)
        else:
            fields.put_number(token, _number(digits[start:end]), end - start)
    for slot in plan.others:
        _read_other(planes[slot.at : slot.at + slot.width], slot.token, fields)
    return fields


def _number(digits: U8) -> npt.NDArray[Any]:
    if len(digits) == 1:
        return np.asarray(digits[0])
    if len(digits) == 2:
        return np.asarray(digits[0] * np.uint8(10) + digits[1])
    value = _number(digits[:2]).astype(np.int32)
    for digit in digits[2:]:
        value = value * np.int32(10) + digit
    return value


def _read_fraction(digits: U8, fields: Fields) -> None:
    value = _number(digits[:6]).astype(np.int32)
    fields.put("fraction", value * np.int32(10 ** max(0, 6 - len(digits))))
    if len(digits) > 6:
        fields.lose((digits[6:] != 0).any(axis=0))


def _read_other(planes: U8, token: Token, fields: Fields) -> None:
    if token.kind == "choice":
        fields.ok &= (planes[0] == np.frombuffer(token.text, np.uint8)[:, None]).any(axis=0)
    elif token.kind == "offset":
        _read_offset(planes, fields)
    elif token.kind == "halfday":
        first = planes[0] | np.uint8(32)
        fields.ok &= ((first == ord("a")) | (first == ord("p"))) & ((planes[1] | np.uint8(32)) == ord("m"))
        fields.put("halfday", first == ord("p"))
    else:
        codes = name_codes(planes[0], planes[1], planes[2], token.kind)
        fields.ok &= codes > 0
        fields.put(token.kind.removesuffix("_name"), codes)


def _read_offset(planes: U8, fields: Fields) -> None:
    """Read ``Z``, ``±hh``, ``±hhmm`` or ``±hh:mm``, told apart by the width."""
    if len(planes) == 1:
        fields.ok &= (planes[0] | np.uint8(32)) == ord("z")
        fields.put("offset", np.zeros(planes.shape[1], dtype=np.int32))
        return
    digits = planes[{3: [1, 2], 5: [1, 2, 3, 4], 6: [1, 2, 4, 5]}[len(planes)]] - np.uint8(48)
    fields.ok &= (digits.max(axis=0) <= 9) & ((planes[0] == ord("+")) | (planes[0] == ord("-")))
    if len(planes) == 6:
        fields.ok &= planes[3] == ord(":")
    hours = _number(digits[:2]).astype(np.int32)
    minutes = _number(digits[2:]).astype(np.int32) if len(digits) > 2 else np.zeros_like(hours)
    fields.ok &= (hours <= 18) & (minutes <= 59)
    seconds = (hours * 60 + minutes) * 60
    fields.put("offset", np.where(planes[0] == ord("-"), -seconds, seconds))


# ---------------------------------------------------------------- the cursor


class _Cursor:
    """One position a row, moving through the bytes of a block of rows token by token.

    Where a token's width varies, reading stops at the row's end. Other reads may run over it: nothing ever
    moves back, so such a row does not end where its text does and is bad. Zeros follow the last row.
    """

    def __init__(self, rows: _Text, chosen: I64, room: int) -> None:
        begin, end = rows.starts[chosen], rows.starts[chosen + 1]
        first = begin[0]
        self.bytes = np.concatenate((rows.data[first : end[-1]], np.zeros(room + 64, dtype=np.uint8)))
        self.at, self.end = begin - first, end - first
        self.fields = Fields(np.ones(len(chosen), dtype=np.bool_))

    def peek(self, ahead: int = 0) -> U8:
        return np.asarray(self.bytes[ahead:].take(self.at))

    def digit(self, ahead: int = 0) -> U8:
        """Return a digit's value; more than 9 where there is none."""
        return self.peek(ahead) - np.uint8(48)

    def literal(self, text: bytes) -> None:
        for ahead, wanted in enumerate(text.lower()):
            fold = np.uint8(32 if 97 <= wanted <= 122 else 0)
            self.fields.ok &= (self.peek(ahead) | fold) == wanted
        self.at += len(text)

    def number(self, low: int, high: int) -> tuple[npt.NDArray[Any], I64]:
        """Read from ``low`` up to ``high`` digits, as many as there are; return values and widths."""
        value: npt.NDArray[Any] = np.zeros(len(self.at), np.int32 if high <= 9 else np.int64)
        width = np.full(len(self.at), low, dtype=np.int64)
        for ahead in range(low):
            digit = self.digit(ahead)
            self.fields.ok &= digit <= 9
            value = value * 10 + digit
        going = np.ones(len(self.at), dtype=np.bool_)
        for ahead in range(low, high):
            digit = self.digit(ahead)
            going &= (digit <= 9) & (self.at + ahead < self.end)
            value = np.where(going, value * 10 + digit, value)
            width += going
        self.at += width
        return value, width

    def name(self, kind: str) -> U8:
        """Read a name in full or its first three letters."""
        codes = name_codes(self.peek(0), self.peek(1), self.peek(2), kind)
        _, letters, lengths = name_tables(kind)
        width = lengths.take(codes)
        full = self.at + width <= self.end
        for column in range(3, len(letters)):
            wanted = letters[column].take(codes)
            full &= (wanted == 0) | ((self.peek(column) | np.uint8(32)) == wanted)
        self.fields.ok &= codes > 0
        self.at += np.where(full, width, 3)
        return codes

    def offset(self) -> None:
        """Read ``Z``, ``±hh``, ``±hhmm`` or ``±hh:mm``."""
        sign = self.peek()
        zulu = (sign | np.uint8(32)) == ord("z")
        self.fields.ok &= zulu | (sign == ord("+")) | (sign == ord("-"))
        self.at += 1
        digits = [self.digit(ahead) for ahead in range(5)]
        left = self.end - self.at
        colon = (self.peek(2) == ord(":")) & (digits[3] <= 9) & (digits[4] <= 9) & (left >= 5)
        bare = (digits[2] <= 9) & (digits[3] <= 9) & (left >= 4)
        hours = digits[0].astype(np.int32) * 10 + digits[1]
        minutes = np.where(colon, digits[3].astype(np.int32) * 10 + digits[4], 0)
        minutes = np.where(bare, digits[2].astype(np.int32) * 10 + digits[3], minutes)
        two = (digits[0] <= 9) & (digits[1] <= 9)
        self.fields.ok &= zulu | (two & (hours <= 18) & (minutes <= 59))
        self.at += np.where(zulu, 0, np.where(colon, 5, np.where(bare, 4, 2)))
        seconds = (hours * 60 + minutes) * 60
        self.fields.put("offset", np.where(zulu, 0, np.where(sign == ord("-"), -seconds, seconds)))

    def zone(self) -> None:
        """Read a zone's name, abbreviation or offset; each distinct one is looked up once."""
        signed = (self.peek() == ord("+")) | (self.peek() == ord("-"))
        going = np.ones(len(self.at), dtype=np.bool_)
        columns = []
        for ahead in range(_LONGEST_ZONE):
            byte = self.peek(ahead)
            going &= (_ZONE_BYTES[byte] | (signed & (byte == ord(":")))) & (self.at + ahead < self.end)
            if not going.any():
                break
            columns.append(np.where(going, byte, np.uint8(0)))
        matrix = np.stack(columns or [np.zeros(len(self.at), np.uint8)], axis=1)
        names = matrix.view(f"S{matrix.shape[1]}").ravel()
        if (names == names[0]).all():
            distinct, codes = names[:1], np.zeros(len(names), dtype=np.int64)
        else:
            distinct, codes = np.unique(names, return_inverse=True)
        zones = [_zone_or_none(name.decode("ascii")) for name in distinct.tolist()]
        self.fields.ok &= np.array([zone is not None for zone in zones], dtype=np.bool_)[codes]
        self.fields.zones = ([zone or UTC_ZONE for zone in zones], codes)
        self.at += (matrix != 0).sum(axis=1)


def _zone_or_none(name: str) -> Zone | None:
    try:
        return load_zone(name)
    except ZoneError:
        return None


_ZONE_BYTES: Final = np.array([chr(byte) in "/_+-" or (chr(byte).isalnum() and byte < 128) for byte in range(256)])


def _read_rows(cursor: _Cursor, tokens: tuple[Token, ...]) -> Fields:
    """Read all rows by the tokens of a pattern."""
    fields = cursor.fields
    for token in tokens:
        if token.kind == "literal":
            cursor.literal(token.text)
        elif token.kind == "fraction":
            value, width = cursor.number(1, token.high)
            fields.put("fraction", value * 10 ** np.maximum(6 - width, 0) // 10 ** np.maximum(width - 6, 0))
            if token.high > 6:
                fields.lose(value % 10 ** np.maximum(width - 6, 0) != 0)
        elif token.numeric:
            fields.put_number(token, *cursor.number(token.low, token.high))
        elif token.kind in ("month_name", "weekday_name"):
            fields.put(token.kind.removesuffix("_name"), cursor.name(token.kind))
        elif token.kind == "offset":
            cursor.offset()
        elif token.kind == "zone":
            cursor.zone()
        else:
            _read_letters(cursor, token)
    fields.ok &= cursor.at == cursor.end
    return fields


def _read_letters(cursor: _Cursor, token: Token) -> None:
    """Read ``AM`` or ``PM``, ``AD`` or ``CE`` (other eras lie outside the years 1 to 9999), or ``Q1``."""
    if token.kind == "quarter_name":
        cursor.literal(b"Q")
        cursor.fields.put("quarter", cursor.number(1, 1)[0])
        return
    first, second = cursor.peek() | np.uint8(32), cursor.peek(1) | np.uint8(32)
    if token.kind == "halfday":
        cursor.fields.ok &= ((first == ord("a")) | (first == ord("p"))) & (second == ord("m"))
        cursor.fields.put("halfday", first == ord("p"))
    else:
        latin = (first == ord("a")) & (second == ord("d"))
        cursor.fields.ok &= latin | ((first == ord("c")) & (second == ord("e")))
    cursor.at += 2


def _read_epochs(cursor: _Cursor, unit: str) -> tuple[I64, Bools, Bools]:
    """Read a number of seconds or milliseconds; return µs, good rows and rows cut."""
    negative = cursor.peek() == ord("-")
    cursor.at += negative | (cursor.peek() == ord("+"))
    value, _ = cursor.number(1, 15)  # 15 digits of seconds are beyond any date
    places, most = (3, 10**15) if unit == "ms" else (6, 10**12)
    pointed = (cursor.peek() == ord(".")) & (cursor.digit(1) <= 9) & (cursor.at + 1 < cursor.end)
    cursor.at += pointed
    fraction, width = cursor.number(0, 9)
    finer = 10 ** np.maximum(width - places, 0)
    micros = fraction * 10 ** np.maximum(places - width, 0) // finer
    lost = fraction % finer != 0
    good = cursor.fields.ok & (cursor.at == cursor.end) & (pointed | (width == 0)) & (value < most)
    us = value * 10**places
    us = np.where(negative, -us - micros - lost, us + micros)  # cut downward, as instants are
    return us, good & (us >= MIN_US) & (us <= MAX_US), lost
