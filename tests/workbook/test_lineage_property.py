"""Lineage never misses a column: whatever changes when one column of a source changes names that column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from calling import values
from random_workbooks import KINDS, Frames, perturbed, random_workbook

import sheetline as sl
from sheetline.workbook.lineage import LineageGraph, Node
from sheetline.workbook.lineage.build import graph_of
from sheetline.workbook.sheets import KINDS as ALL_KINDS

WORKBOOKS = 30
Cells = dict[tuple[str, str], list[object]]


@dataclass(frozen=True)
class Trial:
    """A workbook, and for each column of a source the columns that changed with it."""

    seed: int
    book: sl.Workbook
    graph: LineageGraph
    changed: dict[Node, set[Node]]

    def missed(self, graph: LineageGraph) -> Iterator[tuple[Node, Node]]:
        """Columns that changed with a source column that a graph does not name."""
        for source, columns in self.changed.items():
            down = graph.reach([source], "down")
            yield from ((source, column) for column in sorted(columns) if column not in down)


@pytest.fixture(scope="module")
def trials() -> list[Trial]:
    return [trial(seed) for seed in range(WORKBOOKS)]


def trial(seed: int) -> Trial:
    rng = np.random.default_rng(seed)
    book, frames = random_workbook(rng, kind=KINDS[seed % len(KINDS)], errors="drop" if seed % 4 == 0 else None)
    graph = graph_of(book.plan(sources=frames))
    before = cells(book, frames)
    changed: dict[Node, set[Node]] = {}
    for sheet, table in frames.items():
        for column in table.column_names:
            after = cells(book, perturbed(rng, frames, sheet, column))
            different = {where for where in before.keys() | after.keys() if before.get(where) != after.get(where)}
            changed[graph.node(sheet, column)] = {graph.node(*where) for where in different}
    return Trial(seed, book, graph, changed)


def cells(book: sl.Workbook, frames: Frames) -> Cells:
    names = [sheet.name for sheet in book.sheets]
    run = book.run(sources=frames, sheets=names, threads=1)
    return {(sheet, name): values(c) for sheet in names for name, c in run[sheet].table.columns.items()}


def test_every_column_that_changes_names_the_source_column(trials: list[Trial]) -> None:
    for one in trials:
        assert not list(one.missed(one.graph)), one.seed
    kinds = Counter(sheet.kind for one in trials for sheet in one.book.sheets)
    assert set(kinds) == set(ALL_KINDS)
    assert {one.book.errors.mode for one in trials} == {"keep", "drop"}


def test_columns_named_in_vain_are_listed_and_few(trials: list[Trial]) -> None:
    """Lineage holds for all data: a column may well stay as it is in one trial. But most must not."""
    named = 0
    for one in trials:
        for source, changed in one.changed.items():
            down = [node for node in one.graph.reach([source], "down") if node.kind == "column" and node != source]
            named += len(down)
            vain = [node.id for node in down if node not in changed]
            print(f"workbook {one.seed}: {source.id} changed, and these did not: {', '.join(vain)}")
    changed_in_all = sum(len(changed - {source}) for one in trials for source, changed in one.changed.items())
    assert changed_in_all > named / 6


@pytest.mark.parametrize(
    "role", ["value", "filter", "join", "group", "order", "union", "lookup", "distinct", "position", "expand", "error"]
)
def test_without_a_role_columns_would_be_missed(trials: list[Trial], role: str) -> None:
    """The trials are sharp enough to notice a role that is missing from the graph."""
    for one in trials:
        inputs = {
            node: {source: kept for source, roles in some.items() if (kept := tuple(r for r in roles if r != role))}
            for node, some in one.graph.inputs.items()
        }
        if list(one.missed(replace(one.graph, inputs=inputs))):
            return
    pytest.fail(f"nothing would be missed without {role!r}")
