"""What reading a source found: counts, examples and warnings. Nothing that was lost or changed is silent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sheetline.functions.arrow import ColumnNotes
from sheetline.functions.columns import Column, Table

#: How many bad rows are kept as examples; all are counted.
MOST_BAD_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row of a file with too few or too many fields: its line (from 1), fields found and expected, and its text."""

    line: int
    fields: int
    expected: int
    text: str

    def __str__(self) -> str:
        plural = "" if self.fields == 1 else "s"
        return f"line {self.line} has {self.fields} field{plural} instead of {self.expected}: {self.text}"


@dataclass(frozen=True, slots=True)
class Example:
    """An error value of a column: its row (from 0), code and message, which quotes the input."""

    row: int
    code: str
    message: str


@dataclass(slots=True)
class ReadNotes:
    """The report of reading one source.

    Attributes:
        where: the file.
        rows: rows read.
        columns: counts by the sheet's name of the column, of columns that were read.
        short_rows: rows with too few fields; what they lack is null.
        long_rows: rows with too many fields; all their cells are error values PARSE.
        bad_rows: examples of both, in order.
        warnings: sentences about the file, such as names that were changed.
        inferred: columns whose type was inferred from their content.
    """

    where: str = ""
    rows: int = 0
    columns: dict[str, ColumnNotes] = field(default_factory=dict)
    short_rows: int = 0
    long_rows: int = 0
    bad_rows: list[BadRow] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    inferred: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yield the report as sentences: what a person should know; a clean source gives none."""
        yield from self.warnings
        if self.short_rows:
            yield f"{_count(self.short_rows, 'row')} with too few fields: what is missing is null"
        if self.long_rows:
            yield f"{_count(self.long_rows, 'row')} with too many fields: their cells are errors"
        for row in self.bad_rows[:3]:
            yield str(row)
        for name, notes in self.columns.items():
            words = [
                (notes.unreadable, "cell that cannot be read", "cells that cannot be read"),
                (notes.infinities, "infinity, which is an error", "infinities, which are errors"),
                (notes.nan, "NaN, which is null", "NaN, which are null"),
                (notes.cut, "date cut to microseconds", "dates cut to microseconds"),
            ]
            found = [f"{number:,} {one if number == 1 else more}" for number, one, more in words if number]
            if found or notes.remarks:
                yield f"column '{name}': {'; '.join([*found, *notes.remarks])}"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def examples(column: Column, most: int = 1_000) -> list[Example]:
    """Return up to ``most`` error values of a column, in row order."""
    errors = column.errors
    if errors is None:
        return []
    rows = errors.rows[:most].tolist()
    return [Example(row, errors.code(place), errors.message(place)) for place, row in enumerate(rows)]


@dataclass(frozen=True, slots=True)
class ReadResult:
    """A source that was read: its table, and what was found."""

    table: Table
    notes: ReadNotes
