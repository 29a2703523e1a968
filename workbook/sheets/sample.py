"""Sample sheets: some of the rows, the same ones each time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sheetline.formulas.bound import ROWS, Reference
from sheetline.functions.columns import Table
from sheetline.functions.errors import Ints
from sheetline.functions.groups import Groups
from sheetline.workbook.model.base import Count, DerivedSheet, NamesOrOne, repeated
from sheetline.workbook.problems import Problem, problem
from sheetline.workbook.relational import gather, lowest_in_groups, passed, scrambled
from sheetline.workbook.rowmaps import RowMap
from sheetline.workbook.steps import BindContext, Rows, RunContext, Schema, Step, StepResult, unique


class SampleSheet(DerivedSheet):
    """Some of the rows, in sheet order."""

    kind: Literal["sample"] = Field(description="Some of the rows.")
    rows: Count | None = Field(default=None, description="How many rows.")
    fraction: Annotated[float, Field(gt=0, le=1)] | None = Field(default=None, description="Which part of the rows.")
    by: NamesOrOne = Field(default=(), description="Columns whose groups are each sampled (stratified).")
    seed: int = Field(default=0, description="Another seed gives another sample.")

    def rules(self) -> Iterator[Problem]:
        """Either a number of rows or a fraction."""
        given = [key for key in ("rows", "fraction") if getattr(self, key) is not None]
        if len(given) != 1:
            has = "both" if given else "neither"
            path: tuple[str, ...] = ("fraction",) if given else ()
            yield problem(path, "W205", on_key=True, where="a sample", keys="'rows' and 'fraction'", given=has)
        yield from repeated(self.by, "by")

    # --- binding, schema, lineage, execution

    def bind(self, ctx: BindContext) -> Step | None:
        """Look up the columns of groups."""
        types = [ctx.column(("by", index), name, self.of) for index, name in enumerate(self.by)]
        if any(type_ is None for type_ in types):
            return None
        schema = dict(ctx.schemas[self.of])
        is_open = self.of in ctx.open_sheets
        return SampleStep(self.name, schema, self.of, self.rows, self.fraction, self.by, self.seed, is_open)


@dataclass(frozen=True, slots=True)
class SampleStep(Step):
    """A sample, bound.

    Every row has a number that depends on the seed and on where the row stands, on nothing else; the rows with the
    lowest numbers are taken: ``rows`` of them, or ``fraction`` of all (rounded, halves up), from the whole sheet or,
    with ``by``, from each group. A group that has fewer rows gives all it has.
    """

    name: str
    schema: Schema
    base: str
    rows: int | None
    fraction: float | None
    by: tuple[str, ...]
    seed: int
    open_schema: bool = False

    def needs(self, columns: Sequence[str]) -> dict[str, set[str]]:
        """The columns themselves, and those of the groups."""
        return {self.base: {*columns, *self.by}}

    def rows_from(self, inputs: Mapping[str, Rows]) -> Rows:
        """As many as are asked for; by groups nobody knows before."""
        count, sure = inputs[self.base]
        return Rows(count, sure=False) if self.by else Rows(int(self._wanted(np.array([count]))[0]), sure)

    def run(self, tables: Mapping[str, Table], columns: Sequence[str], ctx: RunContext) -> StepResult:
        """Take the rows, in the order of the sheet."""
        base = tables[self.base]
        numbers = scrambled(base.rows, self.seed)
        if self.by:
            groups = Groups.of([base.columns[name] for name in self.by])
            rows = lowest_in_groups(numbers, groups, self._wanted)
        else:
            wanted = int(self._wanted(np.array([base.rows]))[0])
            if wanted == base.rows:
                rows = np.arange(base.rows)
            else:
                rows = np.sort(np.argpartition(numbers, wanted)[:wanted])
        names = passed(base, columns, self.schema, open_schema=self.open_schema)
        maps = (RowMap(self.base, rows),) if ctx.trace else ()
        return StepResult(Table(gather(base, names, rows, ctx.workers), len(rows)), maps=maps)

    def _wanted(self, sizes: Ints) -> Ints:
        """Return how many rows are taken of groups of these sizes."""
        if self.rows is not None:
            return np.minimum(sizes, self.rows)
        assert self.fraction is not None
        wanted: Ints = np.floor(sizes * self.fraction + 0.5).astype(np.int64)
        return wanted

    def references(self, column: str) -> list[Reference]:
        """The column itself; where the rows stand, and the columns of groups, decide about every row."""
        own = [] if column == ROWS else [Reference(self.base, column, "value")]
        return unique([*own, *(Reference(self.base, name, "sample") for name in (*self.by, ROWS))])
