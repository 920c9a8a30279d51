"""Archive files (.zip): their members, so that each is read as a document of its own.

Owns the unpacking and its limits. Names are UTF-8 where the archive says so, else GB18030, as Chinese
Windows writes them. Folders, hidden files and what macOS adds are no members.
"""

from __future__ import annotations

import zipfile
import zlib
from io import BytesIO
from typing import NamedTuple

from pipelines.readers import UnreadableDocumentError

MEDIA_TYPE = "application/zip"

MOST_MEMBERS = 200
MOST_BYTES = 300 * 1024 * 1024
"""Unpacked: the largest scan seen has 53 MB, a packed bomb has gigabytes."""

_UTF8 = 0x800
_ENCRYPTED = 0x1


class Member(NamedTuple):
    """A file inside an archive file, or why it could not be unpacked."""

    name: str
    body: bytes
    trouble: str | None = None


def members(body: bytes) -> list[Member]:
    """The files of a .zip in its order; raises UnreadableDocumentError where it cannot be opened."""
    try:
        with zipfile.ZipFile(BytesIO(body)) as packed:
            wanted = [(entry, name) for entry in packed.infolist() if _is_file(entry, name := _name(entry))]
            if len(wanted) > MOST_MEMBERS or sum(entry.file_size for entry, _ in wanted) > MOST_BYTES:
                raise UnreadableDocumentError(
                    "archive_too_large",
                    f"the archive file holds {len(wanted)} files or more than 300 MiB unpacked",
                )
            return [_member(packed, entry, name) for entry, name in wanted]
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise UnreadableDocumentError("damaged_document", f"the archive file is damaged: {error}") from error


def _name(entry: zipfile.ZipInfo) -> str:
    if entry.flag_bits & _UTF8:
        return entry.filename
    raw = entry.filename.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return entry.filename


def _is_file(entry: zipfile.ZipInfo, name: str) -> bool:
    last = name.rstrip("/").rpartition("/")[2]
    return not entry.is_dir() and not last.startswith((".", "~$")) and not name.startswith("__MACOSX/")


def _member(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> Member:
    if entry.flag_bits & _ENCRYPTED:
        return Member(name, b"", "it is encrypted")
    try:
        with packed.open(entry) as file:
            body = file.read(MOST_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        return Member(name, b"", f"it is damaged: {error}")
    if len(body) > MOST_BYTES:
        return Member(name, b"", "it unpacks to more than 300 MiB")
    return Member(name, body)
