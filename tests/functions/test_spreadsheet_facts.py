"""What spreadsheets give for single calls: OpenFormula's rules as LibreOffice and Excel carry them out.

A line is a formula and its result; a failure is the code of the error value. Where the programs differ among
themselves the line follows OpenFormula. Points at which this library differs on purpose are at the end.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sheetline.formulas.api import CellErrors, evaluate
from sheetline.formulas.diagnostics import FormulaError
from sheetline.functions.declare import Failure

DIV0, NUM, VALUE, PARSE, RANGE = map(Failure, ("DIV0", "NUM", "VALUE", "PARSE", "RANGE"))
OVERFLOW = Failure("OVERFLOW")

ROUNDING: dict[str, Any] = {
    "ROUND(2.675;2)": 2.68,
    "ROUND(1.005;2)": 1.01,
    "ROUND(-2.5;0)": -3.0,
    "ROUND(626.3;-3)": 1000.0,
    "ROUND(-50.55;-2)": -100.0,
    "ROUND(55555;-5)": 100000,
    "ROUND(2.345;2.9)": 2.35,  # the fraction of the digits is cut off
    "ROUNDUP(-8.22;0)": -9.0,
    "ROUNDUP(31415.92654;-2)": 31500.0,
    "ROUNDUP(1.1;1)": 1.1,
    "ROUNDDOWN(-3.14159;1)": -3.1,
    "ROUNDDOWN(0.29;2)": 0.29,
    "TRUNC(-8.9)": -8.0,
    "TRUNC(99.99;1.9)": 99.9,
    "CEILING(4.1;2)": 6.0,
    "CEILING(-2.5;2)": NUM,  # OpenFormula wants like signs; Excel: -2
    "CEILING(-2.5;-2)": -2.0,  # up, as OpenFormula says; Excel: -4
    "CEILING(2.5;-2)": NUM,
    "CEILING(2.5;0)": 0.0,
    "CEILING(1.1;0.1)": 1.1,
    "FLOOR(3.7;2)": 2.0,
    "FLOOR(-2.5;2)": NUM,
    "FLOOR(-2.5;-2)": -4.0,  # down; Excel: -2
    "FLOOR(2.5;-2)": NUM,
    "FLOOR(0.3;0.1)": 0.3,
    "FLOOR(0.234;0.01)": 0.23,
    "MROUND(10;3)": 9,
    "MROUND(-10;-3)": -9,
    "MROUND(1.3;0.2)": 1.4,
    "MROUND(5;-2)": NUM,
    "MROUND(7;0)": 0,
    "MROUND(6.05;0.1)": 6.0,  # the quotient is computed in binary, and is below a half
    "MROUND(7.05;0.1)": 7.1,
    "EVEN(-1)": -2,
    "EVEN(1.5)": 2.0,
    "ODD(0)": 1,
    "ODD(-1.5)": -3.0,
}

ARITHMETIC: dict[str, Any] = {
    "MOD(-3;2)": 1,
    "MOD(3;-2)": -1,
    "MOD(-90;360)": 270,
    "MOD(5.5;1.5)": 1.0,
    "MOD(1;0)": DIV0,
    "QUOTIENT(-10;3)": -3,
    "QUOTIENT(4.5;3.1)": 1,
    "QUOTIENT(1;0)": DIV0,
    "POWER(4;1.25)": 5.656854249492381,
    "POWER(0;0)": 1.0,
    "POWER(0;-1)": DIV0,
    "POWER(-1;0.5)": NUM,
    "SQRT(-1)": NUM,
    "LN(0)": NUM,
    "LOG(8;2)": 3.0,
    "LOG(1;1)": DIV0,
    "EXP(710)": OVERFLOW,
    "GCD(24;36)": 12,
    "GCD(18.9;25.7;0)": 1,
    "GCD(5;-1)": NUM,
    "LCM(24;36)": 72,
    "LCM(4.9;6.1)": 12,
    "LCM(5;0)": 0,
    "FACT(1.9)": 1.0,
    "FACT(-0.5)": NUM,
    "FACT(171)": OVERFLOW,
    "FACTDOUBLE(10)": 3840.0,
    "FACTDOUBLE(-2)": NUM,
    "COMBIN(10.9;3.9)": 120.0,
    "COMBIN(5;10)": NUM,
    "COMBINA(10;3)": 220.0,
    "COMBINA(0;0)": 1.0,
    "PERMUT(5;0)": 1.0,
    "PERMUT(100;3)": 970200.0,
    "MULTINOMIAL(2;3;4)": 1260.0,
    "MULTINOMIAL(-1;2)": NUM,
    "ISEVEN(2.9)": True,
    "ISODD(-3.9)": True,
    "BITAND(13;25)": 9,
    "BITAND(-1;1)": NUM,
    "BITOR(23;10)": 31,
    "BITOR(1;-5)": NUM,
    "BITAND(5.9;3)": 1,
    "BITLSHIFT(1e3;1.9)": 2000,
    "BITXOR(5;3)": 6,
    "BITLSHIFT(4;2)": 16,
    "BITLSHIFT(-1;1)": NUM,
    "BITLSHIFT(13;-2)": 3,
    "BITRSHIFT(13;2)": 3,
    "BITRSHIFT(4;-2)": 16,
    "BITRSHIFT(-1;1)": NUM,
    "ERF(0;1)": 0.8427007929497149,
    "ERFC(1)": 0.15729920705028513,
    "GAMMA(0)": NUM,
    "ATAN2(1;1)": 0.7853981633974483,
    "ATAN2(0;0)": DIV0,
    "ACOS(2)": NUM,
    "COT(0)": DIV0,
    "FISHER(1)": NUM,
    "FDIST(-1;6;4;true)": NUM,
    "WEIBULL(-1;2;1;true)": NUM,
    "LOGNORM.DIST(-1;0;1;false)": NUM,
    "PMT(0.05;-12;1000)": 62.825410020815404,
    "PMT(0.05;0;1000)": NUM,
    "DB(10000;1000;5;6)": 0.0,
    "DB(10000;1000;5;7)": NUM,
}

NUMERALS: dict[str, Any] = {
    "BASE(7;2)": "111",
    "BASE(255.9;16.9;4.9)": "00FF",
    "BASE(-1;2)": NUM,
    "BASE(7;1)": NUM,
    "BASE(7;37)": NUM,
    'DECIMAL("ZZ";36)': 1295,
    "DECIMAL(10;8)": 8,
    'DECIMAL("8";8)': PARSE,
    'DECIMAL("";8)': 0,
    "BIN2DEC(1100100)": 100,
    'BIN2DEC("1111111111")': -1,
    "BIN2DEC(1234567890)": PARSE,
    "DEC2BIN(9;4)": "1001",
    "DEC2BIN(-100)": "1110011100",
    "DEC2BIN(512)": NUM,
    "DEC2BIN(9.9;4.9)": "1001",
    "DEC2BIN(1;-1)": NUM,
    "DEC2HEX(-54)": "FFFFFFFFCA",
    "DEC2HEX(64;1)": NUM,
    "DEC2OCT(58;3)": "072",
    "OCT2DEC(7777777533)": -165,
    'HEX2DEC("FFFFFFFF5B")': -165,
    'HEX2DEC("z")': PARSE,
    "ROMAN(499)": "CDXCIX",
    "ROMAN(499;1)": "LDVLIV",
    "ROMAN(499;2)": "XDIX",
    "ROMAN(499;3)": "VDIV",
    "ROMAN(499;4)": "ID",
    "ROMAN(499.9)": "CDXCIX",
    "ROMAN(0)": "",
    "ROMAN(4000)": NUM,
    'ARABIC("mcmxii")': 1912,
    'ARABIC("")': 0,
    'ARABIC("-LVII")': -57,
    'ARABIC("-")': PARSE,
    'ARABIC("ABC")': PARSE,
}

TEXTS: dict[str, Any] = {
    'LEFT("Sale Price";4.9)': "Sale",
    'LEFT("abc")': "a",
    'LEFT("abc";-1)': VALUE,
    'RIGHT("Stock Number";0)': "",
    'RIGHT("abc";1e9)': "abc",
    'MID("Fluid Flow";7;20)': "Flow",
    'MID("Fluid Flow";20;5)': "",
    'MID("abc";0;1)': VALUE,
    'MID("abc";1.9;1.9)': "a",
    'FIND("M";"Miriam McGovern";3)': 8,
    'FIND("m";"MIRIAM")': VALUE,
    'FIND("";"abc")': 1,
    'FIND("c";"abc";0)': VALUE,
    'SEARCH("m?g";"Miriam McGovern")': 8,
    'SEARCH("~?";"a?b")': 2,
    'SEARCH("e";"Statements";6.9)': 7,
    'SEARCH("x";"abc")': VALUE,
    'SUBSTITUTE("Quarter 1, 2011";"1";"2";3)': "Quarter 1, 2012",
    'SUBSTITUTE("aaaa";"aa";"b")': "bb",
    'SUBSTITUTE("abc";"";"x")': "abc",
    'SUBSTITUTE("abc";"a";"x";0)': VALUE,
    'REPLACE("abcdefghijk";6;5;"*")': "abcde*k",
    'REPLACE("abc";10;1;"x")': "abcx",
    'REPLACE("2009";3.9;2.9;"10")': "2010",
    'REPT("ab";2.9)': "abab",
    'REPT("ab";0)': "",
    'REPT("ab";-1)': VALUE,
    'PROPER("2-cent\'s worth")': "2-Cent'S Worth",
    'PROPER("76BudGet")': "76Budget",
    'TRIM("  more   spaces ")': "more spaces",
    'CLEAN(CHAR(7) & "text" & CHAR(10))': "text",
    "CHAR(128)": "€",
    "CHAR(65.9)": "A",
    "CHAR(256)": VALUE,
    'CODE("€")': 128,
    'CODE("")': VALUE,
    "UNICHAR(8364)": "€",
    "UNICHAR(0)": VALUE,
    'EXACT("word";"Word")': False,
    'TEXTJOIN(", ";true;"a";"";"c")': "a, c",
    'TEXTJOIN(", ";false;"a";"";"c")': "a, , c",
    'TEXTJOIN("";true;"a";1)': "a1",
    'CONCATENATE("a";true;1)': "aTRUE1",
    'TEXTJOIN("-";false;"a";false)': "a-FALSE",
    'TEXT(true;"0.00")': "TRUE",
    "FIXED(1234.567;1)": "1,234.6",
    "FIXED(1234.567;-1.9)": "1,230",
    "FIXED(-1234.567;-1;true)": "-1230",
    "FIXED(-0.001)": "0.00",
    "DOLLAR(-0.123;4)": "-$0.1230",
    "DOLLAR(1234.567;-2)": "$1,200",
    'CHOOSE(2.9;"a";"b")': "b",
    'CHOOSE(3;"a";"b")': RANGE,
}

NUMBER_FORMATS: dict[str, Any] = {
    'TEXT(1234.5678;"#,##0.00")': "1,234.57",
    'TEXT(0.285;"0%")': "29%",
    'TEXT(1234567;"0.0,,")': "1.2",
    'TEXT(-5;"#,##0_);(#,##0)")': "(5)",
    'TEXT(0;"0;-0;""zero""")': "zero",
    'TEXT(-0.4;"0")': "0",
    'TEXT(-0.4;"0;(0)")': "(0)",
    'TEXT(0.5;"##0.0E+0")': "500.0E-3",
    'TEXT(12345;"00.0E+0")': "01.2E+4",
    'TEXT(12.5;"0.0e+00")': "1.3e+01",
    'TEXT(2.5;"?0.0")': " 2.5",
    'TEXT(0.5;"0.0??")': "0.5  ",
    'TEXT(12;"?,??0")': "   12",
    'TEXT(0.5;"# ?/?")': " 1/2",
    'TEXT(-1.25;"# ?/?")': "-1 1/4",
    'TEXT(12.5;"# ??/??")': "12  1/2 ",
    'TEXT(3.14159;"# ???/???")': "3  16/113",
    'TEXT(3.14159;"??/??")': "311/99",
    'TEXT(0.3;"# ?/10")': " 3/10",
    'TEXT(0.99;"# ?/?")': "1    ",
    'TEXT(5;"0/0")': "5/1",
    'TEXT(5551234567;"(000) 000-0000")': "(555) 123-4567",
    'TEXT(123456789;"000-00-0000")': "123-45-6789",
    'TEXT(1234567;"??? ??0")': "1234 567",
    'TEXT(1500;"[>=1000]0.0,""K"";0")': "1.5K",
    'TEXT(500;"[>=1000]0.0,""K"";0")': "500",
    'TEXT(-12;"[<0]""below"";0.0")': "below",
    'TEXT(1;"[>100]0;[>5]0.0")': "1",
    'TEXT(12;"[$€-407] 0")': "€ 12",
    'TEXT("abc";"0.0;;;@""!""")': "abc!",
    'TEXT("1234.59";"###0.0")': "1234.6",
    'TEXT("007";"@")': "007",
}

