"""Keeps what could not be found, fetched or read, of the last attempt.

Owns the table `problems`. A row comes from one of three stages: the crawl (`Trouble`, about an
address), the reading of a document, or the comparison of the copies of one report. Each stage
replaces its own rows only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlite_utils import Database

from crawler.items import Trouble
from storage.database import transaction

_COLUMNS = (
    "stage",
    "crawl_id",
    "fetch_id",
    "report_id",
    "portal_id",
    "code",
    "url",
    "page_url",
    "found_on",
    "link_text",
    "where_found",
    "cells",
    "detail",
    "hides_reports",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemRow:
    """One row of `problems`; `where_found` is a JSON object, `cells` a JSON list of [table, row, column]."""

    stage: str
    crawl_id: int | None
    code: str
    detail: str
    fetch_id: int | None = None
    report_id: str | None = None
    portal_id: str | None = None
    url: str | None = None
    page_url: str | None = None
    found_on: str | None = None
    link_text: str | None = None
    where_found: str | None = None
    cells: str = "[]"
    hides_reports: int = 0


def insert(db: Database, rows: Iterable[ProblemRow]) -> None:
    """Adds the rows; the caller holds the transaction."""
    said = [tuple(getattr(row, column) for column in _COLUMNS) for row in rows]
    if said:
        db.conn.executemany(
            f"INSERT INTO problems ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})", said
        )


def store_trouble(db: Database, trouble: Trouble, crawl_id: int) -> int:
    """Keeps a trouble of the crawl in place of what earlier runs had to say about its address.

    Troubles of the same run stand side by side, one row for each code and page where the link was
    found. Returns the number of the row. Raises `StorageError`.
    """
    with transaction(db):
        db.conn.execute(
            """
            DELETE FROM problems
            WHERE stage = 'crawl' AND url IS :url AND portal_id IS :portal AND (
                crawl_id IS NOT :crawl OR (code = :code AND found_on IS :found_on AND detail = :detail)
            ) AND (:url IS NOT NULL OR code = :code)
            """,
            {
                "url": trouble.url,
                "portal": trouble.portal_id or None,
                "crawl": crawl_id,
                "code": trouble.code,
                "found_on": trouble.found_on,
                "detail": trouble.detail,
            },
        )
        insert(
            db,
            [
                ProblemRow(
                    stage="crawl",
                    crawl_id=crawl_id,
                    code=trouble.code,
                    detail=trouble.detail,
                    fetch_id=trouble.fetch_id,
                    portal_id=trouble.portal_id or None,
                    url=trouble.url,
                    found_on=trouble.found_on,
                    link_text=trouble.link_text,
                    hides_reports=int(trouble.hides_reports),
                )
            ],
        )
        return int(db.conn.execute("SELECT last_insert_rowid()").fetchone()[0])


def clear_unmet_troubles(db: Database, crawl_id: int, met: Iterable[int]) -> None:
    """Drops troubles that a run met before it was killed and did not meet again when it went on.

    A run that goes on goes through everything from its start: `met` are the rows of what it met.
    """
    with transaction(db):
        db.conn.execute(
            "DELETE FROM problems WHERE stage = 'crawl' AND crawl_id = ?"
            " AND id NOT IN (SELECT value FROM json_each(?))",
            (crawl_id, json.dumps(sorted(met))),
        )


def clear_read_addresses(db: Database, urls: Iterable[str], crawl_id: int) -> None:
    """Drops troubles of earlier runs about addresses that this run fetched and read."""
    db.conn.executemany(
        "DELETE FROM problems WHERE stage = 'crawl' AND crawl_id IS NOT ? AND url = ?",
        [(crawl_id, url) for url in urls],
    )


def clear_outdated_troubles(db: Database, crawl_id: int, *, whole: bool) -> None:
    """Drops troubles of earlier runs that this finished run would have met again.

    Those about an address that was served now. With `whole` (the run walked its portals without a
    limit or a choice of years) also those about links that were never asked for and stood on a page
    that was served now, and those of a walked portal that name no address.
    """
    with transaction(db):
        db.conn.execute(
            """
            DELETE FROM problems WHERE stage = 'crawl' AND crawl_id <> :crawl AND url IN (
                SELECT url FROM fetches WHERE crawl_id = :crawl AND status BETWEEN 200 AND 399
            )
            """,
            {"crawl": crawl_id},
        )
        if whole:
            db.conn.execute(
                """
                DELETE FROM problems WHERE stage = 'crawl' AND crawl_id <> :crawl AND (
                    (fetch_id IS NULL AND url IS NOT NULL AND found_on IN (
                        SELECT url FROM fetches WHERE crawl_id = :crawl AND status BETWEEN 200 AND 399
                    ))
                    OR (url IS NULL AND portal_id IN (
                        SELECT portal_id FROM fetches WHERE crawl_id = :crawl AND status IS NOT NULL
                    ))
                )
                """,
                {"crawl": crawl_id},
            )
