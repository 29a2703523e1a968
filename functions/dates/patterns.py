"""Date patterns in Joda's letters, compiled once for parsing and formatting.

Letters: ``y Y u`` year, ``M`` month, ``d`` day, ``D`` day of year, ``x w e`` ISO week-year, week and weekday,
``Q`` quarter, ``E`` weekday name, ``H k K h`` hour (0-23, 1-24, 0-11, 1-12), ``a`` AM/PM, ``m s S`` minute,
second, fraction, ``G`` era, ``Z ZZ X`` offset, ``ZZZ z`` zone name or abbreviation. Other ASCII letters are
errors; everything else, also ``[ ]``, stands for itself, as does text in ``'quotes'``; ``''`` is a quote.
``epoch-s`` and ``epoch-ms`` are patterns of their own: seconds or milliseconds since 1970.

Optional sections and eras before Christ are not supported.

Where this differs from Joda on purpose: two-digit years always mean 1970 to 2069 (Joda's window moves with
the clock, so results would change from year to year); ``yyyy`` takes four digits and no fewer (Joda reads
"24" as the year 24); numbers without a separator between them take exactly their letters' width.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import product
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sheetline.functions.dates.calendar import (
    DAY,
    I64,
    SECOND,
    Bools,
    days_from_civil,
    days_from_iso_week,
    is_leap_year,
    iso_year_week,
    month_starts,
    weekday_of_days,
)
from sheetline.functions.dates.zones import Zone, to_utc

U8 = npt.NDArray[np.uint8]

PIVOT_YEAR: Final = 1970  # two-digit years are PIVOT_YEAR … PIVOT_YEAR + 99

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

# What a column of text is tried with when nobody names a pattern, the commonest first.
COMMON_PATTERNS: Final = (
    "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm", "yyyy/MM/dd HH:mm:ss", "yyyy/MM/dd", "yyyy.MM.dd",
    "dd.MM.yyyy HH:mm:ss", "dd.MM.yyyy HH:mm", "dd.MM.yyyy", "dd.MM.yy HH:mm:ss", "dd.MM.yy",
    "MM/dd/yyyy HH:mm:ss", "MM/dd/yyyy HH:mm", "MM/dd/yyyy hh:mm:ss a", "MM/dd/yyyy hh:mm a", "MM/dd/yyyy",
    "dd/MM/yyyy HH:mm:ss", "dd/MM/yyyy HH:mm", "dd/MM/yyyy hh:mm:ss a", "dd/MM/yyyy hh:mm a", "dd/MM/yyyy",
    "MM/dd/yy", "dd/MM/yy", "dd-MM-yyyy", "MM-dd-yyyy", "dd-MMM-yyyy HH:mm:ss", "dd-MMM-yyyy", "dd-MMM-yy",
    "dd MMM yyyy HH:mm:ss", "dd MMM yyyy", "MMM d, yyyy hh:mm:ss a", "MMM d, yyyy", "E, MMM d, yyyy",
    "E, dd MMM yyyy HH:mm:ss Z", "dd/MMM/yyyy:HH:mm:ss Z", "E MMM dd HH:mm:ss yyyy", "yyyyMMddHHmmss",
)  # fmt: skip

# letter -> (field, most letters, most digits)
_NUMBERS: Final = {
    "y": ("year", 5, 4), "Y": ("year", 5, 4), "u": ("year", 5, 4), "x": ("weekyear", 5, 4),
    "M": ("month", 4, 2), "d": ("day", 2, 2), "D": ("day_of_year", 3, 3), "w": ("week", 2, 2),
    "e": ("weekday", 1, 1), "Q": ("quarter", 3, 1), "H": ("hour24", 2, 2), "k": ("clock24", 2, 2),
    "K": ("hour12", 2, 2), "h": ("clock12", 2, 2), "m": ("minute", 2, 2), "s": ("second", 2, 2),
    "S": ("fraction", 9, 9),
}  # fmt: skip
_TEXTS: Final = {"E": ("weekday_name", 6), "a": ("halfday", 2), "G": ("era", 4), "z": ("zone", 4)}
_MAX_LAYOUTS: Final = 8


class PatternError(ValueError):
    """A date pattern that cannot be read; ``position`` counts its characters from 0."""

    def __init__(self, pattern: str, position: int, reason: str) -> None:
        self.pattern, self.position, self.reason = pattern, position, reason
        super().__init__(f"date pattern {pattern!r}, character {position + 1}: {reason}")


@dataclass(frozen=True, slots=True)
class Token:
    """One element of a pattern.

    ``kind`` is a field's name, ``literal``, ``offset`` or ``zone``; ``count`` the letters; ``low`` and
    ``high`` the fewest and most digits that parsing takes (0 where it is no number).
    """

    kind: str
    count: int
    at: int
    text: bytes = b""
    letter: str = ""
    low: int = 0
    high: int = 0

    @property
    def numeric(self) -> bool:
        """Tell whether digits are read or written here."""
        return self.high > 0


@dataclass(frozen=True, slots=True)
class Slot:
    """A token's place in text of a known length."""

    token: Token
    at: int
    width: int


