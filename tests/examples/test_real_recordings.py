"""Recordings of real cars in files as their owners publish them, held to what the owners or other sensors say.

They are not part of the project: `SHEETLINE_DATA` names the folder that has them.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import sheetline as sl
from sheetline.workbook.run import Run

DATA = os.environ.get("SHEETLINE_DATA")
FOLDER = Path(DATA or "") / "telematics"
pytestmark = pytest.mark.skipif(
    DATA is None, reason="the real recordings are not here: SHEETLINE_DATA does not name their folder"
)
SPHERE_KM = 6371.0088


def run(sheets: list[dict[str, Any]], folder: Path, wanted: list[str]) -> Run:
    """Run a workbook of these sheets, after a round trip through its file."""
    path = folder / "book.json"
    book = {"format": "sheetline/1", "name": "Recordings", "timezone": "UTC", "sheets": sheets}
    path.write_text(json.dumps(book), encoding="utf-8")
    return sl.Workbook.load(path).run(sheets=wanted)


def source(name: str, file: str, columns: list[dict[str, str]], **keys: Any) -> dict[str, Any]:
    """A CSV source of one of the files."""
    return {
        "name": name,
        "kind": "source",
        "from": {"type": "csv", "path": str(FOLDER / file), **keys},
        "columns": columns,
    }


def errors(done: Run) -> dict[str, int]:
    return {f"{s.name}!{c.name}": c.errors for s in done.report.sheets for c in s.columns if c.errors}


def curitiba(driver: str) -> list[dict[str, Any]]:
    """Events with decimal commas, days as d/M/yyyy and the clock in a column called 03:00:00."""
    columns = [
        {"name": "Driver", "source": "DRIVER", "type": "string"},
        {"name": "ID", "type": "string"},
        {"name": "Day", "source": "DAY", "type": "date", "pattern": "d/M/yyyy"},
        {"name": "Latitude", "source": "LAT", "type": "float"},
        {"name": "Longitude", "source": "LONG", "type": "float"},
        {"name": "Speed", "source": "SPD_KMH", "type": "float"},
        {"name": "Change", "source": "ACEL_MS2", "type": "float"},
    ]
    file = f"ndsbr_driver_{driver}.csv"
    before = ["Latitude", "Longitude", "Speed", "At"]
    # the owners measure steps of exactly a second, on a sphere of 6,371,010 m
    metres = 'HAVERSINE(#Latitude;#Longitude;#Previous_Latitude;#Previous_Longitude;"m";6371.01)'
    return [
        source("Events", file, columns, delimiter=";", decimal=",", nulls=["", "NPI"]),
        {
            "name": "Timed",
            "kind": "formulas",
            "of": "Events",
            "copy": True,
            "columns": {"At": 'ASDATE(CONCAT(FORMATDATE(#Day;"yyyy-MM-dd");"T";#[03:00:00];"Z"))'},
        },
        {
            "name": "Steps",
            "kind": "formulas",
            "of": "Timed",
            "copy": ["ID", "Latitude", "Longitude", "Speed", "Change"],
            "columns": {
                "Driver": "GROUPBY(#Timed!Driver)",
                "Trip": "GROUPBYGAP(#Timed!At;60s)",
                "At": "GROUP_SORT_ASC(#Timed!At)",
                **{f"Previous_{name}": f"GROUP_PREVIOUS(#Timed!{name})" for name in before},
            },
        },
        {
            "name": "Seconds",
            "kind": "filter",
            "of": "Steps",
            "where": "#At - #Previous_At == 1s && ISNOTNULL(#Latitude) && ISNOTNULL(#Previous_Latitude)",
        },
        {
            "name": "Moves",
            "kind": "formulas",
            "of": "Seconds",
            "copy": ["Driver", "Trip", "Change"],
            "columns": {"Metres": metres, "Difference": "(#Speed - #Previous_Speed) / 3.6"},
        },
        {
            "name": "Drivers",
            "kind": "formulas",
            "of": "Moves",
            "columns": {"Driver": "GROUPBY(#Moves!Driver)", "Metres": "GROUPSUM(#Moves!Metres)"},
        },
    ]


@pytest.mark.parametrize(("driver", "events", "blank", "metres"), [("A", 3623, 0, 22_508), ("B", 9776, 1, 51_529)])
def test_curitiba(driver: str, events: int, blank: int, metres: int, tmp_path: Path) -> None:
    done = run(curitiba(driver), tmp_path, ["Events", "Steps", "Moves", "Drivers"])
    frame = done["Events"].to_pandas()
    assert len(frame) == events
    assert frame["Latitude"].isna().sum() == blank
    assert not errors(done)
    total = done["Drivers"].to_pandas()
    assert total["Driver"].tolist() == [driver]
    assert total["Metres"].round().tolist() == [metres], "what the owners publish"
    # the gap gives the owners' own trips
    steps = done["Steps"].to_pandas()
    assert steps.groupby("Trip")["ID"].nunique().tolist() == [1, 1, 1]
    assert steps.groupby("ID")["Trip"].nunique().tolist() == [1, 1, 1]
    # and their acceleration is the change of their speed
    moves = done["Moves"].to_pandas().dropna(subset=["Change", "Difference"])
    assert len(moves) > 0.9 * events
    assert (moves["Change"] - moves["Difference"]).abs().median() < 1e-4


def test_a_driver_table_joins_by_a_formula(tmp_path: Path) -> None:
    """The drivers are called Driver_A in their table and A in the events; their car's power hides in 5P/97CV."""
    sheets = [
        source("Drivers", "ndsbr_drivers.csv", [{"name": "Driver", "type": "string"}], delimiter=";"),
        {**curitiba("A")[0]},
        {
            "name": "Driven",
            "kind": "formulas",
            "of": "Events",
            "columns": {"Driver": "GROUPBY(#Events!Driver)", "Events": "GROUPCOUNT()"},
        },
        {
            "name": "Joined",
            "kind": "join",
            "left": "Driven",
            "right": "Drivers",
            "how": "left",
            "expect": "many-to-one",
            "on": [{"left": '"Driver_" + #Driver', "right": "#Driver"}],
            "select": [
                {"name": "Driver", "from": "Driven!Driver"},
                {"name": "Events", "from": "Driven!Events"},
                {"name": "Size", "from": "Drivers!Cap/Pot/Cil"},
            ],
        },
        {
            "name": "Powers",
            "kind": "formulas",
            "of": "Joined",
            "copy": True,
            "columns": {"Power": r'INT(REGEX(#Size;".*/(\\d+)CV.*"))'},
        },
    ]
    done = run(sheets, tmp_path, ["Powers", "Drivers"])
    assert done["Powers"].to_pandas().to_numpy().tolist() == [["A", 3623, "5P/97CV", 97]]
    assert len(done["Drivers"]) == 40


