"""Results never depend on an optimisation: each is turned off in turn, and all together."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from random_workbooks import KINDS, random_workbook
from typer.testing import CliRunner

import sheetline as sl
from sheetline.workbook.cli.app import app
from sheetline.workbook.execution import execute
from sheetline.workbook.optimisations import OPTIMISATIONS, checked
from sheetline.workbook.report import SheetReport
from sheetline.workbook.run import Options

ROOT = Path(__file__).parents[2]
#: What is turned off: each by itself, and everything.
SWITCHES = [*[[one] for one in OPTIMISATIONS], list(OPTIMISATIONS)]
WORKBOOKS = 48


def told(report: SheetReport, *, columns: set[str]) -> SheetReport:
    """What a report tells of some columns, but its seconds and bytes."""
    found = [one for one in report.columns if one.name in columns]
    return replace(report, columns=found, not_read=[], seconds=0.0, bytes=0)


def same(one: sl.Run, other: sl.Run) -> None:
    """The same sheets, values, errors and reports, of all columns that the first one made."""
    assert list(one) == list(other)
    assert [sheet.name for sheet in one.report.sheets] == [sheet.name for sheet in other.report.sheets]
    for name, sheet in one.results.items():
        left, right = sheet.table, other.results[name].table
        assert list(left.columns) == list(right.columns)
        assert left.types == right.types
        for column in left.columns:
            mine, theirs = left.columns[column], right.columns[column]
            assert list(map(repr, mine.to_list())) == list(map(repr, theirs.to_list())), (name, column)
        assert sheet.errors.to_dict("list") == other.results[name].errors.to_dict("list"), name
    for report in one.report.sheets:
        columns = {column.name for column in report.columns}
        assert told(report, columns=columns) == told(other.report.sheet(report.name), columns=columns)


@pytest.mark.parametrize("errors", ["keep", "drop"])
def test_random_workbooks(errors: str) -> None:
    for seed in range(WORKBOOKS // 2):
        rng = np.random.default_rng(seed + (1000 if errors == "drop" else 0))
        book, frames = random_workbook(rng, kind=KINDS[seed % len(KINDS)], errors=errors)
        plan = book.plan(sources=frames)
        sheets = tuple(sheet.name for sheet in book.sheets) if seed % 3 == 0 else None
        options = Options(sheets, threads=1 + seed % 2, block_rows=3)
        usual = execute(plan, options)
        for without in SWITCHES:
            same(usual, execute(plan, replace(options, without=checked(without))))


@pytest.mark.parametrize("folder", sorted(path.parent for path in (ROOT / "tests" / "golden").glob("*/workbook.json")))
def test_golden_workbooks(folder: Path) -> None:
    book = sl.Workbook.load(folder / "workbook.json")
    for sheets in (None, [sheet.name for sheet in book.sheets]):
        usual = book.run(sheets=sheets)
        for without in SWITCHES:
            same(usual, book.run(sheets=sheets, without=without))


def test_trips(tmp_path: Path) -> None:
    events = tmp_path / "events.parquet"
    simulate = ROOT / "examples" / "telematics" / "simulate.py"
    options = ["--events", "5000", "--seed", "7", "--out", str(events)]
    subprocess.run([sys.executable, str(simulate), *options], check=True, capture_output=True)
    book = sl.Workbook.load(ROOT / "examples" / "telematics" / "trips.json")
    asked: dict[str, Any] = {"sources": {"Events": events}, "block_rows": 500, "threads": 2}
    usual = book.run(**asked)
    for without in SWITCHES:
        same(usual, book.run(**asked, without=without))


def test_an_unknown_name_is_refused() -> None:
    book = sl.Workbook("W").source("E", type="frame")
    wrong: Any = ["fuze"]
    with pytest.raises(ValueError, match="there is no optimisation 'fuze': there are fuse, projection"):
        book.run(sources={"E": {"x": [1]}}, without=wrong)
    with pytest.raises(ValueError, match="there is no optimisation 'fuze'"):
        book.estimate(sources={"E": {"x": [1]}}, without=wrong)


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("e.csv").write_text("x,y\n1,2\n3,4\n")
    book = sl.Workbook("W").source("E", "e.csv").formulas("F", of="E", columns={"z": "#x + 1"})
    book.output("F", "f.csv").save("w.json")
    for names in ([], ["projection"], ["fuse", "free"]):
        done = CliRunner().invoke(app, ["run", "w.json", *(word for name in names for word in ("--without", name))])
        assert done.exit_code == 0, done.output
        assert ("neither read nor computed" in done.output) == ("projection" not in names)
        assert Path("f.csv").read_text() == "z\n2\n4\n"
    refused = CliRunner().invoke(app, ["run", "w.json", "--without", "fuze"])
    assert refused.exit_code == 2
    assert "there is no optimisation 'fuze'" in " ".join(refused.output.split()).replace("│ ", "")


def test_projection_off_makes_every_column() -> None:
    book = sl.Workbook("W").source("E", type="frame").formulas("F", of="E", columns={"a": "#x + 1", "b": "#y + 1"})
    book = book.formulas("G", of="F", columns={"c": "#a + 1"})
    frame = {"E": {"x": [1], "y": [2]}}
    usual, all_columns = book.run(sources=frame).report, book.run(sources=frame, without=["projection"]).report
    assert [len(sheet.columns) for sheet in usual.sheets] == [1, 1, 1]
    assert [len(sheet.columns) for sheet in all_columns.sheets] == [2, 2, 1]


def test_freeing_off_keeps_every_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    from sheetline.workbook import execution

    book = sl.Workbook("W").source("E", type="frame").sort("S", of="E", by=["x"]).sort("T", of="S", by=["y"])
    seen: list[list[str]] = []
    free = execution._Execution._free

    def watched(self: Any, *args: Any) -> None:
        free(self, *args)
        seen.append(list(self.tables))

    monkeypatch.setattr(execution._Execution, "_free", watched)
    book.run(sources={"E": {"x": [1, 2], "y": [3, 4]}})
    assert seen[-1] == ["T"]
    book.run(sources={"E": {"x": [1, 2], "y": [3, 4]}}, without=["free"])
    assert seen[-1] == ["E", "S", "T"]
    many = {"E": {"x": [1.0] * 1000, "y": [2.0] * 1000}}
    assert book.estimate(sources=many).steps[-1].live < book.estimate(sources=many, without=["free"]).steps[-1].live


def test_packed_keys_off_packs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    from sheetline.functions import ordering

    called: list[int] = []
    packed = ordering.packed_order
    monkeypatch.setattr(ordering, "packed_order", lambda keys, rows: (called.append(rows), packed(keys, rows))[1])
    book = sl.Workbook("W").source("E", type="frame").sort("S", of="E", by=["x", "y"])
    columns = {"k": "GROUPBY(#E!x)", "o": "GROUP_SORT_ASC(#E!y)", "p": "GROUP_PREVIOUS(#E!y)"}
    book = book.formulas("G", of="E", columns=columns)
    rng = np.random.default_rng(1)
    frame = {"E": {"x": rng.integers(0, 5, 200).tolist(), "y": rng.integers(0, 90, 200).tolist()}}
    usual = book.run(sources=frame, sheets=["S", "G"])
    assert called
    called.clear()
    same(usual, book.run(sources=frame, sheets=["S", "G"], without=["packed_keys"]))
    assert not called
