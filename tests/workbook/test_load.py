"""Bad workbook files and what is said about them; positions in JSON files.

The files in bad/ hold marks ⟪CODE⟫ directly before each character that a diagnostic has to point at.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetline.formulas.diagnostics import SheetlineError, WorkbookError, render
from sheetline.workbook import jsonpos
from sheetline.workbook.jsonplain import read_plain
from sheetline.workbook.jsonpos import MAX_DEPTH, MAX_PROBLEMS, read_json
from sheetline.workbook.load import load_workbook, parse_workbook
from sheetline.workbook.problems import CATALOGUE

BAD = sorted((Path(__file__).parent / "bad").glob("*.marked"))
MARK = re.compile("⟪([A-Z0-9]+)⟫")

GOOD = """{
  "format": "sheetline/1",
  "name": "Trips",
  "timezone": "Europe/Berlin",
  "parameters": {"gap": {"type": "integer", "value": 5}},
  "sheets": [
    {"name": "Events", "kind": "source", "from": {"type": "csv", "path": "e.csv"}},
    {"name": "Trips", "kind": "formulas", "of": "Events",
     "columns": {"Tag": "\\"\\u00e9\\" & #Name", "N": "COUNT()"}},
    {"name": "Both", "kind": "join", "left": "Events", "right": "Trips", "on": ["Tag"]}
  ]
}
"""


def unmark(marked: str) -> tuple[str, list[tuple[str, int, int]]]:
    """Take the marks out of a text: the plain text, and code, line and column of each mark."""
    expected, text, end = [], "", 0
    for match in MARK.finditer(marked):
        text += marked[end : match.start()]
        end = match.end()
        expected.append((match.group(1), text.count("\n") + 1, len(text) - text.rfind("\n")))
    return text + marked[end:], expected


def said(text: str) -> list[tuple[str, int | None, int | None]]:
    with pytest.raises(WorkbookError) as caught:
        parse_workbook(text)
    return [(d.code, d.line, d.col) for d in caught.value.diagnostics]


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_files(path: Path) -> None:
    text, expected = unmark(path.read_bytes().decode("utf-8"))
    assert expected, "a bad file needs a mark"
    assert sorted(said(text)) == sorted(expected)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_words_are_ours(path: Path) -> None:
    text, _ = unmark(path.read_bytes().decode("utf-8"))
    with pytest.raises(WorkbookError) as caught:
        parse_workbook(text, path="w.json")
    shown = render(caught.value.diagnostics)
    assert str(caught.value) == shown
    for foreign in ("pydantic", "http", "validation error", "Input should", "{", "tuple", "of another form"):
        assert foreign not in re.sub(r"W\d+ '.*'|\{\"except\"|\{…\}", "", shown)
    places = [(d.line, d.col) for d in caught.value.diagnostics]
    assert places == sorted(places), "in the order of the file"
    assert all(d.file == "w.json" and d.severity == "error" for d in caught.value.diagnostics)


def test_every_code_has_a_bad_file() -> None:
    covered = {code for path in BAD for code in MARK.findall(path.read_text(encoding="utf-8"))}
    # tested below, in test_model, and with the sheets, the planning and the runs that report them
    elsewhere = {"W001", "W018", "W019", "W215", "W216", "W218", "W219", *(f"W{n}" for n in range(230, 237))}
    elsewhere |= {"W243", "W244"}
    assert set(CATALOGUE) == covered | elsewhere
    assert not covered & elsewhere


def test_messages_name_the_right_one() -> None:
    def first(text: str) -> str:
        with pytest.raises(WorkbookError) as caught:
            parse_workbook(text)
        return render(caught.value.diagnostics[:1])

    head = '{"format": "sheetline/1", "name": "W", "sheets": ['
    source = '{"name": "Events", "kind": "source", "from": {"type": "frame"}},'
    assert "did you mean 'where'?" in first(head + source + '{"name":"A","kind":"filter","of":"Events","were":"1"}]}')
    assert "did you mean 'Events'?" in first(head + source + '{"name":"A","kind":"distinct","of":"Evnts"}]}')
    assert "did you mean 'filter'?" in first(head + source + '{"name":"A","kind":"fliter","of":"Events"}]}')
    assert "did you mean 'dropNulls'?" in first(
        head + source + '{"name":"A","kind":"unpivot","of":"Events","columns":["a"],"drop_nulls":true}]}'
    )
    circle = '{"name":"A","kind":"distinct","of":"C"},{"name":"B","kind":"distinct","of":"A"},'
    assert "'A' → 'C' → 'B' → 'A'" in first(head + circle + '{"name":"C","kind":"distinct","of":"B"}]}')
    twice = read_json('{"name": 1,\n"name": 2}')
    assert "first in line 1, column 2" in twice.problems[0].message
    assert "list opened in line 2, column 3" in first('{"a":\n  [1')
    assert "no-break space" in first("[\u00a01]")
    assert "update sheetline" in first('{"format": "sheetline/9", "name": "W", "sheets": []}')


def test_sheet_and_column_of_a_diagnostic() -> None:
    text = GOOD.replace('"COUNT()"', "1")
    with pytest.raises(WorkbookError) as caught:
        parse_workbook(text)
    (found,) = caught.value.diagnostics
    assert (found.sheet, found.column) == ("Trips", "N")
    assert isinstance(caught.value, SheetlineError)
    assert isinstance(caught.value, ValueError)


def test_byte_order_mark() -> None:
    assert said("\ufeff" + GOOD) == [("W018", 1, 1)]


def test_files(tmp_path: Path) -> None:
    with pytest.raises(WorkbookError, match=r"W001 .*no such file") as caught:
        load_workbook(tmp_path / "none.json")
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    bad = tmp_path / "latin.json"
    bad.write_bytes('{\r\n"name": "é"'.encode("latin-1"))
    with pytest.raises(WorkbookError) as caught:
        load_workbook(bad)
    (found,) = caught.value.diagnostics
    assert (found.code, found.line, found.col, found.file) == ("W001", 2, 10, str(bad))
    bad.write_text(GOOD, encoding="utf-16")
    with pytest.raises(WorkbookError, match="UTF-16"):
        load_workbook(bad)
    bad.write_text(GOOD, encoding="utf-8")
    book = load_workbook(bad)
    assert book.path == bad
    assert book.folder == tmp_path


def test_positions_of_a_workbook() -> None:
    book = parse_workbook(GOOD)

    def at(*path: str | int, key: bool = False) -> str:
        place = book.position(path, key=key)
        assert place is not None
        return GOOD.splitlines()[place[0] - 1][place[1] - 1 :]

    assert at("name").startswith('"Trips"')
    assert at("name", key=True).startswith('"name"')
    assert at("sheets", 1).startswith('{"name": "Trips"')
    assert at("sheets", 1, "columns", 1, "formula").startswith('"COUNT()"')
    assert at("sheets", 1, "columns", 1, "name").startswith('"N"')
    assert at("sheets", 1, "columns", "N").startswith('"COUNT()"')
    assert at("sheets", 2, "on", 0, "left").startswith('"Tag"')
    assert at("sheets", 2, "how").startswith('{"name": "Both"')
    inside = book.position_inside(("sheets", 1, "columns", 0, "formula"), '"é" & #Name'.index("#Name"))
    assert inside is not None
    assert GOOD.splitlines()[inside[0] - 1][inside[1] - 1 :].startswith("#Name")


def test_positions_survive_a_step_of_the_builder() -> None:
    book = parse_workbook(GOOD)
    longer = book.distinct("D", of="Events")
    assert longer.position(("sheets", 2)) == book.position(("sheets", 2))


# --- the reader itself

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(values, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_reads_what_json_reads(value: object, indent: int | str | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    document = read_json(text)
    assert document.problems == ()
    assert document.complete
    assert repr(document.value) == repr(json.loads(text))


@given(values)
def test_every_position_leads_to_its_value(value: object) -> None:
    text = json.dumps(value, indent=2)
    document = read_json(text)
    lines = text.split("\n")

    def check(item: object, path: tuple[str | int, ...]) -> None:
        line, col = document.positions.find(path)
        rest = "\n".join([lines[line - 1][col - 1 :], *lines[line:]])
        assert json.JSONDecoder().raw_decode(rest)[0] == item
        if isinstance(item, dict):
            for key, inner in item.items():
                line, col = document.positions.find((*path, key), key=True)
                assert json.JSONDecoder().raw_decode(lines[line - 1][col - 1 :])[0] == key
                check(inner, (*path, key))
        elif isinstance(item, list):
            for index, inner in enumerate(item):
                check(inner, (*path, index))

    check(value, ())


ANY_TEXT = st.text(alphabet="{}[]\",:\\/*#-+.0123456789eEtrufalsn'“” \n\r\tx\ufeff\x00")


@given(ANY_TEXT | st.recursive(ANY_TEXT | st.floats() | st.integers(), lambda inner: st.lists(inner)).map(json.dumps))
def test_the_quick_reader_takes_only_what_has_no_mistakes(text: str) -> None:
    quick, slow = read_plain(text), jsonpos._read(text, None)
    if quick is not None:
        assert slow.complete
        assert slow.problems == ()
        assert repr(slow.value) == repr(quick[0])


@pytest.mark.parametrize(
    "text",
    ['"\\ud800"', '{"a": 1, "a": 2}', "NaN", "1e999", "9" * 4_001, "[" * 201 + "]" * 201, "\ufeff1", "[1] x"],
)
def test_the_quick_reader_leaves_mistakes_to_the_other(text: str) -> None:
    assert read_plain(text) is None
    assert read_json(text).problems


@given(ANY_TEXT)
def test_any_text_ends_in_a_workbook_or_in_diagnostics(text: str) -> None:
    document = read_json(text)
    try:
        expected = json.loads(text)
    except ValueError:
        assert document.problems
    else:
        assert document.problems or repr(document.value) == repr(expected)
    with pytest.raises(WorkbookError):
        parse_workbook(text)


@pytest.mark.parametrize("opener", ["[", '{"a":', "[[1],", '{"a":{},"b":'])
def test_deep_files_are_refused_without_recursion(opener: str) -> None:
    document = read_json(opener * 200_000)
    assert [p.code for p in document.problems] == ["W014"]
    assert read_json("[" * MAX_DEPTH + "]" * MAX_DEPTH).problems == ()


def test_many_problems_are_cut() -> None:
    codes = said("[" + "'x', " * 1000)
    assert len(codes) == MAX_PROBLEMS + 1  # the last one says so
    assert codes[-1][0] == "W019"


def test_large_files_are_read_in_time() -> None:
    item = {"name": "S", "kind": "filter", "of": "T", "n": [1, 2.5, None, True], "text": "é" * 40}
    text = json.dumps([item] * 30_000)
    assert len(text) > 9_000_000
    begin = time.perf_counter()
    document = read_json(text)
    assert document.problems == ()
    assert document.value == json.loads(text)
    assert time.perf_counter() - begin < 30


def test_numbers_of_any_size() -> None:
    large = "9" * 3000
    assert read_json(large).value == int(large)
    assert [p.code for p in read_json("9" * 10_000).problems] == ["W013"]
    assert read_json("-0.0").value == 0.0
    assert read_json("1E400").problems[0].code == "W013"


def test_a_long_chain_of_sheets() -> None:
    chain = [{"name": "S0", "kind": "source", "from": {"type": "frame"}}]
    chain += [{"name": f"S{i}", "kind": "distinct", "of": f"S{i - 1}"} for i in range(1, 3000)]
    text = json.dumps({"format": "sheetline/1", "name": "W", "sheets": chain[::-1]})
    assert len(parse_workbook(text).sheets) == 3000
    chain[0] = {"name": "S0", "kind": "distinct", "of": "S2999"}
    text = json.dumps({"format": "sheetline/1", "name": "W", "sheets": chain})
    assert [code for code, _, _ in said(text)] == ["W204"]
