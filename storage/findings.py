"""What is found by looking at all reports together, made anew when a run or a re-reading has ended."""

from __future__ import annotations

from sqlite_utils import Database

from storage import arithmetic, coverage, crosschecks, measures, search, summaries


def refresh(db: Database) -> None:
    """Makes coverage, the rules between reports, the measures and their sums anew; puts the index in order.

    The rules within reports are told again from the figures. Raises `StorageError`.
    """
    search.tidy(db)
    arithmetic.refresh(db)
    refresh_coverage(db)


def refresh_coverage(db: Database) -> None:
    """Makes coverage anew, and of the rest what that changed: it reads no figure where no report changed.

    Raises `StorageError`.
    """
    coverage.refresh(db)
    crosschecks.refresh(db)
    measures.refresh(db)
    summaries.refresh(db)
