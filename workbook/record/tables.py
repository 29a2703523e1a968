"""Hashes of whole sheets: all columns of a table that arrives in parts, over threads, and each array once.

A sheet often passes on columns of the sheet underneath as they are: the very same arrays. Those are hashed once. It is
seen by the identity of the arrays, which are never written to, and only while they are alive.
"""

from __future__ import annotations

import struct
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from blake3 import blake3

from sheetline.formulas.blocks import Workers
from sheetline.functions.columns import Array, Column, Table
from sheetline.functions.errors import Errors, Mask
from sheetline.functions.types import Type
from sheetline.workbook.record.hashing import FORMAT, LEAF_ROWS, ColumnHash, ColumnHasher, Content
from sheetline.workbook.record.turns import Turns

#: Hashing so few rows again costs less than remembering them.
_SHORT = 4096


@dataclass(slots=True)
class _Track:
    """A hasher with a token for its state: hashers of one token have seen the same."""

    hasher: ColumnHasher
    token: object

    @classmethod
    def fresh(cls, type_: Type) -> _Track:
        """Return a hasher that has seen nothing."""
        return cls(ColumnHasher(type_), str(type_))


@dataclass(frozen=True, slots=True)
class _Seen:
    """An array that was hashed: by whom, and the tokens of its state before and behind it. The array is not held."""

    data: Any
    null: Mask | None
    errors: Errors | None
    before: object
    behind: object
    track: _Track


@dataclass(frozen=True, slots=True)
class _Leaves:
    """The hashes of an array's whole leaves. The array is not held."""

    data: Any
    null: Mask | None
    errors: Errors | None
    before: int
    type: Type
    hashes: list[bytes]


class _OfThread(threading.local):
    """What each thread has for itself."""

    def __init__(self) -> None:
        self.scratch = np.empty(LEAF_ROWS)
        self.leaves: dict[int, _Leaves] = {}


@dataclass(slots=True)
class SharedHashes:
    """What several sheets' hashers know together: the threads, their memory, and which arrays were hashed just now."""

    workers: Workers | None = None
    _own: _OfThread = field(default_factory=_OfThread)
    _seen: dict[int, _Seen] = field(default_factory=dict)

    def scratch(self) -> Array:
        """Return the memory of this thread."""
        return self._own.scratch

    def leaves(self, column: Column, content: Content, before: int) -> list[bytes]:
        """Return the hashes of a column's whole leaves; of an array that this thread saw last time, those of then."""
        key = id(column.data)
        known = self._own.leaves.get(key)
        if known is not None and known.data() is column.data:
            same = known.null is column.null and known.errors is column.errors
            if same and known.before == before % LEAF_ROWS and known.type == column.type:
                return known.hashes
        hashes = content.leaves(before, self._own.scratch)
        leaves = self._own.leaves
        reference = weakref.ref(column.data, lambda _: leaves.pop(key, None))
        leaves[key] = _Leaves(reference, column.null, column.errors, before % LEAF_ROWS, column.type, hashes)
        return hashes

    def follow(self, track: _Track, column: Column) -> bool:
        """Take the state of a hasher that saw all that ``track`` saw, then this very column; tell if there is one."""
        seen = self._seen.get(id(column.data))
        if seen is None or seen.data() is not column.data:
            return False
        same = seen.null is column.null and seen.errors is column.errors
        if not same or seen.before != track.token or seen.track.token is not seen.behind:
            return False
        track.hasher, track.token = seen.track.hasher.copy(), seen.behind
        return True

    def note(self, track: _Track, column: Column) -> None:
        """Note that a column was hashed; of a short one it is not worth it."""
        before, track.token = track.token, object()
        if len(column) < _SHORT:
            return
        key = id(column.data)
        reference = weakref.ref(column.data, lambda _: self._seen.pop(key, None))
        self._seen[key] = _Seen(reference, column.null, column.errors, before, track.token, track)


