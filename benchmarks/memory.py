"""The peak memory of one side: ``python -m benchmarks.memory CASE ENGINE ROWS`` prints bytes.

The inputs are made first, then the kernel's mark of the peak is set back, and the side runs once. So what
the engine holds of its inputs counts, with the interpreter and all libraries, but not how the inputs were made.
"""

import gc
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness import ROOT, Case

STATUS = Path("/proc/self/status")
RESET = Path("/proc/self/clear_refs")


def forget_peak() -> bool:
    """Set the process's peak back to what it holds now, and return whether this system can."""
    try:
        RESET.write_text("5", "ascii")
    except OSError:
        return False
    return True


def peak() -> int:
    """Return the process's peak memory in bytes.

    On Linux it is the kernel's VmHWM, since ``ru_maxrss`` of a started process begins with what its parent held.
    """
    if STATUS.exists():
        (found,) = (
            int(line.split()[1]) for line in STATUS.read_text("ascii").splitlines() if line.startswith("VmHWM:")
        )
        return found * 1024
    found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found if sys.platform == "darwin" else found * 1024


def of_side(case: Case, engine: str, rows: int) -> int:
    """Return the bytes of one side, measured in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.memory", case.name, engine, str(rows)]
    run = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=600)
    return int(run.stdout.split()[-1])


def main(arguments: Sequence[str]) -> None:
    """Run one side, and print its peak."""
    from benchmarks.catalogue import WORK

    name, engine, rows = arguments
    (case,) = (work for work in WORK if isinstance(work, Case) and work.name == name)
    inputs = case.prepare(int(rows))
    run = case.sides[engine](inputs)
    del inputs
    gc.collect()
    forget_peak()
    result = run()
    print(peak())
    del result


if __name__ == "__main__":
    main(sys.argv[1:])
