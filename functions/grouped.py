"""One argument of an aggregate: its non-null values by group, and the operations that kernels may ask for.

Aggregate kernels get a :class:`Grouped` for each row argument; they never sort, ``reduceat`` or ``bincount``
themselves. What costs an ordering is computed once for each argument and kept.

A float sum is the left-to-right sum in row order: the same bits for any thread count. Means for deviations
are taken from each group's first value, so that equal values have deviations of exactly 0 and values far
from 0 lose nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from sheetline.functions import ordering, scattered
from sheetline.functions.columns import Column
from sheetline.functions.errors import Ints, Mask
from sheetline.functions.group_entries import Distinct
from sheetline.functions.groups import Groups
from sheetline.functions.helpers import side_by_side
from sheetline.functions.labels import Labels
from sheetline.functions.once import once
from sheetline.functions.segments import by_code, is_countable, order_segments, segment_sums, sort_segments
from sheetline.functions.types import FLOAT, Kind

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
_MANY = 1 << 17  # from so many values on several threads sort them


class Grouped:
    """The non-null values of one argument, by group. For several arguments rows with any null are left out.

    Attributes:
        groups: the groups.
        column: the argument, with its nulls.
        count: the number of groups.
    """

    def __init__(self, groups: Groups, column: Column, keep: Mask | None, *, shared: Grouped | None = None) -> None:
        self.groups = groups
        self.column = column
        self.count = groups.count
        self._keep = keep
        self._shared = shared
        self._back: Any = None
        self._lock = threading.RLock()

    @once
    def rows(self) -> Ints:
        """The row of each value in the sheet underneath."""
        if self._shared is not None:
            return self._shared.rows
        if self._keep is None:
            return np.arange(len(self.column))
        return np.flatnonzero(self._keep)

    @once
    def codes(self) -> Ints:
        """The group of each value."""
        if self._shared is not None:
            return self._shared.codes
        return self.groups.codes if self._keep is None else self.groups.codes[self._keep]

    @once
    def _labels(self) -> Labels:
        """The codes of the values as what is added up by group goes by them."""
        if self._shared is not None:
            return self._shared._labels
        return self.groups.labels if self._keep is None else self.groups.labels.kept(self._keep)

    @once
    def _arranged(self) -> Array:
        """The values at the places of their labels."""
        return self._labels.arranged(self.values, self.groups.threads)

    @once
    def values(self) -> Array:
        """The values, row by row, as numbers: floats or int64.

        Text, exact numbers and lists are held as ranks, dates as µs, booleans as 0 and 1; :meth:`restore`
        brings them back.
        """
        if self.column.type.kind in (Kind.FLOAT, Kind.INTEGER, Kind.DATE):
            data: Array = self.column.data
        elif self.column.type.kind is Kind.BOOLEAN:
            data = self.column.data.astype(np.int64)
        else:
            data, self._back = ordering.comparable(self.column)
        return data if self._keep is None else data[self._keep]

    @once
    def exact(self) -> Array:
        """The values as Python objects, for exact numbers."""
        data: Array = self.column.data.astype(object, copy=False)
        return data if self._keep is None else data[self._keep]

    @once
    def floats(self) -> Floats:
        """The numbers as floats; what is too large for a float is infinite."""
        if not self.column.type.is_big:
            return self.values.astype(np.float64, copy=False)
        return np.array([_float(value) for value in self.exact], np.float64)

    @once
    def sizes(self) -> Ints:
        """The number of values of each group."""
        if self._shared is not None:
            return self._shared.sizes
        return self.groups.sizes if self._keep is None else self._labels.by_group(self._labels.sizes())

    @once
    def offsets(self) -> Ints:
        """Where each group starts in :attr:`ordered` and :attr:`sorted`; n+1 numbers."""
        if self._shared is not None:
            return self._shared.offsets
        return self.groups.offsets if self._keep is None else np.concatenate(([0], np.cumsum(self.sizes)))

    @once
    def places(self) -> Ints:
        """The order that puts the values by group, in row order inside each."""
        if self._shared is not None:
            return self._shared.places
        if self._keep is None:
            return self.groups.order.rows
        return ordering.stable_order([self.codes], len(self.codes))

    def spread(self, numbers: Array) -> Array:
        """Return one number a group on every value of the group, row by row."""
        out: Array = np.repeat(numbers, self.sizes) if self.groups.ascending else numbers[self.codes]
        return out

    @once
    def ordered(self) -> Array:
        """The values by group, in row order inside each."""
        if self.groups.ascending:
            return self.values
        return self._by_group()

    def _by_group(self) -> Array:
        """Return the values by group as a new array."""
        if is_countable(self.count, len(self.codes)):
            return by_code(self.codes, self.count, self.values, self.groups.threads)[1]
        taken: Array = self.values[self.places]
        return taken

    @once
    def sorted(self) -> Array:
        """The values by group, ascending inside each."""
        known = "ordered" in self.__dict__ or self.groups.ascending
        out: Array = self.ordered.copy() if known else self._by_group()
        ends = np.searchsorted(self.offsets, np.linspace(0, len(out), 4 * self.groups.threads + 1), side="right") - 1
        pieces = [(first, last) for first, last in pairwise(ends) if first < last]
        if self.groups.threads == 1 or len(out) < _MANY or len(pieces) < 2:
            sort_segments(out, self.offsets)
            return out

        def sort(piece: tuple[Any, Any]) -> None:
            offsets = self.offsets[piece[0] : piece[1] + 1]
            sort_segments(out[offsets[0] : offsets[-1]], offsets - offsets[0])

        side_by_side(sort, pieces, self.groups.threads)
        return out

    # ------------------------------------------------------------ sums

    def sum(self, weights: Array | None = None) -> Floats:
        """Return the sum of floats (default: the values) in each group, left to right."""
        return self._own_sum if weights is None else self._sums(weights.astype(np.float64, copy=False))

    @once
    def _own_sum(self) -> Floats:
        """The sum of the values of each group."""
        if self.groups.ascending or self.column.type.kind not in (Kind.BOOLEAN, Kind.INTEGER):
            return self._sums(self.floats)
        data: Array = self.column.data if self._keep is None else self.column.data[self._keep]
        return self._by_label(self._labels.arranged(data, self.groups.threads))

    def _sums(self, values: Floats) -> Floats:
        if self.groups.ascending:
            return segment_sums(values, self.offsets)
        return self._by_label(self._arranged if values is self.values else self._labels.arranged(values))

    def _by_label(self, values: Array) -> Floats:
        """Return the sums of numbers that stand at the places of their labels."""
        labels = self._labels
        sums = scattered.added_up(labels.codes, labels.width, lambda part: values[part].astype(np.float64, copy=False))
        return labels.by_group(sums)

    def total(self) -> tuple[Array, Mask]:
        """Return the exact sum of integers or big numbers, and a mask of groups whose sum leaves 64 bits."""
        if self.column.type.is_big:
            return self.exact_reduce(np.add), np.zeros(self.count, np.bool_)
        if len(self.values) == 0 or _reach(self.values) * int(self.sizes.max()) < 2**53:
            return self.sum().astype(np.int64), np.zeros(self.count, np.bool_)  # every partial sum is exact
        some, sums = np.flatnonzero(self.sizes), np.zeros((2, self.count), np.int64)
        sums[0, some] = np.add.reduceat(self.ordered & 0xFFFF_FFFF, self.offsets[some])
        sums[1, some] = np.add.reduceat(self.ordered >> 32, self.offsets[some])
        high = sums[1] + (sums[0] >> 32)
        return (high << 32) | (sums[0] & 0xFFFF_FFFF), (high < -(2**31)) | (high >= 2**31)

    def exact_reduce(self, ufunc: np.ufunc) -> Array:
        """Return ``ufunc`` reduced over the exact numbers of each group; 0 for groups without values."""
        from decimal import localcontext

        out = np.zeros(self.count, np.object_)
        some = np.flatnonzero(self.sizes)
        if len(some):
            with localcontext(prec=100):
                out[some] = ufunc.reduceat(self.exact[self.places], self.offsets[some])
        return out

    def product(self) -> Floats:
        """Return the product of the floats in each group, left to right; 1 for groups without values."""
        out = np.ones(self.count)
        some = np.flatnonzero(self.sizes)
        if len(some):
            out[some] = np.multiply.reduceat(self.floats[self.places], self.offsets[some])
        return out

    def mean(self) -> Floats:
        """Return the sum divided by the number of values; NaN where there is none."""
        with np.errstate(all="ignore"):
            if self.column.type.kind is Kind.INTEGER:
                total, bad = self.total()
                return np.asarray(np.where(bad, self.sum(), total) / self.sizes)
            return np.asarray(self.sum() / self.sizes)

    # ------------------------------------------------------------ deviations

    @once
    def _centred(self) -> tuple[Floats, Floats]:
        """The mean of each group, computed from its first value, and the deviations from it."""
        origin = self._first_values()
        with np.errstate(all="ignore"):
            away = self.spread(origin)
            np.subtract(self.floats, away, out=away)
            rest = self.sum(away) / self.sizes
            away -= self.spread(rest)
            return origin + rest, away

    def _first_values(self) -> Floats:
        """Return the first value of each group; 0 where it has none."""
        origin = np.zeros(self.count)
        if self.groups.ascending:
            some = self.sizes > 0
            origin[some] = self.floats[self.offsets[:-1][some]]
        else:
            place = self.first_place()
            origin[place >= 0] = self.floats[place[place >= 0]]
        return origin

    def center(self) -> Floats:
        """Return the mean of each group, computed from its first value; NaN where it has none."""
        return self._centred[0]

    @property
    def deviations(self) -> Floats:
        """Each value less its group's mean, row by row; exactly 0 where all values of the group are equal."""
        return self._centred[1]

    @once
    def squares(self) -> Floats:
        """The sum of squared deviations of each group."""
        with np.errstate(all="ignore"):
            if self.groups.ascending or "_centred" in self.__dict__:
                return self.sum(self.deviations * self.deviations)
            labels, floats = self._labels, self.floats
            values = self._arranged if floats is self.values else labels.arranged(floats, self.groups.threads)
            origin, sizes = self._of_labels
            if self.column.type.is_big:  # whose values are ranks
                origin = labels.by_code(self._first_values())
            return labels.by_group(scattered.squares(labels.codes, values, origin.astype(np.float64), sizes))

    # ------------------------------------------------------------ extremes and order statistics

    def reduce(self, ufunc: np.ufunc) -> Array:
        """Return ``ufunc`` reduced over each group; 0 for groups without values.

        Only for operations whose result does not depend on the order: min, max, integer add, and, or, xor.
        """
        values = self.ordered
        out = np.zeros(self.count, values.dtype)
        some = np.flatnonzero(self.sizes)
        if len(some):
            out[some] = ufunc.reduceat(values, self.offsets[some])
        return out

    def min(self) -> Array:
        """Return the smallest value of each group; 0 where it has none."""
        if "sorted" in self.__dict__ and len(self.sorted):
            return np.where(self.sizes > 0, self.sorted[np.minimum(self.offsets[:-1], len(self.sorted) - 1)], 0)
        return self._extreme(np.minimum)

    def max(self) -> Array:
        """Return the largest value of each group; 0 where it has none."""
        if "sorted" in self.__dict__ and len(self.sorted):
            return np.where(self.sizes > 0, self.sorted[self.offsets[1:] - 1], 0)
        return self._extreme(np.maximum)

    def _extreme(self, ufunc: np.ufunc) -> Array:
        """Return the minimum or maximum of each group; 0 where it has none. Values that stand by group are reduced."""
        if self.groups.ascending or "ordered" in self.__dict__:
            return self.reduce(ufunc)
        labels, (first, sizes) = self._labels, self._of_labels
        return labels.by_group(scattered.extremes(ufunc, labels.codes, self._arranged, first, sizes > 0))

    @once
    def _of_labels(self) -> tuple[Array, Ints]:
        """The first value of each label's group, 0 where it has none, and the number of values."""
        labels = self._labels
        if labels.places is not None:  # less is to be looked up in all of memory than by group
            return scattered.first_values(labels.codes, labels.width, self._arranged), labels.sizes()
        place = self.first_place()
        first = np.zeros(self.count, self.values.dtype)
        first[place >= 0] = self.values[place[place >= 0]]
        return labels.by_code(first), labels.by_code(self.sizes)

    def segment(self, group: int) -> Array:
        """Return the values of one group, in row order."""
        return self.ordered[self.offsets[group] : self.offsets[group + 1]]

    def first_place(self) -> Ints:
        """Return for each group the place of its first value in ``values``; -1 where it has none."""
        return self._first_place

    @once
    def _first_place(self) -> Ints:
        if self._shared is not None:
            return self._shared._first_place
        if self._keep is None:
            return np.where(self.sizes > 0, self.groups.first, -1)
        first = self._labels.by_group(self._labels.first(int(np.count_nonzero(self.sizes))))
        return np.where(self.sizes > 0, first, -1)

    def percentile(self, percent: float) -> Floats:
        """Return the linearly interpolated percentile (0…100) of each group; NaN where it has no value.

        The 0-based position among the ascending values is ``percent * (n - 1) / 100``.
        """
        ranked = self if not self.column.type.is_big else self._as_floats
        values, sizes = ranked.sorted, self.sizes
        out = np.full(self.count, np.nan)
        some = sizes > 0
        last = sizes[some] - 1
        position = percent * last / 100
        low = np.floor(position).astype(np.int64)
        start = self.offsets[:-1][some]
        below = values[start + low].astype(np.float64)
        above = values[start + np.minimum(low + 1, last)].astype(np.float64)
        part = position - low
        with np.errstate(over="ignore", invalid="ignore"):
            span = above - below
            between = np.where(np.isfinite(span), below + part * span, below * (1 - part) + above * part)
            out[some] = np.where((part == 0) | (below == above), below, between) + 0.0
        return out

    @once
    def _as_floats(self) -> Grouped:
        return self.derived(self.floats)

    def derived(self, values: Floats) -> Grouped:
        """Return other floats for the same rows, such as distances from the median."""
        return Grouped(Groups(self.codes, self.count), Column(FLOAT, values), None)

    def regroup(self, codes: Ints, count: int) -> Grouped:
        """Return the same numbers as floats in other groups, such as samples inside the groups."""
        return Grouped(Groups(codes, count), Column(FLOAT, self.floats), None)

    def restore(self, values: Array, null: Mask | None = None) -> Column:
        """Return a column of the argument's own type from numbers as in ``values``."""
        if self.column.type.kind is Kind.FLOAT:
            data = values.astype(np.float64, copy=False) + 0.0  # no negative zero: 0.0 equals it
            return Column(self.column.type, data if null is None else np.where(null, np.nan, data))
        _ = self.values  # makes what turns ranks back into values
        return ordering.restore(self.column, values.astype(np.int64, copy=False), self._back, null)

    # ------------------------------------------------------------ distinct values

    @once
    def _table(self) -> tuple[Ints, Ints, int, int] | None:
        """How often each integer of a small range stands in each group, or None where the table would be large.

        The label of each value (its group times the range's width, and the value in the range), the number of values
        of each label, the width, and the least value.
        """
        values = self.values
        if values.dtype != np.int64 or not len(values):
            return None
        low = int(values.min())
        width = int(values.max()) - low + 1
        if self.count * width > 4 * len(values) + 1024:
            return None
        labels = self.codes * width + (values - low)
        return labels, np.bincount(labels, minlength=self.count * width), width, low

    @once
    def distinct(self) -> Distinct:
        """The distinct values of each group."""
        if self._table is not None:
            _, table, width, low = self._table
            entries = np.flatnonzero(table)
            codes = entries // width
            sizes = np.bincount(codes, minlength=self.count)
            offsets = np.concatenate(([0], np.cumsum(sizes)))
            return Distinct(entries - codes * width + low, codes, table[entries], offsets)
        values = self.sorted
        group = np.repeat(np.arange(self.count), self.sizes)
        new = np.ones(len(values), np.bool_)
        new[1:] = (values[1:] != values[:-1]) | (group[1:] != group[:-1])
        starts = np.flatnonzero(new)
        codes = group[starts]
        sizes = np.bincount(codes, minlength=self.count)
        counts = np.diff(np.append(starts, len(values)))
        return Distinct(values[starts], codes, counts, np.concatenate(([0], np.cumsum(sizes))))

    @once
    def _ranked(self) -> tuple[Ints, Ints]:
        """An order of the values by group and value, equal ones in any order, and where runs of equals start in it."""
        values = self.values
        keys = ordering.comparable(Column(FLOAT, values))[0] if values.dtype == np.float64 else values
        order = ordering.packed_order([self.codes, keys], len(keys)) if values.dtype == np.int64 else None
        if order is None:
            order = self.places[order_segments(keys[self.places], self.offsets, stable=False)]
        in_order = keys[order]
        new = np.ones(len(keys), np.bool_)
        np.not_equal(in_order[1:], in_order[:-1], out=new[1:])
        new[self.offsets[:-1][self.sizes > 0]] = True
        return order, np.flatnonzero(new)

    @once
    def entry(self) -> Ints:
        """For each value, row by row, the place of its entry in :attr:`distinct`."""
        if self._table is not None:
            labels, table, *_ = self._table
            return (np.cumsum(table > 0) - 1)[labels]
        order, starts = self._ranked
        out = np.empty(len(order), np.int64)
        out[order] = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(order)))
        return out

    def average_ranks(self) -> Floats:
        """Return the rank of each value inside its group, from 1, row by row; equal values share their mean."""
        order, starts = self._ranked
        counts = np.diff(starts, append=len(order))
        before = starts - np.repeat(self.offsets[:-1], self.sizes)[starts]
        out = np.empty(len(order))
        out[order] = np.repeat(before + (counts + 1) / 2, counts)
        return out

    def count_labels(self, labels: Ints, width: int) -> Ints:
        """Return how often each label 0…width-1 (one for each value) stands in each group, a row a group."""
        counts = np.bincount(self.codes * width + labels, minlength=self.count * width)
        return counts.reshape(self.count, width)


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf


