"""The pandas answer to the trips story is itself checked: on real taxis, and against plain Python loops."""

import importlib.util
import itertools
import math
import os
import statistics
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]


def _oracle() -> ModuleType:
    spec = importlib.util.spec_from_file_location("_trips_oracle", ROOT / "tests" / "oracles" / "trips.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


oracle = _oracle()


@pytest.fixture(scope="module")
def taxis() -> pd.DataFrame:
    folder = os.environ.get("SHEETLINE_DATA")
    if not folder:
        pytest.skip("SHEETLINE_DATA does not name the folder with the real data")
    frame = pd.read_csv(Path(folder) / "telematics" / "sf_cabs_events.csv.gz")
    return frame.rename(
        columns={
            "cab_id": "Sensor_Code",
            "unix_time": "Timestamp",
            "latitude": "Latitude",
            "longitude": "Longitude",
            "occupied": "Other_Driver",
        }
    )


@pytest.mark.parametrize(("gap", "count"), [(300, 3954), (900, 1708), (1800, 1138)])
def test_sessions_of_the_taxis(taxis: pd.DataFrame, gap: int, count: int) -> None:
    assert oracle.sessions(taxis, gap * 1000).groupby(oracle.KEYS).ngroups == count


def test_figure_6_of_the_white_paper() -> None:
    columns = ([36.27923], [-109.258527], [36.274785], [-109.271242])
    kilometres = oracle.haversine_km(*(pd.Series(column) for column in columns))[0]
    assert kilometres == pytest.approx(1.241507731, abs=2e-9)
    assert kilometres / oracle.KM_A_MILE == pytest.approx(0.771437, abs=1e-6)


def events(rows: list[tuple[str, int, float | None, float | None]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["Sensor_Code", "Timestamp", "Latitude", "Longitude"])
    return frame.assign(Other_Driver=[0] * len(rows))


def test_a_trip_by_hand() -> None:
    """Out of order, a gap of exactly the limit, a duplicate, a lost fix, another vehicle in between."""
    minute = 1852 / 1000  # kilometres of a minute of latitude on this sphere
    frame = events(
        [
            ("a", 100, 10.0, 20.0),
            ("b", 100, 1.0, 1.0),
            ("a", 160, 10 + 1 / 60, 20.0),
            ("a", 1960, 10 + 3 / 60, 20.0),  # 1800 s later: the same trip
            ("a", 2080, 10 + 5 / 60, 20.0),
            ("a", 2020, 10 + 4 / 60, 20.0),  # late
            ("a", 2080, 10 + 5 / 60, 20.0),  # twice
            ("a", 2140, None, 20.0),
            ("a", 2200, 10 + 9 / 60, 20.0),  # its previous fix is lost
            ("a", 2260, 10 + 11 / 60, 20.0),
            ("a", 4061, 10.0, 20.0),  # 1801 s later: another trip
        ]
    )
    sessions = oracle.sessions(frame)
    assert sessions["Trip_Start"].unique().tolist() == [100, 4061]
    moves = oracle.moves(oracle.clean(sessions))
    assert moves["Timestamp"].tolist() == [160, 1960, 2020, 2080, 2080, 2260]
    assert moves["Kilometres"].tolist() == pytest.approx([minute * n for n in (1, 2, 1, 1, 0, 2)])
    assert moves["Seconds"].tolist() == [60, 1800, 60, 60, 0, 60]
    knots = moves["Speed"] / minute * oracle.KM_A_MILE
    assert knots.tolist() == pytest.approx([60, 4, 60, 60, math.nan, 120], nan_ok=True)
    change = moves["Acceleration"] / minute * oracle.KM_A_MILE
    assert change.tolist() == pytest.approx([math.nan, -56 / 1800, 56 / 60, 0, math.nan, math.nan], nan_ok=True)
    features = oracle.features(moves)
    assert features["Length"].tolist() == pytest.approx([7 * minute / oracle.KM_A_MILE])
    assert features["Time"].tolist() == pytest.approx([2040 / 3600])
    assert features["Missing"].tolist() == [0]


def test_features_against_plain_loops() -> None:
    path = [(60 * n, 40 + math.sin(n / 3) / 50, -100 + n * (n % 5) / 3000) for n in range(40)]
    frame = events([("a", time, lat, lon) for time, lat, lon in path])
    got = oracle.trips(frame).iloc[0]
    miles = []
    for (_, lat1, lon1), (_, lat2, lon2) in itertools.pairwise(path):
        a, b = math.radians(lat1), math.radians(lat2)
        dot = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(math.radians(lon2 - lon1))
        miles.append(math.acos(dot) * oracle.RADIUS_KM / 1.609344)
    speeds = [60 * step for step in miles]
    changes = [(after - before) / 60 for before, after in itertools.pairwise(speeds)]

    def percentile(values: list[float], percent: int) -> float:
        place = percent / 100 * (len(values) - 1)
        low = math.floor(place)
        ranked = sorted(values)
        return ranked[low] + (place - low) * (ranked[min(low + 1, len(values) - 1)] - ranked[low])

    assert got["Fast"] == sum(change > 1 for change in changes)
    assert got["Slow"] == sum(change < -1 for change in changes)
    assert got["Fast"] + got["Slow"] > 3
    for measure, values in {"Distance": miles, "Speed": speeds, "Acceleration": changes}.items():
        assert got[f"{measure} Average"] == pytest.approx(statistics.fmean(values), rel=1e-6, abs=1e-8)
        assert got[f"{measure} Standard Deviation"] == pytest.approx(statistics.stdev(values), rel=1e-6)
        assert got[f"{measure} Min"] == pytest.approx(min(values), rel=1e-6)
        assert got[f"{measure} Max"] == pytest.approx(max(values), rel=1e-6)
        for percent in (10, 30, 70, 90):
            name = f"{measure} {percent}th Percentile"
            assert got[name] == pytest.approx(percentile(values, percent), rel=1e-6, abs=1e-8)


def test_short_trips_miss_features() -> None:
    frame = events([("a", 0, 1.0, 1.0), ("b", 0, 1.0, 1.0), ("b", 5, 1.001, 1.0), ("b", 9, 1.002, 1.0)])
    features = oracle.trips(frame)
    assert features["Sensor_Code"].tolist() == ["b"], "one event is no move"
    missing = features[oracle.FEATURES].iloc[0].isna()
    assert missing[missing].index.tolist() == ["Acceleration Standard Deviation"]
