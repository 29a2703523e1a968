"""How sources differ from what a workbook expects of them, and what each difference would reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from sheetline.formulas.suggest import closest
from sheetline.workbook.checks.sources import Expected, ExpectedSources, Look, look, source_sheets
from sheetline.workbook.problems import listed

if TYPE_CHECKING:
    from sheetline.functions.columns import Constant
    from sheetline.functions.context import Environment
    from sheetline.workbook.lineage.graph import LineageGraph
    from sheetline.workbook.model.workbook import Workbook
    from sheetline.workbook.record.model import RunRecord
    from sheetline.workbook.sources import Sources

Kind = Literal["missing", "renamed", "retyped", "new"]
#: How many places are named in one line of text.
MOST = 6


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """One column of a source that is not as expected.

    Attributes:
        sheet: the source sheet.
        kind: "missing"; "renamed", where one column of the file is most likely it; "retyped"; "new", which harms
            nothing.
        column: its name in the sheet.
        source: its name in the file, as it is expected there.
        expected: its type as the workbook declares it or as it was on record; None where nobody says.
        found: its type now (of a renamed column that of the likely one); None where it is missing.
        candidates: columns of the file that a missing one may be now; one for a renamed column.
        columns: the columns of other sheets that it reaches, as ``Sheet!Column``.
        outputs: the files of outputs that it reaches.
    """

    sheet: str
    kind: Kind
    column: str
    source: str
    expected: str | None = None
    found: str | None = None
    candidates: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.sheet}: {self.words}"

    @property
    def words(self) -> str:
        """What is different, and what it would hit.

        >>> ColumnDrift("E", "retyped", "Speed", "Speed", "float", "string", columns=("T!Top",)).words
        "column 'Speed' is string, not float; it reaches T!Top"
        """
        name = f"'{self.source}'" + (f", which is '{self.column}' in the sheet," * (self.source != self.column))
        if self.kind == "new":
            return f"column {name} is new" + (f" ({self.found})" if self.found else "")
        if self.kind == "retyped":
            said = f"column {name} is {self.found}, not {self.expected}"
        elif self.kind == "renamed":
            said = f"column {name} is missing; it is most likely '{self.candidates[0]}' now"
        else:
            maybe = listed([f"'{one}'" for one in self.candidates], "or")
            said = f"column {name} is missing" + (f"; it may be {maybe} now" if self.candidates else "")
        reached = [*self.columns[:MOST]]
        more = len(self.columns) - len(reached)
        reached += [f"{more} more columns"] if more > 1 else list(self.columns[MOST:])
        reached += [f"output {one}" for one in self.outputs]
        return f"{said}; it reaches {listed(reached)}" if reached else f"{said}; nothing uses it"


@dataclass(frozen=True, slots=True)
class Drift:
    """All differences of all sources.

    Attributes:
        workbook: the workbook's name.
        columns: what differs, by source.
        unknown: sources of which nothing is expected: they list no columns, and no record tells of them.
        record: the record that was compared with, if one was.
    """

    workbook: str
    columns: tuple[ColumnDrift, ...] = ()
    unknown: tuple[str, ...] = ()
    record: str | None = None

    @property
    def harmful(self) -> tuple[ColumnDrift, ...]:
        """What is missing, renamed or retyped."""
        return tuple(one for one in self.columns if one.kind != "new")

    @property
    def ok(self) -> bool:
        """Whether every source has what is expected of it."""
        return not self.harmful

    @property
    def renames(self) -> dict[str, dict[str, str]]:
        """The renamed columns in the form of a run's ``mappings``: sheet → column → name in the file."""
        found: dict[str, dict[str, str]] = {}
        for one in self.columns:
            if one.kind == "renamed":
                found.setdefault(one.sheet, {})[one.column] = one.candidates[0]
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {**asdict(self), "ok": self.ok}

    def to_text(self) -> str:
        """Return a line for each difference."""
        lines = [str(one) for one in self.columns]
        lines += [f"{name}: it lists no columns, and no record tells what it had" for name in self.unknown]
        if self.ok:
            lines.append("every source has what is expected of it")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.to_text()


