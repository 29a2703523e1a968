"""A property that is computed once, also when several threads ask for it at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

R = TypeVar("R")


class once(Generic[R]):  # noqa: N801 - used as a decorator, like functools.cached_property
    """Like ``functools.cached_property``, but the first thread computes, and others that ask wait for its result.

    Each property has a lock of its own, so that others are computed meanwhile.
    """

    def __init__(self, make: Callable[[Any], R]) -> None:
        self._make = make
        self.__doc__ = make.__doc__
        self._name = ""

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> once[R]: ...

    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> R: ...

    def __get__(self, instance: Any, owner: type[Any] | None = None) -> once[R] | R:
        if instance is None:
            return self
        kept: dict[str, Any] = instance.__dict__
        if self._name not in kept:
            with kept.setdefault(f"lock of {self._name}", threading.RLock()):
                if self._name not in kept:
                    kept[self._name] = self._make(instance)
        value: R = kept[self._name]
        return value
