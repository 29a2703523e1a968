"""From exceptions to exit codes and to what a person, or a program, reads about them."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sheetline.workbook.cli.streams import (
    BUG,
    CALL,
    DATA,
    INTERRUPTED,
    PIPE_BROKEN,
    REACH,
    ignore_interrupts,
    silence,
    takes_unicode,
)

if TYPE_CHECKING:
    import typer

REPORT = "this is a bug in sheetline: please report it, with the formula or workbook that shows it"


@dataclass(slots=True)
class Session:
    """What the whole call is about: whether a program reads the output, and whether bugs show their traceback."""

    json: bool = False
    debug: bool = False


def session_of(ctx: typer.Context, *, json: bool = False) -> Session:
    """Return the call's session, after noting the format that a command was asked for."""
    session: Session = ctx.ensure_object(Session)
    session.json = json
    return session


def print_json(value: Any) -> None:
    """Print a value as JSON on stdout."""
    ascii_only = not takes_unicode(sys.stdout)
    print(json.dumps(value, ensure_ascii=ascii_only, allow_nan=False, indent=2))


@contextmanager
def reported(session: Session) -> Iterator[None]:
    """Turn what a command raises into words and an exit code; click's own exceptions pass.

    Raises:
        SystemExit: something was raised inside.
    """
    try:
        yield
        sys.stdout.flush()  # a reader that left is heard of here
    except KeyboardInterrupt:
        ignore_interrupts()
        print("stopped", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None
    except BrokenPipeError:
        silence()
        raise SystemExit(PIPE_BROKEN) from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] in ("typer", "click"):
            raise
        raise SystemExit(tell(error, session)) from error


def tell(error: Exception, session: Session) -> int:
    """Say what went wrong, and return the exit code."""
    code, kind = classify(error)
    lines = _words(error, code)
    if code == BUG and not isinstance(error, MemoryError) and (session.debug or _debug_wanted()):
        lines = ["".join(traceback.format_exception(error)).rstrip(), *lines]
    if not session.json:
        print("\n".join(lines), file=sys.stderr)
        return code
    found: dict[str, Any] = {"kind": kind, "exit": code, "message": "\n".join(lines)}
    diagnostics = getattr(error, "diagnostics", ())
    if diagnostics:
        found["diagnostics"] = [one.to_dict() for one in diagnostics]
    drift = getattr(error, "drift", None)
    if drift is not None:
        found["drift"] = drift.to_dict()
    report = getattr(error, "report", None)
    print_json({"error": found} if report is None else {"error": found, "report": report.to_dict()})
    return code


def classify(error: Exception) -> tuple[int, str]:
    """Return the exit code of an exception, and a word for it.

    >>> classify(FileNotFoundError("x")), classify(ZeroDivisionError())
    ((3, 'source'), (70, 'bug'))
    """
    from sheetline.formulas.api import CellErrors
    from sheetline.formulas.diagnostics import FormulaError, SheetlineError, WorkbookError
    from sheetline.functions.extras import MissingExtraError

    if isinstance(error, FormulaError):
        return CALL, "formula"
    if isinstance(error, WorkbookError):
        return (REACH, "source") if isinstance(error.__cause__, OSError) else (CALL, "workbook")
    if isinstance(error, CellErrors):
        return DATA, "data"
    if isinstance(error, SheetlineError):
        # Imported late: a wrong formula must not wait for the workbook's half of the program.
        from sheetline.workbook.io.faults import SourceError
        from sheetline.workbook.room import MemoryLimitError

        if isinstance(error, SourceError):
            return REACH, "source"
        if isinstance(error, MemoryLimitError):
            return REACH, "memory"
        return DATA, "data"  # a rule that the data broke, or more rows than a join may give
    if isinstance(error, MissingExtraError):
        return CALL, "missing"
    if isinstance(error, OSError):
        return REACH, "source"
    return BUG, "memory" if isinstance(error, MemoryError) else "bug"


def _words(error: Exception, code: int) -> list[str]:
    """Return what to say, as lines."""
    if code == BUG and isinstance(error, MemoryError):
        return ["error: not enough memory: --sample N reads only the first rows of each source"]
    if code == BUG:
        name = "" if type(error).__name__ == "InternalError" else f"{type(error).__name__}: "
        hint = "--debug shows where" if not _debug_wanted() else ""
        return [f"error: {name}{error}", REPORT + (f" ({hint})" if hint else "")]
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename is not None else ""
        return [f"error: {where}{error.strerror or error}"]
    if getattr(error, "diagnostics", ()):
        return [str(error)]
    return [f"error: {error}"]


def _debug_wanted() -> bool:
    return os.environ.get("SHEETLINE_DEBUG", "0") not in ("", "0")
