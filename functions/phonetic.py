"""Phonetic codes: words that sound alike in English have the same code."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from sheetline.functions import extras
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, function
from sheetline.functions.text_distinct import each_text
from sheetline.functions.text_support import map_rows

CATEGORY = "similarity"

#: Letters that have no decomposition into an ASCII letter and marks, as English writes them.
_LETTERS = str.maketrans({"Æ": "AE", "Œ": "OE", "Ø": "O", "Ð": "D", "Þ": "TH", "Ł": "L", "Đ": "D", "ẞ": "SS"})
_SHARED = "Letters lose their accents (é is e, ß is ss), everything else is left out; a text without letters of the "
_EMPTY = _SHARED + "Latin alphabet has the empty code. "


def letters(text: str) -> str:
    """Return the letters A to Z of a text in upper case."""
    text = text.upper()
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.translate(_LETTERS)).upper()
    elif text.isalpha():
        return text
    return "".join(char for char in text if "A" <= char <= "Z")


def _words(text: str) -> str:
    """Return the letters of each word, with a blank between words."""
    return " ".join(filter(None, map(letters, text.split())))


def _codes(text: Any, name: str, ctx: Call, given: Callable[[str], str] = letters) -> Any:
    encode: Callable[[str], str] = getattr(extras.load("jellyfish", "text"), name)
    return each_text(ctx, lambda value: encode(given(value)), text)


@function(
    "SOUNDEX(text:str) -> str",
    category=CATEGORY,
    summary="The Soundex code of a name: its first letter and three digits for the consonants behind it.",
    examples=[
        Example('SOUNDEX("Robert")', "R163"),
        Example('SOUNDEX("Ashcraft")', "A261"),
        Example('SOUNDEX("123")', ""),
        Example("SOUNDEX(null)", None),
    ],
    notes=_EMPTY + "Consonants of one digit with H or W between them count once, as in the census.",
    source="The Soundex Indexing System, U.S. National Archives",
)
def soundex(text: Any, ctx: Call) -> Any:
    return _codes(text, "soundex", ctx)


@function(
    "METAPHONE(text:str) -> str",
    category=CATEGORY,
    summary="The Metaphone code of a text: the consonants that are heard, by the rules of English spelling.",
    examples=[
        Example('METAPHONE("physics")', "FSKS"),
        Example('METAPHONE("Knuth")', "N0"),
        Example('METAPHONE("quick fox")', "KK FKS"),
        Example("METAPHONE(null)", None),
    ],
    notes=_EMPTY + "0 is the sound th, X is sh. The words of a text have a code each, with a blank between.",
    source="L. Philips, Hanging on the Metaphone, Computer Language 7 (12), 1990",
)
def metaphone(text: Any, ctx: Call) -> Any:
    return _codes(text, "metaphone", ctx, _words)


_BEGINNINGS = (("MAC", "MCC"), ("KN", "NN"), ("K", "C"), ("PH", "FF"), ("PF", "FF"), ("SCH", "SSS"))
_ENDS = {"EE": "Y", "IE": "Y", "DT": "D", "RT": "D", "RD": "D", "NT": "D", "ND": "D"}
_INSIDE = (("EV", "AF"), ("KN", "NN"), ("SCH", "SSS"), ("PH", "FF"))
_SINGLE = {"E": "A", "I": "A", "O": "A", "U": "A", "Q": "G", "Z": "S", "M": "N", "K": "C"}


def _nysiis(name: str) -> str:
    """Return the NYSIIS code of a name in letters A to Z.

    The name is rewritten in place, so that what stands before a letter has been rewritten already.
    """
    for old, new in _BEGINNINGS:
        if name.startswith(old):
            name = new + name[len(old) :]
            break
    name = name[:-2] + _ENDS.get(name[-2:], name[-2:])
    key = [*name[:1]]
    before = name[:1]
    place = 1
    while place < len(name):
        letter, after = name[place], name[place + 1 : place + 2]
        made = next((new for old, new in _INSIDE if name.startswith(old, place)), "")
        if not made:
            silent = (letter == "W" and before in "AEIOU") or (
                letter == "H" and not (before in "AEIOU" and after and after in "AEIOU")
            )
            made = before if silent else _SINGLE.get(letter, letter)
        if made[0] != key[-1]:
            key.append(made[0])
        if len(made) > 1 and made[1] != key[-1]:
            key.append(made[1])
        place += len(made)
        before = made[-1]
    code = "".join(key)
    code = code[:-1] if code.endswith("S") and len(code) > 1 else code
    code = code[:-2] + "Y" if code.endswith("AY") and len(code) > 2 else code
    return code[:-1] if code.endswith("A") and len(code) > 1 else code


@function(
    "NYSIIS(text:str) -> str",
    category=CATEGORY,
    summary="The NYSIIS code of a name: how it sounds, in letters.",
    examples=[
        Example('NYSIIS("Macintosh")', "MCANT"),
        Example('NYSIIS("Knuth")', "NAT"),
        Example("NYSIIS(null)", None),
    ],
    notes=_EMPTY + "The code is given in full; the original was cut after six letters.",
    source="R. L. Taft, Name search techniques, New York State Identification and Intelligence System, 1970",
)
def nysiis(text: Any, ctx: Call) -> Any:
    return each_text(ctx, lambda value: _nysiis(letters(value)), text)


@function(
    "MATCHRATING(text:str) -> str",
    category=CATEGORY,
    summary="The match rating code of a name; with two names, whether their codes make them the same by sound.",
    examples=[
        Example('MATCHRATING("Catherine")', "CTHRN"),
        Example('MATCHRATING("Byrne";"Boern")', True),
        Example('MATCHRATING("Catherine";"Smith")', False),
        Example("MATCHRATING(null)", None),
    ],
    notes=_EMPTY + "The code is the first letter and the consonants, without doubles: the first and last three of "
    "them. Names whose codes differ by three or more in length are not the same.",
    source="G. B. Moore and others, Accessing individual records from personal data files using non-unique "
    "identifiers, National Bureau of Standards, 1977",
)
def match_rating(text: Any, ctx: Call) -> Any:
    return _codes(text, "match_rating_codex", ctx)


@match_rating.overload("MATCHRATING(a:str; b:str) -> bool")
def _match_rating_of_two(a: Any, b: Any, ctx: Call) -> Any:
    compare: Callable[[str, str], bool | None] = extras.load("jellyfish", "text").match_rating_comparison
    return map_rows(ctx, lambda x, y: bool(compare(letters(x), letters(y))), a, b, give="bool")
