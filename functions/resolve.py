"""Choosing the overload of a call: which signature fits the arguments' types, and the result's type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sheetline.functions import signature as sig
from sheetline.functions.columns import Constant
from sheetline.functions.declare import Form, Function, Kernel
from sheetline.functions.execute import Application, cast_constant
from sheetline.functions.signature import Parameter, Word
from sheetline.functions.types import INTEGER, NULL, Kind, Type, accepts, widen


@dataclass(slots=True, eq=False)  # not frozen: Python writes an exception's traceback
class Mismatch(Exception):  # noqa: N818 - it is caught and turned into a diagnostic, never shown itself
    """Why no overload fits: the reason, the place of the argument at fault (or None), and what was wanted.

    ``reason`` is "count", "type", "const", "value" or "mixed".
    """

    reason: str
    place: int | None = None
    wanted: str = ""
    got: str = ""
    detail: str = ""


def resolve(
    function: Function, types: Sequence[Type], constants: Sequence[Constant | None]
) -> tuple[Application, Sequence[Constant]]:
    """Return the application of ``function`` to arguments of these types, and the defaults to append.

    Args:
        function: what is called.
        types: the arguments' types.
        constants: for each argument its value where it is constant, else None.

    Raises:
        Mismatch: no overload takes these arguments; the one that comes furthest says why.
    """
    choice = _choose(function, tuple(types), tuple([constant is not None for constant in constants]))
    if choice.app is not None:
        return choice.app, choice.defaults
    given = [*constants, *choice.defaults]
    prepared = _prepare(function, choice.parameters, given) if function.prepare else {}
    result = choice.result
    returns = choice.kernel.returns
    if returns is not None:
        result = returns(choice.types, [None if c is None else c.value for c in given])
    return Application(function, choice.kernel, choice.types, result, prepared, choice.names), choice.defaults


@dataclass(frozen=True, slots=True)
class _Choice:
    """What depends on the arguments' types alone: the overload, the widened types, the defaults, the result."""

    kernel: Kernel
    parameters: tuple[Parameter, ...]
    types: tuple[Type, ...]
    defaults: tuple[Constant, ...]
    result: Type
    names: tuple[str, ...]
    app: Application | None = None  #: the application itself where the constants' values say nothing about it


@lru_cache(maxsize=8192)
def _choose(function: Function, types: tuple[Type, ...], const: tuple[bool, ...]) -> _Choice:
    """Return the overload that fits best; calls of the same types are answered from memory."""
    worst: Mismatch | None = None
    best: tuple[int, Kernel, tuple[Parameter, ...]] | None = None
    for kernel in function.kernels:
        try:
            score, places = _score(function, kernel, types, const)
        except Mismatch as mismatch:
            if worst is None or _progress(mismatch) > _progress(worst):
                worst = mismatch
            continue
        if best is None or score < best[0]:
            best = (score, kernel, places)
    if best is None:
        assert worst is not None
        raise worst
    choice = _fill(best[1], best[2], types)
    if function.prepare or choice.kernel.returns is not None:
        return choice
    return replace(choice, app=Application(function, choice.kernel, choice.types, choice.result, {}, choice.names))


def _progress(mismatch: Mismatch) -> tuple[int, int]:
    order = ("count", "type", "mixed", "const", "value")
    return order.index(mismatch.reason), mismatch.place or 0


def _score(
    function: Function, kernel: Kernel, types: Sequence[Type], const: Sequence[bool]
) -> tuple[int, tuple[Parameter, ...]]:
    places = kernel.signature.places(len(types))
    if places is None:
        raise Mismatch("count", None, str(kernel.signature), str(len(types)))
    total = 0
    for place, (parameter, type_, is_const) in enumerate(zip(places, types, const, strict=True)):
        costs = [cost for cost in (sig.fits(word, type_) for word in parameter.words) if cost is not None]
        wanted = "|".join(map(str, parameter.words))
        if not costs:
            raise Mismatch("type", place, wanted, str(type_))
        if parameter.const and not is_const:
            raise Mismatch("const", place, wanted, str(type_))
        if type_.is_big and not function.big and any(w.name == "num" for w in parameter.words):
            raise Mismatch("type", place, "int|float", str(type_))
        total += min(costs)
    for name in ("num", "T"):
        _common(name, places, types)
    return total, places


def _word_for(parameter: Parameter, type_: Type) -> Word:
    fitting = [(sig.fits(word, type_), word) for word in parameter.words]
    return min(((cost, word) for cost, word in fitting if cost is not None), key=lambda pair: pair[0])[1]


def _common(name: str, places: Sequence[Parameter], types: Sequence[Type]) -> Type | None:
    """Return the common type of all arguments of the word ``name`` (num or T), or None without any."""
    common: Type | None = None
    for place, (parameter, type_) in enumerate(zip(places, types, strict=True)):
        if _word_for(parameter, type_).name != name:
            continue
        wider = type_ if common is None else widen(common, type_)
        if wider is None:
            raise Mismatch("mixed", place, str(common), str(type_))
        common = wider
    return common


def _fill(kernel: Kernel, places: tuple[Parameter, ...], types: Sequence[Type]) -> _Choice:
    """Return the choice of a kernel: arguments widened, missing ones filled with their defaults."""
    commons: dict[str, Type | None] = {name: _common(name, places, types) for name in ("num", "T")}
    if commons["num"] is not None and commons["num"].kind is Kind.NULL:
        commons["num"] = INTEGER
    wanted = [_wanted(_word_for(p, t), t, commons) for p, t in zip(places, types, strict=True)]
    defaults: list[Constant] = []
    missing = kernel.signature.parameters[len(places) :] if not kernel.signature.repeat else ()
    for parameter in missing:
        constant = Constant.of(parameter.default)
        word = parameter.words[0]
        target = _wanted(word, constant.type, commons)
        constant = cast_constant(constant, target) if accepts(target, constant.type) else constant
        defaults.append(constant)
        wanted.append(target)
    parameters = (*places, *missing)
    result = NULL if kernel.returns is not None else _result(kernel.signature.returns, wanted, commons)
    names = tuple(parameter.name for parameter in parameters)
    return _Choice(kernel, parameters, tuple(wanted), tuple(defaults), result, names)


def _wanted(word: Word, got: Type, commons: dict[str, Type | None]) -> Type:
    if word.name in ("num", "T"):
        return commons[word.name] or got
    if word.name == "any" or word.type is None:
        return got
    return word.type


def _result(word: Word, wanted: Sequence[Type], commons: dict[str, Type | None]) -> Type:
    if word.name == "num":
        common = commons["num"]
        return common if common is not None else wanted[0]
    if word.name == "T":
        return commons["T"] or (wanted[0] if wanted else NULL)
    if word.type is not None:
        return word.type
    from sheetline.functions.types import list_of

    if word.name == "list":
        if word.item is not None:
            return list_of(_result(word.item, wanted, commons))
        return wanted[0] if wanted and wanted[0].kind is Kind.LIST else list_of(wanted[0] if wanted else NULL)
    return wanted[0] if wanted else NULL


def _prepare(
    function: Function, parameters: Sequence[Parameter], constants: Sequence[Constant | None]
) -> dict[int, Any]:
    prepared: dict[int, Any] = {}
    for place, (parameter, constant) in enumerate(zip(parameters, constants, strict=True)):
        make = function.prepare.get(parameter.name)
        if make is None or constant is None or constant.value is None:
            continue
        try:
            prepared[place] = make(constant.value)
        except ValueError as problem:
            raise Mismatch("value", place, detail=str(problem)) from problem
    return prepared


__all__ = ["Form", "Mismatch", "resolve"]
