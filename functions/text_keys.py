"""Whole numbers that are equal where texts are equal: a short text is its own number, which no table has to find."""

from __future__ import annotations

from typing import Any

import numpy as np

from sheetline.functions.buffers import arrow_array, null_mask
from sheetline.functions.errors import Ints
from sheetline.functions.text_support import numbers, raw_bytes

#: Texts of so many bytes are their own numbers: the bytes, and in the lowest three bits how many they are.
_SHORT = 7
#: Further bits mark the numbers of longer texts and of nulls.
_LONG, _NULL = 1 << 60, 1 << 61
_LOW_BYTES = np.array([(1 << 8 * size) - 1 for size in range(_SHORT + 1)], np.uint64)


def text_keys(texts: Any) -> Ints:
    """Return numbers from 0 on that are equal where texts of a ``large_string`` array are, and nulls among themselves.

    >>> import pyarrow as pa
    >>> keys = text_keys(pa.array(["a", "b", "a", "a", None], pa.large_string()))
    >>> (keys == keys[0]).tolist()
    [True, False, True, True, False]
    """
    data, offsets = raw_bytes(texts)
    sizes = np.diff(offsets)
    longer = np.flatnonzero(sizes > _SHORT)
    padded = np.zeros(len(data) + 8, np.uint8)
    padded[: len(data)] = data
    keys = np.ndarray((len(data) + 1,), "<u8", padded, strides=(1,))[offsets[:-1]].astype(np.uint64, copy=False)
    kept = np.minimum(sizes, _SHORT)
    keys &= _LOW_BYTES.take(kept)
    keys <<= np.uint64(3)
    keys |= kept.view(np.uint64)
    if len(longer):
        codes = numbers(texts.take(arrow_array(longer)).dictionary_encode().indices)
        keys[longer] = codes.view(np.uint64) | np.uint64(_LONG)
    gone = null_mask(texts)
    if gone is not None:
        keys[gone] = _NULL
    return keys.view(np.int64)
