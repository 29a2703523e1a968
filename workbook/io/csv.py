"""CSV: from text to columns of text.

pyarrow's reader does the work on clean files, all columns as text. Files that it refuses (rows with too few or
too many fields, quotes that do not match, comments beside quotes, separators beyond ASCII) go through Python's
own reader, which tells the lines that are odd. Both read the same fields; a test holds them together.
"""

from __future__ import annotations

import csv
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa

from sheetline.functions import errors as err
from sheetline.functions.errors import Errors, Origin
from sheetline.functions.interop import unique_names
from sheetline.workbook.io.faults import SourceError
from sheetline.workbook.io.notes import MOST_BAD_ROWS, BadRow
from sheetline.workbook.io.reach import Bytes, expect_utf8
from sheetline.workbook.model.endpoints import CsvSource

TEXT: Final = pa.large_string()
_LINE: Final = re.compile(rb"[^\r\n]*(?:\r\n?|\n)?")
_BLOCK: Final = 4 << 20
_LARGEST_BLOCK: Final = (1 << 31) - 1
_LONGEST_SHOWN: Final = 200


@dataclass(slots=True)
class Fields:
    """The fields of a CSV file.

    Attributes:
        names: the columns' names, made unique.
        columns: the text of the columns that were asked for, by their place.
        rows: how many rows there are.
        errors: rows with too many fields: all their cells are errors.
        short_rows, long_rows: how many rows have too few or too many fields.
        bad_rows: examples of both.
        warnings: sentences about names and rows.
    """

    names: list[str]
    columns: dict[int, Any] = field(default_factory=dict)
    rows: int = 0
    errors: Errors | None = None
    short_rows: int = 0
    long_rows: int = 0
    bad_rows: list[BadRow] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read_fields(data: Bytes, source: CsvSource, where: str, wanted: Callable[[list[str]], set[int]]) -> Fields:
    """Return the fields of CSV text; null words stay as they are.

    Args:
        data: the text as UTF-8.
        source: how it is written.
        where: the file, for messages.
        wanted: gets the columns' names and says the places of those to read.

    Raises:
        SourceError: no header, bytes that are no UTF-8, or a quote that is never closed.
    """
    lines = _Lines(data, source, where)
    fields = _header(lines, source, where)
    places = sorted(wanted(fields.names))
    if _NOT_BLANK.search(data, lines.place) is None:  # nothing but line ends: no rows
        fields.columns = {place: pa.array([], TEXT) for place in places}
        return fields
    return _fast(data, lines, source, fields, places, where) or _tolerant(lines, source, fields, places, where)


_NOT_BLANK: Final = re.compile(rb"[^\r\n]")


def read_names(data: Bytes, source: CsvSource, where: str) -> list[str]:
    """Return the names of the columns without reading any row."""
    return _header(_Lines(data, source, where), source, where).names


def record_lines(data: Bytes, source: CsvSource, where: str) -> Iterator[int]:
    """Yield the line, from 1, in which each row begins: a row may hold line ends, and lines may be left out."""
    lines = _Lines(data, source, where)
    _header(lines, source, where)
    with _any_length():
        for _ in _records(lines, source):
            yield lines.begun


# ---------------------------------------------------------------- lines and the header


class _Lines:
    """The lines of the text for Python's reader, with their numbers; comments between records are left out."""

    def __init__(self, data: Bytes, source: CsvSource, where: str) -> None:
        self.data, self.where = data, where
        self.place = self.number = self.begun = 0
        self.comment = source.comment
        self.fresh = True  # whether the next line begins a record
        for _ in range(source.skip):
            self.place = self._end()
            self.number += 1

    def _end(self) -> int:
        match = _LINE.match(self.data, self.place)
        return self.place if match is None else match.end()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while True:
            end = self._end()
            if end == self.place:
                raise StopIteration
            try:
                line = str(self.data[self.place : end], "utf-8")
            except UnicodeDecodeError:
                expect_utf8(self.data, self.where)
                raise
            self.place = end
            self.number += 1
            if self.fresh:
                if self.comment is not None and line.startswith(self.comment):
                    continue
                self.begun = self.number
            self.fresh = False
            return line


