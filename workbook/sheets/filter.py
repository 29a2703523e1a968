"""Filter sheets: the rows for which a formula, or a list of conditions, is true."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field

from sheetline.workbook.model.base import DerivedSheet, Formula, Listed, Model, Name, Scalar, scalar
from sheetline.workbook.problems import Problem, problem, quoted

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

    def check(self) -> Iterator[Problem]:
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

    def check(self) -> Iterator[Problem]:
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
