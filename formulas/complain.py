"""Collects what is wrong with a sheet's formulas and words what binding found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sheetline.formulas import ast
from sheetline.formulas.bound import Scope
from sheetline.formulas.diagnostics import Diagnostic, make
from sheetline.formulas.names import Names
from sheetline.formulas.suggest import closest
from sheetline.functions.columns import Constant
from sheetline.functions.declare import Function
from sheetline.functions.registry import REGISTRY
from sheetline.functions.resolve import Mismatch
from sheetline.functions.types import DATE, Kind, Type

#: The function that converts to a type, for hints.
CONVERTERS = {
    "int": "INT",
    "whole": "INT",
    "float": "FLOAT",
    "num": "FLOAT",
    "str": "T",
    "date": "ASDATE",
    "bool": "BOOLEAN",
    "dec": "BIGDECIMAL",
    "bigint": "BIGINTEGER",
    "duration": "INT",
    "integer": "INT",
    "string": "T",
    "boolean": "BOOLEAN",
    "bigdecimal": "BIGDECIMAL",
    "biginteger": "BIGINTEGER",
}


#: Mistakes of one formula that are told; the same one ten thousand times helps nobody.
MOST = 100

#: The words of signatures in the words of the language.
_WORDS = {"int": "integer", "whole": "integer", "num": "number", "str": "string", "bool": "boolean",
          "bigint": "biginteger", "dec": "bigdecimal"}  # fmt: skip


class Complaints:
    """The diagnostics of one sheet, each with its column."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.found: dict[tuple[str | None, Diagnostic], None] = {}
        self.counts: Counter[str | None] = Counter()

    def full(self, column: str | None) -> bool:
        """Whether enough has been said about a formula."""
        return self.counts[column] >= MOST

    def add(self, column: str | None, diagnostic: Diagnostic) -> None:
        """Add one."""
        key = (column, diagnostic.with_place(sheet=self.scope.sheet or None, column=column))
        if key not in self.found and not self.full(column):
            self.found[key] = None
            self.counts[column] += 1

    def add_all(self, column: str | None, diagnostics: Iterable[Diagnostic]) -> None:
        """Add several."""
        for diagnostic in diagnostics:
            self.add(column, diagnostic)

    def in_order(self, columns: Sequence[str]) -> list[Diagnostic]:
        """Return all of them in the order of the columns, inside a column in the order of the text."""
        place = {name: number for number, name in enumerate(columns)}

        def key(item: tuple[str | None, Diagnostic]) -> tuple[int, int]:
            column, diagnostic = item
            return place.get(column or "", -1), diagnostic.span.start if diagnostic.span else -1

        return [diagnostic for _, diagnostic in sorted(self.found, key=key)]

    def unknown_function(self, column: str | None, node: ast.Call, text: str, names: Names) -> None:
        """Report a call of a function that does not exist."""
        near = closest(node.name, REGISTRY.names())
        own = [name for name in (*names.own, *self.scope.schema) if name.upper() == node.typed.upper()]
        called = node.source.strip()
        columns = closest(called, [name for name in (*names.own, *self.scope.schema) if "(" in name])
        words: dict[str, Any] = {"name": node.typed}
        if columns and not near:
            words["column"] = f"[{columns[0]}]"
        elif near:
            words["near"] = near
        elif own:
            words["column"] = own[0]
        self.add(column, make("F101", node.name_span, text, **words))

    def unknown_parameter(self, column: str | None, node: ast.Parameter, text: str, known: Sequence[str]) -> None:
        """Report a parameter that the workbook does not have."""
        near = closest(node.name, known)
        words: dict[str, Any] = {"near": near[0]} if near else {"parameters": [f"${k}" for k in known]} if known else {}
        self.add(column, make("F105", node.span, text, name=node.name, **words))

    def finished(self, column: str | None, ref: ast.ColumnRef, text: str, function: str, hint: str | None) -> None:
        """Report a finished column of the sheet itself inside an aggregate or key."""
        self.add(column, make("F131", ref.span, text, hint=hint, name=ref.name, function=function))

    def rows_changed(self, column: str | None, function: str, span: ast.Span, text: str) -> None:
        """Report a function over values that stand on other rows already."""
        self.add(column, make("F130", span, text, function=function))

    def taken(self, column: str | None, given: Constant | None, constant: Constant, span: ast.Span, text: str) -> None:
        """Warn of a constant that is taken as another type."""
        assert given is not None
        words = {"value": _shown(given), "type": str(given.type), "other": _shown(constant)}
        self.add(column, make("F133", span, text, wanted=str(constant.type), **words))

    def mismatch(
        self,
        column: str | None,
        mismatch: Mismatch,
        function: Function,
        types: Sequence[Type],
        constants: Sequence[Constant | None],
        spans: Sequence[ast.Span],
        text: str,
        span: ast.Span,
        operator: str,
    ) -> None:
        """Report arguments that no overload takes."""
        place = mismatch.place or 0
        signature = " or ".join(str(kernel.signature) for kernel in function.kernels)
        at = spans[place] if mismatch.place is not None and place < len(spans) else span
        if operator and mismatch.reason in ("type", "mixed"):
            self.add(column, _operator(operator, types, span, text))
        elif mismatch.reason == "count":
            self.add(
                column,
                make(
                    "F110",
                    span,
                    text,
                    function=function.name,
                    expected=_counts(function),
                    got=str(len(types)),
                    signature=signature,
                ),
            )
        elif mismatch.reason == "const":
            self.add(
                column, make("F112", at, text, function=function.name, argument=_argument(function, place, len(types)))
            )
        elif mismatch.reason == "value":
            constant = constants[place] if place < len(constants) else None
            value = "" if constant is None else _shown(constant)
            roles = {"value": value, "role": _argument(function, place, len(types)), "function": function.name}
            self.add(column, make("F113", at, text, why=mismatch.detail, **roles))
        else:
            words = [_WORDS.get(word, word) for word in mismatch.wanted.split("|")]
            wanted = " or ".join(words) + (" like the others" if mismatch.reason != "type" else "")
            convert = _converter(mismatch.wanted, mismatch.got)
            hint: dict[str, Any] = {"convert": convert} if convert else {"signature": signature}
            self.add(
                column,
                make(
                    "F111",
                    at,
                    text,
                    position=place + 1,
                    argument=_argument(function, place, len(types)),
                    function=function.name,
                    expected=wanted,
                    got=mismatch.got,
                    **hint,
                ),
            )


