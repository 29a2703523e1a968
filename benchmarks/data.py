"""Seeded inputs, as Arrow tables, and each engine's native form of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SEED = 20_240_229
# the published stubs of pyarrow know neither numpy arrays as columns nor scalars among the texts
_table: Callable[..., pa.Table] = pa.table
_join: Any = pc.binary_join_element_wise


def points(rows: int) -> pa.Table:
    """Return pairs of points a few kilometres apart, in degrees."""
    rng = np.random.default_rng(SEED)
    lat = rng.uniform(-80, 80, rows)
    lon = rng.uniform(-179, 179, rows)
    lat2 = lat + rng.normal(0, 0.02, rows)
    lon2 = lon + rng.normal(0, 0.02, rows)
    return _table({"lat1": lat, "lon1": lon, "lat2": lat2, "lon2": lon2})


def numbers(rows: int) -> pa.Table:
    """Return four float columns without zeros."""
    rng = np.random.default_rng(SEED)
    return _table({name: rng.uniform(0.5, 100, rows) for name in "abcd"})


def addresses(rows: int) -> pa.Table:
    """Return streets (all distinct), cities (few), notes (all distinct) and amounts."""
    rng = np.random.default_rng(SEED)
    number = pa.array(rng.permutation(rows)).cast(pa.large_string())
    blank, dash, road, ref = (pa.scalar(x, pa.large_string()) for x in (" ", "-", "Harbour Street", " ref=AB"))
    names = pa.array(["Bergen", "Łódź", "Saint-Étienne", "Reno", "Kyoto"] * 20, pa.large_string())
    city = names.take(rng.integers(0, len(names), rows))
    street = _join(number, road, blank)
    note = _join(city, ref, number, dash)
    return _table({"street": street, "city": city, "note": note, "amount": rng.uniform(0, 100, rows)})


def groups(rows: int, count: int) -> pa.Table:
    """Return float values of ``count`` groups in random order."""
    rng = np.random.default_rng(SEED)
    return _table({"g": rng.integers(0, count, rows), "x": rng.normal(50, 20, rows)})


def events(rows: int, sensors: int = 2_000) -> pa.Table:
    """Return events of many sensors in order of time, with a pause of an hour about every 180 events.

    No sensor has two events at one time, so that their order is the same for every engine.
    """
    rng = np.random.default_rng(SEED)
    sensor = np.sort(rng.integers(0, sensors, rows))
    step = rng.integers(1_000, 60_000, rows)  # ms
    step += np.where(rng.random(rows) < 1 / 180, 3_600_000, 0)
    clock = np.cumsum(step)
    first = np.flatnonzero(np.r_[True, sensor[1:] != sensor[:-1]]) if rows else np.array([], dtype=int)
    lengths = np.diff(np.r_[first, rows])
    clock -= np.repeat(clock[first] - rng.integers(0, 86_400_000, len(first)), lengths)
    order = np.argsort(clock, kind="stable")
    time = pa.array((1_704_067_200_000 + clock[order]) * 1_000).cast(pa.timestamp("us"))
    lat, lon = (centre + np.cumsum(rng.normal(0, 1e-5, rows)) for centre in (37.8, -122.4))
    return _table({"sensor": sensor[order], "time": time, "lat": lat[order], "lon": lon[order]})


def pandas_frame(table: pa.Table) -> Any:
    """Return the table as a pandas frame."""
    return table.to_pandas()


def polars_frame(table: pa.Table) -> Any:
    """Return the table as a polars frame in one chunk."""
    import polars as pl

    return pl.DataFrame(pl.from_arrow(table)).rechunk()


def duckdb_table(table: pa.Table) -> Any:
    """Return a connection that holds the table as ``t``, in duckdb's own storage."""
    import duckdb

    connection = duckdb.connect()
    connection.register("arrow", table)
    connection.execute("CREATE TABLE t AS SELECT * FROM arrow")
    connection.unregister("arrow")
    return connection
