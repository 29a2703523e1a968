"""Distinct sheets: one row for each combination of values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from sheetline.formulas.bound import ROWS, Reference
from sheetline.functions.columns import Column, Table
from sheetline.functions.errors import Ints
from sheetline.functions.groups import Groups
from sheetline.workbook.model.base import DerivedSheet, Names, repeated
from sheetline.workbook.problems import Problem, problem
from sheetline.workbook.relational import gather, passed
from sheetline.workbook.rowmaps import RowMap, grouped
from sheetline.workbook.steps import BindContext, RunContext, Schema, Step, StepResult, with_rows


class DistinctSheet(DerivedSheet):
    """One row for each combination of values."""

    kind: Literal["distinct"] = Field(description="One row for each combination of values.")
    kept: bool = Field(default=False, alias="kept", description="Part of every run and of its record.")
    columns: Names | None = Field(default=None, description="The columns that make rows equal; all without it.")
    which: Literal["first", "last"] = Field(default="first", alias="keep", description="Which of equal rows is kept.")

    def rules(self) -> Iterator[Problem]:
        """No column twice."""
        if self.columns == ():
            yield problem(("columns",), "W106", key="'columns'")
        yield from repeated(self.columns or (), "columns")

    # --- binding, schema, lineage, execution

    def bind(self, ctx: BindContext) -> Step | None:
        """Look up the columns."""
        base = ctx.schemas[self.of]
        if self.columns is not None:
            types = [ctx.column(("columns", i), name, self.of) for i, name in enumerate(self.columns)]
            if any(type_ is None for type_ in types):
                return None
        by = tuple(base) if self.columns is None else self.columns
        whole = self.columns is None
        is_open = self.of in ctx.open_sheets
        return DistinctStep(self.name, dict(base), self.of, by, whole, self.which == "last", is_open)


@dataclass(frozen=True, slots=True)
class DistinctStep(Step):
    """A distinct sheet, bound. ``whole``: whole rows are compared, also columns that are known after a run only."""

    name: str
    schema: Schema
    base: str
    by: tuple[str, ...]
    whole: bool
    last: bool
    open_schema: bool = False

    def needs(self, columns: Sequence[str]) -> dict[str, set[str]]:
        """The columns themselves, and those that are compared."""
        return {self.base: {*columns, *self.by}}

    def run(self, tables: Mapping[str, Table], columns: Sequence[str], ctx: RunContext) -> StepResult:
        """Keep the first or last of equal rows, where it stands."""
        base = tables[self.base]
        by = passed(base, self.by, self.schema, open_schema=self.open_schema and self.whole)
        rows = distinct_rows([base.columns[name] for name in by], base.rows, last=self.last)
        names = passed(base, columns, self.schema, open_schema=self.open_schema)
        maps = repeated_rows(self.base, [base.columns[name] for name in by], rows, base.rows) if ctx.trace else ()
        return StepResult(Table(gather(base, names, rows, ctx.workers), len(rows)), maps=maps)

    def references(self, column: str) -> list[Reference]:
        """The column itself; all columns that are compared decide about every row."""
        own = [] if column == ROWS else [Reference(self.base, column, "value")]
        return with_rows([*own, *(Reference(self.base, name, "distinct") for name in self.by)], [self.base])


def repeated_rows(sheet: str, columns: Sequence[Column], rows: Ints, count: int) -> tuple[RowMap, RowMap]:
    """Return the maps of a distinct: the row that stands for its equals, and these."""
    groups = Groups.of(columns) if columns else Groups.single(count)
    return RowMap(sheet, rows), grouped(sheet, groups.codes, groups.count, groups.codes[rows], "equal rows")


def distinct_rows(columns: Sequence[Column], rows: int, *, last: bool = False) -> Ints:
    """Return the first (or last) of the rows that are equal in all columns, ascending.

    Nulls are equal, and so are errors of one code. Without columns all rows are equal.
    """
    groups = Groups.of(columns) if columns else Groups.single(rows)
    if rows == 0:
        return np.zeros(0, np.int64)
    if not last:
        return groups.first
    found = np.empty(groups.count, np.int64)
    found[groups.codes] = np.arange(rows)  # of several writes to one place the last one counts
    found.sort()
    return found
