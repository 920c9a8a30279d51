"""ZIP packages of XML parts (Office Open XML, OFD): what they are by their names, opened, parsed strictly.

Owns the errors that a broken package may raise, and the refusal of what no office program writes and what
would change a text unseen: entities and document type definitions, parts of one name, encrypted parts.
"""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from lxml import etree

from pipelines.readers import UnreadableDocumentError

ZIP_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, OSError, RuntimeError),
    *(ValueError, struct.error),
)
"""What the standard library raises on archives that are cut, overwritten, encrypted or packed strangely."""

ENCRYPTED = 0x1
"""Flag of a member that a password protects."""
_ORDINARY_FLAGS = 0x080E
"""How hard it was packed, that its sizes are written behind it, that its name is in UTF-8."""
_LOCAL, _CLOSING = b"PK\x03\x04", b"PK\x05\x06"
_LENGTHS = struct.Struct("<HH")
_END = struct.Struct("<4s4H2LH")


@contextmanager
def opened(body: bytes, what: str) -> Iterator[zipfile.ZipFile]:
    """The package; `what` names the kind of document in errors.

    Raises UnreadableDocumentError where it is damaged or encrypted, for what is raised inside as well.
    """
    try:
        with zipfile.ZipFile(BytesIO(body)) as packed:
            if any(entry.flag_bits & ENCRYPTED for entry in packed.infolist()):
                raise UnreadableDocumentError(
                    "encrypted_document", f"the {what} is locked: its parts are encrypted with a password"
                )
            yield packed
    except ZIP_ERRORS as error:
        raise UnreadableDocumentError("damaged_document", f"the {what} is damaged: {error}") from error


def members(packed: zipfile.ZipFile, body: bytes) -> dict[str, bytes]:
    """All members of a package by name, each read whole so that its check sum is tested; raises one of
    ZIP_ERRORS. `body` is the file that was opened.
    """
    return {entry.filename: _member(packed, entry, body) for entry in packed.infolist()}


def _member(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, body: bytes) -> bytes:
    """A member, unpacked at once where its header is an ordinary one and its bytes are what they should be;
    else as the standard library reads it, which says what is wrong.
    """
    at = entry.header_offset
    name = entry.orig_filename.encode()
    if body[at : at + 4] == _LOCAL and not entry.flag_bits & ~_ORDINARY_FLAGS and name.isascii():
        size, more = _LENGTHS.unpack_from(body, at + 26) if at + 30 <= len(body) else (0, 0)
        begin = at + 30 + size + more
        packed_bytes = body[begin : begin + entry.compress_size]
        if body[at + 30 : at + 30 + size] == name and len(packed_bytes) == entry.compress_size:
            found = _unpacked(packed_bytes, entry)
            if found is not None and len(found) == entry.file_size and zlib.crc32(found) == entry.CRC:
                return found
    return packed.read(entry)


def _unpacked(part: bytes, entry: zipfile.ZipInfo) -> bytes | None:
    if entry.compress_type == zipfile.ZIP_STORED:
        return part
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        return None
    unpacking = zlib.decompressobj(-15)
    try:
        found = unpacking.decompress(part, entry.file_size + 1)
    except zlib.error:
        return None
    return found if unpacking.eof else None


def is_ordinary(packed: zipfile.ZipFile, body: bytes) -> bool:
    """Whether a package has nothing in which programs that open one differ: it is one file, its directory
    stands at the end, no two members have one name but for capitals, and all are packed in the one way that
    all know.
    """
    entries = packed.infolist()
    if len(body) < _END.size:
        return False
    signature, disk, first, here, every, size, offset, comment = _END.unpack_from(body, len(body) - _END.size)
    return (
        signature == _CLOSING
        and not (disk or first or comment)
        and here == every == len(entries)
        and offset + size == len(body) - _END.size
        and all(_is_ordinary(entry) for entry in entries)
        and len({entry.filename.lower() for entry in entries}) == len(entries)
    )


def _is_ordinary(entry: zipfile.ZipInfo) -> bool:
    return (
        entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        and not entry.flag_bits & ~_ORDINARY_FLAGS
        and entry.extract_version <= 45
        and entry.filename.isascii()
        and entry.filename == entry.orig_filename
        and "\\" not in entry.filename
    )


def names(body: bytes) -> set[str]:
    """The members' names in small letters and with forward slashes; raises one of ZIP_ERRORS."""
    with zipfile.ZipFile(BytesIO(body)) as packed:
        return {plain(name) for name in packed.namelist()}


def plain(name: str) -> str:
    """A member's name as programs compare it."""
    return name.replace("\\", "/").lower()


def tree(part: bytes) -> etree._Element:
    """The root of a part; raises XMLSyntaxError, and UnreadableDocumentError where it defines entities.

    Notes to the reader of the XML are left out, so that text around them is one.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    root = etree.fromstring(part, parser)
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnreadableDocumentError(
            "damaged_document",
            "a part of the file has a document type definition, as no office program writes",
        )
    return root
