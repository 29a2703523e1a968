"""Orders inside segments, counted groups, blended masks: the quick ways give what the plain ones give, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sheetline.functions.blend import blend
from sheetline.functions.columns import Column
from sheetline.functions.groups import Groups, first_rows
from sheetline.functions.ordering import comparable, stable_order
from sheetline.functions.segments import by_code, order_segments
from sheetline.functions.types import FLOAT, INTEGER

ROWS = 20_000


def _keys(kind: str, rng: np.random.Generator) -> Any:
    if kind == "floats":
        return comparable(Column(FLOAT, rng.normal(0, 1, ROWS)))[0]
    if kind == "floats with nulls":
        keys = comparable(Column(FLOAT, rng.normal(0, 1, ROWS)))[0]
        keys[rng.random(ROWS) < 0.2] = 2**63 - 2
        keys[rng.random(ROWS) < 0.01] = 2**63 - 1
        return keys
    if kind == "neighbouring floats":  # differ in their lowest bits alone
        keys = comparable(Column(FLOAT, 1 + rng.integers(0, 50, ROWS) * 2.0**-52))[0]
        keys[0] = -(2**62)
        return keys
    if kind == "some neighbouring floats":
        values = rng.normal(0, 1, ROWS)
        values[: ROWS // 20] = 1 + rng.integers(0, 9, ROWS // 20) * 2.0**-52
        return comparable(Column(FLOAT, rng.permutation(values)))[0]
    if kind == "few integers":
        return rng.integers(0, 3, ROWS)
    return rng.integers(-(2**63), 2**63 - 1, ROWS)


@pytest.mark.parametrize("groups", [1, 50, 4_000])
@pytest.mark.parametrize(
    "kind",
    ["floats", "floats with nulls", "neighbouring floats", "some neighbouring floats", "few integers", "integers"],
)
def test_orders_are_those_of_a_stable_sort(kind: str, groups: int) -> None:
    rng = np.random.default_rng(groups)
    keys = _keys(kind, rng)
    group = np.sort(rng.integers(0, groups, ROWS))
    offsets = np.searchsorted(group, np.arange(groups + 2))
    assert np.array_equal(order_segments(keys, offsets), np.lexsort((keys, group)))
    mixed = rng.permutation(group) * 2**40
    assert np.array_equal(stable_order([mixed, keys], ROWS), np.lexsort((keys, mixed)))


@pytest.mark.parametrize("groups", [1, 7, 3_000, 150_000])
def test_groups_number_their_rows_by_first_appearance(groups: int) -> None:
    import pandas as pd

    rng = np.random.default_rng(groups)
    keys = rng.integers(0, groups, 200_000)
    made = Groups.of([Column(INTEGER, keys)])
    codes, values = pd.factorize(keys)
    rows = pd.Series(np.arange(len(keys))).groupby(codes)
    assert np.array_equal(made.codes, codes)
    assert made.count == len(values)
    assert np.array_equal(made.first, rows.min())
    assert np.array_equal(made.last, rows.max())
    assert np.array_equal(made.sizes, rows.size())
    assert np.array_equal(made.order.rows, np.argsort(codes, kind="stable"))


def test_a_code_without_rows_has_no_first_row() -> None:
    assert first_rows(np.array([2, 0, 2]), 4).tolist() == [1, 3, 0, 3]


def test_values_are_counted_out_by_code_in_row_order() -> None:
    rng = np.random.default_rng(3)
    codes, values = rng.integers(0, 90, ROWS), rng.normal(0, 1, ROWS)
    rows, ordered = by_code(codes, 91, values)
    wanted = np.argsort(codes, kind="stable")
    assert np.array_equal(rows, wanted)
    assert np.array_equal(ordered, values[wanted])


@pytest.mark.parametrize("rows", [3, 5_000])
def test_blend_is_where(rows: int) -> None:
    rng = np.random.default_rng(rows)
    mask = rng.random(rows) < 0.4
    a, b = (rng.choice([0.0, -0.0, np.nan, np.inf, 1e-310, -2.5], rows) for _ in range(2))
    for yes, no in ((a, b), (1.5, b), (a, -0.0), (np.nan, 0.0)):
        wanted = np.where(mask, yes, no)
        assert np.array_equal(blend(mask, yes, no, np.float64).view(np.int64), wanted.view(np.int64))
    i, j = (rng.choice([2**63 - 1, -(2**63), 0, 5], rows) for _ in range(2))
    assert np.array_equal(blend(mask, i, j, np.int64), np.where(mask, i, j))
    assert np.array_equal(blend(mask, mask, False, np.bool_), mask)
