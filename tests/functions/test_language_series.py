"""Series sheets through the language: the documented examples, and how columns follow changed rows."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from calling import values
from evaluating import sheet

import sheetline.functions.expanding_documents
import sheetline.functions.series_selections  # noqa: F401 - declares its functions
from sheetline.functions.declare import Failure

Rows = Mapping[str, Sequence[Any]]


def run(formulas: Mapping[str, str], rows: Rows, name: str = "RawData") -> dict[str, list[Any]]:
    return {key: values(column) for key, column in sheet(formulas, rows, name=name).items()}


SESSIONS: Rows = {
    "session": [
        "session1",
        "session1",
        "session1",
        "session2",
        "session2",
        "session1",
        "session2",
        "session1",
        "session2",
    ],
    "timestamp": [2, 3, 4, 5, 6, 7, 8, 9, 10],
    "url": ["url1", "url1", "url2", "url1", "url2", "url3", "url1", "url2", "url1"],
}
ONE, TWO = "session1", "session2"


def test_documented_sort() -> None:
    keys = {"session": "GROUPBY(#RawData!session)", "timestamp": "GROUP_SORT_ASC(#RawData!timestamp)"}
    assert run(keys, SESSIONS) == {"session": [ONE] * 5 + [TWO] * 4, "timestamp": [2, 3, 4, 7, 9, 5, 6, 8, 10]}


def test_documented_path() -> None:
    formulas = {
        "session": "GROUPBY(#RawData!session)",
        "timestamp": "GROUP_SORT_ASC(#RawData!timestamp)",
        "url_Path": "GROUP_PATH(#RawData!url)",
    }
    got = run(formulas, SESSIONS)
    assert got["session"] == [ONE] * 6 + [TWO] * 5
    assert got["timestamp"] == [2, 3, 4, 7, 9, 9, 5, 6, 8, 10, 10]
    outside = "external"
    steps = [outside, "url1", "url1", "url2", "url3", "url2", outside]
    others = [outside, "url1", "url2", "url1", "url1", outside]
    assert got["url_Path"] == [
        *map(list, itertools.pairwise(steps)),
        *map(list, itertools.pairwise(others)),
    ]


PREVIOUS: Rows = {
    "Session": ["session1", "session1", "session2", "session1"],
    "TimeStamp": [20, 25, 40, 55],
    "url": ["url1", "url2", "url1", "url3"],
}


def test_documented_previous_beside_a_path() -> None:
    formulas = {
        "Session": "GROUPBY(#RawData!Session)",
        "Ascending_TimeStamp": "GROUP_SORT_ASC(#RawData!TimeStamp)",
        "url_PATH": "GROUP_PATH(#RawData!url)",
        "Previous_TimeStamp": "GROUP_PREVIOUS(#RawData!TimeStamp)",
    }
    got = run(formulas, PREVIOUS)
    assert got["Session"] == [ONE] * 4 + [TWO] * 2
    assert got["Ascending_TimeStamp"] == [20, 25, 55, 55, 40, 40]
    assert got["Previous_TimeStamp"] == [None, 20, 25, 55, None, 40]
    assert got["url_PATH"][2:] == [
        ["url2", "url3"],
        ["url3", "external"],
        ["external", "url1"],
        ["url1", "external"],
    ]


def test_documented_previous() -> None:
    groups = [f"group{n}" for n in (1, 1, 1, 2, 2, 1, 1, 2, 2, 1, 2, 1)]
    formulas = {"Groups": "GROUPBY(#RawData!Groups)", "P": "GROUP_PREVIOUS(#RawData!Number)"}
    got = run(formulas, {"Groups": groups, "Number": list(range(4, 16))})
    assert got["P"] == [None, 4, 5, 6, 9, 10, 13, None, 7, 8, 11, 12]


def test_documented_diff() -> None:
    values_of = [6, 12, 5, 5, 5, 7, 5, 9, 8, 24, 24, 24, 33, 33, 29, 30, 32, 35]
    rows = {"Groups": ["group1"] * 9 + ["group2"] * 9, "Participants": values_of}
    formulas = {"Groups": "GROUPBY(#RawData!Groups)", "D": "GROUP_DIFF(#RawData!Participants)"}
    assert run(formulas, rows)["D"] == [None, 6, -7, 0, 0, 2, -2, 4, -1, None, 0, 0, 9, 0, -4, 1, 2, 3]


def test_a_row_without_a_record_has_only_keys_orders_and_previous_values() -> None:
    formulas = {
        "s": "GROUPBY(#RawData!Session)",
        "t": "GROUP_SORT_DESC(#RawData!TimeStamp)",
        "path": "GROUP_PATH(#url)",
        "url": "#RawData!url",
        "number": "GROUPROWNUMBER()",
        "before": "GROUP_PREVIOUS(#RawData!TimeStamp;2)",
        "sum": "GROUP_CUMSUM(#RawData!TimeStamp) + 1",
    }
    got = run(formulas, PREVIOUS)
    assert got["t"] == [55, 25, 20, 20, 40, 40]
    assert got["url"] == ["url3", "url2", "url1", None, "url1", None]
    assert got["number"] == [1, 2, 3, None, 1, None]
    assert got["before"] == [None, None, 55, 25, None, None]
    assert got["sum"] == [56, 81, 101, None, 41, None]


def test_series_are_computed_before_path_changes_drop_records() -> None:
    formulas = {
        "s": "GROUPBY(#RawData!session)",
        "t": "GROUP_SORT_ASC(#RawData!timestamp)",
        "path": "GROUP_PATH_CHANGES(#RawData!url)",
        "before": "GROUP_PREVIOUS(#RawData!timestamp)",
        "number": "GROUPROWNUMBER()",
    }
    got = run(formulas, SESSIONS)
    assert got["t"] == [2, 4, 7, 9, 9, 5, 6, 8, 10]
    assert got["before"] == [None, 3, 4, 7, 9, None, 5, 6, 10]
    assert got["number"] == [1, 3, 4, 5, None, 1, 2, 3, None]
    assert got["path"][4] == ["url2", "external"]


def test_columns_follow_the_records_that_stay() -> None:
    rows = {"g": ["a", "b", "a", "a"], "v": [1, 7, 3, 2]}
    formulas = {
        "g": "GROUPBY(#Raw!g)",
        "top": "GROUPTOPN(#Raw!v;2)",
        "v": "#Raw!v * 10",
        "number": "GROUPROWNUMBER()",
        "share": "GROUP_SHARE(#Raw!v)",
    }
    got = run(formulas, rows, "Raw")
    assert got == {
        "g": ["a", "a", "b"],
        "top": [3, 2, 7],
        "v": [30, 20, 70],
        "number": [2, 3, 1],
        "share": [0.5, 1 / 3, 1.0],
    }


def test_combinations_stand_beside_keys_only() -> None:
    rows = {"g": ["a", "b", "a"], "v": [2, 5, 1]}
    formulas = {"g": "GROUPBY(#Raw!g)", "pair": "GROUPCOMBIN(#Raw!v)", "v": "#Raw!v", "n": "GROUPROWNUMBER()"}
    assert run(formulas, rows, "Raw") == {"g": ["a"], "pair": [[1, 2]], "v": [None], "n": [None]}


def test_forecasts_are_rows_of_their_own() -> None:
    rows = {"t": [1, 2, 3], "v": [10, 20, 30]}
    formulas = {
        "g": "GROUPBY(1)",
        "t": "GROUP_SORT_ASC(#Raw!t)",
        "smooth": "GROUP_HOLT_WINTERS(#Raw!v;0.5;0.5;2)",
        "v": "#Raw!v",
        "before": "GROUP_PREVIOUS(#Raw!v)",
    }
    got = run(formulas, rows, "Raw")
    assert got["smooth"] == [10.0, 20.0, 30.0, 40.0, 50.0]
    assert got["t"] == [1, 2, 3, 3, 3]
    assert got["v"] == [10, 20, 30, None, None]
    assert got["before"] == [None, 10, 20, 30, None]


def test_several_sorts_and_later_columns() -> None:
    rows = {"g": [1] * 5, "a": [2, 1, 2, 1, None], "b": [1, 5, 9, 7, 0]}
    formulas = {
        "g": "GROUPBY(#Raw!g)",
        "a": "GROUP_SORT_ASC(#Raw!a)",
        "b": "GROUP_SORT_DESC(#Raw!b)",
        "step": "GROUP_DIFF(#b)",
        "run": "GROUP_CUMSUM(#step)",
    }
    got = run(formulas, rows, "Raw")
    assert got["a"] == [1, 1, 2, 2, None]
    assert got["b"] == [7, 5, 9, 1, 0]
    assert got["step"] == [None, -2, 4, -8, -1]
    assert got["run"] == [None, -2, 2, -6, -7]


def test_no_rows_no_groups() -> None:
    from sheetline.functions.columns import Column
    from sheetline.functions.types import INTEGER

    rows = {"v": Column.of([], INTEGER)}
    series = ["GROUP_PATH(#Raw!v)", "GROUPTOPN(#Raw!v;1)", "GROUP_HOLT_WINTERS(#Raw!v;0;0;3)", "GROUPCOMBIN(#Raw!v)"]
    for formula in [*series, "GROUP_MOVING_MEDIAN(#Raw!v;3)", "GROUP_CUMSUM(#Raw!v)", "GROUP_RANK(#Raw!v)"]:
        got = sheet({"g": "GROUPBY(1)", "x": formula}, rows, name="Raw")
        assert len(got["x"]) == len(got["g"]) == 0, formula


def test_constants_that_cannot_be_right_are_refused() -> None:
    from sheetline.formulas.diagnostics import FormulaError

    for formula in ("GROUP_MOVING_SUM(#v;0)", "GROUP_NTILE(#v;0)", "GROUP_EXP_SMOOTH(#v;1.5)", "GROUP_PREVIOUS(#v;-1)"):
        with pytest.raises(FormulaError):
            sheet({"g": "GROUPBY(1)", "x": formula}, {"v": [1]})


def test_an_error_constant_is_every_row() -> None:
    got = run({"g": "GROUPBY(1)", "x": 'GROUP_PREVIOUS(#Raw!v;INT("x"))'}, {"v": [1, 2]}, "Raw")
    assert got["x"] == [Failure("PARSE")] * 2


# --- expansions ------------------------------------------------------------------------------------------


def test_other_columns_repeat_and_expansions_advance_together() -> None:
    rows = {"id": [1, 2, 3], "t": ["a,b", None, "c"], "n": [3, 1, None]}
    formulas = {"id": "#Raw!id", "part": 'EXPAND_SPLIT(#Raw!t;",")', "number": "EXPAND_RANGE(1;#Raw!n)"}
    got = run(formulas, rows, "Raw")
    assert got == {
        "id": [1, 1, 1, 2, 3],
        "part": ["a", "b", None, None, "c"],
        "number": [1, 2, 3, 1, None],
    }


def test_columns_may_use_what_was_expanded() -> None:
    rows = {"t": ["to be", "or"]}
    got = run({"word": "TOKENIZE(#Raw!t)", "twice": "#word & #Raw!t"}, rows, "Raw")
    assert got == {"word": ["to", "be", "or"], "twice": ["toto be", "beto be", "oror"]}


def test_records_expand_inside_their_groups() -> None:
    rows = {"g": ["x", "y", "x"], "t": ["a b", "c", "d"], "v": [1, 2, 3]}
    formulas = {
        "g": "GROUPBY(#Raw!g)",
        "word": "TOKENIZE(#Raw!t)",
        "both": '#g & "-" & #word',
        "row": "#Raw!t & #g",
        "sum": "GROUP_CUMSUM(#Raw!v)",
    }
    got = run(formulas, rows, "Raw")
    assert got == {
        "g": ["x", "x", "x", "y"],
        "word": ["a", "b", "d", "c"],
        "both": ["x-a", "x-b", "x-d", "y-c"],
        "row": ["a bx", "a bx", "dx", "cy"],
        "sum": [1, 1, 4, 2],
    }


def test_an_aggregate_expands_behind_its_group() -> None:
    rows = {"g": ["x", "y", "x"], "v": [1, 2, 3]}
    formulas = {"g": "GROUPBY(#Raw!g)", "all": "GROUPLIST(#Raw!v)", "n": "GROUPCOUNT()", "one": "EXPAND(#all)"}
    got = run({**formulas, "part": "#one / #n"}, rows, "Raw")
    assert got["g"] == ["x", "x", "y"]
    assert got["all"] == [[1, 3], [1, 3], [2]]
    assert got["one"] == [1, 3, 2]
    assert got["part"] == [0.5, 1.5, 2.0]


def test_paths_expand_with_keys_and_records() -> None:
    formulas = {
        "s": "GROUPBY(#RawData!Session)",
        "t": "GROUP_SORT_ASC(#RawData!TimeStamp)",
        "path": "GROUP_PATH(#RawData!url)",
        "place": "EXPAND(#path)",
        "url": "#RawData!url",
        "both": "#s & #place",
    }
    got = run(formulas, {name: column[:1] for name, column in PREVIOUS.items()})
    assert got["place"] == ["external", "url1", "url1", "external"]
    assert got["url"] == ["url1", "url1", None, None]
    assert got["t"] == [20] * 4
    assert got["both"] == ["session1external", "session1url1", "session1url1", "session1external"]
