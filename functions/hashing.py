"""Fingerprints of values: digests, check sums, buckets, names by hash.

A value is hashed as the UTF-8 bytes of its text, as T shows it, with dates in UTC: 3 and 3.0 have one
fingerprint, and the workbook's time zone has no part in it.
"""

from __future__ import annotations

import hashlib
import hmac
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sheetline.functions.context import Call, Environment
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.text_bytes import aligned, regular_text
from sheetline.functions.text_support import checked, raw_bytes, to_text, whole
from sheetline.functions.text_view import text_of_bytes

CATEGORY = "encoding and hashing"
NOTE = (
    "The UTF-8 bytes of the value's text are hashed, as T shows it, dates in UTC: so 3 and 3.0 give the same, "
    "and the result never depends on the workbook's time zone."
)
_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
_UTC = Environment(timezone="UTC")
U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]


def texts_of(ctx: Call) -> Any:
    """Return the first argument's values as Arrow text of the call's rows."""
    call = Call(ctx.function, ctx.args, ctx.types, ctx.rows, _UTC)
    shown = to_text(ctx.args[0], call)
    ctx.failures.extend(call.failures)
    return shown if isinstance(shown, pa.Array) else pa.repeat(shown, ctx.rows)


def bytes_of(ctx: Call) -> list[bytes]:
    """Return the first argument's values as bytes to be hashed."""
    values: list[bytes] = texts_of(ctx).cast(pa.large_binary()).fill_null(b"").to_pylist()
    return values


def table_of(digests: list[bytes], size: int) -> U8:
    """Return digests of ``size`` bytes as a table."""
    return np.frombuffer(b"".join(digests), np.uint8).reshape(-1, size)


def hex_text(digests: U8) -> Any:
    """Return the rows of a table of bytes as Arrow text of hexadecimal digits."""
    width = digests.shape[1] * 2
    data = np.ascontiguousarray(digests).tobytes().hex().encode()
    return text_of_bytes(np.arange(len(digests) + 1, dtype=np.int64) * width, data)


def _digests(ctx: Call, start: Any) -> Any:
    """Return the hexadecimal digests of the values; ``start`` is a hash object that has seen nothing."""
    made: list[bytes] = []
    copy: Callable[[], Any] = start.copy
    for value in bytes_of(ctx):
        one = copy()  # quicker than to ask for the algorithm by name again
        one.update(value)
        made.append(one.digest())
    return hex_text(table_of(made, start.digest_size))


@function(
    "MD5(v:any) -> str",
    category=CATEGORY,
    summary="The MD5 digest of a value's text, as 32 hexadecimal digits.",
    examples=[
        Example('MD5("abc")', "900150983cd24fb0d6963f7d28e17f72"),
        Example('MD5("")', "d41d8cd98f00b204e9800998ecf8427e"),
        Example("MD5(3) == MD5(3.0)", True),
        Example("MD5(null)", None),
    ],
    big=True,
    notes=NOTE + " MD5 tells changes, but protects against nobody who wants to forge them.",
    source="RFC 1321",
)
def md5(v: Any, ctx: Call) -> Any:
    return _digests(ctx, hashlib.md5(usedforsecurity=False))


@function(
    "SHA1(v:any) -> str",
    category=CATEGORY,
    summary="The SHA-1 digest of a value's text, as 40 hexadecimal digits.",
    examples=[
        Example('SHA1("abc")', "a9993e364706816aba3e25717850c26c9cd0d89d"),
        Example("SHA1(null)", None),
    ],
    big=True,
    notes=NOTE + " SHA-1 protects against nobody who wants to forge values.",
    source="FIPS 180-4",
)
def sha1(v: Any, ctx: Call) -> Any:
    return _digests(ctx, hashlib.sha1(usedforsecurity=False))


