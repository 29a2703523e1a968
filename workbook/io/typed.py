"""Text to columns of a declared type: what cannot be read becomes an error value that quotes its input.

Whole columns go through Arrow's casts; only where a cast refuses are rows told apart by a pattern.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as arrow_compute

from sheetline.functions import errors as err
from sheetline.functions.arrow import ColumnNotes
from sheetline.functions.buffers import (
    arrow_array,
    filled,
    fixed_values,
    null_mask,
    number_scalar,
    text_array,
    text_scalar,
    truths,
)
from sheetline.functions.columns import Array, Column, arrow_type
from sheetline.functions.dates.parse import parse_dates
from sheetline.functions.dates.zones import UTC_ZONE, Zone
from sheetline.functions.errors import Mask, Origin
from sheetline.functions.types import BIGDECIMAL, BIGINTEGER, BOOLEAN, DATE, FLOAT, INTEGER, STRING, Kind, Type

pc: Any = arrow_compute  # its stubs know fewer overloads than it has
TEXT: Final = pa.large_string()
WHOLE: Final = r"^[+-]?[0-9]+(?:\.0*)?$"
FLOATING: Final = r"^[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?i:nan|inf|infinity))$"
INFINITE: Final = r"^[+-]?(?i:inf|infinity)$"
BLANKS: Final = " \t\n\r\x0b\x0c\xa0"
TRUE: Final = ("true", "yes", "1")
FALSE: Final = ("false", "no", "0")
_FEW: Final = 1_000


@dataclass(frozen=True, slots=True)
class Style:
    """How numbers are written, where texts without a zone were written, and whether blank cells are null."""

    decimal: str = "."
    thousands: str | None = None
    zone: Zone = field(default_factory=lambda: UTC_ZONE)
    blank_is_null: bool = True


def read_as(text: Any, type_: Type, style: Style, pattern: str | None, notes: ColumnNotes) -> Column:
    """Return a text array as a column of ``type_``.

    Args:
        text: a ``large_string`` array; its nulls stay null.
        type_: the declared type. Numbers may be padded with blanks; integers may be written with a fraction
            of zeros (``17850.0``); booleans are ``true false yes no 1 0`` in any case; lists are JSON.
        style: see :class:`Style`.
        pattern: of dates: Joda's letters, ``epoch-s`` or ``epoch-ms``; ISO 8601 without it.
        notes: gets the counts.
    """
    if type_.kind is Kind.STRING:
        return Column(STRING, text)
    found = signs(text)
    trimmed = trim(text, style, found)
    if type_.kind is Kind.LIST:
        return _lists(trimmed, type_)
    if type_.kind is Kind.BOOLEAN:
        return _booleans(trimmed)
    if type_.kind is Kind.DATE:
        return dates(trimmed, style, pattern, notes)
    plain, odd = plain_numbers(trimmed, style, found)
    if type_.kind is Kind.INTEGER:
        return _integers(trimmed, plain, odd)
    if type_.kind is Kind.FLOAT:
        return floats(trimmed, plain, odd, notes)
    return _exact(trimmed, plain, odd, type_)


def value_bytes(text: Any) -> tuple[Array, Array]:
    """Return the bytes of a text array and the offsets of its rows in them, without a copy."""
    _, offsets, data = text.buffers()
    count = len(text)
    if offsets is None or not count:
        return np.zeros(0, np.uint8), np.zeros(count + 1, np.int64)
    starts = np.frombuffer(offsets, np.int64)[text.offset : text.offset + count + 1]
    if data is None:
        return np.zeros(0, np.uint8), starts
    return np.frombuffer(data, np.uint8), starts


def signs(text: Any) -> Mask:
    """Return which of the 256 bytes stand anywhere in a text array, as a mask."""
    data, starts = value_bytes(text)
    part = data[starts[0] : starts[-1]]
    found = np.zeros(256, np.int64)
    for low in range(0, len(part), 1 << 16):  # block by block: bincount widens its input
        found += np.bincount(part[low : low + (1 << 16)], minlength=256)
    return np.asarray(found > 0)


def holds(found: Mask, characters: str) -> bool:
    """Whether any of some characters may stand in text with these bytes; for ASCII the answer is certain."""
    return bool(found[np.frombuffer(characters.encode(), np.uint8)].any())


def trim(text: Any, style: Style, found: Mask) -> Any:
    """Return text without blanks at its ends; what is nothing but blanks becomes null where that is asked."""
    if not holds(found, BLANKS):
        return text
    trimmed = pc.utf8_trim(text, BLANKS)
    if style.blank_is_null:
        trimmed = pc.if_else(pc.equal(trimmed, text_scalar("")), text_scalar(None), trimmed)
    return trimmed


def plain_numbers(text: Any, style: Style, found: Mask) -> tuple[Any, Mask | None]:
    """Return numbers with a point and without groups, and the rows that are written otherwise."""
    odd: Mask | None = None
    if style.decimal != "." and holds(found, "."):
        groups = style.thousands == "."
        if not groups:
            odd = _mask(pc.match_substring(text, "."))
    if style.thousands is not None and holds(found, style.thousands):
        grouped = _mask(pc.match_substring(text, style.thousands))
        sign, mark = _quote(style.thousands), _quote(style.decimal)
        fits = rf"^[+-]?[0-9]{{1,3}}(?:{sign}[0-9]{{3}})+(?:{mark}[0-9]*)?$"
        wrong = grouped & ~_mask(pc.match_substring_regex(text, fits))
        odd = wrong if odd is None else odd | wrong
        text = pc.replace_substring(text, style.thousands, "")
    if style.decimal != "." and holds(found, style.decimal):
        text = pc.replace_substring(text, style.decimal, ".")
    return text, odd if odd is not None and odd.any() else None


def _quote(sign: str) -> str:
    return sign if sign.isalnum() else "\\" + sign if ord(sign) < 128 else sign


def _mask(array: Any) -> Mask:
    """Return a boolean Arrow array as bytes; null is False."""
    if array.null_count:
        array = filled(array, False)
    return truths(array)


def _failed(text: Any, bad: Mask, code: str, note: str) -> err.Errors | None:
    rows = np.flatnonzero(bad)
    if not len(rows):
        return None
    return err.make(rows, code, Origin("", note, (text.take(arrow_array(rows)),)))


def _only(text: Any, good: Mask) -> Any:
    return pc.if_else(arrow_array(good), text, text_scalar(None))


# ---------------------------------------------------------------- numbers


def cast_integers(plain: Any) -> Column | None:
    """Return text as integers by Arrow's cast, or None where a row is no 64-bit integer."""
    # A cast that fails is slow, for it words an error for every row: look at a few before.
    if not _casts(plain[:_FEW], pa.int64()) or holds(signs(plain), "xX."):
        return None  # (Arrow would read hexadecimal numbers)
    try:
        array = plain.cast(pa.int64())
    except pa.ArrowInvalid:
        return None
    null = null_mask(array)
    data = np.frombuffer(array.buffers()[1], np.int64)[: len(array)] if len(array) else np.zeros(0, np.int64)
    return Column(INTEGER, data, null)


