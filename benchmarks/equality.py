"""Whether two engines gave the same result, whatever form each of them uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import compute, csv

RELATIVE = 1e-9
ABSOLUTE = 1e-9
# the published stubs of pyarrow are narrower than pyarrow
pc: Any = compute
_table: Callable[..., pa.Table] = pa.table


def difference(left: Any, right: Any, keys: Sequence[str] = ()) -> str | None:
    """Return where the results differ, or None.

    Numbers may differ by 1e-9 of their size (at least 1e-9), everything else must be equal. Rows are
    sorted by ``keys`` first; a key must be exact (no computed float).
    """
    tables = [_table_of(result) for result in (left, right)]
    if set(tables[0].column_names) != set(tables[1].column_names):
        return f"columns {tables[0].column_names} and {tables[1].column_names}"
    if tables[0].num_rows != tables[1].num_rows:
        return f"{tables[0].num_rows} and {tables[1].num_rows} rows"
    orders = [_order(table, keys) for table in tables] if keys else None
    for name in tables[0].column_names:  # one by one: as plain columns all of them could be too much for the memory
        columns = [_plain(table.column(name)) for table in tables]
        if orders is not None:
            columns = [column.take(order) for column, order in zip(columns, orders, strict=True)]
        found = _column_difference(*columns)
        if found is not None:
            return f"column {name}: {found}"
    return None


def _order(table: pa.Table, keys: Sequence[str]) -> Any:
    plain = _table({key: _plain(table.column(key)) for key in keys})
    return pc.sort_indices(plain, sort_keys=[(key, "ascending") for key in keys])


def _table_of(result: Any) -> pa.Table:
    """Return any engine's result as an Arrow table."""
    if isinstance(result, pd.Series):
        table = pa.table({"value": pa.Array.from_pandas(result)})
    elif isinstance(result, pd.DataFrame):
        table = pa.Table.from_pandas(result.reset_index(drop=True), preserve_index=False)
    elif isinstance(result, np.ndarray):
        table = _table({"value": result})
    elif isinstance(result, pa.Table):
        table = result
    elif isinstance(result, Path):  # a CSV file without names
        table = csv.read_csv(result, csv.ReadOptions(autogenerate_column_names=True))
    elif hasattr(result, "to_frame"):  # a polars Series
        table = result.to_frame("value").to_arrow()
    else:  # a polars frame
        table = result.to_arrow()
    return table


def _plain(column: pa.ChunkedArray[Any]) -> pa.ChunkedArray[Any]:
    """Return the column as float64, int64 (µs) or large_string."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(column.cast(kind.value_type))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        texts = column.cast(pa.large_list(pa.large_string()))
        joined: pa.ChunkedArray[Any] = pc.binary_join(texts, pa.scalar("\x1f", pa.large_string()))
        return joined
    if pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("us", kind.tz)).cast(pa.int64())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.large_string())
    if pa.types.is_boolean(kind):
        return column.cast(pa.int64())
    return column.cast(pa.float64())


def _column_difference(left: pa.ChunkedArray[Any], right: pa.ChunkedArray[Any]) -> str | None:
    if left.type != right.type:
        return f"types {left.type} and {right.type}"
    if pa.types.is_floating(left.type):
        a, b = (column.to_numpy() for column in (left, right))  # a null becomes NaN
        same = np.isclose(a, b, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True)
    else:
        equal = pc.equal(left, right)
        both_null = pc.and_(pc.is_null(left), pc.is_null(right))
        same = pc.or_kleene(pc.fill_null(equal, fill_value=False), both_null).to_numpy()
    wrong = np.flatnonzero(~same)
    if not len(wrong):
        return None
    row = int(wrong[0])
    return f"{len(wrong)} of {len(same)} values, first in row {row}: {left[row]} and {right[row]}"
