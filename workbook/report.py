"""What a run tells: sheets, rows, columns, errors with examples, seconds, and the files it wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from sheetline.functions.columns import Column, Table
from sheetline.functions.errors import Errors
from sheetline.workbook.steps import Notice


@dataclass(frozen=True, slots=True)
class ErrorExample:
    """One error value: its row in the sheet (from 1), its code and its message, which quotes the input."""

    row: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ColumnReport:
    """A column of a sheet: its type, nulls (errors not counted), errors, and examples of these."""

    name: str
    type: str
    nulls: int
    errors: int
    examples: tuple[ErrorExample, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckExample:
    """A row (from 1) that breaks a check, and its values there as text: null as None, an error as # and its code."""

    row: int
    values: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What came out of a check.

    Attributes:
        name: what it is called: its name in the workbook, or its kind and columns.
        kind: its kind.
        severity: "fail" or "warn".
        status: "passed", "broken", or "skipped" where it could not be made; ``note`` says why.
        says: what must be true.
        count: how many rows break it; of a number of rows, how many are too many or too few.
        allowed: how many rows may break it.
        rows: the rows of the sheet.
        examples: the first rows that break it.
        note: what else is to be said.
    """

    name: str
    kind: str
    severity: str
    status: str
    says: str
    count: int = 0
    allowed: int = 0
    rows: int = 0
    examples: tuple[CheckExample, ...] = ()
    note: str = ""

    @property
    def words(self) -> str:
        """What came out, in words.

        >>> CheckReport("c", "range", "fail", "broken", "Speed is at most 130", 2, 1, 1000).words
        '2 of 1,000 rows do not fulfil "Speed is at most 130" (1 may)'
        """
        if self.kind == "rows":
            return f'{_rows(self.rows)}{f", {self.note}" if self.note else ""}: "{self.says}"'
        may = f" ({self.allowed:,} may)" if self.allowed else ""
        do = "does" if self.count == 1 else "do"
        return f'{self.count:,} of {_rows(self.rows)} {do} not fulfil "{self.says}"{may}'


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"


@dataclass(slots=True)
class SheetReport:
    """What one sheet did.

    Attributes:
        rows: rows of the sheet. In mode "drop" rows with an error are not among them: a notice tells how many, and
            the columns tell their errors. Of a Parquet file row groups that were not read are among them: a notice
            tells how many, and of which columns their nulls are not.
        removed: rows whose condition is an error (filters).
        not_read: columns that nobody needed, so they were neither read nor computed.
        cached: columns that were taken from the cache.
        why: with a cache, why columns were made, or that all were taken.
        bytes: what its columns take in memory; 0 for a sheet that was only ever there in parts.
        checks: what came out of its checks, in their order; those that look at a later sheet come when it is there.
    """

    name: str
    kind: str
    rows: int
    seconds: float
    columns: list[ColumnReport]
    not_read: list[str]
    removed: int = 0
    removed_examples: list[ErrorExample] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    checks: list[CheckReport] = field(default_factory=list)
    cached: list[str] = field(default_factory=list)
    why: str = ""
    bytes: int = field(default=0, compare=False)

    @property
    def errors(self) -> int:
        """Error values in the sheet, and rows removed for one."""
        return sum(column.errors for column in self.columns) + self.removed


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written; ``errors`` counts error values, which stand there as null."""

    sheet: str
    path: str
    rows: int
    errors: int = 0
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class RunReport:
    """What a whole run did."""

    workbook: str
    sheets: list[SheetReport] = field(default_factory=list)
    outputs: list[Written] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def broken(self) -> list[tuple[str, Notice]]:
        """Expectations that the data broke, and checks of severity "fail", with their sheets."""
        found = [(s.name, n) for s in self.sheets for n in s.notices if n.severity == "broken"]
        failed = [(name, one) for name, one in self.checks if one.status == "broken" and one.severity == "fail"]
        return found + [(name, Notice("broken", f"check {one.name}: {one.words}", one.count)) for name, one in failed]

    @property
    def checks(self) -> list[tuple[str, CheckReport]]:
        """What came out of all checks, with their sheets."""
        return [(sheet.name, one) for sheet in self.sheets for one in sheet.checks]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        return asdict(self)

    def sheet(self, name: str) -> SheetReport:
        """Return the report of one sheet.

        Raises:
            KeyError: the run did not compute it.
        """
        for sheet in self.sheets:
            if sheet.name == name:
                return sheet
        raise KeyError(name)


def examples(errors: Errors | None, most: int) -> tuple[ErrorExample, ...]:
    """Return the first ``most`` errors, rendered."""
    if errors is None:
        return ()
    return tuple(
        ErrorExample(int(errors.rows[place]) + 1, errors.code(place), errors.message(place))
        for place in range(min(len(errors), most))
    )


def null_count(column: Column) -> int:
    """Return the number of nulls of a column, errors not counted."""
    null = column.nulls()
    errors = 0 if column.errors is None else len(column.errors)
    return 0 if null is None else int(np.count_nonzero(null)) - errors


def column_report(name: str, column: Column, most: int) -> ColumnReport:
    """Return the report of one column with up to ``most`` examples of its errors."""
    errors = 0 if column.errors is None else len(column.errors)
    return ColumnReport(name, str(column.type), null_count(column), errors, examples(column.errors, most))


def columns_report(
    table: Table, most: int, unread: Mapping[str, int | None] = MappingProxyType({})
) -> list[ColumnReport]:
    """Return the reports of all columns of a table; ``unread``: nulls in rows that are known without being read."""
    found = [column_report(name, column, most) for name, column in table.columns.items()]
    return [replace(one, nulls=one.nulls + (unread.get(one.name) or 0)) for one in found] if unread else found
