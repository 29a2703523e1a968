"""Lineage as OpenLineage run events: one for the workbook from its files to its outputs, one for each sheet.

Each event tells, beside its datasets and their columns, by which transformation every column comes from which: the
facet ``columnLineage`` with DIRECT (IDENTITY, TRANSFORMATION, AGGREGATION) and INDIRECT (JOIN, GROUP_BY, FILTER, SORT,
WINDOW) steps. What decides about all rows of a dataset stands there once, under ``dataset``. See
https://openlineage.io/spec/facets/1-2-0/ColumnLineageDatasetFacet.json. Parameters are no datasets: the run of each
event has those that its job uses, with their values, in the facet ``executionParameters``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sheetline.functions.extras import load
from sheetline.workbook.lineage.graph import LineageGraph, Node
from sheetline.workbook.lineage.openlineage_steps import Step, inputs_by_step

if TYPE_CHECKING:
    from sheetline.workbook.lineage.view import Lineage

PRODUCER: Final = "https://pypi.org/project/sheetline"
EXTRA: Final = "openlineage"
_PARAMETERS: Final = "ExecutionParametersRunFacet"
_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+://[^/]*)/?(.*)", re.DOTALL)


class _Package(NamedTuple):
    """The modules of openlineage-python that are used."""

    event: Any
    lineage: Any
    schema: Any
    parent: Any
    job_type: Any
    engine: Any
    job_words: Any
    words: Any
    code: Any
    serde: Any
    uuid: Any


def _package() -> _Package:
    client = "openlineage.client"
    facets = ("column_lineage_dataset", "schema_dataset", "parent_run", "job_type_job", "processing_engine_run",
              "documentation_job", "documentation_dataset", "source_code_job")  # fmt: skip
    places = ["event_v2", *(f"generated.{name}" for name in facets), "serde", "uuid"]
    return _Package._make(load(f"{client}.{place}", EXTRA) for place in places)


def events(
    lineage: Lineage,
    *,
    namespace: str = "sheetline",
    time: datetime | None = None,
    run_id: str | None = None,
    folder: Path | None = None,
    state: str = "OTHER",
) -> list[dict[str, Any]]:
    """Return the events as plain data, the workbook's first; each event of a sheet names it as its parent.

    Args:
        lineage: what is told: the columns on the way.
        namespace: the namespace of jobs and of sheets; files have ``file``, or the beginning of their URL.
        time: the time of the events, with a zone; now without it.
        run_id: the UUID of the run; a new one without it. Sheets get one that follows from it.
        folder: what relative paths are relative to; they stay relative without it.
        state: the state of the run. Lineage alone is no run: "OTHER" says that.

    Raises:
        MissingExtraError: the package openlineage-python is not installed.
        ValueError: the lineage is one of sheets, without columns.
    """
    if lineage.level != "column":
        raise ValueError("OpenLineage events tell columns: they need lineage of level 'column'")
    package = _package()
    moment = time if time is not None else datetime.now(UTC)
    run = run_id if run_id is not None else str(package.uuid.generate_new_uuid(moment))
    told = _Events(lineage, package, namespace, moment, run, folder, state)
    made = []
    for event, parameters in told.all():
        plain = package.serde.Serde.to_dict(event)
        if parameters:
            plain["run"]["facets"]["executionParameters"] = _parameters_facet(graph=lineage.graph, nodes=parameters)
        made.append(plain)
    return made


def _parameters_facet(graph: LineageGraph, nodes: Iterable[Node]) -> dict[str, Any]:
    """Return the run facet of parameters; as plain data, since older versions of the package don't have it."""
    told = []
    for node in nodes:
        facts = graph.facts[node]
        told.append({"key": node.place, "description": facts.description, "value": facts.text})
    return {
        "_producer": PRODUCER,
        "_schemaURL": f"https://openlineage.io/spec/facets/1-0-0/{_PARAMETERS}.json#/$defs/{_PARAMETERS}",
        "parameters": [{key: value for key, value in one.items() if value is not None} for one in told],
    }


