"""How a replay compares: floats of another processor, rows, plain values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from replaying import prepare, record, replayed, rewritten

import sheetline as sl
from sheetline.functions.columns import Column
from sheetline.functions.types import FLOAT
from sheetline.workbook.record.causes import causes_of, differences
from sheetline.workbook.record.compare import TOLERANCE, differing_rows


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return prepare(tmp_path, monkeypatch)


def test_floats_of_another_processor(folder: Path) -> None:
    """Last bits differ there: kept floats are compared within 1e-9, what was not kept can't be."""
    exact = record()
    table = exact.table("Rows")
    root = table.columns["root"].data

    def on_another(by: float) -> sl.RunRecord:
        """The record as it would be if SQRT gave a little more, and Sums were not kept."""
        other = {**table.columns, "root": Column(FLOAT, root * (1 + by))}
        return replace(rewritten(exact, "Rows", other), features={**exact.features, "numpy": "OTHER"})

    done = replayed(on_another(1e-15))
    assert done.identical
    assert {one.name: one.status for one in done.comparisons["Rows"].columns}["root"] == "close"
    assert [one.kind for one in done.causes] == ["library version"]
    done = replayed(on_another(1e-6))
    assert done.place is not None
    assert done.place.column == "root"
    assert done.examples[0].column == "root"
    loose = on_another(1e-15)
    loose = replace(loose, sheets=tuple(replace(one, kept=None) if one.name == "Rows" else one for one in loose.sheets))
    done = replayed(loose)
    assert done.identical
    assert {one.name: one.status for one in done.comparisons["Rows"].columns}["root"] == "not comparable"
    (folder / "events.csv").write_text((folder / "events.csv").read_text().replace("12.50", "12.51"))
    done = replayed(loose)  # what has a cause of its own is no matter of processors
    assert done.cause is not None
    assert done.cause.kind == "source bytes"
    assert {one.name: one.status for one in done.comparisons["Rows"].columns}["root"] == "differs"


def test_differing_rows() -> None:
    one = Column(FLOAT, np.array([1.0, 2.0, np.nan, 4.0, np.nan]))
    other = Column(FLOAT, np.array([1.0, 2.0 + 1e-12, np.nan, np.nan, 5.0]))
    assert differing_rows(one, other).tolist() == [1, 3, 4]
    assert differing_rows(one, other, TOLERANCE).tolist() == [3, 4]
    assert differing_rows(one, one.slice(0, 3)).tolist() == [3, 4]
    assert differing_rows(Column.of(["a", None, "c"]), Column.of(["a", "b", None])).tolist() == [1, 2]
    assert differing_rows(Column.of([[1], [2]]), Column.of([[1], [3]])).tolist() == [1]


def test_differences_of_plain_values() -> None:
    assert list(differences({"a": 1}, {"a": 1})) == []
    assert list(differences({"a": 1, "b": 2}, {"a": 1, "c": 3})) == [(("b",), 2, None), (("c",), None, 3)]
    assert causes_of.__doc__
