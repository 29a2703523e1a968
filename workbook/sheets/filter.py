"""Filter sheets: the rows for which a formula, or a list of conditions, is true."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

import numpy as np
from pydantic import BeforeValidator, Field

from sheetline.formulas import ast
from sheetline.formulas.bound import ROWS, BoundSheet, Reference
from sheetline.formulas.evaluate import evaluate
from sheetline.formulas.parts import Division, looks_around
from sheetline.formulas.printer import print_formula
from sheetline.functions.columns import Table
from sheetline.functions.context import Environment
from sheetline.functions.types import Kind, Type, of_python, widen
from sheetline.workbook.model.base import DerivedSheet, Formula, Listed, Model, Name, Scalar, scalar
from sheetline.workbook.problems import Path, Problem, problem, quoted
from sheetline.workbook.relational import gather, instant, passed, value_word
from sheetline.workbook.rowmaps import RowMap
from sheetline.workbook.steps import (
    BindContext,
    RunContext,
    Schema,
    Step,
    StepResult,
    merged,
    with_role,
    with_rows,
)

Operator = Literal[
    "==", "!=", "<", "<=", ">", ">=", "contains", "notContains", "startsWith", "endsWith", "matches",
    "in", "notIn", "between", "isNull", "isNotNull", "isBlank", "isNotBlank",
]  # fmt: skip
OPERATORS: tuple[str, ...] = get_args(Operator)
WITHOUT_VALUE = frozenset({"isNull", "isNotNull", "isBlank", "isNotBlank"})
WITH_LIST = frozenset({"in", "notIn", "between"})
WITH_TEXT = frozenset({"contains", "notContains", "startsWith", "endsWith", "matches"})


def _value(value: object) -> object:
    # A union of a scalar and a list would report both alternatives; so they are told apart here.
    if isinstance(value, list):
        return tuple(scalar(item, (index,)) for index, item in enumerate(value))
    return value if isinstance(value, tuple) else scalar(value)


class Condition(Model):
    """A comparison of a column with a value."""

    column: Name = Field(description="The column to look at.")
    op: Operator = Field(description="How to compare.")
    value: Annotated[
        Scalar | tuple[Scalar, ...],
        BeforeValidator(_value, json_schema_input_type=str | int | float | bool | None | tuple[Scalar, ...]),
    ] = Field(default=None, description="What to compare with: a value, or a list for in, notIn and between.")

    def rules(self) -> Iterator[Problem]:
        """The value must be of the form that the operator takes."""
        given = "value" in self.model_fields_set
        fault = value_fault(self.op, self.value, given=given)
        if fault:
            path = ("value",) if given else ()
            yield problem(path, "W207", on_key=self.op in WITHOUT_VALUE, op=quoted(self.op), expected=fault)

    def written(self) -> dict[str, object]:
        """Write the value also where it is null, since ``== null`` has a meaning."""
        result = super().written()
        if self.op not in WITHOUT_VALUE:
            result["value"] = list(self.value) if isinstance(self.value, tuple) else self.value
        return result


def value_fault(op: str, value: object, *, given: bool) -> str | None:
    """Say what is wrong with the value of a condition, or return None.

    >>> value_fault("between", (1,), given=True)
    'takes a list of two values: the lowest and the highest'
    """
    if op in WITHOUT_VALUE:
        return "takes no value" if given else None
    if not given:
        return "needs a value"
    if op in WITH_LIST and not isinstance(value, tuple):
        return "takes a list of values"
    if op == "between" and isinstance(value, tuple) and (len(value) != 2 or None in value):
        return "takes a list of two values: the lowest and the highest"
    if op not in WITH_LIST and isinstance(value, tuple):
        return "takes a single value: for a list use in or notIn"
    if op in WITH_TEXT and not isinstance(value, str):
        return "takes text"
    if op in ("<", "<=", ">", ">=") and (value is None or isinstance(value, bool)):
        return f"has no order for {quoted(value)}" + (": use isNull or isNotNull" if value is None else "")
    return None


class FilterSheet(DerivedSheet):
    """The rows that fulfil a condition."""

    kind: Literal["filter"] = Field(description="Only rows for which something is true.")
    where: Formula | None = Field(default=None, description="A formula that must be true.")
    conditions: Annotated[tuple[Condition, ...], Listed] | None = Field(
        default=None, description="Comparisons, instead of a formula."
    )
    connector: Literal["AND", "OR"] = Field(default="AND", description="Whether all conditions must hold, or one.")

    def rules(self) -> Iterator[Problem]:
        """Either a formula or conditions."""
        given = [key for key in ("where", "conditions") if getattr(self, key) is not None]
        if len(given) != 1:
            has = "both" if given else "neither"
            path: tuple[str, ...] = ("conditions",) if given else ()
            yield problem(path, "W205", on_key=True, where="a filter", keys="'where' and 'conditions'", given=has)
        if self.conditions == ():
            yield problem(("conditions",), "W106", key="'conditions'")
        if self.where is not None and "connector" in self.model_fields_set:
            advice = "write && and || in the formula"
            yield problem(("connector",), "W208", on_key=True, key="'connector'", other="'conditions'", advice=advice)

    # --- binding, schema, lineage, execution

    def formula_texts(self) -> Iterator[tuple[Path, str]]:
        """The formula, if there is one."""
        if self.where is not None:
            yield ("where",), self.where

    def bind(self, ctx: BindContext) -> Step | None:
        """Bind the formula, or the one that the conditions stand for."""
        path: Path = ("where",) if self.where is not None else ("conditions",)
        text = self.where if self.where is not None else self._translated(ctx)
        bound = None if text is None else ctx.formula(path, text, self.of, "a filter")
        if bound is None or text is None:
            return None
        got = bound.columns["Result"].type
        if got.kind not in (Kind.BOOLEAN, Kind.NULL):
            advice = "compare it with something, as in #Speed > 0"
            ctx.complain(path, "W230", what="this formula", got=got, advice=advice)
            return None
        return FilterStep(self.name, dict(ctx.schemas[self.of]), self.of, text, bound, self.of in ctx.open_sheets)

    def _translated(self, ctx: BindContext) -> str | None:
        """Return the conditions as a formula, or None after reporting what is wrong with them."""
        nodes: list[ast.Node] = []
        for index, condition in enumerate(self.conditions or ()):
            path: Path = ("conditions", index)
            type_ = ctx.column((*path, "column"), condition.column, self.of)
            if type_ is None or not _fits(ctx, path, condition, type_):
                continue
            node = condition_node(condition, type_)
            place = (*path, "value") if "value" in condition.model_fields_set else path
            if ctx.formula(place, print_formula(node), self.of, "a filter") is not None:
                nodes.append(node)
        if len(nodes) < len(self.conditions or ()):
            return None
        if len(nodes) == 1:
            return print_formula(nodes[0])
        joint = "&&" if self.connector == "AND" else "||"
        return print_formula(ast.Chain((joint,) * (len(nodes) - 1), tuple(nodes)))


def condition_node(condition: Condition, type_: Type) -> ast.Node:
    """Return the formula that a condition on a column of the given type stands for.

    Nulls follow the formula language: ``==``, ``!=``, ``in`` and ``notIn`` know null as a value, in all other
    comparisons a null gives null, which is not true; so rows without a value are no part of ``notContains``.

    >>> from sheetline.functions.types import STRING
    >>> print_formula(condition_node(Condition(column="Road", op="notContains", value="way"), STRING))
    '!CONTAINS(#Road;"way")'
    """
    column = ast.ColumnRef(condition.column)
    op, given = condition.op, condition.value
    values = [_value_node(value, type_) for value in (given if isinstance(given, tuple) else (given,))]
    if op in ("==", "!=", "<", "<=", ">", ">="):
        return ast.Chain((op,), (column, values[0]))
    if op in WITHOUT_VALUE:
        name, negated = _TESTS[op]
        call: ast.Node = ast.Call(name, (column,))
    elif op in ("in", "notIn"):
        name, negated = "IN", op == "notIn"
        call = ast.Call(name, (column, *values)) if given else ast.Literal(False)
    else:
        name, negated = _CALLS[op]
        call = ast.Call(name, (column, *values))
    return ast.Unary("!", call) if negated else call


_TESTS = {
    "isNull": ("ISNULL", False),
    "isNotNull": ("ISNOTNULL", False),
    "isBlank": ("ISBLANK", False),
    "isNotBlank": ("ISBLANK", True),
}
_CALLS = {
    "contains": ("CONTAINS", False),
    "notContains": ("CONTAINS", True),
    "startsWith": ("STARTSWITH", False),
    "endsWith": ("ENDSWITH", False),
    "matches": ("REGEXMATCH", False),
    "between": ("BETWEEN", False),
}


def _value_node(value: str | float | bool | None, type_: Type) -> ast.Node:
    """Return a value as a literal; dates, and fractions for exact columns, through the function that reads them."""
    if isinstance(value, str) and type_.kind is Kind.DATE:
        return ast.Call("ASDATE", (ast.Literal(value),))
    if isinstance(value, float) and type_.is_big:
        return ast.Call("BIGDECIMAL", (ast.Literal(repr(value)),))
    if isinstance(value, int | float) and not isinstance(value, bool) and value < 0:
        return ast.Unary("-", ast.Literal(-value))
    return ast.Literal(abs(value) if isinstance(value, float) else value)


def _fits(ctx: BindContext, path: Path, condition: Condition, type_: Type) -> bool:
    """Tell whether a condition's operator and values go with its column's type; what does not is reported."""
    if condition.op in WITHOUT_VALUE:
        return True
    words = {"name": quoted(condition.column), "type": type_}
    if condition.op in WITH_TEXT:
        if type_.kind in (Kind.STRING, Kind.NULL):
            return True
        advice = "compare it with ==, < or between, or convert it in a formula sheet"
        ctx.complain((*path, "op"), "W232", op=quoted(condition.op), wanted="text", advice=advice, **words)
        return False
    several = isinstance(condition.value, tuple)
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    good = True
    for index, value in enumerate(values):
        if not _comparable(value, type_, ctx.env):
            place = (*path, "value", index) if several else (*path, "value")
            ctx.complain(place, "W231", got=value_word(value), advice=_advice(value, type_), **words)
            good = False
    return good


def _comparable(value: str | float | bool | None, type_: Type, env: Environment) -> bool:
    if value is None:
        return True
    if type_.kind is Kind.DATE:
        return instant(value, env) is not None
    if type_.is_big and isinstance(value, float):
        return True
    return widen(type_, of_python(value)) is not None


def _advice(value: str | float | bool | None, type_: Type) -> str:
    if type_.kind is Kind.DATE:
        return 'dates are written as ISO 8601 text: "2024-03-01" or "2024-03-01T08:30:00Z"'
    if type_.is_number and isinstance(value, str):
        return "write the number without quotes"
    if type_.kind is Kind.STRING:
        return "write the value in quotes"
    return "write true or false" if type_.kind is Kind.BOOLEAN else ""


@dataclass(frozen=True, slots=True)
class FilterStep(Step):
    """A filter, bound. ``text`` is the condition as a formula, also where the file has a list of conditions."""

    name: str
    schema: Schema
    base: str
    text: str
    bound: BoundSheet
    open_schema: bool = False

    def needs(self, columns: Sequence[str]) -> dict[str, set[str]]:
        """The columns themselves, and what the condition reads."""
        return merged({self.base: set(columns)}, self.bound.inputs())

    def run(self, tables: Mapping[str, Table], columns: Sequence[str], ctx: RunContext) -> StepResult:
        """Keep the rows for which the condition is true; where it is an error the row goes, and is reported."""
        base = tables[self.base]
        done = evaluate(self.bound, base, ctx.env, ctx.workers, others=ctx.others)
        condition = done.table.columns["Result"]
        null = condition.nulls()
        rows = np.flatnonzero(condition.data if null is None else condition.data & ~null)
        names = passed(base, columns, self.schema, open_schema=self.open_schema)
        taken = gather(base, names, rows, ctx.workers, consume=self.base in ctx.given_away)
        maps = (RowMap(self.base, rows),) if ctx.trace else ()
        return StepResult(Table(taken, len(rows)), row_errors=condition.errors, maps=maps)

    def divided_on(self, division: Division) -> Division | None:
        """By any division, unless the condition looks at whole columns."""
        if self.open_schema or looks_around(self.bound):
            return None
        known = division.columns or {}
        return Division(division.keys, {name: known[name] for name in self.schema if name in known})

    def references(self, column: str) -> list[Reference]:
        """The column itself; what the condition reads decides about every row."""
        own = [] if column == ROWS else [Reference(self.base, column, "value")]
        return with_rows([*own, *with_role(self.bound, "filter")], [self.base])
