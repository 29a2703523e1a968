"""Lineage as diagrams, drawings and pages: well-formed, complete, and shown by a browser without complaints."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from large_workbooks import large_workbook
from test_lineage import book

from sheetline.workbook.lineage import Lineage
from sheetline.workbook.lineage.diagram import boxes_of
from sheetline.workbook.lineage.layout import heights, layered

SVG = "{http://www.w3.org/2000/svg}"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def whole() -> Lineage:
    return book().lineage()


def test_mermaid_names_every_column_and_edge(whole: Lineage) -> None:
    text = whole.to_mermaid()
    assert text.startswith("flowchart LR\n")
    assert text.count("  subgraph ") == len(whole.graph.boxes) == text.count("\n  end\n")
    edges = re.findall(r"^  (\w+) (?:-->|-\.->)(?:\|\"[^\"|]+\"\|)? (\w+)$", text, re.MULTILINE)
    assert len(edges) == len(whole.edges)
    named = set(re.findall(r"^    (\w+)\[\"[^\"]+\"\]$", text, re.MULTILINE))
    assert {end for edge in edges for end in edge} <= named
    sheets = book().lineage("Sums", level="sheet").to_mermaid()
    assert 'b5["Row (formulas)"]:::sheet' in sheets
    assert re.search(r'b2 -->\|"value, filter"\| b4', sheets)
    assert "#91;…_v" not in sheets


def test_dot_is_balanced_and_complete(whole: Lineage) -> None:
    text = whole.to_dot()
    assert text.startswith("digraph lineage {\n")
    assert text.endswith("}\n")
    ports = {f"{m[1]}:{port}" for m in re.finditer(r"^  (b\d+) \[label=<(.*)>\];$", text, re.MULTILINE)
             for port in re.findall(r'PORT="(c\d+)"', m[2])}  # fmt: skip
    edges = re.findall(r"^  (b\d+:c\d+) -> (b\d+:c\d+) \[label=\"[a-z, ]+\"(?:, style=dashed)?\];$", text, re.MULTILINE)
    assert len(edges) == len(whole.edges)
    assert {end for edge in edges for end in edge} <= ports
    for table in re.findall(r"label=<(.*)>\];$", text, re.MULTILINE):
        ET.fromstring(table)


@pytest.mark.parametrize("level", ["sheet", "column"])
def test_svg_shows_every_box_and_column_without_overlap(level: Any) -> None:
    found = book().lineage(level=level)
    root = ET.fromstring(found.to_svg())
    groups = [one for one in root.iter(f"{SVG}g") if "translate" in (one.get("transform") or "")]
    assert len(groups) == len(found.graph.boxes)
    names = {one.get("data-id") for one in root.iter(f"{SVG}text")} - {None}
    assert names == {node.id for nodes in boxes_of(found).values() for node in nodes}
    places = []
    for group in groups:
        x, y = map(float, re.findall(r"[-\d.]+", group.get("transform", "")))
        rect = group.find(f"{SVG}rect")
        assert rect is not None
        places.append((x, y, x + float(rect.get("width", 0)), y + float(rect.get("height", 0))))
    for number, (left, top, right, bottom) in enumerate(places):
        for other in places[number + 1 :]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
    drawn = [edge for edge in found.edges if not (edge.source.kind == "rows" and edge.source.box == edge.target.box)]
    assert sum(one.get("class", "").startswith("e") for one in root.iter(f"{SVG}path")) == len(drawn)


def test_layers_lead_from_left_to_right_and_leave_room() -> None:
    edges = [("a", "b"), ("b", "c"), ("a", "c"), ("d", "c"), ("e", "f"), ("c", "g")]
    found = layered(list("abcdefg"), edges)
    at = {item: number for number, layer in enumerate(found.layers) for item in layer}
    assert all(at[one] < at[other] for one, other in edges)
    assert at["d"] == at["b"], "what comes from nowhere stands beside its reader"
    assert found.routes["a", "c"] == ["a", (("a", "c"), 1), "c"]
    top = heights(found, dict.fromkeys("abcdefg", 10.0), 4.0)
    for layer in found.layers:
        assert all(
            top[other] - top[one] >= (14 if isinstance(one, str) else 10) - 1e-9 for one, other in pairwise(layer)
        )
    assert layered([], []).layers == [[]] or layered([], []).layers == []


class _Page(HTMLParser):
    """Collects what a page refers to, and the data in it."""

    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []
        self.data = ""
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.outside += [v for key, v in given.items() if key in ("src", "href") and v and not v.startswith("data:")]
        self._inside = tag == "script" and given.get("type") == "application/json"

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        self.data += data if self._inside else ""


def test_the_page_needs_nothing_else() -> None:
    name = '</script><!--"&'
    odd = book().formulas(name, of="E", columns={name: "#x + 1"}).lineage()
    text = odd.to_html()
    page = _Page()
    page.feed(text)
    assert page.outside == []
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|import\(", text)
    data = json.loads(page.data)
    assert data["boxes"][-3]["name"] == name
    assert [name, "float", "#x + 1"] in [node[1:4] for node in data["nodes"]]
    assert len(data["edges"]) == len(odd.edges)
    assert {item for layer in data["layers"] for item in layer if isinstance(item, int)} == set(
        range(len(data["boxes"]))
    )
    assert "__DATA__" not in text
    assert "__TITLE__" not in text


# Clicks through everything a person can do, and writes what came of it into the page.
ROBOT = """<script>
window.addEventListener("error", (event) => { document.body.dataset.fault = event.message; });
window.addEventListener("load", () => {
  const seen = {};
  const click = (one) => one.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  const count = (what) => document.querySelectorAll("#view " + what).length;
  seen.boxes = count("g.box"); seen.lines = count("path.edge");
  click(document.getElementById("unfold")); seen.rows = count("g.row");
  const rows = [...document.querySelectorAll("#view g.row rect")]; click(rows[rows.length - 1]);
  seen.up = count(".row.up"); seen.told = document.getElementById("told").textContent;
  click(document.getElementById("only")); seen.related = count("g.box");
  click(document.getElementById("only")); click(document.getElementById("fold")); seen.folded = count("g.row");
  const find = document.getElementById("find"); find.value = "1"; find.dispatchEvent(new Event("input"));
  seen.found = document.querySelectorAll("#told a").length;
  click(document.querySelector("#told a"));
  click(document.getElementById("near")); click(document.getElementById("far")); click(document.getElementById("fit"));
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" })); seen.free = count("g.box.pick") === 0;
  document.body.dataset.seen = JSON.stringify(seen);
});
</script></body>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")
@pytest.mark.parametrize("sheets", [17, 200])
def test_a_browser_shows_the_page(sheets: int, tmp_path: Path) -> None:
    found = (book() if sheets == 17 else large_workbook(sheets)).lineage()
    page = tmp_path / "lineage.html"
    page.write_text(found.to_html().replace("</body>", ROBOT), encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=4000"]
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    assert CHROMIUM is not None
    call = [CHROMIUM, *options, profile, "--dump-dom", page.as_uri()]
    done = subprocess.run(call, capture_output=True, text=True, timeout=120, check=False)
    said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not said, said
    assert "data-fault" not in done.stdout
    match = re.search(r'<body data-seen="([^"]*)"', done.stdout)
    assert match is not None, done.stderr[-2000:]
    seen = json.loads(match[1].replace("&quot;", '"').replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&"))
    assert seen["boxes"] == len(found.graph.boxes)
    assert seen["lines"] == len(list(found.graph.sheets.edges()))
    assert seen["rows"] == sum(map(len, boxes_of(found).values()))
    assert 0 < seen["up"] < seen["rows"]
    assert 0 < seen["related"] < seen["boxes"]
    assert seen["folded"] == 0
    assert seen["found"] > 0
    assert seen["free"]
    assert "Made from" in seen["told"]
