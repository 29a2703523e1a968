"""Regular expressions: both engines against Python's ``re``, replacement references, time limits, refusals."""

from __future__ import annotations

import re
import time
from random import Random
from typing import Any

import pytest
from calling import apply
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles_text import ORACLES

from sheetline.functions import regular_engine
from sheetline.functions.columns import Column
from sheetline.functions.declare import Failure
from sheetline.functions.regular_engine import Clock, compile_pattern
from sheetline.functions.resolve import Mismatch
from sheetline.functions.types import STRING

ATOMS = [
    *"aabbA01_ é\x00",
    *(r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", r"\.", ".", r"\n", r"\t", r"\\", "ſ", "\u212a", "🙂", "k", "S"),
    *("[ab]", "[^ab]", "[a-c0-2]", r"[\d_]", r"[^\w]", r"[\W1]", "[A-Z]", "[é-ü]", "[]a]", "[^]]", r"[\s\S]", "[Z-b]"),
]
ANCHORS = ["^", "$", r"\b", r"\A", r"\Z"]
REPEATS = ["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,1}?", "{2,}", "{0}"]
CHARS = "aabbAB01_ .-\n\t\r\x00éüſ\u212akSs🙂\x85\xa0٣]"


class Grammar:
    """Makes patterns; all of them are valid. With ``rich``, also what only backtracking engines have."""

    def __init__(self, random: Random, rich: bool) -> None:
        self.random, self.rich, self.groups = random, rich, 0

    def pattern(self) -> str:
        flags = self.random.choice(["", "", "", "(?i)", "(?s)", "(?m)", "(?is)"])
        return flags + self.branches(3)

    def branches(self, depth: int) -> str:
        count = self.random.choice([1, 1, 1, 2, 3])
        return "|".join(self.sequence(depth) for _ in range(count))

    def sequence(self, depth: int) -> str:
        return "".join(self.item(depth) for _ in range(self.random.randint(0 if depth < 3 else 1, 3)))

    def item(self, depth: int) -> str:
        kind = self.random.random()
        if kind < 0.12:
            return self.random.choice(ANCHORS)
        if self.rich and kind < 0.22:
            return self.backtracking(depth)
        atom = self.group(depth) if kind < 0.45 and depth else self.random.choice(ATOMS)
        return atom + (self.random.choice(REPEATS) if self.random.random() < 0.35 else "")

    def group(self, depth: int) -> str:
        kind = self.random.choice(["(", "(?:", "(?i:", "(?P<"])
        if kind in ("(", "(?P<"):
            self.groups += 1
            kind = f"(?P<n{self.groups}>" if kind == "(?P<" else kind
        return f"{kind}{self.branches(depth - 1)})"

    def backtracking(self, depth: int) -> str:
        if self.random.random() < 0.3:
            self.groups += 1
            return f"(a|b|1)[ab]?\\{self.groups}" if self.groups < 10 else "a"
        opening = self.random.choice(["(?=", "(?!", "(?<=", "(?<!", "(?>"])
        inside = self.random.choice(ATOMS) if "<" in opening else self.sequence(0) or "a"
        return f"{opening}{inside})"


def sample(seed: int, rich: bool) -> tuple[str, list[str | None]]:
    random = Random(seed)
    while True:
        pattern = Grammar(random, rich).pattern()
        try:
            re.compile(pattern, re.ASCII)
        except re.error:  # a group number that has not been closed yet
            continue
        break
    rows: list[str | None] = ["".join(random.choices(CHARS, k=random.randint(0, 7))) for _ in range(12)]
    return pattern, [*rows, None, "", "aab\n", "\n", "ab ba\nab"]


def column(rows: list[str | None]) -> Column:
    return Column.of(["ä", *rows, "b"], STRING).slice(1, len(rows) + 1)


def oracle(name: str, rows: list[Any], *more: Any) -> list[Any]:
    return [None if row is None else ORACLES[name](row, *more) for row in rows]


NAMES = ["REGEX", "REGEXMATCH", "REGEXCONTAINS", "REGEXEXTRACT", "REGEXEXTRACTALL", "REGEXCOUNT", "REGEXSPLIT"]


@pytest.mark.parametrize("rich", [False, True], ids=["plain", "backtracking"])
@settings(max_examples=70)
@given(seed=st.integers(0, 2**40))
def test_against_re(rich: bool, seed: int) -> None:
    pattern, rows = sample(seed, rich)
    for name in NAMES:
        assert apply(name, column(rows), pattern) == oracle(name, rows, pattern), (name, pattern)
    groups = re.compile(pattern, re.ASCII).groups
    new = f"<$0|{''.join(f'${n}' for n in range(1, min(groups, 9) + 1))}>"
    assert apply("REGEXREPLACE", column(rows), pattern, new) == oracle("REGEXREPLACE", rows, pattern, new), pattern
    assert apply("REGEXREPLACE", column(rows), pattern, "-") == oracle("REGEXREPLACE", rows, pattern, "-"), pattern
    group = Random(seed).randint(0, groups)
    assert apply("REGEXEXTRACT", column(rows), pattern, group) == oracle("REGEXEXTRACT", rows, pattern, group), pattern


@settings(max_examples=50)
@given(seed=st.integers(0, 2**40))
def test_both_engines_agree(seed: int) -> None:
    """What RE2 does for a pattern is what the backtracking engine would do."""
    pattern, rows = sample(seed, rich=False)
    found = compile_pattern(pattern)
    for name, give in [("REGEXCONTAINS", lambda t: found.search(t, Clock()) is not None)]:
        assert apply(name, column(rows), pattern) == [None if row is None else give(row) for row in rows], pattern


@settings(max_examples=40)
@given(seed=st.integers(0, 2**40))
def test_patterns_in_a_column(seed: int) -> None:
    samples = [sample(seed + step, rich=step % 2 == 0) for step in range(4)]
    rows = [(text, pattern) for pattern, texts in samples for text in texts]
    texts, patterns = column([text for text, _ in rows]), column([pattern for _, pattern in rows])
    for name in NAMES:
        wanted = [None if text is None else ORACLES[name](text, pattern) for text, pattern in rows]
        assert apply(name, texts, patterns) == wanted


def test_most_plain_patterns_go_to_re2() -> None:
    plain = [compile_pattern(sample(seed, rich=False)[0]).re2() is not None for seed in range(300)]
    assert sum(plain) > 200
    assert compile_pattern(r"(\w+)@(\w+)\.com").re2_extract(2) is not None
    assert compile_pattern(r"[,;]\s*").re2_each() is not None
    assert compile_pattern(r"^a").re2_each() is None
    assert compile_pattern(r"(?=a)").re2() is None
    assert compile_pattern(r"a{2000}").re2() is None


def test_empty_text_and_no_word_boundary() -> None:
    assert apply("REGEXCONTAINS", ["", "ab"], r"\B") == [True, True]
    assert apply("REGEXCONTAINS", ["", "ab"], r"\B(?=b|$)") == [True, True]


def test_flags_and_dollar() -> None:
    assert apply("REGEXCONTAINS", ["a\n", "a"], "a$") == [False, True]
    assert apply("REGEXCONTAINS", ["a\nb", "ab"], "(?m)a$") == [True, False]
    assert apply("REGEXCONTAINS", ["٣", "3"], r"\d") == [False, True]
    assert apply("REGEXCONTAINS", ["K", "\u212a"], "(?i)k") == [True, False]  # the Kelvin sign is no ASCII
    assert apply("REGEXCONTAINS", ["ab"], "(?x) a  b  # both") == [True]


def test_replacement_references() -> None:
    text = ["John Smith"]
    assert apply("REGEXREPLACE", text, r"(\w+) (\w+)", r"\2, $1") == ["Smith, John"]
    assert apply("REGEXREPLACE", text, r"(?P<first>\w+) (?P<last>\w+)", r"${last} \g<first>") == ["Smith John"]
    assert apply("REGEXREPLACE", text, "n", "$$$0\\\\x\\") == ["Joh$n\\x\\ Smith"]
    assert apply("REGEXREPLACE", text, "(J)|(S)", "[$1$2]") == ["[J]ohn [S]mith"]
    assert apply("REGEXREPLACE", text, "(J)", "$2") == [Failure("VALUE")]
    assert apply("REGEXREPLACE", text, "(J)", "${x}") == [Failure("VALUE")]
    assert apply("REGEXREPLACE", text * 2, "(J)", ["$1", "$2"]) == ["John Smith", Failure("VALUE")]
    eleven = "".join(f"({c})" for c in "abcdefghijk")
    assert apply("REGEXREPLACE", ["abcdefghijk"], eleven, "$11$10$1") == ["kja"]
    assert apply("REGEX", ["a1", None, ""], r"\d", "#") == ["a#", None, ""]


@pytest.mark.parametrize(
    "pattern",
    ["(", "[a", "a**", "(?P<n>a)(?P<n>b)", "(?<=a+)b", r"\1", "(?u:a)", "\ud800", "(?z)", "a{2,1}", "(" * 5000],
)
def test_malformed_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(Mismatch) as caught:
        apply("REGEXMATCH", ["a"], pattern)
    assert caught.value.reason == "value"
    assert caught.value.detail


def test_malformed_pattern_in_a_row() -> None:
    got = apply("REGEXCONTAINS", ["a", "a", None, "("], ["a", "(", "(", r"\("])
    assert got == [True, Failure("PARSE"), None, True]
    result = apply("REGEXCONTAINS", ["a"], Column.of(["("]), raw=True)
    assert "(" in result.errors.message(0)


def test_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regular_engine, "TIME_LIMIT", 0.05)
    slow = "a" * 60 + "b"
    for name in NAMES:
        start = time.perf_counter()
        got = apply(name, [slow, "ab", None], r"(?=a)(a|aa)+$")
        assert got[0] in (Failure("TIMEOUT"), None, False, 0, [], [slow]), name
        assert got[2] is None
        assert time.perf_counter() - start < 10
    assert apply("REGEXCONTAINS", [slow, "aa"], r"(?=a)(a|aa)+$(?<!c)\1?") == [Failure("TIMEOUT"), True]
    assert apply("REGEXCONTAINS", [slow], "(a|aa)+$") == [False]  # RE2 is linear


