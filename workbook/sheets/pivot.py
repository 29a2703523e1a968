"""Pivot sheets: a row a group, and columns for the values of one column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from sheetline.workbook.model.base import DerivedSheet, Formula, Listed, Model, Name, Names, Scalar, repeated
from sheetline.workbook.problems import Problem, problem, quoted


class PivotValue(Model):
    """An aggregate that fills the columns."""

    name: Name = Field(description="The name; columns are called value_name.")
    formula: Formula = Field(description="An aggregate over the sheet underneath.")


class PivotSheet(DerivedSheet):
    """Values of a column become columns."""

    kind: Literal["pivot"] = Field(description="The values of a column become columns.")
    rows: Names = Field(description="The columns that make a row.")
    column: Name = Field(description="The column whose values become columns.")
    values: Annotated[tuple[PivotValue, ...], Listed] = Field(description="What fills the cells.")
    expected: Annotated[tuple[Scalar, ...], Listed] | None = Field(
        default=None, description="The column's values; without them the columns are known after a run only."
    )

    def check(self) -> Iterator[Problem]:
        """Something in each list, nothing twice."""
        for key in ("rows", "values", "expected"):
            if getattr(self, key) == ():
                yield problem((key,), "W106", key=quoted(key))
        yield from repeated(self.rows, "rows")
        if self.column in self.rows:
            advice = "a column makes either rows or columns"
            yield problem(("column",), "W209", key=quoted(self.column), other="'rows'", advice=advice)
        seen: set[str] = set()
        for index, value in enumerate(self.values):
            if value.name in seen:
                advice = "rename one of them"
                yield problem(("values", index, "name"), "W202", name=quoted(value.name), advice=advice)
            seen.add(value.name)
        # 1, 1.0 and true are equal in Python but give columns of different names.
        yield from repeated([quoted(value) for value in self.expected or ()], "expected")


# --- binding, schema, lineage, execution
