"""Random workbooks with random checks: what comes out is what plain Python counts, however sheets are made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from random_workbooks import random_workbook

import sheetline as sl
from sheetline.functions.columns import Table
from sheetline.functions.types import Type
from sheetline.workbook.sheets.join import split_reference

Schemas = Mapping[str, Mapping[str, Type]]


def with_random_checks(rng: np.random.Generator, book: sl.Workbook, schemas: Schemas) -> sl.Workbook:
    """The workbook with one to three checks on most sheets, none of which stops a run."""
    for sheet in book.sheets:
        if rng.random() < 0.3:
            continue
        schema = schemas[sheet.name]
        if not schema:
            continue
        for kind in rng.choice(["notNull", "unique", "rows", "relation"], int(rng.integers(1, 4))):
            names = [str(name) for name in rng.permutation(list(schema))[: int(rng.integers(1, 3))]]
            check: dict[str, Any] = {"kind": str(kind), "severity": "warn", "columns": names}
            if kind == "rows":
                check = {"kind": "rows", "severity": "warn", "max": 3}
            elif kind == "relation":
                other = str(rng.choice(list(schemas)))
                fitting = [name for name, type_ in schemas[other].items() if type_ == schema[names[0]]]
                if not fitting:
                    continue
                check |= {"columns": names[:1], "in": f"[{other}]![{fitting[0].replace(']', ']]')}]"}
            book = book.checks(sheet.name, check)
    return book


def key(value: Any) -> str | None:
    """A value as text that is equal where values are; zero has one sign."""
    return None if value is None else repr(value + 0.0 if isinstance(value, float) else value)


def counted(check: Any, table: Table, tables: dict[str, Table]) -> int:
    """How many rows break a check, by loops over Python values."""
    if check.kind == "rows":
        return max(table.rows - check.max, 0)
    columns = [table.columns[name] for name in check.columns]
    failed = {int(row) for column in columns if column.errors is not None for row in column.errors.rows}
    values = list(zip(*([key(value) for value in column.to_list()] for column in columns), strict=True))
    whole = [(row, value) for row, value in enumerate(values) if None not in value]
    if check.kind == "notNull":
        return len(values) - len(whole)
    if check.kind == "unique":
        return len(whole) - len({value for _, value in whole}) + len(failed)
    sheet, name = split_reference(check.in_[0]) or ("", "")
    there = {key(value) for value in tables[sheet].columns[name].to_list()}
    return sum(value[0] not in there for _, value in whole) + len(failed)


@pytest.mark.parametrize("seed", range(30))
def test_checks_count_what_loops_count_and_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plain, frames = random_workbook(rng)
    schemas = {name: step.schema for name, step in plain.plan(sources=frames).steps.items()}
    book = with_random_checks(rng, plain, schemas)
    every = plain.run(sources=frames, sheets=[sheet.name for sheet in plain.sheets])
    tables = {name: result.table for name, result in every.results.items()}
    expected = {
        (sheet.name, place): counted(check, tables[sheet.name], tables)
        for sheet in book.sheets
        for place, check in enumerate(sheet.checks)
    }
    for options in ({"without": ["fuse"]}, {"block_rows": 3, "threads": 2}, {"block_rows": 3, "threads": 1}):
        run = book.run(sources=frames, **options)
        found = {
            (sheet.name, place): one.count for sheet in run.report.sheets for place, one in enumerate(sheet.checks)
        }
        assert found == expected
        for name in run:
            made, before = run[name].to_arrow(), every[name].to_arrow()
            assert made.equals(before.select(made.column_names)), name
