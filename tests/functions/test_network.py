"""IP addresses and networks against the standard library's ipaddress; MAC addresses against known cases."""

from __future__ import annotations

import ipaddress
from random import Random

import pytest
from calling import apply
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles_rows import ORACLES

from sheetline.functions.columns import Column, text
from sheetline.functions.declare import Failure
from sheetline.functions.network_addresses import read_addresses, write_addresses
from sheetline.functions.resolve import Mismatch

PARSE, RANGE, OVERFLOW = Failure("PARSE"), Failure("RANGE"), Failure("OVERFLOW")


def sliced(rows: list[str | None]) -> Column:
    return text(["1.2.3.4", *rows, "::1"]).slice(1, len(rows) + 1)


def wanted(name: str, rows: list[str | None], *more: str) -> list[object]:
    return [None if row is None else ORACLES[name](row, *more) for row in rows]


def address(random: Random) -> str | None:
    """An IP address or something like one."""
    kind = random.randrange(8)
    if kind == 0:
        return None
    if kind == 1:
        return ".".join(
            random.choice(["0", "1", "255", "256", "01", "", "10", "999", "a"])
            for _ in range(random.choice((3, 4, 4, 5)))
        )
    if kind == 2:
        return str(ipaddress.IPv4Address(random.getrandbits(32)))
    if kind == 3:
        return str(
            ipaddress.IPv6Address((random.getrandbits(128) >> random.choice((16, 64, 100))) << random.choice((0, 16)))
        )
    if kind == 4:
        return ipaddress.IPv6Address(random.getrandbits(128)).exploded.upper()
    if kind == 5:
        return "::ffff:" + random.choice(["10.0.0.1", "8.8.8.8", "1.2.3", "1.2.3.256", "1.2.3.4:1"])
    if kind == 6:
        return random.choice(["fe80::1", "::", "1.2.3.4", "g::"]) + random.choice(["%eth0", "%", "%a%b", "%25"])
    return "".join(random.choices(["::", ":", "1", "ffff", "0", "00001", "g", ":1", "a"], k=random.randrange(1, 10)))


NAMES = ("ISIP", "ISIPV4", "ISIPV6", "IPTONUMBER", "IPV6TONUMBER", "ISPRIVATEIP")


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30)
@given(seed=st.integers(0, 2**32))
def test_addresses(name: str, seed: int) -> None:
    random = Random(seed)
    rows = [address(random) for _ in range(20)]
    assert apply(name, sliced(rows)) == wanted(name, rows)


