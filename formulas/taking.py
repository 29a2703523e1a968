"""Constants of another type than a function wants, taken as a spreadsheet takes them, with a warning.

Columns never convert by themselves: the formula is refused, and told which function converts. A constant is seen by
whoever writes it, its meaning is beyond doubt, and formulas that come from spreadsheets are full of them:
``LEN(1234)``, ``IF(1;…)``, ``"3" + 1``, ``YEAR("2024-01-05")``. So they are taken, and the warning says as what.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from sheetline.functions.columns import Constant
from sheetline.functions.context import Environment
from sheetline.functions.declare import Function
from sheetline.functions.execute import Application
from sheetline.functions.resolve import Mismatch, resolve
from sheetline.functions.types import BOOLEAN, DATE, INTEGER, STRING, Kind, Type, of_python

_NUMBER: Final = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(%?)\s*")
_COMPARISONS: Final = ("=", "==", "<>", "!=", "<", "<=", ">", ">=")
_TRUTH: Final = {"TRUE": True, "FALSE": False}

Resolved = tuple[Application, Sequence[Constant]]


def taken(
    function: Function,
    types: Sequence[Type],
    constants: Sequence[Constant | None],
    mismatch: Mismatch,
    env: Environment,
    *,
    operator: str = "",
) -> tuple[Resolved, dict[int, Constant]] | None:
    """Return the application of a function with constants taken as other types, and these by their place.

    Args:
        function: what is called.
        types: the arguments' types, which ``mismatch`` says don't fit.
        constants: for each argument its value where it is constant, else None.
        mismatch: why no overload takes them.
        env: the zone of dates without one.
        operator: the operator that is the call, if one is: it takes texts as numbers, never numbers as texts, and
            comparisons take nothing as something else.

    Returns:
        None where no constant is at fault, or none can be taken as what is wanted.
    """
    place = mismatch.place
    if mismatch.reason != "type" or place is None or place >= len(constants) or operator in _COMPARISONS:
        return None
    for at in range(len(constants)) if operator else (place,):
        constant = constants[at]
        if constant is None or constant.value is None or constant.errors is not None:
            continue
        for other in _readings(constant, env):
            if operator and other.type == STRING:
                continue
            if other.type == BOOLEAN and constant.type != STRING and function.category != "logic":
                continue  # a number where a flag stands mostly means something else there
            new_types, new_constants = [*types], [*constants]
            new_types[at], new_constants[at] = other.type, other
            try:
                return resolve(function, new_types, new_constants), {at: other}
            except Mismatch as next_one:
                if next_one.reason != "type" or (next_one.place or 0) <= at:
                    continue
                more = taken(function, new_types, new_constants, next_one, env)
                if more is not None:
                    return more[0], {at: other, **more[1]}
    return None


def _readings(constant: Constant, env: Environment) -> Iterator[Constant]:
    """Yield a constant as other types, the likeliest first."""
    value, kind = constant.value, constant.type.kind
    if kind is Kind.BOOLEAN:
        yield Constant(INTEGER, int(value))
        yield Constant(STRING, "TRUE" if value else "FALSE")
    elif kind in (Kind.INTEGER, Kind.FLOAT):
        yield Constant(STRING, _written(value))
        yield Constant(BOOLEAN, value != 0)
    elif kind is Kind.STRING:
        number = _number(value)
        if number is not None:
            yield Constant(of_python(number), number)
        truth = _TRUTH.get(value.strip().upper())
        if truth is not None:
            yield Constant(BOOLEAN, truth)
        date = _date(value, env)
        if date is not None:
            yield Constant(DATE, date)


def _written(value: float) -> str:
    whole = float(value).is_integer() and abs(value) < 10**15
    return str(int(value)) if whole else repr(value)


def _number(text: str) -> int | float | None:
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    digits, percent = found.groups()
    if percent or not digits.lstrip("+-").isdigit():
        number = float(digits) / (100 if percent else 1)
        return number if abs(number) < float("inf") else None
    whole = int(digits)
    return whole if -(2**63) <= whole < 2**63 else None


def _date(text: str, env: Environment) -> int | None:
    """Return the microseconds of a date in ISO 8601, without a zone in the run's."""
    from zoneinfo import ZoneInfo

    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(env.timezone))
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
