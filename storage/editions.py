"""What tells an edition of a page: the bytes of page and files, and all that a reading depends on.

Pure functions over publications, for whoever reads one as for whoever stores it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from crawler.items import Document, Publication
from storage.copies import json_text, shallow


def page_and_files(publication: Publication) -> tuple[Document, ...]:
    """The documents of a publication, its page first."""
    return (publication.page, *publication.attachments)


def signature(publication: Publication) -> str:
    """Fingerprint of this edition of the page, see `signature_of`."""
    return signature_of(
        publication.page.fetch.sha256,
        [(item.fetch.url, item.fetch.sha256) for item in publication.attachments],
    )


def reading_key(publication: Publication, extractor_version: str) -> str:
    """Fingerprint of everything that a reading depends on: bytes, addresses, labels, list, portal, reader."""
    documents = [
        [
            document.fetch.url,
            document.fetch.final_url,
            document.fetch.content_type,
            document.fetch.sha256,
            document.label,
        ]
        for document in page_and_files(publication)
    ]
    whence = [shallow(publication.portal), shallow(publication.listing)]
    return hashlib.sha256(json_text([extractor_version, whence, documents]).encode("utf-8")).hexdigest()


def signature_of(page_sha256: str | None, files: Iterable[tuple[str, str | None]]) -> str:
    """Fingerprint of an edition of a page: its bytes and those of its files, in their order."""
    return hashlib.sha256(
        json_text([page_sha256, [list(file) for file in files]]).encode("utf-8")
    ).hexdigest()