def test_long_texts() -> None:
    long = "ab" * 500_000
    assert apply("REGEXCOUNT", [long, None], "ab") == [500_000, None]
    assert apply("REGEXREPLACE", [long, "ab"], "a", "x" * 100) == [Failure("LIMIT"), "x" * 100 + "b"]
    assert apply("REGEXREPLACE", [long], "a", "")[0] == "b" * 500_000
    assert len(apply("REGEXSPLIT", [long], "a")[0]) == 500_001
    assert apply("REGEXEXTRACT", [long + "1"], r"\d") == ["1"]


def test_empty_columns() -> None:
    nothing = Column.of([], STRING)
    for name in NAMES:
        assert apply(name, nothing, "(a)|b") == []
        assert apply(name, nothing, "(?=a)") == []
    assert apply("REGEXREPLACE", nothing, "a", "b") == []


def test_two_cases_of_a_letter_are_not_all_of_unicode() -> None:
    """RE2 reads ``a|[Kk]`` as if the Kelvin sign were a k; the documented classes are ASCII's."""
    rows = ["\u212a", "\u017f", "K", "s"]
    assert apply("REGEXCONTAINS", column(rows), "(?i)a|k") == [False, False, True, False]
    assert apply("REGEXCONTAINS", column(rows), "[Ss]|a|[Kk]") == [False, False, True, True]
