"""Ranks of texts by their bytes: against Python's order of code points, and against ranks of distinct values."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetline.functions.columns import Column
from sheetline.functions.ordering import comparable, sort_key
from sheetline.functions.text_ranks import ranks_by_bytes, text_ranks
from sheetline.functions.types import STRING

ALPHABET = st.sampled_from(["", "\0", "a", "b", "é", "Ł", "\uffff", "𝄞", "sameprefix", "x" * 30])
TEXTS = st.lists(st.lists(ALPHABET, max_size=6).map("".join) | st.none(), max_size=40)


def _ranks(values: list[str | None]) -> list[int]:
    """Return how many texts are smaller than each: in UTF-8 the order of bytes is that of code points."""
    known = [value for value in values if value is not None]
    return [-1 if value is None else sum(other < value for other in known) for value in values]


@given(TEXTS, st.integers(0, 3))
def test_ranks_count_smaller_texts(values: list[str | None], skipped: int) -> None:
    data = pa.array(values, pa.large_string()).slice(skipped)
    got = ranks_by_bytes(data)
    want = _ranks(values[skipped:])
    assert [-1 if value is None else rank for value, rank in zip(values[skipped:], got.tolist(), strict=True)] == want


@pytest.mark.parametrize("prefix", ["", "harbour street, number ", "p" * 100])
def test_many_texts_rank_as_their_distinct_values(prefix: str) -> None:
    numbers = np.random.default_rng(4).integers(0, 400_000, 20_000)
    texts = [f"{prefix}{number}{'' if number % 3 else chr(0) * (number % 4)}" for number in numbers.tolist()]
    texts[5], texts[6] = texts[7], texts[8]
    data = pa.array(texts, pa.large_string())
    quick = text_ranks(data)
    assert quick is not None
    order, _ = comparable(Column(STRING, data))
    np.testing.assert_array_equal(np.unique(quick, return_inverse=True)[1], order)


def test_few_texts_are_ranked_by_distinct_values() -> None:
    assert text_ranks(pa.array(["a", "b"] * 20_000, pa.large_string())) is None


def test_nulls_stay_last_among_many_texts() -> None:
    texts = [None if number % 7 == 0 else str(number) for number in range(30_000)]
    column = Column(STRING, pa.array(texts, pa.large_string()))
    for descending in (False, True):
        order = np.argsort(sort_key(column, descending=descending), kind="stable").tolist()
        known = sorted((text for text in texts if text is not None), reverse=descending)
        assert [texts[row] for row in order] == known + [None] * (len(texts) - len(known))
