"""JSON lines: one object a line. Keys that a line lacks are null; objects and mixed values become JSON text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pyarrow as pa

from sheetline.functions.arrow import ColumnNotes, column_from_arrow, finite, json_text
from sheetline.functions.columns import Column
from sheetline.functions.types import (
    BIGINTEGER,
    BOOLEAN,
    FLOAT,
    INT64_MAX,
    INT64_MIN,
    INTEGER,
    NULL,
    STRING,
)
from sheetline.workbook.io.faults import SourceError
from sheetline.workbook.io.infer import coded, infer_date
from sheetline.workbook.io.reach import Bytes, expect_utf8
from sheetline.workbook.io.typed import Style

TEXT: Final = pa.large_string()


class Lines:
    """The objects of a file of JSON lines.

    Attributes:
        names: the keys in the order of their first appearance.
        rows: the number of objects.
    """

    def __init__(self, data: Bytes, where: str) -> None:
        self._data, self._where = data, where
        self._objects: list[dict[str, Any]] | None = None
        expect_utf8(data, where)
        self._table = _fast(data)
        if self._table is None:
            self._read()
        else:
            self.names, self.rows = list(self._table.column_names), self._table.num_rows

    def _read(self) -> list[dict[str, Any]]:
        if self._objects is None:
            self.names, self._objects = read_objects(self._data, self._where)
            self.rows = len(self._objects)
        return self._objects

    def column(self, name: str, style: Style, *, declared: bool) -> tuple[Column, ColumnNotes]:
        """Return the values of one key as a column (see :func:`column_of`)."""
        if self._table is not None and not _doubtful(values := self._table.column(name)):
            column, notes = column_from_arrow(values)
            if column.type == STRING:
                column = _inferred(column.data, style, notes, declared)
            return column, notes
        return column_of([each.get(name) for each in self._read()], style, declared=declared)


def _fast(data: Bytes) -> Any:
    """Read by pyarrow; None where it refuses, or where Python's reader would see other lines."""
    import pyarrow.json as reader

    arrow_json: Any = reader  # its stubs know no buffers
    raw = bytes(data)
    if not raw:
        return None

    def parse(schema: Any) -> Any:
        return arrow_json.read_json(
            pa.BufferReader(raw),
            read_options=arrow_json.ReadOptions(block_size=4 << 20),
            parse_options=arrow_json.ParseOptions(newlines_in_values=False, explicit_schema=schema),
        )

    try:
        table = parse(None)
        stamps = [field.name for field in table.schema if pa.types.is_timestamp(field.type)]
        if stamps:  # text that looks like dates: the text itself is wanted
            # (a schema puts its columns first)
            table = parse(pa.schema([(name, TEXT) for name in stamps])).select(table.column_names)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    lines = raw.count(b"\n") + (not raw.endswith(b"\n"))
    return table if table.num_rows == lines else None


def _doubtful(values: Any) -> bool:
    """Whether Python's reader may see other values: objects, and integers that pyarrow took for floats."""
    type_ = values.type
    if pa.types.is_floating(type_):
        numbers = np.abs(values.to_numpy())
        return bool((numbers >= 2.0**53).any())
    return not (pa.types.is_integer(type_) or pa.types.is_boolean(type_) or _is_text(type_) or pa.types.is_null(type_))


def _is_text(type_: Any) -> bool:
    return pa.types.is_string(type_) or pa.types.is_large_string(type_)


