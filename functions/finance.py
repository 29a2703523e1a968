"""Annuities: constant payments, what they are worth and what they pay off, and their rate."""

from __future__ import annotations

from typing import Any

import numpy as np

from sheetline.functions.columns import Array
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.roots import Equation, solve

CATEGORY = "finance"
OPEN_FORMULA = "OASIS OpenDocument 1.3, part 4: OpenFormula, section 6.12 (financial functions)"

_SIGNS = (
    "Money that is paid out is negative, money that comes in is positive. The type is 0 for payments at the end of each"
    " period, 1 for payments at its beginning."
)
_TYPES = "NUM for a type other than 0 and 1, and where no number solves the equation."
_TINY = 1e-280  #: rates closer to 0 are 0: beyond, floats lose their digits
_NEAR = 0.5  #: growth this close to none is reckoned as what it adds
_SURELY_NEAR = 0.499  #: so is growth that is reckoned that way and comes out closer than this


def growth(rate: Any, periods: Any) -> Any:
    """Return (1 + rate) to the power of periods.

    What the sum 1 + rate rounds away is put back: over thousands of periods it would cost digits, and a mere
    ``exp(n·log1p(r))`` would not give whole numbers where they are expected.
    """
    base = np.add(1.0, rate)
    lost = rate - (base - 1.0)
    lost *= periods
    lost /= base if np.all(base) else np.where(base == 0, 1.0, base)
    power = np.power(base, periods)
    out = power + power * lost
    far = np.abs(lost) >= 1e-8  # row by row: what else is in the block must not show
    if not np.any(far):
        return out
    large = np.abs(rate) > 1.0  # there the other summand loses digits, which no power makes visible
    return np.where(far, power * np.exp(np.where(large, 0.0, lost)), out)


def gain(rate: Any, periods: Any, grown: Any = None) -> Any:
    """Return (1 + rate) to the power of periods, minus 1, exact also where that is small."""
    near = None
    if grown is None:
        near = np.asarray(np.expm1(periods * np.log1p(rate)))
        if (np.abs(near) < _SURELY_NEAR).all():  # no row needs the power
            return near
        grown = growth(rate, periods)
    out = np.asarray(grown - 1.0)
    small = np.abs(out) < _NEAR
    if near is not None:
        return np.where(small, near, out)
    if small.any():
        rates, times_ = (np.broadcast_to(value, out.shape)[small] for value in (rate, periods))
        out[small] = np.expm1(times_ * np.log1p(rates))
    return out


def per_rate(part: Any, rate: Any, none: Any) -> Any:
    """Return part / rate, and ``none`` where the rate is 0."""
    flat = np.abs(rate) < _TINY
    return np.where(flat, none, part / np.where(flat, 1.0, rate)) if flat.any() else part / rate


def _ready(ctx: Call, paytype: Any, *values: Any) -> list[Array]:
    """Check the type of payments, and return the numbers as arrays of the call's rows."""
    if not (isinstance(paytype, float) and paytype in (0.0, 1.0)):
        ctx.fail(
            np.not_equal(paytype, 0) & np.not_equal(paytype, 1),
            "NUM",
            f"{ctx.function}: the type of payments is 0 (end of the period) or 1 (its beginning)",
        )
    return [np.broadcast_to(np.asarray(value, np.float64), (ctx.rows,)) for value in (*values, paytype)]


def _by_rate(usual: Any, wild: Any, rate: Array, *others: Array) -> Array:
    """Return ``usual(rate, *others)``, but ``wild`` of the rows whose rate is at most -100 %."""
    with np.errstate(all="ignore"):
        out: Array = usual(rate, *others)
        if len(rate) and not np.fmin.reduce(rate) > -1.0:
            rows = np.flatnonzero(rate <= -1.0)
            out[rows] = wild(*(value[rows] for value in (rate, *others)))
    return out


def times(amount: Any, factor: Any) -> Any:
    """Return the product; nothing stays nothing, however large the factor is."""
    product = np.asarray(amount * factor)
    if not np.isfinite(product).all():
        product = np.where(np.equal(amount, 0) & np.isinf(factor), 0.0, product)
    return product


def _nothing(amount: Array) -> bool:
    """Whether an argument is the constant 0, as left-out arguments are: what it is a factor of needs no reckoning."""
    return len(amount) > 0 and amount.strides == (0,) and amount[0] == 0.0


def _at_end(payment: Any, rate: Any, paytype: Any) -> Any:
    """Return what payments are worth at the end of their periods."""
    return payment if _nothing(paytype) else payment * (1.0 + rate * paytype)


