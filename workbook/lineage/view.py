"""A part of the graph that somebody asked for, and everything it can be shown as."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

from sheetline.formulas.diagnostics import WorkbookError
from sheetline.formulas.suggest import closest
from sheetline.workbook.lineage.graph import Direction, Edge, LineageGraph, Node, in_order
from sheetline.workbook.problems import diagnostic, listed, quoted

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

Level = Literal["column", "sheet"]
FORMAT: Final = "sheetline-lineage/1"


@dataclass(frozen=True, eq=False)
class Lineage:
    """What a column or sheet comes from, or what depends on it.

    Attributes:
        graph: the graph that this is a part of: of columns, or of sheets.
        of: the sheet asked for, or a parameter with its "$"; None for the whole workbook.
        column: the column asked for; None for all of the sheet.
        direction: "up" to what it comes from, "down" to what depends on it.
        level: "column" or "sheet".
        depth: how many steps were followed; None for all.
        roots: the nodes asked for.
        steps: every node on the way, with how many steps away it is.
    """

    graph: LineageGraph
    of: str | None
    column: str | None
    direction: Direction
    level: Level
    depth: int | None
    roots: tuple[Node, ...]
    steps: Mapping[Node, int]

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """The edges on the way, by their target, in the order of the graph."""
        found = []
        for edge in self.graph.edges():
            near, far = (edge.target, edge.source) if self.direction == "up" else (edge.source, edge.target)
            if near in self.steps and far in self.steps and (self.depth is None or self.steps[near] < self.depth):
                found.append(edge)
        return tuple(found)

    @cached_property
    def roles(self) -> Mapping[Node, tuple[str, ...]]:
        """By which roles each node enters: those of its edges on the way."""
        found: dict[Node, set[str]] = {}
        for source, target, roles in self.edges:
            found.setdefault(source if self.direction == "up" else target, set()).update(roles)
        return {node: in_order(some) for node, some in found.items()}

    @property
    def nodes(self) -> list[Node]:
        """All nodes on the way, in the order of the workbook's run."""
        return [node for node in self.graph.facts if node in self.steps]

    @property
    def sources(self) -> list[Node]:
        """The columns of files on the way (or their rows, where only these matter), without the roots."""
        return [node for node in self.nodes if node.kind == "file"]

    @property
    def parameters(self) -> list[Node]:
        """The parameters of the workbook on the way, without the roots of a question about one."""
        return [node for node in self.nodes if node.kind == "parameter" and node not in self.roots]

    @property
    def outputs(self) -> list[Node]:
        """The columns of outputs on the way: what a change would reach outside of the workbook."""
        return [node for node in self.nodes if node.kind == "output"]

    def names(self, sheet: str, column: str) -> bool:
        """Tell whether a column of a sheet is on the way.

        Raises:
            KeyError: there is no such column.
        """
        return self.graph.node(sheet, column) in self.steps

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        columns = sum(node.kind == "column" for node in self.steps)
        boxes = len({node.box for node in self.steps})
        asked = "the workbook" if self.of is None else repr(self.of if self.column is None else self.roots[0].id)
        return f"<Lineage of {asked}, {self.direction}: {columns} columns in {boxes} places>"

    # --- views

    def to_text(self) -> str:
        """Return a tree as text; for the whole workbook, each sheet with what its columns are made of."""
        from sheetline.workbook.lineage.text import listing, tree

        return listing(self) if self.of is None else tree(self)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, in the form that docs/lineage.md tells; keys are only ever added to it."""
        graph = self.graph
        boxes = {node.box for node in self.steps}
        return {
            "format": FORMAT,
            "workbook": graph.workbook,
            "errors": graph.errors,
            "of": self._asked(),
            "direction": self.direction,
            "level": self.level,
            "depth": self.depth,
            "places": [
                {
                    "id": node.id.removesuffix("!*") if node.kind in ("file", "output") else node.id,
                    "kind": node.kind,
                    "name": node.place,
                    "type": facts.type if node.kind == "parameter" else facts.detail,
                    "rows": None if node.kind == "parameter" else facts.text,
                    "description": facts.description,
                }
                for node, facts in graph.boxes.items()
                if node in boxes
            ],
            "nodes": [self._node(node) for node in self.nodes],
            "edges": [{"from": e.source.id, "to": e.target.id, "roles": list(e.roles)} for e in self.edges],
        }

    def _asked(self) -> dict[str, Any] | None:
        if self.of is None:
            return None
        if self.roots[0].kind == "parameter":
            return {"parameter": self.roots[0].place}
        return {"sheet": self.of, "column": self.column}

    def _node(self, node: Node) -> dict[str, Any]:
        facts = self.graph.facts[node]
        return {
            "id": node.id,
            "kind": node.kind,
            "place": node.place,
            "column": node.column or None,
            "type": facts.type,
            "formula": facts.text,
            "description": facts.description,
            "steps": self.steps[node],
        }

    def to_json(self, *, indent: int | None = 2) -> str:
        """Return :meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)

    def to_mermaid(self) -> str:
        """Return a Mermaid flowchart."""
        from sheetline.workbook.lineage.diagram import mermaid

        return mermaid(self)

    def to_dot(self) -> str:
        """Return a graph in the DOT language, for Graphviz."""
        from sheetline.workbook.lineage.diagram import dot

        return dot(self)

    def to_svg(self) -> str:
        """Return a drawing as SVG, laid out here: nothing else is needed to make or to show it."""
        from sheetline.workbook.lineage.drawing import svg

        return svg(self)

    def to_html(self) -> str:
        """Return one HTML page without any reference to the outside: sheets that unfold to columns, with search."""
        from sheetline.workbook.lineage.page import page

        return page(self)

    def to_openlineage(
        self,
        *,
        namespace: str = "sheetline",
        time: datetime | None = None,
        run_id: str | None = None,
        folder: Path | None = None,
        state: str = "OTHER",
    ) -> list[dict[str, Any]]:
        """Return OpenLineage run events as plain data: of the whole workbook, and of each sheet on the way.

        Args:
            namespace: the namespace of jobs and of sheets.
            time: the time of the events; now without it.
            run_id: the UUID of the run; a new one without it.
            folder: what relative paths of files are relative to; they stay relative without it.
            state: the state of the run that they tell; lineage alone is no run, so it is "OTHER".

        Raises:
            ValueError: the lineage is one of sheets, without columns.
            MissingExtraError: the package openlineage-python is not installed (extra ``openlineage``).
        """
        from sheetline.workbook.lineage.openlineage import events

        return events(self, namespace=namespace, time=time, run_id=run_id, folder=folder, state=state)


