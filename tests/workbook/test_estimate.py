"""What a run will need: rows and bytes foreseen, and refusing a run for which there is no memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_workbooks import random_workbook
from typer.testing import CliRunner

import sheetline as sl
from sheetline.workbook.cli.app import app
from sheetline.workbook.room import Guard, free_memory

ROWS = 300_000


def frame(rows: int = ROWS) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame({"k": rng.integers(0, 50, rows), "x": rng.normal(size=rows), "y": rng.normal(size=rows)})


def chain() -> sl.Workbook:
    book = sl.Workbook("W").source("E", type="frame").filter("F", of="E", where="#x > 0")
    book = book.formulas("R", of="F", copy=True, columns={"z": "#x + #y"})
    return book.formulas("G", of="R", columns={"k": "GROUPBY(#R!k)", "m": "GROUPAVERAGE(#R!z)"}).output(
        "G", type="frame"
    )


def test_rows_are_sure_where_nothing_drops_any(tmp_path: Path) -> None:
    frame(1000).to_parquet(tmp_path / "e.parquet")
    book = sl.Workbook("W").source("E", str(tmp_path / "e.parquet")).sort("S", of="E", by=["x"], limit=300)
    book = book.formulas("R", of="S", copy=True, columns={"z": "#x * 2"})
    book = book.formulas("R2", of="S", copy=True, columns={"z": "#x"}).union("U", of=["R", "R2"])
    book = book.unpivot("P", of="U", columns=["x", "y"], label="name", value="v")
    found = book.estimate(sheets=["P"])
    run = book.run(sheets=["P"])
    assert {step.sheet: (step.rows, step.sure) for step in found.steps} == {
        sheet.name: (sheet.rows, True) for sheet in run.report.sheets
    }


@pytest.mark.parametrize("without", [[], ["fuse"]])
def test_bytes_are_those_of_the_run(without: list[Any]) -> None:
    book = chain()
    run = book.run(sources={"E": frame()}, sheets=["G", "R"], without=without)
    assert run.estimate is not None
    for sheet in run.report.sheets:
        step = run.estimate.step(sheet.name)
        if step.parts and sheet.bytes == 0:
            assert step.bytes == 0
        elif step.sure:
            assert 0.9 < sheet.bytes / step.bytes < 1.1, sheet.name


def test_what_is_made_part_by_part_takes_nothing() -> None:
    many = {"E": pd.DataFrame({"k": np.zeros(3_000_000, np.int64), "x": 1.0, "y": 1.0})}
    parts = chain().estimate(sources=many)
    whole = chain().estimate(sources=many, without=["fuse"])
    assert [step.parts for step in parts.steps] == [False, True, True, False]
    assert parts.step("F").bytes == 0 < whole.step("F").bytes
    assert parts.step("R").live < whole.step("R").live
    assert parts.to_dict()["peak"] == parts.peak
    with pytest.raises(KeyError):
        parts.step("nothing")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_sure_rows_are_the_rows_of_the_run(seed: int) -> None:
    """Over random workbooks of all kinds."""
    book, frames = random_workbook(np.random.default_rng(seed))
    run = book.run(sources=frames, sheets=[sheet.name for sheet in book.sheets])
    assert run.estimate is not None
    for step in run.estimate.steps:
        rows = run.report.sheet(step.sheet).rows
        assert step.rows == rows or not step.sure
        under = book.sheet(step.sheet).inputs
        if step.kind in ("filter", "distinct", "sort", "sample") and run.estimate.step(under[0]).sure:
            assert rows <= step.rows


def test_a_run_that_needs_more_for_certain_is_refused_before_it_begins() -> None:
    with pytest.raises(
        sl.MemoryLimitError, match=r"at least 7\.2 MB of memory .*'E' 7\.2 MB \(300,000 rows, 3 columns\)"
    ):
        chain().run(sources={"E": frame()}, memory="5MB")
    assert len(chain().run(sources={"E": frame()}, memory="2GB")["G"]) == 50


def test_a_join_that_explodes_is_stopped_with_numbers() -> None:
    left, right = pd.DataFrame({"k": [1] * 3000, "a": 1.0}), pd.DataFrame({"k": [1] * 3000, "b": 1.0})
    book = sl.Workbook("W").source("L", type="frame").source("R", type="frame")
    book = book.join("J", left="L", right="R", on=["k"]).output("J", type="frame")
    with pytest.raises(sl.MemoryLimitError, match=r"sheet 'J' needs about 216\.0 MB for 9,000,000 rows of 3 columns"):
        book.run(sources={"L": left, "R": right}, memory="100MB")
    with pytest.raises(sl.MemoryLimitError, match="9,000,000 rows"):
        sl.Workbook("W").source("L", type="frame").source("R", type="frame").join(
            "J", left="L", right="R", how="cross"
        ).output("J", type="frame").run(sources={"L": left, "R": right.rename(columns={"k": "q"})}, memory="100MB")


def test_what_is_free_is_a_number_of_bytes() -> None:
    assert 1 << 20 < free_memory() < 1 << 50
    assert Guard(10 << 30).free() <= 10 << 30


def test_the_command_refuses_and_explains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    frame(20_000).to_csv("e.csv", index=False)
    book = {
        "format": "sheetline/1",
        "name": "W",
        "sheets": [
            {"name": "E", "kind": "source", "from": {"type": "csv", "path": "e.csv"}},
            {"name": "F", "kind": "filter", "of": "E", "where": "#x > 0", "keep": True},
        ],
    }
    Path("w.json").write_text(json.dumps(book), "utf-8")
    refused = CliRunner().invoke(app, ["run", "w.json", "--memory", "100kB"])
    assert refused.exit_code == 3
    assert "of memory at one time, but" in refused.output or "may still be taken" in refused.output
    wrong = CliRunner().invoke(app, ["run", "w.json", "--memory", "much"])
    assert wrong.exit_code == 2
    assert "is no size of memory" in wrong.output
    shown = CliRunner().invoke(app, ["run", "w.json", "--explain", "--memory", "4GB"])
    assert shown.exit_code == 0, shown.output
    assert "expected rows" in shown.output
    assert "at the most, expected while" in shown.output
    found = json.loads(CliRunner().invoke(app, ["run", "w.json", "--format", "json"]).stdout)
    assert [step["sheet"] for step in found["estimate"]["steps"]] == ["E", "F"]
    # the rows of a text file are foreseen from its first lines
    assert 0.8 < found["estimate"]["steps"][0]["rows"] / 20_000 < 1.2
