"""Numbers as text: FIXED, DOLLAR, FORMATNUMBER."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Any

import numpy as np

from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.text_support import CellError, map_rows

CATEGORY = "text"
OPENFORMULA = "OASIS OpenFormula 1.2, section 6.20 (text functions)"

#: Wide enough for any double with 127 decimals.
_EXACT = Context(prec=500, rounding=ROUND_HALF_UP)


def rounded(x: float, decimals: int) -> Decimal:
    """Return a number rounded half away from zero, by the decimal digits that it shows (2.675 → 2.68)."""
    return Decimal(repr(x)).quantize(Decimal(1).scaleb(-decimals, _EXACT), context=_EXACT)


def fixed_text(x: float, decimals: int, grouped: bool) -> str:
    """Return a number with a fixed number of decimals; negative ones round before the point."""
    number = rounded(x, decimals)
    if number == 0:
        number = abs(number)  # no "-0.00"
    return f"{number:{',' if grouped else ''}.{max(decimals, 0)}f}"


def _checked_decimals(decimals: int) -> int:
    if not -308 <= decimals <= 127:
        raise CellError("VALUE", "the number of decimals {1} is outside -308 … 127")
    return decimals


@function(
    "FIXED(x:float; [decimals:whole=2]; [no_commas:bool=false]) -> str",
    category=CATEGORY,
    summary="A number as text with a fixed number of decimals and commas between thousands.",
    examples=[
        Example("FIXED(1234.567)", "1,234.57"),
        Example("FIXED(1234.567;1;true)", "1234.6"),
        Example("FIXED(1234.567;-2)", "1,200"),
        Example("FIXED(2.675)", "2.68"),
        Example("FIXED(1;200)", Failure("VALUE")),
        Example("FIXED(null)", None),
    ],
    notes="Rounds half away from zero, by the decimal digits that the number shows.",
    source=OPENFORMULA,
)
def fixed(x: Any, decimals: Any, no_commas: Any, ctx: Call) -> Any:
    return map_rows(
        ctx, lambda v, d, n: _finite(v, lambda: fixed_text(v, _checked_decimals(d), not n)), x, decimals, no_commas
    )


def _finite(x: float, make: Any) -> str | None:
    """Return ``make()``, or None for what stands in null rows: no number or an infinite one."""
    return None if x - x != 0 else make()


def _dollar(x: float, decimals: int) -> str:
    text = fixed_text(x, _checked_decimals(decimals), True)
    return f"-${text[1:]}" if text.startswith("-") else f"${text}"


@function(
    "DOLLAR(x:float; [decimals:whole=2]) -> str",
    category=CATEGORY,
    summary="A number as an amount of dollars.",
    examples=[
        Example("DOLLAR(1234.5)", "$1,234.50"),
        Example("DOLLAR(-3.456;1)", "-$3.5"),
        Example("DOLLAR(null)", None),
    ],
    notes="Rounds half away from zero.",
    source=OPENFORMULA,
)
def dollar(x: Any, decimals: Any, ctx: Call) -> Any:
    return map_rows(ctx, lambda v, d: _finite(v, lambda: _dollar(v, d)), x, decimals)


@dataclass(frozen=True, slots=True)
class NumberPattern:
    """A number pattern such as ``#,##0.00 "km"``: digits before and behind the point, and what surrounds them."""

    prefix: str
    suffix: str
    grouped: bool
    whole_digits: int
    least: int
    most: int
    shift: int  #: powers of ten: 2 for per cent, 3 for per mille
    exponent: int  #: least digits of the exponent, 0 without one
    signed: bool  #: the exponent has its plus sign
    negative: tuple[str, str] | None  #: prefix and suffix of negative numbers

    def text(self, x: float) -> str:
        """Return the number as the pattern writes it."""
        number = Decimal(repr(x)).scaleb(self.shift, _EXACT)
        power = 0
        if self.exponent:
            number, power = _scientific(number, max(self.whole_digits, 1), self.most)
        number = number.quantize(Decimal(1).scaleb(-self.most), context=_EXACT)
        digits = f"{abs(number):{',' if self.grouped else ''}.{self.most}f}"
        before, _, behind = digits.partition(".")
        behind = behind[: self.least] + behind[self.least :].rstrip("0")
        body = self._filled(before) + ("." + behind if behind else "")
        if self.exponent:
            sign = "-" if power < 0 else "+" if self.signed else ""
            body += f"E{sign}{abs(power):0{self.exponent}d}"
        if number < 0:
            before, behind = self.negative or ("-" + self.prefix, self.suffix)
            return before + body + behind
        return self.prefix + body + self.suffix

    def _filled(self, before: str) -> str:
        if before == "0" and self.whole_digits == 0 and self.least:
            return ""
        digits = before.replace(",", "").zfill(self.whole_digits)
        return f"{int(digits):0{_grouped_width(len(digits))},d}" if self.grouped else digits


