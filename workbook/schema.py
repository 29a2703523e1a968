"""The JSON Schema of workbook files, made from the models, for editors to complete and check."""

from __future__ import annotations

import json
import os
from importlib import resources
from pathlib import Path
from typing import Any, Final

from sheetline.workbook.model.base import FORMAT
from sheetline.workbook.model.workbook import WorkbookFields

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a workbook file.

    >>> json_schema()["required"]
    ['format', 'name', 'sheets']
    """
    schema = WorkbookFields.model_json_schema(by_alias=True, mode="validation")
    schema.pop("title", None)
    head = {"$schema": DIALECT, "title": f"sheetline workbook ({FORMAT})"}
    return {**head, **_without_titles(schema)}


def _without_titles(value: Any, *, names: bool = False) -> Any:
    """Drop pydantic's titles, which only repeat the keys; ``names``: the keys here are names, not keywords."""
    if isinstance(value, dict):
        return {
            key: _without_titles(item, names=key in ("properties", "$defs") and not names)
            for key, item in value.items()
            if names or key != "title"
        }
    if isinstance(value, list):
        return [_without_titles(item) for item in value]
    return value


def schema_text() -> str:
    """Return the schema as the text that is shipped."""
    return json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n"


def shipped_schema() -> str:
    """Return the text of the shipped schema file."""
    return resources.files("sheetline.workbook").joinpath("schema.json").read_text(encoding="utf-8")


def write_schema(path: str | os.PathLike[str]) -> None:
    """Write the schema to a file.

    Raises:
        OSError: the file can't be written.
    """
    from sheetline.workbook.model.workbook import write_atomic

    write_atomic(Path(path), schema_text())
