"""Sums over many reports that pages and questions need at once, added up when the findings are made.

Owns `year_totals`, `division_years`, `agency_years`, `rate_totals`, `denial_totals`, `decision_totals`,
`document_stocks`, `alike_figures`, `rule_totals` and `site_counts`, made anew as a whole, each in a few
statements over all reports. What holds for all of them: a report counts in a sum only where its cell is a
number, and the sum says how many reports are in it; counts are summed, rates never averaged; scopes, levels
and kinds of body are never put together. A division counts with those that were below it in the year of the
report.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator

from sqlite_utils import Database

from storage.database import file_of, one_line_errors, transaction
from storage.measures import COLUMNS, DENIED

_ORGANISATIONS = (
    "received_org_business + received_org_research + received_org_public_interest"
    " + received_org_legal_service + received_org_other"
)
_DISCLOSED = "disclosed_full + disclosed_partial"
_DISPUTES = "reconsideration_total + litigation_total"

SUMMED = {
    "received_new": "received_new",
    "received_natural_person": "received_natural_person",
    "received_organisations": _ORGANISATIONS,
    "carried_in": "carried_in",
    "processed_total": "processed_total",
    "carried_out": "carried_out",
    "disclosed_full": "disclosed_full",
    "disclosed_partial": "disclosed_partial",
    "denied_total": "denied_total",
    "unable_not_held": "unable_not_held",
    "unable_total": "unable_total",
    "not_processed_total": "not_processed_total",
    "other_total": "other_total",
    "reconsideration_total": "reconsideration_total",
    "reconsideration_corrected": "reconsideration_corrected",
    "litigation_total": "litigation_total",
    "litigation_corrected": "litigation_direct_corrected + litigation_after_reconsideration_corrected",
}
"""Columns of `year_totals` and the measures that are summed; beside each stands in how many reports."""

MIXED = {
    "processed": "processed_total",
    "full": "disclosed_full",
    "partial": "disclosed_partial",
    "denied": "denied_total",
    "unable": "unable_total",
    "not_processed": "not_processed_total",
    "other": "other_total",
}
"""The outcome mix (`mix_…` in `year_totals`): sums over the reports of which all of these are numbers."""

RATES = {
    "full_disclosure": ("disclosed_full", "processed_total"),
    "disclosure": (_DISCLOSED, "processed_total"),
    "denied": ("denied_total", "processed_total"),
    "not_held": ("unable_not_held", "processed_total"),
    "not_processed": ("not_processed_total", "processed_total"),
    "natural_persons": ("received_natural_person", "received_new"),
    "organisations": (_ORGANISATIONS, "received_new"),
    "law_firms": ("received_org_legal_service", "received_new"),
    "backlog": ("carried_out", "received_new + carried_in"),
    "reconsideration_corrected": ("reconsideration_corrected", "reconsideration_total"),
    "reconsideration_corrected_of_concluded": (
        "reconsideration_corrected",
        "reconsideration_total - reconsideration_pending",
    ),
    "litigation_direct_corrected": ("litigation_direct_corrected", "litigation_direct_total"),
    "litigation_direct_corrected_of_concluded": (
        "litigation_direct_corrected",
        "litigation_direct_total - litigation_direct_pending",
    ),
    "litigation_after_corrected": (
        "litigation_after_reconsideration_corrected",
        "litigation_after_reconsideration_total",
    ),
    "litigation_after_corrected_of_concluded": (
        "litigation_after_reconsideration_corrected",
        "litigation_after_reconsideration_total - litigation_after_reconsideration_pending",
    ),
    "disputes": (_DISPUTES, "processed_total"),
}
"""Shares of the view `rates`: numerator and denominator, of the reports in which both are numbers."""

_DECISIONS = {
    "administrative_licensing": "licensing_decisions",
    "administrative_penalty": "penalty_decisions",
    "administrative_compulsion": "compulsion_decisions",
}
_NUMBERS = [name for name in COLUMNS if name != "zero_state"]
_HUGE = "{} NOT BETWEEN -10000000000000 AND 10000000000000"
_GROUP = "year, scope, level, agency_type"
# Since 2024 a refusal goes to reconsideration before it goes to court. Until 2018 there was another table.
_SERIES = (
    "CASE WHEN year <= 2018 THEN 'to 2018' WHEN year <= 2020 THEN '2019 and 2020' ELSE 'from 2021' END",
    "iif(year >= 2024, 'from 2024', 'to 2023')",
)
_DIVISION_COUNTS = (
    "owed",
    "published",
    "missing",
    "missing_unsure",
    "unread",
    "not_known",
    "reports",
    "late",
    "late_unsure",
    "undated",
    "failing",
    "failing_across",
    "copied",
)
TABLES = (
    "year_totals",
    "division_years",
    "agency_years",
    "rate_totals",
    "denial_totals",
    "decision_totals",
    "document_stocks",
    "alike_figures",
    "rule_totals",
    "site_counts",
)


def refresh(db: Database) -> bool:
    """Makes the summaries anew where anything changed that they are made from; says whether it did.

    To be called when coverage, the rules between reports and the measures have been made. Raises
    `StorageError`.
    """
    with one_line_errors(file_of(db)):
        made_from = _made_from(db.conn)
        standing = db.conn.execute("SELECT made_from FROM findings_state WHERE name = 'summaries'").fetchone()
    if standing is not None and standing[0] == made_from:
        return False
    with transaction(db):
        for table in TABLES:
            db.conn.execute(f"DELETE FROM {table}")
        try:
            for statement in (*_PLACES, *_FACTS):
                db.conn.execute(statement)
            for statement in _statements():
                db.conn.execute(statement)
            _write_counts(db.conn)
        finally:
            for table in ("dated", "places", "line", "broken", "facts"):
                db.conn.execute(f"DROP TABLE IF EXISTS temp.{table}")
        db.conn.execute(
            "INSERT INTO findings_state VALUES ('summaries', ?)"
            " ON CONFLICT DO UPDATE SET made_from = excluded.made_from",
            (made_from,),
        )
    return True


def _made_from(conn: sqlite3.Connection) -> str:
    """Fingerprint of everything that the summaries depend on."""
    digest = hashlib.sha256("\n".join((*_PLACES, *_FACTS, *_statements(), *_COUNTS.values())).encode("utf-8"))
    for query in (
        (
            "SELECT id, record_hash, agency_id, agency, year, scope, level, agency_type, division_code, form,"
            " published_on, due_on, late_confidence, checks_failed FROM reports ORDER BY id"
        ),
        "SELECT * FROM coverage ORDER BY body, year",
        "SELECT code, parent_code, valid_from, valid_to FROM divisions ORDER BY code, valid_from",
        "SELECT report_id, count(*) FROM problems WHERE report_id IS NOT NULL GROUP BY report_id",
        "SELECT name, made_from FROM findings_state WHERE name <> 'summaries' ORDER BY name",
        "SELECT max(id) FROM crawls UNION ALL SELECT max(id) FROM fetches",
        "SELECT count(*), max(id) FROM problems UNION ALL SELECT count(*), 0 FROM portals",
    ):
        for row in conn.execute(query):
            digest.update(repr(row).encode("utf-8"))
    return digest.hexdigest()


def _sums(names: Iterable[str]) -> str:
    return ", ".join(f"sum({name})" for name in names)


_PLACES = (
    """
    CREATE TEMP TABLE dated AS
    SELECT division_code AS code, year FROM reports WHERE division_code IS NOT NULL
    UNION SELECT division_code, year FROM coverage WHERE division_code IS NOT NULL
    """,
    # In a year in which a division did not exist its parent is that of the nearest year in which it did.
    """
    CREATE TEMP TABLE places AS
    SELECT code, year, parent_code AS parent,
        min(max(ifnull(valid_from, 0) - year, year - ifnull(valid_to, 9999), 0))
    FROM divisions CROSS JOIN (SELECT DISTINCT year FROM dated) GROUP BY code, year
    """,
    "CREATE UNIQUE INDEX temp.places_code ON places (code, year)",
    """
    CREATE TEMP TABLE line AS
    WITH RECURSIVE up (code, year, ancestor) AS (
        SELECT code, year, code FROM dated
        UNION
        SELECT up.code, up.year, places.parent FROM up
        JOIN places ON places.code = up.ancestor AND places.year = up.year WHERE places.parent IS NOT NULL
    )
    SELECT code, year, ancestor FROM up
    """,
    "CREATE INDEX temp.line_code ON line (code, year)",
)

_FACTS = (
    """
    CREATE TEMP TABLE broken AS
    SELECT report_id, sum(rule <> 'Y2') AS figures, sum(rule = 'Y2') AS texts FROM cross_checks
    WHERE outcome = 'fail' GROUP BY report_id
    """,
    "CREATE UNIQUE INDEX temp.broken_report ON broken (report_id)",
    # A number so large that it can only be misread goes in as a float: a sum of such integers is an error.
    f"""
    CREATE TEMP TABLE facts AS
    SELECT reports.id AS report_id, reports.agency AS agency, reports.division_code AS division_code,
        reports.year AS year, reports.scope AS scope, reports.level AS level,
        reports.agency_type AS agency_type, reports.checks_failed > 0 AS doubted,
        {", ".join(f"iif({_HUGE.format(name)}, CAST({name} AS REAL), {name}) AS {name}" for name in _NUMBERS)}
    FROM reports JOIN measures ON measures.report_id = reports.id
    """,
)


def _statements() -> Iterator[str]:
    """The statements that fill the tables, in their order."""
    yield from _year_totals()
    yield _AGENCY_YEARS
    yield from _division_years()
    yield _rate_totals()
    yield _denial_totals()
    yield _decision_totals()
    yield _DOCUMENT_STOCKS
    yield _ALIKE_FIGURES
    yield _RULE_TOTALS


def _year_totals() -> Iterator[str]:
    summed = [column for name in SUMMED for column in (name, f"{name}_reports")]
    mixed = [f"mix_{name}" for name in MIXED]
    columns = ["reports", "doubtful", *summed, "mix_reports", *mixed]
    into = (
        f"INSERT INTO year_totals (reach, division_code, {_GROUP}, form_series, dispute_series,"
        f" {', '.join(columns)})"
    )
    keys = f"{_GROUP}, {', '.join(_SERIES)}"
    mixes = f"({' + '.join(MIXED.values())})"
    yield f"""
        {into}
        SELECT 'own', division_code, {keys}, count(*), sum(doubted),
            {", ".join(f"sum({sql}), count({sql})" for sql in SUMMED.values())}, count({mixes}),
            {", ".join(f"sum(iif({mixes} IS NULL, NULL, {sql}))" for sql in MIXED.values())}
        FROM facts GROUP BY division_code, {_GROUP}
    """
    of_own = f"{keys.replace('year', 'own.year')}, {_sums(columns)}"
    yield f"""
        {into}
        SELECT 'area', line.ancestor, {of_own}
        FROM year_totals AS own JOIN line ON line.code = own.division_code AND line.year = own.year
        WHERE own.reach = 'own' GROUP BY line.ancestor, {_GROUP.replace("year", "own.year")}
    """
    yield f"""
        {into}
        SELECT 'all', NULL, {of_own} FROM year_totals AS own WHERE reach = 'own' GROUP BY {_GROUP}
    """


_LATE = "reports.published_on > reports.due_on"
_REPORT_COLUMNS = f"""
    reports.id, reports.scope, reports.published_on,
    iif({_LATE}, CAST(julianday(reports.published_on) - julianday(reports.due_on) AS INTEGER), NULL),
    reports.late_confidence, reports.checks_failed,
    iif(reports.id IS NULL, NULL, ifnull(broken.figures, 0)),
    iif(reports.id IS NULL, NULL, ifnull(broken.texts, 0)),
    iif(reports.id IS NULL, NULL, (SELECT count(*) FROM problems WHERE problems.report_id = reports.id))
