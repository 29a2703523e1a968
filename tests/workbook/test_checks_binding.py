"""Checks that are wrong: what is said, and where in the file; the keys of checks in files and in Python."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import sheetline as sl
from sheetline.formulas.diagnostics import Diagnostic
from sheetline.workbook.fmt import format_workbook
from sheetline.workbook.load import parse_workbook
from sheetline.workbook.model.checks import CHECK_KINDS
from sheetline.workbook.schema import json_schema

MARK = re.compile(r"⟪(\w+)⟫")
COLUMNS = (
    '[{"name": "n", "type": "integer"}, {"name": "x", "type": "float"}, {"name": "s", "type": "string"}, '
    '{"name": "t", "type": "date"}, {"name": "b", "type": "boolean"}, {"name": "big", "type": "bigdecimal"}]'
)
FRAME = '"only": true, "from": {"type": "csv", "path": "e.csv"}'
WRONG = f"""{{"format": "sheetline/1", "name": "W", "sheets": [
  {{"name": "E", "kind": "source", {FRAME}, "columns": {COLUMNS}, "checks": [
    {{"kind": "notNull", "column": ⟪W216⟫"nn"}},
    {{"kind": "unique", "columns": ["n", ⟪W216⟫"zz"]}},
    {{"kind": "range", "column": "n", "min": ⟪W231⟫"3"}},
    {{"kind": "range", "column": "s", "max": ⟪W231⟫3}},
    {{"kind": "range", "column": "t", "max": ⟪W231⟫"soon"}},
    {{"kind": "range", "column": "t", "min": "2024-02-01", "max": ⟪W240⟫"2024-01-01"}},
    {{"kind": "range", "column": "s", "min": "b", "max": ⟪W240⟫"a"}},
    {{"kind": "range", "column": ⟪W244⟫"b", "max": 1}},
    {{"kind": "allowed", "column": "n", "values": [1, ⟪W231⟫"2", ⟪W231⟫2.5]}},
    {{"kind": "allowed", "column": "t", "values": ["2024-01-01", ⟪W231⟫"never"]}},
    {{"kind": "relation", "column": "n", "in": ⟪W203⟫"Kk!id"}},
    {{"kind": "relation", "column": "n", "in": ⟪W216⟫"K!idd"}},
    {{"kind": "relation", "columns": ["n", "s"], "in": ["K!id", ⟪W233⟫"K!id"]}},
    {{"kind": "where", "where": "#n > #⟪F102⟫m"}},
    {{"kind": "where", "where": ⟪W243⟫"#n + 1"}},
    {{"kind": "where", "where": "#n > 1 &&⟪F019⟫"}}
  ]}},
  {{"name": "K", "kind": "source", {FRAME}, "columns": [{{"name": "id", "type": "integer"}}]}}
]}}"""


def places(text: str) -> tuple[str, list[tuple[str, int, int]]]:
    """The text without its marks, and code, line and column of what each mark stands before."""
    found: list[tuple[str, int, int]] = []
    plain, end = "", 0
    for mark in MARK.finditer(text):
        plain += text[end : mark.start()]
        end = mark.end()
        found.append((mark[1], plain.count("\n") + 1, len(plain) - plain.rfind("\n")))
    return plain + text[end:], found


def wrong(text: str) -> list[Diagnostic]:
    """What is wrong with a workbook that can be read."""
    return parse_workbook(text, path=None).check()


def test_every_mistake_is_reported_at_its_place() -> None:
    text, expected = places(WRONG)
    found = wrong(text)
    assert [(one.code, one.line, one.col) for one in found] == expected
    assert all(one.sheet == "E" for one in found)


def test_what_is_said() -> None:
    text, _ = places(WRONG)
    said = [f"{one.message}: {one.hint}" for one in wrong(text)]
    assert said[0] == "sheet 'E' has no column 'nn': did you mean 'n'?"
    assert "a check 'range' can't look at column 'b', which is boolean: it has no order" in " ".join(said)
    assert "the formula of a check must be true or false, and this one is integer" in " ".join(said)
    assert "there is no sheet 'Kk': did you mean 'K'?" in said


@pytest.mark.parametrize("formula", ["GROUPCOUNT() > 1", "GROUPBY(#n)"])
def test_a_formula_of_groups_is_refused(formula: str) -> None:
    book = sl.Workbook("W").source("E", "e.csv", columns={"n": "integer"}, only=True)
    found = book.checks("E", {"kind": "where", "where": formula}).check()
    assert [one.severity for one in found] == ["error"]
    assert "a check" in found[0].message


def test_checks_of_a_broken_sheet_tell_mistakes_of_spelling_only() -> None:
    book = sl.Workbook("W").source("E", "e.csv", columns={"n": "integer"}, only=True)
    book = book.formulas("F", of="E", columns={"a": "#missing"})
    book = book.checks("F", [{"kind": "notNull", "column": "b"}]).checks(
        "E", {"kind": "relation", "column": "n", "in": "F!a"}
    )
    assert [(one.code, one.sheet) for one in book.check()] == [("F102", "F")]


def test_columns_of_a_pivot_that_only_a_run_knows() -> None:
    book = sl.Workbook("W").source("E", "e.csv", columns={"r": "string", "c": "string", "n": "integer"}, only=True)
    book = book.pivot("P", of="E", rows=["r"], column="c", values={"sum": "GROUPSUM(#n)"})
    found = book.checks("P", {"kind": "notNull", "column": "x_sum"}).check()
    assert [one.code for one in found] == ["W216"]
    assert "'expected' of the pivot" in str(found[0].hint)
    assert not book.checks("P", {"kind": "unique", "column": "r"}).check()


ALL: list[dict[str, Any]] = [
    {"kind": "notNull", "columns": ["n", "s"], "name": "keys", "description": "Keys are there."},
    {"kind": "unique", "column": "n", "severity": "warn"},
    {"kind": "range", "column": "x", "min": 0, "max": 1.5, "inclusive": False, "allow": 0.01},
    {"kind": "allowed", "column": "s", "values": ["a", "b"], "allow": 3},
    {"kind": "relation", "column": "n", "in": "E!n"},
    {"kind": "relation", "columns": ["n", "s"], "in": ["E!n", "E!s"]},
    {"kind": "rows", "min": 1},
    {"kind": "where", "where": "#x > 0"},
]


def made() -> sl.Workbook:
    types = {"n": "integer", "x": "float", "s": "string"}
    return sl.Workbook("W").source("E", "e.csv", columns=types, only=True).checks("E", ALL)


def test_the_canonical_form_keeps_every_key() -> None:
    book = made()
    assert not book.check()
    text = format_workbook(book)
    again = parse_workbook(text, path=None)
    assert again == book
    assert format_workbook(again) == text
    written = json.loads(text)["sheets"][0]
    assert list(written)[-1] == "checks"
    assert written["checks"] == ALL


def test_every_kind_is_among_them() -> None:
    kinds = {str(model.model_json_schema()["properties"]["kind"]["const"]) for model in CHECK_KINDS}
    assert kinds == {one["kind"] for one in ALL}


def test_the_json_schema_knows_checks() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(json_schema())
    written = json.loads(format_workbook(made()))
    assert not list(validator.iter_errors(written))
    for bad in ({"kind": "rnge"}, {"kind": "rows", "allow": 1}, {"kind": "range", "column": "x", "allow": 1.5}):
        written["sheets"][0]["checks"] = [bad]
        assert list(validator.iter_errors(written)), bad


def test_adding_checks_in_python_keeps_those_that_are_there() -> None:
    book = sl.Workbook("W").source("E", type="frame").formulas("F", of="E", columns={"a": "#n"})
    more = book.checks("F", {"kind": "rows", "min": 1}).checks("F", [{"kind": "notNull", "column": "a"}])
    assert [one.kind for one in more.sheet("F").checks] == ["rows", "notNull"]
    assert not book.sheet("F").checks
    assert list(more.sheet("F").written()["columns"]) == ["a"]  # type: ignore[call-overload]


def test_adding_wrong_checks_in_python() -> None:
    book = sl.Workbook("W").source("E", type="frame")
    with pytest.raises(sl.WorkbookError, match=r"W203 there is no sheet 'G'"):
        book.checks("G", {"kind": "rows", "min": 1})
    with pytest.raises(sl.WorkbookError, match=r"sheet 'E':\n  W104 'kind' can't be 'rws': did you mean 'rows'\?"):
        book.checks("E", {"kind": "rws"})


def test_positions_of_formulas_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    path.write_text(places(WRONG)[0])
    with pytest.raises(sl.WorkbookError) as caught:
        sl.Workbook.load(path).run()
    assert {one.file for one in caught.value.diagnostics} == {str(path)}
