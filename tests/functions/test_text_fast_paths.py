"""Kernels over the bytes of whole columns give what plain Python, or their general way, gives of each text."""

from __future__ import annotations

import itertools
import re
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from calling import ENV, apply

from sheetline.functions import list_values, regular_bytes, text_finding, text_letters
from sheetline.functions.context import Call
from sheetline.functions.declare import Failure
from sheetline.functions.json_paths import load_each
from sheetline.functions.regular_engine import compile_pattern
from sheetline.functions.text_support import CellError
from sheetline.functions.text_view import rank, replaced, sliced, spans
from sheetline.functions.text_wildcards import MAX_LENGTH
from sheetline.functions.text_words import BLANK_BYTE, BLANK_BYTES, marked, run_counts, squeezed, with_plain_blanks
from sheetline.functions.xml_cost import power, too_costly

TEXT = pa.large_string()
SIGNS = ["a", "b", "A", "Z", "0", "9", " ", " ", "\t", "\n", "\x00", "-", ";", "_"]
WIDE = ["é", "ß", "Σ", "ς", "İ", "ı", "\u0085", "\u00a0", "\u2003", "\u3000", "€", "한", "😀", "𐐨", "\u0301", "ŉ", "ǰ"]


def texts(seed: int, signs: list[str], rows: int = 400, most: int = 12, nulls: bool = True) -> list[str | None]:
    """Random short texts; some are empty, some null."""
    random = Random(seed)
    made: list[str | None] = ["".join(random.choices(signs, k=random.randrange(most))) for _ in range(rows)]
    return [None if nulls and random.random() < 0.05 else text for text in made]


COLUMNS = [*(texts(seed, SIGNS) for seed in range(3)), *(texts(seed, SIGNS + WIDE) for seed in range(3))]
SLICES = [(0, 0), (7, 0), (3, 11)]


def arrow(values: list[str | None], low: int = 3, behind: int = 5) -> Any:
    """The texts as a part of a longer array, whose bytes begin elsewhere."""
    return pa.array(["x é"] * low + values + ["y"] * behind, TEXT).slice(low, len(values))


def given(column: list[str | None]) -> list[str]:
    return [text or "" for text in column]


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("part", ["a", "aa", "ab", "aba", "é", "\x00", " a", "한", "abab", "0 9 a", "😀", "-" * 70])
def test_parts_are_found(column: list[str | None], part: str) -> None:
    array, plain = arrow(column), given(column)
    assert text_finding.contains(array, part).tolist() == [part in text for text in plain]
    assert text_finding.count(array, part).tolist() == [text.count(part) for text in plain]
    first = [len(text[: text.find(part)].encode()) if part in text else -1 for text in plain]
    assert text_finding.first_byte(array, part).tolist() == first


def test_parts_are_found_in_every_row_or_in_none() -> None:
    array = pa.array(["x@y", "@", "ab@"], TEXT)
    assert text_finding.first_byte(array, "@").tolist() == [1, 0, 2]
    assert text_finding.contains(pa.array(["a", "", None], TEXT), "bc").tolist() == [False] * 3
    assert text_finding.contains(pa.array([], TEXT), "b").tolist() == []
    # what begins in one text and ends in the next is not found
    assert text_finding.contains(pa.array(["ab", "cd", "", "abcd"], TEXT), "abcd").tolist() == [False] * 3 + [True]


@pytest.mark.parametrize("make", [text_letters.upper, text_letters.lower, text_letters.folding, text_letters.swapped])
def test_letters_are_those_of_python(make: Any) -> None:
    letters = make()
    every = [chr(code) for code in range(0x20000) if not 0xD800 <= code < 0xE000]
    assert letters.change(pa.array(every, TEXT)).to_pylist() == [letters.python(char) for char in every]
    for column in COLUMNS:
        wanted = [None if text is None else letters.python(text) for text in column]
        assert letters.change(arrow(column)).to_pylist() == wanted


CLASSES = ["a+", "[a-z]+", r"\d", r"\s+", r"\S+", "[^;]+", "[^;]", r"\W+", "[ab]", "(?i)a", "(?i)[^z]+", ".+", "(?s).+"]


