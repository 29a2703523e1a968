"""The examples' data are what their PROVENANCE says, their workbooks load, and pandas finds the known facts."""

import gzip
import hashlib
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from sheetline.workbook.load import load_workbook

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


def _oracle() -> ModuleType:
    path = ROOT / "tests" / "oracles" / "drives_and_flights.py"
    spec = importlib.util.spec_from_file_location("_drives_and_flights_oracle", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


oracle = _oracle()


@pytest.mark.parametrize("folder", ["flights", "gpx"])
def test_data_are_what_the_provenance_says(folder: str) -> None:
    page = (EXAMPLES / folder / "PROVENANCE.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(data/[^`]+)` \|.*`([0-9a-f]{64})` \|$", page, re.MULTILINE)
    assert rows
    for name, digest in rows:
        data = (EXAMPLES / folder / name).read_bytes()
        data = gzip.decompress(data) if name.endswith(".gz") else data
        assert hashlib.sha256(data).hexdigest() == digest, name
    shipped = {f"data/{path.name}" for path in (EXAMPLES / folder / "data").iterdir()}
    assert {name for name, _ in rows} == {name for name in shipped if "LICENSE" not in name and "NOTICE" not in name}


@pytest.mark.parametrize("name", ["flights/flights", "gpx/gpx", "telematics/trips", "telematics/predictions"])
def test_workbooks_load(name: str) -> None:
    load_workbook(EXAMPLES / f"{name}.json")


def test_flights_by_pandas() -> None:
    found = oracle.flights(EXAMPLES / "flights" / "data")
    distances = found["Distances"]
    assert len(distances) == 186
    assert distances["Flights"].sum() == 27_004
    assert set(distances.loc[distances["Circle(mi)"].isna(), "dest"]) == {"BQN", "PSE", "SJU", "STT"}
    assert distances["Difference(mi)"].abs().max() < 10
    assert found["Busiest"]["Airport"].head(3).tolist() == ["EWR", "JFK", "LGA"]
    assert len(found["By carrier"]) == 16


def test_drive_by_pandas() -> None:
    points = pd.read_csv(EXAMPLES / "gpx" / "data" / "track.csv", parse_dates=["Time"])
    found = oracle.drive(points)
    assert found["Summary"]["Minutes"].tolist() == pytest.approx([8 + 34 / 60])
    assert found["Summary"]["Kilometres"].tolist() == pytest.approx([2.7332430132], rel=1e-6)
    assert found["Pauses"]["Seconds"].tolist() == [53, 119, 103]
