"""Scalar oracles of the distributions: scipy.stats, and which parameters are possible."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats

from sheetline.functions.declare import Failure

Oracle = Callable[..., Any]
NUM = Failure("NUM")


def finite(value: Any) -> Any:
    return float(value) if math.isfinite(value) else NUM


def by(family: Any, right: Callable[..., bool], given: Callable[..., tuple[Any, ...]]) -> Oracle:
    """A continuous distribution: ``given`` turns the parameters into scipy's (shapes, location, scale)."""

    def oracle(x: float, *rest: Any) -> Any:
        cumulative = rest[-1] if isinstance(rest[-1], bool) else True
        parameters = [v for v in rest if not isinstance(v, bool)]
        if not right(*parameters):
            return NUM
        with np.errstate(all="ignore"):
            return finite((family.cdf if cumulative else family.pdf)(x, *given(*parameters)))

    return oracle


def counting(family: Any, right: Callable[..., bool], given: Callable[..., tuple[Any, ...]], default: bool) -> Oracle:
    """A distribution of counts; fractions of counts are cut off."""

    def oracle(*values: Any) -> Any:
        if family is stats.nbinom and values[2] == 0 and T_(values[0]) >= 0 and T_(values[1]) >= 1:
            return 0.0  # no success ever comes
        cumulative = values[-1] if isinstance(values[-1], bool) else default
        arguments = [v for v in values if not isinstance(v, bool)]
        if not right(*arguments):
            return NUM
        with np.errstate(all="ignore"):
            return finite((family.cdf if cumulative else family.pmf)(math.trunc(arguments[0]), *given(*arguments[1:])))

    return oracle


def inverse(
    family: Any, right: Callable[..., bool], given: Callable[..., tuple[Any, ...]], *, least: bool = False
) -> Oracle:
    def oracle(p: float, *parameters: float) -> Any:
        if not right(*parameters) or not (0 < p < 1 or (least and p == 0)):
            return NUM
        with np.errstate(all="ignore"):
            return finite(family.ppf(p, *given(*parameters)))

    return oracle


def same(*values: Any) -> tuple[Any, ...]:
    return values


def positive(*values: float) -> bool:
    return all(v > 0 for v in values)


def spread(mean: float, sd: float) -> bool:
    return sd > 0


def lognormal(mean: float, sd: float) -> tuple[float, ...]:
    return sd, 0.0, math.exp(mean)


def beta_given(alpha: float, beta: float, a: float = 0.0, b: float = 1.0) -> tuple[float, ...]:
    return alpha, beta, a, b - a


def possible_draws(k: float, n: float, m: float, total: float) -> bool:
    k, n, m, total = map(math.trunc, (k, n, m, total))
    return 0 <= k <= min(n, m) and 0 < n <= total and 0 < m <= total and k >= n + m - total


def confidence(alpha: float, sd: float, n: float) -> Any:
    if not 0 < alpha < 1 or sd <= 0 or n < 1:
        return NUM
    return float(stats.norm.isf(alpha / 2)) * sd / math.sqrt(math.trunc(n))


def rate(scale: float) -> tuple[float, ...]:
    return 0.0, 1 / scale


def from_zero(oracle: Oracle, *, density_above: bool = False) -> Oracle:
    """Below zero, or for a density up to it, there is no value, as in spreadsheets."""

    def checked(x: float, *rest: Any) -> Any:
        low = x <= 0 if density_above and rest and rest[-1] is False else x < 0 and not density_above
        return NUM if low else oracle(x, *rest)

    return checked


T_ = math.trunc
ORACLES: dict[str, Oracle] = {
    "NORMDIST": by(stats.norm, spread, same),
    "NORMSDIST": lambda x: float(stats.norm.cdf(x)),
    "LOGNORMDIST": from_zero(by(stats.lognorm, spread, lognormal), density_above=True),
    "EXPONDIST": by(stats.expon, positive, rate),
    "CHISQDIST": by(stats.chi2, positive, same),
    "TDIST": by(stats.t, positive, same),
    "FDIST": from_zero(by(stats.f, positive, same)),
    "GAMMADIST": by(stats.gamma, positive, lambda a, b: (a, 0.0, b)),
    "WEIBULLDIST": from_zero(by(stats.weibull_min, positive, lambda a, b: (a, 0.0, b))),
    "BETADIST": by(stats.beta, lambda alpha, beta, a=0.0, b=1.0: positive(alpha, beta) and a < b, beta_given),
    "UNIFORMDIST": by(stats.uniform, lambda a, b: a < b, lambda a, b: (a, b - a)),
    "NORMINV": inverse(stats.norm, spread, same),
    "NORMSINV": inverse(stats.norm, lambda: True, same),
    "LOGNORMINV": inverse(stats.lognorm, spread, lognormal),
    "CHISQINV": inverse(stats.chi2, positive, same, least=True),
    "TINV": inverse(stats.t, positive, same),
    "FINV": inverse(stats.f, positive, same),
    "BINOMDIST": counting(
        stats.binom, lambda k, n, p: 0 <= T_(k) <= T_(n) and 0 <= p <= 1, lambda n, p: (T_(n), p), True
    ),
    "POISSONDIST": counting(stats.poisson, lambda k, m: T_(k) >= 0 and m >= 0, same, True),
    "GEOMDIST": counting(stats.geom, lambda k, p: T_(k) >= 0 and 0 < p <= 1, lambda p: (p, -1), True),
    "NEGBINOMDIST": counting(
        stats.nbinom, lambda k, r, p: T_(k) >= 0 and T_(r) >= 1 and 0 <= p <= 1, lambda r, p: (T_(r), p), False
    ),
    "HYPGEOMDIST": counting(stats.hypergeom, possible_draws, lambda n, m, total: (T_(total), T_(m), T_(n)), False),
    "CONFIDENCE": confidence,
}
