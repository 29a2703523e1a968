"""Spreadsheet formats: ``0.00``, ``#,##0``, ``0%``, ``0.00E+00``, sections ``pos;neg;zero;text``, ``yyyy-mm-dd``.

A format is compiled once. Numbers are rounded half away from zero by their decimal digits (2.675 to 2.68, as
spreadsheets show it) and written by whole-column arithmetic; only exact numbers, exponents and magnitudes
beyond 2^51 are written one by one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sheetline.functions.columns import Column
from sheetline.functions.context import Call
from sheetline.functions.dates.format import format_dates
from sheetline.functions.errors import Ints, Mask
from sheetline.functions.text_support import TEXT, kernels, to_text
from sheetline.functions.types import Kind

_EXACT = 2.0**51  # below it twice a number, plus one, is exact
_MOST_DIGITS = 100  # digits and places that a format may ask for
_VECTOR_PLACES = 15


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a number format.

    Attributes:
        before, after: text around the number.
        whole: least digits before the point. least, most: digits behind it.
        point: whether a point is shown. grouped: commas between thousands.
        shift: power of ten that the number is multiplied with (percent 2, a trailing comma -3).
        exponent: least digits of the exponent, 0 for none. plus: whether a positive exponent shows its sign.
        number: whether the section shows the number at all.
        verbatim: the section shows the value as it is (``@``, ``General``).
    """

    before: str = ""
    after: str = ""
    whole: int = 0
    least: int = 0
    most: int = 0
    point: bool = False
    grouped: bool = False
    shift: int = 0
    exponent: int = 0
    plus: bool = True
    number: bool = True
    verbatim: bool = False

    def write_one(self, value: Decimal) -> str:
        """Return the text of one number that is not negative."""
        if not self.number:
            return self.before + self.after
        with localcontext() as context:
            context.prec = 10_000
            scaled = value.scaleb(self.shift)
            power = 0
            if self.exponent and scaled:
                power = scaled.adjusted() - max(self.whole - 1, 0)
                scaled = _rounded(scaled.scaleb(-power), self.most)
                if scaled.adjusted() > max(self.whole - 1, 0):  # 9.99 became 10.0
                    scaled, power = scaled.scaleb(-1), power + 1
            digits = f"{_rounded(scaled, self.most):f}"
        front, _, back = digits.partition(".")
        front = front.lstrip("0").rjust(self.whole, "0")
        if self.grouped:
            front = re.sub(r"(?<=\d)(?=(\d{3})+$)", ",", front)
        shown = front + ("." if self.point else "") + back[: self.least] + back[self.least :].rstrip("0")
        if self.exponent:
            sign = "-" if power < 0 else "+" if self.plus else ""
            shown += f"E{sign}{abs(power):0{self.exponent}d}"
        return self.before + shown + self.after

    def write(self, values: npt.NDArray[np.float64] | Ints) -> Any:
        """Return the texts of numbers that are not negative."""
        if not self.number:
            return pa.repeat(pa.scalar(self.before + self.after, TEXT), len(values))
        places = self.most
        if self.exponent or places > _VECTOR_PLACES or self.shift < 0:
            return self._one_by_one(values)
        if values.dtype == np.int64 and places == 0 and self.shift == 0:
            return self._assemble(values.astype(np.int64), 0)
        scaled = np.asarray(values, np.float64) * 10.0 ** (places + self.shift)
        hard = ~(scaled < _EXACT)
        if values.dtype == np.int64:
            hard |= np.asarray(values) > 2**52
        low = np.floor(np.where(hard, 0.0, scaled))
        # x is rounded up when it is at least the float of the decimal half above ``low``: that float comes from
        # one exact division, so a tie is a tie by the decimal digits of x, whatever the product was rounded to
        half = (2.0 * low + 1.0) / (2.0 * 10.0 ** (places + self.shift))
        out = self._assemble((low + (values >= half)).astype(np.int64), places)
        if hard.any():
            out = kernels().replace_with_mask(out, pa.array(hard), self._one_by_one(values[hard]))
        return out

    def _one_by_one(self, values: npt.NDArray[Any]) -> Any:
        distinct, inverse = np.unique(values, return_inverse=True)
        written = [self.write_one(Decimal(repr(value))) for value in distinct.tolist()]
        index: Any = pa.array(inverse.reshape(-1))
        return pa.array(written, TEXT).take(index)

    def _assemble(self, scaled: Ints, places: int) -> Any:
        """Return the texts of integers that are the numbers times ten to the ``places``."""
        pc = kernels()
        unit = 10**places
        front = scaled // unit
        shown = _grouped(front, self.whole) if self.grouped else _padded(front, self.whole)
        parts = [pa.scalar(self.before, TEXT), shown]
        if self.point:
            parts.append(pa.scalar(".", TEXT))
        if places:
            back = _padded(scaled - front * unit, places)
            if self.least < places:
                kept = pc.utf8_slice_codeunits(back, 0, self.least)
                rest = pc.utf8_rtrim(pc.utf8_slice_codeunits(back, self.least), characters="0")
                back = pc.binary_join_element_wise(kept, rest, pa.scalar("", TEXT))
            parts.append(back)
        return pc.binary_join_element_wise(*parts, pa.scalar(self.after, TEXT), pa.scalar("", TEXT))


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _padded(numbers: Ints, width: int) -> Any:
    """Return integers as text of at least ``width`` digits; with width 0, zero is empty text."""
    pc = kernels()
    shown = pa.array(numbers).cast(TEXT)
    if width == 0:
        return pc.if_else(pa.array(numbers == 0), pa.scalar("", TEXT), shown)
    return pc.utf8_lpad(shown, width=width, padding="0") if width > 1 else shown


