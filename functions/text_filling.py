"""Positions and sizes: which are allowed, how large texts may become, what fills them."""

from __future__ import annotations

from typing import Any

import numpy as np

from sheetline.functions.context import Call
from sheetline.functions.text_support import MAX_BLOCK, MAX_CELL, checked, is_ascii, kernels, map_rows, numbers
from sheetline.functions.text_view import View, spans, text_of_bytes


def not_negative(value: Any, name: str, place: int, ctx: Call) -> None:
    """Report rows whose argument ``place`` is negative as errors VALUE."""
    ctx.fail(np.less(value, 0), "VALUE", f"{ctx.function}: the {name} {{{place}}} is negative")


def from_one(value: Any, name: str, place: int, ctx: Call) -> None:
    """Report rows whose argument ``place`` is below 1 as errors VALUE."""
    ctx.fail(np.less(value, 1), "VALUE", f"{ctx.function}: the {name} {{{place}}} is below 1")


def bounded(sizes: Any, ctx: Call) -> Any:
    """Return a mask of rows whose text of ``sizes`` bytes may be made; the others are errors LIMIT."""
    sizes = np.broadcast_to(np.asarray(sizes, np.float64), (ctx.rows,))
    fits = sizes <= MAX_CELL
    ctx.fail(~fits, "LIMIT", f"{ctx.function}: the text would be longer than {MAX_CELL:,} bytes")
    total = np.cumsum(np.where(fits, sizes, 0.0))
    if len(total) and total[-1] > MAX_BLOCK:
        room = total <= MAX_BLOCK
        ctx.fail(~room, "LIMIT", f"{ctx.function}: the texts of these rows together are too long")
        fits = fits & room
    return fits


def padded(text: Any, width: Any, pad: Any, ctx: Call, *, left: bool) -> Any:
    """Return a column filled up by Arrow: one width, one ASCII character, and not too long; else None."""
    if isinstance(text, str) or not isinstance(width, int) or not isinstance(pad, str):
        return None
    if len(pad) != 1 or not pad.isascii() or not 0 <= width <= MAX_CELL or width * ctx.rows > MAX_BLOCK:
        return None
    name = ("ascii" if is_ascii(text) else "utf8") + ("_lpad" if left else "_rpad")
    return getattr(kernels(), name)(text, width=width, padding=pad)


def padding(text: Any, width: Any, pad: Any, ctx: Call) -> Any:
    """Return what is to be added to each text so that it is ``width`` characters long."""
    not_negative(width, "length", 1, ctx)
    pad = checked(pad, ctx)
    missing = np.maximum(np.broadcast_to(width, (ctx.rows,)) - View(text, ctx).chars, 0)
    if not isinstance(pad, str):
        nothing = numbers(kernels().binary_length(pad)) == 0
        ctx.fail(nothing & (missing > 0), "VALUE", f"{ctx.function}: an empty text cannot fill")
        fits = bounded(np.where(nothing, 0.0, missing * 4.0), ctx)
        return map_rows(ctx, _pad_of, pad, np.where(fits & ~nothing, missing, 0))
    if not pad:
        ctx.fail(missing > 0, "VALUE", f"{ctx.function}: an empty text cannot fill")
        return spans(np.zeros(0, np.uint8), 0, 0, ctx.rows)
    if len(pad) == 1 and pad.isascii():
        missing = np.where(bounded(missing, ctx), missing, 0)
        edges = np.zeros(ctx.rows + 1, np.int64)
        np.cumsum(missing, out=edges[1:])
        return text_of_bytes(edges, np.full(int(edges[-1]), ord(pad), np.uint8))
    sizes = np.zeros(len(pad) + 1, np.int64)
    np.cumsum([len(char.encode()) for char in pad], out=sizes[1:])
    missing = np.where(bounded(missing / len(pad) * float(sizes[-1]), ctx), missing, 0)
    times, rest = np.divmod(missing, len(pad))
    filler = np.frombuffer((pad * (int(times.max(initial=0)) + 1)).encode(), np.uint8)
    return spans(filler, 0, times * sizes[-1] + sizes[rest], ctx.rows)


def _pad_of(pad: str, count: int) -> str:
    return (pad * (count // len(pad) + 1))[:count] if count else ""
