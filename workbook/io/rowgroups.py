"""Row groups of a Parquet file in which no row can fulfil a condition, told from the statistics in its footer.

Statistics are bounds: nothing is concluded from them but that a value can't be in a group. (Texts in them may be cut,
lower bounds downwards and upper bounds upwards; NaN, which is null here, is not in them at all.) A group is only left
out if nothing in it, in any column that is read, could become an error value: what a run reports of errors is all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import pyarrow as pa
import pyarrow.types as pt

from sheetline.functions.types import Kind
from sheetline.workbook.io.columns import Wanted

if TYPE_CHECKING:
    from sheetline.workbook.io.parquet import ParquetFile

Bound = int | float | bytes


@dataclass(frozen=True, slots=True)
class Comparison:
    """What must be true of a column's value.

    Attributes:
        column: the column of the sheet.
        op: how it is compared: with one value, with several ("in"), or with null.
        kind: the type as which values are compared.
        values: integers, floats, dates as µs, text as UTF-8.
    """

    column: str
    op: Literal["<", "<=", ">", ">=", "in", "null", "not null"]
    kind: Kind
    values: tuple[Bound, ...] = ()


@dataclass(frozen=True, slots=True)
class Unread:
    """The row groups of a file that are not read.

    Attributes:
        kept: the groups that are read.
        groups: how many there are.
        kept_rows: rows of the groups that are read.
        rows: rows of those that are not.
        nulls: by column of the sheet, the nulls in these; None where the file does not tell.
        state: of the file, when this was found.
    """

    kept: tuple[int, ...]
    groups: int
    kept_rows: int
    rows: int
    nulls: Mapping[str, int | None]
    state: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is known of a column in one row group.

    Attributes:
        rows: its rows.
        empty: how many are null in the file; None where it does not tell.
        lowest, highest: bounds of the others.
        quiet: whether reading it can't make an error value.
        nulls: how many are null in the sheet; None where the file does not tell.
    """

    rows: int
    empty: int | None
    lowest: Bound | None
    highest: Bound | None
    quiet: bool
    nulls: int | None


def unread(file: ParquetFile, columns: Sequence[Wanted], where: Sequence[Comparison]) -> Unread | None:
    """Return the row groups without a row for which all comparisons are true; None where nothing can be left out.

    Args:
        file: the open file.
        columns: all columns that are to be read.
        where: the comparisons; their columns are among those.
    """
    there = {one.name: one for one in columns}
    if not all(_as_it_is(file, one) for one in columns) or not all(one.column in there for one in where):
        return None
    footer = _Footer(file)
    kept, nulls, rows = [], dict.fromkeys(there, 0), 0
    unknown: set[str] = set()
    for group in range(footer.groups):
        out = any(_impossible(footer.facts(group, there[one.column]), one) for one in where)
        facts = {name: footer.facts(group, one) for name, one in there.items()} if out else {}
        if not out or not all(one.quiet for one in facts.values()):
            kept.append(group)
            continue
        rows += footer.rows(group)
        for name, one in facts.items():
            nulls[name] += one.nulls or 0
            if one.nulls is None:
                unknown.add(name)
    if len(kept) == footer.groups:
        return None
    counted = {name: None if name in unknown else number for name, number in nulls.items()}
    return Unread(tuple(kept), footer.groups, file.rows - rows, rows, counted, state_of(file.path))


