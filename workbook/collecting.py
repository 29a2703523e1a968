"""Python's search for garbage in circles, while a workbook is loaded and planned."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

#: From so many new objects on they count as long-lived: in smaller numbers a search through them costs nothing.
MANY: Final = 100_000


@contextmanager
def collection_paused() -> Iterator[None]:
    """Pause the search for garbage; behind it, all goes on as it was found, whatever was raised.

    Plans are hundreds of thousands of small objects, none of them in a circle, and all of them stay: looking through
    them over and over would take a third of the time of making them. Where it was very many, they count as long-lived
    afterwards, as if searches had come by, and are looked at again when everything is.

    Where the search is off already nothing changes, so pauses may stand inside one another, and in several threads: the
    one that began first ends it. Nothing is done about the age of objects in a process that keeps some out of the
    search for good (``gc.freeze``).
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if gc.get_count()[0] > MANY and gc.get_freeze_count() == 0:
            gc.freeze()  # puts aside all that is there, and the next line behind what is oldest
            gc.unfreeze()
        gc.enable()