def _fv(rate: Any, nper: Any, payment: Any, pv: Any, paytype: Any) -> Any:
    grown = None if _nothing(pv) else growth(rate, nper)
    payments = times(_at_end(payment, rate, paytype), per_rate(gain(rate, nper, grown), rate, nper))
    return 0.0 - (payments if grown is None else times(pv, grown) + payments)


def _fv_wild(rate: Any, nper: Any, payment: Any, pv: Any, paytype: Any) -> Any:
    grown = np.power(1.0 + rate, nper)
    return 0.0 - (pv * grown + payment * (1.0 + rate * paytype) * (grown - 1.0) / rate)


@function(
    "FV(rate:float; nper:float; payment:float; [pv:float=0]; [paytype:float=0]) -> float",
    category=CATEGORY,
    summary="The future value of constant payments and of a present value, at a constant rate a period.",
    examples=[
        Example("FV(0;3;-100)", 300.0),
        Example("FV(0.05;10;-100;-1000)", 2886.68, digits=2),
        Example("FV(1;2;-100;0;1)", 600.0),
        Example("FV(0.05;10;-100;0;2)", Failure("NUM")),
        Example("FV(0.05;null;-100)", None),
    ],
    fails="finite",
    notes=_SIGNS,
    error_note=f"{_TYPES} DIV0 for a rate of -1 and a negative number of periods.",
    source=OPEN_FORMULA,
)
def fv(rate: Any, nper: Any, payment: Any, pv: Any, paytype: Any, ctx: Call) -> Any:
    rate, nper, payment, pv, paytype = _ready(ctx, paytype, rate, nper, payment, pv)
    ctx.fail((rate == -1.0) & (nper < 0), "DIV0")
    return _by_rate(_fv, _fv_wild, rate, nper, payment, pv, paytype)


def _pv(rate: Any, nper: Any, payment: Any, fv: Any, paytype: Any) -> Any:
    shrunk = None if _nothing(fv) else growth(rate, -nper)
    payments = times(_at_end(payment, rate, paytype), per_rate(0.0 - gain(rate, -nper, shrunk), rate, nper))
    return 0.0 - (payments if shrunk is None else times(fv, shrunk) + payments)


def _pv_wild(rate: Any, nper: Any, payment: Any, fv: Any, paytype: Any) -> Any:
    shrunk = np.power(1.0 + rate, -nper)
    return 0.0 - (fv * shrunk + payment * (1.0 + rate * paytype) * (1.0 - shrunk) / rate)


@function(
    "PV(rate:float; nper:float; payment:float; [fv:float=0]; [paytype:float=0]) -> float",
    category=CATEGORY,
    summary="The present value of constant payments and of a future value, at a constant rate a period.",
    examples=[
        Example("PV(0;3;-100)", 300.0),
        Example("PV(0.08/12;12*20;500)", -59777.15, digits=2),
        Example("PV(1;2;-300;0;1)", 450.0),
        Example("PV(-1;2;-300)", Failure("DIV0")),
        Example("PV(0.05;10;null)", None),
    ],
    fails="finite",
    notes=_SIGNS,
    error_note=f"{_TYPES} DIV0 for a rate of -1 and periods above 0.",
    source=OPEN_FORMULA,
)
def pv(rate: Any, nper: Any, payment: Any, fv: Any, paytype: Any, ctx: Call) -> Any:
    rate, nper, payment, fv, paytype = _ready(ctx, paytype, rate, nper, payment, fv)
    ctx.fail((rate == -1.0) & (nper > 0), "DIV0")
    return _by_rate(_pv, _pv_wild, rate, nper, payment, fv, paytype)


def _settling(rate: Any, nper: Any) -> tuple[Any, Any, Any]:
    """Return what a payment takes of the debt that it settles, without overflow for any number of periods.

    The payment of an ordinary annuity is -(near + far·shrunk)·share, where near is the value that the debt is
    reckoned at: the present one where the rate is positive, the future one where it is negative.
    """
    rising = rate >= 0
    turned = np.where(rising, -nper, nper)
    shrunk = growth(rate, turned)
    rest = 0.0 - gain(rate, turned, shrunk)
    flat = np.abs(rate) < _TINY
    return rising, shrunk, np.where(flat, 1.0, np.abs(rate)) / np.where(flat, nper, rest)


def _solved(ctx: Call, rate: Array, out: Array) -> Array:
    """Return the results; those of rates below -100 % that come to nothing fail: there, powers have many zeros."""
    ctx.fail((rate <= -1.0) & ~np.isfinite(out), "NUM")
    return out


