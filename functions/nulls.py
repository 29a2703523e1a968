"""Nulls and errors: tests for what a value is, replacing what is missing, making and catching errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sheetline.functions.blend import blend
from sheetline.functions.buffers import arrow_array, filled
from sheetline.functions.choosing import Decision, as_column, choose, errors_of, null_rows, put, truth
from sheetline.functions.columns import Column, Constant, numpy_dtype
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.errors import Errors, Mask
from sheetline.functions.operators import equal_rows
from sheetline.functions.text_support import kernels
from sheetline.functions.types import NULL, STRING, Kind, Type

CATEGORY = "nulls and errors"
_NEVER_NULL = "The result is never null."
_NOTHING = Constant(NULL, None)


@function(
    "NULL() -> any",
    category=CATEGORY,
    summary="Null: no value.",
    examples=[Example("NULL()", None), Example("ISNULL(NULL())", True), Example("1 + NULL()", None)],
    nulls="own",
    returns=lambda _types, _values: NULL,
)
def null(ctx: Call) -> Column:
    return Column.nulls_of(NULL, ctx.rows)


# What a value is.


@function(
    "ISNULL(v:any) -> bool",
    category=CATEGORY,
    summary="Whether a value is null.",
    examples=[Example("ISNULL(null)", True), Example('ISNULL("")', False), Example("ISNULL(1 / 0)", Failure("DIV0"))],
    nulls="own",
    null_note=_NEVER_NULL,
)
def is_null(v: Any, ctx: Call) -> Any:
    return null_rows(v, ctx.rows)


@function(
    "ISNOTNULL(v:any) -> bool",
    category=CATEGORY,
    summary="Whether a value is not null.",
    examples=[Example("ISNOTNULL(0)", True), Example("ISNOTNULL(null)", False)],
    nulls="own",
    null_note=_NEVER_NULL,
)
def is_not_null(v: Any, ctx: Call) -> Any:
    return ~null_rows(v, ctx.rows)


def blank_rows(value: Column | Constant, rows: int) -> Mask:
    """Return the mask of rows that are null or text of nothing but white space."""
    if isinstance(value, Constant):
        return np.full(rows, value.value is None or (isinstance(value.value, str) and not value.value.strip()))
    null = null_rows(value, rows)
    if value.type.kind is not Kind.STRING:
        return null
    pc = kernels()

    rest = pc.binary_length(pc.utf8_trim_whitespace(value.data))
    return np.asarray(filled(pc.equal(rest, 0), True))


@function(
    "ISBLANK(v:any) -> bool",
    category=CATEGORY,
    summary="Whether a value is null, empty text, or text of white space only.",
    examples=[Example('ISBLANK(" ")', True), Example("ISBLANK(null)", True), Example("ISBLANK(0)", False)],
    nulls="own",
    null_note=_NEVER_NULL,
)
def is_blank(v: Any, ctx: Call) -> Any:
    return blank_rows(v, ctx.rows)


def empty_rows(v: Column | Constant, rows: int) -> Any:
    """Return where a value is null, empty text or an empty list."""
    if isinstance(v, Constant):
        return np.full(rows, v.value is None or v.value in ("", []))
    if v.type.kind not in (Kind.STRING, Kind.LIST):
        return null_rows(v, rows)
    pc = kernels()
    size = pc.binary_length(v.data) if v.type.kind is Kind.STRING else pc.list_value_length(v.data)
    return np.asarray(filled(pc.equal(size, 0), True))


@function(
    "ISEMPTY(v:any) -> bool",
    category=CATEGORY,
    summary="Whether a value is null, empty text, or an empty list.",
    examples=[
        Example('ISEMPTY("")', True),
        Example('ISEMPTY(" ")', False),
        Example("ISEMPTY(null)", True),
        Example("ISEMPTY([1])", False),
    ],
    nulls="own",
    null_note=_NEVER_NULL,
)
def is_empty(v: Any, ctx: Call) -> Any:
    return empty_rows(v, ctx.rows)


@function(
    "ISERROR(v:any) -> bool",
    category=CATEGORY,
    summary="Whether a value is an error value.",
    examples=[Example("ISERROR(1 / 0)", True), Example("ISERROR(null)", False)],
    nulls="own",
    errors="own",
    null_note="Null is no error; the result is never null.",
    error_note="An error gives true.",
)
def is_error(v: Any, ctx: Call) -> Any:
    errors = errors_of(v, ctx.rows)
    return np.zeros(ctx.rows, np.bool_) if errors is None else errors.mask(ctx.rows)


def _type_test(name: str, words: str, holds: Callable[[Type], bool], yes: str, no: str) -> None:
    """Declare a test by type: every value of a column passes it, or none does; null and errors never do."""

    @function(
        f"{name}(v:any) -> bool",
        category=CATEGORY,
        summary=f"Whether a value is {words}.",
        examples=[
            Example(f"{name}({yes})", True),
            Example(f"{name}({no})", False),
            Example(f"{name}(null)", False),
            Example(f"{name}(1 / 0)", False),
        ],
        nulls="own",
        errors="own",
        null_note="Null gives false.",
        error_note="An error gives false, as in spreadsheets: it is no value of any type.",
        notes="The type decides, not the look: text of digits is text.",
    )
    def test(v: Any, ctx: Call) -> Any:
        if not holds(v.type):
            return np.zeros(ctx.rows, np.bool_)
        held, errors = ~null_rows(v, ctx.rows), errors_of(v, ctx.rows)
        return held if errors is None else held & ~errors.mask(ctx.rows)


_type_test("ISNUMBER", "a number", lambda type_: type_.is_number, "1.5", '"1.5"')
_type_test("ISTEXT", "text", lambda type_: type_.kind is Kind.STRING, '"a"', "1")
_type_test("ISDATE", "a date", lambda type_: type_.kind is Kind.DATE, "MSTODATE(0)", '"2024-01-01"')
_type_test("ISBOOLEAN", "a truth value", lambda type_: type_.kind is Kind.BOOLEAN, "true", "1")
_type_test("ISLIST", "a list", lambda type_: type_.kind in (Kind.LIST, Kind.PAIR), "[1;2]", '"[1;2]"')


def _whole(v: Column | Constant, rows: int, remainder: int | None) -> Mask:
    """Return whether numbers are whole (``remainder`` None), or their whole part is even (0) or odd (1)."""
    column = as_column(v, rows)
    if not column.type.is_number:
        return np.zeros(rows, np.bool_)
    data = column.data
    if column.type.is_big:
        tests = (lambda x: x == int(x)) if remainder is None else (lambda x: int(x) % 2 == remainder)
        out = np.array([tests(x) for x in data.tolist()], np.bool_)
    elif column.type.kind is Kind.FLOAT:
        part = np.trunc(np.where(np.isnan(data), 0.5, data))
        out = part == data if remainder is None else np.abs(np.fmod(part, 2.0)) == remainder
    else:
        out = np.ones(rows, np.bool_) if remainder is None else (data & 1) == remainder
    return out & ~null_rows(column, rows)


@function(
    "ISINTEGER(v:any) -> bool",
    category=CATEGORY,
    summary="Whether a value is a number without a fraction.",
    examples=[Example("ISINTEGER(2.0)", True), Example("ISINTEGER(2.5)", False), Example("ISINTEGER(null)", False)],
    nulls="own",
    null_note="Null gives false.",
)
def is_integer(v: Any, ctx: Call) -> Any:
    return _whole(v, ctx.rows, None)


@function(
    "ISEVEN(x:num) -> bool",
    category=CATEGORY,
    summary="Whether a number is even; a fraction is cut off first.",
    examples=[Example("ISEVEN(2.5)", True), Example("ISEVEN(-3)", False), Example("ISEVEN(null)", False)],
    nulls="own",
    big=True,
    null_note="Null gives false.",
)
def is_even(x: Any, ctx: Call) -> Any:
    return _whole(x, ctx.rows, 0)


@function(
    "ISODD(x:num) -> bool",
    category=CATEGORY,
    summary="Whether a number is odd; a fraction is cut off first.",
    examples=[Example("ISODD(3.9)", True), Example("ISODD(2)", False), Example("ISODD(null)", False)],
    nulls="own",
    big=True,
    null_note="Null gives false.",
)
def is_odd(x: Any, ctx: Call) -> Any:
    return _whole(x, ctx.rows, 1)


# Replacing.


@function(
    "COALESCE(v:T...) -> T",
    category=CATEGORY,
    summary="The first of its arguments that is not null.",
    aliases=["IFNULL", "NVL"],
    examples=[
        Example("COALESCE(null;2;3)", 2),
        Example("IFNULL(#v;0)", [1, 0], rows={"v": [1, None]}),
        Example("COALESCE(null;null)", None),
        Example("COALESCE(1;1 / 0)", 1.0),
    ],
    nulls="own",
    errors="own",
    null_note="Nulls are skipped; only nulls give null.",
    error_note="An error counts only where every argument before it is null.",
)
def coalesce(*v: Any, ctx: Call) -> Any:
    if isinstance(v[0], Column) and v[0].nulls() is None:
        return v[0]
    if not ctx.types[0].is_arrow and all(arg.errors is None for arg in v):
        return _first_value(v, ctx)
    decision = Decision(ctx.rows)
    for arg in v:
        if not decision.open.any():
            break
        decision.step(~null_rows(arg, ctx.rows), errors_of(arg, ctx.rows))
    return decision.result(v[: len(decision.masks)], ctx.types[0], _NOTHING)


def _first_value(args: Sequence[Column | Constant], ctx: Call) -> Column:
    """Return the first value of each row that is not null, of numbers, dates or booleans without errors."""
    type_ = ctx.types[0]
    out = as_column(args[0], ctx.rows)
    for arg in args[1:]:
        null = out.nulls()
        if null is None:
            break
        if isinstance(arg, Constant) and arg.value is None:
            continue
        value = arg.value if isinstance(arg, Constant) else arg.data
        data = blend(null, value, out.data, numpy_dtype(type_), ctx.out if len(args) == 2 else None)
        more = None if isinstance(arg, Constant) or type_.kind is Kind.FLOAT else arg.nulls()
        out = Column(type_, data, None if more is None else null & more)
    return out


def _replace(v: Any, rows: Mask, replacement: Any, ctx: Call) -> Column:
    """Return ``v`` with the replacement at ``rows``."""
    return choose([rows], [replacement], ctx.types[0], ctx.rows, v)


_EMPTY_VALUES: dict[Kind, Any] = {Kind.STRING: "", Kind.BOOLEAN: False, Kind.LIST: []}


@function(
    "DENULLIFY(v:num|str|bool|list) -> T",
    category=CATEGORY,
    summary='The value, and where it is null the replacement; without one 0, "", false or an empty list by type.',
    examples=[
        Example("DENULLIFY(#v)", [1, 0], rows={"v": [1, None]}),
        Example("DENULLIFY(#v)", ["a", ""], rows={"v": ["a", None]}),
        Example("DENULLIFY(null;7)", 7),
    ],
    nulls="own",
    big=True,
    null_note="Null gives the replacement.",
)
def denullify(v: Any, ctx: Call) -> Any:
    replacement = Constant(v.type, _EMPTY_VALUES.get(v.type.kind, 0))
    return _replace(v, null_rows(v, ctx.rows), replacement, ctx)


@denullify.overload("DENULLIFY(v:T; replacement:T) -> T")
def _denullify_by(v: Any, replacement: Any, ctx: Call) -> Any:
    return _replace(v, null_rows(v, ctx.rows), replacement, ctx)


@function(
    "NULLIFY(v:T; value:T) -> T",
    category=CATEGORY,
    summary="The first argument, but null where it equals the second.",
    aliases=["NULLIF"],
    examples=[
        Example("NULLIFY(-1;-1)", None),
        Example('NULLIFY("a";"n/a")', "a"),
        Example("NULLIFY(null;0)", None),
    ],
    nulls="own",
    null_note="A null first argument stays null; a null second one changes nothing.",
)
def nullify(v: Any, value: Any, ctx: Call) -> Any:
    return _replace(v, equal_rows(v, value, ctx.rows), _NOTHING, ctx)


@function(
    "IFBLANK(v:T; replacement:T) -> T",
    category=CATEGORY,
    summary="The value, and where it is null, empty or only white space the replacement.",
    examples=[
        Example('IFBLANK("  ";"none")', "none"),
        Example("IFBLANK(null;0)", 0),
        Example('IFBLANK("a";"none")', "a"),
    ],
    nulls="own",
    errors="own",
    null_note="Null gives the replacement.",
    error_note="An error stays an error; one in the replacement counts only where it is taken.",
)
def if_blank(v: Any, replacement: Any, ctx: Call) -> Any:
    blank = blank_rows(v, ctx.rows)
    errors = errors_of(v, ctx.rows)
    return _replace(v, blank if errors is None else blank & ~errors.mask(ctx.rows), replacement, ctx)


@function(
    "IFERROR(v:T; replacement:T) -> T",
    category=CATEGORY,
    summary="The value, and where it is an error the replacement.",
    examples=[
        Example("IFERROR(1 / 0;0)", 0.0),
        Example("IFERROR(6 / #v;-1)", [3.0, -1.0, None], rows={"v": [2, 0, None]}),
        Example("IFERROR(null;1)", None),
    ],
    nulls="own",
    errors="own",
    null_note="Null is no error and stays null.",
    error_note="An error of the value is replaced; one of the replacement counts only where it is taken.",
)
def if_error(v: Any, replacement: Any, ctx: Call) -> Any:
    errors = errors_of(v, ctx.rows)
    if errors is None:
        return as_column(v, ctx.rows)
    type_ = ctx.types[0]
    is_fixed = isinstance(v, Column) and v.type == type_ and not (type_.is_arrow or type_.is_big)
    if is_fixed and replacement.errors is None:
        return put(v, errors.rows, replacement, type_, ctx.out)
    return _replace(v, errors.mask(ctx.rows), replacement, ctx)


# Making errors and reading them.


def _nothing_type(types: Any, constants: Any) -> Type:
    return NULL


@function(
    "ERROR(message:str) -> T",
    category=CATEGORY,
    summary="An error value with a message of one's own.",
    examples=[
        Example('ERROR("no such customer")', Failure("USER")),
        Example('IF(1 > 2;ERROR("odd");7)', 7),
        Example('ERRORMESSAGE(ERROR("no such customer"))', "no such customer"),
        Example("ERROR(null)", Failure("USER")),
    ],
    returns=_nothing_type,
    nulls="own",
    null_note="A null or empty message still gives an error.",
    notes="It fits in with values of every type, so that it can be a branch of IF.",
)
def error(message: Any, ctx: Call) -> Any:
    told = ~empty_rows(message, ctx.rows)
    ctx.fail(told, "USER", "{!0}")
    ctx.fail(~told, "USER", "an error without a message")
    return Column.nulls_of(NULL, ctx.rows)


@function(
    "ERRORMESSAGE(v:any) -> str",
    category=CATEGORY,
    summary="The message of an error value.",
    examples=[
        Example('ERRORMESSAGE(ERROR("bad"))', "bad"),
        Example("ERRORMESSAGE(1)", None),
        Example("ERRORMESSAGE(null)", None),
    ],
    nulls="own",
    errors="own",
    null_note="Null where the value is no error.",
    error_note="An error gives its message.",
)
def error_message(v: Any, ctx: Call) -> Any:
    errors = errors_of(v, ctx.rows)
    if errors is None:
        return Column.nulls_of(STRING, ctx.rows)
    return Column(STRING, _messages(errors, ctx.rows))


def _messages(errors: Errors, rows: int) -> Any:
    """Return the messages at their rows, null elsewhere; only errors cost anything."""
    import pyarrow as pa

    written = pa.array(errors.messages(), pa.large_string())
    place = np.zeros(rows, np.int64)
    place[errors.rows] = np.arange(len(errors))
    index: Any = arrow_array(place, ~errors.mask(rows))
    return written.take(index)


@function(
    "ASSERT(cond:bool; v:T; [message:str=null]) -> T",
    category=CATEGORY,
    summary="The value where the condition is true, else an error with the message.",
    examples=[
        Example('ASSERT(1 < 2;5;"too large")', 5),
        Example('ASSERT(#v > 0;#v;"not positive")', [3, Failure("ASSERT")], rows={"v": [3, -1]}),
        Example("ASSERT(null;5)", Failure("ASSERT")),
        Example('ERRORMESSAGE(ASSERT(false;5;"too large"))', "too large"),
    ],
    nulls="own",
    errors="own",
    null_note="A null condition does not hold; a null value is passed on.",
    error_note="An error in the condition is the result; one in the value counts only where the condition holds.",
)
def assert_(cond: Any, v: Any, message: Any, ctx: Call) -> Any:
    errors = errors_of(cond, ctx.rows)
    holds = truth(cond, ctx.rows)
    decision = Decision(ctx.rows)
    decision.step(holds, errors)
    told = ~empty_rows(message, ctx.rows)
    ctx.fail(decision.open & told, "ASSERT", "{!2}")
    ctx.fail(decision.open & ~told, "ASSERT", "ASSERT: the condition does not hold")
    return decision.result([v], ctx.types[1], _NOTHING)
