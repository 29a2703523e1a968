"""The lexer and the tables that run formulas, against lark running the same grammar itself."""

from functools import cache
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lark import Lark, UnexpectedToken

from sheetline.formulas import parser
from sheetline.formulas.ast import ColumnRef
from sheetline.formulas.machine import Lexer, Terminal

OPERANDS = ["#a", "#[b c]", "#S!c", "x", "F", "1", "2.5e-3", "5m", '"t"', '"a""b"', "$p", "null", "/*c*/"]
SIGNS = ["(", ")", "[", "]", ";", "+", "-", "*", "/", "%", "^", "&", "&&", "||", "=", "==", "!=", "<>", "<", "<=", ">"]
SIGNS += [">=", "!", " ", "\n", "//c\n"]
SLIPS = [",", "|", "'q'", '"open', "#[open", "/* open", "#", "$", "≤", "@", "\\", "\u200b", "²", "12abc", "1e-", "#[]"]

soups = st.lists(st.sampled_from(OPERANDS + SIGNS), max_size=12)
nonsense = st.lists(st.one_of(st.sampled_from(OPERANDS + SIGNS + SLIPS), st.text(max_size=3)), max_size=12)


@cache
def lark_itself() -> Lark:
    text = resources.files("sheetline.formulas").joinpath("grammar.lark").read_text("utf-8")
    return Lark(text, parser="lalr", lexer="basic", maybe_placeholders=False)


@given(nonsense.map("".join) | nonsense.map(" ".join))
def test_tokens_are_those_of_the_grammar(text: str) -> None:
    wanted = [(str(token.type), token.start_pos, token.end_pos) for token in lark_itself().lex(text)]
    assert parser._grammar().lexer.pieces(text) == wanted


@given(soups.map(" ".join))
def test_accepted_is_what_the_grammar_accepts(text: str) -> None:
    failed: int | None = None
    try:
        lark_itself().parse(text)
    except UnexpectedToken as error:
        failed = len(text) if error.token.type == "$END" else error.token.start_pos
    found = parser._attempt(parser._grammar().lexer.pieces(text), text)
    assert (found if isinstance(found, int) else None) == failed


@pytest.mark.parametrize(
    "wrong", [Terminal("GROUPED", 0, "(a)b", ""), Terminal("HASTY", 1, "c", "c")], ids=lambda terminal: terminal.kind
)
def test_terminals_that_the_lexer_would_misread_are_refused(wrong: Terminal) -> None:
    with pytest.raises(ValueError, match=r"capture|priority"):
        Lexer([Terminal("SPACE", 0, r"\s+", ""), wrong], ["SPACE"], "SPACE")


@given(soups.map(" ".join))
def test_kinds_seen_before_are_read_like_new_ones(text: str) -> None:
    grammar = parser._grammar()
    pieces = grammar.lexer.pieces(text)
    kinds = tuple(kind for kind, _, _ in pieces)
    assert grammar.machine._kept(kinds) == grammar.machine._kept(kinds) == grammar.machine._steps(kinds)


@pytest.mark.parametrize("blanks", ["", " ", "\n"])
def test_the_parts_of_a_column_are_placed_with_and_without_blanks(blanks: str) -> None:
    node = parser.parse(f"#Trips{blanks}!{blanks}Speed(mph)")
    plain = parser.parse(f"#[Trips]{blanks}!{blanks}[Speed(mph)]")
    assert isinstance(node, ColumnRef)
    assert isinstance(plain, ColumnRef)
    assert node == plain
    assert node.sheet_span == (1, 6)
    assert node.name_span == (7 + 2 * len(blanks), 17 + 2 * len(blanks))