def _pmt(rate: Any, nper: Any, pv: Any, fv: Any, paytype: Any) -> Any:
    rising, shrunk, share = _settling(rate, nper)
    near, far = np.where(rising, pv, fv), np.where(rising, fv, pv)
    payment = 0.0 - (near + far * shrunk) * share
    return payment if _nothing(paytype) else payment / (1.0 + rate * paytype)


def _settling_wild(rate: Any, nper: Any) -> tuple[Any, Any, Any]:
    rising = np.abs(1.0 + rate) > 1.0
    shrunk = np.power(1.0 + rate, np.where(rising, -nper, nper))
    return rising, shrunk, rate / np.where(rising, 1.0 - shrunk, shrunk - 1.0)


def _pmt_wild(rate: Any, nper: Any, pv: Any, fv: Any, paytype: Any) -> Any:
    rising, shrunk, share = _settling_wild(rate, nper)
    near, far = np.where(rising, pv, fv), np.where(rising, fv, pv)
    return 0.0 - (near + far * shrunk) * share / (1.0 + rate * paytype)


@function(
    "PMT(rate:float; nper:float; pv:float; [fv:float=0]; [paytype:float=0]) -> float",
    category=CATEGORY,
    summary="The constant payment a period that settles a present value, and leaves a future value.",
    examples=[
        Example("PMT(0;4;100)", -25.0),
        Example("PMT(0.08/12;10;10000)", -1037.03, digits=2),
        Example("PMT(0.08/12;10;10000;0;1)", -1030.16, digits=2),
        Example("PMT(0.05;0;100)", Failure("NUM")),
        Example("PMT(0.05;10;null)", None),
    ],
    fails="finite",
    notes=f"{_SIGNS} The number of periods may have a fraction.",
    error_note=f"{_TYPES} NUM for a number of periods of 0.",
    source=OPEN_FORMULA,
)
def pmt(rate: Any, nper: Any, pv: Any, fv: Any, paytype: Any, ctx: Call) -> Any:
    rate, nper, pv, fv, paytype = _ready(ctx, paytype, rate, nper, pv, fv)
    ctx.fail(nper == 0, "NUM", f"{ctx.function}: there are no periods")
    ctx.fail((rate == -1.0) & (paytype == 1.0), "DIV0")
    return _solved(ctx, rate, _by_rate(_pmt, _pmt_wild, rate, nper, pv, fv, paytype))


def _ppmt(rate: Any, period: Any, nper: Any, pv: Any, fv: Any, paytype: Any) -> Any:
    # without a subtraction: the first payment of principal is -(pv + fv)/a, and each grows by the rate
    rising, _, share = _settling(rate, nper)
    later = 0.0 - (pv + fv) * share * growth(rate, period - 1.0 - np.where(rising, nper, 0.0))
    return _due(_pmt, later, rate, period, nper, pv, fv, paytype)


def _ppmt_wild(rate: Any, period: Any, nper: Any, pv: Any, fv: Any, paytype: Any) -> Any:
    rising, _, share = _settling_wild(rate, nper)
    later = 0.0 - (pv + fv) * share * np.power(1.0 + rate, period - 1.0 - np.where(rising, nper, 0.0))
    return _due(_pmt_wild, later, rate, period, nper, pv, fv, paytype)


def _due(pay: Any, later: Any, rate: Any, period: Any, nper: Any, pv: Any, fv: Any, paytype: Any) -> Any:
    """Turn payments of principal at the end of periods into those of an annuity due, whose first is all principal."""
    if not paytype.any():
        return later
    first = pay(rate, nper, pv, fv, paytype)
    return np.where(paytype == 0, later, np.where(period == 1, first, later / (1.0 + rate)))


def _period_fails(ctx: Call, period: Array, nper: Array, rate: Array, paytype: Array) -> None:
    note = f"{ctx.function}: the period {{1}} is not one of 1 to {{2}}"
    ctx.fail(~((period >= 1) & (period <= nper)), "NUM", note)
    ctx.fail((rate == -1.0) & (paytype == 1.0), "DIV0")


