"""The border to pandas: frames and series in, frames and series out.

Memory is shared where the dtypes agree, and guarded in both directions:

* *In*: a column that looks at a frame's array holds a shallow copy of its series, so pandas' Copy-on-Write
  copies before the next write into the frame, and the column never changes.
* *Out*: Arrow arrays are handed on as they are (pandas never writes into them). Numpy arrays are copied,
  unless the caller says with ``own`` that nobody else holds them.

pandas is imported when a function needs it, not before.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sheetline.functions import errors as err
from sheetline.functions.arrow import (
    ColumnNotes,
    UnsupportedError,
    as_table,
    column_from_arrow,
    column_to_arrow,
    decimals,
    finite,
    instants,
    json_text,
)
from sheetline.functions.arrow_parts import InParts
from sheetline.functions.columns import Array, Column, Constant, Table
from sheetline.functions.errors import Mask, Origin
from sheetline.functions.helpers import side_by_side
from sheetline.functions.memory import empty
from sheetline.functions.types import (
    BIGDECIMAL,
    BIGINTEGER,
    BOOLEAN,
    DATE,
    FLOAT,
    INT64_MAX,
    INT64_MIN,
    INTEGER,
    NULL,
    STRING,
    Kind,
)
from sheetline.functions.unread import UnreadFloats

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ColumnNotes",
    "TableNotes",
    "UnsupportedError",
    "column_from_arrow",
    "column_from_pandas",
    "column_to_arrow",
    "column_to_pandas",
    "table_from_frame",
    "table_from_pandas",
    "table_to_pandas",
    "unique_names",
]


#: From so many rows on columns of a frame are read side by side.
_MANY_ROWS = 1 << 20


@dataclass(slots=True)
class TableNotes:
    """What reading a table found: all its names (made unique), each column's notes, remarks about the whole."""

    names: list[str] = field(default_factory=list)
    columns: dict[str, ColumnNotes] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


# ---------------------------------------------------------------- in


def column_from_pandas(series: pd.Series[Any]) -> tuple[Column, ColumnNotes]:
    """Return the column of a pandas series; its index is not looked at.

    Nulls are NaN, NaT, None and ``pd.NA``. Columns of Python objects take the type that most of their values
    have; the others become error values TYPE that quote them.

    Raises:
        UnsupportedError: the language has no type for the values (complex numbers, bytes, periods …).

    Example:
        ``column_from_pandas(pd.Series([1.5, float("nan")]))[0].to_list()`` is ``[1.5, None]``.
    """
    notes = ColumnNotes()
    dtype: Any = series.dtype
    if isinstance(dtype, np.dtype):
        return notes.settle(_from_numpy(series, notes)), notes
    array: Any = series.array
    if hasattr(array, "_data") and hasattr(array, "_mask"):
        return notes.settle(_from_masked(series, array, notes)), notes
    if hasattr(array, "__arrow_array__"):
        return column_from_arrow(pa.array(array))
    if str(dtype) == "category" or str(dtype).startswith("datetime64"):
        return column_from_arrow(pa.array(array, from_pandas=True))
    raise UnsupportedError(f"there is no type for pandas' {dtype}: convert the column before, such as with astype(str)")


def table_from_pandas(
    frame: pd.DataFrame, only: set[str] | None = None, *, unread: bool = False
) -> tuple[Table, TableNotes]:
    """Return the table of a frame, without its index, and what was found on the way.

    Names become text; a name that stands twice gets a number (``Name_2``), which is remarked. With ``only``,
    other columns are left out unread. With ``unread``, float64 columns are not looked at (:class:`UnreadFloats`),
    and have no notes.

    Raises:
        UnsupportedError: see :func:`column_from_pandas`; the message names the column.
    """
    items = list(frame.items())
    names, renamed = unique_names([_label(label) for label, _ in items])
    notes = TableNotes(names, remarks=renamed)
    wanted = [(name, one) for name, (_, one) in zip(names, items, strict=True) if only is None or name in only]

    later = [unread and series.dtype == np.float64 and isinstance(series.dtype, np.dtype) for _, series in wanted]

    def read(item: tuple[tuple[str, Any], bool]) -> tuple[Column, ColumnNotes]:
        (name, series), is_later = item
        if is_later:
            return UnreadFloats(FLOAT, _shared(series.to_numpy(), series, own=True)), ColumnNotes()
        return _named(name, column_from_pandas, series)

    # mostly one look at all values, which needs no interpreter
    if later.count(False) > 1 and len(frame) >= _MANY_ROWS:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            read_columns = list(pool.map(read, zip(wanted, later, strict=True)))
    else:
        read_columns = list(map(read, zip(wanted, later, strict=True)))
    columns: dict[str, Column] = {}
    for (name, _), (column, found) in zip(wanted, read_columns, strict=True):
        columns[name], notes.columns[name] = column, found
    return Table(columns, len(frame)), notes


