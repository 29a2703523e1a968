"""Rounding: to decimal places, to multiples, to even and odd numbers.

Decimal places are rounded as the number reads, not as its binary form lies: ROUND(1.005;2) is 1.01
though the nearest float to 1.005 is a little smaller. A candidate such as (k + 1/2) / 10^digits is
computed with one correctly rounded division and compared with the number itself: up to 15 significant
digits, equal decimals are equal floats, so the comparison decides as the decimals would.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal

import numpy as np

from sheetline.functions import integer_math
from sheetline.functions.arithmetic import EXACT
from sheetline.functions.columns import Array
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.types import Kind

CATEGORY = "mathematics"

How = Literal["half", "even", "down", "up"]
_POWERS = np.array([float(f"1e{exponent}") for exponent in range(309)])
_WHOLE = 2.0**52  #: from here on every float is a whole number
_MODES = {
    "half": decimal.ROUND_HALF_UP,
    "even": decimal.ROUND_HALF_EVEN,
    "down": decimal.ROUND_DOWN,
    "up": decimal.ROUND_UP,
}


def _scale(digits: Any) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Return the functions that move the decimal point ``digits`` places to the right, and back."""
    power = _POWERS[np.minimum(np.abs(np.clip(digits, -308, 308)), 308)]
    if isinstance(digits, int):
        if digits == 0:
            return (lambda a: a), (lambda n: n)
        if digits > 0:
            return (lambda a: a * power), (lambda n: n / power)
        return (lambda a: a / power), (lambda n: n * power)
    right = digits >= 0
    return (
        lambda a: np.where(right, a * power, a / power),
        lambda n: np.where(right, n / power, n * power),
    )


def _round_whole(x: Any, how: How, place: Array | None) -> Any:
    """Round to whole numbers: large floats are whole, and what is added to a smaller one is exact."""
    if how in ("down", "even"):
        out = np.trunc(x, out=place) if how == "down" else np.rint(x, out=place)
        out += 0.0  # no negative zero
        return out
    size = np.abs(x)
    if how == "up":
        return np.copysign(np.ceil(size), x) + 0.0
    count = np.floor(size)
    return np.copysign(count + (size - count >= 0.5), x) + 0.0


def _round_places(x: Any, digits: int, how: How) -> Any:
    """Round an array to 1 … 308 decimal places: the same steps as in :func:`_round_floats`, in few arrays."""
    power = _POWERS[digits]
    size = np.abs(x)
    count = np.multiply(size, power)
    large = not np.fmax.reduce(count, initial=0.0) < _WHOLE
    np.floor(count, out=count)
    if how in ("half", "even"):
        middle = count + 0.5
        middle /= power
        above = np.greater_equal(size, middle)
        if how == "even":
            above = np.greater(size, middle) | (above & (np.fmod(count, 2.0) == 1.0))
        count += above
    else:
        near = count + 1.0
        near /= power
        more = np.less_equal(near, size)
        less = np.greater(np.divide(count, power, out=near), size)
        count += more
        count -= less
        if how == "up":
            count += np.less(np.divide(count, power, out=near), size)
    count /= power
    np.copysign(count, x, out=count)
    count += 0.0  # no negative zero
    return np.where(np.multiply(size, power) < _WHOLE, count, x) if large else count


def _round_floats(x: Any, digits: Any, how: How, place: Array | None) -> Any:
    if isinstance(digits, int) and digits == 0:
        return _round_whole(x, how, place)
    if isinstance(digits, int) and 0 < digits <= 308 and isinstance(x, np.ndarray) and x.ndim:
        return _round_places(x, digits, how)
    size = np.abs(x)
    there, back = _scale(digits)
    scaled = there(size)
    count = np.floor(scaled)
    if how in ("half", "even"):
        middle = back(count + 0.5)
        above = np.greater_equal(size, middle)
        if how == "even":
            above = np.greater(size, middle) | (above & (np.fmod(count, 2.0) == 1.0))
        count = count + above
    else:  # the scaled number may be one rounding error beside the whole number that it reads as
        more, less = np.less_equal(back(count + 1.0), size), np.greater(back(count), size)
        count = count + more - less
        if how == "up":
            count = count + np.less(back(count), size)
    rounded = np.copysign(back(count), x) + 0.0  # no negative zero
    far = np.less(digits, -308)  # beyond the largest power of ten that is a float
    if np.any(far):
        unit = np.where(far & (size > 0) & (how == "up"), 1e308, 0.0) * 100.0  # overflows, and says so
        rounded = np.where(far, np.copysign(unit, x) + 0.0, rounded)
    return np.where(scaled < _WHOLE, rounded, x)


