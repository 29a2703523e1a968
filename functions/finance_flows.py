"""Flows of money in lists: present values and rates of return, of all rows at once over the flat values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sheetline.functions.columns import Array
from sheetline.functions.context import Call
from sheetline.functions.date_support import LOCAL, home
from sheetline.functions.dates import zones
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.errors import Ints
from sheetline.functions.finance import CATEGORY, OPEN_FORMULA
from sheetline.functions.list_columns import edges, taken_apart
from sheetline.functions.roots import Equation, solve

_NULLS = "Null elements are skipped; a list without values gives null."
_DAY = 86_400_000_000
_REACH = 30.0  #: rates are looked for between exp(-30) - 1 and exp(30) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Flows:
    """The amounts of all rows below one another, each with the time from its row's first one, in periods."""

    amounts: Array
    times: Array
    offsets: Ints

    @property
    def sizes(self) -> Ints:
        """The number of amounts of each row."""
        return np.diff(self.offsets)

    @property
    def row(self) -> Ints:
        """The row of each amount."""
        return np.repeat(np.arange(len(self.offsets) - 1), self.sizes)

    def take(self, rows: Ints) -> Flows:
        """Return the flows of some rows."""
        sizes = self.sizes[rows]
        offsets = edges(sizes)
        places = np.repeat(self.offsets[rows] - offsets[:-1], sizes) + np.arange(offsets[-1])
        return Flows(self.amounts[places], self.times[places], offsets)

    def sums(self, values: Array, row: Ints) -> Array:
        """Return the sum of a value of each amount by row; in order, so that blocks never show."""
        return np.bincount(row, values, len(self.offsets) - 1)

    def ends(self) -> Array:
        """The time of each row's last amount (the greatest), 0 without any."""
        out = np.zeros(len(self.offsets) - 1)
        some = np.flatnonzero(self.sizes)
        if len(some):
            out[some] = np.maximum.reduceat(self.times, self.offsets[some])
        return out


def _regular(ctx: Call, place: int) -> Flows:
    """Return a list argument as flows that are one period apart; nulls are no flows."""
    found = taken_apart(ctx, place)
    values = found.values()
    null = values.nulls()
    amounts, offsets = values.data, found.offsets
    if null is not None:
        amounts, offsets = amounts[~null], edges(~null)[offsets]
    times = np.arange(offsets[-1]) - np.repeat(offsets[:-1], np.diff(offsets))
    ctx.nullify(np.diff(offsets) == 0)
    return Flows(np.asarray(amounts, np.float64), times.astype(np.float64), offsets)


def _dated(ctx: Call, values_at: int, dates_at: int) -> Flows:
    """Return two list arguments, amounts and dates, as flows in years of 365 days from the first.

    Lists of different lengths, and dates before the first one, are errors.
    """
    values, dates = taken_apart(ctx, values_at), taken_apart(ctx, dates_at)
    differ = values.sizes != dates.sizes
    ctx.fail(differ, "NUM", f"{ctx.function}: there are not as many dates as values")
    if differ.any():  # make them fit, so that the other rows can be reckoned
        least = np.minimum(values.sizes, dates.sizes)
        keeps = [
            np.arange(len(p.items)) - np.repeat(p.starts, p.sizes) < np.repeat(least, p.sizes) for p in (values, dates)
        ]
        offsets = edges(least)
    else:
        keeps, offsets = [np.ones(len(values.items), np.bool_)] * 2, values.offsets
    amount, date = values.values().filter(keeps[0]), dates.values().filter(keeps[1])
    keep = amount.valid() & date.valid()
    offsets = edges(keep)[offsets]
    days = np.floor_divide(zones.to_local(np.asarray(date.data[keep], np.int64), home(ctx)), _DAY)
    sizes = np.diff(offsets)
    first = np.zeros(len(sizes), np.int64)
    some = np.flatnonzero(sizes)
    first[some] = days[offsets[some]]
    days = days - np.repeat(first, sizes)
    flows = Flows(np.asarray(amount.data[keep], np.float64), days / 365.0, offsets)
    early = flows.sums(days < 0, flows.row) > 0
    ctx.fail(early, "NUM", f"{ctx.function}: a date is before the first one")
    ctx.nullify((sizes == 0) & ~differ)
    return flows


def _discounted(flows: Flows, rate: Array, ahead: float = 0.0) -> Array:
    """Return the value of each row's flows at a rate a period, ``ahead`` periods before its first one."""
    row = flows.row
    times = flows.times + ahead
    factors = np.exp(-times * np.repeat(np.log1p(rate), flows.sizes))
    if len(rate) and np.fmin.reduce(rate) <= -1.0:
        below = np.flatnonzero((rate <= -1.0)[row])
        factors[below] = np.power(1.0 + rate[row[below]], -times[below])
    return flows.sums(flows.amounts * factors, row)


def _rates(rate: Any, ctx: Call) -> Array:
    return np.broadcast_to(np.asarray(rate, np.float64), (ctx.rows,))


