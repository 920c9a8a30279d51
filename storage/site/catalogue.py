"""What the search page keeps in memory: which reports there are, in the order shown, and all names.

Owns the catalogue and the offering of bodies and divisions by name. A report is meant by its number in
the index. The order is: the newest year first, then from the province down, place by place. The
catalogue is made anew when the database has changed.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Any, Literal

from storage.folding import PLAIN, Phrase, folded

LEVELS = ("national", "province", "prefecture", "county", "township")
_SEPARATOR = "\0"
"""Between names in one long text: no phrase reaches over it."""


@dataclass(frozen=True, slots=True)
class Name:
    """A body or a division that may be offered: all its names, folded, and what to call it."""

    kind: Literal["agency", "division"]
    id: str
    name: str
    folded: tuple[str, ...]
    division: str | None
    level: str | None
    reports: int


@dataclass(frozen=True)
class Catalogue:
    """All reports of the index and all names; lists of attributes are by the number of the report."""

    key: tuple[Any, ...]
    ids: list[str | None]
    years: list[int]
    divisions: list[str | None]
    levels: list[str | None]
    kinds: list[str]
    plain: bytes
    """1 for reports of which no text need be folded (see `storage.folding.is_plain`)."""
    order: list[int]
    places: Mapping[str, tuple[str, ...]]
    """Division → itself and all that it lies in, from the inside out."""
    place_names: Mapping[str, str]
    names: Sequence[Name]
    _text: str = field(repr=False)
    _starts: Sequence[int] = field(repr=False)
    _owners: Sequence[int] = field(repr=False)

    @property
    def oldest_first(self) -> list[int]:
        """The order turned round by year; within a year it stays."""
        return sorted(self.order, key=self.years.__getitem__)

    def named(self, phrases: Iterable[Phrase]) -> list[Name]:
        """The bodies and divisions of whose names each phrase is a part."""
        found: set[int] | None = None
        for phrase in phrases:
            hits = {
                self._owners[bisect_right(self._starts, match.start()) - 1]
                for match in phrase.pattern.finditer(self._text)
            }
            found = hits if found is None else found & hits
            if not found:
                return []
        return [self.names[at] for at in sorted(found or ())]

    def summed_up(self, counts: Mapping[Any, int]) -> Counter[Any]:
        """Counts of divisions, each with all that lies in it."""
        return _summed_up(counts, self.places)


def is_indexed(conn: sqlite3.Connection) -> bool:
    """Whether the database has an index at all: one of an older version may not."""
    return conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'search_index'").fetchone() is not None


def catalogue(conn: sqlite3.Connection, known: Catalogue | None) -> Catalogue:
    """The catalogue as the database stands; `known` itself where nothing has changed."""
    key = conn.execute(
        "SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'search_reports'),"
        " (SELECT count(*) FROM search_reports), (SELECT count(*) FROM agency_names),"
        " (SELECT count(*) FROM divisions), (SELECT count(*) FROM division_years),"
        " (SELECT max(id) FROM crawls)"
    ).fetchone()
    if known is not None and known.key == key:
        return known
    rows = conn.execute(
        "SELECT number, id, year, division_code, level, agency_type, agency_id FROM search_reports"
        " JOIN reports ON id = report_id"
    ).fetchall()
    rows.sort(key=_in_order)
    size = max((row[0] for row in rows), default=0) + 1
    ids: list[str | None] = [None] * size
    years, kinds = [0] * size, [""] * size
    divisions: list[str | None] = [None] * size
    levels: list[str | None] = [None] * size
    same: dict[str | None, Any] = {}
    for number, report_id, year, division, level, kind, _ in rows:
        ids[number], years[number] = report_id, year
        divisions[number] = same.setdefault(division, division)
        levels[number] = same.setdefault(level, level)
        kinds[number] = same.setdefault(kind, kind)
    plain = bytearray(size)
    for (number,) in conn.execute(
        "SELECT rowid FROM search_index WHERE search_index MATCH ?", (f'"{PLAIN}"',)
    ):
        if number < size:
            plain[number] = 1
    places, place_names = _places(conn)
    below = _summed_up(Counter(row[3] for row in rows), places)
    names = [*_bodies(conn, Counter(row[6] for row in rows)), *_divisions(conn, below)]
    texts, starts, owners, at = [], [], [], 0
    for owner, name in enumerate(names):
        for text in name.folded:
            texts.append(text)
            starts.append(at)
            owners.append(owner)
            at += len(text) + len(_SEPARATOR)
    return Catalogue(
        key=key, ids=ids, years=years, divisions=divisions, levels=levels, kinds=kinds,
        plain=bytes(plain), order=[row[0] for row in rows], places=places, place_names=place_names,
        names=names, _text=_SEPARATOR.join(texts), _starts=starts, _owners=owners,
    )  # fmt: skip


def likeliest(names: Iterable[Name], phrases: Sequence[Phrase], most: int) -> list[Name]:
    """The names that what was asked for stands for most likely: those that it is the whole of, with
    reports, that begin with it, of the upper levels, short ones.
    """
    asked = folded("".join(phrase.text for phrase in phrases))

    def rank(name: Name) -> tuple[Any, ...]:
        return (
            asked not in name.folded,
            not name.reports,
            not any(one.startswith(asked) for one in name.folded),
            level_rank(name.level),
            len(name.name),
            name.division or "",
            name.id,
        )

    return nsmallest(most, names, key=rank)


def level_rank(level: str | None) -> int:
    """The order of levels, from the top; those that are not known come last."""
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)


def _in_order(row: Sequence[Any]) -> tuple[Any, ...]:
    _, report_id, year, division, level, kind, _ = row
    return (-year, level_rank(level), division or "9", kind != "government", report_id)


def _places(conn: sqlite3.Connection) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Lines of divisions from the inside out, and their last names."""
    names: dict[str, str] = {}
    parents: dict[str, str | None] = {}
    for code, name, parent in conn.execute(
        "SELECT code, name, parent_code FROM divisions ORDER BY ifnull(valid_to, 9999), valid_from"
    ):
        names[code], parents[code] = name, parent
    lines = {}
    for code, parent in parents.items():
        line, at = [code], parent
        while at in parents and at not in line:
            line.append(at)
            at = parents[at]
        lines[code] = tuple(line)
    return lines, names


