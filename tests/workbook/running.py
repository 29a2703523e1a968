"""Binds and runs sheets over small tables, one after the other and without a plan: for tests of single kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from calling import values

from sheetline.formulas.blocks import Workers
from sheetline.formulas.diagnostics import Diagnostic, WorkbookError
from sheetline.functions.columns import Column, Constant, Table
from sheetline.functions.context import Environment
from sheetline.functions.types import Type
from sheetline.workbook.model.base import SheetBase
from sheetline.workbook.model.reading import read_sheet
from sheetline.workbook.problems import Path
from sheetline.workbook.steps import BindContext, RunContext, Step, StepResult

Sheets = Sequence[SheetBase | Mapping[str, Any]]


def table(columns: Mapping[str, Sequence[Any] | Column], types: Mapping[str, Type] | None = None) -> Table:
    """A table of Python lists; the types of some columns may be given."""
    types = types or {}
    return Table.of({n: c if isinstance(c, Column) else Column.of(c, types.get(n)) for n, c in columns.items()})


def sheet_of(sheet: SheetBase | Mapping[str, Any]) -> SheetBase:
    """The model of a sheet that may be written as in the file."""
    if isinstance(sheet, SheetBase):
        return sheet
    model, problems = read_sheet(sheet, ())
    assert model is not None, problems
    return model


@dataclass
class Running:
    """Everything that became of the sheets, by name; ``found`` is what was wrong, with its path in the sheet."""

    tables: dict[str, Table]
    steps: dict[str, Step] = field(default_factory=dict)
    results: dict[str, StepResult] = field(default_factory=dict)
    found: list[tuple[str, Path, Diagnostic]] = field(default_factory=list)


def run_all(
    sheets: Sheets,
    tables: Mapping[str, Table],
    *,
    env: Environment | None = None,
    parameters: Mapping[str, Any] | None = None,
    threads: int = 2,
    columns: Sequence[str] | None = None,
    bind_only: bool = False,
) -> Running:
    """Bind and run the sheets in the order given; those over sheets with mistakes are left out.

    Each step sees only the columns it says it needs. ``columns`` are those wanted of the last sheet.
    """
    env = env or Environment()
    constants = {name: Constant.of(value) for name, value in (parameters or {}).items()}
    out = Running(dict(tables))
    schemas: dict[str, Mapping[str, Type]] = {name: t.types for name, t in tables.items()}
    with Workers(threads) as workers:
        models = [sheet_of(sheet) for sheet in sheets]
        for model in models:
            if not all(name in schemas for name in model.inputs):
                continue
            is_open = frozenset(name for name, step in out.steps.items() if step.open_schema)
            ctx = BindContext(model.name, schemas, constants, env, open_sheets=is_open)
            step = model.bind(ctx)
            out.found += [(model.name, path, one) for path, one in ctx.found]
            if step is None:
                assert ctx.found, "a sheet that can't be bound says why"
                continue
            assert not [one for _, one in ctx.found if one.severity == "error"]
            out.steps[model.name] = step
            schemas[model.name] = step.schema
            if bind_only:
                continue
            last = model is models[-1] and columns is not None
            result = _run(
                step, columns if last and columns is not None else list(step.schema), out.tables, env, workers
            )
            out.results[model.name] = result
            out.tables[model.name] = result.table
    return out


def _run(
    step: Step, columns: Sequence[str], tables: Mapping[str, Table], env: Environment, workers: Workers
) -> StepResult:
    seen: dict[str, Table] = {}
    for name, needed in step.needs(columns).items():
        whole = tables[name]
        kept = [column for column in whole.columns if column in needed]
        if step.open_schema:
            kept = [c for c in whole.columns if c in needed or c not in step.schema]
        seen[name] = Table({column: whole.columns[column] for column in kept}, whole.rows)
    ctx = RunContext(env, workers, lambda sheet, column: tables[sheet].columns[column])
    result = step.run(seen, columns, ctx)
    made = result.table
    assert list(made.columns)[: len(columns)] == list(columns) or step.open_schema
    assert step.open_schema or len(made.columns) == len(columns)
    for name, column in made.columns.items():
        assert len(column) == made.rows
        assert column.type == step.schema.get(name, column.type), name
        if column.errors is not None:
            assert not column.valid()[column.errors.rows].any(), "an error's row is null"
    return result


def run_sheets(sheets: Sheets, tables: Mapping[str, Table], **options: Any) -> dict[str, Table]:
    """The tables of all sheets by name; raises WorkbookError where a sheet is wrong."""
    out = run_all(sheets, tables, **options)
    if out.found:
        raise WorkbookError([one for _, _, one in out.found])
    return out.tables


def run_one(sheet: SheetBase | Mapping[str, Any], tables: Mapping[str, Table], **options: Any) -> Table:
    """The table of one sheet."""
    return run_sheets([sheet], tables, **options)[sheet_of(sheet).name]


def plain(made: Table) -> dict[str, list[Any]]:
    """Python values by column: None for null, Failure for errors, dates as µs."""
    return {name: values(column) for name, column in made.columns.items()}


def problems(sheets: Sheets, tables: Mapping[str, Table], **options: Any) -> list[tuple[Path, str, str]]:
    """What is wrong with the sheets: path in the sheet, code, message with hint."""
    out = run_all(sheets, tables, bind_only=True, **options)
    return [(path, one.code, f"{one.message} | {one.hint or ''}") for _, path, one in out.found]
