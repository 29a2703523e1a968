"""The trips workbook against the independent pandas computation, on simulated events and on real taxis."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import trips as oracle

import sheetline as sl

ROOT = Path(__file__).parents[2]
WORKBOOK = ROOT / "examples" / "telematics" / "trips.json"
DATA = os.environ.get("SHEETLINE_DATA")
NO_DATA = "the real taxi events are not here: SHEETLINE_DATA does not name their folder"
CABS = {
    "Sensor_Code": "cab_id",
    "Timestamp": "unix_time",
    "Latitude": "latitude",
    "Longitude": "longitude",
    "Other_Driver": "occupied",
}


def compare(run: Any, events: pd.DataFrame, gap_ms: int) -> None:
    """Every feature of every trip within 1e-9 relative, and the same trips dropped."""
    got = run["Features"].to_pandas()
    wanted = oracle.trips(events, gap_ms)
    got["Trip_Start"] = got["Trip_Start"].astype("datetime64[s]").astype("int64")
    got["Sensor_Code"] = got["Sensor_Code"].astype(str)
    wanted["Sensor_Code"] = wanted["Sensor_Code"].astype(str)
    both = got.merge(wanted, on=oracle.KEYS, suffixes=("", " wanted"), how="outer", indicator=True)
    assert (both["_merge"] == "both").all()
    assert len(both) == len(got) == len(wanted)
    for name in oracle.FEATURES:
        ours = both[name].astype(float).to_numpy()
        theirs = both[f"{name} wanted"].astype(float).to_numpy()
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs), err_msg=name)
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12, err_msg=name)
    complete = int((~wanted[oracle.FEATURES].isna().any(axis=1)).sum())
    assert len(run["Complete"]) == complete
    assert run["Dropped"].table.rows == run["Trips"].table.rows - complete


def test_simulated_events(simulated: Path) -> None:
    run = sl.Workbook.load(WORKBOOK).run(sources={"Events": simulated})
    compare(run, pd.read_parquet(simulated), 1_800_000)
    landing = run["Pace"].to_pandas()
    speed = landing["Speed(mph)"].to_numpy()
    share = np.array([100 * (speed <= bound).mean() for bound in landing["EventsPerSec"]])
    np.testing.assert_allclose(landing["Landing"], share, rtol=1e-12)


def test_outputs_stand_in_one_row_order(simulated: Path, tmp_path: Path) -> None:
    run = sl.Workbook.load(WORKBOOK).run(sources={"Events": simulated}, out=tmp_path, write=True)
    features = pd.read_csv(tmp_path / "out" / "features.csv", header=None)
    labelled = pd.read_csv(tmp_path / "out" / "labelled.csv", header=None)
    keys = pd.read_csv(tmp_path / "out" / "keys.csv")
    assert features.shape == (len(run["Complete"]), 29)
    assert labelled.shape == (len(run["Complete"]), 30)
    pd.testing.assert_frame_equal(features, labelled.iloc[:, 1:].set_axis(range(29), axis=1))
    assert keys["Row"].tolist() == list(range(1, len(keys) + 1))
    assert keys["Other_Driver"].tolist() == labelled[0].tolist()
    frame = run["Complete"].to_pandas()
    assert frame["Length"].tolist() == features[0].tolist(), "floats are written so that they read back the same"
    assert [written.rows for written in run.report.outputs] == [len(frame)] * 3


@pytest.mark.skipif(DATA is None, reason=NO_DATA)
@pytest.mark.parametrize(("seconds", "sessions"), [(300, 3954), (900, 1708), (1800, 1138)])
def test_taxis(seconds: int, sessions: int) -> None:
    file = Path(DATA or "") / "telematics" / "sf_cabs_events.csv.gz"
    book = sl.Workbook.load(WORKBOOK)
    run = book.run(sources={"Events": file}, mappings={"Events": CABS}, parameters={"gap": seconds * 1000})
    assert len(run["Trips"]) == sessions
    if seconds == 1800:
        events = pd.read_csv(file).rename(columns={source: name for name, source in CABS.items()})
        compare(run, events, seconds * 1000)


def test_figure_6_of_the_white_paper() -> None:
    points = "36.27923;-109.258527;36.274785;-109.271242"
    assert sl.evaluate(f"HAVERSINE({points})") == pytest.approx(1.241507731, abs=2e-9)
    assert sl.evaluate(f'HAVERSINE({points};"mi")') == pytest.approx(1.241507731 / 1.609344, abs=2e-9)
    assert sl.evaluate("HAVERSINE(12.5;-7;12.5;-7)") == 0
    assert sl.evaluate("HAVERSINE(0;0;0;180)") == pytest.approx(math.pi * 6366.70702, rel=1e-12)
    assert sl.evaluate('HAVERSINE(30;20;-30;-160;"km";6371.0088)') == pytest.approx(math.pi * 6371.0088, rel=1e-12)
    for wrong in ("HAVERSINE(90.1;0;0;0)", "HAVERSINE(0;181;0;0)"):
        with pytest.raises(sl.CellErrors, match="RANGE"):
            sl.evaluate(wrong)
