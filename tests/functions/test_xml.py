"""XML functions: what documents may not do, names without namespaces, and against ElementTree."""

from __future__ import annotations

import http.server
import threading
import time
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree

import pytest
from calling import apply
from evaluating import sheet
from oracles_rows import ORACLES

from sheetline.formulas.diagnostics import FormulaError
from sheetline.functions import extras, xml
from sheetline.functions.declare import Failure

PARSE, VALUE, LIMIT, NUM = map(Failure, ("PARSE", "VALUE", "LIMIT", "NUM"))
WORDS = ["", " ", "x", "<&>\"'", "é😀", "]]>", "\u05d0", "e\u0301\n"]


def tree(random: Random, depth: int = 3) -> ElementTree.Element:
    names = random.choice(["", "a", "bc"])
    node = ElementTree.Element(random.choice("abc"), {name: random.choice(WORDS) for name in names})
    node.text, node.tail = random.choice(WORDS), random.choice(WORDS)
    if depth:
        node.extend(tree(random, depth - 1) for _ in range(random.randrange(4)))
    return node


PATHS = ["/a", "//b", "//a/b", "/a/b/c", "//c[1]", "//a/b[2]", "//a/@b", "count(//b)"]


def test_against_element_tree() -> None:
    random = Random(5)
    roots = [tree(random) for _ in range(300)]
    for root in roots:
        root.tail = None
    texts = [ElementTree.tostring(root, encoding="unicode") for root in roots]
    assert apply("XML_VALID", texts) == [True] * len(texts)
    for path in PATHS:
        wanted: list[list[str]] = [ORACLES["XPATHLIST"](text, path) for text in texts]
        found = apply("XPATHLIST", texts, path)
        if path.count("/") == 2:  # ElementTree gives the steps of one path in document order only
            assert found == wanted, path
        else:
            assert list(map(sorted, found)) == list(map(sorted, wanted)), path
        first = [shown[0] if shown else None for shown in found]
        assert apply("XPATH", texts, [path] * len(texts)) == first, path
    attributes = [[n.attrib["c"] for n in ElementTree.fromstring(t).iter() if "c" in n.attrib] for t in texts]
    assert apply("XPATHLIST", texts, "//@c") == attributes


