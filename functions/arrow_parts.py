"""Columns of text and lists as they were computed, block by block, which are joined when somebody asks for the whole.

pandas takes Arrow arrays in parts, so a result that goes straight to it is never copied together.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from sheetline.functions.columns import Column
from sheetline.functions.errors import Errors, Mask
from sheetline.functions.types import Type

_JOINING = threading.Lock()


class InParts(Column):
    """A column whose Arrow array may consist of parts.

    Attributes:
        parts: the Arrow array, or a chunked one as long as nobody has asked for ``data``.

    >>> from sheetline.functions.types import STRING
    >>> column = InParts(STRING, pa.chunked_array([pa.array(["a"]), pa.array(["b"])]))
    >>> len(column), column.parts.num_chunks, column.to_list()
    (2, 2, ['a', 'b'])
    """

    __slots__ = ("parts",)
    parts: Any

    def __init__(
        self,
        type: Type,
        data: Any,
        null: Mask | None = None,
        errors: Errors | None = None,
        bounds: tuple[int, int] | None = None,
    ) -> None:
        given = {"type": type, "parts": data, "null": null, "errors": errors, "bounds": bounds, "_nan": None}
        for name, value in given.items():  # the class is frozen
            object.__setattr__(self, name, value)

    @property
    def data(self) -> Any:
        """The whole Arrow array."""
        if isinstance(self.parts, pa.ChunkedArray):
            with _JOINING:  # another thread may ask as well
                if isinstance(self.parts, pa.ChunkedArray):
                    object.__setattr__(self, "parts", pa.concat_arrays(self.parts.chunks))
        return self.parts

    def __len__(self) -> int:
        return len(self.parts)


def in_parts(columns: Sequence[Column], errors: Errors | None) -> Column:
    """Return plain Arrow columns below one another; ``errors`` are those of the whole."""
    if len(columns) == 1:
        return columns[0]
    return InParts(columns[0].type, pa.chunked_array([column.data for column in columns]), None, errors)
