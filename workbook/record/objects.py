"""Kept sheets as Parquet files, named by the hash of their bytes; what they hold reads back exactly as it was."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from pyarrow import parquet as pq

from sheetline.functions.arrow import column_from_arrow, column_to_arrow
from sheetline.functions.columns import Column, Table, arrow_type, numpy_dtype
from sheetline.functions.errors import NUMBER_OF_CODE, Errors, Origin
from sheetline.functions.types import BIGDECIMAL, NULL, Kind, Type, list_of, pair_of
from sheetline.workbook.record.faults import RecordError, damaged
from sheetline.workbook.record.hashing import hash_bytes
from sheetline.workbook.record.model import KeptRecord, SheetRecord
from sheetline.workbook.record.tables import hash_table

SUFFIX: Final = ".parquet"
_ROW_GROUP: Final = 1 << 20
_TEXT: Final = pa.large_string()
_ENCODINGS: Final = {
    pa.float64(): "BYTE_STREAM_SPLIT",
    pa.int64(): "DELTA_BINARY_PACKED",
    pa.timestamp("us", "UTC"): "DELTA_BINARY_PACKED",
}


@dataclass(slots=True)
class Objects:
    """Files named by the hash of their bytes: in a folder, or held in memory until they are written."""

    folder: Path | None = None
    held: dict[str, bytes] = field(default_factory=dict)

    def put(self, data: bytes) -> str:
        """Hold some bytes and return their name."""
        name = hash_bytes(data)
        self.held[name] = data
        return name

    def path(self, name: str) -> Path | None:
        """Return the file of an object that is in a folder."""
        return None if self.folder is None else self.folder / (name + SUFFIX)

    def get(self, name: str) -> bytes:
        """Return the bytes of an object.

        Raises:
            RecordError: it is missing, or not what its name says.
        """
        if name in self.held:
            return self.held[name]
        path = self.path(name)
        if path is None:
            raise RecordError(f"the record has no object {name[:12]}…")
        try:
            data = path.read_bytes()
        except OSError as fault:
            raise damaged(str(path), f"an object can't be read ({fault.strerror or fault})") from None
        if hash_bytes(data) != name:
            raise damaged(str(path), "this object is not what its name says")
        return data


def keep(table: Table, objects: Objects) -> KeptRecord:
    """Hold the rows of a sheet, and its errors if there are any."""
    errors = _errors_table(table)
    return KeptRecord(objects.put(_parquet(_values_table(table))), None if errors is None else objects.put(errors))


def read_kept(sheet: SheetRecord, objects: Objects) -> Table:
    """Return the rows of a kept sheet.

    Raises:
        RecordError: an object is missing or damaged, or holds other rows than the record says.
    """
    assert sheet.kept is not None
    where = str(objects.path(sheet.kept.values) or "")
    errors = {} if sheet.kept.errors is None else _read_errors(objects.get(sheet.kept.errors))
    stored = _read(objects.get(sheet.kept.values), where)
    columns: dict[str, Column] = {}
    for one in sheet.columns:
        if one.name not in stored.column_names:
            raise damaged(where, f"it lacks column '{one.name}' of sheet '{sheet.name}'")
        column = column_of(stored.column(one.name), type_of(one.type))
        found = errors.get(one.name)
        columns[one.name] = column if found is None else column.with_errors(found)
    table = Table(columns, sheet.rows)
    for one in sheet.columns:
        if hash_table(Table({one.name: columns[one.name]}, sheet.rows))[one.name].hash != one.hash:
            raise damaged(where, f"column '{one.name}' of sheet '{sheet.name}' is not what the record says")
    return table


def type_of(name: str) -> Type:
    """Return the type of the name that a column's type has in reports, also those that nobody can declare.

    >>> type_of("list<[date; string]>").item.items[1].kind.value
    'string'
    """
    if name.startswith("list<"):
        return list_of(type_of(name[5:-1]))
    if name.startswith("["):
        return pair_of(*map(type_of, _split(name[1:-1])))
    return NULL if name == "null" else Type(Kind(name))


def _split(names: str) -> list[str]:
    """Return the names between semicolons, but for those inside brackets."""
    parts, depth = [""], 0
    for sign in names:
        depth += (sign in "<[") - (sign in ">]")
        if sign == ";" and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts]


# ---------------------------------------------------------------- values


def _values_table(table: Table) -> Any:
    return pa.table({name: array_of(column) for name, column in table.columns.items()})


def array_of(column: Column) -> Any:
    """Return an Arrow array that depends on the content alone: coded text is written out, numbers are exact."""
    if column.type.is_big:  # decimals of one scale would lose how many digits each value has
        return pa.array([None if value is None else str(value) for value in column.to_list()], _TEXT)
    return column_to_arrow(column.plain())


def column_of(values: Any, type_: Type) -> Column:
    """Return the column of what :func:`array_of` gave, as an Arrow chunked array."""
    if type_.is_big:
        plain = values.to_pylist()
        null = np.array([value is None for value in plain], np.bool_)
        data = np.empty(len(plain), numpy_dtype(type_))
        read: Any = _decimal if type_ == BIGDECIMAL else int
        data[:] = [0 if value is None else read(value) for value in plain]
        return Column(type_, data, null if null.any() else None)
    if type_.is_arrow:
        whole = values.combine_chunks() if values.num_chunks != 1 else values.chunk(0)
        whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
        return Column(type_, whole if whole.type == arrow_type(type_) else whole.cast(arrow_type(type_)))
    return column_from_arrow(values)[0].cast(type_)


def _decimal(text: str) -> Any:
    from decimal import Decimal

    return Decimal(text)


def _parquet(table: Any) -> bytes:
    """Return a table as a Parquet file, small at little cost.

    Texts are written as codes, of integers and dates how far each is from the one before, and of floats, which seldom
    repeat, first bytes beside first bytes.
    """
    texts: Any = [field.name for field in table.schema if pa.types.is_large_string(field.type)]
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="lz4",
        use_dictionary=texts,
        column_encoding={field.name: found for field in table.schema if (found := _ENCODINGS.get(field.type))},
        write_statistics=False,
        row_group_size=_ROW_GROUP,
    )
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _read(data: bytes, where: str) -> Any:
    try:
        return pq.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError, ValueError) as fault:
        raise damaged(where, f"an object can't be read as Parquet ({fault})") from None


# ---------------------------------------------------------------- errors


def _errors_table(table: Table) -> bytes | None:
    names: list[str] = []
    rows: list[int] = []
    codes: list[str] = []
    messages: list[str] = []
    for name, column in table.columns.items():
        if column.errors is not None and len(column.errors):
            found = column.errors
            names += [name] * len(found)
            rows += found.rows.tolist()
            codes += [found.code(place) for place in range(len(found))]
            messages += found.messages()
    if not names:
        return None
    columns: dict[str, Any] = {"column": names, "row": pa.array(rows, pa.int64()), "code": codes, "message": messages}
    return _parquet(pa.table(columns))


def _read_errors(data: bytes) -> dict[str, Errors]:
    stored = _read(data, "")
    names = np.array(stored.column("column").to_pylist(), np.object_)
    rows = stored.column("row").to_numpy()
    codes = np.array([NUMBER_OF_CODE[code] for code in stored.column("code").to_pylist()], np.uint8)
    messages = np.array(stored.column("message").to_pylist(), np.object_)
    found: dict[str, Errors] = {}
    for name in dict.fromkeys(names.tolist()):
        mine = np.flatnonzero(names == name)
        origin = Origin("", "{!0}", (messages[mine],))
        zeros = np.zeros(len(mine), np.int32)
        found[name] = Errors(rows[mine], codes[mine], zeros, np.arange(len(mine), dtype=np.int64), (origin,))
    return found
