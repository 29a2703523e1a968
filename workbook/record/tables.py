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
from sheetline.workbook.record.hashing import LEAF_ROWS, ColumnHash, ColumnHasher, Content, Inside
from sheetline.workbook.record.leaf_values import FORMAT
from sheetline.workbook.record.turns import Turns

#: Hashing so few rows again costs less than remembering them.
_SHORT = 4096
#: So few values are hashed by one thread.
_FEW = 1 << 17


@dataclass(slots=True)
class _Seen:
    """An array that was hashed just now: what is inside it, and the hashers before and behind it. It is not held."""

    data: Any
    null: Mask | None
    errors: Errors | None
    type: Type
    place: int  #: rows of the unfinished leaf before it
    inside: Inside | None
    step: tuple[ColumnHasher, ColumnHasher] | None = None

    def of(self, column: Column, place: int) -> bool:
        """Tell whether it is this very column at this place."""
        same = self.data() is column.data and self.null is column.null and self.errors is column.errors
        return same and self.place == place and self.type == column.type


class _OfThread(threading.local):
    """What each thread has for itself."""

    def __init__(self) -> None:
        self.scratch = np.empty(LEAF_ROWS)


@dataclass(slots=True)
class SharedHashes:
    """What several sheets' hashers know together: the threads, their memory, and which arrays were hashed just now."""

    workers: Workers | None = None
    _own: _OfThread = field(default_factory=_OfThread)
    _seen: dict[int, _Seen] = field(default_factory=dict)
    _fresh: dict[Type, ColumnHasher] = field(default_factory=dict)

    def fresh(self, type_: Type) -> ColumnHasher:
        """Return a hasher that has seen nothing, the same one for all columns of a type."""
        return self._fresh.setdefault(type_, ColumnHasher(type_))

    def scratch(self) -> Array:
        """Return the memory of this thread."""
        return self._own.scratch

    def begun(self, column: Column, before: int) -> _Begun:
        """Hash what of a column does not depend on the rows before; of an array that was hashed just now, that."""
        key, place = id(column.data), before % LEAF_ROWS
        known = self._seen.get(key)
        if known is not None and known.of(column, place):
            return _Begun(column, known)
        content = Content.of(column)
        inside = content.inside(before, self._own.scratch)
        reference = weakref.ref(column.data, lambda _: self._seen.pop(key, None))
        known = _Seen(reference, column.null, column.errors, column.type, place, inside)
        self._seen[key] = known
        return _Begun(column, known, content)

    def joined(self, hasher: ColumnHasher, begun: _Begun) -> ColumnHasher:
        """Return a hasher behind a column that was begun, where ``hasher`` is the one before it."""
        seen = begun.seen
        if seen.step is not None and seen.step[0] is hasher:
            return seen.step[1]
        behind = hasher.copy()
        behind.join(begun.content or Content.of(begun.column), seen.inside, self._own.scratch)
        seen.step = hasher, behind
        return behind


@dataclass(slots=True)
class _Begun:
    """A column that was begun to be hashed: what is known of its array, and what it holds if that was looked at."""

    column: Column
    seen: _Seen
    content: Content | None = None


@dataclass(slots=True)
class TableHasher:
    """Hashes all columns of a sheet that arrives in parts.

    Sheets that were given the same arrays share the hashers of their columns, which are not changed: each part gives
    new ones.

    >>> from sheetline.functions.columns import Column, Table
    >>> hasher = TableHasher()
    >>> hasher.update(Table.of({"x": Column.of([1, 2])}))
    >>> hasher.update(Table.of({"x": Column.of([3])}))
    >>> hasher.finish() == hash_table(Table.of({"x": Column.of([1, 2, 3])}))
    True
    """

    shared: SharedHashes = field(default_factory=SharedHashes)
    rows: int = 0
    _hashers: dict[str, ColumnHasher] = field(default_factory=dict)
    _own: bool = False  #: whether no other sheet knows these hashers
    _counting: Turns = field(default_factory=Turns)
    _joining: Turns = field(default_factory=Turns)

    def update(self, table: Table) -> None:
        """Take the next rows.

        Raises:
            ValueError: the columns or their types differ from those before.
        """
        before = self._next(table)
        if table.rows < _SHORT:
            self._take(table)
            return
        self._own = False

        def hashed(name: str) -> None:
            begun = self.shared.begun(table.columns[name], before)
            self._hashers[name] = self.shared.joined(self._hashers[name], begun)

        workers = self.shared.workers
        if workers is None or workers.threads < 2 or table.rows * len(table.columns) < _FEW:
            for name in table.columns:
                hashed(name)
        else:
            workers.map(hashed, table.columns)

    def update_in_turn(self, table: Table, number: int) -> None:
        """Take the part of a number from the thread that made it; threads call this side by side, once a number.

        Where leaves lie is known once those before have counted their rows; from the first end of a leaf on rows are
        hashed at once, and those before it when it is this part's turn.

        Raises:
            ValueError: the columns or their types differ from those before.
            StoppedError: a part before this one failed.
        """
        with self._counting.turn(number):
            before = self._next(table)
        if table.rows < _SHORT:
            with self._joining.turn(number):
                self._take(table)
            return
        begun = {name: self.shared.begun(column, before) for name, column in table.columns.items()}
        with self._joining.turn(number):
            self._own = False
            for name, one in begun.items():
                self._hashers[name] = self.shared.joined(self._hashers[name], one)

    def stop(self, number: int) -> None:
        """Say that the part of a number failed: nobody need wait for it."""
        self._counting.stop(number)
        self._joining.stop(number)

    def _take(self, table: Table) -> None:
        """Take a short part: nobody else need know of it, so that these hashers can go on as they are."""
        if not self._own:
            self._hashers = {name: hasher.copy() for name, hasher in self._hashers.items()}
            self._own = True
        scratch = self.shared.scratch()
        for name, hasher in self._hashers.items():
            hasher.update(table.columns[name], scratch)

    def _next(self, table: Table) -> int:
        """Count the rows of a part, and return how many came before."""
        if not self._hashers:
            self.expect(table.types)
        if list(self._hashers) != list(table.columns):
            raise ValueError(f"columns {list(self._hashers)} go on with {list(table.columns)}")
        before = self.rows
        self.rows += table.rows
        return before

    @property
    def expects(self) -> bool:
        """Whether the columns are known."""
        return bool(self._hashers)

    def expect(self, columns: Mapping[str, Type]) -> None:
        """Say the columns and their types, for a sheet of which no part may come."""
        if not self._hashers:
            self._hashers = {name: self.shared.fresh(type_) for name, type_ in columns.items()}

    def finish(self) -> dict[str, ColumnHash]:
        """Return the hashes of all columns, in order."""
        return {name: hasher.finish() for name, hasher in self._hashers.items()}


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
