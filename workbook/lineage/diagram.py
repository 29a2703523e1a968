"""Lineage in the languages of diagram programs: Mermaid and DOT."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from sheetline.workbook.lineage.graph import Edge, Facts, Node

if TYPE_CHECKING:
    from sheetline.workbook.lineage.view import Lineage

COLOURS: Final = {"file": "#d9ead3", "parameter": "#efe3f4", "sheet": "#dbe7f6", "output": "#fce5cd"}
"""What boxes are filled with, by kind."""


def boxes_of(lineage: Lineage) -> dict[Node, list[Node]]:
    """Return the files, parameters, sheets and outputs on the way, in order, each with its columns.

    Parameters have none, and at level "sheet" nothing has.
    The rows of a file, sheet or output are among them only where an edge meets them.
    """
    if lineage.level == "sheet":
        return {node: [] for node in lineage.graph.boxes if node in lineage.steps}
    met = {node for edge in lineage.edges for node in (edge.source, edge.target)}
    found: dict[Node, list[Node]] = {}
    for node in lineage.nodes:
        shown = found.setdefault(node.box, [])
        if node.kind == "parameter":
            continue
        if node.column or node in met:
            shown.append(node)
    order = {box: place for place, box in enumerate(lineage.graph.boxes)}
    return dict(sorted(found.items(), key=lambda item: order[item[0]]))


def name_of(node: Node) -> str:
    """Return what stands in a node."""
    return node.column or "rows"


def title_of(box: Node, facts: Facts) -> tuple[str, str]:
    """Return the name of a box, and what it is: a kind of sheet or file, or the value of a parameter.

    >>> title_of(Node("parameter", "rate"), Facts("float", "0.2", detail="parameter"))
    ('$rate', '= 0.2')
    """
    if box.kind == "parameter":
        return box.id, f"= {facts.text}"
    return box.place, facts.detail


def has_value(edge: Edge) -> bool:
    """Tell whether values go along an edge (a whole line; others are dashed)."""
    return "value" in edge.roles or "lookup" in edge.roles


def mermaid(lineage: Lineage) -> str:
    """Return a flowchart: sheets as boxes, or as frames around their columns."""
    boxes = boxes_of(lineage)
    graph = lineage.graph
    names: dict[Node, str] = {}
    lines = ["flowchart LR"]
    for box, nodes in boxes.items():
        facts = graph.boxes[box]
        names[box] = f"b{len(names)}"
        name, detail = title_of(box, facts)
        title = _quoted(f"{name} {detail}" if box.kind == "parameter" else f"{name} ({detail})")
        if lineage.level == "sheet" or box.kind == "parameter":
            lines.append(f"  {names[box]}[{title}]:::{box.kind}")
            continue
        lines.append(f"  subgraph {names[box]}[{title}]")
        for node in nodes:
            names[node] = f"n{len(names)}"
            lines.append(f"    {names[node]}[{_quoted(name_of(node))}]")
        lines.append("  end")
    for edge in lineage.edges:
        line = "-->" if has_value(edge) else "-.->"
        roles = "" if edge.roles == ("value",) else f"|{_quoted(', '.join(edge.roles))}|"
        lines.append(f"  {names[edge.source]} {line}{roles} {names[edge.target]}")
    kinds = {box.kind for box in boxes if lineage.level == "sheet" or box.kind == "parameter"}
    used = {kind: colour for kind, colour in COLOURS.items() if kind in kinds}
    lines += [f"  classDef {kind} fill:{colour},stroke:#777,color:#111" for kind, colour in used.items()]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Return text for Mermaid, with everything that has a meaning there as a code.

    >>> _quoted('a "b" #1')
    '"a #34;b#34; #35;1"'
    """
    return '"' + "".join(f"#{ord(sign)};" if sign in '"#&<>`;|\\[]{}' else sign for sign in text) + '"'


def dot(lineage: Lineage) -> str:
    """Return a digraph: sheets as tables, with a port for each column."""
    graph = lineage.graph
    names: dict[Node, str] = {}
    lines = [
        "digraph lineage {",
        "  rankdir=LR;",
        '  node [shape=plaintext, fontname="sans-serif", fontsize=11];',
        '  edge [fontname="sans-serif", fontsize=9, color="#555555"];',
    ]
    for number, (box, nodes) in enumerate(boxes_of(lineage).items()):
        names[box] = f"b{number}"
        facts = graph.boxes[box]
        name, detail = title_of(box, facts)
        head = f'<TR><TD BGCOLOR="{COLOURS[box.kind]}"><B>{_xml(name)}</B> {_xml(detail)}</TD></TR>'
        rows = [head]
        for place, node in enumerate(nodes):
            names[node] = f"b{number}:c{place}"
            rows.append(f'<TR><TD PORT="c{place}" ALIGN="LEFT">{_xml(name_of(node))}</TD></TR>')
        table = f'<TABLE BORDER="0" CELLBORDER="1" CELLSPACING="0" CELLPADDING="4">{"".join(rows)}</TABLE>'
        lines.append(f"  b{number} [label=<{table}>];")
    lines += _dot_edges(lineage.edges, names)
    return "\n".join([*lines, "}"]) + "\n"


def _dot_edges(edges: Iterable[Edge], names: dict[Node, str]) -> list[str]:
    found = []
    for edge in edges:
        style = "" if has_value(edge) else ", style=dashed"
        found.append(f'  {names[edge.source]} -> {names[edge.target]} [label="{", ".join(edge.roles)}"{style}];')
    return found


def _xml(text: str) -> str:
    return escape(text, {'"': "&quot;"}) or " "
