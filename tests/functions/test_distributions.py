"""The distributions against scipy.stats, Datameer's printed values, and their own inverses."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from calling import apply
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sheetline.functions.declare import Failure

NUM = Failure("NUM")
ANY = st.floats(-30, 30)
ABOVE = st.floats(0.05, 30)
SHARE = st.floats(0.01, 0.99)
COUNT = st.integers(0, 40).map(float)

Make = Callable[..., Any]

#: name → (scipy's distribution of the parameters, strategies of x and the parameters)
CONTINUOUS: dict[str, tuple[Make, list[st.SearchStrategy[float]]]] = {
    "NORMDIST": (lambda m, s: stats.norm(m, s), [ANY, ANY, ABOVE]),
    "LOGNORMDIST": (lambda m, s: stats.lognorm(s, scale=math.exp(m)), [ANY, st.floats(-2, 2), st.floats(0.1, 3)]),
    "EXPONDIST": (lambda r: stats.expon(scale=1 / r), [ANY, ABOVE]),
    "CHISQDIST": (lambda df: stats.chi2(df), [ANY, ABOVE]),
    "TDIST": (lambda df: stats.t(df), [ANY, ABOVE]),
    "FDIST": (lambda a, b: stats.f(a, b), [ANY, ABOVE, ABOVE]),
    "GAMMADIST": (lambda a, b: stats.gamma(a, scale=b), [ANY, ABOVE, ABOVE]),
    "WEIBULLDIST": (lambda a, b: stats.weibull_min(a, scale=b), [ANY, st.floats(0.3, 5), ABOVE]),
    "BETADIST": (lambda a, b: stats.beta(a, b), [st.floats(-0.2, 1.2), st.floats(0.3, 9), st.floats(0.3, 9)]),
    "UNIFORMDIST": (lambda a, b: stats.uniform(a, b - a), [ANY, st.floats(-9, 1), st.floats(2, 20)]),
}
COUNTS: dict[str, tuple[Make, list[st.SearchStrategy[float]]]] = {
    "BINOMDIST": (lambda n, p: stats.binom(n, p), [COUNT, st.just(40.0), st.floats(1e-300, 1) | st.just(0.0)]),
    "POISSONDIST": (lambda m: stats.poisson(m), [COUNT, st.floats(0, 60)]),
    "GEOMDIST": (lambda p: stats.geom(p, loc=-1), [COUNT, st.floats(0.01, 1)]),
    "NEGBINOMDIST": (lambda r, p: stats.nbinom(r, p), [COUNT, st.integers(1, 20).map(float), SHARE]),
    "HYPGEOMDIST": (lambda n, m, t: stats.hypergeom(t, m, n), [COUNT, st.just(40.0), st.just(45.0), st.just(90.0)]),
}


def close(got: Any, wanted: float) -> bool:
    if not math.isfinite(wanted):
        return isinstance(got, Failure)
    return isinstance(got, float) and math.isclose(got, wanted, rel_tol=1e-9, abs_tol=1e-280)


@pytest.mark.parametrize("name", [*CONTINUOUS, *COUNTS])
@settings(max_examples=12)
@given(data=st.data())
def test_like_scipy(name: str, data: st.DataObject) -> None:
    make, strategies = (CONTINUOUS | COUNTS)[name]
    args = [data.draw(strategy) for strategy in strategies]
    frozen = make(*args[1:])
    density = frozen.pmf if name in COUNTS else frozen.pdf
    with np.errstate(all="ignore"):
        wanted = [float(frozen.cdf(args[0])), float(density(args[0]))]
    columns = [[arg, None, arg] for arg in args]
    if name in ("FDIST", "WEIBULLDIST") and args[0] < 0:  # as in spreadsheets
        wanted = [math.nan, math.nan]
    if name == "LOGNORMDIST" and args[0] <= 0:
        wanted[1] = math.nan
    total = apply(name, *columns, True)
    assert close(total[0], wanted[0]), (args, total, wanted)
    exactly = apply(name, *columns, False)
    assert close(exactly[0], wanted[1]), (args, exactly, wanted)
    assert total[1] is None
    assert exactly[1] is None
    both = apply(name, *columns, [True, True, False])
    assert both == [total[0], None, exactly[2]]


@pytest.mark.parametrize(
    ("inverse", "name", "parameters"),
    [
        ("NORMINV", "NORMDIST", [ANY, ABOVE]),
        ("LOGNORMINV", "LOGNORMDIST", [st.floats(-2, 2), st.floats(0.1, 3)]),
        ("CHISQINV", "CHISQDIST", [st.floats(0.5, 30)]),
        ("TINV", "TDIST", [st.floats(0.5, 30)]),
        ("FINV", "FDIST", [st.floats(0.5, 30), st.floats(0.5, 30)]),
    ],
)
@settings(max_examples=15)
@given(data=st.data(), p=SHARE)
def test_inverse(inverse: str, name: str, parameters: list[Any], data: st.DataObject, p: float) -> None:
    args = [data.draw(strategy) for strategy in parameters]
    (x,) = apply(inverse, [p], *args)
    assert math.isclose(apply(name, [x], *args)[0], p, rel_tol=1e-7)
    assert apply(inverse, [0.0 if inverse != "CHISQINV" else 1.0], *args) == [NUM]
    assert apply(inverse, [None], *args) == [None]


@pytest.mark.parametrize(
    ("name", "args", "printed", "digits"),
    [
        ("CHISQDIST", (3.0, 2.0, False), 0.1115, 4),
        ("CHISQDIST", (3.0, 2.0, True), 0.7768, 4),
        ("EXPONDIST", (0.5, 1.0, False), 0.60653066, 8),
        ("EXPONDIST", (0.5, 1.0, True), 0.39346934, 8),
        ("NORMDIST", (42.0, 40.0, 1.5, False), 0.10934005, 8),
        ("FDIST", (1.0, 2.0, 5.0, False), 0.308, 3),
        ("LOGNORMDIST", (0.75, 10.0, 5.0, False), 0.01281, 5),
        ("LOGNORMDIST", (0.75, 10.0, 5.0, True), 0.019817, 6),
    ],
)
def test_printed_values(name: str, args: tuple[Any, ...], printed: float, digits: int) -> None:
    (got,) = apply(name, [args[0]], *args[1:])
    assert math.floor(got * 10**digits) / 10**digits == printed or round(got, digits) == printed


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("NORMDIST", (1.0, 0.0, 0.0)),
        ("NORMDIST", (1.0, 0.0, -1.0)),
        ("EXPONDIST", (1.0, 0.0)),
        ("CHISQDIST", (1.0, 0.0)),
        ("CHISQDIST", (0.0, 1.0, False)),
        ("TDIST", (1.0, -1.0)),
        ("FDIST", (1.0, 0.0, 3.0)),
        ("BINOMDIST", (5.0, 4.0, 0.5)),
        ("BINOMDIST", (2.0, 4.0, 1.5)),
        ("POISSONDIST", (-1.0, 2.0)),
        ("HYPGEOMDIST", (5.0, 4.0, 8.0, 20.0)),
        ("BETADIST", (0.5, 2.0, 2.0, 1.0, 1.0)),
        ("UNIFORMDIST", (0.5, 2.0, 2.0)),
        ("STANDARDIZE", (1.0, 0.0, 0.0)),
        ("CONFIDENCE", (0.0, 1.0, 9.0)),
        ("CONFIDENCE", (0.5, 1.0, 0.0)),
        ("FISHER", (1.0,)),
        ("NORMSINV", (1.0,)),
    ],
)
def test_impossible_parameters(name: str, args: tuple[Any, ...]) -> None:
    columns = [[arg, None] if isinstance(arg, float) else arg for arg in args]
    assert apply(name, *columns) == [NUM, None]
    if len(args) > 1 and isinstance(args[1], float):
        assert apply(name, [args[0]], *args[1:]) == [NUM]  # constants are no different


def test_standard_scores() -> None:
    assert apply("STANDARDIZE", [42.0, None], 40, 1.5) == [pytest.approx(4 / 3), None]
    assert apply("CONFIDENCE", [0.05], 2.5, 50) == [pytest.approx(0.692951912174839, rel=1e-12)]
    assert apply("NORMSDIST", [1.0, None]) == [pytest.approx(stats.norm.cdf(1.0)), None]
    assert apply("BETADIST", [2.0], 8, 10, 1, 3, True) == [pytest.approx(0.6854705810547, rel=1e-10)]
    assert apply("BETADIST", [0.3], 8, 10, False) == [pytest.approx(stats.beta.pdf(0.3, 8, 10))]
