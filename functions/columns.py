"""Columns: values with nulls and errors, in three layouts, and tables of them.

* *Fixed*: a numpy array (``int64``, ``float64``, ``bool``, dates as ``int64`` microseconds, exact
  numbers as Python objects) with a byte mask of nulls or nothing. In floats NaN is null.
* *Text*: an Arrow ``large_string`` array; lists and pairs are Arrow arrays too.
* *Coded*: text as an Arrow dictionary array (``int32`` codes), remembered where it is known.

A column is immutable: nobody writes into its arrays after it was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sheetline.functions import errors as err
from sheetline.functions.buffers import arrow_array, null_mask, text_scalar
from sheetline.functions.errors import Errors, Ints, Mask
from sheetline.functions.memory import empty
from sheetline.functions.types import INTEGER, NULL, STRING, Kind, Type, of_python

Array = npt.NDArray[Any]
#: Masks of so many rows are remembered; larger ones would hold memory that is better made again.
_REMEMBERED = 1 << 19

_NUMPY: dict[Kind, Any] = {
    Kind.INTEGER: np.int64,
    Kind.FLOAT: np.float64,
    Kind.DATE: np.int64,
    Kind.BOOLEAN: np.bool_,
    Kind.BIGINTEGER: np.object_,
    Kind.BIGDECIMAL: np.object_,
    Kind.NULL: np.bool_,
}


def numpy_dtype(type_: Type) -> Any:
    """Return the numpy dtype that holds values of a fixed-layout type."""
    return _NUMPY[type_.kind]


def arrow_type(type_: Type) -> Any:
    """Return the Arrow type of columns that are held as Arrow arrays (text, lists, pairs)."""
    if type_.kind is Kind.STRING:
        return pa.large_string()
    if type_.kind is Kind.LIST:
        return pa.large_list(_item_type(type_.item or NULL))
    if type_.kind is Kind.PAIR:
        return pa.struct([(str(place), _item_type(item)) for place, item in enumerate(type_.items)])
    raise TypeError(f"{type_} is not held as an Arrow array")


def _item_type(type_: Type) -> Any:
    simple = {
        Kind.INTEGER: pa.int64(),
        Kind.FLOAT: pa.float64(),
        Kind.BOOLEAN: pa.bool_(),
        Kind.DATE: pa.timestamp("us", tz="UTC"),
        Kind.NULL: pa.null(),
        Kind.BIGINTEGER: pa.decimal256(76, 0),
        Kind.BIGDECIMAL: pa.decimal256(76, 20),
    }
    return simple[type_.kind] if type_.kind in simple else arrow_type(type_)


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """One value for all rows: a Python value (dates as int µs since the epoch), None for null."""

    type: Type
    value: Any
    errors: Errors | None = None  #: one error at row 0 where the constant is an error value

    @classmethod
    def of(cls, value: object) -> Constant:
        """Return the constant of a Python value; datetimes become microseconds."""
        from datetime import UTC, date, datetime

        type_ = of_python(value)
        if isinstance(value, date):
            moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
            delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
            value = (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
        return cls(type_, list(value) if isinstance(value, tuple) else value)

    def column(self, rows: int) -> Column:
        """Return the constant repeated on ``rows`` rows."""
        if self.errors is not None:
            return Column.nulls_of(self.type, rows, self.errors.take(np.zeros(rows, np.int64), 1))
        if self.value is None:
            return Column.nulls_of(self.type, rows)
        if self.type.is_arrow:
            if rows == 0:  # Arrow can't repeat a list zero times
                return Column.nulls_of(self.type, 0)
            is_text = self.type.kind is Kind.STRING
            scalar = text_scalar(self.value) if is_text else pa.array([self.value], arrow_type(self.type))[0]
            return Column(self.type, pa.repeat(scalar, rows))
        data = np.empty(rows, numpy_dtype(self.type))
        data.fill(self.value)
        return Column(self.type, data)


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column of one type.

    Attributes:
        type: the type of the values.
        data: a numpy array or, for text, lists and pairs, an Arrow array (text may be dictionary-coded).
        null: mask of nulls for fixed layouts other than float, or None where no value is null.
        errors: the error values; their rows are null in ``data``.
        bounds: smallest and largest value, where the engine knows them (integers only).
    """

    type: Type
    data: Any
    null: Mask | None = None
    errors: Errors | None = None
    bounds: tuple[int, int] | None = field(default=None, repr=False)
    _nan: Mask | bool | None = field(default=None, init=False, repr=False)  #: what :meth:`nulls` found in floats

    def __len__(self) -> int:
        return len(self.data)

    @classmethod
    def nulls_of(cls, type_: Type, rows: int, errors: Errors | None = None) -> Column:
        """Return a column of nulls."""
        if type_.is_arrow:
            return cls(type_, pa.nulls(rows, arrow_type(type_)), None, errors)
        if type_.kind is Kind.FLOAT:
            return cls(type_, np.full(rows, np.nan), None, errors)
        fill: Any = 0
        return cls(type_, np.full(rows, fill, numpy_dtype(type_)), np.ones(rows, np.bool_), errors)

    @classmethod
    def of(cls, values: Iterable[Any], type_: Type | None = None) -> Column:
        """Return a column of Python values; the type is the widest of the values' types.

        Intended for tests, examples and small data; None is null, datetimes become dates.
        """
        from sheetline.functions.types import widen

        constants = [Constant.of(value) for value in values]
        found = type_ or NULL
        if type_ is None:
            for constant in constants:
                wider = widen(found, constant.type)
                if wider is None:
                    raise TypeError(f"a column holds values of one type, not {found} and {constant.type}")
                found = wider
        plain = [constant.value for constant in constants]
        if found.is_arrow:
            return cls(found, pa.array(plain, arrow_type(found)))
        null = np.array([value is None for value in plain], np.bool_)
        if found.kind is Kind.FLOAT:
            return cls(found, np.array([np.nan if value is None else value for value in plain], np.float64))
        filler: Any = 0
        data = np.array([filler if value is None else value for value in plain], numpy_dtype(found))
        return cls(found, data, null if null.any() else None)

    @property
    def is_coded(self) -> bool:
        """Whether the column is text held as codes and a dictionary."""
        return isinstance(self.data, pa.DictionaryArray)

    def plain(self) -> Column:
        """Return the column with text as a plain ``large_string`` array."""
        if not isinstance(self.data, pa.DictionaryArray):
            return self
        return replace(self, data=self.data.dictionary_decode())

    def nulls(self) -> Mask | None:
        """Return the mask of nulls (errors are null too), or None when no value is null."""
        if self.null is not None:
            return self.null
        if isinstance(self.data, np.ndarray):
            if self.data.dtype != np.float64:
                return None
            return self._nans()
        if self.data.null_count == 0:
            return None
        return null_mask(self.data)

    def _nans(self) -> Mask | None:
        """Return the mask of NaN, or None where there is none; remembered, unless it is large."""
        if self._nan is not None:
            return None if self._nan is False else cast(Mask, self._nan)
        mask = np.isnan(self.data)
        some = bool(mask.any())
        if not some or len(mask) <= _REMEMBERED:
            object.__setattr__(self, "_nan", mask if some else False)
        return mask if some else None

    def without_nan(self) -> Column:
        """Return the same column, of which somebody knows already that no float in it is NaN."""
        object.__setattr__(self, "_nan", False)
        return self

    def with_nan(self, mask: Mask) -> Column:
        """Return the same column, of which somebody knows already which floats in it are NaN."""
        if len(mask) <= _REMEMBERED:
            object.__setattr__(self, "_nan", mask)
        return self

    def valid(self) -> Mask:
        """Return the mask of rows that hold a value."""
        null = self.nulls()
        return np.ones(len(self), np.bool_) if null is None else ~null

    def slice(self, start: int, stop: int) -> Column:
        """Return rows ``start`` … ``stop``-1 without copying values."""
        data = self.data[start:stop] if isinstance(self.data, np.ndarray) else self.data.slice(start, stop - start)
        null = None if self.null is None else self.null[start:stop]
        column = Column(self.type, data, null, None if self.errors is None else self.errors.slice(start, stop))
        return column.without_nan() if self._nan is False else column

    def take(self, rows: Ints, *, missing: bool = False) -> Column:
        """Return the column at ``rows``; with ``missing``, row -1 gives null."""
        errors = None if self.errors is None else self.errors.take(rows, len(self))
        gone = rows < 0 if missing else None
        if gone is not None and not gone.any():
            gone = None
        if not isinstance(self.data, np.ndarray):
            index = arrow_array(rows, gone)
            return Column(self.type, self.data.take(index), None, errors)
        if gone is not None and len(self) == 0:
            return Column.nulls_of(self.type, len(rows))
        data = np.take(self.data, rows, out=empty(len(rows), self.data.dtype), mode="clip")
        null = None
        if self.null is not None:
            null = self.null.take(rows, mode="clip") if gone is not None else self.null.take(rows)
        if gone is not None:
            if self.type.kind is Kind.FLOAT:
                data[gone] = np.nan
            else:
                null = gone if null is None else null | gone
        return Column(self.type, data, null, errors, self.bounds)

    def filter(self, keep: Mask) -> Column:
        """Return the rows for which ``keep`` is true."""
        return self.take(np.flatnonzero(keep))

    def cast(self, type_: Type) -> Column:
        """Widen to ``type_`` (see :func:`sheetline.functions.types.accepts`); the same type gives itself."""
        if self.type == type_:
            return self
        if self.type.kind is Kind.NULL:
            return Column.nulls_of(type_, len(self), self.errors)
        if type_.kind is Kind.FLOAT and self.type.kind is Kind.INTEGER:
            data = self.data.astype(np.float64)
            if self.null is None:
                return Column(type_, data, None, self.errors).without_nan()
            data[self.null] = np.nan
            return Column(type_, data, None, self.errors)
        if type_.is_big and self.type.is_number:
            return Column(type_, _exact(self.data, self.nulls(), type_), self.null, self.errors)
        if type_.kind is Kind.LIST and self.type.kind is Kind.LIST:
            exact = _leaf(type_).kind is not Kind.FLOAT  # integers beyond 2**53 become the nearest float
            return Column(type_, self.data.cast(arrow_type(type_), safe=exact), None, self.errors)
        raise TypeError(f"{self.type} does not widen to {type_}")

    def with_errors(self, errors: Errors | None) -> Column:
        """Return the column with the rows of ``errors`` set to null and holding these errors."""
        if errors is None:
            return self if self.errors is None else replace(self, errors=None)
        if self.type.kind is Kind.FLOAT:
            data = self.data.copy()
            data[errors.rows] = np.nan
            return replace(self, data=data, errors=errors)
        return replace(self.masked(errors.mask(len(self))), errors=errors)

    def masked(self, null: Mask) -> Column:
        """Return the column with the rows of ``null`` set to null as well."""
        if not isinstance(self.data, np.ndarray):
            kept = pa.array(np.where(null, -1, np.arange(len(self))), mask=null)
            return replace(self, data=self.data.take(kept))
        if self.type.kind is Kind.FLOAT:
            data = self.data.copy()
            data[null] = np.nan
            return replace(self, data=data)
        return replace(self, null=null if self.null is None else self.null | null)

    def to_list(self) -> list[Any]:
        """Return Python values: None for nulls and errors, dates as int µs."""
        if not isinstance(self.data, np.ndarray):
            values: list[Any] = self.data.to_pylist()
            return values
        null = self.nulls()
        plain: list[Any] = self.data.tolist()
        return plain if null is None else [None if gone else v for v, gone in zip(plain, null.tolist(), strict=True)]


