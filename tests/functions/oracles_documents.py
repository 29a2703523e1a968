"""What each function of JSON and XML gives for single values: Python's json, and ElementTree for simple paths."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import oracles_rows
from oracles_text import text_form

from sheetline.functions.declare import Failure

PARSE, VALUE, RANGE, OVERFLOW = map(Failure, ("PARSE", "VALUE", "RANGE", "OVERFLOW"))
MISSING = object()
_SIMPLE = re.compile(r"(?:\$(?=[.\[]|$))?((?:(?:\.|(?<!\]))[A-Za-z_]\w*|\[-?\d+\]|\['[^'\\]*'\])*)")


class WrongError(Exception):
    """The answer is an error value."""

    def __init__(self, code: Failure) -> None:
        super().__init__(code)
        self.code = code


class UnknownError(Exception):
    """The oracle can't tell."""


def refuse(name: str) -> Any:
    raise ValueError(name)


def read(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=refuse)
    except ValueError:
        raise WrongError(PARSE) from None


def write(value: Any, indent: int | None = None) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent, **compact(indent))
    except ValueError:
        raise WrongError(OVERFLOW) from None


def compact(indent: int | None) -> dict[str, Any]:
    return {"separators": (",", ":")} if indent is None else {}


def show(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else write(value)


def steps(path: str) -> list[Any]:
    """The steps of simple paths; of others nothing is known."""
    match = _SIMPLE.fullmatch(path.strip())
    if match is None:
        raise UnknownError
    found = re.findall(r"\.?([A-Za-z_]\w*)|\[(-?\d+)\]|\['([^']*)'\]", match[1])
    return [int(number) if number else name or quoted for name, number, quoted in found]


def at(value: Any, path: list[Any]) -> Any:
    for step in path:
        try:
            if isinstance(step, int) is not isinstance(value, list) or isinstance(value, str):
                return MISSING
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return value


def there(value: Any) -> Any:
    return None if value is MISSING else value


def values_of(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else [value]


def typed(value: Any, *kinds: type) -> Any:
    if value is not None and not isinstance(value, kinds):
        raise WrongError(VALUE)
    return value


def elements(text: str, path: str) -> Any:
    document = read(text)
    if "*" in path:
        head, _, tail = path.partition("[*]")
        inside = at(document, steps(head))
        nodes = values_of(inside) if isinstance(inside, list | dict) else []
        found = [at(node, steps(tail)) for node in nodes]
        return [show(value) for value in found if value is not MISSING]
    found = at(document, steps(path))
    return None if found is MISSING else [show(value) for value in values_of(found)]


def element(text: str, index: int) -> Any:
    array = typed(read(text), list)
    return show(array[index]) if array is not None and -len(array) <= index < len(array) else None


def keys(text: str, path: str) -> Any:
    value = typed(there(at(read(text), steps(path))), dict)
    return None if value is None else list(value)


def values(text: str, path: str) -> Any:
    value = typed(there(at(read(text), steps(path))), dict)
    return None if value is None else [show(v) for v in value.values()]


def mapped(text: str, key: str) -> Any:
    value = typed(read(text), dict)
    return None if value is None else show(value.get(key))


def size(text: str, path: str) -> Any:
    value = typed(there(at(read(text), steps(path))), dict, list)
    return None if value is None else len(value)


def kind(text: str, path: str) -> Any:
    value = at(read(text), steps(path))
    if value is MISSING:
        return None
    names = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")


def valid(text: str) -> bool:
    try:
        read(text)
    except WrongError:
        return False
    return True


def merge(*texts: str) -> Any:
    out: dict[str, Any] = {}
    for text in texts:
        value = read(text)
        if not isinstance(value, dict):
            raise WrongError(VALUE)
        out |= value
    return write(out)


def plain(value: Any) -> Any:
    """A value as JSON has it: whole floats are shown without their point."""
    if isinstance(value, oracles_rows.Instant):
        return oracles_rows.date_text(value)
    if isinstance(value, float):
        return json.loads(text_form(value))
    return [plain(v) for v in value] if isinstance(value, list) else value


def put(text: str | None, path: str | None, value: Any, parse: bool = False) -> Any:
    if text is None or path is None:
        return None
    way = steps(path)
    new = read(value) if parse and isinstance(value, str) else plain(value)
    document = read(text)
    if not way:
        return write(new)
    if document is None:
        document = [] if isinstance(way[0], int) else {}
    node = document
    for step, following in zip(way, [*way[1:], None], strict=True):
        if isinstance(step, int) is not isinstance(node, list) or not isinstance(node, list | dict):
            raise WrongError(VALUE)
        if isinstance(node, list):
            if not -len(node) <= step <= len(node):
                raise WrongError(RANGE)
            if step == len(node):
                node.append(None)
        elif step not in node:
            node[step] = None
        if following is None:
            node[step] = new
        elif node[step] is None:
            node[step] = [] if isinstance(following, int) else {}
        node = node[step]
    return write(document)


def remove(text: str, *paths: str) -> Any:
    document = read(text)
    for path in paths:
        way = steps(path)
        if not way:
            raise WrongError(VALUE)
        node = at(document, way[:-1])
        if at(node, way[-1:]) is not MISSING:
            del node[way[-1]]
    return write(document)


def made(*values: Any) -> Any:
    if any(key is None for key in values[::2]):
        return None
    return write({key: plain(value) for key, value in zip(values[::2], values[1::2], strict=True)})


def guarded(oracle: Callable[..., Any]) -> Callable[..., Any]:
    def answer(*values: Any) -> Any:
        try:
            return oracle(*values)
        except WrongError as wrong:
            return wrong.code
        except UnknownError:
            return oracles_rows.UNKNOWN

    return answer


# ---------------------------------------------------------------- XML, by ElementTree


def xml(text: str) -> ElementTree.Element:
    if "<!DOCTYPE" in text:
        raise WrongError(VALUE)
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        raise WrongError(PARSE) from None
    for node in root.iter():
        node.tag = node.tag.rpartition("}")[2]
    return root


def xpath_list(text: str, path: str) -> Any:
    """Paths of names, // and [n], with @name, and count() of one; of others nothing is known."""
    path_ = r"(//?[A-Za-z]\w*(\[[1-9]\])?)+"
    if not re.fullmatch(rf"{path_}(/@\w+)?|count\({path_}\)", path):
        raise UnknownError
    root = ElementTree.Element("above")
    root.append(xml(text))
    counting = path.startswith("count(")
    way, _, attribute = path.removeprefix("count(").removesuffix(")").partition("/@")
    nodes = root.findall("." + way)
    if attribute:
        return [node.attrib[attribute] for node in nodes if attribute in node.attrib]
    return [str(len(nodes))] if counting else ["".join(node.itertext()) for node in nodes]


def xpath(text: str, path: str) -> Any:
    found = xpath_list(text, path)
    return found[0] if found else None


def xml_valid(text: str) -> bool:
    try:
        xml(text)
    except WrongError:
        return False
    return True


ORACLES: dict[str, Callable[..., Any]] = {
    name: guarded(oracle)
    for name, oracle in {
        "JSON_VALUE": lambda text, path: show(there(at(read(text), steps(path)))),
        "JSON_ELEMENT": element,
        "JSON_ELEMENTS": elements,
        "JSON_KEYS": keys,
        "JSON_VALUES": values,
        "JSON_MAP": mapped,
        "JSON_SIZE": size,
        "JSON_TYPE": kind,
        "JSON_VALID": valid,
        "JSON_MERGE": merge,
        "JSON_SET": put,
        "JSON_REMOVE": remove,
        "JSON_OBJECT": made,
        "JSON_ARRAY": lambda *values: write([plain(value) for value in values]),
        "JSON_PRETTY": lambda text, indent: write(read(text), indent),
        "XPATH": xpath,
        "XPATHLIST": xpath_list,
        "XML_VALID": xml_valid,
    }.items()
}
