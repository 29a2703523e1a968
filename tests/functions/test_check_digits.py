"""Check digits against python-stdnum, on good numbers, on numbers with one fault, and on any text."""

from __future__ import annotations

import re
from random import Random

import pytest
from calling import apply
from hypothesis import given
from hypothesis import strategies as st
from oracles_finance import is_iban, is_isbn, is_luhn
from stdnum import iban, isbn, luhn, numdb

from sheetline.functions.check_digits import IBAN_STRUCTURES

ORACLES = {"LUHN": is_luhn, "ISIBAN": is_iban, "ISISBN": is_isbn}
KINDS = {"n": "0123456789", "a": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "c": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"}

#: Published numbers: test cards, the IBAN registry's and Wikipedia's examples, ISBN of the manual.
GOOD = {
    "LUHN": ["79927398713", "4111111111111111", "5555 5555 5555 4444", "378282246310005", "490154203237518", "00"],
    "ISIBAN": [
        "GB82 WEST 1234 5698 7654 32", "DE89 3704 0044 0532 0130 00", "FR1420041010050500013M02606",
        "MT84MALT011000012345MTLCAST001S", "NO9386011117947", "RU0304452522540817810538091310419",
        "SC18SSCB11010000000000001497USD", "gb82west12345698765432", "AT61-1904-3002-3457-3201",
    ],
    "ISISBN": [
        "978-0-306-40615-7", "0-306-40615-2", "0-8044-2957-x", "080442957X", "9791090636071", " 978 0 306 40615 7 ",
    ],
}  # fmt: skip
BAD = {
    "LUHN": ["79927398710", "4111111111111112", "", "0", "4111a11111111111", "٤١١١١١١١١١١١١١١١", "18.0"],
    "ISIBAN": ["GB82WEST12345698765431", "DE8937040044053201300", "XX82WEST12345698765432", "", "GB", "DE89", "Ä" * 22],
    "ISISBN": ["9780306406158", "977030640615X", "X306406152", "0306406153", "123456789", "", "97803064061570"],
}


@pytest.mark.parametrize("name", ORACLES)
def test_published_numbers(name: str) -> None:
    assert apply(name, GOOD[name]) == [True] * len(GOOD[name])
    assert apply(name, BAD[name]) == [False] * len(BAD[name])
    assert apply(name, [None, GOOD[name][0], None, BAD[name][0]]) == [None, True, None, False]


def numbers(name: str, random: Random) -> str:
    """A good number."""
    if name == "LUHN":
        digits = "".join(random.choices("0123456789", k=random.randint(1, 30)))
        return digits + luhn.calc_check_digit(digits)
    if name == "ISISBN":
        if random.random() < 0.5:
            body = "".join(random.choices("0123456789", k=9))
            return next(body + last for last in "0123456789X" if isbn.is_valid(body + last))
        body = random.choice(["978", "979"]) + "".join(random.choices("0123456789", k=9))
        return next(body + last for last in "0123456789" if isbn.is_valid(body + last))
    structure = random.choice(IBAN_STRUCTURES.split())
    account = "".join(
        "".join(random.choices(KINDS[kind], k=int(count))) for count, kind in re.findall(r"(\d+)([nac])", structure[2:])
    )
    return structure[:2] + iban.calc_check_digits(structure[:2] + "00" + account) + account


def spoilt(number: str, random: Random) -> str:
    """The number with one fault, with separators, or in small letters."""
    at = random.randrange(len(number))
    return random.choice(
        [
            number,
            number.lower(),
            number[:at] + random.choice("0123456789AX") + number[at + 1 :],
            number[:at] + number[at + 1 :],
            number[:at] + random.choice(" -") + number[at:],
            number[:at] + random.choice(".,/éX\x00😀") + number[at:],
            number[:at] + number[at : at + 2][::-1] + number[at + 2 :],
            number + random.choice("0123456789"),
        ]
    )


@pytest.mark.parametrize("name", ORACLES)
def test_good_and_spoilt_numbers(name: str) -> None:
    random = Random(name)
    good = [numbers(name, random) for _ in range(600)]
    assert apply(name, good) == [True] * 600
    texts = [spoilt(number, random) for number in good * 4]
    wanted = [ORACLES[name](text) for text in texts]
    assert 200 < sum(wanted) < 2200
    assert apply(name, texts) == wanted


@given(st.lists(st.text(st.sampled_from("0123456789XGBDE -aé"), max_size=40), min_size=1, max_size=8))
def test_any_text(texts: list[str]) -> None:
    for name, oracle in ORACLES.items():
        assert apply(name, texts) == [oracle(text) for text in texts], name


def test_the_countries_of_the_registry() -> None:
    def structure(country: str, registered: str) -> str:
        parts = [(kind, int(count)) for count, kind in re.findall(r"(\d+)!([nac])", registered)]
        text, at = country, 0
        while at < len(parts):
            kind, end = parts[at][0], at
            while end < len(parts) and parts[end][0] == kind:
                end += 1
            text += f"{sum(count for _, count in parts[at:end])}{kind}"
            at = end
        return text

    known = [(prefix, info["bban"]) for _, prefix, _, info, _ in numdb.get("iban").prefixes if "bban" in info]
    assert sorted(structure(*entry) for entry in known) == sorted(IBAN_STRUCTURES.split())


def test_long_text_and_no_rows() -> None:
    million = "4" * 1_000_000
    assert apply("LUHN", [million + luhn.calc_check_digit(million), "4 " * 500_000]) == [True, True]
    for name in ORACLES:
        assert apply(name, ["1 " * 500_000 + "x"]) == [False]
        assert apply(name, ["", None]) == [False, None]