def _leaf(type_: Type) -> Type:
    """Return the type of the elements of a list, or of those of the lists in it."""
    while type_.item is not None:
        type_ = type_.item
    return type_


def _exact(data: Array, null: Mask | None, type_: Type) -> Array:
    """Return exact Python numbers (``int``, or ``Decimal`` for bigdecimal)."""
    from decimal import Decimal

    convert: Any = int if type_.kind is Kind.BIGINTEGER else Decimal
    out = np.empty(len(data), np.object_)
    gone = [False] * len(data) if null is None else null.tolist()
    out[:] = [0 if skip else convert(value) for value, skip in zip(data.tolist(), gone, strict=True)]
    return out


def concat(parts: Sequence[Column]) -> Column:
    """Join columns of one type below one another.

    Errors keep their rows; dictionaries are united where every part is coded.
    """
    if len(parts) == 1:
        return parts[0]
    type_ = parts[0].type
    offsets = np.cumsum([0, *(len(part) for part in parts)])
    errors = err.chain(
        None if part.errors is None else part.errors.shift(int(offset))
        for part, offset in zip(parts, offsets[:-1], strict=True)
    )
    if type_.is_arrow:
        coded = all(part.is_coded for part in parts)
        arrays = [part.data if coded else part.plain().data for part in parts]
        return Column(type_, _combine(arrays, coded), None, errors)
    data = np.concatenate([part.data for part in parts])
    null = None
    if any(part.null is not None for part in parts):
        null = np.concatenate([np.zeros(len(p), np.bool_) if p.null is None else p.null for p in parts])
    return Column(type_, data, null, errors)