@pytest.mark.parametrize("source", [*CLASSES, "é+", "[aé]+", r"[\x80-\U0010ffff]+"])
@pytest.mark.parametrize("column", COLUMNS)
def test_classes_are_those_of_python(source: str, column: list[str | None]) -> None:
    found, wanted = regular_bytes.byte_class(compile_pattern(source)), re.compile(source, re.ASCII)
    plain = [text for text in column if text is not None]
    array = arrow(list(plain))
    if found is None or not found.fits(array):
        return
    matches = [[match[0] for match in wanted.finditer(text)] for text in plain]
    assert regular_bytes.count(found, array).tolist() == list(map(len, matches))
    assert regular_bytes.matches(found, array).tolist() == [bool(wanted.fullmatch(text)) for text in plain]
    assert regular_bytes.all_matches(found, array).to_pylist() == matches
    for new in ("", "#", "<é>", "0" * 30):
        made = regular_bytes.replaced(found, array, new.encode())
        assert made is None if len(new) > 16 else made.to_pylist() == [wanted.sub(new, text) for text in plain]


def test_which_patterns_are_classes() -> None:
    assert all(regular_bytes.byte_class(compile_pattern(source)) is not None for source in CLASSES)
    for source in ("ab", "a*", "a{2,}", "a+?", "[aé]", "^a", "(a)+", "a|bc", ""):
        assert regular_bytes.byte_class(compile_pattern(source)) is None


MARKED = ["ab|b", "a.", r"\ba", r"a\b", "^a", "[a-z]+[0 ]", "(a)(b)?", "(?m)^.", "a$", "é.", "[^a]b"]


@pytest.mark.parametrize("source", MARKED)
@pytest.mark.parametrize("column", COLUMNS)
def test_all_matches_are_those_of_python(source: str, column: list[str | None]) -> None:
    wanted = re.compile(source.replace("$", r"\Z"), re.ASCII)
    assert compile_pattern(source).re2() is not None
    matches = [None if text is None else [match[0] for match in wanted.finditer(text)] for text in column]
    assert apply("REGEXEXTRACTALL", column, source) == matches


@pytest.mark.parametrize("source", ["a|b", "ab|ba|0", "a(?:b|9)", "a(b|0)", ";", "(?i)a|b", "ab|"])
@pytest.mark.parametrize("column", COLUMNS[1:5])
def test_alternatives_are_those_of_python(source: str, column: list[str | None]) -> None:
    found = [None if text is None else re.search(source, text) is not None for text in column]
    assert apply("REGEXCONTAINS", column, source) == found


OPEN = [".*a", "a.*", ".*a.*", "(?s).*a.*", ".*", "a.*b", ".*?b", ".*a|b", "(?s:.*)a", ".*$", "^.*b"]


@pytest.mark.parametrize("source", OPEN)
@pytest.mark.parametrize("column", COLUMNS)
def test_whole_matches_are_those_of_python(source: str, column: list[str | None]) -> None:
    wanted = re.compile(source.replace("$", r"\Z"), re.ASCII)
    for rows in (column, [None if text is None else text.replace("\n", "") for text in column]):
        assert apply("REGEXMATCH", rows, source) == [
            text if text is None else bool(wanted.fullmatch(text)) for text in rows
        ]


@pytest.mark.parametrize("column", COLUMNS)
def test_blanks_and_words(column: list[str | None]) -> None:
    array, plain = arrow(column), given(column)
    assert with_plain_blanks(arrow([" ".join(text.split()) for text in plain])).to_pylist() == [
        " ".join(text.split()) for text in plain
    ]
    valid = [place for place, text in enumerate(column) if text is not None]
    made = squeezed(array, BLANK_BYTE).to_pylist()
    wanted = [re.sub(" +", " ", text).strip(" ") for text in plain]
    assert [made[place] for place in valid] == [wanted[place] for place in valid]
    made = squeezed(with_plain_blanks(array), BLANK_BYTES).to_pylist()
    assert [made[place] for place in valid] == [" ".join(plain[place].split()) for place in valid]
    assert apply("COUNTWORDS", column) == [None if text is None else len(text.split()) for text in column]


