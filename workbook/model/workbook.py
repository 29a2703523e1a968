"""The workbook: settings, sheets and outputs, with where each of them stands in its file."""

from __future__ import annotations

import os
import pathlib
import tempfile
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, PrivateAttr

from sheetline.workbook.builder import WorkbookBuilder
from sheetline.workbook.jsonpos import Positions
from sheetline.workbook.model.base import FORMAT, Listed, Model, Name, SheetBase, fail
from sheetline.workbook.model.settings import ErrorPolicy, Output, Parameter
from sheetline.workbook.problems import Path, quoted
from sheetline.workbook.running import WorkbookRunning
from sheetline.workbook.sheets import Sheet

_NOT_PORTABLE: Final = ("localtime", "posixrules", "Factory")


def _time_zone(value: str) -> str:
    try:
        if value in _NOT_PORTABLE:
            raise ValueError(value)
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise fail("W110", got=quoted(value)) from None
    return value


class WorkbookSettings(Model):
    """The keys of a workbook file but for sheets and outputs."""

    schema_: str | None = Field(default=None, alias="$schema", description="Where editors find this schema.")
    format: Literal["sheetline/1"] = Field(description="The version of the file's format.")
    name: Name = Field(description="What the workbook is called.")
    description: str | None = Field(default=None, description="What it is for.")
    timezone: Annotated[str, AfterValidator(_time_zone)] = Field(
        default="UTC", description="IANA name of the zone for wall-clock parts, text without a zone, and display."
    )
    parameters: dict[str, Parameter] = Field(
        default_factory=dict, description="Named constants, $name in formulas; a run may set other values."
    )
    errors: ErrorPolicy = Field(default=ErrorPolicy(), description="What happens to errors in the data.")


class WorkbookFields(WorkbookSettings):
    """The keys of a workbook file."""

    sheets: Annotated[tuple[Sheet, ...], Listed] = Field(description="The sheets, in the order people read them.")
    outputs: Annotated[tuple[Output, ...], Listed] = Field(default=(), description="What a run writes.")


class Workbook(WorkbookFields, WorkbookBuilder, WorkbookRunning):
    """A workbook: read from a file, or made step by step. It never changes; each step gives a new one.

    >>> book = Workbook("Trips").source("Events", "events.csv").filter("Clean", of="Events", where="#Speed > 0")
    >>> [sheet.name for sheet in book.sheets]
    ['Events', 'Clean']

    Args:
        name: what the workbook is called.
        description: what it is for.
        timezone: IANA name of the time zone.
        parameters: values by name (their types are taken from the values), or objects of the file's form.
        errors: "keep", "drop" or "fail", or an object of the file's form.

    Raises:
        WorkbookError: a setting is wrong.
    """

    _positions: Positions | None = PrivateAttr(default=None)
    _path: pathlib.Path | None = PrivateAttr(default=None)

    def __init__(
        self,
        name: str,
        *,
        description: str | None = None,
        timezone: str = "UTC",
        parameters: Mapping[str, object] | None = None,
        errors: str | Mapping[str, object] = "keep",
    ) -> None:
        from sheetline.workbook.model.reading import header_or_raise

        written: dict[str, Any] = {
            "format": FORMAT,
            "name": name,
            "timezone": timezone,
            "errors": {"mode": errors} if isinstance(errors, str) else errors,
            "sheets": [],
        }
        if description is not None:
            written["description"] = description
        if parameters is not None:
            written["parameters"] = {key: as_parameter(value) for key, value in parameters.items()}
        header_or_raise(written)
        super().__init__(**written)

    @classmethod
    def assembled(
        cls,
        header: WorkbookSettings,
        sheets: Sequence[SheetBase],
        outputs: Sequence[Output],
        *,
        positions: Positions | None = None,
        path: pathlib.Path | None = None,
    ) -> Self:
        """Put checked parts together."""
        parts = {**header.__dict__, "sheets": tuple(sheets), "outputs": tuple(outputs)}
        book = cls.model_construct(None, **parts)
        book._positions = positions
        book._path = path
        return book

    def _extended(self, key: str, part: Mapping[str, object]) -> Self:
        """Return a copy with one more sheet or output (``key``: "sheets" or "outputs")."""
        from sheetline.workbook.model.reading import extension

        return self.model_copy(update={key: (*getattr(self, key), extension(self, key, part))})

    # --- looking things up

    def sheet(self, name: str) -> Sheet:
        """Return the sheet of a name.

        Raises:
            KeyError: there is none.
        """
        for sheet in self.sheets:
            if sheet.name == name:
                return sheet
        raise KeyError(name)

    @property
    def path(self) -> pathlib.Path | None:
        """The file that it was read from, or None."""
        return self._path

    @property
    def folder(self) -> pathlib.Path:
        """The folder that paths in the workbook are relative to: its file's, else the current one."""
        return pathlib.Path() if self._path is None else self._path.parent

    def position(self, path: Path, *, key: bool = False) -> tuple[int, int] | None:
        """Return line and column (from 1) of the value at a path such as ``("sheets", 0, "where")``.

        A path that the file doesn't spell out (a default, the long form of a short one) gives the nearest
        value around it; a workbook that comes from no file gives None. ``key``: of the key instead.
        """
        return None if self._positions is None else self._positions.find(path, key=key)

    def position_inside(self, path: Path, index: int) -> tuple[int, int] | None:
        """Return line and column of character ``index`` of the text at ``path``, such as of a formula."""
        return None if self._positions is None else self._positions.find_inside(path, index)

    # --- files

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Workbook:
        """Read a workbook file.

        Raises:
            WorkbookError: it can't be read, or something in it is wrong; all problems at once.
        """
        from sheetline.workbook.load import load_workbook

        return load_workbook(path)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the canonical form to a file, all or nothing: a reader never sees half of it.

        Paths inside the workbook are written as they are; they are relative to the new file from then on.

        Raises:
            OSError: the file can't be written.
        """
        from sheetline.workbook.fmt import format_workbook

        write_atomic(pathlib.Path(path), format_workbook(self))


def as_parameter(value: object) -> object:
    """Return a parameter's object for a bare Python value; objects of the file's form stay as they are."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, bool):
        return {"type": "boolean", "value": value}
    if isinstance(value, int):
        return {"type": "integer", "value": value}
    if isinstance(value, float):
        return {"type": "float", "value": value}
    isoformat = getattr(value, "isoformat", None)
    if isoformat is not None:
        return {"type": "date", "value": isoformat()}
    return {"type": "string", "value": value}


def write_atomic(path: pathlib.Path, text: str) -> None:
    """Write a text file under a temporary name, then rename it to ``path``."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files private; a workbook gets the rights that a new or the replaced file has.
        pathlib.Path(temporary).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        pathlib.Path(temporary).replace(path)
    except BaseException:
        pathlib.Path(temporary).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
