"""What stands in a report: its figures, chapters, checks and claims, written as one with the report.

Owns the tables behind the views `figures` and `checks`. A row there is a cell or a result as before, and
names its own cell; what is said a thousand times over stands once, under a number: the ids of reports
(`report_numbers`), the cells (`figure_cells`), unit, status and way of reading (`figure_kinds`), places in
documents (`figure_places`), and of checks all but their sides (`check_kinds`). Numbers are given as what
they stand for is first met, so two databases may give others; the views say the same.

Numbers are looked up once and remembered as long as nothing was undone and no other connection wrote (see
`Numbers`): none is left over from a transaction that was rolled back.
"""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

from storage.kept import Checks, Figures, Rows, check_columns, figure_columns, key, stands_apart
from storage.kept import packed_hashes as packed_hashes  # noqa: PLC0414 beside what unpacks them
from storage.kept import worded as worded  # noqa: PLC0414 what a wording is

Row: TypeAlias = tuple[Any, ...]

MOST_REMEMBERED = 50_000
"""Numbers that are remembered; of places there may be more."""
MOST_COLUMNS = 200
"""Columns of keys whose numbers are remembered as a whole: reports of one form have the same cells, and
pages of one portal the same places."""
MOST_READ = 10_000
"""Rows of a table that are read at once where its numbers are to be remembered."""

_TABLES = ("figures_beside", "sections", "claims", "fingerprints")
"""Those that name the report by its id."""


def write(conn: sqlite3.Connection, report_id: str, rows: Rows, numbers: Numbers, *, new: bool) -> None:
    """Makes the rows of a report these; of a `new` one nothing stands. The caller holds the transaction."""
    if new:
        number = added_number(conn, report_id)
    else:
        number = number_of(conn, report_id)
        _clear(conn, report_id, number)
    with numbers.holding():
        _put_figures(conn, number, rows.figures, numbers)
        _put_checks(conn, number, rows.checks, numbers)
    if rows.beside:
        conn.executemany(
            "INSERT INTO figures_beside (report_id, table_code, row_code, column_code, printed, value, unit,"
            " status, note, locator, method) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(report_id, *row[:-1]) for row in rows.beside],
        )
    _insert(conn, _SECTIONS, report_id, rows.sections)
    _insert(conn, _CLAIMS, report_id, rows.claims)
    _insert(conn, _FINGERPRINTS, report_id, rows.fingerprints)


def remove(conn: sqlite3.Connection, report_id: str) -> None:
    """Takes away all that stands in a report, and its number. The caller holds the transaction."""
    found = conn.execute("SELECT number FROM report_numbers WHERE report_id = ?", (report_id,)).fetchone()
    _clear(conn, report_id, found[0] if found else 0)
    conn.execute("DELETE FROM report_numbers WHERE report_id = ?", (report_id,))


def number_of(conn: sqlite3.Connection, report_id: str) -> int:
    """The number of a report, which is given one where it has none; the report itself must stand."""
    conn.execute("INSERT OR IGNORE INTO report_numbers (report_id) VALUES (?)", (report_id,))
    found: int = conn.execute(
        "SELECT number FROM report_numbers WHERE report_id = ?", (report_id,)
    ).fetchone()[0]
    return found


def added_number(conn: sqlite3.Connection, report_id: str) -> int:
    """The number that is given to a report which has none."""
    number = conn.execute("INSERT INTO report_numbers (report_id) VALUES (?)", (report_id,)).lastrowid
    assert number is not None
    return number


def _clear(conn: sqlite3.Connection, report_id: str, number: int) -> None:
    for table in ("stored_prints", "stored_figures", "stored_checks"):
        conn.execute(f"DELETE FROM {table} WHERE report = ?", (number,))
    for table in _TABLES:
        conn.execute(f"DELETE FROM {table} WHERE report_id = ?", (report_id,))


def unpacked_hashes(stored: bytes) -> tuple[int, ...]:
    """The numbers of a stored fingerprint."""
    return struct.unpack(f"<{len(stored) // 4}I", stored)


# Numbers ------------------------------------------------------------------------------------------


