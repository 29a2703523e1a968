"""Joins: one to one, orders to their customers by number and by text, and skewed keys with several matches."""

from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks import data, sides
from benchmarks.harness import Case, Inputs, Side

ROWS = 5_000_000
LIMITS = {"pandas": 1.0, "polars": 1.5}


def _one_to_one(rows: int) -> Inputs:
    rng = np.random.default_rng(data.SEED)
    return {
        "t": data.table({"id": rng.permutation(rows), "x": rng.normal(size=rows)}),
        "other": data.table({"id": rng.permutation(rows), "y": rng.normal(size=rows)}),
    }


def _customers(rows: int) -> Inputs:
    rng = np.random.default_rng(data.SEED)
    count = max(rows // 50, 10)
    names = data.table({"n": rng.permutation(count)}).column("n").cast(pa.large_string())
    chosen = rng.integers(0, count + count // 20, rows)  # a twentieth of the orders has no customer
    known = pa.concat_arrays([*names.chunks, pa.array([f"x{i}" for i in range(count // 20)], pa.large_string())])
    return {
        "t": data.table(
            {
                "id": np.arange(rows),
                "customer": chosen,
                "name": data.taken(known, chosen),
                "x": rng.normal(size=rows),
            }
        ),
        "other": data.table({"customer": np.arange(count), "name": names, "rate": rng.uniform(size=count)}),
    }


def _skewed(rows: int) -> Inputs:
    """A few keys have most of the rows on the left; on the right a key stands one time to four."""
    rng = np.random.default_rng(data.SEED)
    count = max(rows // 20, 10)
    left = np.minimum(rng.zipf(1.3, rows), count) - 1
    right = rng.permutation(np.repeat(np.arange(count), rng.integers(1, 4, count)))
    return {
        "t": data.table({"id": np.arange(rows), "k": left, "x": rng.normal(size=rows)}),
        "other": data.table({"k": right, "rid": np.arange(len(right))}),
    }


def _ours(how: str, on: str, select: dict[str, str]) -> Side:
    return sides.sheet(
        lambda book: book.join("Result", left="t", right="other", how=how, on=on, select=select),
    )


def _pandas(how: Any, on: str, columns: list[str]) -> Side:
    def run(frames: Any) -> Any:
        left = frames["t"][[name for name in frames["t"] if name in {*columns, on}]]
        right = frames["other"][[name for name in frames["other"] if name == on or name not in frames["t"]]]
        return left.merge(right, how=how, on=on)[columns]

    return sides.pandas_of(run)


def _polars(how: str, on: str, columns: list[str]) -> Side:
    return sides.polars_of(lambda _, frames: frames["t"].join(frames["other"], on=on, how=how).select(columns))


def _duckdb(how: str, on: str, columns: list[str]) -> Side:
    listed = ", ".join(columns)
    return sides.duckdb(f"SELECT {listed} FROM t {how} JOIN other USING ({on})")


def _case(name: str, prepare: Any, how: str, on: str, select: dict[str, str], keys: tuple[str, ...]) -> Case:
    columns = list(select)
    query = [f"{origin.replace('!', '.')} AS {column}" for column, origin in select.items()]
    return Case(
        name=name,
        family="joins",
        rows=ROWS,
        prepare=prepare,
        sides={
            "sheetline": _ours(how, on, select),
            "pandas": _pandas(how, on, columns),
            "polars": _polars(how, on, columns),
            "duckdb": _duckdb(how, on, query),
        },
        limits=LIMITS,
        keys=keys,
    )


CASES = [
    _case("join 1:1", _one_to_one, "inner", "id", {"id": "t!id", "x": "t!x", "y": "other!y"}, ("id",)),
    _case(
        "join 1:n, by number",
        _customers,
        "left",
        "customer",
        {"id": "t!id", "customer": "t!customer", "x": "t!x", "rate": "other!rate"},
        ("id",),
    ),
    _case(
        "join 1:n, by text",
        _customers,
        "left",
        "name",
        {"id": "t!id", "name": "t!name", "x": "t!x", "rate": "other!rate"},
        ("id",),
    ),
    _case(
        "join n:m, skewed",
        _skewed,
        "inner",
        "k",
        {"id": "t!id", "k": "t!k", "x": "t!x", "rid": "other!rid"},
        ("id", "rid"),
    ),
]
