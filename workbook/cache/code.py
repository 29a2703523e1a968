"""What tells whether a user's own function is still the same: its code, and everything that the code refers to."""

from __future__ import annotations

import functools
import re
import sys
import types
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from importlib import metadata
from typing import Any

import numpy as np

from sheetline.functions.declare import Function, Kernel
from sheetline.workbook.record.hashing import hash_bytes

_PLAIN = (type(None), bool, int, float, complex, str, bytes, Decimal, date, timedelta, np.generic, np.dtype)


class UnknowableError(Exception):
    """A function refers to something of which nobody can tell whether it has changed."""


def code_of(function: Function, kernel: Kernel) -> object:
    """Return plain values that differ where a user's function may give something else; "" for the project's own.

    Raises:
        UnknowableError: it refers to an object that has no plain values.
    """
    if _home(kernel.run) == "sheetline":
        return ""
    walk = _Walk()
    callables = [kernel.run, kernel.fit, kernel.returns, function.bounds, *function.prepare.values()]
    policies = [
        function.nulls, function.errors, function.fails, function.propagates, function.big, function.empty,
        function.extra, function.rows, function.cost, function.ordered, function.fit_on, function.apply_on,
        dict(function.domain),
    ]  # fmt: skip
    return [walk.of(callables), walk.of(policies)]


class _Walk:
    """Follows references; each function is looked into once."""

    def __init__(self) -> None:
        self.seen: set[int] = set()

    def of(self, value: Any) -> object:
        if isinstance(value, _PLAIN):
            return [type(value).__name__, repr(value)]
        if isinstance(value, list | tuple):
            return [type(value).__name__, [self.of(item) for item in value]]
        if isinstance(value, set | frozenset):
            return ["set", sorted(repr(self.of(item)) for item in value)]
        if isinstance(value, Mapping):
            return ["dict", [[self.of(key), self.of(item)] for key, item in value.items()]]
        if isinstance(value, np.ndarray) and value.dtype != object:
            return ["array", str(value.dtype), list(value.shape), hash_bytes(value.tobytes())]
        if isinstance(value, re.Pattern):
            return ["pattern", repr(value.pattern), value.flags]
        if isinstance(value, functools.partial):
            return ["partial", self.of(value.func), self.of(value.args), self.of(value.keywords)]
        home = _home(value)
        known = None if home is None else _version(home)
        if known is not None:
            name = getattr(value, "__qualname__", getattr(value, "__name__", ""))
            return [home, known, name]
        if isinstance(value, types.FunctionType):
            return self._function(value)
        raise UnknowableError(type(value).__name__)

    def _function(self, run: types.FunctionType) -> object:
        if id(run) in self.seen:
            return ["again", run.__qualname__]
        self.seen.add(id(run))
        codes = list(_codes(run.__code__))
        names = dict.fromkeys(name for code in codes for name in code.co_names if name in run.__globals__)
        cells = [cell.cell_contents for cell in run.__closure__ or ()]
        return [
            [[hash_bytes(code.co_code), list(code.co_varnames), list(code.co_names)] for code in codes],
            [self.of([one for one in code.co_consts if not isinstance(one, types.CodeType)]) for code in codes],
            self.of([run.__defaults__, run.__kwdefaults__, cells]),
            [[name, self.of(run.__globals__[name])] for name in names],
        ]


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            yield from _codes(one)


def _home(value: Any) -> str | None:
    """Return the package of a module, a function or a class."""
    if isinstance(value, np.ufunc):
        return "numpy"
    if isinstance(value, types.ModuleType):
        name: Any = value.__name__
    elif isinstance(value, types.FunctionType | types.BuiltinFunctionType | type):
        name = value.__module__
    else:
        return None
    return str(name or "builtins").partition(".")[0]


@functools.cache
def _version(package: str) -> str | None:
    """Return the version of an installed package; None for a user's own module."""
    if package in sys.stdlib_module_names:
        return "python"
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