LAUGHS = "<!DOCTYPE l [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(9)
)
HOSTILE = {
    "billion laughs": f"{LAUGHS}]><l>&j;</l>",
    "billion laughs in an attribute": f"{LAUGHS}]><l x='&j;'/>",
    "behind a comment": f"<?xml version='1.0'?> <!-- <a> --> {LAUGHS}]><l>&j;</l>",
    "a file": '<!DOCTYPE l [<!ENTITY f SYSTEM "file:///etc/passwd">]><l>&f;</l>',
    "a parameter entity": '<!DOCTYPE l [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><l/>',
    "an outer subset": '<!DOCTYPE l SYSTEM "http://127.0.0.1:9/x.dtd"><l/>',
    "nothing but a name": "<!DOCTYPE l><l/>",
    "defaults of attributes": '<!DOCTYPE l [<!ATTLIST l x CDATA "y">]><l/>',
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_type_definitions_are_refused(kind: str) -> None:
    started = time.perf_counter()
    assert apply("XPATHLIST", [HOSTILE[kind]], "//@*|//l") == [VALUE]
    assert apply("XPATH", [HOSTILE[kind]], "//l") == [VALUE]
    assert apply("XML_VALID", [HOSTILE[kind]]) == [False]
    assert time.perf_counter() - started < 10


def test_a_type_definition_is_text_elsewhere() -> None:
    assert apply("XPATH", ["<l><![CDATA[<!DOCTYPE x>]]></l>"], "/l") == ["<!DOCTYPE x>"]
    assert apply("XPATH", ["<!-- <!DOCTYPE x> --><l>1</l>"], "/l") == ["1"]
    assert apply("XPATH", ["<l><!DOCTYPE x></l>", "<?a <!DOCTYPE", "<!-- <!DOCTYPE"], "/l") == [PARSE] * 3


def test_nothing_is_fetched_or_read(tmp_path: Path) -> None:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        secret = tmp_path / "secret.xml"
        secret.write_text("<s>secret</s>")
        include = "<l xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='{}'/></l>"
        texts = [
            f"<!DOCTYPE l SYSTEM '{address}/a.dtd'><l>&x;</l>",
            f"<!DOCTYPE l [<!ENTITY x SYSTEM '{address}/b'>]><l>&x;</l>",
            f"<?xml-stylesheet href='{address}/c.xsl'?><l/>",
            include.format(f"{address}/d"),
            include.format(secret.as_uri()),
            f"<l xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:noNamespaceSchemaLocation='{address}/e'/>",
        ]
        got = apply("XPATH", texts, "/*")
        assert got[:2] == [VALUE, VALUE]
        assert got[2:] == [""] * 4
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert not asked


def test_entities() -> None:
    assert apply("XPATH", ["<l>&lt;&#65;&#x1F600;&amp;</l>", "<l>&nbsp;</l>", "<l>&#0;</l>"], "/l") == [
        "<A😀&",
        PARSE,
        PARSE,
    ]


def test_depth_and_size() -> None:
    for depth in (200, 1000, 3000, 100_000):
        (found,) = apply("XPATH", ["<a>" * depth + "x" + "</a>" * depth], "/a")
        assert found == ("x" if depth == 200 else found)
        assert found in ("x", LIMIT), depth
    assert apply("XPATH", ["<a>" * 100_000 + "</a>" * 100_000], "/a") == [LIMIT]
    started = time.perf_counter()
    assert apply("XPATH", ["<a>" + "<b/>" * 250_000 + "</a>"], "count(//b)") == ["250000"]
    assert apply("XPATH", ["<a x='" + "y" * 1_000_000 + "'/>"], "string-length(/a/@x)") == ["1000000"]
    assert apply("XPATH", ["<a>" + "<" * 1_000_000], "/a") == [PARSE]
    assert apply("XPATH", ["<?" * 500_000 + "<!DOCTYPE"], "/a") == [PARSE]
    assert apply("XPATH", ["<?a?>" * 200_000 + "<!DOCTYPE a><a/>"], "/a") == [VALUE]
    assert time.perf_counter() - started < 10


def test_kinds_of_results() -> None:
    text = "<l a='1' b=''><!--note--><i>x</i><i>y<j>z</j></i><?do it?></l>"
    cases = {
        "/l/@a": "1",
        "/l/@b": "",
        "//i[2]": "yz",
        "//i[2]/text()": "y",
        "//comment()": "note",
        "//processing-instruction()": "it",
        "count(//i)": "2",
        "count(//i) div 4": "0.5",
        "//i = 'x'": "true",
        "boolean(//k)": "false",
        "concat(//i[1], '-', /l/@a)": "x-1",
        "string(//k)": "",
        "//k": None,
        "number(//i)": NUM,
        "1 div 0": NUM,
        "sum(//@a)": "1",
        "name(/*)": "l",
        "i": "x",
    }
    for path, wanted in cases.items():
        assert apply("XPATH", [text], path) == [wanted], path
    assert apply("XPATHLIST", [text], "//i | /l/@a") == [["1", "x", "yz"]]


def test_namespaces() -> None:
    text = "<g:l xmlns:g='urn:g' xmlns='urn:d' g:n='1' m='2'><i xml:lang='de'>x</i><g:i>y</g:i></g:l>"
    for path in ("//i", "//g:i", "/other:l/d:i", "child::g:i"):
        assert apply("XPATHLIST", [text], path) == [["x", "y"]], path
    assert apply("XPATHLIST", [text], "/l/@g:n | /l/@m") == [["1", "2"]]
    assert apply("XPATH", [text], "//i[@xml:lang='de']") == ["x"]
    assert apply("XPATH", [text], "//*[local-name() = 'i'][2]") == ["y"]
    assert apply("XPATH", ["<l><i>a:b</i></l>"], "//i[. = 'a:b']") == ["a:b"]
    assert apply("XPATHLIST", [text], "//g:*") == [["xy", "x", "y"]]


def test_encodings() -> None:
    declared = "<?xml version='1.0' encoding='{}'?><l>é😀</l>"
    texts = [declared.format(name) for name in ("UTF-8", "ISO-8859-1", "UTF-16", "none")]
    assert apply("XPATH", texts, "/l")[:2] == ["é😀"] * 2
    for found in apply("XPATH", texts[2:], "/l"):
        assert found in ("é😀", PARSE)
    assert apply("XPATH", ["\ufeff<l>x</l>", "<l>\x00</l>", "<l>\u202e\u0627</l>"], "/l") == [
        "x",
        PARSE,
        "\u202e\u0627",
    ]
    assert apply("XML_VALID", ["", " ", "x", "<a/><b/>", "<a", "<a></b>", "<a b=1/>", " <a/> "]) == [False] * 7 + [True]


@pytest.mark.parametrize("path", ["", "//[", "foo(1)", "$x", "a b", "//i[", "'", "re:test(., 'x')"])
def test_broken_paths(path: str) -> None:
    with pytest.raises(FormulaError, match="F113"):
        sheet({"Result": f'XPATH(#x;"{path}")'}, {"x": ["<l/>"]})
    assert apply("XPATH", ["<l/>", "<l/>"], [path, "/l"]) == [PARSE, ""]


def test_what_fails_when_it_is_evaluated() -> None:
    assert apply("XPATH", ["<l><i/></l>"], "//i[foo(.)]") == [VALUE]
    assert apply("XPATH", ["<l/>"], "//i[foo(.)]") == [None]


def test_the_package_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(module: str, extra: str) -> Any:
        raise extras.MissingExtraError(f"{module} of {extra}")

    monkeypatch.setattr(xml, "load", missing)
    with pytest.raises(extras.MissingExtraError, match="lxml"):
        apply("XML_VALID", ["<a/>"])
