"""What each text function gives for single values, in plain Python: the oracle of the vectorised kernels."""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from sheetline.functions.declare import Failure

VALUE = Failure("VALUE")


def guarded(wrong: Callable[..., bool], oracle: Callable[..., Any], code: str = "VALUE") -> Callable[..., Any]:
    """Return ``oracle`` with an error where ``wrong`` says so."""
    return lambda *values: Failure(code) if wrong(*values) else oracle(*values)


def first_code(text: str) -> Any:
    return ord(text[0]) if text else VALUE


def ascii_(text: str) -> Any:
    if not text:
        return VALUE
    return ord(text[0]) if text[0].isascii() else Failure("RANGE")


def code(text: str) -> Any:
    if not text:
        return VALUE
    for number in range(256):
        try:
            char = bytes([number]).decode("cp1252")
        except UnicodeDecodeError:
            char = chr(number)
        if char == text[0]:
            return number
    return VALUE


def char(number: int) -> Any:
    if not 1 <= number <= 255:
        return VALUE
    return chr(number) if number in (129, 141, 143, 144, 157) else bytes([number]).decode("cp1252")


def unichar(number: int) -> Any:
    if number < 1:
        return VALUE
    try:
        chr(number).encode()
    except (ValueError, OverflowError):
        return VALUE
    return chr(number)


def initcap(text: str) -> str:
    return "".join(
        run if run.isspace() or not run else run[0].title() + "".join(c.lower() for c in run[1:])
        for run in re.split(r"(\s+)", text)
    )


def pad(text: str, width: int, fill: str = " ") -> Any:
    if width < 0:
        return VALUE
    missing = width - len(text)
    if missing <= 0:
        return ""
    if width > 10**8:
        return Failure("LIMIT") if fill else VALUE
    out = ""
    while fill and len(out) < missing:
        out += fill
    return out[:missing] if fill else VALUE


def lpad(text: str, width: int, fill: str = " ") -> Any:
    added = pad(text, width, fill)
    return added if isinstance(added, Failure) else added + text


def rpad(text: str, width: int, fill: str = " ") -> Any:
    added = pad(text, width, fill)
    return added if isinstance(added, Failure) else text + added


def repeat(text: str, count: int) -> Any:
    if count < 0:
        return VALUE
    if len(text.encode()) * count > 10_000_000:
        return Failure("LIMIT")
    return "" if not text else text * count


def find(part: str, text: str, start: int = 1) -> Any:
    if not 1 <= start <= len(text) + 1 or part not in text[start - 1 :]:
        return VALUE
    return text.index(part, start - 1) + 1


def search(part: str, text: str, start: int = 1) -> Any:
    if not 1 <= start <= len(text) + 1:
        return VALUE
    pattern, place = "", 0
    while place < len(part):
        sign = part[place]
        if sign == "~" and part[place + 1 : place + 2] in ("*", "?", "~"):
            place += 1
            pattern += re.escape(part[place])
        else:
            pattern += {"*": ".*?", "?": "."}.get(sign, re.escape(sign))
        place += 1
    match = re.compile(pattern, re.IGNORECASE | re.DOTALL).search(text, start - 1)
    return VALUE if match is None else match.start() + 1


def like(text: str, pattern: str) -> bool:
    """Translate to the wildcards of file names, with which the standard library knows what to do."""
    out, place = "", 0
    while place < len(pattern):
        sign = pattern[place]
        if sign == "\\" and pattern[place + 1 : place + 2] in ("%", "_", "\\"):
            place += 1
            sign, known = pattern[place], {}
        else:
            known = {"%": "*", "_": "?"}
        out += known.get(sign, f"[{sign}]" if sign in "*?[" else sign)
        place += 1
    return re.match(fnmatch.translate(out), text) is not None


def between(text: str, opening: str, closing: str) -> str | None:
    _, found, rest = text.partition(opening) if opening else ("", True, text)
    if not found:
        return None
    inside, found, _ = rest.partition(closing) if closing else ("", True, "")
    return inside if found else None


def before(text: str, part: str) -> str:
    return text.partition(part)[0] if part else ""


def after(text: str, part: str) -> str:
    return text.partition(part)[2] if part else text


