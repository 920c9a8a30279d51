"""What is found by looking at all reports together, made anew when a run or a re-reading has ended."""

from __future__ import annotations

from sqlite_utils import Database

from storage import coverage, crosschecks, measures


def refresh(db: Database) -> None:
    """Makes coverage, the rules between reports and the measures anew. Raises `StorageError`."""
    coverage.refresh(db)
    crosschecks.refresh(db)
    measures.refresh(db)
