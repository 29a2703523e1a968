"""Sources that are not as a workbook expects: what is found, what it reaches, and what a run does about it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import sheetline as sl
from sheetline.workbook.cli.app import app

LISTED: list[dict[str, object]] = [
    {"name": "Sensor", "source": "sensor_code", "type": "string"},
    {"name": "Speed", "type": "float"},
    {"name": "At", "type": "date", "pattern": "dd.MM.yyyy"},
]
GOOD = "sensor_code,Speed,At\na,1.5,01.02.2024\nb,20,02.02.2024\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("e.csv").write_text(GOOD)
    return tmp_path


def book(**keys: Any) -> sl.Workbook:
    made = sl.Workbook("W").source("E", "e.csv", columns=LISTED, **keys)
    made = made.filter("Fast", of="E", where="#Speed > 10")
    made = made.formulas("Top", of="Fast", columns={"s": "GROUPBY(#Sensor)", "last": "GROUPMAX(#At)"})
    return made.output("Top", "top.csv")


def found(drift: sl.Drift) -> list[tuple[str, str, str | None, str | None]]:
    return [(one.kind, one.column, one.expected, one.found) for one in drift.columns]


def frame(columns: Sequence[Mapping[str, object]], data: Any, **options: Any) -> sl.Drift:
    """The drift of a frame of which some columns are listed."""
    return sl.Workbook("W").source("E", type="frame", columns=columns).drift(sources={"E": data}, **options)


# --- what is found


def test_nothing_is_different(folder: Path) -> None:
    drift = book().drift()
    assert drift.ok
    assert drift.columns == ()
    assert str(drift) == "every source has what is expected of it"


def test_a_missing_column_and_what_it_reaches(folder: Path) -> None:
    Path("e.csv").write_text("sensor_code,At\na,01.02.2024\n")
    drift = book().drift()
    assert found(drift) == [("missing", "Speed", "float", None)]
    one = drift.columns[0]
    assert set(one.columns) == {"Fast!Sensor", "Fast!Speed", "Fast!At", "Top!s", "Top!last"}
    assert one.outputs == ("top.csv",)
    assert not drift.ok
    assert str(drift).startswith("E: column 'Speed' is missing; it reaches Fast!Sensor, ")


def test_reach_is_that_of_the_column_alone(folder: Path) -> None:
    Path("e.csv").write_text("sensor_code,Speed\na,1\n")
    one = book().drift().columns[0]
    assert one.columns == ("Fast!At", "Top!last")


@pytest.mark.parametrize(
    "now", ["SensorCode", "Sensor_Code", "sensor code", "sensor_cod", "code_sensor", "sensor_code_2"]
)
def test_a_renamed_column(now: str, folder: Path) -> None:
    Path("e.csv").write_text(GOOD.replace("sensor_code", now))
    drift = book().drift()
    assert found(drift) == [("renamed", "Sensor", "string", "string")]
    assert drift.columns[0].candidates == (now,)
    assert drift.renames == {"E": {"Sensor": now}}
    assert "Fast!Sensor" in drift.columns[0].columns
    assert not any(now in name for name in drift.columns[0].columns)


def test_a_name_of_the_sheet_counts_too(folder: Path) -> None:
    Path("e.csv").write_text(GOOD.replace("sensor_code", "sensor"))
    assert book().drift().renames == {"E": {"Sensor": "sensor"}}


def test_a_column_of_another_type_is_no_rename() -> None:
    drift = frame([{"name": "speed", "type": "float"}], {"Speed": ["x", "y"]})
    assert found(drift) == [("missing", "speed", "float", None), ("new", "Speed", None, "string")]


def test_two_likely_names_are_none() -> None:
    drift = frame([{"name": "speed_kmh", "type": "float"}], {"speed_kmx": [1.0], "speed_kmz": [2.0]})
    assert [(one.kind, one.candidates) for one in drift.harmful] == [("missing", ("speed_kmx", "speed_kmz"))]
    assert "it may be 'speed_kmx' or 'speed_kmz' now" in str(drift)


def test_one_column_can_not_be_two() -> None:
    drift = frame([{"name": "speed_a"}, {"name": "speed_b"}], {"speed_c": [1.0]})
    assert [one.kind for one in drift.harmful] == ["missing", "missing"]
    assert drift.renames == {}


@pytest.mark.parametrize(
    ("declared", "values", "now"),
    [
        ("integer", ["1", "2.5", "3"], "float"),
        ("integer", ["1", "2", "3"], None),
        ("integer", ["1", "x", "y"], "string"),
        ("integer", ["1", "2", "x"], None),
        ("float", ["1", "2", "3"], None),
        ("string", ["1", "2", "3"], None),
        ("boolean", ["a", "b", "c"], "string"),
        ("date", ["2024-01-01", "2024-01-02", "2024-01-03"], None),
        ("integer", ["", "", ""], None),
    ],
)
def test_retyped_columns_of_text(declared: str, values: list[str], now: str | None, folder: Path) -> None:
    """Single values that can't be read are errors in the data, as ever."""
    Path("e.csv").write_text("k,v\n" + "".join(f"{i},{value}\n" for i, value in enumerate(values)))
    drift = sl.Workbook("W").source("E", "e.csv", columns={"v": declared}, only=True).drift()
    assert found(drift) == ([] if now is None else [("retyped", "v", declared, now)])


