"""Run records: what they say, that they are the same however a run went, and what they look like on disk."""

from __future__ import annotations

import errno
import json
import os
import random
import resource
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import sheetline as sl
from sheetline.functions.columns import Column, Table
from sheetline.functions.interop import table_from_frame
from sheetline.functions.types import BIGDECIMAL, INTEGER, list_of
from sheetline.workbook.cli.app import app
from sheetline.workbook.record.definitions import definition
from sheetline.workbook.record.hashing import LEAF_ROWS, hash_bytes, hash_column
from sheetline.workbook.record.objects import Objects, keep, read_kept
from sheetline.workbook.record.recorder import hash_file

NOW = "2024-03-01T12:00:00Z"
BOOK: dict[str, Any] = {
    "format": "sheetline/1",
    "name": "Sales",
    "description": "Who bought how much.",
    "timezone": "Europe/Berlin",
    "parameters": {"least": {"type": "float", "value": 0}, "since": {"type": "date", "value": "2024-01-01"}},
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
        {"name": "Big", "kind": "filter", "of": "Raw", "where": "#amount > $least && #at > $since"},
        {
            "name": "Sums",
            "kind": "formulas",
            "description": "One row a user.",
            "keep": True,
            "of": "Big",
            "columns": [
                {"name": "user", "formula": "GROUPBY(#Big!user)"},
                {"name": "n", "formula": "GROUPCOUNT()"},
                {"name": "total", "formula": "GROUPSUM(#Big!amount)"},
            ],
        },
        {"name": "Top", "kind": "sort", "of": "Sums", "by": [{"column": "total", "order": "desc"}]},
    ],
    "outputs": [{"sheet": "Top", "to": {"type": "csv", "path": "out/top.csv"}}],
}


def rows(count: int = 40) -> str:
    made = random.Random(1)
    lines = ["user,amount,at,note"]
    for number in range(count):
        amount = "x" if number % 17 == 5 else f"{made.uniform(-1, 9):.2f}"
        lines.append(f"{made.choice(['ann', 'bob', 'cem'])},{amount},2024-03-{number % 28 + 1:02} 10:00:00,n{number}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raw.csv").write_text(rows())
    (tmp_path / "book.json").write_text(json.dumps(BOOK))
    return tmp_path


