"""Bound formulas: a typed graph of nodes, shared by all columns of a sheet.

Every node has a type and a *space*, the rows it has a value for. Nodes are interned, so an expression
that stands in several columns is one node and is computed once. A node's arguments are made before it:
ids ascend from leaves to roots, and everything that walks the graph goes by id, never by recursion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, Literal

from sheetline.functions.columns import Constant
from sheetline.functions.execute import Application
from sheetline.functions.types import NULL, Type


class Space(IntEnum):
    """The rows that a node has values for. In a series sheet values move to later spaces as needed."""

    CONST = 0  #: one value for all rows
    OTHER = 1  #: the rows of another sheet; only for looking at whole columns
    BASE = 2  #: the rows of the sheet underneath
    GROUPS = 3  #: one row a group
    ROWS = 4  #: the base rows, by group and in the sheet's order
    FINAL = 5  #: the rows of a series sheet after functions that add or drop rows
    EXPANDED = 6  #: the rows after expanding functions


class Shape(StrEnum):
    """What a formula sheet makes of the rows underneath."""

    ROW = "row"
    AGGREGATE = "aggregate"
    SERIES = "series"


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One expression.

    ``op`` says what it is:
        "input" (``sheet``, ``name``), "const" (``constant``), "apply" (``app``, ``args``), "fitted", "reduce",
        "series", "key" (the value of a grouping key), "expand", "move" (the argument in a later space), or "bad"
        (something already reported).
    """

    id: int
    op: Literal["input", "const", "apply", "fitted", "reduce", "series", "key", "expand", "move", "bad"]
    type: Type
    space: Space
    args: tuple[Node, ...] = ()
    app: Application | None = None
    constant: Constant | None = None
    sheet: str = ""
    name: str = ""

    def __repr__(self) -> str:
        inside = self.name or (self.app.function.name if self.app else "")
        return f"<{self.op} {inside} {self.type} {self.space.name}>"


