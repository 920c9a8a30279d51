"""Statements that change `figures` and `checks`, which are views, as one changes tables.

For tests in which a database is not what was read. The triggers behind it are the connection's own and
nothing of the project's.
"""

from __future__ import annotations

import sqlite3

_FIGURE_KIND = "unit IS NEW.unit AND status = NEW.status AND method = NEW.method AND verified = NEW.verified"
_CHECK_KIND = (
    "rule = NEW.rule AND subject = NEW.subject AND outcome = NEW.outcome AND zero_filled = NEW.zero_filled"
    " AND severity = NEW.severity AND attribution IS NEW.attribution AND wording = ''"
)
_CELL = (
    "(SELECT number FROM figure_cells WHERE table_code = {0}.table_code AND row_code = {0}.row_code"
    " AND column_code = {0}.column_code)"
)
_REPORT = "(SELECT number FROM report_numbers WHERE report_id = {0}.report_id)"
_NEXT = (
    "(SELECT iif({0}, ifnull(max(number), 0) + 1, ifnull(min(number), 0) - 1) FROM {1}"
    " WHERE {0} = (number > 0))"
)

_GONE = {
    "figures": (
        f"DELETE FROM stored_prints WHERE report = {_REPORT.format('OLD')} AND cell = {_CELL.format('OLD')};"
        f"DELETE FROM stored_figures WHERE report = {_REPORT.format('OLD')} AND cell = {_CELL.format('OLD')};"
    ),
    "checks": (
        f"DELETE FROM stored_checks WHERE report = {_REPORT.format('OLD')} AND position = OLD.position;"
    ),
}
_THERE = {
    "figures": f"""
        INSERT INTO figure_cells (table_code, row_code, column_code)
            SELECT NEW.table_code, NEW.row_code, NEW.column_code WHERE {_CELL.format("NEW")} IS NULL;
        INSERT INTO figure_kinds
            SELECT {_NEXT.format("(NEW.status = 'number')", "figure_kinds")},
                NEW.unit, NEW.status, NEW.method, NEW.verified, 'stored'
            WHERE NOT EXISTS (SELECT 1 FROM figure_kinds WHERE {_FIGURE_KIND} AND printed_as = 'stored');
        INSERT INTO stored_figures (report, cell, value, kind, place)
            SELECT {_REPORT.format("NEW")}, {_CELL.format("NEW")}, NEW.value, number, NEW.locator
            FROM figure_kinds WHERE {_FIGURE_KIND} AND printed_as = 'stored';
        INSERT INTO stored_prints (report, cell, printed, note)
            SELECT {_REPORT.format("NEW")}, {_CELL.format("NEW")}, NEW.printed, NEW.note
            WHERE NEW.printed IS NOT NULL OR NEW.note IS NOT NULL;
    """,
    "checks": f"""
        INSERT INTO check_kinds
            SELECT {_NEXT.format("(NEW.outcome <> 'fail')", "check_kinds")},
                NEW.rule, NEW.subject, NEW.outcome, NEW.zero_filled, NEW.severity, NEW.attribution,
                ''
            WHERE NOT EXISTS (SELECT 1 FROM check_kinds WHERE {_CHECK_KIND});
        INSERT INTO stored_checks (report, position, kind, left_value, right_value, suspect, rest)
            SELECT {_REPORT.format("NEW")}, NEW.position, number, NEW.left_value, NEW.right_value,
                NEW.suspect, NEW.detail
            FROM check_kinds WHERE {_CHECK_KIND};
    """,
}


def damage(conn: sqlite3.Connection, sql: str, *values: object) -> int:
    """Runs an INSERT, UPDATE or DELETE on `figures` or `checks`; says how many of their rows it changed."""
    conn.execute("CREATE TEMP TABLE IF NOT EXISTS damaged (n)")
    before = conn.execute("SELECT count(*) FROM damaged").fetchone()[0]
    for view in ("figures", "checks"):
        for way, steps in (
            ("DELETE", _GONE[view]),
            ("UPDATE", _GONE[view] + _THERE[view]),
            ("INSERT", _THERE[view]),
        ):
            conn.execute(
                f"CREATE TEMP TRIGGER IF NOT EXISTS {view}_{way} INSTEAD OF {way} ON main.{view}"
                f" BEGIN {steps} INSERT INTO damaged VALUES (1); END"
            )
    conn.execute(sql, values)
    changed: int = conn.execute("SELECT count(*) FROM damaged").fetchone()[0] - before
    return changed
