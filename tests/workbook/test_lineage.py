"""The graph of columns and its plain views: text, JSON, and the questions that the API answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from large_workbooks import large_workbook

import sheetline as sl
from sheetline.workbook.lineage import Node, graph_of
from sheetline.workbook.lineage.view import lineage_of

COLUMNS = {"k": "string", "n": "integer", "x": "float", "t": "date"}


def book(**settings: Any) -> sl.Workbook:
    """Two sources, and each kind of sheet once."""
    return (
        sl.Workbook("W", **settings)
        .source("E", "e.csv", columns=[{"name": name, "type": type_, "source": f"{name}_"} for name, type_ in
                                       COLUMNS.items()], only=True)
        .source("R", "r.csv", columns={"k": "string", "y": "float"}, only=True)
        .filter("Clean", of="E", where="#x>0")
        .formulas("Row", of="Clean", copy=["k"], columns={
            "one": "1", "twice": "#x*2", "more": "#twice + #n", "found": "LOOKUP(#k;#R!k;#R!y)", "at": "ROWNUMBER()"})
        .formulas("Sums", of="Row", columns={
            "k": "GROUPBY(#Row!k)", "n": "GROUPCOUNT()", "s": "GROUPSUM(#Row!more)", "mean": "#s / #n",
            "first": "GROUPFIRST(#Row!found;#Row!at)"})
        .formulas("Series", of="E", copy=["n"], columns={
            "k": "GROUPBY(#E!k)", "o": "GROUP_SORT_ASC(#E!t)", "before": "GROUP_PREVIOUS(#E!x)"})
        .sort("Top", of="Sums", by=[{"column": "s", "order": "desc"}], limit=3)
        .join("Both", left="Top", right="R", on="k", how="left")
        .join("All", left="R", right="Top", how="cross", select={"y": "R!y"})
        .union("Union", of=["E", "R"], origin="from")
        .distinct("Distinct", of="Union", columns=["k"])
        .pivot("Wide", of="E", rows=["k"], column="n", values={"v": "GROUPSUM(#x)"}, expected=[1, 2])
        .pivot("Open", of="E", rows=["k"], column="n", values={"v": "GROUPSUM(#x)", "w": "GROUPCOUNT()"})
        .filter("Opened", of="Open", where="ISNOTNULL(#k)")
        .unpivot("Long", of="E", keep=["k"], columns=["n", "x"], drop_nulls=True)
        .sample("Sample", of="E", rows=5, by="k")
        .output("Both", "out/both.csv", columns=["mean", "y"])
        .output("Opened", "out/open.csv")
    )  # fmt: skip


def direct(sheet: str, column: str | None = None, **settings: Any) -> dict[str, str]:
    """What a column is made of directly, by id."""
    graph = graph_of(book(**settings).plan())
    return {node.id: " ".join(roles) for node, roles in graph.direct(graph.node(sheet, column)).items()}


@pytest.mark.parametrize(
    ("sheet", "column", "inputs"),
    [
        ("E", "x", {"file:e.csv!x_": "value"}),
        ("E", None, {"file:e.csv!*": "position"}),
        ("Clean", "k", {"E!k": "value", "E!x": "filter"}),
        ("Clean", None, {"E!x": "filter"}),
        ("Row", "one", {"Clean!*": "position"}),
        ("Row", "at", {"Clean!*": "position"}),
        ("Row", "twice", {"Clean!x": "value"}),
        ("Row", "more", {"Row!twice": "value", "Clean!n": "value"}),
        ("Row", "found", {"Row!k": "value", "R!k": "lookup", "R!y": "lookup"}),
        ("Sums", "k", {"Row!k": "value group"}),
        ("Sums", "n", {"Sums!k": "group"}),
        ("Sums", "mean", {"Sums!s": "value", "Sums!n": "value", "Sums!k": "group"}),
        ("Sums", "first", {"Row!found": "value", "Row!at": "order", "Sums!k": "group"}),
        ("Series", "n", {"E!n": "value", "Series!k": "group", "Series!o": "order"}),
        ("Series", "before", {"E!x": "value", "E!*": "position", "Series!k": "group", "Series!o": "order"}),
        ("Top", "mean", {"Sums!mean": "value", "Sums!s": "order limit"}),
        ("Both", "k", {"Top!k": "value join", "R!k": "join"}),
        ("Both", "y", {"R!y": "value", "Top!k": "join", "R!k": "join"}),
        ("All", "y", {"R!y": "value", "R!*": "join", "Top!*": "join"}),
        ("Union", "k", {"E!k": "value", "R!k": "value", "E!*": "union", "R!*": "union"}),
        ("Union", "from", {"E!*": "union", "R!*": "union"}),
        ("Distinct", "y", {"Union!y": "value", "Union!k": "distinct"}),
        ("Wide", "k", {"E!k": "value group"}),
        ("Wide", "1_v", {"E!x": "value", "E!k": "group", "E!n": "group"}),
        ("Open", "7_v", {"E!x": "value", "E!k": "group", "E!n": "group"}),
        ("Opened", "7_w", {"Open![…_w]": "value", "Open!k": "filter"}),
        ("Long", "k", {"E!k": "value", "E!n": "filter", "E!x": "filter"}),
        ("Long", "Column", {"E!n": "filter", "E!x": "filter"}),
        ("Long", "Value", {"E!n": "value filter", "E!x": "value filter"}),
        ("Sample", "x", {"E!x": "value", "E!k": "sample", "E!*": "sample"}),
    ],
)
def test_direct_inputs(sheet: str, column: str | None, inputs: dict[str, str]) -> None:
    assert direct(sheet, column) == inputs


def test_in_mode_drop_each_column_decides_about_the_others() -> None:
    assert direct("Row", "twice", errors="drop") == {
        "Clean!x": "value",
        "Clean!*": "position",
        **dict.fromkeys(["Row!k", "Row!one", "Row!more", "Row!found", "Row!at"], "error"),
    }
    found = book(errors="drop").lineage("Sums", "s")
    assert found.names("E", "k")
    assert found.names("E", "t"), "an error in any column of a source drops its row"
    assert not book().lineage("Sums", "s").names("E", "t")


def test_outputs_stand_at_the_end_of_the_way_down() -> None:
    down = book().lineage("R", "y", direction="down")
    assert [node.id for node in down.outputs] == ["output:[out/both.csv]!y"]
    assert "mean" in [node.column for node in book().lineage("E", "n", direction="down").outputs]
    opened = book().lineage("E", "x", "down")
    columns = [node.column for node in opened.outputs if node.place == "out/open.csv"]
    assert columns == ["…_v"], "the columns that only a run knows, but for the count and the key"
    assert [node.id for node in book().lineage("Both", "mean").sources] == [
        "file:e.csv!k_", "file:e.csv!n_", "file:e.csv!x_", "file:r.csv!k",
    ]  # fmt: skip


def test_nothing_is_unknown_and_all_ends_at_files() -> None:
    graph = graph_of(book().plan())
    for node in graph.facts:
        up = graph.reach([node])
        ends = [one for one in up if not graph.inputs[one]]
        assert ends, node
        assert all(one.kind == "file" for one in ends), node
    assert all(graph.inputs[target][source] for target, some in graph.inputs.items() for source in some)


def test_a_mapping_and_another_file_show() -> None:
    made = sl.Workbook("W").source("E", "e.csv", columns={"x": "float"}, only=True)
    up = made.lineage("E", "x", sources={"E": "other.csv"}, mappings={"E": {"x": "speed"}})
    assert [node.id for node in up.sources] == ["file:other.csv!speed"]
    frame = sl.Workbook("W").source("E", type="frame").lineage("E", sources={"E": {"x": [1]}})
    assert {node.place for node in frame.sources} == {"frame E"}


def test_steps_and_levels() -> None:
    made = book()
    near = made.lineage("Top", "mean", depth=1)
    assert {node.id: steps for node, steps in near.steps.items()} == {
        "Top!mean": 0, "Top!*": 0, "Sums!mean": 1, "Sums!s": 1,
    }  # fmt: skip
    assert {edge.source.id for edge in near.edges} == {"Top!*", "Sums!mean", "Sums!s"}
    assert made.lineage("Top", "mean", depth=0).steps == {Node("column", "Top", "mean"): 0}
    sheets = made.lineage("Sums", level="sheet")
    assert [node.id for node in sheets.nodes] == ["file:e.csv!*", "file:r.csv!*", "E", "R", "Clean", "Row", "Sums"]
    few = made.lineage("Sums", "s", level="sheet")
    assert "R" not in [node.place for node in few.nodes], "only the sheets that this column needs"
    down = made.lineage("R", level="sheet", direction="down", depth=1)
    assert {node.place for node in down.nodes} == {"R", "Row", "Both", "All", "Union"}
    assert repr(made.lineage("Sums", "s")) == "<Lineage of 'Sums!s', up: 11 columns in 5 places>"


def test_mistakes_in_the_call() -> None:
    made = book()
    with pytest.raises(sl.WorkbookError, match=r"no sheet 'Sum'.*did you mean 'Sums'"):
        made.lineage("Sum")
    with pytest.raises(sl.WorkbookError, match=r"no column 'meen'.*did you mean 'mean'"):
        made.lineage("Sums", "meen")
    for wrong in ({"direction": "left"}, {"level": "row"}, {"depth": -1}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            made.lineage("Sums", **wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="of which sheet"):
        made.lineage(column="x")


def test_text_marks_what_was_told() -> None:
    assert (
        str(book().lineage("Sums", "mean"))
        == """\
