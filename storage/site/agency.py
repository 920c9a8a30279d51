"""Prepares the page of a body: all its years side by side, what follows from what, where it all stands.

A cell is shown as the report prints it: blank is blank, and a cell that the year's form does not have is
not one that the report leaves out. Nothing is added up over years.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from datasette.utils.asgi import BadRequest

from storage.site.charts import NEW_FORM, RECONSIDERATION_FIRST, break_at, chart, spanned
from storage.site.division import matrix
from storage.site.frame import Query
from storage.site.language import words
from storage.site.places import lineage
from storage.site.report_page import Labels, failing_rules, read_as

Key = tuple[str, str, str]
Row = Mapping[str, Any]

KEY_MEASURES = (
    "received_new",
    "carried_in",
    "disclosed_full",
    "disclosed_partial",
    "denied_total",
    "unable_total",
    "not_processed_total",
    "other_total",
    "processed_total",
    "carried_out",
    "reconsideration_total",
    "reconsideration_corrected",
    "litigation_total",
    "normative_documents_in_force",
    "licensing_decisions",
    "penalty_decisions",
    "compulsion_decisions",
)
OUTCOMES = {
    "full": "disclosed_full",
    "partial": "disclosed_partial",
    "denied": "denied_total",
    "unable": "unable_total",
    "not_processed": "not_processed_total",
    "other": "other_total",
}
TABLES = ("applications", "review_litigation", "proactive")
COLUMN = "total"
"""The column of the table of requests that is shown unless another is asked for."""


async def agency_page(
    query: Query, agency_id: str, parameters: Mapping[str, str], lang: str
) -> dict[str, Any] | None:
    """All that the page of a body shows, or None where there is no such body.

    Parameters: `column`, the applicants whose requests are shown (total, natural_person …). Raises
    BadRequest for one that no form has.
    """
    found = await query("SELECT * FROM agencies WHERE id = :id", {"id": agency_id})
    if not found:
        return None
    agency = found[0]
    reports = await _reports(query, agency_id)
    cells = await query(
        "SELECT table_code, row_code, column_code, row_label, column_label, row_label_en, column_label_en,"
        " unit, forms FROM form_cells ORDER BY position",
        {},
    )
    columns = _applicants(cells)
    column = parameters.get("column") or COLUMN
    if column not in {each["code"] for each in columns} | {COLUMN}:
        raise BadRequest(words().text(lang, "error.unknown_column", given=column[:40]))
    ids = [report["id"] for report in reports]
    figures = await _of_reports(
        query, ids, "table_code, row_code, column_code, printed, value, unit, status, note", "figures"
    )
    marks = await _marks(query, reports, Labels(cells))
    corrections = await _corrections(query, ids)
    measures = {row["report_id"]: row for row in await _of_reports(query, ids, "*", "measures")}
    years = await query("SELECT * FROM agency_years WHERE agency_id = :id ORDER BY year", {"id": agency_id})
    return {
        "agency": agency,
        "lineage": await lineage(query, agency["division_code"]),
        "parent": await _agency(query, agency["parent_id"]),
        "names": await query(
            "SELECT name, kind, valid_from, valid_to FROM agency_names WHERE agency_id = :id"
            " ORDER BY kind, ifnull(valid_from, 0), name",
            {"id": agency_id},
        ),
        "relations": await _relations(query, agency),
        "coverage": matrix(years),
        "reports": reports,
        "measures": [_key_row(name, reports, measures) for name in KEY_MEASURES],
        "column": column,
        "columns": columns,
        "tables": side_by_side(reports, figures, cells, marks, column, corrections),
        "corrected": len(corrections),
        "carry_over": await _carry_over(query, agency_id, reports, measures),
        "charts": _charts(reports, measures, lang),
        "sources": await _sources(query, ids),
        "rows": _long(reports, figures, cells),
    }


async def _relations(query: Query, agency: Row) -> list[dict[str, Any]]:
    """What the body came from and what it became, by names; see the view."""
    # Asked from each end, and within the division: otherwise all bodies would be held against all names.
    rows = await query(
        "SELECT * FROM agency_relations WHERE from_id = :id"
        " UNION SELECT * FROM agency_relations WHERE to_id = :id AND division_code = :division",
        {"id": agency["id"], "division": agency["division_code"]},
    )
    return sorted(rows, key=lambda row: (row["since"] or 0, row["from_id"], row["to_id"]))


async def _reports(query: Query, agency_id: str) -> list[dict[str, Any]]:
    rows = await query(
        "SELECT id, year, title, family, scope, form, forms, published_on, due_on, late_confidence,"
        " source_url, document_url, fetched_at, sha256, checks_failed, figure_count, agency_as_printed,"
        " vanished_at"
        " FROM reports WHERE agency_id = :id ORDER BY year",
        {"id": agency_id},
    )
    return [{**row, "forms": json.loads(row["forms"])} for row in rows]


async def _agency(query: Query, agency_id: str | None) -> dict[str, Any] | None:
    if agency_id is None:
        return None
    rows = await query("SELECT id, name FROM agencies WHERE id = :id", {"id": agency_id})
    return rows[0] if rows else None


async def _of_reports(
    query: Query, ids: Sequence[str], columns: str, table: str, outcome: str | None = None
) -> list[dict[str, Any]]:
    """Rows of a table for these reports, in the order of its key; of checks those of one outcome."""
    if not ids:
        return []
    named, marks = _named(ids)
    columns = columns if columns == "*" else f"report_id, {columns}"
    where = f"report_id IN ({marks})"
    if outcome is not None:
        where, named = f"{where} AND outcome = :outcome", {**named, "outcome": outcome}
    return await query(f"SELECT {columns} FROM {table} WHERE {where}", named)


def _named(ids: Sequence[str]) -> tuple[dict[str, str], str]:
    """Parameters for a list of ids, and how they stand in a statement."""
    named = {f"r{number}": report_id for number, report_id in enumerate(ids)}
    return named, ", ".join(f":{name}" for name in named)


async def _marks(query: Query, reports: Sequence[Row], labels: Labels) -> set[tuple[str, Key]]:
    """Cells that a failing check compares or suspects or that a problem names, with their reports."""
    found: set[tuple[str, Key]] = set()
    ids = [report["id"] for report in reports]
    failing = {row["report_id"] for row in await _of_reports(query, ids, "outcome", "checks", "fail")}
    for report in reports:
        if report["id"] not in failing:
            continue
        for remark in await failing_rules(query, {**report, "forms": json.dumps(report["forms"])}, labels):
            suspects = [remark["suspect"]] if remark["suspect"] else []
            found.update((report["id"], _key(each["cell"])) for each in (*remark["cells"], *suspects))
    for row in await _of_reports(query, ids, "cells", "problems"):
        found.update((row["report_id"], _key(cell)) for cell in json.loads(row["cells"]))
    return found


async def _corrections(query: Query, ids: Sequence[str]) -> dict[tuple[str, Key], Row]:
    """What readers say against figures, by report and cell: `value` and `status`."""
    if not await query("SELECT 1 FROM overrides LIMIT 1", {}):
        return {}
    rows = await _of_reports(
        query, ids, "table_code, row_code, column_code, value, status", "overrides_applied"
    )
    return {(row["report_id"], _key_of(row)): row for row in rows}


def _key(cell: Sequence[str]) -> Key:
    return (cell[0], cell[1], cell[2])


def _applicants(cells: Iterable[Row]) -> list[dict[str, str]]:
    """The columns of the table of requests, in the order of the form."""
    found: dict[str, dict[str, str]] = {}
    for cell in cells:
        if cell["table_code"] == "applications":
            found.setdefault(
                cell["column_code"],
                {
                    "code": cell["column_code"],
                    "label": cell["column_label"],
                    "label_en": cell["column_label_en"],
                },
            )
    return list(found.values())


def _key_row(name: str, reports: Sequence[Row], measures: Mapping[str, Row]) -> dict[str, Any]:
    """A key figure over the years; None where the report's cells are no numbers."""
    return {
        "measure": name,
        "values": [measures[report["id"]][name] if report["id"] in measures else None for report in reports],
    }


