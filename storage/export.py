"""The tables as files for other programs: CSV, JSON Lines, Parquet, with a Frictionless data package.

Owns the choice of tables, their types and the descriptor; the words are those of the site
(`storage/site/descriptions.toml`). A file is written beside its place and put there when it is whole.
"""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from storage.database import StorageError, one_line_errors
from storage.site.server import metadata

Format = Literal["csv", "jsonl", "parquet"]
DESCRIPTOR = "datapackage.json"
BATCH = 5000

INTERNAL = frozenset(
    {
        "_sqlite_migrations",
        "copies",
        "crawl_reports",
        "findings_state",
        "fingerprints",
        "publication_attachments",
        "publications",
        "sightings",
        "source_versions",
        "superseded_figures",
    }
)
"""Tables that hold the program's own state, or what another table or view shows better."""

_TYPES = {"INTEGER": "integer", "REAL": "number", "TEXT": "string"}
_DATES = re.compile(r"_on$|^page_date$|^url_date$|^listing_date$|^period_(?:from|to)$")
_TIMES = re.compile(r"_at$")

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


class ExportError(Exception):
    """The export cannot be made; the message is one line for the user."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table and its type as the descriptor names it."""

    name: str
    type: str
    description: str


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written."""

    name: str
    path: Path
    rows: int


def export(
    database: Path, folder: Path, kind: Format, *, version: str, bom: bool = False, force: bool = False
) -> list[Written]:
    """Writes every public table and view of the database into `folder`, and the descriptor last.

    `bom` puts a byte order mark before each CSV file, which spreadsheets need to see UTF-8. Raises
    `ExportError` for a folder that cannot be used or that holds files already (without `force`) and where
    the library for Parquet is missing, `StorageError` for a database that cannot be read.
    """
    if kind == "parquet" and importlib.util.find_spec("pyarrow") is None:
        raise ExportError(
            "parquet needs the library pyarrow: pip install 'nianbao[parquet]', or export as csv"
        )
    words = metadata(database)["databases"]["nianbao"]["tables"]
    with one_line_errors(database):
        conn = sqlite3.connect(f"file:{database.resolve().as_posix()}?mode=ro", uri=True)
    try:
        with one_line_errors(database):
            # One state of the database in all files, also while a crawl goes on.
            conn.execute("BEGIN")
            names = [name for name in _objects(conn) if name not in INTERNAL]
            files = [f"{name}.{kind}" for name in names]
            prepare_folder(folder, [*files, DESCRIPTOR], force=force)
            written, resources = [], []
            for name, file in zip(names, files, strict=True):
                columns = _columns(conn, name, words.get(name, {}))
                rows = _WRITERS[kind](conn, name, columns, folder / file, bom)
                written.append(Written(name, folder / file, rows))
                resources.append(
                    _resource(conn, name, columns, folder / file, words.get(name, {}), kind, names)
                )
            text = json.dumps(_descriptor(conn, resources, version), ensure_ascii=False, indent=1)
            _put(folder / DESCRIPTOR, lambda part: _write_text(part, text + "\n"))
    finally:
        conn.close()
    return written


def prepare_folder(folder: Path, names: Sequence[str], *, force: bool) -> None:
    """Makes the folder; raises `ExportError` where it cannot be, or where something stands in it."""
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


def _objects(conn: sqlite3.Connection) -> list[str]:
    return [
        row[0]
        for row in conn.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*'"
            " ORDER BY name"
        )
    ]


def _columns(conn: sqlite3.Connection, name: str, words: Mapping[str, Any]) -> list[Column]:
    described = words.get("columns", {})
    declared = [(row[1], row[2].upper()) for row in conn.execute(f'PRAGMA table_info("{name}")')]
    open_ones = [column for column, kind in declared if kind not in _TYPES]
    found = dict(zip(open_ones, _found_types(conn, name, open_ones), strict=True))
    return [
        Column(column, found.get(column) or _TYPES[kind], described.get(column, ""))
        for column, kind in declared
    ]


def _found_types(conn: sqlite3.Connection, name: str, columns: Sequence[str]) -> list[str]:
    """Types of columns that declare none, from all their values: one scan for all of them."""
    if not columns:
        return []
    parts = ", ".join(
        f"max(typeof(\"{column}\") = '{kind}')" for column in columns for kind in ("integer", "real", "text")
    )
    seen = conn.execute(f'SELECT {parts} FROM "{name}"').fetchone()
    types = []
    for start in range(0, len(seen), 3):
        integer, real, text = seen[start : start + 3]
        types.append("string" if text else "number" if real else "integer" if integer else "string")
    return types


def _rows(conn: sqlite3.Connection, name: str, columns: Sequence[Column]) -> Iterator[tuple[Any, ...]]:
    keys = [row[1] for row in conn.execute(f'PRAGMA table_info("{name}")') if row[5]]
    order = f" ORDER BY {', '.join(keys)}" if keys else ""
    listed = ", ".join(f'"{column.name}"' for column in columns)
    yield from conn.execute(f'SELECT {listed} FROM "{name}"{order}')


def _write_csv(conn: sqlite3.Connection, name: str, columns: Sequence[Column], path: Path, bom: bool) -> int:
    def write(part: Path) -> int:
        count = 0
        with part.open("w", encoding="utf-8-sig" if bom else "utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([column.name for column in columns])
            for row in _rows(conn, name, columns):
                writer.writerow(row)
                count += 1
        return count

    return _put(path, write)


def _write_jsonl(
    conn: sqlite3.Connection, name: str, columns: Sequence[Column], path: Path, _bom: bool
) -> int:
    names = [column.name for column in columns]

    def write(part: Path) -> int:
        count = 0
        with part.open("w", encoding="utf-8", newline="\n") as file:
            for row in _rows(conn, name, columns):
                file.write(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) + "\n")
                count += 1
        return count

    return _put(path, write)


def _write_parquet(
    conn: sqlite3.Connection, name: str, columns: Sequence[Column], path: Path, _bom: bool
) -> int:
    import pyarrow as pa  # noqa: PLC0415 an optional library, and a heavy one
    import pyarrow.parquet as pq  # noqa: PLC0415

    kinds = {"integer": pa.int64(), "number": pa.float64(), "string": pa.string()}
    schema = pa.schema(
        [
            pa.field(column.name, kinds[column.type], metadata={"description": column.description})
            for column in columns
        ]
    )

    def write(part: Path) -> int:
        count = 0
        with pq.ParquetWriter(part, schema) as writer:
            rows = _rows(conn, name, columns)
            while batch := [row for _, row in zip(range(BATCH), rows, strict=False)]:
                arrays = [
                    pa.array([_as(value, column.type) for value in values], type=kinds[column.type])
                    for column, values in zip(columns, zip(*batch, strict=True), strict=True)
                ]
                writer.write_batch(pa.record_batch(arrays, schema=schema))
                count += len(batch)
        return count

    return _put(path, write)


def _as(value: float | str | None, kind: str) -> float | str | None:
    """A value of a column that holds values of several kinds, as the column's one kind."""
    if value is None or kind == "integer":
        return value
    return float(value) if kind == "number" else str(value)


