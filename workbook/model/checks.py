"""Checks: what a workbook says must be true of the rows of a sheet. One model a kind, told apart by ``kind``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Final, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field

from sheetline.workbook.model.parts import (
    Count,
    Formula,
    Listed,
    Model,
    Name,
    Names,
    NamesOrOne,
    Scalar,
    fail,
    repeated,
)
from sheetline.workbook.problems import Problem, listed, problem, quoted

Severity = Literal["fail", "warn"]


def _allow(value: object) -> object:
    # A union of numbers would report both alternatives; so they are told apart here.
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if whole or (isinstance(value, float) and 0 <= value < 1):
        return value
    raise fail("W107", expected="a number of rows, or a part of the rows from 0 to below 1", got=quoted(value))


def _bound(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        raise fail("W103", expected="a number or text", got=quoted(value), advice="")
    return value


def _reference(value: tuple[str, ...]) -> tuple[str, ...]:
    from sheetline.workbook.sheets.join import split_reference  # sheets are made of this module's models

    for text in value:
        if split_reference(text) is None:
            raise fail("W116", got=quoted(text))
    return value


Bound = Annotated[
    Scalar, AfterValidator(_bound), Field(json_schema_extra={"anyOf": [{"type": "string"}, {"type": "number"}]})
]
Allowance = Annotated[
    int | float,
    BeforeValidator(_allow),
    Field(
        json_schema_extra={
            "anyOf": [{"type": "integer", "minimum": 0}, {"type": "number", "minimum": 0, "exclusiveMaximum": 1}]
        }
    ),
]
_LAST: Final = ("name", "description", "severity", "allow")


class CheckBase(Model):
    """What every check has."""

    kind: str = Field(description="What is checked.")
    name: Name | None = Field(default=None, description="What the check is called in reports.")
    description: str | None = Field(default=None, description="Why it must be so.")
    severity: Severity = Field(
        default="fail", description="fail: a run that breaks it writes nothing and ends with exit code 1."
    )

    @property
    def formula_text(self) -> str | None:
        """The formula that must be true, if there is one."""
        return None

    @property
    def label(self) -> str:
        """What the check is called: its name, or its kind and columns."""
        return self.name if self.name is not None else f"{self.kind}({', '.join(self.looks_at)})"

    @property
    def looks_at(self) -> tuple[str, ...]:
        """The columns that the check names."""
        return ()

    def written(self) -> dict[str, object]:
        """The kind and what it needs first, then how it is called and what happens."""
        result = super().written()
        for key in _LAST:
            if key in result:
                result[key] = result.pop(key)
        return result


class RowCheck(CheckBase):
    """A check that each row passes or breaks."""

    allow: Allowance = Field(
        default=0, description="How many rows may break it: a number, or below 1 a part of the sheet's rows."
    )


class ColumnsCheck(RowCheck):
    """A check of one or several columns."""

    takes: ClassVar[str] = ""
    column: Name | None = Field(default=None, description="The column.")
    columns: Names | None = Field(default=None, description="The columns, instead of one.")

    @property
    def looks_at(self) -> tuple[str, ...]:
        """The columns."""
        return (self.column,) if self.column is not None else self.columns or ()

    def rules(self) -> Iterator[Problem]:
        """Either one column or several; none twice."""
        given = [key for key in ("column", "columns") if getattr(self, key) is not None]
        if len(given) != 1:
            keys, has = "'column' and 'columns'", "both" if given else "neither"
            path = ("columns",) if given else ()
            yield problem(path, "W205", on_key=bool(given), where=f"a check {quoted(self.kind)}", keys=keys, given=has)
        elif self.columns == ():
            yield problem(("columns",), "W106", key="'columns'")
        elif self.columns is not None:
            yield from repeated(self.columns, "columns")


class NotNullCheck(ColumnsCheck):
    """No null and no error."""

    kind: Literal["notNull"] = Field(description="Every row has a value.")


class UniqueCheck(ColumnsCheck):
    """No two rows alike."""

    kind: Literal["unique"] = Field(description="No two rows have the same values; rows with a null are left out.")


class RangeCheck(RowCheck):
    """Not too small and not too large."""

    kind: Literal["range"] = Field(description="Every value lies between two bounds; nulls are left out.")
    column: Name = Field(description="The column.")
    min: Bound | None = Field(default=None, description="The smallest value; dates as ISO 8601 text.")
    max: Bound | None = Field(default=None, description="The largest value.")
    inclusive: bool = Field(default=True, description="Whether the bounds themselves are allowed.")

    @property
    def looks_at(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    def rules(self) -> Iterator[Problem]:
        """At least one bound, and something in between."""
        if self.min is None and self.max is None:
            yield problem((), "W102", where="a check 'range'", key="'min' or 'max'", advice="")
        if isinstance(self.min, str) != isinstance(self.max, str) and None not in (self.min, self.max):
            expected = f"{'text' if isinstance(self.min, str) else 'a number'} as 'min' is"
            yield problem(("max",), "W107", key="'max'", expected=expected, got=quoted(self.max))
        elif self.min is not None and self.max is not None and _empty(self.min, self.max, inclusive=self.inclusive):
            yield problem(("max",), "W240", low=quoted(self.min), high=quoted(self.max))


def _empty(low: Any, high: Any, *, inclusive: bool) -> bool:
    if isinstance(low, str):  # dates of several spellings are compared when their column is known
        return not inclusive and low == high
    return bool(low > high if inclusive else low >= high)


class AllowedCheck(RowCheck):
    """One of some values."""

    kind: Literal["allowed"] = Field(description="Every value is one of a list; nulls are left out.")
    column: Name = Field(description="The column.")
    values: Annotated[tuple[Scalar, ...], Listed] = Field(description="The values; dates as ISO 8601 text.")

    @property
    def looks_at(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    def rules(self) -> Iterator[Problem]:
        """At least one value; null is none."""
        if not self.values:
            yield problem(("values",), "W106", key="'values'")
        for index, value in enumerate(self.values):
            if value is None:
                expected = "a value: nulls are left out, and notNull looks for them"
                yield problem(("values", index), "W107", key="an item of 'values'", expected=expected, got="null")


class RelationCheck(ColumnsCheck):
    """Found in another sheet."""

    kind: Literal["relation"] = Field(
        description="Every value stands in a column of another sheet; rows with a null are left out."
    )
    in_: Annotated[NamesOrOne, AfterValidator(_reference)] = Field(
        alias="in", description='Where: "Sheet!Column", or as many of one sheet as there are columns.'
    )

    def rules(self) -> Iterator[Problem]:
        """As many columns there as here, of one sheet."""
        from sheetline.workbook.sheets.join import split_reference

        yield from super().rules()
        here, there = len(self.looks_at), len(self.in_)
        if here and here != there:
            yield problem(("in",), "W241", here=here, there=there)
        sheets = list(dict.fromkeys((split_reference(text) or ("", ""))[0] for text in self.in_))
        if len(sheets) > 1:
            yield problem(("in",), "W242", sheets=listed([quoted(sheet) for sheet in sheets]))

    def written(self) -> dict[str, object]:
        """One column there is written without a list."""
        result = super().written()
        return {key: (self.in_[0] if key == "in" and len(self.in_) == 1 else v) for key, v in result.items()}


class RowsCheck(CheckBase):
    """How many rows there are."""

    kind: Literal["rows"] = Field(description="The sheet has so many rows.")
    min: Count | None = Field(default=None, description="At least so many.")
    max: Count | None = Field(default=None, description="At most so many.")

    @property
    def label(self) -> str:
        """What the check is called."""
        return self.name if self.name is not None else self.kind

    def rules(self) -> Iterator[Problem]:
        """At least one bound, and something in between."""
        if self.min is None and self.max is None:
            yield problem((), "W102", where="a check 'rows'", key="'min' or 'max'", advice="")
        if self.min is not None and self.max is not None and self.min > self.max:
            yield problem(("max",), "W240", low=quoted(self.min), high=quoted(self.max))


class WhereCheck(RowCheck):
    """True for every row."""

    kind: Literal["where"] = Field(description="A formula is true for every row; null and errors are not true.")
    where: Formula = Field(description="The formula.")

    @property
    def formula_text(self) -> str | None:
        """The formula."""
        return self.where

    @property
    def label(self) -> str:
        """What the check is called."""
        return self.name if self.name is not None else f"where {self.where}"


Check = Annotated[
    NotNullCheck | UniqueCheck | RangeCheck | AllowedCheck | RelationCheck | RowsCheck | WhereCheck,
    Field(discriminator="kind"),
]
"""Any check, told apart by ``kind``."""

CHECK_KINDS: Final[tuple[type[CheckBase], ...]] = get_args(get_args(Check)[0])
"""The kinds, in the order in which messages and the reference list them."""
