"""Similarity of texts: published values, plain loops, long texts and repeated ones."""

from __future__ import annotations

import math
import time
from random import Random
from typing import Any

import pytest
from calling import apply
from evaluating import sheet
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles_similarity import ORACLES

from sheetline.formulas.diagnostics import FormulaError
from sheetline.functions.declare import Failure

PAIRS = ["EDIT_DISTANCE", "DAMERAU_LEVENSHTEIN", "HAMMING", "JARO", "JARO_WINKLER", "JACCARD"]

#: Jaro and Jaro-Winkler of names, as the Census Bureau's report RR90-09 and its follow-ups print them.
CENSUS = [
    ("SHACKLEFORD", "SHACKELFORD", 0.970, 0.982),
    ("DUNNINGHAM", "CUNNIGHAM", 0.896, 0.896),
    ("NICHLESON", "NICHULSON", 0.926, 0.956),
    ("JONES", "JOHNSON", 0.790, 0.832),
    ("MASSEY", "MASSIE", 0.889, 0.933),
    ("ABROMS", "ABRAMS", 0.889, 0.922),
    ("JERALDINE", "GERALDINE", 0.926, 0.926),
    ("MARHTA", "MARTHA", 0.944, 0.961),
    ("MICHELLE", "MICHAEL", 0.869, 0.921),
    ("JULIES", "JULIUS", 0.889, 0.933),
    ("TANYA", "TONYA", 0.867, 0.880),
    ("DWAYNE", "DUANE", 0.822, 0.840),
    ("SEAN", "SUSAN", 0.783, 0.805),
    ("JON", "JOHN", 0.917, 0.933),
    ("DIXON", "DICKSONX", 0.767, 0.813),
]


@pytest.mark.parametrize(("a", "b", "jaro", "winkler"), CENSUS)
def test_names_of_the_census(a: str, b: str, jaro: float, winkler: float) -> None:
    assert round(apply("JARO", [a], b)[0], 3) == jaro
    assert round(apply("JARO_WINKLER", [a], [b])[0], 3) == winkler
    assert round(apply("JARO_WINKLER", [b], [a])[0], 3) == winkler


def test_published_distances() -> None:
    words = [("kitten", "sitting", 3), ("saturday", "sunday", 3), ("rosettacode", "raisethysword", 8), ("", "", 0)]
    for a, b, distance in words:
        assert apply("LEVENSHTEIN", [a], [b]) == [distance]
    assert apply("DAMERAU_LEVENSHTEIN", ["CA", "smtih", "ABCD"], ["ABC", "smith", "ACBD"]) == [2, 1, 1]
    assert apply("HAMMING", ["1011101", "2173896", "toned"], ["1001001", "2233796", "roses"]) == [2, 3, 3]


def agree(got: list[Any], wanted: list[Any]) -> None:
    assert len(got) == len(wanted)
    for x, y in zip(got, wanted, strict=True):
        assert x == y or math.isclose(x, y, rel_tol=1e-14, abs_tol=1e-15), (x, y)


texts = st.text("abAB é😀\u0301ß", max_size=9)


@pytest.mark.parametrize("name", PAIRS)
@given(rows=st.lists(st.tuples(texts, texts), min_size=1, max_size=8), constant=texts)
@settings(max_examples=40)
def test_pairs(name: str, rows: list[tuple[str, str]], constant: str) -> None:
    a, b = [list(side) for side in zip(*rows, strict=True)]
    agree(apply(name, a, b), [ORACLES[name](x, y) for x, y in rows])
    agree(apply(name, a, constant), [ORACLES[name](x, constant) for x in a])
    agree(apply(name, constant, b), [ORACLES[name](constant, y) for y in b])
    agree(apply(name, a, b), apply(name, b, a))


