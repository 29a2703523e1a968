"""Filters that spare reading: of a Parquet file that only a filter needs, row groups that can't hold its rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Literal

from sheetline.formulas.bound import BoundSheet, Node, Space, reachable
from sheetline.functions.types import Kind
from sheetline.workbook.io.rowgroups import Bound, Comparison
from sheetline.workbook.model.endpoints import ParquetSource
from sheetline.workbook.planning import Plan
from sheetline.workbook.sheets.filter import FilterStep
from sheetline.workbook.sources import SourceStep
from sheetline.workbook.steps import Step

#: Functions that give no errors of their own, and look at nothing but their own row.
_QUIET: Final = frozenset(
    {"AND", "OR", "NOT", "EQUALS", "NOTEQUALS", "LESS", "LESSEQUAL", "GREATER", "GREATEREQUAL", "BETWEEN", "IN"}
    | {"ISNULL", "ISNOTNULL"}
)
Order = Literal["<", "<=", ">", ">="]
_ORDERS: Final[dict[str, Order]] = {"LESS": "<", "LESSEQUAL": "<=", "GREATER": ">", "GREATEREQUAL": ">="}
_TURNED: Final[dict[Order, Order]] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_KINDS: Final = frozenset({Kind.INTEGER, Kind.FLOAT, Kind.DATE, Kind.STRING, Kind.BOOLEAN})


def reading_less(plan: Plan, needed: Mapping[str, Sequence[str]], wanted: Collection[str]) -> dict[str, Step]:
    """Return the steps of sources of which not all row groups are read, by name.

    Only a filter may need the source: no other sheet, no check, and not the run itself.
    """
    users: dict[str, list[str]] = {}
    for name, columns in needed.items():
        for sheet in plan.steps[name].needs(columns):
            users.setdefault(sheet, []).append(name)
    seen = {*wanted, *plan.checks, *(sheet for checks in plan.checks.values() for one in checks for sheet in one.needs)}
    found: dict[str, Step] = {}
    for name in needed:
        step = plan.steps[name]
        if not isinstance(step, SourceStep) or name in seen or len(users.get(name, ())) != 1:
            continue
        user = plan.steps[users[name][0]]
        if isinstance(step.reader.endpoint, ParquetSource) and step.sample is None and isinstance(user, FilterStep):
            where = comparisons(user.bound)
            left = step.reader.unread(needed[name], where) if where else None
            if left is not None:
                found[name] = replace(step, unread=left, reason=user.name)
    return found


def comparisons(bound: BoundSheet) -> list[Comparison]:
    """Return comparisons that are true of every row that a condition takes; none where it may be an error."""
    root = bound.columns["Result"]
    for node in reachable([root]):
        if node.op == "apply":
            quiet = node.app is not None and node.app.function.name in _QUIET
        else:
            quiet = node.space is Space.BASE if node.op == "input" else node.op == "const"
        if not quiet or (node.constant is not None and node.constant.errors is not None):
            return []
    return list(_compared(root))


def _compared(root: Node) -> Iterator[Comparison]:
    """Yield the comparisons of a column with constants that a condition is a conjunction of."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        name = _name(node)
        if name == "AND":
            waiting += node.args
        elif name in ("ISNULL", "ISNOTNULL") and node.args[0].op == "input":
            yield Comparison(node.args[0].name, "null" if name == "ISNULL" else "not null", Kind.NULL)
        elif name == "NOT" and _name(node.args[0]) == "ISNULL" and node.args[0].args[0].op == "input":
            yield Comparison(node.args[0].args[0].name, "not null", Kind.NULL)
        else:
            yield from _with_constants(node, name)


def _with_constants(node: Node, name: str) -> Iterator[Comparison]:
    if node.app is None or len(node.args) < 2 or node.app.types[0].kind not in _KINDS:
        return
    kind = node.app.types[0].kind
    first, *rest = node.args
    if first.op == "const" and len(rest) == 1 and name in _ORDERS and rest[0].op == "input":
        if (value := _value(first, kind)) is not None:
            yield Comparison(rest[0].name, _TURNED[_ORDERS[name]], kind, (value,))
        return
    if first.op == "const" and name == "EQUALS":
        first, rest = rest[0], [first]
    values = [_value(one, kind) for one in rest]
    known = tuple(value for value in values if value is not None)
    if first.op != "input" or len(known) < len(values):
        return
    if name in _ORDERS:
        yield Comparison(first.name, _ORDERS[name], kind, known)
    elif name == "BETWEEN":
        yield Comparison(first.name, ">=", kind, known[:1])
        yield Comparison(first.name, "<=", kind, known[1:])
    elif name in ("EQUALS", "IN"):
        yield Comparison(first.name, "in", kind, known)


def _name(node: Node) -> str:
    return "" if node.app is None else node.app.function.name


def _value(node: Node, kind: Kind) -> Bound | None:
    """Return a constant as it is compared; None where it is none, or null."""
    value: Any = None if node.constant is None else node.constant.value
    if value is None:
        return None
    if kind is Kind.STRING:
        return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else None
    if not isinstance(value, int | float):
        return None
    return float(value) if kind is Kind.FLOAT else value
