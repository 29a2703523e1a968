"""The stored tables of the grammar are those of the grammar."""

from __future__ import annotations

import pytest
from grammar import TABLES, tables_text

from sheetline.formulas import parser

FORMULAS = ("1", "= -a ^ 2 * #[b c]!d + $p", 'IF(!#x || x(1); [1; "a"]; (2 <> 3m))', "F()", "// nothing\n+.5e-3")


def test_they_are_of_the_grammar_as_it_is() -> None:
    assert TABLES.read_text("utf-8") == tables_text(), "run python tests/docs/grammar.py"


def test_others_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = [parser._parse(formula) for formula in FORMULAS]
    whole = parser._read
    monkeypatch.setattr(parser, "_read", lambda name: whole(name) + ("// changed" if name == "grammar.lark" else ""))
    assert parser._stored() is None
    parser._compiled.cache_clear()
    try:
        assert [parser._parse(formula) for formula in FORMULAS] == nodes
    finally:
        parser._compiled.cache_clear()
