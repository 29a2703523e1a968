"""Keys of results: equal keys mean equal content, known before anything is computed.

The key of a column is a hash of all that decides about it: the bound formula, what makes the sheet's rows, the keys
of the columns that these read down to the bytes of the sources, how the sources are read, parameters, and, where a
function looks at them, time zone, clock and seed; a user's own function by its source; and the versions of the
libraries. A column that depends on something without a key (a source behind a URL, the columns that a pivot finds
in the data) has none, and is computed in every run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sheetline.formulas.bound import Node, Space, reachable
from sheetline.functions.interop import table_from_frame
from sheetline.workbook.planning import Plan
from sheetline.workbook.record.definitions import application_name, definition, hash_json
from sheetline.workbook.record.recorder import hash_file_if_there, place_of, read_options
from sheetline.workbook.record.tables import hash_table
from sheetline.workbook.record.versions import features, versions
from sheetline.workbook.sheets.formulas import FormulasStep
from sheetline.workbook.sources import SourceStep
from sheetline.workbook.steps import Step

FORMAT = "sheetline/cache/1"
#: Stands for the rows of a sheet, where a key is of no column.
ROWS = ""


@dataclass(frozen=True, slots=True)
class Key:
    """The key of a result, and what it was made of.

    Attributes:
        hash: 64 hexadecimal digits.
        own: a hash of what the sheet itself says about it.
        inputs: "Sheet.Column" (or "Sheet" for its rows) → the hash of what it reads.
    """

    hash: str
    own: str
    inputs: Mapping[str, str]


@dataclass(slots=True)
class Keys:
    """The keys of all sheets of a plan, each made when it is first asked for."""

    plan: Plan
    _known: dict[tuple[str, str], Key | None] = field(default_factory=dict)
    _nodes: dict[str, dict[int, str]] = field(default_factory=dict)
    _definitions: dict[str, str] = field(default_factory=dict)
    _base: str = ""

    def __post_init__(self) -> None:
        self._base = hash_json([FORMAT, versions(), features()])

    def of(self, sheet: str, column: str = ROWS) -> Key | None:
        """Return the key of a column, or of a sheet's rows; None where nothing tells it."""
        place = (sheet, column)
        if place not in self._known:
            step = self.plan.steps[sheet]
            if step.open_schema:
                found = None
            elif isinstance(step, SourceStep):
                found = self._of_source(step, column)
            elif isinstance(step, FormulasStep):
                found = self._of_formula(step, column)
            else:
                found = self._of_step(step, column)
            self._known[place] = found
        return self._known[place]

    def _made(self, own: object, inputs: Mapping[str, Key | None]) -> Key | None:
        hashes = {name: key.hash for name, key in inputs.items() if key is not None}
        if len(hashes) < len(inputs):
            return None
        said = hash_json(own)
        return Key(hash_json([self._base, said, hashes]), said, hashes)

    def _of_source(self, step: SourceStep, column: str) -> Key | None:
        reader = step.reader
        if reader.frame is not None:
            table, _ = table_from_frame(reader.frame)
            hashes = {name: found.hash for name, found in hash_table(table).items()}
            content: object = [hashes, table.rows]
        else:
            place = place_of(reader)
            found = None if place is None else hash_file_if_there(place)
            if found is None:
                return None
            content = [found.size, found.hash]
        options = [read_options(reader), dict(reader.renames), step.sample]
        shared = self._made([options, content], {})
        for name in (ROWS, *step.schema):  # a file is hashed once
            self._known[step.name, name] = shared if shared is None else self._made([shared.own, name], {})
        return self._known[step.name, column]

    def _of_step(self, step: Step, column: str) -> Key | None:
        """Return the key of a column of a sheet that is no formula sheet: its definition, and what it needs for it."""
        needs = step.needs([] if column == ROWS else [column])
        inputs = {sheet: self.of(sheet) for sheet in needs}
        inputs |= {f"{sheet}.{name}": self.of(sheet, name) for sheet, names in needs.items() for name in sorted(names) if name}
        if step.name not in self._definitions:
            self._definitions[step.name] = hash_json(definition(self.plan, step.name))
        return self._made([self._definitions[step.name], column], inputs)

    def _of_formula(self, step: FormulasStep, column: str) -> Key | None:
        """Return the key of a column of formulas: its own formula, and those that make the sheet's rows."""
        bound = step.bound
        rows = list(bound.row_makers())
        roots = rows if column == ROWS else [*rows, bound.columns[column]]
        inputs = {step.base: self.of(step.base)}
        for node in reachable(roots):
            if node.op == "input":
                inputs[f"{node.sheet}.{node.name}"] = self.of(node.sheet, node.name)
                inputs[node.sheet] = self.of(node.sheet)
        own = [
            bound.shape.value,
            [self._node(step.name, node) for node in roots],
            [descending for _, descending in bound.sorts],
            len(rows),
        ]
        return self._made(own, inputs)

    def _node(self, sheet: str, root: Node) -> str:
        """Return the hash of an expression's text: its functions, constants and columns."""
        known = self._nodes.setdefault(sheet, {})
        for node in reachable([root], known):
            known[node.id] = hash_json(
                [
                    node.op,
                    str(node.type),
                    node.space.value,
                    [known[arg.id] for arg in node.args],
                    _constant(node),
                    [node.sheet, node.name] if node.op == "input" or node.space is Space.OTHER else "",
                    self._function(node),
                ]
            )
        return known[root.id]

    def _function(self, node: Node) -> object:
        app = node.app
        if app is None:
            return ""
        env, volatile = self.plan.env, app.function.volatile
        surroundings = {
            word: value
            for word, value in (("timezone", env.timezone), ("now", env.now), ("seed", env.seed))
            if word in volatile
        }
        return [application_name(node), str(app.kernel.signature), [str(type_) for type_ in app.types], surroundings]


def _constant(node: Node) -> object:
    found = node.constant
    if found is None:
        return ""
    error = "" if found.errors is None else [found.errors.code(0), found.errors.message(0)]
    return [str(found.type), repr(found.value), error]


def named(inputs: Iterable[str]) -> str:
    """Return a few names of inputs for a sentence."""
    listed = list(inputs)
    return ", ".join(listed[:3]) + (f" and {len(listed) - 3} more" if len(listed) > 3 else "")
