"""Groups, their orders, what they remember of columns, and the grouping keys."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from calling import apply
from hypothesis import given
from hypothesis import strategies as st

from sheetline.functions import ordering
from sheetline.functions.columns import Column
from sheetline.functions.context import Environment
from sheetline.functions.declare import Failure
from sheetline.functions.grouped import grouped
from sheetline.functions.groups import Groups
from sheetline.functions.once import once
from sheetline.functions.resolve import Mismatch
from sheetline.functions.segments import order_segments, sort_segments
from sheetline.functions.types import BIGINTEGER, BOOLEAN, FLOAT, INTEGER, STRING

_KEYS = st.one_of(st.none(), st.integers(-2, 2), st.sampled_from([2**63 - 1, 2**63 - 2, -(2**63), -(2**63) + 1]))


def _codes(keys: list[Any]) -> list[int]:
    known: dict[Any, int] = {}
    return [known.setdefault(key, len(known)) for key in keys]


@given(st.lists(st.tuples(_KEYS, st.sampled_from([None, "a", "b"]), st.sampled_from([None, -0.0, 0.0, 1.5]))))
def test_groups_come_in_order_of_first_appearance(rows: list[tuple[Any, ...]]) -> None:
    columns = [Column.of([row[i] for row in rows], t) for i, t in enumerate((INTEGER, STRING, FLOAT))]
    groups = Groups.of(columns)
    assert groups.codes.tolist() == _codes(rows)
    assert groups.count == len(set(rows))
    assert Groups.of(columns[:1]).refine(columns[1]).refine(columns[2]).codes.tolist() == groups.codes.tolist()
    assert groups.first.tolist() == [groups.codes.tolist().index(g) for g in range(groups.count)]
    assert groups.first_where(columns[0].valid()).tolist() == [
        next((i for i, row in enumerate(rows) if row == key and row[0] is not None), -1) for key in dict.fromkeys(rows)
    ]


@given(
    st.lists(
        st.tuples(st.integers(0, 4), _KEYS, st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)))
    ),
    st.booleans(),
)
def test_order_inside_groups_is_stable(rows: list[tuple[Any, ...]], descending: bool) -> None:
    groups = Groups(np.array([row[0] for row in rows], np.int64), 5)
    keys = [Column.of([row[1] for row in rows], INTEGER), Column.of([row[2] for row in rows], FLOAT)]
    sign = -1 if descending else 1

    def key(i: int) -> Any:
        return (rows[i][0], *((v is None, 0 if v is None else sign * v) for v in rows[i][1:]))

    got = groups.ordered_by([ordering.sort_key(column, descending=descending) for column in keys])
    assert got.rows.tolist() == sorted(range(len(rows)), key=key)
    assert got.offsets.tolist() == [sum(row[0] < g for row in rows) for g in range(6)]
    assert groups.order.rows.tolist() == sorted(range(len(rows)), key=lambda i: rows[i][0])


@given(st.lists(st.lists(st.integers(-5, 5), max_size=60), max_size=12))
def test_segments(segments: list[list[int]]) -> None:
    values = np.array([v for segment in segments for v in segment], np.int64)
    offsets = np.cumsum([0, *map(len, segments)])
    order = order_segments(values, offsets)
    wanted = [int(start) + i for start, s in zip(offsets, segments, strict=False) for i in np.argsort(s, kind="stable")]
    assert order.tolist() == wanted
    sort_segments(values, offsets)
    assert values.tolist() == [v for segment in segments for v in sorted(segment)]


@given(st.lists(st.one_of(st.none(), st.lists(st.one_of(st.none(), st.integers(0, 2)), max_size=2))))
def test_lists_have_an_order(values: list[Any]) -> None:
    column = Column.of([*values, [1]])
    keys, back = ordering.comparable(column)
    null = column.nulls()
    assert ordering.restore(column, keys, back, null).to_list() == [*values, [1]]

    def plain(value: list[Any]) -> list[Any]:
        return [(item is not None, item or 0) for item in value]

    some = [(plain(v), k) for v, k in zip([*values, [1]], keys.tolist(), strict=True) if v is not None]
    assert all((a < b) == (x < y) for a, x in some for b, y in some)


def test_one_ordering_for_all_aggregates_of_a_column() -> None:
    groups = Groups.of([Column.of([1, 2, 1, 2])])
    x, y, z = Column.of([4, 3, 2, 1]), Column.of([1.0, 2.0, 3.0, 4.0]), Column.of([1, None, 3, 4])
    (first,) = grouped(groups, [x])
    assert grouped(groups, [x])[0] is first
    assert grouped(groups, [x])[0].sorted is first.sorted
    assert grouped(groups, [x, y])[0] is first  # without nulls the pair shares it as well
    assert grouped(groups, [x, z])[0] is not first
    assert grouped(groups, [x, z])[0].floats.tolist() == [4.0, 2.0, 1.0]
    assert grouped(groups, [x], remember=False)[0] is not first
    groups.forget()
    assert grouped(groups, [x])[0] is not first


def test_threads_share_one_computation() -> None:
    calls: list[int] = []

    class Slow:
        def __init__(self) -> None:
            import threading

            self._lock = threading.RLock()

        @once
        def value(self) -> list[int]:
            """Some value."""
            calls.append(1)
            return [len(calls)]

    slow = Slow()
    groups = Groups(np.arange(1000) % 7, 7)
    column = Column(FLOAT, np.random.default_rng(0).normal(size=1000))
    with ThreadPoolExecutor(8) as pool:
        assert len({id(made) for made in pool.map(lambda _: slow.value, range(64))}) == 1
        made = list(pool.map(lambda _: grouped(groups, [column])[0], range(64)))
        ordered = list(pool.map(lambda one: one.sorted, made))
    assert calls == [1]
    assert len(set(map(id, made))) == len(set(map(id, ordered))) == 1
    assert Slow.value.__doc__ == "Some value."


def test_empty_and_missing_groups() -> None:
    for groups in (Groups.single(0), Groups.of([Column.of([], INTEGER)]), Groups(np.array([2, 2]), 4)):
        column = Column.of([5] * len(groups.codes), INTEGER)
        (one,) = grouped(groups, [column])
        assert len(one.sizes) == len(one.sum()) == len(one.min()) == len(one.percentile(50)) == groups.count
        assert one.distinct.sizes.sum() == (1 if len(column) else 0)
        assert groups.order.offsets[-1] == len(column)
        assert len(one.first_place()) == groups.count


# ---------------------------------------------------------------- keys


@given(st.lists(st.one_of(st.none(), st.integers(-100, 100))), st.integers(1, 30))
def test_bins(values: list[int | None], size: int) -> None:
    keys = [None if v is None else v // size * size for v in values]
    assert apply("GROUPBYBIN", Column.of(values, INTEGER), size) == (_codes(keys), list(dict.fromkeys(keys)))
    floats = Column.of(values, FLOAT)
    assert apply("GROUPBYBIN", floats, size + 0.5)[1] == list(
        dict.fromkeys(None if v is None else v // (size + 0.5) * (size + 0.5) for v in values)
    )


@given(st.lists(st.one_of(st.none(), st.integers(-5, 30), st.sampled_from([2.5, 10.0, 19.75]))))
def test_custom_bins(values: list[float | None]) -> None:
    def name(v: float | None) -> str | None:
        return None if v is None else "<2.5" if v < 2.5 else "2.5-10" if v < 10 else "10-20" if v < 20 else ">=20"

    keys = [name(v) for v in values]
    got = apply("GROUPBYCUSTOMBIN", Column.of(values, FLOAT), 2.5, 10, 20)
    assert got == (_codes(keys), list(dict.fromkeys(keys)))


@given(st.lists(st.one_of(st.none(), st.integers(0, 9))), st.integers(1, 5))
def test_quantile_bins(values: list[int | None], n: int) -> None:
    some = [v for v in values if v is not None]
    keys = [None if v is None else sum(w < v for w in some) * n // len(some) + 1 for v in values]
    assert apply("GROUPBYQUANTILE", Column.of(values, INTEGER), n) == (_codes(keys), list(dict.fromkeys(keys)))


def test_quantile_bins_have_equal_counts() -> None:
    values = np.random.default_rng(1).permutation(1000).tolist()
    codes, _ = apply("GROUPBYQUANTILE", values, 8)
    assert np.bincount(codes).tolist() == [125] * 8


_INSTANTS = st.datetimes(datetime(1971, 1, 1), datetime(2037, 1, 1)).map(lambda d: d.replace(tzinfo=UTC))


@given(st.lists(_INSTANTS, max_size=8), st.sampled_from(["year", "quarter", "month", "week", "day", "hour", "minute"]))
def test_date_bins(instants: list[datetime], unit: str) -> None:
    zone = ZoneInfo("Europe/Berlin")

    def start(instant: datetime) -> int:
        at = instant.astimezone(zone)
        parts = {"minute": {"second": 0, "microsecond": 0}}
        parts["hour"] = {**parts["minute"], "minute": 0}
        day = {**parts["hour"], "hour": 0}
        month = {"year": at.month, "quarter": (at.month - 1) % 3, "month": 0}
        if unit in parts:
            at = at.replace(**parts[unit])
        elif unit == "year":
            at = at.replace(**day, month=1, day=1, fold=0)
        elif unit in month:
            at = at.replace(**day, month=at.month - month[unit], day=1, fold=0)
        else:
            midnight = at.replace(**day, fold=0)
            back = at.weekday() if unit == "week" else 0
            at = (midnight.replace(tzinfo=None) - timedelta(days=back)).replace(tzinfo=zone)
        return (at.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)

    keys = [start(instant) for instant in instants]
    got = apply("GROUPBYDATE", [*instants, None], unit.upper(), env=Environment("Europe/Berlin"))
    assert got == (_codes([*keys, None]), list(dict.fromkeys([*keys, None])))


def _runs(values: list[Any], groups: list[int], gap: float) -> tuple[list[int], list[Any]]:
    run: dict[int, tuple[int, Any]] = {}
    for g in set(groups):
        rows = sorted(
            (i for i in range(len(values)) if groups[i] == g and values[i] is not None), key=values.__getitem__
        )
        number, first = 0, None
        for place, i in enumerate(rows):
            if place == 0 or values[i] - values[rows[place - 1]] > gap:
                number, first = number + 1, values[i]
            run[i] = (number, first)
        run |= {i: (-1, None) for i in range(len(values)) if groups[i] == g and values[i] is None}
    codes = _codes([(groups[i], run[i][0]) for i in range(len(values))])
    return codes, [run[codes.index(c)][1] for c in range(max(codes, default=-1) + 1)]


@given(st.lists(st.tuples(st.integers(0, 2), _KEYS), max_size=20), st.sampled_from([0, 1, 2**63]))
def test_gaps(rows: list[tuple[int, Any]], gap: int) -> None:
    groups = _codes([g for g, _ in rows])
    values = [v for _, v in rows]
    if gap < 2**63:
        got = apply("GROUPBYGAP", Column.of(values, INTEGER), gap, groups=groups)
        assert got == _runs(values, groups, gap)
    floats = [None if v is None else v / 4 for v in values]
    assert apply("GROUPBYGAP", Column.of(floats, FLOAT), 0.25, groups=groups) == _runs(floats, groups, 0.25)


def test_sessions_are_numbered_inside_their_group() -> None:
    times, users = [1, 50, 2, 3, None, 60, 100], [0, 0, 1, 0, 0, 0, 1]
    assert apply("GROUPSESSIONS", times, 10, groups=users) == ([0, 1, 2, 0, 3, 1, 4], [1, 2, 1, None, 2])


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("GROUPBYBIN", ([1], 0)),
        ("GROUPBYBIN", ([1], -2.5)),
        ("GROUPBYCUSTOMBIN", ([1], 5, 5)),
        ("GROUPBYCUSTOMBIN", ([1], 5, 10, 7)),
        ("GROUPBYQUANTILE", ([1], 0)),
        ("GROUPBYGAP", ([1], -1)),
        ("GROUPBYDATE", ([datetime(2024, 1, 1, tzinfo=UTC)], "fortnight")),
    ],
)
def test_unsuitable_constants_are_refused(name: str, arguments: Any) -> None:
    with pytest.raises(Mismatch) as caught:
        apply(name, *arguments)
    assert caught.value.reason == "value"
    assert caught.value.detail


def test_keys_with_errors_and_without_rows() -> None:
    assert apply("GROUPBYBIN", [5, -(2**63), None], 10) == ([0, 1, 2], [0, Failure("OVERFLOW"), None])
    bad = apply("GROUPBYBIN", [5, -(2**63), None], 10, raw=True)[1]
    assert apply("GROUPBYQUANTILE", bad, 2) == ([0, 1, 2], [1, Failure("OVERFLOW"), None])
    assert apply("GROUPBYGAP", bad, 2) == ([0, 1, 1], [0, None])
    for name, constants in (
        ("GROUPBYBIN", [1]),
        ("GROUPBYCUSTOMBIN", [1]),
        ("GROUPBYQUANTILE", [2]),
        ("GROUPBYGAP", [1]),
    ):
        assert apply(name, Column.of([], INTEGER), *constants) == ([], [])
        assert apply(name, Column.of([1, None], INTEGER), None)[0] == [0, 0]
    assert apply("GROUPBY", Column.of([True, None, True], BOOLEAN)) == ([0, 1, 0], [True, None])
    assert apply("GROUPBY", Column.of([2**70, 1, 2**70], BIGINTEGER)) == ([0, 1, 0], [2**70, 1])


@pytest.mark.parametrize("seed", range(30))
def test_rows_that_stand_together_are_grouped_like_any_others(seed: int) -> None:
    """Long runs of equal keys take a way of their own; the groups are the same."""
    random = np.random.default_rng(seed)
    rows = 3000
    first = np.repeat(random.integers(0, 5, 60), 50)
    second = np.repeat(random.integers(0, 3, 100), 30)
    text = [f"t{value}" for value in first.tolist()]
    coded = Column(STRING, pa.array(text, pa.large_string()).dictionary_encode())
    keys = [coded, Column.of(second.tolist())] if seed % 2 else [Column.of(second.tolist()), coded]
    groups = Groups.of(keys)
    tuples = list(zip(*(key.to_list() for key in keys), strict=True))
    number = {pair: place for place, pair in enumerate(dict.fromkeys(tuples))}
    wanted = [number[pair] for pair in tuples]
    assert groups.codes.tolist() == wanted
    assert groups.count == len(number)
    assert groups.sizes.tolist() == np.bincount(wanted).tolist()
    assert groups.first.tolist() == [wanted.index(group) for group in range(len(number))]
    assert groups.ascending == (wanted == sorted(wanted))
    assert groups.order.rows.tolist() == np.argsort(wanted, kind="stable").tolist()
    shuffled = random.permutation(rows)
    other = Groups.of([key.take(shuffled) for key in keys])
    assert sorted(other.sizes.tolist()) == sorted(groups.sizes.tolist())
