"""Malformed formulas and workbooks: each gives diagnostics with the right place, and an exit code, not a traceback.

malformed/formulas.json lists formulas with, for each mistake, its code, the text under the carets and where that
starts, and what the last one advises. malformed/*.marked are workbooks with a mark ⟪CODE⟫ or ⟪CODE|text under the
carets⟫ directly before each character that a diagnostic has to point at.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import sheetline as sl
from sheetline.workbook.cli.app import app

HERE = Path(__file__).parent / "malformed"
TABLE: dict[str, Any] = json.loads((HERE / "formulas.json").read_text(encoding="utf-8"))
BOOKS = sorted(HERE.glob("*.marked"))
MARK = re.compile("⟪([A-Z0-9]+)(?:\\|([^⟫]*))?⟫")
SECONDS = 2.0
SECONDS_OF_CHAINS = 5.0  #: ten thousand operators take about one; a busy machine's caches may make it two
EVENTS = "id,v,name,when,ok\n1,2.5,a,2024-01-01,true\n2,x,b,2024-01-02,false\n"
ROW: dict[str, Any] = {
    "Latitude": 1.5, "Longitude": 2.5, "Speed": 3.5, "Name": "a", "When": "2024-01-01T00:00:00Z", "Ok": True, "n": 1,
    "Speed(mph)": 4.5, "Trip length (km)": 5.5, "L": [1, 2],
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    """Load what is loaded once a process, so that the times are of the formulas alone."""
    sl.compile("ABS(#n) & ASDATE(#Name)", {"n": "integer", "Name": "string"})
    CliRunner().invoke(app, ["eval", "1,5"])


@contextmanager
def in_time(seconds: float = SECONDS) -> Iterator[None]:
    started = time.process_time()
    yield
    assert time.process_time() - started < seconds


def call(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    shown = result.stdout + result.stderr
    assert "Traceback" not in shown, shown
    assert "bug in sheetline" not in shown, shown
    assert isinstance(result.exception, SystemExit | None), result.exception
    return result


# --- formulas


def test_there_are_enough() -> None:
    assert len(TABLE["formulas"]) + len(BOOKS) > 150
    assert len({row["formula"] for row in TABLE["formulas"]}) == len(TABLE["formulas"])


@pytest.mark.parametrize("row", TABLE["formulas"], ids=lambda row: repr(row["formula"])[:60])
def test_formula(row: dict[str, Any]) -> None:
    text = row["formula"]
    with in_time(), pytest.raises(sl.FormulaError) as caught:
        sl.compile(text, TABLE["schema"])
    found = caught.value.diagnostics
    places = [(one.span.start, one.span.end) for one in found if one.span is not None]
    assert len(places) == len(found), "each has a place"
    assert [[d.code, text[a:b], a] for d, (a, b) in zip(found, places, strict=True)] == row["errors"]
    assert all(d.text == text and d.message for d in found)
    assert found[-1].hint == row["advice"]
    for words in (one.hint or "" for one in found):
        written = re.match(r"write (?!#Column|#Sheet|#\[Any|\$param|null)(.*)", words)
        if written is not None and written[1] in CORRECTED:
            sl.compile(written[1], TABLE["schema"])


#: Corrections that make the whole formula right; the others are parts of one, or wrong for another reason still.
CORRECTED = {
    "IF(#Ok;1;2)", '"hello"', 'CONCAT("a";#Name)', "ABS(#n)", "(#n + 1)", "#n >= 2", "!#Ok",
    "#n <= 3", "#[Trip length (km)]", "[1;2]", "#n+1", "1.5", "5m", "#n ^ 2", '"a\\\\qb"', "#[Speed(mph)]",
}  # fmt: skip


def test_the_corrections_are_offered() -> None:
    offered = {(row["advice"] or "").removeprefix("write ").partition(" if ")[0] for row in TABLE["formulas"]}
    assert offered >= CORRECTED


@pytest.mark.parametrize("row", TABLE["formulas"][::8], ids=lambda row: repr(row["formula"])[:60])
def test_formula_on_the_command_line(row: dict[str, Any], tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps(ROW) + "\n", encoding="utf-8")
    with in_time():
        result = call("eval", row["formula"], "--data", str(rows))
    assert result.exit_code == 2
    assert row["errors"][0][0] in result.stderr
    assert "^" in result.stderr
    told = json.loads(call("eval", row["formula"], "--data", str(rows), "--format", "json").stdout)["error"]
    assert {d["code"] for d in told["diagnostics"]} >= {row["errors"][0][0]}


HUGE = {
    "10,000 parentheses": ("(" * 10_000 + "1" + ")" * 10_000, "F022"),
    "10,000 calls": ("ABS(" * 10_000 + "1" + ")" * 10_000, "F022"),
    "10,000 open brackets": ("[" * 10_000, "F022"),
    "10,000 minus signs": ("-" * 10_000 + "1", "F022"),
    "minus and plus by turns": ("+-" * 5_000 + "1", "F022"),
    "1 MB of sums": ("1+" * 500_000 + "1", "F021"),
    "1 MB of text": ('"' + "a" * 1_000_000 + '"', "F021"),
    "50,000 semicolons": (";" * 50_000, "F026"),
    "90,000 commas": ("f(" + "," * 90_000, "F002"),
    "90,000 hashes": ("#" * 90_000, "F027"),
    "99,999 quotes": ('"' * 99_999, "F009"),
    "a name of 90,000 letters": ("#" + "a" * 90_000, "F102"),
    "10,000 unknown columns": ("+".join(["#x"] * 10_000), "F102"),
    "10,000 texts in a sum": ("+".join(["#Name"] * 5_000) + "+1", "F114"),
}


@pytest.mark.parametrize("name", HUGE)
def test_huge(name: str) -> None:
    text, code = HUGE[name]
    with in_time(), pytest.raises(sl.FormulaError) as caught:
        sl.compile(text, TABLE["schema"])
    assert {one.code for one in caught.value.diagnostics} == {code}
    assert 1 <= len(caught.value.diagnostics) <= 100
    assert len(str(caught.value)) < 50_000
    with in_time():
        assert call("eval", text).exit_code == 2


CHAINS = {
    "columns": ("+".join(["#n"] * 10_000), [10_000, 20_000]),
    "differences": ("-".join(["#n"] * 10_000), [-9_998, -19_996]),
    "constants": ("+".join(["1"] * 10_000), [10_000, 10_000]),
    "texts": ('LEN("a" & ' + " & ".join(["#t"] * 10_000) + ")", [10_001, 20_001]),
    "conditions": (" && ".join(["#n > 0"] * 5_000), [True, True]),
    "a minus before each of 60 calls": ("-ABS(" * 60 + "#n" + ")" * 60, [-1, -2]),
    "100 levels": ("ABS(" * 99 + "#n" + ")" * 99, [1, 2]),
}


@pytest.mark.parametrize("name", CHAINS)
def test_long_chains_are_no_nesting(name: str) -> None:
    text, expected = CHAINS[name]
    with in_time(SECONDS_OF_CHAINS):
        got = sl.evaluate(text, {"n": [1, 2], "t": ["x", "yy"]})
    assert got.tolist() == expected


def test_constants_on_the_command_line() -> None:
    with in_time(SECONDS_OF_CHAINS):
        result = call("eval", "+".join(["1"] * 10_000))
    assert (result.exit_code, result.stdout.strip()) == (0, "10000")


# --- workbooks


def unmark(marked: str) -> tuple[str, list[tuple[str, str | None, int, int]]]:
    """The plain text, and code, text under the carets, line and column of each mark."""
    expected, text, end = [], "", 0
    for match in MARK.finditer(marked):
        text += marked[end : match.start()]
        end = match.end()
        expected.append((match[1], match[2], text.count("\n") + 1, len(text) - text.rfind("\n")))
    return text + marked[end:], expected


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "e.csv").write_text(EVENTS, encoding="utf-8")
    return tmp_path


def found_in(path: Path) -> list[sl.Diagnostic]:
    try:
        return sl.Workbook.load(path).check()
    except sl.WorkbookError as error:
        return list(error.diagnostics)


@pytest.mark.parametrize("marked", BOOKS, ids=lambda path: path.stem)
def test_workbook(marked: Path, folder: Path) -> None:
    text, expected = unmark(marked.read_text(encoding="utf-8"))
    path = folder / "w.json"
    path.write_text(text, encoding="utf-8")
    with in_time():
        found = found_in(path)
    assert [
        (d.code, None if d.span is None or d.text is None else d.text[d.span.start : d.span.end], d.line, d.col)
        for d in found
    ] == expected
    assert all(d.file == str(path) and d.message for d in found)

    checked = call("check", str(path))
    assert checked.exit_code == 2
    assert f"{len(expected)} mistake" in checked.stderr
    run = call("run", str(path))
    assert run.exit_code == 2
    assert all(code in run.stderr for code, *_ in expected)
    told = json.loads(call("check", str(path), "--format", "json").stdout)["diagnostics"]
    assert [(d["code"], d["line"], d["col"]) for d in told] == [(code, line, col) for code, _, line, col in expected]
    assert list(folder.glob("*.csv")) == [folder / "e.csv"], "nothing was written"


GOOD: dict[str, Any] = {
    "format": "sheetline/1",
    "name": "W",
    "parameters": {
        "gap": {"type": "integer", "value": 3}, "day": {"type": "date", "value": "2024-01-01"},
        "share": {"type": "float", "value": 0.5}, "sure": {"type": "boolean", "value": True},
    },
    "sheets": [
        {"name": "E", "kind": "source", "from": {"type": "csv", "path": "e.csv"}},
        {"name": "F", "kind": "filter", "of": "E", "where": "#id < $gap"},
    ],
    "outputs": [{"sheet": "F", "to": {"type": "csv", "path": "o.csv"}}],
}  # fmt: skip


def saved(folder: Path, **changes: Any) -> str:
    path = folder / "w.json"
    path.write_text(json.dumps({**GOOD, **changes}), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--set", "gap=x"], 2, "parameter 'gap' must be a whole number"),
        (["--set", "gap=1.5"], 2, "parameter 'gap' must be a whole number"),
        (["--set", "gpa=1"], 2, "did you mean 'gap'?"),
        (["--set", "day=2024-13-01"], 2, "a date in ISO 8601"),
        (["--set", "share=much"], 2, "parameter 'share' must be a number"),
        (["--set", "sure=perhaps"], 2, "parameter 'sure' must be true or false"),
        (["--set", "gap"], 2, "--set"),
        (["--sheet", "G"], 2, "there is no sheet 'G'"),
        (["--source", "G=e.csv"], 2, "there is no source 'G'"),
        (["--source", "E=nothing.csv"], 3, "there is no such file"),
        (["--source", "E=."], 3, "."),
        (["--map", "E.id=idd"], 3, "did you mean 'id'?"),
        (["--sample", "-1"], 2, "--sample"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_calls(arguments: list[str], code: int, said: str, folder: Path) -> None:
    with in_time():
        result = call("run", saved(folder), *arguments)
    assert result.exit_code == code, result.stderr
    assert said in result.stderr
    assert not (folder / "o.csv").exists()


def test_files_out_of_reach(folder: Path) -> None:
    assert call("run", "none.json").exit_code == 3
    (folder / "e.csv").rename(folder / "f.csv")
    missing = call("run", saved(folder))
    assert missing.exit_code == 3
    assert "sheet 'E'" in missing.stderr
    assert "did you mean f.csv?" in missing.stderr
    (folder / "f.csv").rename(folder / "e.csv")
    (folder / "file").write_text("")
    blocked = [{"sheet": "F", "to": {"type": "csv", "path": "file/o.csv"}}]
    assert call("run", saved(folder, outputs=blocked)).exit_code == 3
    assert call("run", saved(folder)).exit_code == 0


def test_bytes_that_are_no_workbook(folder: Path) -> None:
    for data in (
        b"\xff\xfe{\x00}\x00",
        b"\x00" * 1000,
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b"{" * 100_000,
        b'{"a":' * 9999,
    ):
        (folder / "w.json").write_bytes(data)
        with in_time():
            result = call("check", "w.json")
        assert result.exit_code == 2, data[:10]
        assert result.stderr.count("\n") < 100


def test_a_source_out_of_reach_does_not_hide_other_mistakes(folder: Path) -> None:
    gone = {"name": "G", "kind": "source", "from": {"type": "csv", "path": "gone.csv"}}
    on_top = {"name": "T", "kind": "filter", "of": "G", "where": "#a > > 1"}
    wrong = {"name": "X", "kind": "filter", "of": "E", "where": "#idd > 1"}
    path = saved(folder, sheets=[*GOOD["sheets"], gone, on_top, wrong])
    assert [d.code for d in found_in(Path(path))] == ["W219", "F019", "F102"]
    only = saved(folder, sheets=[*GOOD["sheets"], gone, {**gone, "name": "H"}])
    result = call("check", only)
    assert result.exit_code == 3
    assert "sheet 'G'" in result.stderr
    assert "sheet 'H'" in result.stderr


def test_whole_workbook_of_mistakes_is_told_at_once(folder: Path) -> None:
    formulas = {"name": "M", "kind": "formulas", "of": "E", "columns": {f"c{i}": f"#nope{i}" for i in range(100)}}
    found = found_in(Path(saved(folder, sheets=[GOOD["sheets"][0], formulas], outputs=[])))
    assert [d.column for d in found] == [f"c{i}" for i in range(100)]
