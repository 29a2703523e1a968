"""Replays from the command line: what is told, and the exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from replaying import BOOK, NOW, call, changed, prepare, write_book


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return prepare(tmp_path, monkeypatch)


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
