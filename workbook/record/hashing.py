"""Hashes of columns: equal for equal content, however it is held, cut into parts, or computed.

A column is cut into *leaves* of 65,536 rows (the last may be shorter), each leaf is hashed with XXH3 (128 bits), and
the hash of the column is the BLAKE3 hash of its type, its leaves and its number of rows. XXH3 runs at the speed of
memory, so that a run with a record takes little longer than one without; it tells any accident, but it is no defence
against somebody who makes other content of the same hash on purpose. Files are fingerprinted with BLAKE3, which is.

What is hashed is the content alone:

* every leaf has the name of the type and its number of rows;
* nulls are one bit a row (or a mark that there are none), and whatever stands in their slots counts as zero;
* in floats NaN is a null and -0 is 0; dates are whole microseconds; all numbers are little-endian;
* text is its lengths in bytes, and its bytes, whether it is held plainly or as codes of a dictionary;
* lists are their lengths, and their elements as a column of their own; pairs are their two columns;
* exact numbers are written out (1.0 and 1.00 differ, as they do when they become text);
* an error is the row in its leaf and the code; its row is a null. Messages are no content.

The format is a constant: hashes of one format are comparable between runs, machines and versions.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pyarrow as pa
from blake3 import blake3
from xxhash import xxh3_128

from sheetline.functions.buffers import fixed_values, null_mask, truths
from sheetline.functions.columns import Array, Column
from sheetline.functions.errors import CODES, Errors, Mask
from sheetline.functions.ordering import run_starts
from sheetline.functions.types import NULL, STRING, Kind, Type

#: Rows of a leaf: part of the format.
LEAF_ROWS: Final = 65_536
FORMAT: Final = "sheetline/hash/2"
_MINUS_ZERO: Final = np.iinfo(np.int64).min  #: the bits of -0.0 as an integer: the least there is
_CODE_NAMES: Final = np.array([code.encode() for code in CODES], "S16")
_LEAF: Final = FORMAT.encode() + b" leaf "
_COLUMN: Final = FORMAT.encode() + b" column "


@dataclass(frozen=True, slots=True)
class ColumnHash:
    """The hash of a column.

    Attributes:
        type: the name of its type.
        rows: how many rows it has.
        hash: 64 hexadecimal digits.
        leaves: 32 hexadecimal digits for each 65,536 rows.
    """

    type: str
    rows: int
    hash: str
    leaves: tuple[str, ...]


class ColumnHasher:
    """Hashes a column that arrives in parts of any size, in order; parts need not end where leaves do.

    Nothing of a part is held when ``update`` returns but the nulls of an unfinished leaf.

    >>> from sheetline.functions.columns import Column
    >>> hasher = ColumnHasher(Column.of([1]).type)
    >>> hasher.update(Column.of([1, 2]))
    >>> hasher.update(Column.of([None, 4]))
    >>> hasher.finish() == hash_column(Column.of([1, 2, None, 4]))
    True
    """

    __slots__ = ("_errors", "_leaf", "_leaves", "rows", "type")

    def __init__(self, type_: Type) -> None:
        self.type = type_
        self.rows = 0
        self._leaves: list[bytes] = []
        self._leaf = values_of(type_)
        self._errors: list[tuple[Array, Array]] = []

    def update(self, column: Column | Content, scratch: Array | None = None, ready: Sequence[bytes] = ()) -> None:
        """Take the next rows.

        Args:
            column: the rows.
            scratch: memory for 65,536 floats that may be overwritten.
            ready: the hashes of the whole leaves among these rows, if they are known (see ``Content.leaves``).

        Raises:
            ValueError: they are of another type.
        """
        content = column if isinstance(column, Content) else Content.of(column)
        if content.type != self.type:
            raise ValueError(f"a column of {self.type} goes on with {content.type}")
        scratch = np.empty(min(content.rows, LEAF_ROWS)) if scratch is None else scratch
        start, known = 0, iter(ready)
        while start < content.rows:
            end = min(content.rows, start + LEAF_ROWS - self._leaf.rows)
            leaf = next(known, None) if end - start == LEAF_ROWS else None
            if leaf is None:
                content.put(start, end, self._leaf, self._errors, scratch)
            else:
                self._leaves.append(leaf)
            self.rows += end - start
            if self._leaf.rows == LEAF_ROWS:
                self._leaves.append(_digest(self.type, self._leaf, self._errors))
                self._leaf = values_of(self.type)
                self._errors = []
            start = end

    def finish(self) -> ColumnHash:
        """Return the hash of all rows so far; more may follow."""
        leaves = [*self._leaves, *([_digest(self.type, self._leaf, self._errors)] if self._leaf.rows else [])]
        name = str(self.type)
        whole = blake3(_COLUMN + name.encode() + struct.pack("<BQ", 0, self.rows))
        whole.update(b"".join(leaves))
        return ColumnHash(name, self.rows, whole.hexdigest(), tuple(leaf.hex() for leaf in leaves))

    def copy(self) -> ColumnHasher:
        """Return a hasher in the same state."""
        other = ColumnHasher(self.type)
        other.rows, other._leaves, other._errors = self.rows, list(self._leaves), list(self._errors)
        other._leaf = self._leaf.copy()
        return other


def _digest(type_: Type, values: Values, errors: Sequence[tuple[Array, Array]]) -> bytes:
    """Return the hash of a leaf."""
    hasher = xxh3_128(_LEAF + str(type_).encode() + b"\0")
    hasher.update(values.digest())
    hasher.update(struct.pack("<I", sum(len(rows) for rows, _ in errors)))
    for rows, _ in errors:
        hasher.update(rows.astype("<u4").tobytes())
    for _, codes in errors:
        hasher.update(_CODE_NAMES[codes].tobytes())
    digest: bytes = hasher.digest()
    return digest


@dataclass(frozen=True, slots=True)
class Content:
    """A column as it is hashed; what has to be found out about all of it is found out once."""

    type: Type
    data: Any
    null: Mask | None
    errors: Errors | None
    words: _Words | None

    @classmethod
    def of(cls, column: Column) -> Content:
        """Return the content of a column."""
        null = column.nulls() if column.type.kind is Kind.FLOAT else column.null
        errors = column.errors if column.errors is not None and len(column.errors) else None
        if errors is not None:
            failed = errors.mask(len(column))
            null = failed if null is None else null | failed
        return cls(column.type, column.data, null, errors, _Words.of(column))

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return len(self.data)

    def put(self, start: int, stop: int, leaf: Values, errors: list[tuple[Array, Array]], scratch: Array) -> None:
        """Give some rows to a leaf, and their errors to ``errors``."""
        if self.errors is not None:
            here = self.errors.slice(start, stop)
            if here is not None:
                errors.append((here.rows + leaf.rows, here.codes))
        whole = self.data
        data = whole[start:stop] if isinstance(whole, np.ndarray) else whole.slice(start, stop - start)
        leaf.update(data, None if self.null is None else self.null[start:stop], scratch, self.words)

    def leaves(self, before: int, scratch: Array) -> list[bytes]:
        """Return the hashes of the leaves that lie whole in these rows, where so many rows of the sheet come before.

        >>> from sheetline.functions.columns import Column
        >>> content = Content.of(Column.of(range(140_000)))
        >>> [leaf.hex() for leaf in content.leaves(0, np.empty(LEAF_ROWS))] == list(hash_column(
        ...     Column.of(range(140_000))).leaves[:2])
        True
        """
        found = []
        for start in range(-before % LEAF_ROWS, self.rows - LEAF_ROWS + 1, LEAF_ROWS):
            leaf, errors = values_of(self.type), list[tuple[Array, Array]]()
            self.put(start, start + LEAF_ROWS, leaf, errors, scratch)
            found.append(_digest(self.type, leaf, errors))
        return found


def hash_column(column: Column | Any) -> ColumnHash:
    """Return the hash of a column, or of an Arrow array.

    >>> from sheetline.functions.columns import Column
    >>> hash_column(Column.of([0.0, None])) == hash_column(Column.of([-0.0, float("nan")]))
    True
    >>> hash_column(Column.of([1])).hash == hash_column(Column.of([1.0])).hash
    False
    """
    if not isinstance(column, Column):
        from sheetline.functions.arrow import column_from_arrow

        column = column_from_arrow(column)[0]
    hasher = ColumnHasher(column.type)
    hasher.update(column)
    return hasher.finish()


def hash_bytes(data: bytes | memoryview) -> str:
    """Return the hash of bytes, 64 hexadecimal digits."""
    return str(blake3(data).hexdigest())


# ---------------------------------------------------------------- values of one leaf


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

    def update(self, data: Any, null: Mask | None, scratch: Array, words: _Words | None = None) -> None:
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

    def update(self, data: Any, null: Mask | None, scratch: Array, words: _Words | None = None) -> None:
        self.nulls.add(None, len(data))


class _Floats(Values):
    """Numbers; ``null`` says where each NaN is."""

    def update(self, data: Any, null: Mask | None, scratch: Array, words: _Words | None = None) -> None:
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
    def update(self, data: Any, null: Mask | None, scratch: Array, words: _Words | None = None) -> None:
        self.nulls.add(null, len(data))
        if null is not None:
            data = np.multiply(data, ~null)
        self.streams[0].update(_bytes(data, "<i8"))


class _Booleans(Values):
    def update(self, data: Any, null: Mask | None, scratch: Array, words: _Words | None = None) -> None:
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

    def update(self, data: Any, null: Mask | None, scratch: Array, words: _Words | None = None) -> None:
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

    def _coded(self, data: Any, missing: Mask | None, words: _Words, scratch: Array) -> None:
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
    def update(self, data: Any, null: Mask | None, scratch: Array, words: _Words | None = None) -> None:
        # Hexadecimal digits, since Python limits how many decimal ones it writes.
        write: Callable[[Any], str] = _hexadecimal if self.type.kind is Kind.BIGINTEGER else _decimal
        gone = [False] * len(data) if null is None else null.tolist()
        written = [b"" if skip else write(value).encode() for value, skip in zip(data.tolist(), gone, strict=True)]
        self._put(np.array([len(one) for one in written], np.int64))
        self.nulls.add(null, len(data))
        self.streams[1].update(b"".join(written))


class _Lists(Values):
    def update(self, data: Any, null: Mask | None, scratch: Array, words: _Words | None = None) -> None:
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

    def update(self, data: Any, null: Mask | None, scratch: Array, words: _Words | None = None) -> None:
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
class _Words:
    """A dictionary whose words are of one length, which is quicker to write out than Arrow does it."""

    length: int
    words: Array

    @classmethod
    def of(cls, column: Column) -> _Words | None:
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
