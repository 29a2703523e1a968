"""What differs between two workbooks: sheets, columns, formulas, keys, parameters, settings, outputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from sheetline.workbook.diff.keys import ORDER, differences, shown, told_keys
from sheetline.workbook.diff.model import Change, Reach
from sheetline.workbook.diff.reach import reach_of_column, reach_of_parameter, reach_of_sheet, reach_of_timezone
from sheetline.workbook.diff.spelling import Renames, Speller, Told
from sheetline.workbook.sheets.source import SourceSheet

if TYPE_CHECKING:
    from sheetline.workbook.diff.matching import Matches
    from sheetline.workbook.diff.sides import Side
    from sheetline.workbook.model.base import SheetBase
    from sheetline.workbook.model.settings import Output

#: Keys whose objects are the sheet's own columns.
_COLUMNS: Final = {"formulas": "columns", "source": "columns", "join": "select", "pivot": "values"}
#: Keys of a sheet that leave what it holds as it is.
_HARMLESS: Final = frozenset({"description", "kept"})


def definition_changes(a: Side, b: Side, matches: Matches) -> Iterator[Change]:
    """Yield what differs: settings, then sheet by sheet in the order of the new workbook, removed ones behind."""
    yield from _settings(a, b)
    old_names = {new: old for old, new in matches.pairs.items()}
    for sheet in b.book.sheets:
        if sheet.name in old_names:
            yield from _SheetChanges(a, b, matches, a.book.sheet(old_names[sheet.name]), sheet).all()
        else:
            reach = reach_of_sheet(b, sheet.name)
            yield Change("added", "sheet", sheet.name, None, None, _keys(sheet, b), f"sheet {sheet.name} added", reach)
    for sheet in a.book.sheets:
        if sheet.name not in matches.pairs:
            words, reach = f"sheet {sheet.name} removed", reach_of_sheet(a, sheet.name)
            yield Change("removed", "sheet", sheet.name, None, _keys(sheet, a), None, words, reach)
    yield from _outputs(a, b, matches)


def _keys(sheet: SheetBase, side: Side) -> Any:
    return shown(told_keys(sheet, Speller(Renames(), side.columns_of)))


# --- one sheet


class _SheetChanges:
    def __init__(self, a: Side, b: Side, matches: Matches, old: SheetBase, new: SheetBase) -> None:
        self.a, self.b, self.matches, self.old, self.new = a, b, matches, old, new
        self.sheet = new.name
        self.own = _COLUMNS.get(new.kind, "")
        #: old name of a column that this sheet makes by its new one
        self.before = {name: one for one, name in matches.made.get(old.name, {}).items()}

    def all(self) -> Iterator[Change]:
        old, new = self.old, self.new
        if old.name != new.name:
            sure = self.matches.sure.get(old.name, 1.0)
            how = "the same definition" if sure == 1 else f"nearly the same definition, {sure:.0%} alike"
            words = f"sheet {old.name} renamed to {new.name} ({how})"
            yield Change("renamed", "sheet", new.name, None, old.name, new.name, words, None, sure)
        before = told_keys(old, Speller(self.matches.names, self.a.columns_of))
        after = told_keys(new, Speller(Renames(), self.b.columns_of))
        if old.kind != new.kind:
            words = f"kind of sheet {self.sheet} changed from {old.kind} to {new.kind}"
            reach = reach_of_sheet(self.b, self.sheet)
            yield Change("changed", "kind", self.sheet, "kind", shown(before), shown(after), words, reach)
            return
        for one, name in self.matches.made.get(old.name, {}).items():
            words = f"column {one} of {self.sheet} renamed to {name}"
            reach = reach_of_column(self.b, self.sheet, name)
            yield Change("renamed", "column", self.sheet, name, one, name, words, reach, 1.0)
        yield from self._checks(before.pop("checks", []), after.pop("checks", []))
        for path, was, is_ in differences(before, after):
            change = self._change(path, was, is_)
            if change is not None:
                yield change

    def _checks(self, before: list[Any], after: list[Any]) -> Iterator[Change]:
        """Yield checks that only one of both has; where both have others of one kind, these are changed."""
        gone = [one for one in before if one not in after]
        came = [one for one in after if one not in before]
        for one in came:
            was = next((other for other in gone if other["kind"] == one["kind"]), None)
            label = f"check {one.get('name', one['kind'])} of {self.sheet}"
            if was is None:
                yield Change("added", "check", self.sheet, one["kind"], None, shown(one), f"{label} added")
            else:
                gone.remove(was)
                yield Change("changed", "check", self.sheet, one["kind"], shown(was), shown(one), f"{label} changed")
        for one in gone:
            label = f"check {one.get('name', one['kind'])} of {self.sheet}"
            yield Change("removed", "check", self.sheet, one["kind"], shown(one), None, f"{label} removed")

    def _change(self, path: tuple[str, ...], was: Any, is_: Any) -> Change | None:
        if path[0] == self.own and len(path) > 1:
            return self._column(path, was, is_)
        if path == (self.own,) and (was is None or is_ is None):  # a list that only one of them has
            reach = reach_of_sheet(self.b, self.sheet)
            return self._made("key", path[0], was, is_, f"{path[0]} of {self.sheet}", reach)
        made = self.matches.made.get(self.old.name, {})
        if path in (("label",), ("value",), ("origin",)) and (was in made or is_ in made.values()):
            return None  # told as a renamed column
        key = ".".join(path)
        what, words = "key", f"{key} of {self.sheet}"
        if path == ("description",):
            what, words = "description", f"description of {self.sheet}"
        elif path[0] == "from":
            key = ".".join(path[1:])
            place = key in ("path", "type", "")
            what = "source" if place else "read option"
            words = f"source of {self.sheet}" if key in ("path", "") else f"{key} of source {self.sheet}"
        elif self.new.kind == "source" and key == "only":
            what = "read option"
        elif key in ("where", "conditions"):
            words = f"condition ({key}) of {self.sheet}"
        elif path == ("kept",):
            words = f"keep of {self.sheet}"
        reach = None if path[0] in _HARMLESS else reach_of_sheet(self.b, self.sheet)
        return self._made(what, key, was, is_, words, reach)

    def _made(self, what: str, key: str, was: Any, is_: Any, words: str, reach: Reach | None) -> Change:
        verb = "given" if was is None else "left out" if is_ is None else "changed"
        one, other = shown(was), shown(is_)
        if one == other:
            one, other = shown(was, meaning=True), shown(is_, meaning=True)
        return Change("changed", what, self.sheet, key, one, other, f"{words} {verb}", reach)

    def _column(self, path: tuple[str, ...], was: Any, is_: Any) -> Change | None:
        sheet, name = self.sheet, path[1]
        if name == ORDER:
            reach = reach_of_sheet(self.b, sheet)
            if self.new.kind == "source":
                return None  # the file's order counts
            return Change("moved", "column", sheet, None, was, is_, f"columns of {sheet} stand in another order", reach)
        label = f"{sheet}.{name}"
        if len(path) == 2:
            added, removed = "added", "removed"
            if isinstance(self.new, SourceSheet) and not self.new.only:
                added, removed = "listed", "no longer listed"
            if was is None:
                reach = reach_of_column(self.b, sheet, name, formulas=_formulas(is_))
                return Change("added", "column", sheet, name, None, _content(is_), f"column {label} {added}", reach)
            reach = reach_of_column(self.a, self.old.name, self._old_name(name), formulas=_formulas(was))
            return Change("removed", "column", sheet, name, _content(was), None, f"column {label} {removed}", reach)
        key = path[2]
        if key == "source" and name in self.before:
            return None  # the same column of the file: told as a renamed column
        reach = reach_of_column(self.b, sheet, name, formulas=(*_formulas(was), *_formulas(is_)))
        if key == "formula":
            return self._made("formula", name, was, is_, f"formula of {label}", reach)
        if key == "description":
            return self._made("description", name, was, is_, f"description of {label}", None)
        if self.new.kind == "source":
            return self._made("read option", f"{name}.{key}", was, is_, f"{key} of source column {label}", reach)
        if key == "type":
            return self._made("key", f"{name}.{key}", was, is_, f"asserted type of {label}", None)
        return self._made("key", f"{name}.{key}", was, is_, f"{key} of {label}", reach)

    def _old_name(self, name: str) -> str:
        return self.before.get(name, name)


def _formulas(value: Any) -> tuple[str, ...]:
    if isinstance(value, Told):
        return (value.shown,)
    return _formulas(value.get("formula")) if isinstance(value, dict) else ()


def _content(value: Any) -> Any:
    """Return what a column is: its formula, the column that it is of a join's side, or its keys."""
    found = shown(value)
    if isinstance(found, dict):
        return found.get("formula", found.get("from", {key: one for key, one in found.items() if key != "name"}))
    return found