@dataclass(slots=True)
class TableHasher:
    """Hashes all columns of a sheet that arrives in parts.

    >>> from sheetline.functions.columns import Column, Table
    >>> hasher = TableHasher()
    >>> hasher.update(Table.of({"x": Column.of([1, 2])}))
    >>> hasher.update(Table.of({"x": Column.of([3])}))
    >>> hasher.finish() == hash_table(Table.of({"x": Column.of([1, 2, 3])}))
    True
    """

    shared: SharedHashes = field(default_factory=SharedHashes)
    rows: int = 0
    _tracks: dict[str, _Track] = field(default_factory=dict)
    _counting: Turns = field(default_factory=Turns)
    _joining: Turns = field(default_factory=Turns)

    def update(self, table: Table) -> None:
        """Take the next rows.

        Raises:
            ValueError: the columns or their types differ from those before.
        """
        pairs = self._next(table)
        work = [(track, column) for track, column in pairs if not self.shared.follow(track, column)]
        self._hash(work)
        for track, column in work:
            self.shared.note(track, column)

    def update_in_turn(self, table: Table, number: int) -> None:
        """Take the part of a number from the thread that made it; threads call this side by side, once a number.

        Where leaves lie is known once those before have counted their rows; whole leaves are hashed at once, and the
        rows at the edges when it is this part's turn.

        Raises:
            ValueError: the columns or their types differ from those before.
            StoppedError: a part before this one failed.
        """
        with self._counting.turn(number):
            before = self.rows
            pairs = self._next(table)
        work = []
        for track, column in pairs:
            content = Content.of(column)
            work.append((track, content, self.shared.leaves(column, content, before)))
        with self._joining.turn(number):
            for track, content, ready in work:
                track.hasher.update(content, self.shared.scratch(), ready)
                track.token = object()

    def stop(self, number: int) -> None:
        """Say that the part of a number failed: nobody need wait for it."""
        self._counting.stop(number)
        self._joining.stop(number)

    def _next(self, table: Table) -> list[tuple[_Track, Column]]:
        self.expect(table.types)
        if list(self._tracks) != list(table.columns):
            raise ValueError(f"columns {list(self._tracks)} go on with {list(table.columns)}")
        self.rows += table.rows
        return [(self._tracks[name], column) for name, column in table.columns.items()]

    def expect(self, columns: Mapping[str, Type]) -> None:
        """Say the columns and their types, for a sheet of which no part may come."""
        if not self._tracks:
            self._tracks = {name: _Track.fresh(type_) for name, type_ in columns.items()}

    def finish(self) -> dict[str, ColumnHash]:
        """Return the hashes of all columns, in order."""
        return {name: track.hasher.finish() for name, track in self._tracks.items()}

    def _hash(self, work: list[tuple[_Track, Column]]) -> None:
        workers = self.shared.workers
        threads = 1 if workers is None else min(workers.threads, len(work))
        shares = [work[number::threads] for number in range(threads)]

        def hashed(share: int) -> None:
            for track, column in shares[share]:
                track.hasher.update(column, self.shared.scratch())

        if workers is None or threads < 2:
            for share in range(threads):
                hashed(share)
        else:
            workers.map(hashed, range(threads))


def hash_table(table: Table, workers: Workers | None = None) -> dict[str, ColumnHash]:
    """Return the hashes of all columns of a table, in order."""
    hasher = TableHasher(SharedHashes(workers))
    hasher.update(table)
    return hasher.finish()


def hash_sheet(columns: Mapping[str, ColumnHash], rows: int) -> str:
    """Return one hash for a sheet: its columns with their names, in order, and its number of rows."""
    whole = blake3(FORMAT.encode() + b" sheet " + struct.pack("<QI", rows, len(columns)))
    for name, column in columns.items():
        word = name.encode()
        whole.update(struct.pack("<I", len(word)) + word + bytes.fromhex(column.hash))
    return str(whole.hexdigest())
