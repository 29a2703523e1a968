"""Progress of a run on stderr: a bar on a terminal, plain lines elsewhere, nothing where nobody wants it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Step = Callable[[str, int, int], None]
"""Called before each step with its name, its number from 0, and how many there are."""


@contextmanager
def progress(*, quiet: bool) -> Iterator[Step | None]:
    """Give what a run calls before each sheet; the bar is gone afterwards."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bar() as step:
            yield step
    else:
        yield _line


def _line(name: str, number: int, count: int) -> None:
    width = len(str(count))
    print(f"[{number + 1:>{width}}/{count}] {name}", file=sys.stderr, flush=True)


@contextmanager
def _bar() -> Iterator[Step]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("looking at the sources", total=None)

        def step(name: str, number: int, count: int) -> None:
            bar.update(task, description=escape(name), completed=number, total=count)

        yield step
