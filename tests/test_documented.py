"""The examples that Datameer's documentation prints, as facts: formulas, rows and results.

Where a page misprints a result the table holds what its own text and arithmetic give, and ``note`` says so.
Printed decimals hold to one unit of their last digit.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from calling import values
from evaluating import EPOCH, instant, sheet

from sheetline.functions.columns import Column
from sheetline.functions.context import Environment
from sheetline.functions.types import DATE, Kind

TABLE = Path(__file__).parent / "spec" / "documented.jsonl"
ENTRIES: list[dict[str, Any]] = [json.loads(line) for line in TABLE.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("entry", ENTRIES, ids=[f"{i}-{e['function']}" for i, e in enumerate(ENTRIES)])
def test_documented_example(entry: dict[str, Any]) -> None:
    zone = entry.get("timezone", "UTC")
    env = Environment(timezone=zone, now=instant(entry["now"]) if "now" in entry else 0)
    rows: dict[str, Any] | None = entry["rows"]
    if rows is not None:
        dates = entry.get("dates", ())
        rows = {name: _dates(column) if name in dates else column for name, column in rows.items()}
    got = sheet(entry["formulas"], rows, name=entry["sheet"], env=env)
    for name, wanted in entry["result"].items():
        found = _shown(got[name], zone)
        if entry.get("first_rows_only"):
            found = found[: len(wanted)]
        assert len(found) == len(wanted), (name, found)
        for one, printed in zip(found, wanted, strict=True):
            assert _agrees(one, printed), f"{name}: {one!r} is not {printed!r}"


def _dates(texts: list[str]) -> Column:
    return Column.of([instant(text) for text in texts], DATE)


def _shown(column: Column, zone: str) -> list[Any]:
    found = values(column)
    if column.type.kind is not Kind.DATE:
        return found
    shown = []
    for value in found:
        moment = (EPOCH.__class__.fromtimestamp(value // 1_000_000, ZoneInfo(zone))).replace(tzinfo=None)
        ms = value % 1_000_000 // 1000
        shown.append(moment.isoformat() + (f".{ms:03d}" if ms else ""))
    return shown


def _agrees(got: Any, printed: Any) -> bool:
    if isinstance(printed, float):
        unit = Decimal(1).scaleb(Decimal(repr(printed)).as_tuple().exponent)  # type: ignore[arg-type]
        return isinstance(got, int | float) and abs(Decimal(got) - Decimal(repr(printed))) <= unit
    return bool(got == printed)
