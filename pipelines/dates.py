"""Calendar dates, checked: a day that no calendar has (30 February) is no date."""

from __future__ import annotations

from datetime import date


def calendar_date(year: int, month: int, day: int) -> str | None:
    """The date as YYYY-MM-DD, None where there is no such day."""
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None
