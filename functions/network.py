"""IP addresses, networks of them, and the vendors' part of MAC addresses."""

from __future__ import annotations

from typing import Any

import numpy as np

from sheetline.functions.buffers import text_array
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.network_addresses import (
    Addresses,
    Networks,
    inside,
    read_addresses,
    read_networks,
    text_of_six,
    write_addresses,
    write_four,
)
from sheetline.functions.text_bytes import emptied
from sheetline.functions.text_support import as_rows, checked, kernels, raw_bytes, truths
from sheetline.functions.text_view import text_of_bytes

CATEGORY = "web and network"
_READ = (
    "IPv4 is four numbers from 0 to 255 without leading zeros; IPv6 may have an IPv4 address at its end, or a zone "
    "behind %, which does not count."
)
_NO_IP = "A text that is no IP address is an error PARSE."
_RFCS = "RFC 791, RFC 4291 (text of addresses), RFC 4632 (CIDR)"


def _read(text: Any, ctx: Call) -> Addresses:
    """Return the addresses of the first argument; what is none is an error."""
    at = read_addresses(as_rows(text, ctx))
    ctx.fail(at.version == 0, "PARSE", f"{ctx.function}: {{0}} is no IP address")
    return at


@function(
    "ISIP(text:str) -> bool",
    category=CATEGORY,
    summary="Whether a text is an IP address, of version 4 or 6.",
    examples=[
        Example('ISIP("192.168.0.1")', True),
        Example('ISIP("2001:db8::1")', True),
        Example('ISIP("1.2.3")', False),
        Example("ISIP(null)", None),
    ],
    notes=_READ,
    source=_RFCS,
)
def is_ip(text: Any) -> Any:
    return read_addresses(text).version > 0


@function(
    "ISIPV4(text:str) -> bool",
    category=CATEGORY,
    summary="Whether a text is an IPv4 address.",
    examples=[
        Example('ISIPV4("192.168.0.1")', True),
        Example('ISIPV4("192.168.0.256")', False),
        Example('ISIPV4("192.168.0.01")', False),
        Example("ISIPV4(null)", None),
    ],
    notes=_READ,
    source=_RFCS,
)
def is_ipv4(text: Any) -> Any:
    return read_addresses(text).version == 4


@function(
    "ISIPV6(text:str) -> bool",
    category=CATEGORY,
    summary="Whether a text is an IPv6 address.",
    examples=[
        Example('ISIPV6("2001:db8::1")', True),
        Example('ISIPV6("::ffff:192.168.0.1")', True),
        Example('ISIPV6("1::2::3")', False),
        Example("ISIPV6(null)", None),
    ],
    notes=_READ,
    source=_RFCS,
)
def is_ipv6(text: Any) -> Any:
    return read_addresses(text).version == 6


@function(
    "IPTONUMBER(ip:str) -> int",
    category=CATEGORY,
    summary="The number of an IPv4 address.",
    examples=[
        Example('IPTONUMBER("192.168.0.1")', 3232235521),
        Example('IPTONUMBER("::1")', Failure("OVERFLOW")),
        Example('IPTONUMBER("localhost")', Failure("PARSE")),
        Example("IPTONUMBER(null)", None),
    ],
    notes="IPV6TONUMBER gives the number of an IPv6 address, which an integer can't hold.",
    error_note=_NO_IP + " An IPv6 address is an error OVERFLOW.",
    source=_RFCS,
)
def ip_to_number(ip: Any, ctx: Call) -> Any:
    at = _read(ip, ctx)
    ctx.fail(at.version == 6, "OVERFLOW", "IPTONUMBER: {0} is an IPv6 address; IPV6TONUMBER gives its number")
    return at.low.view(np.int64)


@function(
    "IPV6TONUMBER(ip:str) -> bigint",
    category=CATEGORY,
    summary="The number of an IPv6 address.",
    examples=[
        Example('IPV6TONUMBER("::1:0")', 65536),
        Example('T(IPV6TONUMBER("2001:db8::1"))', "42540766411282592856903984951653826561"),
        Example('IPV6TONUMBER("1.2.3.4")', Failure("PARSE")),
        Example("IPV6TONUMBER(null)", None),
    ],
    error_note="A text that is no IPv6 address is an error PARSE.",
    source=_RFCS,
)
def ipv6_to_number(ip: Any, ctx: Call) -> Any:
    at = read_addresses(ip)
    ctx.fail(at.version != 6, "PARSE", "IPV6TONUMBER: {0} is no IPv6 address")
    return at.high.astype(np.object_) * 2**64 + at.low.astype(np.object_)


