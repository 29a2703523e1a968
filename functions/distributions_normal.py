"""The normal and log-normal distributions, and standard scores."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.distributions import CATEGORY, LEFT, either, floats, inside, positive

_ROOT = math.sqrt(2.0 * math.pi)


def _normal(z: Any) -> Any:
    return np.exp(-0.5 * np.square(z)) / _ROOT


@function(
    "NORMDIST(x:float; mean:float; sd:float; [cumulative:bool=true]) -> float",
    category=CATEGORY,
    aliases=["NORM.DIST"],
    summary="The normal distribution with a mean and a standard deviation.",
    examples=[
        Example("NORMDIST(42;40;1.5;false)", 0.10934005, digits=8),
        Example("NORMDIST(42;40;1.5;true)", 0.90878878, digits=8),
        Example("NORMDIST(1;0;0;true)", Failure("NUM")),
        Example("NORMDIST(null;0;1;true)", None),
    ],
    fails="finite",
    notes=LEFT,
)
def normdist(x: Any, mean: Any, sd: Any, cumulative: Any, ctx: Call) -> Any:
    from scipy import special

    x, mean, sd = floats(x, mean, sd)
    positive(ctx, sd)
    z = (x - mean) / sd
    return either(cumulative, lambda: special.ndtr(z), lambda: _normal(z) / sd)


@function(
    "NORMINV(p:float; mean:float; sd:float) -> float",
    category=CATEGORY,
    aliases=["NORM.INV"],
    summary="The value up to which a normal distribution has the probability p.",
    examples=[
        Example("NORMINV(0.5;40;1.5)", 40.0),
        Example("NORMINV(0;0;1)", Failure("NUM")),
        Example("NORMINV(null;0;1)", None),
    ],
    fails="finite",
)
def norminv(p: Any, mean: Any, sd: Any, ctx: Call) -> Any:
    from scipy import special

    p, mean, sd = floats(p, mean, sd)
    positive(ctx, sd)
    inside(ctx, p)
    return special.ndtri(p) * sd + mean


@function(
    "NORMSDIST(x:float) -> float",
    category=CATEGORY,
    summary="The probability of a value up to x in the normal distribution of mean 0 and standard deviation 1.",
    examples=[
        Example("NORMSDIST(0)", 0.5),
        Example("NORMSDIST(1)", 0.84134475, digits=8),
        Example("NORMSDIST(null)", None),
    ],
    fails="finite",
)
def normsdist(x: Any) -> Any:
    from scipy import special

    return special.ndtr(x)


@function(
    "NORMSINV(p:float) -> float",
    category=CATEGORY,
    aliases=["NORM.S.INV"],
    summary="The value up to which the standard normal distribution has the probability p.",
    examples=[
        Example("NORMSINV(0.5)", 0.0),
        Example("NORMSINV(0.975)", 1.95996398, digits=8),
        Example("NORMSINV(1)", Failure("NUM")),
        Example("NORMSINV(null)", None),
    ],
    fails="finite",
)
def normsinv(p: Any, ctx: Call) -> Any:
    from scipy import special

    inside(ctx, p)
    return special.ndtri(p)


@function(
    "LOGNORMDIST(x:float; [mean:float=0]; [sd:float=1]; [cumulative:bool=true]) -> float",
    category=CATEGORY,
    aliases=["LOGNORM.DIST"],
    summary="The log-normal distribution: LN(x) has this mean and standard deviation.",
    examples=[
        Example("LOGNORMDIST(0.75;10;5;false)", 0.01281, digits=5),
        Example("LOGNORMDIST(0.75;10;5;true)", 0.019817, digits=6),
        Example("LOGNORMDIST(-1;0;1;true)", 0.0),
        Example("LOGNORMDIST(-1;0;1;false)", Failure("NUM")),
        Example("LOGNORMDIST(1;0;-1;true)", Failure("NUM")),
        Example("LOGNORMDIST(null;0;1;true)", None),
    ],
    fails="finite",
    notes=LEFT + " Up to zero the probability is 0; there is no density.",
    error_note="NUM for a density up to zero, and unless the standard deviation is above 0.",
)
def lognormdist(x: Any, mean: Any, sd: Any, cumulative: Any, ctx: Call) -> Any:
    from scipy import special

    x, mean, sd = floats(x, mean, sd)
    positive(ctx, sd)
    none = x <= 0
    ctx.fail(none & np.logical_not(cumulative), "NUM")
    safe = np.where(none, 1.0, x)
    z = (np.log(safe) - mean) / sd
    return np.where(none, 0.0, either(cumulative, lambda: special.ndtr(z), lambda: _normal(z) / (sd * safe)))


@function(
    "LOGNORMINV(p:float; [mean:float=0]; [sd:float=1]) -> float",
    category=CATEGORY,
    aliases=["LOGINV", "LOGNORM.INV"],
    summary="The value up to which a log-normal distribution has the probability p.",
    examples=[
        Example("LOGNORMINV(0.5;0;1)", 1.0),
        Example("LOGNORMINV(1;0;1)", Failure("NUM")),
        Example("LOGNORMINV(null;0;1)", None),
    ],
    fails="finite",
)
def lognorminv(p: Any, mean: Any, sd: Any, ctx: Call) -> Any:
    from scipy import special

    p, mean, sd = floats(p, mean, sd)
    positive(ctx, sd)
    inside(ctx, p)
    return np.exp(special.ndtri(p) * sd + mean)


# Standard scores


@function(
    "STANDARDIZE(x:float; mean:float; sd:float) -> float",
    category=CATEGORY,
    summary="How many standard deviations x lies above the mean.",
    examples=[
        Example("STANDARDIZE(42;40;1.5)", 1.3333333333, digits=10),
        Example("STANDARDIZE(42;40;0)", Failure("NUM")),
        Example("STANDARDIZE(null;40;1)", None),
    ],
)
def standardize(x: Any, mean: Any, sd: Any, ctx: Call) -> Any:
    positive(ctx, sd)
    return np.divide(np.subtract(x, mean), np.where(np.less_equal(sd, 0), 1.0, sd))


@function(
    "CONFIDENCE(alpha:float; sd:float; n:float) -> float",
    category=CATEGORY,
    aliases=["CONFIDENCE.NORM"],
    summary="Half the width of the confidence interval of a mean, of n values of known standard deviation.",
    examples=[
        Example("CONFIDENCE(0.05;2.5;50)", 0.69295191, digits=8),
        Example("CONFIDENCE(0;2.5;50)", Failure("NUM")),
        Example("CONFIDENCE(0.05;2.5;null)", None),
    ],
    fails="finite",
)
def confidence(alpha: Any, sd: Any, n: Any, ctx: Call) -> Any:
    from scipy import special

    alpha, sd, n = floats(alpha, sd, n)
    inside(ctx, alpha)
    positive(ctx, sd)
    ctx.fail(n < 1, "NUM")
    return -special.ndtri(alpha / 2.0) * sd / np.sqrt(np.maximum(np.trunc(n), 1.0))


@function(
    "FISHER(x:float) -> float",
    category=CATEGORY,
    summary="Fisher's transformation of a correlation between -1 and 1.",
    examples=[
        Example("FISHER(0.75)", 0.97295507, digits=8),
        Example("FISHER(1)", Failure("NUM")),
        Example("FISHER(null)", None),
    ],
)
def fisher(x: Any, ctx: Call) -> Any:
    if ctx.checked:
        ctx.fail(np.greater_equal(np.abs(x), 1), "NUM")
    return np.arctanh(x)


@function(
    "FISHERINV(x:float) -> float",
    category=CATEGORY,
    summary="The inverse of Fisher's transformation.",
    examples=[Example("FISHERINV(0)", 0.0), Example("FISHERINV(100)", 1.0), Example("FISHERINV(null)", None)],
)
def fisherinv(x: Any) -> Any:
    return np.tanh(x)
