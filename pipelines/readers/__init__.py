"""Readers: one module a document format, bytes → Content, chosen by signature, never by name.

A reader module has `MEDIA_TYPE`, `matches(head)` over the first bytes, and `read(body, url) ->
Content`. It is imported only when its format comes. Formats that are recognised but have no
reader yet are named here, so that their documents become a stated problem and never silence.
"""

from __future__ import annotations

import codecs
import re
from importlib import import_module

from pipelines.content import Content

_HTML = re.compile(rb"<(?:!doctype|html|head|body|meta|title|div|table|p|span|script|\?xml)\b", re.IGNORECASE)
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),  # one without members
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"{\\rtf", "application/rtf"),
)
_READERS = {
    "text/html": "html",
    "text/plain": "text",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "workbook",
    "application/msword": "doc",
    "application/vnd.ms-excel": "workbook",
    "application/x-ole-storage": "ole",
    "application/pdf": "pdf",
    "application/ofd": "ofd",
    "image/png": "image",
    "image/jpeg": "image",
    "image/gif": "image",
    "image/bmp": "image",
    "image/tiff": "image",
    "image/webp": "image",
}


class UnreadableDocumentError(Exception):
    """The document cannot be read; `code` is a problem code, the message says why."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


_OFFICE = "application/vnd.openxmlformats-officedocument."
_ZIP_MEMBERS: tuple[tuple[str, str], ...] = (
    ("word/document.xml", f"{_OFFICE}wordprocessingml.document"),
    ("xl/workbook.xml", f"{_OFFICE}spreadsheetml.sheet"),
    ("ofd.xml", "application/ofd"),
    ("xl/workbook.bin", "application/vnd.ms-excel.sheet.binary.macroenabled.12"),
    ("ppt/presentation.xml", f"{_OFFICE}presentationml.presentation"),
    ("meta-inf/manifest.xml", "application/vnd.oasis.opendocument"),
)
_CALLED = {
    "application/rtf": "RTF",
    "application/octet-stream": "bytes of no known format",
    "application/vnd.ms-excel.sheet.binary.macroenabled.12": "a binary workbook (.xlsb)",
    f"{_OFFICE}presentationml.presentation": "a presentation (.pptx)",
    "application/vnd.oasis.opendocument": "OpenDocument (.odt, .ods)",
    "application/zip": "an archive file inside another",
}


def media_type(body: bytes) -> str:
    """The format of a document by its bytes: the signature, and for containers what they hold."""
    found = _signed_type(body)
    if found == "application/x-ole-storage":
        kind: str = import_module("pipelines.readers.ole").media_type(body)
        return kind
    return _packed_type(body) if found == "application/zip" else found


def _packed_type(body: bytes) -> str:
    """What a package holds by the names of its members, where its list of them can be read."""
    package = import_module("pipelines.readers.package")
    try:
        names = package.names(body)
    except package.ZIP_ERRORS:
        # Too damaged to be opened: the names before each member still say what it was.
        lower = body.lower()
        names = {name for name, _ in _ZIP_MEMBERS if name.encode() in lower}
    return next((kind for name, kind in _ZIP_MEMBERS if name in names), "application/zip")


def _signed_type(body: bytes) -> str:
    head = body[:4096].lstrip(b"\xef\xbb\xbf \t\r\n\x00")
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    # Two letters are no signature: the header's length, or the container's kind, goes with them.
    if body[:2] == b"BM" and body[14:18] in (b"\x28\0\0\0", b"\x6c\0\0\0", b"\x7c\0\0\0", b"\x0c\0\0\0"):
        return "image/bmp"
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "image/webp"
    if b"%PDF-" in body[:1024]:
        return "application/pdf"
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        # Before any search in the bytes: two characters side by side can look like a tag.
        text = body[:131072].decode("utf-16", "replace").encode("utf-8", "replace")
        return "text/html" if _HTML.search(text) else "text/plain"
    if _HTML.search(head[:2048]) or _HTML.search(body[:65536]):
        return "text/html"
    if b"\x00" in body[:4096]:
        return "application/octet-stream"
    return "text/plain"


def read(body: bytes, url: str | None = None, kind: str | None = None) -> Content:
    """The content of a document; raises UnreadableDocumentError with a problem code.

    `kind` is its `media_type` where that is known: a container has to be opened to tell.
    """
    if not body.strip(b"\xef\xbb\xbf \t\r\n\x00"):
        raise UnreadableDocumentError("empty_document", f"the document is empty ({len(body)} bytes)")
    kind = kind or media_type(body)
    if kind not in _READERS:
        called = f"{_CALLED[kind]}, {kind}" if kind in _CALLED else kind
        raise UnreadableDocumentError(
            "format_not_supported", f"there is no reader for this format yet: {called}"
        )
    module = import_module(f"pipelines.readers.{_READERS[kind]}")
    content: Content = module.read(body, url)
    return content
