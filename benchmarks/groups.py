"""Group functions: twelve percentiles an aggregate sheet, and sessions as a series sheet."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from benchmarks import data
from benchmarks.harness import Case, Inputs

PERCENTS = (1, 5, 10, 20, 25, 40, 50, 60, 75, 90, 95, 99)
GAP = pd.Timedelta(minutes=30)

SESSIONS = {
    "sensor": "GROUPBY(#Raw!sensor)",
    "session": "GROUPBYGAP(#Raw!time; 30m)",
    "time": "GROUP_SORT_ASC(#Raw!time)",
    "lat": "#Raw!lat",
    "lon": "#Raw!lon",
    "previous_lat": "GROUP_PREVIOUS(#Raw!lat)",
    "previous_lon": "GROUP_PREVIOUS(#Raw!lon)",
}


def _percentiles_sheetline(inputs: Inputs) -> Callable[[], Any]:
    import sheetline as sl

    frame = data.pandas_frame(inputs["groups"])
    columns = {"g": "GROUPBY(#Raw!g)"} | {f"p{p}": f"GROUPPERCENTILE(#Raw!x;{p})" for p in PERCENTS}
    return lambda: sl.evaluate_sheet(columns, frame, name="Raw")


def _percentiles_pandas(inputs: Inputs) -> Callable[[], Any]:
    frame = data.pandas_frame(inputs["groups"])
    quantiles = [p / 100 for p in PERCENTS]

    def run() -> Any:
        table = frame.groupby("g")["x"].quantile(quantiles).unstack()
        return table.set_axis([f"p{p}" for p in PERCENTS], axis=1).reset_index()

    return run


def _percentiles_polars(inputs: Inputs) -> Callable[[], Any]:
    import polars as pl

    columns = [pl.col("x").quantile(p / 100, "linear").alias(f"p{p}") for p in PERCENTS]
    lazy = data.polars_frame(inputs["groups"]).lazy().group_by("g").agg(columns)
    return lambda: lazy.collect()


def _percentiles_duckdb(inputs: Inputs) -> Callable[[], Any]:
    connection = data.duckdb_table(inputs["groups"])
    quantiles = [p / 100 for p in PERCENTS]
    columns = ", ".join(f"q[{i}] AS p{p}" for i, p in enumerate(PERCENTS, start=1))
    query = f"SELECT g, {columns} FROM (SELECT g, quantile_cont(x, {quantiles}) AS q FROM t GROUP BY g)"
    return lambda: connection.sql(query).to_arrow_table()


def _sessions_sheetline(inputs: Inputs) -> Callable[[], Any]:
    import sheetline as sl

    frame = data.pandas_frame(inputs["events"])
    return lambda: sl.evaluate_sheet(SESSIONS, frame, name="Raw")


def _sessions_pandas(inputs: Inputs) -> Callable[[], Any]:
    frame = data.pandas_frame(inputs["events"])

    def run() -> Any:
        ordered = frame.sort_values(["sensor", "time"], ignore_index=True)
        new = (ordered["sensor"] != ordered["sensor"].shift()) | (ordered["time"].diff() > GAP)
        return ordered.assign(
            session=ordered["time"].where(new).ffill(),
            previous_lat=ordered["lat"].shift().mask(new),
            previous_lon=ordered["lon"].shift().mask(new),
        )

    return run


def _sessions_polars(inputs: Inputs) -> Callable[[], Any]:
    import polars as pl

    sensor, time = pl.col("sensor"), pl.col("time")
    new = (sensor != sensor.shift()).fill_null(True) | (time.diff() > GAP.to_pytimedelta())
    lazy = (
        data.polars_frame(inputs["events"])
        .lazy()
        .sort("sensor", "time")
        .with_columns(new=new)
        .select(
            "sensor",
            "time",
            "lat",
            "lon",
            session=pl.when("new").then("time").forward_fill(),
            previous_lat=pl.when(~pl.col("new")).then(pl.col("lat").shift()),
            previous_lon=pl.when(~pl.col("new")).then(pl.col("lon").shift()),
        )
    )
    return lambda: lazy.collect()


def _sessions_duckdb(inputs: Inputs) -> Callable[[], Any]:
    connection = data.duckdb_table(inputs["events"])
    query = """
        WITH steps AS (
            SELECT *, lag(time) OVER w AS before, lag(lat) OVER w AS blat, lag(lon) OVER w AS blon
            FROM t WINDOW w AS (PARTITION BY sensor ORDER BY time)
        ), marked AS (
            SELECT *, before IS NULL OR time - before > INTERVAL 30 MINUTE AS new FROM steps
        )
        SELECT sensor, time, lat, lon,
            max(CASE WHEN new THEN time END) OVER (PARTITION BY sensor ORDER BY time) AS session,
            CASE WHEN NOT new THEN blat END AS previous_lat,
            CASE WHEN NOT new THEN blon END AS previous_lon
        FROM marked
    """
    return lambda: connection.sql(query).to_arrow_table()


CASES = [
    Case(
        name="GROUPPERCENTILE x 12, 30 k groups",
        rows=5_000_000,
        prepare=lambda rows: {"groups": data.groups(rows, max(rows * 6 // 1_000, 1))},
        sides={
            "sheetline": _percentiles_sheetline,
            "pandas": _percentiles_pandas,
            "polars": _percentiles_polars,
            "duckdb": _percentiles_duckdb,
        },
        keys=("g",),
    ),
    Case(
        name="sessions (series sheet)",
        rows=5_000_000,
        prepare=lambda rows: {"events": data.events(rows)},
        sides={
            "sheetline": _sessions_sheetline,
            "pandas": _sessions_pandas,
            "polars": _sessions_polars,
            "duckdb": _sessions_duckdb,
        },
        keys=("sensor", "time"),
    ),
]
