"""Group series against plain loops: nulls, errors, ties, groups of every size, none at all."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from calling import apply
from hypothesis import given
from hypothesis import strategies as st
from oracles_series import ORACLES

import sheetline.functions.series_selections  # noqa: F401 - declares its functions
from sheetline.functions import errors as err
from sheetline.functions.columns import Column
from sheetline.functions.declare import Failure, Form
from sheetline.functions.registry import REGISTRY
from sheetline.functions.types import BIGDECIMAL, DATE, FLOAT, INTEGER, STRING, Type

BROKEN = Failure("NUM")
INTS = st.integers(-5, 5)
WIDE = st.integers(-(2**63) + 2, 2**63 - 1)
FLOATS = st.one_of(st.sampled_from([0.0, 1.5, -2.25, 1e6]), st.floats(-1e9, 1e9, allow_subnormal=False))
TEXTS = st.sampled_from(["a", "b", "é", "", "bb"])


def with_gaps(values: Any) -> Any:
    return st.one_of(values, values, values, values, st.none(), st.sampled_from([None, None, BROKEN]))


def column(values: list[Any], type_: Type) -> Column:
    plain = Column.of([None if isinstance(v, Failure) else v for v in values], type_)
    rows = np.array([row for row, v in enumerate(values) if isinstance(v, Failure)], np.int64)
    return plain.with_errors(err.make(rows, "NUM", err.Origin("TEST", "broken")))


def codes(draw_groups: list[int]) -> list[int]:
    """Group numbers in order of first appearance."""
    known: dict[int, int] = {}
    return [known.setdefault(group, len(known)) for group in draw_groups]


def expected(name: str, groups: list[int], rows: list[tuple[Any, ...]], *constants: Any) -> list[Any]:
    out: list[Any] = []
    for group in range(max(groups, default=-1) + 1):
        out += ORACLES[name]([row for row, g in zip(rows, groups, strict=True) if g == group], *constants)
    return out


def same(got: Any, wanted: Any, exact: bool) -> bool:
    if isinstance(wanted, float) and isinstance(got, float) and not exact:
        return got == pytest.approx(wanted, rel=1e-9, abs=1e-6)
    if isinstance(wanted, float) and isinstance(got, float):
        return got == wanted and math.copysign(1, got) == math.copysign(1, wanted)
    return type(got) is type(wanted) and got == wanted


def check(
    name: str, groups: list[int], args: list[tuple[list[Any], Type]], constants: list[Any], exact: bool = True
) -> None:
    groups = codes(groups)
    got = apply(name, *(column(values, type_) for values, type_ in args), *constants, groups=groups)
    rows = list(zip(*(values for values, _ in args), strict=True)) if args else [()] * len(groups)
    wanted = expected(name, groups, rows, *constants)
    assert len(got) == len(wanted), (got, wanted)
    for place, (one, other) in enumerate(zip(got, wanted, strict=True)):
        assert same(one, other, exact), (place, one, other, got, wanted)


GROUPS_AND = {
    kind: st.lists(st.tuples(st.integers(0, 3), with_gaps(values)), max_size=25)
    for kind, values in {INTEGER: INTS, FLOAT: FLOATS, STRING: TEXTS}.items()
}
KINDS = st.sampled_from([INTEGER, FLOAT, STRING])
ANY_TYPE: list[tuple[str, Any]] = [
    ("GROUP_SORT_ASC", st.just([])),
    ("GROUP_SORT_DESC", st.just([])),
    ("GROUP_PREVIOUS", st.lists(st.integers(0, 30), max_size=1)),
    ("GROUP_NEXT", st.lists(st.integers(0, 30), max_size=1)),
    ("GROUP_CUMMAX", st.just([])),
    ("GROUP_CUMMIN", st.just([])),
    ("GROUP_CUMCOUNT", st.just([])),
    ("GROUP_MOVING_MIN", st.lists(st.integers(1, 30), min_size=1, max_size=1)),
    ("GROUP_MOVING_MAX", st.lists(st.integers(1, 30), min_size=1, max_size=1)),
    ("GROUP_RANK", st.sampled_from([[], ["asc"], ["desc"]])),
    ("GROUP_DENSE_RANK", st.sampled_from([[], ["asc"], ["desc"]])),
    ("GROUP_PERCENT_RANK", st.just([])),
    ("GROUP_NTILE", st.lists(st.integers(1, 9), min_size=1, max_size=1)),
    ("GROUP_FORWARD_FILL", st.just([])),
    ("GROUP_BACKWARD_FILL", st.just([])),
    ("GROUP_PATH_CHANGES", st.just([])),
    ("GROUP_PAIR", st.just([])),
    ("GROUPCOMBIN", st.lists(st.integers(1, 4), max_size=1)),
    ("GROUPTOPN", st.lists(st.integers(0, 9), min_size=1, max_size=1)),
    ("GROUPBOTTOMN", st.lists(st.integers(0, 9), min_size=1, max_size=1)),
    ("GROUPUNIQUES", st.just([])),
]


@pytest.mark.parametrize(("name", "constants"), ANY_TYPE, ids=[name for name, _ in ANY_TYPE])
@given(st.data())
def test_series_of_any_type(name: str, constants: Any, data: st.DataObject) -> None:
    type_ = data.draw(KINDS if name != "GROUP_PATH_CHANGES" else st.sampled_from([INTEGER, STRING]))
    drawn = data.draw(GROUPS_AND[type_])
    values = [v + 0.0 if isinstance(v, float) else v for _, v in drawn]
    check(name, [g for g, _ in drawn], [(values, type_)], data.draw(constants))


NUMBERS: list[tuple[str, Any, bool]] = [
    ("GROUP_CUMSUM", st.just([]), True),
    ("GROUP_CUMAVERAGE", st.just([]), False),
    ("GROUP_MOVING_SUM", st.lists(st.integers(1, 30), min_size=1, max_size=1), True),
    ("GROUP_MOVING_AVERAGE", st.lists(st.integers(1, 30), min_size=1, max_size=1), False),
    ("GROUP_MOVING_MEDIAN", st.lists(st.integers(1, 30), min_size=1, max_size=1), False),
    ("GROUP_MOVING_STDEV", st.lists(st.integers(1, 30), min_size=1, max_size=1), False),
    ("GROUP_EXP_SMOOTH", st.lists(st.floats(0, 1), min_size=1, max_size=1), True),
    ("GROUP_HOLT_WINTERS", st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 3)).map(list), True),
    ("GROUP_LINEAR_FILL", st.just([]), False),
    ("GROUP_ZSCORE", st.just([]), False),
]


@pytest.mark.parametrize(("name", "constants", "exact"), NUMBERS, ids=[name for name, *_ in NUMBERS])
@given(st.data())
def test_series_of_numbers(name: str, constants: Any, exact: bool, data: st.DataObject) -> None:
    type_ = data.draw(st.sampled_from([INTEGER, FLOAT]))
    drawn = data.draw(GROUPS_AND[type_])
    check(name, [g for g, _ in drawn], [([v for _, v in drawn], type_)], data.draw(constants), exact)


@given(GROUPS_AND[INTEGER])
def test_share(drawn: list[Any]) -> None:
    check("GROUP_SHARE", [g for g, _ in drawn], [([v for _, v in drawn], INTEGER)], [])


@given(GROUPS_AND[INTEGER], st.sampled_from([[], [0], [7]]))
def test_diff(drawn: list[Any], initial: list[Any]) -> None:
    check("GROUP_DIFF", [g for g, _ in drawn], [([v for _, v in drawn], INTEGER)], initial)


@given(GROUPS_AND[STRING])
def test_path(drawn: list[Any]) -> None:
    check("GROUP_PATH", [g for g, _ in drawn], [([v for _, v in drawn], STRING)], [])


@given(st.lists(st.integers(0, 3), max_size=20))
def test_row_number(groups: list[int]) -> None:
    check("GROUPROWNUMBER", groups, [], [])


WIDE_ROWS = st.lists(st.tuples(st.integers(0, 1), st.one_of(WIDE, st.none(), INTS)), max_size=12)


@given(WIDE_ROWS, st.integers(1, 4))
def test_integers_beyond_64_bits_are_errors(drawn: list[Any], window: int) -> None:
    groups, values = [g for g, _ in drawn], [v for _, v in drawn]
    check("GROUP_CUMSUM", groups, [(values, INTEGER)], [])
    check("GROUP_MOVING_SUM", groups, [(values, INTEGER)], [window])
    check("GROUP_DIFF", groups, [(values, INTEGER)], [])
    check("GROUP_CUMMAX", groups, [(values, INTEGER)], [])
    check("GROUP_RANK", groups, [(values, INTEGER)], [])


@given(st.lists(st.tuples(st.integers(0, 2), with_gaps(INTS), with_gaps(FLOATS)), max_size=25))
def test_accumulate(drawn: list[Any]) -> None:
    groups, order, values = ([row[i] for row in drawn] for i in range(3))
    groups = codes(groups)
    got = apply("GROUPACCUMULATE", column(order, INTEGER), column(values, FLOAT), groups=groups)
    wanted = expected("GROUPACCUMULATE", groups, list(zip(order, values, strict=True)))
    assert len(got) == len(wanted)
    assert all(same(a, b, True) for a, b in zip(got, wanted, strict=True)), (got, wanted)


@given(
    st.lists(
        st.tuples(st.integers(0, 2), with_gaps(st.sampled_from("xy")), with_gaps(INTS), with_gaps(st.integers(0, 50))),
        max_size=20,
    ),
    st.integers(0, 40),
)
def test_predictive_windows(drawn: list[Any], size: int) -> None:
    groups, events, ids, times = ([row[i] for row in drawn] for i in range(4))
    groups = codes(groups)
    micros = [t * 1000 if isinstance(t, int) else t for t in times]
    time = column([v if v is None or isinstance(v, int) else BROKEN for v in micros], INTEGER)
    time = Column(DATE, time.data, time.null, time.errors)
    got = apply("GROUPPREDICTIVEWINDOWS", column(events, STRING), "x", column(ids, INTEGER), time, size, groups=groups)
    wanted = expected("GROUPPREDICTIVEWINDOWS", groups, list(zip(events, ids, times, strict=True)), "x", size)
    shown = [v if isinstance(v, Failure) else (int(v["0"].timestamp() * 1000), v["1"]) for v in got]
    assert shown == wanted


@pytest.mark.parametrize("window", [65, 100, 300, 10_000])
@pytest.mark.parametrize("type_", [INTEGER, FLOAT])
def test_long_windows(window: int, type_: Type) -> None:
    random = np.random.default_rng(3)
    sizes = [1, 400, 64, 65, 66, 120]
    groups = np.repeat(np.arange(len(sizes)), sizes).tolist()
    values: list[Any] = random.integers(-1000, 1000, sum(sizes)).tolist()
    if type_ is FLOAT:
        values = [v / 8 for v in values]  # sums of eighths are exact in any order
    for place in random.integers(0, len(values), 40).tolist():
        values[place] = None
    values[500] = BROKEN
    for name in ("SUM", "MIN", "MAX", "AVERAGE", "MEDIAN", "STDEV"):
        exact = name not in ("AVERAGE", "STDEV", "MEDIAN")
        check(f"GROUP_MOVING_{name}", groups, [(values, type_)], [window], exact)


def test_float_sums_are_those_of_a_loop_bit_by_bit() -> None:
    random = np.random.default_rng(5)
    sizes = np.concatenate((random.integers(1, 40, 60), [600, 1500]))
    groups = np.repeat(np.arange(len(sizes)), sizes).tolist()
    values = (random.standard_normal(len(groups)) * 10.0 ** random.integers(-8, 8, len(groups))).tolist()
    check("GROUP_CUMSUM", groups, [(values, FLOAT)], [])
    check("GROUP_EXP_SMOOTH", groups[:3000], [(values[:3000], FLOAT)], [0.3])


def test_running_floats_that_overflow_are_errors() -> None:
    over = Failure("OVERFLOW")
    assert apply("GROUP_CUMSUM", [1e308, 1e308, -1e308, None], groups=[0] * 4) == [1e308, over, over, None]
    assert apply("GROUP_DIFF", [-1.5e308, 1.5e308], groups=[0, 0]) == [None, over]


def test_exact_numbers() -> None:
    from decimal import Decimal

    exact = Column.of([Decimal("0.1"), Decimal("0.2"), None, Decimal("0.30")], BIGDECIMAL)
    assert apply("GROUP_CUMSUM", exact, groups=[0, 0, 0, 0]) == [
        Decimal("0.1"),
        Decimal("0.3"),
        None,
        Decimal("0.6"),
    ]
    assert apply("GROUP_DIFF", exact, groups=[0, 0, 0, 0]) == [None, Decimal("0.1"), None, None]
    assert apply("GROUP_CUMMAX", exact, groups=[0, 0, 0, 0])[3] == Decimal("0.3")


def test_dates_differ_in_whole_milliseconds() -> None:
    dates = Column(DATE, np.array([0, 1_500, 2_999, 1_000], np.int64))
    assert apply("GROUP_DIFF", dates, groups=[0, 0, 0, 0]) == [None, 1, 1, -2]
    assert apply("GROUP_DIFF", dates, 0, groups=[0, 0, 1, 1]) == [0, 1, 0, -2]


def test_distance_step() -> None:
    lat, lon = [36.27923, 36.274785, 0.0, None, 95.0], [-109.258527, -109.271242, 0.0, 0.0, 0.0]
    got = apply("GROUPDISTANCESTEP", lat, lon, "km", groups=[0, 0, 1, 1, 1])
    assert got[0] is None
    assert got[1] == pytest.approx(1.24150773, rel=1e-7)
    assert got[2:] == [None, None, None]
    assert apply("GROUPDISTANCESTEP", [1.0, 95.0, 1.0], [0.0] * 3, groups=[0] * 3)[1:] == [Failure("RANGE")] * 2


@pytest.mark.parametrize("name", ["GROUPTOPN", "GROUP_MOVING_SUM", "GROUP_PREVIOUS", "GROUPCOMBIN"])
def test_a_null_constant_gives_nulls(name: str) -> None:
    assert apply(name, [1, 2], None, groups=[0, 0]) == [None, None]


def test_too_many_combinations_are_one_error() -> None:
    assert apply("GROUPCOMBIN", list(range(6000)), groups=[0] * 6000) == [Failure("LIMIT")]


def test_every_series_has_an_oracle() -> None:
    known = {f.name for f in REGISTRY if f.form is Form.SERIES}
    assert known <= set(ORACLES)
