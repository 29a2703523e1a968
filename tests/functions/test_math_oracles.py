"""Every mathematical row function against a slow scalar oracle, on columns with nulls, whole and in blocks."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from calling import apply, values
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oracles_math import ORACLES, agrees

from sheetline.functions.columns import Column, Constant
from sheetline.functions.registry import REGISTRY
from sheetline.functions.types import FLOAT, INTEGER, STRING, Type

LATITUDE = st.floats(-90.5, 90.5)
LONGITUDE = st.floats(-180.5, 180.5)
PLAIN = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 2.675, 1.005, 1e-300, 1e15, -1e300, 10.0, 100.0]),
    st.floats(-1e3, 1e3),
    st.floats(-1e300, 1e300),
    st.decimals(-1000, 1000, places=3).map(float),
)
MODEST = st.one_of(st.sampled_from([0.0, 1.0, -1.0, 0.5, 2.0]), st.floats(-1e3, 1e3).map(lambda x: round(x, 3)))
UNIT = st.floats(-0.1, 1.1)
SMALL = st.integers(-3, 180).map(float)
WHOLE = st.one_of(
    st.integers(-100, 100), st.integers(-(2**63), 2**63 - 1), st.sampled_from([0, 1, -1, -(2**63), 2**63 - 1])
)
BYTE = st.integers(-5, 5000)
DIGITS = st.integers(-4, 8)
STEP = st.sampled_from([0.0, 0.1, 0.01, 0.25, 1.0, 3.0, 5.0, -0.1, -2.0, 0.05])
DECIMALS = st.decimals(-1000, 1000, places=2).map(float)

Column_ = tuple[Type, st.SearchStrategy[Any]]
F, M, U, I = (FLOAT, PLAIN), (FLOAT, MODEST), (FLOAT, UNIT), (INTEGER, WHOLE)  # noqa: E741
D = (INTEGER, DIGITS)
GLOBE = ((FLOAT, LATITUDE), (FLOAT, LONGITUDE)) * 2

#: The arguments that each function is tried with: types and strategies.
ARGUMENTS: dict[str, list[tuple[Column_, ...]]] = {
    **{name: [(F,), (I,)] for name in ("ABS", "SIGN", "EVEN", "ODD", "ROUND", "TRUNC", "CEILING", "FLOOR")},
    **{name: [(F, D), (I, (INTEGER, st.integers(-21, 3)))] for name in ("ROUNDDOWN", "ROUNDUP", "ROUNDHALFEVEN")},
    **{name: [(M, M, M), (I, I, I), (I, M)] for name in ("SUM", "PRODUCT", "SUMSQ", "MAX", "MIN", "COUNT")},
    **{name: [(M, M, M), (M,)] for name in ("AVERAGE", "AVEDEV", "MEDIAN", "STDEVS", "STDEVP", "VARS", "VARP")},
    "MEDIAN": [(M, M, M), (M, M), (M,) * 5, (M,) * 14],
    **{name: [((FLOAT, DECIMALS), (FLOAT, STEP)), (I, I)] for name in ("MROUND",)},
    "CLAMP": [(M, M, M), (I, I, I)],
    "MOD": [(M, M), (I, I)],
    "QUOTIENT": [(M, M), (I, I)],
    **{name: [(M, M)] for name in ("PERCENTAGE", "HYPOT", "ATAN2")},
    "SAFEDIVIDE": [(M, M), (M, M, M)],
    "RESCALE": [(M, M, M, M, M)],
    "LOG": [(F,), (M, (FLOAT, st.sampled_from([2.0, 10.0, 0.5, 1.0, -1.0, 0.0, 7.0])))],
    **{name: [((FLOAT, st.floats(-20, 180, allow_subnormal=False)),)] for name in ("GAMMA", "GAMMALN")},
    "LOGIT": [(U,)],
    **{name: [(U,), (M,)] for name in ("ASIN", "ACOS", "ATANH", "FISHER")},
    **{name: [((FLOAT, SMALL),), ((FLOAT, st.floats(-2, 400)),)] for name in ("FACT", "FACTDOUBLE")},
    **{name: [((FLOAT, SMALL), (FLOAT, SMALL))] for name in ("COMBIN", "COMBINA", "PERMUT")},
    "MULTINOMIAL": [((FLOAT, SMALL), (FLOAT, st.integers(-1, 20).map(float)), (FLOAT, st.just(3.0)))],
    **{name: [(I, I, I), ((INTEGER, BYTE), (INTEGER, BYTE))] for name in ("GCD", "LCM")},
    "ISPRIME": [((INTEGER, st.one_of(BYTE, st.integers(2**32 - 3000, 2**32 + 3000))),)],
    **{name: [(I, I)] for name in ("BITAND", "BITOR", "BITXOR")},
    **{name: [(I, (INTEGER, st.integers(-70, 70)))] for name in ("BITLSHIFT", "BITRSHIFT")},
    **{name: [(I,)] for name in ("BITNOT", "BITCOUNT")},
    "BASE": [(I, (INTEGER, st.integers(1, 37))), (I, (INTEGER, st.integers(2, 36)), (INTEGER, st.integers(-1, 80)))],
    **{
        f"{name}2DEC": [
            ((STRING, st.text("01279aFz ", min_size=1, max_size=11)),),
            ((INTEGER, st.integers(0, 10**11)),),
        ]
        for name in ("BIN", "OCT", "HEX")
    },
    **{
        f"DEC2{name}": [
            ((INTEGER, BYTE),),
            (I, (INTEGER, st.integers(0, 11))),
            ((INTEGER, BYTE), (INTEGER, st.just(8))),
        ]
        for name in ("BIN", "OCT", "HEX")
    },
    "ROMAN": [((INTEGER, BYTE),)],
    "HAVERSINE": [GLOBE],
    "BEARING": [tuple((FLOAT, st.integers(-80, 80).map(float)) for _ in range(4))],
}
ANGLE = (FLOAT, st.floats(-1e4, 1e4))
ARGUMENTS |= {name: [(ANGLE,)] for name in ("SIN", "COS", "TAN", "COT", "SEC", "CSC")}
CASES = [(name, arguments) for name in ORACLES for arguments in ARGUMENTS.get(name, [(F,)])]


def same(a: Column, b: Column) -> None:
    """Equal values to the bit, equal nulls, equal errors."""
    assert values(a) == values(b)
    if a.type == FLOAT:
        assert a.data.tobytes() == b.data.tobytes()


def widened(row: tuple[Any, ...], arguments: tuple[Column_, ...]) -> list[Any]:
    """Integers of a call that has float arguments too are floats."""
    mixed = {type_ for type_, _ in arguments} == {INTEGER, FLOAT} and arguments[-1][0] == FLOAT
    return [float(value) if mixed and value is not None else value for value in row]


def joined(name: str, columns: list[Column], cuts: list[int]) -> list[Any]:
    out: list[Any] = []
    for start, stop in pairwise(cuts):
        out += values(apply(name, *(c.slice(start, stop) for c in columns), raw=True))
    return out


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=[f"{n}/{len(a)}{a[0][0].kind[0]}" for n, a in CASES])
@settings(max_examples=10)
@given(data=st.data())
def test_oracle_and_blocks(name: str, arguments: tuple[Column_, ...], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.tuples(*(st.none() | s for _, s in arguments)), min_size=1, max_size=12))
    columns = [Column.of([row[i] for row in rows], type_) for i, (type_, _) in enumerate(arguments)]
    got = values(apply(name, *columns, raw=True))
    function = REGISTRY.get(name)
    assert function is not None
    oracle = ORACLES[name]
    for row, value in zip(rows, got, strict=True):
        null = function.nulls == "strict" and any(v is None for v in row)
        wanted = None if null else oracle(*widened(row, arguments))
        assert agrees(name, value, wanted), f"{name}{row}: {value!r}, wanted {wanted!r}"
    cuts = sorted({0, len(rows), *data.draw(st.lists(st.integers(0, len(rows)), max_size=3))})
    assert joined(name, columns, cuts) == got
    for place, value in enumerate(rows[0]):  # a constant gives what a column of it gives
        if value is None or len(columns) == 1:
            continue
        mixed: list[Any] = list(columns)
        mixed[place] = Constant(arguments[place][0], value)
        full = list(columns)
        full[place] = Constant(arguments[place][0], value).column(len(rows))
        for one, other in zip(apply(name, *mixed), apply(name, *full), strict=True):
            assert agrees(name, one, other)


@given(st.decimals(-(10**6), 10**6, places=3), st.integers(0, 2))
def test_decimal_halves_are_halves(number: Any, digits: int) -> None:
    for name in ("ROUND", "ROUNDUP", "ROUNDDOWN", "ROUNDHALFEVEN"):
        for given_digits in (digits, [digits]):
            got = apply(name, [float(number)], given_digits)
            assert got == [ORACLES[name](float(number), digits)]


@given(DECIMALS, st.sampled_from([0.1, 0.01, 0.05, 0.25, 0.3, 5.0]))
@example(4.35, 0.01)
def test_multiples_of_decimals(x: float, unit: float) -> None:
    step = math.copysign(unit, x)
    for name in ("CEILING", "FLOOR", "MROUND"):
        got, wanted = apply(name, [x], step)[0], ORACLES[name](x, step)
        assert math.isclose(got, wanted, rel_tol=1e-15, abs_tol=1e-15)


def test_large_blocks_have_the_same_bits() -> None:
    """Vector instructions and their tails must not show: odd cuts of a long column."""
    rng = np.random.default_rng(5)
    for name, arguments in CASES:
        if any(type_ != FLOAT for type_, _ in arguments):
            continue
        globe = name in ("HAVERSINE", "BEARING")
        scale = 1.0 if name in ("LOGIT", "FISHER") else 80.0
        columns = [Column(FLOAT, rng.uniform(-scale if globe else 0.01, scale, 1003)) for _ in arguments]
        whole = apply(name, *columns, raw=True)
        parts = [apply(name, *(c.slice(a, b) for c in columns), raw=True) for a, b in ((0, 1), (1, 338), (338, 1003))]
        if whole.type == FLOAT:
            assert np.concatenate([p.data for p in parts]).tobytes() == whole.data.tobytes(), name
