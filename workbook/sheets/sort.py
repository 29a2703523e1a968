"""Sort sheets: a stable order by columns or formulas, and the top of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sheetline.formulas.bound import ROWS, BoundSheet, Reference
from sheetline.formulas.evaluate import evaluate
from sheetline.functions.columns import Column, Table
from sheetline.functions.errors import Ints
from sheetline.functions.ordering import sort_key, stable_order
from sheetline.workbook.model.base import Count, DerivedSheet, Formula, Listed, Model, Name
from sheetline.workbook.problems import Path, Problem, problem
from sheetline.workbook.relational import EXAMPLES, gather, passed
from sheetline.workbook.rowmaps import RowMap
from sheetline.workbook.steps import (
    BindContext,
    Notice,
    Rows,
    RunContext,
    Schema,
    Step,
    StepResult,
    merged,
    with_role,
    with_rows,
)

#: About so many rows tell which value the first rows are beyond.
_SAMPLE = 1 << 14


class SortKey(Model):
    """What to sort by: a column, or a formula."""

    column: Name | None = Field(default=None, description="A column of the sheet underneath.")
    formula: Formula | None = Field(default=None, description="A formula over it, instead of a column.")
    order: Literal["asc", "desc"] = Field(default="asc", description="Ascending or descending; nulls are last in both.")

    def rules(self) -> Iterator[Problem]:
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

    def rules(self) -> Iterator[Problem]:
        """At least one key."""
        if not self.by:
            yield problem(("by",), "W106", key="'by'")

    # --- binding, schema, lineage, execution

    def formula_texts(self) -> Iterator[tuple[Path, str]]:
        """The formulas among the keys."""
        for index, key in enumerate(self.by):
            if key.formula is not None:
                yield ("by", index, "formula"), key.formula

    def bind(self, ctx: BindContext) -> Step | None:
        """Bind the keys."""
        keys: list[BoundKey] = []
        for index, key in enumerate(self.by):
            descending = key.order == "desc"
            if key.formula is not None:
                bound = ctx.formula(("by", index, "formula"), key.formula, self.of, "a sort")
                if bound is not None:
                    keys.append(BoundKey(None, bound, descending))
            elif key.column is not None and ctx.column(("by", index, "column"), key.column, self.of) is not None:
                keys.append(BoundKey(key.column, None, descending))
        if len(keys) < len(self.by):
            return None
        schema = dict(ctx.schemas[self.of])
        return SortStep(self.name, schema, self.of, tuple(keys), self.limit, self.offset, self.of in ctx.open_sheets)


@dataclass(frozen=True, slots=True)
class BoundKey:
    """A key of a sort: a column, or a bound formula."""

    column: str | None
    bound: BoundSheet | None
    descending: bool

    def inputs(self, base: str) -> dict[str, set[str]]:
        """What the key reads."""
        return {base: {self.column}} if self.column is not None else self._formula().inputs()

    def references(self, base: str, role: str) -> list[Reference]:
        """What the key reads, in the given role."""
        if self.column is not None:
            return [Reference(base, self.column, role)]
        return with_role(self._formula(), role)

    def values(self, base: Table, ctx: RunContext) -> Column:
        """The key of every row."""
        if self.column is not None:
            return base.columns[self.column]
        done = evaluate(self._formula(), base, ctx.env, ctx.workers, others=ctx.others)
        return done.table.columns["Result"]

    def _formula(self) -> BoundSheet:
        assert self.bound is not None
        return self.bound


@dataclass(frozen=True, slots=True)
class SortStep(Step):
    """A sort, bound."""

    name: str
    schema: Schema
    base: str
    keys: tuple[BoundKey, ...]
    limit: int | None
    offset: int
    open_schema: bool = False

    def needs(self, columns: Sequence[str]) -> dict[str, set[str]]:
        """The columns themselves, and what the keys read."""
        return merged({self.base: set(columns)}, *(key.inputs(self.base) for key in self.keys))

    def run(self, tables: Mapping[str, Table], columns: Sequence[str], ctx: RunContext) -> StepResult:
        """Put the rows in order and cut."""
        base = tables[self.base]
        values = [key.values(base, ctx) for key in self.keys]
        stop = base.rows if self.limit is None else min(self.offset + self.limit, base.rows)
        descending = [key.descending for key in self.keys]
        packed = ctx.env.packed_keys
        rows = first_rows(values, descending, base.rows, stop, packed=packed)[min(self.offset, stop) :]
        names = passed(base, columns, self.schema, open_schema=self.open_schema)
        table = Table(gather(base, names, rows, ctx.workers), len(rows))
        maps = (RowMap(self.base, rows),) if ctx.trace else ()
        return StepResult(table, tuple(self._notices(values)), maps=maps)

    def rows_from(self, inputs: Mapping[str, Rows]) -> Rows:
        """All rows, or those between offset and limit."""
        count, sure = inputs[self.base]
        stop = count if self.limit is None else min(self.offset + self.limit, count)
        return Rows(max(stop - self.offset, 0), sure)

    def _notices(self, values: Sequence[Column]) -> Iterator[Notice]:
        """Report errors that formulas of keys make: they are in no column, so nobody else does."""
        for place, (column, key) in enumerate(zip(values, self.keys, strict=True), 1):
            if key.bound is not None and column.errors is not None:
                found = column.errors
                shown = tuple(found.message(at) for at in range(min(len(found), EXAMPLES)))
                yield Notice("warning", f"sort key {place} is an error: these rows stand last", len(found), shown)

    def references(self, column: str) -> list[Reference]:
        """The column itself; the keys decide where each row stands, and with a limit or offset whether it does."""
        roles = ["order"] if self.limit is None and self.offset == 0 else ["order", "limit"]
        deciding = [ref for role in roles for key in self.keys for ref in key.references(self.base, role)]
        own = [] if column == ROWS else [Reference(self.base, column, "value")]
        return with_rows([*own, *deciding], [self.base])


def first_rows(
    values: Sequence[Column], descending: Sequence[bool], rows: int, wanted: int, *, packed: bool = True
) -> Ints:
    """Return the first ``wanted`` row numbers in the stable order of ``values``; of a few only those that may be one.

    Nulls are last in either direction, errors behind them. ``packed``: see :func:`ordering.stable_order`.
    """
    few = leading(values[0], wanted, descending=descending[0])
    some = values if few is None else [column.take(few) for column in values]
    keys = [sort_key(column, descending=down) for column, down in zip(some, descending, strict=True)]
    if few is None:
        return first_in_order(keys, rows, wanted, packed=packed)
    found: Ints = few[stable_order(keys, len(few), packed=packed)[:wanted]]
    return found


def leading(column: Column, wanted: int, *, descending: bool) -> Ints | None:
    """Return rows, ascending, of which the first ``wanted`` in the order of a column of numbers surely are.

    A value that somewhat more rows should be beyond is taken from a sample; None where it isn't worth that, or where
    fewer are after all.
    """
    data, rows = column.data, len(column)
    if not isinstance(data, np.ndarray) or data.dtype not in (np.int64, np.float64) or not 0 < wanted * 8 < rows:
        return None
    places = slice(None, None, max(rows // _SAMPLE, 1))
    sample = data[places]
    gone = np.isnan(sample) if data.dtype == np.float64 else None if column.null is None else column.null[places]
    some = sample if gone is None else sample[~gone]
    share = wanted * len(sample) / rows
    rank = int(share + 4 * share**0.5) + 8  # that fewer rows are beyond it is most unlikely
    if rank * 2 >= len(some):
        return None
    place = len(some) - rank if descending else rank - 1
    edge = np.partition(some, place)[place]
    beyond = data >= edge if descending else data <= edge  # NaN is neither
    if column.null is not None:
        beyond &= ~column.null
    few = np.flatnonzero(beyond)
    return few if wanted <= len(few) <= rows // 2 else None


def first_in_order(keys: Sequence[Ints], rows: int, wanted: int, *, packed: bool = True) -> Ints:
    """Return the first ``wanted`` row numbers in the stable order of ``keys``; a few of many without sorting all."""
    if wanted == 0:
        return np.zeros(0, np.int64)
    if wanted * 8 < rows:
        edge = np.partition(keys[0], wanted - 1)[wanted - 1]
        few = np.flatnonzero(keys[0] <= edge)
        if len(few) * 2 < rows:
            order: Ints = few[stable_order([key[few] for key in keys], len(few), packed=packed)]
            return order[:wanted]
    return stable_order(keys, rows, packed=packed)[:wanted]
