"""Encoding and masking against Python's standard library, published vectors, and texts made to break them."""

from __future__ import annotations

import base64
import html
import time
from random import Random

import pytest
from calling import apply
from hypothesis import given
from hypothesis import strategies as st
from oracles_rows import ORACLES

from sheetline.functions.columns import Column, text
from sheetline.functions.declare import Failure

PARSE, VALUE, LIMIT = Failure("PARSE"), Failure("VALUE"), Failure("LIMIT")
TEXTS = st.lists(st.none() | st.text(st.characters(exclude_categories=("Cs",)), max_size=12), min_size=1, max_size=9)
#: Signs of which codes are made: most of what comes out is nearly right.
NEARLY = st.lists(st.none() | st.text("AQg9+/-_=% aé0fF4&;#xlt<>p!\"'", max_size=10), min_size=1, max_size=9)


def wanted(name: str, rows: list[str | None]) -> list[object]:
    return [None if value is None else ORACLES[name](value) for value in rows]


def sliced(rows: list[str | None]) -> Column:
    """The rows as part of a longer array, with something under the nulls' neighbours."""
    return text(["%C3%A9 before", *rows, "behind ="]).slice(1, len(rows) + 1)


ENCODERS = ("BASE64ENCODE", "HEXENCODE", "URLENCODE", "HTMLESCAPE")
DECODERS = ("BASE64DECODE", "HEXDECODE", "URLDECODE", "HTMLUNESCAPE")


@pytest.mark.parametrize("name", [*ENCODERS, *DECODERS])
@given(rows=TEXTS | NEARLY)
def test_standard_library(name: str, rows: list[str | None]) -> None:
    assert apply(name, sliced(rows)) == wanted(name, rows)


@pytest.mark.parametrize(("encode", "decode"), list(zip(ENCODERS, DECODERS, strict=True)))
@given(rows=TEXTS)
def test_there_and_back(encode: str, decode: str, rows: list[str | None]) -> None:
    assert apply(decode, apply(encode, sliced(rows), raw=True)) == rows


def test_rfc_4648_vectors() -> None:
    plain = ["", "f", "fo", "foo", "foob", "fooba", "foobar"]
    coded = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]
    assert apply("BASE64ENCODE", plain) == coded
    assert apply("BASE64DECODE", coded) == plain
    assert apply("BASE64DECODE", [value.rstrip("=") for value in coded]) == plain
    assert [value.upper() for value in apply("HEXENCODE", plain)] == [
        "",
        "66",
        "666F",
        "666F6F",
        "666F6F62",
        "666F6F6261",
        "666F6F626172",
    ]


def test_base64_of_addresses_and_mail() -> None:
    signs = "".join(chr(code) for code in range(0x30, 0x2FF))
    safe = base64.urlsafe_b64encode(signs.encode()).decode()
    lines = base64.encodebytes(signs.encode()).decode()
    assert apply("BASE64DECODE", [safe, lines, None]) == [signs, signs, None]
    assert apply("BASE64DECODE", ["Zg=", "Zg===", "=Zg=", "Z", "Zm9v=", "Zg==Zg==", "Zgä="]) == [PARSE] * 7


def test_bytes_that_are_no_text() -> None:
    halves = ["c3", "a9", "c3a9", "eda080", "c080", "f4908080", "00", "ff"]  # two halves of é in neighbouring rows
    assert apply("HEXDECODE", halves) == [PARSE, PARSE, "é", PARSE, PARSE, PARSE, "\0", PARSE]
    escaped = ["".join(f"%{half[at : at + 2]}" for at in range(0, len(half), 2)) for half in halves]
    assert apply("URLDECODE", escaped) == [PARSE, PARSE, "é", PARSE, PARSE, PARSE, "\0", PARSE]


def test_percent_signs_at_the_edges() -> None:
    rows = ["%", "%4", "%41", "%%41", "%4%41", "%zz", "+", "a%2Bb", "41"]
    assert apply("URLDECODE", rows) == ["%", "%4", "A", "%A", "%4A", "%zz", " ", "a+b", "41"]


def test_entities() -> None:
    rows = ["&amp;lt;", "&#x1F600;", "&#0;", "&#xD800;", "&eacute", "&notit;", "&;", "&lt;&unknown;", "&AMP", "&#39;"]
    assert apply("HTMLUNESCAPE", rows) == list(map(html.unescape, rows))


