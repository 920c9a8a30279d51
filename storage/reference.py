"""Fills the tables that everything else points at: divisions, portals, the cells of the forms.

What is written comes in as arguments; this file decides only whether it differs from what stands.
Owns `divisions`, `renamings`, `portals`, `form_rules`, `form_cells`, `derived_totals` and the wide views
made from the last two; `overrides` is `storage.overrides`'.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence

from sqlite_utils import Database

from crawler.items import Portal
from pipelines.records import Cell, DerivedTotal, Division, FormCell, FormRule, Renaming
from storage import overrides as overrides_of_readers
from storage import views
from storage.database import create_views, file_of, one_line_errors, transaction
from storage.overrides import Override

Row = tuple[object, ...]

_DIVISION_COLUMNS = ("code", "name", "kind", "parent_code", "valid_from", "valid_to")
_RENAMING_COLUMNS = ("before", "after", "kind", "since", "division_code", "note")
_CELL_COLUMNS = (
    "table_code",
    "row_code",
    "column_code",
    "row_label",
    "column_label",
    "row_label_en",
    "column_label_en",
    "unit",
    "forms",
    "position",
)
_DERIVED_COLUMNS = (
    "table_code",
    "axis",
    "code",
    "parts",
    "label",
    "label_en",
    "printed_in",
    "position",
)
_RULE_COLUMNS = (
    "form",
    "table_code",
    "rule",
    "subject",
    "relation",
    "severity",
    "told",
    "left_cells",
    "right_cells",
    "exempt",
    "says",
    "position",
)
_PORTAL_COLUMNS = (
    "id",
    "name",
    "division_code",
    "home_url",
    "platform",
    "sections",
    "hosts",
    "since",
    "agency",
    "delay",
    "http_only",
    "disabled",
    "note",
    "shared",
)


def write_reference(
    db: Database,
    *,
    divisions: Iterable[Division],
    form_cells: Sequence[FormCell],
    derived: Sequence[DerivedTotal],
    portals: Iterable[Portal] = (),
    renamings: Iterable[Renaming] | None = None,
    overrides: Sequence[Override] | None = None,
    rules: Sequence[FormRule] | None = None,
) -> bool:
    """Brings the reference tables and the wide views to what is given; says whether anything changed.

    `renamings`, `overrides` and `rules` that are None are left as they stand.

    Portals are added and changed, never taken away: fetches of earlier runs belong to them. A
    portal's state is `disabled` where the registry says so, else what the last crawl saw, else `ok`.
    Raises `StorageError`.
    """
    changed = _replace_rows(db, "divisions", _DIVISION_COLUMNS, [_division_row(item) for item in divisions])
    changed |= _replace_rows(db, "form_cells", _CELL_COLUMNS, [_cell_row(item) for item in form_cells])
    changed |= _replace_rows(
        db,
        "derived_totals",
        _DERIVED_COLUMNS,
        [_derived_row(position, item) for position, item in enumerate(derived, start=1)],
    )
    if renamings is not None:
        changed |= _replace_rows(db, "renamings", _RENAMING_COLUMNS, [_renaming_row(it) for it in renamings])
    if overrides is not None:
        known = {Cell(cell.table, cell.row, cell.column) for cell in form_cells}
        changed |= overrides_of_readers.write(db, overrides, known)
    if rules is not None:
        rows = [_rule_row(position, rule) for position, rule in enumerate(rules, start=1)]
        changed |= _replace_rows(db, "form_rules", _RULE_COLUMNS, rows)
    for portal in portals:
        changed |= _write_portal(db, portal)
    changed |= create_views(db, views.wide_views(form_cells, derived))
    return changed


def form_layout(connection: sqlite3.Connection) -> tuple[list[FormCell], list[DerivedTotal]]:
    """The cells of the forms and the derived totals as the database holds them, in their order."""
    cells = [
        FormCell._make((*row[:8], tuple(json.loads(row[8])), row[9]))
        for row in connection.execute(f"SELECT {', '.join(_CELL_COLUMNS)} FROM form_cells ORDER BY position")
    ]
    derived = [
        DerivedTotal._make((*row[:3], tuple(json.loads(row[3])), *row[4:6], tuple(json.loads(row[6]))))
        for row in connection.execute(
            f"SELECT {', '.join(_DERIVED_COLUMNS)} FROM derived_totals ORDER BY position"
        )
    ]
    return cells, derived


MANY = 5
"""Portals of which none answers: the line from here is broken, and not all of theirs."""


def mark_portal_states(db: Database, crawl_id: int) -> None:
    """Sets the state of every portal that the crawl asked, from how its first pages answered.

    `blocked`: every answer of its home, hub, section and list pages was a refusal (403, 412, or a
    challenge page); `dead`: no request was answered at all; otherwise `ok`. Disabled portals stay so. Where
    a run asked many portals and nobody answered, it is not they that are dead: all states stay.
    """
    with transaction(db):
        db.conn.execute(
            """
            WITH seen AS (
                SELECT portal_id,
                    count(status) AS answered,
                    sum(status BETWEEN 200 AND 299 AND NOT EXISTS (
                        SELECT 1 FROM problems
                        WHERE problems.fetch_id = fetches.id AND problems.code = 'challenge_page'
                    )) AS served,
                    sum(status IN (403, 412) OR EXISTS (
                        SELECT 1 FROM problems
                        WHERE problems.fetch_id = fetches.id AND problems.code = 'challenge_page'
                    )) AS refused
                FROM fetches JOIN portals AS p ON p.id = portal_id
                WHERE crawl_id = :crawl AND (
                    role IN ('home', 'hub', 'list')
                    -- Where robots.txt gets no answer, nothing else is asked for.
                    OR role = 'robots' AND status IS NULL AND url = substr(
                        p.home_url || '/', 1, instr(substr(p.home_url || '/', 9), '/') + 8
                    ) || 'robots.txt'
                )
                GROUP BY portal_id
            ), judged AS (
                SELECT portal_id, CASE
                    WHEN answered = 0 THEN 'dead'
                    WHEN served = 0 AND refused > 0 THEN 'blocked'
                    ELSE 'ok'
                END AS state
                FROM seen
            )
            UPDATE portals SET state = judged.state
            FROM judged
            WHERE portals.id = judged.portal_id AND portals.disabled = 0
                AND portals.state IS NOT judged.state
                AND (SELECT count(*) < :many OR sum(answered) > 0 FROM seen)
            """,
            {"crawl": crawl_id, "many": MANY},
        )


def _replace_rows(db: Database, table: str, columns: tuple[str, ...], rows: list[Row]) -> bool:
    """Makes `rows` the rows of the table where they differ; says whether it wrote."""
    with one_line_errors(file_of(db)):
        standing = set(db.conn.execute(f"SELECT {', '.join(columns)} FROM {table}"))
    if standing == set(rows):
        return False
    with transaction(db):
        db.conn.execute(f"DELETE FROM {table}")
        db.conn.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", rows
        )
    return True


def _division_row(division: Division) -> Row:
    return (
        division.code,
        division.name,
        division.kind,
        division.parent_code,
        division.valid_from,
        division.valid_to,
    )


def _renaming_row(renaming: Renaming) -> Row:
    return (
        renaming.before,
        renaming.after,
        renaming.kind,
        renaming.since,
        renaming.division_code,
        renaming.note,
    )


def _cell_row(cell: FormCell) -> Row:
    return (
        cell.table,
        cell.row,
        cell.column,
        cell.row_label,
        cell.column_label,
        cell.row_label_en,
        cell.column_label_en,
        cell.unit,
        _json_list(cell.forms),
        cell.order,
    )


def _derived_row(position: int, total: DerivedTotal) -> Row:
    return (
        total.table,
        total.axis,
        total.code,
        _json_list(total.parts),
        total.label,
        total.label_en,
        _json_list(total.printed_in),
        position,
    )


def _rule_row(position: int, rule: FormRule) -> Row:
    """A rule as a row; its cells are `row/column`, all of the rule's table."""
    return (
        rule.form,
        rule.table,
        rule.rule,
        rule.subject,
        rule.relation,
        rule.severity,
        rule.told,
        _json_list([f"{cell.row}/{cell.column}" for cell in rule.left]),
        _json_list([f"{cell.row}/{cell.column}" for cell in rule.right]),
        _json_list(rule.exempt),
        rule.says,
        position,
    )


