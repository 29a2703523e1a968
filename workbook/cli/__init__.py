"""The command line: ``sheetline run, check, fmt, schema, eval, show, functions``.

Only the entry point stands here, so that nothing is imported before the streams are set up and Ctrl-C is heard.
"""

from __future__ import annotations

import os
import sys

from sheetline.workbook.cli.streams import INTERRUPTED, PIPE_BROKEN, ignore_interrupts, prepare, silence


def main() -> None:
    """Run the command line and leave with its exit code.

    Raises:
        SystemExit: always. 0: done; 1: the data broke a rule; 2: the call, the formula or the workbook is wrong;
            3: a source or output can't be reached; 70: a bug; 130: stopped by Ctrl-C.
    """
    prepare()
    code: int | str | None = 0
    try:
        _run(sys.argv[1:])
    except SystemExit as leaving:
        code = leaving.code
    except KeyboardInterrupt:  # before any command could hear it
        ignore_interrupts()
        print("stopped", file=sys.stderr)
        code = INTERRUPTED
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        silence()
        code = PIPE_BROKEN
    raise SystemExit(code)


def _run(arguments: list[str]) -> None:
    """Run a call; a formula alone needs no parser of options, which would take longer than the formula."""
    if len(arguments) == 2 and arguments[0] == "eval" and not arguments[1].startswith("-"):
        from sheetline.workbook.cli.faults import Session, reported
        from sheetline.workbook.cli.formula import answer

        with reported(Session()):
            answer(arguments[1])
        return
    # pydantic would look for plug-ins in the metadata of every installed package; the command uses none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from sheetline.workbook.cli.app import app

    app()
