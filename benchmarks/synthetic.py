"""A database of invented reports as large as the whole country's, made from a seed, for measurements.

Owns nothing of the product: it fills the tables that a crawl would have filled, with figures for
which the rules hold but for a known part of them. The same arguments give the same rows.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from benchmarks.chapters import Chapters
from pipelines import divisions, forms
from pipelines.checks import checks
from pipelines.checks.stated import stated_rules
from pipelines.records import Cell, Division, Figure
from storage import contents, search
from storage.coverage import due_on
from storage.database import open_database
from storage.reference import write_reference

YEARS = (2019, 2020, 2021, 2022, 2023, 2024)
APPLICANTS = (
    "natural_person",
    "org_business",
    "org_research",
    "org_public_interest",
    "org_legal_service",
    "org_other",
    "total",
)
BROKEN = 50
"""One pair of reports in so many breaks the carry-over."""
COPIED = 25
"""One report in so many has the first chapter of another body."""
WRONG = 30
"""One report in so many prints a total of requests handled that is one too high…"""
UNEXPLAINED = 40
"""…one a stock of documents that nothing explains…"""
OUTLYING = 200
"""…one a number of licences that is twenty times the others'…"""
CONTRADICTED = 40
"""…one a text that contradicts its table…"""
LATE = 20
"""…one is late…"""
ABSENT = 50
"""…and one is not there."""
IDLE = 8
"""One department in so many has no request in all the years."""


