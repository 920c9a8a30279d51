"""Keeps the bodies that the portals' own lists name, whether or not a report of theirs is held.

Owns the table `listed_bodies`: a row for each name and address of a portal's lists, with the body that
the name means as far as it tells, and its standing: whether a report of it is held, and if not, what
that says. A body is never taken for one that published unless its name says so: what may only be
another name of such a body is neither counted as missing nor as published.
"""

from __future__ import annotations

import json
import re
import sqlite3
import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from sqlite_utils import Database

from pipelines.records import ListedBodyReading
from storage.database import transaction

SHORTEST = 3
"""Signs that a name must have to be looked for within another: 财政局, but not 财局."""


def store(db: Database, readings: Iterable[ListedBodyReading], crawl_id: int | None) -> None:
    """Keeps what lists name in place of what earlier runs saw under the same name and address.

    `crawl_id` is the run that saw them; None where what is kept is read again. Raises `StorageError`.
    """
    with transaction(db):
        for reading in readings:
            db.conn.execute(_STORE if crawl_id is not None else _READ_AGAIN, _row(reading, crawl_id))


_READ = ("agency_id", "agency", "agency_type", "level", "division_code", "body", "doubt", "candidates")
_KEY = "portal_id = :portal_id AND name = :name AND url = :url"
_READ_AGAIN = f"UPDATE listed_bodies SET {', '.join(f'{name} = :{name}' for name in _READ)} WHERE {_KEY}"
_SEEN = ("list_url", "fetch_id", "crawl_id", "last_seen_at", "answered_by", *_READ)
_STORE = f"""
    INSERT INTO listed_bodies (portal_id, name, url, first_seen_at, {", ".join(_SEEN)})
    VALUES (:portal_id, :name, :url, :last_seen_at, {", ".join(f":{name}" for name in _SEEN)})
    ON CONFLICT (portal_id, name, url)
    DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _SEEN)}
"""


def _row(reading: ListedBodyReading, crawl_id: int | None) -> dict[str, Any]:
    listed, agency = reading.listed, reading.agency
    return {
        "portal_id": listed.portal.id,
        "name": listed.name,
        "url": listed.url or "",
        "list_url": listed.list_url,
        "fetch_id": listed.fetch.id,
        "crawl_id": crawl_id,
        "last_seen_at": listed.fetch.fetched_at,
        "answered_by": json.dumps(listed.answered_by),
        "agency_id": agency.id if agency else None,
        "agency": (agency.known_as or agency.name) if agency else None,
        "agency_type": agency.agency_type if agency else None,
        "level": agency.level if agency else None,
        "division_code": (agency.home_code or agency.division_code) if agency else None,
        "body": agency.body if agency else None,
        "doubt": reading.doubt,
        "candidates": json.dumps(reading.candidates),
    }


# Standing ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outside:
    """Names of bodies that owe no report by articles 49 and 50, from `coverage.toml`."""

    names: re.Pattern[str]

    def names_one(self, *names: str | None) -> bool:
        """Whether one of the names is that of such a body."""
        return any(name and self.names.search(name) for name in names)


@cache
def outside() -> Outside:
    """The bundled names. Raises ValueError where one is no expression."""
    data = tomllib.loads(resources.files("storage").joinpath("coverage.toml").read_text("utf-8"))
    try:
        return Outside(re.compile("|".join(data["owes_none"]["names"])))
    except re.error as error:
        raise ValueError(f"storage/coverage.toml: owes_none.names: {error}") from error


class _Body(NamedTuple):
    """A body of which a report is held."""

    agency_id: str
    division_code: str | None
    body: str | None


@dataclass(frozen=True, slots=True)
class _Holdings:
    """What is held, as far as names of lists are compared with it."""

    bodies: Mapping[str, _Body]
    by_division: Mapping[str, Sequence[_Body]]
    by_name: Mapping[str, Sequence[_Body]]
    renamings: Mapping[tuple[str, str], Sequence[str | None]]
    """(name, name that follows or precedes it) → the divisions to which that is limited."""
    places: Mapping[str, tuple[str | None, Collection[str] | None]]
    """Portal → its division, and the codes of it and all below it; None where no such division is known."""


