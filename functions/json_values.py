"""Values of JSON documents: what a path names, elements, members, keys, and what kind of value it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.json_paths import (
    EVERY,
    children,
    dump,
    find,
    find_all,
    load,
    map_documents,
    parse_path,
    parse_wild_path,
    shown,
    steps_of,
)
from sheetline.functions.text_support import CellError, map_rows

CATEGORY = "JSON and XML"
NOT_JSON = (
    "Text that is not JSON is an error PARSE, also NaN and Infinity; JSON nested more than 500 deep is an error LIMIT, "
    "and so is a whole number of more than 4,300 digits."
)
PATH_NOTE = (
    "A path names members and places from 0: $.a[0].b, a[0].b, $['a b']; places below 0 count from the end. "
    "Names with . [ ] * or quotes in them stand in brackets and quotes."
)
_NOTHING = "A path to nothing, and the JSON value null, give null."
_SHOWN = "Strings are given as they are, other values as compact JSON; whole numbers keep all their digits."


@function(
    "JSON_VALUE(json:str; path:str) -> str",
    category=CATEGORY,
    summary="The value at a path in a JSON document, as text.",
    examples=[
        Example('JSON_VALUE("{\\"a\\": [{\\"b\\": 7}]}";"$.a[0].b")', "7"),
        Example("JSON_VALUE(#j;\"a['b c']\")", ["x", None, None], rows={"j": ['{"a":{"b c":"x"}}', "{}", None]}),
        Example('JSON_VALUE("[1,2,[3]]";"$[-1]")', "[3]"),
        Example('JSON_VALUE("{a: 1}";"a")', Failure("PARSE")),
    ],
    prepare={"path": parse_path},
    null_note=_NOTHING,
    error_note=NOT_JSON,
    notes=f"{PATH_NOTE} {_SHOWN}",
    source="JSONPath (RFC 9535), its names and indices.",
    cost=2,
)
def json_value(json: Any, path: Any, ctx: Call) -> Any:
    if isinstance(path, tuple):
        return map_documents(ctx, lambda document, way: shown(find(document, way)[1]), json, path)
    return map_documents(ctx, lambda document, way: shown(find(document, steps_of(way, ctx))[1]), json, path)


def _array(value: Any, ctx: Call, kinds: tuple[type, ...], words: str) -> Any:
    """Return a value that must be of one of some kinds; null stays null."""
    if value is not None and not isinstance(value, kinds):
        raise CellError("VALUE", f"{ctx.function}: {{0}} is not {words}")
    return value


@function(
    "JSON_ELEMENT(json:str; index:int) -> str",
    category=CATEGORY,
    summary="The element of a JSON array at a place, counted from 0, as text.",
    examples=[
        Example('JSON_ELEMENT("[1,""a"",{}]";1)', "a"),
        Example('JSON_ELEMENT("[1,2]";-1)', "2"),
        Example('JSON_ELEMENT("[1,2]";2)', None),
        Example('JSON_ELEMENT("{}";0)', Failure("VALUE")),
    ],
    null_note="Null also where the array has no such element, and where it is the JSON value null.",
    error_note=f"{NOT_JSON} Another JSON value than an array is an error VALUE.",
    notes=f"A place below 0 counts from the end. {_SHOWN}",
    cost=2,
)
def json_element(json: Any, index: Any, ctx: Call) -> Any:
    def element(document: Any, place: int) -> str | None:
        array = _array(document, ctx, (list,), "a JSON array")
        if array is None or not -len(array) <= place < len(array):
            return None
        return shown(array[place])

    return map_documents(ctx, element, json, index)


@function(
    'JSON_ELEMENTS(json:str; [path:str="$"]) -> list<str>',
    category=CATEGORY,
    summary="The elements of a JSON array, or the values of a JSON object, as a list of texts.",
    examples=[
        Example('JSON_ELEMENTS("[1,""a"",{""b"":2},null]")', ["1", "a", '{"b":2}', None]),
        Example('JSON_ELEMENTS(#j;"$.a[*].b")', [["1", "2"], []], rows={"j": ['{"a":[{"b":1},{"b":2}]}', "{}"]}),
        Example('JSON_ELEMENTS("{""a"": 5}";"$.x")', None),
        Example('JSON_ELEMENTS("[1";"$")', Failure("PARSE")),
    ],
    prepare={"path": parse_wild_path},
    null_note="A path to nothing gives null, one with * an empty list.",
    error_note=NOT_JSON,
    notes=f"{PATH_NOTE} With * for every element, as in $.a[*].b, the list holds all that the path names. A single "
    f"value, neither array nor object, is a list of itself. {_SHOWN}",
    source="JSONPath (RFC 9535), its names, indices and wildcards.",
    cost=2,
)
def json_elements(json: Any, path: Any, ctx: Call) -> Any:
    def elements(document: Any, way: Any) -> list[str | None] | None:
        steps = steps_of(way, ctx, wild=True)
        if EVERY in steps:
            return [shown(value) for value in find_all(document, steps)]
        there, value = find(document, steps)
        if not there:
            return None
        return [shown(item) for item in (children(value) if isinstance(value, list | dict) else [value])]

    return map_documents(ctx, elements, json, path, give="list")


def _members(name: str, summary: str, shows: Any, plain: list[str], nested: Sequence[str | None]) -> None:
    """Declare JSON_KEYS or JSON_VALUES."""

    @function(
        f'{name}(json:str; [path:str="$"]) -> list<str>',
        category=CATEGORY,
        summary=summary,
        examples=[
            Example(f'{name}("{{""a"": 1, ""b"": [2]}}")', plain),
            Example(f'{name}(#j;"$.x")', [list(nested), None], rows={"j": ['{"x":{"y":null}}', "{}"]}),
            Example(f'{name}("[1]")', Failure("VALUE")),
        ],
        prepare={"path": parse_path},
        null_note=_NOTHING,
        error_note=f"{NOT_JSON} Another JSON value than an object is an error VALUE.",
        notes=f"{PATH_NOTE} Of equal keys the last one counts, at the place of the first.",
        cost=2,
    )
    def kernel(json: Any, path: Any, ctx: Call) -> Any:
        def members(document: Any, way: Any) -> list[str | None] | None:
            value = _array(find(document, steps_of(way, ctx))[1], ctx, (dict,), "a JSON object")
            return None if value is None else [shown(item) for item in shows(value)]

        return map_documents(ctx, members, json, path, give="list")


_members("JSON_KEYS", "The keys of a JSON object.", dict.keys, ["a", "b"], ["y"])
_members("JSON_VALUES", "The values of a JSON object, as texts.", dict.values, ["1", "[2]"], [None])


@function(
    "JSON_MAP(json:str; key:str) -> str",
    category=CATEGORY,
    summary="The value of a member of a JSON object, as text.",
    examples=[
        Example('JSON_MAP("{""a.b"": true}";"a.b")', "true"),
        Example('JSON_MAP("{""a"": 1}";"b")', None),
        Example('JSON_MAP("[1]";"a")', Failure("VALUE")),
    ],
    null_note="Null also where the object has no such member, and where it is the JSON value null.",
    error_note=f"{NOT_JSON} Another JSON value than an object is an error VALUE.",
    notes=f"The key is the member's very name; JSON_VALUE takes a path. {_SHOWN}",
    cost=2,
)
def json_map(json: Any, key: Any, ctx: Call) -> Any:
    def member(document: Any, name: str) -> str | None:
        value = _array(document, ctx, (dict,), "a JSON object")
        return None if value is None else shown(value.get(name))

    return map_documents(ctx, member, json, key)


@function(
    'JSON_SIZE(json:str; [path:str="$"]) -> int',
    category=CATEGORY,
    summary="The number of elements of a JSON array, or of members of a JSON object.",
    examples=[
        Example('JSON_SIZE("[1,null,[2,3]]")', 3),
        Example('JSON_SIZE(#j;"$.a")', [2, None], rows={"j": ['{"a": {"x": 1, "y": 2}}', "{}"]}),
        Example('JSON_SIZE("5")', Failure("VALUE")),
    ],
    prepare={"path": parse_path},
    null_note=_NOTHING,
    error_note=f"{NOT_JSON} Another JSON value than an array or object is an error VALUE.",
    notes=PATH_NOTE,
    cost=2,
)
def json_size(json: Any, path: Any, ctx: Call) -> Any:
    def size(document: Any, way: Any) -> int | None:
        value = find(document, steps_of(way, ctx))[1]
        value = _array(value, ctx, (list, dict), "a JSON array or object")
        return None if value is None else len(value)

    return map_documents(ctx, size, json, path, give="int")


_KINDS: dict[type, str] = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    type(None): "null",
}


@function(
    'JSON_TYPE(json:str; [path:str="$"]) -> str',
    category=CATEGORY,
    summary="What kind of value a JSON document holds: object, array, string, number, boolean or null.",
    examples=[
        Example('JSON_TYPE("[1]")', "array"),
        Example('JSON_TYPE(#j;"$.a")', ["null", "number", None], rows={"j": ['{"a":null}', '{"a":1e3}', "{}"]}),
        Example('JSON_TYPE("nothing")', Failure("PARSE")),
    ],
    prepare={"path": parse_path},
    null_note='A path to nothing gives null; of the JSON value null the kind is "null".',
    error_note=NOT_JSON,
    notes=PATH_NOTE,
    cost=2,
)
def json_type(json: Any, path: Any, ctx: Call) -> Any:
    def kind(document: Any, way: Any) -> str | None:
        there, value = find(document, steps_of(way, ctx))
        return _KINDS[type(value)] if there else None

    return map_documents(ctx, kind, json, path)


@function(
    "JSON_VALID(text:str) -> bool",
    category=CATEGORY,
    summary="Whether a text is a JSON document that the JSON functions read.",
    examples=[
        Example('JSON_VALID("{""a"": [1, null]}")', True),
        Example('JSON_VALID("{a: 1}")', False),
        Example('JSON_VALID("NaN")', False),
        Example("JSON_VALID(null)", None),
    ],
    notes="False also for what is nested more than 500 deep.",
    cost=2,
)
def json_valid(text: Any, ctx: Call) -> Any:
    def valid(document: str) -> bool:
        try:
            load(document, ctx)
        except CellError:
            return False
        return True

    return map_rows(ctx, valid, text, give="bool")


def _indent(blanks: Any) -> int:
    if not 0 <= blanks <= 16:
        raise ValueError("a level is indented by 0 to 16 blanks")
    return int(blanks)


@function(
    "JSON_PRETTY(json:str; [indent:int const=2]) -> str",
    category=CATEGORY,
    summary="A JSON document on several lines, with blanks that show its levels.",
    examples=[
        Example('JSON_PRETTY("{""a"":[1]}")', '{\n  "a": [\n    1\n  ]\n}'),
        Example('JSON_PRETTY("[]";4)', "[]"),
        Example('JSON_PRETTY("[1")', Failure("PARSE")),
        Example("JSON_PRETTY(null)", None),
    ],
    prepare={"indent": _indent},
    error_note=f"{NOT_JSON} A number beyond the range of floats is an error OVERFLOW.",
    notes="Members keep their order; of equal keys the last one counts.",
    cost=2,
)
def json_pretty(json: Any, indent: Any, ctx: Call) -> Any:
    return map_documents(ctx, lambda document: dump(document, indent), json)
