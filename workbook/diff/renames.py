"""Columns that are the same under another name: where they are made, and in every sheet that passes them on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sheetline.workbook.diff.keys import formula_columns, selected
from sheetline.workbook.diff.spelling import Renames, Speller
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
    from sheetline.workbook.diff.sides import Side
    from sheetline.workbook.model.base import SheetBase

PASSING = (FilterSheet, SortSheet, DistinctSheet, SampleSheet)


def made_here(old: SheetBase, new: SheetBase, names: Renames, a: Side, b: Side) -> dict[str, str]:
    """Return columns that a sheet makes itself and that have another name in the new workbook: old → new.

    Args:
        old, new: the sheet in both workbooks.
        names: what is known of the sheets underneath; the renamed columns of this one are added to it.
        a, b: the two workbooks.
    """
    if isinstance(old, SourceSheet) and isinstance(new, SourceSheet):
        found = _source(old, new)
    elif isinstance(old, FormulasSheet) and isinstance(new, FormulasSheet):
        found = _formulas(old, new, names, a, b)
    elif isinstance(old, PivotSheet) and isinstance(new, PivotSheet):
        found = _pivot(old, new, names, a, b)
    elif isinstance(old, JoinSheet) and isinstance(new, JoinSheet):
        before = selected(old, Speller(names, a.columns_of))
        found = _same(before, selected(new, Speller(Renames(), b.columns_of)))
    elif isinstance(old, UnpivotSheet) and isinstance(new, UnpivotSheet):
        pairs = {old.label: new.label, old.value: new.value}
        found = {one: other for one, other in pairs.items() if one != other}
    elif isinstance(old, UnionSheet) and isinstance(new, UnionSheet):
        renamed = old.origin is not None and new.origin is not None and old.origin != new.origin
        found = {str(old.origin): str(new.origin)} if renamed else {}
    else:
        found = {}
    names.columns.update({(old.name, one): other for one, other in found.items()})
    return {one: other for one, other in found.items() if not one.startswith("\0")}


def passed_on(old: SheetBase, names: Renames) -> None:
    """Add the columns that a sheet passes on, renamed underneath."""
    for one, other in _passed(old, names).items():
        names.columns.setdefault((old.name, one), other)
    if isinstance(old, JoinSheet) and old.select is None:
        own = (old.left, old.right)
        names.prefixes[old.name] = (*own, *names.prefixes.get(old.left, ()), *names.prefixes.get(old.right, ()))
    elif isinstance(old, PASSING) or (isinstance(old, FormulasSheet) and old.copy_ is not False):
        names.prefixes[old.name] = names.prefixes.get(old.of, ())


def _passed(old: SheetBase, names: Renames) -> dict[str, str]:
    if isinstance(old, PASSING):
        return dict(names.of(old.of))
    if isinstance(old, FormulasSheet):
        own = {column.name for column in old.columns}
        return {one: other for one, other in names.of(old.of).items() if one not in own and _copied(old, one)}
    if isinstance(old, JoinSheet):
        return _joined(old, names)
    if isinstance(old, UnionSheet):
        found: dict[str, str] = {}
        for sheet in old.of if old.match == "name" else old.of[:1]:
            found = {**names.of(sheet), **found}
        return found
    if isinstance(old, PivotSheet):
        return {one: other for one, other in names.of(old.of).items() if one in old.rows}
    if isinstance(old, UnpivotSheet):
        return {one: other for one, other in names.of(old.of).items() if one in old.keep_columns}
    return {}


def _copied(sheet: FormulasSheet, name: str) -> bool:
    if isinstance(sheet.copy_, CopyExcept):
        return name not in sheet.copy_.except_
    return name in sheet.copy_ if isinstance(sheet.copy_, tuple) else sheet.copy_


def _joined(sheet: JoinSheet, names: Renames) -> dict[str, str]:
    if sheet.select is not None:
        return {}
    found: dict[str, str] = {}
    sides = (sheet.left,) if sheet.how in ("semi", "anti") else (sheet.left, sheet.right)
    for side in sides:
        for one, other in names.of(side).items():
            found.setdefault(one, other)
            found.setdefault(f"{side}.{one}", f"{names.sheet(side)}.{other}")
    return found


def _source(old: SourceSheet, new: SourceSheet) -> dict[str, str]:
    """Return columns of one name in the file that are called otherwise."""
    calls = {one.source_name: one.name for one in old.columns}
    taken = {one.name for one in old.columns}
    stay = {one.name for one in new.columns}
    found = {}
    for one in new.columns:
        unlisted = one.source_name if not old.only and one.source is not None else one.name
        before = calls.get(one.source_name, unlisted)
        if before not in stay and one.name not in taken:
            found[before] = one.name
    return found


def _formulas(old: FormulasSheet, new: FormulasSheet, names: Renames, a: Side, b: Side) -> dict[str, str]:
    """Return columns of equal formulas; those that use one another are found one after the other."""
    target = formula_columns(new, Speller(Renames(), b.columns_of))
    known = {one.name for one in old.columns}
    found: dict[str, str] = {}
    while True:
        own = {(old.name, one): other for one, other in found.items()}
        tried = Renames(names.sheets, {**names.columns, **own}, names.prefixes)
        more = _same(formula_columns(old, Speller(tried, a.columns_of)), target, known)
        if not more:
            return found
        found |= more


def _pivot(old: PivotSheet, new: PivotSheet, names: Renames, a: Side, b: Side) -> dict[str, str]:
    speller, target = Speller(names, a.columns_of), Speller(Renames(), b.columns_of)
    before = {one.name: {"formula": speller.told(one.formula, old.of)} for one in old.values}
    after = {one.name: {"formula": target.told(one.formula, new.of)} for one in new.values}
    found: dict[str, str] = {}
    for one, other in _same(before, after).items():
        found[f"\0{one}"] = other
        for column in a.columns_of(old.name):
            if column.endswith(f"_{one}") and column not in old.rows:
                found[column] = column.removesuffix(one) + other
    return found


def _same(
    old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]], known: set[str] | None = None
) -> dict[str, str]:
    """Pair names that only one of both has and that stand for the same, in order; ``known``: of the old one."""
    came = [name for name in new if name not in (old if known is None else known) and name not in old]
    found: dict[str, str] = {}
    for name, made in old.items():
        if name in new:
            continue
        for other in came:
            if _content(new[other]) == _content(made):
                found[name] = other
                came.remove(other)
                break
    return found


def _content(made: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in made.items() if key not in ("description", "type")}
