"""Text mining: lists of words, n-grams and sentences, stop words, stems."""

from __future__ import annotations

import time
from random import Random

import pytest
from calling import apply
from evaluating import sheet
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles_similarity import ORACLES

from sheetline.formulas.diagnostics import FormulaError
from sheetline.functions.declare import Failure
from sheetline.functions.stop_words import STOP_WORDS
from sheetline.functions.text_mining import STEMMERS

texts = st.text(st.sampled_from("aB1_ é\t\n\x1f\x85\u2003.,'’-😀\u0301")) | st.text(st.characters(codec="utf-8"))
columns = st.lists(st.none() | texts, min_size=1, max_size=8)


@given(rows=columns, pattern=st.sampled_from([r"\W+", ";", r"\s+", "[aeé]", r"(?<=a)."]))
@settings(max_examples=150)
def test_tokens(rows: list[str | None], pattern: str) -> None:
    assert apply("TOKENIZELIST", rows, pattern) == [
        None if t is None else ORACLES["TOKENIZELIST"](t, pattern) for t in rows
    ]
    assert apply("TOKENIZELIST", rows) == [None if t is None else ORACLES["TOKENIZELIST"](t) for t in rows]


@given(rows=columns, n=st.integers(-1, 4), sizes=st.lists(st.integers(-1, 5) | st.none(), min_size=8, max_size=8))
@settings(max_examples=150)
def test_n_grams_of_words(rows: list[str | None], n: int, sizes: list[int | None]) -> None:
    def wanted(text: str | None, size: int | None) -> object:
        return None if text is None or size is None else ORACLES["NGRAMLIST"](text, size)

    assert apply("NGRAMLIST", rows, n) == [wanted(t, n) for t in rows]
    sizes = [*sizes[: len(rows) - 1], 2]
    assert apply("NGRAMLIST", rows, sizes) == [wanted(t, size) for t, size in zip(rows, sizes, strict=True)]


def test_n_grams_that_would_be_too_long() -> None:
    text = "a " * 500_000
    begin = time.perf_counter()
    assert apply("NGRAMLIST", [text, "a b", text], [250_000, 2, 500_000]) == [Failure("LIMIT"), ["a b"], [text[:-1]]]
    assert apply("NGRAMLIST", ["a b"], 2**63 - 1) == [[]]
    assert time.perf_counter() - begin < 5


SENTENCES = [
    ("Hello there. How are you?  Fine!", ["Hello there.", "How are you?", "Fine!"]),
    ("Dr. J. R. Smith met Mrs. Low. They talked.", ["Dr. J. R. Smith met Mrs. Low.", "They talked."]),
    ("It was 3.5 m long. OK.", ["It was 3.5 m long.", "OK."]),
    ("See No. 5 and Fig. 2 there. No. He went.", ["See No. 5 and Fig. 2 there.", "No.", "He went."]),
    ("Use tools, e.g. Python, daily. Or not.", ["Use tools, e.g. Python, daily.", "Or not."]),
    ('"Really?" he said. "Yes." Then he left.', ['"Really?" he said.', '"Yes."', "Then he left."]),
    ("Wait... what? No… Yes.", ["Wait... what?", "No…", "Yes."]),
    ("What?! Never.", ["What?!", "Never."]),
    ("1. First this. 2. Then that.", ["1. First this.", "2. Then that."]),
    (
        "Am 3. Mai kam Prof. Dr. Groß. Er ging z.B. Eis essen.",
        ["Am 3. Mai kam Prof. Dr. Groß.", "Er ging z.B. Eis essen."],
    ),
    ("In 1990. Then more.", ["In 1990.", "Then more."]),
    ("¿Qué tal? ¡Bien! (Sí.) Ya.", ["¿Qué tal?", "¡Bien!", "(Sí.)", "Ya."]),
    ("Title\n\nText goes\non. End", ["Title", "Text goes\non.", "End"]),
    ("今日は。元気?\u3000はい！「そう。」では", ["今日は。", "元気?", "はい！", "「そう。」", "では"]),
    ("שלום. מה שלומך?", ["שלום.", "מה שלומך?"]),
    ("  ", []),
    ("", []),
    ("no end", ["no end"]),
    ("a.b.c www.x.org 10.5", ["a.b.c www.x.org 10.5"]),
    ("He paid 5 $. etc. and so on. x", ["He paid 5 $. etc. and so on. x"]),
]


@pytest.mark.parametrize(("text", "wanted"), SENTENCES)
def test_sentences(text: str, wanted: list[str]) -> None:
    assert apply("SENTENCES", [text, "x", None]) == [wanted, ["x"], None]
    assert apply("SENTENCES", text) == [wanted]


