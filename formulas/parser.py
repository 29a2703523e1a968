"""From text to nodes. The only module that knows lark.

lark compiles the tables of the grammar, which `sheetline.formulas.machine` runs. Those of the grammar as it is stand in
``tables.json``, since loading lark and compiling them takes a fresh process a fifth of a second. Nodes are made while
the machine reduces, by `sheetline.formulas.building`, without a tree in between. A text that does not parse is looked
at again, token by token, by `sheetline.formulas.slips`, which finds the words for what went wrong.
"""

from __future__ import annotations

import json
import pkgutil
import re
import threading
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, cast

from sheetline.formulas.ast import Node, Span
from sheetline.formulas.building import BUILDERS, SlipError, TooHighError
from sheetline.formulas.diagnostics import FormulaError, make
from sheetline.formulas.machine import Lexer, Machine, Piece, Reduction, Terminal
from sheetline.formulas.slips import find_slips, single_ampersands, too_deep
from sheetline.formulas.token_slips import Token

if TYPE_CHECKING:
    from lark import Lark
    from lark.grammar import Rule

MAX_BYTES = 100_000
"""Longest formula, in bytes of UTF-8."""
MAX_DEPTH = 100
"""Most brackets, calls and prefix operators inside one another."""
CACHED_LENGTH = 2_000

_AMPERSAND = re.compile(r"(?<!&)&(?!&)")
_COMPARISON = re.compile(r"[<>=]")
_SURROGATE = re.compile("[\ud800-\udfff]")


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
    grammar = _grammar()
    pieces = grammar.lexer.pieces(text)
    if len(pieces) > MAX_DEPTH and (deep := too_deep(_tokens(pieces, text), MAX_DEPTH)) is not None:
        raise FormulaError([make("F022", deep, text, limit=MAX_DEPTH)])
    try:
        result = _attempt(pieces, text)
    except TooHighError as error:
        raise FormulaError([make("F022", error.span, text, limit=MAX_DEPTH)]) from None
    if isinstance(result, int):
        raise FormulaError(find_slips(text, _tokens(pieces, text), result, _parses))
    if _may_mistake_ampersand(text) and (slips := single_ampersands(text, _tokens(pieces, text), _parses)):
        raise FormulaError(slips)
    return result


def _may_mistake_ampersand(text: str) -> bool:
    """Tell quickly whether a single ``&`` stands between two signs of comparison at all."""
    if "&" not in text or (single := _AMPERSAND.search(text)) is None:
        return False
    first = _COMPARISON.search(text, 0)
    last = max(text.rfind(sign) for sign in "<>=")
    return first is not None and first.start() < last and single.start() < last


def _parses(text: str) -> bool:
    """Tell whether a proposed correction is a formula, without looking for words when it is not."""
    try:
        return not isinstance(_attempt(_grammar().lexer.pieces(text), text), int)
    except TooHighError:
        return False


def _attempt(pieces: list[Piece], text: str) -> Node | int:
    """Give the nodes, or the offset of the token that could not follow (the text's length: its end)."""
    try:
        return cast("Node | int", _grammar().machine.run(pieces, text))
    except SlipError as error:
        return error.start


def _tokens(pieces: list[Piece], text: str) -> list[Token]:
    return [Token(kind, start, end, text[start:end]) for kind, start, end in pieces]


class _Grammar(NamedTuple):
    lexer: Lexer
    machine: Machine


_building = threading.Lock()


def _grammar() -> _Grammar:
    with _building:
        return _compiled()


@cache
def _compiled() -> _Grammar:
    tables = _stored() or compiled_tables()
    terminals = [Terminal(*parts) for parts in tables["terminals"]]
    states = {
        state: {name: to if isinstance(to, int) else _reduction(*to) for name, to in actions.items()}
        for state, actions in enumerate(tables["states"])
    }
    return _Grammar(Lexer(terminals, tables["ignored"], "SPACE"), Machine(states, 0, tables["end"]))


def _reduction(size: int, rule: str, alias: str | None) -> Reduction:
    return size, rule, None if alias is None else BUILDERS[alias]


# --- the tables of the grammar


class Tables(TypedDict):
    """What lark makes of the grammar, as JSON.

    Attributes:
        grammar: the text that they were made from.
        terminals: the parts of each `Terminal`.
        ignored: the kinds of tokens that are left out.
        states: for each state, from the first on, the number of the next state behind a token or rule, or how many
            values the rule takes that ends before a token, its name, and the name of what makes its value.
        end: the state behind a whole formula.
    """

    grammar: str
    terminals: list[tuple[str, int, str, str]]
    ignored: list[str]
    states: list[dict[str, int | tuple[int, str, str | None]]]
    end: int


def _read(name: str) -> str:
    data = pkgutil.get_data("sheetline.formulas", name)
    assert data is not None, name
    return data.decode("utf-8")


def _stored() -> Tables | None:
    """Return the tables that were stored, if they are those of the grammar."""
    try:
        tables: Tables = json.loads(_read("tables.json"))
    except FileNotFoundError:
        return None
    return tables if tables["grammar"] == _read("grammar.lark") else None


def compiled_tables() -> Tables:
    """Return the tables of the grammar as lark compiles them now."""
    from lark import Lark

    text = _read("grammar.lark")
    compiled = Lark(text, parser="lalr", lexer="basic", maybe_placeholders=False)
    tables = compiled.parse_interactive("").parser_state.parse_conf
    numbers = _numbered(tables.states, tables.start_state)
    states: list[dict[str, int | tuple[int, str, str | None]]] = [
        {
            str(name): numbers[to] if isinstance(to, int) else _told(to)
            for name, (_, to) in sorted(tables.states[state].items())
        }
        for state in numbers
    ]
    return {
        "grammar": text,
        "terminals": _terminals(compiled),
        "ignored": sorted(map(str, compiled.ignore_tokens)),
        "states": states,
        "end": numbers[tables.end_state],
    }


def _numbered(states: Any, start: int) -> dict[int, int]:
    """Return numbers for states in the order in which they are met from the first on: lark's are others every time."""
    numbers = {start: 0}
    for state in (waiting := [start]):
        for _, (_, to) in sorted(states[state].items()):
            if isinstance(to, int) and to not in numbers:
                numbers[to] = len(numbers)
                waiting.append(to)
    return numbers


def _terminals(compiled: Lark) -> list[tuple[str, int, str, str]]:
    return sorted(
        (
            str(terminal.name),
            terminal.priority,
            terminal.pattern.to_regexp(),
            terminal.pattern.value if terminal.pattern.type == "str" else "",
        )
        for terminal in compiled.terminals
    )


def _told(rule: Rule) -> tuple[int, str, str | None]:
    """Give what a rule does: a rule without a name of its own passes on the only value that it takes."""
    if rule.alias is None and len(rule.expansion) != 1:
        raise ValueError(f"nothing says what {rule} makes")
    return len(rule.expansion), str(rule.origin.name), rule.alias
