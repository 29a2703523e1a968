"""CSV in: inference from the whole column, declared types, hostile files, and both readers alike."""

from __future__ import annotations

import bz2
import csv
import datetime as dt
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetline.functions.types import BIGINTEGER, DATE, FLOAT, INTEGER, NULL, STRING, list_of
from sheetline.workbook.io import (
    ReadResult,
    SourceError,
    endpoint_for_path,
    examples,
    look_at,
    read_source,
    source_names,
)
from sheetline.workbook.io import csv as io_csv
from sheetline.workbook.model.endpoints import CsvSource
from sheetline.workbook.sheets.source import SourceColumn

Read = Callable[..., ReadResult]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def reader(content: str | bytes, *specs: SourceColumn, only: bool = False, needed: Any = None, **keys: Any) -> Any:
        name = keys.pop("path", "data.csv")
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        zone = keys.pop("timezone", "UTC")
        endpoint = CsvSource.model_validate({"type": "csv", "path": name, **keys})
        return read_source(endpoint, base_folder=tmp_path, columns_spec=specs, only=only, needed=needed, timezone=zone)

    return reader


def values(result: ReadResult) -> dict[str, list[Any]]:
    return {name: column.to_list() for name, column in result.table.columns.items()}


def us(*parts: int) -> int:
    return int(
        (dt.datetime(*parts, tzinfo=dt.UTC) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) / dt.timedelta(microseconds=1)
    )  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cells", "type_", "wanted"),
    [
        (["1", "-2", ""], "integer", [1, -2, None]),
        (["0", "10", "-0"], "integer", [0, 10, 0]),
        ([" 1", "2 ", "  "], "integer", [1, 2, None]),
        (["007", "1"], "string", ["007", "1"]),
        (["-01", "1"], "string", ["-01", "1"]),
        (["00.5", "1"], "string", ["00.5", "1"]),
        (["+49", "1"], "string", ["+49", "1"]),
        (["0x1F", "1"], "string", ["0x1F", "1"]),
        (["1_000", "1"], "string", ["1_000", "1"]),
        (["1 2", "3"], "string", ["1 2", "3"]),
        (["1-2", "3"], "string", ["1-2", "3"]),
        (["5a", "3"], "string", ["5a", "3"]),
        (["-", "3"], "string", ["-", "3"]),
        (["9223372036854775807", "-9223372036854775808"], "integer", [2**63 - 1, -(2**63)]),
        (["9223372036854775808", "1"], "biginteger", [2**63, 1]),
        (["1.5", "2", ".5", "1e3"], "float", [1.5, 2.0, 0.5, 1000.0]),
        (["1.5", "NaN", "nan"], "float", [1.5, None, None]),
        (["nan", "inf"], "string", ["nan", "inf"]),
        (["1.5", "x"], "string", ["1.5", "x"]),
        (["true", "FALSE", ""], "boolean", [True, False, None]),
        (["true", "1"], "string", ["true", "1"]),
        (["yes", "no"], "string", ["yes", "no"]),
        (["2024-03-01", "2024-03-01T12:00:00Z"], "date", [us(2024, 3, 1), us(2024, 3, 1, 12)]),
        (["2024-02-30", "2024-03-01"], "string", ["2024-02-30", "2024-03-01"]),
        (["20240301"], "integer", [20240301]),
        ([""], "null", [None]),
        (["a\0b"], "string", ["a\0b"]),
    ],
)
def test_inference(read: Read, cells: list[str], type_: str, wanted: list[Any]) -> None:
    result = read("k,x\n" + "".join(f"k,{cell}\n" for cell in cells))
    column = result.table.columns["x"]
    assert (str(column.type), column.to_list()) == (type_, wanted)
    assert result.notes.inferred == ["k", "x"]


def test_the_last_row_of_many_decides(read: Read) -> None:
    many = "x,y,z,d\n" + "1,1.5,true,2024-01-01\n" * 60_000
    assert [str(t) for t in read(many).table.types.values()] == ["integer", "float", "boolean", "date"]
    assert [str(t) for t in read(many + "a,b,c,d\n").table.types.values()] == ["string"] * 4
    assert str(read(many + "1.5,1,,\n").table.types["x"]) == "float"
    assert str(read(many + "01,1,,\n").table.types["x"]) == "string"