Sums!mean (float) = #s / #n
├─ value: Sums!n (integer) = GROUPCOUNT()
│  └─ group: rows of Sums: grouped by #k
│     └─ group: Sums!k (string) = GROUPBY(#Row!k)
│        ├─ value, group: Row!k (string)
│        │  └─ value: Clean!k (string)
│        │     ├─ value: E!k (string)
│        │     │  └─ value: e.csv k_
│        │     └─ filter: rows of Clean: where #x > 0
│        │        └─ filter: E!x (float)
│        │           └─ value: e.csv x_
│        └─ group: rows of Sums … see above
├─ value: Sums!s (float) = GROUPSUM(#Row!more)
│  ├─ value: Row!more (float) = #twice + #n
│  │  ├─ value: Row!twice (float) = #x * 2
│  │  │  └─ value: Clean!x (float)
│  │  │     ├─ value: E!x … see above
│  │  │     └─ filter: rows of Clean … see above
│  │  └─ value: Clean!n (integer)
│  │     ├─ value: E!n (integer)
│  │     │  └─ value: e.csv n_
│  │     └─ filter: rows of Clean … see above
│  └─ group: rows of Sums … see above
└─ group: rows of Sums … see above"""
    )


def test_text_of_everything() -> None:
    made = book()
    columns = made.lineage().to_text()
    assert "  more (float) = #twice + #n ← Row!twice (value), Clean!n (value)" in columns
    assert "Top (sort): sorted by #s descending, the first 3" in columns
    assert "Both (join): left join of Top and R on #k" in columns
    assert "Sample (sample): a sample of 5 rows of each #k, seed 0" in columns
    assert "Long (unpivot): a row for each of #n, #x that is not null" in columns
    sheets = made.lineage(level="sheet").to_text()
    assert "Both (join): left join of Top and R on #k\n  ← R (value, join)\n  ← Top (value, join)" in sheets
    down = made.lineage(direction="down", level="sheet").to_text()
    assert "Top (sort): sorted by #s descending, the first 3\n  → Both (value, join)\n  → All (join)" in down


def test_json_is_complete_and_stable() -> None:
    found = book().lineage("Row", "twice")
    data = json.loads(found.to_json())
    assert data == found.to_dict()
    assert data["format"] == "sheetline-lineage/1"
    assert data["of"] == {"sheet": "Row", "column": "twice"}
    assert data["places"][1] == {
        "id": "E", "kind": "sheet", "name": "E", "type": "source", "rows": None, "description": None,
    }  # fmt: skip
    assert data["nodes"][-1] == {
        "id": "Row!twice", "kind": "column", "place": "Row", "column": "twice", "type": "float", "formula": "#x * 2",
        "description": None, "steps": 0,
    }  # fmt: skip
    assert {"from": "E!x", "to": "Clean!*", "roles": ["filter"]} in data["edges"]
    ids = [node["id"] for node in data["nodes"]]
    assert len(set(ids)) == len(ids)
    assert {end for edge in data["edges"] for end in (edge["from"], edge["to"])} <= set(ids)
    assert book().lineage("Row", "twice").to_json() == found.to_json()


def test_names_that_are_no_words() -> None:
    odd = 'a]b!c "#'
    made = (
        sl.Workbook("W").source("My sheet!", "e.csv", columns={odd: "float", "*": "float"}, only=True)
        .filter("F", of="My sheet!", where="#[*] > 0")
    )  # fmt: skip
    found = made.lineage("F", odd)
    assert [node.id for node in found.nodes if node.place == "My sheet!"] == [
        '[My sheet!]![a]]b!c "#]', "[My sheet!]![*]",
    ]  # fmt: skip


def test_large_workbooks() -> None:
    graph = graph_of(large_workbook(errors="drop").plan())
    assert sum(node.kind == "column" for node in graph.facts) == 5000
    assert len(list(graph.edges())) < 30_000, "what decides about rows is told once a sheet"
    last = [box.place for box in graph.boxes if box.kind == "sheet"][-1]
    assert len(lineage_of(graph, last, graph.columns_of(last)[0]).steps) > 100
    made = sl.Workbook("Deep").source("S0", "e.csv", columns={"x": "float"}, only=True)
    for number in range(1500):
        made = made.filter(f"S{number + 1}", of=f"S{number}", where="#x > 0") if number < 3 else made
    columns = {"c0": "#x", **{f"c{number}": f"#c{number - 1} + 1" for number in range(1, 1500)}}
    deep = made.formulas("Deep", of="S3", columns=columns).lineage("Deep", "c1499")
    assert deep.names("S0", "x")
    assert str(deep).count("\n") > 1500
