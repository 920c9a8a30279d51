"""What each run met: the pages that it was led to, and what became of their reports.

Owns the tables `sightings` and `crawl_reports`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from crawler.items import Publication

OutcomeKind = Literal["new", "changed", "reread", "unchanged", "vanished"]
"""`new`: the first time; `changed`: a further version; `reread`: other rows from the same bytes or
from another address; `unchanged`: nothing but the day on which it was last seen; `vanished`: none of
its addresses gives it any more."""

_BY_WEIGHT = " unchanged reread vanished changed new"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one report of a publication."""

    report_id: str
    kind: OutcomeKind


def note_outcomes(conn: sqlite3.Connection, crawl_id: int, outcomes: Iterable[Outcome]) -> None:
    """Counts each report once a run, by the most that happened to it. The caller holds the transaction."""
    conn.executemany(
        "INSERT INTO crawl_reports (crawl_id, report_id, outcome) VALUES (?, ?, ?)"
        f" ON CONFLICT DO UPDATE SET outcome = excluded.outcome WHERE instr('{_BY_WEIGHT}', ' ' || outcome)"
        f" < instr('{_BY_WEIGHT}', ' ' || excluded.outcome)",
        [(crawl_id, outcome.report_id, outcome.kind) for outcome in outcomes],
    )


def note_sightings(conn: sqlite3.Connection, publications: Iterable[Publication], crawl_id: int) -> None:
    """Notes that this run was led to the pages, and by which portal's list. The caller holds the
    transaction.
    """
    conn.executemany(
        """
        INSERT INTO sightings (page_url, portal_id, crawl_id)
        SELECT :page, coalesce(
            (SELECT portal_id FROM fetches WHERE url = :found_on AND crawl_id = :crawl
                AND role IN ('home', 'hub', 'list') ORDER BY id DESC LIMIT 1),
            (SELECT portal_id FROM fetches WHERE id = :fetch),
            :portal
        ), :crawl
        WHERE true
        ON CONFLICT DO UPDATE SET crawl_id = excluded.crawl_id WHERE excluded.crawl_id > crawl_id
        """,
        [
            {
                "page": publication.page.fetch.url,
                "found_on": publication.page.fetch.found_on,
                "crawl": crawl_id,
                "fetch": publication.page.fetch.id,
                "portal": publication.portal.id,
            }
            for publication in publications
        ],
    )
