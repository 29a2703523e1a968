"""What belongs to the key of a result: whatever changes it must be noticed, and only what depends on it is made."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_cache_property import bare, exact, made, seen

import sheetline as sl
from sheetline.functions import registry
from sheetline.functions.columns import Column
from sheetline.functions.context import Call
from sheetline.functions.types import list_of
from sheetline.workbook.cache.keys import Keys
from sheetline.workbook.cache.libraries import PACKAGES
from sheetline.workbook.cache.store import Store
from sheetline.workbook.run import Run
from sheetline.workbook.sheets import KINDS

CSV = "id,n,t,word\n1,10,2024-01-01 00:00:00,b\n2,,2024-01-02 12:00:00,a\n3,30,2024-01-03 00:00:00,b\n4,x,,c\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SHEETLINE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "e.csv").write_text(CSV)
    (tmp_path / "other.csv").write_text("key,value\n1,one\n2,two\n3,three\n")
    return tmp_path


def workbook(folder: Path, **changes: Any) -> sl.Workbook:
    """A workbook with every kind of dependency; ``changes`` replace sheets or keys."""
    sheets: dict[str, dict[str, Any]] = {
        "E": {
            "kind": "source",
            "from": {"type": "csv", "path": "e.csv"},
            "columns": [{"name": "n", "type": "integer"}, {"name": "t", "type": "date"}],
        },
        "Other": {"kind": "source", "from": {"type": "csv", "path": "other.csv"}},
        "F": {
            "kind": "formulas",
            "of": "E",
            "columns": {
                "id": "#id",
                "double": "#n * 2",
                "plus": "#n + $p",
                "again": "#plus + 1",
                "name": "LOOKUP(#id;#Other!key;#Other!value)",
                "day": "DAY(#t)",
                "chance": "RAND()",
                "two": "2",
                "rounded": "ROUND(#n / 3;2)",
            },
        },
        "Some": {"kind": "filter", "of": "F", "where": "#id > 1"},
        "Top": {"kind": "sort", "of": "Some", "by": [{"formula": "-#id"}], "limit": 2},
        "G": {"kind": "formulas", "of": "E", "columns": {"w": "GROUPBY(#word)", "sum": "GROUPSUM(#n)"}},
    }
    for name, sheet in changes.pop("sheets", {}).items():
        sheets[name] = {**sheets.get(name, {}), **sheet}
    data = {
        "format": "sheetline/1",
        "name": "W",
        "parameters": {"p": {"type": "integer", "value": 1}},
        "sheets": [{"name": name, **sheet} for name, sheet in sheets.items()],
        **changes,
    }
    path = folder / "w.json"
    path.write_text(json.dumps(data))
    return sl.Workbook.load(path)


def checked(book: sl.Workbook, **options: Any) -> Run:
    """Run with the cache, and compare with a run without."""
    options = {"now": "2024-05-01", **options}
    run = book.run(cache=True, **options)
    assert seen(run) == seen(book.run(**options))
    return run


def work(run: Run) -> dict[str, set[str]]:
    return {name: columns for name, columns in made(run).items() if columns}


def why(run: Run) -> dict[str, str]:
    return {sheet.name: sheet.why for sheet in run.report.sheets}


def test_a_second_run_makes_nothing(folder: Path) -> None:
    run = checked(workbook(folder))
    assert set(work(run)) == {"E", "Other", "F", "Some", "Top", "G"}
    assert set(why(run).values()) == {"new"}
    run = checked(workbook(folder))
    assert work(run) == {}
    assert set(why(run).values()) == {"taken from the cache"}


FORMULAS = {
    "id": "#id", "double": "#n * 2", "plus": "#n + $p", "again": "#plus + 1",
    "name": "LOOKUP(#id;#Other!key;#Other!value)", "day": "DAY(#t)", "chance": "RAND()", "two": "2",
    "rounded": "ROUND(#n / 3;2)",
}  # fmt: skip


def test_one_formula(folder: Path) -> None:
    checked(workbook(folder))
    run = checked(workbook(folder, sheets={"F": {"columns": {**FORMULAS, "rounded": "ROUND(#n / 4;1)"}}}))
    assert work(run) == {"F": {"rounded"}, "Some": {"rounded"}, "Top": {"rounded"}}
    assert why(run)["F"] == "its formula changed"
    assert why(run)["Some"] == "F.rounded changed"
    run = checked(workbook(folder, sheets={"F": {"columns": {**FORMULAS, "plus": "#n - $p"}}}))
    assert work(run)["F"] == {"plus", "again"}
    assert "the formula of plus changed" in why(run)["F"]


def test_a_parameter(folder: Path) -> None:
    checked(workbook(folder))
    run = checked(workbook(folder), parameters={"p": 7})
    assert work(run) == {name: {"plus", "again"} for name in ("F", "Some", "Top")}
    assert why(run)["F"] == "parameter $p changed"
    assert why(run)["Top"] == "Some.plus, Some.again changed"


def test_a_sheet_that_is_looked_up(folder: Path) -> None:
    checked(workbook(folder))
    (folder / "other.csv").write_text("key,value\n1,one\n2,two\n3,THREE\n")
    run = checked(workbook(folder))
    assert work(run) == {"Other": {"key", "value"}, **{name: {"name"} for name in ("F", "Some", "Top")}}
    assert why(run)["Other"] == "its file changed"


def test_the_file_of_a_source(folder: Path) -> None:
    checked(workbook(folder))
    stat = (folder / "e.csv").stat()
    (folder / "e.csv").write_text(CSV.replace("30", "31"))
    os.utime(folder / "e.csv", ns=(stat.st_atime_ns, stat.st_mtime_ns))  # neither size nor time tell it
    run = checked(workbook(folder))
    assert why(run)["E"] == "its file changed"
    assert set(work(run)) == {"E", "F", "Some", "Top", "G"}
    os.utime(folder / "e.csv")
    assert work(checked(workbook(folder))) == {}


@pytest.mark.parametrize(
    "source",
    [
        {"from": {"type": "csv", "path": "e.csv", "nulls": ["x"]}},
        {"from": {"type": "csv", "path": "e.csv", "comment": "3"}},
        {"columns": [{"name": "n", "type": "float"}, {"name": "t", "type": "date"}]},
        {
            "columns": [
                {"name": "n", "type": "integer"},
                {"name": "t", "type": "date", "pattern": "yyyy-dd-MM HH:mm:ss"},
            ]
        },
    ],
)
def test_how_a_source_is_read(folder: Path, source: dict[str, Any]) -> None:
    checked(workbook(folder), sheets=["E"])
    run = checked(workbook(folder, sheets={"E": source}), sheets=["E"])
    assert why(run)["E"] in ("how it is read changed", "new")
    assert work(run)["E"]


def test_samples_mappings_zones_seeds_and_clocks(folder: Path) -> None:
    checked(workbook(folder))
    assert why(checked(workbook(folder), sample=2))["E"] == "how it is read changed"
    assert why(checked(workbook(folder), mappings={"E": {"n": None}}))["E"] == "how it is read changed"
    assert work(checked(workbook(folder), seed=5))["F"] == {"chance"}
    run = checked(workbook(folder, timezone="Asia/Tokyo"))
    assert "day" in work(run)["F"]
    late = workbook(folder, sheets={"F": {"columns": {"age": "NOW() - #t", "id": "#id"}}})
    checked(late)
    run = checked(late, now="2024-06-01")
    assert work(run)["F"] == {"age"}
    assert why(run)["F"] == "the clock changed"


def test_formulas_of_sorts_joins_and_pivots_know_seed_and_clock(folder: Path) -> None:
    def book(seed: int) -> tuple[sl.Workbook, int]:
        sheets = {
            "Shuffled": {"kind": "sort", "of": "E", "by": [{"formula": "RAND() + #id"}]},
            "Mixed": {"kind": "sort", "of": "E", "by": [{"formula": "RAND()"}]},
            "J": {"kind": "join", "left": "E", "right": "Other", "on": [{"left": "RANDBETWEEN(1;3)", "right": "key"}]},
            "Few": {"kind": "filter", "of": "E", "where": "RAND() > 0.5"},
            "P": {
                "kind": "pivot", "of": "E", "rows": ["id"], "column": "word", "expected": ["a", "b"],
                "values": [{"name": "v", "formula": "GROUPSUM(RANDBETWEEN(1;100))"}],
            },
        }  # fmt: skip
        return workbook(folder, sheets=sheets), seed

    found = set()
    for seed in range(6):
        made_book, given = book(seed)
        run = checked(made_book, seed=given, sheets=["Shuffled", "Mixed", "J", "Few", "P"])
        found.add(repr([exact(column) for column in run["Mixed"].table.columns.values()]))
        run = checked(made_book, seed=given, sheets=["Shuffled", "Mixed", "J", "Few", "P"])
        assert work(run) == {}
    assert len(found) > 1


def test_a_union_by_position_knows_the_order_of_columns(folder: Path) -> None:
    def book(columns: dict[str, str]) -> sl.Workbook:
        union = {"kind": "union", "of": ["F", "Second"], "match": "position", "distinct": True}
        first = {"columns": {"a": "#id", "b": "#id * 10"}}
        last: dict[str, dict[str, Any]] = {name: {"of": "E"} for name in ("Some", "Top")}
        last["Top"]["by"] = [{"column": "id"}]
        last["Some"]["where"] = "true"
        second = {"kind": "formulas", "of": "E", "columns": columns}
        return workbook(folder, sheets={"F": first, "Second": second, "U": union, **last})

    checked(book({"u": "#id", "v": "#id * 100"}), sheets=["U"])
    run = checked(book({"v": "#id * 100", "u": "#id"}), sheets=["U"])
    assert work(run)["U"] == {"a", "b"}


def test_names_with_signs_are_told_apart(folder: Path) -> None:
    """Sheets and columns whose names would be one text when they are put together."""
    sheets = {
        "A": {"kind": "formulas", "of": "E", "columns": {"B.c": "#id", "x": "#id"}},
        "A.B": {"kind": "formulas", "of": "E", "columns": {"c": "#id", "x": "#id"}},
        "L": {"kind": "formulas", "of": "A.B", "columns": {"y": "LOOKUP(#x;#A!x;#A![B.c]) + #c"}},
    }
    checked(workbook(folder, sheets=sheets), sheets=["L"])
    for sheet, column in (("A", "B.c"), ("A.B", "c")):
        changed = json.loads(json.dumps(sheets))
        changed[sheet]["columns"][column] = "#id * 7"
        assert work(checked(workbook(folder, sheets=changed), sheets=["L"]))["L"]


def test_renamed_sheets_give_the_same(folder: Path) -> None:
    checked(workbook(folder))
    book = workbook(folder)
    text = book.path.read_text() if book.path else ""
    (folder / "w.json").write_text(text.replace('"F"', '"Formulas"').replace('"Some"', '"Part"'))
    run = checked(sl.Workbook.load(folder / "w.json"))
    assert {sheet.name for sheet in run.report.sheets} >= {"Formulas", "Part"}
    assert "F" not in work(run)
    assert "Formulas" not in work(run)  # the same formulas over the same columns


def test_other_numbers_of_examples(folder: Path) -> None:
    bad = {"E": {}, "Some": {"where": "INT(#name) > 1"}}
    checked(workbook(folder, sheets=bad, errors={"mode": "keep", "maxLogged": 1}))
    run = checked(workbook(folder, sheets=bad, errors={"mode": "keep", "maxLogged": 100}))
    assert len(run.report.sheet("Some").removed_examples) == 3


def test_constants_at_hand_stay_constants(folder: Path) -> None:
    """A column that is one constant shares its node with every formula that has the same constant."""
    columns = {"two": "2", "e": "EXPAND_RANGE(1;#id)", "r": "ROUND(#id / 3;2)", "rank": "COLRANK(#id + 2)"}

    def sheets(columns: dict[str, str]) -> dict[str, Any]:
        return {"F": {"columns": columns}, "Some": {"where": "#r > 0"}, "Top": {"by": [{"column": "r"}]}}

    checked(workbook(folder, sheets=sheets(columns)), sheets=["F"])
    columns |= {"r": "ROUND(#id / 7;2)", "rank": "COLRANK(#id * 2)"}
    run = checked(workbook(folder, sheets=sheets(columns)), sheets=["F"])
    assert work(run) == {"F": {"r", "rank"}}


def test_modes_that_look_at_all_columns_use_no_cache(folder: Path) -> None:
    book = workbook(folder, errors={"mode": "drop"})
    checked(book)
    run = checked(book)
    assert all(not sheet.cached and not sheet.why for sheet in run.report.sheets)
    assert not (folder / "cache").exists()


def test_checks_see_what_comes_from_the_cache(folder: Path) -> None:
    sheets = {
        "F": {"checks": [{"kind": "notNull", "columns": ["double"], "severity": "warn"}]},
        "G": {"checks": [{"kind": "notNull", "columns": ["w"]}]},
    }
    asked: list[dict[str, Any]] = [{}, {"sheets": ["Top"]}, {"sheets": ["G"]}]
    for turn in range(3):
        for options in asked:
            run = checked(workbook(folder, sheets=sheets), **options)
            assert run.report.checks, (turn, options)
    assert work(run) == {}


def test_frames_are_known_by_their_content(folder: Path) -> None:
    book = (
        sl.Workbook("W").source("E", type="frame").formulas("F", of="E", columns={"y": "1 / #x", "z": "ATAN2(#x;-1)"})
    )
    for values in ([1.0, 0.0], [1.0, -0.0], [1.0, 2.0], [1.0, 2.0]):
        run = checked(book, sources={"E": pd.DataFrame({"x": values})})
    assert work(run) == {}
    assert why(run)["F"] == "taken from the cache"


def test_a_source_that_changes_while_it_is_read_spoils_nothing(folder: Path) -> None:
    def change(sheet: str, number: int, count: int) -> None:
        if sheet == "E":
            (folder / "e.csv").write_text(CSV.replace("30", "99"))

    workbook(folder).run(cache=True, progress=change)
    (folder / "e.csv").write_text(CSV)
    run = checked(workbook(folder))
    assert "F" in work(run)


def test_packed_files_are_told_by_their_names(folder: Path) -> None:
    import gzip

    (folder / "e.csv.gz").write_bytes(gzip.compress(CSV.encode()))
    packed = {"from": {"type": "csv", "path": "e.csv.gz"}}
    checked(workbook(folder, sheets={"E": packed}))
    (folder / "e.txt").write_bytes((folder / "e.csv").read_bytes())
    moved = workbook(folder, sheets={"E": {"from": {"type": "csv", "path": "e.txt"}}})
    checked(moved)
    assert work(checked(moved)) == {}


# ---------------------------------------------------------------- a user's own functions


def declare(factor: Any, helper: Any = None) -> None:
    """Declare CACHE_TEST anew, as another process would."""
    if registry.REGISTRY.get("CACHE_TEST") is not None:
        del registry.REGISTRY._functions["CACHE_TEST"], registry.REGISTRY._names["CACHE_TEST"]

    def scaled(x: Any) -> Any:
        return np.asarray(x) * factor if helper is None else helper(np.asarray(x))

    sl.function(
        "CACHE_TEST(x:float) -> float",
        summary="A number times another.",
        examples=[sl.Example("CACHE_TEST(null)", None), sl.Example("CACHE_TEST(0)", 0.0)],
    )(scaled)


def test_own_functions_are_known_by_their_code_and_what_it_refers_to(folder: Path) -> None:
    book = workbook(folder, sheets={"F": {"columns": {"own": "CACHE_TEST(#id)", "id": "#id"}}})
    try:
        declare(2.0)
        checked(book)
        assert work(checked(book)) == {}
        declare(3.0)  # the same source, another value around it
        assert work(checked(book))["F"] == {"own"}
        declare(3.0, lambda x: x + 1)
        assert work(checked(book))["F"] == {"own"}
        declare(3.0, lambda x: x + 2)
        assert work(checked(book))["F"] == {"own"}
        declare(np.arange(1))
        declare(object(), np.negative)  # nobody can tell whether an object is the same
        checked(book)
        run = checked(book)
        assert work(run)["F"] == {"own"}
        assert why(run)["F"] == "nothing tells beforehand whether it has changed"
    finally:
        del registry.REGISTRY._functions["CACHE_TEST"], registry.REGISTRY._names["CACHE_TEST"]


# ---------------------------------------------------------------- completeness


def test_functions_say_what_they_depend_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """No kernel looks at the zone, the clock or the seed without its declaration saying so."""
    looked: set[tuple[str, str]] = set()

    class Watched:
        def __init__(self, env: Any, function: str) -> None:
            self.env, self.function = env, function

        def __getattr__(self, name: str) -> Any:
            looked.add((self.function, name))
            return getattr(self.env, name)

    usual = Call.__getattribute__

    def watching(self: Call, name: str) -> Any:
        found = usual(self, name)
        return Watched(found, usual(self, "function")) if name == "env" else found

    monkeypatch.setattr(Call, "__getattribute__", watching)
    for function in registry.REGISTRY:
        for example in function.examples:
            if example.rows is None and example.formulas is None:
                sl.evaluate(example.formula, errors="coerce")
    assert ("NOW", "now") in looked
    missing = []
    for name, word in looked:
        found = registry.REGISTRY.get(name)
        if found is not None and word in ("timezone", "now", "seed") and word not in found.volatile:
            missing.append((name, word))
    assert not sorted(missing)


def test_all_packages_that_functions_rest_on_are_part_of_keys() -> None:
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    lists = [project["dependencies"], *(project["optional-dependencies"][name] for name in ("text", "web", "xml"))]
    names = {line.split(">")[0].strip() for lines in lists for line in lines}
    beside = {"numpy", "pandas", "pyarrow"}  # named with every record
    no_results = {"blake3", "platformdirs", "psutil", "xxhash", "lark", "pydantic", "rich", "typer"}
    assert names - beside - no_results == set(PACKAGES)


def test_every_kind_of_sheet_has_keys(folder: Path) -> None:
    sheets: dict[str, Any] = {
        "D": {"kind": "distinct", "of": "E", "columns": ["word"]},
        "U": {"kind": "union", "of": ["E", "E"]},
        "J": {"kind": "join", "left": "E", "right": "Other", "on": [{"left": "id", "right": "key"}]},
        "P": {
            "kind": "pivot", "of": "E", "rows": ["id"], "column": "word", "expected": ["a", "b"],
            "values": [{"name": "v", "formula": "GROUPSUM(#n)"}],
        },
        "V": {"kind": "unpivot", "of": "E", "keep": ["word"], "columns": ["id", "n"]},
        "S": {"kind": "sample", "of": "E", "rows": 2},
    }  # fmt: skip
    plan = workbook(folder, sheets=sheets).plan()
    assert {plan.workbook.sheet(name).kind for name in plan.steps} == set(KINDS)
    keys = Keys(plan)
    found = [keys.of(name, column) for name, step in plan.steps.items() for column in ("", *step.schema)]
    assert None not in found
    run = checked(workbook(folder, sheets=sheets), sheets=list(plan.steps))
    run = checked(workbook(folder, sheets=sheets), sheets=list(plan.steps))
    assert work(run) == {}


def test_sheets_behind_columns_that_a_run_finds_have_none(folder: Path) -> None:
    values = [{"name": "v", "formula": "GROUPSUM(#n)"}]
    sheets = {"P": {"kind": "pivot", "of": "E", "rows": ["id"], "column": "word", "values": values}}
    sheets["Behind"] = {"kind": "sort", "of": "P", "by": [{"column": "id"}]}
    for _ in range(2):
        run = checked(workbook(folder, sheets=sheets), sheets=["Behind"])
    assert set(work(run)) == {"P", "Behind"}
    assert why(run)["P"] == "nothing tells beforehand whether it has changed"


@pytest.mark.parametrize(
    "column",
    [
        Column.of([], list_of(Column.of([1]).type)),
        Column.of(["a", None, "é\n\0", ""] * 3),
        Column.of([1.5, -0.0, None, 1e308, 5e-324]),
        Column.of([[1, None], [], None]),
        Column.of([["a", "b"], None]),
        Column.of([10**30, None, -(10**25)]),
        Column.of([None, None]),
        Column.of([True, None, False]),
    ],
)
def test_columns_read_back_exactly(tmp_path: Path, column: Column) -> None:
    store = Store(tmp_path)
    writer = store.writer({"c": column.type, "again": column.type})
    writer.add({"c": column, "again": column})
    writer.add({"c": column, "again": column})
    places = writer.finish()
    assert list(places) == ["c", "again"]
    kind, values, errors = exact(column)
    for found in store.columns(places).values():
        assert exact(found) == (kind, values * 2, errors * 2)


def test_reports_are_told_of_sheets_that_nobody_reads(folder: Path) -> None:
    """What went wrong in a source is told in every run, also where nothing of it is read."""
    checked(workbook(folder), sheets=["Top"])
    run = checked(workbook(folder), sheets=["Top"])
    source = run.report.sheet("E")
    assert source.columns[[c.name for c in source.columns].index("n")].errors == 1
    assert bare(source).rows == 4
