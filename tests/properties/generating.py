"""Generates calls of declared functions from a seed: columns for row arguments, constants as the examples have them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

import numpy as np

from sheetline.formulas import ast
from sheetline.formulas.diagnostics import FormulaError
from sheetline.formulas.parser import parse
from sheetline.formulas.printer import print_formula
from sheetline.functions import errors as err
from sheetline.functions.columns import Column
from sheetline.functions.declare import Function, Kernel
from sheetline.functions.errors import Origin
from sheetline.functions.registry import REGISTRY
from sheetline.functions.types import BOOLEAN, DATE, FLOAT, INTEGER, STRING, Type, list_of

TEXTS = [
    "",
    " ",
    "a",
    "A",
    "abc",
    "aé",
    "ß",
    "İ",
    "x y",
    "12",
    "-3.5",
    "1e3",
    "2024-02-29",
    "\x00",
    "😀z",
    "true",
    "a,b;c",
]
SIGNS = "abcXYZ 019.,;-_%$#()[]äßİ😀\u0301\u05d0\n\t\"'"
LARGE = [2**63 - 1, -(2**63), 2**31, 0]
FLOATS = [0.0, -0.0, 1.0, 0.5, 1e300, -1e300, 5e-324, 2.5]


def one_value(word: str, random: Random) -> Any:
    """A value of a type word: mostly plain ones, now and then an extreme; lists are short, with nulls in them."""
    if word.startswith("list<"):
        item = word[5:-1]
        return [None if random.random() < 0.2 else one_value(item, random) for _ in range(random.randrange(5))]
    rare = random.random() < 0.3
    if word in ("int", "duration"):
        if word == "duration":
            return random.randrange(10**9)
        return random.choice(LARGE) if rare else random.randint(-5, 20)
    if word == "float":
        return random.choice(FLOATS) if rare else random.uniform(-100, 100)
    if word == "bool":
        return random.random() < 0.5
    if word == "date":
        return random.choice([0, 1_709_164_800_000_000]) if rare else random.randrange(-(10**15), 4 * 10**15)
    return random.choice(TEXTS) if rare else "".join(random.choices(SIGNS, k=random.randrange(7)))


#: What parameters of distributions are drawn from, most of the time, so that most calls are possible ones.
SPANS = {"p": (0.0, 1.0), "alpha": (0.05, 2.0), "mean": (-3.0, 3.0), "x": (-1.0, 12.0), "a": (-5.0, 1.0)}
COUNTS = {"k": 8, "n": 20, "m": 30, "total": 50, "r": 9}


def parameter_value(name: str, random: Random) -> float:
    """A value of a distribution's parameter."""
    if random.random() < 0.1:
        return random.choice([0.0, 1.0, -1.0, random.uniform(-20, 20)])
    if name in COUNTS:
        return float(random.randint(0, COUNTS[name])) + random.choice([0.0, 0.5])
    low, high = SPANS.get(name, (0.1, 15.0))
    return random.uniform(low, high)


TYPES: dict[str, Type] = {
    "int": INTEGER,
    "float": FLOAT,
    "bool": BOOLEAN,
    "str": STRING,
    "date": DATE,
    "duration": INTEGER,
}


#: What the elements of generated lists are; oracles don't know dates inside lists.
ITEMS = ("int", "float", "str", "bool")


def type_of(word: str) -> Type:
    """The type of a type word."""
    return list_of(type_of(word[5:-1])) if word.startswith("list<") else TYPES[word]


def concrete(word: str) -> list[str]:
    """The type words that stand for a word of a signature in generated calls."""
    if word == "list":
        word = "list<any>"
    if word.startswith("list<"):
        return [f"list<{item}>" for item in concrete(word[5:-1]) if item in ITEMS or item.startswith("list<")]
    if word == "num":
        return ["int", "float"]
    if word in ("any", "T"):
        return ["int", "float", "str", "bool", "date"]
    if word == "whole":
        return ["int", "float"]
    return [word] if word in TYPES else []


