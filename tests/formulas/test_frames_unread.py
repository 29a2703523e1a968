"""Floats of frames are looked at block by block; results are those of a whole look, for any block size and threads."""

import time

import numpy as np
import pandas as pd
import pytest

import sheetline as sl
from sheetline.formulas.api import _base, _compile, environment
from sheetline.formulas.blocks import Workers
from sheetline.formulas.evaluate import evaluate
from sheetline.functions.columns import Column, Table
from sheetline.functions.helpers import side_by_side
from sheetline.functions.interop import table_from_frame
from sheetline.functions.unread import UnreadFloats, looked_at

ROWS = 3000
FORMULAS = (
    "#a + #b",
    "#a > 1",
    "IF(#a > #b; #a * 2; #b)",
    "IF(ISNULL(#a); 0; #a)",
    "IFERROR(#a / #b; -1)",
    "IF(#a > 1; 1; IF(#b > 1; 2; IF(#c > 0; 3; 4)))",
    "IF(#a > 1; 1.5; IF(#b > 1; null; 0.5))",
    "IF(#a > 1; 1; IF(1 / #c > 0; 2; 3))",
    "#a = 0 || #b > 0.5 && !(#c = 0)",
    "AND(#a > 0; #c)",
    "MAX(#a; #b; #c)",
    "COALESCE(#a; #b)",
    "INT(#b) * #n",
    "BETWEEN(#a; #b; 1)",
    "CLAMP(#b; -0.5; #c + 5)",
    "IF(#c > 0.3; #a * 2; #b - #a)",
    "IF(#n > 0; #a; #b) * ABS(-#c)",
    "SQRT(#a * #a) + #b",
    "#a / #c - #b",
    "IF(ISNULL(#a); #b * 2; #a + #c)",
    "IF(#n > 0; #a / #c; #b)",
    "IF(#a > 0; #b + #c)",
    "#b * #c + 1 / #b",
)


def _frame(seed: int, odd: bool, nulls: bool = False) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    made = {name: rng.normal(size=ROWS) for name in "abc"}
    made["c"][rng.random(ROWS) < 0.1] = 0.0
    if nulls:
        made["a"][rng.integers(0, ROWS, 20)] = np.nan
        made["c"][rng.integers(0, ROWS, 5)] = np.nan
    if odd:
        for name, value in (("a", np.nan), ("b", np.inf), ("a", -np.inf)):
            made[name][rng.integers(0, ROWS, 20)] = value
    return pd.DataFrame({**made, "n": rng.integers(-9, 9, ROWS)})


def _found(table: Table, formula: str, workers: Workers) -> tuple[list[object], list[tuple[int, str, str]]]:
    bound = _compile(formula, table.types, "Sheet", "coerce", environment(now="2024-01-01"), None, 1)
    column = evaluate(bound.bound, table, bound.env, workers).table.columns["Result"]
    errors = column.errors
    told = [] if errors is None else [(int(r), errors.code(k), errors.message(k)) for k, r in enumerate(errors.rows)]
    return column.to_list(), told


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("odd", ["", "nulls", "infinities"])
def test_blocks_of_unread_floats_give_what_whole_columns_give(formula: str, odd: str) -> None:
    frame = _frame(7, odd == "infinities", odd == "nulls")
    if formula.startswith("AND"):
        frame["c"] = frame["c"] > 0
    if "INT" in formula:
        frame["b"] = frame["b"].clip(-9, 9)
    read, unread = table_from_frame(frame)[0], _base(frame)
    assert isinstance(unread.columns["a"], UnreadFloats)
    assert not isinstance(read.columns["a"], UnreadFloats)
    with Workers(1, block_rows=10 * ROWS) as workers:
        expected = _found(read, formula, workers)
    for threads, rows in ((1, 10 * ROWS), (2, 1100), (1, 257), (2, 401), (3, 7)):
        with Workers(threads, block_rows=rows) as workers:
            assert _found(unread, formula, workers) == expected
            assert _found(read, formula, workers) == expected


def test_what_results_tell_needs_no_look(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []

    def look(self: UnreadFloats, start: int, stop: int) -> Column:
        looks.append(start)
        return looked_at(self.data[start:stop])

    monkeypatch.setattr(UnreadFloats, "slice", look)
    frame = _frame(1, odd=False)
    for formula, count in (("#a + #b * #c", 0), ("IF(#a > 0; #b; #c)", 1), ("IF(#a > 0; #a; #b)", 2), ("#a / #b", 2)):
        looks.clear()
        sl.evaluate(formula, frame, threads=1, errors="coerce")
        assert len(looks) == count, formula
    frame.loc[5, "b"] = np.nan
    looks.clear()
    assert sl.evaluate("#a + #b", frame, threads=1).isna().sum() == 1
    assert len(looks) == 2


def test_infinities_of_a_frame_are_errors_wherever_they_are_read() -> None:
    frame = pd.DataFrame({"g": [1, 1, 2], "x": [1.0, np.inf, 2.0]})
    with pytest.raises(sl.CellErrors, match="INFINITY"):
        sl.evaluate("#x", frame)
    with pytest.raises(sl.CellErrors, match="row 1: INFINITY"):
        sl.evaluate("#x > 0", frame)
    sums = sl.evaluate_sheet({"g": "GROUPBY(#g)", "s": "GROUPSUM(#x)"}, frame, errors="coerce")
    assert sums["s"].isna().tolist() == [True, False]
    both = sl.evaluate_sheet({"y": "#x + 1", "x": "#Sheet!x"}, frame, errors="coerce")
    assert both["y"].isna().tolist() == both["x"].isna().tolist() == [False, True, False]


def test_a_frame_is_not_changed_and_results_share_nothing_with_it() -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0]})
    result = sl.evaluate("#x + 0", frame)
    result.iloc[0] = 9.0
    copied = sl.evaluate("#x", frame)
    copied.iloc[1] = 9.0
    assert frame["x"].tolist() == [1.0, 2.0, 3.0]


