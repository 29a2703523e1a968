"""Scalar oracles of finance and check digits: decimal arithmetic with many digits, plain loops, python-stdnum.

Where an answer hangs on digits that floats do not have, or on which of several rates is found, an oracle answers
``unknown``; the tests of these functions look closer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from itertools import pairwise
from typing import Any

from stdnum import iban, isbn, luhn

from sheetline.functions.declare import Failure

NUM, DIV0, OVERFLOW = Failure("NUM"), Failure("DIV0"), Failure("OVERFLOW")
D = Decimal


class Doubt(Exception):  # noqa: N818 - not an error: the oracle can't judge
    """The oracle can't judge these values."""


def power(base: Decimal, n: float) -> Decimal:
    """A power of any base; ZeroDivisionError and ValueError where there is none."""
    if base == 0 and n < 0:
        raise ZeroDivisionError
    if abs(n) > 1e5:
        raise Doubt
    if n == int(n):
        return base ** int(n) if base or n else D(1)
    if base < 0:
        raise ValueError
    return base ** D(n) if base else D(0)


def judged(*terms: Decimal) -> float:
    """The sum of terms as a float, unless it hangs on digits that floats do not have."""
    total = sum(terms, D(0))
    most = max(map(abs, terms))
    if not most.is_finite() or most > D("1e290") or (most and abs(total) < most / 1000):
        raise Doubt
    if total and abs(total) < D("1e-290"):
        raise Doubt
    return float(total)


def annuity(rate: float, n: float) -> Decimal:
    """((1 + r)^n - 1) / r."""
    if abs(rate) < 1e-30:
        return D(n) + D(n) * (D(n) - 1) / 2 * D(rate)
    return (power(1 + D(rate), n) - 1) / D(rate)


def fv(rate: float, n: float, pay: float, pv: float = 0.0, due: float = 0.0) -> Any:
    if due not in (0, 1):
        return NUM
    if rate == -1 and n < 0:
        return DIV0
    try:
        return judged(-D(pv) * power(1 + D(rate), n), -D(pay) * (1 + D(rate) * D(due)) * annuity(rate, n))
    except ValueError:
        return NUM


def pv(rate: float, n: float, pay: float, fv: float = 0.0, due: float = 0.0) -> Any:
    if due not in (0, 1):
        return NUM
    if rate == -1:
        if n > 0:
            return DIV0
        raise Doubt
    try:
        g = power(1 + D(rate), n)
        return judged(-D(fv) / g, -D(pay) * (1 + D(rate) * D(due)) * annuity(rate, n) / g)
    except ValueError:
        return NUM


def payment(rate: float, n: float, pv: float, fv: float, due: float) -> tuple[Decimal, Decimal]:
    a = annuity(rate, n) * (1 + D(rate) * D(due))
    if a == 0:
        raise Doubt
    return -D(pv) * power(1 + D(rate), n) / a, -D(fv) / a


def pmt(rate: float, n: float, pv: float, fv: float = 0.0, due: float = 0.0) -> Any:
    if due not in (0, 1) or n == 0:
        return NUM
    if rate == -1 and due:
        return DIV0
    if rate == -1 and n < 0:  # a limit, which the payment tends to
        raise Doubt
    try:
        return judged(*payment(rate, n, pv, fv, due))
    except ValueError:
        return NUM


def interest(rate: float, period: float, n: float, pv: float, fv: float, due: float) -> tuple[Decimal, Decimal]:
    """The payment and its interest, from what is owed when the period begins."""
    pay = sum(payment(rate, n, pv, fv, due))
    if due and period == 1:
        return pay, D(0)
    before = -D(pv) * power(1 + D(rate), period - 1) - pay * (1 + D(rate) * D(due)) * annuity(rate, period - 1)
    return pay, before * D(rate) / (1 + D(rate) * D(due))


def ipmt(rate: float, period: float, n: float, pv: float, fv: float = 0.0, due: float = 0.0) -> Any:
    if due not in (0, 1) or not 1 <= period <= n:
        return NUM
    if rate == -1 and due:
        return DIV0
    try:
        pay, part = interest(rate, period, n, pv, fv, due)
        judged(pay, part)
        return judged(part)
    except ValueError:
        return NUM


def ppmt(rate: float, period: float, n: float, pv: float, fv: float = 0.0, due: float = 0.0) -> Any:
    if due not in (0, 1) or not 1 <= period <= n:
        return NUM
    if rate == -1 and due:
        return DIV0
    try:
        pay, part = interest(rate, period, n, pv, fv, due)
        judged(D(pv), D(fv))
        return judged(pay, -part)
    except ValueError:
        return NUM


