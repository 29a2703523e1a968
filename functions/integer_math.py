"""64-bit integer arithmetic that tells which rows overflow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sheetline.functions.errors import Ints, Mask

Checked = Callable[[Any, Any], tuple[Ints, Mask]]


def add(a: Any, b: Any) -> tuple[Ints, Mask]:
    """Return ``a + b`` and a mask of rows where the sum leaves 64 bits (its value is arbitrary there)."""
    x, y = np.asarray(a, np.int64), np.asarray(b, np.int64)
    out = x + y
    return out, ((x ^ out) & (y ^ out)) < 0


def subtract(a: Any, b: Any) -> tuple[Ints, Mask]:
    """Return ``a - b`` and a mask of rows where the difference leaves 64 bits."""
    x, y = np.asarray(a, np.int64), np.asarray(b, np.int64)
    out = x - y
    return out, ((x ^ y) & (x ^ out)) < 0


def multiply(a: Any, b: Any) -> tuple[Ints, Mask]:
    """Return ``a * b`` and a mask of rows where the product leaves 64 bits."""
    x, y = np.broadcast_arrays(np.atleast_1d(np.asarray(a, np.int64)), np.asarray(b, np.int64))
    out = x * y
    rough = np.abs(x.astype(np.float64) * y.astype(np.float64))
    bad = rough >= 2.0**64
    for row in np.flatnonzero((rough >= 2.0**62) & ~bad):  # near the edge the product is computed exactly
        bad[row] = not -(2**63) <= int(x[row]) * int(y[row]) < 2**63
    return out, bad
