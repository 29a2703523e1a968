"""JSON functions: paths, strictness, depth, numbers and text at the ends, and against Python's json."""

from __future__ import annotations

import json
import sys
import threading
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from calling import apply, values
from evaluating import sheet
from hypothesis import given
from hypothesis import strategies as st
from oracles_rows import ORACLES

from sheetline.formulas.diagnostics import FormulaError
from sheetline.functions.columns import Column
from sheetline.functions.declare import Failure
from sheetline.functions.json_paths import MAX_DEPTH, parse_path, parse_wild_path

PARSE, LIMIT, VALUE, OVERFLOW = map(Failure, ("PARSE", "LIMIT", "VALUE", "OVERFLOW"))
KEYS = st.sampled_from(["a", "b", "k", "é", ""])
SCALARS = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
DOCUMENTS = st.recursive(
    SCALARS | st.text(max_size=4), lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4)
)
STEPS = st.lists(st.sampled_from(["a", "b", "k", 0, 1, -1]), max_size=3)


def written(path: list[Any]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


@given(cases=st.lists(st.tuples(DOCUMENTS, STEPS), min_size=1, max_size=6), ascii_=st.booleans())
def test_what_paths_find(cases: list[Any], ascii_: bool) -> None:
    texts = [json.dumps(document, ensure_ascii=ascii_, indent=1) for document, _ in cases]
    paths = [written(path) for _, path in cases]
    for name in ("JSON_VALUE", "JSON_TYPE", "JSON_SIZE", "JSON_KEYS", "JSON_VALUES", "JSON_ELEMENTS"):
        wanted = [ORACLES[name](text, path) for text, path in zip(texts, paths, strict=True)]
        assert apply(name, Column.of(texts), Column.of(paths)) == wanted, name
        assert apply(name, Column.of(texts), paths[0]) == [ORACLES[name](text, paths[0]) for text in texts], name
    for name in ("JSON_REMOVE",):
        wanted = [ORACLES[name](text, path) for text, path in zip(texts, paths, strict=True)]
        assert apply(name, Column.of(texts), Column.of(paths)) == wanted
    assert apply("JSON_ELEMENT", Column.of(texts), -1) == [ORACLES["JSON_ELEMENT"](text, -1) for text in texts]
    assert apply("JSON_MAP", Column.of(texts), "k") == [ORACLES["JSON_MAP"](text, "k") for text in texts]
    assert apply("JSON_PRETTY", Column.of(texts)) == [ORACLES["JSON_PRETTY"](text, 2) for text in texts]
    assert apply("JSON_MERGE", Column.of(texts), texts[0]) == [ORACLES["JSON_MERGE"](text, texts[0]) for text in texts]


@given(documents=st.lists(DOCUMENTS, min_size=1, max_size=6), path=STEPS, value=st.none() | st.integers() | st.text())
def test_setting(documents: list[Any], path: list[Any], value: Any) -> None:
    texts = [json.dumps(document) for document in documents]
    value = value if not isinstance(value, int) or abs(value) < 2**63 else str(value)
    wanted = [ORACLES["JSON_SET"](text, written(path), value) for text in texts]
    assert apply("JSON_SET", Column.of(texts), written(path), value) == wanted
    new = json.dumps(documents[0])
    wanted = [ORACLES["JSON_SET"](text, written(path), new, True) for text in texts]
    assert apply("JSON_SET", Column.of(texts), written(path), new, True) == wanted
    assert apply("JSON_VALUE", Column.of(texts), written(path)) is not None


@given(value=DOCUMENTS)
def test_round_trips(value: Any) -> None:
    text = json.dumps(value)
    assert apply("JSON_VALID", [text]) == [True]
    for name in ("JSON_SET", "JSON_PRETTY"):
        args = ("$", text, True) if name == "JSON_SET" else ()
        (again,) = apply(name, [text], *args)
        assert json.loads(again) == value
        assert list(map(str, _leaves(json.loads(again)))) == list(map(str, _leaves(value)))


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, list | dict):
        inside = value.values() if isinstance(value, dict) else value
        return [leaf for part in inside for leaf in _leaves(part)]
    return [value]


@given(
    rows=st.lists(st.tuples(st.none() | st.text(max_size=3), st.none() | st.integers(-9, 9)), min_size=1, max_size=6)
)
def test_making(rows: list[Any]) -> None:
    from sheetline.functions.types import INTEGER, STRING

    keys, numbers = Column.of([r[0] for r in rows], STRING), Column.of([r[1] for r in rows], INTEGER)
    wanted = [ORACLES["JSON_OBJECT"]("a", n, k, "x", "b", k) for k, n in rows]
    assert apply("JSON_OBJECT", "a", numbers, keys, "x", "b", keys) == wanted
    assert apply("JSON_ARRAY", numbers, keys, True) == [ORACLES["JSON_ARRAY"](n, k, True) for k, n in rows]