Layout = tuple[Slot, ...]


@dataclass(frozen=True)
class Pattern:
    """A compiled pattern; ``epoch`` is ``s`` or ``ms`` for the epoch patterns, which have no tokens."""

    source: str
    tokens: tuple[Token, ...]
    epoch: str = ""

    @cached_property
    def has_zone(self) -> bool:
        """Tell whether text of this pattern names its own offset or zone."""
        return any(token.kind in ("offset", "zone") for token in self.tokens)

    @cached_property
    def layouts(self) -> dict[int, tuple[Layout, ...]]:
        """Return the fixed layouts, by length in bytes, that nearly all texts of the pattern have.

        They only speed parsing up: whatever they accept, the general reader would read the same way.
        """
        widths = [_widths(token) for token in self.tokens]
        if self.epoch or not all(widths) or self._ambiguous():
            return {}
        count = 1
        for choice in widths:
            count *= len(choice)
        found: dict[int, tuple[Layout, ...]] = {}
        if count > _MAX_LAYOUTS:
            return {}
        for chosen in product(*widths):
            slots, at = [], 0
            for token, width in zip(self.tokens, chosen, strict=True):
                slots.append(Slot(token, at, width))
                at += width
            found[at] = (*found.get(at, ()), tuple(slots))
        return found

    def _ambiguous(self) -> bool:
        pairs = zip(self.tokens, self.tokens[1:], strict=False)
        return any(one.numeric and two.numeric and one.low < one.high for one, two in pairs)


def _widths(token: Token) -> tuple[int, ...]:
    """Return the usual widths of a token in bytes, the commonest first; none if they vary freely."""
    if token.kind == "literal":
        return (len(token.text),)
    if token.kind in ("year2", "weekyear2"):
        return (2, 4)[: 1 + (token.high > 2)]
    if token.numeric:
        return tuple(range(token.count, token.high + 1)) if token.count == 1 else (token.count,)
    if token.kind == "offset":
        return {"Z": (5, 6, 1, 3), "X": (1, 6, 5, 3)}[token.letter] if token.count != 2 else (6, 5, 1, 3)
    if token.kind == "halfday":
        return (2,)
    return (3,) if token.kind in ("month_name", "weekday_name") and token.count <= 3 else ()


#: What a pattern may be at the most.
MAX_LENGTH = 1000


@lru_cache(maxsize=512)
def compile_pattern(source: str) -> Pattern:
    """Compile a pattern; raises :class:`PatternError` with the position of what is wrong.

    Example: ``compile_pattern("dd.MM.yyyy HH:mm").tokens[0].kind`` is ``"day"``.
    """
    if len(source) > MAX_LENGTH:
        raise PatternError(source[:40] + "…", MAX_LENGTH, f"it has at most {MAX_LENGTH:,} characters")
    if source in ("epoch-s", "epoch-ms"):
        return Pattern(source, (), source[6:])
    if not source:
        raise PatternError(source, 0, "it is empty")
    tokens: list[Token] = []
    at = 0
    while at < len(source):
        token, at = _next_token(source, at)
        if token.kind == "literal" and tokens and tokens[-1].kind == "literal":
            before = tokens.pop()
            token = Token("literal", 0, before.at, before.text + token.text)
        if token.kind != "literal" or token.text:
            tokens.append(token)
    if all(token.kind == "literal" for token in tokens):
        raise PatternError(source, 0, "it has no letters that stand for a part of a date")
    return Pattern(source, tuple(_bound(tokens)))