TAGS = {
    '<p class="a>b">one</p>\n<p>two</p>': "one two",
    "a<br/>b<BR>c": "a b c",
    "<b>bo</b>ld &lt;b&gt; &amp;amp; caf&eacute;": "bold <b> &amp; café",
    "<style>p { x > y }</style>text<script>'</b>' < 1</script>!": "text!",
    "<!-- a --><!DOCTYPE html><html>x<!--> y <!-- z": "x y",
    "3 < 4 and 5 > 4, <3": "3 < 4 and 5 > 4, <3",
    "<script>never closed": "",
    "<ul><li>1</li><li>2</li></ul>": "1 2",
    "a&nbsp;b": "a\xa0b",
    "<custom-tag x>y</custom-tag>": "y",
    "<prefix>z</prefix>": "z",
    "": "",
}


def test_html_text() -> None:
    assert apply("HTMLTEXT", [*TAGS, None]) == [*TAGS.values(), None]


@given(seed=st.integers(0, 2**32))
def test_html_text_is_what_a_parser_reads(seed: int) -> None:
    random = Random(seed)

    def piece(depth: int) -> str:
        if depth == 0 or random.random() < 0.3:
            return random.choice(["word", " ", "a &amp; b", "&eacute;", "x\n y", "<br>", "<!-- c -->", "1 &lt; 2"])
        tag = random.choice(["p", "div", "b", "i", "span", "a", "li", "script", "style"])
        more = random.choice(["", ' title="x > y"', " href='/a'", " hidden"])
        inside = "code()" if tag in ("script", "style") else "".join(piece(depth - 1) for _ in range(3))
        return f"<{tag}{more}>{inside}</{tag}>"

    made = "".join(piece(3) for _ in range(3))
    assert apply("HTMLTEXT", [made]) == [ORACLES["HTMLTEXT"](made)], made


@pytest.mark.parametrize(
    "unit",
    ["<", "<a '", '<a "<b>', "<!--", "<script>", "</", "&", "&amp", "<a>", "%", "%C3", "=", "A", "<p '\"", "ä\0"],
)
@pytest.mark.parametrize("name", ["HTMLTEXT", "HTMLUNESCAPE", "HTMLESCAPE", "URLDECODE", "URLENCODE", "BASE64DECODE"])
def test_long_texts_take_no_longer(name: str, unit: str) -> None:
    started = time.perf_counter()
    (got,) = apply(name, [unit * (500_000 // len(unit))])
    assert isinstance(got, str | Failure)
    assert time.perf_counter() - started < 5


def test_results_have_a_limit() -> None:
    assert apply("HTMLESCAPE", ['"' * 2_000_000, '"']) == [LIMIT, "&quot;"]
    assert apply("HEXENCODE", ["a" * 5_000_001, "b"]) == [LIMIT, "62"]
    assert apply("URLENCODE", [" " * 3_333_334, " "]) == [LIMIT, "%20"]
    assert apply("BASE64ENCODE", ["a" * 7_500_001, None, "f"]) == [LIMIT, None, "Zg=="]


# Masking.


@given(
    rows=TEXTS,
    keep=st.integers(-2, 8) | st.lists(st.integers(-1, 20), min_size=9, max_size=9),
    char=st.sampled_from(["*", "€", "", "ab"]),
)
def test_mask(rows: list[str | None], keep: int | list[int], char: str) -> None:
    keeps = keep[: len(rows)] if isinstance(keep, list) else [keep] * len(rows)
    made = apply("MASK", sliced(rows), keeps if isinstance(keep, list) else keep, char)
    assert made == [
        None if value is None else ORACLES["MASK"](value, k, char) for value, k in zip(rows, keeps, strict=True)
    ]


def test_mask_with_other_signs_row_by_row() -> None:
    assert apply("MASK", ["abc", "äöü", "abc", "abc"], 1, ["*", "€", None, "xx"]) == ["**c", "€€ü", None, VALUE]
    assert apply("MASK", "secret", [0, 2, 2**63 - 1]) == ["******", "****et", "secret"]


@given(rows=st.lists(st.none() | st.text("aé@.<> []:😀\n", max_size=9), min_size=1, max_size=9))
def test_addresses_of_mail(rows: list[str | None]) -> None:
    for name in ("MASKEMAIL", "EMAILUSER", "EMAILDOMAIN"):
        assert apply(name, sliced(rows)) == wanted(name, rows)


def test_masking_never_quotes_what_it_hides() -> None:
    hidden = apply("MASKEMAIL", ["jane.doe"], raw=True)
    assert "jane" not in hidden.errors.message(0)
    hidden = apply("MASK", ["4111111"], -1, raw=True)
    assert "4111" not in hidden.errors.message(0)
