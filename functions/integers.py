"""Whole numbers: divisors, primes and bits."""

from __future__ import annotations

from typing import Any

import numpy as np

from sheetline.functions import integer_math
from sheetline.functions.arithmetic import SKIPS, count_of, filled, parts_of
from sheetline.functions.columns import Array
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.errors import Mask

CATEGORY = "mathematics"


@function(
    "GCD(v:whole...) -> int",
    category=CATEGORY,
    summary="The greatest common divisor of the row's arguments.",
    examples=[
        Example("GCD(12;18)", 6),
        Example("GCD(12;null;8)", 4),
        Example("GCD(12;-3)", Failure("NUM")),
        Example("GCD(null)", None),
    ],
    nulls="own",
    null_note=SKIPS,
    error_note="A negative number gives the error NUM.",
)
def gcd(*v: Any, ctx: Call) -> Any:
    parts = parts_of(v)
    count_of(parts, ctx)
    out: Any = np.int64(0)
    for place, part in enumerate(parts):
        value = filled(part, 0)
        ctx.fail(np.less(value, 0), "NUM", "GCD: an argument is negative")
        out = np.gcd(out, value) if place else value
    return out


@function(
    "LCM(v:whole...) -> int",
    category=CATEGORY,
    summary="The least common multiple of the row's arguments.",
    examples=[
        Example("LCM(4;6)", 12),
        Example("LCM(4;null)", 4),
        Example("LCM(5;0)", 0),
        Example("LCM(9223372036854775807;2)", Failure("OVERFLOW")),
        Example("LCM(-2)", Failure("NUM")),
    ],
    nulls="own",
    null_note=SKIPS,
    error_note="A negative number gives the error NUM.",
)
def lcm(*v: Any, ctx: Call) -> Any:
    parts = parts_of(v)
    count_of(parts, ctx)
    out = np.ones(ctx.rows, np.int64)
    over = np.zeros(ctx.rows, np.bool_)
    zero = np.zeros(ctx.rows, np.bool_)
    for part in parts:
        value = np.broadcast_to(np.asarray(filled(part, 1), np.int64), (ctx.rows,))
        ctx.fail(value < 0, "NUM", "LCM: an argument is negative")
        zero |= value == 0
        safe = np.where((value <= 0) | (out <= 0), 1, value)
        out = np.where(out <= 0, 1, out)
        out, bad = integer_math.multiply(out // np.gcd(out, safe), safe)
        over |= bad
    ctx.fail(over & ~zero, "OVERFLOW")
    return np.where(zero, 0, out)


# Primes

_SMALL = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)


@function(
    "ISPRIME(x:int) -> bool",
    category=CATEGORY,
    summary="Whether a whole number is a prime.",
    examples=[
        Example("ISPRIME(97)", True),
        Example("ISPRIME(1)", False),
        Example("ISPRIME(9223372036854775783)", True),
        Example("ISPRIME(null)", None),
    ],
    source="Miller-Rabin with the bases that are proven for 32 bits (2, 7, 61) and 64 bits (the primes to 37).",
    cost=10,
)
def isprime(x: Any) -> Any:
    x = np.asarray(x, np.int64)
    out = np.isin(x, _SMALL)
    open_ = x > 37
    for prime in _SMALL:
        open_ &= x % prime != 0
    small = np.flatnonzero(open_ & (x < 2**32))
    out[small] = _small_primes(x[small].astype(np.uint64))
    large = np.flatnonzero(open_ & (x >= 2**32))
    if len(large):
        distinct, place = np.unique(x[large], return_inverse=True)
        out[large] = np.array([_large_prime(n) for n in distinct.tolist()], np.bool_)[place]
    return out


def _small_primes(n: Array) -> Mask:
    """Test odd numbers above 37 and below 2^32, all at once: their products fit 64 bits."""
    one = np.uint64(1)
    odd, twos = n - one, np.zeros(len(n), np.int64)
    for _ in range(32):
        even = (odd & one) == 0
        if not even.any():
            break
        odd, twos = np.where(even, odd >> one, odd), twos + even
    prime = np.ones(len(n), np.bool_)
    for base in (2, 7, 61):
        power = _powers(np.full(len(n), base, np.uint64) % n, odd, n)
        passed = (power == 1) | (power == n - one) | (n == base)
        for step in range(1, int(twos.max(initial=0))):
            power = power * power % n
            passed |= (power == n - one) & (step < twos)
        prime &= passed
    return prime


def _powers(base: Array, exponent: Array, n: Array) -> Array:
    one = np.uint64(1)
    out = np.ones(len(n), np.uint64)
    while exponent.any():
        out = np.where(exponent & one, out * base % n, out)
        base, exponent = base * base % n, exponent >> one
    return out


def _large_prime(n: int) -> bool:
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    return all(_passes(pow(base, odd, n), twos, n) for base in _SMALL)


