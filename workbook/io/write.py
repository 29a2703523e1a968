"""Writing a table: CSV, JSON lines or Parquet, whole or not at all."""

from __future__ import annotations

import bz2
import codecs
import gzip
import json
import lzma
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as arrow_compute

from sheetline.formulas.suggest import closest
from sheetline.functions.arrow import column_to_arrow
from sheetline.functions.buffers import text_array, text_scalar
from sheetline.functions.columns import Column, Table
from sheetline.functions.dates.zones import UTC_ZONE, Zone, load_zone
from sheetline.functions.types import Kind
from sheetline.workbook.io import atomic, reach
from sheetline.workbook.io.columns import side_by_side
from sheetline.workbook.io.faults import SourceError
from sheetline.workbook.io.texts import cell_texts, join, json_texts, raw
from sheetline.workbook.model.endpoints import CsvTarget, Endpoint, JsonlTarget, ParquetTarget

pc: Any = arrow_compute  # its stubs know fewer overloads than it has
_BLOCK: Final = 1 << 16
_ROW_GROUP: Final = 1 << 20
Sink = Callable[[memoryview | bytes], object]


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What was written.

    Attributes:
        path: the file.
        rows: how many rows it has.
        errors: for each column that has some, how many error values were written as null.
        warnings: sentences about values that will not read back as they were.
    """

    path: Path
    rows: int
    errors: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def write_output(
    table: Table,
    endpoint: Endpoint,
    *,
    base_folder: str | Path | None = None,
    timezone: Zone | str = UTC_ZONE,
) -> WriteResult:
    """Write a table to a file; nothing is left behind after a failure, and an older file stays as it was.

    Args:
        table: what to write; error values become null.
        endpoint: the model's ``CsvTarget``, ``JsonlTarget`` or ``ParquetTarget``.
        base_folder: the folder that paths are relative to.
        timezone: where the wall clock hangs that dates in CSV are written by.

    Raises:
        SourceError: the file cannot be written, the table lacks a column that is listed, or a text cannot be
            written as the endpoint asks (no quotes, an encoding without that character).
    """
    zone = load_zone(timezone) if isinstance(timezone, str) else timezone
    name = endpoint.location
    if name is None:
        raise SourceError("a frame is no file: take it from the run", "an output of type frame")
    path = reach.resolve(name, base_folder)
    if isinstance(endpoint, CsvTarget):
        table = _chosen(table, endpoint, path)
    errors = {key: len(column.errors) for key, column in table.columns.items() if column.errors is not None}
    result = WriteResult(path, table.rows, errors)
    with atomic.written(path) as temporary:
        if isinstance(endpoint, CsvTarget):
            with _packed(temporary, path, endpoint.compression, endpoint.encoding) as sink:
                _write_csv(table, endpoint, zone, sink, result)
        elif isinstance(endpoint, JsonlTarget):
            with _packed(temporary, path, endpoint.compression, endpoint.encoding) as sink:
                _write_jsonl(table, sink)
        elif isinstance(endpoint, ParquetTarget):
            _write_parquet(table, endpoint, temporary)
        else:
            raise SourceError(f"{endpoint.type} cannot be written", str(path))
    return result


def _chosen(table: Table, endpoint: CsvTarget, path: Path) -> Table:
    if endpoint.columns is None:
        return table
    missing = [name for name in endpoint.columns if name not in table.columns]
    if missing:
        near = closest(missing[0], table.columns)
        advice = f"did you mean {near[0]}?" if near else f"it has {', '.join(list(table.columns)[:20])}"
        said = ", ".join(f"'{name}'" for name in missing)
        raise SourceError(f"the sheet has no column {said} to write", str(path), advice)
    return Table({name: table.columns[name] for name in endpoint.columns}, table.rows)


# ---------------------------------------------------------------- files


@contextmanager
def _packed(temporary: Path, path: Path, compression: str, encoding: str) -> Iterator[Sink]:
    """Give a function that takes UTF-8 bytes and writes them, encoded and packed."""
    kind = reach.compression_of(path, compression)
    with temporary.open("xb") as file:
        if kind == "zip":
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                member = zipfile.ZipInfo(path.with_suffix("").name)  # without the time: equal data, equal files
                member.compress_type = zipfile.ZIP_DEFLATED
                with archive.open(member, "w", force_zip64=True) as stream:
                    yield _encoded(stream, encoding, path)
            return
        with _stream(file, kind) as stream:
            yield _encoded(stream, encoding, path)


@contextmanager
def _stream(file: Any, kind: str) -> Iterator[Any]:
    if kind == "gzip":
        with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
            yield packed
    elif kind == "bz2":
        with bz2.BZ2File(file, "wb") as packed:
            yield packed
    elif kind == "xz":
        with lzma.LZMAFile(file, "wb") as packed:
            yield packed
    elif kind == "zstd":
        with pa.CompressedOutputStream(pa.PythonFile(file, "w"), "zstd") as packed:
            yield packed
    else:
        yield file


def _encoded(stream: Any, encoding: str, path: Path) -> Sink:
    if codecs.lookup(encoding).name == "utf-8":
        sink: Sink = stream.write
        return sink
    encoder = codecs.getincrementalencoder(encoding)()

    def write(data: memoryview | bytes) -> None:
        text = str(data, "utf-8")
        try:
            stream.write(encoder.encode(text))
        except UnicodeEncodeError as fault:
            what = f"the character {text[fault.start]!r} cannot be written in {encoding}"
            raise SourceError(what, str(path), 'give "encoding": "utf-8"') from None

    return write


# ---------------------------------------------------------------- CSV


def _write_csv(table: Table, endpoint: CsvTarget, zone: Zone, sink: Sink, result: WriteResult) -> None:
    writer = _CsvCells(endpoint, zone, result)
    if endpoint.header and table.columns:
        names = [writer.enclosed(text_array([name]), "the header", True) for name in table.columns]
        sink(raw(writer.lines(names)))
    if not table.columns:
        return
    confused: dict[str, int] = {}
    for low in range(0, table.rows, _BLOCK):
        part = table.slice(low, min(low + _BLOCK, table.rows))
        cells = side_by_side([partial(writer.cells, name, column, confused) for name, column in part.columns.items()])
        sink(raw(writer.lines(cells)))
    for name, count in confused.items():
        word = endpoint.nulls[0]
        said = "empty texts" if word == "" else f"texts '{word}'"
        result.warnings.append(f"column '{name}': {count:,} {said} look like null in the file")


class _CsvCells:
    """Cells as CSV writes them."""

    def __init__(self, endpoint: CsvTarget, zone: Zone, result: WriteResult) -> None:
        self.endpoint, self.zone, self.result = endpoint, zone, result
        self.null = endpoint.nulls[0]
        quote = None if endpoint.quoting == "none" else endpoint.quote
        self.quote = quote
        signs = {endpoint.delimiter, "\n", "\r", *(() if quote is None else (quote,))}
        self.safe_numbers = signs.isdisjoint({*"0123456789+-.eE", endpoint.decimal})
        self.special = "[" + "".join(f"\\x{{{ord(sign):x}}}" for sign in sorted(signs)) + "]"

    def cells(self, name: str, column: Column, confused: dict[str, int]) -> Any:
        text = cell_texts(column, self.zone, self.endpoint.dates)
        is_number = column.type.is_number
        if is_number and self.endpoint.decimal != ".":
            text = pc.replace_substring(text, ".", self.endpoint.decimal)
        if column.type.kind is Kind.STRING and (same := pc.sum(pc.equal(text, text_scalar(self.null))).as_py()):
            confused[name] = confused.get(name, 0) + same
        quoting = self.endpoint.quoting
        always = quoting == "all" or (quoting == "nonnumeric" and not is_number)
        shown = (
            text if is_number and not always and self.safe_numbers else self.enclosed(text, f"column '{name}'", always)
        )
        if not shown.null_count:
            return shown
        return shown.fill_null(self.enclosed(text_array([self.null]), "the null word", False)[0])

    def enclosed(self, text: Any, where: str, always: bool) -> Any:
        """Return text in quotes: all of it, or what holds a separator, a quote or a line break."""
        special = pc.match_substring_regex(text, self.special)  # null where the text is
        found = pc.any(special).as_py()
        if self.quote is None:
            if found:
                row = text.filter(special)[0].as_py()
                what = f"{where}: {row[:60]!r} holds a separator or a line break, and nothing may be quoted"
                raise SourceError(what, str(self.result.path), 'give a "quote", or another "delimiter"')
            return text
        always = always and self.endpoint.quoting in ("all", "nonnumeric")
        if not found and not always:
            return text
        mark = text_scalar(self.quote)
        doubled = pc.replace_substring(text, self.quote, self.quote * 2)
        enclosed = join([mark, doubled, mark])
        return enclosed if always else pc.if_else(special, enclosed, text)

    def lines(self, cells: list[Any]) -> Any:
        """Join the cells of rows; a line must not be empty, or no reader would see the row."""
        if len(cells) == 1:
            mark = '""' if self.quote is None else self.quote * 2
            empty = pc.equal(cells[0], text_scalar(""))
            if pc.any(empty).as_py():
                if self.quote is None:
                    what = "a row of one column is empty, and nothing may be quoted"
                    raise SourceError(what, str(self.result.path), 'give a "quote", or a word in "nulls"')
                cells = [pc.if_else(empty, text_scalar(mark), cells[0])]
        line = cells[0] if len(cells) == 1 else join(cells, self.endpoint.delimiter)
        return join([line, text_scalar("\n")])


# ---------------------------------------------------------------- JSON lines and Parquet


def _write_jsonl(table: Table, sink: Sink) -> None:
    keys = [json.dumps(name, ensure_ascii=False) + ":" for name in table.columns]
    for low in range(0, table.rows, _BLOCK):
        part = table.slice(low, min(low + _BLOCK, table.rows))
        if not keys:
            sink(b"{}\n" * part.rows)
            continue
        pieces: list[Any] = []
        for place, (key, column) in enumerate(zip(keys, part.columns.values(), strict=True)):
            pieces += [text_scalar(("{" if place == 0 else ",") + key), json_texts(column)]
        sink(raw(join([*pieces, text_scalar("}\n")])))


def _write_parquet(table: Table, endpoint: ParquetTarget, temporary: Path) -> None:
    from pyarrow import parquet as pq

    arrays = {name: column_to_arrow(column) for name, column in table.columns.items()}
    made = pa.Table.from_arrays(list(arrays.values()), names=list(arrays)) if arrays else pa.table({})
    pq.write_table(
        made,
        str(temporary),
        compression=endpoint.compression,
        row_group_size=endpoint.row_group or _ROW_GROUP,
        version="2.6",
    )


__all__ = ["WriteResult", "write_output"]
