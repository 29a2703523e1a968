"""Aggregate sheets: twelve percentiles, and eight plain aggregates, of 10, 30 k and 3 M groups."""

from collections.abc import Callable
from typing import Any

from benchmarks import data, sides
from benchmarks.harness import Case, Inputs

ROWS = 10_000_000
PERCENTS = (1, 5, 10, 20, 25, 40, 50, 60, 75, 90, 95, 99)
PLAIN = {
    "count": "GROUPCOUNT()",
    "sum": "GROUPSUM(#Raw!x)",
    "mean": "GROUPAVERAGE(#Raw!x)",
    "least": "GROUPMIN(#Raw!x)",
    "most": "GROUPMAX(#Raw!x)",
    "std": "GROUPSTDEVS(#Raw!x)",
    "var": "GROUPVARS(#Raw!x)",
    "above": "GROUPCOUNTIF(#Raw!x > 50)",
}

#: what the groups are called, how many there are in a million rows (None: ten), and the bars of polars
SIZES: tuple[tuple[str, int | None, float, float], ...] = (
    ("10", None, 0.5, 1.3),
    ("30 k", 3_000, 0.5, 1.0),
    ("3 M", 300_000, 0.5, 1.3),
)


def _prepare(share: int | None) -> Callable[[int], Inputs]:
    def prepare(rows: int) -> Inputs:
        return {"t": data.groups(rows, 10 if share is None else max(rows * share // 1_000_000, 1))}

    return prepare


def _percentiles_pandas(frame: Any) -> Any:
    table = frame.groupby("g")["x"].quantile([p / 100 for p in PERCENTS]).unstack()
    return table.set_axis([f"p{p}" for p in PERCENTS], axis=1).reset_index()


def _percentiles_polars(pl: Any, lazy: Any) -> Any:
    return lazy.group_by("g").agg([pl.col("x").quantile(p / 100, "linear").alias(f"p{p}") for p in PERCENTS])


def _percentiles_duckdb() -> str:
    columns = ", ".join(f"q[{i}] AS p{p}" for i, p in enumerate(PERCENTS, start=1))
    quantiles = [p / 100 for p in PERCENTS]
    return f"SELECT g, {columns} FROM (SELECT g, quantile_cont(x, {quantiles}) AS q FROM t GROUP BY g)"


def _plain_pandas(frame: Any) -> Any:
    frame = frame.assign(above=frame["x"] > 50)
    return frame.groupby("g", as_index=False).agg(
        count=("x", "size"),
        sum=("x", "sum"),
        mean=("x", "mean"),
        least=("x", "min"),
        most=("x", "max"),
        std=("x", "std"),
        var=("x", "var"),
        above=("above", "sum"),
    )


def _plain_polars(pl: Any, lazy: Any) -> Any:
    x = pl.col("x")
    return lazy.group_by("g").agg(
        count=pl.len(),
        sum=x.sum(),
        mean=x.mean(),
        least=x.min(),
        most=x.max(),
        std=x.std(),
        var=x.var(),
        above=(x > 50).sum(),
    )


PLAIN_DUCKDB = """
    SELECT g, count(*) AS count, sum(x) AS sum, avg(x) AS mean, min(x) AS least, max(x) AS most,
        stddev_samp(x) AS std, var_samp(x) AS var, count(*) FILTER (x > 50) AS above
    FROM t GROUP BY g
"""


def _percentiles(called: str, share: int | None, limit: float) -> Case:
    columns = {"g": "GROUPBY(#Raw!g)"} | {f"p{p}": f"GROUPPERCENTILE(#Raw!x;{p})" for p in PERCENTS}
    return Case(
        name=f"12 percentiles, {called} groups",
        family="group aggregates",
        rows=ROWS,
        prepare=_prepare(share),
        sides={
            "sheetline": sides.columns(columns),
            "pandas": sides.pandas(_percentiles_pandas),
            "polars": sides.polars(_percentiles_polars),
            "duckdb": sides.duckdb(_percentiles_duckdb()),
        },
        limits={"polars": limit},
        keys=("g",),
    )


def _plain(called: str, share: int | None, limit: float) -> Case:
    return Case(
        name=f"8 aggregates, {called} groups",
        family="group aggregates",
        rows=ROWS,
        prepare=_prepare(share),
        sides={
            "sheetline": sides.columns({"g": "GROUPBY(#Raw!g)"} | PLAIN),
            "pandas": sides.pandas(_plain_pandas),
            "polars": sides.polars(_plain_polars),
            "duckdb": sides.duckdb(PLAIN_DUCKDB),
        },
        limits={"polars": limit},
        keys=("g",),
    )


CASES = [
    *(_percentiles(called, share, limit) for called, share, limit, _ in SIZES),
    *(_plain(called, share, limit) for called, share, _, limit in SIZES),
]
