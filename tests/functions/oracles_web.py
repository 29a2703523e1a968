"""What functions of encoding, hashing, web and network give for single values, by Python's standard library."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import ipaddress
import re
import unicodedata
import uuid
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlsplit

from sheetline.functions.declare import Failure

PARSE, VALUE, RANGE, OVERFLOW = map(Failure, ("PARSE", "VALUE", "RANGE", "OVERFLOW"))
BLANKS = " \t\r\n\v\f"
WORD = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15

#: Set by ``oracles_rows``: the text of any value (dates in UTC).
Shown = Callable[[Any], str]


def text_or_error(raw: bytes) -> Any:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return PARSE


def base64_decode(text: str) -> Any:
    bare = "".join(c for c in text if c not in BLANKS).replace("-", "+").replace("_", "/")
    body = bare.rstrip("=")
    pads = len(bare) - len(body)
    if not re.fullmatch("[A-Za-z0-9+/]*", body) or len(body) % 4 == 1:
        return PARSE
    if pads and (pads > 2 or len(bare) % 4):
        return PARSE
    return text_or_error(base64.b64decode(body + "=" * (-len(body) % 4)))


def hex_decode(text: str) -> Any:
    bare = "".join(c for c in text if c not in BLANKS)
    if not re.fullmatch("([0-9a-fA-F]{2})*", bare):
        return PARSE
    return text_or_error(bytes.fromhex(bare))


class _Text(HTMLParser):
    """The text of well-formed HTML, a blank for each tag of a block."""

    BLOCKS = frozenset({"p", "div", "br", "li", "ul", "td", "tr", "table", "h1", "body", "html"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.silent += tag in ("script", "style")
        if tag in self.BLOCKS:
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("script", "style")
        if tag in self.BLOCKS:
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(data)

    def handle_entityref(self, name: str) -> None:
        self.parts.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.parts.append(f"&#{name};")


def html_text(text: str) -> str:
    """For HTML that is well-formed, and for text without tags."""
    if "<" in text:
        reader = _Text()
        reader.feed(text)
        reader.close()
        text = "".join(reader.parts)
    return html.unescape(re.sub("[\t\n\f\r ]+", " ", text).strip(" "))


def mix(x: int) -> int:
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & WORD
    return x ^ (x >> 31)


def stable_hash(text: str, seed: int = 0) -> int:
    """The published definition of HASHBUCKET's hash, word by word."""
    raw = text.encode()
    start = mix(seed * GOLDEN & WORD)
    total = 0
    for number, at in enumerate(range(0, len(raw), 8), 1):
        word = int.from_bytes(raw[at : at + 8].ljust(8, b"\0"), "little")
        total += mix(word ^ ((start + number * GOLDEN) & WORD))
    return mix((total + len(raw) * GOLDEN + start) & WORD)


def mask(text: str, keep: int = 4, char: str = "*") -> Any:
    if keep < 0 or len(char) != 1:
        return VALUE
    hidden = max(len(text) - keep, 0)
    return char * hidden + text[hidden:]


def address(text: str) -> tuple[str, str] | None:
    user, at, domain = text.rpartition("@")
    literal = re.fullmatch(r"\[[^@\s<>\"(),;\[\]]+\]", domain, re.ASCII)
    plain = re.fullmatch(r"[^@\s<>\"(),;:\[\]]+", domain, re.ASCII)
    return (user, domain) if at and user and (literal or plain) else None


def of_address(pick: Callable[[str, str], str]) -> Callable[[str], Any]:
    def oracle(text: str) -> Any:
        found = address(text)
        return PARSE if found is None else pick(*found)

    return oracle


def is_sign(char: str) -> bool:
    return (
        (char.isascii() and char.isalnum())
        or (not char.isascii() and unicodedata.category(char)[0] in "LNM")
        or unicodedata.category(char) == "So"
    )


def is_label(label: str, extra: str = "-") -> bool:
    inner = all(is_sign(c) or c in extra for c in label)
    return 0 < len(label) <= 63 and inner and label[0] != "-" and label[-1] != "-"


def is_email(text: str) -> bool:
    user, at, domain = text.rpartition("@")
    if not at or len(user.encode()) > 64 or len(text.encode()) > 254:
        return False
    atoms = user.split(".")
    if not all(atom and all(is_sign(c) or c in "!#$%&'*+/=?^_`{|}~-" for c in atom) for atom in atoms):
        return False
    labels = domain.split(".")
    first = labels[-1][:1]
    letter = (first.isascii() and first.isalpha()) or (first > "\x7f" and unicodedata.category(first)[0] != "N")
    return len(labels) > 1 and all(map(is_label, labels)) and letter


