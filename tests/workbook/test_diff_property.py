"""Random workbooks: nothing differs from itself, and one random edit is found and named, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from random_workbooks import KINDS, Frames, random_workbook

import sheetline as sl
from sheetline.workbook.fmt import format_workbook
from sheetline.workbook.load import parse_workbook

Raw = dict[str, Any]
#: What is said of one edit: kind, what, sheet, name.
Said = tuple[str, str, str | None, str | None]
SEEDS = range(27)


def raw(book: sl.Workbook) -> Raw:
    found: Raw = json.loads(format_workbook(book))
    for sheet in found["sheets"]:
        if sheet["kind"] == "formulas" and isinstance(sheet["columns"], dict):
            sheet["columns"] = [{"name": name, "formula": text} for name, text in sheet["columns"].items()]
    return found


def book_of(found: Raw) -> sl.Workbook:
    return parse_workbook(json.dumps(found))


def made(seed: int) -> tuple[np.random.Generator, sl.Workbook, Frames]:
    rng = np.random.default_rng(seed)
    return rng, *random_workbook(rng, kind=KINDS[seed % len(KINDS)])


def said(found: sl.Diff) -> list[Said]:
    return [(one.kind, one.what, one.sheet, one.name) for one in found.changes]


def formula_sheets(found: Raw) -> list[Raw]:
    return [sheet for sheet in found["sheets"] if sheet["kind"] == "formulas"]


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_differs_from_itself(seed: int) -> None:
    rng, book, _ = made(seed)
    assert sl.diff(book, book_of(raw(book))).same
    respelled = raw(book)
    for sheet in respelled["sheets"]:
        for place in [sheet, *(sheet["columns"] if sheet["kind"] == "formulas" else [])]:
            for key in ("formula", "where"):
                if key in place:
                    place[key] = respell(rng, place[key])
    assert said(sl.diff(book, book_of(respelled))) == []


def respell(rng: np.random.Generator, formula: str) -> str:
    """Write functions in small letters and put blanks everywhere but in texts."""
    gap = " " * int(rng.integers(1, 3))
    parts = re.split(r'("[^"]*")', formula)
    spelled = [re.sub(r"\b[A-Z_]{2,}(?=\()", lambda word: word[0].lower(), part) for part in parts]
    blanks = [part if part.startswith('"') else re.sub(r"([;()])", rf"\1{gap}", part) for part in spelled]
    return f" {''.join(blanks)}"


@pytest.mark.parametrize("seed", SEEDS)
def test_one_edit_is_found_and_named(seed: int) -> None:
    rng, book, frames = made(seed)
    done = 0
    for edit in (formula_edit, rename_edit, removal, addition, sheet_rename, key_edit, sheet_removal):
        found = raw(book)
        expected = edit(rng, found, book, frames)
        if expected is None:
            continue
        done += 1
        assert said(sl.diff(book, book_of(found))) == [expected], edit.__name__
    assert done


def formula_edit(rng: np.random.Generator, found: Raw, book: sl.Workbook, frames: Frames) -> Said | None:
    sheets = formula_sheets(found)
    if not sheets:
        return None
    sheet = sheets[int(rng.integers(len(sheets)))]
    column = sheet["columns"][int(rng.integers(len(sheet["columns"])))]
    column["formula"] = f"COALESCE({column['formula']};null)"
    return "changed", "formula", sheet["name"], column["name"]


def unused(rng: np.random.Generator, found: Raw, book: sl.Workbook, frames: Frames) -> tuple[Raw, int] | None:
    """A column of a formula sheet that nothing reads, not even through a sheet that passes it on."""
    from sheetline.workbook.lineage.build import graph_of

    graph = graph_of(book.plan(sources=frames))
    read = {output["sheet"] for output in found.get("outputs", ())}
    free = [
        (sheet, number)
        for sheet in formula_sheets(found)
        for number, column in enumerate(sheet["columns"])
        if sheet["name"] not in read
        and len(sheet["columns"]) > 1
        and not graph.readers[graph.node(sheet["name"], column["name"])]
        and f'"{sheet["name"]}"' not in json.dumps([one for one in found["sheets"] if one is not sheet])
    ]
    return free[int(rng.integers(len(free)))] if free else None


def rename_edit(rng: np.random.Generator, found: Raw, book: sl.Workbook, frames: Frames) -> Said | None:
    place = unused(rng, found, book, frames)
    if place is None:
        return None
    sheet, number = place
    sheet["columns"][number]["name"] = "Another name"
    return "renamed", "column", sheet["name"], "Another name"


def removal(rng: np.random.Generator, found: Raw, book: sl.Workbook, frames: Frames) -> Said | None:
    place = unused(rng, found, book, frames)
    if place is None:
        return None
    sheet, number = place
    name = sheet["columns"].pop(number)["name"]
    return "removed", "column", sheet["name"], name


def addition(rng: np.random.Generator, found: Raw, book: sl.Workbook, frames: Frames) -> Said | None:
    sheets = formula_sheets(found)
    if not sheets:
        return None
    sheet = sheets[int(rng.integers(len(sheets)))]
    sheet["columns"].insert(int(rng.integers(len(sheet["columns"]) + 1)), {"name": "Added", "formula": '"new"'})
    return "added", "column", sheet["name"], "Added"


def sheet_rename(rng: np.random.Generator, found: Raw, book: sl.Workbook, frames: Frames) -> Said | None:
    sheets = [sheet["name"] for sheet in found["sheets"] if sheet["kind"] != "source"]
    name = sheets[int(rng.integers(len(sheets)))]
    # Every mention: as an input, in a formula, in a selection, in the name of a joined column.
    text = re.sub(rf"\b{name}\b(?!\.csv)", "Renamed_sheet", json.dumps(found))
    found.clear()
    found.update(json.loads(text))
    return "renamed", "sheet", "Renamed_sheet", None


def sheet_removal(rng: np.random.Generator, found: Raw, book: sl.Workbook, frames: Frames) -> Said | None:
    text = json.dumps(found)
    free = [sheet for sheet in found["sheets"] if len(re.findall(rf"\b{sheet['name']}\b", text)) == 1]
    if not free:
        return None
    found["sheets"].remove(free[-1])
    return "removed", "sheet", free[-1]["name"], None


KEYS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "sort": ("limit", lambda old: (old or 0) + 3),
    "union": ("distinct", lambda old: not old),
    "distinct": ("keep", lambda old: "first" if old == "last" else "last"),
    "unpivot": ("dropNulls", lambda old: not old),
    "sample": ("seed", lambda old: (old or 0) + 1),
    "join": ("how", lambda old: "left" if old not in ("left", "cross") else None),
    "filter": ("where", lambda old: f"({old}) && true" if old else None),
    "pivot": ("expected", lambda old: ["other"] if old is None else [*old, "other"]),
}


def key_edit(rng: np.random.Generator, found: Raw, book: sl.Workbook, frames: Frames) -> Said | None:
    sheets = [sheet for sheet in found["sheets"] if sheet["kind"] in KEYS]
    if not sheets:
        return None
    sheet = sheets[int(rng.integers(len(sheets)))]
    key, edit = KEYS[sheet["kind"]]
    value = edit(sheet.get(key))
    if value is None or (key == "expected" and any(isinstance(one, int) for one in value)):
        return None
    sheet[key] = value
    return "changed", "key", sheet["name"], key


def test_what_a_formula_reaches_though_no_source_is_there() -> None:
    """The same columns are found by following references in the plan over the real frames, step by step."""
    tried = 0
    for seed in range(45):
        rng = np.random.default_rng(seed)
        book, frames = random_workbook(rng, errors="keep")
        found = raw(book)
        expected = formula_edit(rng, found, book, frames)
        changed = book_of(found)
        try:
            readers = forward(changed, frames)
        except sl.WorkbookError:  # such as COALESCE around an expansion
            continue
        if expected is None:
            continue
        (change,) = sl.diff(book, changed).changes
        if change.reach is None or makes_rows(found, expected):
            continue
        tried += 1
        known = {f"{sheet}!{name}" for sheet, columns in schemas(changed).items() for name in columns}
        reached = closure(readers, (str(expected[2]), str(expected[3])))
        assert set(change.reach.columns) == {place for place in reached if place in known}, seed
    assert tried > 15


def makes_rows(found: Raw, expected: Said) -> bool:
    sheet = next(one for one in found["sheets"] if one["name"] == expected[2])
    formula = next(one["formula"] for one in sheet["columns"] if one["name"] == expected[3])
    return any(word in formula for word in ("GROUPBY", "EXPAND", "GROUP_SORT", "GROUPTOPN", "GROUP_PATH"))


def schemas(book: sl.Workbook) -> dict[str, list[str]]:
    from sheetline.workbook.diff.sides import Side

    plan = Side.of(book).plan
    assert plan is not None
    return {name: list(step.schema) for name, step in plan.steps.items()}


def forward(book: sl.Workbook, frames: Frames) -> dict[tuple[str, str], set[tuple[str, str]]]:
    plan = book.plan(sources=frames)
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for name, step in plan.steps.items():
        for column in [*step.schema, ""]:
            for one in step.references(column):
                found.setdefault((one.sheet, one.column), set()).add((name, column))
        for column in step.schema:
            found.setdefault((name, ""), set()).add((name, column))
    return found


def closure(readers: dict[tuple[str, str], set[tuple[str, str]]], start: tuple[str, str]) -> set[str]:
    seen, waiting = {start}, [start]
    while waiting:
        for one in readers.get(waiting.pop(), ()):
            if one not in seen:
                seen.add(one)
                waiting.append(one)
    return {f"{sheet}!{column}" for sheet, column in seen - {start} if column}
