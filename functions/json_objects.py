"""JSON objects as Python dictionaries, read strictly and written compactly."""

from __future__ import annotations

import json
from typing import Any


def load_object(text: str) -> dict[str, Any]:
    """Return the members of a JSON object; numbers with a fraction or an exponent as floats.

    Raises:
        ValueError: the text is not JSON, or not an object.
        RecursionError: it nests too deeply.
    """
    value = json.loads(text, parse_constant=_refuse)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - it is the text that is wrong
    return value


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def dump_object(value: dict[str, Any]) -> str:
    """Return a dictionary as compact JSON.

    >>> dump_object({"a": [1, None], "é": 0.5})
    '{"a":[1,null],"é":0.5}'

    Raises:
        ValueError: a number is infinite (``1e999`` was read).
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, from an escape in JSON text
        text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text
