"""A column that is made again and comes out as it was: nothing that is made from it is made again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_cache import why, work
from test_cache_property import OPTIONS, seen

import sheetline as sl
from sheetline.functions.columns import Column
from sheetline.workbook.cache import store as store_module
from sheetline.workbook.cache.packs import PackWriter, equal
from sheetline.workbook.run import Run

ROWS = 40


def book(folder: Path, *, flag: str = "#n > 5", rate: str = "#n * 2", over: str = "csv") -> sl.Workbook:
    """Rows with a flag and a rate, a filter by the flag, groups, a sort, and a sheet that looks all up."""
    path = folder / "e.csv"
    if not path.exists():
        path.write_text("id,n,k\n" + "\n".join(f"{i},{i % 11},{'abc'[i % 3]}" for i in range(ROWS)))
    made = sl.Workbook("Early").source("E", str(path), columns={"id": "integer", "n": "integer", "k": "string"})
    made = made.formulas("F", of="E", columns={"id": "#id", "k": "#k", "rate": rate, "flag": flag, "n": "#n"})
    made = made.filter("Some", of="F", where="#flag", keep=True)
    groups = {"k": "GROUPBY(#Some!k)", "sum": "GROUPSUM(#Some!rate)", "count": "GROUPCOUNT()"}
    made = made.formulas("G", of="Some", columns=groups)
    made = made.sort("Top", of="G", by=[{"column": "sum", "order": "desc"}], keep=True)
    return made.formulas("L", of="F", columns={"best": "LOOKUP(#k;#G!k;#G!count)", "id": "#id"}, keep=True)


def checked(made: sl.Workbook, folder: Path, **options: Any) -> Run:
    run = made.run(cache=folder / "cache", **options)
    assert seen(run) == seen(made.run())
    return run


@pytest.mark.parametrize("options", OPTIONS)
def test_a_flag_that_comes_out_as_it_was(tmp_path: Path, options: dict[str, Any]) -> None:
    checked(book(tmp_path), tmp_path, **options)
    run = checked(book(tmp_path, flag="#n >= 6"), tmp_path, **options)
    assert work(run) == {"F": {"flag"}}
    assert why(run)["F"] == "its formula changed; flag came out as before"
    assert why(run)["Some"] == "taken from the cache: F.flag came out as before"
    assert why(run)["Top"] == "taken from the cache"
    again = checked(book(tmp_path, flag="#n >= 6"), tmp_path, **options)
    assert work(again) == {}
    assert set(why(again).values()) == {"taken from the cache"}
    run = checked(book(tmp_path, flag="#n >= 7"), tmp_path, **options)
    assert set(work(run)) == {"F", "Some", "G", "Top", "L"}
    run = checked(book(tmp_path, flag="#n >= 6"), tmp_path, **options)
    assert work(run) == {}


def test_what_differs_is_made_and_no_more(tmp_path: Path) -> None:
    checked(book(tmp_path), tmp_path)
    run = checked(book(tmp_path, flag="#n >= 6", rate="#n * 3"), tmp_path)
    assert work(run) == {"F": {"flag", "rate"}, "Some": {"rate"}, "G": {"sum"}, "Top": {"k", "sum", "count"}}
    assert why(run)["F"] == "its formula changed; flag came out as before"
    assert why(run)["G"] == "Some.rate changed"


def test_a_chain_of_changes_that_stand_for_one_another(tmp_path: Path) -> None:
    """The third is as the second, which is as the first: all stand for the first, in any order of runs."""
    flags = ["#n > 5", "#n >= 6", "!(#n < 6)", "#n + 1 > 6"]
    for flag in flags:
        run = checked(book(tmp_path, flag=flag), tmp_path)
    assert work(run) == {"F": {"flag"}}
    for flag in reversed(flags):
        assert work(checked(book(tmp_path, flag=flag), tmp_path)) == {}


def test_one_part_of_a_workbook_at_a_time(tmp_path: Path) -> None:
    """Whatever sheets a run is for, the next one finds all that it made."""
    checked(book(tmp_path), tmp_path)
    for sheets in (["F"], ["Some"], ["Top", "L"], ["L"]):
        changed = book(tmp_path, flag="#n >= 6")
        for _ in range(2):
            run = changed.run(cache=tmp_path / "cache", sheets=sheets)
            assert seen(run) == seen(changed.run(sheets=sheets))
        assert work(run) == {}


def test_with_a_record(tmp_path: Path) -> None:
    checked(book(tmp_path), tmp_path)
    changed, asked = book(tmp_path, flag="#n >= 6"), {"record": True, "now": "2024-05-01"}
    run = changed.run(cache=tmp_path / "cache", **asked)
    assert run.record.id == changed.run(**asked).record.id
    assert work(run) == {"F": {"flag"}}


def test_frames_are_read_once_more_at_most(tmp_path: Path) -> None:
    """Of sources that are not stored what was read early is held for the sheets behind."""
    frame = {"x": np.arange(30.0), "y": np.arange(30) % 4}

    def changed(flag: str) -> sl.Workbook:
        made = sl.Workbook("Frames").source("E", type="frame").formulas("A", of="E", columns={"f": flag, "y": "#y"})
        made = made.formulas("B", of="E", columns={"z": "#x + LOOKUP(#y;#A!y;#A!f)"})
        return made.filter("C", of="B", where="#z > 3", keep=True)

    for flag in ("IF(#y > 1;1;2)", "IF(#y >= 2;1;2)", "IF(#y >= 3;1;2)"):
        run = changed(flag).run(cache=tmp_path / "cache", sources={"E": frame})
        assert seen(run) == seen(changed(flag).run(sources={"E": frame}))
        if "2;" in flag:
            assert {name: columns for name, columns in work(run).items() if name != "E"} == {"A": {"f"}}


def test_a_folder_that_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can't be stored is not made early over and over."""
    checked(book(tmp_path), tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(PackWriter, "finish", lambda self: self.give_up() or {})
        told: list[str] = []
        changed = book(tmp_path, flag="#n >= 6", rate="#n * 5")
        run = changed.run(cache=tmp_path / "cache", progress=lambda sheet, number, count: told.append(sheet))
        assert seen(run) == seen(changed.run())
        assert told.count("F") <= 2
    assert checked(changed, tmp_path)


def test_what_the_other_one_left_is_damaged(tmp_path: Path) -> None:
    """A column stands for another one whose values are gone, or were changed: they are made again."""
    checked(book(tmp_path), tmp_path)
    checked(book(tmp_path, flag="#n >= 6"), tmp_path)
    store = store_module.Store(tmp_path / "cache")
    packs = [file for file in (tmp_path / "cache").glob("??/*") if len(file.name) == 30]
    for number, pack in enumerate(packs):
        before = pack.read_bytes()
        for after in (b"", bytes(len(before))):
            pack.write_bytes(after)
            checked(book(tmp_path, flag="#n >= 6", rate=f"#n * {number}"), tmp_path)
            pack.write_bytes(after)
            checked(book(tmp_path), tmp_path)
        pack.write_bytes(before)
    store.tidy()
    checked(book(tmp_path), tmp_path)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([0.0, 1.0], [-0.0, 1.0]),
        ([1, 2], [1, None]),
        ([1, None], [1, 0]),
        ([1, 2], [1.0, 2.0]),
        (["a", None], ["a", ""]),
        (["a", "b"], ["ab", ""]),
        ([[0.0], None], [[-0.0], None]),
        ([["a"], ["b"]], [["a", "b"], []]),
        ([10**30], [10**30 + 1]),
        ([True, None], [True, False]),
        ([1, 2], [1, 2, 3]),
    ],
)
def test_columns_that_differ(one: list[Any], other: list[Any]) -> None:
    first, second = Column.of(one), Column.of(other)
    assert equal(first, Column.of(one))
    assert not equal(first, second)
    assert not equal(second, first)