# --- the whole workbook


def _settings(a: Side, b: Side) -> Iterator[Change]:
    old, new = a.book, b.book
    for key, what, one, other in (
        ("name", "name", old.name, new.name),
        ("description", "description", old.description, new.description),
    ):
        if one != other:
            yield Change("changed", what, None, key, one, other, f"{key} of the workbook changed")
    if old.timezone != new.timezone:
        reach = reach_of_timezone(b)
        yield Change("changed", "timezone", None, "timezone", old.timezone, new.timezone, "time zone changed", reach)
    if old.errors.mode != new.errors.mode:
        reach = reach_of_sheet(b, *(sheet.name for sheet in new.sheets))
        one, other = old.errors.mode, new.errors.mode
        yield Change("changed", "errors", None, "errors.mode", one, other, "what happens to errors changed", reach)
    if old.errors.max_logged != new.errors.max_logged:
        many = (old.errors.max_logged, new.errors.max_logged)
        yield Change("changed", "errors", None, "errors.maxLogged", *many, "how many errors are shown changed")
    yield from _parameters(a, b)


def _parameters(a: Side, b: Side) -> Iterator[Change]:
    old, new = a.book.parameters, b.book.parameters
    for name in {**old, **new}:
        label = f"parameter {name}"
        if name not in old:
            reach, value = reach_of_parameter(b, name), new[name].value
            yield Change("added", "parameter", None, name, None, value, f"{label} added", reach)
        elif name not in new:
            reach, value = reach_of_parameter(a, name), old[name].value
            yield Change("removed", "parameter", None, name, value, None, f"{label} removed", reach)
        else:
            one, other = old[name], new[name]
            if one.type != other.type:
                reach, words = reach_of_parameter(b, name), f"type of {label} changed"
                yield Change("changed", "parameter", None, name, one.type, other.type, words, reach)
            if one.value != other.value or type(one.value) is not type(other.value):
                reach = reach_of_parameter(b, name)
                yield Change("changed", "parameter", None, name, one.value, other.value, f"{label} changed", reach)
            if one.description != other.description:
                both = (one.description, other.description)
                yield Change("changed", "description", None, name, *both, f"description of {label} changed")


