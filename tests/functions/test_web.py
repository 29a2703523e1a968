"""URLs, e-mail addresses, user agents and log lines against the standard library, libraries and known cases."""

from __future__ import annotations

import time
from random import Random
from typing import Any

import pytest
from calling import apply, values
from evaluating import sheet
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles_rows import ORACLES, UNKNOWN

from sheetline.functions import extras
from sheetline.functions.columns import Column, text
from sheetline.functions.declare import Failure
from sheetline.functions.resolve import Mismatch
from sheetline.functions.types import DATE, INTEGER, STRING

PARSE, RANGE = Failure("PARSE"), Failure("RANGE")
PARTS = ("URLPROTOCOL", "URLHOST", "URLPORT", "URLPATH", "URLFILE", "URLQUERY", "URLFRAGMENT")


def sliced(rows: list[str | None]) -> Column:
    return text(["http://before/?a=1&", *rows, "://behind"]).slice(1, len(rows) + 1)


def url(random: Random) -> str | None:
    """A URL, often a strange one."""
    if random.random() < 0.1:
        return None
    if random.random() < 0.3:
        return "".join(random.choices(["http", ":", "/", "//", "?", "#", "@", "a", "é", "=", "&", ".", "80", " "], k=8))
    pick = random.choice
    authority = pick(["", "//"]) and "//" + pick(["", "me@", "me:pw@", "a@b@"]) + pick(
        ["Host.Example", "h", "É.de", ""]
    )
    return (
        pick(["", "http:", "HTTPS:", "a+b.c-1:", "1http:", "mailto:"])
        + (authority and authority + pick(["", ":", ":80", ":65535", ":007"]))
        + pick(["", "/", "/a/b", "/a//b/", "x/y", "/a:b@c"])
        + pick(["", "?", "?q=1", "?q=1&q=2&r", "?a=/x?y&q=%20+", "?%71=z", "?q"])
        + pick(["", "#", "#f", "#f#g?h", "#/x"])
    )


@pytest.mark.parametrize("name", PARTS)
@settings(max_examples=30)
@given(seed=st.integers(0, 2**32))
def test_parts(name: str, seed: int) -> None:
    random = Random(seed)
    rows = [url(random) for _ in range(12)]
    for row, got in zip(rows, apply(name, sliced(rows)), strict=True):
        wanted = None if row is None else ORACLES[name](row)
        assert wanted is UNKNOWN or got == wanted, (row, got, wanted)


@given(seed=st.integers(0, 2**32))
def test_parts_make_the_url_again(seed: int) -> None:
    """What RFC 3986 (5.3) puts together of the parts is the URL, whatever the standard library thinks of it."""
    random = Random(seed)
    rows = [(url(random) or "").strip() for _ in range(9)]
    scheme, path, query, fragment = (apply(f"URL{part}", rows) for part in ("PROTOCOL", "PATH", "QUERY", "FRAGMENT"))
    for row, s, p, q, f in zip(rows, scheme, path, query, fragment, strict=True):
        assert row.lower().startswith(f"{s}:" if s is not None else "")
        assert row.endswith(p + ("" if q is None else f"?{q}") + ("" if f is None else f"#{f}"))


@given(seed=st.integers(0, 2**32), name=st.sampled_from(["q", "r", "a", "", "é", " q", "x y"]))
def test_parameters(seed: int, name: str) -> None:
    random = Random(seed)
    query = ["q", "r", "=", "&", "&&", "%71", "+", "%20", "é", "%C3%A9", "%FF", "x", "?", "a", "1"]
    rows: list[str | None] = ["?" + "".join(random.choices(query, k=random.randrange(9))) for _ in range(8)]
    rows += ["/no", None, "?", "?q#q=1", "http://a?b=1&q=2"]
    wanted = [None if row is None else ORACLES["URLPARAM"](row, name) for row in rows]
    assert apply("URLPARAM", sliced(rows), name) == wanted
    assert apply("URLPARAM", sliced(rows), [name] * len(rows)) == wanted


def test_brackets() -> None:
    rows = ["http://[::1]:80/", "http://u@[fe80::1%25en0]/", "http://[::1", "http://a]b/", "http://[::1]x/", "/a[b]"]
    assert apply("URLHOST", rows) == ["::1", "fe80::1%25en0", PARSE, PARSE, PARSE, None]
    assert apply("URLPORT", rows) == [80, None, PARSE, PARSE, PARSE, None]
    assert apply("URLPORT", ["http://a:65536/", "http://a:" + "9" * 400, "http://a:0/", "http://a:8o/"]) == [
        RANGE,
        RANGE,
        0,
        PARSE,
    ]


