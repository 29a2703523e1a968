"""Reading a source, whatever it is: dispatch by the endpoint's type, then names, types and counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sheetline.functions.arrow import ColumnNotes, UnsupportedError, column_from_arrow
from sheetline.functions.columns import Column, Table
from sheetline.functions.dates.zones import UTC_ZONE, Zone, load_zone
from sheetline.functions.interop import table_from_frame
from sheetline.functions.types import Type
from sheetline.workbook.io import csv, jsonl, reach
from sheetline.workbook.io.columns import ColumnSpec, Wanted, from_text, plan, retyped, side_by_side
from sheetline.workbook.io.faults import SourceError
from sheetline.workbook.io.notes import ReadNotes, ReadResult
from sheetline.workbook.io.typed import Style
from sheetline.workbook.model.endpoints import (
    CsvSource,
    Endpoint,
    FrameSource,
    JsonlSource,
    ParquetSource,
    infer_endpoint,
)

if TYPE_CHECKING:
    from sheetline.workbook.io.parquet import ParquetFile
    from sheetline.workbook.io.rowgroups import Comparison, Unread


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of a source, and how it is read."""

    specs: Sequence[ColumnSpec]
    only: bool
    needed: Collection[str] | None
    renames: Mapping[str, str] | None
    style: Style
    base_folder: str | Path | None
    groups: Sequence[int] | None = None

    def plan(self, names: Sequence[str], notes: ReadNotes) -> list[Wanted]:
        """Return the columns to read, in the sheet's order."""
        found, remarks = plan(names, self.specs, self.only, notes.where, self.renames)
        notes.warnings += remarks
        return found if self.needed is None else [one for one in found if one.name in self.needed]


def read_source(
    endpoint: Endpoint,
    *,
    base_folder: str | Path | None = None,
    columns_spec: Sequence[ColumnSpec] = (),
    only: bool = False,
    needed: Collection[str] | None = None,
    timezone: Zone | str = UTC_ZONE,
    frame: object | None = None,
    renames: Mapping[str, str] | None = None,
    groups: Sequence[int] | None = None,
) -> ReadResult:
    """Read a source.

    Args:
        endpoint: where the rows come from, as the model has it (``CsvSource`` and its like).
        base_folder: the folder that paths are relative to.
        columns_spec: the listed columns (the model's ``SourceColumn``).
        only: leave out the columns that are not listed.
        needed: names of the sheet's columns to read; None reads all. Others are not even converted.
        timezone: where texts without a zone of their own were written.
        frame: the data of a ``frame`` source: a pandas frame, or anything that speaks Arrow.
        renames: for some columns of the sheet, their name in the file (overrides the listed one).
        groups: of a Parquet file, the row groups to read; None reads all.

    Returns:
        The table (columns in the sheet's order: where the file has them, or as listed with ``only``), and what
        was found: counts for each column, bad rows, warnings.

    Raises:
        SourceError: the source cannot be reached or is not what the endpoint says.
    """
    zone = load_zone(timezone) if isinstance(timezone, str) else timezone
    asked = _Asked(columns_spec, only, needed, renames, Style(zone=zone), base_folder, groups)
    if isinstance(endpoint, CsvSource):
        return _read_csv(endpoint, asked)
    if isinstance(endpoint, JsonlSource):
        return _read_jsonl(endpoint, asked)
    if isinstance(endpoint, ParquetSource):
        return _read_parquet(endpoint, asked)
    return _read_frame(frame, asked)


