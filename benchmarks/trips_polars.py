"""The trips workbook written by hand in polars, also as a script of its own.

    python benchmarks/trips_polars.py events.parquet out

writes the two tables of features as the workbook's outputs do. Nothing but polars is imported, so that the
script's start is its own.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import polars as pl

GAP = 1_800  # seconds
MILES = 6366.70702 / 1.609344  # the earth's radius
MEASURES = {"Distance": "Miles", "Speed": "Speed", "Acceleration": "Acceleration"}
STATISTICS = {"Average": "mean", "Standard Deviation": "std", "Min": "min", "Max": "max"}
PERCENTS = (10, 30, 70, 90)
FEATURES = ["Length", "Time", "Distance Per Second", "Fast", "Slow"]
for _measure in MEASURES:
    FEATURES += [f"{_measure} {statistic}" for statistic in STATISTICS]
    FEATURES += [f"{_measure} {percent}th Percentile" for percent in PERCENTS]
COLUMNS = ["Sensor_Code", "Trip_Start", "Other_Driver", *FEATURES]


def quotient(above: Any, below: Any) -> Any:
    """Return the quotient, null where the divisor is 0."""
    return above / pl.when(below != 0).then(below)


def _aggregates() -> list[Any]:
    seconds = pl.col("Seconds")
    made = [
        pl.col("Sensor_Code").first(),
        pl.col("Trip_Start").first(),
        (pl.col("Other_Driver").mean() >= 0.5).cast(pl.Int64).alias("Other_Driver"),
        pl.col("Miles").sum().alias("Length"),
        pl.col("Hours").sum().alias("Time"),
        quotient(pl.col("Miles").sum(), seconds.sum()).alias("Distance Per Second"),
        (pl.col("Acceleration") > 1).sum().alias("Fast"),
        (pl.col("Acceleration") < -1).sum().alias("Slow"),
    ]
    for measure, column in MEASURES.items():
        for statistic, name in STATISTICS.items():
            made.append(getattr(pl.col(column), name)().alias(f"{measure} {statistic}"))
        for percent in PERCENTS:
            quantile = pl.col(column).quantile(percent / 100, "linear")
            made.append(quantile.alias(f"{measure} {percent}th Percentile"))
    return made


def features(path: str | Path) -> pl.LazyFrame:
    """Return the complete trips, lazy and so optimised as a whole."""
    new, seconds, gap = pl.col("new"), pl.col("Seconds"), pl.col("Timestamp").diff()
    lat1, lon1, lat2, lon2 = (pl.col(name).radians() for name in ("Latitude", "Longitude", "lat", "lon"))
    half = ((lat2 - lat1) / 2).sin() ** 2 + lat1.cos() * lat2.cos() * ((lon2 - lon1) / 2).sin() ** 2
    same_trip = pl.col("trip") == pl.col("trip").shift()
    return (
        pl.scan_parquet(path)
        .sort("Sensor_Code", "Timestamp", maintain_order=True)
        .with_columns(new=pl.col("Sensor_Code").ne_missing(pl.col("Sensor_Code").shift()) | (gap > GAP))
        .with_columns(
            trip=new.cum_sum(),
            Trip_Start=pl.from_epoch(pl.when(new).then("Timestamp").forward_fill(), "s").cast(pl.Datetime("us")),
            lat=pl.when(~new).then(pl.col("Latitude").shift()),
            lon=pl.when(~new).then(pl.col("Longitude").shift()),
            Seconds=pl.when(~new).then(gap),
        )
        .drop_nulls(["Latitude", "Longitude", "lat", "lon"])
        .with_columns(Miles=2 * MILES * half.sqrt().arcsin(), Hours=seconds / 3600)
        .with_columns(Speed=quotient(pl.col("Miles"), pl.col("Hours")))
        .with_columns(Acceleration=pl.when(same_trip).then(quotient(pl.col("Speed").diff(), gap)))
        .group_by("trip")
        .agg(_aggregates())
        .select(COLUMNS)
        .drop_nulls()
    )


def main(events: str, out: str) -> None:
    """Write ``features.csv`` and ``labelled.csv`` below ``out``, the trips in order of vehicle and time."""
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    trips = features(events).sort("Sensor_Code", "Trip_Start").collect()
    trips.select(FEATURES).write_csv(folder / "features.csv", include_header=False)
    trips.select("Other_Driver", *FEATURES).write_csv(folder / "labelled.csv", include_header=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
