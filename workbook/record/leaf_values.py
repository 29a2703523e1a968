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

from sheetline.functions.buffers import arrow_array, filled, fixed_values, null_mask, truths
from sheetline.functions.columns import Array
from sheetline.functions.errors import CODES, Mask
from sheetline.functions.types import NULL, Kind, Type
from sheetline.workbook.record.coded_words import SHORT, Words, numbers_of, offsets_of

FORMAT: Final = "sheetline/hash/3"
_MINUS_ZERO: Final = np.iinfo(np.int64).min  #: the bits of -0.0 as an integer: the least there is
_GLANCE: Final = 1024
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
            words: the same rows' words, of coded text.
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
    """Numbers as long as texts are short; the rows from the first longer one on are a leaf of their own."""

    __slots__ = ()

    def update(self, data: Any, null: Mask | None, scratch: Array, words: Words | None = None) -> None:
        missing = _missing(data, null)
        if words is None and isinstance(data, pa.DictionaryArray):
            data = data.dictionary_decode()
            missing = _missing(data, null)
        rows = len(data)
        first = 0 if self.inner else self._short(data, missing, scratch, words)
        self._count(rows, missing)
        if first < rows:
            self.inner = self.inner or [_Long(self.type)]
            rest = None if missing is None else missing[first:]
            self.inner[0].update(data.slice(first), rest, scratch, None if words is None else words.slice(first, rows))

    def rest(self) -> bytes:
        """Return the hash of the rows from the first long text on."""
        return self.inner[0].copy().digest() if self.inner else bytes(16)

    def _short(self, data: Any, missing: Mask | None, scratch: Array, words: Words | None) -> int:
        """Take rows up to the first long text, and tell how many they are."""
        if words is not None and words.numbers is not None:
            self.stream.update(words.written(missing, scratch))
            return len(words)
        first = 0
        for stop in (min(_GLANCE, len(data)), len(data)):  # where texts are long, the first rows tell
            here = None if missing is None else missing[:stop]
            lengths = _lengths(data.slice(0, stop), here, None if words is None else words.slice(0, stop))
            long = lengths > SHORT
            first = int(long.argmax()) if long.any() else stop
            if first < stop:
                break
        if first:
            data = data.slice(0, first) if words is None else data.slice(0, first).dictionary_decode()
            self.stream.update(numbers_of(data, offsets_of(data), lengths[:first]))
        return first


def _lengths(data: Any, missing: Mask | None, words: Words | None) -> Array:
    """Return how many bytes each text has, 0 where it is missing."""
    lengths: Array = np.diff(offsets_of(data)) if words is None else words.lengths.take(words.codes, mode="clip")
    if missing is not None:
        lengths[missing] = 0
    return lengths


class _Long(Leaf):
    """Bytes and lengths. As long as all lengths are the same, one of them is enough."""

    __slots__ = ("length", "lengths")

    def __init__(self, type_: Type, stream: Any = None) -> None:
        super().__init__(type_, stream)
        self.length = -1
        self.lengths: Any = None  #: a stream, once they differ

    def update(self, data: Any, null: Mask | None, scratch: Array, words: Words | None = None) -> None:
        if words is not None and words.fixed is not None:
            if null is not None or self.lengths is not None or self.length not in (-1, words.length):
                self._put(_lengths(data, null, words).astype("<u4"))
            elif len(words):
                self.length = words.length
            self._count(len(words), null)
            self.stream.update(words.written(null, scratch))
            return
        if isinstance(data, pa.DictionaryArray):
            data = data.dictionary_decode()
        offsets = offsets_of(data)
        lengths = _room(scratch, len(data), "<u4")
        np.subtract(offsets[1:], offsets[:-1], out=lengths, casting="unsafe")
        if null is not None and lengths[null].any():
            data = data.filter(arrow_array(~null))  # bytes behind nulls do not count
            offsets = offsets_of(data)
            lengths[null] = 0
        self._put(lengths)
        self._count(len(lengths), null)
        buffer = data.buffers()[2]
        if buffer is not None:
            self.stream.update(memoryview(buffer)[int(offsets[0]) : int(offsets[-1])])

    def rest(self) -> bytes:
        """Return the lengths."""
        return struct.pack("<q8x", self.length) + b"\1" if self.lengths is None else self.lengths.digest() + b"\0"

    def copy(self) -> Leaf:
        other = super().copy()
        assert isinstance(other, _Long)
        other.length = self.length
        other.lengths = None if self.lengths is None else self.lengths.copy()
        return other

    def _put(self, lengths: Array) -> None:
        """Take the lengths of the next rows, before these are counted."""
        if not len(lengths):
            return
        first = int(lengths[0])
        same = self.lengths is None and self.length in (-1, first) and first == int(lengths[-1])
        if same and bool((lengths == first).all()):
            self.length = first
            return
        if self.lengths is None:  # write out the lengths so far: from here on they differ
            self.lengths = xxh3_128()
            self.lengths.update(np.full(self.rows, max(self.length, 0), "<u4"))
        self.lengths.update(lengths)


class _Exact(_Long):
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
        lengths = np.diff(offsets_of(data))
        if self._count(len(data), missing) and missing is not None:
            lengths[missing] = 0
            data = data.filter(arrow_array(~missing))
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
        kept = data.filter(arrow_array(~missing)) if self._count(len(data), missing) and missing is not None else data
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
        inner.update(truths(filled(values, False)), null, scratch)
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
