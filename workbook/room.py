"""The memory that a run may take: what is free, and refusing with numbers before it is gone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from sheetline.formulas.diagnostics import SheetlineError
from sheetline.functions.types import Kind, Type

#: Steps that need less are not looked at.
SMALL: Final = 64 << 20
#: Bytes of a text value where nobody knows better: its place, and some letters.
TEXT_BYTES: Final = 20.0
_UNITS: Final = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_SIZE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?\s*", re.IGNORECASE)


class MemoryLimitError(SheetlineError, MemoryError):
    """A run would need more memory than it may take, or than there is. It was stopped before it tried.

    Attributes:
        needed: bytes that the run, or its next step, needs at least.
        free: bytes that it may take.
    """

    def __init__(self, message: str, needed: int, free: int) -> None:
        super().__init__(message)
        self.needed = needed
        self.free = free


def width(type_: Type, text: float = TEXT_BYTES) -> float:
    """Return about how many bytes a value of a type takes; ``text``: a text.

    >>> from sheetline.functions.types import BOOLEAN, FLOAT
    >>> width(FLOAT), width(BOOLEAN)
    (8.0, 1.0)
    """
    if type_.kind in (Kind.BOOLEAN, Kind.NULL):
        return 1.0
    if type_.kind in (Kind.INTEGER, Kind.FLOAT, Kind.DATE):
        return 8.0
    if type_.kind is Kind.LIST:
        return 8.0 + 4 * width(type_.item, text) if type_.item is not None else 8.0
    if type_.kind is Kind.PAIR:
        return sum(width(item, text) for item in type_.items)
    return 56.0 if type_.is_big else text


def size_text(size: float) -> str:
    """Return a number of bytes as people read it.

    >>> size_text(1_500_000), size_text(6_100_000_000), size_text(12)
    ('1.5 MB', '6.1 GB', '12 bytes')
    """
    for unit, factor in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size:.0f} bytes"


def parse_size(text: str) -> int:
    """Return the bytes of a size such as "6GB", "512 MiB" or "1000000".

    Raises:
        ValueError: it is none.

    >>> parse_size("1.5GB"), parse_size("2 MiB"), parse_size("7")
    (1500000000, 2097152, 7)
    """
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text}' is no size of memory: write it as 6GB, 512MiB or a number of bytes")
    number, unit, binary = found.groups()
    exponent = "kmgt".index(unit.lower()) + 1 if unit else 0
    return int(float(number) * (1024**exponent if binary else _UNITS[unit.lower()]))


def free_memory() -> int:
    """Return the bytes that this process can still take: what the machine has free, or its control group allows."""
    import psutil

    free = int(psutil.virtual_memory().available)
    own = _group_limit()
    return free if own is None else min(free, own)


def _group_limit() -> int | None:
    """Return what the control group (Linux, version 2) still allows, without what it can give back."""
    folder = Path("/sys/fs/cgroup")
    try:
        limit = (folder / "memory.max").read_text().strip()
        if limit == "max":
            return None
        used = int((folder / "memory.current").read_text())
        facts = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return int(limit) - used + int(facts.get("inactive_file", 0))
    except (OSError, ValueError):
        return None


class Guard:
    """Stops a run before a step for which there is no memory.

    Args:
        limit: bytes that the run may take; None for what is free.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self._before = _own() if limit is not None else 0

    def free(self) -> int:
        """Return the bytes that the run may still take."""
        free = free_memory()
        return free if self.limit is None else min(free, self.limit - max(_own() - self._before, 0))

    def expect(self, sheet: str, rows: int, types: Iterable[Type], work: float = 0.0) -> None:
        """Hear of a sheet that is about to be made; ``work``: bytes that making it takes beside its columns.

        Raises:
            MemoryLimitError: there is no memory for it.
        """
        listed = list(types)
        needed = int(rows * sum(width(type_) for type_ in listed) + work)
        if needed < SMALL and self.limit is None:
            return
        free = self.free()
        if needed > free:
            raise MemoryLimitError(
                f"sheet '{sheet}' needs about {size_text(needed)} for {rows:,} rows of {len(listed)} columns, "
                f"but {size_text(max(free, 0))} of memory {'may still be taken' if self.limit else 'are free'}: "
                "use fewer columns or rows (filters, --sample), or allow more",
                needed,
                free,
            )


def _own() -> int:
    import psutil

    return int(psutil.Process().memory_info().rss)
