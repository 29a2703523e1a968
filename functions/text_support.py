"""What text kernels share: constants as scalars, the all-ASCII path, distinct values, and text of any value.

A text argument of a kernel is a Python ``str`` (a constant) or an Arrow ``large_string`` array. The helpers
take either. A constant that holds half a surrogate pair cannot be Arrow text; it makes every row an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sheetline.functions import buffers
from sheetline.functions.buffers import arrow_array, filled, text_scalar
from sheetline.functions.columns import Column, Constant
from sheetline.functions.context import Call
from sheetline.functions.types import Kind

TEXT = pa.large_string()
TEXTS = pa.large_list(pa.large_string())

#: No cell of text may be longer, in bytes of UTF-8: beyond it a row is an error LIMIT.
MAX_CELL = 10_000_000
#: Nor may the texts that one call makes be longer together: a bound on memory, not on sensible data.
MAX_BLOCK = 1_000_000_000

#: The characters that Python's ``str.split`` takes for white space, as the inside of an RE2 class.
BLANKS = r"\t-\r\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"

Give = Literal["str", "list", "int", "bool"]
Read = Callable[[Sequence[Any]], Iterator[Any]]


class CellError(Exception):
    """Raised by a function of single values (see :func:`map_rows`): this row is an error value."""

    def __init__(self, code: str, note: str = "") -> None:
        super().__init__(code, note)
        self.code = code
        self.note = note


def kernels() -> Any:
    """Return Arrow's compute module, imported when first needed: it takes a quarter of a second."""
    import pyarrow.compute as pc

    return pc


def whole(text: str) -> str:
    """Return ``text`` if Arrow can hold it, for constants that are prepared before the run.

    Raises:
        ValueError: it holds half a surrogate pair.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("half a surrogate pair is not text") from None
    return text


def checked(value: Any, ctx: Call) -> Any:
    """Return a text argument; a constant with half a surrogate pair fails all rows and is patched."""
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            ctx.fail(np.ones(1, np.bool_), "VALUE", f"{ctx.function}: half a surrogate pair is not text")
            return value.encode("utf-8", "replace").decode()
    return value


def operand(value: Any, ctx: Call) -> Any:
    """Return a text argument for an Arrow kernel: constants as scalars."""
    value = checked(value, ctx)
    return text_scalar(value) if isinstance(value, str) else value


def as_rows(value: Any, ctx: Call) -> Any:
    """Return a text argument as an array of the call's rows."""
    given: Any = operand(value, ctx)
    is_array = isinstance(given, pa.Array)
    return given if is_array else pa.repeat(given, ctx.rows)


def numbers(result: Any, null: int = 0) -> npt.NDArray[np.int64]:
    """Return an Arrow array of integers as numpy, ``null`` where null."""
    found = buffers.fixed_values(result, str(result.type)).astype(np.int64, copy=False)
    gone = buffers.null_mask(result)
    return found if gone is None else np.where(gone, null, found)


def truths(result: Any) -> npt.NDArray[np.bool_]:
    """Return an Arrow array of booleans as numpy, false where null."""
    found = buffers.truths(result)
    gone = buffers.null_mask(result)
    return found if gone is None else found & ~gone


def lengths(text: Any, out: npt.NDArray[np.int64] | None = None) -> npt.NDArray[np.int64]:
    """Return the number of bytes of each text of an array, maybe in ``out``."""
    _, offset_buffer, _ = text.buffers()
    if len(text) == 0 or offset_buffer is None:
        return np.zeros(len(text), np.int64)
    offsets = np.frombuffer(offset_buffer, np.int64)[text.offset : text.offset + len(text) + 1]
    return np.subtract(offsets[1:], offsets[:-1], out=out)


def raw_bytes(text: Any) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Return the bytes of a ``large_string`` array (its slice only) and the n+1 offsets into them."""
    _, offset_buffer, data = text.buffers()
    if len(text) == 0 or offset_buffer is None:
        return np.zeros(0, np.uint8), np.zeros(len(text) + 1, np.int64)
    offsets = np.frombuffer(offset_buffer, np.int64)[text.offset : text.offset + len(text) + 1]
    low, high = int(offsets[0]), int(offsets[-1])
    if data is None or high == low:
        return np.zeros(0, np.uint8), np.zeros(len(text) + 1, np.int64)
    return np.frombuffer(data, np.uint8)[low:high], offsets - low


def is_ascii(text: Any) -> bool:
    """Whether a text argument holds ASCII characters only (bytes under nulls count too)."""
    if isinstance(text, str):
        return text.isascii()
    _, offset_buffer, data = text.buffers()
    if len(text) == 0 or offset_buffer is None or data is None:
        return True
    offsets = np.frombuffer(offset_buffer, np.int64)
    held = np.frombuffer(data, np.uint8)[int(offsets[text.offset]) : int(offsets[text.offset + len(text)])]
    return len(held) == 0 or int(held.max()) < 128


def by_ascii(text: Any, kernel: Callable[[Any], Any], python: Callable[[str], str]) -> Any:
    """Return text by an Arrow kernel for rows of ASCII, by Python's own function for the others."""
    if is_ascii(text):
        return kernel(text)
    pc = kernels()
    wide = filled(pc.invert(pc.string_is_ascii(text)), False)
    return pc.replace_with_mask(kernel(text), wide, mapped_rows(python, text.filter(wide)))


