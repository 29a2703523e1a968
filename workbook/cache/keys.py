"""Keys of results: equal keys mean equal content, known before anything is computed.

The key of a column is a hash of all that decides about it: the bound formula, what makes the sheet's rows, the keys
of the columns that these read down to the bytes of the sources, how the sources are read, parameters, and, where a
function looks at them, time zone, clock and seed; a user's own function by its code; and the versions of the
libraries. A column that depends on something without a key (a source behind a URL, the columns that a pivot finds
in the data) has none, and is computed in every run.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from sheetline.formulas.bound import BoundSheet, Node, Space, reachable
from sheetline.functions.columns import Constant, Table
from sheetline.functions.interop import table_from_frame
from sheetline.functions.types import Type
from sheetline.workbook.cache.code import UnknowableError, code_of
from sheetline.workbook.cache.libraries import libraries
from sheetline.workbook.planning import Plan
from sheetline.workbook.record.definitions import hash_json
from sheetline.workbook.record.hashing import hash_bytes
from sheetline.workbook.record.recorder import hash_file_if_there, place_of, read_options
from sheetline.workbook.record.tables import hash_table
from sheetline.workbook.sheets.formulas import FormulasStep
from sheetline.workbook.sources import SourceStep
from sheetline.workbook.steps import Step

FORMAT = "sheetline/cache/4"
#: Stands for the rows of a sheet, where a key is of no column.
ROWS = ""
#: Fields of steps that are no part of what they make: a column's type is taken by itself, a text is bound as well.
_SILENT = frozenset({"name", "schema", "open_schema", "text"})
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Key:
    """The key of a result, and what it was made of.

    Attributes:
        hash: 64 hexadecimal digits.
        own: a hash of what the sheet itself says about it.
        parts: the same by what a reader knows ("its formula", "parameter $p"), only for telling what changed.
        inputs: (sheet, column), or (sheet, ROWS) for its rows → the hash of what it reads.
    """

    hash: str
    own: str
    parts: Mapping[str, str]
    inputs: Mapping[Place, str]


@dataclass(slots=True)
class Keys:
    """The keys of all sheets of a plan, each made when it is first asked for.

    Attributes:
        same: of columns that came out as an earlier one was, the hash of that one, which stands for it in the keys of
            what is made from it.
    """

    plan: Plan
    same: dict[str, str] = field(default_factory=dict)
    _known: dict[Place, Key | None] = field(default_factory=dict)
    _nodes: dict[int, dict[int, str]] = field(default_factory=dict)  #: by graph
    _files: dict[str, tuple[Path, tuple[int, ...]]] = field(default_factory=dict)
    _texts: dict[str, dict[str, str]] = field(default_factory=dict)
    _definitions: dict[str, str] = field(default_factory=dict)
    _surroundings: dict[str, dict[str, str]] = field(default_factory=dict)
    _said: dict[Place, str] = field(default_factory=dict)  #: by sheet and what of it, a hash
    _base: str = ""

    def __post_init__(self) -> None:
        self._base = hash_json([FORMAT, libraries()])

    def of(self, sheet: str, column: str = ROWS) -> Key | None:
        """Return the key of a column, or of a sheet's rows; None where nothing tells it."""
        place = (sheet, column)
        if place not in self._known:
            step = self.plan.steps[sheet]
            try:
                if step.open_schema:
                    found = None
                elif isinstance(step, SourceStep):
                    found = self._of_source(step, column)
                elif isinstance(step, FormulasStep):
                    found = self._of_formula(step, column)
                else:
                    found = self._of_step(step, column)
            except UnknowableError:
                found = None
            self._known[place] = found
        return self._known[place]

    def unchanged(self, sheet: str) -> bool:
        """Tell whether the file of a source is still the one of which the keys were made."""
        if sheet not in self._files:
            return True
        path, before = self._files[sheet]
        return _state(path) == before

    def _made(self, own: object, inputs: Mapping[Place, Key | None], parts: Mapping[str, str]) -> Key | None:
        hashes = {place: self.same.get(key.hash, key.hash) for place, key in inputs.items() if key is not None}
        if len(hashes) < len(inputs):
            return None
        said = _hash(own)
        listed = sorted([*place, hash_] for place, hash_ in hashes.items())
        return Key(_hash([self._base, said, listed]), said, parts, hashes)

    # --- kinds of sheets

    def _of_source(self, step: SourceStep, column: str) -> Key | None:
        reader = step.reader
        if reader.frame is not None:
            table, _ = table_from_frame(reader.frame)
            what, content = "its data", _frame_hash(table)
        else:
            place = place_of(reader)
            before = None if place is None else _state(place)
            found = None if place is None else hash_file_if_there(place)
            if place is None or found is None or before is None:
                return None
            self._files[step.name] = (place, before)
            what, content = "its file", f"{found.size} {found.hash}"
        # How a file is packed, and of what kind it is, may be told by the ending of its name.
        ending = "" if reader.endpoint.location is None else Path(reader.endpoint.location).suffix.lower()
        renames = sorted([name, str(source), source is None] for name, source in reader.renames.items())
        options = hash_json([read_options(reader), renames, ending, step.sample])
        for name in (ROWS, *step.schema):  # a file is hashed once
            type_ = "" if name == ROWS else str(step.schema[name])
            parts = {what: content, "how it is read": options}
            self._known[step.name, name] = self._made([content, options, name, type_], {}, parts)
        return self._known[step.name, column]

    def _of_step(self, step: Step, column: str) -> Key | None:
        """Return the key of a column of a sheet that is no formula sheet: what it was bound to, and what it needs."""
        needs = step.needs([] if column == ROWS else [column])
        inputs: dict[Place, Key | None] = {(sheet, ROWS): self.of(sheet) for sheet in needs}
        inputs |= {(sheet, name): self.of(sheet, name) for sheet, names in needs.items() for name in names}
        said = []
        for name in _fields(step):
            value = getattr(step, name)
            if (
                isinstance(value, Mapping)
                and value.keys() <= step.schema.keys()
                and not getattr(step, "distinct", False)
            ):  # where each column is from
                said.append([name, self._plain({key: item for key, item in value.items() if key == column})])
            else:
                if (step.name, name) not in self._said:
                    self._said[step.name, name] = _hash(self._plain(value))
                said.append([name, self._said[step.name, name]])
        type_ = "" if column == ROWS else str(step.schema[column])
        own = [type(step).__name__, column, type_, said, self.plan.env.timezone]
        return self._made(own, inputs, self._parts(step.name, ROWS, ()))

    def _of_formula(self, step: FormulasStep, column: str) -> Key | None:
        """Return the key of a column of formulas: its own formula, and those that make the sheet's rows."""
        bound = step.bound
        rows = list(bound.row_makers())
        roots = rows if column == ROWS else [*rows, bound.columns[column]]
        inputs = {(step.base, ROWS): self.of(step.base)}
        for node in reachable(roots):
            if node.op == "input":
                inputs[node.sheet, node.name] = self.of(node.sheet, node.name)
                inputs[node.sheet, ROWS] = self.of(node.sheet)
        made = self._rows_of(step)
        own = ["formulas", column == ROWS, made, [self._node(bound, root) for root in roots[len(rows) :]]]
        used = [] if column == ROWS else [name for name in _used(bound, column) if name != column]
        parts = self._parts(step.name, column, used)
        if column != ROWS and rows:
            parts["what makes its rows"] = made
        return self._made(own, inputs, parts)

    def _rows_of(self, step: FormulasStep) -> str:
        """Return a hash of what makes the rows of a formula sheet."""
        if (step.name, ROWS) not in self._said:
            self._said[step.name, ROWS] = _hash(self._rows(step.bound))
        return self._said[step.name, ROWS]

    def _rows(self, bound: BoundSheet) -> list[object]:
        """Return what makes the rows of a formula sheet."""
        made = [[self._node(bound, node) for node in some] for some in (bound.keys, bound.changes, bound.expansions)]
        sorts = [[self._node(bound, node), descending] for node, descending in bound.sorts]
        return [bound.base, bound.shape.value, bound.space.value, *made, sorts]

    # --- what a sheet says

    def _plain(self, value: Any) -> object:
        """Return a part of a bound sheet as plain values."""
        if value is None or isinstance(value, bool | int | str):
            return value
        if isinstance(value, float | Type):
            return [type(value).__name__, str(value)]
        if isinstance(value, Enum):
            return value.name
        if isinstance(value, BoundSheet):
            columns = [[name, self._node(value, node)] for name, node in value.columns.items()]
            return [self._rows(value), columns]
        if isinstance(value, Constant):
            return _constant(value)
        if isinstance(value, Mapping):
            return [[self._plain(key), self._plain(item)] for key, item in value.items()]
        if isinstance(value, tuple | list):
            return [self._plain(item) for item in value]
        if is_dataclass(value) and not isinstance(value, type):
            return [type(value).__name__, [[one.name, self._plain(getattr(value, one.name))] for one in fields(value)]]
        raise UnknowableError(type(value).__name__)

    def _node(self, bound: BoundSheet, root: Node) -> str:
        """Return the hash of an expression: its functions, constants and columns."""
        known = self._nodes.setdefault(id(bound.graph), {})
        for node in reachable([root], known):
            known[node.id] = _hash(
                [
                    node.op,
                    str(node.type),
                    node.space.value,
                    [known[arg.id] for arg in node.args],
                    "" if node.constant is None else _constant(node.constant),
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
        code = code_of(app.function, app.kernel)
        types = [str(type_) for type_ in app.types]
        return [app.function.name, code, str(app.kernel.signature), types, list(app.names), surroundings]

    # --- what changed

    def _parts(self, sheet: str, column: str, used: Iterable[str]) -> dict[str, str]:
        """Return what a reader of the workbook would say that a column is made of."""
        texts = self._formulas(sheet)
        found = {f"the formula of {name}": texts[name] for name in used if name in texts}
        if column == ROWS:
            found["its definition"] = self._definition(sheet)
        elif column in texts:
            found["its formula"] = texts[column]
        return found | self._around(sheet)

    def _around(self, sheet: str) -> dict[str, str]:
        """Return what a sheet's formulas may see beside columns: parameters, the time zone, the clock, the seed."""
        if sheet not in self._surroundings:
            said, env = " ".join(self._formulas(sheet).values()), self.plan.env
            found = {
                f"parameter ${name}": hash_json(_constant(value))
                for name, value in self.plan.parameters.items()
                if f"${name}" in said or f"$[{name}]" in said
            }
            found |= {"the time zone": env.timezone, "the clock": str(env.now), "the seed": str(env.seed)}
            self._surroundings[sheet] = found
        return self._surroundings[sheet]

    def _formulas(self, sheet: str) -> dict[str, str]:
        """Return the sheet's formulas by column, or by the key that holds them."""
        if sheet not in self._texts:
            found = self.plan.workbook.sheet(sheet)
            self._texts[sheet] = {
                found.column_at(path) or ".".join(map(str, path)): text for path, text in found.formula_texts()
            }
        return self._texts[sheet]

    def _definition(self, sheet: str) -> str:
        if sheet not in self._definitions:
            written = self.plan.workbook.sheet(sheet).written()
            said = {key: value for key, value in written.items() if key not in ("name", "description", "checks")}
            self._definitions[sheet] = hash_bytes(repr(said).encode())
        return self._definitions[sheet]


def _hash(said: object) -> str:
    """Return a hash of lists of texts, numbers, flags and None, told by what Python writes for them."""
    return hash_bytes(repr(said).encode("utf-8", "surrogatepass"))


def _fields(step: Step) -> list[str]:
    """Return the names of what a step holds.

    Raises:
        UnknowableError: nobody says what it holds.
    """
    if not is_dataclass(step):
        raise UnknowableError(type(step).__name__)
    return [one.name for one in fields(step) if one.name not in _SILENT]


def _used(bound: BoundSheet, column: str) -> list[str]:
    """Return the columns of the sheet that a column's formula names, and those that they name."""
    found = {column: None}
    waiting = [column]
    while waiting:
        for name in bound.uses.get(waiting.pop(), ()):
            if name not in found:
                found[name] = None
                waiting.append(name)
    return list(found)


def _constant(found: Constant) -> list[str]:
    error = "" if found.errors is None else f"{found.errors.code(0)} {found.errors.message(0)}"
    return [str(found.type), repr(found.value), error]


def _frame_hash(table: Table) -> str:
    """Return a hash of a frame. To a hash of content -0 is 0, but some functions tell them apart."""
    hashes = hash_table(table)
    said: list[object] = [table.rows]
    for name, column in table.columns.items():  # in their order, which is part of the sheet
        zeros = ""
        if isinstance(column.data, np.ndarray) and column.data.dtype.kind == "f":
            negative = np.flatnonzero(np.signbit(column.data) & (column.data == 0))
            zeros = hash_bytes(negative.tobytes()) if len(negative) else ""
        messages = "" if column.errors is None else hash_json(column.errors.messages())
        said.append([name, hashes[name].hash, zeros, messages])
    return hash_json(said)


def _state(path: Path) -> tuple[int, ...] | None:
    """Return what changes when a file is written."""
    try:
        found = os.stat(path)  # noqa: PTH116 - follows links as the reader does
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def named(inputs: Iterable[str]) -> str:
    """Return a few names of inputs for a sentence."""
    listed = list(inputs)
    return ", ".join(listed[:3]) + (f" and {len(listed) - 3} more" if len(listed) > 3 else "")
