"""Libraries that are not part of the base install: loaded when first needed, named when they are missing."""

from __future__ import annotations

import importlib
from types import ModuleType


class MissingExtraError(ImportError):
    """A function needs a library that is not installed. The message says what to install."""


def load(module: str, extra: str) -> ModuleType:
    """Import ``module``, which the extra ``extra`` of this package brings.

    Raises:
        MissingExtraError: it is not installed; the message names the extra.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] != module.partition(".")[0]:
            raise  # the library is there, and misses something itself
        package = module.partition(".")[0]
        raise MissingExtraError(
            f"this needs the package {package}, which is not installed: pip install 'sheetline[{extra}]'",
            name=missing.name,
        ) from missing
