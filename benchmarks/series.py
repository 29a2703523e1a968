"""Series sheets: sessions by a pause, the record before, running totals, moving windows and ranks.

Each keeps every event, sorted by sensor and time.
"""

from typing import Any

import pandas as pd

from benchmarks import data, sides
from benchmarks.harness import Case, Side

ROWS = 5_000_000
GAP = pd.Timedelta(minutes=30)
WINDOW = 10
KEYS = {"sensor": "GROUPBY(#Raw!sensor)", "time": "GROUP_SORT_ASC(#Raw!time)"}

SESSIONS = {
    "sensor": "GROUPBY(#Raw!sensor)",
    "session": "GROUPBYGAP(#Raw!time; 30m)",
    "time": "GROUP_SORT_ASC(#Raw!time)",
    "lat": "#Raw!lat",
    "lon": "#Raw!lon",
    "previous_lat": "GROUP_PREVIOUS(#Raw!lat)",
    "previous_lon": "GROUP_PREVIOUS(#Raw!lon)",
}
NEIGHBOURS = KEYS | {
    "before": "GROUP_PREVIOUS(#Raw!lat)",
    "behind": "GROUP_NEXT(#Raw!lat)",
    "step": "GROUP_DIFF(#Raw!lon)",
}
RUNNING = KEYS | {
    "number": "GROUPROWNUMBER()",
    "total": "GROUP_CUMSUM(#Raw!lat)",
    "least": "GROUP_CUMMIN(#Raw!lat)",
    "most": "GROUP_CUMMAX(#Raw!lat)",
}
MOVING = KEYS | {
    "mean": f"GROUP_MOVING_AVERAGE(#Raw!lat;{WINDOW})",
    "total": f"GROUP_MOVING_SUM(#Raw!lon;{WINDOW})",
    "most": f"GROUP_MOVING_MAX(#Raw!lat;{WINDOW})",
}
RANKS = KEYS | {"rank": "GROUP_RANK(#Raw!lat)"}


def _ordered(frame: Any) -> Any:
    return frame.sort_values(["sensor", "time"], ignore_index=True)


def _sessions_pandas(frame: Any) -> Any:
    ordered = _ordered(frame)
    new = (ordered["sensor"] != ordered["sensor"].shift()) | (ordered["time"].diff() > GAP)
    return ordered.assign(
        session=ordered["time"].where(new).ffill(),
        previous_lat=ordered["lat"].shift().mask(new),
        previous_lon=ordered["lon"].shift().mask(new),
    )


