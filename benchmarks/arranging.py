"""Sheets that arrange rows: sorts, the first hundred, distinct rows, unions and a pivot."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks import data, sides
from benchmarks.harness import Case, Inputs, Side

ROWS = 5_000_000
LIMITS = {"pandas": 1.0, "polars": 1.5}
MONTHS = [f"m{month:02d}" for month in range(1, 13)]


def _rows(rows: int) -> Inputs:
    rng = np.random.default_rng(data.SEED)
    addresses = data.addresses(rows)
    return {
        "t": data.table(
            {
                "id": np.arange(rows),
                "k": rng.integers(0, 1_000, rows),
                "x": rng.normal(size=rows),
                "street": addresses.column("street"),
            }
        )
    }


def _pairs(rows: int) -> Inputs:
    rng = np.random.default_rng(data.SEED)
    count = max(rows // 10_000, 2)
    names = pa.array([f"item {number}" for number in range(count)], pa.large_string())
    return {
        "t": data.table({"k": rng.integers(0, 1_000, rows), "item": data.taken(names, rng.integers(0, count, rows))})
    }


def _halves(rows: int) -> Inputs:
    rng = np.random.default_rng(data.SEED)
    half = rows // 2
    first = {"id": np.arange(half), "k": rng.integers(0, 1_000, half), "x": rng.normal(size=half)}
    other = {"id": np.arange(half) + half, "x": rng.normal(size=half), "y": rng.normal(size=half)}
    return {"t": data.table(first), "other": data.table(other)}


def _overlapping(rows: int) -> Inputs:
    rng = np.random.default_rng(data.SEED)
    half = rows // 2
    made = {name: data.table({c: rng.integers(0, 1_000, half) for c in "kl"}) for name in ("t", "other")}
    return dict(made)


def _sales(rows: int) -> Inputs:
    rng = np.random.default_rng(data.SEED)
    months = pa.array(MONTHS, pa.large_string())
    return {
        "t": data.table(
            {
                "customer": rng.integers(0, max(rows // 500, 1), rows),
                "month": data.taken(months, rng.integers(0, 12, rows)),
                "x": rng.uniform(1, 100, rows),
            }
        )
    }


def _sort(by: list[dict[str, str]], limit: int | None = None) -> Side:
    return sides.sheet(lambda book: book.sort("Result", of="t", by=by, limit=limit))


def _pivot(book: Any) -> Any:
    values = {"sum": "GROUPSUM(#t!x)"}  # the columns are called m01_sum …
    return book.pivot("Result", of="t", rows=["customer"], column="month", values=values, expected=MONTHS)


def _pivot_pandas(frame: Any) -> Any:
    wide = frame.groupby(["customer", "month"])["x"].sum().unstack()
    return wide.add_suffix("_sum").reset_index().rename_axis(columns=None)


def _pivot_polars(pl: Any, lazy: Any) -> Any:
    # sums under conditions, which stay lazy: quicker than pivot()
    x = pl.col("x")
    sums = [x.filter(pl.col("month") == month) for month in MONTHS]
    return lazy.group_by("customer").agg(
        [pl.when(v.len() > 0).then(v.sum()).alias(f"{month}_sum") for v, month in zip(sums, MONTHS, strict=True)]
    )


def _case(name: str, prepare: Any, made: dict[str, Side], *, bars: bool = True, keys: tuple[str, ...] = ()) -> Case:
    return Case(
        name=name,
        family="sorts, unions, pivots",
        rows=ROWS,
        prepare=prepare,
        sides=made,
        limits=LIMITS if bars else {},
        keys=keys,
    )


CASES = [
    _case(
        "sort by two numbers",
        _rows,
        {
            "sheetline": _sort([{"column": "k"}, {"column": "x", "order": "desc"}]),
            "pandas": sides.pandas(lambda t: t.sort_values(["k", "x"], ascending=[True, False], ignore_index=True)),
            "polars": sides.polars(lambda _, lazy: lazy.sort("k", "x", descending=[False, True])),
            "duckdb": sides.duckdb("SELECT * FROM t ORDER BY k, x DESC"),
        },
    ),
    _case(
        "sort by text",
        _rows,
        {
            "sheetline": _sort([{"column": "street"}]),
            "pandas": sides.pandas(lambda t: t.sort_values("street", ignore_index=True)),
            "polars": sides.polars(lambda _, lazy: lazy.sort("street")),
            "duckdb": sides.duckdb("SELECT * FROM t ORDER BY street"),
        },
    ),
    _case(
        "top 100",
        _rows,
        {
            "sheetline": _sort([{"column": "x", "order": "desc"}], limit=100),
            "pandas": sides.pandas(lambda t: t.nlargest(100, "x")),
            "polars": sides.polars(lambda _, lazy: lazy.sort("x", descending=True).head(100)),
            "duckdb": sides.duckdb("SELECT * FROM t ORDER BY x DESC LIMIT 100"),
        },
    ),
    _case(
        "distinct pairs",
        _pairs,
        {
            "sheetline": sides.sheet(lambda book: book.distinct("Result", of="t")),
            "pandas": sides.pandas(lambda t: t.drop_duplicates(ignore_index=True)),
            "polars": sides.polars(lambda _, lazy: lazy.unique()),
            "duckdb": sides.duckdb("SELECT DISTINCT * FROM t"),
        },
        keys=("k", "item"),
    ),
    _case(
        "union",
        _halves,
        {
            "sheetline": sides.sheet(lambda book: book.union("Result", of=["t", "other"])),
            "pandas": sides.pandas_of(lambda f: pd.concat([f["t"], f["other"]], ignore_index=True)),
            "polars": sides.polars_of(lambda pl, f: pl.concat([f["t"], f["other"]], how="diagonal")),
            "duckdb": sides.duckdb("SELECT * FROM t UNION ALL BY NAME SELECT * FROM other"),
        },
        bars=False,
        keys=("id",),
    ),
    _case(
        "union, distinct",
        _overlapping,
        {
            "sheetline": sides.sheet(lambda book: book.union("Result", of=["t", "other"], distinct=True)),
            "pandas": sides.pandas_of(
                lambda f: pd.concat([f["t"], f["other"]], ignore_index=True).drop_duplicates(ignore_index=True)
            ),
            "polars": sides.polars_of(lambda pl, f: pl.concat([f["t"], f["other"]]).unique()),
            "duckdb": sides.duckdb("SELECT * FROM t UNION SELECT * FROM other"),
        },
        keys=("k", "l"),
    ),
    _case(
        "pivot to 12 columns",
        _sales,
        {
            "sheetline": sides.sheet(_pivot),
            "pandas": sides.pandas(_pivot_pandas),
            "polars": sides.polars(_pivot_polars),
            "duckdb": sides.duckdb(
                f"PIVOT t ON month IN ({', '.join(map(repr, MONTHS))}) USING sum(x) AS sum GROUP BY customer"
            ),
        },
        bars=False,
        keys=("customer",),
    ),
]