COLONS = [
    "::", "::1", "1::", ":1", "1:", ":::", "1:::2", "::1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8",
    "1:2:3:4::5:6:7:8", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", ":1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:", "12345::",
    "::1.2.3.4", "1.2.3.4::", "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "::01.2.3.4", ":1.2.3.4", "", ":", "%",
    "::%", "::%/8",
    "0000::0000", "00000::", "ABCD::abcd", "fe80::1%lo", "1.2.3.4%lo", " ::1", "::1 ", "::é", "1.2.3.4", "٣.1.1.1",
    "1.2.3.4\n",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_forms(name: str) -> None:
    assert apply(name, COLONS) == wanted(name, list(COLONS))
    for form in COLONS:  # each alone, too: what stands around it must not matter
        assert apply(name, [form]) == wanted(name, [form])


@given(numbers=st.lists(st.integers(0, 2**128 - 1) | st.integers(0, 2**20).map(lambda n: n << 60), min_size=1))
def test_ipv6_there_and_back(numbers: list[int]) -> None:
    shown = [str(ipaddress.IPv6Address(number)) for number in numbers]
    assert apply("IPV6TONUMBER", shown) == numbers
    large = [max(number, 2**64) for number in numbers]
    assert apply("NUMBERTOIP", large) == [str(ipaddress.IPv6Address(number)) for number in large]
    written = write_addresses(read_addresses(text(shown).data)).to_pylist()
    mapped = [number >> 32 == 0xFFFF for number in numbers]  # Python 3.13 writes these with points
    assert [w for w, m in zip(written, mapped, strict=True) if not m] == [
        s for s, m in zip(shown, mapped, strict=True) if not m
    ]


@given(numbers=st.lists(st.integers(-5, 2**32 + 5) | st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_ipv4_there_and_back(numbers: list[int]) -> None:
    made = apply("NUMBERTOIP", numbers)
    assert made == [ORACLES["NUMBERTOIP"](number) for number in numbers]
    inside = [number for number in numbers if 0 <= number < 2**32]
    if inside:
        assert apply("IPTONUMBER", apply("NUMBERTOIP", inside, raw=True)) == inside


def test_numbers_of_many_bits() -> None:
    assert apply("NUMBERTOIP", [2**128 - 1, 2**128, -(2**70), None]) == [":".join(["ffff"] * 8), RANGE, RANGE, None]


PREFIXES = [
    "",
    "/0",
    "/8",
    "/9",
    "/32",
    "/33",
    "/64",
    "/65",
    "/127",
    "/128",
    "/129",
    "/",
    "/x",
    "/-1",
    "/8/8",
    "/008",
    "/0008",
    "/+8",
]


@given(seed=st.integers(0, 2**32))
def test_networks(seed: int) -> None:
    random = Random(seed)
    hosts = [address(random) or "10.1.2.3" for _ in range(12)]
    cidrs = [(address(random) or "10.0.0.0") + random.choice(PREFIXES) for _ in range(12)]
    for name in ("CIDRFIRST", "CIDRLAST"):
        made = apply(name, sliced([*cidrs, None]))
        for cidr, got in zip([*cidrs, None], made, strict=True):
            expected = None if cidr is None else ORACLES[name](cidr)
            if not isinstance(expected, str) or ":" not in expected:
                assert got == expected, cidr
            else:  # versions of Python write mapped addresses differently
                assert ipaddress.ip_address(got) == ipaddress.ip_address(expected), cidr
    assert apply("IPINRANGE", hosts, cidrs) == [ORACLES["IPINRANGE"](h, c) for h, c in zip(hosts, cidrs, strict=True)]


@pytest.mark.parametrize(
    "cidr", ["10.0.0.0/8", "0.0.0.0/0", "8.8.8.8", "::/0", "fe80::/10", "2001:db8::/33", "::ffff:0:0/96"]
)
@given(seed=st.integers(0, 2**32))
def test_constant_networks(cidr: str, seed: int) -> None:
    random = Random(seed)
    rows = [address(random) for _ in range(12)]
    assert apply("IPINRANGE", sliced(rows), cidr) == wanted("IPINRANGE", rows, cidr)
    assert apply("IPINRANGE", "10.1.2.3", [cidr, None]) == [ORACLES["IPINRANGE"]("10.1.2.3", cidr), None]


@pytest.mark.parametrize("cidr", ["10.0.0.0/33", "home", "", "10.0.0.0/", "\ud800"])
def test_constants_that_are_no_network_are_refused(cidr: str) -> None:
    with pytest.raises(Mismatch):
        apply("IPINRANGE", ["10.0.0.1"], cidr)


def test_mapped_addresses_are_private_like_their_own() -> None:
    rows = ["::ffff:10.0.0.1", "::ffff:8.8.8.8", "::ffff:7f00:1", "fe80::1%eth0", "100.64.0.1", "0.0.0.0"]
    assert apply("ISPRIVATEIP", rows) == [True, False, True, True, False, False]


MACS = {
    "00:1A:2b:3c:4d:5e": "00:1A:2B",
    "00-1a-2b-3c-4d-5e": "00:1A:2B",
    "001a.2b3c.4d5e": "00:1A:2B",
    "001A2B3C4D5E": "00:1A:2B",
    "00:1a-2b:3c-4d:5e": PARSE,
    "0:1a:2b:3c:4d:5e": PARSE,
    "00:1a:2b": PARSE,
    "00:1a:2b:3c:4d:5g": PARSE,
    "00:1a:2b:3c:4d:5e:6f": PARSE,
    " 00:1a:2b:3c:4d:5e": PARSE,
    "001a2b3c4d5é": PARSE,
    "": PARSE,
}


def test_mac_addresses() -> None:
    assert apply("MACVENDORPREFIX", sliced([*MACS, None])) == [*MACS.values(), None]
    assert {mac: ORACLES["MACVENDORPREFIX"](mac) for mac in MACS} == MACS


@given(
    macs=st.lists(st.integers(0, 2**48 - 1), min_size=1),
    form=st.sampled_from(["{}:{}:{}:{}:{}:{}", "{}-{}-{}-{}-{}-{}", "{}{}.{}{}.{}{}", "{}{}{}{}{}{}"]),
)
def test_mac_addresses_of_all_forms(macs: list[int], form: str) -> None:
    pairs = [[f"{(mac >> shift) & 255:02x}" for shift in range(40, -1, -8)] for mac in macs]
    made = apply("MACVENDORPREFIX", [form.format(*pair) for pair in pairs])
    assert made == [":".join(pair[:3]).upper() for pair in pairs]
