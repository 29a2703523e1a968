"""The nodes of a parsed formula: frozen, compared by meaning, with their places in the text beside them.

Everything that only tells how or where a node was typed (spans, typed spelling, raw text) stands outside
equality and hash, so two formulas are equal whatever their spacing and letter case of functions.
A node that could not be typed (a negative number, a name that no text gives) is refused when it is made;
that is what lets the printer promise ``parse(print(ast)) == ast``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar, NamedTuple, TypeAlias


class Span(NamedTuple):
    """Where something stands in the formula's text: code point offsets, ``end`` is exclusive."""

    start: int
    end: int


NO_SPAN = Span(-1, -1)

DURATION_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
"""Units of a duration literal and their length in milliseconds."""

LEVELS: tuple[tuple[str, ...], ...] = (
    ("^",),
    ("*", "/", "%"),
    ("+", "-"),
    ("&",),
    ("<", "<=", ">", ">="),
    ("==", "!="),
    ("&&",),
    ("||",),
)
"""Binary operators in their canonical spelling, tightest level first."""

LEVEL_OF = {operator: level for level, operators in enumerate(LEVELS) for operator in operators}
_OF_LEVEL = tuple(frozenset(operators) for operators in LEVELS)
SPELLINGS = {"=": "==", "<>": "!="}
"""Other spellings of operators and the canonical one of each."""

PREFIXES = ("-", "+", "!")
KEYWORDS = frozenset({"true", "false", "null"})
MAX_INTEGER_BITS = 13_000
"""Whole numbers stop short of the 4,300 digits that Python converts to and from text."""

_BARE_NAME = re.compile(r"[^\W\d][\w.]*")
_SURROGATE = re.compile("[\ud800-\udfff]")


@lru_cache(maxsize=4096)
def is_bare_name(name: str) -> bool:
    """Tell whether ``name`` can be typed as it is: a letter or ``_``, then letters, digits, ``_`` and ``.``."""
    return _BARE_NAME.fullmatch(name) is not None


@lru_cache(maxsize=4096)
def canonical_function(name: str) -> str:
    """Give the upper-case name by which a function is known (a few letters have no upper case and stay)."""
    upper = name.upper()
    return upper if is_bare_name(upper) else name


def _check_name(name: str, what: str) -> None:
    if not name or (not name.isascii() and _SURROGATE.search(name)):
        raise ValueError(f"{what} can't be named {name!r}")


@dataclass(frozen=True, slots=True)
class _Placed:
    """What every node has: its place in the text, brackets around it included."""

    span: Span = field(compare=False, repr=False, default=NO_SPAN, kw_only=True)