def _dialect(source: CsvSource) -> dict[str, Any]:
    plain = {"delimiter": source.delimiter, "skipinitialspace": False, "strict": False, "escapechar": None}
    if source.quote is None:
        return {**plain, "quoting": csv.QUOTE_NONE}
    return {**plain, "quotechar": source.quote, "doublequote": True}


_LIMIT_LOCK: Final = threading.Lock()


@contextmanager
def _any_length() -> Iterator[None]:
    """Let Python's reader take cells of any length; its limit is one for the process, so it is put back."""
    with _LIMIT_LOCK:
        before = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
        try:
            yield
        finally:
            csv.field_size_limit(before)


def _records(lines: _Lines, source: CsvSource) -> Iterator[list[str]]:
    """Yield the records that are not blank; ``lines.begun`` is the line in which the last one began."""
    reader = csv.reader(lines, **_dialect(source))
    while True:
        lines.fresh = True
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as fault:
            raise SourceError(f"the line cannot be read as CSV ({fault})", lines.where, "", lines.number) from None
        if record:
            yield record


def _header(lines: _Lines, source: CsvSource, where: str) -> Fields:
    """Read the names, and leave ``lines`` at the first row."""
    at = (lines.place, lines.number)
    with _any_length():
        first = next(_records(lines, source), None)
    if not source.header:
        lines.place, lines.number = at
        return Fields([f"Column{place}" for place in range(1, len(first or []) + 1)])
    if first is None:
        raise SourceError("the file has no header: it is empty", where, 'give "header": false if that is right')
    names, renamed = unique_names(first)
    if len(first) == 1:
        other = next((sign for sign in ";\t|," if sign in first[0] and sign != source.delimiter), None)
        if other is not None:
            renamed.append(f"the header is one column that holds {other!r}: is that the delimiter?")
    return Fields(names, warnings=renamed)


# ---------------------------------------------------------------- pyarrow's reader


def _fast(
    data: Bytes, lines: _Lines, source: CsvSource, fields: Fields, places: list[int], where: str
) -> Fields | None:
    """Read by pyarrow; None where it cannot or where only Python's reader tells what is wrong."""
    if not fields.names or ord(source.delimiter) > 127 or (source.quote is not None and ord(source.quote) > 127):
        return None
    quotes = 0 if source.quote is None else _count(data, ord(source.quote), lines.place)
    if quotes % 2:  # perhaps one is never closed
        return None
    part = data[lines.place :]
    if source.comment is not None:
        comment = re.escape(source.comment.encode())
        remark = re.compile(rb"(?:\A|(?<=[\r\n]))" + comment + rb"[^\r\n]*(?:\r\n?|\n)?")
        if remark.search(part) is not None:
            if quotes:  # the line may stand between quotes
                return None
            part = remark.sub(b"", part)
            if _NOT_BLANK.search(part) is None:
                return None
    block = _BLOCK
    while True:
        try:
            table = _parse(part, source, fields, places, quotes > 0, block)
        except (pa.ArrowInvalid, pa.ArrowCapacityError) as fault:
            if "invalid UTF8" in str(fault):
                expect_utf8(data, where)
            # A row that is longer than two blocks: read with blocks that hold it.
            if "straddling" not in str(fault) or block >= min(len(part), _LARGEST_BLOCK):
                return None
            block = min(block * 16, _LARGEST_BLOCK)
        else:
            break
    fields.rows = table.num_rows
    fields.columns = {place: _combined(table.column(str(place))) for place in places}
    return fields


def _count(data: Bytes, code: int, start: int) -> int:
    whole = np.frombuffer(data, np.uint8)
    return sum(int(np.count_nonzero(whole[low : low + (1 << 20)] == code)) for low in range(start, len(whole), 1 << 20))