@function(
    "NUMBERTOIP(number:int) -> str",
    category=CATEGORY,
    summary="The IPv4 address of an integer, or the IPv6 address of a biginteger.",
    examples=[
        Example("NUMBERTOIP(3232235521)", "192.168.0.1"),
        Example("NUMBERTOIP(BIGINTEGER(1))", "::1"),
        Example("NUMBERTOIP(-1)", Failure("RANGE")),
        Example("NUMBERTOIP(4294967296)", Failure("RANGE")),
        Example("NUMBERTOIP(null)", None),
    ],
    big=True,
    notes="IPv6 addresses are written in lower case, their longest run of zeros as a double colon.",
    error_note="A number below 0 or with more than 32 bits (128 in a biginteger) is an error RANGE.",
    source=_RFCS + "; RFC 5952 (text of IPv6 addresses)",
)
def number_to_ip(number: Any, ctx: Call) -> Any:
    number = np.broadcast_to(np.asarray(number, np.int64), (ctx.rows,))
    ctx.fail((number < 0) | (number >= 2**32), "RANGE", "NUMBERTOIP: {0} is no number of 32 bits")
    return write_four(number)


@number_to_ip.overload("NUMBERTOIP(number:bigint) -> str")
def _number_to_ipv6(number: Any, ctx: Call) -> Any:
    given = number.tolist() if isinstance(number, np.ndarray) else [number] * ctx.rows
    wrong = [not 0 <= value < 2**128 for value in given]
    ctx.fail(np.array(wrong, np.bool_), "RANGE", "NUMBERTOIP: {0} is no number of 128 bits")
    halves = [divmod(0 if bad else value, 2**64) for value, bad in zip(given, wrong, strict=True)]
    return text_array([text_of_six(high, low) for high, low in halves])


# Networks.


def _one_network(text: str) -> Networks:
    """Read a constant network before the run."""
    checked_text = text if text.isascii() else ""
    found = read_networks(text_array([checked_text]))
    if found.first.version[0] == 0:
        raise ValueError(f'"{text}" is no network: write an address, a slash and the length of the prefix')
    return found


#: What is private: own networks (RFC 1918, RFC 4193), the machine itself, and the link it hangs on.
_PRIVATE = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "fc00::/7",
    "::1/128",
    "fe80::/10",
)


def _unmapped(at: Addresses) -> Addresses:
    """Return addresses with IPv4 addresses in IPv6's clothes (::ffff:1.2.3.4) as what they are."""
    mapped = (at.version == 6) & (at.high == 0) & (at.low >> np.uint64(32) == 0xFFFF)
    if not mapped.any():
        return at
    low = np.where(mapped, at.low & np.uint64(0xFFFF_FFFF), at.low)
    return Addresses(np.where(mapped, 4, at.version), at.high, low)


@function(
    "ISPRIVATEIP(ip:str) -> bool",
    category=CATEGORY,
    summary="Whether an IP address is one of a private network, of the machine itself, or of its link alone.",
    examples=[
        Example('ISPRIVATEIP("172.31.255.1")', True),
        Example('ISPRIVATEIP("8.8.8.8")', False),
        Example('ISPRIVATEIP("fd00::1")', True),
        Example('ISPRIVATEIP("router")', Failure("PARSE")),
        Example("ISPRIVATEIP(null)", None),
    ],
    notes="Private are " + ", ".join(_PRIVATE) + "; an IPv4 address written as ::ffff:1.2.3.4 counts as IPv4.",
    error_note=_NO_IP,
    source="RFC 1918, RFC 4193, RFC 1122, RFC 3927, RFC 4291",
)
def is_private_ip(ip: Any, ctx: Call) -> Any:
    at = _unmapped(_read(ip, ctx))
    out = np.zeros(ctx.rows, np.bool_)
    for name in _PRIVATE:
        out |= inside(at, _one_network(name))
    return out


