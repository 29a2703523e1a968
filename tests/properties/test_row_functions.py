"""What holds for every row function: block sizes and threads never show, nulls and errors follow the declaration."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import numpy as np
import pytest
from comparing import bits
from evaluating import sheet
from generating import call
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetline.formulas.blocks import Workers
from sheetline.formulas.diagnostics import FormulaError
from sheetline.functions.columns import Column
from sheetline.functions.declare import Form, Function, Kernel
from sheetline.functions.registry import REGISTRY

ROWS = 23
BLOCKS = (1, 4, 7)
KERNELS = [
    pytest.param(function, kernel, id=str(kernel.signature))
    for function in REGISTRY
    if function.form is Form.ELEMENT
    for kernel in function.kernels
]


@pytest.fixture(scope="module")
def pools() -> Iterator[list[Workers]]:
    """One thread with one block, then two threads with small blocks."""
    made = [Workers(1), *(Workers(2, block_rows=rows) for rows in BLOCKS)]
    yield made
    for pool in made:
        pool.close()


def evaluate(text: str, columns: dict[str, Column], workers: Workers) -> Column | None:
    """The result of a formula; None for a call that is refused before the run (a type that does not fit)."""
    given_columns = columns or {"only": Column.of(list(range(ROWS)))}
    try:
        return sheet({"Result": text}, given_columns, workers=workers)["Result"]
    except FormulaError:
        return None


@pytest.mark.parametrize(("function", "kernel"), KERNELS)
@settings(max_examples=6)
@given(seed=st.integers(0, 2**32))
def test_every_kernel(function: Function, kernel: Kernel, pools: list[Workers], seed: int) -> None:
    made = call(function, kernel, ROWS, Random(seed), errors=True)
    if made is None:
        return
    one, other = evaluate(*made, pools[0]), evaluate(*made, pools[1 + seed % len(BLOCKS)])
    assert (one is None) == (other is None)
    if one is None or other is None:
        return
    assert len(one) == ROWS
    assert bits(one) == bits(other), "blocks and threads never show"
    follows_the_declaration(function, *made, one)


def follows_the_declaration(function: Function, text: str, columns: dict[str, Column], result: Column) -> None:
    """Nulls and errors of the result are those that the declaration tells of."""
    null = result.nulls()
    gone = np.zeros(ROWS, bool) if null is None else null
    failed = np.zeros(ROWS, bool) if result.errors is None else result.errors.mask(ROWS)
    assert not (failed & ~gone).any(), "an error's row is null"
    if isinstance(result.data, np.ndarray) and result.data.dtype == np.float64:
        assert np.isfinite(result.data[~gone]).all(), "neither NaN nor infinity is a value"
    used = [column for name, column in columns.items() if f"#{name}" in text]
    wrong = np.zeros(ROWS, bool)
    for column in used:
        if column.errors is not None:
            wrong |= column.errors.mask(ROWS)
    if function.errors == "strict":
        assert failed[wrong].all(), "an error in an argument gives that error"
    if function.nulls == "strict" and function.errors == "strict":
        for column in used:
            empty = column.nulls()
            if empty is not None:
                assert gone[empty].all(), "a null in an argument gives null"
                assert not failed[empty & ~wrong].any(), "a null in an argument gives null, not an error"
