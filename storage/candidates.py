"""What a reading gives to be stored: its reports, its problems, and the edition of its page.

Pure functions over what `storage.kept` made ready; no SQL. Whoever stores a publication asks here what
there is to be stored, whether something of it stands already or not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from crawler.items import Document, Publication
from pipelines.records import READER_FAILURES
from storage.copies import Record, json_text
from storage.editions import page_and_files
from storage.kept import Kept, Readied, Ready
from storage.problems import ProblemRow

UNSETTLED = READER_FAILURES | {
    "archives_not_installed",
    "format_not_supported",
    "ocr_disabled",
    "ocr_not_installed",
}
"""Problem codes of a reading that another machine, or this one tomorrow, may do better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A report as one document of the publication gives it, ready to be stored."""

    report_id: str
    document: Document
    document_url: str
    member: str
    kept: Kept

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.report_id, self.document_url, self.member)


class ReadPublication:
    """What one reading of a publication gives.

    `documents` are those of its years that are wanted. `seen_at` is when the page was last listed.
    """

    def __init__(
        self,
        publication: Publication,
        ready: Ready,
        documents: Sequence[Readied],
        extractor_version: str,
        crawl_id: int | None,
        seen_at: str | None,
    ) -> None:
        self.publication = publication
        self.ready = ready
        self.documents = documents
        self.extractor_version = extractor_version
        self.crawl_id = crawl_id
        self.page_url = publication.page.fetch.url
        self.seen_at = seen_at or publication.page.fetch.fetched_at
        chosen = {id(document) for document in documents}
        self.excluded = {
            document_url(publication, document) for document in ready.documents if id(document) not in chosen
        }
        """Addresses of documents of other years."""

    @cached_property
    def unread(self) -> set[str]:
        """Addresses of documents whose reading broke off: nothing is known of them, what they gave stands."""
        broken = {self.url_of(document) for document in self.documents if document.broke_off}
        whole = {self.url_of(document) for document in self.documents if not document.broke_off}
        every = {document.fetch.url for document in page_and_files(self.publication)}
        return (every | broken) - whole - self.excluded

    @cached_property
    def candidates(self) -> list[Candidate]:
        """The reports that it gives, each document's once, in the order of their keys."""
        found: dict[tuple[str, str, str], Candidate] = {}
        for document in self.documents:
            if document.kept is None or document.report_id is None:
                continue
            candidate = Candidate(
                report_id=document.report_id,
                document=document_of(self.publication, document),
                document_url=self.url_of(document),
                member=document.member or "",
                kept=document.kept,
            )
            found[candidate.key] = candidate
        return [found[key] for key in sorted(found)]

    def url_of(self, document: Readied) -> str:
        """The address of the document that a reading is of."""
        return document_url(self.publication, document)

    def media_types(self) -> Iterator[tuple[str, str]]:
        """What its documents were found to be, each with the fingerprint of its bytes."""
        for document in self.documents:
            sha256 = document_of(self.publication, document).fetch.sha256
            if sha256 is not None and document.member is None:
                yield document.media_type, sha256

    def problem_rows(self, crawl_of: Callable[[int], int | None]) -> list[ProblemRow]:
        """The rows of its problems. `crawl_of` tells of a re-reading which run fetched a document."""
        stored = {candidate.key: candidate.report_id for candidate in self.candidates}
        return [row for document in self.documents for row in self._problem_rows(document, stored, crawl_of)]

    def _problem_rows(
        self,
        document: Readied,
        stored: Mapping[tuple[str, str, str], str],
        crawl_of: Callable[[int], int | None],
    ) -> Iterator[ProblemRow]:
        if not document.problems:
            return
        fetch = document_of(self.publication, document).fetch
        url = self.url_of(document)
        report_id = None
        if document.report_id is not None:
            report_id = stored.get((document.report_id, url, document.member or ""))
        for problem in document.problems:
            yield ProblemRow(
                stage="reading",
                crawl_id=self.crawl_id if self.crawl_id is not None else crawl_of(fetch.id),
                fetch_id=fetch.id,
                report_id=report_id,
                portal_id=self.publication.portal.id,
                code=problem.code,
                url=url,
                page_url=self.page_url,
                found_on=fetch.found_on,
                link_text=fetch.link_text,
                where_found=None if problem.where is None else json_text(dict(problem.where)),
                cells=json_text([list(cell) for cell in problem.cells]),
                detail=problem.detail if document.member is None else f"{document.member}: {problem.detail}",
            )

    def context(self) -> tuple[str, str | None, str | None, str]:
        """Portal, title, date and path of the list under which the page stands."""
        listing = self.publication.listing
        path = json.dumps(list(listing.path), ensure_ascii=False)
        return (self.publication.portal.id, listing.title, listing.date, path)

    def settled_key(self, failed: Collection[str] = ()) -> str | None:
        """What the rows were read from; None where another reading of the same would give more: files
        `failed`, documents were left out or could not be read here.
        """
        codes = {problem.code for document in self.ready.documents for problem in document.problems}
        if failed or self.unread or self.excluded or codes & UNSETTLED:
            return None
        return self.ready.reading_key


def report_row(
    report_id: str,
    shown: Mapping[str, Any],
    columns: Record,
    found: Sequence[Mapping[str, Any]],
    old: Mapping[str, Any] | None,
    seen_at: str | None,
) -> dict[str, Any]:
    """The row of a report in `reports`: of its copies `found` one is `shown`; `old` is what stood."""
    times = [time for time in (seen_at, None if old is None else old["last_seen_at"]) if time is not None]
    first_seen_at = min([copy["first_seen_at"] for copy in found])
    gone = [copy["gone_at"] for copy in found]
    return {
        "id": report_id,
        **columns,
        "source_url": shown["source_url"],
        "document_url": shown["document_url"],
        "member": shown["member"] or None,
        "fetched_at": shown["fetched_at"],
        "fetch_id": shown["fetch_id"],
        "sha256": shown["sha256"],
        "figure_count": shown["figures"],
        "extractor_version": shown["extractor_version"],
        "first_seen_at": first_seen_at,
        "last_seen_at": max(times, default=first_seen_at),
        "vanished_at": None if None in gone else max(gone),
        "record_hash": shown["record_hash"],
    }


def document_of(publication: Publication, reading: Readied) -> Document:
    """The fetched document that a reading is of; the page where the reading does not say."""
    for document in page_and_files(publication):
        if reading.fetch_id is not None and document.fetch.id == reading.fetch_id:
            return document
    for document in page_and_files(publication):
        if document.fetch.sha256 == reading.sha256:
            return document
    return publication.page


def document_url(publication: Publication, reading: Readied) -> str:
    """The address of the document that a reading is of."""
    return reading.document_url or document_of(publication, reading).fetch.url
