"""Depreciation of an asset: straight-line, by digits of years, and by declining balances."""

from __future__ import annotations

from typing import Any

import numpy as np

from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.finance import CATEGORY, OPEN_FORMULA


@function(
    "SLN(cost:float; salvage:float; life:float) -> float",
    category=CATEGORY,
    summary="The depreciation of each period, the same in all of them.",
    examples=[
        Example("SLN(30000;7500;10)", 2250.0),
        Example("SLN(30000;7500;0)", Failure("DIV0")),
        Example("SLN(null;7500;10)", None),
    ],
    fails="finite",
    error_note="DIV0 for a life of no periods.",
    source=OPEN_FORMULA,
)
def sln(cost: Any, salvage: Any, life: Any, ctx: Call) -> Any:
    ctx.fail(np.equal(life, 0), "DIV0")
    with np.errstate(all="ignore"):
        return np.divide(np.subtract(cost, salvage), life)


@function(
    "SYD(cost:float; salvage:float; life:float; period:float) -> float",
    category=CATEGORY,
    summary="The depreciation of a period that falls by the same amount from period to period.",
    examples=[
        Example("SYD(1000;100;5;1)", 300.0),
        Example("SYD(30000;7500;10;10)", 409.09, digits=2),
        Example("SYD(1000;100;0;1)", Failure("DIV0")),
        Example("SYD(1000;100;5;null)", None),
    ],
    fails="finite",
    notes="The sum-of-the-years'-digits method. As in OpenFormula, periods are not held to the life of the asset.",
    error_note="DIV0 for a life of no periods.",
    source=OPEN_FORMULA,
)
def syd(cost: Any, salvage: Any, life: Any, period: Any, ctx: Call) -> Any:
    after = np.add(life, 1.0)
    ctx.fail(np.equal(life, 0) | np.equal(after, 0), "DIV0")
    with np.errstate(all="ignore"):
        return np.subtract(cost, salvage) * np.subtract(after, period) * 2.0 / np.multiply(after, life)


@function(
    "DDB(cost:float; salvage:float; life:float; period:float; [factor:float=2]) -> float",
    category=CATEGORY,
    summary="The depreciation of a period by a declining balance, at a multiple of the straight-line rate.",
    examples=[
        Example("DDB(2400;300;10;1)", 480.0),
        Example("DDB(2400;300;10;2;1.5)", 306.0),
        Example("DDB(2400;300;10;10)", 22.12, digits=2),
        Example("DDB(2400;300;10;11)", Failure("NUM")),
        Example("DDB(2400;300;null;1)", None),
    ],
    fails="finite",
    notes="The double-declining balance for the factor 2. The book value never falls below the salvage value.",
    error_note=(
        "NUM unless 0 ≤ salvage ≤ cost, 1 ≤ period ≤ life, and the factor is above 0. Life and period may have"
        " fractions."
    ),
    source=OPEN_FORMULA,
)
def ddb(cost: Any, salvage: Any, life: Any, period: Any, factor: Any, ctx: Call) -> Any:
    good = np.greater_equal(salvage, 0) & np.less_equal(salvage, cost) & np.greater(factor, 0)
    ctx.fail(~(good & np.greater_equal(period, 1) & np.less_equal(period, life)), "NUM")
    with np.errstate(all="ignore"):
        rate = np.minimum(np.divide(factor, life), 1.0)
        book = cost * np.power(1.0 - rate, np.subtract(period, 1.0))
        return np.maximum(np.minimum(book * rate, book - salvage), 0.0)


@function(
    "DB(cost:float; salvage:float; life:float; period:float; [month:float=12]) -> float",
    category=CATEGORY,
    summary="The depreciation of a period by a fixed declining balance that reaches the salvage value.",
    examples=[
        Example("DB(1000000;100000;6;1;7)", 186083.33, digits=2),
        Example("DB(1000000;100000;6;7;7)", 15845.1, digits=2),
        Example("DB(1000;100;5;6)", 0.0),
        Example("DB(1000;100;5;7)", Failure("NUM")),
        Example("DB(1000;100;5;0)", Failure("NUM")),
        Example("DB(1000;100;5;null)", None),
    ],
    fails="finite",
    notes=(
        "The rate is rounded to three decimals. The month is the number of months in the first period; with fewer than"
        " 12, the rest falls into one period after the last. Fractions of life, period and month are cut off."
    ),
    error_note="NUM unless cost > 0, salvage ≥ 0, life ≥ 1, 0 < period ≤ life + 1 and the month is one of 1 to 12.",
    source=OPEN_FORMULA,
)
def db(cost: Any, salvage: Any, life: Any, period: Any, month: Any, ctx: Call) -> Any:
    years, at, months = np.trunc(life), np.trunc(period), np.trunc(month)
    good = np.greater(cost, 0) & np.greater_equal(salvage, 0) & np.greater_equal(years, 1) & np.greater(period, 0)
    good &= np.greater_equal(months, 1) & np.less_equal(months, 12) & np.less_equal(at, years + 1.0)
    ctx.fail(~good, "NUM")
    with np.errstate(all="ignore"):
        rate = np.floor((1.0 - np.power(np.divide(salvage, cost), 1.0 / years)) * 1000.0 + 0.5) / 1000.0
        first = cost * rate * months / 12.0
        later = (cost - first) * rate * np.power(1.0 - rate, np.minimum(at, years + 1.0) - 2.0)
        last = later * (12.0 - months) / 12.0  # the period after the life has what the first one left
        out = np.where(np.equal(at, 1), first, np.where(np.less_equal(at, years), later, last))
        return np.where(np.less(at, 1), 0.0, out)
