"""Changing and making JSON documents: setting and removing members, merging, and JSON from values."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions.buffers import arrow_array, filled, text_scalar
from sheetline.functions.choosing import as_column, null_rows
from sheetline.functions.columns import Column, Constant
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.errors import Mask
from sheetline.functions.json_paths import Path, dump, find, load, parse_path, steps_of
from sheetline.functions.json_text import json_text, quoted
from sheetline.functions.json_values import NOT_JSON, PATH_NOTE
from sheetline.functions.text_support import CellError, checked, kernels, map_rows
from sheetline.functions.types import STRING

CATEGORY = "JSON and XML"
_OVERFLOW = "A number of the document beyond the range of floats is an error OVERFLOW."


# Changing documents.


def _put(node: Any, step: Any, value: Any, ctx: Call) -> None:
    """Put a value into an object or array; one place behind the last element appends."""
    if isinstance(node, dict) and isinstance(step, str):
        node[step] = value
        return
    if isinstance(node, list) and isinstance(step, str) and step.isascii() and step.isdigit():
        step = int(step[:19])
    if not isinstance(node, list) or not isinstance(step, int):
        kind = "array" if isinstance(step, int) else "object"
        raise CellError("VALUE", f"{ctx.function}: {{1}} leads through a value that is no {kind}")
    if step == len(node):
        node.append(value)
    elif -len(node) <= step < len(node):
        node[step] = value
    else:
        raise CellError("RANGE", f"{ctx.function}: {{1}} leads behind the end of an array")


def _with(document: Any, steps: Path, value: Any, ctx: Call) -> Any:
    """Return a document with a value at a path; objects and arrays that are missing on the way are made."""
    if not steps:
        return value

    def room(step: Any) -> Any:
        return [] if isinstance(step, int) else {}

    if document is None:
        document = room(steps[0])
    node = document
    for step, following in pairwise(steps):
        _, child = find(node, (step,))
        if child is None:
            child = room(following)
            _put(node, step, child, ctx)
        node = child
    _put(node, steps[-1], value, ctx)
    return document


@function(
    "JSON_SET(json:str; path:str; value:any; [parse:bool const=false]) -> str",
    category=CATEGORY,
    summary="A JSON document with a value set at a path.",
    examples=[
        Example('JSON_SET("{""a"": 1}";"$.b";"x")', '{"a":1,"b":"x"}'),
        Example('JSON_SET("{}";"$.a.b[0]";2.5)', '{"a":{"b":[2.5]}}'),
        Example('JSON_SET("[1,2]";"$[-1]";null)', "[1,null]"),
        Example('JSON_SET("{}";"a";"[1]";true)', '{"a":[1]}'),
        Example('JSON_SET("[1]";"$[5]";2)', Failure("RANGE")),
        Example('JSON_SET("{""a"": 1}";"$.a.b";2)', Failure("VALUE")),
        Example('JSON_SET(null;"a";1)', None),
    ],
    prepare={"path": parse_path},
    nulls="own",
    null_note="A null document or path gives null; a null value is the JSON value null.",
    error_note=f"{NOT_JSON} A path through a value that is neither array nor object is an error VALUE, one behind the "
    f"end of an array an error RANGE. {_OVERFLOW}",
    notes=f"{PATH_NOTE} Objects and arrays that are missing on the way are made; the place behind the last element "
    "appends. A text is set as a string, or with parse as the JSON that it holds; lists become arrays, dates "
    "ISO 8601 text.",
    cost=2,
)
def json_set(json: Any, path: Any, value: Any, parse: Any, ctx: Call) -> Any:
    texts = as_column(json, ctx.rows).plain().data
    ways = path if isinstance(path, tuple) else as_column(path, ctx.rows).plain().data
    if parse.value and value.type == STRING:
        given = filled(as_column(value, ctx.rows).plain().data, "null")
    else:
        given = filled(json_text(as_column(value, ctx.rows), ctx), "null")

    def changed(text: str, way: Any, new: str) -> str:
        if parse.value:
            new = dump(load(new, ctx, 2))
        steps, mark = steps_of(way, ctx), "<>"
        while True:  # the value is written where a string stands that occurs nowhere else
            written = dump(_with(load(text, ctx), steps, mark, ctx))
            if written.count(f'"{mark}"') == 1:
                return written.replace(f'"{mark}"', new)
            mark += "<>"

    return Column(STRING, map_rows(ctx, changed, texts, ways, given))


def _removable(path: Any) -> Path:
    steps = parse_path(path)
    if not steps:
        raise ValueError("the path names the whole document")
    return steps


@function(
    "JSON_REMOVE(json:str; path:str...) -> str",
    category=CATEGORY,
    summary="A JSON document without what paths name.",
    examples=[
        Example('JSON_REMOVE("{""a"": 1, ""b"": 2}";"$.a")', '{"b":2}'),
        Example('JSON_REMOVE("{""a"": [1, 2, 3]}";"$.a[0]";"$.a[-1]")', '{"a":[2]}'),
        Example('JSON_REMOVE("[1]";"$.x")', "[1]"),
        Example('JSON_REMOVE("[1";"$[0]")', Failure("PARSE")),
        Example('JSON_REMOVE(null;"a")', None),
    ],
    prepare={"path": _removable},
    error_note=f"{NOT_JSON} {_OVERFLOW}",
    notes=f"{PATH_NOTE} Paths are removed one after the other; a path to nothing changes nothing.",
    cost=2,
)
def json_remove(*args: Any, ctx: Call) -> Any:
    def removed(text: str, *ways: Any) -> str:
        document = load(text, ctx)
        for number, way in enumerate(ways):
            steps = steps_of(way, ctx, place=number + 1)
            if not steps:
                raise CellError("VALUE", f"{ctx.function}: {{{number + 1}}} names the whole document")
            there, node = find(document, steps[:-1])
            step: Any = steps[-1]
            if there and find(node, (step,))[0]:
                del node[int(step) if isinstance(node, list) else step]
        return dump(document)

    return map_rows(ctx, removed, *args)


@function(
    "JSON_MERGE(json:str...) -> str",
    category=CATEGORY,
    summary="One JSON object of the members of several; later values of a key win.",
    examples=[
        Example('JSON_MERGE("{""a"": 1, ""b"": 2}";"{""b"": 3, ""c"": []}")', '{"a":1,"b":3,"c":[]}'),
        Example('JSON_MERGE("{""a"": {""x"": 1}}";"{""a"": {""y"": 2}}")', '{"a":{"y":2}}'),
        Example('JSON_MERGE("{}";"[1]")', Failure("VALUE")),
        Example('JSON_MERGE("{}";null)', None),
    ],
    error_note=f"{NOT_JSON} Another JSON value than an object is an error VALUE. {_OVERFLOW}",
    notes="Members stand in the order in which their keys first appear; members of members are not merged, as in "
    "GROUPJSONOBJECTMERGE.",
    cost=2,
)
def json_merge(*json: Any, ctx: Call) -> Any:
    def merged(*texts: str) -> str:
        out: dict[str, Any] = {}
        for place, text in enumerate(texts):
            value = load(text, ctx, place)
            if not isinstance(value, dict):
                raise CellError("VALUE", f"{ctx.function}: {{{place}}} is not a JSON object")
            out.update(value)
        return dump(out)

    return map_rows(ctx, merged, *json)


# Making documents.


def _operand(value: Column | Constant, ctx: Call, *, key: bool = False) -> Any:
    """Return the JSON text of an argument, as an array, or as a scalar for a constant; of a null value "null"."""
    if isinstance(value, Constant) and isinstance(value.value, str):
        value = Constant(STRING, checked(value.value, ctx))
    constant = isinstance(value, Constant)
    column = as_column(value, 1 if constant else ctx.rows)
    shown = quoted(column.plain().data) if key and column.type == STRING else json_text(column, ctx)
    shown = filled(shown, "null")
    return shown[0] if constant else shown


def _joined(parts: list[Any], ctx: Call) -> Any:
    """Return texts, arrays and scalars, joined row by row."""
    ready = [text_scalar(part) if isinstance(part, str) else part for part in parts]
    if not any(isinstance(part, pa.Array) for part in ready):
        return pa.repeat(text_scalar("".join(part.as_py() for part in ready)), ctx.rows)
    return kernels().binary_join_element_wise(*ready, text_scalar(""))


def _repeated(keys: list[Any], ctx: Call) -> Mask:
    """Return the rows in which two of the keys are equal."""
    again = np.zeros(ctx.rows, np.bool_)
    for one, other in combinations(keys, 2):
        same = kernels().equal(one, other)
        again |= bool(same.as_py()) if isinstance(same, pa.Scalar) else np.asarray(filled(same, False))
    return again


@function(
    "JSON_OBJECT((key:str; value:any)...) -> str",
    category=CATEGORY,
    summary="A JSON object of keys and values.",
    examples=[
        Example('JSON_OBJECT("a";1;"b";"x";"c";[true;null])', '{"a":1,"b":"x","c":[true,null]}'),
        Example('JSON_OBJECT("a";#v)', ['{"a":"say \\"hi\\""}', '{"a":null}'], rows={"v": ['say "hi"', None]}),
        Example('JSON_OBJECT("a";1;"a";2)', '{"a":2}'),
        Example("JSON_OBJECT(null;1)", None),
        Example("JSON_OBJECT()", "{}"),
    ],
    nulls="own",
    null_note="A null key gives null; a null value is the JSON value null.",
    notes="Text is quoted, numbers and truth values are as they are, lists become arrays, dates ISO 8601 text. Of "
    "equal keys the last value counts, at the place of the first.",
)
def json_object(*args: Any, ctx: Call) -> Any:
    for key in args[::2]:
        ctx.nullify(null_rows(key, ctx.rows))
    keys = [_operand(key, ctx, key=True) for key in args[::2]]
    parts: list[Any] = []
    for key, value in zip(keys, args[1::2], strict=True):
        parts += [",", key, ":", _operand(value, ctx)]
    made = _joined(["{", *parts[1:], "}"], ctx)
    again = _repeated(keys, ctx)
    if again.any():
        rows = arrow_array(again)
        last = map_rows(_part(ctx, int(again.sum())), lambda text: dump(load(text, ctx)), made.filter(rows))
        made = kernels().replace_with_mask(made, rows, last)
    return Column(STRING, made)


def _part(ctx: Call, rows: int) -> Call:
    """Return a call for some of the rows, none of which can fail."""
    return Call(ctx.function, (), (), rows, ctx.env)


@json_object.overload("JSON_OBJECT() -> str")
def _empty_object(ctx: Call) -> Any:
    return Column(STRING, pa.repeat(text_scalar("{}"), ctx.rows))


@function(
    "JSON_ARRAY([value:any...]) -> str",
    category=CATEGORY,
    summary="A JSON array of values, which may have different types.",
    examples=[
        Example('JSON_ARRAY(1;"a";true;2.5)', '[1,"a",true,2.5]'),
        Example("JSON_ARRAY(#v;[1;2])", ["[7,[1,2]]", "[null,[1,2]]"], rows={"v": [7, None]}),
        Example("JSON_ARRAY()", "[]"),
        Example("JSON_ARRAY(1 / 0)", Failure("DIV0")),
    ],
    nulls="own",
    null_note="A null is the JSON value null.",
    notes="Text is quoted, numbers and truth values are as they are, lists become arrays, dates ISO 8601 text.",
)
def json_array(*value: Any, ctx: Call) -> Any:
    parts: list[Any] = []
    for one in value:
        parts += [",", _operand(one, ctx)]
    return Column(STRING, _joined(["[", *parts[1:], "]"], ctx))