def _passes(power: int, twos: int, n: int) -> bool:
    if power in (1, n - 1):
        return True
    for _ in range(twos - 1):
        power = power * power % n
        if power == n - 1:
            return True
    return False


# Bits

_TWOS = "Numbers are 64-bit two's complement. To clear bits, write BITXOR(x;BITAND(x;mask))."
_NOT_NEGATIVE = "Numbers go to 2^63 - 1; spreadsheets end at 2^48 - 1."
_NEGATIVE_ERROR = "A negative number gives the error NUM, as in spreadsheets; OVERFLOW beyond 64 bits."


def _refuse_negative(ctx: Call, *values: Any) -> None:
    for place, value in enumerate(values):
        if np.min(value, initial=0) < 0:
            ctx.fail(np.less(value, 0), "NUM", f"{ctx.function}: {{{place}}} is negative")


def _bitwise(name: str, ufunc: np.ufunc, summary: str, result: int) -> None:
    @function(
        f"{name}(a:whole; b:whole) -> int",
        category=CATEGORY,
        summary=summary,
        examples=[
            Example(f"{name}(12;10)", result),
            Example(f"{name}(-1;5)", Failure("NUM")),
            Example(f"{name}(1;null)", None),
        ],
        notes=_NOT_NEGATIVE,
        error_note=_NEGATIVE_ERROR,
    )
    def bitwise(a: Any, b: Any, ctx: Call) -> Any:
        _refuse_negative(ctx, a, b)
        return ufunc(a, b, out=ctx.out)


_bitwise("BITAND", np.bitwise_and, "The bits that are set in both numbers.", 8)
_bitwise("BITOR", np.bitwise_or, "The bits that are set in one number or in both.", 14)
_bitwise("BITXOR", np.bitwise_xor, "The bits that are set in exactly one of two numbers.", 6)


@function(
    "BITNOT(x:int) -> int",
    category=CATEGORY,
    summary="The number with every bit turned: -x - 1.",
    examples=[Example("BITNOT(5)", -6), Example("BITNOT(-6)", 5), Example("BITNOT(null)", None)],
    notes=_TWOS,
)
def bitnot(x: Any) -> Any:
    return np.invert(x)


@function(
    "BITCOUNT(x:int) -> int",
    category=CATEGORY,
    summary="How many bits of the number are set.",
    examples=[Example("BITCOUNT(7)", 3), Example("BITCOUNT(-1)", 64), Example("BITCOUNT(null)", None)],
    notes=_TWOS,
)
def bitcount(x: Any) -> Any:
    return np.bitwise_count(np.ascontiguousarray(x, np.int64).view(np.uint64)).astype(np.int64)


def _shift(x: Any, by: Any, ctx: Call) -> Array:
    """Shift left by a positive and right by a negative number of places; a lost bit is an overflow."""
    _refuse_negative(ctx, x)
    left = np.clip(by, 0, 63)
    right = np.clip(np.negative(np.clip(by, -64, 0)), 0, 63)
    out = np.right_shift(np.left_shift(x, left), right)
    lost = np.right_shift(np.left_shift(x, left), left) != x
    ctx.fail((lost | (np.greater(by, 63) & np.not_equal(x, 0))) & np.greater(by, 0), "OVERFLOW")
    return np.asarray(out)


@function(
    "BITLSHIFT(x:whole; by:whole) -> int",
    category=CATEGORY,
    summary="The number with its bits moved to the left; by a negative number of places, to the right.",
    examples=[
        Example("BITLSHIFT(5;2)", 20),
        Example("BITLSHIFT(20;-2)", 5),
        Example("BITLSHIFT(1;63)", Failure("OVERFLOW")),
        Example("BITLSHIFT(-1;1)", Failure("NUM")),
        Example("BITLSHIFT(null;1)", None),
    ],
    notes=_NOT_NEGATIVE,
    error_note=_NEGATIVE_ERROR,
)
def bitlshift(x: Any, by: Any, ctx: Call) -> Any:
    return _shift(x, by, ctx)


@function(
    "BITRSHIFT(x:whole; by:whole) -> int",
    category=CATEGORY,
    summary="The number with its bits moved to the right; by a negative number of places, to the left.",
    examples=[
        Example("BITRSHIFT(20;2)", 5),
        Example("BITRSHIFT(1;70)", 0),
        Example("BITRSHIFT(5;-2)", 20),
        Example("BITRSHIFT(-1;1)", Failure("NUM")),
        Example("BITRSHIFT(1;null)", None),
    ],
    notes=_NOT_NEGATIVE,
    error_note=_NEGATIVE_ERROR,
)
def bitrshift(x: Any, by: Any, ctx: Call) -> Any:
    return _shift(x, np.negative(np.clip(by, -(2**62), 2**62)), ctx)
