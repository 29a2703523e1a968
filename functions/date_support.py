"""What date kernels share: arguments as arrays, the workbook's wall clock, units and patterns one a row.

A date argument of a kernel is an int64 array of µs or one Python int; a unit, pattern or zone is what
``prepare`` made of a constant, a Python string (a default), or an Arrow text array.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sheetline.functions.context import Call
from sheetline.functions.dates import calendar, zones
from sheetline.functions.dates.calendar import I64
from sheetline.functions.dates.zones import Zone, load_zone

CATEGORY: Final = "dates"
#: Results that depend on the workbook's time zone.
LOCAL: Final = ("timezone",)
YEARS: Final = "outside the years 1 to 9999"

T = TypeVar("T")
H = TypeVar("H", bound=Hashable)
Rows = slice | npt.NDArray[np.int64]

_UNITS: Final = {
    "y": "year", "q": "quarter", "M": "month", "w": "week", "d": "day", "h": "hour", "m": "minute",
    "s": "second", "ms": "millisecond",
}  # fmt: skip


def rows_of(value: Any, ctx: Call) -> I64:
    """Return an integer or date argument as an array of the call's rows."""
    if isinstance(value, np.ndarray):
        return value
    return np.full(ctx.rows, value, np.int64)


def home(ctx: Call) -> Zone:
    """Return the workbook's time zone."""
    return load_zone(ctx.env.timezone)


def local(value: Any, ctx: Call) -> I64:
    """Return what the workbook's wall clock shows at the instants, as local µs."""
    return zones.to_local(rows_of(value, ctx), home(ctx))


def instants(reading: I64, ctx: Call) -> I64:
    """Return the instants of wall-clock readings in the workbook's zone; those out of range fail."""
    return in_years(zones.to_utc(reading, home(ctx)), ctx)


def in_years(us: I64, ctx: Call) -> I64:
    """Return the results; rows outside the years 1 to 9999 are errors RANGE."""
    if not calendar.all_in_range(us):
        ctx.fail(~calendar.in_range(us), "RANGE", f"{ctx.function}: the result is {YEARS}")
    return us


def rounded_down(us: I64, ctx: Call) -> I64:
    """Return dates that were rounded down on the wall clock of the workbook; those out of range fail."""
    return us if home(ctx).fixed == 0 else in_years(us, ctx)  # in UTC year 1 begins a unit of every length


def within(value: Any, limit: int) -> I64:
    """Return an integer argument, cut to ±limit: large enough to lead out of all years, small enough to add."""
    return np.clip(np.atleast_1d(np.asarray(value, np.int64)), -limit, limit)


def unit_name(text: str) -> str:
    """Return the unit of a word or a letter: ``month`` for ``month``, ``Months`` and ``M``.

    Raises:
        ValueError: it is none.
    """
    word = text.strip()
    lower = word.lower()
    for name in (_UNITS.get(word, ""), lower, lower.removesuffix("s")):
        if name in calendar.UNITS:
            return name
    names = ", ".join(calendar.UNITS)
    raise ValueError(f"{text!r} is no unit of time: use {names} or y, q, M, w, d, h, m, s, ms")


def unit_letter(text: str) -> str:
    """Return the letter of a unit of time: ``M`` for ``month`` and ``M``; raises ValueError."""
    name = unit_name(text)
    return next(letter for letter, word in _UNITS.items() if word == name)


def one_of(values: Sequence[H], what: str) -> Callable[[H], H]:
    """Return a maker for ``prepare`` that lets only ``values`` pass."""

    def make(value: H) -> H:
        if value not in values:
            shown = ", ".join(map(str, values))
            raise ValueError(f"{what} is one of {shown}, not {value!r}")
        return value

    return make


def by_choice(
    choice: Any, make: Callable[[Any], T], ctx: Call, problem: str, code: str = "PARSE"
) -> Iterator[tuple[Rows, T]]:
    """Yield rows and what ``make`` makes of their choice, each distinct one once.

    Args:
        choice: an Arrow text or numpy array with one choice a row, a Python string, or a prepared object.
        make: reads a choice; raises ValueError for one that can't be right, and its rows fail.
        ctx: the call.
        problem: the note of failing rows, naming the argument as ``{1}``.
        code: the code of failing rows.
    """
    if isinstance(choice, str):
        choice = make(choice)
    if not isinstance(choice, pa.Array | np.ndarray):
        yield slice(None), choice
        return
    for value, rows in _distinct(choice):
        try:
            made = make(value)
        except ValueError:
            failing = np.zeros(ctx.rows, np.bool_)
            failing[rows] = True
            ctx.fail(failing, code, f"{ctx.function}: {problem}")
            continue
        yield rows, made


def _distinct(array: Any) -> Iterator[tuple[Any, npt.NDArray[np.int64]]]:
    """Yield distinct values that are not null, with their rows."""
    values: list[Any]
    if isinstance(array, np.ndarray):
        unique, codes = np.unique(array, return_inverse=True)
        values = unique.tolist()
    else:
        coded = array.dictionary_encode()
        values = coded.dictionary.to_pylist()
        codes = np.asarray(coded.indices.fill_null(len(values)), np.int64)
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(len(values) + 1))
    for place, value in enumerate(values):
        if value is not None:
            yield value, order[ends[place] : ends[place + 1]]


def map_choice(
    choice: Any,
    make: Callable[[Any], T],
    compute: Callable[..., npt.NDArray[Any]],
    arrays: Sequence[npt.NDArray[Any]],
    ctx: Call,
    problem: str,
    code: str = "PARSE",
    dtype: Any = np.int64,
) -> npt.NDArray[Any]:
    """Return ``compute(*arrays, made)``, where every row has the thing that ``make`` made of its choice."""
    out = np.zeros(ctx.rows, dtype)
    for rows, made in by_choice(choice, make, ctx, problem, code):
        if isinstance(rows, slice):
            return compute(*arrays, made)
        out[rows] = compute(*(array[rows] for array in arrays), made)
    return out
