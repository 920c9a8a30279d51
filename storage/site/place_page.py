"""Prepares the page of a place: one figure, how it was read, and where it stands in the archived copy.

Owns no mark-up and no words. The copy itself is looked into by `storage.site.archived`.
"""

from __future__ import annotations

import json
from typing import Any

from storage.site.report_page import Labels, Query, corrections_of, failing_rules

_FACTS = (
    "id, agency, agency_id, year, title, sha256, member, source_url, document_url, fetched_at, fetch_id,"
    " extractor_version, forms, division_code"
)


async def figure_page(
    query: Query, report_id: str, table: str, row: str, column: str
) -> dict[str, Any] | None:
    """`report`, `figure` (with its `locator` as data), its labels, the form's units, the rules that fail
    with it, and what readers say against it; None where the report has no such figure.
    """
    key = {"id": report_id, "table": table, "row": row, "column": column}
    reports = await query(f"SELECT {_FACTS} FROM reports WHERE id = :id", {"id": report_id})
    figures = await query(
        "SELECT * FROM figures WHERE report_id = :id AND table_code = :table AND row_code = :row"
        " AND column_code = :column",
        key,
    )
    if not reports or not figures:
        return None
    report, figure = reports[0], figures[0]
    labels = Labels(
        await query("SELECT * FROM form_cells WHERE table_code = :table", {"table": table}),
        await query("SELECT * FROM derived_totals WHERE table_code = :table", {"table": table}),
    )
    named = labels.cell((table, row, column))
    remarks = [
        remark
        for remark in await failing_rules(query, report, labels)
        if any(cell["cell"] == [table, row, column] for cell in remark["cells"])
    ]
    return {
        "report": {name: value for name, value in report.items() if name != "forms"},
        "form": json.loads(report["forms"]).get(table),
        "figure": {**figure, "locator": json.loads(figure["locator"])},
        "label": named["label"],
        "label_en": named["label_en"],
        "remarks": remarks,
        "correction": (await corrections_of(query, report_id)).get((table, row, column)),
        "document": await _document(query, report),
    }


async def _document(query: Query, report: dict[str, Any]) -> dict[str, Any]:
    rows = await query("SELECT * FROM documents WHERE sha256 = :sha256", {"sha256": report["sha256"]})
    return rows[0] if rows else {}
