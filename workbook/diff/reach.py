"""What a change reaches: the columns and outputs that depend on it, from the graph of columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from sheetline.formulas import ast
from sheetline.formulas.diagnostics import FormulaError
from sheetline.formulas.parser import parse
from sheetline.functions.declare import Form
from sheetline.functions.registry import REGISTRY
from sheetline.workbook.diff.model import Reach
from sheetline.workbook.lineage.graph import Node

if TYPE_CHECKING:
    from sheetline.workbook.diff.sides import Side
    from sheetline.workbook.lineage.graph import LineageGraph


def reach_of_column(side: Side, sheet: str, column: str, *, formulas: Iterable[str] = ()) -> Reach | None:
    """Return what depends on a column; where a formula of it makes rows, all that depends on the sheet's rows too."""
    graph = side.graph
    if graph is None:
        return None
    try:
        node = graph.node(sheet, column)
    except KeyError:  # such as a column of a pivot that only a run knows
        return None
    roots = [node]
    if any(makes_rows(text) for text in formulas):
        roots += graph.members(node.box)
    return _reach(graph, roots, {node})


def reach_of_sheet(side: Side, *sheets: str) -> Reach | None:
    """Return what depends on whole sheets, their own columns among it."""
    graph = side.graph
    return None if graph is None else _reach(graph, [m for one in sheets for m in graph.members(Node("sheet", one))])


def reach_of_parameter(side: Side, name: str) -> Reach | None:
    """Return what depends on a parameter, the columns whose formulas use it among it."""
    graph = side.graph
    if graph is None:
        return None
    roots: list[Node] = []
    for sheet in side.book.sheets:
        for path, text in sheet.formula_texts():
            if not any(isinstance(node, ast.Parameter) and node.name == name for node in _nodes(text)):
                continue
            column = sheet.column_at(path) if sheet.kind == "formulas" else None
            if column is None or makes_rows(text):
                roots += graph.members(Node("sheet", sheet.name))
            else:
                roots.append(graph.node(sheet.name, column))
    return _reach(graph, roots)


def reach_of_timezone(side: Side) -> Reach | None:
    """Return what depends on the time zone."""
    from sheetline.workbook.record.definitions import definition

    if side.plan is None:
        return None
    sheets = [sheet.name for sheet in side.book.sheets if "timezone" in definition(side.plan, sheet.name)]
    return reach_of_sheet(side, *sheets)


def makes_rows(text: str) -> bool:
    """Whether a formula decides about the rows of its sheet: a key, an order, an expansion, a choice of rows.

    >>> makes_rows("GROUPBY(#x)"), makes_rows("GROUPSUM(#x)")
    (True, False)
    """
    for node in _nodes(text):
        function = REGISTRY.get(node.name) if isinstance(node, ast.Call) else None
        if function is None:
            continue
        if function.form in (Form.KEY, Form.EXPAND) or function.name.startswith("GROUP_SORT_"):
            return True
        if function.form is Form.SERIES and function.rows not in (None, "same"):
            return True
    return False


def _nodes(text: str) -> Iterator[ast.Node]:
    try:
        yield from ast.walk(parse(text))
    except FormulaError:
        return


def _reach(graph: LineageGraph, roots: Iterable[Node], without: Iterable[Node] = ()) -> Reach:
    left_out = set(without)
    found = graph.reach(roots, "down")
    ordered = [node for node in graph.facts if node in found and node not in left_out]
    columns = tuple(node.id for node in ordered if node.kind == "column")
    return Reach(columns, tuple(dict.fromkeys(node.place for node in ordered if node.kind == "output")))
