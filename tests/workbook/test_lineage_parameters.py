"""Parameters in the lineage: what they reach, in every view; and no column that changes with one is missed."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from calling import values
from random_workbooks import KINDS, random_workbook
from typer.testing import CliRunner

import sheetline as sl
from sheetline.workbook.cli.app import app
from sheetline.workbook.lineage import Lineage, Node, graph_of
from sheetline.workbook.lineage.page import page_data

PARAMETERS: dict[str, object] = {
    "least": {"type": "float", "value": 1, "description": "Less is noise."},
    "width": 2,
    "top": 1,
    "shift": 0,
    "factor": 1.5,
    "label": 'a "b"',
    "times": 2,
    "on": True,
    "start": {"type": "date", "value": "2024-03-01T00:00:00Z"},
    "unused": 7,
}
ROWS = {"k": ["a", "b", "a", "c", "b", "a"], "x": [5.0, 1.0, 3.0, 0.0, 2.0, 4.0], "n": [1, 2, 3, 1, 2, 3]}


def book() -> sl.Workbook:
    """Parameters in every place that takes a formula."""
    return (
        sl.Workbook("W", parameters=PARAMETERS)
        .source("E", type="frame")
        .source("R", type="frame")
        .filter("F", of="E", where="#x > $least")
        .filter("Gate", of="E", where="$on")
        .formulas("Row", of="F", copy=["k"], columns={
            "y": "#x * $factor", "z": "#y + 1", "said": "$label",
            "age": 'DATEDIFF(ASDATE("2024-05-01");$start;"day")'})
        .formulas("Bins", of="E", columns={"b": "GROUPBYBIN(#E!x;$width)", "s": "GROUPSUM(#E!x)"})
        .formulas("Top", of="E", columns={"k": "GROUPBY(#E!k)", "t": "GROUPTOPN(#E!x;$top)", "n": "#E!n"})
        .formulas("Many", of="E", columns={"k": "#k", "e": "EXPAND_RANGE(1;$times)"})
        .join("J", left="E", right="R", on=[{"left": "#n + $shift", "right": "n"}])
        .sort("Sorted", of="E", by=[{"formula": "#x * $factor"}])
        .sort("Cut", of="E", by=[{"formula": "MOD(#x;$width)"}], limit=2)
        .pivot("Wide", of="E", rows=["k"], column="n", values={"v": "GROUPSUM(#x * $factor)", "c": "GROUPCOUNT()"},
               expected=[1, 2])
        .output("Row", "out/row.csv")
    )  # fmt: skip


def frames() -> dict[str, Any]:
    return {"E": ROWS, "R": {"n": [1, 2, 3], "m": ["u", "v", "w"]}}


def down(name: str, **given: Any) -> Lineage:
    return book().lineage(f"${name}", direction="down", sources=frames(), **given)


@pytest.mark.parametrize(
    ("name", "reads"),
    [
        ("least", {"F!*": "filter"}),
        ("on", {"Gate!*": "filter"}),
        ("factor", {"Row!y": "value", "Sorted!*": "order", "Wide!1_v": "value", "Wide!2_v": "value"}),
        ("label", {"Row!said": "value"}),
        ("width", {"Bins!b": "value", "Cut!*": "order limit"}),
        ("top", {"Top!t": "value"}),
        ("times", {"Many!e": "value"}),
        ("shift", {"J!*": "join"}),
        ("unused", {}),
    ],
)
def test_what_a_parameter_decides_about(name: str, reads: dict[str, str]) -> None:
    graph = graph_of(book().plan(sources=frames()))
    found = graph.readers[graph.parameter(name)]
    assert {node.id: " ".join(roles) for node, roles in found.items()} == reads
    facts = graph.facts[graph.parameter(name)]
    assert facts.detail == "parameter"


def test_up_and_down() -> None:
    found = down("factor")
    assert [node.id for node in found.outputs] == ["output:[out/row.csv]!y", "output:[out/row.csv]!z"]
    assert found.names("Row", "z")
    assert not found.names("Row", "said")
    assert found.names("Sorted", "k"), "it stands elsewhere"
    up = book().lineage("Row", "z", sources=frames())
    assert [node.id for node in up.parameters] == ["$least", "$factor"]
    assert up.graph.facts[up.parameters[0]].description == "Less is noise."
    assert {node.id: roles for node, roles in up.graph.direct(Node("column", "F", "k")).items()} == {
        "E!k": ("value",), "E!x": ("filter",), "$least": ("filter",)
    }  # fmt: skip
    assert repr(down("least")) == "<Lineage of '$least', down: 8 columns in 4 places>"
    assert str(down("unused")) == "$unused (integer) = 7"
    given = book().lineage("$factor", sources=frames(), parameters={"factor": 3.5})
    assert str(given) == "$factor (float) = 3.5"
    with pytest.raises(KeyError):
        found.graph.parameter("nothing")
    with pytest.raises(sl.WorkbookError, match=r"no parameter '\$facter': did you mean '\$factor'"):
        book().lineage("$facter", sources=frames())


def test_a_sheet_may_be_called_like_a_parameter() -> None:
    made = sl.Workbook("W", parameters={"p": 1}).source("$p", type="frame")
    assert made.lineage("$p", sources={"$p": {"x": [1]}}).roots[0].kind == "rows"


def test_what_changes_with_a_parameter_is_named() -> None:
    """Every cell that another value of a parameter changes stands in a column that the lineage names."""
    others = {"least": 3.5, "width": 3, "top": 2, "shift": 1, "factor": -2.5, "label": "z", "times": 3, "on": False,
              "start": "2024-04-01T00:00:00Z", "unused": 8}  # fmt: skip
    before = cells(book(), frames())
    for name, value in others.items():
        after = cells(book(), frames(), parameters={name: value})
        changed = {where for where in before.keys() | after.keys() if before.get(where) != after.get(where)}
        assert bool(changed) == (name != "unused"), name
        found = down(name)
        assert not [where for where in changed if not found.names(*where)], name


def test_what_changes_with_a_parameter_is_named_in_random_workbooks() -> None:
    changes = 0
    for seed in range(30):
        made, data = random_workbook(
            np.random.default_rng(seed), kind=KINDS[seed % len(KINDS)], errors="drop" if seed % 4 == 0 else None
        )
        found = made.lineage("$p", direction="down", sources=data)
        before = cells(made, data)
        for value in (-1, 0, 1, 3, 50):
            after = cells(made, data, parameters={"p": value})
            changed = {where for where in before.keys() | after.keys() if before.get(where) != after.get(where)}
            missed = [where for where in changed if found.graph.node(*where) not in found.steps]
            assert not missed, (seed, missed)
            changes += bool(changed)
    assert changes > 12


def cells(made: sl.Workbook, data: Any, **given: Any) -> dict[tuple[str, str], list[object]]:
    names = [sheet.name for sheet in made.sheets]
    run = made.run(sources=data, sheets=names, threads=1, now="2024-03-01", **given)
    return {(sheet, name): values(c) for sheet in names for name, c in run[sheet].table.columns.items()}


# ---------------------------------------------------------------- views


def test_text_and_json() -> None:
    assert down("least", depth=2).to_text().splitlines()[:3] == [
        "$least (float) = 1.0",
        "└─ filter: rows of F: where #x > $least",
        "   ├─ filter: F!k (string)",
    ]
    assert down("least", level="sheet").to_text().splitlines()[:2] == [
        "$least (float) = 1.0",
        "└─ filter: F (filter): where #x > $least",
    ]
    listed = book().lineage(sources=frames()).to_text()
    assert "$width (integer) = 2\n\n" in listed
    assert "y (float) = #x * $factor ← F!x (value), $factor (value)" in listed
    readers = book().lineage(sources=frames(), direction="down").to_text()
    assert "$width (integer) = 2\n  → Bins!b (value)\n  → rows of Cut (order, limit)\n" in readers
    found = json.loads(down("label").to_json())
    assert found["of"] == {"parameter": "label"}
    assert found["places"][0] == {
        "id": "$label", "kind": "parameter", "name": "label", "type": "string", "rows": None, "description": None
    }  # fmt: skip
    node = found["nodes"][0]
    assert (node["id"], node["kind"], node["type"], node["formula"]) == ("$label", "parameter", "string", '"a \\"b\\""')
    assert found["edges"][0] == {"from": "$label", "to": "Row!said", "roles": ["value"]}


def test_diagrams_and_drawings() -> None:
    for level in ("column", "sheet"):
        text = book().lineage(sources=frames(), level=level).to_mermaid()  # type: ignore[arg-type]
        assert '["$label = #34;a #92;#34;b#92;#34;#34;"]:::parameter' in text
        assert text.count(":::parameter") == len(PARAMETERS)
        assert "classDef parameter" in text
    text = down("label").to_dot()
    assert "<B>$label</B> = &quot;a" in text
    assert re.search(r'^  b0 -> b1:c0 \[label="value"\];$', text, re.MULTILINE)
    root = ET.fromstring(down("least").to_svg())
    words = ["".join(one.itertext()) for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert words[:2] == ["$least", "= 1.0"]
    titles = [one.text for one in root.iter("{http://www.w3.org/2000/svg}title")]
    assert "$least → F!*: filter" in titles


def test_the_page_has_them_as_boxes_without_columns() -> None:
    data = page_data(book().lineage(sources=frames()))
    boxes = {box["name"]: (box["kind"], box["detail"]) for box in data["boxes"]}
    assert boxes["$width"] == ("parameter", "= 2")
    number = [box["name"] for box in data["boxes"]].index("$width")
    (node,) = [place for place, one in enumerate(data["nodes"]) if one[0] == number]
    assert data["nodes"][node] == [number, "", "integer", "2", None]
    assert sum(source == node for source, _, _ in data["edges"]) == 2


def test_openlineage_tells_them_as_parameters_of_the_run() -> None:
    facets = pytest.importorskip("openlineage.client.generated.execution_parameters_run", reason="not installed")
    given: dict[str, Any] = {"time": datetime(2024, 3, 1, tzinfo=UTC), "run_id": "0191d6f5-0000-7000-8000-000000000000"}
    found = {one["job"]["name"]: one for one in book().lineage(sources=frames()).to_openlineage(**given)}
    whole = found["W"]["run"]["facets"]["executionParameters"]
    assert [one["key"] for one in whole["parameters"]] == list(PARAMETERS)
    own = found["W.F"]["run"]["facets"]["executionParameters"]
    assert own["parameters"] == [{"key": "least", "description": "Less is noise.", "value": "1.0"}]
    parameters = [facets.ExecutionParameter(**one) for one in own["parameters"]]
    made = facets.ExecutionParametersRunFacet(parameters=parameters, producer=own["_producer"])
    assert made._schemaURL == own["_schemaURL"]
    assert [one["key"] for one in found["W.Gate"]["run"]["facets"]["executionParameters"]["parameters"]] == ["on"]
    assert "executionParameters" not in found["W.E"]["run"]["facets"]
    named = {dataset["name"] for one in found.values() for dataset in [*one["inputs"], *one["outputs"]]}
    assert not [name for name in named if "$" in name]


def test_the_command_line(tmp_path: Path) -> None:
    columns = [{"name": "x", "type": "float"}]
    made = sl.Workbook("W", parameters={"p": 1}).source("E", "e.csv", columns=columns, only=True)
    made.filter("F", of="E", where="#x > $p").save(tmp_path / "w.json")

    def call(*args: str) -> Any:
        return CliRunner().invoke(app, ["lineage", str(tmp_path / "w.json"), *args])

    expected = "$p (integer) = 4\n└─ filter: rows of F: where #x > $p\n   └─ filter: F!x (float)\n"
    assert call("$p", "--down", "--set", "p=4").stdout == expected
    assert call("$p", "--down", "--format", "html").stdout.startswith("<!DOCTYPE html>")
    wrong = call("$q", "--down")
    assert wrong.exit_code == 2
    assert "no parameter '$q'" in wrong.stderr
