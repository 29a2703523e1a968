"""Whole-column functions against plain Python over lists, in one piece and block by block."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from calling import ENV, apply, argument, values
from hypothesis import given
from hypothesis import strategies as st

from sheetline.functions.columns import Column, Constant
from sheetline.functions.declare import Failure
from sheetline.functions.execute import Application, armed, call
from sheetline.functions.execute_groups import fit
from sheetline.functions.registry import REGISTRY
from sheetline.functions.resolve import resolve

NUMBERS = st.lists(st.none() | st.integers(-6, 6) | st.sampled_from([0.5, -2.25]), min_size=1, max_size=15)
TEXTS = st.lists(st.none() | st.sampled_from(["", "a", "b", "ab", "é", "𝄞"]), min_size=1, max_size=15)
LISTS = st.lists(st.none() | st.lists(st.integers(0, 2), max_size=2), min_size=1, max_size=15)
ANY = NUMBERS | TEXTS | LISTS


def by_blocks(name: str, *args: Any, size: int = 4) -> list[Any]:
    """Fit on whole columns, then apply block by block, as the evaluator does."""
    function = REGISTRY.get(name)
    assert function is not None
    given_ = [argument(arg) for arg in args]
    app, defaults = resolve(
        function, [g.type for g in given_], [g if isinstance(g, Constant) else None for g in given_]
    )
    given_ += defaults
    rows = max(len(g) for g in given_ if isinstance(g, Column))
    facts = fit(app, given_, ENV).facts
    chosen = [place for place, n in enumerate(app.names) if n in function.apply_on]
    part = Application(
        function,
        app.kernel,
        tuple(app.types[place] for place in chosen),
        app.type,
        {new: app.prepared[old] for new, old in enumerate(chosen) if old in app.prepared},
        tuple(app.names[place] for place in chosen),
    )
    out: list[Any] = []
    for start in range(0, rows, size):
        stop = min(start + size, rows)
        block = [g.slice(start, stop) if isinstance(g, Column) else g for g in (given_[i] for i in chosen)]
        with armed():
            out += values(call(part, block, ENV, stop - start, start, (facts,)))
    return out


def check(name: str, wanted: Sequence[Any], *args: Any) -> None:
    got = apply(name, *args)
    assert got == pytest.approx(list(wanted), rel=1e-12, abs=1e-12, nan_ok=False) if _numeric(wanted) else got == wanted
    assert by_blocks(name, *args) == got


def _numeric(wanted: Sequence[Any]) -> bool:
    return all(isinstance(value, float) for value in wanted)


def known(column: Sequence[Any]) -> list[Any]:
    return [value for value in column if value is not None]


def number_column(column: Sequence[Any]) -> Column:
    from sheetline.functions.types import FLOAT

    return Column.of(column, FLOAT)


def _percentile(column: list[Any], p: float) -> float:
    ordered = sorted(column)
    position = (p / 100) * (len(ordered) - 1)
    low = math.floor(position)
    high = min(low + 1, len(ordered) - 1)
    return float(ordered[low] + (ordered[high] - ordered[low]) * (position - low))


CONSTANT: dict[str, Callable[[list[Any]], Any]] = {
    "COLMIN": min,
    "COLMAX": max,
    "COLSUM": math.fsum,
    "COLAVERAGE": statistics.fmean,
    "COLMEDIAN": statistics.median,
    "COLSTDEVP": statistics.pstdev,
    "COLSTDEVS": lambda column: statistics.stdev(column) if len(column) > 1 else None,
    "COLCOUNT": len,
    "COLCOUNTDISTINCT": lambda column: len(set(column)),
    "COLMODE": lambda column: min(v for v, n in Counter(column).items() if n == max(Counter(column).values())),
}


@pytest.mark.parametrize("name", list(CONSTANT))
@given(column=NUMBERS)
def test_one_value_of_numbers(name: str, column: list[Any]) -> None:
    some = known(column)
    wanted = CONSTANT[name](some) if some else 0 if name.startswith("COLCOUNT") else None
    check(name, [wanted] * len(column), number_column(column))


@pytest.mark.parametrize("name", ["COLMIN", "COLMAX", "COLCOUNT", "COLMODE"])
@given(column=TEXTS)
def test_one_value_of_texts(name: str, column: list[Any]) -> None:
    some = known(column)
    wanted = CONSTANT[name](some) if some else 0 if name == "COLCOUNT" else None
    check(name, [wanted] * len(column), column)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=8))
def test_sums_of_integers_are_exact(column: list[int]) -> None:
    total = sum(column)
    wanted = total if -(2**63) <= total < 2**63 else Failure("OVERFLOW")
    assert apply("COLSUM", column) == [wanted] * len(column)
    assert apply("COLAVERAGE", column) == [total / len(column)] * len(column)


@given(ANY)
def test_ranks_ordinals_and_frequencies(column: list[Any]) -> None:
    some = known(column)
    distinct = sorted({repr(value): value for value in some}.values())
    check("COLORDINAL", [None if v is None else distinct.index(v) for v in column], column)
    check("COLFREQUENCY", [None if v is None else some.count(v) for v in column], column)
    check("COLRANK", [None if v is None else 1 + sum(o > v for o in some) for v in column], column)
    check("COLRANK", [None if v is None else 1 + sum(o < v for o in some) for v in column], column, "asc")


@given(NUMBERS, st.integers(1, 5))
def test_places_of_numbers(column: list[Any], n: int) -> None:
    some, made = known(column), number_column(column)
    others = max(len(some) - 1, 1)

    def each(function: Callable[[Any], Any]) -> list[Any]:
        return [None if value is None else function(value) for value in column]

    got = apply("COLPERCENTRANK", made)
    assert got == each(lambda v: sum(o < v for o in some) / others if len(some) > 1 else 1.0)
    check("COLQBIN", each(lambda v: sum(o < v for o in some) * n // len(some) + 1), made, n)
    got = apply("BOUNDCOLPERCENTILE", made, made)
    assert got == each(lambda v: 100.0 * sum(o <= v for o in some) / len(some))
    assert by_blocks("BOUNDCOLPERCENTILE", made, made) == got


@given(NUMBERS)
def test_scales(column: list[Any]) -> None:
    some, made = known(column), number_column(column)
    low, high = (min(some), max(some)) if some else (0, 0)
    mean = statistics.fmean(some) if some else 0.0
    spread = statistics.pstdev(some) if some else 0.0
    box = _percentile(some, 75) - _percentile(some, 25) if some else 0.0

    def agree(name: str, by: float, function: Callable[[Any], float], *args: Any) -> None:
        got = apply(name, made, *args)
        for value, found in zip(column, got, strict=True):
            if value is None or by == 0:
                assert found == (None if value is None else Failure("DIV0"))
            else:
                assert found == pytest.approx(function(value), rel=1e-9, abs=1e-9)
        assert by_blocks(name, made, *args) == got

    agree("COLZSCORE", spread, lambda v: (v - mean) / spread)
    agree("COLMINMAX", high - low, lambda v: -1 + 3 * (v - low) / (high - low), -1, 2)
    agree("COLROBUST", box, lambda v: (v - statistics.median(some)) / box)
    agree("COLSHARE", math.fsum(some), lambda v: v / math.fsum(some))
    agree("COLCLIP", 1, lambda v: min(max(v, _percentile(some, 10)), _percentile(some, 80)), 10, 80)


@given(NUMBERS, st.integers(1, 4))
def test_equal_widths(column: list[Any], n: int) -> None:
    some = known(column)
    got = apply("COLBIN", number_column(column), n)
    for value, found in zip(column, got, strict=True):
        if value is None:
            assert found is None
        elif min(some) == max(some):
            assert found == 1
        else:
            part = (value - min(some)) / (max(some) - min(some)) * n
            assert found == min(math.floor(part), n - 1) + 1
    assert by_blocks("COLBIN", number_column(column), n) == got


@given(TEXTS, st.sampled_from([0, 1.5]))
def test_target_means(column: list[Any], smoothing: float) -> None:
    target = [None if place % 4 == 3 else float(place) for place in range(len(column))]
    every = known(target)
    for value, found in zip(column, apply("COLTARGETMEAN", column, target, smoothing), strict=True):
        hits = [t for v, t in zip(column, target, strict=True) if v == value and t is not None]
        count = len(hits) + smoothing
        if value is None or count == 0:
            assert found is None
        else:
            assert found == pytest.approx((sum(hits) + smoothing * statistics.fmean(every)) / count)


@given(ANY, st.integers(-2, 20))
def test_neighbours(column: list[Any], k: int) -> None:
    rows = range(len(column))
    check("COLPREVIOUS", [column[r - k] if 0 <= r - k < len(column) else None for r in rows], column, k)
    check("COLNEXT", [column[r + k] if 0 <= r + k < len(column) else None for r in rows], column, k)


def test_counting_given_values() -> None:
    assert apply("COLCOUNTIF", ["a", "b", "a", None], "a") == [2, 2, 2, 2]
    assert by_blocks("COLCOUNTIF", [1, 1, 2, 3, 3], [1, 3, 9, None, 3], size=2) == [2, 2, 0, None, 2]
    assert apply("COLONEHOT", ["a", None, "b"], "a") == [1, None, 0]
    assert apply("COLPERCENTILE", [1, 9, 5, None], 25) == [3.0] * 4
    assert apply("ROWNUMBER", groups=[0, 0, 0]) == [1, 2, 3]


def test_a_column_with_an_error_gives_it_everywhere() -> None:
    broken = apply("DIVIDE", [1.0, 2.0, 3.0], [1.0, 0.0, 1.0], raw=True)
    for name in ("COLSUM", "COLRANK", "COLZSCORE", "COLFREQUENCY", "COLPREVIOUS"):
        assert apply(name, broken) == [Failure("DIV0")] * 3