def nth(text: str, old: str, new: str, number: int) -> Any:
    if number < 1:
        return VALUE
    parts = text.split(old) if old else [text]
    if number >= len(parts):
        return text
    return old.join(parts[:number]) + new + old.join(parts[number:])


def substitute(text: str, old: str, new: str) -> str:
    return new.join(text.split(old)) if old else text


def substitute_all(text: str, *pairs: str) -> str:
    for old, new in zip(pairs[::2], pairs[1::2], strict=True):
        text = substitute(text, old, new)
    return text


def translate(text: str, old: str, new: str) -> str:
    return "".join(c if c not in old else new[old.index(c) : old.index(c) + 1] for c in text)


def trim(text: str) -> str:
    return " ".join(word for word in text.split(" ") if word)


def without_accents(text: str) -> str:
    apart = [c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn"]
    return unicodedata.normalize("NFC", "".join(apart))


def slug(text: str) -> str:
    plain = without_accents(unicodedata.normalize("NFKC", text)).casefold()
    return "-".join("".join(c if c.isalnum() else " " for c in plain).split(" ")).strip("-").replace("--", "-")


def slugged(text: str) -> str:
    out = slug(text)
    while "--" in out:
        out = out.replace("--", "-")
    return out


def picked(parts: list[str], number: int) -> Any:
    if number == 0:
        return VALUE
    listed = parts if number > 0 else parts[::-1]
    return dict(enumerate(listed, 1)).get(abs(number))


def fixed(x: float, decimals: int = 2, no_commas: bool = False) -> Any:
    if not -308 <= decimals <= 127:
        return VALUE
    with localcontext() as context:
        context.prec = 1000
        scaled = (Decimal(str(x)) * Decimal(10) ** decimals).to_integral_value(ROUND_HALF_UP)
        text = f"{scaled * Decimal(10) ** -decimals + 0:{'' if no_commas else ','}.{max(decimals, 0)}f}"
    return text[1:] if scaled == 0 and text.startswith("-") else text


def dollar(x: float, decimals: int = 2) -> Any:
    text = fixed(x, decimals)
    return text if isinstance(text, Failure) else re.sub(r"^(-?)", r"\1$", text)


def text_form(value: Any) -> str:
    """The text of a number, boolean or text, as T gives it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value:
        exact = Decimal(repr(value)).normalize()
        if 1e-6 <= abs(value) < 1e15:
            return f"{exact:f}"
        sign, digits, _ = exact.as_tuple()
        first, *rest = map(str, digits)
        tail = "." + "".join(rest) if rest else ""
        return f"{'-' if sign else ''}{first}{tail}e{'+' if exact.adjusted() > 0 else ''}{exact.adjusted()}"
    return "" if value is None else str(value) if value else "0" if value == 0 else ""


def joined_form(value: Any) -> str:
    """The text of a value as CONCAT and its kin join it."""
    return str(value).upper() if isinstance(value, bool) else text_form(value)


def joined(separator: str | None, *values: Any) -> str | None:
    return None if separator is None else separator.join(joined_form(v) for v in values if v is not None)


def folded(oracle: Callable[[str, str], bool]) -> Callable[[str, str], bool]:
    return lambda a, b: oracle(a.casefold(), b.casefold())


ORACLES: dict[str, Callable[..., Any]] = {
    "ASCII": ascii_,
    "UNICODE": first_code,
    "CODE": code,
    "CHAR": char,
    "UNICHAR": unichar,
    "UPPER": str.upper,
    "LOWER": str.lower,
    "SWAPCASE": str.swapcase,
    "CAPITALIZE": lambda t: (t[0].title() if t else "") + t[1:],
    "PROPER": str.title,
    "INITCAP": initcap,
    "LEN": len,
    "LENB": lambda t: len(t.encode()),
    "LEFT": guarded(lambda t, n=1: n < 0, lambda t, n=1: t[:n]),
    "RIGHT": guarded(lambda t, n=1: n < 0, lambda t, n=1: t[::-1][:n][::-1]),
    "MID": guarded(lambda t, s, n: s < 1 or n < 0, lambda t, s, n: t[s - 1 : s - 1 + n]),
    "SUBSTR": guarded(lambda t, a, b=2**63: a < 0 or b < a, lambda t, a, b=None: t[a:b]),
    "REPEAT": repeat,
    "LPAD": lpad,
    "RPAD": rpad,
    "REVERSE": lambda t: t[::-1],
    "CONCAT": lambda *values: "".join(map(joined_form, values)),
    "CONCAT_WS": joined,
    "EXACT": lambda a, b: a == b,
    "EQUALS_IC": folded(lambda a, b: a == b),
    "FIND": find,
    "SEARCH": search,
    "INDEXOF": lambda t, p: t.find(p),
    "LASTINDEXOF": lambda t, p: t.rfind(p),
    "CONTAINS": lambda t, *parts: any(p in t for p in parts),
    "CONTAINS_IC": lambda t, *parts: any(p.casefold() in t.casefold() for p in parts),
    "CONTAINSALL": lambda t, *parts: all(p in t for p in parts),
    "STARTSWITH": str.startswith,
    "STARTSWITH_IC": folded(str.startswith),
    "ENDSWITH": str.endswith,
    "ENDSWITH_IC": folded(str.endswith),
    "LIKE": like,
    "COUNTMATCHES": lambda t, p: len(t.split(p)) - 1 if p else 0,
    "COUNTWORDS": lambda t: len(t.split()),
    "SUBSTRINGBEFORE": before,
    "SUBSTRINGAFTER": after,
    "SUBSTRINGBETWEEN": between,
    "REPLACE": guarded(lambda t, s, n, new: s < 1 or n < 0, lambda t, s, n, new: t[: s - 1] + new + t[s - 1 + n :]),
    "INSERT": guarded(lambda t, p, new: not 1 <= p <= len(t) + 1, lambda t, p, new: t[: p - 1] + new + t[p - 1 :]),
    "SUBSTITUTE": lambda t, old, new, *n: nth(t, old, new, *n) if n else substitute(t, old, new),
    "SUBSTITUTEALL": substitute_all,
    "TRANSLATE": translate,
    "TRIM": trim,
    "LTRIM": lambda t: t.lstrip(" "),
    "RTRIM": lambda t: t.rstrip(" "),
    "STRIP": lambda t, chars=None: t.strip() if chars is None else t.strip(chars),
    "NORMALIZEWHITESPACE": lambda t: " ".join(t.split()),
    "CLEAN": lambda t: "".join(c for c in t if unicodedata.category(c) != "Cc"),
    "REMOVEACCENTS": without_accents,
    "SLUG": slugged,
    "SPLIT": guarded(lambda t, s: not s, lambda t, s: t.split(s)),
    "SPLITPART": guarded(lambda t, s, n: not s, lambda t, s, n: picked(t.split(s), n)),
    "WORDPART": lambda t, n: picked(t.split(), n),
    "FIXED": fixed,
    "DOLLAR": dollar,
}


# Regular expressions: patterns come with "$" only as an anchor, multi-line mode only as "(?m)" in front.


def compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern if pattern.startswith("(?m)") else pattern.replace("$", r"\Z"), re.ASCII)


def extract(text: str, pattern: str, group: int = 0) -> Any:
    found = compiled(pattern)
    if not 0 <= group <= found.groups:
        return VALUE
    match = found.search(text)
    return None if match is None else match[group]


def regex_split(text: str, pattern: str) -> list[str]:
    out, done = [], 0
    for match in compiled(pattern).finditer(text):
        out.append(text[done : match.start()])
        done = match.end()
    return [*out, text[done:]]


def regex_replace(text: str, pattern: str, replacement: str) -> str:
    """The replacement has references ``$1`` only, and no backslash."""
    return compiled(pattern).sub(re.sub(r"\$(\d)", r"\\g<\1>", replacement), text)


ORACLES |= {
    "REGEX": lambda t, p, *new: regex_replace(t, p, *new) if new else extract(t, p, min(compiled(p).groups, 1)),
    "REGEXMATCH": lambda t, p: compiled(p).fullmatch(t) is not None,
    "REGEXCONTAINS": lambda t, p: compiled(p).search(t) is not None,
    "REGEXEXTRACT": extract,
    "REGEXEXTRACTALL": lambda t, p: [m[0] for m in compiled(p).finditer(t)],
    "REGEXREPLACE": regex_replace,
    "REGEXCOUNT": lambda t, p: sum(1 for _ in compiled(p).finditer(t)),
    "REGEXSPLIT": regex_split,
}
