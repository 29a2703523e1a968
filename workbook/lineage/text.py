"""Lineage as text: a tree below one column or sheet, or a list of all sheets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from sheetline.formulas.literals import write_name
from sheetline.workbook.lineage.graph import Facts, Node

if TYPE_CHECKING:
    from sheetline.workbook.lineage.view import Lineage

SEEN = "see above"
"""Marks a node whose inputs were told where it stood first."""


def label(node: Node, facts: Facts) -> str:
    """Return how a node is called, with its type and its formula.

    >>> label(Node("column", "Trips", "Speed"), Facts("float", "#Miles / #Hours"))
    'Trips!Speed (float) = #Miles / #Hours'
    """
    text = " ".join((facts.text or "").split())
    if node.kind == "column":
        kind = f" ({facts.type})" if facts.type else ""
        return f"{node.id}{kind}{f' = {text}' if text else ''}"
    if node.kind == "parameter":
        return f"{node.id} ({facts.type}) = {text}" if facts.type else node.id
    if node.kind == "rows":
        return f"rows of {write_name(node.place)}{f': {text}' if text else ''}"
    if node.kind == "sheet":
        kind = f" ({facts.detail})" if facts.detail else ""
        return f"{node.id}{kind}{f': {text}' if text else ''}"
    what = {"file": "", "output": "output "}[node.kind]
    return f"{what}{node.place} {write_name(node.column)}" if node.column else f"{what}{node.place}"


def tree(lineage: Lineage) -> str:
    """Return the tree below the roots: each node with the roles that its edge has.

    A node that stands there a second time is not followed again: it is marked.
    """
    below = _below(lineage)
    facts = lineage.graph.facts
    told: set[Node] = set()
    lines: list[str] = []
    for root in _roots(lineage, below):
        stack: list[tuple[Node, str, str, tuple[str, ...]]] = [(root, "", "", ())]
        while stack:
            node, here, behind, roles = stack.pop()
            children = below.get(node, {})
            again = node in told and bool(children)
            told.add(node)
            said = f"{', '.join(roles)}: " if roles else ""
            named = f"{label(node, Facts())} … {SEEN}" if again else label(node, facts[node])
            lines.append(f"{here}{said}{named}")
            if again:
                continue
            last = len(children) - 1
            for number, (child, more) in reversed(list(enumerate(children.items()))):
                branch, gap = ("└─ ", "   ") if number == last else ("├─ ", "│  ")
                stack.append((child, behind + branch, behind + gap, more))
    return "\n".join(lines)


def _roots(lineage: Lineage, below: Mapping[Node, Mapping[Node, tuple[str, ...]]]) -> Iterator[Node]:
    """Yield the roots; the rows of a sheet only where something makes them."""
    met = {node for children in below.values() for node in children}
    for node in lineage.roots:
        made = lineage.graph.facts[node].text is not None and node not in met
        if node.kind != "rows" or len(lineage.roots) == 1 or made:
            yield node


def _below(lineage: Lineage) -> dict[Node, dict[Node, tuple[str, ...]]]:
    found: dict[Node, dict[Node, tuple[str, ...]]] = {}
    for source, target, roles in lineage.edges:
        one, other = (target, source) if lineage.direction == "up" else (source, target)
        found.setdefault(one, {})[other] = roles
    return found


def listing(lineage: Lineage) -> str:
    """Return every sheet and output with its columns, each with what it is made of (or what reads it)."""
    graph, up = lineage.graph, lineage.direction == "up"
    links = graph.inputs if up else graph.readers
    arrow = "←" if up else "→"
    lines: list[str] = []
    for box, facts in graph.boxes.items():
        if lineage.level == "sheet":
            lines.append(label(box, facts))
            lines += [f"  {arrow} {_short(one)} ({', '.join(roles)})" for one, roles in links[box].items()]
            continue
        if lines:
            lines.append("")
        lines.append(label(box, facts))
        if box.kind == "parameter":
            lines += [f"  {arrow} {_short(one)} ({', '.join(roles)})" for one, roles in links[box].items()]
            continue
        for node in graph.members(box):
            others = [f"{_short(one)} ({', '.join(roles)})" for one, roles in links[node].items()]
            name = "rows" if not node.column else write_name(node.column)
            told = graph.facts[node]
            kind = f" ({told.type})" if told.type else ""
            formula = f" = {' '.join(told.text.split())}" if told.text and node.column else ""
            lines.append(f"  {name}{kind}{formula}{f' {arrow} ' if others else ''}{', '.join(others)}")
    return "\n".join(lines)


def _short(node: Node) -> str:
    if node.kind == "rows":
        return f"rows of {write_name(node.place)}"
    return label(node, Facts()) if node.kind in ("file", "output") else node.id
