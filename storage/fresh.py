"""Publications of which nothing stands yet, as many as are stored together: a table at a time.

That is most of what is ever stored, and there is nothing to compare: what is written hangs on the readings
alone. `storage.reports` stores all others, and gives the same rows where it is given these.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlite_utils import Database

from storage import bodies, contents, problems, search
from storage.candidates import Candidate, ReadPublication, report_row
from storage.editions import page_and_files
from storage.rows import Into
from storage.sightings import Outcome, note_outcomes, note_sightings

MEDIA_TYPE = "UPDATE documents SET media_type = ?1 WHERE sha256 = ?2 AND media_type IS NOT ?1"

_SOURCES = Into(
    *("report_sources", "report_id", "source_url", "document_url", "member", "portal_id", "fetch_id"),
    *("sha256", "is_primary", "first_seen_at"),
)
_COPIES = Into(
    *("copies", "report_id", "source_url", "document_url", "member", "content_hash", "record_hash"),
    *("figures", "legible", "extractor_version", "record"),
)
_VERSION = ("report_id", "source_url", "version", "sha256", "fetch_id", "fetched_at", "changes", "parts")
_SOURCE_VERSIONS = Into("source_versions", *_VERSION, "extractor_version", "reader_changed", "content_hash")
_REPORT_VERSIONS = Into("report_versions", *_VERSION, "extractor_version", "reader_changed")
_PUBLICATIONS = Into(
    *("publications", "page_url", "portal_id", "listing_title", "listing_date", "listing_path", "fetch_id"),
    *("label", "signature", "reading_key"),
)
_ATTACHMENTS = Into("publication_attachments", "page_url", "position", "fetch_id", "label")


class Fresh:
    """Those readings of a batch of which nothing stands. The caller holds the transaction throughout."""

    def __init__(self, db: Database, givens: Sequence[ReadPublication]) -> None:
        self._db = db
        self._conn = db.conn
        self._waiting: list[ReadPublication] = []
        ids = {candidate.report_id for given in givens for candidate in given.candidates}
        self._pages = _standing(self._conn, _STANDING_PAGES, {given.page_url for given in givens})
        """Pages that were met before."""
        self._reports = _standing(self._conn, _STANDING_REPORTS, ids)
        """Reports of which anything stands."""

    def takes(self, given: ReadPublication) -> bool:
        """Whether nothing stands of the page and of its reports, and one document alone gives each."""
        ids = [candidate.report_id for candidate in given.candidates]
        return (
            given.page_url not in self._pages
            and self._reports.isdisjoint(ids)
            and (len(ids) < 2 or len(set(ids)) == len(ids))
        )

    def add(self, given: ReadPublication) -> list[Outcome]:
        """Takes a reading in, which waits for `write`, and says what becomes of its reports."""
        self._waiting.append(given)
        self.note_stored(given)
        return [Outcome(candidate.report_id, "new") for candidate in given.candidates]

    def note_stored(self, given: ReadPublication) -> None:
        """Is told of a reading that is or will be stored: of its page and reports something stands then."""
        self._pages.add(given.page_url)
        self._reports.update(candidate.report_id for candidate in given.candidates)

    def write(self) -> None:
        """Writes what waits: what is named before what names it, where SQLite looks for both again."""
        givens, self._waiting = self._waiting, []
        if not givens:
            return
        conn = self._conn
        reports = [(given, candidate) for given in givens for candidate in given.candidates]
        met = bodies.Met(conn, [_named(candidate) for _, candidate in reports])
        conn.executemany(MEDIA_TYPE, chain.from_iterable(given.media_types() for given in givens))
        met.write_missing()
        rows = [_report_row(*one) for one in reports]
        if rows:
            _into_reports(tuple(rows[0])).insert(conn, [row[column] for row in rows for column in rows[0]])
        _SOURCES.insert(conn, _values(_source(*one) for one in reports))
        _COPIES.insert(conn, _values(_copy(*one) for one in reports))
        versions = [_version(*one) for one in reports]
        _SOURCE_VERSIONS.insert(
            conn,
            _values((*row, one.kept.content_hash) for row, (_, one) in zip(versions, reports, strict=True)),
        )
        _REPORT_VERSIONS.insert(conn, _values(versions))
        contents.write_new(self._db, [(one.report_id, one.kept.rows) for _, one in reports])
        search.write_new(self._db, [(one.report_id, one.kept.rows.terms) for _, one in reports])
        met.write_known()
        problems.insert(self._db, chain.from_iterable(given.problem_rows(self._crawl_of) for given in givens))
        _PUBLICATIONS.insert(conn, _values(map(_publication, givens)))
        _ATTACHMENTS.insert(conn, _values(chain.from_iterable(map(_attachments, givens))))
        self._note(givens)

    def _note(self, givens: Sequence[ReadPublication]) -> None:
        """Notes what the run met; of what is read again none is asked."""
        for crawl_id in {given.crawl_id for given in givens if given.crawl_id is not None}:
            own = [given for given in givens if given.crawl_id == crawl_id]
            addresses = [
                document.fetch.url for given in own for document in page_and_files(given.publication)
            ]
            problems.clear_read_addresses(self._db, addresses, crawl_id)
            new = [Outcome(candidate.report_id, "new") for given in own for candidate in given.candidates]
            note_outcomes(self._conn, crawl_id, new)
            note_sightings(self._conn, [given.publication for given in own], crawl_id)

    def _crawl_of(self, fetch_id: int) -> int | None:
        row = self._conn.execute("SELECT crawl_id FROM fetches WHERE id = ?", (fetch_id,)).fetchone()
        return None if row is None else int(row[0])


_STANDING_PAGES = "SELECT page_url FROM publications WHERE page_url IN (SELECT value FROM json_each(?))"
_STANDING_REPORTS = (
    "SELECT value FROM json_each(?) WHERE EXISTS (SELECT 1 FROM report_sources WHERE report_id = value)"
    " OR EXISTS (SELECT 1 FROM reports WHERE id = value)"
    " OR EXISTS (SELECT 1 FROM source_versions WHERE report_id = value)"
)


def _standing(conn: sqlite3.Connection, sql: str, wanted: Iterable[str]) -> set[str]:
    return {row[0] for row in conn.execute(sql, (json.dumps(sorted(wanted)),))}


def _values(rows: Iterable[Iterable[object]]) -> list[object]:
    return list(chain.from_iterable(rows))


@lru_cache(maxsize=4)
def _into_reports(columns: tuple[str, ...]) -> Into:
    return Into("reports", *columns)


def _named(candidate: Candidate) -> bodies.Named:
    kept = candidate.kept
    return bodies.Named(candidate.report_id, kept.columns["year"], kept.frame["agency"])


def _report_row(given: ReadPublication, candidate: Candidate) -> dict[str, Any]:
    fetch, kept = candidate.document.fetch, candidate.kept
    copy = {
        "source_url": given.page_url,
        "document_url": candidate.document_url,
        "member": candidate.member,
        "fetch_id": fetch.id,
        "fetched_at": fetch.fetched_at,
        "sha256": fetch.sha256,
        "first_seen_at": given.publication.page.fetch.fetched_at,
        "gone_at": None,
        "record_hash": kept.record_hash,
        "figures": kept.figures,
        "extractor_version": given.extractor_version,
    }
    return report_row(candidate.report_id, copy, kept.columns, [copy], None, given.seen_at)


def _source(given: ReadPublication, candidate: Candidate) -> tuple[object, ...]:
    fetch = candidate.document.fetch
    key = (candidate.report_id, given.page_url, candidate.document_url, candidate.member)
    seen = given.publication.page.fetch.fetched_at
    return (*key, given.publication.portal.id, fetch.id, fetch.sha256, 1, seen)


def _copy(given: ReadPublication, candidate: Candidate) -> tuple[object, ...]:
    kept = candidate.kept
    key = (candidate.report_id, given.page_url, candidate.document_url, candidate.member)
    told = (kept.content_hash, kept.record_hash, kept.figures, kept.legible)
    return (*key, *told, given.extractor_version, kept.packed)


def _version(given: ReadPublication, candidate: Candidate) -> tuple[object, ...]:
    fetch = candidate.document.fetch
    edition = (1, fetch.sha256, fetch.id, fetch.fetched_at, "[]", "[]")
    return (candidate.report_id, given.page_url, *edition, given.extractor_version, 0)


def _publication(given: ReadPublication) -> tuple[object, ...]:
    page = given.publication.page
    # Bytes that were never read to the end: the next reading of them is their first.
    signature = "" if given.unread else given.ready.signature
    return (given.page_url, *given.context(), page.fetch.id, page.label, signature, given.settled_key())


def _attachments(given: ReadPublication) -> Iterator[tuple[object, ...]]:
    for position, item in enumerate(given.publication.attachments, start=1):
        yield (given.page_url, position, item.fetch.id, item.label)
