"""The tables as files for other programs: CSV, JSON Lines, Parquet, with a Frictionless data package.

Owns the choice of tables, their types and the descriptor; the words are those of the site
(`storage/site/descriptions.toml`). A file is written beside its place and put there when it is whole, the
descriptor last: a folder without it holds no whole export.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import importlib.util
import json
import re
import sqlite3
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO

from storage.database import StorageError, one_line_errors, open_to_read
from storage.site.server import table_words
from storage.views.wide import WIDE_TABLES, each_cell_once

Format = Literal["csv", "jsonl", "parquet"]
Shape = Literal["tidy", "wide", "both"]
DESCRIPTOR = "datapackage.json"

BATCH_ROWS = 100_000
"""Rows of a row group of Parquet at most…"""
BATCH_SIGNS = 32_000_000
"""…and signs of text in it, so that chapters of reports do not fill the memory."""

PROGRESS_ROWS = 1_000
"""Rows between two words of how far it is."""

INTERNAL = frozenset(
    {
        "_sqlite_migrations",
        "check_kinds",
        "copies",
        "cross_kinds",
        "figure_cells",
        "figure_kinds",
        "figure_places",
        "findings_state",
        "fingerprints",
        "report_numbers",
        "search_reports",
        "source_versions",
        "stored_checks",
        "stored_cross_checks",
        "stored_figures",
        "stored_prints",
        "superseded_figures",
    }
)
"""Tables that hold the program's own state, or what a view shows better (`figures`, `version_figures`)."""

KEYS = {
    "figures": ("report_id", "table_code", "row_code", "column_code"),
    "checks": ("report_id", "position"),
    "cross_checks": ("report_id", "rule", "subject"),
}
"""Columns that name a row of those views whose rows are a table's in all but name, of reports."""

TIDY = frozenset(
    {"figures", "figures_beside", "figures_corrected", "statistics_2014_approximate", "version_figures"}
)
"""Figures with one row a cell; `--shape wide` leaves them out."""
WIDE = frozenset({*WIDE_TABLES, "measures"})
"""Figures with one row a report; `--shape tidy` leaves them out."""

_Row = tuple[Any, ...]

_TYPES = {"INTEGER": "integer", "REAL": "number", "TEXT": "string"}
_DATES = re.compile(r"_on$|^page_date$|^url_date$|^listing_date$|^period_(?:from|to)$")
_TIMES = re.compile(r"_at$")
_AS_WRITTEN = {"date": "%Y-%m-%d", "datetime": "%Y-%m-%dT%H:%M:%SZ"}

_FORMULA = re.compile(r"[=@\t\r]|[+-](?![0-9]*\.?[0-9]+$)(?!$)")
"""How a text begins that spreadsheets run as a formula; a number with a sign is none."""

LICENCES = (
    {
        "name": "other-pd",
        "title": "Public domain: documents of state organs of an administrative nature are outside copyright"
        " (Copyright Law of the People's Republic of China, article 5; 著作权法第五条)",
    },
)
LICENCE_NOTE = (
    "Figures are facts, and the texts of the reports (chapters, sentences) are official documents of state"
    " organs, which Chinese copyright law does not protect (article 5). It does not settle what else a page"
    " may hold, such as pictures of others. 数据为事实，报告文本为国家机关的官方文件，"
    "依《中华人民共和国著作权法》第五条不受著作权保护；"
    "网页中可能存在的其他内容不在此列。"
)


PACKAGE = "nianbao"
DESCRIPTION = (
    "The statutory figures of the annual reports that Chinese government bodies publish, as printed, each"
    " with its address and the date of the fetch; a figure that is not in the document is not here."
    " 中国政府机关发布的政府信息公开工作年度报告中的法定统计数字，照原文收录，"
    "逐一注明网址和抓取时间；文件中没有的数字，此处也没有。"
)
DIALECT = {"delimiter": ",", "quoteChar": '"', "doubleQuote": True, "lineTerminator": "\n", "header": True}


