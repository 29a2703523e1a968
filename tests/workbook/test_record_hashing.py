"""Hashes of columns: equal for equal content however it is held or cut, other for any other content."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetline.formulas.blocks import Workers
from sheetline.functions import errors as err
from sheetline.functions.columns import Column, Table, arrow_type, concat
from sheetline.functions.errors import Origin
from sheetline.functions.types import (
    BIGDECIMAL,
    BIGINTEGER,
    BOOLEAN,
    DATE,
    FLOAT,
    INTEGER,
    NULL,
    STRING,
    Type,
    list_of,
    pair_of,
)
from sheetline.workbook.record import hashing, tables
from sheetline.workbook.record.hashing import LEAF_ROWS, ColumnHasher, hash_column
from sheetline.workbook.record.rowsets import RowSet
from sheetline.workbook.record.tables import SharedHashes, TableHasher, hash_table

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
texts = st.text(st.characters(codec="utf-8"), max_size=12)
ints = st.integers(-(2**63), 2**63 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False)
VALUES: list[tuple[Type, Any]] = [
    (INTEGER, ints),
    (FLOAT, floats),
    (DATE, st.integers(-(10**15), 10**15)),
    (BOOLEAN, st.booleans()),
    (STRING, texts),
    (BIGINTEGER, st.integers(-(10**40), 10**40)),
    (BIGDECIMAL, st.decimals(allow_nan=False, allow_infinity=False, places=3)),
    (list_of(INTEGER), st.lists(st.none() | ints, max_size=4)),
    (list_of(FLOAT), st.lists(st.none() | floats, max_size=4)),
    (list_of(STRING), st.lists(st.none() | texts, max_size=3)),
    (list_of(BOOLEAN), st.lists(st.booleans(), max_size=3)),
    (list_of(list_of(STRING)), st.lists(st.lists(texts, max_size=2), max_size=2)),
]


@st.composite
def columns(draw: st.DrawFn, types: list[tuple[Type, Any]] = VALUES) -> Column:
    type_, values = draw(st.sampled_from(types))
    made = Column.of(draw(st.lists(st.none() | values, max_size=40)), type_)
    rows = sorted(draw(st.sets(st.integers(0, len(made) - 1), max_size=3))) if len(made) else []
    codes = draw(st.sampled_from(["PARSE", "DIV0"]))
    errors = err.make(np.array(rows, np.int64), codes, Origin("F", "said"))
    return made if errors is None else made.with_errors(errors)


def cut(column: Column, cuts: list[int]) -> list[Column]:
    edges = [0, *sorted(min(one, len(column)) for one in cuts), len(column)]
    return [column.slice(start, stop) for start, stop in pairwise(edges)]


def in_parts(parts: list[Column]) -> hashing.ColumnHash:
    hasher = ColumnHasher(parts[0].type)
    for part in parts:
        hasher.update(part)
    return hasher.finish()


@given(column=columns(), cuts=st.lists(st.integers(0, 40), max_size=6), size=st.sampled_from([1, 3, 7, 16]))
@settings(deadline=None, max_examples=300)
def test_any_partition_gives_the_same_hash(column: Column, cuts: list[int], size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashing, "LEAF_ROWS", size)
        whole = hash_column(column)
        assert in_parts(cut(column, cuts)) == whole
        assert in_parts(cut(column, list(range(0, len(column), 2)))) == whole
        assert len(whole.leaves) == -(-len(column) // size)
        # A slice out of the middle of something larger is the same content, too.
        framed = concat([column, column, column]).slice(len(column), 2 * len(column))
        assert hash_column(framed) == whole


@given(
    rows=st.lists(st.none() | st.sampled_from(["", "a", "bb", "ünï", "a\0b"]) | texts, max_size=30),
    cuts=st.lists(st.integers(0, 30), max_size=3),
)
@settings(deadline=None)
def test_coded_text_is_plain_text(rows: list[str | None], cuts: list[int]) -> None:
    plain = Column.of(rows, STRING)
    coded = Column(STRING, plain.data.dictionary_encode())
    assert hash_column(coded) == hash_column(plain)
    assert in_parts(cut(coded, cuts)) == hash_column(plain)
    mixed = [part if number % 2 else part.plain() for number, part in enumerate(cut(coded, cuts))]
    assert in_parts(mixed) == hash_column(plain)


@pytest.mark.parametrize("long", [None, 0, 1023, 1024, 3000])
def test_texts_from_the_first_long_one_on(long: int | None) -> None:
    """Short texts are numbers; which rows are short depends on the rows alone, however they are held and cut."""
    rng = np.random.default_rng(2)
    rows: list[str | None] = rng.choice(["", "a", "ünï", "a\0", "seven77"], 5000).tolist()
    rows[5] = rows[3500] = None
    if long is not None:
        rows[long], rows[4000] = "eightish", "longer than that"
    plain = Column.of(rows, STRING)
    coded = Column(STRING, plain.data.dictionary_encode())
    failed = err.make(np.array([7, 2999], np.int64), "PARSE", Origin("F", "said"))
    whole = hash_column(plain)
    assert hash_column(coded) == whole
    assert hash_column(concat([plain, coded, plain]).slice(5000, 10_000)) == whole
    for cuts in ([1], [1024, 2000], [2999, 3001], [long or 9, 4001]):
        parts = [part if number % 2 else part.plain() for number, part in enumerate(cut(coded, sorted(cuts)))]
        assert in_parts(parts) == whole
    assert hash_column(coded.with_errors(failed)) == hash_column(plain.with_errors(failed)) != whole
    for row in (0, 999, 1024, 4999):
        other = hash_column(Column.of([*rows[:row], (rows[row] or "") + "x", *rows[row + 1 :]], STRING))
        assert other.hash != whole.hash


@pytest.mark.parametrize("length", [1, 6, 7, 8, 10])
def test_texts_of_one_length(length: int) -> None:
    words = [str(number).rjust(length, "0")[-length:] for number in range(9)]
    rows = [words[number % 7] for number in range(3000)]
    plain = Column.of(rows, STRING)
    coded = Column(STRING, plain.data.dictionary_encode())
    assert in_parts([coded.slice(0, 100), plain.slice(100, 2000), coded.slice(2000, 3000)]) == hash_column(plain)
    assert hash_column(Column.of([*rows[:-1], words[8]], STRING)) != hash_column(plain)


@pytest.mark.parametrize("words", [["aa", "bb", "cc"], ["a", "bbb", ""], ["same"], []])
def test_dictionaries_with_unused_words_and_nulls(words: list[str]) -> None:
    codes = pa.array([None if not words or i % 5 == 0 else i % max(len(words) - 1, 1) for i in range(50)], pa.int32())
    coded = Column(STRING, pa.DictionaryArray.from_arrays(codes, pa.array(words, pa.large_string())))
    assert hash_column(coded) == hash_column(coded.plain())
    assert hash_column(coded.slice(3, 33)) == hash_column(coded.plain().slice(3, 33))


def oracle(values: list[Any], type_: Type) -> tuple[Any, ...]:
    """What the content is, written down in Python."""

    def one(value: Any) -> Any:
        if isinstance(value, list):
            return tuple(map(one, value))
        if isinstance(value, float):
            return ("float", value + 0.0)
        if isinstance(value, Decimal):
            return str(value)
        return value

    return (str(type_), *map(one, values))


@given(first=columns(), second=columns())
@settings(deadline=None, max_examples=300)
def test_equal_hashes_mean_equal_content(first: Column, second: Column) -> None:
    def content(column: Column) -> Any:
        found = column.errors
        failed = () if found is None else tuple((int(found.rows[i]), found.code(i)) for i in range(len(found)))
        return oracle(column.to_list(), column.type), failed

    assert (hash_column(first).hash == hash_column(second).hash) == (content(first) == content(second))


@given(column=columns(), data=st.data())
@settings(deadline=None, max_examples=200)
def test_one_changed_row_changes_its_leaf_only(column: Column, data: st.DataObject) -> None:
    if not len(column):
        return
    row = data.draw(st.integers(0, len(column) - 1))
    value = data.draw({str(t): v for t, v in VALUES}[str(column.type)])
    values = column.to_list()
    if oracle([values[row]], column.type) == oracle([value], column.type):
        return
    keep = np.arange(len(column)) != row
    changed = concat(
        [column.slice(0, row), Column.of([value], column.type), column.slice(row + 1, len(column))]
    ).with_errors(None if column.errors is None else column.errors.where(keep))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashing, "LEAF_ROWS", 7)
        one, other = hash_column(column), hash_column(changed)
    assert one.hash != other.hash
    assert [a != b for a, b in zip(one.leaves, other.leaves, strict=True)] == [
        place == row // 7 for place in range(len(one.leaves))
    ]


def test_what_counts_as_equal() -> None:
    nan = float("nan")
    assert hash_column(Column.of([0.0, None])) == hash_column(Column(FLOAT, np.array([-0.0, -nan])))
    assert hash_column(Column.of([1.0, 2.0])) != hash_column(Column.of([1, 2]))
    assert hash_column(Column.of([0, None])) != hash_column(Column.of([0, 0]))
    assert hash_column(Column.of([False, None])) != hash_column(Column.of([False, False]))
    assert hash_column(Column.of(["", None])) != hash_column(Column.of(["", ""]))
    assert hash_column(Column.of(["ab", "c"])) != hash_column(Column.of(["a", "bc"]))
    assert hash_column(Column.of([[], None], list_of(INTEGER))) != hash_column(Column.of([[], []], list_of(INTEGER)))
    assert hash_column(Column.of([[None], []], list_of(INTEGER))) != hash_column(
        Column.of([[], [None]], list_of(INTEGER))
    )
    one, exact = Column.of([Decimal("1.0")]), Column.of([Decimal("1.00")])
    assert hash_column(one) != hash_column(exact)
    assert hash_column(Column.of([10**5000])) != hash_column(Column.of([10**5000 + 1]))
    assert hash_column(Column.nulls_of(NULL, 3)) != hash_column(Column.nulls_of(NULL, 4))
    assert hash_column(Column.nulls_of(NULL, 3)) == hash_column(Column(NULL, np.ones(3, np.bool_), None))


def test_what_stands_in_null_slots_is_no_content() -> None:
    null = np.array([False, True, False])
    assert hash_column(Column(INTEGER, np.array([1, 99, 3]), null)) == hash_column(Column.of([1, None, 3]))
    assert hash_column(Column(BOOLEAN, np.array([True, True, False]), null)) == hash_column(
        Column.of([True, None, False])
    )
    offsets, data = pa.py_buffer(np.array([0, 1, 4, 5], np.int64)), pa.py_buffer(b"axyzb")
    dirty = pa.Array.from_buffers(pa.large_string(), 3, [pa.py_buffer(b"\x05"), offsets, data])
    assert hash_column(Column(STRING, dirty)) == hash_column(Column.of(["a", None, "b"]))
    inner = pa.array([1, 7, 7, 2], pa.int64())
    lists = pa.LargeListArray.from_arrays(
        pa.array([0, 1, 3, 4], pa.int64()), inner, mask=pa.array([False, True, False])
    )
    assert hash_column(Column(list_of(INTEGER), lists)) == hash_column(Column.of([[1], None, [2]]))


def test_errors_are_content_but_not_their_words() -> None:
    column = Column.of([1, 2, 3])
    rows = np.array([1])
    one = column.with_errors(err.make(rows, "DIV0", Origin("F", "one sentence")))
    other = column.with_errors(err.make(rows, "DIV0", Origin("G", "another")))
    code = column.with_errors(err.make(rows, "PARSE", Origin("F", "one sentence")))
    assert hash_column(one) == hash_column(other)
    assert len({hash_column(c).hash for c in (one, code, Column.of([1, None, 3]), column)}) == 4


def test_pairs() -> None:
    type_ = pair_of(DATE, STRING)
    rows = [{"0": EPOCH, "1": "a"}, None, {"0": None, "1": "b"}, {"0": EPOCH + timedelta(days=1), "1": None}]
    column = Column(type_, pa.array(rows, arrow_type(type_)))
    assert in_parts([column.slice(0, 1), column.slice(1, 4)]) == hash_column(column)
    other = Column(type_, pa.array([rows[0], {"0": None, "1": None}, *rows[2:]], arrow_type(type_)))
    assert hash_column(other) != hash_column(column)


def test_arrow_arrays_hash_as_their_columns() -> None:
    assert hash_column(pa.array([1.5, None])) == hash_column(Column.of([1.5, None]))
    assert hash_column(pa.chunked_array([["a"], ["b"]])) == hash_column(Column.of(["a", "b"]))
    assert hash_column(pa.array([1, 2], pa.int8())) == hash_column(Column.of([1, 2]))


def test_the_format_stays_as_it_is() -> None:
    """Hashes of records that were written once must stay comparable: whoever changes these changes the format."""
    rng = np.random.default_rng(1)
    column = Column(INTEGER, rng.integers(0, 100, 70_000), np.arange(70_000) % 9 == 0)
    found = hash_column(column)
    assert LEAF_ROWS == 65_536
    assert len(found.leaves) == 2
    assert found.hash == HASHES["integers"]
    assert hash_column(Column.of(["a", None, "ünï"])).hash == HASHES["texts"]
    assert hash_column(Column.of([1.5, None, -0.0])).hash == HASHES["floats"]
    assert hash_column(Column.of([[1, None], []])).hash == HASHES["lists"]
    assert hash_column(Column.of([10**30, None])).hash == HASHES["exact"]


HASHES = {
    "integers": "19002c0a928db7ceea94aa9a0ec60b25811a2e40d884138af08ac2ce674a16f4",
    "texts": "8d77ee5e282503d27e9e132e5ef306cd34a810a1c590ad80d474513267e887d2",
    "floats": "5df1a1ad708d09d5331fba2cc4660460e4fa8bfd2e778e914a9e3537cd6bca0e",
    "lists": "f1277fe8139ce6a2414ebb73c2430805ee87ab1da6e103fb5c69c116fd06cd8d",
    "exact": "895ee02e351e63e5d7611fe3604f83598947a0adc5974581b70e5aafeaf20785",
}


def test_other_types_are_refused() -> None:
    with pytest.raises(ValueError, match="a column of integer goes on with float"):
        in_parts([Column.of([1]), Column.of([1.0])])
    hasher = TableHasher()
    hasher.update(Table.of({"a": Column.of([1])}))
    with pytest.raises(ValueError, match="go on with"):
        hasher.update(Table.of({"b": Column.of([1])}))


# --- tables


@pytest.mark.parametrize("threads", [1, 2])
def test_tables_hash_as_their_columns(threads: int) -> None:
    rng = np.random.default_rng(0)
    rows = 150_000
    values = {
        "i": Column(INTEGER, rng.integers(0, 9, rows)),
        "f": Column(FLOAT, np.where(rng.random(rows) < 0.1, np.nan, rng.random(rows))),
        "s": Column(
            STRING, pa.array(rng.integers(0, 50, rows).astype(str)).cast(pa.large_string()).dictionary_encode()
        ),
    }
    table = Table.of(values)
    with Workers(threads) as workers:
        assert hash_table(table, workers) == {name: hash_column(column) for name, column in values.items()}
        hasher = TableHasher(SharedHashes(workers))
        for start in range(0, rows, 40_000):
            hasher.update(table.slice(start, min(rows, start + 40_000)))
        assert hasher.finish() == hash_table(table)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_parts_that_threads_hash_side_by_side(threads: int) -> None:
    """Parts of any size, leaves across several of them, the same arrays in two sheets, and threads of any speed."""
    rng = np.random.default_rng(threads)
    rows = 400_000
    numbers = Column(FLOAT, np.where(rng.random(rows) < 0.1, np.nan, rng.random(rows)))
    failed = np.flatnonzero(rng.random(rows) < 0.001)
    errors = err.make(failed, "DIV0", Origin("F", "said"))
    values = {
        "i": Column(INTEGER, rng.integers(0, 9, rows), rng.random(rows) < 0.2, errors),
        "f": numbers,
        "s": Column(STRING, pa.array(rng.integers(0, 5000, rows).astype(str)).cast(pa.large_string())),
    }
    ends = np.sort(rng.integers(0, rows, 24)).tolist()
    pieces = list(pairwise([0, *ends[:3], ends[3], ends[3], *ends[4:], rows]))
    table = Table.of(values)
    shared = SharedHashes()
    first, second = TableHasher(shared), TableHasher(shared)

    def work(number: int) -> None:
        part = table.slice(*pieces[number])
        time.sleep(0.002 * (number % 3))
        first.update_in_turn(part, number)
        second.update_in_turn(Table({"again": part.columns["f"], "i": part.columns["i"]}, part.rows), number)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(len(pieces))))
    whole = hash_table(table)
    assert first.finish() == whole
    assert second.finish() == {"again": whole["f"], "i": whole["i"]}


def test_an_array_that_is_passed_on_is_hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_SHORT", 0)
    hashed: list[int] = []
    join = ColumnHasher.join

    def counted(self: ColumnHasher, content: hashing.Content, *rest: Any) -> None:
        hashed.append(content.rows)
        join(self, content, *rest)

    monkeypatch.setattr(ColumnHasher, "join", counted)
    shared = SharedHashes()
    first, second, third = TableHasher(shared), TableHasher(shared), TableHasher(shared)
    x, y = Column.of([1, 2, 3]), Column.of([4, 5])
    for part in (x, y):
        first.update(Table.of({"a": part}))
        second.update(Table.of({"b": part, "c": part}))
    assert hashed == [3, 2]
    third.update(Table.of({"a": x}))  # from the beginning, though others are further
    third.update(Table.of({"a": x}))
    whole = hash_column(Column.of([1, 2, 3, 4, 5]))
    assert [*first.finish().values(), *second.finish().values()] == [whole] * 3
    assert third.finish()["a"] == hash_column(Column.of([1, 2, 3, 1, 2, 3]))


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_sharing_never_mixes_columns_up(data: st.DataObject) -> None:
    """Sheets that take the same arrays in any order, some ahead of the others."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "_SHORT", 0)
        _share(data)


