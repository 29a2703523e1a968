"""The relational sheets over columns of every type: exact numbers, lists, dates, coded text, columns of nulls."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from running import plain, run_all, run_one, table

from sheetline.functions.columns import Column, Table
from sheetline.functions.types import BIGDECIMAL, BIGINTEGER, BOOLEAN, DATE, FLOAT, INTEGER, NULL, STRING, Type, list_of

#: Three values of each type in ascending order.
VALUES: list[tuple[Type, list[Any]]] = [
    (INTEGER, [-(2**63), 0, 2**63 - 1]),
    (FLOAT, [-1e308, 0.0, 0.1]),
    (BIGINTEGER, [-(10**30), 5, 10**30]),
    (BIGDECIMAL, [Decimal("-1.5"), Decimal("0.1"), Decimal(10**25)]),
    (DATE, [-62_135_596_800_000_000, 0, 1_700_000_000_000_000]),
    (STRING, ["", "B", "ä"]),
    (list_of(INTEGER), [[], [1, None], [1, 2]]),
]


@pytest.mark.parametrize(("type_", "three"), VALUES, ids=[str(type_) for type_, _ in VALUES])
def test_every_kind_over_every_type(type_: Type, three: list[Any]) -> None:
    low, middle, high = three
    rows = [high, None, low, middle, high, None]
    tables = {"S": table({"V": rows, "I": [0, 1, 2, 3, 4, 5]}, {"V": type_})}

    def numbers(**sheet: Any) -> list[Any]:
        return plain(run_one({"name": "X", "of": "S", **sheet}, tables))["I"]

    assert numbers(kind="sort", by=[{"column": "V"}]) == [2, 3, 0, 4, 1, 5]
    assert numbers(kind="sort", by=[{"column": "V", "order": "desc"}]) == [0, 4, 3, 2, 1, 5]
    assert numbers(kind="distinct", columns=["V"]) == [0, 1, 2, 3]
    assert numbers(kind="distinct", columns=["V"], keep="last") == [2, 3, 4, 5]
    assert numbers(kind="filter", where="ISNOTNULL(#V)") == [0, 2, 3, 4]
    assert len(numbers(kind="sample", rows=1, by="V")) == 4
    other = {**tables, "R": table({"V": [middle, None, high], "J": [10, 11, 12]}, {"V": type_})}
    made = plain(run_one({"name": "X", "kind": "join", "left": "S", "right": "R", "on": ["V"], "how": "outer"}, other))
    assert made["J"] == [12, None, None, 10, 12, None, 11]
    assert made["V"] == [*rows, None]
    both = plain(run_one({"name": "X", "kind": "union", "of": ["S", "R"], "distinct": False}, other))
    assert both["V"] == [*rows, middle, None, high]
    long = plain(run_one({"name": "X", "kind": "unpivot", "of": "S", "columns": ["V"], "dropNulls": True}, tables))
    assert long["Value"] == [high, low, middle, high]
    values = [{"name": "n", "formula": "GROUPCOUNT()"}]
    wide = run_one({"name": "X", "kind": "pivot", "of": "S", "rows": ["I"], "column": "V", "values": values}, tables)
    assert len(wide.columns) == 5
    assert all(
        sum(v is not None for v in cells) == n
        for cells, n in zip(list(plain(wide).values())[1:], [1, 1, 2, 2], strict=True)
    )


def test_conditions_on_exact_numbers() -> None:
    tables = {"S": table({"V": [Decimal("0.1"), Decimal("2.5"), None]}, {"V": BIGDECIMAL})}

    def kept(op: str, value: Any) -> list[Any]:
        one = {"column": "V", "op": op, "value": value}
        return plain(run_one({"name": "X", "kind": "filter", "of": "S", "conditions": [one]}, tables))["V"]

    assert kept("==", 0.1) == [Decimal("0.1")]
    assert kept(">", 2) == [Decimal("2.5")]
    assert kept("in", [2.5, None]) == [Decimal("2.5"), None]
    big = {"S": table({"V": [10**30, 7]}, {"V": BIGINTEGER})}
    one = {"column": "V", "op": ">=", "value": 10**30}
    assert plain(run_one({"name": "X", "kind": "filter", "of": "S", "conditions": [one]}, big))["V"] == [10**30]


def test_a_column_of_nulls_goes_with_every_type() -> None:
    nothing = table({"K": Column.nulls_of(NULL, 2)})
    tables = {"L": table({"K": ["a", None]}), "R": nothing}
    join = {"name": "X", "kind": "join", "left": "L", "right": "R", "on": ["K"], "how": "outer"}
    assert plain(run_one(join, tables)) == {"K": ["a", None, None, None]}
    assert plain(run_one({"name": "X", "kind": "union", "of": ["R", "L"]}, tables)) == {"K": [None, None, "a", None]}
    assert run_one({"name": "X", "kind": "distinct", "of": "R"}, tables).rows == 1
    one = {"column": "K", "op": "==", "value": 3}
    assert run_one({"name": "X", "kind": "filter", "of": "R", "conditions": [one]}, tables).rows == 0


def test_coded_text_of_other_dictionaries() -> None:
    left = Column(STRING, Column.of(["b", "a", None, "b"]).data.dictionary_encode())
    # a slice: its dictionary holds a value that no row has
    right = Column(STRING, Column.of(["zz", "b", "c"]).data.dictionary_encode()).slice(1, 3)
    tables = {"L": Table({"K": left}, 4), "R": Table({"K": right, "J": Column.of([1, 2])}, 2)}
    join = {"name": "X", "kind": "join", "left": "L", "right": "R", "on": ["K"], "how": "outer"}
    assert plain(run_one(join, tables)) == {"K": ["b", "a", None, "b", "c"], "J": [1, None, None, 1, 2]}
    assert plain(run_one({"name": "X", "kind": "sort", "of": "L", "by": [{"column": "K"}]}, tables)) == {
        "K": ["a", "b", "b", None]
    }
    assert run_all([{"name": "X", "kind": "distinct", "of": "L"}], tables).tables["X"].rows == 3


def test_booleans() -> None:
    tables = {"S": table({"B": [True, None, False]}, {"B": BOOLEAN})}
    made = run_one({"name": "X", "kind": "sort", "of": "S", "by": [{"column": "B"}]}, tables)
    assert plain(made) == {"B": [False, True, None]}