def _parse(part: Bytes, source: CsvSource, fields: Fields, places: list[int], quotes: bool, block: int) -> Any:
    import pyarrow.csv as reader

    arrow_csv: Any = reader  # its stubs know no buffers

    names = [str(place) for place in range(len(fields.names))]
    kept = [str(place) for place in places] or names[:1]  # something must be read to count the rows
    return arrow_csv.read_csv(
        pa.BufferReader(part),
        read_options=arrow_csv.ReadOptions(column_names=names, block_size=block, use_threads=True),
        parse_options=arrow_csv.ParseOptions(
            delimiter=source.delimiter,
            quote_char=source.quote if quotes else False,
            double_quote=True,
            newlines_in_values=quotes,
            ignore_empty_lines=True,
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(kept, TEXT), include_columns=kept, strings_can_be_null=False, check_utf8=True
        ),
    )


def _combined(values: Any) -> Any:
    return values.chunk(0) if values.num_chunks == 1 else pa.concat_arrays(values.chunks or [pa.array([], TEXT)])


# ---------------------------------------------------------------- Python's reader


def _tolerant(lines: _Lines, source: CsvSource, fields: Fields, places: list[int], where: str) -> Fields:
    """Read by Python's reader: short rows are filled with nulls, rows that are too long become errors."""
    width = len(fields.names)
    rows: list[list[str | None]] = []
    long: list[tuple[int, BadRow]] = []
    trailing = 0
    last = (lines.place, lines.begun)
    with _any_length():
        for record in _records(lines, source):
            last = (lines.place, lines.begun)
            found = len(record)
            row: list[str | None] = list(record)
            if found != width:
                if found > width and not any(record[width:]):
                    trailing += 1  # separators at the end, with nothing behind
                else:
                    bad = BadRow(lines.begun, found, width, _shown(record, source))
                    if len(fields.bad_rows) < MOST_BAD_ROWS:
                        fields.bad_rows.append(bad)
                    if found > width:
                        long.append((len(rows), bad))
                        row = [None] * width
                    else:
                        fields.short_rows += 1
                        row += [None] * (width - found)
            rows.append(row)
    _expect_closed(lines, source, last[1], where)
    if trailing:
        fields.warnings.append(f"{trailing:,} rows end with separators that have nothing behind them")
    fields.rows, fields.long_rows = len(rows), len(long)
    if 2 * len(long) > len(rows):
        fields.warnings.append("most rows have too many fields: is the delimiter right, and the header's line (skip)?")
    fields.columns = {place: pa.array([row[place] for row in rows], TEXT) for place in places}
    fields.errors = _long_errors(long)
    return fields


def _shown(record: list[str], source: CsvSource) -> str:
    text = source.delimiter.join(record)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def _long_errors(long: list[tuple[int, BadRow]]) -> Errors | None:
    """Which field belongs to which column cannot be known: no cell of such a row is a value."""
    rows = np.array([row for row, _ in long], np.int64)
    numbers = [np.array([getattr(bad, key) for _, bad in long], np.int64) for key in ("line", "fields", "expected")]
    shown = pa.array([bad.text for _, bad in long], TEXT)
    return err.make(rows, "PARSE", Origin("", "line {0} has {1} fields instead of {2}: {3}", (*numbers, shown)))


def _expect_closed(lines: _Lines, source: CsvSource, begun: int, where: str) -> None:
    """Raise where the last record ran to the end of the file in search of a closing quote."""
    if source.quote is None:
        return
    text = _tail(lines.data, begun)
    try:
        with _any_length():
            for _ in csv.reader(text.splitlines(keepends=True), **{**_dialect(source), "strict": True}):
                pass
    except csv.Error as fault:
        if "unexpected end of data" in str(fault):
            what = f"a quote {source.quote} that opens here is never closed"
            raise SourceError(what, where, 'close it, or give "quote": null', begun) from None


def _tail(data: Bytes, line: int) -> str:
    """Return the text from a line (from 1) on."""
    place = 0
    for _ in range(line - 1):
        match = _LINE.match(data, place)
        place = place if match is None else match.end()
    return str(data[place:], "utf-8")