TIME_FORMATS: dict[str, Any] = {
    'TEXT(DATE(2020;3;7);"mmm d, yyyy h:mm AM/PM")': "Mar 7, 2020 12:00 AM",
    'TEXT(DATE(2020;3;7);"dddd, mmmm dd, yyyy")': "Saturday, March 07, 2020",
    'TEXT(DATE(2020;3;7);"mmmmm")': "M",
    'TEXT(43831.75;"yyyy-mm-dd hh:mm")': "2020-01-01 18:00",
    'TEXT(0.75;"h:mm AM/PM")': "6:00 PM",
    'TEXT(0.75;"h A/P")': "6 P",
    'TEXT(0.0423726851851852;"h:m:s")': "1:1:1",
    'TEXT(1.5;"[h]:mm")': "36:00",
    'TEXT(0.5;"[mm]:ss")': "720:00",
    'TEXT(-0.5;"[h]:mm")': "-12:00",
    'TEXT(1.5;"[h] ""hours""")': "36 hours",
    'TEXT(0.604282407407407;"mm:ss.0")': "30:10.0",
    'TEXT(0.6;"[ss].00")': "51840.00",
    'TEXT(3000000;"[h]")': "72000000",
    'TEXT("4:15 pm";"hh:mm")': "16:15",  # a text that shows a time, date or number is that number
    'TEXT("2024-02-29";"d. mmmm")': "29. February",
    'TEXT("later";"hh:mm")': "later",
    'TEXT(-1;"h:mm")': VALUE,
    'TEXT(1e9;"yyyy")': VALUE,
}

