"""What a browser says of itself, read by ua-parser's rules. Every distinct text is read once."""

from __future__ import annotations

from functools import cache
from typing import Any

from sheetline.functions.declare import Example, function
from sheetline.functions.extras import load
from sheetline.functions.text_bytes import each_distinct
from sheetline.functions.text_support import kernels, truths

CATEGORY = "web and network"
#: Characters that are looked at: some rules take long on texts that only an attacker sends.
LONGEST = 2_000
#: Distinct texts whose answers are remembered between blocks and functions.
REMEMBERED = 10_000

_FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"
_PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 "
    "Mobile/15E148 Safari/604.1"
)
_BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
_SHARED: dict[str, Any] = {
    "category": CATEGORY,
    "notes": f"The first {LONGEST:,} characters are looked at. Needs the extra: pip install 'sheetline[web]'.",
    "source": "The uap-core rules of the ua-parser project, in the version that is installed.",
}


@cache
def _parser() -> Any:
    """Return ua-parser with its built-in rules and a memory."""
    ua = load("ua_parser", "web")
    load("ua_parser_builtins", "web")
    resolver = ua.CachingResolver(ua.BestAvailableResolver(ua.load_lazy_builtins()), ua.Cache(REMEMBERED))
    return ua.Parser(resolver)


def _family(found: Any) -> str | None:
    return None if found is None else str(found.family)


@function(
    "USERAGENTBROWSER(agent:str) -> str",
    summary="The browser, or other program, that a user-agent text tells of, without its version.",
    examples=[
        Example(f'USERAGENTBROWSER("{_FIREFOX}")', "Firefox"),
        Example(f'USERAGENTBROWSER("{_PHONE}")', "Mobile Safari"),
        Example('USERAGENTBROWSER("what?")', None),
        Example("USERAGENTBROWSER(null)", None),
    ],
    null_note="Null also where no rule knows the text.",
    **_SHARED,
)
def user_agent_browser(agent: Any) -> Any:
    parse = _parser().parse_user_agent
    return each_distinct(lambda text: _family(parse(text[:LONGEST])), agent)


@function(
    "USERAGENTOS(agent:str) -> str",
    summary="The operating system that a user-agent text tells of, without its version.",
    examples=[
        Example(f'USERAGENTOS("{_FIREFOX}")', "Linux"),
        Example(f'USERAGENTOS("{_PHONE}")', "iOS"),
        Example("USERAGENTOS(null)", None),
    ],
    null_note="Null also where no rule knows the text.",
    **_SHARED,
)
def user_agent_os(agent: Any) -> Any:
    parse = _parser().parse_os
    return each_distinct(lambda text: _family(parse(text[:LONGEST])), agent)


@function(
    "USERAGENTDEVICE(agent:str) -> str",
    summary="The device that a user-agent text tells of, such as a model of telephone; Spider for robots.",
    examples=[
        Example(f'USERAGENTDEVICE("{_PHONE}")', "iPhone"),
        Example(f'USERAGENTDEVICE("{_BOT}")', "Spider"),
        Example(f'USERAGENTDEVICE("{_FIREFOX}")', None),
        Example("USERAGENTDEVICE(null)", None),
    ],
    null_note="Null also where no rule knows the text: most desktop computers don't tell.",
    **_SHARED,
)
def user_agent_device(agent: Any) -> Any:
    parse = _parser().parse_device
    return each_distinct(lambda text: _family(parse(text[:LONGEST])), agent)


@function(
    "USERAGENTISBOT(agent:str) -> bool",
    summary="Whether a user-agent text is that of a robot that visits pages by itself, as search engines have them.",
    examples=[
        Example(f'USERAGENTISBOT("{_BOT}")', True),
        Example(f'USERAGENTISBOT("{_FIREFOX}")', False),
        Example("USERAGENTISBOT(null)", None),
    ],
    **{
        **_SHARED,
        "notes": "Those whose device is Spider. A text that no rule knows is no robot's. " + _SHARED["notes"],
    },
)
def user_agent_is_bot(agent: Any) -> Any:
    parse = _parser().parse_device
    marked = each_distinct(lambda text: "1" if _family(parse(text[:LONGEST])) == "Spider" else "", agent)
    return truths(kernels().equal(marked, "1"))
