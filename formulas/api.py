"""Evaluating formulas from Python: one formula, or one formula sheet, over a frame."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sheetline.formulas.ast import Call, walk
from sheetline.formulas.bind import bind_formula, bind_sheet, require
from sheetline.formulas.blocks import Workers
from sheetline.formulas.bound import BoundSheet, Scope, Shape, Space
from sheetline.formulas.diagnostics import Diagnostic, FormulaError, SheetlineError, make
from sheetline.formulas.evaluate import evaluate as evaluate_bound
from sheetline.formulas.parser import parse
from sheetline.functions.columns import Column, Constant, Table
from sheetline.functions.context import Environment
from sheetline.functions.declare import Form
from sheetline.functions.registry import REGISTRY
from sheetline.functions.types import Kind, Type

if TYPE_CHECKING:
    import pandas as pd

Errors = Literal["raise", "coerce"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CellErrors(SheetlineError, ValueError):  # noqa: N818 - the public name; several errors at once
    """Some cells of a result are error values.

    Attributes:
        count: how many.
        examples: the first of them as (column, row from 0, code, message).
    """

    def __init__(self, count: int, examples: list[tuple[str, int, str, str]]) -> None:
        self.count = count
        self.examples = examples
        shown = "; ".join(f"{column} row {row}: {code} {message}" for column, row, code, message in examples[:5])
        more = "; …" if count > 5 else ""
        super().__init__(f"{count} cell{'s are errors' if count > 1 else ' is an error'}: {shown}{more}")


def environment(timezone: str = "UTC", now: datetime | str | None = None, seed: int = 0) -> Environment:
    """Return the environment of a run.

    Args:
        timezone: IANA name of the zone for wall-clock parts and text without a zone.
        now: the clock; a datetime or ISO text, without a zone in ``timezone``; default the computer's.
        seed: the seed of random functions that have none of their own.

    Raises:
        ValueError: the zone or the clock is not possible.
    """
    from sheetline.functions.dates.zones import load_zone

    load_zone(timezone)
    if now is None:
        return Environment(timezone, time.time_ns() // 1000, seed)
    moment = datetime.fromisoformat(now) if isinstance(now, str) else now
    if moment.tzinfo is None:
        from zoneinfo import ZoneInfo

        moment = moment.replace(tzinfo=ZoneInfo(timezone))
    return Environment(timezone, (moment - EPOCH) // timedelta(microseconds=1), seed)


def constants(parameters: Mapping[str, Any] | None) -> dict[str, Constant]:
    """Return Python values as the constants that formulas see as ``$name``."""
    return {name: Constant.of(value) for name, value in (parameters or {}).items()}


def to_table(df: Any) -> Table:
    """Return a frame (pandas, Arrow, anything with the Arrow stream interface, or a mapping of columns) as a table."""
    if df is None:
        return Table({}, 1)
    if isinstance(df, Table):
        return df
    from sheetline.functions.interop import table_from_frame

    table: Table = table_from_frame(df)[0]
    return table


def _base(df: Any) -> Table:
    """Return a frame as the table underneath formulas, which look at its floats when they come to them."""
    if df is None or isinstance(df, Table):
        return to_table(df)
    from sheetline.functions.interop import table_from_frame

    table: Table = table_from_frame(df, unread=True)[0]
    return table


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula parsed and bound once, to be evaluated on many frames. Made by :func:`compile`.

    ``warnings`` are diagnostics that don't stop it, such as a constant that is taken as another type.

    >>> import sheetline as sl
    >>> double = sl.compile("#x * 2", {"x": "integer"})
    >>> str(double.type)
    'integer'
    """

    text: str
    bound: BoundSheet
    schema: Mapping[str, Type]
    env: Environment
    errors: Errors = "raise"
    threads: int | None = None
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def type(self) -> Type:
        """The type of the result."""
        return self.bound.columns["Result"].type

    def __call__(self, df: Any = None) -> Any:
        """Evaluate on a frame: a Series with the frame's index, or a scalar for an aggregate or a constant.

        Raises:
            CellErrors: some cells are errors, unless ``errors="coerce"``.
            FormulaError: a column of the schema is missing or of another type.
        """
        table = _base(df)
        _same_schema(self.bound, self.schema, table)
        return self.on_table(table, index=getattr(df, "index", None), alone=df is None)

    def on_table(self, table: Table, *, index: Any = None, alone: bool = False) -> Any:
        """Evaluate on a table of the schema; ``alone`` gives the only row's value, ``index`` is the Series' own."""
        with Workers(self.threads) as workers:
            column = evaluate_bound(self.bound, table, self.env, workers).table.columns["Result"]
        if self.errors == "raise":
            raise_errors({"Result": column})
        if self.bound.shape is Shape.AGGREGATE or alone:
            return scalar(column)
        from sheetline.functions.interop import column_to_pandas

        return column_to_pandas(column, index=index, own=_is_fresh(column, table))


