"""Number formats that are written sign by sign: text between digits, ``?`` for blanks, and fractions.

A picture is a row of signs: places for digits (``0`` shows a zero, ``?`` a blank and ``#`` nothing where the
number has no digit), the point, and text that is shown as it is. Digits before the point are filled in from the
right, those behind it from the left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

#: What stands in a place of a number without a digit there.
_PADDING = {"0": "0", "?": " ", "#": ""}
#: Precision that keeps every digit of any number a format can ask for.
_PRECISION = 10_000


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign of a picture: a place for a digit (its ``place`` is ``0 ? #``), or text."""

    place: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """The signs before the point and behind it.

    Attributes:
        grouped: commas stand between thousands.
        shift: power of ten that the number is multiplied with.
    """

    front: tuple[Sign, ...]
    back: tuple[Sign, ...]
    point: bool
    grouped: bool
    shift: int

    def write(self, value: Decimal) -> str:
        """Return the text of a number that is not negative."""
        places = sum(1 for sign in self.back if sign.place)
        with localcontext() as context:
            context.prec = _PRECISION
            digits = f"{value.scaleb(self.shift).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"
        whole, _, behind = digits.partition(".")
        front = filled(self.front, whole.lstrip("0"), self.grouped)
        return front + ("." if self.point else "") + _behind(self.back, behind)


def filled(signs: Sequence[Sign], digits: str, grouped: bool = False) -> str:
    """Return a row of signs with digits filled in from the right; the first place takes all that are left."""
    out: list[str] = []
    left = digits
    first = next((number for number, sign in enumerate(signs) if sign.place), -1)
    count = 0

    def put(digit: str, padded: bool) -> None:
        nonlocal count
        if grouped and count and count % 3 == 0 and digit:
            out.append(" " if padded and digit == " " else ",")
        out.append(digit)
        count += 1 if digit else 0

    for number in range(len(signs) - 1, -1, -1):
        sign = signs[number]
        if not sign.place:
            out.append(sign.text[::-1])
            continue
        if left:
            put(left[-1], False)
            left = left[:-1]
        else:
            put(_PADDING[sign.place], True)
        if number == first:
            while left:
                put(left[-1], False)
                left = left[:-1]
    return "".join(reversed(out))


def _behind(signs: Sequence[Sign], digits: str) -> str:
    kept = len(digits.rstrip("0"))
    out, at = [], 0
    for sign in signs:
        if not sign.place:
            out.append(sign.text)
            continue
        out.append(digits[at] if at < kept else _PADDING[sign.place])
        at += 1
    return "".join(out)


@dataclass(frozen=True, slots=True)
class Quotient:
    """A format of vulgar fractions, such as ``# ?/?`` or ``0 ??/16``.

    Attributes:
        whole: the signs of the whole number, with the text behind it; without a place the fraction is improper.
        above, below: the signs of numerator and denominator.
        fixed: the denominator that is given, or 0.
    """

    whole: tuple[Sign, ...]
    above: tuple[Sign, ...]
    below: tuple[Sign, ...]
    fixed: int
    shift: int

    def write(self, value: Decimal) -> str:
        """Return the text of a number that is not negative."""
        number = Fraction(value) * Fraction(10) ** self.shift
        apart = any(sign.place for sign in self.whole)
        count = number.numerator // number.denominator if apart else 0
        rest = number - count
        below = self.fixed
        if below:
            above = int(rest * below + Fraction(1, 2))
        else:
            near = rest.limit_denominator(10 ** sum(1 for sign in self.below if sign.place) - 1)
            above, below = near.numerator, near.denominator
        if apart and above == below:
            count, above = count + 1, 0
        front = filled(self.whole, str(count) if count else "")
        shown = self._above(above) + "/" + (str(below) if self.fixed else self._below(below))
        if apart and above == 0 and not any(sign.place == "0" for sign in self.above):
            if not count and not any(sign.place == "0" for sign in self.whole):
                front = "0" + "".join(sign.text for sign in self.whole)
            shown = " " * len(shown)
        return front + shown

    def _above(self, number: int) -> str:
        return filled(self.above, str(number)) if number or not self.whole else filled(self.above, "0")

    def _below(self, number: int) -> str:
        width = sum(1 for sign in self.below if sign.place)
        if any(sign.place == "0" for sign in self.below):
            return str(number).rjust(width, "0")
        return str(number).ljust(width if any(sign.place == "?" for sign in self.below) else 0)