IS_URL = {
    "http://example.com": True,
    "HTTPS://user:pw@example.com:8080/a?b=c#d": True,
    "ftp://münchen.example/ä": True,
    "http://[2001:db8::1]:80/": True,
    "http://127.0.0.1/": True,
    "http://localhost": True,
    "http://a_b.example./": True,
    "http://[1.2.3.4]/": False,
    "http://[zz]/": False,
    "http://": False,
    "http:///x": False,
    "//example.com/": False,
    "example.com/x": False,
    "mailto:a@b.c": False,
    "http://a b/": False,
    "http://a/b c": False,
    "http://a/\n": False,
    "http://a/<b>": False,
    "http://-a.example/": False,
    "http://a..b/": False,
    "http://a:65536/": False,
    "http://a:65535/": True,
    "http://a:x/": False,
    "1http://a/": False,
    f"http://{'a' * 63}.example/": True,
    f"http://{'a' * 64}.example/": False,
    f"http://{'é' * 40}.example/": True,
}
IS_EMAIL = {
    "simple@example.com": True,
    "very.common@example.com": True,
    "x@example.co.uk": True,
    "user.name+tag+sorting@example.com": True,
    "name/surname@example.com": True,
    "user%example.com@example.org": True,
    "mailhost!username@example.org": True,
    "user-@example.org": True,
    "jörg@müller.example": True,
    "用户@例子.广告": True,
    "i_like_underscore@but_they_are_not_allowed_in_this_part.example.com": False,
    "abc.example.com": False,
    "a@b@c@example.com": False,
    'a"b(c)d,e:f;g<h>i[j\\k]l@example.com': False,
    'just"not"right@example.com': False,
    "1234567890123456789012345678901234567890123456789012345678901234+x@example.com": False,
    "admin@localhost": False,
    ".dot@example.com": False,
    "dot.@example.com": False,
    "do..t@example.com": False,
    "a@-b.com": False,
    "a@b-.com": False,
    "a@1.2.3.4": False,
    "a@b.c1": True,
    "a@example.com ": False,
    "a@example.com\n": False,
    f"a@{'b' * 63}.com": True,
    f"a@{'b' * 64}.com": False,
    f"a@{'é' * 64}.com": False,
    "a@" + "b." * 126 + "com": False,
    "": False,
    "@": False,
}


def test_is_url() -> None:
    assert dict(zip(IS_URL, apply("ISURL", list(IS_URL)), strict=True)) == IS_URL
    assert apply("ISURL", [None, "http://é/", "http://a/"]) == [None, True, True]


def test_is_email() -> None:
    assert dict(zip(IS_EMAIL, apply("ISEMAIL", list(IS_EMAIL)), strict=True)) == IS_EMAIL
    assert {value: ORACLES["ISEMAIL"](value) for value in IS_EMAIL} == IS_EMAIL


@given(rows=st.lists(st.none() | st.text("ab1.-@é_!😀 ", max_size=10), min_size=1, max_size=9))
def test_is_email_of_anything(rows: list[str | None]) -> None:
    assert apply("ISEMAIL", sliced(rows)) == [None if v is None else ORACLES["ISEMAIL"](v) for v in rows]


DOMAINS = {
    "https://forums.news.cnn.com/": ("cnn.com", "com"),
    "http://forums.BBC.co.uk:80/x": ("bbc.co.uk", "co.uk"),
    "www.worldbank.org.kg": ("worldbank.org.kg", "org.kg"),
    "example.com:8080/a?b@c": ("example.com", "com"),
    "http://me:pw@a.b.example.de": ("example.de", "de"),
    "https://www.食狮.公司.cn/": ("食狮.公司.cn", "公司.cn"),
    "http://xn--85x722f.xn--55qx5d.cn": ("xn--85x722f.xn--55qx5d.cn", "xn--55qx5d.cn"),
    "http://www.ck/": ("www.ck", "ck"),
    "http://co.uk/": (None, "co.uk"),
    "http://127.0.0.1/": (None, None),
    "http://[::1]/": (None, None),
    "http://localhost/": (None, None),
    "nothing at all": (None, None),
    "/path/only.com": (None, None),
    "": (None, None),
}


def test_domains() -> None:
    rows = [*DOMAINS, None]
    assert apply("URLDOMAIN", rows) == [*(pair[0] for pair in DOMAINS.values()), None]
    assert apply("URLTLD", rows) == [*(pair[1] for pair in DOMAINS.values()), None]


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(extras.importlib, "import_module", missing)
    for package in ("tldextract", "ua_parser"):
        with pytest.raises(extras.MissingExtraError, match=r"sheetline\[web\]"):
            extras.load(package, "web")


# User agents.

AGENTS = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36": (
        "Chrome",
        "Windows",
        None,
        False,
    ),
    "Mozilla/5.0 (iPad; CPU OS 13_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/87.0.4280.77 "
    "Mobile/15E148 Safari/604.1": ("Chrome Mobile iOS", "iOS", "iPad", False),
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)": ("bingbot", None, "Spider", True),
    "curl/7.68.0": ("curl", None, None, False),
    "": (None, None, None, False),
}


