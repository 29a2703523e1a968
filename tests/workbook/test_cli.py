"""The command line in this process: each command, its output for people and for programs, its exit codes."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import sheetline
from sheetline.functions.columns import Column, Table
from sheetline.functions.registry import REGISTRY
from sheetline.functions.types import BIGDECIMAL, DATE, FLOAT, INTEGER, list_of
from sheetline.workbook.cli import cells, show
from sheetline.workbook.cli.app import app
from sheetline.workbook.cli.options import assignments

CSV = "user,amount,at\nann,1.5,2024-03-01 10:00:00\nbob,x,2024-03-02 11:30:00\nann,,2024-03-03 12:00:00\nann,4,\n"
BOOK: dict[str, Any] = {
    "format": "sheetline/1",
    "name": "Sales",
    "parameters": {"least": {"type": "float", "value": 0}},
    "sheets": [
        {
            "name": "Raw",
            "kind": "source",
            "from": {"type": "csv", "path": "raw.csv"},
            "columns": [
                {"name": "user", "type": "string"},
                {"name": "amount", "type": "float"},
                {"name": "at", "type": "date", "pattern": "yyyy-MM-dd HH:mm:ss"},
            ],
        },
        {"name": "Big", "kind": "filter", "of": "Raw", "where": "#amount > $least"},
        {
            "name": "Sums",
            "kind": "formulas",
            "of": "Raw",
            "columns": [
                {"name": "user", "formula": "GROUPBY(#Raw!user)"},
                {"name": "n", "formula": "GROUPCOUNT()"},
            ],
        },
    ],
    "outputs": [{"sheet": "Sums", "to": {"type": "csv", "path": "out/sums.csv"}}],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raw.csv").write_text(CSV)
    write(BOOK)
    return tmp_path


def write(book: dict[str, Any], name: str = "book.json") -> None:
    Path(name).write_text(json.dumps(book))


def changed(**keys: Any) -> dict[str, Any]:
    return {**BOOK, **keys}


def filtered(where: str) -> dict[str, Any]:
    return changed(
        sheets=[BOOK["sheets"][0], {"name": "Big", "kind": "filter", "of": "Raw", "where": where}], outputs=[]
    )


def call(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    assert "Traceback" not in result.stderr
    return result


def call_json(*arguments: str, code: int = 0) -> Any:
    result = call(*arguments, "--format", "json", code=code)
    assert result.stderr == "", "a program reads stdout alone"
    return json.loads(result.stdout)


# --- run


def test_run_writes_and_reports(folder: Path) -> None:
    result = call("run", "book.json")
    assert (folder / "out" / "sums.csv").read_text() == "user,n\nann,3\nbob,1\n"
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["Raw", "source", "4", "·", "·"] in [line[:5] for line in lines]
    assert ["Sums", "formulas", "2"] in [line[:3] for line in lines]
    assert ["out/sums.csv", "Sums", "2"] in lines
    assert not [line for line in result.stdout.splitlines() if line != line.rstrip()]
    assert result.stderr.splitlines() == ["[1/2] Raw", "[2/2] Sums"]


def test_run_says_what_was_not_read(folder: Path) -> None:
    assert "Raw: 2 (amount, at)" in call("run", "book.json", "-q").stdout


def test_quiet_means_nothing_on_stderr(folder: Path) -> None:
    assert call("run", "book.json", "--quiet").stderr == ""


def test_run_as_json(folder: Path) -> None:
    found = call_json("run", "book.json")
    assert [sheet["name"] for sheet in found["sheets"]] == ["Raw", "Sums"]
    assert found["outputs"][0]["rows"] == 2
    assert found["seconds"] > 0
    assert "tables" not in found


def test_out_takes_the_place_of_the_workbooks_folder(folder: Path) -> None:
    call("run", "book.json", "--out", "elsewhere")
    assert (folder / "elsewhere" / "out" / "sums.csv").exists()
    assert not (folder / "out").exists()


def test_a_sheet_without_output_shows_its_rows_and_writes_nothing(folder: Path) -> None:
    result = call("run", "book.json", "--sheet", "Raw")
    assert not (folder / "out").exists()
    shown = result.stdout.split("Raw\n")[-1]
    assert [line.split() for line in shown.splitlines()][2:] == [
        ["ann", "1.5", "2024-03-01", "10:00:00"],
        ["bob", "error", "PARSE", "2024-03-02", "11:30:00"],
        ["ann", "null", "2024-03-03", "12:00:00"],
        ["ann", "4.0", "null"],
    ]
    assert "column 'amount' has 1 error" in result.stdout
    assert "row 2: PARSE" in result.stdout
    assert '"x"' in result.stdout


def test_a_sheet_with_output_is_written(folder: Path) -> None:
    result = call("run", "book.json", "--sheet", "Sums", "--sheet", "Raw")
    assert (folder / "out" / "sums.csv").exists()
    assert "\nRaw\n" in result.stdout
    assert "\nSums\n" not in result.stdout


def test_named_sheets_write_only_their_own_outputs(folder: Path) -> None:
    other = {"sheet": "Raw", "to": {"type": "csv", "path": "out/raw.csv"}}
    write(changed(outputs=[other, *BOOK["outputs"]]))
    call("run", "book.json", "--sheet", "Sums")
    assert [path.name for path in (folder / "out").iterdir()] == ["sums.csv"]


def test_a_workbook_without_outputs_shows_its_results(folder: Path) -> None:
    write(changed(outputs=[]))
    assert set(call_json("run", "book.json")["tables"]) == {"Big", "Sums"}


def test_parameters_sources_and_mappings(folder: Path) -> None:
    Path("other.csv").write_text("who,amount,at\ncleo,9,\ncleo,1,\n")
    options = ["--source", "Raw=other.csv", "--map", "Raw.user=who", "--set", "least=2"]
    found = call_json("show", "book.json", "Big", *options)
    assert [row["user"] for row in found["head"]] == ["cleo"]


def test_sample_and_threads(folder: Path) -> None:
    found = call_json("show", "book.json", "Raw", "--sample", "2", "--threads", "1")
    assert found["rows"] == 2
    call("run", "book.json", "--threads", "0", code=2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--set", "least"], "P=V"),
        (["--set", "least=1", "--set", "least=2"], "twice"),
        (["--set", "leest=1"], "did you mean 'least'?"),
        (["--set", "least=many"], "must be a number"),
        (["--source", "Rav=raw.csv"], "did you mean 'Raw'?"),
        (["--source", "Big=raw.csv"], "filter sheet, no source"),
        (["--source", "Raw="], "names no file"),
        (["--map", "Raw=who"], "SHEET.COLUMN=NAME"),
        (["--map", "Nope.user=who"], "no source 'Nope'"),
        (["--sheet", "Sumz"], "did you mean 'Sums'?"),
        (["--now", "yesterday"], "ISO 8601"),
        (["--format", "yaml"], "yaml"),
        (["--no-such-option"], "no-such-option"),
    ],
)
def test_a_wrong_call_is_2(folder: Path, options: list[str], words: str) -> None:
    assert words in call("run", "book.json", *options, code=2).stderr


@pytest.mark.parametrize(
    "options",
    [["run", "missing.json"], ["run", "book.json", "--source", "Raw=missing.csv"], ["check", "missing.json"]],
)
def test_what_cannot_be_reached_is_3(folder: Path, options: list[str]) -> None:
    result = call(*options, code=3)
    assert "missing" in result.stderr
    assert "no such file" in result.stderr
    found = call_json(*options, code=3)
    assert (found["error"]["kind"], found["error"]["exit"]) == ("source", 3)


def test_an_output_that_cannot_be_written_is_3(folder: Path) -> None:
    Path("out").write_text("a file where a folder should be")
    assert "sums.csv" in call("run", "book.json", "-q", code=3).stderr


def test_mode_fail_is_1_and_tells_the_row(folder: Path) -> None:
    write(changed(errors={"mode": "fail"}))
    result = call("run", "book.json", code=1)
    assert "column 'amount'" in result.stderr
    assert "row 2" in result.stderr
    assert '"x"' in result.stderr
    assert not (folder / "out").exists()
    found = call_json("run", "book.json", code=1)
    assert found["error"]["kind"] == "data"
    assert found["report"]["sheets"][0]["columns"][1]["errors"] == 1


def test_a_broken_expectation_is_1(folder: Path) -> None:
    join = {"name": "J", "kind": "join", "left": "Raw", "right": "Sums", "on": ["user"], "expect": "one-to-one"}
    write(changed(sheets=[*BOOK["sheets"], join], outputs=[{"sheet": "J", "to": {"type": "csv", "path": "j.csv"}}]))
    assert "sheet 'J'" in call("run", "book.json", "-q", code=1).stderr
    assert not Path("j.csv").exists()


def test_mode_drop_counts_what_it_drops(folder: Path) -> None:
    write(changed(errors={"mode": "drop"}))
    notices = call("run", "book.json", "-q").stdout.partition("notices\n")[2]
    assert any(line.startswith("  Raw: 1 row") and "dropped" in line for line in notices.splitlines())


def test_a_bug_asks_for_a_report(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sheetline.workbook.sheets import filter as filter_module

    def broken(*_: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(filter_module.FilterStep, "run", broken)
    result = call("run", "book.json", "--sheet", "Big", "-q", code=70)
    assert "sheet 'Big' failed: ZeroDivisionError: oops" in result.stderr
    assert "please report" in result.stderr
    shown = CliRunner().invoke(app, ["--debug", "run", "book.json", "--sheet", "Big", "-q"])
    assert shown.exit_code == 70
    assert "Traceback" in shown.stderr
    monkeypatch.setenv("SHEETLINE_DEBUG", "1")
    assert "Traceback" in CliRunner().invoke(app, ["run", "book.json", "--sheet", "Big", "-q"]).stderr


def test_ctrl_c_while_writing_leaves_the_old_file_whole(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sheetline.workbook.io import write as write_module

    def interrupted(table: Any, endpoint: Any, zone: Any, sink: Any, result: Any) -> None:
        sink(b"user,n\nhal")
        raise KeyboardInterrupt

    call("run", "book.json", "-q")
    before = (folder / "out" / "sums.csv").read_bytes()
    monkeypatch.setattr(write_module, "_write_csv", interrupted)
    heard = signal.getsignal(signal.SIGINT)
    try:
        result = call("run", "book.json", "-q", code=130)
    finally:
        signal.signal(signal.SIGINT, heard)
    assert (result.stdout, result.stderr) == ("", "stopped\n")
    assert [path.name for path in (folder / "out").iterdir()] == ["sums.csv"]
    assert (folder / "out" / "sums.csv").read_bytes() == before


# --- check, fmt, schema


def test_check(folder: Path) -> None:
    assert call("check", "book.json").stdout == "book.json: no mistakes in 3 sheets and 1 output\n"
    assert call_json("check", "book.json") == {"workbook": "book.json", "ok": True, "diagnostics": []}


def test_check_finds_all_mistakes_with_their_places(folder: Path) -> None:
    sheets = [*BOOK["sheets"], {"name": "Odd", "kind": "filter", "of": "Raw", "where": "#amout > ABSS(1)"}]
    write(changed(sheets=sheets))
    result = call("check", "book.json", code=2)
    assert "did you mean" in result.stderr
    assert "^" in result.stderr
    assert result.stdout == ""
    found = call_json("check", "book.json", code=2)
    assert {one["code"] for one in found["diagnostics"]} == {"F101", "F102"}
    assert all(one["line"] == 1 and one["sheet"] == "Odd" for one in found["diagnostics"])


def test_check_of_what_is_no_json(folder: Path) -> None:
    Path("book.json").write_text('{"format": "sheetline/1",\n "name": }')
    found = call_json("check", "book.json", code=2)
    assert found["diagnostics"][0]["line"] == 2


def test_fmt_prints_checks_and_writes(folder: Path) -> None:
    write(filtered("abs( #amount )>1"))
    before = Path("book.json").read_bytes()
    text = call("fmt", "book.json").stdout
    assert '"where": "ABS(#amount) > 1"' in text
    call("fmt", "book.json", "--check", code=1)
    assert Path("book.json").read_bytes() == before
    call("fmt", "book.json", "--write")
    assert Path("book.json").read_text() == text
    assert call("fmt", "book.json", "--check").stderr == ""
    assert call("fmt", "book.json").stdout == text


def test_fmt_keeps_comments_in_formulas(folder: Path) -> None:
    where = "#amount>1 /* one is too little */"
    write(filtered(where))
    assert where in call("fmt", "book.json").stdout


def test_fmt_refuses_formulas_that_cannot_be_read(folder: Path) -> None:
    write(filtered("(#amount"))
    result = call("fmt", "book.json", "--write", code=2)
    assert "book.json:1: sheet 'Big'" in result.stderr


def test_schema_is_the_shipped_one() -> None:
    assert json.loads(call("schema").stdout)["required"] == ["format", "name", "sheets"]


# --- eval


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("ABS(-3)", "3"),
        ("1/3", "0.3333333333333333"),
        ("1 = 1", "true"),
        ("null", "null"),
        ('"ü" & "ß"', "üß"),
        ("TODAY()", "2024-03-02 00:00:00"),
        ("LIST(1;2)", "[1, 2]"),
        ("$a + $b", "3.5"),
        ("$word", "7 days"),
    ],
)
def test_eval_of_one_value(formula: str, said: str) -> None:
    options = ["--now", "2024-03-01T23:30:00Z", "--timezone", "Europe/Berlin"]
    options += ["--param", "a=1", "--param", "b=2.5", "--param", "word=7 days"]
    assert call("eval", formula, *options).stdout == said + "\n"


def test_eval_as_json() -> None:
    assert call_json("eval", "ABS(-3)") == {"value": 3, "type": "integer"}
    found = call_json("eval", "1/0", code=1)
    assert (found["value"], found["error"]["code"]) == (None, "DIV0")


def test_eval_of_an_error_value_is_1() -> None:
    result = call("eval", "1/0", code=1)
    assert result.stdout == ""
    assert result.stderr.startswith("error DIV0: ")


@pytest.mark.parametrize("formula", ["ABSS(1)", "ABS(1,2)", "(1", "#x", "", "GROUP_PREVIOUS(1)"])
def test_eval_of_a_wrong_formula_is_2(formula: str) -> None:
    result = call("eval", formula, code=2)
    assert result.stdout == ""
    assert " F" in result.stderr
    assert "column 'Result'" not in result.stderr


def test_eval_over_a_file(folder: Path) -> None:
    Path("good.csv").write_text("x,y\n1,a\n,b\n3,c\n")
    found = call_json("eval", "#x * 2", "--data", "good.csv", "--name", "twice", "--head", "2")
    assert found["head"] == [{"x": 1, "y": "a", "twice": 2}, {"x": None, "y": "b", "twice": None}]
    assert (found["rows"], [c["name"] for c in found["columns"]]) == (3, ["x", "y", "twice"])
    assert call("eval", "GROUPSUM(#x)", "--data", "good.csv").stdout == "4\n"
    lines = call("eval", "10 / (#x - 1)", "--data", "good.csv").stdout.splitlines()
    assert lines[2].split() == ["1", "a", "error", "DIV0"]
    assert "column 'Result' has 1 error" in lines
    call("eval", "#z", "--data", "good.csv", code=2)
    call("eval", "#x", "--data", "none.csv", code=3)


# --- show, functions


def test_show(folder: Path) -> None:
    result = call("show", "book.json", "Raw", "--head", "2", "-q")
    assert result.stdout.startswith("Raw (source): 4 rows, 3 columns\n")
    assert "the first 2 of 4 rows" in result.stdout
    found = call_json("show", "book.json", "Raw")
    assert [row["amount"] for row in found["head"]] == [1.5, None, None, 4.0]
    assert [(e["row"], e["column"], e["code"]) for e in found["errors"]] == [(2, "amount", "PARSE")]
    assert found["head"][0]["at"] == "2024-03-01T10:00:00Z"
    assert not (folder / "out").exists()


def test_functions_lists_all(folder: Path) -> None:
    names = [f["name"] for f in call_json("functions")]
    assert names == [function.name for function in REGISTRY]
    listed = call("functions").stdout
    assert all(f"  {name} " in listed for name in names)


def test_functions_by_words_and_category() -> None:
    found = call_json("functions", "--search", "great-circle points")
    assert "HAVERSINE" in [f["name"] for f in found]
    assert {f["category"] for f in call_json("functions", "--category", "geo")} == {"geography"}
    assert "geography" in call("functions", "--category", "cooking", code=2).stderr
    assert "HAVERSINE" in call("functions", "HAVERSIN", code=2).stderr
    call("functions", "ABS", "--search", "x", code=2)


def test_one_function_computes_its_examples() -> None:
    text = call("functions", "haversine").stdout
    assert 'HAVERSINE(0;0;0;90;"nmi")  →  5400.0000' in text
    assert "→  error RANGE" in text
    found = call_json("functions", "GROUPBYGAP")
    assert found["examples"][0]["computed"] == found["examples"][0]["result"]


@pytest.mark.parametrize("name", sorted({one.name for c in {f.category for f in REGISTRY} for one in
                                         [f for f in REGISTRY if f.category == c][:2]}))  # fmt: skip
def test_functions_of_every_category_can_be_shown(name: str) -> None:
    assert name in call("functions", name).stdout


def test_help_and_version() -> None:
    listed = call("--help").stdout
    assert all(f"\n  {name} " in listed for name in ("run", "check", "fmt", "schema", "eval", "show", "functions"))
    assert not [line for line in listed.splitlines()[1:] if line.endswith("...")], "a sentence that is cut off"
    assert call("--version").stdout == f"sheetline {sheetline.__version__}\n"
    call("nonsense", code=2)


# --- the parts


def test_json_cells() -> None:
    from decimal import Decimal

    assert cells.plain_values(Column.of([Decimal("0.10"), None], BIGDECIMAL)) == ["0.10", None]
    assert cells.plain_values(Column.of([[1, None], None], list_of(INTEGER))) == [[1, None], None]
    assert cells.plain_values(Column.of([0], DATE)) == ["1970-01-01T00:00:00Z"]


@pytest.mark.parametrize("value", [1234567.5, -0.30000000000000004, 99999.95, 1e-9, 0.00123456, 3e300, 0.0, -2.5e14])
def test_short_floats_are_near(value: float) -> None:
    assert float(cells.short_float(value)) == pytest.approx(value, rel=1e-5)


def test_wide_tables_are_cut_into_pieces_on_a_terminal() -> None:
    import io

    from rich.console import Console

    table = Table.of({f"column{i}": Column.of([float(i), 2.0], FLOAT) for i in range(30)})
    out = Console(file=io.StringIO(), width=60, force_terminal=True, color_system=None)
    show.print_head(out, table, 10, "UTC")
    assert isinstance(out.file, io.StringIO)
    lines = out.file.getvalue().splitlines()
    assert max(len(line.rstrip()) for line in lines) <= 60
    assert all(f"column{i}" in " ".join(lines) for i in range(30))


def test_assignments_keep_later_signs() -> None:
    assert assignments(["a=b=c"], "--set", "P=V") == {"a": "b=c"}


def test_the_picture_shows_the_demo_as_it_is() -> None:
    from xml.etree import ElementTree

    root = Path(__file__).parents[2]
    drawn = ElementTree.parse(root / "docs" / "images" / "run.svg").getroot()
    words = " ".join("".join(drawn.itertext()).replace("\xa0", " ").split())
    book = json.loads((root / "examples" / "telematics" / "trips.json").read_text("utf-8"))
    assert book["name"] in words
    for sheet in book["sheets"]:
        assert sheet["name"] in words
    for output in book["outputs"]:
        assert Path(output["to"]["path"]).name in words