def _next_token(source: str, at: int) -> tuple[Token, int]:
    letter = source[at]
    if letter == "'":
        return _quoted(source, at)
    if not (letter.isascii() and letter.isalpha()):
        return _literal(source, at, letter), at + 1
    end = at
    while end < len(source) and source[end] == letter:
        end += 1
    return _letters(source, at, letter, end - at), end


def _quoted(source: str, at: int) -> tuple[Token, int]:
    text, here = "", at + 1
    if source[here : here + 1] == "'":
        return Token("literal", 0, at, b"'"), at + 2
    while here < len(source):
        if source[here] != "'":
            text += source[here]
            here += 1
        elif source[here + 1 : here + 2] == "'":
            text += "'"
            here += 2
        else:
            return _literal(source, at, text), here + 1
    raise PatternError(source, at, "the quoted text has no closing quote")


def _literal(source: str, at: int, text: str) -> Token:
    if any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in text):
        raise PatternError(source, at, "a NUL or half a surrogate pair cannot be part of a date")
    return Token("literal", 0, at, text.encode())


def _letters(source: str, at: int, letter: str, count: int) -> Token:
    if letter in _NUMBERS:
        kind, most, digits = _NUMBERS[letter]
        if count > most:
            raise PatternError(source, at, f"{letter!r} can stand {most} times at most, not {count}")
        if letter == "M" and count >= 3:
            return Token("month_name", count, at, letter=letter)
        if letter == "Q" and count == 3:
            return Token("quarter_name", count, at, letter=letter)
        if count == 2 and kind in ("year", "weekyear"):
            return Token(kind + "2", count, at, letter=letter, low=1, high=4)
        low = count if kind in ("year", "weekyear") else 1
        high = count if letter in "SQ" else max(digits, count)
        return Token(kind, count, at, letter=letter, low=min(low, high), high=high)
    if letter in _TEXTS:
        kind, most = _TEXTS[letter]
        if count > most:
            raise PatternError(source, at, f"{letter!r} can stand {most} times at most, not {count}")
        return Token(kind, count, at, letter=letter)
    if letter in "ZX":
        if count > 3:
            raise PatternError(source, at, f"{letter!r} can stand 3 times at most, not {count}")
        kind = "zone" if letter == "Z" and count == 3 else "offset"
        return Token(kind, count, at, letter=letter)
    quoted = f"; put text into quotes: '{letter * count}'"
    raise PatternError(source, at, f"{letter!r} is no letter of date patterns{quoted}")


def _bound(tokens: list[Token]) -> list[Token]:
    """Give numbers without a separator between them exactly the width of their letters."""
    bound = []
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else None
        behind = tokens[index + 1] if index + 1 < len(tokens) else None
        joined = (before is not None and before.numeric) or (behind is not None and _digit_first(behind))
        if token.numeric and joined and token.count > 1:
            token = Token(token.kind, token.count, token.at, letter=token.letter, low=token.count, high=token.count)
        bound.append(token)
    return bound


def _digit_first(token: Token) -> bool:
    return token.numeric or (token.kind == "literal" and token.text[:1].isdigit())


# ---------------------------------------------------------------- names


@lru_cache(maxsize=2)
def name_tables(kind: str) -> tuple[U8, U8, I64]:
    """Return a hash of three letters to codes, the names' letters (column by column), and their lengths.

    ``kind`` is ``month_name`` or ``weekday_name``; January and Monday have code 1, no name has 0.
    """
    names = MONTHS if kind == "month_name" else WEEKDAYS
    letters = np.zeros((9, len(names) + 1), dtype=np.uint8)
    for code, name in enumerate(names, 1):
        letters[: len(name), code] = np.frombuffer(name.lower().encode(), np.uint8)
    codes = np.zeros(1 << 15, dtype=np.uint8)
    a, b, c = letters[:3, 1:].astype(np.intp) & 31
    codes[a << 10 | b << 5 | c] = np.arange(1, len(names) + 1)
    return codes, letters, np.array([0, *map(len, names)], dtype=np.int64)


def name_codes(first: U8, second: U8, third: U8, kind: str) -> U8:
    """Return the codes of names by their first three letters, in any case."""
    codes, letters, _ = name_tables(kind)
    a, b, c = (plane.astype(np.uint16) & np.uint16(31) for plane in (first, second, third))
    found = codes.take(a << np.uint16(10) | b << np.uint16(5) | c)
    same = np.ones(len(found), dtype=np.bool_)
    for column, plane in enumerate((first, second, third)):
        same &= (plane | np.uint8(32)) == letters[column].take(found)
    return np.asarray(found * same)


