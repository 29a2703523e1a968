"""One leaf of a column, hashed as its rows come: what is hashed of each type (see ``hashing``)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any, Final

import numpy as np
import pyarrow as pa
from xxhash import xxh3_128

from sheetline.functions.buffers import fixed_values, null_mask, truths
from sheetline.functions.columns import Array
from sheetline.functions.errors import CODES, Mask
from sheetline.functions.types import NULL, Kind, Type
from sheetline.workbook.record.coded_words import Words

FORMAT: Final = "sheetline/hash/3"
_MINUS_ZERO: Final = np.iinfo(np.int64).min  #: the bits of -0.0 as an integer: the least there is
_CODE_NAMES: Final = np.array([code.encode() for code in CODES], "S16")


@cache
def _name(type_: Type) -> bytes:
    return b"\0" + str(type_).encode() + b" leaf of " + FORMAT.encode()


class Leaf:
    """The rows of a leaf, hashed as they come: first the bytes of the values, in the end what else there is."""

    __slots__ = ("errors", "inner", "nulls", "rows", "stream", "type")

    def __init__(self, type_: Type, stream: Any = None) -> None:
        self.type = type_
        self.rows = 0
        self.stream: Any = xxh3_128() if stream is None else stream
        self.nulls: list[tuple[int, Mask]] = []  #: from which row on, where there are any
        self.errors: list[tuple[Array, Array]] = []  #: rows and codes
        self.inner: list[Leaf] = []

    def update(self, data: Any, null: Mask | None, scratch: Array, words: Words | None = None) -> None:
        """Take the next rows.

        Args:
            data: their values.
            null: where null is, errors included.
            scratch: memory that may be overwritten, for as many floats as a leaf has rows.
            words: the same rows' words, of coded text whose words are of one length.
        """
        raise NotImplementedError

    def digest(self) -> bytes:
        """Return the hash of rows, values, nulls and errors; the leaf takes no more rows."""
        count = sum(len(rows) for rows, _ in self.errors)
        parts = [self.rest()]
        parts += [rows.astype("<u4").tobytes() for rows, _ in self.errors]
        parts += [_CODE_NAMES[codes].tobytes() for _, codes in self.errors]
        parts += [self._bits(), struct.pack("<QIB", self.rows, count, bool(self.nulls)), _name(self.type)]
        self.stream.update(b"".join(parts))
        digest: bytes = self.stream.digest()
        return digest

    def rest(self) -> bytes:
        """Return what is hashed behind the bytes of the values, of one length for a type."""
        return b""

    def copy(self) -> Leaf:
        """Return a leaf in the same state."""
        other = type(self)(self.type, self.stream.copy())
        other.rows, other.nulls, other.errors = self.rows, [*self.nulls], [*self.errors]
        other.inner = [inner.copy() for inner in self.inner]
        return other

    def _bits(self) -> bytes:
        if not self.nulls:
            return b""
        whole = self.nulls[0][1]
        if len(whole) < self.rows:
            whole = np.zeros(self.rows, np.bool_)
            for start, null in self.nulls:
                whole[start : start + len(null)] = null
        return np.packbits(whole, bitorder="little").tobytes()

    def _count(self, rows: int, null: Mask | None) -> bool:
        """Count the next rows and note their nulls; tell whether there are any."""
        some = null is not None and bool(null.any())
        if some and null is not None:
            self.nulls.append((self.rows, null.copy()))  # not to hold what it is a part of
        self.rows += rows
        return some


class _Nothing(Leaf):
    """A column of the type null: all rows are."""

    __slots__ = ()

    def update(self, data: Any, null: Mask | None, scratch: Array, words: Words | None = None) -> None:
        self.rows += len(data)


class _Floats(Leaf):
    """Numbers. A null is a NaN, so that no other mark of it is needed; ``null`` says where each NaN is."""

    __slots__ = ()

    def update(self, data: Any, null: Mask | None, scratch: Array, words: Words | None = None) -> None:
        count = len(data)
        self.rows += count
        values = np.ascontiguousarray(data, "<f8")
        some = null is not None and null.any()
        if some or (count and int(np.minimum.reduce(values.view(np.int64))) == _MINUS_ZERO):
            plain, values = values, _room(scratch, count, "<f8")
            np.add(plain, 0.0, out=values)  # -0 becomes 0
            if some:
                np.copyto(values, np.nan, where=null)  # of NaN there are many
        self.stream.update(values)


class _Fixed(Leaf):
    """Integers, dates and truth values; in the slots of nulls stands 0."""

    __slots__ = ()

    def update(self, data: Any, null: Mask | None, scratch: Array, words: Words | None = None) -> None:
        dtype = "?" if self.type.kind is Kind.BOOLEAN else "<i8"
        if self._count(len(data), null):
            values = _room(scratch, len(data), dtype)
            values[:] = data
            np.copyto(values, False, where=null)
        else:
            values = np.ascontiguousarray(data, dtype)
        self.stream.update(values)


class _Texts(Leaf):
    """Bytes and lengths. As long as all lengths are the same, one of them is enough."""

    __slots__ = ("length", "lengths")

    def __init__(self, type_: Type, stream: Any = None) -> None:
        super().__init__(type_, stream)
        self.length = -1
        self.lengths: Any = None  #: a stream, once they differ

    def update(self, data: Any, null: Mask | None, scratch: Array, words: Words | None = None) -> None:
        missing = _missing(data, null)
        if words is not None:
            self._coded(missing, words)
            return
        if isinstance(data, pa.DictionaryArray):
            data = data.dictionary_decode()
            missing = _missing(data, null)
        offsets = _offsets(data)
        lengths = _lengths(offsets, scratch)
        if missing is not None and lengths[missing].any():
            data = data.filter(pa.array(~missing))  # bytes behind nulls do not count
            offsets = _offsets(data)
            lengths[missing] = 0
        self._put(lengths)
        self._count(len(lengths), missing)
        buffer = data.buffers()[2]
        if buffer is not None:
            self.stream.update(memoryview(buffer)[int(offsets[0]) : int(offsets[-1])])

    def rest(self) -> bytes:
        """Return the lengths."""
        return struct.pack("<q8x", self.length) + b"\1" if self.lengths is None else self.lengths.digest() + b"\0"

    def copy(self) -> Leaf:
        other = super().copy()
        assert isinstance(other, _Texts)
        other.length = self.length
        other.lengths = None if self.lengths is None else self.lengths.copy()
        return other

    def _put(self, lengths: Array) -> None:
        """Take the lengths of the next rows, before these are counted."""
        count = len(lengths)
        first = int(lengths[0]) if count else 0
        if not count or (self.lengths is None and first == int(lengths[-1]) and bool((lengths == first).all())):
            self._put_same(first, count)
        else:
            self._mix()
            self.lengths.update(lengths)

    def _put_same(self, length: int, count: int) -> None:
        if not count:
            return
        if self.lengths is None and self.length in (-1, length):
            self.length = length
        else:
            self._mix()
            self.lengths.update(np.full(count, length, "<u4"))

    def _mix(self) -> None:
        """Write out the lengths so far: from here on they differ."""
        if self.lengths is None:
            self.lengths = xxh3_128()
            self.lengths.update(np.full(self.rows, max(self.length, 0), "<u4"))

    def _coded(self, missing: Mask | None, words: Words) -> None:
        if missing is None:
            self._put_same(words.length, len(words))
        else:
            self._put(np.where(missing, 0, words.length).astype("<u4"))
        self._count(len(words), missing)
        words.put(self.stream, missing)


class _Exact(_Texts):
    __slots__ = ()

    def update(self, data: Any, null: Mask | None, scratch: Array, words: Words | None = None) -> None:
        # Hexadecimal digits, since Python limits how many decimal ones it writes.
        write: Callable[[Any], str] = _hexadecimal if self.type.kind is Kind.BIGINTEGER else _decimal
        gone = [False] * len(data) if null is None else null.tolist()
        written = [b"" if skip else write(value).encode() for value, skip in zip(data.tolist(), gone, strict=True)]
        self._put(np.array([len(one) for one in written], "<u4"))
        self._count(len(data), null)
        self.stream.update(b"".join(written))


class _Lists(Leaf):
    __slots__ = ()

    def __init__(self, type_: Type, stream: Any = None) -> None:
        super().__init__(type_, stream)
        self.inner = [leaf_of(type_.item or NULL)]

    def update(self, data: Any, null: Mask | None, scratch: Array, words: Words | None = None) -> None:
        missing = _missing(data, null)
        lengths = np.diff(_offsets(data))
        if self._count(len(data), missing) and missing is not None:
            lengths[missing] = 0
            data = data.filter(pa.array(~missing))
        self.stream.update(np.ascontiguousarray(lengths, "<i8"))
        _elements(self.inner[0], data.flatten(), scratch)

    def rest(self) -> bytes:
        """Return the hash of the elements."""
        return self.inner[0].copy().digest()


class _Pairs(Leaf):
    __slots__ = ()

    def __init__(self, type_: Type, stream: Any = None) -> None:
        super().__init__(type_, stream)
        self.inner = [leaf_of(item) for item in type_.items]

    def update(self, data: Any, null: Mask | None, scratch: Array, words: Words | None = None) -> None:
        missing = _missing(data, null)
        kept = data.filter(pa.array(~missing)) if self._count(len(data), missing) and missing is not None else data
        for inner, values in zip(self.inner, kept.flatten(), strict=True):
            _elements(inner, values, scratch)

    def rest(self) -> bytes:
        """Return the hashes of both columns."""
        return b"".join(inner.copy().digest() for inner in self.inner)


def leaf_of(type_: Type) -> Leaf:
    """Return an empty leaf of a type."""
    return (_Exact if type_.is_big else _LEAVES.get(type_.kind, _Fixed))(type_)


_LEAVES: Final[dict[Kind, type[Leaf]]] = {
    Kind.FLOAT: _Floats,
    Kind.STRING: _Texts,
    Kind.NULL: _Nothing,
    Kind.LIST: _Lists,
    Kind.PAIR: _Pairs,
}


def _elements(inner: Leaf, values: Any, scratch: Array) -> None:
    """Hash the elements of lists and pairs, which are Arrow arrays of any type."""
    null = null_mask(values)
    type_ = inner.type
    if type_.is_arrow or type_.kind is Kind.NULL:
        inner.update(values, None, scratch)
    elif type_.is_big:
        data = np.empty(len(values), np.object_)
        data[:] = [0 if value is None else value for value in values.to_pylist()]
        inner.update(data, null, scratch)
    elif type_.kind is Kind.BOOLEAN:
        filled = values if null is None else values.fill_null(False)
        inner.update(truths(filled), null, scratch)
    elif type_.kind is Kind.FLOAT:
        numbers = fixed_values(values, np.float64)
        missing = np.isnan(numbers)
        inner.update(numbers, missing if null is None else missing | null, scratch)
    else:
        inner.update(fixed_values(values, np.int64), null, scratch)


def _room(scratch: Array, count: int, dtype: str) -> Array:
    return scratch.view(dtype)[:count] if count <= len(scratch) else np.empty(count, dtype)


def _hexadecimal(value: Any) -> str:
    return f"{int(value):x}"


def _decimal(value: Any) -> str:
    return str(Decimal(value))


def _missing(data: Any, null: Mask | None) -> Mask | None:
    own = null_mask(data)
    if null is None or own is None:
        return own if null is None else null
    return own | null


def _offsets(data: Any) -> Array:
    buffer = data.buffers()[1]
    if buffer is None or not len(data):
        return np.zeros(len(data) + 1, np.int64)
    return np.frombuffer(buffer, np.int64, len(data) + data.offset + 1)[data.offset :]


def _lengths(offsets: Array, scratch: Array) -> Array:
    lengths = _room(scratch, len(offsets) - 1, "<u4")
    return np.subtract(offsets[1:], offsets[:-1], out=lengths, casting="unsafe")
