"""What was asked for, when, and what came: one row a run, one a request, one a distinct body.

Owns `crawls`, `fetches`, `documents` and the reading back of `publications`, and is the only file
of the project that looks at the clock. Bodies go to the archive before the ledger names them, so
that a row never points at bytes that were not kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlite_utils import Database

from crawler.items import Document, Fetch, Listing, Portal, Publication
from storage.archive import Archive
from storage.database import StorageError, file_of, one_line_errors, transaction

ERROR_LENGTH = 500
"""Characters kept of an error's text: it names the cause at its start, and some carry whole traces."""


def utc_now() -> str:
    """The time now, UTC, `YYYY-MM-DDTHH:MM:SSZ`."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlCounts:
    """What a run counted of the reports that it read; the rest is counted from the tables."""

    reports_new: int = 0
    reports_changed: int = 0
    reports_unchanged: int = 0


class Ledger:
    """The ledger in `db` over the bodies in `archive`."""

    def __init__(self, db: Database, archive: Archive) -> None:
        self.db = db
        self.archive = archive

    def begin_crawl(
        self, *, spider: str, arguments: Mapping[str, str], sample: bool, software_version: str
    ) -> int:
        """Opens a run and returns its id. Until it is finished it counts as not complete."""
        with transaction(self.db):
            cursor = self.db.conn.execute(
                "INSERT INTO crawls (spider, arguments, started_at, sample, software_version)"
                " VALUES (?, ?, ?, ?, ?)",
                (
                    spider,
                    json.dumps(dict(arguments), ensure_ascii=False, sort_keys=True),
                    utc_now(),
                    int(sample),
                    software_version,
                ),
            )
        if cursor.lastrowid is None:
            raise StorageError(f"{file_of(self.db)}: the run could not be entered into the table crawls")
        return cursor.lastrowid

    def finish_crawl(self, crawl_id: int, *, finish_reason: str, complete: bool, counts: CrawlCounts) -> None:
        """Closes a run: its end, its reason, whether it was complete, and what it counted."""
        with transaction(self.db):
            self.db.conn.execute(
                """
                UPDATE crawls SET finished_at = :now, finish_reason = :reason, complete = :complete,
                    fetches = (SELECT count(*) FROM fetches WHERE crawl_id = :id),
                    documents = (SELECT count(DISTINCT sha256) FROM fetches WHERE crawl_id = :id),
                    reports_new = :new, reports_changed = :changed, reports_unchanged = :unchanged,
                    problems = (SELECT count(*) FROM problems WHERE crawl_id = :id)
                WHERE id = :id
                """,
                {
                    "now": utc_now(),
                    "reason": finish_reason,
                    "complete": int(complete),
                    "new": counts.reports_new,
                    "changed": counts.reports_changed,
                    "unchanged": counts.reports_unchanged,
                    "id": crawl_id,
                },
            )

    def record(
        self,
        *,
        crawl_id: int,
        url: str,
        role: str,
        portal_id: str | None = None,
        final_url: str | None = None,
        found_on: str | None = None,
        link_text: str | None = None,
        attempt: int = 1,
        status: int | None = None,
        error: str | None = None,
        content_type: str | None = None,
        etag: str | None = None,
        last_modified: str | None = None,
        body: bytes | None = None,
    ) -> Fetch:
        """Keeps one answer or failure and returns its row.

        The body goes to the archive first, then its row in `documents`, then the row in `fetches`.
        An empty body is no body. Raises `StorageError`, also for a portal that the table `portals`
        does not hold.
        """
        sha256 = self.archive.put(body) if body else None
        fetched_at = utc_now()
        fetch = {
            "crawl_id": crawl_id,
            "portal_id": portal_id or None,
            "role": role,
            "url": url,
            "final_url": final_url or url,
            "found_on": found_on,
            "link_text": link_text,
            "attempt": attempt,
            "status": status,
            "error": error[:ERROR_LENGTH] if error else None,
            "content_type": content_type,
            "etag": etag,
            "last_modified": last_modified,
            "fetched_at": fetched_at,
            "sha256": sha256,
        }
        with transaction(self.db):
            self._refuse_unknown_portal(portal_id)
            if body:
                self.db.conn.execute(
                    "INSERT OR IGNORE INTO documents (sha256, media_type, bytes, first_fetched_at)"
                    " VALUES (?, ?, ?, ?)",
                    (sha256, _media_type(content_type), len(body), fetched_at),
                )
            cursor = self.db.conn.execute(
                f"INSERT INTO fetches ({', '.join(fetch)}) VALUES ({', '.join(f':{key}' for key in fetch)})",
                fetch,
            )
        if cursor.lastrowid is None:
            raise StorageError(f"{file_of(self.db)}: the request could not be entered into the table fetches")
        return Fetch(
            id=cursor.lastrowid,
            url=url,
            final_url=final_url or url,
            found_on=found_on,
            link_text=link_text,
            status=status,
            content_type=content_type,
            fetched_at=fetched_at,
            sha256=sha256,
        )

    def page_urls(self, *, only_problems: bool = False) -> list[str]:
        """Addresses of the publications that were read, in the order in which they were first stored.

        With `only_problems` those alone of whose documents a reading left a problem.
        """
        chosen = (
            "WHERE page_url IN (SELECT page_url FROM problems WHERE stage = 'reading')"
            if only_problems
            else ""
        )
        with one_line_errors(file_of(self.db)):
            rows = self.db.conn.execute(
                f"SELECT page_url FROM publications {chosen} ORDER BY rowid"
            ).fetchall()
        return [row[0] for row in rows]

    def publication(self, page_url: str) -> Publication:
        """The publication of that page as the crawl yielded it, bodies included.

        Raises `StorageError` where the archive lacks a body, `KeyError` for an unknown address.
        """
        with one_line_errors(file_of(self.db)):
            row = self._row("SELECT * FROM publications WHERE page_url = ?", page_url)
            if row is None:
                raise KeyError(page_url)
            attachments = self.db.conn.execute(
                "SELECT fetch_id, label FROM publication_attachments WHERE page_url = ? ORDER BY position",
                (page_url,),
            ).fetchall()
            return Publication(
                portal=self._portal(row["portal_id"]),
                page=self._document(row["fetch_id"], row["label"]),
                attachments=tuple(self._document(fetch_id, label) for fetch_id, label in attachments),
                listing=Listing(
                    title=row["listing_title"],
                    date=row["listing_date"],
                    path=tuple(json.loads(row["listing_path"])),
                ),
            )

    def publications(self, *, only_problems: bool = False) -> Iterator[Publication]:
        """Every publication as the crawl yielded it; see `page_urls` and `publication`."""
        for page_url in self.page_urls(only_problems=only_problems):
            yield self.publication(page_url)

    def _row(self, sql: str, *values: object) -> dict[str, Any] | None:
        cursor = self.db.conn.execute(sql, values)
        row = cursor.fetchone()
        if row is None:
            return None
        return dict(zip((column[0] for column in cursor.description), row, strict=True))

    def _refuse_unknown_portal(self, portal_id: str | None) -> None:
        if not portal_id:
            return
        known = self.db.conn.execute("SELECT 1 FROM portals WHERE id = ?", (portal_id,)).fetchone()
        if known is None:
            raise StorageError(
                f"{file_of(self.db)}: the table portals holds no portal {portal_id!r};"
                " the registry must be written before the crawl begins"
            )

    def _document(self, fetch_id: int, label: str | None) -> Document:
        row = self.db.conn.execute(
            "SELECT id, url, final_url, found_on, link_text, status, content_type, fetched_at, sha256"
            " FROM fetches WHERE id = ?",
            (fetch_id,),
        ).fetchone()
        fetch = Fetch(
            id=row[0],
            url=row[1],
            final_url=row[2],
            found_on=row[3],
            link_text=row[4],
            status=row[5],
            content_type=row[6],
            fetched_at=row[7],
            sha256=row[8],
        )
        body = self.archive.get(fetch.sha256) if fetch.sha256 else b""
        return Document(fetch=fetch, body=body, label=label)

    def _portal(self, portal_id: str) -> Portal:
        row = self.db.conn.execute(
            "SELECT id, name, division_code, home_url, platform, sections, hosts, since, agency, delay,"
            " http_only, disabled, note FROM portals WHERE id = ?",
            (portal_id,),
        ).fetchone()
        return Portal(
            id=row[0],
            name=row[1],
            division=row[2],
            home=row[3],
            platform=row[4],
            sections=tuple(json.loads(row[5])),
            hosts=tuple(json.loads(row[6])),
            since=row[7],
            agency=row[8],
            delay=row[9],
            http_only=bool(row[10]),
            disabled=bool(row[11]),
            note=row[12],
        )


def _media_type(content_type: str | None) -> str | None:
    """The type that the server declared, without its parameters; a reading puts the true one in its place."""
    if not content_type:
        return None
    return content_type.partition(";")[0].strip().lower() or None
