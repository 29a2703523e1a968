"""Flows of money in lists against numpy-financial, pyxirr, plain loops and printed examples."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from random import Random
from typing import Any

import numpy_financial as npf
import pytest
import pyxirr
from calling import apply
from oracles_finance import oracles

from sheetline.functions.columns import Column, Constant
from sheetline.functions.context import Environment
from sheetline.functions.declare import Failure
from sheetline.functions.types import DATE, FLOAT, list_of

NUM, DIV0 = Failure("NUM"), Failure("DIV0")
DOUBT = object()
ORACLES = oracles(DOUBT)


def lists(values: list[Any]) -> Column:
    return Column.of(values, list_of(FLOAT))


def days(values: list[Any]) -> Column:
    return Column.of(values, list_of(DATE))


def flows(random: Random, count: int) -> list[list[float]]:
    """Investments: payments first, then income, as long or short as may be."""
    made = []
    for _ in range(count):
        paid = [-random.uniform(1, 1000) for _ in range(random.randint(1, 3))]
        income = [random.uniform(0, 500) for _ in range(random.randint(1, 30))]
        made.append([*paid, *income])
    return made


def test_present_values() -> None:
    random = Random(1)
    values = flows(random, 300)
    rates = [random.uniform(-0.5, 1.0) for _ in values]
    wanted = [sum(v / (1 + r) ** (k + 1) for k, v in enumerate(row)) for r, row in zip(rates, values, strict=True)]
    assert apply("NPV", rates, lists(values)) == pytest.approx(wanted, rel=1e-11)
    assert [npf.npv(r, [0.0, *v]) for r, v in zip(rates, values, strict=True)] == pytest.approx(wanted, rel=1e-9)
    assert apply("NPV", [-3.0, -1.5, 0.0], lists([[1.0, 2.0, 3.0]] * 3)) == pytest.approx([-0.375, -18.0, 6.0])


def test_nulls_in_lists_are_no_flows() -> None:
    rows = lists([[1.0, None, 2.0], [None], [], None, [math.nan, 4.0]])
    assert apply("NPV", 1.0, rows) == [1.0, None, None, None, 2.0]
    assert apply("NPV", [1.0, None], lists([[1.0], [2.0]])) == [0.5, None]
    assert apply("NPV", [-1.0, 1.0], Constant.of([2.0, None])) == [DIV0, 1.0]  # a constant list for all rows


def test_rates_of_return_of_investments_are_exact() -> None:
    values = flows(Random(2), 400)
    got = apply("IRR", lists(values))
    for row, rate in zip(values, got, strict=True):
        wanted = pyxirr.irr(row)
        worth = sum(v / (1 + rate) ** k for k, v in enumerate(row))
        assert abs(worth) < 1e-8 * sum(abs(v) / (1 + rate) ** k for k, v in enumerate(row)), (row, rate)
        assert wanted is None or rate == pytest.approx(wanted, rel=1e-6, abs=1e-7), (row, rate, wanted)


def test_rates_against_decimal_bisection() -> None:
    values = [*flows(Random(5), 40), [-1.0, 1e5], [-1e5, 1.0], [3.0, -1.0], [-5.0, 0.0, 0.0, 1.0]]
    for row, rate in zip(values, apply("IRR", lists(values)), strict=True):
        wanted = ORACLES["IRR"](row)
        assert wanted is DOUBT or rate == pytest.approx(wanted, rel=1e-10), (row, rate, wanted)


#: Excel's and LibreOffice's help pages.
BUSINESS = [-70000.0, 12000.0, 15000.0, 18000.0, 21000.0, 26000.0]


def test_printed_rates() -> None:
    got = apply("IRR", lists([BUSINESS[:5], BUSINESS]))
    assert got == pytest.approx([-0.021244848, 0.086630948], abs=1e-9)
    assert apply("IRR", lists([BUSINESS[:3]]), -0.1) == pytest.approx([-0.443506941], abs=1e-9)
    mirr = [-120000.0, 39000.0, 30000.0, 21000.0, 37000.0, 46000.0]
    assert apply("MIRR", lists([mirr, mirr[:4], mirr]), 0.1, [0.12, 0.12, 0.14]) == pytest.approx(
        [0.126094, -0.048045, 0.134759], abs=1e-6
    )


def test_several_rates() -> None:
    twice = [-100.0, 230.0, -132.0]  # worth nothing at 10 % and at 20 %
    assert apply("IRR", lists([twice]), 0.05) == pytest.approx([0.1])
    assert apply("IRR", lists([twice]), 0.3) == pytest.approx([0.2])
    none = [100.0, -100.0, 100.0]
    assert apply("IRR", lists([none, [1.0, 2.0], [-1.0], [0.0], [], None])) == [NUM, NUM, NUM, NUM, None, None]
    assert apply("IRR", lists([BUSINESS]), [-1.0]) == [NUM]


def test_many_flows_and_wild_rates() -> None:
    long = [-1000.0] + [10.0] * 5000
    (rate,) = apply("IRR", lists([long]))
    assert rate == pytest.approx(0.01, rel=1e-9)
    assert apply("IRR", lists([[-1.0, 0.0, 1e12]])) == pytest.approx([1e6 - 1])
    (lost,) = apply("IRR", lists([[-1e6, 1.0]]))
    assert lost == pytest.approx(-0.999999, rel=1e-12)
    for guess in (-0.99, 0.0, 5.0, 1000.0):
        assert apply("IRR", lists([BUSINESS]), guess) == pytest.approx([0.0866309480365], rel=1e-9), guess


def test_modified_rates() -> None:
    values = [row for row in flows(Random(3), 200) if len(row) > 2 and max(row) > 0]
    wanted = [npf.mirr(row, 0.07, 0.12) for row in values]
    assert apply("MIRR", lists(values), 0.07, 0.12) == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    assert apply("MIRR", lists([[1.0, 2.0], [-1.0], [], None]), 0.1, 0.1) == [DIV0, DIV0, None, None]
    assert apply("MIRR", lists([[-1.0, 2.0]]), [-1.0], 0.1) == [NUM]


START = datetime(2008, 1, 1)


def dated(random: Random, count: int) -> tuple[list[list[float]], list[list[datetime]]]:
    values = flows(random, count)
    dates = [[START, *sorted(START + timedelta(days=random.randint(0, 4000)) for _ in row[1:])] for row in values]
    return values, dates


def test_dated_flows() -> None:
    random = Random(4)
    values, dates = dated(random, 300)
    rates = [random.uniform(-0.5, 1.0) for _ in values]
    wanted = [pyxirr.xnpv(r, d, v) for r, v, d in zip(rates, values, dates, strict=True)]
    assert apply("XNPV", rates, lists(values), days(dates)) == pytest.approx(wanted, rel=1e-9, abs=1e-9)
    for v, d, rate in zip(values, dates, apply("XIRR", lists(values), days(dates)), strict=True):
        if rate == NUM:  # income within days: a rate beyond all bounds, or none
            wanted_rate = pyxirr.xirr(d, v)
            assert wanted_rate is None or wanted_rate > 1e12
            continue
        worth = [x / (1 + rate) ** ((day - START).days / 365) for x, day in zip(v, d, strict=True)]
        assert abs(sum(worth)) < 1e-8 * sum(map(abs, worth)), (v, d, rate)


def test_days_are_those_of_the_calendar() -> None:
    # Vienna's clocks went forward in between: 364 days and 23 hours are a whole year there
    dates = days([[datetime(2023, 3, 1, 23), datetime(2024, 2, 29, 23)]])
    vienna = Environment(timezone="Europe/Vienna")
    assert apply("XNPV", 1.0, lists([[-100.0, 300.0]]), dates, env=vienna) == [50.0]
    summer = days([[datetime(2023, 1, 1, 23), datetime(2023, 7, 1, 22)]])  # midnight there, both
    (got,) = apply("XNPV", 1.0, lists([[0.0, 2.0]]), summer, env=vienna)
    assert got == pytest.approx(2.0 / 2 ** (181 / 365), rel=1e-14)


def test_lists_that_do_not_fit() -> None:
    one, two, early = [START], [START, START + timedelta(days=365)], [START, START - timedelta(days=1)]
    values = lists([[-100.0, 300.0], [-100.0, 300.0], [-100.0, 300.0], [None, 300.0], [-100.0, 300.0], [], None])
    dates = days([one, two, early, two, None, [], two])
    assert apply("XNPV", 1.0, values, dates) == [NUM, 50.0, NUM, 300.0, None, None, None]
    assert apply("XIRR", values, dates) == [NUM, pytest.approx(2.0), NUM, NUM, None, None, None]
    assert apply("XNPV", [-1.0, None], lists([[1.0], [1.0]]), days([one, one])) == [NUM, None]


@pytest.mark.parametrize("name", ["NPV", "IRR", "MIRR"])
def test_a_row_stands_for_itself(name: str) -> None:
    """The bits of a result do not depend on the rows around it."""
    values = flows(Random(9), 60)
    values[::7] = [[v * (-1) ** k for k, v in enumerate(row)] for row in values[::7]]

    def run(rows: list[list[float]]) -> list[Any]:
        args: list[Any] = [lists(rows)]
        return apply(name, *{"NPV": [0.07, *args], "IRR": args, "MIRR": [*args, 0.05, 0.06]}[name])  # type: ignore[no-any-return]

    assert run(values) == [run([row])[0] for row in values]
