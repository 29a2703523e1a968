"""What each function of similarity and text mining gives for single values, in plain Python loops."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

import jellyfish
import snowballstemmer

from sheetline.functions.declare import Failure
from sheetline.functions.stop_words import STOP_WORDS
from sheetline.functions.text_mining import STEMMERS

VALUE = Failure("VALUE")


def edit_distance(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (x != y))
    return row[-1]


def damerau_levenshtein(a: str, b: str) -> int:
    """Lowrance and Wagner's algorithm."""
    far = len(a) + len(b)
    table = [[far] * (len(b) + 2) for _ in range(len(a) + 2)]
    for i in range(len(a) + 1):
        table[i + 1][1] = i
    for j in range(len(b) + 1):
        table[1][j + 1] = j
    last: dict[str, int] = {}
    for i, x in enumerate(a, 1):
        match = 0
        for j, y in enumerate(b, 1):
            before, at = last.get(y, 0), match
            if x == y:
                match = j
            table[i + 1][j + 1] = min(
                table[i][j] + (x != y),
                table[i + 1][j] + 1,
                table[i][j + 1] + 1,
                table[before][at] + (i - before - 1) + 1 + (j - at - 1),
            )
        last[x] = i
    return table[-1][-1]


def hamming(a: str, b: str) -> Any:
    return sum(x != y for x, y in zip(a, b, strict=True)) if len(a) == len(b) else VALUE


def jaro(a: str, b: str) -> float:
    if not a and not b:
        return 1.0
    reach = max(max(len(a), len(b)) // 2 - 1, 0)
    taken: set[int] = set()
    mine: list[str] = []
    for i, x in enumerate(a):
        for j in range(max(i - reach, 0), min(i + reach + 1, len(b))):
            if j not in taken and b[j] == x:
                taken.add(j)
                mine.append(x)
                break
    if not mine:
        return 0.0
    m = len(mine)
    moved = sum(x != b[j] for x, j in zip(mine, sorted(taken), strict=True)) // 2
    return (m / len(a) + m / len(b) + (m - moved) / m) / 3


def jaro_winkler(a: str, b: str) -> float:
    similar = jaro(a, b)
    if similar <= 0.7:
        return similar
    common = 0
    while common < min(4, len(a), len(b)) and a[common] == b[common]:
        common += 1
    return similar + common * 0.1 * (1 - similar)


def jaccard(a: str, b: str, n: int = 2) -> Any:
    if n < 1:
        return VALUE
    x, y = (({t[i : i + n] for i in range(len(t) - n + 1)} or {t}) - {""} for t in (a, b))
    return len(x & y) / len(x | y) if x | y else 1.0


def common_subsequence(a: str, b: str) -> int:
    row = [0] * (len(b) + 1)
    for x in a:
        before = 0
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], before + 1 if x == y else max(row[j], row[j - 1])
    return row[-1]


def fuzzy_match(text: str, threshold: float, *options: str) -> str | None:
    best, found = -1.0, None
    for option in options:
        both = len(text) + len(option)
        similar = 2 * common_subsequence(text, option) / both if both else 1.0
        if similar >= threshold and similar > best:
            best, found = similar, option
    return found


ALONE = {"Ł": "L", "Ø": "O", "Æ": "AE", "Œ": "OE", "Ð": "D", "Đ": "D", "Þ": "TH", "ẞ": "SS"}


def letters(text: str) -> str:
    whole = "".join(ALONE.get(c, c) for c in text.upper())
    return re.sub("[^A-Z]", "", unicodedata.normalize("NFKD", whole).upper())


def nysiis(text: str) -> Any:
    """jellyfish's code, where it follows the rules: it looks at what stood before, not at what was made of it."""
    from oracles_rows import UNKNOWN

    name = letters(text)
    code = jellyfish.nysiis(name)
    return UNKNOWN if re.search("SCH|W|H|PH|EV|KN|PF|^K", name) or len(name) < 3 or code == "Y" else code


def metaphone(text: str) -> str:
    words = [letters(word) for word in text.split()]
    return jellyfish.metaphone(" ".join(word for word in words if word))


def match_rating(a: str, *b: str) -> Any:
    if b:
        return bool(jellyfish.match_rating_comparison(letters(a), letters(b[0])))
    name = letters(a)
    code = ""
    for place, c in enumerate(name):
        if (place == 0 or c not in "AEIOU") and name[place - 1 : place] != c:
            code += c
    return code if len(code) < 7 else code[:3] + code[-3:]


def soundex(text: str) -> str:
    """The rules of the National Archives, written out."""
    name = letters(text)
    codes = {c: str(n) for n, group in enumerate(("BFPV", "CGJKQSXZ", "DT", "L", "MN", "R"), 1) for c in group}
    out, last = name[:1], codes.get(name[:1], "")
    for c in name[1:]:
        found = codes.get(c, "")
        if found and found != last:
            out += found
        if c not in "HW":
            last = found
    return (out + "000")[:4] if out else ""


def tokens(text: str, pattern: str = r"\W+") -> Any:
    from oracles_rows import UNKNOWN

    try:
        matches = list(re.finditer(pattern, text, re.ASCII))
    except re.error:
        return UNKNOWN
    found, done = [], 0
    for match in matches:
        found.append(text[done : match.start()])
        done = match.end()
    return [part for part in [*found, text[done:]] if part]


def grams(text: str, n: int) -> Any:
    words = text.split()
    return [" ".join(words[i : i + n]) for i in range(len(words) - n + 1)] if n > 0 else VALUE


PUNCTUATION = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~“”„‟«»‹›…–—¿¡·•'


def stop_words_remove(text: str, language: str = "en") -> str:
    def known(word: str) -> bool:
        bare = word.lower().strip(PUNCTUATION)
        forms = {word.lower(), bare, bare.strip("'‘’‚" + PUNCTUATION)}
        return any(form.replace("’", "'") in STOP_WORDS[language] for form in forms)

    return " ".join(word for word in text.split() if not known(word))


def stem(text: str, language: str = "en") -> str:
    stemmer = snowballstemmer.stemmer(STEMMERS[language])
    out, word = "", ""
    for c in text + "\0":
        if unicodedata.category(c)[0] in "LMN" or c in "'’":
            word += c
        else:
            out += stemmer.stemWord(word.lower()) + c if word else c
            word = ""
    return out[:-1]


def one_sentence(text: str) -> Any:
    from oracles_rows import UNKNOWN

    return UNKNOWN if re.search(r"[.!?…。！？｡]|\n\s*\n", text) else [text.strip()] if text.strip() else []


ORACLES: dict[str, Callable[..., Any]] = {
    "EDIT_DISTANCE": edit_distance,
    "DAMERAU_LEVENSHTEIN": damerau_levenshtein,
    "HAMMING": hamming,
    "JARO": jaro,
    "JARO_WINKLER": jaro_winkler,
    "JACCARD": jaccard,
    "FUZZYMATCH": fuzzy_match,
    "SOUNDEX": soundex,
    "METAPHONE": metaphone,
    "NYSIIS": nysiis,
    "MATCHRATING": match_rating,
    "TOKENIZELIST": tokens,
    "NGRAMLIST": grams,
    "SENTENCES": one_sentence,
    "STOPWORDSREMOVE": stop_words_remove,
    "STEM": stem,
}
