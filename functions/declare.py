"""The declaration of a function: everything about it in one place, with its implementation.

A category module declares a function with :func:`function`::

    @function(
        "SQRT(x:float) -> float",
        summary="The square root.",
        examples=[Example("SQRT(9)", 3.0), Example("SQRT(-1)", Failure("NUM"))],
    )
    def sqrt(x):
        return np.sqrt(x)

The decorated Python function is the *kernel*. What it is given and gives back depends on its form:

* ELEMENT: row i of the result from row i of the arguments. With the default ``nulls="strict"`` the
  kernel gets bare arrays (numpy, or Arrow for text and lists) and Python scalars for constants, never
  looks at nulls, and returns an array; values in null rows are arbitrary and must not make it raise.
  With ``nulls="own"`` it gets :class:`Column` and :class:`Constant` objects and returns a column.
* SERIES, REDUCE, KEY, EXPAND, FITTED: see ``groups.py``, and the first module of each family.

A kernel that names a parameter ``ctx`` is given the :class:`Call`, by which it reports failing rows
(``ctx.fail``), nulls, and reads the time zone, the clock, or the number of the first row.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from sheetline.functions import signature as sig
from sheetline.functions.signature import Signature
from sheetline.functions.types import Type


class Form(StrEnum):
    """How a kernel maps rows to rows."""

    ELEMENT = "row"  #: row i from row i
    FITTED = "column"  #: looks at a whole column (``fit``), then works row by row
    REDUCE = "aggregate"  #: one value a group
    SERIES = "series"  #: rows of a group in order, one value a row unless it says otherwise
    KEY = "key"  #: makes groups
    EXPAND = "expansion"  #: more rows than it gets


#: What stands for the rows that a path function adds behind a group's last record.
Extra = Literal["null", "repeat", "continue"]
#: When results are looked at for values that are no numbers.
Fails = Literal["flags", "finite", "never"]


@dataclass(frozen=True, slots=True)
class Failure:
    """The expected result of an example: an error value of this code."""

    code: str


@dataclass(frozen=True, slots=True)
class Example:
    """A formula and what it gives; both are shown in the reference and run as a test.

    Args:
        formula: the formula; with ``rows`` it may name their columns.
        result: the expected value, list of values, :class:`Failure`, or a list holding failures. Dates are
            written as ISO text with ``date=True``.
        rows: columns of a small sheet, for formulas over rows or groups.
        formulas: further columns of the formula sheet, standing before ``Result`` (keys, orders).
        digits: compare floats after rounding to this many digits (for printed values).
    """

    formula: str
    result: Any
    rows: Mapping[str, Sequence[Any]] | None = None
    formulas: Mapping[str, str] | None = None
    date: bool = False
    digits: int | None = None
    timezone: str = "UTC"
    now: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """One overload: a signature and the function that computes it, with its policies."""

    signature: Signature
    run: Callable[..., Any]
    takes_ctx: bool
    fit: Callable[..., Any] | None = None
    returns: Callable[[Sequence[Type], Sequence[Any]], Type] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A declared function: what a user reads about it, and its kernels (one an overload).

    Policies, all with a default that fits most functions:
        nulls: "strict": the executor handles them; "own": the kernel gets and gives columns.
        errors: "strict": an error argument gives that error; "own": the kernel sees the arguments' errors.
        fails: "flags": floating-point flags tell that some row failed; "finite": the result is looked at,
            for libraries that set no flags; "never".
        propagates: a strict float kernel that turns NaN into NaN by itself (saves the null mask).
        big: takes biginteger and bigdecimal (arrays of Python objects); others refuse them before the run.
        domain: allowed range of arguments by name; outside it a row is an error RANGE.
        bounds: for integer results, ``bounds(*(lo, hi) of each argument) -> (lo, hi)``; beyond 64 bits the
            kernel is called again with ``ctx.checked`` to report OVERFLOW rows.
        prepare: for constant arguments, by name: turns the value into what the kernel gets (a compiled
            pattern, a factor); raises ValueError with a sentence for a value that can't be right.
        empty: an aggregate's value where no row has a value: "null", "zero", or "own" (the kernel decides).
        extra: what a series gives on the row that a path function adds.
        rows: whether a series keeps the rows, keeps a subset, or makes other rows.
        volatile: what beside the arguments the result depends on.
        cost: above 1, distinct texts are computed once where they are few.
        ordered: the result depends on the order of rows.
        fit_on, apply_on: for FITTED, the names of the arguments given to ``fit`` (whole columns) and to the
            kernel (row by row, behind the facts). An argument that is only fitted on may be any sheet's column.
    """

    name: str
    category: str
    form: Form
    summary: str
    kernels: list[Kernel] = field(default_factory=list)
    aliases: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    notes: str = ""
    source: str = ""
    null_note: str = ""
    error_note: str = ""
    nulls: Literal["strict", "own"] = "strict"
    errors: Literal["strict", "own"] = "strict"
    fails: Fails = "flags"
    propagates: bool = False
    big: bool = False
    domain: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    bounds: Callable[..., tuple[int, int]] | None = None
    prepare: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    empty: Literal["null", "zero", "own"] = "null"
    extra: Extra = "null"
    rows: Literal["same", "subset", "expand"] = "same"
    volatile: frozenset[str] = frozenset()
    cost: int = 1
    ordered: bool = False
    fit_on: tuple[str, ...] = ()
    apply_on: tuple[str, ...] = ()

    def overload(
        self, signature: str, *, returns: Callable[[Sequence[Type], Sequence[Any]], Type] | None = None
    ) -> Callable[[Callable[..., Any]], Function]:
        """Add another signature with its own kernel; use as a decorator."""

        def add(run: Callable[..., Any]) -> Function:
            self.kernels.append(_kernel(signature, run, None, returns))
            return self

        return add

    def to_dict(self) -> dict[str, Any]:
        """Return the declaration as plain data, for the reference, editors and ``sl.functions()``."""
        return {
            "name": self.name,
            "aliases": list(self.aliases),
            "category": self.category,
            "kind": self.form.value,
            "signature": [str(kernel.signature) for kernel in self.kernels],
            "summary": self.summary,
            "nulls": self.null_note or _NULLS[self.nulls],
            "errors": self.error_note or _ERRORS[self.errors],
            "notes": self.notes,
            "source": self.source,
            "examples": [
                {
                    "formula": example.formula,
                    "rows": None if example.rows is None else {k: list(v) for k, v in example.rows.items()},
                    "formulas": None if example.formulas is None else dict(example.formulas),
                    "result": _plain(example.result),
                }
                for example in self.examples
            ],
        }


