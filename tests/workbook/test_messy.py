"""Real messy files: each one loads with exactly these counts, or is refused with this reason.

The files are looked for under the folder that the environment variable SHEETLINE_DATA names.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sheetline.workbook.io import ReadResult, SourceError, read_source
from sheetline.workbook.model.endpoints import CsvSource, JsonlSource
from sheetline.workbook.sheets.source import SourceColumn

DATA = os.environ.get("SHEETLINE_DATA")
FOLDER = Path(DATA or ".") / "messy"
pytestmark = pytest.mark.skipif(DATA is None, reason="SHEETLINE_DATA does not name a folder with messy/ in it")


@dataclass
class Loads:
    """What a file gives: rows, columns, a letter a column's type, rows too short and too long, error cells."""

    rows: int
    columns: int
    types: str
    short: int = 0
    long: int = 0
    errors: int = 0
    keys: dict[str, Any] = field(default_factory=dict)


@dataclass
class Refused:
    """Why a file is not read."""

    why: str
    keys: dict[str, Any] = field(default_factory=dict)


# Letters: i integer, f float, s string, b boolean, d date, - no value at all.
CASES: list[tuple[str, Loads | Refused]] = [
    ("csvkit_FY09_EDU_Recipients_by_State.csv", Loads(53, 10, "sssssssis-")),
    ("csvkit_FY09_EDU_Recipients_by_State.csv", Loads(53, 10, "sssiiiiii-", keys={"thousands": ","})),
    ("csvkit_acs2012_5yr_population.csv", Loads(93, 4, "isii")),
    ("csvkit_bad.csv", Loads(3, 3, "isi", 1, 1, 3)),
    ("csvkit_bad_skip_lines.csv", Loads(3, 3, "isi", 1, 1, 3)),
    ("csvkit_bad_skip_lines.csv", Loads(3, 3, "isi", 1, 1, 3, keys={"skip": 3})),
    ("csvkit_blanks.csv", Loads(1, 6, "-sssss")),
    ("csvkit_blanks.csv", Loads(1, 6, "------", keys={"nulls": ["", "NA", "N/A", "NONE", "NULL", "."]})),
    ("csvkit_dummy.csv.bz2", Loads(1, 3, "iii")),
    ("csvkit_ks_1033_data.csv", Loads(1575, 14, "ssissisffsisis")),
    ("csvkit_mac_newlines.csv", Loads(2, 3, "sii")),
    ("csvkit_sheets.xlsx", Refused("Excel workbook")),
    ("csvkit_test_date_format.csv", Loads(2, 1, "s")),
    ("csvkit_test_empty_columns.csv", Loads(3, 5, "s-s--", 1)),
    ("csvkit_test_header_newline.csv", Loads(1, 3, "sss")),
    ("csvkit_test_latin1.csv", Refused("line 3: byte 0xa9 is no text in utf-8")),
    ("csvkit_test_latin1.csv", Loads(2, 3, "iis", keys={"encoding": "latin-1"})),
    ("csvkit_test_locale.csv", Loads(1, 3, "ss-")),
    ("csvkit_test_no_leading_zeroes.csv", Loads(1, 3, "ssf")),
    ("csvkit_test_utf16_little.csv", Refused("byte order mark of utf-16")),
    ("csvkit_test_utf16_little.csv", Loads(2, 3, "iis", keys={"encoding": "utf-16"})),
    ("csvkit_test_utf8_bom.csv", Loads(2, 3, "iis")),
    ("csvkit_testfixed", Loads(3, 1, "s", 0, 1, 1)),
    ("csvkit_testfixed_schema.csv", Loads(8, 3, "sii")),
    ("csvkit_testjson_multiline.json", Loads(2, 3, "iii")),
    ("csvkit_testjson_nested.json", Refused("one JSON document, not JSON lines")),
    ("frictionless_accent.csv", Loads(2, 1, "-", 0, 2, 2)),
    ("frictionless_accent.csv", Loads(2, 17, "sssssssffisfsssss", keys={"delimiter": ";"})),
    ("frictionless_blank-cells.csv", Loads(5, 2, "is")),
    ("frictionless_blank-headers.csv", Loads(2, 3, "isi")),
    ("frictionless_blank-rows-multiple.csv", Loads(13, 3, "isi")),
    ("frictionless_countries.csv", Loads(6, 1, "i", 0, 5, 5)),
    ("frictionless_countries.csv", Loads(5, 4, "issi", 1, 1, 4, keys={"comment": "#"})),
    ("frictionless_defective-rows.csv", Loads(2, 3, "is-", 1, 1, 3)),
    ("frictionless_delimiter.csv", Loads(2, 1, "s")),
    ("frictionless_delimiter.csv", Loads(2, 2, "is", keys={"delimiter": ";"})),
    ("frictionless_duplicate-headers.csv", Loads(2, 5, "isiis")),
    ("frictionless_duplicate-rows.csv", Loads(3, 3, "isi")),
    ("frictionless_escaping.csv", Loads(3, 2, "is")),
    ("frictionless_invalid.csv", Loads(3, 4, "is--", 2, 1, 4)),
    ("frictionless_latin1.csv", Refused("byte 0xa9")),
    ("frictionless_latin1.csv", Loads(2, 2, "is", keys={"encoding": "windows-1252"})),
    ("frictionless_leading-zeros.csv", Loads(3, 1, "s")),
    ("frictionless_matrix-with-comment.csv", Loads(5, 1, "-", 0, 5, 5)),
    ("frictionless_matrix-with-comment.csv", Loads(4, 4, "iiii", keys={"comment": "#"})),
    ("frictionless_numeric-labels.csv", Loads(3, 10, "sbbbbbbbbb")),
    ("frictionless_skip-rows.csv", Loads(4, 1, "s", 0, 3, 3)),
    ("frictionless_skip-rows.csv", Loads(2, 2, "is", keys={"comment": "#"})),
    ("frictionless_structure-errors.csv", Loads(4, 3, "isi", 0, 1, 3)),
    ("frictionless_table-infer-iso-8859-7.csv", Refused("byte 0xcb")),
    ("frictionless_table-infer-iso-8859-7.csv", Loads(4, 3, "iis", keys={"encoding": "iso-8859-7"})),
    ("frictionless_table-infer-missing-values.csv", Loads(7, 3, "sis")),
    ("frictionless_table-infer-missing-values.csv", Loads(7, 3, "iis", keys={"nulls": ["-"]})),
    ("frictionless_table.keyed.json", Refused("one JSON document, not JSON lines")),
    ("frictionless_table.ndjson", Loads(2, 2, "is")),
    ("frictionless_table.tsv", Loads(3, 2, "is")),
    ("frictionless_timezone.csv", Loads(4, 2, "ds")),
    ("frictionless_without-headers-extra.csv", Loads(2, 2, "is", 0, 1, 2)),
    ("frictionless_without-headers-extra.csv", Loads(3, 2, "is", 0, 1, 2, keys={"header": False})),
    ("northwind_customers_unquoted_commas.csv", Loads(91, 11, "sssssssssss", 0, 24, 264)),
    ("northwind_orders_unquoted_commas.csv", Loads(830, 14, "isidddifssssss", 0, 176, 2464, keys={"nulls": ["NULL"]})),
    ("northwind_suppliers_unquoted_commas.csv", Loads(29, 12, "isssssssssss", 0, 9, 108)),
]
LETTERS = {"integer": "i", "float": "f", "string": "s", "boolean": "b", "date": "d", "null": "-"}