def _reach(values: Array) -> int:
    return max(abs(int(values.min())), abs(int(values.max())))


def grouped(groups: Groups, columns: Sequence[Column], *, remember: bool = True) -> list[Grouped]:
    """Return the arguments of an aggregate; rows in which any of them is null are left out.

    The same columns give the same objects, with all orderings made so far, as long as the groups live or
    until :meth:`Groups.forget`. Pass ``remember=False`` for columns that nobody can ask for again.
    """
    if not remember:
        return _make(groups, columns, remember)
    return groups.remember(columns, lambda: _make(groups, columns, remember))


def _make(groups: Groups, columns: Sequence[Column], remember: bool) -> list[Grouped]:
    nulls = [column.nulls() for column in columns]
    if len(columns) > 1 and all(null is None for null in nulls):  # shared with the one-column aggregates
        return [grouped(groups, [column], remember=remember)[0] for column in columns]
    keep: Mask | None = None
    for null in nulls:
        if null is not None:
            keep = ~null if keep is None else keep & ~null
    first = Grouped(groups, columns[0], keep)
    return [first, *(Grouped(groups, column, keep, shared=first) for column in columns[1:])]


def selected(groups: Groups, column: Column, condition: Column) -> Grouped:
    """Return the argument on the rows where a condition is true; null is not true."""
    true = condition.data & condition.valid() & column.valid()
    return Grouped(groups, column, true)
