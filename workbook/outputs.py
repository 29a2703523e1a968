"""Writing a run's outputs: each file all or nothing, none before everything is computed."""

from __future__ import annotations

from pathlib import Path as FilePath

from sheetline.workbook.io import write_output
from sheetline.workbook.model.endpoints import FrameTarget
from sheetline.workbook.report import Written
from sheetline.workbook.run import Run


def write_outputs(run: Run, folder: FilePath) -> list[Written]:
    """Write every output of the workbook; relative paths are relative to ``folder``.

    Raises:
        SourceError: a file can't be written; those before it stand, each complete.
    """
    book = run.plan.workbook
    for output in book.outputs:
        if isinstance(output.to, FrameTarget):
            continue
        table = run[output.sheet].table
        done = write_output(table, output.to, base_folder=folder, timezone=book.timezone)
        run.report.outputs.append(
            Written(output.sheet, str(done.path), done.rows, sum(done.errors.values()), tuple(done.warnings))
        )
    return run.report.outputs
