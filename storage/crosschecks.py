"""Rules that hold between reports: from one year to the next, between levels of government, between texts.

Owns what stands in the view `cross_checks` and in `similar_texts`, made anew as a whole from what stands in
`reports`, `figures`, `fingerprints`, `report_versions` and `coverage`. A result stands with the later
report or with the parent. The rules are data (`crosschecks.toml`); each is one statement over all
reports, none is a query a report. Outcomes are those of the rules within a report: strict, where a
blank cell makes a rule not assessable, and zero-filled, where blank and merged cells count as 0.
"""

from __future__ import annotations

import hashlib
import sqlite3
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from operator import eq
from typing import Any

from sqlite_utils import Database

from storage.contents import unpacked_hashes
from storage.database import file_of, one_line_errors, transaction

TABLES = ("proactive", "applications", "review_litigation")
RELATIONS = {"equal": "=", "at_most": "≤", "within": "~"}
NEARLY = 1e-6
"""Sums of amounts with decimals are equal within this."""

BAND = 8
"""Numbers of a fingerprint that two texts must share in one place to be compared at all…"""
NEIGHBOURS = 4
"""…with so many of those before them that share them: a template that thousands use stays affordable."""

_KEYS = {"rule", "subjects", "forms", "left", "relation", "right", "left_says", "right_says"}


@dataclass(frozen=True, slots=True)
class Term:
    """A cell of this year's report or the year before's, added or subtracted."""

    cell: tuple[str, str, str]
    before: bool
    sign: int


@dataclass(frozen=True, slots=True, kw_only=True)
class YearRule:
    """One rule on one subject, between a report and the one of the year before."""

    rule: str
    subject: str
    forms: Mapping[str, Sequence[str]]
    left: tuple[Term, ...]
    right: tuple[Term, ...]
    relation: str
    left_says: str
    right_says: str
    factor: float | None = None
    floor: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What `crosschecks.toml` states."""

    years: tuple[YearRule, ...]
    level_cells: tuple[tuple[str, str, str], ...]
    apart: tuple[str, ...]
    fewest: int
    chapters: tuple[int, ...]
    alike: float
    same_house: tuple[str, ...]
    text: str


@cache
def rules() -> Rules:
    """The bundled rules. Raises ValueError naming file, entry and key for anything unknown."""
    text = resources.files("storage").joinpath("crosschecks.toml").read_text("utf-8")
    return read_rules(text)


def read_rules(text: str) -> Rules:
    """The rules in a text of TOML; see `rules`."""
    data = tomllib.loads(text)
    _refuse_unknown(data, {"years", "levels", "wording"}, "the file")
    levels, wording = data["levels"], data["wording"]
    _refuse_unknown(levels, {"cells", "apart", "fewest"}, "levels")
    _refuse_unknown(wording, {"chapters", "alike", "same_house"}, "wording")
    return Rules(
        years=tuple(rule for entry in data["years"] for rule in _year_rules(entry)),
        level_cells=tuple(_cell(name, "levels") for name in levels["cells"]),
        apart=tuple(levels["apart"]),
        fewest=levels["fewest"],
        chapters=tuple(wording["chapters"]),
        alike=wording["alike"],
        same_house=tuple(wording["same_house"]),
        text=text,
    )


def _year_rules(entry: Mapping[str, Any]) -> Iterator[YearRule]:
    name = f"years {entry.get('rule')}"
    within = entry.get("relation") == "within"
    _refuse_unknown(entry, _KEYS | ({"factor", "floor"} if within else set()), name)
    if entry["relation"] not in RELATIONS or not set(entry["forms"]) <= set(TABLES):
        raise ValueError(f"crosschecks.toml: {name}: unknown relation or table")
    for subject in entry["subjects"]:
        yield YearRule(
            rule=entry["rule"],
            subject=subject,
            forms=entry["forms"],
            left=tuple(_term(text, subject, name) for text in entry["left"]),
            right=tuple(_term(text, subject, name) for text in entry["right"]),
            relation=entry["relation"],
            left_says=entry["left_says"],
            right_says=entry["right_says"],
            factor=entry.get("factor"),
            floor=entry.get("floor", 0),
        )


def _term(text: str, subject: str, name: str) -> Term:
    sign = -1 if text.startswith("-") else 1
    text = text.removeprefix("-").format(subject=subject)
    before = text.startswith("before:")
    return Term(_cell(text.removeprefix("before:"), name), before, sign)


def _cell(text: str, name: str) -> tuple[str, str, str]:
    parts = text.split("/")
    if len(parts) != 3 or parts[0] not in TABLES:
        raise ValueError(f"crosschecks.toml: {name}: {text} is no TABLE/ROW/COLUMN")
    return (parts[0], parts[1], parts[2])


def _refuse_unknown(given: Mapping[str, Any], known: set[str], name: str) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        raise ValueError(f"crosschecks.toml: {name}: unknown key {unknown[0]}")


def refresh(db: Database, given: Rules | None = None) -> bool:
    """Makes `cross_checks` and `similar_texts` anew where anything changed that they are made from.

    To be called when `coverage` has been written. Says whether they were made. Raises `StorageError`.
    """
    chosen = given or rules()
    with one_line_errors(file_of(db)):
        made_from = _made_from(db.conn, chosen)
        standing = db.conn.execute(
            "SELECT made_from FROM findings_state WHERE name = 'cross_checks'"
        ).fetchone()
    if standing is not None and standing[0] == made_from:
        return False
    with transaction(db):
        try:
            _note_reports(db.conn)
            _note_cells(db.conn, chosen)
            _note_pairs(db.conn)
            db.conn.execute(_TOLD)
            db.conn.execute("DELETE FROM similar_texts")
            for rule in chosen.years:
                for summed in (False, True):
                    db.conn.execute(*_year_statement(rule, chosen, summed=summed))
            _check_levels(db.conn, chosen)
            _check_wording(db.conn, chosen)
            _check_versions(db.conn)
            _write_results(db.conn)
        finally:
            for table in ("noted", "wanted", "now", "pairs", "past", "over", "below", "whole", "told"):
                db.conn.execute(f"DROP TABLE IF EXISTS temp.{table}")
        db.conn.execute(
            "INSERT INTO findings_state VALUES ('cross_checks', ?)"
            " ON CONFLICT DO UPDATE SET made_from = excluded.made_from",
            (made_from,),
        )
    return True


_TOLD = """
    CREATE TEMP TABLE told (
        report INTEGER NOT NULL, rule TEXT NOT NULL, subject TEXT NOT NULL, outcome TEXT NOT NULL,
        zero_filled TEXT NOT NULL, left_value, right_value, wording TEXT NOT NULL, said, other INTEGER
    )
