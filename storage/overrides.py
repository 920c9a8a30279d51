"""What readers say against extracted figures: a TOML file of overrides, read strictly.

Owns the file's shape and the table `overrides`. Nothing here touches `figures`: the view
`figures_corrected` lays the overrides over them and says where it did.

One entry a cell:

    [[override]]
    agency = "佳木斯市东风区人民政府"   # with `year`; or `report`, the id of the report
    year = 2021
    table = "applications"
    row = "received_new"
    column = "total"
    value = 4                        # or: status = "blank", status = "not_applicable"
    said_by = "who says so"
    date = "2026-01-31"              # on which day
    link = "https://…"               # where it can be checked
    reason = "in a few words"        # optional
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from sqlite_utils import Database

from pipelines.records import Cell, Number
from storage.database import StorageError, file_of, one_line_errors, transaction

DEFAULT = "data/overrides.toml"
"""The file that is read where it is there and the setting OVERRIDES names no other."""

_KEYS = (
    "report",
    "agency",
    "year",
    "table",
    "row",
    "column",
    "value",
    "status",
    "said_by",
    "date",
    "link",
    "reason",
)
_STATUSES = ("blank", "not_applicable")
LARGEST = 10**12
"""No figure of a report comes near; what is larger is a slip."""
YEARS = range(1990, 2101)
_SIGNED = "items_change"
"""The one column whose figures may be negative…"""
_AMOUNT = "_wanyuan"
"""…and how the codes of rows and columns end whose figures may have decimals."""
_COLUMNS = (
    "entry, report_id, agency, year, table_code, row_code, column_code, value, status, said_by, said_on,"
    " link, reason"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One entry: what a cell of a report says in truth, who says so, and where that can be checked."""

    file: str
    """The file that has the entry, for what is told of it."""
    entry: int
    report_id: str | None
    agency: str | None
    year: int | None
    cell: Cell
    value: Number | None
    status: str
    said_by: str
    said_on: str
    link: str
    reason: str | None


