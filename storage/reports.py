"""Stores what the reading of a publication gave: one report in one transaction, or not at all.

What each address gave is kept (`report_sources`, `copies`, `source_versions`), and the rows that
people see (`reports`, `figures`, `sections`, `checks`, `claims`, `report_versions`, `agencies`) are
always made anew from that. So the same addresses give the same rows in whatever order they came,
and a second identical crawl, or a re-reading of the archive, writes nothing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from sqlite_utils import Database

from crawler.items import Publication
from pipelines.records import READER_FAILURES, FinishedReading, PublicationReading
from storage import bodies, contents, copies, problems, search
from storage.candidates import Candidate, ReadPublication, document_of, report_row
from storage.copies import Copy, Record, json_text
from storage.database import StorageError, file_of, is_gathering, one_line_errors, transaction
from storage.editions import page_and_files, reading_key, signature_of
from storage.fresh import MEDIA_TYPE, Fresh
from storage.kept import Kept, Ready, Rows, columns_of, readied, rows_of
from storage.problems import ProblemRow
from storage.sightings import Outcome, note_outcomes, note_sightings


def store(
    db: Database,
    reading: PublicationReading | FinishedReading,
    crawl_id: int | None,
    *,
    years: Collection[int] | None = None,
    seen_at: str | None = None,
) -> list[Outcome]:
    """Stores the reports and the problems of one publication and says what became of each report.

    The reading may be one that was made ready (`kept.readied`) where it was read; else it is now.
    `crawl_id` is None for a re-reading of the archive: its problems then belong to the crawl that
    fetched the document. With `years`, documents whose year is known and not among them are left
    alone altogether. `seen_at` is when the page was last listed where that is later than its fetch.
    Where another portal's list leads to the same page and says more of whose report it is, its reading
    stays. Everything is written in one transaction; raises `StorageError`.
    """
    try:
        given = _given(reading, crawl_id, years, seen_at)
        with transaction(db):
            return _stored(db, [given], crawl_id, years)[0]
    except StorageError as error:
        raise StorageError(f"{reading.publication.page.fetch.url} was not stored: {error}") from error


def store_together(
    db: Database,
    readings: Sequence[tuple[PublicationReading | FinishedReading, str | None]],
    crawl_id: int | None,
    *,
    years: Collection[int] | None = None,
) -> list[list[Outcome] | Exception]:
    """Stores several readings, each with its `seen_at`, as `store` stores them one after the other, and
    says of each what became of its reports, or why it was not stored.

    Those of which nothing stands yet are written a table at a time. Where one fails all of them are undone
    and stored one by one: each stands whole or not at all, whatever becomes of the others. Raises
    `StorageError` where an error left no room for any (a full disk): all that is gathered is gone with them.
    """
    gathered = is_gathering(db)
    try:
        givens = [_given(reading, crawl_id, years, seen_at) for reading, seen_at in readings]
        with transaction(db):
            return list(_stored(db, givens, crawl_id, years))
    except Exception:
        if gathered and not is_gathering(db):
            raise
    # Whatever it was, it is met again where its reading is stored alone.
    found: list[list[Outcome] | Exception] = []
    for reading, seen_at in readings:
        try:
            found.append(store(db, reading, crawl_id, years=years, seen_at=seen_at))
        except Exception as error:
            if gathered and not is_gathering(db):
                raise
            found.append(error)
    return found


def _given(
    reading: PublicationReading | FinishedReading,
    crawl_id: int | None,
    years: Collection[int] | None,
    seen_at: str | None,
) -> ReadPublication:
    ready: Ready = readied(reading) if isinstance(reading, PublicationReading) else reading.finished
    chosen = [
        document
        for document in ready.documents
        if years is None or document.year is None or document.year in years
    ]
    return ReadPublication(reading.publication, ready, chosen, reading.extractor_version, crawl_id, seen_at)


def _stored(
    db: Database, givens: Sequence[ReadPublication], crawl_id: int | None, years: Collection[int] | None
) -> list[list[Outcome]]:
    """What became of the reports of each. The caller holds the transaction."""
    fresh = Fresh(db, givens)
    stored = []
    for given in givens:
        if given.ready.documents and not given.documents:
            outcomes = []
        elif fresh.takes(given):
            outcomes = fresh.add(given)
        else:
            # Whatever it looks at must stand.
            fresh.write()
            outcomes = _stored_over(db, given, crawl_id, years)
            fresh.note_stored(given)
        stored.append(outcomes)
    fresh.write()
    return stored


def _stored_over(
    db: Database, given: ReadPublication, crawl_id: int | None, years: Collection[int] | None
) -> list[Outcome]:
    """Stores a reading of which something may stand, and says what became of its reports."""
    edition = _edition(db, given.publication, given.ready.signature)
    if crawl_id is not None and _is_told_better(db.conn, given, edition):
        return confirm(db, given.publication, crawl_id, seen_at=given.seen_at, years=years)
    outcomes = _PublicationStore(db, given, edition).store()
    if crawl_id is not None:
        note_outcomes(db.conn, crawl_id, outcomes)
        note_sightings(db.conn, [given.publication], crawl_id)
    return outcomes


@dataclass(frozen=True, slots=True)
class _Edition:
    """A page as it is stored, and as it is met now."""

    portal_id: str | None
    """The portal whose list led to the page when it was stored; None where it never was."""
    stored: str | None
    met: str

    @property
    def known(self) -> bool:
        return self.portal_id is not None

    @property
    def same_bytes(self) -> bool:
        return self.stored == self.met


def _edition(db: Database, publication: Publication, met: str) -> _Edition:
    with one_line_errors(db):
        row = db.conn.execute(
            "SELECT portal_id, signature FROM publications WHERE page_url = ?",
            (publication.page.fetch.url,),
        ).fetchone()
    portal_id, stored = row or (None, None)
    return _Edition(portal_id, stored, met)


def _is_told_better(conn: sqlite3.Connection, given: ReadPublication, edition: _Edition) -> bool:
    """Whether the same bytes, met by another portal's list, were told apart better, or else as well by the
    portal that comes first: which list led to a page last is chance.
    """
    publication = given.publication
    if edition.portal_id in (None, publication.portal.id) or not edition.same_bytes:
        return False
    standing = {
        (row["document_url"], row["member"]): row
        for row in _rows(
            conn,
            "SELECT report_id, document_url, member, record FROM report_sources"
            " JOIN copies USING (report_id, source_url, document_url, member)"
            " WHERE source_url = ? AND gone_at IS NULL",
            publication.page.fetch.url,
        )
    }
    before = after = 0
    differs = False
    for document in given.documents:
        row = standing.get((given.url_of(document), document.member or ""))
        before += _how_well(copies.unpacked(row["record"]) if row else None)
        after += _how_well(document.kept.frame if document.kept else None)
        differs |= document.report_id != (row["report_id"] if row else None)
    return differs and (before, publication.portal.id) > (after, edition.portal_id or "")


def _how_well(record: Record | None) -> int:
    """How well a reading tells whose report of which year a document is."""
    if record is None:
        return 0
    if record["agency"]["division_code"] is None:
        return 1
    return {"inferred": 2, "contradicted": 3}.get(record.get("doubt") or "", 4)


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A publication of which nothing changed since it was read and stored; see `is_read`."""

    publication: Publication


