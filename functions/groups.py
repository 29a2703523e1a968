"""Groups of rows, their order, and what aggregates and series may ask of them.

Grouping is done once for a sheet: :class:`Groups` holds a dense code for each row, in order of first
appearance. An :class:`Order` (rows of a group contiguous, stable) is made only when something asks.
What aggregates ask of one argument is in ``grouped.py``; a groups object remembers it, so that all
percentiles, medians and modes of one column come from one ordering of its values.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sheetline.functions import ordering
from sheetline.functions.columns import Column
from sheetline.functions.errors import Ints, Mask
from sheetline.functions.helpers import side_by_side
from sheetline.functions.labels import Labels, first_rows
from sheetline.functions.memory import empty
from sheetline.functions.once import once
from sheetline.functions.segments import (
    along_rows,
    by_code,
    equal_sizes,
    is_countable,
    order_segments,
    sort_segments,
)
from sheetline.functions.types import INTEGER

if TYPE_CHECKING:
    from sheetline.functions.grouped import Grouped

Array = npt.NDArray[Any]
#: With so many rows for each, first rows are sorted, not marked among all.
_FEW_FIRST = 64


class Order:
    """An order in which the rows of each group are contiguous.

    Attributes:
        offsets: where each group starts; n+1 numbers.
        identity: whether the rows stand in this order already.
    """

    def __init__(self, rows: Ints | None, offsets: Ints) -> None:
        self.offsets = offsets
        self.identity = rows is None
        self._rows = rows

    @property
    def rows(self) -> Ints:
        """The row that stands at each place."""
        if self._rows is None:
            self._rows = np.arange(self.offsets[-1])
        return self._rows

    def __len__(self) -> int:
        return int(self.offsets[-1])

    @property
    def count(self) -> int:
        """The number of groups."""
        return len(self.offsets) - 1

    @cached_property
    def sizes(self) -> Ints:
        """The number of rows of each group."""
        return np.diff(self.offsets)

    @cached_property
    def group(self) -> Ints:
        """The group of each row, in order."""
        return np.repeat(np.arange(self.count), self.sizes)

    @cached_property
    def start(self) -> Ints:
        """For each row, the place of its group's first row."""
        return np.repeat(self.offsets[:-1], self.sizes)


