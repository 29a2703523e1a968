"""Mistakes of spelling: each has its code at its exact place, in words that help; and how they are shown."""

import json
import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetline.formulas.ast import Node, Span
from sheetline.formulas.diagnostics import (
    BINDING,
    CATALOGUE,
    SYNTAX,
    Diagnostic,
    FormulaError,
    SheetlineError,
    WorkbookError,
    fields,
    make,
    render,
)
from sheetline.formulas.parser import parse
from sheetline.formulas.suggest import closest, distance


def mistakes(text: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(FormulaError) as caught:
        parse(text)
    return caught.value.diagnostics


BAD: list[tuple[str, list[tuple[str, int, int]]]] = [
    ("", [("F020", 0, 0)]),
    ("  ", [("F020", 2, 2)]),
    ("=", [("F020", 1, 1)]),
    ("ABS(#a", [("F006", 6, 6)]),
    ("ABS(#a;(1+2)", [("F006", 12, 12)]),
    ("ABS(#a))", [("F007", 7, 8)]),
    ("ABS(#a]", [("F008", 6, 7)]),
    ("[1;2)", [("F008", 4, 5)]),
    ("IF(#a,#b,#c)", [("F002", 5, 6), ("F002", 8, 9)]),
    ("ROUND(3,14;2)", [("F003", 7, 8)]),
    ("ROUND(3,14)", [("F002", 7, 8)]),
    ("#a, #b", [("F002", 2, 3)]),
    ("“hi”", [("F004", 0, 4)]),
    ("CONCAT('a';'b')", [("F004", 7, 10), ("F004", 11, 14)]),
    ("#a ≤ 3", [("F005", 3, 4)]),
    ("#a × #b", [("F005", 3, 4)]),
    ('"abc', [("F009", 0, 4)]),
    ('CONCAT("a;"b")', [("F009", 12, 14)]),
    ("#[abc", [("F010", 0, 5)]),
    ("#S![abc", [("F010", 3, 7)]),
    ("1 /* x", [("F011", 2, 6)]),
    ('"a\\d"', [("F012", 2, 4)]),
    ('MATCH(#a;"\\d+\\w")', [("F012", 10, 12), ("F012", 13, 15)]),
    ('"\\ud800"', [("F012", 1, 7)]),
    ("#a > 1 & #b < 2", [("F013", 7, 8)]),
    ("IF(#a == 1 & #b == 2;1;2)", [("F013", 11, 12)]),
    ("#a | #b", [("F014", 3, 4)]),
    ("#a => 1", [("F015", 3, 5)]),
    ("#a =< 1", [("F015", 3, 5)]),
    ("#a >< 1", [("F015", 3, 5)]),
    ("#a === 1", [("F015", 3, 6)]),
    ("2 ** 3", [("F015", 2, 4)]),
    ("#a AND #b", [("F016", 3, 6)]),
    ("NOT #a", [("F016", 0, 3)]),
    ("#a and #b or #c", [("F016", 3, 6)]),
    ("Trip length", [("F018", 0, 11)]),
    ("#Trip length", [("F018", 0, 12)]),
    ("#Trip length (km) + 1", [("F018", 0, 17)]),
    ("SUM(Trip length;2)", [("F018", 4, 15)]),
    ("#Speed (mph)", [("F018", 0, 12)]),
    ("1 2", [("F017", 2, 3)]),
    ("#a #b", [("F017", 3, 5)]),
    ("2(3)", [("F017", 1, 2)]),
    ('"a" "b"', [("F017", 4, 7)]),
    ('"a" #b', [("F017", 4, 6)]),
    ("1 +", [("F019", 3, 3)]),
    ("* 2", [("F019", 0, 1)]),
    ("1 + * 2", [("F019", 2, 3)]),
    ("ABS(1+)", [("F019", 5, 6)]),
    ("ABS(;1)", [("F025", 4, 5)]),
    ("IF(1;;2)", [("F025", 5, 6)]),
    ("ABS(1;)", [("F025", 5, 6)]),
    ("#a;#b", [("F026", 2, 3)]),
    ("(1;2)", [("F026", 2, 3)]),
    ("1;", [("F026", 1, 2)]),
    ("()", [("F029", 0, 2)]),
    ("1+()", [("F029", 2, 4)]),
    ("#", [("F027", 0, 1)]),
    ("# a", [("F027", 0, 1)]),
    ("$", [("F027", 0, 1)]),
    ("#[]", [("F027", 0, 3)]),
    ("#a![]", [("F027", 0, 5)]),
    ("Sheet!Col", [("F028", 0, 9)]),
    ("#Sheet!#Col", [("F028", 0, 11)]),
    ("#a!", [("F028", 0, 3)]),
    ("Sheet![c d]", [("F028", 0, 6)]),
    ("#ROUND(#a;2)", [("F030", 0, 6)]),
    ("#ROUND(#a)", [("F030", 0, 6)]),
    ("1e400", [("F023", 0, 5)]),
    ("1.2.3", [("F023", 0, 5)]),
    ("12abc", [("F024", 0, 5)]),
    ("5min", [("F024", 0, 4)]),
    ("1.5h", [("F024", 0, 4)]),
    ("5H", [("F024", 0, 2)]),
    ("1_000", [("F023", 0, 5)]),
    ("1e", [("F023", 0, 2)]),
    ("a @ b", [("F001", 2, 3)]),
    ("Temp(°C)", [("F001", 5, 6)]),
    ("Share(%)", [("F019", 6, 7)]),
    ("A1:B2", [("F001", 2, 3)]),
    ("AVG({1;2})", [("F001", 4, 5), ("F001", 8, 9)]),
    ("#a\u200b+1", [("F001", 2, 3)]),
    ("Café", [("F001", 4, 5)]),
    ("ABS(3 4", [("F017", 6, 7), ("F006", 7, 7)]),
    ("\ud800", [("F001", 0, 1)]),
    ("==1", [("F019", 0, 2)]),
    ("1 = = 2", [("F019", 2, 3)]),
    ("#a ! = 1", [("F015", 3, 6)]),
    ("#a !", [("F028", 0, 4)]),
    ("!", [("F019", 1, 1)]),
    ("&& 1", [("F019", 0, 2)]),
    ("#a ? 1 : 2", [("F001", 3, 4), ("F001", 7, 8)]),
    ("`a`", [("F004", 0, 3)]),
    ('#"a b"', [("F027", 0, 1)]),
    ("#'a b'", [("F027", 0, 1)]),
    ("#Prix €", [("F001", 6, 7)]),
    ("#a%b c", [("F018", 3, 6)]),
    ('IF(#a > 1; "x"; "y"', [("F006", 19, 19)]),
    ("true false", [("F017", 5, 10)]),
    ("1 // c\n+", [("F019", 8, 8)]),
    ("ABS(\n  #a\n  #b)", [("F017", 12, 14)]),
    ("foo()()", [("F017", 5, 6)]),
    ("(1)(2)", [("F017", 3, 4)]),
    ("[1;2;3", [("F006", 6, 6)]),
    ("[1;2", [("F006", 4, 4)]),
    ("x[1]", [("F017", 1, 2)]),
    ("#a[0]", [("F017", 2, 3)]),
    ("5 m", [("F017", 2, 3)]),
    ("#a&&&#b", [("F015", 2, 5)]),
    ("#a ||| #b", [("F014", 5, 6)]),
    ("ROUND(#a，2)", [("F005", 8, 9)]),
    ("IF(a;b;c);", [("F026", 9, 10)]),
    ("#a<>", [("F019", 4, 4)]),
    ("NULL NULL", [("F017", 5, 9)]),
    ("a,b c", [("F002", 1, 2)]),
    ('""" ', [("F009", 0, 4)]),
    ("[1;#a", [("F006", 5, 5)]),
    ("IF(#a > 1 & #b == 2 & #c < 3;1;2)", [("F013", 10, 11), ("F013", 20, 21)]),
    ("f(#a;[1;2)", [("F008", 9, 10)]),
    ("#a <= ", [("F019", 6, 6)]),
    ("(#a;#b", [("F026", 3, 4), ("F006", 6, 6)]),
    ("5min", [("F024", 0, 4)]),
    ("5 min ago", [("F017", 2, 5)]),
    ("#S! [", [("F010", 4, 5)]),
    ("ABS(#x) ABS(#y)", [("F017", 8, 11)]),
    ("#a # b", [("F027", 3, 4)]),
    ("Größe m", [("F018", 0, 7)]),
    ("IF(NOT #a;1;2)", [("F016", 3, 6)]),
    ("“a” & ‘b’", [("F004", 0, 3), ("F004", 6, 9)]),
]


@pytest.mark.parametrize(("text", "expected"), BAD, ids=[ascii(text) for text, _ in BAD])
def test_code_and_place(text: str, expected: list[tuple[str, int, int]]) -> None:
    found = mistakes(text)
    assert [(one.code, *one.span) for one in found if one.span is not None] == expected
    assert all(one.text == text for one in found)


LARKS_WORDS = re.compile(r"\$END|__ANON|_SEMICOLON|Token\(|Expected|[A-Z]+_LIST|LONE_|UNCLOSED_")


@pytest.mark.parametrize("text", [text for text, _ in BAD], ids=ascii)
def test_no_word_of_the_parser_generator_is_shown(text: str) -> None:
    shown = render(mistakes(text))
    assert not LARKS_WORDS.search(shown)
    assert "None" not in shown
    assert "{" not in shown.replace(text, "") or "{" in text


WRITE = [
    ("IF(#a,#b,#c)", "write IF(#a;#b;#c)"),
    ("ROUND(3,14;2)", "write ROUND(3.14;2)"),
    ("CONCAT(“a”;'b')", 'write CONCAT("a";"b")'),
    ("#a ≤ 3", "write #a <= 3"),
    ("ABS(#a;(1+2", "write ABS(#a;(1+2))"),
    ("[1;2)", "write [1;2]"),
    ('"a\\d"', 'write "a\\\\d"'),
    ("#a > 1 & #b < 2", "write #a > 1 && #b < 2"),
    ("#a | #b", "write #a || #b"),
    ("#a => 1", "write #a >= 1"),
    ("NOT #a AND #b", "write !#a && #b"),
    ("Trip length", "write #[Trip length] if 'Trip length' is the column"),
    ("#Trip length (km) + 1", "write #[Trip length (km)] if 'Trip length (km)' is the column"),
    ("#Speed (mph)", "write #[Speed (mph)] if 'Speed (mph)' is the column"),
    ("Temp(°C)", "write #Temp(°C) if that is the column"),
    ("Share(%)", "write #Share(%) if that is the column"),
    ('"a" #b', 'write "a" & #b'),
    ("2(3)", "write 2 * (3)"),
    ("5min", "write '5m'"),
    ("1.5h", "write '90m'"),
    ("5 m", "write 5m"),
    ("Sheet!Col", "write #Sheet!Col"),
    ("#Sheet!#Col", "write #Sheet!Col"),
    ("#ROUND(#a;2)", "write ROUND(#a;2)"),
    ("AVG({1;2})", "write AVG([1;2])"),
    ("#a\u200b+1", "write #a+1"),
    ('#"a b"', "write #[a b]"),
    ("(1;2)", "write [1;2]"),
]


@pytest.mark.parametrize(("text", "hint"), WRITE, ids=[ascii(text) for text, _ in WRITE])
def test_the_hint_shows_the_corrected_formula(text: str, hint: str) -> None:
    assert mistakes(text)[-1].hint == hint


WHOLE_FORMULAS = {"F002", "F004", "F005", "F006", "F013", "F015", "F016"}
"""Codes that show the corrected formula whole, when it is one."""


@pytest.mark.parametrize("text", [text for text, _ in BAD], ids=ascii)
def test_a_corrected_formula_is_one(text: str) -> None:
    for found in mistakes(text):
        if found.code in WHOLE_FORMULAS and found.hint and re.match("write (?!['{])", found.hint):
            written = found.hint.removeprefix("write ")
            assert written == 'write "…"'[6:] or parse(written)


@pytest.mark.parametrize(
    "text",
    ['"a,b" & "x | y"', "(#a & #b) == #c", "#a & #b == #c", "#a == #b & #c", "#a > (1 & #b) < 2", "#and + not"],
)
def test_what_looks_like_a_slip_and_is_none(text: str) -> None:
    assert parse(text)


def outcome(text: str) -> Node | tuple[Diagnostic, ...]:
    try:
        return parse(text)
    except FormulaError as error:
        return error.diagnostics


@given(st.text(alphabet='aB1.9 e#$[]()!;,"&|=<>+-*/^%\n\\‘“≤°@', max_size=14))
def test_any_text_is_a_formula_or_has_words_for_what_it_is_not(text: str) -> None:
    found = outcome(text)
    if not isinstance(found, tuple):
        assert 0 <= found.span.start < found.span.end <= len(text)
        return
    assert found
    assert render(found)
    for one in found:
        assert one.code in SYNTAX
        assert one.span is not None
        assert 0 <= one.span.start <= one.span.end <= len(text)


# --- wordings --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_wording_renders(code: str) -> None:
    """Each message with each hint, from words as they will be given."""
    wording = CATALOGUE[code]
    text = "ABS(#a)"
    assert wording.messages
    for message in wording.messages:
        for hint in wording.hints or ("",):
            words = {name: ["x", "y"] if f"{{{name}:q}}" in hint else "x" for name in fields(message) | fields(hint)}
            found = make(code, Span(0, 3), text, **words)
            shown = render([found.with_place(sheet="S", column="C")])
            severity = "" if wording.severity == "error" else f"{wording.severity} "
            assert shown.startswith(f"sheet 'S', column 'C':\n  ABS(#a)\n  ^^^ {severity}{code} ")
            assert not re.search(r"[{}]", shown)
            assert json.loads(json.dumps(found.to_dict()))["code"] == code


def test_codes_are_of_one_family_each() -> None:
    assert all(code.startswith("F0") for code in SYNTAX)
    assert all(code.startswith("F1") for code in BINDING)
    assert CATALOGUE.keys() == SYNTAX.keys() | BINDING.keys()


def test_a_wording_is_taken_by_the_words_that_are_given() -> None:
    both = make("F102", name="Longitud", own="Moves", base="Clean", near=["Longitude"])
    assert both.message == "neither 'Moves' nor 'Clean' underneath has a column 'Longitud'"
    assert both.hint == "did you mean 'Longitude'?"
    own = make("F102", name="x", own="Moves", near=[], others=["A", "B", "C"])
    assert (own.message, own.hint) == ("'Moves' has no column 'x'", "'A', 'B' or 'C' has a column of that name")
    assert make("F102", name="x").hint is None
    assert make("F102", name="x", hint="look again").hint == "look again"
    with pytest.raises(TypeError, match="F102 has no words"):
        make("F102", name="x", nmae="y")
    with pytest.raises(TypeError, match="F102 needs more words"):
        make("F102", own="x")
    with pytest.raises(KeyError):
        make("F000")


def test_long_and_invisible_words_are_made_fit() -> None:
    message = make("F101", name="a\nb\x1b[31m" + "x" * 1000).message
    assert len(message) < 100
    assert message.isprintable()


# --- rendering -------------------------------------------------------------------------------------------------


def test_the_style_of_the_language_page() -> None:
    text = "HAVERSIN(#Latitude;#Longitud;#Previous_Latitude;#Previous_Longitude)"
    found = [
        make("F101", Span(0, 8), text, name="HAVERSIN", near=closest("HAVERSIN", ["HAVERSINE", "ABS"])),
        make("F102", Span(19, 28), text, name="Longitud", own="Moves", base="Clean", near=["Longitude"]),
    ]
    shown = render([one.with_place(sheet="Moves", column="Miles") for one in found])
    assert shown == (
        "sheet 'Moves', column 'Miles':\n"
        "  HAVERSIN(#Latitude;#Longitud;#Previous_Latitude;#Previous_Longitude)\n"
        "  ^^^^^^^^ F101 unknown function 'HAVERSIN': did you mean HAVERSINE?\n"
        "                     ^^^^^^^^^ F102 neither 'Moves' nor 'Clean' underneath has a column 'Longitud': "
        "did you mean 'Longitude'?"
    )


def test_lines_tabs_and_wide_signs() -> None:
    shown = str(FormulaError(mistakes("IF(#a;\n\t#距離 #b;\n2)"))).split("\n")
    assert shown[:4] == [
        "IF(#a;",
        "    #距離 #b;",
        "          ^^ F017 an operator is missing between '#距離' and '#b'",
        "2)",
    ]
    assert str(FormulaError(mistakes("1 +\r\n"))).split("\n")[-1].startswith("^ F019")


def test_the_end_is_marked_behind_the_last_sign() -> None:
    assert str(FormulaError(mistakes("ABS(#a"))).split("\n")[1].startswith("      ^ F006")
    assert str(FormulaError(mistakes(""))).endswith(
        '^ F020 the formula is empty: write a value, such as #Column, 42 or "text"'
    )


def test_long_lines_show_the_part_around_the_mistake() -> None:
    text = "+".join(["#abc"] * 200) + " #slip " + "+#abc" * 200
    line, carets = str(FormulaError(mistakes(text))).split("\n")
    assert len(line) < 160
    at = carets.index("^")
    assert line[at : at + 5] == "#slip"
    assert carets[at : at + 6] == "^^^^^ "


def test_place_without_a_formula_and_notes() -> None:
    found = Diagnostic(
        "W001", "unknown key", hint="did you mean 'of'?", file="w.json", line=3, col=5, notes=("so it is",)
    )
    assert render([found]) == "w.json:3:\n  W001 unknown key: did you mean 'of'?\n  note: so it is"
    assert render([Diagnostic("W001", "odd", severity="warning")]) == "warning W001 odd"
    assert found.to_dict() == {
        "code": "W001",
        "severity": "error",
        "message": "unknown key",
        "hint": "did you mean 'of'?",
        "file": "w.json",
        "line": 3,
        "col": 5,
        "notes": ["so it is"],
    }


def test_exceptions_carry_their_diagnostics() -> None:
    found = make("F020", Span(0, 0), "")
    for kind in (FormulaError, WorkbookError):
        error = kind([found])
        assert isinstance(error, (SheetlineError, ValueError))
        assert error.diagnostics == (found,)
        again = pickle.loads(pickle.dumps(error))
        assert (again.diagnostics, str(again)) == (error.diagnostics, str(error))
    assert str(SheetlineError("no such file")) == "no such file"
    assert SheetlineError("no such file").diagnostics == ()


# --- did you mean ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "candidates", "expected"),
    [
        ("latitude", ["Longitude", "Latitude", "latitudes"], ["Latitude"]),
        ("trip_length", ["TripLength", "trip_lengths"], ["TripLength"]),
        ("Lnegth", ["Length", "Width"], ["Length"]),
        ("HAVERSIN", ["HYPOT", "HAVERSINE"], ["HAVERSINE"]),
        ("GROUPAV", ["GROUPAVERAGE", "GROUPANY", "SUM"], ["GROUPANY", "GROUPAVERAGE"]),
        ("AB", ["CD", "ABS"], ["ABS"]),
        ("Speed", ["Fuel", "Driver"], []),
        ("", ["a"], []),
        ("x" * 500, ["x" * 499], []),
    ],
)
def test_closest(word: str, candidates: list[str], expected: list[str]) -> None:
    assert closest(word, candidates) == expected


def _slow_distance(a: str, b: str) -> int:
    """The recurrence itself, without rows or limits."""
    if not a or not b:
        return len(a) + len(b)
    found = min(
        _slow_distance(a[:-1], b) + 1, _slow_distance(a, b[:-1]) + 1, _slow_distance(a[:-1], b[:-1]) + (a[-1] != b[-1])
    )
    if len(a) > 1 and len(b) > 1 and (a[-1], a[-2]) == (b[-2], b[-1]):
        found = min(found, _slow_distance(a[:-2], b[:-2]) + 1)
    return found


@given(st.text("abc", max_size=5), st.text("abc", max_size=5), st.integers(0, 6))
def test_distance_is_the_textbooks(a: str, b: str, most: int) -> None:
    assert distance(a, b, most) == min(_slow_distance(a, b), most + 1)