def test_infinities_and_overflow_are_errors(read: Read) -> None:
    result = read("x\n1.5\ninf\n-Infinity\n1e999\nNaN\n\n")
    notes = result.notes.columns["x"]
    assert values(result) == {"x": [1.5, None, None, None, None]}
    assert [(e.row, e.code, e.message) for e in examples(result.table.columns["x"])] == [
        (1, "INFINITY", '"inf" is no value'),
        (2, "INFINITY", '"-Infinity" is no value'),
        (3, "OVERFLOW", '"1e999" is beyond the range of a float'),
    ]
    assert (notes.rows, notes.nulls, notes.nan, notes.infinities, notes.unreadable) == (5, 1, 1, 2, 1)


@pytest.mark.parametrize(
    ("type_", "cells", "wanted", "codes"),
    [
        ("integer", ["1", "+2", "3.00", "x", "9223372036854775808", "-9223372036854775808", "007", "1.5", "0x1F"],
         [1, 2, 3, None, None, -(2**63), 7, None, None], ["PARSE", "OVERFLOW", "PARSE", "PARSE"]),
        ("integer", ["-9223372036854775809", "00000000000000000000000000005"], [None, 5], ["OVERFLOW"]),
        ("float", ["1", "+2.5", "x", "1e5", " 7 ", "nan", ".", "0x1"], [1.0, 2.5, None, 1e5, 7.0, None, None, None],
         ["PARSE", "PARSE", "PARSE"]),
        ("biginteger", ["1", "9" * 30, "1.5"], [1, int("9" * 30), None], ["PARSE"]),
        ("boolean", ["true", "No", "1", "0", "YES", "maybe"], [True, False, True, False, True, None], ["PARSE"]),
        ("string", ["007", "1.50", ""], ["007", "1.50", None], []),
        ("date", ["2024-03-01", "2024-02-30", "soon"], [us(2024, 3, 1), None, None], ["PARSE", "PARSE"]),
        ("list<integer>", ['"[1, 2]"', '"[1, ""a""]"', "7"], [[1, 2], None, None], ["PARSE", "PARSE"]),
    ],
)  # fmt: skip
def test_declared_types(read: Read, type_: str, cells: list[str], wanted: list[Any], codes: list[str]) -> None:
    result = read("k,x\n" + "".join(f"k,{cell}\n" for cell in cells), SourceColumn(name="x", type=type_))
    column = result.table.columns["x"]
    assert (str(column.type), column.to_list()) == (type_, wanted)
    assert [example.code for example in examples(column)] == codes
    assert result.notes.columns["x"].unreadable == len(codes)
    assert result.notes.inferred == ["k"]


def test_errors_quote_their_input(read: Read) -> None:
    result = read('x\n1\n"a ""b"""\n', SourceColumn(name="x", type="integer"))
    assert examples(result.table.columns["x"])[0].message == '"a ""b""" is no integer'


def test_patterns_zones_and_epochs(read: Read) -> None:
    specs = (
        SourceColumn(name="a", type="date", pattern="dd/MM/yyyy"),
        SourceColumn(name="b", type="date", pattern="epoch-s"),
        SourceColumn(name="c", type="date", pattern="epoch-ms"),
        SourceColumn(name="d", type="date"),
    )
    text = "a,b,c,d\n01/03/2024,86400,86400000.5,2024-07-01T12:00\n30/02/2024,x,,2024-07-01T12:00Z\n"
    result = read(text, *specs, timezone="Europe/Paris")
    assert values(result) == {
        "a": [us(2024, 2, 29, 23), None],
        "b": [us(1970, 1, 2), None],
        "c": [us(1970, 1, 2) + 500, None],
        "d": [us(2024, 7, 1, 10), us(2024, 7, 1, 12)],
    }
    assert examples(result.table.columns["a"])[0].message == '"30/02/2024" is no date of the form dd/MM/yyyy'


def test_names(read: Read) -> None:
    result = read("id,,id,id_2\n1,2,3,4\n")
    assert list(result.table.columns) == ["id", "Column2", "id_3", "id_2"]
    assert len(result.notes.warnings) == 2
    assert list(read("1,2\n", header=False).table.columns) == ["Column1", "Column2"]
    assert list(read('"a\nb",c\n1,2\n').table.columns) == ["a\nb", "c"]


def test_listed_renamed_only_and_needed(read: Read) -> None:
    text = "a,b,c\n1,2,3\n"
    listed = (SourceColumn(name="b", source="a"), SourceColumn(name="X", source="c", type="string"))
    assert values(read(text, *listed)) == {"b": [1], "b_2": [2], "X": ["3"]}
    assert values(read(text, *reversed(listed), only=True)) == {"X": ["3"], "b": [1]}
    assert values(read(text, *listed, needed={"X"})) == {"X": ["3"]}
    nothing = read(text, needed=set())
    assert (nothing.table.rows, values(nothing)) == (1, {})
    twice = read(text, SourceColumn(name="a"), SourceColumn(name="again", source="a", type="string"))
    assert values(twice) == {"a": [1], "again": ["1"], "b": [2], "c": [3]}
    with pytest.raises(SourceError, match=r"no column 'Lat' \(did you mean 'lat'"):
        read("lat,lon\n1,2\n", SourceColumn(name="y", source="Lat"))


