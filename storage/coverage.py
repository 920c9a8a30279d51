"""Who owes a report for which year, and whether it is held: the roster of bodies against the holdings.

Owns the tables `coverage` and `populations`, made anew as a whole. The roster comes from the divisions
that the registered portals answer for, from bodies seen in other years, and from portals that belong
to one body. A report is missing only where every portal that should show it was walked whole after
it was due: of any other absence it is not known whether there is a report.
"""

from __future__ import annotations

import csv
import io
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from sqlite_utils import Database

from storage.database import file_of, one_line_errors, transaction

COLUMNS = (
    "body",
    "year",
    "agency_id",
    "agency",
    "division_code",
    "agency_type",
    "level",
    "known_from",
    "due_on",
    "state",
    "reason",
    "confidence",
    "portal_id",
    "walked_at",
    "report_id",
)
_TEMPORARY = (
    "area",
    "answering",
    "bodies",
    "roster",
    "walks",
    "shown",
    "held",
    "seen",
    "owed",
    "unread",
    "series",
    "same_place",
)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """When reports are due: `due` is month and day of the next year by kind of body, for report years
    from 2019 on; until 2018 it was `until_2018` for all of them.
    """

    first_year: int
    until_2018: str
    due: dict[str, str]


@cache
def deadlines() -> Deadlines:
    """The bundled deadlines."""
    data = tomllib.loads(resources.files("storage").joinpath("coverage.toml").read_text("utf-8"))
    due = dict(data["due"])
    return Deadlines(first_year=data["first_year"], until_2018=due.pop("until_2018"), due=due)


def due_on(agency_type: str, year: int) -> str | None:
    """The day by which a body of this kind owes the report of a year; None where no article names it."""
    told = deadlines()
    if agency_type not in told.due:
        return None
    return f"{year + 1}-{told.until_2018 if year <= 2018 else told.due[agency_type]}"


def refresh(db: Database) -> None:
    """Makes `coverage` anew, as of the last request of the last run. Raises `StorageError`."""
    told = deadlines()
    with transaction(db):
        conn = db.conn
        _write_populations(db)
        last = conn.execute(
            "SELECT max(coalesce(finished_at, (SELECT max(fetched_at) FROM fetches"
            " WHERE crawl_id = crawls.id), started_at)) FROM crawls"
        ).fetchone()[0]
        conn.execute("DELETE FROM coverage")
        if last is None:
            return
        try:
            conn.execute("CREATE TEMP TABLE series (year INTEGER PRIMARY KEY)")
            conn.executemany(
                "INSERT INTO series VALUES (?)", [(year,) for year in range(told.first_year, int(last[:4]))]
            )
            for statement in _STEPS:
                conn.execute(statement)
            _note_owed(db, last)
            conn.execute(_COVERAGE)
        finally:
            for table in _TEMPORARY:
                conn.execute(f"DROP TABLE IF EXISTS temp.{table}")


def _write_populations(db: Database) -> None:
    text = resources.files("storage").joinpath("populations.csv").read_text("utf-8")
    wanted = [
        (row["division_code"], int(row["residents"]), row["counted_on"], row["source"])
        for row in csv.DictReader(io.StringIO(text))
    ]
    if db.conn.execute("SELECT * FROM populations ORDER BY division_code").fetchall() != sorted(wanted):
        db.conn.execute("DELETE FROM populations")
        db.conn.executemany("INSERT INTO populations VALUES (?, ?, ?, ?)", wanted)


def _note_owed(db: Database, last: str) -> None:
    """`owed`: one row a body and a year whose report was due before `last`."""
    told = deadlines()
    kinds = "".join(f" WHEN '{kind}' THEN '{day}'" for kind, day in told.due.items())
    db.conn.execute(
        f"""
        CREATE TEMP TABLE owed AS
        SELECT *, CASE
            WHEN year BETWEEN first_held AND last_held THEN 'gap'
            WHEN year > last_held THEN 'none_since'
            WHEN year < first_held THEN 'none_before'
            ELSE 'none_at_all' END AS absence
        FROM (
            SELECT roster.*, series.year AS year,
                (series.year + 1) || '-' || iif(series.year <= 2018, '{told.until_2018}',
                    CASE roster.agency_type {kinds} END) AS due_on,
                held.report_id AS report_id, seen.first_held AS first_held, seen.last_held AS last_held
            FROM roster JOIN series
                ON series.year BETWEEN ifnull(roster.first_year, 0) AND ifnull(roster.last_year, 9999)
            LEFT JOIN held ON held.body = roster.body AND held.year = series.year
            LEFT JOIN seen ON seen.body = roster.body
            WHERE roster.agency_type IN ({", ".join(f"'{kind}'" for kind in told.due)})
        ) WHERE due_on < ? OR report_id IS NOT NULL
        """,
        (last[:10],),
    )
    db.conn.execute("CREATE INDEX temp.owed_body ON owed (body, year)")


