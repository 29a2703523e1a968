"""Sort sheets: a stable order by columns or formulas, and the top of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from sheetline.workbook.model.base import Count, DerivedSheet, Formula, Listed, Model, Name
from sheetline.workbook.problems import Problem, problem


class SortKey(Model):
    """What to sort by: a column, or a formula."""

    column: Name | None = Field(default=None, description="A column of the sheet underneath.")
    formula: Formula | None = Field(default=None, description="A formula over it, instead of a column.")
    order: Literal["asc", "desc"] = Field(default="asc", description="Ascending or descending; nulls are last in both.")

    def check(self) -> Iterator[Problem]:
        """Either a column or a formula."""
        given = [key for key in ("column", "formula") if getattr(self, key) is not None]
        if len(given) != 1:
            has = "both" if given else "neither"
            yield problem((), "W205", where="a sort key", keys="'column' and 'formula'", given=has)


class SortSheet(DerivedSheet):
    """The rows in another order."""

    kind: Literal["sort"] = Field(description="The rows in order.")
    by: Annotated[tuple[SortKey, ...], Listed] = Field(description="What to sort by, the most important first.")
    limit: Count | None = Field(default=None, description="How many rows to keep; all without it.")
    offset: Count = Field(default=0, description="How many rows to leave out before those.")

    def check(self) -> Iterator[Problem]:
        """At least one key."""
        if not self.by:
            yield problem(("by",), "W106", key="'by'")


# --- binding, schema, lineage, execution
