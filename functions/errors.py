"""Error values: a code and a message for single cells, held beside a column as sorted arrays.

An error belongs to a row whose value is null. Nothing is rendered when an error is made:
each :class:`Origin` keeps the failing rows' arguments, and :meth:`Errors.message` writes the
sentence when somebody asks for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: Codes of error values, in the order of their numbers; the number is what columns store.
CODES: tuple[str, ...] = (
    "DIV0",
    "NUM",
    "VALUE",
    "PARSE",
    "RANGE",
    "OVERFLOW",
    "LOOKUP",
    "ASSERT",
    "USER",
    "TYPE",
    "INFINITY",
    "TIMEOUT",
    "LIMIT",
)
NUMBER_OF_CODE: dict[str, int] = {code: number for number, code in enumerate(CODES)}

_WORDS = {
    "DIV0": "division by zero",
    "NUM": "no number can be the result",
    "VALUE": "unsuitable value",
    "PARSE": "cannot be read",
    "RANGE": "outside the allowed range",
    "OVERFLOW": "the result is too large for its type",
    "LOOKUP": "not found",
    "ASSERT": "the assertion does not hold",
    "USER": "error",
    "TYPE": "unsuitable type",
    "INFINITY": "infinity is not a value",
    "TIMEOUT": "took too long",
    "LIMIT": "too large",
}


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """Where errors were made: the function, what it says, and its arguments at the failing rows.

    ``args`` holds one sequence or constant for each argument; ``items`` of :class:`Errors` index them.
    ``note`` may name arguments as ``{0}``, ``{1}`` …, or one as ``{!0}``, which is written as it is, without
    quotes (a user's own message); without a note the code's own words are used.
    """

    function: str
    note: str = ""
    args: tuple[Any, ...] = ()

    def message(self, code: str, item: int) -> str:
        """Return the sentence for one failing row, quoting the offending input."""
        values = [_show(_pick(arg, item)) for arg in self.args]
        if self.note:
            text = self.note
            for place, value in enumerate(values):
                if "{!" + str(place) + "}" in text:
                    return text.replace("{!" + str(place) + "}", str(_pick(self.args[place], item)))
                text = text.replace("{" + str(place) + "}", value)
            return text
        call = f"{self.function}({';'.join(values)})" if self.function else ";".join(values)
        return f"{call}: {_WORDS[code]}"


def _pick(arg: Any, item: int) -> Any:
    if isinstance(arg, np.ndarray):
        return arg[item]
    as_py = getattr(arg, "as_py", None)
    if as_py is not None:
        return as_py()
    if hasattr(arg, "type") and hasattr(arg, "__getitem__"):  # an Arrow array
        return arg[item].as_py()
    return arg


def _show(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        shown = value if len(value) <= 80 else value[:77] + "…"
        return '"' + shown.replace('"', '""') + '"'
    if isinstance(value, float):
        return "null" if math.isnan(value) else repr(value)
    return str(value)


_EMPTY = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """The error values of one column: sorted row numbers with code, origin and item in the origin."""

    rows: Ints
    codes: npt.NDArray[np.uint8]
    origin: npt.NDArray[np.int32]
    item: Ints
    origins: tuple[Origin, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def code(self, position: int) -> str:
        """Return the code of the error at ``position`` (not row)."""
        return CODES[int(self.codes[position])]

    def message(self, position: int) -> str:
        """Return the message of the error at ``position`` (not row), rendered now."""
        return self.origins[int(self.origin[position])].message(self.code(position), int(self.item[position]))

    def messages(self) -> list[str]:
        """Return the messages of all errors, in row order."""
        return [self.message(position) for position in range(len(self))]

    def mask(self, rows: int) -> Mask:
        """Return a mask of ``rows`` rows that is true where there is an error."""
        mask = np.zeros(rows, np.bool_)
        mask[self.rows] = True
        return mask

    def pick(self, positions: npt.NDArray[Any], rows: Ints | None = None) -> Errors | None:
        """Return the errors at ``positions``, standing at ``rows`` (default: where they stood)."""
        if len(positions) == 0:
            return None
        return Errors(
            self.rows[positions] if rows is None else rows,
            self.codes[positions],
            self.origin[positions],
            self.item[positions],
            self.origins,
        )

    def where(self, keep: Mask) -> Errors | None:
        """Return only the errors of rows for which ``keep`` is true."""
        return self.pick(np.flatnonzero(keep[self.rows]))

    def slice(self, start: int, stop: int) -> Errors | None:
        """Return the errors of rows ``start`` … ``stop``-1, counted from ``start``."""
        lo, hi = np.searchsorted(self.rows, (start, stop))
        if lo == hi:
            return None
        return self.pick(np.arange(lo, hi), self.rows[lo:hi] - start)

    def take(self, rows: Ints, length: int) -> Errors | None:
        """Return the errors as they stand after a gather by ``rows`` from a column of ``length`` rows."""
        position = np.full(length + 1, -1, np.int64)  # the extra slot serves row -1
        position[self.rows] = np.arange(len(self))
        found = position[rows]
        at = np.flatnonzero(found >= 0)
        return self.pick(found[at], at)

    def shift(self, by: int) -> Errors:
        """Return the same errors, ``by`` rows further down."""
        return self if by == 0 else Errors(self.rows + by, self.codes, self.origin, self.item, self.origins)


def make(rows: npt.NDArray[Any], code: str, origin: Origin) -> Errors | None:
    """Return errors of one code at ``rows`` (ascending); the origin's arguments stand in that order."""
    count = len(rows)
    if count == 0:
        return None
    return Errors(
        np.asarray(rows, np.int64),
        np.full(count, NUMBER_OF_CODE[code], np.uint8),
        np.zeros(count, np.int32),
        np.arange(count, dtype=np.int64),
        (origin,),
    )


def chain(parts: Iterable[Errors | None]) -> Errors | None:
    """Join errors whose rows already ascend from part to part (blocks of one column)."""
    some = [part for part in parts if part is not None and len(part)]
    if not some:
        return None
    if len(some) == 1:
        return some[0]
    origins, offsets = _merge_origins(some)
    return Errors(
        np.concatenate([part.rows for part in some]),
        np.concatenate([part.codes for part in some]),
        np.concatenate([part.origin + offset for part, offset in zip(some, offsets, strict=True)]).astype(np.int32),
        np.concatenate([part.item for part in some]),
        origins,
    )


def _merge_origins(parts: Sequence[Errors]) -> tuple[tuple[Origin, ...], list[int]]:
    origins: list[Origin] = []
    offsets: list[int] = []
    known: dict[int, int] = {}
    for part in parts:
        offset = known.get(id(part.origins))
        if offset is None:
            offset = known[id(part.origins)] = len(origins)
            origins.extend(part.origins)
        offsets.append(offset)
    return tuple(origins), offsets


def first(parts: Iterable[Errors | None]) -> Errors | None:
    """Merge errors of the same rows; where several parts have a row, the first part wins."""
    some = [part for part in parts if part is not None and len(part)]
    if len(some) <= 1:
        return some[0] if some else None
    origins, offsets = _merge_origins(some)
    rows = np.concatenate([part.rows for part in some])
    unique, index = np.unique(rows, return_index=True)  # the first occurrence, so the first part
    return Errors(
        unique,
        np.concatenate([part.codes for part in some])[index],
        np.concatenate([part.origin + offset for part, offset in zip(some, offsets, strict=True)])[index].astype(
            np.int32
        ),
        np.concatenate([part.item for part in some])[index],
        origins,
    )


__all__ = ["CODES", "NUMBER_OF_CODE", "Errors", "Ints", "Mask", "Origin", "chain", "first", "make"]
