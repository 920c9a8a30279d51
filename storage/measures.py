"""The figures that questions are asked about, one row a report, with the totals derived from them.

Owns the table `measures`, made anew as a whole. Each is the cell of a statutory table, or NULL where
the report does not have it or it is no number; a derived total is NULL unless every part is a number.
"""

from __future__ import annotations

import hashlib

from sqlite_utils import Database

from storage.database import file_of, one_line_errors, transaction

_APPLICANTS = (
    "natural_person",
    "org_business",
    "org_research",
    "org_public_interest",
    "org_legal_service",
    "org_other",
)
_ROWS = (
    "received_new",
    "carried_in",
    "carried_out",
    "processed_total",
    "disclosed_full",
    "disclosed_partial",
    "unable_not_held",
)
DENIED = (
    "denied_state_secret",
    "denied_prohibited_by_law",
    "denied_security_stability",
    "denied_third_party",
    "denied_internal_affairs",
    "denied_process_information",
    "denied_enforcement_file",
    "denied_administrative_query",
)
_UNABLE = ("unable_not_held", "unable_requires_creation", "unable_still_unclear")
_NOT_PROCESSED = (
    "not_processed_petition_complaint",
    "not_processed_duplicate",
    "not_processed_publication",
    "not_processed_abusive",
    "not_processed_reconfirmation",
)
_OTHER = ("other_uncorrected_overdue", "other_fee_unpaid", "other_other")
_GROUPS = ("reconsideration", "litigation_direct", "litigation_after_reconsideration")
_KEY_ROWS = ("received_new", "carried_in", "processed_total", "carried_out")
"""Rows that are nought in every column where a body had nothing to do with applications all year."""


def _looked_up(table: str, row: str, column: str) -> str:
    # The number of the cell is looked up once, that of the report once a report.
    return (
        "(SELECT value FROM stored_figures WHERE report = report_numbers.number AND cell ="
        f" (SELECT number FROM figure_cells WHERE table_code = '{table}' AND row_code = '{row}'"
        f" AND column_code = '{column}'))"
    )


def _total(row: str) -> str:
    return _looked_up("applications", row, "total")


_ZERO_STATE = f"""(
    SELECT CASE WHEN sum(value <> 0) THEN 'some'
        WHEN count(*) = 28 AND count(value) = 28 THEN 'zero' ELSE 'blank' END
    FROM stored_figures WHERE report = report_numbers.number AND cell IN (
        SELECT number FROM figure_cells WHERE table_code = 'applications'
            AND row_code IN ({", ".join(f"'{row}'" for row in _KEY_ROWS)})
    ) HAVING count(*) > 0
)"""

_CELLS: dict[str, str] = {
    **{row: _total(row) for row in (*_ROWS, *DENIED, *_UNABLE, *_NOT_PROCESSED, *_OTHER)},
    "other_printed": _total("other_total"),
    **{f"received_{column}": _looked_up("applications", "received_new", column) for column in _APPLICANTS},
    **{
        f"{group}_{column}": _looked_up("review_litigation", group, column)
        for group in _GROUPS
        for column in ("total", "corrected", "pending")
    },
    **{
        f"normative_documents_{column}": _looked_up("proactive", "normative_documents", column)
        for column in ("issued", "repealed", "in_force")
    },
    **{
        f"{name}_decisions": _looked_up("proactive", f"administrative_{name}", "decisions")
        for name in ("licensing", "penalty", "compulsion")
    },
    "zero_state": _ZERO_STATE,
}
"""The cells that are looked up of each report, once each, and what the key rows hold."""

_TOTALS: dict[str, str] = {
    "denied_total": " + ".join(DENIED),
    "unable_total": " + ".join(_UNABLE),
    "not_processed_total": " + ".join(_NOT_PROCESSED),
    # Printed by one form, a sum in the other.
    "other_total": f"ifnull(other_printed, {' + '.join(_OTHER)})",
    "litigation_total": " + ".join(f"{group}_total" for group in _GROUPS[1:]),
}
_PARTS = {*_UNABLE[1:], *_NOT_PROCESSED, *_OTHER, "other_printed"}

COLUMNS: dict[str, str] = {name: name for name in _CELLS if name not in _PARTS} | _TOTALS
"""Columns of `measures`, and what fills them from the cells."""

_FILLED = f"""
    INSERT INTO measures (report_id, {", ".join(COLUMNS)})
    WITH cells AS MATERIALIZED (
        SELECT id AS report_id, {", ".join(f"{sql} AS {name}" for name, sql in _CELLS.items())}
        FROM reports JOIN report_numbers ON report_numbers.report_id = reports.id ORDER BY id
    )
    SELECT report_id, {", ".join(COLUMNS.values())} FROM cells
"""


def refresh(db: Database) -> bool:
    """Makes `measures` anew where a report changed since; says whether it did. Raises `StorageError`."""
    with one_line_errors(file_of(db)):
        digest = hashlib.sha256(_FILLED.encode("utf-8"))
        for row in db.conn.execute("SELECT id, record_hash FROM reports ORDER BY id"):
            digest.update(repr(row).encode("utf-8"))
        made_from = digest.hexdigest()
        standing = db.conn.execute("SELECT made_from FROM findings_state WHERE name = 'measures'").fetchone()
    if standing is not None and standing[0] == made_from:
        return False
    with transaction(db):
        db.conn.execute("DELETE FROM measures")
        db.conn.execute(_FILLED)
        db.conn.execute(
            "INSERT INTO findings_state VALUES ('measures', ?)"
            " ON CONFLICT DO UPDATE SET made_from = excluded.made_from",
            (made_from,),
        )
    return True