def _summed_up(counts: Mapping[Any, int], places: Mapping[str, tuple[str, ...]]) -> Counter[Any]:
    sums: Counter[Any] = Counter()
    for code, count in counts.items():
        for place in places.get(code, ()):
            sums[place] += count
    return sums


def _bodies(conn: sqlite3.Connection, reports: Mapping[str, int]) -> Iterator[Name]:
    others: dict[str, set[str]] = {}
    for agency_id, name in conn.execute("SELECT agency_id, name FROM agency_names"):
        others.setdefault(agency_id, set()).add(folded(name))
    for agency_id, name, division, level in conn.execute(
        "SELECT id, name, division_code, level FROM agencies"
    ):
        every = tuple(sorted({folded(name), *others.get(agency_id, ())}))
        yield Name("agency", agency_id, name, every, division, level, reports.get(agency_id, 0))


def _divisions(conn: sqlite3.Connection, reports: Mapping[str, int]) -> Iterator[Name]:
    """Those of which there is a report or owed one; their code is one of their names."""
    names: dict[str, list[str]] = {}
    for code, name in conn.execute(
        "SELECT code, name FROM divisions ORDER BY code, ifnull(valid_to, 9999), valid_from"
    ):
        names.setdefault(code, []).append(name)
    owed = {row[0] for row in conn.execute("SELECT DISTINCT division_code FROM division_years")}
    for code, every in names.items():
        if code in owed or reports.get(code):
            level = "province" if code.endswith("0000") else "prefecture" if code.endswith("00") else "county"
            known_as = (code, *sorted(set(map(folded, every))))
            yield Name("division", code, every[-1], known_as, code, level, reports.get(code, 0))