def is_read(db: Database, publication: Publication, extractor_version: str) -> bool:
    """Whether the stored rows are what reading these very bytes, linked as they are, gives.

    Not where a report of the page was found gone: that it is there again must be written.
    """
    with one_line_errors(db):
        row = db.conn.execute(
            "SELECT reading_key FROM publications WHERE page_url = ?1 AND NOT EXISTS ("
            "SELECT 1 FROM report_sources WHERE source_url = ?1 AND gone_at IS NOT NULL)",
            (publication.page.fetch.url,),
        ).fetchone()
    return row is not None and row[0] == reading_key(publication, extractor_version)


def confirm(
    db: Database,
    publication: Publication,
    crawl_id: int,
    *,
    seen_at: str,
    years: Collection[int] | None = None,
) -> list[Outcome]:
    """Notes that a publication was met again as it was: what storing it again would write, and no more."""
    page_url = publication.page.fetch.url
    with transaction(db):
        ids = [
            row[0]
            for row in db.conn.execute(
                "SELECT DISTINCT id, year FROM reports JOIN report_sources ON report_id = id"
                " WHERE report_sources.source_url = ? AND gone_at IS NULL ORDER BY id",
                (page_url,),
            ).fetchall()
            if years is None or row[1] in years
        ]
        db.conn.executemany(
            "UPDATE reports SET last_seen_at = max(last_seen_at, ?) WHERE id = ?",
            [(seen_at, report_id) for report_id in ids],
        )
        db.conn.execute(
            "UPDATE problems SET crawl_id = ? WHERE stage = 'reading' AND page_url = ?", (crawl_id, page_url)
        )
        problems.clear_read_addresses(
            db, [document.fetch.url for document in page_and_files(publication)], crawl_id
        )
        outcomes = [Outcome(report_id, "unchanged") for report_id in ids]
        note_outcomes(db.conn, crawl_id, outcomes)
        note_sightings(db.conn, [publication], crawl_id)
    return outcomes


