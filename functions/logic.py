"""Logic: and, or, not, choosing between values, comparing and ranking a row's values.

AND, OR, IF, IFS, SWITCH and CHOOSE are lazy: what a row does not need does not exist for it, also where
it is an error. Their kernels see columns with nulls and errors and decide row by row, from the left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sheetline.functions import errors as err
from sheetline.functions.buffers import filled, text_array, text_scalar
from sheetline.functions.choosing import Branch, Decision, as_column, choose, errors_of, null_rows, truth, widened
from sheetline.functions.columns import Array, Column, Constant, concat
from sheetline.functions.connecting import connected, opposite
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.errors import Mask
from sheetline.functions.operators import equal_rows
from sheetline.functions.ordering import comparable
from sheetline.functions.resolve import Mismatch
from sheetline.functions.text_order import text_difference
from sheetline.functions.text_support import kernels, truths
from sheetline.functions.types import NULL, Kind, Type, widen

CATEGORY = "logic"
_LAZY = "An error counts only where it is reached: right of what decides a row it does not exist."
_NOTHING = Constant(NULL, None)


@function(
    "AND(b:bool...) -> bool",
    category=CATEGORY,
    summary="Whether all its arguments are true; the operator &&.",
    examples=[
        Example("AND(true;1 < 2)", True),
        Example("false && null", False),
        Example("true && null", None),
        Example("AND(false;ASSERT(false;true))", False),
    ],
    nulls="own",
    errors="own",
    null_note="Null is unknown: with a false argument the result is false, else null.",
    error_note=_LAZY,
)
def and_(*b: Any, ctx: Call) -> Any:
    return connected(b, ctx.rows, decisive=False, place=ctx.out)


@function(
    "OR(b:bool...) -> bool",
    category=CATEGORY,
    summary="Whether at least one of its arguments is true; the operator ||.",
    examples=[
        Example("OR(false;1 < 2)", True),
        Example("true || null", True),
        Example("false || null", None),
        Example("1 / 0 > 1 || true", Failure("DIV0")),
    ],
    nulls="own",
    errors="own",
    null_note="Null is unknown: with a true argument the result is true, else null.",
    error_note=_LAZY,
)
def or_(*b: Any, ctx: Call) -> Any:
    return connected(b, ctx.rows, decisive=True, place=ctx.out)


@function(
    "NAND(b:bool...) -> bool",
    category=CATEGORY,
    summary="The opposite of AND: whether at least one of its arguments is false.",
    examples=[Example("NAND(true;true)", False), Example("NAND(false;null)", True), Example("NAND(true;null)", None)],
    nulls="own",
    errors="own",
    null_note="Null is unknown, as in AND.",
    error_note=_LAZY,
)
def nand(*b: Any, ctx: Call) -> Any:
    return opposite(connected(b, ctx.rows, decisive=False))


@function(
    "NOR(b:bool...) -> bool",
    category=CATEGORY,
    summary="The opposite of OR: whether none of its arguments is true.",
    examples=[Example("NOR(false;false)", True), Example("NOR(true;null)", False), Example("NOR(false;null)", None)],
    nulls="own",
    errors="own",
    null_note="Null is unknown, as in OR.",
    error_note=_LAZY,
)
def nor(*b: Any, ctx: Call) -> Any:
    return opposite(connected(b, ctx.rows, decisive=True))


@function(
    "NOT(b:bool) -> bool",
    category=CATEGORY,
    summary="The opposite truth value; the prefix operator !.",
    examples=[Example("NOT(true)", False), Example("!(1 > 2)", True), Example("NOT(null)", None)],
)
def not_(b: Any, ctx: Call) -> Any:
    return np.logical_not(b, out=ctx.out)


@function(
    "XOR(b:bool...) -> bool",
    category=CATEGORY,
    summary="Whether an odd number of its arguments is true.",
    examples=[
        Example("XOR(true;false)", True),
        Example("XOR(true;true;true)", True),
        Example("XOR(true;null)", None),
    ],
)
def xor(*b: Any) -> Any:
    out = b[0]
    for more in b[1:]:
        out = np.logical_xor(out, more)
    return out


@function(
    "TRUE() -> bool",
    category=CATEGORY,
    summary="The truth value true.",
    examples=[Example("TRUE()", True), Example("TRUE() && null", None)],
)
def true() -> Any:
    return True


@function(
    "FALSE() -> bool",
    category=CATEGORY,
    summary="The truth value false.",
    examples=[Example("FALSE()", False), Example("FALSE() && null", False)],
)
def false() -> Any:
    return False


# Choosing a branch.


@function(
    "IF(cond:bool; then:T; [otherwise:T=null]) -> T",
    category=CATEGORY,
    summary="The second argument where the condition is true, else the third.",
    examples=[
        Example('IF(2 > 1;"more";"less")', "more"),
        Example("IF(false;1)", None),
        Example("IF(null;1;2)", 2),
        Example("IF(#v == 0;0;6 / #v)", [3.0, 0.0, None], rows={"v": [2, 0, None]}),
    ],
    nulls="own",
    errors="own",
    null_note="A null condition is not true; a null branch is taken as it is.",
    error_note="An error counts only in the condition and in the branch that is taken.",
)
def if_(cond: Any, then: Any, otherwise: Any, ctx: Call) -> Any:
    type_ = _branch_type(ctx.types[1:])
    if isinstance(cond, Constant) and cond.errors is None:
        return as_column(widened(then if cond.value else otherwise, type_), ctx.rows)
    column = choose([truth(cond, ctx.rows)], [then], type_, ctx.rows, otherwise, ctx.out)
    errors = errors_of(cond, ctx.rows)
    return column if errors is None else column.with_errors(err.first((errors, column.errors)))


def _branch_type(types: Sequence[Type]) -> Type:
    """Return the common type of branches; the resolver has found that there is one."""
    common = NULL
    for type_ in types:
        wider = widen(common, type_)
        assert wider is not None
        common = wider
    return common


@function(
    "IFS((cond:bool; value:T)...) -> T",
    category=CATEGORY,
    summary="The value behind the first condition that is true.",
    examples=[
        Example('IFS(1 > 2;"a";2 > 1;"b")', "b"),
        Example("IFS(false;1)", None),
        Example("IFS(null;1;true;2)", 2),
        Example("IFS(true;1;1 / 0 > 0;2)", 1),
    ],
    nulls="own",
    errors="own",
    null_note="A null condition is not true; without a true condition the result is null.",
    error_note="An error counts only in a condition that is reached and in the value that is taken.",
)
def ifs(*args: Any, ctx: Call) -> Any:
    decision = Decision(ctx.rows)
    for cond in args[::2]:
        decision.step(truth(cond, ctx.rows), errors_of(cond, ctx.rows))
    return decision.result(args[1::2], _branch_type(ctx.types[1::2]), _NOTHING, ctx.out)


def _switch_type(types: Sequence[Type], constants: Sequence[Any]) -> Type:
    """Return the result type of SWITCH; refuse cases whose type can't be compared with the value's."""
    common = types[0]
    ends = len(types) - (len(types) % 2 == 0)
    for place in range(1, ends, 2):
        wider = widen(common, types[place])
        if wider is None:
            raise Mismatch("mixed", place, str(common), str(types[place]))
        common = wider
    return _branch_type([*types[2:ends:2], *types[ends:]])


@function(
    "SWITCH(v:any; (case:any; value:T)...; [default:T]) -> T",
    category=CATEGORY,
    summary="The value behind the first case that equals the first argument, else the default.",
    examples=[
        Example('SWITCH(2;1;"one";2;"two")', "two"),
        Example('SWITCH(3;1;"one";2;"two";"many")', "many"),
        Example('SWITCH(null;null;"nothing";"something")', "nothing"),
        Example('SWITCH(3;1;"one")', None),
    ],
    returns=_switch_type,
    nulls="own",
    errors="own",
    null_note="Null equals a case that is null; without a default the result is null where no case fits.",
    error_note="An error counts only in the first argument, in a case that is reached, and in the value taken.",
)
def switch(*args: Any, ctx: Call) -> Any:
    ends = len(args) - (len(args) % 2 == 0)
    cases, values = args[1:ends:2], args[2:ends:2]
    type_ = _branch_type([args[0].type, *(case.type for case in cases)])
    value = widened(args[0], type_)
    decision = Decision(ctx.rows)
    decision.step(np.zeros(ctx.rows, np.bool_), errors_of(value, ctx.rows))
    for case in cases:
        same = equal_rows(value, widened(case, type_), ctx.rows)
        decision.step(same, errors_of(case, ctx.rows))
    decision.masks.pop(0)  # the first step only took the errors of the value
    result = _branch_type([branch.type for branch in (*values, *args[ends:])])
    return decision.result(values, result, args[ends] if ends < len(args) else _NOTHING, ctx.out)


@function(
    "CHOOSE(i:whole; v:T...) -> T",
    category=CATEGORY,
    summary="The argument of the given number, counted from 1 behind the number itself.",
    examples=[
        Example('CHOOSE(2;"a";"b")', "b"),
        Example("CHOOSE(null;1;2)", None),
        Example("CHOOSE(3;1;2)", Failure("RANGE")),
        Example("CHOOSE(1;7;1 / 0)", 7.0),
    ],
    nulls="own",
    errors="own",
    null_note="A null number gives null; a null value is taken as it is.",
    error_note="An error counts only in the number and in the value that is taken.",
)
def choose_(*args: Any, ctx: Call) -> Any:
    number = as_column(args[0], ctx.rows)
    valid = number.valid()
    places = [valid & (number.data == place) for place in range(1, len(args))]
    outside = valid & ((number.data < 1) | (number.data >= len(args)))
    ctx.fail(outside, "RANGE", f"CHOOSE: there is no value of number {{0}}, only 1 to {len(args) - 1}")
    column = choose(places, args[1:], _branch_type(ctx.types[1:]), ctx.rows, _NOTHING)
    return column if number.errors is None else column.with_errors(err.first((number.errors, column.errors)))


# Comparing.


@function(
    "COMPARE(a:T; b:T) -> int",
    category=CATEGORY,
    summary="-1, 0 or 1 as the first value is smaller, equal or greater; for texts how far they are apart.",
    examples=[
        Example("COMPARE(3;5)", -1),
        Example('COMPARE("abc";"abf")', -3),
        Example('COMPARE("abcd";"ab")', 2),
        Example("COMPARE(null;5)", -1),
    ],
    nulls="own",
    null_note="Null equals null and is smaller than any value.",
    notes="For texts: the difference of the first code points that differ, else of the lengths.",
)
def compare(a: Any, b: Any, ctx: Call) -> Any:
    left, right = as_column(a, ctx.rows).plain(), as_column(b, ctx.rows).plain()
    out = _signs(left, right)
    none = [null_rows(column, ctx.rows) for column in (left, right)]
    if none[0].any() or none[1].any():
        out = np.where(none[0] | none[1], none[1].astype(np.int64) - none[0], out)
    return out


def _signs(left: Column, right: Column) -> Any:
    if left.type.kind is Kind.STRING:
        return text_difference(left.data, right.data)
    if left.type.is_arrow or left.type.is_big:
        keys, _ = comparable(concat([left, right]))
        x, y = keys[: len(left)], keys[len(left) :]
    else:
        x, y = left.data, right.data
    return np.greater(x, y).astype(np.int64) - np.less(x, y)


@function(
    "BETWEEN(v:T; lo:T; hi:T) -> bool",
    category=CATEGORY,
    summary="Whether a value lies between two others, both included.",
    examples=[
        Example("BETWEEN(5;1;5)", True),
        Example('BETWEEN("b";"c";"d")', False),
        Example("BETWEEN(null;1;5)", None),
    ],
    fails="never",
    notes="Texts are compared by code point.",
)
def between(v: Any, lo: Any, hi: Any, ctx: Call) -> Any:
    type_ = ctx.types[0]
    if not type_.is_arrow:
        inside = np.greater_equal(v, lo, out=ctx.out)
        return np.bitwise_and(inside, np.less_equal(v, hi), out=ctx.out)
    if type_.kind is not Kind.STRING:
        keys, _ = comparable(concat([as_column(arg, ctx.rows) for arg in ctx.args]))
        x, low, high = keys.reshape(3, ctx.rows)
        return (x >= low) & (x <= high)

    pc = kernels()
    text, least, most = (text_scalar(arg) if isinstance(arg, str) else arg for arg in (v, lo, hi))
    inside = pc.and_(pc.greater_equal(text, least), pc.less_equal(text, most))
    return np.asarray(filled(inside, False) if inside.null_count else inside)


@function(
    "IN(v:T; option:T...) -> bool",
    category=CATEGORY,
    summary="Whether a value equals one of the others.",
    examples=[
        Example("IN(2;1;2;3)", True),
        Example('IN("d";"a";"b")', False),
        Example("IN(null;1;null)", True),
        Example("IN(null;1)", False),
    ],
    nulls="own",
    null_note="Null equals null; the result is never null.",
)
def in_(*args: Any, ctx: Call) -> Any:
    value, constants = args[0], [arg for arg in args[1:] if isinstance(arg, Constant)]
    out: Mask = np.zeros(ctx.rows, np.bool_)
    others: list[Branch] = [arg for arg in args[1:] if isinstance(arg, Column)]
    if isinstance(value, Column) and not value.type.is_big and len(constants) > 1:
        out = _among(value, [constant.value for constant in constants])
    else:
        others += constants
    for option in others:
        out = out | equal_rows(value, option, ctx.rows)
    return out


def _among(value: Column, options: list[Any]) -> Mask:
    """Return whether each value is one of some constants, in one pass."""
    known = [option for option in options if option is not None]
    if value.type.kind is Kind.STRING:
        pc = kernels()
        if 0 < len(known) <= _FEW_TEXTS:  # their comparison costs less than looking texts up
            found = truths(pc.equal(value.data, text_scalar(known[0])))
            for option in known[1:]:
                found |= truths(pc.equal(value.data, text_scalar(option)))
        else:
            found = truths(pc.is_in(value.data, text_array(known)))
    elif value.type.is_arrow:
        found = np.array([item in known for item in value.to_list()], np.bool_)
    else:
        found = _one_of(value.data, np.array(known, value.data.dtype))
    null = value.nulls()
    return found if null is None else np.where(null, len(known) < len(options), found)


#: Up to so many constants a comparison with each costs less than looking values up.
_FEW_OPTIONS = 8
_FEW_TEXTS = 4


def _one_of(values: Array, options: Array) -> Mask:
    if not 0 < len(options) <= _FEW_OPTIONS:
        return np.isin(values, options)
    found: Mask = np.equal(values, options[0])
    for option in options[1:]:
        found |= np.equal(values, option)
    return found


# The greatest and the least of a row.


def _extreme(args: Sequence[Branch], ctx: Call, *, largest: bool) -> Column:
    type_ = ctx.types[0]
    columns = [as_column(arg, ctx.rows).plain() for arg in args]
    if type_.kind is Kind.FLOAT:
        return Column(type_, (np.fmax if largest else np.fmin).reduce([column.data for column in columns]))
    if type_.kind is Kind.STRING:
        pick = kernels().max_element_wise if largest else kernels().min_element_wise
        return Column(type_, pick(*(column.data for column in columns), skip_nulls=True))
    keys = _keys(columns, ctx.rows)
    best, null = np.zeros(ctx.rows, np.int64), null_rows(columns[0], ctx.rows)
    top = keys[0]
    for place, (column, key) in enumerate(zip(columns[1:], keys[1:], strict=True), start=1):
        there = ~null_rows(column, ctx.rows)
        better = there & (null | (key > top if largest else key < top))
        best, top, null = np.where(better, place, best), np.where(better, key, top), null & ~there
    if type_.is_arrow:
        everything = concat(columns)
        return everything.take(best * ctx.rows + np.arange(ctx.rows))
    return Column(type_, top, null if null.any() else None)


def _keys(columns: Sequence[Column], rows: int) -> Any:
    if not columns[0].type.is_arrow:
        return [column.data for column in columns]
    keys, _ = comparable(concat(columns))
    return keys.reshape(len(columns), rows)


@function(
    "GREATEST(a:T...) -> T",
    category=CATEGORY,
    summary="The greatest of its arguments: numbers, dates, texts by code point.",
    examples=[
        Example("GREATEST(3;7;5)", 7),
        Example('GREATEST("a";"b")', "b"),
        Example("GREATEST(null;2)", 2),
        Example("GREATEST(null;null)", None),
    ],
    nulls="own",
    null_note="Nulls are skipped; only nulls give null.",
)
def greatest(*a: Any, ctx: Call) -> Any:
    return _extreme(a, ctx, largest=True)


@function(
    "LEAST(a:T...) -> T",
    category=CATEGORY,
    summary="The least of its arguments: numbers, dates, texts by code point.",
    examples=[
        Example("LEAST(3;7;5)", 3),
        Example('LEAST("a";"b")', "a"),
        Example("LEAST(null;2)", 2),
        Example("LEAST(null;null)", None),
    ],
    nulls="own",
    null_note="Nulls are skipped; only nulls give null.",
)
def least(*a: Any, ctx: Call) -> Any:
    return _extreme(a, ctx, largest=False)
