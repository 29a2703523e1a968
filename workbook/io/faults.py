"""What is said when data cannot be reached or read: what happened, where, and what to do."""

from __future__ import annotations

from pathlib import Path

from sheetline.formulas.diagnostics import SheetlineError
from sheetline.formulas.suggest import closest


class SourceError(SheetlineError):
    """A source or an output cannot be reached, or its file is not what the workbook says it is.

    Attributes:
        what: what is wrong, in one sentence.
        where: the file, or what stands for it.
        advice: what to do about it; may be empty.
        line: the line of the file, from 1, where it is known.
    """

    def __init__(self, what: str, where: str = "", advice: str = "", line: int | None = None) -> None:
        self.what, self.where, self.advice, self.line = what, where, advice, line
        place = where if line is None else f"{where}, line {line}"
        super().__init__(f"{place}: {what}" * bool(place) + what * (not place) + (f": {advice}" if advice else ""))

    def __reduce__(self) -> tuple[type[SourceError], tuple[str, str, str, int | None]]:
        return type(self), (self.what, self.where, self.advice, self.line)


def missing_file(path: Path) -> SourceError:
    """Return the fault of a file that is not there, with the files that may have been meant."""
    folder = path.parent
    if not folder.is_dir():
        return SourceError("there is no such file", str(path), f"its folder {folder} does not exist either")
    try:
        names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    except OSError:
        names = []
    near = closest(path.name, names)
    if near:
        return SourceError("there is no such file", str(path), f"did you mean {' or '.join(near)}?")
    shown = ", ".join(names[:8]) + (" …" if len(names) > 8 else "")
    return SourceError(
        "there is no such file", str(path), f"the folder has {shown}" if names else "the folder is empty"
    )


def unreachable(path: str | Path, fault: OSError, doing: str = "read") -> SourceError:
    """Return the fault of a file or folder that the system refuses."""
    if isinstance(fault, FileNotFoundError) and doing == "read":
        return missing_file(Path(path))
    if isinstance(fault, PermissionError):
        what = f"there is no permission to {doing} it"
        return SourceError(what, str(path), "change its rights, or choose another place")
    if isinstance(fault, IsADirectoryError):
        return SourceError("it is a folder, not a file", str(path), f"name the file to {doing}")
    return SourceError(
        f"it cannot be {'read' if doing == 'read' else 'written'}", str(path), fault.strerror or str(fault)
    )
