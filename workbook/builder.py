"""Making a workbook in Python: one method a kind of sheet, with the keys of the file as arguments.

Each method returns a new workbook with one thing more, checked as it would be when read from a file. A
sheet has to stand after the sheets that it takes.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from sheetline.workbook.sheets import Sheet

Row = Mapping[str, object]
"""An object of the file, such as ``{"column": "Speed", "order": "desc"}``."""


class WorkbookBuilder:
    """The steps of making a workbook; mixed into :class:`~sheetline.workbook.model.workbook.Workbook`."""

    __slots__ = ()

    if TYPE_CHECKING:
        sheets: tuple[Sheet, ...]

    def source(
        self,
        name: str,
        path: str | os.PathLike[str] | None = None,
        *,
        type: str | None = None,
        columns: Sequence[Row] | Mapping[str, str] | None = None,
        only: bool = False,
        description: str | None = None,
        keep: bool = False,
        **options: object,
    ) -> Self:
        """Add a source.

        Args:
            name: the sheet's name.
            path: the file, relative to the workbook; without it a frame is given at run time.
            type: "csv", "jsonl", "parquet" or "frame"; told from the ending of the path without it.
            columns: objects as in the file, or {name: type}.
            only: drop the columns that are not listed.
            description: what the sheet is for.
            keep: part of every run and of its record.
            **options: further keys of ``from``: delimiter, quote, header, encoding, …

        Raises:
            WorkbookError: something is wrong with it.

        >>> from sheetline.workbook.model.workbook import Workbook
        >>> Workbook("W").source("E", "e.csv.gz", delimiter=";").sheet("E").from_.delimiter
        ';'
        """
        listed: object = columns
        if isinstance(columns, Mapping):
            listed = [{"name": column, "type": kind} for column, kind in columns.items()]
        parts = {"from": self._endpoint(path, type, options), "columns": listed}
        return self._sheet("source", name, description, {**parts, **_flags(only=only, keep=keep)})

    def formulas(
        self,
        name: str,
        *,
        of: str,
        columns: Mapping[str, str] | Sequence[Row],
        copy: bool | Sequence[str] | Mapping[str, Sequence[str]] = False,
        description: str | None = None,
        keep: bool = False,
    ) -> Self:
        """Add a sheet of formulas: ``columns`` is {name: formula} or a list of objects as in the file.

        Raises:
            WorkbookError: something is wrong with it.
        """
        parts: dict[str, object] = {"of": of, "columns": columns}
        if copy is not False:
            parts["copy"] = copy
        return self._sheet("formulas", name, description, {**parts, **_flags(keep=keep)})

    def filter(
        self,
        name: str,
        *,
        of: str,
        where: str | None = None,
        conditions: Sequence[Row] | None = None,
        connector: str | None = None,
        description: str | None = None,
        keep: bool = False,
    ) -> Self:
        """Add a filter: a formula ``where``, or ``conditions`` that a ``connector`` ("AND", "OR") joins.

        Raises:
            WorkbookError: something is wrong with it.
        """
        parts = {"of": of, "where": where, "conditions": conditions, "connector": connector}
        return self._sheet("filter", name, description, {**parts, **_flags(keep=keep)})

    def sort(
        self,
        name: str,
        *,
        of: str,
        by: str | Sequence[str | Row],
        limit: int | None = None,
        offset: int = 0,
        description: str | None = None,
        keep: bool = False,
    ) -> Self:
        """Add a sort by columns (their names, ascending) or objects as in the file.

        Raises:
            WorkbookError: something is wrong with it.
        """
        keys = [{"column": key} if isinstance(key, str) else key for key in ([by] if isinstance(by, str) else by)]
        parts = {"of": of, "by": keys, "limit": limit, "offset": offset or None}
        return self._sheet("sort", name, description, {**parts, **_flags(keep=keep)})

    def join(
        self,
        name: str,
        *,
        left: str,
        right: str,
        on: str | Sequence[str | Row] | None = None,
        how: str = "inner",
        select: Sequence[Row] | Mapping[str, str] | None = None,
        expect: str | None = None,
        description: str | None = None,
        keep: bool = False,
    ) -> Self:
        """Add a join ``on`` names that both sheets have or objects with left and right.

        ``select`` is a list of objects as in the file, or {name: "Sheet!Column"}.

        Raises:
            WorkbookError: something is wrong with it.
        """
        chosen: object = select
        if isinstance(select, Mapping):
            chosen = [{"name": column, "from": origin} for column, origin in select.items()]
        keys = [on] if isinstance(on, str) else on
        parts = {"left": left, "right": right, "how": how, "on": keys, "select": chosen, "expect": expect}
        return self._sheet("join", name, description, {**parts, **_flags(keep=keep)})

    def union(
        self,
        name: str,
        *,
        of: Sequence[str],
        match: str = "name",
        distinct: bool = False,
        origin: str | None = None,
        description: str | None = None,
        keep: bool = False,
    ) -> Self:
        """Add a union of sheets.

        Raises:
            WorkbookError: something is wrong with it.
        """
        parts = {"of": of, "match": match, "origin": origin}
        return self._sheet("union", name, description, {**parts, **_flags(distinct=distinct, keep=keep)})

    def distinct(
        self,
        name: str,
        *,
        of: str,
        columns: Sequence[str] | None = None,
        keep: str = "first",
        description: str | None = None,
        kept: bool = False,
    ) -> Self:
        """Add one row for each combination of values; ``keep`` is "first" or "last", ``kept`` the run's flag.

        Raises:
            WorkbookError: something is wrong with it.
        """
        parts = {"of": of, "columns": columns, "keep": keep}
        return self._sheet("distinct", name, description, {**parts, **_flags(kept=kept)})

    def pivot(
        self,
        name: str,
        *,
        of: str,
        rows: Sequence[str],
        column: str,
        values: Mapping[str, str] | Sequence[Row],
        expected: Sequence[object] | None = None,
        description: str | None = None,
        keep: bool = False,
    ) -> Self:
        """Add a pivot; ``values`` is {name: aggregate} or a list of objects as in the file.

        Raises:
            WorkbookError: something is wrong with it.
        """
        filled: object = values
        if isinstance(values, Mapping):
            filled = [{"name": value, "formula": formula} for value, formula in values.items()]
        parts = {"of": of, "rows": rows, "column": column, "values": filled, "expected": expected}
        return self._sheet("pivot", name, description, {**parts, **_flags(keep=keep)})

    def unpivot(
        self,
        name: str,
        *,
        of: str,
        columns: Sequence[str],
        keep: Sequence[str] = (),
        label: str = "Column",
        value: str = "Value",
        drop_nulls: bool = False,
        description: str | None = None,
        kept: bool = False,
    ) -> Self:
        """Add an unpivot; ``keep`` lists columns repeated on each row, ``kept`` is the run's flag.

        Raises:
            WorkbookError: something is wrong with it.
        """
        parts = {"of": of, "columns": columns, "keep": keep, "label": label, "value": value}
        return self._sheet("unpivot", name, description, {**parts, **_flags(dropNulls=drop_nulls, kept=kept)})

    def sample(
        self,
        name: str,
        *,
        of: str,
        rows: int | None = None,
        fraction: float | None = None,
        by: str | Sequence[str] | None = None,
        seed: int = 0,
        description: str | None = None,
        keep: bool = False,
    ) -> Self:
        """Add a sample of a number of ``rows``, or of a ``fraction`` (above 0, at most 1).

        Raises:
            WorkbookError: something is wrong with it.
        """
        parts = {"of": of, "rows": rows, "fraction": fraction, "by": by, "seed": seed}
        return self._sheet("sample", name, description, {**parts, **_flags(keep=keep)})

    def checks(self: Any, sheet: str, checks: Row | Sequence[Row]) -> Any:
        """Add checks to a sheet that is there already: what must be true of its rows.

        Args:
            sheet: the sheet to check.
            checks: one object as in the file, or several.

        Returns:
            The new workbook.

        Raises:
            WorkbookError: there is no such sheet, or something is wrong with a check.

        >>> from sheetline import Workbook
        >>> book = Workbook("W").source("E", type="frame").checks("E", {"kind": "unique", "column": "id"})
        >>> run = book.checks("E", {"kind": "rows", "min": 1}).run(sources={"E": {"id": [1, 2]}})
        >>> [(one.name, one.status) for _, one in run.report.checks]
        [('unique(id)', 'passed'), ('rows', 'passed')]
        """
        from sheetline.workbook.checks.adding import with_checks

        several = [checks] if isinstance(checks, Mapping) else checks
        return with_checks(self, sheet, [plain_json(one) for one in several])

    def output(
        self, sheet: str, path: str | os.PathLike[str] | None = None, *, type: str | None = None, **options: object
    ) -> Self:
        """Have a sheet written to a file; its type is told from the ending of the path.

        Args:
            sheet: the sheet to write.
            path: the file, relative to the workbook; without it the caller takes the frame from the run.
            type: "csv", "jsonl", "parquet" or "frame".
            **options: further keys of ``to``: delimiter, encoding, columns, row_group, …

        Raises:
            WorkbookError: there is no such sheet, or something is wrong with the output.
        """
        return self._extended("outputs", {"sheet": sheet, "to": self._endpoint(path, type, options)})

    def _sheet(self, kind: str, name: str, description: str | None, parts: Mapping[str, object]) -> Self:
        given = {"name": name, "kind": kind, "description": description, **parts}
        return self._extended("sheets", {key: plain_json(v) for key, v in given.items() if v is not None})

    def _endpoint(
        self, path: str | os.PathLike[str] | None, kind: str | None, options: Mapping[str, object]
    ) -> dict[str, object]:
        """Make the object under ``from`` or ``to``."""
        from sheetline.workbook.model.endpoints import infer_endpoint
        from sheetline.workbook.model.reading import raise_problems
        from sheetline.workbook.problems import problem, quoted

        written: dict[str, object] = {}
        if path is not None:
            written = {"type": kind, "path": os.fspath(path)}
            inferred = infer_endpoint(os.fspath(path))
            if kind is None and inferred is None:
                raise_problems([problem((), "W215", path=quoted(os.fspath(path)))], None)
            if inferred is not None and kind in (None, inferred["type"]):
                written |= inferred
        else:
            written = {"type": kind or "frame"}
        return written | {_camel(key): plain_json(value) for key, value in options.items()}

    @abstractmethod
    def _extended(self, key: str, part: Mapping[str, object]) -> Self:
        """Return a copy with one sheet or output more, checked together with what is there."""


def _flags(**flags: bool) -> dict[str, object]:
    """Keep the flags that are set."""
    return {key: True for key, value in flags.items() if value}


def _camel(key: str) -> str:
    """Write an argument as the file writes its key.

    >>> _camel("row_group")
    'rowGroup'
    """
    first, *others = key.split("_")
    return first + "".join(word.title() for word in others)


def plain_json(value: Any) -> Any:
    """Return a Python value with lists for tuples and dicts for mappings, as JSON would have it."""
    if isinstance(value, Mapping):
        return {key: plain_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    return value