@function(
    "NPV(rate:float; values:list<float>) -> float",
    category=CATEGORY,
    summary="The present value of a list of flows, the first of which is one period away.",
    examples=[
        Example("NPV(0.1;[-10000;3000;4200;6800])", 1188.44, digits=2),
        Example("NPV(1;[2;null;4])", 2.0),
        Example("NPV(0.1;-10000;3000;4200;6800)", 1188.44, digits=2),
        Example("NPV(0;[])", None),
        Example("NPV(-1;[1;2])", Failure("DIV0")),
        Example("NPV(0.1;null)", None),
    ],
    fails="finite",
    notes="The flows are one list, or each an argument.",
    null_note=f"{_NULLS} As an argument of its own a null gives null.",
    error_note="DIV0 for a rate of -1.",
    source=OPEN_FORMULA,
)
def npv(rate: Any, values: Any, ctx: Call) -> Any:
    flows, rate = _regular(ctx, 1), _rates(rate, ctx)
    ctx.fail((rate == -1.0) & (flows.sizes > 0), "DIV0")
    with np.errstate(all="ignore"):
        return _discounted(flows, rate, 1.0)


@npv.overload("NPV(rate:float; flow:float...) -> float")
def _npv_of_arguments(rate: Any, *flows: Any, ctx: Call) -> Any:
    rate = _rates(rate, ctx)
    ctx.fail(rate == -1.0, "DIV0")
    with np.errstate(all="ignore"):
        growth = np.where(rate == -1.0, 1.0, 1.0 + rate)
        total = np.zeros(ctx.rows)
        for flow in reversed(flows):
            total = (total + flow) / growth
    return total


@function(
    "XNPV(rate:float; values:list<float>; dates:list<date>) -> float",
    category=CATEGORY,
    summary="The value of flows at given dates, reckoned at the first date, for a rate a year.",
    examples=[
        Example("XNPV(1;[-100;300];[DATE(2023;1;1);DATE(2024;1;1)])", 50.0),
        Example(
            "XNPV(0.09;[-10000;2750;4250;3250;2750];"
            "[DATE(2008;1;1);DATE(2008;3;1);DATE(2008;10;30);DATE(2009;2;15);DATE(2009;4;1)])",
            2086.65,
            digits=2,
        ),
        Example("XNPV(0.1;[-100;110];[DATE(2023;1;1)])", Failure("NUM")),
        Example("XNPV(0.1;null;[DATE(2023;1;1)])", None),
    ],
    fails="finite",
    volatile=LOCAL,
    notes="A year has 365 days; days are those of the calendar in the workbook's time zone.",
    null_note="Pairs with a null value or date are skipped; lists without pairs give null.",
    error_note="NUM for lists of different lengths, a date before the first one, and a rate that is not above -1.",
    source=OPEN_FORMULA,
)
def xnpv(rate: Any, values: Any, dates: Any, ctx: Call) -> Any:
    flows, rate = _dated(ctx, 1, 2), _rates(rate, ctx)
    ctx.fail((rate <= -1.0) & (flows.sizes > 0), "NUM", f"{ctx.function}: the rate {{0}} is not above -1")
    with np.errstate(all="ignore"):
        return _discounted(flows, rate)


def _balance(flows: Flows) -> Equation:
    """Return the equation ln(income) = ln(payments), both discounted, in x = ln(1 + rate).

    Its graph is nearly straight, so that Newton's method needs few steps. Times are reckoned from the end that
    keeps every factor below 1.
    """
    ends = flows.ends()
    chosen: list[Any] = [None, flows, flows.row]

    def equation(x: Array, rows: Ints) -> tuple[Array, Array]:
        if chosen[0] is not rows:
            some = flows if len(rows) == len(ends) else flows.take(rows)
            chosen[:] = [rows, some, some.row]
        _, some, row = chosen
        at = x[row]
        weights = np.exp(-at * (some.times - np.where(at < 0, ends[rows][row], 0.0))) * some.amounts
        gains, losses = np.maximum(weights, 0.0), np.minimum(weights, 0.0)
        income, paid = some.sums(gains, row), some.sums(losses, row)
        slope = some.sums(losses * some.times, row) / paid - some.sums(gains * some.times, row) / income
        return np.log(income) - np.log(-paid), slope

    return equation


def _internal(flows: Flows, guess: Any, ctx: Call) -> Array:
    """Return the rate a period at which each row's flows are worth nothing."""
    start = _rates(guess, ctx)
    row = flows.row
    both = (flows.sums(flows.amounts > 0, row) > 0) & (flows.sums(flows.amounts < 0, row) > 0)
    ctx.fail(~both & (flows.sizes > 0), "NUM", f"{ctx.function}: there are not both payments and income")
    ctx.fail(~(start > -1.0) & (flows.sizes > 0), "NUM", f"{ctx.function}: the guess is not above -1")
    wanted = np.flatnonzero(both & (start > -1.0) & np.isfinite(flows.sums(flows.amounts, row)))
    out = np.full(ctx.rows, np.nan)
    with np.errstate(all="ignore"):
        some = flows.take(wanted)
        reach = np.minimum(_REACH, 700.0 / np.maximum(some.ends(), 1e-9))
        out[wanted] = np.expm1(solve(_balance(some), np.log1p(start[wanted]), reach)) + 0.0
    ctx.fail(~np.isfinite(out) & (flows.sizes > 0), "NUM", f"{ctx.function}: no rate makes the flows worth nothing")
    return out


