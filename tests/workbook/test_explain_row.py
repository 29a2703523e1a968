"""Why a row is there, and why another one is not: for every kind of sheet, and in random workbooks."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from random_workbooks import KINDS, random_workbook
from test_trace import DATA, OTHER, base, call
from typer.testing import CliRunner

import sheetline as sl
from sheetline.workbook.cli.app import app
from sheetline.workbook.sheets.filter import FilterStep
from sheetline.workbook.trace.presence import Presence
from sheetline.workbook.trace.records import explain_record


def told(book: sl.Workbook, row: int, of: str | None = None, sheet: str = "S") -> Presence:
    return book.run(sources={**DATA, **OTHER}, sheets=[sheet]).explain_row(sheet, row, of=of)


def lines(found: Presence) -> list[str]:
    return str(found).splitlines()


def last(found: Presence) -> str:
    return f"{found.reasons[-1].words}|{[part.value for part in found.reasons[-1].parts]}"


def test_a_filter_shows_its_condition() -> None:
    book = base().filter("S", of="E", where='#x > 1 && #t == "q"')
    assert lines(told(book, 0)) == [
        "S, row 1: row 3 of E, where the condition is true:",
        '#x > 1 && #t == "q" = true',
        "├─ #x > 1 = true",
        "│  ├─ #x = 3  (E, row 3)",
        "│  └─ 1",
        '└─ #t == "q" = true',
        '   ├─ #t = "q"  (E, row 3)',
        '   └─ "q"',
        "",
        "E, row 3: read from a frame",
    ]
    gone = told(book, 0, "E")
    assert (gone.there, gone.rows, gone.reasons[0].words) == (False, (), "where the condition is false")
    assert lines(gone)[:3] == ["E, row 1: not in S", "", "not in S: row 1 of E, where the condition is false:"]
    assert told(book, 4, "E").rows == (1,)


def test_conditions_that_are_null_or_errors() -> None:
    book = base().filter("S", of="E", where="#x > 1")
    assert last(told(book, 3, "E")) == "where the condition is null, and so not true|[None]"
    book = base().filter("S", of="E", where="10 / (#x - 1) > 0")
    found = told(book, 1, "E")
    assert found.reasons[0].words == "where the condition is an error, and so not true"
    assert "division by zero" in str(found)
    book = base().filter("S", of="E", conditions=[{"column": "k", "op": "in", "value": ["a", "c"]}])
    assert last(told(book, 1, "E")) == "where the condition is false|[False]"
    assert 'IN(#k;"a";"c") = true' in str(told(book, 2))


def test_conditions_over_columns_of_the_name_of_the_result_and_whole_columns() -> None:
    book = (
        base()
        .formulas("R", of="E", columns={"Result": "#x"})
        .filter("S", of="R", where="#Result < COLAVERAGE(#Result)")
    )
    assert "#Result: 5 rows" in str(told(book, 0))
    assert told(book, 0, "E").reasons[-1].words == "where the condition is false"


def test_a_row_is_followed_down_while_it_is_one_row() -> None:
    book = (
        base().filter("F", of="E", where="ISNOTNULL(#x)").formulas("R", of="F", columns={"k": "#k", "x": "#x + 1"})
        .sort("By", of="R", by=[{"formula": "-#x"}]).distinct("S", of="By", columns=["k"])
    )  # fmt: skip
    found = told(book, 1)
    assert [(one.sheet, one.rows, one.row) for one in found.reasons] == [
        ("S", (1,), 2), ("By", (2,), 3), ("R", (3,), 3), ("F", (3,), 4), ("E", (4,), None)
    ]  # fmt: skip
    assert 'S, row 2: row 3 of By, the first of 2 rows that are equal in:\n#k = "b"  (By, row 3)' in str(found)
    assert "By, row 3: row 4 of R, in place 3 of 4 by:\n-#x = -3" in str(found)


def test_the_end_of_a_sort_and_repeated_rows_are_left_out() -> None:
    book = base().sort("S", of="E", by=[{"column": "x", "order": "desc"}], limit=2, offset=1)
    assert told(book, 0).reasons[0].words == "in place 2 of 5 by"
    assert told(book, 4, "E").rows == (1,)
    assert last(told(book, 1, "E")) == "in place 4 of 5 (kept are places 2 to 3) by|[1]"
    assert last(told(book, 0, "E")) == "in place 1 of 5 (kept are places 2 to 3) by|[5]"
    rest = base().sort("S", of="E", by=[{"formula": "#x * 2"}], offset=1)
    assert last(told(rest, 1, "E")) == "in place 1 of 5 (kept are places from 2 on) by|[2]"
    book = base().distinct("S", of="E", columns=["k"], keep="last")
    assert last(told(book, 0, "E")) == "equal to row 3, the last of them, in|['a']"
    assert told(book, 3, "E").reasons[-1].words == "equal to no other row"
    book = base().formulas("A", of="E", columns={"k": "#k"}).formulas("B", of="O", columns={"k": "#k"})
    book = book.union("S", of=["A", "B"], distinct=True)
    assert told(book, 1, "B").reasons[-1].words == "equal to row 1 of A, which is kept"
    assert told(book, 0).reasons[0].words == "the first of 3 rows that are equal"
    book = base().sample("S", of="E", rows=2, by="k", seed=3)
    words = {told(book, row, "E").reasons[-1].words for row in range(5)}
    assert words == {"which the sample took (2 rows of each k, seed 3)"}
    book = base().sample("S", of="E", rows=1, seed=3)
    words = {told(book, row, "E").reasons[-1].words for row in range(5)}
    assert words == {"which the sample took (1 rows, seed 3)", "which the sample did not take (1 rows, seed 3)"}


def test_joins_show_their_keys() -> None:
    inner = base().join("S", left="E", right="O", on=[{"left": "LOWER(#k)", "right": "k"}])
    found = told(inner, 0)
    assert lines(found) == [
        "S, row 1: row 1 of E, which matches row 2 of O, by:",
        'LOWER(#k) = "a"',
        '└─ #k = "a"  (E, row 1)',
        '#k = "a"  (O, row 2)',
    ]
    assert last(told(inner, 3, "E")) == "without a match in O|['c']"
    assert last(told(inner, 2, "O")) == "without a match in E|['z']"
    assert told(inner, 0, "O").rows == (1, 3)
    outer = base().join("S", left="E", right="O", on=["k"], how="outer")
    assert [told(outer, row).reasons[0].words for row in (3, 5)] == ["without a match in O", "without a match in E"]
    semi = base().join("S", left="E", right="O", on=["k"], how="semi")
    assert told(semi, 0).reasons[0].words == "which matches row 2 of O, by"
    assert last(told(semi, 0, "O")).startswith("which only decides about rows of E")
    anti = base().join("S", left="E", right="O", on=["k"], how="anti")
    assert told(anti, 0).reasons[0].words == "without a match in O"
    assert last(told(anti, 1, "E")) == "which matches row 1 of O, by|['b']"
    cross = base().join("S", left="E", right="O", how="cross")
    assert told(cross, 1).reasons[0].words == "beside row 2 of O"
    numbers = base().formulas("N", of="E", columns={"y": "#x * 10"}).join("S", left="N", right="O", on=["y"])
    assert last(told(numbers, 3, "N")) == "which matches nothing, since a key is null or an error|[None]"


def test_groups_show_their_keys() -> None:
    book = base().formulas("S", of="E", columns={"k": "GROUPBY(#E!k)", "s": "GROUPSUM(#x)"})
    assert lines(told(book, 1)) == ["S, row 2: 2 rows of E with these keys:", '#k = "b"  (S, row 2)']
    assert told(book, 4, "E").rows == (1,)
    whole = base().formulas("S", of="E", columns={"s": "GROUPSUM(#x)"})
    assert told(whole, 0).reasons[0].words == "5 rows of E"
    top = base().formulas("S", of="E", columns={"k": "GROUPBY(#E!k)", "n": "GROUPTOPN(#x;1)"})
    assert told(top, 0).reasons[0].words == "one of 2 rows with these keys, by GROUPTOPN"
    assert told(top, 1, "E").reasons[0].words == "which GROUPTOPN left out of its group"
    path = base().formulas("S", of="E", columns={"k": "GROUPBY(#E!k)", "p": "GROUP_PATH(#t)"})
    assert told(path, 2).reasons[0].words == "added to its group by GROUP_PATH"
    book = base().formulas("S", of="E", columns={"x": "#x", "e": "EXPAND([1;2])"})
    assert (told(book, 5).reasons[0].words, told(book, 2, "E").rows) == ("by EXPAND", (4, 5))
    wide = base().pivot("S", of="E", rows=["k"], column="t", values={"v": "GROUPSUM(#x)"}, expected=["p"])
    assert last(told(wide, 0)) == "2 rows of E with these keys|['a']"
    long = base().unpivot("S", of="E", columns=["k", "t"], drop_nulls=True)
    assert told(long, 3).reasons[0].words == "its column 't'"
    assert told(long, 3, "E").rows == (6, 7)
    gone = base().unpivot("S", of="E", columns=["x"], drop_nulls=True)
    assert told(gone, 3, "E").reasons[0].words == "null in all of x"


def test_a_row_that_was_left_out_on_the_way() -> None:
    book = (
        base().filter("F", of="E", where="#x > 1")
        .formulas("G", of="F", columns={"k": "GROUPBY(#F!k)", "n": "GROUPCOUNT()"})
        .join("S", left="G", right="O", on=["k"])
    )  # fmt: skip
    gone = told(book, 3, "E")
    assert (gone.there, [one.sheet for one in gone.reasons]) == (False, ["F"])
    kept = told(book, 4, "E")
    assert (kept.rows, [one.sheet for one in kept.reasons]) == ((1,), ["F", "G", "S"])
    assert lines(kept)[0] == "E, row 5: in S, row 2"
    assert [one.sheet for one in told(book, 2, "O").reasons] == ["S"]


def test_rows_dropped_for_errors() -> None:
    book = sl.Workbook("W", errors="drop").source("E", type="frame").formulas("S", of="E", columns={"y": "1 / #x"})
    run = book.run(sources={"E": {"x": [0, 1, None]}}, sheets=["S"])
    found = run.explain_row("S", 0, of="E")
    assert str(found).splitlines()[2:4] == [
        "not in S: row 1 of E, dropped with its errors: 'y' is one:",
        "1 / #x = error DIV0: DIVIDE(1.0;0.0): division by zero",
    ]
    assert run.explain_row("S", 1, of="E").rows == (0,)


def test_what_is_not_there_is_refused() -> None:
    book = base().filter("S", of="E", where="true").filter("T", of="O", where="true")
    run = book.run(sources={**DATA, **OTHER}, sheets=["S"])
    with pytest.raises(sl.WorkbookError, match="no sheet 'O' before 'S': 'S' takes its rows from 'E'"):
        run.explain_row("S", 0, of="O")
    with pytest.raises(sl.WorkbookError, match="no sheet"):
        run.explain_row("S", 0, of="X")
    with pytest.raises(IndexError, match="sheet 'E' has no row 5: it has 5 rows"):
        run.explain_row("S", 5, of="E")
    assert run.explain_row("S", -1, of="E").row == 4
    assert run.explain_row("S", -1).row == 4


def test_in_random_workbooks_every_row_has_its_reason() -> None:
    """What becomes of a row is what the row maps say; a filter's condition is true just where the row is there."""
    seen: Counter[str] = Counter()
    for seed in range(45):
        rng = np.random.default_rng(seed)
        mode = "drop" if seed % 3 == 0 else "keep"
        book, frames = random_workbook(rng, kind=KINDS[seed % len(KINDS)], errors=mode)
        run = book.run(sources=frames, sheets=[sheet.name for sheet in book.sheets], threads=1)
        for sheet in book.sheets:
            count = run[sheet.name].table.rows
            if count:
                found = run.explain_row(sheet.name, int(rng.integers(count)))
                assert found.reasons[0].sheet == sheet.name
                assert found.to_text()
            for below in dict.fromkeys(sheet.inputs):
                rows = run[below].table.rows
                for row in {int(rng.integers(rows)) for _ in range(3)} if rows else ():
                    found = run.explain_row(sheet.name, row, of=below)
                    assert set(found.rows) == made_of(run, sheet.name, below, row), (seed, sheet.name, below, row)
                    assert json.dumps(found.to_dict())
                    (direct,) = [one for one in found.reasons if one.sheet == sheet.name][-1:]
                    assert direct.words != "it has no row", (seed, sheet.name, below, row)
                    if isinstance(run.plan.steps[sheet.name], FilterStep) and "errors" not in direct.words:
                        assert (direct.parts[0].value is True) == found.there
                    seen[f"{sheet.kind} {'there' if found.there else 'gone'}"] += 1
    assert {f"{kind} there" for kind in KINDS} <= set(seen)
    assert {f"{kind} gone" for kind in ("filter", "sort", "join", "distinct", "sample", "formulas")} <= set(seen), seen


