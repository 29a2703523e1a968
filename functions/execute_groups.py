"""Calling the kernels that look at groups and whole columns: aggregates, series, keys, expansions, fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sheetline.functions import errors as err
from sheetline.functions.columns import Column, Constant
from sheetline.functions.context import Call, Environment
from sheetline.functions.errors import Errors, Ints
from sheetline.functions.execute import Application, Argument, _cast, wrap
from sheetline.functions.grouped import grouped
from sheetline.functions.groups import Groups, GroupValues, Order


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What a series gives that does not keep the rows: its values, where each row comes from, the offsets.

    Attributes:
        column: the values, one for each row that it makes.
        source: for each row the place, in the order, of the record it belongs to (for the other columns).
        offsets: where each group starts in the rows made; n+1 numbers.
        extra: mask of rows added behind a group's records (paths), or None.
    """

    column: Column
    source: Ints
    offsets: Ints
    extra: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class Expansion:
    """What an expanding function gives: ``counts[i]`` values for row i, one row after the other."""

    column: Column
    counts: Ints


def _arguments(app: Application, args: Sequence[Argument]) -> list[Argument]:
    return [_cast(arg, type_) for arg, type_ in zip(args, app.types, strict=True)]


def _context(app: Application, args: Sequence[Argument], rows: int, env: Environment) -> Call:
    return Call(app.function.name, args, app.types, rows, env, checked=True)


def _run(app: Application, ctx: Call, values: Sequence[Any]) -> Any:
    keywords = {"ctx": ctx} if app.kernel.takes_ctx else {}
    with np.errstate(all="ignore"):
        return app.kernel.run(*values, **keywords)


def _constant(app: Application, place: int, arg: Constant) -> Any:
    return app.prepared.get(place, arg.value)


def call_aggregate(app: Application, args: Sequence[Argument], groups: Groups, env: Environment) -> Column:
    """Apply an aggregate; the result has one row a group.

    A strict kernel gets a :class:`Grouped` for each row argument (rows with a null in any of them are left
    out) and plain values for constants; with ``nulls="own"`` it gets columns, and ``ctx.groups``.
    A group that holds an error gives its first error; one without values gives null (see ``empty``).
    """
    function = app.function
    # an argument of the right type stays the very same object: groups remember their orderings of it
    cast = [arg if arg.type == type_ else _cast(arg, type_) for arg, type_ in zip(args, app.types, strict=True)]
    rows = groups.rows
    columns = [
        arg.column(rows) if isinstance(arg, Constant) and not _is_const(app, i) else arg for i, arg in enumerate(cast)
    ]
    errors = None
    if function.errors == "strict":
        errors = _first_of_group(err.first(c.errors for c in columns if isinstance(c, Column)), groups)
    ctx = _context(app, (), groups.count, env)
    ctx.groups = groups
    row_columns = [c for c in columns if isinstance(c, Column)]
    constants = [c for c in columns if isinstance(c, Constant)]
    if function.nulls == "strict" and any(c.value is None for c in constants):
        spread = (None if c.errors is None else c.errors.take(np.zeros(groups.count, np.int64), 1) for c in constants)
        return Column.nulls_of(app.type, groups.count).with_errors(err.first((errors, *spread)))
    sizes: Any = None
    values: list[Any]
    if function.nulls == "own" or not row_columns:
        values = [c if isinstance(c, Column) else _constant(app, i, c) for i, c in enumerate(columns)]
    else:
        given = {id(arg) for arg in args}
        made = grouped(groups, row_columns, remember=all(id(column) in given for column in row_columns))
        sizes, rest = made[0].sizes, iter(made)
        values = [next(rest) if isinstance(c, Column) else _constant(app, i, c) for i, c in enumerate(columns)]
    out = _run(app, ctx, values)
    column = out if isinstance(out, Column) else wrap(app.type, out, groups.count)
    if column.type != app.type:
        column = column.cast(app.type)
    if sizes is not None and function.empty == "null" and (sizes == 0).any():
        column = column.masked(sizes == 0)
    return _with_failures(column, errors, ctx)


def _is_const(app: Application, place: int) -> bool:
    parameters = app.kernel.signature.parameters
    places = app.kernel.signature.places(len(app.types)) or parameters
    return places[place].const


def _first_of_group(errors: Errors | None, groups: Groups) -> Errors | None:
    if errors is None:
        return None
    found, index = np.unique(groups.codes[errors.rows], return_index=True)
    return errors.pick(index, found)


def _with_failures(column: Column, errors: Errors | None, ctx: Call) -> Column:
    if isinstance(column.data, np.ndarray) and column.data.dtype == np.float64:
        ctx.fail(np.isinf(column.data), "OVERFLOW")
    if ctx.null is not None:
        column = column.masked(ctx.null)
    merged = err.first((errors, column.errors, *ctx.failures))
    return column if merged is None else column.with_errors(merged)