@dataclass(frozen=True, slots=True)
class _Events:
    lineage: Lineage
    package: _Package
    namespace: str
    moment: datetime
    run: str
    folder: Path | None
    state: str

    @property
    def graph(self) -> LineageGraph:
        return self.lineage.graph

    def all(self) -> Iterator[tuple[Any, list[Node]]]:
        """Yield all events, each with the parameters that its job uses."""
        on_the_way = {node.box for node in self.lineage.steps}
        boxes = [box for box in self.graph.boxes if box in on_the_way]
        yield self._workbook(boxes), [box for box in boxes if box.kind == "parameter"]
        for box in boxes:
            if box.kind not in ("file", "parameter"):
                yield self._sheet(box), self._parameters(box)

    def _parameters(self, box: Node) -> list[Node]:
        used = {source for node in self._members(box) for source in self.graph.inputs[node]}
        return [node for node in self.graph.boxes if node.kind == "parameter" and node in used]

    def _workbook(self, boxes: Iterable[Node]) -> Any:
        files = [box for box in boxes if box.kind == "file"]
        outputs = [self._traced(box, lambda node: node.kind == "file") for box in boxes if box.kind == "output"]
        job = self._job(self.graph.workbook, "WORKBOOK")
        return self._event(self.run, job, {}, [self._input(box) for box in files], outputs)

    def _sheet(self, box: Node) -> Any:
        """Return the event of one sheet, or of writing one output."""
        output = self._traced(box, lambda node: node.box != box)
        below = {source.box: None for node in self._members(box) for source in self.graph.inputs[node]}
        sets = [one for one in self.graph.boxes if one in below and one.kind != "parameter"]
        inputs = [self._input(one) for one in sets if one != box]
        facts = self.graph.boxes[box]
        name = f"{self.graph.workbook}.{'' if box.kind == 'sheet' else 'output '}{box.place}"
        job = self._job(name, facts.detail.upper() if box.kind == "sheet" else "OUTPUT")
        if facts.description:
            job.facets["documentation"] = self.package.job_words.DocumentationJobFacet(
                description=facts.description, producer=PRODUCER
            )
        code = self._code(box)
        if code:
            job.facets["sourceCode"] = self.package.code.SourceCodeJobFacet(
                language="sheetline", sourceCode=code, producer=PRODUCER
            )
        parent = self.package.parent.ParentRunFacet(
            run=self.package.parent.Run(runId=self.run),
            job=self.package.parent.Job(namespace=self.namespace, name=self.graph.workbook),
            producer=PRODUCER,
        )
        run = self.package.uuid.generate_static_uuid(self.moment, f"{self.run} {box.id}".encode())
        return self._event(str(run), job, {"parent": parent}, inputs, [output])

    def _event(
        self, run: str, job: Any, facets: Mapping[str, Any], inputs: list[Any], outputs: list[Any]
    ) -> Any:  # fmt: skip
        import sheetline

        engine = self.package.engine.ProcessingEngineRunFacet(
            version=sheetline.__version__, name="sheetline", producer=PRODUCER
        )
        return self.package.event.RunEvent(
            eventType=self.package.event.RunState(self.state),
            eventTime=self.moment.isoformat(timespec="milliseconds"),
            run=self.package.event.Run(runId=run, facets={**facets, "processing_engine": engine}),
            job=job,
            inputs=inputs,
            outputs=outputs,
            producer=PRODUCER,
        )

    def _job(self, name: str, kind: str) -> Any:
        facet = self.package.job_type.JobTypeJobFacet(
            processingType="BATCH", integration="SHEETLINE", jobType=kind, producer=PRODUCER
        )
        return self.package.event.Job(namespace=self.namespace, name=name, facets={"jobType": facet})

    def _code(self, box: Node) -> str:
        """Return a sheet's formulas, and what makes its rows, as text."""
        facts = self.graph.facts
        lines = [
            f"{node.column} = {facts[node].text}" for node in self._members(box) if node.column and facts[node].text
        ]
        rows = self.graph.boxes[box].text
        return "\n".join([*([rows] if rows else []), *lines])

    # --- datasets

    def _members(self, box: Node) -> list[Node]:
        return [node for node in self.graph.members(box) if node in self.lineage.steps]

    def _name(self, box: Node) -> tuple[str, str]:
        """Return a dataset's namespace and name, by the rules of OpenLineage for files."""
        if box.kind == "sheet":
            return self.namespace, f"{self.graph.workbook}.{box.place}"
        if self.graph.boxes[box].detail == "frame":
            return self.namespace, f"{self.graph.workbook}.{box.place}"
        url = _URL.fullmatch(box.place)
        if url is not None:
            return url[1], url[2] or "/"
        return "file", box.place if self.folder is None else (self.folder / box.place).as_posix()

    def _facets(self, box: Node) -> dict[str, Any]:
        schema = self.package.schema
        fields = []
        for node in self._members(box):
            facts = self.graph.facts[node]
            if node.column:
                field = {"name": node.column, "type": facts.type, "description": facts.description}
                fields.append(schema.SchemaDatasetFacetFields(**field, fields=None))
        facets = {"schema": schema.SchemaDatasetFacet(fields=fields, producer=PRODUCER)}
        description = self.graph.boxes[box].description
        if description and box.kind == "sheet":
            facets["documentation"] = self.package.words.DocumentationDatasetFacet(
                description=description, producer=PRODUCER
            )
        return facets

    def _input(self, box: Node) -> Any:
        namespace, name = self._name(box)
        return self.package.event.InputDataset(namespace=namespace, name=name, facets=self._facets(box))

    def _traced(self, box: Node, ends: Callable[[Node], bool]) -> Any:
        """Return an output dataset with the lineage of its columns up to the nodes that ``ends`` holds for."""
        namespace, name = self._name(box)
        rows = Node("output" if box.kind == "output" else "rows", box.place)
        whole = inputs_by_step(self.graph, rows, ends, {})
        decided = self.graph.reach([rows])
        fields = {}
        for node in self._members(box):
            if node.column:
                inputs = self._fields(inputs_by_step(self.graph, node, ends, decided))
                fields[node.column] = self.package.lineage.Fields(inputFields=inputs)
        facet = self.package.lineage.ColumnLineageDatasetFacet(
            fields=fields, dataset=self._fields(whole), producer=PRODUCER
        )
        facets = {**self._facets(box), "columnLineage": facet}
        return self.package.event.OutputDataset(namespace=namespace, name=name, facets=facets)

    def _fields(self, found: Mapping[Node, list[Step]]) -> list[Any]:
        made = []
        for node, steps in found.items():
            namespace, name = self._name(node.box)
            told = [
                self.package.lineage.Transformation(type=kind, subtype=subtype, description=text, masking=None)
                for kind, subtype, text in steps
            ]
            made.append(
                self.package.lineage.InputField(namespace=namespace, name=name, field=node.column, transformations=told)
            )
        return made