def build(path: Path, reports: int, *, seed: int = 1) -> Database:
    """A database at `path` with about so many reports: governments and departments, six years each."""
    db = open_database(path)
    cells, derived = forms.layout()
    every = [division for division in divisions.load() if division.valid_to is None]
    write_reference(db, divisions=divisions.load(), form_cells=cells, derived=derived, rules=stated_rules())
    conn = db.conn
    wanted = {
        form: [
            (cell.table, cell.row, cell.column)
            for cell in cells
            if form in cell.forms and cell.table in ("proactive", "applications", "review_litigation")
        ]
        for form in ("f2019", "f2021")
    }
    conn.execute("PRAGMA foreign_keys = OFF")
    conn.execute("PRAGMA synchronous = OFF")
    conn.execute("BEGIN")
    _write_run(db, every)
    chapters = Chapters([division.name for division in every], seed)
    for agency, division in _agencies(every, reports // len(YEARS)):
        _write_agency(db, agency, division, wanted, random.Random(f"{seed} {agency[0]}"))
        _write_chapters(db, agency, chapters, random.Random(f"{seed} {agency[0]} chapters"))
    search.rebuild(conn)
    conn.execute("COMMIT")
    conn.execute("PRAGMA foreign_keys = ON")
    return db


def _write_run(db: Database, every: Sequence[Division]) -> None:
    """One run that walked the portals of all provinces."""
    db.execute(
        "INSERT INTO crawls (id, spider, arguments, started_at, finished_at, complete, sample,"
        " software_version)"
        " VALUES (1, 'synthetic', '{}', '2025-06-01T00:00:00Z', '2025-06-01T01:00:00Z', 1, 0, '0')"
    )
    for division in every:
        if not division.code.endswith("0000"):
            continue
        home = f"http://{division.code}.example.test/"
        db.execute(
            "INSERT INTO portals (id, name, division_code, home_url, state, sections, hosts, http_only,"
            " disabled) VALUES (?, ?, ?, ?, 'ok', '[]', '[]', 0, 0)",
            (_portal(division.code), f"{division.name}人民政府", division.code, home),
        )
        db.execute(
            "INSERT INTO crawl_portals VALUES (1, ?, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, '[]', '{}',"
            " 0, NULL)",
            (_portal(division.code),),
        )
    db.execute(
        "INSERT INTO fetches (id, crawl_id, portal_id, role, url, final_url, attempt, status, fetched_at)"
        " VALUES (1, 1, ?, 'article', 'http://example.test/', 'http://example.test/', 1, 200,"
        " '2025-06-01T00:00:00Z')",
        (_portal(every[0].code),),
    )


def _portal(code: str) -> str:
    return f"p{code[:2]}"


def _agencies(
    every: Sequence[Division], number: int
) -> Iterator[tuple[tuple[str, str, str, str | None], Division]]:
    """Id, name, type and parent of each body: a government a division, then departments round after round."""
    known = {division.code for division in every}
    made = 0
    for division in sorted(every, key=lambda one: (not one.code.endswith("0000"), one.code)):
        if made == number:
            return
        parent = f"{division.parent_code}-gov" if division.parent_code in known else None
        yield (f"{division.code}-gov", f"{division.name}人民政府", "government", parent), division
        made += 1
    for round_number in range(1, 1000):
        for division in every:
            if made == number:
                return
            name = f"{division.name}样例{round_number}局"
            yield (
                (f"{division.code}-{round_number:02}", name, "department", f"{division.code}-gov"),
                division,
            )
            made += 1


def _write_agency(
    db: Database,
    agency: tuple[str, str, str, str | None],
    division: Division,
    wanted: dict[str, list[tuple[str, str, str]]],
    chance: random.Random,
) -> None:
    agency_id, name, kind, parent = agency
    conn = db.conn
    level = divisions.level(division)
    conn.execute(
        "INSERT INTO agencies (id, name, division_code, agency_type, level, parent_id) VALUES (?,?,?,?,?,?)",
        (agency_id, name, division.code, kind, level, parent),
    )
    # An area has what its bodies have and more.
    size = {"department": 1, "government": 200}[kind] * {"county": 1, "prefecture": 20}.get(level, 400)
    if kind == "department" and chance.randrange(IDLE) == 0:
        size = 0
    carried = chance.randrange(3) * size
    wording = [chance.getrandbits(32) for _ in range(64)]
    for year in YEARS:
        report_id = f"{agency_id}-{year}"
        form = "f2019" if year <= 2020 else "f2021"
        scope = "whole_area" if kind == "government" and chance.random() < 0.5 else "unknown"
        if chance.randrange(ABSENT) == 0:
            carried = chance.randrange(3) * size
            continue
        month = "04" if chance.randrange(LATE) == 0 else "01"
        day = f"{year + 1}-{month}-{chance.randrange(10, 31):02}"
        wrong = chance.randrange(WRONG) == 0
        conn.execute(
            """
            INSERT INTO reports (id, agency_id, agency, agency_as_printed, agency_type, level, division_code,
                year, title, family, scope, published_on, due_on, late_confidence, source_url, document_url,
                fetched_at, fetch_id, form, forms, attachments, figure_count, checks_failed,
                extractor_version, first_seen_at, last_seen_at, record_hash)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'gov_form', ?, ?, ?, 'medium', ?, ?, '2025-06-01T00:00:00Z', 1,
                ?, ?, '[]', 0, 0, '0', '2025-06-01T00:00:00Z', '2025-06-01T00:00:00Z', ?)
            """,
            (
                report_id,
                agency_id,
                name,
                name,
                kind,
                level,
                division.code,
                year,
                f"{name}{year}年政府信息公开工作年度报告",
                scope,
                day,
                due_on(kind, year),
                f"http://example.test/{report_id}",
                f"http://example.test/{report_id}",
                form,
                json.dumps(dict.fromkeys(("proactive", "applications", "review_litigation"), form)),
                report_id,
            ),
        )
        came = carried if chance.randrange(BROKEN) or not size else carried + 1
        carried = chance.randrange(3) * size
        figures = list(_figures(report_id, wanted[form], size, came, carried, chance, wrong))
        number = contents.number_of(conn, report_id)
        contents.write_figures(
            conn, number, [(*row[1:6], "件", row[6], None, row[7], "grid", 1) for row in figures]
        )
        made = [*_checks(figures, form), *_claimed(conn, figures, chance)]
        contents.write_checks(conn, number, [row[1:] for row in made])
        failed = sum(row[4] == "fail" and row[6] == "hard" for row in made)
        conn.execute(
            "UPDATE reports SET checks_failed = ?, figure_count = ? WHERE id = ?",
            (failed, len(figures), report_id),
        )
        address = f"http://example.test/{report_id}"
        conn.execute(
            "INSERT INTO report_sources (report_id, source_url, document_url, member, portal_id, fetch_id,"
            " is_primary, first_seen_at) VALUES (?, ?, ?, '', ?, 1, 1, '2025-06-01T00:00:00Z')",
            (report_id, address, address, _portal(division.code)),
        )
        conn.execute(
            "INSERT INTO report_versions (report_id, version, source_url, fetch_id, fetched_at, changes,"
            " parts, extractor_version, reader_changed)"
            " VALUES (?, 1, ?, 1, '2025-06-01T00:00:00Z', '[]', '[]', '0', 0)",
            (report_id, address),
        )
        if chance.randrange(COPIED) == 0:
            copied = random.Random(f"template {year} {chance.randrange(20)}")
            wording = [copied.getrandbits(32) for _ in range(64)]
        else:
            for _ in range(20):
                wording[chance.randrange(64)] = chance.getrandbits(32)
        conn.executemany(
            "INSERT INTO fingerprints VALUES (?, ?, ?)",
            [(report_id, chapter, contents.packed_hashes(wording)) for chapter in (1, 5)],
        )


def _write_chapters(
    db: Database, agency: tuple[str, str, str, str | None], chapters: Chapters, chance: random.Random
) -> None:
    agency_id, name, kind, _ = agency
    stock = chapters.stock(chance)
    held = {row[0] for row in db.conn.execute("SELECT year FROM reports WHERE agency_id = ?", (agency_id,))}
    for year in YEARS:
        if year not in held:
            continue
        made = chapters.of(name, year, stock, chance, size=2.2 if kind == "government" else 1.0)
        db.conn.executemany(
            "INSERT INTO sections (report_id, position, number, heading, text) VALUES (?, ?, ?, ?, ?)",
            [(f"{agency_id}-{year}", position, *chapter) for position, chapter in enumerate(made, start=1)],
        )


def _figures(
    report_id: str,
    wanted: list[tuple[str, str, str]],
    size: int,
    came: int,
    carried: int,
    chance: random.Random,
    wrong: bool,
) -> Iterator[tuple[Any, ...]]:
    blank = chance.randrange(20) == 0
    received = max(chance.randrange(5) * size, carried - came)
    handled = received + came - carried
    refused = handled // 4
    stock = size * 10 + (7 if chance.randrange(UNEXPLAINED) == 0 else 0)
    licences = size * 10 * (20 if chance.randrange(OUTLYING) == 0 else 1)
    for number, (table, row, column) in enumerate(wanted):
        value: int | None = 0
        if table == "proactive":
            value = 0 if column in ("items_change", "issued", "repealed") else size * 10
            value = {
                ("normative_documents", "in_force"): stock,
                ("administrative_licensing", "decisions"): licences,
            }.get((row, column), value)
        elif table == "applications" and column in ("natural_person", "total"):
            value = {
                "received_new": received,
                "carried_in": came,
                "disclosed_full": handled - refused,
                "denied_third_party": refused,
                "processed_total": handled + wrong,
                "carried_out": carried,
            }.get(row, 0)
        elif blank and column == "org_research":
            value = None
        yield (
            report_id,
            table,
            row,
            column,
            "" if value is None else str(value),
            value,
            "blank" if value is None else "number",
            f'{{"cell":{number % 8},"row":{number // 8},"table":2}}',
        )


def _checks(figures: Sequence[tuple[Any, ...]], form: str) -> Iterator[tuple[object, ...]]:
    """What the reading of a report with these figures would have told, as rows."""
    read = [
        Figure(
            cell=Cell(*row[1:4]),
            printed=row[4],
            value=row[5],
            unit="件",
            status=row[6],
            note=None,
            locator={},
            method="grid",
        )
        for row in figures
    ]
    made = checks(read, dict.fromkeys(forms.TABLES, form))
    for position, check in enumerate(made, start=1):
        sides = (check.left, check.right)
        outcomes = (check.outcome, check.zero_filled, check.severity)
        suspect = None if check.suspect is None else json.dumps(list(check.suspect))
        owner = "agency" if check.outcome == "fail" else None
        told = (*outcomes, *sides, suspect, check.detail, owner)
        yield (figures[0][0], position, check.rule, check.subject, *told)


def _claimed(
    conn: sqlite3.Connection, figures: Sequence[tuple[Any, ...]], chance: random.Random
) -> Iterator[tuple[Any, ...]]:
    """What the text claims of the new requests, and the rule that holds it against the table."""
    report_id = figures[0][0]
    printed = next(row[5] for row in figures if row[1:4] == ("applications", "received_new", "total"))
    claimed = printed + (chance.randrange(CONTRADICTED) == 0)
    sentence = f"全年共收到政府信息公开申请{claimed}件。"
    conn.execute("INSERT INTO claims VALUES (?, 1, 'received_new', ?, ?)", (report_id, claimed, sentence))
    outcome = "pass" if claimed == printed else "fail"
    yield (
        report_id,
        1000,
        "T1",
        "received_new",
        outcome,
        outcome,
        "soft",
        claimed,
        printed,
        None,
        f"the text says {claimed}, the table {printed}",
        "agency" if outcome == "fail" else None,
    )
