"""Distinct texts, or rows of texts: what costly functions of single texts are computed on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions.buffers import arrow_array, filled
from sheetline.functions.columns import Array
from sheetline.functions.context import Call
from sheetline.functions.errors import Ints
from sheetline.functions.text_support import TEXT, TEXTS, checked

#: Fewer rows than this are not worth a search for repetitions.
_FEW = 256
_SAMPLE = 128


def distinct_rows(ctx: Call, *texts: Any) -> tuple[list[Any], Ints | None]:
    """Return the text arguments at one row of each distinct combination, where a sample of rows repeats itself.

    Args:
        ctx: the call.
        texts: constants and Arrow arrays; nulls become empty texts.

    Returns:
        Constants as they are and arrays at the chosen rows, and for each row of the call the place of its
        combination; None for the latter where the arrays still have the call's rows.
    """
    given = [checked(text, ctx) for text in texts]
    places = [place for place, text in enumerate(given) if not isinstance(text, str)]
    for place in places:
        given[place] = filled(given[place], "")
    arrays = [given[place] for place in places]
    if ctx.rows < _FEW or not arrays or not _repetitive(arrays, ctx.rows):
        return given, None
    codes = np.zeros(ctx.rows, np.int64)
    for array in arrays:
        more = np.asarray(array.dictionary_encode().indices).astype(np.int64)
        codes = np.unique(codes * (int(more.max()) + 1) + more, return_inverse=True)[1]
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    for place, array in zip(places, arrays, strict=True):
        given[place] = array.take(arrow_array(first))
    return given, inverse.astype(np.int64)


def _repetitive(arrays: Sequence[Any], rows: int) -> bool:
    """Whether at least half of a sample of rows are repetitions."""
    sample = arrow_array(np.linspace(0, rows - 1, _SAMPLE).astype(np.int64))
    columns = [array.take(sample).to_pylist() for array in arrays]
    return len(set(zip(*columns, strict=True))) <= _SAMPLE // 2


def spread(values: Array, inverse: Ints | None) -> Array:
    """Return values of distinct rows at every row."""
    return values if inverse is None else values[inverse]


def each_text(ctx: Call, function: Callable[[str], Any], text: Any, *, lists: bool = False) -> Any:
    """Return Arrow text (or lists of texts) of a costly function of one text, called once for each distinct one.

    Unlike :func:`sheetline.functions.text_support.map_rows` it always looks for repetitions: that pays where one
    call costs much more than finding a text in a table, and natural language repeats itself.
    """
    made = TEXTS if lists else TEXT
    text = checked(text, ctx)
    if isinstance(text, str):
        one: Any = pa.array([function(text)], made)
        return pa.repeat(one[0], ctx.rows)
    coded = text.dictionary_encode()
    values = pa.array([function(value) for value in coded.dictionary.to_pylist()], made)
    return values.take(coded.indices)