@function(
    "IPINRANGE(ip:str; cidr:str) -> bool",
    category=CATEGORY,
    summary="Whether an IP address belongs to a network.",
    examples=[
        Example('IPINRANGE("192.168.5.7";"192.168.0.0/16")', True),
        Example('IPINRANGE("10.0.0.1";"192.168.0.0/16")', False),
        Example('IPINRANGE("2001:db8::5";"2001:db8::/32")', True),
        Example('IPINRANGE("home";"10.0.0.0/8")', Failure("PARSE")),
        Example('IPINRANGE(null;"10.0.0.0/8")', None),
    ],
    notes="The network is an address, a slash and the number of leading bits that all its addresses share; the others "
    "may have any value. An address alone is a network of one. An IPv4 address never belongs to an IPv6 network.",
    error_note=_NO_IP + " So is a text that is no network; as a constant it is refused before the run.",
    prepare={"cidr": _one_network},
    source=_RFCS,
)
def ip_in_range(ip: Any, cidr: Any, ctx: Call) -> Any:
    at = _read(checked(ip, ctx), ctx)
    if not isinstance(cidr, Networks):
        cidr = read_networks(as_rows(cidr, ctx))
        ctx.fail(cidr.first.version == 0, "PARSE", "IPINRANGE: {1} is no network")
    return inside(at, cidr)


def _networks(text: Any, ctx: Call) -> Networks:
    found = read_networks(text)
    ctx.fail(found.first.version == 0, "PARSE", f"{ctx.function}: {{0}} is no network")
    return found


@function(
    "CIDRFIRST(cidr:str) -> str",
    category=CATEGORY,
    summary="The first address of a network.",
    examples=[
        Example('CIDRFIRST("192.168.5.7/16")', "192.168.0.0"),
        Example('CIDRFIRST("2001:db8:ffff::/33")', "2001:db8:8000::"),
        Example('CIDRFIRST("192.168.0.0/33")', Failure("PARSE")),
        Example("CIDRFIRST(null)", None),
    ],
    error_note="A text that is no network is an error PARSE.",
    source=_RFCS,
)
def cidr_first(cidr: Any, ctx: Call) -> Any:
    return write_addresses(_networks(cidr, ctx).first)


@function(
    "CIDRLAST(cidr:str) -> str",
    category=CATEGORY,
    summary="The last address of a network.",
    examples=[
        Example('CIDRLAST("192.168.5.7/16")', "192.168.255.255"),
        Example('CIDRLAST("2001:db8::/126")', "2001:db8::3"),
        Example('CIDRLAST("192.168.0.0/x")', Failure("PARSE")),
        Example("CIDRLAST(null)", None),
    ],
    error_note="A text that is no network is an error PARSE.",
    source=_RFCS,
)
def cidr_last(cidr: Any, ctx: Call) -> Any:
    return write_addresses(_networks(cidr, ctx).last)


# MAC addresses.

_MAC = (
    r"\A(?:(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2}"
    r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}|[0-9A-Fa-f]{12})\z"
)


@function(
    "MACVENDORPREFIX(mac:str) -> str",
    category=CATEGORY,
    summary="The first 24 bits of a MAC address, which tell its vendor, in upper case with colons.",
    examples=[
        Example('MACVENDORPREFIX("00-1b-63-84-45-e6")', "00:1B:63"),
        Example('MACVENDORPREFIX("001b.6384.45e6")', "00:1B:63"),
        Example('MACVENDORPREFIX("001B638445E6")', "00:1B:63"),
        Example('MACVENDORPREFIX("00:1b:63")', Failure("PARSE")),
        Example("MACVENDORPREFIX(null)", None),
    ],
    notes="Six pairs of digits with colons or hyphens, three groups of four with points, or twelve digits.",
    error_note="A text that is no MAC address is an error PARSE.",
    source="IEEE 802 (EUI-48; the organisationally unique identifier)",
)
def mac_vendor_prefix(mac: Any, ctx: Call) -> Any:
    good = truths(kernels().match_substring_regex(mac, pattern=_MAC))
    ctx.fail(~good, "PARSE", "MACVENDORPREFIX: {0} is no MAC address")
    data, offsets = raw_bytes(mac)
    data, offsets = emptied(data, offsets, ~good)
    width = np.diff(offsets)[good]
    begin = offsets[:-1][good]
    parted, dotted = (width == 17).astype(np.int64), (width == 14).astype(np.int64)
    table = np.full((len(begin), 8), ord(":"), np.uint8)
    for place in range(6):  # a sign may stand behind each two digits, or a point behind each four
        table[:, place + place // 2] = data[begin + place + place // 2 * parted + place // 4 * dotted]
    table[table > ord("Z")] -= 32
    edges = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.where(good, 8, 0))))
    return text_of_bytes(edges, table.reshape(-1))
