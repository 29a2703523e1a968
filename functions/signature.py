"""Signatures as the catalogue writes them, parsed: ``HAVERSINE(lat1:float; …; [unit:str const="km"]) -> float``.

Grammar of a signature line::

    NAME ( part ; part ; … ) -> type
    part      name:types [const] [= default]        a parameter; in [brackets] it may be left out
              name:types...                         repeated, zero or more times in [brackets], else one or more
              (name:types; name:types)...           a group of parameters repeated together
    types     a word or several joined by |

Words: ``int whole float num bigint dec str date bool list any duration T`` and ``list<word>``. ``whole`` is an
integer that may be given as a float, whose fraction is cut off, as spreadsheets do; ``num`` is any
number; every ``num`` argument of a call is widened to one common type, and a result ``num`` has that type.
All ``T`` arguments are widened to one common type, which a result ``T`` has; without a ``T`` parameter a
result ``T`` has the type of the first argument.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sheetline.functions.types import (
    BIGDECIMAL,
    BIGINTEGER,
    BOOLEAN,
    DATE,
    FLOAT,
    INTEGER,
    STRING,
    Kind,
    Type,
    list_of,
)

_EXACT: dict[str, Type] = {
    "int": INTEGER,
    "whole": INTEGER,
    "float": FLOAT,
    "bigint": BIGINTEGER,
    "dec": BIGDECIMAL,
    "str": STRING,
    "date": DATE,
    "bool": BOOLEAN,
    "duration": INTEGER,
}
_OPEN = ("num", "any", "T", "list")


@dataclass(frozen=True, slots=True)
class Word:
    """One alternative of a parameter's or result's type: a fixed type, or num, any, T, list."""

    name: str
    type: Type | None = None  #: the fixed type, where there is one
    item: Word | None = None  #: for ``list<word>``

    def __str__(self) -> str:
        return f"list<{self.item}>" if self.item is not None else self.name


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter: its name, the types it takes, whether it must be constant, and its default."""

    name: str
    words: tuple[Word, ...]
    const: bool = False
    optional: bool = False
    default: Any = None

    def __str__(self) -> str:
        types = "|".join(map(str, self.words))
        text = f"{self.name}:{types}{' const' if self.const else ''}"
        if self.optional and self.default is not None:
            shown = f'"{self.default}"' if isinstance(self.default, str) else str(self.default).lower()
            text += f"={shown}"
        return f"[{text}]" if self.optional else text


@dataclass(frozen=True, slots=True)
class Signature:
    """A parsed signature. ``repeat`` is the number of parameters, at the place ``at``, that may repeat."""

    name: str
    parameters: tuple[Parameter, ...]
    returns: Word
    at: int = 0
    repeat: int = 0
    least: int = 1  #: how many times the repeated parameters must stand

    @property
    def minimum(self) -> int:
        """The smallest number of arguments."""
        fixed = sum(1 for place, p in enumerate(self.parameters) if not p.optional and not self._repeats(place))
        return fixed + self.least * self.repeat

    @property
    def maximum(self) -> int | None:
        """The largest number of arguments; None where there is no end."""
        return None if self.repeat else len(self.parameters)

    def _repeats(self, place: int) -> bool:
        return self.at <= place < self.at + self.repeat

    def places(self, count: int) -> tuple[Parameter, ...] | None:
        """Return the parameter of each of ``count`` arguments, or None where the number does not fit."""
        if count < self.minimum or (self.maximum is not None and count > self.maximum):
            return None
        if not self.repeat:
            return self.parameters[:count]
        before, group = self.parameters[: self.at], self.parameters[self.at : self.at + self.repeat]
        after = self.parameters[self.at + self.repeat :]
        spare = count - len(before)
        times = spare // self.repeat
        rest = spare - times * self.repeat
        required = sum(1 for p in after if not p.optional)
        while rest < required and times > 0:
            times -= 1
            rest += self.repeat
        if times < self.least or not required <= rest <= len(after):
            return None
        return before + group * times + after[:rest]

    def __str__(self) -> str:
        parts = [str(p) for p in self.parameters]
        if self.repeat == 1:
            text = parts[self.at]
            parts[self.at] = (f"{text[:-1]}...]") if text.startswith("[") else text + "..."
        elif self.repeat:
            group = "(" + "; ".join(parts[self.at : self.at + self.repeat]) + ")..."
            parts[self.at : self.at + self.repeat] = [group]
        return f"{self.name}({'; '.join(parts)}) -> {self.returns}"


