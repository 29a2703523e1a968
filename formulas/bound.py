"""Bound formulas: a typed graph of nodes, shared by all columns of a sheet.

Every node has a type and a *space*, the rows it has a value for. Nodes are interned, so an expression
that stands in several columns is one node and is computed once. A node's arguments are made before it:
ids ascend from leaves to roots, and everything that walks the graph goes by id, never by recursion.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, Final, Literal

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


@dataclass(slots=True, eq=False)
class Node:
    """One expression. It never changes; it is not frozen since Python takes four times as long to make one that is.

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
        self._kernels: dict[Application, int] = {}  # what tells applications apart, as a number: types hash slowly
        self._numbers: dict[tuple[Any, ...], int] = {}

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
        kernel = None if app is None else self._kernels.get(app) or self._kernel(app)
        key = (op, space, args, kernel, value, sheet, name)  # nodes of one graph are equal if they are the same
        known = self._known.get(key)
        if known is None:
            self._known[key] = known = self._add(op, type_, space, args, app, constant, sheet, name)
        return known

    def apply(self, app: Application, space: Space, args: tuple[Node, ...]) -> Node:
        """Return the node of an element function applied to arguments."""
        key = (self._kernels.get(app) or self._kernel(app), space, args)
        known = self._known.get(key)
        if known is None:
            self._known[key] = known = self._add("apply", app.type, space, args, app, None, "", "")
        return known

    def input(self, type_: Type, space: Space, sheet: str, name: str) -> Node:
        """Return the node of a column."""
        key = (sheet, name, space)
        known = self._known.get(key)
        if known is None:
            self._known[key] = known = self._add("input", type_, space, (), None, None, sheet, name)
        return known

    def _add(self, op: Any, *parts: Any) -> Node:
        node = Node(len(self.nodes), op, *parts)
        self.nodes.append(node)
        return node

    def close(self) -> None:
        """Forget what tells nodes apart: none are made any more, and the collector would look at all of it again."""
        self._known.clear()
        self._kernels.clear()
        self._numbers.clear()

    def _kernel(self, app: Application) -> int:
        """Return a number for the function, overload and types of an application, from 1."""
        parts = (app.function.name, id(app.kernel), app.types)
        number = self._numbers.setdefault(parts, len(self._numbers) + 1)
        self._kernels[app] = number
        return number

    def bad(self) -> Node:
        """Return the node that stands for something that was reported."""
        return self.make("bad", NULL, Space.CONST)


def _failed(constant: Constant) -> tuple[str, str] | None:
    """Return what tells constant error values apart: code and message."""
    return None if constant.errors is None else (constant.errors.code(0), constant.errors.message(0))


def reachable(roots: Iterable[Node], known: Container[int] = ()) -> list[Node]:
    """Return all nodes that the roots need, themselves included, arguments before what uses them.

    The nodes of ``known``, and what only they need, are left out.
    """
    seen: dict[int, Node] = {}
    stack = list(roots)
    while stack:
        node = stack.pop()
        place = node.id
        if place not in seen and place not in known:
            seen[place] = node
            if node.args:
                stack += node.args
    return [seen[place] for place in sorted(seen)]


ROWS: Final = ""
"""In place of a column's name in a :class:`Reference`: a sheet's rows as such, which they are and in which order."""