def call_series(app: Application, args: Sequence[Argument], order: Order, env: Environment) -> Column | Rows:
    """Apply a series; row arguments stand in the order of ``order`` already.

    The kernel gets columns (with their nulls and errors) and plain values for constants, and ``ctx.order``.
    It gives a column, or :class:`Rows` when it does not keep the rows; errors are its own matter. A constant
    that is null or an error gives that on every row, unless null is the parameter's default.
    """
    cast = _arguments(app, args)
    rows = len(order.rows)
    ctx = _context(app, cast, rows, env)
    ctx.order = order
    values: list[Any] = []
    for place, arg in enumerate(cast):
        if isinstance(arg, Constant) and _is_const(app, place):
            if arg.value is None and not _may_be_null(app, place):
                return _without_values(app, arg, order)
            values.append(_constant(app, place, arg))
        else:
            values.append(arg.column(rows) if isinstance(arg, Constant) else arg)
    out = _run(app, ctx, values)
    if isinstance(out, Rows):
        return out
    column = out if isinstance(out, Column) else wrap(app.type, out, rows)
    if column.type != app.type:
        column = column.cast(app.type)
    return _with_failures(column, None, ctx)


def _may_be_null(app: Application, place: int) -> bool:
    parameter = app.kernel.signature.parameters[place]
    return parameter.optional and parameter.default is None


def _without_values(app: Application, constant: Constant, order: Order) -> Column | Rows:
    """Return what a series gives for a constant without a value: nulls, or its error, on the records."""
    rows = len(order.rows)
    column = Column.nulls_of(app.type, rows)
    if constant.errors is not None:
        column = column.with_errors(constant.errors.take(np.zeros(rows, np.int64), 1))
    return column if app.function.rows == "same" else Rows(column, np.arange(rows), order.offsets)


def call_key(
    app: Application, args: Sequence[Argument], groups: Groups | None, rows: int, env: Environment, threads: int = 1
) -> tuple[Groups, Column | GroupValues]:
    """Apply a grouping key: ``kernel(groups, *args)`` gives the refined groups and the key, for each row or group.

    ``groups`` are those of the keys before it, None for the first key.
    """
    cast = [arg if arg.type == type_ else _cast(arg, type_) for arg, type_ in zip(args, app.types, strict=True)]
    ctx = _context(app, cast, rows, env)
    ctx.groups, ctx.threads = groups, threads
    values: list[Any] = []
    for place, arg in enumerate(cast):
        if isinstance(arg, Constant) and _is_const(app, place):
            values.append(_constant(app, place, arg))
        else:
            values.append(arg.column(rows) if isinstance(arg, Constant) else arg)
    result: tuple[Groups, Column | GroupValues] = _run(app, ctx, [groups, *values])
    return result


def call_expand(app: Application, args: Sequence[Argument], rows: int, env: Environment) -> Expansion:
    """Apply an expansion: the kernel gives :class:`Expansion`; a row with a null or an error gives one row of it.

    The kernel never sees rows with nulls: they are taken out before and put back as one null (or error) row.
    """
    cast = _arguments(app, args)
    columns = [
        arg.column(rows) if isinstance(arg, Constant) and not _is_const(app, i) else arg for i, arg in enumerate(cast)
    ]
    errors = err.first(c.errors for c in columns if isinstance(c, Column))
    null = np.zeros(rows, np.bool_)
    for column in columns:
        if isinstance(column, Column):
            more = column.nulls()
            if more is not None:
                null |= more
        elif column.value is None:
            null[:] = True
    some = np.flatnonzero(~null)
    values = [c.take(some) if isinstance(c, Column) else _constant(app, i, c) for i, c in enumerate(columns)]
    ctx = _context(app, values, len(some), env)
    ctx.args = [v if isinstance(v, Column) else c for v, c in zip(values, columns, strict=True)]
    made: Expansion = _run(app, ctx, values)
    own = err.first(ctx.failures)
    failed = np.zeros(len(some), np.bool_) if own is None else own.mask(len(some))
    counts = np.ones(rows, np.int64)
    given = np.where(failed, 0, made.counts)
    empty = given == 0
    counts[some] = np.where(empty, 1, given)
    if failed.any():
        keep = np.repeat(~failed, made.counts)
        made = Expansion(made.column.filter(keep), given)
    # rows without a value of their own take one null row
    has_value = np.zeros(rows, np.bool_)
    has_value[some[~empty]] = True
    source = np.full(int(counts.sum()), -1, np.int64)
    source[np.repeat(has_value, counts)] = np.arange(len(made.column))
    column = made.column.take(source, missing=True)
    starts = np.cumsum(counts) - counts
    if own is not None:
        own = own.pick(np.arange(len(own)), some[own.rows])
    merged = err.first((errors, own))
    if merged is not None:
        column = column.with_errors(merged.pick(np.arange(len(merged)), starts[merged.rows]))
    return Expansion(column, counts)


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A whole-column function fitted: the facts, or the error that every row gets."""

    facts: Any
    errors: Errors | None = None  #: one error, at row 0


def fit(app: Application, args: Sequence[Argument], env: Environment) -> Fit:
    """Fit a whole-column function to its column arguments (those of ``fit_on``, as widened)."""
    chosen = [place for place, name in enumerate(app.names) if name in app.function.fit_on]
    cast = _arguments(app, args)
    values: list[Any] = []
    for place in chosen:
        arg = cast[place]
        if isinstance(arg, Column):
            if arg.errors is not None and app.function.errors == "strict":
                return Fit(None, arg.errors.pick(np.array([0]), np.array([0])))
            values.append(arg)
        else:
            values.append(_constant(app, place, arg))
    rows = max((len(v) for v in values if isinstance(v, Column)), default=0)
    ctx = _context(app, cast, rows, env)
    assert app.kernel.fit is not None
    with np.errstate(all="ignore"):
        return Fit(app.kernel.fit(ctx, *values))
