"""Constants of another type than a function wants, taken as a spreadsheet takes them, with a warning.

Columns never convert by themselves: the formula is refused, and told which function converts. A constant is seen by
whoever writes it, its meaning is beyond doubt, and formulas that come from spreadsheets are full of them:
``LEN(1234)``, ``IF(1;…)``, ``"3" + 1``, ``YEAR("2024-01-05")``. So they are taken, and the warning says as what.
A choice among constants alone, ``IFERROR(1/0;"none")``, may have values of several types: the chosen one counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sheetline.functions.columns import Constant
from sheetline.functions.context import Environment
from sheetline.functions.declare import Function
from sheetline.functions.execute import Application
from sheetline.functions.resolve import Mismatch, resolve
from sheetline.functions.types import BOOLEAN, DATE, INTEGER, NULL, STRING, Kind, Type, list_of, of_python

_NUMBER: Final = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(%?)\s*")
_SLASHED: Final = re.compile(r"\s*([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})\s*")
_COMPARISONS: Final = ("=", "==", "<>", "!=", "<", "<=", ">", ">=")
_TRUTH: Final = {"TRUE": True, "FALSE": False}
#: Functions of dates that spreadsheets have: a number is a day of theirs, counted from 30 December 1899.
_OF_DAYS: Final = frozenset(
    {"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "WEEKDAY", "WEEKNUM", "ISOWEEK", "DATEDIF", "DAYS", "DAYS360"}
    | {"YEARFRAC", "EDATE", "EOMONTH", "WORKDAY", "NETWORKDAYS"}
)
_LAST_DAY: Final = 2_958_466  #: 1 January 10000
_EPOCH_DAY: Final = 25_569  #: 1 January 1970
_NO_FLAGS: Final = frozenset({"TDIST"})  #: where spreadsheets have a number that is no truth value

Resolved = tuple[Application, Sequence[Constant]]
Taken = tuple[Resolved, dict[int, Constant]]


def taken(
    function: Function,
    types: Sequence[Type],
    constants: Sequence[Constant | None],
    mismatch: Mismatch,
    env: Environment,
    *,
    operator: str = "",
) -> Taken | None:
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
    if mismatch.reason == "mixed":
        return _chosen(function, types, constants)
    place = mismatch.place
    if mismatch.reason != "type" or place is None or place >= len(constants) or operator in _COMPARISONS:
        return None
    for at in range(len(constants)) if operator else (place,):
        constant = constants[at]
        if constant is None or constant.value is None or constant.errors is not None:
            continue
        for other in _readings(constant, env, in_days=function.name in _OF_DAYS):
            if operator and other.type == STRING:
                continue
            if other.type == BOOLEAN and not _may_be_flag(constant, function):
                continue
            new_types, new_constants = [*types], [*constants]
            new_types[at], new_constants[at] = other.type, other
            try:
                return resolve(function, new_types, new_constants), {at: other}
            except Mismatch as next_one:
                if next_one.reason == "type" and (next_one.place or 0) <= at:
                    continue
                more = taken(function, new_types, new_constants, next_one, env)
                if more is not None:
                    return more[0], {at: other, **more[1]}
    return None


def _may_be_flag(constant: Constant, function: Function) -> bool:
    """Whether a constant may stand for true or false there: another number than 0 and 1 mostly means something else."""
    if constant.type == STRING or function.category == "logic":
        return True
    return constant.value in (0, 1) and function.name not in _NO_FLAGS


def _chosen(function: Function, types: Sequence[Type], constants: Sequence[Constant | None]) -> Taken | None:
    """Return a choice among constants of several types with the one that is chosen, the others taken for null."""
    known = [constant for constant in constants if constant is not None]
    if len(known) < len(constants):
        return None
    picked = _picked(function.name, known)
    if picked is None:
        return None
    place, values = picked
    type_ = NULL if place is None else types[place]
    others = {at: Constant(type_, None, known[at].errors if at == 0 else None) for at in values if at != place}
    new_types = [others[at].type if at in others else given for at, given in enumerate(types)]
    try:
        return resolve(function, new_types, [others.get(at, constant) for at, constant in enumerate(known)]), others
    except Mismatch:
        return None


def _picked(name: str, given: Sequence[Constant]) -> tuple[int | None, Sequence[int]] | None:
    """Return the place of the argument that is the result (None for none) and the places of all that could be."""
    count, first = len(given), given[0]
    if name == "IFERROR":
        return int(first.errors is not None), (0, 1)
    default = [count - 1] if name == "SWITCH" and count % 2 == 0 else []
    values: Sequence[int]
    if name in ("IF", "CHOOSE"):
        values = range(1, count)
    elif name in ("IFS", "SWITCH"):
        values = [*range(1 if name == "IFS" else 2, count, 2), *default]
    else:
        return None
    if any(constant.errors is not None for at, constant in enumerate(given) if at not in values):
        return None
    place: int | None = None
    if name == "IF":
        place = 1 if first.value else 2
    elif name == "CHOOSE":
        place = int(first.value) if isinstance(first.value, int | float) and 1 <= first.value < count else None
    elif name == "IFS":
        place = next((at for at in values if given[at - 1].value is True), None)
    else:
        equal = [at for at in values if at % 2 == 0 and _same(given[at - 1], first)]
        place = next(iter([*equal, *default]), None)
    return (place if place is not None and place < count else None), values


def _same(a: Constant, b: Constant) -> bool:
    """Whether the operator == finds two constants equal."""
    return bool((a.type.kind is Kind.BOOLEAN) == (b.type.kind is Kind.BOOLEAN) and a.value == b.value)


def _readings(constant: Constant, env: Environment, *, in_days: bool = False) -> Iterator[Constant]:
    """Yield a constant as other types, the likeliest first; ``in_days`` takes numbers as spreadsheets' days."""
    value, kind = constant.value, constant.type.kind
    if kind is Kind.BOOLEAN:
        yield Constant(INTEGER, int(value))
        yield Constant(STRING, "TRUE" if value else "FALSE")
    elif kind in (Kind.INTEGER, Kind.FLOAT):
        yield Constant(STRING, _written(value))
        yield Constant(BOOLEAN, value != 0)
        if in_days and 0 <= value < _LAST_DAY:
            yield Constant(DATE, _moment(value, env))
    elif kind is Kind.DATE:
        yield Constant(list_of(DATE), [value])
    elif kind is Kind.STRING:
        number = _number(value)
        if number is not None:
            yield Constant(of_python(number), number)
        truth = _TRUTH.get(value.strip().upper())
        if truth is not None:
            yield Constant(BOOLEAN, truth)
        date = _date(value, env, in_days=in_days)
        if date is not None:
            yield Constant(DATE, date)
            yield Constant(list_of(DATE), [date])
    elif constant.type == list_of(STRING) and isinstance(value, list):
        dates = [_date(text, env, in_days=in_days) for text in value if isinstance(text, str)]
        if None not in dates and len(dates) == len(value):
            yield Constant(list_of(DATE), dates)


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