def _grouped(numbers: Ints, width: int) -> Any:
    """Return integers with commas between thousands, and zeros in front up to ``width`` digits."""
    pc = kernels()
    highest = max(int(numbers.max(initial=0)), 10 ** max(width - 1, 0))
    out = None
    rest = numbers
    while True:
        last = highest < 1000
        left = rest // 1000
        group = rest - left * 1000
        more = left > 0
        full = pc.utf8_lpad(pa.array(group).cast(TEXT), width=3, padding="0")
        first = full if width >= 3 else _padded(group, max(width, 0))
        if not last and more.any():
            first = pc.if_else(pa.array(more), full, first)
        if out is None:
            out = first
        else:
            joined = pc.binary_join_element_wise(first, out, pa.scalar(",", TEXT))
            there = (rest > 0) | (width > 0)
            out = joined if there.all() else pc.if_else(pa.array(there), joined, out)
        if last:
            return out
        rest, highest, width = left, highest // 1000, width - 3


@dataclass(frozen=True, slots=True)
class TextFormat:
    """A compiled format: sections for numbers (and one for text), or a pattern of Joda's letters for dates."""

    source: str
    sections: tuple[Section, ...] = ()
    text: Section | None = None
    pattern: str | None = None

    def write(self, column: Column, ctx: Call, rows: Mask) -> Any:
        """Return the texts of a column; where it does not suit, the call's ``rows`` become errors."""
        kind = column.type.kind
        if kind is Kind.STRING and self.pattern is None:
            return self._write_text(column.plain().data)
        if kind is Kind.DATE and self.pattern is not None:
            return format_dates(column.data, self.pattern, ctx.env.timezone)
        if kind is Kind.DATE or (self.pattern is not None and column.type.is_number):
            ctx.fail(rows, "VALUE", "TEXT: the format {1} does not suit {0}")
            return pa.repeat(pa.scalar("", TEXT), len(column))
        if not column.type.is_number:
            return to_text(column, ctx)
        if self.sections[0].verbatim:
            return to_text(column, ctx)
        null = column.nulls()
        if column.type.is_big:
            written = [self._write_exact(Decimal(value)) for value in column.data.tolist()]
            return pa.array(written, TEXT)
        values = column.data if null is None else np.where(null, 0, column.data)
        return self._write_numbers(values)

    def _write_text(self, texts: Any) -> Any:
        if self.text is None:
            return texts
        before, after, none = (pa.scalar(part, TEXT) for part in (self.text.before, self.text.after, ""))
        if not self.text.verbatim:
            return pa.repeat(pa.scalar(self.text.before + self.text.after, TEXT), len(texts))
        return kernels().binary_join_element_wise(before, texts, after, none)

    def _section(self, sign: int) -> tuple[Section, str]:
        """Return the section for positive (1), negative (-1) and zero (0) numbers, and the sign it needs."""
        count = len(self.sections)
        if sign < 0:
            return (self.sections[1], "") if count > 1 else (self.sections[0], "-")
        return (self.sections[2], "") if sign == 0 and count > 2 else (self.sections[0], "")

    def _write_exact(self, value: Decimal) -> str:
        section, sign = self._section(0 if value == 0 else 1 if value > 0 else -1)
        return sign + section.write_one(abs(value))

    def _write_numbers(self, values: npt.NDArray[Any]) -> Any:
        pc = kernels()
        negative = values < 0
        if values.dtype == np.int64 and values.min(initial=0) == np.iinfo(np.int64).min:
            return pa.array([self._write_exact(Decimal(value)) for value in values.tolist()], TEXT)
        size = np.abs(values)
        section, _ = self._section(1)
        out = section.write(size)
        if negative.any():
            section, sign = self._section(-1)
            written = section.write(size[negative])
            if sign:
                written = pc.binary_join_element_wise(pa.scalar(sign, TEXT), written, pa.scalar("", TEXT))
            out = pc.replace_with_mask(out, pa.array(negative), written)
        if len(self.sections) > 2:
            zero = values == 0
            written = self.sections[2].write(size[zero])
            out = pc.replace_with_mask(out, pa.array(zero), written)
        return out


