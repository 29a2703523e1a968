"""Year, month and day of days: looked up for the four centuries in which most dates lie, calculated for others."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

I32 = npt.NDArray[np.int32]
Days = npt.NDArray[Any]

FIRST: Final = -62_091  # 1800-01-01
COUNT: Final = 146_097  # days of 400 years
#: Fewer days are calculated, so that nobody waits for the table who needs a few dates.
FEW: Final = 4096


def packed(days: Days) -> I32:
    """Return year·512 + month·32 + day of days since the epoch."""
    if len(days) >= FEW and int(days.min()) >= FIRST and int(days.max()) < FIRST + COUNT:
        return _table().take(days - FIRST)
    return _calculated(days)


def civil32(days: Days) -> tuple[I32, I32, I32]:
    """Split days since the epoch into year, month (1-12) and day (1-31) as int32 arrays.

    >>> [part.tolist() for part in civil32(np.array([0, 59]))]
    [[1970, 1970], [1, 3], [1, 1]]
    """
    found = packed(np.atleast_1d(np.asarray(days)))
    return found >> np.int32(9), (found >> np.int32(5)) & np.int32(15), found & np.int32(31)


@lru_cache(maxsize=1)
def _table() -> I32:
    table = _calculated(np.arange(FIRST, FIRST + COUNT))
    table.setflags(write=False)
    return table


def _calculated(days: Days) -> I32:
    """Source: Neri and Schneider, "Euclidean affine functions and their application to calendar algorithms" (2022).

    Shifted by 750 cycles of 400 years so that every int64 µs is covered.
    """
    shifted = (days + (719_468 + 750 * 146_097)).astype(np.uint32)
    n1 = shifted * np.uint32(4) + np.uint32(3)
    century = n1 // np.uint32(146_097)
    n2 = (n1 - century * np.uint32(146_097)) | np.uint32(3)
    of_century = n2 // np.uint32(1461)
    of_year = (n2 - of_century * np.uint32(1461)) >> np.uint32(2)
    n3 = of_year * np.uint32(2141) + np.uint32(197_913)
    month = n3 >> np.uint32(16)
    day = (n3 & np.uint32(0xFFFF)) // np.uint32(2141) + np.uint32(1)
    late = (of_year >= np.uint32(306)).astype(np.uint32)  # January and February end the computed year
    year = century * np.uint32(100) + of_century + late
    month -= late * np.uint32(12)
    out: I32 = (year.astype(np.int32) - np.int32(400 * 750)) << np.int32(9)
    out |= (month << np.uint32(5)).astype(np.int32)
    out |= day.astype(np.int32)
    return out
