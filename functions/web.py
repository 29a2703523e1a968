"""Addresses of the web and of e-mail: their parts, and whether they are ones.

URLs are taken apart by RFC 3986, as they are written: nothing is decoded but the values of parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import unquote_to_bytes

import numpy as np
import pyarrow as pa

from sheetline.functions.buffers import arrow_array, filled, text_scalar
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.encoding import percent_decoded
from sheetline.functions.extras import load
from sheetline.functions.network_addresses import read_addresses
from sheetline.functions.text_bytes import each_distinct
from sheetline.functions.text_support import (
    CellError,
    as_rows,
    by_ascii,
    checked,
    is_ascii,
    kernels,
    lengths,
    map_rows,
    numbers,
    truths,
)
from sheetline.functions.web_parts import Addresses, Urls, first_parameters

CATEGORY = "web and network"
RFC3986 = "RFC 3986 (URI generic syntax)"
_NO_PART = "Null also where the URL has no such part."
_NO_HOST = "Null also where there is no // and so no host."
_LIST = "The Public Suffix List that comes with tldextract; nothing is downloaded."


def _lower(text: Any) -> Any:
    return by_ascii(text, kernels().ascii_lower, str.lower)


@function(
    "URLPROTOCOL(url:str) -> str",
    category=CATEGORY,
    summary="The protocol (scheme) of a URL, in lower case.",
    examples=[
        Example('URLPROTOCOL("HTTPS://example.com/")', "https"),
        Example('URLPROTOCOL("/images/a.png")', None),
        Example("URLPROTOCOL(null)", None),
    ],
    null_note=_NO_PART,
    source=RFC3986,
)
def url_protocol(url: Any) -> Any:
    parts = Urls(url)
    return kernels().ascii_lower(parts.cut(parts.begin, parts.colon, parts.colon >= 0))


def _hosts(url: Any, ctx: Call | None) -> Any:
    """Return the hosts as Arrow text in lower case; null where there is none."""
    parts = Urls(url)
    if parts.plain_hosts is not None:
        low, high = parts.plain_hosts
        return _lower(parts.cut(low, high, low < high))
    low, high, _, strange = parts.host
    if ctx is not None:
        ctx.fail(strange & parts.host_part, "PARSE", f"{ctx.function}: the brackets in {{0}} don't match")
    return _lower(parts.cut(low, high, parts.host_part & (low < high) & ~strange))


@function(
    "URLHOST(url:str) -> str",
    category=CATEGORY,
    summary="The host of a URL, in lower case, without user, port and the brackets of an IPv6 address.",
    examples=[
        Example('URLHOST("https://me@WWW.Example.com:8080/a?b")', "www.example.com"),
        Example('URLHOST("http://[2001:db8::1]/")', "2001:db8::1"),
        Example('URLHOST("www.example.com/a")', None),
        Example('URLHOST("http://[::1/")', Failure("PARSE")),
        Example("URLHOST(null)", None),
    ],
    null_note=_NO_HOST,
    error_note="Brackets that don't match are an error PARSE.",
    source=RFC3986,
)
def url_host(url: Any, ctx: Call) -> Any:
    return _hosts(url, ctx)


@function(
    "URLPORT(url:str) -> int",
    category=CATEGORY,
    summary="The port that is written in a URL.",
    examples=[
        Example('URLPORT("http://example.com:8080/")', 8080),
        Example('URLPORT("http://example.com/")', None),
        Example('URLPORT("http://example.com:70000/")', Failure("RANGE")),
        Example('URLPORT("http://example.com:http/")', Failure("PARSE")),
        Example("URLPORT(null)", None),
    ],
    null_note="Null also where no port is written: the protocol's usual one is not put in.",
    error_note="A port that is no number is an error PARSE, one above 65535 an error RANGE.",
    source=RFC3986,
)
def url_port(url: Any, ctx: Call) -> Any:
    parts = Urls(url)
    low, there = parts.port
    _, _, _, strange = parts.host
    ctx.fail(strange & parts.host_part, "PARSE", "URLPORT: the brackets in {0} don't match")
    there = there & ~strange
    value, digits = _port_numbers(parts.cut(low, parts.path, there))
    ctx.fail(there & ~digits, "PARSE", "URLPORT: the port in {0} is no number")
    ctx.fail(there & (value > _LAST_PORT), "RANGE", "URLPORT: the port in {0} is above 65535")
    ctx.nullify(~there)
    return value


_LAST_PORT = 65_535
_LABEL = 63


def _port_numbers(written: Any) -> tuple[Any, Any]:
    """Return the numbers of ports (long ones as one above the last), and which texts are digits."""
    pc = kernels()
    digits = truths(pc.match_substring_regex(written, pattern=r"\A[0-9]+\z"))
    bare = pc.ascii_ltrim(written, characters="0")
    long = digits & (numbers(pc.binary_length(bare)) > 5)
    padded = pc.ascii_lpad(bare, width=1, padding="0")
    value = pc.if_else(arrow_array(digits & ~long), padded, text_scalar("0")).cast(pa.int64())
    return np.where(long, _LAST_PORT + 1, numbers(value)), digits


@function(
    "URLPATH(url:str) -> str",
    category=CATEGORY,
    summary="The path of a URL, as it is written; empty where there is none.",
    examples=[
        Example('URLPATH("https://example.com/a/b%20c.html?x=1#top")', "/a/b%20c.html"),
        Example('URLPATH("https://example.com")', ""),
        Example('URLPATH("mailto:jane@example.com")', "jane@example.com"),
        Example("URLPATH(null)", None),
    ],
    source=RFC3986,
)
def url_path(url: Any) -> Any:
    parts = Urls(url)
    return parts.cut(parts.path, parts.query)


@function(
    "URLFILE(url:str) -> str",
    category=CATEGORY,
    summary="The last part of a URL's path, behind its last slash.",
    examples=[
        Example('URLFILE("https://example.com/a/report.pdf?x=1")', "report.pdf"),
        Example('URLFILE("https://example.com/a/")', None),
        Example("URLFILE(null)", None),
    ],
    null_note="Null also where the path is empty or ends with a slash.",
    source=RFC3986,
)
def url_file(url: Any) -> Any:
    parts = Urls(url)
    low = parts.slashes.last(parts.path, parts.query) + 1
    return parts.cut(low, parts.query, low < parts.query)


@function(
    "URLQUERY(url:str) -> str",
    category=CATEGORY,
    summary="The query of a URL, between ? and #, as it is written.",
    examples=[
        Example('URLQUERY("https://example.com/a?x=1&y=%20#top")', "x=1&y=%20"),
        Example('URLQUERY("https://example.com/a?")', ""),
        Example('URLQUERY("https://example.com/a")', None),
        Example("URLQUERY(null)", None),
    ],
    null_note=_NO_PART,
    source=RFC3986,
)
def url_query(url: Any) -> Any:
    parts = Urls(url)
    return parts.cut(parts.query + 1, parts.fragment, parts.query < parts.fragment)


@function(
    "URLFRAGMENT(url:str) -> str",
    category=CATEGORY,
    summary="The fragment of a URL, behind #, as it is written.",
    examples=[
        Example('URLFRAGMENT("https://example.com/a?x=1#top")', "top"),
        Example('URLFRAGMENT("https://example.com/a")', None),
        Example("URLFRAGMENT(null)", None),
    ],
    null_note=_NO_PART,
    source=RFC3986,
)
def url_fragment(url: Any) -> Any:
    parts = Urls(url)
    return parts.cut(parts.fragment + 1, parts.end, parts.fragment < parts.end)


@function(
    "URLPARAM(url:str; name:str) -> str",
    category=CATEGORY,
    summary="The decoded value of the first parameter of a name in a URL's query.",
    examples=[
        Example('URLPARAM("https://example.com/?q=a%20b+c&page=2";"q")', "a b c"),
        Example('URLPARAM("/search?q=&page=2";"q")', ""),
        Example('URLPARAM("https://example.com/?q=1";"x")', None),
        Example('URLPARAM("https://example.com/?q=%FF";"q")', Failure("PARSE")),
        Example('URLPARAM(null;"q")', None),
    ],
    notes="Upper and lower case of names are different. A parameter without = has an empty value.",
    null_note="Null also where there is no such parameter.",
    error_note="A value whose bytes are no UTF-8 text is an error PARSE.",
    source="WHATWG URL Standard, application/x-www-form-urlencoded parsing",
)
def url_param(url: Any, name: Any, ctx: Call) -> Any:
    name = checked(name, ctx)
    parts = Urls(as_rows(url, ctx))
    query = parts.cut(parts.query + 1, parts.fragment, parts.query < parts.fragment)
    if not isinstance(name, str) or not name:
        return map_rows(ctx, _decoded_parameter, query, name)
    written, encoded = first_parameters(query, name)
    values = percent_decoded(written, ctx)
    if values is not written:
        values = kernels().if_else(written.is_valid(), values, text_scalar(None))
    if not encoded.any():
        return values
    rows = np.flatnonzero(encoded)
    part = Call(ctx.function, ctx.args, ctx.types, len(rows), ctx.env)
    found = map_rows(part, _decoded_parameter, query.take(arrow_array(rows)), name)
    for failed in part.failures:
        again = np.zeros(ctx.rows, np.bool_)
        again[rows[failed.rows]] = True
        ctx.fail(again, failed.code(0), failed.origins[0].note)
    return kernels().replace_with_mask(values, arrow_array(encoded), found)


def _decoded_parameter(query: str, name: str) -> str | None:
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        if unquote_to_bytes(key.replace("+", " ")) == name.encode():
            try:
                return unquote_to_bytes(value.replace("+", " ")).decode()
            except UnicodeDecodeError:
                raise CellError("PARSE", "what {0} stands for is no UTF-8 text") from None
    return None


# Domains.


@cache
def _extractor() -> Any:
    """Return the splitter of host names, with the list that came with it: nothing is downloaded or stored."""
    return load("tldextract", "web").TLDExtract(suffix_list_urls=(), cache_dir=None, fallback_to_snapshot=True)


def _named_hosts(url: Any) -> Any:
    """Return the hosts of URLs; a text without // is a host by itself up to its first slash, ?, # or colon."""
    pc = kernels()
    host = _hosts(url, None)
    if not host.null_count:
        return host
    bare = pc.extract_regex(url, pattern=r"\A[\x00- ]*(?P<x>[^/?#:@\s\[\]]+)(?::[0-9]*)?(?:[/?#].*)?[\x00- ]*\z")
    return pc.coalesce(host, _lower(pc.struct_field(bare, [0])))


