"""Why something is made again: what has changed since the run before, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from sheetline.workbook.cache.keys import ROWS, Key, Keys, named
from sheetline.workbook.cache.store import Store
from sheetline.workbook.io.faults import SourceError
from sheetline.workbook.planning import Plan
from sheetline.workbook.record.definitions import hash_json

SURROUNDINGS: Final = frozenset({"the clock", "the seed", "the time zone"})
EVERYTHING_THERE: Final = "taken from the cache"


class Manifest:
    """What the last run of a workbook was made of; it decides about nothing but words."""

    def __init__(self, store: Store, plan: Plan, keys: Keys) -> None:
        book = plan.workbook
        self._store, self._plan, self._keys = store, plan, keys
        self._place = hash_json(["manifest", str(book.path) if book.path is not None else book.name])
        self._before: Mapping[str, Any] = store.facts(self._place) or {}

    def reason(self, name: str, columns: Sequence[str]) -> str:
        """Return why columns of a sheet are made."""
        known: Mapping[str, Any] = self._before.get(name, {})
        places = [*columns] or [ROWS]
        reasons: dict[str, list[str]] = {}
        inputs: dict[str, dict[str, None]] = {}
        for place in places:
            reason, changed = _why(self._keys.of(name, place), known.get(place))
            reasons.setdefault(reason, []).append(place)
            inputs.setdefault(reason, {}).update(dict.fromkeys(changed))
        said = []
        for reason, listed in reasons.items():
            words = reason or f"{named(inputs[reason])} changed"
            said.append(words if len(listed) == len(places) else f"{named(listed)}: {words}")
        return "; ".join(said)

    def write(self, columns: Mapping[str, Sequence[str]]) -> None:
        """Remember what the columns of this run were made of."""
        steps = self._plan.steps
        found: dict[str, Any] = {name: self._before.get(name, {}) for name in steps}  # also what this run did without
        for name, listed in columns.items():
            keys = {column: self._keys.of(name, column) for column in (ROWS, *listed)}
            told = {column: _told(key) for column, key in keys.items() if key is not None}
            kept = {column: old for column, old in found[name].items() if column in steps[name].schema}
            found[name] = {**kept, **told}
        with suppress(SourceError):  # the next run explains less
            self._store.put_facts(self._place, found)


def _told(key: Key) -> dict[str, Any]:
    inputs = [[sheet, column, hash_] for (sheet, column), hash_ in key.inputs.items()]
    return {"hash": key.hash, "own": key.own, "parts": dict(key.parts), "inputs": inputs}


def _why(key: Key | None, old: Mapping[str, Any] | None) -> tuple[str, list[str]]:
    """Return why something is made: what of it is other than before; or nothing, and the inputs that are."""
    if key is None:
        return "nothing tells beforehand whether it has changed", []
    if old is None:
        return "new", []
    if old["hash"] == key.hash:
        return "no longer in the cache", []
    if old["own"] != key.own:
        parts = [name for name, part in key.parts.items() if old["parts"].get(name) != part]
        plain = [name for name in parts if name not in SURROUNDINGS]  # the clock is another one in every run
        return f"{named(plain or parts or ['its definition'])} changed", []
    before = {(sheet, column): hash_ for sheet, column, hash_ in old["inputs"]}
    inputs = [place for place, hash_ in key.inputs.items() if before.get(place) != hash_]
    columns = [f"{sheet}.{column}" for sheet, column in inputs if column != ROWS]
    changed = columns or [f"the rows of {sheet}" for sheet, _ in inputs]
    return ("", changed) if changed else ("another version of a library", [])