def load(setting: str) -> tuple[Override, ...]:
    """The overrides of the file that the setting names; none where it is the default's and is not there.

    Raises `StorageError` naming file, entry and key.
    """
    path = Path(setting)
    if setting == DEFAULT and not path.exists():
        return ()
    try:
        # Editors on Windows begin a file with a byte order mark, which TOML does not know.
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise StorageError(
            f"{path}: cannot be read ({error.strerror}); name another file with -s OVERRIDES=FILE"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        told = " ".join(str(error).split())
        raise StorageError(f"{path}: is no TOML: {told}") from error
    if unknown := sorted(set(data) - {"override"}):
        raise StorageError(f"{path}: unknown key {unknown[0]!r}; entries begin with [[override]]")
    entries = data.get("override", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise StorageError(f"{path}: override: entries begin with [[override]]")
    found = tuple(_Entry(path, number, entry).override() for number, entry in enumerate(entries, 1))
    _refuse_twice(path, found)
    return found


def write(db: Database, overrides: Sequence[Override], cells: Collection[Cell]) -> bool:
    """Makes them the rows of `overrides`; says whether anything changed.

    `cells` are those of the forms; an override of another is refused with a `StorageError`.
    """
    for override in overrides:
        if override.cell not in cells:
            raise StorageError(
                f"{override.file}: override {override.entry}: column: no form has the cell"
                f" {'/'.join(override.cell)}; see the table form_cells for table, row and column"
            )
    rows = [_row(override) for override in overrides]
    with one_line_errors(file_of(db)):
        standing = db.conn.execute(f"SELECT {_COLUMNS} FROM overrides ORDER BY entry").fetchall()
    if [list(map(repr, row)) for row in standing] == [list(map(repr, row)) for row in rows]:
        return False
    with transaction(db):
        db.conn.execute("DELETE FROM overrides")
        db.conn.executemany(
            f"INSERT INTO overrides ({_COLUMNS}) VALUES ({', '.join('?' * len(_COLUMNS.split(',')))})", rows
        )
    return True


def remarks(db: Database, path: str) -> list[str]:
    """What the user should know of the overrides, a line each; none where all are applied and current.

    `path` is the file of the setting OVERRIDES, from which they came.
    """
    with one_line_errors(file_of(db)):
        unapplied = db.conn.execute(
            "SELECT reason, group_concat(entry, ', ') FROM overrides_unapplied"
            " GROUP BY reason ORDER BY reason"
        ).fetchall()
        changed = db.conn.execute(
            "SELECT group_concat(entry, ', ') FROM (SELECT entry FROM overrides_applied"
            " WHERE changed_at IS NOT NULL ORDER BY entry)"
        ).fetchone()[0]
    lines = [
        f"LOOK AT overrides_unapplied: {_REASONS[reason]}, so that they change nothing:"
        f" {_named(entries, path)}"
        for reason, entries in unapplied
    ]
    if changed:
        lines.append(
            "LOOK AT overrides_applied: the reports were changed in these cells after readers spoke, and the"
            f" readers' word stands: {_named(changed, path)}"
        )
    return lines


def _named(entries: str, path: str) -> str:
    return f"{'entries' if ',' in entries else 'entry'} {entries} of {path}"


def taken_away(db: Database, overrides: Sequence[Override], path: str) -> Iterator[str]:
    """What the user should know before corrections that stand in the database are replaced by none."""
    stored = db.conn.execute("SELECT count(*) FROM overrides").fetchone()[0]
    if stored and not overrides:
        yield (
            f"LOOK AT overrides: corrections by readers are taken away ({stored}), as {path} holds none;"
            " name their file with -s OVERRIDES=FILE"
        )


_REASONS = {
    "no_report": "corrections that name no report of the database",
    "several_reports": "corrections whose agency and year several reports have",
    "several_entries": "corrections that contradict each other on a cell",
    "cell_not_in_form": "corrections of cells that the form of the report does not have",
}


def _row(override: Override) -> tuple[Any, ...]:
    return (
        override.entry,
        override.report_id,
        override.agency,
        override.year,
        *override.cell,
        override.value,
        override.status,
        override.said_by,
        override.said_on,
        override.link,
        override.reason,
    )


class _Entry:
    """One entry of the file; every fault names the file, the entry and the key."""

    def __init__(self, path: Path, number: int, entry: Mapping[str, Any]) -> None:
        self.path = path
        self.number = number
        self.entry = entry

    def override(self) -> Override:
        """The entry, checked."""
        for key in self.entry:
            if key not in _KEYS:
                self._refuse(key, f"unknown key; there are {', '.join(_KEYS)}")
        report = self._text("report", optional=True)
        agency = self._text("agency", optional=True)
        if (report is None) == (agency is None):
            self._refuse("report", "give either report, or agency and year")
        year = self.entry.get("year")
        if (agency is None) != (year is None):
            self._refuse("year", "agency and year go together")
        if year is not None and (isinstance(year, bool) or not isinstance(year, int) or year not in YEARS):
            self._refuse("year", "must be a report year such as 2021")
        cell = Cell(self._needed("table"), self._needed("row"), self._needed("column"))
        value, status = self._value(cell)
        return Override(
            file=str(self.path),
            entry=self.number,
            report_id=report,
            agency=agency,
            year=year,
            cell=cell,
            value=value,
            status=status,
            said_by=self._needed("said_by"),
            said_on=self._date(),
            link=self._link(),
            reason=self._text("reason", optional=True),
        )

    def _value(self, cell: Cell) -> tuple[Number | None, str]:
        value, status = self.entry.get("value"), self.entry.get("status")
        if (value is None) == (status is None):
            self._refuse("value", "give either value, or status for a cell without a number")
        if status is not None:
            if status not in _STATUSES:
                self._refuse("status", f"must be one of {', '.join(_STATUSES)}")
            return None, str(status)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self._refuse("value", "must be a number")
        if abs(value) > LARGEST:
            self._refuse("value", f"must be a number of at most {LARGEST:,}")
        if value < 0 and cell.column != _SIGNED:
            self._refuse("value", f"must not be negative: only {_SIGNED} counts downwards")
        whole = value == int(value)
        if not whole and not (cell.row.endswith(_AMOUNT) or cell.column.endswith(_AMOUNT)):
            self._refuse("value", "must be a whole number: only amounts of money have decimals")
        return (int(value) if whole else value), "number"

    def _date(self) -> str:
        given = self.entry.get("date")
        # Python knows further ways of writing a day, with weeks and without hyphens.
        plain = given.isoformat() if type(given) is date else str(given)
        try:
            return date.fromisoformat(plain if re.fullmatch(r"\d{4}-\d\d-\d\d", plain) else "").isoformat()
        except ValueError:
            self._refuse("date", "must be a day such as 2026-01-31")

    def _link(self) -> str:
        link = self._needed("link")
        try:
            parts = urlsplit(link)
        except ValueError:
            self._refuse("link", "must be an address that can be opened")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            self._refuse("link", "must begin with http:// or https:// and name a host")
        if any(sign.isspace() or not sign.isprintable() for sign in link):
            self._refuse("link", "must be one address without blanks")
        return link

    def _needed(self, key: str) -> str:
        return self._text(key) or ""

    def _text(self, key: str, *, optional: bool = False) -> str | None:
        value = self.entry.get(key)
        if value is None and optional:
            return None
        if not isinstance(value, str) or not value.strip():
            self._refuse(key, "must be a text that is not empty")
        if any(not sign.isprintable() and not sign.isspace() for sign in value):
            self._refuse(key, "must be a text without control characters")
        return value.strip()

    def _refuse(self, key: str, what: str) -> NoReturn:
        raise StorageError(f"{self.path}: override {self.number}: {key}: {what}")


def _refuse_twice(path: Path, overrides: Sequence[Override]) -> None:
    entries: dict[tuple[object, ...], int] = {}
    for override in overrides:
        key = (override.report_id, override.agency, override.year, override.cell)
        if key in entries:
            raise StorageError(
                f"{path}: override {override.entry}: column: the cell of that report is already entry"
                f" {entries[key]}"
            )
        entries[key] = override.entry
