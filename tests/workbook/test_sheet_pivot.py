"""Pivot sheets, against pandas.pivot_table, and what stands on a pivot whose columns are open."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from running import plain, problems, run_all, run_one, table

from sheetline.formulas.bound import ROWS as SHEET_ROWS
from sheetline.formulas.bound import Reference
from sheetline.formulas.diagnostics import SheetlineError
from sheetline.functions.columns import Table
from sheetline.functions.context import Environment
from sheetline.functions.declare import Failure
from sheetline.functions.types import DATE, FLOAT, INTEGER, STRING

SALES = {
    "S": table(
        {
            "Shop": ["b", "a", "b", "a", "b", None],
            "Year": [2024, 2023, 2023, 2023, 2024, None],
            "Miles": [1, 2, 3, 4, None, 6],
        }
    )
}
SUM = {"name": "Sum", "formula": "GROUPSUM(#Miles)"}
COUNT = {"name": "n", "formula": "GROUPCOUNT()"}


def pivot(**keys: Any) -> dict[str, Any]:
    return {"name": "P", "kind": "pivot", "of": "S", "rows": ["Shop"], "column": "Year", "values": [SUM], **keys}


def test_open_columns_stand_in_order_of_the_values() -> None:
    out = run_all([pivot(values=[SUM, COUNT])], SALES)
    assert plain(out.tables["P"]) == {
        "Shop": ["b", "a", None],
        "2023_Sum": [3, 6, None],
        "2023_n": [1, 2, None],
        "2024_Sum": [1, None, None],
        "2024_n": [2, None, None],
        "null_Sum": [None, None, 6],
        "null_n": [None, None, 1],
    }
    assert out.steps["P"].open_schema
    assert out.steps["P"].schema == {"Shop": STRING}


def test_expected_columns_and_what_is_outside() -> None:
    out = run_all([pivot(expected=[2024, 1999])], SALES)
    assert plain(out.tables["P"]) == {"Shop": ["b", "a", None], "2024_Sum": [1, None, None], "1999_Sum": [None] * 3}
    assert not out.steps["P"].open_schema
    assert out.steps["P"].schema == {"Shop": STRING, "2024_Sum": INTEGER, "1999_Sum": INTEGER}
    (notice,) = out.results["P"].notices
    assert (notice.severity, notice.count, notice.examples) == ("warning", 4, ("2023", "null"))
    assert plain(run_one(pivot(expected=[None]), SALES))["null_Sum"] == [None, None, 6]


def test_values_of_every_type_name_columns() -> None:
    def names(values: list[Any], expected: list[Any], **options: Any) -> list[str]:
        types = options.pop("types", None)
        tables = {"S": table({"Shop": ["a"] * len(values), "Year": values, "Miles": [1] * len(values)}, types)}
        found = list(run_one(pivot(), tables, **options).columns)
        assert sorted(found) == sorted(run_one(pivot(expected=expected), tables, **options).columns)
        return found[1:]

    assert names([2.0, 0.5], [0.5, 2]) == ["0.5_Sum", "2_Sum"]
    assert names([True, False], [True, False]) == ["false_Sum", "true_Sum"]
    day = 86_400_000_000
    zone = Environment(timezone="Europe/Berlin")
    assert names([day], ["1970-01-02T01:00"], types={"Year": DATE}, env=zone) == ["1970-01-02T01:00:00_Sum"]


def test_equal_names_are_numbered() -> None:
    tables = {"S": table({"Shop": ["a", "a"], "Year": ["null", None], "Miles": [1, 2]})}
    out = run_all([pivot()], tables)
    assert plain(out.tables["P"]) == {"Shop": ["a"], "null_Sum": [1], "null_Sum (2)": [2]}
    assert out.results["P"].notices[0].examples == ("null_Sum (2)",)
    (found,) = problems([pivot(expected=["null", None])], tables)
    assert found[:2] == (("expected", 1), "W234")


def test_errors_make_groups_and_cells() -> None:
    bad = {
        "name": "F",
        "kind": "formulas",
        "of": "S",
        "columns": {"Shop": "#Shop", "Year": "6 % #Miles", "M": "1 % #Miles"},
    }
    tables = {"S": table({"Shop": ["a", "a", "b"], "Miles": [4, 0, 4]})}
    values = [{"name": "Sum", "formula": "GROUPSUM(#M)"}]
    out = run_all([bad, pivot(of="F", values=values)], tables)
    assert plain(out.tables["P"]) == {"Shop": ["a", "b"], "2_Sum": [1, 1], "#DIV0_Sum": [Failure("DIV0"), None]}


def test_formulas_may_use_one_another_and_names_of_keys() -> None:
    values = [SUM, {"name": "Shop", "formula": "GROUPCOUNT(#Shop)"}, {"name": "Mean", "formula": "#Sum / #Shop"}]
    made = plain(run_one(pivot(values=values, expected=[2023]), SALES))
    assert made["2023_Mean"] == [3.0, 3.0, None]
    assert made["2023_Shop"] == [1, 2, None]


def test_needs_and_references() -> None:
    other = {"name": "Any", "formula": "GROUPSUM(#Year)"}
    step = run_all([pivot(values=[SUM, other], expected=[2023, 2024])], SALES).steps["P"]
    assert step.needs(["Shop"]) == {"S": {"Shop", "Year"}}
    assert step.needs(["2023_Sum"]) == {"S": {"Shop", "Year", "Miles"}}
    groups = {Reference("S", "Shop", "group"), Reference("S", "Year", "group")}
    assert set(step.references("2023_Sum")) == groups | {Reference("S", "Miles", "value")}
    rows = [Reference("S", "Shop", "group")]
    assert step.references("Shop") == [Reference("S", "Shop", "value"), *rows]
    assert step.references(SHEET_ROWS) == rows
    made = run_one(pivot(values=[SUM, other], expected=[2023, 2024]), SALES, columns=["2024_Any", "Shop"])
    assert list(made.columns) == ["2024_Any", "Shop"]
    is_open = run_all([pivot(values=[SUM, other])], SALES).steps["P"]
    assert is_open.needs(["Shop"]) == {"S": {"Shop", "Year", "Miles"}}
    assert set(is_open.references("2023_Sum")) == groups | {Reference("S", "Miles", "value")}


def test_mistakes() -> None:
    def of(**keys: Any) -> list[tuple[Any, str]]:
        return [(path, code) for path, code, _ in problems([pivot(**keys)], SALES)]

    assert of(rows=["Nope"], column="Neither") == [(("rows", 0), "W216"), (("column",), "W216")]
    place = ("values", 0, "formula")
    assert of(values=[{"name": "V", "formula": "#Miles"}]) == [(place, "W235")]
    assert of(values=[{"name": "V", "formula": "GROUPBY(#Miles)"}]) == [(place, "W235")]
    assert of(values=[{"name": "V", "formula": "GROUPSUM(#Nope)"}]) == [(place, "F102")]
    assert of(values=[{"name": "V", "formula": "GROUPSUM(#Miles) + #Miles"}]) == [(place, "F121")]
    assert of(expected=["2024"]) == [(("expected", 0), "W231")]
    assert of(expected=[2024, 2.5]) == [(("expected", 1), "W231")]


def test_what_stands_on_open_columns() -> None:
    later = {"name": "X", "kind": "formulas", "of": "P", "columns": {"Y": "#[2023_Sum] * 2"}}
    (found,) = problems([pivot(), later], SALES)
    assert found[1] == "F102"
    assert "list its values under 'expected' of the pivot" in found[2]
    (found,) = problems([pivot(), {"name": "X", "kind": "sort", "of": "P", "by": [{"column": "2023_Sum"}]}], SALES)
    assert "list its values under 'expected' of the pivot" in found[2]
    join = {"name": "X", "kind": "join", "left": "S", "right": "P", "on": ["Shop"]}
    assert [(p, c) for p, c, _ in problems([pivot(), join], SALES)] == [(("right",), "W236")]
    union = {"name": "X", "kind": "union", "of": ["S", "P"]}
    assert [(p, c) for p, c, _ in problems([pivot(), union], SALES)] == [(("of", 1), "W236")]


@pytest.mark.parametrize(
    ("sheet", "rows"),
    [
        ({"kind": "filter", "where": "ISNOTNULL(#Shop)"}, [0, 1]),
        ({"kind": "sort", "by": [{"column": "Shop"}]}, [1, 0, 2]),
        ({"kind": "distinct"}, [0, 1, 2]),
        ({"kind": "distinct", "columns": ["Shop"]}, [0, 1, 2]),
        ({"kind": "sample", "rows": 3}, [0, 1, 2]),
    ],
)
def test_open_columns_are_passed_on(sheet: dict[str, Any], rows: list[int]) -> None:
    out = run_all([pivot(), {"name": "X", "of": "P", **sheet}], SALES)
    assert out.steps["X"].open_schema
    expected = {name: [values[row] for row in rows] for name, values in plain(out.tables["P"]).items()}
    assert plain(out.tables["X"]) == expected


def test_too_many_columns_are_refused() -> None:
    tables = {"S": table({"Shop": ["a"] * 10_001, "Year": list(range(10_001)), "Miles": [1] * 10_001})}
    with pytest.raises(SheetlineError, match=r"10,001 different values.*at most 10,000 columns"):
        run_one(pivot(), tables)


def test_no_rows() -> None:
    types = {"Shop": STRING, "Year": INTEGER, "Miles": FLOAT}
    empty = {"S": table({"Shop": [], "Year": [], "Miles": []}, types)}
    assert plain(run_one(pivot(), empty)) == {"Shop": []}
    assert plain(run_one(pivot(expected=[1]), empty)) == {"Shop": [], "1_Sum": []}
    assert run_one(pivot(expected=[2023]), SALES, columns=[]).rows == 3
    assert isinstance(run_one(pivot(), {"S": SALES["S"].slice(0, 1)}), Table)


ROWS = st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("pqr"), st.none() | st.integers(0, 9)), max_size=15)


@given(ROWS, st.booleans())
def test_cells_as_pandas(rows: list[tuple[str, str, int | None]], expected: bool) -> None:
    columns = {"R": [r for r, _, _ in rows], "C": [c for _, c, _ in rows], "V": [v for _, _, v in rows]}
    tables = {"S": table(columns, {"R": STRING, "C": STRING, "V": INTEGER})}
    sheet = {"name": "P", "kind": "pivot", "of": "S", "rows": ["R"], "column": "C", "values": [
        {"name": "max", "formula": "GROUPMAX(#V)"}, {"name": "n", "formula": "GROUPCOUNT()"}
    ]}  # fmt: skip
    made = plain(run_one({**sheet, **({"expected": ["r", "p"]} if expected else {})}, tables))
    frame = pd.DataFrame(columns).astype({"V": "Int64"})
    assert made.pop("R") == frame["R"].drop_duplicates().tolist()
    wanted = ["r", "p"] if expected else sorted(set(columns["C"]))
    assert list(made) == [f"{value}_{name}" for value in wanted for name in ("max", "n")]
    for value in wanted:
        for at, row in enumerate(dict.fromkeys(columns["R"])):
            cell = frame[(frame["R"] == row) & (frame["C"] == value)]["V"]
            top = None if cell.count() == 0 else int(cell.max())
            assert made[f"{value}_max"][at] == top
            assert made[f"{value}_n"][at] == (len(cell) or None)
    if rows and not expected:
        table_ = frame.pivot_table(index="R", columns="C", values="V", aggfunc="size", sort=False)
        for value in wanted:
            assert [None if pd.isna(n) else int(n) for n in table_[value]] == made[f"{value}_n"]
