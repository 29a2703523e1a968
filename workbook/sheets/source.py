"""Source sheets: columns read from a file, or handed over as a frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from sheetline.workbook.model.base import ColumnType, Listed, Model, Name, Pattern, SheetBase
from sheetline.workbook.model.endpoints import SourceEndpoint
from sheetline.workbook.problems import Problem, problem, quoted


class SourceColumn(Model):
    """A column of the source that gets a name, a type or a pattern."""

    name: Name = Field(description="The column's name in the sheet.")
    source: Name | None = Field(default=None, description="Its name in the file, where that differs.")
    type: ColumnType | None = Field(default=None, description="Its type; inferred from the whole column without it.")
    pattern: Pattern | None = Field(
        default=None, description="How dates are written: Joda letters, epoch-s or epoch-ms."
    )
    nulls: Annotated[tuple[str, ...], Listed] | None = Field(default=None, description="Texts that mean null here.")
    description: str | None = Field(default=None, description="What the column holds, with its unit.")

    @property
    def source_name(self) -> str:
        """The column's name in the file."""
        return self.name if self.source is None else self.source

    def rules(self) -> Iterator[Problem]:
        """Only dates have a pattern."""
        if self.pattern is not None and self.type != "date":
            yield problem(
                ("pattern",), "W208", on_key=True, key="'pattern'", other='"type": "date"', advice='add "type": "date"'
            )


class SourceSheet(SheetBase):
    """A sheet whose rows come from outside."""

    kind: Literal["source"] = Field(description="Rows from a file or a frame.")
    from_: SourceEndpoint = Field(alias="from", description="Where the rows come from.")
    columns: Annotated[tuple[SourceColumn, ...], Listed] = Field(
        default=(), description="Columns to rename or type; the others are kept and inferred."
    )
    only: bool = Field(default=False, description="Whether columns that are not listed are dropped.")

    def rules(self) -> Iterator[Problem]:
        """No column twice; ``only`` needs columns."""
        seen: set[str] = set()
        for index, column in enumerate(self.columns):
            if column.name in seen:
                yield problem(("columns", index, "name"), "W202", name=quoted(column.name), advice="rename one of them")
            seen.add(column.name)
        if self.only and not self.columns:
            yield problem(
                ("only",), "W208", on_key=True, key="'only'", other="'columns'", advice="list the columns to keep"
            )


# --- binding, schema, lineage, execution
