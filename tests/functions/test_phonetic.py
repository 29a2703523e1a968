"""Phonetic codes: published vectors, the rules written out, and texts that are no names."""

from __future__ import annotations

import pytest
from calling import apply
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles_rows import UNKNOWN
from oracles_similarity import ORACLES

#: From the National Archives' page on the Soundex system, and from Knuth, The Art of Computer Programming 3, 6.4.
SOUNDEX = {
    "Washington": "W252",
    "Lee": "L000",
    "Gutierrez": "G362",
    "Pfister": "P236",
    "Jackson": "J250",
    "Tymczak": "T522",
    "VanDeusen": "V532",
    "Ashcraft": "A261",
    "Euler": "E460",
    "Ellery": "E460",
    "Gauss": "G200",
    "Ghosh": "G200",
    "Hilbert": "H416",
    "Heilbronn": "H416",
    "Knuth": "K530",
    "Kant": "K530",
    "Lloyd": "L300",
    "Ladd": "L300",
    "Lukasiewicz": "L222",
    "Łukasiewicz": "L222",
    "Lissajous": "L222",
    "Robert": "R163",
    "Rupert": "R163",
    "Rubin": "R150",
    "O'Hara": "O600",
    "Müller": "M460",
    "Strauß": "S362",
    "": "",
    "123": "",
}

#: From the tests of Apache Commons Codec and the PHP manual, where all implementations agree.
METAPHONE = {
    "howl": "HL",
    "The": "0",
    "quick": "KK",
    "brown": "BRN",
    "fox": "FKS",
    "jumped": "JMPT",
    "over": "OFR",
    "lazy": "LS",
    "dogs": "TKS",
    "Thumb": "0M",
    "Knight": "NT",
    "Physics": "FSKS",
    "Xalan": "SLN",
    "Wrack": "RK",
}

#: From the tests of Apache Commons Codec (which take them from dropby.com), codes in full.
NYSIIS = {
    "MACINTOSH": "MCANT",
    "KNUTH": "NAT",
    "KOEHN": "CAN",
    "PHILLIPSON": "FALAPSAN",
    "PFEISTER": "FASTAR",
    "SCHOENHOEFT": "SANAFT",
    "McKee": "MCY",
    "MacKie": "MCY",
    "Bart": "BAD",
    "Hurd": "HAD",
    "Hunt": "HAD",
    "Westerlund": "WASTARLAD",
    "Casstevens": "CASTAFAN",
    "Vasquez": "VASG",
    "Bowman": "BANAN",
    "Heitschmedt": "HATSNAD",
    "Frazier": "FRASAR",
    "McKnight": "MCNAGT",
    "Rickert": "RACAD",
    "Deutsch": "DAT",
    "Westphal": "WASTFAL",
    "Kuhl": "CAL",
    "Rawson": "RASAN",
    "Jiles": "JAL",
    "Yamada": "YANAD",
    "O'Daniel": "ODANAL",
    "Cory": "CARY",
    "Corey": "CARY",
    "Diggell": "DAGAL",
    "Brown": "BRAN",
    "Brian": "BRAN",
    "Kipp": "CAP",
    "Dionne": "DAN",
    "Schmit": "SNAT",
    "Schmidt": "SNAD",
    "Smith": "SNAT",
    "Trueman": "TRANAN",
}

#: From the worked examples of the report and of Apache Commons Codec.
MATCHRATING = {"Byrne": "BYRN", "Boern": "BRN", "Smith": "SMTH", "Smyth": "SMYTH", "Catherine": "CTHRN"}
ALIKE = [("Byrne", "Boern"), ("Smith", "Smyth"), ("Catherine", "Kathryn"), ("Bryan", "O'Brien")]


@pytest.mark.parametrize(
    ("name", "codes"),
    [("SOUNDEX", SOUNDEX), ("NYSIIS", NYSIIS), ("MATCHRATING", MATCHRATING), ("METAPHONE", METAPHONE)],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_published_codes(name: str, codes: dict[str, str]) -> None:
    got = dict(zip(codes, apply(name, list(codes)), strict=True))
    assert got == codes


def test_names_that_sound_alike() -> None:
    for a, b in ALIKE:
        assert apply("MATCHRATING", [a], [b]) == [True]
    assert apply("MATCHRATING", ["Smith", "Ann", None, ""], ["Catherine", "Montgomery", "a", ""]) == [
        False,
        False,
        None,
        ORACLES["MATCHRATING"]("", ""),
    ]


@pytest.mark.parametrize("name", ["SOUNDEX", "METAPHONE", "NYSIIS", "MATCHRATING"])
@given(
    rows=st.lists(
        st.text(st.characters(codec="utf-8")) | st.text("aehiougkcsthwnmdpxy MACR'ßéŁ", max_size=12),
        min_size=1,
        max_size=8,
    )
)
@settings(max_examples=120)
def test_codes(name: str, rows: list[str]) -> None:
    for text, got in zip(rows, apply(name, rows), strict=True):
        wanted = ORACLES[name](text)
        assert got == wanted or wanted is UNKNOWN


@pytest.mark.parametrize("name", ["SOUNDEX", "METAPHONE", "NYSIIS", "MATCHRATING"])
def test_columns_with_repetitions_and_nulls(name: str) -> None:
    rows = ["Smith", None, "Smythe", "Smith", "שלום", "A" * 100_000] * 100
    assert apply(name, rows) == [None if text is None else apply(name, [text])[0] for text in rows[:6]] * 100
