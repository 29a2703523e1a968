"""What becomes of aggregates that have no value."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sheetline.functions.context import Call
from sheetline.functions.errors import Mask

Array = npt.NDArray[Any]


def settle(ctx: Call, out: Array, enough: Mask, divisor: Array | None = None) -> Array:
    """Return a float result whose missing values are accounted for: null, DIV0 or OVERFLOW, never a silent NaN.

    Args:
        ctx: the call, which gets the failures.
        out: one float a group.
        enough: groups with enough values; the others give null.
        divisor: where it is 0 in a group with enough values, the result is an error DIV0; where it left the
            range of floats, the quotient says nothing and the result is OVERFLOW.
    """
    if divisor is not None:
        ctx.fail(enough & (divisor == 0), "DIV0")
        ctx.fail(enough & ~np.isfinite(divisor), "OVERFLOW")
    ctx.fail(enough & ~np.isfinite(out), "OVERFLOW")
    ctx.nullify(~enough)
    return np.where(enough, out, np.nan)