"""

_AGENCY_YEARS = f"""
    INSERT INTO agency_years (body, year, agency_id, agency, division_code, agency_type, level, owes, state,
        reason, confidence, due_on, report_id, scope, published_on, days_late, late_confidence,
        checks_failed, failed_across, copied, problems)
    SELECT coverage.body, coverage.year, ifnull(reports.agency_id, coverage.agency_id), coverage.agency,
        coverage.division_code, coverage.agency_type, coverage.level, 1, coverage.state, coverage.reason,
        coverage.confidence, coverage.due_on, {_REPORT_COLUMNS}
    FROM coverage LEFT JOIN reports ON reports.id = coverage.report_id
    LEFT JOIN broken ON broken.report_id = reports.id
    UNION ALL
    SELECT reports.agency_id, reports.year, reports.agency_id, reports.agency, reports.division_code,
        reports.agency_type, reports.level, 0, 'published', NULL, NULL, reports.due_on, {_REPORT_COLUMNS}
    FROM reports LEFT JOIN broken ON broken.report_id = reports.id
    WHERE reports.id NOT IN (SELECT report_id FROM coverage WHERE report_id IS NOT NULL)
    ORDER BY 5, 1, 2
"""


def _division_years() -> Iterator[str]:
    into = f"INSERT INTO division_years (reach, division_code, year, {', '.join(_DIVISION_COUNTS)})"
    yield f"""
        {into}
        SELECT 'own', division_code, year, sum(owes), sum(owes AND state = 'published'),
            sum(state = 'missing'), sum(state = 'missing' AND confidence = 'low'), sum(state = 'unread'),
            sum(state = 'not_known'), count(report_id), count(days_late),
            count(iif(late_confidence = 'low', days_late, NULL)),
            sum(report_id IS NOT NULL AND due_on IS NOT NULL AND published_on IS NULL),
            count(iif(checks_failed > 0, 1, NULL)), count(iif(failed_across > 0, 1, NULL)),
            count(iif(copied > 0, 1, NULL))
        FROM agency_years GROUP BY division_code, year
    """
    yield f"""
        {into}
        SELECT 'area', line.ancestor, own.year, {_sums(_DIVISION_COUNTS)}
        FROM division_years AS own JOIN line ON line.code = own.division_code AND line.year = own.year
        WHERE own.reach = 'own' GROUP BY line.ancestor, own.year
    """
    yield f"""
        {into}
        SELECT 'all', NULL, year, {_sums(_DIVISION_COUNTS)} FROM division_years AS own
        WHERE reach = 'own' GROUP BY year
    """


def _rate_totals() -> str:
    """All shares in one pass over the measures: a pass a share would read them sixteen times."""
    terms, sums, parts = [], [], []
    for number, (measure, (numerator, denominator)) in enumerate(RATES.items()):
        n, d = f"n{number}", f"d{number}"
        terms.append(f"{numerator} AS {n}, {denominator} AS {d}")
        sums.append(
            f"count({n} + {d}) AS c{number}, sum(iif({d} IS NULL, NULL, {n})) AS {n},"
            f" sum(iif({n} IS NULL, NULL, {d})) AS {d},"
            f" sum(doubted AND {n} + {d} IS NOT NULL) AS u{number}"
        )
        parts.append(
            f"SELECT '{measure}', {_GROUP}, c{number}, {n}, {d}, u{number} FROM grouped WHERE c{number} > 0"
        )
    return f"""
        INSERT INTO rate_totals (measure, {_GROUP}, agencies, numerator, denominator, doubtful)
        WITH terms AS (
            SELECT {_GROUP}, doubted, {", ".join(terms)} FROM facts
        ),
        grouped AS MATERIALIZED (SELECT {_GROUP}, {", ".join(sums)} FROM terms GROUP BY {_GROUP})
        {" UNION ALL ".join(parts)}
        ORDER BY 1, 2, 3, 4, 5
    """


def _denial_totals() -> str:
    parts = [
        f"SELECT '{ground}', {_GROUP}, agencies, {ground}, denied_total, processed_total FROM grouped"
        for ground in DENIED
    ]
    return f"""
        INSERT INTO denial_totals (ground, {_GROUP}, agencies, denied, denied_on_all_grounds, processed)
        WITH grouped AS MATERIALIZED (
            SELECT {_GROUP}, count(*) AS agencies, {", ".join(f"sum({name}) AS {name}" for name in DENIED)},
                sum(denied_total) AS denied_total, sum(processed_total) AS processed_total
            FROM facts WHERE denied_total IS NOT NULL AND processed_total IS NOT NULL GROUP BY {_GROUP}
        )
        {" UNION ALL ".join(parts)}
        ORDER BY 1, 2, 3, 4, 5
    """


def _decision_totals() -> str:
    parts = [
        f"""
        SELECT division_code, '{kind}' AS kind, scope, year, agency_type, count(*) AS agencies,
            sum(iif(outliers.report_id IS NULL, {measure}, NULL)) AS decisions,
            count(outliers.report_id) AS left_out
        FROM facts
        LEFT JOIN outliers ON outliers.report_id = facts.report_id AND outliers.subject = '{kind}'
        WHERE {measure} IS NOT NULL
        GROUP BY division_code, scope, year, agency_type
        """
        for kind, measure in _DECISIONS.items()
    ]
    return f"""
        INSERT INTO decision_totals (division_code, kind, scope, year, agency_type, agencies, decisions,
            left_out)
        WITH outliers AS MATERIALIZED (
            SELECT report_id, subject FROM cross_checks WHERE rule = 'P9' AND outcome = 'fail'
            UNION
            SELECT other_report_id, subject FROM cross_checks WHERE rule = 'P9' AND outcome = 'fail'
        )
        {" UNION ALL ".join(parts)}
        ORDER BY 1, 2, 3, 4, 5
    """


# From 2021 on: the form before counted other things.
_DOCUMENT_STOCKS = """
    INSERT INTO document_stocks (report_id, agency, year, scope, issued, repealed, in_force,
        expected_in_force, unexplained, outcome, earlier_report_id)
    SELECT facts.report_id, agency, year, scope, normative_documents_issued,
        normative_documents_repealed, normative_documents_in_force, cross_checks.right_value,
        cross_checks.left_value - cross_checks.right_value, cross_checks.outcome,
        cross_checks.other_report_id
    FROM facts
    LEFT JOIN (
        SELECT report_id, outcome, left_value, right_value, other_report_id FROM cross_checks
        WHERE rule = 'P1' AND subject = 'normative_documents'
    ) AS cross_checks ON cross_checks.report_id = facts.report_id
    WHERE year >= 2021 AND normative_documents_in_force IS NOT NULL