@function(
    "PPMT(rate:float; period:float; nper:float; pv:float; [fv:float=0]; [paytype:float=0]) -> float",
    category=CATEGORY,
    summary="The part of the payment of one period that settles the principal.",
    examples=[
        Example("PPMT(0;1;4;100)", -25.0),
        Example("PPMT(0.1/12;1;24;2000)", -75.62, digits=2),
        Example("PPMT(0.08;10;10;200000)", -27598.05, digits=2),
        Example("PPMT(0.08;11;10;200000)", Failure("NUM")),
        Example("PPMT(0.08;null;10;200000)", None),
    ],
    fails="finite",
    notes=f"{_SIGNS} PMT is the sum of PPMT and IPMT.",
    error_note=f"{_TYPES} NUM for a period outside 1 to the number of periods.",
    source=OPEN_FORMULA,
)
def ppmt(rate: Any, period: Any, nper: Any, pv: Any, fv: Any, paytype: Any, ctx: Call) -> Any:
    rate, period, nper, pv, fv, paytype = _ready(ctx, paytype, rate, period, nper, pv, fv)
    _period_fails(ctx, period, nper, rate, paytype)
    return _solved(ctx, rate, _by_rate(_ppmt, _ppmt_wild, rate, period, nper, pv, fv, paytype))


def _ipmt(rate: Any, period: Any, nper: Any, pv: Any, fv: Any, paytype: Any) -> Any:
    # the rate times what is owed when the period begins: what is still to be paid is worth then, where the rate is
    # positive, and what was lent less what was paid, where it is negative; so large powers never stand against others
    rising, shrunk, share = _settling(rate, nper)
    near, far = np.where(rising, pv, fv), np.where(rising, fv, pv)
    payment = 0.0 - (near + far * shrunk) * share
    left = period - 1.0 - nper
    ahead = fv * rate * growth(rate, left) - payment * gain(rate, left)
    behind = 0.0 - (pv * rate * growth(rate, period - 1.0) + payment * gain(rate, period - 1.0))
    later = np.where(rising, ahead, behind) / (1.0 + rate * paytype)
    first = np.where(paytype == 0, 0.0 - pv * rate, 0.0)
    return np.where(np.abs(rate) < _TINY, 0.0, np.where(period == 1, first, later))


def _ipmt_wild(rate: Any, period: Any, nper: Any, pv: Any, fv: Any, paytype: Any) -> Any:
    return _pmt_wild(rate, nper, pv, fv, paytype) - _ppmt_wild(rate, period, nper, pv, fv, paytype)


@function(
    "IPMT(rate:float; period:float; nper:float; pv:float; [fv:float=0]; [paytype:float=0]) -> float",
    category=CATEGORY,
    summary="The part of the payment of one period that is interest.",
    examples=[
        Example("IPMT(0;1;4;100)", 0.0),
        Example("IPMT(0.1/12;1;36;8000)", -66.67, digits=2),
        Example("IPMT(0.1;3;3;8000)", -292.45, digits=2),
        Example("IPMT(0.1;0;3;8000)", Failure("NUM")),
        Example("IPMT(0.1;1;3;null)", None),
    ],
    fails="finite",
    notes=f"{_SIGNS} PMT is the sum of PPMT and IPMT.",
    error_note=f"{_TYPES} NUM for a period outside 1 to the number of periods.",
    source=OPEN_FORMULA,
)
def ipmt(rate: Any, period: Any, nper: Any, pv: Any, fv: Any, paytype: Any, ctx: Call) -> Any:
    rate, period, nper, pv, fv, paytype = _ready(ctx, paytype, rate, period, nper, pv, fv)
    _period_fails(ctx, period, nper, rate, paytype)
    return _solved(ctx, rate, _by_rate(_ipmt, _ipmt_wild, rate, period, nper, pv, fv, paytype))


@function(
    "NPER(rate:float; payment:float; pv:float; [fv:float=0]; [paytype:float=0]) -> float",
    category=CATEGORY,
    summary="The number of periods after which constant payments have settled a present value.",
    examples=[
        Example("NPER(0;-25;100)", 4.0),
        Example("NPER(0.01;-100;-1000;10000;1)", 59.673866, digits=6),
        Example("NPER(0.01;0;100)", Failure("NUM")),
        Example("NPER(0;0;100)", Failure("DIV0")),
        Example("NPER(0.01;-100;null)", None),
    ],
    fails="finite",
    notes=f"{_SIGNS} The number has a fraction where the last payment is a smaller one.",
    error_note=f"{_TYPES} DIV0 without both rate and payment; NUM for a rate that is not above -1.",
    source=OPEN_FORMULA,
)
def nper(rate: Any, payment: Any, pv: Any, fv: Any, paytype: Any, ctx: Call) -> Any:
    rate, payment, pv, fv, paytype = _ready(ctx, paytype, rate, payment, pv, fv)
    flat = np.abs(rate) < _TINY
    with np.errstate(all="ignore"):
        due = payment * (1.0 + rate * paytype)
        below = due + pv * rate
        change = 0.0 - (pv + fv) * rate / below
        whole = np.where(np.abs(change) < _NEAR, np.log1p(change), np.log((due - fv * rate) / below))
        out = np.where(flat, 0.0 - (pv + fv) / payment, whole / np.log1p(rate)) + 0.0
    ctx.fail(rate <= -1.0, "NUM", f"{ctx.function}: the rate {{0}} is not above -1")
    ctx.fail(np.where(flat, payment, below) == 0, "DIV0")
    ctx.fail(np.isinf(out), "NUM")  # nothing is ever settled
    return out