def test_tracks_in_aracaju(tmp_path: Path) -> None:
    """Interleaved tracks: ordered by time, measured, and compared with the phone's own distance."""
    before = ["latitude", "longitude"]
    point = [{"name": "track_id", "type": "integer"}, {"name": "time", "type": "date"}]
    place = "#latitude;#longitude;#previous_latitude;#previous_longitude"
    sheets = [
        source("Points", "gotrack_points.csv", point),
        source("Tracks", "gotrack_tracks.csv", [{"name": "id", "type": "integer"}]),
        {
            "name": "Steps",
            "kind": "formulas",
            "of": "Points",
            "copy": before,
            "columns": {
                "track_id": "GROUPBY(#Points!track_id)",
                "time": "GROUP_SORT_ASC(#Points!time)",
                **{f"previous_{name}": f"GROUP_PREVIOUS(#Points!{name})" for name in before},
                "pause": "GROUP_DIFF(#Points!time) / 1s",
            },
        },
        {
            "name": "Moves",
            "kind": "formulas",
            "of": "Steps",
            "copy": True,
            "columns": {"Kilometres": f'HAVERSINE({place};"km";{SPHERE_KM})'},
        },
        {
            "name": "Lengths",
            "kind": "formulas",
            "of": "Moves",
            "columns": {
                "id": "GROUPBY(#Moves!track_id)",
                "Points": "GROUPCOUNT()",
                "Kilometres": "GROUPSUM(#Moves!Kilometres)",
                "Pause": "GROUPMAX(#Moves!pause)",
            },
        },
        {"name": "Known", "kind": "join", "left": "Lengths", "right": "Tracks", "on": ["id"], "expect": "one-to-one"},
    ]
    done = run(sheets, tmp_path, ["Known"])
    known = done["Known"].to_pandas()
    assert len(known) == 163
    assert known["Points"].sum() == 18_107
    assert known["car_or_bus"].value_counts().to_dict() == {1: 87, 2: 76}
    assert known["Pause"].max() == 1368
    assert not errors(done)
    assert (known["Kilometres"].isna() == (known["Points"] == 1)).all(), "one point has no step, so no sum either"
    known["Kilometres"] = known["Kilometres"].fillna(0)
    near = (known["Kilometres"] - known["distance"]).abs() <= 0.1 * known["distance"] + 0.02
    assert round(near.mean(), 2) == 0.92

    frame = pd.read_csv(FOLDER / "gotrack_points.csv", parse_dates=["time"])
    frame = frame.sort_values(["track_id", "time"], kind="stable")
    a, b = np.radians(frame["latitude"]), np.radians(frame.groupby("track_id")["latitude"].shift())
    across = np.radians(frame["longitude"] - frame.groupby("track_id")["longitude"].shift())
    half = np.sin((a - b) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(across / 2) ** 2
    wanted = (2 * SPHERE_KM * np.arcsin(np.sqrt(half))).groupby(frame["track_id"]).sum()
    got = known.set_index("id")["Kilometres"]
    np.testing.assert_allclose(got.sort_index(), wanted.sort_index(), rtol=1e-8, atol=1e-9)


def test_recordings_in_quito(tmp_path: Path) -> None:
    """Places against what the car's own bus counted: four recordings agree, one has jumps of the GPS."""
    columns = [{"name": "timestamp", "type": "date"}, {"name": "recording", "type": "string"}]
    place = "#latitude;#longitude;#previous_latitude;#previous_longitude"
    before = {f"previous_{name}": f"GROUP_PREVIOUS(#Events!{name})" for name in ("latitude", "longitude")}
    sheets = [
        source("Events", "polidriving_events.csv.gz", columns),
        {
            "name": "Steps",
            "kind": "formulas",
            "of": "Events",
            "copy": True,
            "columns": {
                "recording": "GROUPBY(#Events!recording)",
                "timestamp": "GROUP_SORT_ASC(#Events!timestamp)",
                **before,
                "pause": "GROUP_DIFF(#Events!timestamp) / 1s",
            },
        },
        {
            "name": "Moves",
            "kind": "formulas",
            "of": "Steps",
            "copy": ["recording", "distance_travelled", "pause"],
            "columns": {"Kilometres": f'HAVERSINE({place};"km";{SPHERE_KM})'},
        },
        {
            "name": "Recordings",
            "kind": "formulas",
            "of": "Moves",
            "columns": {
                "recording": "GROUPBY(#Moves!recording)",
                "Events": "GROUPCOUNT()",
                "Kilometres": "GROUPSUM(#Moves!Kilometres)",
                "Counted": "GROUPMAX(#Moves!distance_travelled) - GROUPMIN(#Moves!distance_travelled)",
                "Pause": "GROUPMAX(#Moves!pause)",
            },
        },
    ]
    done = run(sheets, tmp_path, ["Events", "Recordings"])
    nulls = {column.name: column.nulls for column in done.report.sheets[0].columns}
    wanted = {"latitude": 0, "speed": 698, "acceleration": 3454, "altitude": 7834, "current_weather": 1800}
    assert {name: nulls[name] for name in wanted} == wanted
    assert not errors(done)
    found = done["Recordings"].to_pandas().set_index("recording")
    assert found["Events"].sum() == 35_402
    assert len(found) == 5
    assert found["Pause"].max() == 59
    jumpy = found.loc["20231229_151643"]
    assert (round(jumpy["Kilometres"]), round(jumpy["Counted"], 1)) == (3935, 95.7)
    others = found.drop(index="20231229_151643")
    assert ((others["Kilometres"] / others["Counted"]).between(1.0, 1.12)).all()


def test_delivery_traces(tmp_path: Path) -> None:
    """Times long before 1970 with nine decimals, places in metres on a plan, and a label on every point."""
    file = "goal_delivery_traces.csv.gz"
    sheets = [
        source("Points", file, [{"name": "timestamp", "type": "date"}, {"name": "trace_id", "type": "string"}]),
        {
            "name": "Steps",
            "kind": "formulas",
            "of": "Points",
            "copy": ["groundtruth"],
            "columns": {
                "trace_id": "GROUPBY(#Points!trace_id)",
                "timestamp": "GROUP_SORT_ASC(#Points!timestamp)",
                "Seconds": "GROUP_DIFF(#Points!timestamp) / 1s",
                "Metres": "HYPOT(GROUP_DIFF(#Points!x);GROUP_DIFF(#Points!y))",
            },
        },
        {
            "name": "Ways",
            "kind": "formulas",
            "of": "Steps",
            "columns": {
                "Way": "GROUPBY(#Steps!groundtruth)",
                "Points": "GROUPCOUNT()",
                "Speed": "GROUPMEDIAN(SAFEDIVIDE(#Steps!Metres;#Steps!Seconds))",
                "Pause": "GROUPMAX(#Steps!Seconds)",
            },
        },
    ]
    done = run(sheets, tmp_path, ["Points", "Ways"])
    assert not errors(done)
    text = pd.read_csv(FOLDER / file, dtype={"trace_id": str})
    times = pd.to_datetime(text["timestamp"], format="ISO8601").dt.as_unit("ns")
    points = done["Points"].to_pandas()
    assert points["timestamp"].tolist() == times.dt.floor("us").dt.as_unit("us").tolist()
    finer = int((times != times.dt.floor("us")).sum())
    notices = [notice.message for sheet in done.report.sheets for notice in sheet.notices]
    assert notices == [f"column 'timestamp': {finer:,} dates cut to microseconds"], "what is cut off is told"

    text["at"] = times.dt.floor("us")
    text = text.sort_values(["trace_id", "at"], kind="stable")
    change = text.groupby("trace_id")[["at", "x", "y"]].diff()
    text["seconds"] = change["at"].dt.floor("ms").dt.total_seconds()  # durations are whole milliseconds
    text["speed"] = np.hypot(change["x"], change["y"]) / text["seconds"].where(text["seconds"] > 0)
    ways = done["Ways"].to_pandas().set_index("Way")
    assert ways["Points"].to_dict() == {"Driving": 12_360, "OnFoot": 16_656}
    wanted = text.groupby("groundtruth")
    assert ways["Speed"].to_dict() == pytest.approx(wanted["speed"].median().to_dict(), rel=1e-9)
    assert ways["Pause"].to_dict() == pytest.approx(wanted["seconds"].max().to_dict(), rel=1e-12)
    assert ways["Speed"]["Driving"] > 2 * ways["Speed"]["OnFoot"]
