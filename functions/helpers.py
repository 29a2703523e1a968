"""The threads of the process that help whoever has work for more than one."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

#: They stay, since to start a thread costs more than many a formula.
_POOL: list[ThreadPoolExecutor] = []
_MOST = 64

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_POOL.clear)  # a child process has none of its parent's threads


def _pool() -> ThreadPoolExecutor:
    if not _POOL:
        _POOL.append(ThreadPoolExecutor(_MOST, thread_name_prefix="sheetline-helper"))
    return _POOL[0]


def side_by_side(work: Callable[[T], R], items: Iterable[T], threads: int) -> list[R]:
    """Return ``work`` of every item, in order.

    The caller works too, and helpers as soon as they have time: nobody waits for work that nobody has begun, so work
    may give work to others in its turn. Of several failures the one of the first item is raised, whoever met it.

    >>> side_by_side(abs, [-1, 2, -3], 2)
    [1, 2, 3]
    """
    listed = list(items)
    if threads == 1 or len(listed) < 2:
        return [work(item) for item in listed]
    waiting = deque(range(len(listed)))
    done: dict[int, R] = {}
    failed: dict[int, BaseException] = {}

    def some() -> None:
        while waiting:
            try:
                place = waiting.popleft()
            except IndexError:  # another thread was quicker
                return
            try:
                done[place] = work(listed[place])
            except BaseException as fault:  # noqa: BLE001 - raised below, when those before it are through
                failed[place] = fault
                waiting.clear()

    helpers = [_pool().submit(some) for _ in range(min(threads, len(listed)) - 1)]
    some()
    wait([helper for helper in helpers if not helper.cancel()])
    if failed:
        raise failed[min(failed)]
    return [done[place] for place in range(len(listed))]