class _PublicationStore:
    """The steps of storing one publication over what stands, in a transaction of the caller's."""

    def __init__(self, db: Database, given: ReadPublication, edition: _Edition) -> None:
        self.db = db
        self.conn = db.conn
        self.given = given
        self.publication = given.publication
        self.crawl_id = given.crawl_id
        self.page_url = given.page_url
        self.signature = edition.met
        self.known = edition.known
        """Of a page that is not known nothing stands in any table: none of it need be asked for."""
        self.same_bytes = edition.same_bytes
        self.left_alone = given.excluded | given.unread
        self.moved = False
        """Whether this edition of the page says anything that the stored one does not."""
        self.handed_on: set[str] = set()
        """Reports that took over the history of one whose body is read otherwise now."""
        self.at_hand = {one.kept.record_hash: one.kept for one in given.candidates}
        """What this reading gives, by its fingerprint: it need not be unpacked again."""

    def store(self) -> list[Outcome]:
        candidates = self.given.candidates
        standing = self._standing()
        seen = {candidate.report_id for candidate in candidates}
        stood = {row["report_id"] for row in standing.values()}
        touched = sorted(seen | stood)
        before = {report_id: self._page_copy(_copies(self.conn, report_id)) for report_id in sorted(stood)}

        failed = self._failed_now(standing.values())
        self._write_media_types()
        for candidate in candidates:
            self._write_source(candidate, standing.get(candidate.key))
        self._settle_missing(standing.values(), candidates, failed)
        found = {report_id: _copies(self.conn, report_id) for report_id in touched}
        changed = {
            report_id
            for report_id, given in found.items()
            if self._write_version(report_id, before.get(report_id), self._page_copy(given))
        }
        outcomes = []
        for report_id in touched:
            kind = _write_shown(
                self.db,
                report_id,
                found[report_id],
                self.at_hand,
                seen_at=self.given.seen_at if report_id in seen else None,
            )
            if report_id in seen:
                further = report_id in changed and kind != "new"
                outcomes.append(Outcome(report_id, "changed" if further else kind))
        self.moved |= self._write_problems(failed)
        self._write_publication(failed)
        return outcomes

    def _standing(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        """What the page is known to give or to have given, by report, document and member."""
        if not self.known:
            return {}
        rows = _rows(
            self.conn,
            "SELECT s.*, c.content_hash, p.agency AS portal_agency, p.division_code AS portal_division"
            " FROM report_sources AS s JOIN portals AS p ON p.id = s.portal_id"
            " JOIN copies AS c USING (report_id, source_url, document_url, member) WHERE source_url = ?"
            " ORDER BY report_id, document_url, member",
            self.page_url,
        )
        return {(row["report_id"], row["document_url"], row["member"]): row for row in rows}

    def _failed_now(self, standing: Iterable[Mapping[str, Any]]) -> set[str]:
        """Files that the page had, that are missing now, and that this run asked for without success."""
        if self.crawl_id is None or not self.known:
            return set()
        present = {document.fetch.url for document in page_and_files(self.publication)}
        files = {row["document_url"] for row in standing} | {
            row[0]
            for row in self.conn.execute(
                "SELECT fetches.url FROM publication_attachments"
                " JOIN fetches ON fetches.id = publication_attachments.fetch_id WHERE page_url = ?",
                (self.page_url,),
            )
        }
        failed = set()
        for url in files - present:
            last = self.conn.execute(
                "SELECT status FROM fetches WHERE crawl_id = ? AND url = ? ORDER BY id DESC LIMIT 1",
                (self.crawl_id, url),
            ).fetchone()
            if last is not None and last[0] not in (404, 410):
                failed.add(url)
        return failed

    def _write_media_types(self) -> None:
        self.conn.executemany(MEDIA_TYPE, self.given.media_types())

    def _page_copy(self, found: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
        """The copy of a report that this page gives: of its documents the one that ranks first."""
        own = [copy for copy in found if copy["source_url"] == self.page_url]
        return _ranked(own, self.at_hand)[0] if own else None

    def _write_source(self, candidate: Candidate, old: Mapping[str, Any] | None) -> None:
        """Writes what the page gives of a report; `old` is what stood of it."""
        fetch = candidate.document.fetch
        key = (candidate.report_id, self.page_url, candidate.document_url, candidate.member)
        portal = self.publication.portal
        portal_id = portal.id
        if old is None:
            self.conn.execute(
                "INSERT INTO report_sources (report_id, source_url, document_url, member, portal_id,"
                " fetch_id, sha256, is_primary, first_seen_at, gone_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7,"
                " NOT EXISTS (SELECT 1 FROM report_sources WHERE report_id = ?1), ?8, NULL)",
                (*key, portal_id, fetch.id, fetch.sha256, self.publication.page.fetch.fetched_at),
            )
            self._write_copy(key, candidate)
            self.moved = True
            return
        # Two portals may list one page, and which of them comes first is chance: the nearer one stays.
        agency = candidate.kept.frame["agency"]
        if copies.house(agency, old["portal_agency"], old["portal_division"]) <= copies.house(
            agency, portal.agency, portal.division
        ):
            portal_id = old["portal_id"]
        same_content = old["content_hash"] == candidate.kept.content_hash
        same_document = self.same_bytes or old["sha256"] == fetch.sha256
        kept = same_content or old["sha256"] == fetch.sha256
        self.moved |= not same_content or old["gone_at"] is not None
        provenance = (old["fetch_id"], old["sha256"]) if kept else (fetch.id, fetch.sha256)
        if (portal_id, *provenance, None) != (
            old["portal_id"],
            old["fetch_id"],
            old["sha256"],
            old["gone_at"],
        ):
            self.conn.execute(
                "UPDATE report_sources SET portal_id = ?, fetch_id = ?, sha256 = ?, gone_at = NULL"
                " WHERE report_id = ? AND source_url = ? AND document_url = ? AND member = ?",
                (portal_id, *provenance, *key),
            )
        if same_document or not same_content:
            self._write_copy(key, candidate)

    def _write_copy(self, key: tuple[str, str, str, str], candidate: Candidate) -> None:
        given = candidate.kept
        self.conn.execute(
            "INSERT INTO copies (report_id, source_url, document_url, member, content_hash, record_hash,"
            " figures, legible, extractor_version, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET content_hash = excluded.content_hash,"
            " record_hash = excluded.record_hash, figures = excluded.figures, legible = excluded.legible,"
            " extractor_version = excluded.extractor_version, record = excluded.record"
            " WHERE record_hash <> excluded.record_hash OR extractor_version <> excluded.extractor_version",
            (
                *key,
                given.content_hash,
                given.record_hash,
                given.figures,
                given.legible,
                self.given.extractor_version,
                given.packed,
            ),
        )

    def _settle_missing(
        self, standing: Collection[Mapping[str, Any]], candidates: Iterable[Candidate], failed: set[str]
    ) -> None:
        """What becomes of reports that this page gave once and does not give now.

        The same bytes read as something else: the old row was a misreading and goes. Other bytes:
        the page gave it once, which stays on record with the day on which it was found gone.
        """
        if not standing:
            return
        given = {candidate.key for candidate in candidates}
        present = {
            (self.given.url_of(document), document.member or ""): document_of(
                self.publication, document
            ).fetch.sha256
            for document in self.given.documents
        }
        for row in standing:
            if (row["report_id"], row["document_url"], row["member"]) in given:
                continue
            if row["document_url"] in self.left_alone or row["document_url"] in failed:
                continue
            key = (row["report_id"], row["source_url"], row["document_url"], row["member"])
            now = present.get((row["document_url"], row["member"]))
            # A row that was found gone before belongs to older bytes, unless these are those again.
            misread = now is not None and now == row["sha256"]
            if misread or (self.same_bytes and row["gone_at"] is None):
                where = " WHERE report_id = ? AND source_url = ? AND document_url = ? AND member = ?"
                self.conn.execute("DELETE FROM copies" + where, key)
                self.conn.execute("DELETE FROM report_sources" + where, key)
                self._hand_on_history(row, candidates)
                self.moved = True
            elif row["gone_at"] is None:
                self.conn.execute(
                    "UPDATE report_sources SET gone_at = ?"
                    " WHERE report_id = ? AND source_url = ? AND document_url = ? AND member = ?",
                    (self.publication.page.fetch.fetched_at, *key),
                )
                self.moved = True

    def _hand_on_history(self, row: Mapping[str, Any], candidates: Iterable[Candidate]) -> None:
        """Gives the history of a report of this page to the report of the same year that its document is
        now, under the id of another body: the bytes of earlier versions are not read again.
        """
        old = row["report_id"]
        year = old.rpartition("-")[2]
        place = (row["document_url"], row["member"])
        heirs = {one.report_id for one in candidates if (one.document_url, one.member) == place}
        if len(heirs) != 1 or (new := next(iter(heirs))).rpartition("-")[2] != year:
            return
        page = (self.page_url,)
        if (
            self.conn.execute(
                "SELECT 1 FROM report_sources WHERE report_id = ? AND source_url = ?", (old, *page)
            ).fetchone()
            or self.conn.execute(
                "SELECT 1 FROM source_versions WHERE report_id = ? AND source_url = ?", (new, *page)
            ).fetchone()
        ):
            return
        self.conn.execute(
            "UPDATE source_versions SET report_id = ? WHERE report_id = ? AND source_url = ?",
            (new, old, *page),
        )
        self.handed_on.add(new)

    def _write_version(
        self, report_id: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
    ) -> bool:
        """Keeps the history of this page's copy of the report; says whether a further version was added."""
        if after is None:
            self.conn.execute(
                "DELETE FROM source_versions WHERE report_id = ? AND source_url = ?",
                (report_id, self.page_url),
            )
            return False
        history = self._history(report_id) if self.known else []
        if not history:
            self._insert_version(report_id, 1, after, None)
            return False
        handed_on = report_id in self.handed_on
        if not handed_on and (before is None or before["content_hash"] == after["content_hash"]):
            return False
        same_document = before is not None and (
            _address(before) == _address(after) and before["sha256"] == after["sha256"]
        )
        if handed_on or self.same_bytes or same_document:
            last = history.pop()["version"]
            self.conn.execute(
                "DELETE FROM source_versions WHERE report_id = ? AND source_url = ? AND version = ?",
                (report_id, self.page_url, last),
            )
            self._insert_version(report_id, last, after, history[-1] if history else None)
            return False
        # What the page said until now, read as it was read last, is what the change is measured from.
        self._insert_version(report_id, history[-1]["version"] + 1, after, before)
        return True

    def _history(self, report_id: str) -> list[dict[str, Any]]:
        return _rows(
            self.conn,
            f"SELECT version, extractor_version, {_RECORD} AS record FROM source_versions"
            " WHERE report_id = ? AND source_url = ? ORDER BY version",
            report_id,
            self.page_url,
        )

    def _insert_version(
        self,
        report_id: str,
        version: int,
        after: Mapping[str, Any],
        before: Mapping[str, Any] | None,
    ) -> None:
        changes, parts, reader_changed = "[]", "[]", 0
        if before is not None:
            older, newer = _record(before, self.at_hand), _record(after, self.at_hand)
            changes = json_text(
                [
                    {"cell": list(change.cell), "before": change.before, "after": change.after}
                    for change in copies.changed_cells(older, newer)
                ]
            )
            parts = json_text(copies.changed_parts(older, newer))
            reader_changed = int(before["extractor_version"] != after["extractor_version"])
        self.conn.execute(
            "INSERT INTO source_versions (report_id, source_url, version, sha256, fetch_id, fetched_at,"
            " changes, parts, extractor_version, reader_changed, content_hash)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                report_id,
                self.page_url,
                version,
                after["sha256"],
                after["fetch_id"],
                after["fetched_at"],
                changes,
                parts,
                after["extractor_version"],
                reader_changed,
                after["content_hash"],
            ),
        )

    def _write_problems(self, failed: set[str]) -> bool:
        """Replaces the problems of this page's documents; says whether what they say differs from before."""
        superseded = (
            " FROM problems WHERE stage = 'reading' AND page_url = ?"
            " AND (url NOT IN (SELECT value FROM json_each(?)) OR code IN (SELECT value FROM json_each(?)))"
        )
        bound: tuple[str, ...] = ()
        old = []
        if self.known:
            kept = json.dumps(sorted(self.left_alone | failed))
            bound = (self.page_url, kept, json.dumps(sorted(READER_FAILURES)))
            old = self.conn.execute(
                "SELECT code, url, report_id, where_found, cells, detail" + superseded, bound
            ).fetchall()
        rows = self.given.problem_rows(self._crawl_of)
        said = [(row.code, row.url, row.report_id, row.where_found, row.cells, row.detail) for row in rows]
        if old:
            self.conn.execute("DELETE" + superseded, bound)
        problems.insert(self.db, rows)
        if self.crawl_id is not None:
            problems.clear_read_addresses(
                self.db, [document.fetch.url for document in page_and_files(self.publication)], self.crawl_id
            )
        return sorted(map(repr, said)) != sorted(map(repr, old))

    def _crawl_of(self, fetch_id: int) -> int | None:
        row = self.conn.execute("SELECT crawl_id FROM fetches WHERE id = ?", (fetch_id,)).fetchone()
        return None if row is None else int(row[0])

    def _write_publication(self, failed: set[str]) -> None:
        """Keeps what a re-reading needs: the edition of the page that the rows were made from.

        A page whose bytes differ and whose records do not stays at the edition that gave them.
        Files that failed in this run are taken over from the edition before.
        """
        context = self.given.context()
        if self.known and (self.same_bytes or not self.moved) and not self._files_differ(failed):
            self.conn.execute(
                "UPDATE publications SET portal_id = ?1, listing_title = ?2, listing_date = ?3,"
                " listing_path = ?4 WHERE page_url = ?5 AND (portal_id, listing_path) IS NOT (?1, ?4)"
                " OR page_url = ?5 AND (listing_title IS NOT ?2 OR listing_date IS NOT ?3)",
                (*context, self.page_url),
            )
            self._write_reading_key(failed)
            return
        taken_over = self._taken_over(failed) if failed else []
        page = self.publication.page
        if self.known:
            self.conn.execute("DELETE FROM publication_attachments WHERE page_url = ?", (self.page_url,))
        self.conn.execute(
            "INSERT INTO publications (page_url, portal_id, listing_title, listing_date, listing_path,"
            " fetch_id, label, signature, reading_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET"
            " portal_id = excluded.portal_id, listing_title = excluded.listing_title,"
            " listing_date = excluded.listing_date, listing_path = excluded.listing_path,"
            " fetch_id = excluded.fetch_id, label = excluded.label, signature = excluded.signature,"
            " reading_key = excluded.reading_key",
            (
                *(self.page_url, *context, page.fetch.id, page.label, self.signature),
                self.given.settled_key(failed),
            ),
        )
        attachments = [(item.fetch.id, item.label) for item in self.publication.attachments]
        attachments += taken_over
        self.conn.executemany(
            "INSERT INTO publication_attachments (page_url, position, fetch_id, label) VALUES (?, ?, ?, ?)",
            [(self.page_url, position, *item) for position, item in enumerate(attachments, start=1)],
        )
        if self.given.unread or taken_over:
            # These bytes were never read to the end: the next reading of them is their first.
            signature = "" if self.given.unread else self._stored_signature()
            self.conn.execute(
                "UPDATE publications SET signature = ? WHERE page_url = ?", (signature, self.page_url)
            )

    def _taken_over(self, failed: set[str]) -> list[tuple[int, str | None]]:
        """The files of the edition before that failed in this run, with their labels."""
        rows = self.conn.execute(
            "SELECT fetches.id, publication_attachments.label, fetches.url FROM publication_attachments"
            " JOIN fetches ON fetches.id = publication_attachments.fetch_id WHERE page_url = ?"
            " ORDER BY position",
            (self.page_url,),
        )
        return [(fetch_id, label) for fetch_id, label, url in rows.fetchall() if url in failed]

    def _write_reading_key(self, failed: set[str]) -> None:
        """Notes what the rows were read from."""
        self.conn.execute(
            "UPDATE publications SET reading_key = ?1 WHERE page_url = ?2 AND reading_key IS NOT ?1",
            (self.given.settled_key(failed), self.page_url),
        )

    def _files_differ(self, failed: set[str]) -> bool:
        stored = {
            row[0]
            for row in self.conn.execute(
                "SELECT fetches.url FROM publication_attachments"
                " JOIN fetches ON fetches.id = publication_attachments.fetch_id WHERE page_url = ?",
                (self.page_url,),
            )
        }
        return stored - failed != {item.fetch.url for item in self.publication.attachments}

    def _stored_signature(self) -> str:
        page = self.publication.page.fetch
        files = self.conn.execute(
            "SELECT fetches.url, fetches.sha256 FROM publication_attachments"
            " JOIN fetches ON fetches.id = publication_attachments.fetch_id WHERE page_url = ?"
            " ORDER BY position",
            (self.page_url,),
        ).fetchall()
        return signature_of(page.sha256, files)


def _write_shown(
    db: Database,
    report_id: str,
    found: Sequence[dict[str, Any]],
    given: Mapping[str, Kept],
    *,
    seen_at: str | None = None,
) -> Literal["new", "reread", "unchanged"]:
    """Makes the rows of a report from the copy of those `found` that ranks first; says what became of them.

    Without any copy the report was a misreading and is taken away. `seen_at` is the time at which
    it was just seen, None where it was not. The caller holds the transaction.
    """
    conn = db.conn
    if not found:
        _delete_report(db, report_id)
        return "reread"
    found = _ranked(found, given)
    shown = found[0]
    at_hand = given.get(shown["record_hash"])
    record = copies.unpacked(shown["record"]) if at_hand is None else at_hand.frame
    columns = columns_of(record) if at_hand is None else at_hand.columns
    old = _row(conn, "SELECT * FROM reports WHERE id = ?", report_id)
    row = report_row(report_id, shown, columns, found, old, seen_at)
    rewritten = old is None or any(
        old[key] != row[key] for key in row if key not in ("last_seen_at", "vanished_at")
    )
    agency, agency_is_new = record["agency"], False
    if old is None or old != row:
        # The agency's row must stand before the report's; both come from the copy that is shown.
        agency_is_new = bodies.write_missing(conn, agency, named=False)
        conn.execute(_put_report(tuple(row), new=old is None), tuple(row.values()))
    if any(copy["is_primary"] != (copy is shown) for copy in found):
        conn.execute(
            "UPDATE report_sources SET is_primary = 1 - is_primary WHERE report_id = ?1 AND is_primary <>"
            " ((source_url, document_url, member) = (?2, ?3, ?4))",
            (report_id, shown["source_url"], shown["document_url"], shown["member"]),
        )
    if old is None or old["record_hash"] != row["record_hash"]:
        rows = rows_of(record) if at_hand is None else at_hand.rows
        _write_contents(db, report_id, rows)
    _write_shown_versions(conn, report_id, shown["source_url"], new=old is None)
    if old is not None or len(found) > 1:
        _write_contradictions(db, report_id, found, given)
    if agency_is_new:
        bodies.write_names(conn, agency["id"], agency)
    elif rewritten:
        bodies.write(conn, agency["id"], report_id, agency)
    return "new" if old is None else "reread" if rewritten else "unchanged"


@lru_cache(maxsize=4)
def _put_report(columns: Sequence[str], *, new: bool) -> str:
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns if column != "id")
    return f"INSERT INTO reports ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})" + (
        "" if new else f" ON CONFLICT (id) DO UPDATE SET {changes}"
    )


