"""What a workbook's rules say about a finished sheet: the error modes "fail" and "drop", and broken expectations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sheetline.functions.columns import Column, Table
from sheetline.functions.errors import Mask
from sheetline.workbook.report import RunReport, SheetReport, columns_report
from sheetline.workbook.run import DataError
from sheetline.workbook.steps import Notice


def judge(sheet: SheetReport, report: RunReport, table: Table) -> None:
    """Stop at a sheet with an error, as the mode "fail" wants.

    Raises:
        DataError: the sheet has one.
    """
    if sheet.errors == 0:
        return
    first = next((c for c in sheet.columns if c.errors), None)
    if first is not None:
        rows = _rows_of(table.columns[first.name])
        said = first.examples[0].message if first.examples else ""
        many = f"{first.errors:,} errors, in rows" if first.errors > 1 else "an error in row"
        message = f"sheet '{sheet.name}', column '{first.name}': {many} {rows}: {said}"
    else:
        said = sheet.removed_examples[0].message if sheet.removed_examples else ""
        rows = ", ".join(str(one.row) for one in sheet.removed_examples[:10])
        rows += ", …" if sheet.removed > 10 else ""
        many = f"{sheet.removed:,} rows underneath ({rows})" if sheet.removed > 1 else f"row {rows} underneath"
        message = f"sheet '{sheet.name}': the condition is an error in {many}: {said}"
    raise DataError(message + '; errors.mode is "fail"', report)


def _rows_of(column: Column) -> str:
    assert column.errors is not None
    rows = [str(row + 1) for row in column.errors.rows[:10].tolist()]
    return ", ".join(rows) + (", …" if len(column.errors) > 10 else "")


def drop_errors(table: Table, report: SheetReport, most: int) -> Table:
    """Return the table without rows that hold an error; the report counts them and shows the first."""
    bad: Mask | None = None
    for column in table.columns.values():
        if column.errors is not None:
            mask = column.errors.mask(table.rows)
            bad = mask if bad is None else bad | mask
    if bad is None:
        return table
    kept = table.take(np.flatnonzero(~bad))
    report.rows = kept.rows
    after = columns_report(kept, 0)  # nulls of the rows that are left; errors and examples of those that are not
    report.columns = [replace(old, nulls=new.nulls) for old, new in zip(report.columns, after, strict=True)]
    count = int(bad.sum())
    words = f"{count:,} rows with an error were dropped" if count > 1 else "1 row with an error was dropped"
    report.notices.append(Notice("info", words, count))
    return kept


def broken_expectations(report: RunReport) -> str | None:
    """Return a sentence for the expectations that the data broke, or None."""
    broken = report.broken
    if not broken:
        return None
    return "; ".join(f"sheet '{name}': {notice.message}" for name, notice in broken)
