"""Arithmetic on the arguments of one row: sums, means, extremes, remainders and parts."""

from __future__ import annotations

import decimal
from typing import Any

import numpy as np

from sheetline.functions import integer_math
from sheetline.functions.blend import blend
from sheetline.functions.columns import Array, Column, Constant
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.errors import Mask
from sheetline.functions.types import Kind

CATEGORY = "mathematics"
SKIPS = "Nulls are skipped; a row of nulls only gives null."

#: Exact decimals have up to 76 digits; a sum must not be cut to Python's default of 28.
EXACT = decimal.Context(prec=100)

#: An argument that is not null everywhere: its values, and the mask of its nulls where it has some.
Part = tuple[Any, Mask | None]


def parts_of(args: tuple[Any, ...]) -> list[Part]:
    """Return values and nulls of the arguments of a variadic function; null constants are left out."""
    parts: list[Part] = []
    for arg in args:
        if isinstance(arg, Constant):
            if arg.value is not None:
                parts.append((arg.value, None))
        else:
            parts.append((arg.data, arg.nulls()))
    return parts


def count_of(parts: list[Part], ctx: Call) -> Array:
    """Return how many values each row has, and make the rows without any null."""
    full = sum(null is None for _, null in parts)
    counts = np.full(ctx.rows, full, np.int64)
    for _, null in parts:
        if null is not None:
            counts += ~null
    if not full and not counts.all():
        ctx.nullify(counts == 0)
    return counts


def filled(part: Part, filler: Any) -> Any:
    """Return a part's values with ``filler`` in place of nulls."""
    data, null = part
    if null is None:
        return data
    return blend(null, filler, data, data.dtype) if isinstance(data, np.ndarray) else np.where(null, filler, data)


def folded(ufunc: np.ufunc, values: list[Any], room: Array | None = None) -> Any:
    """Return the values put together from the left, in a new array or in ``room`` (one value where there is none)."""
    out = values[0]
    for place, value in enumerate(values[1:]):
        fresh = place and isinstance(out, np.ndarray) and out.ndim
        out = ufunc(out, value, out=out if fresh else room)
    return out


def _whole_sum(v: tuple[Any, ...], ctx: Call) -> Array | None:
    """Return the sum of float arguments of which none is null anywhere, or None where that does not hold.

    A null is NaN, so that the sum tells whether there was one.
    """
    if ctx.checked or any(isinstance(arg, Constant) and arg.value is None for arg in v):
        return None
    total = folded(np.add, [arg.value if isinstance(arg, Constant) else arg.data for arg in v], ctx.out)
    if len(v) == 1 or not isinstance(total, np.ndarray) or np.isnan(total).any():
        return None
    total += 0.0  # one zero: a sum begins at 0
    return total


# Sums and products


@function(
    "SUM(v:num...) -> num",
    category=CATEGORY,
    summary="The sum of the row's arguments.",
    examples=[
        Example("SUM(1;2;3)", 6),
        Example("SUM(1.5;null;2)", 3.5),
        Example("SUM(null;null)", None),
        Example("SUM(9223372036854775807;1)", Failure("OVERFLOW")),
        Example("SUM(#a;#b)", [4, 2, None], rows={"a": [1, 2, None], "b": [3, None, None]}),
    ],
    nulls="own",
    null_note=SKIPS,
    big=True,
    notes="Integers stay integers. Unlike the operator +, SUM skips nulls.",
)
def sum_(*v: Any, ctx: Call) -> Any:
    if ctx.types[0].kind is Kind.FLOAT and (whole := _whole_sum(v, ctx)) is not None:
        return whole
    parts = parts_of(v)
    count_of(parts, ctx)
    if ctx.types[0].kind is Kind.INTEGER:
        return _integer_sum(parts, ctx)
    if ctx.types[0].is_big:
        total: Any = np.full(ctx.rows, 0, np.object_)
        with decimal.localcontext(EXACT):
            for part in parts:
                total = total + filled(part, 0)
        return total
    total = np.zeros(ctx.rows)
    for part in parts:
        total = total + filled(part, 0.0)
    return total