def table_from_frame(frame: Any, only: set[str] | None = None, *, unread: bool = False) -> tuple[Table, TableNotes]:
    """Return the table of a pandas frame or of anything that speaks Arrow (pyarrow, polars, duckdb …).

    ``only`` and ``unread`` are those of :func:`table_from_pandas`.

    Raises:
        UnsupportedError: it is no frame, or a column has no type in the language.
    """
    if type(frame).__module__.partition(".")[0] == "pandas" and hasattr(frame, "iloc") and hasattr(frame, "columns"):
        return table_from_pandas(frame, only, unread=unread)
    arrow = _mapped(frame) if isinstance(frame, Mapping) else as_table(frame)
    if arrow is None:
        raise UnsupportedError(
            f"{type(frame).__name__} is no frame: give a pandas DataFrame, a polars DataFrame, "
            "an Arrow table or a mapping of columns"
        )
    names, renamed = unique_names(arrow.column_names)
    notes = TableNotes(names, remarks=renamed)
    columns: dict[str, Column] = {}
    for name, values in zip(names, arrow.columns, strict=True):
        if only is None or name in only:
            columns[name], notes.columns[name] = _named(name, column_from_arrow, values)
    return Table(columns, arrow.num_rows), notes


def _mapped(columns: Mapping[str, Any]) -> Any:
    """Return a mapping of names to values (lists, arrays) as an Arrow table."""
    try:
        return pa.table({str(name): values for name, values in columns.items()})
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError) as fault:
        raise UnsupportedError(f"the mapping is no table: {fault}") from None


def unique_names(names: list[str]) -> tuple[list[str], list[str]]:
    """Return names without repetition and without blanks, and a sentence for each that was changed.

    >>> unique_names(["id", "", "id"])
    (['id', 'Column2', 'id_2'], ["column 2 has no name: it is called 'Column2'", "the name 'id' stands again at \
column 3: it is called 'id_2'"])
    """
    taken = set(names)
    used: set[str] = set()
    found: list[str] = []
    changes: list[str] = []
    for place, name in enumerate(names, 1):
        blank = not name.strip()
        plain = f"Column{place}" if blank else name
        new, number = plain, 1
        while new in used or (new != name and new in taken):
            number += 1
            new = f"{plain}_{number}"
        if blank:
            changes.append(f"column {place} has no name: it is called '{new}'")
        elif new != name:
            changes.append(f"the name '{name}' stands again at column {place}: it is called '{new}'")
        used.add(new)
        found.append(new)
    return found, changes


def _label(label: object) -> str:
    return " ".join(map(str, label)) if isinstance(label, tuple) else str(label)


def _named(name: str, reader: Any, values: Any) -> tuple[Column, ColumnNotes]:
    try:
        found: tuple[Column, ColumnNotes] = reader(values)
    except UnsupportedError as fault:
        raise UnsupportedError(f"column '{name}': {fault}") from None
    return found


class _Held:
    """An array on loan: numpy keeps this object, and so the owner, as long as any view of the array lives."""

    def __init__(self, array: Array, owner: object) -> None:
        interface = dict(array.__array_interface__)
        interface["data"] = (interface["data"][0], True)  # read-only
        self.__array_interface__ = interface
        self.owner = owner


def _shared(array: Array, series: pd.Series[Any], *, own: bool = False) -> Array:
    """Return a read-only view of a series' array that pandas knows of: a later write copies first.

    With ``own`` nobody else holds the series, which a frame has just made: nobody writes into it.
    """
    if not len(array):
        return array.copy()
    if not array.flags.c_contiguous:
        return np.ascontiguousarray(array)
    return np.asarray(_Held(array, series if own else series.copy(deep=False)))


def _from_numpy(series: pd.Series[Any], notes: ColumnNotes) -> Column:
    array = series.to_numpy()
    kind = array.dtype.kind
    if kind == "f":
        same = array.dtype == np.float64
        wide = _shared(array, series) if same else array.astype(np.float64)
        data, errors = finite(wide, None, notes)
        column = Column(FLOAT, data, None, errors)
        return column if notes.nan or errors is not None else column.without_nan()
    if kind == "b":
        return Column(BOOLEAN, _shared(array, series))
    if kind in "iu":
        if array.dtype == np.uint64 and (array > np.uint64(INT64_MAX)).any():
            return Column(BIGINTEGER, array.astype(np.object_))
        return Column(INTEGER, _shared(array, series) if array.dtype == np.int64 else array.astype(np.int64))
    if kind == "M":
        raw = _shared(array, series).view(np.int64)
        gone = raw == INT64_MIN if int(raw.min(initial=0)) == INT64_MIN else None
        return instants(raw, gone, np.datetime_data(array.dtype)[0], notes)
    if kind == "m":
        return _from_arrow(pa.array(array, from_pandas=True), notes)
    if kind in "OU":
        return _from_objects(array, notes)
    raise UnsupportedError(f"there is no type for numpy's {array.dtype}: convert the column before")