SHOWN_NUMBERS: dict[str, Any] = {
    'VALUE("1,234,567.89")': 1234567.89,
    'VALUE("$1,000.50")': 1000.5,
    'VALUE("-$5")': -5.0,
    'VALUE("($1,000.00)")': -1000.0,
    'VALUE("(5)")': -5.0,
    'VALUE("5-")': -5.0,
    'VALUE("12.5%")': 0.125,
    'VALUE("1E-3")': 0.001,
    'VALUE("1 1/2")': 1.5,
    'VALUE("-1 1/2")': -1.5,
    'VALUE("1 1/0")': PARSE,
    'VALUE("16:48:00")': 0.7,
    'VALUE("1:30 PM")': 0.5625,
    'VALUE("12 AM")': 0.0,
    'VALUE("25:00")': 25 / 24,
    'VALUE("-1:30")': -0.0625,
    'VALUE("13:00 PM")': PARSE,
    'VALUE("1:60")': PARSE,
    'VALUE("2020-01-15")': 43845.0,
    'VALUE("2020-01-15T12:00:00")': 43845.5,
    'VALUE("15-Jan-2020")': 43845.0,
    'VALUE("January 15, 2020")': 43845.0,
    'VALUE("2020-02-30")': PARSE,
    'VALUE("1,23")': PARSE,
    'VALUE("")': PARSE,
    'VALUE("0x10")': PARSE,
    'NUMBERVALUE("2.500,27";",";".")': 2500.27,
    'NUMBERVALUE("5%%")': 0.0005,
    'NUMBERVALUE("1.5.5")': PARSE,
    'NUMBERVALUE("3.5%";".";".")': PARSE,
    'VALUE("2011/02/23")': 40597.0,
    'VALUE("15-Apr-11")': 40648.0,
    'VALUE("15-Apr-30")': 11063.0,
}