def test_an_inner_if_that_is_wanted_too_keeps_its_own_value() -> None:
    frame = _frame(3, odd=True)
    formulas = {"inner": "IF(#b > 0; 2; 3)", "outer": "IF(#a > 0; 1; #inner)", "again": "IF(#c > 0; 0; #inner)"}
    made = sl.evaluate_sheet(formulas, frame, errors="coerce", threads=2)
    for name, first, condition in (("outer", 1, frame["a"] > 0), ("again", 0, frame["c"] > 0)):
        bad = np.isinf(frame["a"]) if name == "outer" else np.zeros(ROWS, bool)
        expected = made["inner"].where(~condition, first).mask(bad)
        assert made[name].equals(expected.astype(made[name].dtype))


def test_helpers_keep_order_and_pass_failures_on() -> None:
    assert side_by_side(lambda n: n * n, range(100), 4) == [n * n for n in range(100)]
    assert side_by_side(lambda n: sum(side_by_side(abs, range(n), 3)), range(8), 3) == [0, 0, 1, 3, 6, 10, 15, 21]

    def fail(n: int) -> int:
        if n == 5:
            raise ValueError("five")
        return n

    with pytest.raises(ValueError, match="five"):
        side_by_side(fail, range(20), 3)

    def first_late(n: int) -> int:
        time.sleep(0.02 if n == 0 else 0)
        raise ValueError(str(n))

    for threads in (1, 2, 4):  # where threads help, the first item fails last
        with pytest.raises(ValueError, match=r"^0$"):
            side_by_side(first_late, range(8), threads)


@pytest.mark.parametrize("depth", [2, 3, 5, 6, 7])
@pytest.mark.parametrize("rows", [1, 2, 257, 1030])
def test_if_in_if_takes_the_first_true_condition(depth: int, rows: int) -> None:
    rng = np.random.default_rng(depth)
    frame = pd.DataFrame({f"c{k}": rng.normal(size=rows) for k in range(depth)})
    frame[frame > 1.5] = np.nan
    for values in ([10 * k for k in range(depth + 1)], [k + 0.5 for k in range(depth + 1)]):
        formula = str(values[-1])
        for k in reversed(range(depth)):
            formula = f"IF(#c{k} > 0.4; {values[k]}; {formula})"
        lines = frame.to_numpy() > 0.4
        expected = [values[int(np.argmax(line))] if line.any() else values[-1] for line in lines]
        assert sl.evaluate(formula, frame).tolist() == expected


def test_a_quotient_by_zero_fails_where_nothing_is_null() -> None:
    frame = pd.DataFrame({"a": [1.0, np.nan, 0.0, 3.0], "b": [0.0, 0.0, 0.0, 2.0], "n": [1, 2, 3, 4]})
    assert sl.evaluate("IFERROR(#a / #b; -1)", frame).fillna(9).tolist() == [-1.0, 9.0, -1.0, 1.5]
    assert sl.evaluate("IFERROR(#a / 0; #n)", frame).fillna(9).tolist() == [1.0, 9.0, 3.0, 4.0]
    assert sl.evaluate("IFERROR(5 / #b; #n)", frame).tolist() == [1.0, 2.0, 3.0, 2.5]
    with pytest.raises(sl.CellErrors, match="3 cells are errors: Result row 0: DIV0"):
        sl.evaluate("1 / #b", frame)


def test_what_is_written_into_a_frame_later_is_not_seen() -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "y": [4.0, 5.0, 6.0]})
    other = frame.copy(deep=False)
    table = _base(frame)
    frame.loc[0, "x"] = 9.0
    frame.iloc[1:, :] = 0.0
    frame["y"] += 1.0
    assert [table.columns[name].data.tolist() for name in "xy"] == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert other["x"].tolist() == [1.0, 2.0, 3.0]
    alone = pd.DataFrame({"x": np.arange(3.0)})
    table = _base(alone)
    alone.iloc[:, 0] = 9.0
    assert table.columns["x"].data.tolist() == [0.0, 1.0, 2.0]
