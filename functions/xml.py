"""XML documents: what XPath finds in them. Nothing outside a document is ever read."""

from __future__ import annotations

import re
from functools import lru_cache
from math import isfinite
from typing import Any

from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.extras import load
from sheetline.functions.text_support import CellError, map_rows
from sheetline.functions.xml_cost import MAX_VISITS, power, too_costly

CATEGORY = "JSON and XML"
_ERRORS = (
    "Text that is not XML is an error PARSE; a document type definition, and with it entities, is refused with an "
    "error VALUE; what is nested too deeply or too large for the parser is an error LIMIT. So is a document that a "
    f"predicate would look over and over at: more than {MAX_VISITS:,} nodes in all, such as 5,000 elements each of "
    "which asks for all before it. A constant path that is no XPath is refused before the run, in a row it is an error "
    "PARSE."
)
#: What an expression may be at the most: reading a long one takes the square of its length.
MAX_PATH = 1000

_NOTES = (
    "XPath 1.0. Prefixes of names are left out, in the document and in the path: //item finds items of any namespace. "
    "An element is shown as its text with that of everything inside it, an attribute as its value. "
    f"A path has at most {MAX_PATH:,} characters. Needs the package lxml: pip install 'sheetline[xml]'."
)
#: Strings, axes, and prefixes of names (in the group) in XPath.
_TOKENS = re.compile(r"""("[^"]*"|'[^']*'|[^\W\d][\w.-]*\s*::)|[^\W\d][\w.-]*\s*:\s*(?=[^\W\d]|\*)""")


def _etree() -> Any:
    return load("lxml.etree", "xml")


class XPath:
    """A compiled XPath expression without prefixes."""

    def __init__(self, path: str) -> None:
        """Compile.

        Raises:
            ValueError: it is not XPath 1.0, or uses functions or variables that do not exist.
        """
        etree = _etree()
        if len(path) > MAX_PATH:
            raise ValueError(f"an XPath has at most {MAX_PATH:,} characters, not {len(path):,}")
        try:
            self._find = etree.XPath(_TOKENS.sub(r"\1", path), smart_strings=False, regexp=False)
            self._text = etree.XPath("string()", smart_strings=False)
            self.power = power(path)
            self._find(etree.Element("x"))  # names of functions are looked up when they are called
        except (etree.XPathError, ValueError) as error:
            raise ValueError(f'"{path}" is no XPath: {str(error) or "it is empty"}') from None
        self._failures = (etree.XPathError,)

    def values(self, root: Any, ctx: Call) -> list[str]:
        """Return the texts of all that the expression finds; of a number, truth value or text that alone."""
        if self.power > 1 and too_costly(sum(1 for _ in root.iter()), self.power):
            raise CellError("LIMIT", f"{ctx.function}: {{1}} looks too often at too large a document")
        try:
            found = self._find(root)
        except self._failures:
            raise CellError("VALUE", f"{ctx.function}: {{1}} can't be evaluated") from None
        if isinstance(found, list):
            return [self._shown(node) for node in found]
        return [_plain(found, ctx)]

    def _shown(self, node: Any) -> str:
        if isinstance(node, str):
            return str(node)
        if isinstance(node, tuple):  # a namespace: prefix and address
            return str(node[1])
        if not isinstance(node.tag, str) or len(node) == 0:  # comments and instructions, and elements of text alone
            return node.text or ""
        return str(self._text(node))


