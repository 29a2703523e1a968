"""Slow scalar oracles of the mathematical functions: Python's own arithmetic, one value at a time.

``ORACLES[name](*values)`` gives the value, None, or a :class:`Failure`. Nulls reach an oracle only for the
functions that skip them. Floats agree within a few units of the last place unless ``LOOSE`` says otherwise.
"""

from __future__ import annotations

import math
import operator
import statistics
from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Context, Decimal, localcontext
from fractions import Fraction
from functools import reduce
from typing import Any

import oracles_finance
import oracles_geography

from sheetline.functions.declare import Failure

NUM, DIV0, OVERFLOW, PARSE, RANGE = (Failure(code) for code in ("NUM", "DIV0", "OVERFLOW", "PARSE", "RANGE"))
LOW, HIGH = -(2**63), 2**63 - 1

Oracle = Callable[..., Any]


def fit(value: Any) -> Any:
    """Integers beyond 64 bits and infinite floats are overflows."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if LOW <= value <= HIGH else OVERFLOW
    if isinstance(value, float) and not math.isfinite(value):
        return OVERFLOW if math.isinf(value) else NUM
    return value


def safely(call: Callable[[], Any]) -> Any:
    try:
        return fit(call())
    except OverflowError:
        return OVERFLOW
    except (ValueError, ZeroDivisionError):
        return NUM


def simple(run: Callable[..., Any], bad: Callable[..., bool] | None = None, code: Failure = NUM) -> Oracle:
    def oracle(*args: Any) -> Any:
        return code if bad is not None and bad(*args) else safely(lambda: run(*args))

    return oracle


def skipping(run: Callable[[list[Any]], Any]) -> Oracle:
    """An oracle that leaves out nulls; all numbers are widened to floats where one is a float."""

    def oracle(*args: Any) -> Any:
        values = [arg for arg in args if arg is not None]
        if not values:
            return None
        if any(isinstance(value, float) for value in values):
            values = [float(value) for value in values]
        try:
            return fit(run(values))
        except OverflowError:
            return OVERFLOW

    return oracle


def total(values: list[Any]) -> Any:
    out = values[0]
    for value in values[1:]:
        out = out + value
    return out


def average(values: list[Any]) -> float:
    return float(sum(Fraction(float(v)) for v in values) / len(values))


def variance(values: list[Any], less: int) -> Any:
    if len(values) <= less:
        return DIV0
    exact = [Fraction(float(v)) for v in values]
    mean = sum(exact) / len(exact)
    return sum((v - mean) ** 2 for v in exact) / (len(exact) - less)


def spread(less: int, root: bool) -> Oracle:
    def run(values: list[Any]) -> Any:
        out = variance(values, less)
        if isinstance(out, Failure):
            return out
        return math.sqrt(out) if root else float(out)

    return skipping(run)


def rounding(mode: str) -> Oracle:
    def oracle(x: Any, digits: int = 0) -> Any:
        digits = max(-400, min(digits, 400))  # beyond, nothing more can change
        with localcontext(Context(prec=1500)):
            if isinstance(x, float) and abs(Decimal(repr(x)).scaleb(digits)) >= 2**52:
                return x  # no digit to round
            rounded = Decimal(repr(x)).quantize(Decimal(1).scaleb(-digits), rounding=mode)
            return fit(type(x)(rounded))

    return oracle


def multiple(up: Callable[[Fraction], int]) -> Oracle:
    """Multiples of the decimals as they are written."""

    def oracle(x: Any, unit: Any = None) -> Any:
        if unit is None:
            unit = -1 if x < 0 else 1
        if x == 0 or unit == 0:
            return 0 * (x if unit == 0 else unit)
        if (x < 0) != (unit < 0):
            return NUM
        a, b = Fraction(repr(x)), abs(Fraction(repr(unit)))
        if up is nearest and isinstance(x / unit, float) and not (isinstance(x, int) and isinstance(unit, int)):
            out = nearest(Fraction(x / abs(unit))) * b  # the quotient as it is computed
        else:
            out = up(a / b) * b
        return fit(int(out)) if isinstance(x, int) and isinstance(unit, int) else fit(float(out))

    return oracle


def nearest(x: Fraction) -> int:
    return math.floor(abs(x) + Fraction(1, 2)) * (-1 if x < 0 else 1)


def parity(odd: int) -> Oracle:
    def oracle(x: Any) -> Any:
        size = math.ceil(abs(Fraction(x)))
        size += (size % 2) ^ odd
        if isinstance(x, float):
            return math.copysign(size, x) if abs(x) < 2**53 else x
        return fit(-size if x < 0 else size)

    return oracle


def modulo(x: Any, y: Any) -> Any:
    return DIV0 if y == 0 else fit(x % y)


def quotient(x: Any, y: Any) -> Any:
    if y == 0:
        return DIV0
    if isinstance(x, float) or isinstance(y, float):
        return safely(lambda: math.trunc(float(x) / float(y)))
    return fit(abs(x) // abs(y) * (-1 if (x < 0) != (y < 0) else 1))


def safe_divide(a: Any, b: Any, default: Any = None) -> Any:
    if a is None or b is None:
        return None
    return default if b == 0 else fit(a / b)


def log(x: float, base: float = 10.0) -> Any:
    if x <= 0 or base <= 0:
        return NUM
    return DIV0 if base == 1 else math.log(x) / math.log(base)


def whole(run: Callable[..., Any]) -> Oracle:
    """An oracle on numbers whose fractions are cut off, giving a float."""

    def oracle(*args: Any) -> Any:
        values = [math.trunc(arg) for arg in args]
        if any(value < 0 for value in values) or (len(args) == 1 and args[0] < 0):
            return NUM
        out = run(*values)
        try:
            return out if isinstance(out, Failure) else float(out)
        except OverflowError:
            return OVERFLOW

    return oracle


def multinomial(values: list[Any]) -> Any:
    counts = [math.trunc(value) for value in values]
    if any(count < 0 for count in counts):
        return NUM
    counts = [count for count in counts if count]
    if len(counts) < 2:
        return 1.0
    out = math.factorial(sum(counts))
    for count in counts:
        out //= math.factorial(count)
    return float(out)


def lcm(values: list[int]) -> Any:
    return NUM if any(value < 0 for value in values) else math.lcm(*values)


def gcd(values: list[int]) -> Any:
    return NUM if any(value < 0 for value in values) else math.gcd(*values)


def is_prime(n: int) -> bool:
    return n > 1 and all(n % d for d in range(2, math.isqrt(n) + 1))


def bits(run: Callable[[int, int], int]) -> Oracle:
    return lambda a, b: NUM if a < 0 or b < 0 else run(a, b)


def shift(x: int, by: int) -> Any:
    if x < 0:
        return NUM
    if by <= 0:
        return x >> min(-by, 64)
    return 0 if x == 0 else fit(x << min(by, 70))


def base(x: int, radix: int, least: int = 0) -> Any:
    if x < 0 or not 2 <= radix <= 36 or not 0 <= least <= 255:
        return NUM
    out = ""
    while x or not out:
        x, digit = divmod(x, radix)
        out = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + out
    return out.rjust(least, "0")


def from_base(radix: int) -> Oracle:
    def oracle(text: Any) -> Any:
        word = str(text).strip()
        if any(char.lower() not in "0123456789abcdef"[:radix] for char in word):
            return PARSE
        value = int(word, radix) if word else 0
        if len(word.lstrip("0")) > 10 or value >= radix**10 or len(word) > 10:
            return OVERFLOW
        return value - radix**10 if value >= radix**10 // 2 else value

    return oracle


def to_base(radix: int) -> Oracle:
    def oracle(x: int, places: int | None = None) -> Any:
        span = radix**10
        if not -span // 2 <= x < span // 2 or (places is not None and not 1 <= places <= 10):
            return NUM
        word = base(x % span, radix)
        if x >= 0 and places is not None and len(word) > places:
            return NUM
        return word.rjust(places or 0, "0")

    return oracle


def roman(x: int) -> Any:
    if not 0 <= x <= 3999:
        return NUM
    out = ""
    for digit, (one, five, ten) in zip(f"{x:04d}", map(tuple, ("M  ", "CDM", "XLC", "IVX")), strict=True):
        n = int(digit)
        out += one + ten if n == 9 else one + five if n == 4 else five * (n // 5) + one * (n % 5)
    return out


def haversine(
    lat1: float, lon1: float, lat2: float, lon2: float, unit: str = "km", radius_km: float = 6366.70702
) -> Any:
    """By vectors: the angle from cross and dot product (exact near 0 and near the antipodes)."""
    if max(abs(lat1), abs(lat2)) > 90 or max(abs(lon1), abs(lon2)) > 180:
        return RANGE
    p, q, turn = math.radians(lat1), math.radians(lat2), math.radians(lon2 - lon1)
    rise = math.radians(lat2 - lat1)
    hav = math.sin(rise / 2) ** 2 + math.cos(p) * math.cos(q) * math.sin(turn / 2) ** 2
    mean = math.radians(lat1 + lat2) / 2
    rest = math.sin(mean) ** 2 + math.cos(p) * math.cos(q) * math.cos(turn / 2) ** 2
    angle = 2 * math.atan2(math.sqrt(hav), math.sqrt(rest))
    return angle * radius_km / {"km": 1.0, "mi": 1.609344, "m": 0.001, "ft": 0.0003048, "nmi": 1.852}[unit]


def bearing(lat1: float, lon1: float, lat2: float, lon2: float) -> Any:
    if max(abs(lat1), abs(lat2)) > 90 or max(abs(lon1), abs(lon2)) > 180:
        return RANGE
    p, q, turn = math.radians(lat1), math.radians(lat2), math.radians(lon2 - lon1)
    east = math.sin(turn) * math.cos(q)
    north = math.cos(p) * math.sin(q) - math.sin(p) * math.cos(q) * math.cos(turn)
    return math.degrees(math.atan2(east, north)) % 360.0


ORACLES: dict[str, Oracle] = {
    "ABS": simple(abs),
    "SIGN": simple(lambda x: (x > 0) - (x < 0)),
    "SUM": skipping(total),
    "PRODUCT": skipping(lambda v: reduce(lambda a, b: a * b, v)),
    "SUMSQ": skipping(lambda v: total([x * x for x in v])),
    "AVERAGE": skipping(average),
    "AVEDEV": skipping(lambda v: average([abs(x - average(v)) for x in v])),
    "MEDIAN": skipping(lambda v: float(statistics.median(map(float, v)))),
    "COUNT": lambda *v: sum(x is not None for x in v),
    "MAX": skipping(max),
    "MIN": skipping(min),
    "STDEVS": spread(1, True),
    "STDEVP": spread(0, True),
    "VARS": spread(1, False),
    "VARP": spread(0, False),
    "CLAMP": simple(lambda x, lo, hi: max(lo, min(hi, x)), lambda x, lo, hi: lo > hi),
    "MOD": modulo,
    "QUOTIENT": quotient,
    "PERCENTAGE": simple(lambda a, b: a / b * 100.0, lambda a, b: b == 0, DIV0),
    "SAFEDIVIDE": safe_divide,
    "FRACTION": simple(lambda x: x - math.trunc(x)),
    "RESCALE": simple(lambda x, a, b, c, d: c + (x - a) * (d - c) / (b - a), lambda x, a, b, c, d: a == b, DIV0),
    "ROUND": rounding(ROUND_HALF_UP),
    "ROUNDDOWN": rounding(ROUND_DOWN),
    "TRUNC": rounding(ROUND_DOWN),
    "ROUNDUP": rounding(ROUND_UP),
    "ROUNDHALFEVEN": rounding(ROUND_HALF_EVEN),
    "CEILING": multiple(math.ceil),
    "FLOOR": multiple(math.floor),
    "MROUND": multiple(nearest),
    "EVEN": parity(0),
    "ODD": parity(1),
    "EXP": simple(math.exp),
    "EXPM1": simple(math.expm1),
    "LN": simple(math.log),
    "LN1P": simple(math.log1p),
    "LOG10": simple(math.log10),
    "LOG2": simple(math.log2),
    "LOG": log,
    "LOGISTIC": simple(lambda x: 1 / (1 + math.exp(-x)) if x > -700 else math.exp(x)),
    "LOGIT": simple(lambda p: math.log(p) - math.log1p(-p), lambda p: not 0 < p < 1),
    "SQRT": simple(math.sqrt),
    "SQRTPI": simple(lambda x: math.sqrt(x * math.pi)),
    "CBRT": simple(lambda x: math.copysign(abs(x) ** (1 / 3), x)),
    "HYPOT": simple(math.hypot),
    "GAMMA": simple(math.gamma),
    "GAMMALN": simple(math.lgamma, lambda x: x <= 0),
    "ERF": simple(math.erf),
    "ERFC": simple(math.erfc),
    "FACT": whole(lambda n: math.factorial(n) if n < 171 else OVERFLOW),
    "FACTDOUBLE": whole(lambda n: math.prod(range(n, 0, -2)) if n < 301 else OVERFLOW),
    "COMBIN": whole(lambda n, k: math.comb(n, k) if k <= n else NUM),
    "COMBINA": whole(lambda n, k: math.comb(n + k - 1, k) if n else int(k == 0)),
    "PERMUT": whole(lambda n, k: math.perm(n, k) if k <= n else NUM),
    "MULTINOMIAL": skipping(multinomial),
    "GCD": skipping(gcd),
    "LCM": skipping(lcm),
    "ISPRIME": is_prime,
    "BITAND": bits(operator.and_),
    "BITOR": bits(operator.or_),
    "BITXOR": bits(operator.xor),
    "BITNOT": lambda x: ~x,
    "BITCOUNT": lambda x: (x % 2**64).bit_count(),
    "BITLSHIFT": shift,
    "BITRSHIFT": lambda x, by: shift(x, -by),
    "BASE": base,
    "BIN2DEC": from_base(2),
    "OCT2DEC": from_base(8),
    "HEX2DEC": from_base(16),
    "DEC2BIN": to_base(2),
    "DEC2OCT": to_base(8),
    "DEC2HEX": to_base(16),
    "ROMAN": roman,
    "SIN": simple(math.sin),
    "COS": simple(math.cos),
    "TAN": simple(math.tan),
    "COT": simple(lambda x: 1 / math.tan(x), lambda x: x == 0, DIV0),
    "SEC": simple(lambda x: 1 / math.cos(x)),
    "CSC": simple(lambda x: 1 / math.sin(x), lambda x: x == 0, DIV0),
    "ASIN": simple(math.asin),
    "ACOS": simple(math.acos),
    "ATAN": simple(math.atan),
    "ACOT": simple(lambda x: math.atan2(1, x)),
    "ATAN2": simple(lambda x, y: math.atan2(y + 0.0, x + 0.0), lambda x, y: x == 0 and y == 0, DIV0),
    "SINH": simple(math.sinh),
    "COSH": simple(math.cosh),
    "TANH": simple(math.tanh),
    "COTH": simple(lambda x: 1 / math.tanh(x), lambda x: x == 0, DIV0),
    "SECH": simple(lambda x: 1 / math.cosh(x) if abs(x) < 700 else 2 * math.exp(-abs(x))),
    "CSCH": simple(
        lambda x: 1 / math.sinh(x) if abs(x) < 700 else math.copysign(2 * math.exp(-abs(x)), x),
        lambda x: x == 0,
        DIV0,
    ),
    "ASINH": simple(math.asinh),
    "ACOSH": simple(math.acosh),
    "ATANH": simple(math.atanh),
    "ACOTH": simple(lambda x: math.atanh(1 / x), lambda x: abs(x) <= 1),
    "DEGREES": simple(lambda x: x * (180 / math.pi)),
    "RADIANS": simple(lambda x: x * (math.pi / 180)),
    "FISHER": simple(math.atanh),
    "FISHERINV": simple(math.tanh),
    "HAVERSINE": haversine,
    "BEARING": bearing,
}

#: Relative tolerance of floats, where it is not 1e-13, because oracle or function lose digits by nature.
LOOSE: dict[str, float] = {
    "GAMMA": 1e-11,
    "GAMMALN": 1e-10,
    "COMBIN": 1e-11,
    "COMBINA": 1e-11,
    "PERMUT": 1e-12,
    "MULTINOMIAL": 1e-11,
    "LOG": 1e-12,
    "ACOTH": 1e-9,
    "VARS": 1e-9,
    "VARP": 1e-9,
    "STDEVS": 1e-9,
    "STDEVP": 1e-9,
    "AVEDEV": 1e-9,
    "HAVERSINE": 1e-11,
}

#: Absolute tolerance, for results that are differences of larger numbers.
NEAR: dict[str, float] = {"HAVERSINE": 1e-9, "BEARING": 1e-6, "RESCALE": 1e-6, "GAMMALN": 1e-14, "AVERAGE": 1e-9}
NEAR |= dict.fromkeys(("VARS", "VARP", "STDEVS", "STDEVP", "AVEDEV", "SUM", "SUMSQ"), 1e-6)


for _module in (oracles_finance, oracles_geography):
    LOOSE |= _module.LOOSE
NEAR |= oracles_geography.NEAR


def agrees(name: str, got: Any, wanted: Any) -> bool:
    """Whether a result is the oracle's: equal, or floats within the function's tolerance."""
    if isinstance(got, float) and isinstance(wanted, int | float) and not isinstance(wanted, bool):
        return math.isclose(got, wanted, rel_tol=LOOSE.get(name, 1e-13), abs_tol=NEAR.get(name, 1e-300))
    return type(got) is type(wanted) and bool(got == wanted)
