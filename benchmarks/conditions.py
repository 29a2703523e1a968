"""Row formulas that choose: IF over numbers, bands, conditions of several columns, and nulls."""

from typing import Any

import numpy as np
import pandas as pd

from benchmarks import data, sides
from benchmarks.harness import Case, Side

ROWS = 10_000_000
BANDS = (10, 25, 40, 60, 85)


def _case(name: str, ours: Side, by_pandas: Any, by_polars: Any, by_duckdb: str, limit: float = 1.0) -> Case:
    return Case(
        name=name,
        family="row formulas",
        rows=ROWS,
        prepare=lambda rows: {"t": data.numbers(rows, holes="n")},
        sides={
            "sheetline": ours,
            "pandas": sides.pandas(by_pandas),
            "polars": sides.polars(lambda pl, lazy: lazy.select(value=by_polars(pl))),
            "duckdb": sides.duckdb_value(by_duckdb),
        },
        limits={"polars": limit},
    )


def _bands_formula() -> str:
    text = str(len(BANDS))
    for number, bound in reversed(list(enumerate(BANDS))):
        text = f"IF(#a < {bound}; {number}; {text})"
    return text


def _bands_pandas(t: Any) -> Any:
    conditions: list[Any] = [t["a"] < bound for bound in BANDS]
    return np.select(conditions, list(range(len(BANDS))), len(BANDS))


def _bands_polars(pl: Any) -> Any:
    chain: Any = pl
    for number, bound in enumerate(BANDS):
        chain = chain.when(pl.col("a") < bound).then(pl.lit(number, pl.Int64))
    return chain.otherwise(pl.lit(len(BANDS), pl.Int64))


def _bands_duckdb() -> str:
    whens = " ".join(f"WHEN a < {bound} THEN {number}" for number, bound in enumerate(BANDS))
    return f"CASE {whens} ELSE {len(BANDS)} END"


CASES = [
    _case(
        "IF over numbers",
        sides.formula("IF(#a > 50; #b * 2; #c - #d)"),
        lambda t: pd.Series(np.where(t["a"] > 50, t["b"] * 2, t["c"] - t["d"])),
        lambda pl: pl.when(pl.col("a") > 50).then(pl.col("b") * 2).otherwise(pl.col("c") - pl.col("d")),
        "CASE WHEN a > 50 THEN b * 2 ELSE c - d END",
    ),
    _case(
        "six bands (IF in IF)",
        sides.formula(_bands_formula()),
        lambda t: pd.Series(_bands_pandas(t)),
        _bands_polars,
        _bands_duckdb(),
    ),
    _case(
        "AND, OR over columns",
        sides.formula("IF((#a > 50 && #b < 20) || #c > 90; #a / #b; #d)"),
        lambda t: pd.Series(
            np.where(((t["a"] > 50) & (t["b"] < 20)) | (t["c"] > 90), t["a"] / t["b"], t["d"]),
        ),
        lambda pl: (
            pl.when(((pl.col("a") > 50) & (pl.col("b") < 20)) | (pl.col("c") > 90))
            .then(pl.col("a") / pl.col("b"))
            .otherwise(pl.col("d"))
        ),
        "CASE WHEN (a > 50 AND b < 20) OR c > 90 THEN a / b ELSE d END",
    ),
    _case(
        "nulls replaced",
        sides.formula("IF(ISNULL(#n); #a * 2; #n + #b)"),
        lambda t: (t["n"] + t["b"]).where(t["n"].notna(), t["a"] * 2),
        lambda pl: pl.when(pl.col("n").is_null()).then(pl.col("a") * 2).otherwise(pl.col("n") + pl.col("b")),
        "CASE WHEN n IS NULL THEN a * 2 ELSE n + b END",
    ),
]
