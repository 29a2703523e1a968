"""Seeded inputs, as Arrow tables, and each engine's native form of them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SEED = 20_240_229
# the published stubs of pyarrow know neither numpy arrays as columns nor scalars among the texts
table: Callable[..., pa.Table] = pa.table
_join: Any = pc.binary_join_element_wise


def points(rows: int) -> pa.Table:
    """Return pairs of points a few kilometres apart, in degrees."""
    rng = np.random.default_rng(SEED)
    lat = rng.uniform(-80, 80, rows)
    lon = rng.uniform(-179, 179, rows)
    lat2 = lat + rng.normal(0, 0.02, rows)
    lon2 = lon + rng.normal(0, 0.02, rows)
    return table({"lat1": lat, "lon1": lon, "lat2": lat2, "lon2": lon2})


def numbers(rows: int, holes: str = "") -> pa.Table:
    """Return four float columns ``a`` to ``d`` without zeros; those named in ``holes`` have a tenth of nulls."""
    rng = np.random.default_rng(SEED)
    made: dict[str, Any] = {name: rng.uniform(0.5, 100, rows) for name in "abcd"}
    made.update({name: pa.array(rng.uniform(0.5, 100, rows), mask=rng.random(rows) < 0.1) for name in holes})
    return table(made)


def dates(rows: int) -> pa.Table:
    """Return instants ``d`` of forty years, and ``e`` up to 2,000 days later."""
    rng = np.random.default_rng(SEED)
    first = rng.integers(0, 86_400_000 * 365 * 40, rows) * 1_000
    later = first + rng.integers(0, 86_400_000 * 2_000, rows) * 1_000
    return table({"d": pa.array(first).cast(pa.timestamp("us")), "e": pa.array(later).cast(pa.timestamp("us"))})


def addresses(rows: int) -> pa.Table:
    """Return streets (all distinct), cities (few), notes (all distinct) and amounts."""
    rng = np.random.default_rng(SEED)
    number = pa.array(rng.permutation(rows)).cast(pa.large_string())
    blank, dash, road, ref = (pa.scalar(x, pa.large_string()) for x in (" ", "-", "Harbour Street", " ref=AB"))
    names = pa.array(["Bergen", "Łódź", "Saint-Étienne", "Reno", "Kyoto"] * 20, pa.large_string())
    city = names.take(rng.integers(0, len(names), rows))
    street = _join(number, road, blank)
    note = _join(city, ref, number, dash)
    return table({"street": street, "city": city, "note": note, "amount": rng.uniform(0, 100, rows)})


def groups(rows: int, count: int) -> pa.Table:
    """Return float values of ``count`` groups in random order."""
    rng = np.random.default_rng(SEED)
    return table({"g": rng.integers(0, count, rows), "x": rng.normal(50, 20, rows)})


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
    return table({"sensor": sensor[order], "time": time, "lat": lat[order], "lon": lon[order]})


def taken(values: Any, places: Any) -> Any:
    """Return the values at the places."""
    return values.take(pa.array(places))


def pandas_frame(table: pa.Table) -> Any:
    """Return the table as a pandas frame."""
    return table.to_pandas()


def polars_frame(table: pa.Table) -> Any:
    """Return the table as a polars frame in one chunk."""
    import polars as pl

    return pl.DataFrame(pl.from_arrow(table)).rechunk()


def duckdb_tables(tables: Mapping[str, pa.Table]) -> Any:
    """Return a connection that holds the tables under their names, in duckdb's own storage."""
    import duckdb

    connection = duckdb.connect()
    for name, table in tables.items():
        connection.register("arrow", table)
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM arrow")
        connection.unregister("arrow")
    return connection
