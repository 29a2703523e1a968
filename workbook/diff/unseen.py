"""Columns of sources that can't be looked at: those that the workbook itself names, followed down to the sources."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sheetline.formulas import ast
from sheetline.formulas.diagnostics import FormulaError
from sheetline.formulas.parser import parse
from sheetline.functions.types import NULL, Type, of_python
from sheetline.workbook.sheets.distinct import DistinctSheet
from sheetline.workbook.sheets.filter import FilterSheet
from sheetline.workbook.sheets.formulas import CopyExcept, FormulasSheet
from sheetline.workbook.sheets.join import JoinSheet
from sheetline.workbook.sheets.pivot import PivotSheet
from sheetline.workbook.sheets.sample import SampleSheet
from sheetline.workbook.sheets.sort import SortSheet
from sheetline.workbook.sheets.source import SourceSheet
from sheetline.workbook.sheets.union import UnionSheet
from sheetline.workbook.sheets.unpivot import UnpivotSheet

if TYPE_CHECKING:
    from sheetline.workbook.model.base import SheetBase
    from sheetline.workbook.model.workbook import Workbook


def named_columns(book: Workbook) -> dict[str, dict[str, Type]]:
    """Return for every source the columns that it lists, then others that anything in the workbook names.

    Their type is that of the values that they are compared with, else null, a type that every function takes: what
    a column depends on hardly ever depends on its type.

    >>> import sheetline as sl
    >>> book = sl.Workbook("W").source("E", "e.csv").filter("F", of="E", where="#x > 0")
    >>> {name: list(columns) for name, columns in named_columns(book.sort("S", of="F", by=["y"])).items()}
    {'E': ['x', 'y']}
    """
    return _Names(book).collect()


@dataclass
class _Names:
    book: Workbook
    found: dict[str, dict[str, Type]] = field(default_factory=dict)
    seen: set[tuple[str, str, Type]] = field(default_factory=set)

    def collect(self) -> dict[str, dict[str, Type]]:
        self.sheets: dict[str, SheetBase] = {sheet.name: sheet for sheet in self.book.sheets}
        for sheet in self.book.sheets:
            if isinstance(sheet, SourceSheet):
                self.found[sheet.name] = {column.name: NULL for column in sheet.columns}
        for sheet in self.book.sheets:
            self._keys(sheet)
            self._formulas(sheet)
        for output in self.book.outputs:
            for name in getattr(output.to, "columns", None) or ():
                self._need(output.sheet, name)
        return self.found

    def _formulas(self, sheet: SheetBase) -> None:
        own = {column.name for column in sheet.columns} if isinstance(sheet, FormulasSheet) else set()
        for path, text in sheet.formula_texts():
            base = sheet.inputs[-1] if path[-1] == "right" else next(iter(sheet.inputs), "")
            try:
                nodes = list(ast.walk(parse(text)))
            except FormulaError:
                continue
            for node in nodes:
                if not isinstance(node, ast.ColumnRef):
                    continue
                if node.sheet is None and node.name in own and node.name != sheet.column_at(path):
                    continue
                if node.sheet != sheet.name:
                    self._need(base if node.sheet is None else node.sheet, node.name)

    def _keys(self, sheet: SheetBase) -> None:
        names: tuple[str, ...] = ()
        if isinstance(sheet, FormulasSheet):
            names = sheet.copy_ if isinstance(sheet.copy_, tuple) else ()
            names = sheet.copy_.except_ if isinstance(sheet.copy_, CopyExcept) else names
        elif isinstance(sheet, FilterSheet):
            for one in sheet.conditions or ():
                self._need(sheet.of, one.column, _type(one.value))
        elif isinstance(sheet, SortSheet):
            names = tuple(one.column for one in sheet.by if one.column is not None)
        elif isinstance(sheet, DistinctSheet):
            names = sheet.columns or ()
        elif isinstance(sheet, PivotSheet):
            self._need(sheet.of, sheet.column, _type(sheet.expected))
            names = sheet.rows
        elif isinstance(sheet, UnpivotSheet):
            names = (*sheet.keep_columns, *sheet.columns)
        elif isinstance(sheet, SampleSheet):
            names = sheet.by
        elif isinstance(sheet, JoinSheet):
            for key in sheet.on:
                for side, text in ((sheet.left, key.left), (sheet.right, key.right)):
                    if "#" not in text:
                        self._need(side, text)
            for column in sheet.select or ():
                self._need(*column.reference)
        for name in names:
            self._need(sheet.inputs[0], name)

    def _need(self, place: str, name: str, type_: Type = NULL) -> None:
        """Note that a sheet must have a column, and all sheets underneath that it can only come from."""
        sheet = self.sheets.get(place)
        if sheet is None or (place, name, type_) in self.seen:
            return
        self.seen.add((place, name, type_))
        if isinstance(sheet, SourceSheet):
            if self.found[place].get(name) == NULL:
                self.found[place][name] = type_
            elif not sheet.only:
                self.found[place].setdefault(name, type_)
        elif isinstance(sheet, FormulasSheet):
            if sheet.copy_ is not False and name not in {column.name for column in sheet.columns}:
                self._need(sheet.of, name, type_)
        elif isinstance(sheet, FilterSheet | SortSheet | DistinctSheet | SampleSheet):
            self._need(sheet.of, name, type_)
        elif isinstance(sheet, JoinSheet):
            self._joined(sheet, name, type_)
        elif isinstance(sheet, UnionSheet) and name != sheet.origin:
            for one in sheet.of:
                self._need(one, name, type_)

    def _joined(self, sheet: JoinSheet, name: str, type_: Type) -> None:
        if sheet.select is not None:
            return  # its columns are noted for the selection
        for side in (sheet.left, sheet.right):
            if name.startswith(f"{side}."):  # both sides have it, or it would not be called so
                for one in (sheet.left, sheet.right):
                    self._need(one, name[len(side) + 1 :], type_)
                return
        if any(name in (key.left, key.right) for key in sheet.on):
            return
        right = self._has(sheet.right, name) and sheet.how not in ("semi", "anti")
        self._need(sheet.right if right else sheet.left, name, type_)

    def _has(self, place: str, name: str) -> bool:
        """Whether a sheet is known to have a column."""
        sheet = self.sheets.get(place)
        if isinstance(sheet, FormulasSheet) and name in {column.name for column in sheet.columns}:
            return True
        return name in self.found.get(place, ())


def _type(value: object) -> Type:
    """Return the type of the values that a column is compared with; null where they have none in common."""
    values = value if isinstance(value, tuple) else (value,)
    types = {of_python(one) for one in values if one is not None}
    return types.pop() if len(types) == 1 else NULL
