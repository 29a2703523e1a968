"""The tables of the grammar in formulas/tables.json, as lark compiles them.

``python tests/docs/grammar.py`` writes them.
"""

from __future__ import annotations

import json
from pathlib import Path

from sheetline.formulas.parser import compiled_tables

TABLES = Path(__file__).parents[2] / "formulas" / "tables.json"


def tables_text() -> str:
    """Return the tables as JSON, one state a line."""
    tables = dict(compiled_tables())
    lines = [f' "{key}": {json.dumps(value)}' for key, value in tables.items() if key != "states"]
    states = ",\n  ".join(json.dumps(state) for state in tables["states"])  # type: ignore[attr-defined]
    return "{\n" + ",\n".join([*lines, f' "states": [\n  {states}\n ]']) + "\n}\n"


if __name__ == "__main__":
    TABLES.write_text(tables_text(), "utf-8")