def test_columns_that_are_not_needed_are_not_read(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[int]] = []
    parse = io_csv._parse

    def spy(part: Any, source: Any, fields: Any, places: list[int], *rest: Any) -> Any:
        seen.append(places)
        return parse(part, source, fields, places, *rest)

    monkeypatch.setattr(io_csv, "_parse", spy)
    read("a,b,c\n1,2,3\n", needed={"b"})
    assert seen == [[1]]


def test_null_words(read: Read) -> None:
    text = 'a,b,c\nNA,NA,""\n-,-,\nx,1,2\n'
    result = read(text, SourceColumn(name="b", nulls=("-", "NA")), nulls=["NA"])
    assert values(result) == {"a": [None, "-", "x"], "b": [None, None, 1], "c": ["", "", "2"]}


def test_types_are_told_without_the_null_words(read: Read) -> None:
    result = read("i,f,d,s\nNULL,NULL,NULL,NULL\n1,1.5,2024-03-01,x\n,,,\n", nulls=["NULL", ""])
    assert [str(type_) for type_ in result.table.types.values()] == ["integer", "float", "date", "string"]
    assert [column.to_list()[0] for column in result.table.columns.values()] == [None] * 4
    ragged = read("i,f\nNULL,NULL\n1,1.5\n2\n", nulls=["NULL", ""])
    assert values(ragged) == {"i": [None, 1, 2], "f": [None, 1.5, None]}


def test_numbers_of_other_places(read: Read) -> None:
    text = "a;b;c\n1.234.567,5;1,5;1.234\n7,0;2;12\n"
    result = read(text, delimiter=";", decimal=",", thousands=".")
    assert values(result) == {"a": [1234567.5, 7.0], "b": [1.5, 2.0], "c": [1234, 12]}
    odd = read("a\n1,23\n12,345\n", SourceColumn(name="a", type="integer"), delimiter=";", thousands=",")
    assert (values(odd), examples(odd.table.columns["a"])[0].code) == ({"a": [None, 12345]}, "PARSE")
    points = read("a\n1.5\n2,5\n", SourceColumn(name="a", type="float"), delimiter=";", decimal=",")
    assert values(points) == {"a": [None, 2.5]}


def test_bad_rows_are_told_by_line(read: Read) -> None:
    text = 'a,b,c\n1,2,3\n4,5\n"6\n6",7,8\n9,10,11,12\n13,14,15,\n'
    result = read(text)
    assert values(result) == {
        "a": ["1", "4", "6\n6", None, "13"],
        "b": [2, 5, 7, None, 14],
        "c": [3, None, 8, None, 15],
    }
    assert (result.notes.short_rows, result.notes.long_rows) == (1, 1)
    assert [str(row) for row in result.notes.bad_rows] == [
        "line 3 has 2 fields instead of 3: 4,5",
        "line 6 has 4 fields instead of 3: 9,10,11,12",
    ]
    for column in result.table.columns.values():
        assert [(e.row, e.code) for e in examples(column)] == [(3, "PARSE")]
        assert examples(column)[0].message == 'line 6 has 4 fields instead of 3: "9,10,11,12"'
    assert any("separators" in line for line in result.notes.lines())


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(read: Read, end: str) -> None:
    text = end.join(["", "a,b", "1,x", "", f'2,"y{end}z"', ""])
    assert values(read(text)) == {"a": [1, 2], "b": ["x", f"y{end}z"]}
    assert values(read(text.rstrip(end))) == {"a": [1, 2], "b": ["x", f"y{end}z"]}


def test_hostile_contents(read: Read) -> None:
    large = "x" * 5_000_000
    result = read(f"a,b\n1,{large}\n2,\0\n3,{large}\n")
    assert values(result) == {"a": [1, 2, 3], "b": [large, "\0", large]}
    ragged = read(f"a,b\n1,{large}\n2\n")  # the same through Python's reader
    assert values(ragged) == {"a": [1, 2], "b": [large, None]}
    assert csv.field_size_limit() == 131_072
    assert values(read("a,b\n")) == {"a": [], "b": []}
    assert read("a,b").table.types == {"a": NULL, "b": NULL}
    assert read("a,b\n", SourceColumn(name="a", type="date")).table.types["a"] == DATE
    assert values(read("a\n5")) == {"a": [5]}
    with pytest.raises(SourceError, match="no header: it is empty"):
        read("")
    assert read("", header=False).table.rows == 0
    with pytest.raises(SourceError, match=r'data.csv, line 3: a quote " that opens here is never closed'):
        read('a,b\n1,2\n3,"x\n4,5\n')
    assert values(read('a,b\n1,2\n3,"x\n4,5\n', quote=None))["b"] == ["2", '"x', "5"]