@pytest.mark.parametrize("seed", range(6))
def test_bytes_are_marked_and_counted(seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = rng.integers(0, 256, 500).astype(np.uint8)
    table = rng.random(256) < (0.02, 0.5, 0.98, 1.0, 0.0, 0.1)[seed]
    assert marked(data, table).tolist() == table[data].tolist()
    mask = rng.random(500) < 0.3
    places = np.sort(rng.integers(0, 501, 80))
    assert rank(mask, places).tolist() == [int(mask[:place].sum()) for place in places]
    chars = "".join(map(chr, rng.integers(97, 100, 500)))
    cuts = np.concatenate(([0], np.sort(rng.integers(0, 501, 30)), [500]))
    parts = [chars[a:b] for a, b in itertools.pairwise(cuts)]
    runs = run_counts(pa.array(parts, TEXT), np.isin(np.arange(256), [97]))
    assert runs.tolist() == [len(re.findall("a+", part)) for part in parts]


@pytest.mark.parametrize("column", COLUMNS)
def test_parts_by_position(column: list[str | None]) -> None:
    array, plain = arrow(column), given(column)
    for low, high in ((0, 2), (1, 3), (3, 3), (5, 2), (2, 2**40)):
        stop = max(low, high)
        assert sliced(array, low, high).to_pylist() == [None if t is None else t[low:high] for t in column]
        wanted = [None if t is None else t[:low] + "é#" + t[stop:] for t in column]
        assert replaced(array, low, stop, "é#").to_pylist() == wanted
        if all(text.isascii() for text in plain):
            assert sliced(array, -max(low, 1), None).to_pylist() == [
                None if t is None else t[-max(low, 1) :] for t in column
            ]


def test_spans_in_any_order() -> None:
    data = np.frombuffer(b"abcdefghij", np.uint8)
    low, high = np.array([1, 3, 3, 9]), np.array([3, 3, 8, 10])
    wanted = ["bc", "", "defgh", "j"]
    assert spans(data, low, high, 4).to_pylist() == wanted
    assert spans(data, low[::-1], high[::-1], 4).to_pylist() == wanted[::-1]
    there = np.array([True, False, True, False])
    assert spans(data, low, high, 4, there).to_pylist() == ["bc", None, "defgh", None]
    assert spans(data, low[::-1], high[::-1], 4, there).to_pylist() == ["j", None, "", None]
    assert spans(data, 2, 4, 3).to_pylist() == ["cd"] * 3
    assert spans(data, low[:0], high[:0], 0).to_pylist() == []


@pytest.mark.parametrize("longest", [1, 5, 12, 40])
def test_short_lists_are_sets_like_long_ones(longest: int) -> None:
    rng = np.random.default_rng(longest)
    sizes, other_sizes = rng.integers(0, longest + 1, 300), rng.integers(0, min(longest, 8) + 1, 300)
    offsets, other_offsets = (np.concatenate(([0], np.cumsum(each))) for each in (sizes, other_sizes))
    codes, others = rng.integers(0, 50, offsets[-1]), rng.integers(0, 50, other_offsets[-1])
    first = list_values._first_of_short(codes, offsets, sizes)
    assert first.tolist() == list_values._first_by_slots(codes, offsets).tolist()
    inside = list_values._inside(codes, offsets, others, other_offsets)
    rows = np.repeat(np.arange(300), sizes)
    known = [set(others[a:b].tolist()) for a, b in itertools.pairwise(other_offsets)]
    assert inside.tolist() == [code in known[row] for code, row in zip(codes.tolist(), rows.tolist(), strict=True)]


def documents(found: Any) -> list[Any]:
    return [one.code if isinstance(one, CellError) else one for one in found]


def test_documents_read_at_once_are_those_read_one_by_one() -> None:
    ctx = Call("JSON_VALUE", (), (), 0, ENV)
    random = Random(5)
    pieces = [
        "1",
        "[1",
        "2]",
        "1,2",
        "",
        " ",
        "null",
        '"a',
        'b"',
        "{}",
        '{"a":[1,{"b":null}]}',
        "NaN",
        "\n3 ",
        "1e400",
        "[[]]",
    ]
    pieces += [
        '1,"\\u007f between documents \\u007f",2',
        '"\x7f between documents \x7f"',
        "[" * 501 + "]" * 501,
        "9" * 5000,
    ]
    for rate in (0.0, 0.02, 0.3):
        rows: list[str | None] = []
        for _ in range(700):
            good = random.choice([None, '{"k": [1, 2.5, "é"]}', "[true]", '"x"', "-7"])
            rows.append(random.choice(pieces) if random.random() < rate else good)
        alone = [next(load_each([row], ctx)) for row in rows]
        assert documents(load_each(rows, ctx)) == documents(alone)
    tricky = [pieces[-4], "[1", "2]"]
    assert documents(load_each(tricky, ctx)) == ["PARSE"] * 3


PLAIN_URLS = [
    "https://A.example/x?y#z",
    "http://b.example:80",
    "http://c",
    "https://",
    "http:///p",
    "",
    "https://d?q=/@",
]


def test_plain_urls_are_read_like_any() -> None:
    odd = ["//e/f", "http://u@g:1/", "HTTP://h", "  https://i ", "http://[::1]/"]
    for name in ("URLHOST", "URLPATH", "URLPORT", "URLQUERY", "URLPROTOCOL", "URLFRAGMENT", "URLFILE"):
        one_by_one = [apply(name, [url])[0] for url in PLAIN_URLS + odd]
        assert apply(name, PLAIN_URLS) == one_by_one[: len(PLAIN_URLS)]
        assert apply(name, PLAIN_URLS + odd) == one_by_one
        assert apply(name, [None, *PLAIN_URLS[:6]]) == [None, *one_by_one[:6]]


@pytest.mark.parametrize("name", ["a", "id", "x&", "y=", "é", "q" * 80])
def test_parameters_are_those_of_a_loop(name: str) -> None:
    random = Random(1)
    pairs = ["a=1", "a", "aa=2", "id=", "id=a=b", "ida", "=a", "é=3", "", "b?id=4"]
    queries = ["&".join(random.choices(pairs, k=4)) for _ in range(300)]

    def value(query: str) -> str | None:
        parted = [pair.partition("=") for pair in query.split("&")]
        return next((behind for key, _, behind in parted if key == name), None)

    got = apply("URLPARAM", [f"http://h/?{query}#a=9" for query in queries], name)
    assert got == [value(query) for query in queries]


def test_numbers_are_read_alike_in_any_company() -> None:
    rows = ["12", "0", "999999999999999999", "1.5", "-7", "+3", "1e3", "", "x", ".", "1.", ".5", " 8 ", "é", "1.2.3"]
    for name in ("INT", "FLOAT"):
        alone = [apply(name, [row])[0] for row in rows]
        assert apply(name, [*rows, None]) == [*alone, None]
        for low, high in ((0, 3), (0, 4), (3, 5), (9, 12), (8, 10)):
            assert apply(name, rows[low:high]) == alone[low:high]


def test_filling_and_repeating() -> None:
    for column in (COLUMNS[0], COLUMNS[3]):
        for width in (0, 3, 9):
            assert apply("LPAD", column, width, "*") == [None if t is None else t.rjust(width, "*") for t in column]
            assert apply("RPAD", column, width, "*") == [None if t is None else t.ljust(width, "*") for t in column]
        assert apply("REPEAT", column, 3) == [None if t is None else t * 3 for t in column]
        assert apply("REVERSE", column) == [None if t is None else t[::-1] for t in column]
        assert apply("CAPITALIZE", column) == [None if t is None else t[:1].title() + t[1:] for t in column]
        assert apply("LEN", column) == [None if t is None else len(t) for t in column]
        assert apply("RIGHT", column, 2) == [None if t is None else t[-2:] for t in column]


def test_long_patterns_are_errors_not_waits() -> None:
    long = "é?" * MAX_LENGTH
    assert apply("SEARCH", long, ["a", None]) == [Failure("LIMIT"), None]
    assert apply("SEARCH", [long, "a"], "xa") == [Failure("LIMIT"), 2]
    assert apply("LIKE", ["a", "b"], [long, "b"]) == [Failure("LIMIT"), True]
    assert apply("LIKE", ["a" * 5000, "b"], "_" * 5000) == [True, False]


def test_what_an_xpath_may_cost() -> None:
    known = {
        "//item[@id='7']": 1,
        "count(//i)": 1,
        "//b[last()-1]": 1,
        "//b['//']": 1,
        "//b[.//c[.//d]]": 1,
        "//b[../@x='1' and ../@y='2']": 1,
        "//b[ancestor::x/@y]": 1,
        "//item[count(preceding::item) = 3]": 2,
        "//b[../a=1 and ../c=2]": 2,
        "//b[.=//b]": 2,
        "//*[//*[//*]]": 3,
        "//b/preceding::b/preceding::b": 3,
    }
    assert {path: power(path) for path in known} == known
    assert not too_costly(10**9, 1)
    assert too_costly(10_000, 2)
    assert not too_costly(1_000, 2)
    pytest.importorskip("lxml")
    large = "<a>" + "<b/>" * 10_000 + "</a>"
    assert apply("XPATH", [large, "<a><b>x</b></a>"], "//b[not(preceding::b)]") == [Failure("LIMIT"), "x"]
