"""The graph of columns: nodes, roles, and the ways through it.

A node is a column of a sheet, the rows of a sheet, a column of a file that is read, a column of an output, or a
parameter of the workbook. What decides about rows (a filter, a join, keys of groups …) is told once a sheet, at the
node of its rows, and each column that it decides about has that node among its inputs. So the graph of a wide sheet
stays small.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, NamedTuple

from sheetline.formulas.bound import ROWS
from sheetline.formulas.literals import write_name, write_parameter

Kind = Literal["file", "parameter", "column", "rows", "output", "sheet"]
Direction = Literal["up", "down"]

ROLES: Final = (
    "value", "filter", "join", "group", "order", "expand", "union", "lookup",
    "distinct", "limit", "sample", "position", "error",
)  # fmt: skip
"""What a column can be to another one, in the order in which views tell them."""
_PLACE: Final = {role: place for place, role in enumerate(ROLES)}

OPEN: Final = "…"
"""Stands in the name of a column for the part that only a run knows: a pivot without ``expected`` has "…_Sum"."""


class Node(NamedTuple):
    """A column, the rows of a sheet, or a parameter.

    Attributes:
        kind: "column" and "rows" of a sheet, "file" for what is read, "output" for what is written, "parameter" for a
            value of the workbook; "sheet" in graphs of sheets.
        place: the name of the sheet or parameter, or the path of the file.
        column: the name of the column; "" for rows and parameters.
    """

    kind: Kind
    place: str
    column: str = ROWS

    @property
    def id(self) -> str:
        """A name that no other node has: ``Sheet!Column`` as in formulas, ``Sheet!*`` for rows, ``file:path!column``.

        >>> Node("parameter", "rate").id
        '$rate'
        >>> Node("column", "Trips", "Miles").id, Node("rows", "My trips").id, Node("file", "my e.csv", "a b").id
        ('Trips!Miles', '[My trips]!*', 'file:[my e.csv]![a b]')
        """
        if self.kind == "parameter":
            return write_parameter(self.place)
        place = write_name(self.place)
        if self.kind == "sheet":
            return place
        prefix = f"{self.kind}:" if self.kind in ("file", "output") else ""
        return f"{prefix}{place}!{write_name(self.column) if self.column else '*'}"

    @property
    def box(self) -> Node:
        """What it is part of: the sheet, the file or the output; a parameter is part of nothing else."""
        return Node("sheet" if self.kind in ("column", "rows", "sheet") else self.kind, self.place)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a node.

    Attributes:
        type: the type of a column or parameter; None for rows, boxes and columns of files.
        text: the formula of a column in its canonical form, the value of a parameter, or what makes the rows:
            ``where #Speed > 0``.
        step: what a column does with its values: "identity", "transformation" or "aggregation".
        detail: the kind of a sheet, or the type of a file ("csv").
        description: what the workbook says about it.
    """

    type: str | None = None
    text: str | None = None
    step: Literal["identity", "transformation", "aggregation"] = "identity"
    detail: str = ""
    description: str | None = None


class Edge(NamedTuple):
    """``source`` is an input of ``target``, in some roles."""

    source: Node
    target: Node
    roles: tuple[str, ...]


Links = Mapping[Node, Mapping[Node, tuple[str, ...]]]


def in_order(roles: Iterable[str]) -> tuple[str, ...]:
    """Return roles once each, in the order of :data:`ROLES`.

    >>> in_order(["order", "value", "order"])
    ('value', 'order')
    """
    return tuple(sorted(set(roles), key=_PLACE.__getitem__))