_SEVERAL = (
    "The rate is above -100 %. It is found from the guess by Newton's method, and by bisection where that leads"
    " nowhere; where several rates solve the equation, that is mostly the one nearest to the guess."
)


@function(
    "IRR(values:list<float>; [guess:float=0.1]) -> float",
    category=CATEGORY,
    summary="The internal rate of return: the rate a period at which a list of flows is worth nothing.",
    examples=[
        Example("IRR([-100;110])", 0.1, digits=12),
        Example("IRR([-70000;12000;15000;18000;21000;26000])", 0.086631, digits=6),
        Example("IRR([-100;null;50;50])", 0.0, digits=12),
        Example("IRR([100;200])", Failure("NUM")),
        Example("IRR(null)", None),
    ],
    fails="never",
    notes=_SEVERAL,
    null_note=_NULLS,
    error_note="NUM without both payments and income, where no rate is found, and for a guess that is not above -1.",
    source=OPEN_FORMULA,
    cost=50,
)
def irr(values: Any, guess: Any, ctx: Call) -> Any:
    return _internal(_regular(ctx, 0), guess, ctx)


@function(
    "XIRR(values:list<float>; dates:list<date>; [guess:float=0.1]) -> float",
    category=CATEGORY,
    summary="The internal rate of return of flows at given dates: the rate a year at which XNPV is 0.",
    examples=[
        Example("XIRR([-100;110];[DATE(2023;1;1);DATE(2024;1;1)])", 0.1, digits=12),
        Example(
            "XIRR([-10000;2750;4250;3250;2750];"
            "[DATE(2008;1;1);DATE(2008;3;1);DATE(2008;10;30);DATE(2009;2;15);DATE(2009;4;1)])",
            0.373362535,
            digits=8,
        ),
        Example("XIRR([-100;-110];[DATE(2023;1;1);DATE(2024;1;1)])", Failure("NUM")),
        Example("XIRR([-100;110];null)", None),
    ],
    fails="never",
    volatile=LOCAL,
    notes=f"A year has 365 days; days are those of the calendar in the workbook's time zone. {_SEVERAL}",
    null_note="Pairs with a null value or date are skipped; lists without pairs give null.",
    error_note=(
        "NUM for lists of different lengths, a date before the first one, flows without both payments and income, and"
        " where no rate is found."
    ),
    source=OPEN_FORMULA,
    cost=50,
)
def xirr(values: Any, dates: Any, guess: Any, ctx: Call) -> Any:
    return _internal(_dated(ctx, 0, 1), guess, ctx)


@function(
    "MIRR(values:list<float>; finance_rate:float; reinvest_rate:float) -> float",
    category=CATEGORY,
    summary="The modified rate of return: payments are financed at one rate, income is invested again at another.",
    examples=[
        Example("MIRR([-120000;39000;30000;21000;37000;46000];0.1;0.12)", 0.126094, digits=6),
        Example("MIRR([-100;0;400];0;0)", 1.0),
        Example("MIRR([100;200];0.1;0.1)", Failure("DIV0")),
        Example("MIRR([-100;200];null;0.1)", None),
    ],
    fails="finite",
    null_note=_NULLS,
    error_note="DIV0 without both payments and income; NUM for a rate that is not above -1.",
    source=OPEN_FORMULA,
)
def mirr(values: Any, finance_rate: Any, reinvest_rate: Any, ctx: Call) -> Any:
    flows = _regular(ctx, 0)
    finance, reinvest = _rates(finance_rate, ctx), _rates(reinvest_rate, ctx)
    some = flows.sizes > 0
    ctx.fail(some & ~((finance > -1.0) & (reinvest > -1.0)), "NUM", f"{ctx.function}: a rate is not above -1")
    row, last = flows.row, flows.sizes - 1.0
    with np.errstate(all="ignore"):
        at_start = np.exp(-flows.times * np.log1p(finance)[row])
        at_end = np.exp((last[row] - flows.times) * np.log1p(reinvest)[row])
        paid = flows.sums(np.minimum(flows.amounts, 0.0) * at_start, row)
        income = flows.sums(np.maximum(flows.amounts, 0.0) * at_end, row)
        out = np.power(income / -paid, 1.0 / last) - 1.0
    one_way = (flows.sums(flows.amounts < 0, row) == 0) | (flows.sums(flows.amounts > 0, row) == 0)
    ctx.fail(some & one_way, "DIV0")
    return out
