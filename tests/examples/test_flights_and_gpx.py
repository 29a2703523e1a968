"""The flights and gpx workbooks, run by the commands of their pages, against plain pandas."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import drives_and_flights as oracle
import pandas as pd
import pytest
from printed_commands import EXAMPLES, commands, copy, perform

import sheetline as sl
from sheetline.workbook.run import Run

FLIGHTS = EXAMPLES / "flights"
GPX = EXAMPLES / "gpx"


def agree(got: pd.DataFrame, wanted: pd.DataFrame) -> None:
    """Equal rows in equal order: text, nulls and whole numbers exactly, floats to 1e-9."""
    assert len(got) == len(wanted)
    for name in wanted.columns:
        ours, theirs = got[name].reset_index(drop=True), wanted[name].reset_index(drop=True)
        assert ours.isna().tolist() == theirs.isna().tolist(), name
        if pd.api.types.is_numeric_dtype(theirs):
            there = ours.notna()
            expected = pytest.approx(theirs[there].astype(float).tolist(), rel=1e-9, abs=1e-9)
            assert ours[there].astype(float).tolist() == expected, name
        else:
            assert ours.dropna().tolist() == theirs.dropna().tolist(), name


@pytest.fixture(scope="module")
def flown() -> Run:
    return sl.Workbook.load(FLIGHTS / "flights.json").run()


@pytest.fixture(scope="module")
def wanted() -> dict[str, pd.DataFrame]:
    return oracle.flights(FLIGHTS / "data")


@pytest.mark.parametrize("sheet", ["Distances", "Busiest", "By carrier"])
def test_flights(sheet: str, flown: Run, wanted: dict[str, pd.DataFrame]) -> None:
    got = flown[sheet].to_pandas()
    agree(got, wanted[sheet])
    assert list(got.columns) == list(wanted[sheet].columns)


def test_flights_have_no_error_anywhere(flown: Run) -> None:
    assert not [sheet.name for sheet in flown.report.sheets if sheet.errors]


def test_a_pivot_cell_without_rows_is_null_even_for_a_count(flown: Run) -> None:
    cells = flown["By carrier"].to_pandas().set_index("name")
    alaska = cells.loc["Alaska Airlines Inc."]
    assert alaska.isna().to_dict() == {name: name[:3] != "EWR" for name in cells.columns}
    assert alaska["EWR_flights"] == 62
    assert cells.filter(like="_flights").sum().sum() == 27_004
    assert not (cells.filter(like="_flights") == 0).any().any()


def test_a_left_join_keeps_routes_to_unlisted_airports(flown: Run) -> None:
    both = flown["Both"].to_pandas()
    assert len(both) == len(flown["Routes"]) == 186
    assert set(both.loc[both["To_Lat"].isna(), "dest"]) == {"BQN", "PSE", "SJU", "STT"}
    assert both["From_Lat"].notna().all()


def test_a_union_tells_the_sheet_of_each_row(flown: Run) -> None:
    movements = flown["Movements"].to_pandas()
    assert movements["Movement"].tolist() == ["Departures"] * 27_004 + ["Arrivals"] * 27_004


def test_the_commands_of_the_flights_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, pd.DataFrame]
) -> None:
    monkeypatch.chdir(copy("flights", tmp_path))
    asked = commands(FLIGHTS / "README.md")
    assert [words[:2] for words in asked] == [["sheetline", "run"]]
    perform(asked[0])
    out = tmp_path / "examples" / "flights" / "out"
    for file, sheet in {"distances": "Distances", "busiest": "Busiest", "by_carrier": "By carrier"}.items():
        agree(pd.read_csv(out / f"{file}.csv"), wanted[sheet])


def points() -> pd.DataFrame:
    return pd.read_csv(GPX / "data" / "track.csv", parse_dates=["Time"])


def test_the_track_is_what_the_gpx_file_holds() -> None:
    space = "{http://www.topografix.com/GPX/1/1}"
    root = ET.parse(GPX / "data" / "around-visnjan-with-car.gpx").getroot()
    found = [
        (
            pd.Timestamp(point.findtext(f"{space}time", "")),
            float(point.attrib["lat"]),
            float(point.attrib["lon"]),
            float(point.findtext(f"{space}ele", "nan")),
        )
        for point in root.iter(f"{space}trkpt")
    ]
    frame = points()[["Time", "Latitude", "Longitude", "Elevation"]]
    assert list(frame.itertuples(index=False, name=None)) == found
    assert len(found) == 104


@pytest.mark.parametrize(("walking", "pause"), [(6.0, 30), (10.0, 10), (0.0, 1)])
def test_drive(walking: float, pause: int) -> None:
    run = sl.Workbook.load(GPX / "gpx.json").run(parameters={"walking": walking, "pause": pause})
    wanted = oracle.drive(points(), walking, pause)
    agree(run["Summary"].to_pandas(), wanted["Summary"])
    got = run["Pauses"].to_pandas()
    for name in ("From", "Until"):
        got[name] = got[name].dt.tz_localize("UTC")
    wanted["Pauses"]["Standing"] = wanted["Pauses"]["Standing"].astype(int)
    agree(got, wanted["Pauses"])


def test_a_car_that_never_moved_has_no_average() -> None:
    run = sl.Workbook.load(GPX / "gpx.json").run(parameters={"walking": 1000})
    assert run["Summary"].to_pandas()["Average(km/h)"].isna().tolist() == [True]
    assert len(run["Pauses"]) == 1
    assert not [sheet.name for sheet in run.report.sheets if sheet.errors]


def test_the_heading_points_to_the_next_place() -> None:
    """Going from each place by its heading and kilometres ends at the next one."""
    moves = sl.Workbook.load(GPX / "gpx.json").run(sheets=["Speeds"])["Speeds"].to_pandas()
    moves = moves[moves["Kilometres"] > 0.01]
    east, north = oracle.walked(moves)
    wanted_east, wanted_north = oracle.displaced(moves)
    assert len(moves) == 40
    assert east.tolist() == pytest.approx(wanted_east.tolist(), abs=0.01)
    assert north.tolist() == pytest.approx(wanted_north.tolist(), abs=0.01)


def test_the_commands_of_the_gpx_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(copy("gpx", tmp_path))
    asked = commands(GPX / "README.md")
    assert len(asked) == 2
    out = tmp_path / "examples" / "gpx" / "out"
    for words, (walking, pause) in zip(asked, [(6.0, 30.0), (10.0, 10.0)], strict=True):
        perform(words)
        wanted = oracle.drive(points(), walking, pause)
        agree(pd.read_csv(out / "summary.csv"), wanted["Summary"])
        pauses = pd.read_csv(out / "pauses.csv")
        clock = [at.tz_convert("Europe/Zagreb").strftime("%Y-%m-%d %H:%M:%S") for at in wanted["Pauses"]["From"]]
        assert pauses["From"].tolist() == clock, "times stand in the workbook's zone"
        assert pauses["Seconds"].tolist() == wanted["Pauses"]["Seconds"].tolist()