def write_again(db: Database, report_ids: Iterable[str]) -> None:
    """Makes what stands of these reports from their kept copies again, whatever stands there.

    For rows that are not what was read (see `storage.arithmetic`): nothing else tells, as the copy is the
    same. What was found by looking at all reports together is to be made anew as well.
    """
    with transaction(db):
        for report_id in report_ids:
            row = db.conn.execute(
                "SELECT record FROM copies"
                " JOIN report_sources USING (report_id, source_url, document_url, member)"
                " WHERE report_id = ? AND is_primary = 1",
                (report_id,),
            ).fetchone()
            if row is not None:
                _write_contents(db, report_id, rows_of(copies.unpacked(row[0])))
        db.conn.execute("DELETE FROM findings_state")


def note_ids(db: Database) -> None:
    """Notes which report each document gives now, for `ids_gone` on the same connection."""
    with one_line_errors(file_of(db)):
        # No temporary table: `undo_in` takes those away.
        if "noted" not in [name for _, name, _ in db.conn.execute("PRAGMA database_list")]:
            db.conn.execute("ATTACH DATABASE '' AS noted")
        db.conn.execute("DROP TABLE IF EXISTS noted.ids_before")
        db.conn.execute(
            "CREATE TABLE noted.ids_before AS"
            " SELECT report_id, source_url, document_url, member, (SELECT count(*) FROM report_versions"
            "   WHERE report_versions.report_id = report_sources.report_id) AS versions FROM report_sources"
        )


