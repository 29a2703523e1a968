"""The trips workbook once more, in plain pandas: the independent answer that the engine's run is held to.

Written from the story (examples/telematics/README.md), not from the engine. Every choice that the story
leaves open to a reader of the workbook is settled here in words:

- *Trips.* Per vehicle, events in order of time (ties keep their order in the file); a new trip starts where
  the step to the next event is GREATER than the gap. Trip_Start is the trip's first time.
- *Previous position.* The event before it in the same trip, null for the trip's first event. An event that
  arrived twice has its own copy as the previous one: no distance, no time.
- *Clean.* Rows with a null among Latitude, Longitude, Previous_Latitude, Previous_Longitude go: each trip's
  first event, every event without a fix, and the event behind it.
- *Speed.* Miles by Hours; null where no time has passed (duplicates). It is the mean over the step.
- *Acceleration.* Change of Speed since the kept row before it in the trip, by the seconds between the two
  rows: null for the first row, where either speed is null, and where no time has passed.
- *Features.* Nulls are skipped; deviation is the sample's (null below two values); percentiles are linear
  between the neighbours at 1-based position p/100*(n-1)+1; Fast and Slow count strictly above and below.
- *Distance.* Great circle on the sphere where an arc minute is 1.852 km. The differences of the angles are
  taken in degrees and then turned into radians: the other way round loses nine digits on short steps.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

RADIUS_KM = 1.852 * 60 * 180 / np.pi
KM_A_MILE = 1.609344
KEYS = ["Sensor_Code", "Trip_Start"]
MOMENTS = {"Average": "mean", "Standard Deviation": "std", "Min": "min", "Max": "max"}
PERCENTILES = {f"{percent}th Percentile": percent / 100 for percent in (10, 30, 70, 90)}
MEASURES = {"Distance": "Miles", "Speed": "Speed", "Acceleration": "Acceleration"}
#: the 29 features in the order of the output
FEATURES = [
    *("Length", "Time", "Distance Per Second", "Fast", "Slow"),
    *(f"{measure} {statistic}" for measure in MEASURES for statistic in (*MOMENTS, *PERCENTILES)),
]


def haversine_km(lat1: pd.Series, lon1: pd.Series, lat2: pd.Series, lon2: pd.Series) -> pd.Series:
    """Kilometres between points in degrees."""
    up = np.radians(lat2 - lat1) / 2
    across = np.radians(lon2 - lon1) / 2
    half = np.sin(up) ** 2 + np.cos(np.radians(lat1)) * np.cos(np.radians(lat2)) * np.sin(across) ** 2
    kilometres: pd.Series = 2 * RADIUS_KM * np.arctan2(np.sqrt(half), np.sqrt(1 - half))
    return kilometres


def sessions(events: pd.DataFrame, gap_ms: int = 1_800_000) -> pd.DataFrame:
    """Order the events of each vehicle by time, name their trips and look back one event.

    Args:
        events: Sensor_Code, Timestamp (whole seconds since the epoch), Latitude, Longitude, Other_Driver.
        gap_ms: a longer pause, in milliseconds, starts a new trip.

    Returns:
        The events by vehicle and time with Trip_Start and Previous_Latitude, _Longitude, _Timestamp.
    """
    frame = events.sort_values(["Sensor_Code", "Timestamp"], kind="stable", ignore_index=True)
    step_ms = frame.groupby("Sensor_Code", observed=True)["Timestamp"].diff() * 1000
    starts = step_ms.isna() | (step_ms > gap_ms)
    frame["Trip_Start"] = frame["Timestamp"].where(starts).ffill().astype("int64")
    trips = frame.groupby(KEYS, observed=True, sort=False)
    for name in ("Latitude", "Longitude", "Timestamp"):
        frame[f"Previous_{name}"] = trips[name].shift()
    return frame


def clean(frame: pd.DataFrame) -> pd.DataFrame:
    """Drop the rows that lack a coordinate, their own or the previous one."""
    return frame.dropna(subset=["Latitude", "Longitude", "Previous_Latitude", "Previous_Longitude"], ignore_index=True)


def moves(frame: pd.DataFrame) -> pd.DataFrame:
    """Measure each step of the cleaned rows: Kilometres, Miles, Seconds, Hours, Speed, Acceleration."""
    frame = frame.copy()
    frame["Kilometres"] = haversine_km(
        frame["Latitude"], frame["Longitude"], frame["Previous_Latitude"], frame["Previous_Longitude"]
    )
    frame["Miles"] = frame["Kilometres"] / KM_A_MILE
    frame["Seconds"] = frame["Timestamp"] - frame["Previous_Timestamp"]
    frame["Hours"] = frame["Seconds"] / 3600
    frame["Speed"] = frame["Miles"] / frame["Hours"].where(frame["Hours"] > 0)
    trips = frame.groupby(KEYS, observed=True, sort=False)
    elapsed = trips["Timestamp"].diff()
    frame["Acceleration"] = trips["Speed"].diff() / elapsed.where(elapsed > 0)
    return frame


def features(frame: pd.DataFrame, fast: float = 1.0, slow: float = -1.0) -> pd.DataFrame:
    """Sum up the moves of each trip: keys, Other_Driver, the 29 features, Steps and Missing.

    Args:
        frame: the moves.
        fast: accelerations above it, in mph per second, are fast.
        slow: accelerations below it are slow.

    Returns:
        One row a trip that has a move, by vehicle and start, trips with null features included.
    """
    flagged = frame.assign(
        Fast=frame["Acceleration"] > fast,
        Slow=frame["Acceleration"] < slow,
        Steps=1,
        Other=frame["Other_Driver"],
    )
    trips = flagged.groupby(KEYS, observed=True, sort=True)
    out = pd.DataFrame(
        {
            "Other_Driver": (trips["Other"].mean() >= 0.5).astype("int64"),
            "Length": trips["Miles"].sum(),
            "Time": trips["Hours"].sum(),
            "Fast": trips["Fast"].sum(),
            "Slow": trips["Slow"].sum(),
            "Steps": trips["Steps"].sum(),
        }
    )
    seconds = trips["Seconds"].sum()
    out["Distance Per Second"] = out["Length"] / seconds.where(seconds > 0)
    for measure, column in MEASURES.items():
        values = trips[column]
        for statistic, name in MOMENTS.items():
            out[f"{measure} {statistic}"] = values.agg(name)
        for statistic, share in PERCENTILES.items():
            out[f"{measure} {statistic}"] = values.quantile(share)
    out["Missing"] = out[FEATURES].isna().sum(axis=1)
    return out.reset_index()[[*KEYS, "Other_Driver", *FEATURES, "Steps", "Missing"]]


def trips(events: pd.DataFrame, gap_ms: int = 1_800_000, fast: float = 1.0, slow: float = -1.0) -> pd.DataFrame:
    """The whole story in one call: from events to the features of every trip that has a move."""
    return features(moves(clean(sessions(events, gap_ms))), fast, slow)
