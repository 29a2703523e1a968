"""Numbers with check digits: bank cards (Luhn), bank accounts (IBAN) and books (ISBN), all rows at once over bytes."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np

from sheetline.functions.columns import Array
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, function
from sheetline.functions.errors import Ints
from sheetline.functions.finance import CATEGORY
from sheetline.functions.list_columns import counts, edges
from sheetline.functions.text_support import as_rows, raw_bytes

#: The account numbers of each country: how many digits (n), letters (a) and either of them (c), in order.
IBAN_STRUCTURES = """
AD8n12c AE19n AL8n16c AT16n AZ4a20c BA16n BE12n BG4a6n8c BH4a14c BI23n BR23n1a1c BY4c4n16c CH5n12c CR18n
CY8n16c CZ20n DE18n DJ23n DK14n DO4c20n EE16n EG25n ES20n FI14n FK2a12n FO14n FR10n11c2n GB4a14n GE2a16n
GI4a15c GL14n GR7n16c GT24c HN4a20n HR17n HU24n IE4a14n IL19n IQ4a15n IS22n IT1a10n12c JO4a4n18c KW4a22c
KZ3n13c LB4n20c LC4a24c LI5n12c LT16n LU3n13c LV4a13c LY21n MC10n11c2n MD20c ME18n MK3n10c2n MN16n MR23n
MT4a5n18c MU4a19n3a NI4a20n NL4a10n NO11n OM3n16c PK4a16c PL24n PS4a21c PT21n QA4a21c RO4a16c RS18n
RU14n15c SA2n18c SC4a20n3a SD14n SE20n SI15n SK20n SM1a10n12c SO19n ST21n SV4a20n TL19n TN20n TR6n16c
UA6n19c VA18n VG4a16n XK16n YE4a4n18c
"""
_LONGEST = 34  #: characters of an IBAN, by ISO 13616

#: What a byte is worth: digits 0 to 9, letters of either case 10 to 35, spaces and hyphens nothing, others are wrong.
_NOTHING, _WRONG = 100, 101
_WORTH = np.full(256, _WRONG, np.uint8)
_WORTH[list(b" -")] = _NOTHING
_WORTH[list(b"0123456789")] = range(10)
_WORTH[list(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")] = range(10, 36)
_WORTH[list(b"abcdefghijklmnopqrstuvwxyz")] = range(10, 36)
_X = 33  #: what the letter X is worth

_SEPARATED = "Spaces and hyphens may stand anywhere; any other character makes it false."


def _compact(text: Any, ctx: Call) -> tuple[Array, Ints, Array]:
    """Return what the characters of all rows are worth, the offsets of the rows, and which rows hold wrong ones."""
    data, offsets = raw_bytes(as_rows(text, ctx))
    worth = _WORTH[data]
    wrong = counts(worth == _WRONG, offsets) > 0
    keep = worth < _NOTHING
    return worth[keep], edges(keep)[offsets], wrong


def _cells(worth: Array, starts: Ints, width: int) -> Array:
    """Return so many characters from each start as the columns of a matrix; what lies behind the end is any."""
    if not len(worth):
        return np.zeros((width, len(starts)), np.uint8)
    places = np.minimum(np.arange(width)[:, None] + starts, len(worth) - 1)
    cells: Array = worth[places]
    return cells


@function(
    "LUHN(text:str) -> bool",
    category=CATEGORY,
    summary="Whether the last digit is the right check digit of those before it, by the Luhn formula.",
    examples=[
        Example('LUHN("4111 1111 1111 1111")', True),
        Example('LUHN("4111-1111-1111-1112")', False),
        Example('LUHN("79927398713")', True),
        Example('LUHN("no number")', False),
        Example("LUHN(null)", None),
    ],
    notes=f"For numbers of bank cards, IMEI and the like: at least two digits. {_SEPARATED}",
    source="ISO/IEC 7812-1, annex B (H. P. Luhn, US patent 2 950 048).",
)
def luhn(text: Any, ctx: Call) -> Any:
    worth, offsets, wrong = _compact(text, ctx)
    sizes = np.diff(offsets)
    from_right = np.repeat(offsets[1:], sizes) - np.arange(1, len(worth) + 1)
    doubled = worth * np.uint8(2)
    doubled -= np.uint8(9) * (doubled > 9)
    digits = np.where(from_right & 1, doubled, worth)
    total = np.diff(edges(digits)[offsets])
    letters = counts(worth > 9, offsets) > 0
    return ~wrong & ~letters & (sizes > 1) & (total % 10 == 0)


@cache
def _structures() -> tuple[Array, Array]:
    """Return for each pair of letters the length of the IBANs of that country, and what stands at each place.

    Bit 1 is a digit, bit 2 a letter. Countries that have no IBAN have the length 0.
    """
    lengths = np.zeros(26 * 26, np.int64)
    allowed = np.zeros((26 * 26, _LONGEST), np.uint8)
    bits = {"n": 1, "a": 2, "c": 3}
    for structure in IBAN_STRUCTURES.split():
        first, second = (ord(letter) - ord("A") for letter in structure[:2])
        places = [2, 2, 1, 1]  # the country and the check digits
        for count, kind in re.findall(r"(\d+)([nac])", structure[2:]):
            places += [bits[kind]] * int(count)
        lengths[first * 26 + second] = len(places)
        allowed[first * 26 + second, : len(places)] = places
    return lengths, allowed


@function(
    "ISIBAN(text:str) -> bool",
    category=CATEGORY,
    summary="Whether a text is an international bank account number with right check digits.",
    examples=[
        Example('ISIBAN("GB82 WEST 1234 5698 7654 32")', True),
        Example('ISIBAN("de89370400440532013000")', True),
        Example('ISIBAN("GB82 WEST 1234 5698 7654 33")', False),
        Example('ISIBAN("DE89")', False),
        Example("ISIBAN(null)", None),
    ],
    notes=(
        "The country, the length, where digits and letters stand, and the check digits must be right; check digits that"
        f" a country has inside its account numbers are not looked at. {_SEPARATED}"
    ),
    source="ISO 13616, with the countries of the SWIFT IBAN registry, release 101; ISO/IEC 7064, MOD 97-10.",
)
def isiban(text: Any, ctx: Call) -> Any:
    worth, offsets, wrong = _compact(text, ctx)
    sizes = np.diff(offsets)
    out = np.zeros(ctx.rows, np.bool_)
    rows = np.flatnonzero(~wrong & (sizes > 4) & (sizes <= _LONGEST))
    if not len(rows):
        return out
    lengths, allowed = _structures()
    cells = _cells(worth, offsets[rows], int(sizes[rows].max()))
    named = (cells[0] > 9) & (cells[1] > 9)
    country = np.where(named, (cells[0].astype(np.int64) - 10) * 26 + cells[1] - 10, 0)
    good = named & (sizes[rows] == lengths[country])
    rows, cells, country = rows[good], cells[:, good], country[good]
    fits = np.ones(len(rows), np.bool_)
    rest = np.zeros(len(rows), np.int64)
    long = sizes[rows]
    for place in [*range(4, len(cells)), 0, 1, 2, 3]:  # the first four characters count last
        here, cell = place < long, cells[place]
        letter = cell > 9
        fits &= ~here | ((allowed[country, place] & np.where(letter, 2, 1)) != 0)
        rest = np.where(here, (rest * np.where(letter, 100, 10) + cell) % 97, rest)
    out[rows] = fits & (rest == 1)
    return out


_WEIGHTS = {10: np.arange(10, 0, -1), 13: np.array([1, 3] * 6 + [1])}


@function(
    "ISISBN(text:str) -> bool",
    category=CATEGORY,
    summary="Whether a text is an ISBN of 10 or 13 characters with the right check digit.",
    examples=[
        Example('ISISBN("978-0-306-40615-7")', True),
        Example('ISISBN("0-8044-2957-X")', True),
        Example('ISISBN("978-0-306-40615-8")', False),
        Example('ISISBN("")', False),
        Example("ISISBN(null)", None),
    ],
    notes=(
        "One of 13 digits begins with 978 or 979; the last character of one of 10 may be an X. Whether the number was"
        f" ever given to a book is not looked at. {_SEPARATED}"
    ),
    source="ISO 2108; ISBN Users' Manual.",
)
def isisbn(text: Any, ctx: Call) -> Any:
    worth, offsets, wrong = _compact(text, ctx)
    sizes = np.diff(offsets)
    out = np.zeros(ctx.rows, np.bool_)
    for width, weights in _WEIGHTS.items():
        rows = np.flatnonzero(~wrong & (sizes == width))
        if not len(rows):
            continue
        cells = _cells(worth, offsets[rows], width).astype(np.int64)
        good = (cells[:-1] < 10).all(axis=0)
        if width == 10:
            good &= (cells[9] < 10) | (cells[9] == _X)
            cells[9] = np.where(cells[9] == _X, 10, cells[9])
        else:
            good &= (cells[12] < 10) & (cells[0] == 9) & (cells[1] == 7) & (cells[2] >= 8)
        out[rows] = good & (weights @ cells % (11 if width == 10 else 10) == 0)
    return out