class Numbers:
    """The numbers under which cells, places and kinds stand on a connection, as far as they were asked for.

    They are forgotten where the tables do not end where they did at the last `holding`, or another
    connection wrote since: numbers of a transaction that was rolled back are given anew. `standing` tells in
    which transaction we are and how often something was undone (`storage.database.standing`): with it the
    tables are looked at once a transaction, and all is forgotten once something was undone.
    """

    def __init__(
        self, conn: sqlite3.Connection, standing: Callable[[], tuple[int, int]] | None = None
    ) -> None:
        self._conn = conn
        self._standing = standing
        self._stood: tuple[int, int] | None = None
        self._version: object = None
        self.cells = _Given(conn, "figure_cells", ("table_code", "row_code", "column_code"))
        self.places = _Given(conn, "figure_places", ("locator",), key=str, parts=lambda place: (place,))
        # Numbers above 0 are those of figures that are a number: their table holds the value against it.
        self.figure_kinds = _Given(
            conn,
            "figure_kinds",
            ("unit", "status", "method", "verified", "printed_as"),
            below=lambda kind: kind[1] != "number",
        )
        # Numbers below 0 are those of failures, of which there is an index.
        self.check_kinds = _Given(
            conn,
            "check_kinds",
            ("rule", "subject", "outcome", "zero_filled", "severity", "attribution", "wording"),
            below=lambda kind: kind[2] == "fail",
        )
        self._all = (self.cells, self.places, self.figure_kinds, self.check_kinds)

    @contextmanager
    def holding(self) -> Iterator[None]:
        """A block in which they hold; where it fails they are forgotten. The caller holds the transaction."""
        stands = self._standing() if self._standing is not None else None
        stood, self._stood = self._stood, None
        if stands is None or stands != stood:
            undone = stands is not None and (stood is None or stands[1] != stood[1])
            self._look(forget=undone)
        elif sum(map(len, self._all)) > MOST_REMEMBERED:
            self._look(forget=True)
        try:
            yield
        except BaseException:
            self._version = None
            raise
        self._stood = stands

    def _look(self, *, forget: bool) -> None:
        (version,) = self._conn.execute("PRAGMA data_version").fetchone()
        ends = self._conn.execute(_ENDS).fetchone()
        pairs = [(low or 0, high or 0) for low, high in zip(ends[::2], ends[1::2], strict=True)]
        known = not forget and version == self._version and sum(map(len, self._all)) <= MOST_REMEMBERED
        if not known or pairs != [given.ends for given in self._all]:
            for given, pair in zip(self._all, pairs, strict=True):
                given.forget(*pair, whole=self._standing is not None and pair[1] - pair[0] <= MOST_READ)
        self._version = version


_ENDS = "SELECT " + ", ".join(
    f"(SELECT min(number) FROM {table}), (SELECT max(number) FROM {table})"
    for table in ("figure_cells", "figure_places", "figure_kinds", "check_kinds")
)


class _Given(dict[str, int]):
    """The number of each row of a table by its key; what is not there is added. `below`: it counts down
    from 0. `key` makes the key of a row's values, `parts` the values of a key.
    """

    def __init__(
        self,
        conn: sqlite3.Connection,
        table: str,
        columns: Sequence[str],
        *,
        key: Callable[..., str] = key,
        parts: Callable[[str], Sequence[Any]] = json.loads,
        below: Callable[[Sequence[Any]], bool] = lambda _: False,
    ) -> None:
        super().__init__()
        self._conn = conn
        self._below = below
        self._key = key
        self._parts = parts
        self._whole = False
        self._columns: dict[str, tuple[int, ...]] = {}
        self.ends = (0, 0)
        """The lowest and the highest number, 0 where there is none beyond it."""
        names = ", ".join(columns)
        self._every = f"SELECT number, {names} FROM {table}"
        self._find = f"SELECT number FROM {table} WHERE " + " AND ".join(f"{name} IS ?" for name in columns)
        self._add = f"INSERT INTO {table} (number, {names}) VALUES (?, {', '.join('?' * len(columns))})"

    def forget(self, lowest: int, highest: int, *, whole: bool) -> None:
        """Begins anew with a table that has these ends, read at once with `whole`."""
        self.clear()
        self._columns.clear()
        self.ends = (lowest, highest)
        self._whole = whole
        if whole:
            for number, *row in self._conn.execute(self._every):
                self[self._key(*row)] = number

    def column(self, keys: str) -> tuple[int, ...]:
        """The numbers of a column of keys, one a line."""
        found = self._columns.get(keys)
        if found is None:
            found = tuple(self.each(keys))
            if len(self._columns) >= MOST_COLUMNS:
                self._columns.clear()
            self._columns[keys] = found
        return found

    def each(self, keys: str) -> Iterator[int]:
        """As `column`, of keys that will hardly stand together again."""
        return map(self.__getitem__, keys.split("\n")) if keys else iter(())

    def __missing__(self, key: str) -> int:
        row = self._parts(key)
        found = None if self._whole else self._conn.execute(self._find, row).fetchone()
        number: int = self._added(row) if found is None else found[0]
        self[key] = number
        return number

    def _added(self, row: Sequence[Any]) -> int:
        lowest, highest = self.ends
        if self._below(row):
            number = lowest = min(lowest, 0) - 1
        else:
            number = highest = max(highest, 0) + 1
        self._conn.execute(self._add, (number, *row))
        self.ends = (lowest, highest)
        return number


# Several rows at a time ---------------------------------------------------------------------------


