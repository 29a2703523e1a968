"""Files that appear whole or not at all: written under another name beside their place, then renamed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sheetline.workbook.io.faults import unreachable


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """Give a temporary name beside ``path``; afterwards the file there replaces ``path`` in one step.

    Missing folders are made. After a failure nothing is left behind and an older file is as it was.

    Raises:
        SourceError: the folder or the file cannot be written.
    """
    try:
        place = Path(os.path.realpath(path))  # what a link points to is replaced, not the link
        if place.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise unreachable(path, fault, "write") from None
    temporary = place.with_name(f".{place.name[:60]}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    there = True
    try:
        yield temporary
        os.replace(temporary, place)  # noqa: PTH105 - the one step that must be atomic
        there = False
    except OSError as fault:
        raise unreachable(path, fault, "write") from None
    finally:
        if there:
            temporary.unlink(missing_ok=True)