def test_values_of_every_type() -> None:
    day = datetime(2024, 2, 29, 12, tzinfo=UTC)
    args = [[1.5], [True], [day], Column.of([[1, None]]), Column.of([Decimal("1.10")]), Column.of([2**70]), None]
    (text,) = apply("JSON_ARRAY", *args)
    assert text == f'[1.5,true,"2024-02-29T12:00:00Z",[1,null],1.10,{2**70},null]' or json.loads(text)[3] == [1, None]
    assert apply("JSON_SET", ["{}"], "a", Column.of([2**70])) == [f'{{"a":{2**70}}}']
    assert apply("JSON_SET", ['["<>","<><>"]'], "[2]", "<>") == ['["<>","<><>","<>"]']


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("", ()),
        ("$", ()),
        (" $.a ", ("a",)),
        ("a.b", ("a", "b")),
        ("$.a[0].b", ("a", 0, "b")),
        ("[-1]['x y'][\"z\"]", (-1, "x y", "z")),
        ("$['a.b']", ("a.b",)),
        (r"$['it\'s']", ("it's",)),
        ("$.a b.ü", ("a b", "ü")),
        ("_id.$oid", ("_id", "$oid")),
        ("$oid", ("$oid",)),
        ("a.0", ("a", "0")),
        ("$[ 3 ]", (3,)),
    ],
)
def test_paths(path: str, steps: Any) -> None:
    assert parse_path(path) == steps


@pytest.mark.parametrize(
    "path", ["$.", "$..a", "a..b", "a.", "$.a[", "[x]", "[1", "['a", "a]", "a[0]b", "[1:2]", "[?(@.x)]"]
)
def test_broken_paths(path: str) -> None:
    with pytest.raises(ValueError, match="is no path"):
        parse_path(path)
    assert apply("JSON_VALUE", ["{}"], [path]) == [PARSE]


def test_wildcards() -> None:
    assert parse_wild_path("$.a[*].*.b") == ("a", None, None, "b")
    text = '{"a":[{"b":1,"c":{"d":[1,2]}},{"b":null},5,{"x":0}],"o":{"p":{"b":7},"q":8}}'
    assert apply("JSON_ELEMENTS", [text], "$.a[*].b") == [["1", None]]
    assert apply("JSON_ELEMENTS", [text], "$.o.*") == [['{"b":7}', "8"]]
    assert apply("JSON_ELEMENTS", [text], "*[*].c.d[-1]") == [["2"]]
    assert apply("JSON_ELEMENTS", [text], "$.a[*].b.c[*]") == [[]]
    with pytest.raises(FormulaError, match="JSON_ELEMENTS takes"):
        sheet({"Result": 'JSON_VALUE("{}";"a[*]")'})


def test_places_as_names() -> None:
    assert apply("JSON_VALUE", ['{"a":[5,6],"0":7}'], ["a.1", "0"][0]) == ["6"]
    assert apply("JSON_VALUE", ['{"a":[5,6],"0":7}'], "0") == ["7"]
    assert apply("JSON_SET", ['{"a":[5]}'], "a.1", 6) == ['{"a":[5,6]}']
    assert apply("JSON_REMOVE", ['{"a":[5,6]}'], "a.0") == ['{"a":[6]}']


def test_strictness() -> None:
    wrong = ["", " ", "nan", "NaN", "[Infinity]", "-Infinity", "{a:1}", "[1,]", "[01]", "'a'", "1 2", '"\t"', "\ufeff1"]
    assert apply("JSON_VALID", wrong) == [False] * len(wrong)
    assert apply("JSON_VALUE", wrong, "$") == [PARSE] * len(wrong)
    assert apply("JSON_VALUE", ['{"a":1,"a":2}'], "a") == ["2"]
    assert apply("JSON_KEYS", ['{"a":1,"b":0,"a":2}']) == [["a", "b"]]
    assert apply("JSON_VALUE", [' [ 1 ,\n"\\u00e9" ] '], "$") == ['[1,"é"]']


