"""The scalar oracles of all row functions in one place, with those that no other module of oracles has.

``ORACLES[name](*values)``: a date is an :class:`Instant`, None is null, :class:`Failure` an error value. Nulls and
errors reach an oracle only where the function's declaration leaves them to the function.
"""

from __future__ import annotations

import json
import math
import re
from calendar import isleap
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import oracles_date
import oracles_distributions
import oracles_documents
import oracles_finance
import oracles_geography
import oracles_lists
import oracles_logic
import oracles_math
import oracles_similarity
import oracles_text
import oracles_web

from sheetline.functions.declare import Failure

Oracle = Callable[..., Any]
DIV0, NUM, PARSE, RANGE, OVERFLOW, VALUE = map(Failure, ("DIV0", "NUM", "PARSE", "RANGE", "OVERFLOW", "VALUE"))
LOW, HIGH = -(2**63), 2**63 - 1


class Instant(int):
    """Microseconds since 1970, told apart from whole numbers."""


#: What an oracle answers that can't judge these values: nothing is compared.
UNKNOWN = object()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST, LAST = (
    (moment.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1) for moment in (datetime.min, datetime.max)
)


# ---------------------------------------------------------------- arithmetic


def fit(value: Any) -> Any:
    """Results outside their type are errors."""
    if isinstance(value, float):
        return value if math.isfinite(value) else OVERFLOW if math.isinf(value) else NUM
    return OVERFLOW if type(value) is int and not LOW <= value <= HIGH else value


def moved(date: int, ms: int) -> Any:
    out = date + ms * 1000
    return Instant(out) if FIRST <= out <= LAST else RANGE


def fold(step: Callable[[Any, Any], Any]) -> Oracle:
    """A fold from the left, each step of which may fail."""

    def oracle(*values: Any) -> Any:
        out = values[0]
        for value in values[1:]:
            out = fit(step(out, value))
            if isinstance(out, Failure):
                return out
        return out

    return oracle


def add(*values: Any) -> Any:
    if isinstance(values[0], Instant):
        return moved(*values)
    if isinstance(values[-1], Instant):
        return moved(values[1], values[0])
    return fold(lambda a, b: a + b)(*values)


def subtract(*values: Any) -> Any:
    if isinstance(values[-1], Instant):
        return (values[0] - values[1]) // 1000
    return moved(values[0], -values[1]) if isinstance(values[0], Instant) else fold(lambda a, b: a - b)(*values)


def power(x: float, exponent: float) -> Any:
    if x == 0 and exponent < 0:
        return DIV0
    try:
        out = math.pow(x, exponent)
    except OverflowError:
        return OVERFLOW
    except ValueError:
        return NUM
    return out


def remainder(a: Any, b: Any) -> Any:
    if b == 0:
        return DIV0
    if isinstance(a, float):
        return math.fmod(a, b)
    return abs(a) % abs(b) * (-1 if a < 0 else 1)


# ---------------------------------------------------------------- what values are


def date_text(value: int) -> str:
    moment = (EPOCH + timedelta(microseconds=value)).replace(tzinfo=None)
    return moment.isoformat(timespec="auto" if not moment.microsecond else "microseconds").removesuffix(
        "000" if moment.microsecond and moment.microsecond % 1000 == 0 else "nothing"
    )


def shown(value: Any) -> str:
    """The text of any value; null has none."""
    if isinstance(value, Instant):
        return date_text(value)
    if isinstance(value, list):
        return "[" + ";".join("null" if item is None else shown(item) for item in value) + "]"
    return oracles_text.text_form(value)


def shown_joined(value: Any) -> str:
    """The text of a value as CONCAT and its kin join it."""
    return str(value).upper() if isinstance(value, bool) else shown(value)


def to_json(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, list):
        return "[" + ",".join("null" if item is None else to_json(item) for item in value) + "]"
    if isinstance(value, str | Instant):
        return json.dumps(value if isinstance(value, str) else date_text(value), ensure_ascii=False)
    return shown(value)


def type_name(value: Any) -> Any:
    if isinstance(value, Instant):
        return "date"
    if isinstance(value, list):
        return f"list<{type_name(value[0])}>" if value else UNKNOWN
    names = {bool: "boolean", int: "integer", float: "float", str: "string", type(None): None}
    return names[type(value)]


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool | Instant)


def error_message(value: Any) -> Any:
    """Errors of columns are the test's own; of others the message is told elsewhere."""
    return None if not isinstance(value, Failure) else "made by the test" if value in (NUM, PARSE) else UNKNOWN


def where(known: Callable[..., bool], oracle: Oracle) -> Oracle:
    """An oracle that answers only for values that it knows."""
    return lambda *values: oracle(*values) if known(*values) else UNKNOWN