def test_a_pattern_that_dates_no_longer_follow(folder: Path) -> None:
    Path("e.csv").write_text("sensor_code,Speed,At\na,1,2024-02-01\n")
    drift = book().drift()
    assert found(drift) == [("retyped", "At", "date dd.MM.yyyy", "date")]


def test_retyped_columns_that_have_types() -> None:
    at = [datetime(2024, 1, 1, tzinfo=UTC)]
    listed = [{"name": "n", "type": "integer"}, {"name": "t", "type": "date"}, {"name": "s", "type": "string"}]
    assert frame(listed, {"n": [1], "t": at, "s": [5]}).ok
    assert found(frame(listed, {"n": ["x"], "t": at, "s": ["x"]})) == [("retyped", "n", "integer", "string")]
    assert found(frame(listed, {"n": [1], "t": [17], "s": ["x"]})) == [("retyped", "t", "date", "integer")]


def test_a_parquet_file(folder: Path) -> None:
    pq.write_table(pa.table({"n": ["a"], "Extra": [1]}), "e.parquet")
    made = sl.Workbook("W").source("E", "e.parquet", columns={"n": "integer", "extra": "integer", "m": "float"})
    assert found(made.drift()) == [
        ("retyped", "n", "integer", "string"),
        ("renamed", "extra", "integer", "integer"),
        ("missing", "m", "float", None),
    ]


def test_new_columns_harm_nothing(folder: Path) -> None:
    Path("e.csv").write_text(GOOD.replace("At\n", "At,More\n"))
    drift = book().drift()
    assert found(drift) == [("new", "More", None, "null")]
    assert drift.ok
    assert book(only=True).drift().columns == (), "what a source drops is not looked at"


def test_a_source_of_which_nothing_is_known() -> None:
    drift = sl.Workbook("W").source("E", type="frame").drift(sources={"E": {"a": [1]}})
    assert drift.ok
    assert drift.unknown == ("E",)
    assert "E: it lists no columns, and no record tells what it had" in str(drift)


def test_other_sources_and_mappings(folder: Path) -> None:
    Path("o.csv").write_text(GOOD.replace("Speed", "kmh"))
    assert book().drift(sources={"E": "o.csv"}).renames == {}
    assert not book().drift(sources={"E": "o.csv"}).ok
    assert book().drift(sources={"E": "o.csv"}, mappings={"E": {"Speed": "kmh"}}).ok
    assert book().drift(sources={"E": "o.csv"}, mappings={"E": {"Speed": None}}).ok


def test_a_workbook_that_is_wrong_by_itself(folder: Path) -> None:
    Path("e.csv").write_text("a\n1\n")
    with pytest.raises(sl.WorkbookError, match="F102"):
        book().formulas("X", of="E", columns={"y": "#nothing"}).drift()


