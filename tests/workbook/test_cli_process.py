"""The command line as a process of its own: signals, pipes, encodings, and what is imported."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "sheetline"]


def environ(**changes: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "PYTHONIOENCODING", "PYTHONUTF8"))}
    return {**kept, **changes}


def call(*arguments: str, **changes: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, check=False, timeout=60, env=environ(**changes))


def slow_workbook(folder: Path) -> Path:
    """A workbook over rows enough for a run of some seconds."""
    (folder / "rows.csv").write_text("a,b,c,d\n" + "1.5,2.5,3.5,4.5\n" * 300_000)
    long = " + ".join(f"SQRT(#{name} * {n})" for name in "abcd" for n in range(1, 8))
    sheets: list[object] = [{"name": "Rows", "kind": "source", "from": {"type": "csv", "path": "rows.csv"}}]
    for n in range(20):
        columns = {f"x{n}": long}
        of = f"S{n - 1}" if n else "Rows"
        sheets.append({"name": f"S{n}", "kind": "formulas", "of": of, "copy": True, "columns": columns})
    outputs = [{"sheet": "S19", "to": {"type": "csv", "path": "out/rows.csv"}}]
    book = folder / "slow.json"
    book.write_text(json.dumps({"format": "sheetline/1", "name": "Slow", "sheets": sheets, "outputs": outputs}))
    return book


def heeding() -> None:
    """Heed SIGINT as a command in a terminal does, also where the tests run in the background, which ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(os.name == "nt", reason="signals of a terminal are sent differently there")
def test_ctrl_c_stops_without_traceback_and_without_half_an_output(tmp_path: Path) -> None:
    book = slow_workbook(tmp_path)
    process = subprocess.Popen(
        [*COMMAND, "run", str(book)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environ(),
        preexec_fn=heeding,  # noqa: PLW1509 - no thread of this process runs then
    )
    assert process.stderr is not None
    begun = [process.stderr.readline() for _ in range(2)]
    assert begun == ["[ 1/21] Rows\n", "[ 2/21] S0\n"]
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err.splitlines()[-1] == "stopped"
    assert "Traceback" not in err
    assert out == ""
    assert not list(tmp_path.rglob("*.tmp"))
    assert not (tmp_path / "out").exists()
    assert time.monotonic() - started < 20, "it does not wait for the run's end"


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGPIPE")
def test_a_reader_that_leaves_is_no_error() -> None:
    process = subprocess.Popen(
        [*COMMAND, "functions"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ(PYTHONUNBUFFERED="1")
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 141
    assert err == b""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"LC_ALL": "C"}, "ü→€".encode()),
        ({"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}, rb"\xfc\u2192\u20ac"),
    ],
)
def test_any_character_in_any_locale(changes: dict[str, str], said: bytes) -> None:
    result = call("eval", '"ü→€"', **changes)
    assert (result.returncode, result.stdout.strip()) == (0, said), result.stderr


def test_json_stays_json_in_ascii() -> None:
    result = call("eval", '"ü→€"', "--format", "json", PYTHONIOENCODING="ascii")
    assert json.loads(result.stdout.decode("ascii"))["value"] == "ü→€"


def test_tables_and_reports_in_ascii(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("größe\n1\n", encoding="utf-8")
    result = call("eval", "#[größe] + 1", "--data", str(tmp_path / "x.csv"), PYTHONIOENCODING="ascii", LC_ALL="C.UTF-8")
    assert result.returncode == 0, result.stderr
    assert b"Result" in result.stdout


def test_eval_loads_only_what_it_needs() -> None:
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "sheetline", "eval", "ABS(-3)"],
        capture_output=True, text=True, check=True, timeout=60, env=environ(),
    )  # fmt: skip
    assert result.stdout == "3\n"
    loaded = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert not loaded & {"pandas", "scipy", "pydantic", "rich.console", "rich.table", "rich.progress"}


TEXTS = {
    "format": "sheetline/1",
    "name": "Texts",
    "sheets": [
        {"name": "Orders", "kind": "source", "from": {"type": "csv", "path": "orders.csv"},
         "columns": [{"name": "count", "type": "integer"}, {"name": "day", "type": "date"}]},
        {"name": "People", "kind": "source", "from": {"type": "csv", "path": "people.csv"}},
        {"name": "Values", "kind": "formulas", "of": "Orders", "copy": True, "columns": {
            "value": "#price * #count", "who": 'UPPER(#customer) & "/" & CONCAT(#item;"-";#customer)',
            "kind": 'IF(#item == "tea";"drink";"food")', "first": "LEFT(TRIM(#item);2)", "size": "LEN(#item)",
            "year": 'FORMATDATE(#day;"yyyy")', "shown": 'TEXT(#price;"0.00")', "has": 'CONTAINS(#item;"a")',
            "filled": 'COALESCE(#customer;"none")', "letter": 'REGEXEXTRACT(#item;"[a-z]")',
            "changed": 'SUBSTITUTE(#item;"a";"b")', "known": 'IN(#item;"tea";"milk")'}},
        {"name": "Tea", "kind": "filter", "of": "Values", "where": '#item == "tea" || #item != "milk"'},
        {"name": "Joined", "kind": "join", "left": "Tea", "right": "People", "how": "left", "on": ["customer"]},
        {"name": "Sorted", "kind": "sort", "of": "Tea", "by": [{"column": "customer"}, {"column": "price"}]},
        {"name": "Distinct", "kind": "distinct", "of": "Tea", "columns": ["customer"]},
        {"name": "Sum", "kind": "formulas", "of": "Values", "columns": {
            "customer": "GROUPBY(#Values!customer)", "items": "GROUPCONCAT(#Values!item)"}},
        {"name": "Pivot", "kind": "pivot", "of": "Values", "rows": ["customer"], "column": "item",
         "values": [{"name": "value", "formula": "GROUPSUM(#Values!value)"}]},
    ],
    "outputs": [
        {"sheet": sheet, "to": {"type": "csv", "path": f"out/{sheet}.csv"}}
        for sheet in ("Joined", "Sorted", "Distinct", "Sum", "Pivot")
    ],
}  # fmt: skip


def test_a_run_from_files_to_files_does_not_wait_for_pandas(tmp_path: Path) -> None:
    """Arrow loads it with the first Python value that it is given, which takes a third of a second."""
    lines = ["customer,day,item,price,count", "ann,2024-03-01,tea,3.50,2", "bob,2024-03-01,cake,4.00,six", ",,milk,,1"]
    (tmp_path / "orders.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "people.csv").write_text("customer,city\nann,Bern\n", encoding="utf-8")
    (tmp_path / "texts.json").write_text(json.dumps(TEXTS), encoding="utf-8")
    command = [sys.executable, "-X", "importtime", "-m", "sheetline", "run", str(tmp_path / "texts.json")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environ(), check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    loaded = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
    assert "pyarrow" in loaded
    assert "pandas" not in loaded