def lineage_of(
    graph: LineageGraph,
    of: str | None = None,
    column: str | None = None,
    *,
    direction: Direction = "up",
    depth: int | None = None,
    level: Level = "column",
) -> Lineage:
    """Return a part of a graph: see :meth:`Workbook.lineage <sheetline.Workbook.lineage>`.

    Raises:
        WorkbookError: there is no such sheet or column.
        ValueError: an argument is none of its possible values.
    """
    _expect("direction", direction, ("up", "down"))
    _expect("level", level, ("column", "sheet"))
    if depth is not None and depth < 0:
        raise ValueError(f"depth is a number of steps, not {depth}")
    if of is None:
        if column is not None:
            raise ValueError(f"column {column!r} of which sheet?")
        shown = graph if level == "column" else graph.sheets
        return Lineage(shown, None, None, direction, level, None, tuple(shown.facts), dict.fromkeys(shown.facts, 0))
    roots = _roots(graph, of, column)
    if level == "column":
        steps = graph.reach(roots, direction, depth)
        return Lineage(graph, of, column, direction, level, depth, tuple(roots), steps)
    # Only the columns on the way decide which sheets are: a sheet of which no column is used on the way is none.
    part = Lineage(graph, of, column, direction, "column", None, tuple(roots), graph.reach(roots, direction))
    sheets = graph.boxed(part.edges)
    start = (roots[0].box,)
    return Lineage(sheets, of, column, direction, level, depth, start, sheets.reach(start, direction, depth))


def _roots(graph: LineageGraph, of: str, column: str | None) -> list[Node]:
    if of.startswith("$") and column is None and not graph.members(Node("sheet", of)):
        return [_parameter(graph, of)]
    members = graph.members(Node("sheet", of))
    if not members:
        names = [node.place for node in graph.boxes if node.kind == "sheet"]
        raise WorkbookError([diagnostic("W203", {"name": quoted(of), "advice": _advice("sheets", of, names)})])
    if column is None:
        return members
    try:
        return [graph.node(of, column)]
    except KeyError:
        advice = _advice("columns", column, graph.columns_of(of))
        words = {"sheet": quoted(of), "name": quoted(column), "advice": advice}
        raise WorkbookError([diagnostic("W216", words, sheet=of)]) from None


def _parameter(graph: LineageGraph, of: str) -> Node:
    """Return the parameter that ``$name`` or ``$[name]`` stands for."""
    named = {name: node for node in graph.facts if node.kind == "parameter" for name in (node.id, f"${node.place}")}
    if of in named:
        return named[of]
    known = [node.id for node in graph.facts if node.kind == "parameter"]
    words = {"name": quoted(of), "advice": _advice("parameters", of, known)}
    raise WorkbookError([diagnostic("W218", words)])


def _advice(what: str, name: str, known: list[str]) -> str:
    near = closest(name, known)
    if near:
        return f"did you mean {listed([quoted(one) for one in near], 'or')}?"
    return f"its {what} are {listed([quoted(one) for one in known[:12]])}" if known else ""


def _expect(key: str, got: str, known: tuple[str, ...]) -> None:
    if got not in known:
        raise ValueError(f"{key} is {' or '.join(map(repr, known))}, not {got!r}")


__all__ = ["FORMAT", "Level", "Lineage", "lineage_of"]
