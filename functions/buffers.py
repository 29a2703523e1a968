"""Arrow's memory as numpy arrays, read straight from the buffers.

Arrow's own conversions load pandas first, which costs a fresh process a quarter of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Mask = npt.NDArray[np.bool_]
Array = npt.NDArray[Any]

_TEXT = pa.large_string()
_ENDS = Struct("@qq")


def bits(buffer: Any, offset: int, count: int) -> Mask:
    """Return bits of a buffer, from bit ``offset`` on, as one truth value each.

    >>> import pyarrow as pa
    >>> bits(pa.array([True, False, True]).buffers()[1], 1, 2).tolist()
    [False, True]
    """
    first, last = offset // 8, (offset + count + 7) // 8
    packed = np.frombuffer(buffer, np.uint8, last - first, first)
    start = offset - 8 * first
    return np.unpackbits(packed, bitorder="little")[start : start + count].view(np.bool_)


def null_mask(array: Any) -> Mask | None:
    """Return the byte mask of an Arrow array's nulls, or None where there are none.

    >>> import pyarrow as pa
    >>> null_mask(pa.array(["a", None])[1:]).tolist()
    [True]
    """
    if array.null_count == 0:
        return None
    buffer = array.buffers()[0]
    if buffer is None or array.null_count == len(array):  # also arrays of the type null, which have no buffers
        return np.ones(len(array), np.bool_)
    return ~bits(buffer, array.offset, len(array))


def fixed_values(array: Any, dtype: Any) -> Array:
    """Return the values of a primitive Arrow array without a copy; null slots hold anything."""
    buffer = array.buffers()[1]
    if buffer is None or not len(array):
        return np.zeros(len(array), dtype)
    values = np.frombuffer(buffer, dtype, count=array.offset + len(array))[array.offset :]
    values.flags.writeable = False  # Arrow's memory may be somebody else's
    return values


def truths(array: Any) -> Mask:
    """Return the values of a boolean Arrow array; null slots hold anything."""
    buffer = array.buffers()[1]
    return np.zeros(len(array), np.bool_) if buffer is None else bits(buffer, array.offset, len(array))


def arrow_array(values: Array, null: Mask | None = None) -> Any:
    """Return floats, integers or truth values as an Arrow array that shares their memory where it can.

    >>> arrow_array(np.array([1.5, 2.5]), np.array([False, True])).to_pylist()
    [1.5, None]
    >>> arrow_array(np.array([True, False])).to_pylist()
    [True, False]
    """
    whole = np.ascontiguousarray(values)
    data: Any = np.packbits(whole, bitorder="little") if whole.dtype == np.bool_ else whole
    valid: Any = None if null is None else np.packbits(~null, bitorder="little")
    buffers = [None if part is None else pa.py_buffer(part) for part in (valid, data)]
    return pa.Array.from_buffers(pa.from_numpy_dtype(whole.dtype), len(whole), buffers)


def text_with_nulls(array: Any, null: Mask) -> Any:
    """Return texts, none of them null, with nulls that share their bytes; None where a text that becomes null has some.

    >>> text_with_nulls(text_array(["a", ""]), np.array([False, True])).to_pylist()
    ['a', None]
    """
    _, offsets, data = array.buffers()
    if array.offset or not len(array) or offsets is None:
        return None
    ends = np.frombuffer(offsets, np.int64, len(array) + 1)
    if ((ends[1:] != ends[:-1]) & null).any():
        return None
    valid: Any = np.packbits(~null, bitorder="little")
    return pa.Array.from_buffers(_TEXT, len(array), [pa.py_buffer(valid), offsets, data])


def text_array(values: Sequence[str | None]) -> Any:
    """Return texts, nulls among them, as an Arrow array.

    >>> text_array(["a", None, ""]).to_pylist()
    ['a', None, '']
    """
    data = [b"" if value is None else value.encode() for value in values]
    ends: Any = np.cumsum([0, *map(len, data)], dtype=np.int64)
    valid = np.array([value is not None for value in values], np.bool_)
    packed: Any = np.packbits(valid, bitorder="little")
    bitmap = None if valid.all() else pa.py_buffer(packed)
    return pa.Array.from_buffers(_TEXT, len(data), [bitmap, pa.py_buffer(ends), pa.py_buffer(b"".join(data))])


def text_scalar(value: str | None) -> Any:
    """Return a text, or null, as an Arrow scalar.

    >>> text_scalar("a").as_py(), text_scalar(None).is_valid
    ('a', False)
    """
    data = b"" if value is None else value.encode()
    bitmap = pa.py_buffer(b"\0") if value is None else None
    return pa.Array.from_buffers(_TEXT, 1, [bitmap, pa.py_buffer(_ENDS.pack(0, len(data))), pa.py_buffer(data)])[0]


def number_scalar(value: float, dtype: Any) -> Any:
    """Return a number or truth value as an Arrow scalar of a numpy type.

    >>> number_scalar(3, np.int32).as_py(), number_scalar(True, np.bool_).as_py()
    (3, True)
    """
    return arrow_array(np.array([value], dtype))[0]


def filled(array: Any, value: float | str) -> Any:
    """Return an Arrow array of numbers, truth values or text with a value in place of its nulls.

    >>> filled(arrow_array(np.array([1, 2]), np.array([True, False])), -1).to_pylist()
    [-1, 2]
    >>> filled(text_array(["a", None]), "").to_pylist()
    ['a', '']
    """
    if not array.null_count:
        return array
    import pyarrow.compute as pc

    other = text_scalar(value) if isinstance(value, str) else number_scalar(value, array.type.to_pandas_dtype())
    return pc.call_function("coalesce", [array, other])