_STEPS = (
    # The divisions that the portals of the registry answer for: their own and all below them.
    """
    CREATE TEMP TABLE area AS
    WITH RECURSIVE below (code) AS (
        SELECT division_code FROM portals WHERE agency IS NULL
        UNION
        SELECT divisions.code FROM divisions JOIN below ON divisions.parent_code = below.code
    )
    SELECT divisions.code, divisions.name, divisions.kind, divisions.parent_code,
        divisions.valid_from, divisions.valid_to
    FROM divisions WHERE code IN (SELECT code FROM below)
        AND kind <> 'special administrative region'
    """,
    # A county that became a city or a district is the same place under another code.
    """
    CREATE TEMP TABLE same_place AS
    SELECT closed.code AS code, max(opened.code) AS today
    FROM divisions AS closed JOIN divisions AS opened
        ON opened.parent_code = closed.parent_code AND opened.valid_from = closed.valid_to + 1
        AND opened.code <> closed.code
        AND substr(opened.name, 1, length(opened.name) - 1) = substr(closed.name, 1, length(closed.name) - 1)
    WHERE closed.valid_to IS NOT NULL GROUP BY closed.code
    """,
    # The portals of a division, or where the registry has none for it, those of the nearest above it.
    """
    CREATE TEMP TABLE answering AS
    WITH RECURSIVE line (code, at, far) AS (
        SELECT DISTINCT code, code, 0 FROM divisions
        UNION
        SELECT line.code, divisions.parent_code, far + 1 FROM line
        JOIN divisions ON divisions.code = line.at
        WHERE divisions.parent_code IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM portals WHERE agency IS NULL AND division_code = line.at)
    )
    SELECT line.code AS code, portals.id AS portal_id FROM line
    JOIN portals ON portals.division_code = line.at AND portals.agency IS NULL
    """,
    "CREATE INDEX temp.answering_code ON answering (code)",
    # Bodies by division, and by the reports that are held of them.
    """
    CREATE TEMP TABLE bodies AS
    SELECT area.code AS division_code, coalesce(
        (SELECT id FROM agencies WHERE agency_type = 'government'
            AND agencies.division_code = coalesce(same_place.today, area.code) ORDER BY id LIMIT 1),
        (SELECT agency_id FROM reports WHERE agency_type = 'government'
            AND reports.division_code = area.code ORDER BY id LIMIT 1)
    ) AS agency_id,
    iif(area.kind LIKE 'district%', ifnull(above.name, ''), '') || area.name
        || iif(area.kind IN ('prefecture', 'league'), '行政公署', '人民政府') AS name,
    area.valid_from AS valid_from, area.valid_to AS valid_to
    FROM area LEFT JOIN same_place USING (code)
    LEFT JOIN divisions AS above ON above.code = area.parent_code
        AND ifnull(area.valid_to, 9999) BETWEEN ifnull(above.valid_from, 0) AND ifnull(above.valid_to, 9999)
    """,
    """
    CREATE TEMP TABLE roster AS
    SELECT ifnull(bodies.agency_id, 'division ' || bodies.division_code) AS body, bodies.agency_id,
        coalesce(agencies.name, bodies.name) AS agency, bodies.division_code AS division_code,
        'government' AS agency_type, CASE WHEN bodies.division_code LIKE '__0000' THEN 'province'
            WHEN bodies.division_code LIKE '____00' THEN 'prefecture' ELSE 'county' END AS level,
        'division' AS known_from,
        (SELECT id FROM portals WHERE portals.agency IN (agencies.name, bodies.name) ORDER BY id LIMIT 1)
            AS own_portal,
        bodies.valid_from AS first_year, bodies.valid_to AS last_year
    FROM bodies LEFT JOIN agencies ON agencies.id = bodies.agency_id
    """,
    # Departments: from the first year in which they are seen to the year in which others took their place.
    """
    INSERT INTO roster
    SELECT agencies.id, agencies.id, agencies.name, agencies.division_code, agencies.agency_type,
        agencies.level, 'reports',
        (SELECT id FROM portals WHERE portals.agency = agencies.name ORDER BY id LIMIT 1),
        min(reports.year),
        CASE WHEN EXISTS (
            SELECT 1 FROM agency_relations AS became JOIN reports AS later ON later.agency_id = became.to_id
            WHERE became.from_id = agencies.id AND became.kind IN ('renamed', 'merged_into')
                AND later.year > (SELECT max(year) FROM reports AS own WHERE own.agency_id = agencies.id)
        ) THEN max(reports.year)
        ELSE (SELECT iif(count(*) = count(valid_to), max(valid_to), NULL) FROM divisions
            WHERE divisions.code = agencies.division_code) END
    FROM agencies JOIN reports ON reports.agency_id = agencies.id
    WHERE agencies.id NOT IN (SELECT agency_id FROM bodies WHERE agency_id IS NOT NULL)
    GROUP BY agencies.id
    """,
    # A portal of one body says that there is this body.
    """
    INSERT INTO roster
    SELECT 'portal ' || portals.id, NULL, portals.agency, portals.division_code, 'department', NULL, 'portal',
        portals.id, portals.since, NULL
    FROM portals WHERE portals.agency IS NOT NULL AND portals.agency NOT LIKE '%政府'
        AND NOT EXISTS (SELECT 1 FROM roster WHERE roster.agency = portals.agency)
        AND NOT EXISTS (
            SELECT 1 FROM agency_names JOIN roster USING (agency_id) WHERE agency_names.name = portals.agency
        )
    """,
    # Years of which a portal's runs can speak: when it was last walked whole with them in the selection.
    """
    CREATE TEMP TABLE walks AS
    SELECT portal_id, series.year AS year, max(ifnull(crawls.finished_at, crawls.started_at)) AS walked_at
    FROM crawl_portals JOIN crawls ON crawls.id = crawl_portals.crawl_id
    JOIN series ON json_extract(crawls.arguments, '$.years') IS NULL
        OR series.year BETWEEN CAST(substr(json_extract(crawls.arguments, '$.years'), 1, 4) AS INTEGER)
            AND CAST(substr(json_extract(crawls.arguments, '$.years'), -4) AS INTEGER)
    WHERE crawl_portals.complete = 1 AND crawls.sample = 0
    GROUP BY portal_id, series.year
    """,
    "CREATE INDEX temp.walks_portal ON walks (portal_id, year)",
    """
    CREATE TEMP TABLE shown AS
    SELECT DISTINCT report_sources.portal_id AS portal_id, reports.year AS year
    FROM report_sources JOIN reports ON reports.id = report_sources.report_id
    """,
    "CREATE INDEX temp.shown_portal ON shown (portal_id, year)",
    """
    CREATE TEMP TABLE held AS
    SELECT body, year, min(report_id) AS report_id FROM (
        SELECT roster.body AS body, reports.year AS year, reports.id AS report_id
        FROM roster JOIN reports ON reports.agency_id = roster.agency_id
        UNION ALL
        SELECT roster.body, reports.year, reports.id
        FROM roster JOIN reports ON reports.division_code = roster.division_code
        WHERE roster.known_from = 'division' AND reports.agency_type = 'government'
    ) GROUP BY body, year
    """,
    "CREATE UNIQUE INDEX temp.held_body ON held (body, year)",
    """
    CREATE TEMP TABLE seen AS
    SELECT body, min(year) AS first_held, max(year) AS last_held FROM held GROUP BY body
    """,
    "CREATE UNIQUE INDEX temp.seen_body ON seen (body)",
    # Titles in lists behind which there was something that gave no report.
    """
    CREATE TEMP TABLE unread AS
    SELECT DISTINCT problems.portal_id AS portal_id, problems.code AS code,
        coalesce(publications.listing_title, '') || ' ' || coalesce(publications.label, '')
            || ' ' || coalesce(problems.link_text, '') AS title
    FROM problems LEFT JOIN publications ON publications.page_url = problems.page_url
    WHERE problems.portal_id IS NOT NULL AND problems.report_id IS NULL
        AND NOT EXISTS (
            SELECT 1 FROM report_sources
            WHERE report_sources.source_url IN (problems.page_url, problems.url)
        )
        AND (problems.stage = 'reading' OR problems.link_text IS NOT NULL)
    """,
    "CREATE INDEX temp.unread_portal ON unread (portal_id)",
)

