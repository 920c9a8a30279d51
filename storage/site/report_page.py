"""Prepares the page of one report: its tables as the form prints them, and all that is known of it.

Owns no SQL of other pages and no mark-up. Everything is read from the database; the labels of rows
and columns are those of the form. A cell that the form has and the report does not is shown as
missing, a blank cell as blank: neither is a nought.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from storage.views.wide import placed_after

TITLES = {
    "proactive": ("二、主动公开政府信息情况", "Proactive disclosure"),
    "applications": ("三、收到和处理政府信息公开申请情况", "Applications received and handled"),
    "review_litigation": ("四、政府信息公开行政复议、行政诉讼情况", "Reconsideration and litigation"),
}
"""Headings of the statutory tables, in the order of the form; other tables stand under their code."""

STATUS_WORDS = {
    "blank": ("空", "blank: the cell is there and empty, which is not 0"),
    "not_applicable": ("", "not applicable: the report prints a mark in place of a number"),
    "merged": ("合", "merged: the row prints fewer values than it has cells, so none can be told"),
    "unreadable": ("？", "unreadable: something stands in the cell that could not be read"),
    "missing": ("缺", "missing: the form has this cell, and none was found in the document"),
}

Row = Mapping[str, Any]


Query: TypeAlias = Callable[[str, Mapping[str, Any]], Awaitable[list[dict[str, Any]]]]
"""Runs SQL with named parameters and gives the rows as mappings."""


async def report_page(query: Query, report_id: str) -> dict[str, Any]:
    """All that the template of a report's page shows; keys are named for what they hold.

    `tables` are those of `grids`; the rest are rows of the tables of the same name.
    """
    parameters = {"id": report_id}
    report = (await query("SELECT * FROM reports WHERE id = :id", parameters))[0]
    figures = await query("SELECT * FROM figures WHERE report_id = :id", parameters)
    cells = await query("SELECT * FROM form_cells ORDER BY position", {})
    totals = await query("SELECT * FROM derived_totals WHERE axis = 'row' ORDER BY position", {})
    checks = await query("SELECT * FROM checks WHERE report_id = :id ORDER BY position", parameters)
    problems = await query("SELECT * FROM problems WHERE report_id = :id ORDER BY stage, id", parameters)
    suspects = {tuple(json.loads(check["suspect"])) for check in checks if check["suspect"] and _fails(check)}
    doubted = {tuple(cell) for problem in problems for cell in json.loads(problem["cells"])}
    return {
        "report": report,
        "tables": grids(figures, cells, totals, json.loads(report["forms"]), suspects, doubted),
        "failed_checks": [
            {**check, "suspect": _cell_label(cells, check["suspect"])} for check in checks if _fails(check)
        ],
        "not_assessable": sum(check["outcome"] == "not_assessable" for check in checks),
        "passed": sum(check["outcome"] == "pass" for check in checks),
        "problems": problems,
        "sections": await query("SELECT * FROM sections WHERE report_id = :id ORDER BY position", parameters),
        "claims": await query("SELECT * FROM claims WHERE report_id = :id ORDER BY position", parameters),
        "sources": await query(
            "SELECT report_sources.*, portals.name AS portal, fetches.fetched_at FROM report_sources"
            " JOIN portals ON portals.id = report_sources.portal_id"
            " JOIN fetches ON fetches.id = report_sources.fetch_id"
            " WHERE report_id = :id ORDER BY is_primary DESC, source_url, document_url",
            parameters,
        ),
        "versions": [
            {**version, "changes": json.loads(version["changes"]), "parts": json.loads(version["parts"])}
            for version in await query(
                "SELECT * FROM report_versions WHERE report_id = :id ORDER BY version", parameters
            )
        ],
        "other_years": await query(
            "SELECT id, year FROM reports WHERE agency_id = :agency AND id <> :id ORDER BY year",
            {"id": report_id, "agency": report["agency_id"]},
        ),
    }


def grids(
    figures: Sequence[Row],
    cells: Sequence[Row],
    totals: Sequence[Row],
    forms: Mapping[str, str | None],
    suspects: Iterable[tuple[str, ...]] = (),
    doubted: Iterable[tuple[str, ...]] = (),
) -> list[dict[str, Any]]:
    """The report's tables as rows × columns, in the order of the form.

    Each has `code`, `title`, `title_en`, `form`, `columns` (label, label_en) and `rows` (label,
    label_en, cells). A cell is None where the form has none, else what `_shown_cell` gives. Rows
    and columns are those that the report prints and those that its form has; local ones come last.
    """
    found = {(row["table_code"], row["row_code"], row["column_code"]): row for row in figures}
    known = {(row["table_code"], row["row_code"], row["column_code"]): row for row in cells}
    marks = (frozenset(suspects), frozenset(doubted))
    codes = list(dict.fromkeys([*TITLES, *(table for table, _, _ in found)]))
    tables = []
    for code in codes:
        form = forms.get(code)
        printed = [key for key in found if key[0] == code]
        due = [key for key, cell in known.items() if key[0] == code and form in json.loads(cell["forms"])]
        if not printed:
            continue
        wanted = list(dict.fromkeys([*(key for key in known if key in {*printed, *due}), *printed]))
        rows = [row for row in _rows_in_order(code, known, totals) if any(key[1] == row for key in wanted)]
        rows = list(dict.fromkeys([*rows, *(key[1] for key in wanted)]))
        wanted.sort(key=lambda key: rows.index(key[1]))
        title, title_en = TITLES.get(code, (code, code))
        columns = list(dict.fromkeys(key[2] for key in wanted))
        tables.append(
            {
                "code": code,
                "title": title,
                "title_en": title_en,
                "form": form,
                "columns": [_label(known, wanted, column, "column") for column in columns],
                "rows": [
                    {
                        **_label(known, wanted, row, "row"),
                        "cells": [
                            _shown_cell((code, row, column), found, marks)
                            if (code, row, column) in wanted
                            else None
                            for column in columns
                        ],
                    }
                    for row in rows
                ],
            }
        )
    return tables


def _shown_cell(
    key: tuple[str, str, str],
    found: Mapping[tuple[str, str, str], Row],
    marks: tuple[frozenset[tuple[str, ...]], frozenset[tuple[str, ...]]],
) -> dict[str, Any]:
    """`text`, `status`, `title` (the hover text), and whether a check suspects or a problem doubts it."""
    figure = found.get(key)
    status = figure["status"] if figure is not None else "missing"
    printed = (figure["printed"] or "").strip() if figure is not None else ""
    word, explanation = STATUS_WORDS.get(status, ("", ""))
    title = [explanation] if explanation else []
    if figure is not None and status == "number" and printed != str(figure["value"]):
        title.append(f"read as {figure['value']} {figure['unit'] or ''}".strip())
    if figure is not None and figure["note"]:
        title.append(figure["note"])
    suspects, doubted = marks
    if key in suspects:
        title.append("a check that fails suspects this cell")
    if key in doubted:
        title.append("a problem below names this cell")
    return {
        "text": printed or word,
        "status": status,
        "title": "; ".join(title),
        "suspect": key in suspects,
        "doubted": key in doubted,
    }


def _rows_in_order(table: str, known: Iterable[tuple[str, str, str]], totals: Iterable[Row]) -> list[str]:
    """The rows of the table in the order of the form; a total that some form prints follows its parts."""
    rows = list(dict.fromkeys(key[1] for key in known if key[0] == table))
    for total in totals:
        if total["table_code"] == table and total["code"] in rows:
            rows = placed_after(rows, total["code"], json.loads(total["parts"]))
    return rows


def _cell_label(cells: Iterable[Row], suspect: str | None) -> str | None:
    """The cell that a check suspects, by the labels of the form."""
    if suspect is None:
        return None
    key = tuple(json.loads(suspect))
    for cell in cells:
        if (cell["table_code"], cell["row_code"], cell["column_code"]) == key:
            return f"{cell['row_label']} · {cell['column_label']}"
    return " / ".join(key)


def _label(
    known: Mapping[tuple[str, str, str], Row],
    wanted: Iterable[tuple[str, str, str]],
    code: str,
    axis: str,
) -> dict[str, str]:
    index = 1 if axis == "row" else 2
    for key in wanted:
        if key[index] == code and key in known:
            return {"label": known[key][f"{axis}_label"], "label_en": known[key][f"{axis}_label_en"]}
    return {
        "label": code,
        "label_en": "not a row of the form" if axis == "row" else "not a column of the form",
    }


def _fails(check: Row) -> bool:
    return bool(check["outcome"] == "fail")
