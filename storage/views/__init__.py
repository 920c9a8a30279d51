"""The views that people open: one SQL file each, and the wide ones built from the cells of the forms.

Owns their definitions and the comparison with what a database holds. A view is no data: it is made
anew wherever its text differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources

from sqlite_utils import Database

from pipelines.records import DerivedTotal, FormCell
from storage.views.wide import WIDE_TABLES, wide_view


def standing_views() -> dict[str, str]:
    """The views that need no form: name → CREATE VIEW statement, read from the SQL files beside this one."""
    definitions = {}
    for entry in sorted(resources.files(__name__).iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".sql"):
            name = entry.name.removesuffix(".sql")
            definitions[name] = f'CREATE VIEW "{name}" AS\n{entry.read_text("utf-8").strip().rstrip(";")}'
    return definitions


def wide_views(form_cells: Sequence[FormCell], derived: Sequence[DerivedTotal]) -> dict[str, str]:
    """The wide views of the statutory tables: name → CREATE VIEW statement."""
    return {
        table: wide_view(
            table,
            [cell for cell in form_cells if cell.table == table],
            [total for total in derived if total.table == table],
        )
        for table in WIDE_TABLES
        if any(cell.table == table for cell in form_cells)
    }


def differing(db: Database, definitions: Mapping[str, str]) -> dict[str, str]:
    """Those of `definitions` that the database lacks or holds with another text."""
    standing = dict(db.conn.execute("SELECT name, sql FROM sqlite_master WHERE type = 'view'"))
    return {name: sql for name, sql in definitions.items() if standing.get(name) != sql}