# ---------------------------------------------------------------- ISO 8601

_DASH: Final = Token("literal", 0, 0, b"-")
_COLON: Final = Token("literal", 0, 0, b":")
_BETWEEN: Final = Token("choice", 0, 0, b"Tt ")
_POINT: Final = Token("choice", 0, 0, b".,")
_NUMBER: Final[dict[str, Token]] = {
    "year": Token("year", 4, 0, low=4, high=4),
    **{kind: Token(kind, 2, 0, low=2, high=2) for kind in ("month", "day", "hour24", "minute", "second")},
}


@lru_cache(maxsize=128)
def iso_layouts(width: int) -> tuple[Layout, ...]:
    """Return the forms that ISO text of this length can have, the commonest first."""
    found = []
    for zone in (0, 1, 6, 5, 3):
        for extended in (True, False):
            body = _iso_body(width - zone, extended)
            if body is not None and (not zone or len(body) > 5):
                suffix = [(Token("offset", 1, 0, letter="X"), zone)] if zone else []
                found.append(_place([*body, *suffix]))
    # as many digits of a second as usual first: 2024-03-01T12:00:00+0200 is rather no fraction
    return tuple(sorted(found, key=lambda layout: _fraction_width(layout) not in (0, 3, 6, 9)))


def _fraction_width(layout: Layout) -> int:
    return sum(slot.width for slot in layout if slot.token.kind == "fraction")


def _iso_body(width: int, extended: bool) -> list[tuple[Token, int]] | None:
    year, month, day, hour, minute, second = ((token, token.count) for token in _NUMBER.values())
    dash, colon = ([(_DASH, 1)], [(_COLON, 1)]) if extended else ([], [])
    date = [year, *dash, month, *dash, day]
    to_minute = [*date, (_BETWEEN, 1), hour, *colon, minute]
    for form in (date, to_minute, [*to_minute, *colon, second]):
        if sum(part[1] for part in form) == width:
            return form
    full = [*to_minute, *colon, second]
    digits = width - sum(part[1] for part in full) - 1
    if not 1 <= digits <= 9:
        return None
    return [*full, (_POINT, 1), (Token("fraction", digits, 0, low=digits, high=digits), digits)]


def _place(parts: list[tuple[Token, int]]) -> Layout:
    slots, at = [], 0
    for token, width in parts:
        slots.append(Slot(token, at, width))
        at += width
    return tuple(slots)


# ---------------------------------------------------------------- from fields to instants

Values = npt.NDArray[Any]


