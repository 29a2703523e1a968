"""Look-ups against a plain loop over the other sheet's rows."""

from __future__ import annotations

from typing import Any

from calling import apply
from hypothesis import given
from hypothesis import strategies as st
from test_columnwise import by_blocks

from sheetline.functions.columns import Column
from sheetline.functions.declare import Failure
from sheetline.functions.types import FLOAT, INTEGER, STRING, Type, list_of

KEYS: dict[Type, st.SearchStrategy[Any]] = {
    INTEGER: st.integers(0, 5) | st.sampled_from([-(2**63), 2**63 - 1]),
    FLOAT: st.sampled_from([0.0, -0.0, 1.5, -1.5]),
    STRING: st.sampled_from(["", "a", "b", "ä"]),
    list_of(STRING): st.lists(st.sampled_from(["a", "b"]), max_size=2),
}


@given(st.data())
def test_lookups(data: st.DataObject) -> None:
    type_ = data.draw(st.sampled_from(list(KEYS)))
    column = st.lists(st.none() | KEYS[type_], max_size=10)
    keys, others = data.draw(column), data.draw(column)
    results = [f"row {place}" if place % 3 else None for place in range(len(others))]
    hits = [[r for k, r in zip(others, results, strict=True) if k is not None and k == key] for key in keys]
    sought, known, found = Column.of(keys, type_), Column.of(others, type_), Column.of(results, STRING)
    assert apply("LOOKUP", sought, known, found)[: len(keys)] == [hit[0] if hit else None for hit in hits]
    assert values_of("LOOKUPCOUNT", sought, known) == [len(hit) for hit in hits]
    assert values_of("EXISTS", sought, known) == [bool(hit) for hit in hits]


def values_of(name: str, sought: Column, known: Column) -> list[Any]:
    """The results on the rows of the keys sought, block by block."""
    made: list[Any] = apply(name, sought, known)[: len(sought)]
    return made


def test_keys_widen_to_one_type() -> None:
    assert apply("LOOKUP", [1.0, 2.5], [1, 2], ["one", "two"]) == ["one", None]
    assert by_blocks("EXISTS", [1, 2, 3, 4, 5], [5.0, 1.0, 2.5, 7.0, 8.0], size=2) == [True, False, False, False, True]


def test_errors_as_keys_find_nothing_and_errors_as_values_are_found() -> None:
    broken = apply("DIVIDE", [1.0, 2.0, 3.0], [1.0, 0.0, 1.0], raw=True)
    assert apply("LOOKUP", broken, [1.0, 3.0, 2.0], ["a", "b", "c"]) == ["a", None, "b"]
    assert apply("EXISTS", [1.0, 2.0, 3.0], broken) == [True, False, True]
    assert apply("LOOKUP", [7, 8, 9], [9, 8, 7], broken) == [3.0, Failure("DIV0"), 1.0]


def test_many_texts_are_found_by_hash_and_compared() -> None:
    names = [f"key {place * 7 % 10_007}" for place in range(10_007)]
    sought = ["key 5", "key 10006", "key 10007", "", None, "yek 5", "key 5 "]
    assert apply("LOOKUP", sought, names, list(range(len(names))))[: len(sought)] == [
        names.index("key 5"),
        names.index("key 10006"),
        *[None] * 5,
    ]
    assert by_blocks("LOOKUPCOUNT", names, names, size=3000) == [1] * len(names)


def test_a_constant_beside_a_column_stands_on_each_of_its_rows() -> None:
    assert apply("LOOKUP", [1, 2], 2, Column.of([], FLOAT)) == [None, None]
    assert apply("LOOKUP", [1, 2], 2, [0.5, 1.5]) == [None, 0.5]
    assert apply("LOOKUP", ["b", "c"], ["a", "b"], "found") == ["found", None]
    assert apply("LOOKUP", [1, 2], 2, "found") == [None, "found"]
