"""Outputs: what is written reads back as it was; files appear whole or not at all."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
import os
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet as pq

from sheetline.functions.columns import Column, Table
from sheetline.functions.errors import Origin, make
from sheetline.functions.types import BIGDECIMAL, BIGINTEGER, BOOLEAN, DATE, FLOAT, INTEGER, STRING, Type, list_of
from sheetline.workbook.io import SourceError, read_source, write_output
from sheetline.workbook.io import write as io_write
from sheetline.workbook.model.endpoints import (
    CsvSource,
    CsvTarget,
    FrameTarget,
    JsonlSource,
    JsonlTarget,
    ParquetSource,
    ParquetTarget,
)
from sheetline.workbook.sheets.source import SourceColumn

TABLE = Table.of(
    {
        "i": Column.of([1, None, -3]),
        "f": Column.of([1.0, 0.1, None]),
        "b": Column.of([True, None, False]),
        "d": Column.of([dt.datetime(2024, 3, 1, 12), None, dt.datetime(1969, 12, 31, 23, 59, 59, 1)]),
        "s": Column.of(['x, "y"', None, "z\nü"]),
        "l": Column.of([[1, 2], None, []]),
    }
)


def written(table: Table, folder: Path, zone: str = "UTC", **keys: Any) -> str:
    target = CsvTarget.model_validate({"type": "csv", "path": "out.csv", **keys})
    write_output(table, target, base_folder=folder, timezone=zone)
    return (folder / "out.csv").read_bytes().decode(keys.get("encoding", "utf-8"))


def test_csv_text(tmp_path: Path) -> None:
    assert written(TABLE, tmp_path) == (
        "i,f,b,d,s,l\n"
        '1,1.0,true,2024-03-01T12:00:00,"x, ""y""","[1, 2]"\n'
        ",0.1,,,,\n"
        '-3,,false,1969-12-31T23:59:59.000001,"z\nü",[]\n'
    )
    keys: dict[str, Any] = {
        "columns": ["f", "d"],
        "delimiter": ";",
        "decimal": ",",
        "dates": "dd.MM.yyyy",
        "nulls": ["NA"],
    }
    assert written(TABLE, tmp_path, **keys, header=False) == "1,0;01.03.2024\n0,1;NA\nNA;31.12.1969\n"
    assert written(TABLE, tmp_path, columns=["i", "s"], quoting="all").startswith('"i","s"\n"1","x, ""y"""\n,\n')
    assert written(TABLE, tmp_path, columns=["i", "b"], quoting="nonnumeric").startswith('"i","b"\n1,"true"\n,\n')
    assert written(TABLE, tmp_path, columns=["s"], quote="'") == "s\nx, \"y\"\n''\n'z\nü'\n".replace(
        'x, "y"', "'x, \"y\"'"
    )
    assert written(TABLE, tmp_path, zone="Europe/Paris", columns=["d"]).split()[1] == "2024-03-01T13:00:00+01:00"
    assert written(Table.of({"a": Column.of([None, 1])}), tmp_path) == 'a\n""\n1\n'
    assert written(TABLE.slice(0, 0), tmp_path, columns=["i"]) == "i\n"


def test_csv_equals_pythons_writer(tmp_path: Path) -> None:
    rng = random.Random(1)
    cells = ["".join(rng.choices('ab,"\n é', k=rng.randrange(5))) for _ in range(2_000)]
    table = Table.of({"a": Column.of(cells), "b": Column.of(list(range(2_000)))})
    wanted = io.StringIO()
    csv.writer(wanted, lineterminator="\n").writerows([["a", "b"], *zip(cells, range(2_000), strict=True)])
    assert written(table, tmp_path) == wanted.getvalue()


def test_errors_and_confusions_are_counted(tmp_path: Path) -> None:
    failing = Column.of([1, 2]).with_errors(make(np.array([0]), "DIV0", Origin("/")))
    table = Table.of({"e": failing, "s": Column.of(["", "NA"])})
    result = write_output(table, CsvTarget(type="csv", path="a.csv"), base_folder=tmp_path)
    assert (result.rows, result.errors, result.path) == (2, {"e": 1}, tmp_path / "a.csv")
    assert result.warnings == ["column 's': 1 empty texts look like null in the file"]
    assert (tmp_path / "a.csv").read_text() == "e,s\n,\n2,NA\n"


