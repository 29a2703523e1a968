"""Filter sheets: formulas and conditions, nulls and errors."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from running import plain, problems, run_all, run_one, table

from sheetline.formulas.bound import Reference
from sheetline.functions.columns import Column, Table
from sheetline.functions.context import Environment
from sheetline.functions.types import BOOLEAN, DATE, FLOAT, INTEGER, STRING
from sheetline.workbook.sheets.filter import FilterStep

DAY = 86_400_000_000
ROWS = {
    "S": table(
        {
            "N": [3, None, -1, 0, 5],
            "T": ["way", None, "", "Motorway", "  "],
            "D": [0, DAY, None, 2 * DAY, 3 * DAY],
            "B": [True, False, None, True, False],
        },
        {"D": DATE},
    )
}


def where(formula: str) -> dict[str, Any]:
    return {"name": "F", "kind": "filter", "of": "S", "where": formula}


def condition(column: str, op: str, *value: Any, connector: str = "AND") -> dict[str, Any]:
    one: dict[str, Any] = {"column": column, "op": op}
    if value:
        one["value"] = value[0]
    return {"name": "F", "kind": "filter", "of": "S", "conditions": [one], "connector": connector}


def kept(sheet: dict[str, Any], **options: Any) -> list[int]:
    numbered = {"S": Table({**ROWS["S"].columns, "I": Column.of(list(range(5)))}, 5)}
    return plain(run_one(sheet, numbered, **options))["I"]


@pytest.mark.parametrize(
    ("formula", "rows"),
    [
        ("#N > 0", [0, 4]),
        ("#N != 3", [1, 2, 3, 4]),
        ("#B", [0, 3]),
        ("ISNULL(#T) || #N < 0", [1, 2]),
        ("true", [0, 1, 2, 3, 4]),
        ("null", []),
        ("#N == null", [1]),
        ("$least <= #N", [0, 4]),
    ],
)
def test_only_true_rows_stay(formula: str, rows: list[int]) -> None:
    assert kept(where(formula), parameters={"least": 1}) == rows


@pytest.mark.parametrize(
    ("sheet", "rows"),
    [
        (condition("N", "==", 3), [0]),
        (condition("N", "==", None), [1]),
        (condition("N", "!=", None), [0, 2, 3, 4]),
        (condition("N", "!=", 3), [1, 2, 3, 4]),
        (condition("N", "<", -0.5), [2]),
        (condition("N", ">=", 3), [0, 4]),
        (condition("N", "between", [-1, 3]), [0, 2, 3]),
        (condition("N", "in", [3, None, 7]), [0, 1]),
        (condition("N", "notIn", [3, None]), [2, 3, 4]),
        (condition("N", "in", []), []),
        (condition("N", "notIn", []), [0, 1, 2, 3, 4]),
        (condition("T", "contains", "way"), [0, 3]),
        (condition("T", "notContains", "way"), [2, 4]),
        (condition("T", "startsWith", "M"), [3]),
        (condition("T", "endsWith", "way"), [0, 3]),
        (condition("T", "matches", "[a-z]+"), [0]),
        (condition("T", "isNull"), [1]),
        (condition("T", "isBlank"), [1, 2, 4]),
        (condition("T", "isNotBlank"), [0, 3]),
        (condition("N", "isNotNull"), [0, 2, 3, 4]),
        (condition("B", "==", False), [1, 4]),
        (condition("D", ">=", "1970-01-02"), [1, 3, 4]),
        (condition("D", "==", "1970-01-03T00:00:00Z"), [3]),
        (condition("D", "in", ["1970-01-01", None]), [0, 2]),
        (condition("D", "between", ["1970-01-02", "1970-01-03"]), [1, 3]),
    ],
)
def test_conditions(sheet: dict[str, Any], rows: list[int]) -> None:
    assert kept(sheet) == rows


def test_dates_are_read_in_the_time_zone() -> None:
    assert kept(condition("D", "<", "1970-01-02"), env=Environment(timezone="UTC")) == [0]
    assert kept(condition("D", "<", "1970-01-02"), env=Environment(timezone="America/New_York")) == [0, 1]


def test_connector() -> None:
    both = [{"column": "N", "op": ">", "value": 0}, {"column": "B", "op": "==", "value": True}]
    sheet = {"name": "F", "kind": "filter", "of": "S", "conditions": both}
    assert kept(sheet) == [0]
    assert kept({**sheet, "connector": "OR"}) == [0, 3, 4]
    step = run_all([{**sheet, "connector": "OR"}], ROWS).steps["F"]
    assert isinstance(step, FilterStep)
    assert step.text == "#N > 0 || #B == true"


OPS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@given(st.lists(st.none() | st.floats(-3, 3)), st.floats(-3, 3), st.sampled_from(sorted(OPS)))
def test_comparisons_as_python_does(values: list[float | None], value: float, op: str) -> None:
    tables = {"S": table({"N": values}, {"N": FLOAT})}
    found = plain(run_one(condition("N", op, value), tables))["N"]
    expected = [v for v in values if (OPS[op](v, value) if v is not None else op == "!=")]
    assert found == expected


def test_errors_remove_their_row_and_are_reported() -> None:
    out = run_all([where("6 / #N > 1")], ROWS)
    assert plain(out.tables["F"])["N"] == [3, 5]
    found = out.results["F"].row_errors
    assert found is not None
    assert found.rows.tolist() == [3]
    assert "division by zero" in found.message(0)


def test_whole_columns_are_those_before_the_filter() -> None:
    assert kept(where("#N > COLMEDIAN(#N)")) == [0, 4]
    assert kept(where("#N < 5 && #N < COLMAX(#S!N)")) == [0, 2, 3]


def test_mistakes() -> None:
    def of(sheet: dict[str, Any]) -> tuple[Any, str, str]:
        (found,) = problems([sheet], ROWS)
        return found

    assert of(where("#N + 1"))[:2] == (("where",), "W230")
    assert of(where("GROUPSUM(#N) > 1"))[:2] == (("where",), "F127")
    assert of(condition("X", "==", 1))[:2] == (("conditions", 0, "column"), "W216")
    place, code, words = of(condition("N", "==", "3"))
    assert (place, code) == (("conditions", 0, "value"), "W231")
    assert "column 'N' is integer, and '3' (string) is not | write the number without quotes" in words
    assert of(condition("T", "in", ["a", 1]))[:2] == (("conditions", 0, "value", 1), "W231")
    assert of(condition("D", ">", "yesterday"))[:2] == (("conditions", 0, "value"), "W231")
    assert of(condition("D", ">", 3))[:2] == (("conditions", 0, "value"), "W231")
    assert of(condition("N", "contains", "a"))[:2] == (("conditions", 0, "op"), "W232")
    assert of(condition("T", "matches", "(a"))[:2] == (("conditions", 0, "value"), "F113")


def test_needs_and_references() -> None:
    step = run_all([where("#N > 0 && ISNULL(#T)")], ROWS).steps["F"]
    assert step.needs(["B"]) == {"S": {"B", "N", "T"}}
    found = step.references("N")
    assert found[0] == Reference("S", "N", "value")
    assert set(found[1:]) == {Reference("S", "N", "filter"), Reference("S", "T", "filter")}


def test_no_rows_and_no_columns() -> None:
    empty = table({"N": [], "T": [], "B": [], "D": []}, {"N": INTEGER, "T": STRING, "B": BOOLEAN, "D": DATE})
    assert run_one(where("#N > 0"), {"S": empty}).rows == 0
    assert run_one(condition("T", "contains", "a"), {"S": empty}).rows == 0
    assert run_one(where("1 < 2"), {"S": Table({}, 3)}).rows == 3
    assert run_one(where("#N > 0"), ROWS, columns=[]).rows == 2