def _same_schema(bound: BoundSheet, schema: Mapping[str, Type], table: Table) -> None:
    for name in sorted(bound.inputs().get(bound.base, ())):
        got = table.columns.get(name)
        if got is None:
            raise FormulaError([make("F102", None, None, name=name, columns=list(table.columns)[:12] or None)])
        if got.type != schema[name]:
            raise FormulaError([make("F132", None, None, name=name, expected=str(schema[name]), got=str(got.type))])


def _is_fresh(column: Column, base: Table) -> bool:
    """Whether a result shares no memory with the columns underneath, so that it can be handed over as it is."""
    if column.type.is_arrow:
        return False
    return isinstance(column.data, np.ndarray) and not any(
        isinstance(other.data, np.ndarray) and np.may_share_memory(column.data, other.data)
        for other in base.columns.values()
    )


def raise_errors(columns: Mapping[str, Column]) -> None:
    """Raise :class:`CellErrors` where a column holds error values."""
    count = 0
    examples: list[tuple[str, int, str, str]] = []
    for name, column in columns.items():
        found = column.errors
        if found is None:
            continue
        count += len(found)
        first = range(min(len(found), 5))
        examples += [(name, int(found.rows[k]), found.code(k), found.message(k)) for k in first]
    if count:
        raise CellErrors(count, examples)


def scalar(column: Column) -> Any:
    """Return the only value of a column as a Python value; dates as naive UTC datetimes."""
    value = column.to_list()[0]
    if value is not None and column.type.kind is Kind.DATE:
        return (EPOCH + timedelta(microseconds=value)).replace(tzinfo=None)
    return value


