"""Unpivot sheets: columns become rows of a label and a value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from sheetline.workbook.model.base import DerivedSheet, Name, Names, repeated
from sheetline.workbook.problems import Problem, problem, quoted


class UnpivotSheet(DerivedSheet):
    """Columns become rows."""

    kind: Literal["unpivot"] = Field(description="Columns become rows.")
    kept: bool = Field(default=False, alias="kept", description="Part of every run and of its record.")
    keep_columns: Names = Field(default=(), alias="keep", description="Columns that are repeated on each row.")
    columns: Names = Field(description="The columns that become rows.")
    label: Name = Field(default="Column", description="The name of the column that tells which column it was.")
    value: Name = Field(default="Value", description="The name of the column that holds the value.")
    drop_nulls: bool = Field(default=False, description="Whether rows without a value are left out.")

    def check(self) -> Iterator[Problem]:
        """Columns are given once, and result names differ."""
        if not self.columns:
            yield problem(("columns",), "W106", key="'columns'")
        yield from repeated(self.columns, "columns")
        yield from repeated(self.keep_columns, "keep")
        for index, name in enumerate(self.keep_columns):
            if name in self.columns:
                advice = "a column is either repeated or becomes rows"
                yield problem(("keep", index), "W209", key=quoted(name), other="'columns'", advice=advice)
        taken = set(self.keep_columns)
        for key, name in (("label", self.label), ("value", self.value)):
            if name in taken:
                yield problem((key,), "W202", name=quoted(name), advice=f"give another name under {quoted(key)}")
            taken.add(name)


# --- binding, schema, lineage, execution
