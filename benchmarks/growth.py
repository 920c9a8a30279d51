"""What is done with all reports at once, and how its time grows with them.

Owns the parts (building, the search index, each kind of findings), their times at one size, and the limit
within which ten times the reports may lie: whatever takes more than that grows faster than they do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import zstandard
from sqlite_utils import Database

from benchmarks.synthetic import build
from benchmarks.timing import progress
from storage import arithmetic, coverage, crosschecks, measures, search, summaries
from storage.database import transaction

SMALL = 8_500
"""Reports of a province and more; `make bench` measures so many."""
LARGE = 85_000
"""Reports of the whole country."""
MOST_TIMES = 11.0
"""What ten times the reports may take of the time of these."""

FINDINGS: Mapping[str, Callable[[Database], object]] = {
    "arithmetic within reports": arithmetic.refresh,
    "coverage": coverage.refresh,
    "checks across reports": crosschecks.refresh,
    "measures": measures.refresh,
    "summaries": summaries.refresh,
}
"""The findings, in the order in which they are made from each other."""
_STATES = ("cross_checks", "measures", "summaries")
"""Names under which they remember what they were made from."""

Times = dict[str, tuple[float, float]]
"""Seconds of each part: by the clock, and of one core."""


def built(path: Path, reports: int) -> tuple[Database, Times]:
    """An invented database at `path`, and what building it took."""
    progress(f"building {reports} invented reports")
    began, worked = time.monotonic(), time.process_time()
    db = build(path, reports)
    return db, {"build": (time.monotonic() - began, time.process_time() - worked)}


def over_all(db: Database) -> Times:
    """What the search index and each kind of findings take when nothing of it stands."""
    taken = {"search index": _taken("search index", partial(_index, db))}
    marks = ", ".join("?" * len(_STATES))
    db.execute(f"DELETE FROM findings_state WHERE name IN ({marks})", _STATES)
    db.conn.commit()
    for name, refresh in FINDINGS.items():
        taken[name] = _taken(name, partial(refresh, db))
    return taken


def _index(db: Database) -> None:
    with transaction(db):
        search.rebuild(db.conn)


def _taken(name: str, work: Callable[[], object]) -> tuple[float, float]:
    progress(name)
    began, worked = time.monotonic(), time.process_time()
    work()
    return time.monotonic() - began, time.process_time() - worked


def sizes(db: Database, path: Path) -> tuple[int, int, int, int]:
    """How many reports and numbers a database holds, the bytes of its texts packed as one, and its own.

    It is put together anew before it is measured, as a copy of it would be.
    """
    progress("size of the database")
    (reports,) = db.execute("SELECT count(*) FROM reports").fetchone()
    (numbers,) = db.execute("SELECT count(*) FROM figures WHERE value IS NOT NULL").fetchone()
    packer = zstandard.ZstdCompressor(level=3).compressobj()
    packed = sum(len(packer.compress(row[0].encode())) for row in db.execute("SELECT text FROM sections"))
    packed += len(packer.flush())
    db.execute("VACUUM")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return reports, numbers, packed, path.stat().st_size
