"""In which order the aggregates of a sheet begin, where several threads work on them."""

from __future__ import annotations

from collections.abc import Sequence

from sheetline.formulas.bound import Node, Space


def _cost(node: Node) -> int:
    return 1 if node.app is None else node.app.function.cost


def longest_first(nodes: Sequence[Node]) -> list[Node]:
    """Return aggregates as they begin: first what takes longest, and last what mostly waits for an earlier one.

    Costly aggregates of the same arguments share what is costly.
    """
    begun: set[tuple[int, tuple[int, ...]]] = set()
    first: list[Node] = []
    waiting: list[Node] = []
    for node in sorted(nodes, key=_cost, reverse=True):
        kind = _cost(node), argument_ids(node)
        (waiting if kind[0] > 1 and kind in begun else first).append(node)
        begun.add(kind)
    return first + waiting


def argument_ids(node: Node) -> tuple[int, ...]:
    """Return the ids of the arguments that are no constants."""
    return tuple(arg.id for arg in node.args if arg.space is not Space.CONST)
