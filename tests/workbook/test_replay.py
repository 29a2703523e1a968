"""Replays: identical for an untouched record, and for each thing that is tampered with the cause and the place."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import sheetline as sl
from sheetline.functions.columns import Column
from sheetline.functions.types import FLOAT
from sheetline.workbook.cli.app import app
from sheetline.workbook.record.causes import KINDS, causes_of, differences
from sheetline.workbook.record.compare import TOLERANCE, differing_rows

NOW = "2024-03-01T12:00:00Z"
ROWS = 30


def events() -> list[list[str]]:
    return [
        [
            f"u{number % 4}",
            f"{number * 1.25:.2f}",
            f"{number % 5}",
            f"2024-03-{number % 28 + 1:02} 08:{number % 60:02}:00",
        ]
        for number in range(ROWS)
    ]


def write_events(folder: Path, lines: list[list[str]], name: str = "events.csv") -> None:
    text = "\n".join(["user,amount,kind,at", *(",".join(line) for line in lines)]) + "\n"
    (folder / name).write_text(text)


BOOK: dict[str, Any] = {
    "format": "sheetline/1",
    "name": "Tampering",
    "timezone": "Europe/Berlin",
    "parameters": {"least": {"type": "float", "value": 5}, "unused": {"type": "integer", "value": 1}},
    "sheets": [
        {
            "name": "Events",
            "kind": "source",
            "description": "What came in.",
            "from": {"type": "csv", "path": "events.csv", "nulls": ["", "u1"]},
            "columns": [
                {"name": "amount", "type": "float"},
                {"name": "at", "type": "date", "pattern": "yyyy-MM-dd HH:mm:ss"},
            ],
        },
        {"name": "Kinds", "kind": "source", "from": {"type": "frame"}, "keep": True},
        {"name": "Big", "kind": "filter", "of": "Events", "where": "#amount > $least"},
        {"name": "Joined", "kind": "join", "left": "Big", "right": "Kinds", "on": ["kind"], "how": "left"},
        {
            "name": "Rows",
            "kind": "formulas",
            "keep": True,
            "of": "Joined",
            "columns": {
                "user": "#user",
                "double": "#amount * 2",
                "root": "SQRT(#amount)",
                "hour": "HOUR(#at)",
                "age": 'DATEDIFF(#at;NOW();"day")',
                "dice": "RANDBETWEEN(1;1000000)",
            },
        },
        {
            "name": "Sums",
            "kind": "formulas",
            "keep": True,
            "of": "Joined",
            "columns": {"label": "GROUPBY(#Joined!label)", "total": "GROUPSUM(#Joined!amount)"},
        },
        {"name": "Sorted", "kind": "sort", "of": "Sums", "by": [{"column": "total", "order": "desc"}]},
    ],
    "outputs": [{"sheet": "Sorted", "to": {"type": "csv", "path": "out.csv"}}],
}
KINDS_FRAME = {"kind": [0, 1, 2, 3, 4], "label": ["a", "b", "a", "c", None]}
FRAMES = {"Kinds": KINDS_FRAME}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_events(tmp_path, events())
    write_book(BOOK)
    return tmp_path


def write_book(book: dict[str, Any]) -> None:
    Path("book.json").write_text(json.dumps(book))


def changed(sheet: int, **keys: Any) -> dict[str, Any]:
    book = json.loads(json.dumps(BOOK))
    book["sheets"][sheet].update(keys)
    return dict(book)


def record(**options: Any) -> sl.RunRecord:
    return sl.Workbook.load("book.json").run(sources=FRAMES, record="rec", now=NOW, **options).record


def call(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    assert "Traceback" not in result.stderr
    return result


def replayed(found: sl.RunRecord, **options: Any) -> sl.Replay:
    return sl.replay(found, sources={**FRAMES, **options.pop("sources", {})}, **options)


# --- nothing was touched


def test_an_untouched_record_replays_identically_a_hundred_times(folder: Path) -> None:
    found = record()
    for number in range(100):
        options = {"threads": 1 + number % 2, "block_rows": (3, 64, 131_072)[number % 3]}
        done = sl.replay("rec" if number % 10 == 0 else found, sources=FRAMES, **options)  # type: ignore[arg-type]
        assert done.identical
        assert not done.failed
        assert not done.causes
        assert done.now is not None
        assert done.now == replace(found, outputs=())  # a replay writes nothing
        assert all(one.status == "identical" for sheet in done.comparisons.values() for one in sheet.columns)
    assert len(done.comparisons) == len(found.sheets) == 7


def test_chapters_tell_the_story(folder: Path) -> None:
    done = replayed(record(), head=2)
    assert [one.sheet for one in done.chapters] == ["Events", "Kinds", "Big", "Joined", "Rows", "Sums", "Sorted"]
    source, _, big, joined, rows, *_ = done.chapters
    assert source.description == "What came in."
    assert source.does["from"] == 'events.csv (csv, nulls ["", "u1"])'
    assert source.does["columns"] == "amount (type float), at (type date, pattern yyyy-MM-dd HH:mm:ss)"
    assert big.formulas == {"where": "#amount > $least"}
    assert (big.rows_in, big.rows_out) == ({"Events": 30}, 25)
    assert joined.rows_in == {"Big": 25, "Kinds": 5}
    assert rows.formulas["double"] == "#amount * 2"
    assert rows.head.columns["double"].to_list() == [12.5, 15.0]
    assert all(one.comparison is not None and one.comparison.identical for one in done.chapters)
    assert json.loads(json.dumps(done.to_json()))["identical"] is True
    assert done["Sums"].table.rows == 4


def test_without_a_check_nothing_is_compared(folder: Path) -> None:
    done = replayed(record(), check=False)
    assert done.comparisons == {}
    assert done.chapters[0].comparison is None
    assert done.identical


def test_one_sheet_and_what_it_is_made_of(folder: Path) -> None:
    found = record()
    done = replayed(found, sheet="Big")
    assert [one.sheet for one in done.chapters] == ["Events", "Big"]
    assert done.identical
    assert [one.name for one in done.comparisons["Big"].columns] == [one.name for one in found.sheet("Big").columns]
    with pytest.raises(sl.WorkbookError, match="did you mean 'Sums'"):
        replayed(found, sheet="Sum")
    with pytest.raises(sl.WorkbookError, match="did you mean 'Sums'"):
        replayed(found, from_sheet="Sum")


def test_from_a_sheet_on(folder: Path) -> None:
    found = record()
    done = replayed(found, from_sheet="Sums")
    assert [one.sheet for one in done.chapters] == ["Sums", "Sorted"]
    assert {"Events", "Big", "Joined"} <= set(done.comparisons)  # computed, since they were not kept
    assert done.identical
    done = sl.replay(found, from_sheet="Sorted")  # what it is made of was kept: no source is needed
    assert [(one.sheet, one.from_record) for one in done.chapters] == [("Sorted", False)]
    assert set(done.comparisons) == {"Sorted"}
    (folder / "events.csv").unlink()
    assert sl.replay(found, from_sheet="Sorted").identical
    assert sl.replay(found, from_sheet="Sorted", sheet="Sorted").identical


# --- the tampering test: each cause, and the first place where it shows


def tampered(found: sl.RunRecord, **sections: Any) -> sl.RunRecord:
    """A record that somebody changed by hand, and loads without checking it."""
    found.save("rec")
    path = Path("rec/record.json")
    value = json.loads(path.read_text())
    for name, change in sections.items():
        change(value[name])
    path.write_text(json.dumps(value))
    with pytest.raises(sl.RecordError, match="damaged"):
        sl.RunRecord.load("rec")
    return sl.RunRecord.load("rec", verify=False)


def in_workbook(old: str, new: str) -> Callable[[list[str]], None]:
    def change(lines: list[str]) -> None:
        assert any(old in line for line in lines)
        lines[:] = [line.replace(old, new) for line in lines]

    return change


def expect(done: sl.Replay, kind: str, sheet: str, column: str | None, words: str) -> None:
    assert done.cause is not None
    assert done.place is not None
    assert done.cause.kind == kind
    assert kind in KINDS
    assert (done.place.sheet, done.place.column) == (sheet, column)
    assert words in done.cause.words
    assert [one.kind for one in done.causes] == [kind], done.causes
    assert not done.identical


def test_one_byte_of_a_source(folder: Path) -> None:
    found = record()
    path = folder / "events.csv"
    raw = bytearray(path.read_bytes())
    place = raw.index(b"12.50")
    raw[place] = ord("2")
    path.write_bytes(raw)
    done = replayed(found)
    expect(done, "source bytes", "Events", "amount", "the bytes of events.csv have changed, of the same size")
    assert done.place is not None
    assert (done.place.leaf, done.place.first_row, done.place.last_row) == (0, 1, ROWS)
    assert done.failed
    assert done.witness is not None  # the first sheet that was kept tells the very cells
    assert done.witness.name == "Rows"
    assert done.examples[0].column == "double"
    assert (done.examples[0].then, done.examples[0].now) == (25.0, 45.0)
    # The command line is given no frame: that source is taken from the record, where it was kept.
    said = call("replay", "rec", "--head", "0", code=1).stdout
    assert "cause: source bytes: the bytes of events.csv have changed" in said
    assert "5 rows, taken from the record" in said


def test_bytes_that_nobody_reads_have_no_effect(folder: Path) -> None:
    found = record()
    text = (folder / "events.csv").read_text()
    (folder / "events.csv").write_text(text.replace("\n", "\r\n"))
    done = replayed(found)
    assert done.identical
    assert not done.failed
    assert [one.kind for one in done.causes] == ["source bytes"]


def test_one_read_option(folder: Path) -> None:
    found = record()
    done = replayed(tampered(found, workbook=in_workbook('"nulls": ["", "u1"]', '"nulls": ["", "u2"]')))
    expect(done, "read option", "Events", "user", """'nulls' was ["", "u1"] and is ["", "u2"]""")
    done = replayed(tampered(found, workbook=in_workbook("yyyy-MM-dd HH:mm:ss", "yyyy-dd-MM HH:mm:ss")))
    expect(done, "read option", "Events", "at", "'columns.at.pattern' was")


def test_a_sample_and_a_mapping_are_read_options(folder: Path) -> None:
    found = record(sample=20)
    assert replayed(found).identical
    done = replayed(tampered(found, run=lambda run: run.update(sample=21)))
    assert str(done.place) == "sheet 'Events', column 'user', rows 1 to 21 (leaf 0)"
    assert {(one.kind, one.words) for one in done.causes} == {("read option", "the sample was 20 rows and is 21")}
    Path("two.csv").write_text("a,b\n1,3\n2,4\n")
    book = sl.Workbook("W").source("E", "two.csv", columns={"x": "integer"}, only=True)
    mapped = book.run(mappings={"E": {"x": "a"}}, record=True)
    assert sl.replay(mapped.record).identical
    done = sl.replay(mapped.record, mappings={"E": {"x": "b"}})
    expect(done, "read option", "E", "x", 'the mapping of x was "a" and is "b"')
    assert done.altered
    assert not done.failed


def test_one_parameter(folder: Path) -> None:
    found = record()
    words = "the parameter least was 5.0 and is 7"
    done = replayed(found, parameters={"least": 7})
    expect(done, "parameter", "Big", "user", words)
    assert done.altered
    assert not done.failed  # it was asked for
    for change in (
        {"workbook": in_workbook('"value": 5', '"value": 7')},
        {"run": lambda run: run["given"].update(least=7)},
        {"run": lambda run: run["parameters"]["least"].update(value=7.0)},
    ):
        done = replayed(tampered(found, **change))
        assert done.place is not None
        assert done.cause is not None
        assert (done.cause.kind, done.place.sheet) == ("parameter", "Big")
        assert words in done.cause.words
        assert done.failed
    done = replayed(tampered(found, run=lambda run: run["parameters"]["unused"].update(value=2)))
    assert done.identical
    assert [(one.kind, one.words) for one in done.causes] == [("parameter", "the parameter unused was 2 and is 1")]


def test_one_formula(folder: Path) -> None:
    found = record()
    done = replayed(tampered(found, workbook=in_workbook("#amount * 2", "#amount * 3")))
    expect(done, "definition", "Rows", "double", "the formula of double was #amount * 2 and is #amount * 3")
    assert done.cause is not None
    assert (done.cause.then, done.cause.now) == ("#amount * 2", "#amount * 3")
    assert done.examples[0].row == 1
    done = replayed(tampered(found, workbook=in_workbook("#amount > $least", "#amount >= $least")))
    expect(done, "definition", "Big", "user", '\'where\' was "#amount > $least" and is "#amount >= $least"')
    done = replayed(tampered(found, workbook=in_workbook('"order": "desc"', '"order": "asc"')))
    expect(done, "definition", "Sorted", "label", "'by' was")
    done = replayed(tampered(found, workbook=in_workbook("Europe/Berlin", "UTC")))
    assert done.place is not None
    assert done.place.sheet == "Events"
    assert {one.key for one in done.causes} == {"timezone"}


def test_columns_that_are_added_removed_or_moved(folder: Path) -> None:
    found = record()
    columns = dict(BOOK["sheets"][4]["columns"])
    write_book(changed(4, columns={**columns, "more": "1"}))
    done = replayed(found, workbook="book.json")
    assert done.identical  # all that the record says is still so
    assert done.comparisons["Rows"].columns[-1].status == "new"
    assert [(one.kind, one.words) for one in done.causes] == [("definition", "the column more is new: 1")]
    del columns["root"]
    write_book(changed(4, columns=columns))
    done = replayed(found, workbook="book.json")
    expect(done, "definition", "Rows", "root", "the column root was SQRT(#amount)")
    moved = {"root": BOOK["sheets"][4]["columns"]["root"], **columns}
    write_book(changed(4, columns=moved))
    done = replayed(found, workbook="book.json")
    expect(done, "definition", "Rows", None, "the order of columns was")
    write_book(changed(4, columns={**BOOK["sheets"][4]["columns"], "hour": '"x"'}))
    done = replayed(found, workbook=sl.Workbook.load("book.json"))
    expect(done, "definition", "Rows", "hour", "the formula of hour was HOUR(#at)")
    assert done.comparisons["Rows"].columns[3].status == "retyped"


def test_the_order_of_rows(folder: Path) -> None:
    found = record()
    lines = events()
    lines[11], lines[3] = lines[3], lines[11]
    write_events(folder, lines)
    done = replayed(found)
    expect(done, "order", "Events", "amount", "the source holds the same rows in another order")
    write_events(folder, events())
    swapped = {"kind": [1, 0, 2, 3, 4], "label": ["b", "a", "a", "c", None]}
    done = sl.replay(found, sources={"Kinds": swapped})
    expect(done, "order", "Kinds", "kind", "the same rows in another order")
    assert [(one.then, one.now) for one in done.examples[:2]] == [(0, 1), (1, 0)]
    done = sl.replay(found, sources={"Kinds": {**KINDS_FRAME, "label": ["a", "b", "a", "d", None]}})
    expect(done, "source bytes", "Kinds", "label", "the frame that was given holds something else")
    assert [(one.row, one.then, one.now) for one in done.examples] == [(4, "c", "d")]


def test_one_version(folder: Path) -> None:
    found = record()
    done = replayed(tampered(found, versions=lambda versions: versions["libraries"].update(numpy="1.9.9")))
    assert done.identical  # it had no effect
    assert [(one.kind, one.key, one.then, one.now) for one in done.causes] == [
        ("library version", "numpy", "1.9.9", np.__version__)
    ]

    # A result that came out differently then, under that version.
    table = found.table("Rows")
    other = {**table.columns, "root": Column(FLOAT, table.columns["root"].data * 2)}
    made = replace(_rewritten(found, "Rows", other), versions={**found.versions, "numpy": "1.9.9"})
    expect(replayed(made), "library version", "Rows", "root", "numpy was 1.9.9 and is")


def test_clock_and_seed(folder: Path) -> None:
    found = record()
    later = found.now + 10 * 86_400_000_000
    done = replayed(tampered(found, run=lambda run: run.update(now=later)))
    expect(done, "clock or seed", "Rows", "age", "the run's clock was 2024-03-01T12:00:00+00:00 and is 2024-03-11")
    done = replayed(tampered(found, run=lambda run: run.update(seed=1)))
    expect(done, "clock or seed", "Rows", "dice", "the run's seed was 0 and is 1")


def test_what_cannot_be_explained_is_called_a_bug(folder: Path) -> None:
    def other(sheets: list[dict[str, Any]]) -> None:
        sheets[3]["columns"][0]["hash"] = "0" * 64
        sheets[3]["columns"][0]["leaves"] = "0" * 32

    done = replayed(tampered(record(), sheets=other))
    expect(done, "unknown", "Joined", "user", "this is a bug")
    done = replayed(tampered(record(), sheets=lambda sheets: sheets[6].update(rows=5)))
    expect(done, "unknown", "Sorted", None, "")


def test_a_missing_source(folder: Path) -> None:
    found = record()
    (folder / "events.csv").rename(folder / "moved.csv")
    done = replayed(found)
    assert done.cause is not None
    assert done.missing
    assert done.failed
    assert done.cause.kind == "source missing"
    assert done.place is not None
    assert str(done.place) == "sheet 'Events'"
    assert f"there is no file {folder / 'events.csv'} any more" in done.cause.words
    done = replayed(found, sources={"Events": "moved.csv"})
    assert done.identical
    assert not done.causes
    assert sl.replay(found, sheet="Kinds").identical  # needs nothing of it, and is taken from the record
    with pytest.raises(sl.SourceError, match="no such file"):
        replayed(found, sources={"Events": "wrong.csv"})


def test_a_frame_that_was_not_kept_must_be_given_again(folder: Path) -> None:
    book = sl.Workbook("W").source("E", type="frame").formulas("F", of="E", columns={"y": "#x * 2"})
    found = book.run(sources={"E": {"x": [1, 2], "other": [1, 1]}}, record=True).record
    done = sl.replay(found)
    assert done.missing
    assert done.cause is not None
    assert "it was a frame, which no record holds: give it again" in done.cause.words
    assert sl.replay(found, sources={"E": {"x": [1, 2]}}).identical
    kept = (
        sl.Workbook("W").source("E", type="frame", keep=True).formulas("F", of="E", columns={"y": "#x * 2"}, keep=True)
    )
    done = sl.replay(kept.run(sources={"E": {"x": [1, 2]}}, record=True).record)
    assert done.identical
    assert [one.from_record for one in done.chapters] == [True, False]


def test_other_data(folder: Path) -> None:
    found = record()
    write_events(folder, events()[:20], "fewer.csv")
    done = replayed(found, sources={"Events": "fewer.csv"})
    expect(done, "source bytes", "Events", "user", "the bytes of fewer.csv have changed, 9")
    assert done.altered
    assert not done.failed
    assert done.chapters[0].rows_out == 20
    assert done.comparisons["Events"].rows_then == ROWS


def test_a_record_of_a_run_on_another_file(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    write_events(folder, events()[:12], "given.csv")
    run = sl.Workbook.load("book.json").run(sources={**FRAMES, "Events": "given.csv"}, record="rec", now=NOW)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(elsewhere)
        assert replayed(run.record).identical
        assert sl.replay(folder / "rec", sources=FRAMES).identical


# --- another processor


def test_floats_of_another_processor(folder: Path) -> None:
    """Last bits differ there: kept floats are compared within 1e-9, what was not kept can't be."""
    exact = record()
    table = exact.table("Rows")
    root = table.columns["root"].data

    def on_another(by: float) -> sl.RunRecord:
        """The record as it would be if SQRT gave a little more, and Sums were not kept."""
        other = {**table.columns, "root": Column(FLOAT, root * (1 + by))}
        return replace(_rewritten(exact, "Rows", other), features={**exact.features, "numpy": "OTHER"})

    done = replayed(on_another(1e-15))
    assert done.identical
    assert {one.name: one.status for one in done.comparisons["Rows"].columns}["root"] == "close"
    assert [one.kind for one in done.causes] == ["library version"]
    done = replayed(on_another(1e-6))
    assert done.place is not None
    assert done.place.column == "root"
    assert done.examples[0].column == "root"
    loose = on_another(1e-15)
    loose = replace(loose, sheets=tuple(replace(one, kept=None) if one.name == "Rows" else one for one in loose.sheets))
    done = replayed(loose)
    assert done.identical
    assert {one.name: one.status for one in done.comparisons["Rows"].columns}["root"] == "not comparable"
    (folder / "events.csv").write_text((folder / "events.csv").read_text().replace("12.50", "12.51"))
    done = replayed(loose)  # what has a cause of its own is no matter of processors
    assert done.cause is not None
    assert done.cause.kind == "source bytes"
    assert {one.name: one.status for one in done.comparisons["Rows"].columns}["root"] == "differs"


