"""Rules between sheets: names, references, circles, outputs. They hold for files and for builders alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sheetline.formulas.suggest import closest
from sheetline.workbook.model.base import SheetBase
from sheetline.workbook.model.settings import Output
from sheetline.workbook.problems import Path, Problem, listed, problem, quoted
from sheetline.workbook.sheets.source import SourceSheet


@dataclass(frozen=True, slots=True)
class Reference:
    """A place that names a sheet."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class SheetFacts:
    """What the rules need to know of a sheet, also of one that could not be read entirely."""

    path: Path
    name: str | None
    inputs: tuple[Reference, ...]


def facts_of(sheet: SheetBase, path: Path) -> SheetFacts:
    """Take the facts of a sheet that was read."""
    places = zip(sheet.input_paths(), sheet.inputs, strict=True)
    return SheetFacts(path, sheet.name, tuple(Reference(path + place, name) for place, name in places))


def raw_facts(raw: Mapping[str, object], path: Path) -> SheetFacts:
    """Take the facts of a sheet with mistakes as far as they can be told."""
    name = raw.get("name")
    inputs: list[Reference] = []
    for key in ("of", "left", "right"):
        value = raw.get(key)
        if isinstance(value, str) and value.strip():
            inputs.append(Reference((*path, key), value))
        elif isinstance(value, list):
            inputs += [Reference((*path, key, i), v) for i, v in enumerate(value) if isinstance(v, str) and v]
    return SheetFacts(path, name if isinstance(name, str) and name.strip() else None, tuple(inputs))


def sheet_problems(sheets: Sequence[SheetFacts]) -> Iterator[Problem]:
    """Yield names given twice, references to nothing, and circles."""
    first: dict[str, SheetFacts] = {}
    for sheet in sheets:
        if sheet.name is None:
            continue
        if sheet.name in first:
            yield problem((*sheet.path, "name"), "W201", name=quoted(sheet.name), first_path=first[sheet.name].path)
        first.setdefault(sheet.name, sheet)
    for sheet in sheets:
        for reference in sheet.inputs:
            yield from unknown_sheet(reference, list(first))
    yield from _circles(first)


def unknown_sheet(reference: Reference, names: Sequence[str]) -> Iterator[Problem]:
    """Yield a problem when a reference names no sheet."""
    if reference.name in names:
        return
    near = closest(reference.name, names)
    if near:
        advice = f"did you mean {listed([quoted(name) for name in near], 'or')}?"
    elif names:
        shown = [quoted(name) for name in names[:8]] + (["…"] if len(names) > 8 else [])
        advice = f"the sheets are {', '.join(shown)}"
    else:
        advice = "the workbook has no sheets"
    yield problem(reference.path, "W203", name=quoted(reference.name), advice=advice)


def _circles(sheets: Mapping[str, SheetFacts]) -> Iterator[Problem]:
    """Yield one problem for each circle that a walk along the inputs closes, without recursion."""
    done: set[str] = set()
    for start in sheets:
        if start in done:
            continue
        path = [start]
        standing = {start: 0}
        pending = [iter(sheets[start].inputs)]
        while path:
            reference = next(pending[-1], None)
            if reference is None:
                pending.pop()
                name = path.pop()
                del standing[name]
                done.add(name)
            elif reference.name in standing:
                circle = [*path[standing[reference.name] :], reference.name]
                yield problem(reference.path, "W204", cycle=" → ".join(map(quoted, circle)))
            elif reference.name in sheets and reference.name not in done:
                standing[reference.name] = len(path)
                path.append(reference.name)
                pending.append(iter(sheets[reference.name].inputs))


def output_problems(
    outputs: Sequence[tuple[Path, Output]], sheets: Sequence[SheetBase], names: Sequence[str]
) -> Iterator[Problem]:
    """Yield outputs of sheets that don't exist, and files that would be written twice or over a source."""
    read = {
        sheet.from_.location: sheet.name
        for sheet in sheets
        if isinstance(sheet, SourceSheet) and sheet.from_.location is not None
    }
    written: set[str] = set()
    for path, output in outputs:
        yield from unknown_sheet(Reference((*path, "sheet"), output.sheet), names)
        location = output.to.location
        if location is None:
            continue
        place = (*path, "to", "path")
        if location in written:
            yield problem(place, "W210", path=quoted(location))
        elif location in read:
            yield problem(place, "W211", path=quoted(location), name=quoted(read[location]))
        written.add(location)
