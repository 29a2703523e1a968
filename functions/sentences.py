"""Where sentences end: rules for European languages, Chinese and Japanese, without a model of any language."""

from __future__ import annotations

import re

from sheetline.functions.text_support import BLANKS

#: What closes a quotation or bracket behind a mark, and what opens one before a word.
_CLOSING = "\"'”’»›)\\]}」』）"
_OPENING = "\"'“‘„‚«‹(\\[{¿¡「『（"

#: Without a match of this (an RE2 pattern) a text is one sentence.
MAY_END = rf"[.!?…][{_CLOSING}]*[{BLANKS}]|[。！？｡]|\n[{BLANKS}]*\n"

_MARK = re.compile(
    # a run of marks is looked at once, from its beginning: otherwise a long one would take its length squared
    rf"(?<![.!?…])(?P<mark>[.!?…]++)[{_CLOSING}]*+(?P<gap>\s++)|(?P<wide>[。！？｡]++)[{_CLOSING}]*+\s*+|\n\s*\n"
)
_START = re.compile(rf"[{_OPENING}\s]*(.?)", re.DOTALL)
#: The word before a point, as far as it matters: abbreviations are short.
_LAST_WORD = re.compile(r"[^\s(\[{\"“„«]*\Z")

#: What stands before a name, so that its point ends no sentence. In lower case, without the point.
_NAMES = """
mr mrs ms messrs dr prof rev fr st mt sgt capt cpt lt col gen maj cmdr adm gov sen hon supt vs
hr frl dipl ing hl bzw bspw ggf evtl inkl exkl sog vgl zzgl abzgl
mm mme mmes mlle mlles mgr
sra srta dra ud uds vd
sig sigg dott avv geom arch spett
dhr mevr mw drs bijv incl
ca approx cf
"""
#: What stands before a number.
_NUMBERS = """
no nos nr nrs num núm n° vol vols fig figs abb tab p pp ch chap kap sec sect par art eq ex abs bd s
jan feb febr mar apr jun jul aug sep sept oct okt nov dec dez str tel ext op
"""
_BEFORE_NAMES, _BEFORE_NUMBERS = frozenset(_NAMES.split()), frozenset(_NUMBERS.split())
_GERMAN_MONTHS = re.compile("Januar|Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember")


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a text, without the white space between them."""
    text = text.strip()
    found: list[str] = []
    begin = 0
    for match in _MARK.finditer(text):
        if match["mark"] and not _ends(text, begin, match):
            continue
        sentence = text[begin : match.end()].strip()
        if sentence:
            found.append(sentence)
        begin = match.end()
    rest = text[begin:].strip()
    return [*found, rest] if rest else found


def _ends(text: str, begin: int, match: re.Match[str]) -> bool:
    """Whether a mark with white space behind it ends the sentence that began at ``begin``."""
    if "\n" in match["gap"] and re.search(r"\n\s*\n", match["gap"]):
        return True
    following = _START.match(text, match.end())
    first = following[1] if following else ""
    if first.islower():
        return False
    if match["mark"] != "." or match.start("gap") != match.end("mark"):
        return True
    word = _LAST_WORD.search(text[max(begin, match.start() - 40) : match.start()])
    return not _continues(word[0] if word else "", text, begin, match, first)


def _continues(word: str, text: str, begin: int, match: re.Match[str], first: str) -> bool:
    """Whether the point behind ``word`` belongs to it."""
    if len(word) == 1 and word.isalpha() and word.isupper():
        return True  # an initial
    if "." in word and word[0].isalpha() and all(len(part) <= 2 for part in word.split(".")):
        return True  # e.g. U.S. z.B.
    if word.isdigit():
        is_list_number = match.start() - len(word) == begin
        return is_list_number or (len(word) <= 2 and _GERMAN_MONTHS.match(text, match.end()) is not None)
    lowered = word.lower()
    return lowered in _BEFORE_NAMES or (lowered in _BEFORE_NUMBERS and first.isdigit())
