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
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

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
_COLUMNS = (
    "entry, report_id, agency, year, table_code, row_code, column_code, value, status, said_by, said_on,"
    " link, reason"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One entry: what a cell of a report says in truth, who says so, and where that can be checked."""

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
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StorageError(
            f"{path}: cannot be read ({error.strerror}); name another file with -s OVERRIDES=FILE"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StorageError(f"{path}: is no TOML: {error}") from error
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
                f"overrides: entry {override.entry}: no form has the cell {'/'.join(override.cell)};"
                " see the table form_cells for table, row and column"
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
        if year is not None and (isinstance(year, bool) or not isinstance(year, int)):
            self._refuse("year", "must be a report year such as 2021")
        value, status = self._value()
        return Override(
            entry=self.number,
            report_id=report,
            agency=agency,
            year=year,
            cell=Cell(self._needed("table"), self._needed("row"), self._needed("column")),
            value=value,
            status=status,
            said_by=self._needed("said_by"),
            said_on=self._date(),
            link=self._link(),
            reason=self._text("reason", optional=True),
        )

    def _value(self) -> tuple[Number | None, str]:
        value, status = self.entry.get("value"), self.entry.get("status")
        if (value is None) == (status is None):
            self._refuse("value", "give either value, or status for a cell without a number")
        if status is not None:
            if status not in _STATUSES:
                self._refuse("status", f"must be one of {', '.join(_STATUSES)}")
            return None, str(status)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self._refuse("value", "must be a number")
        return (int(value) if value == int(value) else value), "number"

    def _date(self) -> str:
        given = self.entry.get("date")
        try:
            return (given if type(given) is date else date.fromisoformat(str(given))).isoformat()
        except ValueError:
            self._refuse("date", "must be a day such as 2026-01-31")

    def _link(self) -> str:
        link = self._needed("link")
        if not link.startswith(("http://", "https://")):
            self._refuse("link", "must begin with http:// or https://")
        return link

    def _needed(self, key: str) -> str:
        return self._text(key) or ""

    def _text(self, key: str, *, optional: bool = False) -> str | None:
        value = self.entry.get(key)
        if value is None and optional:
            return None
        if not isinstance(value, str) or not value.strip():
            self._refuse(key, "must be a text that is not empty")
        return value

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