class ExportError(Exception):
    """The export cannot be made; the message is one line for the user."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, its kind of value, and its type as the descriptor names it."""

    name: str
    kind: str
    type: str
    description: str


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written."""

    name: str
    path: Path
    rows: int


def _nothing(_table: str, _rows: int) -> None:
    """Says nothing of how far it is."""


def export(
    database: Path,
    folder: Path,
    kind: Format,
    *,
    version: str,
    shape: Shape = "both",
    only: Sequence[str] = (),
    bom: bool = False,
    force: bool = False,
    tell: Callable[[str], None] = lambda _line: None,
    progress: Callable[[str, int], None] = _nothing,
) -> list[Written]:
    """Writes the public tables and views of the database into `folder`, and the descriptor last.

    `shape` chooses between figures with a row a cell and figures with a row a report, `only` names the
    tables that are wanted. `bom` makes CSV files that spreadsheets take: with a byte order mark, which
    they need to see UTF-8, and an apostrophe before texts that they would run as formulas. `tell` is
    handed a line for what the user should know, `progress` now and then the table that is being written and
    how many of its rows are, 0 before the first.

    Raises `ExportError` for a folder that cannot be used or that holds files already (without `force`), for
    a name in `only` that is no public table, and where the library for Parquet is missing; `StorageError`
    for a database that cannot be read.
    """
    if kind == "parquet" and importlib.util.find_spec("pyarrow") is None:
        raise ExportError(
            "parquet needs the library pyarrow: pip install 'nianbao[parquet]', or export as csv"
        )
    conn = open_to_read(database)
    try:
        with one_line_errors(database):
            # One state of the database in all files, also while a crawl goes on.
            conn.execute("BEGIN")
            _refuse_foreign(conn, database)
            words = table_words(conn)
            public, others = _public(conn, words)
            names = _chosen(public, shape, only)
            files = [f"{name}.{kind}" for name in names]
            earlier = prepare_folder(folder, [*files, DESCRIPTOR], force=force)
            _unlink(folder / DESCRIPTOR)
            written, resources = [], []
            for name, file in zip(names, files, strict=True):
                progress(name, 0)
                columns = _columns(conn, name, words[name])
                with closing(_rows(conn, name, columns, progress)) as rows:
                    count = _WRITERS[kind](rows, columns, folder / file, bom)
                written.append(Written(name, folder / file, count))
                resources.append(_resource(conn, name, columns, folder / file, words[name], kind, names))
            for line in _clear_away(folder, earlier, {*files, DESCRIPTOR}):
                tell(line)
            chosen = {"shape": shape, "only": list(only), "formulas_guarded": bom}
            text = json.dumps(_descriptor(conn, resources, version, chosen), ensure_ascii=False, indent=1)
            _put(folder / DESCRIPTOR, lambda part: _write_text(part, text + "\n"))
    finally:
        conn.close()
    if others and not only:
        tell(f"not exported, as they are not nianbao's: {', '.join(others)}")
    return written


def _refuse_foreign(conn: sqlite3.Connection, database: Path) -> None:
    if not conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'form_cells'").fetchone():
        raise StorageError(
            f"{database}: is a SQLite database, but not one that this program made;"
            " name another one with -s DATABASE=FILE"
        )


def _public(conn: sqlite3.Connection, words: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The tables and views that are there to be read, and those that somebody else put into the file."""
    rows = conn.execute(
        "SELECT name, sql LIKE 'CREATE VIRTUAL TABLE%' FROM sqlite_master WHERE type IN ('table', 'view')"
        " AND name NOT GLOB 'sqlite_*' ORDER BY name"
    ).fetchall()
    virtual = [name for name, is_virtual in rows if is_virtual]
    # An index keeps its own tables beside itself.
    plain = [
        name
        for name, _ in rows
        if not any(name == index or name.startswith(f"{index}_") for index in virtual)
        and name not in INTERNAL
    ]
    return [name for name in plain if name in words], [name for name in plain if name not in words]


def _chosen(public: Sequence[str], shape: Shape, only: Sequence[str]) -> list[str]:
    left_out = {"both": frozenset[str](), "tidy": WIDE, "wide": TIDY}[shape]
    for name in only:
        if name in INTERNAL:
            raise ExportError(f"--only {name}: holds the program's own state and is not exported")
        if name not in public:
            near = difflib.get_close_matches(name, public, n=3)
            hint = f"; near: {', '.join(near)}" if near else "; docs/questions.md and the README name them"
            raise ExportError(f"--only {name}: there is no such table or view{hint}")
        if name in left_out:
            raise ExportError(f"--only {name}: --shape {shape} leaves it out")
    return [name for name in public if name not in left_out and (not only or name in only)]