def test_what_stands_in_the_slots_of_nulls_is_no_content() -> None:
    kind, null = Column.of([1]).type, np.array([False, True])
    assert equal(Column(kind, np.array([1, 2]), null), Column(kind, np.array([1, 3]), null))


def test_errors_are_content() -> None:
    made = sl.Workbook("W").source("E", type="frame").formulas("F", of="E", columns={"n": "INT(#x)"})
    columns = [made.run(sources={"E": {"x": ["1", text, "3"]}})["F"].table.columns["n"] for text in ("a", "a", "b")]
    assert columns[0].errors is not None
    assert equal(columns[0], columns[1])
    assert not equal(columns[0], columns[2])  # its message quotes another text


CHOICES: dict[str, list[str]] = {
    "flag": ["#n > 5", "#n >= 6", "!(#n < 6)", "#n > 4", "#n / 0 > 1", "INT(#k) > 3", "#id > 7"],
    "rate": ["#n * 2", "#n + #n", "#n * 2.0", "1 / (#n - 5)", "1 / (#n - 5) + 0", "#n"],
}


def deep(folder: Path, chosen: dict[str, str]) -> sl.Workbook:
    """A workbook with sheets of the same rows, and with sheets that read one another across."""
    made = book(folder, **chosen)
    made = made.formulas("Same", of="E", columns={"flag": chosen["flag"], "two": "IF(#flag;2;1)"})
    made = made.formulas("H", of="F", columns={"sure": "IFERROR(#flag;false)", "c": "LOOKUP(#id;#Same!two;#Same!two)"})
    made = made.filter("Few", of="H", where="#sure")
    return made.formulas("Sums", of="Few", columns={"c": "GROUPBY(#Few!c)", "count": "GROUPCOUNT()"}, keep=True)


@pytest.mark.parametrize("seed", range(2))
def test_no_order_of_changes_shows(tmp_path: Path, seed: int) -> None:
    """Any formulas in any order, also where files of the cache went away: the same results, and nothing made twice."""
    rng = np.random.default_rng(seed)
    same = 0
    for turn in range(20):
        chosen = {name: some[int(rng.integers(len(some)))] for name, some in CHOICES.items()}
        made = deep(tmp_path, chosen)
        options = OPTIONS[turn % len(OPTIONS)]
        run = checked(made, tmp_path, **options)
        same += sum("came out as before" in text for text in why(run).values())
        again = checked(made, tmp_path, **options)
        assert work(again) == {}, (chosen, why(again))
        if turn % 6 == 5:
            files = sorted((tmp_path / "cache").glob("??/*"))
            for place in rng.permutation(len(files))[: len(files) // 4]:
                files[place].unlink()
    assert same > 3
