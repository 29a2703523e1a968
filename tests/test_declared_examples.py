"""Every example of every declaration, through the language."""

from __future__ import annotations

from typing import Any

import pytest
from evaluating import evaluate_example

from sheetline.functions.declare import Example, Function
from sheetline.functions.registry import REGISTRY

CASES = [(function, example) for function in REGISTRY for example in function.examples]


@pytest.mark.parametrize(("function", "example"), CASES, ids=[f"{f.name}: {e.formula}" for f, e in CASES])
def test_example_holds(function: Function, example: Example) -> None:
    got = evaluate_example(example)
    wanted: Any = example.result if isinstance(example.result, list) else [example.result]
    if example.rows is None and isinstance(example.result, list):
        wanted = [example.result] if got and isinstance(got[0], list) else example.result
    assert len(got) == len(wanted), got
    for one, other in zip(got, wanted, strict=True):
        assert agrees(one, other, example.digits), f"{one!r} is not {other!r}"


def agrees(got: Any, wanted: Any, digits: int | None) -> bool:
    """Equal values of equal kind; floats within a few units of the last place, or to printed digits."""
    if isinstance(got, list) and isinstance(wanted, list):
        return len(got) == len(wanted) and all(agrees(g, w, digits) for g, w in zip(got, wanted, strict=True))
    if isinstance(got, bool) or isinstance(wanted, bool):
        return got is wanted
    if isinstance(got, float) and isinstance(wanted, int | float):
        if digits is not None:
            return round(got, digits) == round(wanted, digits)
        return got == pytest.approx(wanted, rel=1e-14, abs=1e-300)
    return type(got) is type(wanted) and got == wanted


@pytest.mark.parametrize("function", list(REGISTRY), ids=lambda function: function.name)
def test_declaration_is_complete(function: Function) -> None:
    assert function.summary.endswith("."), "a summary is a sentence"
    assert len(function.examples) >= 2, "two examples, one of them with null or bad input"
    assert function.category != "user"
    assert function.to_dict()["signature"]
