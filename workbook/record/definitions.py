"""What a sheet's result depends on beside the data that it reads: its keys, parameters, zone, clock and seed.

A definition is plain JSON. Two sheets of equal definitions over equal inputs give equal results under the same
versions of the libraries. Descriptions, the flag ``keep``, blanks and spellings of formulas are no part of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from sheetline.formulas import ast
from sheetline.formulas.bound import BoundSheet
from sheetline.formulas.diagnostics import FormulaError
from sheetline.formulas.parser import parse
from sheetline.formulas.printer import print_formula
from sheetline.workbook.record.hashing import hash_bytes

if TYPE_CHECKING:
    from sheetline.functions.columns import Constant
    from sheetline.workbook.model.base import SheetBase
    from sheetline.workbook.planning import Plan

#: Keys that change nothing of a sheet's content.
_SILENT: Final = frozenset({"description", "name", "kept", "checks"})
_FORMULAS: Final = frozenset({"formula", "where"})


def canonical_json(value: Any) -> bytes:
    """Return plain values as JSON with sorted keys and no blanks.

    >>> canonical_json({"b": 1, "a": [True, None]})
    b'{"a":[true,null],"b":1}'
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode()


def hash_json(value: Any) -> str:
    """Return the hash of plain values; the order of an object's keys is no part of it."""
    return hash_bytes(canonical_json(value))


@lru_cache(4096)
def canonical_formula(text: str) -> str:
    """Return a formula in the canonical spelling; one that can't be parsed stays as it is.

    >>> canonical_formula("SUM( 1;2 )+#x")
    'SUM(1;2) + #x'
    """
    try:
        return print_formula(parse(text))
    except FormulaError:
        return text


def definition(plan: Plan, name: str) -> dict[str, Any]:
    """Return the definition of a sheet of a plan.

    Its keys: ``kind``; ``sheet``, the keys of the workbook file with formulas in canonical spelling and columns as a
    list; ``parameters`` that its formulas use, with type and value; ``mode``, what happens to errors; ``functions``,
    the functions that they call (a user's own with the hash of its source); and where something depends on them,
    ``timezone``, ``now`` and ``seed``.
    """
    book = plan.workbook
    sheet = book.sheet(name)
    found: dict[str, Any] = {"kind": sheet.kind, "sheet": keys_of(sheet), "mode": book.errors.mode}
    used = {node.name for node in _nodes(sheet) if isinstance(node, ast.Parameter)}
    if used:
        values = {key: value for key, value in plan.parameters.items() if key in used}
        found["parameters"] = {key: constant_json(value) for key, value in values.items()}
    bound = _bound(plan.steps[name])
    functions = sorted({application_name(node) for one in bound for node in one.graph.nodes if node.app is not None})
    if functions:
        found["functions"] = functions
    volatile = {
        word for one in bound for node in one.graph.nodes if node.app is not None for word in node.app.function.volatile
    }
    if "timezone" in volatile or sheet.kind not in ("formulas", "union", "distinct", "sample"):
        found["timezone"] = plan.env.timezone  # dates in sources and in conditions are read in it
    if "now" in volatile:
        found["now"] = plan.env.now
    if "seed" in volatile:
        found["seed"] = plan.env.seed
    return found


def keys_of(sheet: SheetBase) -> dict[str, Any]:
    """Return the keys of a sheet that its content depends on, as they stand in the workbook file.

    Formulas are in canonical spelling, the columns of a formula sheet are a list, and the path of a source is left
    out: what counts is its content.
    """
    written = {key: value for key, value in sheet.written().items() if key not in _SILENT and key != "kind"}
    columns = written.get("columns")
    if sheet.kind == "formulas" and isinstance(columns, Mapping):
        written["columns"] = [{"name": key, "formula": text} for key, text in columns.items()]
    if "keep" in written and isinstance(written["keep"], bool):
        del written["keep"]
    place = written.get("from")
    if isinstance(place, Mapping):
        written["from"] = {key: value for key, value in place.items() if key != "path"}
    cleaned = _cleaned(written)
    assert isinstance(cleaned, dict)
    return cleaned


def _cleaned(value: Any, key: str = "") -> Any:
    if isinstance(value, Mapping):
        return {name: _cleaned(item, name) for name, item in value.items() if name != "description"}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    if key in _FORMULAS and isinstance(value, str):
        return canonical_formula(value)
    return value


def formulas_of(sheet: SheetBase) -> dict[str, str]:
    """Return what a sheet computes, in canonical spelling: by column, or by the key that holds the formula."""
    found: dict[str, str] = {}
    for path, text in sheet.formula_texts():
        label = sheet.column_at(path) or ".".join(str(part) for part in path)
        found[label] = canonical_formula(text)
    return found


def constant_json(constant: Constant) -> dict[str, Any]:
    """Return a parameter's value as plain JSON: its type, and its value (dates in microseconds since 1970)."""
    value = constant.value
    plain = value if value is None or isinstance(value, bool | int | float | str) else str(value)
    return {"type": str(constant.type), "value": plain}


def _nodes(sheet: SheetBase) -> Iterator[ast.Node]:
    for _, text in sheet.formula_texts():
        try:
            yield from ast.walk(parse(text))
        except FormulaError:
            continue


def _bound(step: object) -> list[BoundSheet]:
    """Return the bound formulas that a step holds, whatever kind it is."""
    return list(_found_bound(_values(step)))


def _values(step: object) -> Iterable[object]:
    names = {name for kind in type(step).__mro__ for name in getattr(kind, "__slots__", ())}
    return [getattr(step, name) for name in sorted(names) if hasattr(step, name)]


def _found_bound(values: Iterable[object]) -> Iterator[BoundSheet]:
    for value in values:
        if isinstance(value, BoundSheet):
            yield value
        elif isinstance(value, tuple | list):
            yield from _found_bound(value)
        elif type(value).__module__.startswith("sheetline.workbook.sheets."):  # the keys of sorts and joins
            yield from _found_bound(_values(value))


def application_name(node: Any) -> str:
    """Return what tells a node's function apart: its name, and of a user's own the hash of its source."""
    app = node.app
    own = _source_hash(app.kernel.run)
    return f"{app.function.name} {own}" if own else str(app.function.name)


def _source_hash(run: Any) -> str:
    """Return the hash of a user's own function; the project's functions are told by its version."""
    if str(run.__module__).startswith("sheetline."):
        return ""
    import inspect

    try:
        return hash_bytes(inspect.getsource(run).encode())[:16]
    except (OSError, TypeError):  # typed at a prompt, or not written in Python
        code = getattr(run, "__code__", None)
        return hash_bytes(b"" if code is None else code.co_code + repr(code.co_consts).encode())[:16]
