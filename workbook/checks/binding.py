"""From the checks of a workbook to bound ones; what is wrong with them is reported at its place in the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sheetline.formulas import ast
from sheetline.formulas.bound import BoundSheet
from sheetline.formulas.printer import print_formula
from sheetline.formulas.suggest import closest
from sheetline.functions.columns import Column
from sheetline.functions.types import Kind, Type, of_python, widen
from sheetline.workbook.checks.bound import (
    BoundAmong,
    BoundCheck,
    BoundFormula,
    BoundNotNull,
    BoundRows,
    BoundUnique,
    Needs,
)
from sheetline.workbook.model.base import SheetBase
from sheetline.workbook.model.checks import (
    AllowedCheck,
    Check,
    NotNullCheck,
    RangeCheck,
    RelationCheck,
    RowsCheck,
    UniqueCheck,
    WhereCheck,
)
from sheetline.workbook.problems import Path, listed, quoted
from sheetline.workbook.relational import fitting, instant, value_word
from sheetline.workbook.sheets.filter import Condition, condition_node
from sheetline.workbook.sheets.join import split_reference
from sheetline.workbook.steps import BindContext

ORDERED = (Kind.STRING, Kind.DATE)


def bind_checks(sheet: SheetBase, ctx: BindContext, known: Iterable[str]) -> tuple[BoundCheck, ...]:
    """Return the checks of a sheet, bound; mistakes go to the context.

    Args:
        sheet: the sheet; it is bound itself.
        ctx: knows all sheets that could be bound.
        known: the names of all sheets of the workbook.
    """
    binder = _Binder(sheet.name, ctx, list(known))
    found = [binder.bind(("checks", index), check) for index, check in enumerate(sheet.checks)]
    return tuple(one for one in found if one is not None)


class _Binder:
    def __init__(self, sheet: str, ctx: BindContext, known: list[str]) -> None:
        self.sheet, self.ctx, self.known = sheet, ctx, known

    def bind(self, path: Path, check: Check) -> BoundCheck | None:
        if isinstance(check, RowsCheck):
            return BoundRows(self.sheet, check, _between("the number of rows", check.min, check.max), (), self._needs())
        if isinstance(check, WhereCheck):
            return self._where(path, check)
        types = self._types(path, check)
        if types is None:
            return None
        names = tuple(types)
        words = listed(list(names))
        if isinstance(check, NotNullCheck):
            return BoundNotNull(self.sheet, check, f"{words} {_is(names)} never null", names, self._needs(names))
        if isinstance(check, UniqueCheck):
            says = f"{words} {_is(names)} unique{' together' * (len(names) > 1)}"
            return BoundUnique(self.sheet, check, says, names, self._needs(names))
        if isinstance(check, RangeCheck):
            return self._range(path, check, types[check.column])
        if isinstance(check, AllowedCheck):
            return self._allowed(path, check, types[check.column])
        return self._relation(path, check, types)

    def _needs(self, names: Iterable[str] = (), more: Mapping[str, Iterable[str]] | None = None) -> Needs:
        found = {self.sheet: set(names)}
        for sheet, columns in (more or {}).items():
            found.setdefault(sheet, set()).update(columns)
        return {sheet: frozenset(columns) for sheet, columns in found.items()}

    def _types(self, path: Path, check: Check) -> dict[str, Type] | None:
        """Return the columns that a check names with their types, or None after reporting unknown ones."""
        several = getattr(check, "columns", None) is not None
        found = {}
        for index, name in enumerate(check.looks_at):
            place: Path = (*path, "columns", index) if several else (*path, "column")
            found[name] = self.ctx.column(place, name, self.sheet)
        known = {name: type_ for name, type_ in found.items() if type_ is not None}
        return known if len(known) == len(found) else None

    def _where(self, path: Path, check: WhereCheck) -> BoundCheck | None:
        bound = self.ctx.formula((*path, "where"), check.where, self.sheet, "a check")
        if bound is None:
            return None
        got = bound.columns["Result"].type
        if got.kind not in (Kind.BOOLEAN, Kind.NULL):
            self.ctx.complain((*path, "where"), "W243", got=got, advice="compare it with something, as in #Speed > 0")
            return None
        return self._formula(check, bound, f"{check.where} is true", nulls_pass=False)

    def _formula(
        self, check: WhereCheck | RangeCheck, bound: BoundSheet, says: str, *, nulls_pass: bool
    ) -> BoundFormula:
        inputs = bound.inputs()
        own = tuple(name for name in self.ctx.schemas[self.sheet] if name in inputs.get(self.sheet, ()))
        return BoundFormula(self.sheet, check, says, own, self._needs(own, inputs), bound, nulls_pass)

    def _range(self, path: Path, check: RangeCheck, type_: Type) -> BoundCheck | None:
        words = {"name": quoted(check.column), "type": type_}
        if not (type_.is_number or type_.kind in (*ORDERED, Kind.NULL)):
            advice = "it has no order: 'allowed' and 'where' take any type"
            self.ctx.complain((*path, "column"), "W244", kind=check.kind, advice=advice, **words)
            return None
        nodes: list[ast.Node] = []
        bounds = {"min": check.min, "max": check.max}
        for key, value in bounds.items():
            if value is not None and not self._comparable(value, type_):
                self.ctx.complain((*path, key), "W231", got=value_word(value), advice=_advice(type_), **words)
                return None
            if value is not None:
                op: Any = (">" if key == "min" else "<") + "=" * check.inclusive
                nodes.append(condition_node(Condition(column=check.column, op=op, value=value), type_))
        if self._reversed(check, type_):
            self.ctx.complain((*path, "max"), "W240", low=quoted(check.min), high=quoted(check.max))
            return None
        both = nodes[0] if len(nodes) == 1 else ast.Chain(("&&",), tuple(nodes))
        bound = self.ctx.formula(path, print_formula(both), self.sheet, "a check")
        if bound is None:
            return None
        says = _between(check.column, check.min, check.max, inclusive=check.inclusive)
        return self._formula(check, bound, says, nulls_pass=True)

    def _comparable(self, value: Any, type_: Type) -> bool:
        if type_.kind is Kind.DATE:
            return instant(value, self.ctx.env) is not None
        if type_.is_number and isinstance(value, str):
            return False
        return (type_.is_big and isinstance(value, float)) or widen(type_, of_python(value)) is not None

    def _reversed(self, check: RangeCheck, type_: Type) -> bool:
        """Tell whether two bounds that are text leave nothing between them."""
        low: Any = check.min
        high: Any = check.max
        if not isinstance(low, str) or not isinstance(high, str):
            return False
        if type_.kind is Kind.DATE:
            first, last = instant(low, self.ctx.env), instant(high, self.ctx.env)
            assert first is not None, "it was looked at before"
            assert last is not None, "it was looked at before"
            low, high = first.value, last.value
        return bool(low > high)

    def _allowed(self, path: Path, check: AllowedCheck, type_: Type) -> BoundCheck | None:
        values: list[Any] = []
        for index, value in enumerate(check.values):
            constant = fitting(value, type_, self.ctx.env) if type_.kind is not Kind.NULL else None
            if constant is not None:
                values.append(constant.value)
            elif type_.kind is not Kind.NULL:
                words = {"name": quoted(check.column), "type": type_, "got": value_word(value)}
                self.ctx.complain((*path, "values", index), "W231", advice=_advice(type_), **words)
        if type_.kind is not Kind.NULL and len(values) < len(check.values):
            return None
        names = (check.column,)
        says = f"{check.column} is {listed([quoted(value) for value in check.values[:8]], 'or')}"
        says += f" or one of {len(check.values) - 8:,} more" * (len(check.values) > 8)
        column = Column.of(values, type_)
        return BoundAmong(self.sheet, check, says, names, self._needs(names), column)

    def _relation(self, path: Path, check: RelationCheck, types: Mapping[str, Type]) -> BoundCheck | None:
        pairs = [split_reference(text) or ("", "") for text in check.in_]
        sheet = pairs[0][0]
        if sheet not in self.known:
            near = closest(sheet, self.known)
            known = listed([quoted(name) for name in self.known[:8]])
            advice = f"did you mean {quoted(near[0])}?" if near else f"the sheets are {known}"
            self.ctx.complain((*path, "in"), "W203", name=quoted(sheet), advice=advice)
            return None
        if sheet not in self.ctx.schemas:
            return None  # what is wrong with it was reported there
        good = True
        for index, ((name, type_), (_, other)) in enumerate(zip(types.items(), pairs, strict=True)):
            place: Path = (*path, "in", index) if len(pairs) > 1 else (*path, "in")
            there = self.ctx.column(place, other, sheet)
            if there is None:
                good = False
            elif widen(type_, there) is None:
                words = {"one": f"column {quoted(name)}", "other": f"column {quoted(other)} of {quoted(sheet)}"}
                why = "their values are never equal"
                advice = "convert one of them in a formula sheet"
                self.ctx.complain(place, "W233", one_type=type_, other_type=there, why=why, advice=advice, **words)
                good = False
        if not good:
            return None
        names, others = tuple(types), tuple(other for _, other in pairs)
        says = f"{listed(list(names))} {'stands' if len(names) == 1 else 'stand'} in {listed(list(check.in_))}"
        needs = self._needs(names, {sheet: others})
        return BoundAmong(self.sheet, check, says, names, needs, target=(sheet, others))


def _is(names: tuple[str, ...]) -> str:
    return "is" if len(names) == 1 else "are"


def _between(what: str, low: object, high: object, *, inclusive: bool = True) -> str:
    """Say a range.

    >>> _between("Speed", 0, 130), _between("Speed", 0, None, inclusive=False)
    ('Speed is from 0 to 130', 'Speed is above 0')
    """
    if low is not None and high is not None:
        words = f"from {quoted(low)} to {quoted(high)}"
        return f"{what} is {words}" if inclusive else f"{what} is above {quoted(low)} and below {quoted(high)}"
    if low is not None:
        return f"{what} is {'at least' if inclusive else 'above'} {quoted(low)}"
    return f"{what} is {'at most' if inclusive else 'below'} {quoted(high)}"


def _advice(type_: Type) -> str:
    if type_.kind is Kind.DATE:
        return 'dates are written as ISO 8601 text: "2024-03-01" or "2024-03-01T08:30:00Z"'
    if type_.is_number:
        return "write a number that the column can hold, without quotes"
    return "write the value in quotes" if type_.kind is Kind.STRING else ""
