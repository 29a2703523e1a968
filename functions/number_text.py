"""Spreadsheet formats: ``0.00``, ``#,##0``, ``0%``, ``0.00E+00``, ``# ?/?``, sections ``pos;neg;zero;text``, dates.

A format is compiled once: into sections for numbers and text, or into the pieces of a date format. Sections may
have conditions (``[>=1000]0,"K";0``); without them the first is for numbers that no other takes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sheetline.functions.buffers import arrow_array, filled, text_scalar
from sheetline.functions.columns import Column
from sheetline.functions.context import Call
from sheetline.functions.errors import Mask
from sheetline.functions.number_reading import read_floats
from sheetline.functions.number_sections import ITEM, Section, read_section
from sheetline.functions.number_times import TimeFormat, is_elapsed, read_times
from sheetline.functions.text_support import TEXT, kernels, to_text
from sheetline.functions.types import Kind
from sheetline.functions.value_reading import read_rest

_COMPARE: Final[dict[str, Callable[[Any, float], Any]]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "=": np.equal,
    "<>": np.not_equal,
}


@dataclass(frozen=True, slots=True)
class TextFormat:
    """A compiled format: sections for numbers (and one for text), or a format of dates and times."""

    source: str
    sections: tuple[Section, ...] = ()
    text: Section | None = None
    times: TimeFormat | None = None

    def write(self, column: Column, ctx: Call, rows: Mask) -> Any:
        """Return the texts of a column; where it does not suit, the call's ``rows`` become errors."""
        kind = column.type.kind
        if kind is Kind.STRING:
            return self._write_text(column.plain().data)
        if kind is Kind.DATE and self.times is not None:
            return self.times.write(column.data, ctx.env.timezone)
        if self.times is not None and column.type.is_number:
            shown, bad = self.times.write_serial(_floats(column))
            ctx.fail(rows_of(bad, rows), "VALUE", "TEXT: the format {1} does not suit {0}")
            return shown
        if kind is Kind.DATE:
            ctx.fail(rows, "VALUE", "TEXT: the format {1} does not suit {0}")
            return pa.repeat(text_scalar(""), len(column))
        if not column.type.is_number or self.sections[0].verbatim:
            return to_text(column, ctx)
        null = column.nulls()
        if column.type.is_big:
            written = [self._write_exact(Decimal(value)) for value in column.data.tolist()]
            return pa.array(written, TEXT)
        values = column.data if null is None else np.where(null, 0, column.data)
        return self._write_numbers(values)

    def _write_text(self, texts: Any) -> Any:
        """Write texts: one that shows a number, time or date (as VALUE reads it) is that number."""
        out = self._write_words(texts)
        if self.times is None and self.sections[0].verbatim:
            return out
        numbers, bad = read_floats(filled(texts, ""))
        rest, unread = read_rest(texts, bad & np.asarray(texts.is_valid()))
        good = ~(bad & (unread | np.asarray(texts.is_null()))) & np.isfinite(numbers)
        numbers = np.where(bad, rest, numbers)
        if not good.any():
            return out
        if self.times is None:
            return kernels().replace_with_mask(out, arrow_array(good), self._write_numbers(numbers[good]))
        shown, wrong = self.times.write_serial(numbers[good])
        kept = good.copy()
        kept[good] = ~wrong  # a number that is no time stays as it is
        return kernels().replace_with_mask(out, arrow_array(kept), shown.filter(arrow_array(~wrong)))

    def _write_words(self, texts: Any) -> Any:
        if self.text is None:
            return texts
        before, after, none = (text_scalar(part) for part in (self.text.before, self.text.after, ""))
        if not self.text.verbatim:
            return pa.repeat(text_scalar(self.text.before + self.text.after), len(texts))
        return kernels().binary_join_element_wise(before, texts, after, none)

    def _write_exact(self, value: Decimal) -> str:
        for section, mask, signed in self._choices(np.array([float(value)])):
            if mask[0]:
                shown = section.write_one(abs(value))
                return "-" + shown if value < 0 and signed and _shows(section, shown) else shown
        return str(value)

    def _choices(self, values: npt.NDArray[Any]) -> list[tuple[Section, Mask, bool]]:
        """Return the sections with the masks of the numbers that they are for, and whether these keep their sign."""
        sections = self.sections
        free = np.ones(len(values), np.bool_)
        out: list[tuple[Section, Mask, bool]] = []
        if not any(section.condition for section in sections):
            rest = free.copy()
            if len(sections) > 1:
                out.append((sections[1], values < 0, False))
                rest &= ~(values < 0)
            if len(sections) > 2:
                out.append((sections[2], values == 0, False))
                rest &= values != 0
            return [*out, (sections[0], rest, True)]
        for number, section in enumerate(sections):
            last = number == len(sections) - 1
            mask, signed = free, True
            if section.condition is not None:
                compare, bound = section.condition
                mask = free & _COMPARE[compare](values, bound)
                signed = not section.only_negative
            elif not last:
                mask = free & (values < 0 if number else values > 0)
                signed = False
            out.append((section, mask, signed))
            free = free & ~mask
        return out

    def _write_numbers(self, values: npt.NDArray[Any]) -> Any:
        if values.dtype == np.int64 and values.min(initial=0) == np.iinfo(np.int64).min:
            return pa.array([self._write_exact(Decimal(value)) for value in values.tolist()], TEXT)
        size = np.abs(values)
        choices = self._choices(values)
        if len(choices) == 1 and not (values < 0).any():
            return choices[0][0].write(size)
        out: Any = pa.nulls(len(values), TEXT) if len(choices) > 1 else None
        for section, mask, signed in choices:
            if out is not None and not mask.any():
                continue
            written = section.write(size[mask])
            minus = values[mask] < 0
            if signed and minus.any():
                written = _with_minus(section, written, minus, size[mask])
            out = written if out is None else kernels().replace_with_mask(out, arrow_array(mask), written)
        if out.null_count:  # no condition holds: the number as it is
            out = kernels().coalesce(out, pa.array([_plain(value) for value in values.tolist()], TEXT))
        return out


