"""The tables of the database, as migrations from the first one on.

Owns the shape only; what stands in the tables is written by `storage.ledger`, `storage.reports`,
`storage.problems` and `storage.reference`. A migration that was ever released is never edited: a
change of shape is a further migration. Views are not migrated: `storage.views` makes them anew
where they differ.

Times are UTC `YYYY-MM-DDTHH:MM:SSZ`, dates `YYYY-MM-DD`, codes TEXT, yes and no 1 and 0.
"""

from __future__ import annotations

import json

from sqlite_utils import Database, Migrations

MIGRATIONS = Migrations("nianbao")


@MIGRATIONS(name="0001_first_tables")
def _first_tables(db: Database) -> None:
    # One statement each: executescript() would commit the migration's transaction half way.
    for statement in (*_REFERENCE, *_LEDGER, *_REPORTS, *_INDEXES):
        db.execute(statement)


@MIGRATIONS(name="0002_repeated_runs")
def _repeated_runs(db: Database) -> None:
    for statement in _REPEATED_RUNS:
        db.execute(statement)


@MIGRATIONS(name="0003_portals_of_runs")
def _portals_of_runs(db: Database) -> None:
    for statement in _PORTALS_OF_RUNS:
        db.execute(statement)


@MIGRATIONS(name="0004_names_dates_and_corrections")
def _names_dates_and_corrections(db: Database) -> None:
    for statement in _NAMES_DATES_AND_CORRECTIONS:
        db.execute(statement)


@MIGRATIONS(name="0005_across_reports")
def _across_reports(db: Database) -> None:
    for statement in _ACROSS_REPORTS:
        db.execute(statement)


@MIGRATIONS(name="0006_whose_failure_and_themes")
def _whose_failure_and_themes(db: Database) -> None:
    for statement in _WHOSE_FAILURE_AND_THEMES:
        db.execute(statement)


@MIGRATIONS(name="0007_summaries")
def _summaries(db: Database) -> None:
    for statement in _SUMMARIES:
        db.execute(statement)


@MIGRATIONS(name="0008_arithmetic")
def _arithmetic(db: Database) -> None:
    for statement in _ARITHMETIC:
        db.execute(statement)


@MIGRATIONS(name="0009_shared_hosts")
def _shared_hosts(db: Database) -> None:
    for statement in _SHARED_HOSTS:
        db.execute(statement)


@MIGRATIONS(name="0010_search")
def _search(db: Database) -> None:
    for statement in _SEARCH:
        db.execute(statement)
    # Imported here, since it imports what imports this module.
    from storage import search  # noqa: PLC0415

    search.rebuild(db.conn)


@MIGRATIONS(name="0010_listed_bodies")
def _listed_bodies(db: Database) -> None:
    for statement in _LISTED_BODIES:
        db.execute(statement)


@MIGRATIONS(name="0011_questions_at_once")
def _questions_at_once(db: Database) -> None:
    for statement in _QUESTIONS_AT_ONCE:
        db.execute(statement)


@MIGRATIONS(name="0012_compact_store")
def _compact_store(db: Database) -> None:
    # Imported here, since it imports what imports this module.
    from storage import contents  # noqa: PLC0415

    for statement in _COMPACT_TABLES:
        db.execute(statement)
    # In the order of the old rows, so that the new ones come in theirs.
    for statement in _COMPACT_FIGURES:
        db.execute(statement)
    for report_id, number in db.execute("SELECT report_id, number FROM report_numbers").fetchall():
        contents.write_checks(
            db.conn,
            number,
            db.execute(
                "SELECT position, rule, subject, outcome, zero_filled, severity, left_value, right_value,"
                " suspect, detail, attribution FROM checks WHERE report_id = ?",
                (report_id,),
            ).fetchall(),
        )
    for statement in _COMPACT_END:
        db.execute(statement)


@MIGRATIONS(name="0013_compact_findings")
def _compact_findings(db: Database) -> None:
    for statement in (*_COMPACT_CROSS_CHECKS, *_FEWER_INDEXES):
        db.execute(statement)
    hashes = db.execute("SELECT report_id, chapter, hashes FROM fingerprints").fetchall()
    for statement in _COMPACT_FINGERPRINTS:
        db.execute(statement)
    # Imported here, since it imports what imports this module.
    from storage.contents import packed_hashes  # noqa: PLC0415

    db.conn.executemany(
        "INSERT INTO fingerprints VALUES (?, ?, ?)",
        [(report_id, chapter, packed_hashes(json.loads(text))) for report_id, chapter, text in hashes],
    )


@MIGRATIONS(name="0014_alike_figures")
def _alike_figures(db: Database) -> None:
    for statement in _ALIKE_FIGURES:
        db.execute(statement)


@MIGRATIONS(name="0015_stored_prints")
def _stored_prints(db: Database) -> None:
    # A table that is renamed takes the views along that name it; they are all made anew after this.
    for name in db.view_names():
        db.execute(f'DROP VIEW "{name}"')
    for statement in _STORED_PRINTS:
        db.execute(statement)


@MIGRATIONS(name="0016_records_once")
def _records_once(db: Database) -> None:
    for name in db.view_names():
        db.execute(f'DROP VIEW "{name}"')
    for statement in _RECORDS_ONCE:
        db.execute(statement)


_REFERENCE = (
    """
    CREATE TABLE divisions (
        code TEXT NOT NULL CHECK (length(code) = 6),
        name TEXT NOT NULL,
        kind TEXT NOT NULL,
        parent_code TEXT,
        valid_from INTEGER,
        valid_to INTEGER
    ) STRICT
    """,
    """
    CREATE TABLE portals (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        division_code TEXT NOT NULL,
        home_url TEXT NOT NULL,
        platform TEXT,
        state TEXT NOT NULL CHECK (state IN ('ok', 'blocked', 'dead', 'disabled')),
        sections TEXT NOT NULL,
        hosts TEXT NOT NULL,
        since INTEGER,
        agency TEXT,
        delay REAL,
        http_only INTEGER NOT NULL,
        disabled INTEGER NOT NULL,
        note TEXT
    ) STRICT
    """,
    """
    CREATE TABLE form_cells (
        table_code TEXT NOT NULL,
        row_code TEXT NOT NULL,
        column_code TEXT NOT NULL,
        row_label TEXT NOT NULL,
        column_label TEXT NOT NULL,
        row_label_en TEXT NOT NULL,
        column_label_en TEXT NOT NULL,
        unit TEXT,
        forms TEXT NOT NULL,
        position INTEGER NOT NULL,
        PRIMARY KEY (table_code, row_code, column_code)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE derived_totals (
        table_code TEXT NOT NULL,
        axis TEXT NOT NULL CHECK (axis IN ('row', 'column')),
        code TEXT NOT NULL,
        parts TEXT NOT NULL,
        label TEXT NOT NULL,
        label_en TEXT NOT NULL,
        printed_in TEXT NOT NULL,
        position INTEGER NOT NULL,
        PRIMARY KEY (table_code, axis, code)
    ) STRICT, WITHOUT ROWID
    """,
)

