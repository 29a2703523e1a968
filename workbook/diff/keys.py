"""The keys of a sheet as plain values that can be compared: formulas by meaning, names as the new workbook has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from sheetline.formulas.ast import is_bare_name
from sheetline.formulas.literals import write_name
from sheetline.workbook.diff.spelling import Speller, Told
from sheetline.workbook.sheets.distinct import DistinctSheet
from sheetline.workbook.sheets.filter import FilterSheet
from sheetline.workbook.sheets.formulas import CopyExcept, FormulasSheet
from sheetline.workbook.sheets.join import JoinSheet, split_reference
from sheetline.workbook.sheets.pivot import PivotSheet
from sheetline.workbook.sheets.sample import SampleSheet
from sheetline.workbook.sheets.sort import SortSheet
from sheetline.workbook.sheets.source import SourceSheet
from sheetline.workbook.sheets.union import UnionSheet
from sheetline.workbook.sheets.unpivot import UnpivotSheet

if TYPE_CHECKING:
    from sheetline.workbook.model.base import SheetBase

#: Stands in an object that was a list of named things for their order.
ORDER: Final = "(order)"
#: Keys that change nothing of a sheet's content.
SILENT: Final = frozenset({"description", "kept"})


def told_keys(sheet: SheetBase, speller: Speller) -> dict[str, Any]:
    """Return the keys of a sheet but for its name: lists of named things as objects by name, formulas as `Told`.

    What the file leaves out has no entry. The flag ``keep`` is called ``kept`` for every kind.
    """
    written = {key: value for key, value in sheet.written().items() if key != "name"}
    if isinstance(written.get("keep"), bool):
        written["kept"] = written.pop("keep")
    made = {key: _plain(value) for key, value in {**written, **_own_keys(sheet, speller)}.items()}
    if "checks" in made:
        made["checks"] = _checks(made["checks"], sheet, speller)
    return made


def _own_keys(sheet: SheetBase, speller: Speller) -> dict[str, Any]:
    """Return the keys that hold names or formulas."""
    found: dict[str, Any] = {}
    if isinstance(sheet, SourceSheet):
        if sheet.columns:
            items = {}
            for one in sheet.columns:
                rest = {key: value for key, value in one.written().items() if key != "name"}
                items[speller.names.column(sheet.name, one.name)] = rest
            found["columns"] = _named(items)
    elif isinstance(sheet, JoinSheet):
        found = _join(sheet, speller)
    elif isinstance(sheet, UnionSheet):
        found["of"] = [speller.names.sheet(one) for one in sheet.of]
    else:
        base = sheet.inputs[0]
        found["of"] = speller.names.sheet(base)
        found |= _derived(sheet, base, speller)
    return found


def _derived(sheet: SheetBase, base: str, speller: Speller) -> dict[str, Any]:
    def column(name: str) -> str:
        return speller.names.column(base, name)

    def columns(names: Iterable[str]) -> list[str]:
        return [column(name) for name in names]

    found: dict[str, Any] = {}
    if isinstance(sheet, FormulasSheet):
        found["columns"] = _named(formula_columns(sheet, speller))
        if isinstance(sheet.copy_, CopyExcept):
            found["copy"] = {"except": columns(sheet.copy_.except_)}
        elif isinstance(sheet.copy_, tuple):
            found["copy"] = columns(sheet.copy_)
    elif isinstance(sheet, FilterSheet):
        if sheet.where is not None:
            found["where"] = speller.told(sheet.where, base)
        else:
            found["conditions"] = [{**one.written(), "column": column(one.column)} for one in sheet.conditions or ()]
    elif isinstance(sheet, SortSheet):
        found["by"] = [
            {**one.written(), "column": column(one.column)}
            if one.column is not None
            else {**one.written(), "formula": speller.told(one.formula or "", base)}
            for one in sheet.by
        ]
    elif isinstance(sheet, DistinctSheet) and sheet.columns is not None:
        found["columns"] = columns(sheet.columns)
    elif isinstance(sheet, PivotSheet):
        found |= {"rows": columns(sheet.rows), "column": column(sheet.column)}
        names = speller.names.of(sheet.name)
        values = {pivot_value(names, one.name): {"formula": speller.told(one.formula, base)} for one in sheet.values}
        found["values"] = _named(values)
    elif isinstance(sheet, UnpivotSheet):
        found["columns"] = columns(sheet.columns)
        if sheet.keep_columns:
            found["keep"] = columns(sheet.keep_columns)
    elif isinstance(sheet, SampleSheet) and sheet.by:
        found["by"] = columns(sheet.by)
    return found


def pivot_value(renames: Mapping[str, str], name: str) -> str:
    """Return the new name of a pivot's aggregate; it is noted among columns, behind a sign that begins no name."""
    return renames.get(f"\0{name}", name)