def _date(text: str, env: Environment, *, in_days: bool) -> int | None:
    """Return the microseconds of a date in ISO 8601, or as spreadsheets show dates; without a zone in the run's."""
    from zoneinfo import ZoneInfo

    from sheetline.functions.value_reading import read_shown

    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        shown = read_shown(_unslashed(text))
        if shown is None or not (0 if in_days else 1) <= shown < _LAST_DAY:
            return None
        dated = in_days or any(sign in text.strip() for sign in "-/ ")
        return _moment(shown, env) if dated else None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(env.timezone))
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _unslashed(text: str) -> str:
    """Return month/day/year in ISO 8601 where month and day can't be mistaken for each other."""
    found = _SLASHED.fullmatch(text)
    if found is None:
        return text
    first, second, year = (int(part) for part in found.groups())
    if first <= 12 and second <= 12 and first != second:
        return text
    month, day = sorted((first, second))
    return f"{year:04d}-{month:02d}-{day:02d}"


def _moment(days: float, env: Environment) -> int:
    """Return the microseconds of a day of spreadsheets on the run's wall clock, to the millisecond."""
    from zoneinfo import ZoneInfo

    shown = datetime(1970, 1, 1) + timedelta(milliseconds=round((days - _EPOCH_DAY) * 86_400_000))
    since = shown.replace(tzinfo=ZoneInfo(env.timezone)) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
