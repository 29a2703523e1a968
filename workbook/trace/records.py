"""Tracing and explaining from a run record: the run is made again as it was, and what has changed since is said."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sheetline.workbook.record.model import RunRecord
from sheetline.workbook.record.replay import Replay, replay

if TYPE_CHECKING:
    from sheetline.workbook.run import Progress
    from sheetline.workbook.trace.explain import Explanation
    from sheetline.workbook.trace.model import Trace
    from sheetline.workbook.trace.presence import Presence


@dataclass(frozen=True, slots=True)
class RecordedTrace:
    """A trace from a record.

    Attributes:
        trace: the trace; None where a source can't be read any more.
        changed: sentences about what is other than the record says; empty where the sheet is as recorded.
        missing: whether a source can't be read any more.
    """

    trace: Trace | None
    changed: tuple[str, ...]
    missing: bool


@dataclass(frozen=True, slots=True)
class RecordedExplanation:
    """An explanation from a record.

    Attributes:
        found: how the cell came to its value, or why the row is there; None where a source can't be read any more.
        changed: sentences about what is other than the record says; empty where the sheet is as recorded.
        missing: whether a source can't be read any more.
    """

    found: Explanation | Presence | None
    changed: tuple[str, ...]
    missing: bool


def trace_record(
    record: RunRecord | str | os.PathLike[str],
    sheet: str,
    row: int,
    column: str | None = None,
    *,
    sources: Mapping[str, Any] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> RecordedTrace:
    """Trace a row or cell of a recorded run.

    Args:
        record: a record, or its folder.
        sheet, row, column: as in :meth:`Run.trace`.
        sources: frames that were given to the run, or files in place of those recorded.
        threads: number of threads.
        progress: called before each sheet.

    Raises:
        RecordError: the record is missing or damaged.
        WorkbookError: there is no such sheet or column.
        IndexError: there is no such row.

    >>> import sheetline as sl
    >>> book = sl.Workbook("W").source("E", type="frame").filter("F", of="E", where="#x > 1")
    >>> record = book.run(sources={"E": {"x": [1, 2, 3]}}, record=True).record
    >>> found = trace_record(record, "F", 1, sources={"E": {"x": [1, 2, 3]}})
    >>> found.trace["E"].rows.tolist(), found.changed
    ([2], ())
    >>> trace_record(record, "F", 1, sources={"E": {"x": [1, 2, 4]}}).changed
    ('the frame that was given holds something else (E)',)
    """
    found = record if isinstance(record, RunRecord) else RunRecord.load(record)
    done = replay(found, sheet=sheet, sources=sources, threads=threads, head=0, progress=progress)
    changed = _changed(done)
    if done.run is None:
        return RecordedTrace(None, changed, True)
    trace = done.run.trace(sheet, row, column)
    return RecordedTrace(replace(trace, changed=(*changed, *trace.changed)), changed, False)


def explain_record(
    record: RunRecord | str | os.PathLike[str],
    sheet: str,
    column: str | None,
    row: int,
    *,
    of: str | None = None,
    sources: Mapping[str, Any] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> RecordedExplanation:
    """Explain a cell or a row of a recorded run.

    Args:
        record: a record, or its folder.
        sheet, column, row: as in :meth:`Run.explain`; without a column as in :meth:`Run.explain_row`.
        of: as in :meth:`Run.explain_row`.
        sources: frames that were given to the run, or files in place of those recorded.
        threads: number of threads.
        progress: called before each sheet.

    Raises:
        RecordError: the record is missing or damaged.
        WorkbookError: there is no such sheet or column.
        IndexError: there is no such row.

    >>> import sheetline as sl
    >>> book = sl.Workbook("W").source("E", type="frame").formulas("F", of="E", columns={"y": "#x * 2"})
    >>> record = book.run(sources={"E": {"x": [1, 2, 3]}}, record=True).record
    >>> explain_record(record, "F", "y", 1, sources={"E": {"x": [1, 2, 3]}}).found.value
    4
    """
    found = record if isinstance(record, RunRecord) else RunRecord.load(record)
    done = replay(found, sheet=sheet, sources=sources, threads=threads, head=0, progress=progress)
    changed = _changed(done)
    if done.run is None:
        return RecordedExplanation(None, changed, True)
    if column is None:
        row_is = done.run.explain_row(sheet, row, of=of)
        return RecordedExplanation(replace(row_is, changed=(*changed, *row_is.changed)), changed, False)
    cell = done.run.explain(sheet, column, row)
    return RecordedExplanation(replace(cell, changed=(*changed, *cell.changed)), changed, False)


def _changed(done: Replay) -> tuple[str, ...]:
    """Say what is other than it was: the cause of each difference, or at least where there is one."""
    causes = [f"{one.words} ({one.sheet})" if one.sheet else one.words for one in done.causes]
    if done.place is None:
        of_sources = {one.sheet for one in done.record.sources}
        return tuple(words for words, one in zip(causes, done.causes, strict=True) if one.sheet in of_sources)
    return tuple(causes) or (f"{done.place} is not as recorded",)
