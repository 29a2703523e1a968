"""How large a source will be in memory, told without reading it: from a footer, or a look at the first lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sheetline.workbook.io import reach
from sheetline.workbook.io.faults import SourceError
from sheetline.workbook.model.endpoints import CsvSource, Endpoint, JsonlSource, ParquetSource

#: So much of a text file is looked at.
_PROBE: Final = 1 << 18
#: How many times larger a compressed text is taken to be when it is unpacked.
_PACKED: Final = 6


@dataclass(frozen=True, slots=True)
class SourceSize:
    """What a source holds.

    Attributes:
        rows: how many rows; None where nobody can tell.
        sure: whether that is no estimate.
        text: bytes of a text value by the column's name in the file, where that is known.
        reading: bytes that reading takes beside the columns.
    """

    rows: int | None
    sure: bool = False
    text: Mapping[str, float] = field(default_factory=dict)
    reading: int = 0


def source_size(endpoint: Endpoint, base_folder: str | Path | None = None, frame: object | None = None) -> SourceSize:
    """Return the size of a source; of one that can't be reached nothing is known.

    >>> import pandas as pd
    >>> from sheetline.workbook.model.endpoints import FrameSource
    >>> source_size(FrameSource(type="frame"), frame=pd.DataFrame({"x": [1, 2, 3]})).rows
    3
    """
    try:
        if isinstance(endpoint, ParquetSource):
            return _parquet(reach.existing(endpoint.path, base_folder))
        if isinstance(endpoint, CsvSource | JsonlSource):
            return _lines(endpoint, base_folder)
    except (SourceError, OSError):  # reading it will say so
        return SourceSize(None)
    return SourceSize(_frame_rows(frame), sure=True)


def _parquet(path: Path) -> SourceSize:
    from sheetline.workbook.io.parquet import ParquetFile

    with ParquetFile(path) as file:
        return SourceSize(file.rows, True, file.text_widths(), 8 * file.rows)


def _lines(endpoint: CsvSource | JsonlSource, base_folder: str | Path | None) -> SourceSize:
    if "://" in endpoint.path:
        return SourceSize(None)
    path = reach.existing(endpoint.path, base_folder)
    size = path.stat().st_size
    if reach.compression_of(path, endpoint.compression) != "none":
        return SourceSize(None, reading=size * _PACKED)
    with path.open("rb") as file:
        probe = file.read(_PROBE)
    lines = max(probe.count(b"\n"), 1)
    rows = lines if len(probe) == size else int(size * lines / len(probe))
    names = int(isinstance(endpoint, CsvSource) and endpoint.header)
    return SourceSize(max(rows - names, 0), reading=size)


def _frame_rows(frame: Any) -> int | None:
    if isinstance(frame, Mapping):
        return len(next(iter(frame.values()))) if frame else 0
    rows = getattr(frame, "num_rows", None)  # of Arrow tables
    if isinstance(rows, int):
        return rows
    return len(frame) if hasattr(frame, "__len__") else None
