"""The search for garbage is paused while workbooks are loaded and planned, and never left off."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from sheetline import Workbook, WorkbookError
from sheetline.workbook import collecting
from sheetline.workbook.collecting import collection_paused
from sheetline.workbook.load import parse_workbook


@pytest.fixture(autouse=True)
def _as_found() -> Iterator[None]:
    was = gc.isenabled()
    yield
    assert gc.isenabled() == was
    gc.enable()


def test_it_is_on_again_whatever_is_raised() -> None:
    with pytest.raises(ZeroDivisionError), collection_paused():
        _ = 1 / (0 if not gc.isenabled() else 1)
    assert gc.isenabled()
    with pytest.raises(WorkbookError):
        parse_workbook("{")
    assert gc.isenabled()
    book = Workbook("W").source("E", "e.csv", columns={"x": "integer"}, only=True)
    assert [one.code for one in book.formulas("F", of="E", columns={"y": "#z"}).check()] == ["F102"]
    assert gc.isenabled()


def test_inside_one_another_the_first_ends_it() -> None:
    with collection_paused():
        with collection_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_where_it_was_off_it_stays_off() -> None:
    gc.disable()
    try:
        with collection_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()


class _Circle:
    def __init__(self) -> None:
        self.itself = self


@pytest.mark.parametrize("many", [0, 10**9])
def test_circles_are_found_afterwards(monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    monkeypatch.setattr(collecting, "MANY", many)
    with collection_paused():
        circle = _Circle()
        seen = weakref.ref(circle)
        del circle
    gc.collect()
    assert seen() is None


def test_objects_that_are_kept_out_stay_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "MANY", 0)
    gc.freeze()
    try:
        kept = gc.get_freeze_count()
        with collection_paused():
            made = [[] for _ in range(1000)]
        assert len(made) == 1000
        assert gc.get_freeze_count() >= kept - 1000  # some may have been let go
    finally:
        gc.unfreeze()