@function(
    "SHA256(v:any) -> str",
    category=CATEGORY,
    summary="The SHA-256 digest of a value's text, as 64 hexadecimal digits.",
    examples=[
        Example('SHA256("abc")', "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        Example("SHA256(null)", None),
    ],
    big=True,
    notes=NOTE,
    source="FIPS 180-4",
)
def sha256(v: Any, ctx: Call) -> Any:
    return _digests(ctx, hashlib.sha256())


@function(
    "SHA512(v:any) -> str",
    category=CATEGORY,
    summary="The SHA-512 digest of a value's text, as 128 hexadecimal digits.",
    examples=[
        Example(
            'SHA512("abc")',
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
        Example("SHA512(null)", None),
    ],
    big=True,
    notes=NOTE,
    source="FIPS 180-4",
)
def sha512(v: Any, ctx: Call) -> Any:
    return _digests(ctx, hashlib.sha512())


@function(
    "CRC32(v:any) -> int",
    category=CATEGORY,
    summary="The CRC-32 check sum of a value's text, a number from 0 to 4294967295.",
    examples=[
        Example('CRC32("123456789")', 3421780262),
        Example('CRC32("")', 0),
        Example("CRC32(null)", None),
    ],
    big=True,
    notes=NOTE + " The check sum of zip, PNG and Ethernet; DEC2HEX writes it as usual.",
    source="ISO 3309, ITU-T V.42",
)
def crc32(v: Any, ctx: Call) -> Any:
    return np.fromiter(map(zlib.crc32, bytes_of(ctx)), np.int64, ctx.rows)


class Signer:
    """HMAC-SHA-256 with one key: both of its hashes have eaten the key once and for all."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def sign(self, message: bytes) -> bytes:
        """Return the 32 bytes for a message."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()


@function(
    "HMACSHA256(text:str; key:str) -> str",
    category=CATEGORY,
    summary="The HMAC-SHA-256 of a text with a secret key, as 64 hexadecimal digits.",
    examples=[
        Example(
            'HMACSHA256("what do ya want for nothing?";"Jefe")',
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        Example('HMACSHA256("text";null)', None),
        Example('HMACSHA256(null;"key")', None),
    ],
    notes="Text and key are taken as their UTF-8 bytes.",
    source="RFC 2104, RFC 4231",
)
def hmac_sha256(text: Any, key: Any, ctx: Call) -> Any:
    messages, key = bytes_of(ctx), checked(key, ctx)
    if isinstance(key, str):
        made = list(map(Signer(key.encode()).sign, messages))
    else:
        keys = key.cast(pa.large_binary()).fill_null(b"").to_pylist()
        made = [hmac.digest(k, message, "sha256") for k, message in zip(keys, messages, strict=True)]
    return hex_text(table_of(made, 32))


_GOLDEN = 0x9E37_79B9_7F4A_7C15
_WORD = 2**64 - 1


def _mix(x: U64) -> U64:
    """Return SplitMix64's finaliser of every word, in place."""
    for shift, factor in ((30, 0xBF58_476D_1CE4_E5B9), (27, 0x94D0_49BB_1331_11EB)):
        x ^= x >> np.uint64(shift)
        x *= np.uint64(factor)
    x ^= x >> np.uint64(31)
    return x


def stable_hashes(texts: Any, seed: Any) -> U64:
    """Return a 64-bit hash of each text that depends on its bytes and the seed alone, for ever.

    The bytes, padded with zeros, are words of eight bytes, the lowest first. With G = 9E3779B97F4A7C15 (hex) and
    mix as the finaliser of SplitMix64, in arithmetic modulo 2^64: s = mix(seed · G), the sum of
    mix(word_i XOR (s + i · G)) over i = 1, 2 …, and of it mix(sum + length · G + s).
    """
    data, offsets = raw_bytes(texts)
    lengths = np.diff(offsets)
    padded, edges = aligned(data, offsets, 8)
    words = padded.view("<u8").astype(np.uint64)
    edges //= 8
    golden = np.uint64(_GOLDEN)
    start = _mix(np.atleast_1d(np.asarray(seed, np.int64)).view(np.uint64) * golden)
    count = np.diff(edges)
    number = (np.arange(1, len(words) + 1) - np.repeat(edges[:-1], count)).astype(np.uint64)
    number *= golden
    number += start if len(start) == 1 else np.repeat(start, count)
    words ^= number
    sums = np.zeros(len(words) + 1, np.uint64)
    np.cumsum(_mix(words), out=sums[1:])
    return _mix(sums[edges[1:]] - sums[edges[:-1]] + lengths.astype(np.uint64) * golden + start)


@function(
    "HASHBUCKET(v:any; n:int; [seed:int=0]) -> int",
    category=CATEGORY,
    summary="One of n buckets, numbered from 0, that depends on the value alone: the same in every run everywhere.",
    examples=[
        Example('HASHBUCKET("customer 17";10)', 0),
        Example('HASHBUCKET("customer 17";10;1)', 2),
        Example('HASHBUCKET("a";0)', Failure("VALUE")),
        Example("HASHBUCKET(null;10)", None),
    ],
    big=True,
    notes=NOTE + " Another seed deals the values out anew. Made for samples and tests, not for secrets.",
    error_note="A number of buckets below 1 is an error VALUE.",
    source="Eight bytes at a time through SplitMix64's finaliser, summed: see stable_hashes in functions/hashing.py.",
)
def hash_bucket(v: Any, n: Any, seed: Any, ctx: Call) -> Any:
    ctx.fail(np.less(n, 1), "VALUE", "HASHBUCKET: the number of buckets {1} is below 1")
    buckets = np.maximum(np.asarray(n, np.int64), 1).astype(np.uint64)
    return (stable_hashes(texts_of(ctx), seed) % buckets).astype(np.int64)


def _salt(text: str) -> str:
    if not text:
        raise ValueError("a salt must not be empty: without one everybody can make the same pseudonyms")
    return whole(text)


@function(
    "PSEUDONYM(v:any; salt:str const) -> str",
    category=CATEGORY,
    summary="A name for a value that tells nothing of it, the same for the same value and salt: 32 hexadecimal digits.",
    examples=[
        Example('PSEUDONYM("Jane Doe";"s3cret")', "bbae99fae5333794ac6e1c86c2cba98b"),
        Example('PSEUDONYM(17;"a") == PSEUDONYM(17;"b")', False),
        Example('PSEUDONYM(null;"a")', None),
    ],
    big=True,
    prepare={"salt": _salt},
    notes="The first half of the value's HMAC-SHA-256 with the salt as the key. Who knows the salt can try values out: "
    "keep it secret. " + NOTE,
    error_note="An empty salt is refused before the run.",
    source="RFC 2104; 128 bits: two of a billion values share a pseudonym with a probability of 1.5e-21.",
)
def pseudonym(v: Any, salt: Any, ctx: Call) -> Any:
    made = list(map(Signer(salt.encode()).sign, bytes_of(ctx)))
    return hex_text(table_of(made, 32)[:, :16])


_NAMESPACES = {"dns": 0, "url": 1, "oid": 2, "x500": 4}


def _namespace(text: str) -> bytes:
    from uuid import UUID

    if text.lower() in _NAMESPACES:
        return bytes.fromhex(f"6ba7b81{_NAMESPACES[text.lower()]:x}9dad11d180b400c04fd430c8")
    try:
        return UUID(text).bytes
    except ValueError:
        raise ValueError(f'"{text}" is neither a UUID nor one of "dns", "url", "oid" and "x500"') from None


@function(
    'UUID5(v:any; [namespace:str const="dns"]) -> str',
    category=CATEGORY,
    summary="The UUID of version 5 of a value's text, the same for the same value and name space.",
    examples=[
        Example('UUID5("python.org")', "886313e1-3b8a-5372-9b90-0c9aee199e5d"),
        Example('UUID5("http://example.com/";"url")', "0a300ee9-f9e4-5697-a51a-efc7fafaba67"),
        Example("UUID5(null)", None),
    ],
    big=True,
    prepare={"namespace": _namespace},
    notes='The name space is "dns", "url", "oid", "x500" or a UUID. ' + NOTE,
    error_note="Another name space is refused before the run.",
    source="RFC 9562, section 5.5",
)
def uuid5(v: Any, namespace: Any, ctx: Call) -> Any:
    start = hashlib.sha1(namespace, usedforsecurity=False)
    made: list[bytes] = []
    for value in bytes_of(ctx):
        one = start.copy()
        one.update(value)
        made.append(one.digest())
    digests = table_of(made, 20)[:, :16].copy()
    digests[:, 6] = (digests[:, 6] & 0x0F) | 0x50
    digests[:, 8] = (digests[:, 8] & 0x3F) | 0x80
    out = np.full((len(digests), 36), ord("-"), np.uint8)
    digits = np.stack((_HEX[digests >> 4], _HEX[digests & 15]), axis=2).reshape(-1, 32)
    for hyphens, (low, high) in enumerate(((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))):
        out[:, low + hyphens : high + hyphens] = digits[:, low:high]
    return regular_text(out)