_COVERAGE = f"""
    INSERT INTO coverage ({", ".join(COLUMNS)})
    WITH walked AS (
        -- Of several portals of one place all must have been walked.
        SELECT owed.body AS body, owed.year AS year, min(answers.portal_id) AS portal_id,
            iif(count(walks.walked_at) = count(*), min(walks.walked_at), NULL) AS walked_at,
            max(EXISTS (SELECT 1 FROM shown
                WHERE shown.portal_id = answers.portal_id AND shown.year = owed.year)) AS others_shown,
            max(EXISTS (SELECT 1 FROM shown
                WHERE shown.portal_id = answers.portal_id AND shown.year < owed.year)) AS older_shown,
            group_concat(DISTINCT iif(portals.state <> 'ok', portals.state, NULL)) AS states
        FROM owed
        JOIN (
            SELECT body, own_portal AS portal_id FROM roster WHERE own_portal IS NOT NULL
            UNION
            SELECT roster.body, answering.portal_id FROM roster
            JOIN answering ON answering.code = roster.division_code WHERE roster.own_portal IS NULL
        ) AS answers ON answers.body = owed.body
        JOIN portals ON portals.id = answers.portal_id
        LEFT JOIN walks ON walks.portal_id = answers.portal_id AND walks.year = owed.year
        WHERE owed.report_id IS NULL
        GROUP BY owed.body, owed.year
    ),
    found AS (
        SELECT owed.*, walked.portal_id AS portal_id, walked.walked_at AS walked_at,
            walked.states AS states, walked.others_shown AS others_shown, walked.older_shown AS older_shown,
            substr(walked.walked_at, 1, 10) > owed.due_on AS in_time,
            CASE WHEN owed.report_id IS NULL THEN (
                SELECT min(unread.code) FROM unread
                WHERE unread.portal_id = walked.portal_id AND instr(unread.title, CAST(owed.year AS TEXT))
                    AND CASE WHEN owed.agency_type = 'government'
                        THEN EXISTS (
                            SELECT 1 FROM divisions WHERE divisions.code = owed.division_code
                                AND (instr(unread.title, divisions.name || owed.year)
                                    OR instr(unread.title, divisions.name || '人民政府' || owed.year)
                                    OR instr(unread.title, divisions.name || '政府' || owed.year))
                        )
                        ELSE instr(unread.title, owed.agency) OR EXISTS (
                            SELECT 1 FROM agency_names WHERE agency_names.agency_id = owed.agency_id
                                AND length(agency_names.name) >= 3 AND instr(unread.title, agency_names.name)
                        ) END
            ) END AS left_by
        FROM owed LEFT JOIN walked USING (body, year)
    )
    SELECT body, year, agency_id, agency, division_code, agency_type, level, known_from, due_on,
        CASE WHEN report_id IS NOT NULL THEN 'published' WHEN left_by IS NOT NULL THEN 'unread'
            WHEN ifnull(in_time, 0) THEN 'missing' ELSE 'not_known' END AS state,
        CASE WHEN report_id IS NOT NULL THEN NULL WHEN left_by IS NOT NULL THEN left_by
            WHEN ifnull(in_time, 0) THEN absence
            WHEN portal_id IS NULL THEN 'no_portal'
            WHEN states IS NOT NULL THEN 'portal_' || replace(states, ',', '_')
            WHEN walked_at IS NULL THEN 'portal_not_walked_whole'
            ELSE 'portal_not_walked_since' END AS reason,
        CASE WHEN report_id IS NOT NULL OR left_by IS NOT NULL OR NOT ifnull(in_time, 0) THEN NULL
            WHEN absence = 'gap' THEN 'high'
            WHEN NOT others_shown AND NOT older_shown THEN 'low'
            WHEN absence = 'none_since' THEN CASE
                WHEN agency_type = 'government' THEN iif(others_shown, 'high', 'medium')
                WHEN year - last_held = 1 AND others_shown THEN 'medium' ELSE 'low' END
            WHEN others_shown THEN 'medium' ELSE 'low' END AS confidence,
        portal_id, walked_at, report_id
    FROM found WHERE true
    ON CONFLICT DO NOTHING
"""


def rows(db: Database) -> list[dict[str, Any]]:
    """Every body and year of `coverage` with the dates of the report that is held, by division and body."""
    with one_line_errors(file_of(db)):
        cursor = db.conn.execute(
            """
            SELECT coverage.*, reports.published_on AS published_on,
                CAST(max(julianday(reports.published_on) - julianday(reports.due_on), 0) AS INTEGER)
                    AS days_late,
                reports.late_confidence AS late_confidence, reports.source_url AS source_url,
                reports.fetched_at AS fetched_at
            FROM coverage LEFT JOIN reports ON reports.id = coverage.report_id
            ORDER BY coverage.division_code, coverage.known_from, coverage.agency, coverage.body,
                coverage.year
            """
        )
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]
