"""The borders to pandas and Arrow: types, counts, and that nobody writes into anybody's memory."""

from __future__ import annotations

import datetime as dt
import gc
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetline.functions.columns import Column, Table
from sheetline.functions.errors import Origin, make
from sheetline.functions.interop import (
    UnsupportedError,
    column_from_arrow,
    column_from_pandas,
    column_to_arrow,
    column_to_pandas,
    table_from_frame,
    table_from_pandas,
    table_to_pandas,
    unique_names,
)
from sheetline.functions.types import BIGDECIMAL, BIGINTEGER, BOOLEAN, DATE, FLOAT, INTEGER, NULL, STRING, list_of

UTC = dt.UTC


@pytest.mark.parametrize(
    "type_", [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]
)
def test_every_width_of_integer(type_: Any) -> None:
    column, notes = column_from_arrow(pa.chunked_array([pa.array([1, None], type_), pa.array([3], type_)]))
    assert (column.type, column.to_list(), notes.nulls, notes.rows) == (INTEGER, [1, None, 3], 1, 3)


def test_uint64_beyond_int64_is_biginteger() -> None:
    column, _ = column_from_arrow(pa.array([2**64 - 1, None, 5], pa.uint64()))
    assert (column.type, column.to_list()) == (BIGINTEGER, [2**64 - 1, None, 5])


def test_floats_nan_and_infinities_are_counted() -> None:
    column, notes = column_from_arrow(pa.array([1.5, float("nan"), None, math.inf, -math.inf], pa.float64()))
    assert column.to_list()[0] == 1.5
    assert (notes.nan, notes.nulls, notes.infinities, notes.unreadable) == (1, 2, 2, 0)
    assert column.errors is not None
    assert [column.errors.code(place) for place in range(2)] == ["INFINITY", "INFINITY"]
    assert column.errors.messages() == ["inf is no value", "-inf is no value"]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_timestamps_of_any_unit_and_zone(unit: str) -> None:
    moment = dt.datetime(2024, 3, 1, 12, 30, 15)
    for zone in (None, "UTC", "America/New_York"):
        array = pa.array([moment, None], pa.timestamp(unit)).cast(pa.timestamp(unit, tz=zone))
        column, notes = column_from_arrow(array)
        wanted = int(moment.replace(tzinfo=UTC).timestamp()) * 1_000_000
        assert (column.type, column.to_list(), notes.cut) == (DATE, [wanted, None], 0)


def test_finer_digits_are_cut_downward_and_counted() -> None:
    column, notes = column_from_arrow(pa.array([1_001, -1, None, 2_000], pa.timestamp("ns")))
    assert (column.to_list(), notes.cut) == ([1, -1, None, 2], 2)


def test_dates_out_of_range_are_errors() -> None:
    column, notes = column_from_arrow(pa.array([0, 10**15], pa.timestamp("s")))
    assert column.to_list() == [0, None]
    assert column.errors is not None
    assert (column.errors.code(0), notes.unreadable, notes.nulls) == ("RANGE", 1, 0)
    assert "1000000000000000 s since 1970" in column.errors.message(0)


def test_days_decimals_durations_times_and_bytes() -> None:
    days, _ = column_from_arrow(pa.array([dt.date(1970, 1, 2)], pa.date32()))
    assert days.to_list() == [86_400_000_000]
    exact, _ = column_from_arrow(pa.array([Decimal("1.10"), None], pa.decimal128(5, 2)))
    assert (exact.type, exact.to_list()) == (BIGDECIMAL, [Decimal("1.10"), None])
    spans, notes = column_from_arrow(pa.array([1_500_000, -1], pa.duration("ns")))
    assert (spans.type, spans.to_list(), notes.cut) == (INTEGER, [1, -1], 2)
    times, notes = column_from_arrow(pa.array([dt.time(12, 30)], pa.time32("s")))
    assert times.to_list() == ["12:30:00"]
    assert notes.remarks
    raw, _ = column_from_arrow(pa.array([b"abc"], pa.binary()))
    assert raw.to_list() == ["abc"]
    with pytest.raises(UnsupportedError, match="UTF-8"):
        column_from_arrow(pa.array([b"\xff"], pa.binary()))


def test_text_dictionaries_stay_coded() -> None:
    array = pa.chunked_array([pa.array(["a", "b", None]).dictionary_encode(), pa.array(["c", "a"]).dictionary_encode()])
    column, notes = column_from_arrow(array)
    assert column.is_coded
    assert column.data.type == pa.dictionary(pa.int32(), pa.large_string())
    assert (column.to_list(), notes.nulls) == (["a", "b", None, "c", "a"], 1)


