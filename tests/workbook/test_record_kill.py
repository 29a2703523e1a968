"""Runs that are killed at random moments: outputs and records are whole, or what they were before."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

import sheetline as sl
from sheetline.workbook.record.files import check_objects

#: Loads everything once, then makes children by fork: each runs the workbook again and again until it is killed.
SCRIPT = """
import os, random, signal, sys, time
from pathlib import Path
import sheetline as sl

base, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
moments = random.Random(seed)

def work(folder):
    book = sl.Workbook.load(folder / "book.json")
    turn = 0
    while True:
        book.run(write=True, record=folder / "rec", parameters={"by": turn % 3}, threads=1, now="2024-03-01")
        turn += 1
        (folder / "turns").write_text(str(turn))

warm = base / "whole0"
for _ in range(2):  # the first time loads all that is needed
    began = time.monotonic()
    sl.Workbook.load(warm / "book.json").run(write=True, record=warm / "rec", threads=1)
    once = time.monotonic() - began
waiting = list(range(kills))
running = {}
while waiting or running:
    while waiting and len(running) < 4:
        number = waiting.pop()
        pid = os.fork()
        if pid == 0:
            try:
                work(base / str(number))
            finally:
                os._exit(70)
        running[pid] = time.monotonic() + once * moments.uniform(0.5, 14)
    time.sleep(0.002)
    for pid in [pid for pid, until in running.items() if time.monotonic() >= until]:
        os.kill(pid, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert code == -signal.SIGKILL, code
        del running[pid]
"""
BOOK = {
    "format": "sheetline/1",
    "name": "Killed",
    "parameters": {"by": {"type": "integer", "value": 0}},
    "sheets": [
        {"name": "Raw", "kind": "source", "from": {"type": "csv", "path": "raw.csv"}},
        {
            "name": "Rows",
            "kind": "formulas",
            "of": "Raw",
            "keep": True,
            "columns": {"x": "#x + $by", "bad": "1 / (#Raw!x - $by)"},
        },
    ],
    "outputs": [
        {"sheet": "Rows", "to": {"type": "csv", "path": "out/rows.csv"}},
        {"sheet": "Rows", "to": {"type": "parquet", "path": "out/rows.parquet"}},
    ],
}
KILLS = 50


def prepare(folder: Path) -> None:
    folder.mkdir()
    (folder / "book.json").write_text(json.dumps(BOOK))
    (folder / "raw.csv").write_text("x\n" + "".join(f"{number}\n" for number in range(2000)))


def outputs(folder: Path) -> tuple[bytes, bytes]:
    return (folder / "out/rows.csv").read_bytes(), (folder / "out/rows.parquet").read_bytes()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_run_leaves_nothing_that_is_half_written(tmp_path: Path) -> None:
    whole: dict[bytes, int] = {}
    for by in range(3):
        folder = tmp_path / f"whole{by}"
        prepare(folder)
        run = sl.Workbook.load(folder / "book.json").run(write=True, parameters={"by": by})
        assert run.report.outputs
        whole.update(dict.fromkeys(outputs(folder), by))
    for number in range(KILLS):
        prepare(tmp_path / str(number))
    subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path), str(KILLS), "11"], check=True)
    records = turns = 0
    for number in range(KILLS):
        folder = tmp_path / str(number)
        turns += int((folder / "turns").read_text() or 0) if (folder / "turns").exists() else 0
        for path in (folder / "out").glob("[!.]*"):
            assert path.read_bytes() in whole, path
        if (folder / "rec/record.json").exists():
            record = sl.RunRecord.load(folder / "rec")
            check_objects(record)
            by = record.given["by"]
            assert record.table("Rows").columns["x"].to_list() == [row + by for row in range(2000)]
            assert record.table("Rows").columns["bad"].errors is not None
            # What the record says was written is one whole output or another.
            assert all(one.size and len(one.hash) == 64 for one in record.outputs)
            records += 1
            if number % 10 == 0:
                assert sl.replay(record).identical
        # Whatever is left, the next run is as any other.
        if number % 5 == 0:
            again = sl.Workbook.load(folder / "book.json").run(write=True, record=folder / "rec", parameters={"by": 1})
            assert sl.RunRecord.load(folder / "rec") == again.record
            assert {whole[content] for content in outputs(folder)} == {1}
    assert turns > KILLS // 2, "the children did run"
    assert records > KILLS // 4


def test_an_interruption_between_objects_and_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record that was there stays, at whichever write the run ends."""
    from sheetline.workbook.record import files

    prepare(tmp_path / "a")
    book = sl.Workbook.load(tmp_path / "a" / "book.json")
    before = book.run(record=tmp_path / "rec").record
    made = random.Random(3)
    real = files.write_durably
    for stop in range(3):
        calls = 0

        def stopped(path: Path, data: bytes, last: int = stop) -> None:
            nonlocal calls
            if calls == last:
                path.with_name(f".{path.name}.left.tmp").write_bytes(data[: made.randrange(len(data))])
                raise KeyboardInterrupt
            calls += 1
            real(path, data)

        monkeypatch.setattr(files, "write_durably", stopped)
        with pytest.raises(KeyboardInterrupt):
            book.run(record=tmp_path / "rec", parameters={"by": stop + 5})
        monkeypatch.setattr(files, "write_durably", real)
        found = sl.RunRecord.load(tmp_path / "rec")
        check_objects(found)
        assert found == before
