"""Powers, roots, logarithms, special functions and counting formulas."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sheetline.functions.arithmetic import SKIPS, count_of, filled, parts_of
from sheetline.functions.blend import blend
from sheetline.functions.columns import Array
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function

CATEGORY = "mathematics"


@function(
    "PI() -> float",
    category=CATEGORY,
    summary="The number π, the circumference of a circle of diameter 1.",
    examples=[Example("PI()", math.pi), Example("ROUND(PI() + null;2)", None)],
)
def pi() -> float:
    return math.pi


@function(
    "E() -> float",
    category=CATEGORY,
    summary="Euler's number e, the base of natural logarithms.",
    examples=[Example("E()", math.e), Example("E() + null", None)],
)
def e() -> float:
    return math.e


# Exponentials and logarithms


@function(
    "EXP(x:float) -> float",
    category=CATEGORY,
    summary="Euler's number raised to the power x.",
    examples=[Example("EXP(0)", 1.0), Example("EXP(1000)", Failure("OVERFLOW")), Example("EXP(null)", None)],
    propagates=True,
)
def exp(x: Any, ctx: Call) -> Any:
    return np.exp(x, out=ctx.out)


@function(
    "EXPM1(x:float) -> float",
    category=CATEGORY,
    summary="EXP(x) - 1, exact also for small x.",
    examples=[
        Example("EXPM1(0)", 0.0),
        Example("EXPM1(1e-20)", 1e-20),
        Example("EXPM1(1000)", Failure("OVERFLOW")),
        Example("EXPM1(null)", None),
    ],
    propagates=True,
)
def expm1(x: Any, ctx: Call) -> Any:
    return np.expm1(x, out=ctx.out)


def _logarithm(name: str, ufunc: Any, summary: str, examples: list[Example], least: float = 0.0) -> None:
    """Declare a logarithm of one argument; at and below ``least`` there is none."""

    @function(f"{name}(x:float) -> float", category=CATEGORY, summary=summary, examples=examples, propagates=True)
    def logarithm(x: Any, ctx: Call) -> Any:
        if ctx.checked:
            ctx.fail(np.less_equal(x, least), "NUM")
        return ufunc(x)


_logarithm(
    "LN",
    np.log,
    "The natural logarithm.",
    [Example("LN(1)", 0.0), Example("LN(0)", Failure("NUM")), Example("LN(-1)", Failure("NUM"))],
)
_logarithm(
    "LN1P",
    np.log1p,
    "LN(1 + x), exact also for small x.",
    [Example("LN1P(0)", 0.0), Example("LN1P(1e-20)", 1e-20), Example("LN1P(-1)", Failure("NUM"))],
    -1.0,
)
_logarithm(
    "LOG10",
    np.log10,
    "The logarithm to the base 10.",
    [Example("LOG10(1000)", 3.0), Example("LOG10(0)", Failure("NUM")), Example("LOG10(null)", None)],
)
_logarithm(
    "LOG2",
    np.log2,
    "The logarithm to the base 2.",
    [Example("LOG2(8)", 3.0), Example("LOG2(0)", Failure("NUM")), Example("LOG2(null)", None)],
)


@function(
    "LOG(x:float; [base:float=10]) -> float",
    category=CATEGORY,
    summary="The logarithm to a base, 10 where none is given.",
    examples=[
        Example("LOG(1000)", 3.0),
        Example("LOG(125;5)", 3.0),
        Example("LOG(0)", Failure("NUM")),
        Example("LOG(2;1)", Failure("DIV0")),
        Example("LOG(null;2)", None),
    ],
    notes="A number that is a whole power of its base gives that whole number.",
)
def log(x: Any, base: Any, ctx: Call) -> Any:
    if ctx.checked:
        ctx.fail(np.less_equal(x, 0) | np.less_equal(base, 0), "NUM")
        ctx.fail(np.equal(base, 1), "DIV0")
    if isinstance(base, float) and base == 10:
        return np.log10(x)
    out = np.where(np.equal(base, 10), np.log10(x), np.divide(np.log(x), np.log(base)))
    whole = np.rint(out)
    with np.errstate(all="ignore"):
        return np.where((np.abs(out - whole) < 1e-9) & np.equal(np.power(base, whole), x), whole, out)


@function(
    "LOGISTIC(x:float) -> float",
    category=CATEGORY,
    summary="1 / (1 + EXP(-x)): any number to the interval from 0 to 1.",
    examples=[Example("LOGISTIC(0)", 0.5), Example("LOGISTIC(-1000)", 0.0), Example("LOGISTIC(null)", None)],
    propagates=True,
)
def logistic(x: Any) -> Any:
    small = np.exp(-np.abs(x))
    return blend(np.less(x, 0), small, 1.0, np.float64) / (1.0 + small)


@function(
    "LOGIT(p:float) -> float",
    category=CATEGORY,
    summary="LN(p / (1 - p)): the inverse of LOGISTIC, for p between 0 and 1.",
    examples=[Example("LOGIT(0.5)", 0.0), Example("LOGIT(1)", Failure("NUM")), Example("LOGIT(null)", None)],
    propagates=True,
)
def logit(p: Any, ctx: Call) -> Any:
    if ctx.checked:
        ctx.fail(np.less_equal(p, 0) | np.greater_equal(p, 1), "NUM")
    return np.subtract(np.log(p), np.log1p(np.negative(p)))


# Roots


@function(
    "SQRT(x:float) -> float",
    category=CATEGORY,
    summary="The square root.",
    examples=[Example("SQRT(9)", 3.0), Example("SQRT(-1)", Failure("NUM")), Example("SQRT(null)", None)],
    propagates=True,
)
def sqrt(x: Any, ctx: Call) -> Any:
    return np.sqrt(x, out=ctx.out)


@function(
    "SQRTPI(x:float) -> float",
    category=CATEGORY,
    summary="The square root of x × π.",
    examples=[
        Example("SQRTPI(1)", 1.7724538509, digits=10),
        Example("SQRTPI(-1)", Failure("NUM")),
        Example("SQRTPI(null)", None),
    ],
    propagates=True,
)
def sqrtpi(x: Any) -> Any:
    return np.sqrt(np.multiply(x, math.pi))


@function(
    "CBRT(x:float) -> float",
    category=CATEGORY,
    summary="The cube root; that of a negative number is negative.",
    examples=[Example("CBRT(-8)", -2.0), Example("CBRT(0)", 0.0), Example("CBRT(null)", None)],
    propagates=True,
)
def cbrt(x: Any, ctx: Call) -> Any:
    return np.cbrt(x, out=ctx.out)


@function(
    "HYPOT(a:float; b:float) -> float",
    category=CATEGORY,
    summary="The square root of a² + b², without overflow on the way.",
    examples=[Example("HYPOT(3;4)", 5.0), Example("HYPOT(3e200;4e200)", 5e200), Example("HYPOT(null;4)", None)],
    propagates=True,
)
def hypot(a: Any, b: Any) -> Any:
    return np.hypot(a, b)


# Special functions


@function(
    "GAMMA(x:float) -> float",
    category=CATEGORY,
    summary="The gamma function; GAMMA(n + 1) is the factorial of n.",
    examples=[
        Example("GAMMA(5)", 24.0, digits=10),
        Example("GAMMA(0)", Failure("NUM")),
        Example("GAMMA(-2)", Failure("NUM")),
        Example("GAMMA(172)", Failure("OVERFLOW")),
        Example("GAMMA(null)", None),
    ],
    fails="finite",
)
def gamma(x: Any, ctx: Call) -> Any:
    from scipy import special

    ctx.fail(np.less_equal(x, 0) & np.equal(np.floor(x), x), "NUM")
    return special.gamma(x)


@function(
    "GAMMALN(x:float) -> float",
    category=CATEGORY,
    summary="The natural logarithm of the gamma function, for positive x.",
    examples=[
        Example("GAMMALN(1)", 0.0),
        Example("GAMMALN(0)", Failure("NUM")),
        Example("GAMMALN(null)", None),
    ],
    fails="finite",
)
def gammaln(x: Any, ctx: Call) -> Any:
    from scipy import special

    if not np.fmin.reduce(x, axis=None, initial=1.0) < 1e-300:
        return special.gammaln(x)
    ctx.fail(np.less_equal(x, 0), "NUM")
    near = -np.log(np.clip(x, 5e-324, 1e-300))  # the library's function overflows beside 0
    return np.where(np.less(x, 1e-300), near, special.gammaln(x))


@function(
    "ERF(x:float) -> float",
    category=CATEGORY,
    summary="The error function, integrated from 0 to x or from lower to upper.",
    examples=[
        Example("ERF(0)", 0.0),
        Example("ERF(1)", 0.8427007929, digits=10),
        Example("ERF(0;1)", 0.8427007929, digits=10),
        Example("ERF(null)", None),
    ],
    fails="finite",
)
def erf(x: Any) -> Any:
    from scipy import special

    return special.erf(x)


@erf.overload("ERF(lower:float; upper:float) -> float")
def _erf_between(lower: Any, upper: Any) -> Any:
    from scipy import special

    return np.subtract(special.erf(upper), special.erf(lower))


@function(
    "ERFC(x:float) -> float",
    category=CATEGORY,
    summary="The complementary error function, 1 - ERF(x), exact also for large x.",
    examples=[Example("ERFC(0)", 1.0), Example("ERFC(1)", 0.1572992071, digits=10), Example("ERFC(null)", None)],
    fails="finite",
)
def erfc(x: Any) -> Any:
    from scipy import special

    return special.erfc(x)


# Counting


def _double_factorials() -> list[float]:
    values = [1, 1]
    for n in range(2, 301):
        values.append(values[n - 2] * n)
    return [float(value) for value in values]


_FACTORIALS = np.array([float(math.factorial(n)) for n in range(171)])
_DOUBLE_FACTORIALS = np.array(_double_factorials())


def _look_up(n: Any, table: Array, ctx: Call) -> Any:
    whole = np.trunc(n)
    ctx.fail(np.less(n, 0), "NUM", f"{ctx.function}: {{0}} is negative")
    ctx.fail(np.greater_equal(whole, len(table)), "OVERFLOW")
    place = np.where(np.isnan(whole), 0.0, np.clip(whole, 0, len(table) - 1))
    return table[place.astype(np.int64)]


@function(
    "FACT(n:float) -> float",
    category=CATEGORY,
    summary="The factorial, 1 × 2 × … × n; a fraction is cut off.",
    examples=[
        Example("FACT(5)", 120.0),
        Example("FACT(0)", 1.0),
        Example("FACT(-0.5)", Failure("NUM")),
        Example("FACT(171)", Failure("OVERFLOW")),
        Example("FACT(null)", None),
    ],
)
def fact(n: Any, ctx: Call) -> Any:
    return _look_up(n, _FACTORIALS, ctx)


@function(
    "FACTDOUBLE(n:float) -> float",
    category=CATEGORY,
    summary="The double factorial, n × (n - 2) × (n - 4) × …; a fraction is cut off.",
    examples=[
        Example("FACTDOUBLE(7)", 105.0),
        Example("FACTDOUBLE(6)", 48.0),
        Example("FACTDOUBLE(-1)", Failure("NUM")),
        Example("FACTDOUBLE(null)", None),
    ],
)
def factdouble(n: Any, ctx: Call) -> Any:
    return _look_up(n, _DOUBLE_FACTORIALS, ctx)


_EXACT = 2.0**53  #: whole numbers below are exact as floats


def combinations(n: Array, k: Array, rest: Array) -> Array:
    """Return the binomial coefficients of whole floats 0 ≤ k ≤ n (other rows: arbitrary); exact below 2^53.

    ``rest`` is n - k, which the caller may know better than the difference of two large floats.
    """
    from scipy import special

    with np.errstate(all="ignore"):
        few = np.where((k >= 0) & (k <= n), np.minimum(k, rest), 0.0)
        rough: Array = np.asarray(special.binom(np.where(n >= 0, n, 0.0), few))
    rows = np.flatnonzero((rough < _EXACT) & (few > 0))
    if len(rows):  # then k is at most 53, and each step of the product fits 64 bits
        top, steps = n[rows].astype(np.int64), few[rows].astype(np.int64)
        exact = np.ones(len(rows), np.int64)
        for step in range(1, int(steps.max()) + 1):
            exact = np.where(step <= steps, exact * (top - steps + step) // step, exact)
        rough = rough.copy()
        rough[rows] = exact
    return rough


def _whole_pair(n: Any, k: Any, ctx: Call) -> tuple[Array, Array]:
    shape = (ctx.rows,)
    return np.broadcast_to(np.trunc(n), shape), np.broadcast_to(np.trunc(k), shape)


@function(
    "COMBIN(n:float; k:float) -> float",
    category=CATEGORY,
    summary="In how many ways k things can be chosen from n; fractions are cut off.",
    examples=[
        Example("COMBIN(49;6)", 13983816.0),
        Example("COMBIN(5;0)", 1.0),
        Example("COMBIN(3;4)", Failure("NUM")),
        Example("COMBIN(null;2)", None),
    ],
    fails="finite",
)
def combin(n: Any, k: Any, ctx: Call) -> Any:
    total, chosen = _whole_pair(n, k, ctx)
    ctx.fail((chosen < 0) | (chosen > total), "NUM")
    return combinations(total, chosen, total - chosen)


@function(
    "COMBINA(n:float; k:float) -> float",
    category=CATEGORY,
    summary="In how many ways k things can be chosen from n when each may be chosen again.",
    examples=[
        Example("COMBINA(4;3)", 20.0),
        Example("COMBINA(0;0)", 1.0),
        Example("COMBINA(-1;2)", Failure("NUM")),
        Example("COMBINA(4;null)", None),
    ],
    fails="finite",
)
def combina(n: Any, k: Any, ctx: Call) -> Any:
    total, chosen = _whole_pair(n, k, ctx)
    ctx.fail((chosen < 0) | (total < 0), "NUM")
    ways = combinations(np.where(chosen == 0, 0.0, total + chosen - 1.0), chosen, np.maximum(total - 1.0, 0.0))
    return np.where((total == 0) & (chosen > 0), 0.0, ways)


@function(
    "PERMUT(n:float; k:float) -> float",
    category=CATEGORY,
    summary="In how many orders k things of n can stand: n! / (n - k)!.",
    examples=[
        Example("PERMUT(5;3)", 60.0),
        Example("PERMUT(100;0)", 1.0),
        Example("PERMUT(3;4)", Failure("NUM")),
        Example("PERMUT(1000;200)", Failure("OVERFLOW")),
        Example("PERMUT(null;2)", None),
    ],
    fails="finite",
)
def permut(n: Any, k: Any, ctx: Call) -> Any:
    total, chosen = _whole_pair(n, k, ctx)
    good = (chosen >= 0) & (chosen <= total)
    ctx.fail(~good, "NUM")
    chosen = np.where(good, chosen, 0.0)
    out = np.ones(ctx.rows)
    for step in range(int(min(np.max(chosen, initial=0.0), 171.0))):
        out = np.where(step < chosen, out * (total - step), out)
    return np.where(chosen > 170, np.inf, out)


@function(
    "MULTINOMIAL(v:float...) -> float",
    category=CATEGORY,
    summary="The factorial of the sum of the arguments divided by the product of their factorials.",
    examples=[
        Example("MULTINOMIAL(2;3;4)", 1260.0),
        Example("MULTINOMIAL(2;null;1)", 3.0),
        Example("MULTINOMIAL(2;-1)", Failure("NUM")),
        Example("MULTINOMIAL(null)", None),
    ],
    nulls="own",
    fails="finite",
    null_note=SKIPS,
)
def multinomial(*v: Any, ctx: Call) -> Any:
    parts = parts_of(v)
    count_of(parts, ctx)
    total, out = np.zeros(ctx.rows), np.ones(ctx.rows)
    for part in parts:
        value = np.broadcast_to(np.trunc(filled(part, 0.0)), (ctx.rows,))
        ctx.fail(value < 0, "NUM", "MULTINOMIAL: an argument is negative")
        value = np.maximum(value, 0.0)
        with np.errstate(all="ignore"):
            out = out * combinations(total + value, value, total)
        total = total + value
    return out
