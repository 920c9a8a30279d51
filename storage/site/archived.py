"""Documents of the archive as they are handed out, and the places of figures in them.

Owns what a reader's browser may do with a document that anybody may have written: its type is one of a
short list, no script of it runs, nothing is loaded for it, and what is not known to be harmless is a
download. Finding a place is the business of the pipelines, handed in as a `PlaceFinder`.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlsplit

from pipelines.records import Locator, Place
from storage.archive import AbsentBodyError, ArchiveReader
from storage.database import StorageError

SHA256 = re.compile(r"[0-9a-f]{64}")

SANDBOX = (
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none';"
    " base-uri 'none'; frame-ancestors 'self'"
)
"""Of a page: an origin of its own, no script, no form, no request; its own styles, pictures inside it."""

_VIEWED = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
"""Of a PDF: browsers show none in a sandbox. Their viewer runs no script of the site's."""

_YEAR = 365 * 24 * 3600

_SIGNATURES: dict[str, tuple[bytes, ...]] = {
    "image/png": (b"\x89PNG",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF8",),
    "image/bmp": (b"BM",),
    "image/webp": (b"RIFF",),
}
_TEXTS = frozenset(
    {"text/plain", "text/xml", "text/css", "text/csv", "text/javascript", "text/markdown"}
    | {"application/json", "application/xml", "application/javascript", "application/x-javascript"}
)
_OFFICE = "application/vnd.openxmlformats-officedocument."
_ENDINGS = {
    "text/html": "html",
    "text/plain": "txt",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    f"{_OFFICE}wordprocessingml.document": "docx",
    f"{_OFFICE}spreadsheetml.sheet": "xlsx",
    "application/ofd": "ofd",
    "application/vnd.rar": "rar",
    "application/x-7z-compressed": "7z",
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/bmp": "bmp",
    "image/webp": "webp",
    "image/tiff": "tif",
}
"""Types that are named as such; any other is `application/octet-stream`."""

_LABELS = {"utf_8": "utf-8", "utf_16": "utf-16", "gb18030": "gb18030", "big5": "big5", "big5hkscs": "big5"}
"""Names of charsets that browsers know, by Python's."""

_FRAMES = re.compile(rb"<(?:iframe|frame|object|embed|applet|portal|fencedframe)\b", re.IGNORECASE)
_LINKS = re.compile(rb"<link\b[^>]*", re.IGNORECASE)
_GREETS = re.compile(rb"preconnect|dns-prefetch|rel\s*=[^=]*&", re.IGNORECASE)

_UNFIT = re.compile(r'[\x00-\x1f\x7f-\x9f"\\/:*?<>|]+')


class PlaceFinder(Protocol):
    """Finds places in documents, in processes with limits (`pipelines.places.Places`)."""

    def charset(self, body: bytes) -> str:
        """The charset in which a page was read, by Python's name."""

    async def find(
        self, body: bytes, member: str | None, locator: Locator, printed: str | None, method: str
    ) -> Place:
        """The place of a figure, or why there is none to show."""

    async def page(self, body: bytes) -> Place:
        """A page of the web as it may be shown, or why there is none to show."""


class ArchiveTrouble(Exception):  # noqa: N818 a state of affairs that the reader is told
    """The bytes cannot be had; `key` names the words that say why, `status` is the answer's."""

    def __init__(self, key: str, status: int) -> None:
        super().__init__(key)
        self.key = key
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """Headers of a document, and its bytes (none where the reader has them, status 304)."""

    status: int
    headers: dict[str, str]
    content_type: str
    body: bytes


class Archived:
    """The archive beside a database, which may be absent, and the places found in it of late."""

    MOST_KEPT = 48 * 1024 * 1024
    """Bytes of places: a page with its two pictures has one or two megabytes."""

    def __init__(self, reader: ArchiveReader | None, places: PlaceFinder | None) -> None:
        self._reader = reader
        self._places = places
        self._kept: OrderedDict[tuple[Any, ...], Place] = OrderedDict()
        self._size = 0

    async def body(self, sha256: str) -> bytes:
        """The bytes of that name. Raises `ArchiveTrouble`."""
        reader = self._reader
        if reader is None or not reader.is_there():
            raise ArchiveTrouble("archive.absent", 404)
        try:
            return await asyncio.to_thread(reader.get, sha256)
        except AbsentBodyError as error:
            raise ArchiveTrouble("archive.not_held", 404) from error
        except StorageError as error:
            raise ArchiveTrouble("archive.damaged", 503) from error

    async def answer(self, sha256: str, known: Mapping[str, Any], if_none_match: str | None) -> Answer:
        """A document as it is handed out; `known` is its row of `documents` with `url` and `link_text` of a
        request that brought it. Raises `ArchiveTrouble`.
        """
        tag = f'"{sha256}"'
        if if_none_match and _matches(if_none_match, tag):
            return Answer(304, {"etag": tag, "cache-control": _KEPT}, "text/plain", b"")
        body = await self.body(sha256)
        kind, inline = _type(known["media_type"], body)
        charset = self._charset(body) if kind in ("text/html", "text/plain") else None
        inline = inline and not (kind == "text/html" and _reaches_out(body, charset))
        name = _name(sha256, kind, known)
        headers = {
            "etag": tag,
            "cache-control": _KEPT,
            "content-disposition": _disposition(name, inline=inline),
            "content-security-policy": _VIEWED if kind == "application/pdf" else SANDBOX,
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "x-dns-prefetch-control": "off",
            "cross-origin-resource-policy": "same-origin",
        }
        return Answer(200, headers, f"{kind}; charset={charset}" if charset else kind, body)

    async def view(self, sha256: str) -> Place:
        """A page of the web without scripts and without addresses to load from. Raises `ArchiveTrouble`."""
        if self._places is None:
            return Place(kind="none", reason="no_finder")
        return await self._places.page(await self.body(sha256))

    def _charset(self, body: bytes) -> str | None:
        name = self._places.charset(body) if self._places else None
        return _LABELS.get((name or "").replace("-", "_"), name)

    async def place(self, report: Mapping[str, Any], figure: Mapping[str, Any]) -> Place:
        """Where a figure of a report stands in its document. Raises `ArchiveTrouble`."""
        if self._places is None:
            return Place(kind="none", reason="no_finder")
        if not report["sha256"]:
            return Place(kind="none", reason="no_document")
        locator = json.dumps(figure["locator"], sort_keys=True)
        asked = (report["sha256"], report["member"], locator, figure["printed"], figure["method"])
        kept = self._kept.get(asked)
        if kept is not None:
            self._kept.move_to_end(asked)
            return kept
        body = await self.body(report["sha256"])
        found = await self._places.find(
            body, report["member"], figure["locator"], figure["printed"], figure["method"]
        )
        if found.kind != "none":
            self._keep(asked, found)
        return found

    def _keep(self, asked: tuple[Any, ...], place: Place) -> None:
        if asked in self._kept:
            return
        self._kept[asked] = place
        self._size += _size(place)
        while self._size > self.MOST_KEPT and len(self._kept) > 1:
            self._size -= _size(self._kept.popitem(last=False)[1])


_KEPT = f"public, max-age={_YEAR}, immutable"
"""The address is the hash of the bytes: they never change."""


def _size(place: Place) -> int:
    return len(place.html) + sum(map(len, place.pages)) + 2000


def _matches(header: str, tag: str) -> bool:
    """Whether an If-None-Match header names the tag (RFC 9110, 13.1.2)."""
    return header.strip() == "*" or tag in (one.strip().removeprefix("W/") for one in header.split(","))


def _type(media_type: str | None, body: bytes) -> tuple[str, bool]:
    """The type under which a document is handed out, and whether a browser may show it."""
    kind = (media_type or "").lower()
    if kind == "text/html":
        return kind, True
    if kind in _TEXTS:
        return "text/plain", True
    if kind == "application/pdf" and b"%PDF-" in body[:1024]:
        return kind, True
    if kind in _SIGNATURES and body.startswith(_SIGNATURES[kind]):
        return kind, True
    if kind in _ENDINGS and kind != "application/pdf" and kind not in _SIGNATURES:
        return kind, False
    return "application/octet-stream", False


def _reaches_out(body: bytes, charset: str | None) -> bool:
    """Whether a page makes the browser greet other hosts all the same: frames, which are refused after the
    connection is there, and hints (`preconnect`, `dns-prefetch`), which no header forbids. A word that is
    written in character references may be one of them.
    """
    if charset and charset.startswith("utf-16"):
        return True
    return bool(_FRAMES.search(body)) or any(_GREETS.search(link) for link in _LINKS.findall(body))


def _name(sha256: str, kind: str, known: Mapping[str, Any]) -> str:
    """The name of the file: that of its address, else the words of the link to it, else its hash."""
    ending = _ENDINGS.get(kind, "bin")
    address = unquote(urlsplit(known["url"] or "").path)
    stem, _, end = PurePosixPath(address).name.rpartition(".")
    if not stem or not end.isalnum() or len(end) > 5 or (kind != "text/html" and end.lower() != ending):
        stem = known["link_text"] or ""
    stem = _UNFIT.sub(" ", stem).strip(" .")[:80]
    return f"{stem or sha256[:16]}.{ending}"


def _disposition(name: str, *, inline: bool) -> str:
    """The header that names a file (RFC 6266), in ASCII and as it is."""
    plain = re.sub(r"[^A-Za-z0-9._ -]+", "_", name)
    way = "inline" if inline else "attachment"
    return f"{way}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
