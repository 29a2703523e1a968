"""Traces of small workbooks, kind by kind: which rows, which context, which whole sheets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import sheetline as sl
from sheetline.workbook.cli.app import app
from sheetline.workbook.rowmaps import RowMap, grouped
from sheetline.workbook.trace.model import Trace
from sheetline.workbook.trace.records import trace_record
from sheetline.workbook.trace.text import numbers

DATA = {"E": {"k": ["a", "b", "a", "c", "b"], "x": [5, 1, 3, None, 2], "t": ["p", "q", "q", "p", "q"]}}
OTHER = {"O": {"k": ["b", "a", "z"], "y": [10, 20, 30]}}


def base() -> sl.Workbook:
    return sl.Workbook("W").source("E", type="frame").source("O", type="frame")


def traced(book: sl.Workbook, row: int, column: str | None = None, sheet: str = "S") -> Trace:
    return book.run(sources={**DATA, **OTHER}, sheets=[sheet]).trace(sheet, row, column)


def rows(trace: Trace, sheet: str = "E") -> list[int]:
    return trace[sheet].rows.tolist() if sheet in trace.sheets else []


def context(trace: Trace, sheet: str = "E") -> dict[str, list[int]]:
    return {one.why: one.rows.tolist() for one in trace[sheet].context} if sheet in trace.sheets else {}


def wholes(trace: Trace) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.of, one.columns) for one in trace.whole]


def test_filter_and_sort() -> None:
    book = base().filter("F", of="E", where="#x > 1").sort("S", of="F", by=[{"column": "x"}])
    trace = traced(book, 0)
    assert (rows(trace), rows(trace, "F"), wholes(trace)) == ([4], [2], [])
    cut = base().sort("S", of="E", by=[{"column": "x", "order": "desc"}], limit=2)
    assert (rows(traced(cut, 1)), wholes(traced(cut, 1))) == ([2], [("E", ("x",))])


def test_conditions_that_look_at_whole_columns() -> None:
    assert wholes(traced(base().filter("S", of="E", where="#x < COLAVERAGE(#x)"), 0)) == [("E", ("x",))]
    assert wholes(traced(base().filter("S", of="E", where="ROWNUMBER() < 3"), 0)) == [("E", ())]
    assert wholes(traced(base().filter("S", of="E", where="EXISTS(#k;#O!k)"), 0)) == []


@pytest.mark.parametrize(
    ("how", "row", "left", "right"),
    [
        ("inner", 0, [0], [1]), ("left", 3, [3], []), ("right", 4, [], [2]), ("outer", 5, [], [2]),
        ("outer", 3, [3], []), ("cross", 4, [1], [1]), ("anti", 0, [3], []), ("semi", 1, [1], []),
    ],
)  # fmt: skip
def test_joins(how: Any, row: int, left: list[int], right: list[int]) -> None:
    on = [] if how == "cross" else ["k"]
    trace = traced(base().join("S", left="E", right="O", how=how, on=on), row)
    assert (rows(trace), rows(trace, "O")) == (left, right)
    assert context(trace, "O") == ({"matching rows": [0]} if how == "semi" else {})


def test_a_column_of_one_side_needs_the_other_as_its_match() -> None:
    book = base().join("S", left="E", right="O", on=["k"])
    trace = traced(book, 1, "x")
    assert (rows(trace), rows(trace, "O"), context(trace, "O")) == ([1], [], {"the row that it matches": [0]})
    assert trace["E"].columns == ("k", "x")
    assert trace["O"].columns == ("k",)


def test_union_and_distinct() -> None:
    trace = traced(base().union("S", of=["E", "O", "E"]), 6)
    assert (rows(trace), rows(trace, "O")) == ([], [1])
    assert rows(traced(base().union("S", of=["E", "O", "E"]), 9)) == [1]
    for keep, own in (("first", 0), ("last", 2)):
        trace = traced(base().distinct("S", of="E", columns=["k"], keep=keep), 0)
        assert (rows(trace), context(trace)) == ([own], {"equal rows": [2 - own]})
    same = base().formulas("A", of="E", columns={"k": "#k"}).formulas("B", of="O", columns={"k": "#k"})
    trace = traced(same.union("S", of=["A", "B"], distinct=True), 1)
    assert (rows(trace), context(trace), context(trace, "O")) == ([1], {"equal rows": [4]}, {"equal rows": [0]})


def test_groups() -> None:
    book = base().formulas("S", of="E", columns={"k": "GROUPBY(#E!k)", "s": "GROUPSUM(#x)"})
    assert rows(traced(book, 1)) == [1, 4]
    series = {"k": "GROUPBY(#E!k)", "o": "GROUP_SORT_ASC(#x)", "c": "GROUP_CUMSUM(#x)", "v": "#t"}
    book = base().formulas("S", of="E", columns=series)
    trace = traced(book, 0, "c")
    assert (rows(trace), context(trace)) == ([2], {"rows of its group": [0]})
    assert (rows(traced(book, 0, "v")), context(traced(book, 0, "v"))) == ([2], {})


def test_keys_that_look_beyond_their_group() -> None:
    runs = {"g": "GROUPBYGAP(#x;1)", "n": "GROUPCOUNT()"}
    assert wholes(traced(base().formulas("S", of="E", columns=runs), 0)) == []
    divided = {"g": "GROUPBYGAP(#x;1)", "k": "GROUPBY(#E!k)", "n": "GROUPCOUNT()"}
    assert wholes(traced(base().formulas("S", of="E", columns=divided), 0)) == [("E", ("x",))]
    for key in ("GROUPSESSIONS(#x;1)", "GROUPBYQUANTILE(#x;2)"):
        book = base().formulas("S", of="E", columns={"g": key, "n": "GROUPCOUNT()"})
        assert wholes(traced(book, 0)) == [("E", ("x",))]


def test_rows_that_are_added_or_dropped_in_groups() -> None:
    path = base().formulas("S", of="E", columns={"k": "GROUPBY(#E!k)", "p": "GROUP_PATH(#t)", "x": "#x"})
    trace = traced(path, 2)  # the row added behind the two of group a
    assert (rows(trace), context(trace)) == ([], {"rows of its group": [0, 2]})
    top = base().formulas("S", of="E", columns={"k": "GROUPBY(#E!k)", "n": "GROUPTOPN(#x;1)", "t": "#t"})
    trace = traced(top, 1, "t")
    assert (rows(trace), context(trace)) == ([4], {"rows of its group": [1]})


def test_expansions() -> None:
    book = base().formulas("S", of="E", columns={"x": "#x", "e": "EXPAND([1;2])"})
    assert rows(traced(book, 5)) == [2]
    book = base().formulas("S", of="E", columns={"k": "GROUPBY(#E!k)", "n": "GROUPCOUNT()", "e": "EXPAND([#n;#n])"})
    assert rows(traced(book, 3)) == [1, 4]


def test_pivots_are_traced_to_the_cell() -> None:
    for expected in (None, ["p", "q"]):
        book = base().pivot("S", of="E", rows=["k"], column="t", values={"v": "GROUPSUM(#x)"}, expected=expected)
        trace = traced(book, 0, "q_v")
        assert (rows(trace), context(trace), wholes(trace)) == ([2], {"rows of its row": [0]}, [])
        trace = traced(book, 1, "p_v")  # without rows: it stands there since others have that value
        assert (rows(trace), context(trace)) == ([], {"rows of its row": [1, 4]})
        assert wholes(trace) == ([] if expected else [("E", ("t",))])
        assert rows(traced(book, 0)) == [0, 2]


def test_unpivot_and_sample() -> None:
    book = base().unpivot("S", of="E", columns=["k", "t"], keep=["x"])
    assert rows(traced(book, 3)) == [1]
    book = base().sample("S", of="E", rows=2, seed=1)
    trace = traced(book, 0)
    assert (len(rows(trace)), wholes(trace)) == (1, [("E", ())])


def test_rows_dropped_for_errors_are_counted_out() -> None:
    book = sl.Workbook("W", errors="drop").source("E", type="frame")
    book = book.formulas("S", of="E", columns={"y": "1 / #x", "k": "#k"})
    run = book.run(sources={"E": {"x": [0, 1, 0, 2], "k": ["a", "b", "c", "d"]}}, sheets=["S"])
    assert run.trace("S", 1)["E"].rows.tolist() == [3]
    assert run.explain("S", "y", 1).part.parts[1].rows == (3,)  # type: ignore[union-attr]


def test_a_trace_does_not_depend_on_the_one_before() -> None:
    book = base().join("S", left="E", right="O", on=["k"])
    run = book.run(sources={**DATA, **OTHER}, sheets=["S"])
    fresh = run.trace("S", 1, "x").to_dict()
    run.trace("S", 0)
    assert run.trace("S", 1, "x").to_dict() == fresh


def test_what_is_not_there_is_refused() -> None:
    run = base().filter("S", of="E", where="true").run(sources={**DATA, **OTHER}, sheets=["S"])
    for wrong in (("T", 0, None), ("S", 0, "z")):
        with pytest.raises(sl.WorkbookError, match=r"T|columns are"):
            run.trace(*wrong)
    with pytest.raises(IndexError, match="no row 5: it has 5 rows"):
        run.trace("S", 5)
    assert run.trace("S", -1).row == 4
    with pytest.raises(sl.WorkbookError):
        run.explain("S", "z", 0)


def test_a_source_that_changed_since_the_run_is_noticed(tmp_path: Path) -> None:
    data = tmp_path / "e.csv"
    data.write_text("x\n1\n2\n")
    run = sl.Workbook("W").source("E", str(data)).filter("S", of="E", where="#x > 0").run(sheets=["S"])
    assert run.trace("S", 0).changed == ()
    data.write_text("x\n1\n3\n")
    run.tracer = None
    (said,) = run.trace("S", 0).changed
    assert "other values in 'x' now: a source has changed" in said


def test_row_maps_of_several_rows() -> None:
    codes = np.array([1, 0, 1, 2], np.int64)
    whole = grouped("E", codes, 4, np.array([2, 1, -1, 3], np.int64))
    assert [whole.of(row).tolist() for row in range(4)] == [[3], [0, 2], [], []]
    assert whole.under(np.array([1, 0, 2, 1], np.int64)).tolist() == [0, 2, 3]
    assert RowMap("E", np.array([4, -1, 4], np.int64)).under(np.arange(3)).tolist() == [4]
    assert numbers(np.array([0, 1, 2, 5, 7, 8])) == "1 to 3, 6, 8, 9"


# ---------------------------------------------------------------- files and the command line

CSV = '# made by hand\nk,x\na,1\n\n"b\nb",2\n# a remark\na,0\n'
BOOK = {
    "format": "sheetline/1",
    "name": "W",
    "parameters": {"p": {"type": "integer", "value": 6}},
    "sheets": [
        {"name": "E", "kind": "source", "from": {"type": "csv", "path": "e.csv", "comment": "#"}},
        {"name": "G", "kind": "formulas", "of": "E", "columns": {"k": "GROUPBY(#E!k)", "s": "$p / GROUPMIN(#x)"}},
        {"name": "S", "kind": "sort", "of": "G", "by": [{"column": "k", "order": "desc"}]},
    ],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "e.csv").write_text(CSV)
    (tmp_path / "w.json").write_text(json.dumps(BOOK))
    return tmp_path


def call(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return result


def test_lines_of_files(folder: Path) -> None:
    run = sl.Workbook.load("w.json").run(sheets=["S"])
    assert run.trace("S", 0)["E"].lines([0, 1, 2]) == {0: 3, 1: 5, 2: 8}
    assert run.trace("S", 0)["E"].place == "e.csv"
    (folder / "e.jsonl").write_text('{"k": "a", "x": 1}\n\n{"k": "b", "x": 2}\n')
    run = sl.Workbook("J").source("E", "e.jsonl").run()
    assert run.trace("E", 1)["E"].lines([1]) == {1: 3}
    framed = sl.Workbook("J").source("E", type="frame").run(sources={"E": {"x": [1]}})
    assert framed.trace("E", 0)["E"].lines([0]) == {}


def test_trace_from_the_command_line(folder: Path) -> None:
    text = call("trace", "w.json", "S", "2").stdout
    assert text.startswith("S, row 2\n")
    assert (
        "E (source from e.csv): 2 rows: 1, 3\n    row  line  k  x\n      1     3  a  1\n      3     8  a  0\n" in text
    )
    found = json.loads(call("trace", "w.json", "S", "1", "--column", "s", "--format", "json").stdout)
    assert [one["sheet"] for one in found["sheets"]] == ["S", "G", "E"]
    assert found["sheets"][-1]["head"] == [{"row": 2, "line": 5, "values": {"k": "b\nb", "x": 2}}]
    assert "no row 3: it has 2 rows, counted from 1" in " ".join(
        call("trace", "w.json", "S", "3", code=2).stderr.split()
    )
    assert "did you mean 'S'" in call("trace", "w.json", "s", "1", code=2).stderr


def test_explain_from_the_command_line(folder: Path) -> None:
    text = call("explain", "w.json", "S", "s", "2").stdout
    assert text.splitlines() == [
        "S!s, row 2 = error DIV0",
        "is G!s, row 1",
        "$p / GROUPMIN(#x) = error DIV0: DIVIDE(6.0;0.0): division by zero",
        "├─ $p = 6  (a parameter)",
        "└─ GROUPMIN(#x) = 0",
        "   └─ #x: 2 rows: 1, 0  (E, rows 1, 3)",
    ]
    found = json.loads(call("explain", "w.json", "S", "s", "1", "--set", "p=8", "--format", "json").stdout)
    assert (found["value"], found["path"]) == (4.0, [{"sheet": "G", "column": "s", "row": 2}])
    assert found["formula"]["parts"][0] == {"text": "$p", "kind": "parameter", "value": 8, "parts": []}
    call("explain", "w.json", "S", "z", "1", code=2)


def test_trace_from_a_record(folder: Path) -> None:
    sl.Workbook.load("w.json").run(sheets=["S"], record="rec")
    plain = call("trace", "w.json", "S", "2").stdout
    assert call("trace", "rec", "S", "2", "--quiet").stdout == plain
    (folder / "e.csv").write_text(CSV.replace("a,1", "a,7"))
    text = call("trace", "rec", "S", "2", "--quiet", code=1).stdout
    assert "changed: the bytes of e.csv have changed" in text
    assert "a  7" in text  # as it is now
    assert "changed" in json.loads(call("trace", "rec", "S", "2", "--format", "json", code=1).stdout)
    (folder / "e.csv").unlink()
    assert "there is no file" in call("trace", "rec", "S", "2", "--quiet", code=3).stdout
    call("trace", "rec", "S", "2", "--set", "p=1", code=2)


def test_a_record_over_other_data_says_so() -> None:
    book = base().filter("S", of="E", where="#x > 1")
    record = book.run(sources={**DATA, **OTHER}, sheets=["S"], record=True).record
    assert trace_record(record, "S", 0, sources={**DATA, **OTHER}).changed == ()
    other = {**OTHER, "E": {**DATA["E"], "x": [5, 1, 4, None, 2]}}
    found = trace_record(record, "S", 1, sources=other)
    assert found.changed
    assert found.trace is not None
    assert found.trace["E"].rows.tolist() == [2]
