"""The page of differences tells the truth: its functions and tests exist, and its formulas give what they say."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from evaluating import plain, sheet
from reference import differing

from sheetline.formulas.diagnostics import FormulaError
from sheetline.functions.declare import Failure
from sheetline.functions.registry import REGISTRY

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "differences.md").read_text("utf-8")
ROWS = [
    (section.splitlines()[0].casefold(), *(cell.strip() for cell in line.strip("|").split(" | ")))
    for section in PAGE.split("\n## ")[1:]
    for line in section.splitlines()
    if line.startswith("| `")
]
FORMULAS = [tuple(found.split(" → ")) for found in re.findall(r"`([^`]* → [^`]*)`", PAGE.split("\n## ", 1)[1])]


@cache
def declared_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("row", ROWS, ids=[row[1] for row in ROWS])
def test_row(row: tuple[str, ...]) -> None:
    category, names, *said, test = row
    assert len(said) == 3
    assert all(said)
    for name in names.strip("`").split(", "):
        function = REGISTRY.get(name)
        assert function is not None, name
        assert function.name == name
        assert function.category.casefold() == category
    path, _, wanted = test.strip("`").partition("::")
    assert wanted in declared_in(path)
    assert path != "tests/docs/test_differences.py" or " → " in said[1], "a formula shows it"


@pytest.mark.parametrize(("formula", "wanted"), FORMULAS, ids=[formula for formula, _ in FORMULAS])
def test_formulas_of_the_page(formula: str, wanted: str) -> None:
    if wanted == "refused":
        with pytest.raises(FormulaError):
            sheet({"Result": formula})
        return
    (got,) = plain(sheet({"Result": formula})["Result"])
    if wanted.startswith("error "):
        assert got == Failure(wanted.removeprefix("error "))
        return
    (value,) = plain(sheet({"Result": wanted})["Result"])
    if isinstance(value, float):
        assert got == pytest.approx(value, rel=1e-12)
    else:
        assert type(got) is type(value)
        assert got == value


def test_rows_are_found_by_the_reference() -> None:
    named = {name for row in ROWS for name in row[1].strip("`").split(", ")}
    assert named == differing()
    assert len(ROWS) > 50
    assert len(named) == sum(len(row[1].split(", ")) for row in ROWS), "each function has one row"