def test_dictionaries_with_null_or_equal_words_are_coded_afresh() -> None:
    array = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, None], pa.int8()), pa.array(["a", None, "a"]))
    column, _ = column_from_arrow(array)
    assert column.to_list() == ["a", None, "a", None]
    assert column.data.dictionary.to_pylist() == ["a"]


def test_dictionaries_of_numbers_and_run_ends_are_decoded() -> None:
    column, _ = column_from_arrow(pa.array([7, 8, 7]).dictionary_encode())
    assert (column.type, column.to_list()) == (INTEGER, [7, 8, 7])
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), pa.array(["x", "y"]))
    assert column_from_arrow(runs)[0].to_list() == ["x", "x", "y"]


def test_nested_values() -> None:
    numbers, _ = column_from_arrow(pa.array([[1, 2], None], pa.list_(pa.int32())))
    assert (numbers.type, numbers.to_list()) == (list_of(INTEGER), [[1, 2], None])
    objects, notes = column_from_arrow(pa.array([{"a": 1}, None]))
    assert (objects.type, objects.to_list()) == (STRING, ['{"a": 1}', None])
    assert notes.remarks == ["nested values became JSON text"]


def test_sliced_arrays_with_bitmaps() -> None:
    array = pa.array([True, None, False, True, None])[1:4]
    assert column_from_arrow(array)[0].to_list() == [None, False, True]
    numbers = pa.array([1, None, 3, 4], pa.int16())[1:3]
    assert column_from_arrow(numbers)[0].to_list() == [None, 3]
    words = pa.array(["a", "b", "c"]).dictionary_encode()[2:]
    assert column_from_arrow(words)[0].to_list() == ["c"]


def test_arrow_memory_is_shared() -> None:
    array = pa.array(np.arange(10.0))
    column, _ = column_from_arrow(array)
    assert column.data.ctypes.data == array.buffers()[1].address
    assert not column.data.flags.writeable


# ---------------------------------------------------------------- pandas


@pytest.mark.parametrize(
    ("series", "type_", "values"),
    [
        (pd.Series([1, 2], dtype="int8"), INTEGER, [1, 2]),
        (pd.Series([1, None], dtype="Int64"), INTEGER, [1, None]),
        (pd.Series([1, None], dtype="UInt8"), INTEGER, [1, None]),
        (pd.Series([2**64 - 1], dtype="uint64"), BIGINTEGER, [2**64 - 1]),
        (pd.Series([0.5, None], dtype="float32"), FLOAT, [0.5, None]),
        (pd.Series([0.5, None], dtype="Float64"), FLOAT, [0.5, None]),
        (pd.Series([True, False]), BOOLEAN, [True, False]),
        (pd.Series([True, None], dtype="boolean"), BOOLEAN, [True, None]),
        (pd.Series(["a", None]), STRING, ["a", None]),
        (pd.Series(["a", None], dtype="string"), STRING, ["a", None]),
        (pd.Series(["a", None, "a"], dtype="category"), STRING, ["a", None, "a"]),
        (pd.Series([3, 4], dtype="category"), INTEGER, [3, 4]),
        (pd.Series([dt.datetime(1970, 1, 1, 0, 0, 1), None]), DATE, [1_000_000, None]),
        (pd.Series(pd.to_datetime(["1970-01-01T02:00:00+02:00"])), DATE, [0]),
        (pd.Series([1, None], dtype="int64[pyarrow]"), INTEGER, [1, None]),
        (pd.Series(pd.to_timedelta([1500], unit="ms")), INTEGER, [1500]),
        (pd.Series([None, None], dtype=object), NULL, [None, None]),
        (pd.Series(["a", float("nan"), pd.NA], dtype=object), STRING, ["a", None, None]),
        (pd.Series([1, None, 2**70], dtype=object), BIGINTEGER, [1, None, 2**70]),
        (pd.Series([1, 2.5], dtype=object), FLOAT, [1.0, 2.5]),
        (pd.Series([Decimal("1.5"), 2], dtype=object), BIGDECIMAL, [Decimal("1.5"), Decimal(2)]),
        (pd.Series([dt.date(1970, 1, 2), None], dtype=object), DATE, [86_400_000_000, None]),
        (pd.Series([[1, 2], None], dtype=object), list_of(INTEGER), [[1, 2], None]),
        (pd.Series([{"a": 1}], dtype=object), STRING, ['{"a": 1}']),
    ],
)
def test_dtypes_in(series: pd.Series[Any], type_: Any, values: list[Any]) -> None:
    column, notes = column_from_pandas(series)
    assert (column.type, column.to_list()) == (type_, values)
    assert notes.rows == len(values)
    assert notes.nulls == sum(value is None for value in values)


