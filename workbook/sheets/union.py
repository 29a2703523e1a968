"""Union sheets: the rows of several sheets one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from sheetline.workbook.model.base import Name, Names, SheetBase
from sheetline.workbook.problems import Problem, problem


class UnionSheet(SheetBase):
    """The rows of several sheets."""

    kind: Literal["union"] = Field(description="Sheets one below the other.")
    of: Names = Field(description="The sheets, in order.")
    match: Literal["name", "position"] = Field(default="name", description="How their columns find one another.")
    distinct: bool = Field(default=False, description="Whether equal rows are kept once only.")
    origin: Name | None = Field(default=None, description="The name of a column that tells the sheet of each row.")

    @property
    def inputs(self) -> tuple[str, ...]:
        """The sheets, in order."""
        return self.of

    def input_paths(self) -> tuple[tuple[str | int, ...], ...]:
        """The items of ``of``."""
        return tuple(("of", index) for index in range(len(self.of)))

    def check(self) -> Iterator[Problem]:
        """At least one sheet."""
        if not self.of:
            yield problem(("of",), "W106", key="'of'")


# --- binding, schema, lineage, execution
