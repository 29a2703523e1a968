"""Replays after something was tampered with: for each thing its cause, and the first place where it shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from replaying import (
    BOOK,
    KINDS_FRAME,
    ROWS,
    call,
    changed,
    events,
    expect,
    in_workbook,
    prepare,
    record,
    replayed,
    rewritten,
    tampered,
    write_book,
    write_events,
)

import sheetline as sl
from sheetline.functions.columns import Column
from sheetline.functions.types import FLOAT


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return prepare(tmp_path, monkeypatch)


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
    made = replace(rewritten(found, "Rows", other), versions={**found.versions, "numpy": "1.9.9"})
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
