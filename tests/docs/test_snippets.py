"""Every block of README.md and docs/ does what the page says; every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages import PAGES, ROOT, PageRun, blocks, run_page

NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


@pytest.mark.parametrize("page", NAMES)
def test_page(page: str) -> None:
    failures = run_page(ROOT / page).failures
    assert not failures, "\n\n".join([f"{page}:", *failures])


@pytest.mark.parametrize("page", NAMES)
def test_links(page: str) -> None:
    text = re.sub(r"^```.*?^```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"`[^`\n]*`", "", text)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text):
        if re.match(r"https?://", target):
            continue
        file, _, anchor = target.partition("#")
        place = (ROOT / page).parent / file if file else ROOT / page
        if not place.exists() or (anchor and anchor not in anchors(place)):
            broken.append(target)
    assert not broken


def anchors(page: Path) -> set[str]:
    """Give the anchors that a page's headings have."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("```ruby\nputs 1\n```\n", "no known kind"),
        ("```\nnothing\n```\n", "no known kind"),
        ("```text\nfree\n```\n", "nothing gives this text"),
        ("```python\n>>> 1 + 1\n3\n```\n", "Expected"),
        ("```python\nprint(1)\n```\n```text\n2\n```\n", "came out differently"),
        ("```formula\n1 + 1 → 3\n```\n", "came out differently"),
        ("```formula wrong\n1 + 1\n```\n", "nothing is wrong"),
        ("```json title=w.json\n{}\n```\n", "W102"),
        ("```python\n1 +\n```\n", "SyntaxError"),
        ("```formula\n1 → 1\n", "never closed"),
    ],
)
def test_a_wrong_page_fails(page: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = PageRun()
    run.run(page)
    assert any(said in failure for failure in run.failures), run.failures


def test_blocks_are_found_with_their_words() -> None:
    (block,) = blocks('before\n```json title="my book.json" wrong\n{}\n```\n')
    assert (block.kind, block.keys, block.words, block.line) == ("json", {"title": "my book.json"}, {"wrong"}, 2)
