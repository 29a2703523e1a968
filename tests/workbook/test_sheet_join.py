"""Join sheets, against pandas.merge and a plain loop."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running import Running, plain, problems, run_all, run_one, table

from sheetline.formulas.bound import Reference
from sheetline.formulas.diagnostics import SheetlineError
from sheetline.functions.columns import Column, Table
from sheetline.functions.declare import Failure
from sheetline.functions.types import FLOAT, INTEGER, STRING
from sheetline.workbook import relational

LEFT = table({"K": [2, 1, None, 2, 3], "A": ["a", "b", "c", "d", "e"], "V": [1.0, 2.0, 3.0, None, 5.0]})
RIGHT = table({"K": [2, 4, None, 2, 1], "B": ["x", "y", "z", "w", "v"], "V": [10, 20, 30, 40, None]})
TABLES = {"L": LEFT, "R": RIGHT}


def join(**keys: Any) -> dict[str, Any]:
    return {"name": "J", "kind": "join", "left": "L", "right": "R", "on": ["K"], **keys}


def coded(values: list[str | None]) -> Column:
    column = Column.of(values, STRING)
    return Column(STRING, column.data.dictionary_encode())


def rows_of(made: Table) -> list[tuple[Any, ...]]:
    return list(zip(*plain(made).values(), strict=True))


def test_inner_keeps_left_order_then_right_order() -> None:
    made = run_one(join(), TABLES)
    assert list(made.columns) == ["K", "A", "L.V", "B", "R.V"]
    assert rows_of(made) == [
        (2, "a", 1.0, "x", 10),
        (2, "a", 1.0, "w", 40),
        (1, "b", 2.0, "v", None),
        (2, "d", None, "x", 10),
        (2, "d", None, "w", 40),
    ]
    assert made.types == {"K": INTEGER, "A": STRING, "L.V": FLOAT, "B": STRING, "R.V": INTEGER}


def test_outer_takes_the_key_from_the_side_that_has_it() -> None:
    made = plain(run_one(join(how="outer"), TABLES))
    assert made["K"] == [2, 2, 1, None, 2, 2, 3, 4, None]
    assert made["A"] == ["a", "a", "b", "c", "d", "d", "e", None, None]
    assert made["B"] == ["x", "w", "v", None, "x", "w", None, "y", "z"]


def test_left_right_semi_anti() -> None:
    assert plain(run_one(join(how="left"), TABLES))["B"] == ["x", "w", "v", None, "x", "w", None]
    right = plain(run_one(join(how="right"), TABLES))
    assert right["K"] == [2, 2, 1, 2, 2, 4, None]
    assert right["A"] == ["a", "a", "b", "d", "d", None, None]
    semi = run_one(join(how="semi"), TABLES)
    assert plain(semi) == {"K": [2, 1, 2], "A": ["a", "b", "d"], "V": [1.0, 2.0, None]}
    assert plain(run_one(join(how="anti"), TABLES))["A"] == ["c", "e"]


def test_cross() -> None:
    tables = {"L": table({"A": [1, 2]}), "R": table({"B": ["x", "y", "z"]})}
    sheet = {"name": "J", "kind": "join", "left": "L", "right": "R", "how": "cross"}
    assert rows_of(run_one(sheet, tables)) == [(a, b) for a in (1, 2) for b in "xyz"]
    assert run_one(sheet, {**tables, "R": table({"B": []}, {"B": STRING})}).rows == 0


def test_cross_of_millions_is_refused_before_it_starts() -> None:
    tables = {"L": Table({}, 1_000_000), "R": Table({}, 2_000_000)}
    with pytest.raises(SheetlineError, match=r"'J' would have 2,000,000,000,000 rows.*'L' \(1,000,000 rows\)"):
        run_one({"name": "J", "kind": "join", "left": "L", "right": "R", "how": "cross"}, tables)


def test_exploding_keys_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relational, "MOST_ROWS", 10)
    tables = {"L": table({"K": [1] * 20}), "R": table({"K": [1] * 30})}
    with pytest.raises(SheetlineError, match="would have 600 rows: keys repeat on both sides"):
        run_one(join(), tables)


def test_select_means_exactly_that_column() -> None:
    chosen = [{"name": "Id", "from": "L!K"}, {"name": "Other", "from": "R!K"}, {"name": "V", "from": "R!V"}]
    made = plain(run_one(join(how="outer", select=chosen), TABLES))
    assert made["Id"] == [2, 2, 1, None, 2, 2, 3, None, None]
    assert made["Other"] == [2, 2, 1, None, 2, 2, None, 4, None]
    assert list(made) == ["Id", "Other", "V"]


def test_keys_of_different_names_and_types_stay_both() -> None:
    tables = {"L": table({"Id": [1, 2, 3]}), "R": table({"No": [2.0, 3.5, 1.0], "T": ["b", "c", "a"]})}
    made = run_one(join(on=[{"left": "Id", "right": "No"}]), tables)
    assert plain(made) == {"Id": [1, 2], "No": [1.0, 2.0], "T": ["a", "b"]}
    widened = {"L": table({"K": [1, 2]}), "R": table({"K": [2.0, 3.5]})}
    outer = run_one(join(how="outer"), widened)
    assert plain(outer) == {"K": [1.0, 2.0, 3.5]}
    assert outer.types == {"K": FLOAT}


def test_formulas_as_keys() -> None:
    tables = {"L": table({"Code": ["a1", "B2", None]}), "R": table({"Id": ["A", "b"], "X": [1, 2]})}
    on = [{"left": "UPPER(LEFT(#Code;1))", "right": "UPPER(#Id)"}]
    made = run_one(join(on=on, how="left"), tables)
    assert plain(made) == {"Code": ["a1", "B2", None], "Id": ["A", "b", None], "X": [1, 2, None]}
    # a formula of a column alone is that column: it stands once
    same = run_one(join(on=[{"left": "#K", "right": "#R!K"}]), TABLES)
    assert list(same.columns) == ["K", "A", "L.V", "B", "R.V"]


def test_errors_match_nothing_ride_along_and_are_reported() -> None:
    bad = {"name": "F", "kind": "formulas", "of": "L", "columns": {"K": "6 % #X", "A": "#X"}}
    tables = {"L": table({"X": [4, 0, None]}), "R": table({"K": [2, 0, None], "B": ["x", "y", "z"]})}
    out = run_all([bad, join(left="F", how="outer")], tables)
    assert plain(out.tables["J"]) == {
        "K": [2, Failure("DIV0"), None, 0, None],
        "A": [4, 0, None, None, None],
        "B": ["x", None, None, "y", "z"],
    }
    said = {(n.severity, n.count) for n in out.results["J"].notices}
    assert ("warning", 1) in said
    assert ("info", 1) in said


def notices(out: Running) -> list[tuple[str, int, tuple[str, ...]]]:
    return [(n.severity, n.count, n.examples) for n in out.results["J"].notices if "null" not in n.message]


def test_expectations_and_fan_out() -> None:
    assert notices(run_all([join(expect="many-to-one")], TABLES)) == [
        ("broken", 1, ("2",)),
        ("warning", 2, ("2", "2")),
    ]
    both = notices(run_all([join(expect="one-to-one", how="semi")], TABLES))
    assert both == [("broken", 1, ("2",)), ("broken", 1, ("2",))]
    assert notices(run_all([join(expect="many-to-many")], TABLES)) == [("info", 2, ("2", "2"))]
    one = {"L": table({"K": ["a", "b"]}), "R": table({"K": ["a", "a", "c"]})}
    assert notices(run_all([join(expect="one-to-many")], one)) == [("info", 1, ("a",))]
    assert notices(run_all([join(expect="one-to-one")], one)) == [("broken", 1, ("a",)), ("info", 1, ("a",))]


def test_mistakes() -> None:
    (found,) = problems([join(on=["A"])], TABLES)
    assert found[:2] == (("on", 0), "W216")
    assert "sheet 'R' has no column 'A'" in found[2]
    (found,) = problems([join(on=[{"left": "A", "right": "K"}])], TABLES)
    assert found[:2] == (("on", 0), "W233")
    assert "key 'A' of 'L' is string and key 'K' of 'R' is integer" in found[2]
    (found,) = problems([join(select=[{"name": "a", "from": "R!Nope"}])], TABLES)
    assert found[:2] == (("select", 0, "from"), "W216")
    (found,) = problems([join(on=[{"left": "GROUPSUM(#K)", "right": "K"}])], TABLES)
    assert found[:2] == (("on", 0, "left"), "F127")
    clash = {"L": table({"K": [1], "V": [1], "R.V": [1]}), "R": table({"K": [1], "V": [1]})}
    (found,) = problems([join()], clash)
    assert found[1] == "W234"
    assert "'R.V'" in found[2]


def test_needs_and_references() -> None:
    step = run_all([join(on=[{"left": "K", "right": "#K + 0"}])], TABLES).steps["J"]
    assert step.needs(["B"]) == {"L": {"K"}, "R": {"K", "B"}}
    assert step.references("B") == [
        Reference("R", "B", "value"),
        Reference("L", "K", "join"),
        Reference("R", "K", "join"),
    ]
    outer = run_all([join(how="outer")], TABLES).steps["J"]
    assert outer.references("K")[:2] == [Reference("L", "K", "value"), Reference("R", "K", "value")]
    semi = run_all([join(how="semi")], TABLES).steps["J"]
    assert semi.needs([]) == {"L": {"K"}, "R": {"K"}}
    assert run_one(join(), TABLES, columns=[]).rows == 5


# --- against pandas

KEYS = st.lists(st.none() | st.integers(-2, 3), max_size=8)
WORDS = st.lists(st.none() | st.sampled_from(["", "a", "b", "ß"]), max_size=8)
HOWS = ["inner", "left", "right", "outer", "semi", "anti"]


def by_loop(left: list[tuple[Any, ...]], right: list[tuple[Any, ...]], how: str) -> list[tuple[int, int]]:
    """The rows that go together, -1 for none: a plain loop."""
    pairs = []
    for i, key in enumerate(left):
        hits = [j for j, other in enumerate(right) if key == other and None not in key]
        if how == "semi":
            pairs += [(i, -1)] if hits else []
        elif how == "anti":
            pairs += [] if hits else [(i, -1)]
        else:
            pairs += [(i, j) for j in hits] or ([(i, -1)] if how in ("left", "outer") else [])
    if how in ("right", "outer"):
        pairs += [(-1, j) for j, key in enumerate(right) if None in key or key not in left]
    return pairs


@given(KEYS, KEYS, WORDS, WORDS, st.sampled_from(HOWS), st.booleans())
@settings(max_examples=150)
def test_rows_are_those_of_a_loop(
    left: list[int | None],
    right: list[int | None],
    words: list[str | None],
    others: list[str | None],
    how: str,
    code: bool,
) -> None:
    left, words = left[: len(words)], words[: len(left)]
    right, others = right[: len(others)], others[: len(right)]
    text = coded if code else lambda values: Column.of(values, STRING)
    types = {"K": INTEGER, "I": INTEGER, "J": INTEGER}
    tables = {
        "L": table({"K": left, "W": text(words), "I": list(range(len(left)))}, types),
        "R": table({"K": right, "W": Column.of(others, STRING), "J": list(range(len(right)))}, types),
    }
    made = plain(run_one(join(on=["K", "W"], how=how), tables))
    expected = by_loop(list(zip(left, words, strict=True)), list(zip(right, others, strict=True)), how)
    assert made["I"] == [None if i < 0 else i for i, _ in expected]
    if how not in ("semi", "anti"):
        assert made["J"] == [None if j < 0 else j for _, j in expected]
        assert made["K"] == [left[i] if i >= 0 else right[j] for i, j in expected]
        assert made["W"] == [words[i] if i >= 0 else others[j] for i, j in expected]


@given(KEYS, KEYS, st.sampled_from(["inner", "left", "right", "outer"]))
def test_the_same_rows_as_pandas(left: list[int | None], right: list[int | None], how: Any) -> None:
    frames = [
        pd.DataFrame({"K": pd.array(keys, "Int64"), name: range(len(keys))})
        for keys, name in ((left, "I"), (right, "J"))
    ]
    known = [frame.dropna(subset="K") for frame in frames]  # pandas matches nulls, we don't
    merged = known[0].merge(known[1], on="K", how=how)
    found = {
        (None if pd.isna(i) else int(i), None if pd.isna(j) else int(j))
        for i, j in zip(merged["I"], merged["J"], strict=True)
    }
    if how in ("left", "outer"):
        found |= {(i, None) for i, key in enumerate(left) if key is None}
    if how in ("right", "outer"):
        found |= {(None, j) for j, key in enumerate(right) if key is None}
    types = {"K": INTEGER, "I": INTEGER, "J": INTEGER}
    tables = {
        "L": table({"K": left, "I": list(range(len(left)))}, types),
        "R": table({"K": right, "J": list(range(len(right)))}, types),
    }
    made = plain(run_one(join(how=how), tables))
    pairs = list(zip(made["I"], made["J"], strict=True))
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == found


@pytest.mark.parametrize("how", [*HOWS, "cross"])
def test_empty_tables(how: str) -> None:
    types = {"K": STRING, "A": INTEGER}
    empty, one = table({"K": [], "A": []}, types), table({"K": ["x"], "A": [1]}, types)
    for left, right in ((empty, empty), (empty, one), (one, empty), (one, one)):
        sheet = join(how=how)
        if how == "cross":
            del sheet["on"]
        made = run_one(sheet, {"L": left, "R": right})
        expected = len(by_loop([("x",)] * left.rows, [("x",)] * right.rows, how))
        assert made.rows == (left.rows * right.rows if how == "cross" else expected)
