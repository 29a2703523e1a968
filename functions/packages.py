"""Whether installed packages may bring something, told in a tenth of the time that loading the standard library's
reader of their metadata takes."""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from pathlib import Path


def may_bring(group: str) -> bool:
    """Whether some package may have entry points of a group; False is certain.

    >>> may_bring("console_scripts"), may_bring("sheetline.nothing")
    (True, False)
    """
    if any(finder is not PathFinder and hasattr(finder, "find_distributions") for finder in sys.meta_path):
        return True  # packages that are in no folder
    return any(_in_folder(place or ".", group.encode()) for place in sys.path)


def _in_folder(folder: str, group: bytes) -> bool:
    if folder.lower().endswith(".egg"):
        return True
    try:
        with os.scandir(folder) as entries:
            found = [entry.path for entry in entries if entry.name.lower().endswith((".dist-info", ".egg-info"))]
    except NotADirectoryError:
        return True  # an archive
    except OSError:
        return False
    return any(_names(Path(place, "entry_points.txt"), group) for place in found)


def _names(file: Path, group: bytes) -> bool:
    try:
        return group in file.read_bytes()
    except OSError:  # it has no entry points, or is a file itself
        return False
