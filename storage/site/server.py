"""Puts Datasette together: database, words, settings, plugins, templates.

Owns what differs from a plain `datasette FILE`. The database is always served under the name
`nianbao`, whatever its file is called, so that addresses and templates stay.
"""

from __future__ import annotations

import sqlite3
import tomllib
from importlib import import_module, resources
from pathlib import Path
from typing import Any

from datasette.app import Datasette
from datasette.database import Database

from pipelines.records import DerivedTotal, FormCell
from storage.database import StorageError, one_line_errors
from storage.reference import form_layout
from storage.views.wide import WIDE_TABLES, wide_columns

NAME = "nianbao"
STATIC = "nianbao-static"
SITE = Path(str(resources.files("storage.site")))

SETTINGS = {
    # A cell of a wide view is a look-up each; a page of a hundred wide rows needs a moment on a slow disk.
    "sql_time_limit_ms": 5000,
    "facet_time_limit_ms": 1000,
    "default_page_size": 50,
    "max_returned_rows": 2000,
    # Guessed facets cost a query a column, and the wide views have hundreds; useful ones are declared.
    "suggest_facets": False,
    # The file holds readings and internal tables too; tables are to be had as CSV and JSON.
    "allow_download": False,
    "truncate_cells_html": 240,
}


def site(database: Path, *, immutable: bool = False) -> Datasette:
    """Datasette over the database file, ready to be served. Raises `StorageError`, one line.

    `immutable` promises that nobody writes to the file meanwhile: pages are then cached and counted once.
    """
    # Where rich is installed, Datasette prints every error with all local values, a wrong address's too.
    import_module("datasette.handle_exception").rich = None  # type: ignore[attr-defined]
    words = metadata(database)
    served = Datasette(
        [],
        metadata=words,
        settings=SETTINGS,
        template_dir=str(SITE / "templates"),
        plugins_dir=str(SITE / "plugins"),
        static_mounts=[(STATIC, str(SITE / "static"))],
    )
    # Datasette adds a database in memory where it is given no file.
    served.remove_database("_memory")
    served.add_database(Database(served, path=str(database), is_mutable=not immutable), name=NAME)
    return served


def metadata(database: Path) -> dict[str, Any]:
    """Titles and descriptions of the database and of every table, view and column in it.

    The words are those of `descriptions.toml`; the columns of the wide views are described from the
    forms' own labels, which the database holds.
    """
    words = descriptions()
    connection = _read_only(database)
    try:
        with one_line_errors(database):
            cells, derived = form_layout(connection)
            shown = set(wide_view_names(connection))
    finally:
        connection.close()
    tables = dict(words["tables"])
    for table in WIDE_TABLES:
        if table in shown:
            tables[table] = _wide_description(table, tables[table], words["wide"], cells, derived)
        else:
            del tables[table]
    return {
        "title": words["title"],
        "description": words["description"],
        "extra_css_urls": [f"/{STATIC}/nianbao.css"],
        "databases": {
            NAME: {
                "title": words["title"],
                "description": words["database"],
                "tables": tables,
                "queries": words["queries"],
            }
        },
    }


def descriptions() -> dict[str, Any]:
    """The words of the site, as `descriptions.toml` has them."""
    return tomllib.loads((SITE / "descriptions.toml").read_text("utf-8"))


def wide_view_names(connection: sqlite3.Connection) -> list[str]:
    """Those wide views that the database has."""
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'")}
    return [table for table in WIDE_TABLES if table in names]


def _wide_description(
    table: str,
    words: dict[str, Any],
    common: dict[str, str],
    cells: list[FormCell],
    derived: list[DerivedTotal],
) -> dict[str, Any]:
    cells = [cell for cell in cells if cell.table == table]
    derived = [total for total in derived if total.table == table]
    labels = {
        **{cell.row: (cell.row_label, cell.row_label_en) for cell in cells},
        **{cell.column: (cell.column_label, cell.column_label_en) for cell in cells},
        **{total.code: (total.label, total.label_en) for total in derived},
    }
    by_cell = {(cell.row, cell.column): cell for cell in cells}
    columns = {name: text for name, text in common.items() if name != "not_numbers"}
    for column in wide_columns(cells, derived):
        cell = by_cell.get((column.row, column.column))
        row_label, row_label_en = (cell.row_label, cell.row_label_en) if cell else labels[column.row]
        column_label, column_label_en = (
            (cell.column_label, cell.column_label_en) if cell else labels[column.column]
        )
        origin = (
            f"printed in {', '.join(cell.forms)}"
            if cell
            else "derived: the sum of its parts, empty unless every part is a number"
        )
        unit = f" ({cell.unit})" if cell and cell.unit else ""
        columns[column.name] = (
            f"{row_label} · {column_label}{unit} — {row_label_en}, {column_label_en}; {origin}"
        )
    columns["not_numbers"] = common["not_numbers"]
    return {**words, "columns": columns}


def _read_only(database: Path) -> sqlite3.Connection:
    if not database.is_file():
        raise StorageError(
            f"{database}: there is no such database; crawl first, or name another one with -s DATABASE=FILE"
        )
    with one_line_errors(database):
        connection = sqlite3.connect(f"file:{database.resolve().as_posix()}?mode=ro", uri=True)
        try:
            connection.execute("SELECT 1 FROM form_cells LIMIT 1")
        except sqlite3.OperationalError as error:
            connection.close()
            if "no such table" in str(error):
                raise StorageError(
                    f"{database}: is a SQLite database, but not one that this program made;"
                    " name another one with -s DATABASE=FILE"
                ) from error
            raise
        except BaseException:
            connection.close()
            raise
    return connection