def mapped_rows(python: Callable[[str], str], text: Any) -> Any:
    """Return Arrow text by a function of one text, called on distinct ones where these are few."""
    values, _, inverse = _map(python, [text], len(text))
    made = pa.array(values, TEXT)
    return made if inverse is None else _taken(made, inverse)


def folded(text: Any) -> Any:
    """Return text for comparisons that ignore case (Python's ``casefold``)."""
    from sheetline.functions import text_letters

    return text.casefold() if isinstance(text, str) else text_letters.folding().change(text)


def map_rows(ctx: Call, function: Callable[..., Any], *args: Any, give: Give = "str", read: Read | None = None) -> Any:
    """Apply a Python function of single values to rows, on distinct arguments where these are few.

    Args:
        ctx: the call.
        function: gets one row's values and returns its result, None for null; raises :class:`CellError`.
        args: constants, Arrow text, numpy arrays. A row with a null text is null without a call.
        give: what the function returns: "str", "list" (of texts), "int" or "bool".
        read: gets the distinct values of the first argument, and yields what the function is given for each.

    Returns:
        Arrow text or lists, or a numpy array; failing and null rows are reported to ``ctx``.
    """
    values, failures, inverse = _map(function, [checked(arg, ctx) for arg in args], ctx.rows, read)
    for (code, note), places in failures.items():
        failing = np.zeros(len(values), np.bool_)
        failing[places] = True
        ctx.fail(failing if inverse is None else failing[inverse], code, note)
    if give in ("str", "list"):
        made = pa.array(values, TEXT if give == "str" else TEXTS)
        return made if inverse is None else _taken(made, inverse)
    none = np.fromiter((value is None for value in values), np.bool_, len(values))
    if none.any():
        ctx.nullify(none if inverse is None else none[inverse])
    plain: Any = np.array([value or 0 for value in values], np.int64 if give == "int" else np.bool_)
    return plain if inverse is None else plain[inverse]


def _taken(array: Any, rows: npt.NDArray[np.int64]) -> Any:
    return array.take(buffers.arrow_array(rows))


def _map(
    function: Callable[..., Any], args: Sequence[Any], rows: int, read: Read | None = None
) -> tuple[list[Any], dict[tuple[str, str], list[int]], npt.NDArray[np.int64] | None]:
    """Return values, failing places by code and note, and where each row's value stands (None: in place)."""
    arrays = [place for place, arg in enumerate(args) if isinstance(arg, pa.Array | np.ndarray)]
    inverse = None
    taken = list(args)
    if not arrays:
        inverse, rows = np.zeros(rows, np.int64), min(rows, 1)
    elif rows >= 256 and _repetitive([args[place] for place in arrays], rows):
        first, inverse = _distinct([args[place] for place in arrays])
        rows = len(first)
        for place in arrays:
            arg = args[place]
            taken[place] = arg[first] if isinstance(arg, np.ndarray) else arg.take(arrow_array(first))
    columns: list[Any] = [_listed(arg) if place in arrays else repeat(arg, rows) for place, arg in enumerate(taken)]
    if read is not None:
        given = columns[0]
        columns[0] = read(given) if isinstance(given, list) else repeat(next(read([args[0]])), rows)
    values: list[Any] = []
    failures: dict[tuple[str, str], list[int]] = {}
    for row in zip(*columns, strict=True):
        try:
            values.append(None if None in row else function(*row))
        except CellError as error:
            failures.setdefault((error.code, error.note), []).append(len(values))
            values.append(None)
    return values, failures, inverse


def _listed(array: Any) -> list[Any]:
    listed: list[Any] = array.tolist() if isinstance(array, np.ndarray) else array.to_pylist()
    return listed


def _repetitive(arrays: Sequence[Any], rows: int) -> bool:
    """Whether a sample of rows repeats itself, so that finding the distinct values pays."""
    sample = np.linspace(0, rows - 1, 128).astype(np.int64)
    columns = [_listed(a[sample] if isinstance(a, np.ndarray) else a.take(arrow_array(sample))) for a in arrays]
    return len(set(zip(*columns, strict=True))) <= 64


