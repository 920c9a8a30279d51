"""What is known of an address: what it answered last, and with which validators it may be asked again.

Reads `fetches`, writes nothing. Owns which answer of an earlier request may stand for a new one.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from sqlite_utils import Database

from crawler.items import Fetch
from storage.database import file_of, one_line_errors

ASK_AGAIN = frozenset({408, 425, 429})
"""Refusals of the moment: of what they were asked for they say nothing."""

_LONGEST_BODY = 4000
"""Characters kept of what a request sent; a list is asked for with a few hundred."""


class Address(NamedTuple):
    """What a request asks for; `body` is None where it sends nothing."""

    method: str
    url: str
    body: str | None = None


def address(method: str, url: str, body: bytes) -> Address:
    """The address of a request, its body as text."""
    text = body.decode("utf-8", "backslashreplace")[:_LONGEST_BODY]
    return Address(method.upper(), url, text or None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One row of `fetches` as an answer."""

    fetch: Fetch
    error: str | None
    etag: str | None
    last_modified: str | None
    vary: str | None

    @property
    def whole(self) -> bool:
        """Whether it came with its body, or the server said that its body is the one known."""
        status = self.fetch.status or 0
        return self.error is None and self.fetch.sha256 is not None and (200 <= status < 300 or status == 304)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The last answers of an address: the very last, and the last two that a server sent whole."""

    last: Answer
    sent: tuple[Answer, ...]
    accused: bool
    """Whether a problem of the crawl names the address, or its last answer."""

    @property
    def good(self) -> bool:
        """Whether its last answer may be taken for what the address holds."""
        return self.last.whole and not self.accused


_FETCH = tuple(field.name for field in fields(Fetch))
FETCH_COLUMNS = ", ".join(_FETCH)
"""The columns of `fetches` that make a `Fetch`."""
_COLUMNS = f"{FETCH_COLUMNS}, error, etag, last_modified, vary"
_OF_ADDRESS = "FROM fetches WHERE url = :url AND method = :method AND request_body IS :body"


def history(db: Database, asked: Address) -> History | None:
    """What earlier requests brought from an address; None where there was none."""
    named = asked._asdict()
    with one_line_errors(file_of(db)):
        last = db.conn.execute(f"SELECT {_COLUMNS} {_OF_ADDRESS} ORDER BY id DESC LIMIT 1", named).fetchone()
        if last is None:
            return None
        sent = db.conn.execute(
            f"SELECT {_COLUMNS} {_OF_ADDRESS} AND status BETWEEN 200 AND 299 AND sha256 IS NOT NULL"
            " AND error IS NULL ORDER BY id DESC LIMIT 2",
            named,
        ).fetchall()
        accused = db.conn.execute(
            "SELECT 1 FROM problems WHERE stage = 'crawl' AND (fetch_id = ? OR url = ?) LIMIT 1",
            (last[0], asked.url),
        ).fetchone()
    return History(last=_answer(last), sent=tuple(_answer(row) for row in sent), accused=accused is not None)


def answered_before(db: Database, asked: Address, crawl_id: int, up_to: int) -> Answer | None:
    """What this run had from an address when it was killed, where that need not be asked for again.

    A failure, a refusal of the moment and an answer that hid reports are worth another try.
    """
    with one_line_errors(file_of(db)):
        row = db.conn.execute(
            f"SELECT {_COLUMNS} {_OF_ADDRESS} AND crawl_id = :crawl AND id <= :up_to"
            " ORDER BY id DESC LIMIT 1",
            {**asked._asdict(), "crawl": crawl_id, "up_to": up_to},
        ).fetchone()
        if row is None:
            return None
        hiding = db.conn.execute(
            "SELECT 1 FROM problems WHERE stage = 'crawl' AND hides_reports = 1 AND fetch_id = ?", (row[0],)
        ).fetchone()
    found = _answer(row)
    status = found.fetch.status or 0
    final = 200 <= status < 300 or found.whole or (400 <= status < 500 and status not in ASK_AGAIN)
    return found if final and found.error is None and hiding is None else None


class FailedArticle(NamedTuple):
    """An article of a portal that could not be opened, or one of whose files could not."""

    portal_id: str
    url: str
    title: str
    found_on: str


def failed_articles(db: Database, portals: Collection[str]) -> list[FailedArticle]:
    """Articles of these portals whose last attempt failed so that a report may be hidden."""
    with one_line_errors(file_of(db)):
        rows = db.conn.execute(
            """
            WITH failed (url) AS (
                SELECT f.url FROM problems AS p JOIN fetches AS f ON f.id = p.fetch_id
                    WHERE p.stage = 'crawl' AND p.hides_reports = 1 AND f.role = 'article'
                UNION
                SELECT p.url FROM problems AS p WHERE p.stage = 'crawl' AND p.hides_reports = 1
                UNION
                SELECT f.found_on FROM problems AS p JOIN fetches AS f ON f.id = p.fetch_id
                    WHERE p.stage = 'crawl' AND p.hides_reports = 1 AND f.role = 'attachment'
            )
            SELECT portal_id, url, ifnull(link_text, ''), ifnull(found_on, url), max(id)
            FROM fetches JOIN failed USING (url)
            WHERE role = 'article' AND portal_id IN (SELECT value FROM json_each(?))
            GROUP BY portal_id, url ORDER BY portal_id, url
            """,
            (json.dumps(sorted(portals)),),
        ).fetchall()
    return [FailedArticle(*row[:4]) for row in rows]


def given_on(db: Database, url: str) -> str | None:
    """The day on which the report of a page or a file was given, as far as known.

    The report's own date, else the end of the time in which it was owed, else the list's date, else
    the day on which the address was first met.
    """
    with one_line_errors(file_of(db)):
        row = db.conn.execute(
            """
            WITH pages (page_url) AS (
                SELECT :url UNION
                SELECT a.page_url FROM fetches AS f JOIN publication_attachments AS a ON a.fetch_id = f.id
                WHERE f.url = :url
            )
            SELECT coalesce(
                (SELECT max(ifnull(r.published_on, printf('%d-03-31', r.year + 1))) FROM pages
                    JOIN report_sources AS s ON s.source_url = pages.page_url
                    JOIN reports AS r ON r.id = s.report_id),
                (SELECT max(listing_date) FROM pages JOIN publications USING (page_url)),
                (SELECT min(fetched_at) FROM fetches WHERE url = :url)
            )
            """,
            {"url": url},
        ).fetchone()
    return None if row[0] is None else str(row[0])


def suspected(db: Database, url: str, codes: Collection[str]) -> bool:
    """Whether the last reading of the address left one of these problems."""
    with one_line_errors(file_of(db)):
        row = db.conn.execute(
            "SELECT 1 FROM problems WHERE stage = 'reading' AND url = ?"
            " AND code IN (SELECT value FROM json_each(?)) LIMIT 1",
            (url, json.dumps(sorted(codes))),
        ).fetchone()
    return row is not None


def conditions(known: History) -> dict[str, str]:
    """The request headers that ask for an answer only where it differs from the known one.

    Empty where the server gave nothing to compare by. A tag that changes while the bytes do not is
    left out where there is a date; a date after the answer is no date of change (RFC 9110, 8.8.2).
    """
    if not known.sent:
        return {}
    newest = known.sent[0]
    if newest.vary is not None and "*" in newest.vary:
        return {}
    last = known.last if known.last.whole else newest
    etag, dated = last.etag, last.last_modified
    date = dated if dated is not None and _past(dated, newest.fetch.fetched_at) else None
    fickle = (
        len(known.sent) > 1
        and newest.fetch.sha256 == known.sent[1].fetch.sha256
        and newest.etag != known.sent[1].etag
    )
    if fickle and date is not None:
        etag = None
    return {
        name: value
        for name, value in (("If-None-Match", etag), ("If-Modified-Since", date))
        if value is not None
    }


def _past(http_date: str, fetched_at: str) -> bool:
    """Whether a date of HTTP is readable and not after the time of the answer that gave it."""
    try:
        date = parsedate_to_datetime(http_date)
    except ValueError:
        return False
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return date <= datetime.fromisoformat(fetched_at)


def fetch_of_row(row: Sequence[Any]) -> Fetch:
    """The fetch whose `FETCH_COLUMNS` a row begins with."""
    return Fetch(**dict(zip(_FETCH, row, strict=False)))


def _answer(row: Sequence[Any]) -> Answer:
    error, etag, last_modified, vary = row[len(_FETCH) :]
    return Answer(fetch=fetch_of_row(row), error=error, etag=etag, last_modified=last_modified, vary=vary)
