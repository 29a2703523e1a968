"""Sort, distinct and sample sheets, against pandas and plain Python."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from running import plain, problems, run_all, run_one, table

from sheetline.formulas.bound import ROWS as SHEET_ROWS
from sheetline.formulas.bound import Reference
from sheetline.functions.columns import Column, Table
from sheetline.functions.declare import Failure
from sheetline.functions.types import FLOAT, INTEGER, STRING
from sheetline.workbook.relational import scrambled

TYPES = {"A": INTEGER, "B": STRING, "I": INTEGER}
ROWS = st.lists(
    st.tuples(st.none() | st.integers(-2, 2), st.none() | st.sampled_from(["b", "a", "", "ä"])), max_size=12
)


def numbered(rows: list[tuple[Any, Any]]) -> dict[str, Table]:
    columns = {"A": [a for a, _ in rows], "B": [b for _, b in rows], "I": list(range(len(rows)))}
    return {"S": table(columns, TYPES)}


def sort(*by: Any, **keys: Any) -> dict[str, Any]:
    listed = [{"column": key} if isinstance(key, str) else key for key in by]
    return {"name": "O", "kind": "sort", "of": "S", "by": listed, **keys}


@given(ROWS, st.booleans(), st.booleans(), st.none() | st.integers(0, 14), st.integers(0, 5))
def test_order_of_two_keys(rows: list[Any], a_down: bool, b_down: bool, limit: int | None, offset: int) -> None:
    by = [{"column": "A", "order": "desc" if a_down else "asc"}, {"column": "B", "order": "desc" if b_down else "asc"}]
    keys = {"offset": offset} if limit is None else {"limit": limit, "offset": offset}
    made = plain(run_one(sort(*by, **keys), numbered(rows)))["I"]
    frame = pd.DataFrame({"A": pd.array([a for a, _ in rows], "Int64"), "B": [b for _, b in rows]})
    for name, down in (("B", b_down), ("A", a_down)):  # one stable sort a key, the last one first
        frame = frame.sort_values(name, ascending=not down, kind="stable", na_position="last")
    assert made == frame.index.tolist()[offset:][:limit]


@given(st.lists(st.integers(0, 5), min_size=30, max_size=60), st.integers(0, 4))
def test_the_top_of_many(values: list[int], limit: int) -> None:
    tables = {"S": table({"A": values, "I": list(range(len(values)))})}
    made = plain(run_one(sort({"column": "A", "order": "desc"}, limit=limit), tables))["I"]
    assert made == sorted(range(len(values)), key=lambda i: -values[i])[:limit]


def test_nulls_then_errors_last_and_formula_errors_are_reported() -> None:
    tables = {"S": table({"A": [2, 0, None, 3, 0]})}
    out = run_all([sort({"formula": "6 / #A"})], tables)
    assert plain(out.tables["O"])["A"] == [3, 2, None, 0, 0]
    assert [(n.severity, n.count) for n in out.results["O"].notices] == [("warning", 2)]
    made = run_one(sort({"formula": "6 / #A", "order": "desc"}), tables)
    assert plain(made)["A"] == [2, 3, None, 0, 0]


def test_sort_mistakes_needs_references() -> None:
    tables = numbered([(1, "a")])
    found = problems([sort("X", {"formula": "#A +"}, {"formula": "ROWNUMBER(#A; 1)"})], tables)
    assert found[0][:2] == (("by", 0, "column"), "W216")
    assert found[1][0] == ("by", 1, "formula")
    step = run_all([sort("A", limit=3)], tables).steps["O"]
    assert step.needs(["B"]) == {"S": {"A", "B"}}
    value = Reference("S", "B", "value")
    assert step.references("B") == [value, Reference("S", "A", "order"), Reference("S", "A", "limit")]
    assert run_all([sort({"formula": "#A * 2"})], tables).steps["O"].references("B") == [
        value,
        Reference("S", "A", "order"),
    ]


@given(ROWS, st.sampled_from(["first", "last"]), st.sampled_from([None, ["A"], ["B"], ["A", "B"]]))
def test_distinct_as_pandas(rows: list[Any], keep: Any, columns: list[str] | None) -> None:
    sheet: dict[str, Any] = {"name": "D", "kind": "distinct", "of": "S", "columns": columns or ["B", "A"], "keep": keep}
    made = plain(run_one(sheet, numbered(rows)))["I"]
    frame = pd.DataFrame({"A": pd.array([a for a, _ in rows], "Int64"), "B": [b for _, b in rows]})
    assert made == frame.drop_duplicates(columns, keep=keep).index.tolist()


def test_distinct_of_everything() -> None:
    tables = {"S": table({"A": [1, 1, None, 1, None], "F": [0.0, -0.0, None, 1.0, None]})}
    sheet = {"name": "D", "kind": "distinct", "of": "S"}
    assert plain(run_one(sheet, tables)) == {"A": [1, None, 1], "F": [0.0, None, 1.0]}
    assert plain(run_one(sheet, tables, columns=["F"])) == {"F": [0.0, None, 1.0]}
    assert run_one(sheet, {"S": Table({}, 7)}).rows == 1
    assert run_one(sheet, {"S": Table({}, 0)}).rows == 0
    step = run_all([sheet], tables).steps["D"]
    assert step.references("A")[1:] == [Reference("S", "A", "distinct"), Reference("S", "F", "distinct")]
    (found,) = problems([{**sheet, "columns": ["A", "G"]}], tables)
    assert found[:2] == (("columns", 1), "W216")


def test_errors_of_one_code_are_equal() -> None:
    bad = {"name": "F", "kind": "formulas", "of": "S", "columns": {"Q": "6 % #A"}}
    tables = {"S": table({"A": [0, 4, 0, None, 4]})}
    made = run_all([bad, {"name": "D", "kind": "distinct", "of": "F"}], tables).tables["D"]
    assert plain(made) == {"Q": [Failure("DIV0"), 2, None]}


def sample(**keys: Any) -> dict[str, Any]:
    return {"name": "P", "kind": "sample", "of": "S", **keys}


HUNDRED = {"S": table({"I": list(range(100)), "G": ["a", "b", None, "b"] * 25})}


def test_sample_is_reproducible_and_in_order() -> None:
    one = plain(run_one(sample(rows=10), HUNDRED))["I"]
    assert len(one) == 10
    assert one == sorted(one)
    assert one == plain(run_one(sample(rows=10), HUNDRED, threads=1))["I"]
    assert one != plain(run_one(sample(rows=10, seed=1), HUNDRED))["I"]
    assert set(one) < set(plain(run_one(sample(rows=20), HUNDRED))["I"])
    assert len(plain(run_one(sample(fraction=0.25), HUNDRED))["I"]) == 25
    assert run_one(sample(rows=1000), HUNDRED).rows == 100
    assert run_one(sample(rows=0), HUNDRED).rows == 0
    assert run_one(sample(fraction=1.0), HUNDRED).rows == 100


def test_stratified_sample_takes_from_each_group() -> None:
    made = plain(run_one(sample(rows=5, by="G"), HUNDRED))
    assert {g: made["G"].count(g) for g in ("a", "b", None)} == {"a": 5, "b": 5, None: 5}
    assert made["I"] == sorted(made["I"])
    made = plain(run_one(sample(fraction=0.1, by=["G"]), HUNDRED))
    assert {g: made["G"].count(g) for g in ("a", "b", None)} == {"a": 3, "b": 5, None: 3}
    step = run_all([sample(rows=5, by="G")], HUNDRED).steps["P"]
    rows = [Reference("S", "G", "sample"), Reference("S", SHEET_ROWS, "sample")]
    assert step.references("I") == [Reference("S", "I", "value"), *rows]
    assert step.references(SHEET_ROWS) == rows
    assert step.needs(["I"]) == {"S": {"I", "G"}}
    (found,) = problems([sample(rows=5, by="X")], HUNDRED)
    assert found[:2] == (("by", 0), "W216")


def test_numbers_of_rows_do_not_depend_on_partitions() -> None:
    whole = scrambled(1000, 7)
    parts = [scrambled(400, 7), scrambled(600, 7, 400)]
    assert (np.concatenate(parts) == whole).all()
    assert len(set(whole.tolist())) == 1000
    # SplitMix64 in plain Python
    mask = 2**64 - 1
    from hashlib import blake2b

    state = (int.from_bytes(blake2b(b"7", digest_size=8).digest(), "little") + 3 * 0x9E3779B97F4A7C15) & mask
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & mask
    assert int(whole[2]) == state ^ (state >> 31)


def test_every_row_is_as_likely() -> None:
    counts = np.zeros(50)
    for seed in range(400):
        counts[np.argsort(scrambled(50, seed))[:10]] += 1
    # 400 draws of 10 in 50: each row 80 times, with a deviation of 8
    assert (abs(counts - 80) < 5 * math.sqrt(400 * 0.2 * 0.8)).all()


@pytest.mark.parametrize(
    "sheet",
    [
        sort("A"),
        sort({"formula": "#A"}, limit=2),
        {"name": "D", "kind": "distinct", "of": "S"},
        {"name": "D", "kind": "distinct", "of": "S", "keep": "last"},
        sample(rows=2),
        sample(fraction=0.5, by="A"),
    ],
)
@pytest.mark.parametrize("rows", [0, 1])
def test_hardly_any_rows(sheet: dict[str, Any], rows: int) -> None:
    tables = {"S": table({"A": [1.5] * rows, "B": ["x"] * rows}, {"A": FLOAT, "B": STRING})}
    assert run_one(sheet, tables).rows in ({0, 1} if "fraction" in sheet else {rows})


def test_inputs_are_not_changed() -> None:
    column = Column.of([3, None, 1], INTEGER)
    before = column.data.copy()
    run_all([sort("A", name="X"), {"name": "D", "kind": "distinct", "of": "S"}], {"S": Table({"A": column}, 3)})
    assert (column.data == before).all()