def _annuity(nper: Array, payment: Array, pv: Array, fv: Array, paytype: Array) -> Equation:
    """Return the equation ln(income) = ln(payments) of an annuity in x = ln(1 + rate), with its slope.

    The graph is less bent than that of the balance, so that Newton's method needs few steps. Above 0 all is reckoned
    at the present, below at the future, so that no power grows.
    """

    def equation(x: Array, rows: Array) -> tuple[Array, Array]:
        n, pay, begin = nper[rows], payment[rows], paytype[rows]
        up = x >= 0
        near, far = np.where(up, pv[rows], fv[rows]), np.where(up, fv[rows], pv[rows])
        rate, base = np.expm1(x), np.exp(x)
        turn = np.where(up, -n, n)  # the exponent's factor: it is never positive
        shrunk = np.exp(turn * x)
        total = np.where(np.abs(x) < _TINY, n, np.abs(np.expm1(turn * x) / np.where(x == 0, 1.0, rate)))
        bend = np.where(up, -n * (n + 1.0) / 2.0, n * (n - 1.0) / 2.0)  # the slope where the rate is nearly 0
        flat = np.abs(n * x) < 1e-5
        steep = np.where(flat, bend, (n * shrunk - total * base) / np.where(flat, 1.0, rate))
        weight = 1.0 + rate * begin
        income, paid, rise, fall = np.maximum(near, 0.0), np.minimum(near, 0.0), np.zeros(len(x)), np.zeros(len(x))
        for value, slope in (
            (far * shrunk, far * turn * shrunk),
            (pay * weight * total, pay * (base * begin * total + weight * steep)),
        ):
            income, paid = income + np.maximum(value, 0.0), paid + np.minimum(value, 0.0)
            rise, fall = rise + np.where(value > 0, slope, 0.0), fall + np.where(value < 0, slope, 0.0)
        return np.log(income) - np.log(-paid), rise / income - fall / paid

    return equation


@function(
    "RATE(nper:float; payment:float; pv:float; [fv:float=0]; [paytype:float=0]; [guess:float=0.1]) -> float",
    category=CATEGORY,
    summary="The rate a period at which constant payments settle a present value.",
    examples=[
        Example("RATE(10;-100;1000)", 0.0, digits=12),
        Example("RATE(48;-200;8000)", 0.0077014725, digits=10),
        Example("RATE(1;0;-100;200)", 1.0, digits=12),
        Example("RATE(0;-200;8000)", Failure("NUM")),
        Example("RATE(4;100;100)", Failure("NUM")),
        Example("RATE(48;null;8000)", None),
    ],
    fails="never",
    notes=(
        f"{_SIGNS} The rate is above -100 %. It is found from the guess by Newton's method, and by bisection where that"
        " leads nowhere; where several rates solve the equation, that is mostly the one nearest to the guess."
    ),
    error_note=f"{_TYPES} NUM for a number of periods that is not above 0, and a guess that is not above -1.",
    source=OPEN_FORMULA,
    cost=50,
)
def rate(nper: Any, payment: Any, pv: Any, fv: Any, paytype: Any, guess: Any, ctx: Call) -> Any:
    nper, payment, pv, fv, guess, paytype = _ready(ctx, paytype, nper, payment, pv, fv, guess)
    ctx.fail(~(nper > 0), "NUM", f"{ctx.function}: the number of periods {{0}} is not above 0")
    ctx.fail(~(guess > -1), "NUM", f"{ctx.function}: the guess {{5}} is not above -1")
    both = (np.maximum(np.maximum(payment, pv), fv) > 0) & (np.minimum(np.minimum(payment, pv), fv) < 0)
    wanted = np.flatnonzero(both & (nper > 0) & (guess > -1) & ~np.isnan(payment + pv + fv + paytype))
    out = np.full(ctx.rows, np.nan)
    with np.errstate(all="ignore"):
        equation = _annuity(*(values[wanted] for values in (nper, payment, pv, fv, paytype)))
        reach = np.minimum(30.0, 700.0 / nper[wanted])
        out[wanted] = np.expm1(solve(equation, np.log1p(guess[wanted]), reach)) + 0.0
    ctx.fail(~np.isfinite(out), "NUM", f"{ctx.function}: no rate solves the equation")
    return out