@function(
    "URLDOMAIN(url:str) -> str",
    category=CATEGORY,
    summary="The registrable domain of a URL or host name: the public suffix and the one label before it.",
    examples=[
        Example('URLDOMAIN("https://news.BBC.co.uk/a")', "bbc.co.uk"),
        Example('URLDOMAIN("www.example.com")', "example.com"),
        Example('URLDOMAIN("http://127.0.0.1/")', None),
        Example("URLDOMAIN(null)", None),
    ],
    notes="In lower case. Needs the extra: pip install 'sheetline[web]'.",
    null_note="Null also for IP addresses, public suffixes alone and names without a known suffix.",
    source=_LIST,
)
def url_domain(url: Any) -> Any:
    extract = _extractor().extract_str
    return each_distinct(lambda host: extract(host).top_domain_under_public_suffix or None, _named_hosts(url))


@function(
    "URLTLD(url:str) -> str",
    category=CATEGORY,
    summary="The public suffix of a URL or host name, under which domains are registered, such as com or co.uk.",
    examples=[
        Example('URLTLD("https://news.bbc.co.uk/a")', "co.uk"),
        Example('URLTLD("www.example.com")', "com"),
        Example('URLTLD("http://localhost/")', None),
        Example("URLTLD(null)", None),
    ],
    notes="In lower case. Needs the extra: pip install 'sheetline[web]'.",
    null_note="Null also for IP addresses and names without a known suffix.",
    source=_LIST,
)
def url_tld(url: Any) -> Any:
    extract = _extractor().extract_str
    return each_distinct(lambda host: extract(host).suffix or None, _named_hosts(url))


