"""Matching the keys of two tables: codes of equal keys, and the pairs of rows that they make.

Keys are counted where they are few or whole numbers of a narrow range; nothing runs once a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from sheetline.formulas.blocks import Workers
from sheetline.functions import memory
from sheetline.functions.buffers import filled, fixed_values
from sheetline.functions.columns import Column
from sheetline.functions.errors import Ints
from sheetline.functions.groups import Groups
from sheetline.functions.ordering import comparable, dense_codes, first_appearance, span, stable_order, text_codes
from sheetline.functions.segments import repeat_places, take_segments
from sheetline.functions.types import INTEGER, Kind
from sheetline.workbook.problems import quoted
from sheetline.workbook.relational import below, wider
from sheetline.workbook.steps import Notice

#: So many rows of the left table are paired at a time.
_STRETCH = 1 << 16


@dataclass(frozen=True, eq=False)
class Matching:
    """The keys of two tables as codes 0 … count-1, equal where the keys are equal; -1 matches nothing."""

    left: Ints
    right: Ints
    count: int
    workers: Workers = field(default_factory=lambda: Workers(1))

    @classmethod
    def of(
        cls,
        left: Sequence[Column],
        right: Sequence[Column],
        workers: Workers | None = None,
        *,
        lonely_left: bool = True,
    ) -> Matching:
        """Return the matching of key columns, pair by pair; a null or an error in any of them matches nothing.

        Each pair must have a type that both widen to. Without ``lonely_left`` keys that only the left table has may
        have code -1 too, which spares telling them from one another.
        """
        pairs = list(zip(left, right, strict=True))
        lonely = lonely_left or len(pairs) > 1
        codes = _united([_joint_codes(one, two, workers, lonely=lonely) for one, two in pairs])
        own = (_only(codes.left, left), _only(codes.right, right), codes.count)
        return cls(*own) if workers is None else cls(*own, workers)

    @cached_property
    def left_sizes(self) -> Ints:
        """How often each key stands in the left table; the last slot, for code -1, is 0."""
        return self._sizes(self.left)

    @cached_property
    def right_sizes(self) -> Ints:
        """How often each key stands in the right table; the last slot, for code -1, is 0."""
        return self._sizes(self.right)

    def _sizes(self, codes: Ints) -> Ints:
        some = codes if codes.min(initial=0) >= 0 else codes[codes >= 0]
        return np.append(np.bincount(some, minlength=self.count), 0)

    @cached_property
    def single(self) -> bool:
        """Whether no key stands in the right table more than once, so that a left row matches one row at most."""
        return bool(self.right_sizes.max() <= 1)

    @property
    def hits(self) -> Ints:
        """How many rows of the right table each row of the left one matches."""
        return self._looked_up[0]

    @cached_property
    def _looked_up(self) -> tuple[Ints, Ints]:
        """The hits, and for each stretch of left rows: its pairs, its rows without a hit, and those with just one."""
        sizes, hits = self.right_sizes, memory.empty(len(self.left), np.int64)

        def count(part: slice) -> tuple[int, int, int]:
            found = np.take(sizes, self.left[part], out=hits[part], mode="wrap")
            return int(found.sum()), len(found) - int(np.count_nonzero(found)), int(np.count_nonzero(found == 1))

        counted = self.workers.map(count, _stretches(len(hits)))
        return hits, np.array(counted, np.int64).reshape(-1, 3)

    def lonely_right(self) -> Ints:
        """Return the rows of the right table that match nothing."""
        return np.flatnonzero(self.left_sizes[self.right] == 0)

    def pairs(self, *, keep_left: bool) -> tuple[Ints, Ints]:
        """Return the rows of both tables that match, by left row, then by right row.

        With ``keep_left`` a row of the left table that matches nothing stands once, with right row -1.
        """
        left, right = self.partners(keep_left=keep_left)
        return np.arange(len(self.left)) if left is None else left, right

    def partners(self, *, keep_left: bool) -> tuple[Ints | None, Ints]:
        """Return what :meth:`pairs` does, but None for the left rows where they are all, each once and in order."""
        if self.single:
            return self._single(keep_left=keep_left)
        hits, counted = self._looked_up
        # rows of the right table by key; those without one stand before all others, and -1 is the row of a last key
        by_key = np.append(stable_order([self.right], len(self.right)), -1)
        starts = np.zeros(self.count + 2, np.int64)
        np.cumsum(self.right_sizes, out=starts[1:])
        starts += np.count_nonzero(self.right < 0)
        starts[-1] += keep_left
        ends = np.cumsum(counted[:, 0] + counted[:, 1] * keep_left)
        total = int(ends[-1]) if len(ends) else 0
        left, right = memory.empty(total, np.int64), memory.empty(total, np.int64)

        def expand(item: tuple[slice, int, int]) -> None:
            part, low, high = item
            counts, codes = hits[part], self.left[part]
            alone = counts == 0
            if alone.any():
                codes = np.where(alone, self.count, codes)
                counts = counts + alone if keep_left else counts
            repeat_places(counts, part.start, left[low:high])
            take_segments(codes, starts, by_key, right[low:high])

        self.workers.map(expand, zip(_stretches(len(hits)), [0, *ends.tolist()], ends.tolist(), strict=False))
        return left, right

    def total(self, *, keep_left: bool) -> int:
        """Return how many pairs there are, before anything of that size is made."""
        pairs, alone, _ = self._looked_up[1].sum(axis=0).tolist()
        return int(pairs + alone if keep_left else pairs)

    def fan_out(self, count: int) -> tuple[int, int, Ints]:
        """Return how many left rows match several right ones, how many pairs these give, and the first of them."""
        hits, counted = self._looked_up
        pairs, alone, single = counted.sum(axis=0).tolist()
        rows, found = len(hits) - alone - single, np.zeros(0, np.int64)
        for part in _stretches(len(hits) if rows else 0):
            more = np.flatnonzero(hits[part] > 1)[:count] + part.start
            found = np.concatenate((found, more))[:count]
            if len(found) == count:
                break
        return rows, pairs - single, found

    def repeats_on_both(self) -> bool:
        """Tell whether a key stands more than once in both tables."""
        several = self.right_sizes > 1
        if self.fan_out(0)[0] > np.count_nonzero(several):  # more rows than keys: one has two
            return True
        return bool((several & (self.left_sizes > 1)).any())

    def _single(self, *, keep_left: bool) -> tuple[Ints | None, Ints]:
        """Return the pairs where no key of the right table repeats: one look-up a row."""
        place = np.full(self.count + 1, -1, np.int64)
        place[self.right] = np.arange(len(self.right))
        place[-1] = -1  # where rows with code -1 were noted
        partner = memory.empty(len(self.left), np.int64)

        def look(part: slice) -> bool:
            found = np.take(place, self.left[part], out=partner[part], mode="wrap")
            return bool(found.min() < 0)

        if not any(self.workers.map(look, _stretches(len(partner)))) or keep_left:
            return None, partner
        left = np.flatnonzero(partner >= 0)
        return left, partner[left]

    def repeated(self, codes: Ints, sizes: Ints) -> Ints:
        """Return for each key that stands more than once the first of its rows, in row order."""
        many = np.flatnonzero(sizes[codes] > 1)
        _, first = np.unique(codes[many], return_index=True)
        rows: Ints = np.sort(many[first])
        return rows


def _stretches(rows: int) -> list[slice]:
    """Return the parts of the left table that are looked at one at a time."""
    return [slice(first, min(first + _STRETCH, rows)) for first in range(0, rows, _STRETCH)]


def _only(codes: Ints, keys: Sequence[Column]) -> Ints:
    """Return codes with -1 where a key is null, as it is where there is an error."""
    dead: npt.NDArray[np.bool_] | None = None
    for column in keys:
        null = column.nulls()
        if null is not None:
            dead = null if dead is None else dead | null
    return codes if dead is None or not dead.any() else np.where(dead, -1, codes)


@dataclass(frozen=True, slots=True, eq=False)
class _Joint:
    """Codes of the values of two columns, equal where these are; null rows have any code. -1 is in no right row."""

    left: Ints
    right: Ints
    count: int

    @classmethod
    def cut(cls, codes: Ints, rows: int, count: int) -> _Joint:
        """Return the codes of two columns of which the first has ``rows`` rows, from those of one below the other."""
        return cls(codes[:rows], codes[rows:], count)

    def below(self) -> Ints:
        return np.concatenate((self.left, self.right))


def _united(keys: Sequence[_Joint]) -> _Joint:
    """Return codes of the tuples of some keys, each without -1."""
    joint = keys[0]
    rows = len(joint.left)
    for other in keys[1:]:
        count = joint.count * other.count
        if count <= 2 * (rows + len(joint.right)) + 1024:  # few enough to be counted as they are
            left, right = joint.left * other.count + other.left, joint.right * other.count + other.right
            joint = _Joint(left, right, count)
        else:
            groups = Groups.of([Column(INTEGER, one.below()) for one in (joint, other)])
            joint = _Joint.cut(groups.codes, rows, groups.count)
    return joint


def _joint_codes(one: Column, two: Column, workers: Workers | None, *, lonely: bool) -> _Joint:
    """Return the codes of the values of two columns; with ``lonely`` values that only the left one has differ too."""
    if one.type.kind is Kind.STRING and two.type.kind is Kind.STRING:
        return _joint_texts(one, two, workers, lonely=lonely)
    type_ = wider(one, two)
    if type_.kind not in (Kind.INTEGER, Kind.DATE, Kind.BOOLEAN):
        return _Joint.cut(*_dense(below(one, two), len(one)))
    left, right = (comparable(column.cast(type_))[0] for column in (one, two))
    if not len(left) or not len(right):
        return _Joint.cut(*_dense(below(one, two), len(one)))
    threads = 1 if workers is None else workers.threads
    (low, high), (low_right, high_right) = span(left, threads), span(right, threads)
    low, high = min(low, low_right), max(high, high_right)
    most = 2 * (len(left) + len(right)) + 1024
    if low >= 0 and high <= most:  # the numbers are codes themselves
        return _Joint(left, right, high + 1)
    if high - low <= most:
        return _Joint(left - low, right - low, high - low + 1)
    codes, count = first_appearance(np.concatenate((left, right)))
    return _Joint.cut(codes, len(left), count)


def _dense(column: Column, rows: int) -> tuple[Ints, int, int]:
    codes, count = dense_codes(replace(column, errors=None))
    return codes, rows, count


def _joint_texts(one: Column, two: Column, workers: Workers | None, *, lonely: bool) -> _Joint:
    """Return the codes of texts: those of the right column by its distinct values, which the left one's look up."""
    import pyarrow.compute as pc

    codes_two, values_two = text_codes(two)
    if not lonely and not one.is_coded:
        return _Joint(_looked_up(one.data, values_two, workers), codes_two, len(values_two))
    codes_one, values_one = text_codes(one)
    # the values of one get the codes that they have in two, those that two has not stand behind
    place = pc.index_in(values_one, value_set=values_two.cast(values_one.type))
    known = fixed_values(filled(place, -1), np.int32).astype(np.int64)
    new = known < 0
    count = len(values_two) + int(new.sum())
    known[new] = np.arange(len(values_two), count)
    return _Joint(np.append(known, -1)[codes_one], codes_two, count)


