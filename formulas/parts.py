"""Evaluating sheets part by part, so that what one formula makes is still in the cache when the next reads it.

A part of a sheet gives the same values as the whole sheet where nothing in the formulas looks beyond it:
row expressions by any division of the rows, aggregates and series where each group lies in one part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sheetline.formulas.blocks import Workers
from sheetline.formulas.bound import BoundSheet, Node, Shape, Space, reachable
from sheetline.formulas.evaluate import Evaluation
from sheetline.functions.columns import Column, Table
from sheetline.functions.context import Environment
from sheetline.functions.errors import Ints
from sheetline.functions.groups import Groups, GroupValues, Order, on_rows, values_of_groups
from sheetline.functions.types import Kind

#: Keys that put equal values into one group, wherever they stand.
_BY_VALUE = frozenset({"GROUPBY", "GROUPBYBIN", "GROUPBYCUSTOMBIN", "GROUPBYDATE"})
#: Types whose equal values are the same in every way.
_ALIKE = frozenset({Kind.INTEGER, Kind.DATE, Kind.BOOLEAN, Kind.STRING, Kind.NULL})


@dataclass(frozen=True, slots=True)
class Division:
    """How the rows of a sheet are divided into parts.

    Attributes:
        keys: the number of keys by whose groups they are divided; 0: anywhere.
        columns: columns that hold one of these keys, by its number.
    """

    keys: int = 0
    columns: Mapping[str, int] | None = None


def looks_around(bound: BoundSheet) -> bool:
    """Tell whether a value may depend on other rows than its own and those of its group, or on its row's number."""
    for node in reachable([*bound.columns.values(), *bound.row_makers()]):
        if node.op == "fitted" or node.space is Space.OTHER:
            return True
        if node.app is not None and "position" in node.app.function.volatile:
            return True
    return False


def divided_on(bound: BoundSheet, division: Division) -> Division | None:
    """Return how a sheet is divided that is made part by part from a divided one; None where that changes it."""
    if looks_around(bound):
        return None
    known = division.columns or {}
    if bound.shape is Shape.ROW:
        return Division(division.keys, _carried(bound, {}, known))
    if not division.keys or not all(_by_value(key) for key in bound.keys):
        return None
    own = {key.id: known[key.args[0].name] for key in bound.keys if _is_copy(key.args[0]) and key.args[0].name in known}
    own = {id_: number for id_, number in own.items() if _name_of(bound, id_) == "GROUPBY"}
    if set(own.values()) != set(range(division.keys)):
        return None
    return Division(division.keys, _carried(bound, own, {}))


def divides(bound: BoundSheet) -> Division | None:
    """Return how a series sheet divides its rows by its groups, or None where it can't be made part by part."""
    if bound.shape is not Shape.SERIES or not bound.keys or bound.changes or bound.expansions or looks_around(bound):
        return None
    own = {key.id: number for number, key in enumerate(bound.keys)}
    return Division(len(bound.keys), _carried(bound, own, {}))


def _by_value(key: Node) -> bool:
    return key.app is not None and key.app.function.name in _BY_VALUE


def _is_copy(node: Node) -> bool:
    return node.op == "input" and node.space is Space.BASE


def _name_of(bound: BoundSheet, id_: int) -> str:
    app = next(key.app for key in bound.keys if key.id == id_)
    return "" if app is None else app.function.name


def _carried(bound: BoundSheet, keys: Mapping[int, int], columns: Mapping[str, int]) -> dict[str, int]:
    """Return the columns that are a key of the division, or a copy of a column that holds one."""
    found = {}
    for name, node in bound.columns.items():
        while node.op == "move":
            node = node.args[0]
        if node.id in keys:
            found[name] = keys[node.id]
        elif _is_copy(node) and node.name in columns:
            found[name] = columns[node.name]
    return found