_LEDGER = (
    """
    CREATE TABLE crawls (
        id INTEGER PRIMARY KEY,
        spider TEXT NOT NULL,
        arguments TEXT NOT NULL,
        started_at TEXT NOT NULL,
        finished_at TEXT,
        finish_reason TEXT,
        complete INTEGER NOT NULL DEFAULT 0 CHECK (complete IN (0, 1)),
        sample INTEGER NOT NULL CHECK (sample IN (0, 1)),
        fetches INTEGER NOT NULL DEFAULT 0,
        documents INTEGER NOT NULL DEFAULT 0,
        reports_new INTEGER NOT NULL DEFAULT 0,
        reports_changed INTEGER NOT NULL DEFAULT 0,
        reports_unchanged INTEGER NOT NULL DEFAULT 0,
        problems INTEGER NOT NULL DEFAULT 0,
        software_version TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE documents (
        sha256 TEXT PRIMARY KEY,
        media_type TEXT,
        bytes INTEGER NOT NULL,
        first_fetched_at TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE fetches (
        id INTEGER PRIMARY KEY,
        crawl_id INTEGER NOT NULL REFERENCES crawls (id),
        portal_id TEXT REFERENCES portals (id),
        role TEXT NOT NULL,
        url TEXT NOT NULL,
        final_url TEXT NOT NULL,
        found_on TEXT,
        link_text TEXT,
        attempt INTEGER NOT NULL,
        status INTEGER,
        error TEXT,
        content_type TEXT,
        etag TEXT,
        last_modified TEXT,
        fetched_at TEXT NOT NULL,
        sha256 TEXT REFERENCES documents (sha256),
        CHECK (status IS NOT NULL OR error IS NOT NULL)
    ) STRICT
    """,
    """
    CREATE TABLE publications (
        page_url TEXT PRIMARY KEY,
        portal_id TEXT NOT NULL REFERENCES portals (id),
        fetch_id INTEGER NOT NULL REFERENCES fetches (id),
        label TEXT,
        listing_title TEXT,
        listing_date TEXT,
        listing_path TEXT NOT NULL,
        signature TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE publication_attachments (
        page_url TEXT NOT NULL REFERENCES publications (page_url),
        position INTEGER NOT NULL,
        fetch_id INTEGER NOT NULL REFERENCES fetches (id),
        label TEXT,
        PRIMARY KEY (page_url, position)
    ) STRICT, WITHOUT ROWID
    """,
)

_REPORTS = (
    """
    CREATE TABLE agencies (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        division_code TEXT,
        agency_type TEXT NOT NULL,
        level TEXT,
        parent_id TEXT REFERENCES agencies (id)
    ) STRICT
    """,
    """
    CREATE TABLE agency_names (
        agency_id TEXT NOT NULL REFERENCES agencies (id),
        name TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('canonical', 'printed')),
        valid_from INTEGER,
        valid_to INTEGER,
        PRIMARY KEY (agency_id, kind, name)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE reports (
        id TEXT PRIMARY KEY,
        agency_id TEXT NOT NULL REFERENCES agencies (id),
        agency TEXT NOT NULL,
        agency_as_printed TEXT NOT NULL,
        agency_type TEXT NOT NULL,
        level TEXT,
        division_code TEXT,
        year INTEGER NOT NULL,
        title TEXT NOT NULL,
        family TEXT NOT NULL,
        scope TEXT NOT NULL,
        published_on TEXT,
        source_url TEXT NOT NULL,
        document_url TEXT NOT NULL,
        member TEXT,
        fetched_at TEXT NOT NULL,
        fetch_id INTEGER NOT NULL REFERENCES fetches (id),
        sha256 TEXT REFERENCES documents (sha256),
        form TEXT NOT NULL,
        forms TEXT NOT NULL,
        attachments TEXT NOT NULL,
        figure_count INTEGER NOT NULL,
        checks_failed INTEGER NOT NULL,
        extractor_version TEXT NOT NULL,
        first_seen_at TEXT NOT NULL,
        last_seen_at TEXT NOT NULL,
        vanished_at TEXT,
        record_hash TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE report_sources (
        report_id TEXT NOT NULL REFERENCES reports (id) DEFERRABLE INITIALLY DEFERRED,
        source_url TEXT NOT NULL,
        document_url TEXT NOT NULL,
        member TEXT NOT NULL,
        portal_id TEXT NOT NULL REFERENCES portals (id),
        fetch_id INTEGER NOT NULL REFERENCES fetches (id),
        sha256 TEXT REFERENCES documents (sha256),
        is_primary INTEGER NOT NULL CHECK (is_primary IN (0, 1)),
        first_seen_at TEXT NOT NULL,
        gone_at TEXT,
        PRIMARY KEY (report_id, source_url, document_url, member)
    ) STRICT, WITHOUT ROWID
    """,
    # What each address gave, kept whole: a copy that is not shown today is compared with the one
    # that is, and can take its place, without another crawl.
    """
    CREATE TABLE copies (
        report_id TEXT NOT NULL,
        source_url TEXT NOT NULL,
        document_url TEXT NOT NULL,
        member TEXT NOT NULL,
        content_hash TEXT NOT NULL,
        record_hash TEXT NOT NULL,
        figures INTEGER NOT NULL,
        legible INTEGER NOT NULL,
        extractor_version TEXT NOT NULL,
        record BLOB NOT NULL,
        PRIMARY KEY (report_id, source_url, document_url, member),
        FOREIGN KEY (report_id, source_url, document_url, member)
            REFERENCES report_sources (report_id, source_url, document_url, member)
    ) STRICT
    """,
    """
    CREATE TABLE source_versions (
        report_id TEXT NOT NULL REFERENCES reports (id) DEFERRABLE INITIALLY DEFERRED,
        source_url TEXT NOT NULL,
        version INTEGER NOT NULL CHECK (version > 0),
        sha256 TEXT REFERENCES documents (sha256),
        fetch_id INTEGER NOT NULL REFERENCES fetches (id),
        fetched_at TEXT NOT NULL,
        changes TEXT NOT NULL,
        parts TEXT NOT NULL,
        extractor_version TEXT NOT NULL,
        reader_changed INTEGER NOT NULL CHECK (reader_changed IN (0, 1)),
        record BLOB NOT NULL,
        PRIMARY KEY (report_id, source_url, version)
    ) STRICT
    """,
    """
    CREATE TABLE report_versions (
        report_id TEXT NOT NULL REFERENCES reports (id),
        version INTEGER NOT NULL CHECK (version > 0),
        source_url TEXT NOT NULL,
        sha256 TEXT REFERENCES documents (sha256),
        fetch_id INTEGER NOT NULL REFERENCES fetches (id),
        fetched_at TEXT NOT NULL,
        changes TEXT NOT NULL,
        parts TEXT NOT NULL,
        extractor_version TEXT NOT NULL,
        reader_changed INTEGER NOT NULL CHECK (reader_changed IN (0, 1)),
        PRIMARY KEY (report_id, version)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE sections (
        report_id TEXT NOT NULL REFERENCES reports (id),
        position INTEGER NOT NULL,
        number INTEGER NOT NULL,
        heading TEXT NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (report_id, position)
    ) STRICT
    """,
    # value and status hold each other: a blank can never pass as a number, nor a number as a blank.
    """
    CREATE TABLE figures (
        report_id TEXT NOT NULL REFERENCES reports (id),
        table_code TEXT NOT NULL,
        row_code TEXT NOT NULL,
        column_code TEXT NOT NULL,
        printed TEXT,
        value ANY,
        unit TEXT,
        status TEXT NOT NULL
            CHECK (status IN ('number', 'blank', 'not_applicable', 'merged', 'unreadable')),
        note TEXT,
        locator TEXT NOT NULL,
        method TEXT NOT NULL,
        verified INTEGER NOT NULL CHECK (verified IN (0, 1)),
        PRIMARY KEY (report_id, table_code, row_code, column_code),
        CHECK ((status = 'number') = (typeof(value) IN ('integer', 'real'))),
        CHECK (status = 'number' OR value IS NULL)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE checks (
        report_id TEXT NOT NULL REFERENCES reports (id),
        position INTEGER NOT NULL,
        rule TEXT NOT NULL,
        subject TEXT NOT NULL,
        outcome TEXT NOT NULL CHECK (outcome IN ('pass', 'fail', 'not_assessable')),
        zero_filled TEXT NOT NULL CHECK (zero_filled IN ('pass', 'fail', 'not_assessable')),
        severity TEXT NOT NULL CHECK (severity IN ('hard', 'soft')),
        left_value ANY,
        right_value ANY,
        suspect TEXT,
        detail TEXT NOT NULL,
        PRIMARY KEY (report_id, position)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE claims (
        report_id TEXT NOT NULL REFERENCES reports (id),
        position INTEGER NOT NULL,
        about TEXT NOT NULL,
        value ANY NOT NULL,
        sentence TEXT NOT NULL,
        PRIMARY KEY (report_id, position)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE problems (
        id INTEGER PRIMARY KEY,
        stage TEXT NOT NULL CHECK (stage IN ('crawl', 'reading', 'copies')),
        crawl_id INTEGER REFERENCES crawls (id),
        fetch_id INTEGER REFERENCES fetches (id),
        report_id TEXT REFERENCES reports (id) ON DELETE SET NULL,
        portal_id TEXT REFERENCES portals (id),
        code TEXT NOT NULL,
        url TEXT,
        page_url TEXT,
        found_on TEXT,
        link_text TEXT,
        where_found TEXT,
        cells TEXT NOT NULL,
        detail TEXT NOT NULL,
        hides_reports INTEGER NOT NULL CHECK (hides_reports IN (0, 1))
    ) STRICT
    """,
)