@pytest.mark.parametrize(("place", "name"), list(enumerate(("BROWSER", "OS", "DEVICE", "ISBOT"))))
def test_user_agents(place: int, name: str) -> None:
    rows = [*AGENTS, None, *AGENTS]
    wanted = [found[place] for found in AGENTS.values()]
    assert apply(f"USERAGENT{name}", rows) == [*wanted, None, *wanted]
    assert apply(f"USERAGENT{name}", list(AGENTS)) == [ORACLES[f"USERAGENT{name}"](agent) for agent in AGENTS]


def test_each_agent_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from sheetline.functions import user_agents

    seen: list[str] = []

    class Counting:
        def parse_os(self, agent: str) -> None:
            seen.append(agent)

    monkeypatch.setattr(user_agents, "_parser", Counting)
    assert apply("USERAGENTOS", ["a", "b", None, "a"] * 500) == [None] * 2000
    assert sorted(seen) == ["a", "b"]


# Logs.

COMMON = '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif?a=b HTTP/1.0" 200 2326'
COMBINED = COMMON + ' "http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)"'
FIELDS = (
    "host",
    "ident",
    "user",
    "time",
    "request",
    "method",
    "path",
    "protocol",
    "status",
    "bytes",
    "referer",
    "agent",
)
LINES = [
    COMMON,
    COMBINED,
    '::1 id - [29/Feb/2024:00:00:00 +0530] "POST / HTTP/2.0" 404 - "-" "-"',
    r'10.0.0.1 - - [01/Jan/1970:00:00:00 +0000] "GET /\"quoted\"\\x HTTP/1.1" 200 0 "-" "a \"b\" c"',
    '10.0.0.1 - - [31/Dec/1999:23:59:59 -0000] "-" 408 -',
    r'10.0.0.1 - - [31/Dec/1999:23:59:59 -0000] "\x16\x03\x01" 400 226',
    '10.0.0.1 - - [31/Dec/1999:23:59:59 -0000] "GET /no/protocol" 200 1',
    '10.0.0.1 - - [31/Dec/1999:23:59:59 -0000] "GET /a b HTTP/1.0" 200 1',
    "not a line",
    "",
    COMMON.replace("200", "abc"),
]


@pytest.mark.parametrize("field", [*FIELDS, "referer", "agent"])
def test_log_fields(field: str) -> None:
    got = apply("LOGFIELD", [*LINES, None], field, raw=True)
    wanted = [*(ORACLES["LOGFIELD"](line, field) for line in LINES), None]
    assert values(got) == wanted
    assert got.type == {"time": DATE, "status": INTEGER, "bytes": INTEGER}.get(field, STRING)


def test_log_lines_that_are_almost_right() -> None:
    blank = COMMON.replace("frank", "frank n. stein")
    more = COMBINED + " 0.123 extra"
    bad_time = COMMON.replace("Oct", "Okt")
    assert apply("LOGFIELD", [blank, more, bad_time], "user") == ["frank n. stein", "frank", "frank"]
    assert apply("LOGFIELD", [blank, more, bad_time], "status") == [200, 200, 200]
    assert apply("LOGFIELD", [bad_time, COMMON], "time")[0] == PARSE
    assert apply("LOGFIELD", [more], "Agent") == ["Mozilla/4.08 [en] (Win98; I ;Nav)"]
    assert apply("LOGFIELD", [COMMON], "url") == ["/apache_pb.gif?a=b"]
    with pytest.raises(Mismatch):
        apply("LOGFIELD", [COMMON], "colour")


def test_log_time_in_a_formula() -> None:
    made = sheet({"Result": 'YEAR(LOGFIELD(#l;"time")) + LOGFIELD(#l;"status")'}, {"l": [COMMON, None]})
    assert values(made["Result"]) == [2200, None]


@pytest.mark.parametrize("unit", ["a", ":", "/", "//", "?a=", "&", "@", ".", "[", "é", '"', '" "', "%", " ", "a."])
@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("URLHOST", []),
        ("URLPARAM", ["a"]),
        ("URLDOMAIN", []),
        ("ISURL", []),
        ("ISEMAIL", []),
        ("MASKEMAIL", []),
        ("USERAGENTDEVICE", []),
        ("LOGFIELD", ["agent"]),
        ("IPTONUMBER", []),
        ("MACVENDORPREFIX", []),
    ],
)
def test_long_texts_take_no_longer(name: str, more: list[Any], unit: str) -> None:
    started = time.perf_counter()
    rows = [prefix + unit * (300_000 // len(unit)) for prefix in ("", "http://", "a@", COMMON + ' "')]
    assert len(apply(name, rows, *more)) == 4
    assert time.perf_counter() - started < 8
