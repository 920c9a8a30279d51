"""The bodies that publish reports as they are stored, with the governments over them and their names.

Owns the tables `agencies` and `agency_names`: both are made from the reports that stand. A body is as its
latest report gives it, its names are those that stand in any of its reports.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import NamedTuple

from storage import copies
from storage.copies import Record
from storage.rows import Into

_AGENCIES = Into("agencies", "id", "name", "division_code", "agency_type", "level", "parent_id", "body")
_NAMES = Into("agency_names", "agency_id", "name", "kind", "valid_from", "valid_to")


class Named(NamedTuple):
    """A report that was just met, as far as it tells of its body."""

    report_id: str
    year: int
    agency: Record


class Met:
    """The bodies of reports that are about to be written together: those that have no row are given one
    (`write_missing`) before the reports are written, and the others (`write_known`) after.
    """

    def __init__(self, conn: sqlite3.Connection, reports: Iterable[Named]) -> None:
        self._conn = conn
        self._reports: dict[str, list[Named]] = {}
        for report in reports:
            self._reports.setdefault(report.agency["id"], []).append(report)
        self._latest = {
            agency_id: max(named, key=attrgetter("year")) for agency_id, named in self._reports.items()
        }
        self._known: set[str] = set()

    def write_missing(self) -> None:
        """Makes the rows of bodies and governments over them that are missing, with their names."""
        lines = [list(_line(latest.agency)) for latest in self._latest.values()]
        every = sorted({agency["id"] for line in lines for agency in line})
        self._known = {
            row[0]
            for row in self._conn.execute(
                "SELECT id FROM agencies WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(every),)
            )
        }
        missing: dict[str, Record] = {}
        for line in lines:
            if line[0]["id"] in self._known:
                continue  # nor need the government over it be that of its latest report
            for agency in reversed(line):  # a government before what stands under it
                if agency["id"] not in self._known:
                    latest = self._latest.get(agency["id"])
                    missing.setdefault(agency["id"], agency if latest is None else latest.agency)
        _AGENCIES.insert(self._conn, [value for agency in missing.values() for value in row(agency)])
        _NAMES.insert(
            self._conn,
            [value for agency in missing.values() for name in self._names(agency) for value in name],
        )

    def write_known(self) -> None:
        """Makes the rows of bodies that had one from their latest reports, and their names from all."""
        for agency_id, latest in self._latest.items():
            if agency_id in self._known:
                write(self._conn, agency_id, latest.report_id, latest.agency)

    def _names(self, agency: Record) -> Iterator[tuple[object, ...]]:
        """The rows of the names of a body of which nothing stood, see `write_names`."""
        years: dict[tuple[str, str], list[int]] = {("full", row(agency)[1] or ""): []}
        for short in agency.get("short_names") or ():
            years["short", short] = []
        for report in self._reports.get(agency["id"], ()):
            for kind, name in (("full", report.agency["name"]), ("title", report.agency["printed"])):
                years.setdefault((kind, name or ""), []).append(report.year)
        for (kind, name), seen in years.items():
            if name:
                yield (agency["id"], name, kind, min(seen, default=None), max(seen, default=None))


def _line(agency: Record) -> Iterator[Record]:
    """A body and the governments over it, the nearest first."""
    found: Record | None = agency
    while found is not None:
        yield found
        found = found.get("parent")


def write_missing(conn: sqlite3.Connection, agency: Record, *, named: bool = True) -> bool:
    """Makes the rows of an agency and of the governments over it where they are missing, with their names.

    Says whether its own was missing. Its own names are written with `named`, else by the caller.
    """
    if conn.execute("SELECT 1 FROM agencies WHERE id = ?", (agency["id"],)).fetchone() is not None:
        return False
    parent = agency.get("parent")
    if parent is not None:
        write_missing(conn, parent)
    _AGENCIES.insert(conn, row(agency))
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