"""
"""The results with reports under their numbers. In the wording, {left}, {right}, {said}, {year}, {before}
(the year before) and {other} stand for what the view `cross_checks` puts there."""


def _write_results(conn: sqlite3.Connection) -> None:
    """Makes the stored results those of `told`: what they have in common stands once, in `cross_kinds`."""
    indexes = conn.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'stored_cross_checks'"
        " AND sql IS NOT NULL"
    ).fetchall()
    # Rows are deleted and added one by one in every index: made at the end they cost a fifth.
    for name, _ in indexes:
        conn.execute(f"DROP INDEX {name}")
    conn.execute("DELETE FROM stored_cross_checks")
    conn.execute("DELETE FROM cross_kinds")
    common = "rule, subject, outcome, zero_filled, severity, wording"
    conn.execute(
        f"INSERT INTO cross_kinds ({common})"
        " SELECT DISTINCT rule, subject, outcome, zero_filled, 'soft', wording FROM told"
        " ORDER BY rule, subject, outcome, zero_filled, wording"
    )
    conn.execute(
        """
        INSERT INTO stored_cross_checks (report, kind, left_value, right_value, said, other)
        SELECT told.report, kinds.number, told.left_value, told.right_value, told.said, told.other
        FROM told CROSS JOIN cross_kinds AS kinds USING (rule, subject, outcome, zero_filled, wording)
        ORDER BY 1, 2
        """
    )
    for _, sql in indexes:
        conn.execute(sql)


def _made_from(conn: sqlite3.Connection, chosen: Rules) -> str:
    """Fingerprint of everything that the results depend on."""
    digest = hashlib.sha256(chosen.text.encode("utf-8"))
    for query in (
        "SELECT id, agency_id, record_hash, published_on FROM reports ORDER BY id",
        "SELECT id, parent_id, name FROM agencies ORDER BY id",
        "SELECT * FROM renamings ORDER BY before, after, kind, since, division_code",
        (
            "SELECT report_id, version, parts, reader_changed FROM report_versions WHERE version > 1"
            " ORDER BY report_id, version"
        ),
        "SELECT DISTINCT report_id FROM problems WHERE code = 'copies_differ' ORDER BY report_id",
        (
            "SELECT report_id, count(*) FROM report_sources WHERE gone_at IS NULL GROUP BY report_id"
            " HAVING count(*) > 1 ORDER BY report_id"
        ),
        "SELECT body, year, state FROM coverage ORDER BY body, year",
    ):
        for row in conn.execute(query):
            digest.update(repr(row).encode("utf-8"))
    return digest.hexdigest()


def _note_reports(conn: sqlite3.Connection) -> None:
    """`noted`: the reports under numbers, as the joins of millions of rows are over numbers."""
    conn.execute(
        """
        CREATE TEMP TABLE noted (
            n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, number INTEGER NOT NULL, agency_id TEXT NOT NULL,
            agency_type TEXT NOT NULL, year INTEGER NOT NULL, scope TEXT NOT NULL, proactive TEXT,
            applications TEXT, review_litigation TEXT
        )
        """
    )
    conn.execute(
        """
        INSERT INTO noted SELECT NULL, id, number, agency_id, agency_type, year, scope,
            json_extract(forms, '$.proactive'), json_extract(forms, '$.applications'),
            json_extract(forms, '$.review_litigation')
        FROM reports JOIN report_numbers ON report_numbers.report_id = reports.id ORDER BY id
        """
    )
    conn.execute("CREATE UNIQUE INDEX temp.noted_year ON noted (agency_id, year)")


def _note_cells(conn: sqlite3.Connection, chosen: Rules) -> None:
    """`now`: the cells that the rules name, `value` strictly and `filled` with 0 for blank and merged."""
    conn.execute(
        "CREATE TEMP TABLE wanted (cell INTEGER PRIMARY KEY, table_code TEXT, row_code TEXT,"
        " column_code TEXT, UNIQUE (table_code, row_code, column_code))"
    )
    conn.executemany(
        "INSERT INTO wanted VALUES (?, ?, ?, ?)",
        [(number, *cell) for cell, number in _numbers(chosen).items()],
    )
    conn.execute(
        # Columns without a type: another would make an integer again of what is to stay a float.
        "CREATE TEMP TABLE now (cell INTEGER NOT NULL, n INTEGER NOT NULL, value, filled,"
        " PRIMARY KEY (cell, n)) WITHOUT ROWID"
    )
    # Report by report, as their figures lie, and sorted then. A number so large that it can only be misread
    # goes in as a float: a sum of such integers is an error.
    conn.execute(
        """
        WITH asked AS MATERIALIZED (
            SELECT wanted.cell, figure_cells.number
            FROM wanted JOIN figure_cells USING (table_code, row_code, column_code)
        )
        INSERT INTO now
        SELECT asked.cell, noted.n,
            iif(stored.value NOT BETWEEN -10000000000000 AND 10000000000000,
                CAST(stored.value AS REAL), stored.value) AS value,
            iif(stored.kind IN (SELECT number FROM figure_kinds WHERE status IN ('blank', 'merged')), 0,
                iif(stored.value NOT BETWEEN -10000000000000 AND 10000000000000,
                    CAST(stored.value AS REAL), stored.value))
        FROM noted CROSS JOIN asked CROSS JOIN stored_figures AS stored
            ON stored.report = noted.number AND stored.cell = asked.number
        ORDER BY 1, 2
        """
    )


def _numbers(chosen: Rules) -> dict[tuple[str, str, str], int]:
    cells = [term.cell for rule in chosen.years for term in (*rule.left, *rule.right)]
    return {cell: number for number, cell in enumerate(dict.fromkeys([*cells, *chosen.level_cells]), 1)}


def _note_pairs(conn: sqlite3.Connection) -> None:
    """`pairs`: a report and the first of those of the year before that it is held against, with their number.

    These are the body's own; where it took the place of others, theirs, or theirs as well as its own.
    `past` has the sums of their cells where there are several.
    """
    conn.execute(
        "CREATE TEMP TABLE over (n INTEGER, earlier INTEGER, PRIMARY KEY (n, earlier)) WITHOUT ROWID"
    )
    conn.execute(
        "INSERT INTO over SELECT later.n, earlier.n FROM noted AS later JOIN noted AS earlier"
        " ON earlier.agency_id = later.agency_id AND earlier.year = later.year - 1"
    )
    conn.execute(
        """
        INSERT OR IGNORE INTO over
        SELECT later.n, earlier.n
        FROM agency_relations AS became
        JOIN noted AS later ON later.agency_id = became.to_id
        JOIN noted AS earlier ON earlier.agency_id = became.from_id AND earlier.year = later.year - 1
        WHERE became.kind IN ('renamed', 'merged_into')
            AND NOT EXISTS (
                SELECT 1 FROM noted AS still
                WHERE still.agency_id = became.from_id AND still.year = later.year
            )
            AND CASE WHEN EXISTS (SELECT 1 FROM over WHERE over.n = later.n)
                THEN became.kind = 'merged_into' AND became.since IN (later.year, later.year + 1)
                ELSE became.since IS NULL OR became.since BETWEEN later.year - 1 AND later.year + 1
                    -- Some places followed a reform years later; one name gave way to the other.
                    OR became.kind = 'renamed' AND became.since < later.year END
        """
    )
    conn.execute(
        "CREATE TEMP TABLE pairs (n INTEGER PRIMARY KEY, earlier INTEGER NOT NULL, earlier_reports INTEGER)"
    )
    conn.execute("INSERT INTO pairs SELECT n, min(earlier), count(*) FROM over GROUP BY n")
    conn.execute(
        "CREATE TEMP TABLE past (cell INTEGER NOT NULL, n INTEGER NOT NULL, value ANY, filled ANY,"
        " PRIMARY KEY (cell, n)) WITHOUT ROWID"
    )
    conn.execute(
        """
        INSERT INTO past
        SELECT wanted.cell, pairs.n, iif(count(now.value) = count(*), sum(now.value), NULL),
            iif(count(now.filled) = count(*), sum(now.filled), NULL)
        FROM pairs CROSS JOIN over ON over.n = pairs.n CROSS JOIN wanted
        LEFT JOIN now ON now.cell = wanted.cell AND now.n = over.earlier
        WHERE pairs.earlier_reports > 1 GROUP BY wanted.cell, pairs.n
        """
    )


def _year_statement(rule: YearRule, chosen: Rules, *, summed: bool) -> tuple[str, list[Any]]:
    """The INSERT of one rule on one subject for every pair whose tables have the form for it.

    Of pairs with one earlier report, or (`summed`) of those with several.
    """
    before = ("past", "pairs.n") if summed else ("now", "pairs.earlier")
    numbers = _numbers(chosen)
    joins: list[str] = []
    sums: dict[str, list[str]] = {"left": [], "right": [], "left_filled": [], "right_filled": []}
    for side, terms in (("left", rule.left), ("right", rule.right)):
        for term in terms:
            alias = f"t{len(joins)}"
            table, number = before if term.before else ("now", "pairs.n")
            joins.append(
                f"LEFT JOIN {table} AS {alias}"
                f" ON {alias}.cell = {numbers[term.cell]} AND {alias}.n = {number}"
            )
            sums[side].append(f"{'-' if term.sign < 0 else '+'} {alias}.value")
            sums[f"{side}_filled"].append(f"{'-' if term.sign < 0 else '+'} {alias}.filled")
    totals = {name: " ".join(parts).removeprefix("+ ") for name, parts in sums.items()}
    allowed = []
    for table, forms in rule.forms.items():
        for report in ("later", "earlier"):
            if forms:
                quoted = ", ".join(f"'{form}'" for form in forms)
                allowed.append(f"{report}.{table} IN ({quoted})")
            else:
                allowed.append(f"{report}.{table} IS NOT NULL")
    sql = f"""
        INSERT INTO told (report, rule, subject, outcome, zero_filled, left_value, right_value, wording,
            said, other)
        SELECT report, ?, ?, outcome, zero_filled, l, r,
            CASE outcome WHEN 'not_assessable' THEN 'not assessable, a cell is no number: ' ELSE '' END
            || '{rule.left_says}: {{left}}'
            || CASE outcome WHEN 'fail' THEN {_against(rule)} ELSE ' {_sign(rule)} ' END
            || '{rule.right_says}: {{right}}'
            || iif(earlier_reports > 1, ' (summed over {{said}} bodies before it)', ''),
            iif(earlier_reports > 1, earlier_reports, NULL), other
        FROM (
            SELECT *, {_outcome(rule, "l", "r")} AS outcome, {_outcome(rule, "lf", "rf")} AS zero_filled
            FROM (
                SELECT later.number AS report, earlier.number AS other,
                    pairs.earlier_reports AS earlier_reports,
                    {_rounded(totals["left"])} AS l, {_rounded(totals["right"])} AS r,
                    {_rounded(totals["left_filled"])} AS lf, {_rounded(totals["right_filled"])} AS rf
                FROM pairs JOIN noted AS later ON later.n = pairs.n
                JOIN noted AS earlier ON earlier.n = pairs.earlier
                {" ".join(joins)}
                WHERE pairs.earlier_reports {"> 1" if summed else "= 1"} AND {" AND ".join(allowed)}
            )
        )
    """
    return sql, [rule.rule, rule.subject]


def _rounded(total: str) -> str:
    """Sums of decimals without the dust of binary fractions; whole numbers stay whole."""
    return f"iif(typeof({total}) = 'real', round({total}, 6), {total})"


def _outcome(rule: YearRule, left: str, right: str) -> str:
    unknown = f"WHEN {left} IS NULL OR {right} IS NULL THEN 'not_assessable'"
    if rule.relation == "within":
        smaller, larger = f"min({left}, {right})", f"max({left}, {right})"
        return f"""CASE {unknown}
            WHEN {larger} < {rule.floor} OR {larger} = 0 THEN 'pass'
            WHEN {smaller} <= 0 THEN 'not_assessable'
            WHEN 1.0 * {larger} / {smaller} >= {rule.factor} THEN 'fail' ELSE 'pass' END"""
    holds = f"abs({left} - {right}) < {NEARLY}" if rule.relation == "equal" else f"{left} <= {right}"
    return f"CASE {unknown} WHEN {holds} THEN 'pass' ELSE 'fail' END"


def _sign(rule: YearRule) -> str:
    return {"equal": "=", "at_most": "≤", "within": "beside"}[rule.relation]


def _against(rule: YearRule) -> str:
    """What stands between the two sides of a rule that fails, as an expression of SQL."""
    if rule.relation == "within":
        times = f"{rule.factor:,}"
        return f"iif(l > r, ', at least {times} times ', ', at most 1/{times} of ')"
    return {"equal": "' ≠ '", "at_most": "' > '"}[rule.relation]


def _check_levels(conn: sqlite3.Connection, chosen: Rules) -> None:
    """L1 and L2 of the governments that say they cover their whole area.

    L1 sums every body below once: those that have no reporting body below themselves. L2 sums the
    bodies directly below, where all of them are held and each government among them covers its area.
    """
    apart = ", ".join(f"'{kind}'" for kind in chosen.apart)
    conn.execute(
        f"""
        CREATE TEMP TABLE below AS
        WITH RECURSIVE line (agency_id, ancestor, direct) AS (
            SELECT id, parent_id, 1 FROM agencies WHERE parent_id IS NOT NULL
            UNION
            SELECT line.agency_id, agencies.parent_id, 0 FROM line
            JOIN agencies ON agencies.id = line.ancestor
            WHERE agencies.parent_id IS NOT NULL AND agencies.parent_id <> line.agency_id
        ),
        counted AS (SELECT * FROM noted WHERE agency_type NOT IN ({apart})),
        busy AS (
            SELECT DISTINCT line.ancestor AS agency_id, counted.year AS year
            FROM counted JOIN line USING (agency_id)
        )
        SELECT parent.n AS parent, child.n AS n, max(line.direct) AS direct,
            busy.agency_id IS NULL AS leaf, child.agency_type AS agency_type, child.scope AS scope
        FROM noted AS parent
        JOIN line ON line.ancestor = parent.agency_id
        JOIN counted AS child ON child.agency_id = line.agency_id AND child.year = parent.year
        LEFT JOIN busy ON busy.agency_id = child.agency_id AND busy.year = child.year
        WHERE parent.scope = 'whole_area' AND parent.agency_type = 'government'
        GROUP BY parent.n, child.n
        """
    )
    conn.execute("CREATE INDEX temp.below_parent ON below (parent, n)")
    conn.execute(
        f"""
        CREATE TEMP TABLE whole AS
        WITH owed AS (
            SELECT parent.n AS parent, sum(owing.state <> 'published') AS absent
            FROM noted AS parent CROSS JOIN agencies ON agencies.parent_id = parent.agency_id
            CROSS JOIN coverage AS owing ON owing.agency_id = agencies.id AND +owing.year = parent.year
            WHERE parent.scope = 'whole_area' AND parent.agency_type = 'government'
                AND owing.agency_type NOT IN ({apart})
            GROUP BY parent.n
        )
        SELECT below.parent AS parent, count(*) AS held, ifnull(owed.absent, 0) AS absent,
            sum(below.agency_type = 'government' AND below.scope <> 'whole_area') AS unsure
        FROM below LEFT JOIN owed USING (parent) WHERE below.direct GROUP BY below.parent
        """
    )
    conn.execute("CREATE UNIQUE INDEX temp.whole_parent ON whole (parent)")
    numbers = _numbers(chosen)
    for cell in chosen.level_cells:
        parameters = {"cell": numbers[cell], "subject": "/".join(cell), "fewest": chosen.fewest}
        conn.execute(_AT_LEAST, parameters)
        conn.execute(_EQUAL, parameters)


_AT_LEAST = f"""
    INSERT INTO told (report, rule, subject, outcome, zero_filled, left_value, right_value, wording, said)
    SELECT report, 'L1', :subject,
        CASE WHEN value IS NULL OR numbers = 0 THEN 'not_assessable'
            WHEN value >= total - {NEARLY} THEN 'pass' ELSE 'fail' END AS outcome,
        CASE WHEN filled IS NULL OR filled_numbers = 0 THEN 'not_assessable'
            WHEN filled >= filled_total - {NEARLY} THEN 'pass' ELSE 'fail' END,
        value, total,
        CASE WHEN value IS NULL OR numbers = 0 THEN 'not assessable, a cell is no number: '
            ELSE '' END
        || 'the whole area (全域): {{left}}'
        || CASE WHEN value < total - {NEARLY} THEN ' < ' ELSE ' ≥ ' END
        || '{{said}} bodies below it that are held: {{right}}',
        numbers
    FROM (
        SELECT parent.number AS report, own.value AS value, own.filled AS filled, count(now.value) AS numbers,
            round(sum(now.value), 6) AS total, count(now.filled) AS filled_numbers,
            round(sum(now.filled), 6) AS filled_total
        FROM noted AS parent
        JOIN now AS own ON own.cell = :cell AND own.n = parent.n
        JOIN below ON below.parent = parent.n AND below.leaf
        JOIN now ON now.cell = :cell AND now.n = below.n
        GROUP BY parent.n
    )
