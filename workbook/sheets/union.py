"""Union sheets: the rows of several sheets one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from sheetline.formulas.bound import ROWS, Reference
from sheetline.formulas.complain import CONVERTERS
from sheetline.functions.columns import Column, Table, concat
from sheetline.functions.errors import Ints
from sheetline.functions.groups import Groups
from sheetline.functions.types import STRING, Type, widen
from sheetline.workbook.model.base import Name, Names, SheetBase
from sheetline.workbook.problems import Problem, problem, quoted
from sheetline.workbook.relational import gather, refuse_open
from sheetline.workbook.rowmaps import RowMap, grouped
from sheetline.workbook.sheets.distinct import distinct_rows
from sheetline.workbook.steps import BindContext, Rows, RunContext, Schema, Step, StepResult, unique


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

    def rules(self) -> Iterator[Problem]:
        """At least one sheet."""
        if not self.of:
            yield problem(("of",), "W106", key="'of'")

    # --- binding, schema, lineage, execution

    def bind(self, ctx: BindContext) -> Step | None:
        """Find the columns that go together, and the types that they widen to."""
        before = len(ctx.found)
        for index, sheet in enumerate(self.of):
            refuse_open(ctx, ("of", index), sheet)
        parts = self._parts(ctx)
        schema = {name: self._type(ctx, name, sources) for name, sources in parts.items()}
        if self.origin is not None:
            if self.origin in parts:
                advice = "give the column of origins another name"
                why = "the sheets have one of that name"
                ctx.complain(("origin",), "W234", name=quoted(self.origin), why=why, advice=advice)
            schema[self.origin] = STRING
        if len(ctx.found) > before:
            return None
        return UnionStep(self.name, schema, self.of, parts, self.distinct, self.origin)

    def _parts(self, ctx: BindContext) -> dict[str, tuple[str | None, ...]]:
        """Return for each column of the result the column of each sheet that goes there, None where it has none."""
        columns = [list(ctx.schemas[sheet]) for sheet in self.of]
        if self.match == "name":
            names = dict.fromkeys(name for one in columns for name in one)
            return {name: tuple(name if name in one else None for one in columns) for name in names}
        parts: dict[str, tuple[str | None, ...]] = {}
        for place in range(max(map(len, columns))):
            found = [one[place] if place < len(one) else None for one in columns]
            index = next(i for i, name in enumerate(found) if name is not None)
            name = found[index]
            assert name is not None
            if name in parts:
                why = f"column {place + 1} of {quoted(self.of[index])} has the name of an earlier one"
                ctx.complain(("of", index), "W234", name=quoted(name), why=why, advice="rename it in a formula sheet")
            parts[name] = tuple(found)
        return parts

    def _type(self, ctx: BindContext, name: str, sources: Sequence[str | None]) -> Type:
        """Return the type of a column of the result; types that don't go together are reported, naming the sheets."""
        common: tuple[str, str, Type] | None = None
        for index, (sheet, column) in enumerate(zip(self.of, sources, strict=True)):
            if column is None:
                continue
            got = ctx.schemas[sheet][column]
            wider = got if common is None else widen(common[2], got)
            if wider is None:
                assert common is not None
                ctx.complain(
                    ("of", index),
                    "W233",
                    one=f"column {quoted(common[1])} of {quoted(common[0])}",
                    one_type=common[2],
                    other=f"column {quoted(column)} of {quoted(sheet)}",
                    other_type=got,
                    why="they can't stand in one column",
                    advice=_advice(common[2], got),
                )
                break
            if common is None or wider != common[2]:
                common = (sheet, column, wider)
        assert common is not None, f"column {name} of no sheet"
        return common[2]


def _advice(one: Type, other: Type) -> str:
    """Advise the conversion that makes two types one; to text where one is text."""
    to = one if one == STRING or other != STRING else other
    convert = CONVERTERS.get(str(to))
    return f"convert one of them with {convert} in a formula sheet" if convert else "convert one in a formula sheet"


