"""Under what a run went: versions of the libraries, what the processor can do, the platform."""

from __future__ import annotations

import platform as machine
import sys
from functools import cache
from importlib import metadata
from typing import Any

import numpy as np
import pyarrow as pa


@cache
def versions() -> dict[str, str]:
    """Return the versions of what results may depend on.

    >>> list(versions())
    ['sheetline', 'python', 'numpy', 'pandas', 'pyarrow']
    """
    from sheetline import __version__

    found = {"sheetline": __version__, "python": machine.python_version()}
    # The versions are read from the packages' papers: nothing is imported for them.
    return found | {name: metadata.version(name) for name in ("numpy", "pandas", "pyarrow")}


@cache
def features() -> dict[str, str]:
    """Return which instructions of the processor the libraries use: other ones give other last bits of floats."""
    shown: Any = np.show_config(mode="dicts")
    simd = shown.get("SIMD Extensions", {}) if isinstance(shown, dict) else {}
    return {
        "numpy": " ".join([*simd.get("baseline", []), *simd.get("found", [])]),
        "pyarrow": str(pa.runtime_info().simd_level),
    }


def platform() -> str:
    """Return system, machine and C library."""
    library = " ".join(machine.libc_ver()) if sys.platform.startswith("linux") else ""
    return " ".join(word for word in (machine.system(), machine.machine(), library) if word.strip())
