"""Parquet: only the columns that are needed, row groups side by side, text that is coded in the file stays coded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

import pyarrow as pa
from pyarrow import parquet as pq

from sheetline.functions.arrow import UnsupportedError, column_from_arrow
from sheetline.functions.interop import unique_names
from sheetline.functions.types import Type
from sheetline.workbook.io.faults import SourceError, unreachable

#: Text is read as codes where its pages take at most so many bytes a value: plain text takes more.
_CODED_BYTES: Final = 4.0


class ParquetFile:
    """An open Parquet file.

    Attributes:
        names: the columns' names, made unique.
        warnings: sentences about names that were changed.
        rows: the number of rows.
        metadata: the footer, as pyarrow reads it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            # The footer alone is read here.
            self._file = pq.ParquetFile(str(path), memory_map=True)
            self.schema = self._file.schema_arrow
        except OSError as fault:
            raise (unreachable(path, fault) if fault.errno else self._broken(fault)) from None
        except (pa.ArrowException, ValueError) as fault:
            raise self._broken(fault) from None
        self.names, self.warnings = unique_names(self.schema.names)
        self.metadata = self._file.metadata
        self.rows = self.metadata.num_rows

    def _broken(self, fault: Exception) -> SourceError:
        return SourceError(
            f"it cannot be read as Parquet ({fault})", str(self.path), "it may be cut off, or no Parquet file"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, place: int, groups: Sequence[int] | None = None) -> Any:
        """Return the column at one place of the file, as an Arrow chunked array; of some row groups, or of all.

        Columns are read one by one, so that what one of them becomes need not wait, beside it, for all the others.

        Raises:
            SourceError: the file is damaged, or of a kind that Arrow cannot read.
        """
        name = self.schema.names[place]
        clear = self.schema.names.count(name) == 1
        wanted = [name] if clear else None  # names are how columns are asked for, and this one is ambiguous
        try:
            with pq.ParquetFile(str(self.path), memory_map=True, read_dictionary=self._coded([place])) as file:
                table = (
                    file.read(columns=wanted, use_threads=True)
                    if groups is None
                    else file.read_row_groups(list(groups), columns=wanted, use_threads=True)
                )
        except (pa.ArrowException, OSError, ValueError) as fault:
            raise self._broken(fault) from None
        return table.column(name) if clear else table.column(place)

    def rows_of(self, groups: Sequence[int] | None) -> int:
        """Return the number of rows of some row groups, or of all."""
        return self.rows if groups is None else sum(self.metadata.row_group(group).num_rows for group in groups)

    def types(self, places: list[int]) -> dict[int, Type]:
        """Return the types of columns, from the footer alone.

        An ``uint64`` column may turn out as biginteger when it is read: the footer does not tell.
        """
        found: dict[int, Type] = {}
        for place in places:
            empty = pa.array([], self.schema.field(place).type)
            try:
                found[place] = column_from_arrow(empty)[0].type
            except UnsupportedError as fault:
                raise SourceError(f"column '{self.names[place]}': {fault}", str(self.path)) from None
        return found

    def text_widths(self) -> dict[str, float]:
        """Return how many bytes a value of each text column takes in memory, from the footer alone."""
        metadata = self.metadata
        names = [metadata.schema.column(leaf).path for leaf in range(metadata.num_columns)]
        text = [place for place in range(len(self.schema.names)) if _is_text(self.schema.field(place).type)]
        coded = set(self._coded(text))
        held = [
            name for name, type_ in zip(self.names, self.schema.types, strict=True) if pa.types.is_dictionary(type_)
        ]
        found = dict.fromkeys(held, 4.0)
        for place in text:
            name = self.schema.names[place]
            if name not in names:
                continue
            leaf = names.index(name)
            chunks = [metadata.row_group(group).column(leaf) for group in range(metadata.num_row_groups)]
            room = sum(chunk.total_uncompressed_size for chunk in chunks)
            # codes take four bytes; else the length stands before the bytes in the file, and takes eight in memory
            found[self.names[place]] = 4.0 if name in coded else room / max(self.rows, 1) + 4.0
        return found

    def _coded(self, places: list[int]) -> list[str]:
        """Return the text columns that the file holds as codes, judged by the room that their values take."""
        metadata = self.metadata
        text = {self.schema.names[place] for place in places if _is_text(self.schema.field(place).type)}
        chosen = []
        for leaf in range(metadata.num_columns):
            path = metadata.schema.column(leaf).path
            if path not in text:
                continue
            chunks = [metadata.row_group(group).column(leaf) for group in range(metadata.num_row_groups)]
            values = sum(chunk.num_values for chunk in chunks)
            room = sum(chunk.total_uncompressed_size for chunk in chunks)
            if values and room <= _CODED_BYTES * values and all(chunk.has_dictionary_page for chunk in chunks):
                chosen.append(path)
        return chosen


def _is_text(type_: Any) -> bool:
    return pa.types.is_string(type_) or pa.types.is_large_string(type_)
