"""Text that is meant to break what reads it, in every row function: a result or an error value in each row, soon.

Every kernel that takes text, lists or values of any type gets columns and constants of such texts. None may raise
anything but a refusal before the run; there are as many rows out as in, all text that comes out is valid UTF-8, also
in messages of errors, and no call takes long.
"""

from __future__ import annotations

from random import Random
from time import monotonic, process_time
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from evaluating import sheet
from generating import concrete, constants_of, one_value, type_of

from sheetline.formulas.diagnostics import FormulaError
from sheetline.functions.columns import Column
from sheetline.functions.declare import Form, Function, Kernel
from sheetline.functions.registry import REGISTRY
from sheetline.functions.types import STRING

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><l>&i;</l>"
)
DEEP = "[" * 1000 + "]" * 1000
DEEP_OBJECTS = '{"a":' * 1000 + "1" + "}" * 1000
DEEP_ELEMENTS = "<a>" * 1000 + "</a>" * 1000

MARKS = ["e\u0301", "\u0301e", "a" + "\u0300\u0301\u0302" * 50, "\u0345\u1e9b\u0323", "\u1100\u1161\u11a8", "ö́͜x"]
EMOJI = ["👩\u200d👩\u200d👧\u200d👦", "🏳\ufe0f\u200d🌈", "🇩🇪🇫", "👍🏽", "\U0010ffff", "\ufdd0\ufffe"]
SCRIPTS = [
    "שלום (abc) עולם",
    "\u202eabc\u202c",
    "\u2066x\u2069\u200f",
    "مرحبا ١٢٣",
    "日本語。テスト！",
    "क्ष्म्य",
    "Ǆ ǆ ǅ",
]
CASES = ["İstanbul IĞDIR ıi", "ß ẞ SS ﬁ", "ŉ ǰ ΐ ᾳ", "ΟΔΥΣΣΕΥΣ ς", "ſ K Å"]
CONTROLS = [
    "\x00",
    "a\x00b\x00",
    "\ufeffabc",
    "abc\ufeff",
    "\x1b[31m\x07\x08\x7f\x85",
    "\r\n\u2028\u2029\v\f",
    "\u00a0\u3000\u200b",
]
SURROGATES = [
    "\\ud800",
    '"\\ud83d"',
    '["\\udc00\\ud800"]',
    "&#xD800;&#57343;",
    "%ED%A0%80",
    "7aCA",
    "eda080",
    "í\xa0\x80",
    "\ufffd",
]
NUMBERS = [
    "1e999",
    "-1e-999",
    "9" * 400,
    "0x" + "f" * 40,
    "١٢٣",
    "½",
    "NaN",
    "-Infinity",
    "1_000",
    "+-1",
    "1e",
    "- 5",
    "٣٫٥",
]
TIMES = [
    "2024-02-30",
    "0000-00-00T00:00",
    "9999-12-31T23:59:60Z",
    "-262144-01-01",
    "99999999999999999999",
    "24:00",
    "P1Y",
    "1h-",
]
DOCUMENTS = [
    DEEP,
    DEEP_OBJECTS,
    DEEP_ELEMENTS,
    LAUGHS,
    '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
    '<x xmlns:a="u"><a:b/></x',
    "<![CDATA[" + "]" * 50,
    '{"a":{"a":[1,{"a":null}]},"":"\\u0000"}',
    '{"a":1e400,"b":-0}',
    "[1,2",
    '"\\x"',
    "null",
]
PATTERNS = [
    "(a+)+$",
    "(a|a)*b",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "(x*)*y(?=z)",
    "(.*)\\1\\1",
    "(?<=a{1,9})b",
    "a{1,999}{1,999}",
    "(" * 300 + ")" * 300,
    "[",
    "(?P<n>",
    "\\",
    "*",
    "(?i)ſ",
    "~*~?~~",
    "%\\_%_\\",
    "$.a[0",
    "$..*[?(@)]",
    "//*[",
    "//x[position()=count(//x)]",
    "[$-409]#,##0.00;;;@",
]
PLACES = [
    "http://[::1",
    "http://a:99999/%zz?=&&=%",
    "x@" + "a." * 100 + "b",
    "://",
    "::ffff:999.1.1.1",
    "1.2.3.4/33",
    "POLYGON((0 0",
]
CATASTROPHES = ["a" * 40 + "!", "x" * 500, "ab" * 200, " " * 3000 + "x", "a,b" * 999]
HOSTILE = [
    "",
    *MARKS,
    *EMOJI,
    *SCRIPTS,
    *CASES,
    *CONTROLS,
    *SURROGATES,
    *NUMBERS,
    *TIMES,
    *DOCUMENTS,
    *PATTERNS,
    *PLACES,
    *CATASTROPHES,
]
LONG = ["a" * 100_000, "ä\u0301😀\x00" * 25_000, "(" * 50_000 + ")" * 50_000, "1" * 100_000, " " * 100_000 + "\n"]
SECONDS = 5.0