_ASCII = "A-Za-z0-9"
#: Letters, digits, marks and pictures of any script, beside those of ASCII.
_ANY = _ASCII + r"\pL\pN\pM\p{So}"


def _url_pattern(sign: str) -> str:
    label = f"[{sign}_](?:[{sign}_-]*[{sign}_])?"
    return (
        r"\A[A-Za-z][A-Za-z0-9+.-]*://(?:[^\s\x00-\x20\x7f/?#@\[\]<>\"]*@)?"
        rf"(?:{label}(?:\.{label})*\.?|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?(?:[/?#][^\s\x00-\x20\x7f<>\"]*)?\z"
    )


def _email_pattern(sign: str) -> str:
    atom = f"[{sign}!#$%&'*+/=?^_`{{|}}~-]+"
    label = f"[{sign}](?:[{sign}-]*[{sign}])?"
    last = f"[{sign.replace('0-9', '').replace(chr(92) + 'pN', '')}](?:[{sign}-]*[{sign}])?"
    return rf"\A{atom}(?:\.{atom})*@(?:{label}\.)+{last}\z"


def _matches(text: Any, pattern: Callable[[str], str]) -> Any:
    """Return which texts match: those of ASCII by a small pattern, the others by that of all scripts."""
    pc = kernels()
    good = truths(pc.match_substring_regex(text, pattern=pattern(_ASCII)))
    if is_ascii(text):
        return good
    wide = filled(pc.invert(pc.string_is_ascii(text)), False)
    good = good.copy()
    good[np.asarray(wide)] = truths(pc.match_substring_regex(text.filter(wide), pattern=pattern(_ANY)))
    return good