def _casts(few: Any, type_: Any) -> bool:
    try:
        few.cast(type_)
    except pa.ArrowInvalid:
        return False
    return True


def _integers(text: Any, plain: Any, odd: Mask | None) -> Column:
    if odd is None and (column := cast_integers(plain)) is not None:
        return column
    valid = truths(text.is_valid())
    fits = _mask(pc.match_substring_regex(plain, WHOLE))
    if odd is not None:
        fits &= ~odd
    digits = pc.replace_substring_regex(_only(plain, fits), r"\.0*$|^\+", "")
    digits = pc.replace_substring_regex(digits, r"^(-?)0+([0-9])", r"\1\2")
    large = _beyond(digits)
    data, null = _cast(_only(digits, fits & ~large), pa.int64())
    errors = err.first(
        [
            _failed(text, valid & ~fits, "PARSE", "{0} is no integer"),
            _failed(text, large, "OVERFLOW", "{0} is beyond the integers of 64 bit"),
        ]
    )
    return Column(INTEGER, data, null, None).with_errors(errors)


def _beyond(digits: Any) -> Mask:
    """Return which rows of digits without leading zeros are beyond 64 bits."""
    bare = pc.utf8_ltrim(digits, "-")
    length = pc.binary_length(bare)
    most, least = text_scalar("9223372036854775807"), text_scalar("9223372036854775808")
    greater = pc.greater(bare, pc.if_else(pc.starts_with(digits, "-"), least, most))
    nineteen = number_scalar(19, length.type.to_pandas_dtype())
    return _mask(pc.or_(pc.greater(length, nineteen), pc.and_(pc.equal(length, nineteen), greater)))


def _cast(text: Any, type_: Any) -> tuple[Array, Mask | None]:
    array = text.cast(type_)
    null = null_mask(array)
    values = filled(array, 0)
    return fixed_values(values, values.type.to_pandas_dtype()), null


def cast_floats(plain: Any) -> Array | None:
    """Return text as floats by Arrow's cast (NaN for nulls), or None where a row is no number."""
    if not _casts(plain[:_FEW], pa.float64()):
        return None
    try:
        array = plain.cast(pa.float64())
    except pa.ArrowInvalid:
        return None
    values, null = fixed_values(array, np.float64), null_mask(array)
    return values if null is None else np.where(null, np.nan, values)