def prepare_folder(folder: Path, names: Sequence[str], *, force: bool) -> dict[str, str]:
    """Makes the folder, and says which files an earlier export left in it, with their SHA-256.

    Raises `ExportError` where the folder cannot be made, or where something stands in it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        standing = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise ExportError(
            f"{folder}: cannot be made or read ({error.strerror}); name another folder"
        ) from error
    if standing and not force:
        raise ExportError(
            f"{folder}: holds {standing[0]} already; name an empty folder, or overwrite with --force"
        )
    for name in set(standing) & set(names):
        if (folder / name).is_dir():
            raise ExportError(f"{folder / name}: is a folder; name another folder for the export")
    return _earlier(folder)


def _earlier(folder: Path) -> dict[str, str]:
    """What the descriptor of an earlier export names, file by file, with their SHA-256."""
    try:
        package = json.loads((folder / DESCRIPTOR).read_text(encoding="utf-8"))
        if package["name"] != PACKAGE:
            return {}
        return {
            resource["path"]: str(resource["hash"]).removeprefix("sha256:")
            for resource in package["resources"]
            if Path(resource["path"]).name == resource["path"]
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _clear_away(folder: Path, earlier: Mapping[str, str], written: set[str]) -> Iterator[str]:
    """Takes away files of an earlier export that this one does not have, unless somebody changed them."""
    for name in sorted(set(earlier) - written):
        path = folder / name
        with suppress(OSError):
            if path.is_file() and _sha256(path) == earlier[name]:
                path.unlink()
            elif path.exists():
                yield f"{path}: left from an earlier export, changed since; it is no part of this one"


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ExportError(f"{path}: cannot be written ({error.strerror})") from error


def _columns(conn: sqlite3.Connection, name: str, words: Mapping[str, Any]) -> list[Column]:
    described = words.get("columns", {})
    declared = [(row[1], row[2].upper()) for row in conn.execute(f'PRAGMA table_info("{name}")')]
    open_ones = [column for column, kind in declared if kind not in _TYPES]
    timed = {column: told for column, _ in declared if (told := _told_by_name(column))}
    kinds, fitting = _found_types(conn, name, open_ones, timed)
    columns = []
    for column, declared_kind in declared:
        kind = kinds.get(column) or _TYPES[declared_kind]
        # A name promises a date; a day that no calendar has, or a word in its place, breaks the promise.
        type_ = timed[column] if kind == "string" and fitting.get(column) else kind
        columns.append(Column(column, kind, type_, described.get(column, "")))
    return columns


def _told_by_name(column: str) -> str | None:
    return "date" if _DATES.search(column) else "datetime" if _TIMES.search(column) else None


def _found_types(
    conn: sqlite3.Connection, name: str, columns: Sequence[str], timed: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, bool]]:
    """Kinds of columns that declare none, and whether all values of those in `timed` are what it says: from
    all their values, in one scan.
    """
    parts = [
        f"max(typeof(\"{column}\") = '{kind}')" for column in columns for kind in ("integer", "real", "text")
    ]
    # Without a modifier SQLite gives 30 February back as it came.
    parts += [
        f'max("{column}" IS NOT NULL'
        f" AND strftime('{_AS_WRITTEN[told]}', \"{column}\", '+0 days') IS NOT \"{column}\")"
        for column, told in timed.items()
    ]
    if not parts:
        return {}, {}
    asked = ", ".join(f'"{column}"' for column in dict.fromkeys((*columns, *timed)))
    # With its limit it is not flattened, so that a value is made once and not for each question about it.
    values = f"SELECT {asked} FROM {_source(conn, name)} LIMIT -1"
    seen = conn.execute(f"SELECT {', '.join(parts)} FROM ({values})").fetchone()
    kinds = {}
    for place, column in enumerate(columns):
        integer, real, text = seen[3 * place : 3 * place + 3]
        kinds[column] = "string" if text else "number" if real else "integer" if integer else "string"
    fitting = {column: not seen[3 * len(columns) + place] for place, column in enumerate(timed)}
    return kinds, fitting


def _rows(
    conn: sqlite3.Connection, name: str, columns: Sequence[Column], progress: Callable[[str, int], None]
) -> Generator[_Row, None, None]:
    keys = KEYS.get(name) or [row[1] for row in conn.execute(f'PRAGMA table_info("{name}")') if row[5]]
    order = f" ORDER BY {', '.join(keys)}" if keys else ""
    listed = ", ".join(f'"{column.name}"' for column in columns)
    asked = conn.execute(f"SELECT {listed} FROM {_source(conn, name)}{order}")
    for count, row in enumerate(asked, start=1):
        yield row
        if not count % PROGRESS_ROWS:
            progress(name, count)


def _source(conn: sqlite3.Connection, name: str) -> str:
    """What stands behind FROM for all columns of a table or view."""
    if name not in WIDE_TABLES:
        return f'"{name}"'
    (view,) = conn.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    query = each_cell_once(view)
    return f"({query})" if query else f'"{name}"'


def _write_csv(rows: Iterator[_Row], columns: Sequence[Column], path: Path, bom: bool) -> int:
    def write(part: Path) -> int:
        count = 0
        with part.open("w", encoding="utf-8-sig" if bom else "utf-8", newline="") as file:
            # Within a cell the signs of the terminator are quoted: those that readers end a line with.
            writer = csv.writer(_Lines(file), lineterminator="\r\n")
            writer.writerow([column.name for column in columns])
            for row in rows:
                shown = tuple(map(_guarded, row)) if bom else row
                # NULL is nothing between two commas, an empty text a pair of quotes.
                if "" in shown:
                    file.write(",".join(map(_cell, shown)) + "\n")
                else:
                    writer.writerow(shown)
                count += 1
        return count

    return _put(path, write)


class _Lines:
    """Ends the lines of a writer of CSV with a line feed alone."""

    def __init__(self, file: TextIO) -> None:
        self.file = file

    def write(self, line: str) -> int:
        """Takes a line that ends in carriage return and line feed."""
        return self.file.write(line[:-2] + "\n")


def _cell(value: object) -> str:
    """A value as a cell of CSV, nothing for None."""
    if value is None:
        return ""
    text = str(value)
    if text and not any(sign in text for sign in ',"\r\n'):
        return text
    return '"' + text.replace('"', '""') + '"'


def _guarded(value: object) -> object:
    """A value as a spreadsheet takes it for a text: not a formula."""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def _write_jsonl(rows: Iterator[_Row], columns: Sequence[Column], path: Path, _bom: bool) -> int:
    names = [column.name for column in columns]

    def write(part: Path) -> int:
        count = 0
        with part.open("w", encoding="utf-8", newline="\n") as file:
            for row in rows:
                file.write(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) + "\n")
                count += 1
        return count

    return _put(path, write)


def _write_parquet(rows: Iterator[_Row], columns: Sequence[Column], path: Path, _bom: bool) -> int:
    import pyarrow as pa  # noqa: PLC0415 an optional library, and a heavy one
    import pyarrow.parquet as pq  # noqa: PLC0415

    kinds = {"integer": pa.int64(), "number": pa.float64(), "string": pa.string()}
    schema = pa.schema(
        [
            pa.field(column.name, kinds[column.kind], metadata={"description": column.description})
            for column in columns
        ]
    )

    def write(part: Path) -> int:
        count = 0
        with pq.ParquetWriter(part, schema) as writer:
            for batch in _batches(rows):
                arrays = [
                    pa.array([_as(value, column.kind) for value in values], type=kinds[column.kind])
                    for column, values in zip(columns, zip(*batch, strict=True), strict=True)
                ]
                writer.write_batch(pa.record_batch(arrays, schema=schema))
                count += len(batch)
        return count

    return _put(path, write)


def _batches(rows: Iterator[_Row]) -> Iterator[list[_Row]]:
    """The rows in parts that fit into the memory."""
    batch: list[_Row] = []
    signs = 0
    for row in rows:
        batch.append(row)
        signs += sum(len(value) for value in row if isinstance(value, str))
        if len(batch) >= BATCH_ROWS or signs >= BATCH_SIGNS:
            yield batch
            batch, signs = [], 0
    if batch:
        yield batch


def _as(value: float | str | None, kind: str) -> float | str | None:
    """A value of a column that holds values of several kinds, as the column's one kind."""
    if value is None or kind == "integer":
        return value
    return float(value) if kind == "number" else str(value)


