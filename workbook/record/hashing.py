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
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from blake3 import blake3
from xxhash import xxh3_128

from sheetline.functions.columns import Array, Column
from sheetline.functions.errors import CODES, Errors, Mask
from sheetline.functions.types import Kind, Type
from sheetline.workbook.record.leaf_values import Values, Words, values_of

#: Rows of a leaf: part of the format.
LEAF_ROWS: Final = 65_536
FORMAT: Final = "sheetline/hash/2"
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
