"""scipy's compiled loops over sparse matrices, loaded without what stands around them.

``scipy.sparse`` as a whole takes a fresh process a third of a second, most of it for array libraries that are not used
here; the compiled module alone, a hundredth.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sheetline.functions.memory import empty

_TOOLS = "scipy.sparse._sparsetools"
_Ints = npt.NDArray[np.int32]
_Longs = npt.NDArray[np.int64]


def row_sums(values: npt.NDArray[np.float64], columns: _Ints, starts: _Ints) -> npt.NDArray[np.float64]:
    """Return the sum of each line of a matrix in compressed rows, left to right from 0.0.

    >>> row_sums(np.array([1.0, 2.0, 4.0]), np.zeros(3, np.int32), np.array([0, 2, 2, 3], np.int32)).tolist()
    [3.0, 0.0, 4.0]

    Args:
        values: the values, line by line.
        columns: zeros, one for each value at the least.
        starts: where each line starts, and where the last one ends.
    """
    sums = np.zeros(len(starts) - 1)
    _tools().csr_matvec(len(sums), 1, starts, columns, values, _ONE, sums)
    return sums


def counted_out(codes: _Ints, count: int, values: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], _Ints, _Ints]:
    """Return the values by code, in their order inside each, their places, and where each code starts and all end.

    >>> [part.tolist() for part in counted_out(np.array([1, 0, 1], np.int32), 2, np.array([5, 6, 7]))]
    [[6, 5, 7], [1, 0, 2], [0, 1, 3]]

    It is a stable counting sort: the turning of a matrix with one value a column, in the line of the column's code,
    from columns to lines.
    """
    rows = len(codes)
    steps = np.arange(rows + 1, dtype=np.int32)
    starts, places = np.empty(count + 1, np.int32), empty(rows, np.int32)
    sorted_values = empty(rows, values.dtype)
    _tools().csr_tocsc(rows, count, steps, codes, values, starts, places, sorted_values)
    return sorted_values, places, starts


def add_at(sums: npt.NDArray[np.float64], codes: _Longs, values: npt.NDArray[np.float64]) -> None:
    """Add each value to the sum of its code, in order, like ``np.add.at``, but letting other threads run.

    >>> sums = np.zeros(2)
    >>> add_at(sums, np.array([1, 0, 1]), np.array([1.0, 2.0, 4.0]))
    >>> sums.tolist()
    [2.0, 5.0]
    """
    _tools().csc_matvec(len(sums), 1, np.array([0, len(codes)]), codes, values, _ONE, sums)


def repeat_places(starts: _Longs, out: _Longs) -> None:
    """Write each line's number as often as the line has places, from its start to the next one's.

    >>> made = np.zeros(3, np.int64)
    >>> repeat_places(np.array([0, 2, 2, 3]), made)
    >>> made.tolist()
    [0, 0, 2]
    """
    _tools().expandptr(len(starts) - 1, starts, out)


def take_lines(lines: _Longs, starts: _Longs, values: _Longs, out: _Longs) -> None:
    """Write the values of some lines, one line after the other.

    >>> made = np.zeros(3, np.int64)
    >>> take_lines(np.array([1, 0]), np.array([0, 2, 3]), np.array([5, 6, 7]), made)
    >>> made.tolist()
    [7, 5, 6]
    """
    seconds = values.view(np.int8), np.empty(len(out), np.int8)  # places have two values each, of which one counts
    _tools().csr_row_index(len(lines), lines, starts, values, seconds[0], out, seconds[1])


_ONE = np.ones(1)


@cache
def _tools() -> Any:
    if _TOOLS in sys.modules:
        return sys.modules[_TOOLS]
    import scipy

    spec = PathFinder.find_spec(_TOOLS, [str(Path(scipy.__file__).with_name("sparse"))])
    if spec is None or spec.loader is None:  # a scipy that is put together in another way
        from scipy.sparse import _sparsetools

        return _sparsetools
    tools = module_from_spec(spec)
    spec.loader.exec_module(tools)
    return tools