class Groups:
    """Which group each row belongs to.

    Attributes:
        count: the number of groups.
    """

    def __init__(self, codes: Ints | Callable[[], Ints], count: int, starts: Ints | None = None) -> None:
        self._codes = codes
        self.count = count
        self._labels: Labels | None = None
        self._mixed = False  #: whether rows are known not to stand by group
        #: where runs of rows of one group start, if rows mostly stand by group
        self._starts = starts
        self.threads = 1  #: how many threads may work on the groups' values
        self._lock = threading.RLock()
        #: Arguments of aggregates by the identity of their columns; the columns are held, so no id is reused.
        self._known: dict[tuple[int, ...], tuple[tuple[Column, ...], list[Grouped]]] = {}
        self._hint: tuple[Array, Ints] | None = None

    @classmethod
    def single(cls, rows: int) -> Groups:
        """Return one group of all rows; it exists also without rows."""
        return cls(np.zeros(rows, np.int64), 1)

    @classmethod
    def contiguous(cls, offsets: Ints) -> Groups:
        """Return the groups whose rows stand together, each from one offset to the next."""
        count = len(offsets) - 1
        return cls(np.repeat(np.arange(count), np.diff(offsets)), count, offsets[:-1])

    @classmethod
    def of_runs(cls, rows: Ints, numbers: Ints, lengths: Ints) -> Groups:
        """Return the groups of rows in an order in which each group is a run of some length, with its number."""

        def codes() -> Ints:
            found = np.empty(len(rows), np.int64)
            found[rows] = np.repeat(numbers, lengths)
            return found

        return cls(codes, len(numbers))

    @classmethod
    def of(cls, keys: Sequence[Column], threads: int = 1) -> Groups:
        """Return the groups of equal key tuples. Nulls are one value, errors one a code."""
        groups = cls._of_one(keys[0], threads)
        for key in keys[1:]:
            groups = groups.refine(key)
        return groups

    @classmethod
    def _of_one(cls, key: Column, threads: int) -> Groups:
        starts = ordering.value_runs(key)
        if starts is not None:  # equal values stand together: number the runs
            made = cls._of_runs(starts, len(key), *ordering.dense_codes(key.take(starts)))
            made.threads = threads
            return made
        return cls._of_codes(*ordering.dense_codes(key, threads), threads)

    @classmethod
    def _of_codes(cls, codes: Ints, count: int, threads: int) -> Groups:
        """Return the groups of codes 0…count-1, of which some may not occur."""
        if _is_dense(codes, count):
            labels, first, sizes = _appearing(codes, count, threads)
            made = cls(lambda: _renumbered(codes, labels, threads), len(first))
            made.known(first=first, sizes=sizes)
            made._mixed = _are_mixed(codes[: ordering.GLANCE], first)
            if count <= 2 * len(first) + 1024:
                made._labels = labels
        else:
            made = cls(*_by_appearance(codes, count))
        made.threads = threads
        return made

    @classmethod
    def _of_runs(cls, starts: Ints, rows: int, codes: Ints, count: int) -> Groups:
        """Return groups of the codes of runs."""
        codes, count = _by_appearance(codes, count)
        return cls(np.repeat(codes, np.diff(starts, append=rows)), count, starts)

    def refine(self, key: Column) -> Groups:
        """Return these groups divided further by a key."""
        starts = None if self._starts is None else ordering.value_runs(key)
        if starts is not None and self._starts is not None:
            both = np.union1d(self._starts, starts)
            codes, count = _combine(self.codes[both], self.count, *ordering.dense_codes(key.take(both)))
            made = Groups._of_runs(both, len(key), codes, count)
            made.threads = self.threads
            return made
        return self.refine_codes(*ordering.dense_codes(key, self.threads))

    def refine_codes(self, codes: Ints, count: int) -> Groups:
        """Return these groups divided further by codes 0…count-1."""
        return Groups._of_codes(*_combine(self.codes, self.count, codes, count), self.threads)

    @once
    def codes(self) -> Ints:
        """The group of each row, 0…count-1, in order of first appearance."""
        if callable(self._codes):
            self._codes = self._codes()
            if self._labels is not None and self._labels.places is None:
                self._labels = None  # the numbers serve as well: one array is enough
        return self._codes

    @once
    def rows(self) -> int:
        """The number of rows."""
        labels = self._labels
        return len(self.codes if labels is None else labels.codes)

    @once
    def labels(self) -> Labels:
        """The codes of the rows as what is added up by group goes by them."""
        labels = self._labels
        return Labels.of(self.codes, self.count, self.threads) if labels is None else labels

    @once
    def ascending(self) -> bool:
        """Whether the rows of each group stand together already, in the order of the groups."""
        if self._mixed:
            return False
        return ordering.ascending([self.codes if self._starts is None else self.codes[self._starts]])

    @once
    def sizes(self) -> Ints:
        """The number of rows of each group."""
        if self._starts is not None:  # sums of whole numbers: exact as floats
            lengths = np.diff(self._starts, append=len(self.codes))
            counted: Any = np.bincount(self.codes[self._starts], lengths, self.count)
            return np.asarray(counted, np.int64)
        return np.bincount(self.codes, minlength=self.count)

    @once
    def first(self) -> Ints:
        """The first row of each group; 0 for a group without rows."""
        some = self.sizes > 0
        if self.ascending:
            return np.where(some, self.offsets[:-1], 0)
        return np.where(some, first_rows(self.codes, self.count, int(np.count_nonzero(some))), 0)

    @once
    def last(self) -> Ints:
        """The last row of each group; 0 for a group without rows."""
        if self.ascending:
            return np.where(self.sizes > 0, self.offsets[1:] - 1, 0)
        last = np.zeros(self.count, np.int64)
        last[self.codes] = np.arange(len(self.codes))
        return last

    @once
    def offsets(self) -> Ints:
        """Where each group starts in any order of the rows by group; n+1 numbers."""
        return np.concatenate(([0], np.cumsum(self.sizes)))

    @once
    def order(self) -> Order:
        """The rows by group, in row order inside each."""
        if self.ascending:
            return Order(None, self.offsets)
        if is_countable(self.count, len(self.codes)):
            return Order(by_code(self.codes, self.count, threads=self.threads)[0].astype(np.int64), self.offsets)
        return Order(ordering.stable_order([self.codes], len(self.codes)), self.offsets)

    def first_where(self, mask: Mask) -> Ints:
        """Return the first row of each group for which ``mask`` is true, -1 where there is none."""
        first = np.full(self.count, -1, np.int64)
        rows = np.flatnonzero(mask)[::-1]
        first[self.codes[rows]] = rows
        return first

    def remember(self, columns: Sequence[Column], make: Callable[[], list[Grouped]]) -> list[Grouped]:
        """Return what ``make`` gave for these very columns, calling it only the first time."""
        key = tuple(map(id, columns))
        with self._lock:
            known = self._known.get(key)
            if known is None:
                known = self._known[key] = (tuple(columns), make())
            return known[1]

    def forget(self) -> None:
        """Drop what is remembered of columns (orderings of their values), to give the memory back."""
        with self._lock:
            self._known.clear()
            self._hint = None

    def known(self, *, first: Ints, sizes: Ints) -> None:
        """Tell the first row and the number of rows of each group, which would be computed otherwise."""
        self.__dict__.update(first=first, sizes=sizes)

    def hint(self, key: Array, rows: Ints) -> None:
        """Tell the rows by group and inside each by ``key``, stably: an order that somebody needed anyway."""
        self._hint = (key, rows)

    def ordered_by(self, keys: Sequence[Ints], *, packed: bool = True) -> Order:
        """Return the rows by group, inside each by ``keys`` (see :func:`ordering.sort_key`), stably.

        ``packed``: whether keys may be packed into one number (see :func:`ordering.stable_order`).
        """
        if self._hint is not None and len(keys) == 1 and keys[0] is self._hint[0]:
            known = self._hint[1]
            return Order(None if _is_counting(known) else known, self.offsets)
        if not keys or ordering.ascending(keys):
            return self.order
        if self.ascending and ordering.ascending([self.codes, *keys]):
            return Order(None, self.offsets)
        if not packed:
            return Order(ordering.stable_order([self.codes, *keys], len(self.codes), packed=False), self.offsets)
        rows = ordering.packed_order([self.codes, *keys], len(self.codes))
        if rows is None:  # from the last key to the first, each inside the groups
            rows = self.order.rows
            for key in reversed(keys):
                rows = rows[order_segments(key[rows], self.offsets)]
        return Order(rows, self.offsets)


