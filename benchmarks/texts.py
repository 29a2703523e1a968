"""Row formulas over text: IF, CONCAT and a regular expression."""

from collections.abc import Callable
from typing import Any

from benchmarks import data
from benchmarks.harness import Case, Inputs, Side

PATTERN = "ref=[A-Z]+-([0-9]+)"
ROWS = 5_000_000


def _prepare(rows: int) -> Inputs:
    return {"addresses": data.addresses(rows)}


def _sheetline(formula: str) -> Side:
    def side(inputs: Inputs) -> Callable[[], Any]:
        import sheetline as sl

        frame = data.pandas_frame(inputs["addresses"])
        return lambda: sl.evaluate(formula, frame)

    return side


def _pandas(compute: Callable[[Any], Any]) -> Side:
    def side(inputs: Inputs) -> Callable[[], Any]:
        frame = data.pandas_frame(inputs["addresses"])
        return lambda: compute(frame)

    return side


def _polars(make: Callable[[Any], Any]) -> Side:
    def side(inputs: Inputs) -> Callable[[], Any]:
        import polars as pl

        lazy = data.polars_frame(inputs["addresses"]).lazy().select(value=make(pl))
        return lambda: lazy.collect()

    return side


def _duckdb(expression: str) -> Side:
    def side(inputs: Inputs) -> Callable[[], Any]:
        connection = data.duckdb_table(inputs["addresses"])
        query = f"SELECT {expression} AS value FROM t"
        return lambda: connection.sql(query).to_arrow_table()

    return side


CASES = [
    Case(
        name="IF over text",
        rows=ROWS,
        prepare=_prepare,
        sides={
            "sheetline": _sheetline("IF(#amount > 30; #street; #city)"),
            "pandas": _pandas(lambda t: t["street"].where(t["amount"] > 30, t["city"])),
            "polars": _polars(lambda pl: pl.when(pl.col("amount") > 30).then("street").otherwise("city")),
            "duckdb": _duckdb("CASE WHEN amount > 30 THEN street ELSE city END"),
        },
    ),
    Case(
        name="CONCAT",
        rows=ROWS,
        prepare=_prepare,
        sides={
            "sheetline": _sheetline('CONCAT(#street;", ";#city)'),
            "pandas": _pandas(lambda t: t["street"] + ", " + t["city"]),
            "polars": _polars(lambda pl: pl.concat_str("street", pl.lit(", "), "city")),
            "duckdb": _duckdb("street || ', ' || city"),
        },
    ),
    Case(
        name="REGEXEXTRACT",
        rows=ROWS,
        prepare=_prepare,
        sides={
            "sheetline": _sheetline(f'REGEXEXTRACT(#note;"{PATTERN}";1)'),
            "pandas": _pandas(lambda t: t["note"].str.extract(PATTERN, expand=False)),
            "polars": _polars(lambda pl: pl.col("note").str.extract(PATTERN, 1)),
            "duckdb": _duckdb(f"regexp_extract(note, '{PATTERN}', 1)"),
        },
    ),
]