def _sessions_polars(pl: Any, lazy: Any) -> Any:
    sensor, time = pl.col("sensor"), pl.col("time")
    new = (sensor != sensor.shift()).fill_null(True) | (time.diff() > GAP.to_pytimedelta())
    return (
        lazy.sort("sensor", "time")
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


SESSIONS_DUCKDB = """
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


def _neighbours_pandas(frame: Any) -> Any:
    ordered = _ordered(frame)
    groups = ordered.groupby("sensor", sort=False)
    made = ordered[["sensor", "time"]]
    return made.assign(before=groups["lat"].shift(), behind=groups["lat"].shift(-1), step=groups["lon"].diff())


def _neighbours_polars(pl: Any, lazy: Any) -> Any:
    # shifts of the sorted columns, nulled where the sensor changes: several times quicker than over("sensor")
    sensor, lat, lon = pl.col("sensor"), pl.col("lat"), pl.col("lon")
    behind_first, before_last = sensor == sensor.shift(), sensor == sensor.shift(-1)
    return lazy.sort("sensor", "time").select(
        "sensor",
        "time",
        before=pl.when(behind_first).then(lat.shift()),
        behind=pl.when(before_last).then(lat.shift(-1)),
        step=pl.when(behind_first).then(lon.diff()),
    )


def _running_pandas(frame: Any) -> Any:
    ordered = _ordered(frame)
    groups = ordered.groupby("sensor", sort=False)
    lat = groups["lat"]
    return ordered[["sensor", "time"]].assign(
        number=groups.cumcount() + 1, total=lat.cumsum(), least=lat.cummin(), most=lat.cummax()
    )


def _running_polars(pl: Any, lazy: Any) -> Any:
    lat = pl.col("lat")
    return lazy.sort("sensor", "time").select(
        "sensor",
        "time",
        number=pl.int_range(1, pl.len() + 1).over("sensor"),
        total=lat.cum_sum().over("sensor"),
        least=lat.cum_min().over("sensor"),
        most=lat.cum_max().over("sensor"),
    )


def _moving_pandas(frame: Any) -> Any:
    ordered = _ordered(frame)
    windows = ordered.groupby("sensor", sort=False).rolling(WINDOW, min_periods=1)
    # the groups stand one below the other as the rows do, so that the order is the same
    return ordered[["sensor", "time"]].assign(
        mean=windows["lat"].mean().to_numpy(),
        total=windows["lon"].sum().to_numpy(),
        most=windows["lat"].max().to_numpy(),
    )


def _moving_polars(pl: Any, lazy: Any) -> Any:
    lat, lon = pl.col("lat"), pl.col("lon")
    return lazy.sort("sensor", "time").select(
        "sensor",
        "time",
        mean=lat.rolling_mean(WINDOW, min_samples=1).over("sensor"),
        total=lon.rolling_sum(WINDOW, min_samples=1).over("sensor"),
        most=lat.rolling_max(WINDOW, min_samples=1).over("sensor"),
    )


def _ranks_pandas(frame: Any) -> Any:
    ordered = _ordered(frame)
    rank = ordered.groupby("sensor", sort=False)["lat"].rank(method="min", ascending=False)
    return ordered[["sensor", "time"]].assign(rank=rank)


def _ranks_polars(pl: Any, lazy: Any) -> Any:
    rank = pl.col("lat").rank("min", descending=True).over("sensor")
    return lazy.sort("sensor", "time").select("sensor", "time", rank=rank)


def _windows(columns: str, frame: str = "") -> str:
    return f"SELECT sensor, time, {columns} FROM t WINDOW w AS (PARTITION BY sensor ORDER BY time {frame})"


def _case(name: str, ours: dict[str, str], by_pandas: Any, by_polars: Any, by_duckdb: str) -> Case:
    made: dict[str, Side] = {
        "sheetline": sides.columns(ours),
        "pandas": sides.pandas(by_pandas),
        "polars": sides.polars(by_polars),
        "duckdb": sides.duckdb(by_duckdb),
    }
    return Case(
        name=name,
        family="series",
        rows=ROWS,
        prepare=lambda rows: {"t": data.events(rows)},
        sides=made,
        keys=("sensor", "time"),
    )


CASES = [
    _case("sessions", SESSIONS, _sessions_pandas, _sessions_polars, SESSIONS_DUCKDB),
    _case(
        "previous, next, difference",
        NEIGHBOURS,
        _neighbours_pandas,
        _neighbours_polars,
        _windows("lag(lat) OVER w AS before, lead(lat) OVER w AS behind, lon - lag(lon) OVER w AS step"),
    ),
    _case(
        "running sum, min, max, number",
        RUNNING,
        _running_pandas,
        _running_polars,
        _windows(
            "row_number() OVER w AS number, sum(lat) OVER w AS total, min(lat) OVER w AS least, max(lat) OVER w AS most"
        ),
    ),
    _case(
        "moving mean, sum, max of 10",
        MOVING,
        _moving_pandas,
        _moving_polars,
        _windows(
            "avg(lat) OVER w AS mean, sum(lon) OVER w AS total, max(lat) OVER w AS most",
            f"ROWS {WINDOW - 1} PRECEDING",
        ),
    ),
    _case(
        "ranks in groups",
        RANKS,
        _ranks_pandas,
        _ranks_polars,
        "SELECT sensor, time, rank() OVER (PARTITION BY sensor ORDER BY lat DESC) AS rank FROM t",
    ),
]
