"""Binding one expression: its names, its type, the space of its rows, its overload; constants are folded.

Everything here works on the nodes of one sheet, column by column; what makes the sheet as a whole stands in
:mod:`sheetline.formulas.bind`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from sheetline.formulas import ast
from sheetline.formulas.bound import BoundSheet, Graph, Node, Scope, Shape, Space
from sheetline.formulas.complain import Complaints
from sheetline.formulas.diagnostics import make
from sheetline.formulas.names import Elsewhere, Names, Own
from sheetline.formulas.places import Place
from sheetline.formulas.printer import print_formula
from sheetline.formulas.taking import taken
from sheetline.functions.columns import Column, Constant
from sheetline.functions.context import Environment
from sheetline.functions.declare import Form, Function
from sheetline.functions.execute import Application, armed, call
from sheetline.functions.operators import OPERATORS
from sheetline.functions.resolve import Mismatch, resolve
from sheetline.functions.types import BOOLEAN, FLOAT, NULL, STRING, Kind, Type, of_python

#: Functions that order the rows inside the groups of a series sheet, and whether descending.
SORTS = {"GROUP_SORT_ASC": False, "GROUP_SORT_DESC": True}

#: The types of literals by their kind; that of an integer depends on its size.
_LITERALS = {"null": NULL, "boolean": BOOLEAN, "float": FLOAT, "string": STRING}
_BASE_ONLY = {Space.BASE}
_OVER_BASE = (_BASE_ONLY, {Space.BASE, Space.CONST})
_Binding: TypeAlias = "Callable[[Expressions, Any, Place], Node]"


class Expressions:
    """What the expressions of one sheet are bound with, and the nodes made so far.

    Attributes:
        done: the node of each column that is bound already.
        out: the sheet that is being bound; keys, changes and expansions are entered as they are met.
        sorts: the columns that order rows inside groups.
        row_changing: whether a series of the sheet adds or drops rows.
        refuse_groups: where the formula stands, if functions of groups are refused there.
    """

    def __init__(
        self,
        scope: Scope,
        env: Environment,
        formulas: Mapping[str, str],
        copied: frozenset[str],
        *,
        anonymous: bool = False,
    ) -> None:
        self.scope = scope
        self.env = env
        self.texts = dict(formulas)
        self.copied = copied
        self.graph = Graph()
        self.complaints = Complaints(scope)
        self.names = Names(scope, () if anonymous else tuple(self.texts))
        self.refuse_groups: str | None = None
        self.asts: dict[str, ast.Node] = {}
        self.parts: dict[str, list[ast.Call | ast.ColumnRef]] = {}
        self.done: dict[str, Node] = {}
        self.out = BoundSheet(self.graph, scope.base)
        self.sorts: list[tuple[str, tuple[Node, bool]]] = []
        self.row_changing = False
        self.folded: dict[tuple[int, tuple[Type, ...], tuple[int, ...]], Node] = {}
        self._literals: dict[tuple[str, object], Node] = {}
        self._operators: dict[tuple[str, int, int, bool, bool], Application] = {}  # by sign, types, which is constant
        self._inputs: dict[tuple[str | None, str], Node] = {}  # by sheet and name, where a name means one thing

    def expression(self, node: ast.Node, place: Place) -> Node:
        """Bind one expression; recursion is bounded by the parser's limit on nesting."""
        return _BINDINGS[node.__class__](self, node, place)

    def constant(self, constant: Constant) -> Node:
        """Return the node of a constant."""
        return self.graph.make("const", constant.type, Space.CONST, constant=constant)

    def _literal(self, node: ast.Literal, _: Place) -> Node:
        key = (node.kind, node.value)
        known = self._literals.get(key)
        if known is None:
            constant = Constant(_LITERALS.get(node.kind) or of_python(node.value), node.value)
            self._literals[key] = known = self.constant(constant)
        return known

    def _duration(self, node: ast.Duration, _: Place) -> Node:
        return self.constant(Constant(of_python(node.ms), node.ms))

    def _parameter(self, node: ast.Parameter, place: Place) -> Node:
        constant = self.scope.parameters.get(node.name)
        if constant is None:
            known = list(self.scope.parameters)
            self.complaints.unknown_parameter(place.column, node, place.text, known)
            return self.graph.bad()
        return self.constant(constant)

    def _reference(self, ref: ast.ColumnRef, place: Place) -> Node:
        known = self._inputs.get((ref.sheet, ref.name))
        if known is not None:
            return known
        target = self.names.column(ref, place.column)
        if target is None:
            if not self.complaints.full(place.column):
                self.complaints.add(place.column, self.names.unknown(ref, place.text, place.column))
            return self.graph.bad()
        if isinstance(target, Own):
            return self._own(ref, target.name, place)
        if isinstance(target, Elsewhere):
            if not place.fitted:
                taken = list(self.scope.taken)
                self._complain(
                    place.column, "F104", ref.span, place.text, name=target.sheet, own=self.scope.sheet, taken=taken
                )
                return self.graph.bad()
            type_ = self.scope.others[target.sheet][target.name]
            return self.graph.input(type_, Space.OTHER, target.sheet, target.name)
        type_ = self.scope.taken[target.sheet][target.name]
        space = Space.BASE if target.sheet == self.scope.base else Space.OTHER
        if space is Space.OTHER and not place.fitted:
            taken = [self.scope.base]
            self._complain(
                place.column, "F104", ref.span, place.text, name=target.sheet, own=self.scope.sheet, taken=taken
            )
            return self.graph.bad()
        outside = self.out.shape is Shape.AGGREGATE and not place.inside
        if space is Space.BASE and outside and not self.refuse_groups:
            self._outside_at(ref, place)
            return self.graph.bad()
        node = self.graph.input(type_, space, target.sheet, target.name)
        anywhere = ref.sheet is not None or ref.name not in self.texts
        if anywhere and space is Space.BASE and self.out.shape is not Shape.AGGREGATE:
            self._inputs[ref.sheet, ref.name] = node
        return node

    def _own(self, ref: ast.ColumnRef, name: str, place: Place) -> Node:
        node = self.done.get(name)
        if node is None or node.op == "bad":  # on a circle, which is reported
            return self.graph.bad()
        function = self.names.function(place.inside) if place.inside else None
        if function is not None and function.form in (Form.REDUCE, Form.KEY) and node.space is not Space.BASE:
            if node.space is Space.CONST:
                return node
            hint = f"write #{self.scope.base}!{name} for the column underneath" if name in self.scope.schema else None
            self.complaints.finished(place.column, ref, place.text, function.name, hint)
            return self.graph.bad()
        return node

    def _list(self, node: ast.ListLiteral, place: Place) -> Node:
        return self._apply_by_name("LIST", node.items, place, node.span, typed="[…]")

    def _unary(self, node: ast.Unary, place: Place) -> Node:
        inner = place.part
        if node.op == "-" and isinstance(node.operand, ast.Literal):
            value = node.operand.value
            if isinstance(value, int | float) and not isinstance(value, bool):
                return self.constant(Constant(of_python(-value), -value))
        if node.op == "+":
            return self.expression(node.operand, inner)
        name = "NEGATE" if node.op == "-" else "NOT"
        return self._apply_by_name(name, (node.operand,), inner, node.op_span, operator=node.op)

    def _chain(self, node: ast.Chain, place: Place) -> Node:
        inner = place.part
        operands = [self.expression(operand, inner) for operand in node.operands]
        spans = node.op_spans or (node.span,) * len(node.operators)
        if node.operators[0] == "^":
            result = operands[-1]
            steps = zip(reversed(node.operators), reversed(operands[:-1]), reversed(spans), strict=True)
            for operator, operand, span in steps:
                result = self._operate(operator, operand, result, span, inner)
            return result
        if node.operators[0] in ("&&", "||", "&") and len(set(node.operators)) == 1:
            function = self._operator(node.operators[0])
            return self._apply(function, operands, [o.span for o in node.operands], inner, spans[0], node.operators[0])
        result = operands[0]
        for operator, operand, span in zip(node.operators, operands[1:], spans, strict=True):
            result = self._operate(operator, result, operand, span, inner)
        return result

    def _operate(self, operator: str, left: Node, right: Node, span: ast.Span, place: Place) -> Node:
        key = (operator, id(left.type), id(right.type), left.constant is None, right.constant is None)
        app = self._operators.get(key)
        if app is not None and {left.space, right.space} in _OVER_BASE:
            return self.graph.apply(app, Space.BASE, (left, right))
        node = self._apply(self._operator(operator), [left, right], [span, span], place, span, operator)
        app = node.app
        if app is None or node.op != "apply" or node.args != (left, right):
            return node
        if not app.function.prepare and app.kernel.returns is None:  # the types alone decide
            self._operators[key] = app
        return node

    def _operator(self, operator: str) -> Function:
        function = self.names.function(OPERATORS[operator])
        assert function is not None, operator
        return function

    def _apply_by_name(
        self, name: str, args: Sequence[ast.Node], place: Place, span: ast.Span, operator: str = "", typed: str = ""
    ) -> Node:
        function = self.names.function(name)
        assert function is not None, name
        inner = place.part
        nodes = [self.expression(arg, inner) for arg in args]
        return self._apply(function, nodes, [arg.span for arg in args], place, span, operator)

    def _call(self, node: ast.Call, place: Place) -> Node:
        function = self.names.function(node.name)
        if function is None:
            ref = self.names.called_column(node, place.column)
            if ref is not None:
                return self._reference(ref, place)
            self.complaints.unknown_function(place.column, node, place.text, self.names)
            return self.graph.bad()
        if not self._allowed(function, node, place):
            return self.graph.bad()
        inners = self._inners(function, node, place)
        args = [self.expression(arg, inner) for arg, inner in zip(node.args, inners, strict=True)]
        return self._apply(function, args, [arg.span for arg in node.args], place, node.name_span)

    def _inners(self, function: Function, node: ast.Call, place: Place) -> list[Place]:
        """Return the place of each argument: what is around it now."""
        inner = place.part
        if function.form is Form.ELEMENT:
            return [inner] * len(node.args)
        if function.form in (Form.REDUCE, Form.KEY):
            inner = replace(inner, inside=function.name, here=Space.BASE)
        elif function.form is Form.SERIES:
            inner = replace(inner, inside=place.inside or function.name, here=Space.ROWS)
        if function.form is not Form.FITTED:
            return [inner] * len(node.args)
        places = function.kernels[0].signature.places(len(node.args))
        if places is None:
            return [inner] * len(node.args)
        only = [p.name in function.fit_on and p.name not in function.apply_on for p in places]
        return [replace(inner, fitted=True) if whole else inner for whole in only]

    def _allowed(self, function: Function, node: ast.Call, place: Place) -> bool:
        """Refuse functions of groups where they can't stand."""
        if function.form is Form.ELEMENT:
            return True
        around = self.names.function(place.inside) if place.inside else None
        if self.refuse_groups and function.form in (Form.KEY, Form.REDUCE, Form.SERIES, Form.EXPAND):
            return False  # reported when the shape was looked for
        whole = function.form is Form.KEY or function.name in SORTS
        if whole and not place.whole:
            self._complain(place.column, "F122", node.name_span, place.text, function=function.name)
            return False
        grouping = (Form.REDUCE, Form.SERIES)
        if around is not None and around.form is Form.REDUCE and function.form in grouping:
            self._complain(place.column, "F123", node.name_span, place.text, inner=function.name, function=around.name)
            return False
        if around is not None and around.form is Form.KEY and function.form in (*grouping, Form.EXPAND):
            words = f"the key {around.name}"
            self._complain(place.column, "F127", node.name_span, place.text, function=function.name, place=words)
            return False
        if function.form is Form.REDUCE and self.out.shape is not Shape.AGGREGATE:
            return False  # a mixture, reported before
        return not (function.form is Form.SERIES and self.out.shape is not Shape.SERIES)

    def _outside_at(self, node: ast.ColumnRef, place: Place) -> None:
        ref = print_formula(ast.ColumnRef(node.name, node.sheet))
        self._complain(place.column, "F121", node.span, place.text, name=node.name, example=f"GROUPANY({ref})", ref=ref)

    # --- applying functions ------------------------------------------------------------------------------

    def _apply(
        self,
        function: Function,
        args: list[Node],
        spans: list[ast.Span],
        place: Place,
        span: ast.Span,
        operator: str = "",
    ) -> Node:
        for arg in args:
            if arg.op == "bad":
                return self.graph.bad()
        try:
            app, defaults = resolve(function, [arg.type for arg in args], [arg.constant for arg in args])
        except Mismatch as mismatch:
            types, constants = [arg.type for arg in args], [arg.constant for arg in args]
            found = taken(function, types, constants, mismatch, self.env, operator=operator)
            if found is None:
                words = (spans, place.text, span, operator)
                self.complaints.mismatch(place.column, mismatch, function, types, constants, *words)
                return self.graph.bad()
            (app, defaults), others = found
            for at, constant in others.items():
                if constant.value is not None:  # null stands for what is not chosen
                    self.complaints.taken(place.column, constants[at], constant, spans[at], place.text)
                args = [*args[:at], self.constant(constant), *args[at + 1 :]]
        if defaults:
            args = [*args, *map(self.constant, defaults)]
        if function.form is Form.ELEMENT:
            return self._element(app, args, place, span)
        make_node = {
            Form.FITTED: self._fitted,
            Form.REDUCE: self._reduce,
            Form.SERIES: self._series,
            Form.KEY: self._key,
            Form.EXPAND: self._expand,
        }[function.form]
        return make_node(app, args, place, span)

    def _element(self, app: Application, args: list[Node], place: Place, span: ast.Span) -> Node:
        spaces = {arg.space for arg in args}
        spaces.discard(Space.CONST)
        if not spaces:
            if not app.function.volatile - {"timezone"}:
                key = (id(app.kernel), app.types, tuple(arg.id for arg in args))
                if key not in self.folded:
                    self.folded[key] = self._fold(app, args)
                return self.folded[key]
            return self.graph.apply(app, place.here, tuple(args))
        if spaces == _BASE_ONLY:  # by far the most
            return self.graph.apply(app, Space.BASE, tuple(args))
        space = self._common_space(args, place, span)
        if space is None:
            return self.graph.bad()
        moved = [arg if arg.space is Space.CONST else self.move(arg, space) for arg in args]
        return self.graph.apply(app, space, tuple(moved))

    def _fold(self, app: Application, args: Sequence[Node]) -> Node:
        """Compute a constant expression now; what fails becomes a constant error value."""
        columns: list[Column | Constant] = []
        places = app.kernel.signature.places(len(args)) or app.kernel.signature.parameters
        for parameter, arg in zip(places, args, strict=False):
            assert arg.constant is not None
            columns.append(arg.constant if parameter.const else arg.constant.column(1))
        if app.prepared:
            app = replace(app, prepared={k: v for k, v in app.prepared.items() if places[k].const})
        with armed():
            column = call(app, columns, self.env, 1)
        value = _list_value(column) if _is_date_list(app.type) else column.to_list()[0]
        return self.constant(Constant(app.type, value, column.errors))

    def _common_space(self, args: Sequence[Node], place: Place, span: ast.Span) -> Space | None:
        spaces = {arg.space for arg in args} - {Space.CONST}
        if Space.OTHER in spaces:
            self._complain(
                place.column,
                "F104",
                span,
                place.text,
                name=next(a.sheet for a in args if a.space is Space.OTHER),
                own=self.scope.sheet,
                taken=[self.scope.base],
            )
            return None
        if Space.GROUPS in spaces and Space.BASE in spaces:
            names = [a.name for a in args if a.space is Space.BASE]
            self._complain(place.column, "F121", span, place.text, name=names[0] or "this expression")
            return None
        return max(spaces)

    def move(self, node: Node, space: Space) -> Node:
        """Return the node's values in a later space (base rows put in order, rows repeated)."""
        if node.space in (space, Space.CONST) or node.op == "bad":
            return node
        return self.graph.make("move", node.type, space, (node,))

    def _fitted(self, app: Application, args: list[Node], place: Place, span: ast.Span) -> Node:
        function = app.function
        applied = [a for a, n in zip(args, app.names, strict=True) if n in function.apply_on]
        if all(arg.space is Space.CONST for arg in applied):
            space: Space | None = place.here
        else:
            space = self._common_space(applied, place, span)
        if space is None or not self._one_sheet(app, args, place, span):
            return self.graph.bad()
        moved = []
        for arg, name in zip(args, app.names, strict=True):
            both = name in function.apply_on and arg.space is not Space.CONST
            moved.append(self.move(arg, space) if both else arg)
        return self.graph.make("fitted", app.type, space, tuple(moved), app)

    def _one_sheet(self, app: Application, args: Sequence[Node], place: Place, span: ast.Span) -> bool:
        """Refuse whole columns of different sheets beside each other: their rows don't belong together."""
        function = app.function
        only = [a for a, n in zip(args, app.names, strict=True) if n in function.fit_on and n not in function.apply_on]
        whole = [arg for arg in only if arg.space is not Space.CONST]
        homes = dict.fromkeys("" if arg.space is not Space.OTHER else arg.sheet for arg in whole)
        if len(homes) < 2 and len({arg.space for arg in whole}) < 2:
            return True
        own = self.scope.base
        words = [f"'{home or own}'" for home in homes]
        why = f"its columns are of {' and '.join(words)}, whose rows don't belong together"
        if len(homes) < 2:
            why = "its columns don't have the same rows"
        hint = None if function.name == "LOOKUP" else "take all of them from one sheet"
        self._complain(place.column, "F129", span, place.text, function=function.name, why=why, hint=hint)
        return False

    def _reduce(self, app: Application, args: list[Node], place: Place, span: ast.Span) -> Node:
        for arg in args:
            if arg.space not in (Space.CONST, Space.BASE):
                self._complain(
                    place.column,
                    "F123",
                    span,
                    place.text,
                    inner=arg.name or "a finished column",
                    function=app.function.name,
                )
                return self.graph.bad()
        return self.graph.make("reduce", app.type, Space.GROUPS, tuple(args), app)

    def _series(self, app: Application, args: list[Node], place: Place, span: ast.Span) -> Node:
        moved: list[Node] = []
        for arg in args:
            back = arg.args[0] if arg.op == "move" and arg.space is Space.FINAL else arg
            if back.space not in (Space.CONST, Space.BASE, Space.ROWS):
                self.complaints.rows_changed(place.column, app.function.name, span, place.text)
                return self.graph.bad()
            moved.append(self.move(back, Space.ROWS) if back.space is not Space.CONST else back)
        if app.function.name in SORTS:
            base = [a.args[0] if a.op == "move" else a for a in moved]
            if base[0].space not in (Space.BASE, Space.CONST):
                self.complaints.rows_changed(place.column, app.function.name, span, place.text)
                return self.graph.bad()
            if base[0].space is Space.BASE:
                assert place.column is not None
                self.sorts.append((place.column, (base[0], SORTS[app.function.name])))
        changes = app.function.rows != "same"
        node = self.graph.make("series", app.type, Space.FINAL if changes else Space.ROWS, tuple(moved), app)
        if changes:
            if node not in self.out.changes:
                self.out.changes.append(node)
            return node
        return self.move(node, Space.FINAL) if self.row_changing else node

    def _key(self, app: Application, args: list[Node], place: Place, span: ast.Span) -> Node:
        for arg in args:
            if arg.space not in (Space.CONST, Space.BASE):
                self._complain(
                    place.column,
                    "F127",
                    span,
                    place.text,
                    function=app.function.name,
                    place="a formula over finished columns",
                )
                return self.graph.bad()
        space = Space.GROUPS if self.out.shape is Shape.AGGREGATE else self.out.space
        node = self.graph.make("key", app.type, space, tuple(args), app, name=place.column or "")
        self.out.keys.append(node)
        return node

    def _expand(self, app: Application, args: list[Node], place: Place, span: ast.Span) -> Node:
        rows = self.out.space
        moved = [arg if arg.space is Space.CONST else self.move(arg, rows) for arg in args]
        if any(arg.space is Space.EXPANDED for arg in args):
            self.complaints.rows_changed(place.column, app.function.name, span, place.text)
            return self.graph.bad()
        node = self.graph.make("expand", app.type, Space.EXPANDED, tuple(moved), app)
        if node not in self.out.expansions:
            self.out.expansions.append(node)
        return node

    def _complain(
        self, column: str | None, code: str, span: ast.Span, text: str | None = None, **words: object
    ) -> None:
        shown = self.texts.get(column or "", "") if text is None else text
        self.complaints.add(column, make(code, span, shown, **words))  # type: ignore[arg-type]


_BINDINGS: Final[Mapping[type[ast.Node], _Binding]] = {
    ast.Literal: Expressions._literal,
    ast.ColumnRef: Expressions._reference,
    ast.Chain: Expressions._chain,
    ast.Call: Expressions._call,
    ast.Unary: Expressions._unary,
    ast.ListLiteral: Expressions._list,
    ast.Parameter: Expressions._parameter,
    ast.Duration: Expressions._duration,
}


def _is_date_list(type_: Type) -> bool:
    return type_.kind is Kind.LIST and type_.item is not None and type_.item.kind is Kind.DATE


def _list_value(column: Column) -> object:
    return column.data[0].values.cast("int64").to_pylist() if column.data[0].is_valid else None
