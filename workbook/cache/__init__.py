"""Results that are kept between runs: what has not changed is not computed again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sheetline.workbook.cache.store import Store


def opened(cache: bool | str | Path) -> Store | None:
    """Return the store that a run is asked to use: the user's own folder, another one, or none."""
    if cache is False:
        return None
    from sheetline.workbook.cache.store import Store, default_folder

    return Store(default_folder() if cache is True else Path(cache))
