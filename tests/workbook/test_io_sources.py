"""JSON lines, Parquet and frames in: types, projection, refusals."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet as pq

from sheetline.functions.types import BIGDECIMAL, BIGINTEGER, BOOLEAN, DATE, FLOAT, INTEGER, STRING, list_of
from sheetline.workbook.io import ReadResult, SourceError, examples, jsonl, look_at, read_source, source_names
from sheetline.workbook.io.typed import Style
from sheetline.workbook.model.endpoints import FrameSource, JsonlSource, ParquetSource
from sheetline.workbook.sheets.source import SourceColumn


def values(result: ReadResult) -> dict[str, list[Any]]:
    return {name: column.to_list() for name, column in result.table.columns.items()}


def read_jsonl(folder: Path, text: str | bytes, *specs: SourceColumn, **options: Any) -> ReadResult:
    (folder / "a.jsonl").write_bytes(text.encode() if isinstance(text, str) else text)
    return read_source(JsonlSource(type="jsonl", path="a.jsonl"), base_folder=folder, columns_spec=specs, **options)


def test_json_lines(tmp_path: Path) -> None:
    result = read_jsonl(
        tmp_path,
        '{"b": 1, "t": "2024-03-01T12:00:00Z", "s": "007", "f": 1, "o": {"x": [1]}, "l": [1, null]}\n\n'
        '{"b": 99999999999999999999, "f": 2.5, "n": null, "s": "x", "t": null, "y": true}\r\n',
    )
    noon = int(dt.datetime(2024, 3, 1, 12, tzinfo=dt.UTC).timestamp()) * 1_000_000
    assert values(result) == {
        "b": [1, 99999999999999999999],
        "t": [noon, None],
        "s": ["007", "x"],
        "f": [1.0, 2.5],
        "o": ['{"x": [1]}', None],
        "l": [[1, None], None],
        "n": [None, None],
        "y": [None, True],
    }
    types = [BIGINTEGER, DATE, STRING, FLOAT, STRING, list_of(INTEGER)]
    assert list(result.table.types.values())[:6] == types
    assert result.notes.columns["o"].remarks == ["nested values became JSON text"]


def test_mixed_values_become_text(tmp_path: Path) -> None:
    result = read_jsonl(tmp_path, '{"a": 1}\n{"a": "x"}\n{"a": [true]}\n')
    assert values(result) == {"a": ["1", "x", "[true]"]}
    assert result.notes.columns["a"].remarks == ["it mixes lists and numbers and text: all became text"]
    declared = read_jsonl(tmp_path, '{"a": 1}\n{"a": "x"}\n{"a": 2.0}\n', SourceColumn(name="a", type="integer"))
    assert values(declared) == {"a": [1, None, 2]}
    assert [(e.row, e.code, e.message) for e in examples(declared.table.columns["a"])] == [
        (1, "PARSE", '"x" is no integer')
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1}\n{"a": \n', "line 2: the line is no JSON object"),
        ('{"a": 1}\n[1]\n', "line 2: the line is no JSON object (it is a list, not an object)"),
        ('{"a": 1, "a": 2}\n', "line 1: the line is no JSON object (the key 'a' stands twice in one object)"),
        ('{"a": 1} {"a": 2}\n', "line 1: the line is no JSON object (Extra data"),
        ('[\n{"a": 1}]\n', "line 1: it is one JSON document, not JSON lines"),
        ('{"a": 1}\n\xe9\n', "line 2: byte 0xe9 is no text in utf-8"),
        ("[" * 100_000, "nested too deep"),
        ('{"a": ' + "[" * 100_000, "nested too deep"),
    ],
)
def test_lines_that_are_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(SourceError) as caught:
        read_jsonl(tmp_path, text.encode("latin-1"))
    assert why in str(caught.value)


def test_no_lines(tmp_path: Path) -> None:
    assert read_jsonl(tmp_path, "").table.rows == 0
    with pytest.raises(SourceError, match="no column 'a'"):
        read_jsonl(tmp_path, "", SourceColumn(name="a"))


def test_json_numbers_beyond_floats_are_errors(tmp_path: Path) -> None:
    result = read_jsonl(tmp_path, '{"a": 1e400}\n{"a": NaN}\n{"a": 0.5}\n')
    assert values(result) == {"a": [None, None, 0.5]}
    assert (result.notes.columns["a"].infinities, result.notes.columns["a"].nan) == (1, 1)


JSON = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), JSON, max_size=3), max_size=6), st.booleans())
def test_both_json_readers_agree(objects: list[dict[str, Any]], plain: bool) -> None:
    import json

    rows = [{k: v for k, v in one.items() if not plain or isinstance(v, int | type(None))} for one in objects]
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    lines = jsonl.Lines(data, "x")
    names, slow = jsonl.read_objects(data, "x")
    assert (lines.names, lines.rows, slow) == (names, len(rows), rows)
    for name in names:
        fast, _ = lines.column(name, Style(), declared=False)
        wanted, _ = jsonl.column_of([row.get(name) for row in rows], Style(), declared=False)
        assert (fast.type, fast.to_list()) == (wanted.type, wanted.to_list())


# ---------------------------------------------------------------- Parquet


def test_parquet(tmp_path: Path) -> None:
    table = pa.table(
        {
            "i": pa.array([1, None], pa.int32()),
            "f": pa.array([1.5, float("nan")]),
            "t": pa.array([dt.datetime(2024, 3, 1), None], pa.timestamp("ns")),
            "z": pa.array([dt.datetime(2024, 3, 1), None], pa.timestamp("ms", tz="Europe/Paris")),
            "s": ["x", None],
            "d": pa.array(["u", "u"]).dictionary_encode(),
            "x": pa.array([Decimal("1.5"), None]),
            "l": [[1, 2], None],
            "o": [{"k": 1}, None],
            "a.b": [1, 2],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    endpoint = ParquetSource(type="parquet", path="a.parquet")
    result = read_source(endpoint, base_folder=tmp_path)
    march = int(dt.datetime(2024, 3, 1, tzinfo=dt.UTC).timestamp()) * 1_000_000
    assert values(result) == {
        "i": [1, None],
        "f": [1.5, None],
        "t": [march, None],
        "z": [march, None],
        "s": ["x", None],
        "d": ["u", "u"],
        "x": [Decimal("1.5"), None],
        "l": [[1, 2], None],
        "o": ['{"k": 1}', None],
        "a.b": [1, 2],
    }
    types = look_at(endpoint, base_folder=tmp_path)[0]
    assert types == result.table.types
    assert list(types.values()) == [
        INTEGER, FLOAT, DATE, DATE, STRING, STRING, BIGDECIMAL, list_of(INTEGER), STRING, INTEGER
    ]  # fmt: skip
    assert result.notes.columns["f"].nan == 1
    part = read_source(endpoint, base_folder=tmp_path, needed={"a.b", "s"})
    assert values(part) == {"s": ["x", None], "a.b": [1, 2]}
    assert read_source(endpoint, base_folder=tmp_path, needed=set()).table.rows == 2


def test_parquet_reads_only_what_is_needed(tmp_path: Path) -> None:
    """The bytes of another column are broken: nobody notices as long as it is not needed."""
    table = pa.table({"a": list(range(10_000)), "b": [f"word {n}" for n in range(10_000)]})
    pq.write_table(table, tmp_path / "a.parquet", compression="zstd", use_dictionary=False)
    chunk = pq.ParquetFile(tmp_path / "a.parquet").metadata.row_group(0).column(1)
    raw = bytearray((tmp_path / "a.parquet").read_bytes())
    raw[chunk.data_page_offset : chunk.data_page_offset + chunk.total_compressed_size] = (
        b"\xff" * chunk.total_compressed_size
    )
    (tmp_path / "a.parquet").write_bytes(raw)
    endpoint = ParquetSource(type="parquet", path="a.parquet")
    assert read_source(endpoint, base_folder=tmp_path, needed={"a"}).table.columns["a"].to_list() == list(range(10_000))
    with pytest.raises(SourceError, match="cannot be read as Parquet"):
        read_source(endpoint, base_folder=tmp_path)


def test_parquet_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"a,b\n1,2\n")
    with pytest.raises(SourceError, match="cannot be read as Parquet"):
        read_source(ParquetSource(type="parquet", path="a.parquet"), base_folder=tmp_path)
    with pytest.raises(SourceError, match=r"did you mean a.parquet\?"):
        read_source(ParquetSource(type="parquet", path="b.parquet"), base_folder=tmp_path)


# ---------------------------------------------------------------- frames


def test_frames() -> None:
    endpoint = FrameSource(type="frame")
    frame = pd.DataFrame({"a": [1, 2], "b": ["1.5", "x"], "t": [0, 86_400], "u": ["k", "k"]})
    specs = (
        SourceColumn(name="B", source="b", type="float"),
        SourceColumn(name="t", type="date", pattern="epoch-s"),
    )
    result = read_source(endpoint, frame=frame, columns_spec=specs)
    assert values(result) == {"a": [1, 2], "B": [1.5, None], "t": [0, 86_400_000_000], "u": ["k", "k"]}
    assert result.notes.columns["B"].unreadable == 1
    assert source_names(endpoint, frame=frame) == ["a", "b", "t", "u"]
    assert look_at(endpoint, frame=pa.table({"a": [True]}))[0] == {"a": BOOLEAN}
    with pytest.raises(SourceError, match="no frame was given"):
        read_source(endpoint)
    with pytest.raises(SourceError, match="list is no frame"):
        read_source(endpoint, frame=[1])
    with pytest.raises(SourceError, match=r"declared a date, and the file has numbers.*epoch-ms"):
        read_source(endpoint, frame=frame, columns_spec=(SourceColumn(name="t", type="date"),))


@pytest.mark.parametrize(
    ("cells", "type_", "wanted", "codes"),
    [
        ([1.0, 2.5, None, 1e30], "integer", [1, None, None, None], ["PARSE", "PARSE"]),
        ([1, 2], "float", [1.0, 2.0], []),
        ([1, 2], "string", ["1", "2"], []),
        ([True, False], "string", ["true", "false"], []),
        ([1, 0, 7], "boolean", [True, False, None], ["PARSE"]),
        ([dt.datetime(2024, 3, 1, 12)], "string", ["2024-03-01T12:00:00"], []),
        ([1, 2], "biginteger", [1, 2], []),
        (["5", "x"], "bigdecimal", [Decimal(5), None], ["PARSE"]),
    ],
)
def test_declared_types_of_typed_columns(cells: list[Any], type_: str, wanted: list[Any], codes: list[str]) -> None:
    frame = pd.DataFrame({"x": cells})
    result = read_source(FrameSource(type="frame"), frame=frame, columns_spec=(SourceColumn(name="x", type=type_),))
    column = result.table.columns["x"]
    assert (str(column.type), column.to_list()) == (type_, wanted)
    assert [example.code for example in examples(column)] == codes


@pytest.mark.parametrize(("pattern", "factor"), [("epoch-s", 1_000_000), ("epoch-ms", 1_000)])
def test_epochs_of_numbers(pattern: str, factor: int) -> None:
    frame = pd.DataFrame({"i": pd.array([5, None, -(2**62)], "Int64"), "f": [0.5, None, 1e300]})
    specs = tuple(SourceColumn(name=name, type="date", pattern=pattern) for name in "if")
    result = read_source(FrameSource(type="frame"), frame=frame, columns_spec=specs)
    assert values(result) == {"i": [5 * factor, None, None], "f": [factor // 2, None, None]}
    for column in result.table.columns.values():
        assert [(example.row, example.code) for example in examples(column)] == [(2, "RANGE")]


def test_importing_the_package_imports_no_pandas() -> None:
    code = "import sys, sheetline.workbook.io; sys.exit('pandas' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
