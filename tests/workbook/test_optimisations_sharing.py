"""Expressions that a sheet underneath holds as a column are taken from there, and nobody can tell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from test_optimisations import same

import sheetline as sl
from sheetline.formulas.bound import reachable
from sheetline.workbook.planning import Plan
from sheetline.workbook.sharing import sharing

#: Formulas over columns that every sheet carries along; the last ones are the same in no two sheets.
FORMULAS = [
    "#x * #y",
    "#x / #n",
    "SQRT(#x * #y)",
    'UPPER(#s) & "!"',
    'IF(#x / #n > 1;#s;"no")',
    "ISNULL(#x * #y)",
    "#n + $p",
    "NOW() > #t",
    "#x + RAND(3)",
    "#n + ROWNUMBER()",
    "#x - COLAVERAGE(#x)",
    "COLPREVIOUS(#x * #y)",
]
CONDITIONS = ["#x * #y > 1", "#x / #n > 0.5 || ISNULL(#s)", 'UPPER(#s) & "!" != "B!"', "#n + ROWNUMBER() > 4"]


def carrying_workbook(rng: np.random.Generator) -> sl.Workbook:
    """A chain of sheets that carry all columns along, and compute the same things again and again."""

    def pick(some: list[str]) -> str:
        return some[int(rng.integers(len(some)))]

    book = sl.Workbook("Carried", parameters={"p": 2}, errors="drop" if rng.random() < 0.2 else "keep")
    book = book.source("E", type="frame")
    names = ["E"]
    for number in range(int(rng.integers(3, 8))):
        base, name = names[-1] if rng.random() < 0.7 else pick(names), f"S{number}"
        how = rng.random()
        columns = {f"{name}_{place}": pick(FORMULAS) for place in range(int(rng.integers(1, 4)))}
        if how < 0.4:
            columns[f"{name}_own"] = f"COALESCE(#{name}_0;null)"
            book = book.formulas(name, of=base, copy=True, columns=columns)
        elif how < 0.55:
            book = book.filter(name, of=base, where=pick(CONDITIONS))
        elif how < 0.7:
            by = [{"formula": pick(FORMULAS[:7]), "order": "desc"}, {"column": "n"}]
            cut: Any = {"limit": 20} if rng.random() < 0.3 else {}
            book = book.sort(name, of=base, by=by, **cut)
        elif how < 0.8:
            book = book.distinct(name, of=base, columns=["s", "n"])
        elif how < 0.9:
            keys = {"k": f"GROUPBY(#{base}!s)", "o": f"GROUP_SORT_ASC(#{base}!n)", "d": f"GROUP_CUMSUM(#{base}!x * #y)"}
            row = {f"{name}_r": f"#{base}!x * #{base}!y", f"{name}_q": f"#{base}!x / #{base}!n"}
            again = "k" in book.plan(sources=frames(rng)).steps[base].schema
            book = book.formulas(name, of=base, copy={"except": ["k", "o", "d"]} if again else True, columns=keys | row)
        else:
            columns = {"k": "GROUPBY(#x / #n > 1)", "a": "GROUPSUM(#x * #y)", "b": "GROUPAVERAGE(SQRT(#x * #y))"}
            book = book.formulas(name, of=base, columns=columns)
            continue
        names.append(name)
    return book


def frames(rng: np.random.Generator) -> dict[str, pa.Table]:
    rows = 60

    def some(values: list[Any], type_: Any) -> pa.Array:
        return pa.array([values[place] for place in rng.integers(0, len(values), rows)], type_)

    columns = {
        "x": some([-1.5, 0.0, 0.5, 2.0, 4.0, None], pa.float64()),
        "y": some([-1.0, 0.25, 3.0, None], pa.float64()),
        "n": some([0, 1, 2, 3, None], pa.int64()),
        "s": some(["a", "b", "c", None], pa.large_string()),
        "t": some([0, 10**15, None], pa.timestamp("us")),
    }
    return {"E": pa.table(columns)}


def shared_in(plan: Plan) -> dict[str, Any]:
    return sharing(plan.steps, {name: list(step.schema) for name, step in plan.steps.items()})


def test_random_chains() -> None:
    shared = 0
    for seed in range(36):
        rng = np.random.default_rng(seed)
        book, given = carrying_workbook(rng), frames(rng)
        sheets = [sheet.name for sheet in book.sheets] if seed % 2 else None
        asked: dict[str, Any] = {"sources": given, "sheets": sheets, "block_rows": 7, "threads": 2, "now": "2024-03-01"}
        same(book.run(**asked), book.run(**asked, without=["share"]))
        shared += len(shared_in(book.plan(sources=given)))
    assert shared > 30, "there was something to share"


def test_a_record_does_not_tell() -> None:
    for seed in range(4):
        rng = np.random.default_rng(seed)
        book, given = carrying_workbook(rng), frames(rng)
        one = book.run(sources=given, record=True, now="2024-03-01").record
        other = book.run(sources=given, record=True, now="2024-03-01", without=["share"]).record
        assert one.sheets == other.sheets


def chain() -> sl.Workbook:
    book = sl.Workbook("W").source("E", type="frame").formulas("F", of="E", copy=True, columns={"p": "#x * #y"})
    book = book.filter("G", of="F", where="#x * #y > 1").sort("H", of="G", by=[{"formula": "1 / (#x * #y)"}])
    return book.formulas("I", of="H", columns={"q": "SQRT(#x * #y)", "r": "#x * #y"})


def inputs_of(bound: Any) -> set[str]:
    return {node.name for node in reachable(bound.columns.values()) if node.op == "input"}


def test_what_is_taken_from_where() -> None:
    plan = chain().plan(sources=frames(np.random.default_rng(1)))
    found = shared_in(plan)
    assert list(found) == ["G", "H", "I"]
    assert inputs_of(found["G"].bound) == {"p"}
    assert inputs_of(found["H"].keys[0].bound) == {"p"}
    assert inputs_of(found["I"].bound) == {"p"}
    assert found["I"].passes_on("r") == ("H", "p")
    assert inputs_of(plan.steps["I"].bound) == {"x", "y"}, "the plan is as it was"  # type: ignore[attr-defined]


def test_nothing_is_made_in_addition() -> None:
    """The column is at hand in G for its condition, and nobody needs it behind."""
    book = chain()
    given = frames(np.random.default_rng(1))
    run = book.run(sources=given, sheets=["I"])
    assert [column.name for column in run.report.sheet("G").columns] == ["x", "y"]
    same(run, book.run(sources=given, sheets=["I"], without=["share"]))


@pytest.mark.parametrize(
    "formula", ["RAND()", "RAND(7)", "ROWNUMBER()", "#x + ROWNUMBER()", "COLSUM(#x)", "COLPREVIOUS(#x)", "COLRANK(#x)"]
)
def test_what_depends_on_other_rows_is_never_shared(formula: str) -> None:
    book = sl.Workbook("W").source("E", type="frame").formulas("F", of="E", copy=True, columns={"a": formula})
    book = book.filter("G", of="F", where="#n > 1").formulas("H", of="G", columns={"b": formula})
    assert shared_in(book.plan(sources=frames(np.random.default_rng(1)))) == {}


def test_rows_that_are_repeated_or_left_out_in_a_series_are_none_of_those_underneath() -> None:
    book = sl.Workbook("W").source("E", type="frame").formulas("F", of="E", copy=True, columns={"p": "#x * #y"})
    expanded = book.formulas("G", of="F", copy=True, columns={"e": "EXPAND([#x;#y])", "q": "#x * #y"})
    assert list(shared_in(expanded.plan(sources=frames(np.random.default_rng(1))))) == ["G"]
    behind = expanded.formulas("H", of="G", columns={"r": "#x * #y"})
    assert "H" not in shared_in(behind.plan(sources=frames(np.random.default_rng(1))))


def test_rows_that_a_series_adds_are_none_of_those_underneath() -> None:
    book = sl.Workbook("W").source("E", type="frame")
    columns = {"k": "GROUPBY(#E!n)", "path": "GROUP_PATH(#E!s)", "q": "ISNULL(#E!x)"}
    book = book.formulas("F", of="E", copy=["x"], columns=columns)
    book = book.formulas("G", of="F", copy=["q"], columns={"r": "ISNULL(#x)"})
    given = frames(np.random.default_rng(1))
    run = book.run(sources=given)
    same(run, book.run(sources=given, without=["share"]))
    found = run["G"].to_pandas()
    assert found["q"].isna().any(), "nothing is known of a row that was added"
    assert found["r"].notna().all()


def test_explain_and_lineage_show_the_formula() -> None:
    book, given = chain(), frames(np.random.default_rng(1))
    run = book.run(sources=given)
    assert len(run["I"]) > 0
    assert str(run.explain("I", "r", 0)).splitlines()[1].startswith("#x * #y = ")
    assert "#x * #y" in str(book.lineage("I", "r", sources=given))


def test_columns_that_nobody_else_needs_are_let_go() -> None:
    """With a column taken from underneath, what it was made of is needed no more."""
    plan = chain().plan(sources=frames(np.random.default_rng(1)))
    needs = shared_in(plan)["I"].needs(["q", "r"])
    assert needs == {"H": {"p"}}