def _grouped_width(digits: int) -> int:
    return digits + (digits - 1) // 3


def _scientific(number: Decimal, whole_digits: int, most: int) -> tuple[Decimal, int]:
    """Return mantissa and power of ten, so that the mantissa has ``whole_digits`` before the point."""
    if number == 0:
        return number, 0
    power = number.adjusted() - (whole_digits - 1)
    mantissa = number.scaleb(-power, _EXACT).quantize(Decimal(1).scaleb(-most), context=_EXACT)
    if mantissa.adjusted() >= whole_digits:  # 9.99 rounded up to 10.0
        return mantissa.scaleb(-1, _EXACT), power + 1
    return mantissa, power


_QUOTED = r"""(?:"[^"]*"|'[^']*'|\\.|[^0#.,;"'\\])"""
_SECTION = re.compile(rf"({_QUOTED}*?)([#0,]*)(?:\.([0#]*))?(?:E([+]?)(0+))?({_QUOTED}*)", re.DOTALL)


@lru_cache(maxsize=256)
def number_pattern(pattern: str) -> NumberPattern:
    """Read a number pattern.

    Args:
        pattern: ``0`` and ``#`` are digits (needed, optional), ``,`` among them groups thousands, ``.`` the
            point, ``%`` and ``‰`` scale, ``E0`` or ``E+00`` an exponent; text around may stand in quotes; what
            stands behind ``;`` surrounds negative numbers.

    Raises:
        ValueError: it is no such pattern.
    """
    first, _, second = pattern.partition(";")
    match = _SECTION.fullmatch(first)
    if match is None or not (match[2] + (match[3] or "")).strip(","):
        raise ValueError(f'"{pattern}" is no number pattern: it needs digits 0 or #, as in "#,##0.00"')
    prefix, before, behind, plus, exponent, suffix = (part or "" for part in match.groups())
    digits = before.replace(",", "")
    if "#" in digits.lstrip("#") or "0" in behind.lstrip("0"):
        raise ValueError(f'"{pattern}" is no number pattern: a # stands outside the zeros, as in "#,##0.0#"')
    if len(digits) + len(behind) > 127:
        raise ValueError("a number pattern has at most 127 digits")
    shift = 2 if "%" in _bare(prefix + suffix) else 3 if "‰" in _bare(prefix + suffix) else 0
    negative = None
    if second:
        other = _SECTION.fullmatch(second)
        if other is None:
            raise ValueError(f'"{second}" is no number pattern')
        negative = (_unquoted(other[1]), _unquoted(other[6] or ""))
    return NumberPattern(
        _unquoted(prefix),
        _unquoted(suffix),
        "," in before,
        digits.count("0"),
        behind.count("0"),
        len(behind),
        shift,
        len(exponent),
        plus == "+",
        negative,
    )


def _bare(text: str) -> str:
    return re.sub(r"""\"[^"]*"|'[^']*'|\\.""", "", text)


def _unquoted(text: str) -> str:
    return re.sub(r"""\"([^"]*)"|'([^']*)'|\\(.)""", lambda m: m[1] or m[2] or m[3] or "", text)


def _with_pattern(x: float, pattern: str) -> str:
    try:
        return number_pattern(pattern).text(x)
    except ValueError:
        raise CellError("VALUE", "FORMATNUMBER: {1} is no number pattern") from None


@function(
    "FORMATNUMBER(x:float; pattern:str) -> str",
    category=CATEGORY,
    summary="A number as text by a pattern of digits.",
    examples=[
        Example('FORMATNUMBER(1234.5;"#,##0.00")', "1,234.50"),
        Example('FORMATNUMBER(0.256;"0.#%")', "25.6%"),
        Example('FORMATNUMBER(7;"000")', "007"),
        Example('FORMATNUMBER(-5;"0 km;(0 km)")', "(5 km)"),
        Example('FORMATNUMBER(12345;"0.00E+00")', "1.23E+04"),
        Example('FORMATNUMBER(null;"0")', None),
    ],
    notes="0 is a digit that is always shown, # one that is shown where needed, a comma among them groups "
    "thousands, % and ‰ scale the number, E+00 gives an exponent, the part behind ; serves negative numbers. "
    "Rounds half away from zero.",
    error_note="A constant that is no pattern is refused; in a row it is an error VALUE.",
    prepare={"pattern": number_pattern},
)
def format_number(x: Any, pattern: Any, ctx: Call) -> Any:
    if isinstance(pattern, NumberPattern):
        return map_rows(ctx, lambda v: _finite(v, lambda: pattern.text(v)), np.broadcast_to(x, (ctx.rows,)))
    return map_rows(ctx, lambda v, p: _finite(v, lambda: _with_pattern(v, p)), x, pattern)