def _integer_sum(parts: list[Part], ctx: Call) -> Array:
    """Add up; a row overflows when the additions that left 64 bits upwards and downwards do not balance."""
    total = np.zeros(ctx.rows, np.int64)
    carry: Array | None = None
    for part in parts:
        value = filled(part, 0)
        total, bad = integer_math.add(total, value)
        if bad.any():
            carry = np.zeros(ctx.rows, np.int64) if carry is None else carry
            carry += np.where(bad, np.where(np.less(value, 0), -1, 1), 0)
    if carry is not None:
        ctx.fail(carry != 0, "OVERFLOW")
    return total


@function(
    "PRODUCT(v:num...) -> num",
    category=CATEGORY,
    summary="The product of the row's arguments.",
    examples=[
        Example("PRODUCT(2;3;4)", 24),
        Example("PRODUCT(2;null;1.5)", 3.0),
        Example("PRODUCT(4000000000;4000000000)", Failure("OVERFLOW")),
    ],
    nulls="own",
    null_note=SKIPS,
)
def product(*v: Any, ctx: Call) -> Any:
    parts = parts_of(v)
    count_of(parts, ctx)
    if ctx.types[0].kind is not Kind.INTEGER:
        out: Any = np.ones(ctx.rows)
        for part in parts:
            out = out * filled(part, 1.0)
        return out
    out = np.ones(ctx.rows, np.int64)
    over = np.zeros(ctx.rows, np.bool_)
    zero = np.zeros(ctx.rows, np.bool_)
    for part in parts:
        value = filled(part, 1)
        out, bad = integer_math.multiply(out, value)
        over |= bad
        zero |= np.equal(value, 0)  # a later zero makes good what overflowed
    over &= ~zero
    if over.any():
        out[over], over[over] = _least_products([np.broadcast_to(filled(part, 1), ctx.rows)[over] for part in parts])
        ctx.fail(over, "OVERFLOW")
    return np.where(zero, 0, out)


def _least_products(values: list[Array]) -> tuple[Array, Array]:
    """Return products and a mask of those beyond 64 bits, of which -2^63 is none although 2^63 on the way is.

    The size of the product is kept below zero, where there is one number more.
    """
    least = np.iinfo(np.int64).min
    size = np.full(len(values[0]), -1)
    negative = np.zeros(len(size), np.bool_)
    over = np.zeros(len(size), np.bool_)
    for value in values:
        lowest = value == least
        made, bad = integer_math.multiply(size, np.where(lowest, 1, np.abs(value)))
        over |= np.where(lowest, size != -1, bad)
        size = np.where(lowest, least, made)
        negative ^= value < 0
    return np.where(negative, size, -size), over | (~negative & (size == least))


@function(
    "SUMSQ(v:num...) -> num",
    category=CATEGORY,
    summary="The sum of the squares of the row's arguments.",
    examples=[
        Example("SUMSQ(3;4)", 25),
        Example("SUMSQ(1.5;null)", 2.25),
        Example("SUMSQ(4000000000)", Failure("OVERFLOW")),
    ],
    nulls="own",
    null_note=SKIPS,
)
def sumsq(*v: Any, ctx: Call) -> Any:
    parts = parts_of(v)
    count_of(parts, ctx)
    if ctx.types[0].kind is not Kind.INTEGER:
        out: Any = np.zeros(ctx.rows)
        for part in parts:
            out = out + np.square(filled(part, 0.0))
        return out
    out = np.zeros(ctx.rows, np.int64)
    for part in parts:
        value = filled(part, 0)
        square, over = integer_math.multiply(value, value)
        out, bad = integer_math.add(out, square)
        ctx.fail(over | bad, "OVERFLOW")
    return out


