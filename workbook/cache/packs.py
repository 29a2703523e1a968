"""Packs: files that each hold the columns of one sheet that one run made.

Columns arrive part by part, and their bytes stand in the order in which they came: of numbers those of the array, and
bits of what is null; of text and lists an Arrow stream. A pack appears whole or not at all, is never written again, and
has a name by chance. Where a column lies in it, and the hash of its bytes, is its *place*: plain values that stand with
what else is known of the sheet, so that bytes that were changed or cut off are noticed when they are read.
"""

from __future__ import annotations

import io
import json
import secrets
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from xxhash import xxh3_128

from sheetline.functions.columns import Column, concat, numpy_dtype
from sheetline.functions.errors import NUMBER_OF_CODE, Errors, Origin
from sheetline.functions.types import Kind, Type
from sheetline.workbook.io.atomic import written
from sheetline.workbook.io.faults import SourceError
from sheetline.workbook.record.objects import array_of, column_of, type_of

#: Where a column lies: "pack", "rows", "type", "chunks", "errors" and "digest".
Place = Mapping[str, Any]
BROKEN: Final = (OSError, ValueError, KeyError, TypeError, IndexError, pa.ArrowException)
_PIECE: Final = 1 << 20
#: A column with more errors than this is computed again rather than stored with all their messages.
MOST_ERRORS: Final = 100_000


def pack_name() -> str:
    """Return a name that no pack has."""
    return secrets.token_hex(16)


# ---------------------------------------------------------------- writing


@dataclass(slots=True)
class PackWriter:
    """Writes the columns of a sheet part by part; the file appears when all is written.

    A failure to write (a full disk, say) makes the writer give up: the cache is a help, no part of the result.

    Attributes:
        path: the file.
        name: its name.
        types: of its columns.
    """

    path: Path
    name: str
    types: Mapping[str, Type]
    given_up: bool = False
    _columns: dict[str, _Numbers | _Stream] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)
    _out: _Out | None = None

    def __post_init__(self) -> None:
        self._columns = {name: (_Numbers if _is_plain(type_) else _Stream)(type_) for name, type_ in self.types.items()}

    def add(self, columns: Mapping[str, Column]) -> None:
        """Write the next rows."""
        if self.given_up or not self._columns:
            return
        parts = [(name, writer, columns[name]) for name, writer in self._columns.items()]
        try:
            for name, writer, part in parts:
                if not writer.add(part):
                    del self._columns[name]
                elif writer.held >= _PIECE:
                    writer.put(self._file())
        except (*BROKEN, SourceError):
            self.give_up()

    def _file(self) -> _Out:
        if self._out is None:
            temporary = self._stack.enter_context(written(self.path))
            self._out = _Out(self._stack.enter_context(temporary.open("wb")))
        return self._out

    def finish(self) -> Mapping[str, Place]:
        """Write what is left, put the file in its place, and return the places of the columns that it holds."""
        if self.given_up or not self._columns:
            self.give_up()
            return {}
        try:
            places = {name: {"pack": self.name, **writer.end(self._file())} for name, writer in self._columns.items()}
            self._stack.close()
        except (*BROKEN, SourceError):
            self.give_up()
            return {}
        return places

    def give_up(self) -> None:
        """Leave nothing behind."""
        if not self.given_up:
            self.given_up = True
            self._columns.clear()
            with suppress(_GaveUpError, SourceError, OSError):
                self._stack.__exit__(_GaveUpError, _GaveUpError(), None)


class _GaveUpError(Exception):
    """Ends the writing of a file without putting it in its place."""


@dataclass(slots=True)
class _Out:
    """A file that is being written, and how long it is."""

    file: Any
    length: int = 0

    def write(self, data: Any) -> None:
        self.file.write(data)
        self.length += memoryview(data).nbytes