def look_at(
    endpoint: Endpoint,
    *,
    base_folder: str | Path | None = None,
    columns_spec: Sequence[ColumnSpec] = (),
    only: bool = False,
    timezone: Zone | str = UTC_ZONE,
    frame: object | None = None,
    renames: Mapping[str, str] | None = None,
) -> tuple[dict[str, Type], ReadResult | None]:
    """Return the columns of a source sheet and their types, in order, and what had to be read for that.

    A Parquet file is asked by its footer, unless numbers there are declared otherwise. Columns of text files
    whose type is declared are not read; the others are, because types come from the whole column.

    Raises:
        SourceError: as :func:`read_source`.
    """
    zone = load_zone(timezone) if isinstance(timezone, str) else timezone
    asked = _Asked(columns_spec, only, None, renames, Style(zone=zone), base_folder)
    notes = ReadNotes()
    if isinstance(endpoint, ParquetSource):
        from sheetline.workbook.io.parquet import ParquetFile

        path = reach.existing(endpoint.path, base_folder)
        notes.where = str(path)
        with ParquetFile(path) as file:
            wanted = asked.plan(file.names, notes)
            found = file.types([one.place for one in wanted])
            return {one.name: one.type or found[one.place] for one in wanted}, None
    names = source_names(endpoint, base_folder=base_folder, frame=frame)
    notes.where = getattr(endpoint, "path", "the frame")
    wanted = asked.plan(names, notes)
    unknown = {one.name for one in wanted if one.type is None}
    result = None
    if unknown:
        result = read_source(
            endpoint,
            base_folder=base_folder,
            columns_spec=columns_spec,
            only=only,
            needed=unknown,
            timezone=zone,
            frame=frame,
            renames=renames,
        )
    types = {} if result is None else result.table.types
    return {one.name: one.type or types[one.name] for one in wanted}, result


def left_out(
    endpoint: ParquetSource,
    where: Sequence[Comparison],
    *,
    base_folder: str | Path | None = None,
    columns_spec: Sequence[ColumnSpec] = (),
    only: bool = False,
    needed: Collection[str],
    renames: Mapping[str, str] | None = None,
) -> Unread | None:
    """Return the row groups of a file in which no row can fulfil all comparisons; None where there are none.

    A file that can't be read has none: reading it will say so.
    """
    from sheetline.workbook.io.parquet import ParquetFile
    from sheetline.workbook.io.rowgroups import unread

    asked = _Asked(columns_spec, only, needed, renames, Style(), base_folder)
    try:
        with ParquetFile(reach.existing(endpoint.path, base_folder)) as file:
            return unread(file, asked.plan(file.names, ReadNotes()), where)
    except SourceError:
        return None


def source_names(
    endpoint: Endpoint, *, base_folder: str | Path | None = None, frame: object | None = None
) -> list[str]:
    """Return the names of a source's own columns, made unique, with as little reading as it takes."""
    if isinstance(endpoint, CsvSource):
        data, where = reach.read_text(endpoint.path, base_folder, endpoint.compression, endpoint.encoding)
        return csv.read_names(data, endpoint, where)
    if isinstance(endpoint, JsonlSource):
        data, where = reach.read_text(endpoint.path, base_folder, endpoint.compression, endpoint.encoding)
        return jsonl.Lines(data, where).names
    if isinstance(endpoint, ParquetSource):
        from sheetline.workbook.io.parquet import ParquetFile

        with ParquetFile(reach.existing(endpoint.path, base_folder)) as file:
            return file.names
    return list(_frame_table(frame, None)[0].columns)


def endpoint_for_path(path: str, like: Endpoint | None = None) -> Endpoint:
    """Return the endpoint of another file, of the type that its ending tells.

    The keys of ``like`` (delimiter, encoding, null words …) are kept where the type is the same.

    Raises:
        SourceError: nothing tells the type.

    >>> endpoint_for_path("other.csv.gz").type
    'csv'
    """
    keys = infer_endpoint(path.removesuffix(".zip") if path.lower().endswith(".zip") else path)
    kinds: dict[str, type[Endpoint]] = {"csv": CsvSource, "jsonl": JsonlSource, "parquet": ParquetSource}
    if keys is None:
        if like is None or isinstance(like, FrameSource):
            what = "the type of the file cannot be told from its name"
            raise SourceError(what, path, "give it an ending such as .csv, .csv.gz, .jsonl or .parquet")
        return like.model_copy(update={"path": path})
    kind = keys.pop("type")
    if like is not None and like.type == kind:
        return like.model_copy(
            update={"path": path, **({"compression": "infer"} if hasattr(like, "compression") else {})}
        )
    return kinds[kind].model_validate({"type": kind, "path": path, **keys})


# ---------------------------------------------------------------- the types of sources


