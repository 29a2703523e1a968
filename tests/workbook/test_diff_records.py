"""What differs between two records: what the runs were made of, and the rows of kept sheets, matched by key."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from calling import values
from typer.testing import CliRunner

import sheetline as sl
from sheetline.functions.columns import Column, Table
from sheetline.functions.types import BIGDECIMAL, FLOAT, INTEGER, list_of
from sheetline.workbook.cli.app import app
from sheetline.workbook.diff.model import Cell, ColumnData, RowExample, SheetData
from sheetline.workbook.diff.records import UnknownKeyError
from sheetline.workbook.diff.rows import compare_rows

NOW = "2024-03-01T12:00:00Z"
OLD = {"driver": ["ann", "bob", "ann", "cem"], "km": [12.0, 3.0, 30.0, 9.0], "minutes": [10, 9, 21, 20]}
NEW = {"driver": ["ann", "bob", "ann", "dan"], "km": [12.0, 3.0, 33.0, 8.0], "minutes": [10, 9, 21, 0]}


def book(**columns: str) -> sl.Workbook:
    formulas = {"driver": "GROUPBY(#Rides!driver)", "top": "GROUPMAX(#Rides!km / #Rides!minutes)", **columns}
    made = sl.Workbook("Rides", parameters={"least": 1}).source("Rides", type="frame")
    made = made.formulas("Fastest", of="Rides", columns=formulas, keep=True)
    return made.sort("Ranked", of="Fastest", by=["top"], keep=True)


def record(frame: Any = None, made: sl.Workbook | None = None, **options: Any) -> sl.RunRecord:
    run = (made or book()).run(sources={"Rides": frame or OLD}, record=True, **{"now": NOW, **options})
    return run.record


def data(found: sl.Diff, sheet: str) -> SheetData:
    return next(one for one in found.data if one.sheet == sheet)


# --- what the runs were made of


def test_the_same_run_twice_is_the_same() -> None:
    found = sl.diff(record(), record(now="2025-01-01", threads=1))
    assert found.same
    assert not found.changes
    assert str(found).endswith("nothing differs, 3 sheets identical")


def test_versions_parameters_samples_and_what_was_asked_for() -> None:
    old = record()
    changed = replace(old, versions={**old.versions, "numpy": "1.0"}, platform="Other")
    said = [(one.what, one.name, one.new) for one in sl.diff(old, changed).changes]
    assert said == [("version", "numpy", "1.0"), ("platform", "platform", "Other")]
    other = record(parameters={"least": 7}, sample=2, sheets=["Fastest"])
    found = sl.diff(old, other)
    assert [(one.what, one.name, one.old, one.new) for one in found.changes] == [
        ("parameter", "least", 1, 7),
        ("sample", "sample", None, 2),
        ("wanted", "sheets", None, ["Fastest"]),
        ("read option", "sample", None, 2),
    ]
    assert (data(found, "Ranked").rows_old, data(found, "Ranked").rows_new) == (3, None)
    assert not data(found, "Ranked").differs


def test_the_clock_counts_only_where_it_is_used() -> None:
    made = book(when="GROUPMAX(NOW())")
    found = sl.diff(record(None, made), record(None, made, now="2025-01-01"))
    assert ("clock or seed", "Fastest", "now") in [(one.what, one.sheet, one.name) for one in found.changes]


def test_bytes_and_paths_of_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("driver,km,minutes\nann,1.5,2\n")
    (tmp_path / "b.csv").write_text("driver,km,minutes\nann,2.5,2\n")
    (tmp_path / "c.csv").write_text("driver,km,minutes\nann,1.5,2\n")
    one, other, same = (record(str(tmp_path / f"{name}.csv")) for name in "abc")
    (change,) = sl.diff(one, other).changes
    assert (change.what, change.sheet, change.words) == ("source data", "Rides", "data of source Rides changed")
    assert change.old["hash"] != change.new["hash"]
    assert change.reach is not None
    assert "Ranked!top" in change.reach.columns
    (change,) = sl.diff(one, same).changes
    assert (change.what, change.name) == ("source", "path")
    assert not any(sheet.differs for sheet in sl.diff(one, same).data)


def test_types_errors_and_columns() -> None:
    old = record(None, book(n="GROUPCOUNT()", gone="GROUPANY(#Rides!km)"))
    frame = {**NEW, "driver": [1, 2, 1, 3]}
    found = sl.diff(old, record(frame, book(many="GROUPCOUNT()", new="GROUPMIN(#Rides!km)")))
    fastest = data(found, "Fastest")
    assert [(one.name, one.old_name, one.status) for one in fastest.columns] == [
        ("driver", "driver", "retyped"),
        ("top", "top", "differs"),
        ("many", "n", "identical"),
        ("new", "new", "added"),
        ("gone", "gone", "removed"),
    ]
    assert fastest.columns[1] == ColumnData("top", "top", "differs", "float", "float", 0, 1)
    assert fastest.rows is not None
    assert (fastest.rows.keys, fastest.rows.found) == ((), "row position")  # no text is equal to a number
    shown = str(found)
    assert "type of driver: string → integer" in shown
    assert "errors in top: 0 → 1" in shown


# --- rows by key


def test_rows_by_the_keys_of_groups() -> None:
    found = sl.diff(record(), record(NEW))
    for name in ("Fastest", "Ranked"):  # the sort passes the keys on
        rows = data(found, name).rows
        assert rows is not None
        assert (rows.keys, rows.found) == (("driver",), "grouping keys")
        assert (rows.added, rows.removed, rows.changed, rows.same) == (1, 1, 1, 1)
        assert rows.columns == {"top": 1}
        assert rows.examples == (
            RowExample("changed", {"driver": "ann"}, (Cell("top", 30 / 21, 33 / 21),)),
            RowExample("added", {"driver": "dan"}, (Cell("top", None, "error DIV0"),)),
            RowExample("removed", {"driver": "cem"}, (Cell("top", 9 / 20, None),)),
        )
    assert data(found, "Rides").rows is None


def test_given_keys_and_few_examples() -> None:
    found = sl.diff(record(), record(NEW), keys={"Fastest": ["top"], "Ranked": "driver"}, examples=1)
    rows = data(found, "Fastest").rows
    assert rows is not None
    assert (rows.keys, rows.found, rows.added, rows.removed, rows.changed) == (("top",), "given", 2, 2, 0)
    assert [one.kind for one in rows.examples] == ["added", "removed"]
    assert "and 1 more added, 1 more removed" in str(found)
    assert data(found, "Ranked").rows is not None


def test_wrong_keys() -> None:
    old, new = record(), record(NEW)
    with pytest.raises(UnknownKeyError, match="no sheet 'None'"):
        sl.diff(old, new, keys={"None": "a"})
    with pytest.raises(UnknownKeyError, match="no column 'nix' in both"):
        sl.diff(old, new, keys={"Fastest": "nix"})
    with pytest.raises(UnknownKeyError, match="names no column"):
        sl.diff(old, new, keys={"Fastest": []})
    assert "must be kept in both" in sl.diff(old, new, keys={"Rides": "driver"}).notes[0]
    assert "not used" in sl.diff(book(), book(), keys={"Rides": "driver"}).notes[0]
    with pytest.raises(ValueError, match="number of rows"):
        sl.diff(old, new, examples=-1)


def test_renamed_sheets_and_columns_are_matched() -> None:
    made = sl.Workbook("Rides", parameters={"least": 1}).source("Rides", type="frame")
    formulas = {"who": "GROUPBY(#Rides!driver)", "best": "GROUPMAX(#Rides!km / #Rides!minutes)"}
    made = made.formulas("Best", of="Rides", columns=formulas, keep=True)
    found = sl.diff(record(), record(NEW, made.sort("Ranked", of="Best", by=["best"], keep=True)))
    rows = data(found, "Best").rows
    assert data(found, "Best").old_name == "Fastest"
    assert rows is not None
    assert (rows.keys, rows.columns, rows.added, rows.removed) == (("who",), {"best": 1}, 1, 1)
    assert rows.examples[2].cells[0].column == "best"


def test_rows_by_position_say_so() -> None:
    made = sl.Workbook("P").source("Rides", type="frame", keep=True)
    found = sl.diff(record(OLD, made), record({name: cells[1:] for name, cells in OLD.items()}, made))
    rows = data(found, "Rides").rows
    assert rows is not None
    assert (rows.found, rows.added, rows.removed, rows.changed) == ("row position", 0, 1, 3)
    assert rows.examples[0].key == {"row": 1}


def test_rows_in_another_order() -> None:
    made = sl.Workbook("P").source("Rides", type="frame").distinct("D", of="Rides", columns=["minutes"])
    made = made.filter("Kept", of="D", where="#km > 0", keep=True)
    turned = {name: cells[::-1] for name, cells in OLD.items()}
    rows = data(sl.diff(record(OLD, made), record(turned, made)), "Kept").rows
    assert rows is not None
    assert (rows.keys, rows.found) == (("minutes",), "distinct columns")
    assert (rows.added, rows.removed, rows.changed, rows.same, rows.reordered) == (0, 0, 0, 4, True)


def test_a_record_and_a_workbook() -> None:
    found = sl.diff(book(), record())
    assert found.same
    assert "only the workbooks" in found.notes[0]


def test_a_damaged_record(tmp_path: Path) -> None:
    record().save(tmp_path / "a")
    record(NEW).save(tmp_path / "b")
    for path in (tmp_path / "b" / "objects").iterdir():
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(sl.RecordError, match="not what its name says"):
        sl.diff(tmp_path / "a", tmp_path / "b")
    done = CliRunner().invoke(app, ["diff", str(tmp_path / "a"), str(tmp_path / "b")])
    assert done.exit_code == 3


def test_the_command_line(tmp_path: Path) -> None:
    record().save(tmp_path / "a")
    record(NEW).save(tmp_path / "b")
    pair = [str(tmp_path / "a"), str(tmp_path / "b" / "record.json")]
    assert CliRunner().invoke(app, ["diff", pair[0], pair[0]]).exit_code == 0
    done = CliRunner().invoke(app, ["diff", *pair, "--key", "Fastest=top", "--format", "json"])
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert [one["sheet"] for one in found["data"] if one["differs"]] == ["Rides", "Fastest", "Ranked"]
    assert found["data"][1]["rowsByKey"]["keys"] == ["top"]
    wrong = CliRunner().invoke(app, ["diff", *pair, "--key", "Fastest=nix"])
    assert wrong.exit_code == 2
    assert "no column 'nix'" in wrong.stderr
    shown = CliRunner().invoke(app, ["diff", *pair, "--format", "markdown"]).stdout
    assert '```diff\n! driver "ann": top 1.4285714285714286 → 1.5714285714285714\n' in shown


# --- an oracle in plain Python

TYPES = {"k": None, "j": FLOAT, "n": INTEGER, "x": FLOAT, "s": None, "d": BIGDECIMAL, "l": list_of(INTEGER)}


@pytest.mark.parametrize("seed", range(20))
def test_rows_against_plain_python(seed: int) -> None:
    from decimal import Decimal

    rng = np.random.default_rng(seed)

    def some(rows: int) -> Table:
        def cells(made: list[Any]) -> list[Any]:
            return [None if rng.random() < 0.15 else made[int(rng.integers(len(made)))] for _ in range(rows)]

        made = {
            "k": cells(["a", "b", "c", "dd", ""]),
            "j": cells([0.0, -0.0, 1.5]),
            "n": cells([1, 2]),
            "x": cells([0.5, 1.0]),
            "s": cells(["x", "yy"]),
            "d": cells([Decimal("1.0"), Decimal(2)]),
            "l": cells([[1], [1, 2], []]),
        }
        columns = {name: Column.of(column, TYPES[name]) for name, column in made.items()}
        return Table.of({**columns, "k": Column.of(made["k"], Column.of(["a"]).type)})

    old, new = some(int(rng.integers(0, 25))), some(int(rng.integers(0, 25)))
    pairs = [(name, name) for name in TYPES]
    keys = [pairs[:1], pairs[:2], pairs[:3], []][seed % 4]
    found = compare_rows(old, new, pairs, keys, "given", 100)

    def rows_of(table: Table) -> dict[Any, list[Any]]:
        columns = {name: values(column) for name, column in table.columns.items()}
        made: dict[Any, list[Any]] = {}
        for row in range(table.rows):
            key = tuple(columns[name][row] for name, _ in keys) if keys else (row,)
            number = sum(one[0] == key for one in made)
            made[key, number] = [columns[name][row] for name in TYPES if (name, name) not in keys]
        return made

    before, now = rows_of(old), rows_of(new)
    both = [key for key in before if key in now]
    changed = [key for key in both if before[key] != now[key]]
    assert found.added == len(now) - len(both)
    assert found.removed == len(before) - len(both)
    assert (found.changed, found.same) == (len(changed), len(both) - len(changed))
    rest = [name for name in TYPES if (name, name) not in keys]
    by_column = {name: sum(before[key][i] != now[key][i] for key in both) for i, name in enumerate(rest)}
    assert found.columns == {name: many for name, many in by_column.items() if many}
    assert len(found.examples) == len(changed) + found.added + found.removed
    order = list(now)
    assert found.reordered == (sorted(places := [order.index(key) for key in both]) != places)


def test_many_rows_against_pandas() -> None:
    rng = np.random.default_rng(3)
    rows = 300_000
    old = pd.DataFrame({"k": rng.permutation(rows), "x": rng.integers(0, 9, rows), "s": rng.choice(["a", "b"], rows)})
    new = old.sample(frac=0.9, random_state=1)
    new["x"] = np.where(rng.random(len(new)) < 0.01, 100, new["x"])
    more = pd.DataFrame({"k": np.arange(rows, rows + 500), "x": 1, "s": "c"})
    new = pd.concat([new, more], ignore_index=True)
    made = sl.Workbook("P").source("Rides", type="frame", keep=True)
    found = sl.diff(*(made.run(sources={"Rides": one}, record=True).record for one in (old, new)), keys={"Rides": "k"})
    counts = data(found, "Rides").rows
    assert counts is not None
    assert counts.added == 500
    assert counts.removed == rows - (len(new) - 500)
    assert counts.columns == {"x": int((new["x"] == 100).sum())}
    assert counts.reordered