class DividedSheet:
    """A series sheet with its rows in order, to be evaluated some groups at a time.

    Attributes:
        rows: how many rows it has.
        offsets: where each group starts; n+1 numbers.
    """

    def __init__(
        self, bound: BoundSheet, base: Table, env: Environment, workers: Workers, columns: Sequence[str]
    ) -> None:
        self._bound = bound
        self._env = env
        self._columns = list(columns)
        self._base = base
        self.rows = base.rows
        whole = Evaluation(bound, base, env, workers, None, consume=False)
        whole.make_groups()
        whole.make_order()
        assert whole.groups is not None
        assert whole.order is not None
        self.offsets: Ints = whole.order.offsets
        self._order = None if whole.order.identity else _small(whole.order.rows)
        self._keys = {key.id: _Key(whole.key_rows[key.id], whole.groups) for key in bound.keys}
        whole.groups.forget()
        roots = [bound.columns[name] for name in self._columns]
        self._inputs = [node.name for node in reachable(roots, self._keys) if node.op == "input"]

    def told_apart(self) -> bool:
        """Whether no two groups show the same keys, so that grouping by these gives the same groups again."""
        count = len(self.offsets) - 1
        return count == 0 or Groups.of([key.values for key in self._keys.values()]).count == count

    def parts(self, rows: int) -> Iterator[tuple[int, int]]:
        """Yield ``(first, last)`` group, ``last`` not included, so that a part has about so many rows, or one group."""
        first, count = 0, len(self.offsets) - 1
        while first < count:
            target = self.offsets[first] + rows
            last = max(int(np.searchsorted(self.offsets, target, side="right")) - 1, first + 1)
            yield first, last
            first = last

    def part(self, first: int, last: int, workers: Workers) -> Table:
        """Return the sheet's rows of some groups."""
        start, stop = int(self.offsets[first]), int(self.offsets[last])
        rows = None if self._order is None else self._order[start:stop].astype(np.int64, copy=False)
        base = self._base_part(start, stop, rows)
        evaluation = Evaluation(self._bound, base, self._env, workers, None, consume=False)
        offsets = self.offsets[first : last + 1] - start
        evaluation.groups = Groups.contiguous(offsets)
        evaluation.order = Order(None, offsets)
        evaluation.rows[Space.GROUPS] = last - first
        evaluation.rows[Space.ROWS] = stop - start
        for id_, key in self._keys.items():
            evaluation.values[id_] = key.part(first, last, start, stop, rows, np.diff(offsets))
        return evaluation.finish(self._columns)

    def _base_part(self, start: int, stop: int, rows: Ints | None) -> Table:
        columns = {name: self._base.columns[name] for name in self._inputs}
        if rows is None:
            return Table({name: column.slice(start, stop) for name, column in columns.items()}, stop - start)
        return Table({name: column.take(rows) for name, column in columns.items()}, stop - start)


def _small(rows: Ints) -> NDArray[np.integer]:
    """Return row numbers in half the memory, where they are small enough."""
    return rows.astype(np.int32) if len(rows) < 2**31 else rows


class _Key:
    """The values of one key: one a group where all rows of a group show the same, else one a row."""

    def __init__(self, key: Column | GroupValues, groups: Groups) -> None:
        self.values = values_of_groups(key, groups)
        alike = isinstance(key, GroupValues) or (key.type.kind in _ALIKE and key.errors is None)
        #: kept where values of one group may look different, as 0.0 and -0.0, or errors of one code
        self._rows = None if alike else on_rows(key)

    def part(self, first: int, last: int, start: int, stop: int, rows: Ints | None, sizes: Ints) -> Column:
        if self._rows is None:
            return self.values.slice(first, last).take(np.repeat(np.arange(last - first), sizes))
        return self._rows.slice(start, stop) if rows is None else self._rows.take(rows)


def joined(parts: Iterable[Table], columns: Sequence[str]) -> Table:
    """Return parts below one another, with these columns."""
    from sheetline.functions.columns import concat

    listed = list(parts)
    return Table(
        {name: concat([part.columns[name] for part in listed]) for name in columns}, sum(part.rows for part in listed)
    )
