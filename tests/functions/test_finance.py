"""Annuities, rates and depreciation against decimal arithmetic, numpy-financial and printed examples."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import numpy as np
import numpy_financial as npf
import pytest
from calling import apply
from oracles_finance import oracles

from sheetline.functions.declare import Failure
from sheetline.functions.roots import solve

DOUBT = object()
ORACLES = oracles(DOUBT)
NUM, DIV0 = Failure("NUM"), Failure("DIV0")
RATES = [0.0, 1e-9, 0.001, 0.004, 0.05 / 12, 0.05, 0.3, 1.0, 7.5, -0.001, -0.2, -0.9, -1.0, -1.5, -3.0, 1e-300]
PERIODS = [1.0, 2.0, 3.0, 12.0, 2.5, 360.0, 1200.0, 0.0, -1.0, -4.0]
MONEY = [0.0, 100.0, -100.0, 12345.67, -98765.43, 1e9, -0.01]


def plausible(name: str, random: Random) -> float:
    if name in ("rate", "effective_rate", "finance_rate", "reinvest_rate"):
        return random.choice(RATES) if random.random() < 0.5 else random.uniform(-0.2, 0.5)
    if name == "guess":
        return 0.1
    if name in ("nper", "period", "periods", "payments", "life"):
        return random.choice(PERIODS) if random.random() < 0.4 else float(random.randint(1, 40))
    if name == "paytype":
        return float(random.random() < 0.5) if random.random() < 0.95 else 2.0
    if name == "month":
        return random.choice([1.0, 7.0, 12.0, 12.5, 6.0, 0.0, 13.0])
    if name == "factor":
        return random.choice([2.0, 1.5, 0.5, 20.0, 0.0])
    return random.choice(MONEY) if random.random() < 0.6 else random.uniform(-1000, 1000)


PARAMETERS = {
    "FV": "rate nper payment pv paytype",
    "PV": "rate nper payment fv paytype",
    "PMT": "rate nper pv fv paytype",
    "PPMT": "rate period nper pv fv paytype",
    "IPMT": "rate period nper pv fv paytype",
    "NPER": "rate payment pv fv paytype",
    "EFFECT": "rate payments",
    "NOMINAL": "effective_rate periods",
    "CAGR": "begin end periods",
    "COMPOUND": "principal rate periods",
    "BREAKEVEN": "fixed price variable",
    "MARGIN": "revenue cost",
    "MARKUP": "revenue cost",
    "SLN": "cost salvage life",
    "SYD": "cost salvage life period",
    "DDB": "cost salvage life period factor",
    "DB": "cost salvage life period month",
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_formulas_are_exact(name: str) -> None:
    random = Random(name)
    rows = [[plausible(p, random) for p in PARAMETERS[name].split()] for _ in range(500)]
    got = apply(name, *map(list, zip(*rows, strict=True)))
    judged = 0
    for row, value in zip(rows, got, strict=True):
        wanted = ORACLES[name](*row)
        if wanted is DOUBT:
            continue
        judged += 1
        if isinstance(wanted, float) and isinstance(value, float):
            assert value == pytest.approx(wanted, rel=2e-11, abs=1e-300), (row, value, wanted)
        else:
            assert value == wanted, (row, value, wanted)
    assert judged > 150


@pytest.mark.parametrize("due", [0.0, 1.0])
def test_against_numpy_financial(due: float) -> None:
    random = np.random.default_rng(7)
    rate, n = random.uniform(0.001, 0.2, 200), random.integers(1, 60, 200).astype(float)
    period = np.ceil(n * random.uniform(0.01, 1, 200))
    pay, pv, fv = (random.uniform(-1000, 1000, 200) for _ in range(3))
    when = "begin" if due else "end"
    lists = {k: v.tolist() for k, v in {"r": rate, "n": n, "k": period, "p": pay, "v": pv, "f": fv}.items()}
    r, n_, k, p, v, f = lists.values()
    for name, args, wanted in [
        ("FV", (r, n_, p, v), npf.fv(rate, n, pay, pv, when)),
        ("PV", (r, n_, p, f), npf.pv(rate, n, pay, fv, when)),
        ("PMT", (r, n_, v, f), npf.pmt(rate, n, pv, fv, when)),
        ("IPMT", (r, k, n_, v, f), npf.ipmt(rate, period, n, pv, fv, when)),
        ("PPMT", (r, k, n_, v, f), npf.ppmt(rate, period, n, pv, fv, when)),
    ]:
        assert apply(name, *args, due) == pytest.approx(wanted.tolist(), rel=1e-9, abs=1e-7), name


#: Excel's and LibreOffice's own help pages.
PRINTED = {
    ("PMT", 0.08 / 12, 10, 10000): -1037.0320893591606,
    ("PMT", 0.06 / 12, 18 * 12, 0, 50000): -129.08116086799703,
    ("FV", 0.06 / 12, 10, -200, -500, 1): 2581.4033740601178,
    ("FV", 0.12 / 12, 12, -1000): 12682.503013196979,
    ("PV", 0.08 / 12, 12 * 20, 500): -59777.14585118777,
    ("NPER", 0.12 / 12, -100, -1000, 10000, 1): 59.67386567429457,
    ("NPER", 0.06, 153.75, 2600): -12.021,
    ("RATE", 4 * 12, -200, 8000): 0.00770147248820165,
    ("RATE", 3, -10, 900): -0.7563,
    ("IPMT", 0.1 / 12, 1, 3 * 12, 8000): -66.66666666666667,
    ("IPMT", 0.1, 3, 3, 8000): -292.4471299093658,
    ("PPMT", 0.1 / 12, 1, 2 * 12, 2000): -75.62318600836664,
    ("PPMT", 0.08, 10, 10, 200000): -27598.053462421143,
    ("EFFECT", 0.0525, 4): 0.05354266737075841,
    ("NOMINAL", 0.053543, 4): 0.05250031986816225,
    ("SLN", 30000, 7500, 10): 2250.0,
    ("SYD", 30000, 7500, 10, 1): 4090.909090909091,
    ("DDB", 2400, 300, 3650, 1): 1.3150684931506849,
    ("DDB", 2400, 300, 120, 1, 2): 40.0,
    ("DDB", 2400, 300, 10, 10): 22.1225472000002,
    ("DB", 1000000, 100000, 6, 2, 7): 259639.41666666666,
    ("DB", 1000000, 100000, 6, 6, 7): 55841.756778,
    ("DB", 1000000, 100000, 6, 7, 7): 15845.098473848,
}


@pytest.mark.parametrize("call", PRINTED, ids=lambda call: f"{call[0]}-{len(call)}-{call[1]:.4g}-{call[2]}")
def test_printed_examples(call: Any) -> None:
    name, *args = call
    (got,) = apply(name, [float(args[0])], *map(float, args[1:]))
    assert got == pytest.approx(
        PRINTED[call], rel=1e-4 if abs(PRINTED[call]) < 13 and name in ("RATE", "NPER") else 1e-9
    )


def test_whole_numbers_stay_whole() -> None:
    assert apply("COMPOUND", [100.0, 1.0], 1.0, 2.0) == [400.0, 4.0]
    assert apply("FV", [1.0], 3.0, -100.0) == [700.0]
    assert apply("PMT", [1.0], 2.0, -300.0) == [400.0]


def test_thousands_of_periods_keep_their_digits() -> None:
    (got,) = apply("COMPOUND", [1.0], 1e-7, 1e7)
    assert got == pytest.approx(math.exp(1e7 * math.log1p(1e-7)), rel=1e-14)
    (pay,) = apply("PMT", [0.2], 5000.0, -100.0)  # 1.2 to the power of 5000 is no float
    assert pay == pytest.approx(20.0, rel=1e-15)
    (part,) = apply("PPMT", [0.2], 5000.0, 5000.0, -100.0)
    assert part == pytest.approx(20.0 / 1.2, rel=1e-12)
    (shrinking,) = apply("PMT", [-0.5], 3000.0, -100.0, 7.0)
    assert shrinking == pytest.approx(-0.5 * 7.0, rel=1e-15)


@pytest.mark.parametrize("due", [0.0, 1.0])
def test_a_plan_of_repayment_adds_up(due: float) -> None:
    n = 48
    periods = [float(k) for k in range(1, n + 1)]
    principal, interest = (apply(name, 0.01, periods, float(n), 5000.0, -400.0, due) for name in ("PPMT", "IPMT"))
    (pay,) = apply("PMT", [0.01], float(n), 5000.0, -400.0, due)
    assert [p + i for p, i in zip(principal, interest, strict=True)] == pytest.approx([pay] * n)
    owed = 5000.0
    for number, (part, cost) in enumerate(zip(principal, interest, strict=True)):
        assert cost == pytest.approx(0.0 if due and number == 0 else -owed * 0.01, abs=1e-9)
        owed += part
    assert owed * (1.01 if due else 1.0) == pytest.approx(
        400.0
    )  # the last payment of an annuity due bears interest yet


def balance(rate: float, n: float, pay: float, pv: float, fv: float, due: float) -> float:
    """What an annuity leaves, relative to the money that moves."""
    x = math.log1p(rate)
    g = math.exp(n * x)
    a = math.expm1(n * x) / rate if rate else n
    terms = (pv * g, pay * (1 + rate * due) * a, fv)
    return abs(sum(terms)) / max(map(abs, terms))


def test_rates_solve_their_equation() -> None:
    random = Random(3)
    rows = []
    for _ in range(2000):
        rate = random.choice([random.uniform(-0.5, 2.0), random.uniform(-0.01, 0.02), 0.0])
        n, pay = float(random.randint(1, 400)), random.uniform(-500, 500)
        fv, due = random.choice([0.0, random.uniform(-1e4, 1e4)]), float(random.random() < 0.5)
        pv = apply("PV", [rate], n, pay, fv, due)[0]
        rows.append((n, pay, pv, fv, due))
    got = apply("RATE", *map(list, zip(*rows, strict=True)))
    for (n, pay, pv, fv, due), rate in zip(rows, got, strict=True):
        assert isinstance(rate, float), (n, pay, pv, fv, due)
        assert balance(rate, n, pay, pv, fv, due) < 1e-8, (n, pay, pv, fv, due, rate)


def test_rates_of_plain_loans_are_found_exactly() -> None:
    rates = [0.0001, 0.004, 0.05, 0.5, 3.0, -0.01, -0.4]
    payments = apply("PMT", rates, 36.0, 10000.0)
    assert apply("RATE", 36.0, payments, 10000.0) == pytest.approx(rates, rel=1e-9)
    assert apply("RATE", 36.0, payments, 10000.0, 0.0, 0.0, 0.9) == pytest.approx(rates, rel=1e-9)
    assert apply("RATE", [1.0], 0.0, -1.0, 1e9) == pytest.approx([1e9 - 1])


def test_rates_that_do_not_exist() -> None:
    assert apply("RATE", [12.0, 0.0, -3.0, 12.0], [100.0, -1.0, -1.0, 0.0], 100.0) == [NUM] * 4
    assert apply("RATE", [12.0], -10.0, 100.0, 0.0, 0.0, -1.0) == [NUM]
    assert apply("RATE", [12.0], -10.0, 100.0, 0.0, 3.0) == [NUM]


def test_roots_are_found_where_newton_strays() -> None:
    def steps(x: Any, rows: Any) -> Any:
        return np.cbrt(x - 2.0), np.full(len(x), 1e-9)  # slopes that lead nowhere

    def none(x: Any, rows: Any) -> Any:
        return x * x + 1.0, 2.0 * x

    assert solve(steps, np.array([0.1, -3.0]), np.array([5.0, 5.0])) == pytest.approx([2.0, 2.0])
    assert np.isnan(solve(none, np.array([0.1]), np.array([5.0]))).all()


def test_errors_name_their_reason() -> None:
    from sheetline.functions.columns import Column

    column = apply("PMT", [0.1], 0.0, 5.0, raw=True)
    assert isinstance(column, Column)
    assert column.errors is not None
    assert column.errors.messages() == ["PMT: there are no periods"]
    assert apply("NPER", [0.0, 0.1, -1.0], [0.0, -1.0, -5.0], 100.0) == [DIV0, NUM, NUM]
    assert apply("FV", [None, 0.1], 1.0, [1.0, None]) == [None, None]
