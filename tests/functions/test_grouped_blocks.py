"""Aggregates of many rows: the same bits as passes over whole columns, for any number of threads."""

import numpy as np
import pytest

from sheetline.functions import labels, segments
from sheetline.functions.columns import Column
from sheetline.functions.grouped import Grouped
from sheetline.functions.groups import Groups
from sheetline.functions.types import BOOLEAN, FLOAT, INTEGER

ROWS = 200_000


def _groups(count: int, threads: int = 1) -> tuple[Groups, np.random.Generator]:
    rng = np.random.default_rng(count)
    codes = rng.integers(0, count, ROWS)
    codes[codes == 1] = 0  # a group without values, and one of twice the size
    groups = Groups(codes, count)
    groups.threads = threads
    return groups, rng


@pytest.fixture(params=[False, True], ids=["as they stand", "by ranges"])
def arranged(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether rows are arranged by ranges of codes, as very many are."""
    if request.param:
        monkeypatch.setattr(labels, "_MANY_CODES", 1000)
        monkeypatch.setattr(labels, "_MANY_ROWS", 1000)
        monkeypatch.setattr(labels, "_RANGE_BITS", 8)
        monkeypatch.setattr(labels, "_STRETCH", 30_000)
        monkeypatch.setattr(segments, "_STRETCH", 30_000)
    return bool(request.param)


@pytest.mark.usefixtures("arranged")
@pytest.mark.parametrize("count", [2, 10, 3_000, 150_000])
def test_sums_and_squares_are_those_of_plain_passes_to_the_bit(count: int) -> None:
    groups, rng = _groups(count)
    values, keep = rng.normal(50, 20, ROWS), rng.random(ROWS) < 0.9
    codes, kept = groups.codes[keep], values[keep]
    made = Grouped(groups, Column(FLOAT, values), keep)
    sizes = np.bincount(codes, minlength=count)
    assert np.array_equal(made.sum(), np.bincount(codes, kept, count))
    for operation in (np.minimum, np.maximum):
        wanted = np.full(count, -operation(np.inf, -np.inf))
        operation.at(wanted, codes, kept)
        got = made.min() if operation is np.minimum else made.max()
        assert np.array_equal(got, np.where(sizes > 0, wanted, 0))
    first = np.zeros(count)
    first[codes[::-1]] = kept[::-1]
    away = kept - first[codes]
    with np.errstate(all="ignore"):
        rest = np.bincount(codes, away, count) / sizes
    away -= rest[codes]
    assert np.array_equal(made.squares, np.bincount(codes, away * away, count))


@pytest.mark.usefixtures("arranged")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("count", [3, 7_000, 60_000])
@pytest.mark.parametrize("nulls", [0.0, 0.2])
def test_groups_of_keys_and_their_aggregates_are_those_of_pandas(count: int, threads: int, nulls: float) -> None:
    import pandas as pd

    rng = np.random.default_rng(count)
    keys, values = rng.integers(-5, count, ROWS) * 2, rng.normal(50, 20, ROWS)
    values[rng.random(ROWS) < nulls] = np.nan
    groups = Groups.of([Column(INTEGER, keys)], threads)
    codes, found = pd.factorize(keys)
    assert (groups.count, groups.rows, groups.ascending) == (len(found), ROWS, False)
    made = Grouped(groups, Column(FLOAT, values), ~np.isnan(values) if nulls else None)
    by = pd.Series(values).groupby(codes)
    assert np.array_equal(groups.first, np.unique(codes, return_index=True)[1])
    assert np.array_equal(groups.sizes, np.bincount(codes))
    assert np.array_equal(made.sizes, by.count())
    assert np.array_equal(made.sum(), np.bincount(codes[~np.isnan(values)], values[~np.isnan(values)], groups.count))
    assert np.array_equal(made.min(), by.min().fillna(0))
    assert np.array_equal(made.max(), by.max().fillna(0))
    several = made.sizes > 1
    np.testing.assert_allclose(made.squares[several] / (made.sizes[several] - 1), by.var()[several])
    assert np.array_equal(groups.codes, codes)


def test_sorted_keys_stand_by_group() -> None:
    for repeats in (1, 3, 50):
        groups = Groups.of([Column(INTEGER, np.repeat(np.arange(100_000), repeats))])
        assert groups.ascending
        assert np.array_equal(groups.codes, np.repeat(np.arange(100_000), repeats))


@pytest.mark.usefixtures("arranged")
@pytest.mark.parametrize("count", [10, 3_000])
def test_true_values_are_counted(count: int) -> None:
    groups, rng = _groups(count)
    condition, keep = rng.random(ROWS) < 0.5, rng.random(ROWS) < 0.5
    for given in (None, keep):
        counted = Grouped(groups, Column(BOOLEAN, condition), given).sum()
        wanted = condition if given is None else condition & given
        assert np.array_equal(counted, np.bincount(groups.codes[wanted], minlength=count))


@pytest.mark.usefixtures("arranged")
@pytest.mark.parametrize("count", [2, 10, 3_000, 150_000])
@pytest.mark.parametrize("threads", [2, 3])
def test_threads_sort_what_one_sorts(count: int, threads: int) -> None:
    groups, rng = _groups(count, threads)
    values = rng.normal(size=ROWS)
    wanted = values[np.lexsort((values, groups.codes))]
    assert np.array_equal(Grouped(groups, Column(FLOAT, values), None).sorted, wanted)
    in_order = np.argsort(groups.codes, kind="stable")
    assert np.array_equal(groups.order.rows, in_order)
    assert np.array_equal(Grouped(groups, Column(FLOAT, values), None).ordered, values[in_order])