class _Writing:
    """What is known of a column while its parts come in."""

    __slots__ = ("_chunks", "_error_count", "_errors", "_hasher", "_pieces", "_rows", "held", "type")

    def __init__(self, type_: Type) -> None:
        self.type = type_
        self.held = 0  #: bytes that are to be written
        self._pieces: list[Any] = []
        self._chunks: list[list[int]] = []
        self._errors: list[list[Any]] = []
        self._error_count = 0
        self._hasher = xxh3_128()
        self._rows = 0

    def _count(self, column: Column) -> bool:
        """Write down the errors of a part, without holding on to what they quote; False where they are too many."""
        if column.errors is not None and len(column.errors):
            self._error_count += len(column.errors)
            if self._error_count > MOST_ERRORS:
                return False
            self._errors.append(_said(column.errors, self._rows))
        self._rows += len(column)
        return True

    def _write(self, out: _Out, data: Any) -> None:
        self._hasher.update(data)
        out.write(data)

    def _place(self, out: _Out) -> dict[str, Any]:
        errors = None
        if self._errors:
            said = json.dumps([[item for one in self._errors for item in one[part]] for part in range(3)]).encode()
            errors = [out.length, len(said)]
            self._write(out, said)
        return {
            "rows": self._rows,
            "type": str(self.type),
            "chunks": self._chunks,
            "errors": errors,
            "digest": self._hasher.hexdigest(),
        }


class _Numbers(_Writing):
    """Writes numbers, dates and truth values as they lie in memory. A chunk is its offset, rows, and if any is null."""

    __slots__ = ()

    def add(self, column: Column) -> bool:
        if not self._count(column):
            return False
        data = np.ascontiguousarray(column.data)
        self._pieces.append((data, column.null))
        self.held += data.nbytes
        return True

    def put(self, out: _Out) -> None:
        offset, rows = out.length, sum(len(data) for data, _ in self._pieces)
        for data, _ in self._pieces:
            self._write(out, data.view(np.uint8))
        nulls = any(null is not None for _, null in self._pieces)
        if nulls:
            masks = [np.zeros(len(data), np.bool_) if null is None else null for data, null in self._pieces]
            self._write(out, np.packbits(masks[0] if len(masks) == 1 else np.concatenate(masks)))
        self._chunks.append([offset, rows, int(nulls)])
        self._pieces.clear()
        self.held = 0

    def end(self, out: _Out) -> dict[str, Any]:
        if self._pieces:
            self.put(out)
        return self._place(out)


class _Stream(_Writing):
    """Writes text, lists and exact numbers as an Arrow stream. A chunk is its offset and its length."""

    __slots__ = ("_kind", "_stream")

    def __init__(self, type_: Type) -> None:
        super().__init__(type_)
        self._stream: Any = None
        self._kind: Any = None

    def add(self, column: Column) -> bool:
        if not self._count(column):
            return False
        array = _array(column)
        if self._stream is None:
            self._kind = array.type
            sink = pa.PythonFile(_Sink(self), mode="w")
            self._stream = pa.ipc.new_stream(sink, pa.schema([pa.field("v", array.type)]))
        elif array.type != self._kind:  # text that is coded in some parts, or coded otherwise
            array = array_of(column).cast(self._kind)
        self._stream.write_batch(pa.record_batch([array], ["v"]))
        return True

    def take(self, data: bytes) -> None:
        self._pieces.append(data)
        self.held += len(data)

    def put(self, out: _Out) -> None:
        self._chunks.append([out.length, self.held])
        for piece in self._pieces:
            self._write(out, piece)
        self._pieces.clear()
        self.held = 0

    def end(self, out: _Out) -> dict[str, Any]:
        if self._stream is None:
            self.add(Column.of([], self.type))
        self._stream.close()
        self.put(out)
        return self._place(out)


class _Sink(io.RawIOBase):
    """Gives what an Arrow stream writes to its column."""

    def __init__(self, owner: _Stream) -> None:
        super().__init__()
        self._owner = owner

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._owner.take(piece)
        return len(piece)


def _said(errors: Errors, before: int) -> list[Any]:
    """Return the rows, codes and messages of errors, where so many rows come before."""
    codes = [errors.code(place) for place in range(len(errors))]
    return [(errors.rows + before).tolist(), codes, errors.messages()]


def _array(column: Column) -> Any:
    """Return a column as an Arrow array: codes as they are, everything else as in a record."""
    return column.data if column.is_coded else array_of(column)


def _is_plain(type_: Type) -> bool:
    return not type_.is_arrow and not type_.is_big and type_.kind is not Kind.NULL


# ---------------------------------------------------------------- reading


def read(path: Path, places: Mapping[str, Place]) -> dict[str, Column]:
    """Return those columns of a pack that are there and whole."""
    found = {}
    with suppress(OSError), path.open("rb", buffering=0) as file:  # no map: a file that shrinks under it ends all
        for name, place in places.items():
            with suppress(*BROKEN):
                found[name] = _column(file, place)
    return found


