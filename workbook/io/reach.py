"""From a path to the bytes of its text: unpacked, and decoded to UTF-8."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import mmap
import zipfile
import zlib
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from sheetline.workbook.io.faults import SourceError, missing_file, unreachable

Bytes = bytes | memoryview

#: How the beginning of a file betrays what it is.
_MAGIC: Final = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"PK\x03\x04", "zip"),
    (b"PAR1", "parquet"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
)
SUFFIXES: Final = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zst": "zstd", ".zip": "zip"}
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BROKEN: Final = (
    EOFError,
    zlib.error,
    lzma.LZMAError,
    gzip.BadGzipFile,
    zipfile.BadZipFile,
    ValueError,
    NotImplementedError,
)


def resolve(path: str, base_folder: str | Path | None) -> Path:
    """Return a path of the workbook file as a path of the system."""
    folder = Path() if base_folder is None else Path(base_folder)
    return folder / Path(path).expanduser()


def existing(path: str, base_folder: str | Path | None) -> Path:
    """Return the path of a file that is there.

    Raises:
        SourceError: there is no such file, or it is a folder.
    """
    found = resolve(path, base_folder)
    try:
        if found.is_dir():
            raise SourceError("it is a folder, not a file", str(found), "name the file to read")
        if not found.exists():
            raise missing_file(found)
    except OSError as fault:  # such as a name that is too long
        raise unreachable(found, fault) from None
    return found


def compression_of(path: str | Path, compression: str) -> str:
    """Return how a file is packed; ``infer`` looks at the ending of its name."""
    return SUFFIXES.get(Path(path).suffix.lower(), "none") if compression == "infer" else compression


def read_text(path: str, base_folder: str | Path | None, compression: str, encoding: str) -> tuple[Bytes, str]:
    """Return a file's text as UTF-8 without byte order mark, and the file's name for messages.

    Files that are not packed are mapped into memory. The text is not checked to be UTF-8 when the encoding is.

    Raises:
        SourceError: the file cannot be reached, unpacked or decoded.
    """
    if "://" in path:
        name, packed = path, _download(path)
    else:
        found = existing(path, base_folder)
        name, packed = str(found), _map(found)
    return decode(_unpack(packed, compression_of(path, compression), name), encoding, name), name


def _map(path: Path) -> Bytes:
    try:
        with path.open("rb") as file:
            try:
                return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            except (ValueError, OSError):  # an empty file, or a pipe
                return file.read()
    except OSError as fault:
        raise unreachable(path, fault) from None


def _download(url: str) -> Bytes:
    scheme = url.partition("://")[0]
    try:
        fsspec: Any = import_module("fsspec")
    except ImportError:
        raise SourceError(f"{scheme}:// needs the package fsspec", url, "pip install fsspec") from None
    try:
        with fsspec.open(url, "rb") as file:
            content: bytes = file.read()
            return content
    except (OSError, ValueError, ImportError) as fault:
        raise SourceError("it cannot be read", url, str(fault)) from None


def _unpack(data: Bytes, compression: str, name: str) -> Bytes:
    if compression == "none":
        _expect_text(data, name)
        return data
    try:
        if compression == "gzip":
            return gzip.decompress(data)
        if compression == "bz2":
            return bz2.decompress(data)
        if compression == "xz":
            return lzma.decompress(data)
        if compression == "zip":
            return _unzip(data, name)
        with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
            unpacked: bytes = stream.read()
            return unpacked
    except (*_BROKEN, OSError, RuntimeError) as fault:
        if isinstance(fault, SourceError):
            raise
        found = sniff(data)
        advice = "it may be cut off, or not packed at all" if found is None else f"it looks like {found}"
        reason = f" ({fault})" if str(fault) else ""
        raise SourceError(f"it cannot be unpacked as {compression}{reason}", name, advice) from None


def _unzip(data: Bytes, name: str) -> bytes:
    import io

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [
            info for info in archive.infolist() if not info.is_dir() and not info.filename.startswith("__MACOSX/")
        ]
        if len(members) != 1:
            names = ", ".join(info.filename for info in members[:5])
            what = f"the archive holds {len(members)} files, and one is expected"
            raise SourceError(what, name, f"unpack it and name one of {names}" if members else "")
        return archive.read(members[0])


def sniff(data: Bytes) -> str | None:
    """Return what the beginning of some bytes betrays, or None for what may be text."""
    start = bytes(data[:8])
    return next((kind for magic, kind in _MAGIC if start.startswith(magic)), None)


def _expect_text(data: Bytes, name: str) -> None:
    found = sniff(data)
    if found is None:
        return
    if found in ("gzip", "bz2", "xz", "zstd"):
        raise SourceError(f"it is packed ({found}), not plain text", name, f'give "compression": "{found}"')
    if found == "zip":
        advice = "save an Excel workbook as CSV; a packed CSV file needs the ending .zip"
        raise SourceError("it is a zip archive or an Excel workbook, not text", name, advice)
    advice = 'give "type": "parquet"' if found == "parquet" else "save it as CSV"
    raise SourceError(f"it is {found}, not text", name, advice)


def decode(data: Bytes, encoding: str, name: str) -> Bytes:
    """Return text as UTF-8 without byte order mark.

    Raises:
        SourceError: the bytes are not of that encoding; the message tells where.
    """
    try:
        known = codecs.lookup(encoding).name
    except LookupError:
        raise SourceError(f"the encoding '{encoding}' is unknown", name, 'usual ones are "utf-8", "utf-16"') from None
    if known in ("utf-8", "utf-8-sig"):
        start = bytes(data[:4])
        marked = next((kind for bom, kind in _BOMS if start.startswith(bom)), None)
        if marked is None:
            return data
        if marked == "utf-8":
            return data[3:]
        raise SourceError(f"it begins with the byte order mark of {marked}", name, f'give "encoding": "{marked}"')
    raw = bytes(data)
    try:
        text = raw.decode(known)
        return text.removeprefix("\ufeff").encode()
    except UnicodeDecodeError as fault:
        raise _undecodable(raw, fault, known, name) from None
    except (UnicodeError, LookupError) as fault:
        raise SourceError(f"it cannot be read as {encoding}", name, str(fault)) from None


def expect_utf8(data: Bytes, name: str) -> None:
    """Raise SourceError with line and byte where the text is no UTF-8."""
    raw = bytes(data)
    try:
        raw.decode()
    except UnicodeDecodeError as fault:
        raise _undecodable(raw, fault, "utf-8", name) from None


def _undecodable(raw: bytes, fault: UnicodeDecodeError, encoding: str, name: str) -> SourceError:
    before = raw[: fault.start]
    line = before.count(b"\n") + before.count(b"\r") - before.count(b"\r\n") + 1
    what = f"byte 0x{raw[fault.start]:02x} is no text in {encoding}"
    other = "windows-1252" if encoding == "utf-8" else "utf-8"
    return SourceError(what, name, f'give its "encoding", such as "{other}"', line)


def buffer(data: Bytes) -> Any:
    """Return bytes as an Arrow buffer, without a copy."""
    return pa.py_buffer(data)