def test_comments_and_skip(read: Read) -> None:
    text = "written by hand\n# units\na,b\n# more\n1,#2\n#3,4\n5,6\n"
    assert values(read(text, skip=1, comment="#")) == {"a": [1, 5], "b": ["#2", "6"]}
    quoted = text + '7,"x\n#y"\n'
    assert values(read(quoted, skip=1, comment="#")) == {"a": [1, 5, 7], "b": ["#2", "6", "x\n#y"]}


def test_unusual_separators(read: Read) -> None:
    assert values(read("a§b\n1§'x§y'\n", delimiter="§", quote="'")) == {"a": [1], "b": ["x§y"]}
    assert values(read("a\tb\n1\tx\n", delimiter="\t")) == {"a": [1], "b": ["x"]}


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda data: pa.compress(data, "zstd", asbytes=True),
}


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "a\n1\n")
    return file.getvalue()


@pytest.mark.parametrize("ending", list(PACKERS))
def test_packed_files(read: Read, ending: str) -> None:
    packed = PACKERS[ending](b"a\n1\n2\n" * 1)
    assert values(read(packed, path=f"data.csv.{ending}")) == {"a": [1, 2]}
    with pytest.raises(SourceError, match="cannot be unpacked"):
        read(packed[: len(packed) // 2], path=f"data.csv.{ending}")
    with pytest.raises(SourceError, match="cannot be unpacked"):
        read("a\n1\n", path=f"data.csv.{ending}")
    with pytest.raises(SourceError, match="it is packed"):
        read(packed, path="data.csv")


def test_zip_archives(read: Read) -> None:
    assert values(read(zipped("x.csv"), path="data.zip")) == {"a": [1]}
    with pytest.raises(SourceError, match=r"2 files, and one is expected: unpack it and name one of x.csv, y.csv"):
        read(zipped("x.csv", "y.csv"), path="data.zip")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1", "cp1252", "utf-32"])
def test_encodings(read: Read, encoding: str) -> None:
    assert values(read("ä,b\né,1\n".encode(encoding), encoding=encoding)) == {"ä": ["é"], "b": [1]}


def test_what_cannot_be_decoded_is_told_by_line(read: Read) -> None:
    with pytest.raises(SourceError, match=r"data.csv, line 3: byte 0xe9 is no text in utf-8.*windows-1252"):
        read("a,b\n1,x\n2,é\n".encode("latin-1"))
    with pytest.raises(SourceError, match=r"line 2: byte 0xe9 is no text in ascii"):
        read("a\né\n".encode("latin-1"), encoding="ascii")
    with pytest.raises(SourceError, match="byte order mark of utf-16"):
        read("a\n1\n".encode("utf-16"))
    with pytest.raises(SourceError, match=r"Parquet|parquet"):
        read(b"PAR1....")


def test_files_that_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("a\n1\n")

    def at(path: str) -> SourceError:
        with pytest.raises(SourceError) as caught:
            read_source(CsvSource(type="csv", path=path), base_folder=tmp_path)
        return caught.value

    assert at("event.csv").advice == "did you mean events.csv?"
    assert at("zzz").advice == "the folder has events.csv"
    assert "does not exist either" in at("nowhere/events.csv").advice
    assert "folder, not a file" in str(at("."))
    assert "x" * 300 in str(at("x" * 300))


def test_schema_and_names_without_reading_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_text("a,b,c\n1,2.5,x\n")
    endpoint = CsvSource(type="csv", path="a.csv")
    assert source_names(endpoint, base_folder=tmp_path) == ["a", "b", "c"]
    assert look_at(endpoint, base_folder=tmp_path)[0] == {"a": INTEGER, "b": FLOAT, "c": STRING}
    listed = [SourceColumn(name=name, type="string") for name in "abc"]
    monkeypatch.setattr("sheetline.workbook.io.csv.read_fields", lambda *_: pytest.fail("the rows were read"))
    assert look_at(endpoint, base_folder=tmp_path, columns_spec=listed)[0] == dict.fromkeys("abc", STRING)


def test_endpoints_of_other_paths() -> None:
    like = CsvSource(type="csv", path="a.csv", delimiter=";", compression="none")
    other = endpoint_for_path("b.csv.gz", like)
    assert isinstance(other, CsvSource)
    assert (other.path, other.delimiter, other.compression) == ("b.csv.gz", ";", "infer")
    assert endpoint_for_path("b.parquet", like).type == "parquet"
    assert endpoint_for_path("b.csv.zip").type == "csv"
    assert getattr(endpoint_for_path("b.tsv"), "delimiter", None) == "\t"
    assert endpoint_for_path("b", like) == like.model_copy(update={"path": "b"})
    with pytest.raises(SourceError, match="cannot be told"):
        endpoint_for_path("b")


def test_renames_override_the_listed_source(tmp_path: Path) -> None:
    (tmp_path / "taxi.csv").write_text("cab_id,lat\nx,1.5\n")
    listed = [SourceColumn(name="Sensor", source="code"), SourceColumn(name="Latitude")]
    endpoint = CsvSource(type="csv", path="taxi.csv")
    renames = {"Sensor": "cab_id", "Latitude": "lat"}
    result = read_source(endpoint, base_folder=tmp_path, columns_spec=listed, renames=renames)
    assert values(result) == {"Sensor": ["x"], "Latitude": [1.5]}
    unlisted = read_source(endpoint, base_folder=tmp_path, renames={"Cab": "cab_id"})
    assert values(unlisted) == {"Cab": ["x"], "lat": [1.5]}


# Signs that quoting, line ends and numbers are made of, so that files are odd in many ways.
FIELD = st.text(st.sampled_from('ab01.-", \r\n\té\0'), max_size=6)


@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(FIELD, min_size=n, max_size=n), max_size=8)), st.data())
def test_both_readers_and_pythons_agree(rows: list[list[str]], data: st.DataObject) -> None:
    width = len(rows[0]) if rows else 1
    written = io.StringIO()
    # Python's writer leaves line ends other than its own without quotes.
    quoting, ends = data.draw(
        st.sampled_from([(csv.QUOTE_MINIMAL, "\r\n"), *((csv.QUOTE_ALL, end) for end in ("\n", "\r\n", "\r"))])
    )
    names = [f"c{place}" for place in range(width)]
    csv.writer(written, quoting=quoting, lineterminator=ends).writerows([names, *rows])
    content = written.getvalue().encode()
    source = CsvSource(type="csv", path="x", nulls=())
    wanted = set(range(width))
    fields = io_csv.read_fields(content, source, "x", lambda _: wanted)
    lines = io_csv._Lines(content, source, "x")
    slow = io_csv._tolerant(lines, source, io_csv._header(lines, source, "x"), sorted(wanted), "x")
    for place in wanted:
        column = [row[place] for row in rows]
        assert slow.columns[place].to_pylist() == column
        assert fields.columns[place].to_pylist() == column
    assert fields.rows == slow.rows == len(rows)