def split(url: str) -> Any:
    """The parts of a URL by the standard library, or None where it refuses it."""
    url = url.strip("".join(map(chr, range(33))))
    if re.search("[\t\r\n]", url):
        return None  # Python takes these out, RFC 3986 doesn't
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it raises where the port is none
    except ValueError:
        return None
    return parts


def url_part(name: str) -> Callable[[str], Any]:
    def oracle(url: str) -> Any:
        from oracles_rows import UNKNOWN

        parts = split(url)
        if parts is None or set("[]") & set(url):
            return UNKNOWN
        bare = url.strip("".join(map(chr, range(33))))
        before, mark, fragment = bare.partition("#")
        if name == "query":
            return parts.query if "?" in before else None
        if name == "fragment":
            return fragment if mark else None
        if name == "path":
            return parts.path
        if name == "file":
            return parts.path.rpartition("/")[2] or None
        if name == "port":
            return parts.port
        value = {"scheme": parts.scheme, "host": parts.hostname}[name]
        return value or None

    return oracle


def url_param(url: str, name: str) -> Any:
    bare = url.strip("".join(map(chr, range(33)))).partition("#")[0]
    _, mark, query = bare.partition("?")
    for pair in query.split("&") if mark else ():
        key, _, value = pair.partition("=")
        if unquote_to_bytes(key.replace("+", " ")) == name.encode():
            return text_or_error(unquote_to_bytes(value.replace("+", " ")))
    return None


def is_url(text: str) -> Any:
    from oracles_rows import UNKNOWN

    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text):
        return False
    if re.search(r"[\s<>\"\x00-\x20\x7f]", text):
        return False
    return UNKNOWN


@cache
def ip(text: str) -> Any:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def ip_number(text: str) -> Any:
    found = ip(text)
    return PARSE if found is None else int(found) if found.version == 4 else OVERFLOW


def ipv6_number(text: str) -> Any:
    found = ip(text)
    return int(found) if found is not None and found.version == 6 else PARSE


def number_ip(number: int) -> Any:
    return str(ipaddress.IPv4Address(number)) if 0 <= number < 2**32 else RANGE


PRIVATE_FOUR = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16")
PRIVATE = [ipaddress.ip_network(name) for name in (*PRIVATE_FOUR, "fc00::/7", "::1/128", "fe80::/10")]


def is_private(text: str) -> Any:
    found = ip(text)
    if found is None:
        return PARSE
    if found.version == 6 and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if found.version == 6:
        found = ipaddress.IPv6Address(int(found))
    return any(found in network for network in PRIVATE)


def network(text: str) -> Any:
    head, slash, prefix = text.partition("/")
    if slash and not re.fullmatch("[0-9]{1,3}", prefix):
        return None
    if "%" in head:
        head = head.partition("%")[0] if ip(head) else "none"
    try:
        return ipaddress.ip_network(head + slash + prefix, strict=False)
    except ValueError:
        return None


def in_range(text: str, cidr: str) -> Any:
    found, home = ip(text), network(cidr)
    if found is None or home is None:
        return PARSE
    return (
        found.version == home.version
        and ipaddress.ip_address(int(found) if found.version == 4 else (int(found)).to_bytes(16, "big")) in home
    )


def mac_prefix(text: str) -> Any:
    if not re.fullmatch(r"(..)([:-])(..\2){4}..|(....\.){2}....|.{12}", text, re.ASCII):
        return PARSE
    digits = re.sub("[:.-]", "", text).upper()
    if not re.fullmatch("[0-9A-F]{12}", digits):
        return PARSE
    return f"{digits[:2]}:{digits[2:4]}:{digits[4:6]}"


@cache
def agents() -> Any:
    """The rules of ua-parser by its plain engine."""
    from ua_parser import BasicResolver, Parser, load_lazy_builtins

    return Parser(BasicResolver(load_lazy_builtins()))


def agent(kind: str) -> Callable[[str], Any]:
    def oracle(text: str) -> Any:
        found = getattr(agents().parse(text), kind)
        return None if found is None else found.family

    return oracle