def ids_gone(db: Database) -> list[tuple[str, str | None, str, int]]:
    """The ids that were noted and name no report any more, each with the id under which the report of the
    same document stands now (None where it gives none), its page, and how many earlier versions went with
    it: they are read from bytes that are not read again.
    """
    with one_line_errors(file_of(db)):
        return db.conn.execute(
            "SELECT before.report_id, min(now.report_id), min(before.source_url), max(before.versions -"
            " (SELECT max(count(*), 1) FROM report_versions WHERE report_id = now.report_id), 0)"
            " FROM noted.ids_before AS before"
            " LEFT JOIN report_sources AS now USING (source_url, document_url, member)"
            " WHERE before.report_id NOT IN (SELECT id FROM reports)"
            " GROUP BY before.report_id ORDER BY before.report_id"
        ).fetchall()


def mark_gone_pages(db: Database, crawl_id: int) -> None:
    """Notes the reports whose page answered 404 or 410 in this run, and was not served in it.

    A firewall may answer with these, too: a page of which a problem says that it may hide reports is none.
    """
    with transaction(db):
        gone = db.conn.execute(
            f"""
            SELECT report_id, source_url, document_url, member, max(fetches.fetched_at)
            FROM report_sources JOIN fetches ON fetches.url = report_sources.source_url
            WHERE fetches.crawl_id = :crawl AND fetches.status IN (404, 410)
                AND report_sources.gone_at IS NULL
                AND NOT EXISTS (
                    SELECT 1 FROM fetches AS served WHERE served.crawl_id = :crawl
                    AND served.url = report_sources.source_url AND {_SERVED}
                )
                AND source_url NOT IN ({_FAILED})
            GROUP BY report_id, source_url, document_url, member
            """,
            {"crawl": crawl_id},
        ).fetchall()
        _mark_gone(db, crawl_id, gone)