@given(st.lists(st.text(st.sampled_from("0123456789.-+eEnaif xX_,"), max_size=8), min_size=1, max_size=6))
def test_numbers_are_read_as_python_reads_them(cells: list[str]) -> None:
    from sheetline.workbook.io.columns import Wanted, from_text
    from sheetline.workbook.io.typed import Style

    text = pa.array(cells, pa.large_string())
    for type_, convert in ((FLOAT, float), (INTEGER, int), (BIGINTEGER, int)):
        column, _ = from_text(text, Wanted("x", 0, type_), Style(), [""], None)
        failed = {example.row for example in examples(column)}
        for row, cell in enumerate(cells):
            found = column.to_list()[row]
            if found is not None:
                assert found == (convert(cell) if convert is float else int(float(cell)) if "." in cell else int(cell))
            elif cell.strip() and row not in failed:
                assert type_ == FLOAT
                assert float(cell) != float(cell)
        for row in failed:
            with_underscore = "_" in cells[row]
            try:
                again = convert(cells[row])
            except ValueError:
                continue
            assert (
                with_underscore or abs(again) > 2**63 - 1 or again == -(2**63) or again in (float("inf"), -float("inf"))
            )
    inferred, _ = from_text(text, Wanted("x", 0), Style(), [""], None)
    assert inferred.errors is None or inferred.type == FLOAT
    if inferred.type in (INTEGER, BIGINTEGER):
        assert [str(value) for value in inferred.to_list() if value is not None] == [
            cell.strip().replace("-0", "0") if cell.strip() == "-0" else cell.strip() for cell in cells if cell.strip()
        ]


def test_lists_of_types() -> None:
    from sheetline.workbook.io.columns import type_named

    assert type_named("list<list<integer>>") == list_of(list_of(INTEGER))