_WRITERS: Mapping[str, Callable[[sqlite3.Connection, str, Sequence[Column], Path, bool], int]] = {
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
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise ExportError(f"{path}: cannot be written ({error.strerror})") from error
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
    body = path.read_bytes() if path.stat().st_size < 1 << 20 else None
    keys = [
        row[1]
        for row in sorted(conn.execute(f'PRAGMA table_info("{name}")'), key=lambda row: row[5])
        if row[5]
    ]
    foreign = [
        {
            "fields": row[3],
            "reference": {"resource": "" if row[2] == name else row[2], "fields": row[4] or row[3]},
        }
        for row in conn.execute(f'PRAGMA foreign_key_list("{name}")')
        if row[2] in names
    ]
    return {
        "name": name,
        "path": path.name,
        "profile": "tabular-data-resource",
        "format": kind,
        "mediatype": _MEDIA_TYPES[kind],
        "encoding": "utf-8",
        "title": words.get("title", name),
        "description": words.get("description", ""),
        "bytes": path.stat().st_size,
        "hash": "sha256:" + (hashlib.sha256(body).hexdigest() if body is not None else _sha256(path)),
        "schema": {
            "fields": [
                {"name": column.name, "type": _shown_type(column), "description": column.description}
                for column in columns
            ],
            **({"primaryKey": keys} if keys else {}),
            **({"foreignKeys": foreign} if foreign else {}),
            "missingValues": [""],
        },
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _shown_type(column: Column) -> str:
    if column.type == "string":
        if _DATES.search(column.name):
            return "date"
        if _TIMES.search(column.name):
            return "datetime"
    return column.type


def _descriptor(conn: sqlite3.Connection, resources: list[dict[str, Any]], version: str) -> dict[str, Any]:
    created = conn.execute("SELECT max(ifnull(finished_at, started_at)) FROM crawls").fetchone()[0]
    sources = conn.execute(
        "SELECT name, home_url FROM portals WHERE id IN (SELECT portal_id FROM report_sources) ORDER BY id"
    ).fetchall()
    return {
        "profile": "tabular-data-package",
        "name": "nianbao",
        "title": "政府信息公开工作年度报告 · annual reports on open government information",
        "description": "The statutory figures of the annual reports that Chinese government bodies publish,"
        " as printed, each with its address and the date of the fetch; a figure that is not in the document"
        " is not here."
        f" {LICENCE_NOTE}",
        "version": version,
        **({"created": created} if created else {}),
        "keywords": ["政府信息公开", "年度报告", "open government information", "China"],
        "licenses": list(LICENCES),
        "sources": [{"title": name, "path": home} for name, home in sources],
        "resources": resources,
    }


def refuse_missing(database: Path, setting: str) -> None:
    """Raises `StorageError` where there is no such file."""
    if not database.is_file():
        raise StorageError(
            f"{database}: there is no such file; crawl first, or name it with -s {setting}=FILE"
        )