"""

_EQUAL = f"""
    INSERT INTO told (report, rule, subject, outcome, zero_filled, left_value, right_value, wording, said)
    SELECT report, 'L2', :subject,
        CASE WHEN why IS NOT NULL THEN 'not_assessable' WHEN value IS NULL OR numbers < held
            THEN 'not_assessable' WHEN abs(value - total) < {NEARLY} THEN 'pass' ELSE 'fail' END,
        CASE WHEN why IS NOT NULL THEN 'not_assessable' WHEN filled IS NULL OR filled_numbers < held
            THEN 'not_assessable' WHEN abs(filled - filled_total) < {NEARLY} THEN 'pass' ELSE 'fail' END,
        value, iif(why IS NULL AND numbers = held, total, NULL),
        CASE WHEN why IS NOT NULL THEN 'not assessable: {{said}}'
            WHEN value IS NULL OR numbers < held THEN 'not assessable, a cell is no number'
            ELSE 'the whole area (全域): {{left}}' || iif(abs(value - total) < {NEARLY}, ' = ', ' ≠ ')
                || 'all {{said}} bodies directly below it: {{right}}' END,
        CASE WHEN why IS NOT NULL THEN why WHEN value IS NULL OR numbers < held THEN NULL ELSE held END
    FROM (
        SELECT parent.number AS report, own.value AS value, own.filled AS filled, whole.held AS held,
            count(now.value) AS numbers, round(sum(now.value), 6) AS total,
            count(now.filled) AS filled_numbers, round(sum(now.filled), 6) AS filled_total,
            CASE WHEN whole.absent THEN whole.absent || ' of ' || (whole.held + whole.absent)
                    || ' bodies directly below it have no report here'
                WHEN whole.held < :fewest THEN 'only ' || whole.held
                    || ' bodies directly below it are known, there must be more'
                WHEN whole.unsure THEN whole.unsure
                    || ' governments below it do not say that they cover their whole area'
            END AS why
        FROM whole
        JOIN noted AS parent ON parent.n = whole.parent
        JOIN now AS own ON own.cell = :cell AND own.n = parent.n
        JOIN below ON below.parent = parent.n AND below.direct
        LEFT JOIN now ON now.cell = :cell AND now.n = below.n
        GROUP BY parent.n
    )
