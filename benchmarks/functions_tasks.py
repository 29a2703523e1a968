"""What a task of the functions' benchmark is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

#: Gets a frame (pandas), arrays by name (numpy, pyarrow) or ``polars.col``; gives the result, for polars its
#: expression.
Way = Callable[[Any], Any]

NUMERIC = 1.2
TEXTUAL = 1.5


@dataclass(frozen=True, slots=True)
class Task:
    """One formula, and hand-written ways to the same result by engine (numpy, pandas, pyarrow, polars).

    ``slow`` tasks take seconds by hand; twice is often enough for them.
    """

    name: str
    formula: str
    bar: float
    ways: Mapping[str, Way]
    slow: bool = False


def numeric(name: str, formula: str, **ways: Way) -> Task:
    """Return a task of numbers."""
    return Task(name, formula, NUMERIC, ways)


def textual(name: str, formula: str, **ways: Way) -> Task:
    """Return a task of texts, dates or regular expressions."""
    return Task(name, formula, TEXTUAL, ways)
