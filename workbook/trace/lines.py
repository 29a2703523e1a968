"""The lines of a file in which rows of a source stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sheetline.workbook.io import csv, jsonl, reach
from sheetline.workbook.model.endpoints import CsvSource, JsonlSource, ParquetSource
from sheetline.workbook.sources import Reader, SourceStep
from sheetline.workbook.steps import Step

#: Rows further down a file are told by their number alone: the lines before them would have to be read again.
FURTHEST: Final = 1_000_000


def place_of(step: Step) -> str:
    """Return what a source was read from: a path as the workbook has it, or "a frame"; empty for other sheets."""
    if not isinstance(step, SourceStep):
        return ""
    endpoint = step.reader.endpoint
    return endpoint.path if isinstance(endpoint, CsvSource | JsonlSource | ParquetSource) else "a frame"


def lines_of(step: Step, rows: Sequence[int]) -> dict[int, int]:
    """Return the line, from 1, in which each of some rows of a source begins; those that are not known are left out.

    Raises:
        SourceError: the file can't be read any more.
    """
    if not isinstance(step, SourceStep) or not rows:
        return {}
    some = [row for row in rows if row < FURTHEST]
    return _found(step.reader, some) if some else {}


def _found(reader: Reader, rows: Sequence[int]) -> dict[int, int]:
    endpoint = reader.endpoint
    if not isinstance(endpoint, CsvSource | JsonlSource):
        return {}
    data, where = reach.read_text(endpoint.path, reader.folder, endpoint.compression, endpoint.encoding)
    begun = (
        csv.record_lines(data, endpoint, where) if isinstance(endpoint, CsvSource) else jsonl.object_lines(data, where)
    )
    wanted, last = set(rows), max(rows)
    found: dict[int, int] = {}
    for row, line in enumerate(begun):
        if row in wanted:
            found[row] = line
        if row == last:
            break
    return found
