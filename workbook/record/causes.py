"""Why a replay may give something else than its record: everything that is other than it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sheetline.workbook.record.model import RunRecord, SheetRecord, SourceRecord

BYTES: Final = "source bytes"
MISSING: Final = "source missing"
OPTION: Final = "read option"
DEFINITION: Final = "definition"
PARAMETER: Final = "parameter"
CLOCK: Final = "clock or seed"
VERSION: Final = "library version"
ORDER: Final = "order"
UNKNOWN: Final = "unknown"
KINDS: Final = (BYTES, MISSING, OPTION, DEFINITION, PARAMETER, CLOCK, VERSION, ORDER, UNKNOWN)
_SETTINGS: Final = ("now", "seed", "parameters", "functions", "sheet", "kind")


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that is other than it was when the record was made.

    Attributes:
        kind: one of :data:`KINDS`.
        words: a sentence.
        sheet: the sheet that it concerns; None for the whole run.
        key: what of it, such as "decimal" or the name of a column.
        then, now: the two values, where there are such.
    """

    kind: str
    words: str
    sheet: str | None = None
    key: str = ""
    then: Any = None
    now: Any = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"kind": self.kind, "words": self.words, "sheet": self.sheet, "key": self.key} | {
            "then": self.then,
            "now": self.now,
        }


def causes_of(then: RunRecord, now: RunRecord) -> list[Cause]:
    """Return everything that differs between what two runs were made of, in the order of the sheets."""
    found: list[Cause] = []
    before = {one.name: one for one in then.sheets}
    for sheet in now.sheets:
        if sheet.name in before:
            found += sheet_causes(before[sheet.name], sheet, then.source(sheet.name), now.source(sheet.name))
    told = {one.key for one in found if one.kind == PARAMETER}
    for (name, *_), before_, after in differences(dict(then.parameters), dict(now.parameters), deep=False):
        if name not in told:
            was, is_ = _value(before_), _value(after)
            words = f"the parameter {name} was {_show(was)} and is {_show(is_)}"
            found.append(Cause(PARAMETER, words, None, name, was, is_))
    return [*found, *run_causes(then, now)]


def sheet_causes(
    then: SheetRecord, now: SheetRecord, source_then: SourceRecord | None, source_now: SourceRecord | None
) -> list[Cause]:
    """Return what differs in what a sheet was made of, but for its inputs; the likeliest cause first."""
    found: list[Cause] = []
    if source_then is not None and source_now is not None:
        found += _bytes(source_then, source_now)
        found += _options(source_then, source_now)
    if then.definition != now.definition:
        found += _definition(then, now, is_source=source_then is not None)
    return found


def run_causes(then: RunRecord, now: RunRecord) -> list[Cause]:
    """Return what differs for the whole run: versions of libraries, and what the processor can do."""
    found = []
    for name in {**then.versions, **now.versions}:
        old, new = then.versions.get(name), now.versions.get(name)
        if old != new:
            words = f"{name} was {old or 'not there'} and is {new or 'not there'}"
            found.append(Cause(VERSION, words, None, name, old, new))
    for name in {**then.features, **now.features}:
        old, new = then.features.get(name), now.features.get(name)
        if old != new:
            words = f"{name} used the instructions {old or '?'} of the processor and now {new or '?'}"
            found.append(Cause(VERSION, words, None, f"{name} instructions", old, new))
    return found


def order_cause(sheet: str, kind: str) -> Cause:
    """Return the cause of a sheet that holds the same rows in another order."""
    what = "the source holds" if kind == "source" else "the sheet holds"
    return Cause(ORDER, f"{what} the same rows in another order", sheet)


def unknown_cause(sheet: str) -> Cause:
    """Return the cause where nothing is known to differ."""
    words = "nothing that it is made of differs: this is a bug in sheetline, or in a function of your own"
    return Cause(UNKNOWN, words, sheet)


def missing_cause(source: SourceRecord, why: str) -> Cause:
    """Return the cause of a source that can't be read any more."""
    return Cause(MISSING, why, source.sheet, "path", source.place or source.path, None)


def _bytes(then: SourceRecord, now: SourceRecord) -> Iterator[Cause]:
    if then.type == now.type == "frame" or then.hash == now.hash:
        return
    where = now.path or "the frame"
    if then.hash is None or now.hash is None:
        if then.type != now.type:
            words = f"it was read from {then.path or 'a frame'} and now from {now.path or 'a frame'}"
            yield Cause(BYTES, words, then.sheet, "", then.path, now.path)
        return
    sizes = f", {then.size:,} bytes then and {now.size:,} now" if then.size != now.size else ", of the same size"
    yield Cause(BYTES, f"the bytes of {where} have changed{sizes}", then.sheet, "", then.hash, now.hash)


def frame_cause(sheet: str) -> Cause:
    """Return the cause of a frame with other content: a frame has no bytes of its own to compare."""
    return Cause(BYTES, "the frame that was given holds something else", sheet)


