"""The values of one leaf, hashed as they come: what is hashed of each type (see ``hashing``)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pyarrow as pa
from xxhash import xxh3_128

from sheetline.functions.buffers import fixed_values, null_mask, truths
from sheetline.functions.columns import Array, Column
from sheetline.functions.errors import Mask
from sheetline.functions.ordering import run_starts
from sheetline.functions.types import NULL, STRING, Kind, Type

_MINUS_ZERO: Final = np.iinfo(np.int64).min  #: the bits of -0.0 as an integer: the least there is


class Nulls:
    """The nulls of some rows, in pieces, until they are wanted as bits."""

    __slots__ = ("any", "pieces", "rows")

    def __init__(self) -> None:
        self.rows = 0
        self.any = False
        self.pieces: list[int | Mask] = []

    def add(self, null: Mask | None, rows: int) -> None:
        """Take the nulls of the next rows."""
        self.rows += rows
        if null is not None and null.any():
            self.any = True
            self.pieces.append(null)  # nobody writes to it
        else:
            self.pieces.append(rows)

    def bits(self) -> bytes:
        """Return what is hashed of them."""
        if not self.any:
            return b"\0"
        whole = [np.zeros(piece, np.bool_) if isinstance(piece, int) else piece for piece in self.pieces]
        return b"\1" + np.packbits(np.concatenate(whole), bitorder="little").tobytes()


class Values:
    """The values of some rows, hashed as they come: a stream of bytes or several, and the nulls."""

    __slots__ = ("inner", "nulls", "streams", "type")
    #: How many streams of bytes there are.
    STREAMS = 1

    def __init__(self, type_: Type, inner: Sequence[Values] = ()) -> None:
        self.type = type_
        self.nulls = Nulls()
        self.streams = [xxh3_128() for _ in range(self.STREAMS)]
        self.inner = list(inner)

    @property
    def rows(self) -> int:
        """How many rows came."""
        return self.nulls.rows

    def update(self, data: Any, null: Mask | None, scratch: Array, words: Words | None = None) -> None:
        """Take the next rows."""
        raise NotImplementedError

    def digest(self) -> bytes:
        """Return the hash of rows, nulls and values."""
        hasher = xxh3_128(struct.pack("<Q", self.rows) + self.nulls.bits())
        for stream in self.streams:
            hasher.update(stream.digest())
        for inner in self.inner:
            hasher.update(inner.digest())
        digest: bytes = hasher.digest()
        return digest

    def copy(self) -> Values:
        """Return values in the same state."""
        other = type(self)(self.type, [inner.copy() for inner in self.inner])
        other.nulls.rows, other.nulls.any, other.nulls.pieces = self.nulls.rows, self.nulls.any, [*self.nulls.pieces]
        other.streams = [stream.copy() for stream in self.streams]
        return other


class _Nothing(Values):
    """A column of the type null: all rows are."""

    STREAMS = 0

    def update(self, data: Any, null: Mask | None, scratch: Array, words: Words | None = None) -> None:
        self.nulls.add(None, len(data))


class _Floats(Values):
    """Numbers; ``null`` says where each NaN is."""

    def update(self, data: Any, null: Mask | None, scratch: Array, words: Words | None = None) -> None:
        count = len(data)
        self.nulls.add(null, count)
        plain = np.ascontiguousarray(data, "<f8")
        if null is not None or (count and int(plain.view(np.int64).min()) == _MINUS_ZERO):
            values = scratch[:count] if count <= len(scratch) else np.empty(count)
            np.add(plain, 0.0, out=values)  # -0 becomes 0
            if null is not None:
                np.copyto(values, 0.0, where=null)
            plain = values
        self.streams[0].update(_bytes(plain, "<f8"))


class _Integers(Values):
    def update(self, data: Any, null: Mask | None, scratch: Array, words: Words | None = None) -> None:
        self.nulls.add(null, len(data))
        if null is not None:
            data = np.multiply(data, ~null)
        self.streams[0].update(_bytes(data, "<i8"))


class _Booleans(Values):
    def update(self, data: Any, null: Mask | None, scratch: Array, words: Words | None = None) -> None:
        self.nulls.add(null, len(data))
        self.streams[0].update(_bytes(data if null is None else data & ~null, "?"))


class _Texts(Values):
    """Lengths and bytes. As long as all lengths are the same, one of them is enough."""

    __slots__ = ("length", "mixed")
    STREAMS = 2

    def __init__(self, type_: Type, inner: Sequence[Values] = ()) -> None:
        super().__init__(type_, inner)
        self.length = -1
        self.mixed = False

    def update(self, data: Any, null: Mask | None, scratch: Array, words: Words | None = None) -> None:
        missing = _missing(data, null)
        if words is not None:
            self._coded(data, missing, words, scratch)
            return
        if isinstance(data, pa.DictionaryArray):
            data = data.dictionary_decode()
            missing = _missing(data, null)
        offsets = _offsets(data)
        lengths = np.diff(offsets)
        if missing is not None and int(lengths[missing].sum()):
            data = data.filter(pa.array(~missing))  # bytes behind nulls do not count
            offsets = _offsets(data)
            lengths[missing] = 0
        self._put(lengths)
        self.nulls.add(missing, len(lengths))
        buffer = data.buffers()[2]
        if buffer is not None:
            self.streams[1].update(memoryview(buffer)[int(offsets[0]) : int(offsets[-1])])

    def digest(self) -> bytes:
        if self.mixed:
            return super().digest()
        other = self.copy()
        other.streams[0].update(struct.pack("<Bq", 1, self.length))
        return Values.digest(other)

    def copy(self) -> Values:
        other: Values = super().copy()
        assert isinstance(other, _Texts)
        other.length, other.mixed = self.length, self.mixed
        return other

    def _put(self, lengths: Array) -> None:
        """Take the lengths of the next rows, before their nulls."""
        if not len(lengths):
            return
        if not self.mixed and int(lengths.min()) == int(lengths.max()):
            self._put_same(int(lengths[0]), len(lengths))
        else:
            self._mix()
            self.streams[0].update(_bytes(lengths, "<u4"))

    def _put_same(self, length: int, count: int) -> None:
        if self.mixed or self.length not in (-1, length):
            self._mix()
            self.streams[0].update(np.full(count, length, "<u4").view(np.uint8).data)
        else:
            self.length = length

    def _mix(self) -> None:
        """Write out the lengths so far: from here on they differ."""
        if not self.mixed:
            self.mixed = True
            self.streams[0].update(b"\0" + np.full(self.nulls.rows, max(self.length, 0), "<u4").tobytes())

    def _coded(self, data: Any, missing: Mask | None, words: Words, scratch: Array) -> None:
        codes = fixed_values(data.indices, np.int32)
        if missing is None:
            self._put_same(words.length, len(codes))
        else:
            lengths = np.full(len(codes), words.length, np.int64)
            lengths[missing] = 0
            self._put(lengths)
            codes = codes[~missing]
        self.nulls.add(missing, len(data))
        starts = run_starts(codes)
        if starts is not None:  # few long runs, as in sorted rows
            counts = np.diff(starts, append=len(codes)).tolist()
            picked = words.words[codes[starts]].view(f"V{words.length}").tolist()
            self.streams[1].update(b"".join([word * count for word, count in zip(picked, counts, strict=True)]))
        elif len(codes):
            size = len(codes) * words.length
            out = scratch.view(np.uint8)[:size].view(words.words.dtype) if size <= scratch.nbytes else None
            self.streams[1].update(words.words.take(codes, out=out, mode="clip").view(np.uint8).data)


class _Exact(_Texts):
    def update(self, data: Any, null: Mask | None, scratch: Array, words: Words | None = None) -> None:
        # Hexadecimal digits, since Python limits how many decimal ones it writes.
        write: Callable[[Any], str] = _hexadecimal if self.type.kind is Kind.BIGINTEGER else _decimal
        gone = [False] * len(data) if null is None else null.tolist()
        written = [b"" if skip else write(value).encode() for value, skip in zip(data.tolist(), gone, strict=True)]
        self._put(np.array([len(one) for one in written], np.int64))
        self.nulls.add(null, len(data))
        self.streams[1].update(b"".join(written))


class _Lists(Values):
    def update(self, data: Any, null: Mask | None, scratch: Array, words: Words | None = None) -> None:
        missing = _missing(data, null)
        self.nulls.add(missing, len(data))
        lengths = np.diff(_offsets(data))
        if missing is not None:
            lengths[missing] = 0
            data = data.filter(pa.array(~missing))
        self.streams[0].update(_bytes(lengths, "<i8"))
        _elements(self.inner[0], data.flatten(), scratch)


class _Pairs(Values):
    STREAMS = 0

    def update(self, data: Any, null: Mask | None, scratch: Array, words: Words | None = None) -> None:
        missing = _missing(data, null)
        self.nulls.add(missing, len(data))
        kept = data if missing is None else data.filter(pa.array(~missing))
        for inner, values in zip(self.inner, kept.flatten(), strict=True):
            _elements(inner, values, scratch)


def values_of(type_: Type) -> Values:
    """Return what hashes values of a type."""
    kind = type_.kind
    if kind is Kind.LIST:
        return _Lists(type_, [values_of(type_.item or NULL)])
    if kind is Kind.PAIR:
        return _Pairs(type_, [values_of(item) for item in type_.items])
    if type_.is_big:
        return _Exact(type_)
    return _PLAIN.get(kind, _Integers)(type_)


_PLAIN: Final[dict[Kind, type[Values]]] = {
    Kind.FLOAT: _Floats,
    Kind.BOOLEAN: _Booleans,
    Kind.STRING: _Texts,
    Kind.NULL: _Nothing,
}


def _elements(inner: Values, values: Any, scratch: Array) -> None:
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


def _bytes(values: Array, dtype: str) -> Any:
    return np.ascontiguousarray(values, dtype).view(np.uint8).data


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


#: Numbers are gathered quicker than bytes.
_UNITS: Final = {1: "u1", 2: "u2", 4: "u4", 8: "u8"}


@dataclass(frozen=True, slots=True)
class Words:
    """A dictionary whose words are of one length, which is quicker to write out than Arrow does it."""

    length: int
    words: Array

    @classmethod
    def of(cls, column: Column) -> Words | None:
        """Return the words of a coded column's dictionary, or None where they differ in length."""
        if column.type != STRING or not isinstance(column.data, pa.DictionaryArray):
            return None
        words = column.data.dictionary
        if not len(words) or words.null_count:
            return None
        offsets = _offsets(words)
        lengths = np.diff(offsets)
        if lengths[0] == 0 or (lengths != lengths[0]).any():
            return None
        buffer: Any = words.buffers()[2]
        raw = np.frombuffer(buffer, np.uint8, int(offsets[-1]))[int(offsets[0]) :]
        length = int(lengths[0])
        return cls(length, raw.view(_UNITS.get(length, f"V{length}")))