def rows_of(bad: Mask, rows: Mask) -> Mask:
    """Return the mask of a call's rows where the values that stand in ``rows`` are bad."""
    if len(bad) == len(rows):
        return bad & rows
    out = np.zeros(len(rows), np.bool_)
    out[np.flatnonzero(rows)] = bad
    return out


def _floats(column: Column) -> npt.NDArray[np.float64]:
    null = column.nulls()
    values = np.array([float(value) for value in column.data.tolist()]) if column.type.is_big else column.data
    return np.asarray(values if null is None else np.where(null, 0, values), np.float64)


def _plain(value: Any) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _shows(section: Section, shown: str) -> bool:
    """Whether a text shows a number other than zero, or no number at all, so that a minus has something to say."""
    inner = shown[len(section.before) : len(shown) - len(section.after)]
    return not section.number or any(char in "123456789" for char in inner)


def _with_minus(section: Section, written: Any, minus: Mask, size: npt.NDArray[Any]) -> Any:
    """Put a minus before negative numbers, but not before those that were rounded to zero."""
    pc = kernels()
    shift = section.picture.shift if section.picture is not None else section.shift
    small = np.flatnonzero(minus & (size < 10.0**-shift))
    if section.number and len(small):
        inner = written.take(arrow_array(small))
        if section.before or section.after:
            end = -len(section.after) if section.after else None
            inner = pc.utf8_slice_codeunits(inner, len(section.before), end)
        minus = minus.copy()
        minus[small] = np.asarray(pc.match_substring_regex(inner, pattern="[1-9]"))
    signed = pc.binary_join_element_wise(text_scalar("-"), written, text_scalar(""))
    return signed if minus.all() else pc.if_else(arrow_array(minus), signed, written)


def write_by_row(column: Column, formats: Any, null: Mask, ctx: Call) -> Any:
    """Return the texts of a column whose rows have formats of their own; ``null`` rows give empty text."""
    coded = formats.dictionary_encode()
    codes = np.asarray(filled(coded.indices, -1))
    out = pa.repeat(text_scalar(""), len(column))
    for number, source in enumerate(coded.dictionary.to_pylist()):
        rows = (codes == number) & ~null
        if not rows.any():
            continue
        try:
            made = compile_format(source)
        except ValueError:
            ctx.fail(rows, "VALUE", "TEXT: {1} is no format")
            continue
        texts = made.write(column.take(np.flatnonzero(rows)), ctx, rows)
        out = kernels().replace_with_mask(out, arrow_array(rows), texts)
    return out


#: What a format may be at the most; spreadsheets take 255 characters.
MAX_FORMAT = 1000


def compile_format(source: str) -> TextFormat:
    """Read a format.

    Raises:
        ValueError: it can't be read; the sentence says why.
    """
    if len(source) > MAX_FORMAT:
        raise ValueError(f"a format has at most {MAX_FORMAT:,} characters, not {len(source):,}")
    parts = _sections(source)
    if any(item["char"] in ("[", "\\", '"') for part in parts for item in ITEM.finditer(part)):
        raise ValueError(f'the format "{source}" has a bracket, a quote or a backslash without its other half')
    if len(parts) > 4:
        raise ValueError(f'the format "{source}" has more than four sections')
    items = [list(ITEM.finditer(part)) for part in parts]
    if any(item["date"] or item["ampm"] or is_elapsed(item) for item in items[0]):
        if len(parts) > 1:
            raise ValueError(f'the date format "{source}" has more than one section')
        return TextFormat(source, times=read_times(items[0], source))
    numbers = tuple(read_section(part, source) for part in items[:3])
    text = read_section(items[3], source) if len(parts) == 4 else None
    if len(parts) == 1 and numbers[0].verbatim and "@" in source:
        text = numbers[0]
    return TextFormat(source, numbers, text)


def _sections(source: str) -> list[str]:
    """Split at semicolons outside quotes."""
    parts, start = [], 0
    for item in ITEM.finditer(source):
        if item["char"] == ";":
            parts.append(source[start : item.start()])
            start = item.end()
    return [*parts, source[start:]]
