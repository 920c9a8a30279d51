"""Prepares the first page: what there is, how fresh it is, where the gaps are, what is new.

Everything is read from the summaries and the ledger; nothing is counted over figures or checks here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from storage.site.charts import NEW_FORM, break_at, chart, spanned
from storage.site.frame import Query
from storage.site.groups import group_label, main_groups
from storage.site.language import words
from storage.site.places import (
    below,
    chosen_year,
    coverage_chart,
    coverage_of,
    division,
    last_full_year,
    summaries_made,
    tile_map,
)
from storage.site.server import descriptions

_QUESTION = re.compile(r"q\d\d_")
_TITLE = re.compile(r"(?:\d+\. )?(?P<en>[^\u2e80-\uffff]+) (?P<zh>[\u2e80-\uffff].*)")

SHOWN_NEW = 12
"""Reports of the last run that are named; the rest is a link."""


async def home_page(query: Query, parameters: Mapping[str, str], lang: str) -> dict[str, Any]:
    """All that the first page shows. `years` are rows of `division_years` over everything.

    Parameters: `year` of the map. Raises BadRequest for a year of which there is nothing.
    """
    years = await query("SELECT * FROM division_years WHERE reach = 'all' ORDER BY year", {})
    known = [row["year"] for row in years]
    year = chosen_year(parameters.get("year"), known, last_full_year(years), lang)
    counts = {row["name"]: row["number"] for row in await query("SELECT name, number FROM site_counts", {})}
    requests = await query(
        "SELECT year, scope, level, agency_type, reports, received_new, received_new_reports"
        " FROM year_totals WHERE reach = 'all' ORDER BY year",
        {},
    )
    return {
        "ready": await summaries_made(query),
        "any_reports": bool(await query("SELECT 1 FROM reports LIMIT 1", {})),
        "counts": counts,
        "missing": _missing(years),
        "year": year,
        "years": years,
        "map": await _map(query, year),
        "requests": requests,
        "charts": {
            "coverage": coverage_chart(years, lang),
            "requests": _requests_chart(requests, lang),
        },
        "crawl": await _last_crawl(query),
        "broken_rules": await _broken_rules(query),
        "nowhere": await _nowhere(query),
    }


def _missing(years: list[dict[str, Any]]) -> dict[str, int]:
    """Reports that are owed and not held: `sure` to be missing, `unsure` (confidence low) and `unsettled`
    (whether there is one is not known). The three are parts of one sum.
    """
    unsure = sum(row["missing_unsure"] for row in years)
    return {
        "sure": sum(row["missing"] for row in years) - unsure,
        "unsure": unsure,
        "unsettled": sum(row["unread"] + row["not_known"] for row in years),
    }


async def _map(query: Query, year: int | None) -> dict[str, Any] | None:
    """Tiles of the province where there is one, else of all provinces of which anything is known."""
    if year is None:
        return None
    provinces = await below(query, None)
    coverage = await coverage_of(query, [each["code"] for each in provinces], year) if provinces else {}
    if not coverage:
        return None
    if len(coverage) > 1:
        shown = [each for each in provinces if each["code"] in coverage]
        return {"division": None, **tile_map(None, shown, coverage)}
    (code,) = coverage
    children = await below(query, code)
    parts = await coverage_of(query, [each["code"] for each in children], year) if children else {}
    return {"division": await division(query, code), "own": coverage[code], **tile_map(code, children, parts)}


def _requests_chart(rows: list[dict[str, Any]], lang: str) -> dict[str, Any] | None:
    """New requests by kind of body, each for itself: reports of governments may repeat their departments'."""
    years = spanned({row["year"] for row in rows if row["received_new_reports"]})
    series = []
    for group in main_groups(rows, 4):
        of_group = {
            row["year"]: row for row in rows if (row["scope"], row["level"], row["agency_type"]) == group
        }
        found = [of_group.get(year) for year in years]
        series.append(
            {
                "label": group_label(group, lang),
                "values": [row["received_new"] if row else None for row in found],
                "notes": [
                    words().text(lang, "chart.reports", n=row["received_new_reports"]) if row else ""
                    for row in found
                ],
            }
        )
    return chart(
        "lines",
        words().text(lang, "home.requests_chart"),
        years,
        series,
        lang=lang,
        breaks=[break_at(lang, NEW_FORM, cuts=False)],
    )


async def _last_crawl(query: Query) -> dict[str, Any] | None:
    """The last run that ended, with some of what it found anew; and when one was last whole."""
    crawls = await query(
        "SELECT id, spider, started_at, finished_at, finish_reason, complete, sample, reports_new,"
        " reports_changed, reports_unchanged, reports_vanished, problems FROM crawls"
        " WHERE finished_at IS NOT NULL ORDER BY id DESC LIMIT 1",
        {},
    )
    if not crawls:
        return None
    whole = await query(
        "SELECT max(finished_at) AS finished_at FROM crawls WHERE complete = 1 AND sample = 0", {}
    )
    found = []
    for outcome in ("changed", "new"):
        # In the order of the index: a first run finds everything anew.
        found += await query(
            "SELECT reports.id, reports.agency_id, reports.agency, reports.year, reports.published_on,"
            " crawl_reports.outcome FROM crawl_reports JOIN reports ON reports.id = crawl_reports.report_id"
            " WHERE crawl_reports.outcome = :outcome AND crawl_id = :crawl"
            f" ORDER BY crawl_reports.report_id LIMIT {SHOWN_NEW}",
            {"crawl": crawls[0]["id"], "outcome": outcome},
        )
    return {**crawls[0], "whole_at": whole[0]["finished_at"], "found": found[:SHOWN_NEW]}


async def _broken_rules(query: Query) -> list[dict[str, Any]]:
    """The hard rules that reports break: `rule`, and how many of how many that can be judged."""
    return await query(
        "SELECT rule, sum(reports_failing) AS failing, sum(reports_assessed) AS assessed FROM rule_totals"
        " WHERE severity = 'hard' GROUP BY rule HAVING sum(reports_failing) > 0 ORDER BY failing DESC, rule",
        {},
    )


async def _nowhere(query: Query) -> int:
    """Reports whose body is in no division that is known."""
    rows = await query(
        "SELECT sum(reports) AS reports FROM division_years WHERE reach = 'own' AND division_code IS NULL", {}
    )
    return rows[0]["reports"] or 0


@cache
def questions() -> list[dict[str, str]]:
    """The twenty questions: `name` of the query, `title` and `title_en`."""
    found = []
    for name, query in descriptions()["queries"].items():
        match = _TITLE.fullmatch(query["title"])
        if _QUESTION.match(name) and match:
            found.append({"name": name, "title": match["zh"], "title_en": match["en"]})
    return found