_INDEXES = (
    "CREATE UNIQUE INDEX divisions_code ON divisions (code, ifnull(valid_from, 0))",
    "CREATE INDEX divisions_parent ON divisions (parent_code)",
    "CREATE INDEX fetches_url ON fetches (url)",
    "CREATE INDEX fetches_crawl ON fetches (crawl_id, portal_id, role)",
    "CREATE INDEX fetches_sha256 ON fetches (sha256)",
    "CREATE INDEX fetches_portal ON fetches (portal_id)",
    "CREATE INDEX fetches_status ON fetches (status)",
    "CREATE INDEX documents_media_type ON documents (media_type)",
    "CREATE INDEX publications_portal ON publications (portal_id)",
    "CREATE INDEX publications_fetch ON publications (fetch_id)",
    "CREATE INDEX publication_attachments_fetch ON publication_attachments (fetch_id)",
    "CREATE INDEX agencies_division ON agencies (division_code)",
    "CREATE INDEX agencies_parent ON agencies (parent_id)",
    "CREATE INDEX reports_agency ON reports (agency_id, year)",
    "CREATE INDEX reports_year ON reports (year)",
    "CREATE INDEX reports_division ON reports (division_code, year)",
    "CREATE INDEX reports_form ON reports (form)",
    "CREATE INDEX reports_agency_type ON reports (agency_type)",
    "CREATE INDEX reports_failed ON reports (checks_failed)",
    "CREATE INDEX reports_fetch ON reports (fetch_id)",
    "CREATE INDEX reports_sha256 ON reports (sha256)",
    "CREATE INDEX report_sources_page ON report_sources (source_url)",
    "CREATE INDEX report_sources_portal ON report_sources (portal_id)",
    "CREATE INDEX report_sources_fetch ON report_sources (fetch_id)",
    "CREATE INDEX report_sources_sha256 ON report_sources (sha256)",
    "CREATE INDEX report_versions_fetch ON report_versions (fetch_id)",
    "CREATE INDEX report_versions_sha256 ON report_versions (sha256)",
    "CREATE INDEX source_versions_fetch ON source_versions (fetch_id)",
    "CREATE INDEX source_versions_sha256 ON source_versions (sha256)",
    "CREATE INDEX sections_number ON sections (number)",
    "CREATE INDEX figures_cell ON figures (table_code, row_code, column_code, value)",
    "CREATE INDEX figures_status ON figures (status)",
    "CREATE INDEX checks_outcome ON checks (outcome, severity, rule)",
    "CREATE INDEX checks_rule ON checks (rule)",
    "CREATE INDEX claims_about ON claims (about)",
    "CREATE INDEX problems_code ON problems (code)",
    "CREATE INDEX problems_url ON problems (url)",
    "CREATE INDEX problems_page ON problems (page_url)",
    "CREATE INDEX problems_report ON problems (report_id)",
    "CREATE INDEX problems_crawl ON problems (crawl_id)",
    "CREATE INDEX problems_fetch ON problems (fetch_id)",
    "CREATE INDEX problems_portal ON problems (portal_id)",
)

