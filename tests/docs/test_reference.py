"""docs/functions/ is what the declarations say now."""

from __future__ import annotations

import pytest
from reference import FOLDER, pages

PAGES = pages()


def test_no_page_is_left_over() -> None:
    assert {path.name for path in FOLDER.glob("*.md")} == set(PAGES)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_page_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == PAGES[name], "run python tests/docs/reference.py"
