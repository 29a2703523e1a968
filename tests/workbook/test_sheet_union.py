"""Union and unpivot sheets, against pandas.concat and pandas.melt."""

from __future__ import annotations

from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from running import plain, problems, run_all, run_one, table

from sheetline.formulas.bound import ROWS, Reference
from sheetline.functions.columns import Column, Table
from sheetline.functions.declare import Failure
from sheetline.functions.types import BOOLEAN, FLOAT, INTEGER, STRING

NUMBERS = st.lists(st.none() | st.integers(-2, 2), max_size=6)


def union(*of: str, **keys: Any) -> dict[str, Any]:
    return {"name": "U", "kind": "union", "of": list(of), **keys}


def test_by_name_with_missing_columns_and_wider_types() -> None:
    tables = {
        "A": table({"X": [1, 2], "T": ["a", None]}),
        "B": table({"Y": [True], "X": [0.5]}),
        "C": table({"T": Column(STRING, Column.of(["z", "a"]).data.dictionary_encode())}),
    }
    made = run_one(union("A", "B", "C", origin="From"), tables)
    assert plain(made) == {
        "X": [1.0, 2.0, 0.5, None, None],
        "T": ["a", None, None, "z", "a"],
        "Y": [None, None, True, None, None],
        "From": ["A", "A", "B", "C", "C"],
    }
    assert made.types == {"X": FLOAT, "T": STRING, "Y": BOOLEAN, "From": STRING}
    assert list(run_one(union("B", "A"), tables).columns) == ["Y", "X", "T"]
    assert plain(run_one(union("B", "A", origin="F"), tables, columns=["F"])) == {"F": ["B", "A", "A"]}
    assert plain(run_one(union("A", "A"), tables, columns=["X"])) == {"X": [1, 2, 1, 2]}


def test_by_position() -> None:
    tables = {"A": table({"X": [1], "T": ["a"]}), "B": table({"N": [2.5], "S": ["b"], "More": [7]})}
    made = run_one(union("A", "B", match="position"), tables)
    assert plain(made) == {"X": [1.0, 2.5], "T": ["a", "b"], "More": [None, 7]}
    step = run_all([union("A", "B", match="position")], tables).steps["U"]
    assert step.needs(["T"]) == {"A": {"T"}, "B": {"S"}}
    rows = [Reference("A", ROWS, "union"), Reference("B", ROWS, "union")]
    assert step.references("T") == [Reference("A", "T", "value"), Reference("B", "S", "value"), *rows]
    assert step.references("More") == [Reference("B", "More", "value"), *rows]
    assert step.references(ROWS) == rows


def test_distinct_ignores_the_origin_and_keeps_the_first() -> None:
    tables = {"A": table({"X": [1, None, 1]}), "B": table({"X": [2, 1, None]})}
    made = run_one(union("A", "B", distinct=True, origin="O"), tables)
    assert plain(made) == {"X": [1, None, 2], "O": ["A", "A", "B"]}
    assert plain(run_one(union("A", "B", distinct=True, origin="O"), tables, columns=["O"])) == {"O": ["A", "A", "B"]}
    step = run_all([union("A", "B", distinct=True, origin="O")], tables).steps["U"]
    compared = [Reference("A", "X", "distinct"), Reference("B", "X", "distinct")]
    assert step.references("O") == [*compared, Reference("A", ROWS, "union"), Reference("B", ROWS, "union")]


@given(NUMBERS, NUMBERS, NUMBERS, st.booleans())
def test_rows_as_pandas(a: list[Any], b: list[Any], c: list[Any], distinct: bool) -> None:
    tables = {name: table({"X": values}, {"X": INTEGER}) for name, values in (("A", a), ("B", b), ("C", c))}
    made = plain(run_one(union("A", "B", "C", distinct=distinct), tables))["X"]
    whole = pd.concat([pd.DataFrame({"X": pd.array(values, "Int64")}) for values in (a, b, c)])
    whole = whole.drop_duplicates() if distinct else whole
    assert made == [None if pd.isna(value) else value for value in whole["X"]]


def test_errors_keep_their_rows() -> None:
    bad = {"name": "F", "kind": "formulas", "of": "A", "columns": {"X": "6 % #X"}}
    tables = {"A": table({"X": [4, 0]})}
    made = run_all([bad, union("A", "F")], tables).tables["U"]
    assert plain(made) == {"X": [4, 0, 2, Failure("DIV0")]}