def load(name: str, **keys: Any) -> ReadResult:
    if name.endswith((".json", ".ndjson")):
        return read_source(JsonlSource.model_validate({"type": "jsonl", "path": name, **keys}), base_folder=FOLDER)
    if name.endswith(".tsv"):
        keys = {"delimiter": "\t", **keys}
    return read_source(CsvSource.model_validate({"type": "csv", "path": name, **keys}), base_folder=FOLDER)


@pytest.mark.parametrize(("name", "case"), CASES, ids=[f"{name}-{place}" for place, (name, _) in enumerate(CASES)])
def test_messy_file(name: str, case: Loads | Refused) -> None:
    if isinstance(case, Refused):
        with pytest.raises(SourceError) as caught:
            load(name, **case.keys)
        assert case.why in str(caught.value)
        assert name in str(caught.value)
        assert caught.value.advice
        return
    table, notes = (result := load(name, **case.keys)).table, result.notes
    letters = "".join(LETTERS[str(type_)] for type_ in table.types.values())
    errors = sum(0 if column.errors is None else len(column.errors) for column in table.columns.values())
    found = (table.rows, len(table.columns), letters, notes.short_rows, notes.long_rows, errors)
    assert found == (case.rows, case.columns, case.types, case.short, case.long, case.errors)
    assert len(notes.bad_rows) == case.short + case.long
    assert all(len(column) == table.rows for column in table.columns.values())


def test_every_messy_file_is_in_the_list() -> None:
    assert {entry.name for entry in FOLDER.iterdir()} == {name for name, _ in CASES}


def test_some_contents() -> None:
    assert load("csvkit_mac_newlines.csv").table.columns["a"].to_list() == ["1", "Once upon\ra time"]
    assert load("frictionless_leading-zeros.csv").table.columns["value"].to_list() == ["01", "002", "00003"]
    greek = load("frictionless_table-infer-iso-8859-7.csv", encoding="iso-8859-7")
    assert greek.table.columns["name"].to_list()[0] == "Λεωνιδας"
    assert list(load("frictionless_invalid.csv").table.columns) == ["id", "name", "Column3", "name_2"]
    zones = load("frictionless_timezone.csv").table.columns["datetime"].to_list()
    assert [value - zones[0] for value in zones] == [0, 0, -3 * 3_600_000_000, 3 * 3_600_000_000]


def test_dates_by_pattern() -> None:
    endpoint = CsvSource(type="csv", path="csvkit_ks_1033_data.csv")
    spec = (SourceColumn(name="Shipped", source="ship_date", type="date", pattern="M/d/yyyy H:mm:ss"),)
    result = read_source(endpoint, base_folder=FOLDER, columns_spec=spec, only=True)
    assert result.notes.columns["Shipped"].unreadable == 0
    assert result.table.columns["Shipped"].to_list()[0] == 1_147_996_800_000_000  # 2006-05-19
