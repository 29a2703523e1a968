"""What a user may ask about the functions."""

from __future__ import annotations

from typing import Any

from sheetline.functions.registry import REGISTRY


def functions() -> list[dict[str, Any]]:
    """Return every declared function as a dict: name, aliases, category, kind, signature, summary, examples ….

    >>> import sheetline as sl
    >>> next(f["category"] for f in sl.functions() if f["name"] == "GROUPBY")
    'grouping keys'
    """
    return REGISTRY.to_dicts()