def side_by_side(
    reports: Sequence[Row],
    figures: Sequence[Row],
    cells: Sequence[Row],
    marks: set[tuple[str, Key]],
    column: str,
    corrections: Mapping[tuple[str, Key], Row],
) -> list[dict[str, Any]]:
    """The statutory tables with a column a year: `code`, `forms` (a year each) and `rows`.

    A row has `row`, `column`, `label`, `label_en`, `unit` and `cells`, one a report: None where the
    report's form has no such cell, else `text`, `status` (missing: the form has it and the report
    does not), `marked`, `read_as` (the number, where another is printed, as money in another unit) and
    `correction` (of readers: `value`, `status`). Of the table of requests only `column` is shown.
    """
    found = {(row["report_id"], _key_of(row)): row for row in figures}
    known = {_key_of(cell): cell for cell in cells}
    printed = dict.fromkeys(_key_of(row) for row in figures)
    codes = list(dict.fromkeys([*TABLES, *(key[0] for key in printed)]))
    tables = []
    for code in codes:
        forms = [report["forms"].get(code) for report in reports]
        due = {
            key
            for key, cell in known.items()
            if key[0] == code and set(json.loads(cell["forms"])) & set(forms)
        }
        wanted = [key for key in known if key in due or (key[0] == code and key in printed)]
        wanted += [key for key in printed if key[0] == code and key not in known]
        if code == "applications":
            wanted = [key for key in wanted if key[2] == column]
        if not any((report["id"], key) in found for report in reports for key in wanted):
            continue
        tables.append(
            {
                "code": code,
                "forms": forms,
                "rows": [
                    {
                        "row": key[1],
                        "column": key[2],
                        **_labels(key, known.get(key), whole=code != "applications"),
                        "cells": [
                            _cell(
                                found.get((report["id"], key)),
                                form,
                                known.get(key),
                                marked=(report["id"], key) in marks,
                                correction=corrections.get((report["id"], key)),
                            )
                            for report, form in zip(reports, forms, strict=True)
                        ],
                    }
                    for key in wanted
                ],
            }
        )
    return tables


