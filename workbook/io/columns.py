"""What a source sheet asks of its file: which columns it takes, under which names, as which types."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa

from sheetline.formulas.suggest import closest
from sheetline.functions import errors as err
from sheetline.functions.arrow import ColumnNotes, column_to_arrow, instants
from sheetline.functions.buffers import arrow_array, text_array, text_scalar
from sheetline.functions.columns import Column
from sheetline.functions.dates.calendar import MAX_US, MIN_US
from sheetline.functions.dates.format import format_dates
from sheetline.functions.errors import Errors, Origin
from sheetline.functions.helpers import side_by_side as in_threads
from sheetline.functions.interop import unique_names
from sheetline.functions.types import DATE, INT64_MAX, INTEGER, STRING, Kind, Type, accepts, list_of
from sheetline.workbook.io import typed
from sheetline.workbook.io.faults import SourceError
from sheetline.workbook.io.infer import coded, infer
from sheetline.workbook.io.typed import Style

TEXT: Final = pa.large_string()


class ColumnSpec(Protocol):
    """A column that the sheet lists; the model's ``SourceColumn`` is one."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def source_name(self) -> str: ...  # noqa: D102
    @property
    def type(self) -> str | None: ...  # noqa: D102
    @property
    def pattern(self) -> str | None: ...  # noqa: D102
    @property
    def nulls(self) -> tuple[str, ...] | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Wanted:
    """A column of the sheet: its name, its place in the file, and what is declared of it."""

    name: str
    place: int
    type: Type | None = None
    pattern: str | None = None
    nulls: tuple[str, ...] | None = None


@cache
def type_named(name: str) -> Type:
    """Return the type that a workbook names, such as ``list<integer>``.

    >>> str(type_named("list<integer>"))
    'list<integer>'
    """
    inner = re.fullmatch(r"list<(.*)>", name)
    return list_of(type_named(inner[1])) if inner else Type(Kind(name))


def plan(
    names: Sequence[str],
    specs: Sequence[ColumnSpec],
    only: bool,
    where: str,
    renames: Mapping[str, str] | None = None,
) -> tuple[list[Wanted], list[str]]:
    """Return the columns of the sheet in order, and remarks.

    Listed columns stand where the file has them, or in the listed order with ``only``. ``renames`` gives other
    names in the file for listed or unlisted columns, by the sheet's name.

    Raises:
        SourceError: the file lacks columns that are listed; all of them are named.
    """
    place_of = {name: place for place, name in enumerate(names)}
    sources = {spec.name: (renames or {}).get(spec.name, spec.source_name) for spec in specs}
    listed = set(sources)
    extra = {name: source for name, source in (renames or {}).items() if name not in listed}
    missing = [source for source in [*sources.values(), *extra.values()] if source not in place_of]
    if missing:
        raise _lacking(missing, names, where)
    found = [
        Wanted(
            spec.name,
            place_of[sources[spec.name]],
            None if spec.type is None else type_named(spec.type),
            spec.pattern,
            spec.nulls,
        )
        for spec in specs
    ]
    found += [Wanted(name, place_of[source]) for name, source in extra.items()]
    if only:
        return found, []
    taken = {one.place for one in found}
    rest = [place for place in range(len(names)) if place not in taken]
    named = {one.name for one in found}
    remarks: list[str] = []
    for place in rest:
        # A listed column may take the name of another column of the file.
        fresh = unique_names([*named, names[place]])[0][-1]
        if fresh != names[place]:
            remarks.append(f"the file's column '{names[place]}' is called '{fresh}': a listed column has its name")
        named.add(fresh)
        found.append(Wanted(fresh, place))
    return sorted(found, key=lambda one: one.place), remarks


def _lacking(missing: Iterable[str], names: Sequence[str], where: str) -> SourceError:
    said = []
    for name in dict.fromkeys(missing):
        near = closest(name, names)
        said.append(f"'{name}'" + (f" (did you mean {' or '.join(repr(one) for one in near)}?)" if near else ""))
    shown = ", ".join(f"'{name}'" for name in names[:20]) + (" …" if len(names) > 20 else "")
    return SourceError(
        f"the file has no column {', '.join(said)}", where, f"it has {shown}" if names else "it has none"
    )


# ---------------------------------------------------------------- from text


def from_text(
    text: Any, wanted: Wanted, style: Style, nulls: Sequence[str], errors: Errors | None
) -> tuple[Column, ColumnNotes]:
    """Return a text array as the column that is declared, or as the type that it shows.

    Args:
        text: a ``large_string`` array.
        wanted: what is declared.
        style: how numbers are written.
        nulls: the words that mean null.
        errors: rows that are errors already.
    """
    notes = ColumnNotes()
    text = without_words(text, nulls)
    if wanted.type is None:
        column = infer(text, style, notes)
    else:
        column = typed.read_as(text, wanted.type, style, wanted.pattern, notes)
        if column.type == STRING:
            column = Column(STRING, coded(column.data), None, column.errors)
    if errors is not None:
        column = column.with_errors(err.first([errors, column.errors]))
    return notes.settle(column), notes