def _share(data: st.DataObject) -> None:
    pool = [Column.of([1, 2]), Column.of([3]), Column(INTEGER, np.array([1, 2]), np.array([True, False]))]
    shared = SharedHashes()
    hashers = [TableHasher(shared) for _ in range(3)]
    taken: list[list[Column]] = [[], [], []]
    for _ in range(data.draw(st.integers(1, 12))):
        number, part = data.draw(st.integers(0, 2)), data.draw(st.sampled_from(pool))
        if data.draw(st.booleans()):  # the same numbers in an array of its own
            part = Column(INTEGER, part.data.copy(), part.null)
        hashers[number].update(Table.of({"x": part}))
        taken[number].append(part)
    for hasher, parts in zip(hashers, taken, strict=True):
        if parts:
            assert hasher.finish()["x"] == hash_column(concat(parts))


def test_hashes_of_sheets() -> None:
    found = hash_table(Table.of({"a": Column.of([1]), "b": Column.of([1])}))
    swapped = {"b": found["b"], "a": found["a"]}
    assert tables.hash_sheet(found, 1) != tables.hash_sheet(swapped, 1)
    assert tables.hash_sheet({}, 1) != tables.hash_sheet({}, 2)


# --- rows in any order


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_rowsets_do_not_see_the_order(data: st.DataObject) -> None:
    rows = data.draw(st.integers(0, 12))
    made: dict[str, Column] = {}
    for name in "abc":
        type_, values = data.draw(st.sampled_from(VALUES))
        made[name] = Column.of(data.draw(st.lists(st.none() | values, min_size=rows, max_size=rows)), type_)
    table = Table(made, rows)
    order = np.array(data.draw(st.permutations(range(rows))), np.int64)
    moved = table.take(order)

    def number(one: Table) -> str:
        found = RowSet()
        found.update(one.slice(0, rows // 2))
        found.update(one.slice(rows // 2, rows))
        return found.finish()

    assert number(table) == number(moved)
    content = [repr([repr(value) for value in row]) for row in zip(*(c.to_list() for c in made.values()), strict=True)]
    row = data.draw(st.integers(0, max(rows - 1, 0)))
    if rows and content.count(content[row]) != rows:  # another row in place of one: the number is another
        other = next(place for place in range(rows) if content[place] != content[row])
        replaced = np.arange(rows)
        replaced[row] = other
        assert number(table.take(replaced)) != number(table)


def test_rowsets_keep_rows_together() -> None:
    """Each column of its own holds the same values, but the rows are others."""
    one, other = RowSet(), RowSet()
    one.update(Table.of({"a": Column.of([1, 2]), "b": Column.of(["x", "y"])}))
    other.update(Table.of({"a": Column.of([1, 2]), "b": Column.of(["y", "x"])}))
    assert one.finish() != other.finish()
    long = ["x" * 300 + "a", "x" * 300 + "b"]
    first, second = RowSet(), RowSet()
    first.update(Table.of({"a": Column.of([long[0]])}))
    second.update(Table.of({"a": Column.of([long[1]])}))
    assert first.finish() != second.finish()
