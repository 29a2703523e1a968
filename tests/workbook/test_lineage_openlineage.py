"""OpenLineage events: valid by the official schemas, with the right transformations, the same for the same run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from random_workbooks import random_workbook
from test_lineage import book

import sheetline as sl
from sheetline.functions import extras
from sheetline.workbook.lineage.openlineage import events

pytest.importorskip("openlineage.client", reason="openlineage-python is not installed")
NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
RUN = "0191d6f5-0000-7000-8000-000000000000"
_DATA = os.environ.get("SHEETLINE_DATA")
SCHEMAS = None if _DATA is None else Path(_DATA) / "openlineage"
SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json"
needs_schemas = pytest.mark.skipif(
    SCHEMAS is None or not SCHEMAS.is_dir(), reason="SHEETLINE_DATA names no folder with OpenLineage's schemas"
)


def of(made: sl.Workbook, **given: Any) -> list[dict[str, Any]]:
    return made.lineage(**given).to_openlineage(time=NOON, run_id=RUN)


def event(made: sl.Workbook, name: str) -> dict[str, Any]:
    (found,) = [one for one in of(made) if one["job"]["name"] == name]
    return found


def lines(fields: list[dict[str, Any]]) -> set[tuple[str, str, str, str]]:
    return {(f["name"], f["field"], t["type"], t["subtype"]) for f in fields for t in f["transformations"]}


def validators() -> Iterator[tuple[str, Any]]:
    """The schema of run events, and those of the facets by their own address."""
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource

    assert SCHEMAS is not None
    found = [json.loads(path.read_text()) for path in sorted(SCHEMAS.glob("*.json"))]
    registry: Any = Registry().with_resources((one["$id"], Resource.from_contents(one)) for one in found)
    check = Draft202012Validator.FORMAT_CHECKER
    for schema in found:
        for name in schema["$defs"]:
            where = f"{schema['$id']}#/$defs/{name}"
            yield where, Draft202012Validator({"$ref": where}, registry=registry, format_checker=check)


def facets_of(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "_schemaURL" in value:
            yield value
        for inner in value.values():
            yield from facets_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from facets_of(inner)


@needs_schemas
def test_events_and_facets_are_valid() -> None:
    known = dict(validators())
    books = [of(book()), of(book(), of="Sums", column="mean"), of(book(), of="E", direction="down", depth=2)]
    for seed in range(6):
        made, frames = random_workbook(np.random.default_rng(seed))
        books.append(of(made, sources=frames))
    checked = set()
    for found in books:
        for one in found:
            known[f"{SPEC}#/$defs/RunEvent"].validate(one)
            for facet in facets_of(one):
                where = facet["_schemaURL"]
                if where.endswith("/ExecutionParametersRunFacet"):  # compared with the package's own class
                    where = f"{SPEC}#/$defs/RunFacet"
                known[where].validate(facet)
                checked.add(facet["_schemaURL"].rpartition("/")[2])
    assert {"ColumnLineageDatasetFacet", "SchemaDatasetFacet", "ParentRunFacet", "SourceCodeJobFacet"} <= checked
    assert "ExecutionParametersRunFacet" in checked


@needs_schemas
def test_the_schemas_notice_what_is_wrong() -> None:
    known = dict(validators())
    broken = of(book())[1]
    broken["outputs"][0]["facets"]["columnLineage"]["fields"]["k"]["inputFields"][0].pop("field")
    assert not known[f"{SPEC}#/$defs/RunEvent"].is_valid(broken) or not all(
        known[facet["_schemaURL"]].is_valid(facet) for facet in facets_of(broken)
    )


def test_one_event_for_the_workbook_and_one_for_each_sheet_and_output() -> None:
    made = book()
    found = of(made)
    names = [one["job"]["name"] for one in found]
    assert names[0] == "W"
    assert set(names[1:]) == {f"W.{s.name}" for s in made.sheets} | {"W.output out/both.csv", "W.output out/open.csv"}
    assert found[0]["run"]["runId"] == RUN
    assert all(one["run"]["facets"]["parent"]["run"]["runId"] == RUN for one in found[1:])
    assert len({one["run"]["runId"] for one in found}) == len(found)
    assert all(one["eventTime"] == "2024-03-01T12:00:00.000+00:00" and one["eventType"] == "OTHER" for one in found)
    assert found == of(made), "the same run gives the same events"
    assert made.lineage().to_openlineage()[0]["run"]["runId"] != RUN
    for one in found:
        given = {(dataset["namespace"], dataset["name"]) for dataset in one["inputs"]}
        for output in one["outputs"]:
            facet = output["facets"]["columnLineage"]
            fields = [*facet["dataset"], *(f for field in facet["fields"].values() for f in field["inputFields"])]
            assert {(f["namespace"], f["name"]) for f in fields} <= given
            assert set(facet["fields"]) == {field["name"] for field in output["facets"]["schema"]["fields"]}


def test_transformations_of_a_sheet() -> None:
    facet = event(book(), "W.Sums")["outputs"][0]["facets"]["columnLineage"]
    row = "W.Row"
    assert lines(facet["dataset"]) == {(row, "k", "INDIRECT", "GROUP_BY")}
    fields = {name: lines(field["inputFields"]) for name, field in facet["fields"].items()}
    assert fields == {
        "k": {(row, "k", "DIRECT", "IDENTITY")},
        "n": set(),
        "s": {(row, "more", "DIRECT", "AGGREGATION")},
        "mean": {(row, "more", "DIRECT", "AGGREGATION")},
        "first": {(row, "found", "DIRECT", "AGGREGATION"), (row, "at", "INDIRECT", "SORT")},
    }
    (told,) = facet["fields"]["s"]["inputFields"][0]["transformations"]
    assert told["description"] == "GROUPSUM(#Row!more)"
    code = event(book(), "W.Row")["job"]["facets"]["sourceCode"]["sourceCode"]
    assert "more = #twice + #n" in code.splitlines()
    clean = event(book(), "W.Clean")["outputs"][0]["facets"]["columnLineage"]
    assert lines(clean["dataset"]) == {("W.E", "x", "INDIRECT", "FILTER")}
    assert clean["dataset"][0]["transformations"][0]["description"] == "where #x > 0"


def test_transformations_from_files_to_outputs() -> None:
    whole = of(book())[0]
    assert {(one["namespace"], one["name"]) for one in whole["inputs"]} == {("file", "e.csv"), ("file", "r.csv")}
    both = next(one for one in whole["outputs"] if one["name"] == "out/both.csv")
    facet = both["facets"]["columnLineage"]
    assert lines(facet["fields"]["y"]["inputFields"]) == {("r.csv", "y", "DIRECT", "IDENTITY")}
    mean = lines(facet["fields"]["mean"]["inputFields"])
    assert mean == {("e.csv", "n_", "DIRECT", "AGGREGATION"), ("e.csv", "x_", "DIRECT", "AGGREGATION")}
    assert ("r.csv", "k", "INDIRECT", "JOIN") in lines(facet["dataset"])


def test_names_of_files() -> None:
    made = (
        sl.Workbook("W")
        .source("A", "s3://bucket/in/a.parquet", columns={"x": "float"}, only=True)
        .source("B", "b.csv", columns={"x": "float"}, only=True)
        .output("A", "/out/a.csv")
    )
    found = events(made.lineage(), time=NOON, run_id=RUN, folder=Path("/data"), namespace="mine", state="COMPLETE")
    names = {(one["namespace"], one["name"]) for each in found for one in [*each["inputs"], *each["outputs"]]}
    assert names == {
        ("s3://bucket", "in/a.parquet"),
        ("file", "/data/b.csv"),
        ("mine", "W.A"),
        ("mine", "W.B"),
        ("file", "/out/a.csv"),
    }
    assert found[0]["eventType"] == "COMPLETE"


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="level 'column'"):
        book().lineage(level="sheet").to_openlineage()

    def missing(module: str) -> Any:
        raise ModuleNotFoundError(name=module.partition(".")[0])

    monkeypatch.setattr(extras.importlib, "import_module", missing)
    with pytest.raises(extras.MissingExtraError, match=r"sheetline\[openlineage\]"):
        book().lineage().to_openlineage()