# --- with a record


def test_what_is_on_record_is_expected() -> None:
    made = sl.Workbook("W").source("E", type="frame").formulas("F", of="E", columns={"y": "#a * 2"})
    then = made.run(sources={"E": {"a": [1], "b": ["x"], "c": [1.5]}}, record=True).record
    assert made.drift(sources={"E": {"a": [2], "b": ["z"], "c": [1]}}, record=then).ok, "an integer is a float too"
    drift = made.drift(sources={"E": {"A": [1], "b": [1], "d": [True]}}, record=then)
    assert found(drift) == [
        ("renamed", "a", "integer", "integer"),
        ("retyped", "b", "string", "integer"),
        ("missing", "c", "float", None),
        ("new", "d", None, "boolean"),
    ]
    assert drift.columns[0].columns == ("F!y",)
    assert drift.record == then.id


def test_a_recorded_type_that_the_workbook_does_not_say() -> None:
    listed = [{"name": "a"}]
    made = sl.Workbook("W").source("E", type="frame", columns=listed)
    then = made.run(sources={"E": {"a": [1]}}, record=True).record
    assert frame(listed, {"a": ["x"]}).ok
    assert found(frame(listed, {"a": ["x"]}, record=then)) == [("retyped", "a", "integer", "string")]


# --- what a run does


def test_without_a_mode_a_missing_column_is_an_error_as_ever(folder: Path) -> None:
    Path("e.csv").write_text("Speed\n1\n")
    with pytest.raises(sl.SourceError, match="no column 'sensor_code', 'At'"):
        book().run()


def test_stop(folder: Path) -> None:
    Path("e.csv").write_text(GOOD.replace("sensor_code", "SensorCode"))
    with pytest.raises(
        sl.DriftError, match=r"column 'sensor_code', which is 'Sensor' in the sheet, is missing"
    ) as caught:
        book().run(drift="stop", write=True)
    assert isinstance(caught.value, sl.DataError)
    assert caught.value.drift.renames == {"E": {"Sensor": "SensorCode"}}
    assert not Path("top.csv").exists()
    Path("e.csv").write_text(GOOD)
    assert book().run(drift="stop").report.sheet("E").notices == []


def test_map(folder: Path) -> None:
    before = book().run()["Top"].to_pandas()
    Path("e.csv").write_text(GOOD.replace("sensor_code", "SensorCode").replace("Speed", "speed"))
    run = book().run(drift="map", record=True)
    pd.testing.assert_frame_equal(run["Top"].to_pandas(), before)
    assert [notice.message for notice in run.report.sheet("E").notices] == [
        "column 'Sensor' is read from 'SensorCode': the file has no 'sensor_code' any more",
        "column 'Speed' is read from 'speed': the file has no 'Speed' any more",
    ]
    assert sl.replay(run.record).place is None, "the record knows under which names it was read"


def test_map_stops_at_what_is_left(folder: Path) -> None:
    Path("e.csv").write_text("SensorCode,Speed\na,1\n")
    with pytest.raises(sl.DriftError, match="column 'At' is missing") as caught:
        book().run(drift="map")
    assert "SensorCode" not in str(caught.value)


@pytest.mark.parametrize("only", [False, True])
def test_continue(only: bool, folder: Path) -> None:
    Path("e.csv").write_text("SensorCode,Speed,At\na,11,2024-02-01\nb,20,2024-02-02\n")
    run = book(only=only).run(drift="continue", record=True)
    assert run["E"].table.types.keys() >= {"Sensor", "Speed", "At"}
    assert run["E"].to_pandas()["Sensor"].isna().all()
    assert str(run["E"].table.types["Sensor"]) == "string", "a null column has the type that is listed"
    messages = [notice.message for notice in run.report.sheet("E").notices]
    assert messages[0] == "the file has no column 'Sensor': it is null"
    assert "column 'At' is date, not date dd.MM.yyyy as expected" in messages
    assert len(run["Top"]) == 1
    assert sl.replay(run.record).place is None


