"""Data in and out: CSV, JSON lines, Parquet and frames become tables, and tables become files.

- :mod:`~sheetline.workbook.io.read`: sources of every type; names, types, counts.
- :mod:`~sheetline.workbook.io.write`: outputs of every type, each written whole or not at all.
- :mod:`~sheetline.workbook.io.notes`: what was found while reading.
- :mod:`~sheetline.workbook.io.faults`: :class:`SourceError`, when data cannot be reached.
"""

from __future__ import annotations

from sheetline.workbook.io.faults import SourceError
from sheetline.workbook.io.notes import BadRow, Example, ReadNotes, ReadResult, examples
from sheetline.workbook.io.read import endpoint_for_path, left_out, look_at, read_source, source_names
from sheetline.workbook.io.write import WriteResult, write_output

__all__ = [
    "BadRow",
    "Example",
    "ReadNotes",
    "ReadResult",
    "SourceError",
    "WriteResult",
    "endpoint_for_path",
    "examples",
    "left_out",
    "look_at",
    "read_source",
    "source_names",
    "write_output",
]
