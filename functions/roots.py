"""Finding roots of one equation a row, all rows at once: Newton's steps, then bisection where they lead nowhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: ``evaluate(x, rows)``: value and slope of the equation of each of ``rows`` at its ``x``.
Equation = Callable[[Floats, Ints], tuple[Floats, Floats]]

_STEPS = 60  #: of Newton
_CLOSE = 1e-12  #: a step below this is the last one
_FAR = 1.0  #: the longest step
_HALVES = 70  #: of bisection
_POINTS = 100  #: looked at on either side of 0, closer together near it


def solve(equation: Equation, start: Floats, reach: Floats) -> Floats:
    """Return a root of each row's equation, NaN where none is found.

    Args:
        equation: values and slopes; where a value is not finite, Newton's method gives up.
        start: where to begin; with several roots, the one that Newton's method finds from here is given.
        reach: roots are looked for from ``-reach`` to ``reach``.

    Whether and when a row is done depends on that row alone, so results do not depend on what else is in a block.
    """
    out = np.full(len(start), np.nan)
    rows = np.arange(len(start))
    x = np.clip(start, -reach, reach)
    lost: list[Ints] = []
    with np.errstate(all="ignore"):
        for _ in range(_STEPS):
            if not len(rows):
                break
            value, slope = equation(x, rows)
            step = np.clip(value / slope, -_FAR, _FAR)
            x = x - step
            astray = ~np.isfinite(step) | (np.abs(x) > reach[rows])
            done = ~astray & (np.abs(step) <= _CLOSE * (1.0 + np.abs(x)))
            if astray.any() or done.any():
                out[rows[done]] = x[done]
                lost.append(rows[astray])
                going = ~(done | astray)
                rows, x = rows[going], x[going]
        left = np.concatenate([*lost, rows])
        if len(left):
            out[left] = _bisect(equation, start[left], reach[left], left)
    return out


def _bisect(equation: Equation, start: Floats, reach: Floats, rows: Ints) -> Floats:
    """Look for the change of sign that is nearest to the start, and halve the interval around it."""
    low, high, found = _brackets(equation, start, reach, rows)
    out = np.full(len(rows), np.nan)
    at = np.flatnonzero(found)
    if not len(at):
        return out
    low, high, rows = low[at], high[at], rows[at]
    rising = equation(high, rows)[0] > equation(low, rows)[0]
    for _ in range(_HALVES):
        middle = (low + high) / 2.0
        above = (equation(middle, rows)[0] > 0) == rising
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    out[at] = (low + high) / 2.0
    return out


def _brackets(equation: Equation, start: Floats, reach: Floats, rows: Ints) -> tuple[Floats, Floats, Any]:
    """Return the ends of the interval with a change of sign that is nearest to the start, and where there is one."""
    low, high = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    nearest = np.full(len(rows), np.inf)
    before, sign = -reach, np.sign(equation(-reach, rows)[0])
    for point in range(1 - _POINTS, _POINTS + 1):
        here = reach * (point / _POINTS) ** 3
        value = np.sign(equation(here, rows)[0])
        away = np.maximum(np.maximum(before - start, start - here), 0.0)
        change = (sign * value <= 0) & ((sign != 0) | (value != 0)) & (away < nearest)
        low, high = np.where(change, before, low), np.where(change, here, high)
        nearest = np.where(change, away, nearest)
        before, sign = here, value
    return low, high, np.isfinite(nearest)
