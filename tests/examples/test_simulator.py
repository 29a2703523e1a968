"""The simulator: exact size, same values each time, honest roads, and truth that the gap rule finds again."""

import gzip
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
TELEMATICS = ROOT / "examples" / "telematics"


def load(path: Path) -> ModuleType:
    """Import a script that is in no package."""
    spec = importlib.util.spec_from_file_location(f"_example_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


fleet = load(TELEMATICS / "fleet.py")
oracle = load(ROOT / "tests" / "oracles" / "trips.py")


def simulate(out: Path, *options: str) -> None:
    command = [sys.executable, str(TELEMATICS / "simulate.py"), "--out", str(out), *options]
    subprocess.run(command, check=True, capture_output=True)


def frames(threads: int = 1, **options: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    batches = list(fleet.simulate(fleet.Options(**options), threads))
    events = pd.concat([batch.events.to_pandas().astype({"Sensor_Code": str}) for batch in batches])
    labels = pd.concat([batch.labels.to_pandas() for batch in batches])
    return events.reset_index(drop=True), labels.reset_index(drop=True)


@pytest.fixture(scope="module")
def small() -> tuple[pd.DataFrame, pd.DataFrame]:
    return frames(events=50_000, seed=7)


@pytest.mark.parametrize("events", [16, 10_000, 50_001, 600_001])
def test_size_is_exact_and_values_do_not_depend_on_threads(events: int) -> None:
    one, labels = frames(events=events, seed=3)
    two, labels_again = frames(threads=3, events=events, seed=3)
    assert len(one) == events
    pd.testing.assert_frame_equal(one, two)
    pd.testing.assert_frame_equal(labels, labels_again)


def test_another_seed_gives_other_events(small: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    other, _ = frames(events=50_000, seed=8)
    assert not other["Latitude"].equals(small[0]["Latitude"])


def test_columns_and_types(small: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    events, labels = small
    assert list(events) == ["Sensor_Code", "Timestamp", "Latitude", "Longitude", "Other_Driver"]
    assert list(labels) == ["Sensor_Code", "Trip_Start", "Other_Driver", "Events"]
    assert events["Timestamp"].dtype == np.int64
    assert set(events["Other_Driver"]) == {0, 1}
    assert events["Latitude"].between(30, 45).sum() + events["Latitude"].isna().sum() == len(events)


def test_rates_of_missing_repeated_and_late_events() -> None:
    events, labels = frames(events=400_000, seed=11)
    neither = events["Latitude"].isna() | events["Longitude"].isna()
    both = events["Latitude"].isna() & events["Longitude"].isna()
    assert 0.0042 < neither.mean() < 0.0058
    assert 0.35 < both.sum() / neither.sum() < 0.65
    repeated = events.duplicated(["Sensor_Code", "Timestamp"])
    assert repeated.sum() == 1200 == len(events) - labels["Events"].sum()
    assert events.drop_duplicates().shape[0] == len(events) - 1200, "a repeated event is an exact copy"
    behind = events.groupby("Sensor_Code")["Timestamp"].diff() < 0
    assert 0.003 < behind.mean() < 0.02
    assert 0.12 < labels["Other_Driver"].mean() < 0.28


def test_rates_of_zero_give_clean_events_in_order() -> None:
    events, labels = frames(events=20_000, seed=5, missing=0.0, duplicates=0.0, late=0.0, others=0.0)
    assert not events.isna().any().any()
    assert (events.groupby("Sensor_Code")["Timestamp"].diff().dropna() > 0).all()
    assert not labels["Other_Driver"].any()


def test_the_gap_rule_finds_the_true_trips(small: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    events, labels = small
    found = oracle.sessions(events).drop_duplicates(["Sensor_Code", "Timestamp"])
    trips = found.groupby(oracle.KEYS, as_index=False).agg(
        Other_Driver=("Other_Driver", "max"), Events=("Timestamp", "size")
    )
    truth = labels.sort_values(oracle.KEYS, ignore_index=True)
    pd.testing.assert_frame_equal(trips, truth, check_dtype=False)
    shorter = oracle.sessions(events, 300_000).groupby(oracle.KEYS).ngroups
    assert shorter > 1.05 * len(labels), "stopovers must split trips at a smaller gap"


def test_cars_drive_like_cars(small: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    moves = oracle.moves(oracle.clean(oracle.sessions(small[0])))
    speed, change = moves["Speed"].dropna(), moves["Acceleration"].dropna()
    assert speed.max() < 105
    assert 20 < speed.median() < 45
    assert (speed < 3).mean() > 0.05, "cars wait at lights"
    assert change.abs().quantile(0.999) < 10
    assert (change > 1).mean() > 0.05
    assert (change < -1).mean() > 0.05
    east = (moves["Longitude"] - moves["Previous_Longitude"]) * np.cos(np.radians(moves["Latitude"]))
    heading = np.arctan2(moves["Latitude"] - moves["Previous_Latitude"], east)
    turn = np.abs(np.angle(np.exp(1j * heading.diff())))[(speed > 10).reindex(moves.index, fill_value=False)]
    assert np.nanmedian(turn) < np.radians(12), "most of the time a road goes on"
    assert np.nanmean(turn > np.radians(60)) > 0.01, "but sometimes one turns"
    assert (moves.groupby("Sensor_Code")["Latitude"].agg(np.ptp) < 3).all(), "nobody drives off the map"


def test_other_drivers_drive_otherwise() -> None:
    features = oracle.trips(frames(events=300_000, seed=2)[0])
    mean = features[features["Missing"] == 0].groupby("Other_Driver")["Acceleration Standard Deviation"].mean()
    assert mean[1] > mean[0] * 1.02


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
def test_files_hold_the_same_values(tmp_path: Path, suffix: str) -> None:
    simulate(tmp_path / "a.parquet", "--events", "12000", "--seed", "4")
    simulate(tmp_path / f"a{suffix}", "--events", "12000", "--seed", "4", "--labels", str(tmp_path / "l.csv"))
    parquet = pd.read_parquet(tmp_path / "a.parquet").astype({"Sensor_Code": str})
    text = pd.read_csv(tmp_path / f"a{suffix}", dtype={"Sensor_Code": str})
    pd.testing.assert_frame_equal(parquet, text, check_dtype=False, check_exact=True)
    assert (tmp_path / "l.csv").read_bytes() == (tmp_path / "labels.csv").read_bytes()


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        simulate(tmp_path / name / "e.csv.gz", "--events", "5000", "--threads", "1" if name == "a" else "2")
    first, second = (gzip.decompress((tmp_path / name / "e.csv.gz").read_bytes()) for name in ("a", "b"))
    assert first == second


@pytest.mark.parametrize("options", [["--events", "3"], ["--seed", "-1"], ["--missing", "1.5"]])
def test_calls_that_make_no_sense_are_refused(tmp_path: Path, options: list[str]) -> None:
    command = [sys.executable, str(TELEMATICS / "simulate.py"), "--out", str(tmp_path / "e.parquet"), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_the_workbook_and_the_oracle_name_the_same_features() -> None:
    book = json.loads((TELEMATICS / "trips.json").read_text(encoding="utf-8"))
    features, labelled, _ = book["outputs"]
    assert features["to"]["columns"] == oracle.FEATURES
    assert labelled["to"]["columns"] == ["Other_Driver", *oracle.FEATURES]
    assert len(set(oracle.FEATURES)) == 29
    sheet = next(sheet for sheet in book["sheets"] if sheet["name"] == "Features")
    assert [column["name"] for column in sheet["columns"]][3:32] == oracle.FEATURES
