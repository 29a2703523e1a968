"""The kinds of sheets, one module each; a new kind is registered here."""

from __future__ import annotations

from typing import Annotated, Final, get_args

from pydantic import Field

from sheetline.workbook.model.base import SheetBase
from sheetline.workbook.sheets.distinct import DistinctSheet
from sheetline.workbook.sheets.filter import FilterSheet
from sheetline.workbook.sheets.formulas import FormulasSheet
from sheetline.workbook.sheets.join import JoinSheet
from sheetline.workbook.sheets.pivot import PivotSheet
from sheetline.workbook.sheets.sample import SampleSheet
from sheetline.workbook.sheets.sort import SortSheet
from sheetline.workbook.sheets.source import SourceSheet
from sheetline.workbook.sheets.union import UnionSheet
from sheetline.workbook.sheets.unpivot import UnpivotSheet

Sheet = Annotated[
    SourceSheet
    | FormulasSheet
    | FilterSheet
    | SortSheet
    | JoinSheet
    | UnionSheet
    | DistinctSheet
    | PivotSheet
    | UnpivotSheet
    | SampleSheet,
    Field(discriminator="kind"),
]
"""Any sheet, told apart by ``kind``. Type checkers need the kinds spelled out; all else is derived."""

SHEET_KINDS: Final[tuple[type[SheetBase], ...]] = get_args(get_args(Sheet)[0])
"""The registered kinds, in the order in which messages and the reference list them."""

KINDS: Final[dict[str, type[SheetBase]]] = {
    get_args(cls.model_fields["kind"].annotation)[0]: cls for cls in SHEET_KINDS
}

RESERVED_KINDS: Final = ("cluster", "decisiontree", "dependencies", "profile", "recommend", "sql")
"""Kinds of a later version: refused, with words that say so."""
