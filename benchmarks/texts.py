"""Row formulas over text: IF, CONCAT, a regular expression, and three columns of the common functions."""

from typing import Any

import pandas as pd

from benchmarks import data, sides
from benchmarks.harness import Case, Side

PATTERN = "ref=[A-Z]+-([0-9]+)"
ROWS = 10_000_000
THREE = {"upper": "UPPER(#city)", "left": "LEFT(#street; 6)", "length": "LEN(#note)"}


def _three_pandas(t: Any) -> Any:
    return pd.DataFrame(
        {"upper": t["city"].str.upper(), "left": t["street"].str[:6], "length": t["note"].str.len()}, copy=False
    )


def _three_polars(pl: Any, lazy: Any) -> Any:
    return lazy.select(
        upper=pl.col("city").str.to_uppercase(),
        left=pl.col("street").str.head(6),
        length=pl.col("note").str.len_chars(),
    )


def _case(name: str, ours: Side, by_pandas: Side, by_polars: Side, by_duckdb: Side) -> Case:
    return Case(
        name=name,
        family="row formulas",
        rows=ROWS,
        prepare=lambda rows: {"t": data.addresses(rows)},
        sides={"sheetline": ours, "pandas": by_pandas, "polars": by_polars, "duckdb": by_duckdb},
        limits={"polars": 1.2},
    )


CASES = [
    _case(
        "IF over text",
        sides.formula("IF(#amount > 30; #street; #city)"),
        sides.pandas(lambda t: t["street"].where(t["amount"] > 30, t["city"])),
        sides.polars(
            lambda pl, lazy: lazy.select(value=pl.when(pl.col("amount") > 30).then("street").otherwise("city"))
        ),
        sides.duckdb_value("CASE WHEN amount > 30 THEN street ELSE city END"),
    ),
    _case(
        "CONCAT",
        sides.formula('CONCAT(#street;", ";#city)'),
        sides.pandas(lambda t: t["street"] + ", " + t["city"]),
        sides.polars(lambda pl, lazy: lazy.select(value=pl.concat_str("street", pl.lit(", "), "city"))),
        sides.duckdb_value("street || ', ' || city"),
    ),
    _case(
        "REGEXEXTRACT",
        sides.formula(f'REGEXEXTRACT(#note;"{PATTERN}";1)'),
        sides.pandas(lambda t: t["note"].str.extract(PATTERN, expand=False)),
        sides.polars(lambda pl, lazy: lazy.select(value=pl.col("note").str.extract(PATTERN, 1))),
        sides.duckdb_value(f"regexp_extract(note, '{PATTERN}', 1)"),
    ),
    _case(
        "UPPER, LEFT, LEN",
        sides.columns(THREE),
        sides.pandas(_three_pandas),
        sides.polars(_three_polars),
        sides.duckdb("SELECT upper(city) AS upper, left(street, 6) AS left, length(note) AS length FROM t"),
    ),
]