_WRITERS: Mapping[str, Callable[[Iterator[_Row], Sequence[Column], Path, bool], int]] = {
    "csv": _write_csv,
    "jsonl": _write_jsonl,
    "parquet": _write_parquet,
}
_MEDIA_TYPES = {"csv": "text/csv", "jsonl": "application/jsonl", "parquet": "application/vnd.apache.parquet"}


def _write_text(path: Path, text: str) -> int:
    path.write_text(text, encoding="utf-8")
    return 1


def _put(path: Path, write: Callable[[Path], int]) -> int:
    """Writes a file under another name and renames it when it is whole; says what `write` says."""
    part = path.with_name(path.name + ".part")
    try:
        count = write(part)
        part.replace(path)
    except BaseException as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise ExportError(f"{path}: cannot be written ({error.strerror})") from error
        raise
    return count


def _resource(
    conn: sqlite3.Connection,
    name: str,
    columns: Sequence[Column],
    path: Path,
    words: Mapping[str, Any],
    kind: Format,
    names: Sequence[str],
) -> dict[str, Any]:
    keys = list(KEYS.get(name, ())) or [
        row[1]
        for row in sorted(conn.execute(f'PRAGMA table_info("{name}")'), key=lambda row: row[5])
        if row[5]
    ]
    foreign = _foreign_keys(conn, name, names)
    told = [words.get("description", ""), words.get("description_zh", "")]
    return {
        "name": name,
        "path": path.name,
        "profile": "tabular-data-resource",
        "format": kind,
        "mediatype": _MEDIA_TYPES[kind],
        "encoding": "utf-8",
        "title": words.get("title", name),
        "description": "\n\n".join(filter(None, told)),
        "bytes": path.stat().st_size,
        "hash": f"sha256:{_sha256(path)}",
        **({"dialect": DIALECT} if kind == "csv" else {}),
        "schema": {
            "fields": [
                {"name": column.name, "type": column.type, "description": column.description}
                for column in columns
            ],
            **(
                {"primaryKey": keys} if keys else {"primaryKey": ["report_id"]} if name in WIDE_TABLES else {}
            ),
            **({"foreignKeys": foreign} if foreign else {}),
            # Where null is a value of its own, an empty text is one.
            "missingValues": [""] if kind == "csv" else [],
        },
    }