def _rewritten(found: sl.RunRecord, name: str, columns: dict[str, Column]) -> sl.RunRecord:
    from sheetline.functions.columns import Table
    from sheetline.workbook.record.objects import Objects, keep
    from sheetline.workbook.record.tables import hash_table

    sheet = found.sheet(name)
    table = Table(columns, sheet.rows)
    hashes = hash_table(table)
    made = tuple(replace(one, hash=hashes[one.name].hash, leaves=hashes[one.name].leaves) for one in sheet.columns)
    objects = Objects(None, dict(found.objects.held))
    changed = replace(sheet, columns=made, kept=keep(table, objects))
    sheets = tuple(changed if one.name == name else one for one in found.sheets)
    return replace(found, sheets=sheets, objects=objects)


def test_differing_rows() -> None:
    one = Column(FLOAT, np.array([1.0, 2.0, np.nan, 4.0, np.nan]))
    other = Column(FLOAT, np.array([1.0, 2.0 + 1e-12, np.nan, np.nan, 5.0]))
    assert differing_rows(one, other).tolist() == [1, 3, 4]
    assert differing_rows(one, other, TOLERANCE).tolist() == [3, 4]
    assert differing_rows(one, one.slice(0, 3)).tolist() == [3, 4]
    assert differing_rows(Column.of(["a", None, "c"]), Column.of(["a", "b", None])).tolist() == [1, 2]
    assert differing_rows(Column.of([[1], [2]]), Column.of([[1], [3]])).tolist() == [1]


