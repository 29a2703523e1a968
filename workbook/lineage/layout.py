"""A layered layout for drawings: boxes in columns from left to right, with few crossings and short edges.

The steps of Sugiyama, Tagawa and Toda (Methods for visual understanding of hierarchical system structures, IEEE
Transactions on Systems, Man, and Cybernetics 11, 1981): layers by the longest path, places between for edges that
pass several layers, sweeps that order each layer by the means of its neighbours, and then heights: each box as near
to the mean of its neighbours as the order allows, which is an isotonic regression.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

SWEEPS: Final = 16
PASSING: Final = 6.0
"""The height that an edge takes where it passes a layer."""

Item = Hashable
"""A box, or a place where an edge passes a layer: ``(edge, layer)``."""


@dataclass(frozen=True, slots=True)
class Layers:
    """What stands in each layer, from left to right, each from top to bottom.

    Attributes:
        layers: boxes and passing edges.
        routes: for every edge the items that it goes through, its ends included.
    """

    layers: list[list[Item]]
    routes: Mapping[tuple[Item, Item], list[Item]]


def layered(boxes: Sequence[Item], edges: Iterable[tuple[Item, Item]]) -> Layers:
    """Put boxes into layers and order each of them. Edges that close a circle are left out."""
    level, forward = _levels(boxes, list(dict.fromkeys(edges)))
    layers: list[list[Item]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for box in boxes:
        layers[level[box]].append(box)
    routes: dict[tuple[Item, Item], list[Item]] = {}
    for edge in forward:
        between: list[Item] = [(edge, number) for number in range(level[edge[0]] + 1, level[edge[1]])]
        for place, item in enumerate(between, level[edge[0]] + 1):
            layers[place].append(item)
        routes[edge] = [edge[0], *between, edge[1]]
    return Layers(_ordered(layers, routes), routes)


def _levels(
    boxes: Sequence[Item], edges: Sequence[tuple[Item, Item]]
) -> tuple[dict[Item, int], list[tuple[Item, Item]]]:
    """Return the layer of each box by the longest path to it, and the edges that lead to a later layer."""
    after: dict[Item, list[Item]] = {box: [] for box in boxes}
    waiting = dict.fromkeys(boxes, 0)
    for source, target in edges:
        after[source].append(target)
        waiting[target] += 1
    level = dict.fromkeys(boxes, 0)
    ready = [box for box in boxes if waiting[box] == 0]
    for box in ready:
        for target in after[box]:
            level[target] = max(level[target], level[box] + 1)
            waiting[target] -= 1
            if waiting[target] == 0:
                ready.append(target)
    forward = [(source, target) for source, target in edges if level[source] < level[target]]
    has_input = {target for _, target in forward}
    for box in boxes:
        readers = [level[target] for target in after[box] if level[target] > level[box]]
        if box not in has_input and readers:  # what comes from nowhere stands beside its first reader
            level[box] = min(readers) - 1
    return level, forward


def _ordered(layers: list[list[Item]], routes: Mapping[tuple[Item, Item], list[Item]]) -> list[list[Item]]:
    """Order each layer by the means of its neighbours, from left to right and back; the best of all sweeps counts."""
    before, behind = _neighbours(routes)
    best, least = layers, _crossings(layers, before)
    now = layers
    for sweep in range(SWEEPS):
        right = sweep % 2 == 0
        made = list(now)
        numbers = range(1, len(made)) if right else range(len(made) - 2, -1, -1)
        for number in numbers:
            beside = made[number - 1 if right else number + 1]
            place = {item: float(at) for at, item in enumerate(beside)}
            links = before if right else behind
            own = {item: at for at, item in enumerate(made[number])}
            made[number] = sorted(made[number], key=lambda item: _mean(links.get(item, ()), place, own[item]))
        crossings = _crossings(made, before)
        if crossings < least:
            best, least = made, crossings
        now = made
    return best


def _neighbours(
    routes: Mapping[tuple[Item, Item], list[Item]],
) -> tuple[dict[Item, list[Item]], dict[Item, list[Item]]]:
    before: dict[Item, list[Item]] = {}
    behind: dict[Item, list[Item]] = {}
    for route in routes.values():
        for one, other in pairwise(route):
            before.setdefault(other, []).append(one)
            behind.setdefault(one, []).append(other)
    return before, behind


def _mean(links: Iterable[Item], place: Mapping[Item, float], own: float) -> float:
    found = [place[one] for one in links if one in place]
    return sum(found) / len(found) if found else own


def _crossings(layers: Sequence[Sequence[Item]], before: Mapping[Item, Sequence[Item]]) -> int:
    """Count the crossings between neighbouring layers, by counting inversions in a binary indexed tree."""
    total = 0
    for left, right in pairwise(layers):
        place = {item: at for at, item in enumerate(left)}
        ends = [at for item in right for at in sorted(place[one] for one in before.get(item, ()) if one in place)]
        tree = [0] * (len(left) + 1)
        for number, end in enumerate(ends):
            at, smaller = end + 1, 0
            while at:
                smaller += tree[at]
                at &= at - 1
            total += number - smaller
            at = end + 1
            while at < len(tree):
                tree[at] += 1
                at += at & -at
    return total


def heights(found: Layers, height: Mapping[Item, float], gap: float, rounds: int = 12) -> dict[Item, float]:
    """Return the top of every item, each near the middle of its neighbours; passing edges have a height of their own.

    Args:
        found: the layers.
        height: the height of every box.
        gap: the space between two boxes.
        rounds: how often all layers are moved.
    """
    before, behind = _neighbours(found.routes)
    size = {item: height.get(item, PASSING) for layer in found.layers for item in layer}
    top: dict[Item, float] = {}
    for layer in found.layers:
        at = 0.0
        for item in layer:
            top[item] = at
            at += size[item] + gap
    for turn in range(rounds):
        order = found.layers if turn % 2 == 0 else found.layers[::-1]
        for layer in order:
            wanted = []
            for item in layer:
                links = before.get(item, []) + behind.get(item, [])
                middles = [top[one] + size[one] / 2 for one in links]
                wanted.append(sum(middles) / len(middles) - size[item] / 2 if middles else top[item])
            top.update(zip(layer, _apart(wanted, [size[item] + gap for item in layer]), strict=True))
    least = min(top.values(), default=0.0)
    return {item: at - least for item, at in top.items()}


def _apart(wanted: Sequence[float], steps: Sequence[float]) -> list[float]:
    """Return places near those wanted, each at least a step behind the one before (pool adjacent violators)."""
    offsets = [sum(steps[:place]) for place in range(len(steps))]
    pools: list[list[float]] = []  # sum, count
    for want, offset in zip(wanted, offsets, strict=True):
        pools.append([want - offset, 1.0])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            last = pools.pop()
            pools[-1][0] += last[0]
            pools[-1][1] += last[1]
    flat = [total / count for total, count in pools for _ in range(int(count))]
    return [at + offset for at, offset in zip(flat, offsets, strict=True)]