@pytest.mark.parametrize("ending", ["", ".gz", ".bz2", ".xz", ".zst", ".zip"])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_packed_outputs_read_back_and_are_reproducible(tmp_path: Path, kind: str, ending: str) -> None:
    path = f"out.{kind}{ending}"
    target = (CsvTarget if kind == "csv" else JsonlTarget).model_validate({"type": kind, "path": path})
    source = (CsvSource if kind == "csv" else JsonlSource).model_validate({"type": kind, "path": path})
    table = Table({name: TABLE.columns[name] for name in "ifbds"}, 3)
    write_output(table, target, base_folder=tmp_path)
    first = (tmp_path / path).read_bytes()
    assert (first[:3] in (b"i,f", b'{"i')) == (not ending)
    back = read_source(source, base_folder=tmp_path).table
    assert {name: column.to_list() for name, column in back.columns.items()} == {
        name: column.to_list() for name, column in table.columns.items()
    }
    write_output(table, target, base_folder=tmp_path)
    assert (tmp_path / path).read_bytes() == first


def test_encodings(tmp_path: Path) -> None:
    table = Table.of({"ä": Column.of(["é"])})
    assert written(table, tmp_path, encoding="utf-16") == "ä\né\n"
    assert written(table, tmp_path, encoding="latin-1") == "ä\né\n"
    with pytest.raises(SourceError, match=r"'é' cannot be written in ascii|'ä' cannot be written in ascii"):
        written(table, tmp_path, encoding="ascii")
    assert written(table, tmp_path, encoding="latin-1") == "ä\né\n"  # the older file is as it was before