def evaluate(
    formula: str,
    df: Any = None,
    *,
    name: str = "Sheet",
    errors: Errors = "raise",
    timezone: str = "UTC",
    now: datetime | date | str | None = None,
    parameters: Mapping[str, Any] | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> Any:
    """Evaluate one formula over the columns of a frame.

    Args:
        formula: the formula; ``#Column`` or ``#Sheet!Column`` are the frame's columns.
        df: a pandas frame (it is not changed), an Arrow table, a mapping of columns; None for constants.
        name: what the formula may call the frame.
        errors: "raise" gives :class:`CellErrors` for error values, "coerce" makes them null.
        timezone: IANA name of the zone.
        now: the clock of NOW() and TODAY(); default the computer's.
        parameters: values of ``$name``.
        seed: the seed of random functions.
        threads: number of threads; default one a core. The result never depends on it.

    Returns:
        A Series with the frame's index; a Python value for a lone aggregate or without a frame.

    Raises:
        FormulaError: the formula is wrong: all that is wrong, with places.
        CellErrors: some cells are errors.

    >>> import sheetline as sl
    >>> sl.evaluate("ABS(-3)")
    3
    >>> sl.evaluate("GROUPSUM(#x)", {"x": [1, 2, 3]})
    6
    """
    table = _base(df)
    made = _compile(formula, table.types, name, errors, environment(timezone, _moment(now), seed), parameters, threads)
    return made.on_table(table, index=getattr(df, "index", None), alone=df is None)


def _moment(now: datetime | date | str | None) -> datetime | str | None:
    if isinstance(now, date) and not isinstance(now, datetime):
        return datetime(now.year, now.month, now.day)
    return now


def compile(
    formula: str,
    schema: Mapping[str, Any] | None = None,
    *,
    name: str = "Sheet",
    errors: Errors = "raise",
    timezone: str = "UTC",
    now: datetime | str | None = None,
    parameters: Mapping[str, Any] | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> Formula:
    """Parse and bind a formula once, for evaluating it on many frames of one schema.

    Args:
        formula: the formula.
        schema: column name → type ("integer", "float", "string", "date", "boolean", …), or a frame.
        name: what the formula may call the frame.
        errors, timezone, now, parameters, seed, threads: as in :func:`evaluate`.

    Raises:
        FormulaError: the formula is wrong.
    """
    types = _schema(schema)
    return _compile(formula, types, name, errors, environment(timezone, now, seed), parameters, threads)


def _schema(schema: Any) -> dict[str, Type]:
    if schema is None:
        return {}
    if isinstance(schema, Mapping) and all(isinstance(v, str | Type) for v in schema.values()):
        return {name: v if isinstance(v, Type) else type_of_name(v) for name, v in schema.items()}
    return dict(to_table(schema).types)


def type_of_name(name: str) -> Type:
    """Return the type of a name as it is written in workbooks: ``integer``, ``list<string>`` ….

    Raises:
        ValueError: there is no such type.
    """
    if name.startswith("list<") and name.endswith(">"):
        from sheetline.functions.types import list_of

        return list_of(type_of_name(name[5:-1]))
    try:
        kind = Kind(name)
    except ValueError:
        raise ValueError(f"there is no type {name!r}") from None
    if kind in (Kind.LIST, Kind.PAIR, Kind.NULL):
        raise ValueError(f"columns of type {name!r} can't be declared")
    return Type(kind)


def _compile(
    text: str,
    types: Mapping[str, Type],
    name: str,
    errors: Errors,
    env: Environment,
    parameters: Mapping[str, Any] | None,
    threads: int | None,
) -> Formula:
    if errors not in ("raise", "coerce"):
        raise ValueError(f'errors is "raise" or "coerce", not {errors!r}')
    scope = Scope("", name, {name: types}, {}, constants(parameters))
    bound, found = bind_formula(text, scope, env, place=None)
    require((bound, found))
    if bound.keys or bound.space not in (Space.BASE, Space.GROUPS):
        raise FormulaError([_needs_sheet(text)])
    return Formula(text, bound, dict(types), env, errors, threads, tuple(found))


def _needs_sheet(text: str) -> Diagnostic:
    """Say which function of a formula gives rows of its own."""
    hint = "it makes rows of its own: use it in a formula sheet (evaluate_sheet in Python)"
    for node in walk(parse(text)):
        function = REGISTRY.get(node.name) if isinstance(node, Call) else None
        if function is not None and function.form in (Form.KEY, Form.SERIES, Form.EXPAND) and isinstance(node, Call):
            words = {"function": function.name, "place": "a single formula"}
            return make("F127", node.name_span, text, hint, **words)
    return make("F127", None, text, hint, function="a group function", place="a single formula")


def evaluate_sheet(
    formulas: Mapping[str, str],
    df: Any = None,
    *,
    name: str = "Sheet",
    errors: Errors = "raise",
    timezone: str = "UTC",
    now: datetime | date | str | None = None,
    parameters: Mapping[str, Any] | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> pd.DataFrame:
    """Evaluate one formula sheet over a frame: row, aggregate or series formulas, as in a workbook.

    Args:
        formulas: column name → formula, in order; they may use one another.
        df: the frame underneath, which formulas may call ``#name!Column``; None means one row.
        name: what formulas may call the frame.
        errors, timezone, now, parameters, seed, threads: as in :func:`evaluate`.

    Returns:
        A new frame with a fresh index.

    Raises:
        FormulaError: formulas are wrong: all that is wrong, with places.
        CellErrors: some cells are errors, unless ``errors="coerce"``.

    >>> import sheetline as sl
    >>> rows = {"user": ["Ajay", "Mary", "Ajay"], "t": [1, 2, 30]}
    >>> sheet = sl.evaluate_sheet({"who": "GROUPBY(#user)", "first": "GROUPMIN(#t)"}, rows)
    >>> sheet["first"].tolist()
    [1, 2]
    """
    if errors not in ("raise", "coerce"):
        raise ValueError(f'errors is "raise" or "coerce", not {errors!r}')
    table = _base(df)
    env = environment(timezone, _moment(now), seed)
    own = "" if name != "" else "Result"
    bound = require(bind_sheet(formulas, Scope(own, name, {name: table.types}, {}, constants(parameters)), env))
    with Workers(threads) as workers:
        result = evaluate_bound(bound, table, env, workers).table
    if errors == "raise":
        raise_errors(result.columns)
    from sheetline.functions.interop import table_to_pandas

    return table_to_pandas(result, own=all(_is_fresh(column, table) for column in result.columns.values()))
