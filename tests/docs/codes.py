"""The tables of codes in docs/diagnostics.md, made from the two catalogues of wordings.

``python tests/docs/codes.py`` writes them into the page.
"""

from __future__ import annotations

import re
from pathlib import Path

from sheetline.formulas import wordings
from sheetline.workbook import problems

PAGE = Path(__file__).parents[2] / "docs" / "diagnostics.md"
MARKED = re.compile(r"(<!-- codes:(\w+) -->\n).*?(<!-- /codes -->)", re.DOTALL)


def formula_codes(catalogue: dict[str, wordings.Wording]) -> str:
    """Return a table of codes of formulas, with their titles."""
    rows = [f"| {code} | {_plain(one.title)} |" for code, one in sorted(catalogue.items())]
    return "\n".join(["| code | what is wrong |", "| --- | --- |", *rows]) + "\n"


def workbook_codes() -> str:
    """Return a table of codes of workbooks, with their messages; ``…`` for what is filled in."""
    rows = []
    for code, one in sorted(problems.CATALOGUE.items()):
        rows.append(f"| {code} | {_plain(re.sub(r'{[^}]*}', '…', one.message))} |")
    return "\n".join(["| code | message |", "| --- | --- |", *rows]) + "\n"


def _plain(text: str) -> str:
    for sign, code in (("|", "&#124;"), ("<", "&lt;"), ("*", "\\*")):
        text = text.replace(sign, code)
    return text


def tables() -> dict[str, str]:
    """Return all tables by the name that the page gives them."""
    return {
        "spelling": formula_codes(wordings.SYNTAX),
        "meaning": formula_codes(wordings.BINDING),
        "workbook": workbook_codes(),
    }


def filled(page: str) -> str:
    """Return the page with the tables as the catalogues have them."""
    made = tables()
    return MARKED.sub(lambda found: found[1] + made[found[2]] + found[3], page)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
