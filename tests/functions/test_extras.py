"""A library that is not installed: said plainly, with what to install, wherever a formula is run."""

from __future__ import annotations

import sys

import pytest
from typer.testing import CliRunner

import sheetline as sl
from sheetline.functions.extras import MissingExtraError
from sheetline.workbook.cli.app import app

FORMULAS = {
    "rapidfuzz": ('EDIT_DISTANCE("a";"b")', "text"),
    "jellyfish": ('METAPHONE("Thompson")', "text"),
    "snowballstemmer": ('STEM("running")', "text"),
    "tldextract": ('URLTLD("https://a.co.uk")', "web"),
    "ua_parser": ('USERAGENTOS("Mozilla/5.0")', "web"),
    "lxml": ('XML_VALID("<a/>")', "xml"),
}


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    name: str = request.param
    for module in [module for module in sys.modules if module.partition(".")[0] == name]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, name, None)
    from sheetline.functions import registry

    for module in [module for module in sys.modules if module.startswith(f"{registry.__package__}.")]:
        for value in vars(sys.modules[module]).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()  # what was loaded before is forgotten
    return name


@pytest.mark.parametrize("without", FORMULAS, indirect=True)
def test_the_message_names_the_extra(without: str) -> None:
    formula, extra = FORMULAS[without]
    with pytest.raises(MissingExtraError, match=rf"needs the package {without}.*sheetline\[{extra}\]"):
        sl.evaluate(formula)


@pytest.mark.parametrize("without", ["lxml"], indirect=True)
def test_the_command_line_says_so_too(without: str) -> None:
    result = CliRunner().invoke(app, ["eval", FORMULAS[without][0]])
    assert result.exit_code == 2
    assert "pip install 'sheetline[xml]'" in result.stderr
