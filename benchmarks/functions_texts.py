"""Functions of texts, regular expressions, hashes, lists and addresses, and how one would write them by hand."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import unicodedata
import urllib.parse
import zlib
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import compute

from benchmarks.functions_tasks import Task, Way, numeric, textual

# the published stubs of pyarrow are narrower than pyarrow
pc: Any = compute
TEXT = pa.large_string()


def _str(name: str, formula: str, column: str, pandas: Way, pyarrow: Way | None, polars: Way | None) -> Task:
    """Return a task of one column of text: pandas' ``.str``, an Arrow array and polars' ``.str`` are given."""
    ways: dict[str, Way] = {"pandas": lambda t: pandas(t[column].str)}
    if pyarrow is not None:
        ways["pyarrow"] = lambda t: pyarrow(t[column])
    if polars is not None:
        ways["polars"] = lambda c: polars(c(column).str)
    return textual(name, formula, **ways)


def _each(name: str, formula: str, function: Callable[[str], Any], *, unique: bool = False) -> Task:
    """Return a task for which a Python function of one text is what one has."""
    (column,) = set(formula[formula.index("#") + 1 :].replace(";", ")").split(")")[:1])

    def rows(t: Any) -> Any:
        return pd.Series([function(value) for value in t[column].tolist()])

    def distinct(t: Any) -> Any:
        codes, values = pd.factorize(t[column])
        made: Any = np.array([function(value) for value in values.tolist()])
        return pd.Series(made[codes])

    return textual(name, formula, pandas=distinct if unique else rows)


def _without_accents(text: str) -> str:
    apart = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in apart if unicodedata.category(c) != "Mn"))


def _lit(value: str) -> Any:
    import polars as pl

    return pl.lit(value)


def _concat(*parts: Any) -> Any:
    import polars as pl

    return pl.concat_str(*parts)


def _number_of_address(c: Any) -> Any:
    parts = c("ip").str.split_exact(".", 3).struct
    first, second, third, fourth = (parts.field(f"field_{place}").cast(int) for place in range(4))
    return ((first * 256 + second) * 256 + third) * 256 + fourth


def _pairs(name: str, scorer: str, dtype: Any) -> Any:
    def run(t: Any) -> Any:
        import rapidfuzz.distance as distances
        from rapidfuzz import process

        kind, _, measure = scorer.partition(".")
        wanted = getattr(getattr(distances, kind), measure)
        return process.cpdist(t["name"].tolist(), t["other"].tolist(), scorer=wanted, dtype=dtype)

    return textual(name, f"{name}(#name;#other)", pandas=run)


def _phonetic(name: str, function: str) -> Task:
    def code(text: str) -> Any:
        import jellyfish

        return getattr(jellyfish, function)(text)

    return _each(name, f"{name}(#name)", code, unique=True)


def _grams(a: str, b: str) -> float:
    x, y = ({text[i : i + 2] for i in range(len(text) - 1)} for text in (a, b))
    return len(x & y) / len(x | y)


def _word_pairs(text: str) -> str:
    words = text.split()
    return "\x1f".join([f"{a} {b}" for a, b in pairwise(words)])


_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
MAIL = rf"^{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?$"


def _there_and_back(text: str) -> str:
    return base64.b64decode(base64.b64encode(text.encode())).decode()


ADDRESS = r"([a-z0-9]+)@([a-z.]+)"

CUTTING: tuple[Task, ...] = (
    _str("UPPER", "UPPER(#t)", "t", lambda s: s.upper(), pc.ascii_upper, lambda s: s.to_uppercase()),
    _str("UPPER (not ASCII)", "UPPER(#city)", "city", lambda s: s.upper(), pc.utf8_upper, lambda s: s.to_uppercase()),
    _str("LOWER", "LOWER(#t)", "t", lambda s: s.lower(), pc.ascii_lower, lambda s: s.to_lowercase()),
    _str("PROPER", "PROPER(#t)", "t", lambda s: s.title(), pc.ascii_title, lambda s: s.to_titlecase()),
    _str("CAPITALIZE", "CAPITALIZE(#name)", "name", lambda s: s.capitalize(), pc.ascii_capitalize, None),
    _str("LEN", "LEN(#t)", "t", lambda s: s.len(), pc.utf8_length, lambda s: s.len_chars()),
    _str("LEN (not ASCII)", "LEN(#city)", "city", lambda s: s.len(), pc.utf8_length, lambda s: s.len_chars()),
    _str(
        "LENB", "LENB(#city)", "city", lambda s: s.encode("utf-8").str.len(), pc.binary_length, lambda s: s.len_bytes()
    ),
    _str("LEFT", "LEFT(#t;5)", "t", lambda s: s[:5], lambda a: pc.utf8_slice_codeunits(a, 0, 5), lambda s: s.head(5)),
    _str("RIGHT", "RIGHT(#t;4)", "t", lambda s: s[-4:], lambda a: pc.utf8_slice_codeunits(a, -4), lambda s: s.tail(4)),
    _str(
        "MID",
        "MID(#t;3;6)",
        "t",
        lambda s: s[2:8],
        lambda a: pc.utf8_slice_codeunits(a, 2, 8),
        lambda s: s.slice(2, 6),
    ),
    _str(
        "REPLACE",
        'REPLACE(#t;1;3;"No. ")',
        "t",
        lambda s: s.slice_replace(0, 3, "No. "),
        lambda a: pc.utf8_replace_slice(a, start=0, stop=3, replacement="No. "),
        None,
    ),
    _str("REVERSE", "REVERSE(#t)", "t", lambda s: s[::-1], pc.ascii_reverse, lambda s: s.reverse()),
    _str(
        "LPAD",
        'LPAD(#int;10;"0")',
        "int",
        lambda s: s.rjust(10, "0"),
        lambda a: pc.ascii_lpad(a, 10, "0"),
        lambda s: s.pad_start(10, "0"),
    ),
    _str("REPEAT", "REPEAT(#int;3)", "int", lambda s: s.repeat(3), lambda a: pc.binary_repeat(a, 3), None),
    _str("STRIP", "STRIP(#s)", "s", lambda s: s.strip(), pc.ascii_trim_whitespace, lambda s: s.strip_chars()),
    _str(
        "NORMALIZEWHITESPACE",
        "NORMALIZEWHITESPACE(#s)",
        "s",
        lambda s: s.replace(r"\s+", " ", regex=True).str.strip(),
        lambda a: pc.ascii_trim(pc.replace_substring_regex(a, r"\s+", " "), " "),
        lambda s: s.replace_all(r"\s+", " ").str.strip_chars(" "),
    ),
    _str(
        "TRIM",
        "TRIM(#s)",
        "s",
        lambda s: s.replace(r" {2,}", " ", regex=True).str.strip(" "),
        lambda a: pc.ascii_trim(pc.replace_substring_regex(a, " {2,}", " "), " "),
        lambda s: s.replace_all(" {2,}", " ").str.strip_chars(" "),
    ),
    _each("REMOVEACCENTS", "REMOVEACCENTS(#city)", _without_accents, unique=True),
    _str(
        "TRANSLATE",
        'TRANSLATE(#t;"0123456789";"abcdefghij")',
        "t",
        lambda s: s.translate(str.maketrans("0123456789", "abcdefghij")),
        None,
        lambda s: s.replace_many(list("0123456789"), list("abcdefghij")),
    ),
    textual(
        "CONCAT",
        'CONCAT(#t;", ";#city)',
        pandas=lambda t: t["t"] + ", " + t["city"],
        pyarrow=lambda t: pc.binary_join_element_wise(t["t"], t["city"], pa.scalar(", ", TEXT)),
        polars=lambda c: _concat(c("t"), _lit(", "), c("city")),
    ),
)

SEARCHING: tuple[Task, ...] = (
    _str(
        "CONTAINS",
        'CONTAINS(#t;"7 Harb")',
        "t",
        lambda s: s.contains("7 Harb", regex=False),
        lambda a: pc.match_substring(a, "7 Harb"),
        lambda s: s.contains("7 Harb", literal=True),
    ),
    _str(
        "CONTAINS_IC",
        'CONTAINS_IC(#t;"7 HARB")',
        "t",
        lambda s: s.contains("7 HARB", case=False, regex=False),
        lambda a: pc.match_substring(a, "7 HARB", ignore_case=True),
        lambda s: s.contains("(?i)7 HARB"),
    ),
    _str(
        "STARTSWITH",
        'STARTSWITH(#t;"12")',
        "t",
        lambda s: s.startswith("12"),
        lambda a: pc.starts_with(a, "12"),
        lambda s: s.starts_with("12"),
    ),
    _str(
        "LIKE",
        'LIKE(#t;"1%Street")',
        "t",
        lambda s: s.match(r"1.*Street$"),
        lambda a: pc.match_like(a, "1%Street"),
        lambda s: s.contains("^1.*Street$"),
    ),
    _str(
        "INDEXOF",
        'INDEXOF(#mail;"@")',
        "mail",
        lambda s: s.find("@"),
        lambda a: pc.find_substring(a, "@"),
        lambda s: s.find("@", literal=True),
    ),
    _str(
        "COUNTMATCHES",
        'COUNTMATCHES(#words;"the")',
        "words",
        lambda s: s.count("the"),
        lambda a: pc.count_substring(a, "the"),
        lambda s: s.count_matches("the", literal=True),
    ),
    _str(
        "COUNTWORDS",
        "COUNTWORDS(#words)",
        "words",
        lambda s: s.count(r"\S+"),
        lambda a: pc.count_substring_regex(a, r"[^\s]+"),
        lambda s: s.count_matches(r"\S+"),
    ),
    _str(
        "SUBSTITUTE",
        'SUBSTITUTE(#t;" ";"_")',
        "t",
        lambda s: s.replace(" ", "_", regex=False),
        lambda a: pc.replace_substring(a, " ", "_"),
        lambda s: s.replace_all(" ", "_", literal=True),
    ),
    textual(
        "EXACT",
        "EXACT(#name;#other)",
        pyarrow=lambda t: pc.equal(t["name"], t["other"]),
        polars=lambda c: c("name") == c("other"),
    ),
    _str(
        "SUBSTRINGBEFORE",
        'SUBSTRINGBEFORE(#mail;"@")',
        "mail",
        lambda s: s.partition("@")[0],
        lambda a: pc.struct_field(pc.extract_regex(a, "^(?P<x>[^@]*)"), [0]),
        lambda s: s.split_exact("@", 1).struct.field("field_0"),
    ),
    _str(
        "SPLIT",
        'SPLIT(#kv;";")',
        "kv",
        lambda s: s.split(";"),
        lambda a: pc.split_pattern(a, ";"),
        lambda s: s.split(";"),
    ),
    _str(
        "SPLITPART",
        'SPLITPART(#kv;";";2)',
        "kv",
        lambda s: s.split(";").str[1],
        lambda a: pc.list_element(pc.split_pattern(a, ";"), 1),
        lambda s: s.splitn(";", 3).struct.field("field_1"),
    ),
)

REGULAR: tuple[Task, ...] = (
    _str(
        "REGEXMATCH",
        r'REGEXMATCH(#t;"[0-9]+ Har.*")',
        "t",
        lambda s: s.fullmatch(r"[0-9]+ Har.*"),
        lambda a: pc.match_substring_regex(a, r"^[0-9]+ Har.*$"),
        lambda s: s.contains(r"^[0-9]+ Har.*$"),
    ),
    _str(
        "REGEXCONTAINS",
        r'REGEXCONTAINS(#words;"over|under")',
        "words",
        lambda s: s.contains("over|under"),
        lambda a: pc.match_substring_regex(a, "over|under"),
        lambda s: s.contains("over|under"),
    ),
    _str(
        "REGEXEXTRACT",
        f'REGEXEXTRACT(#mail;"{ADDRESS}";2)',
        "mail",
        lambda s: s.extract(ADDRESS)[1],
        lambda a: pc.struct_field(pc.extract_regex(a, r"[a-z0-9]+@(?P<x>[a-z.]+)"), [0]),
        lambda s: s.extract(ADDRESS, 2),
    ),
    _str(
        "REGEXREPLACE",
        r'REGEXREPLACE(#t;"[0-9]+";"#")',
        "t",
        lambda s: s.replace("[0-9]+", "#", regex=True),
        lambda a: pc.replace_substring_regex(a, "[0-9]+", "#"),
        lambda s: s.replace_all("[0-9]+", "#"),
    ),
    _str(
        "REGEXCOUNT",
        'REGEXCOUNT(#words;"[aeiou]+")',
        "words",
        lambda s: s.count("[aeiou]+"),
        lambda a: pc.count_substring_regex(a, "[aeiou]+"),
        lambda s: s.count_matches("[aeiou]+"),
    ),
    _str(
        "REGEXEXTRACTALL",
        'REGEXEXTRACTALL(#kv;"[a-z]+")',
        "kv",
        lambda s: s.findall("[a-z]+"),
        None,
        lambda s: s.extract_all("[a-z]+"),
    ),
    _str(
        "REGEXSPLIT",
        'REGEXSPLIT(#kv;"[;=]")',
        "kv",
        lambda s: s.split("[;=]", regex=True),
        lambda a: pc.split_pattern_regex(a, "[;=]"),
        None,
    ),
)

CODING: tuple[Task, ...] = (
    _each("MD5", "MD5(#t)", lambda v: hashlib.md5(v.encode()).hexdigest()),
    _each("SHA256", "SHA256(#t)", lambda v: hashlib.sha256(v.encode()).hexdigest()),
    _each("CRC32", "CRC32(#t)", lambda v: zlib.crc32(v.encode())),
    _each("BASE64ENCODE", "BASE64ENCODE(#t)", lambda v: base64.b64encode(v.encode()).decode()),
    _each("HEXENCODE", "HEXENCODE(#t)", lambda v: v.encode().hex()),
    _each("URLENCODE", "URLENCODE(#t)", lambda v: urllib.parse.quote(v, safe="")),
    _each("HTMLESCAPE", "HTMLESCAPE(#url)", html.escape),
    _str(
        "URLHOST",
        "URLHOST(#url)",
        "url",
        lambda s: s.extract("://([^/:]+)")[0],
        lambda a: pc.struct_field(pc.extract_regex(a, "://(?P<x>[^/:]+)"), [0]),
        lambda s: s.extract("://([^/:]+)", 1),
    ),
    _str(
        "URLPARAM",
        'URLPARAM(#url;"id")',
        "url",
        lambda s: s.extract("[?&]id=([^&#]*)")[0],
        lambda a: pc.struct_field(pc.extract_regex(a, "[?&]id=(?P<x>[^&#]*)"), [0]),
        lambda s: s.extract("[?&]id=([^&#]*)", 1),
    ),
    _str(
        "EMAILDOMAIN",
        "EMAILDOMAIN(#mail)",
        "mail",
        lambda s: s.partition("@")[2],
        lambda a: pc.struct_field(pc.extract_regex(a, "@(?P<x>.*)$"), [0]),
        lambda s: s.split_exact("@", 1).struct.field("field_1"),
    ),
    _str("ISEMAIL", "ISEMAIL(#mail)", "mail", lambda s: s.contains(MAIL), None, lambda s: s.contains(MAIL)),
    _each("BASE64DECODE", "BASE64DECODE(BASE64ENCODE(#t))", _there_and_back),
    textual("IPTONUMBER", "IPTONUMBER(#ip)", polars=_number_of_address),
    _each("JSON_VALUE", 'JSON_VALUE(#js;"$.user.name")', lambda v: json.loads(v)["user"]["name"]),
)

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
MAIL = rf"^{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?$"


def _ranges(c: Any) -> Any:
    import polars as pl

    return pl.int_ranges(1, c("j") + 1)


#: Lists are made of texts in the formula; by hand they are as well.
LISTS: tuple[Task, ...] = (
    _str(
        "LISTCOUNT",
        'LISTCOUNT(SPLIT(#words;" "))',
        "words",
        lambda s: s.split(" ").str.len(),
        lambda a: pc.list_value_length(pc.split_pattern(a, " ")),
        lambda s: s.split(" ").list.len(),
    ),
    _str(
        "LISTCONTAINS",
        'LISTCONTAINS(SPLIT(#words;" ");"the")',
        "words",
        lambda s: pd.Series(["the" in part for part in s.split(" ").tolist()]),
        None,
        lambda s: s.split(" ").list.contains("the"),
    ),
    _str(
        "LISTDISTINCT",
        'LISTDISTINCT(SPLIT(#words;" "))',
        "words",
        lambda s: pd.Series([list(dict.fromkeys(part)) for part in s.split(" ").tolist()]),
        None,
        lambda s: s.split(" ").list.unique(maintain_order=True),
    ),
    textual(
        "LISTUNION",
        'LISTUNION(SPLIT(#words;" ");SPLIT(#t;" "))',
        polars=lambda c: c("words").str.split(" ").list.concat(c("t").str.split(" ")).list.unique(maintain_order=True),
    ),
    textual(
        "LISTDIFFERENCE",
        'LISTDIFFERENCE(SPLIT(#words;" ");SPLIT(#t;" "))',
        pandas=lambda t: pd.Series(
            [
                [word for word in dict.fromkeys(words) if word not in others]
                for words, others in zip(t["words"].str.split(" "), t["t"].str.split(" "), strict=True)
            ]
        ),
    ),
    textual("LISTRANGE", "LISTRANGE(1;#j)", polars=_ranges),
)

FINANCE: tuple[Task, ...] = (
    numeric("FV", "FV(#q/10;#j;-100)", numpy=lambda t: 100 * np.expm1(t["j"] * np.log1p(t["q"] / 10)) / (t["q"] / 10)),
    numeric(
        "PMT",
        "PMT(#q/10;#j;1000)",
        numpy=lambda t: 1000 * (t["q"] / 10) / np.expm1(-t["j"] * np.log1p(t["q"] / 10)),
    ),
    numeric("EFFECT", "EFFECT(#q;12)", numpy=lambda t: np.expm1(12 * np.log1p(t["q"] / 12))),
)

MINING: tuple[Task, ...] = (
    _pairs("EDIT_DISTANCE", "Levenshtein.distance", np.int64),
    _pairs("JARO_WINKLER", "JaroWinkler.similarity", np.float64),
    textual(
        "JACCARD",
        "JACCARD(#name;#other)",
        pandas=lambda t: pd.Series(
            [_grams(a, b) for a, b in zip(t["name"].tolist(), t["other"].tolist(), strict=True)]
        ),
    ),
    _phonetic("SOUNDEX", "soundex"),
    _phonetic("METAPHONE", "metaphone"),
    _str(
        "TOKENIZELIST",
        "TOKENIZELIST(#words)",
        "words",
        lambda s: s.findall(r"\w+"),
        None,
        lambda s: s.extract_all(r"\w+"),
    ),
    textual(
        "NGRAMLIST",
        "NGRAMLIST(#words;2)",
        pandas=lambda t: pd.Series([_word_pairs(v).split("\x1f") for v in t["words"].tolist()]),
    ),
)

TASKS: tuple[Task, ...] = (
    *CUTTING,
    *SEARCHING,
    *REGULAR,
    *CODING,
    *FINANCE,
    *LISTS,
    *(replace(task, slow=True) for task in MINING),
)