@given(rows=columns)
@settings(max_examples=150)
def test_sentences_are_the_whole_text(rows: list[str | None]) -> None:
    for text, found in zip(rows, apply("SENTENCES", rows), strict=True):
        if text is None:
            assert found is None
            continue
        assert all(part and part == part.strip() for part in found)
        assert "".join("".join(found).split()) == "".join(text.split())


def test_sentences_of_long_texts() -> None:
    begin = time.perf_counter()
    for unit in (".", "!", '"', ". ", "\n", " ", "A. ", "3. Mai ", "a.\n", "。", '."', "(", ". (", "n\n "):
        text = "x" + unit * (300_000 // len(unit)) + "y"
        assert len("".join("".join(apply("SENTENCES", [text])[0]).split())) == len("".join(text.split()))
    assert time.perf_counter() - begin < 15


def test_stop_words() -> None:
    rows = [
        "The cat, and THE dog!",
        "(the) 'the' “the” the-end I’m Who's there",
        "don't",
        "",
        None,
        "über the\u2003river",
    ]
    assert apply("STOPWORDSREMOVE", rows) == ["cat, dog!", "the-end", "", "", None, "über river"]
    assert apply("STOPWORDSREMOVE", ["De kat in 't huis"], "nl") == ["kat huis"]
    assert apply("STOPWORDSREMOVE", ["Où est l' école de Marie"], "FR") == ["école Marie"]
    assert apply("STOPWORDSREMOVE", ["O gato está na mesa"], "pt-BR") == ["gato mesa"]


@pytest.mark.parametrize("language", sorted(STOP_WORDS))
def test_stop_words_of_a_language(language: str) -> None:
    random = Random(language)
    known = sorted(STOP_WORDS[language])
    assert 100 < len(known) < 500
    assert all(word == word.lower() == word.strip() and " " not in word and "’" not in word for word in known)
    signs = ["", ",", ".", '"', "'", "(", "…"]
    rows = [
        " ".join(
            random.choice(signs)
            + random.choice([random.choice(known).title(), random.choice(known), "Xylophon", "été"])
            + random.choice(signs)
            for _ in range(random.randrange(12))
        )
        for _ in range(200)
    ]
    assert apply("STOPWORDSREMOVE", rows, language) == [ORACLES["STOPWORDSREMOVE"](t, language) for t in rows]


@given(rows=columns)
@settings(max_examples=100)
def test_stop_words_of_any_text(rows: list[str | None]) -> None:
    assert apply("STOPWORDSREMOVE", rows) == [None if t is None else ORACLES["STOPWORDSREMOVE"](t) for t in rows]


#: Words and stems from the vocabularies that the Snowball project publishes.
STEMS = {
    "en": {"consign": "consign", "consigned": "consign", "consistency": "consist", "knights": "knight", "dying": "die"},
    "de": {"aufeinanderfolge": "aufeinanderfolg", "kategorien": "kategori", "häuser": "haus"},
    "fr": {"continuellement": "continuel", "majestueusement": "majestu"},
    "es": {"chicas": "chic", "torneados": "torn"},
    "it": {"abbandonata": "abbandon", "pronunciare": "pronunc"},
    "pt": {"boazinha": "boazinh", "quilométricas": "quilométr"},
    "ru": {"важности": "важност"},
    "sv": {"jaktkarlarne": "jaktkarl"},
}


@pytest.mark.parametrize("language", sorted(STEMS))
def test_published_stems(language: str) -> None:
    words = STEMS[language]
    assert dict(zip(words, apply("STEM", list(words), language), strict=True)) == words


@given(rows=columns, language=st.sampled_from(sorted(STEMMERS)))
@settings(max_examples=150)
def test_stems(rows: list[str | None], language: str) -> None:
    assert apply("STEM", rows, language) == [None if t is None else ORACLES["STEM"](t, language) for t in rows]


def test_stems_of_long_words() -> None:
    begin = time.perf_counter()
    assert apply("STEM", ["ING" * 300_000]) == ["ing" * 300_000]
    assert apply("STEM", ["running, " * 100_000]) == ["run, " * 100_000]
    assert time.perf_counter() - begin < 5


@pytest.mark.parametrize("call", ['STEM(#v;"xx")', 'STOPWORDSREMOVE(#v;"klingon")', 'STOPWORDSREMOVE(#v;"")'])
def test_an_unknown_language_is_refused(call: str) -> None:
    with pytest.raises(FormulaError, match="only for "):
        sheet({"Result": call}, {"v": ["a"]})