def zone(*names: str) -> bool:
    return all(name in ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata") for name in names)


def denullify(value: Any, *replacement: Any) -> Any:
    if value is not None:
        return value
    return replacement[0] if replacement else UNKNOWN  # without a value nothing tells the type


# ---------------------------------------------------------------- numbers and dates from one another


def to_int(value: Any) -> Any:
    if isinstance(value, str):
        out = oracles_logic._int(value)
        return Failure(out.code) if isinstance(out, oracles_logic.Err) else out
    return value // 1000 if isinstance(value, Instant) else fit(int(value))


def to_float(value: Any) -> Any:
    if isinstance(value, str):
        out = oracles_logic._float(value)
        return Failure(out.code) if isinstance(out, oracles_logic.Err) else out
    return float(value // 1000) if isinstance(value, Instant) else float(value)


def to_boolean(value: Any) -> Any:
    if isinstance(value, str):
        out = oracles_logic._boolean(value)
        return Failure(out.code) if isinstance(out, oracles_logic.Err) else out
    return value != 0


def exact(value: Any) -> Any:
    if isinstance(value, str):
        return Decimal(value.strip()) if oracles_logic._NUMBER.fullmatch(value.strip()) else PARSE
    if isinstance(value, Instant):
        return Decimal(value // 1000)
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(int(value))


def to_decimal(value: Any, scale: int | None = None) -> Any:
    out = exact(value)
    if isinstance(out, Failure) or scale is None:
        return out
    with localcontext() as context:
        context.prec = 2000
        return out.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)


def to_big(value: Any) -> Any:
    out = exact(value)
    return out if isinstance(out, Failure) else int(out)


def read(text: str, percents: int) -> Any:
    if not oracles_logic._NUMBER.fullmatch(text):
        return PARSE
    out = float(text)
    return OVERFLOW if math.isinf(out) else out / 100.0**percents


def value_of(text: str) -> Any:
    """A sign, digits with commas between whole thousands, a percent sign; the other forms are tested as facts."""
    bare = text.strip()
    if re.search(r"[$():/]|.-", bare):
        return UNKNOWN
    percent = bare.endswith("%")
    bare = bare.removesuffix("%").rstrip()
    sign = bare[:1] if bare[:1] in ("+", "-") else ""
    bare = bare[len(sign) :].lstrip()
    whole, point, rest = bare.partition(".")
    if "," in whole:
        head, *groups = whole.split(",")
        if not 1 <= len(head) <= 3 or any(len(group) != 3 for group in groups):
            return PARSE
    if bare[:1] in ("+", "-"):
        return PARSE
    return read(sign + whole.replace(",", "") + point + rest, int(percent))


def text_join(sep: str | None, *values: Any) -> Any:
    """With true or false behind the separator a TEXTJOIN, else a CONCAT_WS."""
    if sep is None or values[0] is None:
        return None if sep is None else UNKNOWN
    skip, values = (values[0], values[1:]) if isinstance(values[0], bool) and values[1:] else (False, values)
    return sep.join(shown_joined(v) for v in values if v is not None and not (skip and v == ""))


def number_value(text: str, decimal: str = ".", grouping: str = ",") -> Any:
    bare = "".join(text.split())
    percents = len(bare) - len(bare.rstrip("%"))
    bare = bare.rstrip("%")
    decimal, grouping = decimal[:1], grouping[:1]
    head, point, tail = bare.partition(decimal)
    if grouping == decimal != ",":
        return PARSE
    if grouping != decimal:
        if grouping in tail:
            return PARSE
        head = head.replace(grouping, "")
    if decimal != "." and "." in head + tail:
        return PARSE
    return read(head + ("." if point else "") + tail, percents)


def from_micros(micros: Any) -> Any:
    return Instant(micros) if FIRST <= micros <= LAST else RANGE


def as_date(value: Any, *pattern: str) -> Any:
    if pattern:
        return UNKNOWN
    if not isinstance(value, str):
        return from_micros(value * 1000)
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return PARSE
    try:
        moment = datetime.fromisoformat(value).replace(tzinfo=UTC)
    except ValueError:
        return PARSE
    return Instant((moment - EPOCH) // timedelta(microseconds=1))


def unix_to_date(seconds: Any) -> Any:
    if isinstance(seconds, int):
        return from_micros(seconds * 1_000_000)
    return from_micros(round(seconds * 1e6)) if abs(seconds) < 1e12 else RANGE


def decimal_of(text: str | int, radix: int) -> Any:
    text = str(text)
    if not 2 <= radix <= 36:
        return NUM
    bare = text.strip(" \t\n\r\x0b\x0c").lower()
    if radix == 16:
        bare = (
            bare[2:] if bare[:2] == "0x" and len(bare) > 2 else bare[1:] if bare[:1] == "x" and len(bare) > 1 else bare
        )
    if bare[-1:] == {16: "h", 2: "b"}.get(radix) and len(bare) > 1:
        bare = bare[:-1]
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"[:radix]
    return fit(int(bare or "0", radix)) if all(sign in digits for sign in bare) else PARSE


def arabic(text: str) -> Any:
    bare = text.strip().upper().removeprefix("-")
    if any(sign not in "MDCLXVI" for sign in bare):
        return PARSE
    classic: dict[str, Any] = {oracles_math.roman(n): n for n in range(4000)}
    return classic.get(bare, UNKNOWN) * (-1 if text.strip().startswith("-") else 1) if bare in classic else UNKNOWN


def readable(oracle: Oracle) -> Oracle:
    """An oracle of patterns, which knows nothing of those that can't be read."""

    def guarded(*values: Any) -> Any:
        try:
            return oracle(*values)
        except re.error:
            return UNKNOWN

    return guarded


ORACLES: dict[str, Oracle] = {
    **oracles_math.ORACLES,
    **oracles_text.ORACLES,
    **oracles_logic.ORACLES,
    **oracles_date.ORACLES,
    **oracles_distributions.ORACLES,
    **oracles_documents.ORACLES,
    **oracles_lists.ORACLES,
    **oracles_similarity.ORACLES,
    "ADD": add,
    "SUBTRACT": subtract,
    "MULTIPLY": fold(lambda a, b: a * b),
    "DIVIDE": lambda a, b: DIV0 if b == 0 else fit(a / b),
    "NEGATE": lambda x: fit(-x),
    "POWER": power,
    "REMAINDER": remainder,
    "EQUALS": lambda a, b: a == b,
    "NOTEQUALS": lambda a, b: a != b,
    "LESS": lambda a, b: a < b,
    "LESSEQUAL": lambda a, b: a <= b,
    "GREATER": lambda a, b: a > b,
    "GREATEREQUAL": lambda a, b: a >= b,
    "TRUE": lambda: True,
    "FALSE": lambda: False,
    "NULL": lambda: None,
    "PI": lambda: math.pi,
    "E": lambda: math.e,
    "ISNUMBER": is_number,
    "ISTEXT": lambda v: isinstance(v, str),
    "ISDATE": lambda v: isinstance(v, Instant),
    "ISBOOLEAN": lambda v: isinstance(v, bool),
    "ISLIST": lambda v: isinstance(v, list),
    "ISINTEGER": lambda v: is_number(v) and v == math.trunc(v),
    "ISEVEN": lambda v: v is not None and math.trunc(v) % 2 == 0,
    "ISODD": lambda v: v is not None and math.trunc(v) % 2 == 1,
    "DENULLIFY": denullify,
    "ERROR": lambda message: Failure("USER"),
    "ERRORMESSAGE": error_message,
    "ASSERT": lambda cond, v, *message: oracles_logic._assert(cond, v),
    "COPY": lambda v: v,
    "TYPEOF": type_name,
    "T": lambda v: None if v is None else shown(v),
    "TOJSON": to_json,
    "TEXT": lambda v, *format: UNKNOWN if format else None if v is None else shown(v),
    "CONCAT": lambda *values: "".join(shown_joined(v) for v in values if v is not None),
    "TEXTJOIN": text_join,
    "CONCAT_WS": lambda sep, *values: (
        None if sep is None else sep.join(shown_joined(v) for v in values if v is not None)
    ),
    "LIST": lambda *values: list(values),
    "INT": to_int,
    "FLOAT": to_float,
    "BOOLEAN": to_boolean,
    "BIGINTEGER": to_big,
    "BIGDECIMAL": to_decimal,
    "VALUE": value_of,
    "NUMBERVALUE": number_value,
    "DATETOMS": lambda date: date // 1000,
    "MSTODATE": lambda ms: from_micros(ms * 1000),
    "UNIXTODATE": unix_to_date,
    "ASDATE": as_date,
    "DECIMAL": decimal_of,
    "ARABIC": arabic,
    "ERF": lambda x, *to: math.erf(to[0]) - math.erf(x) if to else math.erf(x),
    "ISLEAPYEAR": lambda v: oracles_date.ORACLES["ISLEAPYEAR"](v) if isinstance(v, Instant) else isleap(v),
    "ROMAN": lambda x, form=0: UNKNOWN if form else oracles_math.roman(x),
    "FORMATDATE": where(lambda d, p: p in oracles_date.FORMATS, oracles_date.ORACLES["FORMATDATE"]),
    "ISDATETEXT": where(lambda t, p: p in ("yyyy-MM-dd", "yyyyMMdd"), oracles_date.ORACLES["ISDATETEXT"]),
    "ISDAYLIGHTSAVING": where(lambda d, name: zone(name), oracles_date.ORACLES["ISDAYLIGHTSAVING"]),
    "SHIFTTIMEZONE": where(lambda d, *names: zone(*names), oracles_date.ORACLES["SHIFTTIMEZONE"]),
    "PARSEDURATION": where(lambda t: not set(t) & set(". "), oracles_date.ORACLES["PARSEDURATION"]),
    **{name: readable(oracle) for name, oracle in oracles_text.ORACLES.items() if name.startswith("REGEX")},
    **oracles_finance.oracles(UNKNOWN),
    **oracles_geography.oracles(UNKNOWN),
    "STANDARDIZE": lambda x, mean, sd: NUM if sd <= 0 else fit((x - mean) / sd),
    **oracles_web.oracles(shown),
}

#: Oracles that get nulls and errors themselves, as :class:`oracles_logic.Err`.
LAZY = frozenset(oracles_logic.ORACLES) - {"INT", "FLOAT", "BOOLEAN"} | {"ASSERT"}