@function(
    "COUNT([v:any...]) -> int",
    category=CATEGORY,
    summary="How many of the row's arguments are not null.",
    examples=[
        Example('COUNT(1;null;"a")', 2),
        Example("COUNT(null)", 0),
        Example("COUNT(#a;#b)", [2, 1], rows={"a": [1, 2], "b": [3, None]}),
    ],
    nulls="own",
    null_note="Nulls are not counted; the result is never null.",
    big=True,
)
def count(*v: Any, ctx: Call) -> Any:
    counts = np.zeros(ctx.rows, np.int64)
    for arg in v:
        if isinstance(arg, Constant):
            counts += arg.value is not None
        else:
            null = arg.nulls()
            counts += 1 if null is None else ~null
    return counts


# Means and spread


def mean_of(parts: list[Part], counts: Array) -> Any:
    """Return the mean of each row's values; it does not overflow where only the sum would."""
    total = np.zeros(len(counts))
    for part in parts:
        total = total + filled(part, 0.0)
    some = np.maximum(counts, 1)
    mean = total / some
    wide = np.isinf(mean)
    if wide.any():
        shares = np.zeros(len(counts))
        for part in parts:
            shares = shares + np.divide(filled(part, 0.0), some)
        mean = np.where(wide, shares, mean)
    return mean


@function(
    "AVERAGE(v:float...) -> float",
    category=CATEGORY,
    aliases=["AVG"],
    summary="The arithmetic mean of the row's arguments.",
    examples=[
        Example("AVERAGE(1;2;6)", 3.0),
        Example("AVERAGE(1;null;2)", 1.5),
        Example("AVERAGE(null)", None),
        Example("AVERAGE(#a;#b;#c)", [6.6667, 19.3333], rows={"a": [1, 23], "b": [9, 33], "c": [10, 2]}, digits=4),
    ],
    nulls="own",
    null_note=SKIPS,
)
def average(*v: Any, ctx: Call) -> Any:
    if (whole := _whole_sum(v, ctx)) is not None:
        whole /= len(v)
        return whole
    parts = parts_of(v)
    return mean_of(parts, count_of(parts, ctx))


@function(
    "AVEDEV(v:float...) -> float",
    category=CATEGORY,
    summary="The mean absolute deviation of the row's arguments from their mean.",
    examples=[Example("AVEDEV(1;2;3;6)", 1.5), Example("AVEDEV(4;null)", 0.0), Example("AVEDEV(null)", None)],
    nulls="own",
    null_note=SKIPS,
)
def avedev(*v: Any, ctx: Call) -> Any:
    parts = parts_of(v)
    counts = count_of(parts, ctx)
    mean = mean_of(parts, counts)
    total = np.zeros(ctx.rows)
    for data, null in parts:
        total = total + filled((np.abs(data - mean), null), 0.0)
    return total / np.maximum(counts, 1)


@function(
    "MEDIAN(v:float...) -> float",
    category=CATEGORY,
    summary="The middle one of the row's arguments, or the mean of the two in the middle.",
    examples=[
        Example("MEDIAN(5;1;3)", 3.0),
        Example("MEDIAN(4;1;null;3;2)", 2.5),
        Example("MEDIAN(null)", None),
    ],
    nulls="own",
    null_note=SKIPS,
)
def median(*v: Any, ctx: Call) -> Any:
    parts = parts_of(v)
    if parts and all(null is None for _, null in parts):
        return _middle(parts, ctx.rows)
    counts = count_of(parts, ctx)
    if not parts:
        return np.zeros(ctx.rows)
    matrix = _sorted_rows(parts, ctx.rows)
    high = np.maximum(counts, 1) // 2
    low = np.maximum(counts - 1, 0) // 2
    columns = np.arange(ctx.rows)
    a, b = matrix[low, columns], matrix[np.where(counts % 2 == 1, low, high), columns]
    middle = (a + b) / 2
    wide = np.isinf(middle)
    return np.where(wide, a / 2 + b / 2, middle) if wide.any() else middle


