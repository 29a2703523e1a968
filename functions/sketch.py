"""A sketch for counting distinct values in little memory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

_BITS = 16  # 65,536 registers: a standard error of 0.4 %
_REGISTERS = 1 << _BITS
_LEVELS = 64 - _BITS


def mix(keys: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """Return well-spread 64-bit hashes of 64-bit keys (floats by their bits).

    Source: the finalizer of splitmix64 (Steele, Lea, Flood, 2014).
    """
    z = keys.view(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


class HyperLogLog:
    """Registers of a HyperLogLog sketch; two of them merge by their maxima."""

    def __init__(self, registers: npt.NDArray[np.uint8]) -> None:
        self.registers = registers

    @classmethod
    def of(cls, keys: npt.NDArray[Any]) -> HyperLogLog:
        """Return the sketch of 64-bit keys; equal values must have equal bits."""
        hashes = mix(keys)
        register = (hashes >> np.uint64(64 - _BITS)).astype(np.int64)
        rest = (hashes & np.uint64((1 << _LEVELS) - 1)).astype(np.float64)  # 48 bits are exact in a float
        level = _LEVELS + 1 - np.frexp(rest)[1]  # leading zeros and one; frexp(0) has the exponent 0
        seen = np.zeros((_REGISTERS, 64), np.bool_)
        seen[register, level] = True
        highest = 63 - np.argmax(seen[:, ::-1], axis=1)
        return cls(np.where(seen.any(axis=1), highest, 0).astype(np.uint8))

    def merge(self, other: HyperLogLog) -> HyperLogLog:
        """Return the sketch of both sets of keys."""
        return HyperLogLog(np.maximum(self.registers, other.registers))

    def estimate(self) -> int:
        """Return about how many distinct keys were seen (Ertl 2017, algorithm 6)."""
        counts = np.bincount(self.registers, minlength=_LEVELS + 2).tolist()
        z = _REGISTERS * _tau(1 - counts[_LEVELS + 1] / _REGISTERS)
        for level in range(_LEVELS, 0, -1):
            z = 0.5 * (z + counts[level])
        z += _REGISTERS * _sigma(counts[0] / _REGISTERS)
        return 0 if math.isinf(z) else round(_REGISTERS / (2 * math.log(2)) * _REGISTERS / z)


def _sigma(x: float) -> float:
    if x == 1.0:
        return math.inf
    y, z, before = 1.0, x, -1.0
    while z != before:
        x *= x
        before = z
        z += x * y
        y += y
    return z


def _tau(x: float) -> float:
    if x in (0.0, 1.0):
        return 0.0
    y, z, before = 1.0, 1 - x, -1.0
    while z != before:
        x = math.sqrt(x)
        before = z
        y *= 0.5
        z -= (1 - x) ** 2 * y
    return z / 3
