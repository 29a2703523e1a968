"""Text mining: texts as lists of words, n-grams and sentences; words without inflection; stop words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions import extras
from sheetline.functions.buffers import arrow_array, filled, text_scalar
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.regular import regex_split
from sheetline.functions.regular_engine import compile_pattern
from sheetline.functions.sentences import MAY_END, sentences_of
from sheetline.functions.stop_words import STOP_WORDS
from sheetline.functions.text_distinct import each_text
from sheetline.functions.text_support import (
    MAX_BLOCK,
    MAX_CELL,
    as_rows,
    checked,
    is_ascii,
    kernels,
    numbers,
    truths,
)
from sheetline.functions.text_view import spans
from sheetline.functions.text_words import ALNUM_BYTES, WORD_BYTES, Runs, kept_items, lists, runs, words

CATEGORY = "text mining"

_WORDS = r"\W+"


@function(
    'TOKENIZELIST(text:str; [pattern:str="\\W+"]) -> list<str>',
    category=CATEGORY,
    summary="The parts of a text between the matches of a regular expression, as a list: its words.",
    examples=[
        Example('TOKENIZELIST("to be, or not!")', ["to", "be", "or", "not"]),
        Example('TOKENIZELIST("a b;;c";";")', ["a b", "c"]),
        Example('TOKENIZELIST("?!")', []),
        Example("TOKENIZELIST(null)", None),
    ],
    prepare={"pattern": compile_pattern},
    notes="Empty parts are left out. Classes such as \\W are ASCII, as in all regular expressions.",
    error_note="A malformed constant pattern is refused before the run; in a row it is an error PARSE.",
    source="The syntax is that of Python's re, with ASCII classes and $ as the end of the text.",
)
def tokenize_list(text: Any, pattern: Any, ctx: Call) -> Any:
    if getattr(pattern, "source", "") == _WORDS:
        found = runs(as_rows(text, ctx), WORD_BYTES)
        return lists(found.offsets, found.texts())
    split: Any = regex_split.kernels[0].run
    parts = split(text, pattern, ctx)
    items = parts.flatten()
    offsets = np.zeros(len(parts) + 1, np.int64)
    np.cumsum(numbers(kernels().list_value_length(parts)), out=offsets[1:])
    keep = numbers(kernels().binary_length(items)) > 0
    return lists(kept_items(offsets, keep), items.filter(arrow_array(keep)))


def _one_blank(text: Any) -> Runs:
    """Return the words of texts in which single blanks stand between words."""
    found = words(text)
    inner = np.diff(found.begin) - (found.end - found.begin)[:-1] == 1
    gaps = found.end[:-1]
    inner &= found.data[np.minimum(gaps, max(len(found.data) - 1, 0))] == 32 if len(found.data) else True
    last = found.offsets[1:-1]
    inner[last[(last > 0) & (last <= len(inner))] - 1] = True  # between two texts anything may stand
    if inner.all():
        return found
    joined = kernels().binary_join(lists(found.offsets, found.texts()), text_scalar(" "))
    return words(joined)


@function(
    "NGRAMLIST(text:str; n:int) -> list<str>",
    category=CATEGORY,
    summary="The runs of n words of a text, as a list.",
    examples=[
        Example('NGRAMLIST("to be  or not";2)', ["to be", "be or", "or not"]),
        Example('NGRAMLIST("once";2)', []),
        Example('NGRAMLIST("once";0)', Failure("VALUE")),
        Example("NGRAMLIST(null;2)", None),
    ],
    notes="Words are parted by white space and joined by one blank. A text of fewer words has none.",
    error_note=f"An n below 1 is an error VALUE; more than {MAX_CELL:,} characters are an error LIMIT.",
)
def ngram_list(text: Any, n: Any, ctx: Call) -> Any:
    ctx.fail(np.asarray(n) < 1, "VALUE", "NGRAMLIST: an n-gram has at least one word, not {1}")
    found = _one_blank(as_rows(text, ctx))
    count = np.diff(found.offsets)
    n = np.broadcast_to(np.maximum(np.asarray(n), 1), (ctx.rows,))
    n = np.minimum(n, count + 1)  # a longer one finds nothing, either
    made = np.maximum(count - n + 1, 0)
    made = _within(found, made, n, ctx)
    offsets = np.zeros(ctx.rows + 1, np.int64)
    np.cumsum(made, out=offsets[1:])
    first = np.repeat(found.offsets[:-1] - offsets[:-1], made) + np.arange(offsets[-1])
    last = first + np.repeat(n, made) - 1
    return lists(offsets, spans(found.data, found.begin[first], found.end[last], len(first)))


def _within(found: Runs, made: Any, n: Any, ctx: Call) -> Any:
    """Return how many n-grams each row gets; rows that would make too much text fail and get none."""
    begins, ends = (np.concatenate((np.zeros(1, np.int64), np.cumsum(edge))) for edge in (found.begin, found.end))
    at = found.offsets[:-1]
    # the ends of the n-grams less their beginnings, both as sums over a run of words
    size = ends[at + n - 1 + made] - ends[at + n - 1] - (begins[at + made] - begins[at])
    long = (size > MAX_CELL) | (np.cumsum(np.minimum(size, MAX_CELL)) > MAX_BLOCK)
    ctx.fail(long, "LIMIT", f"NGRAMLIST: the n-grams would be longer than {MAX_CELL:,} characters")
    return np.where(long, 0, made)


@function(
    "SENTENCES(text:str) -> list<str>",
    category=CATEGORY,
    summary="The sentences of a text, as a list.",
    examples=[
        Example('SENTENCES("Dr. Low is in. Is he? Yes!")', ["Dr. Low is in.", "Is he?", "Yes!"]),
        Example('SENTENCES("It costs 3.50 today")', ["It costs 3.50 today"]),
        Example('SENTENCES(" ")', []),
        Example("SENTENCES(null)", None),
    ],
    notes="A sentence ends at . ! ? or … with white space behind it, unless a lower-case letter follows; at the marks "
    "of Chinese and Japanese (。！？); and at an empty line. A point ends none behind an initial (J.), a word with "
    "points inside (e.g., U.S.), a title or other abbreviation that goes before a name (Dr. Prof. Mrs. Hr. Sig.), one "
    "that goes before a number (No. 5, Fig. 2), the number of a list at its beginning (1.), and a day before a German "
    "month (3. Mai). So an abbreviation at the end of a sentence hides that end.",
)
def sentences(text: Any, ctx: Call) -> Any:
    pc = kernels()
    text = checked(text, ctx)
    if isinstance(text, str):
        return each_text(ctx, sentences_of, text, lists=True)
    inner = filled(pc.match_substring_regex(text, pattern=MAY_END), False)
    trimmed = pc.utf8_trim_whitespace(filled(text, ""))
    whole = numbers(pc.binary_length(trimmed)) > 0
    edges = kept_items(np.arange(len(whole) + 1), whole)
    single = lists(edges, trimmed.filter(arrow_array(whole)))
    several = truths(inner)
    if not several.any():
        return single
    split = each_text(ctx, sentences_of, text.filter(inner), lists=True)
    place = np.where(several, len(text) + np.cumsum(several) - 1, np.arange(len(text)))
    return pa.concat_arrays([single, split]).take(arrow_array(place))


# Languages.

#: The names of the Snowball algorithms by language code (ISO 639-1).
STEMMERS = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}

#: No word is longer: what is, is left as it is.
LONGEST_WORD = 200


def _language(value: Any, known: Any, what: str) -> str:
    """Return a language code as the tables have it; ``en-GB`` and ``EN`` are ``en``."""
    code: str = str(value).strip().lower().replace("_", "-").partition("-")[0]
    if code not in known:
        raise ValueError(f'there are no {what} for the language "{value}", only for {", ".join(sorted(known))}')
    return code


def _stop_words(value: Any) -> Any:
    chosen = sorted(STOP_WORDS[_language(value, STOP_WORDS, "stop words")])
    return pa.array([*chosen, *(word.replace("'", "’") for word in chosen if "'" in word)], pa.large_string())


#: What may stand around a word; apostrophes, which may be part of it, apart.
_PUNCTUATION = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~“”„‟«»‹›…–—¿¡·•'
_APOSTROPHES = "'‘’‚"


@function(
    'STOPWORDSREMOVE(text:str; [language:str const="en"]) -> str',
    category=CATEGORY,
    summary="The text without the words that carry little meaning, such as articles, pronouns and prepositions.",
    examples=[
        Example('STOPWORDSREMOVE("The cat is on the mat")', "cat mat"),
        Example('STOPWORDSREMOVE("Das ist der Hund von Anna";"de")', "Hund Anna"),
        Example('STOPWORDSREMOVE("to be or not to be")', ""),
        Example('STOPWORDSREMOVE(null;"en")', None),
    ],
    prepare={"language": _stop_words},
    error_note="A language without a list is refused before the run.",
    notes="Languages: " + ", ".join(sorted(STOP_WORDS)) + ". Words are parted by white space and looked up without "
    "case and without punctuation around them; a word that goes takes its punctuation along, and those that stay are "
    "joined by one blank. An elided article (l'homme) is part of its word.",
    source="Lists of this package, written from the closed word classes of each language.",
)
def stop_words_remove(text: Any, language: Any, ctx: Call) -> Any:
    found = words(as_rows(text, ctx))
    texts = found.texts()
    keep = ~_listed(texts, found, language)
    stay = lists(kept_items(found.offsets, keep), texts.filter(arrow_array(keep)))
    return kernels().binary_join(stay, text_scalar(" "))


def _listed(texts: Any, found: Runs, known: Any) -> Any:
    """Return which words are known; those with something other than letters around them are looked up without."""
    pc = kernels()
    if not len(texts):
        return np.zeros(0, np.bool_)
    lowered = pc.ascii_lower(texts) if is_ascii(texts) else pc.utf8_lower(texts)
    hit = np.array(truths(pc.is_in(lowered, value_set=known)))
    edge = ~(ALNUM_BYTES[found.data[found.begin]] & ALNUM_BYTES[found.data[found.end - 1]])
    if edge.any():
        bare = pc.utf8_trim(lowered.filter(arrow_array(edge)), characters=_PUNCTUATION)
        quoted = pc.utf8_trim(bare, characters=_APOSTROPHES + _PUNCTUATION)
        hit[edge] |= truths(pc.is_in(bare, value_set=known)) | truths(pc.is_in(quoted, value_set=known))
    return hit


def _stemmer(value: Any) -> str:
    """Return the name of a Snowball algorithm; also finds out, before the run, whether they are installed."""
    extras.load("snowballstemmer", "text")
    return STEMMERS[_language(value, STEMMERS, "rules for stems")]


@function(
    'STEM(word:str; [language:str const="en"]) -> str',
    category=CATEGORY,
    summary="A word in lower case without its inflection, so that its forms become one.",
    examples=[
        Example('STEM("running")', "run"),
        Example('STEM("Häuser";"de")', "haus"),
        Example('STEM("connected connections")', "connect connect"),
        Example('STEM(null;"en")', None),
    ],
    prepare={"language": _stemmer},
    error_note="A language without rules is refused before the run.",
    notes="Languages: " + ", ".join(sorted(STEMMERS)) + ". A stem need not be a word (happy: happi). In a text of "
    f"several words each is stemmed, and what stands between stays. A word of more than {LONGEST_WORD} letters is only "
    "written in lower case.",
    source="The Snowball algorithms, snowballstem.org",
)
def stem(word: Any, language: Any, ctx: Call) -> Any:
    # a stemmer holds the word that it works on, so each call makes its own: blocks run in threads
    stemmer = extras.load("snowballstemmer", "text").stemmer(language)
    pattern = _word_pattern()
    known: dict[str, str] = {}

    def stemmed(match: Any) -> str:
        given = match[0].lower()
        found = known.get(given)
        if found is None:
            found = known[given] = given if len(given) > LONGEST_WORD else stemmer.stemWord(given)
        return found

    return each_text(ctx, lambda text: pattern.sub(stemmed, text), word)


def _word_pattern() -> Any:
    import regex  # type: ignore[import-untyped]

    return regex.compile(r"[\p{L}\p{M}\p{N}'’]+")
