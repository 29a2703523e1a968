"""Tracing and explaining what a run gave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sheetline.functions.columns import Column
from sheetline.workbook.trace.model import Context, Trace, TracedSheet
from sheetline.workbook.trace.tracing import Made, Tracer, unknown_column

if TYPE_CHECKING:
    from sheetline.workbook.run import Run


def trace_run(run: Run, sheet: str, row: int, column: str | None) -> Trace:
    """Return the trace of a row or cell; see :meth:`Run.trace`."""
    tracer = tracer_of(run)
    made, place = placed(tracer, sheet, row, column)
    behind = tracer.behind(made, sheet, place, column)
    kinds = {one.name: one.kind for one in run.plan.workbook.sheets}
    sheets = {}
    for name, rows in behind.rows.items():
        table = made.tables[name]
        columns = tuple(behind.columns[name]) if column is None or name != sheet else (column,)
        if tracer.plan.steps[name].open_schema and column is None:
            columns = tuple(table.columns)
        context = tuple(Context(why, by, some) for (why, by), some in rows.context.items())
        sheets[name] = TracedSheet(name, kinds[name], rows.values, context, columns, table, tracer.plan.steps[name])
    return Trace(
        sheet, place, column, sheets, tuple(behind.whole), changed_since(run, sheet, made), run.plan.env.timezone
    )


def tracer_of(run: Run) -> Tracer:
    """Return what traces rows of a run; what it makes is kept for the next question."""
    if run.tracer is None:
        run.tracer = Tracer(run.plan, run.options)
    return run.tracer


def placed(tracer: Tracer, sheet: str, row: int, column: str | None) -> tuple[Made, int]:
    """Return a sheet made again, and the number of the row, from 0; negative numbers count from the end.

    Raises:
        WorkbookError: there is no such sheet or column.
        IndexError: there is no such row.
    """
    made = tracer.made(sheet, tracer.columns(sheet, column))
    table = made.tables[sheet]
    if column is not None and column not in table.columns:
        raise unknown_column(sheet, column, table.columns)
    if not -table.rows <= row < table.rows:
        has = f"{table.rows:,} row{'' if table.rows == 1 else 's'}"
        raise IndexError(f"sheet '{sheet}' has no row {row}: it has {has}, counted from 0")
    return made, row % table.rows


def changed_since(run: Run, sheet: str, made: Made) -> tuple[str, ...]:
    """Say whether a sheet that was made again is other than the run has it: its sources have changed since."""
    then = run.results.get(sheet)
    if then is None:
        return ()
    now, old = made.tables[sheet], then.table
    if now.rows != old.rows:
        return (f"sheet '{sheet}' had {old.rows:,} rows and has {now.rows:,} now: a source has changed since the run",)
    other = [
        name for name, column in now.columns.items() if name in old.columns and not same(column, old.columns[name])
    ]
    if other:
        names = ", ".join(f"'{name}'" for name in other)
        return (f"sheet '{sheet}' has other values in {names} now: a source has changed since the run",)
    return ()


def same(one: Column, two: Column) -> bool:
    """Whether two columns hold the same: type, values, nulls, and codes and rows of errors."""
    if one.type != two.type or len(one) != len(two):
        return False
    null_one, null_two = one.valid(), two.valid()
    if not np.array_equal(null_one, null_two) or not _same_errors(one, two):
        return False
    one, two = one.plain(), two.plain()
    if isinstance(one.data, np.ndarray):
        return bool(np.array_equal(one.data[null_one], two.data[null_two]))
    return bool(one.data.equals(two.data))


def _same_errors(one: Column, two: Column) -> bool:
    if one.errors is None or two.errors is None:
        return not any(found is not None and len(found) for found in (one.errors, two.errors))
    return np.array_equal(one.errors.rows, two.errors.rows) and np.array_equal(one.errors.codes, two.errors.codes)
