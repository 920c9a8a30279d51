"""Prepares the page of a division: its bodies by year, trends, its peers, what lies below.

Sums are those of `year_totals` and `division_years`. What is added up is of one group: the same scope,
level and kind of body. A share is told where at least thirty requests are behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from storage.site.charts import NEW_FORM, RECONSIDERATION_FIRST, break_at, chart, spanned
from storage.site.frame import Query
from storage.site.groups import Group, chosen_group, group_code, group_label, main_groups
from storage.site.language import words
from storage.site.places import (
    below,
    chosen_year,
    coverage_chart,
    coverage_of,
    last_full_year,
    lineage,
    summaries_made,
    tile_map,
)

FEWEST = 30
"""Requests behind a share; with fewer there are counts only."""

MOST_BODIES = 600
"""Rows of the matrix; no division of the country has as many bodies that owe a report."""

MOST_DIVISIONS = 400
"""Rows of the list of divisions; with more it has no counties."""

OUTCOMES = ("full", "partial", "denied", "unable", "not_processed", "other")
COUNTED = (
    "received_new",
    "received_natural_person",
    "received_organisations",
    "carried_in",
    "processed_total",
    "carried_out",
    "reconsideration_total",
    "reconsideration_corrected",
    "litigation_total",
    "litigation_corrected",
)
"""Key figures that are sums, in the order of the form; beside each stands of how many reports."""

_RANK = (
    "government",
    "government_office",
    "department",
    "vertical_agency",
    "management_committee",
    "authorised_org",
    "township",
)
"""Kinds of body in the order of the matrix; all others follow."""


async def division_page(
    query: Query, code: str, parameters: Mapping[str, str], lang: str
) -> dict[str, Any] | None:
    """All that the page of a division shows, or None where there is no such division.

    Parameters: `year` (of peers and of what lies below), `group` (which reports are added up; see
    `groups`), `all` (1: the years before the first report, too). Raises BadRequest.
    """
    line = await lineage(query, code)
    if not line:
        return None
    this = line[-1]
    area = await _years(query, code, "area")
    known = [row["year"] for row in area]
    year = chosen_year(parameters.get("year"), known, last_full_year(area), lang)
    totals = await query(
        "SELECT * FROM year_totals WHERE reach = 'area' AND division_code = :code ORDER BY year",
        {"code": code},
    )
    groups = main_groups(totals)
    group = chosen_group(parameters.get("group"), groups, lang)
    by_year = [row for row in totals if (row["scope"], row["level"], row["agency_type"]) == group]
    rows = await query(
        "SELECT * FROM agency_years WHERE division_code = :code ORDER BY agency_type, body, year",
        {"code": code},
    )
    every_year = parameters.get("all") == "1"
    children = await below(query, code)
    parts = await coverage_of(query, [each["code"] for each in children], year) if children and year else {}
    return {
        "ready": await summaries_made(query),
        "division": this,
        "lineage": line,
        "year": year,
        "years": known,
        "coverage": area,
        "own_coverage": await _years(query, code, "own"),
        "every_year": every_year,
        "matrix": matrix(rows, every_year=every_year),
        "group": group_code(group) if group else None,
        "groups": [
            {"code": group_code(each), "label": group_label(each, lang), "reports": _reports(totals, each)}
            for each in groups
        ],
        "key_figures": key_figures(by_year),
        "shares": shares(by_year),
        "charts": {"coverage": coverage_chart(area, lang), **trend_charts(by_year, lang)},
        "peers": await _peers(query, this, year, group, lang),
        "below": {
            "map": tile_map(code, children, parts),
            "rows": [
                {**parts[each["code"]], "code": each["code"], "name": each["name"]}
                for each in children
                if each["code"] in parts
            ],
        }
        if children
        else None,
        "portals": await _portals(query, code),
        "rows": rows,
    }


async def divisions_page(query: Query, parameters: Mapping[str, str], lang: str) -> dict[str, Any]:
    """All divisions of which anything is known: provinces, and below each its divisions, with coverage.

    Counties are left out (`counties` is False) where there are more divisions than a page can hold.
    """
    years = await query("SELECT * FROM division_years WHERE reach = 'all' ORDER BY year", {})
    known = [row["year"] for row in years]
    year = chosen_year(parameters.get("year"), known, last_full_year(years), lang)
    known_of = "FROM division_years WHERE year = :year AND reach = 'area'"
    (found,) = await query(f"SELECT count(*) AS rows {known_of}", {"year": year})
    counties = found["rows"] <= MOST_DIVISIONS
    last = "FROM divisions WHERE code = division_code ORDER BY ifnull(valid_to, 9999) DESC, valid_from DESC"
    rows = await query(
        f"SELECT division_code AS code, (SELECT name {last} LIMIT 1) AS name,"
        f" (SELECT parent_code {last} LIMIT 1) AS parent_code, * {known_of}"
        " AND (:counties OR division_code GLOB '????00') ORDER BY division_code",
        {"year": year, "counties": counties},
    )
    return {
        "ready": await summaries_made(query),
        "year": year,
        "years": known,
        "counties": counties,
        "divisions": [
            {name: value for name, value in row.items() if name not in ("reach", "division_code")}
            for row in rows
            if row["name"] is not None
        ],
    }


async def _years(query: Query, code: str, reach: str) -> list[dict[str, Any]]:
    return await query(
        "SELECT * FROM division_years WHERE reach = :reach AND division_code = :code ORDER BY year",
        {"reach": reach, "code": code},
    )


def _reports(totals: Sequence[Mapping[str, Any]], group: Group) -> int:
    return sum(row["reports"] for row in totals if (row["scope"], row["level"], row["agency_type"]) == group)


def matrix(rows: Sequence[Mapping[str, Any]], *, every_year: bool = True) -> dict[str, Any]:
    """Bodies × years from rows of `agency_years`: `years`, `hidden` (years left out) and `bodies`.

    A body has `body`, `agency_id` (None where no report of it is held), `agency`, `agency_type` and
    `cells`, one a year: None (no report owed or held) or what `_cell` gives.
    """
    years = sorted({row["year"] for row in rows})
    held = [row["year"] for row in rows if row["report_id"]]
    shown = [year for year in years if every_year or not held or year >= min(held)]
    bodies: dict[str, dict[str, Any]] = {}
    for row in rows:
        body = bodies.setdefault(row["body"], {"body": row["body"], "agency_id": None, "found": {}})
        body.update(agency=row["agency"], agency_type=row["agency_type"])
        body["agency_id"] = row["agency_id"] or body["agency_id"]
        body["found"][row["year"]] = _cell(row)
    for body in bodies.values():
        found = body.pop("found")
        body["cells"] = [found.get(year) for year in shown]
    # A body of which nothing was ever held comes after those of its kind of which something was.
    ordered = sorted(
        bodies.values(),
        key=lambda body: (_rank(body["agency_type"]), body["agency_id"] is None, body["body"]),
    )
    return {
        "years": shown,
        "hidden": len(years) - len(shown),
        "bodies": ordered[:MOST_BODIES],
        "more": max(0, len(bodies) - MOST_BODIES),
    }


def _rank(kind: str) -> int:
    return _RANK.index(kind) if kind in _RANK else len(_RANK)


def _cell(row: Mapping[str, Any]) -> dict[str, Any]:
    """`state` (with missing_unsure), the report, and what is amiss with it."""
    unsure = row["state"] == "missing" and row["confidence"] == "low"
    return {
        "year": row["year"],
        "state": "missing_unsure" if unsure else row["state"],
        "owes": bool(row["owes"]),
        "report_id": row["report_id"],
        "reason": row["reason"],
        "days_late": row["days_late"],
        "late_unsure": row["late_confidence"] == "low",
        "checks_failed": row["checks_failed"] or 0,
        "failed_across": row["failed_across"] or 0,
        "copied": row["copied"] or 0,
    }


def key_figures(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row a key figure: `measure` and `years`: `year`, `value`, of how many `reports` of `all`."""
    return [
        {
            "measure": name,
            "years": [
                {
                    "year": row["year"],
                    "value": row[name],
                    "reports": row[f"{name}_reports"],
                    "all": row["reports"],
                }
                for row in rows
            ],
        }
        for name in COUNTED
    ]