def _short_labels(names: Any) -> Any:
    """Return which names of hosts have labels of at most 63 characters."""
    pc = kernels()
    good = np.ones(len(names), np.bool_)
    long = np.flatnonzero(numbers(pc.binary_length(names)) > 63)
    if len(long):
        good[long] = ~truths(pc.match_substring_regex(names.take(arrow_array(long)), pattern="[^.]{64}"))
    return good


@function(
    "ISURL(text:str) -> bool",
    category=CATEGORY,
    summary="Whether a text is a complete URL: a protocol, :// and a host, and nothing that may not stand in one.",
    examples=[
        Example('ISURL("https://example.com/a?b=c#d")', True),
        Example('ISURL("example.com")', False),
        Example('ISURL("http://exa mple.com/")', False),
        Example("ISURL(null)", None),
    ],
    notes="Any protocol will do, and letters of any script. White space, < > and quotation marks may not occur, a "
    "host's labels have at most 63 characters, a port is at most 65535.",
    source=RFC3986,
)
def is_url(text: Any, ctx: Call) -> Any:
    good = _matches(text, _url_pattern)
    parts = Urls(text)
    low, there = parts.port
    value, _ = _port_numbers(parts.cut(low, parts.path, there & good))
    good = good & (value <= _LAST_PORT)
    begin, end, _, _ = parts.host
    good &= _short_labels(parts.cut(begin, end, good))
    boxed = good & (parts.ahead[np.maximum(begin - 1, 0)] == ord("["))
    if boxed.any():
        rows = np.flatnonzero(boxed)
        good[rows] = read_addresses(parts.cut(begin, end, boxed).take(arrow_array(rows))).version == 6
    return good


# E-mail.


@function(
    "ISEMAIL(text:str) -> bool",
    category=CATEGORY,
    summary="Whether a text is an e-mail address as people have them: a name, @ and a domain with a dot.",
    examples=[
        Example('ISEMAIL("jane.doe+news@example.co.uk")', True),
        Example('ISEMAIL("jane@example")', False),
        Example('ISEMAIL("jane..doe@example.com")', False),
        Example("ISEMAIL(null)", None),
    ],
    notes="Letters of any script are taken. Not taken are what mail programs hardly let pass: quoted names, comments "
    "and IP addresses in brackets. At most 64 bytes before @, and 254 altogether.",
    source="RFC 5321 (Dot-string, Domain) and RFC 6531",
)
def is_email(text: Any) -> Any:
    good = _matches(text, _email_pattern)
    size = lengths(text)
    if int(size.max(initial=0)) <= _LABEL:
        return good
    parts = Addresses(text)
    good &= (parts.at - parts.begin <= 64) & (size <= 254)
    wide = np.flatnonzero(good & (parts.end - parts.at > _LABEL))
    if len(wide):  # a domain may have a label of more than 63 characters
        good[wide] = _short_labels(parts.cut(parts.at + 1, parts.end, good).take(arrow_array(wide)))
    return good


def _addresses(email: Any, ctx: Call) -> Addresses:
    """Return e-mail addresses by their parts; texts that are none are errors."""
    parts = Addresses(email)
    ctx.fail(~parts.good, "PARSE", f"{ctx.function}: {{0}} is no e-mail address")
    return parts


@function(
    "EMAILUSER(email:str) -> str",
    category=CATEGORY,
    summary="What stands before the @ of an e-mail address.",
    examples=[
        Example('EMAILUSER("Jane.Doe@Example.com")', "Jane.Doe"),
        Example('EMAILUSER("jane")', Failure("PARSE")),
        Example("EMAILUSER(null)", None),
    ],
    notes="As it is written: only the mail server knows whether case matters.",
    error_note="A text that cannot be an e-mail address is an error PARSE.",
)
def email_user(email: Any, ctx: Call) -> Any:
    parts = _addresses(email, ctx)
    return parts.cut(parts.begin, parts.at, parts.good)


@function(
    "EMAILDOMAIN(email:str) -> str",
    category=CATEGORY,
    summary="What stands behind the @ of an e-mail address, in lower case.",
    examples=[
        Example('EMAILDOMAIN("Jane.Doe@Example.com")', "example.com"),
        Example('EMAILDOMAIN("jane@")', Failure("PARSE")),
        Example("EMAILDOMAIN(null)", None),
    ],
    error_note="A text that cannot be an e-mail address is an error PARSE.",
)
def email_domain(email: Any, ctx: Call) -> Any:
    parts = _addresses(email, ctx)
    return _lower(parts.cut(parts.at + 1, parts.end, parts.good))
