"""How alike two texts are: edit distances, Jaro and Winkler, n-grams, and the best of several candidates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions import extras
from sheetline.functions.buffers import arrow_array, filled, text_scalar
from sheetline.functions.columns import Array
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.errors import Mask
from sheetline.functions.text_distinct import distinct_rows, spread
from sheetline.functions.text_grams import code_points
from sheetline.functions.text_grams import jaccard as jaccard_of_grams
from sheetline.functions.text_support import as_rows, checked, kernels, numbers

CATEGORY = "similarity"

#: The comparisons of characters that one pair of texts may need; beyond it the row is an error LIMIT. Most
#: algorithms make 64 of them at once, so that these bounds are about half a second.
MAX_CELLS = 10_000_000_000
MAX_CELLS_ONE_BY_ONE = 100_000_000

_LIMIT_NOTE = "Two different texts so long that comparing them takes minutes are an error LIMIT."


def _distances() -> Any:
    return extras.load("rapidfuzz.distance", "text")


def _process() -> Any:
    return extras.load("rapidfuzz.process", "text")


def _lengths(text: Any) -> Any:
    """Return the code points of a constant or of each text of an array."""
    return len(text) if isinstance(text, str) else numbers(kernels().utf8_length(text))


def _too_long(a: Any, b: Any, cells: int) -> tuple[Mask, Mask] | None:
    """Return which pairs are too long to be compared, and which of them are equal, or None for none."""
    sizes = np.multiply(_lengths(a), _lengths(b), dtype=np.float64)
    if float(np.max(sizes, initial=0.0)) <= cells:
        return None
    a, b = (text_scalar(text) if isinstance(text, str) else text for text in (a, b))
    return sizes > cells, np.asarray(kernels().equal(a, b))


def _scores(a: Any, b: Any, scorer: Any, dtype: Any) -> Array:
    """Return a scorer's values for pairs of texts, one of which may be a constant."""
    process = _process()
    if isinstance(a, str) or isinstance(b, str):  # the constant is prepared once for all
        one, many = (a, b) if isinstance(a, str) else (b, a)
        scores: Array = process.cdist([one], _listed(many), scorer=scorer, dtype=dtype)[0]
        return scores
    made: Array = process.cpdist(_listed(a), _listed(b), scorer=scorer, dtype=dtype)
    return made


def _listed(texts: Any) -> Any:
    return texts if isinstance(texts, list) else texts.to_pylist()


def _compared(a: Any, b: Any, scorer: Any, dtype: Any, ctx: Call, cells: int = MAX_CELLS) -> Array:
    """Return a scorer's values for the rows, computed for distinct pairs; pairs that are too long fail."""
    (a, b), inverse = distinct_rows(ctx, a, b)
    long = _too_long(a, b, cells)
    if long is not None:
        masked, equal = long
        ctx.fail(spread(masked & ~equal, inverse), "LIMIT", f"{ctx.function}: the texts are too long to be compared")
        # equal ones, too, are compared as empty texts: not every algorithm is quick with them
        a, b = (kernels().if_else(arrow_array(masked), text_scalar(""), _column(t, len(masked))) for t in (a, b))
    return spread(_scores(a, b, scorer, dtype), inverse)


def _column(text: Any, rows: int) -> Any:
    return pa.repeat(text_scalar(text), rows) if isinstance(text, str) else text


@function(
    "EDIT_DISTANCE(a:str; b:str) -> int",
    category=CATEGORY,
    summary="The fewest insertions, deletions and replacements of characters that turn one text into the other.",
    examples=[
        Example('EDIT_DISTANCE("kitten";"sitting")', 3),
        Example('EDIT_DISTANCE("flaw";"flaw")', 0),
        Example('EDIT_DISTANCE("";"abc")', 3),
        Example('EDIT_DISTANCE("kitten";null)', None),
    ],
    aliases=["LEVENSHTEIN"],
    notes="Characters are code points; upper and lower case are different.",
    error_note=_LIMIT_NOTE,
    source="V. I. Levenshtein, Binary codes capable of correcting deletions, insertions and reversals, 1966",
)
def edit_distance(a: Any, b: Any, ctx: Call) -> Any:
    return _compared(a, b, _distances().Levenshtein.distance, np.int64, ctx)