def find_drift(
    book: Workbook,
    sources: Sources,
    parameters: Mapping[str, Constant],
    env: Environment,
    record: RunRecord | None = None,
) -> Drift:
    """Compare what a workbook expects of its sources with what these hold now.

    Raises:
        WorkbookError: the workbook is wrong even if the sources were as expected.
        SourceError: a source can't be read.
    """
    from sheetline.workbook.lineage.build import graph_of
    from sheetline.workbook.planning import plan

    looks = {sheet.name: look(sheet, sources, record) for sheet in source_sheets(book.sheets)}
    found = {name: list(_differences(one)) for name, one in looks.items()}
    graph = None
    if any(one.kind != "new" for some in found.values() for one in some):
        schemas = {}
        for name, one in looks.items():
            likely = {drift.column: drift.candidates[0] for drift in found[name] if drift.kind == "renamed"}
            schemas[name] = one.schema(likely)
        graph = graph_of(plan(book, ExpectedSources.of(sources, schemas), parameters, env))
    columns = tuple(_reaching(one, graph) for some in found.values() for one in some)
    unknown = tuple(name for name, one in looks.items() if not one.expected)
    return Drift(book.name, columns, unknown, None if record is None else record.id)


def _differences(seen: Look) -> Iterable[ColumnDrift]:
    name = seen.sheet.name
    candidates = _candidates(seen)
    claims = Counter(one for some in candidates.values() for one in some)
    renamed: set[str] = set()
    for one in seen.expected:
        then = one.words
        if one.source not in seen.names:
            likely = candidates[one.name]
            sure = len(likely) == 1 and claims[likely[0]] == 1
            renamed.update(likely if sure else ())
            now = str(seen.types[likely[0]]) if sure else None
            yield ColumnDrift(name, "renamed" if sure else "missing", one.name, one.source, then, now, likely)
        elif (other := seen.other_type(one)) is not None:
            yield ColumnDrift(name, "retyped", one.name, one.source, then, str(other))
    if not seen.expected or (seen.sheet.only and not seen.missing):
        return
    for source in seen.unclaimed:
        if source not in renamed:
            yield ColumnDrift(name, "new", source, source, None, str(seen.types[source]))


def _candidates(seen: Look) -> dict[str, tuple[str, ...]]:
    """Return for each missing column those of the file that it may be now: alike in name, and of a fitting type."""
    return {
        one.name: tuple(name for name in _alike(one, seen.unclaimed) if seen.fits(one, name)) for one in seen.missing
    }


def _alike(one: Expected, names: list[str]) -> list[str]:
    """Return the names nearest to that of a column, in the file or else in the sheet.

    >>> _alike(Expected("Speed", "Speed", None), ["speed_kmh", "Sped", "Length"])
    ['Sped', 'speed_kmh']
    """
    for word in dict.fromkeys((one.source, one.name)):
        found = closest(word, names)
        if found:
            return found
        parts = _words(word)
        found = [name for name in names if _words(name) == parts or closest(name, [word])]
        if found:
            return found
    return []


def _words(name: str) -> list[str]:
    """Return the words of a name in an order of their own: ``unit_price`` and ``Price unit`` have the same."""
    return sorted("".join(sign if sign.isalnum() else " " for sign in name.casefold()).split())


def _reaching(one: ColumnDrift, graph: LineageGraph | None) -> ColumnDrift:
    """Return a difference with what the column reaches."""
    if graph is None or one.kind == "new":
        return one
    start = graph.node(one.sheet, one.column)
    reached = graph.reach([start], "down")
    nodes = [node for node in graph.facts if node in reached and node != start]
    columns = tuple(node.id for node in nodes if node.kind == "column")
    outputs = tuple(dict.fromkeys(node.place for node in nodes if node.kind == "output"))
    facts = (one.sheet, one.kind, one.column, one.source, one.expected, one.found, one.candidates)
    return ColumnDrift(*facts, columns, outputs)
