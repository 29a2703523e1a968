"""Whether a run is watched at all; a run that keeps no record loads nothing of what records need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sheetline.workbook.planning import Plan
    from sheetline.workbook.record.recorder import Recorder


@contextmanager
def recording(
    plan: Plan,
    record: bool | str | Path,
    given: Mapping[str, Any],
    wanted: tuple[str, ...] | None,
    threads: int | None,
) -> Iterator[Recorder | None]:
    """Give a recorder for a run, or None where no record is asked for.

    Raises:
        SourceError: the record is to be written to a folder that can't be written.
    """
    if record is False:
        yield None
        return
    from sheetline.workbook.record.files import prepare
    from sheetline.workbook.record.recorder import Recorder

    if record is not True:
        prepare(str(record))
    recorder = Recorder(plan, given, wanted, threads)
    try:
        yield recorder
    finally:
        recorder.close()