def _portal_row(portal: Portal) -> Row:
    return (
        portal.id,
        portal.name,
        portal.division,
        portal.home,
        portal.platform,
        _json_list(portal.sections),
        _json_list(portal.hosts),
        portal.since,
        portal.agency,
        None if portal.delay is None else float(portal.delay),
        int(portal.http_only),
        int(portal.disabled),
        portal.note,
        json.dumps([list(pair) for pair in portal.shared]),
    )


def _write_portal(db: Database, portal: Portal) -> bool:
    row = _portal_row(portal)
    with one_line_errors(file_of(db)):
        found = db.conn.execute(
            f"SELECT state, {', '.join(_PORTAL_COLUMNS)} FROM portals WHERE id = ?", (portal.id,)
        ).fetchone()
    if portal.disabled:
        state = "disabled"
    elif found is None or found[0] == "disabled":
        state = "ok"
    else:
        state = found[0]
    if found is not None and found == (state, *row):
        return False
    columns = ("state", *_PORTAL_COLUMNS)
    updates = ", ".join(f"{column} = excluded.{column}" for column in columns if column != "id")
    with transaction(db):
        db.conn.execute(
            f"INSERT INTO portals ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
            f" ON CONFLICT (id) DO UPDATE SET {updates}",
            (state, *row),
        )
    return True


def _json_list(values: Sequence[str]) -> str:
    return json.dumps(list(values), ensure_ascii=False)