@dataclass(frozen=True, slots=True)
class Literal(_Placed):
    """A constant: integer of any size, float, text, boolean or null.

    ``kind`` keeps ``1``, ``1.0`` and ``true`` apart, which Python calls equal. Numbers are finite and not
    negative: ``-3`` is a prefix on ``3``. ``typed`` is a number's own text, for the printer.

    >>> Literal(1) == Literal(1.0)
    False
    """

    height: ClassVar[int] = 1

    value: int | float | str | bool | None
    kind: str = field(init=False, repr=False)
    typed: str = field(compare=False, repr=False, default="", kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", _kind(self.value))


def _kind(value: float | str | bool | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        if not value.isascii() and _SURROGATE.search(value):
            raise ValueError("half a surrogate pair is not text")
        return "string"
    if isinstance(value, int):
        if value < 0 or value.bit_length() > MAX_INTEGER_BITS:
            raise ValueError(f"{value if value.bit_length() < 99 else 'so long a number'} is not a literal")
        return "integer"
    if not math.isfinite(value) or math.copysign(1.0, value) < 0:
        raise ValueError(f"{value} is not a literal")
    return "float"


@dataclass(frozen=True, slots=True)
class Duration(_Placed):
    """A duration such as ``5m``: a whole number of milliseconds that prints as it was typed."""

    height: ClassVar[int] = 1

    amount: int
    unit: str

    def __post_init__(self) -> None:
        if self.unit not in DURATION_MS or self.amount < 0 or self.amount.bit_length() > MAX_INTEGER_BITS:
            raise ValueError("a duration is a whole number that is not negative, and ms, s, m, h or d")

    @property
    def ms(self) -> int:
        """The duration in milliseconds."""
        return self.amount * DURATION_MS[self.unit]


@dataclass(frozen=True, slots=True)
class ListLiteral(_Placed):
    """A list such as ``[1;2;3]``."""

    items: tuple[Node, ...]
    height: int = field(compare=False, repr=False, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "height", _height(self.items))


@dataclass(frozen=True, slots=True)
class ColumnRef(_Placed):
    """A column: ``#Name``, ``#Sheet!Name``, or ``Name`` alone (``bare``)."""

    height: ClassVar[int] = 1

    name: str
    sheet: str | None = None
    bare: bool = False
    name_span: Span = field(compare=False, repr=False, default=NO_SPAN, kw_only=True)
    sheet_span: Span | None = field(compare=False, repr=False, default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.bare:
            if self.sheet is not None or not is_bare_name(self.name) or self.name.lower() in KEYWORDS:
                raise ValueError(f"the column {self.name!r} can't be written without '#'")
            return
        if not (self.name and self.name.isascii()):
            _check_name(self.name, "a column")
        if self.sheet is not None and not (self.sheet and self.sheet.isascii()):
            _check_name(self.sheet, "a sheet")


@dataclass(frozen=True, slots=True)
class Parameter(_Placed):
    """A parameter of the workbook: ``$name``."""

    height: ClassVar[int] = 1

    name: str

    def __post_init__(self) -> None:
        _check_name(self.name, "a parameter")


@dataclass(frozen=True, slots=True)
class Call(_Placed):
    """A function's call. ``name`` is canonical (upper case); ``typed`` is how it was written.

    ``source`` is the raw text of the whole call: ``Speed(mph)`` may turn out to be a column of that name.
    ``args_span`` covers the parentheses and what is between them.
    """

    name: str
    args: tuple[Node, ...] = ()
    typed: str = field(compare=False, repr=False, default="", kw_only=True)
    name_span: Span = field(compare=False, repr=False, default=NO_SPAN, kw_only=True)
    args_span: Span = field(compare=False, repr=False, default=NO_SPAN, kw_only=True)
    source: str = field(compare=False, repr=False, default="", kw_only=True)
    height: int = field(compare=False, repr=False, init=False)

    def __post_init__(self) -> None:
        if not is_bare_name(self.name):
            raise ValueError(f"a function can't be named {self.name!r}")
        canonical = canonical_function(self.name)
        if not self.typed or canonical_function(self.typed) != canonical:
            object.__setattr__(self, "typed", self.name)
        if canonical != self.name:
            object.__setattr__(self, "name", canonical)
        object.__setattr__(self, "height", _height(self.args))


@dataclass(frozen=True, slots=True)
class Unary(_Placed):
    """A prefix operator, ``-``, ``+`` or ``!``, and what it stands before."""

    op: str
    operand: Node
    op_span: Span = field(compare=False, repr=False, default=NO_SPAN, kw_only=True)
    height: int = field(compare=False, repr=False, init=False)

    def __post_init__(self) -> None:
        if self.op not in PREFIXES:
            raise ValueError(f"{self.op!r} is not a prefix operator")
        object.__setattr__(self, "height", self.operand.height + 1)


@dataclass(frozen=True, slots=True)
class Chain(_Placed):
    """Operands joined by operators of one precedence level: ``a + b - c`` is one node.

    Evaluated left to right, ``^`` right to left. Operators are in canonical spelling: ``==`` for ``=`` and
    ``!=`` for ``<>``. An operand that was in parentheses is a node of its own, also on the same level.
    """

    operators: tuple[str, ...]
    operands: tuple[Node, ...]
    op_spans: tuple[Span, ...] = field(compare=False, repr=False, default=(), kw_only=True)
    height: int = field(compare=False, repr=False, init=False)

    def __post_init__(self) -> None:
        operators = self.operators
        if len(operators) == 1 and operators[0] in LEVEL_OF and len(self.operands) == 2:  # by far the most
            first, second = self.operands
            object.__setattr__(self, "height", max(first.height, second.height) + 1)
            return
        if not SPELLINGS.keys().isdisjoint(operators):
            operators = tuple([SPELLINGS.get(operator, operator) for operator in operators])
            object.__setattr__(self, "operators", operators)
        level = LEVEL_OF.get(operators[0]) if operators else None
        if level is None or len(self.operands) != len(operators) + 1 or not _OF_LEVEL[level].issuperset(operators):
            raise ValueError(f"operators {self.operators} don't join {len(self.operands)} operands")
        object.__setattr__(self, "height", _height(self.operands))

    @property
    def level(self) -> int:
        """Precedence: the index into `LEVELS`, 0 binds tightest."""
        return LEVEL_OF[self.operators[0]]


Node: TypeAlias = Literal | Duration | ListLiteral | ColumnRef | Parameter | Call | Unary | Chain


def _height(nodes: tuple[Node, ...]) -> int:
    height = 0
    for node in nodes:
        if node.height > height:  # noqa: PLR1730 - max() takes twice as long, and every node comes through here
            height = node.height
    return height + 1


def children(node: Node) -> tuple[Node, ...]:
    """Give the nodes directly inside ``node``, in the order of the text.

    >>> children(Unary("-", Literal(3)))
    (Literal(value=3),)
    """
    if node.height == 1:
        return ()
    if isinstance(node, Chain):
        return node.operands
    if isinstance(node, Call):
        return node.args
    if isinstance(node, ListLiteral):
        return node.items
    if isinstance(node, Unary):
        return (node.operand,)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """Give ``node`` and everything inside it, parents first, in the order of the text; never recurses."""
    stack = [node]
    while stack:
        here = stack.pop()
        yield here
        if here.height > 1:
            stack.extend(reversed(children(here)))
