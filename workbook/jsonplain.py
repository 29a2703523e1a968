"""Reading JSON without mistakes by the standard library's C code.

It says nothing of where values stand and stops at the first mistake, so it is for texts in which nothing is wrong:
all others are read by :mod:`sheetline.workbook.jsonpos`, which takes thirty times as long.
"""

from __future__ import annotations

import json
import re
from typing import Any

MAX_DEPTH = 200
MAX_DIGITS = 4000  # Python itself refuses to read whole numbers of more than 4300 digits

_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")


def read_plain(text: str) -> tuple[object] | None:
    """Return the value of a JSON text, alone in a tuple; None where something is wrong with it, or may be.

    >>> read_plain('{"a": [1, 2]}'), read_plain('{"a": [1, 2,]}'), read_plain('{"a": 1, "a": 2}')
    (({'a': [1, 2]},), None, None)
    """
    if _HALF_PAIR.search(text) is not None:
        return None
    try:
        value = json.loads(text, object_pairs_hook=_members, parse_int=_integer, parse_float=_float, parse_constant=_no)
    except (ValueError, RecursionError):
        return None
    return (value,) if _is_shallow(value) else None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key stands there twice")
    return members


def _integer(written: str) -> int:
    if len(written) > MAX_DIGITS:
        raise ValueError("too many digits")
    return int(written)


def _float(written: str) -> float:
    value = float(written)
    if value in (float("inf"), float("-inf")):
        raise ValueError("too large for a float")
    return value


def _no(word: str) -> object:
    raise ValueError(f"{word} is no JSON")


def _is_shallow(value: object) -> bool:
    """Whether no more than ``MAX_DEPTH`` containers stand inside one another."""
    layer: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        layer = [one for one in layer if isinstance(one, dict | list)]
        if not layer:
            return True
        layer = [item for one in layer for item in (one.values() if isinstance(one, dict) else one)]
    return not any(isinstance(one, dict | list) for one in layer)
