"""Aggregates of many rows: the same bits as passes over whole columns, for any number of threads."""

import numpy as np
import pytest

from sheetline.functions.columns import Column
from sheetline.functions.grouped import Grouped
from sheetline.functions.groups import Groups
from sheetline.functions.types import BOOLEAN, FLOAT

ROWS = 200_000


def _groups(count: int, threads: int = 1) -> tuple[Groups, np.random.Generator]:
    rng = np.random.default_rng(count)
    codes = rng.integers(0, count, ROWS)
    codes[codes == 1] = 0  # a group without values, and one of twice the size
    groups = Groups(codes, count)
    groups.threads = threads
    return groups, rng


@pytest.mark.parametrize("count", [2, 10, 3_000, 150_000])
def test_sums_and_squares_are_those_of_plain_passes_to_the_bit(count: int) -> None:
    groups, rng = _groups(count)
    values, keep = rng.normal(50, 20, ROWS), rng.random(ROWS) < 0.9
    codes, kept = groups.codes[keep], values[keep]
    made = Grouped(groups, Column(FLOAT, values), keep)
    sizes = np.bincount(codes, minlength=count)
    assert np.array_equal(made.sum(), np.bincount(codes, kept, count))
    first = np.zeros(count)
    first[codes[::-1]] = kept[::-1]
    away = kept - first[codes]
    with np.errstate(all="ignore"):
        rest = np.bincount(codes, away, count) / sizes
    away -= rest[codes]
    assert np.array_equal(made.squares, np.bincount(codes, away * away, count))


@pytest.mark.parametrize("count", [10, 3_000])
def test_true_values_are_counted(count: int) -> None:
    groups, rng = _groups(count)
    condition, keep = rng.random(ROWS) < 0.5, rng.random(ROWS) < 0.5
    for given in (None, keep):
        counted = Grouped(groups, Column(BOOLEAN, condition), given).sum()
        wanted = condition if given is None else condition & given
        assert np.array_equal(counted, np.bincount(groups.codes[wanted], minlength=count))


@pytest.mark.parametrize("count", [2, 10, 3_000, 150_000])
@pytest.mark.parametrize("threads", [2, 3])
def test_threads_sort_what_one_sorts(count: int, threads: int) -> None:
    groups, rng = _groups(count, threads)
    values = rng.normal(size=ROWS)
    wanted = values[np.lexsort((values, groups.codes))]
    assert np.array_equal(Grouped(groups, Column(FLOAT, values), None).sorted, wanted)
