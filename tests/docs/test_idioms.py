"""The formulas in the tables of docs/coming-from.md and docs/language.md are formulas of this version."""

from __future__ import annotations

import re

import pytest
from pages import ROOT

from sheetline.formulas import ast
from sheetline.formulas.parser import parse
from sheetline.functions.errors import CODES
from sheetline.functions.registry import REGISTRY
from sheetline.workbook.sheets import KINDS

COMING = (ROOT / "docs" / "coming-from.md").read_text(encoding="utf-8")
LANGUAGE = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
WORKBOOKS = (ROOT / "docs" / "workbooks.md").read_text(encoding="utf-8")


def formulas() -> list[str]:
    """The pieces of code of the right column that refer to columns or call functions."""
    cells = re.findall(r"^\|[^|]*\|([^|]*)\|$", COMING, flags=re.MULTILINE)
    pieces = [piece for cell in cells for piece in re.findall(r"`([^`]+)`", cell)]
    return sorted(
        {piece for piece in pieces if "#" in piece or re.match(r"[A-Z_]+\(", piece)} - {"COPY(#Sheet!Column)"}
    )


def test_there_are_formulas() -> None:
    assert len(formulas()) > 40


@pytest.mark.parametrize("formula", formulas())
def test_formula_of_a_table_is_right(formula: str) -> None:
    calls = [node.name for node in ast.walk(parse(formula)) if isinstance(node, ast.Call)]
    assert all(REGISTRY.get(name) for name in calls), calls


@pytest.mark.parametrize("page", ["coming-from.md", "language.md"])
def test_functions_that_are_named_exist(page: str) -> None:
    text = re.sub(
        r"^```.*?^```", "", (ROOT / "docs" / page).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    rows = [line.split("|")[2] if line.count("|") == 3 else line for line in text.splitlines()]
    named = {name for line in rows for name in re.findall(r"`([A-Z][A-Z0-9_]{2,})`", line)}
    others = {*CODES, "SSS"}  # letters of a date pattern
    assert not {name for name in named - others if REGISTRY.get(name) is None}


def test_every_error_code_has_a_row() -> None:
    assert sorted(re.findall(r"^\| `([A-Z0-9]+)` \|", LANGUAGE, flags=re.MULTILINE)) == sorted(CODES)


def test_every_kind_of_sheet_has_a_section() -> None:
    sections = {
        heading.lower().removesuffix("s") for heading in re.findall(r"^## (\w+)$", WORKBOOKS, flags=re.MULTILINE)
    }
    assert {kind.removesuffix("s") for kind in KINDS} <= sections
    examples = set(re.findall(r'"kind": "(\w+)"', WORKBOOKS))
    assert examples == set(KINDS)