LOG = re.compile(
    r'(?P<host>[^ \n]+) (?P<ident>[^ ]+) (?P<user>[^ ]+) \[(?P<time>[^\]]*)\] "(?P<request>(?:[^"\\]|\\.)*)" '
    r'(?P<status>\d{3}|-) (?P<bytes>\d+|-)(?: "(?P<referer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)")?'
)
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def log_field(line: str, field: str) -> Any:
    """For lines of one of the two formats and nothing else, and for texts far from them."""
    found = LOG.fullmatch(line)
    if found is None:
        return PARSE
    fields: dict[str, Any] = found.groupdict()
    words = re.fullmatch(r"(\S+) (.*?)(?: (HTTP/[\d.]+))?", fields["request"])
    fields |= dict(zip(("method", "path", "protocol"), words.groups() if words else (None,) * 3, strict=True))
    value = fields[field]
    if value is None or value == "-":
        return None
    if field in ("status", "bytes"):
        return int(value)
    if field == "time":
        day, month, year, hour, minute, second, sign, zone = re.fullmatch(
            r"(\d\d)/(\w{3})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d{4})", value
        ).groups()  # type: ignore[union-attr]
        moment = datetime(int(year), MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=UTC)
        shift = timedelta(hours=int(zone[:2]), minutes=int(zone[2:])) * (-1 if sign == "-" else 1)
        return (moment - shift - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return re.sub(r'\\(["\\])', r"\1", value)


def domains(pick: str) -> Callable[[str], Any]:
    def oracle(url: str) -> Any:
        from oracles_rows import UNKNOWN

        return (
            None if re.fullmatch(r"[^.]*", url) and "。" not in url and "．" not in url and "｡" not in url else UNKNOWN
        )

    return oracle


def oracles(shown: Shown) -> dict[str, Callable[..., Any]]:
    """The oracles; ``shown`` writes any value as text."""

    def digest(name: str) -> Callable[[Any], str]:
        return lambda v: hashlib.new(name, shown(v).encode()).hexdigest()

    def signed(text: Any, key: str) -> str:
        return hmac.new(key.encode(), shown(text).encode(), hashlib.sha256).hexdigest()

    spaces = {
        "dns": uuid.NAMESPACE_DNS,
        "url": uuid.NAMESPACE_URL,
        "oid": uuid.NAMESPACE_OID,
        "x500": uuid.NAMESPACE_X500,
    }
    return {
        "BASE64ENCODE": lambda t: base64.b64encode(t.encode()).decode(),
        "BASE64DECODE": base64_decode,
        "HEXENCODE": lambda t: t.encode().hex(),
        "HEXDECODE": hex_decode,
        "URLENCODE": lambda t: quote(t, safe=""),
        "URLDECODE": lambda t: text_or_error(unquote_to_bytes(t.replace("+", " "))),
        "HTMLESCAPE": html.escape,
        "HTMLUNESCAPE": html.unescape,
        "HTMLTEXT": html_text,
        "MD5": digest("md5"),
        "SHA1": digest("sha1"),
        "SHA256": digest("sha256"),
        "SHA512": digest("sha512"),
        "CRC32": lambda v: zlib.crc32(shown(v).encode()),
        "HMACSHA256": signed,
        "HASHBUCKET": lambda v, n, seed=0: stable_hash(shown(v), seed) % n if n >= 1 else VALUE,
        "PSEUDONYM": lambda v, salt: signed(v, salt)[:32],
        "UUID5": lambda v, space="dns": str(uuid.uuid5(spaces[space], shown(v))),
        "MASK": mask,
        "MASKEMAIL": of_address(lambda user, domain: f"{user[0]}***@{domain}"),
        "EMAILUSER": of_address(lambda user, domain: user),
        "EMAILDOMAIN": of_address(lambda user, domain: domain.lower()),
        "ISEMAIL": is_email,
        "ISURL": is_url,
        "URLPROTOCOL": url_part("scheme"),
        "URLHOST": url_part("host"),
        "URLPORT": url_part("port"),
        "URLPATH": url_part("path"),
        "URLFILE": url_part("file"),
        "URLQUERY": url_part("query"),
        "URLFRAGMENT": url_part("fragment"),
        "URLPARAM": url_param,
        "URLDOMAIN": domains("domain"),
        "URLTLD": domains("suffix"),
        "ISIP": lambda t: ip(t) is not None,
        "ISIPV4": lambda t: ip(t) is not None and ip(t).version == 4,
        "ISIPV6": lambda t: ip(t) is not None and ip(t).version == 6,
        "IPTONUMBER": ip_number,
        "IPV6TONUMBER": ipv6_number,
        "NUMBERTOIP": number_ip,
        "ISPRIVATEIP": is_private,
        "IPINRANGE": in_range,
        "CIDRFIRST": lambda t: PARSE if network(t) is None else str(network(t)[0]),
        "CIDRLAST": lambda t: PARSE if network(t) is None else str(network(t)[-1]),
        "MACVENDORPREFIX": mac_prefix,
        "USERAGENTBROWSER": agent("user_agent"),
        "USERAGENTOS": agent("os"),
        "USERAGENTDEVICE": agent("device"),
        "USERAGENTISBOT": lambda t: agent("device")(t) == "Spider",
        "LOGFIELD": log_field,
    }
