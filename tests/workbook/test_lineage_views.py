"""Lineage as diagrams, drawings and pages: well-formed, complete, and shown by a browser without complaints."""

from __future__ import annotations

import html
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
from test_lineage_parameters import book as with_parameters
from test_lineage_parameters import frames

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


# Clicks through everything a person can do, and writes what came of it into the page. In between it measures which
# boxes touch, which names reach beyond their box, how large letters are, and whether what was found is in view.
ROBOT = """<script>
window.addEventListener("error", (event) => { document.body.dataset.fault = event.message; });
window.addEventListener("load", () => {
  const seen = {};
  const click = (one) => one.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  const all = (what) => [...document.querySelectorAll("#view " + what)];
  const count = (what) => all(what).length;
  const apart = (one, other) => one.right <= other.left + 1 || other.right <= one.left + 1
    || one.bottom <= other.top + 1 || other.bottom <= one.top + 1;
  const measure = () => {
    const boxes = all("g.box > rect.whole").map((one) => one.getBoundingClientRect());
    const touching = boxes.flatMap((one, at) => boxes.slice(at + 1).filter((other) => !apart(one, other))).length;
    const outside = all("g.box").flatMap((box) => {
      const whole = box.querySelector("rect.whole").getBoundingClientRect();
      return [...box.querySelectorAll("text")].filter((one) => {
        const { left, right, top, bottom } = one.getBoundingClientRect();
        return left < whole.left - 1 || right > whole.right + 1 || top < whole.top - 2 || bottom > whole.bottom + 2;
      }).map((one) => one.textContent);
    });
    const over = all("g.box").flatMap((box) => {
      const words = [...box.querySelectorAll("text")].map((one) => one.getBoundingClientRect());
      return words.flatMap((one, at) => words.slice(at + 1).filter((other) => {
        const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
        return !apart(one, other) && high > 0.35 * (one.bottom - one.top);  // the lines of letters touch a little
      }));
    }).length;
    const scale = document.getElementById("view").getCTM().a;
    return { touching, outside, over, letters: 11 * scale };
  };
  seen.boxes = count("g.box"); seen.lines = count("path.edge"); seen.folded_measures = measure();
  click(document.getElementById("fold")); seen.closed_measures = measure(); seen.closed = count("g.row");
  click(document.getElementById("unfold")); seen.rows = count("g.row"); seen.open_measures = measure();
  const rows = all("g.row rect"); click(rows[rows.length - 1]);
  seen.up = count(".row.up"); seen.told = document.getElementById("told").textContent;
  seen.detailed = count("path.edge.up");
  click(document.getElementById("only")); seen.related = count("g.box"); seen.only_measures = measure();
  click(document.getElementById("only")); click(document.getElementById("fold")); seen.folded = count("g.row");
  const sign = all("rect.fold")[0]; click(sign); seen.unfolded = count("g.row");
  click(all("rect.fold")[0]); seen.again = count("g.row");
  const find = document.getElementById("find"); find.value = "1"; find.dispatchEvent(new Event("input"));
  const links = [...document.querySelectorAll("#told a")]; seen.found = links.map((one) => one.textContent);
  click(links[links.length - 1]);
  const frame = document.getElementById("map").getBoundingClientRect();
  const head = document.querySelector("#view g.box.pick > rect.head").getBoundingClientRect();
  seen.in_view = head.left >= frame.left && head.right <= frame.right
    && head.top >= frame.top && head.bottom <= frame.bottom;
  find.value = "no such name"; find.dispatchEvent(new Event("input"));
  seen.nothing = document.getElementById("told").textContent;
  click(document.getElementById("near")); click(document.getElementById("far")); click(document.getElementById("fit"));
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" })); seen.free = count("g.box.pick") === 0;
  document.body.dataset.seen = JSON.stringify(seen);
});
</script></body>"""


def looked_at(page: Path, profile: Path) -> dict[str, Any]:
    """What the robot saw in a page that a browser shows; fails for errors and messages of the console."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=8000"]
    size = ["--window-size=1400,900", f"--user-data-dir={profile}"]
    assert CHROMIUM is not None
    call = [CHROMIUM, *options, *size, "--dump-dom", page.as_uri()]
    done = subprocess.run(call, capture_output=True, text=True, timeout=120, check=False)
    said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not said, said
    assert "data-fault" not in done.stdout
    match = re.search(r'<body data-seen="([^"]*)"', done.stdout)
    assert match is not None, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(html.unescape(match[1]))
    return found


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")
@pytest.mark.parametrize("name", ["small", "parameters", "large"])
def test_a_browser_shows_the_page(name: str, tmp_path: Path) -> None:
    made = {"small": book, "large": large_workbook, "parameters": with_parameters}[name]()
    found = made.lineage(sources=frames() if name == "parameters" else None)
    page = tmp_path / "lineage.html"
    page.write_text(found.to_html().replace("</body>", ROBOT), encoding="utf-8")
    seen = looked_at(page, tmp_path / "profile")
    assert seen["boxes"] == len(found.graph.boxes)
    assert seen["lines"] == len(list(found.graph.sheets.edges()))
    assert seen["rows"] == sum(map(len, boxes_of(found).values()))
    assert 0 < seen["up"] < seen["rows"]
    assert 0 < seen["related"] < seen["boxes"]
    assert seen["detailed"] > 0
    assert (seen["closed"], seen["folded"], seen["again"]) == (0, 0, 0)
    assert seen["unfolded"] > 0
    assert any("1" in one for one in seen["found"])
    assert seen["in_view"], "what was searched for is shown"
    assert seen["nothing"] == "Nothing has that name."
    assert seen["free"]
    assert "Made from" in seen["told"]
    for state in ("folded", "closed", "open", "only"):
        measured = seen[f"{state}_measures"]
        assert measured["touching"] == 0, (state, measured)
        assert measured["outside"] == [], (state, measured)
        assert measured["over"] == 0, (state, measured)
        assert measured["letters"] > 6.5, (state, measured)


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")
@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("GAP = 18", "GAP = -30", "touching"),
        ("LETTER = 6.6", "LETTER = 1", "outside"),
        ("LINE = 18", "LINE = 4", "over"),
    ],
)
def test_the_robot_notices_a_page_that_cannot_be_read(old: str, new: str, fault: str, tmp_path: Path) -> None:
    text = book().lineage().to_html()
    assert old in text
    page = tmp_path / "lineage.html"
    page.write_text(text.replace(old, new).replace("</body>", ROBOT), encoding="utf-8")
    measured = looked_at(page, tmp_path / "profile")["open_measures"]
    assert measured[fault], measured
