"""The ground floor: types, columns, the declaration of a function, the registry, one module a category.

``sheetline.functions`` is this package, and ``sheetline.functions()`` lists every declaration: the package is
callable, because a package and a function of one name can't otherwise live in one namespace.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Package(ModuleType):
    def __call__(self) -> list[dict[str, Any]]:
        """Return every declared function as a dict: name, aliases, category, kind, signature, summary, examples ….

        >>> import sheetline as sl
        >>> next(f["category"] for f in sl.functions() if f["name"] == "GROUPBY")
        'grouping keys'
        """
        from sheetline.functions.registry import REGISTRY

        return REGISTRY.to_dicts()


sys.modules[__name__].__class__ = _Package
