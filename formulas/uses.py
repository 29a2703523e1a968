"""Letting values go as soon as everything has been made from them, where an evaluation was given its inputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from sheetline.formulas.bound import Node, Space, reachable
from sheetline.functions.columns import Column, Constant, Table

#: How many bytes of free memory a step that lets columns go keeps for the next columns; one thread needs half.
KEPT_IN_RUNS = 80 << 20


class Uses:
    """Counts for each value how many others are still to be made from it.

    Args:
        roots: the values that are wanted in the end; they stay.
        values: what is computed so far; what nobody needs any more leaves it.
        base: the sheet underneath; its columns leave it.
    """

    def __init__(self, roots: Sequence[Node], values: dict[int, Column | Constant], base: Table) -> None:
        self._values = values
        self._columns = cast(dict[str, Column], base.columns)
        self._left: dict[int, int] = {}
        self._leaves: dict[int, frozenset[int]] = {}
        self._inputs: dict[int, str] = {}
        nodes = reachable(roots)
        kept = {node.id for node in roots}
        whole = {node.id for node in nodes if node.op not in ("apply", "const")} | kept
        for node in nodes:
            if node.op not in ("apply", "const"):
                whole.update(arg.id for arg in node.args)
        behind: dict[int, frozenset[int]] = {}
        for node in nodes:
            behind[node.id] = frozenset().union(
                *(frozenset((arg.id,)) if arg.id in whole else behind[arg.id] for arg in node.args)
            )
            if node.id in whole and node.id not in values:
                self._leaves[node.id] = behind[node.id]
                for leaf in behind[node.id]:
                    self._left[leaf] = self._left.get(leaf, 0) + 1
            if node.op == "input" and node.space is Space.BASE:
                self._inputs[node.id] = node.name
        for root in kept:
            self._left[root] = self._left.get(root, 0) + 1
        for place in [place for place in values if not self._left.get(place)]:
            del values[place]
        for name in self._columns.keys() - set(self._inputs.values()):
            del self._columns[name]

    def made(self, nodes: Iterable[Node]) -> None:
        """Let go of what was only needed for these, which are made now."""
        for node in nodes:
            for leaf in self._leaves.pop(node.id, ()):
                self._left[leaf] -= 1
                if self._left[leaf] == 0:
                    self._values.pop(leaf, None)
                    if leaf in self._inputs:
                        self._columns.pop(self._inputs[leaf], None)