DATES: dict[str, Any] = {
    "DATE(2008;14;2)": datetime(2009, 2, 2),
    "DATE(2000;-36;1)": datetime(1996, 12, 1),
    "DATE(2011.9;1.9;1.9)": datetime(2011, 1, 1),
    "EDATE(DATE(2023;3;31);-1)": datetime(2023, 2, 28),
    "EDATE(DATE(2023;1;31);1.9)": datetime(2023, 2, 28),
    "EOMONTH(DATE(2005;1;1);12)": datetime(2006, 1, 31),
    'DATEDIF(DATE(2001;6;1);DATE(2002;8;15);"d")': 440,
    'DATEDIF(DATE(2007;1;1);DATE(2008;7;1);"ym")': 6,
    'DATEDIF(DATE(2007;1;1);DATE(2008;7;1);"yd")': 182,
    'DATEDIF(DATE(1959;7;20);DATE(2020;5;4);"md")': 14,
    'DATEDIF(DATE(2020;1;31);DATE(2023;12;30);"md")': 29,
    'DATEDIF(DATE(2020;1;31);DATE(2021;3;1);"md")': -2,
    'DATEDIF(DATE(2020;2;29);DATE(2023;12;30);"yd")': 304,
    "WEEKDAY(DATE(2008;2;14);1)": 5,
    "WEEKDAY(DATE(2008;2;14);2)": 4,
    "WEEKDAY(DATE(2008;2;14);3)": 3,
    "WEEKDAY(DATE(2008;2;14);13)": 2,
    "DAYS(DATE(2021;3;15);DATE(2021;2;1))": 42,
    "DAYS360(DATE(1901;1;1);DATE(1901;12;31))": 360,
    "DAYS360(DATE(1901;1;1);DATE(1901;12;31);true)": 359,
    "YEARFRAC(DATE(2012;1;1);DATE(2012;7;30))": 0.5805555555555556,
    "YEARFRAC(DATE(2012;1;1);DATE(2012;7;30);1)": 0.5765027322404371,
    "YEARFRAC(DATE(2012;1;1);DATE(2012;7;30);3)": 0.5780821917808219,
    "WEEKNUM(DATE(2012;3;9);2)": 11,
    "WEEKNUM(DATE(2016;1;1);21)": 53,
    "ISOWEEKNUM(DATE(2021;1;3))": 53,
    "WORKDAY(DATE(2020;1;31);-1.9)": datetime(2020, 1, 30),
    "NETWORKDAYS(DATE(2013;12;4);DATE(2014;1;4))": 23,
    "NETWORKDAYS(DATE(2014;1;4);DATE(2013;12;4))": -23,
}

