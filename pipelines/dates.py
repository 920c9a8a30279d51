"""The dates of a report: which calendar dates there are, what an address says, when a report is due.

A day that no calendar has (30 February) is no date. Owns the judgement how far the dates bear out
whether a report came in time; what is printed and what the page says comes in as arguments.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

from pipelines.records import Dates, Problem

_ADDRESS = (
    re.compile(r"/t?(20\d\d)(\d\d)(\d\d)_"),
    re.compile(r"/(20\d\d)[-/_](\d{1,2})[-/_](\d{1,2})(?=[/_])"),
    re.compile(r"/(20\d\d)(\d\d)(\d\d)(?=[/_.]|\d{0,4}[/_.])"),
)
_PERIOD = re.compile(
    r"(?:统计|数据|时限|期限|时间|期间|起止).{0,24}?(20\d\d)年(\d{1,2})月(\d{1,2})日.{0,4}?(?:至|到|—|-|起).{0,4}?"
    r"(?:(20\d\d)年)?(\d{1,2})月(\d{1,2})日"
)

_JANUARY = ("department", "government_office", "vertical_agency", "authorised_org")
_MARCH = ("government", "management_committee")
_SINCE_2019 = 2019
"""First report year under the regulations as revised in 2019; before, all were due on 31 March."""

_FAR = 366
"""Days after which a page's date that stands alone is more likely that of a migration of the site."""


def calendar_date(year: int, month: int, day: int) -> str | None:
    """The date as YYYY-MM-DD, None where there is no such day."""
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def address_date(url: str) -> str | None:
    """The day that an address names (/202202/t20220210_12.html, /art/2022/2/10/), None without one."""
    path = urlsplit(url).path
    for pattern in _ADDRESS:
        for found in pattern.finditer(path):
            if day := calendar_date(*map(int, found.groups())):
                return day
    return None


def period(text: str) -> tuple[str, str] | None:
    """First and last day of a statistical period as a text without white space states it."""
    found = _PERIOD.search(text)
    if not found:
        return None
    since, month, day, until, last_month, last_day = found.groups()
    first = calendar_date(int(since), int(month), int(day))
    last = calendar_date(int(until or since), int(last_month), int(last_day))
    return (first, last) if first and last and first < last else None


def day_in_china(time: str) -> str:
    """The day in China at a time given in UTC (YYYY-MM-DDTHH:MM:SSZ); a bare day is returned as it is."""
    if "T" not in time:
        return time
    return (datetime.fromisoformat(time) + timedelta(hours=8)).date().isoformat()


def due_on(agency_type: str | None, year: int | None) -> str | None:
    """The day by which a body of this kind owes the report of the year, None where no rule names it.

    Articles 49 and 50 of the regulations. Management committees are taken for governments, which
    gives them the later day; townships, universities and public institutions are under other rules.
    """
    if year is None or agency_type not in (*_JANUARY, *_MARCH):
        return None
    early = year >= _SINCE_2019 and agency_type in _JANUARY
    return f"{year + 1}-01-31" if early else f"{year + 1}-03-31"


def dates(
    agency_type: str | None,
    year: int | None,
    *,
    printed_on: str | None,
    page_date: str | None,
    url_date: str | None,
    period: tuple[str, str] | None,
) -> Dates:
    """The dates of a report with the day on which it was due and how far they bear out its lateness."""
    due = due_on(agency_type, year)
    end = period[1] if period else f"{year}-12-31" if year else ""
    known = [day for day in (printed_on, page_date) if day and day > end]
    confidence: Literal["high", "medium", "low"] | None = None
    if due and known:
        sides = {day > due for day in known}
        far = len(known) == 1 and _days(due, known[0]) > _FAR
        confidence = "low" if len(sides) > 1 or far else "high" if len(known) > 1 else "medium"
    return Dates(
        printed_on=printed_on,
        page_date=page_date,
        url_date=url_date,
        period_from=period[0] if period else None,
        period_to=period[1] if period else None,
        due_on=due,
        late_confidence=confidence,
    )


def troubles(said: Dates, seen_on: str | None = None) -> list[Problem]:
    """Dates of which one says that the report came late: the page's looks like that of a migration of the
    site, or the printed one is later than the page.
    """
    if said.late_confidence != "low" or not said.due_on or not said.page_date:
        return []
    if said.page_date <= said.due_on:
        if not said.printed_on or (seen_on and said.printed_on > day_in_china(seen_on)):
            return []
        detail = f"the document prints {said.printed_on}, its page is dated {said.page_date}"
        return [Problem(code="dates_differ", detail=f"{detail}; it was due on {said.due_on}")]
    other = f"the document prints {said.printed_on}" if said.printed_on else "nothing else dates it"
    return [
        Problem(
            code="date_migrated",
            detail=f"the page is dated {said.page_date}, the report was due on {said.due_on} and {other}:"
            " the page's date may be that of a migration of the site",
        )
    ]


def _days(earlier: str, later: str) -> int:
    return (date.fromisoformat(later) - date.fromisoformat(earlier)).days
