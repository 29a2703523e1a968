"""Lineage as one HTML page that needs nothing else: no network, no other file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

from sheetline.workbook.lineage.diagram import has_value, title_of
from sheetline.workbook.lineage.graph import ROLES, Node
from sheetline.workbook.lineage.layout import layered

if TYPE_CHECKING:
    from sheetline.workbook.lineage.view import Lineage

TEMPLATE: Final = "page.html"


def page(lineage: Lineage) -> str:
    """Return the page: its graph stands in it as JSON, its order is laid out here, the rest is done by its script."""
    template = Path(__file__).with_name(TEMPLATE).read_text(encoding="utf-8")
    title = f"Lineage of {lineage.graph.workbook}"
    data = json.dumps(page_data(lineage), ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":  # inside a script element these could end it, or a line
        data = data.replace(sign, f"\\u{ord(sign):04x}")
    return template.replace("__TITLE__", escape(title)).replace("__DATA__", data)


def page_data(lineage: Lineage) -> dict[str, Any]:
    """Return what the page's script reads: boxes, nodes, edges, and the order of each layer."""
    graph = lineage.graph
    on_the_way = {node.box for node in lineage.steps}
    boxes = [box for box in graph.boxes if box in on_the_way]
    box_number = {box: number for number, box in enumerate(boxes)}
    nodes = [node for node in lineage.nodes if lineage.level == "column"]
    number_of = {node: number for number, node in enumerate(nodes)}
    between: dict[tuple[Node, Node], set[str]] = {}
    solid: set[tuple[Node, Node]] = set()
    for edge in lineage.edges:
        pair = (edge.source.box, edge.target.box)
        if pair[0] != pair[1]:
            between.setdefault(pair, set()).update(edge.roles)
            if has_value(edge):
                solid.add(pair)
    found = layered(boxes, between)
    keys: dict[Any, Any] = dict(box_number)
    for layer in found.layers:
        for item in layer:
            keys.setdefault(item, f"p{len(keys)}")
    return {
        "workbook": graph.workbook,
        "direction": lineage.direction,
        "asked": None if lineage.of is None else [number_of[node] for node in lineage.roots if node in number_of],
        "roles": list(ROLES),
        "boxes": [_box(lineage, box) for box in boxes],
        "nodes": [_node(lineage, node, box_number[node.box]) for node in nodes],
        "edges": [
            [number_of[e.source], number_of[e.target], [ROLES.index(role) for role in e.roles]]
            for e in lineage.edges
            if e.source in number_of and e.target in number_of
        ],
        "between": [
            [box_number[one], box_number[other], sorted(map(ROLES.index, roles)), int((one, other) in solid),
             [keys[item] for item in found.routes.get((one, other), [one, other])]]
            for (one, other), roles in between.items()
        ],
        "layers": [[keys[item] for item in layer] for layer in found.layers],
    }  # fmt: skip


def _box(lineage: Lineage, box: Node) -> dict[str, Any]:
    facts = lineage.graph.boxes[box]
    name, detail = title_of(box, facts)
    return {
        "kind": box.kind,
        "name": name,
        "detail": detail,
        "rows": None if box.kind == "parameter" else facts.text,
        "description": facts.description,
    }


def _node(lineage: Lineage, node: Node, box: int) -> list[Any]:
    facts = lineage.graph.facts[node]
    text = facts.text if node.column or node.kind == "parameter" else None
    return [box, node.column, facts.type, text, facts.description]
