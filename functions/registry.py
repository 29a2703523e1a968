"""All functions by name: the built-in categories, those that packages bring, and a user's own."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from sheetline.functions.declare import DeclarationError, Function, declared
from sheetline.functions.declare import function as declare_function
from sheetline.functions.homes import HOMES
from sheetline.functions.packages import may_bring

#: The modules of declarations, by category. A module that is not listed here does not exist for users.
MODULES: tuple[str, ...] = (
    "keys",
    "aggregates",
    "aggregates_moments",
    "aggregates_ordered",
    "aggregates_pairs",
    "aggregates_text",
    "series",
    "series_running",
    "series_moving",
    "series_smoothing",
    "series_paths",
    "series_selections",
    "columnwise",
    "columnwise_scale",
    "expanding",
    "expanding_documents",
    "operators",
    "logic",
    "nulls",
    "lookup",
    "conversion",
    "conversion_values",
    "lists",
    "arithmetic",
    "rounding",
    "quotients",
    "mathematics",
    "integers",
    "numerals",
    "randomness",
    "trigonometry",
    "distributions",
    "distributions_counts",
    "distributions_normal",
    "text",
    "text_search",
    "text_change",
    "text_numbers",
    "text_joining",
    "regular",
    "date",
    "date_change",
    "date_business",
    "geography",
    "similarity",
    "phonetic",
    "text_mining",
    "list_values",
    "list_numbers",
    "encoding",
    "hashing",
    "masking",
    "web",
    "network",
    "user_agents",
    "web_logs",
    "json_values",
    "json_change",
    "xml",
    "finance",
    "finance_rates",
    "finance_flows",
    "depreciation",
    "check_digits",
    "geography_points",
    "geography_geodesic",
    "geography_areas",
    "geohash",
)

#: The entry point by which a package brings functions of its own: a module, or a list of functions.
ENTRY_POINT = "sheetline.functions"


class Registry:
    """Functions by upper-case name and alias.

    Modules are loaded when they are needed: of one function the one that declares it, all of them for a name that is
    not known to be in any, for a list, and where packages bring functions.
    """

    def __init__(self) -> None:
        self._functions: dict[str, Function] = {}
        self._names: dict[str, Function] = {}
        self._seen = 0
        self._loaded = False
        self._alone: bool | None = None  #: whether no package brings functions; None: not looked
        self._collecting = threading.Lock()

    def add(self, function: Function) -> None:
        """Add one function.

        Raises:
            DeclarationError: its name, or an alias, is taken by another one.
        """
        for name in (function.name, *function.aliases):
            known = self._names.get(name)
            if known is not None and known is not function:
                raise DeclarationError(f"{name} is declared already, in category {known.category}")
        self._functions[function.name] = function
        for name in (function.name, *function.aliases):
            self._names[name] = function

    def _load(self) -> None:
        if not self._loaded:
            self._loaded = True
            for name in MODULES:
                importlib.import_module(f"{__package__}.{name}")
            if may_bring(ENTRY_POINT):
                from importlib.metadata import entry_points  # loads a fifth as long as all functions

                for point in entry_points(group=ENTRY_POINT):
                    point.load()
        self._collect()

    def _collect(self) -> None:
        """Add what was declared since somebody looked last."""
        with self._collecting:
            for function in declared(self._seen):
                self._seen += 1
                self.add(function)

    def _load_home(self, name: str) -> None:
        """Load the module of one function, if it is known and nothing else could declare the name."""
        home = _homes().get(name)
        if home is None:
            return
        if self._alone is None:
            self._alone = not may_bring(ENTRY_POINT)
        if self._alone:
            importlib.import_module(f"{__package__}.{home}")
            self._collect()

    def get(self, name: str) -> Function | None:
        """Return the function of this name or alias, in any case, or None."""
        wanted = name.upper()
        if not self._loaded:
            self._load_home(wanted)
            if wanted in self._names:
                return self._names[wanted]
        self._load()
        return self._names.get(wanted)

    def __iter__(self) -> Iterator[Function]:
        self._load()
        return iter(sorted(self._functions.values(), key=lambda function: function.name))

    def __len__(self) -> int:
        self._load()
        return len(self._functions)

    def names(self) -> list[str]:
        """Return every name and alias, sorted."""
        self._load()
        return sorted(self._names)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return every declaration as plain data."""
        return [function.to_dict() for function in self]


@cache
def _homes() -> dict[str, str]:
    return {name: module for module, names in HOMES.items() for name in names.split()}


REGISTRY = Registry()


def function(signature: str | Sequence[str], **declaration: Any) -> Callable[[Callable[..., Any]], Function]:
    """Declare a function of one's own; formulas can call it from then on in this process.

    A package brings functions by an entry point of the group ``sheetline.functions`` that names the module
    which declares them.

    Args:
        signature: the catalogue's line, such as ``"DECIBEL(ratio:float) -> float"``, or several of one kernel.
        declaration: summary, examples and policies, as in :func:`sheetline.functions.declare.function`.

    Raises:
        DeclarationError: the name is taken, or the summary or an example is missing.

    >>> import numpy as np
    >>> import sheetline as sl
    >>> @sl.function(
    ...     "DOCTEST_DECIBEL(ratio:float) -> float",
    ...     summary="A ratio of powers in decibels.",
    ...     examples=[sl.Example("DOCTEST_DECIBEL(100)", 20.0), sl.Example("DOCTEST_DECIBEL(null)", None)],
    ... )
    ... def decibel(ratio):
    ...     return 10 * np.log10(ratio)
    >>> sl.evaluate("DOCTEST_DECIBEL(1000)")
    30.0
    """
    known = REGISTRY.names()  # loads every category, so that a name that is taken is found here
    declare = declare_function(signature, register=False, **declaration)

    def add(run: Callable[..., Any]) -> Function:
        made = declare(run)
        for name in (made.name, *made.aliases):
            if name in known:
                raise DeclarationError(f"{name} is declared already")
        REGISTRY.add(made)
        return made

    return add