def words_of(kernel: Kernel) -> list[list[str]]:
    """What may be generated for each parameter: text where it can be text, else lists of text, else anything."""
    chosen = []
    for parameter in kernel.signature.parameters:
        words = [word for each in parameter.words for word in concrete(str(each))]
        texts = [word for word in words if word == "str"] or [word for word in words if "str" in word]
        chosen.append(texts or words)
    return chosen


#: Row functions with a parameter that hostile text fits in.
KERNELS = [
    pytest.param(function, kernel, id=str(kernel.signature))
    for function in REGISTRY
    if function.form is Form.ELEMENT
    for kernel in function.kernels
    if any("str" in word for words in words_of(kernel) for word in words)
]


def hostile_column(word: str, texts: list[str], random: Random) -> Column:
    """A column of a type word; text is hostile, each text once, in any order, with a null."""
    if word == "str":
        return Column.of([*random.sample(texts, len(texts)), None], STRING)

    def value(word: str) -> Any:
        if word.startswith("list<"):
            return [None if random.random() < 0.1 else value(word[5:-1]) for _ in range(random.randrange(4))]
        return random.choice(texts) if word == "str" else one_value(word, random)

    values = [value(word) for _ in range(len(texts))]
    return Column.of([*values, values[0] if word in ("int", "bool", "date", "duration") else None], type_of(word))


def hostile_call(
    function: Function, kernel: Kernel, texts: list[str], random: Random, *, fixed: float = 0.0
) -> tuple[str, dict[str, Column], dict[str, Any]] | None:
    """A call over columns of hostile text; ``fixed`` is how often a text is a constant instead, const ones too."""
    signature = kernel.signature
    words = words_of(kernel)
    known = constants_of(function)
    most = len(signature.parameters) + signature.repeat
    places = signature.places(random.randint(signature.minimum, most)) or signature.places(signature.minimum)
    if places is None:
        return None
    columns: dict[str, Column] = {}
    constants: dict[str, Any] = {}
    arguments = []
    for number, parameter in enumerate(places):
        choices = words[signature.parameters.index(parameter)]
        if "str" in choices and random.random() < fixed:
            constants[f"p{number}"] = random.choice(texts)
            arguments.append(f"$p{number}")
        elif parameter.const:
            if parameter.name not in known:
                return None
            arguments.append(random.choice(known[parameter.name]))
        elif not choices:
            return None
        else:
            columns[f"c{number}"] = hostile_column(random.choice(choices), texts, random)
            arguments.append(f"#c{number}")
    columns = columns or {"only": Column.of([1, 2])}
    return f"{function.name}({';'.join(arguments)})", columns, constants


def survives(formula: str, columns: dict[str, Column], constants: dict[str, Any]) -> bool:
    """Check that a call gives a sound column, in time; False where it is refused before the run."""
    rows = len(next(iter(columns.values())))
    before, worked = monotonic(), process_time()
    try:
        column = sheet({"Result": formula}, columns, parameters=constants)["Result"]
    except FormulaError as refusal:
        str(refusal).encode()
        return False
    finally:
        took = min(monotonic() - before, process_time() - worked)  # others may have the processor
        assert took < SECONDS, f"{formula} takes too long"
    assert len(column) == rows
    data: Any = column.data
    if isinstance(data, pa.Array):
        data.validate(full=True)  # text is UTF-8
    elif data.dtype == np.float64:
        null = column.nulls()
        assert np.isfinite(data if null is None else data[~null]).all()
    if column.errors is not None and not formula.startswith(("ERROR(", "ASSERT(")):  # they say what they are told
        for message in column.errors.messages():
            assert len(message.encode()) < 4000, "messages quote the beginning only"
    return True


@pytest.mark.parametrize(("function", "kernel"), KERNELS)
def test_columns(function: Function, kernel: Kernel) -> None:
    for seed in range(2):
        made = hostile_call(function, kernel, HOSTILE, Random(seed))
        if made is not None:
            survives(*made)


@pytest.mark.parametrize(("function", "kernel"), KERNELS)
def test_constants(function: Function, kernel: Kernel) -> None:
    random = Random(function.name)
    for _ in range(12):
        made = hostile_call(function, kernel, HOSTILE, random, fixed=0.7)
        if made is not None:
            survives(*made)


@pytest.mark.parametrize(("function", "kernel"), KERNELS)
def test_long_texts(function: Function, kernel: Kernel) -> None:
    made = hostile_call(function, kernel, LONG, Random(1))
    if made is not None:
        survives(*made)


@pytest.mark.slow
@pytest.mark.parametrize(("function", "kernel"), KERNELS)
def test_a_megabyte(function: Function, kernel: Kernel) -> None:
    random = Random(2)
    made = hostile_call(function, kernel, ["ab 1," * 200_000], random)
    if made is not None:
        survives(*made)


def test_there_is_much_to_break() -> None:
    assert len({param.values[0].name for param in KERNELS}) > 200
    assert len(set(HOSTILE)) == len(HOSTILE) > 100
