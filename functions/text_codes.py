"""The 256 characters of Windows-1252, the code page of CHAR and CODE."""

from __future__ import annotations

from sheetline.functions.text_support import CellError


def _char_of_1252(code: int) -> str:
    """Return the character of a code of Windows-1252; its five gaps are the control characters they were."""
    try:
        return bytes([code]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(code)


CHARS = [_char_of_1252(code) for code in range(256)]
CODES = {char: code for code, char in enumerate(CHARS)}


def code_of(char: str) -> int:
    """Return the code of a character (0 for none).

    Raises:
        CellError: it is not of this code page.
    """
    if not char:
        return 0
    if char not in CODES:
        raise CellError("VALUE", "CODE: the first character of {0} is not of Windows-1252; UNICODE takes any")
    return CODES[char]