def _read_csv(endpoint: CsvSource, asked: _Asked) -> ReadResult:
    data, where = reach.read_text(endpoint.path, asked.base_folder, endpoint.compression, endpoint.encoding)
    notes = ReadNotes(where)
    planned: list[Wanted] = []

    def places(names: list[str]) -> set[int]:
        planned.extend(asked.plan(names, notes))
        return {one.place for one in planned}

    fields = csv.read_fields(data, endpoint, where, places)
    notes.rows, notes.bad_rows = fields.rows, fields.bad_rows
    notes.short_rows, notes.long_rows = fields.short_rows, fields.long_rows
    notes.warnings = fields.warnings + notes.warnings
    makers = [partial(_text_column, fields, one, endpoint, asked.style) for one in planned]
    return _result(planned, side_by_side(makers), fields.rows, notes)


def _text_column(fields: csv.Fields, one: Wanted, endpoint: CsvSource, style: Style) -> tuple[Column, ColumnNotes]:
    nulls = endpoint.nulls if one.nulls is None else one.nulls
    own = Style(endpoint.decimal, endpoint.thousands, style.zone, "" in nulls)
    return from_text(fields.columns[one.place], one, own, nulls, fields.errors)


def _read_jsonl(endpoint: JsonlSource, asked: _Asked) -> ReadResult:
    data, where = reach.read_text(endpoint.path, asked.base_folder, endpoint.compression, endpoint.encoding)
    notes = ReadNotes(where)
    lines = jsonl.Lines(data, where)
    planned = asked.plan(lines.names, notes)
    names = lines.names
    made = []
    for one in planned:
        found = lines.column(names[one.place], asked.style, declared=one.type is not None)
        made.append(_retyped(*found, one, asked, where))
    notes.rows = lines.rows
    return _result(planned, made, lines.rows, notes)


def _read_parquet(endpoint: ParquetSource, asked: _Asked) -> ReadResult:
    from sheetline.workbook.io.parquet import ParquetFile

    path = reach.existing(endpoint.path, asked.base_folder)
    notes = ReadNotes(str(path))
    with ParquetFile(path) as file:
        notes.warnings += file.warnings
        planned = asked.plan(file.names, notes)
        notes.rows = file.rows_of(asked.groups)
        makers = [partial(_parquet_column, file, one, asked, notes.where) for one in planned]
        return _result(planned, side_by_side(makers), notes.rows, notes)


def _parquet_column(file: ParquetFile, one: Wanted, asked: _Asked, where: str) -> tuple[Column, ColumnNotes]:
    try:
        column, found = column_from_arrow(file.read(one.place, asked.groups))
    except UnsupportedError as fault:
        raise SourceError(f"column '{one.name}': {fault}", where) from None
    return _retyped(column, found, one, asked, where)


def _read_frame(frame: object | None, asked: _Asked) -> ReadResult:
    notes = ReadNotes("the frame")
    names = list(_frame_table(frame, set())[1])
    planned = asked.plan(names, notes)
    table, _, found = _frame_table(frame, {names[one.place] for one in planned})
    notes.warnings = found.remarks + notes.warnings
    notes.rows = table.rows
    made = []
    for one in planned:
        name = names[one.place]
        made.append(_retyped(table.columns[name], found.columns[name], one, asked, notes.where))
    return _result(planned, made, table.rows, notes)


def _frame_table(frame: object | None, only: set[str] | None) -> Any:
    if frame is None:
        what = "no frame was given for it"
        raise SourceError(
            what, "a source of type frame", 'give it when the workbook runs: run(sources={"Sheet": frame})'
        )
    try:
        table, notes = table_from_frame(frame, only)
    except UnsupportedError as fault:
        raise SourceError(str(fault), "the frame") from None
    return table, notes.names, notes


def _retyped(column: Column, found: ColumnNotes, one: Wanted, asked: _Asked, where: str) -> tuple[Column, ColumnNotes]:
    return retyped(column, found, one, asked.style, where)


def _result(
    planned: Sequence[Wanted], made: Sequence[tuple[Column, ColumnNotes]], rows: int, notes: ReadNotes
) -> ReadResult:
    columns = {one.name: column for one, (column, _) in zip(planned, made, strict=True)}
    notes.columns = {one.name: found for one, (_, found) in zip(planned, made, strict=True)}
    notes.inferred = [one.name for one in planned if one.type is None]
    return ReadResult(Table(columns, rows), notes)
