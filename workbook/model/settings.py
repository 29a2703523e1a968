"""The workbook's settings beside its sheets: parameters, what happens to errors, outputs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal, get_args

from pydantic import Field

from sheetline.workbook.model.base import Count, Model, Name, Scalar
from sheetline.workbook.model.endpoints import TargetEndpoint
from sheetline.workbook.problems import Problem, problem, quoted

ParameterType = Literal["integer", "float", "string", "boolean", "date"]
PARAMETER_TYPES: tuple[str, ...] = get_args(ParameterType)
ErrorMode = Literal["keep", "drop", "fail"]


class Parameter(Model):
    """A named constant that formulas use as ``$name`` and a run may set to another value."""

    type: ParameterType = Field(description="The type of the value.")
    value: Scalar = Field(description="The value unless a run sets another; dates as ISO 8601 text.")
    description: str | None = Field(default=None, description="What it means, with its unit.")

    def rules(self) -> Iterator[Problem]:
        """The value must be of the type, without any conversion."""
        fault = parameter_fault(self.type, self.value)
        if fault:
            yield problem(("value",), "W107", key="'value'", expected=fault, got=quoted(self.value))


def parameter_fault(kind: str, value: object) -> str | None:
    """Return what a value for a parameter of type ``kind`` must be, or None when it is that.

    >>> parameter_fault("integer", "7")
    'a whole number of 64 bit'
    >>> parameter_fault("date", "2024-02-29T12:00:00Z") is None
    True
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "integer":
        right = number and isinstance(value, int) and -(2**63) <= value < 2**63
        return None if right else "a whole number of 64 bit"
    if kind == "float":
        return None if number else "a number"
    if kind == "boolean":
        return None if isinstance(value, bool) else "true or false"
    if kind == "date" and isinstance(value, str):
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return 'a date in ISO 8601 such as "2024-03-01" or "2024-03-01T12:00:00Z"'
        return None
    return None if isinstance(value, str) and kind == "string" else f"text{' (ISO 8601)' if kind == 'date' else ''}"


class ErrorPolicy(Model):
    """What happens to rows that hold an error value, and how many are shown."""

    mode: ErrorMode = Field(
        default="keep", description="keep the error in its cell, drop its row, or fail at the first sheet that has one."
    )
    max_logged: Count = Field(default=1000, description="Examples that are reported for each column.")


class Output(Model):
    """A sheet that a run writes somewhere."""

    sheet: Name = Field(description="The sheet to write.")
    to: TargetEndpoint = Field(description="Where it goes.")