def made_of(run: sl.Run, sheet: str, below: str, row: int) -> set[int]:
    """The rows of a sheet that are made of a row of another one, looked for row by row."""
    assert run.tracer is not None
    made = run.tracer.made(sheet, [])
    reached: dict[str, set[int]] = {below: {row}}
    for name in list(made.needed)[list(made.needed).index(below) + 1 :]:
        reached[name] = {
            above
            for above in range(made.tables[name].rows)
            for one in made.maps[name]
            if not one.context and one.columns is None and reached.get(one.sheet, set()) & set(one.of(above).tolist())
        }
    return reached[sheet]


# ---------------------------------------------------------------- records and the command line

BOOK = {
    "format": "sheetline/1",
    "name": "W",
    "sheets": [
        {"name": "E", "kind": "source", "from": {"type": "csv", "path": "e.csv"}},
        {"name": "F", "kind": "filter", "of": "E", "where": "#x > 1"},
        {"name": "S", "kind": "formulas", "of": "F", "columns": {"y": "#x * 2"}},
    ],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "e.csv").write_text("x\n3\n1\n2\n")
    (tmp_path / "w.json").write_text(json.dumps(BOOK))
    return tmp_path


def test_the_command_line(folder: Path) -> None:
    assert call("explain", "w.json", "F", "2", "--of", "E").stdout.splitlines()[0] == "E, row 2: not in F"
    assert call("explain", "w.json", "S", "2").stdout.splitlines()[-1] == "E, row 3: line 4 of e.csv"
    assert call("explain", "w.json", "S", "y", "2").stdout.splitlines()[0] == "S!y, row 2 = 4"
    found = json.loads(call("explain", "w.json", "S", "2", "--of", "E", "--format", "json").stdout)
    assert (found["rows"], found["reasons"][0]["words"]) == ([], "where the condition is false")
    assert found["reasons"][0]["parts"][0]["text"] == "#x > 1"

    def refused(*words: str) -> str:
        return " ".join(call("explain", "w.json", *words, code=2).stderr.split())

    assert "'x' is no row number" in refused("S", "y", "x")
    assert "'0' is no row number" in refused("S", "0")
    assert "leave the column out" in refused("S", "y", "1", "--of", "E")
    assert "a row alone" in refused("S", "y", "1", "2")
    assert "sheet 'E' has no row 4: it has 3 rows, counted from 1" in refused("S", "4", "--of", "E")
    assert "no sheet 'S' before 'F'" in refused("F", "1", "--of", "S")


