"""From text to nodes. The only module that knows lark.

The grammar is read and compiled when the first formula is parsed, and kept for the life of the process. Nodes
are made while the parser reduces, without a tree in between. A text that does not parse is looked at again,
token by token, by `sheetline.formulas.slips`, which finds the words for what went wrong.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, TypeAlias, cast

from sheetline.formulas.ast import (
    KEYWORDS,
    Call,
    Chain,
    ColumnRef,
    ListLiteral,
    Literal,
    Node,
    Parameter,
    Span,
    Unary,
    children,
)
from sheetline.formulas.diagnostics import FormulaError, make
from sheetline.formulas.literals import COLUMN, BadNumber, plain_name, read_number, unescape
from sheetline.formulas.slips import find_slips, single_ampersands, too_deep
from sheetline.formulas.token_slips import Token as Tok

if TYPE_CHECKING:
    from lark import Lark, Token

MAX_BYTES = 100_000
"""Longest formula, in bytes of UTF-8."""
MAX_DEPTH = 100
"""Most brackets, calls and prefix operators inside one another."""
MAX_HEIGHT = 200
"""Most nodes inside one another; it stops formulas that nest through operators as well as brackets."""
CACHED_LENGTH = 2_000

_AMPERSAND = re.compile(r"(?<!&)&(?!&)")
_COMPARISON = re.compile(r"[<>=]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Brackets, and signs with no operand or name directly behind. Of the prefix signs only the last one before an operand
# or a call is left out, so a text of n such signs is at most 2n + 1 deep; sums of columns have none.
_NESTING = re.compile(r'[(\[]|[!+-](?!\s*[\w#$"])')


def parse(text: str) -> Node:
    """Parse one formula; a leading ``=`` is allowed.

    Results for texts of up to 2,000 characters are kept (the 4,096 used last), so parsing a formula again costs
    nothing; nodes are immutable and safe to share.

    Raises `FormulaError`, with a diagnostic for each mistake found, for a text that is not a formula, is longer
    than 100 kB or is nested deeper than 100 levels.

    >>> parse("ABS(-3)")
    Call(name='ABS', args=(Unary(op='-', operand=Literal(value=3)),))
    """
    return _parse_cached(text) if len(text) <= CACHED_LENGTH else _parse(text)


@lru_cache(maxsize=4096)
def _parse_cached(text: str) -> Node:
    return _parse(text)


def _parse(text: str) -> Node:
    if len(text) > MAX_BYTES or (not text.isascii() and len(text.encode("utf-8", "replace")) > MAX_BYTES):
        raise FormulaError([make("F021", Span(0, 1), text, limit=f"{MAX_BYTES // 1000} kB")])
    if (broken := None if text.isascii() else _SURROGATE.search(text)) is not None:
        shown = f"U+{ord(broken.group()):04X}"
        raise FormulaError([make("F001", Span(*broken.span()), text, shown=shown)])
    if 2 * len(_NESTING.findall(text)) >= MAX_DEPTH and (deep := too_deep(_tokens(text), MAX_DEPTH)) is not None:
        raise FormulaError([make("F022", deep, text, limit=MAX_DEPTH)])
    try:
        result = _attempt(text)
    except _TooHighError as error:
        raise FormulaError([make("F022", error.span, text, limit=MAX_DEPTH)]) from None
    if isinstance(result, int):
        raise FormulaError(find_slips(text, _tokens(text), result, _parses))
    if _may_mistake_ampersand(text) and (slips := single_ampersands(text, _tokens(text), _parses)):
        raise FormulaError(slips)
    return result


def _may_mistake_ampersand(text: str) -> bool:
    """Tell quickly whether a single ``&`` stands between two signs of comparison at all."""
    if (single := _AMPERSAND.search(text)) is None:
        return False
    first = _COMPARISON.search(text, 0)
    last = max(text.rfind(sign) for sign in "<>=")
    return first is not None and first.start() < last and single.start() < last


def _parses(text: str) -> bool:
    """Tell whether a proposed correction is a formula, without looking for words when it is not."""
    try:
        return not isinstance(_attempt(text), int)
    except _TooHighError:
        return False


def _attempt(text: str) -> Node | int:
    """Give the nodes, or the offset of the token that could not follow (the text's length: its end)."""
    from lark import UnexpectedToken

    grammar = _grammar()
    try:
        node = cast("Node", grammar.parse(text))
    except UnexpectedToken as error:
        return len(text) if error.token.type == "$END" else cast("int", error.token.start_pos)
    except _SlipError as error:
        return error.start
    _keep_sources(node, text)
    return node


def _keep_sources(node: Node, text: str) -> None:
    """Give each call the raw text that it was made from; only here are text and nodes both at hand."""
    stack = [node]
    while stack:
        here = stack.pop()
        if isinstance(here, Call):
            object.__setattr__(here, "source", text[here.name_span.start : here.args_span.end])
        stack.extend(children(here))


def _tokens(text: str) -> list[Tok]:
    reading = _grammar().parse_interactive(text)
    tokens = cast("Iterator[Token]", reading.lexer_thread.lex(reading.parser_state))  # type: ignore[no-untyped-call]
    return [Tok(token.type, *_span(token), str(token)) for token in tokens]


_building = threading.Lock()


def _grammar() -> Lark:
    with _building:
        return _compiled()


@cache
def _compiled() -> Lark:
    from lark import Lark

    text = resources.files("sheetline.formulas").joinpath("grammar.lark").read_text("utf-8")
    return Lark(text, parser="lalr", lexer="basic", transformer=_Builder(), maybe_placeholders=False)


class _TooHighError(Exception):
    def __init__(self, span: Span) -> None:
        super().__init__(span)
        self.span = span


class _SlipError(Exception):
    """A token that the grammar takes and the language does not."""

    def __init__(self, start: int) -> None:
        super().__init__(start)
        self.start = start


Pieces: TypeAlias = "list[Node | Token]"


def _span(token: Token) -> Span:
    return Span(cast("int", token.start_pos), cast("int", token.end_pos))


class _Builder:
    """Makes nodes: one method a rule of the grammar, called with what stands in the rule."""

    def leading_equals(self, pieces: Pieces) -> Node:
        return cast("Node", pieces[1])

    def chain(self, pieces: Pieces) -> Node:
        operands = tuple(cast("list[Node]", pieces[::2]))
        operators = cast("list[Token]", pieces[1::2])
        node = Chain(
            tuple([str(operator) for operator in operators]),
            operands,
            op_spans=tuple([_span(operator) for operator in operators]),
            span=Span(operands[0].span.start, operands[-1].span.end),
        )
        return _bounded(node, node.op_spans[0])

    def unary(self, pieces: Pieces) -> Node:
        operator, operand = cast("Token", pieces[0]), cast("Node", pieces[1])
        place = _span(operator)
        node = Unary(str(operator), operand, op_span=place, span=Span(place.start, operand.span.end))
        return _bounded(node, place)

    def number(self, pieces: Pieces) -> Node:
        token = cast("Token", pieces[0])
        node = read_number(str(token), _span(token))
        if isinstance(node, BadNumber):
            raise _SlipError(cast("int", token.start_pos))
        return node

    def text(self, pieces: Pieces) -> Node:
        token = cast("Token", pieces[0])
        typed = str(token)[1:-1]
        if '"' in typed or "\\" in typed:
            value, bad = unescape(typed)
            if bad:
                raise _SlipError(cast("int", token.start_pos))
            return Literal(value, span=_span(token))
        return Literal(typed, span=_span(token))

    def name(self, pieces: Pieces) -> Node:
        token = cast("Token", pieces[0])
        name, span = str(token), _span(token)
        lower = name.lower()
        if lower in KEYWORDS:
            return Literal(None if lower == "null" else lower == "true", span=span)
        return ColumnRef(name, bare=True, span=span, name_span=span)

    def column(self, pieces: Pieces) -> Node:
        token = cast("Token", pieces[0])
        span = _span(token)
        typed = str(token)
        match = COLUMN.fullmatch(typed)
        assert match is not None, typed
        first, second = (None if part is None else plain_name(part) for part in match.groups())
        if not first or second == "":
            raise _SlipError(span.start)
        first_span = Span(span.start + match.start(1), span.start + match.end(1))
        if second is None:
            return ColumnRef(first, span=span, name_span=first_span)
        second_span = Span(span.start + match.start(2), span.start + match.end(2))
        return ColumnRef(second, first, span=span, name_span=second_span, sheet_span=first_span)

    def parameter(self, pieces: Pieces) -> Node:
        token = cast("Token", pieces[0])
        name = plain_name(str(token)[1:])
        if not name:
            raise _SlipError(cast("int", token.start_pos))
        return Parameter(name, span=_span(token))

    def call(self, pieces: Pieces) -> Node:
        name, opened, closed = (cast("Token", pieces[index]) for index in (0, 1, -1))
        place = _span(name)
        args_span = Span(cast("int", opened.start_pos), cast("int", closed.end_pos))
        node = Call(
            str(name),
            tuple(cast("list[Node]", pieces[2:-1])),
            name_span=place,
            args_span=args_span,
            span=Span(place.start, args_span.end),
        )
        return _bounded(node, place)

    def parentheses(self, pieces: Pieces) -> Node:
        opened, node, closed = pieces
        span = Span(_span(cast("Token", opened)).start, _span(cast("Token", closed)).end)
        object.__setattr__(node, "span", span)  # the node was made a moment ago and nobody has seen it yet
        return cast("Node", node)

    def list_literal(self, pieces: Pieces) -> Node:
        span = Span(_span(cast("Token", pieces[0])).start, _span(cast("Token", pieces[-1])).end)
        node = ListLiteral(tuple(cast("tuple[Node, ...]", pieces[1:-1])), span=span)
        return _bounded(node, Span(span.start, span.start + 1))

    def slip(self, pieces: Pieces) -> Node:
        raise _SlipError(cast("int", cast("Token", pieces[0]).start_pos))


def _bounded(node: Chain | Unary | Call | ListLiteral, place: Span) -> Node:
    if node.height > MAX_HEIGHT:
        raise _TooHighError(place)
    return node
