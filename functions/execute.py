"""Calling element kernels: nulls, errors, floating-point flags, bounds and domains, in one place.

A strict kernel is tried optimistically, with floating-point flags armed. Only when a flag, an integer
bound or a domain trips is it called again with ``ctx.checked``, and then the failing rows are found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions import errors as err
from sheetline.functions.buffers import arrow_array, null_mask, text_scalar, text_with_nulls
from sheetline.functions.columns import Array, Column, Constant, numpy_dtype
from sheetline.functions.context import Call, Environment
from sheetline.functions.declare import Function, Kernel
from sheetline.functions.errors import Errors, Mask
from sheetline.functions.types import INT64_MAX, INT64_MIN, Kind, Type

Argument = Column | Constant
#: The microseconds of the years 1 to 9999, between which every date lies.
_DATES = (-62_135_596_800_000_000, 253_402_300_799_999_999)


@dataclass(frozen=True, slots=True, eq=False)
class Application:
    """A function applied: the chosen kernel, the types its arguments are widened to, and prepared constants.

    Attributes:
        names: the parameter name of each argument.
        prepared: the place of a constant argument → what ``Function.prepare`` made of it.
    """

    function: Function
    kernel: Kernel
    types: tuple[Type, ...]
    type: Type
    prepared: dict[int, Any]
    names: tuple[str, ...]


def armed() -> np.errstate:
    """Arm the flags that make a strict kernel be called again; underflow is not a failure."""
    return np.errstate(divide="raise", over="raise", invalid="raise", under="ignore")


def call(
    app: Application,
    args: Sequence[Argument],
    env: Environment,
    rows: int,
    first_row: int = 0,
    facts: tuple[Any, ...] = (),
    place: Array | None = None,
) -> Column:
    """Apply an element function to ``rows`` rows of arguments and return the resulting column.

    ``facts`` stand before the arguments: what a whole-column function was fitted to. ``place`` is memory of the
    result's dtype that a kernel may compute into; the column's values may lie there or anywhere. Must run under
    ``armed()``: the evaluator enters it once a block, not once a call.
    """
    function = app.function
    cast: Sequence[Argument] = args
    beyond: list[Errors] = []
    errors: Errors | None = None
    plain = all(map(_is_ready, args, app.types))
    if not plain:
        cast = [_cast(arg, type_) for arg, type_ in zip(args, app.types, strict=True)]
        beyond = _too_large(args, app.types, rows)
    if function.nulls == "own":
        return _own(app, cast, env, rows, first_row, facts, beyond, place)
    if not plain:
        errors = err.first(arg.errors if isinstance(arg, Column) else _spread(arg, rows) for arg in cast)
        if any(isinstance(arg, Constant) and arg.value is None for arg in cast):
            return Column.nulls_of(app.type, rows, errors)
    null = _null_mask(app, cast)
    ctx = Call(function.name, cast, app.types, rows, env, first_row, out=place)
    bounds = _bounds(app, cast)
    ctx.checked = bounds is False or (bool(function.domain) and not _inside(app, cast))
    values = [_bare(arg, app.prepared.get(place)) for place, arg in enumerate(cast)]
    out = _attempt(app, ctx, [*facts, *values])
    ctx.failures[:0] = beyond
    if ctx.checked and function.domain:
        _fail_outside(app, ctx, cast)
    if isinstance(out, np.ndarray) and out.dtype == np.float64 and app.type.kind is Kind.FLOAT:
        _fail_not_finite(function, ctx, out, null, cast)
    if errors is not None or ctx.failures:
        errors = _merge(errors, ctx, cast)
    return _finish(app, out, null, errors, ctx, rows, bounds or None)


def _is_ready(arg: Argument, type_: Type) -> bool:
    """Whether an argument stands as the kernel wants it, without errors: so it is mostly."""
    if arg.errors is not None or (arg.type is not type_ and arg.type != type_):
        return False
    return arg.value is not None if isinstance(arg, Constant) else not arg.is_coded


def _cast(arg: Argument, type_: Type) -> Argument:
    if arg.type == type_:
        return arg.plain() if isinstance(arg, Column) and arg.is_coded else arg
    if arg.type.kind is Kind.FLOAT and type_.kind is Kind.INTEGER:
        return _cut_off(arg, type_)
    if isinstance(arg, Column):
        return arg.plain().cast(type_)
    return cast_constant(arg, type_)


def _cut_off(arg: Argument, type_: Type) -> Argument:
    """Return floats as integers for a parameter of the word ``whole``: fractions are cut off.

    Values beyond 64 bits become 0; :func:`_too_large` tells of them.
    """
    if isinstance(arg, Constant):
        fits = arg.value is not None and -(2.0**63) <= arg.value < 2.0**63
        return Constant(type_, int(arg.value) if fits else None if arg.value is None else 0, arg.errors)
    fit = (arg.data >= -(2.0**63)) & (arg.data < 2.0**63)
    return Column(type_, np.where(fit, arg.data, 0.0).astype(np.int64), arg.nulls(), arg.errors)


def _too_large(args: Sequence[Argument], types: Sequence[Type], rows: int) -> list[Errors]:
    """Return the errors of floats that a parameter of the word ``whole`` can't hold."""
    out: list[Errors] = []
    for arg, type_ in zip(args, types, strict=True):
        if arg.type.kind is not Kind.FLOAT or type_.kind is not Kind.INTEGER:
            continue
        values = (
            np.broadcast_to(np.nan if arg.value is None else arg.value, rows) if isinstance(arg, Constant) else arg.data
        )
        beyond = np.flatnonzero((values < -(2.0**63)) | (values >= 2.0**63))
        made = err.make(beyond, "OVERFLOW", err.Origin("", "{0} is too large for an integer", (values[beyond],)))
        if made is not None:
            out.append(made)
    return out