"""


@dataclass(frozen=True, slots=True)
class _Text:
    """A chapter of a report, as far as the comparison of wordings needs it."""

    report_id: str
    agency_id: str
    agency_type: str
    division_code: str | None
    hashes: tuple[int, ...]


def _check_wording(conn: sqlite3.Connection, chosen: Rules) -> None:
    """Y2: the wording of a chapter beside that of the year before, and the nearest of another body."""
    for chapter in chosen.chapters:
        texts = {
            row[0]: _Text(row[0], row[1], row[2], row[3], unpacked_hashes(row[4]))
            for row in conn.execute(
                "SELECT reports.id, agency_id, agency_type, division_code, hashes"
                " FROM fingerprints JOIN reports ON reports.id = fingerprints.report_id WHERE chapter = ?"
                " ORDER BY year, published_on, reports.id",
                (chapter,),
            )
        }
        earlier = dict(
            conn.execute(
                "SELECT later.id, earlier.id FROM pairs JOIN noted AS later USING (n)"
                " JOIN noted AS earlier ON earlier.n = pairs.earlier WHERE pairs.earlier_reports = 1"
            ).fetchall()
        )
        before = [
            (
                text,
                texts[earlier[text.report_id]],
                similarity(text.hashes, texts[earlier[text.report_id]].hashes),
            )
            for text in texts.values()
            if earlier.get(text.report_id) in texts
        ]
        nearest = _nearest(list(texts.values()), earlier, chosen)
        _write_wording(conn, chapter, "year_before", before, chosen.alike)
        _write_wording(conn, chapter, "other_agency", nearest, chosen.alike)
        conn.execute(
            """
            INSERT INTO told (report, rule, subject, outcome, zero_filled, right_value, wording)
            SELECT noted.number, 'Y2', 'chapter_' || chapter || '/other_agency', 'pass', 'pass', ?,
                'no earlier report of another body has this wording'
            FROM fingerprints JOIN noted ON noted.id = fingerprints.report_id
            WHERE chapter = ? AND NOT EXISTS (
                SELECT 1 FROM similar_texts AS near WHERE near.report_id = fingerprints.report_id
                    AND near.chapter = fingerprints.chapter AND near.relation = 'other_agency'
            )
            """,
            (chosen.alike, chapter),
        )


def _write_wording(
    conn: sqlite3.Connection,
    chapter: int,
    relation: str,
    found: Iterable[tuple[_Text, _Text, float]],
    alike: float,
) -> None:
    rows = sorted((text.report_id, other.report_id, share) for text, other, share in found)
    conn.executemany(
        "INSERT INTO similar_texts (report_id, chapter, other_report_id, relation, similarity)"
        " VALUES (?, ?, ?, ?, ?)",
        [
            (report_id, chapter, other, relation, round(share, 3))
            for report_id, other, share in rows
            if share >= alike
        ],
    )
    whose = "the year before's" if relation == "year_before" else "another body's"
    wording = (
        f"{{said}} of the phrases of chapter {chapter} are those of {whose} (内容雷同), report {{other}}"
    )
    conn.executemany(
        "INSERT INTO told (report, rule, subject, outcome, zero_filled, left_value, right_value, wording,"
        " said, other)"
        " VALUES ((SELECT number FROM noted WHERE id = ?), 'Y2', ?, ?, ?, ?, ?, ?, ?,"
        " (SELECT number FROM noted WHERE id = ?))",
        [
            (
                report_id,
                f"chapter_{chapter}/{relation}",
                *(["fail" if share >= alike else "pass"] * 2),
                round(share, 3),
                alike,
                wording,
                f"{share:.0%}",
                other,
            )
            for report_id, other, share in rows
        ],
    )


def similarity(one: Sequence[int], other: Sequence[int]) -> float:
    """About the share of phrases that two texts have in common, from their fingerprints."""
    return float(sum(map(eq, one, other))) / max(len(one), 1)


def _nearest(
    texts: Sequence[_Text], earlier: Mapping[str, str], chosen: Rules
) -> list[tuple[_Text, _Text, float]]:
    """Each text with the most similar earlier one of another body, where one is alike.

    `texts` stand in the order of their publication: the later of two is the copy. `earlier` names the
    report of the year before, which is no other body's though the body had another name then.
    """
    starts = range(0, max((len(text.hashes) for text in texts), default=0) - BAND + 1, BAND)
    # Most bands are one text's alone: a list for each of a million would cost more than the comparing.
    first: dict[int, dict[tuple[int, ...], int]] = {start: {} for start in starts}
    further: dict[tuple[int, ...], list[int]] = defaultdict(list)
    best: dict[int, tuple[float, int]] = {}
    for number, text in enumerate(texts):
        compared = set()
        for start, alone in first.items():
            band = text.hashes[start : start + BAND]
            if len(band) < BAND:
                break
            earliest = alone.setdefault(band, number)
            if earliest == number:
                continue
            bucket = further[(start, *band)]
            others = (*bucket[-NEIGHBOURS:], earliest) if bucket[NEIGHBOURS - 1 :] else (earliest, *bucket)
            bucket.append(number)
            for other in others:
                if other in compared:
                    continue
                there = texts[other]
                if earlier.get(text.report_id) == there.report_id or not _comparable(text, there, chosen):
                    continue
                compared.add(other)
                share = similarity(text.hashes, there.hashes)
                if share >= chosen.alike and (number not in best or share > best[number][0]):
                    best[number] = (share, other)
    return [(texts[number], texts[other], share) for number, (share, other) in best.items()]


def _comparable(text: _Text, other: _Text, chosen: Rules) -> bool:
    """Whether a likeness would say anything: not of one body, not of an office and its government."""
    if text.agency_id == other.agency_id:
        return False
    return not (
        text.division_code == other.division_code
        and text.agency_type in chosen.same_house
        and other.agency_type in chosen.same_house
    )


def _check_versions(conn: sqlite3.Connection) -> None:
    """Y3: two publications of one report with other figures, one after the other or side by side."""
    conn.execute(
        """
        INSERT INTO told (report, rule, subject, outcome, zero_filled, left_value, right_value, wording, said)
        SELECT noted.number, 'Y3', 'versions', iif(changed, 'fail', 'pass'), iif(changed, 'fail', 'pass'),
            changed, 0, '{left} of {said} later versions of the page have other figures', later
        FROM (
            SELECT report_id, count(*) AS later,
                sum(reader_changed = 0 AND EXISTS (SELECT 1 FROM json_each(parts) WHERE value = 'figures'))
                    AS changed
            FROM report_versions WHERE version > 1 GROUP BY report_id
        ) JOIN noted ON noted.id = report_id
        """
    )
    conn.execute(
        """
        INSERT INTO told (report, rule, subject, outcome, zero_filled, left_value, right_value, wording, said)
        SELECT noted.number, 'Y3', 'copies', iif(differing, 'fail', 'pass'), iif(differing, 'fail', 'pass'),
            differing, 0, '{left} of {said} further addresses give it with other figures', addresses - 1
        FROM (
            SELECT report_id, count(*) AS addresses,
                (SELECT count(*) FROM problems
                    WHERE problems.report_id = report_sources.report_id AND code = 'copies_differ')
                    AS differing
            FROM report_sources WHERE gone_at IS NULL GROUP BY report_id HAVING count(*) > 1
        ) JOIN noted ON noted.id = report_id
        """
    )
