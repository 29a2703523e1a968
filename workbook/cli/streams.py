"""What the command line does with its streams and signals; needs nothing but the standard library."""

from __future__ import annotations

import io
import os
import signal
import sys
from typing import Final, TextIO

DONE: Final = 0
DATA: Final = 1
CALL: Final = 2
REACH: Final = 3
BUG: Final = 70
INTERRUPTED: Final = 130
PIPE_BROKEN: Final = 141  # as a program that SIGPIPE ends


def prepare() -> None:
    """Make printing safe: a character that a stream's encoding lacks is written as an escape, not raised."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


def takes_unicode(stream: TextIO) -> bool:
    """Whether a stream can hold any character."""
    return (getattr(stream, "encoding", None) or "utf-8").lower().replace("_", "-").startswith("utf")


def silence() -> None:
    """Let nobody write to a closed pipe again, at the interpreter's end either."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError):  # a stdout without a file underneath
        pass
    finally:
        os.close(nowhere)


def ignore_interrupts() -> None:
    """Let a second Ctrl-C not disturb the tidying up behind the first one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
