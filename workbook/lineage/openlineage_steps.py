"""From roles to the transformations that OpenLineage knows, composed along every way up the graph."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from typing import Final, NamedTuple

from sheetline.workbook.lineage.graph import LineageGraph, Node


class Step(NamedTuple):
    """What a column does to another one: its type and subtype, and the formula or condition that does it."""

    kind: str
    subtype: str
    text: str | None


_DIRECT: Final = ("IDENTITY", "TRANSFORMATION", "AGGREGATION")
_INDIRECT: Final = {
    "filter": "FILTER", "join": "JOIN", "group": "GROUP_BY", "order": "SORT", "expand": "FILTER", "union": "FILTER",
    "distinct": "GROUP_BY", "limit": "FILTER", "sample": "FILTER", "position": "WINDOW", "error": "FILTER",
}  # fmt: skip
"""The nearest subtype for each role; what only decides which rows there are is FILTER."""


def inputs_by_step(
    graph: LineageGraph, start: Node, ends: Callable[[Node], bool], known: Container[Node]
) -> dict[Node, list[Step]]:
    """Return the columns that a column or a sheet's rows come from, with what each does to it.

    Args:
        graph: all columns.
        start: the column or rows.
        ends: tells where to stop: at columns of files, or of other sheets.
        known: what is told elsewhere when it is only INDIRECT: the inputs of the whole dataset's rows.
    """
    found: dict[Node, dict[tuple[str, str], Step]] = {}
    first = Step("DIRECT", "IDENTITY", None) if start.column else Step("INDIRECT", "", None)
    waiting: list[tuple[Node, Step]] = [(start, first)]
    seen: set[tuple[Node, str, str]] = {(start, *first[:2])}
    while waiting:
        node, step = waiting.pop()
        for source, made in _steps(graph, node, step):
            if made.kind == "INDIRECT" and source in known:
                continue
            if ends(source):
                if source.column:
                    found.setdefault(source, {}).setdefault(made[:2], made)
            elif (source, *made[:2]) not in seen:
                seen.add((source, *made[:2]))
                waiting.append((source, made))
    order = {node: place for place, node in enumerate(graph.facts)}
    return {node: sorted(found[node].values()) for node in sorted(found, key=order.__getitem__)}


def _steps(graph: LineageGraph, node: Node, step: Step) -> Iterator[tuple[Node, Step]]:
    """Yield the inputs of a node, with the step that leads there joined to the one that led to the node.

    A step is told by what is nearest to the column asked for; rows alone do not name a step, their columns do.
    """
    facts = graph.facts[node]
    for source, roles in graph.inputs[node].items():
        if source.kind == "rows" or not source.column:
            yield source, Step("INDIRECT", step.subtype if step.kind == "INDIRECT" else "", None)
            continue
        for role in roles:
            if step.kind == "INDIRECT" and step.subtype:
                yield source, step
            elif node.column and role in ("value", "lookup"):
                done = facts.step.upper() if role == "value" else max(facts.step.upper(), "TRANSFORMATION", key=_rank)
                subtype = max(step.subtype, done, key=_rank)
                yield source, Step("DIRECT", subtype, step.text or facts.text)
            else:
                text = facts.text if not node.column else None
                yield source, Step("INDIRECT", _INDIRECT.get(role, "FILTER"), text)


def _rank(subtype: str) -> int:
    return _DIRECT.index(subtype)