def test_differences_of_plain_values() -> None:
    assert list(differences({"a": 1}, {"a": 1})) == []
    assert list(differences({"a": 1, "b": 2}, {"a": 1, "c": 3})) == [(("b",), 2, None), (("c",), None, 3)]
    assert causes_of.__doc__


# --- the command line


def test_the_command_line(folder: Path) -> None:
    book = changed(1, **{"from": {"type": "csv", "path": "kinds.csv"}})
    write_book(book)
    (folder / "kinds.csv").write_text("kind,label\n0,a\n1,b\n2,a\n3,c\n4,\n")
    call("run", "book.json", "--record", "rec", "--now", NOW)
    said = call("replay", "rec", "--head", "2").stdout
    assert "1. Events (source)" in said
    assert "   What came in." in said
    assert "   Events 30 rows → 25 rows" in said
    assert "   double = #amount * 2" in said
    assert said.rstrip().endswith("identical: 7 sheets, 24 columns")
    found = json.loads(call("replay", "rec", "--format", "json").stdout)
    assert found["identical"] is True
    assert len(found["chapters"]) == 7
    assert "1. Events" not in call("replay", "rec", "--from", "Sorted").stdout
    assert "Sums" not in call("replay", "rec", "--sheet", "Big", "--head", "0").stdout
    assert "identical" not in call("replay", "rec", "--no-check").stdout
    said = call("replay", "rec", "--set", "least=7", "--head", "0").stdout
    assert "first difference: sheet 'Big', column 'user', rows 1 to 25 (leaf 0)" in said
    assert "cause: parameter: the parameter least was 5.0 and is 7.0" in said
    assert "as other things were asked for" in said
    text = (folder / "events.csv").read_text()
    (folder / "events.csv").write_text(text.replace("12.50", "12.51"))
    said = call("replay", "rec", "--head", "0", code=1).stdout
    assert "cause: source bytes: the bytes of events.csv have changed" in said
    assert "cells of 'Rows', the first sheet behind it that was kept:" in said
    assert "  double, row 6: 25.0 then, 25.02 now" in said
    (folder / "events.csv").rename(folder / "other.csv")
    assert "there is no file" in call("replay", "rec", code=3).stdout
    call("replay", "rec", "--source", "Events=other.csv")
    call("replay", "rec", "--map", "Events.user=at", "--source", "Events=other.csv")
    assert "there is no source 'X'" in call("replay", "rec", "--source", "X=other.csv", code=2).stderr
    (folder / "other.csv").write_text(text)
    done = json.loads(
        call("replay", "rec", "--source", "Events=other.csv", "--workbook", "book.json", "--format", "json").stdout
    )
    assert done["identical"] is True


def test_python_m(folder: Path) -> None:
    write_book({**BOOK, "sheets": [BOOK["sheets"][0], BOOK["sheets"][2]], "outputs": []})
    call("run", "book.json", "--record", "rec")
    command = [sys.executable, "-m", "sheetline", "replay", "rec", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.rstrip().endswith("identical: 2 sheets, 8 columns")