def nper(rate: float, pay: float, pv: float, fv: float = 0.0, due: float = 0.0) -> Any:
    if due not in (0, 1) or rate <= -1:
        return NUM
    if abs(rate) < 1e-290:
        return judged(-D(pv) / D(pay), -D(fv) / D(pay)) if pay else DIV0
    due_pay = D(pay) * (1 + D(rate) * D(due))
    below = due_pay + D(pv) * D(rate)
    judged(due_pay, D(pv) * D(rate))
    if below == 0:
        return DIV0
    ratio = (due_pay - D(fv) * D(rate)) / below
    if ratio <= 0:
        return NUM
    judged(due_pay, -D(fv) * D(rate))
    if abs(rate) < 1e-30 or abs(ratio - 1) < D("1e-3"):
        raise Doubt
    return judged(ratio.ln() / (1 + D(rate)).ln())


def rate(n: float, pay: float, pv: float, fv: float = 0.0, due: float = 0.0, guess: float = 0.1) -> Any:
    if due not in (0, 1) or n <= 0 or guess <= -1:
        return NUM
    flows = [-pv, -pay, -fv]
    if (min(flows) >= 0 or max(flows) <= 0) and (pay or not pv or not fv) and any(flows):
        return NUM  # money flows in one direction only
    raise Doubt


def npv(rate: float, *given: Any) -> Any:
    values: list[float | None] = given[0] if isinstance(given[0], list) else list(given)
    amounts = [v for v in values if v is not None]
    if not amounts:
        return None
    if rate == -1:
        return DIV0
    return judged(*(D(v) / (1 + D(rate)) ** (k + 1) for k, v in enumerate(amounts)))


def irr(values: list[float | None], guess: float = 0.1) -> Any:
    amounts = [v for v in values if v is not None]
    if not amounts:
        return None
    if min(amounts) >= 0 or max(amounts) <= 0 or guess <= -1:
        return NUM
    signs = [v > 0 for v in amounts if v]
    sizes = [abs(v) for v in amounts if v]
    if sum(a != b for a, b in pairwise(signs)) > 1 or max(sizes) > 1e6 * min(sizes):
        raise Doubt

    def value(x: Decimal) -> Decimal:
        return sum((D(v) * x**k for k, v in enumerate(amounts)), D(0))  # x = 1 / (1 + rate)

    low, high = D("1e-12"), D("1e12")
    rising = value(high) > value(low)
    for _ in range(70):
        middle = (low * high).sqrt()
        low, high = (low, middle) if (value(middle) > 0) == rising else (middle, high)
    return float(1 / low - 1) if abs(1 / low - 1) > D("1e-3") else _doubt()


def _doubt() -> Any:
    raise Doubt


def mirr(values: list[float | None], finance: float, reinvest: float) -> Any:
    amounts = [v for v in values if v is not None]
    if not amounts:
        return None
    if finance <= -1 or reinvest <= -1:
        return NUM
    if min(amounts) >= 0 or max(amounts) <= 0:
        return DIV0
    last = len(amounts) - 1
    paid = sum(D(v) / (1 + D(finance)) ** k for k, v in enumerate(amounts) if v < 0)
    income = sum(D(v) * (1 + D(reinvest)) ** (last - k) for k, v in enumerate(amounts) if v > 0)
    judged(D(paid))
    judged(D(income))
    return judged((-income / paid) ** (1 / D(last)), D(-1))


def effect(rate: float, payments: float) -> Any:
    times = int(payments)
    if rate < 0 or times < 1:
        return NUM
    return judged((1 + D(rate) / times) ** times - 1) if rate > 1e-30 and times < 1e5 else _doubt()


def nominal(rate: float, periods: float) -> Any:
    times = int(periods)
    if rate <= 0 or times < 1:
        return NUM
    return judged(times * ((1 + D(rate)) ** (1 / D(times)) - 1)) if rate > 1e-30 and times < 1e5 else _doubt()


def cagr(begin: float, end: float, periods: float) -> Any:
    if begin < 0 or end < 0 or periods <= 0:
        return NUM
    if begin == 0:
        return DIV0
    judged(D(end) / D(begin))
    return judged(power(D(end) / D(begin), 1 / periods), D(-1)) if periods > 1e-3 else _doubt()


