"""docs/diagnostics.md lists every code of the catalogues, and pages speak of no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from codes import MARKED, PAGE, filled, tables
from pages import PAGES, ROOT

from sheetline.formulas.wordings import CATALOGUE as FORMULAS
from sheetline.workbook.problems import CATALOGUE as WORKBOOKS


def test_the_tables_are_those_of_the_catalogues() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert {found[2] for found in MARKED.finditer(page)} == tables().keys()
    assert filled(page) == page, "run python tests/docs/codes.py"


def test_every_code_has_a_row() -> None:
    listed = re.findall(r"^\| ([FW]\d{3}) \|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert sorted(listed) == sorted([*FORMULAS, *WORKBOOKS])


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_codes_on_pages_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"\b[FW]\d{3}\b", text)) <= {*FORMULAS, *WORKBOOKS}