def _key_of(row: Row) -> Key:
    return (row["table_code"], row["row_code"], row["column_code"])


def _labels(key: Key, cell: Row | None, *, whole: bool) -> dict[str, Any]:
    if cell is None:
        return {"label": f"{key[1]} · {key[2]}" if whole else key[1], "label_en": "", "unit": None}
    if not whole:
        return {"label": cell["row_label"], "label_en": cell["row_label_en"], "unit": cell["unit"]}
    return {
        "label": f"{cell['row_label']} · {cell['column_label']}",
        "label_en": f"{cell['row_label_en']} · {cell['column_label_en']}",
        "unit": cell["unit"],
    }


def _cell(
    figure: Row | None, form: str | None, cell: Row | None, *, marked: bool, correction: Row | None
) -> dict[str, Any] | None:
    said = {
        "marked": marked,
        "correction": correction and {"value": correction["value"], "status": correction["status"]},
    }
    if figure is None:
        if form is None or cell is None or form not in json.loads(cell["forms"]):
            return None
        return {"text": "", "status": "missing", "read_as": None, **said}
    printed = (figure["printed"] or "").strip()
    return {"text": printed, "status": figure["status"], "read_as": read_as(figure, printed), **said}


async def _carry_over(
    query: Query, agency_id: str, reports: Sequence[Row], measures: Mapping[str, Row]
) -> list[dict[str, Any]]:
    """A link a year: what the year before carries forward beside what this one carries in, oldest first.

    `outcome` is that of rule Y1 for the column of totals (pass, fail, not_assessable), or `no_report`
    where the year before is not held. `before_agency` is the body before where it is another.
    """
    named, marks = _named([report["id"] for report in reports])
    tested = await query(
        "SELECT cross_checks.report_id, outcome, left_value, right_value, before.id AS before_id,"
        " before.year AS before_year, before.agency AS before_agency, before.agency_id AS before_agency_id"
        " FROM cross_checks LEFT JOIN reports AS before ON before.id = cross_checks.other_report_id"
        f" WHERE cross_checks.report_id IN ({marks}) AND rule = 'Y1' AND subject = 'total'",
        named,
    )
    rules = {row["report_id"]: row for row in tested}
    links = []
    for number, report in enumerate(reports):
        rule = rules.get(report["id"])
        if rule is None and (number == 0 or report["year"] - reports[number - 1]["year"] == 1):
            continue
        other = rule is not None and rule["before_agency_id"] not in (None, agency_id)
        links.append(
            {
                "year": report["year"],
                "report_id": report["id"],
                "before_year": rule["before_year"] if rule else report["year"] - 1,
                "before_id": rule["before_id"] if rule else None,
                "before_agency": rule["before_agency"] if rule and other else None,
                "carried_out": rule["left_value"] if rule else None,
                "carried_in": rule["right_value"]
                if rule and rule["right_value"] is not None
                else measures.get(report["id"], {}).get("carried_in"),
                "outcome": rule["outcome"] if rule else "no_report",
            }
        )
    return links


