"""What the names in a formula mean: columns of the sheet itself, of sheets underneath, parameters.

Resolution needs only schemas, so the order in which a sheet's columns must be bound is known before any is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sheetline.formulas import ast
from sheetline.formulas.bound import Scope
from sheetline.formulas.diagnostics import Diagnostic, make
from sheetline.formulas.suggest import closest
from sheetline.functions.declare import Function
from sheetline.functions.registry import REGISTRY

MOST_CIRCLES = 20
"""Circles that are told; columns that all use one another make very many."""


@dataclass(frozen=True, slots=True)
class Own:
    """A column of the sheet itself."""

    name: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A column of a sheet that this one takes."""

    sheet: str
    name: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A column of a sheet that this one does not take: for whole-column arguments only."""

    sheet: str
    name: str


Target = Own | Taken | Elsewhere


@dataclass(frozen=True, slots=True)
class Names:
    """Resolves references of one sheet's formulas. ``own`` are the sheet's columns in order."""

    scope: Scope
    own: tuple[str, ...]
    _own: frozenset[str] = field(init=False, repr=False)
    _functions: dict[str, Function | None] = field(init=False, repr=False, default_factory=dict)
    _taken: dict[tuple[str, str], Taken] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_own", frozenset(self.own))

    def function(self, name: str) -> Function | None:
        """Return the function of this name, or None; the registry is asked once."""
        if name not in self._functions:
            self._functions[name] = REGISTRY.get(name)
        return self._functions[name]

    def column(self, ref: ast.ColumnRef, inside: str | None) -> Target | None:
        """Return what a reference means inside the formula of column ``inside``, or None."""
        scope = self.scope
        if ref.sheet is None:
            if ref.name in self._own and ref.name != inside:
                return Own(ref.name)
            return Taken(scope.base, ref.name) if ref.name in scope.schema else None
        known = self._taken.get((ref.sheet, ref.name))
        if known is not None:
            return known
        if ref.sheet in scope.taken:
            if ref.name not in scope.taken[ref.sheet]:
                return None
            return self._taken.setdefault((ref.sheet, ref.name), Taken(ref.sheet, ref.name))
        if ref.sheet == scope.sheet:
            return Own(ref.name) if ref.name in self._own else None
        if ref.sheet in scope.others:
            return Elsewhere(ref.sheet, ref.name) if ref.name in scope.others[ref.sheet] else None
        return None

    def called_column(self, call: ast.Call, inside: str | None) -> ast.ColumnRef | None:
        """Return the column that a call turns out to be: ``Speed(mph)`` where no function has that name."""
        if self.function(call.name) is not None:
            return None
        name = "".join(call.source.split())
        for candidate in (call.source.strip(), name):
            ref = ast.ColumnRef(candidate, span=call.span, name_span=call.span) if candidate else None
            if ref is not None and self.column(ref, inside) is not None:
                return ref
        return None

    def uses(self, parts: Iterable[ast.Call | ast.ColumnRef], inside: str | None) -> list[str]:
        """Return the sheet's own columns among the parts of a formula, in order of first appearance."""
        found: dict[str, None] = {}
        for part in parts:
            ref = self.called_column(part, inside) if isinstance(part, ast.Call) else part
            if ref is None or ref.name not in self._own or (ref.sheet is not None and ref.sheet != self.scope.sheet):
                continue
            target = self.column(ref, inside)
            if isinstance(target, Own):
                found[target.name] = None
        return list(found)

    def unknown(self, ref: ast.ColumnRef, text: str, inside: str | None = None) -> Diagnostic:
        """Return the diagnostic for a reference in the formula of column ``inside`` that means nothing."""
        scope = self.scope
        known = {**scope.taken, **scope.others}
        if ref.sheet is not None and ref.sheet not in known and ref.sheet != scope.sheet:
            sheets = [*known]
            return make(
                "F103",
                ref.sheet_span or ref.span,
                text,
                name=ref.sheet,
                near=closest(ref.sheet, sheets),
                sheets=_some(sheets),
            )
        itself = ref.sheet is None and ref.name == inside and ref.name in self.own
        here = [*self.own, *scope.schema] if ref.sheet is None else [*known.get(ref.sheet, self.own)]
        here = [name for name in dict.fromkeys(here) if not (itself and name == inside)]
        others = [s for s, schema in known.items() if ref.name in schema and s != (ref.sheet or scope.base)]
        own = scope.sheet if ref.sheet is None else ref.sheet
        base: str | None = scope.base if ref.sheet is None and scope.base != scope.sheet else None
        if itself or not own:
            own, base = scope.base, None
        return make(
            "F102",
            ref.name_span if ref.name_span != ast.NO_SPAN else ref.span,
            text,
            name=ref.name,
            own=own,
            base=base,
            itself="" if itself else None,
            near=closest(ref.name, here),
            others=others[:3],
            columns=_some(here),
        )


def _some(names: Sequence[str], most: int = 12) -> list[str]:
    """Return the first names, with a sign that there are more."""
    return [*names[:most], *(["…"] if len(names) > most else [])]


def in_order(columns: Sequence[str], uses: Mapping[str, Iterable[str]]) -> tuple[list[str], list[list[str]]]:
    """Return the columns so that each comes behind those it uses (but on circles), and the circles.

    Every column on a circle is on one of those returned, or a column of such a circle uses it.
    """
    order: list[str] = []
    state: dict[str, int] = {}  # 1 on the path, 2 done
    circles: list[list[str]] = []
    for root in columns:
        if root in state:
            continue
        path: list[tuple[str, list[str]]] = [(root, list(uses.get(root, ())))]
        state[root] = 1
        while path:
            name, waiting = path[-1]
            if not waiting:
                path.pop()
                state[name] = 2
                order.append(name)
                continue
            nearest = waiting.pop(0)
            if state.get(nearest) == 1 and len(circles) < MOST_CIRCLES:
                names = [step for step, _ in path]
                circles.append([*names[names.index(nearest) :], nearest])
            if nearest not in state:
                state[nearest] = 1
                path.append((nearest, list(uses.get(nearest, ()))))
    return order, circles