def _plain(value: Any, ctx: Call) -> str:
    """Return what an expression gave that names no nodes, as XPath's string() shows it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, float):
        return str(value)
    if not isfinite(value):
        raise CellError("NUM", f"{ctx.function}: {{1}} gives no number")
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _compiled(path: Any) -> XPath:
    return XPath(str(path))


@lru_cache(maxsize=256)
def _of_row(path: str) -> XPath | None:
    try:
        return XPath(path)
    except ValueError:
        return None


def _xpath(path: XPath | str, ctx: Call) -> XPath:
    found = path if isinstance(path, XPath) else _of_row(path)
    if found is None:
        raise CellError("PARSE", f"{ctx.function}: {{1}} is no XPath")
    return found


def _has_type(text: str) -> bool:
    """Whether a document type definition stands before the root element."""
    if "<!DOCTYPE" not in text:
        return False
    place = 0
    while True:
        while text[place : place + 1].isspace() or text[place : place + 1] == "\ufeff":
            place += 1
        if text.startswith("<?", place):
            end, width = text.find("?>", place), 2
        elif text.startswith("<!--", place):
            end, width = text.find("-->", place + 4), 3
        else:
            return text.startswith("<!DOCTYPE", place)
        if end < 0:
            return False
        place = end + width


class _Reader:
    """A parser that is safe against what documents can do; of one call, so of one thread."""

    def __init__(self) -> None:
        self.etree = _etree()
        self.parser = self.etree.XMLParser(
            encoding="utf-8",  # texts are Unicode already, whatever they declare
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            attribute_defaults=False,
            huge_tree=False,
            recover=False,
        )


def read(text: str, reader: _Reader, ctx: Call) -> Any:
    """Return the root element of a document, its names without namespaces.

    Raises:
        CellError: the text is not XML, or has a document type definition.
    """
    if _has_type(text):
        raise CellError("VALUE", f"{ctx.function}: XML with a document type definition is not read")
    etree = reader.etree
    try:
        root = etree.fromstring(text.encode(), reader.parser)
    except etree.XMLSyntaxError as error:
        if error.code == etree.ErrorTypes.ERR_RESOURCE_LIMIT or "xcessive depth" in str(error):
            raise CellError("LIMIT", f"{ctx.function}: the document is too deep or too large") from None
        raise CellError("PARSE", f"{ctx.function}: {{0}} is not XML") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise CellError("VALUE", f"{ctx.function}: XML with a document type definition is not read")
    if "xmlns" in text or "xml:" in text:
        _strip_namespaces(root)
    return root


def _strip_namespaces(root: Any) -> None:
    """Give elements and attributes their local names; of two attributes that become alike the plain one stays."""
    for element in root.iter("*"):
        if element.tag.startswith("{"):
            element.tag = element.tag.rpartition("}")[2]
        attributes = element.items()
        if not any(name.startswith("{") for name, _ in attributes):
            continue
        plain = {name for name, _ in attributes}
        element.attrib.clear()  # set anew, all of them, so that they keep their order
        for name, value in attributes:
            local = name.rpartition("}")[2]
            if local == name or local not in plain:
                element.set(local, value)


@function(
    "XPATH(xml:str; path:str) -> str",
    category=CATEGORY,
    summary="The first thing that an XPath expression finds in an XML document, as text.",
    examples=[
        Example('XPATH("<l><i n=\'1\'>a</i><i>b</i></l>";"/l/i[2]")', "b"),
        Example('XPATH(#x;"//i/@n")', ["1", None, None], rows={"x": ["<l><i n='1'/></l>", "<l/>", None]}),
        Example('XPATH("<l><i/><i/></l>";"count(//i)")', "2"),
        Example('XPATH("<l>";"/l")', Failure("PARSE")),
        Example('XPATH("<!DOCTYPE l [<!ENTITY e \'x\'>]><l>&e;</l>";"/l")', Failure("VALUE")),
    ],
    prepare={"path": _compiled},
    null_note="Null also where the expression finds nothing.",
    error_note=_ERRORS,
    notes=_NOTES,
    source="XML Path Language (XPath) Version 1.0, by libxml2.",
    cost=2,
)
def xpath(xml: Any, path: Any, ctx: Call) -> Any:
    reader = _Reader()

    def first(text: str, way: Any) -> str | None:
        found = _xpath(way, ctx).values(read(text, reader, ctx), ctx)
        return found[0] if found else None

    return map_rows(ctx, first, xml, path)


@function(
    "XPATHLIST(xml:str; path:str) -> list<str>",
    category=CATEGORY,
    summary="All that an XPath expression finds in an XML document, as a list of texts.",
    examples=[
        Example('XPATHLIST("<l><i>a</i><i>b<u>c</u></i></l>";"//i")', ["a", "bc"]),
        Example('XPATHLIST("<l/>";"//i")', []),
        Example('XPATHLIST("";"//i")', Failure("PARSE")),
        Example('XPATHLIST(null;"//i")', None),
    ],
    prepare={"path": _compiled},
    error_note=_ERRORS,
    notes=_NOTES,
    source="XML Path Language (XPath) Version 1.0, by libxml2.",
    cost=2,
)
def xpath_list(xml: Any, path: Any, ctx: Call) -> Any:
    reader = _Reader()
    return map_rows(ctx, lambda t, way: _xpath(way, ctx).values(read(t, reader, ctx), ctx), xml, path, give="list")


@function(
    "XML_VALID(text:str) -> bool",
    category=CATEGORY,
    summary="Whether a text is a well-formed XML document that XPATH reads.",
    examples=[
        Example('XML_VALID("<a><b/></a>")', True),
        Example('XML_VALID("<a><b></a>")', False),
        Example('XML_VALID("<!DOCTYPE a><a/>")', False),
        Example("XML_VALID(null)", None),
    ],
    notes="False also for documents with a type definition, which XPATH does not read. "
    "Needs the package lxml: pip install 'sheetline[xml]'.",
    cost=2,
)
def xml_valid(text: Any, ctx: Call) -> Any:
    reader = _Reader()

    def valid(document: str) -> bool:
        try:
            read(document, reader, ctx)
        except CellError:
            return False
        return True

    return map_rows(ctx, valid, text, give="bool")
