"""Documented values of the mathematical functions, exact numbers, text forms of numbers, random numbers."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from calling import ENV, apply, values
from hypothesis import given
from hypothesis import strategies as st
from oracles_math import is_prime

from sheetline.functions.columns import Column, Constant
from sheetline.functions.context import Environment
from sheetline.functions.declare import Failure
from sheetline.functions.execute import armed, call
from sheetline.functions.registry import REGISTRY
from sheetline.functions.resolve import Mismatch, resolve
from sheetline.functions.types import BIGDECIMAL, BIGINTEGER

NUM, OVERFLOW, PARSE = Failure("NUM"), Failure("OVERFLOW"), Failure("PARSE")
TOP = 2**63 - 1

CATALOGUE = """
ABS ADD SUBTRACT MULTIPLY DIVIDE AVERAGE AVEDEV CBRT CEILING CEIL CLAMP COMBIN COMBINA PERMUT COUNT EVEN ODD EXP
EXPM1 FACT FACTDOUBLE FLOOR FRACTION GAMMA GAMMALN GCD LCM HYPOT LN LN1P LOG LOG10 LOG2 LOGISTIC LOGIT MAX MIN
MEDIAN MOD MROUND MULTINOMIAL PERCENTAGE PI E POWER PRODUCT QUOTIENT RAND RANDBETWEEN RESCALE ROUND ROUNDDOWN
ROUNDUP ROUNDHALFEVEN SAFEDIVIDE SIGN SQRT SQRTPI SUM SUMSQ STDEVS STDEVP VARS VARP TRUNC ERF ERFC BITAND BITOR
BITXOR BITNOT BITLSHIFT BITRSHIFT BITCOUNT BASE DECIMAL BIN2DEC DEC2BIN HEX2DEC DEC2HEX OCT2DEC DEC2OCT ROMAN
ARABIC ISPRIME ACOS ACOSH ACOT ASIN ASINH ATAN ATAN2 ATANH COS COSH COT COTH CSC SEC SIN SINH TAN TANH DEGREES
RADIANS NORMDIST LOGNORMDIST EXPONDIST CHISQDIST TDIST FDIST NORMINV NORMSDIST NORMSINV LOGNORMINV CHISQINV TINV
FINV BINOMDIST POISSONDIST GEOMDIST NEGBINOMDIST HYPGEOMDIST BETADIST GAMMADIST WEIBULLDIST UNIFORMDIST
STANDARDIZE CONFIDENCE FISHER FISHERINV HAVERSINE BEARING
"""


@pytest.mark.parametrize("name", CATALOGUE.split())
def test_catalogue_name_exists(name: str) -> None:
    assert REGISTRY.get(name) is not None


@pytest.mark.parametrize(
    ("name", "args", "wanted"),
    [
        ("ROUND", ([2.675, 1.005, -2.5, 2.5, 0.285, 1.0049999999], [2, 2, 0, 0, 2, 2]), [2.68, 1.01, -3, 3, 0.29, 1.0]),
        ("ROUND", ([1234.5, 1250.0, 1.5e308], [-2, -2, -308]), [1200.0, 1300.0, OVERFLOW]),
        ("ROUND", ([5 * 10**18, 5 * 10**18 - 1, -TOP], -19), [OVERFLOW, 0, OVERFLOW]),
        ("ROUND", ([1e-320, 5e-324], 308), [0.0, 0.0]),
        ("ROUNDUP", ([1, 0, -1], -20), [OVERFLOW, 0, OVERFLOW]),
        ("ROUNDDOWN", ([4.35, 8.2, -8.29], [2, 1, 1]), [4.35, 8.2, -8.2]),
        ("CEILING", ([0.3, 2.5, -2.5, 2.5, 0.0], [0.1, 2.0, -2.0, -2.0, 5.0]), [0.3, 4.0, -2.0, NUM, 0.0]),
        ("FLOOR", ([0.3, 2.5, -2.5, -2.5, 3.0], [0.1, 2.0, -2.0, 2.0, 0.0]), [0.3, 2.0, -4.0, NUM, 0.0]),
        ("CEIL", ([TOP], 2), [OVERFLOW]),
        ("MOD", ([-3, 3, 3, -(2**63)], [2, -2, 0, -1]), [1, -1, Failure("DIV0"), 0]),
        ("SUM", ([TOP, TOP], [1, 1], [-1, 0]), [TOP, OVERFLOW]),
        ("AVERAGE", ([1.5e308], [1.5e308]), [1.5e308]),
        ("MEDIAN", ([1.5e308], [1.7e308]), [1.6e308]),
        ("PRODUCT", ([TOP, TOP], [TOP, 2], [0, 1]), [0, OVERFLOW]),
        ("MAX", ([None, -1], [None, None]), [None, -1]),
        ("COUNT", ([None, -1], [None, None], ["a", None]), [1, 1]),
        ("LOG", ([125.0, 1000.0, 0.0], [5.0, 10.0, 2.0]), [3.0, 3.0, NUM]),
        ("BITLSHIFT", ([1, 1, -1, 0], [62, 63, 63, 99]), [2**62, OVERFLOW, NUM, 0]),
        ("BIN2DEC", (["1111111111", "1000000000", "", "12", "11111111111"],), [-1, -512, 0, PARSE, OVERFLOW]),
        ("HEX2DEC", (["FFFFFFFFFF", "a5", None, " 1f "],), [-1, 165, None, 31]),
        ("DEC2HEX", ([-1, 255, 2**39, None], [4, 4, 4, 4]), ["FFFFFFFFFF", "00FF", NUM, None]),
        ("DEC2BIN", ([511, -512, 512, 9], [10, 1, 10, 3]), ["0111111111", "1000000000", NUM, NUM]),
        ("DECIMAL", (["zz", "ffH", "101b", "", "9" * 20], [36, 16, 2, 10, 10]), [1295, 255, 5, 0, OVERFLOW]),
        ("ARABIC", (["MCMXCIV", "-x", " iv ", "IM", "q"],), [1994, -10, 4, 999, PARSE]),
        ("PERMUT", ([1e6, 171.0, 20.0], [2.0, 171.0, 20.0]), [999999000000.0, OVERFLOW, float(math.factorial(20))]),
        ("COMBIN", ([1e9, 2000.0, 66.0], [2.0, 1000.0, 33.0]), [499999999500000000.0, OVERFLOW, 7219428434016265984.0]),
    ],
)
def test_documented(name: str, args: tuple[Any, ...], wanted: list[Any]) -> None:
    for got, value in zip(apply(name, *args), wanted, strict=True):
        assert got == (pytest.approx(value, rel=1e-14) if isinstance(value, float) else value)


def test_roman_forms() -> None:
    forms = [apply("ROMAN", [499, 999, 45], form) for form in range(5)]
    assert [row[0] for row in forms] == ["CDXCIX", "LDVLIV", "XDIX", "VDIV", "ID"]
    assert [row[1] for row in forms] == ["CMXCIX", "LMVLIV", "XMIX", "VMIV", "IM"]
    everything = list(range(4000))
    for form in range(5):
        assert apply("ARABIC", apply("ROMAN", everything, form)) == everything
    with pytest.raises(Mismatch):
        apply("ROMAN", [1], 5)


@given(st.lists(st.integers(0, TOP), min_size=1), st.integers(2, 36))
def test_bases_there_and_back(numbers: list[int], radix: int) -> None:
    assert apply("DECIMAL", apply("BASE", numbers, radix), radix) == numbers


def test_text_in_slices() -> None:
    column = Column.of(["11", "zz", None, "1010"]).slice(1, 4)
    assert apply("BIN2DEC", column) == [PARSE, None, 10]


def test_primes() -> None:
    numbers = [*range(-2, 3000), 2**31 - 1, 2**31 + 1, 3215031751, 4759123141, 4294967291]
    assert apply("ISPRIME", numbers) == [is_prime(n) for n in numbers]
    large = [9223372036854775783, TOP, 2**61 - 1, 3825123056546413051, 3037000493**2]
    assert apply("ISPRIME", large) == [True, False, True, False, False]


def test_exact_numbers() -> None:
    big = Column.of([2**70, None, -(2**70)], BIGINTEGER)
    assert apply("ABS", big) == [2**70, None, 2**70]
    assert apply("SIGN", big) == [1, None, -1]
    assert apply("SUM", big, 1) == [2**70 + 1, 1, 1 - 2**70]
    assert apply("MAX", big, Constant(BIGINTEGER, 5)) == [2**70, 5, 5]
    assert apply("ROUND", big, -21) == [10**21, None, -(10**21)]
    decimals = Column.of([Decimal("1234567890123456789012345678901.255"), None, Decimal("-2.5")], BIGDECIMAL)
    assert apply("ROUND", decimals, 2) == [Decimal("1234567890123456789012345678901.26"), None, Decimal("-2.5")]
    assert apply("TRUNC", decimals) == [Decimal(1234567890123456789012345678901), None, Decimal(-2)]
    assert apply("SUM", decimals, decimals)[0] == Decimal("2469135780246913578024691357802.510")
    assert apply("MIN", decimals, 0) == [0, 0, Decimal("-2.5")]
    assert apply("ABS", decimals)[2] == Decimal("2.5")
    with pytest.raises(Mismatch):
        apply("SQRT", big)


def run_random(name: str, args: list[Any], env: Environment, rows: int, first: int) -> list[Any]:
    function = REGISTRY.get(name)
    assert function is not None
    constants = [Constant.of(arg) for arg in args]
    app, _ = resolve(function, [c.type for c in constants], constants)
    with armed():
        return values(call(app, constants, env, rows, first))


@pytest.mark.parametrize(("name", "args"), [("RAND", []), ("RAND", [7]), ("RANDBETWEEN", [1, 6, 7])])
def test_random_numbers_do_not_depend_on_blocks(name: str, args: list[Any]) -> None:
    whole = run_random(name, args, ENV, 1000, 0)
    parts = [run_random(name, args, ENV, stop - start, start) for start, stop in ((0, 1), (1, 640), (640, 1000))]
    assert [value for part in parts for value in part] == whole
    again = run_random(name, args, Environment(seed=99), 1000, 0)
    assert (again == whole) is (args != [])  # only a call without a seed follows the run's seed


def test_random_numbers_look_random() -> None:
    numbers = np.array(run_random("RAND", [3], ENV, 200_000, 0))
    assert numbers.min() >= 0
    assert numbers.max() < 1
    counts = np.histogram(numbers, 100, (0, 1))[0]
    assert ((counts - 2000) ** 2 / 2000).sum() < 170  # chi-squared, 99 degrees of freedom
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.01
    dice = run_random("RANDBETWEEN", [-1, 4, 3], ENV, 60_000, 0)
    assert set(dice) == {-1, 0, 1, 2, 3, 4}
    assert max(abs(dice.count(side) - 10_000) for side in range(-1, 5)) < 500
    wide = run_random("RANDBETWEEN", [-(2**63), TOP, 3], ENV, 1000, 0)
    assert min(wide) < -(2**62) < 2**62 < max(wide)
    assert apply("RANDBETWEEN", [6, None, 5], 5) == [NUM, None, 5]
