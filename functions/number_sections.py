"""One section of a number format: what it asks for, and numbers written by it.

Numbers are rounded half away from zero by their decimal digits (2.675 to 2.68, as spreadsheets show it) and
written by whole-column arithmetic; only exact numbers, exponents, pictures and magnitudes beyond 2^51 are
written one by one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sheetline.functions.buffers import arrow_array, text_scalar
from sheetline.functions.errors import Ints
from sheetline.functions.number_pictures import Picture, Quotient, Sign
from sheetline.functions.text_support import TEXT, kernels

_EXACT = 2.0**51  # below it twice a number, plus one, is exact
_MOST_DIGITS = 100  # digits and places that a format may ask for
_VECTOR_PLACES = 15
_DIGITS = ("0", "#", "?")  # places for digits


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a number format.

    Attributes:
        before, after: text around the number.
        whole: least digits before the point. least, most: digits behind it.
        point: whether a point is shown. grouped: commas between thousands.
        shift: power of ten that the number is multiplied with (percent 2, a trailing comma -3).
        exponent: least digits of the exponent, 0 for none. plus: whether a positive exponent shows its sign.
        letter: the letter before the exponent. span: places before the point; exponents are multiples of it.
        number: whether the section shows the number at all.
        verbatim: the section shows the value as it is (``@``, ``General``).
        picture: what writes the numbers of formats with text between digits, blanks for digits, or fractions.
        condition: which numbers the section is for, as ``(">=", 1000.0)``.
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
    letter: str = "E"
    span: int = 1
    picture: Picture | Quotient | None = None
    condition: tuple[str, float] | None = None

    @property
    def only_negative(self) -> bool:
        """Whether the condition takes negative numbers alone, which are then written without a sign."""
        return self.condition in (("<", 0.0), ("<=", 0.0))

    def write_one(self, value: Decimal) -> str:
        """Return the text of one number that is not negative."""
        if not self.number:
            return self.before + self.after
        if self.picture is not None:
            return self.before + self.picture.write(value) + self.after
        with localcontext() as context:
            context.prec = 10_000
            scaled = value.scaleb(self.shift)
            power = 0
            if self.exponent and scaled:
                power = scaled.adjusted() // self.span * self.span
                if _rounded(scaled.scaleb(-power), self.most).adjusted() >= self.span:  # 9.99 became 10.0
                    power += self.span
                scaled = scaled.scaleb(-power)
            digits = f"{_rounded(scaled, self.most):f}"
        front, _, back = digits.partition(".")
        front = front.lstrip("0").rjust(self.whole, "0")
        if self.exponent and not front and not back.strip("0"):
            front = "0"
        if self.grouped:
            front = re.sub(r"(?<=\d)(?=(\d{3})+$)", ",", front)
        shown = front + ("." if self.point else "") + back[: self.least] + back[self.least :].rstrip("0")
        if self.exponent:
            sign = "-" if power < 0 else "+" if self.plus else ""
            shown += f"{self.letter}{sign}{abs(power):0{self.exponent}d}"
        return self.before + shown + self.after

    def write(self, values: npt.NDArray[np.float64] | Ints) -> Any:
        """Return the texts of numbers that are not negative."""
        if not self.number:
            return pa.repeat(text_scalar(self.before + self.after), len(values))
        places = self.most
        if self.exponent or self.picture is not None or places > _VECTOR_PLACES or self.shift < 0:
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
            out = kernels().replace_with_mask(out, arrow_array(hard), self._one_by_one(values[hard]))
        return out

    def _one_by_one(self, values: npt.NDArray[Any]) -> Any:
        distinct, inverse = np.unique(values, return_inverse=True)
        written = [self.write_one(Decimal(repr(value))) for value in distinct.tolist()]
        index: Any = arrow_array(inverse.reshape(-1))
        return pa.array(written, TEXT).take(index)

    def _assemble(self, scaled: Ints, places: int) -> Any:
        """Return the texts of integers that are the numbers times ten to the ``places``."""
        pc = kernels()
        unit = 10**places
        front = scaled // unit
        shown = _grouped(front, self.whole) if self.grouped else _padded(front, self.whole)
        parts = [text_scalar(self.before), shown]
        if self.point:
            parts.append(text_scalar("."))
        if places:
            back = _padded(scaled - front * unit, places)
            if self.least < places:
                kept = pc.utf8_slice_codeunits(back, 0, self.least)
                rest = pc.utf8_rtrim(pc.utf8_slice_codeunits(back, self.least), characters="0")
                back = pc.binary_join_element_wise(kept, rest, text_scalar(""))
            parts.append(back)
        return pc.binary_join_element_wise(*parts, text_scalar(self.after), text_scalar(""))


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _padded(numbers: Ints, width: int) -> Any:
    """Return integers as text of at least ``width`` digits; with width 0, zero is empty text."""
    pc = kernels()
    shown = arrow_array(numbers).cast(TEXT)
    if width == 0:
        return pc.if_else(arrow_array(numbers == 0), text_scalar(""), shown)
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
        full = pc.utf8_lpad(arrow_array(group).cast(TEXT), width=3, padding="0")
        first = full if width >= 3 else _padded(group, max(width, 0))
        if not last and more.any():
            first = pc.if_else(arrow_array(more), full, first)
        if out is None:
            out = first
        else:
            joined = pc.binary_join_element_wise(first, out, text_scalar(","))
            there = (rest > 0) | (width > 0)
            out = joined if there.all() else pc.if_else(arrow_array(there), joined, out)
        if last:
            return out
        rest, highest, width = left, highest // 1000, width - 3


#: The pieces of a format: quoted text, escaped signs, brackets, exponents, letters of dates, and single signs.
ITEM = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_(?P<skip>.)|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<general>General|Standard)|(?P<exponent>(?P<letter>[eE])(?P<plus>[+-])(?P<power>0+))"
    r"|(?P<ampm>AM/PM|am/pm|A/P|a/p)"
    r"|(?P<date>y+|m+|d+|h+|s+|Y+|M+|D+|H+|S+)|(?P<char>.)",
    re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|=|<|>)\s*(-?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)")


def literal(item: re.Match[str]) -> str | None:
    """Return the text that an item stands for by itself, or None."""
    if item["skip"]:
        return " "
    bracket = item["bracket"]
    if item["fill"] or bracket is not None:
        if bracket and re.fullmatch(r"[hmsHMS]+|[<>=].*", bracket):
            raise ValueError(f"[{bracket}] is not known in a format")
        # a currency stands in [$€-407]; colours and fillings have no place in text
        return bracket[1:].split("-")[0] if bracket and bracket.startswith("$") else ""
    return item["quoted"] if item["quoted"] is not None else item["escaped"]


class _Reader:
    """Reads the items of one section into its signs."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.signs: list[Sign] = []  # places of digits, "." and "," as places too, and text
        self.exponent, self.plus, self.letter = 0, True, "E"
        self.shift = 0
        self.verbatim = False
        self.tail = ""  # text behind an exponent
        self.condition: tuple[str, float] | None = None

    def take(self, item: re.Match[str]) -> None:
        char = item["char"] or ""
        bracket = item["bracket"]
        found = _CONDITION.fullmatch(bracket) if bracket else None
        if found:
            self.condition = (found[1], float(found[2]))
        elif char and char in "0#?.,":
            if self.exponent and char != ",":
                raise ValueError(f'the format "{self.source}" has digits behind its exponent')
            self.signs.append(Sign(char))
        elif item["exponent"]:
            self.exponent, self.plus, self.letter = len(item["power"]), item["plus"] == "+", item["letter"]
        elif char == "@" or item["general"]:
            self.verbatim = True
        elif item["date"] or item["ampm"]:
            raise ValueError(f'the format "{self.source}" mixes dates and numbers')
        else:
            self.shift += 2 if char == "%" else 3 if char == "‰" else 0
            shown = literal(item)
            text = char if shown is None else shown
            if self.exponent or self.verbatim:
                self.tail += text
            elif text:
                self.signs.append(Sign("", text))


