"""The canonical form of a workbook file: one way to write one meaning, good to read and to compare.

Two spaces a level; what fits into 100 columns stands on one line; keys in the model's order; defaults are
left out. Formulas stay as they were typed unless a printer for formulas is given.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sheetline.workbook.model.workbook import Workbook

WIDTH: Final = 100

# Keys whose objects and lists always stand open: a change in one of them is then a change of one line.
_OPEN: Final = frozenset({"sheets", "outputs", "parameters"})


def format_workbook(workbook: Workbook, *, canonical_formulas: Callable[[str], str] | None = None) -> str:
    r"""Write a workbook in the canonical form; reading it back gives an equal workbook.

    >>> from sheetline.workbook.model.workbook import Workbook
    >>> print(format_workbook(Workbook("Empty")), end="")
    {
      "format": "sheetline/1",
      "name": "Empty",
      "sheets": []
    }

    Args:
        workbook: what to write.
        canonical_formulas: puts one formula into its canonical form (given the text as typed); formulas are
            kept as typed without it.
    """
    value: object = workbook.written()
    if canonical_formulas is not None:
        value = _with_formulas(value, canonical_formulas)
    return _Printer().document(value)


def _with_formulas(value: object, canonical: Callable[[str], str], key: str = "", kind: str = "") -> object:
    """Replace every formula of a plain workbook by its canonical form."""
    if isinstance(value, Mapping):
        inside = value.get("kind", kind)
        # The short form of formula columns is the one object whose keys are names of columns.
        if key == "columns" and kind == "formulas":
            return {name: canonical(str(text)) for name, text in value.items()}
        return {name: _with_formulas(item, canonical, name, str(inside)) for name, item in value.items()}
    if isinstance(value, list):
        # The items of a list of columns are objects of the long form, so the key does not reach them.
        return [_with_formulas(item, canonical, "", kind) for item in value]
    return canonical(value) if key in ("formula", "where") and isinstance(value, str) else value


class _Printer:
    """Lays out plain JSON values."""

    def document(self, value: object) -> str:
        return self.open(value, "") + "\n"

    def value(self, value: object, indent: str, used: int, *, key: str = "") -> str:
        """Lay out a value that begins after ``used`` columns of a line and may need one more for a comma."""
        if isinstance(value, list | dict) and value:
            stays_open = key in _OPEN or (key == "columns" and isinstance(value, dict) and len(value) > 1)
            if stays_open or _has_open(value):
                return self.open(value, indent)
        flat = json.dumps(value, ensure_ascii=False, allow_nan=False)
        if not isinstance(value, list | dict) or not value or used + len(flat) + 1 <= WIDTH:
            return flat
        return self.open(value, indent)

    def open(self, value: object, indent: str) -> str:
        inner = indent + "  "
        if isinstance(value, dict):
            lines = []
            for key, item in value.items():
                start = f"{inner}{json.dumps(key, ensure_ascii=False)}: "
                lines.append(start + self.value(item, inner, len(start), key=key))
            return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
        assert isinstance(value, list), "only objects and lists are laid out"
        items = [inner + self.value(item, inner, len(inner)) for item in value]
        return "[\n" + ",\n".join(items) + f"\n{indent}]"


def _has_open(value: object) -> bool:
    """Whether something inside stands on lines of its own: a formula sheet with several columns."""
    if not isinstance(value, dict) or value.get("kind") != "formulas":
        return False
    columns = value.get("columns")
    return isinstance(columns, list | dict) and len(columns) > 1