def test_from_a_record(folder: Path) -> None:
    sl.Workbook.load("w.json").run(sheets=["S"], record="rec")
    for words in (["S", "y", "2"], ["S", "2"], ["S", "2", "--of", "E"]):
        plain = call("explain", "w.json", *words).stdout
        assert call("explain", "rec", *words, "--quiet").stdout == plain
    (folder / "e.csv").write_text("x\n3\n7\n2\n")
    text = call("explain", "rec", "S", "y", "2", "--quiet", code=1).stdout
    assert text.splitlines()[:2] == [
        "S!y, row 2 = 14",
        "changed: the bytes of e.csv have changed, of the same size (E)",
    ]
    text = call("explain", "rec", "S", "2", "--of", "E", "--quiet", code=1).stdout
    assert text.splitlines()[:2] == [
        "E, row 2: in S, row 2", "changed: the bytes of e.csv have changed, of the same size (E)"
    ]  # fmt: skip
    assert "changed" in json.loads(call("explain", "rec", "S", "1", "--format", "json", code=1).stdout)
    (folder / "e.csv").unlink()
    assert "there is no file" in call("explain", "rec", "S", "1", "--quiet", code=3).stdout
    call("explain", "rec", "S", "1", "--now", "2024-01-01T00:00:00Z", code=2)
    assert CliRunner().invoke(app, ["explain", "nothing.json", "S", "1"]).exit_code != 0


def test_a_record_over_frames() -> None:
    book = base().filter("S", of="E", where="#x > 1")
    given: dict[str, Any] = {**DATA, **OTHER}
    record = book.run(sources=given, sheets=["S"], record=True).record
    found = explain_record(record, "S", None, 1, of="E", sources=given)
    assert isinstance(found.found, Presence)
    assert (found.found.rows, found.changed, found.missing) == ((), (), False)