def read_section(items: Sequence[re.Match[str]], source: str) -> Section:
    """Read one section of a number format.

    Raises:
        ValueError: it can't be read; the sentence says why.
    """
    reader = _Reader(source)
    for item in items:
        reader.take(item)
    signs = reader.signs
    places = [at for at, sign in enumerate(signs) if sign.place in _DIGITS or sign.place == "."]
    if not places:
        before = "".join(sign.place + sign.text for sign in signs)
        return Section(before, reader.tail, number=False, verbatim=reader.verbatim, condition=reader.condition)
    if reader.verbatim:
        raise ValueError(f'the format "{source}" has digits beside a whole value')
    first, last = places[0], places[-1]
    while last + 1 < len(signs) and signs[last + 1].place == ",":  # commas behind the digits divide by a thousand
        last += 1
    before = "".join(sign.place + sign.text for sign in signs[:first])
    after = "".join(sign.place + sign.text for sign in signs[last + 1 :]) + reader.tail
    core = signs[first : last + 1]
    if len(core) > _MOST_DIGITS or sum(sign.place == "." for sign in core) > 1:
        raise ValueError(f'the format "{source}" has a second point, or too many digits')
    slash = next((at for at, sign in enumerate(signs) if sign.text.strip() == "/" and first < at), None)
    if slash is not None and not reader.exponent:
        quotient = _quotient(signs, first, slash, reader.shift)
        if quotient is not None:
            made, rest = quotient
            return Section(before, rest + reader.tail, picture=made, condition=reader.condition)
    return _numbers(core, before, after, reader)


