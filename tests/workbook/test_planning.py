"""Plans and runs of whole workbooks: what is read and computed, in which order, and what the graph says."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sheetline as sl
from sheetline.formulas.ast import ColumnRef, walk
from sheetline.formulas.parser import parse
from sheetline.workbook.planning import _may_name_more

EVENTS = "id,v,bad,k\n1,10,1,a\n2,20,x,b\n3,30,3,a\n4,40,y,b\n"
LISTED: list[dict[str, object]] = [
    {"name": "id", "type": "integer"}, {"name": "v", "type": "integer"},
    {"name": "bad", "type": "integer"}, {"name": "k", "type": "string"},
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "e.csv").write_text(EVENTS)
    return tmp_path


def book(mode: str = "keep", **settings_: Any) -> sl.Workbook:
    return sl.Workbook("W", errors=mode, **settings_).source("E", "e.csv", columns=LISTED)


# --- projection


def test_columns_that_nobody_needs_are_not_read(folder: Path) -> None:
    run = book().formulas("F", of="E", columns={"double": "#v * 2", "other": "#bad + 1"}).filter(
        "G", of="F", where="#double > 20"
    ).output("G", "o.csv", columns=["double"]).run()  # fmt: skip
    report = run.report.sheet("E")
    assert report.not_read == ["id", "bad", "k"]
    assert [c.name for c in report.columns] == ["v"]
    assert report.errors == 0
    assert not report.notices, "a cell that nobody reads is no error"
    assert run.report.sheet("F").not_read == ["other"]
    assert run["G"].to_pandas().to_dict("list") == {"double": [40, 60, 80]}


@pytest.mark.parametrize("mode", ["drop", "fail"])
def test_everything_is_computed_where_an_error_matters(mode: str, folder: Path) -> None:
    made = book(mode).formulas("F", of="E", columns={"double": "#v * 2"})
    if mode == "fail":
        with pytest.raises(sl.DataError, match=r"column 'bad': 2 errors, in rows 2, 4: "):
            made.run()
        return
    run = made.run()
    assert run.report.sheet("E").not_read == []
    assert run["F"].to_pandas()["double"].tolist() == [20, 60]


def test_what_decides_about_rows_is_read(folder: Path) -> None:
    run = book().sort("S", of="E", by="v", limit=3).distinct("D", of="S", columns=["k"]).output(
        "D", "o.csv", columns=["id"]
    ).run()  # fmt: skip
    assert run.report.sheet("E").not_read == ["bad"]
    assert run["D"].to_pandas()["id"].tolist() == [1, 2]


# --- wanted sheets


def test_wanted_sheets(folder: Path) -> None:
    base = book().formulas("A", of="E", columns={"a": "#v"}).formulas("B", of="E", columns={"b": "#v"})
    assert list(base.run()) == ["A", "B"], "without outputs the sheets that nobody uses"
    with_output = base.output("A", "o.csv")
    assert list(with_output.run()) == ["A"]
    kept = with_output.formulas("C", of="A", columns={"c": "#a"}, keep=True)
    assert sorted(kept.run()) == ["A", "C"]
    assert list(kept.run(sheets=["B"])) == ["B"]
    assert [s.name for s in kept.run(sheets=["B"]).report.sheets] == ["E", "B"]
    with pytest.raises(sl.WorkbookError, match="did you mean"):
        kept.run(sheets=["AA"])


def test_another_sheet_is_computed_when_asked_for(folder: Path) -> None:
    run = book().formulas("A", of="E", columns={"a": "#v"}).formulas("B", of="A", columns={"b": "#a"}).run()
    assert list(run) == ["B"]
    assert "A" in run
    assert run["A"].to_pandas()["a"].tolist() == [10, 20, 30, 40]
    assert run["E"].to_pandas()["id"].tolist() == [1, 2, 3, 4], "a sheet asked for has all its columns"
    with pytest.raises(sl.WorkbookError, match="there is no sheet 'Z'"):
        run["Z"]


# --- the order of sheets


def test_sheets_may_stand_in_any_order(folder: Path) -> None:
    sheets = [
        {"name": "Top", "kind": "filter", "of": "Mid", "where": '#name == "ann"'},
        {
            "name": "Mid",
            "kind": "formulas",
            "of": "E",
            "columns": {"id": "#id", "name": "LOOKUP(#k;#Names!k;#Names!name)"},
        },
        {"name": "Names", "kind": "formulas", "of": "N", "columns": {"k": "#k", "name": "LOWER(#n)"}},
        {"name": "N", "kind": "source", "from": {"type": "csv", "path": "n.csv"}},
        {"name": "E", "kind": "source", "from": {"type": "csv", "path": "e.csv"}},
    ]
    (folder / "n.csv").write_text("k,n\na,Ann\nb,Ben\n")
    for number, order in enumerate([sheets, sheets[::-1], sheets[2:] + sheets[:2]]):
        (folder / "w.json").write_text(json.dumps({"format": "sheetline/1", "name": "W", "sheets": order}))
        run = sl.Workbook.load("w.json").run()
        assert run["Top"].to_pandas()["id"].tolist() == [1, 3], number
        names = list(run.plan.steps)
        assert names.index("Names") < names.index("Mid") < names.index("Top"), "a lookup is a dependency"
        assert {(r.sheet, r.column, r.role) for r in run.plan.references("Mid", "name")} == {
            ("E", "k", "value"), ("Names", "k", "lookup"), ("Names", "name", "lookup"),
        }  # fmt: skip


def test_mistakes_stand_in_the_order_of_the_file(folder: Path) -> None:
    sheets = [
        {"name": "C", "kind": "filter", "of": "B", "where": "#a > > 1"},
        {"name": "B", "kind": "formulas", "of": "E", "columns": {"y": "#zzz", "x": "#q + #r"}},
        {"name": "E", "kind": "source", "from": {"type": "csv", "path": "e.csv"}},
    ]
    (folder / "w.json").write_text(json.dumps({"format": "sheetline/1", "name": "W", "sheets": sheets}, indent=1))
    found = sl.Workbook.load("w.json").check()
    assert [(d.sheet, d.column, d.code) for d in found] == [
        ("C", None, "F019"), ("B", "y", "F102"), ("B", "x", "F102"), ("B", "x", "F102"),
    ]  # fmt: skip
    places = [(d.line, d.col) for d in found]
    assert places == sorted(places)  # type: ignore[type-var]


# --- parameters, other sources, other names


def test_parameters() -> None:
    given = {"n": 5, "f": 0.5, "s": "a", "b": True, "d": datetime(2024, 1, 2, tzinfo=UTC)}
    made = sl.Workbook("W", parameters=given, timezone="Europe/Berlin").source("E", type="frame")
    made = made.formulas("F", of="E", columns={name: f"${name}" for name in given})

    def values(**parameters: Any) -> list[Any]:
        return made.run(sources={"E": {"x": [1]}}, parameters=parameters)["F"].to_pandas().iloc[0].tolist()

    assert values() == [5, 0.5, "a", True, pd.Timestamp("2024-01-02")]
    assert values(n="7", f="2", s="7", b="FALSE", d="2024-07-01") == [
        7, 2.0, "7", False, pd.Timestamp("2024-06-30T22:00:00"),
    ]  # fmt: skip
    assert values(f=3, d=date(2024, 7, 1))[4] == pd.Timestamp("2024-06-30T22:00:00")
    assert values(n=np.int64(9), f=np.float64(1.5))[:2] == [9, 1.5]
    assert values(d=pd.Timestamp("2024-07-01T00:00:00Z"))[4] == pd.Timestamp("2024-07-01")
    for wrong in (
        {"n": 1.5},
        {"n": "x"},
        {"n": True},
        {"f": "x"},
        {"s": 3},
        {"b": 1},
        {"d": "soon"},
        {"m": 1},
        {"n": None},
    ):
        with pytest.raises(sl.WorkbookError, match=f"parameter '?{next(iter(wrong))}'?"):
            values(**wrong)
    with pytest.raises(sl.WorkbookError) as caught:
        values(n="x", f="y", m=1)
    assert len(caught.value.diagnostics) == 3, "all of them at once"


def test_other_sources_and_names(folder: Path) -> None:
    made = book().formulas("F", of="E", columns={"double": "#v * 2"})
    frame = pd.DataFrame({"id": [1], "value": [7], "bad": [0], "k": ["z"]})
    assert made.run(sources={"E": frame}, mappings={"E": {"v": "value"}})["F"].to_pandas()["double"].tolist() == [14]
    (folder / "other.jsonl").write_text('{"id": 1, "v": 3, "bad": 2, "k": "q"}\n')
    assert made.run(sources={"E": "other.jsonl"})["F"].to_pandas()["double"].tolist() == [6]
    with pytest.raises(sl.SourceError, match="no column 'v'"):
        made.run(sources={"E": frame})
    with pytest.raises(sl.SourceError, match="vv"):
        made.run(mappings={"E": {"v": "vv"}})
    with pytest.raises(sl.WorkbookError, match="there is no sheet 'X'"):
        made.run(sources={"X": frame})
    sampled = made.run(sample=2)
    assert sampled["F"].to_pandas()["double"].tolist() == [20, 40]
    assert any("sample" in notice.message for notice in sampled.report.sheet("E").notices)


# --- the graph: what a column depends on

ROWS = 12
NAMES = ("a", "b", "c", "g")


def layered() -> sl.Workbook:
    """A workbook of every kind of sheet, over two frames."""
    return (
        sl.Workbook("W").source("E", type="frame").source("R", type="frame")
        .formulas("Row", of="E", copy=["a", "g"], columns={
            "sum": "#a + #b", "twice": "#sum * 2", "const": "1", "if": "IF(#a > 3; #b; #c)",
            "found": "LOOKUP(#g; #R!g; #R!a)", "share": "#c - AVERAGE(#c)", "b": "#b - 1"})
        .filter("Filter", of="Row", where="#a > 2")
        .sort("Sort", of="Row", by=[{"column": "sum", "order": "desc"}, {"column": "a"}], limit=8)
        .formulas("Groups", of="E", columns={
            "g": "GROUPBY(#g)", "n": "GROUPCOUNT()", "total": "GROUPSUM(#a)", "rate": "#total / #n",
            "first": "GROUPFIRST(#b; #c)"})
        .formulas("Series", of="E", columns={
            "g": "GROUPBY(#g)", "order": "GROUP_SORT_ASC(#b)", "before": "GROUP_PREVIOUS(#a)", "c": "#c"})
        .join("Join", left="Row", right="R", on="g", how="left", select={"x": "Row!twice", "y": "R!b"})
        .union("Union", of=["E", "R"])
        .distinct("Distinct", of="Union", columns=["g"])
        .pivot("Pivot", of="E", rows=["g"], column="b", values={"s": "GROUPSUM(#a)"}, expected=[1, 2, 3])
        .unpivot("Unpivot", of="E", keep=["g"], columns=["a", "b"])
        .sample("Sample", of="Row", rows=5, by="g")
    )  # fmt: skip


def frames(numbers: np.random.Generator) -> dict[str, dict[str, list[int]]]:
    return {
        sheet: {name: numbers.integers(0, 3 if name == "g" else 6, ROWS).tolist() for name in NAMES} for sheet in "ER"
    }


def sources_of(plan: Any, sheet: str, column: str) -> set[tuple[str, str]]:
    """Every source column that a column goes back to."""
    found: set[tuple[str, str]] = set()
    waiting = [(sheet, column)]
    while waiting:
        here = waiting.pop()
        if here not in found:
            found.add(here)
            waiting += [(r.sheet, r.column) for r in plan.references(*here)]
    return {one for one in found if one[0] in ("E", "R") and one[1]}


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=8)
def test_the_graph_names_every_column_that_matters(seed: int) -> None:
    numbers = np.random.default_rng(seed)
    made = layered()
    before = frames(numbers)
    sheets = [s.name for s in made.sheets if s.name not in ("E", "R")]
    run = made.run(sources=before, sheets=sheets)
    plan = run.plan
    for changed in (("E", str(numbers.choice(NAMES))), ("R", str(numbers.choice(NAMES)))):
        sheet, name = changed
        after = {**before, sheet: {**before[sheet], name: numbers.permutation(before[sheet][name]).tolist()}}
        again = made.run(sources=after, sheets=sheets)
        for other in sheets:
            old, new = run[other].to_pandas(), again[other].to_pandas()
            for column in old.columns:
                if not old[column].equals(new[column]):
                    assert changed in sources_of(plan, other, column), (other, column, changed)


def test_the_graph_names_no_column_without_reason() -> None:
    plan = layered().plan(sources=frames(np.random.default_rng(1)))
    assert sources_of(plan, "Row", "sum") == {("E", "a"), ("E", "b")}
    assert sources_of(plan, "Row", "const") == set()
    assert sources_of(plan, "Row", "found") == {("E", "g"), ("R", "g"), ("R", "a")}
    assert sources_of(plan, "Filter", "b") == {("E", "a"), ("E", "b")}
    assert sources_of(plan, "Groups", "rate") == {("E", "a"), ("E", "g")}
    assert sources_of(plan, "Groups", "first") == {("E", "b"), ("E", "c"), ("E", "g")}
    assert sources_of(plan, "Join", "y") == {("E", "g"), ("R", "g"), ("R", "b")}
    assert sources_of(plan, "Union", "a") == {("E", "a"), ("R", "a")}


# --- which sheets a formula names


NAMED = [
    "#E!v",
    "#E ! v",
    "#[E]!v",
    "#L!v",
    "#[L x]!v",
    "#[#E]!v",
    "#[a]]]!v",
    "#[x #E!y]",
    '"#L!v"',
    "!#v",
    "#v",
    "2",
    '"!"',
]


@given(st.lists(st.sampled_from(NAMED), min_size=1, max_size=4), st.sampled_from([" + ", " != ", "!=", ";"]))
def test_no_sheet_that_a_formula_names_is_overlooked(parts: list[str], between: str) -> None:
    text = f"LIST({between.join(parts)})"
    named = {node.sheet for node in walk(parse(text)) if isinstance(node, ColumnRef) and node.sheet is not None}
    assert _may_name_more(text, ["#E!"]) or named <= {"E"}


def test_formulas_over_the_sheets_taken_are_not_parsed_to_see_what_they_name() -> None:
    assert not _may_name_more("IF(#E!v != #Own!w; #E!v; #k)", ["#E!", "#Own!"])
