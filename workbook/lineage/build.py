"""From a plan to the graph: every sheet's references, the columns of files, the parameters, and the outputs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sheetline.formulas.bound import ROWS, Reference
from sheetline.workbook.lineage.definitions import Definition, column_definition, rows_text
from sheetline.workbook.lineage.graph import OPEN, Facts, LineageGraph, Node, in_order
from sheetline.workbook.lineage.parameters import parameter_facts, parameters_of
from sheetline.workbook.sheets.pivot import PivotStep
from sheetline.workbook.sheets.source import SourceSheet
from sheetline.workbook.sources import SourceStep

if TYPE_CHECKING:
    from sheetline.workbook.model.base import SheetBase
    from sheetline.workbook.planning import Plan
    from sheetline.workbook.steps import Step

Inputs = dict[Node, dict[Node, tuple[str, ...]]]


def graph_of(plan: Plan) -> LineageGraph:
    """Return the graph of a plan. Nothing is run, and no data is looked at.

    >>> from sheetline import Workbook
    >>> book = Workbook("W").source("E", "e.csv", columns={"x": "integer"}, only=True)
    >>> graph = graph_of(book.filter("F", of="E", where="#x > 0").plan())
    >>> [(source.id, roles) for source, roles in graph.direct(graph.node("F", "x")).items()]
    [('E!x', ('value', 'filter'))]
    """
    return _Builder(plan).graph()


class _Builder:
    """Adds sheet by sheet; ``open`` holds the columns of each sheet that only a run knows."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.models: dict[str, SheetBase] = {sheet.name: sheet for sheet in plan.workbook.sheets}
        self.open: dict[str, dict[str, str]] = {}
        self.files: dict[Node, Facts] = {}
        self.parameters = parameter_facts(plan)
        self.facts: dict[Node, Facts] = {}
        self.inputs: Inputs = {}
        self.file_boxes: dict[Node, Facts] = {}
        self.boxes: dict[Node, Facts] = {}

    def graph(self) -> LineageGraph:
        for step in self.plan.steps.values():
            self._sheet(step)
        self._outputs()
        book = self.plan.workbook
        facts = {**self.files, **self.parameters, **self.facts}
        inputs = {node: self.inputs.get(node, {}) for node in facts}
        missing = {source for sources in inputs.values() for source in sources} - facts.keys()
        assert not missing, f"references to what does not exist: {sorted(missing)}"
        return LineageGraph(
            book.name, book.errors.mode, facts, inputs, {**self.file_boxes, **self.parameters, **self.boxes}
        )

    def _sheet(self, step: Step) -> None:
        model = self.models[step.name]
        self.open[step.name] = self._open_columns(step, model)
        types = {**{name: str(type_) for name, type_ in step.schema.items()}, **self.open[step.name]}
        rows = Node("rows", step.name)
        text = rows_text(model, step)
        self.boxes[rows.box] = Facts(text=text, detail=model.kind, description=model.description)
        self.facts[rows] = Facts(text=text, detail=model.kind)
        deciding = step.references(ROWS)
        given = parameters_of(model, step, types)
        own = given.get(ROWS, {})
        self.inputs[rows] = {**_links(deciding), **own}
        trivial = not own and all(one.column == ROWS and one.role == "position" for one in deciding)
        known = frozenset(deciding)
        drops = self.plan.workbook.errors.mode == "drop"
        for name, type_ in types.items():
            node = Node("column", step.name, name)
            made = column_definition(model, step, name)
            self.facts[node] = _column_facts(made, type_)
            found = step.references(name)
            links = _links(found if trivial else (one for one in found if one not in known))
            if not trivial:
                links[rows] = in_order(
                    [*(one.role for one in deciding), *(role for some in own.values() for role in some)]
                )
            if drops:
                links[rows] = in_order((*links.get(rows, ()), "error"))
                self.inputs[rows][node] = in_order((*self.inputs[rows].get(node, ()), "error"))
            self.inputs[node] = {**links, **given.get(name, {})}
        if isinstance(step, SourceStep):
            self._file(step, model)

    def _open_columns(self, step: Step, model: SheetBase) -> dict[str, str]:
        """Return names and types that stand for the columns of a pivot that are known only after a run."""
        if not step.open_schema:
            return {}
        if not isinstance(step, PivotStep):
            return self.open[model.inputs[0]]
        found: dict[str, str] = {}
        for value in step.values:
            name = f"{OPEN}_{value}"
            while name in step.schema:
                name = OPEN + name
            found[name] = str(step.bound.columns[value].type)
        return found

    def _file(self, step: SourceStep, model: SheetBase) -> None:
        """Add what a source reads: the columns of its file, each under its name there."""
        assert isinstance(model, SourceSheet)
        reader = step.reader
        place = f"frame {model.name}" if reader.endpoint.location is None else reader.endpoint.location
        names: dict[str, str | None] = {column.name: column.source_name for column in model.columns}
        names.update(reader.renames)
        rows = Node("file", place)
        self.file_boxes[rows] = Facts(detail=reader.endpoint.type)
        self.files.setdefault(rows, Facts(detail=reader.endpoint.type))
        self.inputs[Node("rows", model.name)][rows] = ("position",)
        for name in step.schema:
            own = names.get(name, name)
            if own is None:  # the file is known not to have it
                continue
            source = Node("file", place, own)
            self.files.setdefault(source, Facts())
            self.inputs[Node("column", model.name, name)][source] = ("value",)

    def _outputs(self) -> None:
        """Add the outputs, which nothing reads."""
        for output in self.plan.workbook.outputs:
            place = output.to.location or f"frame of {output.sheet}"
            rows = Node("output", place)
            number = 1
            while rows in self.facts:
                number += 1
                rows = Node("output", f"{place} ({number})")
            self.boxes[rows] = self.facts[rows] = Facts(detail=output.to.type)
            self.inputs[rows] = {Node("rows", output.sheet): ("position",)}
            schema = self.plan.steps[output.sheet].schema
            names = getattr(output.to, "columns", None) or [*schema, *self.open[output.sheet]]
            for name in names:
                column = self._column(output.sheet, name)
                node = Node("output", rows.place, name)
                self.facts[node] = Facts(type=self.facts[column].type)
                self.inputs[node] = {column: ("value",)}

    def _column(self, sheet: str, name: str) -> Node:
        """Return the node of a column, also of one that only a run knows."""
        node = Node("column", sheet, name)
        if node in self.facts:
            return node
        here = LineageGraph("", "", self.facts, {}, {})
        return here.node(sheet, name)


def _column_facts(made: Definition, type_: str) -> Facts:
    return Facts(type_, made.text, made.step, description=made.description)


def _links(references: Iterable[Reference]) -> dict[Node, tuple[str, ...]]:
    """Return the inputs that references name, each with all its roles."""
    found: dict[Node, list[str]] = {}
    for one in references:
        node = Node("rows", one.sheet) if one.column == ROWS else Node("column", one.sheet, one.column)
        found.setdefault(node, []).append(one.role)
    return {node: in_order(roles) for node, roles in found.items()}


__all__ = ["graph_of"]
