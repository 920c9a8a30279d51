"""What a run made of each portal: its pages and reports, what is missing, and what stands out.

Owns the table `crawl_portals` and the three problems that only a whole run can show: a portal that
gave not one report, one most of whose documents gave none, and one that shows fewer reports than it
did the last time.

A page counts for the portal that `report_sources` names (of two that list it the nearer one), so that
the numbers do not depend on which list was read first; a report with a page on each counts for both.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlite_utils import Database

from crawler.items import Portal, Trouble
from storage.database import file_of, one_line_errors, transaction

FEWER = 3
"""Reports that a portal must have lost for its loss to be a shortcoming of the run…"""
FEWER_PART = 0.1
"""…and the part of all its reports that they must be; a page that moves takes one or two with it."""
UNREAD_PART = 0.5
"""More than this part of a portal's publications without a report is no accident."""
OTHER_DOCUMENTS = frozenset({"no_report", "blank_form"})
"""Problems of pages that are something else, as lists hold now and then; of a choice of years, whose
reports are few, they say nothing."""
LAST_DUE_MONTH = 3
"""Governments owe the report of a year until the end of March of the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """The last run of the same command in which the portal was walked whole, and its reports there."""

    crawl_id: int
    reports: int


@dataclass(slots=True, kw_only=True)
class PortalRun:
    """One portal in one run; see the columns of `crawl_portals`."""

    portal: Portal
    complete: bool
    publications: int
    """Pages that were taken for reports."""
    unread: int
    """Those of them that gave none."""
    unreadable: int
    """Those of them with other problems than `OTHER_DOCUMENTS`."""
    unread_codes: dict[str, int]
    absent: int
    """Articles that lists name and that are not there."""
    elsewhere: int
    """Pages that its lists led to and that belong to another portal."""
    reports: int
    before: Before | None
    hiding: dict[str, int]
    """Problems that may hide reports, by code."""
    remarks: list[str] = field(default_factory=list)


def runs(db: Database, crawl_id: int, portals: Sequence[Portal], *, settled: bool) -> list[PortalRun]:
    """What the run made of these portals so far; `settled` where no page of any was lost on the way.

    Raises `StorageError`.
    """
    with one_line_errors(file_of(db)):
        _note_seen(db, crawl_id)
        served = {
            row[0]
            for row in db.conn.execute(
                "SELECT DISTINCT portal_id FROM fetches WHERE crawl_id = ?"
                " AND role IN ('home', 'hub', 'list')"
                " AND (status BETWEEN 200 AND 299 OR status = 304 AND sha256 IS NOT NULL)",
                (crawl_id,),
            )
        }
        hiding = _counted(
            db,
            "SELECT portal_id, code, count(*) FROM problems WHERE crawl_id = ? AND stage = 'crawl'"
            " AND hides_reports = 1 GROUP BY portal_id, code",
            crawl_id,
        )
        unread_codes = _counted(
            db,
            "SELECT s.portal_id, p.code, count(DISTINCT p.page_url) FROM seen_now AS s"
            " JOIN problems AS p ON p.stage = 'reading' AND p.page_url = s.page_url"
            " WHERE s.report_id IS NULL GROUP BY 1, 2",
        )
        pages = {
            row[0]: row[1:]
            for row in db.conn.execute(
                """
                WITH left_behind (page_url, other) AS (
                    SELECT page_url, min(code IN (SELECT value FROM json_each(?)))
                    FROM problems WHERE stage = 'reading' GROUP BY page_url
                )
                SELECT portal_id, count(DISTINCT page_url), count(DISTINCT report_id),
                    count(DISTINCT iif(report_id IS NULL, page_url, NULL)),
                    count(DISTINCT iif(report_id IS NULL AND ifnull(other, 0) = 0, page_url, NULL))
                FROM seen_now LEFT JOIN left_behind USING (page_url) GROUP BY portal_id
                """,
                (json.dumps(sorted(OTHER_DOCUMENTS)),),
            )
        }
        absent = dict(
            db.conn.execute(
                "SELECT portal_id, count(DISTINCT url) FROM fetches WHERE crawl_id = ? AND role = 'article'"
                " AND status IN (404, 410) GROUP BY portal_id",
                (crawl_id,),
            ).fetchall()
        )
        elsewhere = dict(
            db.conn.execute(
                "SELECT t.portal_id, count(DISTINCT t.page_url) FROM sightings AS t JOIN seen_now AS s"
                " USING (page_url) WHERE t.crawl_id >= ? AND s.portal_id <> t.portal_id GROUP BY t.portal_id",
                (crawl_id,),
            ).fetchall()
        )
        found = []
        for portal in portals:
            publications, reports, unread, unreadable = pages.get(portal.id, (0, 0, 0, 0))
            found.append(
                PortalRun(
                    portal=portal,
                    complete=settled and portal.id in served and not hiding.get(portal.id),
                    publications=publications,
                    unread=unread,
                    unreadable=unreadable,
                    unread_codes=unread_codes.get(portal.id, {}),
                    absent=absent.get(portal.id, 0),
                    elsewhere=elsewhere.get(portal.id, 0),
                    reports=reports,
                    before=_before(db, crawl_id, portal.id),
                    hiding=hiding.get(portal.id, {}),
                )
            )
    return found


def shortcomings(found: Iterable[PortalRun], *, whole: bool) -> Iterator[Trouble]:
    """The problems of portals that were walked whole and yet gave less than they should.

    `whole` where neither years nor a number of reports were chosen. Writes on each portal's run what
    stands out of it, also where that is no problem of its own.
    """
    for run in found:
        trouble = _shortcoming(run, whole=whole)
        if trouble is not None:
            run.remarks.append(trouble.detail)
            if trouble.hides_reports:
                run.complete = False
            yield trouble
        else:
            run.remarks += _remarks(run)


def _shortcoming(run: PortalRun, *, whole: bool) -> Trouble | None:
    before = run.before.reports if run.before is not None else 0
    if not run.complete:
        return None
    if before and run.reports == 0:
        # Its reports are not marked as vanished: whether they are gone, or the portal speaks otherwise
        # than it did, somebody must see.
        return Trouble(
            code="reports_dropped",
            portal_id=run.portal.id,
            url=None,
            detail=f"{_dropped(run)}; if they are gone for good, mark the portal as disabled",
            hides_reports=True,
        )
    if before - run.reports >= max(FEWER, FEWER_PART * before):
        return Trouble(code="reports_dropped", portal_id=run.portal.id, url=None, detail=_dropped(run))
    if run.reports == 0 and not run.elsewhere and (run.unreadable or whole):
        return Trouble(code="portal_without_reports", portal_id=run.portal.id, url=None, detail=_nothing(run))
    if (run.unread if whole else run.unreadable) > UNREAD_PART * run.publications:
        return Trouble(code="publications_unread", portal_id=run.portal.id, url=None, detail=_unread(run))
    return None


def _remarks(run: PortalRun) -> Iterator[str]:
    if run.portal.disabled:
        yield f"not walked, it is disabled: {run.portal.note or ''}".rstrip(": ")
    elif run.reports == 0 and run.hiding:
        yield f"not one report, as it could not be walked: {_codes(run.hiding)}"
    elif run.reports == 0 and not run.complete:
        yield "not one report yet: it was not walked to its end"
    elif run.reports == 0:
        yield _nothing(run)
    if run.before is not None and run.reports < run.before.reports and not run.portal.disabled:
        yield _dropped(run)


def _dropped(run: PortalRun) -> str:
    assert run.before is not None
    less = run.before.reports - run.reports
    reports = f"{run.reports} report{'' if run.reports == 1 else 's'}"
    return f"{reports}, {less} fewer than in run {run.before.crawl_id}"


def _unread(run: PortalRun) -> str:
    return f"{run.unread} of {run.publications} publications gave no report ({_codes(run.unread_codes)})"


def _nothing(run: PortalRun) -> str:
    if run.publications:
        return f"not one report: {_unread(run)}"
    if run.absent:
        return f"not one report: the {run.absent} articles that its lists name are not there"
    if run.elsewhere:
        return f"not one report of its own; its lists led to {run.elsewhere} pages of other portals"
    return "not one report: its lists name none that was asked for"


def _codes(counts: dict[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{code} {count}" for code, count in ordered) or "no problem was stated"


def write(
    db: Database, crawl_id: int, found: Iterable[PortalRun], years: Collection[int] | None, now: str
) -> None:
    """Writes the rows of a run, in place of those that it had before it was gone on with.

    To be called when what vanished is marked and before the run is closed. Raises `StorageError`.
    """
    with transaction(db):
        _note_seen(db, crawl_id)
        db.conn.execute("DELETE FROM crawl_portals WHERE crawl_id = ?", (crawl_id,))
        requests = {
            row[0]: row[1:]
            for row in db.conn.execute(
                "SELECT portal_id, count(*),"
                " count(DISTINCT iif(status BETWEEN 200 AND 299 OR sha256 IS NOT NULL, url, NULL)),"
                " cast(round(86400 * (julianday(max(fetched_at)) - julianday(min(fetched_at)))) AS INTEGER)"
                " FROM fetches WHERE crawl_id = ? GROUP BY portal_id",
                (crawl_id,),
            )
        }
        outcomes = _counted(
            db,
            "SELECT s.portal_id, c.outcome, count(DISTINCT c.report_id) FROM crawl_reports AS c"
            " JOIN (SELECT portal_id, report_id FROM seen_now WHERE report_id IS NOT NULL"
            "   UNION SELECT portal_id, report_id FROM report_sources WHERE gone_at IS NOT NULL) AS s"
            " USING (report_id) WHERE c.crawl_id = ? GROUP BY 1, 2",
            crawl_id,
        )
        problems = _counted(
            db,
            "SELECT portal_id, code, count(*) FROM problems WHERE crawl_id = ? GROUP BY portal_id, code",
            crawl_id,
        )
        for run in found:
            portal = run.portal
            fetches, pages, seconds = requests.get(portal.id, (0, 0, 0))
            kinds = outcomes.get(portal.id, {})
            row: dict[str, Any] = {
                "crawl_id": crawl_id,
                "portal_id": portal.id,
                "complete": int(run.complete),
                "fetches": fetches,
                "pages": pages,
                "publications": run.publications,
                "unread": run.unread,
                "reports": run.reports,
                "reports_new": kinds.get("new", 0),
                "reports_changed": kinds.get("changed", 0),
                "reports_unchanged": kinds.get("unchanged", 0) + kinds.get("reread", 0),
                "reports_vanished": kinds.get("vanished", 0),
                "reports_before": None if run.before is None else run.before.reports,
                "crawl_before": None if run.before is None else run.before.crawl_id,
                "missing_years": json.dumps(_missing_years(db, portal, years, now)),
                "problems": json.dumps(dict(sorted(problems.get(portal.id, {}).items()))),
                "seconds": seconds,
                "remarks": "; ".join(run.remarks) or None,
            }
            names = ", ".join(row)
            values = ", ".join(f":{key}" for key in row)
            db.conn.execute(f"INSERT INTO crawl_portals ({names}) VALUES ({values})", row)


def _note_seen(db: Database, crawl_id: int) -> None:
    """Makes the temporary table `seen_now`: pages that this run was led to, their portal and reports.

    A run that is gone on with may stand before others: what those saw since counts as seen.
    """
    db.conn.execute("DROP TABLE IF EXISTS temp.seen_now")
    db.conn.execute(
        """
        CREATE TEMP TABLE seen_now AS
        WITH pages (page_url) AS (SELECT DISTINCT page_url FROM sightings WHERE crawl_id >= ?)
        SELECT pages.page_url, coalesce(s.portal_id, p.portal_id) AS portal_id, s.report_id
        FROM pages JOIN publications AS p USING (page_url)
        LEFT JOIN report_sources AS s ON s.source_url = pages.page_url AND s.gone_at IS NULL
        """,
        (crawl_id,),
    )


def _before(db: Database, crawl_id: int, portal_id: str) -> Before | None:
    row = db.conn.execute(
        """
        SELECT p.crawl_id, p.reports FROM crawl_portals AS p
        JOIN crawls AS c ON c.id = p.crawl_id
        JOIN crawls AS this ON this.id = :crawl
        WHERE p.portal_id = :portal AND p.crawl_id < :crawl AND p.complete = 1
            AND (c.spider, c.arguments) = (this.spider, this.arguments)
        ORDER BY p.crawl_id DESC LIMIT 1
        """,
        {"crawl": crawl_id, "portal": portal_id},
    ).fetchone()
    return None if row is None else Before(crawl_id=row[0], reports=row[1])


def _missing_years(db: Database, portal: Portal, years: Collection[int] | None, now: str) -> list[int]:
    """Years between the portal's first and the last that is due, of which it shows no report at all."""
    held = {
        row[0]
        for row in db.conn.execute(
            "SELECT DISTINCT year, gone_at IS NULL FROM reports JOIN report_sources ON report_id = id"
            " WHERE portal_id = ? AND gone_at IS NULL",
            (portal.id,),
        )
    }
    first = portal.since if portal.since is not None else min(held, default=None)
    if first is None or portal.disabled:
        return []
    last = int(now[:4]) - (1 if int(now[5:7]) > LAST_DUE_MONTH else 2)
    return [year for year in range(first, last + 1) if year not in held and (years is None or year in years)]


def _counted(db: Database, sql: str, *values: object) -> dict[str, dict[str, int]]:
    """Result of a query for portal, name and number, by portal."""
    found: dict[str, dict[str, int]] = {}
    for portal_id, name, count in db.conn.execute(sql, values).fetchall():
        if portal_id is not None:
            found.setdefault(portal_id, {})[name] = count
    return found
