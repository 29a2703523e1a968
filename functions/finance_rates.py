"""Rates of interest and growth, and the prices of a trade."""

from __future__ import annotations

from typing import Any

import numpy as np

from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.finance import CATEGORY, OPEN_FORMULA, gain, growth, times

# ---------------------------------------------------------------- rates and growth


@function(
    "EFFECT(rate:float; payments:float) -> float",
    category=CATEGORY,
    summary="The effective rate of a year for a nominal one that is paid in several parts.",
    examples=[
        Example("EFFECT(0.0525;4)", 0.053543, digits=6),
        Example("EFFECT(1;2)", 1.25),
        Example("EFFECT(0.05;0)", Failure("NUM")),
        Example("EFFECT(null;4)", None),
    ],
    fails="finite",
    notes="Fractions of the number of payments are cut off.",
    error_note="NUM for a negative rate, and for less than one payment.",
    source=OPEN_FORMULA,
)
def effect(rate: Any, payments: Any, ctx: Call) -> Any:
    parts = np.trunc(payments)
    ctx.fail(np.less(rate, 0) | np.less(parts, 1), "NUM")
    with np.errstate(all="ignore"):
        return gain(np.asarray(np.divide(rate, parts)), parts)


@function(
    "NOMINAL(effective_rate:float; periods:float) -> float",
    category=CATEGORY,
    summary="The nominal rate of a year for an effective one, paid in so many periods.",
    examples=[
        Example("NOMINAL(0.053543;4)", 0.0525, digits=6),
        Example("NOMINAL(1.25;2)", 1.0),
        Example("NOMINAL(0;4)", Failure("NUM")),
        Example("NOMINAL(null;4)", None),
    ],
    fails="finite",
    notes="Fractions of the number of periods are cut off.",
    error_note="NUM for a rate that is not above 0, and for less than one period.",
    source=OPEN_FORMULA,
)
def nominal(effective_rate: Any, periods: Any, ctx: Call) -> Any:
    parts = np.trunc(periods)
    ctx.fail(np.less_equal(effective_rate, 0) | np.less(parts, 1), "NUM")
    with np.errstate(all="ignore"):
        return parts * gain(effective_rate, np.asarray(1.0 / parts))


@function(
    "CAGR(begin:float; end:float; periods:float) -> float",
    category=CATEGORY,
    summary="The compound growth rate a period that leads from one value to another.",
    examples=[
        Example("CAGR(100;400;2)", 1.0),
        Example("CAGR(1000;1610.51;5)", 0.1, digits=9),
        Example("CAGR(0;400;2)", Failure("DIV0")),
        Example("CAGR(100;-400;2)", Failure("NUM")),
        Example("CAGR(100;null;2)", None),
    ],
    fails="finite",
    error_note="DIV0 for a beginning of 0; NUM for negative values, and for periods that are not above 0.",
)
def cagr(begin: Any, end: Any, periods: Any, ctx: Call) -> Any:
    ctx.fail(np.less(begin, 0) | np.less(end, 0) | np.less_equal(periods, 0), "NUM")
    ctx.fail(np.equal(begin, 0), "DIV0")
    with np.errstate(all="ignore"):
        return np.power(np.divide(end, begin), np.divide(1.0, periods)) - 1.0


@function(
    "COMPOUND(principal:float; rate:float; periods:float) -> float",
    category=CATEGORY,
    summary="What a principal grows to with interest on interest, at a rate a period.",
    examples=[
        Example("COMPOUND(100;0.5;2)", 225.0),
        Example("COMPOUND(1000;0.05;10)", 1628.89, digits=2),
        Example("COMPOUND(100;-1;-1)", Failure("DIV0")),
        Example("COMPOUND(100;null;2)", None),
    ],
    fails="finite",
    error_note="DIV0 for a rate of -1 and periods below 0; NUM for a rate below -1 and periods with a fraction.",
)
def compound(principal: Any, rate: Any, periods: Any, ctx: Call) -> Any:
    ctx.fail(np.equal(rate, -1) & np.less(periods, 0), "DIV0")
    with np.errstate(all="ignore"):
        return times(principal, growth(rate, periods))


# ---------------------------------------------------------------- prices


@function(
    "BREAKEVEN(fixed_cost:float; price:float; variable_cost:float) -> float",
    category=CATEGORY,
    summary="How many units must be sold until the revenue meets the fixed cost and the cost of the units.",
    examples=[
        Example("BREAKEVEN(1000;25;5)", 50.0),
        Example("BREAKEVEN(1000;5;5)", Failure("DIV0")),
        Example("BREAKEVEN(1000;4;5)", Failure("NUM")),
        Example("BREAKEVEN(null;25;5)", None),
    ],
    fails="finite",
    notes="The price and the variable cost are those of one unit.",
    error_note="DIV0 for a price that is the variable cost; NUM for one below it: each unit adds to the loss.",
)
def breakeven(fixed_cost: Any, price: Any, variable_cost: Any, ctx: Call) -> Any:
    ctx.fail(np.equal(price, variable_cost), "DIV0")
    ctx.fail(np.less(price, variable_cost), "NUM", "BREAKEVEN: the price {1} is below the variable cost {2}")
    with np.errstate(all="ignore"):
        return np.divide(fixed_cost, np.subtract(price, variable_cost))


@function(
    "MARGIN(revenue:float; cost:float) -> float",
    category=CATEGORY,
    summary="The part of the revenue that is profit: (revenue - cost) / revenue.",
    examples=[
        Example("MARGIN(200;150)", 0.25),
        Example("MARGIN(0;150)", Failure("DIV0")),
        Example("MARGIN(200;null)", None),
    ],
    fails="finite",
    error_note="DIV0 without revenue.",
)
def margin(revenue: Any, cost: Any, ctx: Call) -> Any:
    ctx.fail(np.equal(revenue, 0), "DIV0")
    with np.errstate(all="ignore"):
        return np.divide(np.subtract(revenue, cost), revenue)


@function(
    "MARKUP(revenue:float; cost:float) -> float",
    category=CATEGORY,
    summary="The profit as a part of the cost: (revenue - cost) / cost.",
    examples=[
        Example("MARKUP(200;160)", 0.25),
        Example("MARKUP(200;0)", Failure("DIV0")),
        Example("MARKUP(null;150)", None),
    ],
    fails="finite",
    error_note="DIV0 without cost.",
)
def markup(revenue: Any, cost: Any, ctx: Call) -> Any:
    ctx.fail(np.equal(cost, 0), "DIV0")
    with np.errstate(all="ignore"):
        return np.divide(np.subtract(revenue, cost), cost)
