"""What is wrong with a record: it is not there, damaged, or of a run that kept none."""

from __future__ import annotations

from sheetline.workbook.io.faults import SourceError


class RecordError(SourceError):
    """A run record can't be read, was changed after it was written, or was not asked for."""


def damaged(where: str, what: str) -> RecordError:
    """Return the fault of a record whose bytes are not those that were written."""
    return RecordError(f"the record is damaged: {what}", where, "take it from a copy, or run the workbook again")
