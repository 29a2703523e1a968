"""Distinct sheets: one row for each combination of values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from sheetline.workbook.model.base import DerivedSheet, Names, repeated
from sheetline.workbook.problems import Problem, problem


class DistinctSheet(DerivedSheet):
    """One row for each combination of values."""

    kind: Literal["distinct"] = Field(description="One row for each combination of values.")
    kept: bool = Field(default=False, alias="kept", description="Part of every run and of its record.")
    columns: Names | None = Field(default=None, description="The columns that make rows equal; all without it.")
    which: Literal["first", "last"] = Field(default="first", alias="keep", description="Which of equal rows is kept.")

    def check(self) -> Iterator[Problem]:
        """No column twice."""
        if self.columns == ():
            yield problem(("columns",), "W106", key="'columns'")
        yield from repeated(self.columns or (), "columns")


# --- binding, schema, lineage, execution