_REPEATED_RUNS = (
    # An address is more than its URL where a list is asked for by POST.
    "ALTER TABLE fetches ADD COLUMN method TEXT NOT NULL DEFAULT 'GET'",
    "ALTER TABLE fetches ADD COLUMN request_body TEXT",
    "ALTER TABLE fetches ADD COLUMN vary TEXT",
    "ALTER TABLE publications ADD COLUMN reading_key TEXT",
    "ALTER TABLE crawls ADD COLUMN continued INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE crawls ADD COLUMN not_modified INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE crawls ADD COLUMN from_archive INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE crawls ADD COLUMN lists_without_validators INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE crawls ADD COLUMN reports_vanished INTEGER NOT NULL DEFAULT 0",
    # Written with the report, so that a run that is killed and goes on counts as one that was not.
    """
    CREATE TABLE crawl_reports (
        crawl_id INTEGER NOT NULL REFERENCES crawls (id),
        report_id TEXT NOT NULL,
        outcome TEXT NOT NULL CHECK (outcome IN ('new', 'changed', 'reread', 'unchanged', 'vanished')),
        PRIMARY KEY (crawl_id, report_id)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE sightings (
        page_url TEXT NOT NULL,
        portal_id TEXT NOT NULL REFERENCES portals (id),
        crawl_id INTEGER NOT NULL REFERENCES crawls (id),
        PRIMARY KEY (page_url, portal_id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX crawl_reports_report ON crawl_reports (report_id)",
    "CREATE INDEX crawl_reports_outcome ON crawl_reports (outcome)",
    "CREATE INDEX sightings_portal ON sightings (portal_id)",
    "CREATE INDEX sightings_crawl ON sightings (crawl_id)",
)

_PORTALS_OF_RUNS = (
    """
    CREATE TABLE crawl_portals (
        crawl_id INTEGER NOT NULL REFERENCES crawls (id),
        portal_id TEXT NOT NULL REFERENCES portals (id),
        complete INTEGER NOT NULL CHECK (complete IN (0, 1)),
        fetches INTEGER NOT NULL,
        pages INTEGER NOT NULL,
        publications INTEGER NOT NULL,
        unread INTEGER NOT NULL,
        reports INTEGER NOT NULL,
        reports_new INTEGER NOT NULL,
        reports_changed INTEGER NOT NULL,
        reports_unchanged INTEGER NOT NULL,
        reports_vanished INTEGER NOT NULL,
        reports_before INTEGER,
        crawl_before INTEGER REFERENCES crawls (id),
        missing_years TEXT NOT NULL,
        problems TEXT NOT NULL,
        seconds INTEGER NOT NULL,
        remarks TEXT,
        PRIMARY KEY (crawl_id, portal_id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX crawl_portals_portal ON crawl_portals (portal_id, complete)",
    "CREATE INDEX crawl_portals_before ON crawl_portals (crawl_before)",
)

_NAMES_DATES_AND_CORRECTIONS = (
    "ALTER TABLE agencies ADD COLUMN body TEXT",
    "CREATE INDEX agencies_body ON agencies (body)",
    # The kinds of names differ, and a CHECK cannot be altered.
    """
    CREATE TABLE agency_names_by_kind (
        agency_id TEXT NOT NULL REFERENCES agencies (id),
        name TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('full', 'short', 'title')),
        valid_from INTEGER,
        valid_to INTEGER,
        PRIMARY KEY (agency_id, kind, name)
    ) STRICT, WITHOUT ROWID
    """,
    """
    INSERT INTO agency_names_by_kind
    SELECT agency_id, name, CASE kind WHEN 'canonical' THEN 'full' ELSE 'title' END, valid_from, valid_to
    FROM agency_names
    """,
    "DROP TABLE agency_names",
    "ALTER TABLE agency_names_by_kind RENAME TO agency_names",
    "CREATE INDEX agency_names_name ON agency_names (name)",
    """
    CREATE TABLE renamings (
        before TEXT NOT NULL,
        after TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('renamed', 'merged_into', 'split_from', 'function_moved')),
        since INTEGER,
        division_code TEXT,
        note TEXT NOT NULL
    ) STRICT
    """,
    "ALTER TABLE reports ADD COLUMN printed_on TEXT",
    "ALTER TABLE reports ADD COLUMN page_date TEXT",
    "ALTER TABLE reports ADD COLUMN url_date TEXT",
    "ALTER TABLE reports ADD COLUMN period_from TEXT",
    "ALTER TABLE reports ADD COLUMN period_to TEXT",
    "ALTER TABLE reports ADD COLUMN due_on TEXT",
    """
    ALTER TABLE reports ADD COLUMN late_confidence TEXT
        CHECK (late_confidence IN ('high', 'medium', 'low'))
    """,
    # Of versions that are shown no more; the current one's are in `figures`. See `version_figures`.
    """
    CREATE TABLE superseded_figures (
        report_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        table_code TEXT NOT NULL,
        row_code TEXT NOT NULL,
        column_code TEXT NOT NULL,
        printed TEXT,
        value ANY,
        unit TEXT,
        status TEXT NOT NULL,
        note TEXT,
        PRIMARY KEY (report_id, version, table_code, row_code, column_code),
        FOREIGN KEY (report_id, version) REFERENCES report_versions (report_id, version)
    ) STRICT, WITHOUT ROWID
    """,
    # What readers say against a figure. The figures themselves are never edited.
    """
    CREATE TABLE overrides (
        entry INTEGER PRIMARY KEY,
        report_id TEXT,
        agency TEXT,
        year INTEGER,
        table_code TEXT NOT NULL,
        row_code TEXT NOT NULL,
        column_code TEXT NOT NULL,
        value ANY,
        status TEXT NOT NULL CHECK (status IN ('number', 'blank', 'not_applicable')),
        said_by TEXT NOT NULL,
        said_on TEXT NOT NULL,
        link TEXT NOT NULL,
        reason TEXT,
        CHECK ((report_id IS NULL) = (agency IS NOT NULL)),
        CHECK ((agency IS NULL) = (year IS NULL)),
        CHECK ((status = 'number') = (typeof(value) IN ('integer', 'real')))
    ) STRICT
    """,
    "CREATE INDEX overrides_report ON overrides (report_id)",
    "CREATE INDEX overrides_agency ON overrides (agency, year)",
    "CREATE INDEX reports_name ON reports (agency, year)",
)

_ACROSS_REPORTS = (
    # Whole chapters as a few dozen numbers: what is compared are texts of every body with every other.
    """
    CREATE TABLE fingerprints (
        report_id TEXT NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
        chapter INTEGER NOT NULL,
        hashes TEXT NOT NULL,
        PRIMARY KEY (report_id, chapter)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE similar_texts (
        report_id TEXT NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
        chapter INTEGER NOT NULL,
        other_report_id TEXT NOT NULL,
        relation TEXT NOT NULL CHECK (relation IN ('year_before', 'other_agency')),
        similarity REAL NOT NULL,
        PRIMARY KEY (report_id, chapter, relation)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE cross_checks (
        report_id TEXT NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
        rule TEXT NOT NULL,
        subject TEXT NOT NULL,
        outcome TEXT NOT NULL CHECK (outcome IN ('pass', 'fail', 'not_assessable')),
        zero_filled TEXT NOT NULL CHECK (zero_filled IN ('pass', 'fail', 'not_assessable')),
        severity TEXT NOT NULL CHECK (severity IN ('hard', 'soft')),
        left_value ANY,
        right_value ANY,
        suspect TEXT,
        detail TEXT NOT NULL,
        other_report_id TEXT
    ) STRICT
    """,
    "CREATE UNIQUE INDEX cross_checks_report ON cross_checks (report_id, rule, subject)",
    "CREATE INDEX cross_checks_rule ON cross_checks (rule, outcome)",
    "CREATE INDEX similar_texts_other ON similar_texts (other_report_id)",
    # One row a body and a year for which it owes a report, held or not.
    """
    CREATE TABLE coverage (
        body TEXT NOT NULL,
        year INTEGER NOT NULL,
        agency_id TEXT,
        agency TEXT NOT NULL,
        division_code TEXT,
        agency_type TEXT NOT NULL,
        level TEXT,
        known_from TEXT NOT NULL CHECK (known_from IN ('division', 'reports', 'portal')),
        due_on TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('published', 'missing', 'unread', 'not_known')),
        reason TEXT,
        confidence TEXT CHECK (confidence IN ('high', 'medium', 'low')),
        portal_id TEXT,
        walked_at TEXT,
        report_id TEXT,
        PRIMARY KEY (body, year)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX coverage_state ON coverage (state, year)",
    "CREATE INDEX coverage_year ON coverage (year)",
    "CREATE INDEX coverage_division ON coverage (division_code)",
    "CREATE INDEX coverage_agency ON coverage (agency_id, year)",
    "CREATE INDEX coverage_reason ON coverage (reason)",
    # What questions are asked about, one row a report: the figures stand in `figures`, these are for speed.
    """
    CREATE TABLE measures (
        report_id TEXT PRIMARY KEY REFERENCES reports (id) ON DELETE CASCADE,
        received_new ANY,
        received_natural_person ANY,
        received_org_business ANY,
        received_org_research ANY,
        received_org_public_interest ANY,
        received_org_legal_service ANY,
        received_org_other ANY,
        carried_in ANY,
        carried_out ANY,
        processed_total ANY,
        disclosed_full ANY,
        disclosed_partial ANY,
        denied_state_secret ANY,
        denied_prohibited_by_law ANY,
        denied_security_stability ANY,
        denied_third_party ANY,
        denied_internal_affairs ANY,
        denied_process_information ANY,
        denied_enforcement_file ANY,
        denied_administrative_query ANY,
        denied_total ANY,
        unable_not_held ANY,
        unable_total ANY,
        not_processed_total ANY,
        other_total ANY,
        reconsideration_total ANY,
        reconsideration_corrected ANY,
        reconsideration_pending ANY,
        litigation_direct_total ANY,
        litigation_direct_corrected ANY,
        litigation_direct_pending ANY,
        litigation_after_reconsideration_total ANY,
        litigation_after_reconsideration_corrected ANY,
        litigation_after_reconsideration_pending ANY,
        litigation_total ANY,
        normative_documents_issued ANY,
        normative_documents_repealed ANY,
        normative_documents_in_force ANY,
        licensing_decisions ANY,
        penalty_decisions ANY,
        compulsion_decisions ANY,
        zero_state TEXT CHECK (zero_state IN ('zero', 'blank', 'some'))
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE populations (
        division_code TEXT PRIMARY KEY,
        residents INTEGER NOT NULL,
        counted_on TEXT NOT NULL,
        source TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    # What the findings were made from: where it is the same, they are not made again.
    """
    CREATE TABLE findings_state (
        name TEXT PRIMARY KEY,
        made_from TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
)

_WHOSE_FAILURE_AND_THEMES = (
    # Told of a failed rule only: the agency's own where two readings agree on every cell of it.
    "ALTER TABLE checks ADD COLUMN attribution TEXT CHECK (attribution IN ('agency', 'unsettled'))",
    "CREATE INDEX checks_attribution ON checks (attribution)",
    "ALTER TABLE reports ADD COLUMN themes TEXT",
)

_SUMMED = (
    "received_new",
    "received_natural_person",
    "received_organisations",
    "carried_in",
    "processed_total",
    "carried_out",
    "disclosed_full",
    "disclosed_partial",
    "denied_total",
    "unable_not_held",
    "unable_total",
    "not_processed_total",
    "other_total",
    "reconsideration_total",
    "reconsideration_corrected",
    "litigation_total",
    "litigation_corrected",
)
_MIXED = ("processed", "full", "partial", "denied", "unable", "not_processed", "other")

_SUMMARIES = (
    # What pages of the site show of many reports at once, added up when the findings are made.
    # reach: own, the bodies of the division; area, these and those of all divisions below it; all.
    f"""
    CREATE TABLE year_totals (
        reach TEXT NOT NULL CHECK (reach IN ('own', 'area', 'all')),
        division_code TEXT,
        year INTEGER NOT NULL,
        scope TEXT NOT NULL,
        level TEXT,
        agency_type TEXT NOT NULL,
        form_series TEXT NOT NULL,
        dispute_series TEXT NOT NULL,
        reports INTEGER NOT NULL,
        doubtful INTEGER NOT NULL,
        {", ".join(f"{name} ANY, {name}_reports INTEGER NOT NULL" for name in _SUMMED)},
        mix_reports INTEGER NOT NULL,
        {", ".join(f"mix_{name} ANY" for name in _MIXED)}
    ) STRICT
    """,
    "CREATE INDEX year_totals_division ON year_totals (division_code, reach, year)",
    "CREATE INDEX year_totals_reach ON year_totals (reach, year)",
    "CREATE INDEX year_totals_year ON year_totals (year)",
    """
    CREATE TABLE division_years (
        reach TEXT NOT NULL CHECK (reach IN ('own', 'area', 'all')),
        division_code TEXT,
        year INTEGER NOT NULL,
        owed INTEGER NOT NULL,
        published INTEGER NOT NULL,
        missing INTEGER NOT NULL,
        missing_unsure INTEGER NOT NULL,
        unread INTEGER NOT NULL,
        not_known INTEGER NOT NULL,
        reports INTEGER NOT NULL,
        late INTEGER NOT NULL,
        late_unsure INTEGER NOT NULL,
        undated INTEGER NOT NULL,
        failing INTEGER NOT NULL,
        failing_across INTEGER NOT NULL,
        copied INTEGER NOT NULL,
        CHECK (owed = published + missing + unread + not_known)
    ) STRICT
    """,
    "CREATE INDEX division_years_division ON division_years (division_code, reach, year)",
    "CREATE INDEX division_years_reach ON division_years (reach, year)",
    "CREATE INDEX division_years_year ON division_years (year)",
    # A row a report, and one a report that is owed and not held.
    """
    CREATE TABLE agency_years (
        body TEXT NOT NULL,
        year INTEGER NOT NULL,
        agency_id TEXT,
        agency TEXT NOT NULL,
        division_code TEXT,
        agency_type TEXT NOT NULL,
        level TEXT,
        owes INTEGER NOT NULL CHECK (owes IN (0, 1)),
        state TEXT NOT NULL CHECK (state IN ('published', 'missing', 'unread', 'not_known')),
        reason TEXT,
        confidence TEXT CHECK (confidence IN ('high', 'medium', 'low')),
        due_on TEXT,
        report_id TEXT REFERENCES reports (id) ON DELETE CASCADE,
        scope TEXT,
        published_on TEXT,
        days_late INTEGER,
        late_confidence TEXT CHECK (late_confidence IN ('high', 'medium', 'low')),
        checks_failed INTEGER,
        failed_across INTEGER,
        copied INTEGER,
        problems INTEGER,
        CHECK ((report_id IS NULL) = (checks_failed IS NULL))
    ) STRICT
    """,
    "CREATE INDEX agency_years_division ON agency_years (division_code, year)",
    "CREATE INDEX agency_years_agency ON agency_years (agency_id, year)",
    "CREATE INDEX agency_years_body ON agency_years (body, year)",
    "CREATE INDEX agency_years_state ON agency_years (state, year)",
    "CREATE INDEX agency_years_report ON agency_years (report_id)",
    "CREATE INDEX agency_years_year ON agency_years (year)",
    """
    CREATE TABLE site_counts (
        name TEXT PRIMARY KEY,
        number INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    # What the views that answer questions are made of.
    """
    CREATE TABLE rate_totals (
        measure TEXT NOT NULL,
        year INTEGER NOT NULL,
        scope TEXT NOT NULL,
        level TEXT,
        agency_type TEXT NOT NULL,
        agencies INTEGER NOT NULL,
        numerator ANY NOT NULL,
        denominator ANY NOT NULL,
        doubtful INTEGER NOT NULL
    ) STRICT
    """,
    "CREATE INDEX rate_totals_measure ON rate_totals (measure, year)",
    """
    CREATE TABLE denial_totals (
        ground TEXT NOT NULL,
        year INTEGER NOT NULL,
        scope TEXT NOT NULL,
        level TEXT,
        agency_type TEXT NOT NULL,
        agencies INTEGER NOT NULL,
        denied ANY NOT NULL,
        denied_on_all_grounds ANY NOT NULL,
        processed ANY NOT NULL
    ) STRICT
    """,
    "CREATE INDEX denial_totals_ground ON denial_totals (ground, year)",
    """
    CREATE TABLE decision_totals (
        division_code TEXT,
        kind TEXT NOT NULL,
        scope TEXT NOT NULL,
        year INTEGER NOT NULL,
        agency_type TEXT NOT NULL,
        agencies INTEGER NOT NULL,
        decisions ANY,
        left_out INTEGER NOT NULL
    ) STRICT
    """,
    "CREATE INDEX decision_totals_division ON decision_totals (division_code, kind, scope, year)",
    "CREATE INDEX decision_totals_year ON decision_totals (year)",
    """
    CREATE TABLE rule_totals (
        rule TEXT NOT NULL,
        severity TEXT NOT NULL,
        year INTEGER NOT NULL,
        level TEXT,
        agency_type TEXT NOT NULL,
        reports_assessed INTEGER NOT NULL,
        reports_failing INTEGER NOT NULL,
        with_a_suspect INTEGER NOT NULL,
        agencys_own INTEGER NOT NULL,
        results_failing INTEGER NOT NULL
    ) STRICT
    """,
    "CREATE INDEX rule_totals_year ON rule_totals (severity, year)",
)

_ARITHMETIC = (
    """
    CREATE TABLE form_rules (
        form TEXT NOT NULL,
        table_code TEXT NOT NULL,
        rule TEXT NOT NULL,
        subject TEXT NOT NULL,
        relation TEXT NOT NULL CHECK (relation IN ('=', '≤', '→', 'whole', 'read')),
        severity TEXT NOT NULL CHECK (severity IN ('hard', 'soft')),
        told TEXT NOT NULL CHECK (told IN ('always', 'printed', 'beside')),
        left_cells TEXT NOT NULL,
        right_cells TEXT NOT NULL,
        exempt TEXT NOT NULL,
        says TEXT NOT NULL,
        position INTEGER NOT NULL,
        PRIMARY KEY (form, table_code, rule, subject)
    ) STRICT, WITHOUT ROWID
    """,
    # Numbers that stand in no cell of a form; without them a rule that they are in cannot be told again.
    """
    CREATE TABLE figures_beside (
        report_id TEXT NOT NULL REFERENCES reports (id),
        table_code TEXT NOT NULL,
        row_code TEXT NOT NULL,
        column_code TEXT NOT NULL,
        printed TEXT,
        value ANY,
        unit TEXT,
        status TEXT NOT NULL
            CHECK (status IN ('number', 'blank', 'not_applicable', 'merged', 'unreadable')),
        note TEXT,
        locator TEXT NOT NULL,
        method TEXT NOT NULL,
        PRIMARY KEY (report_id, table_code, row_code, column_code),
        CHECK ((status = 'number') = (typeof(value) IN ('integer', 'real')))
    ) STRICT, WITHOUT ROWID
    """,
    # Only what comes out otherwise: than it is stored (told from the figures), or than the figures
    # give it (told from the figures with the corrections of readers).
    """
    CREATE TABLE retold_checks (
        report_id TEXT NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
        told_from TEXT NOT NULL CHECK (told_from IN ('figures', 'corrections')),
        rule TEXT NOT NULL,
        subject TEXT NOT NULL,
        difference TEXT NOT NULL CHECK (difference IN ('changed', 'new', 'gone')),
        outcome_before TEXT,
        zero_filled_before TEXT,
        severity_before TEXT,
        left_before ANY,
        right_before ANY,
        outcome TEXT,
        zero_filled TEXT,
        severity TEXT,
        left_value ANY,
        right_value ANY,
        detail TEXT,
        PRIMARY KEY (report_id, told_from, rule, subject),
        CHECK ((difference = 'new') = (outcome_before IS NULL)),
        CHECK ((difference = 'gone') = (outcome IS NULL))
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX retold_checks_told_from ON retold_checks (told_from, rule)",
)

_SHARED_HOSTS = (
    # [host, division] of other entries of the registry: what lies there may be of their bodies.
    "ALTER TABLE portals ADD COLUMN shared TEXT NOT NULL DEFAULT '[]'",
)

_SEARCH = (
    # Which report a number of the index stands for. Numbers are never given twice: what the index says
    # of a number that is no more here is not looked at.
    """
    CREATE TABLE search_reports (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        report_id TEXT NOT NULL UNIQUE REFERENCES reports (id) ON DELETE CASCADE
    ) STRICT
    """,
    """
    CREATE VIRTUAL TABLE search_index USING fts5 (
        terms, content = '', columnsize = 0, detail = none, tokenize = 'ascii'
    )
    """,
)

_LISTED_BODIES = (
    # What portals list, with or without reports: `standing` and `other_id` are made with the findings.
    """
    CREATE TABLE listed_bodies (
        portal_id TEXT NOT NULL REFERENCES portals (id),
        name TEXT NOT NULL,
        url TEXT NOT NULL,
        list_url TEXT NOT NULL,
        fetch_id INTEGER NOT NULL REFERENCES fetches (id),
        crawl_id INTEGER NOT NULL REFERENCES crawls (id),
        first_seen_at TEXT NOT NULL,
        last_seen_at TEXT NOT NULL,
        answered_by TEXT NOT NULL,
        agency_id TEXT,
        agency TEXT,
        agency_type TEXT,
        level TEXT,
        division_code TEXT,
        body TEXT,
        doubt TEXT,
        candidates TEXT NOT NULL,
        standing TEXT CHECK (
            standing IN (
                'published', 'never_published', 'may_be_another', 'unresolved', 'elsewhere', 'owes_none'
            )
        ),
        other_id TEXT,
        PRIMARY KEY (portal_id, name, url)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX listed_bodies_fetch ON listed_bodies (fetch_id)",
    "CREATE INDEX listed_bodies_crawl ON listed_bodies (crawl_id)",
    "CREATE INDEX listed_bodies_agency ON listed_bodies (agency_id)",
    "CREATE INDEX listed_bodies_division ON listed_bodies (division_code)",
    "CREATE INDEX listed_bodies_standing ON listed_bodies (standing)",
    # A CHECK cannot be altered. Not renamed into its place: views name the table.
    "CREATE TEMP TABLE kept_coverage AS SELECT * FROM coverage",
    "DROP TABLE coverage",
    """
    CREATE TABLE coverage (
        body TEXT NOT NULL,
        year INTEGER NOT NULL,
        agency_id TEXT,
        agency TEXT NOT NULL,
        division_code TEXT,
        agency_type TEXT NOT NULL,
        level TEXT,
        known_from TEXT NOT NULL CHECK (known_from IN ('division', 'reports', 'portal', 'list')),
        due_on TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('published', 'missing', 'unread', 'not_known')),
        reason TEXT,
        confidence TEXT CHECK (confidence IN ('high', 'medium', 'low')),
        portal_id TEXT,
        walked_at TEXT,
        report_id TEXT,
        list_url TEXT,
        listed_at TEXT,
        PRIMARY KEY (body, year)
    ) STRICT, WITHOUT ROWID
    """,
    "INSERT INTO coverage SELECT *, NULL, NULL FROM kept_coverage",
    "DROP TABLE kept_coverage",
    "CREATE INDEX coverage_state ON coverage (state, year)",
    "CREATE INDEX coverage_year ON coverage (year)",
    "CREATE INDEX coverage_division ON coverage (division_code)",
    "CREATE INDEX coverage_agency ON coverage (agency_id, year)",
    "CREATE INDEX coverage_reason ON coverage (reason)",
)

_QUESTIONS_AT_ONCE = (
    # The stocks of documents in the order in which they are asked for: the largest unexplained change first.
    """
    CREATE TABLE document_stocks (
        report_id TEXT PRIMARY KEY REFERENCES reports (id) ON DELETE CASCADE,
        agency TEXT NOT NULL,
        year INTEGER NOT NULL,
        scope TEXT NOT NULL,
        issued ANY,
        repealed ANY,
        in_force ANY NOT NULL,
        expected_in_force ANY,
        unexplained ANY,
        outcome TEXT,
        earlier_report_id TEXT
    ) STRICT
    """,
    (
        "CREATE INDEX document_stocks_unexplained ON document_stocks"
        " (abs(ifnull(unexplained, 0)) DESC, agency, year)"
    ),
    "CREATE INDEX document_stocks_year ON document_stocks (year)",
    # In the words of the view of late reports, which else reads every report.
    "CREATE INDEX reports_late ON reports (year, division_code) WHERE published_on > due_on",
    # Of some rules only failures are asked for, a few among hundreds of thousands of results.
    "DROP INDEX checks_rule",
    "CREATE INDEX checks_rule ON checks (rule, outcome)",
)

_COMPACT_TABLES = (
    # What stands in millions of rows of figures and checks stands once, under a number; `figures` and
    # `checks` are views from here on (`storage.views`), written by `storage.contents`. The number of a
    # report that is gone is not given again: something may name it until it is made anew.
    """
    CREATE TABLE report_numbers (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        report_id TEXT NOT NULL UNIQUE REFERENCES reports (id) ON DELETE CASCADE
    ) STRICT
    """,
    """
    CREATE TABLE figure_cells (
        number INTEGER PRIMARY KEY,
        table_code TEXT NOT NULL,
        row_code TEXT NOT NULL,
        column_code TEXT NOT NULL,
        UNIQUE (table_code, row_code, column_code)
    ) STRICT
    """,
    # Above 0 of figures that are a number, below 0 of all others. printed_as: value, the whole number as
    # it is; empty, an empty text; stored, as the figure's own row has it.
    """
    CREATE TABLE figure_kinds (
        number INTEGER PRIMARY KEY,
        unit TEXT,
        status TEXT NOT NULL
            CHECK (status IN ('number', 'blank', 'not_applicable', 'merged', 'unreadable')),
        method TEXT NOT NULL,
        verified INTEGER NOT NULL CHECK (verified IN (0, 1)),
        printed_as TEXT NOT NULL CHECK (printed_as IN ('value', 'empty', 'stored')),
        CHECK (number <> 0 AND (status = 'number') = (number > 0))
    ) STRICT
    """,
    """
    CREATE TABLE figure_places (
        number INTEGER PRIMARY KEY,
        locator TEXT NOT NULL UNIQUE
    ) STRICT
    """,
    # value and status hold each other: a blank can never pass as a number, nor a number as a blank.
    # place: a number of figure_places, or the place itself where no other document has it.
    """
    CREATE TABLE stored_figures (
        report INTEGER NOT NULL REFERENCES report_numbers (number),
        cell INTEGER NOT NULL REFERENCES figure_cells (number),
        value ANY,
        kind INTEGER NOT NULL REFERENCES figure_kinds (number),
        printed TEXT,
        note TEXT,
        place ANY NOT NULL CHECK (typeof(place) IN ('integer', 'text')),
        PRIMARY KEY (report, cell),
        CHECK ((kind > 0) = (typeof(value) IN ('integer', 'real'))),
        CHECK (kind > 0 OR value IS NULL)
    ) STRICT, WITHOUT ROWID
    """,
    # Below 0 of failures. In the wording {left} and {right} stand for the sides.
    """
    CREATE TABLE check_kinds (
        number INTEGER PRIMARY KEY,
        rule TEXT NOT NULL,
        subject TEXT NOT NULL,
        outcome TEXT NOT NULL CHECK (outcome IN ('pass', 'fail', 'not_assessable')),
        zero_filled TEXT NOT NULL CHECK (zero_filled IN ('pass', 'fail', 'not_assessable')),
        severity TEXT NOT NULL CHECK (severity IN ('hard', 'soft')),
        attribution TEXT CHECK (attribution IN ('agency', 'unsettled')),
        wording TEXT NOT NULL,
        CHECK (number <> 0 AND (outcome = 'fail') = (number < 0))
    ) STRICT
    """,
    "CREATE INDEX check_kinds_rule ON check_kinds (rule, subject, outcome, wording)",
    """
    CREATE TABLE stored_checks (
        report INTEGER NOT NULL REFERENCES report_numbers (number),
        position INTEGER NOT NULL,
        kind INTEGER NOT NULL REFERENCES check_kinds (number),
        left_value ANY,
        right_value ANY,
        suspect TEXT,
        rest TEXT,
        PRIMARY KEY (report, position)
    ) STRICT, WITHOUT ROWID
    """,
)

_PRINTED_AS = (
    "CASE WHEN typeof(value) = 'integer' AND printed = CAST(value AS TEXT) THEN 'value'"
    " WHEN printed = '' THEN 'empty' ELSE 'stored' END"
)

_COMPACT_FIGURES = (
    "INSERT INTO report_numbers (report_id) SELECT id FROM reports ORDER BY id",
    """
    INSERT INTO figure_cells (table_code, row_code, column_code)
    SELECT table_code, row_code, column_code FROM form_cells ORDER BY position
    """,
    """
    INSERT OR IGNORE INTO figure_cells (table_code, row_code, column_code)
    SELECT DISTINCT table_code, row_code, column_code FROM figures ORDER BY 1, 2, 3
    """,
    f"""
    INSERT INTO figure_kinds (number, unit, status, method, verified, printed_as)
    SELECT iif(status = 'number', 1, -1)
            * row_number() OVER (PARTITION BY status = 'number' ORDER BY status, unit, method, verified, way),
        unit, status, method, verified, way
    FROM (SELECT DISTINCT unit, status, method, verified, {_PRINTED_AS} AS way FROM figures)
    """,
    """
    INSERT INTO figure_places (locator)
    SELECT locator FROM figures WHERE instr(locator, '"bbox"') = 0 GROUP BY locator ORDER BY count(*) DESC, 1
    """,
    f"""
    INSERT INTO stored_figures (report, cell, value, kind, printed, note, place)
    SELECT report_numbers.number, figure_cells.number, old.value, figure_kinds.number,
        iif(old.way = 'stored', old.printed, NULL), old.note, ifnull(figure_places.number, old.locator)
    FROM (SELECT *, {_PRINTED_AS} AS way FROM figures) AS old
    JOIN report_numbers ON report_numbers.report_id = old.report_id
    JOIN figure_cells ON figure_cells.table_code = old.table_code AND figure_cells.row_code = old.row_code
        AND figure_cells.column_code = old.column_code
    JOIN figure_kinds ON figure_kinds.unit IS old.unit AND figure_kinds.status = old.status
        AND figure_kinds.method = old.method AND figure_kinds.verified = old.verified
        AND figure_kinds.printed_as = old.way
    LEFT JOIN figure_places ON figure_places.locator = old.locator
    ORDER BY 1, 2
    """,
)

_COMPACT_END = (
    # After the rows: made of few, they cost little.
    "CREATE INDEX stored_figures_no_numbers ON stored_figures (report, cell, kind) WHERE kind < 0",
    "CREATE INDEX stored_checks_failures ON stored_checks (kind) WHERE kind < 0",
    "DROP TABLE figures",
    "DROP TABLE checks",
)

_COMPACT_CROSS_CHECKS = (
    # As figures and checks: `cross_checks` is a view. In the wording, names in braces stand for what is put
    # there (`storage.crosschecks`).
    """
    CREATE TABLE cross_kinds (
        number INTEGER PRIMARY KEY,
        rule TEXT NOT NULL,
        subject TEXT NOT NULL,
        outcome TEXT NOT NULL CHECK (outcome IN ('pass', 'fail', 'not_assessable')),
        zero_filled TEXT NOT NULL CHECK (zero_filled IN ('pass', 'fail', 'not_assessable')),
        severity TEXT NOT NULL CHECK (severity IN ('hard', 'soft')),
        wording TEXT NOT NULL,
        UNIQUE (rule, subject, outcome, zero_filled, severity, wording)
    ) STRICT
    """,
    "CREATE INDEX cross_kinds_outcome ON cross_kinds (outcome, rule)",
    """
    CREATE TABLE stored_cross_checks (
        report INTEGER NOT NULL REFERENCES report_numbers (number) ON DELETE CASCADE,
        kind INTEGER NOT NULL REFERENCES cross_kinds (number),
        left_value ANY,
        right_value ANY,
        said TEXT,
        other INTEGER,
        PRIMARY KEY (report, kind)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX stored_cross_checks_kind ON stored_cross_checks (kind)",
    # Sentences as they are until the findings are made anew, which they then are.
    """
    INSERT INTO cross_kinds (rule, subject, outcome, zero_filled, severity, wording)
    SELECT DISTINCT rule, subject, outcome, zero_filled, severity, '{said}' FROM cross_checks
    """,
    """
    INSERT INTO stored_cross_checks (report, kind, left_value, right_value, said, other)
    SELECT own.number, cross_kinds.number, left_value, right_value, detail, other.number
    FROM cross_checks
    JOIN cross_kinds USING (rule, subject, outcome, zero_filled, severity)
    JOIN report_numbers AS own ON own.report_id = cross_checks.report_id
    LEFT JOIN report_numbers AS other ON other.report_id = cross_checks.other_report_id
    """,
    "DROP TABLE cross_checks",
    "DELETE FROM findings_state WHERE name = 'cross_checks'",
)

_COMPACT_FINGERPRINTS = (
    "DROP TABLE fingerprints",
    """
    CREATE TABLE fingerprints (
        report_id TEXT NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
        chapter INTEGER NOT NULL,
        hashes BLOB NOT NULL,
        PRIMARY KEY (report_id, chapter)
    ) STRICT, WITHOUT ROWID
    """,
)

_FEWER_INDEXES = (
    # By these nothing is looked up, and each repeats addresses of a hundred signs or a hash.
    "DROP INDEX report_sources_fetch",
    "DROP INDEX report_sources_sha256",
    "DROP INDEX report_versions_fetch",
    "DROP INDEX report_versions_sha256",
    "DROP INDEX agency_years_body",
    # Most rows are of bodies of which there is no report.
    "DROP INDEX coverage_agency",
    "CREATE INDEX coverage_agency ON coverage (agency_id, year) WHERE agency_id IS NOT NULL",
    "DROP INDEX agency_years_agency",
    "CREATE INDEX agency_years_agency ON agency_years (agency_id, year) WHERE agency_id IS NOT NULL",
    "DROP INDEX agency_years_report",
    "CREATE INDEX agency_years_report ON agency_years (report_id) WHERE report_id IS NOT NULL",
)

_ALIKE_FIGURES = (
    """
    CREATE TABLE alike_figures (
        report_id TEXT PRIMARY KEY REFERENCES reports (id) ON DELETE CASCADE,
        other_report_id TEXT NOT NULL REFERENCES reports (id) ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX alike_figures_other ON alike_figures (other_report_id)",
    "DELETE FROM findings_state WHERE name = 'summaries'",
)

_STORED_PRINTS = (
    "ALTER TABLE stored_figures RENAME TO whole_figures",
    "DROP INDEX stored_figures_no_numbers",
    # value and kind hold each other: a blank can never pass as a number, nor a number as a blank.
    # place: a number of figure_places, or the place itself where no other document has it.
    """
    CREATE TABLE stored_figures (
        report INTEGER NOT NULL REFERENCES report_numbers (number),
        cell INTEGER NOT NULL REFERENCES figure_cells (number),
        value ANY,
        kind INTEGER NOT NULL REFERENCES figure_kinds (number),
        place ANY NOT NULL CHECK (typeof(place) IN ('integer', 'text')),
        PRIMARY KEY (report, cell),
        CHECK ((kind > 0) = (typeof(value) IN ('integer', 'real'))),
        CHECK (kind > 0 OR value IS NULL)
    ) STRICT, WITHOUT ROWID
    """,
    "INSERT INTO stored_figures SELECT report, cell, value, kind, place FROM whole_figures ORDER BY 1, 2",
    # One figure in a hundred has either: without the two columns a row of the others is an eighth shorter.
    """
    CREATE TABLE stored_prints (
        report INTEGER NOT NULL,
        cell INTEGER NOT NULL,
        printed TEXT,
        note TEXT,
        PRIMARY KEY (report, cell),
        FOREIGN KEY (report, cell) REFERENCES stored_figures (report, cell),
        CHECK (printed IS NOT NULL OR note IS NOT NULL)
    ) STRICT, WITHOUT ROWID
    """,
    """
    INSERT INTO stored_prints SELECT report, cell, printed, note FROM whole_figures
    WHERE printed IS NOT NULL OR note IS NOT NULL ORDER BY 1, 2
    """,
    "DROP TABLE whole_figures",
    "CREATE INDEX stored_figures_no_numbers ON stored_figures (report, cell, kind) WHERE kind < 0",
)

_RECORDS_ONCE = (
    "ALTER TABLE source_versions RENAME TO whole_versions",
    "DROP INDEX source_versions_fetch",
    "DROP INDEX source_versions_sha256",
    # record: NULL as long as a copy of the page has the content of that fingerprint; whatever takes the
    # content from the copy leaves the record here.
    """
    CREATE TABLE source_versions (
        report_id TEXT NOT NULL REFERENCES reports (id) DEFERRABLE INITIALLY DEFERRED,
        source_url TEXT NOT NULL,
        version INTEGER NOT NULL CHECK (version > 0),
        sha256 TEXT REFERENCES documents (sha256),
        fetch_id INTEGER NOT NULL REFERENCES fetches (id),
        fetched_at TEXT NOT NULL,
        changes TEXT NOT NULL,
        parts TEXT NOT NULL,
        extractor_version TEXT NOT NULL,
        reader_changed INTEGER NOT NULL CHECK (reader_changed IN (0, 1)),
        content_hash TEXT,
        record BLOB,
        PRIMARY KEY (report_id, source_url, version),
        CHECK (content_hash IS NOT NULL OR record IS NOT NULL)
    ) STRICT
    """,
    """
    INSERT INTO source_versions
    SELECT report_id, source_url, version, sha256, fetch_id, fetched_at, changes, parts, extractor_version,
        reader_changed, content_hash, iif(content_hash IS NULL, record, NULL)
    FROM (
        SELECT whole.*, (
            SELECT copies.content_hash FROM copies WHERE copies.report_id = whole.report_id
                AND copies.source_url = whole.source_url AND copies.record = whole.record
        ) AS content_hash
        FROM whole_versions AS whole ORDER BY whole.rowid
    )
    """,
    "DROP TABLE whole_versions",
    "CREATE INDEX source_versions_fetch ON source_versions (fetch_id)",
    "CREATE INDEX source_versions_sha256 ON source_versions (sha256)",
    """
    CREATE TRIGGER copies_say_otherwise BEFORE UPDATE OF content_hash ON copies
    WHEN old.content_hash <> new.content_hash BEGIN
        UPDATE source_versions SET record = old.record WHERE report_id = old.report_id
            AND source_url = old.source_url AND content_hash = old.content_hash AND record IS NULL;
    END
    """,
    """
    CREATE TRIGGER copies_are_taken_away BEFORE DELETE ON copies BEGIN
        UPDATE source_versions SET record = old.record WHERE report_id = old.report_id
            AND source_url = old.source_url AND content_hash = old.content_hash AND record IS NULL;
    END
    """,
)