def formula_columns(sheet: FormulasSheet, speller: Speller) -> dict[str, dict[str, Any]]:
    """Return the columns of a formula sheet by name, each with its formula and what else is said of it."""
    own = {column.name for column in sheet.columns}
    found = {}
    for one in sheet.columns:
        formula = speller.told(one.formula, sheet.of, sheet=sheet.name, own=own, inside=one.name)
        rest = {key: value for key, value in one.written().items() if key != "name"}
        found[speller.names.column(sheet.name, one.name)] = {**rest, "formula": formula}
    return found


def _join(sheet: JoinSheet, speller: Speller) -> dict[str, Any]:
    names = speller.names

    def side(text: str, place: str) -> Told:
        if not is_bare_name(text) and text not in speller.columns_of(place):
            return speller.told(text, place)
        return Told(f"#{write_name(names.sheet(place))}!{write_name(names.column(place, text))}", text)

    found: dict[str, Any] = {"left": names.sheet(sheet.left), "right": names.sheet(sheet.right)}
    if sheet.on:
        found["on"] = [{"left": side(key.left, sheet.left), "right": side(key.right, sheet.right)} for key in sheet.on]
    if sheet.select is not None:
        found["select"] = _named(selected(sheet, speller))
    return found


def selected(sheet: JoinSheet, speller: Speller) -> dict[str, dict[str, Any]]:
    """Return the columns that a join selects, by name."""
    found = {}
    for one in sheet.select or ():
        made = {"from": _reference(one.reference, speller)}
        found[speller.names.column(sheet.name, one.name)] = made
    return found


def _reference(place: tuple[str, str], speller: Speller) -> Told:
    """Return ``Sheet!Column``."""
    sheet, column = place
    new = f"{write_name(speller.names.sheet(sheet))}!{write_name(speller.names.column(sheet, column))}"
    return Told(new, f"{write_name(sheet)}!{write_name(column)}")


def _checks(checks: Any, sheet: SheetBase, speller: Speller) -> Any:
    """Return checks with formulas by meaning and this sheet's columns by their new names."""

    def cleaned(value: Any, key: str) -> Any:
        if isinstance(value, Mapping):
            return {name: cleaned(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [cleaned(item, key) for item in value]
        if isinstance(value, str) and key == "where":
            return speller.told(value, sheet.name)
        if isinstance(value, str) and key in ("column", "columns"):
            return speller.names.column(sheet.name, value)
        if isinstance(value, str) and key == "in":
            return _reference(split_reference(value) or (sheet.name, value), speller)
        return value

    return cleaned(checks, "")


def _named(items: dict[str, Any]) -> dict[str, Any]:
    return {**items, ORDER: list(items)}


def _plain(value: Any) -> Any:
    """Return lists and objects of plain values; names inside named things are their keys already."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def differences(old: Any, new: Any, path: tuple[str, ...] = ()) -> Iterable[tuple[tuple[str, ...], Any, Any]]:
    """Yield path, old and new value of everything that differs between told keys; None: it is not there.

    >>> list(differences({"a": 1, "b": {"c": 2, "d": 1}}, {"a": 1, "b": {"c": 3, "d": 1}}))
    [(('b', 'c'), 2, 3)]
    """
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        if old != new or type(old) is not type(new):
            yield path, old, new
        return
    for key in {**old, **new}:
        if key == ORDER:
            both = [name for name in old.get(key, ()) if name in new.get(key, ())]
            same = [name for name in new.get(key, ()) if name in both]
            if both != same:
                yield (*path, key), both, same
        else:
            yield from differences(old.get(key), new.get(key), (*path, key))


def shown(value: Any, *, meaning: bool = False) -> Any:
    """Return told values as the file has them: formulas in canonical spelling; with ``meaning`` names resolved."""
    if isinstance(value, Told):
        return str(value) if meaning else value.shown
    if isinstance(value, Mapping):
        return {key: shown(item, meaning=meaning) for key, item in value.items() if key != ORDER}
    if isinstance(value, list):
        return [shown(item, meaning=meaning) for item in value]
    return value
