"""The canonical form of workbook files: meaning kept, stable, and good to read."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sheetline.workbook.fmt import WIDTH, format_workbook
from sheetline.workbook.load import parse_workbook

SMALL = """{"format": "sheetline/1", "name": "W", "timezone": "UTC", "parameters": {}, "errors": {"mode": "keep"},
"sheets": [{"kind": "source", "name": "S", "keep": false, "from": {"path": "é.csv", "type": "csv", "header": true}},
{"name": "F", "kind": "formulas", "of": "S", "columns": {"b": "= 1+ 1", "a": "#b"}, "copy": false},
{"name": "G", "kind": "formulas", "of": "S", "columns": [{"name": "b", "formula": "1"}]},
{"name": "C", "kind": "filter", "of": "F", "connector": "AND",
 "conditions": [{"value": null, "op": "==", "column": "b"}]},
{"name": "J", "kind": "join", "left": "F", "right": "C", "how": "inner", "on": [{"left": "a", "right": "a"}]}],
"outputs": [{"to": {"type": "parquet", "path": "o.parquet", "compression": "zstd"}, "sheet": "J"}]}"""

CANONICAL = """{
  "format": "sheetline/1",
  "name": "W",
  "sheets": [
    {"name": "S", "kind": "source", "from": {"type": "csv", "path": "é.csv"}},
    {
      "name": "F",
      "kind": "formulas",
      "of": "S",
      "columns": {
        "b": "= 1+ 1",
        "a": "#b"
      }
    },
    {"name": "G", "kind": "formulas", "of": "S", "columns": [{"name": "b", "formula": "1"}]},
    {
      "name": "C",
      "kind": "filter",
      "of": "F",
      "conditions": [{"column": "b", "op": "==", "value": null}]
    },
    {"name": "J", "kind": "join", "left": "F", "right": "C", "on": ["a"]}
  ],
  "outputs": [
    {"sheet": "J", "to": {"type": "parquet", "path": "o.parquet"}}
  ]
}
"""


def test_canonical_form() -> None:
    assert format_workbook(parse_workbook(SMALL)) == CANONICAL
    assert format_workbook(parse_workbook(CANONICAL)) == CANONICAL


def test_canonical_formulas() -> None:
    text = SMALL.replace('"conditions"', '"description": "where: 1", "conditions"').replace(
        '{"name": "J"', '{"name": "W", "kind": "filter", "of": "F", "where": "1==1"},\n{"name": "J"'
    )
    seen: list[str] = []

    def canonical(formula: str) -> str:
        seen.append(formula)
        return formula.replace(" ", "").removeprefix("=")

    made = format_workbook(parse_workbook(text), canonical_formulas=canonical)
    assert seen == ["= 1+ 1", "#b", "1", "1==1"]
    assert '"b": "1+1"' in made
    assert "where: 1" in made


def test_mapping_form_needs_plain_columns() -> None:
    long = SMALL.replace('"b": "= 1+ 1", "a": "#b"}', '"columns": "1", "formula": "2"}')
    book = parse_workbook(long.replace('[{"left": "a", "right": "a"}]', '["columns"]'))
    made = format_workbook(book, canonical_formulas=lambda formula: f"({formula})")
    assert '"columns": "(1)",\n        "formula": "(2)"' in made


# --- any workbook comes back as it was

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(lambda s: s.strip())
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
formulas = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=120).filter(lambda s: s.strip())
unique_names = st.lists(names, min_size=1, max_size=4, unique=True)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
types = st.sampled_from(["integer", "float", "string", "list<date>"])


def record(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


def columns() -> st.SearchStrategy[Any]:
    def long(keys: list[str]) -> st.SearchStrategy[Any]:
        extra = {"description": texts, "type": types}
        return st.tuples(*(record({"name": st.just(key), "formula": formulas}, extra) for key in keys)).map(list)

    return st.dictionaries(names, formulas, min_size=1, max_size=4) | unique_names.flatmap(long)


conditions = st.one_of(
    record({"column": names, "op": st.sampled_from(["==", "!="]), "value": scalars}, {}),
    record({"column": names, "op": st.sampled_from(["in", "notIn"]), "value": st.lists(scalars, max_size=5)}, {}),
    record({"column": names, "op": st.just("between"), "value": st.just([1, 2.5])}, {}),
    record({"column": names, "op": st.sampled_from(["isNull", "isBlank"])}, {}),
)
EXCEPT = record({"except": unique_names}, {})
KEYS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "formulas": ({"columns": columns()}, {"copy": st.booleans() | unique_names | EXCEPT}),
    "filter": ({"where": formulas}, {}),
    "sort": (
        {
            "by": st.lists(
                record({"column": names}, {"order": st.sampled_from(["asc", "desc"])})
                | record({"formula": formulas}, {}),
                min_size=1,
                max_size=3,
            )
        },
        {"limit": st.integers(0, 9), "offset": st.integers(0, 9)},
    ),
    "distinct": ({}, {"columns": unique_names, "keep": st.sampled_from(["first", "last"]), "kept": st.booleans()}),
    "pivot": (
        {
            "rows": st.just(["r"]),
            "column": st.just("c"),
            "values": st.just([{"name": "n", "formula": "COUNT()"}]),
        },
        {"expected": st.lists(scalars, min_size=1, max_size=4, unique_by=repr)},
    ),
    "unpivot": ({"columns": st.just(["a", "b"])}, {"keep": st.just(["c"]), "dropNulls": st.booleans()}),
    "sample": ({"rows": st.integers(0, 9)}, {"by": names | unique_names, "seed": st.integers()}),
}
SOURCES = st.one_of(
    st.just({"type": "frame"}),
    record({"type": st.just("parquet"), "path": names}, {}),
    record({"type": st.just("csv"), "path": names}, {"delimiter": st.sampled_from(";|\t"), "nulls": st.lists(texts)}),
)


@st.composite
def workbooks(draw: st.DrawFn) -> dict[str, Any]:
    sheet_names = draw(st.lists(names, min_size=1, max_size=6, unique=True))
    sheets: list[dict[str, Any]] = [{"name": sheet_names[0], "kind": "source", "from": draw(SOURCES)}]
    for index, name in enumerate(sheet_names[1:], start=1):
        earlier = st.sampled_from(sheet_names[:index])
        kind = draw(st.sampled_from([*KEYS, "union", "conditions", "join"]))
        sheet: dict[str, Any] = {"name": name}
        if draw(st.booleans()):
            sheet["description"] = draw(texts)
        if kind == "union":
            sheet |= {"kind": kind, "of": draw(st.lists(earlier, min_size=1, max_size=3)), "keep": draw(st.booleans())}
        elif kind == "conditions":
            found = draw(st.lists(conditions, min_size=1, max_size=3))
            sheet |= {"kind": "filter", "of": draw(earlier), "conditions": found}
        elif kind == "join" and index > 1:
            sides = draw(st.lists(earlier, min_size=2, max_size=2, unique=True))
            keys = st.lists(names | record({"left": formulas, "right": formulas}, {}), min_size=1, max_size=3)
            sheet |= {"kind": "join", "left": sides[0], "right": sides[1], "on": draw(keys)}
        else:
            kind = "distinct" if kind == "join" else kind
            required, optional = KEYS[kind]
            sheet |= {"kind": kind, "of": draw(earlier), **draw(record(required, optional))}
        sheets.append(sheet)
    book: dict[str, Any] = {"format": "sheetline/1", "name": draw(names), "sheets": draw(st.permutations(sheets))}
    if draw(st.booleans()):
        book["parameters"] = {"p": {"type": "float", "value": draw(st.integers(-9, 9) | st.just(2.5))}}
        book["errors"] = {"mode": draw(st.sampled_from(["keep", "drop"])), "maxLogged": draw(st.integers(0, 2000))}
        book["outputs"] = [{"sheet": sheet_names[0], "to": {"type": "csv", "path": "some/out.csv"}}]
    return book


@settings(max_examples=150, deadline=None)
@given(workbooks())
def test_round_trip(raw: dict[str, Any]) -> None:
    book = parse_workbook(json.dumps(raw))
    made = format_workbook(book)
    again = parse_workbook(made)
    assert again == book
    assert format_workbook(again) == made
    # What is plain JSON on one line is never too long for it; long texts alone may be.
    for line in made.split("\n"):
        assert len(line) <= WIDTH or not any(f"{a}{b}" in line for a in '}]"' for b in (", {", ", ["))


@settings(max_examples=100, deadline=None)
@given(workbooks())
def test_meaning_survives_word_for_word(raw: dict[str, Any]) -> None:
    made = json.loads(format_workbook(parse_workbook(json.dumps(raw))))
    assert [sheet["name"] for sheet in made["sheets"]] == [sheet["name"] for sheet in raw["sheets"]]
    for given_sheet, sheet in zip(raw["sheets"], made["sheets"], strict=True):
        assert set(sheet) <= set(given_sheet)
        for key in ("where", "columns", "conditions", "expected", "of", "limit", "rows"):
            if key in given_sheet:
                assert json.dumps(sheet[key], sort_keys=True) == json.dumps(given_sheet[key], sort_keys=True)
        if sheet["kind"] == "formulas":
            assert list(sheet["columns"]) == list(given_sheet["columns"])
