"""The bodies that publish reports as they are stored, with the governments over them and their names.

Owns the tables `agencies` and `agency_names`: both are made from the reports that stand. A body is as its
latest report gives it, its names are those that stand in any of its reports.
"""

from __future__ import annotations

import json
import sqlite3

from storage import copies
from storage.copies import Record

INSERT = (
    "INSERT INTO agencies (id, name, division_code, agency_type, level, parent_id, body)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)


def write_missing(conn: sqlite3.Connection, agency: Record, *, named: bool = True) -> bool:
    """Makes the rows of an agency and of the governments over it where they are missing, with their names.

    Says whether its own was missing. Its own names are written with `named`, else by the caller.
    """
    if conn.execute("SELECT 1 FROM agencies WHERE id = ?", (agency["id"],)).fetchone() is not None:
        return False
    parent = agency.get("parent")
    if parent is not None:
        write_missing(conn, parent)
    conn.execute(INSERT, row(agency))
    if named:
        write_names(conn, agency["id"], agency)
    return True


def row(agency: Record) -> tuple[str | None, ...]:
    """The row in `agencies` of a body as a record gives it."""
    parent = agency.get("parent")
    return (
        agency["id"],
        agency.get("known_as") or agency["name"],
        agency.get("home_code") or agency["division_code"],
        agency["agency_type"],
        agency["level"],
        None if parent is None else parent["id"],
        agency.get("body"),
    )


def write(
    conn: sqlite3.Connection, agency_id: str, report_id: str | None = None, agency: Record | None = None
) -> None:
    """Makes the agency's row from its latest report and its names from all, or takes both away.

    `report_id` and `agency` are a report that was just written and the body as it gives it. An
    agency without a report stays as long as it is the parent of another.
    """
    latest = conn.execute(
        "SELECT id FROM reports WHERE agency_id = ? ORDER BY year DESC LIMIT 1", (agency_id,)
    ).fetchone()
    if latest is None:
        _drop(conn, agency_id)
        return
    before = conn.execute("SELECT parent_id FROM agencies WHERE id = ?", (agency_id,)).fetchone()[0]
    if latest[0] != report_id:
        agency = _shown(conn, latest[0])
    if agency is None:
        return
    if agency.get("parent") is not None:
        write_missing(conn, agency["parent"])
    conn.execute(
        "UPDATE agencies SET name = ?1, division_code = ?2, agency_type = ?3, level = ?4, parent_id = ?5,"
        " body = ?6 WHERE id = ?7 AND (name, agency_type) IS NOT (?1, ?3) OR id = ?7"
        " AND (division_code, level, parent_id, body) IS NOT (?2, ?4, ?5, ?6)",
        (*row(agency)[1:], agency_id),
    )
    write_names(conn, agency_id, agency)
    if before is not None and before != row(agency)[5]:
        _drop(conn, before)


def _shown(conn: sqlite3.Connection, report_id: str) -> Record | None:
    """The body as the copy of a report that is shown gives it."""
    row = conn.execute(
        "SELECT record FROM copies JOIN report_sources USING (report_id, source_url, document_url, member)"
        " WHERE report_id = ? AND is_primary = 1",
        (report_id,),
    ).fetchone()
    found: Record | None = copies.unpacked(row[0])["agency"] if row else None
    return found


def _drop(conn: sqlite3.Connection, agency_id: str) -> None:
    """Takes away an agency that has neither reports nor agencies under it, and so those over it."""
    row = conn.execute(
        "SELECT parent_id FROM agencies WHERE id = ?1"
        " AND NOT EXISTS (SELECT 1 FROM reports WHERE agency_id = ?1)"
        " AND NOT EXISTS (SELECT 1 FROM agencies WHERE parent_id = ?1)",
        (agency_id,),
    ).fetchone()
    if row is None:
        write_names(conn, agency_id, None)
        return
    conn.execute("DELETE FROM agency_names WHERE agency_id = ?", (agency_id,))
    conn.execute("DELETE FROM agencies WHERE id = ?", (agency_id,))
    if row[0] is not None:
        _drop(conn, row[0])


def write_names(conn: sqlite3.Connection, agency_id: str, agency: Record | None) -> None:
    """Makes the names of an agency: those in its reports with the years they stand in, its name today,
    and its short names (of `agency`, else those that stand).
    """
    short = None if agency is None else json.dumps(agency.get("short_names") or [])
    wanted = conn.execute(
        """
        SELECT ?1, name, kind, min(year), max(year) FROM (
            SELECT agency AS name, 'full' AS kind, year FROM reports WHERE agency_id = ?1
            UNION ALL
            SELECT agency_as_printed, 'title', year FROM reports WHERE agency_id = ?1
            UNION ALL
            SELECT name, 'full', NULL FROM agencies WHERE id = ?1
            UNION ALL
            SELECT value, 'short', NULL FROM json_each(?2) WHERE ?2 IS NOT NULL
            UNION ALL
            SELECT name, kind, NULL FROM agency_names WHERE agency_id = ?1 AND kind = 'short' AND ?2 IS NULL
        ) WHERE name <> '' GROUP BY kind, name ORDER BY kind, name
        """,
        (agency_id, short),
    ).fetchall()
    columns = "agency_id, name, kind, valid_from, valid_to"
    standing = conn.execute(
        f"SELECT {columns} FROM agency_names WHERE agency_id = ? ORDER BY kind, name", (agency_id,)
    ).fetchall()
    if wanted == standing:
        return
    names = {row[1:3] for row in wanted}
    gone = [row[:3] for row in standing if row[1:3] not in names]
    if gone:
        conn.executemany("DELETE FROM agency_names WHERE (agency_id, name, kind) = (?, ?, ?)", gone)
    conn.executemany(
        f"INSERT INTO agency_names ({columns}) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET valid_from = excluded.valid_from, valid_to = excluded.valid_to",
        [row for row in wanted if row not in standing],
    )