def without_words(text: Any, nulls: Sequence[str]) -> Any:
    """Return text with null for the words that mean null."""
    import pyarrow.compute as arrow_compute

    pc: Any = arrow_compute

    if not nulls or not len(text):
        return text
    if list(nulls) == [""]:
        gone = pc.equal(text, text_scalar(""))
    else:
        gone = pc.is_in(text, text_array(list(nulls)))
        # Arrow keeps the bytes of what becomes null; types are told from bytes, so these must go.
        text = pc.if_else(gone, text_scalar(""), text)
    if text.offset or text.null_count:
        return pc.if_else(gone, text_scalar(None), text)
    _, offsets, data = text.buffers()
    return pa.LargeStringArray.from_buffers(len(text), offsets, data, pc.invert(gone).buffers()[1])


def side_by_side(makers: Sequence[Any]) -> list[Any]:
    """Run functions without arguments on a few threads; results in order."""
    return in_threads(lambda make: make(), makers, min(os.cpu_count() or 1, 8))


# ---------------------------------------------------------------- from values


def retyped(column: Column, notes: ColumnNotes, wanted: Wanted, style: Style, where: str) -> tuple[Column, ColumnNotes]:
    """Return a column that already has a type as the type that is declared; what doesn't fit is an error value.

    Raises:
        SourceError: whole numbers are to be dates, and nothing says what they count.
    """
    if wanted.nulls is not None and column.type == STRING:
        column = Column(STRING, without_words(column.plain().data, wanted.nulls), None, column.errors)
    if wanted.type is None or wanted.type == column.type:
        return notes.settle(column), notes
    if wanted.type == DATE and column.type.kind in (Kind.INTEGER, Kind.FLOAT):
        return notes.settle(_epoch(column, wanted, notes, where)), notes
    if accepts(wanted.type, column.type):
        return notes.settle(column.cast(wanted.type)), notes
    if wanted.type == INTEGER and column.type.kind is Kind.FLOAT:
        return notes.settle(_whole(column)), notes
    text = as_text(column)
    made = typed.read_as(text, wanted.type, style, wanted.pattern, notes)
    return notes.settle(made.with_errors(err.first([column.errors, made.errors]))), notes


def as_text(column: Column) -> Any:
    """Return a column's values as text: ISO dates, shortest round-trip numbers, ``true`` and ``false``."""
    if column.type.kind is Kind.DATE:
        text = format_dates(column.data)
        null = column.nulls()
        return text if null is None else _masked(text, null)
    if column.type.kind in (Kind.LIST, Kind.PAIR):
        from sheetline.functions.arrow import json_text

        return json_text(column.to_list())
    if column.type.is_big:
        return pa.array([None if value is None else str(value) for value in column.to_list()], TEXT)
    if column.is_coded:
        return column.plain().data
    return column_to_arrow(column).cast(TEXT)


def _masked(text: Any, null: Any) -> Any:
    import pyarrow.compute as arrow_compute

    pc: Any = arrow_compute

    return pc.if_else(arrow_array(null), text_scalar(None), text)


def _whole(column: Column) -> Column:
    data = column.data
    with np.errstate(invalid="ignore"):
        fits = (np.abs(data) < 2.0**63) & (np.trunc(data) == data)
        whole = np.where(fits, data, 0).astype(np.int64)
    null = np.isnan(data)
    rows = np.flatnonzero(~fits & ~null)
    made = err.make(rows, "PARSE", Origin("", "{0} is no integer of 64 bit", (data[rows],)))
    return Column(INTEGER, whole, null if null.any() else None).with_errors(err.first([column.errors, made]))


def _epoch(column: Column, wanted: Wanted, notes: ColumnNotes, where: str) -> Column:
    if wanted.pattern not in ("epoch-s", "epoch-ms"):
        what = f"column '{wanted.name}' is declared a date, and the file has numbers"
        raise SourceError(what, where, 'give "pattern": "epoch-s" or "epoch-ms"')
    unit = wanted.pattern.removeprefix("epoch-")
    null = column.nulls()
    if column.type.kind is Kind.INTEGER:
        made = instants(column.data, null, unit, notes)
    else:
        per = 1e6 if unit == "s" else 1e3
        with np.errstate(over="ignore", invalid="ignore"):
            us = np.rint(column.data * per)
            bad = ~((us >= float(MIN_US)) & (us <= float(min(MAX_US, INT64_MAX)))) & ~np.isnan(column.data)
            whole = np.where(bad | np.isnan(us), 0, us).astype(np.int64)
        rows = np.flatnonzero(bad)
        note = f"{{0}} {unit} since 1970 is no date of the years 1 to 9999"
        failed = err.make(rows, "RANGE", Origin("", note, (column.data[rows],)))
        made = Column(DATE, whole, null).with_errors(failed)
    return made.with_errors(err.first([column.errors, made.errors]))
