"""Row formulas over numbers: HAVERSINE, ten columns of arithmetic, and fifty columns at once."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import data, sides
from benchmarks.harness import Case, Side

ROWS = 10_000_000
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

HAVERSINE_DUCKDB = (
    f"2 * {EARTH_KM} * asin(sqrt(pow(sin(radians(lat2 - lat1) / 2), 2)"
    " + cos(radians(lat1)) * cos(radians(lat2)) * pow(sin(radians(lon2 - lon1) / 2), 2)))"
)


def _haversine_pandas(frame: Any) -> Any:
    lat1, lon1, lat2, lon2 = (np.radians(frame[name]) for name in ("lat1", "lon1", "lat2", "lon2"))
    half = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * np.arcsin(np.sqrt(half))


def _haversine_polars(pl: Any, lazy: Any) -> Any:
    lat1, lon1, lat2, lon2 = (pl.col(name).radians() for name in ("lat1", "lon1", "lat2", "lon2"))
    half = ((lat2 - lat1) / 2).sin() ** 2 + lat1.cos() * lat2.cos() * ((lon2 - lon1) / 2).sin() ** 2
    return lazy.select(value=2 * EARTH_KM * half.sqrt().arcsin())


def _arithmetic(t: Callable[[str], Any]) -> dict[str, Any]:
    a, b, c, d = (t(name) for name in "abcd")
    return {
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
    }


def _fifty(
    t: Callable[[str], Any], root: Callable[[Any], Any], choose: Callable[[Any, Any, Any], Any]
) -> dict[str, Any]:
    """Return five kinds of formula with ten constants each, by whatever ``t`` makes of a name."""
    a, b, c, d = (t(name) for name in "abcd")
    made: dict[str, Any] = {}
    for k in range(1, 11):
        made[f"line{k}"] = a * k + b
        made[f"share{k}"] = (c - d) / (a + k)
        made[f"choice{k}"] = choose(a > 9 * k, b, c)
        made[f"far{k}"] = abs(b - k) + c * d
        made[f"root{k}"] = root(a * c + k)
    return made


FIFTY: dict[str, str] = {}
FIFTY_DUCKDB: dict[str, str] = {}
for _k in range(1, 11):
    FIFTY[f"line{_k}"] = f"#a * {_k} + #b"
    FIFTY[f"share{_k}"] = f"(#c - #d) / (#a + {_k})"
    FIFTY[f"choice{_k}"] = f"IF(#a > {9 * _k}; #b; #c)"
    FIFTY[f"far{_k}"] = f"ABS(#b - {_k}) + #c * #d"
    FIFTY[f"root{_k}"] = f"SQRT(#a * #c + {_k})"
    FIFTY_DUCKDB[f"choice{_k}"] = f"CASE WHEN a > {9 * _k} THEN b ELSE c END"


def _fifty_pandas(frame: Any) -> Any:
    def choose(condition: Any, value: Any, other: Any) -> Any:
        return np.where(condition, value, other)

    return pd.DataFrame(_fifty(frame.__getitem__, np.sqrt, choose), copy=False)


def _fifty_polars(pl: Any, lazy: Any) -> Any:
    def choose(condition: Any, value: Any, other: Any) -> Any:
        return pl.when(condition).then(value).otherwise(other)

    return lazy.select(**_fifty(pl.col, lambda value: value.sqrt(), choose))


def _selected(formulas: Mapping[str, str]) -> Side:
    # 1.609344 alone would be a decimal to duckdb
    texts = {
        name: FIFTY_DUCKDB.get(name, formula.replace("#", "").replace("1.609344", "1.609344::DOUBLE"))
        for name, formula in formulas.items()
    }
    return sides.duckdb(f"SELECT {', '.join(f'{text} AS {name}' for name, text in texts.items())} FROM t")


CASES = [
    Case(
        name="HAVERSINE",
        family="row formulas",
        rows=ROWS,
        prepare=lambda rows: {"t": data.points(rows)},
        sides={
            "sheetline": sides.formula("HAVERSINE(#lat1;#lon1;#lat2;#lon2)"),
            "pandas": sides.pandas(_haversine_pandas),
            "polars": sides.polars(_haversine_polars),
            "duckdb": sides.duckdb_value(HAVERSINE_DUCKDB),
        },
        limits={"polars": 0.7},
    ),
    Case(
        name="ten arithmetic columns",
        family="row formulas",
        rows=ROWS,
        prepare=lambda rows: {"t": data.numbers(rows)},
        sides={
            "sheetline": sides.columns(ARITHMETIC),
            "pandas": sides.pandas(lambda t: pd.DataFrame(_arithmetic(t.__getitem__), copy=False)),
            "polars": sides.polars(lambda pl, lazy: lazy.select(**_arithmetic(pl.col))),
            "duckdb": _selected(ARITHMETIC),
        },
        limits={"polars": 1.0},
    ),
    Case(
        name="fifty columns at once",
        family="row formulas",
        rows=ROWS,
        prepare=lambda rows: {"t": data.numbers(rows)},
        sides={
            "sheetline": sides.columns(FIFTY),
            "pandas": sides.pandas(_fifty_pandas),
            "polars": sides.polars(_fifty_polars),
            "duckdb": _selected(FIFTY),
        },
        limits={"polars": 1.0},
        memory=True,
    ),
]
