"""The type of a column of text, told from the whole of it, never from a prefix.

Candidates in order: integer, biginteger, float, boolean, date (ISO 8601), string. A type is taken when every
cell that is not null reads as it without loss: ``007`` and ``+49 30`` stay text. A column without any value
has no type yet (null), which fits wherever a type is asked for.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow.compute as arrow_compute

from sheetline.functions.arrow import ColumnNotes
from sheetline.functions.buffers import arrow_array, null_mask
from sheetline.functions.columns import Array, Column
from sheetline.functions.dates.parse import parse_dates
from sheetline.functions.types import BIGINTEGER, BOOLEAN, DATE, NULL, STRING
from sheetline.workbook.io import typed
from sheetline.workbook.io.typed import Style

pc: Any = arrow_compute  # its stubs know fewer overloads than it has
_SAMPLE_BYTES: Final = 1 << 16
_SAMPLE_ROWS: Final = 4_096
_BLANKS: Final = b" \t\n\r\x0b\x0c\xc2\xa0"
_NUMBER: Final = b"0123456789+-.eEnaNAiIfFtTyY" + _BLANKS
_BOOLEAN: Final = b"truefalseTRUEFALSE" + _BLANKS
_DATE: Final = b"0123456789-:.,TtZz+" + _BLANKS
_LONGEST_DATE: Final = 64


def infer(text: Any, style: Style, notes: ColumnNotes) -> Column:
    """Return a text array as a column of the type that all its values have."""
    if text.null_count == len(text):
        return Column.nulls_of(NULL, len(text))
    data, starts = typed.value_bytes(text)
    low, high = int(starts[0]), int(starts[-1])
    ends = (data[low : min(high, low + _SAMPLE_BYTES)], data[max(low, high - _SAMPLE_BYTES) : high])
    found = np.bincount(np.concatenate(ends), minlength=256) > 0  # bytes at both ends rule most types out
    marks = (style.decimal + (style.thousands or "")).encode()
    if _within(found, _NUMBER + marks) and (column := _number(text, style, notes)) is not None:
        return column
    if _within(found, _BOOLEAN) and (column := _boolean(text, style, notes)) is not None:
        return column
    if _within(found, _DATE) and (column := _date(text, starts, style, notes)) is not None:
        return column
    return Column(STRING, coded(text))


def _within(found: Array, allowed: bytes) -> bool:
    table = np.zeros(256, np.bool_)
    table[np.frombuffer(allowed, np.uint8)] = True
    return not (found & ~table).any()


def _number(text: Any, style: Style, notes: ColumnNotes) -> Column | None:
    found = typed.signs(text)
    marks = (style.decimal + (style.thousands or "")).encode()
    if not typed.holds(found, "0123456789") or not _within(found, _NUMBER + marks):
        return None  # "nan" and "inf" alone are words
    trimmed = typed.trim(text, style, found)
    plain, odd = typed.plain_numbers(trimmed, style, found)
    if odd is not None or (typed.holds(found, "+") and _any(plain, r"^\+")) or _zero_led(plain):
        return None
    point = style.decimal + ("." if style.thousands != "." else "")
    if not typed.holds(found, point + "eEnNiI"):
        column = typed.cast_integers(plain)
        if column is not None:
            return column
        if _all(plain, r"^-?[0-9]+$"):
            return typed.read_as(trimmed, BIGINTEGER, style, None, notes)
        return None
    data = typed.cast_floats(plain)
    return None if data is None else typed.floats(trimmed, plain, None, notes, data)


def _zero_led(plain: Any) -> bool:
    """Whether any row begins with 0 (behind a sign) and another digit."""
    data, starts = typed.value_bytes(plain)
    if not len(data):
        return False
    padded = np.append(data[: starts[-1]], np.zeros(3, np.uint8))
    first = starts[:-1] + (padded[starts[:-1]] == ord("-"))
    inside = first + 1 < starts[1:]
    digit = padded[first + 1] - np.uint8(48) <= 9
    return bool(((padded[first] == ord("0")) & digit & inside).any())


def _any(text: Any, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(text, pattern)).as_py())


def _all(text: Any, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(text, pattern)).as_py())


def _boolean(text: Any, style: Style, notes: ColumnNotes) -> Column | None:
    trimmed = typed.trim(text, style, typed.signs(text))
    longest = pc.max(pc.binary_length(trimmed)).as_py()
    if longest is None or longest > 5:
        return None
    words = pc.utf8_lower(pc.unique(trimmed).drop_null()).to_pylist()
    if not set(words) <= {"true", "false"}:
        return None
    return typed.read_as(trimmed, BOOLEAN, style, None, notes)


def infer_date(text: Any, style: Style, notes: ColumnNotes) -> Column | None:
    """Return a text array as dates where every value is one of ISO 8601, or None."""
    _, starts = typed.value_bytes(text)
    if text.null_count == len(text) or not _within(typed.signs(text), _DATE):
        return None
    return _date(text, starts, style, notes)


def _date(text: Any, starts: Array, style: Style, notes: ColumnNotes) -> Column | None:
    if int(np.diff(starts).max()) > _LONGEST_DATE:
        return None
    trimmed = typed.trim(text, style, typed.signs(text))
    if trimmed.null_count == len(trimmed) or parse_dates(trimmed[:1_000], None, style.zone).bad.any():
        return None
    parsed = parse_dates(trimmed, None, style.zone)
    if parsed.bad.any():
        return None
    notes.cut += parsed.cut
    return Column(DATE, parsed.us, null_mask(trimmed))


def coded(text: Any) -> Any:
    """Return text as codes and a dictionary where a sample shows that the same words come again and again."""
    rows = len(text)
    if rows < 2 * _SAMPLE_ROWS:
        return text
    picked = np.linspace(0, rows - 1, _SAMPLE_ROWS).astype(np.int64)
    sample = text.take(arrow_array(picked))
    if pc.count_distinct(sample).as_py() > _SAMPLE_ROWS // 4:
        return text
    words = text.dictionary_encode()
    return words if len(words.dictionary) <= rows // 4 else text
