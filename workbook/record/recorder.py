"""Watching a run, and making its record."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from blake3 import blake3

from sheetline.formulas.blocks import Workers
from sheetline.functions.columns import Table
from sheetline.workbook.fmt import format_workbook
from sheetline.workbook.io.faults import unreachable
from sheetline.workbook.io.reach import resolve
from sheetline.workbook.record.definitions import constant_json, definition, formulas_of
from sheetline.workbook.record.hashing import ColumnHash
from sheetline.workbook.record.model import (
    Circumstances,
    ColumnRecord,
    OutputRecord,
    RunRecord,
    SheetRecord,
    SourceRecord,
)
from sheetline.workbook.record.objects import Objects, keep, type_of
from sheetline.workbook.record.rowsets import RowSet
from sheetline.workbook.record.tables import SharedHashes, TableHasher
from sheetline.workbook.record.versions import features, platform, versions
from sheetline.workbook.sources import Reader, SourceStep

if TYPE_CHECKING:
    from sheetline.workbook.model.settings import Output
    from sheetline.workbook.planning import Plan
    from sheetline.workbook.report import SheetReport, Written
    from sheetline.workbook.run import Run


@dataclass(frozen=True, slots=True)
class FileHash:
    """Size and hash of a file's bytes."""

    size: int
    hash: str


@dataclass(slots=True)
class _Watched:
    hasher: TableHasher
    rowset: RowSet | None
    hashes: dict[str, ColumnHash] = field(default_factory=dict)
    report: SheetReport | None = None