@dataclass(frozen=True, slots=True)
class GroupValues:
    """The values of a key that are the same in all rows of a group: one a group."""

    values: Column
    groups: Groups


def on_rows(key: Column | GroupValues) -> Column:
    """Return the values of a key on every row."""
    return key.values.take(key.groups.codes) if isinstance(key, GroupValues) else key


def values_of_groups(key: Column | GroupValues, groups: Groups) -> Column:
    """Return the values of a key in each of the groups that it makes, or that were divided further."""
    if not isinstance(key, GroupValues):
        return key.take(groups.first)
    return key.values if groups is key.groups else key.values.take(key.groups.codes[groups.first])


def _is_counting(rows: Ints) -> bool:
    """Whether the rows are 0, 1, 2 …"""
    count = len(rows)
    return count == 0 or (int(rows[0]) == 0 and int(rows[-1]) == count - 1 and bool((rows[1:] - rows[:-1] == 1).all()))


def _combine(a: Ints, count_a: int, b: Ints, count_b: int) -> tuple[Ints, int]:
    if count_a * count_b >= 2**62:
        a, count_a = ordering.first_appearance(a)
        b, count_b = ordering.first_appearance(b)
    return a * count_b + b, count_a * count_b


def _by_appearance(codes: Ints, count: int) -> tuple[Ints, int]:
    """Return codes renumbered densely in order of first appearance."""
    if len(codes) == 0:
        return codes, 0
    if not _is_dense(codes, count):
        return ordering.first_appearance(codes)
    labels, first, _ = _appearing(codes, count, 1)
    return _renumbered(codes, labels, 1), len(first)


def _is_dense(codes: Ints, count: int) -> bool:
    """Whether codes are best counted: there are not many more than rows, and rows do not stand by code."""
    return len(codes) > 0 and count <= 4 * len(codes) + 1024 and ordering.run_starts(codes) is None


def _appearing(codes: Ints, count: int, threads: int) -> tuple[Labels, Ints, Ints]:
    """Return labels of groups in order of first appearance, the first row and the number of rows of each group."""
    labels = Labels.of(codes, count, threads)
    sizes = labels.sizes(threads)
    first = labels.first(int(np.count_nonzero(sizes)))
    first = first[sizes > 0]
    if len(first) * _FEW_FIRST < len(codes):
        first.sort()
    else:
        is_first = np.zeros(len(codes), np.bool_)
        is_first[first] = True
        first = np.flatnonzero(is_first)
    in_order = codes[first]
    if len(in_order) == count and _is_counting(in_order):  # they are in order already
        return labels, first, sizes
    return replace(labels, of_group=in_order), first, sizes[in_order]


def _renumbered(codes: Ints, labels: Labels, threads: int) -> Ints:
    """Return the number of each row's group."""
    if labels.of_group is None:
        return codes
    number = np.empty(labels.width, np.int64)
    number[labels.of_group] = np.arange(len(labels.of_group))
    numbered = empty(len(codes), np.int64)

    def some(start: int) -> None:
        part = slice(start, start + ordering.STRETCH)
        np.take(number, codes[part], out=numbered[part], mode="clip")

    side_by_side(some, range(0, len(codes), ordering.STRETCH), threads)
    return numbered


def _are_mixed(codes: Ints, first: Ints) -> bool:
    """Whether the first rows have more runs of one code than codes, of which the first rows of all are known."""
    runs = 1 + np.count_nonzero(codes[1:] != codes[:-1])
    return bool(runs > np.searchsorted(first, len(codes)))


def row_numbers(order: Order) -> Column:
    """Return 1, 2, 3 … inside each group, in order."""
    return Column(INTEGER, np.arange(len(order.rows)) - order.start + 1)


__all__ = ["Groups", "Order", "along_rows", "equal_sizes", "order_segments", "row_numbers", "sort_segments"]
