"""Checks of sheets: which rows break each kind, what a run does then, and what it reports."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import sheetline as sl
from sheetline.workbook.cli.app import app
from sheetline.workbook.report import CheckReport

Check = Mapping[str, Any]


def checked(data: Mapping[str, Sequence[Any]], *checks: Check, book: sl.Workbook | None = None) -> list[CheckReport]:
    """What came out of the checks of a sheet over some data; "fail" is made "warn", so that the run goes on."""
    made = (book or sl.Workbook("W").source("E", type="frame")).checks(
        "E", [{**check, "severity": "warn"} for check in checks]
    )
    run = made.run(sources={"E": data})
    return [one for sheet, one in run.report.checks if sheet == "E"]


def rows(data: Mapping[str, Sequence[Any]], check: Check) -> tuple[str, int, list[int]]:
    """The status of one check, how many rows break it, and the first of them."""
    one = checked(data, check)[0]
    return one.status, one.count, [example.row for example in one.examples]


# --- kinds


def test_not_null() -> None:
    data = {"a": [1, None, 3], "b": ["x", "y", None]}
    assert rows(data, {"kind": "notNull", "column": "a"}) == ("broken", 1, [2])
    assert rows(data, {"kind": "notNull", "columns": ["a", "b"]}) == ("broken", 2, [2, 3])
    assert rows({"a": [1.5]}, {"kind": "notNull", "column": "a"}) == ("passed", 0, [])
    assert rows({"a": [1.5, float("nan")]}, {"kind": "notNull", "column": "a"})[0] == "broken"


def test_unique_counts_repeats_and_leaves_out_nulls() -> None:
    data = {"a": [1, 2, 1, None, None, 1], "b": ["x", "x", "y", "z", "z", "x"]}
    assert rows(data, {"kind": "unique", "column": "a"}) == ("broken", 2, [3, 6])
    assert rows(data, {"kind": "unique", "columns": ["a", "b"]}) == ("broken", 1, [6])
    assert rows({"a": [None, None]}, {"kind": "unique", "column": "a"}) == ("passed", 0, [])


def test_range() -> None:
    data = {"a": [0, 1, 5, 6, None], "t": [datetime(2024, 1, day, tzinfo=UTC) for day in (1, 2, 3, 4, 5)]}
    assert rows(data, {"kind": "range", "column": "a", "min": 1, "max": 5}) == ("broken", 2, [1, 4])
    inside = {"kind": "range", "column": "a", "min": 1, "max": 5, "inclusive": False}
    assert rows(data, inside) == ("broken", 4, [1, 2, 3, 4])
    assert rows(data, {"kind": "range", "column": "a", "min": 0.5}) == ("broken", 1, [1])
    assert rows(data, {"kind": "range", "column": "t", "min": "2024-01-02", "max": "2024-01-04"})[2] == [1, 5]
    assert rows({"s": ["a", "b", "c"]}, {"kind": "range", "column": "s", "max": "b"}) == ("broken", 1, [3])
    assert rows({"a": [None, None]}, {"kind": "range", "column": "a", "min": 3})[0] == "passed"


def test_allowed() -> None:
    data = {"s": ["a", "b", None, "c"], "n": [1, 2, 3, None]}
    assert rows(data, {"kind": "allowed", "column": "s", "values": ["a", "b"]}) == ("broken", 1, [4])
    assert rows(data, {"kind": "allowed", "column": "n", "values": [1, 2]}) == ("broken", 1, [3])
    assert rows({"x": [1.0, 2.5]}, {"kind": "allowed", "column": "x", "values": [1]}) == ("broken", 1, [2])
    days = {"t": [datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)]}
    assert rows(days, {"kind": "allowed", "column": "t", "values": ["2024-01-01"]}) == ("broken", 1, [2])
    assert rows({"b": [True, False]}, {"kind": "allowed", "column": "b", "values": [True]}) == ("broken", 1, [2])


def test_rows() -> None:
    data = {"a": [1, 2, 3]}
    assert rows(data, {"kind": "rows", "min": 5}) == ("broken", 2, [])
    assert rows(data, {"kind": "rows", "max": 1}) == ("broken", 2, [])
    assert rows(data, {"kind": "rows", "min": 3, "max": 3}) == ("passed", 0, [])
    assert checked(data, {"kind": "rows", "min": 5})[0].words == '3 rows, 2 too few: "the number of rows is at least 5"'


def test_where_wants_true() -> None:
    data = {"a": [1, 2, None, 4], "b": [1, 0, 1, 8]}
    assert rows(data, {"kind": "where", "where": "#a / #b >= 1"}) == ("broken", 3, [2, 3, 4])
    found = checked(data, {"kind": "where", "where": "#a / #b >= 1", "name": "enough"})[0]
    assert found.name == "enough"
    assert found.examples[1].values == {"a": None, "b": "1"}
    assert rows({"a": [None, None]}, {"kind": "where", "where": "#a > 1"}) == ("broken", 2, [1, 2])


def test_where_over_a_formula_that_never_varies() -> None:
    assert rows({"a": [1, 2]}, {"kind": "where", "where": "1 > 2"}) == ("broken", 2, [1, 2])
    assert rows({"a": [1, 2]}, {"kind": "where", "where": "1 / 0 > 2"}) == ("broken", 2, [1, 2])


def test_relation_to_another_sheet() -> None:
    book = sl.Workbook("W").source("E", type="frame").source("K", type="frame")
    keys = {"id": [1, 2, None], "part": ["x", "y", "z"]}
    data = {"k": [1, 2, 3, None, 1], "p": ["x", "y", "z", "z", "y"]}

    def found(check: Check) -> tuple[int, list[int]]:
        one = book.checks("E", {**check, "severity": "warn"}).run(sources={"E": data, "K": keys}).report.checks[0][1]
        return one.count, [example.row for example in one.examples]

    assert found({"kind": "relation", "column": "k", "in": "K!id"}) == (1, [3])
    assert found({"kind": "relation", "columns": ["k", "p"], "in": ["K!id", "K!part"]}) == (2, [3, 5])
    empty = book.checks("E", {"kind": "relation", "column": "k", "in": "K!id", "severity": "warn"})
    run = empty.run(sources={"E": data, "K": {"id": pa.array([], pa.int64())}})
    assert run.report.checks[0][1].count == 4


def test_relation_within_one_sheet() -> None:
    data = {"id": [1, 2, 3], "parent": [None, 1, 9]}
    assert rows(data, {"kind": "relation", "column": "parent", "in": "E!id"}) == ("broken", 1, [3])


def test_relation_to_a_sheet_made_later() -> None:
    """The sheet that is checked stays until the other one is there, and its report has the result."""
    book = sl.Workbook("W").source("E", type="frame").filter("F", of="E", where="#a > 1")
    book = book.formulas("G", of="F", columns={"k": "GROUPBY(#a)"}).output("G", type="frame")
    book = book.checks("E", [{"kind": "relation", "column": "a", "in": "G!k"}, {"kind": "notNull", "column": "a"}])
    with pytest.raises(sl.DataError) as caught:
        book.run(sources={"E": {"a": [1, 2, 3], "b": [1, 2, 3]}})
    found = [(sheet, one.name, one.status) for sheet, one in caught.value.report.checks]
    assert found == [("E", "relation(a)", "broken"), ("E", "notNull(a)", "passed")]
    assert [one.name for one in caught.value.report.sheets] == ["E", "F", "G"]


def test_where_may_look_at_another_sheet() -> None:
    book = sl.Workbook("W").source("K", type="frame").source("E", type="frame")
    book = book.checks("E", {"kind": "where", "where": "LOOKUP(#a; #K!id; #K!open)", "severity": "warn"})
    run = book.run(sources={"E": {"a": [1, 2]}, "K": {"id": [1, 2], "open": [True, False]}})
    assert [example.row for example in run.report.checks[0][1].examples] == [2]


# --- errors in the data


@pytest.mark.parametrize(
    "check",
    [
        {"kind": "notNull", "column": "e"},
        {"kind": "unique", "column": "e"},
        {"kind": "range", "column": "e", "min": -5},
        {"kind": "allowed", "column": "e", "values": [1, 2, 4]},
        {"kind": "relation", "column": "e", "in": "F!e"},
        {"kind": "where", "where": "#e > -5"},
    ],
)
def test_an_error_value_breaks_every_kind(check: Check) -> None:
    book = sl.Workbook("W").source("S", type="frame").formulas("F", of="S", columns={"e": "4 / #a"})
    run = book.checks("F", {**check, "severity": "warn"}).run(sources={"S": {"a": [4, 0, 1, 0]}})
    one = run.report.checks[0][1]
    assert (one.count, [e.row for e in one.examples]) == (2, [2, 4]), one
    assert one.examples[0].values == {"e": "#DIV0"}


def test_rows_that_errors_drop_are_not_checked() -> None:
    book = sl.Workbook("W", errors="drop").source("S", type="frame")
    book = book.formulas("F", of="S", columns={"e": "4 / #a"}).checks("F", {"kind": "notNull", "column": "e"})
    run = book.checks("F", {"kind": "rows", "max": 2}).run(sources={"S": {"a": [4, 0, 1, 0]}})
    assert [(one.status, one.rows) for _, one in run.report.checks] == [("passed", 2), ("passed", 2)]


KINDS: list[Check] = [
    {"kind": "notNull", "column": "a"},
    {"kind": "unique", "columns": ["a", "s"]},
    {"kind": "range", "column": "a", "min": 1},
    {"kind": "allowed", "column": "s", "values": ["x"]},
    {"kind": "relation", "column": "a", "in": "E!b"},
    {"kind": "where", "where": "#a > #b"},
]


def test_a_sheet_without_rows_passes_all_but_its_number() -> None:
    empty = pa.table({"a": pa.array([], pa.int64()), "b": pa.array([], pa.int64()), "s": pa.array([], pa.string())})
    found = checked(empty, *KINDS, {"kind": "rows", "min": 1})
    assert [one.status for one in found] == ["passed"] * 6 + ["broken"]


def test_columns_without_a_type_pass() -> None:
    found = checked({"a": [None, None], "b": [None, None], "s": [None, None]}, *KINDS)
    assert [one.status for one in found] == ["broken", "passed", "passed", "passed", "passed", "broken"]


# --- how many may break it


@pytest.mark.parametrize(
    ("allow", "bad", "total", "status"),
    [(2, 2, 10, "passed"), (2, 3, 10, "broken"), (0.3, 3, 10, "passed"), (0.3, 4, 10, "broken"),
     (0.29, 29, 100, "passed"), (0.0, 1, 10, "broken"), (0.5, 1, 1, "broken"), (5, 2, 2, "passed")],
)  # fmt: skip
def test_allow(allow: float, bad: int, total: int, status: str) -> None:
    data = {"a": [None] * bad + [1] * (total - bad)}
    one = checked(data, {"kind": "notNull", "column": "a", "allow": allow})[0]
    assert (one.status, one.count) == (status, bad)


def test_examples_are_few_and_counted_from_one() -> None:
    one = checked({"a": [1, *[None] * 20]}, {"kind": "notNull", "column": "a"})[0]
    assert one.count == 20
    assert [example.row for example in one.examples] == [2, 3, 4, 5, 6]
    assert all(example.values == {"a": None} for example in one.examples)


# --- against plain Python

VALUES = st.lists(st.tuples(st.none() | st.integers(-3, 3), st.none() | st.sampled_from(["x", "y", ""])), max_size=30)


@given(data=VALUES, low=st.integers(-3, 3), span=st.integers(0, 3), few=st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_counts_are_those_of_a_loop(data: list[tuple[int | None, str | None]], low: int, span: int, few: int) -> None:
    table = pa.table(
        {"a": pa.array([a for a, _ in data], pa.int64()), "s": pa.array([s for _, s in data], pa.string())}
    )
    book = sl.Workbook("W").source("E", type="frame").source("K", type="frame")
    book = book.checks("E", [{**one, "severity": "warn"} for one in (
        {"kind": "notNull", "columns": ["a", "s"]},
        {"kind": "unique", "columns": ["a", "s"]},
        {"kind": "range", "column": "a", "min": low, "max": low + span},
        {"kind": "allowed", "column": "s", "values": ["x", ""]},
        {"kind": "relation", "column": "a", "in": "K!a"},
        {"kind": "rows", "max": few},
        {"kind": "where", "where": "#a >= 0 || #s == \"x\""},
    )])  # fmt: skip
    keys = pa.table({"a": pa.array([low, None, low + span], pa.int64())})
    found = [one.count for _, one in book.run(sources={"E": table, "K": keys}, block_rows=7).report.checks]
    whole = [pair for pair in data if None not in pair]
    true = [(a is not None and a >= 0) or s == "x" for a, s in data]
    assert found == [
        sum(None in pair for pair in data),
        len(whole) - len(set(whole)),
        sum(a is not None and not low <= a <= low + span for a, _ in data),
        sum(s == "y" for _, s in data),
        sum(a is not None and a not in (low, low + span) for a, _ in data),
        max(len(data) - few, 0),
        true.count(False),
    ]


# --- runs


def chain() -> sl.Workbook:
    book = sl.Workbook("W").source("E", type="frame").filter("F", of="E", where="#a >= 0")
    return book.formulas("G", of="F", columns={"b": "#a * 2", "c": "#a + 1"}).filter("H", of="G", where="#b > 4")


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("block_rows", [10, 100_000])
def test_sheets_made_part_by_part_are_checked_whole(threads: int, block_rows: int) -> None:
    """Inside a chain of sheets that is made part by part, what a check looks at is there."""
    book = chain().output("H", "h.csv", columns=["b"])
    book = book.checks("F", {"kind": "unique", "column": "a", "severity": "warn"})
    book = book.checks(
        "G", [{"kind": "rows", "min": 1000}, {"kind": "range", "column": "c", "max": 900, "severity": "warn"}]
    )
    book = book.checks("E", {"kind": "relation", "column": "a", "in": "F!a", "allow": 3})
    data = {"a": [*range(1000), 5, 7, -1]}
    run = book.run(sources={"E": data}, threads=threads, block_rows=block_rows)
    found = {one.name: (one.status, one.count, [e.row for e in one.examples]) for _, one in run.report.checks}
    assert found == {
        "relation(a)": ("passed", 1, [1003]),
        "unique(a)": ("broken", 2, [1001, 1002]),
        "rows": ("passed", 0, []),
        "range(c)": ("broken", 100, [901, 902, 903, 904, 905]),
    }
    assert list(run) == ["H"]
    assert run["H"].table.columns.keys() == {"b"}


def test_all_checks_are_made_also_of_sheets_that_no_output_needs() -> None:
    book = sl.Workbook("W").source("E", type="frame").source("K", type="frame").filter("F", of="E", where="#a > 0")
    book = book.checks("K", {"kind": "rows", "min": 9, "severity": "warn"}).output("F", type="frame")
    data = {"E": {"a": [1]}, "K": {"x": [1], "y": [2]}}
    run = book.run(sources=data)
    assert [(name, one.status) for name, one in run.report.checks] == [("K", "broken")]
    assert run.report.sheet("K").not_read == ["x", "y"]
    assert list(run) == ["F"], "a sheet is not kept because it was checked"
    only = book.run(sources=data, sheets=["F"])
    assert only.report.checks == [], "of named sheets only checks on the way are made"
    assert run["K"].to_pandas().to_dict("list") == {"x": [1], "y": [2]}


def test_checks_on_the_way_to_a_named_sheet_are_made() -> None:
    book = chain().checks("F", {"kind": "range", "column": "a", "max": 2})
    with pytest.raises(sl.DataError, match=r"sheet 'F': check range\(a\): 1 of 2 rows does not fulfil"):
        book.run(sources={"E": {"a": [1, 3]}}, sheets=["H"])


def test_checks_change_nothing_of_what_is_computed() -> None:
    data = {"E": {"a": [1, 2, 3, 4]}}
    plain = chain().run(sources=data)
    book = chain().checks("E", {"kind": "unique", "column": "a"}).checks("G", {"kind": "notNull", "column": "c"})
    run = book.run(sources=data)
    assert run["H"].to_pandas().equals(plain["H"].to_pandas())
    assert [one.status for _, one in run.report.checks] == ["passed", "passed"]


def test_a_sample_leaves_out_what_it_can_not_tell() -> None:
    book = sl.Workbook("W").source("E", type="frame").source("K", type="frame")
    book = book.checks("E", [{"kind": "rows", "min": 3}, {"kind": "relation", "column": "a", "in": "K!a"},
                             {"kind": "notNull", "column": "a"}])  # fmt: skip
    run = book.run(sources={"E": {"a": [1, 2, 3]}, "K": {"a": [3, 2, 1]}}, sample=1)
    assert [one.status for _, one in run.report.checks] == ["skipped", "skipped", "passed"]


def test_severity_and_the_report(tmp_path: Path) -> None:
    book = sl.Workbook("W").source("E", type="frame").output("E", str(tmp_path / "o.csv"))
    warned = book.checks("E", {"kind": "unique", "column": "a", "severity": "warn"})
    run = warned.run(sources={"E": {"a": [1, 1]}}, write=True)
    assert run.report.checks[0][1].status == "broken"
    assert (tmp_path / "o.csv").exists()
    (tmp_path / "o.csv").unlink()
    failing = warned.checks("E", {"kind": "rows", "max": 1}).checks("E", {"kind": "notNull", "column": "a"})
    with pytest.raises(sl.DataError) as caught:
        failing.run(sources={"E": {"a": [1, 1]}}, write=True)
    assert not (tmp_path / "o.csv").exists()
    assert "check rows: 2 rows, 1 too many" in str(caught.value)
    assert "unique" not in str(caught.value)
    plain = json.loads(json.dumps(caught.value.report.to_dict()))
    assert [one["status"] for one in plain["sheets"][0]["checks"]] == ["broken", "broken", "passed"]
    assert plain["sheets"][0]["checks"][0]["examples"] == [{"row": 2, "values": {"a": "1"}}]


def test_a_record_is_the_same_with_checks_and_replays() -> None:
    data = {"E": {"a": [1, 2, 3, 4]}}
    book = chain().checks("E", {"kind": "unique", "column": "a"}).output("H", type="frame")
    run = book.run(sources=data, record=True)
    done = sl.replay(run.record, sources=data)
    assert done.place is None
    other = book.checks("E", {"kind": "rows", "min": 1}).run(sources=data, record=True)
    assert other.record.sheet("E").definition_hash == run.record.sheet("E").definition_hash


def test_with_a_cache_checks_are_made_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("a,k\n1,x\n2,\n3,y\n")
    book = sl.Workbook("W").source("E", str(tmp_path / "e.csv")).filter("F", of="E", where="#a > 0")
    book = book.formulas("G", of="F", columns={"b": "#a * 2"}).output("G", type="frame")
    book = book.checks("F", {"kind": "notNull", "column": "k", "severity": "warn"})
    book = book.checks("E", {"kind": "relation", "column": "a", "in": "G!b", "severity": "warn"})
    found = []
    for _ in range(3):
        run = book.run(cache=tmp_path / "cache")
        assert run["G"].to_pandas()["b"].tolist() == [2, 4, 6]
        found.append([(name, one.name, one.count) for name, one in run.report.checks])
    assert found == [[("E", "relation(a)", 2), ("F", "notNull(k)", 1)]] * 3


# --- the command line


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("e.csv").write_text("id,k\n1,a\n2,b\n2,\n")
    return tmp_path


def write(*checks: Check) -> None:
    book = sl.Workbook("Orders").source("E", "e.csv").output("E", "out.csv")
    book.checks("E", list(checks)).save("book.json")


def call(*arguments: str, code: int = 0) -> Any:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return result


def test_run_reports_checks(folder: Path) -> None:
    write({"kind": "rows", "min": 1}, {"kind": "notNull", "column": "k", "severity": "warn"})
    shown = call("run", "book.json").stdout
    assert '\nchecks\n  1 passed\n  warning: E: notNull(k): 1 of 3 rows does not fulfil "k is never null"\n' in shown
    assert "\n    row 3: k null\n" in shown
    assert Path("out.csv").exists()


def test_a_broken_check_is_exit_code_one_with_the_report(folder: Path) -> None:
    write({"kind": "unique", "column": "id"}, {"kind": "notNull", "column": "id"})
    result = call("run", "book.json", code=1)
    assert "checks\n  1 passed\n  E: unique(id): 1 of 3 rows" in result.stdout
    assert "error: sheet 'E': check unique(id): " in result.stderr
    assert not Path("out.csv").exists()
    found = json.loads(call("run", "book.json", "--format", "json", code=1).stdout)
    assert found["error"]["exit"] == 1
    assert [one["status"] for one in found["report"]["sheets"][0]["checks"]] == ["broken", "passed"]
    assert found["report"]["sheets"][0]["checks"][0]["examples"] == [{"row": 3, "values": {"id": "2"}}]


def test_fmt_and_check_know_checks(folder: Path) -> None:
    Path("e.json").write_text(
        '{"format": "sheetline/1", "name": "W", "sheets": [{"name": "E", "kind": "source", "checks": [{"where":'
        ' "#id>0", "severity": "fail", "kind": "where"}], "from": {"type": "csv", "path": "e.csv"}}]}'
    )
    assert '"checks": [{"kind": "where", "where": "#id > 0"}]' in call("fmt", "e.json").stdout
    assert "no mistakes" in call("check", "e.json").stdout


def test_a_broken_run_leaves_its_record(folder: Path, tmp_path: Path) -> None:
    write({"kind": "unique", "column": "id"})
    call("run", "book.json", "--record", str(tmp_path / "cli"), code=1)
    record = sl.RunRecord.load(tmp_path / "cli")
    assert record.outputs == ()
    assert [one["status"] for one in record.sheet("E").checks] == ["broken"]
    with pytest.raises(sl.DataError) as caught:
        sl.Workbook.load("book.json").run(
            record=tmp_path / "api", write=True, now=datetime.fromtimestamp(record.now / 1e6, UTC)
        )
    assert not Path("out.csv").exists()
    found = sl.RunRecord.load(tmp_path / "api")
    assert caught.value.record == found
    assert found.sheets[0].columns == record.sheets[0].columns
    assert sl.replay(found).place is None


def test_the_record_has_what_came_out(tmp_path: Path) -> None:
    book = sl.Workbook("W").source("E", type="frame").filter("F", of="E", where="#a > 1")
    book = book.checks("E", {"kind": "relation", "column": "a", "in": "F!a", "severity": "warn"})
    record = book.run(sources={"E": {"a": [1, 2]}}, record=tmp_path).record
    again = sl.RunRecord.load(tmp_path)
    assert again == record
    one = again.sheet("E").checks[0]
    assert (one["name"], one["status"], one["count"], one["examples"]) == (
        "relation(a)", "broken", 1, [{"row": 1, "values": {"a": "1"}}]
    )  # fmt: skip
    assert again.sheet("F").checks == ()