_LINE = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_.]*)\s*\((.*)\)\s*->\s*(\S+)\s*", re.DOTALL)
_PART = re.compile(
    r"(?P<name>[a-z_][a-z0-9_]*)\s*:\s*(?P<types>[A-Za-z|<>]+)(?P<const>\s+const)?(?:\s*=\s*(?P<default>.+?))?(?P<dots>\.\.\.)?",
    re.DOTALL,
)


class SignatureError(ValueError):
    """A signature line that cannot be read: a mistake of the declaration, raised at registration."""


def parse(line: str) -> Signature:
    """Read one signature line.

    >>> str(parse('ROUND(x:num; [digits:int=0]) -> num'))
    'ROUND(x:num; [digits:int=0]) -> num'

    Raises:
        SignatureError: the line is not of the grammar above.
    """
    match = _LINE.fullmatch(line)
    if match is None:
        raise SignatureError(f"not a signature: {line!r}")
    name, inside, returns = match.groups()
    parameters: list[Parameter] = []
    at = repeat = 0
    least = 1
    for part in _split(inside):
        if part.startswith("("):
            if not part.endswith(")..."):
                raise SignatureError(f"a group must repeat: {line!r}")
            group = [_parameter(p, optional=False)[0] for p in _split(part[1:-4])]
            at, repeat = len(parameters), len(group)
            parameters.extend(group)
            continue
        optional = part.startswith("[")
        parameter, repeated = _parameter(part[1:-1] if optional else part, optional=optional)
        if repeated:
            at, repeat, least = len(parameters), 1, 0 if optional else 1
        parameters.append(parameter)
    return Signature(name.upper(), tuple(parameters), _word(returns), at, repeat, least)


def _split(text: str) -> list[str]:
    parts, depth, start, quoted = [], 0, 0, False
    for place, char in enumerate(text):
        if char == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif char == ";" and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def _parameter(text: str, *, optional: bool) -> tuple[Parameter, bool]:
    match = _PART.fullmatch(text.strip())
    if match is None:
        raise SignatureError(f"not a parameter: {text!r}")
    words = tuple(_word(word) for word in match["types"].split("|"))
    default = None if match["default"] is None else _default(match["default"].strip())
    return Parameter(match["name"], words, match["const"] is not None, optional, default), match["dots"] is not None


def _word(text: str) -> Word:
    if text.startswith("list<") and text.endswith(">"):
        item = _word(text[5:-1])
        return Word("list", None if item.type is None else list_of(item.type), item)
    if text in _EXACT:
        return Word(text, _EXACT[text])
    if text in _OPEN:
        return Word(text)
    raise SignatureError(f"no such type word: {text!r}")


def _default(text: str) -> Any:
    if text.startswith('"') and text.endswith('"'):
        return text[1:-1]
    if text in ("null", "true", "false"):
        return {"null": None, "true": True, "false": False}[text]
    return int(text) if re.fullmatch(r"-?\d+", text) else float(text)


def fits(word: Word, got: Type) -> int | None:
    """Return how well a type fits a word: 0 exactly, 1 by widening, 2 as a null, None not at all."""
    if got.kind is Kind.NULL:
        return 2
    if word.name in ("any", "T"):
        return 0
    if word.name == "num":
        return 0 if got.is_number else None
    if word.name == "list":
        if got.kind is Kind.PAIR:
            return 0 if word.item is None else None
        if got.kind is not Kind.LIST or got.item is None:
            return None
        return 0 if word.item is None else fits(word.item, got.item)
    assert word.type is not None
    if word.type == got:
        return 0
    if word.name == "whole" and got.kind is Kind.FLOAT:
        return 1
    from sheetline.functions.types import accepts

    return 1 if accepts(word.type, got) else None