def mark_unlisted_pages(db: Database, crawl_id: int, now: str) -> None:
    """Notes the reports whose page no list names any more; for a run that walked its portals whole.

    A page counts as unlisted where every portal that ever led to it was walked in this run, nothing
    that may have hidden reports happened on any of them or to itself, and none led to it.
    """
    with transaction(db):
        gone = db.conn.execute(
            f"""
            WITH walked (portal_id) AS (
                SELECT portal_id FROM fetches AS served
                WHERE crawl_id = :crawl AND role IN ('home', 'hub', 'list') AND {_SERVED}
                EXCEPT
                SELECT portal_id FROM problems
                WHERE crawl_id = :crawl AND stage = 'crawl' AND hides_reports = 1
            ), unlisted (page_url) AS (
                SELECT page_url FROM sightings GROUP BY page_url
                HAVING max(crawl_id) < :crawl AND sum(portal_id NOT IN (SELECT portal_id FROM walked)) = 0
            )
            SELECT report_id, source_url, document_url, member, :now FROM report_sources
            WHERE gone_at IS NULL AND source_url IN (SELECT page_url FROM unlisted)
                AND source_url NOT IN ({_FAILED})
            """,
            {"crawl": crawl_id, "now": now},
        ).fetchall()
        _mark_gone(db, crawl_id, gone)


