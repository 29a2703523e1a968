"""Random workbooks: no state of the cache ever shows in a result or in a report, and unchanged columns are taken."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from random_workbooks import KINDS, Frames, perturbed, random_workbook

import sheetline as sl
from sheetline.functions.columns import Column
from sheetline.workbook.fmt import format_workbook
from sheetline.workbook.report import SheetReport

WORKBOOKS = 18
Seen = dict[str, Any]


def exact(column: Column) -> tuple[str, list[str], list[tuple[int, str, str]]]:
    """A column to the last bit (as far as repr tells it), and its errors with their messages."""
    errors = column.errors
    said = [] if errors is None else [(int(r), errors.code(i), errors.message(i)) for i, r in enumerate(errors.rows)]
    return str(column.type), [repr(value) for value in column.to_list()], said


def seen(run: sl.Run) -> Seen:
    """Everything that a run shows but seconds, and what it says of the cache."""
    tables = {
        name: {column: exact(values) for column, values in result.table.columns.items()}
        for name, result in run.results.items()
    }
    return {"tables": tables, "reports": [bare(sheet) for sheet in run.report.sheets]}


def bare(report: SheetReport) -> SheetReport:
    return replace(report, seconds=0.0, cached=[], why="")


def made(run: sl.Run) -> dict[str, set[str]]:
    """The columns that were made, by sheet."""
    return {s.name: {c.name for c in s.columns} - set(s.cached) for s in run.report.sheets}


OPTIONS: list[dict[str, Any]] = [
    {"threads": 1},
    {"threads": 2, "block_rows": 3},
    {"threads": 2, "block_rows": 3, "without": ["fuse"]},
]


def workbooks() -> Iterator[tuple[int, sl.Workbook, Frames]]:
    for seed in range(WORKBOOKS):
        book, frames = random_workbook(np.random.default_rng(seed), kind=KINDS[seed % len(KINDS)], errors="keep")
        yield seed, book, frames


def edited(
    rng: np.random.Generator, book: sl.Workbook, frames: Frames, folder: Path
) -> tuple[sl.Workbook, Frames, dict[str, Any]]:
    """The workbook with one formula, one parameter's value or one column of a source changed."""
    how = int(rng.integers(3))
    if how == 0:
        data = json.loads(format_workbook(book))
        columns = [one for sheet in data["sheets"] if sheet["kind"] == "formulas" for one in _listed(sheet)]
        plain = [one for one in columns if not any(word in one["formula"] for word in ("GROUP", "EXPAND", "#c"))]
        if plain:
            one = plain[int(rng.integers(len(plain)))]
            one["formula"] = ("3 + ROWNUMBER()", "null", '"x"', "2.5")[int(rng.integers(4))]
            path = folder / "edited.json"
            path.write_text(json.dumps(data))
            changed = sl.Workbook.load(path)
            if not changed.check(sources=frames):
                return changed, frames, {}
    if how == 1:
        return book, frames, {"p": int(rng.integers(3, 6))}
    sheet = list(frames)[int(rng.integers(len(frames)))]
    names = frames[sheet].column_names
    return book, perturbed(rng, frames, sheet, names[int(rng.integers(len(names)))]), {}


def _listed(sheet: dict[str, Any]) -> list[dict[str, str]]:
    if isinstance(sheet["columns"], Mapping):
        sheet["columns"] = [{"name": name, "formula": formula} for name, formula in sheet["columns"].items()]
    columns: list[dict[str, str]] = sheet["columns"]
    return columns


def test_the_cache_never_shows(tmp_path: Path) -> None:
    taken = columns = 0
    for seed, book, frames in workbooks():
        rng = np.random.default_rng(seed + 1000)
        cache = tmp_path / str(seed)
        options = OPTIONS[seed % len(OPTIONS)]
        sheets = None if seed % 3 else [sheet.name for sheet in book.sheets]
        plain = book.run(sources=frames, sheets=sheets)
        first = book.run(sources=frames, sheets=sheets, cache=cache, **options)
        assert seen(first) == seen(plain), seed
        second = book.run(sources=frames, sheets=sheets, cache=cache, **options)
        assert seen(second) == seen(plain), seed
        if not any(step.open_schema for step in second.plan.steps.values()):
            sources = {sheet.name for sheet in book.sheets if sheet.kind == "source"}
            assert not {name for name, some in made(second).items() if some} - sources, seed
        for turn in range(3):
            book, frames, parameters = edited(rng, book, frames, tmp_path)
            plain = book.run(sources=frames, sheets=sheets, parameters=parameters)
            after = book.run(sources=frames, sheets=sheets, parameters=parameters, cache=cache, **options)
            assert seen(after) == seen(plain), (seed, parameters)
            taken += sum(len(sheet.cached) for sheet in after.report.sheets)
            columns += sum(len(sheet.columns) for sheet in after.report.sheets)
            if turn < 2:
                continue
            asked: dict[str, Any] = {"sheets": sheets, "parameters": parameters, "record": True, "now": "2024-05-01"}
            again = book.run(sources=frames, cache=cache, **asked)
            assert seen(again) == seen(plain), (seed, parameters)
            assert again.record.id == book.run(sources=frames, **asked).record.id
    assert taken > columns / 3  # most of a workbook is not behind what changed


def test_other_wishes_share_what_they_need(tmp_path: Path) -> None:
    """Runs for other sheets, with parts of the cache gone, in any order."""
    for seed, book, frames in workbooks():
        if seed % 3:
            continue
        rng = np.random.default_rng(seed)
        cache = tmp_path / str(seed)
        names = [sheet.name for sheet in book.sheets]
        for turn in range(4):
            sheets = [names[place] for place in rng.permutation(len(names))[:2]]
            run = book.run(sources=frames, sheets=sheets, cache=cache, **OPTIONS[turn % len(OPTIONS)])
            assert seen(run) == seen(book.run(sources=frames, sheets=sheets)), (seed, turn)
            other = names[int(rng.integers(len(names)))]
            assert exact_table(run, other) == exact_table(book.run(sources=frames), other)
            files = sorted(cache.glob("??/*"))
            for file in rng.permutation(len(files))[: len(files) // 3]:
                files[file].unlink()


def exact_table(run: sl.Run, sheet: str) -> dict[str, Any]:
    return {name: exact(column) for name, column in run[sheet].table.columns.items()}
