"""Matching keys, gathering rows and the first rows of a sort: the quick ways against plain Python loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetline.formulas.blocks import Workers
from sheetline.functions.columns import Column, Table
from sheetline.functions.errors import Origin, make
from sheetline.functions.ordering import sort_key
from sheetline.functions.types import BOOLEAN, FLOAT, INTEGER, STRING, Type
from sheetline.workbook.matching import Matching
from sheetline.workbook.relational import gather
from sheetline.workbook.sheets.sort import first_in_order, first_rows, leading

VALUES: dict[Type, Any] = {
    INTEGER: st.sampled_from([0, 1, 2, 7, -3, 10**12, -(2**62), None]),
    FLOAT: st.sampled_from([0.0, -0.0, 1.0, 2.5, -7.0, 1e300, None]),
    STRING: st.sampled_from(["", "a", "b", "ab", "é", None]),
    BOOLEAN: st.sampled_from([True, False, None]),
}


@st.composite
def _keys(draw: Any) -> tuple[list[Column], list[Column]]:
    sides: list[list[Column]] = [[], []]
    sizes = draw(st.tuples(st.integers(0, 12), st.integers(0, 12)))
    for type_ in draw(st.lists(st.sampled_from(list(VALUES)), min_size=1, max_size=3)):
        for side, size in zip(sides, sizes, strict=True):
            column = Column.of(draw(st.lists(VALUES[type_], min_size=size, max_size=size)), type_)
            if type_ == STRING and draw(st.booleans()):
                column = Column(STRING, column.data.dictionary_encode())
            side.append(column)
    return sides[0], sides[1]


def _tuples(columns: list[Column]) -> list[tuple[Any, ...] | None]:
    rows = zip(*(column.to_list() for column in columns), strict=True)
    return [None if None in row else row for row in rows]


@given(_keys(), st.booleans(), st.sampled_from([None, 1, 2]))
def test_pairs_are_those_of_two_loops(
    keys: tuple[list[Column], list[Column]], keep_left: bool, threads: int | None
) -> None:
    left, right = _tuples(keys[0]), _tuples(keys[1])
    want = []
    for row, key in enumerate(left):
        found = [(row, other) for other, match in enumerate(right) if key is not None and key == match]
        want += found or ([(row, -1)] if keep_left else [])
    several = [row for row, key in enumerate(left) if key is not None and right.count(key) > 1]
    for lonely in (True, False):
        with Workers(threads or 1) as workers:
            matching = Matching.of(*keys, workers if threads else None, lonely_left=lonely)
            rows, partners = matching.pairs(keep_left=keep_left)
        assert list(zip(rows.tolist(), partners.tolist(), strict=True)) == want
        assert matching.total(keep_left=keep_left) == len(want)
        assert matching.lonely_right().tolist() == [
            row for row, key in enumerate(right) if key is None or key not in left
        ]
        count, pairs, first = matching.fan_out(2)
        assert (count, pairs) == (len(several), sum(right.count(left[row]) for row in several))
        assert first.tolist() == several[:2]
        both = any(left.count(key) > 1 and right.count(key) > 1 for key in left if key is not None)
        assert matching.repeats_on_both() == both


@pytest.mark.parametrize("keep_left", [False, True])
def test_many_pairs_are_those_of_pandas(keep_left: bool) -> None:
    import pandas as pd

    rng = np.random.default_rng(5)
    left, right = rng.integers(0, 30_000, 200_000), rng.integers(0, 25_000, 40_000)
    with Workers(3) as workers:
        matching = Matching.of([Column(INTEGER, left)], [Column(INTEGER, right)], workers, lonely_left=False)
        rows, partners = matching.partners(keep_left=keep_left)
    frames = [pd.DataFrame({"k": keys, name: np.arange(len(keys))}) for keys, name in ((left, "l"), (right, "r"))]
    want = frames[0].merge(frames[1], on="k", how="left" if keep_left else "inner").sort_values(["l", "r"])
    assert rows is not None
    np.testing.assert_array_equal(rows, want["l"].to_numpy())
    np.testing.assert_array_equal(partners, want["r"].fillna(-1).to_numpy())


def test_many_texts_are_looked_up_in_parts() -> None:
    rng = np.random.default_rng(6)
    numbers = rng.integers(-1, 50, 50_000)
    left = pa.array([None if n < 0 else f"k{n}" for n in numbers.tolist()], pa.large_string())
    right = pa.array([*(f"k{n}" for n in range(40)), None], pa.large_string())
    with Workers(3) as workers:
        matching = Matching.of([Column(STRING, left)], [Column(STRING, right)], workers, lonely_left=False)
    rows, partners = matching.partners(keep_left=True)
    assert rows is None
    np.testing.assert_array_equal(partners, np.where(numbers < 40, numbers, -1))


@pytest.mark.parametrize("missing", [False, True])
def test_gathers_in_parts_are_takes(missing: bool) -> None:
    rng = np.random.default_rng(7)
    size, null = 1_000, rng.random(1_000) < 0.1
    numbers = rng.integers(0, 99, size)
    failed = make(np.flatnonzero(null), "NUM", Origin("F"))
    columns = {
        "plain": Column(INTEGER, numbers),
        "null": Column(INTEGER, numbers, null, None, (0, 98)),
        "errors": Column(INTEGER, numbers, null, failed),
        "float": Column(FLOAT, np.where(null, np.nan, numbers * 0.5)),
        "text": Column.of([None if n < 9 else str(n) for n in numbers.tolist()]),
        "logical": Column(BOOLEAN, numbers > 50, null),
    }
    rows = rng.integers(-1 if missing else 0, size, 400_000)
    with Workers(3) as workers:
        got = gather(Table(columns, size), columns, rows, workers, missing=missing)
    assert list(got) == list(columns)
    for name, column in columns.items():
        want, found = column.take(rows, missing=missing), got[name]
        assert found.to_list() == want.to_list()
        assert (found.type, found.bounds) == (want.type, want.bounds)
        assert (found.errors is None) == (want.errors is None)
        if found.errors is not None and want.errors is not None:
            np.testing.assert_array_equal(found.errors.rows, want.errors.rows)


@given(st.integers(0, 2**32 - 1), st.booleans(), st.booleans(), st.integers(0, 40), st.sampled_from([2, 50, 10**15]))
def test_first_rows_are_those_of_the_whole_order(
    seed: int, whole: bool, descending: bool, wanted: int, distinct: int
) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 3_000))
    drawn, null = rng.integers(0, distinct, size), rng.random(size) < rng.choice([0.0, 0.2, 0.99])
    value = Column(INTEGER, drawn, null) if whole else Column(FLOAT, np.where(null, np.nan, drawn / 7 - 1))
    if whole and null.any():
        value = Column(INTEGER, drawn, null, make(np.flatnonzero(null)[::2], "NUM", Origin("F")))
    columns = [value, Column(INTEGER, rng.integers(0, 3, size))]
    wanted = min(wanted, size)
    want = first_in_order([sort_key(columns[0], descending=descending), sort_key(columns[1])], size, wanted)
    assert first_rows(columns, [descending, False], size, wanted).tolist() == want.tolist()


def test_few_of_many_are_found_without_sorting() -> None:
    values = np.random.default_rng(8).permutation(200_000)
    few = leading(Column(INTEGER, values), 100, descending=True)
    assert few is not None
    assert 100 <= len(few) < 2_000
    got = first_rows([Column(INTEGER, values)], [True], len(values), 100)
    np.testing.assert_array_equal(got, np.argsort(-values)[:100])