def _round_integers(x: Any, digits: Any, how: How, ctx: Call) -> Any:
    if isinstance(digits, int) and digits >= 0:
        return x
    x = np.asarray(x, np.int64)
    places = np.clip(np.negative(np.clip(digits, -20, 0)), 0, 20)
    unit = np.asarray(10, np.int64) ** np.minimum(places, 18)
    rest = np.where(places > 18, 0, np.fmod(x, unit))
    base = np.where(places > 18, 0, x - rest)
    size = np.abs(rest)
    if how == "half":
        up = 2 * size >= unit
    elif how == "even":
        up = (2 * size > unit) | ((2 * size == unit) & (np.fmod(base // unit, 2) != 0))
    else:
        up = (size > 0) & (how == "up")
    out, over = integer_math.add(base, np.where(up & (rest != 0), np.where(x < 0, -unit, unit), 0))
    half = np.uint64(5 * 10**18)
    far = (np.abs(x).view(np.uint64) >= half) & (places == 19) if how in ("half", "even") else False
    if how == "up":
        far = (places > 18) & (x != 0)
    ctx.fail(over | far, "OVERFLOW")
    return out


def _round_exact(x: Any, digits: Any, how: How, whole: bool) -> Any:
    def one(value: Any, places: Any) -> Any:
        number = Decimal(value)
        places = max(-90, min(90, int(places)))
        if number.as_tuple().exponent >= -places:
            return value
        rounded = number.quantize(Decimal(1).scaleb(-places), rounding=_MODES[how])
        return int(rounded) if whole else rounded

    with decimal.localcontext(EXACT):
        if whole and isinstance(digits, int) and digits >= 0:
            return x
        return np.frompyfunc(one, 2, 1)(x, digits)


def _integer_by_decimal(x: Any, digits: Any, how: How) -> Any:
    def one(value: Any, places: Any) -> Any:
        if places >= 0:
            return int(value)
        unit = Decimal(1).scaleb(-max(-90, int(places)))
        return int(Decimal(int(value)).quantize(unit, rounding=_MODES[how]))

    with decimal.localcontext(EXACT):
        return np.frompyfunc(one, 2, 1)(x, digits)


def _round(x: Any, digits: Any, how: How, ctx: Call) -> Any:
    kind = ctx.types[0].kind
    if kind is Kind.INTEGER:
        return _round_integers(x, digits, how, ctx)
    if kind is Kind.BIGINTEGER:
        return _integer_by_decimal(x, digits, how)
    if kind is Kind.BIGDECIMAL:
        return _round_exact(x, digits, how, False)
    return _round_floats(x, digits, how, ctx.out)


_NOTE = (
    "Integers stay integers; negative digits round before the decimal point. "
    "The number is rounded as it reads: 2.675 is a half, whatever its binary form."
)


def _declare(name: str, how: How, summary: str, examples: list[Example], aliases: tuple[str, ...] = ()) -> None:
    """Declare one way of rounding to decimal places."""

    @function(
        f"{name}(x:num; [digits:whole=0]) -> num",
        category=CATEGORY,
        aliases=aliases,
        summary=summary,
        examples=examples,
        propagates=True,
        big=True,
        notes=_NOTE,
    )
    def kernel(x: Any, digits: Any, ctx: Call) -> Any:
        return _round(x, digits, how, ctx)


_declare(
    "ROUND",
    "half",
    "The number rounded to decimal places; halves go away from zero.",
    [
        Example("ROUND(2.675;2)", 2.68),
        Example("ROUND(1.005;2)", 1.01),
        Example("ROUND(-2.5)", -3.0),
        Example("ROUND(1250;-2)", 1300),
        Example("ROUND(9223372036854775807;-1)", Failure("OVERFLOW")),
        Example("ROUND(null;1)", None),
    ],
)
_declare(
    "ROUNDDOWN",
    "down",
    "The number cut to decimal places, towards zero.",
    [Example("ROUNDDOWN(4.35;2)", 4.35), Example("ROUNDDOWN(-2.9)", -2.0), Example("ROUNDDOWN(null)", None)],
)
_declare(
    "TRUNC",
    "down",
    "The number cut to decimal places, towards zero; the same as ROUNDDOWN.",
    [Example("TRUNC(-2.9)", -2.0), Example("TRUNC(1.999;2)", 1.99), Example("TRUNC(null)", None)],
)
_declare(
    "ROUNDUP",
    "up",
    "The number rounded to decimal places, away from zero.",
    [
        Example("ROUNDUP(2.1)", 3.0),
        Example("ROUNDUP(-1.001;2)", -1.01),
        Example("ROUNDUP(1201;-2)", 1300),
        Example("ROUNDUP(null)", None),
    ],
)
_declare(
    "ROUNDHALFEVEN",
    "even",
    "The number rounded to decimal places; halves go to the even neighbour.",
    [
        Example("ROUNDHALFEVEN(2.5)", 2.0),
        Example("ROUNDHALFEVEN(3.5)", 4.0),
        Example("ROUNDHALFEVEN(2.665;2)", 2.66),
        Example("ROUNDHALFEVEN(null)", None),
    ],
)


# Multiples


def _float_multiple(x: Any, unit: Any, how: Literal["ceiling", "floor", "nearest"]) -> Array:
    size, step = np.abs(x), np.abs(np.asarray(unit, np.float64))
    count = size / step
    near = np.rint(count)  # 4.35 / 0.01 reads as 435 though it computes as 434.99999999999994
    count = np.where(np.abs(count - near) <= 5e-16 * count, near, count)
    if how == "nearest":
        count = np.floor(count) + (count - np.floor(count) >= 0.5)
    else:
        outwards = np.greater_equal(x, 0) if how == "ceiling" else np.less(x, 0)
        count = np.where(outwards, np.ceil(count), np.floor(count))
    parts = np.rint(1.0 / step)  # a unit such as 0.1 is a tenth: one division instead of a product
    of_one = (parts >= 1.0) & (1.0 / np.where(parts == 0, 1.0, parts) == step)
    value = np.where(of_one, count / np.where(of_one, 1.0 * np.where(parts == 0, 1.0, parts), 1.0), count * step)
    result: Array = np.copysign(value, x) + 0.0
    return result


def _integer_multiple(x: Any, unit: Any, how: str, ctx: Call) -> Array:
    x, step = np.broadcast_arrays(np.asarray(x, np.int64), np.abs(np.asarray(unit, np.int64)))
    rest = np.mod(x, step)
    if how == "floor":
        out, over = integer_math.subtract(x, rest)
        ctx.fail(over, "OVERFLOW")
        return out
    if how == "ceiling":
        up = rest > 0
    else:
        up = np.where(x >= 0, rest >= step - rest, rest > step - rest) & (rest > 0)
    out, over = integer_math.add(x, np.where(up, step - rest, -rest))
    ctx.fail(over, "OVERFLOW")
    return out


def _plain_multiple(x: Array, step: float, how: str) -> Array | None:
    """Return multiples of a positive step for numbers that are not negative, or None where a row needs more thought.

    That is a row whose quotient lies so near below a whole number that it may read as that number.
    """
    count = np.divide(x, step)
    whole = np.floor(count)
    if how == "ceiling":
        np.ceil(count, out=whole)
        rest = np.subtract(whole, count, out=count)
    else:
        rest = np.subtract(count, whole, out=count)
    largest = np.fmax.reduce(whole, initial=0.0)
    if not np.fmax.reduce(rest, initial=0.0) < 1.0 - 1e-15 * (largest + 1.0):
        return None
    parts = np.rint(1.0 / step)
    if parts >= 1.0 and 1.0 / parts == step:
        whole /= parts
    else:
        whole *= step
    whole += 0.0  # no negative zero
    return whole


def _multiple(x: Any, unit: Any, how: Literal["ceiling", "floor", "nearest"], ctx: Call) -> Any:
    simple = how != "nearest" and isinstance(unit, float) and unit > 0 and isinstance(x, np.ndarray)
    if simple and not np.fmin.reduce(x, initial=0.0) < 0:
        out = _plain_multiple(x, unit, how)
        if out is not None:
            return out
    zero = np.equal(x, 0) | np.equal(unit, 0)
    note = f"{ctx.function}: {{0}} and the significance {{1}} have different signs"
    ctx.fail((np.less(x, 0) != np.less(unit, 0)) & ~zero, "NUM", note)
    safe = np.where(np.equal(unit, 0), 1, unit)
    if ctx.types[0].kind is Kind.INTEGER:
        out = _integer_multiple(x, safe, how, ctx)
    else:
        out = _float_multiple(x, safe, how)
    return np.where(np.equal(unit, 0), 0, out)


_SIGNS = (
    "As in OpenFormula, the number and the significance must have the same sign, and a significance of zero gives "
    "zero. Without a significance it is a whole number."
)


@function(
    "CEILING(x:num) -> num",
    category=CATEGORY,
    aliases=["CEIL"],
    summary="The number rounded up to a multiple of the significance.",
    examples=[
        Example("CEILING(2.1)", 3.0),
        Example("CEILING(-2.9)", -2.0),
        Example("CEILING(7;5)", 10),
        Example("CEILING(-2.5;-2)", -2.0),
        Example("CEILING(0.3;0.1)", 0.3),
        Example("CEILING(2.5;-2)", Failure("NUM")),
        Example("CEILING(null)", None),
    ],
    notes=_SIGNS,
)
def ceiling(x: Any, ctx: Call) -> Any:
    return x if ctx.types[0].kind is Kind.INTEGER else np.add(np.ceil(x, out=ctx.out), 0.0, out=ctx.out)


@ceiling.overload("CEILING(x:num; significance:num) -> num")
def _ceiling_to(x: Any, significance: Any, ctx: Call) -> Any:
    return _multiple(x, significance, "ceiling", ctx)


@function(
    "FLOOR(x:num) -> num",
    category=CATEGORY,
    summary="The number rounded down to a multiple of the significance.",
    examples=[
        Example("FLOOR(2.9)", 2.0),
        Example("FLOOR(-2.1)", -3.0),
        Example("FLOOR(7;5)", 5),
        Example("FLOOR(-2.5;-2)", -4.0),
        Example("FLOOR(4.35;0.01)", 4.35),
        Example("FLOOR(-2.5;2)", Failure("NUM")),
        Example("FLOOR(null)", None),
    ],
    notes=_SIGNS,
)
def floor(x: Any, ctx: Call) -> Any:
    return x if ctx.types[0].kind is Kind.INTEGER else np.add(np.floor(x, out=ctx.out), 0.0, out=ctx.out)


@floor.overload("FLOOR(x:num; significance:num) -> num")
def _floor_to(x: Any, significance: Any, ctx: Call) -> Any:
    return _multiple(x, significance, "floor", ctx)


@function(
    "MROUND(x:num; multiple:num) -> num",
    category=CATEGORY,
    summary="The number rounded to the nearest multiple; halves go away from zero.",
    examples=[
        Example("MROUND(17;5)", 15),
        Example("MROUND(7.5;5)", 10.0),
        Example("MROUND(-7.5;-5)", -10.0),
        Example("MROUND(5;-2)", Failure("NUM")),
        Example("MROUND(5;0)", 0),
        Example("MROUND(null;5)", None),
    ],
    notes=_SIGNS,
)
def mround(x: Any, multiple: Any, ctx: Call) -> Any:
    return _multiple(x, multiple, "nearest", ctx)


def _parity(x: Any, odd: bool, ctx: Call) -> Any:
    """Move away from zero to the next even or odd whole number."""
    if ctx.types[0].kind is Kind.INTEGER:
        wrong = (np.bitwise_and(x, 1) == 0) if odd else (np.bitwise_and(x, 1) == 1)
        out, over = integer_math.add(x, np.where(wrong, np.where(np.less(x, 0), -1, 1), 0))
        ctx.fail(over, "OVERFLOW")
        return out
    size = np.ceil(np.abs(x))
    rest = np.fmod(size, 2.0)
    size = size + (1.0 - rest if odd else rest)
    size = np.where(np.abs(x) < _WHOLE * 2, size, np.abs(x))  # beyond, every float is even
    return np.copysign(size, x) + 0.0


@function(
    "EVEN(x:num) -> num",
    category=CATEGORY,
    summary="The number rounded away from zero to an even whole number.",
    examples=[Example("EVEN(1.5)", 2.0), Example("EVEN(-3)", -4), Example("EVEN(0)", 0), Example("EVEN(null)", None)],
)
def even(x: Any, ctx: Call) -> Any:
    return _parity(x, False, ctx)


@function(
    "ODD(x:num) -> num",
    category=CATEGORY,
    summary="The number rounded away from zero to an odd whole number.",
    examples=[Example("ODD(1.5)", 3.0), Example("ODD(-2)", -3), Example("ODD(0)", 1), Example("ODD(null)", None)],
)
def odd(x: Any, ctx: Call) -> Any:
    return _parity(x, True, ctx)
