"""Makers of sides: what each engine is given of the inputs, and how its hand-written work is started.

Inputs are Arrow tables by name; ``t`` is the one that most tasks have. Each engine gets all of them in its
own native form, made before the clock starts: pandas frames (which are what sheetline's users hold too),
polars frames of one chunk, tables in duckdb's own storage.
"""

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks import data
from benchmarks.harness import Inputs, Side

Frames = Mapping[str, Any]


def formula(text: str) -> Side:
    """Return the side of sheetline that evaluates one formula."""

    def side(inputs: Inputs) -> Callable[[], Any]:
        import sheetline as sl

        frame = data.pandas_frame(inputs["t"])
        return lambda: sl.evaluate(text, frame)

    return side


def columns(formulas: Mapping[str, str]) -> Side:
    """Return the side of sheetline that evaluates the columns of one sheet over ``Raw``."""

    def side(inputs: Inputs) -> Callable[[], Any]:
        import sheetline as sl

        frame = data.pandas_frame(inputs["t"])
        return lambda: sl.evaluate_sheet(dict(formulas), frame, name="Raw")

    return side


def sheet(make: Callable[[Any], Any]) -> Side:
    """Return the side of sheetline that runs a workbook whose last sheet, ``Result``, is wanted.

    ``make`` is given a workbook that has a source for each input, of the same name, and adds its sheets.
    """

    def side(inputs: Inputs) -> Callable[[], Any]:
        import sheetline as sl

        frames = {name: data.pandas_frame(table) for name, table in inputs.items()}
        workbook: Any = sl.Workbook("Benchmark")
        for name in frames:
            workbook = workbook.source(name, type="frame")
        workbook = make(workbook)
        return lambda: workbook.run(sources=frames, sheets=["Result"])["Result"].to_pandas()

    return side


def pandas(compute: Callable[[Any], Any]) -> Side:
    """Return the side of pandas that computes from the frame of ``t``."""
    return pandas_of(lambda frames: compute(frames["t"]))


def pandas_of(compute: Callable[[Frames], Any]) -> Side:
    """Return the side of pandas that computes from the frames of all inputs."""

    def side(inputs: Inputs) -> Callable[[], Any]:
        frames = {name: data.pandas_frame(table) for name, table in inputs.items()}
        return lambda: compute(frames)

    return side


def polars(make: Callable[[Any, Any], Any]) -> Side:
    """Return the side of polars: ``make`` is given the module and the lazy frame of ``t``, and returns a lazy one."""
    return polars_of(lambda pl, frames: make(pl, frames["t"]))


def polars_of(make: Callable[[Any, Frames], Any]) -> Side:
    """Return the side of polars that is made of the lazy frames of all inputs."""

    def side(inputs: Inputs) -> Callable[[], Any]:
        import polars as pl

        lazy = make(pl, {name: data.polars_frame(table).lazy() for name, table in inputs.items()})
        return lambda: lazy.collect()

    return side


def duckdb(query: str) -> Side:
    """Return the side of duckdb: one query over tables called as the inputs are."""

    def side(inputs: Inputs) -> Callable[[], Any]:
        connection = data.duckdb_tables(inputs)
        return lambda: connection.sql(query).to_arrow_table()

    return side


def duckdb_value(expression: str) -> Side:
    """Return the side of duckdb that computes one expression over ``t``."""
    return duckdb(f"SELECT {expression} AS value FROM t")