@dataclass(frozen=True, slots=True)
class UnionStep(Step):
    """A union, bound.

    Attributes:
        sheets: the sheets in order.
        parts: for each column of the result the column of each sheet, None where it has none.
        distinct: whether equal rows are kept once, the first of them; the origin is not compared.
        origin: the column that names the sheet of each row.
    """

    name: str
    schema: Schema
    sheets: tuple[str, ...]
    parts: Mapping[str, tuple[str | None, ...]]
    distinct: bool
    origin: str | None

    def needs(self, columns: Sequence[str]) -> dict[str, set[str]]:
        """The columns of each sheet that go there; all of them where rows are compared."""
        found: dict[str, set[str]] = {sheet: set() for sheet in self.sheets}
        for name in self.parts if self.distinct else columns:
            for sheet, column in zip(self.sheets, self.parts.get(name, ()), strict=False):
                if column is not None:
                    found[sheet].add(column)
        return found

    def rows_from(self, inputs: Mapping[str, Rows]) -> Rows:
        """The rows of all sheets together."""
        taken = [inputs[sheet] for sheet in self.sheets]
        return Rows(sum(one.number for one in taken), not self.distinct and all(one.sure for one in taken))

    def run(self, tables: Mapping[str, Table], columns: Sequence[str], ctx: RunContext) -> StepResult:
        """Put the sheets one below the other."""
        sizes = [tables[sheet].rows for sheet in self.sheets]
        wanted = [name for name in (self.parts if self.distinct else columns) if name in self.parts]
        made = dict(zip(wanted, ctx.workers.map(lambda name: self._column(name, tables), wanted), strict=True))
        whole = Table(made, sum(sizes))
        if self.origin is not None and self.origin in columns:
            codes = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
            names = pa.array(list(dict.fromkeys(self.sheets)), pa.large_string())
            numbers = np.array([list(dict.fromkeys(self.sheets)).index(sheet) for sheet in self.sheets], np.int32)
            origins = Column(STRING, pa.DictionaryArray.from_arrays(numbers[codes], names))
            whole = Table({**made, self.origin: origins}, whole.rows)
        if not self.distinct:
            table = Table({name: whole.columns[name] for name in columns}, whole.rows)
            return StepResult(table, maps=self._maps(sizes, ctx))
        compared = [made[name] for name in self.parts]
        rows = distinct_rows(compared, whole.rows)
        maps = self._distinct_maps(sizes, compared, rows, ctx)
        return StepResult(Table(gather(whole, columns, rows, ctx.workers), len(rows)), maps=maps)

    def _maps(self, sizes: Sequence[int], ctx: RunContext) -> tuple[RowMap, ...]:
        """Return a map for each sheet; the rows of the others have no row in it."""
        if not ctx.trace:
            return ()
        made, start = [], 0
        for sheet, size in zip(self.sheets, sizes, strict=True):
            rows = np.full(sum(sizes), -1, np.int64)
            rows[start : start + size] = np.arange(size)
            made.append(RowMap(sheet, rows))
            start += size
        return tuple(made)

    def _distinct_maps(
        self, sizes: Sequence[int], compared: Sequence[Column], rows: Ints, ctx: RunContext
    ) -> tuple[RowMap, ...]:
        """Return for each sheet the row that stands for its equals, and these."""
        own = self._maps(sizes, ctx)
        if not own:
            return ()
        codes = (Groups.of(compared) if compared else Groups.single(sum(sizes))).codes
        equals = []
        for one in own:
            there = np.flatnonzero(one.rows >= 0)
            found = grouped(one.sheet, codes[there], int(codes.max(initial=-1)) + 1, codes[rows], "equal rows")
            equals.append(found)
        return (*(one.through(rows) for one in own), *equals)

    def _column(self, name: str, tables: Mapping[str, Table]) -> Column:
        type_ = self.schema[name]
        found = []
        for sheet, column in zip(self.sheets, self.parts[name], strict=True):
            table = tables[sheet]
            found.append(Column.nulls_of(type_, table.rows) if column is None else table.columns[column].cast(type_))
        return concat(found)

    def references(self, column: str) -> list[Reference]:
        """The column of each sheet; all sheets give rows, and with ``distinct`` every column decides about each."""
        found = self._references(self.parts.get(column, ()), "value")
        if self.distinct:
            found += [ref for parts in self.parts.values() for ref in self._references(parts, "distinct")]
        return unique([*found, *(Reference(sheet, ROWS, "union") for sheet in self.sheets)])

    def _references(self, columns: Sequence[str | None], role: str) -> list[Reference]:
        pairs = zip(self.sheets, columns, strict=False)
        return [Reference(sheet, column, role) for sheet, column in pairs if column is not None]