def state_of(path: Path) -> tuple[int, int]:
    """Return what tells that a file has changed: its size, and when it was written."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _as_it_is(file: ParquetFile, column: Wanted) -> bool:
    """Whether the values of a column are those of the file, and of a type of which the statistics tell enough."""
    type_ = file.schema.field(column.place).type
    text = type_.value_type if pt.is_dictionary(type_) else type_
    if pt.is_string(text) or pt.is_large_string(text):
        known = column.nulls is None
    elif pt.is_timestamp(type_):
        known = type_.unit != "ns"
    else:
        known = pt.is_boolean(type_) or pt.is_date32(type_) or _is_integer(type_) or _is_float(type_)
    return known and (column.type is None or column.type == file.types([column.place])[column.place])


def _is_integer(type_: Any) -> bool:
    return pt.is_integer(type_) and not pt.is_uint64(type_)  # those are of another type where they are large


def _is_float(type_: Any) -> bool:
    return pt.is_float32(type_) or pt.is_float64(type_)


class _Footer:
    """The statistics of a file, read once for each column and row group."""

    def __init__(self, file: ParquetFile) -> None:
        self._metadata = file.metadata
        self._schema = file.schema
        self._facts: dict[tuple[int, int], _Facts] = {}
        paths = [self._metadata.schema.column(leaf).path for leaf in range(self._metadata.num_columns)]
        self._leaves = {path: leaf for leaf, path in enumerate(paths) if paths.count(path) == 1}
        self.groups: int = self._metadata.num_row_groups

    def rows(self, group: int) -> int:
        """Return the number of rows of a group."""
        return int(self._metadata.row_group(group).num_rows)

    def facts(self, group: int, column: Wanted) -> _Facts:
        """Return what is known of a column in a group."""
        key = (group, column.place)
        if key not in self._facts:
            self._facts[key] = self._look(group, self._schema.field(column.place))
        return self._facts[key]

    def _look(self, group: int, field: Any) -> _Facts:
        rows, leaf = self.rows(group), self._leaves.get(field.name)
        if leaf is None:
            return _Facts(rows, None, None, None, quiet=False, nulls=None)
        found: Any = self._metadata.row_group(group).column(leaf).statistics  # its stubs know only half of it
        empty = int(found.null_count) if found is not None and found.has_null_count else None
        bounds = _bounds(found, field.type) if found is not None and found.has_min_max else None
        lowest, highest = (None, None) if bounds is None else bounds
        dated = pt.is_timestamp(field.type) or pt.is_date32(field.type)
        # infinities and dates beyond the year 9999 are errors; a NaN is a null that nobody has counted
        quiet = empty == rows or bounds is not None or not (_is_float(field.type) or dated)
        nulls = None if _is_float(field.type) and empty != rows else empty
        return _Facts(rows, empty, lowest, highest, quiet, nulls)


_MICROSECONDS: Final = pa.timestamp("us", tz="UTC")


def _bounds(found: Any, type_: Any) -> tuple[Bound, Bound] | None:
    """Return bounds as values of the language; None where they are none, or not finite."""
    low: Any
    high: Any
    if found.physical_type == "BYTE_ARRAY":
        low, high = found.min_raw, found.max_raw
        return (low, high) if isinstance(low, bytes) and isinstance(high, bytes) and low <= high else None
    try:
        low, high = found.min, found.max
        if pt.is_timestamp(type_) or pt.is_date32(type_):
            stored = pa.date32() if pt.is_date32(type_) else _MICROSECONDS
            low, high = pa.array([low, high], stored).cast(_MICROSECONDS).cast(pa.int64()).to_pylist()
    except (OverflowError, ValueError, TypeError, pa.ArrowException):  # beyond what Python's dates can be
        return None
    if not isinstance(low, int | float) or not math.isfinite(low) or not math.isfinite(high) or low > high:
        return None
    return low, high


def _impossible(facts: _Facts, one: Comparison) -> bool:
    """Whether a comparison is true of no value of a column in a group."""
    if one.op == "null":
        return facts.nulls == 0
    if facts.empty == facts.rows:
        return True
    if one.op == "not null" or facts.lowest is None or facts.highest is None:
        return False
    low, high = _widened(facts.lowest, one.kind), _widened(facts.highest, one.kind)
    if low is None or high is None:
        return False
    return _outside(low, high, one)


def _widened(value: Bound, kind: Kind) -> Any:
    """Return a bound as the type that values are compared as; None where they do not go together."""
    if kind is Kind.STRING:
        return value if isinstance(value, bytes) else None
    if isinstance(value, bytes):
        return None
    return float(value) if kind is Kind.FLOAT else value  # large integers are rounded, as the values will be


def _outside(low: Any, high: Any, one: Comparison) -> bool:
    value: Any = one.values[0]
    if one.op == "<":
        return bool(low >= value)
    if one.op == "<=":
        return bool(low > value)
    if one.op == ">":
        return bool(high <= value)
    if one.op == ">=":
        return bool(high < value)
    return all(other < low or other > high for other in one.values)
