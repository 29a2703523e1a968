"""``sheetline lineage``: what is asked, how it is shown, exit codes."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from test_lineage import book
from typer.testing import CliRunner, Result

from sheetline.functions import extras
from sheetline.workbook.cli import command_lineage
from sheetline.workbook.cli.app import app


@pytest.fixture
def file(tmp_path: Path) -> Path:
    book().save(tmp_path / "w.json")
    return tmp_path / "w.json"


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(app, ["lineage", *map(str, args)])


def test_a_column_up_and_down(file: Path) -> None:
    up = run(file, "Row!twice", "--depth", "1")
    assert up.exit_code == 0
    assert up.stdout == "Row!twice (float) = #x * 2\n└─ value: Clean!x (float)\n"
    down = run(file, "R!y", "--down")
    assert down.stdout.splitlines()[0] == "R!y (float)"
    assert "output out/both.csv y" in down.stdout
    assert "Sums (formulas)" in run(file, "Sums", "--level", "sheet").stdout


def test_the_whole_workbook(file: Path) -> None:
    assert run(file).stdout.startswith("e.csv\nr.csv\nE (source)\n")
    assert "twice (float) = #x * 2 ← Clean!x (value)" in run(file, "--level", "column").stdout
    assert len(json.loads(run(file, "--format", "json").stdout)["nodes"]) == len(book().lineage().nodes)


def test_forms(file: Path, tmp_path: Path) -> None:
    ET.fromstring(run(file, "Sums!s", "--format", "svg").stdout)
    assert run(file, "--format", "mermaid").stdout.startswith("flowchart LR\n")
    assert run(file, "--format", "dot").stdout.endswith("}\n")
    page = tmp_path / "lineage.html"
    done = run(file, "--format", "html", "--out", page)
    assert (done.exit_code, done.stdout) == (0, "")
    assert "wrote" in done.stderr
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    events = [json.loads(line) for line in run(file, "--format", "openlineage").stdout.splitlines()]
    assert len(events) == 1 + len(book().sheets) + len(book().outputs)
    assert events[0]["inputs"][0]["name"] == str(tmp_path / "e.csv")


def test_other_sources_and_parameters(file: Path) -> None:
    shown = run(file, "E!x", "--source", "E=other.csv", "--map", "E.x=speed").stdout
    assert shown == "E!x (float)\n└─ value: other.csv speed\n"
    assert run(file, "E!x", "--set", "p=1").exit_code == 2
    assert run(file, "E!x", "--source", "Row=x.csv").exit_code == 2


def test_mistakes(file: Path) -> None:
    wrong = run(file, "Sum")
    assert wrong.exit_code == 2
    assert "did you mean 'Sums'" in wrong.stderr
    wrong = run(file, "Sums!meen", "--format", "json")
    assert wrong.exit_code == 2
    assert json.loads(wrong.stdout)["error"]["diagnostics"][0]["code"] == "W216"
    assert run(file, "--format", "openlineage", "--level", "sheet").exit_code == 2
    assert run(file, "Sums", "--depth", "-1").exit_code == 2
    lost = run(file, "--out", "nowhere/x.txt")
    assert lost.exit_code == 3
    assert lost.stderr == "error: nowhere/x.txt: No such file or directory\n"


def test_a_missing_package_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(module: str) -> object:
        raise ModuleNotFoundError(name=module.partition(".")[0])

    monkeypatch.setattr(extras.importlib, "import_module", missing)
    done = run(file, "--format", "openlineage")
    assert done.exit_code == 2
    assert "sheetline[openlineage]" in done.stderr.replace("\n", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, (None, None)),
        ("E", ("E", None)),
        ("E!x", ("E", "x")),
        ("[E]![x]", ("E", "x")),
        ("#E!x", ("E", "x")),
        ("a!b", ("a!b", None)),
        ("a!b!c", ("a!b", "c")),
        ("[a!b]![c]]]", ("a!b", "c]")),
        ("[a!b]", ("a!b", None)),
        ("E!x!y", ("E", "x!y")),
        ("Nope!x", ("Nope", "x")),
    ],
)
def test_targets(text: str | None, expected: tuple[str | None, str | None]) -> None:
    made = book().filter("a!b", of="E", where="#x > 1")
    assert command_lineage.target(made, text) == expected
