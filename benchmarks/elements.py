"""Row formulas over numbers: HAVERSINE, and ten columns of arithmetic."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import data
from benchmarks.harness import Case, Inputs

EARTH_KM = 6366.70702

ARITHMETIC = {
    "c0": "#a + #b",
    "c1": "#a - #b",
    "c2": "#a * #b",
    "c3": "#a / #b",
    "c4": "(#a + #b) * #c",
    "c5": "(#a - #b) / #c",
    "c6": "#a * #a + #b * #b",
    "c7": "(#a + #b + #c + #d) / 4",
    "c8": "#a * 1.609344 - #d",
    "c9": "(#c - #d) * (#c + #d) / #a",
}


def _haversine_sheetline(inputs: Inputs) -> Callable[[], Any]:
    import sheetline as sl

    frame = data.pandas_frame(inputs["points"])
    return lambda: sl.evaluate("HAVERSINE(#lat1;#lon1;#lat2;#lon2)", frame)


def _haversine_pandas(inputs: Inputs) -> Callable[[], Any]:
    frame = data.pandas_frame(inputs["points"])

    def run() -> Any:
        lat1, lon1, lat2, lon2 = (np.radians(frame[name]) for name in ("lat1", "lon1", "lat2", "lon2"))
        half = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
        return 2 * EARTH_KM * np.arcsin(np.sqrt(half))

    return run


def _haversine_polars(inputs: Inputs) -> Callable[[], Any]:
    import polars as pl

    frame = data.polars_frame(inputs["points"])
    lat1, lon1, lat2, lon2 = (pl.col(name).radians() for name in ("lat1", "lon1", "lat2", "lon2"))
    half = ((lat2 - lat1) / 2).sin() ** 2 + lat1.cos() * lat2.cos() * ((lon2 - lon1) / 2).sin() ** 2
    lazy = frame.lazy().select(value=2 * EARTH_KM * half.sqrt().arcsin())
    return lambda: lazy.collect()


def _haversine_duckdb(inputs: Inputs) -> Callable[[], Any]:
    connection = data.duckdb_table(inputs["points"])
    half = (
        "pow(sin(radians(lat2 - lat1) / 2), 2)"
        " + cos(radians(lat1)) * cos(radians(lat2)) * pow(sin(radians(lon2 - lon1) / 2), 2)"
    )
    query = f"SELECT 2 * {EARTH_KM} * asin(sqrt({half})) AS value FROM t"
    return lambda: connection.sql(query).to_arrow_table()


def _arithmetic_sheetline(inputs: Inputs) -> Callable[[], Any]:
    import sheetline as sl

    frame = data.pandas_frame(inputs["numbers"])
    return lambda: sl.evaluate_sheet(ARITHMETIC, frame)


def _arithmetic_pandas(inputs: Inputs) -> Callable[[], Any]:
    frame = data.pandas_frame(inputs["numbers"])

    def run() -> Any:
        a, b, c, d = (frame[name] for name in "abcd")
        return pd.DataFrame(
            {
                "c0": a + b,
                "c1": a - b,
                "c2": a * b,
                "c3": a / b,
                "c4": (a + b) * c,
                "c5": (a - b) / c,
                "c6": a * a + b * b,
                "c7": (a + b + c + d) / 4,
                "c8": a * 1.609344 - d,
                "c9": (c - d) * (c + d) / a,
            },
            copy=False,
        )

    return run


def _arithmetic_polars(inputs: Inputs) -> Callable[[], Any]:
    import polars as pl

    frame = data.polars_frame(inputs["numbers"])
    a, b, c, d = (pl.col(name) for name in "abcd")
    lazy = frame.lazy().select(
        c0=a + b,
        c1=a - b,
        c2=a * b,
        c3=a / b,
        c4=(a + b) * c,
        c5=(a - b) / c,
        c6=a * a + b * b,
        c7=(a + b + c + d) / 4,
        c8=a * 1.609344 - d,
        c9=(c - d) * (c + d) / a,
    )
    return lambda: lazy.collect()


def _arithmetic_duckdb(inputs: Inputs) -> Callable[[], Any]:
    connection = data.duckdb_table(inputs["numbers"])
    # 1.609344 alone would be a decimal to duckdb
    columns = ", ".join(
        f"{formula.replace('#', '').replace('1.609344', '1.609344::DOUBLE')} AS {name}"
        for name, formula in ARITHMETIC.items()
    )
    query = f"SELECT {columns} FROM t"
    return lambda: connection.sql(query).to_arrow_table()


CASES = [
    Case(
        name="HAVERSINE",
        rows=10_000_000,
        prepare=lambda rows: {"points": data.points(rows)},
        sides={
            "sheetline": _haversine_sheetline,
            "pandas": _haversine_pandas,
            "polars": _haversine_polars,
            "duckdb": _haversine_duckdb,
        },
        limits={"polars": 0.8},
    ),
    Case(
        name="ten arithmetic columns",
        rows=10_000_000,
        prepare=lambda rows: {"numbers": data.numbers(rows)},
        sides={
            "sheetline": _arithmetic_sheetline,
            "pandas": _arithmetic_pandas,
            "polars": _arithmetic_polars,
            "duckdb": _arithmetic_duckdb,
        },
    ),
]
