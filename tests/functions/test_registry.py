"""The registry: what it refuses, and functions of a user's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sheetline as sl
from sheetline.functions.declare import DeclarationError
from sheetline.functions.registry import REGISTRY, Registry
from sheetline.functions.signature import SignatureError, parse

EXAMPLES = [sl.Example("MINE(1)", 2.0), sl.Example("MINE(null)", None)]


@pytest.fixture
def clean() -> Iterator[None]:
    before = dict(REGISTRY._functions), dict(REGISTRY._names)
    yield
    REGISTRY._functions, REGISTRY._names = before


@pytest.mark.usefixtures("clean")
def test_own_function_is_called_like_any_other() -> None:
    @sl.function(
        "MINE(x:float; [by:float const=2]) -> float", summary="x times by.", examples=EXAMPLES, aliases=["mein"]
    )
    def mine(x: Any, by: float) -> Any:
        return x * by

    frame = {"x": [1.0, None, 4.0]}
    assert sl.evaluate("mine(#x)", frame).tolist()[::2] == [2.0, 8.0]
    assert sl.evaluate("MEIN(#x;10)", frame).isna().tolist() == [False, True, False]
    assert next(f for f in sl.functions() if f["name"] == "MINE")["signature"] == [
        "MINE(x:float; [by:float const=2]) -> float"
    ]
    with pytest.raises(sl.FormulaError, match="F111"):
        sl.evaluate('MINE("a")')


@pytest.mark.usefixtures("clean")
def test_a_failing_own_function_is_an_internal_error_and_no_cell_error() -> None:
    from sheetline.formulas.blocks import InternalError

    @sl.function("BREAKS(x:float) -> float", summary="Raises.", examples=EXAMPLES)
    def breaks(x: Any) -> Any:
        raise RuntimeError("a bug")

    with pytest.raises(InternalError, match=r"BREAKS failed.*RuntimeError: a bug"):
        sl.evaluate("BREAKS(#x)", {"x": [1.0]})


def test_declarations_that_are_refused() -> None:
    def kernel(x: Any) -> Any:
        return x

    with pytest.raises(DeclarationError, match="ABS is declared already"):
        sl.function("ABS(x:float) -> float", summary="Taken.", examples=EXAMPLES)(kernel)
    with pytest.raises(DeclarationError, match="a summary and at least one example"):
        sl.function("NEW1(x:float) -> float", summary="No example.", examples=[])(kernel)
    with pytest.raises(DeclarationError, match="a summary and at least one example"):
        sl.function("NEW2(x:float) -> float", summary=" ", examples=EXAMPLES)(kernel)
    with pytest.raises(DeclarationError, match="the kernel takes 1 arguments"):
        sl.function("NEW3(x:float; y:float) -> float", summary="Two.", examples=EXAMPLES)(kernel)
    for line in ("NEW4 x", "NEW4(x:number) -> float", "NEW4(x) -> float", "NEW4((x:int; y:int)) -> int"):
        with pytest.raises(SignatureError):
            sl.function(line, summary="Unreadable.", examples=EXAMPLES)(kernel)
    assert not any(name.startswith("NEW") for name in REGISTRY.names())


@pytest.mark.parametrize("function", list(REGISTRY), ids=lambda function: function.name)
def test_signatures_print_as_they_parse(function: Any) -> None:
    for kernel in function.kernels:
        assert parse(str(kernel.signature)) == kernel.signature


def test_a_package_brings_functions_by_an_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = """
import sheetline.functions.declare as declare

@declare.function("FROM_PACKAGE(x:float) -> float", summary="x.", examples=[declare.Example("FROM_PACKAGE(1)", 1.0)])
def from_package(x):
    return x + 0.0
"""
    (tmp_path / "bringing.py").write_text(module, "utf-8")
    info = tmp_path / "bringing-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bringing\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text("[sheetline.functions]\nbringing = bringing\n", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    from sheetline.functions import declare

    before = list(declare._declared)
    try:
        assert Registry().get("from_package") is not None
    finally:
        declare._declared[:] = before
        sys.modules.pop("bringing", None)


def test_strings_of_numpy_do_not_leak() -> None:
    """A constant result is a Python value, not a numpy scalar."""
    assert type(sl.evaluate("1 + 2")) is int
    assert type(sl.evaluate("1 / 2")) is float
    assert not isinstance(sl.evaluate("1 < 2"), np.bool_)