def _column(file: Any, place: Place) -> Column:
    """Return a column of a pack.

    Raises:
        ValueError: it is not what was written, or another fault of a damaged file.
    """
    type_, hasher = type_of(place["type"]), xxh3_128()
    column = (_numbers if _is_plain(type_) else _stream)(file, place, type_, hasher)
    said = b"" if place["errors"] is None else _bytes(file, place["errors"][0], place["errors"][1], hasher)
    if hasher.hexdigest() != place["digest"] or len(column) != place["rows"]:
        raise ValueError("not what was written")
    return column.with_errors(_errors(json.loads(said))) if said else column


def _numbers(file: Any, place: Place, type_: Type, hasher: Any) -> Column:
    data = np.empty(place["rows"], numpy_dtype(type_))
    null = np.zeros(place["rows"], np.bool_) if any(nulls for _, _, nulls in place["chunks"]) else None
    start = 0
    for offset, rows, nulls in place["chunks"]:
        _into(file, offset, data[start : start + rows].view(np.uint8), hasher)
        if nulls and null is not None:
            bits = np.empty((rows + 7) // 8, np.uint8)
            _into(file, None, bits, hasher)
            null[start : start + rows] = np.unpackbits(bits, count=rows)
        start += rows
    data.flags.writeable = False
    return Column(type_, data, null)


def _stream(file: Any, place: Place, type_: Type, hasher: Any) -> Column:
    whole = b"".join([_bytes(file, offset, length, hasher) for offset, length in place["chunks"]])
    with pa.ipc.open_stream(pa.py_buffer(whole)) as stream:
        arrays = [batch.column(0) for batch in stream]
    coded = [isinstance(array, pa.DictionaryArray) for array in arrays]
    parts = [
        Column(type_, array) if is_coded else column_of(pa.chunked_array([array]), type_)
        for array, is_coded in zip(arrays, coded, strict=True)
    ]
    return concat(parts) if parts else Column.of([], type_)


def _bytes(file: Any, offset: int, length: int, hasher: Any) -> bytes:
    data = np.empty(length, np.uint8)
    _into(file, offset, data, hasher)
    return data.tobytes()


def _into(file: Any, offset: int | None, data: Any, hasher: Any) -> None:
    """Fill an array of bytes from a place of the file, or from where the last one ended."""
    if offset is not None:
        file.seek(offset)
    view, start = memoryview(data), 0
    while start < len(view):
        count = file.readinto(view[start:])
        if not count:
            raise ValueError("cut off")
        start += count
    hasher.update(data)


def _errors(said: list[list[Any]]) -> Errors:
    rows, codes, texts = said
    zeros = np.zeros(len(rows), np.int32)
    messages = np.array(texts, np.object_)
    numbers = np.array([NUMBER_OF_CODE[code] for code in codes], np.uint8)
    places = np.arange(len(rows), dtype=np.int64)
    return Errors(np.array(rows, np.int64), numbers, zeros, places, (Origin("", "{!0}", (messages,)),))


# ---------------------------------------------------------------- comparing


def equal(one: Column, other: Column) -> bool:
    """Tell whether two columns are the same to the bit, errors and their messages included; False where it's unclear.

    >>> equal(Column.of([1, None]), Column.of([1, None])), equal(Column.of([0.0]), Column.of([-0.0]))
    (True, False)
    """
    if one.type != other.type or len(one) != len(other) or _faults(one) != _faults(other):
        return False
    if not _is_plain(one.type):
        return _serialized(one) == _serialized(other)
    null = np.zeros(len(one), np.bool_) if one.null is None else one.null
    same_nulls = not null.any() if other.null is None else np.array_equal(null, other.null)
    if not same_nulls:
        return False
    word = f"u{one.data.dtype.itemsize}"
    differs = np.ascontiguousarray(one.data).view(word) != np.ascontiguousarray(other.data).view(word)
    return not (differs & ~null).any()


def _faults(column: Column) -> list[Any]:
    return [] if column.errors is None or not len(column.errors) else _said(column.errors, 0)


def _serialized(column: Column) -> bytes:
    """Return the bytes of a column as an Arrow message; only equal columns have equal ones."""
    found: bytes = pa.record_batch([array_of(column)], ["v"]).serialize().to_pybytes()
    return found