def _looked_up(texts: Any, values: Any, workers: Workers | None) -> Ints:
    """Return the place of each text among distinct values, -1 where it is none of them."""
    import pyarrow.compute as pc

    values = values.cast(texts.type)
    found = memory.empty(len(texts), np.int64)
    # each part makes a table of the values for itself
    parts = 1 if workers is None or len(values) * 8 > len(texts) else workers.threads

    def look(bounds: tuple[int, int]) -> None:
        place = pc.index_in(texts.slice(bounds[0], bounds[1] - bounds[0]), value_set=values, skip_nulls=True)
        found[bounds[0] : bounds[1]] = fixed_values(filled(place, -1), np.int32)

    edges = [len(texts) * part // parts for part in range(parts + 1)]
    bounds = list(pairwise(edges))
    if workers is None:
        look(bounds[0])
    else:
        workers.map(look, bounds)
    return found


def dead_keys(sheet: str, keys: Sequence[Column]) -> Iterator[Notice]:
    """Report rows that match nothing since a key is null or an error."""
    if all(key.nulls() is None and key.errors is None for key in keys):
        return
    rows = len(keys[0])
    errors, nulls = np.zeros(rows, np.bool_), np.zeros(rows, np.bool_)
    shown: list[str] = []
    for key in keys:
        null = key.nulls()
        if null is not None:
            nulls |= null
        if key.errors is not None:
            errors |= key.errors.mask(rows)
            shown += [key.errors.message(at) for at in range(min(len(key.errors), 5))]
    if errors.any():
        words = f"rows of {quoted(sheet)} have an error as their key and match nothing"
        yield Notice("warning", words, int(errors.sum()), tuple(shown[:5]))
    if (nulls & ~errors).any():
        words = f"rows of {quoted(sheet)} have a null as their key and match nothing"
        yield Notice("info", words, int((nulls & ~errors).sum()))