def floats(text: Any, plain: Any, odd: Mask | None, notes: ColumnNotes, data: Array | None = None) -> Column:
    """Return numbers as floats: NaN is null, infinities and numbers beyond a float's range are errors.

    ``text`` is quoted by errors, ``plain`` is read (or ``data``, where it has been cast already), ``odd`` are
    the rows that are no numbers for certain.
    """
    if data is None and odd is None:
        data = cast_floats(plain)
    bad: Mask | None = None
    if data is None:
        fits = _mask(pc.match_substring_regex(plain, FLOATING))
        if odd is not None:
            fits &= ~odd
        bad = truths(text.is_valid()) & ~fits
        data = cast_floats(_only(plain, fits))
        assert data is not None  # the pattern takes only what the cast takes (tested)
    null = null_mask(text)
    missing = np.count_nonzero(np.isnan(data))
    notes.nan += int(missing) - text.null_count - (0 if bad is None else int(np.count_nonzero(bad)))
    parts = [] if bad is None else [_failed(text, bad, "PARSE", "{0} is no number")]
    infinite = np.isinf(data)
    if infinite.any():
        words = _mask(pc.match_substring_regex(text, INFINITE)) & infinite
        notes.infinities += int(np.count_nonzero(words))
        parts.append(_failed(text, words, "INFINITY", "{0} is no value"))
        parts.append(_failed(text, infinite & ~words, "OVERFLOW", "{0} is beyond the range of a float"))
    if null is not None and not np.isnan(data[null]).all():
        data = np.where(null, np.nan, data)
    return Column(FLOAT, data).with_errors(err.first(parts))


def _exact(text: Any, plain: Any, odd: Mask | None, type_: Type) -> Column:
    """Return exact numbers, which only Python has."""
    big = type_.kind is Kind.BIGINTEGER
    fits = _mask(pc.match_substring_regex(plain, WHOLE if big else FLOATING.replace("|(?i:nan|inf|infinity)", "")))
    if odd is not None:
        fits &= ~odd
    data = np.empty(len(text), np.object_)
    convert: Any = _whole if big else Decimal
    data[:] = [0 if value is None else convert(value) for value in _only(plain, fits).to_pylist()]
    valid = truths(text.is_valid())
    note = "{0} is no integer" if big else "{0} is no number"
    column = Column(BIGINTEGER if big else BIGDECIMAL, data, null_mask(text))
    return column.with_errors(_failed(text, valid & ~fits, "PARSE", note))


def _whole(value: str) -> int:
    digits = value.partition(".")[0]
    # Decimal has no limit on the digits that it reads, as int() has.
    return int(digits) if len(digits) < 4_000 else int(Decimal(digits))


# ---------------------------------------------------------------- others


def _booleans(text: Any) -> Column:
    lower = pc.utf8_lower(text)
    true = _mask(pc.is_in(lower, text_array(TRUE)))
    false = _mask(pc.is_in(lower, text_array(FALSE)))
    valid = truths(text.is_valid())
    column = Column(BOOLEAN, true, null_mask(text))
    return column.with_errors(_failed(text, valid & ~(true | false), "PARSE", "{0} is neither true nor false"))


def dates(text: Any, style: Style, pattern: str | None, notes: ColumnNotes) -> Column:
    """Return dates of a pattern, or of ISO 8601."""
    parsed = parse_dates(text, pattern, style.zone)
    notes.cut += parsed.cut
    said = (
        "{0} is no date such as 2024-03-01T12:00:00" if pattern is None else f"{{0}} is no date of the form {pattern}"
    )
    return Column(DATE, parsed.us, null_mask(text)).with_errors(_failed(text, parsed.bad, "PARSE", said))


def _lists(text: Any, type_: Type) -> Column:
    """Return lists written as JSON."""
    wanted = arrow_type(type_)
    values: list[Any] = []
    bad = np.zeros(len(text), np.bool_)
    for row, cell in enumerate(text.to_pylist()):
        value = None
        if cell is not None:
            value = _list_of_json(cell, wanted)
            bad[row] = value is None
        values.append(value)
    column = Column(type_, pa.array(values, wanted))
    return column.with_errors(_failed(text, bad, "PARSE", f"{{0}} is no {type_} written as JSON"))


def _list_of_json(cell: str, wanted: Any) -> list[Any] | None:
    try:
        value = json.loads(cell)
        if isinstance(value, list):
            pa.array([value], wanted)
            return value
    except (ValueError, pa.ArrowInvalid, pa.ArrowTypeError, RecursionError):
        return None
    return None
