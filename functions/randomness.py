"""Random numbers that are a function of the seed and the row's number alone.

Each number is a hash of (seed, row), so blocks of any size, in any order, on any number of threads
give the same values.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sheetline.functions.columns import Array
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function

CATEGORY = "mathematics"

_GOLDEN = 0x9E3779B97F4A7C15
_MASK = 2**64 - 1
_SOURCE = "SplitMix64: G. L. Steele, D. Lea, C. H. Flood, Fast splittable pseudorandom number generators (2014)."
_VOLATILE = ("seed", "position")
_NOTE = "The same seed and row give the same value in every run; without a seed the run's own is taken."


def _mix(x: Array) -> Array:
    """Return SplitMix64's finaliser: every bit of the result depends on every bit of the input."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    out: Array = x ^ (x >> np.uint64(31))
    return out


def random_bits(seed: int, stream: int, ctx: Call) -> Array:
    """Return 64 random bits for each row of the call; ``stream`` keeps functions of one seed apart."""
    start = _mix(np.array([(seed * _GOLDEN + stream) & _MASK], np.uint64))
    rows = np.arange(ctx.first_row, ctx.first_row + ctx.rows, dtype=np.uint64)
    return _mix(_mix(start) + (rows + np.uint64(1)) * np.uint64(_GOLDEN))


def _unit(bits: Array) -> Array:
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


@function(
    "RAND() -> float",
    category=CATEGORY,
    summary="A random number from 0 up to, not including, 1.",
    examples=[
        Example("RAND(7) == RAND(7)", True),
        Example("RAND() < 1", True),
        Example("RAND(null)", None),
    ],
    volatile=_VOLATILE,
    notes=_NOTE,
    source=_SOURCE,
)
def rand(ctx: Call) -> Any:
    return _unit(random_bits(ctx.env.seed, 1, ctx))


@rand.overload("RAND(seed:int const) -> float")
def _rand_seeded(seed: Any, ctx: Call) -> Any:
    return _unit(random_bits(seed, 2, ctx))


def _between(lo: Any, hi: Any, bits: Array, ctx: Call) -> Array:
    """Scale 64 random bits to lo … hi: the upper half of bits × width, as in fixed-point multiplication."""
    shape = (ctx.rows,)
    low = np.broadcast_to(np.asarray(lo, np.int64), shape)
    high = np.broadcast_to(np.asarray(hi, np.int64), shape)
    ctx.fail(low > high, "NUM", "RANDBETWEEN: the lower end {0} is above the upper end {1}")
    width = high.astype(np.uint64) - low.astype(np.uint64) + np.uint64(1)  # 0 stands for all of 64 bits
    half, mask = np.uint64(32), np.uint64(0xFFFFFFFF)
    a, b, c, d = bits >> half, bits & mask, width >> half, width & mask
    middle = (b * d >> half) + (a * d & mask) + (b * c & mask)
    top = a * c + (a * d >> half) + (b * c >> half) + (middle >> half)
    return (low.astype(np.uint64) + np.where(width == 0, bits, top)).astype(np.int64)


@function(
    "RANDBETWEEN(lo:int; hi:int) -> int",
    category=CATEGORY,
    summary="A random whole number from lo to hi, both included.",
    examples=[
        Example("RANDBETWEEN(5;5)", 5),
        Example("RANDBETWEEN(1;6;42) <= 6", True),
        Example("RANDBETWEEN(6;1)", Failure("NUM")),
        Example("RANDBETWEEN(null;6)", None),
    ],
    volatile=_VOLATILE,
    notes=_NOTE,
    source=_SOURCE,
)
def randbetween(lo: Any, hi: Any, ctx: Call) -> Any:
    return _between(lo, hi, random_bits(ctx.env.seed, 3, ctx), ctx)


@randbetween.overload("RANDBETWEEN(lo:int; hi:int; seed:int const) -> int")
def _randbetween_seeded(lo: Any, hi: Any, seed: Any, ctx: Call) -> Any:
    return _between(lo, hi, random_bits(seed, 4, ctx), ctx)
