"""The files of the cache: one for each column, and one for each sheet's rows, named by their keys.

A file appears whole or not at all (written under another name, then renamed), and ends with a hash of its key and of
what is before: a file that was cut off, changed or renamed is noticed, removed, and its content is computed again. Runs
that go on at the same time may write the same entry; the last one wins, and both wrote the same. Files that were unused
for longest are removed when all together take more than the cache may.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from xxhash import xxh3_128

from sheetline.functions.buffers import arrow_array, fixed_values, null_mask, truths
from sheetline.functions.columns import Column, concat, numpy_dtype
from sheetline.functions.errors import NUMBER_OF_CODE, Errors, Origin
from sheetline.functions.types import Kind, Type
from sheetline.workbook.io.atomic import written
from sheetline.workbook.io.faults import SourceError
from sheetline.workbook.record.objects import array_of, column_of, type_of

#: Bytes of all files together, where the caller says nothing else.
DEFAULT_SIZE: Final = 4 << 30
_MARK: Final = b"SLCACHE3"
_DIGEST: Final = 16
_BROKEN: Final = (OSError, ValueError, KeyError, TypeError, IndexError, pa.ArrowException)
#: A file that is being written is touched more often than that; an older one was left by a run that was killed.
LEFT_SECONDS: Final = 3600
_PIECE: Final = 1 << 20
#: A column with more errors than this is computed again rather than stored with all their messages.
MOST_ERRORS: Final = 100_000


def default_folder() -> Path:
    """Return the folder of the cache: ``SHEETLINE_CACHE``, or the system's place for caches of this user."""
    named = os.environ.get("SHEETLINE_CACHE")
    if named:
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path("sheetline", appauthor=False)


@dataclass(slots=True)
class Store:
    """A folder of results.

    Attributes:
        folder: where the files are; made when it is first written to.
        size: bytes that all files may take together.
    """

    folder: Path
    size: int = DEFAULT_SIZE

    def path(self, key: str) -> Path:
        """Return the file of a key."""
        return self.folder / key[:2] / key[2:]

    # --- columns

    def column(self, key: str) -> Column | None:
        """Return a stored column, or None where there is none (any more), or a damaged one."""
        data = self._read(key)
        if data is None:
            return None
        try:
            return _column_of(data)
        except _BROKEN:
            self._remove(self.path(key))
            return None

    def writer(self, key: str, type_: Type) -> ColumnWriter:
        """Return what takes a column part by part."""
        return ColumnWriter(key, self.path(key), type_)

    # --- facts

    def facts(self, key: str) -> dict[str, Any] | None:
        """Return what is stored of a sheet as a whole, or None."""
        data = self._read(key)
        try:
            found = None if data is None else json.loads(bytes(data))
        except ValueError:
            found = None
        return found if isinstance(found, dict) else None

    def put_facts(self, key: str, facts: Mapping[str, Any]) -> None:
        """Store plain values."""
        data = json.dumps(facts, ensure_ascii=False).encode()
        with written(self.path(key)) as temporary:
            temporary.write_bytes(data + _digest(key, data) + _MARK)

    # --- files

    def touch(self, key: str) -> bool:
        """Tell whether there is a file of a key, which is in use again."""
        try:
            os.utime(self.path(key))
        except FileNotFoundError:
            return False
        except OSError:
            return self.path(key).exists()  # in a folder that is only to be read
        return True

    def _read(self, key: str) -> memoryview | None:
        """Return a file's content, checked, or None; a damaged file is removed."""
        path = self.path(key)
        try:
            with pa.OSFile(str(path), "r") as file:  # no map: a file that shrinks under a map ends the process
                data = memoryview(file.read_buffer())
        except OSError:
            return None
        end = len(data) - _DIGEST - len(_MARK)
        whole = end >= 0 and bytes(data[end + _DIGEST :]) == _MARK
        if not whole or _digest(key, data[:end]) != bytes(data[end : end + _DIGEST]):
            self._remove(path)
            return None
        self.touch(key)
        return data[:end]

    def _remove(self, path: Path) -> None:
        with suppress(OSError):  # somebody else's file; it will be found damaged again
            path.unlink(missing_ok=True)

    def _files(self) -> Iterator[os.DirEntry[str]]:
        """Give all files, whatever happens to the folder meanwhile."""
        with suppress(OSError), os.scandir(self.folder) as folders:  # it went away, or is not to be read
            for folder in folders:
                if len(folder.name) == 2:
                    with suppress(OSError), os.scandir(folder.path) as files:
                        yield from files

    def tidy(self) -> None:
        """Remove what interrupted runs left, and the longest unused files beyond the cache's size."""
        import time

        found: list[tuple[float, int, str]] = []
        for file in self._files():
            try:
                facts = file.stat()
            except OSError:
                continue
            if file.name.endswith(".tmp"):
                if time.time() - facts.st_mtime > LEFT_SECONDS:
                    self._remove(Path(file.path))
                continue
            found.append((facts.st_mtime, facts.st_size, file.path))
        spare = sum(size for _, size, _ in found) - self.size
        for _, size, path in sorted(found) if spare > 0 else ():
            if spare <= 0:
                break
            self._remove(Path(path))
            spare -= size