def test_nothing_is_left_after_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = CsvTarget(type="csv", path="out.csv", quote=None)
    (tmp_path / "out.csv").write_text("before")
    with pytest.raises(SourceError, match=r"column 's': 'x, .* nothing may be quoted"):
        write_output(TABLE, target, base_folder=tmp_path)
    assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [("out.csv", "before")]

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(io_write, "_write_parquet", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_output(TABLE, ParquetTarget(type="parquet", path="out.parquet"), base_folder=tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.csv"]


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    target = CsvTarget(type="csv", path="deep/er/out.csv")
    assert write_output(TABLE, target, base_folder=tmp_path).path.exists()  # folders are made
    with pytest.raises(SourceError, match="folder, not a file"):
        write_output(TABLE, CsvTarget(type="csv", path="deep"), base_folder=tmp_path)
    with pytest.raises(SourceError, match="cannot be written"):
        write_output(TABLE, CsvTarget(type="csv", path="deep/er/out.csv/x.csv"), base_folder=tmp_path)
    with pytest.raises(SourceError, match=r"no column 'S' to write: did you mean s\?"):
        written(TABLE, tmp_path, columns=["S"])
    with pytest.raises(SourceError, match="no file"):
        write_output(TABLE, FrameTarget(type="frame"))
    if os.geteuid() != 0:
        (tmp_path / "deep").chmod(0o500)
        with pytest.raises(SourceError, match="no permission to write"):
            write_output(TABLE, CsvTarget(type="csv", path="deep/x.csv"), base_folder=tmp_path)


def test_a_link_keeps_pointing(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "out.csv").symlink_to("real.csv")
    written(TABLE, tmp_path, columns=["i"])
    assert (tmp_path / "out.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text() == 'i\n1\n""\n-3\n'


def test_jsonl_text(tmp_path: Path) -> None:
    table = Table(
        {**TABLE.columns, 'k"': Column.of([2**70, None, 1]), "e": Column.of([Decimal("1.10"), None, None])}, 3
    )
    write_output(table, JsonlTarget(type="jsonl", path="o.jsonl"), base_folder=tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    assert lines == [
        {
            "i": 1,
            "f": 1.0,
            "b": True,
            "d": "2024-03-01T12:00:00Z",
            "s": 'x, "y"',
            "l": [1, 2],
            'k"': 2**70,
            "e": "1.10",
        },
        {"i": None, "f": 0.1, "b": None, "d": None, "s": None, "l": None, 'k"': None, "e": None},
        {"i": -3, "f": None, "b": False, "d": "1969-12-31T23:59:59.000001Z", "s": "z\nü", "l": [], 'k"': 1, "e": None},
    ]


def test_parquet_groups_and_codes(tmp_path: Path) -> None:
    words = pa.array(["a", "b", "a", None] * 25_000, pa.large_string())
    table = Table.of(
        {"w": Column(STRING, words.dictionary_encode()), "p": Column(STRING, words), "n": Column.of([1] * 100_000)}
    )
    target = ParquetTarget.model_validate({"type": "parquet", "path": "o.parquet", "rowGroup": 30_000})
    write_output(table, target, base_folder=tmp_path)
    assert pq.ParquetFile(tmp_path / "o.parquet").num_row_groups == 4
    back = read_source(ParquetSource(type="parquet", path="o.parquet"), base_folder=tmp_path).table
    assert back.columns["w"].is_coded
    assert back.columns["p"].is_coded  # few words: they are read as codes though they were written as text
    assert back.columns["p"].data.dictionary.to_pylist() == ["a", "b"]
    assert back.columns["w"].to_list() == back.columns["p"].to_list() == words.to_pylist()


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
CELLS: dict[Type, st.SearchStrategy[Any]] = {
    INTEGER: st.integers(-(2**63), 2**63 - 1),
    FLOAT: st.floats(allow_nan=False, allow_infinity=False),
    BOOLEAN: st.booleans(),
    STRING: TEXTS.filter(bool),
    DATE: st.datetimes(),
    BIGINTEGER: st.integers(-(10**60), 10**60),
    BIGDECIMAL: st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**20), max_value=10**20),
    list_of(INTEGER): st.lists(st.integers(-9, 9), max_size=3),
}


@st.composite
def tables(draw: st.DrawFn) -> Table:
    rows = draw(st.integers(0, 6))
    types = draw(st.lists(st.sampled_from(list(CELLS)), min_size=1, max_size=4))
    columns = {}
    for place, type_ in enumerate(types):
        cells = draw(st.lists(st.none() | CELLS[type_], min_size=rows, max_size=rows))
        columns[draw(TEXTS.map(str.strip).filter(bool)) + str(place)] = Column.of(cells, type_)
    return Table(columns, rows)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trips")


@given(tables(), st.sampled_from(["csv", "jsonl", "parquet"]), st.sampled_from(["UTC", "Europe/Paris"]))
def test_round_trips(folder: Path, table: Table, kind: str, zone: str) -> None:
    targets: dict[str, Any] = {"csv": CsvTarget, "jsonl": JsonlTarget, "parquet": ParquetTarget}
    sources: dict[str, Any] = {"csv": CsvSource, "jsonl": JsonlSource, "parquet": ParquetSource}
    write_output(table, targets[kind](type=kind, path="t"), base_folder=folder, timezone=zone)
    if kind == "jsonl" and not table.rows:
        return  # no line, no key
    specs = [SourceColumn(name=name, type=str(type_)) for name, type_ in table.types.items()]
    back = read_source(sources[kind](type=kind, path="t"), base_folder=folder, columns_spec=specs, timezone=zone)
    assert back.table.types == table.types
    assert not any(notes.unreadable for notes in back.notes.columns.values())
    for name, column in table.columns.items():
        assert back.table.columns[name].to_list() == column.to_list()


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_floats_come_back_bit_by_bit_and_as_floats(folder: Path, numbers: list[float]) -> None:
    write_output(Table.of({"x": Column.of(numbers)}), CsvTarget(type="csv", path="f"), base_folder=folder)
    back = read_source(CsvSource(type="csv", path="f"), base_folder=folder).table.columns["x"]
    assert back.type == FLOAT
    assert np.asarray(back.data).tobytes() == np.array(numbers).tobytes()


def test_gzip_holds_no_time(tmp_path: Path) -> None:
    write_output(TABLE, CsvTarget(type="csv", path="o.csv.gz"), base_folder=tmp_path)
    assert (tmp_path / "o.csv.gz").read_bytes()[4:8] == b"\0\0\0\0"
    assert gzip.decompress((tmp_path / "o.csv.gz").read_bytes()).startswith(b"i,f")
