"""Binding: from parsed formulas to typed nodes. Names, types, shapes, overloads and constants are settled here.

All mistakes are collected; nothing is thrown for them. A node that can't be made is "bad", and what
is built on it reports nothing further.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sheetline.formulas import ast
from sheetline.formulas.bound import BoundSheet, Node, Scope, Shape, Space
from sheetline.formulas.diagnostics import Diagnostic, FormulaError, make
from sheetline.formulas.expressions import Expressions
from sheetline.formulas.names import Taken, in_order
from sheetline.formulas.parser import parse
from sheetline.formulas.places import Place
from sheetline.formulas.printer import print_formula
from sheetline.functions.context import Environment
from sheetline.functions.declare import Form, Function


def bind_sheet(
    formulas: Mapping[str, str], scope: Scope, env: Environment, *, copied: Sequence[str] = ()
) -> tuple[BoundSheet, list[Diagnostic]]:
    """Bind all formulas of one formula sheet.

    Args:
        formulas: the text of each column's formula, in the sheet's order. A ``copied`` column has the text "".
        scope: what the formulas may name.
        env: the time zone and clock with which constants are folded.
        copied: names among the columns that are the base's own, unchanged.

    Returns:
        The bound sheet (with "bad" nodes where something is wrong) and all diagnostics.
    """
    return _Binder(scope, env, formulas, frozenset(copied)).sheet()


def bind_formula(
    text: str, scope: Scope, env: Environment, *, place: str | None, name: str = "Result"
) -> tuple[BoundSheet, list[Diagnostic]]:
    """Bind one formula over the rows of ``scope.base``.

    Args:
        text: the formula.
        scope: what it may name.
        env: the time zone and clock with which constants are folded.
        place: where it stands ("a filter", "a sort", …): functions of groups are refused there; None allows them.
        name: the name of the only column.
    """
    binder = _Binder(scope, env, {name: text}, frozenset(), anonymous=True)
    binder.refuse_groups = place
    return binder.sheet()


def require(result: tuple[BoundSheet, list[Diagnostic]]) -> BoundSheet:
    """Return the bound sheet, or raise FormulaError with its diagnostics."""
    sheet, diagnostics = result
    errors = [d for d in diagnostics if d.severity == "error"]
    if errors:
        raise FormulaError(errors)
    return sheet


def _named(root: ast.Node) -> list[ast.Call | ast.ColumnRef]:
    """Return the nodes that stand for something by its name, in the order of the text."""
    found: list[ast.Call | ast.ColumnRef] = []
    stack = [root]
    while stack:
        node = stack.pop()
        kind = node.__class__
        if kind is ast.ColumnRef or kind is ast.Call:
            found.append(node)  # type: ignore[arg-type]
        if node.height > 1:
            stack.extend(ast.children(node)[::-1])
    return found


class _Binder(Expressions):
    """Binds all columns of a sheet in the order in which they use one another."""

    def sheet(self) -> tuple[BoundSheet, list[Diagnostic]]:
        """Bind everything and return the sheet with the diagnostics, in the order of the columns."""
        for name, text in self.texts.items():
            if name in self.copied:
                self.asts[name] = ast.ColumnRef(name, self.scope.base)
                continue
            try:
                self.asts[name] = parse(text)
            except FormulaError as error:
                self.complaints.add_all(name, error.diagnostics)
        self.parts = {name: _named(root) for name, root in self.asts.items()}
        self._find_shape()
        uses = {name: self.names.uses(parts, name) for name, parts in self.parts.items()}
        self.out.uses = {name: [use for use in found if use in self.asts] for name, found in uses.items()}
        order, circles = in_order(list(self.asts), {n: [u for u in us if u in self.asts] for n, us in uses.items()})
        for circle in circles:
            text = self.texts[circle[0]]
            path = " → ".join(circle)
            below = next((name for name in circle if name in self.scope.schema), None)
            read = None if below is None else print_formula(ast.ColumnRef(below, self.scope.base))
            hint = f"break the circle{'' if read is None else f'; {read} reads the column underneath'}"
            self.complaints.add(circle[0], make("F125", self.asts[circle[0]].span, text, hint, path=path))
        broken = [n for n in self.texts if n not in self.asts]
        for name in broken:
            self.done[name] = self.graph.bad()
        refused = self.copied if self.out.shape is Shape.AGGREGATE else frozenset()
        for name in order:
            self.done[name] = self.graph.bad() if name in refused else self._column(name)
        for name in self.texts:
            self.done.setdefault(name, self.graph.bad())
        self._finish()
        self.graph.close()
        return self.out, self.complaints.in_order(list(self.texts))

    def _forms(self) -> Iterator[tuple[str, ast.Call, Function]]:
        for name, parts in self.parts.items():
            for part in parts:
                if isinstance(part, ast.Call):
                    function = self.names.function(part.name)
                    if function is not None:
                        yield name, part, function

    def _find_shape(self) -> None:
        """Decide from the functions in the formulas what kind of sheet this is, and refuse mixtures."""
        aggregate: Function | None = None
        series: Function | None = None
        keyed: set[str] = set()
        expands = False
        for column, node, function in self._forms():
            if function.form is Form.ELEMENT:
                continue
            if self.refuse_groups and function.form in (Form.KEY, Form.REDUCE, Form.SERIES, Form.EXPAND):
                self._complain(column, "F127", node.name_span, function=function.name, place=self.refuse_groups)
            if function.form is Form.REDUCE:
                if series is not None:
                    self._mixture(column, node, function, series)
                aggregate = aggregate or function
            elif function.form is Form.SERIES:
                if aggregate is not None:
                    self._mixture(column, node, function, aggregate)
                series = series or function
                self.row_changing |= function.rows != "same"
            elif function.form is Form.KEY:
                keyed.add(column)
            elif function.form is Form.EXPAND:
                expands = True
        if aggregate is not None:
            self.out.shape = Shape.AGGREGATE
        elif series is not None or (keyed and (expands or self._reads_base(keyed))):
            self.out.shape = Shape.SERIES
        elif keyed:
            self.out.shape = Shape.AGGREGATE
        if self.out.shape is Shape.SERIES and not keyed:
            assert series is not None
            column, node = next((c, n) for c, n, f in self._forms() if f.form is Form.SERIES)
            self._complain(column, "F124", node.name_span, function=series.name)
        if self.out.shape is Shape.AGGREGATE and self.copied:
            self.complaints.add(None, make("F126", own=self.scope.sheet))
        self.out.space = {
            Shape.ROW: Space.BASE,
            Shape.AGGREGATE: Space.GROUPS,
            Shape.SERIES: Space.FINAL if self.row_changing else Space.ROWS,
        }[self.out.shape]

    def _mixture(self, column: str, node: ast.Call, function: Function, other: Function) -> None:
        one, two = (function, other) if function.form is Form.REDUCE else (other, function)
        self._complain(column, "F120", node.name_span, function=one.name, other=two.name)

    def _reads_base(self, keyed: set[str]) -> bool:
        """Whether a column that is no key reads the sheet underneath, itself or through own columns."""
        for name, parts in self.parts.items():
            if name in keyed:
                continue
            for part in parts:
                ref = self.names.called_column(part, name) if isinstance(part, ast.Call) else part
                if ref is not None and isinstance(self.names.column(ref, name), Taken):
                    return True
        return False

    def _column(self, name: str) -> Node:
        """Bind one column's formula and put its result into the space of the sheet's rows."""
        place = Place(name, self.texts[name], self.out.space, whole=True)
        node = self.expression(self.asts[name], place)
        if node.op == "bad":
            return node
        shape = self.out.shape
        if shape is Shape.AGGREGATE and node.space is Space.BASE:
            self._base_outside(name, self.asts[name], place)
            return self.graph.bad()
        return node

    def _base_outside(self, column: str, root: ast.Node, place: Place) -> None:
        """Report the first base column of an aggregate sheet's formula that stands outside an aggregate."""
        for part in self.parts[column]:
            if isinstance(part, ast.ColumnRef) and isinstance(self.names.column(part, column), Taken):
                self._outside_at(part, place)
                return
        self._complain(column, "F121", root.span, name=column)

    def _finish(self) -> None:
        """Move every column into the sheet's last space and set the order of keys."""
        out = self.out
        if out.expansions:
            out.space = Space.EXPANDED
        for name in self.texts:
            node = self.done[name]
            moves = out.shape is Shape.SERIES or out.space is Space.EXPANDED
            if moves and node.space in (Space.BASE, Space.GROUPS, Space.ROWS, Space.FINAL) and node.op != "bad":
                node = self.move(node, out.space)
            out.columns[name] = node
        wanted = {id(self.done[name]): place for place, name in enumerate(self.texts)}
        out.keys.sort(key=lambda key: wanted.get(id(key), len(wanted)))
        places = {name: place for place, name in enumerate(self.texts)}
        out.sorts = [pair for _, pair in sorted(self.sorts, key=lambda item: places[item[0]])]
