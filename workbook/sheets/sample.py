"""Sample sheets: some of the rows, the same ones each time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from sheetline.workbook.model.base import Count, DerivedSheet, NamesOrOne, repeated
from sheetline.workbook.problems import Problem, problem


class SampleSheet(DerivedSheet):
    """Some of the rows, in sheet order."""

    kind: Literal["sample"] = Field(description="Some of the rows.")
    rows: Count | None = Field(default=None, description="How many rows.")
    fraction: Annotated[float, Field(gt=0, le=1)] | None = Field(default=None, description="Which part of the rows.")
    by: NamesOrOne = Field(default=(), description="Columns whose groups are each sampled (stratified).")
    seed: int = Field(default=0, description="Another seed gives another sample.")

    def check(self) -> Iterator[Problem]:
        """Either a number of rows or a fraction."""
        given = [key for key in ("rows", "fraction") if getattr(self, key) is not None]
        if len(given) != 1:
            has = "both" if given else "neither"
            path: tuple[str, ...] = ("fraction",) if given else ()
            yield problem(path, "W205", on_key=True, where="a sample", keys="'rows' and 'fraction'", given=has)
        yield from repeated(self.by, "by")


# --- binding, schema, lineage, execution
