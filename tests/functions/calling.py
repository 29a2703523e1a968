"""Calls declared functions directly on small columns, without formulas: for tests of kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sheetline.functions.columns import Column, Constant
from sheetline.functions.context import Environment
from sheetline.functions.declare import Failure, Form
from sheetline.functions.execute import Argument, armed, call
from sheetline.functions.execute_groups import (
    Rows,
    call_aggregate,
    call_expand,
    call_key,
    call_series,
    fit,
)
from sheetline.functions.groups import Groups, on_rows, values_of_groups
from sheetline.functions.ordering import sort_key
from sheetline.functions.registry import REGISTRY
from sheetline.functions.resolve import resolve

ENV = Environment()


def argument(value: Any) -> Argument:
    """A list is a column, anything else (also a Column or Constant) stands for itself."""
    if isinstance(value, Column | Constant):
        return value
    return Column.of(value) if isinstance(value, list) else Constant.of(value)


def values(column: Column) -> list[Any]:
    """Python values of a column, with :class:`Failure` for error values; NaN never occurs."""
    out = column.to_list()
    if column.errors is not None:
        for position, row in enumerate(column.errors.rows.tolist()):
            assert out[row] is None, "an error's row must be null"
            assert column.errors.message(position)
            out[row] = Failure(column.errors.code(position))
    return out


def apply(
    name: str,
    *args: Any,
    env: Environment = ENV,
    groups: Sequence[int] | None = None,
    order: Sequence[Any] | None = None,
    raw: bool = False,
) -> Any:
    """Apply a function: lists are columns, the rest constants.

    ``groups`` (a number for each row, in order of first appearance) for aggregates and series; a series'
    result comes in the order of groups, inside each by ``order``. Returns Python values (see :func:`values`),
    or with ``raw`` the Column / Rows / Expansion itself.
    """
    function = REGISTRY.get(name)
    assert function is not None, name
    given = [argument(arg) for arg in args]
    app, defaults = resolve(function, [g.type for g in given], [g if isinstance(g, Constant) else None for g in given])
    given += defaults
    rows = max((len(g) for g in given if isinstance(g, Column)), default=1 if groups is None else len(groups))
    made_groups = (
        Groups.single(rows) if groups is None else Groups(np.asarray(groups, np.int64), max(groups, default=-1) + 1)
    )
    result: Any
    if function.form is Form.ELEMENT:
        if not any(isinstance(g, Column) for g in given) and given:
            given = [g if is_const(app, i) else g.column(1) for i, g in enumerate(given)]
        with armed():
            result = call(app, given, env, rows)
    elif function.form is Form.FITTED:
        fitted = fit(app, given, env)
        if fitted.errors is not None:
            result = Column.nulls_of(app.type, rows, fitted.errors.take(np.zeros(rows, np.int64), 1))
        else:
            chosen = [i for i, n in enumerate(app.names) if n in function.apply_on]
            part = type(app)(
                function,
                app.kernel,
                tuple(app.types[i] for i in chosen),
                app.type,
                {k: app.prepared[i] for k, i in enumerate(chosen) if i in app.prepared},
                tuple(app.names[i] for i in chosen),
            )
            with armed():
                result = call(part, [given[i] for i in chosen], env, rows, 0, (fitted.facts,))
    elif function.form is Form.REDUCE:
        result = call_aggregate(app, given, made_groups, env)
    elif function.form is Form.SERIES:
        keys = [] if order is None else [sort_key(Column.of(order))]
        in_order = made_groups.ordered_by(keys)
        given = [g.take(in_order.rows) if isinstance(g, Column) else g for g in given]
        result = call_series(app, given, in_order, env)
    elif function.form is Form.KEY:
        refined, key = call_key(app, given, None if groups is None else made_groups, rows, env)
        return (refined.codes.tolist(), values(values_of_groups(key, refined))) if not raw else (refined, on_rows(key))
    else:
        result = call_expand(app, given, rows, env)
    if raw:
        return result
    return values(result.column if isinstance(result, Rows) or not isinstance(result, Column) else result)


def is_const(app: Any, place: int) -> bool:
    """Whether the parameter at ``place`` is declared constant."""
    places = app.kernel.signature.places(len(app.types)) or app.kernel.signature.parameters
    return bool(places[place].const)