def write_by_row(column: Column, formats: Any, null: Mask, ctx: Call) -> Any:
    """Return the texts of a column whose rows have formats of their own; ``null`` rows give empty text."""
    coded = formats.dictionary_encode()
    codes = np.asarray(coded.indices.fill_null(-1))
    out = pa.repeat(pa.scalar("", TEXT), len(column))
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
        out = kernels().replace_with_mask(out, pa.array(rows), texts)
    return out


_ITEM = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_(?P<skip>.)|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<general>General|Standard)|(?P<exponent>[eE](?P<plus>[+-])(?P<power>0+))|(?P<ampm>AM/PM|am/pm|A/P|a/p)"
    r"|(?P<date>y+|m+|d+|h+|s+|Y+|M+|D+|H+|S+)|(?P<char>.)",
    re.DOTALL,
)


def compile_format(source: str) -> TextFormat:
    """Read a format.

    Raises:
        ValueError: it can't be read; the sentence says why.
    """
    parts = _sections(source)
    if len(parts) > 4:
        raise ValueError(f'the format "{source}" has more than four sections')
    items = [list(_ITEM.finditer(part)) for part in parts]
    if any(item["date"] or item["ampm"] for item in items[0]):
        if len(parts) > 1:
            raise ValueError(f'the date format "{source}" has more than one section')
        return TextFormat(source, pattern=_date_pattern(items[0], source))
    numbers = tuple(_section(part, source) for part in items[:3])
    text = _section(items[3], source) if len(parts) == 4 else None
    if len(parts) == 1 and numbers[0].verbatim and "@" in source:
        text = numbers[0]
    return TextFormat(source, numbers, text)


def _sections(source: str) -> list[str]:
    """Split at semicolons outside quotes."""
    parts, start = [], 0
    for item in _ITEM.finditer(source):
        if item["char"] == ";":
            parts.append(source[start : item.start()])
            start = item.end()
    return [*parts, source[start:]]


def _literal(item: re.Match[str]) -> str | None:
    """Return the text that an item stands for by itself, or None."""
    if item["skip"]:
        return " "
    if item["fill"] or item["bracket"] is not None:
        if item["bracket"] and re.fullmatch(r"[hms]+|[<>=].*", item["bracket"]):
            raise ValueError(f"[{item['bracket']}] is not known in a format")
        return ""  # colours and fillings have no place in text
    return item["quoted"] if item["quoted"] is not None else item["escaped"]


