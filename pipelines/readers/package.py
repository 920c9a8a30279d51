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
