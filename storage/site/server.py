"""Puts Datasette together: database, words, settings, plugins, templates.

Owns what differs from a plain `datasette FILE`.
"""

from __future__ import annotations

import re
import sqlite3
import sys
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module, resources
from pathlib import Path
from typing import Any

from datasette.app import Datasette
from datasette.database import Database, Results

from pipelines.records import DerivedTotal, FormCell
from storage.archive import ArchiveReader
from storage.database import StorageError, one_line_errors
from storage.reference import form_layout
from storage.schema import MIGRATIONS
from storage.site import DATABASE
from storage.site.archived import Archived, PlaceFinder
from storage.site.frame import Application
from storage.site.kept import inspected, kept, stamp
from storage.site.labels import FormLabels, read_form_labels
from storage.views.wide import WIDE_TABLES, wide_columns

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


_WHERE_FILES_LIE = (re.compile("pragma_database_list"), "pragma_database_list() is not to be had")
"""A further rule of Datasette for the SQL of readers: where the file lies is nobody's business."""

_OF_THE_FILE = frozenset(
    {
        sqlite3.SQLITE_INTERNAL,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)
"""Failures of SQLite that no SQL is to blame for."""

_READING = frozenset({"view-instance", "view-database", "view-table", "view-query", "execute-sql"})


class Site(Datasette):  # type: ignore[misc]  # it has no types
    """Datasette with what pages of ours take from beside the database."""

    archived: Archived
    form_labels: FormLabels
    views: frozenset[str]
    columns_zh: Mapping[str, Mapping[str, str]]
    """What the columns of each table mean, in Chinese: not in the metadata, which Datasette copies."""
    mark: str | None = None
    """Of an immutable database: see `kept.stamp`."""

    def app(self) -> Application:
        """The application; readers may keep the answers of an immutable database."""
        made: Application = super().app()
        return kept(made, self.mark) if self.mark else made

    async def permission_allowed(
        self, actor: object, action: str, resource: object = None, default: bool = False
    ) -> bool | None:
        """Everybody may read. To find that out Datasette copies all our words for each table of a page."""
        if action in _READING:
            # Datasette's own list of databases tells where the file lies.
            return "_internal" not in (resource if isinstance(resource, tuple) else (resource,))
        allowed: bool | None = await super().permission_allowed(actor, action, resource, default)
        return allowed


class Served(Database):  # type: ignore[misc]  # it has no types
    """The database, whose rows were counted when the last run ended: counting them anew takes a second.

    Those of an immutable one are counted once, when the site is opened.
    """

    own_sql: frozenset[str] = frozenset()
    """The ready queries."""

    async def execute(self, sql: str, *args: object, log_sql_errors: bool = True, **named: object) -> Results:
        """Rows; a failure is a line on the terminal where it is no mistake in the SQL of a reader.

        Datasette prints a line with all of the SQL for every slip in it.
        """
        try:
            return await super().execute(sql, *args, log_sql_errors=False, **named)
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", None) or sqlite3.SQLITE_ERROR
            if log_sql_errors and (code & 0xFF in _OF_THE_FILE or sql.strip() in self.own_sql):
                print(f"ERROR: {error} ({type(error).__name__}): {' '.join(sql.split())}", file=sys.stderr)
            raise

    async def table_counts(self, limit: int = 10) -> dict[str, int | None]:
        """Rows of every table; None where they were not counted."""
        if not self.is_mutable:
            exact: dict[str, int | None] = await super().table_counts(limit)
            return exact
        counted = {}
        with suppress(sqlite3.OperationalError):
            result = await self.execute("SELECT name, number FROM site_counts WHERE name GLOB 'rows_*'")
            counted = {row["name"].removeprefix("rows_"): row["number"] for row in result.rows}
        return {name: counted.get(name) for name in await self.table_names()}


def site(
    database: Path,
    *,
    immutable: bool = False,
    archive: Path | None = None,
    places: PlaceFinder | None = None,
) -> Site:
    """Datasette over the database file, ready to be served. Raises `StorageError`, one line.

    `immutable` promises that nobody writes to the file meanwhile: pages are then cached and counted once.
    `archive` is the file of the archive, which need not be there; without `places` no place in it is shown.
    """
    # Where rich is installed, Datasette prints every error with all local values, a wrong address's too.
    import_module("datasette.handle_exception").rich = None  # type: ignore[attr-defined]
    refused = import_module("datasette.utils").disallawed_sql_res
    if _WHERE_FILES_LIE not in refused:
        refused.append(_WHERE_FILES_LIE)
    words = metadata(database, immutable=immutable)
    tables = words["databases"][DATABASE]["tables"]
    columns_zh = {name: said.pop("columns_zh") for name, said in tables.items()}
    mark = stamp(database, SITE) if immutable else None
    served = Site(
        [],
        inspect_data=inspected(database, DATABASE, mark) if mark else None,
        metadata=words,
        settings=SETTINGS,
        template_dir=str(SITE / "templates"),
        plugins_dir=str(SITE / "plugins"),
        static_mounts=[(STATIC, str(SITE / "static"))],
    )
    served.mark = mark
    served.form_labels, served.views = labels_and_views(database, immutable=immutable)
    served.columns_zh = columns_zh
    served.archived = Archived(ArchiveReader(archive, immutable=immutable) if archive else None, places)
    # Datasette adds a database in memory where it is given no file.
    served.remove_database("_memory")
    shown = Served(served, path=str(database), is_mutable=not immutable)
    shown.own_sql = frozenset(
        query["sql"].strip() for query in words["databases"][DATABASE]["queries"].values()
    )
    served.add_database(shown, name=DATABASE)
    return served


def metadata(database: Path, *, immutable: bool = False) -> dict[str, Any]:
    """Titles and descriptions of the database and of every table, view and column in it.

    The words are those of `descriptions.toml`; the columns of the wide views are described from the
    forms' own labels, which the database holds.
    """
    words = descriptions()
    connection = _read_only(database, immutable=immutable)
    try:
        with one_line_errors(database):
            tables = table_words(connection)
    finally:
        connection.close()
    return {
        "title": words["title"],
        "description": words["description"],
        "extra_css_urls": [f"/{STATIC}/nianbao.css"],
        "databases": {
            DATABASE: {
                "title": words["title"],
                "description": words["database"],
                "tables": tables,
                "queries": words["queries"],
            }
        },
    }


def labels_and_views(database: Path, *, immutable: bool = False) -> tuple[FormLabels, frozenset[str]]:
    """The labels of rows, columns and cells of the forms, as the database holds them; names of its views."""
    connection = _read_only(database, immutable=immutable)
    try:
        with one_line_errors(database):
            views = connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'")
            return read_form_labels(connection), frozenset(row[0] for row in views)
    finally:
        connection.close()


def table_words(connection: sqlite3.Connection) -> dict[str, Any]:
    """Titles and descriptions of every table and view, by name, without wide views that are not there.

    `columns` says what each column means, `columns_zh` the same in Chinese.
    """
    words = descriptions()
    chinese = tomllib.loads((SITE / "columns_zh.toml").read_text("utf-8"))
    cells, derived = form_layout(connection)
    shown = set(wide_view_names(connection))
    tables = {
        name: {**table, "columns_zh": _in_chinese(table.get("columns", {}), chinese)}
        for name, table in words["tables"].items()
    }
    for table in WIDE_TABLES:
        if table in shown:
            common = words["wide"], _in_chinese(words["wide"], chinese)
            tables[table] = _wide_description(table, tables[table], common, cells, derived)
        else:
            del tables[table]
    return tables


def descriptions() -> dict[str, Any]:
    """The words of the site, as `descriptions.toml` has them."""
    return tomllib.loads((SITE / "descriptions.toml").read_text("utf-8"))


def wide_view_names(connection: sqlite3.Connection) -> list[str]:
    """Those wide views that the database has."""
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'")}
    return [table for table in WIDE_TABLES if table in names]


def _in_chinese(columns: Mapping[str, str], chinese: Mapping[str, str]) -> dict[str, str]:
    """The same columns in Chinese, without those that `columns_zh.toml` does not have."""
    return {name: chinese[said] for name, said in columns.items() if said in chinese}


def _wide_description(
    table: str,
    words: dict[str, Any],
    common: tuple[Mapping[str, str], Mapping[str, str]],
    cells: list[FormCell],
    derived: list[DerivedTotal],
) -> dict[str, Any]:
    """The words of a wide view with its columns. `common` are those beside the cells, in both languages."""
    cells = [cell for cell in cells if cell.table == table]
    derived = [total for total in derived if total.table == table]
    labels = {
        **{cell.row: (cell.row_label, cell.row_label_en) for cell in cells},
        **{cell.column: (cell.column_label, cell.column_label_en) for cell in cells},
        **{total.code: (total.label, total.label_en) for total in derived},
    }
    by_cell = {(cell.row, cell.column): cell for cell in cells}
    columns, columns_zh = map(dict, common)
    last = columns.pop("not_numbers"), columns_zh.pop("not_numbers")
    for column in wide_columns(cells, derived):
        cell = by_cell.get((column.row, column.column))
        row_label, row_label_en = (cell.row_label, cell.row_label_en) if cell else labels[column.row]
        column_label, column_label_en = (
            (cell.column_label, cell.column_label_en) if cell else labels[column.column]
        )
        origin, origin_zh = (
            (f"printed in {', '.join(cell.forms)}", f"印于 {'、'.join(cell.forms)}")
            if cell
            else (
                "derived: the sum of its parts, empty unless every part is a number",
                "派生：各组成部分之和，有一部分不是数字则为空",
            )
        )
        unit, unit_zh = (f" ({cell.unit})", f"（{cell.unit}）") if cell and cell.unit else ("", "")
        columns[column.name] = (
            f"{row_label} · {column_label}{unit} — {row_label_en}, {column_label_en}; {origin}"
        )
        columns_zh[column.name] = f"{row_label} · {column_label}{unit_zh}；{origin_zh}"
    columns["not_numbers"], columns_zh["not_numbers"] = last
    return {**words, "columns": columns, "columns_zh": columns_zh}


def _read_only(database: Path, *, immutable: bool) -> sqlite3.Connection:
    """A database that nobody writes to may lie in a folder where nothing can be written either."""
    if not database.is_file():
        raise StorageError(
            f"{database}: there is no such database; crawl first, or name another one with -s DATABASE=FILE"
        )
    if immutable:
        _refuse_written(database)
    with one_line_errors(database):
        way = "mode=ro&immutable=1" if immutable else "mode=ro"
        connection = sqlite3.connect(f"file:{database.resolve().as_posix()}?{way}", uri=True)
        try:
            connection.execute("SELECT 1 FROM form_cells LIMIT 1")
            _refuse_older(connection, database)
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


def _refuse_written(database: Path) -> None:
    """Raises `StorageError` where rows stand beside the file still: an immutable database is read without."""
    beside = database.with_name(f"{database.name}-wal")
    if beside.is_file() and beside.stat().st_size:
        raise StorageError(
            f"{database}: is not at rest ({beside.name} holds rows): a run is writing to it, or was killed;"
            " leave --immutable out, or let a run end first"
        )


def _refuse_older(connection: sqlite3.Connection, database: Path) -> None:
    """Raises `StorageError` where tables are not there yet that the pages read: the site changes nothing."""
    applied = {row[0] for row in connection.execute("SELECT name FROM _sqlite_migrations")}
    if {migration.name for migration in MIGRATIONS._migrations} - applied:  # noqa: SLF001 no public list
        raise StorageError(
            f"{database}: was written by an older version of nianbao;"
            " run scrapy reextract once, which brings it up to date"
        )