def _foreign_keys(conn: sqlite3.Connection, name: str, names: Sequence[str]) -> list[dict[str, Any]]:
    """The foreign keys to tables that are exported, too."""
    found: dict[int, tuple[str, list[str], list[str]]] = {}
    if name in KEYS:
        found[0] = ("reports", ["report_id"], ["id"])
    rows = sorted(conn.execute(f'PRAGMA foreign_key_list("{name}")'), key=lambda row: (row[0], row[1]))
    for number, _, table, column, referred, *_ in rows:
        _, here, there = found.setdefault(number, (table, [], []))
        here.append(column)
        there.append(referred or column)
    return [
        {
            "fields": here if len(here) > 1 else here[0],
            "reference": {
                "resource": "" if table == name else table,
                "fields": there if len(there) > 1 else there[0],
            },
        }
        for table, here, there in found.values()
        if table in names
    ]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _descriptor(
    conn: sqlite3.Connection, resources: list[dict[str, Any]], version: str, chosen: Mapping[str, Any]
) -> dict[str, Any]:
    created = conn.execute("SELECT max(ifnull(finished_at, started_at)) FROM crawls").fetchone()[0]
    sources = conn.execute(
        "SELECT name, home_url FROM portals WHERE id IN (SELECT portal_id FROM report_sources) ORDER BY id"
    ).fetchall()
    return {
        "profile": "tabular-data-package",
        "name": PACKAGE,
        "title": "政府信息公开工作年度报告 · annual reports on open government information",
        "description": f"{DESCRIPTION} {LICENCE_NOTE}",
        "version": version,
        **({"created": created} if created else {}),
        "keywords": ["政府信息公开", "年度报告", "open government information", "China"],
        "licenses": list(LICENCES),
        "sources": [{"title": name, "path": home} for name, home in sources],
        "nianbao": dict(chosen),
        "resources": resources,
    }


def refuse_missing(database: Path, setting: str) -> None:
    """Raises `StorageError` where there is no such file."""
    if not database.is_file():
        raise StorageError(
            f"{database}: there is no such file; crawl first, or name it with -s {setting}=FILE"
        )