def _outputs(a: Side, b: Side, matches: Matches) -> Iterator[Change]:
    """Yield outputs that differ; they are the same where path and sheet are, else where one of both is."""
    names = matches.names
    old, new = list(a.book.outputs), list(b.book.outputs)
    pairs: list[tuple[Output, Output]] = []
    for nearness in (2, 1):
        for one in list(old):
            found = next((other for other in new if _near(one, other, names) >= nearness), None)
            if found is not None:
                pairs.append((one, found))
                old.remove(one)
                new.remove(found)
    for output in new:
        words = f"output {_place(output)} of {output.sheet} added"
        yield Change("added", "output", output.sheet, _place(output), None, _to(output), words)
    for output in old:
        words = f"output {_place(output)} of {output.sheet} removed"
        yield Change("removed", "output", output.sheet, _place(output), _to(output), None, words)
    for one, other in pairs:
        before, after = _to(one), _to(other)
        if names.sheet(one.sheet) != other.sheet:
            words = f"sheet of output {_place(other)} changed"
            yield Change("changed", "output", other.sheet, f"{_place(other)}: sheet", one.sheet, other.sheet, words)
        if "columns" in before:
            before["columns"] = [names.column(one.sheet, name) for name in before["columns"]]
        for path, was, is_ in differences(before, after):
            key = ".".join(path)
            words = f"{key} of output {_place(other)} of {other.sheet} changed"
            yield Change("changed", "output", other.sheet, f"{_place(other)}: {key}", was, is_, words)


def _near(one: Output, other: Output, names: Renames) -> int:
    """Return 2 for the same path and the same sheet, 1 for one of both."""
    return (one.to.location == other.to.location) + (names.sheet(one.sheet) == other.sheet)


def _place(output: Output) -> str:
    return output.to.location or f"frame of {output.sheet}"


def _to(output: Output) -> dict[str, Any]:
    found = output.to.written()
    return {key: list(value) if isinstance(value, tuple) else value for key, value in found.items()}
