"""Signs, remainders, quotients and parts of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from sheetline.functions.columns import Column, Constant
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.types import Kind

CATEGORY = "mathematics"


def _abs_bounds(x: tuple[int, int]) -> tuple[int, int]:
    low, high = x
    return (0 if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))


def _positive(value: Any) -> Any:
    return value.copy_abs() if hasattr(value, "copy_abs") else abs(value)  # abs() would round a Decimal


@function(
    "ABS(x:num) -> num",
    category=CATEGORY,
    summary="The number without its sign.",
    examples=[
        Example("ABS(-3)", 3),
        Example("ABS(2.5)", 2.5),
        Example("ABS(-9223372036854775807 - 1)", Failure("OVERFLOW")),
        Example("ABS(null)", None),
    ],
    propagates=True,
    big=True,
    bounds=_abs_bounds,
)
def absolute(x: Any, ctx: Call) -> Any:
    if ctx.types[0].is_big:
        return np.frompyfunc(_positive, 1, 1)(x)
    if ctx.checked and ctx.types[0].kind is Kind.INTEGER:
        ctx.fail(np.equal(x, np.iinfo(np.int64).min), "OVERFLOW")
    return np.abs(x, out=ctx.out)


@function(
    "SIGN(x:num) -> int",
    category=CATEGORY,
    summary="-1 for a negative number, 0 for zero, 1 for a positive one.",
    examples=[Example("SIGN(-2.5)", -1), Example("SIGN(0)", 0), Example("SIGN(null)", None)],
    big=True,
)
def sign(x: Any, ctx: Call) -> Any:
    above, below = np.greater(x, 0), np.less(x, 0)
    return np.subtract(above.view(np.int8), below.view(np.int8), out=ctx.out)


@function(
    "MOD(x:num; y:num) -> num",
    category=CATEGORY,
    summary="What remains of a division, with the sign of the divisor.",
    examples=[
        Example("MOD(7;3)", 1),
        Example("MOD(-7;3)", 2),
        Example("MOD(5.5;-2)", -0.5),
        Example("MOD(1;0)", Failure("DIV0")),
        Example("MOD(null;2)", None),
    ],
    notes="The operator % keeps the sign of the dividend.",
)
def mod(x: Any, y: Any, ctx: Call) -> Any:
    zero = np.equal(y, 0)
    if np.any(zero):
        ctx.fail(zero, "DIV0")
        y = np.where(zero, 1, y)
    return np.mod(x, y)


def _plain_divisor(y: Any) -> bool:
    """Whether integers are all above 0: such a division neither fails nor overflows."""
    return bool(np.min(y, initial=1) > 0)


def _cut_quotient(x: Any, y: Any) -> Any:
    """Return the quotients of integers and positive ones, cut towards zero: by size, then with the sign of x."""
    x, y = np.asarray(x, np.int64), np.asarray(y, np.int64)
    out = np.floor_divide(np.abs(x).view(np.uint64), y.view(np.uint64)).view(np.int64)  # the least has its size there
    if np.min(x, initial=0) >= 0:
        return out
    sign = x >> 63
    return (out ^ sign) - sign


@function(
    "QUOTIENT(x:num; y:num) -> int",
    category=CATEGORY,
    summary="The integer part of a division, cut towards zero.",
    examples=[
        Example("QUOTIENT(7;2)", 3),
        Example("QUOTIENT(-7;2)", -3),
        Example("QUOTIENT(7.5;0.5)", 15),
        Example("QUOTIENT(1;0)", Failure("DIV0")),
        Example("QUOTIENT(1;null)", None),
    ],
)
def quotient(x: Any, y: Any, ctx: Call) -> Any:
    if ctx.types[0].kind is Kind.INTEGER and _plain_divisor(y):
        return _cut_quotient(x, y)
    zero = np.equal(y, 0)
    ctx.fail(zero, "DIV0")
    if ctx.types[0].kind is Kind.INTEGER:
        over = np.equal(x, np.iinfo(np.int64).min) & np.equal(y, -1)
        ctx.fail(over, "OVERFLOW")
        y = np.where(zero | over, 1, y)
        return np.floor_divide(np.subtract(x, np.fmod(x, y)), y)
    out = np.trunc(np.divide(x, np.where(zero, 1.0, y)))
    over = ~(np.abs(out) < 2.0**63)
    ctx.fail(over, "OVERFLOW")
    return np.where(over, 0.0, out).astype(np.int64)


@function(
    "PERCENTAGE(part:float; whole:float) -> float",
    category=CATEGORY,
    summary="How many percent of the whole a part is.",
    examples=[
        Example("PERCENTAGE(30;120)", 25.0),
        Example("PERCENTAGE(1;0)", Failure("DIV0")),
        Example("PERCENTAGE(null;10)", None),
    ],
    propagates=True,
    notes="100 × part / whole.",
)
def percentage(part: Any, whole: Any, ctx: Call) -> Any:
    if ctx.checked:
        ctx.fail(np.equal(whole, 0), "DIV0")
    return np.multiply(np.divide(part, whole), 100.0)


@function(
    "SAFEDIVIDE(a:float; b:float; [default:float=null]) -> float",
    category=CATEGORY,
    summary="The first number divided by the second, and a default where the second is zero.",
    examples=[
        Example("SAFEDIVIDE(7;2)", 3.5),
        Example("SAFEDIVIDE(7;0)", None),
        Example("SAFEDIVIDE(7;0;-1)", -1.0),
        Example("SAFEDIVIDE(null;0;-1)", None),
    ],
    nulls="own",
    null_note="A null dividend or divisor gives null; a null default gives null where the divisor is zero.",
)
def safe_divide(a: Any, b: Any, default: Any, ctx: Call) -> Any:
    x, y, z = (_floats(arg) for arg in (a, b, default))
    zero = np.equal(y, 0)
    out = np.divide(x, np.where(zero, 1.0, y))
    out = np.broadcast_to(np.where(zero & ~np.isnan(x), z, out), (ctx.rows,))
    none = np.isnan(x) | np.isnan(y) | (zero & np.isnan(z))
    if np.any(none):
        ctx.nullify(none)
    return np.array(out)


def _floats(arg: Column | Constant) -> Any:
    """Return float values with NaN for null, of a column or a constant."""
    if isinstance(arg, Constant):
        return np.float64(np.nan if arg.value is None else arg.value)
    return arg.data


@function(
    "FRACTION(x:float) -> float",
    category=CATEGORY,
    summary="The part behind the decimal point, with the sign of the number.",
    examples=[Example("FRACTION(2.75)", 0.75), Example("FRACTION(-1.5)", -0.5), Example("FRACTION(null)", None)],
    propagates=True,
)
def fraction(x: Any) -> Any:
    return np.subtract(x, np.trunc(x))


@function(
    "RESCALE(x:float; a:float; b:float; c:float; d:float) -> float",
    category=CATEGORY,
    summary="The number moved from the interval a … b to the interval c … d, in proportion.",
    examples=[
        Example("RESCALE(5;0;10;0;100)", 50.0),
        Example("RESCALE(32;32;212;0;100)", 0.0),
        Example("RESCALE(5;1;1;0;100)", Failure("DIV0")),
        Example("RESCALE(null;0;1;0;10)", None),
    ],
    propagates=True,
    notes="c + (x - a) × (d - c) / (b - a); a number outside a … b lands outside c … d.",
)
def rescale(x: Any, a: Any, b: Any, c: Any, d: Any, ctx: Call) -> Any:
    width = np.subtract(b, a)
    if ctx.checked:
        ctx.fail(np.equal(width, 0), "DIV0")
    return np.add(c, np.divide(np.multiply(np.subtract(x, a), np.subtract(d, c)), width))