def _options(then: SourceRecord, now: SourceRecord) -> Iterator[Cause]:
    for path, old, new in differences(_named(then.options), _named(now.options)):
        key = ".".join(path).removeprefix("from.")
        yield Cause(OPTION, f"'{key}' was {_show(old)} and is {_show(new)}", then.sheet, key, old, new)
    for path, old, new in differences(dict(then.mapping), dict(now.mapping)):
        key = f"mapping of {'.'.join(path)}"
        yield Cause(OPTION, f"the {key} was {_show(old)} and is {_show(new)}", then.sheet, key, old, new)
    if then.sample != now.sample:
        words = f"the sample was {_show(then.sample)} rows and is {_show(now.sample)}"
        yield Cause(OPTION, words, then.sheet, "sample", then.sample, now.sample)


def _definition(then: SheetRecord, now: SheetRecord, *, is_source: bool) -> Iterator[Cause]:
    old, new = then.definition, now.definition
    name = now.name
    if old.get("kind") != new.get("kind"):
        words = f"the kind of the sheet was {old.get('kind')} and is {new.get('kind')}"
        yield Cause(DEFINITION, words, name, "kind", old.get("kind"), new.get("kind"))
        return
    if not is_source:  # the keys of a source are told as read options
        for path, before, after in differences(_named(old.get("sheet")), _named(new.get("sheet"))):
            yield _key_cause(name, path, before, after)
    for (parameter, *_), before, after in differences(old.get("parameters", {}), new.get("parameters", {}), deep=False):
        was, is_ = _value(before), _value(after)
        words = f"the parameter {parameter} was {_show(was)} and is {_show(is_)}"
        yield Cause(PARAMETER, words, name, parameter, was, is_)
    for key, words in (("now", "the run's clock"), ("seed", "the run's seed")):
        if old.get(key) != new.get(key):
            was, is_ = (_moment(old.get(key)), _moment(new.get(key))) if key == "now" else (old.get(key), new.get(key))
            yield Cause(CLOCK, f"{words} was {was} and is {is_}", name, key, was, is_)
    for key in sorted({*old, *new} - set(_SETTINGS)):
        if old.get(key) != new.get(key) and not (is_source and key == "timezone"):
            words = f"{_WORDS.get(key, key)} was {_show(old.get(key))} and is {_show(new.get(key))}"
            yield Cause(DEFINITION, words, name, key, old.get(key), new.get(key))
    if set(old) == set(new) and all(old[key] == new[key] for key in old if key != "functions"):
        words = "a function of your own was changed"
        yield Cause(DEFINITION, words, name, "functions", old.get("functions"), new.get("functions"))


_WORDS: Final = {"mode": "errors.mode", "timezone": "the time zone"}


def _key_cause(sheet: str, path: tuple[str, ...], then: Any, now: Any) -> Cause:
    """Return the cause of a key of a sheet that was changed; formulas are told by their column."""
    key = ".".join(path)
    if path[-1] == "formula" and len(path) > 2:
        label = path[-2]
        words = f"the formula of {label} was {then} and is {now}"
        return Cause(DEFINITION, words, sheet, label, then, now)
    if path[0] == "columns" and len(path) == 2 and then is None:
        return Cause(DEFINITION, f"the column {path[1]} is new: {_formula(now)}", sheet, path[1], None, _formula(now))
    if path[0] == "columns" and len(path) == 2 and now is None:
        return Cause(DEFINITION, f"the column {path[1]} was {_formula(then)}", sheet, path[1], _formula(then), None)
    if path[-1] == ORDERED:
        words = f"the order of {path[0]} was {_show(then)} and is {_show(now)}"
        return Cause(DEFINITION, words, sheet, path[0], then, now)
    return Cause(DEFINITION, f"'{key}' was {_show(then)} and is {_show(now)}", sheet, key, then, now)


def _formula(value: Any) -> Any:
    return value.get("formula", value) if isinstance(value, Mapping) else value


ORDERED: Final = "(order)"


def _named(value: Any) -> Any:
    """Return lists of named objects as objects by name, so that one change in a list is one difference."""
    if isinstance(value, Mapping):
        return {key: _named(item) for key, item in value.items()}
    if isinstance(value, list) and value and all(isinstance(one, Mapping) and "name" in one for one in value):
        found: dict[str, Any] = {one["name"]: {k: _named(v) for k, v in one.items() if k != "name"} for one in value}
        if len(found) == len(value):
            return {**found, ORDERED: list(found)}
    return value


def differences(
    then: Any, now: Any, path: tuple[str, ...] = (), *, deep: bool = True
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Yield path, old and new value of everything that differs between two plain values; None: not there.

    >>> list(differences({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3}}))
    [(('b', 'c'), 2, 3)]
    """
    if not isinstance(then, Mapping) or not isinstance(now, Mapping) or (path and not deep):
        if then != now:
            yield path, then, now
        return
    for key in {**then, **now}:
        if key == ORDERED:
            both = [name for name in then.get(key, ()) if name in now.get(key, ())]
            same = [name for name in now.get(key, ()) if name in both]
            if both != same:
                yield (*path, key), both, same
            continue
        yield from differences(then.get(key), now.get(key), (*path, str(key)), deep=deep)


def _value(parameter: Any) -> Any:
    return parameter.get("value") if isinstance(parameter, Mapping) else parameter


def _moment(micros: Any) -> str:
    from datetime import UTC, datetime, timedelta

    if not isinstance(micros, int):
        return "not used"
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)).isoformat()


def _show(value: Any) -> str:
    import json

    if value is None:
        return "not set"
    shown = json.dumps(value, ensure_ascii=False)
    return shown if len(shown) <= 120 else shown[:119] + "…"