@pytest.mark.parametrize("name", [*PAIRS, "FUZZYMATCH"])
@pytest.mark.parametrize("words", [3, 5000])
def test_many_rows(name: str, words: int) -> None:
    """Enough rows to look for repetitions, with many and without, with nulls."""
    random = Random(words)
    pool = ["".join(random.choices("abcé", k=random.randrange(6))) for _ in range(words)]
    a, b = ([random.choice(pool) if random.random() < 0.9 else None for _ in range(600)] for _ in range(2))
    more = [0.5] if name == "FUZZYMATCH" else []
    wanted = [None if None in pair else ORACLES[name](pair[0], *more, pair[1]) for pair in zip(a, b, strict=True)]
    agree(apply(name, a, *more, b), wanted)
    wanted = [None if x is None else ORACLES[name](x, *more, "abc") for x in a]
    agree(apply(name, a, *more, "abc"), wanted)


@given(
    rows=st.lists(st.tuples(texts, texts, st.integers(-2, 12)), min_size=1, max_size=8),
    size=st.integers(1, 12) | st.just(2**63 - 1),
)
@settings(max_examples=60)
def test_n_grams(rows: list[tuple[str, str, int]], size: int) -> None:
    a, b, n = (list(part) for part in zip(*rows, strict=True))
    agree(apply("JACCARD", a, b, size), [ORACLES["JACCARD"](x, y, size) for x, y in zip(a, b, strict=True)])
    agree(apply("JACCARD", a, b, n), [ORACLES["JACCARD"](*row) for row in rows])


def test_n_grams_of_long_texts_and_many_characters() -> None:
    random = Random(5)
    pool = [chr(c) for c in range(0x100, 0xD000, 7)]
    a = ["".join(random.choices(pool, k=400)) for _ in range(6)]
    b = [x[:200] + y[200:] for x, y in zip(a, a[1:] + a[:1], strict=True)]
    for n in (1, 2, 3, 7, 20, 150, 400):
        agree(apply("JACCARD", a, b, n), [ORACLES["JACCARD"](x, y, n) for x, y in zip(a, b, strict=True)])
    begin = time.perf_counter()
    assert apply("JACCARD", ["ab" * 500_000], ["ba" * 500_000], 400_000) == [1.0]
    assert time.perf_counter() - begin < 10


def test_texts_too_long_to_be_compared() -> None:
    rows = ["ab" * 500_000, "ba" * 500_000, None]
    begin = time.perf_counter()
    for name, same in {"EDIT_DISTANCE": 0, "DAMERAU_LEVENSHTEIN": 0, "JARO": 1.0, "JARO_WINKLER": 1.0}.items():
        assert apply(name, rows, "ab" * 500_000) == [same, Failure("LIMIT"), None]
        assert apply(name, rows, rows) == [same, same, None]
    assert apply("HAMMING", rows, "ab" * 500_000) == [0, 1_000_000, None]
    assert apply("FUZZYMATCH", rows, 0.5, "ab" * 500_000)[1:] == [Failure("LIMIT"), None]
    assert apply("FUZZYMATCH", rows, 0.5, "ab") == [None, None, None]
    assert time.perf_counter() - begin < 10


@given(
    rows=st.lists(st.tuples(texts, texts, texts), min_size=1, max_size=8),
    constants=st.lists(texts, max_size=3),
    threshold=st.sampled_from([0, 0.3, 0.5, 2 / 3, 0.8, 1]),
)
@settings(max_examples=60)
def test_fuzzy_match(rows: list[tuple[str, str, str]], constants: list[str], threshold: float) -> None:
    text, one, other = (list(part) for part in zip(*rows, strict=True))
    got = apply("FUZZYMATCH", text, threshold, one, *constants, other)
    assert got == [ORACLES["FUZZYMATCH"](x, threshold, y, *constants, z) for x, y, z in rows]
    got = apply("FUZZYMATCH", constants[0] if constants else "a", threshold, one, "ab", other)
    assert got == [ORACLES["FUZZYMATCH"](constants[0] if constants else "a", threshold, y, "ab", z) for _, y, z in rows]


@pytest.mark.parametrize("threshold", ["80", "-0.1", "1.5"])
def test_a_threshold_is_a_share(threshold: str) -> None:
    with pytest.raises(FormulaError, match="between 0 and 1"):
        sheet({"Result": f'FUZZYMATCH(#v;{threshold};"a")'}, {"v": ["a"]})