def _numbers(core: list[Sign], before: str, after: str, reader: _Reader) -> Section:
    shift = reader.shift
    point = next((at for at, sign in enumerate(core) if sign.place == "."), len(core))
    halves = []
    for half in (core[:point], core[point + 1 :]):
        end = len(half)
        while end and half[end - 1].place == ",":
            end -= 1
        shift -= 3 * (len(half) - end)
        halves.append(half[:end])
    grouped = any(sign.place == "," for sign in halves[0])
    front, back = ([sign for sign in half if sign.place != ","] for half in halves)
    has_point = point < len(core)
    if any(sign.text or sign.place == "?" for sign in (*front, *back)):
        if reader.exponent:
            raise ValueError(f'the format "{reader.source}" has text between its digits')
        picture = Picture(tuple(front), tuple(back), has_point, grouped, shift)
        return Section(before, after, picture=picture, condition=reader.condition)
    least = max((place + 1 for place, sign in enumerate(back) if sign.place == "0"), default=0)
    whole = len(front) - min((place for place, sign in enumerate(front) if sign.place == "0"), default=len(front))
    return Section(
        before,
        after,
        whole,
        least,
        len(back),
        has_point,
        grouped,
        shift,
        reader.exponent,
        reader.plus,
        letter=reader.letter,
        span=max(len(front), 1),
        condition=reader.condition,
    )


def _quotient(signs: list[Sign], first: int, slash: int, shift: int) -> tuple[Quotient, str] | None:
    """Return the fraction around a slash and the text behind it, or None where the slash is only text."""
    start = slash
    while start > first and signs[start - 1].place in _DIGITS:
        start -= 1
    end = slash + 1
    fixed = ""
    if end < len(signs) and signs[end].text[:1] in tuple("123456789"):
        while end < len(signs) and (signs[end].text.isdigit() or signs[end].place == "0"):
            fixed += signs[end].text + signs[end].place
            end += 1
    else:
        while end < len(signs) and signs[end].place in _DIGITS:
            end += 1
    if start == slash or end == slash + 1 or any(sign.place == "." for sign in signs[first:end]):
        return None
    after = "".join(sign.place + sign.text for sign in signs[end:])
    below = () if fixed else tuple(signs[slash + 1 : end])
    whole = tuple(sign for sign in signs[first:start] if sign.place != ",")
    return Quotient(whole, tuple(signs[start:slash]), below, int(fixed or 0), shift), after