def call(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return result


def recorded(**options: Any) -> sl.RunRecord:
    return sl.Workbook.load("book.json").run(record=True, now=NOW, **options).record


# --- what a record says


def test_a_record_says_what_the_run_was_made_of(folder: Path) -> None:
    record = sl.Workbook.load("book.json").run(record=True, write=True, now=NOW, seed=5, parameters={"least": 1}).record
    assert record.name == "Sales"
    assert record.book() == sl.Workbook.load("book.json")
    assert record.parameters["least"] == {"type": "float", "value": 1.0}
    assert record.parameters["since"]["value"] == 1_704_063_600_000_000  # midnight in Berlin
    assert record.given == {"least": 1}
    assert (record.timezone, record.now, record.seed) == ("Europe/Berlin", 1_709_294_400_000_000, 5)
    assert record.versions["numpy"] == np.__version__
    assert record.versions["python"] == ".".join(map(str, sys.version_info[:3]))
    assert record.features["numpy"]
    assert record.platform
    source = record.source("Raw")
    assert source is not None
    content = (folder / "raw.csv").read_bytes()
    assert (source.type, source.path, source.size, source.hash) == ("csv", "raw.csv", len(content), hash_bytes(content))
    assert source.options["from"]["delimiter"] == ","
    assert source.options["columns"][2]["pattern"] == "yyyy-MM-dd HH:mm:ss"
    output = record.outputs[0]
    written = (folder / "out/top.csv").read_bytes()
    assert (output.sheet, output.path, output.size) == ("Top", "out/top.csv", len(written))
    assert output.hash == hash_bytes(written)
    assert [sheet.name for sheet in record.sheets] == ["Raw", "Big", "Sums", "Top"]
    assert record.circumstances.seconds > 0
    assert record.circumstances.workbook == str(folder / "book.json")


def test_a_record_says_what_every_sheet_gave(folder: Path) -> None:
    run = sl.Workbook.load("book.json").run(record=True, sheets=["Raw", "Big", "Sums", "Top"])
    for sheet in run.record.sheets:
        table = run[sheet.name].table
        assert sheet.rows == table.rows
        assert [(c.name, c.type) for c in sheet.columns] == [(name, str(c.type)) for name, c in table.columns.items()]
        for one in sheet.columns:
            column = table.columns[one.name]
            assert (one.hash, one.leaves) == (hash_column(column).hash, hash_column(column).leaves)
            assert one.errors == (0 if column.errors is None else len(column.errors))
    raw, big, sums, top = run.record.sheets
    assert (raw.inputs, big.inputs, top.inputs) == ((), ("Raw",), ("Sums",))
    assert raw.column("amount").errors == 3  # type: ignore[union-attr]
    assert big.removed == 3
    assert sums.description == "One row a user."
    assert sums.formulas["total"] == "GROUPSUM(#Big!amount)"
    assert big.definition["parameters"] == {"least": {"type": "float", "value": 0.0}} | {
        "since": {"type": "date", "value": 1_704_063_600_000_000}
    }
    assert "parameters" not in sums.definition
    table = run.record.table("Sums")
    for name, column in run["Sums"].table.columns.items():
        assert table.columns[name].to_list() == column.to_list()
    with pytest.raises(sl.RecordError, match="no rows of sheet 'Raw'"):
        run.record.table("Raw")


def test_columns_that_nobody_needed_are_named(folder: Path) -> None:
    raw = recorded().sheet("Raw")
    assert [one.name for one in raw.columns] == ["user", "amount", "at"]
    assert raw.not_read == {"note": "string"}


def test_a_run_without_a_record_says_so(folder: Path) -> None:
    run = sl.Workbook.load("book.json").run()
    with pytest.raises(sl.RecordError, match=r"kept no record: ask for it: run\(record=True\)"):
        _ = run.record


def test_a_sheet_that_is_asked_for_later_is_no_part_of_the_record(folder: Path) -> None:
    book = sl.Workbook.load("book.json")
    run = book.run(record=True, now=NOW)
    before = run.record.id
    assert len(run["Raw"]) == 40
    assert run.record.id == before
    assert [one.rows for one in run.record.sheets] == [one.rows for one in recorded().sheets]


# --- the same record however a run went


def test_runs_of_the_same_have_the_same_record(folder: Path) -> None:
    first = recorded(threads=1)
    for threads, block_rows in [(1, 7), (2, 7), (2, 16), (2, None)]:
        other = recorded(threads=threads, block_rows=block_rows)
        assert other == first
        assert other.id == first.id
    assert recorded(seed=1).id != first.id
    assert recorded(parameters={"least": 3}).id != first.id
    (folder / "raw.csv").write_text(rows().replace("ann", "eve", 1))
    assert recorded().id != first.id


def test_descriptions_and_spelling_are_no_part_of_a_definition(folder: Path) -> None:
    first = recorded()
    book = json.loads(json.dumps(BOOK))
    book["sheets"][1]["where"] = " #amount>$least   &&#at>$since"
    book["sheets"][2]["description"] = "Another one."
    book["sheets"][2]["columns"] = {one["name"]: one["formula"] for one in book["sheets"][2]["columns"]}
    del book["sheets"][2]["keep"]
    (folder / "book.json").write_text(json.dumps(book))
    second = recorded()
    assert [one.definition_hash for one in second.sheets] == [one.definition_hash for one in first.sheets]
    assert second.id != first.id


def test_the_order_of_columns_is_part_of_a_definition(folder: Path) -> None:
    first = recorded().sheet("Sums")
    book = json.loads(json.dumps(BOOK))
    book["sheets"][2]["columns"].reverse()
    (folder / "book.json").write_text(json.dumps(book))
    second = recorded().sheet("Sums")
    assert second.definition_hash != first.definition_hash
    assert second.hash != first.hash
    assert {one.hash for one in second.columns} == {one.hash for one in first.columns}


@pytest.mark.parametrize(
    ("formula", "keys"),
    [("#x + 1", set()), ("NOW()", {"now"}), ("HOUR(#at)", {"timezone"}), ("RAND()", {"seed"}), ("$p", {"parameters"})],
)
def test_a_definition_names_what_the_formulas_depend_on(formula: str, keys: set[str]) -> None:
    frame = {"x": [1], "at": np.array(["2024-01-01"], "datetime64[s]")}
    book = sl.Workbook("W", parameters={"p": 1, "q": 2}).source("E", type="frame")
    run = book.formulas("F", of="E", columns={"y": formula}).run(sources={"E": frame}, record=True)
    found = run.record.sheet("F").definition
    assert set(found) & {"now", "timezone", "seed", "parameters"} == keys
    assert set(found.get("parameters", {})) <= {"p"}


def test_a_function_of_ones_own_is_known_by_its_source() -> None:
    from sheetline.formulas.bound import Graph  # the functions themselves need no registry here
    from sheetline.workbook.record.definitions import _source_hash

    def one(x: Any) -> Any:
        return x + 1

    def other(x: Any) -> Any:
        return x + 2

    assert _source_hash(one) == _source_hash(one) != _source_hash(other)
    assert _source_hash(Graph.make) == ""


# --- on disk


def test_a_record_reads_back_as_it_was(folder: Path) -> None:
    book = sl.Workbook.load("book.json")
    record = book.run(record="rec", write=True).record
    found = sl.RunRecord.load("rec")
    assert found == record
    assert found.id == record.id
    assert found.to_json() == record.to_json() == json.loads((folder / "rec/record.json").read_text())
    assert found.circumstances == record.circumstances
    assert found.table("Sums").columns["total"].to_list() == record.table("Sums").columns["total"].to_list()
    assert sl.RunRecord.load(folder / "rec" / "record.json") == record
    found.save("copy")
    assert (folder / "copy/record.json").read_bytes() == (folder / "rec/record.json").read_bytes()
    names = sorted(path.name for path in (folder / "rec/objects").iterdir())
    assert names == sorted(path.name for path in (folder / "copy/objects").iterdir())
    assert all(hash_file(folder / "rec/objects" / name).hash == name.removesuffix(".parquet") for name in names)
    assert not [path for path in (folder / "rec").rglob("*") if ".tmp" in path.name or path.name == ".probe"]


def test_kept_rows_read_back_exactly() -> None:
    moment = np.array(["2024-01-01T00:00:00.000001", "NaT", "1900-02-03"], "datetime64[us]")
    frame = {
        "i": [1, None, -(2**63)],
        "f": [0.1 + 0.2, None, -1e300],
        "s": ["a", None, "ünï\0"],
        "b": [True, None, False],
        "d": moment,
    }
    table, _ = table_from_frame(frame)
    big = Column.of([10**60, None, -1])
    exact = Column.of(["1.00", None, "-0.5"])
    from decimal import Decimal

    exact = Column.of([None if one is None else Decimal(one) for one in exact.to_list()], BIGDECIMAL)
    lists = Column.of([[1, None], None, []], list_of(INTEGER))
    failed = sl.Workbook("W").source("E", type="frame").formulas("F", of="E", columns={"y": "1 / #x"})
    errors = failed.run(sources={"E": {"x": [0, 1, 2]}})["F"].table.columns["y"]
    columns = {**table.columns, "big": big, "exact": exact, "lists": lists, "errors": errors}
    nothing = Column.nulls_of(sl.compile("NULL").type, 3)
    whole = Table({**columns, "nothing": nothing}, 3)
    record = (
        sl.Workbook("W").source("E", type="frame", keep=True).run(sources={"E": {"x": [1, 2, 3]}}, record=True).record
    )
    objects = Objects()
    sheet = replace(
        record.sheets[0],
        columns=tuple(_column(name, column) for name, column in whole.columns.items()),
        kept=keep(whole, objects),
    )
    found = read_kept(sheet, objects)
    for name, column in whole.columns.items():
        assert repr(found.columns[name].to_list()) == repr(column.to_list()), name
        assert found.columns[name].type == column.type
    assert errors.errors is not None
    assert found.columns["errors"].errors is not None
    assert found.columns["errors"].errors.messages() == errors.errors.messages()


def _column(name: str, column: Column) -> Any:
    from sheetline.workbook.record.model import ColumnRecord

    found = hash_column(column)
    return ColumnRecord(name, found.type, 0, 0, found.hash, found.leaves)


def test_every_changed_byte_of_a_record_is_noticed(folder: Path) -> None:
    sl.Workbook.load("book.json").run(record="rec", now=NOW)
    path = folder / "rec/record.json"
    good = path.read_bytes()
    made = random.Random(7)
    for place in sorted(made.sample(range(len(good)), 150)):
        path.write_bytes(good[:place] + bytes([good[place] ^ (1 << made.randrange(7))]) + good[place + 1 :])
        with pytest.raises(sl.RecordError) as caught:
            sl.RunRecord.load("rec")
        assert "record" in str(caught.value)
    path.write_bytes(good[: len(good) // 2])
    with pytest.raises(sl.RecordError, match="damaged"):
        sl.RunRecord.load("rec")
    path.write_bytes(good)
    assert sl.RunRecord.load("rec").name == "Sales"


def test_a_changed_part_is_named_and_an_object_is_looked_at(folder: Path) -> None:
    sl.Workbook.load("book.json").run(record="rec")
    path = folder / "rec/record.json"
    text = path.read_text()
    path.write_text(text.replace(f'"numpy": "{np.__version__}"', '"numpy": "1.0"'))
    said = call("replay", "rec", code=3).stderr
    assert "the record is damaged: changed after it was written: 'versions'" in said
    path.write_text(text)
    kept = next((folder / "rec/objects").iterdir())
    raw = bytearray(kept.read_bytes())
    raw[len(raw) // 2] ^= 1
    kept.write_bytes(raw)
    said = call("replay", "rec", code=3).stderr
    assert "not what its name says" in said
    assert kept.name in said
    kept.unlink()
    assert "can't be read" in call("replay", "rec", code=3).stderr


def test_what_is_no_record(folder: Path) -> None:
    assert "there is no run record" in call("replay", "nowhere", code=3).stderr
    with pytest.raises(sl.RecordError, match="it is no JSON"):
        sl.RunRecord.load(folder / "raw.csv")
    assert "this is no run record" in call("replay", "book.json", code=3).stderr
    sl.Workbook.load("book.json").run(record="rec")
    path = folder / "rec/record.json"
    path.write_text(path.read_text().replace("sheetline-record/2", "sheetline-record/9"))
    assert "of format sheetline-record/9" in call("replay", "rec", code=3).stderr
    path.write_text('{"format": "sheetline-record/2"}')
    assert "damaged" in call("replay", "rec", "--no-verify", code=3).stderr


def test_a_record_takes_the_place_of_another(folder: Path) -> None:
    book = sl.Workbook.load("book.json")
    first = book.run(record="rec").record
    second = book.run(record="rec", parameters={"least": 4}).record
    assert sl.RunRecord.load("rec") == second != first
    objects = folder / "rec/objects"
    assert len(list(objects.iterdir())) == 2  # the old one may be in use by somebody
    for path in objects.iterdir():
        os.utime(path, (0, 0))
    (objects / ".left.tmp").write_text("")
    os.utime(objects / ".left.tmp", (0, 0))
    third = book.run(record="rec", parameters={"least": 6}).record
    assert sl.RunRecord.load("rec") == third
    left = sorted(path.name for path in objects.iterdir())
    assert f"{third.sheet('Sums').kept.values}.parquet" in left  # type: ignore[union-attr]
    assert ".left.tmp" not in left


def test_a_damaged_object_is_written_again(folder: Path) -> None:
    book = sl.Workbook.load("book.json")
    book.run(record="rec")
    kept = next((folder / "rec/objects").iterdir())
    kept.write_bytes(b"PAR1")
    book.run(record="rec")
    assert sl.RunRecord.load("rec").table("Sums").rows == 3


def test_a_source_that_changes_while_it_is_read_has_no_fingerprint(folder: Path) -> None:
    from sheetline.workbook.record import recorder

    path = folder / "raw.csv"
    hashed = recorder.hash_file

    def changing(place: Path) -> Any:
        found = hashed(place)
        path.write_text(rows(41))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder, "hash_file", changing)
        assert recorder.hash_file_if_there(path) is None
    assert recorder.hash_file_if_there(path) == hash_file(path)
    assert recorder.hash_file_if_there(folder / "none") is None


# --- the command line


def test_run_writes_a_record(folder: Path) -> None:
    said = call("run", "book.json", "--record", "rec", "--now", NOW).stdout
    record = sl.RunRecord.load("rec")
    assert f"record {record.id[:12]} in rec" in said
    assert [one.path for one in record.outputs] == ["out/top.csv"]
    assert record.outputs[0].hash == hash_bytes((folder / "out/top.csv").read_bytes())
    found = json.loads(call("run", "book.json", "--record", "rec2", "--now", NOW, "--format", "json").stdout)
    assert found["record"] == record.id == sl.RunRecord.load("rec2").id
    only = json.loads(call("run", "book.json", "--record", "rec3", "--sheet", "Sums", "--format", "json").stdout)
    assert sl.RunRecord.load("rec3").id == only["record"]
    assert sl.RunRecord.load("rec3").outputs == ()


def test_a_record_that_cannot_be_written_is_told_before_the_run(folder: Path) -> None:
    (folder / "file").write_text("")
    said = call("run", "book.json", "--record", "file/rec", code=3)
    assert "file/rec" in said.stderr
    assert not (folder / "out").exists()
    assert call("run", "book.json", "--record", "file", code=3).stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_without_permission(folder: Path) -> None:
    (folder / "closed").mkdir(mode=0o500)
    said = call("run", "book.json", "--record", "closed/rec", code=3).stderr
    assert "there is no permission to write it" in said


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_full_disk(folder: Path, monkeypatch: pytest.MonkeyPatch, fault: int) -> None:
    call("run", "book.json", "--record", "rec")
    before = sl.RunRecord.load("rec")
    (folder / "raw.csv").write_text(rows(50))

    def full(handle: int) -> None:
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(os, "fsync", full)
    said = call("run", "book.json", "--record", "rec", code=3).stderr
    assert "Traceback" not in said
    assert ("no permission" if fault == errno.EACCES else os.strerror(fault)) in said
    assert sl.RunRecord.load("rec") == before
    assert not list((folder / "rec").rglob("*.tmp"))


def test_a_limit_on_file_sizes(folder: Path) -> None:
    """A true failure of the system to write, as a full disk is."""
    call("run", "book.json", "--record", "rec")
    before = sl.RunRecord.load("rec")
    (folder / "raw.csv").write_text(rows(60))
    # Enough for the output and the rows, not for record.json.
    limit = (folder / "rec/record.json").stat().st_size - 1000

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-m", "sheetline", "run", "book.json", "--record", "rec"]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=limited, check=False)
    assert done.returncode == 3, done.stderr
    assert "it cannot be written: File too large" in done.stderr
    assert sl.RunRecord.load("rec") == before
    shutil.rmtree(folder / "rec")


def test_leaves_of_larger_sheets() -> None:
    frame = {"x": np.arange(2 * LEAF_ROWS + 5)}
    book = sl.Workbook("W").source("E", type="frame").formulas("F", of="E", columns={"y": "#x * 2"})
    record = book.run(sources={"E": frame}, record=True).record
    other = book.run(sources={"E": {"x": np.where(frame["x"] == LEAF_ROWS, -1, frame["x"])}}, record=True).record
    for name, column in (("E", "x"), ("F", "y")):
        one, two = record.sheet(name).column(column), other.sheet(name).column(column)
        assert one is not None
        assert two is not None
        assert [a != b for a, b in zip(one.leaves, two.leaves, strict=True)] == [False, True, False]


def test_the_keys_of_sorts_and_joins_are_part_of_the_definition() -> None:
    book = (
        sl.Workbook("Keys")
        .source("E", type="frame")
        .source("E2", type="frame")
        .sort("Shuffled", of="E", by=[{"formula": "RAND()"}])
        .join("Days", left="E", right="E2", on=[{"left": "YEAR(NOW())", "right": "#y"}])
    )
    plan = book.plan(sources={"E": {"x": [1, 2]}, "E2": {"y": [2024, 2025]}}, seed=5, now="2024-05-01T00:00:00Z")
    shuffled, days = definition(plan, "Shuffled"), definition(plan, "Days")
    assert shuffled["seed"] == 5
    assert shuffled["functions"] == ["RAND"]
    assert days["now"] == plan.env.now
    assert days["functions"] == ["NOW", "YEAR"]
