"""Where every column of a workbook comes from, and what depends on it: one static graph, and its views."""

from sheetline.workbook.lineage.build import graph_of
from sheetline.workbook.lineage.graph import ROLES, Edge, Facts, LineageGraph, Node
from sheetline.workbook.lineage.view import Lineage

__all__ = ["ROLES", "Edge", "Facts", "Lineage", "LineageGraph", "Node", "graph_of"]