_FAILED = (
    "SELECT url FROM problems WHERE crawl_id = :crawl AND stage = 'crawl' AND hides_reports = 1"
    " AND url IS NOT NULL"
)
"""Addresses asked for in vain; another portal than the one that lists a page may have asked for it."""
_SERVED = "(served.status BETWEEN 200 AND 299 OR served.status = 304 AND served.sha256 IS NOT NULL)"


def _mark_gone(db: Database, crawl_id: int, gone: Iterable[tuple[str, ...]]) -> None:
    """Closes the sources, given as key and time, and counts the reports that no other source gives."""
    touched = set()
    for *key, gone_at in gone:
        touched.add(key[0])
        db.conn.execute(
            "UPDATE report_sources SET gone_at = ?"
            " WHERE report_id = ? AND source_url = ? AND document_url = ? AND member = ?",
            (gone_at, *key),
        )
    for report_id in sorted(touched):
        _write_shown(db, report_id, _copies(db.conn, report_id), {})
    vanished = [
        Outcome(report_id, "vanished")
        for report_id in sorted(touched)
        if db.conn.execute(
            "SELECT 1 FROM reports WHERE id = ? AND vanished_at IS NOT NULL", (report_id,)
        ).fetchone()
    ]
    note_outcomes(db.conn, crawl_id, vanished)


def _write_contents(db: Database, report_id: str, rows: Rows) -> None:
    contents.write(db, report_id, rows)
    search.write(db, report_id, rows.terms)


_RECORD = (
    "coalesce(record, (SELECT copies.record FROM copies WHERE copies.report_id = source_versions.report_id"
    " AND copies.source_url = source_versions.source_url"
    " AND copies.content_hash = source_versions.content_hash LIMIT 1))"
)
"""The record of a version: one of its own, else that of the copy that says the same."""

_VERSION_COLUMNS = (
    "report_id, version, source_url, sha256, fetch_id, fetched_at, changes, parts, extractor_version,"
    " reader_changed"
)


def _write_shown_versions(conn: sqlite3.Connection, report_id: str, source_url: str, *, new: bool) -> None:
    """Makes `report_versions` the history of the page that is shown; of a `new` report there is none yet."""
    wanted = conn.execute(
        f"SELECT {_VERSION_COLUMNS} FROM source_versions"
        " WHERE report_id = ? AND source_url = ? ORDER BY version",
        (report_id, source_url),
    ).fetchall()
    if not new:
        standing = conn.execute(
            f"SELECT {_VERSION_COLUMNS} FROM report_versions WHERE report_id = ? ORDER BY version",
            (report_id,),
        ).fetchall()
        if wanted == standing:
            return
        conn.execute("DELETE FROM superseded_figures WHERE report_id = ?", (report_id,))
        conn.execute("DELETE FROM report_versions WHERE report_id = ?", (report_id,))
    conn.executemany(
        f"INSERT INTO report_versions ({_VERSION_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", wanted
    )
    if len(wanted) > 1:
        _write_superseded_figures(conn, report_id, source_url)