def _argument(function: Function, place: int, count: int) -> str:
    for kernel in function.kernels:
        places = kernel.signature.places(count)
        if places is not None and place < len(places):
            return places[place].name
    return str(place + 1)


def _counts(function: Function) -> str:
    """Return how many arguments a function takes, in words."""
    low = min(kernel.signature.minimum for kernel in function.kernels)
    tops = [kernel.signature.maximum for kernel in function.kernels]
    if any(top is None for top in tops):
        return f"{low} or more arguments"
    high = max(top for top in tops if top is not None)
    if low == high:
        return "no arguments" if low == 0 else f"{low} argument{'s' if low > 1 else ''}"
    return f"{low} to {high} arguments"


def _converter(wanted: str, got: str) -> str | None:
    for word in wanted.split("|"):
        if word in CONVERTERS and word != got:
            return CONVERTERS[word]
    return None


def _operator(operator: str, types: Sequence[Type], span: ast.Span, text: str) -> Diagnostic:
    if len(types) == 1:
        return make("F114", span, text, operator=operator, operand=str(types[0]))
    words: dict[str, Any] = {"operator": operator, "left": str(types[0]), "right": str(types[-1])}
    kinds = {type_.kind for type_ in types}
    if operator == "+" and Kind.STRING in kinds:
        words["right_operator"] = "&"
    else:
        other = [type_ for type_ in types if type_.kind is not Kind.STRING]
        words["convert"] = CONVERTERS.get(str(other[0])) if Kind.STRING in kinds and other else None
    return make("F114", span, text, **words)


def _shown(constant: Constant) -> str:
    value = constant.value
    if isinstance(value, list) and constant.type.item is not None:
        item = constant.type.item
        return f"[{';'.join(_shown(Constant(item, each)) for each in value)}]"
    if constant.type == DATE and value is not None:
        moment = datetime(1970, 1, 1) + timedelta(microseconds=value)
        return f'ASDATE("{moment.isoformat()}Z")'
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
