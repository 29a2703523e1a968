"""Circular and hyperbolic functions; angles are in radians."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function

CATEGORY = "trigonometry"

Value = float | Failure | None


def _declare(
    name: str,
    kernel: Callable[[Any], Any],
    summary: str,
    values: dict[str, Value],
    bad: Callable[[Any], Any] | None = None,
    code: str = "NUM",
    error_note: str = "",
) -> None:
    """Declare a function of one number; ``bad`` tells, in a checked call, which rows fail with ``code``."""

    @function(
        f"{name}(x:float) -> float",
        category=CATEGORY,
        summary=summary,
        examples=[
            *(
                Example(f"{name}({x})", value, digits=None if value in (0.0, 1.0) else 12)
                for x, value in values.items()
            ),
            Example(f"{name}(null)", None),
        ],
        propagates=True,
        error_note=error_note,
    )
    def run(x: Any, ctx: Call) -> Any:
        if ctx.checked and bad is not None:
            ctx.fail(bad(x), code)
        return kernel(x)


def _zero(x: Any) -> Any:
    return np.equal(x, 0)


_NUM = "An argument outside that interval gives the error NUM."
_DIV0 = "Zero gives the error DIV0."

_declare("SIN", np.sin, "The sine of an angle in radians.", {"0": 0.0, "PI()/2": 1.0})
_declare("COS", np.cos, "The cosine of an angle in radians.", {"0": 1.0, "PI()": -1.0})
_declare("TAN", np.tan, "The tangent of an angle in radians.", {"0": 0.0, "PI()/4": round(math.tan(math.pi / 4), 12)})
_declare(
    "COT",
    lambda x: np.divide(1.0, np.tan(x)),
    "The cotangent of an angle in radians.",
    {"PI()/4": 1.0 / math.tan(math.pi / 4), "0": Failure("DIV0")},
    _zero,
    "DIV0",
    _DIV0,
)
_declare("SEC", lambda x: np.divide(1.0, np.cos(x)), "The secant, 1 / COS(x).", {"0": 1.0, "PI()": -1.0})
_declare(
    "CSC",
    lambda x: np.divide(1.0, np.sin(x)),
    "The cosecant, 1 / SIN(x).",
    {"PI()/2": 1.0, "0": Failure("DIV0")},
    _zero,
    "DIV0",
    _DIV0,
)
_declare(
    "ASIN",
    np.arcsin,
    "The angle, from -π/2 to π/2, whose sine is x, for x from -1 to 1.",
    {"0": 0.0, "2": Failure("NUM")},
    error_note=_NUM,
)
_declare(
    "ACOS",
    np.arccos,
    "The angle, from 0 to π, whose cosine is x, for x from -1 to 1.",
    {"1": 0.0, "-2": Failure("NUM")},
    error_note=_NUM,
)
_declare("ATAN", np.arctan, "The angle, from -π/2 to π/2, whose tangent is x.", {"0": 0.0, "1": math.pi / 4})
_declare(
    "ACOT",
    lambda x: np.arctan2(1.0, x),
    "The angle, from 0 to π, whose cotangent is x.",
    {"1": math.pi / 4, "0": math.pi / 2},
)
_declare(
    "SINH",
    np.sinh,
    "The hyperbolic sine.",
    {"0": 0.0, "1000": Failure("OVERFLOW")},
)
_declare("COSH", np.cosh, "The hyperbolic cosine.", {"0": 1.0, "1000": Failure("OVERFLOW")})
_declare("TANH", np.tanh, "The hyperbolic tangent.", {"0": 0.0, "1000": 1.0})
_declare(
    "COTH",
    lambda x: np.divide(1.0, np.tanh(x)),
    "The hyperbolic cotangent.",
    {"1000": 1.0, "0": Failure("DIV0")},
    _zero,
    "DIV0",
    _DIV0,
)
_declare(
    "SECH",
    lambda x: 2.0 * np.divide(np.exp(-np.abs(x)), 1.0 + np.exp(-2.0 * np.abs(x))),
    "The hyperbolic secant, 1 / COSH(x).",
    {"0": 1.0, "1000": 0.0},
)
_declare(
    "CSCH",
    lambda x: np.copysign(2.0 * np.divide(np.exp(-np.abs(x)), -np.expm1(-2.0 * np.abs(x))), x),
    "The hyperbolic cosecant, 1 / SINH(x).",
    {"1": 1.0 / math.sinh(1.0), "0": Failure("DIV0")},
    _zero,
    "DIV0",
    _DIV0,
)
_declare("ASINH", np.arcsinh, "The number whose hyperbolic sine is x.", {"0": 0.0, "1": math.asinh(1.0)})
_declare(
    "ACOSH",
    np.arccosh,
    "The number from 0 up whose hyperbolic cosine is x, for x from 1.",
    {"1": 0.0, "0": Failure("NUM")},
    error_note=_NUM,
)
_declare(
    "ATANH",
    np.arctanh,
    "The number whose hyperbolic tangent is x, for x between -1 and 1.",
    {"0": 0.0, "1": Failure("NUM")},
    lambda x: np.greater_equal(np.abs(x), 1),
    error_note=_NUM,
)
_declare(
    "ACOTH",
    lambda x: 0.5 * np.log1p(np.divide(2.0, np.subtract(x, 1.0))),
    "The number whose hyperbolic cotangent is x, for x below -1 or above 1.",
    {"2": math.atanh(0.5), "1": Failure("NUM")},
    lambda x: np.less_equal(np.abs(x), 1),
    error_note="An argument from -1 to 1 gives the error NUM.",
)
_declare(
    "DEGREES",
    lambda x: np.multiply(x, 180.0 / math.pi),
    "An angle in radians, converted to degrees.",
    {"PI()": 180.0, "0": 0.0},
)
_declare(
    "RADIANS",
    lambda x: np.multiply(x, math.pi / 180.0),
    "An angle in degrees, converted to radians.",
    {"180": math.pi, "0": 0.0},
)


@function(
    "ATAN2(x:float; y:float) -> float",
    category=CATEGORY,
    summary="The angle, from -π to π, of the point (x; y) seen from the origin.",
    examples=[
        Example("ATAN2(1;1)", math.pi / 4, digits=12),
        Example("ATAN2(-1;0)", math.pi),
        Example("ATAN2(0;0)", Failure("DIV0")),
        Example("ATAN2(null;1)", None),
    ],
    notes="x stands first, as in spreadsheets; most programming languages have it the other way round.",
    error_note="The origin itself gives the error DIV0.",
)
def atan2(x: Any, y: Any, ctx: Call) -> Any:
    ctx.fail(np.equal(x, 0) & np.equal(y, 0), "DIV0")
    return np.arctan2(np.add(y, 0.0), np.add(x, 0.0))
