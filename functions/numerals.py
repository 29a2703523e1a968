"""Numbers written in other bases and in Roman numerals."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions.buffers import arrow_array, filled, text_array
from sheetline.functions.columns import Array
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.errors import Mask

CATEGORY = "mathematics"

_DIGITS = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", np.uint8)
_VALUES = np.full(256, 99, np.int64)
_VALUES[_DIGITS] = np.arange(36)
_VALUES[np.frombuffer(b"abcdefghijklmnopqrstuvwxyz", np.uint8)] = np.arange(10, 36)


def _write(x: Array, radix: Any, least: Any) -> Any:
    """Write non-negative integers in a base, with leading zeros to ``least`` digits; returns an Arrow array."""
    rows = len(x)
    columns: list[Array] = []
    lengths = np.ones(rows, np.int64)
    rest = x
    while not columns or rest.any():
        rest, digit = np.divmod(rest, radix)
        columns.append(_DIGITS[digit])
        lengths = np.where(rest > 0, len(columns) + 1, lengths)
    lengths = np.maximum(lengths, least)
    width = max(int(lengths.max(initial=1)), len(columns))
    matrix = np.full((rows, width), ord("0"), np.uint8)
    for place, column in enumerate(columns):
        matrix[:, width - 1 - place] = column
    shown = np.arange(width) >= (width - lengths)[:, None]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    buffers = [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(matrix[shown].tobytes())]
    return pa.Array.from_buffers(pa.large_string(), rows, buffers)


def _bytes(text: Any) -> tuple[Array, Array, Array]:
    """Return the bytes of an Arrow text array, and where each value starts and how long it is."""
    offsets = np.frombuffer(text.buffers()[1], np.int64)[text.offset : text.offset + len(text) + 1]
    buffer = text.buffers()[2]
    data = np.frombuffer(buffer, np.uint8) if buffer is not None and buffer.size else np.zeros(1, np.uint8)
    return data, offsets[:-1], np.diff(offsets)


def _read(data: Array, start: Array, length: Array, radix: Any, longest: int) -> tuple[Array, Mask, Mask]:
    """Read digits; returns the numbers, and masks of rows with a wrong digit and of rows beyond 64 bits."""
    value = np.zeros(len(start), np.int64)
    wrong = np.zeros(len(start), np.bool_)
    over = np.zeros(len(start), np.bool_)
    most = np.iinfo(np.int64).max
    for place in range(min(int(length.max(initial=0)), longest)):
        here = place < length
        digit = _VALUES[data[np.minimum(start + place, len(data) - 1)]]
        wrong |= here & (digit >= radix)
        digit = np.where(digit < radix, digit, 0)
        over |= here & (value > (most - digit) // radix)
        value = np.where(here & ~over, value * radix + digit, value)
    return value, wrong, over | (length > longest)


def _texts(text: Any, rows: int) -> Any:
    import pyarrow.compute as pc

    if isinstance(text, str):
        return text_array([text.strip()] * rows)
    return pc.utf8_trim_whitespace(text)


@function(
    "BASE(x:whole; radix:whole; [minlen:whole=0]) -> str",
    category=CATEGORY,
    summary="The number written in a base from 2 to 36, with leading zeros to a least length.",
    examples=[
        Example("BASE(255;16)", "FF"),
        Example("BASE(7;2;8)", "00000111"),
        Example("BASE(-1;2)", Failure("NUM")),
        Example("BASE(7;37)", Failure("NUM")),
        Example("BASE(null;2)", None),
    ],
    error_note="A negative number, a base outside 2 to 36 or a length outside 0 to 255 gives the error NUM.",
)
def base(x: Any, radix: Any, minlen: Any, ctx: Call) -> Any:
    bad = np.less(x, 0) | np.less(radix, 2) | np.greater(radix, 36) | np.less(minlen, 0) | np.greater(minlen, 255)
    bad = np.broadcast_to(bad, (ctx.rows,))
    ctx.fail(bad, "NUM")
    numbers = np.where(bad, 0, x)
    return _write(numbers, np.where(bad, 2, radix), np.where(bad, 0, minlen))


@function(
    "DECIMAL(text:str; radix:whole) -> int",
    category=CATEGORY,
    summary="The number that a text of digits in a base from 2 to 36 stands for.",
    examples=[
        Example('DECIMAL("ff";16)', 255),
        Example('DECIMAL("0x1F";16)', 31),
        Example("DECIMAL(101;2)", 5),
        Example('DECIMAL("102";2)', Failure("PARSE")),
        Example('DECIMAL("11";1)', Failure("NUM")),
        Example('DECIMAL("";2)', 0),
        Example("DECIMAL(null;2)", None),
    ],
    notes="White space around it, a leading 0x or x and a final h in base 16, and a final b in base 2 are ignored. "
    "An empty text is 0.",
)
def decimal(text: Any, radix: Any, ctx: Call) -> Any:
    return _decimal(text, radix, ctx)


def _decimal(text: Any, radix: Any, ctx: Call) -> Any:
    data, start, length = _bytes(_texts(text, ctx.rows))
    bad = np.broadcast_to(np.less(radix, 2) | np.greater(radix, 36), (ctx.rows,))
    ctx.fail(bad, "NUM", "DECIMAL: the base {1} is outside 2 to 36")
    last_place = len(data) - 1

    def at(place: Array, letters: bytes) -> Mask:
        return np.isin(data[np.clip(place, 0, last_place)], np.frombuffer(letters, np.uint8))

    skip = np.where(at(start, b"xX") & (length > 1), 1, 0)
    skip = np.where(at(start, b"0") & at(start + 1, b"xX") & (length > 2), 2, skip)
    skip = np.where(np.equal(radix, 16), skip, 0)
    last = start + length - 1
    cut = (np.equal(radix, 16) & at(last, b"hH")) | (np.equal(radix, 2) & at(last, b"bB"))
    length = length - skip - np.where(cut & (length > 1), 1, 0)
    value, wrong, over = _read(data, start + skip, length, np.where(bad, 2, radix), 300)
    ctx.fail(wrong & (length > 0), "PARSE")
    ctx.fail(over, "OVERFLOW")
    return value


@decimal.overload("DECIMAL(digits:int; radix:whole) -> int")
def _decimal_digits(digits: Any, radix: Any, ctx: Call) -> Any:
    text = arrow_array(np.broadcast_to(np.asarray(digits, np.int64), (ctx.rows,))).cast(pa.large_string())
    return _decimal(text, radix, ctx)


def _base_functions(name: str, radix: int, word: str, shown: str) -> None:
    """Declare the conversions from and to a base with ten digits in two's complement."""
    span = radix**10
    digits_note = f"Ten digits at most, in two's complement: from {-span // 2} to {span // 2 - 1}."
    highest = _DIGITS[radix - 1 : radix].tobytes().decode()

    def signed(value: Array, wrong: Mask, over: Mask, ctx: Call) -> Array:
        ctx.fail(wrong, "PARSE")
        ctx.fail(over | (value >= span), "OVERFLOW", f"{ctx.function}: {{0}} has more than ten digits")
        return np.where(value >= span // 2, value - span, value)

    @function(
        f"{name}2DEC(text:str) -> int",
        category=CATEGORY,
        summary=f"The number that a text of {word} digits stands for.",
        examples=[
            Example(f'{name}2DEC("{shown}")', 10),
            Example(f'{name}2DEC("{highest * 10}")', -1),
            Example(f'{name}2DEC("z")', Failure("PARSE")),
            Example(f"{name}2DEC(null)", None),
        ],
        notes=digits_note,
    )
    def from_base(text: Any, ctx: Call) -> Any:
        data, start, length = _bytes(_texts(text, ctx.rows))
        return signed(*_read(data, start, length, radix, 10), ctx)

    @from_base.overload(f"{name}2DEC(digits:int) -> int")
    def _from_digits(digits: Any, ctx: Call) -> Any:
        digits = np.asarray(digits, np.int64)
        value, wrong = np.zeros(len(digits), np.int64), digits < 0
        rest = np.where(wrong, 0, digits)
        over = rest >= 10**10
        for place in range(19):  # all digits that an integer can have: a wrong one counts before too many
            rest, digit = np.divmod(rest, 10)
            wrong = wrong | (digit >= radix)
            if place < 10:
                value = value + digit * radix**place
        return signed(value, wrong, over, ctx)

    @function(
        f"DEC2{name}(x:whole) -> str",
        category=CATEGORY,
        summary=f"The number written with {word} digits, with leading zeros to a number of places.",
        examples=[
            Example(f"DEC2{name}(10)", shown),
            Example(f"DEC2{name}(10;6)", shown.rjust(6, "0")),
            Example(f"DEC2{name}(-1)", highest * 10),
            Example(f"DEC2{name}({span // 2})", Failure("NUM")),
            Example(f"DEC2{name}(null)", None),
        ],
        notes=digits_note,
        error_note="A number outside that range or one that needs more than the places gives the error NUM.",
    )
    def to_base(x: Any, ctx: Call) -> Any:
        return written(x, 0, ctx)

    @to_base.overload(f"DEC2{name}(x:whole; places:whole) -> str")
    def _to_places(x: Any, places: Any, ctx: Call) -> Any:
        bad = np.less(places, 1) | np.greater(places, 10)
        ctx.fail(bad, "NUM", f"{ctx.function}: the number of places {{1}} is outside 1 to 10")
        return written(x, np.where(bad, 10, places), ctx)

    def written(x: Any, places: Any, ctx: Call) -> Any:
        x = np.broadcast_to(np.asarray(x, np.int64), (ctx.rows,))
        outside = (x < -span // 2) | (x >= span // 2)
        ctx.fail(outside, "NUM")
        unsigned = np.where(outside, 0, np.where(x < 0, x + span, x))
        if np.ndim(places) or places:
            needed = np.asarray(places, np.float64)
            ctx.fail((x >= 0) & (unsigned >= radix**needed), "NUM", f"{ctx.function}: {{0}} has more than {{1}} digits")
            places = np.where(x < 0, 0, places)
        return _write(unsigned, radix, places)


_base_functions("BIN", 2, "binary", "1010")
_base_functions("OCT", 8, "octal", "12")
_base_functions("HEX", 16, "hexadecimal", "A")


# Roman numerals

_SYMBOLS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


@lru_cache(maxsize=5)
def _tokens(form: int) -> tuple[tuple[int, str], ...]:
    """Return symbols and the subtractive pairs that a form allows, by falling value.

    In the classic form I, X and C stand before the next two symbols. Forms 1 and 3 let V and L reach further, by
    three and five symbols, forms 2 and 4 let I, X and C reach four and six.
    """
    symbols = list(_SYMBOLS.items())
    tokens = [(value, symbol) for symbol, value in symbols]
    for low, (small, worth) in enumerate(symbols):
        is_five = low % 2 == 1
        least, most = (2, 1 + 2 * ((form + 1) // 2)) if is_five else (1, 2 * (1 + form // 2))
        for big, value in symbols[low + least : low + most + 1]:
            tokens.append((value - worth, small + big))
    return tuple(sorted(tokens, reverse=True))


@lru_cache(maxsize=5)
def _numerals(form: int) -> Any:
    """Return the numerals of 0 to 3999 as an Arrow array."""
    out = []
    for number in range(4000):
        text, rest = "", number
        for value, token in _tokens(form):
            while rest >= value:
                text, rest = text + token, rest - value
        out.append(text)
    return pa.array(out, pa.large_string())


def _form(value: Any) -> int:
    if not 0 <= value <= 4:
        raise ValueError("the form of a Roman numeral is a number from 0 (classic) to 4 (shortest)")
    return int(value)


@function(
    "ROMAN(x:whole; [form:whole const=0]) -> str",
    category=CATEGORY,
    summary="The number, from 0 to 3999, as a Roman numeral; forms 1 to 4 are ever shorter.",
    examples=[
        Example("ROMAN(1999)", "MCMXCIX"),
        Example("ROMAN(499;4)", "ID"),
        Example("ROMAN(4000)", Failure("NUM")),
        Example("ROMAN(null)", None),
    ],
    prepare={"form": _form},
    notes="Zero gives an empty text.",
)
def roman(x: Any, form: Any, ctx: Call) -> Any:
    bad = np.less(x, 0) | np.greater(x, 3999)
    ctx.fail(bad, "NUM")
    return _numerals(form).take(arrow_array(np.where(bad, 0, x)))


def _arabic(text: str) -> int | None:
    """Return the value of a Roman numeral: a smaller symbol before a larger one is subtracted."""
    word = text.strip().upper()
    if word == "-":
        return None
    sign = -1 if word.startswith("-") else 1
    total, highest = 0, 0
    for char in reversed(word[1:] if sign < 0 else word):
        value = _SYMBOLS.get(char)
        if value is None:
            return None
        total += value if value >= highest else -value
        highest = max(highest, value)
    return sign * total


@function(
    "ARABIC(text:str) -> int",
    category=CATEGORY,
    summary="The number that a Roman numeral stands for.",
    examples=[
        Example('ARABIC("MCMXCIX")', 1999),
        Example('ARABIC("id")', 499),
        Example('ARABIC("")', 0),
        Example('ARABIC("abc")', Failure("PARSE")),
        Example("ARABIC(null)", None),
    ],
    notes="Upper or lower case; every form that ROMAN writes is read, and a leading minus sign.",
)
def arabic(text: Any, ctx: Call) -> Any:
    coded = text.dictionary_encode()
    values = [_arabic(word) if word is not None else 0 for word in coded.dictionary.to_pylist()] or [0]
    codes = np.asarray(filled(coded.indices, 0))
    wrong = np.array([value is None for value in values])
    ctx.fail(wrong[codes], "PARSE")
    return np.array([value or 0 for value in values], np.int64)[codes]
