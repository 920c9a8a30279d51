"""Who owes a report for which year, and whether it is held: the roster of bodies against the holdings.

Owns the tables `coverage` and `populations`, made anew as a whole. The roster comes from the divisions
that the registered portals answer for, from bodies seen in other years, from portals that belong to
one body, and from the portals' own lists of departments. A report is missing only where every portal
that should show it was walked whole after it was due: of any other absence it is not known whether
there is a report.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from sqlite_utils import Database

from storage import listed, unread
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
    "list_url",
    "listed_at",
)
_TEMPORARY = (
    "retired",
    "area",
    "answering",
    "bodies",
    "roster",
    "listing",
    "walks",
    "shown",
    "held",
    "seen",
    "ended",
    "answers",
    "owed",
    "left_by",
    "series",
    "same_place",
    "alike",
    "unsettled",
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
    """The bundled deadlines. Raises ValueError naming the key of anything unknown."""
    return read_deadlines(resources.files("storage").joinpath("coverage.toml").read_text("utf-8"))


def read_deadlines(text: str) -> Deadlines:
    """The deadlines in a text of TOML; see `deadlines`."""
    data = tomllib.loads(text)
    if wrong := set(data) ^ {"first_year", "due", "owes_none"}:
        raise ValueError(f"coverage.toml: unknown or missing key {min(wrong)}")
    if wrong := set(data["owes_none"]) ^ {"names"}:
        raise ValueError(f"coverage.toml: owes_none: unknown or missing key {min(wrong)}")
    due = dict(data["due"])
    for kind, day in due.items():
        if not re.fullmatch(r"(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])", str(day)):
            raise ValueError(f"coverage.toml: due: {kind}: must be month and day such as 01-31")
    if "until_2018" not in due:
        raise ValueError("coverage.toml: due: missing key until_2018")
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
            listed.judge(db, told.due)
            for statement in _ROSTER:
                conn.execute(statement)
            _drop_outside(db)
            conn.execute(_LISTED_ROSTER, {"owing": json.dumps(list(told.due))})
            for statement in _HOLDINGS:
                conn.execute(statement)
            _note_owed(db, last)
            unread.note_left(conn)
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


def _drop_outside(db: Database) -> None:
    """Takes bodies with a portal of their own off the roster whose names say that they owe none."""
    names = db.conn.execute("SELECT body, agency FROM roster WHERE known_from = 'portal'").fetchall()
    for body, agency in names:
        if listed.outside().names_one(agency):
            db.conn.execute("DELETE FROM roster WHERE body = ?", (body,))


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


_ROSTER = (
    # Portals that their registry holds no more: the last run of it that chose none left them out.
    """
    CREATE TEMP TABLE retired AS
    WITH runs AS (
        SELECT id, spider || ' ' || ifnull(json_extract(arguments, '$.registry'), '') || ' '
            || ifnull(json_extract(arguments, '$.url'), '') AS registry,
            finish_reason = 'finished' AND json_extract(arguments, '$.portal') IS NULL
            AND json_extract(arguments, '$.division') IS NULL AS is_whole
        FROM crawls WHERE id IN (SELECT crawl_id FROM crawl_portals)
    ), last AS (
        SELECT registry, max(id) AS id FROM runs WHERE is_whole GROUP BY registry
    )
    SELECT crawl_portals.portal_id AS portal_id
    FROM crawl_portals JOIN runs ON runs.id = crawl_portals.crawl_id LEFT JOIN last USING (registry)
    GROUP BY crawl_portals.portal_id HAVING max(crawl_portals.crawl_id >= ifnull(last.id, 0)) = 0
    """,
    # The divisions that the portals of the registry answer for: their own and all below them.
    """
    CREATE TEMP TABLE area AS
    WITH RECURSIVE below (code) AS (
        SELECT division_code FROM portals WHERE agency IS NULL AND id NOT IN (SELECT portal_id FROM retired)
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
    # The portals of a division, or where the registry has none for it, those of the nearest above it. One
    # that is disabled does not count beside another.
    """
    CREATE TEMP TABLE answering AS
    WITH RECURSIVE public AS (
        SELECT id, division_code, disabled,
            min(disabled) OVER (PARTITION BY division_code) AS all_disabled
        FROM portals WHERE agency IS NULL AND id NOT IN (SELECT portal_id FROM retired)
    ), line (code, at, far) AS (
        SELECT DISTINCT code, code, 0 FROM divisions
        UNION
        SELECT line.code, divisions.parent_code, far + 1 FROM line
        JOIN divisions ON divisions.code = line.at
        WHERE divisions.parent_code IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM public WHERE division_code = line.at)
    )
    SELECT DISTINCT line.code AS code, public.id AS portal_id FROM line
    JOIN public ON public.division_code = line.at AND public.disabled = public.all_disabled
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
    # Departments: from the first year in which they are seen to the year in which others took their place,
    # which is the one before the later name counts where that is known.
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
        ) THEN max(max(reports.year), ifnull((
            SELECT min(became.since) - 1
            FROM agency_relations AS became JOIN reports AS later ON later.agency_id = became.to_id
            WHERE became.from_id = agencies.id AND became.kind IN ('renamed', 'merged_into')
                AND later.year > (SELECT max(year) FROM reports AS own WHERE own.agency_id = agencies.id)
        ), 0))
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
        AND id NOT IN (SELECT portal_id FROM retired)
        AND NOT EXISTS (SELECT 1 FROM roster WHERE roster.agency = portals.agency)
        AND NOT EXISTS (
            SELECT 1 FROM agency_names JOIN roster USING (agency_id) WHERE agency_names.name = portals.agency
        )
    """,
    # Bodies of the portals' own lists, and since when and until when these name them: a list says nothing
    # of the time before it was first seen, and no more once a whole walk of the portal met it without them.
    """
    CREATE TEMP TABLE listing AS
    WITH found AS (
        SELECT listed_bodies.*, NOT EXISTS (
            SELECT 1 FROM crawl_portals JOIN crawls ON crawls.id = crawl_portals.crawl_id
            WHERE crawl_portals.portal_id = listed_bodies.portal_id AND crawl_portals.complete = 1
                AND crawls.sample = 0 AND crawls.started_at > listed_bodies.last_seen_at
                AND crawls.id <> listed_bodies.crawl_id
        ) AS is_listed, CASE
            WHEN standing = 'published' THEN ifnull(other_id, agency_id)
            WHEN standing = 'never_published' THEN coalesce(
                (SELECT body FROM roster WHERE roster.agency_id = listed_bodies.agency_id LIMIT 1),
                iif(agency_type = 'government', (SELECT body FROM roster
                    WHERE known_from = 'division' AND roster.division_code = listed_bodies.division_code
                    ORDER BY ifnull(last_year, 9999) DESC LIMIT 1), NULL),
                (SELECT body FROM roster
                    WHERE known_from = 'portal' AND roster.agency = listed_bodies.agency),
                agency_id)
            ELSE 'listed ' || portal_id || ' ' || name END AS meant
        FROM listed_bodies WHERE standing IN ('published', 'never_published', 'unresolved')
            AND portal_id NOT IN (SELECT portal_id FROM retired)
    ), ranked AS (
        SELECT *, min(first_seen_at) OVER (PARTITION BY meant) AS since,
            max(url <> '' AND answered_by = '[]') OVER (PARTITION BY meant) AS leads_away,
            row_number() OVER (
                PARTITION BY meant ORDER BY is_listed DESC, last_seen_at DESC, portal_id, name, url
            ) AS place
        FROM found
    )
    SELECT meant AS body, portal_id, standing, agency_id, ifnull(agency, name) AS agency, division_code,
        agency_type, level, body AS rest, since, last_seen_at, list_url, is_listed, leads_away
    FROM ranked WHERE place = 1
    """,
    "CREATE UNIQUE INDEX temp.listing_body ON listing (body)",
)

