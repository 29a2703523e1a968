"""What every sheet has: a name, a description, checks; and what all models share (see ``parts``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from sheetline.workbook.model.checks import Check
from sheetline.workbook.model.parts import (
    COLUMN_TYPES,
    FORMAT,
    JODA_LETTERS,
    Character,
    ColumnType,
    Count,
    Encoding,
    Formula,
    Listed,
    Model,
    Name,
    Names,
    NamesOrOne,
    Pattern,
    Scalar,
    Text,
    checked_names,
    fail,
    pattern_fault,
    plain,
    repeated,
    scalar,
)
from sheetline.workbook.problems import Path

if TYPE_CHECKING:
    from sheetline.workbook.steps import BindContext, Step

__all__ = [
    "COLUMN_TYPES",
    "FORMAT",
    "JODA_LETTERS",
    "Character",
    "ColumnType",
    "Count",
    "DerivedSheet",
    "Encoding",
    "Formula",
    "Listed",
    "Model",
    "Name",
    "Names",
    "NamesOrOne",
    "Pattern",
    "Scalar",
    "SheetBase",
    "Text",
    "checked_names",
    "fail",
    "pattern_fault",
    "plain",
    "repeated",
    "scalar",
]


class SheetBase(Model):
    """What every sheet has. A kind adds its keys below, and says which sheets it takes.

    The flag ``keep`` is ``kept`` in Python; kinds with an own key ``keep`` write the flag as ``kept``.
    """

    name: Name = Field(description="The sheet's name, unique in the workbook.")
    kind: str = Field(description="What the sheet does.")
    description: Text | None = Field(default=None, description="What the sheet is for.")
    kept: bool = Field(default=False, alias="keep", description="Part of every run and of its record.")
    checks: Annotated[tuple[Check, ...], Listed] = Field(default=(), description="What must be true of its rows.")

    def written(self) -> dict[str, object]:
        """Checks stand behind what makes the sheet."""
        result = super().written()
        if "checks" in result:
            result["checks"] = result.pop("checks")
        return result

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the sheets that this one takes rows from, in order."""
        return ()

    def input_paths(self) -> tuple[tuple[str | int, ...], ...]:
        """Where in the sheet's JSON object each of the inputs is named."""
        return ()

    def formula_texts(self) -> Iterator[tuple[Path, str]]:
        """Every formula of the sheet, with its place in the sheet's JSON object."""
        yield from ()

    def check_texts(self) -> Iterator[tuple[Path, str]]:
        """Every formula of the sheet's checks, with its place in the sheet's JSON object."""
        for index, check in enumerate(self.checks):
            text = check.formula_text
            if text is not None:
                yield ("checks", index, "where"), text

    def column_at(self, path: Path) -> str | None:
        """Return the name of the column whose formula stands at ``path`` of the sheet, if it is a column's."""
        if len(path) < 3 or path[0] not in ("columns", "values") or not isinstance(path[1], int):
            return None
        name = getattr(getattr(self, str(path[0]))[path[1]], "name", None)
        return name if isinstance(name, str) else None

    def bind(self, ctx: BindContext) -> Step | None:
        """Return the sheet bound to the schemas of ``ctx``, or None after reporting there what is wrong."""
        raise NotImplementedError(f"sheets of kind {self.kind} are bound by their source's reader")


class DerivedSheet(SheetBase):
    """A sheet over one other sheet."""

    of: Name = Field(description="The sheet underneath.")

    @property
    def inputs(self) -> tuple[str, ...]:
        """The sheet underneath."""
        return (self.of,)

    def input_paths(self) -> tuple[tuple[str | int, ...], ...]:
        """The key ``of``."""
        return (("of",),)
