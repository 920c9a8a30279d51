"""A database of invented reports as large as the whole country's, made from a seed, for measurements.

Owns nothing of the product: it fills the tables that a crawl would have filled, with figures for
which the rules hold but for a known part of them. The same arguments give the same rows.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlite_utils import Database

from pipelines import divisions, forms
from pipelines.records import Division
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
_INDEXES = ("figures_cell", "figures_status")


def build(path: Path, reports: int, *, seed: int = 1) -> Database:
    """A database at `path` with about so many reports: governments and departments, six years each."""
    db = open_database(path)
    cells, derived = forms.layout()
    every = [division for division in divisions.load() if division.valid_to is None]
    write_reference(db, divisions=divisions.load(), form_cells=cells, derived=derived)
    conn = db.conn
    wanted = {
        form: [
            (cell.table, cell.row, cell.column)
            for cell in cells
            if form in cell.forms and cell.table in ("proactive", "applications", "review_litigation")
        ]
        for form in ("f2019", "f2021")
    }
    definitions = [
        conn.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).fetchone()[0]
        for name in _INDEXES
    ]
    # In the order in which a growing database would not be: the indexes come at the end.
    conn.execute("PRAGMA foreign_keys = OFF")
    conn.execute("PRAGMA synchronous = OFF")
    conn.execute("BEGIN")
    for name in _INDEXES:
        conn.execute(f"DROP INDEX {name}")
    _write_run(db)
    for agency, division in _agencies(every, reports // len(YEARS)):
        _write_agency(db, agency, division, wanted, random.Random(f"{seed} {agency[0]}"))
    for definition in definitions:
        conn.execute(definition)
    conn.execute("COMMIT")
    conn.execute("PRAGMA foreign_keys = ON")
    return db


def _write_run(db: Database) -> None:
    db.execute(
        "INSERT INTO portals VALUES ('all', '样例', '230000', 'http://example.test/', NULL, 'ok', '[]', '[]',"
        " NULL, NULL, NULL, 0, 0, NULL)"
    )
    db.execute(
        "INSERT INTO crawls (id, spider, arguments, started_at, finished_at, complete, sample,"
        " software_version)"
        " VALUES (1, 'synthetic', '{}', '2025-06-01T00:00:00Z', '2025-06-01T01:00:00Z', 1, 0, '0')"
    )
    db.execute(
        "INSERT INTO crawl_portals VALUES (1, 'all', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, '[]', '{}',"
        " 0, NULL)"
    )
    db.execute(
        "INSERT INTO fetches (id, crawl_id, portal_id, role, url, final_url, attempt, status, fetched_at)"
        " VALUES (1, 1, 'all', 'article', 'http://example.test/', 'http://example.test/', 1, 200,"
        " '2025-06-01T00:00:00Z')"
    )


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
    carried = chance.randrange(3) * size
    wording = [chance.getrandbits(32) for _ in range(64)]
    for year in YEARS:
        report_id = f"{agency_id}-{year}"
        form = "f2019" if year <= 2020 else "f2021"
        scope = "whole_area" if kind == "government" and chance.random() < 0.5 else "unknown"
        day = f"{year + 1}-01-{chance.randrange(10, 31):02}"
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
                f"{year + 1}-03-31",
                f"http://example.test/{report_id}",
                f"http://example.test/{report_id}",
                form,
                json.dumps(dict.fromkeys(("proactive", "applications", "review_litigation"), form)),
                report_id,
            ),
        )
        came = carried if chance.randrange(BROKEN) else carried + 1
        carried = chance.randrange(3) * size
        conn.executemany(
            "INSERT INTO figures VALUES (?, ?, ?, ?, ?, ?, '件', ?, NULL, ?, 'grid', 1)",
            _figures(report_id, wanted[form], size, came, carried, chance),
        )
        if chance.randrange(COPIED) == 0:
            copied = random.Random(f"template {year} {chance.randrange(20)}")
            wording = [copied.getrandbits(32) for _ in range(64)]
        else:
            for _ in range(20):
                wording[chance.randrange(64)] = chance.getrandbits(32)
        conn.executemany(
            "INSERT INTO fingerprints VALUES (?, ?, ?)",
            [(report_id, chapter, json.dumps(wording)) for chapter in (1, 5)],
        )


def _figures(
    report_id: str,
    wanted: list[tuple[str, str, str]],
    size: int,
    came: int,
    carried: int,
    chance: random.Random,
) -> Iterator[tuple[object, ...]]:
    blank = chance.randrange(20) == 0
    received = chance.randrange(5) * size
    for number, (table, row, column) in enumerate(wanted):
        value: int | None = 0
        if table == "proactive":
            value = 0 if column in ("items_change", "issued", "repealed") else size * 10
        elif table == "applications" and column in ("natural_person", "total"):
            value = {
                "received_new": received,
                "carried_in": came,
                "disclosed_full": received + came - carried,
                "processed_total": received + came - carried,
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
