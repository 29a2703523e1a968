"""Pooled memory: used again when nobody holds it, never while somebody does."""

from __future__ import annotations

import gc

import numpy as np
import pandas as pd

from sheetline.functions.memory import KEPT, LEAST, _Pool, empty

ROWS = LEAST // 8 * 2


def address(array: np.ndarray) -> int:  # type: ignore[type-arg]
    return int(array.ctypes.data)


def test_memory_is_used_again_only_when_it_is_free() -> None:
    first = empty(ROWS, np.float64)
    place = address(first)
    second = empty(ROWS, np.float64)
    assert address(second) != place, "somebody holds the first"
    view = first[10:20]
    del first
    third = empty(ROWS, np.int64)
    assert address(third) != place, "a view holds it too"
    series = pd.Series(view, copy=False)
    del view
    gc.collect()
    assert address(empty(ROWS, np.float64)) != place, "so does a series"
    del series
    gc.collect()
    again = [empty(ROWS, np.float64) for _ in range(3)]
    assert place in {address(array) for array in again}


def test_small_arrays_and_objects_are_plain() -> None:
    assert empty(10, np.float64).base is None
    assert empty(ROWS, np.object_).dtype == object
    assert len(empty(0, np.bool_)) == 0
    assert empty(ROWS, np.bool_).dtype == np.bool_


def test_what_is_free_is_bounded() -> None:
    pool = _Pool()
    for size in range(1, 60):
        pool.take(size * LEAST)
    pool.take(LEAST)
    assert sum(buffer.nbytes for buffer in pool._buffers) <= KEPT + 60 * LEAST
