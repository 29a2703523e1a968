"""Small whole workbooks, each sheet held to a CSV file that was worked out by hand (``#CODE`` is an error value)."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import sheetline as sl
from sheetline.functions.columns import Column
from sheetline.functions.types import Kind

HERE = Path(__file__).parent
SHEETS = sorted((path.parent.name, path.stem) for path in HERE.glob("*/*.csv") if path.stem[0].isupper())


def cells(column: Column) -> list[str]:
    """Show a column as the golden files do: floats by repr, dates as UTC, nothing for null."""
    import numpy as np

    values = column.to_list()
    if column.type.kind is Kind.DATE:
        shown = ["" if v is None else str(np.datetime64(v, "us").astype("datetime64[s]")) for v in values]
    else:
        shown = ["" if v is None else v if isinstance(v, str) else repr(v) for v in values]
    if column.errors is not None:
        for place, row in enumerate(column.errors.rows.tolist()):
            shown[row] = "#" + column.errors.code(place)
    return shown


def test_there_is_a_file_for_every_derived_sheet() -> None:
    for folder in {folder for folder, _ in SHEETS}:
        book = sl.Workbook.load(HERE / folder / "workbook.json")
        derived = {sheet.name for sheet in book.sheets if sheet.kind != "source"}
        assert derived == {name for where, name in SHEETS if where == folder}


@pytest.mark.parametrize("block_rows", [None, 2])
@pytest.mark.parametrize(("folder", "sheet"), SHEETS)
def test_golden(folder: str, sheet: str, block_rows: int | None) -> None:
    book = sl.Workbook.load(HERE / folder / "workbook.json")
    table = book.run(sheets=[sheet], block_rows=block_rows)[sheet].table
    with (HERE / folder / f"{sheet}.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert list(table.columns) == header
    shown = [cells(column) for column in table.columns.values()]
    assert [list(row) for row in zip(*shown, strict=True)] == rows


def test_what_the_reports_count() -> None:
    orders = sl.Workbook.load(HERE / "orders/workbook.json").run(sheets=["Best", "Months"]).report
    assert orders.sheet("Orders").errors == 1
    assert "two" in orders.sheet("Orders").columns[-2].examples[0].message
    weather = sl.Workbook.load(HERE / "weather/workbook.json").run(sheets=["Harmonic"]).report
    assert [(s.name, s.rows, s.errors) for s in weather.sheets] == [
        ("North", 4, 0), ("South", 2, 1), ("Celsius", 2, 0), ("All", 6, 0), ("Harmonic", 5, 1),
    ]  # fmt: skip
