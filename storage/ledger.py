"""What was asked for, when, and what came: one row a run, one a request, one a distinct body.

Owns `crawls`, `fetches`, `documents` and the reading back of `publications`, and is the only file
of the project that looks at the clock. Bodies go to the archive before the ledger names them, so
that a row never points at bytes that were not kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlite_utils import Database

from crawler.items import Document, Fetch, ListedBody, Listing, Portal, Publication
from storage.answers import FETCH_COLUMNS, fetch_of_row
from storage.archive import Archive
from storage.database import StorageError, file_of, gathering, one_line_errors, settle, transaction

ERROR_LENGTH = 500
"""Characters kept of an error's text: it names the cause at its start, and some carry whole traces."""

TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
"""Of every time in the database, UTC."""


TAKEN_UP = (None, "shutdown", "storage_failed")
"""Ends of a run after which the same command goes on with it: killed, stopped by hand, a full disk."""

_INSERT_FETCH = """
    INSERT INTO fetches (
        crawl_id, portal_id, role, url, final_url, found_on, link_text, attempt, method, request_body,
        status, error, content_type, etag, last_modified, vary, fetched_at, sha256
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_LAST_SIGN = "ifnull((SELECT max(fetched_at) FROM fetches WHERE crawl_id = crawls.id), started_at)"


def utc_now() -> str:
    """The time now, UTC, `YYYY-MM-DDTHH:MM:SSZ`."""
    return datetime.now(UTC).strftime(TIME_FORMAT)


def _hours_before(time: str, hours: float) -> str:
    return (datetime.fromisoformat(time) - timedelta(hours=hours)).strftime(TIME_FORMAT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """An open row of `crawls`.

    `fetched` is the number of the last request that stood in the ledger when the run was opened or
    taken up again: what a continued run has up to there need not be asked for again.
    """

    id: int
    started_at: str
    fetched: int
    continued: bool = False


class Ledger:
    """The ledger in `db` over the bodies in `archive`."""

    def __init__(self, db: Database, archive: Archive) -> None:
        self.db = db
        self.archive = archive
        self._portals: set[str] = set()
        """Those that the database is known to hold; none is ever taken out of it."""

    def open_crawl(
        self,
        *,
        spider: str,
        arguments: Mapping[str, str],
        sample: bool,
        software_version: str,
        continue_hours: float = 0,
    ) -> Run:
        """Opens a run, or takes up the last one of the same spider, arguments and version.

        That one is taken up where it was killed or stopped no more than `continue_hours` ago.
        Rows that nobody will take up any more are closed: whoever opens a run holds the database,
        so no other program is at work on them. Until it is finished a run counts as not complete.
        """
        given = json.dumps(dict(arguments), ensure_ascii=False, sort_keys=True)
        found = self.unfinished(
            spider=spider,
            arguments=arguments,
            software_version=software_version,
            continue_hours=continue_hours,
        )
        now = utc_now()
        with transaction(self.db):
            fetched = self.db.conn.execute("SELECT ifnull(max(id), 0) FROM fetches").fetchone()[0]
            if found is not None:
                self.db.conn.execute(
                    "UPDATE crawls SET finished_at = NULL, finish_reason = NULL, continued = continued + 1"
                    " WHERE id = ?",
                    (found.id,),
                )
                self._close_killed(_hours_before(now, continue_hours), spider, given, kept=found.id)
                return replace(found, fetched=fetched)
            cursor = self.db.conn.execute(
                "INSERT INTO crawls (spider, arguments, started_at, sample, software_version)"
                " VALUES (?, ?, ?, ?, ?)",
                (spider, given, now, int(sample), software_version),
            )
            if cursor.lastrowid is None:
                raise StorageError(f"{file_of(self.db)}: the run could not be entered into the table crawls")
            self._close_killed(_hours_before(now, continue_hours), spider, given, kept=cursor.lastrowid)
        return Run(id=cursor.lastrowid, started_at=now, fetched=fetched)

    def unfinished(
        self, *, spider: str, arguments: Mapping[str, str], software_version: str, continue_hours: float
    ) -> Run | None:
        """The run that the same command would take up now, or None."""
        given = json.dumps(dict(arguments), ensure_ascii=False, sort_keys=True)
        with one_line_errors(file_of(self.db)):
            row = self.db.conn.execute(
                f"SELECT id, started_at, finish_reason, software_version, {_LAST_SIGN} FROM crawls"
                " WHERE spider = ? AND arguments = ? ORDER BY id DESC LIMIT 1",
                (spider, given),
            ).fetchone()
            if (
                row is None
                or row[4] <= _hours_before(utc_now(), continue_hours)
                or row[2] not in TAKEN_UP
                or row[3] != software_version
            ):
                return None
            fetched = self.db.conn.execute(
                "SELECT ifnull(max(id), 0) FROM fetches WHERE crawl_id = ?", (row[0],)
            ).fetchone()[0]
        return Run(id=row[0], started_at=row[1], fetched=fetched, continued=True)

    def _close_killed(self, since: str, spider: str, arguments: str, *, kept: int) -> None:
        """Closes runs that were killed and that no command would take up again, at their last sign of life.

        Those without a sign of life after `since`, and those of the same command before `kept`.
        """
        self.db.conn.execute(
            f"""
            UPDATE crawls SET finish_reason = 'killed', complete = 0, finished_at = {_LAST_SIGN}
            WHERE finished_at IS NULL AND id <> :kept
                AND ({_LAST_SIGN} <= :since OR (spider = :spider AND arguments = :arguments))
            """,
            {"kept": kept, "since": since, "spider": spider, "arguments": arguments},
        )

    def finish_crawl(
        self, crawl_id: int, *, finish_reason: str, complete: bool, from_archive: int = 0
    ) -> None:
        """Closes a run: its end, its reason, whether it was complete, and what its tables count.

        `from_archive` is how many answers this process took from the archive instead of a portal.
        """
        with transaction(self.db):
            outcomes = dict(
                self.db.conn.execute(
                    "SELECT outcome, count(*) FROM crawl_reports WHERE crawl_id = ? GROUP BY outcome",
                    (crawl_id,),
                ).fetchall()
            )
            self.db.conn.execute(
                """
                UPDATE crawls SET finished_at = :now, finish_reason = :reason, complete = :complete,
                    fetches = (SELECT count(*) FROM fetches WHERE crawl_id = :id),
                    documents = (SELECT count(DISTINCT sha256) FROM fetches WHERE crawl_id = :id),
                    not_modified = (
                        SELECT count(*) FROM fetches
                        WHERE crawl_id = :id AND status = 304 AND sha256 IS NOT NULL
                    ),
                    from_archive = from_archive + :from_archive,
                    lists_without_validators = (
                        SELECT count(DISTINCT url) FROM fetches
                        WHERE crawl_id = :id AND role IN ('home', 'hub', 'list') AND status = 200
                            AND etag IS NULL AND last_modified IS NULL
                    ),
                    reports_new = :new, reports_changed = :changed, reports_unchanged = :unchanged,
                    reports_vanished = :vanished,
                    problems = (SELECT count(*) FROM problems WHERE crawl_id = :id)
                WHERE id = :id
                """,
                {
                    "now": utc_now(),
                    "reason": finish_reason,
                    "complete": int(complete),
                    "from_archive": from_archive,
                    "new": outcomes.get("new", 0),
                    "changed": outcomes.get("changed", 0),
                    "unchanged": outcomes.get("unchanged", 0) + outcomes.get("reread", 0),
                    "vanished": outcomes.get("vanished", 0),
                    "id": crawl_id,
                },
            )
            if finish_reason not in TAKEN_UP:
                # Counted by now; what changed is what anybody asks for later.
                self.db.conn.execute("DELETE FROM crawl_reports WHERE outcome = 'unchanged'")

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
        vary: str | None = None,
        method: str = "GET",
        request_body: str | None = None,
        body: bytes | None = None,
        unchanged: str | None = None,
        gather: bool = False,
    ) -> Fetch:
        """Keeps one answer or failure and returns its row.

        The body goes to the archive first, then its row in `documents`, then the row in `fetches`.
        An empty body is no body. `unchanged` is the SHA-256 of the known body that a server said
        (status 304) it would have sent again. With `gather` all of it is safe after `settle` alone.
        Raises `StorageError`, also for a portal that the table `portals` does not hold.
        """
        self._refuse_unknown_portal(portal_id)
        sha256 = self._kept(body, gather=gather) if body else unchanged
        fetched_at = utc_now()
        fetch = (
            crawl_id,
            portal_id or None,
            role,
            url,
            final_url or url,
            found_on,
            link_text,
            attempt,
            method,
            request_body,
            status,
            error[:ERROR_LENGTH] if error else None,
            content_type,
            etag,
            last_modified,
            vary,
            fetched_at,
            sha256,
        )
        with (gathering if gather else transaction)(self.db):
            if body:
                self.db.conn.execute(
                    "INSERT OR IGNORE INTO documents (sha256, media_type, bytes, first_fetched_at)"
                    " VALUES (?, ?, ?, ?)",
                    (sha256, _media_type(content_type), len(body), fetched_at),
                )
            cursor = self.db.conn.execute(_INSERT_FETCH, fetch)
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

    def settle(self) -> None:
        """Writes what was gathered, the bodies before the rows that name them. Raises `StorageError`."""
        with self._rows_with_bodies():
            self.archive.settle()
        settle(self.db)

    def _kept(self, body: bytes, *, gather: bool) -> str:
        with self._rows_with_bodies():
            return self.archive.put(body, gather=gather)

    @contextmanager
    def _rows_with_bodies(self) -> Iterator[None]:
        """Where the disk takes the gathered bodies away, the rows that were made of them go as well."""
        try:
            yield
        except StorageError:
            if not self.archive.is_gathering:
                self.db.conn.rollback()
            raise

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

    def listed_bodies(self) -> Iterator[ListedBody]:
        """Every body of the portals' own lists as the crawl that saw it last yielded it."""
        with one_line_errors(file_of(self.db)):
            rows = self.db.conn.execute(
                "SELECT portal_id, name, url, list_url, answered_by, fetch_id FROM listed_bodies"
                " ORDER BY portal_id, name, url"
            ).fetchall()
            portals = {portal_id: self._portal(portal_id) for portal_id in {row[0] for row in rows}}
            fetches = {
                row[0]: fetch_of_row(row)
                for row in self.db.conn.execute(
                    f"SELECT {FETCH_COLUMNS} FROM fetches WHERE id IN (SELECT fetch_id FROM listed_bodies)"
                )
            }
        for portal_id, name, url, list_url, answered_by, fetch_id in rows:
            yield ListedBody(
                portal=portals[portal_id],
                name=name,
                list_url=list_url,
                fetch=fetches[fetch_id],
                url=url or None,
                answered_by=tuple(json.loads(answered_by)),
            )

    def _row(self, sql: str, *values: object) -> dict[str, Any] | None:
        cursor = self.db.conn.execute(sql, values)
        row = cursor.fetchone()
        if row is None:
            return None
        return dict(zip((column[0] for column in cursor.description), row, strict=True))

    def _refuse_unknown_portal(self, portal_id: str | None) -> None:
        if not portal_id or portal_id in self._portals:
            return
        known = self.db.conn.execute("SELECT 1 FROM portals WHERE id = ?", (portal_id,)).fetchone()
        if known is None:
            raise StorageError(
                f"{file_of(self.db)}: the table portals holds no portal {portal_id!r};"
                " the registry must be written before the crawl begins"
            )
        self._portals.add(portal_id)

    def _document(self, fetch_id: int, label: str | None) -> Document:
        row = self.db.conn.execute(
            f"SELECT {FETCH_COLUMNS} FROM fetches WHERE id = ?", (fetch_id,)
        ).fetchone()
        fetch = fetch_of_row(row)
        body = self.archive.get(fetch.sha256) if fetch.sha256 else b""
        return Document(fetch=fetch, body=body, label=label)

    def _portal(self, portal_id: str) -> Portal:
        row = self.db.conn.execute(
            "SELECT id, name, division_code, home_url, platform, sections, hosts, since, agency, delay,"
            " http_only, disabled, note, shared FROM portals WHERE id = ?",
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
            shared=tuple((host, division) for host, division in json.loads(row[13])),
        )


def _media_type(content_type: str | None) -> str | None:
    """The type that the server declared, without its parameters; a reading puts the true one in its place."""
    if not content_type:
        return None
    return content_type.partition(";")[0].strip().lower() or None
