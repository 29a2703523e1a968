"""Aggregates against scipy and numpy, at their edges, and on the documented numbers."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from calling import apply
from hypothesis import given
from hypothesis import strategies as st

from sheetline.functions.columns import Column
from sheetline.functions.declare import Failure
from sheetline.functions.resolve import Mismatch
from sheetline.functions.sketch import HyperLogLog
from sheetline.functions.types import BIGDECIMAL, FLOAT, INTEGER

_TRIAL = (["x"] * 4 + ["y"] * 4, [520, 460, 500, 470, 230, 270, 280, 250])


def _column(values: Any) -> Column:
    return Column(FLOAT, np.asarray(values, np.float64))


@pytest.fixture
def numbers() -> Any:
    return np.random.default_rng(7)


def test_documented_t_test() -> None:
    (text,) = apply("GROUPTTEST", *_TRIAL, 0.05)
    report = json.loads(text)
    assert list(report) == ["t-value", "d.f.", "p-value", "isSignificant"]
    assert round(report["t-value"], 6) == 13.010765
    assert round(report["d.f."], 5) == 5.73882
    assert round(report["p-value"], 6) == 1.8e-5
    assert report["isSignificant"] is True


def test_documented_percentile() -> None:
    participants = [6, 12, 5, 5, 5, 7, 5, 9, 8, 24, 24, 24, 33, 33, 29, 30, 32, 35]
    assert apply("GROUPPERCENTILE", participants, 80, groups=[0] * 9 + [1] * 9) == pytest.approx([8.4, 33])


def test_shape_against_scipy(numbers: Any) -> None:
    from scipy import stats

    values = numbers.gamma(2.0, size=500) + 1e6
    assert apply("GROUPSKEW", _column(values)) == pytest.approx([stats.skew(values, bias=False)], rel=1e-6)
    assert apply("GROUPKURT", _column(values)) == pytest.approx([stats.kurtosis(values, bias=False)], rel=1e-6)
    assert apply("GROUPGEOMEAN", _column(values)) == pytest.approx([stats.gmean(values)])
    assert apply("GROUPHARMEAN", _column(values)) == pytest.approx([stats.hmean(values)])
    assert apply("GROUPMAD", _column(values)) == pytest.approx([stats.median_abs_deviation(values)])


def test_pairs_against_scipy(numbers: Any) -> None:
    from scipy import stats

    x = numbers.integers(0, 20, 300).astype(float)
    y = 3 * x + numbers.normal(size=300)
    line = stats.linregress(x, y)
    assert apply("GROUPSLOPE", _column(y), _column(x)) == pytest.approx([line.slope])
    assert apply("GROUPINTERCEPT", _column(y), _column(x)) == pytest.approx([line.intercept])
    assert apply("GROUPRSQ", _column(y), _column(x)) == pytest.approx([line.rvalue**2])
    assert apply("GROUPSPEARMAN", _column(x), _column(y)) == pytest.approx([stats.spearmanr(x, y).statistic])
    assert apply("GROUPCOVARS", _column(x), _column(y)) == pytest.approx([np.cov(x, y)[0, 1]])


def test_tests_against_scipy(numbers: Any) -> None:
    from scipy import stats

    samples = [numbers.normal(k / 3, 1 + k, 20 + k) for k in range(3)]
    names = [k for k, sample in enumerate(samples) for _ in sample]
    (report,) = map(json.loads, apply("GROUPANOVA", names, _column(np.concatenate(samples))))
    f = stats.f_oneway(*samples)
    assert list(report) == ["f-value", "d.f. between", "d.f. within", "p-value", "isSignificant"]
    assert [report["f-value"], report["p-value"]] == pytest.approx([f.statistic, f.pvalue])
    assert [report["d.f. between"], report["d.f. within"]] == [2, 60]
    (report,) = map(json.loads, apply("GROUPTTEST", names[:41], _column(np.concatenate(samples[:2]))))
    t = stats.ttest_ind(*samples[:2], equal_var=False)
    assert [report["t-value"], report["d.f."], report["p-value"]] == pytest.approx([t.statistic, t.df, t.pvalue])
    a, b = numbers.integers(0, 3, 200), numbers.integers(0, 4, 200)
    table = np.zeros((3, 4))
    np.add.at(table, (a, b), 1)
    wanted = stats.chi2_contingency(table, correction=False).pvalue
    assert apply("GROUPCHISQTEST", a.tolist(), b.tolist()) == pytest.approx([wanted])


def test_histogram_against_numpy(numbers: Any) -> None:
    values = np.round(numbers.normal(size=1000), 2)
    (bins,) = map(json.loads, apply("GROUPHISTOGRAM", _column(values), 13))
    counts, edges = np.histogram(values, 13)
    assert [b["count"] for b in bins] == counts.tolist()
    assert [b["from"] for b in bins] == pytest.approx(edges[:-1].tolist())


@given(st.floats(-1e300, 1e300), st.integers(2, 30))
def test_equal_values_do_not_spread(value: float, count: int) -> None:
    for name in ("GROUPSTDEVS", "GROUPSTDEVP", "GROUPVARS", "GROUPVARP", "GROUPRANGE", "GROUPMAD"):
        assert apply(name, [value] * count) == [0.0]
    assert apply("GROUPMEDIAN", [value] * count) == [value]
    assert apply("GROUPCORREL", [value] * count, list(range(count))) == [Failure("DIV0")]


def test_spread_far_from_zero() -> None:
    values = [1e9 + k for k in (4.0, 7.0, 13.0, 16.0)]
    assert apply("GROUPVARS", values) == [30.0]
    assert apply("GROUPVARS", list(map(int, values))) == [30.0]


def test_a_float_sum_goes_left_to_right() -> None:
    values = np.random.default_rng(3).normal(size=5000)
    total = 0.0
    for value in values.tolist():
        total += value
    assert apply("GROUPSUM", _column(values)) == [total]
    product = 1.0
    for value in values[:300].tolist():
        product *= value
    assert apply("GROUPPRODUCT", _column(values[:300])) == [product]


def test_integer_sums_are_exact() -> None:
    top = 2**63 - 1
    assert apply("GROUPSUM", [top, top, -top, -top, 3]) == [3]
    assert apply("GROUPSUM", [2**53, 1, 2**53, 1]) == [2**54 + 2]
    assert apply("GROUPSUM", [-(2**63), top, 1, top, 1], groups=[0, 0, 1, 1, 0]) == [0, Failure("OVERFLOW")]
    assert apply("GROUPRANGE", [-(2**63), top]) == [Failure("OVERFLOW")]
    assert apply("GROUPAVERAGE", [top, top]) == [float(top)]


def test_exact_numbers_stay_exact() -> None:
    from decimal import Decimal

    assert apply("GROUPSUM", [2**80, 2**80, None]) == [2**81]
    tenth = Column.of([Decimal("0.1")] * 3 + [Decimal(10) ** 40], BIGDECIMAL)
    assert apply("GROUPSUM", tenth) == [Decimal("1" + "0" * 40 + ".3")]
    assert apply("GROUPMODE", [2**80, 2**90, 2**90]) == [2**90]
    assert apply("GROUPSTDEVP", [2**80, 2**80]) == [0.0]
    assert apply("GROUPAVERAGE", [10**400, 1]) == [Failure("OVERFLOW")]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("GROUPSUM", [1e308, 1e308]),
        ("GROUPAVERAGE", [1e308, 1e308]),
        ("GROUPRANGE", [1e308, -1e308]),
        ("GROUPVARS", [1e308, -1e308]),
        ("GROUPSKEW", [1e308, -1e308, 1.0]),
        ("GROUPKURT", [1e200, -1e200, 1.0, 2.0]),
        ("GROUPSUMSQ", [1e200]),
        ("GROUPHARMEAN", [1e-310, 1.0]),
        ("GROUPHISTOGRAM", [1e308, -1e308]),
    ],
)
def test_no_silent_infinity(name: str, values: list[float]) -> None:
    constants = [3] if name == "GROUPHISTOGRAM" else []
    assert apply(name, values, *constants) == [Failure("OVERFLOW")]


def test_no_silent_quotient_of_infinities() -> None:
    huge, small = [1e200, -1e200, 1.0], [1.0, 2.0, 4.0]
    for name in ("GROUPCORREL", "GROUPSLOPE", "GROUPINTERCEPT", "GROUPRSQ", "GROUPCOSINE"):
        assert apply(name, small, huge) == [Failure("OVERFLOW")]
    for name in ("GROUPTTEST", "GROUPANOVA"):
        assert apply(name, [1, 1, 1, 2, 2, 2], huge + small) == [Failure("OVERFLOW")]


def test_percentiles_of_extremes_do_not_overflow() -> None:
    assert apply("GROUPMEDIAN", [1e308, -1e308]) == [0.0]
    assert apply("GROUPPERCENTILE", list(range(101)), 7) == [7.0]


@pytest.mark.parametrize(
    ("name", "arguments", "place"),
    [
        ("GROUPPERCENTILE", ([1], 101), 1),
        ("GROUPPERCENTILE", ([1], -1), 1),
        ("GROUPHISTOGRAM", ([1], 0), 1),
        ("GROUPTOPVALUES", ([1], 0), 1),
        ("GROUPTTEST", ([1], [1], 1), 2),
    ],
)
def test_unsuitable_constants_are_refused(name: str, arguments: Any, place: int) -> None:
    with pytest.raises(Mismatch) as caught:
        apply(name, *arguments)
    assert (caught.value.reason, caught.value.place) == ("value", place)
    assert caught.value.detail


def test_ties_and_null_orders() -> None:
    values, order = ["a", "b", "c", "d"], [1, 1, None, None]
    assert apply("GROUPFIRST", values, order) == ["a"]
    assert apply("GROUPLAST", values, order) == ["d"]
    assert apply("GROUPLAST", values[:3], [2, 2, 1]) == ["b"]
    assert apply("GROUPLIST", values, [2, 1, None, 1]) == [["b", "d", "a", "c"]]
    assert apply("GROUPFIRST", [None, "x"], [1, 2]) == [None]


def test_lists_of_lists_and_of_exact_numbers() -> None:
    assert apply("GROUPLIST", [[1, 2], None, [3]]) == [[[1, 2], [3]]]
    assert apply("GROUPMODE", [[1, None], [1, None], [0]]) == [[1, None]]
    assert apply("GROUPSET", [[2], [1], [1], [None]]) == [[[None], [1], [2]]]
    assert apply("GROUPLIST", [2**70, None]) == [[2**70]]


@pytest.mark.parametrize("count", [9_999, 30_000, 400_000])
def test_approximate_counts(count: int) -> None:
    keys = np.random.default_rng(count).integers(-(2**60), 2**60, count)
    values = np.concatenate((keys, keys[: count // 3]))
    true = len(np.unique(keys))
    (got,) = apply("GROUPAPPROXCOUNTDISTINCT", Column(INTEGER, values))
    assert got == true if true < 10_000 else abs(got / true - 1) < 0.02
    merged = HyperLogLog.of(values[: count // 2]).merge(HyperLogLog.of(values[count // 2 :]))
    assert (merged.registers == HyperLogLog.of(values).registers).all()


def test_approximate_counts_of_few_values_are_exact() -> None:
    values = np.random.default_rng(0).integers(0, 700, 50_000)
    groups = np.arange(50_000) % 2
    true = [len(np.unique(values[groups == g])) for g in (0, 1)]
    assert apply("GROUPAPPROXCOUNTDISTINCT", Column(INTEGER, values), groups=groups.tolist()) == true
    assert apply("GROUPAPPROXCOUNTDISTINCT", _column(np.where(values > 350, 0.0, -0.0))) == [1]


def test_path_length_of_known_points() -> None:
    quarter = math.pi / 2 * 6366.70702 / 1.609344
    assert apply("GROUPDISTANCE", [0.0, 0.0, 90.0], [0.0, 90.0, 0.0], [1, 2, 3]) == pytest.approx([2 * quarter])
    assert apply("GROUPDISTANCE", [0.0, 0.0], [0.0, 180.0], [1, 2]) == pytest.approx([2 * quarter], rel=1e-14)
    assert apply("GROUPDISTANCE", [10.0, 10.0], [5.0, 5.0], [1, 2]) == [0.0]
    assert apply("GROUPDISTANCE", [1.0], [5.0], [1]) == [0.0]
    assert apply("GROUPDISTANCE", [1.0, 91.0], [5.0, 5.0], [1, 1]) == [Failure("RANGE")]


def test_json_of_odd_texts() -> None:
    assert apply("GROUPJSONOBJECTMERGE", ['{"a":NaN}']) == [Failure("PARSE")]
    assert apply("GROUPJSONOBJECTMERGE", ['{"a":1e999}']) == [Failure("PARSE")]
    assert apply("GROUPJSONOBJECTMERGE", ['{"a":' + "[" * 100_000]) == [Failure("LIMIT")]
    (text,) = apply("GROUPJSONOBJECTMERGE", ['{"a":"\\ud800"}'])
    assert json.loads(text) == {"a": "\ud800"}
    assert apply("GROUPMAP", ['q"', "b"], ["\n", 'x\\"']) == ['{"q\\"":"\\n","b":"x\\\\\\""}']
