"""Formula sheets: one formula a column, over the rows or the groups of the sheet underneath."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ModelWrapValidatorHandler, PrivateAttr, model_validator

from sheetline.formulas.bind import bind_sheet
from sheetline.formulas.bound import BoundSheet, Reference, Shape, Space
from sheetline.formulas.complain import CONVERTERS
from sheetline.formulas.diagnostics import make
from sheetline.formulas.evaluate import Evaluated, evaluate
from sheetline.formulas.parts import DividedSheet, Division, divided_on, divides
from sheetline.functions.columns import Table
from sheetline.workbook.model.base import (
    ColumnType,
    DerivedSheet,
    Formula,
    Model,
    Name,
    Names,
    checked_names,
    fail,
    repeated,
)
from sheetline.workbook.problems import Path, Problem, problem, quoted
from sheetline.workbook.rowmaps import RowMap, grouped
from sheetline.workbook.steps import BindContext, Rows, RunContext, Schema, Step, StepResult, merged


class FormulaColumn(Model):
    """A column and the formula that computes it."""

    name: Name = Field(description="The column's name.")
    formula: Formula = Field(description="How it is computed.")
    description: str | None = Field(default=None, description="What it holds, with its unit.")
    type: ColumnType | None = Field(default=None, description="The type that the formula must have (an assertion).")


class CopyExcept(Model):
    """All columns of the sheet underneath but some."""

    except_: Names = Field(alias="except", description="The columns that are not copied.")


def _columns(value: object) -> object:
    """Read the short form {name: formula} as the list that it stands for."""
    if isinstance(value, Mapping):
        return tuple({"name": name, "formula": formula} for name, formula in value.items())
    return tuple(value) if isinstance(value, list) else value


def _copy(value: object) -> object:
    # A union would report every alternative; so the alternatives are told apart here.
    if isinstance(value, bool | CopyExcept):
        return value
    if isinstance(value, list | tuple):
        return checked_names(value)
    expected = 'true, false, a list of columns or {"except": [columns]}'
    if isinstance(value, Mapping):
        names = value.get("except")
        if len(value) == 1 and isinstance(names, list | tuple):
            return CopyExcept.model_construct(except_=checked_names(names, "except"))
        raise fail("W103", expected=expected, got="another object", advice="")
    raise fail("W103", expected=expected, got=quoted(value), advice="")


class FormulasSheet(DerivedSheet):
    """A sheet of formulas."""

    kind: Literal["formulas"] = Field(description="A formula for each column.")
    columns: Annotated[
        tuple[FormulaColumn, ...],
        BeforeValidator(_columns, json_schema_input_type=tuple[FormulaColumn, ...] | dict[str, str]),
    ] = Field(description="The columns in order: a list of objects, or {name: formula}.")
    copy_: Annotated[
        bool | Names | CopyExcept,
        BeforeValidator(_copy, json_schema_input_type=bool | tuple[str, ...] | CopyExcept),
    ] = Field(
        default=False, alias="copy", description='Columns taken over as they are: true, a list, or {"except": […]}.'
    )

    _mapping: bool = PrivateAttr(default=False)

    @model_validator(mode="wrap")
    @classmethod
    def _remember_form(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        sheet = handler(data)
        if isinstance(data, Mapping) and isinstance(data.get("columns"), Mapping):
            sheet._mapping = True
        return sheet

    def rules(self) -> Iterator[Problem]:
        """At least one column; no column twice, also not among the copied ones."""
        if not self.columns and self.copy_ is False:
            yield problem(("columns",), "W106", key="'columns'")
        seen: set[str] = set()
        for index, column in enumerate(self.columns):
            if column.name in seen:
                yield problem(("columns", index, "name"), "W202", name=quoted(column.name), advice="rename one of them")
            seen.add(column.name)
        if isinstance(self.copy_, tuple):
            yield from repeated(self.copy_, "copy")
        elif isinstance(self.copy_, CopyExcept):
            yield from repeated(self.copy_.except_, "copy", "except")

    def written(self) -> dict[str, object]:
        """Keep the short form of the columns where it was written so."""
        result = super().written()
        if self._mapping and all(c.type is None and c.description is None for c in self.columns):
            result["columns"] = {column.name: column.formula for column in self.columns}
        return result

    # --- binding, schema, lineage, execution

    def formula_texts(self) -> Iterator[tuple[Path, str]]:
        """Every formula of the sheet, with its place."""
        for index, column in enumerate(self.columns):
            yield ("columns", index, "formula"), column.formula

    def bind(self, ctx: BindContext) -> Step | None:
        """Bind all formulas; copied columns stand first, in the order of the sheet underneath."""
        base = ctx.schemas[self.of]
        copied = self._copied(ctx, base)
        formulas = dict.fromkeys(copied, "")
        formulas.update({column.name: column.formula for column in self.columns})
        own = {column.name: index for index, column in enumerate(self.columns)}
        bound, problems = bind_sheet(
            formulas, ctx.scope(self.of), ctx.env, copied=[name for name in copied if name not in own]
        )
        for one in problems:
            ctx.add(("columns", own[one.column], "formula") if one.column in own else ("copy",), [one])
        self._assert_types(ctx, bound)
        if any(one.severity == "error" for one in problems):
            return None
        return FormulasStep(self.name, bound.types, self.of, bound)

    def _copied(self, ctx: BindContext, base: Schema) -> list[str]:
        if self.copy_ is False:
            return []
        if not isinstance(self.copy_, tuple) and self.of in ctx.open_sheets:
            ctx.complain(("copy",), "W236", name=quoted(self.of))
            return []
        if self.copy_ is True:
            return list(base)
        names = self.copy_.except_ if isinstance(self.copy_, CopyExcept) else self.copy_
        path: Path = ("copy", "except") if isinstance(self.copy_, CopyExcept) else ("copy",)
        known = {name for i, name in enumerate(names) if ctx.column((*path, i), name, self.of) is not None}
        if isinstance(self.copy_, CopyExcept):
            return [name for name in base if name not in known]
        return [name for name in base if name in known]

    def _assert_types(self, ctx: BindContext, bound: BoundSheet) -> None:
        for index, column in enumerate(self.columns):
            node = bound.columns.get(column.name)
            if column.type is None or node is None or node.op == "bad":
                continue
            got = str(node.type)
            if got != column.type:
                words: dict[str, Any] = {"expected": column.type, "got": got}
                convert = CONVERTERS.get(column.type)
                found = make("F128", None, column.formula, **words, **({"convert": convert} if convert else {}))
                ctx.add(("columns", index, "type"), [found.with_place(column=column.name)])


@dataclass(frozen=True, slots=True)
class FormulasStep(Step):
    """The formulas of a sheet, bound."""

    name: str
    schema: Schema
    base: str
    bound: BoundSheet

    def needs(self, columns: Sequence[str]) -> dict[str, set[str]]:
        """The columns that the formulas of ``columns``, and what makes the rows, read."""
        return merged({self.base: set()}, self.bound.inputs(columns))

    def needs_beside(self, columns: Sequence[str], known: Container[str]) -> dict[str, set[str]]:
        """What the formulas read that are not known."""
        return merged({self.base: set()}, self.bound.inputs(columns, known))

    def run(self, tables: Mapping[str, Table], columns: Sequence[str], ctx: RunContext) -> StepResult:
        """Evaluate the formulas."""
        consume = self.base in ctx.given_away and not ctx.known
        done = evaluate(
            self.bound,
            tables[self.base],
            ctx.env,
            ctx.workers,
            others=ctx.others,
            columns=columns,
            consume=consume,
            origins=ctx.trace,
            known=ctx.known,
        )
        return StepResult(done.table, maps=self._maps(done))

    def rows_from(self, inputs: Mapping[str, Rows]) -> Rows:
        """As many as underneath, where no group, and nothing that adds or drops rows, decides."""
        base, bound = inputs[self.base], self.bound
        if bound.shape is Shape.AGGREGATE and not bound.keys:
            return Rows(1, not bound.expansions)
        same = bound.shape is not Shape.AGGREGATE and not bound.changes and not bound.expansions
        return Rows(base.number, base.sure and same)

    def passes_on(self, column: str) -> tuple[str, str] | None:
        """Copies of a sheet whose rows are those underneath."""
        node = self.bound.columns[column]
        same = self.bound.shape is Shape.ROW and not self.bound.expansions
        return (self.base, node.name) if same and node.op == "input" and node.space is Space.BASE else None

    def _maps(self, done: Evaluated) -> tuple[RowMap, ...]:
        """Return the maps to the row's own record, and to the rows of its group."""
        found = done.origins
        if found is None:
            return ()
        maps = [] if found.own is None else [RowMap(self.base, found.own)]
        if found.group is not None and done.groups is not None:
            why = "" if found.own is None else "rows of its group"
            maps.append(grouped(self.base, done.groups.codes, done.groups.count, found.group, why))
        return tuple(maps)

    def divided_on(self, division: Division) -> Division | None:
        """Row formulas by any division, groups where each lies in one part."""
        return divided_on(self.bound, division)

    def divides(self) -> Division | None:
        """By the groups of a series sheet."""
        return divides(self.bound)

    def divide(self, tables: Mapping[str, Table], columns: Sequence[str], ctx: RunContext) -> DividedSheet:
        """Make the groups and their order."""
        return DividedSheet(self.bound, tables[self.base], ctx.env, ctx.workers, columns)

    def references(self, column: str) -> list[Reference]:
        """What the formula reads, columns of this sheet among it; its keys, orders and expansions decide about rows."""
        return self.bound.references(column, self.name)