def test_mixed_objects_become_errors_that_quote_them() -> None:
    column, notes = column_from_pandas(pd.Series([1, "x", 3, None, True], dtype=object))
    assert (column.type, column.to_list()) == (INTEGER, [1, None, 3, None, None])
    assert column.errors is not None
    assert column.errors.rows.tolist() == [1, 4]
    assert (column.errors.code(0), notes.unreadable, notes.nulls) == ("TYPE", 2, 1)
    assert "'x'" in column.errors.message(0)
    with pytest.raises(UnsupportedError, match="complex"):
        column_from_pandas(pd.Series([1j, 2j], dtype=object))


@pytest.mark.parametrize(
    ("column", "dtype"),
    [
        (Column.of([1, None]), "Int64"),
        (Column.of([1.5, None]), "float64"),
        (Column.of([True, None]), "boolean"),
        (Column.of(["a", None]), "str"),
        (Column.of([dt.datetime(2024, 1, 1), None]), "datetime64[us]"),
        (Column.of([Decimal("1.5"), None]), "decimal128(38, 1)[pyarrow]"),
        (Column.of([2**100]), "decimal128(38, 0)[pyarrow]"),
        (Column.of([2**200]), "decimal256(76, 0)[pyarrow]"),
        (Column.of([2**400]), "object"),
        (Column.of([[1, 2], None]), "large_list<item: int64>[pyarrow]"),
        (Column.of([None]), "object"),
    ],
)
def test_dtypes_out_and_back(column: Column, dtype: str) -> None:
    series = column_to_pandas(column)
    assert str(series.dtype) == dtype
    assert series.isna().tolist() == [value is None for value in column.to_list()]
    assert column_from_pandas(series)[0].to_list() == column.to_list()


def test_errors_leave_as_nulls_and_index_is_kept() -> None:
    errors = make(np.array([1]), "DIV0", Origin("/"))
    column = Column.of([1, 2, 3]).with_errors(errors)
    series = column_to_pandas(column, pd.Index(["a", "b", "c"]), "x")
    assert series.isna().tolist() == [False, True, False]
    assert (series.index.tolist(), series.name) == (["a", "b", "c"], "x")


FRAMES = {
    "x": pd.Series([1.0, 2.0, 3.0]),
    "n": pd.Series([1, 2, 3]),
    "i": pd.Series([1, None, 3], dtype="Int64"),
    "b": pd.Series([True, False, True]),
    "t": pd.Series(pd.to_datetime(["2024-01-01"] * 3)).astype("datetime64[us]"),
    "s": pd.Series(["a", "b", "c"]),
}


@pytest.mark.parametrize("name", list(FRAMES))
def test_a_users_write_never_reaches_our_column(name: str) -> None:
    frame = pd.DataFrame({name: FRAMES[name].copy()})
    table, _ = table_from_pandas(frame)
    before = table.columns[name].to_list()
    gc.collect()
    frame.loc[0, name] = FRAMES[name].iloc[2] if name != "b" else False
    frame.iloc[1, 0] = FRAMES[name].iloc[2]
    frame[name] = frame[name].iloc[::-1].to_numpy()
    frame.loc[:, name] = FRAMES[name].iloc[2]
    assert table.columns[name].to_list() == before


def test_frames_share_memory_until_written() -> None:
    frame = pd.DataFrame({"x": np.arange(1000.0), "n": np.arange(1000)})
    table, _ = table_from_pandas(frame)
    for name in frame:
        assert np.shares_memory(table.columns[str(name)].data, frame[name].to_numpy())
        assert not table.columns[str(name)].data.flags.writeable
    part = table.columns["x"].slice(10, 20)
    del table
    gc.collect()
    frame.loc[10:20, "x"] = -1.0  # only a slice of the column is alive, and it still holds the frame's memory
    assert part.to_list() == list(range(10, 20))