def cast_constant(arg: Constant, type_: Type) -> Constant:
    """Widen a constant to a type that accepts it."""
    if arg.value is None or arg.type == type_:
        return Constant(type_, arg.value, arg.errors)
    if type_.kind is Kind.FLOAT:
        return Constant(type_, float(arg.value), arg.errors)
    if type_.kind is Kind.BIGDECIMAL:
        from decimal import Decimal

        return Constant(type_, Decimal(arg.value), arg.errors)
    return Constant(type_, arg.value, arg.errors)


def _spread(arg: Constant, rows: int) -> Errors | None:
    return None if arg.errors is None else arg.errors.take(np.zeros(rows, np.int64), 1)


def _bare(arg: Argument, prepared: Any) -> Any:
    if isinstance(arg, Column):
        return arg.data
    return arg.value if prepared is None else prepared


def _null_mask(app: Application, args: Sequence[Argument]) -> Mask | None:
    propagates = app.function.propagates and app.type.kind is Kind.FLOAT
    null: Mask | None = None
    for arg in args:
        if isinstance(arg, Constant) or (propagates and arg.type.kind is Kind.FLOAT):
            continue
        more = arg.nulls()
        if more is not None:
            null = more if null is None else null | more
    return null


def _attempt(app: Application, ctx: Call, values: list[Any]) -> Any:
    run = app.kernel.run
    keywords = {"ctx": ctx} if app.kernel.takes_ctx else {}
    if not ctx.checked:
        try:
            return run(*values, **keywords)
        except FloatingPointError:
            ctx.failures.clear()
            ctx.null = None
            ctx.checked = True
    with np.errstate(all="ignore"):
        return run(*values, **keywords)


def _interval(arg: Argument) -> tuple[int, int] | None:
    if isinstance(arg, Constant):
        return (int(arg.value), int(arg.value)) if arg.type.kind in (Kind.INTEGER, Kind.DATE) else None
    if arg.type.kind not in (Kind.INTEGER, Kind.DATE):
        return None
    if arg.bounds is not None:
        return arg.bounds
    if arg.type.kind is Kind.DATE:
        return _DATES
    return (int(arg.data.min()), int(arg.data.max())) if len(arg) else (0, 0)


def _bounds(app: Application, args: Sequence[Argument]) -> tuple[int, int] | bool | None:
    """Return the result's bounds, False where they leave 64 bits, None where the function has none."""
    if app.function.bounds is None or app.type.kind not in (Kind.INTEGER, Kind.DATE):
        return None
    intervals = [_interval(arg) for arg in args]
    if any(interval is None for interval in intervals):
        return None
    low, high = app.function.bounds(*intervals)
    return (low, high) if low >= INT64_MIN and high <= INT64_MAX else False


def _inside(app: Application, args: Sequence[Argument]) -> bool:
    for name, arg in zip(app.names, args, strict=True):
        limits = app.function.domain.get(name)
        if limits is None:
            continue
        low, high = limits
        if isinstance(arg, Constant):
            if not low <= arg.value <= high:
                return False
        elif len(arg) and not (np.fmin.reduce(arg.data) >= low and np.fmax.reduce(arg.data) <= high):
            return False
    return True