def _from_arrow(array: Any, notes: ColumnNotes) -> Column:
    column, found = column_from_arrow(array)
    notes.cut += found.cut
    notes.nan += found.nan
    notes.infinities += found.infinities
    notes.remarks += found.remarks
    return column


def _from_masked(series: pd.Series[Any], array: Any, notes: ColumnNotes) -> Column:
    """Nullable integers, floats and booleans: values with a byte mask, as our own columns are."""
    data: Array = array._data
    null: Mask | None = array._mask if array._mask.any() else None
    kind = data.dtype.kind
    if kind == "f":
        wide, errors = finite(data.astype(np.float64), null, notes)
        return Column(FLOAT, wide, None, errors)
    null = None if null is None else _shared(null, series)
    if data.dtype == np.uint64:
        large = data > np.uint64(INT64_MAX)
        if (large if null is None else large & ~null).any():
            return Column(BIGINTEGER, data.astype(np.object_), null)
    if kind == "b":
        return Column(BOOLEAN, _shared(data, series), null)
    return Column(INTEGER, _shared(data, series) if data.dtype == np.int64 else data.astype(np.int64), null)


# ---------------------------------------------------------------- columns of Python objects


def _from_objects(array: Array, notes: ColumnNotes) -> Column:
    import pandas as pd

    null = np.asarray(pd.isna(pd.Series(array, dtype=object)))
    values: list[Any] = array.tolist()
    notes.nan += sum(1 for value, gone in zip(values, null, strict=True) if gone and isinstance(value, float))
    kinds = [None if gone else _kind_of(value) for value, gone in zip(values, null.tolist(), strict=True)]
    counts = Counter(kind for kind in kinds if kind is not None)
    if not counts:
        return Column.nulls_of(NULL, len(values))
    kind, members = _main_kind(counts)
    good = np.array([found in members for found in kinds], np.bool_)
    column = _of_objects(kind, [value if fine else None for value, fine in zip(values, good, strict=True)], notes)
    odd = np.flatnonzero(~good & ~null)
    if not len(odd):
        return column
    shown = pa.array([repr(values[row])[:200] for row in odd.tolist()], pa.large_string())
    note = f"{{0}} is of another type than the column's other values ({kind})"
    made = err.make(odd, "TYPE", Origin("", note, (shown,)))
    return column.with_errors(err.first([made, column.errors]))


def _kind_of(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool | np.bool_):
        return "booleans"
    if isinstance(value, int | np.integer):
        return "integers"
    if isinstance(value, float | np.floating):
        return "floats"
    if isinstance(value, Decimal):
        return "decimals"
    if isinstance(value, date | np.datetime64):
        return "dates"
    if isinstance(value, list | tuple | np.ndarray):
        return "lists"
    if isinstance(value, dict):
        return "objects"
    return f"{type(value).__name__} values"


def _main_kind(counts: Counter[str]) -> tuple[str, set[str]]:
    """Return the kind that most values have, and the kinds that widen to it."""
    merged = Counter(counts)
    wider: dict[str, set[str]] = {}
    if counts["integers"] and (counts["floats"] or counts["decimals"]):
        into = "decimals" if counts["decimals"] and not counts["floats"] else "floats"
        merged[into] += merged.pop("integers")
        wider[into] = {"integers", into}
    kind = merged.most_common(1)[0][0]
    return kind, wider.get(kind, {kind})


