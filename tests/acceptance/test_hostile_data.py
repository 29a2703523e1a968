"""Hostile data through whole workbooks: everything is counted, and nothing is lost or changed silently."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import sheetline as sl
from sheetline.workbook.cli.app import app
from sheetline.workbook.report import SheetReport

BAD = (
    "id,n,v,when,txt,id,,\n"
    "1,10,1.5,2024-01-01,a,x,p,q\n"
    "2,9223372036854775808,nan,2024-13-01,b,x,p,q\n"
    "3,abc,inf,10000-01-01,,x,p,q\n"
    "4,-9223372036854775808,-inf,2024-02-30,c\x00d,x,p,q\n"
    "5,,1e999,,e,x,p,q\n"
    "6,7\n"
    "7,8,2.5,2024-01-02,f,x,p,q,EXTRA\n"
    '8,9,x,2024-01-03,"g\nh",x,p,q\n'
)
LISTED: list[dict[str, object]] = [
    {"name": "n", "type": "integer"},
    {"name": "v", "type": "float"},
    {"name": "when", "type": "date", "pattern": "yyyy-MM-dd"},
]
KEPT = {  # column: nulls, errors with rows and codes
    "id": (0, [(7, "PARSE")]),
    "n": (1, [(2, "OVERFLOW"), (3, "PARSE"), (7, "PARSE")]),
    "v": (2, [(3, "INFINITY"), (4, "INFINITY"), (5, "OVERFLOW"), (7, "PARSE"), (8, "PARSE")]),
    "when": (2, [(2, "PARSE"), (3, "PARSE"), (4, "PARSE"), (7, "PARSE")]),
    "txt": (2, [(7, "PARSE")]),
    "id_2": (1, [(7, "PARSE")]),
    "Column7": (1, [(7, "PARSE")]),
    "Column8": (1, [(7, "PARSE")]),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "e.csv").write_bytes(BAD.encode())
    return tmp_path


def source(mode: str = "keep") -> sl.Workbook:
    return sl.Workbook("W", errors=mode).source("E", "e.csv", columns=LISTED)


def every_kind(book: sl.Workbook, key: str = "txt", number: str = "n", name: str = "id") -> sl.Workbook:
    """Every kind of sheet over the sheet E."""
    return (
        book.formulas("F", of="E", copy=True, columns={"twice": f"#{number} * 2", "per": f"1 / #{number}"})
        .filter("G", of="F", where="#per > 0")
        .filter("N", of="F", where="!(#per > 0)")
        .filter("O", of="F", where="ISNULL(#per > 0)")
        .sort("S", of="F", by=[{"column": number, "order": "desc"}])
        .union("U", of=["E", "F"])
        .distinct("D", of="F", columns=[key])
        .sample("P", of="F", rows=3)
        .join("J", left="E", right="F", on=key, how="outer")
        .unpivot("X", of="F", keep=[name], columns=[number, "twice"])
        .formulas("A", of="F", columns={"k": f"GROUPBY(#{key})", "rows": "GROUPCOUNT()"})
        .formulas("Z", of="F", columns={"k": f"GROUPBY(#{key})", "before": f"GROUP_PREVIOUS(#{number})"})
        .pivot("V", of="F", rows=[key], column=number, values={"rows": "GROUPCOUNT()"})
    )


def run_all(book: sl.Workbook, **options: Any) -> sl.Run:
    return book.run(sheets=[sheet.name for sheet in book.sheets], **options)


def counted(report: SheetReport) -> dict[str, tuple[int, list[tuple[int, str]]]]:
    return {c.name: (c.nulls, [(e.row, e.code) for e in c.examples]) for c in report.columns}


def test_keep_counts_everything(folder: Path) -> None:
    run = source().run()
    report = run.report.sheet("E")
    assert (report.rows, report.errors) == (8, 17)
    assert counted(report) == KEPT
    said = {e.row: e.message for c in report.columns if c.name == "n" for e in c.examples}
    assert "9223372036854775808" in said[2]
    assert '"abc"' in said[3]
    assert "line 8 has 9 fields instead of 8" in said[7]
    notices = " | ".join(notice.message for notice in report.notices)
    for words in (
        "the name 'id' stands again at column 6: it is called 'id_2'",
        "column 7 has no name: it is called 'Column7'",
        "1 row with too few fields",
        "line 7 has 2 fields instead of 8: 6,7",
        "1 row with too many fields",
        "column 'v': 3 cells that cannot be read; 2 infinities, which are errors; 1 NaN, which is null",
    ):
        assert words in notices
    frame = run["E"].to_pandas()
    assert frame["txt"].fillna("-").tolist() == ["a", "b", "-", "c\x00d", "e", "-", "-", "g\nh"]
    assert frame["n"].tolist()[3] == -(2**63)
    assert len(run["E"].errors) == 17


def test_drop_says_what_went(folder: Path) -> None:
    run = source("drop").run()
    report = run.report.sheet("E")
    assert run["E"].to_pandas()["id"].tolist() == [1, 6]
    assert report.rows == 2
    assert {c.name: [(e.row, e.code) for e in c.examples] for c in report.columns} == {
        n: e for n, (_, e) in KEPT.items()
    }
    assert {c.name: c.nulls for c in report.columns}["v"] == 1, "nulls of the rows that are left"
    dropped = next(notice for notice in report.notices if "dropped" in notice.message)
    assert dropped.count + report.rows == 8


def test_fail_names_the_rows(folder: Path) -> None:
    with pytest.raises(sl.DataError, match=r"sheet 'E', column 'id': an error in row 7: line 8 has 9 fields") as caught:
        source("fail").run()
    assert counted(caught.value.report.sheet("E")) == KEPT, "the report tells everything"


def test_fail_at_a_sheet_in_the_middle() -> None:
    book = sl.Workbook("W", errors="fail").source("E", type="frame")
    book = book.formulas("F", of="E", columns={"per": "1 / #n"}).formulas("G", of="F", columns={"x": "1"})
    with pytest.raises(sl.DataError, match=r"sheet 'F', column 'per': 2 errors, in rows 2, 4: ") as caught:
        book.run(sources={"E": {"n": [1, 0, None, 0]}}, sheets=["G"])
    assert [s.name for s in caught.value.report.sheets] == ["E", "F"]
    filtered = sl.Workbook("W", errors="fail").source("E", type="frame").filter("F", of="E", where="1 / #n > 0")
    with pytest.raises(sl.DataError, match=r"sheet 'F': the condition is an error in 2 rows underneath \(2, 4\): "):
        filtered.run(sources={"E": {"n": [1, 0, None, 0]}})
    assert len(filtered.run(sources={"E": {"n": [1, 2]}})["F"]) == 2


def conserved(run: sl.Run, key: str, number: str) -> None:
    """Check the counts of a run of every kind of sheet against one another."""
    report = {sheet.name: sheet for sheet in run.report.sheets}
    rows = {name: sheet.rows for name, sheet in report.items()}
    assert rows["F"] == rows["S"] == rows["Z"] == rows["E"]
    assert rows["U"] == 2 * rows["E"]
    assert rows["X"] == 2 * rows["E"]
    assert rows["P"] == min(3, rows["E"])
    assert rows["A"] == rows["D"] == rows["V"]
    assert rows["G"] + rows["N"] + rows["O"] + report["G"].removed == rows["F"]
    assert report["G"].removed == report["N"].removed == report["O"].removed
    assert int(run["A"].to_pandas()["rows"].sum()) == rows["F"]
    pivoted = run["V"].to_pandas()
    assert int(pivoted.drop(columns=key).sum().sum()) == rows["F"]
    matched = run["J"].to_pandas()
    assert rows["J"] == len(matched) >= rows["E"]
    errors = {name: {c.name: c.errors for c in sheet.columns} for name, sheet in report.items()}
    assert errors["S"] == errors["F"]
    assert {c: errors["F"][c] for c in errors["E"]} == errors["E"]
    assert all(errors["U"][c] == 2 * errors["E"][c] for c in errors["E"])
    assert errors["X"]["Value"] == errors["F"][number] + errors["F"]["twice"]
    nulls = {name: {c.name: c.nulls for c in sheet.columns} for name, sheet in report.items()}
    assert nulls["S"] == nulls["F"]
    assert all(nulls["U"][c] == 2 * nulls["E"][c] for c in nulls["E"])


@pytest.mark.parametrize("mode", ["keep", "drop"])
def test_every_kind_of_sheet_keeps_count(mode: str, folder: Path) -> None:
    run = run_all(every_kind(source(mode)))
    if mode == "keep":
        conserved(run, "txt", "n")
        report = run.report.sheet("F")
        errors = {c.name: [(e.row, e.code) for e in c.examples] for c in report.columns}
        assert errors["twice"] == [(2, "OVERFLOW"), (3, "PARSE"), (4, "OVERFLOW"), (7, "PARSE")]
        assert errors["per"] == [(2, "OVERFLOW"), (3, "PARSE"), (7, "PARSE")], "the error of the input passes through"
        assert run.report.sheet("G").removed == 3
        assert [e.row for e in run.report.sheet("G").removed_examples] == [2, 3, 7]
        assert run["S"].to_pandas()["id"].tolist()[:4] == [1, 8, 6, 4], "nulls, then errors, last"
        assert run["S"].to_pandas()["id"].tolist()[4] == 5
        assert any("have an error as their key" in n.message for n in run.report.sheet("J").notices)
    else:
        rows = {s.name: s.rows for s in run.report.sheets}
        assert rows == {"G": 2, "N": 0, "O": 0, "U": 4, "X": 4, "J": 3, **dict.fromkeys("EFSDPAZV", 2)}
        assert all(s.errors == 0 for s in run.report.sheets[1:])
    with pytest.raises(sl.DataError):
        run_all(every_kind(source("fail")))


def test_outputs_write_errors_as_null_and_say_so(folder: Path) -> None:
    run = source().output("E", "out/e.csv").run(write=True)
    assert (run.report.outputs[0].rows, run.report.outputs[0].errors) == (8, 17)
    back = pd.read_csv(folder / "out/e.csv", dtype=str, keep_default_na=False)
    assert back["n"].tolist() == ["10", "", "", "-9223372036854775808", "", "7", "", "9"]
    assert back["txt"].tolist()[3] == "c\x00d"


CLEAN = "txt,n,id\n"


@pytest.mark.parametrize("rows", ["", "a,1,1\n", ",,\n", "a,1,1\n\n\nb,,2\n", ",,\n,,\n"])
@pytest.mark.parametrize("mode", ["keep", "drop", "fail"])
def test_few_rows_and_nulls(rows: str, mode: str, folder: Path) -> None:
    (folder / "e.csv").write_text(CLEAN + rows)
    listed = [{"name": "n", "type": "integer"}, {"name": "txt", "type": "string"}, {"name": "id", "type": "integer"}]
    run = run_all(every_kind(sl.Workbook("W", errors=mode).source("E", "e.csv", columns=listed)))
    assert run.report.sheet("E").rows == sum(1 for line in rows.split("\n") if line)
    assert not any(sheet.errors for sheet in run.report.sheets)
    conserved(run, "txt", "n")


def test_columns_without_any_value(folder: Path) -> None:
    (folder / "e.csv").write_text("a,b\n,\n,\n")
    book = sl.Workbook("W").source("E", "e.csv")
    book = book.formulas("F", of="E", copy=True, columns={"c": "#a", "n": "ISNULL(#a)"}).distinct("D", of="F")
    run = run_all(book)
    assert run.report.sheet("E").rows == 2
    assert [c.nulls for c in run.report.sheet("F").columns] == [2, 2, 2, 0]
    assert run.report.sheet("D").rows == 1


def test_no_header_is_an_error_that_says_so(folder: Path) -> None:
    (folder / "e.csv").write_bytes(b"")
    with pytest.raises(sl.SourceError, match="empty"):
        sl.Workbook("W").source("E", "e.csv").run()
    (folder / "e.csv").write_bytes(b"a,b\n1,\xff\xfe\n")
    with pytest.raises(sl.SourceError, match=r"^sheet 'E': e.csv, line 2: byte 0xff is no text in utf-8: give its"):
        sl.Workbook("W").source("E", "e.csv").run()
    (folder / "e.csv").write_bytes(b'a,b\n1,2\n"3,4\n5,6\n')
    with pytest.raises(sl.SourceError, match=r"line 3.*never closed"):
        sl.Workbook("W").source("E", "e.csv").run()


def test_huge_cells(folder: Path) -> None:
    big = "x" * 5_000_000
    (folder / "e.csv").write_text(f'k,t\n1,{big}\n2,"{big},\n{big}"\n3,{big}\n4,{big}y\n')
    book = (
        sl.Workbook("W").source("E", "e.csv")
        .formulas("F", of="E", copy=True, columns={"len": "LEN(#t)", "bad": "INT(#t)"})
        .filter("G", of="F", where='ENDSWITH(#t;"y")')
        .distinct("D", of="E", columns=["t"])
        .join("J", left="E", right="F", on="t", select={"k": "E!k"})
        .formulas("A", of="E", columns={"t": "GROUPBY(#t)", "rows": "GROUPCOUNT()"})
    )  # fmt: skip
    run = run_all(book)
    assert run["F"].to_pandas()["len"].tolist() == [5_000_000, 10_000_002, 5_000_000, 5_000_001]
    assert {name: len(run[name]) for name in "GDJA"} == {"G": 1, "D": 3, "J": 6, "A": 3}
    shown = run.report.sheet("F").columns[-1]
    assert shown.errors == 4
    assert max(len(one.message) for one in shown.examples) < 500, "messages quote the beginning only"


def frame_of(values: Any) -> pd.DataFrame:
    return pd.DataFrame({"n": [1, 2, 3], "x": values})


ODD = {
    "categories": (pd.Categorical(["a", None, "b"]), "string", 1, 0),
    "numbers as categories": (pd.Categorical([1, 2, 1]), "integer", 0, 0),
    "nullable integers": (pd.array([1, None, 3], "Int8"), "integer", 1, 0),
    "unsigned beyond 64 bit": (np.array([1, 2**64 - 1, 3], np.uint64), None, 0, 0),
    "halves": (np.array([1.5, np.nan, np.inf], np.float16), "float", 1, 1),
    "objects of numbers": (np.array([1, None, 2.5], object), "float", 1, 0),
    "big integers": (np.array([1, 2**70, None], object), "biginteger", 1, 0),
    "decimals": (np.array([Decimal("1.10"), None, Decimal(2)], object), "bigdecimal", 1, 0),
    "dates with a zone": (pd.to_datetime(["2024-01-01", None, "2024-01-03"]).tz_localize("Asia/Tokyo"), "date", 1, 0),
    "nanoseconds": (pd.DatetimeIndex(np.array([1, "NaT", 10**18], "datetime64[ns]")), "date", 1, 0),
    "truth": (np.array([True, None, False], object), "boolean", 1, 0),
    "lists": ([[1, 2], None, []], "list<integer>", 1, 0),
    "nothing": ([None, None, None], None, 3, 0),
    "durations": (pd.to_timedelta(["1s", None, "2s"]), None, 1, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd_frames(name: str) -> None:
    values, type_, nulls, errors = ODD[name]
    frame = frame_of(values)
    before = frame.copy(deep=True)
    book = sl.Workbook("W").source("E", type="frame").formulas("F", of="E", copy=True, columns={"gone": "ISNULL(#x)"})
    book = book.distinct("D", of="F").sort("S", of="F", by="x").join("J", left="E", right="F", on="x", how="left")
    run = run_all(book, sources={"E": frame})
    pd.testing.assert_frame_equal(frame, before)
    column = run.report.sheet("F").columns[1]
    assert type_ is None or column.type == type_
    assert (column.nulls, column.errors) == (nulls, errors)
    assert len(run["S"]) == len(run["D"]) == 3
    assert len(run["J"]) >= 3
    if name == "nanoseconds":
        assert any("cut to microseconds" in n.message for n in run.report.sheet("E").notices)


def test_frames_of_mixed_values() -> None:
    book = sl.Workbook("W").source("E", type="frame")
    run = book.run(sources={"E": frame_of([1, "a", 2.5])})
    report = run.report.sheet("E").columns[1]
    assert [(e.row, e.code) for e in report.examples] == [(2, "TYPE")]
    assert "'a'" in report.examples[0].message
    assert run["E"].to_pandas()["x"].dropna().tolist() == [1.0, 2.5]


@pytest.mark.parametrize("values", [[timedelta(1), "a", 1], [object()] * 3, [b"a", None, b"b"], [1 + 2j, 1, 1]])
def test_frames_that_are_refused(values: list[Any]) -> None:
    with pytest.raises(sl.SourceError, match=r"sheet 'E': the frame: column 'x': there is no type for .*: convert"):
        sl.Workbook("W").source("E", type="frame").run(sources={"E": frame_of(values)})


def test_names_of_frames() -> None:
    frame = pd.DataFrame([[1, 2, 3, 4]], columns=["a", "a", "", 7])
    run = (
        sl.Workbook("W")
        .source("E", type="frame")
        .formulas("F", of="E", copy=True, columns={"s": "#a + #a_2"})
        .run(sources={"E": frame})
    )
    got = run["F"].to_pandas()
    assert got.iloc[0].tolist() == [1, 2, 3, 4, 3]
    assert len(set(got.columns)) == 5
    assert run.report.sheet("E").notices, "changed names are told"


def test_exit_code_and_report_on_the_command_line(folder: Path) -> None:
    source("fail").output("E", "o.csv").save(folder / "w.json")
    result = CliRunner().invoke(app, ["run", "w.json"])
    assert result.exit_code == 1
    assert "sheet 'E'" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (folder / "o.csv").exists()
    source().output("E", "o.csv").save(folder / "w.json")
    told = CliRunner().invoke(app, ["run", "w.json", "--format", "json"])
    assert told.exit_code == 0
    assert '"errors": 17' in told.stdout
    json.loads(told.stdout)