# Bodies that only lists name. An unresolved one owes, if it is what its name says.
_LISTED_ROSTER = """
    INSERT INTO roster
    SELECT listing.body, iif(standing = 'unresolved', NULL, listing.agency_id), listing.agency,
        listing.division_code, listing.agency_type, listing.level, 'list', NULL,
        max(CAST(substr(since, 1, 4) AS INTEGER) - 1, ifnull((
            SELECT min(renamings.since) FROM renamings WHERE renamings.after = listing.rest
                AND ifnull(renamings.division_code, listing.division_code) IS listing.division_code
        ), 0)),
        iif(is_listed, NULL, CAST(substr(last_seen_at, 1, 4) AS INTEGER) - 1)
    FROM listing WHERE standing IN ('never_published', 'unresolved')
        AND agency_type IN (SELECT value FROM json_each(:owing))
        AND NOT EXISTS (SELECT 1 FROM roster WHERE roster.body = listing.body)
"""

_HOLDINGS = (
    # Years of which a portal's runs can speak: when the last whole walk with them in the selection began.
    """
    CREATE TEMP TABLE walks AS
    SELECT portal_id, series.year AS year, max(runs.started_at) AS walked_at
    FROM crawl_portals JOIN (
        SELECT id, started_at, sample, trim(json_extract(arguments, '$.years')) AS years FROM crawls
    ) AS runs ON runs.id = crawl_portals.crawl_id
    JOIN series ON runs.years IS NULL
        OR series.year BETWEEN CAST(substr(runs.years, 1, 4) AS INTEGER)
            AND CAST(substr(runs.years, -4) AS INTEGER)
    WHERE crawl_portals.complete = 1 AND runs.sample = 0
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
    # Names that a reform ended, where nothing is held of what followed: nobody says that it went on.
    """
    CREATE TEMP TABLE ended AS
    SELECT roster.body AS body, min(renamings.since) AS since
    FROM roster JOIN agencies ON agencies.id = roster.agency_id
    JOIN renamings ON renamings.before = agencies.body AND renamings.kind IN ('renamed', 'merged_into')
        AND renamings.since IS NOT NULL
        AND ifnull(renamings.division_code, agencies.division_code) IS agencies.division_code
    WHERE roster.known_from = 'reports' AND roster.last_year IS NULL
        AND NOT EXISTS (SELECT 1 FROM listing WHERE listing.body = roster.body AND is_listed)
    GROUP BY roster.body
    """,
    "CREATE UNIQUE INDEX temp.ended_body ON ended (body)",
    # The portals that should show a body's reports. Rank 0: its own, else its division's (a government's
    # reports stand on both). Rank 1: where reports of it were found, and where lists name it or lead to it.
    """
    CREATE TEMP TABLE answers AS
    SELECT body, portal_id, min(far) AS far FROM (
        SELECT body, own_portal AS portal_id, 0 AS far FROM roster WHERE own_portal IS NOT NULL
        UNION ALL
        SELECT roster.body, answering.portal_id, 0 FROM roster
        JOIN answering ON answering.code = roster.division_code
        WHERE roster.own_portal IS NULL OR roster.known_from = 'division'
        UNION ALL
        SELECT held.body, report_sources.portal_id, 1 FROM held
        JOIN report_sources ON report_sources.report_id = held.report_id WHERE report_sources.gone_at IS NULL
        UNION ALL
        SELECT listing.body, listing.portal_id, 1 FROM listing JOIN roster ON roster.body = listing.body
        WHERE roster.known_from = 'list'
        UNION ALL
        SELECT roster.body, leads.value, 1 FROM roster
        JOIN listed_bodies ON roster.body = iif(listed_bodies.standing = 'unresolved',
            'listed ' || listed_bodies.portal_id || ' ' || listed_bodies.name,
            ifnull(listed_bodies.other_id, listed_bodies.agency_id))
        JOIN json_each(listed_bodies.answered_by) AS leads
        WHERE roster.known_from IN ('list', 'reports')
    ) WHERE portal_id IN (SELECT id FROM portals) AND portal_id NOT IN (SELECT portal_id FROM retired)
    GROUP BY body, portal_id
    """,
    "CREATE INDEX temp.answers_body ON answers (body, far)",
    "UPDATE answers SET far = 0 WHERE body NOT IN (SELECT body FROM answers WHERE far = 0)",
    # Bodies of which nobody can say whether they are one: a name without a place, or of several bodies at
    # once, and a body of the portal where that was found whose name ends alike.
    """
    CREATE TEMP TABLE alike AS
    WITH loose AS (
        SELECT agencies.id AS id, division_code, piece.value AS name
        FROM agencies, json_each('[' || replace(json_quote(agencies.name), '、', '","') || ']') AS piece
        WHERE division_code IS NULL OR agencies.name LIKE '%、%'
    ), places AS (
        SELECT DISTINCT loose.*, report_sources.portal_id AS portal_id
        FROM loose JOIN reports ON reports.agency_id = loose.id
        JOIN report_sources ON report_sources.report_id = reports.id
    ), named AS (
        SELECT roster.body AS body, roster.division_code AS division_code, roster.agency AS agency,
            coalesce(agencies.body, listing.rest) AS rest
        FROM roster LEFT JOIN agencies ON agencies.id = roster.agency_id
        LEFT JOIN listing ON listing.body = roster.body WHERE roster.division_code IS NOT NULL
    )
    SELECT DISTINCT named.body AS body, places.id AS other
    FROM places JOIN answers ON answers.portal_id = places.portal_id
    JOIN named ON named.body = answers.body
        AND named.division_code = ifnull(places.division_code, named.division_code)
    WHERE named.body <> places.id AND (
        length(rest) >= 3 AND substr(places.name, -length(rest)) = rest
        OR length(places.name) >= 4 AND substr(agency, -length(places.name)) = places.name
    )
    """,
    """
    CREATE TEMP TABLE unsettled AS
    SELECT alike.body AS body, reports.year AS year FROM alike JOIN reports ON reports.agency_id = alike.other
    UNION
    SELECT alike.other, held.year FROM alike JOIN held ON held.body = alike.body
    UNION
    -- A report that states another year, too, may be of that one.
    SELECT held.body, series.year FROM problems
    JOIN held ON held.report_id = problems.report_id
    JOIN series ON series.year <> held.year AND instr(problems.detail, series.year) > 0
    WHERE problems.code IN ('year_conflict', 'year_inferred')
    UNION
    -- And one that names another body, too, may be that one's.
    SELECT roster.body, held.year FROM problems
    JOIN held ON held.report_id = problems.report_id
    JOIN roster ON roster.body <> held.body AND instr(problems.detail, roster.agency) > 0
    WHERE problems.code = 'agency_conflict'
    """,
    "CREATE INDEX temp.unsettled_body ON unsettled (body, year)",
)

_COVERAGE = f"""
    INSERT INTO coverage ({", ".join(COLUMNS)})
    WITH walked AS (
        -- Of several portals all must have been walked since; the one that was not is named.
        SELECT owed.body AS body, owed.year AS year,
            coalesce(
                substr(min(iif(substr(walks.walked_at, 1, 10) > owed.due_on, NULL,
                    answers.far || answers.portal_id)), 2),
                substr(min(answers.far || answers.portal_id), 2)
            ) AS portal_id,
            iif(count(walks.walked_at) = count(*), min(walks.walked_at), NULL) AS walked_at,
            max(answers.far = 0 AND EXISTS (SELECT 1 FROM shown
                WHERE shown.portal_id = answers.portal_id AND shown.year = owed.year)) AS others_shown,
            max(answers.far = 0 AND EXISTS (SELECT 1 FROM shown
                WHERE shown.portal_id = answers.portal_id AND shown.year < owed.year)) AS older_shown,
            nullif(
                iif(max(portals.state = 'blocked'), '_blocked', '')
                || iif(max(portals.state = 'dead'), '_dead', '')
                || iif(max(portals.state = 'disabled'), '_disabled', ''),
            '') AS states
        FROM owed
        JOIN answers ON answers.body = owed.body
        JOIN portals ON portals.id = answers.portal_id
        LEFT JOIN walks ON walks.portal_id = answers.portal_id AND walks.year = owed.year
        WHERE owed.report_id IS NULL
        GROUP BY owed.body, owed.year
    ),
    found AS (
        SELECT owed.*, walked.portal_id AS portal_id, walked.walked_at AS walked_at,
            walked.states AS states, walked.others_shown AS others_shown, walked.older_shown AS older_shown,
            ifnull(substr(walked.walked_at, 1, 10) > owed.due_on, 0) AS in_time,
            iif(owed.report_id IS NULL, left_by.code, NULL) AS left_by,
            listing.list_url AS list_url, listing.last_seen_at AS listed_at,
            ifnull(listing.is_listed AND substr(listing.last_seen_at, 1, 10) > owed.due_on, 0)
                AS is_listed_since,
            CASE
                WHEN unsettled.year IS NOT NULL THEN 'may_be_held'
                WHEN owed.absence = 'none_since' AND ended.since BETWEEN owed.last_held + 1 AND owed.year
                    THEN 'may_be_renamed'
                WHEN listing.standing = 'unresolved' THEN 'listed_unresolved'
                WHEN owed.absence IN ('none_since', 'none_at_all') AND listing.leads_away
                    AND owed.known_from IN ('list', 'reports') THEN 'listed_elsewhere'
                WHEN owed.known_from = 'list' AND owed.agency_type = 'vertical_agency'
                    THEN 'led_by_another_line'
            END AS doubt
        FROM owed LEFT JOIN walked USING (body, year) LEFT JOIN left_by USING (body, year)
        LEFT JOIN listing ON listing.body = owed.body LEFT JOIN ended ON ended.body = owed.body
        LEFT JOIN unsettled ON unsettled.body = owed.body AND unsettled.year = owed.year
    ),
    judged AS (
        SELECT *, CASE WHEN report_id IS NOT NULL THEN 'published' WHEN left_by IS NOT NULL THEN 'unread'
            WHEN in_time AND doubt IS NULL THEN 'missing' ELSE 'not_known' END AS state
        FROM found
    )
    SELECT body, year, agency_id, agency, division_code, agency_type, level, known_from, due_on, state,
        CASE state WHEN 'published' THEN NULL WHEN 'unread' THEN left_by
            WHEN 'missing' THEN iif(known_from = 'list', 'listed', absence)
            ELSE CASE
                WHEN doubt IS NOT NULL THEN doubt
                WHEN portal_id IS NULL THEN 'no_portal'
                WHEN states IS NOT NULL THEN 'portal_' || ltrim(states, '_')
                WHEN walked_at IS NULL THEN 'portal_not_walked_whole'
                ELSE 'portal_not_walked_since' END
            END AS reason,
        CASE WHEN state <> 'missing' THEN NULL
            WHEN absence = 'gap' THEN 'high'
            WHEN NOT others_shown AND NOT older_shown THEN 'low'
            WHEN known_from = 'list' THEN CASE
                WHEN NOT others_shown OR agency_type NOT IN ('department', 'government_office') THEN 'low'
                -- It was listed before the year was over.
                WHEN year > first_year THEN 'high' ELSE 'medium' END
            WHEN absence = 'none_since' THEN CASE
                -- A department may be gone, unless it is listed still.
                WHEN agency_type = 'government' OR is_listed_since THEN iif(others_shown, 'high', 'medium')
                WHEN year - last_held = 1 AND others_shown THEN 'medium' ELSE 'low' END
            WHEN others_shown THEN 'medium' ELSE 'low' END AS confidence,
        portal_id, walked_at, report_id, list_url, listed_at
    FROM judged WHERE true
    ON CONFLICT DO NOTHING
"""


def rows(db: Database) -> list[dict[str, Any]]:
    """Every body and year of `coverage` with the dates of the report that is held, by division and body."""
    return _dicts(
        db,
        """
        SELECT coverage.*, reports.published_on AS published_on,
            CAST(max(julianday(reports.published_on) - julianday(reports.due_on), 0) AS INTEGER)
                AS days_late,
            reports.late_confidence AS late_confidence, reports.source_url AS source_url,
            reports.fetched_at AS fetched_at
        FROM coverage LEFT JOIN reports ON reports.id = coverage.report_id
        ORDER BY coverage.division_code, coverage.known_from, coverage.agency, coverage.body,
            coverage.year
        """,
    )


def not_owed(db: Database) -> list[dict[str, Any]]:
    """Reports that are held and that nobody owed, by kind and body; see the view `reports_not_owed`."""
    return _dicts(
        db, "SELECT * FROM reports_not_owed ORDER BY reason, division_code, agency, year, report_id"
    )


def listed_apart(db: Database) -> list[dict[str, Any]]:
    """Bodies of the portals' lists that are in no row as missing: not resolved, maybe another's name,
    elsewhere, or of a kind that owes none; `other` is the body that is or may be meant.
    """
    return _dicts(
        db,
        """
        SELECT listed_bodies.*, agencies.name AS other
        FROM listed_bodies LEFT JOIN agencies ON agencies.id = listed_bodies.other_id
        WHERE standing NOT IN ('published', 'never_published')
        ORDER BY standing, portal_id, name, url
        """,
    )


def listed_counts(db: Database) -> dict[str, int]:
    """How many bodies the portals list, by their standing; a body that two lists name counts for each."""
    with one_line_errors(file_of(db)):
        return dict(
            db.conn.execute(
                "SELECT ifnull(standing, 'unresolved'), count(DISTINCT portal_id || ' ' || name)"
                " FROM listed_bodies GROUP BY 1"
            ).fetchall()
        )


def _dicts(db: Database, sql: str) -> list[dict[str, Any]]:
    with one_line_errors(file_of(db)):
        cursor = db.conn.execute(sql)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]
