"""Continuous probability distributions: density, left-tailed distribution function and its inverse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sheetline.functions.columns import Array
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function

CATEGORY = "distributions"

LEFT = "With cumulative true (the default) the probability of a value up to x (left-tailed), else the density at x."


def floats(*args: Any) -> tuple[Any, ...]:
    """Return arguments as numpy values, so that arithmetic of constants sets flags and raises nothing."""
    return tuple(np.asarray(arg, np.float64) for arg in args)


def either(cumulative: Any, total: Callable[[], Any], density: Callable[[], Any]) -> Any:
    """Return the distribution function or the density, each computed only where it is asked for."""
    if isinstance(cumulative, bool):
        return total() if cumulative else density()
    with np.errstate(all="ignore"):
        return np.where(cumulative, total(), density())


def positive(ctx: Call, *values: Any) -> None:
    """Report rows where a parameter that must be above zero is not."""
    for value in values:
        ctx.fail(np.less_equal(value, 0), "NUM")


def inside(ctx: Call, p: Any) -> None:
    """Report rows whose probability is not between 0 and 1."""
    ctx.fail(np.less_equal(p, 0) | np.greater_equal(p, 1), "NUM")


def _above(x: Any, least: float, value: Callable[[Any], Any]) -> Array:
    """Return ``value(x)`` where x is above (for densities at) its least value, else 0."""
    below = np.less(x, least)
    result: Array = np.where(below, 0.0, value(np.where(below, 1.0, x)))
    return result


# Exponential, chi-squared, t, F

_DF = "Degrees of freedom may have fractions, as in Welch's test; they must be above 0."


@function(
    "EXPONDIST(x:float; lambda:float; [cumulative:bool=true]) -> float",
    category=CATEGORY,
    aliases=["EXPON.DIST"],
    summary="The exponential distribution of a rate lambda.",
    examples=[
        Example("EXPONDIST(0.5;1;false)", 0.60653066, digits=8),
        Example("EXPONDIST(0.5;1;true)", 0.39346934, digits=8),
        Example("EXPONDIST(-1;1;true)", 0.0),
        Example("EXPONDIST(1;0;true)", Failure("NUM")),
        Example("EXPONDIST(1;null;true)", None),
    ],
    fails="finite",
    notes=LEFT,
)
def expondist(x: Any, rate: Any, cumulative: Any, ctx: Call) -> Any:
    x, rate = floats(x, rate)
    positive(ctx, rate)
    return _above(x, 0.0, lambda v: either(cumulative, lambda: -np.expm1(-rate * v), lambda: rate * np.exp(-rate * v)))


@function(
    "CHISQDIST(x:float; df:float; [cumulative:bool=true]) -> float",
    category=CATEGORY,
    aliases=["CHISQ.DIST"],
    summary="The chi-squared distribution.",
    examples=[
        Example("CHISQDIST(3;2;false)", 0.11157, digits=5),
        Example("CHISQDIST(3;2;true)", 0.77687, digits=5),
        Example("CHISQDIST(3;0;true)", Failure("NUM")),
        Example("CHISQDIST(null;2;true)", None),
    ],
    fails="finite",
    notes=f"{LEFT} {_DF}",
)
def chisqdist(x: Any, df: Any, cumulative: Any, ctx: Call) -> Any:
    from scipy import special

    x, df = floats(x, df)
    positive(ctx, df)
    return _gamma(x, df / 2.0, np.float64(2.0), cumulative, ctx, special)


def _gamma(x: Any, shape: Any, scale: Any, cumulative: Any, ctx: Call, special: Any) -> Any:
    """Return the gamma distribution; at 0 its density is infinite for shapes below 1, which is an error."""
    if not isinstance(cumulative, bool) or not cumulative:
        ctx.fail((x == 0) & (shape < 1) & np.logical_not(cumulative), "NUM")

    def density(v: Any) -> Any:
        return np.exp(special.xlogy(shape - 1.0, v / scale) - v / scale - special.gammaln(shape)) / scale

    return _above(x, 0.0, lambda v: either(cumulative, lambda: special.gammainc(shape, v / scale), lambda: density(v)))


@function(
    "CHISQINV(p:float; df:float) -> float",
    category=CATEGORY,
    aliases=["CHISQ.INV"],
    summary="The value up to which the chi-squared distribution has the probability p.",
    examples=[
        Example("CHISQINV(0.95;1)", 3.84145882, digits=8),
        Example("CHISQINV(1;1)", Failure("NUM")),
        Example("CHISQINV(null;1)", None),
    ],
    fails="finite",
    notes=_DF,
)
def chisqinv(p: Any, df: Any, ctx: Call) -> Any:
    from scipy import special

    p, df = floats(p, df)
    positive(ctx, df)
    ctx.fail((p < 0) | (p >= 1), "NUM")
    return 2.0 * special.gammaincinv(df / 2.0, p)


@function(
    "TDIST(x:float; df:float; [cumulative:bool=true]) -> float",
    category=CATEGORY,
    aliases=["T.DIST"],
    summary="Student's t-distribution.",
    examples=[
        Example("TDIST(0;5;true)", 0.5),
        Example("TDIST(1;1;true)", 0.75, digits=12),
        Example("TDIST(0;1;false)", 0.31830989, digits=8),
        Example("TDIST(1;0;true)", Failure("NUM")),
        Example("TDIST(null;5;true)", None),
    ],
    fails="finite",
    notes=f"{LEFT} {_DF} Spreadsheets' old TDIST, with a number of tails in place of the truth value, is right-tailed.",
)
def tdist(x: Any, df: Any, cumulative: Any, ctx: Call) -> Any:
    from scipy import special

    x, df = floats(x, df)
    positive(ctx, df)

    def density() -> Any:
        tail = -0.5 * (df + 1.0) * np.log1p(np.square(x) / df)
        return np.exp(tail - special.betaln(0.5, 0.5 * df)) / np.sqrt(df)

    return either(cumulative, lambda: special.stdtr(df, x), density)


@function(
    "TINV(p:float; df:float) -> float",
    category=CATEGORY,
    aliases=["T.INV"],
    summary="The value up to which Student's t-distribution has the probability p.",
    examples=[
        Example("TINV(0.975;10)", 2.22813885, digits=8),
        Example("TINV(0;10)", Failure("NUM")),
        Example("TINV(null;10)", None),
    ],
    fails="finite",
    notes=f"The inverse of TDIST, left-tailed; spreadsheets' TINV(a;df) is TINV(1 - a/2;df) here. {_DF}",
)
def tinv(p: Any, df: Any, ctx: Call) -> Any:
    from scipy import special

    p, df = floats(p, df)
    positive(ctx, df)
    inside(ctx, p)
    return special.stdtrit(df, p)


@function(
    "FDIST(x:float; df1:float; df2:float; [cumulative:bool=true]) -> float",
    category=CATEGORY,
    aliases=["F.DIST"],
    summary="The F-distribution.",
    examples=[
        Example("FDIST(1;2;5;false)", 0.308, digits=3),
        Example("FDIST(1;2;5;true)", 0.568799, digits=6),
        Example("FDIST(1;0;5;true)", Failure("NUM")),
        Example("FDIST(-1;2;5;true)", Failure("NUM")),
        Example("FDIST(null;2;5;true)", None),
    ],
    fails="finite",
    notes=f"{LEFT} {_DF}",
)
def fdist(x: Any, df1: Any, df2: Any, cumulative: Any, ctx: Call) -> Any:
    from scipy import special

    x, df1, df2 = floats(x, df1, df2)
    positive(ctx, df1, df2)
    ctx.fail(np.less(x, 0.0), "NUM")
    if not isinstance(cumulative, bool) or not cumulative:
        ctx.fail((x == 0) & (df1 < 2) & np.logical_not(cumulative), "NUM")

    def density(v: Any) -> Any:
        ratio = df1 / df2
        log = special.xlogy(0.5 * df1 - 1.0, ratio * v) - 0.5 * (df1 + df2) * np.log1p(ratio * v)
        return ratio * np.exp(log - special.betaln(0.5 * df1, 0.5 * df2))

    return _above(x, 0.0, lambda v: either(cumulative, lambda: special.fdtr(df1, df2, v), lambda: density(v)))


@function(
    "FINV(p:float; df1:float; df2:float) -> float",
    category=CATEGORY,
    aliases=["F.INV"],
    summary="The value up to which the F-distribution has the probability p.",
    examples=[
        Example("FINV(0.95;2;5)", 5.78613504, digits=8),
        Example("FINV(1;2;5)", Failure("NUM")),
        Example("FINV(null;2;5)", None),
    ],
    fails="finite",
    notes=f"The inverse of FDIST, left-tailed; spreadsheets' FINV(p;…) is FINV(1 - p;…) here. {_DF}",
)
def finv(p: Any, df1: Any, df2: Any, ctx: Call) -> Any:
    from scipy import special

    p, df1, df2 = floats(p, df1, df2)
    positive(ctx, df1, df2)
    inside(ctx, p)
    return special.fdtri(df1, df2, p)


# Gamma, beta, Weibull, uniform


@function(
    "GAMMADIST(x:float; alpha:float; beta:float; [cumulative:bool=true]) -> float",
    category=CATEGORY,
    aliases=["GAMMA.DIST"],
    summary="The gamma distribution of a shape alpha and a scale beta.",
    examples=[
        Example("GAMMADIST(10;9;2;false)", 0.032639, digits=6),
        Example("GAMMADIST(10;9;2;true)", 0.068094, digits=6),
        Example("GAMMADIST(10;0;2;true)", Failure("NUM")),
        Example("GAMMADIST(null;9;2;true)", None),
    ],
    fails="finite",
    notes=LEFT,
)
def gammadist(x: Any, alpha: Any, beta: Any, cumulative: Any, ctx: Call) -> Any:
    from scipy import special

    x, alpha, beta = floats(x, alpha, beta)
    positive(ctx, alpha, beta)
    return _gamma(x, alpha, beta, cumulative, ctx, special)


@function(
    "BETADIST(x:float; alpha:float; beta:float; [a:float=0]; [b:float=1]; [cumulative:bool=true]) -> float",
    category=CATEGORY,
    summary="The beta distribution of shapes alpha and beta, on the interval from a to b.",
    examples=[
        Example("BETADIST(0.5;2;2)", 0.5, digits=12),
        Example("BETADIST(0.5;2;2;false)", 1.5, digits=12),
        Example("BETADIST(2;8;10;1;3;true)", 0.68547058, digits=8),
        Example("BETADIST(0.5;0;2)", Failure("NUM")),
        Example("BETADIST(null;2;2)", None),
    ],
    fails="finite",
    notes=LEFT,
)
def betadist(x: Any, alpha: Any, beta: Any, a: Any, b: Any, cumulative: Any, ctx: Call) -> Any:
    from scipy import special

    x, alpha, beta, a, b = floats(x, alpha, beta, a, b)
    positive(ctx, alpha, beta)
    ctx.fail(a >= b, "NUM")
    width = np.where(a < b, b - a, 1.0)
    z = (x - a) / width
    if not isinstance(cumulative, bool) or not cumulative:
        pole = ((z == 0) & (alpha < 1)) | ((z == 1) & (beta < 1))
        ctx.fail(pole & np.logical_not(cumulative), "NUM")
    within = np.clip(z, 0.0, 1.0)

    def density() -> Any:
        log = special.xlogy(alpha - 1.0, within) + special.xlog1py(beta - 1.0, -within) - special.betaln(alpha, beta)
        return np.where(within == z, np.exp(log) / width, 0.0)

    return either(cumulative, lambda: special.betainc(alpha, beta, within), density)


@betadist.overload("BETADIST(x:float; alpha:float; beta:float; cumulative:bool) -> float")
def _betadist_unit(x: Any, alpha: Any, beta: Any, cumulative: Any, ctx: Call) -> Any:
    return betadist.kernels[0].run(x, alpha, beta, 0.0, 1.0, cumulative, ctx=ctx)


@function(
    "WEIBULLDIST(x:float; alpha:float; beta:float; [cumulative:bool=true]) -> float",
    category=CATEGORY,
    aliases=["WEIBULL", "WEIBULL.DIST"],
    summary="The Weibull distribution of a shape alpha and a scale beta.",
    examples=[
        Example("WEIBULLDIST(105;20;100;true)", 0.92958139, digits=8),
        Example("WEIBULLDIST(105;20;100;false)", 0.03558886, digits=8),
        Example("WEIBULLDIST(1;0;1;true)", Failure("NUM")),
        Example("WEIBULLDIST(-1;1;1;true)", Failure("NUM")),
        Example("WEIBULLDIST(null;1;1;true)", None),
    ],
    fails="finite",
    notes=LEFT,
)
def weibulldist(x: Any, alpha: Any, beta: Any, cumulative: Any, ctx: Call) -> Any:
    from scipy import special

    x, alpha, beta = floats(x, alpha, beta)
    positive(ctx, alpha, beta)
    ctx.fail(np.less(x, 0.0), "NUM")
    if not isinstance(cumulative, bool) or not cumulative:
        ctx.fail((x == 0) & (alpha < 1) & np.logical_not(cumulative), "NUM")

    def density(v: Any) -> Any:
        power = np.power(v / beta, alpha)
        return alpha / beta * np.exp(special.xlogy(alpha - 1.0, v / beta) - power)

    return _above(
        x, 0.0, lambda v: either(cumulative, lambda: -np.expm1(-np.power(v / beta, alpha)), lambda: density(v))
    )


@function(
    "UNIFORMDIST(x:float; a:float; b:float; [cumulative:bool=true]) -> float",
    category=CATEGORY,
    summary="The uniform distribution on the interval from a to b.",
    examples=[
        Example("UNIFORMDIST(3;2;6;true)", 0.25),
        Example("UNIFORMDIST(3;2;6;false)", 0.25),
        Example("UNIFORMDIST(9;2;6;false)", 0.0),
        Example("UNIFORMDIST(3;6;2;true)", Failure("NUM")),
        Example("UNIFORMDIST(null;2;6;true)", None),
    ],
    fails="finite",
    notes=LEFT,
)
def uniformdist(x: Any, a: Any, b: Any, cumulative: Any, ctx: Call) -> Any:
    x, a, b = floats(x, a, b)
    ctx.fail(a >= b, "NUM")
    width = np.where(a < b, b - a, 1.0)
    return either(
        cumulative,
        lambda: np.clip((x - a) / width, 0.0, 1.0),
        lambda: np.where((x >= a) & (x <= b), 1.0 / width, 0.0),
    )
