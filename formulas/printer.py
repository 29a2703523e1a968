"""From nodes to text: the canonical spelling of a formula.

Operators have a space on either side (``^`` has none), arguments a ``;`` between them, names of functions are in
capitals, parentheses stand where the grammar needs them and nowhere else. A call that may turn out to be a
column with its unit, ``Speed(mph)``, is given back as it was typed.
"""

from __future__ import annotations

from sheetline.formulas.ast import (
    LEVEL_OF,
    Call,
    Chain,
    ColumnRef,
    Duration,
    ListLiteral,
    Literal,
    Node,
    Parameter,
    Unary,
    walk,
)
from sheetline.formulas.literals import UNIT_CALL, read_number, write_name, write_parameter, write_text

_EQUALITY, _COMPARISON, _JOINING = LEVEL_OF["=="], LEVEL_OF["<"], LEVEL_OF["&"]


def print_formula(node: Node) -> str:
    """Write a formula; ``parse(print_formula(node)) == node`` for every node.

    Does not recurse, so it takes nodes of any depth.

    >>> from sheetline.formulas.parser import parse
    >>> print_formula(parse("=round( #a+#b ; 2)*( 1-$rate )"))
    'ROUND(#a + #b;2) * (1 - $rate)'
    """
    parts: list[str] = []
    stack: list[Node | str] = [node]
    while stack:
        here = stack.pop()
        if isinstance(here, str):
            if here == "]" and parts[-1].endswith("]") and parts[-1][0] in "#$":
                parts.append(" ")  # ']]' would be read as a part of the name in brackets
            parts.append(here)
        else:
            stack.extend(reversed(_pieces(here)))
    return "".join(parts)


def _pieces(node: Node) -> list[Node | str]:
    """The text of a node, with the nodes inside it still to be written."""
    match node:
        case Chain():
            return _chain(node)
        case Unary(op=op, operand=operand):
            return [op, "(", operand, ")"] if isinstance(operand, Chain) else [op, operand]
        case Call():
            return [node.source] if _as_typed(node) else [f"{node.name}(", *_separated(node.args), ")"]
        case ListLiteral(items=items):
            return ["[", *_separated(items), "]"]
        case _:
            return [_leaf(node)]


def _separated(nodes: tuple[Node, ...]) -> list[Node | str]:
    pieces: list[Node | str] = []
    for node in nodes:
        pieces += (node, ";")
    return pieces[:-1]


def _chain(node: Chain) -> list[Node | str]:
    gap = "" if node.level == 0 else " "
    pieces: list[Node | str] = []
    for index, operand in enumerate(node.operands):
        if index:
            pieces.append(f"{gap}{node.operators[index - 1]}{gap}")
        if isinstance(operand, Chain) and _needs_parentheses(node, operand):
            pieces += ("(", operand, ")")
        else:
            pieces.append(operand)
    return pieces


def _needs_parentheses(outer: Chain, inner: Chain) -> bool:
    """Whether ``inner`` binds no tighter, or is an ``&`` between comparisons, which reads like 'and'.

    The parser refuses ``a > 1 & b < 2`` as a slip, so texts joined there must be in parentheses. One
    comparison has only one side to look at; several of them stand in one chain, or one inside another.
    """
    if inner.level >= outer.level:
        return True
    if outer.level == _EQUALITY and inner.level == _COMPARISON:
        return any(isinstance(operand, Chain) and operand.level == _JOINING for operand in inner.operands)
    return inner.level == _JOINING and len(outer.operators) > 1 and outer.level in (_EQUALITY, _COMPARISON)


def _as_typed(node: Call) -> bool:
    """Whether the call could be a column's name, and its raw text still says the same as the node."""
    source = node.source
    if not UNIT_CALL.fullmatch(source) or "/*" in source or "//" in source:
        return False
    if not any(isinstance(inside, ColumnRef) and inside.bare for inside in walk(node)):
        return False
    from sheetline.formulas.parser import parse

    return parse(source) == node


def _leaf(node: Node) -> str:
    match node:
        case Literal(value=None):
            return "null"
        case Literal(value=bool() as value):
            return "true" if value else "false"
        case Literal(value=str() as value):
            return write_text(value)
        case Literal(value=value, typed=typed):
            return typed if typed and read_number(typed) == node else repr(value)
        case Duration(amount=amount, unit=unit):
            return f"{amount}{unit}"
        case ColumnRef(name=name, bare=True):
            return name
        case ColumnRef(name=name, sheet=sheet):
            return f"#{write_name(name)}" if sheet is None else f"#{write_name(sheet)}!{write_name(name)}"
        case Parameter(name=name):
            return write_parameter(name)
    raise TypeError(f"{type(node).__name__} has parts and is no leaf")
