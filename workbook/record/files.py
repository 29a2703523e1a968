"""Records on disk: ``record.json``, and beside it ``objects/`` with the rows of kept sheets.

The objects are written first, each under the hash of its bytes, then ``record.json``: a record is there when its
``record.json`` is, whole, and whoever is interrupted leaves the record that was there before. ``record.json`` says a
hash of each of its parts, and is written in one form only, so that a single changed byte is noticed.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from sheetline.workbook.io.atomic import written
from sheetline.workbook.io.faults import unreachable
from sheetline.workbook.record.definitions import hash_json
from sheetline.workbook.record.faults import RecordError, damaged
from sheetline.workbook.record.hashing import hash_bytes
from sheetline.workbook.record.model import (
    FORMAT,
    Circumstances,
    OutputRecord,
    RunRecord,
    SheetRecord,
    SourceRecord,
)
from sheetline.workbook.record.objects import SUFFIX, Objects

NAME: Final = "record.json"
FOLDER: Final = "objects"
#: Files that nobody needs any more are removed when they are older than this, in seconds: younger ones may
#: belong to a run that is still writing.
_STALE: Final = 3600.0
_MALFORMED: Final = (KeyError, TypeError, ValueError, AttributeError)


def sections(record: RunRecord) -> dict[str, Any]:
    """Return the parts of a record as plain values; all but "circumstances" are its content."""
    return {
        "workbook": record.workbook.removesuffix("\n").split("\n"),
        "run": {
            "parameters": {name: dict(value) for name, value in record.parameters.items()},
            "given": dict(record.given),
            "timezone": record.timezone,
            "now": record.now,
            "seed": record.seed,
            "sample": record.sample,
            "sheets": None if record.wanted is None else list(record.wanted),
        },
        "versions": {
            "libraries": dict(record.versions),
            "features": dict(record.features),
            "platform": record.platform,
        },
        "sources": [_without(asdict(one), "place") for one in record.sources],
        "sheets": [one.to_json() for one in record.sheets],
        "outputs": [_without(asdict(one), "place") for one in record.outputs],
        "circumstances": {
            **asdict(record.circumstances),
            "sheets": {one.name: one.seconds for one in record.sheets},
            "sources": {one.sheet: one.place for one in record.sources},
            "outputs": [one.place for one in record.outputs],
        },
    }


def document(record: RunRecord) -> dict[str, Any]:
    """Return ``record.json`` as plain values."""
    parts = sections(record)
    return {
        "format": FORMAT,
        "id": record.id,
        "checks": {name: hash_json(value) for name, value in parts.items()},
        **parts,
    }


def _without(value: dict[str, Any], key: str) -> dict[str, Any]:
    del value[key]
    return value


def _text(found: Mapping[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


# ---------------------------------------------------------------- writing


def prepare(folder: str | os.PathLike[str]) -> Path:
    """Make the folder of a record, so that a run that could not write its record is stopped before it begins.

    Raises:
        SourceError: it can't be made or written.
    """
    place = Path(folder)
    try:
        (place / FOLDER).mkdir(parents=True, exist_ok=True)
        with written(place / ".probe") as probe:
            probe.write_bytes(b"")
        (place / ".probe").unlink(missing_ok=True)
    except OSError as fault:
        raise unreachable(place, fault, "write") from None
    return place


def save(record: RunRecord, folder: str | os.PathLike[str]) -> Path:
    """Write a record; see :meth:`RunRecord.save`."""
    place = prepare(folder)
    before = _names_of(place / NAME)
    now = set(_objects_of(record.sheets))
    for name in sorted(now):
        _put(place / FOLDER / (name + SUFFIX), name, record.objects)
    write_durably(place / NAME, _text(document(record)).encode())
    _tidy(place, before - now)
    return place


def write_durably(path: Path, data: bytes) -> None:
    """Write a file under another name, make sure that it is on the disk, then rename it.

    Raises:
        SourceError: it can't be written.
    """
    with written(path) as temporary, temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename last through a loss of power, where the system can do that for folders."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # such as on Windows
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


def _put(path: Path, name: str, objects: Objects) -> None:
    """Write an object; one that is there already, and whole, is taken as it is."""
    data = objects.get(name)
    try:
        if path.stat().st_size == len(data) and hash_bytes(path.read_bytes()) == name:
            os.utime(path)
            return
    except OSError:
        pass
    write_durably(path, data)


def _objects_of(sheets: Iterable[SheetRecord]) -> list[str]:
    kept = [one.kept for one in sheets if one.kept is not None]
    return [name for one in kept for name in (one.values, one.errors) if name is not None]


def _names_of(path: Path) -> set[str]:
    """Return the objects of the record that is about to be replaced."""
    try:
        return set(_objects_of(load(path, verify=False).sheets))
    except RecordError:
        return set()


def _tidy(place: Path, names: set[str]) -> None:
    """Remove the objects of a replaced record, and what interrupted runs left, unless they may be in use."""
    stale = [place / FOLDER / (name + SUFFIX) for name in names]
    stale += [*place.glob(".*.tmp"), *(place / FOLDER).glob(".*.tmp")]
    for path in stale:
        try:
            if time.time() - path.stat().st_mtime > _STALE:
                path.unlink()
        except OSError:
            continue


# ---------------------------------------------------------------- reading


def load(path: str | os.PathLike[str], *, verify: bool = True) -> RunRecord:
    """Read a record; see :meth:`RunRecord.load`."""
    place = Path(path)
    if place.is_dir():
        place = place / NAME
    raw = _bytes(place)
    try:
        found = json.loads(raw)
    except ValueError as fault:
        raise damaged(str(place), f"it is no JSON ({fault})") from None
    if not isinstance(found, dict) or not str(found.get("format", "")).startswith("sheetline-record/"):
        raise RecordError("this is no run record", str(place), 'name a folder that "run --record" wrote')
    if found["format"] != FORMAT:
        advice = f"this version of sheetline reads {FORMAT}"
        raise RecordError(f"the record is of format {found['format']}", str(place), advice)
    if verify:
        _verify(raw, found, place)
    try:
        return _record(found, place.parent)
    except _MALFORMED as fault:
        what = f"{type(fault).__name__}: {fault}"
        raise damaged(str(place), f"it is not complete ({what})") from None


def _bytes(place: Path) -> bytes:
    try:
        return place.read_bytes()
    except FileNotFoundError:
        folder = place.parent if place.name == NAME else place
        raise RecordError(
            "there is no run record", str(folder), 'a record is a folder that holds "record.json"'
        ) from None
    except OSError as fault:
        raise unreachable(place, fault) from None


def _verify(raw: bytes, found: dict[str, Any], place: Path) -> None:
    checks = found.get("checks")
    if not isinstance(checks, dict):
        raise damaged(str(place), "its checks are missing")
    parts = {name: value for name, value in found.items() if name not in ("format", "id", "checks")}
    changed = [name for name in {**checks, **parts} if name not in parts or hash_json(parts[name]) != checks.get(name)]
    if changed:
        raise damaged(str(place), f"changed after it was written: {', '.join(repr(name) for name in changed)}")
    content = {name: value for name, value in parts.items() if name != "circumstances"}
    if hash_json(content) != found.get("id") or _text(found).encode() != raw:
        raise damaged(str(place), "changed after it was written")


def _record(found: dict[str, Any], folder: Path) -> RunRecord:
    run, versions, around = found["run"], found["versions"], found["circumstances"]
    seconds, places = around["sheets"], around["sources"]
    outputs = zip(found["outputs"], around["outputs"], strict=True)
    names = ("started", "seconds", "hashing", "threads", "workbook", "folder")
    return RunRecord(
        workbook="\n".join(found["workbook"]) + "\n",
        parameters=run["parameters"],
        given=run["given"],
        timezone=run["timezone"],
        now=run["now"],
        seed=run["seed"],
        sample=run["sample"],
        wanted=None if run["sheets"] is None else tuple(run["sheets"]),
        versions=versions["libraries"],
        features=versions["features"],
        platform=versions["platform"],
        sources=tuple(SourceRecord(**one, place=places.get(one["sheet"])) for one in found["sources"]),
        sheets=tuple(SheetRecord.from_json(one, seconds.get(one["name"], 0.0)) for one in found["sheets"]),
        outputs=tuple(OutputRecord(**one, place=place) for one, place in outputs),
        circumstances=Circumstances(**{name: around[name] for name in names}),
        objects=Objects(folder / FOLDER),
    )


def check_objects(record: RunRecord) -> None:
    """Look at every object of a record.

    Raises:
        RecordError: one is missing or damaged.
    """
    for name in dict.fromkeys(_objects_of(record.sheets)):
        record.objects.get(name)
