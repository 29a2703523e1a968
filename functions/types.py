"""The types of the formula language: what a value may be, and which types widen to which.

There is one small set of types, described once here. Nothing converts silently except the
widenings in :func:`widen`: integer → biginteger → bigdecimal, and integer → float.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1


class Kind(StrEnum):
    """The kinds of value; a list additionally has the type of its elements."""

    NULL = "null"
    INTEGER = "integer"
    FLOAT = "float"
    BIGINTEGER = "biginteger"
    BIGDECIMAL = "bigdecimal"
    DATE = "date"
    STRING = "string"
    BOOLEAN = "boolean"
    LIST = "list"
    PAIR = "pair"


@dataclass(frozen=True, slots=True)
class Type:
    """A type of the language. ``item`` is the element type of a list; ``items`` those of a mixed pair."""

    kind: Kind
    item: Type | None = None
    items: tuple[Type, ...] = ()

    def __str__(self) -> str:
        if self.kind is Kind.LIST and self.item is not None:
            return f"list<{self.item}>"
        if self.kind is Kind.PAIR:
            return "[" + "; ".join(map(str, self.items)) + "]"
        return self.kind.value

    @property
    def is_number(self) -> bool:
        """Whether the type is one of the four number types."""
        return self.kind in _NUMBERS

    @property
    def is_big(self) -> bool:
        """Whether values are exact Python objects (``int`` or ``Decimal``)."""
        return self.kind in (Kind.BIGINTEGER, Kind.BIGDECIMAL)

    @property
    def is_arrow(self) -> bool:
        """Whether columns of the type are held as Arrow arrays (text, lists, pairs)."""
        return self.kind in (Kind.STRING, Kind.LIST, Kind.PAIR)


_NUMBERS = (Kind.INTEGER, Kind.BIGINTEGER, Kind.BIGDECIMAL, Kind.FLOAT)

NULL = Type(Kind.NULL)
INTEGER = Type(Kind.INTEGER)
FLOAT = Type(Kind.FLOAT)
BIGINTEGER = Type(Kind.BIGINTEGER)
BIGDECIMAL = Type(Kind.BIGDECIMAL)
DATE = Type(Kind.DATE)
STRING = Type(Kind.STRING)
BOOLEAN = Type(Kind.BOOLEAN)

SCALARS = (INTEGER, FLOAT, BIGINTEGER, BIGDECIMAL, DATE, STRING, BOOLEAN)


def list_of(item: Type) -> Type:
    """Return the type of lists whose elements are ``item``."""
    return Type(Kind.LIST, item)


def pair_of(*items: Type) -> Type:
    """Return the type of a mixed pair, such as ``[date; string]``."""
    return Type(Kind.PAIR, None, items)


_WIDER: dict[Kind, tuple[Kind, ...]] = {
    Kind.INTEGER: (Kind.BIGINTEGER, Kind.BIGDECIMAL, Kind.FLOAT),
    Kind.BIGINTEGER: (Kind.BIGDECIMAL,),
}


def accepts(wanted: Type, got: Type) -> bool:
    """Whether a value of type ``got`` may stand where ``wanted`` is needed (equal, null or widening)."""
    if wanted == got or got.kind is Kind.NULL:
        return True
    if wanted.kind is Kind.LIST and got.kind is Kind.LIST and wanted.item is not None and got.item is not None:
        return accepts(wanted.item, got.item)
    return wanted.kind in _WIDER.get(got.kind, ())


def widen(a: Type, b: Type) -> Type | None:
    """Return the smallest type that both widen to, or None.

    >>> str(widen(INTEGER, FLOAT))
    'float'
    >>> widen(STRING, INTEGER) is None
    True
    """
    if accepts(a, b):
        return a
    if accepts(b, a):
        return b
    if a.kind is Kind.LIST and b.kind is Kind.LIST and a.item is not None and b.item is not None:
        item = widen(a.item, b.item)
        return None if item is None else list_of(item)
    return None


def of_python(value: object) -> Type:
    """Return the type of a Python constant (``None``, bool, int, float, str, Decimal, list).

    Raises:
        TypeError: the value is of no type of the language, or a list mixes types.
    """
    if value is None:
        return NULL
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, int):
        return INTEGER if INT64_MIN <= value <= INT64_MAX else BIGINTEGER
    if isinstance(value, float):
        return FLOAT
    if isinstance(value, str):
        return STRING
    from datetime import date
    from decimal import Decimal

    if isinstance(value, Decimal):
        return BIGDECIMAL
    if isinstance(value, date):  # datetime is a subclass
        return DATE
    if isinstance(value, list | tuple):
        item: Type = NULL
        for element in value:
            wider = widen(item, of_python(element))
            if wider is None:
                raise TypeError("a list holds elements of one type")
            item = wider
        return list_of(item)
    raise TypeError(f"no type of the language for {type(value).__name__}")