_NULLS = {
    "strict": "A null in any argument gives null.",
    "own": "Nulls are part of what the function looks at.",
}
_ERRORS = {
    "strict": "An error in any argument gives that error.",
    "own": "Errors are part of what the function looks at.",
}


def _plain(result: Any) -> Any:
    if isinstance(result, Failure):
        return {"error": result.code}
    return [_plain(item) for item in result] if isinstance(result, list) else result


class DeclarationError(ValueError):
    """A declaration that the registry refuses: no summary, no examples, a name that is taken."""


#: Every function declared so far in this process, by module of declaration; the registry collects them.
_declared: list[Function] = []


def declared(after: int = 0) -> list[Function]:
    """Return the functions declared by the modules imported so far, in order, without the first ``after``."""
    return _declared[after:]


def function(
    signature: str | Sequence[str],
    *,
    category: str = "user",
    summary: str,
    examples: Iterable[Example],
    form: Form = Form.ELEMENT,
    aliases: Sequence[str] = (),
    fit: Callable[..., Any] | None = None,
    returns: Callable[[Sequence[Type], Sequence[Any]], Type] | None = None,
    volatile: Iterable[str] = (),
    register: bool = True,
    **policies: Any,
) -> Callable[[Callable[..., Any]], Function]:
    """Declare a function; a decorator for its kernel, which becomes a :class:`Function`.

    Args:
        signature: the catalogue's line, or several for overloads that share the kernel.
        category: the section of the reference.
        summary: one sentence.
        examples: at least one; they run as tests.
        form: how rows map to rows.
        aliases: other names of the same function.
        fit: for FITTED, ``fit(ctx, *columns_and_constants) -> facts``.
        returns: computes the result type from argument types and constants, where the signature can't say.
        volatile: what beside the arguments the result depends on: "now", "seed", "timezone", "position".
        register: False keeps it out of the process-wide list (tests).
        policies: nulls, errors, fails, propagates, big, domain, bounds, prepare, empty, extra, rows, cost,
            ordered, fit_on, apply_on, notes, source, null_note, error_note; see :class:`Function`.

    Raises:
        DeclarationError: no summary, no example, or a kernel whose parameters do not match the signature.
    """
    lines = (signature,) if isinstance(signature, str) else tuple(signature)

    def declare(run: Callable[..., Any]) -> Function:
        made = tuple(examples)
        if not summary.strip() or not made:
            raise DeclarationError(f"{lines[0]}: a declaration needs a summary and at least one example")
        kernels = [_kernel(line, run, fit, returns) for line in lines]
        name = kernels[0].signature.name
        result = Function(
            name,
            category,
            form,
            summary,
            kernels,
            tuple(alias.upper() for alias in aliases),
            made,
            volatile=frozenset(volatile),
            **policies,
        )
        if register:
            _declared.append(result)
        return result

    return declare


def _kernel(
    line: str,
    run: Callable[..., Any],
    fit: Callable[..., Any] | None,
    returns: Callable[[Sequence[Type], Sequence[Any]], Type] | None,
) -> Kernel:
    parsed = sig.parse(line)
    names = list(inspect.signature(run).parameters.values())
    takes_ctx = any(p.name == "ctx" for p in names)
    if fit is None and not parsed.repeat:
        given = [p for p in names if p.name not in ("ctx", "groups")]
        if not any(p.kind is p.VAR_POSITIONAL for p in given) and len(given) != len(parsed.parameters):
            raise DeclarationError(f"{parsed}: the kernel takes {len(given)} arguments")
    if parsed.repeat and not any(p.kind is p.VAR_POSITIONAL for p in names):
        raise DeclarationError(f"{parsed}: the kernel of a repeated parameter takes *arguments")
    return Kernel(parsed, run, takes_ctx, fit, returns)
