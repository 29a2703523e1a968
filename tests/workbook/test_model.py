"""The workbook model: what good files hold, the fluent builder, and the JSON Schema."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
from pydantic import ValidationError

from sheetline.formulas.diagnostics import WorkbookError
from sheetline.workbook import schema
from sheetline.workbook.fmt import format_workbook
from sheetline.workbook.load import parse_workbook
from sheetline.workbook.model.base import pattern_fault
from sheetline.workbook.model.endpoints import CsvSource, CsvTarget, infer_endpoint
from sheetline.workbook.model.workbook import Workbook
from sheetline.workbook.sheets import KINDS, RESERVED_KINDS, SHEET_KINDS
from sheetline.workbook.sheets.distinct import DistinctSheet
from sheetline.workbook.sheets.filter import FilterSheet
from sheetline.workbook.sheets.formulas import FormulasSheet
from sheetline.workbook.sheets.join import JoinSheet, split_reference
from sheetline.workbook.sheets.sample import SampleSheet
from sheetline.workbook.sheets.source import SourceSheet
from sheetline.workbook.sheets.unpivot import UnpivotSheet

EVERYTHING = """{
  "$schema": "sheetline.schema.json",
  "format": "sheetline/1",
  "name": "Everything",
  "description": "Each kind of sheet with each of its keys.",
  "timezone": "Europe/Berlin",
  "parameters": {
    "gap": {"type": "integer", "value": 1800000, "description": "ms"},
    "rate": {"type": "float", "value": 1},
    "tag": {"type": "string", "value": ""},
    "dry": {"type": "boolean", "value": false},
    "from": {"type": "date", "value": "2024-03-01T00:00:00Z"}
  },
  "errors": {"mode": "drop", "maxLogged": 10},
  "sheets": [
    {"name": "Events", "kind": "source", "description": "raw", "keep": true,
     "from": {"type": "csv", "path": "e.csv.gz", "delimiter": ";", "quote": null, "header": false,
              "encoding": "windows-1252", "decimal": ",", "thousands": ".", "nulls": ["", "NA"],
              "comment": "#", "skip": 2, "compression": "gzip"},
     "columns": [
       {"name": "T", "source": "time", "type": "date", "pattern": "yyyy-MM-dd'T'HH:mm:ss", "nulls": ["-"]},
       {"name": "L", "type": "list<list<float>>", "description": "matrix"}], "only": true},
    {"name": "Lines", "kind": "source", "from": {"type": "jsonl", "path": "l.jsonl", "encoding": "utf-8"}},
    {"name": "Big", "kind": "source", "from": {"type": "parquet", "path": "b.parquet"}},
    {"name": "Frame", "kind": "source", "from": {"type": "frame"}},
    {"name": "Copy", "kind": "formulas", "of": "Events", "columns": {"B": "#L", "A": "#B + 1"}, "copy": true},
    {"name": "Some", "kind": "formulas", "of": "Events", "columns": [{"name": "A", "formula": "1"}], "copy": ["T"]},
    {"name": "Most", "kind": "formulas", "of": "Events", "copy": {"except": ["T"]},
     "columns": [{"name": "A", "formula": "1", "type": "integer", "description": "one"}]},
    {"name": "Where", "kind": "filter", "of": "Copy", "where": "#A > $rate"},
    {"name": "Conditions", "kind": "filter", "of": "Copy", "connector": "OR", "conditions": [
       {"column": "A", "op": "between", "value": [1, 2.5]}, {"column": "A", "op": "isNull"},
       {"column": "A", "op": "==", "value": null}, {"column": "A", "op": "in", "value": ["a", null, true]}]},
    {"name": "Top", "kind": "sort", "of": "Copy", "limit": 10, "offset": 5,
     "by": [{"column": "A", "order": "desc"}, {"formula": "LEN(#B)"}]},
    {"name": "Join", "kind": "join", "left": "Copy", "right": "Frame", "how": "left", "expect": "many-to-one",
     "on": [{"left": "A", "right": "id"}], "select": [{"name": "x", "from": "[Frame]![a!]]b]"}]},
    {"name": "JoinNames", "kind": "join", "left": "Copy", "right": "Frame", "on": ["A", "B"]},
    {"name": "Cross", "kind": "join", "left": "Copy", "right": "Frame", "how": "cross"},
    {"name": "Union", "kind": "union", "of": ["Copy", "Some"], "match": "position", "distinct": true, "origin": "o"},
    {"name": "Distinct", "kind": "distinct", "of": "Union", "columns": ["A"], "keep": "last", "kept": true},
    {"name": "Pivot", "kind": "pivot", "of": "Copy", "rows": ["A"], "column": "B",
     "values": [{"name": "n", "formula": "COUNT()"}], "expected": ["x", 1, true]},
    {"name": "Unpivot", "kind": "unpivot", "of": "Copy", "keep": ["A"], "columns": ["B"], "label": "k",
     "value": "v", "dropNulls": true, "kept": true},
    {"name": "Rows", "kind": "sample", "of": "Copy", "rows": 5, "by": "A", "seed": 7},
    {"name": "Part", "kind": "sample", "of": "Copy", "fraction": 0.5, "by": ["A", "B"]}
  ],
  "outputs": [
    {"sheet": "Copy", "to": {"type": "csv", "path": "o.csv", "columns": ["A"], "dates": "dd.MM.yyyy",
                             "quoting": "all", "nulls": ["NULL"], "delimiter": "\\t"}},
    {"sheet": "Copy", "to": {"type": "jsonl", "path": "o.jsonl.zst"}},
    {"sheet": "Copy", "to": {"type": "parquet", "path": "o.parquet", "compression": "snappy", "rowGroup": 1000}},
    {"sheet": "Copy", "to": {"type": "frame"}}
  ]
}"""


def test_a_file_with_every_key() -> None:
    book = parse_workbook(EVERYTHING)
    assert [sheet.kind for sheet in book.sheets if sheet.name in ("Events", "Rows")] == ["source", "sample"]
    assert {sheet.kind for sheet in book.sheets} == set(KINDS)
    events, conditions, join = book.sheet("Events"), book.sheet("Conditions"), book.sheet("Join")
    assert isinstance(events, SourceSheet)
    assert isinstance(events.from_, CsvSource)
    assert events.kept
    assert events.from_.quote is None
    assert [column.source_name for column in events.columns] == ["time", "L"]
    assert isinstance(conditions, FilterSheet)
    assert conditions.conditions is not None
    assert conditions.conditions[3].value == ("a", None, True)
    assert isinstance(join, JoinSheet)
    assert join.inputs == ("Copy", "Frame")
    assert join.select is not None
    assert join.select[0].reference == ("Frame", "a!]b")
    names = book.sheet("JoinNames")
    assert isinstance(names, JoinSheet)
    assert [(key.left, key.right) for key in names.on] == [("A", "A"), ("B", "B")]
    rows, distinct, unpivot = book.sheet("Rows"), book.sheet("Distinct"), book.sheet("Unpivot")
    assert isinstance(rows, SampleSheet)
    assert rows.by == ("A",)
    assert isinstance(distinct, DistinctSheet)
    assert (distinct.which, distinct.kept) == ("last", True)
    assert isinstance(unpivot, UnpivotSheet)
    assert (unpivot.keep_columns, unpivot.kept, unpivot.drop_nulls) == (("A",), True, True)
    assert book.sheet("Union").inputs == ("Copy", "Some")
    assert book.sheet("Frame").inputs == ()
    assert isinstance(book.outputs[0].to, CsvTarget)
    assert book.schema_ == "sheetline.schema.json"
    assert (book.errors.mode, book.errors.max_logged) == ("drop", 10)
    assert book.parameters["rate"].value == 1
    with pytest.raises(KeyError):
        book.sheet("copy")


def test_order_of_columns_is_kept() -> None:
    copied = parse_workbook(EVERYTHING).sheet("Copy")
    assert isinstance(copied, FormulasSheet)
    assert [(c.name, c.formula) for c in copied.columns] == [("B", "#L"), ("A", "#B + 1")]


def test_models_are_frozen() -> None:
    book = parse_workbook(EVERYTHING)
    with pytest.raises(ValidationError):
        book.name = "other"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        book.sheet("Copy").name = "other"
    assert hash(book) == hash(parse_workbook(EVERYTHING))


def test_short_and_long_form_are_equal() -> None:
    short = parse_workbook(EVERYTHING)
    assert '{"B": "#L", "A": "#B + 1"}' in EVERYTHING
    long = EVERYTHING.replace(
        '{"B": "#L", "A": "#B + 1"}', '[{"name": "B", "formula": "#L"}, {"name": "A", "formula": "#B + 1"}]'
    ).replace('["A", "B"]},\n    {"name": "Cross"', '[{"left": "A", "right": "A"}, "B"]},\n    {"name": "Cross"')
    assert parse_workbook(long) == short
    assert parse_workbook(EVERYTHING.replace('"#B + 1"', '"#B + 2"')) != short


def test_kinds_are_registered_and_described() -> None:
    assert list(KINDS) == [
        "source", "formulas", "filter", "sort", "join", "union", "distinct", "pivot", "unpivot", "sample",
    ]  # fmt: skip
    assert len(SHEET_KINDS) == len(KINDS)
    assert not set(KINDS) & set(RESERVED_KINDS)
    for cls in SHEET_KINDS:
        assert all(info.description for info in cls.model_fields.values()), cls


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("A!b", ("A", "b")),
        ("#A!b", ("A", "b")),
        ("My sheet!a b", ("My sheet", "a b")),
        ("[A]!b", ("A", "b")),
        ("A![x]]y]", ("A", "x]y")),
        ("[a!b]![c!d]", ("a!b", "c!d")),
        ("A", None),
        ("!b", None),
        ("A!", None),
        ("a!b!c", None),
        ("[A!b", None),
    ],
)
def test_references(text: str, parts: tuple[str, str] | None) -> None:
    assert split_reference(text) == parts


def test_patterns() -> None:
    for good in ("yyyy-MM-dd HH:mm:ss", "epoch-s", "epoch-ms", "dd.MM.yy 'um' HH 'Uhr'", "EEE, d MMM yyyy", "''yy"):
        assert pattern_fault(good) is None, good
    for bad in ("", "jjjj", "yyyy 'x", "--", "'text'", "epoch"):
        assert pattern_fault(bad) is not None, bad


# --- the builder


def built() -> Workbook:
    return (
        Workbook(
            "Everything",
            description="x",
            timezone="Asia/Tokyo",
            errors="fail",
            parameters={
                "gap": 5, "rate": 0.5, "tag": "a", "dry": True,
                "day": datetime(2024, 3, 1, tzinfo=UTC), "note": {"type": "string", "value": "", "description": "d"},
            },
        )
        .source("Events", "data/e.tsv.gz", columns={"a": "integer"}, encoding="latin-1", description="raw")
        .source("Other", Path("o.parquet"))
        .source("Lines", "x/lines.ndjson", keep=True)
        .source("Frame", columns=[{"name": "T", "type": "date", "pattern": "epoch-ms"}], only=True)
        .filter("Clean", of="Events", where="#a > 0")
        .filter("Two", of="Events", conditions=({"column": "a", "op": "in", "value": (1, 2)},), connector="OR")
        .formulas("F", of="Clean", columns={"x": "GROUPBY(#a)", "n": "COUNT()"})
        .formulas("G", of="Clean", columns=[{"name": "x", "formula": "#a"}], copy={"except": ["b"]})
        .sort("S", of="F", by=["x", {"column": "n", "order": "desc"}], limit=3, offset=1)
        .join("J", left="F", right="G", on="x", select={"x": "F!x", "b": "G!b"}, how="left", expect="one-to-many")
        .union("U", of=("F", "G"), distinct=True, origin="from")
        .distinct("D", of="U", columns=["x"], keep="last", kept=True)
        .pivot("P", of="U", rows=["x"], column="y", values={"n": "COUNT()"}, expected=["a", "b"])
        .unpivot("V", of="U", columns=["n"], keep=["x"], label="k", value="v", drop_nulls=True)
        .sample("R", of="U", fraction=0.1, by="x", seed=3)
        .output("F", "out/f.csv", delimiter=";")
        .output("G", "out/g.parquet", row_group=500)
        .output("J", type="frame")
    )  # fmt: skip


def test_builder_and_file_are_the_same_model() -> None:
    book = built()
    again = parse_workbook(format_workbook(book))
    assert again == book
    assert type(again) is type(book) is Workbook
    assert [sheet.kind for sheet in book.sheets][4:] == [
        "filter", "filter", "formulas", "formulas", "sort", "join", "union", "distinct", "pivot", "unpivot", "sample",
    ]  # fmt: skip
    assert book.parameters["day"].value == "2024-03-01T00:00:00+00:00"
    events = book.sheet("Events")
    assert isinstance(events, SourceSheet)
    assert isinstance(events.from_, CsvSource)
    assert (events.from_.delimiter, events.from_.encoding) == ("\t", "latin-1")
    assert book.position(("name",)) is None
    assert book.path is None
    assert book.folder == Path()


def test_each_step_gives_a_new_workbook() -> None:
    start = Workbook("W")
    longer = start.source("S", "s.csv")
    assert (len(start.sheets), len(longer.sheets)) == (0, 1)
    left, right = longer.distinct("A", of="S"), longer.distinct("B", of="S")
    assert [sheet.name for sheet in left.sheets] == ["S", "A"]
    assert [sheet.name for sheet in right.sheets] == ["S", "B"]


def test_builder_reports_all_mistakes_of_a_step() -> None:
    book = Workbook("W").source("S", "s.csv")
    with pytest.raises(WorkbookError) as caught:
        book.sample("S", of="X", rows=1, fraction=2.0)
    assert sorted(d.code for d in caught.value.diagnostics) == ["W107", "W201", "W203"]
    assert all(d.line is None for d in caught.value.diagnostics)
    assert caught.value.diagnostics[0].sheet == "S"
    for code, step in {
        "W215": lambda: book.source("T", "data"),
        "W101": lambda: book.source("T", "t.csv", delimitr=";"),
        "W203": lambda: book.output("X", "x.csv"),
        "W211": lambda: book.output("S", "s.csv"),
        "W210": lambda: book.output("S", "o.csv").output("S", "o.csv"),
        "W103": lambda: book.formulas("F", of="S", columns={"a": 1}),  # type: ignore[dict-item]
        "W106": lambda: book.filter("F", of="S", where=" "),
        "W110": lambda: Workbook("W", timezone="Mars/Base"),
        "W104": lambda: Workbook("W", errors="ignore"),
        "W107": lambda: Workbook("W", parameters={"x": float("nan")}),
    }.items():
        with pytest.raises(WorkbookError) as caught:
            step()
        assert [d.code for d in caught.value.diagnostics] == [code]


def test_a_type_that_differs_from_the_ending() -> None:
    sheet = Workbook("W").source("S", "s.txt", type="jsonl").sheet("S")
    assert isinstance(sheet, SourceSheet)
    assert sheet.from_.type == "jsonl"


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("a.csv", {"type": "csv"}),
        ("A.CSV.GZ", {"type": "csv"}),
        ("a.tsv", {"type": "csv", "delimiter": "\t"}),
        ("s3://b/x.jsonl.zst", {"type": "jsonl"}),
        ("a.parquet", {"type": "parquet"}),
        ("a.xlsx", None),
        ("csv", None),
    ],
)
def test_endings(path: str, keys: dict[str, str] | None) -> None:
    assert infer_endpoint(path) == keys


# --- files


def test_save_and_load(tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    book = built()
    book.save(path)
    assert Workbook.load(path) == book
    assert [p.name for p in tmp_path.iterdir()] == ["w.json"]
    assert b"\r" not in path.read_bytes()
    path.chmod(0o640)
    Workbook("Other").save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert Workbook.load(path).name == "Other"


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "w.json"
    Workbook("Old").save(path)

    def refuse(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="disk full"):
        Workbook("New").save(path)
    assert Workbook.load(path).name == "Old"
    assert [p.name for p in tmp_path.iterdir()] == ["w.json"]


# --- the schema


def test_shipped_schema_is_up_to_date() -> None:
    assert schema.shipped_schema() == schema.schema_text(), "run: python -m sheetline schema > workbook/schema.json"


def test_schema_accepts_good_workbooks(tmp_path: Path) -> None:
    schema.write_schema(tmp_path / "s.json")
    shipped = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(shipped)
    validator = jsonschema.Draft202012Validator(shipped)
    assert validator.is_valid(json.loads(EVERYTHING))
    assert validator.is_valid(json.loads(format_workbook(parse_workbook(EVERYTHING))))
    assert validator.is_valid(json.loads(format_workbook(built())))
    for good, bad in [
        ('"sheetline/1"', '"sheetline/2"'),
        ('"kind": "sort"', '"kind": "sorted"'),
        ('"limit": 10', '"limit": "10"'),
        ('"limit": 10', '"limits": 10'),
        ('"op": "isNull"', '"op": "isNul"'),
        ('"fraction": 0.5', '"fraction": 1.5'),
        ('"delimiter": ";"', '"delimiter": ";;"'),
        ('"list<list<float>>"', '"list<text>"'),
        ('"copy": true', '"copy": 1'),
        ('"name": "Everything",', ""),
    ]:
        assert good in EVERYTHING
        assert not validator.is_valid(json.loads(EVERYTHING.replace(good, bad, 1))), bad


def test_schema_describes_every_key() -> None:
    made = schema.json_schema()
    for name, part in {"": made, **made["$defs"]}.items():
        for key, info in part.get("properties", {}).items():
            assert info.get("description"), (name, key)
