"""Threads that work on parts side by side, and in the order of their numbers where they must."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class StoppedError(RuntimeError):
    """A part before this one failed; that one's own error is what the caller sees."""


class Turns:
    """Gives each number its turn: behind all smaller ones.

    >>> turns = Turns()
    >>> for number in range(3):
    ...     with turns.turn(number):
    ...         print(number)
    0
    1
    2
    """

    __slots__ = ("_changed", "_failed", "_next")

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._next = 0
        self._failed: int | None = None

    @contextmanager
    def turn(self, number: int) -> Iterator[None]:
        """Wait until all smaller numbers have had their turn, and take it. A turn that fails is not over.

        Raises:
            StoppedError: a smaller number failed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._next == number or self._hopeless(number))
            if self._next != number:
                raise StoppedError(f"part {number} waits for part {self._failed}, which failed")
        yield
        with self._changed:
            self._next += 1
            self._changed.notify_all()

    def stop(self, number: int) -> None:
        """Say that a number failed: larger ones do not wait any more."""
        with self._changed:
            self._failed = number if self._failed is None else min(self._failed, number)
            self._changed.notify_all()

    def _hopeless(self, number: int) -> bool:
        return self._failed is not None and self._failed < number