@function(
    "DAMERAU_LEVENSHTEIN(a:str; b:str) -> int",
    category=CATEGORY,
    summary="The fewest insertions, deletions, replacements and swaps of neighbours that turn one text into the other.",
    examples=[
        Example('DAMERAU_LEVENSHTEIN("form";"from")', 1),
        Example('DAMERAU_LEVENSHTEIN("ca";"abc")', 2),
        Example('DAMERAU_LEVENSHTEIN(null;"abc")', None),
    ],
    notes="The true distance: characters that were swapped may be parted by a later insertion. Characters are code "
    "points; upper and lower case are different.",
    error_note=_LIMIT_NOTE,
    source="F. J. Damerau, A technique for computer detection and correction of spelling errors, 1964",
)
def damerau_levenshtein(a: Any, b: Any, ctx: Call) -> Any:
    return _compared(a, b, _distances().DamerauLevenshtein.distance, np.int64, ctx, MAX_CELLS_ONE_BY_ONE)


@function(
    "HAMMING(a:str; b:str) -> int",
    category=CATEGORY,
    summary="The number of places at which two texts of the same length have different characters.",
    examples=[
        Example('HAMMING("karolin";"kathrin")', 3),
        Example('HAMMING("abc";"ab")', Failure("VALUE")),
        Example('HAMMING(null;"ab")', None),
    ],
    notes="Characters are code points; upper and lower case are different.",
    error_note="Texts of different lengths are an error VALUE.",
    source="R. W. Hamming, Error detecting and error correcting codes, 1950",
)
def hamming(a: Any, b: Any, ctx: Call) -> Any:
    a, b = (filled(as_rows(text, ctx), "") for text in (a, b))
    (points_a, edges), (points_b, other_edges) = code_points(a), code_points(b)
    same = np.diff(edges) == np.diff(other_edges)
    if not same.all():
        ctx.fail(~same, "VALUE", "HAMMING: {0} and {1} have different lengths")
        points_a, edges = code_points(a.filter(arrow_array(same)))
        points_b, _ = code_points(b.filter(arrow_array(same)))
    before = np.zeros(len(points_a) + 1, np.int64)
    np.cumsum(points_a != points_b, out=before[1:])
    out = np.zeros(ctx.rows, np.int64)
    out[same] = np.diff(before[edges])
    return out


@function(
    "JARO(a:str; b:str) -> float",
    category=CATEGORY,
    summary="The Jaro similarity of two texts: 1 for equal texts, 0 for texts without a common character nearby.",
    examples=[
        Example('JARO("MARTHA";"MARHTA")', 0.944, digits=3),
        Example('JARO("abc";"xyz")', 0.0),
        Example('JARO("abc";null)', None),
    ],
    notes="Two empty texts are equal. Characters are code points; upper and lower case are different.",
    error_note=_LIMIT_NOTE,
    source="M. A. Jaro, Advances in record-linkage methodology, Journal of the American Statistical Association 84, "
    "1989",
)
def jaro(a: Any, b: Any, ctx: Call) -> Any:
    return _compared(a, b, _distances().Jaro.similarity, np.float64, ctx)


@function(
    "JARO_WINKLER(a:str; b:str) -> float",
    category=CATEGORY,
    summary="The Jaro similarity of two texts, raised where they begin alike: made for names.",
    examples=[
        Example('JARO_WINKLER("MARTHA";"MARHTA")', 0.961, digits=3),
        Example('JARO_WINKLER("DIXON";"DICKSONX")', 0.813, digits=3),
        Example('JARO_WINKLER("";"a")', 0.0),
        Example('JARO_WINKLER(null;"a")', None),
    ],
    notes="Each of the first up to four common characters takes a tenth of what is missing to 1. As in the Census "
    "Bureau's program, a similarity of at most 0.7 is not raised.",
    error_note=_LIMIT_NOTE,
    source="W. E. Winkler, String comparator metrics and enhanced decision rules in the Fellegi-Sunter model of record "
    "linkage, 1990",
)
def jaro_winkler(a: Any, b: Any, ctx: Call) -> Any:
    return _compared(a, b, _distances().JaroWinkler.similarity, np.float64, ctx)


