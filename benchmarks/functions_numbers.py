"""Functions of numbers, conditions and conversions, and how one would write them by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import compute

from benchmarks.functions_tasks import Task, numeric, textual

# the published stubs of pyarrow are narrower than pyarrow
pc: Any = compute
TEXT = pa.large_string()
EARTH_KM = 6366.70702


def _rounded(x: Any) -> Any:
    return np.copysign(np.floor(np.abs(x) * 100 + 0.5) / 100, x)


def _haversine(t: Any) -> Any:
    lat1, lon1, lat2, lon2 = (np.radians(t[name]) for name in ("lat", "lon", "lat2", "lon2"))
    half = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * np.arcsin(np.sqrt(half))


def _median(t: Any) -> Any:
    low, high = np.minimum(t["x"], t["y"]), np.maximum(t["x"], t["y"])
    return np.maximum(low, np.minimum(high, t["p"]))


def _shared(t: Any) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(t["z"] == 0, 0.0, t["i"] / t["z"])


def _special(name: str) -> Any:
    import scipy.special

    return getattr(scipy.special, name)


def _when(condition: Any, value: Any, other: Any) -> Any:
    import polars as pl

    return pl.when(condition).then(value).otherwise(other)


def _largest(*columns: Any) -> Any:
    import polars as pl

    return pl.max_horizontal(*columns)


MATHEMATICS: tuple[Task, ...] = (
    numeric("ABS", "ABS(#x)", numpy=lambda t: np.abs(t["x"]), polars=lambda c: c("x").abs()),
    numeric("ADD", "#x + #y", numpy=lambda t: t["x"] + t["y"], polars=lambda c: c("x") + c("y")),
    numeric("DIVIDE", "#x / #p", numpy=lambda t: t["x"] / t["p"], polars=lambda c: c("x") / c("p")),
    numeric("MULTIPLY (integers)", "#i * #k", numpy=lambda t: t["i"] * t["k"], polars=lambda c: c("i") * c("k")),
    numeric("SQRT", "SQRT(#p)", numpy=lambda t: np.sqrt(t["p"]), polars=lambda c: c("p").sqrt()),
    numeric("CBRT", "CBRT(#x)", numpy=lambda t: np.cbrt(t["x"]), polars=lambda c: c("x").cbrt()),
    numeric("LN", "LN(#p)", numpy=lambda t: np.log(t["p"]), polars=lambda c: c("p").log()),
    numeric("LOG10", "LOG10(#p)", numpy=lambda t: np.log10(t["p"]), polars=lambda c: c("p").log10()),
    numeric("EXP", "EXP(#q)", numpy=lambda t: np.exp(t["q"]), polars=lambda c: c("q").exp()),
    numeric("POWER", "POWER(#p;2.5)", numpy=lambda t: t["p"] ** 2.5, polars=lambda c: c("p").pow(2.5)),
    numeric("ROUND", "ROUND(#x;2)", numpy=lambda t: _rounded(t["x"])),
    numeric("TRUNC", "TRUNC(#x)", numpy=lambda t: np.trunc(t["x"]), polars=lambda c: c("x").truncate()),
    numeric(
        "FLOOR", "FLOOR(#p;5)", numpy=lambda t: np.floor(t["p"] / 5) * 5, polars=lambda c: (c("p") / 5).floor() * 5
    ),
    numeric("CEILING", "CEILING(#p)", numpy=lambda t: np.ceil(t["p"]), polars=lambda c: c("p").ceil()),
    numeric("MOD", "MOD(#i;7)", numpy=lambda t: t["i"] % 7, polars=lambda c: c("i") % 7),
    numeric("QUOTIENT", "QUOTIENT(#i;#j)", numpy=lambda t: np.sign(t["i"]) * (np.abs(t["i"]) // t["j"])),
    numeric("SIGN", "SIGN(#x)", numpy=lambda t: np.sign(t["x"]), polars=lambda c: c("x").sign()),
    numeric("MAX", "MAX(#x;#y)", numpy=lambda t: np.maximum(t["x"], t["y"]), polars=lambda c: _largest(c("x"), c("y"))),
    numeric(
        "SUM", "SUM(#x;#y;#p)", numpy=lambda t: t["x"] + t["y"] + t["p"], polars=lambda c: c("x") + c("y") + c("p")
    ),
    numeric("AVERAGE", "AVERAGE(#x;#y;#p)", numpy=lambda t: (t["x"] + t["y"] + t["p"]) / 3),
    numeric("MEDIAN", "MEDIAN(#x;#y;#p)", numpy=_median),
    numeric(
        "CLAMP", "CLAMP(#x;-10;10)", numpy=lambda t: np.clip(t["x"], -10, 10), polars=lambda c: c("x").clip(-10, 10)
    ),
    numeric("HYPOT", "HYPOT(#x;#y)", numpy=lambda t: np.hypot(t["x"], t["y"])),
    numeric("GCD", "GCD(#n;#j)", numpy=lambda t: np.gcd(t["n"], t["j"])),
    numeric("BITAND", "BITAND(#j;12)", numpy=lambda t: t["j"] & 12, polars=lambda c: c("j") & 12),
    numeric("SIN", "SIN(#x)", numpy=lambda t: np.sin(t["x"]), polars=lambda c: c("x").sin()),
    numeric("ATAN2", "ATAN2(#x;#y)", numpy=lambda t: np.arctan2(t["y"], t["x"])),
    numeric("DEGREES", "DEGREES(#x)", numpy=lambda t: np.degrees(t["x"]), polars=lambda c: c("x").degrees()),
    numeric("HAVERSINE", "HAVERSINE(#lat;#lon;#lat2;#lon2)", numpy=_haversine),
    numeric("NORMSDIST", "NORMSDIST(#x)", numpy=lambda t: _special("ndtr")(t["x"])),
    numeric("NORMSINV", "NORMSINV(#q)", numpy=lambda t: _special("ndtri")(t["q"])),
    numeric("GAMMALN", "GAMMALN(#p)", numpy=lambda t: _special("gammaln")(t["p"])),
    numeric("LOGISTIC", "LOGISTIC(#x)", numpy=lambda t: _special("expit")(t["x"])),
)

CONDITIONS: tuple[Task, ...] = (
    numeric(
        "IF",
        "IF(#x > 0;#x;#y)",
        numpy=lambda t: np.where(t["x"] > 0, t["x"], t["y"]),
        polars=lambda c: _when(c("x") > 0, c("x"), c("y")),
    ),
    textual(
        "IF (text)",
        "IF(#x > 0;#t;#city)",
        pandas=lambda t: t["t"].where(t["x"] > 0, t["city"]),
        pyarrow=lambda t: pc.if_else(pc.greater(t["x"], 0.0), t["t"], t["city"]),
        polars=lambda c: _when(c("x") > 0, c("t"), c("city")),
    ),
    numeric(
        "BETWEEN",
        "BETWEEN(#x;-1;1)",
        numpy=lambda t: (t["x"] >= -1) & (t["x"] <= 1),
        polars=lambda c: c("x").is_between(-1, 1),
    ),
    numeric(
        "AND",
        "AND(#x > 0;#y > 0)",
        numpy=lambda t: (t["x"] > 0) & (t["y"] > 0),
        polars=lambda c: (c("x") > 0) & (c("y") > 0),
    ),
    numeric(
        "COALESCE",
        "COALESCE(#xn;0.0)",
        numpy=lambda t: np.where(np.isnan(t["xn"]), 0.0, t["xn"]),
        pandas=lambda t: t["xn"].fillna(0.0),
        polars=lambda c: c("xn").fill_null(0.0),
    ),
    numeric(
        "ISNULL",
        "ISNULL(#xn)",
        numpy=lambda t: np.isnan(t["xn"]),
        pandas=lambda t: t["xn"].isna(),
        polars=lambda c: c("xn").is_null(),
    ),
    numeric("IFERROR", "IFERROR(#i / #z;0.0)", numpy=_shared),
    numeric(
        "IN",
        "IN(#j;1;2;3)",
        numpy=lambda t: (t["j"] == 1) | (t["j"] == 2) | (t["j"] == 3),
        polars=lambda c: c("j").is_in([1, 2, 3]),
    ),
    textual(
        "IN (text)",
        'IN(#city;"Reno";"Kyoto")',
        pandas=lambda t: t["city"].isin(["Reno", "Kyoto"]),
        pyarrow=lambda t: pc.is_in(t["city"], value_set=pa.array(["Reno", "Kyoto"], TEXT)),
        polars=lambda c: c("city").is_in(["Reno", "Kyoto"]),
    ),
    textual(
        "EQUALS (text)",
        '#city = "Reno"',
        pandas=lambda t: t["city"] == "Reno",
        pyarrow=lambda t: pc.equal(t["city"], "Reno"),
        polars=lambda c: c("city") == "Reno",
    ),
)

CONVERSION: tuple[Task, ...] = (
    textual(
        "INT (of text)",
        "INT(#int)",
        pandas=lambda t: pd.to_numeric(t["int"]),
        pyarrow=lambda t: pc.cast(t["int"], pa.int64()),
        polars=lambda c: c("int").cast(int),
    ),
    textual(
        "FLOAT (of text)",
        "FLOAT(#dec)",
        pandas=lambda t: pd.to_numeric(t["dec"]),
        pyarrow=lambda t: pc.cast(t["dec"], pa.float64()),
        polars=lambda c: c("dec").cast(float),
    ),
    numeric("INT (of float)", "INT(#x)", numpy=lambda t: t["x"].astype(np.int64), polars=lambda c: c("x").cast(int)),
    textual(
        "T (of integer)",
        "T(#i)",
        pandas=lambda t: t["i"].astype("str"),
        pyarrow=lambda t: pc.cast(t["i"], TEXT),
        polars=lambda c: c("i").cast(str),
    ),
    textual(
        "ASDATE",
        "ASDATE(#day)",
        pandas=lambda t: pd.to_datetime(t["day"], format="%Y-%m-%d"),
        pyarrow=lambda t: pc.strptime(t["day"], format="%Y-%m-%d", unit="us"),
        polars=lambda c: c("day").str.to_datetime("%Y-%m-%d", time_unit="us"),
    ),
)

TASKS: tuple[Task, ...] = (*MATHEMATICS, *CONDITIONS, *CONVERSION)