def read_objects(data: Bytes, where: str) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the keys in the order of their first appearance, and the objects.

    Raises:
        SourceError: a line is no JSON object, or has a key twice; the message tells the line.
    """
    names: dict[str, None] = {}
    objects: list[dict[str, Any]] = []
    decode = json.JSONDecoder(object_pairs_hook=_object).decode
    known: Any = None
    for number, line in _lines(data, where):
        try:
            value = decode(line)
        except RecursionError:
            raise SourceError("the line is nested too deep", where, "", number) from None
        except ValueError as fault:
            raise _bad_line(str(fault), line, objects, where, number) from None
        if not isinstance(value, dict):
            raise _bad_line(f"it is {_kind(value)}, not an object", line, objects, where, number)
        objects.append(value)
        if value.keys() != known:
            known = value.keys()
            names.update(dict.fromkeys(value))
    return list(names), objects


def object_lines(data: Bytes, where: str) -> Iterator[int]:
    """Yield the line, from 1, of each object: blank lines are left out."""
    return (number for number, _ in _lines(data, where))


def _lines(data: Bytes, where: str) -> Iterator[tuple[int, str]]:
    try:
        text = str(data, "utf-8") if len(data) else ""
    except UnicodeDecodeError:
        expect_utf8(data, where)
        raise
    for number, line in enumerate(text.split("\n"), 1):
        if line and not line.isspace():
            yield number, line.rstrip("\r")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key '{twice}' stands twice in one object")
    return found


def _bad_line(reason: str, line: str, before: list[Any], where: str, number: int) -> SourceError:
    start = line.lstrip()
    if not before and (start[0] == "[" or start in ("{", "{}")):
        advice = "write each object on a line of its own (jq -c '.[]' does that)"
        return SourceError("it is one JSON document, not JSON lines", where, advice, number)
    return SourceError(f"the line is no JSON object ({reason})", where, "one object stands on each line", number)


def _kind(value: object) -> str:
    kinds = {list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


# ---------------------------------------------------------------- columns


def column_of(values: list[Any], style: Style, *, declared: bool) -> tuple[Column, ColumnNotes]:
    """Return the values of one key as a column.

    Text that is ISO dates throughout becomes dates, unless the column's type is ``declared``. Values of several
    types become text: strings as they are, others as JSON.
    """
    notes = ColumnNotes()
    kinds = set(map(type, values)) - {type(None)}
    if not kinds:
        return Column.nulls_of(NULL, len(values)), notes
    if kinds == {str}:
        return _texts(values, style, notes, declared), notes
    if kinds == {bool}:
        return Column(BOOLEAN, np.array([value is True for value in values], np.bool_), _nulls(values)), notes
    if kinds == {int}:
        return _integers(values), notes
    if kinds <= {int, float}:
        wide = np.array([np.nan if value is None else _float(value) for value in values], np.float64)
        data, errors = finite(wide, _nulls(values), notes)
        return Column(FLOAT, data, None, errors), notes
    if kinds == {list} and (made := _lists(values)) is not None:
        return made
    if kinds <= {list, dict}:
        notes.remarks.append("nested values became JSON text")
        return Column(STRING, json_text(values)), notes
    said = " and ".join(sorted({_KINDS[kind] for kind in kinds}))
    notes.remarks.append(f"it mixes {said}: all became text")
    mixed = [
        value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in values
    ]
    return Column(STRING, _text(mixed)), notes


_KINDS: Final = {str: "text", bool: "true or false", int: "numbers", float: "numbers", list: "lists", dict: "objects"}


def _nulls(values: list[Any]) -> Any:
    null = np.array([value is None for value in values], np.bool_)
    return null if null.any() else None


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _text(values: list[Any]) -> Any:
    try:
        return pa.array(values, TEXT)
    except UnicodeEncodeError:  # "\ud800" is half a character: JSON can write it, text cannot hold it
        return pa.array(
            [None if value is None else value.encode("utf-8", "replace").decode() for value in values], TEXT
        )


def _texts(values: list[Any], style: Style, notes: ColumnNotes, declared: bool) -> Column:
    return _inferred(_text(values), style, notes, declared)


def _inferred(text: Any, style: Style, notes: ColumnNotes, declared: bool) -> Column:
    """Return text as dates where all of it is; JSON has other ways to write numbers and booleans."""
    found = None if declared else infer_date(text, style, notes)
    return Column(STRING, coded(text)) if found is None else found


def _integers(values: list[Any]) -> Column:
    whole = [0 if value is None else value for value in values]
    if min(whole) >= INT64_MIN and max(whole) <= INT64_MAX:
        return Column(INTEGER, np.array(whole, np.int64), _nulls(values))
    data = np.empty(len(whole), np.object_)
    data[:] = whole
    return Column(BIGINTEGER, data, _nulls(values))


def _lists(values: list[Any]) -> tuple[Column, ColumnNotes] | None:
    try:
        array = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError):
        return None
    return column_from_arrow(array)