@function(
    "JACCARD(a:str; b:str; [n:int=2]) -> float",
    category=CATEGORY,
    summary="How many of the different n-grams of two texts are in both: 1 for all, 0 for none.",
    examples=[
        Example('JACCARD("night";"nacht")', 1 / 7),
        Example('JACCARD("abc";"abc";1)', 1.0),
        Example('JACCARD("ab";"abc";3)', 0.0),
        Example('JACCARD("ab";"ab";0)', Failure("VALUE")),
        Example('JACCARD("ab";null)', None),
    ],
    notes="An n-gram is a run of n characters (code points); how often it occurs does not matter. A text shorter than "
    "n is its own only n-gram, an empty text has none, and two empty texts are alike.",
    error_note="An n below 1 is an error VALUE.",
    source="P. Jaccard, Étude comparative de la distribution florale, 1901",
)
def jaccard(a: Any, b: Any, n: Any, ctx: Call) -> Any:
    ctx.fail(np.asarray(n) < 1, "VALUE", "JACCARD: an n-gram has at least one character, not {2}")
    if isinstance(n, int):
        (a, b), inverse = distinct_rows(ctx, a, b)
        rows = ctx.rows if inverse is None else int(inverse.max()) + 1
        return spread(jaccard_of_grams(_column(a, rows), _column(b, rows), max(n, 1)), inverse)
    a, b = (filled(as_rows(text, ctx), "") for text in (a, b))
    longest = max(int(_lengths(text).max(initial=1)) for text in (a, b))
    sizes = np.clip(n, 1, longest)  # with longer ones every text is its own only n-gram
    out = np.zeros(ctx.rows)
    for size in np.unique(sizes).tolist():
        at = np.flatnonzero(sizes == size)
        out[at] = jaccard_of_grams(a.take(arrow_array(at)), b.take(arrow_array(at)), size)
    return out


# The best of several candidates.


def _share(value: Any) -> float:
    if not 0 <= value <= 1:
        raise ValueError("the threshold is a similarity between 0 and 1 (0.8 for 80 %)")
    return float(value)


def _similarities(text: Any, options: Sequence[Any]) -> tuple[Array, Mask]:
    """Return the similarity of each text to one option after another, and which texts are too long for one.

    It is 1 less the insertions and deletions that turn one into the other, as a share of both lengths.
    """
    scorer = _distances().Indel.distance
    out = np.empty((len(options), len(text)))
    failing = np.zeros(len(text), np.bool_)
    size = _lengths(text)
    listed = text.to_pylist()
    for place, option in enumerate(options):
        long = _too_long(text, option, MAX_CELLS)
        both = size + _lengths(option)
        if long is None:
            distance = _scores(listed, option, scorer, np.int64)
        else:
            failing |= long[0] & ~long[1]
            distance = np.zeros(len(text), np.int64)
            at = np.flatnonzero(~long[0])
            distance[at] = _scores(_chosen(text, at), _chosen(option, at), scorer, np.int64)
        out[place] = np.where(both == 0, 1.0, (both - distance) / np.maximum(both, 1))
    return out, failing


def _chosen(text: Any, rows: Any) -> Any:
    return text if isinstance(text, str) else text.take(arrow_array(rows))


@function(
    "FUZZYMATCH(text:str; threshold:float const; option:str...) -> str",
    category=CATEGORY,
    summary="The option that is most like a text; null where none reaches the threshold.",
    examples=[
        Example('FUZZYMATCH("Untied Kingdom";0.8;"United States";"United Kingdom")', "United Kingdom"),
        Example('FUZZYMATCH("cat";0.5;"dog";"cow")', None),
        Example('FUZZYMATCH(null;0.5;"dog")', None),
    ],
    null_note="Null also where no option is similar enough.",
    error_note=_LIMIT_NOTE,
    notes="The similarity, from 0 to 1, is twice the length of the longest common subsequence, as a share of both "
    "texts' lengths. Of equally similar options the first is taken. Upper and lower case are different.",
    prepare={"threshold": _share},
)
def fuzzy_match(text: Any, threshold: Any, *option: Any, ctx: Call) -> Any:
    chosen = [checked(one, ctx) for one in option]
    (text, *chosen), inverse = distinct_rows(ctx, text, *chosen)
    rows = ctx.rows if inverse is None else int(inverse.max()) + 1
    similar, long = _similarities(_column(text, rows), chosen)
    ctx.fail(spread(long, inverse), "LIMIT", "FUZZYMATCH: the texts are too long to be compared")
    best = similar.argmax(axis=0)
    enough = similar.max(axis=0, initial=0.0) >= threshold
    scalars = [text_scalar(one) if isinstance(one, str) else one for one in chosen]
    found = kernels().choose(arrow_array(np.where(enough, best, 0), ~enough), *scalars)
    column: Any = found if isinstance(found, pa.Array) else pa.repeat(found, rows)
    return column if inverse is None else column.take(arrow_array(inverse))
