"""Conversion: numbers, truth values, dates and text from one another, and the text and JSON of any value."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import numpy as np
import numpy.typing as npt

from sheetline.functions.blend import blend
from sheetline.functions.buffers import arrow_array, filled, text_array, text_scalar
from sheetline.functions.choosing import as_column, null_rows
from sheetline.functions.columns import Column, Constant
from sheetline.functions.context import Call
from sheetline.functions.dates.calendar import in_range
from sheetline.functions.dates.parse import parse_dates
from sheetline.functions.dates.patterns import MAX_LENGTH, Pattern, PatternError, compile_pattern
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.json_text import json_text
from sheetline.functions.number_reading import MAX_DIGITS, read_exact, read_floats, read_integers
from sheetline.functions.number_text import MAX_FORMAT, TextFormat, compile_format, write_by_row
from sheetline.functions.text_support import as_rows, kernels, to_text
from sheetline.functions.types import STRING, Kind

CATEGORY = "conversion"
_MS = 1000  # microseconds in a millisecond
_NO_NUMBER = "{0} is no number"
_LARGEST = 9_223_372_036_854_774_784.0  # the largest float below 2^63


# Numbers.


def _fail_bad(ctx: Call, bad: Any, beyond: Any = None) -> None:
    ctx.fail(bad, "PARSE", f"{ctx.function}: {_NO_NUMBER}")
    if beyond is not None:
        ctx.fail(beyond, "OVERFLOW")


@function(
    "INT(v:num|str|bool|date) -> int",
    category=CATEGORY,
    summary="A 64-bit integer: fractions are cut off, text is read, true is 1, a date gives its milliseconds.",
    examples=[
        Example("INT(-2.9)", -2),
        Example('INT(" 42 ")', 42),
        Example('INT("abc")', Failure("PARSE")),
        Example("INT(1e30)", Failure("OVERFLOW")),
        Example("INT(null)", None),
    ],
    big=True,
    fails="never",
    notes="Text may have a fraction and an exponent; hexadecimal digits and separators are not read.",
)
def int_(v: Any, ctx: Call) -> Any:
    kind = ctx.types[0].kind
    if kind is Kind.FLOAT:
        values = np.asarray(v)
        if values.min(initial=0.0) >= -(2.0**63) and values.max(initial=0.0) <= _LARGEST:  # NaN is neither
            if ctx.out is None or not values.ndim:
                return values.astype(np.int64)
            np.copyto(ctx.out, values, casting="unsafe")
            return ctx.out
        beyond = ~((values >= -(2.0**63)) & (values <= _LARGEST))
        ctx.fail(beyond, "OVERFLOW")
        return blend(beyond, 0.0, values, np.float64).astype(np.int64)
    if kind is Kind.STRING:
        out, bad, beyond = read_integers(v)
        _fail_bad(ctx, bad, beyond)
        return out
    if kind is Kind.DATE:
        return np.floor_divide(v, _MS)
    if ctx.types[0].is_big:
        whole = [int(value) for value in v.tolist()]
        fits = np.array([-(2**63) <= value < 2**63 for value in whole], np.bool_)
        ctx.fail(~fits, "OVERFLOW")
        return np.array([value if ok else 0 for value, ok in zip(whole, fits.tolist(), strict=True)], np.int64)
    return np.asarray(v).astype(np.int64)


@function(
    "FLOAT(v:num|str|bool|date) -> float",
    category=CATEGORY,
    summary="A float: text is read, true is 1, a date gives its milliseconds.",
    examples=[
        Example('FLOAT("1e3")', 1000.0),
        Example("FLOAT(7)", 7.0),
        Example('FLOAT("nan")', Failure("PARSE")),
        Example('FLOAT("1e999")', Failure("OVERFLOW")),
        Example("FLOAT(null)", None),
    ],
    big=True,
    fails="never",
)
def float_(v: Any, ctx: Call) -> Any:
    kind = ctx.types[0].kind
    if kind is Kind.STRING:
        out, bad = read_floats(v)
        _fail_bad(ctx, bad, np.isinf(out))
        return out
    if kind is Kind.DATE:
        return np.floor_divide(v, _MS).astype(np.float64)
    if ctx.types[0].is_big:
        out = np.array([float(Decimal(value)) for value in v.tolist()], np.float64)
        ctx.fail(np.isinf(out), "OVERFLOW")
        return out
    return np.asarray(v).astype(np.float64)


def _exact(v: Any, ctx: Call) -> npt.NDArray[Any]:
    """Return exact Decimals of numbers, text, truth values or dates (their milliseconds)."""
    kind = ctx.types[0].kind
    if kind is Kind.STRING:
        out, bad, long = read_exact(v)
        _fail_bad(ctx, bad)
        ctx.fail(long, "LIMIT", f"{ctx.function}: {{0}} has more than {MAX_DIGITS} digits")
        return out
    values = np.floor_divide(v, _MS) if kind is Kind.DATE else v
    out = np.empty(len(values), np.object_)
    if kind is Kind.FLOAT:  # the shortest digits that read back as the float, not its binary expansion
        shown = np.where(np.isfinite(values), values, 0.0).tolist()
        out[:] = [Decimal(repr(value)) for value in shown]
    else:
        out[:] = [Decimal(value) for value in values.tolist()]
    return out


@function(
    "BIGINTEGER(v:num|str|bool|date) -> bigint",
    category=CATEGORY,
    summary="An integer of any size: fractions are cut off, text is read.",
    examples=[
        Example('TEXT(BIGINTEGER("123456789012345678901"))', "123456789012345678901"),
        Example('BIGINTEGER("x")', Failure("PARSE")),
        Example("BIGINTEGER(null)", None),
    ],
    big=True,
    fails="never",
)
def big_integer(v: Any, ctx: Call) -> Any:
    out = np.empty(len(v), np.object_)
    out[:] = [int(value) for value in _exact(v, ctx).tolist()]
    return out


@function(
    "BIGDECIMAL(v:num|str|bool|date) -> dec",
    category=CATEGORY,
    summary="An exact decimal number; with a scale rounded to so many digits behind the point.",
    examples=[
        Example('TEXT(BIGDECIMAL("0.1") + BIGDECIMAL("0.2"))', "0.3"),
        Example("TEXT(BIGDECIMAL(2.345;2))", "2.35"),
        Example('BIGDECIMAL("1,5")', Failure("PARSE")),
        Example("BIGDECIMAL(null)", None),
    ],
    big=True,
    fails="never",
    prepare={"scale": lambda scale: _scale(scale)},
    notes="Halves are rounded away from zero. A float gives the shortest digits that read back as it.",
)
def big_decimal(v: Any, ctx: Call) -> Any:
    return _exact(v, ctx)


@big_decimal.overload("BIGDECIMAL(v:num|str|bool|date; scale:int const) -> dec")
def _scaled(v: Any, scale: Decimal, ctx: Call) -> Any:
    values = _exact(v, ctx)
    out = np.empty(len(values), np.object_)
    with localcontext() as context:
        context.prec = 2 * MAX_DIGITS + 200
        out[:] = [value.quantize(scale, ROUND_HALF_UP) for value in values.tolist()]
    return out


def _scale(scale: int) -> Decimal:
    if not 0 <= scale <= 100:
        raise ValueError(f"the scale lies between 0 and 100, not at {scale}")
    return Decimal(1).scaleb(-scale)


_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


@function(
    "BOOLEAN(v:str|num|bool) -> bool",
    category=CATEGORY,
    summary="A truth value: true, yes, 1 and false, no, 0 in any case are read; a number other than 0 is true.",
    examples=[
        Example('BOOLEAN("Yes")', True),
        Example("BOOLEAN(0)", False),
        Example('BOOLEAN("maybe")', Failure("PARSE")),
        Example("BOOLEAN(null)", None),
    ],
    big=True,
    fails="never",
)
def boolean(v: Any, ctx: Call) -> Any:
    if ctx.types[0].kind is not Kind.STRING:
        return np.not_equal(v, 0)

    pc = kernels()
    found = pc.index_in(pc.utf8_lower(pc.utf8_trim_whitespace(v)), text_array([*_TRUE, *_FALSE]))
    place = np.asarray(filled(found, -1))
    ctx.fail(place < 0, "PARSE", "BOOLEAN: {0} is no truth value")
    return (place >= 0) & (place < len(_TRUE))


# Text.


@function(
    "T(v:any) -> str",
    category=CATEGORY,
    summary="The text of any value.",
    examples=[
        Example("T(3.0)", "3"),
        Example("T(true)", "true"),
        Example("T([1;2])", "[1;2]"),
        Example("T(null)", None),
    ],
    nulls="own",
    null_note="Null gives null.",
    volatile=["timezone"],
    notes="Numbers with the fewest digits that read back as the same number, dates as ISO 8601 in the workbook's zone.",
)
def text_of(v: Any, ctx: Call) -> Any:
    return Column(STRING, to_text(as_column(v, ctx.rows), ctx))


@function(
    "TEXT(v:any) -> str",
    category=CATEGORY,
    summary="A number or date as text in a spreadsheet's format, or the plain text of any value.",
    examples=[
        Example('TEXT(1234.5;"#,##0.00")', "1,234.50"),
        Example('TEXT(0.256;"0%")', "26%"),
        Example('TEXT(ASDATE("2024-02-29");"dd.mm.yyyy")', "29.02.2024"),
        Example('TEXT(-5;"0;(0);zero")', "(5)"),
        Example('TEXT(null;"0")', None),
    ],
    nulls="own",
    null_note="Null gives null.",
    big=True,
    volatile=["timezone"],
    prepare={"format": lambda source: compile_format(source)},
    notes="Halves are rounded away from zero, by the number's decimal digits. A format has at most "
    f"{MAX_FORMAT:,} characters and four sections.",
    source="OASIS OpenFormula 1.3, TEXT; number format codes as in LibreOffice and Excel",
)
def text(v: Any, ctx: Call) -> Any:
    return Column(STRING, to_text(as_column(v, ctx.rows), ctx))


@text.overload("TEXT(v:any; format:str) -> str")
def _text_by_format(v: Any, format: Any, ctx: Call) -> Any:
    column = as_column(v, ctx.rows)
    none = null_rows(column, ctx.rows)
    if column.type.kind is Kind.BOOLEAN:  # whatever the format: TRUE, FALSE
        column = Column(STRING, kernels().ascii_upper(to_text(column, ctx)))
    if isinstance(format, TextFormat):
        return Column(STRING, _blanked(format.write(column, ctx, ~none), none))
    formats = as_column(format, ctx.rows)
    none = none | null_rows(formats, ctx.rows)
    return Column(STRING, _blanked(write_by_row(column, formats.plain().data, none, ctx), none))


def _blanked(array: Any, null: Any) -> Any:

    return kernels().if_else(arrow_array(null), text_scalar(None), array) if null.any() else array


@function(
    "TOJSON(v:any) -> str",
    category=CATEGORY,
    summary="The JSON text of any value.",
    examples=[
        Example("TOJSON([1;null])", "[1,null]"),
        Example('TOJSON("a""b")', '"a\\"b"'),
        Example("TOJSON(1.5)", "1.5"),
        Example("TOJSON(null)", None),
    ],
    nulls="own",
    null_note="Null gives null; inside a list it is written null.",
    volatile=["timezone"],
    notes="Dates are quoted ISO 8601 in the workbook's zone.",
)
def to_json(v: Any, ctx: Call) -> Any:
    return Column(STRING, json_text(as_column(v, ctx.rows), ctx))


@function(
    "TYPEOF(v:any) -> str",
    category=CATEGORY,
    summary="The name of a value's type.",
    examples=[
        Example("TYPEOF(1)", "integer"),
        Example("TYPEOF([1.5])", "list<float>"),
        Example("TYPEOF(null)", None),
    ],
    nulls="own",
    null_note="Null gives null.",
)
def type_of(v: Any, ctx: Call) -> Any:
    return Column(STRING, _blanked(Constant(STRING, str(v.type)).column(ctx.rows).data, null_rows(v, ctx.rows)))


@function(
    "COPY(v:any) -> T",
    category=CATEGORY,
    summary="The value unchanged.",
    examples=[
        Example("COPY(#v)", [1, None], rows={"v": [1, None]}),
        Example('COPY("a")', "a"),
        Example("COPY(1 / 0)", Failure("DIV0")),
    ],
    nulls="own",
    errors="own",
    null_note="Null stays null.",
    error_note="An error stays an error.",
)
def copy(v: Any, ctx: Call) -> Any:
    return as_column(v, ctx.rows)


# Dates.


@function(
    "ASDATE(text:str) -> date",
    category=CATEGORY,
    summary="The date that a text shows (by default ISO 8601), or that so many milliseconds since 1970 are.",
    examples=[
        Example('ASDATE("2024-02-29")', ["2024-02-29T00:00:00"], date=True),
        Example('ASDATE("15 Oct 2002";"dd MMM yyyy")', ["2002-10-15T00:00:00"], date=True),
        Example("ASDATE(86400000)", ["1970-01-02T00:00:00"], date=True),
        Example('ASDATE("2024-02-30")', Failure("PARSE")),
        Example("ASDATE(null)", None),
    ],
    fails="never",
    volatile=["timezone"],
    prepare={"pattern": lambda source: compile_pattern(source)},
    notes="Text without a zone of its own is read in the workbook's time zone. Patterns are of Joda's letters, at most "
    f"{MAX_LENGTH:,} characters.",
)
def as_date(text: Any, ctx: Call) -> Any:
    return _parsed(as_rows(text, ctx), None, ctx)


def _parsed(texts: Any, pattern: Pattern | None, ctx: Call) -> Any:
    found = parse_dates(texts, pattern, ctx.env.timezone)
    ctx.fail(found.bad, "PARSE", "ASDATE: {0} is no date" + (" of the pattern {1}" if pattern else ""))
    return found.us


@as_date.overload("ASDATE(ms:int) -> date")
def _date_of_ms(ms: Any, ctx: Call) -> Any:
    return _from_micros(ms, _MS, ctx)


@as_date.overload("ASDATE(text:str; pattern:str) -> date")
def _date_by_pattern(text: Any, pattern: Any, ctx: Call) -> Any:
    texts = as_rows(text, ctx)
    if isinstance(pattern, Pattern):
        return _parsed(texts, pattern, ctx)
    patterns = as_rows(pattern, ctx).dictionary_encode()
    codes = np.asarray(filled(patterns.indices, -1))
    out, bad = np.zeros(ctx.rows, np.int64), np.zeros(ctx.rows, np.bool_)
    for number, source in enumerate(patterns.dictionary.to_pylist()):
        rows = np.flatnonzero(codes == number)
        try:
            found = parse_dates(texts.take(rows), compile_pattern(source), ctx.env.timezone)
        except PatternError:
            ctx.fail(codes == number, "VALUE", "ASDATE: {1} is no pattern")
            continue
        out[rows], bad[rows] = found.us, found.bad
    ctx.fail(bad, "PARSE", "ASDATE: {0} is no date of the pattern {1}")
    return out


def _from_micros(number: Any, factor: int, ctx: Call) -> Any:
    """Return ``number * factor`` µs as dates; outside the years 1 to 9999 it is an error."""
    near = np.abs(np.asarray(number, np.float64) * factor) < 1e18
    if ctx.types[0].kind is Kind.FLOAT:
        out = np.rint(np.where(near, number, 0.0) * factor).astype(np.int64)
    else:
        out = np.where(near, number, 0) * factor
    ctx.fail(~near | ~in_range(out), "RANGE", f"{ctx.function}: {{0}} is outside the years 1 to 9999")
    return out


@function(
    "MSTODATE(ms:int) -> date",
    category=CATEGORY,
    summary="The date so many milliseconds after 1970-01-01T00:00:00 UTC.",
    examples=[
        Example("MSTODATE(0)", ["1970-01-01T00:00:00"], date=True),
        Example("MSTODATE(9223372036854775807)", Failure("RANGE")),
        Example("MSTODATE(null)", None),
    ],
    fails="never",
)
def ms_to_date(ms: Any, ctx: Call) -> Any:
    return _from_micros(ms, _MS, ctx)


@function(
    "UNIXTODATE(sec:num) -> date",
    category=CATEGORY,
    summary="The date so many seconds after 1970-01-01T00:00:00 UTC.",
    examples=[
        Example("UNIXTODATE(1700000000)", ["2023-11-14T22:13:20"], date=True),
        Example("UNIXTODATE(0.5)", ["1970-01-01T00:00:00.500"], date=True),
        Example("UNIXTODATE(null)", None),
    ],
    fails="never",
    notes="A fraction is kept to microseconds.",
)
def unix_to_date(sec: Any, ctx: Call) -> Any:
    return _from_micros(sec, 1000 * _MS, ctx)


@function(
    "DATETOMS(date:date) -> int",
    category=CATEGORY,
    summary="The milliseconds from 1970-01-01T00:00:00 UTC to a date, rounded down.",
    examples=[
        Example('DATETOMS(ASDATE("1970-01-02"))', 86_400_000),
        Example("DATETOMS(null)", None),
    ],
    fails="never",
)
def date_to_ms(date: Any) -> Any:
    return np.floor_divide(date, _MS)