def _distinct(arrays: Sequence[Any]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return a row of each distinct tuple of values, and for each row the place of its tuple."""
    codes: npt.NDArray[np.int64] | None = None
    for array in arrays:
        if isinstance(array, np.ndarray):
            more = np.unique(array, return_inverse=True)[1]
        else:
            indices = array.dictionary_encode().indices
            more = numbers(indices) if not indices.null_count else np.asarray(filled(indices, -1), np.int64) + 1
        if codes is None:
            codes = more
        else:  # they stay below rows², whatever the number of arrays
            codes = np.unique(codes * (int(more.max(initial=0)) + 1) + more, return_inverse=True)[1]
    assert codes is not None
    first = np.zeros(int(codes.max(initial=-1)) + 1, np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]  # the last one that is written stays
    return first, codes


# The text of any value: what CONCAT, the operator & and T show.


def to_text(value: Column | Constant, ctx: Call) -> Any:
    """Return the text form of a column (an Arrow array) or of a constant (an Arrow scalar); nulls stay null.

    Integers as they are; floats with the fewest digits that read back as the same number, without ".0"
    (3.0 is "3"), plain from 0.000001 up to 15 digits before the point and with an exponent beyond
    ("1e+15", "1e-7"); exact numbers in full; dates as ISO 8601 in the workbook's time zone; booleans
    ``true`` and ``false``; lists as ``[a;b]``, their nulls as ``null``.
    """
    if isinstance(value, Constant):
        if value.value is None:
            return text_scalar(None)
        if isinstance(value.value, str):
            return operand(value.value, ctx)
        return to_text(value.column(1), ctx)[0]
    column = value.plain()
    kind = column.type.kind
    if kind is Kind.STRING:
        return column.data
    if kind is Kind.NULL:
        return pa.nulls(len(column), TEXT)
    if kind is Kind.LIST or kind is Kind.PAIR:
        return _nested_text(column.data, ctx)
    null = column.nulls()
    if kind is Kind.DATE:
        return _date_text(column.data, null, ctx)
    if column.type.is_big:
        shown = [None if v is None else (f"{v:f}" if kind is Kind.BIGDECIMAL else str(v)) for v in column.to_list()]
        return pa.array(shown, TEXT)
    if kind is Kind.FLOAT:
        return _float_text(column.data, null)
    return arrow_array(column.data, null).cast(TEXT)


def _float_text(numbers_: Any, null: Any) -> Any:
    """Return floats as text; Arrow's own has exponents from ten digits on, which are written out here."""
    values = numbers_ + 0.0  # -0.0 + 0.0 is 0.0
    shown = arrow_array(values, null).cast(TEXT)
    with np.errstate(all="ignore"):
        size = np.abs(values)
        long = (size >= 1e10) & (size < 1e15)
        if null is not None:
            long &= ~null
        whole_ones = long & (np.floor(values) == values)
    for mask, python in ((whole_ones, None), (long & ~whole_ones, "positional")):
        if not mask.any():
            continue
        chosen = values[mask]
        if python is None:
            made = arrow_array(chosen.astype(np.int64)).cast(TEXT)
        else:
            unique, inverse = np.unique(chosen, return_inverse=True)
            texts = [np.format_float_positional(value, trim="-") for value in unique]
            made = _taken(pa.array(texts, TEXT), inverse)
        shown = kernels().replace_with_mask(shown, arrow_array(mask), made)
    return shown


def _date_text(micros: npt.NDArray[np.int64], null: Any, ctx: Call) -> Any:
    """Return the canonical text of dates in the run's time zone."""
    from sheetline.functions.dates.format import format_dates

    shown: Any = format_dates(micros, zone=ctx.env.timezone)
    return shown if null is None else kernels().if_else(arrow_array(null), text_scalar(None), shown)


def _nested_text(array: Any, ctx: Call) -> Any:
    """Return lists and pairs as ``[a;b]``."""
    pc = kernels()
    if pa.types.is_struct(array.type):
        fields = [_item_text(field, ctx) for field in array.flatten()]
        inside = pc.binary_join_element_wise(*fields, text_scalar(";"))
        shown = _bracketed(inside)
        return pc.if_else(array.is_valid(), shown, text_scalar(None))
    relisted = pa.LargeListArray.from_arrays(array.offsets, _item_text(array.values, ctx))
    shown = _bracketed(pc.binary_join(relisted, text_scalar(";")))
    return pc.if_else(array.is_valid(), shown, text_scalar(None))


def _bracketed(inside: Any) -> Any:
    left, right, none = (text_scalar(sign) for sign in ("[", "]", ""))
    return kernels().binary_join_element_wise(left, inside, right, none)


def _item_text(items: Any, ctx: Call) -> Any:
    """Return the texts of list items, ``null`` for nulls."""
    kind = items.type
    if pa.types.is_null(kind):
        shown = pa.nulls(len(items), TEXT)
    elif pa.types.is_timestamp(kind):
        null = np.asarray(items.is_null())
        shown = _date_text(numbers(items.cast(pa.int64())), null, ctx)
    elif pa.types.is_large_list(kind) or pa.types.is_struct(kind):
        shown = _nested_text(items, ctx)
    elif pa.types.is_decimal(kind):
        shown = pa.array([None if v is None else f"{v.normalize():f}" for v in items.to_pylist()], TEXT)
    elif pa.types.is_floating(kind):
        null = np.asarray(items.is_null())
        shown = _float_text(np.asarray(filled(items, 0.0)), null)
    else:
        shown = items.cast(TEXT)
    return filled(shown, "null")