@cache
def constants_of(function: Function) -> dict[str, list[str]]:
    """Texts of constant arguments by parameter name, as the function's examples write them."""
    found: dict[str, list[str]] = {}
    for example in function.examples:
        try:
            root = parse(example.formula)
        except FormulaError:  # pragma: no cover - examples parse, other tests say so
            continue
        for node in ast.walk(root):
            if not isinstance(node, ast.Call) or REGISTRY.get(node.name) is not function:
                continue
            for kernel in function.kernels:
                places = kernel.signature.places(len(node.args)) or ()
                for parameter, arg in zip(places, node.args, strict=False):
                    plain = not any(isinstance(n, ast.ColumnRef) for n in ast.walk(arg))
                    if plain and not (isinstance(arg, ast.Literal) and arg.value is None):
                        found.setdefault(parameter.name, []).append(print_formula(arg))
    return found


#: Makes a value of a type word for a parameter of this name.
Maker = Callable[[str, str, Random], Any]


def row_value(word: str, parameter: str, random: Random) -> Any:
    """A value for a row function: of its type, any size."""
    return one_value(word, random)


def distribution_value(word: str, parameter: str, random: Random) -> Any:
    """A value for a distribution: most of the time a possible parameter."""
    return parameter_value(parameter, random) if word == "float" else one_value(word, random)


def column(
    word: str, rows: int, random: Random, *, errors: bool = False, parameter: str = "", make: Maker = row_value
) -> Column:
    """A column with nulls (garbage under them) and, if asked for, error values, for the parameter of a name."""
    type_ = type_of(word)
    values = [make(word, parameter, random) for _ in range(rows)]
    null = np.array([random.random() < 0.2 for _ in range(rows)], bool)
    if type_.is_arrow or type_ is FLOAT:
        made = Column.of([None if gone else v for v, gone in zip(values, null, strict=True)], type_)
    else:
        full = Column.of(values, type_)
        made = Column(type_, full.data, null if null.any() else None)
    if errors and rows and random.random() < 0.5:
        places = np.array(sorted(random.sample(range(rows), min(3, rows))), np.int64)
        wrong = err.make(places, random.choice(["NUM", "PARSE"]), Origin("TEST", "made by the test"))
        made = made.with_errors(wrong)
    return made


def call(
    function: Function, kernel: Kernel, rows: int, random: Random, *, errors: bool = False, make: Maker | None = None
) -> tuple[str, dict[str, Column]] | None:
    """A call of a kernel as formula text with the columns it names; None where a word can't be generated."""
    signature = kernel.signature
    known = constants_of(function)
    most = len(signature.parameters) + 2 * signature.repeat
    places = signature.places(random.randint(signature.minimum, most)) or signature.places(signature.minimum)
    if places is None:
        return None
    arguments: list[str] = []
    made: dict[str, Column] = {}
    common: dict[str, str] = {}
    for number, parameter in enumerate(places):
        from_examples = known.get(parameter.name, [])
        if parameter.const:
            if not from_examples:
                return None
            arguments.append(random.choice(from_examples))
            continue
        word = random.choice([str(w) for w in parameter.words])
        choices = concrete(word)
        if not choices:
            return None
        chosen = random.choice(choices)
        if word == "T":
            chosen = common.setdefault(word, chosen)
        elif word == "list<T>":
            chosen = f"list<{common.setdefault('T', chosen[5:-1])}>"
        if from_examples and chosen == "str" and random.random() < 0.5:
            arguments.append(random.choice(from_examples))
            continue
        usual = distribution_value if function.category == "distributions" else row_value
        made[f"c{number}"] = column(chosen, rows, random, errors=errors, parameter=parameter.name, make=make or usual)
        arguments.append(f"#c{number}")
    return f"{function.name}({';'.join(arguments)})", made