def _fail_outside(app: Application, ctx: Call, args: Sequence[Argument]) -> None:
    for place, (name, arg) in enumerate(zip(app.names, args, strict=True)):
        limits = app.function.domain.get(name)
        if limits is None:
            continue
        low, high = limits
        data = arg.data if isinstance(arg, Column) else np.asarray(arg.value)
        note = f"{ctx.function}: {name} {{{place}}} is outside {low:g} … {high:g}"
        with np.errstate(invalid="ignore"):
            ctx.fail((data < low) | (data > high), "RANGE", note)


def _fail_not_finite(function: Function, ctx: Call, out: Any, null: Mask | None, args: Sequence[Argument]) -> None:
    if not (ctx.checked or function.fails == "finite"):
        return
    finite = np.isfinite(out)
    if finite.all():
        return
    bad = ~finite if null is None else ~finite & ~null
    for arg in args:  # NaN that came in is null, not a failure
        if isinstance(arg, Column) and arg.type.kind is Kind.FLOAT:
            bad &= ~np.isnan(arg.data)
    if ctx.null is not None:
        bad &= ~ctx.null
    ctx.fail(bad & np.isnan(out), "NUM")
    ctx.fail(bad & np.isinf(out), "OVERFLOW")


def _merge(errors: Errors | None, ctx: Call, args: Sequence[Argument]) -> Errors | None:
    """Return the arguments' errors and the call's own; a row with a null argument has none of its own."""
    own = err.first(ctx.failures)
    for arg in args:
        null = arg.nulls() if isinstance(arg, Column) and own is not None else None
        if null is not None and own is not None:
            own = own.where(~null)
    return err.first((errors, own))


def _finish(
    app: Application, out: Any, null: Mask | None, errors: Errors | None, ctx: Call, rows: int, bounds: Any
) -> Column:
    if isinstance(out, Column):
        column = out
        if null is not None:
            column = column.masked(null)
    else:
        column = wrap(app.type, out, rows, null)
    if ctx.null is not None:
        column = column.masked(ctx.null)
    if errors is not None or column.errors is not None:
        column = column.with_errors(err.first((errors, column.errors)))
    if bounds is not None and isinstance(column.data, np.ndarray):
        return Column(column.type, column.data, column.null, column.errors, bounds)
    return column


def wrap(type_: Type, out: Any, rows: int, null: Mask | None = None) -> Column:
    """Return a column of what a kernel gave: an array of any matching dtype, or one value for all rows."""
    if type_.is_arrow:
        if not isinstance(out, pa.Array):
            return Constant(type_, out).column(rows)
        column = Column(type_, out)
        return column if null is None else _mask_text(column, null)
    wanted = numpy_dtype(type_)
    array = np.asarray(out)
    if array.dtype.type is not wanted:
        array = array.astype(wanted)
    if array.ndim == 0:
        array = np.full(rows, array[()], wanted)
    if null is None:
        return Column(type_, array)
    if type_.kind is Kind.FLOAT:
        return Column(type_, np.where(null, np.nan, array))
    return Column(type_, array, null)


def _mask_text(column: Column, null: Mask) -> Column:
    if column.type.kind is not Kind.STRING:
        return column.masked(null)
    found = null_mask(column.data)
    if found is not None and not (null & ~found).any():
        return column  # most kernels of Arrow leave nulls as they are
    data = text_with_nulls(column.data, null) if found is None else None
    if data is None:
        import pyarrow.compute as pc

        data = pc.if_else(arrow_array(null), text_scalar(None), column.data)
    return Column(column.type, data)


def _own(
    app: Application,
    args: Sequence[Argument],
    env: Environment,
    rows: int,
    first_row: int,
    facts: tuple[Any, ...],
    beyond: Sequence[Errors],
    place: Array | None,
) -> Column:
    function = app.function
    ctx = Call(function.name, args, app.types, rows, env, first_row, out=place)
    errors = None
    if function.errors == "strict":
        errors = err.first(arg.errors if isinstance(arg, Column) else _spread(arg, rows) for arg in args)
    values = [app.prepared.get(place, arg) if isinstance(arg, Constant) else arg for place, arg in enumerate(args)]
    out = _attempt(app, ctx, [*facts, *values])
    if isinstance(out, Column) and out.type != app.type:
        out = out.cast(app.type)
    if isinstance(out, np.ndarray) and out.dtype == np.float64 and app.type.kind is Kind.FLOAT:
        _fail_not_finite(function, ctx, out, None, ())
    if beyond or ctx.failures or errors is not None:
        errors = err.first((errors, err.first((*beyond, *ctx.failures))))
    return _finish(app, out, None, errors, ctx, rows, None)