def _combine(arrays: Sequence[Any], coded: bool) -> Any:
    if coded:
        chunked = pa.chunked_array(arrays).unify_dictionaries()
        combined = chunked.combine_chunks()
        return combined.chunk(0) if isinstance(combined, pa.ChunkedArray) else combined
    return pa.concat_arrays(arrays)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Named columns of equal length, in order. The number of rows is kept for tables without columns."""

    columns: Mapping[str, Column]
    rows: int

    @classmethod
    def of(cls, columns: Mapping[str, Column]) -> Table:
        """Return a table of at least one column."""
        return cls(dict(columns), len(next(iter(columns.values()))))

    @property
    def types(self) -> dict[str, Type]:
        """The schema: name to type, in order."""
        return {name: column.type for name, column in self.columns.items()}

    @property
    def nbytes(self) -> int:
        """The bytes of all columns; an array that stands in two of them counts once."""
        held: dict[int, int] = {}
        for column in self.columns.values():
            held[id(column.data)] = int(column.data.nbytes)
            if column.null is not None:
                held[id(column.null)] = column.null.nbytes
        return sum(held.values())

    def take(self, rows: Ints, *, missing: bool = False) -> Table:
        """Return the rows at ``rows`` of every column."""
        taken = {name: column.take(rows, missing=missing) for name, column in self.columns.items()}
        return Table(taken, len(rows))

    def slice(self, start: int, stop: int) -> Table:
        """Return rows ``start`` … ``stop``-1 of every column."""
        return Table({name: c.slice(start, stop) for name, c in self.columns.items()}, stop - start)


def text(values: Any, errors: Errors | None = None) -> Column:
    """Return a text column of an Arrow array or of Python strings."""
    if not isinstance(values, pa.Array):
        values = pa.array(values, pa.large_string())
    return Column(STRING, values, None, errors)


def integers(values: Any, null: Mask | None = None) -> Column:
    """Return an integer column of anything numpy can read as ``int64``."""
    return Column(INTEGER, np.asarray(values, np.int64), null)
