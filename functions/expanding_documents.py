"""Expanding documents: the elements of JSON, and what a path finds in XML. Entities are never followed."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as Tree
from xml.parsers import expat

from sheetline.functions.columns import Column
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, Form, function
from sheetline.functions.execute_groups import Expansion
from sheetline.functions.expanding import CATEGORY, expanded
from sheetline.functions.json_paths import find, load, parse_path, shown
from sheetline.functions.text_support import CellError, map_rows
from sheetline.functions.types import STRING

#: XML deeper than this is refused: nobody writes it by hand, and trees are walked by recursion.
MAX_DEPTH = 500
_PREFIX = re.compile(r"(?:(?<=[/@\[])|^)[\w.-]+:(?!:)")


@function(
    'JSON_EXPAND(json:str; [path:str const="$"]) -> str',
    category=CATEGORY,
    form=Form.EXPAND,
    summary="One row for each element of a JSON array, or value of a JSON object.",
    examples=[
        Example("JSON_EXPAND(#j)", ["1", "a", '{"b":2}', None], rows={"j": ['[1, "a", {"b": 2}, null]']}),
        Example('JSON_EXPAND(#j;"$.a[0]")', ["x", "y", None], rows={"j": ['{"a": [["x", "y"]]}', "{}"]}),
        Example("JSON_EXPAND(#j)", [Failure("PARSE"), None], rows={"j": ["[1", None]}),
    ],
    prepare={"path": parse_path},
    null_note="A null gives one row with null; so does a path to nothing, and an empty array.",
    error_note="Text that is not JSON is an error PARSE, JSON nested more than 500 deep an error LIMIT.",
    notes="The path names members and places from 0: $.a[0].b. Strings are given as they are, other values as JSON; a "
    "single value, neither array nor object, gives itself.",
)
def json_expand(json: Column, path: Any, ctx: Call) -> Expansion:
    def elements(text: str) -> list[str | None]:
        there, value = find(load(text, ctx), path)
        if not there:
            return []
        if isinstance(value, dict):
            value = list(value.values())
        return [shown(item) for item in value] if isinstance(value, list) else [shown(value)]

    return expanded(map_rows(ctx, elements, json.plain().data, give="list"), STRING)


class _Refused(Exception):  # noqa: N818 - it never leaves this module
    """The document has a type definition, or is nested too deeply."""


def read_xml(text: str, ctx: Call) -> Tree.Element:
    """Return the root element, names without their prefixes; raise :class:`CellError` where it is no XML.

    Documents with a type definition are refused, so there are no entities to expand and nothing is fetched.
    """
    builder = Tree.TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise _Refused
        builder.start(_local(name), {_local(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_local(name))

    def refuse(*_: Any) -> None:
        raise _Refused

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(text, True)
    except expat.ExpatError:
        raise CellError("PARSE", f"{ctx.function}: {{0}} is not XML") from None
    except _Refused:
        note = f"{ctx.function}: XML with a document type, or nested more than {MAX_DEPTH} deep, is not read"
        raise CellError("VALUE", note) from None
    return builder.close()


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def parse_xpath(path: Any) -> tuple[str, str]:
    """Return the path to elements from above the root, and what is taken of them: "", "text" or "@name".

    Raises:
        ValueError: the path is not of the part of XPath that is supported.
    """
    text = _PREFIX.sub("", str(path).strip())
    elements, _, last = text.rpartition("/")
    take = ""
    if last.startswith("@"):
        text, take = elements, last
    elif last == "text()":
        text, take = elements, "text"
    if text in ("", "/") and take:
        text = "."
    if text.startswith("/"):
        text = "." + text
    try:
        above = Tree.Element("above")
        above.append(Tree.Element("root"))
        above.findall(text)
    except (SyntaxError, KeyError, TypeError, StopIteration):  # ElementPath has all of them for broken paths
        text = ""
    if not text:
        raise ValueError(f'"{path}" is no path such as /list/item, //item[@id="1"] or //item/@id')
    return text, take


def taken(element: Tree.Element, take: str) -> str | None:
    """Return an element's text with that of everything inside it, its own text only, or an attribute."""
    if take.startswith("@"):
        return element.get(take[1:])
    return element.text if take == "text" else "".join(element.itertext())


@function(
    "EXPAND_XPATH(xml:str; path:str const) -> str",
    category=CATEGORY,
    form=Form.EXPAND,
    summary="One row for each element, text or attribute that a path finds in an XML document.",
    examples=[
        Example('EXPAND_XPATH(#x;"/l/i")', ["a", "b", None], rows={"x": ["<l><i>a</i><i>b</i></l>", "<l/>"]}),
        Example('EXPAND_XPATH(#x;"//i/@n")', ["1", None], rows={"x": ['<l><i n="1"/><i/></l>', None]}),
        Example('EXPAND_XPATH(#x;"//i")', [Failure("PARSE")], rows={"x": ["<l>"]}),
    ],
    prepare={"path": parse_xpath},
    null_note="A null gives one row with null; so does a path that finds nothing.",
    error_note="Text that is not XML is an error PARSE; a document type definition, and with it entities, is refused "
    "with an error VALUE.",
    notes="Paths: names, *, //, .., [place], [name], [name='text'], [@name='text'], and at the end text() or @name. "
    "Prefixes of names are left out, in the document and in the path.",
)
def expand_xpath(xml: Column, path: Any, ctx: Call) -> Expansion:
    where, take = path

    def found(text: str) -> list[str]:
        above = Tree.Element("above")
        above.append(read_xml(text, ctx))
        values = [taken(element, take) for element in above.findall(where)]
        return [value for value in values if value is not None]

    return expanded(map_rows(ctx, found, xml.plain().data, give="list"), STRING)
