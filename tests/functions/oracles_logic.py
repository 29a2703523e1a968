"""Scalar oracles in plain Python for logic, nulls and conversion: one row's values in, one value out.

None is null, an :class:`Err` an error value. ``ORACLES`` maps a function's name to its oracle.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Err:
    """An error value in an oracle's world."""

    code: str


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    """The general rule: the first error argument, then null where any argument is null."""

    def wrapped(*args: Any) -> Any:
        for arg in args:
            if isinstance(arg, Err):
                return arg
        return None if None in args else function(*args)

    return wrapped


def _no_errors(function: Callable[..., Any]) -> Callable[..., Any]:
    """Errors by the general rule, nulls by the function."""

    def wrapped(*args: Any) -> Any:
        return next((arg for arg in args if isinstance(arg, Err)), None) or function(*args)

    return wrapped


def _and(*args: Any) -> Any:
    unknown = False
    for arg in args:
        if isinstance(arg, Err) or arg is False:
            return arg
        unknown = unknown or arg is None
    return None if unknown else True


def _or(*args: Any) -> Any:
    unknown = False
    for arg in args:
        if isinstance(arg, Err) or arg is True:
            return arg
        unknown = unknown or arg is None
    return None if unknown else False


def _flip(function: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(*args: Any) -> Any:
        value = function(*args)
        return value if value is None or isinstance(value, Err) else not value

    return wrapped


def _if(cond: Any, then: Any, otherwise: Any = None) -> Any:
    if isinstance(cond, Err):
        return cond
    return then if cond is True else otherwise


def _ifs(*args: Any) -> Any:
    for cond, value in zip(args[::2], args[1::2], strict=True):
        if isinstance(cond, Err):
            return cond
        if cond is True:
            return value
    return None


def _switch(value: Any, *rest: Any) -> Any:
    if isinstance(value, Err):
        return value
    pairs = list(rest)
    while len(pairs) >= 2:
        case, result = pairs.pop(0), pairs.pop(0)
        if isinstance(case, Err):
            return case
        if case == value:
            return result
    return pairs[0] if pairs else None


def _choose(number: Any, *values: Any) -> Any:
    if number is None or isinstance(number, Err):
        return number
    return values[number - 1] if 1 <= number <= len(values) else Err("RANGE")


def _compare(a: Any, b: Any) -> int:
    if a is None or b is None:
        return (a is not None) - (b is not None)
    if isinstance(a, str):
        for x, y in zip(a, b, strict=False):
            if x != y:
                return ord(x) - ord(y)
        return len(a) - len(b)
    return int(a > b) - int(a < b)


def _coalesce(*args: Any) -> Any:
    return next((arg for arg in args if arg is not None), None)


def _assert(cond: Any, value: Any) -> Any:
    if isinstance(cond, Err):
        return cond
    return value if cond is True else Err("ASSERT")


_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def _int(text: str) -> Any:
    if not _NUMBER.fullmatch(text.strip()):
        return Err("PARSE")
    number = int(Decimal(text.strip()))
    return number if -(2**63) <= number < 2**63 else Err("OVERFLOW")


def _float(text: str) -> Any:
    if not _NUMBER.fullmatch(text.strip()):
        return Err("PARSE")
    number = float(text.strip())
    return Err("OVERFLOW") if abs(number) == float("inf") else number


def _boolean(text: str) -> Any:
    word = text.strip().lower()
    return True if word in ("true", "yes", "1") else False if word in ("false", "no", "0") else Err("PARSE")


def _extreme(pick: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    def wrapped(*args: Any) -> Any:
        values = [arg for arg in args if arg is not None]
        return pick(values) if values else None

    return wrapped


ORACLES: dict[str, Callable[..., Any]] = {
    "AND": _and,
    "OR": _or,
    "NAND": _flip(_and),
    "NOR": _flip(_or),
    "NOT": _strict(lambda b: not b),
    "XOR": _strict(lambda *args: sum(args) % 2 == 1),
    "IF": _if,
    "IFS": _ifs,
    "SWITCH": _switch,
    "CHOOSE": _choose,
    "COMPARE": _no_errors(_compare),
    "BETWEEN": _strict(lambda v, lo, hi: lo <= v <= hi),
    "IN": _no_errors(lambda v, *options: v in options),
    "GREATEST": _no_errors(_extreme(max)),
    "LEAST": _no_errors(_extreme(min)),
    "ISNULL": _no_errors(lambda v: v is None),
    "ISNOTNULL": _no_errors(lambda v: v is not None),
    "ISBLANK": _no_errors(lambda v: v is None or (isinstance(v, str) and not v.strip())),
    "ISEMPTY": _no_errors(lambda v: v is None or v in ("", [])),
    "ISERROR": lambda v: isinstance(v, Err),
    "COALESCE": _coalesce,
    "NULLIFY": _no_errors(lambda v, value: None if v == value else v),
    "IFERROR": lambda v, replacement: replacement if isinstance(v, Err) else v,
    "IFBLANK": lambda v, r: r if v is None or (isinstance(v, str) and not v.strip()) else v,
    "ASSERT": _assert,
    "INT": _strict(_int),
    "FLOAT": _strict(_float),
    "BOOLEAN": _strict(_boolean),
}
