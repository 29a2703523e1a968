"""How literals and names are spelled: read from the text of a token, written into a formula."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from sheetline.formulas.ast import DURATION_MS, NO_SPAN, Duration, Literal, Span

PLAIN_NAME = r'[\w.]+(?:\([^()\[\];#!"\r\n]+\))?'
BRACKETED_NAME = r"\[(?:[^\]]|\]\])*\]"
COLUMN = re.compile(rf"#({PLAIN_NAME}|{BRACKETED_NAME})(?:\s*!\s*({PLAIN_NAME}|{BRACKETED_NAME}))?")
UNIT_CALL = re.compile(r'(?<![\w.])[^\W\d][\w.]*\([^()\[\];#!"\r\n]+\)')
"""A call that may as well be the name of a column with its unit: ``Speed(mph)``."""

MAX_DIGITS = 3_900

_PLAIN_NAME = re.compile(PLAIN_NAME)
_WORD = re.compile(r"[\w.]+")
_DURATION = re.compile(r"([0-9]+)(ms|[smhd])")
_FLOAT = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_UNIT_LIKE = re.compile(r"([0-9.]+)([^\W\d_]+)")
_ESCAPE = re.compile(r'""|\\u([0-9A-Fa-f]{4})|\\(.?)', re.DOTALL)
_ESCAPED = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}
_SURROGATE = re.compile("[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]")


class BadNumber(NamedTuple):
    """Why a number is none: the code of its diagnostic and the words that its wording needs."""

    code: str
    words: dict[str, str]


def read_number(typed: str, span: Span = NO_SPAN) -> Literal | Duration | BadNumber:
    """Read a token that starts like a number: an integer, a float, a duration, or what is wrong with it."""
    if typed.isdecimal() and typed.isascii():
        if len(typed) > MAX_DIGITS and len(typed.lstrip("0")) > MAX_DIGITS:
            return BadNumber("F023", {"number": typed, "hint": f"a number has at most {MAX_DIGITS} digits"})
        return Literal(int(typed), span=span, typed=typed)
    if (match := _DURATION.fullmatch(typed)) is not None and len(match[1].lstrip("0")) <= MAX_DIGITS:
        return Duration(int(match[1]), match[2], span=span)
    if _FLOAT.fullmatch(typed):
        value = float(typed)
        if not math.isfinite(value):
            return BadNumber("F023", {"number": typed, "hint": "a float ends at about 1.8e308"})
        return Literal(value, span=span, typed=typed)
    if (match := _UNIT_LIKE.fullmatch(typed)) is not None and match[2].lower() != "e":
        return BadNumber("F024", {"number": typed, **_unit_hint(match[1], match[2])})
    return BadNumber("F023", {"number": typed})


_UNIT_WORDS = {"min": "m", "minute": "m", "sec": "s", "second": "s", "hr": "h", "hour": "h", "day": "d"}


def _unit_hint(amount: str, unit: str) -> dict[str, str]:
    lower = unit.lower()
    lower = _UNIT_WORDS.get(lower.removesuffix("s"), lower)
    if lower in DURATION_MS and "." in amount and _FLOAT.fullmatch(amount):
        ms = float(amount) * DURATION_MS[lower]
        if ms == int(ms) and ms < 1e15:
            smaller = next(u for u in ("h", "m", "s", "ms") if ms % DURATION_MS[u] == 0)
            return {"write": f"{int(ms) // DURATION_MS[smaller]}{smaller}"}
    if lower in DURATION_MS and "." not in amount:
        return {"write": f"{amount}{lower}"}
    return {}


class BadEscape(NamedTuple):
    """A backslash that starts no escape: where in the text between the quotes, and what stands there."""

    start: int
    end: int
    typed: str


def unescape(typed: str) -> tuple[str, list[BadEscape]]:
    r"""Give the text that stands for what is typed between two quotes, and the escapes that are none.

    ``""`` and ``\"`` are a quote, ``\n``, ``\t``, ``\\`` as everywhere, ``\uXXXX`` is a UTF-16 code unit, so
    that two of them can make one character beyond the first 65,536; half of such a pair is refused.
    """
    bad: list[BadEscape] = []
    parts: list[str] = []
    units: list[tuple[int, re.Match[str]]] = []  # where in the result each \uXXXX half of a pair came out
    end = length = 0
    for match in _ESCAPE.finditer(typed):
        plain, end = typed[end : match.start()], match.end()
        if match[0] == '""':
            made = '"'
        elif match[1] is not None:
            made = chr(int(match[1], 16))
            if "\ud800" <= made <= "\udfff":
                units.append((length + len(plain), match))
        else:
            made = _ESCAPED.get(match[2], "")
            if not made:
                bad.append(BadEscape(match.start(), match.end(), match[0]))
        parts += (plain, made)
        length += len(plain) + len(made)
    parts.append(typed[end:])
    value = "".join(parts)
    if units:
        places = dict(units)
        for pair in _SURROGATE.finditer(value):
            if len(pair[0]) == 1:
                match = places[pair.start()]
                bad.append(BadEscape(match.start(), match.end(), match[0]))
        if not bad:
            value = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    return value, sorted(bad)


def write_text(value: str) -> str:
    r"""Write a text literal: quotes doubled, everything that can't be seen as an escape.

    >>> print(write_text('a "b" c'), write_text("a" + chr(9)))
    "a ""b"" c" "a\t"
    """
    if value.isprintable():
        inside = value.replace("\\", "\\\\") if "\\" in value else value
    else:
        inside = "".join([_write_letter(letter) for letter in value])
    return '"' + inside.replace('"', '""') + '"'


def _write_letter(letter: str) -> str:
    if letter == "\\":
        return "\\\\"
    if letter.isprintable():
        return letter
    if letter in "\n\t":
        return "\\n" if letter == "\n" else "\\t"
    units = letter.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def plain_name(typed: str) -> str:
    """Give the name that is meant by one in brackets, or a plain one itself."""
    return typed[1:-1].replace("]]", "]") if typed.startswith("[") else typed


def write_name(name: str) -> str:
    """Write a name of a column or sheet as it stands behind ``#``: in brackets where it must be.

    >>> write_name("Trip length (km)"), write_name("Speed(mph)")
    ('[Trip length (km)]', 'Speed(mph)')
    """
    return name if _PLAIN_NAME.fullmatch(name) else "[" + name.replace("]", "]]") + "]"


def write_parameter(name: str) -> str:
    """Write a parameter with its ``$``."""
    return "$" + (name if _WORD.fullmatch(name) else "[" + name.replace("]", "]]") + "]")