def test_continue_without_any_of_the_columns(folder: Path) -> None:
    Path("e.csv").write_text("other\n1\n2\n")
    run = book(only=True).run(drift="continue", sheets=["E"])
    assert run["E"].to_pandas().isna().to_numpy().all()
    assert len(run["E"]) == 2


def test_continue_with_a_column_that_is_only_on_record() -> None:
    made = sl.Workbook("W").source("E", type="frame").formulas("F", of="E", columns={"y": "#a + 1", "z": "#b"})
    then = made.run(sources={"E": {"a": [1], "b": ["x"]}}, record=True).record
    run = made.run(sources={"E": {"b": ["u", "v"]}}, drift="continue", drift_record=then)
    assert run["F"].to_pandas()["z"].tolist() == ["u", "v"]
    assert run["F"].to_pandas()["y"].isna().all()


def test_an_absent_column_in_the_lineage(folder: Path) -> None:
    lineage = book().lineage("E", mappings={"E": {"Speed": None}})
    assert {node.column for node in lineage.sources} == {"", "sensor_code", "At"}


def test_a_mode_that_is_none(folder: Path) -> None:
    with pytest.raises(ValueError, match="'stop', 'map' or 'continue', not 'go'"):
        book().run(drift="go")  # type: ignore[arg-type]


# --- the command line


def call(*arguments: str, code: int = 0) -> Any:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return result


def test_the_command(folder: Path) -> None:
    book().save("w.json")
    assert call("drift", "w.json").stdout == "every source has what is expected of it\n"
    Path("o.csv").write_text("Speed,At\n1,01.02.2024\n")
    told = call("drift", "w.json", "--source", "E=o.csv", code=1).stdout
    assert told.startswith(
        "E: column 'sensor_code', which is 'Sensor' in the sheet, is missing; it reaches Fast!Sensor"
    )
    plain = json.loads(call("drift", "w.json", "--source", "E=o.csv", "--format", "json", code=1).stdout)
    assert plain["ok"] is False
    assert [(one["kind"], one["column"], one["outputs"]) for one in plain["columns"]] == [
        ("missing", "Sensor", ["top.csv"])
    ]
    call("drift", "w.json", "--source", "E=gone.csv", code=3)


def test_the_command_with_a_record(folder: Path) -> None:
    sl.Workbook("W").source("E", "e.csv").save("w.json")
    call("run", "w.json", "--record", "rec")
    Path("e.csv").write_text("sensor_code,At\na,01.02.2024\n")
    assert "it lists no columns" in call("drift", "w.json").stdout
    assert "column 'Speed' is missing" in call("drift", "w.json", "--record", "rec", code=1).stdout
    call("drift", "w.json", "--record", "nothing", code=3)
    call("run", "w.json")
    call("run", "w.json", "--drift", "stop", "--record", "other")
    told = call("run", "w.json", "--drift", "stop", "--record", "rec", code=1).stderr
    assert "column 'Speed' is missing" in told, "the record that stands in the folder counts"


def test_run_with_each_mode(folder: Path) -> None:
    book().save("w.json")
    Path("e.csv").write_text(GOOD.replace("sensor_code", "SensorCode"))
    call("run", "w.json", code=3)
    assert (
        "error: the source is not as the workbook expects:\n  E: column"
        in call("run", "w.json", "--drift", "stop", code=1).stderr
    )
    stopped = json.loads(call("run", "w.json", "--drift", "stop", "--format", "json", code=1).stdout)
    assert stopped["error"]["drift"]["columns"][0]["candidates"] == ["SensorCode"]
    assert not Path("top.csv").exists()
    assert "column 'Sensor' is read from 'SensorCode'" in call("run", "w.json", "--drift", "map").stdout
    assert Path("top.csv").read_text().startswith("s,last\nb,")
    assert "the file has no column 'Sensor': it is null" in call("run", "w.json", "--drift", "continue").stdout
    assert Path("top.csv").read_text().startswith("s,last\n,")
    call("run", "w.json", "--drift", "go", code=2)
