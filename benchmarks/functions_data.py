"""The columns that the functions are timed on: numbers, dates and texts of many shapes, from one seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute

from benchmarks.data import SEED

# the published stubs of pyarrow are narrower than pyarrow
pc: Any = compute
TEXT = pa.large_string()
_join: Any = pc.binary_join_element_wise
_table: Callable[..., pa.Table] = pa.table

_CITIES = ("Bergen", "Łódź", "Saint-Étienne", "Reno", "Kyoto", "Zürich", "São Paulo", "Ålesund", "İzmir", "Málaga")
_SENTENCE = (
    "the quick brown fox jumps over a lazy dog and runs to its house in the old town where it sleeps until morning "
    "while rain falls on roofs of grey slate, then wakes; hungry, happy! Off it goes again? yes."
)


def _scalar(text: str) -> Any:
    return pa.scalar(text, TEXT)


def joined(*parts: Any) -> Any:
    """Return texts side by side: arrays of text or numbers, and constants."""
    texts = [_scalar(part) if isinstance(part, str) else part.cast(TEXT) for part in parts]
    return _join(*texts, _scalar(""))


def _chosen(rng: np.random.Generator, values: Sequence[str], rows: int) -> Any:
    return pc.take(pa.array(values, TEXT), pa.array(rng.integers(0, len(values), rows)))


def _padded(numbers: Any, width: int) -> Any:
    return pc.utf8_lpad(pa.array(numbers).cast(TEXT), width=width, padding="0")


def columns(rows: int) -> pa.Table:
    """Return the table.

    Floats ``x`` ``y`` (around 0), ``p`` (above 0), ``q`` (0 to 1), ``xn`` (a twentieth null); integers ``i`` ``k``
    (any sign), ``n`` (from 0), ``j`` (1 to 28), ``z`` (some 0); positions ``lat`` ``lon`` ``lat2`` ``lon2``;
    dates ``d`` ``e``; texts that are all different (``t`` ``s`` ``kv`` ``url`` ``mail`` ``ip`` ``js`` ``words``),
    that repeat (``city`` ``name`` ``other``), and that stand for numbers and dates (``int`` ``dec`` ``day``).
    """
    rng = np.random.default_rng(SEED)
    number = pa.array(rng.permutation(rows) + 1_000)
    normal = {name: rng.normal(0, 50, rows) for name in ("x", "y")}
    holes = pa.array(normal["x"], mask=rng.random(rows) < 0.05)
    second = rng.integers(0, 86_400 * 365 * 40, rows) * 1_000_000
    micros = second + rng.integers(0, 1_000, rows) * 1_000
    later = micros + rng.integers(0, 86_400 * 2_000, rows) * 1_000_000
    days = (second // 86_400_000_000).astype("int32")
    when = pa.timestamp("us")
    street = joined(number, " Harbour Street")
    syllables = ("ka", "mo", "ri", "ten", "berg", "son", "ley", "wa", "th", "el", "shaw", "phil")
    names = ["".join(rng.choice(syllables, 3)).title() for _ in range(2_000)]
    picked = [_chosen(rng, _SENTENCE.split(), rows) for _ in range(8)]
    octets = [pa.array(rng.integers(1, 255, rows)) for _ in range(4)]
    made: dict[str, Any] = {
        **normal,
        "p": rng.uniform(0.01, 100, rows),
        "q": rng.uniform(0.001, 0.999, rows),
        "xn": holes,
        "i": rng.integers(-1_000_000, 1_000_000, rows),
        "k": rng.integers(-1_000_000, 1_000_000, rows),
        "n": rng.integers(0, 1_000_000, rows),
        "j": rng.integers(1, 29, rows),
        "z": rng.integers(-3, 4, rows),
        "lat": rng.uniform(-80, 80, rows),
        "lon": rng.uniform(-179, 179, rows),
        "lat2": rng.uniform(-80, 80, rows),
        "lon2": rng.uniform(-179, 179, rows),
        "d": pa.array(micros).cast(when),
        "e": pa.array(later).cast(when),
        "t": street,
        "s": joined("  ", number, "  Harbour   Street "),
        "kv": joined("a=", number, ";city=", _chosen(rng, _CITIES, rows), ";last"),
        "url": joined("https://www.shop", number, ".example.com:8080/p/item.html?id=", number, "&lang=en#top"),
        "mail": joined("user", number, "@mail.example.org"),
        "ip": joined(octets[0], ".", octets[1], ".", octets[2], ".", octets[3]),
        "js": joined('{"id": ', number, ', "user": {"name": "n', number, '", "tags": ["a", "b"]}}'),
        "words": _join(*picked, number.cast(TEXT), _scalar(" ")),
        "city": _chosen(rng, _CITIES, rows),
        "name": _chosen(rng, names, rows),
        "other": _chosen(rng, names, rows),
        "int": number.cast(TEXT),
        "dec": joined(number, ".", _padded(rng.integers(0, 100, rows), 2)),
        "day": pc.strftime(pa.array(days, pa.date32()).cast(when), format="%Y-%m-%d").cast(TEXT),
    }
    return _table(made)
