"""A workbook to record, replay and tamper with, for the tests of replays."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import sheetline as sl
from sheetline.functions.columns import Column, Table
from sheetline.workbook.cli.app import app
from sheetline.workbook.record.causes import KINDS
from sheetline.workbook.record.objects import Objects, keep
from sheetline.workbook.record.tables import hash_table

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


def prepare(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the events and the workbook into a folder, and make it the current one."""
    monkeypatch.chdir(folder)
    write_events(folder, events())
    write_book(BOOK)
    return folder


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


def rewritten(found: sl.RunRecord, name: str, columns: dict[str, Column]) -> sl.RunRecord:
    sheet = found.sheet(name)
    table = Table(columns, sheet.rows)
    hashes = hash_table(table)
    made = tuple(replace(one, hash=hashes[one.name].hash, leaves=hashes[one.name].leaves) for one in sheet.columns)
    objects = Objects(None, dict(found.objects.held))
    changed = replace(sheet, columns=made, kept=keep(table, objects))
    sheets = tuple(changed if one.name == name else one for one in found.sheets)
    return replace(found, sheets=sheets, objects=objects)
