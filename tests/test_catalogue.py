"""Every function that the catalogue of this release names exists, under that very name."""

from __future__ import annotations

from pathlib import Path

import pytest

from sheetline.functions.registry import MODULES, REGISTRY

LINES = (Path(__file__).parent / "spec" / "catalogue.txt").read_text("utf-8").splitlines()
NAMES = [line for line in LINES if not line.startswith("#")]
FUNCTIONS = Path(__file__).parents[1] / "functions"


@pytest.mark.parametrize("name", NAMES)
def test_function_exists(name: str) -> None:
    assert REGISTRY.get(name) is not None


def test_every_module_of_declarations_is_listed() -> None:
    declaring = {path.stem for path in FUNCTIONS.glob("*.py") if "\n@function(" in path.read_text("utf-8")}
    assert declaring == set(MODULES)