def test_numbers() -> None:
    big = 10**400 + 7
    assert apply("JSON_VALUE", [f'{{"a":{big}}}'], "a") == [str(big)]
    assert apply("JSON_PRETTY", [str(-big)]) == [str(-big)]
    assert apply("JSON_VALUE", ["1" * 5000], "$") == [LIMIT]
    assert apply("JSON_VALUE", ["[1e999]", "1e999"], "$") == [OVERFLOW, OVERFLOW]
    assert apply("JSON_MERGE", ['{"a":-1e999}']) == [OVERFLOW]
    assert apply("JSON_VALUE", ["[0.1,1e3,-0]"], "$") == ["[0.1,1000.0,0]"]


def test_half_surrogate_pairs() -> None:
    text = r'{"a":"\ud800","b":"\ud83d\ude00","\udc00":1}'
    assert apply("JSON_VALUE", [text], "a") == ["?"]
    assert apply("JSON_VALUE", [text], "b") == ["😀"]
    assert apply("JSON_KEYS", [text]) == [["a", "b", "?"]]
    (again,) = apply("JSON_SET", [text], "c", 1)
    assert json.loads(again) == {**json.loads(text), "c": 1}
    assert apply("JSON_OBJECT", ["\x00\n"], ["\u2028"]) == [
        json.dumps({"\x00\n": "\u2028"}, ensure_ascii=False, separators=(",", ":"))
    ]


def nest(depth: int, sign: str = "[") -> str:
    return "[" * depth + "1" + "]" * depth if sign == "[" else '{"a":' * depth + "1" + "}" * depth


EVERY: list[tuple[Any, ...]] = [
    ("JSON_VALUE", "$"),
    ("JSON_ELEMENTS", "$"),
    ("JSON_TYPE", "$"),
    ("JSON_SET", "$.b", 1),
    ("JSON_REMOVE", "$.b"),
    ("JSON_PRETTY",),
    ("JSON_EXPAND", "$"),
]


@pytest.mark.parametrize("sign", ["[", "{"])
def test_depth(sign: str) -> None:
    brackets = '"' + "[" * 2000 + '"'
    for name, *rest in EVERY:
        for depth in (MAX_DEPTH + 1, 1000, 100_000):
            assert apply(name, [nest(depth, sign)], *rest) == [LIMIT], (name, depth)
        assert apply(name, ["[" * 600 + "x"], *rest) == [LIMIT], name
        if name != "JSON_EXPAND":
            assert apply(name, [f"{{{brackets}:{brackets}}}"], *rest)[0] not in (LIMIT, PARSE), name
    assert apply("JSON_VALUE", [nest(MAX_DEPTH, sign)], "$") == [nest(MAX_DEPTH, sign)]
    assert apply("JSON_VALID", [nest(MAX_DEPTH, sign), nest(MAX_DEPTH + 1, sign)]) == [True, False]


def test_depth_does_not_depend_on_the_caller() -> None:
    def below(frames: int) -> Any:
        return below(frames - 1) if frames else apply("JSON_PRETTY", [nest(300), nest(1000)])

    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(below(300)))
    thread.start()
    thread.join()
    assert found == [below(0)]
    assert found[0][1] == LIMIT
    assert sys.getrecursionlimit() == 1000


def test_no_quadratic_traps() -> None:
    started = time.perf_counter()
    texts = [
        '"' + '\\"' * 500_000,
        '"' + "\\" * 999_999,
        "[" + "1," * 500_000 + "1]",
        "[[" * 500_000,
        '{"a":"' + "[" * 10**6,
    ]
    apply("JSON_VALUE", texts, "$[0]")
    apply("JSON_VALUE", ["{}"] * 2, ["a." * 500_000 + "a", "['" + "\\'" * 500_000])
    apply("JSON_VALUE", ["{}"], ["[" * 10**6])
    assert time.perf_counter() - started < 10


def test_messages_quote_the_argument_at_fault() -> None:
    def message(name: str, *args: Any) -> str:
        errors = apply(name, *args, raw=True).errors
        assert errors is not None
        return str(errors.messages()[0])

    assert message("JSON_VALUE", ["[x"], "$") == 'JSON_VALUE: "[x" is not JSON'
    assert message("JSON_MERGE", ["{}"], ["[1"]) == 'JSON_MERGE: "[1" is not JSON'
    assert message("JSON_ELEMENT", ["{}"], [0]) == 'JSON_ELEMENT: "{}" is not a JSON array'
    assert message("JSON_SET", ["[]"], ["$.a"], [1]) == 'JSON_SET: "$.a" leads through a value that is no object'


def test_many_equal_documents() -> None:
    rows = {"j": ['{"a":1}', None, "x", '{"a":{"b":[2]}}'] * 200}
    got = values(sheet({"Result": 'JSON_VALUE(#j;"$.a")'}, rows)["Result"])
    assert got == ["1", None, PARSE, '{"b":[2]}'] * 200