@dataclass(frozen=True, eq=False)
class LineageGraph:
    """All columns of a workbook, and what each is made of.

    Attributes:
        workbook: its name.
        errors: its ``errors.mode``.
        facts: every node: files first, then parameters, then sheets in the order in which they run, then outputs.
        inputs: for every node its direct inputs with their roles.
        boxes: files, parameters, sheets and outputs, as nodes of kind "file", "parameter", "sheet" and "output"
            without a column.
    """

    workbook: str
    errors: str
    facts: Mapping[Node, Facts]
    inputs: Links
    boxes: Mapping[Node, Facts]

    @cached_property
    def readers(self) -> Links:
        """For every node what it is a direct input of."""
        found: dict[Node, dict[Node, tuple[str, ...]]] = {node: {} for node in self.facts}
        for target, sources in self.inputs.items():
            for source, roles in sources.items():
                found[source][target] = roles
        return found

    @cached_property
    def sheets(self) -> LineageGraph:
        """The graph of sheets: its nodes are files, sheets and outputs, with the roles of all their columns."""
        return self.boxed(self.edges())

    def boxed(self, edges: Iterable[Edge]) -> LineageGraph:
        """Return the graph of files, sheets and outputs that some edges lie between."""
        found: dict[Node, dict[Node, set[str]]] = {node: {} for node in self.boxes}
        place = {node: number for number, node in enumerate(self.boxes)}
        for source, target, roles in edges:
            one, other = source.box, target.box
            if one != other:
                found[other].setdefault(one, set()).update(roles)
        inputs = {
            node: {source: in_order(some[source]) for source in sorted(some, key=place.__getitem__)}
            for node, some in found.items()
        }
        return LineageGraph(self.workbook, self.errors, self.boxes, inputs, self.boxes)

    def edges(self) -> Iterator[Edge]:
        """Yield all edges, by their target."""
        for target, sources in self.inputs.items():
            for source, roles in sources.items():
                yield Edge(source, target, roles)

    def node(self, sheet: str, column: str | None = None) -> Node:
        """Return the node of a column, or of a sheet's rows (no column).

        A column of a pivot that is known only after a run is found by the aggregate in its name.

        Raises:
            KeyError: there is no such column.
        """
        node = Node("rows", sheet) if column is None else Node("column", sheet, column)
        if node in self.facts:
            return node
        names = (one for one in self.columns_of(sheet) if column is not None and one.startswith(OPEN))
        fitting = [one for one in names if column is not None and one.lstrip(OPEN) in column]
        if column is None or not fitting:
            raise KeyError((sheet, column))
        at = {one: column.rfind(one.lstrip(OPEN)) + len(one.lstrip(OPEN)) for one in fitting}
        return Node("column", sheet, max(fitting, key=lambda one: (at[one], len(one))))

    def parameter(self, name: str) -> Node:
        """Return the node of a parameter.

        Raises:
            KeyError: there is no such parameter.
        """
        node = Node("parameter", name)
        if node not in self.facts:
            raise KeyError(name)
        return node

    def columns_of(self, sheet: str) -> list[str]:
        """Return the names of a sheet's columns."""
        return [node.column for node in self._of_box.get(Node("sheet", sheet), ()) if node.kind == "column"]

    def members(self, box: Node) -> list[Node]:
        """Return the nodes of a file, sheet or output."""
        return list(self._of_box.get(box, ()))

    @cached_property
    def _of_box(self) -> dict[Node, list[Node]]:
        found: dict[Node, list[Node]] = {}
        for node in self.facts:
            found.setdefault(node.box, []).append(node)
        return found

    def direct(self, node: Node) -> dict[Node, tuple[str, ...]]:
        """Return everything that a column is made from directly: its own inputs, and what decides about its rows."""
        found: dict[Node, tuple[str, ...]] = {}
        for source, roles in self.inputs[node].items():
            same = source.kind == "rows" and source.place == node.place and node.kind == "column"
            for one, more in (self.inputs[source] if same else {source: roles}).items():
                if one != node:
                    found[one] = in_order((*found.get(one, ()), *more))
        return found

    def reach(self, roots: Iterable[Node], direction: Direction = "up", depth: int | None = None) -> dict[Node, int]:
        """Return all nodes on the way up or down from some, with how many steps away each is.

        From a column to the rows of its own sheet, which have its inputs in common with other columns, is no step.
        """
        links = self.inputs if direction == "up" else self.readers
        found = dict.fromkeys(roots, 0)
        waiting = deque(found)
        done: set[Node] = set()
        while waiting:
            node = waiting.popleft()
            if node in done:
                continue
            done.add(node)
            if depth is not None and found[node] >= depth:
                continue
            for other in links[node]:
                far = found[node] + (length(other, node) if direction == "up" else length(node, other))
                if far < found.get(other, far + 1):
                    found[other] = far
                    if far > found[node]:
                        waiting.append(other)
                    else:
                        waiting.appendleft(other)
        return found


def length(source: Node, target: Node) -> int:
    """Return how many steps an edge counts: none from the rows of a sheet to its columns."""
    return 0 if source.kind == "rows" and target.kind == "column" and source.place == target.place else 1