def _of_objects(kind: str, values: list[Any], notes: ColumnNotes) -> Column:
    null = np.array([value is None for value in values], np.bool_)
    mask = null if null.any() else None
    if kind == "text":
        return Column(STRING, pa.array([None if value is None else str(value) for value in values], pa.large_string()))
    if kind == "booleans":
        return Column(BOOLEAN, np.array([bool(value) for value in values], np.bool_), mask)
    if kind == "floats":
        wide = np.array([np.nan if value is None else float(value) for value in values], np.float64)
        data, errors = finite(wide, mask, notes)
        return Column(FLOAT, data, None, errors)
    if kind == "integers":
        whole = [0 if value is None else int(value) for value in values]
        if all(INT64_MIN <= value <= INT64_MAX for value in whole):
            return Column(INTEGER, np.array(whole, np.int64), mask)
        return Column(BIGINTEGER, _objects(whole), mask)
    if kind == "decimals":
        return Column(BIGDECIMAL, _objects([Decimal(0) if value is None else Decimal(value) for value in values]), mask)
    if kind == "dates":
        return Column(DATE, np.array([_microseconds(value) for value in values], np.int64), mask)
    if kind == "lists":
        plain = [None if value is None else _plain(value) for value in values]
        try:
            return _from_arrow(pa.array(plain), notes)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            notes.remarks.append("lists of mixed values became JSON text")
            return Column(STRING, json_text(plain))
    if kind == "objects":
        notes.remarks.append("nested values became JSON text")
        return Column(STRING, json_text(values))
    raise UnsupportedError(f"there is no type for {kind}: convert the column before, such as with astype(str)")


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else list(value)


def _objects(values: list[Any]) -> Array:
    data = np.empty(len(values), np.object_)
    data[:] = values
    return data


def _microseconds(value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, np.datetime64):
        return int(value.astype("datetime64[us]").astype(np.int64))
    found = Constant.of(value).value
    return int(found)


# ---------------------------------------------------------------- out


def column_to_pandas(
    column: Column, index: pd.Index[Any] | None = None, name: str | None = None, *, own: bool = False
) -> pd.Series[Any]:
    """Return a column as a pandas series; errors become null.

    Args:
        column: any column.
        index: the series' index; a fresh RangeIndex without it.
        name: the series' name.
        own: hand numpy arrays over without a copy, because nobody else holds them.

    Returns:
        ``Int64``, ``float64``, ``boolean``, ``datetime64[us]`` (UTC, naive), ``str``; lists and pairs as
        ``ArrowDtype``; exact numbers as ``ArrowDtype(decimal)``, or Python objects where they don't fit.
    """
    import pandas as pd

    values = _pandas_values(column, own)
    return pd.Series(values, index=index, name=name, copy=False)


def table_to_pandas(table: Table, *, own: bool = False) -> pd.DataFrame:
    """Return a table as a pandas frame with a fresh RangeIndex (see :func:`column_to_pandas`)."""
    import pandas as pd

    index = pd.RangeIndex(table.rows)
    seen: set[int] = set()
    given: list[tuple[Column, bool]] = []
    for column in table.columns.values():
        # Two names for one array must not become two series that write into one another.
        plain = not column.type.is_arrow and isinstance(column.data, np.ndarray)
        alone = not plain or column.data.ctypes.data not in seen
        if plain:
            seen.add(column.data.ctypes.data)
        given.append((column, own and alone))
    threads = (os.cpu_count() or 1) if table.rows >= _MANY_ROWS else 1
    values = side_by_side(lambda item: _pandas_values(*item), given, threads)
    series = [pd.Series(one, index=index, copy=False) for one in values]
    return pd.DataFrame(dict(zip(table.columns, series, strict=True)), index=index, copy=False)


def _pandas_values(column: Column, own: bool) -> Any:
    import pandas as pd

    kind = column.type.kind
    if kind is Kind.STRING:
        text = column.parts if isinstance(column, InParts) else column.plain().data
        dtype: Any = pd.StringDtype("pyarrow", na_value=np.nan)
        return dtype.__from_arrow__(text)
    if column.type.is_arrow:
        return _arrow_values(column.parts if isinstance(column, InParts) else column.data)
    if column.type.is_big:
        return _exact_values(column)
    if kind is Kind.NULL:
        return _objects([None] * len(column))
    data = _given(column.data, own)
    if kind is Kind.FLOAT:
        return data
    null = column.nulls()
    if kind is Kind.DATE:
        if null is not None:
            data[null] = INT64_MIN
        return data.view("datetime64[us]")
    mask = np.zeros(len(column), np.bool_) if null is None else _given(null, own)
    return pd.arrays.IntegerArray(data, mask) if kind is Kind.INTEGER else pd.arrays.BooleanArray(data, mask)


def _given(array: Array, own: bool) -> Array:
    """Return an array that pandas may write into."""
    if own and array.flags.writeable:
        return array
    copied = empty(len(array), array.dtype)
    copied[:] = array
    return copied


def _arrow_values(array: Any) -> Any:
    import pandas as pd

    return pd.arrays.ArrowExtensionArray(array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array]))


def _exact_values(column: Column) -> Any:
    array = decimals(column)
    return _objects(column.to_list()) if array.type == pa.large_string() else _arrow_values(array)
