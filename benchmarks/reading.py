"""CSV files: types listed, types inferred, and a few columns of a file under a condition."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import compute, csv

from benchmarks import data
from benchmarks.harness import STORE, Case, Inputs, Side

ROWS = 3_000_000
#: the file's columns; sheetline's names of types
TYPES = {
    "id": "integer",
    "time": "date",
    "sensor": "integer",
    "city": "string",
    "note": "string",
    "amount": "float",
    "price": "float",
    "count": "integer",
}
pc: Any = compute
_write_csv: Any = csv.write_csv


def csv_file(rows: int) -> Path:
    """Return a file of eight columns; a tenth of the prices is empty. It is made when there is none."""
    path = STORE / f"lines-{rows}.csv"
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(data.SEED)
    texts = data.addresses(rows)
    seconds = rng.integers(1_500_000_000, 1_700_000_000, rows)
    time = pc.strftime(pa.array(seconds).cast(pa.timestamp("s")), format="%Y-%m-%dT%H:%M:%S")
    table = data.table(
        {
            "id": np.arange(rows),
            "time": time,
            "sensor": rng.integers(0, 2_000, rows),
            "city": texts.column("city"),
            "note": texts.column("note"),
            "amount": np.round(rng.uniform(0, 1_000, rows), 3),
            "price": pa.array(np.round(rng.uniform(1, 100, rows), 2), mask=rng.random(rows) < 0.1),
            "count": rng.integers(1, 100, rows),
        }
    )
    part = path.with_suffix(".part")
    _write_csv(table, part, csv.WriteOptions(quoting_style="needed"))
    part.rename(path)
    return path


def _prepare(rows: int) -> Inputs:
    return {"path": csv_file(rows)}


def _ours(make: Callable[[Any], Any] | None = None, *, typed: bool) -> Side:
    def side(inputs: Inputs) -> Callable[[], Any]:
        import sheetline as sl

        listed: Any = {"columns": TYPES, "only": True} if typed else {}
        source = "Lines" if make else "Result"
        book: Any = sl.Workbook("Read").source(source, str(inputs["path"]), **listed)
        workbook = make(book) if make else book
        return lambda: workbook.run(sheets=["Result"])["Result"].to_pandas()

    return side


def _few(book: Any) -> Any:
    book = book.filter("Dear", of="Lines", where="#amount > 900")
    return book.formulas("Result", of="Dear", columns={"id": "#id", "city": "#city", "value": "#amount * #count"})


def _pandas(inputs: Inputs) -> Callable[[], Any]:
    path = inputs["path"]  # Arrow's reader: pandas' quickest, parallel and with dates inferred
    return lambda: pd.read_csv(path, engine="pyarrow")


def _few_pandas(inputs: Inputs) -> Callable[[], Any]:
    path, names = inputs["path"], ["id", "city", "amount", "count"]

    def run() -> Any:
        read = pd.read_csv(path, engine="pyarrow", usecols=names)
        dear = read[read["amount"] > 900]
        return dear[["id", "city"]].assign(value=dear["amount"] * dear["count"])

    return run


def _polars_types() -> dict[str, Any]:
    import polars as pl

    kinds = {"integer": pl.Int64(), "float": pl.Float64(), "string": pl.String(), "date": pl.Datetime("us")}
    return {name: kinds[kind] for name, kind in TYPES.items()}


def _polars(*, typed: bool) -> Side:
    def side(inputs: Inputs) -> Callable[[], Any]:
        import polars as pl

        path = inputs["path"]
        options: dict[str, Any] = {"schema": _polars_types()} if typed else {"try_parse_dates": True}
        return lambda: pl.scan_csv(path, **options).collect(engine="streaming")

    return side


def _few_polars(inputs: Inputs) -> Callable[[], Any]:
    import polars as pl

    path = inputs["path"]
    value = (pl.col("amount") * pl.col("count")).alias("value")

    def run() -> Any:
        lazy = pl.scan_csv(path).filter(pl.col("amount") > 900).select("id", "city", value)
        return lazy.collect(engine="streaming")

    return run


def _duckdb(query: str, *, typed: bool = False) -> Side:
    def side(inputs: Inputs) -> Callable[[], Any]:
        import duckdb

        connection = duckdb.connect()
        kinds = {"integer": "BIGINT", "float": "DOUBLE", "string": "VARCHAR", "date": "TIMESTAMP"}
        types = {name: kinds[kind] for name, kind in TYPES.items()}
        options = f", header = true, columns = {types}" if typed else ""
        text = query.format(file=f"read_csv('{inputs['path']}'{options})")
        return lambda: connection.sql(text).to_arrow_table()

    return side


def _case(name: str, made: dict[str, Side], *, memory: bool = False) -> Case:
    return Case(name, "reading", ROWS, _prepare, made, keys=("id",), memory=memory)


CASES = [
    _case(
        "CSV, types listed",
        {
            "sheetline": _ours(typed=True),
            "pandas": _pandas,
            "polars": _polars(typed=True),
            "duckdb": _duckdb("SELECT * FROM {file}", typed=True),
        },
        memory=True,
    ),
    _case(
        "CSV, types inferred",
        {
            "sheetline": _ours(typed=False),
            "pandas": _pandas,
            "polars": _polars(typed=False),
            "duckdb": _duckdb("SELECT * FROM {file}"),
        },
    ),
    _case(
        "CSV, four columns, filtered",
        {
            "sheetline": _ours(_few, typed=True),
            "pandas": _few_pandas,
            "polars": _few_polars,
            "duckdb": _duckdb('SELECT id, city, amount * "count" AS value FROM {file} WHERE amount > 900'),
        },
    ),
]