def _charts(
    reports: Sequence[Row], measures: Mapping[str, Row], lang: str
) -> dict[str, dict[str, Any] | None]:
    text = words().text
    years = [report["year"] for report in reports]
    rows = [measures.get(report["id"]) or defaultdict(lambda: None) for report in reports]
    # A mix is of a report that gives every outcome as a number: a part left out would look like none.
    whole = [all(row[name] is not None for name in OUTCOMES.values()) for row in rows]

    def series(name: str) -> dict[str, Any]:
        return {"label": text(lang, f"measure.{name}"), "values": [row[name] for row in rows]}

    new_form = break_at(lang, NEW_FORM, cuts=False)
    every_year = spanned(years)

    def spread(each: dict[str, Any]) -> dict[str, Any]:
        """A year without a report is a gap, no straight line."""
        by_year = dict(zip(years, each["values"], strict=True))
        return {**each, "values": [by_year.get(year) for year in every_year]}

    return {
        "requests": chart(
            "lines",
            text(lang, "division.requests_chart"),
            every_year,
            [spread(series(name)) for name in ("received_new", "processed_total", "carried_out")],
            lang=lang,
            breaks=[new_form],
        ),
        "outcomes": chart(
            "stack",
            text(lang, "division.outcomes_chart"),
            every_year,
            [
                spread(
                    {
                        "label": text(lang, f"outcome.{name}"),
                        "values": [
                            row[measure] if complete else None
                            for row, complete in zip(rows, whole, strict=True)
                        ],
                    }
                )
                for name, measure in OUTCOMES.items()
            ],
            lang=lang,
            breaks=[new_form],
        ),
        "disputes": chart(
            "lines",
            text(lang, "division.disputes_chart"),
            every_year,
            [spread(series(name)) for name in ("reconsideration_total", "litigation_total")],
            lang=lang,
            breaks=[break_at(lang, RECONSIDERATION_FIRST)],
        ),
    }


async def _sources(query: Query, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Every address at which a report was found, newest year first, with its portal."""
    if not ids:
        return []
    named, marks = _named(ids)
    return await query(
        "SELECT reports.year, report_sources.*, portals.name AS portal"
        " FROM report_sources JOIN reports ON reports.id = report_sources.report_id"
        " JOIN portals ON portals.id = report_sources.portal_id"
        f" WHERE report_sources.report_id IN ({marks})"
        " ORDER BY reports.year DESC, is_primary DESC, report_sources.source_url",
        named,
    )


def _long(reports: Sequence[Row], figures: Sequence[Row], cells: Sequence[Row]) -> list[dict[str, Any]]:
    """Every figure of every year, a row each, in the order of the form: what the CSV of the page is."""
    years = {report["id"]: report["year"] for report in reports}
    place = {_key_of(cell): (number, cell) for number, cell in enumerate(cells)}
    rows = []
    for figure in figures:
        number, cell = place.get(_key_of(figure), (len(cells), None))
        rows.append(
            (
                (years[figure["report_id"]], number),
                {
                    "report_id": figure["report_id"],
                    "year": years[figure["report_id"]],
                    "table": figure["table_code"],
                    "row": figure["row_code"],
                    "column": figure["column_code"],
                    "row_label": cell["row_label"] if cell else None,
                    "column_label": cell["column_label"] if cell else None,
                    "printed": figure["printed"],
                    "value": figure["value"],
                    "unit": figure["unit"],
                    "status": figure["status"],
                    "note": figure["note"],
                },
            )
        )
    return [row for _, row in sorted(rows, key=lambda each: each[0])]
