"""OLE containers: which format one holds, by the streams of its root; those without a reader are refused.

Owns the telling apart of what shares the container: Word and WPS text, Excel and WPS sheets, and newer
Office files that a password protects. A stream inside an embedded object does not count.
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import NoReturn

import olefile

from pipelines.readers import UnreadableDocumentError

MEDIA_TYPE = "application/x-ole-storage"

_SECTOR = 512
_STREAMS = {
    "worddocument": "application/msword",
    "workbook": "application/vnd.ms-excel",
    "book": "application/vnd.ms-excel",
}

OLE_ERRORS = (
    *(OSError, ValueError, TypeError, IndexError, KeyError, AttributeError, struct.error),
    RecursionError,
)
"""What olefile raises on containers that are cut or overwritten."""


def media_type(body: bytes) -> str:
    """The format of what a container holds; its own where that is none of ours."""
    try:
        names = _root_names(body)
    except OLE_ERRORS:
        # Too damaged to be opened: the directory's names still say what it was.
        names = [name for name in ("WordDocument", "Workbook") if name.encode("utf-16-le") in body]
    return next((_STREAMS[name.lower()] for name in names if name.lower() in _STREAMS), MEDIA_TYPE)


def _root_names(body: bytes) -> list[str]:
    with olefile.OleFileIO(BytesIO(body)) as container:
        return [path[0] for path in container.listdir() if len(path) == 1]


def container(name: str, stream: bytes) -> bytes:
    """A container of this one stream, for libraries that trust what a damaged container says of itself.

    Raises ValueError where the stream has more than 6 MiB (a larger one needs a table of tables).
    """
    stream = stream.ljust(4096, b"\0")  # a smaller one would stand among the small streams
    sectors = -(-len(stream) // _SECTOR)
    tables = -(-(sectors + 2) // 127)  # a sector of 128 numbers for as many others and itself
    if tables > 100:
        raise ValueError(f"a stream of {len(stream)} bytes is too long")
    numbers = [0xFFFFFFFD] * tables + [0xFFFFFFFE, *range(tables + 2, tables + 1 + sectors), 0xFFFFFFFE]
    table = struct.pack(f"<{len(numbers)}I", *numbers).ljust(tables * _SECTOR, b"\xff")
    directory = _entry("Root Entry", 5, 1, 0xFFFFFFFE, 0)
    directory += _entry(name, 2, 0xFFFFFFFF, tables + 1, len(stream)) + _entry("", 0, 0xFFFFFFFF, 0, 0) * 2
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<10I", 0, tables, tables, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0)
    header = header[:-4] + struct.pack(f"<{tables}I", *range(tables))
    return header.ljust(_SECTOR, b"\xff") + table + directory + stream.ljust(sectors * _SECTOR, b"\0")


def _entry(title: str, kind: int, child: int, start: int, size: int) -> bytes:
    """An entry of a container's directory."""
    packed = title.encode("utf-16-le")
    named = packed.ljust(64, b"\0") + struct.pack("<H", len(packed) + 2 if packed else 0)
    return named + struct.pack("<BBIII36xIQ", kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child, start, size)


def read(body: bytes, url: str | None = None) -> NoReturn:  # noqa: ARG001 every reader takes the address
    """Raises UnreadableDocumentError: what comes here has no reader, and this says why."""
    try:
        with olefile.OleFileIO(BytesIO(body), raise_defects=olefile.DEFECT_INCORRECT) as container:
            names = [path[0] for path in container.listdir() if len(path) == 1]
        if len(set(names)) != len(names):
            raise ValueError("two of its streams have one name")
    except OLE_ERRORS as error:
        raise UnreadableDocumentError(
            "damaged_document", f"the document is damaged: its container cannot be read: {error}"
        ) from error
    if "EncryptedPackage" in names:
        raise UnreadableDocumentError("encrypted_document", "the Office file is locked with a password")
    held = ", ".join(repr(name) for name in names[:6])
    raise UnreadableDocumentError("format_not_supported", f"there is no reader for a container of {held}")
