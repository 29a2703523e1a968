"""What a run does about sources that are not as expected: it stops, follows likely renames, or goes on with nulls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from sheetline.workbook.checks.drift import ColumnDrift, Drift
from sheetline.workbook.report import RunReport
from sheetline.workbook.run import DataError
from sheetline.workbook.steps import Notice

if TYPE_CHECKING:
    from sheetline.workbook.record.model import RunRecord

Mode = Literal["stop", "map", "continue"]
Mappings = Mapping[str, Mapping[str, str | None]]
Notices = dict[str, list[Notice]]


class DriftError(DataError):
    """A run was stopped, since its sources are not as the workbook expects. ``drift`` says how."""

    def __init__(self, drift: Drift, stopping: Sequence[ColumnDrift]) -> None:
        few = "the source is" if len({one.sheet for one in stopping}) == 1 else "sources are"
        lines = "\n".join(f"  {one}" for one in stopping)
        super().__init__(f"{few} not as the workbook expects:\n{lines}", RunReport(drift.workbook))
        self.drift = drift


def passed(drift: Drift, mode: Mode, mappings: Mappings) -> tuple[Mappings, Notices]:
    """Decide about a run, before anything is computed.

    Args:
        drift: how the sources differ.
        mode: "stop" stops at any column that is missing, renamed or retyped; "map" reads renamed ones under their new
            names, and stops at what is left; "continue" makes missing ones null.
        mappings: those that were given to the run.

    Returns:
        The mappings to run with, and what is to be reported, by sheet.

    Raises:
        DriftError: the run is not to start.
        ValueError: there is no such mode.
    """
    if mode not in get_args(Mode):
        raise ValueError(f"drift is 'stop', 'map' or 'continue', not {mode!r}")
    left = [one for one in drift.harmful if mode == "stop" or (mode == "map" and one.kind != "renamed")]
    if left and mode != "continue":
        raise DriftError(drift, left)
    found: dict[str, dict[str, str | None]] = {name: dict(mapping) for name, mapping in mappings.items()}
    notices: Notices = {}
    for one in drift.harmful:
        mapping = found.setdefault(one.sheet, {})
        if mode == "map":
            mapping[one.column] = one.candidates[0]
            words = f"column '{one.column}' is read from '{one.candidates[0]}': the file has no '{one.source}' any more"
            notices.setdefault(one.sheet, []).append(Notice("warning", words))
        elif one.kind == "retyped":
            words = f"column '{one.source}' is {one.found}, not {one.expected} as expected"
            notices.setdefault(one.sheet, []).append(Notice("warning", words))
        else:
            mapping[one.column] = None  # its source tells that it is null
    return found, notices


def record_at(record: Any) -> RunRecord | None:
    """Return a record that is given as such or as its folder; None for a folder that holds none yet.

    Raises:
        RecordError: the folder holds a record that is damaged.
    """
    from sheetline.workbook.record.files import NAME
    from sheetline.workbook.record.model import RunRecord

    if record is None or isinstance(record, bool | RunRecord):
        return record if isinstance(record, RunRecord) else None
    return RunRecord.load(record) if (Path(record) / NAME).is_file() else None


__all__ = ["DriftError", "Mode", "passed", "record_at"]
