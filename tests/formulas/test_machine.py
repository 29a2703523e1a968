"""The lexer and the tables that run formulas, against lark running the same grammar itself."""

from functools import cache
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lark import Lark, UnexpectedToken

from sheetline.formulas import parser
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
