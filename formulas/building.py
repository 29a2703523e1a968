"""Makes the nodes of a formula while it is parsed: one function an alternative of the grammar.

Each is called with what stands in the alternative, tokens as pieces and the rest as values made before, and with
the formula's text. An expression of several operands is a flat list (operand, piece of the operator, operand, …) until
it is complete; then its operators are sorted by how tightly they bind.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from sheetline.formulas.ast import (
    KEYWORDS,
    LEVEL_OF,
    SPELLINGS,
    Call,
    Chain,
    ColumnRef,
    ListLiteral,
    Literal,
    Node,
    Parameter,
    Span,
    Unary,
)
from sheetline.formulas.literals import COLUMN, BadNumber, plain_name, read_number, unescape
from sheetline.formulas.machine import Build, Piece

MAX_HEIGHT = 200
"""Most nodes inside one another; it stops formulas that nest through operators as well as brackets."""


_FEW_DIGITS = 1_000

_BLANK_AROUND = re.compile(r"\s!|!\s")

#: Makes a span of two offsets in half the time that `Span` itself takes; there are dozens in every formula.
_span = cast("Callable[[tuple[int, int]], Span]", partial(tuple.__new__, Span))


def _slots(kind: type[Node], names: str) -> list[Callable[[Node, object], None]]:
    """Return what puts values into a node that was just made, by the names of its fields."""
    return [getattr(kind, name).__set__ for name in names.split()]


# The nodes that formulas have most of are made past `__init__`, which takes three times as long: what it would refuse,
# the grammar does not let through.
_new = cast("Callable[[type[Node]], Any]", object.__new__)
(_set_span,) = _slots(Literal, "span")
_set_value, _set_kind, _set_typed = _slots(Literal, "value kind typed")
_set_name, _set_sheet, _set_bare, _set_name_span, _set_sheet_span = _slots(
    ColumnRef, "name sheet bare name_span sheet_span"
)
_set_operators, _set_operands, _set_op_spans, _set_height = _slots(Chain, "operators operands op_spans height")


def _column_ref(name: str, span: Span, name_span: Span, sheet: str | None = None, place: Span | None = None) -> Node:
    node: Node = _new(ColumnRef)
    _set_span(node, span)
    _set_name(node, name)
    _set_sheet(node, sheet)
    _set_bare(node, False)
    _set_name_span(node, name_span)
    _set_sheet_span(node, place)
    return node


def _whole_number(typed: str, span: Span) -> Node:
    node: Node = _new(Literal)
    _set_span(node, span)
    _set_value(node, int(typed))
    _set_kind(node, "integer")
    _set_typed(node, typed)
    return node


def _pair(operator: str, first: Node, second: Node, place: Span) -> Node:
    node: Node = _new(Chain)
    _set_span(node, _span((first.span[0], second.span[1])))
    _set_operators(node, (SPELLINGS.get(operator, operator),))
    _set_operands(node, (first, second))
    _set_op_spans(node, (place,))
    height = first.height
    if second.height > height:  # noqa: PLR1730 - max() takes twice as long
        height = second.height
    if height >= MAX_HEIGHT:
        raise TooHighError(place)
    _set_height(node, height + 1)
    return node


class TooHighError(Exception):
    """More than ``MAX_HEIGHT`` nodes inside one another, the last of them at ``span``."""

    def __init__(self, span: Span) -> None:
        super().__init__(span)
        self.span = span


class SlipError(Exception):
    """A token that the grammar takes and the language does not."""

    def __init__(self, start: int) -> None:
        super().__init__(start)
        self.start = start


def _formula(pieces: list[Any], text: str) -> Node:
    return _complete(pieces[-1], text)


def _joined(pieces: list[Any], text: str) -> list[Any]:
    flat: list[Any] = pieces[0]
    if flat.__class__ is not list:
        return pieces
    flat += pieces[1:]
    return flat


def _complete(expression: Any, text: str) -> Node:
    """Return the node of an expression: itself, or that of its flat list."""
    if expression.__class__ is not list:
        node: Node = expression
        return node
    if len(expression) == 3:
        first, (_, start, end), second = expression
        return _pair(text[start:end], first, second, _span((start, end)))
    signs = expression[1::2]
    operators = [text[start:end] for _, start, end in signs]
    spans = [_span((start, end)) for _, start, end in signs]
    levels = [LEVEL_OF[SPELLINGS.get(operator, operator)] for operator in operators]
    return _chained(expression[::2], operators, spans, levels)


def _chained(operands: list[Node], operators: list[str], spans: list[Span], levels: list[int]) -> Node:
    """Return the node of a flat list: a chain of its loosest level, between whose operators tighter ones stand."""
    loosest = max(levels)
    if min(levels) != loosest:
        ends = [place for place, level in enumerate(levels) if level == loosest]
        inner: list[Node] = []
        start = 0
        for end in (*ends, len(levels)):
            inside = slice(start, end)
            part = operands[start : end + 1]
            inner.append(_chained(part, operators[inside], spans[inside], levels[inside]) if part[1:] else part[0])
            start = end + 1
        operands, operators, spans = inner, [operators[end] for end in ends], [spans[end] for end in ends]
    return _chain(operands, operators, spans)


def _chain(operands: list[Node], operators: list[str], spans: list[Span]) -> Node:
    if len(spans) == 1:
        return _pair(operators[0], operands[0], operands[1], spans[0])
    whole = _span((operands[0].span[0], operands[-1].span[1]))
    return _bounded(Chain(tuple(operators), tuple(operands), op_spans=tuple(spans), span=whole), spans[0])


def _unary(pieces: list[Any], text: str) -> Node:
    (_, start, end), operand = pieces
    place = _span((start, end))
    return _bounded(Unary(text[start:end], operand, op_span=place, span=_span((start, operand.span.end))), place)


def _number(pieces: list[Piece], text: str) -> Node:
    ((_, start, end),) = pieces
    typed = text[start:end]
    if len(typed) < _FEW_DIGITS and typed.isdecimal() and typed.isascii():
        return _whole_number(typed, _span((start, end)))
    node = read_number(typed, _span((start, end)))
    if isinstance(node, BadNumber):
        raise SlipError(start)
    return node


def _text(pieces: list[Piece], text: str) -> Node:
    ((_, start, end),) = pieces
    value = text[start + 1 : end - 1]
    if '"' in value or "\\" in value:
        value, bad = unescape(value)
        if bad:
            raise SlipError(start)
    return Literal(value, span=_span((start, end)))


def _name(pieces: list[Piece], text: str) -> Node:
    ((_, start, end),) = pieces
    name, span = text[start:end], _span((start, end))
    lower = name.lower()
    if lower in KEYWORDS:
        return Literal(None if lower == "null" else lower == "true", span=span)
    return ColumnRef(name, bare=True, span=span, name_span=span)


def _column(pieces: list[Piece], text: str) -> Node:
    ((_, start, end),) = pieces
    span = _span((start, end))
    typed = text[start + 1 : end]
    if "[" not in typed and "!" not in typed:
        return _column_ref(typed, span, _span((start + 1, end)))
    blank = " " in typed or not typed.isprintable()
    if "[" not in typed and not (blank and _BLANK_AROUND.search(typed)):
        sheet, _, name = typed.partition("!")
        middle = start + 1 + len(sheet)
        return _column_ref(name, span, _span((middle + 1, end)), sheet, _span((start + 1, middle)))
    match = COLUMN.fullmatch(text, start, end)
    assert match is not None, text[start:end]
    first, second = match.groups()
    first = plain_name(first)
    if not first:
        raise SlipError(start)
    if second is None:
        return ColumnRef(first, span=span, name_span=_span((start + 1, end)))
    second = plain_name(second)
    if not second:
        raise SlipError(start)
    places = [_span(match.span(group)) for group in (1, 2)]
    return ColumnRef(second, first, span=span, name_span=places[1], sheet_span=places[0])


def _parameter(pieces: list[Piece], text: str) -> Node:
    ((_, start, end),) = pieces
    name = plain_name(text[start + 1 : end])
    if not name:
        raise SlipError(start)
    return Parameter(name, span=_span((start, end)))


def _call(pieces: list[Any], text: str) -> Node:
    _, start, name_end = pieces[0]
    end = pieces[-1][2]
    place = _span((start, name_end))
    node = Call(
        text[start:name_end],
        tuple(pieces[2]) if len(pieces) == 4 else (),
        name_span=place,
        args_span=_span((pieces[1][1], end)),
        source=text[start:end],
        span=_span((start, end)),
    )
    return _bounded(node, place)


def _parentheses(pieces: list[Any], text: str) -> Node:
    node = _complete(pieces[1], text)
    # the node was made a moment ago and nobody has seen it yet
    object.__setattr__(node, "span", _span((pieces[0][1], pieces[2][2])))
    return node


def _list_literal(pieces: list[Any], text: str) -> Node:
    start, end = pieces[0][1], pieces[-1][2]
    items = tuple(pieces[1]) if len(pieces) == 3 else ()
    return _bounded(ListLiteral(items, span=_span((start, end))), _span((start, start + 1)))


def _first_argument(pieces: list[Any], text: str) -> list[Node]:
    return [_complete(pieces[0], text)]


def _next_argument(pieces: list[Any], text: str) -> list[Node]:
    arguments: list[Node] = pieces[0]
    arguments.append(_complete(pieces[2], text))
    return arguments


def _slip(pieces: list[Piece], text: str) -> Node:
    raise SlipError(pieces[0][1])


def _bounded(node: Chain | Unary | Call | ListLiteral, place: Span) -> Node:
    if node.height > MAX_HEIGHT:
        raise TooHighError(place)
    return node


BUILDERS: dict[str, Build] = {
    "formula": _formula,
    "leading_equals": _formula,
    "joined": _joined,
    "unary": _unary,
    "number": _number,
    "text": _text,
    "name": _name,
    "column": _column,
    "parameter": _parameter,
    "call": _call,
    "parentheses": _parentheses,
    "list_literal": _list_literal,
    "first_argument": _first_argument,
    "next_argument": _next_argument,
    "slip": _slip,
}
"""The function of each name that stands behind ``->`` in the grammar."""
