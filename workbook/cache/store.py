"""The folder of the cache: packs of columns, and files of plain values that tell what is known and where it lies.

A file appears whole or not at all (written under another name, then renamed). One of plain values is named by a key
and ends with a hash of that key and of what is before; a pack is checked column by column (see ``packs``). What was cut
off, changed or renamed is noticed, and its content is computed again. Runs that go on at the same time each write packs
of their own; of their plain values the last one's stay. Files that were unused for longest are removed when all
together take more than the cache may.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from xxhash import xxh3_128

from sheetline.functions.columns import Column
from sheetline.functions.types import Type
from sheetline.workbook.cache.packs import PackWriter, Place, pack_name, read
from sheetline.workbook.io.atomic import written

#: Bytes of all files together, where the caller says nothing else.
DEFAULT_SIZE: Final = 4 << 30
_MARK: Final = b"SLCACHE4"
_DIGEST: Final = 16
#: A file that is being written is touched more often than that; an older one was left by a run that was killed.
LEFT_SECONDS: Final = 3600


def default_folder() -> Path:
    """Return the folder of the cache: ``SHEETLINE_CACHE``, or the system's place for caches of this user."""
    named = os.environ.get("SHEETLINE_CACHE")
    if named:
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path("sheetline", appauthor=False)


@dataclass(slots=True)
class Store:
    """A folder of results.

    Attributes:
        folder: where the files are; made when it is first written to.
        size: bytes that all files may take together.
    """

    folder: Path
    size: int = DEFAULT_SIZE

    def path(self, name: str) -> Path:
        """Return the file of a key, or of a pack."""
        return self.folder / name[:2] / name[2:]

    # --- columns

    def columns(self, places: Mapping[str, Place]) -> dict[str, Column]:
        """Return the columns that lie at some places, but for those that do not any more, or are damaged."""
        packs: dict[str, dict[str, Place]] = {}
        for name, place in places.items():
            packs.setdefault(place["pack"], {})[name] = place
        found: dict[str, Column] = {}
        for pack, some in packs.items():
            path = self.path(pack)
            found |= read(path, some)
            _touch(path)
        return found

    def writer(self, types: Mapping[str, Type]) -> PackWriter:
        """Return what takes the columns of a sheet part by part."""
        name = pack_name()
        return PackWriter(self.path(name), name, types)

    # --- facts

    def facts(self, key: str) -> dict[str, Any] | None:
        """Return the plain values that are stored under a key, or None; a damaged file is removed."""
        path = self.path(key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        end = len(data) - _DIGEST - len(_MARK)
        if end < 0 or data[end:] != _digest(key, data[:end]) + _MARK:
            _remove(path)
            return None
        _touch(path)
        found = json.loads(data[:end])
        return found if isinstance(found, dict) else None

    def put_facts(self, key: str, facts: Mapping[str, Any]) -> None:
        """Store plain values."""
        data = json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()
        with written(self.path(key)) as temporary:
            temporary.write_bytes(data + _digest(key, data) + _MARK)

    # --- files

    def _files(self) -> Iterator[os.DirEntry[str]]:
        """Give all files, whatever happens to the folder meanwhile."""
        with suppress(OSError), os.scandir(self.folder) as folders:  # it went away, or is not to be read
            for folder in folders:
                if len(folder.name) == 2:
                    with suppress(OSError), os.scandir(folder.path) as files:
                        yield from files

    def tidy(self) -> None:
        """Remove what interrupted runs left, and the longest unused files beyond the cache's size."""
        import time

        found: list[tuple[float, int, str]] = []
        for file in self._files():
            try:
                facts = file.stat()
            except OSError:
                continue
            if file.name.endswith(".tmp"):
                if time.time() - facts.st_mtime > LEFT_SECONDS:
                    _remove(Path(file.path))
                continue
            found.append((facts.st_mtime, facts.st_size, file.path))
        spare = sum(size for _, size, _ in found) - self.size
        for _, size, path in sorted(found) if spare > 0 else ():
            if spare <= 0:
                break
            _remove(Path(path))
            spare -= size


def _touch(path: Path) -> None:
    """Say that a file is in use again."""
    with suppress(OSError):  # it went away, or the folder is only to be read
        os.utime(path)


def _remove(path: Path) -> None:
    with suppress(OSError):  # somebody else's file; it will be found damaged again
        path.unlink(missing_ok=True)


def _digest(key: str, data: bytes) -> bytes:
    """Return a hash of a file's content that knows its key: a file under another's name is not trusted."""
    hasher = xxh3_128(key.encode())
    hasher.update(data)
    return bytes(hasher.digest())