def _write_superseded_figures(conn: sqlite3.Connection, report_id: str, source_url: str) -> None:
    """Writes the figures of the page's versions before the last, as they were read at their time."""
    older = conn.execute(
        f"SELECT version, {_RECORD} FROM source_versions WHERE report_id = ?1 AND source_url = ?2"
        " AND version < (SELECT max(version) FROM source_versions WHERE report_id = ?1 AND source_url = ?2)",
        (report_id, source_url),
    ).fetchall()
    conn.executemany(
        "INSERT INTO superseded_figures (report_id, version, table_code, row_code, column_code, printed,"
        " value, unit, status, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                report_id,
                version,
                *figure["cell"],
                figure["printed"],
                figure["value"],
                figure["unit"],
                figure["status"],
                figure["note"],
            )
            for version, record in older
            for figure in copies.unpacked(record)["figures"]
        ],
    )


def _write_contradictions(
    db: Database, report_id: str, found: Sequence[Mapping[str, Any]], given: Mapping[str, Kept]
) -> None:
    """Writes `copies_differ` for every address that gives the report now with figures other than shown."""
    db.conn.execute("DELETE FROM problems WHERE stage = 'copies' AND report_id = ?", (report_id,))
    first = found[0]
    shown = _record(first, given) if len(found) > 1 else {}
    rows = []
    for other in found[1:]:
        if other["gone_at"] is not None:
            continue
        differences = copies.contradicting_cells(shown, _record(other, given))
        if differences:
            rows.append(
                ProblemRow(
                    stage="copies",
                    crawl_id=other["crawl_id"],
                    fetch_id=other["fetch_id"],
                    report_id=report_id,
                    portal_id=other["portal_id"],
                    code="copies_differ",
                    url=other["document_url"],
                    page_url=other["source_url"],
                    cells=json_text([list(difference.cell) for difference in differences]),
                    detail=f"{first['document_url']} (shown) and {other['document_url']} give the same report"
                    f" with other figures in {len(differences)} cells: {copies.sentence_of(differences)}",
                )
            )
    problems.insert(db, rows)


def _delete_report(db: Database, report_id: str) -> None:
    agency = db.conn.execute("SELECT agency_id FROM reports WHERE id = ?", (report_id,)).fetchone()
    db.conn.execute("DELETE FROM problems WHERE stage = 'copies' AND report_id = ?", (report_id,))
    for table in ("superseded_figures", "report_versions", "source_versions"):
        db.conn.execute(f"DELETE FROM {table} WHERE report_id = ?", (report_id,))
    contents.remove(db.conn, report_id)
    search.forget(db.conn, report_id)
    db.conn.execute("DELETE FROM reports WHERE id = ?", (report_id,))
    # What was found of it went with it, and is to be found again should the same report come back.
    db.conn.execute("DELETE FROM findings_state")
    if agency is not None:
        bodies.write(db.conn, agency[0])


def _copies(conn: sqlite3.Connection, report_id: str) -> list[dict[str, Any]]:
    """Every copy of the report."""
    return _rows(
        conn,
        """
        SELECT s.*, c.content_hash, c.record_hash, c.figures, c.legible, c.extractor_version, c.record,
            f.fetched_at, f.crawl_id, p.agency AS portal_agency, p.division_code AS portal_division
        FROM report_sources AS s
        JOIN copies AS c USING (report_id, source_url, document_url, member)
        JOIN fetches AS f ON f.id = s.fetch_id
        JOIN portals AS p ON p.id = s.portal_id
        WHERE s.report_id = ?
        """,
        report_id,
    )


def _ranked(found: Sequence[dict[str, Any]], given: Mapping[str, Kept]) -> Sequence[dict[str, Any]]:
    """The copies of a report in the order in which they rank; of those `given` what they say is at hand."""
    if len(found) < 2:
        return found

    def rank(row: Mapping[str, Any]) -> tuple[Any, ...]:
        at_hand = given.get(row["record_hash"])
        return _copy(row, copies.unpacked(row["record"]) if at_hand is None else at_hand.frame).rank

    return sorted(found, key=rank)


def _copy(row: Mapping[str, Any], record: Record) -> Copy:
    return Copy(
        house=copies.house(record["agency"], row["portal_agency"], row["portal_division"]),
        doubt=record.get("doubt"),
        source_url=row["source_url"],
        document_url=row["document_url"],
        member=row["member"],
        gone=row["gone_at"] is not None,
        figures=row["figures"],
        legible=row["legible"],
    )


def _record(row: Mapping[str, Any], given: Mapping[str, Kept]) -> Record:
    """What a copy says, or an earlier version of it."""
    at_hand = given.get(row.get("record_hash", ""))
    return copies.unpacked(row["record"]) if at_hand is None else at_hand.record()


def _address(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return (row["document_url"], row["source_url"], row["member"])


def _rows(conn: sqlite3.Connection, sql: str, *values: object) -> list[dict[str, Any]]:
    cursor = conn.execute(sql, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def _row(conn: sqlite3.Connection, sql: str, *values: object) -> dict[str, Any] | None:
    rows = _rows(conn, sql, *values)
    return rows[0] if rows else None