@dataclass(slots=True)
class Recorder:
    """Sees every sheet of a run (an ``Observer``), and makes the record when the run is over.

    It holds no rows: hashes go on from part to part. Files are hashed in the background, while the run goes on.

    Args:
        plan: what is run.
        given: the parameters given to the run.
        wanted: the sheets that the run was asked for.
        threads: number of threads of the run.
    """

    plan: Plan
    given: Mapping[str, Any] = field(default_factory=dict)
    wanted: tuple[str, ...] | None = None
    threads: int | None = None
    seconds: float = 0.0
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))
    _shared: SharedHashes | None = None
    _sheets: dict[str, _Watched] = field(default_factory=dict)
    _files: dict[str, Future[FileHash | None]] = field(default_factory=dict)
    _pool: ThreadPoolExecutor | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _over: bool = False

    def part(self, sheet: str, table: Table) -> None:
        """See the next rows of a sheet."""
        if self._over:  # the run is asked for another sheet, when its record is made already
            return
        started = time.perf_counter()
        watched = self._watched(sheet)
        watched.hasher.update(table)
        if watched.rowset is not None:
            watched.rowset.update(table)
        self.seconds += time.perf_counter() - started

    def part_in_turn(self, sheet: str, table: Table, number: int) -> None:
        """See some rows of a sheet, in the thread that made them."""
        if self._over:
            return
        started = time.perf_counter()
        with self._lock:
            watched = self._watched(sheet)
        watched.hasher.update_in_turn(table, number)
        with self._lock:
            self.seconds += time.perf_counter() - started

    def stop(self, sheet: str, number: int) -> None:
        """See that a part can't be made."""
        with self._lock:
            watched = self._watched(sheet)
        watched.hasher.stop(number)

    def done(self, report: SheetReport) -> None:
        """See that a sheet is complete."""
        if self._over:
            return
        started = time.perf_counter()
        watched = self._watched(report.name)
        # Of a sheet without rows there may have been no part.
        if not watched.hasher.expects:
            watched.hasher.expect({column.name: type_of(column.type) for column in report.columns})
        watched.hashes = watched.hasher.finish()
        watched.report = report
        reader = _reader(self.plan, report.name)
        place = None if reader is None else place_of(reader)
        if place is not None:
            self._pool = self._pool or ThreadPoolExecutor(1, "fingerprints")
            self._files[report.name] = self._pool.submit(hash_file_if_there, place)
        self.seconds += time.perf_counter() - started

    def record(self, run: Run) -> RunRecord:
        """Return the record of the finished run, with the outputs that it wrote so far.

        Raises:
            SourceError: a file that was written can't be read again.
        """
        self._over = True
        objects = Objects()
        plan, book = self.plan, self.plan.workbook
        sheets = [self._sheet(run, watched, objects) for watched in self._sheets.values() if watched.report]
        sources = [self._source(name) for name in self._sheets if _reader(plan, name) is not None]
        started = time.perf_counter()
        self.close()  # waits for the hashes of files
        self.seconds += time.perf_counter() - started
        found = RunRecord(
            workbook=format_workbook(book),
            parameters={name: constant_json(value) for name, value in plan.parameters.items()},
            given={name: _plain(value) for name, value in self.given.items()},
            timezone=plan.env.timezone,
            now=plan.env.now,
            seed=plan.env.seed,
            sample=plan.sources.sample,
            wanted=self.wanted,
            versions=versions(),
            features=features(),
            platform=platform(),
            sources=tuple(sources),
            sheets=tuple(sheets),
            outputs=(),
            circumstances=Circumstances(
                self.started,
                round(run.report.seconds, 6),
                round(self.seconds, 6),
                self.threads,
                None if book.path is None else str(Path(book.path).absolute()),
                str(plan.sources.folder.absolute()),
            ),
            objects=objects,
        )
        return with_outputs(found, book.outputs, run.report.outputs)

    def close(self) -> None:
        """Let the threads go."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        if self._shared is not None and self._shared.workers is not None:
            self._shared.workers.close()

    def _watched(self, name: str) -> _Watched:
        if name not in self._sheets:
            if self._shared is None:
                self._shared = SharedHashes(Workers(self.threads))
            rows = RowSet(self._shared.workers) if self.plan.workbook.sheet(name).kind == "source" else None
            self._sheets[name] = _Watched(TableHasher(self._shared), rows)
        return self._sheets[name]

    def _sheet(self, run: Run, watched: _Watched, objects: Objects) -> SheetRecord:
        report = watched.report
        assert report is not None
        sheet, step = self.plan.workbook.sheet(report.name), self.plan.steps[report.name]
        columns = []
        for one in report.columns:
            hashed = watched.hashes[one.name]
            columns.append(ColumnRecord(one.name, hashed.type, one.nulls, one.errors, hashed.hash, hashed.leaves))
        result = run.results.get(report.name) if sheet.kept else None
        return SheetRecord(
            name=report.name,
            kind=report.kind,
            definition=definition(self.plan, report.name),
            formulas=formulas_of(sheet),
            description=sheet.description,
            inputs=tuple(step.needs([one.name for one in report.columns if one.name in step.schema])),
            rows=report.rows,
            columns=tuple(columns),
            removed=report.removed,
            not_read={name: str(step.schema[name]) for name in report.not_read if name in step.schema},
            rowset=None if watched.rowset is None else watched.rowset.finish(),
            kept=None if result is None else keep(result.table, objects),
            checks=tuple(json.loads(json.dumps(asdict(one))) for one in report.checks),
            seconds=round(report.seconds, 6),
        )

    def _source(self, name: str) -> SourceRecord:
        reader = _reader(self.plan, name)
        assert reader is not None
        place = place_of(reader)
        waiting = self._files.get(name)
        found = None if waiting is None else waiting.result()
        sources = self.plan.sources
        return SourceRecord(
            sheet=name,
            type=reader.endpoint.type,
            path=reader.endpoint.location,
            given=sources.given.get(name) is not None,
            options=read_options(reader),
            mapping=dict(reader.renames),
            sample=sources.sample,
            size=None if found is None else found.size,
            hash=None if found is None else found.hash,
            place=None if place is None else str(place),
        )


def with_outputs(record: RunRecord, outputs: Sequence[Output], done: Sequence[Written]) -> RunRecord:
    """Return a record with the files that were written for ``outputs`` of the workbook.

    Raises:
        SourceError: one can't be read.
    """
    paths = [output.to.location for output in outputs if output.to.location is not None]
    if not done:
        return record
    return replace(record, outputs=tuple(_output(one, path) for one, path in zip(done, paths, strict=True)))


def _output(one: Written, path: str) -> OutputRecord:
    found = hash_file(Path(one.path))
    place = str(Path(one.path).absolute())
    return OutputRecord(one.sheet, path, one.rows, one.errors, found.size, found.hash, place)


def hash_file(path: Path) -> FileHash:
    """Return size and hash of a file.

    Raises:
        SourceError: it can't be read.
    """
    try:
        hasher = blake3()
        hasher.update_mmap(path)
        return FileHash(path.stat().st_size, hasher.hexdigest())
    except OSError as fault:
        raise unreachable(path, fault) from None


def hash_file_if_there(path: Path) -> FileHash | None:
    """Return size and hash of a file, or None where it can't be read or changes meanwhile."""
    try:
        before = path.stat()
        found = hash_file(path)
        after = path.stat()
    except OSError:
        return None
    same = (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)
    return found if same else None


def place_of(reader: Reader) -> Path | None:
    """Return the whole path of a source's file, or None for frames and for what is behind a URL."""
    path = reader.endpoint.location
    if path is None or "://" in path:
        return None
    return resolve(path, reader.folder).absolute()


def read_options(reader: Reader) -> dict[str, Any]:
    """Return how a source is read: the keys of its place but the path, its listed columns, and ``only``."""
    endpoint = reader.endpoint.model_dump(mode="json", by_alias=True, exclude={"path"})
    columns: Sequence[Any] = reader.columns
    listed = [one.model_dump(mode="json", by_alias=True, exclude={"description"}) for one in columns]
    return {"from": endpoint, "columns": listed, "only": reader.only, "timezone": reader.timezone}


def _reader(plan: Plan, name: str) -> Reader | None:
    step = plan.steps[name]
    return step.reader if isinstance(step, SourceStep) else None


def _plain(value: Any) -> Any:
    if isinstance(value, date):  # a datetime is one
        return value.isoformat()
    return value.item() if isinstance(value, np.generic) else value
