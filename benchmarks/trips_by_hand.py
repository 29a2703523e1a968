"""The trips workbook written by hand in pandas, polars and duckdb, each the way its users would.

The steps are those of the workbook: events sorted by vehicle and time, a new trip after a pause of more
than 30 minutes, the position before, no rows without a coordinate, miles, hours, speed, acceleration,
29 features, complete trips only.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.harness import Inputs
from benchmarks.trips_polars import COLUMNS, FEATURES, GAP, MEASURES, MILES, PERCENTS, STATISTICS, features


def pandas_side(inputs: Inputs) -> Callable[[], Any]:
    """Return the run by pandas."""
    path = inputs["events"]

    def steps() -> Any:
        events = pd.read_parquet(path)
        events = events.sort_values(["Sensor_Code", "Timestamp"], kind="stable", ignore_index=True)
        sensor, time = events["Sensor_Code"].cat.codes, events["Timestamp"]
        new = (sensor != sensor.shift()) | (time.diff() > GAP)
        events["Trip_Start"] = pd.to_datetime(time.where(new).ffill(), unit="s")
        events["trip"] = new.cumsum()
        before = events[["Latitude", "Longitude", "Timestamp"]].shift().mask(new)
        events[["lat", "lon", "before"]] = before
        return events.dropna(subset=["Latitude", "Longitude", "lat", "lon"])

    def measured() -> Any:
        rows = steps()
        lat1, lon1, lat2, lon2 = (np.radians(rows[name]) for name in ("Latitude", "Longitude", "lat", "lon"))
        half = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
        miles = 2 * MILES * np.arcsin(np.sqrt(half))
        seconds = rows["Timestamp"] - rows["before"]
        speed = miles / (seconds / 3600).where(seconds != 0)
        rows = rows.assign(Miles=miles, Seconds=seconds, Hours=seconds / 3600, Speed=speed)
        change = rows.groupby("trip")[["Speed", "Timestamp"]].diff()
        return rows.assign(Acceleration=change["Speed"] / change["Timestamp"].where(change["Timestamp"] != 0))

    def run() -> Any:
        rows = measured()
        rows = rows.assign(Fast=rows["Acceleration"] > 1, Slow=rows["Acceleration"] < -1)
        trips = rows.groupby("trip")
        table = trips.agg(
            Sensor_Code=("Sensor_Code", "first"),
            Trip_Start=("Trip_Start", "first"),
            Other_Driver=("Other_Driver", "mean"),
            Length=("Miles", "sum"),
            Time=("Hours", "sum"),
            Seconds=("Seconds", "sum"),
            Fast=("Fast", "sum"),
            Slow=("Slow", "sum"),
        )
        table["Other_Driver"] = (table["Other_Driver"] >= 0.5).astype("int64")
        table["Distance Per Second"] = table["Length"] / table["Seconds"].where(table["Seconds"] != 0)
        measures = trips[list(MEASURES.values())]
        statistics = measures.agg(list(STATISTICS.values()))
        percentiles = measures.quantile([percent / 100 for percent in PERCENTS]).unstack()
        for measure, column in MEASURES.items():
            for statistic, name in STATISTICS.items():
                table[f"{measure} {statistic}"] = statistics[column, name]
            for percent in PERCENTS:
                table[f"{measure} {percent}th Percentile"] = percentiles[column, percent / 100]
        return table[COLUMNS].dropna()

    return run


def polars_side(inputs: Inputs) -> Callable[[], Any]:
    """Return the run by polars."""
    path = inputs["events"]
    return lambda: features(path).collect()


def duckdb_side(inputs: Inputs) -> Callable[[], Any]:
    """Return the run by duckdb: one query."""
    import duckdb

    connection = duckdb.connect()
    names = {"mean": "avg", "std": "stddev_samp", "min": "min", "max": "max"}
    columns, quantiles = [], []
    for measure, column in MEASURES.items():
        columns += [f'{names[name]}({column}) AS "{measure} {what}"' for what, name in STATISTICS.items()]
        columns.append(f"quantile_cont({column}, {[p / 100 for p in PERCENTS]}) AS q_{column}")
        quantiles += [f'q_{column}[{i}] AS "{measure} {p}th Percentile"' for i, p in enumerate(PERCENTS, 1)]
    complete = " AND ".join(f'"{name}" IS NOT NULL' for name in FEATURES)
    listed = ", ".join(f'"{name}"' for name in COLUMNS)
    query = f"""
        WITH ordered AS (
            SELECT *, lag(Timestamp) OVER w AS before,
                lag(Latitude) OVER w AS lat, lag(Longitude) OVER w AS lon
            FROM read_parquet('{inputs["events"]}', file_row_number = true)
            WINDOW w AS (PARTITION BY Sensor_Code ORDER BY Timestamp, file_row_number)
        ), marked AS (
            SELECT *, before IS NULL OR Timestamp - before > {GAP} AS new FROM ordered
        ), sessions AS (
            SELECT *, max(CASE WHEN new THEN Timestamp END)
                OVER (PARTITION BY Sensor_Code ORDER BY Timestamp, file_row_number) AS start
            FROM marked
        ), speeds AS (
            SELECT Sensor_Code, start, Timestamp, file_row_number, Other_Driver,
                {2 * MILES} * asin(sqrt(pow(sin((radians(lat) - radians(Latitude)) / 2), 2)
                    + cos(radians(Latitude)) * cos(radians(lat))
                    * pow(sin((radians(lon) - radians(Longitude)) / 2), 2))) AS Miles,
                Timestamp - before AS Seconds, Seconds / 3600 AS Hours, Miles / nullif(Hours, 0) AS Speed
            FROM sessions
            WHERE NOT new AND Latitude IS NOT NULL AND Longitude IS NOT NULL
                AND lat IS NOT NULL AND lon IS NOT NULL
        ), moves AS (
            SELECT *,
                (Speed - lag(Speed) OVER w) / nullif(Timestamp - lag(Timestamp) OVER w, 0) AS Acceleration
            FROM speeds
            WINDOW w AS (PARTITION BY Sensor_Code, start ORDER BY Timestamp, file_row_number)
        ), trips AS (
            SELECT Sensor_Code, make_timestamp(start * 1000000) AS Trip_Start,
                (avg(Other_Driver) >= 0.5)::BIGINT AS Other_Driver,
                sum(Miles) AS Length, sum(Hours) AS Time,
                sum(Miles) / nullif(sum(Seconds), 0) AS "Distance Per Second",
                count(*) FILTER (Acceleration > 1) AS Fast, count(*) FILTER (Acceleration < -1) AS Slow,
                {", ".join(columns)}
            FROM moves GROUP BY Sensor_Code, start
        ), features AS (
            SELECT *, {", ".join(quantiles)} FROM trips
        )
        SELECT {listed} FROM features WHERE {complete}
    """
    return lambda: connection.sql(query).to_arrow_table()