def judge(db: Database, owing: Collection[str]) -> None:
    """Says of every listed body how it stands to the reports that are held.

    `owing` are the kinds of bodies that owe a report. The caller holds the transaction.
    """
    conn = db.conn
    rows = conn.execute(
        "SELECT portal_id, name, url, agency_id, agency, agency_type, division_code, body, doubt, candidates,"
        " standing, other_id FROM listed_bodies"
    ).fetchall()
    if not rows:
        return
    held = _holdings(conn)
    changed = []
    for row in rows:
        standing = _standing(held, owing, *row[:10])
        if standing != (row[10], row[11]):
            changed.append((*standing, *row[:3]))
    conn.executemany(
        "UPDATE listed_bodies SET standing = ?, other_id = ? WHERE portal_id = ? AND name = ? AND url = ?",
        changed,
    )


def _standing(
    held: _Holdings,
    owing: Collection[str],
    portal_id: str,
    name: str,
    _url: str,
    agency_id: str | None,
    agency: str | None,
    agency_type: str | None,
    division_code: str | None,
    body: str | None,
    doubt: str | None,
    candidates: str,
) -> tuple[str, str | None]:
    """The standing, and the id of the other body that is meant or may be."""
    if agency_id in held.bodies and doubt != "agency_abbreviated":
        return "published", None
    meant = {one for one in json.loads(candidates) if one in held.bodies}
    if agency_id in held.bodies:
        meant.add(str(agency_id))
    home, area = held.places.get(portal_id, (None, None))
    # A name that titles print, where it can only be of the division that is meant.
    named = held.by_name.get(name, ())
    meant |= {one.agency_id for one in named if one.division_code == (division_code or home) is not None}
    if len(meant) == 1:
        return "published", meant.pop()
    if meant:
        return "may_be_another", min(meant)
    if outside().names_one(name, agency):
        return "owes_none", None
    if doubt is not None or agency_id is None or division_code is None:
        return "unresolved", None
    if area is not None and division_code not in area:
        return "elsewhere", None
    if agency_type not in owing:
        return "owes_none", None
    alike = sorted(
        other.agency_id
        for other in held.by_division.get(division_code, ())
        if body and other.body and _may_be(held, division_code, body, other.body)
    )
    return ("may_be_another", alike[0]) if alike else ("never_published", None)


def _may_be(held: _Holdings, division_code: str, body: str, other: str) -> bool:
    """Whether two names of bodies of one division may be one body's: one short for the other, or the
    one that follows the listed name in a reform.
    """
    limits = held.renamings.get((body, other), ())
    if any(limit in (None, division_code) for limit in limits):
        return True
    short, long = sorted((body, other), key=len)
    return len(short) >= SHORTEST and short[-1] == long[-1] and _within(short, long)


def _within(short: str, long: str) -> bool:
    """Whether the signs of the one stand in the other in the same order: 科技局, 科学技术局."""
    signs = iter(long)
    return all(sign in signs for sign in short)


def _holdings(conn: sqlite3.Connection) -> _Holdings:
    bodies = {
        row[0]: _Body(*row)
        for row in conn.execute(
            "SELECT id, division_code, body FROM agencies"
            " WHERE id IN (SELECT agency_id FROM reports) ORDER BY id"
        )
    }
    by_division: dict[str, list[_Body]] = defaultdict(list)
    for one in bodies.values():
        if one.division_code is not None:
            by_division[one.division_code].append(one)
    by_name: dict[str, list[_Body]] = defaultdict(list)
    for agency_id, name in conn.execute("SELECT DISTINCT agency_id, name FROM agency_names"):
        if agency_id in bodies and len(name) >= SHORTEST:
            by_name[name].append(bodies[agency_id])
    renamings: dict[tuple[str, str], list[str | None]] = defaultdict(list)
    for before, after, division in conn.execute(
        "SELECT before, after, division_code FROM renamings WHERE kind IN ('renamed', 'merged_into')"
    ):
        renamings[before, after].append(division)
    return _Holdings(bodies, by_division, by_name, renamings, _places(conn))


def _places(conn: sqlite3.Connection) -> dict[str, tuple[str | None, Collection[str] | None]]:
    below: dict[str, set[str]] = defaultdict(set)
    known: set[str] = set()
    for code, parent in conn.execute("SELECT DISTINCT code, parent_code FROM divisions"):
        known.add(code)
        if parent is not None:
            below[parent].add(code)
    found: dict[str, tuple[str | None, Collection[str] | None]] = {}
    for portal_id, division in conn.execute("SELECT id, division_code FROM portals"):
        area: set[str] = set()
        waiting = [division]
        while waiting:
            code = waiting.pop()
            if code not in area:
                area.add(code)
                waiting += below[code]
        found[portal_id] = (division, area) if division in known else (None, None)
    return found