@dataclass(slots=True)
class ColumnWriter:
    """Writes a column part by part; the file appears when all is written.

    A failure to write (a full disk, say) makes the writer give up: the cache is a help, no part of the result.
    """

    key: str
    path: Path
    type: Type
    given_up: bool = False
    _stack: ExitStack = field(default_factory=ExitStack)
    _stream: Any = None
    _stream_type: Any = None
    _sink: _Sink | None = None
    _errors: list[list[Any]] = field(default_factory=list)
    _error_count: int = 0
    _rows: int = 0

    def add(self, column: Column) -> None:
        """Write the next rows."""
        if self.given_up:
            return
        if column.errors is not None and not self._add_errors(column.errors):
            self.give_up()
            return
        self._rows += len(column)
        try:
            array = _array(column)
            if self._stream is None:
                self._start(array.type)
            elif array.type != self._stream_type:  # text that is coded in some parts, or coded otherwise
                array = array_of(column).cast(self._stream_type)
            self._stream.write_batch(pa.record_batch([array], ["v"]))
        except (*_BROKEN, SourceError):
            self.give_up()

    def _add_errors(self, errors: Errors) -> bool:
        """Write down errors, without holding on to the arrays that they quote."""
        self._error_count += len(errors)
        if self._error_count > MOST_ERRORS:
            return False
        codes = [errors.code(place) for place in range(len(errors))]
        self._errors.append([(errors.rows + self._rows).tolist(), codes, errors.messages()])
        return True

    def _start(self, type_: Any) -> None:
        self._sink = _Sink(self._stack.enter_context(written(self.path)), _hasher(self.key))
        self._stream_type = type_
        self._stream = pa.ipc.new_stream(
            pa.PythonFile(self._sink, mode="w"),
            pa.schema([pa.field("v", type_)], {b"type": str(self.type).encode()}),
        )

    def finish(self) -> None:
        """Write what ends the file, and put it in its place."""
        if self.given_up:
            return
        if self._stream is None:
            self.add(Column.of([], self.type))
        if self._stream is None or self._sink is None:
            return
        try:
            self._stream.close()
            errors = json.dumps(self._errors).encode()
            self._sink.write(errors)
            self._sink.write(len(errors).to_bytes(8, "little"))
            self._sink.end()
            self._stack.close()
        except (*_BROKEN, SourceError):
            self.give_up()

    def give_up(self) -> None:
        """Leave nothing behind."""
        if self.given_up:
            return
        self.given_up = True
        self._errors.clear()
        with suppress(_GaveUpError, SourceError, OSError):
            self._stack.__exit__(_GaveUpError, _GaveUpError(), None)


class _GaveUpError(Exception):
    """Ends the writing of a file without putting it in its place."""


class _Sink(io.RawIOBase):
    """Hashes what is written, and writes it in large pieces; the file is open only then, since there are many."""

    def __init__(self, path: Path, hasher: Any) -> None:
        super().__init__()
        self._path = path
        self._hasher = hasher
        self._pieces: list[bytes] = []
        self._held = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self._held += len(piece)
        if self._held >= _PIECE:
            self._out()
        return len(piece)

    def end(self) -> None:
        """Write the rest, and what tells that all is there."""
        self._out(last=True)

    def _out(self, *, last: bool = False) -> None:
        for piece in self._pieces:
            self._hasher.update(piece)
        with self._path.open("ab") as file:
            file.writelines(self._pieces)
            if last:
                file.write(self._hasher.digest() + _MARK)
        self._pieces.clear()
        self._held = 0


def _hasher(key: str) -> Any:
    """Return a hasher of a file's content that knows its key: a file under another's name is not trusted."""
    return xxh3_128(key.encode())


def _digest(key: str, data: bytes | memoryview) -> bytes:
    hasher = _hasher(key)
    hasher.update(data)
    return bytes(hasher.digest())


def _column_of(data: memoryview) -> Column:
    length = int.from_bytes(data[-8:], "little")
    end = len(data) - 8 - length
    errors = json.loads(bytes(data[end:-8]))
    with pa.ipc.open_stream(pa.py_buffer(data[:end])) as stream:
        type_ = type_of(stream.schema.metadata[b"type"].decode())
        batches = list(stream)
    parts = [_part(batch.column(0), type_) for batch in batches]
    column = concat(parts) if parts else Column.of([], type_)
    if not errors:
        return column
    rows = np.array([row for one in errors for row in one[0]], np.int64)
    codes = np.array([NUMBER_OF_CODE[code] for one in errors for code in one[1]], np.uint8)
    messages = np.array([text for one in errors for text in one[2]], np.object_)
    zeros = np.zeros(len(rows), np.int32)
    origin = Origin("", "{!0}", (messages,))
    return column.with_errors(Errors(rows, codes, zeros, np.arange(len(rows), dtype=np.int64), (origin,)))


def _array(column: Column) -> Any:
    """Return a column as it is stored: numbers as they lie in memory, everything else as in a record."""
    if column.is_coded:
        return column.data
    if _is_plain(column.type):
        return arrow_array(column.data, column.null)
    return array_of(column)


def _is_plain(type_: Type) -> bool:
    return not type_.is_arrow and not type_.is_big and type_.kind is not Kind.NULL


def _part(array: Any, type_: Type) -> Column:
    if _is_plain(type_):
        logical = type_.kind is Kind.BOOLEAN
        return Column(type_, truths(array) if logical else fixed_values(array, numpy_dtype(type_)), null_mask(array))
    if isinstance(array, pa.DictionaryArray):
        return Column(type_, array)
    return column_of(pa.chunked_array([array]), type_)
