"""What differs between two records beside their workbooks: what the runs were made of, and what they gave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sheetline.workbook.diff.model import Change, ColumnData, RowsDiff, SheetData, Status
from sheetline.workbook.diff.reach import reach_of_parameter, reach_of_sheet
from sheetline.workbook.diff.rows import POSITION, can_match, compare_rows
from sheetline.workbook.record.causes import CLOCK, OPTION, Cause, run_causes, sheet_causes
from sheetline.workbook.sheets.distinct import DistinctSheet
from sheetline.workbook.sheets.filter import FilterSheet
from sheetline.workbook.sheets.formulas import FormulasSheet, FormulasStep
from sheetline.workbook.sheets.pivot import PivotSheet
from sheetline.workbook.sheets.sample import SampleSheet
from sheetline.workbook.sheets.sort import SortSheet

if TYPE_CHECKING:
    from sheetline.workbook.diff.matching import Matches
    from sheetline.workbook.diff.sides import Side
    from sheetline.workbook.diff.spelling import Renames
    from sheetline.workbook.record.model import ColumnRecord, OutputRecord, RunRecord, SheetRecord, SourceRecord

Keys = Mapping[str, Sequence[str]]


class UnknownKeyError(ValueError):
    """A key names a sheet or a column that is not there."""


# ---------------------------------------------------------------- what the runs were made of


def run_changes(a: Side, b: Side, matches: Matches, told: Sequence[Change]) -> Iterator[Change]:
    """Yield what differs in what two runs were made of, but for what ``told`` says of their workbooks."""
    old, new = a.record, b.record
    assert old is not None
    assert new is not None
    yield from _parameters(old, new, b, told)
    if old.sample != new.sample:
        yield Change("changed", "sample", None, "sample", old.sample, new.sample, "sample of the runs changed")
    if old.wanted != new.wanted:
        was, is_ = (None if one is None else list(one) for one in (old.wanted, new.wanted))
        yield Change("changed", "wanted", None, "sheets", was, is_, "sheets that the runs were asked for changed")
    read = {name for one in told if one.what in ("source", "read option") and (name := one.sheet) is not None}
    for sheet in new.sheets:
        before = _recorded(old, _old_name(matches, sheet.name))
        if before is not None:
            yield from _sheet(before, sheet, old, new, b, told_already=sheet.name in read)
    for cause in run_causes(old, new):
        yield Change("changed", "version", None, cause.key, cause.then, cause.now, cause.words)
    if old.platform != new.platform:
        yield Change("changed", "platform", None, "platform", old.platform, new.platform, "platform changed")
    yield from _outputs(old, new)


def _parameters(old: RunRecord, new: RunRecord, b: Side, told: Sequence[Change]) -> Iterator[Change]:
    known = {one.name for one in told if one.what == "parameter"}
    for name in {**old.parameters, **new.parameters}:
        was, is_ = old.parameters.get(name, {}).get("value"), new.parameters.get(name, {}).get("value")
        given = name in old.given or name in new.given
        if was != is_ and (name not in known or given):
            words = f"value of parameter {name} in the run changed"
            yield Change("changed", "parameter", None, name, was, is_, words, reach_of_parameter(b, name))


def _sheet(
    before: SheetRecord, now: SheetRecord, old: RunRecord, new: RunRecord, b: Side, *, told_already: bool
) -> Iterator[Change]:
    """Yield what a sheet was made of beside its keys: bytes of a source, read options of the run, clock, seed."""
    then, is_ = old.source(before.name), new.source(now.name)
    reach = reach_of_sheet(b, now.name)
    if then is not None and is_ is not None and then.hash != is_.hash:
        words = f"data of source {now.name} changed"
        yield Change("changed", "source data", now.name, None, _bytes(then), _bytes(is_), words, reach)
    elif then is not None and is_ is not None and then.path != is_.path and not told_already:
        words = f"path of source {now.name} in the run changed, not its data"
        yield Change("changed", "source", now.name, "path", then.path, is_.path, words)
    for cause in sheet_causes(before, now, then, is_):
        if cause.kind == CLOCK or (cause.kind == OPTION and _of_run(cause, told_already)):
            what = "clock or seed" if cause.kind == CLOCK else "read option"
            words = f"{cause.key} of {now.name} changed"
            yield Change("changed", what, now.name, cause.key, cause.then, cause.now, words, reach)


def _of_run(cause: Cause, told_already: bool) -> bool:
    return not told_already or cause.key.startswith("mapping of") or cause.key == "sample"


def _outputs(old: RunRecord, new: RunRecord) -> Iterator[Change]:
    before = {one.path: one for one in old.outputs}
    for one in new.outputs:
        other = before.get(one.path)
        if other is not None and other.hash != one.hash:
            words = f"file {one.path} of {one.sheet} changed"
            yield Change("changed", "output data", one.sheet, one.path, _file(other), _file(one), words)


def _bytes(source: SourceRecord) -> dict[str, Any]:
    return {"path": source.path, "size": source.size, "hash": source.hash}


def _file(output: OutputRecord) -> dict[str, Any]:
    return {"rows": output.rows, "errors": output.errors, "size": output.size, "hash": output.hash}


# ---------------------------------------------------------------- what the runs gave


def sheets_data(a: Side, b: Side, matches: Matches, keys: Keys, examples: int) -> Iterator[SheetData]:
    """Yield what two runs gave for every sheet that one of them computed and both workbooks have.

    Raises:
        RecordError: rows of a kept sheet can't be read.
    """
    old, new = a.record, b.record
    assert old is not None
    assert new is not None
    for name, other in sorted(matches.pairs.items(), key=lambda pair: _place(new, pair[1])):
        before, now = _recorded(old, name), _recorded(new, other)
        if before is not None and now is not None:
            yield _data(_Sheets(a, b, before, now, matches.names), keys.get(other), examples)
        elif before is not None or now is not None:
            rows = (None if before is None else before.rows, None if now is None else now.rows)
            yield SheetData(other, name, *rows, 0, 0, ())


def _place(record: RunRecord, name: str) -> int:
    names = [sheet.name for sheet in record.sheets]
    return names.index(name) if name in names else len(names)


def _recorded(record: RunRecord, name: str | None) -> SheetRecord | None:
    return next((sheet for sheet in record.sheets if sheet.name == name), None)


def _old_name(matches: Matches, name: str) -> str | None:
    return next((old for old, new in matches.pairs.items() if new == name), None)


class _Sheets:
    """A sheet in both records."""

    def __init__(self, a: Side, b: Side, old: SheetRecord, new: SheetRecord, names: Renames) -> None:
        self.a, self.b, self.old, self.new = a, b, old, new
        there = {column.name for column in new.columns} | set(new.not_read)
        before = [column.name for column in old.columns] + list(old.not_read)
        found = {one: names.column(old.name, one) for one in before}
        #: old name → new name of the columns that both have, computed or not
        self.pairs = {one: name for one, name in found.items() if name in there}

    def columns(self) -> Iterator[ColumnData]:
        computed_old = {one.name: one for one in self.old.columns}
        computed_new = {one.name: one for one in self.new.columns}
        before = {name: one for one, name in self.pairs.items()}
        for name in [*computed_new, *(n for n in self.new.not_read if n not in computed_new)]:
            one = before.get(name)
            was, now = computed_old.get(one or ""), computed_new.get(name)
            if was is not None or now is not None:
                yield _column(name, one, was, now)
        for one, was in computed_old.items():
            if one not in self.pairs:
                yield _column(one, one, was, None, gone=True)

    @property
    def moved(self) -> bool:
        """Whether columns that both computed stand in another order."""
        old = [self.pairs.get(one.name) for one in self.old.columns]
        new = [one.name for one in self.new.columns]
        return [name for name in old if name in new] != [name for name in new if name in old]


def _column(
    name: str, before: str | None, was: ColumnRecord | None, now: ColumnRecord | None, *, gone: bool = False
) -> ColumnData:
    status: Status = "differs"
    if gone:
        status = "removed"
    elif before is None:
        status = "added"
    elif was is None or now is None:
        status = "not computed"
    elif was.type != now.type:
        status = "retyped"
    elif was.hash == now.hash:
        status = "identical"
    types = (None if was is None else was.type, None if now is None else now.type)
    errors = (0 if was is None else was.errors, 0 if now is None else now.errors)
    return ColumnData(name, before or name, status, *types, *errors)


def _data(sheets: _Sheets, keys: Sequence[str] | None, examples: int) -> SheetData:
    old, new = sheets.old, sheets.new
    columns = tuple(sheets.columns())
    found = SheetData(new.name, old.name, old.rows, new.rows, old.removed, new.removed, columns, sheets.moved)
    _expect_keys(sheets, keys)
    if not found.differs or old.kept is None or new.kept is None:
        return found
    rows = _rows(sheets, keys, examples)
    return SheetData(new.name, old.name, old.rows, new.rows, old.removed, new.removed, columns, sheets.moved, rows)


def _rows(sheets: _Sheets, keys: Sequence[str] | None, examples: int) -> RowsDiff:
    """Compare the rows of a kept sheet.

    Raises:
        UnknownKeyError: a given key is no column of both, or of types that are never equal.
    """
    assert sheets.a.record is not None
    assert sheets.b.record is not None
    before, now = sheets.a.record.table(sheets.old.name), sheets.b.record.table(sheets.new.name)
    columns = [(one, name) for one, name in sheets.pairs.items() if one in before.columns and name in now.columns]
    old_names = {name: one for one, name in columns}
    name = sheets.new.name
    if keys is not None:
        pairs = [(old_names[key], key) for key in keys]
        if not can_match(before, now, pairs):
            raise UnknownKeyError(f"the keys of sheet '{name}' have types that are never equal")
        return compare_rows(before, now, columns, pairs, "given", examples)
    found, how = found_keys(sheets.b, name)
    pairs = [(old_names[key], key) for key in found if key in old_names]
    if found and len(pairs) == len(found) and can_match(before, now, pairs):
        return compare_rows(before, now, columns, pairs, how, examples)
    return compare_rows(before, now, columns, [], POSITION, examples)


def _expect_keys(sheets: _Sheets, keys: Sequence[str] | None) -> None:
    """Refuse keys that are no columns of both sheets."""
    old, new = ({column.name for column in one.columns} for one in (sheets.old, sheets.new))
    known = [name for one, name in sheets.pairs.items() if one in old and name in new]
    for key in keys or ():
        if key not in known:
            words = f"sheet '{sheets.new.name}' has no column '{key}' in both runs: its columns are {_listed(known)}"
            raise UnknownKeyError(words)


def found_keys(side: Side, name: str) -> tuple[list[str], str]:
    """Return the columns that tell the rows of a sheet apart by its definition, and how they were found.

    These are the grouping keys of an aggregate sheet, the rows of a pivot, the columns of a distinct sheet, also
    where sheets over these pass them on.
    """
    plan = side.plan
    sheet = side.book.sheet(name)
    while plan is not None:
        step = plan.steps[sheet.name]
        if isinstance(sheet, FormulasSheet) and isinstance(step, FormulasStep):
            if step.bound.shape != "aggregate" or not step.bound.keys or step.bound.expansions:
                break
            roots = {node.id: column for column, node in step.bound.columns.items()}
            found = [roots[key.id] for key in step.bound.keys if key.id in roots]
            return (found, "grouping keys") if len(found) == len(step.bound.keys) else ([], POSITION)
        if isinstance(sheet, PivotSheet):
            return list(sheet.rows), "rows of a pivot"
        if isinstance(sheet, DistinctSheet):
            if sheet.columns is not None:
                return list(sheet.columns), "distinct columns"
        elif not isinstance(sheet, FilterSheet | SortSheet | SampleSheet):
            break
        sheet = side.book.sheet(sheet.of)
    return [], POSITION


def checked_keys(given: Mapping[str, Any] | None, matches: Matches, b: Side) -> dict[str, list[str]]:
    """Return keys by the new name of their sheet; the old name is taken too.

    Raises:
        UnknownKeyError: there is no such sheet.
    """
    found: dict[str, list[str]] = {}
    names = [sheet.name for sheet in b.book.sheets]
    for name, columns in (given or {}).items():
        sheet = name if name in names else matches.pairs.get(name)
        if sheet is None:
            raise UnknownKeyError(
                f"there is no sheet '{name}' in both: the sheets are {_listed(matches.pairs.values())}"
            )
        found[sheet] = [columns] if isinstance(columns, str) else list(columns)
        if not found[sheet]:
            raise UnknownKeyError(f"the key of sheet '{name}' names no column")
    return found


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
