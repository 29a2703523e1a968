"""Memory for large arrays, used again: a first touch of fresh memory costs more than most arithmetic on it.

:func:`empty` gives arrays that are views of pooled buffers. A buffer is free when nobody but the pool refers to
it, which the reference count tells, so nobody has to give anything back, and an array that a user keeps is
simply not free. What is free is bounded.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

import numpy as np
import numpy.typing as npt

#: Smaller arrays are made afresh: the allocator has memory for them at hand.
LEAST = 1 << 20
#: How many bytes of free buffers are kept.
KEPT = 192 << 20
_probe = [np.empty(1)]
#: The count of references to what only a list holds, counted as the pool counts.
_FREE = sys.getrefcount(_probe[0])


class _Pool:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buffers: list[npt.NDArray[np.uint8]] = []

    def take(self, size: int) -> npt.NDArray[np.uint8]:
        """Return a buffer of ``size`` bytes or a little more, a free one if there is any."""
        with self._lock:
            for place in reversed(range(len(self._buffers))):  # what was used last may still be in a cache
                fits = size <= self._buffers[place].nbytes <= size + size // 8
                if fits and sys.getrefcount(self._buffers[place]) == _FREE:
                    self._buffers.append(self._buffers.pop(place))  # the longest unused stand first
                    return self._buffers[-1]
            self._trim(KEPT)
            made = np.empty(size, np.uint8)
            self._buffers.append(made)
            return made

    def trim(self, kept: int) -> None:
        """Let go of free buffers beyond ``kept`` bytes, the longest unused first."""
        with self._lock:
            self._trim(kept)

    def _trim(self, kept: int) -> None:
        free = [place for place in range(len(self._buffers)) if sys.getrefcount(self._buffers[place]) == _FREE]
        spare = sum(self._buffers[place].nbytes for place in free) - kept
        for place in free:
            if spare <= 0:
                break
            spare -= self._buffers[place].nbytes
            self._buffers[place] = np.empty(0, np.uint8)
        self._buffers = [buffer for buffer in self._buffers if buffer.nbytes]


_POOL = _Pool()


def _keep_freed_memory() -> None:
    """Free a large array, untouched: from then on the C library of Linux keeps what smaller arrays leave behind.

    Before, it returns memory to the system when arrays are freed, and each block that is computed begins with first
    touches of new memory: several times what most arithmetic takes. It learns from the largest array below 32 MiB.
    """
    np.empty((32 << 20) - (64 << 10), np.uint8)


_keep_freed_memory()


def trim(kept: int = KEPT) -> None:
    """Give free memory beyond ``kept`` bytes back to the system."""
    _POOL.trim(kept)


def empty(rows: int, dtype: Any) -> npt.NDArray[Any]:
    """Return an array of ``rows`` values that are not set, like ``numpy.empty``; large ones come from the pool."""
    kind = np.dtype(dtype)
    size = rows * kind.itemsize
    if size < LEAST or kind.hasobject:
        return np.empty(rows, kind)
    return _POOL.take(size)[:size].view(kind)
