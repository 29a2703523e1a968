"""Replays: identical for an untouched record, told as chapters, in whole or in part, and on other data."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from replaying import FRAMES, NOW, ROWS, events, expect, prepare, record, replayed, write_events

import sheetline as sl


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return prepare(tmp_path, monkeypatch)


def test_an_untouched_record_replays_identically_a_hundred_times(folder: Path) -> None:
    """Records of runs without a cache, with a cold and with a warm one; two numbers of threads; three block sizes."""
    cache = folder / "cache"
    records = {"none": record(), "cold": record(cache=cache), "warm": record(cache=cache)}
    assert len({one.id for one in records.values()}) == 1
    turns = list(product(records.values(), (1, 2), (3, 64, 131_072)))
    assert len(turns) == 18
    for number in range(100):
        found, threads, block_rows = turns[number % len(turns)]
        if number % 10 == 0:
            found.save("rec")
        done = sl.replay("rec" if number % 10 == 0 else found, sources=FRAMES, threads=threads, block_rows=block_rows)
        assert done.identical
        assert not done.failed
        assert not done.causes
        assert done.now is not None
        assert done.now == replace(found, outputs=())  # a replay writes nothing
        assert all(one.status == "identical" for sheet in done.comparisons.values() for one in sheet.columns)
    assert len(done.comparisons) == len(found.sheets) == 7


def test_the_runs_of_those_records_took_from_the_cache_what_they_could(folder: Path) -> None:
    cache = folder / "cache"
    cold, warm = (
        sl.Workbook.load("book.json").run(sources=FRAMES, record=True, now=NOW, cache=cache) for _ in range(2)
    )
    assert not any(sheet.cached for sheet in cold.report.sheets)
    assert sum(len(sheet.cached) for sheet in warm.report.sheets) > 10
    assert cold.record.id == warm.record.id
    assert sl.replay(warm.record, sources=FRAMES).now == replace(warm.record, outputs=())


def test_chapters_tell_the_story(folder: Path) -> None:
    done = replayed(record(), head=2)
    assert [one.sheet for one in done.chapters] == ["Events", "Kinds", "Big", "Joined", "Rows", "Sums", "Sorted"]
    source, _, big, joined, rows, *_ = done.chapters
    assert source.description == "What came in."
    assert source.does["from"] == 'events.csv (csv, nulls ["", "u1"])'
    assert source.does["columns"] == "amount (type float), at (type date, pattern yyyy-MM-dd HH:mm:ss)"
    assert big.formulas == {"where": "#amount > $least"}
    assert (big.rows_in, big.rows_out) == ({"Events": 30}, 25)
    assert joined.rows_in == {"Big": 25, "Kinds": 5}
    assert rows.formulas["double"] == "#amount * 2"
    assert rows.head.columns["double"].to_list() == [12.5, 15.0]
    assert all(one.comparison is not None and one.comparison.identical for one in done.chapters)
    assert json.loads(json.dumps(done.to_json()))["identical"] is True
    assert done["Sums"].table.rows == 4


def test_without_a_check_nothing_is_compared(folder: Path) -> None:
    done = replayed(record(), check=False)
    assert done.comparisons == {}
    assert done.chapters[0].comparison is None
    assert done.identical


def test_one_sheet_and_what_it_is_made_of(folder: Path) -> None:
    found = record()
    done = replayed(found, sheet="Big")
    assert [one.sheet for one in done.chapters] == ["Events", "Big"]
    assert done.identical
    assert [one.name for one in done.comparisons["Big"].columns] == [one.name for one in found.sheet("Big").columns]
    with pytest.raises(sl.WorkbookError, match="did you mean 'Sums'"):
        replayed(found, sheet="Sum")
    with pytest.raises(sl.WorkbookError, match="did you mean 'Sums'"):
        replayed(found, from_sheet="Sum")


def test_from_a_sheet_on(folder: Path) -> None:
    found = record()
    done = replayed(found, from_sheet="Sums")
    assert [one.sheet for one in done.chapters] == ["Sums", "Sorted"]
    assert {"Events", "Big", "Joined"} <= set(done.comparisons)  # computed, since they were not kept
    assert done.identical
    done = sl.replay(found, from_sheet="Sorted")  # what it is made of was kept: no source is needed
    assert [(one.sheet, one.from_record) for one in done.chapters] == [("Sorted", False)]
    assert set(done.comparisons) == {"Sorted"}
    (folder / "events.csv").unlink()
    assert sl.replay(found, from_sheet="Sorted").identical
    assert sl.replay(found, from_sheet="Sorted", sheet="Sorted").identical


def test_a_frame_that_was_not_kept_must_be_given_again(folder: Path) -> None:
    book = sl.Workbook("W").source("E", type="frame").formulas("F", of="E", columns={"y": "#x * 2"})
    found = book.run(sources={"E": {"x": [1, 2], "other": [1, 1]}}, record=True).record
    done = sl.replay(found)
    assert done.missing
    assert done.cause is not None
    assert "it was a frame, which no record holds: give it again" in done.cause.words
    assert sl.replay(found, sources={"E": {"x": [1, 2]}}).identical
    kept = (
        sl.Workbook("W").source("E", type="frame", keep=True).formulas("F", of="E", columns={"y": "#x * 2"}, keep=True)
    )
    done = sl.replay(kept.run(sources={"E": {"x": [1, 2]}}, record=True).record)
    assert done.identical
    assert [one.from_record for one in done.chapters] == [True, False]


def test_other_data(folder: Path) -> None:
    found = record()
    write_events(folder, events()[:20], "fewer.csv")
    done = replayed(found, sources={"Events": "fewer.csv"})
    expect(done, "source bytes", "Events", "user", "the bytes of fewer.csv have changed, 9")
    assert done.altered
    assert not done.failed
    assert done.chapters[0].rows_out == 20
    assert done.comparisons["Events"].rows_then == ROWS


def test_a_record_of_a_run_on_another_file(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    write_events(folder, events()[:12], "given.csv")
    run = sl.Workbook.load("book.json").run(sources={**FRAMES, "Events": "given.csv"}, record="rec", now=NOW)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(elsewhere)
        assert replayed(run.record).identical
        assert sl.replay(folder / "rec", sources=FRAMES).identical