@pytest.mark.parametrize("name", list(FRAMES))
def test_a_write_into_a_result_never_reaches_our_column(name: str) -> None:
    column, _ = column_from_pandas(FRAMES[name].copy())
    own = Column(column.type, column.data.copy() if isinstance(column.data, np.ndarray) else column.data, column.null)
    before = own.to_list()
    series = column_to_pandas(own)
    series.iloc[0] = FRAMES[name].iloc[2] if name != "b" else False
    frame = table_to_pandas(Table.of({"a": own, "b": own}))
    frame.iloc[0, 0] = FRAMES[name].iloc[2] if name != "b" else False
    assert own.to_list() == before
    assert frame["b"].iloc[0] == FRAMES[name].iloc[0]


def test_owned_arrays_are_handed_over_and_twins_are_parted() -> None:
    data = np.arange(1000.0)
    column = Column(FLOAT, data)
    assert np.shares_memory(column_to_pandas(column, own=True).to_numpy(), data)
    frame = table_to_pandas(Table.of({"a": column, "b": column}), own=True)
    frame.iloc[0, 0] = 99.0
    assert frame["b"].iloc[0] == 0.0
    user = pd.DataFrame({"x": np.arange(10.0)})
    borrowed, _ = table_from_pandas(user)
    result = table_to_pandas(borrowed, own=True)  # borrowed arrays are nobody's to give away
    result.iloc[0, 0] = 99.0
    assert user["x"].iloc[0] == 0.0


def test_tables_names_and_projection() -> None:
    frame = pd.DataFrame([[1, 2, 3]], columns=["a", "a", 7])
    table, notes = table_from_pandas(frame)
    assert list(table.columns) == ["a", "a_2", "7"]
    assert len(notes.remarks) == 1
    part, _ = table_from_pandas(frame, {"7"})
    assert list(part.columns) == ["7"]
    none, _ = table_from_pandas(frame, set())
    assert (none.rows, dict(none.columns)) == (1, {})
    back = table_to_pandas(Table({}, 3))
    assert back.shape == (3, 0)


def test_unsupported_columns_are_named() -> None:
    with pytest.raises(UnsupportedError, match=r"'z'.*complex128"):
        table_from_pandas(pd.DataFrame({"z": [1j]}))
    with pytest.raises(UnsupportedError, match=r"'p'.*period"):
        table_from_pandas(pd.DataFrame({"p": pd.period_range("2024", periods=2, freq="M")}))
    with pytest.raises(UnsupportedError, match="list is no frame"):
        table_from_frame([1])


def test_anything_that_speaks_arrow() -> None:
    table, _ = table_from_frame(pa.table({"a": [1, 2], "s": ["x", None]}))
    assert table.columns["s"].to_list() == ["x", None]
    polars = pytest.importorskip("polars", reason="polars is only in the bench extra")
    frame = polars.DataFrame({"a": [1, None], "s": ["x", "y"], "c": polars.Series(["u", "u"]).cast(polars.Categorical)})
    table, _ = table_from_frame(frame)
    assert {name: column.to_list() for name, column in table.columns.items()} == {
        "a": [1, None],
        "s": ["x", "y"],
        "c": ["u", "u"],
    }


def test_unique_names_never_collide() -> None:
    assert unique_names(["a", "a", "a_2", "", "Column4"])[0] == ["a", "a_3", "a_2", "Column4_2", "Column4"]
    assert unique_names(["a", "b"]) == (["a", "b"], [])


CELLS = st.one_of(
    st.lists(st.none() | st.integers(-(2**63), 2**63 - 1)),
    st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False)),
    st.lists(st.none() | st.booleans()),
    st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]))),
    st.lists(st.none() | st.datetimes()),
    st.lists(st.none() | st.lists(st.integers(-5, 5))),
    st.lists(st.none() | st.integers(-(2**120), 2**120)),
)


@given(CELLS)
def test_round_trips_through_pandas_and_arrow(values: list[Any]) -> None:
    column = Column.of(values)
    for back in (column_from_pandas(column_to_pandas(column))[0], column_from_arrow(column_to_arrow(column))[0]):
        assert back.to_list() == column.to_list()


@given(st.lists(st.integers(0, 5), max_size=20), st.data())
def test_slices_of_arrow_agree_with_python(values: list[int], data: st.DataObject) -> None:
    cells = [None if value == 0 else value for value in values]
    start = data.draw(st.integers(0, len(cells)))
    column, notes = column_from_arrow(pa.array(cells, pa.int32())[start:])
    assert column.to_list() == cells[start:]
    assert notes.nulls == cells[start:].count(None)