def _middle(parts: list[Part], rows: int) -> Any:
    """Return the medians of values of which none is null."""
    half = len(parts) // 2
    if len(parts) == 3:
        a, b, c = (data for data, _ in parts)
        low, high = np.minimum(a, b), np.maximum(a, b)
        return np.maximum(low, np.minimum(high, c)) + 0.0
    matrix = _sorted_rows(parts, rows)
    if len(parts) % 2:
        return matrix[half]
    low, high = matrix[half - 1], matrix[half]
    middle: Array = (low + high) / 2
    wide = np.isinf(middle)
    return np.where(wide, low / 2 + high / 2, middle) if wide.any() else middle


_FEW = 12  #: up to so many arguments, exchanging neighbours as whole columns is faster than sorting row by row


def _sorted_rows(parts: list[Part], rows: int) -> Array:
    """Return a matrix of (arguments, rows) with each row's values ascending; NaN, that is null, comes last."""
    matrix = np.empty((len(parts), rows))
    for line, (data, _) in zip(matrix, parts, strict=True):
        line[:] = data
    matrix += 0.0  # one zero, so that no order of 0 and -0 shows
    if len(parts) > _FEW:
        matrix.sort(axis=0)
        return matrix
    for turn in range(len(parts)):
        for place in range(turn % 2, len(parts) - 1, 2):
            low = np.fmin(matrix[place], matrix[place + 1])
            np.maximum(matrix[place], matrix[place + 1], out=matrix[place + 1])
            matrix[place] = low
    return matrix


def _spread(v: tuple[Any, ...], ctx: Call, less: int) -> Any:
    """Return the variance: squared deviations from the mean over their number, less one for a sample."""
    parts = parts_of(v)
    counts = count_of(parts, ctx)
    mean = mean_of(parts, counts)
    total = np.zeros(ctx.rows)
    for data, null in parts:
        total = total + filled((np.square(data - mean), null), 0.0)
    if less:
        ctx.fail(counts == 1, "DIV0", f"{ctx.function}: a sample needs two values at least")
    return total / np.maximum(counts - less, 1)


def _spread_function(name: str, aliases: list[str], words: str, less: int, root: bool, result: float) -> None:
    """Declare one of the four measures of spread."""
    alone = Failure("DIV0") if less else 0.0

    @function(
        f"{name}(v:float...) -> float",
        category=CATEGORY,
        aliases=aliases,
        summary=f"The {words} of the row's arguments.",
        examples=[
            Example(f"{name}(2;4;4;4;5;5;7;9)", result, digits=6),
            Example(f"{name}(3;null)", alone),
            Example(f"{name}(null)", None),
        ],
        nulls="own",
        null_note=SKIPS,
        error_note="A sample of one value gives the error DIV0." if less else "",
    )
    def spread(*v: Any, ctx: Call) -> Any:
        variance = _spread(v, ctx, less)
        return np.sqrt(variance) if root else variance


_spread_function("STDEVS", ["STDEV", "STDEV.S"], "standard deviation, as of a sample,", 1, True, 2.13809)
_spread_function("STDEVP", ["STDEV.P"], "standard deviation, as of a population,", 0, True, 2.0)
_spread_function("VARS", ["VAR", "VAR.S"], "variance, as of a sample,", 1, False, 4.571429)
_spread_function("VARP", ["VAR.P"], "variance, as of a population,", 0, False, 4.0)


# Extremes


