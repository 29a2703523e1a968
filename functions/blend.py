"""Taking one of two numbers by a mask, row by row, without a branch a row.

``numpy.where`` jumps at each row, which costs several times as much where the mask follows no pattern. Here the
bits in which the two values differ are kept where the mask is true, and turn the second value into the first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

#: With fewer rows one call costs more than the jumps.
_FEW = 1024


def blend(
    mask: npt.NDArray[np.bool_], yes: Any, no: Any, dtype: Any, place: npt.NDArray[Any] | None = None
) -> npt.NDArray[Any]:
    """Return what ``numpy.where(mask, yes, no)`` gives, bit for bit, as a new array.

    Args:
        mask: one truth value a row.
        yes, no: arrays of the mask's shape or single values, all of ``dtype``.
        dtype: ``float64``, ``int64`` and ``bool`` are blended, others are left to numpy.
        place: an array of ``dtype`` for the result, instead of a new one; it may be ``yes`` or ``no`` itself.
    """
    kind = np.dtype(dtype)
    out: npt.NDArray[Any]
    if mask.size >= _FEW and kind.type is np.bool_:
        differs = np.bitwise_xor(yes, no, dtype=np.bool_)
        kept = np.bitwise_and(differs, mask, out=differs if differs.ndim else None)
        out = np.bitwise_xor(kept, no, out=place if place is not None else kept)
        return out
    if mask.size < _FEW or kind.itemsize != 8 or kind.hasobject:
        out = np.where(mask, np.asarray(yes, dtype), np.asarray(no, dtype))
        return out
    first, second = (np.asarray(value, dtype).view(np.int64) for value in (yes, no))
    room = None if place is None or place is no else place.view(np.int64)
    differs = np.bitwise_xor(first, second, out=room if first.ndim or second.ndim else None)
    kept = np.multiply(differs, mask, out=differs if differs.ndim else room)
    out = np.bitwise_xor(kept, second, out=kept if place is None else place.view(np.int64))
    return out.view(dtype)