"""

SIGNED = (
    "received_new",
    "received_natural_person",
    "received_org_business",
    "received_org_legal_service",
    "carried_in",
    "carried_out",
    "processed_total",
    "disclosed_full",
    "disclosed_partial",
    "denied_total",
    "unable_total",
    "not_processed_total",
    "licensing_decisions",
    "penalty_decisions",
    "compulsion_decisions",
)
"""The figures that are all alike where two reports count as having the same."""

ENOUGH = (
    "received_new >= 3 AND received_new + ifnull(processed_total, 0) + ifnull(licensing_decisions, 0)"
    " + ifnull(penalty_decisions, 0) >= 20"
)
"""What a report must have for its figures to be held against others': noughts are alike."""

# Each beside the first that is not of its house, and not in pairs: these would be millions where a thousand
# are alike. Without dates the first is told by the ids.
_ALIKE_FIGURES = f"""
    INSERT INTO alike_figures (report_id, other_report_id)
    WITH held AS MATERIALIZED (
        SELECT id, ifnull(published_on, '') AS day,
            iif(agency_type IN ('government', 'government_office'), ifnull(division_code, ''), agency_id)
                AS house,
            dense_rank() OVER (ORDER BY year, {", ".join(SIGNED)}) AS signature
        FROM measures JOIN reports ON reports.id = measures.report_id WHERE {ENOUGH}
    ), beside_the_first AS (
        SELECT *, first_value(id) OVER alike AS first_id, first_value(house) OVER alike AS first_house
        FROM held WINDOW alike AS (PARTITION BY signature ORDER BY day, id)
    ), beside_another AS (
        SELECT *,
            iif(house <> first_house, first_id,
                first_value(id) OVER (PARTITION BY signature ORDER BY house = first_house, day, id)
            ) AS other_id
        FROM beside_the_first
    )
    SELECT own.id, other.id FROM beside_another AS own JOIN held AS other ON other.id = own.other_id
    WHERE other.house <> own.house AND (other.day, other.id) < (own.day, own.id)
    ORDER BY own.id
"""