class _AtOnce(NamedTuple):
    """A statement that inserts some rows of a report at a time: rows one by one take half as long again."""

    values: int
    sql: str


def _at_once(rows: int, table: str, *columns: str) -> _AtOnce:
    """The insertion of so many rows that have the first column, which names the report, in common."""
    own = len(columns) - 1
    marks = [
        ", ".join(["?1", *[f"?{at}" for at in range(2 + row * own, 2 + row * own + own)]])
        for row in range(rows)
    ]
    values = ", ".join(f"({row})" for row in marks)
    return _AtOnce(rows * own, f"INSERT INTO {table} ({', '.join(columns)}) VALUES {values}")


def _ways(table: str, *columns: str, rows: tuple[int, ...]) -> tuple[_AtOnce, ...]:
    return tuple(_at_once(number, table, *columns) for number in rows)


_FIGURES = _ways("stored_figures", "report", "cell", "value", "kind", "place", rows=(32, 8, 1))
_CHECKS = _ways("stored_checks", "report", "position", "kind", "left_value", "right_value", rows=(32, 8, 1))
_CHECKS_IN_WORDS = _ways(
    *("stored_checks", "report", "position", "kind", "left_value", "right_value", "suspect", "rest"),
    rows=(8, 1),
)
_SECTIONS = _ways("sections", "report_id", "position", "number", "heading", "text", rows=(7, 1))
_CLAIMS = _ways("claims", "report_id", "position", "about", "value", "sentence", rows=(4, 1))
_FINGERPRINTS = _ways("fingerprints", "report_id", "chapter", "hashes", rows=(2, 1))


def _insert(
    conn: sqlite3.Connection, ways: Iterable[_AtOnce], report: int | str, rows: Iterable[Sequence[Any]]
) -> None:
    values = list(chain.from_iterable(rows))
    at = 0
    for way in ways:
        while at + way.values <= len(values):
            conn.execute(way.sql, (report, *values[at : at + way.values]))
            at += way.values


# Figures ------------------------------------------------------------------------------------------


_INSERT_PRINT = "INSERT INTO stored_prints (report, cell, printed, note) VALUES (?, ?, ?, ?)"


def write_figures(
    conn: sqlite3.Connection, report: int, figures: Iterable[Row], numbers: Numbers | None = None
) -> None:
    """Writes the figures of the report of that number, which has none: rows of the view `figures` without
    `report_id`. Numbers that are given hold already.
    """
    found = figure_columns(figures)
    if numbers is not None:
        _put_figures(conn, report, found, numbers)
        return
    numbers = Numbers(conn)
    with numbers.holding():
        _put_figures(conn, report, found, numbers)


def _put_figures(conn: sqlite3.Connection, report: int, figures: Figures, numbers: Numbers) -> None:
    kinds = [numbers.figure_kinds[kind] for kind in figures.kinds]
    places: Iterable[int | str] = (
        numbers.places.column(figures.places)
        if not figures.apart
        else (place if stands_apart(place) else numbers.places[place] for place in figures.places.split("\n"))
    )
    cells = numbers.cells.column(figures.cells)
    rows = zip(cells, figures.values, map(kinds.__getitem__, figures.kind_of), places, strict=True)
    _insert(conn, _FIGURES, report, rows)
    printed, notes = figures.printed, figures.notes
    if printed or notes:
        conn.executemany(
            _INSERT_PRINT,
            [
                (report, cells[at], printed.get(at), notes.get(at))
                for at in sorted(printed.keys() | notes.keys())
            ],
        )


# Checks -------------------------------------------------------------------------------------------


def write_checks(
    conn: sqlite3.Connection, report: int, checks: Iterable[Row], numbers: Numbers | None = None
) -> None:
    """Writes the checks of the report of that number, which has none: rows of the view `checks` without
    `report_id`. Numbers that are given hold already.
    """
    checks = list(checks)
    found, positions = check_columns(checks), [row[0] for row in checks]
    if numbers is not None:
        _put_checks(conn, report, found, numbers, positions)
        return
    numbers = Numbers(conn)
    with numbers.holding():
        _put_checks(conn, report, found, numbers, positions)


def _put_checks(
    conn: sqlite3.Connection,
    report: int,
    checks: Checks,
    numbers: Numbers,
    positions: Sequence[int] | None = None,
) -> None:
    kinds = numbers.check_kinds.each(checks.kinds)
    positions = positions or range(1, len(checks.left) + 1)
    rows = zip(positions, kinds, checks.left, checks.right, strict=True)
    suspects, rests = checks.suspects, checks.rests
    plain, worded = [], []
    for at, row in enumerate(rows):
        if at in suspects or at in rests:
            worded.append((*row, suspects.get(at), rests.get(at)))
        else:
            plain.append(row)
    _insert(conn, _CHECKS, report, plain)
    _insert(conn, _CHECKS_IN_WORDS, report, worded)
