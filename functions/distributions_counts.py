"""Probability distributions of counts: of successes, events, failures and draws."""

from __future__ import annotations

from typing import Any

import numpy as np

from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.distributions import CATEGORY, either, floats

COUNTS = "With cumulative true the probability of a count up to k, else of exactly k. Fractions of counts are cut off."


def _share(ctx: Call, p: Any) -> None:
    ctx.fail((p < 0) | (p > 1), "NUM")


@function(
    "BINOMDIST(k:float; n:float; p:float; [cumulative:bool=true]) -> float",
    category=CATEGORY,
    aliases=["BINOM.DIST"],
    summary="The binomial distribution: k successes in n trials, each with probability p.",
    examples=[
        Example("BINOMDIST(6;10;0.5;false)", 0.20507813, digits=8),
        Example("BINOMDIST(6;10;0.5;true)", 0.828125, digits=8),
        Example("BINOMDIST(11;10;0.5;true)", Failure("NUM")),
        Example("BINOMDIST(null;10;0.5;true)", None),
    ],
    fails="finite",
    notes=COUNTS,
)
def binomdist(k: Any, n: Any, p: Any, cumulative: Any, ctx: Call) -> Any:
    from scipy import special

    k, n, p = floats(np.trunc(k), np.trunc(n), p)
    _share(ctx, p)
    ctx.fail((k < 0) | (k > n), "NUM")

    def exactly() -> Any:
        with np.errstate(all="ignore"):
            ways = -np.log1p(n) - special.betaln(n - k + 1.0, k + 1.0)
            return np.exp(ways + special.xlogy(k, p) + special.xlog1py(n - k, -p))

    def up_to() -> Any:
        with np.errstate(all="ignore"):
            return np.where(k >= n, 1.0, special.betainc(np.maximum(n - k, 1.0), k + 1.0, 1.0 - p))

    return either(cumulative, up_to, exactly)


@function(
    "POISSONDIST(k:float; lambda:float; [cumulative:bool=true]) -> float",
    category=CATEGORY,
    aliases=["POISSON", "POISSON.DIST"],
    summary="The Poisson distribution: k events where lambda are expected.",
    examples=[
        Example("POISSONDIST(2;5;false)", 0.08422434, digits=8),
        Example("POISSONDIST(2;5;true)", 0.12465202, digits=8),
        Example("POISSONDIST(-1;5;true)", Failure("NUM")),
        Example("POISSONDIST(2;null;true)", None),
    ],
    fails="finite",
    notes=COUNTS,
)
def poissondist(k: Any, rate: Any, cumulative: Any, ctx: Call) -> Any:
    from scipy import special

    k, rate = floats(np.trunc(k), rate)
    ctx.fail((k < 0) | (rate < 0), "NUM")
    return either(
        cumulative,
        lambda: special.gammaincc(k + 1.0, rate),
        lambda: np.exp(special.xlogy(k, rate) - rate - special.gammaln(k + 1.0)),
    )


@function(
    "GEOMDIST(k:float; p:float; [cumulative:bool=true]) -> float",
    category=CATEGORY,
    summary="The geometric distribution: k failures before the first success, which has probability p.",
    examples=[
        Example("GEOMDIST(2;0.5;false)", 0.125, digits=12),
        Example("GEOMDIST(2;0.5;true)", 0.875, digits=12),
        Example("GEOMDIST(2;0;true)", Failure("NUM")),
        Example("GEOMDIST(null;0.5;true)", None),
    ],
    fails="finite",
    notes=COUNTS + " The same as NEGBINOMDIST(k;1;p).",
)
def geomdist(k: Any, p: Any, cumulative: Any, ctx: Call) -> Any:
    from scipy import special

    k, p = floats(np.trunc(k), p)
    ctx.fail((k < 0) | (p <= 0) | (p > 1), "NUM")
    with np.errstate(all="ignore"):
        return either(
            cumulative,
            lambda: -np.expm1(special.xlog1py(k + 1.0, -p)),
            lambda: p * np.exp(special.xlog1py(k, -p)),
        )


@function(
    "NEGBINOMDIST(k:float; r:float; p:float; [cumulative:bool=false]) -> float",
    category=CATEGORY,
    aliases=["NEGBINOM.DIST"],
    summary="The negative binomial distribution: k failures before the r-th success, each of probability p.",
    examples=[
        Example("NEGBINOMDIST(10;5;0.25)", 0.05504866, digits=8),
        Example("NEGBINOMDIST(10;5;0.25;true)", 0.31351406, digits=8),
        Example("NEGBINOMDIST(10;0;0.25)", Failure("NUM")),
        Example("NEGBINOMDIST(null;5;0.25)", None),
    ],
    fails="finite",
    notes=COUNTS + " As in spreadsheets, cumulative is false where it is left out.",
)
def negbinomdist(k: Any, r: Any, p: Any, cumulative: Any, ctx: Call) -> Any:
    from scipy import special

    k, r, p = floats(np.trunc(k), np.trunc(r), p)
    _share(ctx, p)
    ctx.fail((k < 0) | (r < 1), "NUM")

    def exactly() -> Any:
        with np.errstate(all="ignore"):
            ways = -special.betaln(k + 1.0, r) - np.log(k + r)
            return np.exp(ways + special.xlogy(r, p) + special.xlog1py(k, -p))

    return either(cumulative, lambda: special.betainc(r, k + 1.0, p), exactly)


@function(
    "HYPGEOMDIST(k:float; n:float; m:float; total:float; [cumulative:bool=false]) -> float",
    category=CATEGORY,
    aliases=["HYPGEOM.DIST"],
    summary="The hypergeometric distribution: k of the m marked things among n drawn from a total, without return.",
    examples=[
        Example("HYPGEOMDIST(1;4;8;20)", 0.36326109, digits=8),
        Example("HYPGEOMDIST(1;4;8;20;true)", 0.46542828, digits=8),
        Example("HYPGEOMDIST(5;4;8;20)", Failure("NUM")),
        Example("HYPGEOMDIST(null;4;8;20)", None),
    ],
    fails="finite",
    notes=COUNTS + " As in spreadsheets, cumulative is false where it is left out.",
)
def hypgeomdist(k: Any, n: Any, m: Any, total: Any, cumulative: Any, ctx: Call) -> Any:
    k, n, m, total = np.broadcast_arrays(*floats(np.trunc(k), np.trunc(n), np.trunc(m), np.trunc(total)))
    least = np.maximum(0.0, n + m - total)
    good = (k >= least) & (k <= np.minimum(n, m)) & (n <= total) & (m <= total) & (n >= 0) & (m >= 0)
    ctx.fail(~good, "NUM")
    k, n, m, total = (np.where(good, value, 0.0) for value in (k, n, m, total))

    def up_to() -> Any:
        from scipy import stats

        with np.errstate(all="ignore"):
            return stats.hypergeom.cdf(k, total, m, n)

    return either(cumulative, up_to, lambda: _draws(k, n, m, total))


def _draws(k: Any, n: Any, m: Any, total: Any) -> Any:
    """Return C(m,k) · C(total-m,n-k) / C(total,n), each coefficient as a logarithm of a beta function."""
    from scipy import special

    def ways(a: Any, b: Any) -> Any:
        return -np.log1p(a) - special.betaln(a - b + 1.0, b + 1.0)

    with np.errstate(all="ignore"):
        return np.exp(ways(m, k) + ways(total - m, n - k) - ways(total, n))