class Graph:
    """Makes nodes, each distinct one once."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._known: dict[tuple[Any, ...], Node] = {}

    def make(
        self,
        op: Any,
        type_: Type,
        space: Space,
        args: tuple[Node, ...] = (),
        app: Application | None = None,
        constant: Constant | None = None,
        sheet: str = "",
        name: str = "",
    ) -> Node:
        """Return the node of these parts, making it if it is new."""
        value = None if constant is None else (type_, repr(constant.value), _failed(constant))
        kernel = None if app is None else (app.function.name, id(app.kernel), app.types)
        key = (op, space, tuple(arg.id for arg in args), kernel, value, sheet, name)
        known = self._known.get(key)
        if known is None:
            known = Node(len(self.nodes), op, type_, space, args, app, constant, sheet, name)
            self.nodes.append(known)
            self._known[key] = known
        return known

    def bad(self) -> Node:
        """Return the node that stands for something that was reported."""
        return self.make("bad", NULL, Space.CONST)


def _failed(constant: Constant) -> tuple[str, str] | None:
    """Return what tells constant error values apart: code and message."""
    return None if constant.errors is None else (constant.errors.code(0), constant.errors.message(0))


def reachable(roots: Iterable[Node]) -> list[Node]:
    """Return all nodes that the roots need, themselves included, arguments before what uses them."""
    seen: dict[int, Node] = {}
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node.id not in seen:
            seen[node.id] = node
            stack.extend(node.args)
    return [seen[place] for place in sorted(seen)]


@dataclass(frozen=True, slots=True)
class Reference:
    """A column that a formula reads, and in which role.

    Roles: "value", "group" (a grouping key), "order", "expand", "lookup" (a column of another sheet, or a whole
    column looked at).
    """

    sheet: str
    column: str
    role: str


@dataclass(slots=True, eq=False)
class BoundSheet:
    """The formulas of one sheet, bound: what each column is, and what makes the sheet's rows.

    Attributes:
        shape: row, aggregate or series.
        columns: the root node of each output column, in order.
        keys: the key nodes in the order of the sheet's columns (aggregate and series sheets).
        sorts: base-row nodes that order the rows inside groups, with whether descending.
        changes: nodes of series that add or drop rows.
        expansions: nodes of expanding functions.
        space: the space of the sheet's rows.
    """

    graph: Graph
    base: str
    shape: Shape = Shape.ROW
    columns: dict[str, Node] = field(default_factory=dict)
    keys: list[Node] = field(default_factory=list)
    sorts: list[tuple[Node, bool]] = field(default_factory=list)
    changes: list[Node] = field(default_factory=list)
    expansions: list[Node] = field(default_factory=list)
    space: Space = Space.BASE

    @property
    def types(self) -> dict[str, Type]:
        """The schema of the sheet's columns."""
        return {name: node.type for name, node in self.columns.items()}

    def inputs(self, columns: Iterable[str] | None = None) -> dict[str, set[str]]:
        """Return the columns read, by sheet, for some output columns (default all) and for making the rows."""
        chosen = self.columns if columns is None else {name: self.columns[name] for name in columns}
        roots = [*chosen.values(), *self.row_makers()]
        found: dict[str, set[str]] = {}
        for node in reachable(roots):
            if node.op == "input":
                found.setdefault(node.sheet, set()).add(node.name)
        return found

    def row_makers(self) -> Iterator[Node]:
        """Yield the nodes that decide which rows the sheet has, and their order."""
        yield from self.keys
        for node, _ in self.sorts:
            yield node
        yield from self.changes
        yield from self.expansions

    def references(self, column: str) -> list[Reference]:
        """Return what one column is made of, each input with every role it has, in a stable order."""
        found: dict[Reference, None] = {}
        for reference in _roles([self.columns[column]], "value"):
            found[reference] = None
        for key in self.keys:
            for reference in _roles([key], "group"):
                found[reference] = None
        for node, _ in self.sorts:
            for reference in _roles([node], "order"):
                found[reference] = None
        for change in (*self.changes, *self.expansions):
            for reference in _roles([change], "expand"):
                found[reference] = None
        return list(found)


def _roles(roots: Iterable[Node], role: str) -> Iterator[Reference]:
    """Yield the inputs under ``roots`` with their roles; a key keeps "group", an order argument "order"."""
    roles: dict[int, set[str]] = {}
    for root in roots:
        roles.setdefault(root.id, set()).add(role)
    for node in reversed(reachable(roots)):
        mine = roles.get(node.id, set())
        if node.op == "input":
            for one in sorted(mine):
                yield Reference(node.sheet, node.name, one)
            continue
        for place, arg in enumerate(node.args):
            roles.setdefault(arg.id, set()).update(_passed(node, place, mine))


def _passed(node: Node, place: int, mine: set[str]) -> set[str]:
    if node.op == "key":
        return {"group"} if mine == {"value"} else mine
    app = node.app
    if app is None:
        return mine
    name = app.names[place] if place < len(app.names) else ""
    if node.op == "fitted" and name in app.function.fit_on and name not in app.function.apply_on:
        return {"lookup"}
    if name == "order" and app.function.form in ("aggregate", "series"):
        return {"order"}
    return mine


@dataclass(frozen=True, slots=True)
class Scope:
    """What the formulas of one sheet may name.

    Attributes:
        sheet: the sheet's own name.
        base: the sheet underneath, whose columns ``#Name`` means where the sheet has none of that name.
        taken: schemas of the sheets that this one takes (the base among them).
        others: schemas of all other sheets, for whole-column arguments and suggestions.
        parameters: the workbook's parameters.
    """

    sheet: str
    base: str
    taken: Mapping[str, Mapping[str, Type]]
    others: Mapping[str, Mapping[str, Type]] = field(default_factory=dict)
    parameters: Mapping[str, Constant] = field(default_factory=dict)

    @property
    def schema(self) -> Mapping[str, Type]:
        """The columns of the sheet underneath."""
        return self.taken[self.base]