_NONE: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Reference:
    """A column that a formula reads, and in which role; or the rows of a sheet (``column`` is :data:`ROWS`).

    Roles: "value", "group" (a grouping key), "order", "expand", "filter" (a series that keeps some rows), "lookup"
    (a column of another sheet, or a whole column looked at), "position" (which rows there are, and their order).
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
        uses: the sheet's own columns that each column's formula names.
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
    uses: Mapping[str, Sequence[str]] = field(default_factory=dict)
    _holders: dict[tuple[int, str], list[str]] | None = None
    _from_base: set[int] | None = None
    _read: dict[tuple[tuple[str, ...], frozenset[str]], dict[str, set[str]]] = field(default_factory=dict)

    @property
    def types(self) -> dict[str, Type]:
        """The schema of the sheet's columns."""
        return {name: node.type for name, node in self.columns.items()}

    def inputs(self, columns: Iterable[str] | None = None, known: Container[str] = ()) -> dict[str, set[str]]:
        """Return the columns read, by sheet, for some output columns (default all) and for making the rows.

        The values of the columns ``known`` are at hand.
        """
        chosen = tuple(self.columns) if columns is None else tuple(columns)
        held = frozenset([name for name in self.columns if name in known]) if known else _NONE
        found = self._read.get((chosen, held))  # a plan and a run ask a dozen times for the same columns
        if found is None:
            found = self._read[chosen, held] = {}
            there = {self.columns[name].id for name in held}
            makers = list(self.row_makers())
            roots = [self.columns[name] for name in chosen]
            for node in (*reachable(roots, there), *(reachable(makers) if makers else ())):
                if node.op == "input":
                    found.setdefault(node.sheet, set()).add(node.name)
        return {sheet: set(names) for sheet, names in found.items()}

    def row_makers(self) -> Iterator[Node]:
        """Yield the nodes that decide which rows the sheet has, and their order."""
        yield from self.keys
        for node, _ in self.sorts:
            yield node
        yield from self.changes
        yield from self.expansions

    def references(self, column: str, own: str = "") -> list[Reference]:
        """Return what one column is made of, each input with every role it has, in a stable order.

        Args:
            column: its name, or :data:`ROWS` for what decides about the sheet's rows alone.
            own: the sheet's name. With it, columns of the sheet itself that the formula names are given as such, and
                what makes the rows as the columns it stands in; without it all is followed to other sheets.
        """
        found: dict[Reference, None] = {}
        makers = list(self._makers())
        looked_at = [] if own else [node for node, _ in makers]
        stops: dict[int, str] = {}
        roots: list[Node] = []
        if column != ROWS:
            used = self.uses.get(column, ()) if own else ()
            stops = self._stops(used)
            roots = [self.columns[column]]
            looked_at += roots
            found.update(dict.fromkeys(_roles(roots, "value", stops, own)))
            named = {one.column for one in found if one.sheet == own}
            found.update((Reference(own, name, "value"), None) for name in used if name not in named)  # it was folded
        for node, role in makers:
            holders = self._holders_of(node, role) if own else []
            found.update((Reference(own, name, role), None) for name in holders if name != column)
            if not holders or column in holders:
                found.update(dict.fromkeys(_roles([node], role, stops, own)))
        if _by_place(looked_at, stops) or not self._read_base([*roots, *(node for node, _ in makers)]):
            found[Reference(self.base, ROWS, "position")] = None
        return list(found)

    def _read_base(self, nodes: Iterable[Node]) -> bool:
        """Whether any of the nodes is made from a column of the sheet underneath, on whatever way."""
        if self._from_base is None:
            self._from_base = set()
            for node in self.graph.nodes:  # arguments stand before what uses them
                own = node.op == "input" and node.sheet == self.base
                if own or any(arg.id in self._from_base for arg in node.args):
                    self._from_base.add(node.id)
        return any(node.id in self._from_base for node in nodes)

    def _makers(self) -> Iterator[tuple[Node, str]]:
        """Yield the nodes that make the rows, with the role of what they read."""
        yield from ((key, "group") for key in self.keys)
        yield from ((node, "order") for node, _ in self.sorts)
        for node in self.changes:
            yield node, "filter" if node.app is not None and node.app.function.rows == "subset" else "expand"
        yield from ((node, "expand") for node in self.expansions)

    def _stops(self, used: Iterable[str]) -> dict[int, str]:
        """Return the nodes that are columns of the sheet, by id, in whatever space they are read."""
        return {node.id: name for name in used for node in _unmoved(self.columns[name])}

    def _holders_of(self, maker: Node, role: str) -> list[str]:
        """Return the columns in whose formulas a maker of rows stands."""
        if self._holders is None:
            self._holders = {}
            wanted = {node.id for node, role in self._makers() if role != "order"}
            for name, root in self.columns.items():
                for node in reachable([root], self._stops(self.uses.get(name, ()))):
                    if node.id in wanted:
                        self._holders.setdefault((node.id, "rows"), []).append(name)
                last = _unmoved(root)[-1]
                if last.op == "series" and last.app is not None and last.app.function.name.startswith("GROUP_SORT_"):
                    for node in _unmoved(last.args[0]):
                        self._holders.setdefault((node.id, "order"), []).append(name)
        return self._holders.get((maker.id, "order" if role == "order" else "rows"), [])


def _unmoved(node: Node) -> list[Node]:
    """Return a node, and it in the spaces that it was moved from."""
    found = [node]
    while found[-1].op == "move":
        found.append(found[-1].args[0])
    return found


def _by_place(roots: Iterable[Node], stops: Container[int]) -> bool:
    """Whether anything under ``roots`` depends on where a row stands."""
    applied = (node.app.function for node in reachable(roots, stops) if node.app is not None)
    return any(function.ordered or "position" in function.volatile for function in applied)


def _roles(
    roots: Iterable[Node], role: str, stops: Mapping[int, str] | None = None, own: str = ""
) -> Iterator[Reference]:
    """Yield the inputs under ``roots`` with their roles; an order argument has "order", a whole column "lookup".

    The nodes of ``stops`` are columns of the sheet ``own``, and not looked into.
    """
    stops = stops or {}
    roles: dict[int, set[str]] = {}
    for root in roots:
        roles.setdefault(root.id, set()).add(role)
    named = {place: (own, name) for place, name in stops.items()}
    for node in reversed(reachable(roots, stops)):
        mine = roles.get(node.id, set())
        if node.op == "input":
            named[node.id] = (node.sheet, node.name)
        for place, arg in enumerate(node.args):
            roles.setdefault(arg.id, set()).update(_passed(node, place, mine))
    for place in sorted(named):  # in the order in which the formulas name them
        for one in sorted(roles.get(place, ())):
            yield Reference(*named[place], one)


def _passed(node: Node, place: int, mine: set[str]) -> set[str]:
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