@dataclass(slots=True)
class Fields:
    """What a block of texts says: one array a field, and the rows that are well-formed so far."""

    ok: Bools
    values: dict[str, Values] = field(default_factory=dict)
    cut: Bools | None = None  # rows with digits beyond microseconds
    zones: tuple[list[Zone], I64] | None = None  # zones and each row's index into them

    def put(self, name: str, values: Values) -> None:
        """Store a field; one that a text names twice must agree with itself."""
        if name in self.values:
            self.ok &= self.values[name] == values
        else:
            self.values[name] = values

    def lose(self, rows: Bools) -> None:
        """Note rows whose digits beyond microseconds are dropped."""
        self.cut = rows if self.cut is None else self.cut | rows

    def put_number(self, token: Token, values: Values, width: int | I64) -> None:
        """Store the number of a token, read from ``width`` digits, as the field that it stands for."""
        kind = token.kind
        if kind in ("year2", "weekyear2"):
            self.ok &= (width == 2) | (width == 4)
            short = values.astype(np.int32)
            century = np.where(short < PIVOT_YEAR % 100, PIVOT_YEAR // 100 + 1, PIVOT_YEAR // 100) * 100
            kind, values = kind[:-1], np.where(width == 2, short + century, short)
        elif kind == "clock24":
            self.ok &= (values >= 1) & (values <= 24)
            kind, values = "hour24", values % 24
        elif kind == "clock12":
            self.ok &= (values >= 1) & (values <= 12)
            kind, values = "hour12", values % 12
        self.put(kind, values)


def resolve(fields: Fields, zone: Zone) -> tuple[I64, Bools]:
    """Turn fields into instants in µs and the rows that are a date that exists.

    Missing parts are the least there are; without a year it is 2000, or 1970 for a time alone (as Joda has
    it). ``zone`` is where text without a zone of its own was written.
    """
    values, ok = fields.values, fields.ok
    days = _days(values, ok)
    us: I64 = (days.astype(np.int64) * 86_400 + _seconds(values, ok)) * SECOND
    if "fraction" in values:
        us += values["fraction"]
    if not ok.all():
        us[~ok] = 0
    if "offset" in values:
        return us - values["offset"].astype(np.int64) * SECOND, ok
    if fields.zones is not None:
        for index, named in enumerate(fields.zones[0]):
            rows = fields.zones[1] == index
            us[rows] = to_utc(us[rows], named)
        return us, ok
    return to_utc(us, zone), ok


def _days(values: dict[str, Values], ok: Bools) -> Values:
    """Return days since the epoch; clears ``ok`` where the date does not exist or contradicts itself."""
    if "month" in values or "day" in values:
        days = _civil_days(values, ok)
    elif "day_of_year" in values:
        year = _in(values.get("year", np.full(len(ok), 2000)), 1, 9999, ok)
        length = 365 + is_leap_year(year)
        days = days_from_civil(year, 1, 1) + _in(values["day_of_year"], 1, length, ok) - 1
    elif "week" in values or "weekyear" in values:
        year = _in(values.get("weekyear", values.get("year", np.full(len(ok), 2000))), 1, 9999, ok)
        weekday = values.get("weekday", np.ones(len(ok), np.int64))
        week = values.get("week", np.ones(len(ok), np.int64))
        days = days_from_iso_week(year, _in(week, 1, 53, ok), _in(weekday, 1, 7, ok))
    elif "year" in values:
        days = _civil_days(values, ok)
    else:
        return np.zeros(len(ok), dtype=np.int64)
    _check_days(values, days, ok)
    return days


def _civil_days(values: dict[str, Values], ok: Bools) -> Values:
    one = np.ones(len(ok), dtype=np.int32)
    year = values.get("year", values.get("weekyear", one * 2000)).astype(np.int32)
    first = (_in(values["quarter"], 1, 4, ok) - 1) * 3 + 1 if "quarter" in values else one
    month, day = values.get("month", first).astype(np.int32), values.get("day", one).astype(np.int32)
    ok &= (year >= 1) & (year <= 9999) & (month >= 1) & (month <= 12) & (day >= 1)
    starts = month_starts()
    index = np.clip(year * np.int32(12) + month - 1, 0, len(starts) - 2).astype(np.intp)
    days = starts[index] + day - 1
    ok &= days < starts[index + 1]
    return np.asarray(days)


def _check_days(values: dict[str, Values], days: Values, ok: Bools) -> None:
    """Clear ``ok`` where a weekday, week, quarter or day of the year belongs to another date."""
    if "weekday" in values:
        ok &= weekday_of_days(days) == values["weekday"]
    if "week" in values or "weekyear" in values:
        year, week = iso_year_week(days.astype(np.int64) * DAY)
        ok &= (week == values.get("week", week)) & (year == values.get("weekyear", year))
    if "quarter" in values and "month" in values:
        ok &= (values["month"] + 2) // 3 == values["quarter"]
    if "day_of_year" in values and ("month" in values or "day" in values):
        year = values.get("year", np.full(len(ok), 2000))
        ok &= days - days_from_civil(year, 1, 1) + 1 == values["day_of_year"]


def _seconds(values: dict[str, Values], ok: Bools) -> Values:
    """Return seconds of the day; clears ``ok`` where there is no such time."""
    none = np.zeros(len(ok), dtype=np.int32)
    hour = values.get("hour24")
    if "hour12" in values:
        half = _in(values["hour12"], 0, 11, ok) + 12 * values.get("halfday", none).astype(np.int32)
        if hour is not None:
            ok &= hour == half
        hour = half
    elif "halfday" in values and hour is not None:
        ok &= (hour >= 12) == values["halfday"]
    minute, second = values.get("minute", none), values.get("second", none)
    hour = none if hour is None else hour
    ok &= (hour < 24) & (minute < 60) & (second < 60)
    return np.asarray((hour.astype(np.int32) * 60 + minute) * 60 + second)


def _in(values: Values, low: int, high: int | Values, ok: Bools) -> I64:
    """Clear ``ok`` where values lie outside, and bring them inside."""
    ok &= (values >= low) & (values <= high)
    return np.clip(values.astype(np.int64), low, high)
