"""Pivot sheets: a row a group, and columns for the values of one column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sheetline.formulas.bind import bind_sheet
from sheetline.formulas.bound import ROWS, BoundSheet, Reference, Shape, Space
from sheetline.formulas.diagnostics import SheetlineError
from sheetline.formulas.evaluate import evaluate
from sheetline.functions.columns import Column, Constant, Table, concat
from sheetline.functions.context import Environment
from sheetline.functions.errors import Ints
from sheetline.functions.groups import Groups
from sheetline.functions.ordering import dense_codes, sort_key, stable_order
from sheetline.functions.types import Kind, Type
from sheetline.workbook.model.base import DerivedSheet, Formula, Listed, Model, Name, Names, Scalar, repeated
from sheetline.workbook.problems import Path, Problem, problem, quoted
from sheetline.workbook.relational import examples, fitting, reference_text, refuse_open, texts, value_word
from sheetline.workbook.rowmaps import RowMap, grouped
from sheetline.workbook.steps import (
    BindContext,
    Notice,
    RunContext,
    Schema,
    Step,
    StepResult,
    merged,
    unique,
)

#: A pivot makes no more columns than this.
MOST_COLUMNS = 10_000
#: What the keys are called inside the bound sheet: no name of a file can be that.
_ROW, _ACROSS = "\0row ", "\0across"


class PivotValue(Model):
    """An aggregate that fills the columns."""

    name: Name = Field(description="The name; columns are called value_name.")
    formula: Formula = Field(description="An aggregate over the sheet underneath.")


class PivotSheet(DerivedSheet):
    """Values of a column become columns."""

    kind: Literal["pivot"] = Field(description="The values of a column become columns.")
    rows: Names = Field(description="The columns that make a row.")
    column: Name = Field(description="The column whose values become columns.")
    values: Annotated[tuple[PivotValue, ...], Listed] = Field(description="What fills the cells.")
    expected: Annotated[tuple[Scalar, ...], Listed] | None = Field(
        default=None, description="The column's values; without them the columns are known after a run only."
    )

    def rules(self) -> Iterator[Problem]:
        """Something in each list, nothing twice."""
        for key in ("rows", "values", "expected"):
            if getattr(self, key) == ():
                yield problem((key,), "W106", key=quoted(key))
        yield from repeated(self.rows, "rows")
        if self.column in self.rows:
            advice = "a column makes either rows or columns"
            yield problem(("column",), "W209", key=quoted(self.column), other="'rows'", advice=advice)
        seen: set[str] = set()
        for index, value in enumerate(self.values):
            if value.name in seen:
                advice = "rename one of them"
                yield problem(("values", index, "name"), "W202", name=quoted(value.name), advice=advice)
            seen.add(value.name)
        # 1, 1.0 and true are equal in Python but give columns of different names.
        yield from repeated([quoted(value) for value in self.expected or ()], "expected")

    # --- binding, schema, lineage, execution

    def formula_texts(self) -> Iterator[tuple[Path, str]]:
        """The formulas of the values."""
        for index, value in enumerate(self.values):
            yield ("values", index, "formula"), value.formula

    def bind(self, ctx: BindContext) -> Step | None:
        """Bind the values as aggregates over the groups of rows and column together."""
        before = len(ctx.found)
        refuse_open(ctx, ("of",), self.of)
        types = {name: ctx.column(("rows", i), name, self.of) for i, name in enumerate(self.rows)}
        across = ctx.column(("column",), self.column, self.of)
        known = len(ctx.found) == before
        bound = self._values(ctx, inner_keys(self) if known else {})
        if across is not None and known:
            expected = self._expected(ctx, across)
        if len(ctx.found) > before or across is None:
            return None
        schema: dict[str, Type] = {name: type_ for name, type_ in types.items() if type_ is not None}
        made: dict[str, Pivoted] = {}
        for index, (text, _) in enumerate(expected):
            for value in self.values:
                name = column_name(text, value.name)
                if name in made or name in schema:
                    why = "the names of a value and of a pivoted value, or of a row, come to the same"
                    place: Path = ("expected", index)
                    ctx.complain(place, "W234", name=quoted(name), why=why, advice="rename one of them")
                    return None
                made[name] = Pivoted(index, value.name)
        schema.update({name: bound.columns[one.value].type for name, one in made.items()})
        constants = tuple(constant for _, constant in expected)
        names = tuple(value.name for value in self.values)
        return PivotStep(
            self.name, schema, self.of, bound, self.rows, self.column, across, names, constants, made,
            open_schema=self.expected is None,
        )  # fmt: skip

    def _values(self, ctx: BindContext, keys: Mapping[str, str]) -> BoundSheet:
        """Bind the values; without keys (which are wrong then) only to find what is wrong with them."""
        bound, problems = bind_sheet({**keys, **_inner_values(self)}, ctx.scope(self.of), ctx.env)
        place = {value.name: index for index, value in enumerate(self.values)}
        wrong = {one.column for one in problems if one.severity == "error"}
        for one in problems:
            ctx.add(("values", place[one.column], "formula") if one.column in place else ("values",), [one])
        for index, value in enumerate(self.values):
            node = bound.columns[value.name]
            is_key = any(key.name == value.name for key in bound.keys)
            fine = node.op == "bad" or node.space is Space.CONST or (node.space is Space.GROUPS and not is_key)
            if keys and value.name not in wrong and not (fine and bound.shape is Shape.AGGREGATE):
                got = "a grouping key" if is_key else "a value for each row"
                if not fine or node.space is not Space.CONST:
                    ctx.complain(("values", index, "formula"), "W235", name=quoted(value.name), got=got)
        return bound

    def _expected(self, ctx: BindContext, type_: Type) -> list[tuple[str, Constant]]:
        """Return the expected values, with their text, as constants of the type of the column."""
        found: list[tuple[str, Constant]] = []
        for index, value in enumerate(self.expected or ()):
            constant = fitting(value, type_, ctx.env)
            if constant is None:
                advice = 'dates are written as ISO 8601 text: "2024-03-01"' if type_.kind is Kind.DATE else ""
                words = {"name": quoted(self.column), "type": type_, "got": value_word(value)}
                ctx.complain(("expected", index), "W231", advice=advice, **words)
            else:
                found.append((texts(_column([constant], type_), ctx.env)[0], constant))
        return found


def inner_keys(sheet: PivotSheet) -> dict[str, str]:
    """Return the keys of the aggregate sheet inside a pivot: rows and column together."""
    keys = {f"{_ROW}{i}": f"GROUPBY({reference_text(name, sheet.of)})" for i, name in enumerate(sheet.rows)}
    return {**keys, _ACROSS: f"GROUPBY({reference_text(sheet.column, sheet.of)})"}


def _inner_values(sheet: PivotSheet) -> dict[str, str]:
    return {value.name: value.formula for value in sheet.values}


def inner_formulas(sheet: PivotSheet) -> dict[str, str]:
    """Return the formulas of the aggregate sheet inside a pivot, keys first."""
    return {**inner_keys(sheet), **_inner_values(sheet)}


def column_name(pivoted: str, value: str) -> str:
    """Return the name of the column that holds ``value`` for a pivoted value.

    >>> column_name("2024", "Miles")
    '2024_Miles'
    """
    return f"{pivoted}_{value}"


def _column(constants: Sequence[Constant], type_: Type) -> Column:
    return Column.of([constant.value for constant in constants], type_)


@dataclass(frozen=True, slots=True)
class Pivoted:
    """A column of a pivot: the number of the expected value, and the name of the aggregate."""

    expected: int
    value: str


@dataclass(frozen=True, slots=True)
class PivotStep(Step):
    """A pivot, bound.

    A row is a combination of the values of ``rows``, in order of first appearance; a cell without rows underneath
    is null, also where the aggregate counts. Columns stand by pivoted value, for each by aggregate; without
    ``expected`` the pivoted values stand in ascending order, null and errors last. They are named by the value's
    text (as CONCAT writes it; ``null``; ``#`` and the code of an error).

    Attributes:
        bound: the aggregate sheet over rows and column together; its keys have names of their own.
        expected: the expected values, of the column's type.
        made: the columns by name, where they are expected.
    """

    name: str
    schema: Schema
    base: str
    bound: BoundSheet
    rows: tuple[str, ...]
    column: str
    type: Type
    values: tuple[str, ...]
    expected: tuple[Constant, ...]
    made: Mapping[str, Pivoted]
    open_schema: bool

    def _inside(self, columns: Sequence[str]) -> list[str]:
        """Return the columns of the aggregate sheet that are needed for columns of this one."""
        keys = [*(f"{_ROW}{place}" for place in range(len(self.rows))), _ACROSS]
        wanted = {self.made[name].value for name in columns if name in self.made}
        return keys + [value for value in self.values if self.open_schema or value in wanted]

    def needs(self, columns: Sequence[str]) -> dict[str, set[str]]:
        """The keys, and what the aggregates of ``columns`` read; without expected values all aggregates."""
        return merged({self.base: set()}, self.bound.inputs(self._inside(columns)))

    def run(self, tables: Mapping[str, Table], columns: Sequence[str], ctx: RunContext) -> StepResult:
        """Aggregate by rows and column together, then put the groups side by side."""
        inside = self._inside(columns)
        base = tables[self.base]
        done = evaluate(self.bound, base, ctx.env, ctx.workers, others=ctx.others, columns=inside)
        assert done.groups is not None
        cells = done.table.columns
        keys = [cells[f"{_ROW}{place}"] for place in range(len(self.rows))]
        row = Groups.of(keys)
        made = {name: key.take(row.first) for name, key in zip(self.rows, keys, strict=True) if name in columns}
        across = cells[_ACROSS]
        notices: list[Notice] = []
        if self.open_schema:
            place, labels = self._found(across, ctx.env)
            pivoted, renamed = self._named(labels)
            if renamed:
                words = "columns of the pivot would have equal names: they are numbered"
                notices.append(Notice("warning", words, len(renamed), tuple(renamed[:5])))
            wanted = [*(name for name in columns if name in made), *pivoted]
        else:
            place, pivoted, wanted = self._known(across), dict(self.made), list(columns)
            notices += _outside(across, place, done.groups, self.column, ctx.env)
        source = _sources(place, row)
        names = [name for name in wanted if name in pivoted]

        def cell(name: str) -> Column:
            one = pivoted[name]
            return cells[one.value].take(source(one.expected), missing=True)

        made.update(zip(names, ctx.workers.map(cell, names), strict=True))
        table = Table({name: made[name] for name in wanted}, row.count)
        maps = self._maps(done.groups, row, source, pivoted) if ctx.trace else ()
        return StepResult(table, tuple(notices), maps=maps)

    def _maps(
        self, cells: Groups, row: Groups, source: Callable[[int], Ints], pivoted: Mapping[str, Pivoted]
    ) -> tuple[RowMap, ...]:
        """Return the map of whole rows, and for each pivoted value that of its cells."""
        by_cell = grouped(self.base, cells.codes, cells.count)
        columns: dict[int, list[str]] = {}
        for name, one in pivoted.items():
            columns.setdefault(one.expected, []).append(name)
        closer = [replace(by_cell, index=source(number), columns=frozenset(names)) for number, names in columns.items()]
        return grouped(self.base, row.codes[cells.codes], row.count), *closer

    def _known(self, across: Column) -> Ints:
        """Return for each group the number of its expected value, -1 where it is not expected."""
        count = len(self.expected)
        both = concat([_column(self.expected, self.type), across])
        codes, total = dense_codes(both)
        number = np.full(total, -1, np.int64)
        number[codes[:count][::-1]] = np.arange(count)[::-1]
        return number[codes[count:]]

    def _found(self, across: Column, env: Environment) -> tuple[Ints, list[str]]:
        """Return for each group the number of its pivoted value, and the texts of these in order."""
        groups = Groups.of([across])
        if groups.count * len(self.values) > MOST_COLUMNS:
            raise SheetlineError(
                f"sheet {quoted(self.name)} would have {groups.count * len(self.values):,} columns: column "
                f"{quoted(self.column)} has {groups.count:,} different values. A pivot makes at most "
                f"{MOST_COLUMNS:,} columns. List those of interest under 'expected', or filter first."
            )
        values = across.take(groups.first)
        order = stable_order([sort_key(values)], groups.count)
        rank = np.empty(groups.count, np.int64)
        rank[order] = np.arange(groups.count)
        return rank[groups.codes], texts(values.take(order), env)

    def _named(self, labels: Sequence[str]) -> tuple[dict[str, Pivoted], list[str]]:
        """Return the columns by name; equal names (the text "null" beside nulls, say) are numbered and returned."""
        made: dict[str, Pivoted] = {}
        renamed: list[str] = []
        for index, label in enumerate(labels):
            for value in self.values:
                name = column_name(label, value)
                number = 1
                while name in made or name in self.rows:
                    number += 1
                    name = f"{column_name(label, value)} ({number})"
                if number > 1:
                    renamed.append(name)
                made[name] = Pivoted(index, value)
        return made, renamed

    def references(self, column: str) -> list[Reference]:
        """A row is its key; a pivoted column is its aggregate, grouped by rows and column."""
        keys = [Reference(self.base, name, "group") for name in self.rows]
        if column == ROWS or column in self.rows:
            return [*([] if column == ROWS else [Reference(self.base, column, "value")]), *keys]
        return unique(self.bound.references(self._value_of(column)))

    def _value_of(self, column: str) -> str:
        """Return the aggregate of a column, also of one that is known only after a run."""
        if column in self.made:
            return self.made[column].value
        fitting_names = [value for value in self.values if f"_{value}" in column]
        if not fitting_names:
            raise KeyError(f"the pivot {self.name!r} has no column {column!r}")
        return max(fitting_names, key=lambda value: (column.rfind(f"_{value}") + len(value), len(value)))


def _sources(place: Ints, row: Groups) -> Callable[[int], Ints]:
    """Return what gives, for the number of a pivoted value, the group in each row's cell, -1 for none."""
    order = stable_order([place], len(place))
    numbers = place[order]

    def source(number: int) -> Ints:
        low, high = np.searchsorted(numbers, (number, number + 1))
        groups = order[low:high]
        found = np.full(row.count, -1, np.int64)
        found[row.codes[groups]] = groups
        return found

    return source


def _outside(across: Column, place: Ints, groups: Groups, name: str, env: Environment) -> Iterator[Notice]:
    """Report values that are not expected, with how many rows they have."""
    gone = np.flatnonzero(place < 0)
    if len(gone):
        seen = Groups.of([across.take(gone)]).first
        words = f"values of {quoted(name)} are not among those expected: these rows are in no column"
        yield Notice("warning", words, int(groups.sizes[gone].sum()), examples([across], gone[seen], env))
