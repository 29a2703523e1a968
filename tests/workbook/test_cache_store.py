"""Whatever happens to the folder of the cache, results are right and the run goes on."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_cache_property import exact, made, seen

import sheetline as sl
from sheetline.functions.columns import Column
from sheetline.workbook.cache import packs as packs_module
from sheetline.workbook.cache import store as store_module
from sheetline.workbook.cache.packs import Place
from sheetline.workbook.cache.store import Store, default_folder

CSV = "id,n,word\n1,10,b\n2,,a\n3,30,b\n4,x,c\n"
WORKBOOK = {
    "format": "sheetline/1",
    "name": "W",
    "sheets": [
        {
            "name": "E",
            "kind": "source",
            "from": {"type": "csv", "path": "e.csv"},
            "columns": [{"name": "n", "type": "integer"}],
        },
        {"name": "F", "kind": "formulas", "of": "E", "columns": {"m": "#n * 2", "w": "UPPER(#word)", "l": "[#id;#n]"}},
        {"name": "S", "kind": "filter", "of": "F", "where": "INT(#w) > 1 || #m > 0"},
        {"name": "T", "kind": "sort", "of": "F", "by": [{"column": "w"}]},
    ],
}


@pytest.fixture
def book(tmp_path: Path) -> sl.Workbook:
    (tmp_path / "e.csv").write_text(CSV)
    (tmp_path / "w.json").write_text(json.dumps(WORKBOOK))
    return sl.Workbook.load(tmp_path / "w.json")


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("??/*"))


def places(folder: Path) -> dict[Path, dict[str, Place]]:
    """Where columns lie, as the files of plain values tell it: by pack, and by key."""
    store, found = Store(folder), dict[Path, dict[str, Place]]()
    for file in files(folder):
        facts = {} if len(file.name) < 60 else store.facts(file.parent.name + file.name) or {}
        for key, entry in facts.get("columns", {}).items():
            if "at" in entry:
                found.setdefault(store.path(entry["at"]["pack"]), {})[key] = entry["at"]
    return found


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "first byte": lambda data: flipped(data, 0),
    "middle byte": lambda data: flipped(data, len(data) // 2),
    "byte of the hash": lambda data: flipped(data, len(data) - 20),
    "last byte": lambda data: flipped(data, len(data) - 1),
    "cut": lambda data: data[: len(data) // 2],
    "one byte short": lambda data: data[:-1],
    "one byte more": lambda data: data + b"1",
    "empty": lambda data: b"",
    "zeros": lambda data: bytes(len(data)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damaged_file_is_noticed(book: sl.Workbook, tmp_path: Path, damage: str) -> None:
    cache = tmp_path / "cache"
    plain = seen(book.run())
    book.run(cache=cache)
    every, packs = files(cache), places(cache)
    assert len(every) == 9
    assert len(packs) == 4
    for file in every:
        before = file.read_bytes()
        after = DAMAGES[damage](before)
        file.write_bytes(after)
        run = book.run(cache=cache)
        assert seen(run) == plain, (file, damage)
        some = packs.get(file, {})
        assert len(Store(cache).columns(some)) < len(some) or not some or damage == "one byte more"
        if not some:
            assert file.read_bytes() != after  # written anew
        again = book.run(cache=cache)
        assert seen(again) == plain
        assert not [name for name, columns in made(again).items() if columns]
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(before)


def test_every_byte_counts(tmp_path: Path) -> None:
    store = Store(tmp_path)
    columns = {"n": Column.of([1, None, 3]), "t": Column.of(["a", None, "ü"])}
    writer = store.writer({name: column.type for name, column in columns.items()})
    writer.add(columns)
    found = writer.finish()
    assert {name: exact(column) for name, column in store.columns(found).items()} == {
        name: exact(column) for name, column in columns.items()
    }
    data = writer.path.read_bytes()
    for place in range(len(data)):
        writer.path.write_bytes(flipped(data, place))
        assert len(store.columns(found)) == 1, place  # the other one is whole
    facts = {"rows": 3, "columns": {}}
    store.put_facts("ab" * 32, facts)
    assert store.facts("ab" * 32) == facts
    data = store.path("ab" * 32).read_bytes()
    for place in range(len(data)):
        store.path("ab" * 32).write_bytes(flipped(data, place))
        assert store.facts("ab" * 32) is None, place
        assert not store.path("ab" * 32).exists()


def test_a_file_of_another_key_is_not_trusted(book: sl.Workbook, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    plain = seen(book.run())
    book.run(cache=cache)
    every = files(cache)
    contents = [file.read_bytes() for file in every]
    for by in (1, 7):
        for file, data in zip(every, [*contents[by:], *contents[:by]], strict=True):
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(data)
        assert seen(book.run(cache=cache)) == plain
        assert seen(book.run(cache=cache)) == plain


def test_a_file_in_place_of_the_folder(book: sl.Workbook, tmp_path: Path) -> None:
    plain = seen(book.run())
    (tmp_path / "cache").write_text("not a folder")
    assert seen(book.run(cache=tmp_path / "cache")) == plain
    assert (tmp_path / "cache").read_text() == "not a folder"
    cache = tmp_path / "other"
    cache.mkdir()
    for number in range(256):
        (cache / f"{number:02x}").write_text("")
    assert seen(book.run(cache=cache)) == plain


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("after", [0, 1, 4, 8])
def test_a_full_disk(
    book: sl.Workbook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: int, after: int
) -> None:
    """Writing fails at some moment, and from then on."""
    plain = seen(book.run())
    cache, count, usual = tmp_path / "cache", 0, Path.open

    def failing(self: Path, *args: Any, **options: Any) -> Any:
        nonlocal count
        mode = args[0] if args else options.get("mode", "r")
        if cache in self.parents and mode[0] in "wax":
            count += 1
            if count > after:
                raise OSError(fault, os.strerror(fault))
        return usual(self, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", failing)
        assert seen(book.run(cache=cache)) == plain
    assert count > after
    assert not list(cache.glob("??/*.tmp"))
    run = book.run(cache=cache)
    assert seen(run) == plain
    assert not [name for name, columns in made(book.run(cache=cache)).items() if columns]


def test_a_disk_that_is_full_in_the_middle_of_a_file(
    book: sl.Workbook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"

    def failing(self: Any, data: Any) -> None:
        self.file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(packs_module._Out, "write", failing)
        assert seen(book.run(cache=cache)) == seen(book.run())
    assert not [file for file in cache.rglob("*") if file.name.endswith(".tmp")]
    assert seen(book.run(cache=cache)) == seen(book.run())


def test_the_folder_goes_away_while_a_run_goes_on(book: sl.Workbook, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    plain = seen(book.run())
    for turn in ("E", "F", "S", "T", "E"):

        def remove(sheet: str, number: int, count: int, turn: str = turn) -> None:
            if sheet == turn:
                shutil.rmtree(cache, ignore_errors=True)

        assert seen(book.run(cache=cache, progress=remove, sheets=None)) == plain
        assert seen(book.run(cache=cache)) == plain


def test_a_run_that_fails_leaves_nothing_half_written(book: sl.Workbook, tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def stop(sheet: str, number: int, count: int) -> None:
        if sheet == "T":
            raise StopError

    with pytest.raises(StopError):
        book.run(cache=tmp_path / "cache", progress=stop)
    assert not list((tmp_path / "cache").rglob("*.tmp"))
    run = book.run(cache=tmp_path / "cache")
    assert not made(run)["F"]
    assert made(run)["T"]


def test_leftovers_are_removed_later(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = tmp_path / "ab"
    folder.mkdir()
    old, new = folder / ".cdef.1-2.tmp", folder / ".cdef.3-4.tmp"
    for file in (old, new):
        file.write_bytes(b"half")
    before = time.time() - store_module.LEFT_SECONDS - 60
    os.utime(old, (before, before))
    store.tidy()
    assert not old.exists()
    assert new.exists()  # another run may be writing it


def test_the_longest_unused_go_first(tmp_path: Path) -> None:
    store = Store(tmp_path, 100_000)
    column = Column.of(list(range(2_000)))  # 16 kB each
    packs = []
    for age in range(10):
        writer = store.writer({"c": column.type})
        writer.add({"c": column})
        packs.append((writer.path, writer.finish()))
        moment = time.time() - 1000 + age
        os.utime(writer.path, (moment, moment))
    assert store.columns(packs[0][1])  # used just now
    store.tidy()
    left = [place for place, (path, _) in enumerate(packs) if path.exists()]
    assert sum(packs[place][0].stat().st_size for place in left) <= 100_000
    assert left == [0, *range(11 - len(left), 10)]
    assert len(left) >= 5


def test_a_small_cache_is_still_right(book: sl.Workbook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sheetline.workbook import cache

    for size in (0, 1_000, 5_000):
        monkeypatch.setattr(cache, "opened", lambda given, size=size: Store(Path(given), size) if given else None)
        for _ in range(3):
            assert seen(book.run(cache=tmp_path / "cache")) == seen(book.run())
            assert sum(file.stat().st_size for file in files(tmp_path / "cache")) <= size


def test_the_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHEETLINE_CACHE", str(tmp_path))
    assert default_folder() == tmp_path
    monkeypatch.delenv("SHEETLINE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "mine"))
    if sys.platform == "linux":
        assert default_folder() == tmp_path / "mine" / "sheetline"


SCRIPT = """
import sys
import sheetline as sl
book = sl.Workbook.load(sys.argv[1])
for turn in range(4):
    run = book.run(cache=sys.argv[2])
    plain = book.run()
    for name in plain:
        for column, values in plain[name].table.columns.items():
            assert repr(run[name].table.columns[column].to_list()) == repr(values.to_list()), (name, column)
"""


def test_two_processes_share_a_folder(book: sl.Workbook, tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "w.json"), str(tmp_path / "cache")]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for one in both:
        _, said = one.communicate(timeout=60)
        assert one.returncode == 0, said
    assert not list((tmp_path / "cache").rglob("*.tmp"))
    run = book.run(cache=tmp_path / "cache")
    assert not [name for name, columns in made(run).items() if columns]