ALL = ROUNDING | ARITHMETIC | NUMERALS | TEXTS | NUMBER_FORMATS | TIME_FORMATS | SHOWN_NUMBERS | DATES

#: Where this library differs on purpose, with what it gives.
DIFFERENT: dict[str, Any] = {
    "TIME(12;0)": 43_200_000,  # milliseconds, to be added to a date; spreadsheets: 0.5
    "INT(-8.9)": -8,  # cut off; spreadsheets: -9
    "2 ^ 3 ^ 2": 512.0,  # from the right; spreadsheets: 64
    "IF(false;1)": None,  # spreadsheets: FALSE
    "IFS(false;1)": None,  # spreadsheets: #N/A
    "T(19)": "19",  # the text of any value; spreadsheets: ""
    '"a" == "A"': False,  # spreadsheets: TRUE
    "ISNUMBER(DATE(2020;1;1))": False,  # spreadsheets: TRUE
    "DATE(108;1;1)": datetime(108, 1, 1),  # Excel: 2008
    "BITAND(281474976710657;1)": 1,  # Excel: #NUM! from 2^48
    'VALUE("1/2/2020")': PARSE,  # which is the month, nobody knows
    "MOD(1;0.1)": 0.09999999999999995,  # as Excel; LibreOffice: 0
    "CHISQDIST(0.5;2.5;true)": 0.13611637154141112,  # 2.5 degrees of freedom; spreadsheets: 2
}


def outcome(formula: str) -> Any:
    try:
        return evaluate(formula)
    except CellErrors as failed:
        return Failure(failed.examples[0][2])


def check(formula: str, wanted: Any) -> None:
    got = outcome(formula)
    if isinstance(got, datetime) and got.tzinfo is not None:
        got = got.astimezone(UTC).replace(tzinfo=None)
    if isinstance(wanted, float) and isinstance(got, float):
        assert got == pytest.approx(wanted, rel=1e-12, abs=1e-12)
    else:
        assert type(got) is type(wanted)
        assert got == wanted


@pytest.mark.parametrize("formula", ALL)
def test_as_in_spreadsheets(formula: str) -> None:
    check(formula, ALL[formula])


@pytest.mark.parametrize(
    "formula",
    [
        "YEARFRAC(DATE(2012;1;1);DATE(2012;7;30);5)",
        "WEEKNUM(DATE(2016;1;1);3)",
        'ABS("x")',
        'NOT("a")',
        "ROMAN(5;7)",
        'TEXT(1;"0.0.0")',
        'TEXT(1;"[0")',
        'TEXT(1;"0@")',
        "LEFT()",
    ],
)
def test_refused_before_the_run(formula: str) -> None:
    with pytest.raises(FormulaError):
        evaluate(formula)


@pytest.mark.parametrize("formula", DIFFERENT)
def test_different_on_purpose(formula: str) -> None:
    check(formula, DIFFERENT[formula])


def test_fractions_are_cut_off_in_columns_too() -> None:
    columns = {"t": ["abcdef", "abcdef", "abcdef", None, "abc"], "n": [2.9, None, 0.5, 1.5, 1e300]}
    with pytest.raises(CellErrors, match=r"OVERFLOW 1e\+300 is too large for an integer"):
        evaluate("LEFT(#t;#n)", columns)
    got = evaluate("LEFT(#t;#n)", columns, errors="coerce")
    assert [value if isinstance(value, str) else None for value in got] == ["ab", None, "", None, None]
    assert evaluate("ROUND(#x;#n)", {"x": [12.345, -12.345], "n": [1.9, -1.9]}).tolist() == [12.3, -10.0]
