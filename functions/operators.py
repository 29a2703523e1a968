"""What the operators compute: ``+ - * / % ^``, comparisons and sign, each also callable by name."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from sheetline.functions import integer_math
from sheetline.functions.buffers import text_scalar
from sheetline.functions.columns import Column, Constant
from sheetline.functions.context import Call
from sheetline.functions.dates.calendar import floored
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.list_columns import all_lists, common_type, joined, taken_apart
from sheetline.functions.ordering import comparable
from sheetline.functions.text_support import truths
from sheetline.functions.types import Kind, Type

CATEGORY = "mathematics"
MS = 1000  #: microseconds in a millisecond
_NEAR = 4 * 10**14  #: milliseconds that can be added to any date without leaving 64 bits


def _left_to_right(operation: np.ufunc, checked: integer_math.Checked, ctx: Call, args: Any) -> Any:
    """Fold arguments from the left; in a checked call integer overflow is reported row by row."""
    out, place = args[0], ctx.out
    for arg in args[1:]:
        if ctx.checked and ctx.types[0].kind is Kind.INTEGER:
            out, bad = checked(out, arg)
            ctx.fail(bad, "OVERFLOW")
        else:
            out = operation(out, arg, out=place)
            place = out if isinstance(out, np.ndarray) else place
    return out


def _folded(step: Callable[[int, int], int], *intervals: tuple[int, int]) -> tuple[int, int]:
    """Return bounds of a fold from the left, its intermediate results included: one of these may overflow too."""
    low, high = least, most = intervals[0]
    for other in intervals[1:]:
        corners = [step(x, y) for x in (low, high) for y in other]
        low, high = min(corners), max(corners)
        least, most = min(least, low), max(most, high)
    return least, most


@function(
    "ADD(a:num...) -> num",
    category=CATEGORY,
    summary="The sum of its arguments; the operator +. Adds milliseconds to a date, joins texts and lists.",
    examples=[
        Example("ADD(1;2;3)", 6),
        Example("1 + 2.5", 3.5),
        Example("9223372036854775807 + 1", Failure("OVERFLOW")),
        Example("1 + null", None),
        Example('"a" + "b"', "ab"),
        Example("[1;2] + [3]", [1, 2, 3]),
    ],
    propagates=True,
    big=True,
    bounds=partial(_folded, operator.add),
    notes="Integers stay integers; beyond 64 bits the result is an error value, never a wrap.",
)
def add(*args: Any, ctx: Call) -> Any:
    return _left_to_right(np.add, integer_math.add, ctx, args)


@add.overload("ADD(date:date; ms:duration) -> date")
def _add_to_date(date: Any, ms: Any, ctx: Call) -> Any:
    return _shift_date(date, ms, 1, ctx)


@add.overload("ADD(ms:duration; date:date) -> date")
def _date_added(ms: Any, date: Any, ctx: Call) -> Any:
    return _shift_date(date, ms, 1, ctx)


@add.overload("ADD(a:str...) -> str")
def _join_text(*args: Any, ctx: Call) -> Any:
    import pyarrow.compute as pc

    parts = [text_scalar(arg) if isinstance(arg, str) else arg for arg in args]
    return pc.binary_join_element_wise(*parts, text_scalar(""))


@add.overload("ADD(a:list<any>; b:list<any>) -> T", returns=all_lists)
def _join_lists(a: Any, b: Any, ctx: Call) -> Any:
    """Join two lists row by row: the elements of the first, then those of the second."""
    item = common_type(ctx.types)
    return joined([taken_apart(ctx, 0, item), taken_apart(ctx, 1, item)]).column()


def _shift_date(date: Any, ms: Any, sign: int, ctx: Call) -> Any:
    """Add milliseconds to dates; outside the years 1 … 9999 it is an error value."""
    low, high = -62_135_596_800_000_000, 253_402_300_799_999_999
    if isinstance(ms, int) and abs(ms) <= _NEAR and isinstance(date, np.ndarray):
        out = np.add(date, sign * ms * MS, out=ctx.out)
        if not len(out) or (out.min() >= low and out.max() <= high):
            return out
    span = np.asarray(ms, np.int64)
    far = np.abs(span.astype(np.float64)) > 4e14
    out = date + sign * np.where(far, 0, span) * MS
    ctx.fail(far | (out < low) | (out > high), "RANGE", f"{ctx.function}: outside the years 1 to 9999")
    return out


@function(
    "SUBTRACT(a:num...) -> num",
    category=CATEGORY,
    summary="The first argument less all others; the operator -. Two dates give milliseconds.",
    examples=[
        Example("SUBTRACT(10;1;2)", 7),
        Example("1.5 - 1", 0.5),
        Example("1 - null", None),
        Example('ASDATE("2024-03-01") - ASDATE("2024-02-29")', 86_400_000),
    ],
    propagates=True,
    big=True,
    bounds=partial(_folded, operator.sub),
)
def subtract(*args: Any, ctx: Call) -> Any:
    return _left_to_right(np.subtract, integer_math.subtract, ctx, args)


@subtract.overload("SUBTRACT(a:date; b:date) -> int")
def _between_dates(a: Any, b: Any, ctx: Call) -> Any:
    span = np.subtract(a, b, out=ctx.out)
    return floored(span, MS, ctx.out)


@subtract.overload("SUBTRACT(date:date; ms:duration) -> date")
def _date_less(date: Any, ms: Any, ctx: Call) -> Any:
    return _shift_date(date, ms, -1, ctx)


@function(
    "MULTIPLY(a:num...) -> num",
    category=CATEGORY,
    summary="The product of its arguments; the operator *.",
    examples=[
        Example("MULTIPLY(2;3;4)", 24),
        Example("4000000000 * 4000000000", Failure("OVERFLOW")),
        Example("2 * null", None),
    ],
    propagates=True,
    big=True,
    bounds=partial(_folded, operator.mul),
)
def multiply(*args: Any, ctx: Call) -> Any:
    return _left_to_right(np.multiply, integer_math.multiply, ctx, args)


@function(
    "DIVIDE(a:float; b:float) -> float",
    category=CATEGORY,
    summary="The first number divided by the second; the operator /. Always a float.",
    examples=[
        Example("DIVIDE(7;2)", 3.5),
        Example("1 / 0", Failure("DIV0")),
        Example("null / 2", None),
    ],
    propagates=True,
)
def divide(a: Any, b: Any, ctx: Call) -> Any:
    out = np.divide(a, b, out=ctx.out)
    if ctx.checked:
        ctx.fail(np.equal(b, 0), "DIV0")
        for told in ctx.failures:  # once is enough: the quotient is not told to be infinite as well
            out[told.rows] = a[told.rows] if isinstance(a, np.ndarray) else a
    return out


@divide.overload("DIVIDE(a:dec; b:dec) -> float")
def _divide_exact(a: Any, b: Any, ctx: Call) -> Any:
    """Divide exact numbers exactly and give the nearest float: the operator / always gives floats."""
    from decimal import Decimal

    zero = np.broadcast_to(np.equal(b, 0), (ctx.rows,))
    ctx.fail(zero, "DIV0")
    ctx.checked = True  # a quotient too large for a float is found behind the call
    exact = np.divide(
        np.broadcast_to(np.asarray(a, object), (ctx.rows,)), np.where(zero, np.asarray(Decimal(1), object), b)
    )
    return exact.astype(np.float64)


@function(
    "REMAINDER(a:num; b:num) -> num",
    category=CATEGORY,
    summary="What remains of a division, with the sign of the dividend; the operator %.",
    examples=[
        Example("7 % 3", 1),
        Example("-7 % 3", -1),
        Example("7 % 0", Failure("DIV0")),
        Example("REMAINDER(null;2)", None),
    ],
    notes="MOD has the sign of the divisor.",
)
def remainder(a: Any, b: Any, ctx: Call) -> Any:
    zero = np.equal(b, 0)
    if np.any(zero):
        ctx.fail(zero, "DIV0")
        b = np.where(zero, 1, b)
    return np.fmod(a, b, out=ctx.out)


@function(
    "POWER(x:float; exponent:float) -> float",
    category=CATEGORY,
    summary="A number raised to a power; the operator ^.",
    examples=[
        Example("2 ^ 10", 1024.0),
        Example("POWER(2;-1)", 0.5),
        Example("POWER(-8;1/3)", Failure("NUM")),
        Example("POWER(null;2)", None),
        Example("POWER(0;-1)", Failure("DIV0")),
    ],
)
def power(x: Any, exponent: Any, ctx: Call) -> Any:
    if ctx.checked:
        ctx.fail(np.equal(x, 0) & np.less(exponent, 0), "DIV0")
    return np.power(np.asarray(x, np.float64), exponent, out=ctx.out)


@function(
    "NEGATE(x:num) -> num",
    category=CATEGORY,
    summary="The number with the opposite sign; the prefix operator -.",
    examples=[Example("-(3)", -3), Example("NEGATE(2.5)", -2.5), Example("NEGATE(null)", None)],
    propagates=True,
    big=True,
    bounds=lambda x: (-x[1], -x[0]),
)
def negate(x: Any, ctx: Call) -> Any:
    if ctx.checked and ctx.types[0].kind is Kind.INTEGER:
        ctx.fail(np.equal(x, np.iinfo(np.int64).min), "OVERFLOW")
    return np.negative(x, out=ctx.out)


#: Types whose values are compared as numbers.
_PLAIN = (Kind.INTEGER, Kind.FLOAT, Kind.DATE, Kind.BOOLEAN)

# Comparisons. Null equals null and nothing else; < <= > >= with a null give null.


def equal_rows(a: Column | Constant, b: Column | Constant, rows: int) -> Any:
    """Return a mask of rows whose values are equal; null equals null. Both have one type."""
    texts, one = (b, a) if isinstance(a, Constant) else (a, b)
    constant = one.value if isinstance(one, Constant) else None
    if isinstance(texts, Column) and texts.type.kind is Kind.STRING and isinstance(constant, str):
        return _text_is(texts.data, constant)
    if isinstance(texts, Column) and constant is not None and one.type == texts.type and texts.type.kind in _PLAIN:
        null = texts.nulls()
        same = np.equal(texts.data, constant)
        return same if null is None else same & ~null
    left = a.column(rows) if isinstance(a, Constant) else a
    right = b.column(rows) if isinstance(b, Constant) else b
    null_a, null_b = left.nulls(), right.nulls()
    same = _same_values(left, right, b if isinstance(b, Constant) else None)
    if null_a is None and null_b is None:
        return same
    none = np.zeros(rows, np.bool_)
    null_a = none if null_a is None else null_a
    null_b = none if null_b is None else null_b
    return (same & ~null_a & ~null_b) | (null_a & null_b)


def _text_is(texts: Any, value: str) -> Any:
    """Return which texts are a value; nulls are not."""
    import pyarrow.compute as pc

    return truths(pc.equal(texts, text_scalar(value)))


def _same_values(a: Column, b: Column, constant: Constant | None) -> Any:
    if a.type.kind is Kind.STRING and b.type.kind is Kind.STRING:
        import pyarrow.compute as pc

        other = b.data
        if constant is not None and constant.value is not None:
            other = text_scalar(constant.value)
        return truths(pc.equal(a.data, other))
    if a.type.is_arrow or a.type.is_big or b.type.kind is not a.type.kind:
        rows = [x == y for x, y in zip(a.to_list(), b.to_list(), strict=True)]
        return np.array(rows, np.bool_)
    return np.equal(a.data, b.data)


@function(
    "EQUALS(a:T; b:T) -> bool",
    category="logic",
    summary="Whether two values are equal; the operator ==. Null equals null, and a value never equals null.",
    examples=[
        Example("EQUALS(1;1.0)", True),
        Example("null == null", True),
        Example('"a" == null', False),
    ],
    nulls="own",
    null_note="Null equals null; the result is never null.",
)
def equals(a: Any, b: Any, ctx: Call) -> Any:
    return equal_rows(a, b, ctx.rows)


@function(
    "NOTEQUALS(a:T; b:T) -> bool",
    category="logic",
    summary="Whether two values differ; the operators != and <>. A value differs from null.",
    examples=[Example("1 != 2", True), Example("null != null", False), Example("1 <> null", True)],
    nulls="own",
    null_note="A value differs from null; the result is never null.",
)
def not_equals(a: Any, b: Any, ctx: Call) -> Any:
    return ~equal_rows(a, b, ctx.rows)


_ARROW_NAMES: dict[np.ufunc, str] = {
    np.less: "less",
    np.less_equal: "less_equal",
    np.greater: "greater",
    np.greater_equal: "greater_equal",
}


def _compare(ufunc: np.ufunc, a: Any, b: Any, ctx: Call) -> Any:
    """Compare two arguments of one type, row by row; text by code point."""
    type_: Type = ctx.types[0]
    if type_.kind is not Kind.STRING:
        if type_.is_arrow:
            return ufunc(*_list_keys(ctx))
        return ufunc(a, b, out=ctx.out)
    import pyarrow.compute as pc

    left, right = (text_scalar(x) if isinstance(x, str) else x for x in (a, b))
    return truths(pc.call_function(_ARROW_NAMES[ufunc], [left, right]))


def _list_keys(ctx: Call) -> Sequence[Any]:
    from sheetline.functions.columns import concat

    parts = [arg.column(ctx.rows) if isinstance(arg, Constant) else arg for arg in ctx.args]
    keys, _ = comparable(concat(parts))
    return keys[: ctx.rows], keys[ctx.rows :]


def _comparison(name: str, ufunc: np.ufunc, sign: str, words: str) -> None:
    """Declare one of the four ordering comparisons."""

    @function(
        f"{name}(a:T; b:T) -> bool",
        category="logic",
        summary=f"Whether the first value is {words} the second; the operator {sign}. Text by code point.",
        examples=[
            Example(f"1 {sign} 2", bool(ufunc(1, 2))),
            Example(f'"b" {sign} "a"', bool(ufunc(2, 1))),
            Example(f"1 {sign} null", None),
        ],
        fails="never",
        big=True,
    )
    def compare(a: Any, b: Any, ctx: Call) -> Any:
        return _compare(ufunc, a, b, ctx)


_comparison("LESS", np.less, "<", "smaller than")
_comparison("LESSEQUAL", np.less_equal, "<=", "smaller than or equal to")
_comparison("GREATER", np.greater, ">", "greater than")
_comparison("GREATEREQUAL", np.greater_equal, ">=", "greater than or equal to")

#: The function behind each operator; ``&`` is CONCAT, ``&&`` and ``||`` are AND and OR.
OPERATORS: dict[str, str] = {
    "+": "ADD",
    "-": "SUBTRACT",
    "*": "MULTIPLY",
    "/": "DIVIDE",
    "%": "REMAINDER",
    "^": "POWER",
    "&": "CONCAT",
    "==": "EQUALS",
    "!=": "NOTEQUALS",
    "<": "LESS",
    "<=": "LESSEQUAL",
    ">": "GREATER",
    ">=": "GREATEREQUAL",
    "&&": "AND",
    "||": "OR",
}