def _section(items: list[re.Match[str]], source: str) -> Section:
    """Read one section of a number format."""
    before, after, places = "", "", ""
    exponent, plus, shift, verbatim = 0, True, 0, False
    for item in items:
        char, literal = item["char"] or "", _literal(item)
        if char and char in "0#?.,":
            if (after and char in "0#?.") or (exponent and char != ","):
                raise ValueError(f'the format "{source}" has text between its digits')
            if char == "," and (after or not places):
                after, before = (after + char, before) if places else (after, before + char)
            else:
                places += char
            continue
        if item["exponent"]:
            exponent, plus = len(item["power"]), item["plus"] == "+"
            continue
        if char == "@" or item["general"]:
            verbatim = True
            continue
        if item["date"] or item["ampm"]:
            raise ValueError(f'the format "{source}" mixes dates and numbers')
        shift += 2 if char == "%" else 3 if char == "‰" else 0
        shown = literal if literal is not None else char
        before, after = (before, after + shown) if places or verbatim else (before + shown, after)
    return _placed(before, after, places, exponent, plus, shift, verbatim, source)


def _placed(
    before: str, after: str, places: str, exponent: int, plus: bool, shift: int, verbatim: bool, source: str
) -> Section:
    whole, point, fraction = places.partition(".")
    if "." in fraction or len(places) > _MOST_DIGITS:
        raise ValueError(f'the format "{source}" has a second point, or too many digits')
    digits = whole.rstrip(",")
    shift -= 3 * (len(whole) - len(digits))
    behind = fraction.rstrip(",")
    shift -= 3 * (len(fraction) - len(behind))
    least = max((place + 1 for place, char in enumerate(behind) if char in "0?"), default=0)
    bare = digits.replace(",", "")
    first = min((place for place, char in enumerate(bare) if char == "0"), default=len(bare))
    return Section(
        before,
        after,
        len(bare) - first,
        least,
        len(behind.replace(",", "")),
        bool(point),
        "," in digits,
        shift,
        exponent,
        plus,
        bool(places),
        verbatim,
    )


_JODA = {"y": ("yy", "yyyy"), "d": ("d", "dd", "EEE", "EEEE"), "h": ("H", "HH"), "s": ("s", "ss")}
_MONTHS = ("M", "MM", "MMM", "MMMM")


def _date_pattern(items: list[re.Match[str]], source: str) -> str:
    """Return a date format in Joda's letters. ``m`` is a minute behind an hour or before a second."""
    halves = any(item["ampm"] for item in items)
    named = [(place, item["date"][0].lower()) for place, item in enumerate(items) if item["date"]]
    letters = dict(named)
    out: list[str] = []
    literals = ""
    fraction = False
    for place, item in enumerate(items):
        letters_of = ""
        if fraction and item["char"] == "0":
            letters_of = "S"
        elif item["date"]:
            letters_of = _date_letters(item["date"], place, named, halves)
        elif item["ampm"]:
            letters_of = "a"
        fraction = letters_of == "S"
        if letters_of:
            out += [_quoted(literals), letters_of]
            literals = ""
            continue
        literal = _literal(item)
        literals += (item["char"] or item[0]) if literal is None else literal
        fraction = item["char"] == "." and letters.get(place - 1) == "s" and _is_zero(items, place + 1)
    return "".join([*out, _quoted(literals)])


def _quoted(literals: str) -> str:
    return "'" + literals.replace("'", "''") + "'" if literals else ""


def _is_zero(items: list[re.Match[str]], place: int) -> bool:
    return place < len(items) and items[place]["char"] == "0"


def _date_letters(given: str, place: int, named: list[tuple[int, str]], halves: bool) -> str:
    letter, count = given[0].lower(), len(given)
    if letter == "m":
        at = next(i for i, (where, _) in enumerate(named) if where == place)
        minute = (at > 0 and named[at - 1][1] == "h") or (at + 1 < len(named) and named[at + 1][1] == "s")
        if minute and count <= 2:
            return "m" * count
        return _MONTHS[min(count, 4) - 1]
    if letter == "y":
        return _JODA["y"][count > 2]
    forms = _JODA[letter]
    made = forms[min(count, len(forms)) - 1]
    return made.lower() if letter == "h" and halves else made