def shares(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row an outcome: its share of the requests handled, in the reports that give all outcomes."""
    return [
        {
            "measure": name,
            "years": [
                {
                    "year": row["year"],
                    "value": share(row[f"mix_{name}"], row["mix_processed"]),
                    "count": row[f"mix_{name}"],
                    "of": row["mix_processed"],
                    "reports": row["mix_reports"],
                    "all": row["reports"],
                }
                for row in rows
            ],
        }
        for name in OUTCOMES
    ]


def share(part: float | None, whole: float | None) -> float | None:
    """The share, or None where a number is absent or fewer than thirty requests are behind it."""
    if part is None or whole is None or whole < FEWEST:
        return None
    return part / whole


def trend_charts(rows: Sequence[Mapping[str, Any]], lang: str) -> dict[str, dict[str, Any] | None]:
    """Charts of the group by year: requests, outcomes, disputes."""
    text = words().text
    by_year = {row["year"]: row for row in rows}
    years = spanned(by_year)
    found = [by_year.get(year) for year in years]

    def drawn(label: str, value: str, reports: str) -> dict[str, Any]:
        return {
            "label": text(lang, label),
            "values": [row[value] if row else None for row in found],
            "notes": [text(lang, "chart.reports", n=row[reports]) if row else "" for row in found],
        }

    def series(name: str) -> dict[str, Any]:
        return drawn(f"measure.{name}", name, f"{name}_reports")

    mixes = [drawn(f"outcome.{name}", f"mix_{name}", "mix_reports") for name in OUTCOMES]
    new_form = break_at(lang, NEW_FORM, cuts=False)
    return {
        "requests": chart(
            "lines",
            text(lang, "division.requests_chart"),
            years,
            [series("received_new"), series("processed_total"), series("carried_out")],
            lang=lang,
            breaks=[new_form],
        ),
        "outcomes": chart(
            "stack", text(lang, "division.outcomes_chart"), years, mixes, lang=lang, breaks=[new_form]
        ),
        "disputes": chart(
            "lines",
            text(lang, "division.disputes_chart"),
            years,
            [series("reconsideration_total"), series("litigation_total")],
            lang=lang,
            breaks=[break_at(lang, RECONSIDERATION_FIRST)],
        ),
    }


async def _peers(
    query: Query, this: Mapping[str, Any], year: int | None, group: Group | None, lang: str
) -> dict[str, Any] | None:
    """The divisions under the same parent, this among them: coverage and sums of the group in the year."""
    if year is None:
        return None
    places = await below(query, this["parent_code"])
    coverage = await coverage_of(query, [each["code"] for each in places], year)
    totals = await _totals_of(query, [each["code"] for each in places], year, group)
    rows = []
    for place in places:
        counts, sums = coverage.get(place["code"]), totals.get(place["code"])
        if counts is None and place["code"] != this["code"]:
            continue
        rows.append(
            {
                "code": place["code"],
                "name": place["name"],
                "this": place["code"] == this["code"],
                **{name: counts[name] if counts else 0 for name in ("owed", "published", "late", "failing")},
                "reports": sums["reports"] if sums else 0,
                "received_new": sums["received_new"] if sums else None,
                "received_new_reports": sums["received_new_reports"] if sums else 0,
                "mix_full": sums["mix_full"] if sums else None,
                "mix_processed": sums["mix_processed"] if sums else None,
                "full_share": share(sums["mix_full"], sums["mix_processed"]) if sums else None,
            }
        )
    if len(rows) < 2:
        return None
    return {"rows": rows, "charts": _peer_charts(rows, this["name"], year, lang)}


async def _totals_of(
    query: Query, codes: Sequence[str], year: int, group: Group | None
) -> dict[str, dict[str, Any]]:
    if group is None:
        return {}
    marks = ", ".join(f":c{number}" for number in range(len(codes)))
    rows = await query(
        "SELECT division_code, reports, received_new, received_new_reports, mix_full, mix_processed"
        " FROM year_totals WHERE reach = 'area' AND year = :year AND scope = :scope AND level IS :level"
        f" AND agency_type = :kind AND division_code IN ({marks})",
        {
            "year": year,
            "scope": group[0],
            "level": group[1],
            "kind": group[2],
            **{f"c{number}": code for number, code in enumerate(codes)},
        },
    )
    return {row["division_code"]: row for row in rows}


def _peer_charts(
    rows: Sequence[Mapping[str, Any]], this: str, year: int, lang: str
) -> dict[str, dict[str, Any] | None]:
    text = words().text
    by_requests = sorted(
        (row for row in rows if row["received_new"] is not None), key=lambda row: -row["received_new"]
    )
    by_share = sorted(
        (row for row in rows if row["full_share"] is not None), key=lambda row: -row["full_share"]
    )
    return {
        "requests": chart(
            "bars",
            text(lang, "division.peers_requests", year=year),
            [row["name"] for row in by_requests],
            [
                {
                    "label": text(lang, "measure.received_new"),
                    "values": [row["received_new"] for row in by_requests],
                    "notes": [
                        text(lang, "chart.reports", n=row["received_new_reports"]) for row in by_requests
                    ],
                }
            ],
            lang=lang,
            x_label=text(lang, "col.division"),
            emphasis=this,
            horizontal=True,
        ),
        "full_share": chart(
            "dots",
            text(lang, "division.peers_share", year=year),
            [row["name"] for row in by_share],
            [
                {
                    "label": text(lang, "outcome.full"),
                    "values": [row["full_share"] for row in by_share],
                    "notes": [f"{row['mix_full']:,} / {row['mix_processed']:,}" for row in by_share],
                }
            ],
            lang=lang,
            unit="share",
            x_label=text(lang, "col.division"),
            emphasis=this,
        ),
    }


async def _portals(query: Query, code: str) -> list[dict[str, Any]]:
    """The portals that are registered for the division itself, with when they were last walked whole."""
    return await query(
        "SELECT portals.id, portals.name, portals.home_url, portals.state, portals.agency,"
        " (SELECT max(crawls.finished_at) FROM crawl_portals"
        " JOIN crawls ON crawls.id = crawl_portals.crawl_id"
        " WHERE crawl_portals.portal_id = portals.id AND crawl_portals.complete = 1 AND crawls.sample = 0)"
        " AS walked_at FROM portals WHERE division_code = :code"
        " ORDER BY portals.agency IS NOT NULL, portals.id",
        {"code": code},
    )
