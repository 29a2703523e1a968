"""The border to Arrow: Arrow arrays become columns and columns become Arrow arrays.

Memory is shared wherever the layouts agree (64-bit numbers, large strings, dictionaries). What a column
cannot hold as it came is counted in :class:`ColumnNotes` or becomes an error value; nothing is lost silently.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from sheetline.functions import errors as err
from sheetline.functions.buffers import arrow_array, filled, fixed_values, null_mask, truths
from sheetline.functions.columns import Array, Column, arrow_type
from sheetline.functions.dates.calendar import MAX_US, MIN_US, all_in_range
from sheetline.functions.errors import Errors, Mask, Origin
from sheetline.functions.types import (
    BIGDECIMAL,
    BIGINTEGER,
    BOOLEAN,
    DATE,
    FLOAT,
    INT64_MAX,
    INTEGER,
    NULL,
    STRING,
    Kind,
    Type,
    list_of,
)

TEXT: Final = pa.large_string()
INSTANT: Final = pa.timestamp("us", tz="UTC")
#: How many of each unit make a second.
_PER_SECOND: Final = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


@dataclass(slots=True)
class ColumnNotes:
    """What reading a column found, in cells.

    Attributes:
        rows: all cells.
        nulls: cells without a value; NaN that was read is among them, errors are not.
        nan: NaN that was read (and is null now).
        infinities: infinities (error values INFINITY now).
        cut: dates with digits finer than a microsecond, which were cut off.
        unreadable: cells that could not be read as the column's type (error values now).
        remarks: sentences about the column as a whole.
    """

    rows: int = 0
    nulls: int = 0
    nan: int = 0
    infinities: int = 0
    cut: int = 0
    unreadable: int = 0
    remarks: list[str] = field(default_factory=list)

    def settle(self, column: Column) -> Column:
        """Count rows, nulls and errors of the finished column, and return it."""
        null = column.nulls()
        failed = 0 if column.errors is None else len(column.errors)
        self.rows = len(column)
        self.nulls = (0 if null is None else int(np.count_nonzero(null))) - failed
        self.unreadable = failed - self.infinities
        return column


class UnsupportedError(ValueError):
    """Values for which the language has no type; the message says which and what to do."""


def column_from_arrow(values: Any) -> tuple[Column, ColumnNotes]:
    """Return the column of an Arrow array or chunked array, and what was found on the way.

    All widths of numbers are taken (``uint64`` beyond 64 bit signed becomes biginteger), decimals become
    bigdecimal, timestamps of any unit become µs (naive ones are UTC), durations whole milliseconds, text
    dictionaries stay coded, NaN becomes null and infinities error values. Structs, maps and lists of them
    become JSON text.

    Raises:
        UnsupportedError: bytes that are no UTF-8, or a type that the language has nothing for.

    Example:
        ``column_from_arrow(pa.array([1, None], pa.int8()))[0].to_list()`` is ``[1, None]``.
    """
    notes = ColumnNotes()
    return notes.settle(_read(_single(values), notes)), notes


def column_to_arrow(column: Column) -> Any:
    """Return a column as an Arrow array; errors become null.

    Dates are ``timestamp[us, UTC]``. Exact numbers are decimals (128, or 256 bit where needed), and text where
    even 76 digits do not hold them. Coded text stays a dictionary.
    """
    if not isinstance(column.data, np.ndarray):
        return column.data
    kind = column.type.kind
    if kind is Kind.NULL:
        return pa.nulls(len(column))
    if column.type.is_big:
        return decimals(column)
    null = column.nulls()
    if kind is Kind.DATE:
        return arrow_array(column.data, null).view(pa.timestamp("us")).cast(INSTANT)
    return arrow_array(column.data, null)


def decimals(column: Column) -> Any:
    """Return exact numbers as Arrow decimals, or as text where they have too many digits."""
    from decimal import Decimal

    values = [None if value is None else Decimal(value) for value in column.to_list()]
    scale = whole = 0
    for value in values:
        if value is not None:
            _, digits, exponent = value.as_tuple()
            places = max(0, -int(exponent))
            scale = max(scale, places)
            whole = max(whole, len(digits) + int(exponent), 1)
    if whole + scale > 76:
        return pa.array([None if value is None else str(value) for value in values], TEXT)
    return pa.array(values, pa.decimal128(38, scale) if whole + scale <= 38 else pa.decimal256(76, scale))


def table_arrays(values: Any) -> dict[str, Any] | None:
    """Return the columns of anything that speaks Arrow (tables, record batches, polars frames), or None.

    Names that stand twice keep their first column only; use the object itself to see the others.
    """
    table = as_table(values)
    return None if table is None else dict(zip(table.column_names, table.columns, strict=True))


def as_table(values: Any) -> Any:
    """Return an Arrow table of anything that speaks Arrow (polars frames, record batches), or None."""
    if isinstance(values, pa.Table):
        return values
    if isinstance(values, pa.RecordBatch):
        return pa.Table.from_batches([values])
    if hasattr(values, "__arrow_c_stream__"):
        return pa.table(values)
    return None


def finite(data: Array, null: Mask | None, notes: ColumnNotes) -> tuple[Array, Errors | None]:
    """Return floats with null and infinite rows as NaN; infinities become errors, NaN and they are counted."""
    if null is None and _all_finite(data):
        return data, None
    infinite = np.isinf(data)
    if null is not None:
        infinite &= ~null
    rows = np.flatnonzero(infinite)
    missing = np.isnan(data)
    notes.nan += int(np.count_nonzero(missing if null is None else missing & ~null))
    if null is None and not len(rows):
        return data, None
    notes.infinities += len(rows)
    errors = err.make(rows, "INFINITY", Origin("", "{0} is no value", (data[rows],)))
    data = data.copy()
    if null is not None:
        data[null] = np.nan
    data[rows] = np.nan
    return data, errors


def _all_finite(data: Array) -> bool:
    """Whether a sum, which is one quick pass, shows that there is neither NaN nor infinity."""
    with np.errstate(all="ignore"):
        return math.isfinite(float(data.sum(dtype=np.float64)))


def instants(raw: Array, null: Mask | None, unit: str, notes: ColumnNotes) -> Column:
    """Return dates of whole numbers since 1970 in ``unit`` (``s ms us ns``); finer digits are cut and counted."""
    per = _PER_SECOND[unit]
    if unit == "us" and null is None and all_in_range(raw):
        return Column(DATE, raw)
    if per > 1_000_000:
        us = raw // (per // 1_000_000)
        finer = raw % (per // 1_000_000) != 0
        notes.cut += int(np.count_nonzero(finer if null is None else finer & ~null))
        bad = (us < MIN_US) | (us > MAX_US)
    else:
        factor = 1_000_000 // per
        bad = (raw < -(-MIN_US // factor)) | (raw > MAX_US // factor)
        us = raw if factor == 1 else np.where(bad, 0, raw) * factor
    if null is not None:
        bad &= ~null
    column = Column(DATE, us, null)
    rows = np.flatnonzero(bad)
    if not len(rows):
        return column
    note = f"{{0}} {unit} since 1970 is no date of the years 1 to 9999"
    return column.with_errors(err.make(rows, "RANGE", Origin("", note, (raw[rows],))))


def json_text(values: list[Any]) -> Any:
    """Return Python values as JSON text; None stays null."""
    return pa.array([None if value is None else _json(value) for value in values], TEXT)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


# ---------------------------------------------------------------- one array


def _single(values: Any) -> Any:
    if not isinstance(values, pa.ChunkedArray):
        return values
    if pt.is_dictionary(values.type) and values.num_chunks > 1:
        values = values.unify_dictionaries()
    combined = values.combine_chunks() if values.num_chunks != 1 else values.chunk(0)
    if isinstance(combined, pa.ChunkedArray):
        combined = combined.chunk(0) if combined.num_chunks else pa.array([], values.type)
    return combined


def _read(array: Any, notes: ColumnNotes) -> Column:
    type_ = array.type
    if isinstance(type_, pa.BaseExtensionType) and _is_text(type_.storage_type):
        return _read(array.storage, notes)  # the storage of other extensions may mean anything
    for matches, reader in _READERS:
        if matches(type_):
            return reader(array, notes)
    raise UnsupportedError(f"there is no type for Arrow's {type_}: convert the column before")


def _nothing(array: Any, notes: ColumnNotes) -> Column:
    return Column.nulls_of(NULL, len(array))


def _integers(array: Any, notes: ColumnNotes) -> Column:
    null = null_mask(array)
    data = fixed_values(array, array.type.to_pandas_dtype())
    if array.type == pa.uint64():
        large = data > np.uint64(INT64_MAX)
        if null is not None:
            large &= ~null
        if large.any():
            return Column(BIGINTEGER, data.astype(np.object_), null)
    return Column(INTEGER, data.astype(np.int64, copy=False), null)


def _floats(array: Any, notes: ColumnNotes) -> Column:
    data = fixed_values(array, array.type.to_pandas_dtype()).astype(np.float64, copy=False)
    data, errors = finite(data, null_mask(array), notes)
    return Column(FLOAT, data, None, errors)


def _booleans(array: Any, notes: ColumnNotes) -> Column:
    null = null_mask(array)
    return Column(BOOLEAN, truths(filled(array, False)), null)


def _decimals(array: Any, notes: ColumnNotes) -> Column:
    null = null_mask(array)
    data = np.empty(len(array), np.object_)
    data[:] = [0 if value is None else value for value in array.to_pylist()]
    return Column(BIGDECIMAL, data, null)


def _stamps(array: Any, notes: ColumnNotes) -> Column:
    return instants(fixed_values(array, np.int64), null_mask(array), array.type.unit, notes)


def _days(array: Any, notes: ColumnNotes) -> Column:
    return _stamps(array.cast(pa.timestamp("s" if array.type == pa.date32() else "ms")), notes)


def _durations(array: Any, notes: ColumnNotes) -> Column:
    """Durations are whole milliseconds in the language, floored."""
    raw, null = fixed_values(array, np.int64), null_mask(array)
    per = _PER_SECOND[array.type.unit]
    if per == 1:
        return (
            Column(BIGINTEGER, raw.astype(np.object_) * 1000, null)
            if _beyond(raw)
            else Column(INTEGER, raw * 1000, null)
        )
    step = per // 1000
    finer = raw % step != 0
    notes.cut += int(np.count_nonzero(finer if null is None else finer & ~null))
    return Column(INTEGER, raw // step, null)


def _beyond(raw: Array) -> bool:
    return bool(len(raw)) and bool((np.abs(raw) > INT64_MAX // 1000).any())


def _times(array: Any, notes: ColumnNotes) -> Column:
    notes.remarks.append("times of day became text: there is no such type")
    return Column(STRING, array.cast(TEXT))


def _texts(array: Any, notes: ColumnNotes) -> Column:
    return Column(STRING, array if array.type == TEXT else array.cast(TEXT))


def _bytes(array: Any, notes: ColumnNotes) -> Column:
    if pt.is_fixed_size_binary(array.type):
        array = array.cast(pa.large_binary())
    try:
        return Column(STRING, array.cast(TEXT))
    except pa.ArrowInvalid:
        raise UnsupportedError("the column holds bytes that are no UTF-8 text: leave it out or decode it") from None


def _coded(array: Any, notes: ColumnNotes) -> Column:
    words = array.dictionary
    if not _is_text(words.type):
        return _read(array.dictionary_decode(), notes)
    words = words.cast(TEXT)
    if words.null_count or len(words.unique()) != len(words):
        # Null or equal words would make two codes for one value: code the text afresh.
        return Column(STRING, array.dictionary_decode().cast(TEXT).dictionary_encode())
    return Column(STRING, pa.DictionaryArray.from_arrays(array.indices.cast(pa.int32()), words))


def _run_ends(array: Any, notes: ColumnNotes) -> Column:
    import pyarrow.compute as pc

    decode: Any = pc.run_end_decode  # type: ignore[attr-defined]
    return _read(decode(array), notes)


def _lists(array: Any, notes: ColumnNotes) -> Column:
    item = item_type(array.type.value_type)
    if item is None:
        return _nested(array, notes)
    type_ = list_of(item)
    return Column(type_, array.cast(arrow_type(type_)))


def _nested(array: Any, notes: ColumnNotes) -> Column:
    notes.remarks.append("nested values became JSON text")
    return Column(STRING, json_text(array.to_pylist()))


def item_type(type_: Any) -> Type | None:
    """Return the language's type of a list's elements, or None where there is none."""
    if pt.is_null(type_):
        return NULL
    if pt.is_boolean(type_):
        return BOOLEAN
    if pt.is_integer(type_) and type_ != pa.uint64():
        return INTEGER
    if pt.is_floating(type_):
        return FLOAT
    if _is_text(type_):
        return STRING
    if pt.is_timestamp(type_) and type_.unit != "ns":
        return DATE
    if pt.is_list(type_) or pt.is_large_list(type_) or pt.is_fixed_size_list(type_):
        inner = item_type(type_.value_type)
        return None if inner is None else list_of(inner)
    return None


def _is_text(type_: Any) -> bool:
    return pt.is_string(type_) or pt.is_large_string(type_) or pt.is_string_view(type_)


def _is_list(type_: Any) -> bool:
    return pt.is_list(type_) or pt.is_large_list(type_) or pt.is_fixed_size_list(type_)


def _is_bytes(type_: Any) -> bool:
    return (
        pt.is_binary(type_) or pt.is_large_binary(type_) or pt.is_binary_view(type_) or pt.is_fixed_size_binary(type_)
    )


_READERS: Final[tuple[tuple[Callable[[Any], bool], Callable[[Any, ColumnNotes], Column]], ...]] = (
    (pt.is_null, _nothing),
    (pt.is_integer, _integers),
    (pt.is_floating, _floats),
    (pt.is_boolean, _booleans),
    (pt.is_dictionary, _coded),
    (_is_text, _texts),
    (pt.is_timestamp, _stamps),
    (pt.is_date, _days),
    (pt.is_decimal, _decimals),
    (pt.is_duration, _durations),
    (pt.is_time, _times),
    (_is_list, _lists),
    (pt.is_struct, _nested),
    (pt.is_map, _nested),
    (pt.is_union, _nested),
    (_is_bytes, _bytes),
    (pt.is_run_end_encoded, _run_ends),
)
