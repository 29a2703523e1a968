"""Sums and extremes of values by code, where rows stand in any order: block by block, each while it is in the cache.

What is added is added left to right, so that a sum has the same bits as a plain loop's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from sheetline.functions import sparse
from sheetline.functions.errors import Ints, Mask

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

#: Rows whose intermediate values stay in the processor's cache.
_BLOCK = 1 << 15
#: From so many values on a sparse product is worth loading its library.
_MANY = 1 << 17
#: With so many values for each code most don't surpass what stands there already.
_SELDOM = 32


def _blocks(rows: int) -> Iterator[slice]:
    for start in range(0, rows, _BLOCK):
        yield slice(start, start + _BLOCK)


def added_up(codes: Ints, count: int, make: Callable[[slice], Floats]) -> Floats:
    """Return for each code the sum of the values that ``make`` gives for a stretch of rows, in row order."""
    sums = np.zeros(count)
    add: Callable[[Floats, Ints, Floats], None] = np.add.at if len(codes) < _MANY else sparse.add_at
    with np.errstate(all="ignore"):
        for part in _blocks(len(codes)):
            add(sums, codes[part], make(part))
    return sums


def first_values(codes: Ints, count: int, values: Array) -> Array:
    """Return the first value of each code; 0 where it has none."""
    first = np.zeros(count, values.dtype)
    for part in reversed(list(_blocks(len(codes)))):  # the last write counts
        first[codes[part][::-1]] = values[part][::-1]
    return first


def squares(codes: Ints, values: Floats, origin: Floats, sizes: Ints) -> Floats:
    """Return for each code the sum of squared deviations from the mean, which is computed from an origin near it."""
    room = np.empty((2, min(len(codes), _BLOCK)))

    def away(part: slice) -> Floats:
        some = values[part]
        out = room[0, : len(some)]
        np.take(origin, codes[part], out=out, mode="clip")
        return np.subtract(some, out, out=out)

    with np.errstate(all="ignore"):
        rest = added_up(codes, len(origin), away) / sizes

    def squared(part: slice) -> Floats:
        deviations = away(part)
        mean = room[1, : len(deviations)]
        deviations -= np.take(rest, codes[part], out=mean, mode="clip")
        return np.multiply(deviations, deviations, out=deviations)

    return added_up(codes, len(origin), squared)


def extremes(ufunc: np.ufunc, codes: Ints, values: Array, first: Array, some: Mask) -> Array:
    """Return the minimum or maximum of each code.

    Args:
        ufunc: ``np.minimum`` or ``np.maximum``.
        codes: the codes.
        values: the values, none of them NaN.
        first: any value of each code; it is the result where there is none.
        some: which codes have values.
    """
    out = first.copy()
    seldom = len(out) * _SELDOM <= len(codes)
    surpasses, weakest = (np.less, np.maximum) if ufunc is np.minimum else (np.greater, np.minimum)
    known = slice(None) if some.all() else some
    for part in _blocks(len(codes)):
        its_codes, its_values = codes[part], values[part]
        if seldom:
            places: Any = None
            if len(out) * _SELDOM <= len(its_values):  # few codes: what surpasses the weakest of all
                places = np.flatnonzero(surpasses(its_values, weakest.reduce(out[known])))
            if places is None or len(places) * 4 > len(its_values):
                places = np.flatnonzero(surpasses(its_values, out.take(its_codes)))
            its_codes, its_values = its_codes[places], its_values[places]
        ufunc.at(out, its_codes, its_values)
    return out
