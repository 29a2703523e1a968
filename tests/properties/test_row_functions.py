"""What holds for every row function: block sizes and threads never show, nulls and errors follow the declaration."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
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
SEEDS = st.integers(0, 2**32)
KERNELS = [
    pytest.param(function, kernel, id=str(kernel.signature))
    for function in REGISTRY
    if function.form is Form.ELEMENT
    for kernel in function.kernels
]


def evaluate(text: str, columns: dict[str, Column], workers: Workers) -> Column | None:
    """The result of a formula; None for a call that is refused before the run (a type that does not fit)."""
    given_columns = columns or {"only": Column.of(list(range(ROWS)))}
    try:
        return sheet({"Result": text}, given_columns, workers=workers)["Result"]
    except FormulaError:
        return None


def bits(column: Column) -> tuple[Any, ...]:
    """What makes two columns the same: values bit by bit, nulls, errors with their messages."""
    null = column.nulls()
    gone = np.zeros(len(column), bool) if null is None else null
    if isinstance(column.data, np.ndarray) and column.data.dtype != object:
        data: Any = np.where(gone, np.zeros(1, column.data.dtype), column.data).tobytes()
    else:
        data = repr(column.to_list())
    errors = () if column.errors is None else tuple(zip(column.errors.rows.tolist(), column.errors.messages(), strict=True))
    return str(column.type), data, gone.tobytes(), errors


@pytest.mark.parametrize(("function", "kernel"), KERNELS)
@settings(max_examples=10)
@given(seed=SEEDS, block=st.sampled_from([1, 4, 7]))
def test_blocks_and_threads_never_show(function: Function, kernel: Kernel, seed: int, block: int) -> None:
    made = call(function, kernel, ROWS, Random(seed), errors=True)
    if made is None:
        return
    with Workers(1) as whole, Workers(2, block_rows=block) as small:
        one, other = evaluate(*made, whole), evaluate(*made, small)
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert len(one) == ROWS
        assert bits(one) == bits(other)


@pytest.mark.parametrize(("function", "kernel"), KERNELS)
@settings(max_examples=10)
@given(seed=SEEDS)
def test_nulls_and_errors_follow_the_declaration(function: Function, kernel: Kernel, seed: int) -> None:
    made = call(function, kernel, ROWS, Random(seed), errors=True)
    if made is None or not made[1]:
        return
    text, columns = made
    with Workers(1) as workers:
        result = evaluate(text, columns, workers)
    if result is None:
        return
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
