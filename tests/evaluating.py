"""Evaluates formulas and small sheets in tests, giving plain Python values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from calling import values

from sheetline.formulas.bind import bind_sheet, require
from sheetline.formulas.blocks import Workers
from sheetline.formulas.bound import Scope
from sheetline.formulas.evaluate import evaluate
from sheetline.functions.columns import Column, Constant, Table
from sheetline.functions.context import Environment
from sheetline.functions.declare import Example
from sheetline.functions.types import Kind, Type

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(text: str) -> int:
    """Microseconds since the epoch of ISO text; without a zone UTC."""
    moment = datetime.fromisoformat(text)
    delta = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def iso(value: Any) -> Any:
    """ISO text of an instant, as UTC wall clock; milliseconds only where there are any."""
    if not isinstance(value, int):
        return value
    moment = EPOCH + timedelta(microseconds=value)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    return text + (f".{moment.microsecond // 1000:03d}" if moment.microsecond else "")


def sheet(
    formulas: Mapping[str, str],
    rows: Mapping[str, Sequence[Any] | Column] | None = None,
    *,
    name: str = "Sheet",
    env: Environment | None = None,
    parameters: Mapping[str, Any] | None = None,
    types: Mapping[str, Type] | None = None,
    workers: Workers | None = None,
) -> dict[str, Column]:
    """Evaluate a formula sheet over columns given as Python lists; without rows over one row."""
    env = env or Environment()
    types = types or {}
    columns = {key: v if isinstance(v, Column) else Column.of(v, types.get(key)) for key, v in (rows or {}).items()}
    table = Table.of(columns) if columns else Table({}, 1)
    scope = Scope("Result", name, {name: table.types}, {}, {k: Constant.of(v) for k, v in (parameters or {}).items()})
    bound = require(bind_sheet(formulas, scope, env))
    with workers or Workers() as pool:
        return dict(evaluate(bound, table, env, pool).table.columns)


def plain(column: Column) -> list[Any]:
    """Python values with Failure for errors; dates as ISO text of their UTC wall clock."""
    found = values(column)
    return [iso(value) for value in found] if column.type.kind is Kind.DATE else found


def evaluate_example(example: Example) -> list[Any]:
    """The values of a declaration's example."""
    env = Environment(timezone=example.timezone, now=0 if example.now is None else instant(example.now), seed=7)
    rows: dict[str, Any] | None = None
    if example.rows is not None:
        rows = {key: list(column) for key, column in example.rows.items()}
    columns = sheet({**(example.formulas or {}), "Result": example.formula}, rows, env=env)
    column = columns["Result"]
    return plain(column) if example.date else values(column)
