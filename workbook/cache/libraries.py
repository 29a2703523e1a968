"""The versions of everything that results may depend on."""

from __future__ import annotations

from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Final
from zoneinfo import TZPATH

from sheetline.workbook.record.versions import features, versions

#: Packages that functions rest on, beside those that a record names; some of them are optional.
PACKAGES: Final = (
    "google-re2", "jellyfish", "lxml", "rapidfuzz", "regex", "scipy", "snowballstemmer", "tldextract", "tzdata",
    "ua-parser", "ua-parser-builtins",
)  # fmt: skip


@cache
def libraries() -> dict[str, str]:
    """Return the versions of Python, of the packages that functions rest on, of the time zones, and the processor's.

    >>> {"sheetline", "python", "numpy", "regex"} <= libraries().keys()
    True
    """
    found = {**versions(), **{f"{name} on": what for name, what in features().items()}}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # an optional one; the functions that need it give errors, which are not the same as its results
    return found | {"time zones": _zones()}


def _zones() -> str:
    """Return the version of the system's time zones."""
    for folder in TZPATH:
        try:
            with (Path(folder) / "tzdata.zi").open(encoding="utf-8") as lines:
                return lines.readline().strip()
        except OSError:
            continue
    return ""