def _extreme(v: tuple[Any, ...], ctx: Call, largest: bool) -> Any:
    kind = ctx.types[0].kind
    if all(isinstance(arg, Constant) and arg.value is None for arg in v):
        return Column.nulls_of(ctx.types[0], ctx.rows)
    if kind is Kind.FLOAT:  # null is NaN, and where all are null so is the result
        values = [arg.value if isinstance(arg, Constant) else arg.data for arg in v]
        some = [value for value in values if value is not None]
        best = folded(np.fmax if largest else np.fmin, some, ctx.out)
        return np.add(best, 0.0, out=ctx.out)  # one zero: which wins depends on the processor
    parts = parts_of(v)
    if kind in (Kind.INTEGER, Kind.DATE) and all(null is None for _, null in parts):
        return folded(np.maximum if largest else np.minimum, [data for data, _ in parts])
    count_of(parts, ctx)
    best, has = _broadcast(parts[0], ctx.rows)
    for part in parts[1:]:
        data, valid = _broadcast(part, ctx.rows)
        better = np.greater(data, best) if largest else np.less(data, best)
        best = np.where(valid & (better.astype(np.bool_) | ~has), data, best)
        has = has | valid
    return best


def _broadcast(part: Part, rows: int) -> tuple[Array, Mask]:
    data, null = part
    if not isinstance(data, np.ndarray):
        exact = not isinstance(data, int) or abs(data) >= 2**63
        data = np.asarray(data, np.object_ if exact else np.int64)
    valid = np.ones(rows, np.bool_) if null is None else ~null
    return np.broadcast_to(data, (rows,)), valid


@function(
    ["MAX(v:num...) -> num", "MAX(v:date...) -> date"],
    category=CATEGORY,
    summary="The largest of the row's arguments.",
    examples=[
        Example("MAX(1;3;2)", 3),
        Example("MAX(1;null;2.5)", 2.5),
        Example("MAX(null;null)", None),
        Example("MAX(#a;#b)", [3, 2], rows={"a": [1, 2], "b": [3, None]}),
    ],
    nulls="own",
    null_note=SKIPS,
    big=True,
)
def maximum(*v: Any, ctx: Call) -> Any:
    return _extreme(v, ctx, largest=True)


@function(
    ["MIN(v:num...) -> num", "MIN(v:date...) -> date"],
    category=CATEGORY,
    summary="The smallest of the row's arguments.",
    examples=[
        Example("MIN(1;3;2)", 1),
        Example("MIN(1;null;0.5)", 0.5),
        Example("MIN(null;null)", None),
        Example("MIN(#a;#b)", [1, 2], rows={"a": [1, 2], "b": [3, None]}),
    ],
    nulls="own",
    null_note=SKIPS,
    big=True,
)
def minimum(*v: Any, ctx: Call) -> Any:
    return _extreme(v, ctx, largest=False)


@function(
    "CLAMP(x:num; lo:num; hi:num) -> num",
    category=CATEGORY,
    summary="The number, moved into the interval from lo to hi where it lies outside.",
    examples=[
        Example("CLAMP(12;0;10)", 10),
        Example("CLAMP(-0.5;0;1)", 0.0),
        Example("CLAMP(1;10;0)", Failure("NUM")),
        Example("CLAMP(null;0;1)", None),
    ],
    error_note="An interval with lo above hi gives the error NUM.",
)
def clamp(x: Any, lo: Any, hi: Any, ctx: Call) -> Any:
    ctx.fail(np.greater(lo, hi), "NUM", "CLAMP: the lower end {1} is above the upper end {2}")
    if ctx.types[0].kind is not Kind.FLOAT or not np.any(np.equal(lo, 0) | np.equal(hi, 0)):
        return np.clip(x, lo, hi, out=ctx.out)
    if np.any(np.equal(lo, hi)):  # both may be zeros, of either sign
        return np.where(np.less(x, lo), lo, np.where(np.greater(x, hi), hi, x))
    out = np.clip(x, lo, hi)
    inside = np.equal(x, 0) & np.less_equal(lo, 0) & np.greater_equal(hi, 0)
    return np.where(inside, x, out) if inside.any() else out  # a zero keeps its sign at an end that is zero
