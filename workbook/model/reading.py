"""From plain JSON values to a workbook: every part is read by itself, so that all problems show at once."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from sheetline.formulas.diagnostics import Diagnostic, FormulaError, WorkbookError
from sheetline.formulas.parser import parse
from sheetline.formulas.suggest import closest
from sheetline.workbook.jsonpos import Positions
from sheetline.workbook.model.base import FORMAT, SheetBase
from sheetline.workbook.model.rules import SheetFacts, facts_of, output_problems, raw_facts, sheet_problems
from sheetline.workbook.model.settings import Output
from sheetline.workbook.model.translate import choice, validate
from sheetline.workbook.model.workbook import Workbook, WorkbookFields, WorkbookSettings
from sheetline.workbook.problems import Path, Problem, diagnostic, listed, problem, quoted
from sheetline.workbook.sheets import KINDS, RESERVED_KINDS

_PARAMETER_NAME = re.compile(r"[^\W\d]\w*")


@dataclass(slots=True)
class _Parts:
    """What was read so far."""

    header: WorkbookSettings | None = None
    sheets: list[SheetBase] = field(default_factory=list)
    facts: list[SheetFacts] = field(default_factory=list)
    sheet_facts: list[SheetFacts] = field(default_factory=list)
    outputs: list[tuple[Path, Output]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_workbook(
    raw: object, *, positions: Positions | None = None, path: pathlib.Path | None = None
) -> tuple[Workbook | None, list[Diagnostic]]:
    """Read the plain value of a workbook file: the workbook, or everything that is wrong with it."""
    parts = _Parts()
    if not isinstance(raw, Mapping):
        found = problem((), "W103", key="the workbook", expected="an object", got=quoted(raw), advice="")
        return None, diagnostics([found], raw, positions, path)
    parts.header, problems = read_header(raw)
    parts.problems += problems
    _read_sheets(raw.get("sheets"), parts)
    _read_outputs(raw.get("outputs"), parts)
    names = [facts.name for facts in parts.facts if facts.name is not None]
    parts.problems += sheet_problems(parts.facts)
    parts.problems += output_problems(parts.outputs, parts.sheets, names)
    if parts.problems or parts.header is None:
        told = [*diagnostics(parts.problems, raw, positions, path), *_misspelt(parts, positions, path)]
        return None, sorted(told, key=lambda d: (d.line or 0, d.col or 0))
    outputs = [output for _, output in parts.outputs]
    return Workbook.assembled(parts.header, parts.sheets, outputs, positions=positions, path=path), []


def _misspelt(parts: _Parts, positions: Positions | None, path: pathlib.Path | None) -> Iterator[Diagnostic]:
    """Yield the mistakes of spelling in the formulas of all sheets that could be read, so that they show at once."""
    for facts, sheet in zip(parts.sheet_facts, parts.sheets, strict=True):
        for place, text in (*sheet.formula_texts(), *sheet.check_texts()):
            try:
                parse(text)
            except FormulaError as error:
                for one in error.diagnostics:
                    whole = (*facts.path, *place)
                    inside = positions.find_inside(whole, one.span.start) if positions and one.span else None
                    line, col = inside or (positions.find(whole) if positions else (None, None))
                    file = None if path is None else str(path)
                    column = sheet.column_at(place)
                    yield one.with_place(sheet=sheet.name, column=column, file=file, line=line, col=col)


def read_header(raw: Mapping[str, object]) -> tuple[WorkbookSettings | None, list[Problem]]:
    """Read the settings of a workbook: everything but sheets and outputs."""
    problems: list[Problem] = []
    written = dict(raw)
    if "format" in written and written["format"] != FORMAT:
        problems.append(_format_problem(written["format"]))
        written["format"] = FORMAT
    for key in ("sheets", "outputs"):
        # Their items are read one by one; here only whether they are lists at all.
        if isinstance(written.get(key), list | tuple):
            written[key] = ()
    header, found = _settings(written)
    parameters = raw.get("parameters")
    problems += [
        problem(("parameters", name), "W114", on_key=True, got=quoted(name))
        for name in (parameters if isinstance(parameters, Mapping) else ())
        if not _PARAMETER_NAME.fullmatch(str(name))
    ]
    return header, problems + [_advised(item, raw) for item in found]


def _settings(written: Mapping[str, object]) -> tuple[WorkbookSettings | None, list[Problem]]:
    """Read the settings; all kinds of sheets need to be known only to tell what is wrong."""
    if written.get("sheets") == () == written.get("outputs", ()):
        alone = {key: value for key, value in written.items() if key not in ("sheets", "outputs")}
        header, found = validate(WorkbookSettings, alone, ())
        if not found:
            return header, found
    return validate(WorkbookFields, written, ())


def header_or_raise(raw: Mapping[str, object]) -> None:
    """Check the settings of a workbook.

    Raises:
        WorkbookError: one is wrong.
    """
    _, problems = read_header(raw)
    raise_problems(problems, raw)


def _format_problem(given: object) -> Problem:
    if isinstance(given, str) and re.fullmatch(r"sheetline/[0-9]+", given):
        advice = "it was written by another version of sheetline: update sheetline to read it"
    else:
        advice = f'write "format": "{FORMAT}"'
    return problem(("format",), "W111", got=quoted(given), known=quoted(FORMAT), advice=advice)


def _advised(item: Problem, raw: Mapping[str, object]) -> Problem:
    """Add near time zones to a problem with one; looking them up is slow and seldom needed."""
    if item.code != "W110":
        return item
    from zoneinfo import available_timezones

    near = closest(str(raw.get("timezone")), sorted(available_timezones()))
    if near:
        advice = f"did you mean {listed([quoted(name) for name in near], 'or')}?"
    else:
        advice = 'time zones have IANA names such as "Europe/Berlin" or "UTC"'
    return replace(item, details=(*item.details, ("advice", advice)))


def _read_sheets(raw: object, parts: _Parts) -> None:
    for index, item in enumerate(raw if isinstance(raw, list | tuple) else ()):
        path: Path = ("sheets", index)
        sheet, problems = read_sheet(item, path)
        parts.problems += problems
        if sheet is not None:
            parts.sheets.append(sheet)
            parts.facts.append(facts_of(sheet, path))
            parts.sheet_facts.append(parts.facts[-1])
        elif isinstance(item, Mapping):
            parts.facts.append(raw_facts(item, path))


def read_sheet(raw: object, path: Path) -> tuple[SheetBase | None, list[Problem]]:
    """Read one sheet: the sheet, or everything that is wrong with it."""
    if not isinstance(raw, Mapping):
        return None, [problem(path, "W103", key="a sheet", expected="an object", got=quoted(raw), advice="")]
    if "kind" not in raw:
        near = closest("kind", [str(key) for key in raw if key not in ("name", "description", "keep", "columns")])
        advice = f"did you mean it by {quoted(near[0])}?" if near else f"kinds are {listed(list(KINDS))}"
        return None, [problem(path, "W102", where="a sheet", key="'kind'", advice=advice)]
    kind = raw["kind"]
    if not isinstance(kind, str) or kind not in KINDS:
        place = (*path, "kind")
        if kind in RESERVED_KINDS:
            return None, [problem(place, "W105", kind=quoted(kind), kinds=listed(list(KINDS)))]
        return None, [choice(place, kind, list(KINDS))]
    return validate(KINDS[kind], raw, path)


def _read_outputs(raw: object, parts: _Parts) -> None:
    for index, item in enumerate(raw if isinstance(raw, list | tuple) else ()):
        output, problems = validate(Output, item, ("outputs", index))
        parts.problems += problems
        if output is not None:
            parts.outputs.append((("outputs", index), output))


# --- from problems to diagnostics


def diagnostics(
    problems: list[Problem], raw: object, positions: Positions | None, path: pathlib.Path | None
) -> list[Diagnostic]:
    """Give problems their line and column, sheet and column, in the order of the file."""
    found: list[Diagnostic] = []
    for item in problems:
        details = dict(item.details)
        if item.code == "W201":
            details["first"] = _first_place(item, problems, raw, positions)
        line, col = positions.find(item.path, key=item.on_key) if positions else (None, None)
        sheet, column = _names_at(raw, item.path)
        file = None if path is None else str(path)
        found.append(diagnostic(item.code, details, line=line, col=col, file=file, sheet=sheet, column=column))
    return sorted(found, key=lambda d: (d.line or 0, d.col or 0))


def raise_problems(problems: list[Problem], raw: object) -> None:
    """Raise what is wrong with a workbook that comes from no file, if anything is."""
    if problems:
        raise WorkbookError(diagnostics(problems, raw, None, None))


def _first_place(item: Problem, problems: list[Problem], raw: object, positions: Positions | None) -> str:
    """Say where the first sheet of a name stands."""
    sheets = raw.get("sheets") if isinstance(raw, Mapping) else None
    name = _names_at(raw, item.path)[0]
    for index, sheet in enumerate(sheets if isinstance(sheets, list | tuple) else ()):
        if (sheet.get("name") if isinstance(sheet, Mapping) else getattr(sheet, "name", None)) == name:
            if positions is None:
                return f"the first is sheet {index + 1}"
            return f"the first stands in line {positions.find(('sheets', index, 'name'))[0]}"
    return "there is one already"


def _names_at(raw: object, path: Path) -> tuple[str | None, str | None]:
    """Return the names of the sheet and the column that a path leads through."""
    if len(path) < 2 or path[0] != "sheets" or not isinstance(raw, Mapping) or not isinstance(path[1], int):
        return None, None
    sheets = raw.get("sheets")
    sheet = sheets[path[1]] if isinstance(sheets, list | tuple) and path[1] < len(sheets) else None
    if not isinstance(sheet, Mapping):
        return None, None
    name = sheet.get("name")
    column: object = None
    if len(path) > 3 and path[2] == "columns" and isinstance(path[3], int):
        columns = sheet.get("columns")
        if isinstance(columns, Mapping):
            column = list(columns)[path[3]]
        elif isinstance(columns, list | tuple) and path[3] < len(columns):
            entry = columns[path[3]]
            column = entry.get("name") if isinstance(entry, Mapping) else None
    return name if isinstance(name, str) else None, column if isinstance(column, str) else None


# --- adding to a workbook


def extension(book: Workbook, key: str, part: Mapping[str, object]) -> SheetBase | Output:
    """Read one more sheet or output of a workbook (``key``: "sheets" or "outputs").

    Raises:
        WorkbookError: the part is wrong, or doesn't fit what is there.
    """
    present: tuple[SheetBase | Output, ...] = getattr(book, key)
    path: Path = (key, len(present))
    read: SheetBase | Output | None
    if key == "sheets":
        read, problems = read_sheet(part, path)
        facts = [facts_of(sheet, ("sheets", index)) for index, sheet in enumerate(book.sheets)]
        facts.append(raw_facts(part, path) if read is None else facts_of(read, path))
        problems += sheet_problems(facts)
    else:
        read, problems = validate(Output, part, path)
        outputs = [*book.outputs, *([] if read is None else [read])]
        places = [(("outputs", index), output) for index, output in enumerate(outputs)]
        problems += output_problems(places, book.sheets, [sheet.name for sheet in book.sheets])
    # The raw value only names the sheet in diagnostics.
    raise_problems(problems, {key: [*present, part]})
    assert read is not None, "what has no problem was read"
    return read
