"""Hashes of columns: equal for equal content, however it is held, cut into parts, or computed.

A column is cut into *leaves* of 65,536 rows (the last may be shorter), each leaf is hashed with XXH3 (128 bits), and
the hash of the column is the BLAKE3 hash of its type, its leaves and its number of rows. XXH3 runs at the speed of
memory, so that a run with a record takes little longer than one without; it tells any accident, but it is no defence
against somebody who makes other content of the same hash on purpose. Files are fingerprinted with BLAKE3, which is.

What is hashed is the content alone: the bytes of a leaf's values, and behind them the name of the type, the number of
rows, and

* nulls are one bit a row (or a mark that there are none), and whatever stands in their slots counts as zero;
* floats are their bits, where -0 is 0 and a null is the NaN of one pattern, so that they need no other mark;
* dates are whole microseconds; all numbers are little-endian;
* text of up to seven bytes is a number, its bytes and how many they are; the rows of a leaf from the first longer one
  on are their bytes, and their lengths in bytes; whether it is held plainly or as codes of a dictionary;
* lists are their lengths, and their elements as a column of their own; pairs are their two columns;
* exact numbers are written out (1.0 and 1.00 differ, as they do when they become text);
* an error is the row in its leaf and the code; its row is a null. Messages are no content.

The format is a constant: hashes of one format are comparable between runs, machines and versions.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from blake3 import blake3

from sheetline.functions.columns import Array, Column
from sheetline.functions.errors import Errors, Mask
from sheetline.functions.types import Kind, Type
from sheetline.workbook.record.coded_words import Words
from sheetline.workbook.record.leaf_values import FORMAT, Leaf, leaf_of

#: Rows of a leaf: part of the format.
LEAF_ROWS: Final = 65_536
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

    __slots__ = ("_leaf", "_leaves", "rows", "type")

    def __init__(self, type_: Type, leaf: Leaf | None = None) -> None:
        self.type = type_
        self.rows = 0
        self._leaves: list[bytes] = []
        self._leaf = leaf_of(type_) if leaf is None else leaf

    def update(self, column: Column, scratch: Array | None = None) -> None:
        """Take the next rows.

        Args:
            column: the rows.
            scratch: memory for 65,536 floats that may be overwritten.

        Raises:
            ValueError: they are of another type.
        """
        content = Content.of(column)
        scratch = np.empty(min(content.rows, LEAF_ROWS)) if scratch is None else scratch
        self.join(content, content.inside(self.rows, scratch), scratch)

    def join(self, content: Content, inside: Inside | None, scratch: Array) -> None:
        """Take the next rows, of which all behind the end of the unfinished leaf may be hashed already.

        Raises:
            ValueError: they are of another type.
        """
        if content.type is not self.type and content.type != self.type:
            raise ValueError(f"a column of {self.type} goes on with {content.type}")
        rows = content.rows
        first = rows if inside is None else inside.start
        if first:
            content.put(0, first, self._leaf, scratch)
        if inside is not None:
            self._leaves += [self._leaf.digest(), *inside.leaves] if self._leaf.rows else inside.leaves
            self._leaf = inside.behind.copy()
        self.rows += rows

    def finish(self) -> ColumnHash:
        """Return the hash of all rows so far; more may follow."""
        leaves = [*self._leaves, self._leaf.copy().digest()] if self._leaf.rows else self._leaves
        name = str(self.type)
        whole = blake3(b"".join([_COLUMN, name.encode(), struct.pack("<BQ", 0, self.rows), *leaves]))
        return ColumnHash(name, self.rows, whole.hexdigest(), tuple([leaf.hex() for leaf in leaves]))

    def copy(self) -> ColumnHasher:
        """Return a hasher in the same state."""
        other = ColumnHasher(self.type, self._leaf.copy())
        other.rows, other._leaves = self.rows, [*self._leaves]
        return other


@dataclass(slots=True)
class Inside:
    """What of some rows does not depend on the rows before them: all from the first end of a leaf on.

    Attributes:
        start: which row that is.
        leaves: the hashes of the whole leaves from there on.
        behind: the unfinished leaf behind them; it is not to be changed.
    """

    start: int
    leaves: list[bytes]
    behind: Leaf


@dataclass(slots=True)
class Content:
    """A column as it is hashed; what has to be found out about all of it is found out once."""

    type: Type
    data: Any
    null: Mask | None
    errors: Errors | None
    words: Words | None

    @classmethod
    def of(cls, column: Column) -> Content:
        """Return the content of a column."""
        null = column.nulls() if column.type.kind is Kind.FLOAT else column.null
        errors = column.errors if column.errors is not None and len(column.errors) else None
        if errors is not None:
            failed = errors.mask(len(column))
            null = failed if null is None else null | failed
        return cls(column.type, column.data, null, errors, Words.of(column))

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return len(self.data)

    def put(self, start: int, stop: int, leaf: Leaf, scratch: Array) -> None:
        """Give some rows to a leaf."""
        if self.errors is not None:
            here = self.errors.slice(start, stop)
            if here is not None:
                leaf.errors.append((here.rows + leaf.rows, here.codes))
        whole = self.data
        data = whole[start:stop] if isinstance(whole, np.ndarray) else whole.slice(start, stop - start)
        null = None if self.null is None else self.null[start:stop]
        leaf.update(data, null, scratch, None if self.words is None else self.words.slice(start, stop))

    def inside(self, before: int, scratch: Array) -> Inside | None:
        """Hash what does not depend on the rows before, if so many are; None where no leaf ends in these rows.

        >>> from sheetline.functions.columns import Column
        >>> content = Content.of(Column.of(range(140_000)))
        >>> found = content.inside(0, np.empty(LEAF_ROWS))
        >>> [leaf.hex() for leaf in found.leaves] == list(hash_column(Column.of(range(140_000))).leaves[:2])
        True
        >>> found.start, found.behind.rows
        (0, 8928)
        """
        if self.rows < LEAF_ROWS - before % LEAF_ROWS:
            return None
        first = start = -before % LEAF_ROWS
        leaves, leaf = [], leaf_of(self.type)
        while start < self.rows:
            stop = min(start + LEAF_ROWS, self.rows)
            self.put(start, stop, leaf, scratch)
            if stop - start == LEAF_ROWS:
                leaves.append(leaf.digest())
                leaf = leaf_of(self.type)
            start = stop
        return Inside(first, leaves, leaf)


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
