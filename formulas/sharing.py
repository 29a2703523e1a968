"""Expressions that a sheet underneath holds already as a column: which they are, and sheets that use the column.

Values are numbered: two expressions have one number if they are the same function of the same values of the same row.
A column that is carried along unchanged keeps its number through all sheets whose rows are rows of those underneath.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sheetline.formulas.bound import BoundSheet, Node, Shape, Space, reachable

#: What beside the arguments of a row may decide about its value: then it is the same in no two sheets.
_OF_ITS_OWN = frozenset({"position", "seed"})


@dataclass(slots=True)
class Values:
    """The numbers of the values of columns, sheet by sheet from the sources on."""

    _numbers: dict[tuple[Any, ...], int] = field(default_factory=dict)
    _columns: dict[str, dict[str, int]] = field(default_factory=dict)
    _made: set[int] = field(default_factory=set)  #: the numbers of expressions: what is worth looking for
    #: a sheet that is looked at again and again, the numbers of its nodes, and these
    _last: tuple[BoundSheet, dict[int, int], list[Node]] | None = None

    def carry(self, sheet: str, base: str, columns: Iterable[str]) -> None:
        """Enter a sheet whose rows are some of those underneath, with the same values."""
        self._columns[sheet] = {name: self._column(base, name) for name in columns}

    def enter(self, sheet: str, bound: BoundSheet, columns: Iterable[str]) -> None:
        """Enter a sheet of formulas."""
        roots = {name: bound.columns[name] for name in columns}
        if bound.changes or bound.expansions:  # rows that are repeated, added or left out
            return
        numbers = self._nodes(sheet, bound, roots.values())
        self._columns[sheet] = {name: numbers[root.id] for name, root in roots.items()}

    def held(self, sheet: str, bound: BoundSheet, roots: Iterable[Node]) -> dict[int, str]:
        """Return the columns of the sheet underneath that hold expressions of a sheet, by the node's number."""
        there = {number: name for name, number in self._columns.get(bound.base, {}).items() if number in self._made}
        if not there:
            return {}
        numbers = self._nodes(sheet, bound, roots)
        assert self._last is not None
        return {
            node.id: there[numbers[node.id]]
            for node in self._last[2]
            if numbers[node.id] in there and node.op == "apply" and node.space is Space.BASE
        }

    def _column(self, sheet: str, name: str) -> int:
        found = self._columns.get(sheet, {}).get(name)
        return self._number(("column", sheet, name)) if found is None else found

    def _nodes(self, sheet: str, bound: BoundSheet, roots: Iterable[Node]) -> dict[int, int]:
        """Return the numbers of expressions and of all that they are made from."""
        if self._last is None or self._last[0] is not bound:
            self._last = bound, {}, []
        _, found, seen = self._last
        nodes = reachable(roots, found)
        seen += nodes
        numbers, made = self._numbers, self._made
        is_series = bound.shape is Shape.SERIES
        for node in nodes:
            app, op = node.app, node.op
            key: tuple[Any, ...]
            if op == "input" and node.space is Space.BASE:
                found[node.id] = self._column(node.sheet, node.name)
                continue
            if op == "move" and is_series and node.args[0].space is Space.BASE:
                found[node.id] = found[node.args[0].id]  # the record's own value, elsewhere in the sheet
                continue
            if node.constant is not None:
                failed = node.constant.errors
                told = None if failed is None else (failed.code(0), failed.message(0))
                plain = node.type.item is None and not node.type.items
                key = ("const", id(node.type.kind) if plain else node.type, repr(node.constant.value), told)
                found[node.id] = numbers.setdefault(key, len(numbers))
            elif op == "apply" and app is not None and not app.function.volatile & _OF_ITS_OWN:
                # the kernel is one function's, and what its arguments are decides about the types that it sees
                key = (id(app.kernel), *[found[arg.id] for arg in node.args])
                found[node.id] = number = numbers.setdefault(key, len(numbers))
                made.add(number)
            else:
                found[node.id] = numbers.setdefault(("node", sheet, node.id), len(numbers))
        return found

    def _number(self, key: tuple[Any, ...]) -> int:
        return self._numbers.setdefault(key, len(self._numbers))


def roots_of(bound: BoundSheet, columns: Iterable[str]) -> Iterator[Node]:
    """Yield the nodes that make some columns of a sheet, and its rows."""
    yield from (bound.columns[name] for name in columns)
    yield from bound.row_makers()


def taking(bound: BoundSheet, held: Mapping[int, str]) -> BoundSheet:
    """Return a sheet that takes some of its expressions from columns of the sheet underneath.

    Args:
        bound: the sheet.
        held: the columns by the number of the node that they hold.
    """
    made: dict[int, Node] = {}
    for node in reachable(roots_of(bound, bound.columns)):
        if node.id in held:  # the number stays: arguments still stand before what uses them
            node = Node(node.id, "input", node.type, Space.BASE, sheet=bound.base, name=held[node.id])
        elif any(made[arg.id] is not arg for arg in node.args):
            node = replace(node, args=tuple(made[arg.id] for arg in node.args))
        made[node.id] = node
    return BoundSheet(
        bound.graph,
        bound.base,
        bound.shape,
        {name: made[node.id] for name, node in bound.columns.items()},
        [made[node.id] for node in bound.keys],
        [(made[node.id], descending) for node, descending in bound.sorts],
        [made[node.id] for node in bound.changes],
        [made[node.id] for node in bound.expansions],
        bound.space,
        bound.uses,
    )
