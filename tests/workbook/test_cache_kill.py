"""Runs that are killed at any moment leave nothing in the cache that a later run would trust wrongly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_cache_property import made, seen
from test_cache_store import places

import sheetline as sl
from sheetline.workbook.cache import store as store_module
from sheetline.workbook.cache.store import Store

KILLS = 50
#: Loads everything once, then makes children by fork. One runs on and on with new formulas, so that at any moment
#: something is being written, until it is killed; the next one runs over what it left, and compares.
SCRIPT = """
import os, random, signal, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_cache_kill import workbook
from test_cache_property import seen

folder, kills = Path(sys.argv[2]), int(sys.argv[3])
cache = folder / "cache"
moments = random.Random(5)
for _ in range(2):  # the first time loads all that is needed
    began = time.monotonic()
    workbook(folder, -1).run(cache=folder / "warm", threads=1)
    once = time.monotonic() - began

def fork(work, *args):
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            work(*args)
            code = 0
        finally:
            os._exit(code)
    return pid

def run_on(number):
    while True:
        workbook(folder, number).run(cache=cache, threads=1, block_rows=1000)
        number += 1

def compare(number):
    for one in (number, number + 1):
        book = workbook(folder, one)
        assert seen(book.run(cache=cache, threads=1)) == seen(book.run(threads=1)), one

for kill in range(kills):
    pid = fork(run_on, kill // 2)
    time.sleep(once * moments.uniform(0, 3))
    os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code == -signal.SIGKILL, code
    code = os.waitstatus_to_exitcode(os.waitpid(fork(compare, kill // 2), 0)[1])
    assert code == 0, code
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork") or not hasattr(signal, "SIGKILL"), reason="the system can't do that"),
]


def workbook(folder: Path, number: int) -> sl.Workbook:
    """A workbook whose results differ with a number."""
    book = sl.Workbook("Killed").source("E", str(folder / "e.csv"))
    book = book.formulas("F", of="E", columns={"id": "#id", "y": f"#n * {number}", "z": f'CONCAT(#id;"-{number}")'})
    book = book.formulas("B", of="F", columns={"bad": f"{number} / (#id - 5)", "w": "#y + 1", "z": "#z"})
    return book.sort("S", of="B", by=[{"column": "w", "order": "desc"}])


def test_killed_runs(tmp_path: Path) -> None:
    rows = "\n".join(f"{number},{number * 7 % 1000}" for number in range(2_000))
    (tmp_path / "e.csv").write_text(f"id,n\n{rows}\n")
    cache = tmp_path / "cache"
    command = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), str(tmp_path), str(KILLS)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    store = Store(cache)
    named = [file for file in cache.glob("??/*") if not file.name.endswith(".tmp")]
    packs = places(cache)
    assert packs
    for file in named:  # all that has a name is whole
        if file in packs:
            assert store.columns(packs[file]).keys() == packs[file].keys()
        elif len(file.name) > 60:
            assert store.facts(file.parent.name + file.name) is not None
    # Whether a kill hits the moment of a write is chance; one such file at least is there to be removed.
    (named[0].parent / f".{named[0].name}.1-0.tmp").write_bytes(named[0].read_bytes()[:10])
    left = list(cache.rglob("*.tmp"))
    before = time.time() - store_module.LEFT_SECONDS - 60
    for file in left:
        os.utime(file, (before, before))
    book = workbook(tmp_path, 0)
    assert seen(book.run(cache=cache)) == seen(book.run())
    assert not any(made(book.run(cache=cache)).values())
    assert not list(cache.rglob("*.tmp"))
