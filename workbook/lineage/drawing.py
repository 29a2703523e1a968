"""Lineage as a drawing in SVG: boxes for files, sheets and outputs, with their columns, and lines between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

from sheetline.workbook.lineage.diagram import COLOURS, boxes_of, has_value, name_of, title_of
from sheetline.workbook.lineage.graph import Edge, Node
from sheetline.workbook.lineage.layout import PASSING, Item, Layers, heights, layered

if TYPE_CHECKING:
    from sheetline.workbook.lineage.view import Lineage

HEAD: Final = 40.0
LINE: Final = 18.0
GAP: Final = 16.0
BETWEEN: Final = 70.0
LETTER: Final = 6.6
"""The width of a letter, about."""
WIDEST: Final = 34
"""Longer names are cut, and shown whole when pointed at."""

_STYLE: Final = (
    "text{font:11px system-ui,sans-serif;fill:#111}.t{font-weight:600}.k{fill:#555}"
    ".e{fill:none;stroke:#667;stroke-width:1.2}.d{stroke-dasharray:4 3}.c{stroke:#bbb;fill:#fff}"
)

_ARROW: Final = (
    '<defs><marker id="a" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0L8 4L0 8z" fill="#667"/></marker></defs>'
)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The places of everything: left of each item, right of its layer, top, the size of each box, the row of a node."""

    left: Mapping[Item, float]
    right: Mapping[Item, float]
    top: Mapping[Item, float]
    width: Mapping[Node, float]
    height: Mapping[Item, float]
    line: Mapping[Node, int]


def svg(lineage: Lineage) -> str:
    """Return the drawing. A whole line: values go along it; a dashed one: it decides about rows and groups."""
    boxes = boxes_of(lineage)
    facts = lineage.graph.boxes
    found = layered(list(boxes), [(edge.source.box, edge.target.box) for edge in _between(lineage.edges)])
    height: dict[Item, float] = {box: HEAD + LINE * len(nodes) + (4 if nodes else 0) for box, nodes in boxes.items()}
    width: dict[Node, float] = {}
    for box, nodes in boxes.items():
        words = [*title_of(box, facts[box]), *(name_of(node) for node in nodes)]
        width[box] = 24 + LETTER * min(WIDEST, max(map(len, words), default=0))
    line = {node: place for nodes in boxes.values() for place, node in enumerate(nodes)}
    left, ends = _sides(found, width)
    sheet = _Sheet(left, ends, heights(found, height, GAP), width, height, line)
    right = max((sheet.left[box] + width[box] for box in boxes), default=0) + 20
    bottom = max((sheet.top[box] + height[box] for box in boxes), default=0) + 20
    wide, high = round(right + 20), round(bottom + 20)
    frame = f'viewBox="-20 -20 {wide} {high}" width="{wide}" height="{high}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {frame}>',
        f"<title>{escape(f'Lineage of {lineage.graph.workbook}')}</title><style>{_STYLE}</style>",
        _ARROW,
        *(_edge(edge, found, sheet) for edge in lineage.edges if not _own_rows(edge)),
        *(part for box, nodes in boxes.items() for part in _box(lineage, box, nodes, sheet)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _own_rows(edge: Edge) -> bool:
    """Whether an edge leads from a sheet's rows to its own columns: so many that they are not drawn."""
    return edge.source.kind == "rows" and edge.source.box == edge.target.box


def _between(edges: Sequence[Edge]) -> Iterator[Edge]:
    return (edge for edge in edges if edge.source.box != edge.target.box)


def _sides(found: Layers, width: Mapping[Node, float]) -> tuple[dict[Item, float], dict[Item, float]]:
    """Return where each item's layer begins, and where it ends."""
    left: dict[Item, float] = {}
    right: dict[Item, float] = {}
    at = 0.0
    for layer in found.layers:
        wide = max((width[item] for item in layer if isinstance(item, Node)), default=0.0)
        left.update((item, at) for item in layer)
        at += wide
        right.update((item, at) for item in layer)
        at += BETWEEN
    return left, right


def _box(lineage: Lineage, box: Node, nodes: Sequence[Node], sheet: _Sheet) -> Iterator[str]:
    facts = lineage.graph.boxes[box]
    x, y, wide = sheet.left[box], sheet.top[box], sheet.width[box]
    name, detail = title_of(box, facts)
    told = "\n".join(one for one in (name, facts.text, facts.description) if one)
    yield f'<g transform="translate({x:.1f} {y:.1f})"><title>{escape(told)}</title>'
    yield f'<rect class="c" width="{wide:.1f}" height="{sheet.height[box]:.1f}" rx="5"/>'
    yield f'<rect width="{wide:.1f}" height="{HEAD}" rx="5" fill="{COLOURS[box.kind]}" stroke="#bbb"/>'
    yield f'<text class="t" x="10" y="17">{escape(cut(name))}</text>'
    yield f'<text class="k" x="10" y="32">{escape(cut(detail))}</text>'
    for place, node in enumerate(nodes):
        known = lineage.graph.facts[node]
        said = " = ".join(one for one in (node.id, known.text) if one)
        shown = escape(cut(name_of(node)))
        style = "" if node.column else ' class="k" font-style="italic"'
        y = HEAD + LINE * (place + 0.7)
        yield f'<text x="10" y="{y:.1f}"{style} data-id={quoteattr(node.id)}>{shown}'
        yield f"<title>{escape(said)}</title></text>"
    yield "</g>"


def _edge(edge: Edge, found: Layers, sheet: _Sheet) -> str:
    one, other = edge.source.box, edge.target.box
    route = found.routes.get((one, other), [one, other])
    start = (sheet.left[one] + sheet.width[one], _middle(edge.source, sheet))
    end = (sheet.left[other] - 1, _middle(edge.target, sheet))
    said = f"{edge.source.id} → {edge.target.id}: {', '.join(edge.roles)}"
    if one == other:  # inside a sheet: around its left side
        x = sheet.left[one]
        bow = x - 14 - min(30, abs(start[1] - end[1]) / 6)
        path = f"M{x:.1f} {start[1]:.1f}C{bow:.1f} {start[1]:.1f} {bow:.1f} {end[1]:.1f} {x - 1:.1f} {end[1]:.1f}"
    else:
        points = [start]
        for item in route[1:-1]:  # level across the whole layer, so that it touches no box there
            y = sheet.top[item] + PASSING / 2
            points += [(sheet.left[item], y), (sheet.right[item], y)]
        path = curve([*points, end])
    dashed = "" if has_value(edge) else " d"
    return f'<path class="e{dashed}" d="{path}" marker-end="url(#a)"><title>{escape(said)}</title></path>'


def _middle(node: Node, sheet: _Sheet) -> float:
    place = sheet.line.get(node)
    return sheet.top[node.box] + (HEAD / 2 if place is None else HEAD + LINE * (place + 0.5))


def curve(points: Sequence[tuple[float, float]]) -> str:
    """Return a path that goes smoothly through points, level at each.

    >>> curve([(0, 0), (10, 4)])
    'M0.0 0.0C5.0 0.0 5.0 4.0 10.0 4.0'
    """
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x1, y1), (x2, y2) in pairwise(points):
        middle = (x1 + x2) / 2
        path += f"C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
    return path


def cut(text: str) -> str:
    """Cut text that is too long for a box."""
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"