def test_union_mistakes() -> None:
    tables = {"A": table({"X": [1]}), "B": table({"X": ["a"]}), "C": table({"X": [1.5], "Y": [1]})}
    (found,) = problems([union("A", "C", "B")], tables)
    assert found[:2] == (("of", 2), "W233")
    assert "column 'X' of 'C' is float and column 'X' of 'B' is string" in found[2]
    (found,) = problems([union("A", "C", origin="Y")], tables)
    assert found[:2] == (("origin",), "W234")
    swapped = {"A": table({"X": [1], "Y": [1]}), "B": table({"A": [1], "B": [1], "X": [1]})}
    (found,) = problems([union("A", "B", match="position")], swapped)
    assert found[:2] == (("of", 1), "W234")


def test_union_of_nothing() -> None:
    empty = table({"X": []}, {"X": STRING})
    assert run_one(union("A", "B", distinct=True, origin="O"), {"A": empty, "B": empty}).rows == 0
    assert run_one(union("A", "B"), {"A": Table({}, 2), "B": Table({}, 3)}).rows == 5


# --- unpivot

WIDE = {"S": table({"Id": ["a", "b"], "X": [1, None], "Y": [0.5, 2.5], "Z": [7, 8]})}


def unpivot(**keys: Any) -> dict[str, Any]:
    return {"name": "L", "kind": "unpivot", "of": "S", "keep": ["Id"], "columns": ["X", "Y"], **keys}


def test_unpivot_goes_row_by_row() -> None:
    made = run_one(unpivot(), WIDE)
    assert plain(made) == {
        "Id": ["a", "a", "b", "b"],
        "Column": ["X", "Y", "X", "Y"],
        "Value": [1.0, 0.5, None, 2.5],
    }
    assert made.types == {"Id": STRING, "Column": STRING, "Value": FLOAT}


def test_unpivot_drops_nulls_but_not_errors() -> None:
    bad = {"name": "F", "kind": "formulas", "of": "S", "copy": True, "columns": {"Y": "#Z / (#Z - 7)"}}
    out = run_all([bad, unpivot(of="F", dropNulls=True, label="C", value="V")], WIDE)
    assert not out.found
    assert plain(out.tables["L"]) == {"Id": ["a", "a", "b"], "C": ["X", "Y", "Y"], "V": [1.0, Failure("DIV0"), 8.0]}
    assert out.steps["L"].references("C") == [Reference("F", "X", "filter"), Reference("F", "Y", "filter")]


def test_unpivot_needs_references_mistakes() -> None:
    step = run_all([unpivot()], WIDE).steps["L"]
    assert step.needs(["Column"]) == {"S": set()}
    assert step.needs(["Id", "Value"]) == {"S": {"Id", "X", "Y"}}
    assert step.references("Value") == [Reference("S", "X", "value"), Reference("S", "Y", "value")]
    assert step.references("Id") == [Reference("S", "Id", "value")]
    assert step.references("Column") == step.references(ROWS) == [Reference("S", ROWS, "expand")]
    assert plain(run_one(unpivot(dropNulls=True), WIDE, columns=["Column"])) == {"Column": ["X", "Y", "Y"]}
    found = problems([unpivot(keep=["No"], columns=["X", "Nope"])], WIDE)
    assert [(path, code) for path, code, _ in found] == [(("keep", 0), "W216"), (("columns", 1), "W216")]
    (found_one,) = problems([unpivot(keep=[], columns=["X", "Id"])], WIDE)
    assert found_one[:2] == (("columns", 1), "W233")
    assert run_one(unpivot(), {"S": WIDE["S"].slice(0, 0)}).rows == 0


@given(st.lists(st.tuples(st.none() | st.integers(0, 3), st.none() | st.integers(0, 3)), max_size=8), st.booleans())
def test_unpivot_as_melt(rows: list[Any], drop: bool) -> None:
    tables = {"S": table({"X": [x for x, _ in rows], "Y": [y for _, y in rows]}, {"X": INTEGER, "Y": INTEGER})}
    tables["S"] = Table({"Id": Column.of(list(range(len(rows))), INTEGER), **tables["S"].columns}, len(rows))
    made = plain(run_one(unpivot(dropNulls=drop), tables))
    frame = pd.DataFrame({"Id": range(len(rows)), "X": [x for x, _ in rows], "Y": [y for _, y in rows]}, dtype="Int64")
    long = frame.melt("Id", var_name="Column", value_name="Value").sort_values("Id", kind="stable")
    long = long.dropna(subset="Value") if drop else long
    assert made["Id"] == long["Id"].tolist()
    assert made["Column"] == long["Column"].tolist()
    assert made["Value"] == [None if pd.isna(value) else value for value in long["Value"]]
