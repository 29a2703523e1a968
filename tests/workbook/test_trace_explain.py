"""Explaining a cell: its parts have the values that they would have by themselves, and add up to the cell."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from calling import values
from random_workbooks import KINDS, random_workbook

import sheetline as sl
from sheetline.formulas.api import environment
from sheetline.formulas.blocks import Workers
from sheetline.formulas.bound import Scope
from sheetline.formulas.evaluate import evaluate
from sheetline.formulas.noting import NotingBinder
from sheetline.functions.columns import Column, Table
from sheetline.functions.registry import REGISTRY
from sheetline.workbook.fmt import format_workbook
from sheetline.workbook.load import parse_workbook
from sheetline.workbook.run import Run
from sheetline.workbook.sheets.formulas import FormulasSheet
from sheetline.workbook.trace.parts import Part, Parts

WORKBOOKS = 24
MAKERS = ("GROUPBY", "GROUP_SORT", "GROUPTOPN", "GROUP_PATH", "EXPAND")


def cell(run: Run, sheet: str, column: str, row: int) -> Any:
    (found,) = values(run[sheet].table.columns[column].slice(row, row + 1))
    return found


def runs() -> Iterator[tuple[int, np.random.Generator, Run, dict[str, Any]]]:
    for seed in range(WORKBOOKS):
        rng = np.random.default_rng(1000 + seed)
        mode = "drop" if seed % 4 == 0 else "keep"
        kind = "formulas" if seed % 2 else KINDS[seed // 2 % len(KINDS)]
        book, frames = random_workbook(rng, kind=kind, errors=mode)
        sheets = [sheet.name for sheet in book.sheets]
        yield seed, rng, book.run(sources=frames, sheets=sheets, threads=1, now="2024-03-01"), frames


def test_the_top_value_is_the_cell() -> None:
    """For every column of every kind of sheet, also where it is a copy from sheet to sheet."""
    told: Counter[str] = Counter()
    for seed, rng, run, _ in runs():
        for sheet in list(run):
            table = run[sheet].table
            for column in table.columns if table.rows else ():
                row = int(rng.integers(table.rows))
                found = run.explain(sheet, column, row)
                expected = cell(run, sheet, column, row)
                place = (seed, sheet, column, row)
                assert values(found.cell) == [expected], place
                last, at, name = found.path[-1] if found.path else (sheet, row, column)
                assert found.note or found.part is not None, place
                if found.part is not None and found.part.count is None:
                    assert values(found.part.values) == [cell(run, last, name, at)], place
                    told["computed"] += 1
                if found.path:
                    below = cell(run, last, name, at)
                    assert below == expected, place
                    told["copied"] += 1
                told[run.plan.workbook.sheet(sheet).kind] += 1
    assert min(told["computed"], told["copied"]) > 150
    assert set(KINDS) < set(told)


def row_parts(part: Part) -> Iterator[Part]:
    """The parts that have a value for the row itself."""
    if part.count is None:
        yield part
    for one in part.parts:
        yield from row_parts(one)


def test_a_part_has_the_value_that_it_has_as_a_column_of_its_own() -> None:
    """Each part is put into the sheet as a further column, and the workbook is run again."""
    compared = 0
    kinds: Counter[str] = Counter()
    for seed, rng, run, frames in runs():
        if run.plan.workbook.errors.mode == "drop":
            continue  # an error in a further column would drop its row
        for sheet in run.plan.workbook.sheets:
            table = run[sheet.name].table
            if not isinstance(sheet, FormulasSheet) or not table.rows:
                continue
            row = int(rng.integers(table.rows))
            probes: dict[str, Part] = {}
            for column in sheet.columns:
                if column.formula.startswith(MAKERS):  # it makes the rows: a second one would make other rows
                    continue
                found = run.explain(sheet.name, column.name, row).part
                assert found is not None
                parts = [part for part in row_parts(found) if part.kind not in ("constant", "parameter")]
                probes.update({f"probe{len(probes) + place}": part for place, part in enumerate(parts)})
            if not probes:
                continue
            again = _with_columns(run.plan.workbook, sheet, {name: part.text for name, part in probes.items()})
            probed = again.run(sources=frames, sheets=[sheet.name], threads=1, now="2024-03-01")[sheet.name].table
            for name, part in probes.items():
                assert values(part.values) == values(probed.columns[name].slice(row, row + 1)), (seed, part.text)
                compared += 1
                kinds[part.kind] += 1
    assert compared > 90
    assert {"column", "function", "operator", "list"} <= set(kinds)


def _with_columns(book: sl.Workbook, sheet: FormulasSheet, more: dict[str, str]) -> sl.Workbook:
    """The workbook up to a sheet, with further columns in it."""
    found = json.loads(format_workbook(book))
    names = [one["name"] for one in found["sheets"]]
    found["sheets"] = found["sheets"][: names.index(sheet.name) + 1]
    columns = found["sheets"][-1]["columns"]
    if isinstance(columns, dict):
        columns.update(more)
    else:
        columns += [{"name": name, "formula": text} for name, text in more.items()]
    found.pop("outputs", None)
    return parse_workbook(json.dumps(found))


def test_of_a_long_group_the_rows_around_the_row_are_shown() -> None:
    formulas = {"k": "GROUPBY(#k)", "o": "GROUP_SORT_DESC(#x)", "p": "GROUP_PREVIOUS(#x)"}
    book = sl.Workbook("W").source("E", type="frame").formulas("S", of="E", columns=formulas)
    run = book.run(sources={"E": {"x": list(range(10)), "k": [1] * 10}})
    for row, before in ((0, 0), (5, 3), (9, 5)):
        found = run.explain("S", "p", row).part
        assert found is not None
        (part,) = found.parts
        shown = [9 - place for place in range(before, before + 5)]
        assert (part.count, part.before, part.value, part.rows) == (10, before, shown, tuple(shown))
    text = str(run.explain("S", "p", 5)).splitlines()[-1]
    assert text == "└─ #x: 10 rows: …, 6, 5, 4, 3, 2, …  (E, rows …, 7, 6, 5, 4, 3, …)"


def test_every_declared_function_is_explained() -> None:
    """The examples of all functions, as formulas of a sheet: each row's top value is the cell."""
    explained = set()
    with Workers(1) as workers:
        for function in REGISTRY:
            for example in function.examples[:2]:
                formulas = {**(example.formulas or {}), "Result": example.formula}
                if "Result" in (example.formulas or {}):
                    continue
                columns = {name: Column.of(v) for name, v in (example.rows or {}).items()}
                table = Table.of(columns) if columns else Table({}, 1)
                env = replace(environment(example.timezone, example.now or "2024-03-01", 0), sheet="Made")
                scope = Scope("Made", "Sheet", {"Sheet": table.types})
                binder = NotingBinder(scope, env, formulas)
                whole = evaluate(binder.bound(), table, env, workers).table.columns["Result"]
                for row in {0, len(whole) - 1} if len(whole) else ():
                    parts = Parts(NotingBinder(scope, env, formulas), "Made", "Sheet", table, env, no_other)
                    top = parts.of("Result", row, workers)
                    expected = whole.slice(row, row + 1)
                    assert values(top.values) == values(expected), (example.formula, row)
                    assert top.text == example.formula
                    explained.add(function.name)
    assert len(explained) > 0.95 * len(list(REGISTRY))


def no_other(sheet: str, column: str) -> Column:
    raise AssertionError(f"{sheet}!{column} is no part of an example")
