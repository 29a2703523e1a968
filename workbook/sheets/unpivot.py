"""Unpivot sheets: columns become rows of a label and a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from sheetline.formulas.bound import Reference
from sheetline.functions.columns import Column, Table, concat
from sheetline.functions.errors import Ints
from sheetline.functions.types import STRING, Type, widen
from sheetline.workbook.model.base import DerivedSheet, Name, Names, repeated
from sheetline.workbook.problems import Problem, problem, quoted
from sheetline.workbook.relational import gather, refuse_open
from sheetline.workbook.rowmaps import RowMap
from sheetline.workbook.steps import BindContext, Rows, RunContext, Schema, Step, StepResult, with_rows


class UnpivotSheet(DerivedSheet):
    """Columns become rows."""

    kind: Literal["unpivot"] = Field(description="Columns become rows.")
    kept: bool = Field(default=False, alias="kept", description="Part of every run and of its record.")
    keep_columns: Names = Field(default=(), alias="keep", description="Columns that are repeated on each row.")
    columns: Names = Field(description="The columns that become rows.")
    label: Name = Field(default="Column", description="The name of the column that tells which column it was.")
    value: Name = Field(default="Value", description="The name of the column that holds the value.")
    drop_nulls: bool = Field(default=False, description="Whether rows without a value are left out.")

    def rules(self) -> Iterator[Problem]:
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

    def bind(self, ctx: BindContext) -> Step | None:
        """Look up the columns; those that become rows must have a common type."""
        before = len(ctx.found)
        refuse_open(ctx, ("of",), self.of)
        schema: dict[str, Type] = {}
        for index, name in enumerate(self.keep_columns):
            kept = ctx.column(("keep", index), name, self.of)
            if kept is not None:
                schema[name] = kept
        common: tuple[str, Type] | None = None
        for index, name in enumerate(self.columns):
            got = ctx.column(("columns", index), name, self.of)
            if got is None:
                continue
            wider = got if common is None else widen(common[1], got)
            if wider is None:
                assert common is not None
                self._complain(ctx, index, common, (name, got))
            elif common is None or wider != common[1]:
                common = (name, wider)
        if len(ctx.found) > before:
            return None
        assert common is not None
        schema[self.label] = STRING
        schema[self.value] = common[1]
        return UnpivotStep(
            self.name, schema, self.of, self.keep_columns, self.columns, self.label, self.value, self.drop_nulls
        )

    def _complain(self, ctx: BindContext, index: int, one: tuple[str, Type], other: tuple[str, Type]) -> None:
        ctx.complain(
            ("columns", index),
            "W233",
            one=f"column {quoted(one[0])}",
            one_type=one[1],
            other=f"column {quoted(other[0])}",
            other_type=other[1],
            why="they can't stand in one column",
            advice="convert one of them in a formula sheet, or unpivot them in two sheets",
        )


@dataclass(frozen=True, slots=True)
class UnpivotStep(Step):
    """An unpivot, bound: for each row underneath, in order, one row for each of ``columns``, in their order."""

    name: str
    schema: Schema
    base: str
    kept: tuple[str, ...]
    columns: tuple[str, ...]
    label: str
    value: str
    drop_nulls: bool

    def needs(self, columns: Sequence[str]) -> dict[str, set[str]]:
        """The repeated columns asked for; those that become rows for the value, and to drop nulls."""
        found = {name for name in columns if name in self.kept}
        if self.drop_nulls or self.value in columns:
            found.update(self.columns)
        return {self.base: found}

    def rows_from(self, inputs: Mapping[str, Rows]) -> Rows:
        """One for each row and column, unless nulls are dropped."""
        count, sure = inputs[self.base]
        return Rows(count * len(self.columns), sure and not self.drop_nulls)

    def run(self, tables: Mapping[str, Table], columns: Sequence[str], ctx: RunContext) -> StepResult:
        """Make the rows; without nulls an error is still a row, so that it is seen."""
        base = tables[self.base]
        width = len(self.columns)
        picked = np.arange(base.rows * width)
        value: Column | None = None
        if self.drop_nulls or self.value in columns:
            value = self._values(base)
        if self.drop_nulls and value is not None:
            there = value.valid()
            if value.errors is not None:
                there |= value.errors.mask(len(there))
            picked = np.flatnonzero(there)
            value = value.take(picked)
        made = gather(base, [name for name in columns if name in self.kept], picked // width, ctx.workers)
        if self.label in columns:
            made[self.label] = self._labels(picked)
        if self.value in columns and value is not None:
            made[self.value] = value
        maps = (RowMap(self.base, picked // width),) if ctx.trace else ()
        return StepResult(Table({name: made[name] for name in columns}, len(picked)), maps=maps)

    def _values(self, base: Table) -> Column:
        """Return the values of all columns, row by row."""
        type_ = self.schema[self.value]
        stacked = concat([base.columns[name].cast(type_) for name in self.columns])
        rows = np.arange(base.rows * len(self.columns)).reshape(len(self.columns), base.rows).T.ravel()
        return stacked.take(rows)

    def _labels(self, picked: Ints) -> Column:
        codes = (picked % len(self.columns)).astype(np.int32)
        return Column(STRING, pa.DictionaryArray.from_arrays(codes, pa.array(self.columns, pa.large_string())))

    def references(self, column: str) -> list[Reference]:
        """A repeated column is itself, the value is any of the columns; where nulls are dropped these decide."""
        if column == self.value:
            found = [Reference(self.base, name, "value") for name in self.columns]
        else:
            found = [Reference(self.base, column, "value")] if column in self.kept else []
        if self.drop_nulls:
            found += [Reference(self.base, name, "filter") for name in self.columns]
        return with_rows(found, [self.base], "expand")