def compound(principal: float, rate: float, periods: float) -> Any:
    if rate == -1 and periods < 0:
        return DIV0
    try:
        return judged(D(principal) * power(1 + D(rate), periods))
    except ValueError:
        return NUM


def quotient(top: float, bottom: float) -> Any:
    if bottom == 0:
        return DIV0
    out = top / bottom
    return out if math.isfinite(out) else OVERFLOW if math.isinf(out) else NUM


def breakeven(fixed: float, price: float, variable: float) -> Any:
    return NUM if price < variable else quotient(fixed, price - variable)


def syd(cost: float, salvage: float, life: float, period: float) -> Any:
    if life in (0, -1):
        return DIV0
    top = (D(cost) - D(salvage)) * (D(life) + 1 - D(period)) * 2
    judged(D(cost), -D(salvage))
    judged(D(life), D(1), -D(period))
    return judged(top / (D(life) + 1) / D(life))


def ddb(cost: float, salvage: float, life: float, period: float, factor: float = 2.0) -> Any:
    if not (0 <= salvage <= cost and 1 <= period <= life and factor > 0):
        return NUM
    rate = min(D(factor) / D(life), D(1))
    book = D(cost) * power(1 - rate, period - 1)
    judged(book, D(-salvage))
    return judged(max(min(book * rate, book - D(salvage)), D(0)))


def db(cost: float, salvage: float, life: float, period: float, month: float = 12.0) -> Any:
    if not (cost > 0 and salvage >= 0 and life >= 1 and period > 0 and 1 <= month < 13):
        return NUM
    years, months, at = int(life), int(month), int(period)
    if at > years + 1:
        return NUM
    if years > 10_000:
        raise Doubt
    exact = 1 - power(D(salvage) / D(cost), 1 / D(years)) if salvage else D(1)  # type: ignore[arg-type]
    if abs((exact * 1000) % 1 - D("0.5")) < D("1e-6"):
        raise Doubt
    rate = exact.quantize(D("0.001"), ROUND_HALF_UP)
    book = D(cost)
    loss = D(0)
    for year in range(1, at + 1):
        part = months if year == 1 else 12 - months if year == years + 1 else 12
        loss = book * rate * part / 12
        book -= loss
    return judged(loss)


def compact(text: str) -> str:
    return text.replace(" ", "").replace("-", "")


def is_luhn(text: str) -> bool:
    text = compact(text)
    return text.isascii() and text.isdigit() and len(text) > 1 and luhn.is_valid(text)


def is_iban(text: str) -> bool:
    text = compact(text)
    return text.isascii() and text.isalnum() and text[2:4].isdigit() and iban.is_valid(text, check_country=False)


def is_isbn(text: str) -> bool:
    text = compact(text)
    return text.isascii() and len(text) in (10, 13) and isbn.is_valid(text)


_PLAIN: dict[str, Callable[..., Any]] = {
    "FV": fv,
    "PV": pv,
    "PMT": pmt,
    "PPMT": ppmt,
    "IPMT": ipmt,
    "NPER": nper,
    "RATE": rate,
    "NPV": npv,
    "IRR": irr,
    "MIRR": mirr,
    "EFFECT": effect,
    "NOMINAL": nominal,
    "CAGR": cagr,
    "COMPOUND": compound,
    "BREAKEVEN": breakeven,
    "MARGIN": lambda revenue, cost: quotient(revenue - cost, revenue),
    "MARKUP": lambda revenue, cost: quotient(revenue - cost, cost),
    "SLN": lambda cost, salvage, life: quotient(cost - salvage, life),
    "SYD": syd,
    "DDB": ddb,
    "DB": db,
    "LUHN": is_luhn,
    "ISIBAN": is_iban,
    "ISISBN": is_isbn,
}

#: How far floats may be off, where they are the last of many steps.
LOOSE = dict.fromkeys(_PLAIN, 1e-10)


def oracles(unknown: Any = None) -> dict[str, Callable[..., Any]]:
    """The oracles by name; they answer ``unknown`` where they can't judge."""

    def made(plain: Callable[..., Any]) -> Callable[..., Any]:
        def oracle(*args: Any) -> Any:
            with localcontext() as context:
                context.prec, context.Emax, context.Emin = 250, 10**9, -(10**9)
                context.clear_traps()
                try:
                    return plain(*args)
                except (Doubt, OverflowError):
                    return unknown

        return oracle

    return {name: made(plain) for name, plain in _PLAIN.items()}