_RULE_TOTALS = """
    INSERT INTO rule_totals (rule, severity, year, level, agency_type, reports_assessed, reports_failing,
        with_a_suspect, agencys_own, results_failing)
    SELECT told.rule, told.severity, reports.year, reports.level, reports.agency_type, sum(assessed),
        sum(failing > 0), sum(suspected > 0), sum(own > 0), sum(failing)
    FROM (
        SELECT report, rule, severity, max(outcome <> 'not_assessable') AS assessed,
            sum(outcome = 'fail') AS failing,
            sum(outcome = 'fail' AND suspect IS NOT NULL) AS suspected,
            sum(outcome = 'fail' AND attribution IS 'agency') AS own
        FROM stored_checks CROSS JOIN check_kinds ON number = kind
        GROUP BY report, rule, severity
    ) AS told
    JOIN report_numbers ON report_numbers.number = told.report
    JOIN reports ON reports.id = report_numbers.report_id
    GROUP BY told.rule, told.severity, reports.year, reports.level, reports.agency_type
"""

_COUNTS = {
    "reports": "SELECT count(*) FROM reports",
    "reports_doubtful": "SELECT count(*) FROM reports WHERE checks_failed > 0",
    "reports_without_tables": "SELECT count(*) FROM reports WHERE form = 'none'",
    "reports_late": "SELECT count(*) FROM reports WHERE published_on > due_on",
    "reports_changed": "SELECT count(DISTINCT report_id) FROM report_versions WHERE version > 1",
    "reports_failing_across": "SELECT count(*) FROM broken WHERE figures > 0",
    "reports_copied": "SELECT count(*) FROM broken WHERE texts > 0",
    "agencies_with_reports": "SELECT count(DISTINCT agency_id) FROM reports",
    "divisions_with_reports": "SELECT count(DISTINCT division_code) FROM reports",
    "first_year": "SELECT min(year) FROM reports",
    "last_year": "SELECT max(year) FROM reports",
    "reports_owed": "SELECT count(*) FROM coverage",
    **{
        f"reports_{state}": f"SELECT count(*) FROM coverage WHERE state = '{state}'"
        for state in ("published", "missing", "unread", "not_known")
    },
    **{
        f"figures_{status}": (
            "SELECT count(*) FROM stored_figures WHERE kind < 0"
            f" AND kind IN (SELECT number FROM figure_kinds WHERE status = '{status}')"
        )
        for status in ("blank", "not_applicable", "merged", "unreadable")
    },
    # Without looking at twenty million rows of the whole country.
    "figures_number": (
        "SELECT (SELECT count(*) FROM stored_figures) - (SELECT count(*) FROM stored_figures WHERE kind < 0)"
    ),
    "checks_hard_failing": (
        "SELECT count(*) FROM stored_checks JOIN check_kinds ON number = kind"
        " WHERE kind < 0 AND severity = 'hard'"
    ),
    "portals_walked_whole": (
        "SELECT count(DISTINCT portal_id) FROM crawl_portals JOIN crawls ON crawls.id = crawl_id"
        " WHERE crawl_portals.complete = 1 AND sample = 0"
    ),
}
"""Rows of `site_counts` beside the tables' own (`rows_TABLE`); what a query gives nothing for is left out."""


def _write_counts(conn: sqlite3.Connection) -> None:
    tables = conn.execute(
        """
        SELECT name FROM sqlite_master AS one
        WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name <> 'site_counts'
            AND sql NOT LIKE 'CREATE VIRTUAL%' AND NOT EXISTS (
                SELECT 1 FROM sqlite_master AS virtual
                WHERE virtual.sql LIKE 'CREATE VIRTUAL%' AND instr(one.name, virtual.name || '_') = 1
            )
        ORDER BY name
        """
    ).fetchall()
    counts = {
        name: conn.execute(query).fetchone()[0]
        for name, query in (
            *_COUNTS.items(),
            *((f"rows_{name}", f'SELECT count(*) FROM "{name}"') for (name,) in tables),
        )
    }
    # Views that were tables, and are the largest.
    for view in ("figures", "checks", "cross_checks"):
        counts[f"rows_{view}"] = counts[f"rows_stored_{view}"]
    conn.executemany(
        "INSERT INTO site_counts VALUES (?, ?)",
        [(name, number) for name, number in sorted(counts.items()) if number is not None],
    )
